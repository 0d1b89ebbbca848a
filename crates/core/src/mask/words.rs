//! Secrets within texts: words of commands, scripts, lines of files, headers, addresses.

use std::borrow::Cow;

use super::{MASK, is_secret_name};

/// The words of a command, one after the other: a word may be the value of the flag before it.
#[derive(Default)]
pub(super) struct Words {
    value_follows: bool,
    /// A user and a password: `curl -u app:…`.
    login_follows: bool,
    /// What the program calls its password, and whether that is a word of its own.
    program: Option<&'static Program>,
}

/// A program whose options are too short to promise anything.
struct Program {
    names: &'static [&'static str],
    /// Options whose next word is a password.
    before: &'static [&'static str],
}

const PROGRAMS: &[Program] = &[
    Program { names: &["redis-cli", "valkey-cli"], before: &["-a"] },
    Program { names: &["sshpass", "mongo", "mongosh", "mongodump", "mongorestore", "mongoexport"], before: &["-p"] },
    Program { names: &["docker", "podman", "helm", "skopeo", "buildah", "oc", "crane"], before: &["-p"] },
    Program { names: &["ldapsearch", "ldapadd", "ldapmodify", "ldapwhoami"], before: &["-w"] },
    Program { names: &["snmpget", "snmpwalk"], before: &["-A", "-X", "-c"] },
];

/// Options of one dash that begin with `p` and are words, as programs in Go have them.
const P_WORDS: &[&str] = &[
    "p",
    "path",
    "paths",
    "peer",
    "peers",
    "period",
    "pid",
    "pidfile",
    "plugin",
    "plugins",
    "policy",
    "poll",
    "pool",
    "port",
    "ports",
    "prefix",
    "print",
    "print0",
    "priority",
    "prod",
    "profile",
    "profiles",
    "project",
    "prometheus",
    "protocol",
    "provider",
    "proxy",
    "prune",
    "public",
    "pull",
    "push",
    "parallel",
    "parents",
    "prof",
    "pprof",
    "production",
    "package",
];

impl Words {
    /// The word as it may be shown.
    pub(super) fn next<'t>(&mut self, word: &'t str) -> Cow<'t, str> {
        let is_value = std::mem::take(&mut self.value_follows);
        if is_value && !word.starts_with('-') {
            return if is_reference(word) { Cow::Borrowed(word) } else { Cow::Borrowed(MASK) };
        }
        if word.contains(char::is_whitespace) {
            return script(word);
        }
        if std::mem::take(&mut self.login_follows)
            && let Some((user, password)) = word.split_once(':').filter(|(user, _)| !user.contains('/'))
            && !is_reference(password)
        {
            return Cow::Owned(format!("{user}:{MASK}"));
        }
        if !word.starts_with('-') {
            let name = word.rsplit('/').next().unwrap_or(word);
            let program = PROGRAMS.iter().find(|program| program.names.contains(&name));
            self.program = program.or(self.program);
        }
        let is_login = matches!(word, "-u" | "--user" | "--proxy-user" | "-U");
        self.login_follows = is_login;
        let short = self.program.is_some_and(|program| program.before.contains(&word));
        self.value_follows = short || word.starts_with('-') && !word.contains('=') && is_option_of_secret(word);
        if let Some(value) = word.strip_prefix("-p").filter(|value| is_password(value)) {
            let shown = word.get(..word.len() - value.len()).unwrap_or("");
            return Cow::Owned(format!("{shown}{MASK}"));
        }
        match word.split_once('=') {
            Some((name, value)) if is_option_of_secret(name) && !is_reference(value) => {
                Cow::Owned(format!("{name}={MASK}"))
            }
            _ => line(word),
        }
    }
}

/// Whether a word says what the next ones mean.
fn is_program(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    PROGRAMS.iter().any(|program| program.names.contains(&name))
}

/// Whether an option promises a secret. `PWD` alone is the working directory, `--pwd` never is.
fn is_option_of_secret(name: &str) -> bool {
    let word = name.trim_start_matches('-');
    is_secret_name(name) || name.starts_with('-') && (word.eq_ignore_ascii_case("pwd") || word == "pw")
}

/// Whether what stands behind `-p` in one word is a password, as for `mysql`: no port, and no word that begins with `p`.
fn is_password(value: &str) -> bool {
    let name = format!("p{}", value.split('=').next().unwrap_or(value));
    let is_port = value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit())
        || value.split(':').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let compound = name.split(['-', '_', '.']).next().unwrap_or(&name);
    !value.is_empty() && !is_port && !is_reference(value) && !P_WORDS.contains(&name.as_str()) && {
        // `-path-prefix`, `-port.http`.
        compound == name || !P_WORDS.contains(&compound)
    }
}

