//! What is said of a migration: files, proof, checklist; and the diff of a dry run. No value is in any of it.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use super::proof::Proof;
use super::sources::Plan;
use super::vault::Checklist;
use super::{Change, Finding, Migration, Options};
use crate::cli::{FOUND, Failure, Result};
use crate::krm;
use crate::mask::MASK;
use crate::text::{few, many, mask_spans, plain};
use crate::yaml::{self, Kind, Node, base64};

/// How many differences are shown of one kustomization.
const SHOWN: usize = 20;

/// Fails where a proof has found a difference.
pub(super) fn proved(proofs: &[Proof]) -> Result<()> {
    let mut message = String::new();
    let mut results = Vec::new();
    for proof in proofs.iter().filter(|proof| !proof.differences.is_empty()) {
        results.extend(proof.differences.iter().map(|one| krm::refusal(&format!("{}: {one}", proof.root))));
        for difference in proof.differences.iter().take(SHOWN) {
            message.push_str(&format!("error: {}: {}\n", plain(&proof.root), plain(difference)));
        }
        if let Some(more) = proof.differences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            message.push_str(&format!("error: {}: and {more} more\n", plain(&proof.root)));
        }
    }
    if message.is_empty() {
        return Ok(());
    }
    message.push_str("error: what is rendered would differ in more than the Secrets; nothing was written\n");
    Err(Failure { results, ..Failure::new(FOUND, message) })
}

/// What is said where nothing is to do.
pub(super) fn nothing(directory: &str) -> Value {
    json!({"directory": directory, "written": false, "files": [], "keys": [], "checklist": [], "proof": [], "notes": []})
}

/// A migration, for a view of it.
pub(super) struct Shown<'a> {
    pub(super) options: &'a Options,
    pub(super) plan: &'a Plan,
    pub(super) migration: &'a Migration,
    pub(super) checklist: &'a Checklist,
}

impl Shown<'_> {
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        let dry = self.options.dry_run;
        for change in &self.migration.changes {
            if dry {
                out.push_str(&self.diff(change));
            } else {
                let done = if change.before.is_some() { "changed" } else { "written" };
                out.push_str(&format!("{done}: {}\n", plain(&change.name)));
            }
        }
        for finding in &self.plan.notes {
            out.push_str(&format!("note: {}; {}\n", finding.line(), plain(&finding.remedy)));
        }
        for proof in &self.migration.proofs {
            out.push_str(&proof_lines(proof));
        }
        match self.checklist.is_empty() {
            true => out.push_str("nothing is to be written to Vault: the placeholders name what is there\n"),
            false => out.push_str(&format!("\n{}", self.checklist.script())),
        }
        if dry {
            out.push_str("\nnothing was written: --dry-run\n");
        }
        out
    }

    pub(super) fn json(&self) -> Value {
        let dry = self.options.dry_run;
        let file = |change: &Change| {
            let mut one = json!({"path": change.name, "new": change.before.is_none()});
            if let Some(map) = one.as_object_mut().filter(|_| dry) {
                map.insert("diff".to_owned(), json!(self.diff(change)));
            }
            one
        };
        let key = |moved: &super::sources::Moved| {
            json!({
                "secret": moved.secret, "key": moved.key, "file": moved.place.file, "line": moved.place.line,
                "vault": {"mount": moved.kv.mount, "path": moved.kv.path, "engine": if moved.kv.v2 { 2 } else { 1 }},
                "base64": moved.encoded,
            })
        };
        let list = self.checklist.iter().map(|(kv, keys)| {
            let commands = Checklist::commands(kv, keys, self.checklist.has_others(kv));
            let commands = commands.iter().map(|(when, command)| json!({"when": when, "command": command}));
            json!({"secret": kv.shown(), "commands": commands.collect::<Vec<_>>()})
        });
        let proof = |proof: &Proof| {
            let secrets = proof.secrets.iter().map(|(secret, by)| json!({"secret": secret, "madeBy": by}));
            json!({
                "root": proof.root, "objects": proof.objects, "same": proof.same, "referrers": proof.referrers,
                "secrets": secrets.collect::<Vec<_>>(), "added": proof.added,
            })
        };
        let note = |finding: &Finding| json!({"message": finding.line(), "remedy": finding.remedy});
        json!({
            "directory": self.options.directory.display().to_string(),
            "written": !dry,
            "files": self.migration.changes.iter().map(file).collect::<Vec<_>>(),
            "keys": self.plan.moved.iter().map(key).collect::<Vec<_>>(),
            "checklist": list.collect::<Vec<_>>(),
            "proof": self.migration.proofs.iter().map(proof).collect::<Vec<_>>(),
            "notes": self.plan.notes.iter().map(note).collect::<Vec<_>>(),
        })
    }

    /// The changed lines of a file, with nothing around them that could tell a value.
    fn diff(&self, change: &Change) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let new = text(&change.after);
        let old = change.before.as_deref().map(text);
        let mut out = format!("--- {}\n+++ {}\n", old.as_ref().map_or("/dev/null", |_| &change.name), change.name);
        let Some(old) = old else {
            out.extend(new.split_inclusive('\n').map(|line| format!("+{}\n", line.trim_end())));
            return out;
        };
        let mut spans = self.plan.hidden.get(&change.path).cloned().unwrap_or_default();
        spans.extend(values(&old));
        spans.sort_by_key(|span| (span.start, span.end));
        let mut new_spans = values(&new);
        new_spans.sort_by_key(|span| (span.start, span.end));
        let (old, new) = (mask_spans(&old, &spans), mask_spans(&new, &new_spans));
        let diff = TextDiff::from_lines(&old, &new);
        let mut last = None;
        for line in diff.iter_all_changes().filter(|line| line.tag() != ChangeTag::Equal) {
            let at = line.old_index().or(line.new_index()).unwrap_or_default();
            if last.is_none_or(|(tag, last)| tag == line.tag() && at > last + 1) {
                out.push_str(&format!("@@ line {} @@\n", at + 1));
            }
            last = Some((line.tag(), at));
            let sign = if line.tag() == ChangeTag::Delete { '-' } else { '+' };
            out.push_str(&format!("{sign}{}\n", without_comment(line.value().trim_end())));
        }
        out
    }
}

