//! Whether a container gets a variable, and if not, what would help.

use super::view::{Source, Variable, View};
use super::wiring::Wiring;
use crate::stream::Stream;
use crate::supply::{Content, Store, Supplies};

/// What is known of a variable in a container.
pub(super) enum Proof {
    /// It has a value.
    Given,
    /// It may: what should give it does not tell its keys.
    Open(String),
    /// It has none: why, what to do, and the pointer below the container where that shows.
    Missing { why: String, remedy: String, pointer: String },
}

/// Looks a variable up as the kubelet would: `env` before `envFrom`, the last before the first.
pub(super) fn prove(view: &View<'_>, name: &str, supplies: &Supplies, stream: &Stream) -> Proof {
    if let Some(variable) = view.variables.iter().rfind(|variable| variable.name == name)
        && let Some(proof) = by_variable(variable)
    {
        return proof;
    }
    let at = |source: &Source| format!("/envFrom/{}", source.at);
    if let Some((source, content)) = view.sources.iter().rev().find_map(|source| Some((source, source.content(name)?))) {
        return by_content(content, name, &source.title(), at(source));
    }
    let open = view.sources.iter().rev().filter(|source| name.starts_with(&source.prefix));
    if let Some(supply) = open.filter_map(|source| source.supply.as_ref()).find(|supply| supply.open) {
        return Proof::Open(supply.title.clone());
    }
    let remedy = remedy(view, name, supplies, stream);
    Proof::Missing { why: "nothing gives it".to_owned(), remedy, pointer: String::new() }
}

fn by_content(content: Content, key: &str, title: &str, pointer: String) -> Proof {
    match content {
        Content::Value => Proof::Given,
        Content::Empty => {
            let why = format!("its value in {title} is empty");
            Proof::Missing { why, remedy: "give it a value there".to_owned(), pointer }
        }
        Content::Binary => {
            let why = format!("{title} has it in `binaryData`, which never becomes a variable");
            Proof::Missing { why, remedy: format!("move `{key}` to `data`"), pointer }
        }
    }
}

/// What an item of `env` proves; nothing when it is left out, so that `envFrom` may give the variable.
fn by_variable(variable: &Variable) -> Option<Proof> {
    let pointer = format!("/env/{}", variable.at);
    let Wiring::Key { store, name, key, optional } = &variable.wiring else {
        let empty = variable.wiring == Wiring::Literal(String::new());
        let (why, remedy) = ("its value is empty".to_owned(), "give it a value there".to_owned());
        return Some(if empty { Proof::Missing { why, remedy, pointer } } else { Proof::Given });
    };
    let may_miss = *optional == Some(true);
    let Some(supply) = &variable.supply else {
        let why = format!("{} {name} is not in the stream, and nothing in it makes it", store.kind());
        let remedy = format!("add it, or say what it has: {}", external(*store, name, key));
        return (!may_miss).then_some(Proof::Missing { why, remedy, pointer });
    };
    match supply.keys.get(key) {
        Some(content) => Some(by_content(*content, key, &format!("{} {}", store.kind(), supply.name), pointer)),
        None if supply.open => Some(Proof::Open(supply.title.clone())),
        None if may_miss => None,
        None => {
            let why = format!("{} has no key `{key}`", supply.title);
            let close = alike(key, supply.keys.keys().map(String::as_str));
            let remedy = close.map_or("add the key".to_owned(), |other| format!("did you mean its key `{other}`?"));
            Some(Proof::Missing { why, remedy, pointer })
        }
    }
}

/// The entry of `external` that would tell of a key.
pub(super) fn external(store: Store, name: &str, key: &str) -> String {
    let field = if store == Store::Secret { "secret" } else { "configMap" };
    match key.is_empty() {
        true => format!("external: [{{{field}: {name}}}]"),
        false => format!("external: [{{{field}: {name}, keys: [{key}]}}]"),
    }
}

/// The word among `words` that differs least, if it is a slip of the hand.
pub(super) fn alike<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |other: &str| strsim::osa_distance(word, other);
    let close = words.filter(|other| (1..=1 + word.len() / 6).contains(&distance(other)));
    close.min_by_key(|other| (distance(other), *other))
}

/// How a container could get a variable that nothing gives it.
fn remedy(view: &View<'_>, name: &str, supplies: &Supplies, stream: &Stream) -> String {
    for source in &view.sources {
        let given: Vec<String> = source.variables().collect();
        if let Some(other) = alike(name, given.iter().map(String::as_str)) {
            return format!("{} gives `{other}`: did you mean that?", source.title());
        }
    }
    let has = |(_, _, keys): &(Store, &str, &_)| -> bool {
        let keys: &crate::supply::Keys = keys;
        keys.get(name).is_some_and(|content| *content != Content::Binary)
    };
    let holder = supplies.around(stream, &view.object).filter(has).min_by_key(|(store, called, _)| (*called, *store));
    if let Some((store, called, _)) = holder {
        let field = if store == Store::Secret { "secret" } else { "configMap" };
        return format!("{} {called} has it: name it under `envFrom: [{{{field}: {called}}}]`", store.kind());
    }
    let unknown = view.sources.iter().find(|source| source.supply.is_none() && name.starts_with(&source.prefix));
    if let Some(Source { store, name: called, prefix, .. }) = unknown {
        let key = name.strip_prefix(prefix.as_str()).unwrap_or(name);
        let entry = external(*store, called, key);
        return format!("{} {called} of envFrom is not in the stream: add it, or say what it has: {entry}", store.kind());
    }
    match view.sources.iter().rev().find(|source| name.starts_with(&source.prefix)) {
        Some(source) => format!("add it to {}, or under `env`", source.title()),
        None => "give it under `env`, or name what has it under `envFrom`".to_owned(),
    }
}
