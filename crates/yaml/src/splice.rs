//! Writes edited documents: the old text with as few bytes cut out and put in as the edits need.
//!
//! Every changed collection and every replaced node gives a few splices of the old text. What is put in
//! follows what stands around it: indentation, list indentation, flow or block, quotes, line ends.

mod flow;
mod replace;

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::Value;

use super::edit::is_new;
use super::node::{Id, Kind, NO_LEAD, NONE, Raw, Style, flag};
use super::print::{self, Layout, Quoting};
use super::scan::{self, break_len};
use super::{Document, Node};

/// A cut of the old text and what stands there instead.
#[derive(Debug, PartialEq, Eq)]
struct Splice {
    start: usize,
    end: usize,
    /// Depth of the collection it belongs to: at one place the innermost goes first.
    depth: usize,
    text: String,
}

/// The text of the stream whose documents these are, in order.
#[must_use]
pub fn render(documents: &[Document]) -> String {
    let mut out = String::with_capacity(documents.first().map_or(0, |document| document.file.len() / 4 * 5));
    render_to(documents, |part| out.push_str(part));
    out
}

/// Hands out the text of the stream part by part, for streams too long to be held twice.
pub fn render_to(documents: &[Document], write: impl FnMut(&str)) {
    render_with(documents, &[], write);
}

/// As [`render_to`], with new documents put in: each behind the one whose number stands with it, in the order of these.
pub fn render_with(documents: &[Document], new: &[(usize, &Document)], mut write: impl FnMut(&str)) {
    let Some(file) = documents.first().map(Document::file) else { return };
    let (mut from, mut new) = (0, new.iter().peekable());
    // Whether a document has been written, which the next one needs a marker against.
    let mut kept = false;
    // Whether something else stands now before what comes next, and whether what does ends with `...`.
    let (mut cut, mut ended) = (false, false);
    for (number, document) in documents.iter().enumerate() {
        let newline = layout(document).newline;
        if document.gone {
            // Behind the `...` of the document before there may be a comment.
            let start = if kept { line_after(file, document.start as usize) } else { document.start as usize };
            write(file.get(from..start).unwrap_or(""));
            if number == 0 && file.starts_with('\u{feff}') {
                write("\u{feff}");
            }
            from = from.max(start).max(line_after(file, document.end as usize));
            cut = true;
        } else {
            if cut && kept && !ended {
                write(marker(file.get(from..).unwrap_or(""), newline));
            }
            (cut, kept, ended) = (false, true, file.get(..document.end as usize).unwrap_or("").ends_with("..."));
            if document.changed() {
                for splice in Writer::new(document).splices() {
                    // Splices of nested removals may overlap; what is cut stays cut.
                    let start = splice.start.max(from);
                    write(file.get(from..start).unwrap_or(""));
                    write(&splice.text);
                    from = from.max(splice.end);
                }
            }
        }
        while let Some((_, added)) = new.next_if(|(after, _)| *after == number) {
            if added.gone {
                continue;
            }
            if !cut {
                let end = line_after(file, document.end as usize);
                write(file.get(from..end).unwrap_or(""));
                from = from.max(end);
                if !ends_line(file.get(..end).unwrap_or("")) {
                    write(newline);
                }
            }
            (cut, kept, ended) = (true, true, false);
            write(&format!("---{newline}{}", render(std::slice::from_ref(added)).replace('\n', newline)));
        }
    }
    write(file.get(from..).unwrap_or(""));
}

/// What must stand between a document and `rest`, which did not follow it before: directives stand before the next marker.
fn marker(rest: &str, newline: &str) -> &'static str {
    let is_note = |line: &&str| line.trim().is_empty() || line.starts_with('#');
    match rest.lines().find(|line| !is_note(line)) {
        Some(line) if line.starts_with('%') => {
            if newline == "\r\n" {
                "...\r\n"
            } else {
                "...\n"
            }
        }
        _ => "",
    }
}

/// The end of a place's line, when the place is not the start of one.
fn line_after(file: &str, at: usize) -> usize {
    if ends_line(file.get(..at).unwrap_or("")) {
        return at;
    }
    let line = scan::line_end(file.as_bytes(), at);
    line + break_len(file.as_bytes(), line)
}

