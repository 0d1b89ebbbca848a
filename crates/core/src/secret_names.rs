//! Names that promise a secret. What counts is the end of the name, as in English: a `PASSWORD_FILE` is a file, a
//! `DB_PASSWORD` a password.

/// How sure a name makes that its value is a secret.
#[derive(Debug, PartialEq, Eq)]
pub enum Promise {
    /// It is one: `DB_PASSWORD`.
    Secret(&'static str),
    /// It is one, or the name of the object that holds it: `AUTH_SECRET`.
    SecretOrName(&'static str),
    /// It is one if it looks random: `LICENSE_KEY`.
    Perhaps(&'static str),
}

/// Ends of names, their words in lower case. The longest that fits counts.
#[rustfmt::skip] // a table reads best with one row on one line
const ENDS: &[(&[&str], Promise)] = {
    use Promise::{Perhaps, Secret, SecretOrName};
    &[
        (&["password"], Secret("password")), (&["passwd"], Secret("passwd")), (&["passphrase"], Secret("passphrase")),
        (&["passwords"], Secret("passwords")), (&["pass"], Secret("pass")), (&["*", "pwd"], Secret("pwd")),
        (&["pass", "word"], Secret("password")), (&["pass", "phrase"], Secret("passphrase")),
        // Redis.
        (&["requirepass"], Secret("requirepass")), (&["masterauth"], Secret("masterauth")),
        (&["token"], Secret("token")), (&["tokens"], Secret("tokens")),
        (&["authtoken"], Secret("token")), (&["accesstoken"], Secret("token")),
        (&["api", "key"], Secret("api key")), (&["apikey"], Secret("api key")), (&["api", "keys"], Secret("api keys")),
        (&["access", "key"], Secret("access key")), (&["accesskey"], Secret("access key")),
        (&["account", "key"], Secret("account key")), (&["auth", "key"], Secret("auth key")),
        (&["secret", "key"], Secret("secret key")), (&["secretkey"], Secret("secret key")),
        (&["private", "key"], Secret("private key")), (&["privatekey"], Secret("private key")),
        (&["encryption", "key"], Secret("encryption key")), (&["signing", "key"], Secret("signing key")),
        (&["master", "key"], Secret("master key")), (&["jwt", "key"], Secret("key")), (&["hmac", "key"], Secret("key")),
        (&["secret", "key", "base"], Secret("secret key base")),
        (&["connection", "string"], Perhaps("connection string")),
        (&["secret"], SecretOrName("secret")), (&["secrets"], SecretOrName("secrets")),
        (&["clientsecret"], Secret("client secret")), (&["client", "secret"], Secret("client secret")),
        (&["jwt", "secret"], Secret("secret")), (&["session", "secret"], Secret("session secret")),
        (&["cookie", "secret"], Secret("cookie secret")), (&["webhook", "secret"], Secret("webhook secret")),
        (&["app", "secret"], Secret("app secret")), (&["shared", "secret"], Secret("shared secret")),
        (&["credential"], SecretOrName("credential")), (&["credentials"], SecretOrName("credentials")),
        (&["creds"], SecretOrName("creds")),
        (&["key"], Perhaps("key")), (&["keys"], Perhaps("keys")), (&["salt"], Perhaps("salt")), (&["seed"], Perhaps("seed")),
        (&["auth"], Perhaps("auth")), (&["signature"], Perhaps("signature")), (&["pepper"], Perhaps("pepper")),
        (&["public", "key"], Perhaps("")), (&["publickey"], Perhaps("")), (&["public", "keys"], Perhaps("")),
        (&["pub", "key"], Perhaps("")), (&["site", "key"], Perhaps("")), (&["publishable", "key"], Perhaps("")),
        // A key of a map, not of a door.
        (&["password", "key"], Perhaps("")), (&["token", "key"], Perhaps("")), (&["username", "key"], Perhaps("")),
        // Counts and limits of language models.
        (&["max", "tokens"], Perhaps("")), (&["min", "tokens"], Perhaps("")), (&["num", "tokens"], Perhaps("")),
        // Tells one page, or one cluster, from another.
        (&["continue", "token"], Perhaps("")), (&["page", "token"], Perhaps("")), (&["cluster", "token"], Perhaps("")),
    ]
};

/// Words behind the end that change nothing: `DB_PASSWORD_PROD`.
const QUALIFIERS: &[&str] = &[
    "b64",
    "base64",
    "current",
    "default",
    "dev",
    "encoded",
    "new",
    "old",
    "plain",
    "plaintext",
    "previous",
    "primary",
    "prod",
    "production",
    "secondary",
    "staging",
    "test",
    "value",
];

/// What a name promises.
#[must_use]
pub fn promise(name: &str) -> Option<&'static Promise> {
    let mut words = words(name);
    while words.len() > 1
        && words
            .last()
            .is_some_and(|word| QUALIFIERS.contains(&word.as_str()) || word.bytes().all(|b| b.is_ascii_digit()))
    {
        words.pop();
    }
    if let Some(last) = words.last_mut() {
        // `PASSWORD2`.
        last.truncate(last.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    }
    let fits = |end: &&(&[&str], Promise)| {
        let end = end.0;
        words.len() >= end.len()
            && words.iter().rev().zip(end.iter().rev()).all(|(word, end)| *end == "*" || word == end)
    };
    let best = ENDS.iter().filter(fits).max_by_key(|(end, _)| end.len());
    // `dbpassword`, `rootpassword`.
    let glued = || {
        ENDS.iter().take(3).find(|(end, _)| end.iter().all(|end| words.last().is_some_and(|word| word.ends_with(end))))
    };
    let (_, promise) = best.or_else(glued)?;
    (*promise != Promise::Perhaps("")).then_some(promise)
}

/// `dbPassword`, `DB_PASSWORD`, `db.password`, `--db-password` as `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let chars: Vec<char> = name.chars().collect();
    let mut inside = false;
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            inside = false;
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let hump = c.is_ascii_uppercase()
            && (before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                || before.is_some_and(char::is_ascii_uppercase) && after.is_some_and(char::is_ascii_lowercase));
        if !inside || hump {
            out.push(String::new());
        }
        inside = true;
        if let Some(word) = out.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_name_counts() {
        let secret = [
            "DB_PASSWORD",
            "password",
            "dbPassword",
            "rootpassword",
            "MYSQL_PWD",
            "apiKey",
            "API_KEY_2",
            "JWTToken",
            "jwt-secret",
            "OIDC_CLIENT_SECRET",
            "AWS_SECRET_ACCESS_KEY",
            "--auth-token",
            "db.password",
            "PASSWORD_PROD",
            "PASS",
        ];
        for name in secret {
            assert!(matches!(promise(name), Some(Promise::Secret(_))), "{name}: {:?}", promise(name));
        }
        for name in ["AUTH_SECRET", "tls-secret", "credentials", "SECRET"] {
            assert!(matches!(promise(name), Some(Promise::SecretOrName(_))), "{name}: {:?}", promise(name));
        }
        for name in ["LICENSE_KEY", "key", "SALT"] {
            assert!(matches!(promise(name), Some(Promise::Perhaps(_))), "{name}: {:?}", promise(name));
        }
        for name in [
            "PASSWORD_FILE",
            "SECRET_NAME",
            "TOKEN_URL",
            "PWD",
            "OLDPWD_DIR",
            "PUBLIC_KEY",
            "PASSWORD_MIN_LENGTH",
            "SECRET_REF",
            "TOKEN_TTL",
            "initial-cluster-token",
            "compass",
            "bypass",
            "passwordKey",
            "MAX_TOKENS",
            "",
            "---",
            "2",
        ] {
            assert_eq!(promise(name), None, "{name}");
        }
    }
}
