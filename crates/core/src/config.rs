//! Reading the spec of a function config strictly, and saying exactly where it is wrong.

mod place;

pub use self::place::ADD_QUOTES;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::report::field_path;
use crate::report::{Finding, Place};
use crate::rules;

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

    /// The problem as a finding, of a spec that has been read.
    #[must_use]
    pub fn into_finding(self) -> Finding {
        Finding::new(&rules::CONFIG, Place::Config(self.pointer), self.message, self.remedy)
    }

    /// The pointer as people write paths: `spec.functions.harden.spec.targets[0]`.
    #[must_use]
    pub fn path(&self) -> String {
        field_path(&self.pointer)
    }
}

/// Most problems of one spec that are found at once: each takes a reading of the spec.
const MOST: usize = 20;

/// Reads a value into a spec; an absent (null) spec reads as an empty one.
///
/// What is wrong are all fields that are unknown, missing or of the wrong type, by their pointers. A spec that comes beside
/// problems is what is left without them: other things can be looked for in it, and it must not run.
#[must_use]
pub fn read_spec<S: DeserializeOwned>(spec: &Value) -> (Option<S>, Vec<Problem>) {
    let mut value = if spec.is_null() { Value::Object(Map::new()) } else { spec.clone() };
    let mut removed = Removed::default();
    let mut problems: Vec<Problem> = Vec::new();
    // The reader stops at the first error. It goes on when what was wrong is out of the way.
    while problems.len() < MOST {
        let place = match place::read(&value) {
            Ok(spec) => return (Some(spec), problems),
            Err(error) => error.into_fault(),
        };
        let follows = match place.missing {
            Some(field) => removed.has(&place.pointer, field),
            // That a mapping makes no sense may come of what was taken out of it.
            None => place.is_judgement && removed.is_inside(&place.pointer),
        };
        if !follows {
            let pointer = removed.original(&place.pointer);
            problems.push(Problem { message: place.message, pointer, remedy: place.remedy });
        }
        if !removed.take(&mut value, &place.pointer) {
            break;
        }
    }
    (None, problems)
}

/// What has been taken out of a spec to read the rest.
#[derive(Default)]
struct Removed(Vec<String>);

impl Removed {
    /// Takes the value at a pointer of what is left out of it; whether there was one.
    fn take(&mut self, value: &mut Value, pointer: &str) -> bool {
        let Some((parent, token)) = pointer.rsplit_once('/') else { return false };
        let is_there = match value.pointer_mut(parent) {
            Some(Value::Object(map)) => {
                krmor_yaml::unescape_token(token).is_some_and(|key| map.shift_remove(key.as_ref()).is_some())
            }
            Some(Value::Array(items)) => match token.parse::<usize>() {
                Ok(at) if at < items.len() => {
                    items.remove(at);
                    true
                }
                _ => false,
            },
            _ => false,
        };
        self.0.push(pointer.to_owned());
        is_there
    }

    /// Where a place of what is left stood before: items behind those that were taken out have moved up.
    fn original(&self, pointer: &str) -> String {
        let mut pointer = pointer.to_owned();
        for taken in self.0.iter().rev() {
            let Some((list, at)) = taken.rsplit_once('/') else { continue };
            let Ok(at) = at.parse::<usize>() else { continue };
            let Some(rest) = pointer.strip_prefix(list).and_then(|rest| rest.strip_prefix('/')) else { continue };
            let (number, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if let Some(number) = number.parse::<usize>().ok().filter(|number| *number >= at) {
                pointer = format!("{list}/{}{behind}", number + 1);
            }
        }
        pointer
    }

    /// Whether something was taken out of the value at a pointer.
    fn is_inside(&self, pointer: &str) -> bool {
        self.0.iter().any(|taken| taken.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Whether a field of the mapping at a pointer is missing because it was taken out.
    fn has(&self, mapping: &str, field: &str) -> bool {
        self.0.contains(&format!("{mapping}/{}", krmor_yaml::escape_token(field)))
    }
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
            let problem = read_spec::<Spec>(&value).1.remove(0);
            assert_eq!((problem.pointer.as_str(), problem.message.as_str()), (pointer, message), "{value}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_found_at_once() {
        let value = json!({"cuont": 1, "on": "yes", "names": [1, "a", 2, "b", []], "other": {}});
        let problems = read_spec::<Strict>(&value).1;
        let found: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(found, ["/cuont", "/on", "/names/0", "/names/2", "/names/4", "/other", ""]);
        assert_eq!(problems[6].message, "the field `must` is missing");
        // What was taken out is not missing.
        let problems = read_spec::<Strict>(&json!({"must": "x"})).1;
        assert_eq!(problems.len(), 1, "{problems:?}");
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Strict {
        count: Option<u32>,
        on: Option<bool>,
        names: Option<Vec<String>>,
        must: u32,
    }
}
