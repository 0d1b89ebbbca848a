//! Edits of flow collections: `{a: 1}`, `[x, y]`, on one line or many, YAML or JSON.

use std::collections::VecDeque;

use serde_json::Value;

use super::super::node::{Id, Kind, NO_LEAD, Raw, Style, flag};
use super::super::print::{self, Quoting};
use super::super::scan::{self, break_len};
use super::{Child, Writer};
use crate::json_text;

impl Writer<'_> {
    pub(super) fn flow(&mut self, id: Id, flow: Raw, depth: usize) {
        let children = self.children(flow);
        let old: Vec<Child> = children.iter().copied().filter(|c| !c.is_new).collect();
        let quoting = self.quoting(flow);
        if flow.kind == Kind::Map && self.bytes().get(flow.start as usize) != Some(&b'{') {
            // `[a: 1]`: a mapping without braces has room for one entry only.
            let mut text = String::new();
            print::write_flow(&mut text, &self.value(id), quoting);
            let (start, end) = (flow.start as usize, flow.end as usize);
            self.rewritten.push((start, end));
            return self.cut(start, end, depth, text);
        }
        let compact = self.is_compact(flow, &old);
        let write = |child: &Child| {
            let value = self.value(child.value);
            if compact && quoting == Quoting::Json {
                return compact_json(child, &value, &self.key(child.first));
            }
            let mut text = String::new();
            if child.first == child.value {
                print::write_flow(&mut text, &value, quoting);
            } else {
                print::write_flow_entry(&mut text, &self.key(child.first), &value, quoting);
            }
            text
        };
        // What each new child is written as, in the order of the children.
        let mut added: VecDeque<String> = children.iter().filter(|c| c.is_new && !c.gone).map(write).collect();
        let comma = if compact { "," } else { ", " };
        let close = flow.end as usize - 1;
        let kept: Vec<Child> = old.iter().copied().filter(|c| !c.gone).collect();
        let (Some(&first_old), Some(&last_kept)) = (old.first(), kept.last()) else {
            let start = flow.start as usize + 1;
            let has_comment = self.slice(start, close).contains('#') && old.is_empty();
            let start = if has_comment { close } else { start };
            self.cut(start, close, depth, added.make_contiguous().join(comma));
            return;
        };
        // Removals: up to the next one that stays, or back to the last one that stays.
        let mut gone_from: Option<usize> = None;
        for child in &old {
            if child.gone {
                gone_from.get_or_insert(self.head(child));
            } else if let Some(from) = gone_from.take() {
                self.cut(from, self.head(child), depth, "");
            }
        }
        let last_old = old.last().copied().unwrap_or(first_old);
        let tail = self.end(last_kept.value).max(self.end(last_kept.first));
        let mut keeps_comma = false;
        if gone_from.is_some() {
            let end = self.end(last_old.value).max(self.end(last_old.first));
            let behind = self.behind_blanks(end);
            let has_comma = self.bytes().get(behind) == Some(&b',');
            let gap = if self.bytes().get(end) == Some(&b'#') { " " } else { "" };
            match self.leaf(last_kept) {
                // `-` and `a:` are texts before a comma, and something else before a blank: the comma stays.
                Some(raw) if self.needs_comma(raw) => {
                    keeps_comma = true;
                    let to = if has_comma { behind + 1 } else { end };
                    self.cut(self.behind_blanks(tail) + 1, to, depth, if has_comma { "" } else { gap });
                }
                // `a: ,` has no value, `a:,` is a text.
                Some(raw) if raw.is(flag::EMPTY) && tail == raw.lead as usize + 1 => {
                    let gap = if scan::is_blank_or_end(self.bytes(), end) { "" } else { " " };
                    self.cut(tail, end, depth, gap);
                }
                _ => self.cut(tail, end, depth, gap),
            }
        }
        // Where all is in brackets, tabs may indent: JSON often has them.
        let ends_plain = match added.back() {
            Some(text) => !text.ends_with(['"', '\'', ']', '}']),
            None => self.leaf(last_kept).is_some_and(|raw| raw.style == Style::Plain),
        };
        if ends_plain && !self.is_all_flow() {
            self.untab_lines(self.next_line(tail), close, depth);
        }
        // Insertions: before an old item that stays, or at the end.
        let mut run: Vec<String> = Vec::new();
        for child in &children {
            if child.is_new {
                if !child.gone {
                    run.extend(added.pop_front());
                }
            } else if !child.gone && !run.is_empty() {
                let at = self.head(child);
                self.cut(at, at, depth, format!("{}{comma}", run.join(comma)));
                run.clear();
            }
        }
        if run.is_empty() {
            return;
        }
        let colon = self.leaf(last_kept).filter(|raw| raw.is(flag::EMPTY) && raw.lead != NO_LEAD);
        let tail = match colon {
            Some(raw) => {
                if tail == raw.lead as usize + 1 {
                    self.cut(tail, tail, depth, " ");
                }
                let blanks = scan::skip_blanks(self.bytes(), tail);
                // A comment needs the blank before it.
                if self.bytes().get(blanks) == Some(&b'#') { tail } else { blanks }
            }
            None => tail,
        };
        let after = if keeps_comma { tail } else { tail.max(self.end(last_old.value)).max(self.end(last_old.first)) };
        self.append_flow(&run, comma, &kept, last_kept, (tail, after, close), depth);
    }

    /// Puts new children at the end: behind `tail`, the end of the last one that stays. The last one that there was ends
    /// at `after`, the collection's closer is at `close`.
    pub(super) fn append_flow(
        &mut self,
        run: &[String],
        comma: &str,
        kept: &[Child],
        last: Child,
        place: (usize, usize, usize),
        depth: usize,
    ) {
        let (tail, after, close) = place;
        let between = self.slice(after, close);
        let trailing_comma = between.trim_start().starts_with(',');
        let at = if trailing_comma { after + between.find(',').unwrap_or(0) + 1 } else { tail };
        let own_line = self.is_first_on_line(self.start(last.first));
        let one_per_line = self.slice(at, close).contains(['\n', '\r'])
            && own_line
            && kept
                .iter()
                .rev()
                .nth(1)
                .is_none_or(|c| self.line_start(self.start(c.first)) != self.line_start(self.start(last.first)));
        if one_per_line {
            let indent = self.column(self.start(last.first));
            let separator = format!(",{}{:indent$}", self.layout.newline, "");
            let text = run.join(&separator);
            let line = self.line_end(at);
            if !trailing_comma {
                self.cut(at, at, depth, ",");
            }
            let end = if trailing_comma { "," } else { "" };
            self.cut(line, line, depth, format!("{}{:indent$}{text}{end}", self.layout.newline, ""));
        } else if trailing_comma {
            let space = comma.get(1..).unwrap_or("");
            self.cut(at, at, depth, format!("{space}{},", run.join(comma)));
        } else {
            let gap = if self.bytes().get(at) == Some(&b'#') { " " } else { "" };
            self.cut(at, at, depth, format!("{comma}{}{gap}", run.join(comma)));
        }
    }

    /// What the text of a child ends in: its value, or its key where no `:` follows; of `[a: 1]` the value inside.
    fn leaf(&self, child: Child) -> Option<Raw> {
        let (mut first, mut value) = (child.first, child.value);
        loop {
            let raw = self.origin(value)?;
            let has_no_braces = raw.kind == Kind::Map && self.bytes().get(raw.start as usize) != Some(&b'{');
            match self.children(raw).last().filter(|_| has_no_braces) {
                Some(last) => (first, value) = (last.first, last.value),
                None if raw.is(flag::EMPTY) && raw.lead == NO_LEAD => return self.origin(first),
                None => return Some(raw),
            }
        }
    }

    /// Whether the text is one only because a comma follows.
    fn needs_comma(&self, raw: Raw) -> bool {
        let text = self.slice(raw.start as usize, raw.end as usize);
        raw.kind == Kind::Scalar && raw.style == Style::Plain && (text == "-" || text.ends_with(':'))
    }

    /// From `pos` over blanks, line breaks and comments.
    pub(super) fn behind_blanks(&self, mut pos: usize) -> usize {
        loop {
            match self.bytes().get(pos) {
                Some(b'#') => pos = scan::line_end(self.bytes(), pos),
                Some(b' ' | b'\t') => pos += 1,
                _ => match break_len(self.bytes(), pos) {
                    0 => return pos,
                    length => pos += length,
                },
            }
        }
    }

    /// Whether the whole document is in brackets.
    pub(super) fn is_all_flow(&self) -> bool {
        self.raw(self.document.root).is_some_and(|root| root.style == Style::Flow)
    }

    /// JSON quotes where the collection, or the document, is written like JSON.
    pub(super) fn quoting(&self, flow: Raw) -> Quoting {
        let first = self.origin(flow.child).map(|raw| raw.style);
        let root = self.raw(self.document.root);
        let json_root = root.is_some_and(|root| {
            root.style == Style::Flow && self.raw(root.child).is_none_or(|child| child.style == Style::Double)
        });
        if first == Some(Style::Double) || json_root { Quoting::Json } else { Quoting::Yaml }
    }

    /// No blanks behind commas and colons: `{"a":1,"b":2}`.
    pub(super) fn is_compact(&self, flow: Raw, old: &[Child]) -> bool {
        let blank = |at: usize| self.bytes().get(at).is_some_and(u8::is_ascii_whitespace);
        if let (Some(first), Some(second)) = (old.first(), old.get(1)) {
            let gap = self.slice(self.end(first.value), self.start(second.first));
            return !gap.contains(char::is_whitespace);
        }
        match old.first() {
            Some(only) if flow.kind == Kind::Map => {
                self.origin(only.value).is_some_and(|raw| raw.lead != NO_LEAD && !blank(raw.lead as usize + 1))
            }
            // An empty one: as its own key has it.
            None => {
                flow.lead != NO_LEAD
                    && self.bytes().get(flow.lead as usize) == Some(&b':')
                    && !blank(flow.lead as usize + 1)
            }
            Some(_) => false,
        }
    }
}

/// A child of `{"a":1}` as that is written.
fn compact_json(child: &Child, value: &Value, key: &str) -> String {
    if child.first == child.value {
        json_text(value)
    } else {
        format!("{}:{}", json_text(&Value::String(key.to_owned())), json_text(value))
    }
}
