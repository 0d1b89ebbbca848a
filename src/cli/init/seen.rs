//! The workloads that were found, with all that the manifests and what lies beside them tell of each.

use super::beside::{self, Image};
use super::known::{self, Known};
use super::place::At;
use super::sources::Sources;
use crate::facts::Facts;
use crate::pods::{Pod, Role};
use crate::stream::Object;
use crate::yaml::Node;

/// A container.
pub(super) struct Container<'a> {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) at: At,
    pub(super) node: Node<'a>,
    /// Ports of TCP: the name, which may be empty, and the number.
    pub(super) ports: Vec<(String, u16)>,
    pub(super) beside: Image,
    pub(super) known: Option<&'static Known>,
}

/// Something that runs pods.
pub(super) struct Workload<'a> {
    pub(super) object: Object<'a>,
    pub(super) pod: &'a Pod,
    /// Its number among the pods of the stream.
    pub(super) number: usize,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) at: At,
    /// It ends by itself.
    pub(super) ends: bool,
    pub(super) containers: Vec<Container<'a>>,
    /// What tells it from the other workloads, in names of entries; empty where there is one workload only.
    pub(super) suffix: String,
    /// A selector of a config that matches it.
    pub(super) target: String,
}

impl<'a> Workload<'a> {
    /// `Deployment api`.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// Its containers that serve: neither init containers nor sidecars.
    pub(super) fn main(&self) -> impl Iterator<Item = &Container<'a>> {
        self.containers.iter().filter(|one| one.role == Role::Main)
    }

    /// The name of its entry for a function.
    pub(super) fn entry(&self, function: &str) -> String {
        format!("{function}{}", self.suffix)
    }

    pub(super) fn spec(&self) -> Option<Node<'a>> {
        self.pod.spec_node(&self.object)
    }

    /// What a field of its pod says.
    pub(super) fn pod_field(&self, path: &[&str]) -> Option<Node<'a>> {
        self.spec().and_then(|spec| spec.find(path)).filter(|node| !node.is_null())
    }
}

/// All of them, in the order of the manifests.
pub(super) fn workloads<'a>(facts: Facts<'a>, sources: &Sources, images: &[Image]) -> Vec<Workload<'a>> {
    let mut out: Vec<Workload<'a>> = Vec::new();
    for (number, pod, object) in facts.numbered_pods() {
        if object.is_embedded() || !pod.has_spec() {
            continue;
        }
        let (kind, name) = (object.kind().into_owned(), object.name().into_owned());
        let containers =
            pod.containers(&object).into_iter().filter(|one| one.role != Role::Ephemeral).filter_map(|one| {
                let node = one.node(&object)?;
                let image = node.get("image").and_then(Node::as_str).unwrap_or_default().into_owned();
                let beside = beside::of(images, &image, &[&one.name, &name]);
                let (at, known) = (sources.at(&object, &one.pointer), known::of(&image));
                Some(Container { name: one.name, role: one.role, at, ports: ports(node), node, beside, known })
            });
        out.push(Workload {
            at: sources.at(&object, ""),
            ends: pod.runs_to_completion(&object),
            containers: containers.collect(),
            suffix: String::new(),
            target: String::new(),
            object,
            pod,
            number,
            kind,
            name,
        });
    }
    name_them(&mut out, sources);
    out
}

fn ports(container: Node<'_>) -> Vec<(String, u16)> {
    let ports = container.get("ports").into_iter().flat_map(Node::items);
    let tcp = ports.filter(|port| port.get("protocol").and_then(Node::as_str).is_none_or(|protocol| protocol == "TCP"));
    tcp.filter_map(|port| {
        let number = port.get("containerPort")?.as_int()?;
        Some((port.get("name").and_then(Node::as_str).unwrap_or_default().into_owned(), u16::try_from(number).ok()?))
    })
    .collect()
}

/// Gives each the suffix of its entries and its selector: by name and kind, and by namespace where these are not enough.
fn name_them(all: &mut [Workload<'_>], sources: &Sources) {
    let several = all.len() > 1;
    let ids: Vec<(String, String, String)> =
        all.iter().map(|one| (one.name.clone(), one.kind.clone(), one.object.namespace().into_owned())).collect();
    for (number, one) in all.iter_mut().enumerate() {
        let twins =
            |same: &dyn Fn(&(String, String, String)) -> bool| ids.iter().filter(|other| same(other)).count() > 1;
        let Some(own) = ids.get(number) else { continue };
        let by_name = twins(&|other| other.0 == own.0);
        let by_kind = twins(&|other| other.0 == own.0 && other.1 == own.1);
        let mut parts = vec![own.0.clone()];
        parts.extend(by_name.then(|| own.1.to_lowercase()));
        parts.extend((by_kind && !own.2.is_empty()).then(|| own.2.clone()));
        if several {
            // A name in a manifest may hold anything.
            let letters = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let name: String = parts.join("-").chars().map(letters).collect();
            one.suffix = format!("-{}", name.trim_matches('-'));
        }
        let namespace = if by_kind && !own.2.is_empty() {
            format!(", namespace: {}", super::page::quoted(&own.2))
        } else {
            String::new()
        };
        let (name, kind) = (super::page::quoted(&sources.pattern(&own.0)), super::page::quoted(&own.1));
        one.target = format!("{{name: {name}, kind: {kind}{namespace}}}");
    }
}