fn ends_line(text: &str) -> bool {
    text.is_empty() || text.ends_with(['\n', '\r'])
}

/// A document that holds `value`, laid out as `like` is; its lines end with `\n`.
///
/// # Errors
/// When the value cannot be written as YAML, as keys of more than 1024 bytes cannot.
pub fn new_document(value: &Value, like: Option<&Document>) -> Result<Document, super::Error> {
    let mut text = String::new();
    let layout = Layout { newline: "\n", ..like.map(layout).unwrap_or_default() };
    print::write_document(&mut text, value, layout);
    let document = super::parse(&std::sync::Arc::new(text))?.pop();
    document.ok_or_else(|| super::Error::new(0, "there is nothing to write"))
}

/// How the text of a document is laid out, as far as parsing has learnt it.
fn layout(document: &Document) -> Layout<'static> {
    let text = document.file.as_str();
    let first = text.get(..scan::line_end(text.as_bytes(), 0)).map_or(0, str::len);
    Layout {
        indent: document.hints.indent.map_or(2, |n| usize::from(n).max(1)),
        list_indent: document.hints.list.map_or(0, usize::from),
        dash_gap: 1,
        newline: if text.get(first..).is_some_and(|rest| rest.starts_with("\r\n")) { "\r\n" } else { "\n" },
    }
}

struct Writer<'a> {
    document: &'a Document,
    text: &'a str,
    layout: Layout<'a>,
    splices: Vec<Splice>,
    /// Spans that one splice writes anew: what else was to change in them is in its text already.
    rewritten: Vec<(usize, usize)>,
    /// The start of a line, and a place on it.
    line: Cell<(usize, usize)>,
}

/// One child of a collection: `first` is the key, or the item itself.
#[derive(Clone, Copy)]
struct Child {
    first: Id,
    value: Id,
    gone: bool,
    is_new: bool,
}

impl<'a> Writer<'a> {
    fn new(document: &'a Document) -> Self {
        let text = document.file.as_str();
        let layout = layout(document);
        let start = scan::text_start(text);
        Self { document, text, layout, splices: Vec::new(), rewritten: Vec::new(), line: Cell::new((start, start)) }
    }

    fn splices(mut self) -> Vec<Splice> {
        for &(id, depth) in &self.document.dirty {
            let Some(raw) = self.raw(id).filter(|raw| !raw.is(flag::GONE)) else { continue };
            match (raw.style, raw.kind) {
                (Style::Flow, _) => self.flow(id, raw, depth),
                (_, Kind::Seq) => self.block_seq(id, raw, depth),
                _ => self.block_map(id, raw, depth),
            }
        }
        for entry in &self.document.replaced {
            if let (Some(new), Some(old)) = (self.raw(entry.new), self.raw(entry.old))
                && !new.is(flag::GONE)
            {
                self.replace(entry.new, new, entry.old, old, entry.depth);
            }
        }
        for (start, end) in std::mem::take(&mut self.rewritten) {
            let outside = |s: &Splice| s.end <= start || s.start >= end || s.start < start || s.end > end;
            self.splices.retain(|s| (s.start, s.end) == (start, end) || outside(s));
        }
        // Stable: what was asked for first stays first where place and depth are the same.
        self.splices.sort_by_key(|s| (s.start, s.end > s.start, std::cmp::Reverse(s.depth)));
        self.splices.dedup_by(|b, a| a == b && a.depth == usize::MAX);
        self.splices
    }

    // ---- reading the old text ----

