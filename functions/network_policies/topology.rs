//! Who is there, and what the edges of the config mean for them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::ends::{self, Bearers};
use super::members::Members;
use super::rules;
use super::spec::{Peer, Spec};
use super::values::{End, Span};
use krmor_core::facts::Facts;
use krmor_core::labels::api_selector;
use krmor_core::pods::Pod;
use krmor_core::report::{Place, Report};
use krmor_core::rules as common;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target;
use krmor_yaml::Node;

/// A workload of the stream.
pub(super) struct Workload<'a> {
    pub(super) object: Object<'a>,
    pub(super) pod: &'a Pod,
    /// Selects its pods, as the API writes it; `None` where nothing tells them from others.
    pub(super) selector: Option<LabelSelector>,
    pub(super) uses_host_network: bool,
    /// Whether it gets a NetworkPolicy.
    pub(super) is_target: bool,
    /// Of a Job of `Migration`, the number of its program.
    pub(super) program: Option<usize>,
}

/// One side of an edge.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    /// Its number among the workloads.
    Workload(usize),
    Peer(&'a Peer),
}

impl Side<'_> {
    /// Whether two are the same.
    pub(super) fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Workload(own), Self::Workload(other)) => own == other,
            (Self::Peer(own), Self::Peer(other)) => std::ptr::eq(own, other),
            _ => false,
        }
    }
}

/// In whose policies a connection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Both,
    /// In that of who connects.
    First,
    /// In that of whom it connects to.
    Second,
}

impl Ends {
    /// Whether it is written in the policy of the one that it leads into, or out of.
    pub(super) fn has(self, into: bool) -> bool {
        self != if into { Self::First } else { Self::Second }
    }
}

/// A connection that is allowed; without ports, on every one.
#[derive(Clone)]
pub(super) struct Link<'a> {
    pub(super) from: Side<'a>,
    pub(super) to: Side<'a>,
    pub(super) ports: Vec<Span>,
    pub(super) ends: Ends,
}

impl<'a> Link<'a> {
    /// One that both ends are told of.
    pub(super) fn new(from: Side<'a>, to: Side<'a>, ports: Vec<Span>) -> Self {
        Self { from, to, ports, ends: Ends::Both }
    }
}

/// What peers select, by the peer and the namespace that it is near to.
type Selected = BTreeMap<(*const Peer, Option<String>), Rc<Members>>;

/// The stream and the config.
pub(super) struct World<'a> {
    pub(super) spec: &'a Spec,
    pub(super) stream: &'a Stream,
    pub(super) facts: Facts<'a>,
    /// By kind, namespace and name: the order of the stream does not matter.
    pub(super) workloads: Vec<Workload<'a>>,
    /// Their numbers, by the names that they have and had.
    pub(super) names: BTreeMap<String, Vec<usize>>,
    numbers: BTreeMap<ObjectId, usize>,
    /// Which of them peers select, near a namespace: as far as somebody has asked.
    pub(super) known: RefCell<Selected>,
}

impl<'a> World<'a> {
    /// Finds the workloads; what is wrong with them is reported.
    pub(super) fn of(spec: &'a Spec, stream: &'a Stream, report: &mut Report) -> Self {
        let (selected, problems) = target::pods(&spec.targets, &spec.exclude, stream);
        report.record_once(problems);
        let targets: BTreeSet<ObjectId> = selected.iter().map(|one| one.pod.object).collect();
        let facts = Facts::of(stream);
        let mut workloads: Vec<Workload<'a>> = Vec::new();
        for (_, pod, object) in facts.numbered_pods() {
            // What stands in another object is applied elsewhere, with policies of that place.
            if object.is_embedded() || object.name().is_empty() {
                continue;
            }
            let selector = selector(pod, &object);
            if let Some(other) = workloads.last_mut().filter(|other| other.object.id() == object.id()) {
                // One object with pods of several kinds is selected as a whole, or not at all.
                if other.selector != selector {
                    other.selector = None;
                }
                continue;
            }
            let is_true = |key: &str| pod.spec_node(&object).and_then(|spec| spec.get(key)?.as_bool()) == Some(true);
            let (uses_host_network, is_target) = (is_true("hostNetwork"), targets.contains(&object.id()));
            workloads.push(Workload { object, pod, selector, uses_host_network, is_target, program: None });
        }
        workloads.sort_by_cached_key(|one| {
            (one.object.kind().into_owned(), one.object.namespace().into_owned(), one.object.name().into_owned())
        });
        let (mut names, mut numbers) = (BTreeMap::new(), BTreeMap::new());
        for (number, one) in workloads.iter().enumerate() {
            numbers.insert(one.object.id(), number);
            for name in one.object.names() {
                names.entry(name).or_insert_with(Vec::new).push(number);
            }
        }
        ends::add_migrations(&mut workloads, &mut names);
        Self { spec, stream, facts, workloads, names, numbers, known: RefCell::default() }
    }

