//! Which of several objects of one name another one means, and which namespace is meant by none.

use crate::stream::{Object, PREVIOUS_NAMESPACES, Stream};

/// The prefixes and suffixes that an object has been given, which it shares with what refers to it.
const CONTEXT: [&str; 2] = ["internal.config.kubernetes.io/prefixes", "internal.config.kubernetes.io/suffixes"];

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
        self.is_free(object) || in_namespace(object, namespace)
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

/// Whether two objects are in one namespace: now, or in the eyes of one that has not been moved yet.
#[must_use]
pub fn share_namespace(a: &Object<'_>, b: &Object<'_>) -> bool {
    in_namespace(a, &b.namespace()) || in_namespace(b, &a.namespace())
}

/// Whether the object is, or was before earlier kustomizations, in `namespace`; nothing stands for `default`.
#[must_use]
pub fn in_namespace(object: &Object<'_>, namespace: &str) -> bool {
    let plain = |name: &str| name == "default" || name.is_empty();
    let same = |own: &str| own == namespace || (plain(own) && plain(namespace));
    same(&object.namespace()) || object.annotation(PREVIOUS_NAMESPACES).is_some_and(|list| list.split(',').any(same))
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
    let named = stream.named(group, kind, name).filter(|object| share_namespace(object, from));
    choose(from, &named.collect::<Vec<_>>(), name)
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
