//! The probe that a container already has, held against the one that is wanted.

use serde_json::{Map, Value, json};

use krmor_yaml::{Kind, Node};

const HANDLERS: [&str; 4] = ["exec", "grpc", "httpGet", "tcpSocket"];

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// Nothing; null counts as nothing, as in the API.
    Absent,
    /// What is wanted, the API's defaults written out or not.
    Same,
    /// Another probe.
    Other,
    /// What the API would refuse, and why.
    Malformed(&'static str),
}

impl Existing {
    pub(super) fn of(probe: Option<Node<'_>>, wanted: &Value) -> Self {
        let Some(probe) = probe.filter(|probe| !probe.is_null()) else { return Self::Absent };
        if probe.kind() != Kind::Map {
            return Self::Malformed("is not a mapping");
        }
        let is_given = |key: &&str| probe.get(key).is_some_and(|handler| handler.kind() == Kind::Map);
        match HANDLERS.iter().filter(|key| is_given(key)).count() {
            0 => Self::Malformed("has no handler"),
            1 if probe.to_value().is_some_and(|value| normal(&value) == normal(wanted)) => Self::Same,
            1 => Self::Other,
            _ => Self::Malformed("has more than one handler"),
        }
    }
}

/// A probe without nulls and with the API's defaults, so that what means the same is the same.
fn normal(probe: &Value) -> Value {
    let mut probe = without_nulls(probe);
    let defaults = json!({"initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1});
    fill(&mut probe, &defaults);
    let of_handlers = [
        ("httpGet", json!({"path": "/", "scheme": "HTTP", "host": ""})),
        ("tcpSocket", json!({"host": ""})),
        ("grpc", json!({"service": ""})),
    ];
    for (key, defaults) in of_handlers {
        if let Some(handler) = probe.get_mut(key) {
            fill(handler, &defaults);
        }
    }
    probe
}

fn fill(value: &mut Value, defaults: &Value) {
    if let (Some(value), Some(defaults)) = (value.as_object_mut(), defaults.as_object()) {
        for (key, default) in defaults {
            value.entry(key).or_insert_with(|| default.clone());
        }
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let entries = entries.iter().filter(|(_, value)| !value.is_null());
            Value::Object(entries.map(|(key, value)| (key.clone(), without_nulls(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
