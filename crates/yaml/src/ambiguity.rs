//! Where the readers of Kubernetes manifests read one text differently.
//!
//! kustomize and kpt read with go-yaml v3, as this crate does; kubectl and other clients of the API split a stream at lines
//! that start with `---`, and read each part with `sigs.k8s.io/yaml`, which is go-yaml v2 and then JSON. Both scan and parse
//! alike. They differ in how they split, in what some scalars and keys mean, and in which of two values a merge leaves.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::node::{Id, Kind, NONE, Raw, Style, flag};
use super::{Document, Node, Scalar, check, cook, pointer, props_of, scalar, scan};

/// A place that two readers read differently, or that one of them refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    /// Its bytes in the text of the stream.
    pub span: Range<usize>,
    /// JSON Pointer of the value, or of the value under the key, from the document's root; empty where it is none.
    pub pointer: String,
    /// How they differ.
    pub reason: Reason,
}

/// How two readers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// `yes`, `off`, `n` and their like.
    Word,
    /// A date or a time that is not written as it is printed.
    Time,
    /// A number that one of them does not have.
    Number,
    /// A tag that one of them passes over.
    Tag,
    /// A key that is no text, and does not become the text that is written.
    Key,
    /// A key that stands twice, by an alias or a tag.
    Twice,
    /// A merge that gives one of them another value than the other.
    Merge,
    /// A line break within a text that one of them reads as another one.
    Break,
    /// A block text that the end of the file ends.
    End,
    /// A byte order mark that only some take off.
    Mark,
    /// `...`, where some expect a document.
    Dots,
    /// Something behind `---` on its line.
    Marker,
    /// A document that does not start behind a line with `---`.
    Hidden,
    /// `%YAML` or `%TAG`.
    Directive,
}

impl Reason {
    /// What the readers make of it, and the spelling on which they agree.
    #[must_use]
    pub fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Word => (
                "kubectl reads a boolean where kustomize and kpt read a text",
                "write `true` or `false`, or put the text in quotes",
            ),
            Self::Time => (
                "kustomize and kpt read a point in time and may write it in another form, kubectl reads a text",
                "put it in quotes",
            ),
            Self::Number => {
                ("a number that not every reader has", "put a text in quotes; write a number in decimal digits")
            }
            Self::Tag => (
                "kubectl reads the tag otherwise than kustomize and kpt",
                "remove the tag, and put what is a text in quotes",
            ),
            Self::Key => (
                "the key is no text, and kubectl makes another text of it than is written, or refuses it",
                "put the key in quotes",
            ),
            Self::Twice => (
                "the key stands twice: strict readers refuse it, others keep the last value or the first",
                "keep one of the two",
            ),
            Self::Merge => (
                "kubectl lets what `<<` merges win over the keys above it, kustomize and kpt the keys of the mapping",
                "put `<<` in front of all other keys of its mapping, or write the values out",
            ),
            Self::Break => {
                ("readers make different line breaks of it", "end lines with a line feed, and write a `\\n`")
            }
            Self::End => (
                "kubectl ends the last line of the text with a line break, kustomize and kpt do not",
                "end the file with a line break",
            ),
            Self::Mark => (
                "kubectl and kustomize take off a byte order mark here, other readers keep it",
                "remove the byte order mark",
            ),
            Self::Dots => ("kubectl refuses `...` here", "remove the line"),
            Self::Marker => (
                "kubectl and kustomize take the line for a separator of documents, and allow nothing but a comment on it",
                "leave `---` alone on its line; put a text that starts with it in quotes, on a line that starts otherwise",
            ),
            Self::Hidden => (
                "kubectl and kustomize do not see this document: no line that starts with `---` stands in front of it",
                "put `---` on a line of its own in front of the document, behind a line feed",
            ),
            Self::Directive => (
                "kubectl and kustomize refuse a directive in front of `---`",
                "remove the directive, and write tags out",
            ),
        }
    }
}

/// The texts that go-yaml v2 reads as booleans and v3 does not.
fn is_word(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF"
    )
}

/// go-yaml v3 alone reads a sign behind `0o`.
fn has_inner_sign(text: &str) -> bool {
    let digits = text.trim_start_matches('_').strip_prefix('0').map(|rest| rest.trim_start_matches('_'));
    digits
        .and_then(|rest| rest.strip_prefix('o'))
        .is_some_and(|rest| rest.trim_start_matches('_').starts_with(['+', '-']))
}

