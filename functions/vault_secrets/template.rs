//! Texts with values of Vault in them, and how they are said in Go's template language, which the Vault Secrets Operator,
//! the External Secrets Operator and the Vault Agent share.

use schemars::JsonSchema;
use serde::Deserialize;

use super::source::KvSource;
use super::values::is_vault_key;

/// A text with keys of Vault in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Template(pub(super) Vec<Piece>);

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Value(Value),
}

/// What stands for a value of Vault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value {
    pub(super) key: String,
    /// Where the key is, if not where the rest of the Secret is.
    pub(super) from: Option<KvSource>,
    /// What is done to it, in order.
    pub(super) steps: Vec<Step>,
}

/// Whose functions a template may call.
#[derive(Clone, Copy)]
pub(super) enum Functions {
    /// Sprig's, as both operators have them.
    Sprig,
    /// Consul Template's, as the Vault Agent has them.
    ConsulTemplate,
}

impl Functions {
    /// Behind `urlquery`, which writes a space as a form does: only a form reads `+` as a space, and every reader of URLs
    /// reads `%20`.
    fn spaces(self) -> &'static str {
        match self {
            Self::Sprig => "replace \"+\" \"%20\"",
            Self::ConsulTemplate => "replaceAll \"+\" \"%20\"",
        }
    }
}

/// What is done to a value on the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    UrlQuery,
    Decode,
    Encode,
    Sha256,
    /// The fields that lead to what is wanted of JSON; objects and lists stay JSON.
    Json(Vec<String>),
}

impl Template {
    /// The value of one key, as it is.
    pub(super) fn of_key(key: &str) -> Self {
        Self(vec![Piece::Value(Value { key: key.to_owned(), from: None, steps: Vec::new() })])
    }

    /// The values in it.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(value) => Some(value),
            Piece::Text(_) => None,
        })
    }

    /// The one value that it is, without any text beside it.
    pub(super) fn only(&self) -> Option<&Value> {
        match self.0.as_slice() {
            [Piece::Value(value)] => Some(value),
            _ => None,
        }
    }

    /// The text in Go's template language; `value` says what stands for a value before any step.
    pub(super) fn go(&self, functions: Functions, value: impl Fn(&Value) -> String) -> String {
        self.go_with(str::to_owned, |one| one.go(functions, &value(one)))
    }

    /// The same for texts and values that are written in a way of their own.
    pub(super) fn go_with(&self, text: impl Fn(&str) -> String, value: impl Fn(&Value) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(plain) => escaped(&text(plain)),
            Piece::Value(one) => value(one),
        };
        self.0.iter().map(piece).collect()
    }
}

impl Value {
    /// What stands for it in Go's template language, when `value` does before any step.
    ///
    /// What is no base64, what is not in the JSON, and what is no text there fails: nothing is filled in with another value.
    pub(super) fn go(&self, functions: Functions, value: &str) -> String {
        let (mut before, mut value) = (String::new(), value.to_owned());
        for step in &self.steps {
            let filter = match step {
                Step::UrlQuery => {
                    value.push_str(" | urlquery");
                    functions.spaces()
                }
                // What is no base64 would become the text of an error.
                Step::Decode => {
                    before.push_str(&format!(
                        "{{{{ $v := {value} }}}}{{{{ if ne (b64dec $v | b64enc) (nospace $v) }}}}{{{{ fail \"no base64\" }}}}{{{{ end }}}}"
                    ));
                    "$v".clone_into(&mut value);
                    "b64dec"
                }
                Step::Encode => "b64enc",
                Step::Sha256 => "sha256sum",
                Step::Json(fields) => {
                    before.push_str(&format!(
                        "{{{{ $v := {value} }}}}{{{{ if kindIs \"string\" $v }}}}{{{{ $v = mustFromJson $v }}}}{{{{ end }}}}"
                    ));
                    for field in fields {
                        before.push_str(&format!("{{{{ $v = index (pluck \"{field}\" $v) 0 }}}}"));
                    }
                    before.push_str("{{ if has (kindOf $v) (list \"map\" \"slice\") }}{{ $v = toJson $v }}{{ end }}");
                    before.push_str(
                        "{{ if not (has (kindOf $v) (list \"string\" \"float64\" \"bool\")) }}{{ fail \"no text\" }}{{ end }}",
                    );
                    "$v".clone_into(&mut value);
                    "toString"
                }
            };
            value = format!("{value} | {filter}");
        }
        format!("{before}{{{{ {value} }}}}")
    }
}

/// A text that Go's template language takes as it is. Braces at its end would run into those of what follows.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        let behind = from.trim_start_matches('{');
        let braces = from.strip_suffix(behind).unwrap_or_default();
        out.push_str(before);
        if braces.len() > 1 || behind.is_empty() {
            out.push_str(&format!("{{{{ \"{braces}\" }}}}"));
        } else {
            out.push_str(braces);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
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
            let steps = filter.map(|_| Step::UrlQuery).into_iter().collect();
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Value(Value { key: key.to_owned(), from: None, steps }));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        match pieces.iter().any(|piece| matches!(piece, Piece::Value(_))) {
            true => Ok(Self(pieces)),
            false => Err("it has no `${key}`: what is not secret belongs into a ConfigMap".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_no_template() {
        let cases = [
            ("plain", "plain"),
            ("{\"a\": 1}", "{\"a\": 1}"),
            ("{{ x }}", "{{ \"{{\" }} x }}"),
            ("a{", "a{{ \"{\" }}"),
            ("{{{{", "{{ \"{{{{\" }}"),
            ("", ""),
        ];
        for (text, wanted) in cases {
            assert_eq!(escaped(text), wanted, "{text}");
        }
    }
}
