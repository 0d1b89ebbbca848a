//! `Availability`: how many pods a workload has, where they run, and how they are replaced and evicted.
//!
//! `facts` joins the workloads of the stream with what scales, covers and claims; the functions of `autoscaling`, `keda`,
//! `budget`, `placement` and `wishes` make what the spec asks for and leave what the user wrote. `judge` then says of the final
//! stream what does not hold: it alone reports conflicts and broken invariants, so that each is said once.

mod autoscaling;
mod budget;
mod facts;
mod judge;
pub mod keda;
pub mod metrics;
mod placement;
mod problems;
mod requests;
mod rollout;
pub mod rules;
mod runner;
mod shared;
pub mod spec;
pub mod values;
mod wishes;

use self::facts::Facts;
pub use self::judge::judge;
pub use self::spec::Spec;
use krmor_core::report::Report;
use krmor_core::stream::{ObjectId, Stream};
use std::collections::BTreeSet;

/// Makes what the spec asks for, for the workloads that it targets.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let facts = Facts::of(stream, report);
    let selected = facts.select(spec, stream, report);
    let targets: BTreeSet<ObjectId> = selected.iter().map(|workload| workload.id).collect();
    for workload in selected {
        for wish in wishes::of(spec, stream, &facts, workload) {
            wish.fulfil(spec, stream, report);
        }
        if let Some(scaling) = &spec.autoscaling {
            autoscaling::autoscale(scaling, &facts, workload, stream, report);
        }
        if let Some(budget) = &spec.budget {
            budget::protect(budget, &facts, &targets, workload, stream, report);
        }
        placement::place(spec, &facts, workload, stream, report);
    }
}
