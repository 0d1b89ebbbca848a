//! The parser: one pass over the bytes, a stack of open collections, no recursion.
//!
//! It accepts what go-yaml v3 accepts, since kustomize and kpt read with that: a key must end on its line
//! within 1024 characters, tabs may not indent, `%YAML 1.2` is refused, and so on. Whether a node
//! is a mapping's key is decided when the node ends, by looking for the `:` behind it.

mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Id, Kind, NO_LEAD, NONE, Props, Raw, Style, flag, offset as at};
use super::scan::{self, break_len, is_blank_or_end};
use super::{Document, Error, Hints, check};

/// Nesting beyond this is refused, as go-yaml does.
const MAX_DEPTH: usize = 10_000;
/// A key must end within this many characters.
const MAX_KEY: usize = 1024;
/// Nodes that a document has room for before it must grow.
const EDIT_ROOM: usize = 32;
const NO_COLON: &str = "expected `key: value` here: this line has no `:` (or its key is too long)";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Context {
    Document,
    BlockMap,
    BlockSeq,
    /// A block sequence whose dashes stand at its parent key's column.
    Indentless,
    FlowMap,
    FlowSeq,
    /// `key: value` directly inside a flow sequence.
    FlowPair,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// A node may come: the root, an item, or the key after `?`.
    Node,
    /// A key (mapping) or `-` (sequence) or the end may come.
    Entry,
    /// The key is there; `:` may come.
    Colon,
    /// The `:` is there; a value may come.
    Value,
    /// Flow only: `,` or the closer must come.
    After,
}

/// Where a node began that may turn out to be a key.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    pos: usize,
    line_start: usize,
    /// It must be a key, or the document is malformed.
    required: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    start: usize,
    end: usize,
    anchor: (u32, u32),
    tag: (u32, u32),
}

/// What stands before a node: properties of an enclosing collection, its own, and whether it can be a key.
///
/// Boxed, since most nodes have no properties and this is moved about for each.
#[derive(Debug, Default)]
struct Lead {
    outer: Option<Box<Pending>>,
    own: Option<Box<Pending>>,
    candidate: Option<Candidate>,
}

#[derive(Debug)]
struct Frame {
    context: Context,
    state: State,
    indent: i64,
    node: Id,
    last: Id,
    /// Position of the pending `-`, `:` or `?`.
    mark: usize,
    explicit: bool,
    lead: Lead,
}

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own about the position
pub(crate) struct Parser<'t> {
    file: &'t Arc<String>,
    text: &'t str,
    bytes: &'t [u8],
    pos: usize,
    line_start: usize,
    flow: usize,
    indent: i64,
    /// A key may start here: the beginning of a line, after `- `, `? `, `[`, `{` or `,`.
    allowed: bool,
    lead: Lead,
    frames: Vec<Frame>,
    nodes: Vec<Raw>,
    props: Vec<Props>,
    anchors: HashMap<&'t str, Id>,
    has_alias: bool,
    hints: Hints,
    handles: Vec<(String, String)>,
    directive: Option<u32>,
    documents: Vec<Document>,
    document_start: usize,
    in_document: bool,
    /// The next document needs its own `---`.
    needs_marker: bool,
}

type Result<T> = std::result::Result<T, Error>;

impl<'t> Parser<'t> {
    pub(crate) fn new(file: &'t Arc<String>) -> Self {
        let text: &str = file.as_str();
        let start = scan::text_start(text);
        Parser {
            file,
            text,
            bytes: text.as_bytes(),
            pos: start,
            line_start: start,
            flow: 0,
            indent: -1,
            allowed: true,
            lead: Lead::default(),
            frames: Vec::new(),
            nodes: Vec::new(),
            props: Vec::new(),
            anchors: HashMap::new(),
            has_alias: false,
            hints: Hints::default(),
            handles: Vec::new(),
            directive: None,
            documents: Vec::new(),
            document_start: 0,
            in_document: false,
            needs_marker: false,
        }
    }

    pub(crate) fn run(mut self) -> Result<Vec<Document>> {
        loop {
            self.skip_to_token();
            let start = self.pos;
            let c = self.byte(start);
            if c == 0 {
                self.finish_document(self.text.len(), false)?;
                // What follows the last document (comments, `...`) belongs to it.
                if let Some(last) = self.documents.last_mut() {
                    last.end = at(self.text.len());
                }
                return Ok(self.documents);
            }
            let column = self.column(start);
            if self.flow == 0 {
                self.unroll(column)?;
            }
            if column == 0 {
                if c == b'%' && self.flow == 0 {
                    self.directives()?;
                    continue;
                }
                if let Some(marker) = scan::document_marker(self.bytes, start) {
                    self.document_marker(marker)?;
                    continue;
                }
            }
            self.token(c)?;
        }
    }

