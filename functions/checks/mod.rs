//! `Checks`: findings about the final stream; nothing is changed.
//!
//! `world` reads the stream once, as all functions of the pipeline left it; each rule of the registry in `rules` looks at
//! it and notes what it finds in `findings`, which knows severities, scope and exceptions.

mod findings;
mod pod_security;
mod pools;
mod references;
pub mod rules;
mod secrets;
pub mod spec;
pub mod values;
mod world;

use self::findings::Findings;
use self::rules::RULES;
pub use self::spec::Spec;
use self::world::World;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::Stream;

/// Refuses a spec that cannot be right; the stream is looked at when it is final.
pub fn apply(spec: &Spec, _: &mut Stream, report: &mut Report) {
    report.contradicts(spec.contradictions());
}

/// Runs the rules over the final stream.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    if !spec.contradictions().is_empty() {
        return;
    }
    if let Err(problem) = look(spec, stream, report) {
        report.find_in_stream(Severity::Error, "config", format!("spec.{problem}"), "correct the selector");
    }
}

fn look(spec: &Spec, stream: &Stream, report: &mut Report) -> Result<(), String> {
    let world = World::of(spec, stream, report)?;
    let mut findings = Findings::of(spec, &world, report)?;
    for rule in RULES {
        findings.begin(rule);
        (rule.check)(&world, &mut findings);
    }
    findings.report_unused();
    Ok(())
}
