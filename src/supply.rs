//! Where the ConfigMaps and Secrets that pods read come from, and which keys they have.
//!
//! A Secret need not stand in the stream: controllers make Secrets from objects of their own ([`makers`]). Values are
//! never kept, only whether there is one.

pub mod makers;

use std::collections::BTreeMap;

use crate::lookup;
use crate::stream::{Object, ObjectId, Stream};
use crate::yaml::{Kind, Node};

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

/// The keys that are known.
pub type Keys = BTreeMap<String, Content>;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// What it is.
    pub store: Store,
    /// What it is called now: kustomize still follows that name, and where names are final it is the final one.
    pub name: String,
    /// How messages name it: `Secret app, made by ExternalSecret app`.
    pub title: String,
    /// The keys that are known.
    pub keys: Keys,
    /// Whether it may have more keys than those.
    pub open: bool,
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
    pub fn find(&self, stream: &Stream, from: &Object<'_>, store: Store, name: &str) -> Option<Supply> {
        let candidates = self.near(stream, from, self.by_name.get(&(store, name.to_owned())));
        let declared = |entry: &&Entry| entry.object.is_none();
        let called = self.called(stream, from, &candidates, name);
        // A declaration is by the name that the config has, and completes what goes by another now.
        let parts: Vec<&Entry> =
            candidates.into_iter().filter(|entry| declared(entry) || Some(&entry.name) == called.as_ref()).collect();
        let whole = parts.iter().any(|entry| entry.made.creates);
        whole.then(|| supply(store, called.unwrap_or_else(|| name.to_owned()), &parts))
    }

    /// What the `name` in a config means: [`Supplies::find`], or, where names are final, the one that has got a hash.
    #[must_use]
    pub fn meant(&self, stream: &Stream, from: &Object<'_>, store: Store, name: &str) -> Option<Supply> {
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

    /// What the candidates for `name` are called now, as [`lookup::referent`] decides.
    fn called(&self, stream: &Stream, from: &Object<'_>, candidates: &[&Entry], name: &str) -> Option<String> {
        let present = candidates.iter().filter(|entry| entry.object.is_some());
        if present.clone().any(|entry| entry.name == name) {
            return Some(name.to_owned());
        }
        let names = |entries: Vec<&&Entry>| {
            let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            if let [only] = names.as_slice() { Some((*only).to_owned()) } else { None }
        };
        let alike = |entry: &&&Entry| {
            let object = entry.object.and_then(|id| stream.object(id));
            object.is_some_and(|object| lookup::share_context(&object, from))
        };
        names(present.clone().collect()).or_else(|| names(present.filter(alike).collect()))
    }
}

fn is_near(stream: &Stream, from: &Object<'_>, entry: &Entry) -> bool {
    let Some(id) = entry.object else { return true };
    entry.made.everywhere || stream.object(id).is_some_and(|object| lookup::share_namespace(&object, from))
}

fn supply(store: Store, name: String, parts: &[&Entry]) -> Supply {
    let mut keys = Keys::new();
    for (key, content) in parts.iter().flat_map(|entry| &entry.made.keys) {
        let better = keys.get(key).is_none_or(|there| *there != Content::Value);
        if better {
            keys.insert(key.clone(), *content);
        }
    }
    // A declaration that lists keys lists all of them.
    let told = parts.iter().any(|entry| entry.object.is_none() && !entry.made.open);
    let from_stream = parts.iter().filter(|entry| entry.object.is_some());
    let main = from_stream.clone().find(|entry| entry.made.stands).or_else(|| from_stream.clone().next());
    let mut title = format!("{} {name}", store.kind());
    match main {
        None => title.push_str(", declared under `external`"),
        Some(entry) if !entry.made.stands => title.push_str(&format!(", made by {}", entry.maker)),
        Some(_) => {}
    }
    Supply { store, name, title, keys, open: !told && parts.iter().any(|entry| entry.made.open) }
}

/// The keys of a mapping of texts.
pub(crate) fn keys_of(map: Option<Node<'_>>) -> impl Iterator<Item = (String, Content)> {
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
