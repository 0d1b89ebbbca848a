//! A value in another's place.

use serde_json::Value;

use super::super::node::{Id, Kind, NO_LEAD, NONE, Raw, Style, flag};
use super::super::print::{self, Layout, Quoting};
use super::super::scan::{self, break_len};
use super::{Writer, ends_in_block, is_new, last_block};

impl Writer<'_> {
    pub(super) fn replace(&mut self, id: Id, new: Raw, old_id: Id, old: Raw, depth: usize) {
        let value = self.value(id);
        let in_flow = self.is_in_flow(old_id);
        // An anchor stays (nothing refers to it any more); a tag would change what the new value means.
        let anchor = self.document.props(old_id).map(|props| self.document.text(props.anchor.0, props.anchor.1));
        let mut anchor = anchor.filter(|name| !name.is_empty()).map_or(String::new(), |name| format!("&{name} "));
        let mark = (old.lead != NO_LEAD).then_some(old.lead as usize);
        let start = old.start as usize;
        if self.rewritten.iter().any(|&(from, to)| from <= start && start <= to) {
            return;
        }
        if mark.is_none() && old.is(flag::EMPTY) && self.document.root != id {
            let key = self.document.holder(old_id, id);
            return self.give_value(key, old, &value, in_flow, depth);
        }
        let filled = new.kind != Kind::Scalar && self.children(new).iter().any(|child| !child.gone);
        if in_flow || old.style == Style::Flow {
            return self.replace_flow(old_id, old, &value, filled, in_flow, &anchor, depth);
        }
        let mut start = self.start(old_id);
        let end = match old.style {
            Style::Block | Style::Literal | Style::Folded => self.trim_break(start, old.end as usize),
            _ => self.end(old_id),
        };
        let same_line = mark.is_none_or(|mark| self.line_start(mark) == self.line_start(start));
        let quoted = match (&value, old.style) {
            (Value::String(text), Style::Single | Style::Double) if !text.contains('\n') => {
                Some(requote(text, old.style, false))
            }
            _ if self.would_swallow(&value, self.next_line(end)) => {
                let mut text = String::new();
                print::write_flow(&mut text, &value, Quoting::Json);
                Some(text)
            }
            _ => None,
        };
        let mut text = String::new();
        match (quoted, mark) {
            (Some(quoted), _) => text = quoted,
            (None, Some(dash)) if self.bytes().get(dash) == Some(&b'-') => {
                let gap = if same_line && !old.is(flag::EMPTY) { (start - dash).clamp(2, 9) - 1 } else { 1 };
                print::write_item(&mut text, &value, self.column(dash), Layout { dash_gap: gap, ..self.layout });
                text.drain(..=gap);
                if filled {
                    anchor.clear(); // it cannot stand before a collection on its line
                }
            }
            (None, Some(colon)) => {
                print::write_entry_value(&mut text, &value, self.key_column(colon, old_id, id), self.layout);
                text = text.strip_prefix(' ').map(str::to_owned).unwrap_or(text);
            }
            (None, None) => {
                print::write_document(&mut text, &value, self.layout);
                text.truncate(text.trim_end_matches(['\n', '\r']).len());
                if filled {
                    anchor.clear();
                    if self.is_first_on_line(start) {
                        start = self.line_start(start);
                    } else {
                        text.insert_str(0, self.layout.newline);
                    }
                }
            }
        }
        self.put_value(
            start,
            end,
            mark.filter(|_| !same_line || old.is(flag::EMPTY) || text.starts_with(['\n', '\r'])),
            &anchor,
            &text,
            depth,
        );
        self.untab(self.next_line(end), depth);
        if ends_in_block(&value) {
            self.end_line(end);
        }
    }

    /// Puts `text` in the place of `start..end`: its first line where the old value, or the `:` or `-` at `mark`, stands,
    /// so that a comment behind it stays on that line, and its other lines below.
    pub(super) fn put_value(
        &mut self,
        start: usize,
        end: usize,
        mark: Option<usize>,
        anchor: &str,
        text: &str,
        depth: usize,
    ) {
        let split = text.find(['\n', '\r']).unwrap_or(text.len());
        let (head, body) = text.split_at(split);
        let head = format!("{anchor}{head}");
        let head = head.trim_end();
        let Some(mark) = mark else {
            let head =
                if start == end && start > 0 && self.bytes().get(start - 1).is_some_and(|b| !b.is_ascii_whitespace()) {
                    format!(" {head}")
                } else {
                    head.to_owned()
                };
            let gap = if self.bytes().get(end) == Some(&b'#') { " " } else { "" };
            self.cut(start, end, depth, head + gap);
            if !body.is_empty() {
                let line = self.line_end(end);
                self.cut(line, line, depth, body);
            }
            return;
        };
        let head = if head.is_empty() { String::new() } else { format!(" {head}") };
        let line = self.line_end(mark);
        if self.line_start(start) == self.line_start(mark) {
            let behind = scan::skip_blanks(self.bytes(), end);
            // Behind a `:` or `-` alone no tab may stand, and no comment without a blank.
            let blanks = self.slice(end, behind);
            let is_comment = self.bytes().get(behind) == Some(&b'#');
            let tabbed = head.is_empty() && blanks.contains('\t');
            let gap = if is_comment && (tabbed || blanks.is_empty()) { " " } else { "" };
            self.cut(mark + 1, if tabbed { behind } else { end }, depth, head + gap);
            let line = self.line_end(end);
            self.cut(line, line, depth, body);
        } else {
            let rest = self.slice(mark + 1, line);
            let blank_end = if rest.trim().is_empty() { line } else { mark + 1 };
            self.cut(mark + 1, blank_end, depth, head);
            self.cut(line, self.line_end(end), depth, body);
        }
    }

    #[allow(clippy::too_many_arguments)] // one value's place, described
    pub(super) fn replace_flow(
        &mut self,
        old_id: Id,
        old: Raw,
        value: &Value,
        filled: bool,
        in_flow: bool,
        anchor: &str,
        depth: usize,
    ) {
        let start = self.start(old_id);
        let json = old.style == Style::Double || in_flow && self.is_json_like(old_id);
        let quoting = if json { Quoting::Json } else { Quoting::Yaml };
        let mut text = anchor.to_owned();
        match (value, old.style) {
            (Value::String(string), Style::Single | Style::Double) => {
                text.push_str(&requote(string, old.style, in_flow));
            }
            // Outside of brackets a text of several lines needs the quotes that brackets would give it.
            (Value::String(string), _) if string.contains('\n') => print::write_flow(&mut text, value, quoting),
            _ if filled => print::write_flow(&mut text, value, quoting),
            _ => print::write_scalar(&mut text, value, in_flow, quoting),
        }
        if old.is(flag::EMPTY) && start > 0 && self.bytes().get(start - 1).is_some_and(|b| !b.is_ascii_whitespace()) {
            text.insert(0, ' ');
        }
        let end = self.end(old_id);
        let ends_plain = !text.ends_with(['"', '\'', ']', '}']);
        if self.bytes().get(end) == Some(&b'#') {
            text.push(' ');
        }
        self.cut(start, end, depth, text);
        if in_flow && ends_plain && !self.is_all_flow() {
            self.untab_lines(self.next_line(end), self.behind_blanks(end), depth);
        }
    }

    /// Whether the block scalar that `value` ends in would take the lines from `at` on, comments or blanks, into its text.
    pub(super) fn would_swallow(&self, value: &Value, at: usize) -> bool {
        let Some(text) = last_block(value) else { return false };
        if self.slice(at.saturating_sub(3), at).ends_with(['\u{2028}', '\u{2029}']) {
            return true; // these line breaks would become a part of the text
        }
        // Lines that go may lay others bare: then any line further on counts.
        let removals = self.document.nodes.iter().any(|raw| raw.is(flag::GONE));
        let mut pos = at;
        while pos < self.document.end as usize {
            let stop = self.line_end(pos);
            let line = self.slice(pos, stop);
            if line.starts_with([' ', '\t']) && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
                return true;
            }
            if !line.is_empty() && !removals {
                return false;
            }
            if text.ends_with("\n\n") {
                return true;
            }
            pos = stop + break_len(self.bytes(), stop).max(1);
        }
        false
    }

    /// A key that has no `:` yet (`{a}`, `? a`) gets one, and a value.
    pub(super) fn give_value(&mut self, key_id: Option<Id>, old: Raw, value: &Value, in_flow: bool, depth: usize) {
        let at = old.start as usize;
        let key = key_id.and_then(|key| self.origin(key));
        let mut text = String::from(": ");
        if in_flow {
            print::write_flow(&mut text, value, Quoting::Yaml);
            if let Some((id, raw)) = key_id.zip(key) {
                // Before a `:`, a text of several lines or one that ends in a colon needs quotes.
                let old = self.slice(raw.start as usize, raw.end as usize);
                if old.contains(scan::BREAKS) || raw.style == Style::Plain && old.ends_with(':') {
                    let mut quoted = String::new();
                    print::write_key(&mut quoted, &self.key(id), true, Quoting::Json);
                    self.cut(raw.start as usize, raw.end as usize, depth, quoted);
                }
            }
            if !self.is_all_flow() {
                self.untab_lines(self.next_line(at), self.behind_blanks(at), depth);
            }
            if self.bytes().get(at) == Some(&b'#') {
                text.push(' ');
            }
            return self.cut(at, at, depth, text);
        }
        let column = key.filter(|raw| raw.lead != NO_LEAD).map_or(0, |raw| self.column(raw.lead as usize));
        let (newline, line) = (self.layout.newline, self.over_tabs(self.next_line(at)));
        if self.would_swallow(value, line) {
            print::write_flow(&mut text, value, Quoting::Json);
        } else {
            let mut item = String::new();
            print::write_item(&mut item, value, column, self.layout);
            text.push_str(item.get(2..).unwrap_or(""));
        }
        let before = if self.is_line_start(line) {
            ""
        } else {
            self.close_block_scalar(key_id.unwrap_or(NONE));
            newline
        };
        self.cut(line, line, depth, format!("{before}{:column$}{text}{newline}", ""));
    }

    /// The column of the key whose value has its colon at `colon`.
    pub(super) fn key_column(&self, colon: usize, old: Id, new: Id) -> usize {
        match self.document.holder(old, new) {
            // Behind `? ` the key is set in, and its `:` stands below the `?`.
            Some(key) if !self.origin(key).is_some_and(|key| key.is(flag::EXPLICIT)) => self.column(self.start(key)),
            _ => self.column(colon),
        }
    }

    /// The collection that the text has the node in.
    fn parent(&self, id: Id) -> Option<Raw> {
        let raw = self.raw(id)?;
        let holds = |parent: &Raw| {
            matches!(parent.kind, Kind::Map | Kind::Seq) && parent.start < raw.start && raw.end <= parent.end
        };
        // A collection is read before what it holds.
        (0..id).rev().filter_map(|id| self.raw(id)).filter(|raw| !is_new(*raw)).find(holds)
    }

    pub(super) fn is_in_flow(&self, id: Id) -> bool {
        self.parent(id).is_some_and(|parent| parent.style == Style::Flow)
    }

    fn is_json_like(&self, id: Id) -> bool {
        self.parent(id).is_some_and(|parent| self.quoting(parent) == Quoting::Json)
    }
}

/// `text` in the quotes that the old value had, where they can hold it.
fn requote(text: &str, style: Style, in_flow: bool) -> String {
    let mut out = String::new();
    let simple = !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'));
    if style == Style::Single && simple {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    } else {
        print::write_scalar_string(&mut out, text, in_flow, Quoting::Json);
    }
    out
}
