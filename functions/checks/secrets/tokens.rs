//! Values that are secrets by their form, whatever they are called.

use super::values;

/// How the part behind a prefix looks: the least and the most characters of a set.
struct Form {
    prefix: &'static str,
    least: usize,
    set: fn(u8) -> bool,
    what: &'static str,
}

const fn form(prefix: &'static str, least: usize, set: fn(u8) -> bool, what: &'static str) -> Form {
    Form { prefix, least, set, what }
}

fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

fn alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn capital(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit()
}

fn path(b: u8) -> bool {
    word(b) || b == b'/'
}

/// Prefixes that their issuers publish so that leaks are found.
#[rustfmt::skip] // a table reads best with one row on one line
const FORMS: &[Form] = &[
    form("AKIA", 16, capital, "an AWS access key"),
    form("ASIA", 16, capital, "an AWS access key"),
    form("AIza", 35, word, "a Google API key"),
    form("ghp_", 36, alphanumeric, "a GitHub token"),
    form("gho_", 36, alphanumeric, "a GitHub token"),
    form("ghs_", 36, alphanumeric, "a GitHub token"),
    form("ghu_", 36, alphanumeric, "a GitHub token"),
    form("ghr_", 36, alphanumeric, "a GitHub token"),
    form("github_pat_", 40, word, "a GitHub token"),
    form("glpat-", 20, word, "a GitLab token"),
    form("xoxa-", 10, word, "a Slack token"),
    form("xoxb-", 10, word, "a Slack token"),
    form("xoxp-", 10, word, "a Slack token"),
    form("xoxr-", 10, word, "a Slack token"),
    form("xoxs-", 10, word, "a Slack token"),
    form("xapp-", 20, word, "a Slack token"),
    form("https://hooks.slack.com/services/T", 30, path, "a Slack webhook"),
    form("sk_live_", 20, alphanumeric, "a Stripe key"),
    form("rk_live_", 20, alphanumeric, "a Stripe key"),
    form("sk-ant-", 30, word, "an Anthropic key"),
    form("sk-proj-", 30, word, "an OpenAI key"),
    form("npm_", 36, alphanumeric, "an npm token"),
    form("pypi-AgE", 40, word, "a PyPI token"),
    form("hvs.", 24, word, "a Vault token"),
    form("dop_v1_", 60, alphanumeric, "a DigitalOcean token"),
    form("SG.", 22, word, "a SendGrid key"),
];

/// What secret a text holds by its form.
pub(super) fn find(text: &str) -> Option<&'static str> {
    if let Some(what) = FORMS.iter().find(|form| has(text, form)).map(|form| form.what) {
        return Some(what);
    }
    if has_private_key(text) {
        return Some("a private key");
    }
    if has_jwt(text) {
        return Some("a JSON web token");
    }
    (has_userinfo(text) || text.lines().any(has_password_parameter)).then_some("an address with a password")
}

/// `jdbc:…://db/app?password=…`, and the parameters of ADO.NET and libpq: `Server=db;Password=…`, `host=db password=…`.
fn has_password_parameter(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let mut names = ["password=", "pwd="].into_iter().flat_map(|name| lower.match_indices(name));
    names.any(|(at, name)| {
        let before = lower.get(..at).unwrap_or_default();
        let value = line.get(at + name.len()..).unwrap_or_default();
        let is_end = |c: char| c.is_whitespace() || matches!(c, ';' | '&' | '"' | '\'' | '`' | '#' | '\\');
        let value = value.split(is_end).next().unwrap_or_default();
        let address = before.rsplit(|c: char| c.is_whitespace() || c == '"').next().unwrap_or_default();
        let is_parameter = match before.chars().next_back() {
            Some('?' | '&') => address.contains("://"),
            Some(';' | ' ') => ["server=", "host=", "data source="].iter().any(|server| before.contains(server)),
            _ => false,
        };
        let is_open = value.starts_with(['$', '%', '{', '[', '<', '*', ':', '@']);
        is_parameter && !is_open && !values::is_harmless(value)
    })
}

fn starts<'t>(text: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(prefix).filter_map(move |(at, _)| {
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let rest = text.get(at + prefix.len()..)?;
        before.is_none_or(|b| !word(*b)).then_some(rest)
    })
}

fn has(text: &str, form: &Form) -> bool {
    starts(text, form.prefix).any(|rest| {
        let length = rest.bytes().take_while(|b| (form.set)(*b)).count();
        let body = rest.get(..length).unwrap_or_default();
        let is_sample = body.ends_with("EXAMPLE") || body.bytes().skip(1).zip(body.bytes()).all(|(a, b)| a == b);
        length >= form.least && !is_sample
    })
}

