//! Whether a container gets a variable, and if not, what would help.

use super::judge::Judge;
use super::view::{Source, Variable};
use super::wiring::Wiring;
use krmor_core::addresses;
use krmor_core::facts::makers::{Content, Keys, Store};
use krmor_core::facts::provided::Provided;
use krmor_core::secret_names::{self, Promise};
use krmor_core::suggest;

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
pub(super) fn prove(judge: &Judge<'_>, name: &str) -> Proof {
    let view = judge.view;
    if let Some(variable) = view.variables.iter().rfind(|variable| variable.name == name)
        && let Some(proof) = by_variable(variable)
    {
        return proof;
    }
    let at = |source: &Source| format!("/envFrom/{}", source.at);
    if let Some((source, content)) = view.sources.iter().rev().find_map(|source| Some((source, source.content(name)?)))
    {
        return by_content(content, name, &source.title(), at(source));
    }
    let open = view.sources.iter().rev().filter(|source| name.starts_with(&source.prefix));
    if let Some(provided) = open.filter_map(|source| source.provided.as_ref()).find(|provided| provided.open()) {
        return Proof::Open(provided.title());
    }
    Proof::Missing { why: "nothing gives it".to_owned(), remedy: remedy(judge, name), pointer: String::new() }
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
    let Some(provided) = &variable.provided else {
        let why = format!("{} {name} is not in the stream, and nothing in it makes it", store.kind());
        let remedy = format!("add it, or say what it has: {}", external(*store, name, key));
        return (!may_miss).then_some(Proof::Missing { why, remedy, pointer });
    };
    match provided.content(key) {
        Some(content) => Some(by_content(content, key, &provided.short_title(), pointer)),
        None if provided.open() => Some(Proof::Open(provided.title())),
        None if may_miss => None,
        None => {
            let why = format!("{} has no key `{key}`", provided.title());
            let close = suggest::closest(key, provided.keys().map(|(key, _)| key));
            let remedy =
                close.map_or("add the key".to_owned(), |other| suggest::did_you_mean(&format!("its key `{other}`")));
            Some(Proof::Missing { why, remedy, pointer })
        }
    }
}

/// The entry of `external` that would tell of a key.
pub(super) fn external(store: Store, name: &str, key: &str) -> String {
    match key.is_empty() {
        true => format!("external: [{{{}: {name}}}]", field(store)),
        false => format!("external: [{{{}: {name}, keys: [{key}]}}]", field(store)),
    }
}

/// How the spec names one.
fn field(store: Store) -> &'static str {
    match store {
        Store::ConfigMap => "configMap",
        Store::Secret => "secret",
    }
}

/// Whether the value is an address with which a password mostly stands: `DATABASE_URL`.
fn may_hold_a_password(name: &str) -> bool {
    let words = addresses::words(name);
    let of_store =
        ["DATABASE", "DB", "POSTGRES", "POSTGRESQL", "PG", "MYSQL", "MONGO", "MONGODB", "REDIS", "AMQP", "RABBITMQ"];
    match words.last().map(String::as_str) {
        Some("DSN") => true,
        Some("URL" | "URI") => words.iter().any(|word| of_store.contains(&word.as_str())),
        _ => false,
    }
}

/// How a container could get a variable that nothing gives it.
fn remedy(judge: &Judge<'_>, name: &str) -> String {
    let Judge { spec, providers, view, .. } = judge;
    for source in &view.sources {
        // What the spec wants by another name is no misspelling.
        let mut given = source.variables();
        given.retain(|given| !spec.names(given));
        if let Some(other) = suggest::closest(name, given.iter().map(String::as_str)) {
            return suggest::did_you_mean(&format!("`{other}`, which {} gives", source.title()));
        }
    }
    let has = |keys: &Keys| keys.get(name).is_some_and(|content| content != Content::Binary);
    let holders = providers.around(&view.object).filter(|(.., keys)| has(keys));
    if let Some((called, store)) = holders.map(|(store, called, _)| (called, store)).min() {
        return format!("{} {called} has it: name it under `envFrom: [{{{}: {called}}}]`", store.kind(), field(store));
    }
    let mut fitting = view.sources.iter().filter(|source| name.starts_with(&source.prefix));
    let key = |source: &Source<'_>| name.strip_prefix(&source.prefix).unwrap_or(name).to_owned();
    if let Some(source) = fitting.clone().find(|source| source.provided.is_none()) {
        let entry = external(source.store, &source.name, &key(source));
        return format!("{} of envFrom is not in the stream: add it, or say what it has: {entry}", source.title());
    }
    // A secret belongs into a Secret, and what is none where people can read it.
    let promise = secret_names::promise(name);
    let is_secret = promise.is_some_and(|promise| !matches!(promise, Promise::Perhaps(_)));
    let wanted = if promise.is_some() || may_hold_a_password(name) { Store::Secret } else { Store::ConfigMap };
    let best = fitting.clone().rfind(|source| source.store == wanted);
    match best.or_else(|| fitting.next_back()) {
        Some(source) if source.store != wanted && is_secret => {
            format!("add it to a Secret, and name that under `envFrom`: {} is for what is no secret", source.title())
        }
        Some(source) if source.provided.as_ref().is_some_and(Provided::declared) => {
            format!("add `{}` to {}, and to its keys under `external`", key(source), source.title())
        }
        Some(source) if source.store != wanted => format!("give it under `env`, or add it to {}", source.title()),
        Some(source) => format!("add it to {}, or under `env`", source.title()),
        None => "give it under `env`, or name what has it under `envFrom`".to_owned(),
    }
}
