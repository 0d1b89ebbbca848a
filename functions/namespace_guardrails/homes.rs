//! The namespaces of the workloads that the spec targets.

use std::collections::BTreeMap;

use super::spec::Spec;
use krmor_core::report::Finding;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target;

/// A namespace with workloads.
pub(super) struct Home {
    /// Its name; empty where its workloads do not say it.
    pub(super) namespace: String,
    /// The first of the workloads, by kind and name: the order of the stream does not matter.
    pub(super) beside: ObjectId,
}

/// How namespaces are told apart: objects that say none are in `default`.
pub(super) fn key(object: &Object<'_>) -> String {
    let namespace = object.namespace();
    if namespace.is_empty() { "default".to_owned() } else { namespace.into_owned() }
}

/// The namespaces in their order, and what is wrong with the targets. What stands in another object is applied elsewhere.
pub(super) fn of(spec: &Spec, stream: &Stream) -> (BTreeMap<String, Home>, Vec<Finding>) {
    let (selected, problems) = target::pods(&spec.targets, &spec.exclude, stream);
    let objects = selected.iter().filter_map(|selected| stream.object(selected.pod.object));
    let mut objects: Vec<Object<'_>> = objects.filter(|object| !object.is_embedded()).collect();
    objects.sort_by_cached_key(|object| (object.kind().into_owned(), object.name().into_owned()));
    let mut homes = BTreeMap::new();
    for object in objects {
        let home = homes.entry(key(&object)).or_insert(Home { namespace: String::new(), beside: object.id() });
        if home.namespace.is_empty() {
            home.namespace = object.namespace().into_owned();
        }
    }
    (homes, problems)
}
