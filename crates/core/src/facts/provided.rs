//! What the ConfigMaps and Secrets that pods read are known to hold, by the names that pods use.

use super::makers::{Content, Keys, Made, Maker, Name, Store};
use super::references::{is_name, is_well_known};
use super::{Facts, Near, share_context};
use crate::stream::Object;

/// A ConfigMap or Secret that a pod may read, with all that is known of it.
#[derive(Clone, Debug)]
pub struct Provided<'a> {
    /// What it is.
    pub store: Store,
    /// What it is called now: kustomize still follows that name, and where names are final it is the final one.
    pub name: String,
    /// What makes it; nothing when every namespace has it, or the name is a parameter.
    parts: Vec<&'a Maker>,
}

impl<'a> Provided<'a> {
    /// What is known of a key's value; `None` when there is no such key, or none that is known.
    #[must_use]
    pub fn content(&self, key: &str) -> Option<Content> {
        let contents = self.parts.iter().filter_map(|maker| maker.made.keys.get(key));
        contents.min_by_key(|content| *content != Content::Value)
    }

    /// The keys that are known; one may come more than once.
    pub fn keys(&self) -> impl Iterator<Item = (&'a str, Content)> {
        self.parts.iter().flat_map(|maker| maker.made.keys.iter())
    }

    /// Whether it may have more keys than those.
    #[must_use]
    pub fn open(&self) -> bool {
        self.parts.is_empty() || !self.declared() && self.parts.iter().any(|maker| maker.made.open)
    }

    /// Whether a config says all keys that it has.
    #[must_use]
    pub fn declared(&self) -> bool {
        self.parts.iter().any(|maker| maker.object.is_none() && !maker.made.open)
    }

    /// Whether kustomize follows its name in pods: it is itself in the stream, not only what makes it.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.parts.iter().any(|maker| maker.made.stands)
    }

    /// How messages name it and what makes it: `Secret app, made by ExternalSecret app`.
    #[must_use]
    pub fn title(&self) -> String {
        let in_stream = self.parts.iter().find(|maker| maker.object.is_some());
        match in_stream {
            _ if self.stands() || self.parts.is_empty() => self.short_title(),
            Some(maker) => format!("{}, made by {}", self.short_title(), maker.title),
            None => format!("{}, declared under `external`", self.short_title()),
        }
    }

    /// How messages name it.
    #[must_use]
    pub fn short_title(&self) -> String {
        format!("{} {}", self.store.kind(), self.name)
    }
}

/// All that the ConfigMaps and Secrets of a stream are known to be, and those that a config declares beside them.
#[derive(Clone)]
pub struct Providers<'a> {
    facts: Facts<'a>,
    declared: Vec<Maker>,
}

impl<'a> Providers<'a> {
    /// Those of a stream.
    #[must_use]
    pub fn of(facts: Facts<'a>) -> Self {
        Self { facts, declared: Vec::new() }
    }

    /// Adds what comes from outside the stream; `keys` are all that it has, if that is known.
    pub fn declare(&mut self, store: Store, name: &str, keys: Option<impl IntoIterator<Item = String>>) {
        let open = keys.is_none();
        let keys = keys.into_iter().flatten().map(|key| (key, Content::Value)).collect();
        let name = name.to_owned();
        let made = Made { keys, open, ..Made::open(store.kind(), Name::Given(name.clone())) };
        self.declared.push(Maker { object: None, name, made, title: String::new() });
    }

    /// What `from` refers to by `name`, as kustomize would find it.
    #[must_use]
    pub fn find(&self, from: &Object<'_>, store: Store, name: &str) -> Option<Provided<'_>> {
        let candidates: Vec<&Maker> = self.near(from, self.facts.makers().named(store.kind(), name)).collect();
        let called = self.called(from, &candidates, name);
        // A declaration is by the name that the config has, and completes what goes by another now.
        let declared = self.declared.iter().filter(|maker| maker.made.kind == store.kind() && maker.name == name);
        let belongs = |maker: &&Maker| Some(maker.name.as_str()) == called;
        let parts: Vec<&Maker> = candidates.iter().copied().filter(belongs).chain(declared).collect();
        let called = called.or_else(|| parts.first().map(|maker| maker.name.as_str()));
        match called.filter(|_| parts.iter().any(|maker| maker.made.creates)) {
            Some(name) => Some(Provided { store, name: name.to_owned(), parts }),
            None => everywhere(store, name),
        }
    }

    /// What the `name` in a config means: [`Providers::find`], or, where names are final, the one that has got a hash.
    #[must_use]
    pub fn meant(&self, from: &Object<'_>, store: Store, name: &str) -> Option<Provided<'_>> {
        self.find(from, store, name).or_else(|| {
            let mut hashed = self.near(from, self.facts.makers().named_plainly(store.kind(), name));
            let only = hashed.next().filter(|_| hashed.next().is_none())?;
            self.find(from, store, &only.name)
        })
    }

    /// The names of what `from` could refer to, and their keys.
    pub fn around<'s>(&'s self, from: &'s Object<'_>) -> impl Iterator<Item = (Store, &'s str, &'s Keys)> {
        let all = self.near(from, self.facts.makers().all().iter()).chain(&self.declared);
        all.filter_map(|maker| Some((Store::of(maker.made.kind)?, maker.name.as_str(), &maker.made.keys)))
    }

    fn near<'s>(
        &'s self,
        from: &'s Object<'_>,
        makers: impl Iterator<Item = &'a Maker> + 's,
    ) -> impl Iterator<Item = &'a Maker> + 's {
        makers.filter(move |maker| maker.is_near(self.facts, from, None, Near::Certain))
    }

    /// What the candidates for `name` are called now, as [`super::referent`] decides.
    fn called<'m>(&self, from: &Object<'_>, candidates: &[&'m Maker], name: &str) -> Option<&'m str> {
        if let Some(maker) = candidates.iter().find(|maker| maker.name == name) {
            return Some(&maker.name);
        }
        let alike = |maker: &&&Maker| {
            let object = maker.object.and_then(|id| self.facts.stream().object(id));
            object.is_some_and(|object| share_context(&object, from))
        };
        only(candidates.iter()).or_else(|| only(candidates.iter().filter(alike)))
    }
}

/// What every namespace has, and names that someone fills in later: nobody knows what they hold.
fn everywhere<'a>(store: Store, name: &str) -> Option<Provided<'a>> {
    let from_outside = is_well_known(store.kind(), name) || !is_name(name);
    from_outside.then(|| Provided { store, name: name.to_owned(), parts: Vec::new() })
}

/// The one name that all the makers have.
fn only<'m: 'i, 'i>(mut makers: impl Iterator<Item = &'i &'m Maker>) -> Option<&'m str> {
    let first = makers.next()?.name.as_str();
    makers.all(|maker| maker.name == first).then_some(first)
}
