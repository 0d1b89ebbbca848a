//! Reports in the formats that other tools read.

pub mod junit;
pub mod sarif;

use crate::config::PIPELINE;
use crate::pipeline::Pipeline;
use crate::report::{Finding, ResourceRef, Rule};

/// Where things lie that are not at a line of a file of the input: only a host can look for files.
pub trait Files {
    /// The config's file, relative to where the caller is.
    fn config(&self) -> String;
    /// The line in it of a finding about the config.
    fn config_line(&self, finding: &Finding) -> usize;
    /// A file of the input or of a renderer, relative to where the caller is; `None` where there is no such file.
    fn source(&self, file: &str) -> Option<String>;
    /// The line of that file from which an object comes; its first, where that is not seen.
    fn line(&self, source: &str, object: &ResourceRef) -> usize;
}

/// A rule's name for tools that know many: the kind of the function, which the user's name for it does not tell.
fn rule_id(pipeline: &Pipeline, function: &str, rule: &Rule) -> String {
    let step = pipeline.steps.iter().find(|step| step.name == function);
    format!("{}/{}", step.map_or(PIPELINE, |step| step.function.kind), rule.id)
}