/// Whether `sigs.k8s.io/yaml` makes the text that is written of a key.
fn stays(key: &Scalar<'_>, text: &str) -> bool {
    match key {
        Scalar::Str(_) | Scalar::Merge | Scalar::Timestamp(_) => true,
        Scalar::Null => false,
        Scalar::Bool(value) => text == if *value { "true" } else { "false" },
        Scalar::Int(value) => {
            has_inner_sign(text) || i64::try_from(*value).is_ok_and(|value| value.to_string() == text)
        }
        Scalar::Float(value) if !value.is_finite() => matches!(text, ".inf" | "-.inf" | ".nan"),
        // Go prints it with the digits of a 32-bit float: six are exact.
        Scalar::Float(value) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "1"));
            let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            #[expect(clippy::cast_possible_truncation, reason = "it is compared with what is lost")]
            let short = f64::from(*value as f32);
            let count = digits.trim_start_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count();
            (count < 7 || count == 7 && whole.len() < 7 && short.to_bits() == value.to_bits())
                && plain(whole)
                && plain(fraction)
                && (whole == "0") == whole.starts_with('0')
                && !fraction.ends_with('0')
                && !fraction.starts_with("0000")
        }
    }
}

/// Whether the text of a number that YAML takes for a text is one for JSON.
fn is_too_large(text: &str) -> bool {
    text.contains(['e', 'E']) && scalar::is_ambiguous(text) && !text.contains([':', 'x', 'X', '_'])
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// An open collection.
struct Frame {
    next: Id,
    is_map: bool,
    /// The key, or the number of the item, at which the walk is.
    key: Id,
    index: usize,
}

struct Walk<'a> {
    document: &'a Document,
    frames: Vec<Frame>,
    found: Vec<Ambiguity>,
    /// How many pairs of nodes may still be compared: it keeps time linear.
    budget: usize,
    /// How long the pointers are so far, and may be.
    told: usize,
    limit: usize,
}

impl Document {
    /// The places that the readers of Kubernetes manifests read differently, in the order of the text; empty for nearly all
    /// documents. Where they are so many and so deep that their pointers would be far longer than the text, the last are
    /// left out. An edit may have settled a place: this is about the document as it was read.
    #[must_use]
    pub fn ambiguities(&self) -> Vec<Ambiguity> {
        let budget = self.nodes.len().saturating_mul(4).saturating_add(1000);
        let mut walk = Walk {
            document: self,
            frames: Vec::new(),
            found: Vec::new(),
            budget,
            told: 0,
            limit: self.span().len().saturating_mul(4).saturating_add(1 << 16),
        };
        walk.split();
        walk.run();
        walk.found
    }

    fn is_merge(&self, id: Id, key: Raw) -> bool {
        check::is_merge(&self.file, &self.props, id, key)
    }

    /// The keys of a mapping with what they are, as written.
    fn keys_of(&self, map: Raw) -> impl Iterator<Item = (Id, Raw)> {
        let mut next = map.child;
        std::iter::from_fn(move || {
            let (id, key) = (next, self.raw(next)?);
            next = self.raw(key.next).map_or(NONE, |value| value.next);
            Some((id, key))
        })
    }

    /// The entries of a mapping as go-yaml v2 collects them: key by key, merges where they stand, the last value wins.
    fn in_order(&self, map: Id) -> HashMap<Cow<'_, str>, Id> {
        let child = |id: Id| self.raw(self.resolve(id)).map_or(NONE, |raw| raw.child);
        let mut out = HashMap::new();
        let mut open = vec![child(map)];
        while let Some(next) = open.last_mut() {
            let id = *next;
            let Some(key) = self.raw(id) else {
                open.pop();
                continue;
            };
            let value = key.next;
            *next = self.raw(value).map_or(NONE, |value| value.next);
            if !self.is_merge(id, key) {
                out.insert(self.key(id), value);
            } else if self.raw(self.resolve(value)).is_some_and(|raw| raw.kind == Kind::Seq) {
                // The first of a list wins: it comes last.
                let mut item = child(value);
                while let Some(raw) = self.raw(item) {
                    open.push(child(item));
                    item = raw.next;
                }
            } else {
                open.push(child(value));
            }
        }
        out
    }
}

impl<'a> Walk<'a> {
    fn note(&mut self, span: Range<usize>, pointer: String, reason: Reason) {
        self.told += pointer.len();
        self.found.push(Ambiguity { span, pointer, reason });
    }

