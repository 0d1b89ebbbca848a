//! `krmor doctor`: what keeps krmor from being called, or undoes what it does, each with the remedy.
//!
//! It reads files and asks tools for their versions; it changes nothing. What it says of stock kustomize is shown in
//! `tests/doctor.rs` with a stock kustomize.

mod builds;
mod callers;
mod calls;
mod configs;
mod functions;
mod kinds;
mod kpt;
mod orchestrators;
pub(super) mod plugins;
mod reach;
mod road;
mod shape;
mod skipped;
mod tools;
pub(super) mod tree;
mod unreferenced;
mod words;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use self::callers::{Callers, How};
use self::tree::Tree;
use super::{FOUND, Form, Result};
use crate::report::Severity;
use crate::text::{many, plain};

/// So many kustomizations deep includes are followed.
const MAX_DEPTH: usize = 200;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Directories whose kustomizations, Kptfiles and Argo CD settings are looked at, with those below.
    #[arg(value_name = "DIR", default_value = ".")]
    directories: Vec<PathBuf>,
    /// The form of the findings on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Form,
    /// Exit with 1 also when there are warnings.
    #[arg(long)]
    strict: bool,
    /// What calls the configs that no kustomization, Kptfile or script is seen to call; `exec` says that every call of
    /// kustomize has --enable-exec.
    #[arg(long, value_name = "HOW")]
    called_by: Vec<How>,
}

/// A file, and the line in it from 1; a path of the machine has no line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: Option<usize>,
}

impl Place {
    /// A file or directory of the machine.
    fn path(path: &Path) -> Self {
        Self { file: path.display().to_string(), line: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// One thing that is wrong, or worth knowing.
#[derive(Debug)]
struct Finding {
    rule: &'static str,
    severity: Severity,
    place: Option<Place>,
    message: String,
    remedy: String,
}

/// What was looked at, and what is the matter with it.
#[derive(Debug, Default)]
struct Diagnosis {
    facts: Vec<(&'static str, String)>,
    findings: Vec<Finding>,
}

impl Diagnosis {
    fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        self.facts.push((name, value.into()));
    }

    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (place, message, remedy) = (place.into(), message.into(), remedy.into());
        self.findings.push(Finding { rule, severity, place, message, remedy });
    }

    fn is_healthy(&self, strict: bool) -> bool {
        self.count(Severity::Error) == 0 && !(strict && self.count(Severity::Warning) > 0)
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let mut diagnosis = Diagnosis::default();
    let tree = Tree::read(&options.directories)?;
    let callers = Callers::read(&options.directories, &options.called_by, &mut diagnosis);
    let calls = calls::judge(&tree, &callers, &mut diagnosis);
    kpt::judge(&tree, &mut diagnosis);
    orchestrators::judge(&tree, &calls, &mut diagnosis);
    skipped::judge(&tree, &mut diagnosis);
    plugins::judge(&calls, &mut diagnosis);
    tools::judge(&mut diagnosis);
    // The worst first; what belongs to one file stays together.
    diagnosis.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.place.cmp(&b.place)));
    let out = match options.format {
        Form::Text => text(&diagnosis, options.strict),
        Form::Json => format!("{}\n", json(&diagnosis, options.strict)),
    };
    anstream::stdout().lock().write_all(out.as_bytes()).map_err(|error| super::unseen(&error))?;
    Ok(if diagnosis.is_healthy(options.strict) { 0 } else { FOUND })
}

fn text(diagnosis: &Diagnosis, strict: bool) -> String {
    let mut out = String::new();
    for finding in &diagnosis.findings {
        let place = finding.place.as_ref().map_or(String::new(), |place| format!("{place}: "));
        let line = format!("{}: {place}{}  [{}]", finding.severity.name(), finding.message, finding.rule);
        out.push_str(&format!("{}\n  fix: {}\n", plain(&line), plain(&finding.remedy)));
    }
    for (name, value) in &diagnosis.facts {
        out.push_str(&format!("{name}: {}\n", plain(value)));
    }
    let errors = diagnosis.count(Severity::Error);
    out.push_str(&match diagnosis.findings.len() {
        0 => "healthy\n".to_owned(),
        _ => format!(
            "{}: {}, {}, {}\n",
            if diagnosis.is_healthy(strict) { "healthy" } else { "not healthy" },
            many(errors, "error"),
            many(diagnosis.count(Severity::Warning), "warning"),
            many(diagnosis.count(Severity::Info), "note"),
        ),
    });
    out
}

fn json(diagnosis: &Diagnosis, strict: bool) -> Value {
    let finding = |finding: &Finding| {
        let mut one = json!({
            "rule": finding.rule,
            "severity": finding.severity.name(),
            "message": finding.message,
            "remedy": finding.remedy,
        });
        if let (Some(Place { file, line }), Some(map)) = (&finding.place, one.as_object_mut()) {
            map.insert("file".to_owned(), json!(file));
            map.extend(line.map(|line| ("line".to_owned(), json!(line))));
        }
        one
    };
    let facts: Map<_, _> = diagnosis.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "healthy": diagnosis.is_healthy(strict),
        "facts": facts,
        "findings": diagnosis.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}