    fn token(&mut self, c: u8) -> Result<()> {
        match c {
            b'[' | b'{' => self.open_flow(c),
            b']' | b'}' => self.close_flow(c),
            b',' => self.comma(),
            b'-' if is_blank_or_end(self.bytes, self.pos + 1) => self.dash(),
            b'?' if self.flow > 0 || is_blank_or_end(self.bytes, self.pos + 1) => self.question(),
            b':' if self.flow > 0 || is_blank_or_end(self.bytes, self.pos + 1) => self.colon_without_key(),
            b'*' => self.alias(),
            b'&' | b'!' => self.property(c),
            b'|' | b'>' if self.flow == 0 => self.block_scalar(c),
            b'\'' | b'"' => self.quoted(c),
            b' ' | b'\t' | b'#' | b'%' | b'@' | b'`' | b'|' | b'>' => {
                let what = if c == b'\t' {
                    "a tab cannot indent or start a value here; use spaces"
                } else {
                    "this character cannot start a value; quote the text"
                };
                Err(self.error(self.pos, what))
            }
            _ => self.plain(),
        }
    }

    // ---- small helpers ----

    fn byte(&self, i: usize) -> u8 {
        self.bytes.get(i).copied().unwrap_or(0)
    }

    fn column(&self, pos: usize) -> i64 {
        i64::try_from(pos - self.line_start).unwrap_or(i64::MAX)
    }

    #[allow(clippy::unused_self)] // reads better at the call sites, and may come to use the state
    fn error(&self, pos: usize, message: &str) -> Error {
        Error::new(pos, message)
    }

    fn raw(&mut self, id: Id) -> Option<&mut Raw> {
        self.nodes.get_mut(id as usize)
    }

    fn top(&mut self) -> Result<&mut Frame> {
        let pos = self.pos;
        self.frames.last_mut().ok_or_else(|| Error::new(pos, "there is no open document here"))
    }

    fn new_node(&mut self, kind: Kind, style: Style, start: usize, end: usize) -> Id {
        let id = at(self.nodes.len());
        self.nodes.push(Raw::new(kind, style, start, end));
        id
    }

    fn skip_to_token(&mut self) {
        loop {
            match self.byte(self.pos) {
                b' ' => self.pos += 1,
                b'\t' if self.flow > 0 || !self.allowed => self.pos += 1,
                b'#' => self.pos = scan::line_end(self.bytes, self.pos),
                _ => {
                    let n = break_len(self.bytes, self.pos);
                    if n == 0 {
                        return;
                    }
                    self.pos += n;
                    self.line_start = self.pos;
                    if self.flow == 0 {
                        self.allowed = true;
                    }
                }
            }
        }
    }

    // ---- documents ----

    fn begin_document(&mut self, explicit: bool) -> Result<()> {
        if !explicit && self.needs_marker {
            return Err(self.error(self.pos, "expected `---` before this: the document above has ended"));
        }
        self.in_document = true;
        self.nodes.clear();
        self.new_node(Kind::Scalar, Style::Plain, 0, 0); // the absent node
        self.frames.push(Frame {
            context: Context::Document,
            state: State::Node,
            indent: -1,
            node: NONE,
            last: NONE,
            mark: self.pos,
            explicit: false,
            lead: Lead::default(),
        });
        Ok(())
    }

    fn document_marker(&mut self, marker: u8) -> Result<()> {
        let start = self.pos;
        if self.flow > 0 {
            return Err(self.error(start, "a document marker inside `[…]` or `{…}`: close it first"));
        }
        self.unroll(-1)?;
        if marker == b'-' {
            if self.in_document {
                self.finish_document(start, false)?;
            }
            self.pos += 3;
            self.begin_document(true)?;
            self.allowed = false;
        } else {
            if !self.in_document {
                return Err(self.error(start, "`...` without a document before it"));
            }
            self.finish_document(start, true)?;
            self.pos += 3;
            self.allowed = false;
        }
        Ok(())
    }

