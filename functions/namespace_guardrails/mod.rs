//! `NamespaceGuardrails`: what the namespaces of workloads may have, and whether the workloads fit.
//!
//! The namespaces are found (`homes`) and get what the spec asks for (`objects`, `levels`). The final stream is then held
//! against every ResourceQuota and LimitRange in it (`judge`): what each pod asks for (`usage`, `ranges`), how often it is
//! there, and what else a quota counts (`counted`, `quotas`).

mod counted;
mod homes;
mod judge;
mod levels;
mod objects;
mod quotas;
mod ranges;
pub mod rules;
pub mod spec;
mod usage;
pub mod values;

pub use self::judge::judge;
pub use self::spec::Spec;
use krmor_core::reconcile;
use krmor_core::report::Report;
use krmor_core::stream::Stream;

/// Gives the namespaces of what the spec targets their guardrails.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    for wanted in objects::wanted(spec, stream, report) {
        reconcile::apply(stream, report, wanted, &objects::ByConfig);
    }
}