    fn note_node(&mut self, raw: Raw, reason: Reason) {
        // Deep places have long pointers: no more of them than the text is long.
        if self.told > self.limit {
            return;
        }
        self.note(raw.start as usize..raw.end as usize, self.pointer(), reason);
    }

    fn pointer(&self) -> String {
        let mut out = String::new();
        for frame in &self.frames {
            if !frame.is_map {
                out.push_str(&format!("/{}", frame.index));
                continue;
            }
            let Some(key) = self.document.raw(frame.key) else { break };
            if self.document.is_merge(frame.key, key) {
                break; // what is merged has no place of its own
            }
            out.push('/');
            out.push_str(&pointer::escape(&self.document.key(frame.key)));
        }
        out
    }

    /// How the stream is split: by go-yaml at markers, by kubectl and kustomize at lines that start with `---`.
    fn split(&mut self) {
        let document = self.document;
        let span = document.span();
        let text = document.file.as_str();
        // One behind a document is not read by kubectl and kustomize: it is the rest of that document's part.
        let is_read = |at: usize| {
            let before = text.get(..at).unwrap_or("").lines().rev();
            let line = before.map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
            line.is_none_or(|line| line.starts_with("---")) || !document.handles.is_empty()
        };
        if let Some(at) = document.directive.map(|at| at as usize).filter(|at| is_read(*at)) {
            self.note(at..scan::line_end(text.as_bytes(), at), String::new(), Reason::Directive);
        }
        let mut separated = span.start == 0;
        let mut is_first = true;
        let mut from = span.start;
        while let Some(found) = text.get(from..span.end).and_then(|part| part.find("---")) {
            let at = from + found;
            from = at + 3;
            if at > 0 && text.as_bytes().get(at - 1) != Some(&b'\n') {
                continue;
            }
            let line = text.get(from..).and_then(|rest| rest.split('\n').next()).unwrap_or("");
            let behind = line.trim();
            // The first line of all stays with what follows.
            let is_marker = at == 0 || scan::is_blank_or_end(text.as_bytes(), from);
            if !is_marker || !(behind.is_empty() || behind.starts_with('#')) {
                self.note(at..from + line.trim_end().len(), String::new(), Reason::Marker);
            }
            separated = true;
            is_first = at == 0;
            from += line.len();
            if at > 0 && text.get(from + 1..).is_some_and(|next| next.starts_with('\u{feff}')) {
                self.note(from + 1..from + 4, String::new(), Reason::Mark);
            }
        }
        self.dots(from, is_first);
        if !separated && !document.root().is_null() {
            let root = document.root().span().unwrap_or(span);
            self.note(root, String::new(), Reason::Hidden);
        }
    }

    /// `...` behind a document that ends at `from` or later.
    fn dots(&mut self, from: usize, is_first: bool) {
        let document = self.document;
        let (text, root) = (document.file.as_str(), document.root());
        let empty = root.is_null() && !is_first;
        // kubectl reads one value of JSON after the other.
        let is_json = || root.span().and_then(|span| text.get(span)).is_some_and(is_json);
        let content = root.span().map_or(from, |span| span.end.max(from));
        let lines = text.get(content..document.span().end).unwrap_or("").split_inclusive('\n');
        let mut at = content;
        for line in lines {
            if line.starts_with("...") && (empty || text.trim_start().starts_with('{') && is_json()) {
                self.note(at..at + 3, String::new(), Reason::Dots);
            }
            at += line.len();
        }
    }

    fn run(&mut self) {
        let root = self.document.root;
        self.value(root);
        while let Some(top) = self.frames.last_mut() {
            let id = top.next;
            let Some(raw) = self.document.raw(id) else {
                self.frames.pop();
                continue;
            };
            if !top.is_map {
                top.next = raw.next;
                top.index = top.index.wrapping_add(1);
                self.value(id);
                continue;
            }
            top.key = id;
            top.next = self.document.raw(raw.next).map_or(NONE, |value| value.next);
            self.key(id, raw);
            self.value(raw.next);
        }
    }

    fn value(&mut self, id: Id) {
        let Some(raw) = self.document.raw(id) else { return };
        match raw.kind {
            Kind::Alias => {}
            Kind::Scalar => {
                if let Some(reason) = self.scalar(id, raw) {
                    self.note_node(raw, reason);
                }
            }
            Kind::Map | Kind::Seq => {
                let is_map = raw.kind == Kind::Map;
                if is_map {
                    self.keys(raw);
                    if raw.is(flag::MERGE) {
                        self.merged(id);
                    }
                }
                self.frames.push(Frame { next: raw.child, is_map, key: NONE, index: usize::MAX });
            }
        }
    }