/// PEM, with something behind its first line.
fn has_private_key(text: &str) -> bool {
    text.match_indices("-----BEGIN ").any(|(at, start)| {
        let rest = text.get(at + start.len()..).unwrap_or_default();
        let Some((title, body)) = rest.split_once("-----") else { return false };
        let body = body.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\\' | 'n' | 'r'));
        let base64 = body.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')).count();
        (title.ends_with("PRIVATE KEY") || title == "PGP PRIVATE KEY BLOCK") && base64 >= 16
    })
}

/// Three parts with dots between, of which the first two are JSON objects.
fn has_jwt(text: &str) -> bool {
    starts(text, "eyJ").any(|rest| {
        let end = rest.bytes().take_while(|b| word(*b) || *b == b'.').count();
        let mut parts = rest.get(..end).unwrap_or_default().split('.');
        let (header, claims, signature) = (parts.next(), parts.next(), parts.next());
        header.is_some_and(|part| part.len() >= 10)
            && claims.is_some_and(|part| part.starts_with("eyJ"))
            && signature.is_some_and(|part| part.len() >= 16)
    })
}

/// `scheme://user:password@host`, and MySQL's `user:password@tcp(host)`.
fn has_userinfo(text: &str) -> bool {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | ',' | '?' | '#' | '\\');
    let is_password = |userinfo: &str| {
        let password = userinfo.split_once(':').map(|(_, password)| password);
        password.is_some_and(|password| !password.is_empty() && !is_masked(password))
    };
    let in_url = text.match_indices("://").any(|(at, _)| {
        let rest = text.get(at + 3..).unwrap_or_default();
        let authority = rest.split(is_end).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(userinfo, host)| !host.is_empty() && is_password(userinfo))
    });
    let in_dsn = ["@tcp(", "@unix("].iter().any(|mark| {
        text.match_indices(mark).any(|(at, _)| {
            let before = text.get(..at).unwrap_or_default();
            let userinfo = before.rsplit(|c: char| is_end(c) || c == '=').next().unwrap_or_default();
            is_password(userinfo)
        })
    });
    in_url || in_dsn
}

/// A password of an address that stands for another one.
fn is_masked(password: &str) -> bool {
    values::is_placeholder(password)
        || password.contains(['$', '{', '<', '*', '%'])
        || matches!(password, "pass" | "password" | "PASSWORD" | "PASS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_form() {
        let long = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";
        let cases = [
            ("AKIAQ3EGRZ7KLMN2OPQ4".to_owned(), Some("an AWS access key")),
            ("AKIAIOSFODNN7EXAMPLE".to_owned(), None),
            ("AKIAXX".to_owned(), None),
            (format!("token=ghp_{long}"), Some("a GitHub token")),
            (format!("xghp_{long}"), None),
            ("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned(), None),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n".to_owned(), Some("a private key")),
            ("-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA7".to_owned(), Some("a private key")),
            ("-----BEGIN PRIVATE KEY-----\n...\n".to_owned(), None),
            ("-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKCAQEA7\n".to_owned(), None),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0".to_owned(),
                Some("a JSON web token"),
            ),
            ("eyJhbGciOiJIUzI1NiJ9.x".to_owned(), None),
            ("postgres://app:hunter2@db:5432/app".to_owned(), Some("an address with a password")),
            ("postgres://app:$(PASSWORD)@db:5432/app".to_owned(), None),
            ("postgres://app@db:5432/app".to_owned(), None),
            ("https://example.com/a:b@c".to_owned(), None),
            ("http://proxy:3128,http://x@y".to_owned(), None),
            ("app:hunter2@tcp(db:3306)/app".to_owned(), Some("an address with a password")),
            ("jdbc:postgresql://db/app?user=app&password=hunter2".to_owned(), Some("an address with a password")),
            ("Server=db;User Id=sa;Password=hunter2;".to_owned(), Some("an address with a password")),
            ("host=db user=app password=hunter2".to_owned(), Some("an address with a password")),
            ("host=%s user=%s password=%s".to_owned(), None),
            ("jdbc:postgresql://db/app?password=${DB_PASSWORD}&ssl=true".to_owned(), None),
            ("Server=db;Password={password}".to_owned(), None),
            ("cd /x; password=$1".to_owned(), None),
            ("https://{{user}}:{{pass}}@host".to_owned(), None),
            ("oci://host:5000/name@sha256:abc".to_owned(), None),
        ];
        for (text, wanted) in cases {
            assert_eq!(find(&text), wanted, "{text}");
        }
    }
}
