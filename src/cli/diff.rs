//! `krmor diff`: what a run would change, with the reason beside each line.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use similar::{ChangeTag, TextDiff};

use super::page::{self, Section};
use super::{FOUND, Failure, Result, Shape, Source, function, input, write_stdout};
use crate::excerpt;
use crate::judged::Judged;
use crate::mask;
use crate::pipeline::Outcome;
use crate::report::{Change, Severity};
use crate::stream::{ObjectId, Stream};
use crate::text;
use crate::transport;
use crate::yaml::{self, Document, Node, Operation};

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
    /// The form of the diff.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Shape,
    /// So many characters has the Markdown at most.
    #[arg(long, value_name = "NUMBER", default_value_t = page::COMMENT)]
    max_size: usize,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    shown(options).inspect_err(|failure| {
        if options.format == Shape::Markdown {
            let message = anstream::adapter::strip_str(&failure.message).to_string();
            let _ = write_stdout(page::failed(&message, options.max_size).as_bytes());
        }
    })
}

fn shown(options: &Options) -> Result<u8> {
    let (config, input, report, outcome) = input::run(&options.source)?;
    if outcome != Outcome::Ok {
        return Err(transport::failed(&input.stream, &report, &config, outcome));
    }
    function::notes(&input.stream, &report, Severity::Warning);
    let mut by_document: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
    for change in &report.changes {
        by_document.entry(change.document).or_default().push(change);
    }
    let mut file = text::Lines::default();
    let judged = Judged::of(&config.pipeline, &input.stream);
    let verdict = format!("{}: {judged}", config.pipeline.title);
    match options.format {
        Shape::Text => {
            let mut out = anstream::stdout().lock();
            for changes in by_document.values() {
                let text = document(&input.stream, changes, &mut file)?;
                out.write_all(text.as_bytes()).map_err(|error| super::unseen(&error))?;
            }
            let _ = writeln!(anstream::stderr(), "{verdict}");
        }
        Shape::Markdown => {
            let section = |changes: &Vec<&Change>| {
                let text = document(&input.stream, changes, &mut file)?;
                let title = changes.first().map_or(String::new(), |change| title(&input.stream, change));
                let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
                // The heading has the first title already.
                let diff = text.strip_prefix(&title).unwrap_or(&text);
                Ok(Section { title: plain(title.trim_end()), diff: plain(diff), notes: Vec::new() })
            };
            let sections = by_document.values().map(section).collect::<Result<Vec<_>>>()?;
            let verdict = match report.changes.len() {
                0 => format!("{verdict}; a run would change nothing"),
                _ => verdict,
            };
            write_stdout(page::page("What krmor would change", &verdict, &sections, options.max_size).as_bytes())?;
        }
    }
    Ok(if report.changes.is_empty() { 0 } else { FOUND })
}

