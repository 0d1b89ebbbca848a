//! `Exposure`: makes programs reachable from outside by routes of the Gateway API, an Ingress or OpenShift Routes.
//!
//! `plan` finds the Service and the port behind each path (`backends`); `existing` finds what exposes the pods already.
//! Each provider (`gateway`, `ingress` with its `controllers`, `route`) says what is wanted, and whose each field of an
//! object that is there is. `shadow` judges the final stream.

mod backends;
mod certificate;
mod check;
mod controllers;
mod existing;
mod gateway;
mod ingress;
mod object;
mod plan;
mod route;
pub mod rules;
mod shadow;
pub mod spec;
pub mod values;

use self::plan::Plan;
use self::spec::Provider;
pub use self::spec::Spec;
use krmor_core::reconcile::Step;
use krmor_core::report::Place;
use krmor_core::report::Report;
use krmor_core::stream::Stream;

/// Exposes what the spec names.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    for step in steps(spec, stream, report).unwrap_or_default() {
        step.apply(stream, report);
    }
}

/// Reports what does not hold in the final stream: all that `apply` looks at, once more, and what only shows when every
/// object is there.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    let mut again = Report::default();
    again.begin(report.function());
    steps(spec, stream, &mut again);
    if let Some(plan) = Plan::of(spec, stream, &mut Report::default()) {
        shadow::judge(&plan, stream, &mut again);
    }
    report.record_once(again.findings);
}

/// What is to be done; `None` when something is wrong, which is reported, or nothing is targeted.
fn steps(spec: &Spec, stream: &Stream, report: &mut Report) -> Option<Vec<Step>> {
    let plan = Plan::of(spec, stream, report)?;
    if spec.tls.is_none() {
        let message = format!("anyone on the way can read and change what {} answers", plan.names(stream));
        let remedy = "add `tls: {}`, or say by `tls: {termination: none}` that it is meant";
        report.add(&rules::PLAIN_HTTP, Place::Config("/tls".to_owned()), message, remedy);
    }
    let found = existing::find(&plan, stream, report)?;
    match spec.provider {
        Provider::Route => route::steps(&plan, stream, &found, report),
        Provider::Ingress => ingress::steps(&plan, stream, &found, report),
        Provider::HttpRoute => gateway::steps(&plan, stream, &found, report),
    }
}
