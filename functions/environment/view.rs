//! What a container's environment is: its `env` and `envFrom`, and what is known of all they name.

use super::wiring::{Wiring, env_ref, flag, text};
use krmor_core::facts::makers::{Content, Store};
use krmor_core::facts::provided::{Provided, Providers};
use krmor_core::pods::{Container, Pod};
use krmor_core::stream::Object;
use krmor_yaml::{Kind, Node};

/// The environment of one container.
pub(super) struct View<'a> {
    pub(super) object: Object<'a>,
    /// The pod that the container is in.
    pub(super) pod: &'a Pod,
    pub(super) container: Container,
    /// `env`, without items that have no name.
    pub(super) variables: Vec<Variable<'a>>,
    /// `envFrom`, without items that name nothing.
    pub(super) sources: Vec<Source<'a>>,
    /// Fields that should be lists and are not.
    pub(super) malformed: Vec<&'static str>,
}

/// An item of `env`.
pub(super) struct Variable<'a> {
    /// Its index.
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) wiring: Wiring,
    /// What a reference to a key refers to, if it is known.
    pub(super) provided: Option<Provided<'a>>,
}

impl Variable<'_> {
    /// Whether the kubelet leaves it out: it may be absent, and is known to be.
    pub(super) fn is_left_out(&self) -> bool {
        let Wiring::Key { key, optional: Some(true), .. } = &self.wiring else { return false };
        self.provided.as_ref().is_some_and(|provided| !provided.open() && provided.content(key).is_none())
    }
}

/// An item of `envFrom`.
pub(super) struct Source<'a> {
    /// Its index.
    pub(super) at: usize,
    pub(super) store: Store,
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) optional: Option<bool>,
    /// What it refers to, if that is known.
    pub(super) provided: Option<Provided<'a>>,
}

impl Source<'_> {
    /// What is known of the value that it gives a variable; `None` when it has no such key, or none that is known.
    pub(super) fn content(&self, variable: &str) -> Option<Content> {
        self.provided.as_ref()?.content(variable.strip_prefix(&self.prefix)?)
    }

    /// Whether it is known to give the variable.
    pub(super) fn gives(&self, variable: &str) -> bool {
        self.content(variable).is_some_and(|content| content != Content::Binary)
    }

    /// The variables that it is known to give.
    pub(super) fn variables(&self) -> Vec<String> {
        let keys = self.provided.iter().flat_map(Provided::keys).filter(|(_, content)| *content != Content::Binary);
        let mut names: Vec<String> = keys.map(|(key, _)| format!("{}{key}", self.prefix)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether it may give variables that nobody knows of.
    pub(super) fn is_open(&self) -> bool {
        self.provided.as_ref().is_none_or(Provided::open)
    }

    /// How messages name it.
    pub(super) fn title(&self) -> String {
        self.provided.as_ref().map_or_else(|| format!("{} {}", self.store.kind(), self.name), Provided::short_title)
    }
}

impl<'a> View<'a> {
    pub(super) fn of(providers: &'a Providers<'a>, object: Object<'a>, pod: &'a Pod, container: Container) -> Self {
        let find = |store, name: &str| providers.find(&object, store, name);
        let list = |key: &'static str| container.node(&object)?.get(key);
        let items = |key: &'static str| list(key).into_iter().flat_map(Node::items).enumerate();
        let variables = items("env").filter_map(|(at, item)| {
            let (name, wiring) = (text(item.get("name"))?, Wiring::read(item));
            let provided = match &wiring {
                Wiring::Key { store, name, .. } => find(*store, name),
                _ => None,
            };
            Some(Variable { at, name, wiring, provided })
        });
        let sources = items("envFrom").filter_map(|(at, item)| {
            let reference = |store| Some((store, item.get(env_ref(store)).filter(|node| node.kind() == Kind::Map)?));
            let (store, reference) = reference(Store::ConfigMap).or_else(|| reference(Store::Secret))?;
            let name = text(reference.get("name"))?;
            let (prefix, provided) = (text(item.get("prefix")).unwrap_or_default(), find(store, &name));
            Some(Source { at, store, name, prefix, optional: flag(reference.get("optional")), provided })
        });
        let (variables, sources) = (variables.collect(), sources.collect());
        let is_list = |key: &&'static str| list(key).is_none_or(|node| node.is_null() || node.kind() == Kind::Seq);
        let malformed = ["env", "envFrom"].into_iter().filter(|key| !is_list(key)).collect();
        View { object, pod, container, variables, sources, malformed }
    }

    /// How messages name the container.
    pub(super) fn name(&self) -> &str {
        if self.container.name.is_empty() { "the container" } else { &self.container.name }
    }

    /// A pointer below the container.
    pub(super) fn at(&self, below: &str) -> String {
        format!("{}{below}", self.container.pointer)
    }
}
