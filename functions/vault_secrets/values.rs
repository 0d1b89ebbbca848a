//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A text of a certain form, with the check of its form.
macro_rules! text {
    ($(#[$about:meta])* $name:ident, $check:expr, $pattern:literal) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(extend("pattern" = $pattern))]
        pub struct $name(String);

        impl $name {
            /// As it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> Option<&'static str> = $check;
                match check(&text) {
                    None => Ok(Self(text)),
                    Some(problem) => Err(format!("`{text}` {problem}")),
                }
            }
        }
    };
}

text!(
    /// The name of an object.
    Name,
    |text| (!is_name(text)).then_some("is no name of an object: use `a-z`, `0-9`, `-` and `.`, at most 253 characters"),
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
);

text!(
    /// The name of an object in another namespace: `namespace/name`, or a name.
    Place,
    |text| {
        let (namespace, name) = text.split_once('/').unwrap_or(("a", text));
        (!is_name(name) || !is_name(namespace)).then_some("must be a name, or `namespace/name`")
    },
    "^([-a-z0-9]+/)?[-a-z0-9.]+$"
);

text!(
    /// A path in Vault.
    VaultPath,
    |text| {
        let part = |part: &str| !part.is_empty() && part != "." && part != "..";
        let fits = |c: char| !c.is_whitespace() && !c.is_control() && !"\"'`\\#<>$%?*".contains(c);
        (!text.split('/').all(part) || !text.chars().all(fits))
            .then_some("is no path in Vault: write its parts with `/` between, without one at either end")
    },
    "^[^/\\s]+(/[^/\\s]+)*$"
);

text!(
    /// A duration in hours, minutes or seconds, as the operators take it.
    Duration,
    |text| {
        let number = text.strip_suffix(['s', 'm', 'h']).unwrap_or_default();
        let whole = !number.is_empty() && number.len() <= 9 && number.bytes().all(|b| b.is_ascii_digit());
        (!whole || number.bytes().all(|b| b == b'0')).then_some("is no duration: write `30s`, `5m` or `1h`")
    },
    "^[0-9]{1,9}(s|m|h)$"
);

text!(
    /// An absolute path of a directory.
    AbsolutePath,
    |text| {
        let good = text.starts_with('/') && text.len() > 1 && !text.ends_with('/') && !text.contains("/../");
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        (!good || !text.chars().all(plain)).then_some("must be an absolute path without `/` at the end")
    },
    "^/[-A-Za-z0-9_./]*[-A-Za-z0-9_.]$"
);

text!(
    /// The address of a Vault server.
    Address,
    |text| {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        (host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'`@".contains(c)))
            .then_some("is no address: write `https://` or `http://`, a host and, if need be, a port")
    },
    "^https?://[^\\s]+$"
);

/// Whether an object may be called so (RFC 1123 subdomain).
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Whether a Secret may have such a key.
pub(super) fn is_key(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !text.is_empty() && text.len() <= 253 && text.bytes().all(fits) && text != "." && !text.starts_with("..")
}

/// Whether a key in Vault can be named in every provider's language.
pub(super) fn is_vault_key(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_control() || "\"\\`{}'".contains(c))
}

/// Names in Kubernetes and the keys in Vault that they stand for, in order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(extend("anyOf" = [
    {"type": "array", "items": {"type": "string", "pattern": "^[-._a-zA-Z0-9]+$"}, "minItems": 1},
    {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
]))]
pub struct Keys(pub(super) Vec<(String, String)>);

impl TryFrom<Value> for Keys {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let pairs: Option<Vec<(String, String)>> = match &value {
            Value::Array(names) => names.iter().map(|name| Some((text(name)?, text(name)?))).collect(),
            Value::Object(map) => map.iter().map(|(name, key)| Some((name.clone(), text(key)?))).collect(),
            _ => None,
        };
        let mut pairs = pairs.ok_or("expected a list of names, or a mapping from names to keys in Vault")?;
        if pairs.is_empty() {
            return Err("name at least one key, or leave it out to take all".to_owned());
        }
        if let Some((bad, _)) = pairs.iter().find(|(name, _)| !is_key(name)) {
            return Err(format!("`{bad}` is no key of a Secret: use letters, digits, `-`, `_` and `.`"));
        }
        if let Some((_, bad)) = pairs.iter().find(|(_, key)| !is_vault_key(key)) {
            return Err(format!("`{bad}` is no key in Vault that krmor can name: take out quotes, braces and `\\`"));
        }
        pairs.sort();
        if let Some((twice, _)) = pairs.windows(2).find_map(|pair| match pair {
            [a, b] if a.0 == b.0 => Some(a),
            _ => None,
        }) {
            return Err(format!("`{twice}` is named twice"));
        }
        Ok(Self(pairs))
    }
}

/// A text with keys of Vault in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Template(pub(super) Vec<Piece>);

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Key { key: String, urlquery: bool },
}

impl Template {
    /// The text in another language: `plain` writes what is no key, `key` what stands for one; its second argument says
    /// whether it is to be escaped for a URL.
    pub(super) fn render(&self, plain: impl Fn(&str) -> String, key: impl Fn(&str, bool) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => plain(text),
            Piece::Key { key: name, urlquery } => key(name, *urlquery),
        };
        self.0.iter().map(piece).collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Key { key, .. } => Some(key.as_str()),
            Piece::Text(_) => None,
        })
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.contains("{{") || text.contains("}}") {
            return Err("write `${key}`; braces of another template language are not understood".to_owned());
        }
        let (mut pieces, mut rest, mut plain) = (Vec::new(), text.as_str(), String::new());
        while let Some((before, after)) = rest.split_once('$') {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                plain.push('$');
                rest = after;
                continue;
            }
            let inside = after.strip_prefix('{').and_then(|after| after.split_once('}'));
            let (inside, after) = inside.ok_or("a `$` starts `${key}`; for a dollar sign write `$$`")?;
            let (key, filter) = inside.split_once('|').map_or((inside, None), |(key, filter)| (key, Some(filter)));
            let (key, filter) = (key.trim(), filter.map(str::trim));
            if !is_vault_key(key) {
                return Err(format!("`${{{inside}}}` names no key"));
            }
            if let Some(other) = filter.filter(|filter| *filter != "urlquery") {
                return Err(format!("`{other}` is not known; the only filter is `urlquery`"));
            }
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Key { key: key.to_owned(), urlquery: filter.is_some() });
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        match pieces.iter().any(|piece| matches!(piece, Piece::Key { .. })) {
            true => Ok(Self(pieces)),
            false => Err("it has no `${key}`: what is not secret belongs into a ConfigMap".to_owned()),
        }
    }
}
