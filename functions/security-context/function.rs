//! `SecurityContext`: hardens pods and containers to a level of the Pod Security Standards.
//!
//! For each pod: look at it once ([`view`]), hold it against the table of [`checks`], decide about each violation
//! ([`judge`]), [`fill`] what is absent, add [`volumes`], and see that the API would take it ([`validity`]). Only then
//! are the edits made, through the stream's setters.

mod asked;
mod baseline;
mod checks;
pub mod fields;
mod fill;
mod judge;
mod restricted;
pub mod spec;
mod validity;
mod view;
mod volumes;

use self::fill::Demands;
use self::judge::{Edit, Grant, Judge};
pub use self::spec::Spec;
use self::view::{Action, View};
use crate::report::{Report, Severity};
use crate::stream::{ObjectId, Stream};
use crate::target::{Scope, Selected};
use crate::workload::{self, Pod};
use crate::yaml::EditError;

/// Hardens what the spec targets.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let contradictions = spec.contradictions();
    for (field, problem, remedy) in &contradictions {
        report.find_in_stream(Severity::Error, "config", format!("{field}: {problem}"), *remedy);
    }
    let pods = workload::pods(stream, report);
    todo!()
}
