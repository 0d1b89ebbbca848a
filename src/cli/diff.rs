//! `krmor diff`: what a run would change, with the reason beside each line.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use similar::{ChangeTag, TextDiff};

use super::{FOUND, Failure, Result, Source, function, input, show};
use crate::functions::Outcome;
use crate::krm;
use crate::report::{Change, Report, Severity, text};
use crate::stream::Stream;
use crate::yaml::{self, Document, Operation};

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// Reasons stand below each other behind lines up to this long.
const WIDTH: usize = 70;
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
    let config = input::config(&options.source.config, options.source.function.as_deref())?;
    let mut input = input::read(&options.source)?;
    let mut report = Report::default();
    let outcome = config.pipeline.run(&mut input.stream, &mut report);
    if outcome != Outcome::Ok {
        return Err(function::failed(&input.stream, &report, &config, outcome));
    }
    function::notes(&input.stream, &report, Severity::Warning);
    let mut by_document: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
    for change in &report.changes {
        by_document.entry(change.document).or_default().push(change);
    }
    let mut out = anstream::stdout().lock();
    let mut file = text::Lines::default();
    for changes in by_document.values() {
        let text = document(&input.stream, changes, &mut file)?;
        out.write_all(text.as_bytes()).map_err(|error| Failure::io("standard output", &error))?;
    }
    Ok(if report.changes.is_empty() { 0 } else { FOUND })
}

/// The diff of one document.
fn document<'a>(stream: &'a Stream, changes: &[&Change], file: &mut text::Lines<'a>) -> Result<String> {
    let Some(first) = changes.first() else { return Ok(String::new()) };
    let Some(source) = stream.documents().get(first.document) else { return Ok(String::new()) };
    let before = source.file().get(source.span()).unwrap_or("");
    let first_line = file.number(source.file(), source.span().start);
    let broken = |error: yaml::Error| show::yaml_error("document", "", &error);
    let mut documents = yaml::parse(&Arc::new(before.to_owned())).map_err(broken)?;
    let hidden_before = hidden(&documents, before);
    // Each change is made by itself, so that the lines that come and go with it are known.
    let mut after = before.to_owned();
    let mut lines = Blame::new(before);
    for (number, change) in changes.iter().enumerate() {
        if let Some(document) = documents.first_mut() {
            let applied = document.apply(Operation { op: change.op, path: &change.path, value: &change.value });
            applied.map_err(|error| Failure::usage(error.to_string()))?;
        }
        let text = yaml::render(&documents);
        lines.change(&after, &text, number);
        after = text;
    }
    let hidden_after = hidden(&yaml::parse(&Arc::new(after.clone())).map_err(broken)?, &after);
    let rows = lines.rows();
    let (old, new): (Vec<&str>, Vec<&str>) = (split(&hidden_before).collect(), split(&hidden_after).collect());
    let line = |row: &Row| -> &str {
        let line = match *row {
            Row::Same { new: at, .. } | Row::Added { new: at, .. } => new.get(at),
            Row::Removed { old: at, .. } => old.get(at),
        };
        line.map_or("", |line| line.trim_end_matches(['\n', '\r']))
    };
    let mut out = String::new();
    let mut object = None;
    let differs = |row: &&Row| row.by().is_some();
    let widths = rows.iter().filter(differs).map(|row| line(row).chars().count());
    let width = widths.filter(|width| *width <= WIDTH).max().unwrap_or(0);
    let mut done = 0;
    for at in (0..rows.len()).filter(|&at| rows.get(at).is_some_and(|row| differs(&row))) {
        let from = at.saturating_sub(CONTEXT);
        let change = rows.get(at).and_then(Row::by).and_then(|by| changes.get(by)).unwrap_or(first);
        if object != Some(change.object) {
            object = Some(change.object);
            out.push_str(&title(stream, change));
        }
        if from > done || done == 0 {
            let number = rows.iter().take(from).filter(|row| !matches!(row, Row::Added { .. })).count() + first_line;
            out.push_str(&format!("{DIM}@@ line {number} @@{RESET}\n"));
        }
        // Up to the next change, or as far as its context reaches.
        let next = rows.iter().skip(at + 1).position(|row| differs(&row)).map_or(rows.len(), |n| at + 1 + n);
        let to = next.min(at + 1 + CONTEXT);
        for row in rows.get(from.max(done)..to).unwrap_or_default() {
            let text = line(row);
            let why = |number: usize| {
                let why = changes.get(number).map(|change| format!("# {}: {}", change.why.rule, change.why.reason));
                format!("  {DIM}{}{RESET}", why.unwrap_or_default())
            };
            match row {
                Row::Same { .. } => out.push_str(&format!("  {text}\n")),
                Row::Removed { by, .. } => out.push_str(&format!("{RED}- {text:<width$}{RESET}{}\n", why(*by))),
                Row::Added { by, .. } => out.push_str(&format!("{GREEN}+ {text:<width$}{RESET}{}\n", why(*by))),
            }
        }
        done = to;
    }
    Ok(out)
}