    /// The tag of a scalar, as it is written and by name.
    fn tag(&self, id: Id, raw: Raw) -> Option<(Cow<'a, str>, String)> {
        let document = self.document;
        let props = if raw.is(flag::PROPS) { props_of(&document.props, id) } else { None };
        let props = props.filter(|props| props.tag.1 > props.tag.0)?;
        let written = check::expand_tag(&document.handles, document.text(props.tag.0, props.tag.1))?;
        let name = scalar::tag_name(&written).ok()?.into_owned();
        Some((written, name))
    }

    fn scalar(&self, id: Id, raw: Raw) -> Option<Reason> {
        let document = self.document;
        let tag = if raw.is(flag::PROPS) { self.tag(id, raw) } else { None };
        // Base64 has no line breaks.
        if tag.as_ref().is_none_or(|(_, name)| name != "!!binary")
            && let Some(reason) = self.lines(raw)
        {
            return Some(reason);
        }
        if let Some((written, name)) = tag {
            let text = document.string(id);
            let value = document.scalar(id);
            if name == "!" {
                // v2 reads a text.
                return (value != Scalar::Merge && value != Scalar::Str(text)).then_some(Reason::Tag);
            }
            // v2 does not know the short names in the long notation.
            let is_short = written.starts_with("!!") || scalar::is_core(&written);
            if !is_short && !matches!(value, Scalar::Str(ref value) if *value == text) {
                return Some(Reason::Tag);
            }
            return Self::differs(&value, &text);
        }
        if raw.style != Style::Plain || raw.is(flag::EMPTY) {
            return None;
        }
        let text = document.string(id);
        match text.as_bytes().first()? {
            b'y' | b'Y' | b'n' | b'N' | b'o' | b'O' => is_word(&text).then_some(Reason::Word),
            b'0'..=b'9' | b'.' | b'+' | b'-' | b'_' => match scalar::resolve(&text) {
                // A number that is too large is a text for YAML, and none for JSON.
                Scalar::Str(_) if self.may_be_json() && is_too_large(&text) => Some(Reason::Number),
                value => Self::differs(&value, &text),
            },
            _ => None,
        }
    }

    /// kubectl tries to read what starts like this as JSON.
    fn may_be_json(&self) -> bool {
        self.document.file.trim_start().starts_with('{')
    }

    /// Whether a value of v3 is another one for v2.
    fn differs(value: &Scalar<'_>, text: &str) -> Option<Reason> {
        match value {
            Scalar::Timestamp(time) if time != text => Some(Reason::Time),
            Scalar::Float(value) if !value.is_finite() => Some(Reason::Number),
            Scalar::Int(_) | Scalar::Float(_) if has_inner_sign(text) => Some(Reason::Number),
            _ => None,
        }
    }

    /// The line breaks of a text.
    fn lines(&self, raw: Raw) -> Option<Reason> {
        if !raw.is(flag::COOKED) {
            return None;
        }
        let file = self.document.file.as_str();
        let text = self.document.text(raw.start, raw.end);
        // kubectl and kyaml take a carriage return off each line before they read it.
        if text.contains("\r\r\n") {
            return Some(Reason::Break);
        }
        // kubectl reads what starts like JSON as JSON, where more than ASCII's are no line breaks.
        if raw.style == Style::Double
            && text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
            && self.may_be_json()
            && serde_json::from_str::<String>(text).is_ok_and(|json| json != cook::decode(file, raw))
        {
            return Some(Reason::Break);
        }
        if matches!(raw.style, Style::Literal | Style::Folded)
            && !file.ends_with('\n')
            && let Some(rest) = file.get(raw.end as usize..)
            && rest.trim().is_empty()
        {
            // kubectl ends the last line of each part.
            let ended = format!("{text}{rest}\n");
            let moved = Raw { start: 0, end: super::node::offset(ended.len()), ..raw };
            if cook::decode(&ended, moved) != cook::decode(file, raw) {
                return Some(Reason::End);
            }
        }
        None
    }

