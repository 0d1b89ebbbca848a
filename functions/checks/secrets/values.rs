//! Values that cannot be secrets, whatever their name says.

/// Words that switch something, or name a type.
#[rustfmt::skip] // a table reads best with few lines
const WORDS: &[&str] = &[
    "", "any", "auto", "bearer", "bool", "boolean", "bytes", "default", "disable", "disabled", "enable", "enabled",
    "false", "file", "int", "integer", "nil", "no", "none", "null", "number", "object", "off", "on", "optional",
    "required", "secret", "str", "string", "text", "token", "true", "undefined", "yes",
];

/// Beginnings of texts that a person or a tool replaces before use.
const PLACEHOLDERS: &[&str] = &[
    "changeit-",
    "dummy",
    "example",
    "fill",
    "insert",
    "placeholder",
    "redacted",
    "replace",
    "to-be",
    "todo",
    "xxx",
    "your",
];

/// Whether a value is empty, a switch, a number, a path, an address, a reference or a placeholder.
pub(super) fn is_harmless(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    WORDS.contains(&lower.as_str())
        || is_placeholder(value)
        || is_number(value)
        || is_address(value)
        || value.starts_with("./")
        || value.starts_with("../")
        || value.starts_with("~/")
        || value.starts_with('/') && value.get(1..).is_some_and(|rest| rest.split('/').all(is_file_name))
}

/// Numbers, durations and sizes: a limit, a time to live.
fn is_number(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let rest = value.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    // A PIN, or a password of digits, is longer than most limits, and has no unit.
    digits > 0 && digits < 6 && rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_alphabetic())
}

/// URLs without userinfo, and references that secret tools resolve (`vault:…`, `op://…`, `ref+…`, `arn:…`).
fn is_address(value: &str) -> bool {
    let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-');
    let is_url = value.split_once("://").is_some_and(|(start, rest)| {
        !start.is_empty() && start.chars().all(scheme) && !rest.split('/').next().is_some_and(|host| host.contains('@'))
    });
    is_url
        || ["arn:", "vault:", "file:", "ssm:", "secretref:", "projects/"].iter().any(|start| value.starts_with(start))
}

fn is_file_name(part: &str) -> bool {
    part.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*' | ':' | '$' | '(' | ')' | '{' | '}'))
}

/// Whether a value is to be replaced before use, or is put together from others.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'', '`']);
    let lower = value.to_ascii_lowercase();
    let same = |c: char| value.len() > 2 && value.chars().all(|other| other == c);
    if value.contains('\n') {
        // A file: what is left open in it may be a part only.
        return value.contains("<path:");
    }
    value.contains("$(")
        || value.contains("${")
        || value.contains("{{")
        || value.contains("<path:")
        || value.starts_with('$') && value.bytes().skip(1).all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b))
        || value.starts_with('<') && value.ends_with('>')
        || value.starts_with('%') && value.ends_with('%') && value.len() > 1
        || value.starts_with("((") && value.ends_with("))")
        || value.starts_with('[') && value.ends_with(']') && !value.contains(['"', ',', '\''])
        || value.starts_with('@') && value.ends_with('@') && value.len() > 1
        || value.starts_with("__") && value.ends_with("__") && value.len() > 4
        || ['x', 'X', '*', '.', '-', '?', '#', '…', '•'].into_iter().any(same)
        || PLACEHOLDERS.iter().any(|start| lower.starts_with(start))
        || lower.ends_with("-here")
        || lower.ends_with("_here")
}

/// Whether a value has the form of an object's name, perhaps with its namespace or a key.
pub(super) fn may_be_object_name(value: &str) -> bool {
    value.len() <= 253
        && value.split(['/', ':']).all(|part| {
            let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            part.bytes().all(|b| inner(b) || matches!(b, b'-' | b'.')) && part.bytes().next().is_some_and(inner)
        })
        && !is_random(value)
}

/// Whether a value is long, of letters and digits that look drawn by lot.
pub(super) fn is_random(value: &str) -> bool {
    const SHORTEST: usize = 20;
    const BITS_PER_CHARACTER: f64 = 3.5;
    let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-');
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    // Words with hyphens between have few digits, and they stand together.
    let runs = value.split(|c: char| !c.is_ascii_alphanumeric()).map(str::len).max().unwrap_or(0);
    value.len() >= SHORTEST
        && value.bytes().all(token)
        && digits * 10 >= value.len()
        && runs >= 12
        && entropy(value) >= BITS_PER_CHARACTER
}

/// Shannon's entropy of the characters.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let share = |&count: &u32| f64::from(count) / length;
    -counts.iter().filter(|count| **count > 0).map(share).map(|share| share * share.log2()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_secret() {
        for value in [
            "",
            "true",
            "none",
            "30",
            "15m",
            "1.5",
            "-1",
            "/etc/tls/key.pem",
            "./key",
            "https://idp.example.com/token",
            "$(TOKEN)",
            "${TOKEN}",
            "$TOKEN",
            "{{ .Values.token }}",
            "<path:secret/data/db#password>",
            "<your token>",
            "xxxxxxxx",
            "***",
            "REPLACE_ME",
            "your-token-here",
            "vault:secret/data/a#b",
            "op://vault/item/field",
            "arn:aws:x",
            "__TOKEN__",
        ] {
            assert!(is_harmless(value), "{value}");
        }
        for value in
            ["hunter2", "changeme", "s3cr3t!", "123456", "postgres", "/Zk3+9fQ==", "https://a:b@c/", "correct horse"]
        {
            assert!(!is_harmless(value), "{value}");
        }
    }

    #[test]
    fn random_or_not() {
        for value in
            ["Zk39fQ8sLm2Xc7Vb1Na0Qw5E", "9f86d081884c7d659a2feaa0c55ad015", "c2VjcmV0LXZhbHVlLW9mLW1pbmU9MTIz"]
        {
            assert!(is_random(value), "{value}");
        }
        for value in ["my-application-credentials-v2", "aaaaaaaaaaaaaaaaaaaaaaaaa", "hunter2", "app.kubernetes.io/name"]
        {
            assert!(!is_random(value), "{value}");
        }
        assert!(may_be_object_name("kube-system/my-tls") && !may_be_object_name("Hunter2"));
    }
}
