//! The part of a Job's name that stands for its content.
//!
//! It covers the pod template and what the ConfigMaps and Secrets hold that the template names. Their own names do not
//! count, since kustomize hashes some of them after this has run; those of other things count as they are now, with the
//! prefixes that references get later. So the same content has the same name at every stage.

use serde_json::{Map, Value};

use krmor_core::facts::Facts;
use krmor_core::facts::references::in_pod_spec;
use krmor_core::hash::Fnv;
use krmor_core::stream::{Object, Stream};
use krmor_core::values::json_text;

/// Letters that make no words, as Kubernetes has them in generated names.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// As many as kustomize gives ConfigMaps.
const LENGTH: usize = 10;
/// What a ConfigMap or Secret holds.
const CONTENT: [&str; 5] = ["data", "binaryData", "stringData", "type", "immutable"];

/// The letters for a pod template whose names are looked up as those of `workload` are.
pub(super) fn of(template: &Value, workload: &Object<'_>, stream: &Stream) -> String {
    let mut template = template.clone();
    if let Some(spec) = template.get_mut("spec") {
        for reference in in_pod_spec(spec) {
            let there = Facts::of(stream).named_in_pod(workload, &reference);
            let Some((there, slot)) = there.zip(spec.pointer_mut(&reference.pointer)) else { continue };
            *slot = match reference.kind.as_str() {
                "ConfigMap" | "Secret" => content(&there),
                _ => Value::String(there.name().into_owned()),
            };
        }
    }
    let mut digest = Digest::default();
    digest.value(&template);
    digest.letters()
}

fn content(object: &Object<'_>) -> Value {
    let fields = CONTENT.into_iter().filter_map(|key| Some((key.to_owned(), object.root().get(key)?.to_value()?)));
    Value::Object(fields.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}

/// A hash of values.
#[derive(Default)]
struct Digest(Fnv);

impl Digest {
    /// The value as JSON with sorted keys, in which no two values look the same.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                let mut entries: Vec<(&String, &Value)> = map.iter().collect();
                entries.sort_unstable_by_key(|(key, _)| *key);
                self.0.bytes(b"{");
                for (key, value) in entries {
                    self.0.bytes(json_text(&Value::String(key.clone())).as_bytes());
                    self.value(value);
                }
                self.0.bytes(b"}");
            }
            Value::Array(items) => {
                self.0.bytes(b"[");
                for item in items {
                    self.value(item);
                    self.0.bytes(b",");
                }
                self.0.bytes(b"]");
            }
            plain => self.0.bytes(json_text(plain).as_bytes()),
        }
    }

    fn letters(&self) -> String {
        // FNV mixes its last bytes into the low bits only; a multiplication and a fold spread them.
        let mut rest = (self.0.0 ^ (self.0.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        rest ^= rest >> 29;
        let mut out = String::with_capacity(LENGTH);
        for _ in 0..LENGTH {
            let at = usize::try_from(rest % 27).unwrap_or_default();
            out.push(char::from(LETTERS.get(at).copied().unwrap_or(b'b')));
            rest /= 27;
        }
        out
    }
}

/// `<workload>-<migration>-<hash>`, or without the hash, short enough for the label that a Job's pods have. The kind of the
/// workload stands in it where two have one name.
pub(super) fn name(workload: &str, kind: Option<&str>, migration: &str, hash: Option<&str>) -> String {
    let kind = kind.map(|kind| kind.replace('.', "-"));
    // A letter of the workload's name and three dashes are left.
    let room = 59_usize.saturating_sub(migration.len() + hash.map_or(0, str::len)).min(26);
    let parts = [kind.as_deref().map(|kind| label(kind, room)), Some(migration), hash];
    let tail: String = parts.into_iter().flatten().flat_map(|part| ["-", part]).collect();
    format!("{}{tail}", label(workload, 63 - tail.len().min(62)))
}

/// The first characters of a name, so that it may end there.
pub(super) fn label(name: &str, length: usize) -> &str {
    let cut = name.get(..length.min(name.len())).unwrap_or(name);
    cut.trim_end_matches(['-', '.', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn letters(value: &Value) -> String {
        let mut digest = Digest::default();
        digest.value(value);
        digest.letters()
    }

    #[test]
    fn order_does_not_count_and_all_else_does() {
        assert_eq!(letters(&json!({"a": 1, "b": [1, "x"]})), letters(&json!({"b": [1, "x"], "a": 1})));
        let values = [
            json!({"a": 1}),
            json!({"a": "1"}),
            json!({"a": [1]}),
            json!({"a": null}),
            json!({"a": {}}),
            json!({"a": []}),
            json!({}),
            json!([1, 2]),
            json!([12]),
            json!(["a", "b"]),
            json!(["a,b"]),
            json!({"a": "b\"c"}),
        ];
        let all: std::collections::BTreeSet<String> = values.iter().map(letters).collect();
        assert_eq!(all.len(), values.len());
        assert!(all.iter().all(|text| text.len() == LENGTH));
    }

    #[test]
    fn names_fit() {
        assert_eq!(name("web", None, "migrate", None), "web-migrate");
        assert_eq!(name("web", None, "migrate", Some("bcdfghjklm")), "web-migrate-bcdfghjklm");
        let long = name(&format!("{}.x", "a".repeat(43)), None, "migrate", Some("bcdfghjklm"));
        assert_eq!(long, format!("{}-migrate-bcdfghjklm", "a".repeat(43)));
        assert_eq!(name("web", Some("deployment.apps"), "migrate", None), "web-deployment-apps-migrate");
        for kind in [None, Some("statefulset.apps.kruise.io")] {
            let long = name(&"a".repeat(253), kind, &"b".repeat(40), Some("bcdfghjklm"));
            assert!(long.len() <= 63 && long.ends_with("bcdfghjklm"), "{long}");
        }
    }
}