    /// The workloads of a name, now or before kustomize changed it.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Workload<'a>> {
        self.names.get(name).into_iter().flatten().filter_map(|number| self.workloads.get(*number))
    }

    /// The number of the workload that an object is.
    pub(super) fn number(&self, object: ObjectId) -> Option<usize> {
        self.numbers.get(&object).copied()
    }

    /// The edges of the config.
    pub(super) fn declared(&self, report: &mut Report) -> Vec<Link<'a>> {
        let mut links = Vec::new();
        for (number, edge) in self.spec.edges.iter().enumerate() {
            let mut bearers = |field: &str, list: &'a [End]| {
                let of = |(at, end): (usize, &'a End)| {
                    let pointer = format!("/edges/{number}/{field}/{at}");
                    Bearers { end, sides: self.bearers(end, &pointer, report), pointer }
                };
                list.iter().enumerate().map(of).collect::<Vec<_>>()
            };
            let (from, to) = (bearers("from", &edge.from), bearers("to", &edge.to));
            let all: Vec<Side<'a>> = from.iter().chain(&to).flat_map(|one| one.sides.iter().copied()).collect();
            let is_inside = |side: &Side<'_>| !matches!(side, Side::Peer(peer) if self.members(peer, None).is_empty());
            let is_empty = |list: &[Bearers<'_>]| list.iter().all(|one| one.sides.is_empty());
            if !is_empty(&from) && !is_empty(&to) && !all.iter().any(is_inside) {
                let message = "no end of this edge is a workload of the stream: nothing is written for it";
                let remedy = "name the workload that is meant, or remove the edge";
                report.add(&rules::OUTSIDE_EDGE, Place::Config(format!("/edges/{number}")), message, remedy);
            }
            let mut pairs: Vec<(Side<'a>, Side<'a>)> = Vec::new();
            for to in &to {
                pairs.extend(from.iter().flat_map(|from| self.joined(from, to, report)));
            }
            // Each once in its order, so that what is wrong with its ports is said once.
            while let Some(&(_, to)) = pairs.first() {
                let (own, others) = pairs.into_iter().partition(|(_, other)| other.is(to));
                pairs = others;
                let Some(ports) = self.ports(to, &edge.ports, &format!("/edges/{number}"), report) else { continue };
                let own: Vec<(Side<'a>, Side<'a>)> = own;
                links.extend(own.into_iter().map(|(from, to)| Link::new(from, to, ports.clone())));
            }
        }
        links
    }

    /// Whether a policy can name a side.
    pub(super) fn is_selectable(&self, side: Side<'_>, report: &mut Report) -> bool {
        let Side::Workload(number) = side else { return true };
        let Some(one) = self.workloads.get(number) else { return false };
        if one.uses_host_network {
            let message = "an edge names it, and its pods have the addresses of their nodes";
            let remedy = "declare these as a peer with `ipBlocks`, and name the peer";
            report.record_once(vec![krmor_core::report::Finding::new(
                &rules::HOST_NETWORK_END,
                one.object.at(&format!("{}/hostNetwork", one.pod.spec)),
                message,
                remedy,
            )]);
            return false;
        }
        if one.selector.is_none() {
            report.record_once(vec![no_labels(one)]);
        }
        one.selector.is_some()
    }
}

pub(super) fn no_labels(one: &Workload<'_>) -> krmor_core::report::Finding {
    let pointer = one.pod.template.as_ref().unwrap_or(&one.pod.spec);
    let message = "no label tells its pods from others";
    let remedy = "give the pod template labels, or exclude it and write its NetworkPolicy by hand";
    krmor_core::report::Finding::new(&rules::NO_LABELS, one.object.at(pointer), message, remedy)
}

/// What selects the pods of a workload: its own selector, else all labels of its pods. One that the API cannot read would
/// come out as one that selects everything.
fn selector(pod: &Pod, object: &Object<'_>) -> Option<LabelSelector> {
    if let Some(selector) = pod.label_selector(object) {
        return api_selector(&selector);
    }
    let labels = pod.labels(object).into_iter().flat_map(Node::entries);
    let labels = labels.filter_map(|(key, value)| Some((key.into_owned(), value.as_str()?.into_owned())));
    let labels = Some(labels.collect()).filter(|labels: &BTreeMap<_, _>| !labels.is_empty())?;
    Some(LabelSelector { match_labels: Some(labels), match_expressions: None })
}

/// A name that cannot be the policy's, too, is refused where it is needed.
pub(super) fn has_fixed_name(object: &Object<'_>, report: &mut Report) -> bool {
    let fixed = !object.name().is_empty() && !object.name().ends_with('*');
    if !fixed {
        let message = "it has no name that the NetworkPolicy's could be made from";
        report.add(&common::NO_NAME, object.at("/metadata"), message, "give it a name");
    }
    fixed
}
