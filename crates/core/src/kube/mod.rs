//! Values as the Kubernetes API limits them. A spec holds these types, and each checks itself while it is read, so that an
//! error names its place. Every type says where its limit is from: functions of `k8s.io/apimachinery` (`validation`,
//! read at v0.37.2) and of `k8s.io/kubernetes` (`pkg/apis/*/validation`, read at v1.36.3).

mod duration;
mod grammar;
mod http;
mod keys;
mod names;
mod ports;
pub mod re2;

pub use duration::{OperatorDuration, PrometheusDuration};
pub use http::{Host, HttpPath};
pub use keys::{AnnotationKey, DataKey, EnvName, LabelKey, LabelValue};
pub(crate) use keys::{check_label_value, check_selector_key};
pub use names::{NamespaceName, ObjectName, QualifiedObjectName, ServiceName, VolumeName, check_short_label};
pub use ports::{ContainerPort, PortName, PortNumber, ServicePort, ServicePortName};

/// The group of an `apiVersion`: empty for the core group.
#[must_use]
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// A text that a check has passed. The schema has the pattern and the greatest length; the check is a function that
/// returns what is wrong, as a sentence.
#[macro_export]
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:expr, {$($key:literal = $value:expr),* $(,)?}) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(extend($($key = $value),*))]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(&text).map(|()| Self(text))
            }
        }
    };
}
pub(crate) use checked_text;

#[cfg(test)]
mod samples {
    use regex_lite::Regex;
    use schemars::JsonSchema;
    use serde_json::{Value, json};

    /// Whether a schema accepts a value, by the keywords that the types of this module use.
    fn accepts(schema: &Value, value: &Value) -> bool {
        if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
            return options.iter().any(|option| accepts(option, value));
        }
        let number = |key: &str| schema.get(key).and_then(Value::as_u64);
        match (value, schema.get("type").and_then(Value::as_str)) {
            (Value::String(text), Some("string")) => {
                let length = u64::try_from(text.chars().count()).unwrap();
                number("maxLength").is_none_or(|most| length <= most)
                    && number("minLength").is_none_or(|least| length >= least)
                    && schema.get("pattern").is_none_or(|it| Regex::new(it.as_str().unwrap()).unwrap().is_match(text))
            }
            (Value::Number(_), Some("integer")) => {
                let value = value.as_u64();
                value.is_some_and(|value| value >= number("minimum").unwrap() && value <= number("maximum").unwrap())
            }
            _ => false,
        }
    }

    /// The check and the schema of a type both accept what is good and refuse what is bad.
    pub(super) fn agree<T: JsonSchema + TryFrom<V, Error = String>, V: Clone + Into<Value>>(good: &[V], bad: &[V]) {
        let schema = serde_json::to_value(schemars::schema_for!(T)).unwrap();
        for (sample, wanted) in good.iter().map(|it| (it, true)).chain(bad.iter().map(|it| (it, false))) {
            let (value, name) = (sample.clone().into(), T::schema_name());
            assert_eq!(T::try_from(sample.clone()).is_ok(), wanted, "check of {name}: {value}");
            assert_eq!(accepts(&schema, &value), wanted, "schema of {name}: {value}");
        }
    }

    /// [`agree`] for types that are read from a text.
    pub(super) fn texts<T: JsonSchema + TryFrom<String, Error = String>>(good: &[&str], bad: &[&str]) {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<String>>();
        agree::<T, String>(&owned(good), &owned(bad));
    }

    #[test]
    fn the_reader_of_schemas_reads_them() {
        let schema =
            json!({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2}, {"type": "string", "maxLength": 1}]});
        for (value, wanted) in [(json!(1), true), (json!(3), false), (json!("a"), true), (json!("ab"), false)] {
            assert_eq!(accepts(&schema, &value), wanted, "{value}");
        }
    }
}
