//! `krmor diff`: what a run would change, with the reason beside each line.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use similar::{ChangeTag, TextDiff};

use super::{FOUND, Failure, Result, Source, function, input, show};
use crate::functions::Outcome;
use crate::krm::mask;
use crate::report::{Change, Report, Severity};
use crate::stream::Stream;
use crate::yaml::{self, Op, Operation};

/// Lines of context around a change.
const CONTEXT: usize = 3;
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let pipeline = input::pipeline(&options.source.config, options.source.function.as_deref())?;
    let mut input = input::read(&options.source)?;
    let mut report = Report::default();
    let outcome = pipeline.run(&mut input.stream, &mut report);
    if outcome != Outcome::Ok {
        return Err(function::failed(&input.stream, &report, &pipeline, outcome));
    }
    function::notes(&input.stream, &report, Severity::Warning);
    let mut by_document: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
    for change in &report.changes {
        by_document.entry(change.document).or_default().push(change);
    }
    let mut out = anstream::stdout().lock();
    for changes in by_document.values() {
        let text = document(&input.stream, changes)?;
        out.write_all(text.as_bytes()).map_err(|error| Failure::io("standard output", &error))?;
    }
    Ok(if report.changes.is_empty() { 0 } else { FOUND })
}

/// The diff of one document.
fn document(stream: &Stream, changes: &[&Change]) -> Result<String> {
    let Some(first) = changes.first() else { return Ok(String::new()) };
    let Some(source) = stream.documents().get(first.document) else { return Ok(String::new()) };
    let before = source.file().get(source.span()).unwrap_or("").to_owned();
    let broken = |error: yaml::Error| show::yaml_error("document", "", &error);
    // Each change is made by itself, so that the lines that come with it are known.
    let text = Arc::new(before.clone());
    let mut documents = yaml::parse(&text).map_err(broken)?;
    let mut lines: Vec<(String, Option<usize>)> = split(&before).map(|line| (line.to_owned(), None)).collect();
    for (number, change) in changes.iter().enumerate() {
        if let Some(document) = documents.first_mut() {
            let applied = document.apply(Operation { op: change.op, path: &change.path, value: &change.value });
            applied.map_err(|error| Failure::usage(error.to_string()))?;
        }
        lines = blame(&lines, &yaml::render(&documents), number);
    }
    Ok(show_diff(stream, changes, &before, &lines))
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

/// Carries the marks of lines that stayed over to the new text; new lines get `number`.
fn blame(old: &[(String, Option<usize>)], text: &str, number: usize) -> Vec<(String, Option<usize>)> {
    let before: Vec<&str> = old.iter().map(|(line, _)| line.as_str()).collect();
    let after: Vec<&str> = split(text).collect();
    let diff = TextDiff::from_slices(&before, &after);
    let keep = |change: &similar::Change<&str>| {
        let mark = change.old_index().and_then(|at| old.get(at)).and_then(|(_, mark)| *mark);
        let mark = if change.tag() == ChangeTag::Insert { Some(number) } else { mark };
        (change.value().to_owned(), mark)
    };
    diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Delete).map(|change| keep(&change)).collect()
}

fn show_diff(stream: &Stream, changes: &[&Change], before: &str, lines: &[(String, Option<usize>)]) -> String {
    let object = changes.first().and_then(|change| stream.object(change.object));
    let reference = object.map(|object| object.reference()).unwrap_or_default();
    let mut out = format!("{BOLD}{reference}{RESET}");
    if let Some(file) = &reference.file {
        out.push_str(&format!(" {DIM}{file}{RESET}"));
    }
    out.push('\n');
    let old: Vec<&str> = split(before).collect();
    let new: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
    let diff = TextDiff::from_slices(&old, &new);
    let widest = lines
        .iter()
        .filter(|(_, mark)| mark.is_some())
        .map(|(line, _)| line.trim_end().chars().count())
        .max()
        .unwrap_or(0);
    let width = widest.min(70);
    for group in diff.grouped_ops(CONTEXT) {
        let first = group.first().map_or(0, |op| op.old_range().start);
        out.push_str(&format!("{DIM}@@ line {} @@{RESET}\n", first + 1));
        for op in group {
            for change in diff.iter_changes(&op) {
                let line = change.value().trim_end_matches(['\n', '\r']);
                match change.tag() {
                    ChangeTag::Equal => out.push_str(&format!("  {}\n", quiet(reference.kind.as_str(), line))),
                    ChangeTag::Delete => {
                        out.push_str(&format!("{RED}- {}{RESET}\n", quiet(reference.kind.as_str(), line)));
                    }
                    ChangeTag::Insert => {
                        let mark = change.new_index().and_then(|at| lines.get(at)).and_then(|(_, mark)| *mark);
                        let why = mark.and_then(|number| changes.get(number)).map_or(String::new(), |change| {
                            format!("  {DIM}# {}: {}{RESET}", change.why.rule, change.why.reason)
                        });
                        let line = masked(stream, changes, mark, line);
                        out.push_str(&format!("{GREEN}+ {line:<width$}{RESET}{why}\n"));
                    }
                }
            }
        }
    }
    out
}

/// Lines that stay are the user's own; in a Secret even they may not be shown.
fn quiet(kind: &str, line: &str) -> String {
    if kind == "Secret" { crate::report::text::mask_line(line) } else { mask_env(line) }
}

/// `value: x` is how environment variables are written; context lines around a change may hold them.
fn mask_env(line: &str) -> String {
    let key = line.trim_start_matches([' ', '-']);
    if key.starts_with("value:") { crate::report::text::mask_line(line) } else { line.to_owned() }
}

fn masked(stream: &Stream, changes: &[&Change], mark: Option<usize>, line: &str) -> String {
    let change = mark.and_then(|number| changes.get(number));
    let hidden = change.is_some_and(|change| {
        let kind = stream.object(change.object).map(|object| object.kind().into_owned()).unwrap_or_default();
        change.op != Op::Remove && mask(&kind, &change.path, &change.value) != change.value
    });
    if hidden { crate::report::text::mask_line(line) } else { mask_env(line) }
}