    fn raw(&self, id: Id) -> Option<Raw> {
        self.document.raw(id)
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    /// The node of the old text that `id` stands for.
    fn origin(&self, id: Id) -> Option<Raw> {
        let raw = self.raw(id)?;
        if !is_new(raw) {
            return Some(raw);
        }
        self.document.replaced_by(id).and_then(|entry| self.raw(entry.old))
    }

    fn origin_id(&self, id: Id) -> Id {
        self.document.replaced_by(id).map_or(id, |entry| entry.old)
    }

    /// Where a node starts in the old text, anchor and tag included.
    fn start(&self, id: Id) -> usize {
        let start = self.origin(id).map_or(0, |raw| raw.start as usize);
        match self.document.props(self.origin_id(id)) {
            Some(props) => start.min(props.start as usize),
            None => start,
        }
    }

    fn end(&self, id: Id) -> usize {
        let Some(raw) = self.origin(id) else { return 0 };
        let end = raw.end as usize;
        match self.document.props(self.origin_id(id)) {
            Some(props) => end.max(props.end as usize),
            None => end,
        }
    }

    fn line_start(&self, pos: usize) -> usize {
        let bytes = self.bytes();
        // JSON may be all on one line: what is known of it is not read again.
        let (start, known) = self.line.get();
        if (start..=known).contains(&pos) {
            return start;
        }
        let floor = if pos > known { known } else { 0 };
        let is_start = |at: &usize| match bytes.get(at - 1) {
            Some(b'\n') => true,
            Some(b'\r') => bytes.get(*at) != Some(&b'\n'),
            Some(0x85) => *at > 1 && break_len(bytes, at - 2) == 2,
            Some(0xA8 | 0xA9) => *at > 2 && break_len(bytes, at - 3) == 3,
            _ => false,
        };
        let found = (floor + 1..=pos).rev().find(is_start);
        let before = if floor == known { start } else { scan::text_start(self.text) };
        let start = found.unwrap_or(before);
        self.line.set((start, pos.max(start)));
        start
    }

    /// Columns before `pos` on its line, in characters.
    fn column(&self, pos: usize) -> usize {
        self.slice(self.line_start(pos), pos).chars().count()
    }

    fn line_end(&self, pos: usize) -> usize {
        scan::line_end(self.bytes(), pos)
    }

    /// The start of the line behind the one that ends a node at `end`; the text's end when there is none.
    fn next_line(&self, end: usize) -> usize {
        if self.is_line_start(end) && end > 0 {
            return end; // a block scalar ends behind its last break
        }
        let stop = self.line_end(end);
        stop + break_len(self.bytes(), stop)
    }

    fn is_line_start(&self, pos: usize) -> bool {
        self.line_start(pos) == pos
    }

    /// Only blanks stand before `pos` on its line.
    fn is_first_on_line(&self, pos: usize) -> bool {
        self.slice(self.line_start(pos), pos).bytes().all(|b| b == b' ')
    }

    /// From the line of `pos` up over the comment lines right above that start at the same column. What stands before
    /// `from` is no comment, whatever it looks like.
    fn with_comments(&self, pos: usize, from: usize) -> usize {
        let column = self.column(pos);
        let mut start = self.line_start(pos);
        while start > self.document.start as usize {
            let above = self.line_start(start - 1);
            let above = if above == start { self.line_start(start.saturating_sub(2)) } else { above };
            if above < from {
                break;
            }
            let line = self.slice(above, start);
            let indent = line.len() - line.trim_start_matches(' ').len();
            if indent != column || !line.trim_start_matches(' ').starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }

    /// From behind a removed entry over the comment lines that are indented deeper than it.
    fn over_deeper_comments(&self, mut pos: usize, column: usize) -> usize {
        loop {
            let stop = self.line_end(pos);
            let line = self.slice(pos, stop);
            let indent = line.len() - line.trim_start_matches(' ').len();
            if indent <= column || !line.trim_start_matches(' ').starts_with('#') {
                return pos;
            }
            pos = stop + break_len(self.bytes(), stop);
        }
    }

    /// From a line's start over blank lines and comments to behind the last one that a tab indents: a plain scalar may
    /// stand before such lines, nothing else.
    fn over_tabs(&self, pos: usize) -> usize {
        self.over_lines(pos, |line| {
            let text = line.trim_start();
            (text.is_empty() || text.starts_with('#')).then(|| is_tabbed(line))
        })
    }

    /// Takes the tabs out of the lines from `pos` on that only a plain scalar may stand before.
    fn untab(&mut self, pos: usize, depth: usize) {
        self.untab_lines(pos, self.over_tabs(pos), depth);
    }

    /// Indents the lines from `pos` to `to` by spaces where tabs did.
    fn untab_lines(&mut self, mut pos: usize, to: usize, depth: usize) {
        while pos < to {
            let stop = self.line_end(pos);
            let line = self.slice(pos, stop);
            if is_tabbed(line) {
                let text = line.trim_start();
                let indent = if text.is_empty() { 0 } else { line.len() - text.len() };
                self.cut(pos, stop - text.len(), depth, " ".repeat(indent));
            }
            pos = stop + break_len(self.bytes(), stop).max(1);
        }
    }

    /// From behind a removed entry over the lines that `before`, what stays above it, would take for its own if it ends in
    /// a block scalar.
    fn over_scalar_lines(&self, pos: usize, before: Option<Id>) -> usize {
        let Some(scalar) = before.and_then(|id| self.last_block_scalar(id)) else { return pos };
        let indent = scalar.child as usize;
        let keeps = self.slice(scalar.start as usize, self.line_end(scalar.start as usize));
        let keeps = keeps.bytes().take_while(|b| b"|>+-0123456789".contains(b)).any(|b| b == b'+');
        self.over_lines(pos, |line| {
            let text = line.trim_start();
            match text.is_empty() {
                true => Some(keeps || line.len() > indent || is_tabbed(line)),
                false => text.starts_with('#').then(|| line.len() - text.len() >= indent || is_tabbed(line)),
            }
        })
    }

    /// From a line's start over whole lines to behind the last one of which `takes` says true; it says `None` of the first
    /// line that ends the search.
    fn over_lines(&self, mut pos: usize, takes: impl Fn(&str) -> Option<bool>) -> usize {
        let mut over = pos;
        while pos < self.document.end as usize {
            let stop = self.line_end(pos);
            let Some(is_taken) = takes(self.slice(pos, stop)) else { break };
            pos = stop + break_len(self.bytes(), stop).max(1);
            if is_taken {
                over = pos.min(self.text.len());
            }
        }
        over
    }

    /// The block scalar of the old text that the node ends in.
    fn last_block_scalar(&self, mut id: Id) -> Option<Raw> {
        loop {
            let raw = self.raw(id).filter(|raw| !is_new(*raw) && !raw.is(flag::GONE))?;
            match raw.kind {
                Kind::Map | Kind::Seq if raw.style == Style::Block => {
                    let last = self.children(raw).into_iter().rfind(|child| !child.gone)?;
                    id = self.last_of(&last);
                }
                _ => return Some(raw).filter(|raw| matches!(raw.style, Style::Literal | Style::Folded)),
            }
        }
    }

    /// The value of a child; its key where no `:` follows.
    fn last_of(&self, child: &Child) -> Id {
        let is_absent = self.raw(child.value).is_some_and(|value| value.is(flag::EMPTY) && value.lead == NO_LEAD);
        if is_absent { child.first } else { child.value }
    }

    /// Whether `#` or a blank line occurs in the old text of a collection.
    fn has_comments(&self, collection: Raw) -> bool {
        let text = self.slice(collection.start as usize, collection.end as usize);
        text.contains('#') || text.split(scan::BREAKS).any(|line| line.trim().is_empty())
    }

    fn children(&self, collection: Raw) -> Vec<Child> {
        let mut out = Vec::new();
        let mut next = collection.child;
        while let Some(raw) = self.raw(next) {
            let value = if collection.kind == Kind::Map { raw.next } else { next };
            let is_new = is_new(raw) && self.origin(next).is_none();
            out.push(Child { first: next, value, gone: raw.is(flag::GONE), is_new });
            next = self.raw(value).map_or(NONE, |v| v.next);
        }
        out
    }

    /// The value of a node that an edit made; of others where a collection must be written anew.
    fn value(&self, id: Id) -> Value {
        let Some(raw) = self.raw(id) else { return Value::Null };
        let text = || self.document.string(id).into_owned();
        match (raw.style, raw.kind) {
            (Style::NewStr, _) => Value::String(text()),
            (Style::New, Kind::Map) => {
                let children = self.children(raw).into_iter().filter(|child| !child.gone);
                Value::Object(
                    children.map(|child| (self.key(child.first).into_owned(), self.value(child.value))).collect(),
                )
            }
            (Style::New, _) => self
                .children(raw)
                .into_iter()
                .filter(|child| !child.gone)
                .map(|child| self.value(child.value))
                .collect(),
            _ => Node { document: self.document, id }.to_value().unwrap_or(Value::Null),
        }
    }

    fn key(&self, id: Id) -> Cow<'a, str> {
        self.document.key(id)
    }

    fn cut(&mut self, start: usize, end: usize, depth: usize, text: impl Into<String>) {
        self.splices.push(Splice { start, end, depth, text: text.into() });
    }

    // ---- block collections ----

    /// Puts whole lines in behind the line that `last` ends on.
    fn insert_lines(&mut self, last: &Child, depth: usize, mut lines: String, ends_in_block: bool) {
        let end = self.end(last.value).max(self.end(last.first));
        let at = self.over_tabs(self.next_line(end));
        let newline = self.layout.newline;
        let unterminated = at == self.text.len() && !self.text.is_empty() && !self.is_line_start(at);
        if unterminated {
            self.close_block_scalar(self.last_of(last));
            let tail = if ends_in_block { newline } else { "" };
            // Where its lines go, the line above is whole.
            let head = if self.loses_last_line(*last) { "" } else { newline };
            self.cut(at, at, depth, format!("{head}{lines}{tail}"));
        } else {
            lines.push_str(newline);
            self.cut(at, at, depth, lines);
        }
    }

    /// Whether the last line of the child is cut as a whole.
    fn loses_last_line(&self, mut child: Child) -> bool {
        loop {
            if child.gone {
                return self.is_first_on_line(self.head(&child));
            }
            let Some(raw) = self.raw(child.value).filter(|raw| raw.style == Style::Block) else { return false };
            let children = self.children(raw);
            if children.last().is_some_and(|last| last.is_new && !last.gone) {
                return false; // what is added there ends in a line of its own
            }
            let old: Vec<Child> = children.into_iter().filter(|c| !c.is_new).collect();
            match old.last().filter(|_| old.iter().any(|c| !c.gone)) {
                Some(last) => child = *last,
                None => return false,
            }
        }
    }

    /// A block scalar that the missing line break at the end of the text made `strip` must say so now.
    fn close_block_scalar(&mut self, last: Id) {
        let mut id = last;
        // What an edit removed or made anew has no block scalar at the end of the text.
        let old = |id: Id| self.raw(id).filter(|raw| !is_new(*raw) && !raw.is(flag::GONE));
        while let Some(raw) = old(id).filter(|raw| matches!(raw.kind, Kind::Map | Kind::Seq)) {
            let Some(child) = self.children(raw).pop() else { return };
            id = self.last_of(&child);
        }
        let Some(raw) = old(id).filter(|raw| matches!(raw.style, Style::Literal | Style::Folded)) else { return };
        let start = raw.start as usize;
        let header = self.slice(start, self.line_end(start));
        let indicators: usize = header.bytes().take_while(|b| b"|>+-0123456789".contains(b)).count();
        let marks = header.get(..indicators).unwrap_or("");
        if marks.contains('-') {
            return;
        }
        match marks.find('+') {
            Some(plus) => self.cut(start + plus, start + plus + 1, usize::MAX, "-"),
            None => self.cut(start + indicators, start + indicators, usize::MAX, "-"),
        }
    }

    fn block_map(&mut self, id: Id, map: Raw, depth: usize) {
        let children = self.children(map);
        let column = self.column(map.start as usize);
        let added: Vec<Child> = children.iter().copied().filter(|c| c.is_new && !c.gone).collect();
        let old: Vec<Child> = children.iter().copied().filter(|c| !c.is_new).collect();
        let Some(&last) = old.last() else { return };
        let kept = old.iter().any(|c| !c.gone);
        let end = self.end(last.value).max(self.end(last.first));
        let mut lines = String::new();
        if kept {
            push_spaces(&mut lines, column);
        }
        let mut in_block = false;
        for (i, child) in added.iter().enumerate() {
            if i > 0 {
                lines.push_str(self.layout.newline);
                push_spaces(&mut lines, column);
            }
            let value = self.value(child.value);
            in_block = ends_in_block(&value);
            if in_block && i + 1 == added.len() && self.would_swallow(&value, self.next_line(end)) {
                print::write_flow_entry(&mut lines, &self.key(child.first), &value, Quoting::Json);
            } else {
                print::write_entry(&mut lines, &self.key(child.first), &value, column, self.layout);
            }
        }
        if !kept {
            if in_block {
                self.end_line(map.end as usize);
            }
            let text = if added.is_empty() { "{}".to_owned() } else { lines };
            return self.rewrite(id, map, added.is_empty(), &text, depth);
        }
        self.remove_block(&old, depth);
        if !added.is_empty() {
            self.insert_lines(&last, depth, lines, in_block);
        }
    }

    fn block_seq(&mut self, id: Id, seq: Raw, depth: usize) {
        let children = self.children(seq);
        let dash = seq.start as usize;
        let column = self.column(dash);
        let old: Vec<Child> = children.iter().copied().filter(|c| !c.is_new).collect();
        let gap = old.iter().filter_map(|c| self.origin(c.first)).find(|raw| !raw.is(flag::EMPTY));
        let gap = gap.filter(|raw| self.line_start(raw.start as usize) == self.line_start(raw.lead as usize));
        let layout =
            Layout { dash_gap: gap.map_or(1, |raw| (raw.start - raw.lead) as usize).clamp(2, 9) - 1, ..self.layout };
        let after = old.last().map_or(self.text.len(), |last| self.next_line(self.end(last.value)));
        let item = |child: &Child| {
            let mut text = String::new();
            let value = self.value(child.value);
            // Comments may stand behind any item, so the check is for all of them.
            if ends_in_block(&value) && (self.would_swallow(&value, after) || self.has_comments(seq)) {
                text.push('-');
                push_spaces(&mut text, layout.dash_gap);
                print::write_flow(&mut text, &value, Quoting::Json);
            } else {
                print::write_item(&mut text, &value, column, layout);
            }
            text
        };
        let separator = format!("{}{:column$}", self.layout.newline, "");
        if old.iter().all(|c| c.gone) {
            let last = children.iter().rfind(|child| child.is_new && !child.gone);
            let in_block = last.is_some_and(|child| ends_in_block(&self.value(child.value)));
            let added: Vec<String> = children.iter().filter(|c| c.is_new && !c.gone).map(item).collect();
            if in_block {
                self.end_line(seq.end as usize);
            }
            let text = if added.is_empty() { "[]".to_owned() } else { added.join(&separator) };
            return self.rewrite(id, seq, added.is_empty(), &text, depth);
        }
        let mut inserts: Vec<(Option<Child>, String, bool)> = Vec::new();
        let mut before: Option<Child> = None;
        let mut run: Vec<String> = Vec::new();
        let mut in_block = false;
        // In `- - a` the first item shares a line; when it goes, what follows takes its place there.
        let inline = !self.is_first_on_line(dash);
        let mut any_kept = false;
        for child in &children {
            if child.is_new {
                if !child.gone {
                    run.push(item(child));
                    in_block = ends_in_block(&self.value(child.value));
                }
                continue;
            }
            if !run.is_empty() {
                inserts.push((before, std::mem::take(&mut run).join(&separator), in_block));
            }
            any_kept |= !child.gone;
            before = Some(*child).filter(|_| any_kept || !inline);
        }
        if !run.is_empty() {
            inserts.push((before, run.join(&separator), in_block));
        }
        for (before, lines, in_block) in inserts {
            match before {
                Some(child) => {
                    let lines = format!("{:column$}{lines}", "");
                    self.insert_lines(&child, depth, lines, in_block);
                }
                None if self.is_first_on_line(dash) => {
                    let lead = if seq.lead == NO_LEAD { 0 } else { seq.lead as usize };
                    let at = self.with_comments(dash, lead);
                    self.cut(at, at, depth, format!("{:column$}{lines}{}", "", self.layout.newline));
                }
                None => self.cut(dash, dash, depth, format!("{lines}{separator}")),
            }
        }
        self.remove_block(&old, depth);
    }

    /// Where a child starts: at its dash, at an explicit key's `?`, or at its key.
    fn head(&self, child: &Child) -> usize {
        let raw = self.origin(child.first);
        let is_block_item =
            |raw: &Raw| child.first == child.value && self.bytes().get(raw.lead as usize) == Some(&b'-');
        let lead = raw.filter(|raw| {
            raw.lead != NO_LEAD && (is_block_item(raw) || child.first != child.value && raw.is(flag::EXPLICIT))
        });
        lead.map_or_else(|| self.start(child.first), |raw| raw.lead as usize)
    }

    /// Cuts the lines of the children that are gone; at least one other is kept.
    fn remove_block(&mut self, old: &[Child], depth: usize) {
        for (i, child) in old.iter().enumerate().filter(|(_, c)| c.gone) {
            let start = self.head(child);
            if self.is_first_on_line(start) {
                let column = self.column(start);
                let end = self.next_line(self.end(child.value).max(self.end(child.first)));
                let end = self.over_deeper_comments(end, column);
                let above = old.iter().take(i).rfind(|c| !c.gone).map(|c| self.last_of(c));
                let end = self.over_scalar_lines(end, above);
                self.untab(end, depth);
                let from = i.checked_sub(1).and_then(|i| old.get(i)).map_or(0, |c| self.end(self.last_of(c)));
                self.cut(self.with_comments(start, from), end, depth, "");
            } else if let Some(next) = old.get(i + 1..).and_then(|rest| rest.iter().find(|c| !c.gone)) {
                // `- a: 1` with `b` on the next line: `b` moves up behind the dash.
                let end = self.head(next);
                self.cut(start, end, depth, "");
            }
        }
    }

    /// All children are gone: `text` stands for the whole collection, inline when `empty` (`{}`, `[]`).
    fn rewrite(&mut self, id: Id, old: Raw, empty: bool, text: &str, depth: usize) {
        let (start, end) = (old.start as usize, self.trim_break(old.start as usize, old.end as usize));
        let colon = old.lead as usize;
        let own_line = self.is_first_on_line(start);
        let is_value = old.lead != NO_LEAD && self.bytes().get(colon) == Some(&b':');
        if empty && is_value && own_line {
            let behind = self.document.props(id).map_or(colon + 1, |props| props.end as usize);
            self.cut(behind, behind, depth, format!(" {text}"));
            self.cut(self.line_end(behind), self.line_end(end), depth, "");
        } else {
            self.put_value(start, end, None, "", text, depth);
        }
        self.untab(self.next_line(end), depth);
    }

    /// A text that ends in a block scalar must end with a line break, even where the old one had none.
    fn end_line(&mut self, end: usize) {
        if self.next_line(end) == self.text.len() && !self.text.ends_with(['\n', '\r']) {
            let at = self.text.len();
            self.cut(at, at, 0, self.layout.newline);
        }
    }

    /// The end of a node without the line break that a block scalar ends with.
    fn trim_break(&self, start: usize, end: usize) -> usize {
        start + self.slice(start, end).trim_end_matches(scan::BREAKS).len()
    }
}

/// Whether a tab stands before the text of the line.
fn is_tabbed(line: &str) -> bool {
    line.get(..line.len() - line.trim_start().len()).is_some_and(|blanks| blanks.contains('\t'))
}

fn push_spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// The text of the block scalar that the printed value ends in, if it does.
fn last_block(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => text.contains('\n').then_some(text),
        Value::Array(items) => items.last().and_then(last_block),
        Value::Object(entries) => entries.values().next_back().and_then(last_block),
        _ => None,
    }
}

fn ends_in_block(value: &Value) -> bool {
    last_block(value).is_some()
}