/// Where in one line of any text a secret begins: behind a name that promises one, and in a header that is a login.
pub(super) fn secret_from(line: &str) -> Option<usize> {
    let assigned = line.match_indices([':', '=']).find_map(|(at, _)| {
        let name = line.get(..at)?.trim_end().trim_end_matches(['"', '\'']);
        let start = name.rfind(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).map_or(0, |at| at + 1);
        let name = name.get(start..)?;
        let behind = line.get(at + 1..)?;
        let value = behind.trim_start_matches([' ', '\t', '"', '\'', '=', '>']);
        let first = value.split([' ', '\t', ',', ';', '"', '\'']).next().unwrap_or("");
        let value = value.trim_end_matches([' ', '\t', '"', '\'', ',', '}', ']']);
        let elsewhere = is_reference(first) || ["{{", "<path:"].iter().any(|open| value.starts_with(open));
        let is_set = !value.is_empty() && !elsewhere;
        // `://` and `::` assign nothing.
        let assigns =
            !behind.starts_with(['/', ':']) && !matches!(value, "true" | "false" | "null" | "~" | "|" | "|-" | ">");
        let login = name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("cookie");
        let at = line.len() - behind.len() + (behind.len() - behind.trim_start().len());
        (is_set && assigns && (login || is_secret_name(name))).then_some(at)
    });
    let header = ["Bearer ", "bearer ", "Basic ", "basic "].iter().filter_map(|word| {
        let at = line.find(word)? + word.len();
        let value = line.get(at..)?.split([' ', '"', '\'', ',']).next()?;
        // A word of a sentence is shorter, or all letters.
        let random = value.len() >= 8 && value.bytes().any(|byte| !byte.is_ascii_lowercase());
        (random && !value.starts_with('$') && !value.starts_with('{')).then_some(at)
    });
    assigned.into_iter().chain(header).min()
}

/// Whether a line of any text has a secret that its own words tell of.
#[must_use]
pub fn holds_secret(line: &str) -> bool {
    secret_from(line).is_some() || addresses(line) != line
}

/// Any text without what [`secret_from`] finds on its lines, and without passwords in addresses.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    if !text.lines().any(|line| secret_from(line).is_some()) {
        return addresses(text);
    }
    let one = |line: &str| match secret_from(line) {
        Some(at) => {
            let end = line.trim_end_matches(['\n', '\r']).len();
            format!("{}{MASK}{}", line.get(..at).unwrap_or(""), line.get(end..).unwrap_or(""))
        }
        None => line.to_owned(),
    };
    let shown: String = text.split_inclusive('\n').map(one).collect();
    Cow::Owned(addresses(&shown).into_owned())
}

/// A script up to its first assignment to a name that promises a secret: where its value ends only a shell knows.
pub(super) fn script(text: &str) -> Cow<'_, str> {
    let mut words = Words::default();
    let mut at = 0;
    for part in text.split_inclusive([' ', '\t', '\n', ';', '&', '|', '(', ')']) {
        let word = part.trim_end_matches([' ', '\t', '\n', ';', '&', '|', '(', ')']);
        let is_value = words.value_follows || words.login_follows || is_program(word);
        if !word.is_empty() && (word.contains('=') || word.starts_with('-') || is_value) {
            let shown = words.next(word);
            if shown.ends_with(MASK) && !word.ends_with(MASK) {
                return Cow::Owned(format!("{}{shown}", line(text.get(..at).unwrap_or(""))));
            }
        }
        at += part.len();
    }
    line(text)
}

/// Whether a value is `$(NAME)`, `${NAME}` or `$NAME`, perhaps in quotes: what another place has.
pub(super) fn is_reference(value: &str) -> bool {
    let Some(name) = value.trim_matches(['"', '\'']).strip_prefix('$') else { return value.is_empty() };
    let inner =
        [('(', ')'), ('{', '}')].into_iter().find_map(|(open, close)| name.strip_prefix(open)?.strip_suffix(close));
    let name = inner.unwrap_or(name);
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// `scheme://user:password@host` without the password.
#[must_use]
pub fn addresses(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end = tail.find(|c: char| c.is_whitespace() || "/\"'`<>".contains(c)).unwrap_or(tail.len());
        let authority = tail.get(..end).unwrap_or("");
        rest = tail;
        if let Some((login, _)) = authority.rsplit_once('@')
            && let Some((user, password)) = login.split_once(':')
        {
            out.push_str(&format!("{user}:{MASK}"));
            rest = tail.get(user.len() + 1 + password.len()..).unwrap_or("");
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}