/// The diff of one document.
fn document<'a>(stream: &'a Stream, changes: &[&Change], file: &mut text::Lines<'a>) -> Result<String> {
    let Some(first) = changes.first() else { return Ok(String::new()) };
    let broken = |error: yaml::Error| excerpt::yaml_error("document", "", &error);
    // A new document is what the first change says; the others change that.
    let new = first.after.map(|_| yaml::new_document(&first.value, None)).transpose().map_err(broken)?;
    let (before, first_line) = match (&new, stream.documents().get(first.document)) {
        (Some(new), _) => (new.file().as_str(), 1),
        (None, None) => return Ok(String::new()),
        (None, Some(source)) => {
            let text = source.file().get(source.span()).unwrap_or("");
            (text, file.number(source.file(), source.span().start))
        }
    };
    let mut documents = yaml::parse(&Arc::new(before.to_owned())).map_err(broken)?;
    let hidden_before = hidden(&documents, before);
    // A comment in what is taken out may be an old value of a secret.
    let taken = changes.iter().any(|change| change.takes_object());
    let hidden_before = if taken { without_comments(&hidden_before) } else { hidden_before };
    // In each round one change of every scope, so that the lines that come and go with it are known.
    let mut after = before.to_owned();
    let mut lines = if new.is_some() { Blame::of_new(before) } else { Blame::new(before) };
    let scopes: Vec<Scope> = changes.iter().map(|change| scope(stream, change)).collect();
    let mut starts = scope_lines(&scopes, &documents, before);
    for round in rounds(changes, &scopes, new.is_some()) {
        for change in round.iter().filter_map(|&number| changes.get(number)) {
            if let Some(document) = documents.first_mut() {
                let applied = document.apply(Operation { op: change.op, path: &change.path, value: &change.value });
                applied.map_err(|error| Failure::usage(error.to_string()))?;
            }
        }
        let text = yaml::render(&documents);
        let new = scope_lines(&scopes, &yaml::parse(&Arc::new(text.clone())).map_err(broken)?, &text);
        let cut = |&number: &usize| {
            let scope = scopes.get(number)?.pointer.as_str();
            let line = |lines: &BTreeMap<String, usize>| lines.get(scope).copied().unwrap_or_default();
            Some(Cut { old: line(&starts), new: line(&new), by: number })
        };
        lines.change(&after, &text, round.iter().filter_map(cut).collect());
        (after, starts) = (text, new);
    }
    let hidden_after = hidden(&yaml::parse(&Arc::new(after.clone())).map_err(broken)?, &after);
    let rows = lines.rows();
    let (old, new): (Vec<&str>, Vec<&str>) = (split(&hidden_before).collect(), split(&hidden_after).collect());
    let line = |row: &Row| -> &str {
        let line = match *row {
            // What was beside a secret stays hidden when something comes between.
            Row::Same { old: at, .. } if old.get(at).is_some_and(|line| line.contains(mask::MASK)) => old.get(at),
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
    let (mut done, mut counted, mut number) = (0, 0, first_line);
    for at in (0..rows.len()).filter(|&at| rows.get(at).is_some_and(|row| differs(&row))) {
        let from = at.saturating_sub(CONTEXT);
        let change = rows.get(at).and_then(Row::by).and_then(|by| changes.get(by)).unwrap_or(first);
        if object != Some(change.object) {
            object = Some(change.object);
            out.push_str(&title(stream, change));
        }
        if from > done || done == 0 {
            let more = rows.get(counted..from).unwrap_or_default();
            number += more.iter().filter(|row| !matches!(row, Row::Added { .. })).count();
            counted = from.max(counted);
            out.push_str(&format!("{DIM}@@ line {number} @@{RESET}\n"));
        }
        // Up to the next change, or as far as its context reaches.
        let next = rows.iter().skip(at + 1).position(|row| differs(&row)).map_or(rows.len(), |n| at + 1 + n);
        let to = next.min(at + 1 + CONTEXT);
        for row in rows.get(from.max(done)..to).unwrap_or_default() {
            let text = line(row);
            let why = |number: usize| {
                let why = changes.get(number).map(|change| format!("# {}: {}", change.why.rule.id, change.why.reason));
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

/// What a change is about: an item of a list of its object, such as a container, or the object. What adds items to a list or
/// takes them out is about the object: the others move.
struct Scope {
    pointer: String,
    is_item: bool,
}

fn scope(stream: &Stream, change: &Change) -> Scope {
    let object = stream.object(change.object).map_or("", |object| object.prefix());
    let inner = change.path.strip_prefix(object).unwrap_or("");
    let is_index = |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    let mut end = object.len();
    for token in inner.split('/').skip(1) {
        end += 1 + token.len();
        if is_index(token) && end < change.path.len() {
            return Scope { pointer: change.path.get(..end).unwrap_or_default().to_owned(), is_item: true };
        }
    }
    Scope { pointer: object.to_owned(), is_item: false }
}

/// Numbers of changes that can be made together: of different scopes. Those of an object come before or after those of its
/// items. The first is skipped when it has made the document.
fn rounds(changes: &[&Change], scopes: &[Scope], made: bool) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    // For each object, from which round on its items may change, and the first in which it may itself.
    let mut objects: BTreeMap<ObjectId, (usize, usize)> = BTreeMap::new();
    let mut items: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, (change, scope)) in changes.iter().zip(scopes).enumerate().skip(usize::from(made)) {
        let (from, free) = objects.entry(change.object).or_default();
        let Scope { pointer, is_item } = scope;
        let round = if *is_item { items.get(pointer.as_str()).copied().unwrap_or_default().max(*from) } else { *free };
        *free = (*free).max(round + 1);
        if *is_item {
            items.insert(pointer, round + 1);
        } else {
            *from = round + 1;
        }
        if round >= rounds.len() {
            rounds.resize_with(round + 1, Vec::new);
        }
        if let Some(round) = rounds.get_mut(round) {
            round.push(number);
        }
    }
    rounds
}

/// On which line each scope starts.
fn scope_lines(scopes: &[Scope], documents: &[Document], text: &str) -> BTreeMap<String, usize> {
    let mut lines = text::Lines::default();
    let mut found = BTreeMap::new();
    for Scope { pointer: scope, .. } in scopes {
        if found.contains_key(scope) {
            continue;
        }
        let node = documents.first().and_then(|document| document.root().at_pointer(scope));
        if let Some(span) = node.and_then(Node::span) {
            found.insert(scope.clone(), lines.number(text, span.start) - 1);
        }
    }
    found
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
    text::mask_spans(text, &mask::hidden_spans(documents.iter().map(Document::root), text))
}

/// The lines with their comments masked.
fn without_comments(text: &str) -> String {
    let one = |line: &str| {
        let start = if line.trim_start().starts_with('#') { line.find('#') } else { line.find(" #").map(|at| at + 1) };
        let end = line.trim_end_matches(['\n', '\r']).len();
        match start.and_then(|start| Some((line.get(..start)?, line.get(end..)?))) {
            Some((code, newline)) => format!("{code}# {}{newline}", mask::MASK),
            None => line.to_owned(),
        }
    };
    split(text).map(one).collect()
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

/// One line of a diff, by its number in the old or new text, and the change that it is there by.
#[derive(Clone, Copy)]
enum Row {
    Same { old: usize, new: usize },
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

/// Where, in lines of the old and the new text, the part of a change starts.
struct Cut {
    old: usize,
    new: usize,
    by: usize,
}

/// The lines of a text while changes are made to it round by round.
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

    /// All of it is what the first change has put there.
    fn of_new(text: &str) -> Self {
        Self { origins: vec![Origin::Change(0); split(text).count()], gone: Vec::new() }
    }

    /// Changes make `before` into `after`, each in the lines from its cut to the next.
    fn change(&mut self, before: &str, after: &str, mut cuts: Vec<Cut>) {
        let (old, new): (Vec<&str>, Vec<&str>) = (split(before).collect(), split(after).collect());
        cuts.sort_by_key(|cut| (cut.old, cut.new));
        // What stands before an object belongs to it; objects on one line share what is there.
        cuts.dedup_by_key(|cut| cut.old);
        if let Some(first) = cuts.first_mut() {
            (first.old, first.new) = (0, 0);
        }
        let ends = cuts.iter().skip(1).map(|cut| (cut.old, cut.new)).chain([(old.len(), new.len())]);
        let mut origins = Vec::with_capacity(new.len());
        for (cut, to) in cuts.iter().zip(ends) {
            let old = old.get(cut.old..to.0).unwrap_or_default();
            let new = new.get(cut.new..to.1).unwrap_or_default();
            self.part(old, new, cut.old, cut.by, &mut origins);
        }
        self.origins = origins;
    }

    /// The change `by` makes the lines `old`, which start at line `from`, into `new`.
    fn part(&mut self, old: &[&str], new: &[&str], from: usize, by: usize, out: &mut Vec<Origin>) {
        let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let rest = old.len().min(new.len()) - head;
        let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let (old_to, new_to) = (old.len() - tail, new.len() - tail);
        let kept = |start: usize, end: usize| self.origins.get(from + start..from + end).unwrap_or_default();
        out.extend(kept(0, head));
        let after = kept(old_to, old.len()).to_vec();
        let (old, new) = (old.get(head..old_to).unwrap_or_default(), new.get(head..new_to).unwrap_or_default());
        for change in TextDiff::from_slices(old, new).iter_all_changes() {
            let origin = change.old_index().and_then(|at| self.origins.get(from + head + at)).copied();
            match (change.tag(), origin) {
                (ChangeTag::Insert, _) => out.push(Origin::Change(by)),
                (ChangeTag::Equal, origin) => out.extend(origin),
                (ChangeTag::Delete, Some(Origin::Old(at))) => {
                    if let Some(gone) = self.gone.get_mut(at) {
                        *gone = Some(by);
                    }
                }
                (ChangeTag::Delete, _) => {}
            }
        }
        out.extend(after);
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
                    out.push(Row::Same { old: *at, new });
                    old = at + 1;
                }
            }
        }
        removed(&mut out, &mut old);
        out
    }
}
