//! Reads files within ConfigMaps and shell commands line by line: `key: value`, `key=value`, `"key": "value"`, and mappings on
//! one line: `{key: value}` of YAML, `{ key = value }` of TOML.

/// A name and the value behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair<'t> {
    /// Number of the line, from 1.
    pub(super) line: usize,
    pub(super) name: &'t str,
    pub(super) value: &'t str,
}

/// The pairs of a file.
pub(super) fn pairs(text: &str) -> Vec<Pair<'_>> {
    text.lines().enumerate().flat_map(|(at, line)| of_line(at + 1, line)).collect()
}

fn of_line(number: usize, line: &str) -> Vec<Pair<'_>> {
    let line = line.trim();
    if ["#", "//", ";", "--", "*", "<!--"].iter().any(|comment| line.starts_with(comment)) {
        return Vec::new();
    }
    if line.matches("\":").count() > 1 || line.starts_with('{') && line.contains("\":") {
        return json(number, line);
    }
    let line = line.trim_start_matches("- ").trim_start_matches("export ").trim_start();
    let value = line.find([':', '=']).and_then(|at| line.get(at + 1..)).map_or("", str::trim);
    if let Some(inside) = [line, value].into_iter().find_map(mapping) {
        let pairs = split(inside).into_iter().filter_map(|part| pair(number, part));
        return pairs.filter(|pair| !pair.value.is_empty()).collect();
    }
    pair(number, line).into_iter().collect()
}

/// `name: value` or `name=value`.
fn pair(number: usize, text: &str) -> Option<Pair<'_>> {
    let (name, value) = text.split_at_checked(text.find([':', '='])?)?;
    single(number, name.trim().trim_matches(['"', '\'']), value.trim_start_matches([':', '=']).trim())
}

/// What stands between the braces of a mapping that begins and ends here; `{{` begins a placeholder.
fn mapping(text: &str) -> Option<&str> {
    let (inside, behind) = text.strip_prefix('{').filter(|rest| !rest.starts_with('{'))?.rsplit_once('}')?;
    let behind = behind.trim_start_matches(',').trim_start();
    (behind.is_empty() || behind.starts_with('#')).then_some(inside)
}

/// The entries of a mapping, those of mappings in it among them.
fn split(text: &str) -> Vec<&str> {
    let mut quote = None;
    let is_end = |c: char| {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        quote.is_none() && matches!(c, '{' | '}' | ',')
    };
    text.split(is_end).collect()
}

/// A pair whose value is one plain word or one quoted text.
pub(super) fn single<'t>(line: usize, name: &'t str, value: &'t str) -> Option<Pair<'t>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '[' | ']');
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let value = value.trim_end_matches([',', ';']);
    let quoted = ['"', '\''].into_iter().find_map(|quote| {
        let rest = value.strip_prefix(quote)?;
        let (inner, behind) = rest.split_once(quote)?;
        let behind = behind.trim_start();
        (behind.is_empty() || behind.starts_with('#')).then_some(inner)
    });
    // Behind a plain word only a comment may follow: else it is code, or prose.
    let plain = || {
        let (word, behind) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        let is_code = |c: char| {
            matches!(c, '(' | ')' | '{' | '}' | '[' | ']' | '|' | '&' | '*' | '!' | '<' | '>' | '`' | '"' | '\'')
        };
        let ends = behind.trim_start().is_empty() || behind.trim_start().starts_with('#');
        (ends && !word.starts_with(is_code) && !word.contains(['(', ')', '"', '\''])).then_some(word)
    };
    let value = quoted.or_else(plain)?;
    // A text of several words is prose about the name.
    (!value.contains(char::is_whitespace)).then_some(Pair { line, name, value })
}

/// The pairs of a line with JSON in it.
fn json(line: usize, text: &str) -> Vec<Pair<'_>> {
    let mut out = Vec::new();
    let parts: Vec<&str> = text.split('"').collect();
    for window in parts.windows(4) {
        if let [_, name, between, value] = window
            && between.trim() == ":"
        {
            out.extend(single(line, name, value).filter(|pair| !pair.value.is_empty()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, &str, &str)> {
        pairs(text).into_iter().map(|pair| (pair.line, pair.name, pair.value)).collect()
    }

    #[test]
    fn pairs_of_many_formats() {
        assert_eq!(
            read("db.password=x1\n# token: y\npassword: \"a#b\" # c\n"),
            [(1, "db.password", "x1"), (3, "password", "a#b")]
        );
        assert_eq!(read("  - token: abc\nexport TOKEN='x'\n[section]\n"), [(1, "token", "abc"), (2, "TOKEN", "x")]);
        assert_eq!(read(r#"{"user": "u", "password":"p", "n": 1}"#), [(1, "user", "u"), (1, "password", "p")]);
        assert_eq!(read(r#"  "password": "p","#), [(1, "password", "p")]);
        assert_eq!(
            read("db: {user: u, auth: {password: 'p,}q'}, n: 1} # c\n- {name: x, token: t},\n"),
            [(1, "user", "u"), (1, "password", "p,}q"), (1, "n", "1"), (2, "name", "x"), (2, "token", "t")]
        );
        assert_eq!(read("db = { user = \"u\", password = \"p\" }"), [(1, "user", "u"), (1, "password", "p")]);
        assert_eq!(read("password: {{ .Values.password }}\npassword: {name: {{ x }}}\nrate{job=\"x\"} > 1"), []);
        assert_eq!(
            read("password = get(x)\ntoken: the token to use\npassword: {name: x}\nlet a b = c"),
            [(3, "name", "x")]
        );
    }
}
