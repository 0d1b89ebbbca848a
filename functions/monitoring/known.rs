//! The monitors and Services that there are, and which of them cover what.

use super::spec::Spec;
use super::times::Interval;
use krmor_core::facts::selections::{By, Selections};
use krmor_core::facts::{Facts, Near, services};
use krmor_core::kube::{LabelKey, LabelValue};
use krmor_core::labels::Labels;
use krmor_core::pods::Pod;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;
use std::cell::RefCell;
use std::collections::HashMap;

pub(super) const GROUP: &str = "monitoring.coreos.com";

/// What makes the two kinds differ.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) by: By,
    pub(super) kind: &'static str,
    /// The list of endpoints in `spec`.
    pub(super) endpoints: &'static str,
}

pub(super) const OF_SERVICE: Shape = Shape { by: By::ServiceMonitor, kind: "ServiceMonitor", endpoints: "endpoints" };
pub(super) const OF_PODS: Shape = Shape { by: By::PodMonitor, kind: "PodMonitor", endpoints: "podMetricsEndpoints" };

/// What selects what, as it was at first and with the monitors that have been made since.
pub(super) struct Known<'s> {
    pub(super) selections: Selections,
    pub(super) scrape_interval: Interval,
    spec: &'s Spec,
    /// By object and place of the pod.
    kins: HashMap<(ObjectId, String), usize>,
    /// By kin, the Services that send to its pods and have the port.
    with_port: RefCell<HashMap<usize, Vec<ObjectId>>>,
}

impl<'s> Known<'s> {
    /// Takes the facts of a stream; monitors that are made later are added.
    pub(super) fn of(stream: &Stream, spec: &'s Spec) -> Self {
        let (facts, selections) = (Facts::of(stream), Facts::of(stream).selections().clone());
        let pods = facts.pods().iter().enumerate();
        let kins =
            pods.filter_map(|(at, pod)| Some(((pod.object, pod.spec.clone()), selections.kin_of(at)?))).collect();
        Self { selections, scrape_interval: Interval::of(stream), spec, kins, with_port: RefCell::default() }
    }

    /// The Services that send to a pod, and those of them that have the port of the config. A port that is added changes
    /// nothing of it: it is added where there is one Service.
    pub(super) fn senders(&self, stream: &Stream, pod: &Pod) -> (Vec<ObjectId>, Vec<ObjectId>) {
        let has_port = |id: &ObjectId| {
            let ports = stream.object(*id).map(|service| services::ports(&service)).unwrap_or_default();
            ports.iter().any(|port| port.name == self.spec.port.as_str())
        };
        let with_port = |all: &[ObjectId]| all.iter().copied().filter(has_port).collect::<Vec<_>>();
        match self.kins.get(&(pod.object, pod.spec.clone())) {
            None => {
                let all = self.selections.services_of(stream, pod);
                let with_port = with_port(&all);
                (all, with_port)
            }
            Some(kin) => {
                let all = self.selections.services_of_kin(stream, pod, *kin);
                let mut known = self.with_port.borrow_mut();
                (all.to_vec(), known.entry(*kin).or_insert_with(|| with_port(all)).clone())
            }
        }
    }

    pub(super) fn add(&mut self, shape: Shape, monitor: &Object<'_>) {
        self.selections.add(shape.by, monitor);
    }

    /// The monitors of a kind that select what has these labels in the object's namespace, and that the Prometheus of the
    /// config reads.
    pub(super) fn covering(
        &self,
        shape: Shape,
        object: &Object<'_>,
        labels: &Labels<'_>,
        stream: &Stream,
    ) -> Vec<ObjectId> {
        let mut all = self.selections.over(stream, shape.by, object, labels, Near::Certain);
        all.retain(|&monitor| stream.object(monitor).is_some_and(|monitor| self.is_read(&monitor)));
        all
    }

    fn is_read(&self, monitor: &Object<'_>) -> bool {
        let has = |(key, value): (&LabelKey, &LabelValue)| {
            let own = monitor.root().find(&["metadata", "labels", key.as_str()]).and_then(Node::as_str);
            own.is_some_and(|own| own == value.as_str())
        };
        self.spec.instance.is_none() || self.spec.labels.iter().all(has)
    }
}
