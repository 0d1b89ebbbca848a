//! The variables that the kubelet defines for Services: `<NAME>_SERVICE_HOST`, `<NAME>_PORT_80_TCP` and their like.

use std::collections::BTreeMap;

use krmor_core::facts;
use krmor_core::pods::Pod;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

/// The Services of a stream.
pub(super) struct Services {
    /// By what their variables begin with.
    by_prefix: BTreeMap<String, Vec<ObjectId>>,
}

impl Services {
    pub(super) fn of(stream: &Stream) -> Self {
        let mut by_prefix: BTreeMap<String, Vec<ObjectId>> = BTreeMap::new();
        for service in stream.objects().filter(|object| object.kind() == "Service" && object.group().is_empty()) {
            let prefix = service.name().to_ascii_uppercase().replace('-', "_");
            by_prefix.entry(prefix).or_default().push(service.id());
        }
        Self { by_prefix }
    }

    /// Whether a pod gets the variable from one of them, or from the API server's, which every pod gets.
    pub(super) fn define(&self, name: &str, stream: &Stream, object: &Object<'_>, pod: &Pod) -> bool {
        if name.starts_with("KUBERNETES_") {
            return true;
        }
        let links = pod.spec_node(object).and_then(|spec| spec.get("enableServiceLinks"));
        let ends = ["_SERVICE_", "_PORT"].into_iter().flat_map(|end| name.match_indices(end));
        let mut prefixes = ends.filter_map(|(at, _)| name.get(..at));
        let near = |id: &ObjectId| stream.object(*id).is_some_and(|service| facts::share_namespace(&service, object));
        links.and_then(Node::as_bool) != Some(false)
            && prefixes.any(|prefix| self.by_prefix.get(prefix).is_some_and(|services| services.iter().any(near)))
    }
}
