//! What makes ConfigMaps, Secrets, claims and Services: the objects themselves, and those of controllers.
//!
//! A Secret need not stand in the stream: controllers make Secrets from objects of their own. `kinds` says which, one
//! function or row each. Values are never kept, only whether there is one.

mod kinds;
mod operators;

use std::collections::BTreeMap;

use super::{Facts, Near, in_namespace};
use crate::stream::{Object, ObjectId};
use krmor_yaml::{Kind, Node};

pub use self::kinds::{is_sealed, made};

/// The two kinds whose keys pods read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Store {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl Store {
    /// The kind.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Store::ConfigMap => CONFIG_MAP,
            Store::Secret => SECRET,
        }
    }

    /// The one of a kind.
    #[must_use]
    pub fn of(kind: &str) -> Option<Self> {
        [Store::ConfigMap, Store::Secret].into_iter().find(|store| store.kind() == kind)
    }
}

const CONFIG_MAP: &str = "ConfigMap";
const SECRET: &str = "Secret";
const CLAIM: &str = "PersistentVolumeClaim";
const SERVICE: &str = "Service";

/// What is known of the value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// There is one, or will be.
    Value,
    /// It is the empty text.
    Empty,
    /// It is in `binaryData`, which never becomes an environment variable.
    Binary,
}

/// The keys that are known, in order.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<(String, Content)>);

impl Keys {
    /// What is known of a key's value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Content> {
        let at = self.0.binary_search_by(|(other, _)| other.as_str().cmp(key)).ok()?;
        self.0.get(at).map(|(_, content)| *content)
    }

    /// The keys with what is known of their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Content)> {
        self.0.iter().map(|(key, content)| (key.as_str(), *content))
    }
}

/// Of a key that comes more than once the last counts.
impl FromIterator<(String, Content)> for Keys {
    fn from_iter<T: IntoIterator<Item = (String, Content)>>(keys: T) -> Self {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.reverse();
        keys.sort_by(|(key, _), (other, _)| key.cmp(other));
        keys.dedup_by(|(key, _), (other, _)| key == other);
        Self(keys)
    }
}

/// The keys of a mapping of texts.
fn keys_of(map: Option<Node<'_>>) -> impl Iterator<Item = (String, Content)> {
    let content = |value: Node<'_>| {
        let empty = value.is_null() || value.as_str().is_some_and(|text| text.is_empty());
        if empty && value.kind() == Kind::Scalar { Content::Empty } else { Content::Value }
    };
    map.into_iter().flat_map(Node::entries).map(move |(key, value)| (key.into_owned(), content(value)))
}

