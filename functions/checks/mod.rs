//! `Checks`: findings about the final stream; nothing is changed.
//!
//! `world` reads the stream once, as all functions of the pipeline left it; each rule of the registry in `rules` looks at
//! it and notes what it finds in `findings`, which knows severities, scope and exceptions.

mod final_stream;
mod findings;
mod pod_security;
mod pools;
mod references;
pub mod rules;
mod secrets;
pub mod spec;
pub mod values;

use self::final_stream::FinalStream;
use self::findings::Findings;
use self::rules::CHECKS;
pub use self::spec::Spec;
use krmor_core::report::Report;
use krmor_core::stream::Stream;

/// Changes nothing: the stream is looked at when it is final.
pub fn apply(_: &Spec, _: &mut Stream, _: &mut Report) {}

/// Runs the rules over the final stream.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    let Some(world) = FinalStream::of(spec, stream, report) else { return };
    let mut findings = Findings::of(&world, report);
    for check in CHECKS {
        findings.begin(check.rule);
        (check.run)(&world, &mut findings);
    }
}