    fn key(&mut self, id: Id, raw: Raw) {
        let document = self.document;
        if document.is_merge(id, raw) {
            return;
        }
        let target = document.resolve(id);
        let Some(found) = document.raw(target).filter(|found| found.kind == Kind::Scalar) else { return };
        let tag = self.tag(target, found).map(|(_, name)| name);
        let text = document.string(target);
        let reason = match tag.as_deref() {
            Some("!") if id == target && found.style != Style::Plain && text == "<<" => Some(Reason::Merge),
            None if found.style == Style::Plain && is_word(&text) => Some(Reason::Key),
            // v2 reads a text.
            Some("!") => (document.scalar(target) == Scalar::Null).then_some(Reason::Key),
            _ if !stays(&document.scalar(target), &text) => Some(Reason::Key),
            _ => self.scalar(target, found).filter(|reason| match reason {
                Reason::Time => false,
                Reason::Number => tag.is_some() && has_inner_sign(&text),
                Reason::Tag => document.key(target) != text,
                _ => true,
            }),
        };
        if let Some(reason) = reason {
            self.note_node(raw, reason);
        }
    }

    /// Keys that are one and the same by an alias or a tag; the parser refuses all others.
    fn keys(&mut self, map: Raw) {
        let document = self.document;
        self.twins(map);
        if !document.keys_of(map).any(|(_, key)| key.kind == Kind::Alias || key.is(flag::PROPS)) {
            return;
        }
        let mut seen = HashSet::new();
        for (id, key) in document.keys_of(map) {
            let text = document.key(id);
            if !document.is_merge(id, key) && !seen.insert(text.clone()) && self.told <= self.limit {
                let pointer = format!("{}/{}", self.pointer(), pointer::escape(&text));
                self.note(key.start as usize..key.end as usize, pointer, Reason::Twice);
            }
        }
    }

    /// Keys that v3 alone reads as one and the same number: those that v2 takes for texts.
    fn twins(&mut self, map: Raw) {
        let document = self.document;
        let is_text = |id: Id, key: Raw| {
            let tagged = || self.tag(id, key).is_some_and(|(_, name)| name == "!");
            key.style == Style::Plain && (has_inner_sign(&document.string(id)) || key.is(flag::PROPS) && tagged())
        };
        let odd: Vec<(Id, Raw)> = document.keys_of(map).filter(|(id, key)| is_text(*id, *key)).collect();
        for (id, key) in odd {
            let value = document.scalar(id);
            if matches!(value, Scalar::Str(_) | Scalar::Merge) {
                continue;
            }
            let mut others = document.keys_of(map).filter(|(other, _)| *other != id);
            let twin = others.any(|(other, _)| {
                self.budget = self.budget.saturating_sub(1);
                self.budget == 0 || document.scalar(document.resolve(other)) == value
            });
            if twin {
                self.note_node(key, Reason::Key);
            }
        }
    }

    /// The keys to which a merge gives one value in v3 and another in v2.
    fn merged(&mut self, map: Id) {
        let document = self.document;
        let mut theirs = document.in_order(map);
        for (key, value) in document.entries(map) {
            let text = document.key(key);
            let other = theirs.remove(&text).unwrap_or(NONE);
            if !self.same(value, other) && self.told <= self.limit {
                let raw = document.raw(value);
                let span = raw.map_or(0..0, |raw| raw.start as usize..raw.end as usize);
                let pointer = format!("{}/{}", self.pointer(), pointer::escape(&text));
                self.note(span, pointer, Reason::Merge);
            }
        }
    }

    /// Whether two values are equal; when they are too many to compare, they are not.
    fn same(&mut self, a: Id, b: Id) -> bool {
        let document = self.document;
        let mut open = vec![(a, b)];
        while let Some((a, b)) = open.pop() {
            let (a, b) = (Node::at(document, a), Node::at(document, b));
            if a.id == b.id {
                continue;
            }
            let (Some(x), Some(y)) = (a.raw(), b.raw()) else { return false };
            let size = |node: Node<'_>| node.entries().count() + node.items().count();
            if x.kind != y.kind || (x.flags | y.flags) & flag::MERGE != 0 || size(a) != size(b) {
                return false;
            }
            let Some(budget) = self.budget.checked_sub(1 + size(a)) else { return false };
            self.budget = budget;
            if x.kind == Kind::Scalar && a.scalar() != b.scalar() {
                return false;
            }
            open.extend(a.items().zip(b.items()).map(|(a, b)| (a.id, b.id)));
            let mut others: HashMap<_, _> = b.entries().collect();
            for (key, value) in a.entries() {
                match others.remove(&key) {
                    Some(other) => open.push((value.id, other.id)),
                    None => return false,
                }
            }
        }
        true
    }
}