/// Where the values of Secrets stand in a text of manifests, but for placeholders.
fn values(text: &str) -> Vec<Range<usize>> {
    // What is no YAML is a file of values, whose places the plan has.
    let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap_or_default();
    let mut spans = Vec::new();
    // A node, and whether it is below the fields of a Secret that hold values.
    let mut open: Vec<(Node<'_>, bool)> = documents.iter().map(|document| (document.root(), false)).collect();
    while let Some((node, hidden)) = open.pop() {
        let is_secret = node.get("kind").and_then(Node::as_str).is_some_and(|kind| kind == "Secret");
        let shown = ["apiVersion", "kind", "metadata", "type", "immutable"];
        open.extend(node.items().map(|item| (item, hidden)));
        for (key, value) in node.entries() {
            open.push((value, hidden || is_secret && !shown.contains(&&*key)));
            if is_secret && key == "metadata" {
                open.extend(value.get("annotations").map(|annotations| (annotations, true)));
            }
        }
        let is_value = hidden && node.kind() == Kind::Scalar && !node.as_str().is_some_and(|text| is_reference(&text));
        spans.extend(node.span().filter(|_| is_value));
    }
    spans
}

fn is_reference(value: &str) -> bool {
    let whole = |text: &str| text.starts_with("<path:") && text.ends_with('>') && text.matches('<').count() == 1;
    whole(value) || base64::decode_text(value).is_some_and(|text| whole(&text))
}

/// A comment on a changed line may be an old value.
fn without_comment(line: &str) -> String {
    let start = if line.trim_start().starts_with('#') { line.find('#') } else { line.find(" #").map(|at| at + 1) };
    match start.and_then(|start| line.get(..start)) {
        Some(code) => format!("{code}# {MASK}"),
        None => line.to_owned(),
    }
}

fn proof_lines(proof: &Proof) -> String {
    let mut out = format!("proved: {}: {}", plain(&proof.root), many(proof.secrets.len(), "Secret"));
    out.push_str(if proof.secrets.len() == 1 { " becomes a reference; of " } else { " become references; of " });
    out.push_str(&many(proof.objects, "other object"));
    out.push_str(&format!(" {} differ", proof.objects - proof.same));
    if !proof.referrers.is_empty() {
        let mut names = proof.referrers.iter().cloned();
        out.push_str(&format!(", in references to Secrets only: {}", few(proof.referrers.len(), &mut names, ", ")));
    }
    out.push('\n');
    for (secret, by) in &proof.secrets {
        out.push_str(&format!("  {}: made by {}\n", plain(secret), plain(by)));
    }
    for added in &proof.added {
        out.push_str(&format!("  new: {}\n", plain(added)));
    }
    out
}