    /// Closes the open document; the next one starts at `end` unless `...` keeps the line with this one.
    fn finish_document(&mut self, end: usize, dots: bool) -> Result<()> {
        if self.flow > 0 {
            return Err(self.error(self.open_flow_start(), "this is never closed"));
        }
        self.unroll(-1)?;
        if self.lead.outer.is_some() || self.lead.own.is_some() {
            self.ensure_document()?;
        }
        if !self.in_document {
            return Ok(());
        }
        let mark = self.pos;
        let state = self.top()?.state;
        if state == State::Node {
            self.attach_empty(mark)?;
        }
        self.no_stray_props(mark)?;
        let frame = self.frames.pop();
        let root = frame.map_or(NONE, |f| f.last);
        let end = if dots { end + 3 } else { end };
        // The working list is kept for the next document; room for a few edits saves most documents a second allocation.
        let mut nodes = Vec::with_capacity(self.nodes.len() + EDIT_ROOM);
        nodes.extend_from_slice(&self.nodes);
        let mut props = std::mem::take(&mut self.props);
        props.sort_by_key(|p| p.node);
        let document = Document {
            file: Arc::clone(self.file),
            start: at(self.document_start),
            end: at(end),
            nodes,
            props,
            root,
            hints: std::mem::take(&mut self.hints),
            has_alias: self.has_alias,
            handles: std::mem::take(&mut self.handles),
            directive: self.directive.take(),
            added: String::new(),
            replaced: Vec::new(),
            dirty: Vec::new(),
            gone: false,
        };
        if self.has_alias {
            check::aliases(&document)?;
        }
        self.documents.push(document);
        self.document_start = end;
        self.in_document = false;
        self.needs_marker = true;
        self.anchors.clear();
        self.has_alias = false;
        Ok(())
    }

    fn directives(&mut self) -> Result<()> {
        let start = self.pos;
        if self.in_document {
            // As in go-yaml: a directive ends the open document.
            self.finish_document(start, false)?;
        }
        self.directive = Some(at(start));
        (self.pos, self.handles) = scan::directives(self.bytes, start)?;
        self.line_start = self.pos;
        self.skip_to_token();
        if self.column(self.pos) == 0 && scan::document_marker(self.bytes, self.pos) == Some(b'-') {
            Ok(())
        } else {
            Err(self.error(self.pos, "a directive must be followed by `---`"))
        }
    }

    fn ensure_document(&mut self) -> Result<()> {
        if self.in_document { Ok(()) } else { self.begin_document(false) }
    }

    // ---- properties and keys ----

    /// Notes where a node begins, if it could be a key.
    fn begin_node(&mut self) -> Result<()> {
        self.ensure_document()?;
        if self.allowed {
            let required = self.flow == 0 && self.indent == self.column(self.pos);
            self.end_candidate()?;
            self.lead.candidate = Some(Candidate { pos: self.pos, line_start: self.line_start, required });
        }
        Ok(())
    }

    /// What stood before was no key; its properties belong to whatever follows.
    fn end_candidate(&mut self) -> Result<()> {
        if let Some(candidate) = self.lead.candidate.take()
            && candidate.required
        {
            return Err(self.error(candidate.pos, NO_COLON));
        }
        if let Some(own) = self.lead.own.take() {
            let outer = self.lead.outer.take();
            self.lead.outer = Some(self.merge(outer.as_deref(), own)?);
        }
        Ok(())
    }

    fn merge(&self, outer: Option<&Pending>, inner: Box<Pending>) -> Result<Box<Pending>> {
        let Some(outer) = outer else { return Ok(inner) };
        let both = |a: (u32, u32), b: (u32, u32)| a.1 > a.0 && b.1 > b.0;
        if both(outer.anchor, inner.anchor) || both(outer.tag, inner.tag) {
            return Err(self.error(inner.start, "a value can have one anchor and one tag only"));
        }
        let pick = |a: (u32, u32), b: (u32, u32)| if a.1 > a.0 { a } else { b };
        Ok(Box::new(Pending {
            start: outer.start,
            end: inner.end,
            anchor: pick(outer.anchor, inner.anchor),
            tag: pick(outer.tag, inner.tag),
        }))
    }

