//! The report for people: every change with its reason, every finding with its remedy.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Change, Finding, Report, Severity};
use crate::krm::{field_path, mask, results};
use crate::stream::Stream;
use crate::yaml::Op;

/// Longest value that a line shows whole.
const MAX_VALUE: usize = 60;

/// Changes and findings, grouped by object.
#[must_use]
pub fn report(stream: &Stream, report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        out.push_str(&self::finding(stream, finding));
    }
    let mut current = None;
    for change in &report.changes {
        if current != Some(change.object) {
            current = Some(change.object);
            let _ = writeln!(out, "{}", title(stream, change));
        }
        let _ = writeln!(out, "  {}", self::change(stream, change));
    }
    out
}

fn title(stream: &Stream, change: &Change) -> String {
    let reference = stream.object(change.object).map(|object| object.reference()).unwrap_or_default();
    match &reference.file {
        Some(file) => format!("{reference} ({file})"),
        None => reference.to_string(),
    }
}

/// One change on one line: what, where, and why.
#[must_use]
pub fn change(stream: &Stream, change: &Change) -> String {
    let kind = stream.object(change.object).map(|object| object.kind().into_owned()).unwrap_or_default();
    let path = field_path(&change.path);
    let what = match change.op {
        Op::Remove => format!("{path} removed"),
        _ => format!("{path}: {}", short(&mask(&kind, &change.path, &change.value))),
    };
    format!("{:<10} {what}  ({}: {})", change.why.class.name(), change.why.rule, change.why.reason)
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= MAX_VALUE {
        return text;
    }
    let cut: String = text.chars().take(MAX_VALUE - 1).collect();
    format!("{cut}…")
}

/// One finding: severity, resource, path, message, rule and remedy, with the source line where there is one.
#[must_use]
pub fn finding(stream: &Stream, finding: &Finding) -> String {
    let mut out = format!("{}: ", finding.severity.name());
    let object = finding.object.and_then(|id| stream.object(id));
    if let Some(object) = &object {
        let _ = write!(out, "{}: ", object.reference());
    }
    if !finding.path.is_empty() {
        let _ = write!(out, "{}: ", field_path(&finding.path));
    }
    let _ = writeln!(out, "{}  [{} {}]", finding.message, finding.function, finding.rule);
    if finding.severity == Severity::Error
        && let Some(object) = &object
    {
        let relative = finding.path.get(object.prefix().len()..).unwrap_or("");
        if let Some(excerpt) = excerpt(stream, object, relative) {
            out.push_str(&excerpt);
        }
    }
    if let Some(remedy) = &finding.remedy {
        for (i, line) in remedy.lines().enumerate() {
            let _ = writeln!(out, "  {} {line}", if i == 0 { "fix:" } else { "    " });
        }
    }
    out
}

fn excerpt(stream: &Stream, object: &crate::stream::Object<'_>, pointer: &str) -> Option<String> {
    let span = object.root().at_pointer(pointer).filter(|_| !pointer.is_empty())?.span()?;
    let text = stream.source(object.id())?;
    let (line, column, source) = line_of(text, span.start);
    let width = span.len().min(source.chars().count().saturating_sub(column)).max(1);
    let number = line.to_string();
    let pad = " ".repeat(number.len());
    Some(format!(
        "  {pad} |\n  {number} | {}\n  {pad} | {}{}\n",
        mask_line(source),
        " ".repeat(column),
        "^".repeat(width)
    ))
}

/// Line number from 1, column from 0 in characters, and the line that holds the byte `offset`.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> (usize, usize, &str) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or("");
    let line = rest.split(['\n', '\r']).next().unwrap_or("");
    let column = before.get(start..).map_or(0, |part| part.chars().count());
    (before.matches('\n').count() + 1, column, line)
}

/// A line of a manifest as an error may show it: the key stays, the letters of the value do not.
#[must_use]
pub fn mask_line(line: &str) -> String {
    let body = line.trim_start_matches([' ', '-', '?']);
    let indent = line.len() - body.len();
    let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "._/-\"'".contains(c));
    let key =
        body.split_once(':').filter(|(key, rest)| is_key(key) && (rest.is_empty() || rest.starts_with([' ', '\t'])));
    let shown = indent + key.map_or(0, |(key, _)| key.len() + 1);
    let (head, tail) = line.split_at_checked(shown).unwrap_or(("", line));
    let hidden: String = tail.chars().map(|c| if c.is_alphanumeric() { '*' } else { c }).collect();
    format!("{head}{hidden}")
}

/// The report as JSON: results as KRM has them, and the changes as JSON Patches by document, values masked.
#[must_use]
pub fn as_json(stream: &Stream, report: &Report) -> Value {
    let mut patches: Vec<Value> = Vec::new();
    for change in &report.changes {
        let kind = stream.object(change.object).map(|object| object.kind().into_owned()).unwrap_or_default();
        let mut operation = json!({"document": change.document, "op": change.op.name(), "path": change.path});
        if change.op != Op::Remove
            && let Some(map) = operation.as_object_mut()
        {
            map.insert("value".to_owned(), mask(&kind, &change.path, &change.value));
        }
        patches.push(operation);
    }
    json!({"results": results(stream, report), "patches": patches})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_show_keys_and_hide_values() {
        assert_eq!(mask_line("  password: \"hunter2\\q\"  # x"), "  password: \"*******\\*\"  # *");
        assert_eq!(mask_line("  - name: app"), "  - name: ***");
        assert_eq!(mask_line("    c2VjcmV0: key"), "    c2VjcmV0: ***");
        assert_eq!(mask_line("    -----BEGIN KEY-----"), "    -----***** ***-----");
        assert_eq!(mask_line("http://user:pw@host"), "****://****:**@****");
        assert_eq!(mask_line("key:"), "key:");
    }

    #[test]
    fn lines_and_columns_count_characters() {
        assert_eq!(line_of("a\né: x\nb", 6), (2, 3, "é: x"));
        assert_eq!(line_of("a", 0), (1, 0, "a"));
    }
}
