//! The diff of one document: what comes and goes, the reason once above each change.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::blame::{Blame, Cut, Row, split};
use crate::cli::{Failure, Result};
use crate::excerpt;
use crate::mask;
use crate::report::Change;
use crate::stream::{ObjectId, Stream};
use crate::text;
use crate::yaml::{self, Document, Node, Operation};

/// Lines of context around a change.
const CONTEXT: usize = 3;
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

/// The diff of one document. Reasons are cut to the width.
pub(super) fn document<'a>(
    stream: &'a Stream,
    changes: &[&Change],
    file: &mut text::Lines<'a>,
    width: Option<usize>,
) -> Result<String> {
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
    let (old, new_lines): (Vec<&str>, Vec<&str>) = (split(&hidden_before).collect(), split(&hidden_after).collect());
    let line = |row: &Row| -> &str {
        let line = match *row {
            // What was beside a secret stays hidden when something comes between.
            Row::Same { old: at, .. } if old.get(at).is_some_and(|line| line.contains(mask::MASK)) => old.get(at),
            Row::Same { new: at, .. } | Row::Added { new: at, .. } => new_lines.get(at),
            Row::Removed { old: at, .. } => old.get(at),
        };
        line.map_or("", |line| line.trim_end_matches(['\n', '\r']))
    };
    let mut out = String::new();
    let mut object = None;
    let differs = |row: &&Row| row.by().is_some();
    let mut reason = Reason::default();
    let (mut done, mut counted, mut number) = (0, 0, first_line);
    for at in (0..rows.len()).filter(|&at| rows.get(at).is_some_and(|row| differs(&row))) {
        let from = at.saturating_sub(CONTEXT);
        let change = rows.get(at).and_then(Row::by).and_then(|by| changes.get(by)).unwrap_or(first);
        if object != Some(change.object) {
            object = Some(change.object);
            out.push_str(&title(stream, change.object, changes));
            reason = Reason::default();
        }
        if new.is_none() && (from > done || done == 0) {
            let more = rows.get(counted..from).unwrap_or_default();
            number += more.iter().filter(|row| !matches!(row, Row::Added { .. })).count();
            counted = from.max(counted);
            out.push_str(&format!("{DIM}@@ line {number} @@{RESET}\n"));
            reason = Reason::default();
        }
        // Up to the next change, or as far as its context reaches.
        let next = rows.iter().skip(at + 1).position(|row| differs(&row)).map_or(rows.len(), |n| at + 1 + n);
        let to = next.min(at + 1 + CONTEXT);
        for row in rows.get(from.max(done)..to).unwrap_or_default() {
            let text = line(row);
            if let Some(why) = row.by().and_then(|by| reason.of(by, changes)) {
                out.push_str(&format!("{DIM}{}{RESET}\n", cut(&why, width)));
            }
            match row {
                Row::Same { .. } => {
                    reason.is_near = false;
                    out.push_str(&format!("  {text}\n"));
                }
                Row::Removed { .. } => out.push_str(&format!("{RED}- {text}{RESET}\n")),
                Row::Added { .. } => out.push_str(&format!("{GREEN}+ {text}{RESET}\n")),
            }
        }
        done = to;
    }
    Ok(out)
}

/// The reason that was told last.
#[derive(Default)]
struct Reason {
    told: Option<(usize, String)>,
    /// Whether nothing but changes stands between.
    is_near: bool,
}

impl Reason {
    /// What is to be told above a line that is there by a change: each reason once for what stands together.
    fn of(&mut self, by: usize, changes: &[&Change]) -> Option<String> {
        let why = &changes.get(by)?.why;
        let text = text::plain(&format!("# {}: {}", why.rule.id, why.reason)).replace('\n', " ");
        let is_told = self.told.as_ref().is_some_and(|(number, told)| *told == text && (*number == by || self.is_near));
        self.told = Some((by, text.clone()));
        self.is_near = true;
        (!is_told).then_some(text)
    }
}

/// A line that is no wider than a terminal; whole where there is none.
fn cut(text: &str, width: Option<usize>) -> Cow<'_, str> {
    match width {
        Some(width) if text.chars().count() > width => {
            let shown: String = text.chars().take(width.saturating_sub(1)).collect();
            Cow::Owned(format!("{}…", shown.trim_end()))
        }
        _ => Cow::Borrowed(text),
    }
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

/// The line above what becomes of an object.
pub(super) fn title(stream: &Stream, id: ObjectId, changes: &[&Change]) -> String {
    let reference = stream.object(id).map(|object| object.reference()).unwrap_or_default();
    let mut out = format!("{BOLD}{}{RESET}", text::plain(&reference.to_string()));
    if let Some(file) = &reference.file {
        out.push_str(&format!(" {DIM}{}{RESET}", text::plain(file)));
    }
    let of_object = || changes.iter().filter(|change| change.object == id);
    if of_object().any(|change| change.after.is_some()) {
        out.push_str(&format!(" {GREEN}(new object){RESET}"));
    } else if of_object().any(|change| change.takes_object()) {
        out.push_str(&format!(" {RED}(removed){RESET}"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_cut_at_the_width_of_a_terminal_only() {
        assert_eq!(cut("# rule: ünd more", Some(10)), "# rule: ü…");
        assert_eq!(cut("# rule: and more", Some(16)), "# rule: and more");
        assert_eq!(cut("# rule: and more", None), "# rule: and more");
        assert_eq!(cut("abc", Some(0)), "…");
    }
}