    fn property(&mut self, c: u8) -> Result<()> {
        let start = self.pos;
        self.begin_node()?;
        let mut pending = Pending { start, ..Pending::default() };
        if c == b'&' {
            let end = scan::anchor(self.bytes, start)?;
            pending.anchor = (at(start + 1), at(end));
            self.pos = end;
        } else {
            let end = scan::tag(self.bytes, start)?;
            pending.tag = (at(start), at(end));
            self.pos = end;
        }
        pending.end = self.pos;
        let own = self.lead.own.take();
        self.lead.own = Some(self.merge(own.as_deref(), Box::new(pending))?);
        self.allowed = false;
        Ok(())
    }

    /// Takes the properties that stand before a node which is not a key.
    #[inline]
    fn take_props(&mut self) -> Result<Option<Box<Pending>>> {
        self.lead.candidate = None;
        let outer = self.lead.outer.take();
        match self.lead.own.take() {
            Some(own) => self.merge(outer.as_deref(), own).map(Some),
            None => Ok(outer),
        }
    }

    #[inline]
    fn set_props(&mut self, id: Id, pending: Option<Box<Pending>>) -> Result<()> {
        match pending {
            None => Ok(()),
            Some(pending) => self.set_some_props(id, &pending),
        }
    }

    fn set_some_props(&mut self, id: Id, p: &Pending) -> Result<()> {
        self.props.push(Props { node: id, start: at(p.start), end: at(p.end), anchor: p.anchor, tag: p.tag });
        if let Some(raw) = self.raw(id) {
            raw.flags |= flag::PROPS;
        }
        let text = self.text;
        if p.anchor.1 > p.anchor.0 {
            let name = text.get(p.anchor.0 as usize..p.anchor.1 as usize).unwrap_or("");
            self.anchors.insert(name, id);
        }
        if p.tag.1 > p.tag.0 {
            let tag = text.get(p.tag.0 as usize..p.tag.1 as usize).unwrap_or("");
            let Some(tag) = check::expand_tag(&self.handles, tag) else {
                return Err(self.error(p.start, "this tag's handle is not defined by a %TAG directive"));
            };
            let raw = self.nodes.get(id as usize).copied();
            if let Some(raw) = raw
                && raw.kind == Kind::Scalar
            {
                check::tag(text, raw, &tag, p.start)?;
            }
        }
        Ok(())
    }

    /// A node without key or collection around it has ended at `self.pos`: is it a key?
    fn node_done(&mut self, id: Id) -> Result<()> {
        if let Some(candidate) = self.lead.candidate {
            let same_line = candidate.line_start == self.line_start;
            let colon = scan::skip_blanks(self.bytes, self.pos);
            if same_line
                && self.byte(colon) == b':'
                && (self.flow > 0 || is_blank_or_end(self.bytes, colon + 1))
                && self.short_enough(candidate.pos, colon)
            {
                return self.key(id, candidate, colon);
            }
            if candidate.required {
                return Err(self.error(candidate.pos, NO_COLON));
            }
        }
        let pending = self.take_props()?;
        self.set_props(id, pending)?;
        self.attach(id)
    }

    fn short_enough(&self, from: usize, to: usize) -> bool {
        to - from <= MAX_KEY || self.text.get(from..to).is_some_and(|key| key.chars().count() <= MAX_KEY)
    }

    fn key(&mut self, id: Id, candidate: Candidate, colon: usize) -> Result<()> {
        let own = self.lead.own.take();
        self.lead.candidate = None;
        let column = i64::try_from(candidate.pos - candidate.line_start).unwrap_or(i64::MAX);
        if self.flow == 0 {
            if self.indent < column {
                self.open_block(Context::BlockMap, candidate.pos, column)?;
            }
        } else if self.lead.outer.is_some() {
            return Err(self.error(candidate.pos, "a value can have one anchor and one tag only"));
        }
        self.expect_key(candidate.pos)?;
        self.set_props(id, own)?;
        self.attach(id)?;
        self.colon_at(colon);
        self.allowed = false;
        Ok(())
    }

