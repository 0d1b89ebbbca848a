//! Numbers that workloads say of themselves: in variables, on command lines, as replicas.

use std::borrow::Cow;

use super::super::final_stream::{FinalStream, PodHere, scalar};
use super::super::references::{Answer, To};
use super::super::values::Number;
use krmor_core::facts::counts::Counted;
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

/// The most pods that there will be at rest; nothing where nodes decide, or an operator.
pub(super) fn replicas(world: &FinalStream<'_>, pod: &PodHere<'_>) -> Option<u64> {
    match world.facts.counted(&pod.pod, &pod.object, None) {
        Counted::At(most) => Some(most.pods.into()),
        // A kind of which only that is known that it can be scaled.
        Counted::Unknown if pod.pod.scalable() => world.facts.most_replicas(&pod.object).map(u64::from),
        Counted::Unknown | Counted::ByNodes => None,
    }
}