/// What an object that makes another calls it.
#[derive(Clone, Debug)]
pub enum Name {
    /// So, with its own name in the place of `*`.
    Own(&'static str),
    /// So.
    Given(String),
    /// So, with the number of a pod behind it.
    Numbered(String),
}

/// A ConfigMap, Secret, claim or Service that an object is, or makes.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // four independent facts
pub struct Made {
    /// Its kind, of the core group.
    pub kind: &'static str,
    /// What it is called.
    pub name: Name,
    /// The keys that are known.
    pub keys: Keys,
    /// Whether it may have more.
    pub open: bool,
    /// Whether the object is the ConfigMap or Secret itself.
    pub stands: bool,
    /// Whether it comes into being by this; otherwise keys are added to what something else makes.
    pub creates: bool,
    /// Whether it is made in namespaces other than the object's.
    pub everywhere: bool,
    /// The namespace that it is made in, if a field says so; else it is the object's.
    pub namespace: Option<String>,
}

/// One object that is, or makes, a ConfigMap, Secret, claim or Service.
#[derive(Clone, Debug)]
pub struct Maker {
    /// The object; none when a config declares what comes from elsewhere.
    pub object: Option<ObjectId>,
    /// What the ConfigMap or Secret is called.
    pub name: String,
    /// What it is.
    pub made: Made,
    /// How messages name the object.
    pub title: String,
}

impl Maker {
    /// Whether what is made is where `from` looks: in the namespace `elsewhere`, or else in its own.
    #[must_use]
    pub fn is_near(&self, facts: Facts<'_>, from: &Object<'_>, elsewhere: Option<&str>, near: Near) -> bool {
        let Some(object) = self.object.filter(|_| !self.made.everywhere) else { return true };
        match (&self.made.namespace, elsewhere) {
            (Some(own), Some(namespace)) => own == namespace,
            (Some(own), None) => in_namespace(from, own) || near == Near::Possible && from.namespace().is_empty(),
            (None, Some(namespace)) => facts
                .stream
                .object(object)
                .is_some_and(|object| near.within(&object, namespace) || in_namespace(&object, namespace)),
            (None, None) => facts.stream.object(object).is_some_and(|object| near.share(&object, from)),
        }
    }
}

/// Everything that the objects of a stream make.
#[derive(Debug, Default)]
pub struct Makers {
    all: Vec<Maker>,
    /// By what it is called now, or was before earlier kustomizations.
    by_name: BTreeMap<(&'static str, String), Vec<usize>>,
    /// By what it would be called without kustomize's hash.
    by_plain_name: BTreeMap<(&'static str, String), Vec<usize>>,
}

impl Makers {
    pub(super) fn of(facts: Facts<'_>) -> Self {
        let mut makers = Self::default();
        for object in facts.stream.objects() {
            for made in made(&object) {
                makers.add(&object, made);
            }
        }
        for (_, pod, object) in facts.numbered_pods() {
            for made in kinds::claims(pod, &object) {
                makers.add(&object, made);
            }
        }
        makers
    }

    fn add(&mut self, object: &Object<'_>, made: Made) {
        let mut names = match &made.name {
            Name::Given(name) | Name::Numbered(name) => vec![name.clone()],
            Name::Own(pattern) => object.names().iter().map(|name| pattern.replace('*', name)).collect(),
        };
        let name = match &made.name {
            Name::Given(name) | Name::Numbered(name) => name.clone(),
            Name::Own(pattern) => pattern.replace('*', &object.name()),
        };
        // `generateName`: nothing can refer to it.
        if name.is_empty() || object.name().is_empty() || object.name().ends_with('*') {
            return;
        }
        let at = self.all.len();
        names.dedup();
        for name in names {
            self.by_name.entry((made.kind, name)).or_default().push(at);
        }
        if let Some(plain) = without_hash(&name).filter(|_| made.stands) {
            self.by_plain_name.entry((made.kind, plain.to_owned())).or_default().push(at);
        }
        let title = format!("{} {}", object.kind(), object.name());
        self.all.push(Maker { object: Some(object.id()), name, made, title });
    }

    /// Every one of them, in the stream's order.
    #[must_use]
    pub fn all(&self) -> &[Maker] {
        &self.all
    }

    /// Those of a kind that are called so now, or were before earlier kustomizations.
    pub fn named(&self, kind: &'static str, name: &str) -> impl Iterator<Item = &Maker> {
        self.numbered(self.by_name.get(&(kind, name.to_owned())))
    }

    /// Those of a kind that would be called so without kustomize's hash.
    pub fn named_plainly(&self, kind: &'static str, name: &str) -> impl Iterator<Item = &Maker> {
        self.numbered(self.by_plain_name.get(&(kind, name.to_owned())))
    }

    /// What makes, or gives keys to, an object of this kind and name, but for that object itself.
    pub fn making(&self, kind: &str, name: &str) -> impl Iterator<Item = &Maker> {
        let kind = [CONFIG_MAP, SECRET, CLAIM, SERVICE].into_iter().find(|known| *known == kind).unwrap_or_default();
        // A claim is named after a pod, and a pod has a number.
        let plain = if kind == CLAIM { name.trim_end_matches(|c: char| c.is_ascii_digit()) } else { name };
        self.named(kind, plain).filter(|maker| !maker.made.stands)
    }

    /// What is known of a ConfigMap or Secret that is in the stream.
    #[must_use]
    pub fn standing(&self, object: &Object<'_>) -> Option<&Maker> {
        let store = Store::of(&object.kind())?;
        self.named(store.kind(), &object.name()).find(|maker| maker.made.stands && maker.object == Some(object.id()))
    }

    fn numbered(&self, numbers: Option<&Vec<usize>>) -> impl Iterator<Item = &Maker> {
        numbers.map(Vec::as_slice).unwrap_or_default().iter().filter_map(|&at| self.all.get(at))
    }
}

/// The name that a generated ConfigMap or Secret has without its hash: kustomize appends ten of these letters.
#[must_use]
pub fn without_hash(name: &str) -> Option<&str> {
    let (plain, hash) = name.rsplit_once('-')?;
    let is_hash = hash.len() == 10 && hash.bytes().all(|b| b"2456789bcdfghkmt".contains(&b));
    (is_hash && !plain.is_empty()).then_some(plain)
}
