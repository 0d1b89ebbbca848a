//! Reading the spec of a function config strictly, and saying exactly where it is wrong.

mod place;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::krm::field_path;
use crate::suggest::suggest;

/// The one API version that is served.
pub const API_VERSION: &str = "krmor.dev/v1alpha1";
/// The API group of the configs.
pub const GROUP: &str = "krmor.dev";

/// What is wrong with a config, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// JSON Pointer of the field, from the config's root (from the spec's root while a spec is read).
    pub pointer: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A problem at a pointer; an empty remedy says nothing.
    #[must_use]
    pub fn new(pointer: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { message: message.into(), pointer: pointer.to_owned(), remedy: remedy.into() }
    }

    /// The same problem, of a value that stands at `parent`.
    #[must_use]
    pub fn below(mut self, parent: &str) -> Self {
        self.pointer.insert_str(0, parent);
        self
    }

    /// The pointer as people write paths: `spec.functions.harden.spec.targets[0]`.
    #[must_use]
    pub fn path(&self) -> String {
        field_path(&self.pointer)
    }
}

/// Reads a value into a spec; an absent (null) spec reads as an empty one.
///
/// # Errors
/// When a field is unknown, missing or of the wrong type: the pointer says which.
pub fn read_spec<S: DeserializeOwned>(spec: &Value) -> Result<S, Problem> {
    let empty = Value::Object(Map::new());
    let value = if spec.is_null() { &empty } else { spec };
    place::read(value).map_err(|error| {
        let place = error.into_place();
        explain(&place.message, place.pointer)
    })
}

/// Turns serde's message into ours: what is wrong, where, and what was probably meant.
fn explain(message: &str, mut pointer: String) -> Problem {
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let mut names = quoted(rest);
        if names.is_empty() {
            return Problem::new(&pointer, message, "");
        }
        let field = names.remove(0);
        let token = format!("/{}", krmor_yaml::escape_token(&field));
        if !pointer.ends_with(&token) {
            pointer.push_str(&token);
        }
        return Problem::new(&pointer, format!("unknown field `{field}`"), suggest(&field, &names, "field"));
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let mut names = quoted(rest);
        if names.is_empty() {
            return Problem::new(&pointer, message, "");
        }
        let value = names.remove(0);
        return Problem::new(
            &pointer,
            format!("`{value}` is not a value of this field"),
            suggest(&value, &names, "value"),
        );
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        let field = quoted(rest).into_iter().next().unwrap_or_default();
        return Problem::new(&pointer, format!("the field `{field}` is missing"), format!("add `{field}:`"));
    }
    // `invalid type: a text, expected a boolean`: the value itself is not repeated.
    if let Some(rest) = message.strip_prefix("invalid type: ")
        && let Some((found, expected)) = rest.split_once(", expected ")
    {
        let expected = match expected {
            "i64" | "u64" | "u32" | "i32" => "a whole number",
            "a string" => "a text",
            "a sequence" => "a list",
            "a map" => "a mapping",
            expected if expected.starts_with("struct ") => "a mapping",
            expected => expected,
        };
        let hint = match (found, expected) {
            ("a text", "a boolean" | "a whole number") => "; remove the quotes?",
            (_, "a text") => "; add quotes?",
            _ => "",
        };
        return Problem::new(&pointer, format!("expected {expected}, found {found}"), format!("give {expected}{hint}"));
    }
    Problem::new(&pointer, message, "")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Spec {
        #[allow(dead_code)]
        count: Option<u32>,
        #[allow(dead_code)]
        on: Option<bool>,
        #[allow(dead_code)]
        names: Option<Vec<String>>,
    }

    #[test]
    fn values_of_other_types_are_named_and_not_repeated() {
        let cases = [
            (json!({"on": "hush"}), "/on", "expected a boolean, found a text"),
            (json!({"on": 1}), "/on", "expected a boolean, found a whole number"),
            (json!({"names": {}}), "/names", "expected a list, found a mapping"),
            (json!({"names": [[]]}), "/names/0", "expected a text, found a list"),
            (json!({"names": ["a", null]}), "/names/1", "expected a text, found nothing"),
            (json!({"names": [1.5]}), "/names/0", "expected a text, found a number with a fraction"),
            (json!({"count": true}), "/count", "expected a whole number, found a boolean"),
            (json!({"count": 1.5}), "/count", "expected a whole number, found a number with a fraction"),
            (json!({"count": 4_294_967_296_u64}), "/count", "the number 4294967296 is too large"),
            (json!({"count": -1}), "/count", "the number -1 is too small"),
        ];
        for (value, pointer, message) in cases {
            let problem = read_spec::<Spec>(&value).unwrap_err();
            assert_eq!((problem.pointer.as_str(), problem.message.as_str()), (pointer, message), "{value}");
        }
    }
}
