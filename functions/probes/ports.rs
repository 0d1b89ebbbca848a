//! The ports that a container declares, and the port of a probe among them.

use krmor_core::values::integer;
use serde_json::{Value, json};

use super::spec::Handler;
use krmor_core::kube::ContainerPort;
use krmor_yaml::Node;

/// A port that a container declares.
struct Declared {
    name: String,
    number: Option<u16>,
    protocol: String,
}

/// The protocol of ports that name none, and of probes.
const TCP: &str = "TCP";

fn declared(container: Node<'_>) -> impl Iterator<Item = Declared> + '_ {
    container.get("ports").into_iter().flat_map(Node::items).map(|port| {
        let text = |key: &str| port.get(key).and_then(Node::as_str).map(std::borrow::Cow::into_owned);
        let number = port.get("containerPort").and_then(integer);
        Declared {
            name: text("name").unwrap_or_default(),
            number: number.and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0),
            protocol: text("protocol").unwrap_or_else(|| TCP.to_owned()),
        }
    })
}

/// Whether a container declares the port; by a protocol other than the probes' only `by_name`, since the kubelet looks names up
/// whatever their protocol.
pub(super) fn declares(container: Node<'_>, port: &ContainerPort, by_name: bool) -> bool {
    declared(container).any(|declared| match port {
        ContainerPort::Number(number) => declared.protocol == TCP && declared.number == Some(*number),
        ContainerPort::Name(name) => (by_name || declared.protocol == TCP) && declared.name == *name,
    })
}

/// What is wrong with a port, and what to do.
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) remedy: String,
}

/// The port as it stands in the container's probe: gRPC takes numbers only. Null for a command.
pub(super) fn resolve(container: Node<'_>, handler: &Handler) -> Result<Value, Problem> {
    match handler.port() {
        None => Ok(Value::Null),
        Some(ContainerPort::Number(number)) => Ok(json!(number)),
        Some(ContainerPort::Name(name)) => {
            let number = named(container, name)?;
            Ok(if matches!(handler, Handler::Grpc(_)) { json!(number) } else { json!(name) })
        }
    }
}

/// The protocol of the port that a container calls `name`, where it is not the one of probes.
pub(super) fn other_protocol(container: Node<'_>, name: &str) -> Option<String> {
    declared(container).find(|port| port.name == name).map(|port| port.protocol).filter(|protocol| protocol != TCP)
}

/// The number of the port that a container calls `name`.
pub(super) fn named(container: Node<'_>, name: &str) -> Result<u16, Problem> {
    let problem = |message: String, remedy: &str| Err(Problem { message, remedy: remedy.to_owned() });
    let mut alike = declared(container).filter(|port| port.name == name);
    match (alike.next(), alike.next()) {
        (Some(_), Some(_)) => problem(format!("has two ports named `{name}`"), "give each port a name of its own"),
        (Some(Declared { number: Some(number), .. }), None) => Ok(number),
        (Some(_), None) => {
            problem(format!("gives no number for its port `{name}`"), "set its `containerPort`, from 1 to 65535")
        }
        (None, _) => {
            let mut names: Vec<String> = declared(container).map(|port| port.name).collect();
            names.retain(|name| !name.is_empty());
            let has = match names.is_empty() {
                true => "its ports have no names".to_owned(),
                false => format!("its ports are `{}`", names.join("`, `")),
            };
            let has = if declared(container).next().is_none() { "it declares none".to_owned() } else { has };
            problem(
                format!("has no port named `{name}`: {has}"),
                "name the port so in its `ports`, or give the probe the port's number",
            )
        }
    }
}
