//! Reports in the formats that other tools read.

pub mod junit;
pub mod sarif;

use crate::config::PIPELINE;
use crate::pipeline::Pipeline;
use crate::report::Rule;

/// A rule's name for tools that know many: the kind of the function, which the user's name for it does not tell.
fn rule_id(pipeline: &Pipeline, function: &str, rule: &Rule) -> String {
    let step = pipeline.steps.iter().find(|step| step.name == function);
    format!("{}/{}", step.map_or(PIPELINE, |step| step.function.kind), rule.id)
}
