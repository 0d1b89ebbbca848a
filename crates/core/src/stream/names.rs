//! Names that objects have and had, and the index of a stream by them.
//!
//! kustomize calls functions when names have their prefixes and suffixes and references have not: `envFrom` may say `cfg`
//! while the ConfigMap is already called `pre-cfg`. It notes what a name was in annotations, which go when it is done.

use std::collections::HashMap;

use super::{Object, ObjectId, Stream};

/// Names the object had before earlier kustomizations, commas between.
pub const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// Kinds the object had before earlier kustomizations, commas between.
pub const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
/// Namespaces the object had before earlier kustomizations, commas between.
pub const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";

impl Object<'_> {
    /// What it is called, and what it was called before earlier kustomizations; each once.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let (now, before) = (self.name(), self.annotation(PREVIOUS_NAMES).unwrap_or_default());
        let before = before.split(',').filter(|name| !name.is_empty());
        let mut names: Vec<String> = before.chain([&*now]).map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether `name` is what it is called, or was called before earlier kustomizations.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let had = |list: &str| list.split(',').any(|old| old == name);
        self.name() == name || self.annotation(PREVIOUS_NAMES).is_some_and(|list| had(&list))
    }
}

/// The objects of a stream by their kind, and by the names they have and had: streams hold thousands.
#[derive(Debug, Default)]
pub(super) struct Names {
    kinds: HashMap<String, Vec<ObjectId>>,
    called: HashMap<(String, String), Vec<ObjectId>>,
    /// By kind, present name and namespace: of one name there may be as many as namespaces.
    here: HashMap<(String, String, String), Vec<ObjectId>>,
}

/// A namespace, where nothing stands for `default`.
pub(super) fn plain(namespace: &str) -> &str {
    if namespace == "default" { "" } else { namespace }
}

impl Names {
    /// Reads a stream once.
    pub(super) fn of(stream: &Stream) -> Self {
        let mut names = Self::default();
        stream.objects().for_each(|object| names.add(&object));
        names
    }

    /// Adds an object that stands behind all others.
    pub(super) fn add(&mut self, object: &Object<'_>) {
        let kind = object.kind().into_owned();
        for name in object.names() {
            self.called.entry((kind.clone(), name)).or_default().push(object.id());
        }
        let here = (kind.clone(), object.name().into_owned(), plain(&object.namespace()).to_owned());
        self.here.entry(here).or_default().push(object.id());
        self.kinds.entry(kind).or_default().push(object.id());
    }

    /// The objects of a kind of any group, in the stream's order.
    pub(super) fn of_kind(&self, kind: &str) -> &[ObjectId] {
        self.kinds.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// The objects of a kind of any group that have the name in a namespace, in the stream's order.
    pub(super) fn here(&self, kind: &str, name: &str, namespace: &str) -> &[ObjectId] {
        let here = (kind.to_owned(), name.to_owned(), plain(namespace).to_owned());
        self.here.get(&here).map(Vec::as_slice).unwrap_or_default()
    }

    /// The objects of a kind of any group that have or had the name, in the stream's order.
    pub(super) fn named(&self, kind: &str, name: &str) -> &[ObjectId] {
        self.called.get(&(kind.to_owned(), name.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }
}