fn title(stream: &Stream, change: &Change) -> String {
    let reference = stream.object(change.object).map(|object| object.reference()).unwrap_or_default();
    let mut out = format!("{BOLD}{}{RESET}", text::plain(&reference.to_string()));
    if let Some(file) = &reference.file {
        out.push_str(&format!(" {DIM}{}{RESET}", text::plain(file)));
    }
    out.push('\n');
    out
}

/// The text as a person may see it.
fn hidden(documents: &[Document], text: &str) -> String {
    let spans: Vec<_> = documents.iter().flat_map(|document| krm::secret_spans(document.root())).collect();
    text::mask_spans(text, &spans)
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

/// One line of a diff, by its number in the old or new text, and the change that it is there by.
#[derive(Clone, Copy)]
enum Row {
    Same { new: usize },
    Removed { old: usize, by: usize },
    Added { new: usize, by: usize },
}

impl Row {
    fn by(&self) -> Option<usize> {
        match *self {
            Row::Same { .. } => None,
            Row::Removed { by, .. } | Row::Added { by, .. } => Some(by),
        }
    }
}

/// Where a line of the text comes from.
#[derive(Clone, Copy)]
enum Origin {
    Old(usize),
    Change(usize),
}

/// The lines of a text while changes are made to it one by one.
struct Blame {
    origins: Vec<Origin>,
    /// For each line of the old text, the change that took it away.
    gone: Vec<Option<usize>>,
}

impl Blame {
    fn new(text: &str) -> Self {
        let count = split(text).count();
        Self { origins: (0..count).map(Origin::Old).collect(), gone: vec![None; count] }
    }

    /// The change `number` makes `before` into `after`.
    fn change(&mut self, before: &str, after: &str, number: usize) {
        let (old, new): (Vec<&str>, Vec<&str>) = (split(before).collect(), split(after).collect());
        let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let rest = old.len().min(new.len()) - head;
        let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let window = |lines: &[&'_ str]| (head, lines.len() - tail);
        let ((from, old_to), (_, new_to)) = (window(&old), window(&new));
        let (old, new) = (old.get(from..old_to).unwrap_or_default(), new.get(from..new_to).unwrap_or_default());
        let mut origins = Vec::with_capacity(new.len());
        for change in TextDiff::from_slices(old, new).iter_all_changes() {
            let origin = change.old_index().and_then(|at| self.origins.get(from + at)).copied();
            match (change.tag(), origin) {
                (ChangeTag::Insert, _) => origins.push(Origin::Change(number)),
                (ChangeTag::Equal, origin) => origins.extend(origin),
                (ChangeTag::Delete, Some(Origin::Old(at))) => {
                    if let Some(gone) = self.gone.get_mut(at) {
                        *gone = Some(number);
                    }
                }
                (ChangeTag::Delete, _) => {}
            }
        }
        self.origins.splice(from..old_to, origins);
    }

    /// All lines, old and new; what goes stands before what comes in its place.
    fn rows(&self) -> Vec<Row> {
        let mut out = Vec::with_capacity(self.origins.len() + 8);
        let mut old = 0;
        let removed = |out: &mut Vec<Row>, old: &mut usize| {
            while let Some(Some(by)) = self.gone.get(*old) {
                out.push(Row::Removed { old: *old, by: *by });
                *old += 1;
            }
        };
        for (new, origin) in self.origins.iter().enumerate() {
            removed(&mut out, &mut old);
            match origin {
                Origin::Change(by) => out.push(Row::Added { new, by: *by }),
                Origin::Old(at) => {
                    out.push(Row::Same { new });
                    old = at + 1;
                }
            }
        }
        removed(&mut out, &mut old);
        out
    }
}
