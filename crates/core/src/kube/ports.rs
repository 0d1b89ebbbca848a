//! Ports: numbers, names, and either.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::checked_text;
use super::grammar::{Grammar, is_lower, is_lower_or_dash, refusal};

checked_text! {
    /// The name of a container's port: at most 15 of `a-z`, `0-9` and single inner `-`, one of them a letter.
    // apimachinery `util/validation.IsValidPortName` (IANA_SVC_NAME, RFC 6335). Also of a Service's `targetPort`, of
    // probes, and of the port of an Ingress's backend.
    PortName, check_port_name,
    {"pattern" = "^([0-9]+-)*[0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength" = 15}
}

checked_text! {
    /// The name of a Service's port: a DNS-1123 label, at most 63 characters.
    // core `validateServicePort`.
    ServicePortName, check_service_port_name,
    {"pattern" = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength" = 63}
}

const PORT: Grammar = Grammar {
    noun: "a port name",
    rule: "at most 15 of `a-z`, `0-9` and single inner `-`, one of them a letter",
    longest: 15,
    has: is_lower_or_dash,
    ends: is_lower,
    dotted: false,
};

const SERVICE_PORT: Grammar = Grammar {
    noun: "the name of a Service's port",
    rule: "at most 63 of `a-z`, `0-9` and inner `-`",
    longest: 63,
    ..PORT
};

fn check_port_name(text: &str) -> Result<(), String> {
    PORT.check(text)?;
    let fault = match text {
        _ if text.contains("--") => "it has `--`",
        _ if !text.bytes().any(|b| b.is_ascii_lowercase()) => "it has no letter",
        _ => return Ok(()),
    };
    Err(refusal(text, PORT.noun, fault, PORT.rule))
}

fn check_service_port_name(text: &str) -> Result<(), String> {
    SERVICE_PORT.check(text)
}

impl PortName {
    /// Whether a container's port, or the port of an Ingress's backend, may be called so.
    #[must_use]
    pub fn fits(text: &str) -> bool {
        check_port_name(text).is_ok()
    }
}

/// The number of a port, from 1 to 65535.
// apimachinery `util/validation.IsValidPortNum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 1, "maximum" = 65535))]
pub struct PortNumber(u16);

impl PortNumber {
    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<i64> for PortNumber {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let port = u16::try_from(number).ok().filter(|port| *port > 0);
        port.map(Self).ok_or_else(|| format!("{number} is not a port number: write a number from 1 to 65535"))
    }
}

/// A port by its number, or by a name that `check` takes.
enum Either {
    Number(u16),
    Name(String),
}

fn number_or_name(value: Value, check: fn(&str) -> Result<(), String>) -> Result<Either, String> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(number) => PortNumber::try_from(number).map(|number| Either::Number(number.get())),
            None => Err("a port number is a whole number from 1 to 65535".to_owned()),
        },
        Value::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            Err(format!("`{text}` in quotes would be a name; remove the quotes"))
        }
        Value::String(text) => check(&text).map(|()| Either::Name(text)),
        _ => Err("expected the number or the name of a port".to_owned()),
    }
}

macro_rules! port {
    ($(#[$doc:meta])* $name:ident, $check:path, $pattern:literal, $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
        #[serde(try_from = "Value")]
        #[schemars(extend(
            "anyOf" = [
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "pattern": $pattern, "maxLength": $longest},
            ],
            "x-kubernetes-int-or-string" = true
        ))]
        pub enum $name {
            /// Its number.
            Number(u16),
            /// Its name.
            Name(String),
        }

        impl $name {
            /// As it stands in a manifest.
            #[must_use]
            pub fn to_value(&self) -> Value {
                match self {
                    Self::Number(number) => (*number).into(),
                    Self::Name(name) => name.as_str().into(),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Number(number) => write!(f, "{number}"),
                    Self::Name(name) => f.write_str(name),
                }
            }
        }

        impl TryFrom<Value> for $name {
            type Error = String;

            fn try_from(value: Value) -> Result<Self, String> {
                Ok(match number_or_name(value, $check)? {
                    Either::Number(number) => Self::Number(number),
                    Either::Name(name) => Self::Name(name),
                })
            }
        }
    };
}

port! {
    /// A port of a container: its number, or the name it has in the container's `ports`.
    // core `ValidatePortNumOrName`.
    ContainerPort, check_port_name, "^([0-9]+-)*[0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$", 15
}
port! {
    /// A port of a Service: its number, or its name.
    // core `validateServicePort`; a name of digits alone would be taken for a number, so it is refused.
    ServicePort, check_service_port_name, "^([0-9][-0-9]*)?[a-z]([-a-z0-9]*[a-z0-9])?$|^[0-9]+-[-0-9]*[0-9]$", 63
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples::{agree, texts};
    use super::*;

    #[test]
    fn port_names_are_those_of_iana() {
        let good = ["http", "a", "1a", "a-1", "0-a-0", "12-34-x", "abcdefghijklmno"];
        let bad = ["", "1", "1-2", "-a", "a-", "a--b", "A", "a_b", "a.b", "abcdefghijklmnop"];
        texts::<PortName>(&good, &bad);
        let value = |list: &[&str]| list.iter().map(|&text| json!(text)).collect::<Vec<Value>>();
        agree::<ContainerPort, Value>(&value(&good), &value(&bad));
        agree::<ContainerPort, Value>(
            &[json!(1), json!(65535)],
            &[json!(0), json!(-1), json!(65536), json!(1.5), json!([])],
        );
    }

    #[test]
    fn services_have_longer_names_for_ports() {
        let (longest, longer) = ("a".repeat(63), "a".repeat(64));
        texts::<ServicePortName>(
            &["a--b", "1", "http-metrics-of-all-pods", &longest],
            &["", "-a", "a-", "a.b", &longer],
        );
        let good = [json!("a--b"), json!("1-2"), json!("1a"), json!(longest), json!(80)];
        agree::<ServicePort, Value>(
            &good,
            &[json!("80"), json!("-a"), json!("a-"), json!(longer), json!(0), json!("1-")],
        );
    }

    #[test]
    fn port_numbers_have_16_bits() {
        agree::<PortNumber, i64>(&[1, 65535], &[0, -1, 65536]);
    }
}
