//! The monitors and Services that there are, and which of them cover what.

use krmor_core::facts::selections::{By, Selections};
use krmor_core::facts::{Facts, Near};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

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
pub(super) struct Known(pub(super) Selections);

impl Known {
    /// Takes the facts of a stream; monitors that are made later are added.
    pub(super) fn of(stream: &Stream) -> Self {
        Self(Facts::of(stream).selections().clone())
    }

    pub(super) fn add(&mut self, shape: Shape, monitor: &Object<'_>) {
        self.0.add(shape.by, monitor);
    }

    /// The monitors of a kind that select what has these labels in the object's namespace.
    pub(super) fn covering(
        &self,
        shape: Shape,
        object: &Object<'_>,
        labels: Option<Node<'_>>,
        stream: &Stream,
    ) -> Vec<ObjectId> {
        self.0.over(stream, shape.by, object, labels, Near::Certain)
    }
}
