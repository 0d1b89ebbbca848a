//! What a stream means: one index that every function asks, and that is built once for the stream as it is.
//!
//! - [`makers`]: what makes a ConfigMap, Secret, claim or Service, and [`provided`]: what a name leads to there;
//! - [`references`]: which objects name which others, by the table of [`crate::references`];
//! - [`selections`]: what Services, monitors, budgets and NetworkPolicies select, and [`services`]: by which ports;
//! - [`scalers`]: what sets the number of a workload's pods, or runs them in its place;
//! - [`unlocks`]: what takes a Secret to reach the store of secrets;
//! - [`routes`]: what exposes Services, [`gateways`]: which routes listeners admit, and [`entries`]: every way in from outside;
//! - [`enforcers`]: what else decides which connections pass;
//! - [`counts`]: how many pods there are at most, [`operated`] and [`made`]: those that operators and other controllers make;
//! - [`access`]: what RBAC grants, LimitRanges, labels of Namespaces;
//! - the pods of the stream, and the claims that they mount.
//!
//! Everything is owned: numbers of objects, pointers, names. Values of Secrets are never kept. The first change of the
//! stream drops the index, so a function that edits in a loop takes what it needs first.

pub mod access;
pub mod counts;
pub mod enforcers;
pub mod entries;
pub mod gateways;
pub mod made;
pub mod makers;
mod near;
pub mod operated;
pub mod provided;
pub mod references;
pub mod routes;
pub mod scalers;
pub mod selections;
pub mod services;
pub mod unlocks;

use crate::pods;
use std::sync::OnceLock;

use self::makers::Makers;
pub use self::near::{CONTEXT, Near, beside, choose, in_namespace, nearest, referent, share_context, share_namespace};
use self::references::References;
use self::routes::Routes;
use self::scalers::Scalers;
use self::selections::Selections;
use crate::pods::Pod;
use crate::report::Finding;
use crate::stream::{Object, ObjectId, PREVIOUS_NAMESPACES, Stream};

/// What has been read of a stream so far.
#[derive(Default)]
struct Index {
    pods: OnceLock<(Vec<Pod>, Vec<Finding>)>,
    makers: OnceLock<Makers>,
    references: OnceLock<References>,
    selections: OnceLock<Selections>,
    scalers: OnceLock<Scalers>,
    routes: OnceLock<Routes>,
    /// That objects are or were in, sorted.
    namespaces: OnceLock<Vec<String>>,
}

/// What a stream means, as it is now. Costs nothing to make: what is asked for is read when it is first asked for.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    stream: &'a Stream,
    index: &'a Index,
}

impl<'a> Facts<'a> {
    /// The facts of a stream.
    #[must_use]
    pub fn of(stream: &'a Stream) -> Self {
        Self { stream, index: stream.memo() }
    }

    /// The stream.
    #[must_use]
    pub fn stream(self) -> &'a Stream {
        self.stream
    }

    /// Every pod and pod template, in the stream's order.
    #[must_use]
    pub fn pods(self) -> &'a [Pod] {
        &self.read().0
    }

    /// What looks like a pod template and is in no row, and what a row leads to but is no pod.
    #[must_use]
    pub fn pod_problems(self) -> &'a [Finding] {
        &self.read().1
    }

    fn read(self) -> &'a (Vec<Pod>, Vec<Finding>) {
        self.index.pods.get_or_init(|| pods::pods(self.stream))
    }

    /// Every pod by its number, with its object.
    pub fn numbered_pods(self) -> impl Iterator<Item = (usize, &'a Pod, Object<'a>)> {
        self.pods().iter().enumerate().filter_map(move |(at, pod)| Some((at, pod, self.stream.object(pod.object)?)))
    }

    /// The pods of an object by their numbers: they stand together.
    #[must_use]
    pub fn pods_of(self, object: ObjectId) -> std::ops::Range<usize> {
        let pods = self.pods();
        let first = pods.partition_point(|pod| pod.object < object);
        let behind = pods.partition_point(|pod| pod.object <= object);
        first..behind
    }

    fn namespaces(self) -> &'a [String] {
        self.index.namespaces.get_or_init(|| {
            let all = self.stream.objects().flat_map(|object| {
                let before = object.annotation(PREVIOUS_NAMESPACES).unwrap_or_default();
                before.split(',').chain([&*object.namespace()]).map(str::to_owned).collect::<Vec<_>>()
            });
            let mut all: Vec<String> = all.collect();
            all.sort_unstable();
            all.dedup();
            all
        })
    }

    /// What makes ConfigMaps, Secrets, claims and Services.
    #[must_use]
    pub fn makers(self) -> &'a Makers {
        self.index.makers.get_or_init(|| Makers::of(self))
    }

    /// Which objects name which others.
    #[must_use]
    pub fn references(self) -> &'a References {
        self.index.references.get_or_init(|| References::of(self))
    }

    /// What selects pods and Services.
    #[must_use]
    pub fn selections(self) -> &'a Selections {
        self.index.selections.get_or_init(|| Selections::of(self))
    }

    /// What sets the number of pods.
    #[must_use]
    pub fn scalers(self) -> &'a Scalers {
        self.index.scalers.get_or_init(|| Scalers::of(self))
    }

    /// What exposes Services.
    #[must_use]
    pub fn routes(self) -> &'a Routes {
        self.index.routes.get_or_init(|| Routes::of(self))
    }
}

#[cfg(test)]
mod tests;
