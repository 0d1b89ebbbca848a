//! Numbers that workloads say of themselves: in variables, on command lines, as replicas.

use krmor_core::values::integer;
use std::borrow::Cow;

use super::super::final_stream::{FinalStream, PodHere, scalar};
use super::super::references::{Answer, To};
use super::super::values::Number;
use krmor_yaml::Node;

/// The number, or the name of the variable that does not hold one.
pub(super) fn number(world: &FinalStream<'_>, pod: &PodHere<'_>, number: &Number) -> Result<u64, String> {
    match number {
        Number::Literal(number) => Ok(u64::from(*number)),
        Number::Env(from) => match (variable(world, pod, from.env.as_str()), from.default) {
            (Told::This(text), _) => text.trim().parse().ok(),
            (Told::Hidden, _) => None,
            (Told::Nothing, default) => default.map(u64::from),
        }
        .ok_or_else(|| from.env.as_str().to_owned()),
    }
}

/// The number under a variable.
pub(super) fn of_env(world: &FinalStream<'_>, pod: &PodHere<'_>, name: &str) -> Option<u64> {
    if let Told::This(text) = variable(world, pod, name) { text.trim().parse().ok() } else { None }
}

/// What a program is told by a variable.
enum Told {
    Nothing,
    /// Something that the stream does not show.
    Hidden,
    This(String),
}

/// What the first container that has the variable is told: by `env`, whose last entry counts, else
/// by `envFrom`, whose last source counts.
fn variable(world: &FinalStream<'_>, pod: &PodHere<'_>, name: &str) -> Told {
    let found = pod.containers.iter().find_map(|container| {
        let node = container.node(&pod.object)?;
        let variables = node.get("env").into_iter().flat_map(Node::items);
        let own =
            variables.filter(|variable| variable.get("name").and_then(Node::as_str).as_deref() == Some(name)).last();
        if let Some(variable) = own {
            let from = || of_key(world, pod, variable.find(&["valueFrom", "configMapKeyRef"])?, None);
            let text = variable.get("value").and_then(scalar).map(Cow::into_owned).or_else(from);
            return Some(text.map_or(Told::Hidden, Told::This));
        }
        let sources: Vec<Node<'_>> = node.get("envFrom").into_iter().flat_map(Node::items).collect();
        let told = |source: Node<'_>| {
            let prefix = source.get("prefix").and_then(Node::as_str).unwrap_or_default();
            of_key(world, pod, source.get("configMapRef")?, Some(name.strip_prefix(prefix.as_ref())?))
        };
        sources.into_iter().rev().find_map(told).map(Told::This)
    });
    found.unwrap_or(Told::Nothing)
}

/// The text of a key of the ConfigMap that a reference names.
fn of_key(world: &FinalStream<'_>, pod: &PodHere<'_>, reference: Node<'_>, key: Option<&str>) -> Option<String> {
    let name = reference.get("name")?.as_str()?;
    let key = key.map_or_else(|| reference.get("key")?.as_str(), |key| Some(key.into()))?;
    let mut all = world.facts.references().of_object(pod.object.id());
    let same = all.find(|other| To::ConfigMap.has(other) && other.name == name)?;
    let Answer::Here(maps) = world.follow(same) else { return None };
    maps.iter().find_map(|map| scalar(map.root().find(&["data", &key])?)).map(Cow::into_owned)
}

/// `max_connections` on a command line: `-c max_connections=200`, `--max-connections=200`, `--max_connections 200`.
pub(super) fn of_setting(pod: &PodHere<'_>) -> Option<u64> {
    pod.containers.iter().find_map(|container| {
        let node = container.node(&pod.object)?;
        let lists = ["command", "args"].into_iter().filter_map(|key| node.get(key));
        let words: Vec<String> = lists.flat_map(Node::items).filter_map(scalar).map(Cow::into_owned).collect();
        let words: Vec<&str> = words.iter().flat_map(|word| word.split([' ', '\t', '\n', '='])).collect();
        let is_setting = |word: &str| {
            let word = word.trim_start_matches("-c").trim_start_matches('-').replace('-', "_");
            word.eq_ignore_ascii_case("max_connections")
        };
        let mut pairs = words.windows(2).rev().filter_map(|pair| match pair {
            [name, value] if is_setting(name) => value.trim_matches(['"', '\'']).parse().ok(),
            _ => None,
        });
        pairs.next()
    })
}

/// The most pods that there will be; nothing where nodes decide.
pub(super) fn replicas(world: &FinalStream<'_>, pod: &PodHere<'_>) -> Option<u64> {
    let object = pod.object;
    let number = |node: Option<Node<'_>>| u64::try_from(integer(node?)?).ok();
    if pod.pod.runs_to_completion(&object) {
        return Some(number(object.root().find(&["spec", "parallelism"])).unwrap_or(1));
    }
    if pod.pod.is_bare() {
        return Some(1);
    }
    if !pod.pod.scalable() {
        return None;
    }
    let own = world.references(To::ScaleTarget).filter(|reference| {
        matches!(world.follow(reference), Answer::Here(found) if found.iter().any(|found| found.id() == object.id()))
    });
    let most = own.filter_map(|reference| {
        let scaler = world.stream.object(reference.object)?;
        let spec = scaler.root().get("spec")?;
        // KEDA's default is 100.
        let keda = || (scaler.kind() == "ScaledObject").then_some(100);
        number(spec.get("maxReplicas")).or_else(|| number(spec.get("maxReplicaCount"))).or_else(keda)
    });
    most.max().or_else(|| Some(number(object.root().find(&["spec", "replicas"])).unwrap_or(1)))
}
