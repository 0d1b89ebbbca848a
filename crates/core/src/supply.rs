//! Where the ConfigMaps and Secrets that pods read come from, and which keys they have.
//!
//! A Secret need not stand in the stream: controllers make Secrets from objects of their own ([`makers`]). Values are
//! never kept, only whether there is one.

pub mod makers;

use std::collections::BTreeMap;

use crate::lookup;
use crate::stream::{Object, ObjectId, Stream};
use krmor_yaml::{Kind, Node};

/// What a name refers to.
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
            Store::ConfigMap => "ConfigMap",
            Store::Secret => "Secret",
        }
    }
}

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

/// One object that is, or makes, a ConfigMap or Secret.
#[derive(Clone, Debug)]
struct Entry {
    /// The object; none when a config declares what comes from elsewhere.
    object: Option<ObjectId>,
    /// What the ConfigMap or Secret is called.
    name: String,
    made: makers::Made,
    /// How messages name the object.
    maker: String,
}

/// A ConfigMap or Secret that a pod may read, with all that is known of it.
#[derive(Clone, Debug)]
pub struct Supply<'a> {
    /// What it is.
    pub store: Store,
    /// What it is called now: kustomize still follows that name, and where names are final it is the final one.
    pub name: &'a str,
    parts: Vec<&'a Entry>,
}

impl<'a> Supply<'a> {
    /// What is known of a key's value; `None` when there is no such key, or none that is known.
    #[must_use]
    pub fn content(&self, key: &str) -> Option<Content> {
        let contents = self.parts.iter().filter_map(|entry| entry.made.keys.get(key));
        contents.min_by_key(|content| *content != Content::Value)
    }

    /// The keys that are known; one may come more than once.
    pub fn keys(&self) -> impl Iterator<Item = (&'a str, Content)> {
        self.parts.iter().flat_map(|entry| entry.made.keys.iter())
    }

    /// Whether it may have more keys than those.
    #[must_use]
    pub fn open(&self) -> bool {
        !self.declared() && self.parts.iter().any(|entry| entry.made.open)
    }

    /// Whether a config says all keys that it has.
    #[must_use]
    pub fn declared(&self) -> bool {
        self.parts.iter().any(|entry| entry.object.is_none() && !entry.made.open)
    }

    /// Whether kustomize follows its name in pods: it is itself in the stream, not only what makes it.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.parts.iter().any(|entry| entry.made.stands)
    }

    /// How messages name it and what makes it: `Secret app, made by ExternalSecret app`.
    #[must_use]
    pub fn title(&self) -> String {
        let in_stream = self.parts.iter().find(|entry| entry.object.is_some());
        match in_stream {
            _ if self.stands() => self.short_title(),
            Some(entry) => format!("{}, made by {}", self.short_title(), entry.maker),
            None => format!("{}, declared under `external`", self.short_title()),
        }
    }

    /// How messages name it.
    #[must_use]
    pub fn short_title(&self) -> String {
        format!("{} {}", self.store.kind(), self.name)
    }
}

/// All that the ConfigMaps and Secrets of a stream are known to be.
#[derive(Clone, Debug, Default)]
pub struct Supplies {
    entries: Vec<Entry>,
    /// By what it is called now, or was before earlier kustomizations.
    by_name: BTreeMap<(Store, String), Vec<usize>>,
    /// By what it would be called without kustomize's hash.
    by_plain_name: BTreeMap<(Store, String), Vec<usize>>,
}

impl Supplies {
    /// Reads a stream.
    #[must_use]
    pub fn of(stream: &Stream) -> Self {
        let mut supplies = Self::default();
        for object in stream.objects() {
            let Some(made) = makers::made(&object) else { continue };
            let own = made.name.is_none();
            let name = made.name.clone().unwrap_or_else(|| object.name().into_owned());
            if name.is_empty() || name.ends_with('*') {
                continue; // `generateName`: nothing can refer to it
            }
            let mut names = vec![name.clone()];
            if let Some(previous) = object.annotation(lookup::PREVIOUS_NAMES).filter(|_| own) {
                names.extend(previous.split(',').map(str::to_owned));
            }
            names.sort();
            names.dedup();
            let at = supplies.entries.len();
            for name in names {
                supplies.by_name.entry((made.store, name)).or_default().push(at);
            }
            if let Some(plain) = without_hash(&name).filter(|_| made.stands) {
                supplies.by_plain_name.entry((made.store, plain.to_owned())).or_default().push(at);
            }
            let maker = format!("{} {}", object.kind(), object.name());
            supplies.entries.push(Entry { object: Some(object.id()), name, made, maker });
        }
        supplies
    }

