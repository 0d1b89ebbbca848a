//! Finds the object that another one names, as it is named now or was before earlier kustomizations.
//!
//! kustomize calls functions when names have their prefixes and suffixes and references have not: `envFrom` may say `cfg`
//! while the ConfigMap is already called `pre-cfg`. It notes what a name was in annotations, which go when it is done.

use crate::stream::{Object, Stream};
pub use crate::stream::{PREVIOUS_KINDS, PREVIOUS_NAMES, PREVIOUS_NAMESPACES};

/// The prefixes and suffixes it has been given, which it shares with what refers to it.
const CONTEXT: [&str; 2] = ["internal.config.kubernetes.io/prefixes", "internal.config.kubernetes.io/suffixes"];

/// Whether `name` is what the object is called, or was called before earlier kustomizations.
#[must_use]
pub fn is_named(object: &Object<'_>, name: &str) -> bool {
    object.name() == name || had(object, PREVIOUS_NAMES, name)
}

/// What the object is called, and what it was called before; each once.
pub fn names(object: &Object<'_>) -> Vec<String> {
    let (now, before) = (object.name(), object.annotation(PREVIOUS_NAMES).unwrap_or_default());
    let before = before.split(',').filter(|name| !name.is_empty());
    let mut names: Vec<String> = before.chain([&*now]).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn had(object: &Object<'_>, annotation: &str, word: &str) -> bool {
    object.annotation(annotation).is_some_and(|list| list.split(',').any(|old| old == word))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Class, Report, Why};
    use std::sync::Arc;

    fn object(kind: &str, name: &str, namespace: &str, notes: &[(&str, &str)]) -> String {
        let note = |(key, value): &(&str, &str)| format!("    internal.config.kubernetes.io/{key}: {value}\n");
        let notes = notes.iter().map(note).collect::<Vec<_>>().concat();
        let api = if kind == "Deployment" { "apps/v1" } else { "v1" };
        format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  annotations:\n{notes}"
        )
    }

    fn found(documents: &[String], name: &str) -> Option<String> {
        let stream = Stream::parse(&Arc::new(documents.join("---\n"))).unwrap();
        let from = stream.object(0).unwrap();
        referent(&stream, &from, "", "ConfigMap", name).map(|object| object.name().into_owned())
    }

    #[test]
    fn present_names_go_before_previous_ones() {
        let from = object("Deployment", "pre-app", "a", &[("previousNames", "app"), ("prefixes", "pre-")]);
        let own = object("ConfigMap", "pre-cfg", "a", &[("previousNames", "cfg"), ("prefixes", "pre-")]);
        let other = object("ConfigMap", "x-cfg", "a", &[("previousNames", "cfg"), ("prefixes", "x-")]);
        let plain = object("ConfigMap", "cfg", "a", &[("prefixes", "y-")]);
        let elsewhere = object("ConfigMap", "cfg", "b", &[("prefixes", "y-")]);
        let secret = object("Secret", "cfg", "a", &[("prefixes", "y-")]);
        let find = |rest: &[&String]| found(&[&[&from], rest].concat().into_iter().cloned().collect::<Vec<_>>(), "cfg");
        assert_eq!(find(&[&own]), Some("pre-cfg".to_owned()));
        assert_eq!(find(&[&own, &plain]), Some("cfg".to_owned()));
        assert_eq!(find(&[&other, &own]), Some("pre-cfg".to_owned()), "the one with the same prefix");
        assert_eq!(find(&[&other, &other]), None, "nothing decides");
        assert_eq!(find(&[&elsewhere, &secret]), None);
    }

    #[test]
    fn a_moved_object_is_still_found() {
        let from = object("Deployment", "app", "new", &[("previousNamespaces", "old")]);
        let moved = object("ConfigMap", "cfg", "new", &[("previousNamespaces", "old")]);
        let unmoved = object("ConfigMap", "cfg", "old", &[("prefixes", "y-")]);
        assert_eq!(found(&[from.clone(), moved], "cfg"), Some("cfg".to_owned()));
        assert_eq!(found(&[from, unmoved], "cfg"), Some("cfg".to_owned()));
    }

    #[test]
    fn objects_that_are_added_or_renamed_are_found() {
        let text = object("ConfigMap", "a", "n", &[("previousNames", "old")]);
        let mut stream = Stream::parse(&Arc::new(text)).unwrap();
        let named =
            |stream: &Stream, name: &str| stream.named("", "ConfigMap", name).map(|it| it.id()).collect::<Vec<_>>();
        assert_eq!([named(&stream, "a"), named(&stream, "old"), named(&stream, "b")], [vec![0], vec![0], vec![]]);
        let why = || Why { rule: &crate::rules::CONFIG, reason: "test".into(), class: Class::Added };
        let mut report = Report::default();
        let new = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}});
        stream.emit(&mut report, 0, new, why());
        assert_eq!(named(&stream, "b"), [1]);
        stream.set(&mut report, 1, "/metadata/name", "a".into(), why()).unwrap();
        assert_eq!([named(&stream, "a"), named(&stream, "b")], [vec![0, 1], vec![]]);
        assert_eq!(stream.of_kind("", "ConfigMap").count(), 2);
        assert_eq!(stream.of_kind("apps", "ConfigMap").count(), 0);
    }
}
