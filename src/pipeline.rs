//! A config that is ready to run, and its run.

use std::collections::HashSet;

use krmor_core::ambiguous;
use krmor_core::config::GROUP;
use krmor_core::facts::Facts;
use krmor_core::pods;
use krmor_core::references;
use krmor_core::report::{Finding, ObjectId, Place, Report, Rule, Severity};
use krmor_core::rules;
use krmor_core::stream::Stream;
use krmor_core::text;
use krmor_core::validity;
use krmor_core::workload::{PodTemplateRow, Row, Table};
use krmor_functions::{Function, Phase, Run};
use krmor_yaml::Kind;

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
    /// Where pods live, with those rows.
    pub workloads: Table,
    /// Where objects name others, with the user's rows.
    pub references: references::Table,
    /// A stream without workloads is right, although functions are for workloads.
    pub allow_none: bool,
    /// The stream is a part of one: what the config is for may be in the rest.
    pub partial: bool,
    /// Nothing may be changed: what a run would change is an error.
    pub check: bool,
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

const WOULD_CHANGE_REMEDY: &str = "run the same config as a mutator before, or write it so";

/// Findings about what the rest of a stream may have.
const MAY_BE_ELSEWHERE: [&Rule; 4] =
    [&rules::UNMATCHED_TARGET, &rules::UNMATCHED_ROW, &rules::NO_WORKLOADS, &rules::UNUSED_EXCEPTION];

impl Pipeline {
    /// Takes over what a caller says besides the config.
    pub fn learn(&mut self, schemas: Vec<Row>, allow_none: bool) {
        for row in schemas {
            self.workloads.add_schema(row);
        }
        self.allow_none |= allow_none;
    }

    /// Runs the functions over the stream. The stream's changes count only when the outcome is [`Outcome::Ok`].
    pub fn run(&self, stream: &mut Stream, report: &mut Report) -> Outcome {
        let mut workloads = self.workloads.clone();
        for row in stream.schemas() {
            workloads.add_schema(row);
        }
        stream.set_workloads(workloads);
        stream.set_references(self.references.clone());
        self.judge_input(stream, report);
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
        if self.check {
            report.begin("");
            for change in &report.changes.clone() {
                let (object, document, pointer) = (change.object, change.document, change.path.clone());
                let place = Place::Object { object, document, pointer };
                let message = text::proposal(stream, change, false);
                report.record(Finding::new(&rules::WOULD_CHANGE, place, message, WOULD_CHANGE_REMEDY));
            }
        }
        if self.partial {
            report.findings.retain(|finding| !MAY_BE_ELSEWHERE.contains(&finding.rule));
        }
        self.outcome(report)
    }

    /// Reports what keeps any function from judging the stream; no policy of theirs turns it down.
    fn judge_input(&self, stream: &Stream, report: &mut Report) {
        report.record_once(ambiguous::findings(stream));
        for (number, document) in stream.documents().iter().enumerate() {
            if document.root().kind() == Kind::Seq && !stream.is_list() {
                let message = format!("document {} is a list, and no object", number + 1);
                let remedy = "write each item as a document of its own, or as an item of a `List`";
                report.record(Finding::new(&rules::NO_OBJECT, Place::Stream, message, remedy));
            }
        }
        let local: Vec<&String> =
            stream.local().iter().filter(|(_, has_pods)| *has_pods).map(|(name, _)| name).collect();
        if !local.is_empty() {
            let names = text::few(local.len(), &mut local.iter().map(ToString::to_string), ", ");
            let message = format!("`config.kubernetes.io/local-config` passes over workloads: {names}");
            let remedy = "take the annotation off what is to run, or leave out of the input what is not: kubectl and Helm do not know it";
            // kpt and kustomize, who hand over ResourceLists, keep such objects to themselves; nobody else does.
            let severity = if stream.is_list() { Severity::Warning } else { Severity::Error };
            report.record(Finding::new(&rules::LOCAL_WORKLOAD, Place::Stream, message, remedy).with_severity(severity));
        }
        report.record_once(pods::unmatched_rows(&self.pod_templates, stream));
        for config in stream.objects().filter(|object| object.group() == GROUP) {
            let message = "this is a config of krmor, and no object for a cluster";
            let remedy = "leave it out of the input, or annotate it with `config.kubernetes.io/local-config: \"true\"`";
            report.record(Finding::new(&rules::CONFIG_AS_INPUT, config.at(""), message, remedy));
        }
        // Nothing is hardened where there is nothing: the stream is likely another one than was meant.
        let for_workloads = |step: &&Step| matches!(step.function.phase, Phase::Containers | Phase::Security);
        let Some(step) = self.steps.iter().find(for_workloads).filter(|_| !self.allow_none) else { return };
        let facts = Facts::of(stream);
        if facts.pods().is_empty() && facts.pod_problems().is_empty() && stream.objects().next().is_some() {
            let message = format!("{} is for workloads, and the stream has none", step.function.kind);
            let remedy =
                "call it on the stream that has them, or say `--allow-none`, or `allowNone: true` in the Pipeline";
            report.record(Finding::new(&rules::NO_WORKLOADS, Place::Stream, message, remedy));
        }
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