    /// Adds what comes from outside the stream; `keys` are all that it has, if that is known.
    pub fn declare(&mut self, store: Store, name: &str, keys: Option<impl IntoIterator<Item = String>>) {
        let open = keys.is_none();
        let keys = keys.into_iter().flatten().map(|key| (key, Content::Value)).collect();
        let made = makers::Made { keys, open, ..makers::Made::new(store) };
        self.by_name.entry((store, name.to_owned())).or_default().push(self.entries.len());
        self.entries.push(Entry { object: None, name: name.to_owned(), made, maker: String::new() });
    }

    /// What `from` refers to by `name`, as kustomize would find it.
    #[must_use]
    pub fn find(&self, stream: &Stream, from: &Object<'_>, store: Store, name: &str) -> Option<Supply<'_>> {
        let candidates = self.near(stream, from, self.by_name.get(&(store, name.to_owned())));
        let called = called(stream, from, &candidates, name);
        // A declaration is by the name that the config has, and completes what goes by another now.
        let belongs = |entry: &&Entry| entry.object.is_none() || Some(entry.name.as_str()) == called;
        let parts: Vec<&Entry> = candidates.into_iter().filter(belongs).collect();
        let name = called.or_else(|| parts.first().map(|entry| entry.name.as_str()))?;
        parts.iter().any(|entry| entry.made.creates).then_some(Supply { store, name, parts })
    }

    /// What the `name` in a config means: [`Supplies::find`], or, where names are final, the one that has got a hash.
    #[must_use]
    pub fn meant(&self, stream: &Stream, from: &Object<'_>, store: Store, name: &str) -> Option<Supply<'_>> {
        self.find(stream, from, store, name).or_else(|| {
            let hashed = self.near(stream, from, self.by_plain_name.get(&(store, name.to_owned())));
            match hashed.as_slice() {
                [only] => self.find(stream, from, store, &only.name),
                _ => None,
            }
        })
    }

    /// The names of what `from` could refer to, and their keys.
    pub fn around(&self, stream: &Stream, from: &Object<'_>) -> impl Iterator<Item = (Store, &str, &Keys)> {
        let near = move |entry: &&Entry| is_near(stream, from, entry);
        self.entries.iter().filter(near).map(|entry| (entry.made.store, entry.name.as_str(), &entry.made.keys))
    }

    fn near(&self, stream: &Stream, from: &Object<'_>, numbers: Option<&Vec<usize>>) -> Vec<&Entry> {
        let entries = numbers.into_iter().flatten().filter_map(|&at| self.entries.get(at));
        entries.filter(|entry| is_near(stream, from, entry)).collect()
    }
}

/// What the candidates for `name` are called now, as [`lookup::referent`] decides.
fn called<'a>(stream: &Stream, from: &Object<'_>, candidates: &[&'a Entry], name: &str) -> Option<&'a str> {
    let present = candidates.iter().filter(|entry| entry.object.is_some());
    if let Some(entry) = present.clone().find(|entry| entry.name == name) {
        return Some(&entry.name);
    }
    let alike = |entry: &&&'a Entry| {
        let object = entry.object.and_then(|id| stream.object(id));
        object.is_some_and(|object| lookup::share_context(&object, from))
    };
    only(present.clone()).or_else(|| only(present.filter(alike)))
}

/// The one name that all the entries have.
fn only<'a: 'e, 'e>(mut entries: impl Iterator<Item = &'e &'a Entry>) -> Option<&'a str> {
    let first = entries.next()?.name.as_str();
    entries.all(|entry| entry.name == first).then_some(first)
}

fn is_near(stream: &Stream, from: &Object<'_>, entry: &Entry) -> bool {
    let Some(id) = entry.object else { return true };
    entry.made.everywhere || stream.object(id).is_some_and(|object| lookup::share_namespace(&object, from))
}

/// The keys of a mapping of texts.
pub fn keys_of(map: Option<Node<'_>>) -> impl Iterator<Item = (String, Content)> {
    let content = |value: Node<'_>| {
        let empty = value.is_null() || value.as_str().is_some_and(|text| text.is_empty());
        if empty && value.kind() == Kind::Scalar { Content::Empty } else { Content::Value }
    };
    map.into_iter().flat_map(Node::entries).map(move |(key, value)| (key.into_owned(), content(value)))
}

/// The name that a generated ConfigMap or Secret has without its hash: kustomize appends ten of these letters.
fn without_hash(name: &str) -> Option<&str> {
    let (plain, hash) = name.rsplit_once('-')?;
    let is_hash = hash.len() == 10 && hash.bytes().all(|b| b"2456789bcdfghkmt".contains(&b));
    (is_hash && !plain.is_empty()).then_some(plain)
}
