//! A config that is ready to run, and its run.

use std::collections::HashSet;

use krmor_core::references::{self, ReferenceRow};
use krmor_core::report::{Finding, ObjectId, Report, Severity};
use krmor_core::stream::Stream;
use krmor_core::validity;
use krmor_core::workload::{PodTemplateRow, Table};
use krmor_functions::{Function, Run};

/// One function of a pipeline: its name there, what it is, and its spec.
#[derive(Debug)]
pub struct Step {
    /// The key in `spec.functions`, or the kind where the function runs alone.
    pub name: String,
    /// The registry's entry.
    pub function: &'static Function,
    /// The function with its spec.
    pub run: Box<dyn Run>,
}

/// What a config asks for, ready to run.
#[derive(Debug)]
pub struct Pipeline {
    /// Kind and name of the config, for messages: `Pipeline harden`.
    pub title: String,
    /// Findings of this severity and worse make the run fail.
    pub fail_on: Severity,
    /// The user's rows for the table of workloads.
    pub pod_templates: Vec<PodTemplateRow>,
    /// The user's rows for the table of references.
    pub references: Vec<ReferenceRow>,
    /// The functions, in the order they run.
    pub steps: Vec<Step>,
}

/// How a run ended, as the process's exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing of the severity that fails.
    Ok,
    /// Findings, conflicts or broken invariants.
    Findings,
    /// A target that matches nothing, or a config that cannot be right.
    Usage,
}

impl Pipeline {
    /// Runs the functions over the stream. The stream's changes count only when the outcome is [`Outcome::Ok`].
    pub fn run(&self, stream: &mut Stream, report: &mut Report) -> Outcome {
        match Table::with_rows(&self.pod_templates) {
            Ok(table) => stream.set_workloads(table),
            Err(problem) => {
                report.record(problem.into_finding());
                return Outcome::Usage;
            }
        }
        match references::Table::with_rows(&self.references) {
            Ok(table) => stream.set_references(table),
            Err(problem) => {
                report.record(problem.into_finding());
                return Outcome::Usage;
            }
        }
        let mut needed: Vec<HashSet<usize>> = vec![HashSet::new(); self.steps.len()];
        let run: fn(&dyn Run, &mut Stream, &mut Report) = |function, stream, report| function.run(stream, report);
        for each in [
            run,
            |function, stream, report| function.finish(stream, report),
            |function, stream, report| function.judge(stream, report),
        ] {
            for (step, needed) in self.steps.iter().zip(&mut needed) {
                report.begin(&step.name);
                let from = report.findings.len();
                each(&*step.run, stream, report);
                step.run.policy().apply(stream, report, from);
                needed.extend(report.take_needed());
            }
        }
        self.judge_validity(stream, report, &mut needed);
        for (step, needed) in self.steps.iter().zip(&needed) {
            report.begin(&step.name);
            step.run.policy().report_unused(needed, stream, report);
        }
        self.outcome(report)
    }

    /// Records what the API server refuses in the final stream. It is the whole run's: the exceptions and severities of every
    /// step count, each in its turn. What a function has called an error at the same place is not said a second time.
    fn judge_validity(&self, stream: &Stream, report: &mut Report, needed: &mut [HashSet<usize>]) {
        let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let mut said: Vec<(ObjectId, String)> =
            errors.filter_map(|finding| Some((finding.object()?, finding.pointer().to_owned()))).collect();
        said.sort_unstable();
        let is_said = |finding: &Finding| {
            let object = finding.object();
            object.is_some_and(|object| {
                said.binary_search_by(|(id, at)| (*id, at.as_str()).cmp(&(object, finding.pointer()))).is_ok()
            })
        };
        let from = report.findings.len();
        report.begin("");
        report.record_once(validity::findings(stream).into_iter().filter(|finding| !is_said(finding)));
        for (step, needed) in self.steps.iter().zip(needed) {
            step.run.policy().apply(stream, report, from);
            needed.extend(report.take_needed());
        }
    }

    /// What the findings of a report mean for the run.
    #[must_use]
    pub fn outcome(&self, report: &Report) -> Outcome {
        let failing = report.findings.iter().filter(|finding| finding.severity >= self.fail_on);
        let worst = failing.map(|finding| if finding.rule.is_usage() { Outcome::Usage } else { Outcome::Findings });
        worst.max().unwrap_or(Outcome::Ok)
    }
}
