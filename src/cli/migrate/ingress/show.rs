//! What was done and why, for people and for programs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use similar::TextDiff;

use super::annotations::{Treatment, find};
use super::files::Files;
use super::layers::{Edits, Finding, Told, Walk};
use super::model::text;
use super::proof::Proof;
use super::severity;
use super::write::Changes;
use crate::mask;
use crate::report::Severity;
use crate::text::{mask_spans, plain};
use crate::yaml;

/// Places of the same message beyond so many are counted.
const MOST: usize = 3;

/// What a run found and did.
#[derive(Debug)]
pub(super) struct Outcome {
    findings: Vec<Finding>,
    told: Vec<Told>,
    accepted: Vec<String>,
    proofs: BTreeMap<String, Proof>,
    /// Files, what happens to each, and what for.
    files: Vec<(String, &'static str, String)>,
    any: bool,
}

impl Outcome {
    pub(super) fn of(walk: &Walk<'_>, accepted: &[String]) -> Self {
        let mut findings = walk.findings.clone();
        findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.place.cmp(&b.place)));
        let mut told = walk.told.clone();
        told.sort_by(|a, b| (&a.place, &a.note.name).cmp(&(&b.place, &b.note.name)));
        let any = !walk.edits.documents.is_empty();
        Self { findings, told, accepted: accepted.to_vec(), proofs: BTreeMap::new(), files: Vec::new(), any }
    }

    pub(super) fn prove(&mut self, proofs: BTreeMap<String, Proof>) {
        self.proofs = proofs;
    }

    fn severity(&self, told: &Told) -> Severity {
        severity(told.note.treatment, self.accepted.contains(&told.note.name))
    }

    pub(super) fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
            || self.told.iter().any(|told| self.severity(told) == Severity::Error)
            || self.proofs.values().any(|proof| !proof.differences.is_empty())
    }

    pub(super) fn list(&mut self, files: &Files, changes: &Changes, edits: &Edits) {
        for (path, after) in changes {
            let what = match (files.get(path), after) {
                (_, None) => "removed",
                (None, _) => "added",
                _ => "changed",
            };
            let mut parts = Vec::new();
            for (source, values) in edits.documents.iter().filter(|(source, _)| source.path == *path) {
                let old = files
                    .get(path)
                    .and_then(|file| file.documents.get(source.document))
                    .and_then(|document| document.root().to_value());
                let new: Vec<String> = values.iter().map(title).collect();
                let new =
                    if new.is_empty() { "a part of its main Ingress's routes".to_owned() } else { new.join(", ") };
                parts.push(format!("{} becomes {new}", old.as_ref().map(title).unwrap_or_default()));
            }
            self.files.push((files.name(path), what, parts.join("; ")));
        }
    }

    /// What makes the run fail; what is the same in many places is shown for the first ones.
    pub(super) fn errors(&self) -> String {
        let mut all: Vec<(String, String, String)> = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.severity == Severity::Error) {
            let place =
                finding.place.as_ref().map(|place| format!("{}:{}: ", place.file, place.line)).unwrap_or_default();
            all.push((place, format!("{}  [{}]", finding.message, finding.rule), finding.remedy.clone()));
        }
        for told in self.told.iter().filter(|told| self.severity(told) == Severity::Error) {
            let (message, remedy) = reason(told);
            let (note, place) = (&told.note, &told.place);
            let head = format!("{}:{}: Ingress {}: ", place.file, place.line, told.ingress);
            all.push((head, format!("{}: {message}  [{}]", note.name, note.treatment.name()), remedy));
        }
        for (name, proof) in &self.proofs {
            let remedy = "this is a fault of krmor, which has kept it from being written: tell of it";
            let one =
                |difference: &String| (format!("{name}: {difference}"), "  [proof]".to_owned(), remedy.to_owned());
            all.extend(proof.differences.iter().map(one));
        }
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, message, _) in &all {
            *left.entry(message).or_default() += 1;
        }
        let (mut out, mut shown) = (String::new(), BTreeMap::new());
        for (place, message, remedy) in &all {
            let number = shown.entry(message.as_str()).or_insert(0);
            *number += 1;
            if *number > MOST {
                continue;
            }
            out.push_str(&format!("error: {}\n", plain(&format!("{place}{message}"))));
            let more = left.get(message.as_str()).map_or(0, |all| all.saturating_sub(MOST));
            if more > 0 && *number == MOST {
                out.push_str(&format!("  also: in {more} more places (--report json has all)\n"));
            }
            if !remedy.is_empty() {
                out.push_str(&format!("  fix: {}\n", plain(remedy)));
            }
        }
        let count = all.len();
        out.push_str(&format!(
            "error: {count} {}; nothing was written\n",
            if count == 1 { "finding" } else { "findings" }
        ));
        out
    }

    pub(super) fn text(&self, written: bool) -> String {
        if !self.any {
            let notes: String = self.findings.iter().map(finding_line).collect();
            return format!("{notes}there is nothing to migrate\n");
        }
        let mut out = String::new();
        for (name, what, detail) in &self.files {
            let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            out.push_str(&format!("{}\n", plain(&format!("{what} {name}{detail}"))));
        }
        for told in &self.told {
            let (message, _) = reason(told);
            let (place, note) = (&told.place, &told.note);
            let line = format!(
                "{}: {}:{}: Ingress {}: {}: {message}",
                note.treatment.name(),
                place.file,
                place.line,
                told.ingress,
                note.name
            );
            out.push_str(&format!("{}\n", plain(&line)));
        }
        out.extend(self.findings.iter().map(finding_line));
        let requests: usize = self.proofs.values().map(|proof| proof.requests).sum();
        let count = self.proofs.len();
        let noun = if count == 1 { "set of manifests" } else { "sets of manifests" };
        out.push_str(&format!("proof: {requests} requests to {count} {noun} get the same answers before and after\n"));
        if !written {
            out.push_str("nothing was written: a dry run\n");
        }
        out
    }

    pub(super) fn json(&self, written: bool) -> Value {
        let files: Vec<Value> = self
            .files
            .iter()
            .map(|(name, what, detail)| json!({"file": name, "change": what, "what": detail}))
            .collect();
        let annotations: Vec<Value> = self.told.iter().map(|told| self.told_json(told)).collect();
        let findings: Vec<Value> = self.findings.iter().map(finding_json).collect();
        let proofs: Vec<Value> = self
            .proofs
            .iter()
            .map(|(name, proof)| json!({"manifests": name, "requests": proof.requests, "differences": proof.differences}))
            .collect();
        json!({"written": written && self.any, "files": files, "notes": annotations, "findings": findings, "proofs": proofs})
    }

    fn told_json(&self, told: &Told) -> Value {
        let (message, remedy) = reason(told);
        let mut one = Map::new();
        one.insert("ingress".to_owned(), json!(told.ingress));
        one.insert("file".to_owned(), json!(told.place.file));
        one.insert("line".to_owned(), json!(told.place.line));
        one.insert("name".to_owned(), json!(told.note.name));
        one.insert("treatment".to_owned(), json!(told.note.treatment.name()));
        one.insert("message".to_owned(), json!(message));
        if told.note.treatment == Treatment::Lost {
            one.insert("accepted".to_owned(), json!(self.accepted.contains(&told.note.name)));
        }
        if !remedy.is_empty() {
            one.insert("remedy".to_owned(), json!(remedy));
        }
        Value::Object(one)
    }
}

