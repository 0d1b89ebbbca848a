//! Which of several objects of one name another one means, and which namespace is meant by none.

use crate::stream::{Object, PREVIOUS_NAMESPACES, Stream};

/// The prefixes and suffixes that an object has been given, which it shares with what refers to it.
pub const CONTEXT: [&str; 2] = ["internal.config.kubernetes.io/prefixes", "internal.config.kubernetes.io/suffixes"];

/// What an object without a namespace is near to. Such an object goes to the namespace of the call that applies it,
/// which nobody knows here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near {
    /// It is in `default`, and near to nothing else: for what edits, which must not take one thing for another.
    Certain,
    /// It may be anywhere: for what only judges, which must not call missing what may be there.
    Possible,
}

impl Near {
    /// Whether two objects are in one namespace.
    #[must_use]
    pub fn share(self, a: &Object<'_>, b: &Object<'_>) -> bool {
        self.is_free(a) || self.is_free(b) || share_namespace(a, b)
    }

    /// Whether an object is in a namespace.
    #[must_use]
    pub fn within(self, object: &Object<'_>, namespace: &str) -> bool {
        self.is_free(object) || is_same(&object.namespace(), namespace)
    }

    fn is_free(self, object: &Object<'_>) -> bool {
        self == Near::Possible && object.namespace().is_empty()
    }
}

/// The namespaces that an object is in, and was before earlier kustomizations.
pub(super) fn places(object: &Object<'_>) -> Vec<String> {
    let before = object.annotation(PREVIOUS_NAMESPACES).unwrap_or_default();
    let before = before.split(',').filter(|one| !one.is_empty());
    let mut all: Vec<String> = std::iter::once(&*object.namespace()).chain(before).map(str::to_owned).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether two objects are in one namespace. Where they were before earlier kustomizations does not count: the API server
/// will never know it.
#[must_use]
pub fn share_namespace(a: &Object<'_>, b: &Object<'_>) -> bool {
    is_same(&a.namespace(), &b.namespace())
}

/// Whether the object is, or was before earlier kustomizations, in a namespace that a text names: kustomize brings up to
/// date what it knows for references, and later. Who looks for one object asks [`nearest`].
#[must_use]
pub fn in_namespace(object: &Object<'_>, namespace: &str) -> bool {
    let same = |own: &str| is_same(own, namespace);
    same(&object.namespace()) || object.annotation(PREVIOUS_NAMESPACES).is_some_and(|list| list.split(',').any(same))
}

/// Nothing stands for `default`.
fn is_same(a: &str, b: &str) -> bool {
    let plain = |name: &str| name == "default" || name.is_empty();
    a == b || (plain(a) && plain(b))
}

/// Those that are in a namespace; where there are none, those that were there before earlier kustomizations.
#[must_use]
pub fn nearest<'a>(candidates: impl Iterator<Item = Object<'a>>, namespace: &str) -> Vec<Object<'a>> {
    let mut all: Vec<_> = candidates.filter(|object| in_namespace(object, namespace)).collect();
    let is_there = |object: &Object<'_>| is_same(&object.namespace(), namespace);
    if all.iter().any(is_there) {
        all.retain(is_there);
    }
    all
}

/// Those that are in the namespace of an object; where there are none, those that were beside it before earlier
/// kustomizations.
#[must_use]
pub fn beside<'a>(candidates: impl Iterator<Item = Object<'a>>, from: &Object<'_>) -> Vec<Object<'a>> {
    let own = from.namespace();
    let mut all: Vec<_> =
        candidates.filter(|object| in_namespace(object, &own) || in_namespace(from, &object.namespace())).collect();
    if all.iter().any(|object| share_namespace(object, from)) {
        all.retain(|object| share_namespace(object, from));
    }
    all
}

/// Whether kustomize has given two objects the same prefixes and suffixes.
#[must_use]
pub fn share_context(a: &Object<'_>, b: &Object<'_>) -> bool {
    CONTEXT.iter().all(|key| a.annotation(key) == b.annotation(key))
}

/// The object of a group and kind that `from` refers to by `name`, in its own namespace.
///
/// A present name goes before a previous one. Of several that were called so, kustomize takes the one that has been
/// given the same prefixes and suffixes; when that does not decide, none is found.
#[must_use]
pub fn referent<'a>(stream: &'a Stream, from: &Object<'_>, group: &str, kind: &str, name: &str) -> Option<Object<'a>> {
    choose(from, &beside(stream.named(group, kind, name), from), name)
}

/// Which of several objects that have or had a name another one means by it; see [`referent`].
#[must_use]
pub fn choose<'a>(from: &Object<'_>, candidates: &[Object<'a>], name: &str) -> Option<Object<'a>> {
    let same_context = |object: &&Object<'a>| share_context(object, from);
    let now = candidates.iter().find(|object| object.name() == name);
    match (now, candidates) {
        (Some(object), _) => Some(*object),
        (None, [only]) => Some(*only),
        (None, several) => {
            let mut alike = several.iter().filter(same_context);
            alike.next().copied().filter(|_| alike.next().is_none())
        }
    }
}