    fn colon_at(&mut self, colon: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.state = State::Value;
            frame.mark = colon;
        }
        self.pos = colon + 1;
    }

    /// Makes the innermost collection ready to take a key.
    fn expect_key(&mut self, pos: usize) -> Result<()> {
        self.end_indentless()?;
        let flow = self.flow > 0;
        let (context, state) = {
            let top = self.top()?;
            (top.context, top.state)
        };
        match (context, state) {
            (Context::BlockMap | Context::FlowMap, State::Entry) => {}
            (Context::BlockMap, State::Node) => {
                self.attach_empty(pos)?; // `?` without a key …
                self.attach_empty(pos)?; // … and without a value
            }
            (Context::BlockMap, State::Colon | State::Value) => self.attach_empty(pos)?,
            (Context::FlowSeq, State::Node) => {
                let node = self.new_node(Kind::Map, Style::Flow, pos, pos);
                self.push(Context::FlowPair, State::Entry, node)?;
            }
            _ if flow => return Err(self.error(pos, "expected `,` or the closing bracket before this key")),
            (Context::BlockSeq, State::Entry) => {
                return Err(self.error(pos, "expected `- ` here: this list continues at this column"));
            }
            _ => return Err(self.error(pos, "a key is not allowed here: check the indentation of this line")),
        }
        self.no_stray_props(pos)?;
        let top = self.top()?;
        top.state = State::Node;
        top.explicit = false;
        Ok(())
    }

    fn no_stray_props(&self, pos: usize) -> Result<()> {
        if self.lead.own.is_none() && self.lead.outer.is_none() {
            Ok(())
        } else {
            Err(self.error(pos, "an anchor or tag without a value"))
        }
    }

    // ---- collections ----

    fn push(&mut self, context: Context, state: State, node: Id) -> Result<()> {
        if self.frames.len() > MAX_DEPTH {
            return Err(self.error(self.pos, "nested deeper than 10000 levels"));
        }
        let indent = self.indent;
        let mark = self.pos;
        self.frames.push(Frame {
            context,
            state,
            indent,
            node,
            last: NONE,
            mark,
            explicit: false,
            lead: Lead::default(),
        });
        Ok(())
    }

    /// Opens a block mapping or sequence; `self.indent` of the parent is restored when it closes.
    fn open_block(&mut self, context: Context, pos: usize, column: i64) -> Result<()> {
        let kind = if context == Context::BlockMap { Kind::Map } else { Kind::Seq };
        self.expect_node(pos)?;
        let pending = self.take_props()?;
        let id = self.new_node(kind, Style::Block, pos, pos);
        if context == Context::Indentless
            && let Some(raw) = self.raw(id)
        {
            raw.flags |= flag::INDENTLESS;
        }
        self.set_props(id, pending)?;
        self.note_layout(context, column);
        self.push(context, State::Entry, id)?;
        self.indent = column;
        Ok(())
    }

    /// Learns the document's indentation from its first nested mapping and first list under a key.
    fn note_layout(&mut self, context: Context, column: i64) {
        let parent_is_map = self.frames.last().is_some_and(|f| f.context == Context::BlockMap);
        let step = u8::try_from(column - self.indent).unwrap_or(2);
        if !parent_is_map {
            return;
        }
        if context == Context::BlockMap {
            self.hints.indent.get_or_insert(step);
        } else {
            self.hints.list.get_or_insert(step);
        }
    }

    fn expect_node(&mut self, pos: usize) -> Result<()> {
        self.ensure_document()?;
        let top = self.top()?;
        let (context, state) = (top.context, top.state);
        if matches!(state, State::Node | State::Value) || (context == Context::FlowMap && state == State::Entry) {
            return Ok(());
        }
        let message = match (context, state) {
            (Context::Document, _) => {
                "expected `---` before this: the document above has ended (is the indentation right?)"
            }
            (Context::BlockSeq | Context::Indentless, _) => "expected `- ` here",
            (Context::FlowMap | Context::FlowSeq | Context::FlowPair, _) => {
                "expected `,` or the closing bracket before this"
            }
            _ => "expected a key here: check the indentation of this line",
        };
        Err(self.error(pos, message))
    }

    /// Ends an indentless sequence when something other than `-` follows.
    fn end_indentless(&mut self) -> Result<()> {
        let pos = self.pos;
        if let Some(frame) = self.frames.last()
            && frame.context == Context::Indentless
        {
            if frame.state == State::Node {
                self.attach_empty(pos)?;
            }
            self.close_top()?;
        }
        Ok(())
    }

    fn unroll(&mut self, column: i64) -> Result<()> {
        while self.indent > column {
            self.end_indentless()?;
            let pos = self.pos;
            let Some(frame) = self.frames.last() else { break };
            let (context, state) = (frame.context, frame.state);
            match (context, state) {
                (Context::BlockMap, State::Node) => {
                    self.attach_empty(pos)?;
                    self.attach_empty(pos)?;
                }
                (Context::BlockMap, State::Colon | State::Value) | (Context::BlockSeq, State::Node) => {
                    self.attach_empty(pos)?;
                }
                _ => self.no_stray_props(pos)?,
            }
            self.close_top()?;
        }
        Ok(())
    }

    /// Pops the innermost collection and hands it to its parent.
    fn close_top(&mut self) -> Result<()> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        self.indent = frame.indent;
        let end = self.nodes.get(frame.last as usize).map_or(0, |n| n.end);
        let text = self.text;
        if matches!(frame.context, Context::BlockMap | Context::BlockSeq | Context::Indentless | Context::FlowPair)
            && let Some(raw) = self.raw(frame.node)
        {
            raw.end = end.max(raw.start);
        }
        if matches!(frame.context, Context::BlockMap | Context::FlowPair) {
            check::keys(text, &mut self.nodes, &self.props, frame.node)?;
        }
        self.attach(frame.node)
    }

    fn attach(&mut self, id: Id) -> Result<()> {
        let expected = self.frames.last().is_some_and(|top| matches!(top.state, State::Node | State::Value));
        if !expected {
            let start = self.nodes.get(id as usize).map_or(0, |n| n.start as usize);
            self.expect_node(start)?;
        }
        let top = self.top()?;
        let (context, state, mark, explicit) = (top.context, top.state, top.mark, top.explicit);
        let previous = std::mem::replace(&mut top.last, id);
        let parent = top.node;
        let is_map = matches!(context, Context::BlockMap | Context::FlowMap | Context::FlowPair);
        top.state = match (context, state) {
            (Context::Document | Context::FlowSeq, _) => State::After,
            (Context::BlockSeq | Context::Indentless, _) => State::Entry,
            (_, State::Node) => State::Colon,
            (Context::BlockMap, _) => State::Entry,
            _ => State::After, // in flow a comma or the closer must come; a key alone has the value null
        };
        let alone = context == Context::FlowMap && state == State::Entry;
        if previous == NONE {
            if let Some(raw) = self.raw(parent)
                && parent != NONE
            {
                raw.child = id;
            }
        } else if let Some(raw) = self.raw(previous) {
            raw.next = id;
        }
        if let Some(raw) = self.raw(id) {
            let marked = match state {
                State::Value => true,
                State::Node => !is_map || explicit,
                _ => false,
            };
            if marked && context != Context::Document {
                raw.lead = at(mark);
            }
            if explicit && is_map {
                raw.flags |= flag::EXPLICIT;
            }
        }
        if alone {
            let end = self.nodes.get(id as usize).map_or(0, |n| n.end as usize);
            let empty = self.new_node(Kind::Scalar, Style::Plain, end, end);
            if let Some(raw) = self.raw(empty) {
                raw.flags |= flag::EMPTY;
            }
            if let Some(raw) = self.raw(id) {
                raw.next = empty;
            }
            self.top()?.last = empty;
        }
        Ok(())
    }

    /// Attaches an absent key, value or item, with the properties that wait, if any.
    fn attach_empty(&mut self, pos: usize) -> Result<()> {
        if self.top()?.state == State::Colon {
            self.no_stray_props(pos)?;
        }
        self.end_candidate()?;
        let pending = self.take_props()?;
        let top = self.top()?;
        let colon = top.state != State::Colon;
        if !colon {
            // A key without `:`: its value is absent, and so is the position of its `:`.
            top.state = State::Value;
        }
        let start = match (&pending, top.state, top.context) {
            (Some(p), _, _) => p.end,
            (None, State::Value, _) if colon => top.mark + 1,
            (None, State::Node, Context::BlockSeq | Context::Indentless) => top.mark + 1,
            (None, State::Node, Context::BlockMap | Context::FlowMap | Context::FlowPair) if top.explicit => {
                top.mark + 1
            }
            (None, State::Node, Context::Document) => top.mark,
            _ => {
                let last = top.last;
                self.nodes.get(last as usize).map_or(0, |n| n.end as usize)
            }
        };
        let id = self.new_node(Kind::Scalar, Style::Plain, start, start);
        if let Some(raw) = self.raw(id) {
            raw.flags |= flag::EMPTY;
        }
        self.set_props(id, pending)?;
        self.attach(id)?;
        if !colon && let Some(raw) = self.raw(id) {
            raw.lead = NO_LEAD;
        }
        Ok(())
    }
}