/// What a note says, and the way out.
fn reason(told: &Told) -> (String, String) {
    let note = &told.note;
    match (note.treatment, &note.remedy) {
        (Treatment::Carried, _) => (note.says.clone(), String::new()),
        (_, Some(remedy)) => (note.says.clone(), remedy.clone()),
        (Treatment::Lost, None) => (note.says.clone(), format!("--accept-loss {} lets it go", note.name)),
        (Treatment::Refused, None) => {
            // The table says both in one sentence.
            let both = find(&note.name).map_or(note.says.as_str(), |row| row.says);
            let (message, remedy) = both.split_once(": ").unwrap_or((both, ""));
            (message.to_owned(), remedy.to_owned())
        }
    }
}

fn title(value: &Value) -> String {
    format!("{} {}", text(value, "/kind").unwrap_or_default(), text(value, "/metadata/name").unwrap_or_default())
}

fn finding_line(finding: &Finding) -> String {
    let place = finding.place.as_ref().map(|place| format!("{}:{}: ", place.file, place.line)).unwrap_or_default();
    let line = format!("{}: {place}{}  [{}]", finding.severity.name(), finding.message, finding.rule);
    format!("{}\n  fix: {}\n", plain(&line), plain(&finding.remedy))
}

fn finding_json(finding: &Finding) -> Value {
    let mut one = json!({"rule": finding.rule, "severity": finding.severity.name(), "message": finding.message, "remedy": finding.remedy});
    if let (Some(place), Some(map)) = (&finding.place, one.as_object_mut()) {
        map.insert("file".to_owned(), json!(place.file));
        map.insert("line".to_owned(), json!(place.line));
    }
    one
}

/// The changes as a unified diff, what may be a secret masked.
pub(super) fn difference(files: &Files, changes: &Changes) -> String {
    let mut out = String::new();
    for (path, after) in changes {
        let name = files.name(path);
        let old = files.get(path).map(|file| shown(&file.text)).unwrap_or_default();
        let new = after.as_ref().map(|text| shown(text)).unwrap_or_default();
        let (from, to) = (
            files.get(path).map_or("/dev/null", |_| name.as_str()),
            if after.is_some() { name.as_str() } else { "/dev/null" },
        );
        let diff = TextDiff::from_lines(old.as_str(), new.as_str());
        out.push_str(&plain(&diff.unified_diff().context_radius(3).header(from, to).to_string()));
    }
    out
}

/// A text as a person may see it: Secrets, and the comments in them, are hidden.
fn shown(text: &str) -> String {
    let text = std::sync::Arc::new(text.to_owned());
    let Ok(documents) = yaml::parse(&text) else {
        let lines: Vec<String> = text.lines().map(crate::text::mask_line).collect();
        return lines.join("\n");
    };
    let (mut spans, mut others) = (Vec::new(), Vec::new());
    for root in documents.iter().map(yaml::Document::root) {
        let is = |key: &str, wanted: &str| {
            root.get(key).and_then(yaml::Node::as_str).is_some_and(|text| text.starts_with(wanted))
        };
        if is("kind", "Secret") {
            spans.extend(root.span()); // its comments, too
        } else if is("apiVersion", "gateway.networking.k8s.io/") || root.get("nameReference").is_some() {
            // A reference to a Secret is none.
        } else {
            others.push(root);
            spans.extend(root.get("secretGenerator").and_then(yaml::Node::span));
        }
    }
    spans.extend(mask::hidden_spans(others, &text));
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    mask_spans(&text, &spans)
}
