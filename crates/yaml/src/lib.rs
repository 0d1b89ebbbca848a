#![doc = include_str!("../README.md")]

mod ambiguity;
pub mod base64;
mod check;
mod cook;
mod edit;
mod node;
mod parse;
mod pointer;
pub mod print;
pub mod scalar;
mod scan;
mod splice;
mod timestamp;
mod view;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

pub use ambiguity::{Ambiguity, Reason};
pub use edit::{EditError, Op, Operation};
pub use node::Kind;
use node::{Id, NONE, Props, Raw, Style, flag};
pub use pointer::{escape as escape_token, tokens as pointer_tokens, unescape as unescape_token};
pub use scalar::{Scalar, is_ambiguous};
pub use splice::{new_document, render, render_to, render_with};

/// A value as compact JSON. Avoids `Value`'s `Display`: its unreachable error path links Unicode tables into WASM builds.
#[must_use]
pub fn json_text(value: &serde_json::Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The longest stream that is read: 1 GiB.
pub const MAX_SIZE: usize = 1 << 30;

/// Why a text is not YAML that kustomize would read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Byte offset into the text.
    pub offset: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Error {
    fn new(offset: usize, message: &str) -> Self {
        Self { offset, message: message.to_owned() }
    }
}

/// Indentation learnt while parsing; see `print::Layout`.
#[derive(Clone, Copy, Debug, Default)]
struct Hints {
    indent: Option<u8>,
    list: Option<u8>,
}

/// One document of a stream, with what stands around it: separators, comments, blank lines.
#[derive(Clone, Debug)]
pub struct Document {
    file: Arc<String>,
    start: u32,
    end: u32,
    nodes: Vec<Raw>,
    props: Vec<Props>,
    root: Id,
    hints: Hints,
    has_alias: bool,
    handles: Vec<(String, String)>,
    /// Where `%YAML` or `%TAG` stands before it.
    directive: Option<u32>,
    /// Text of the scalars that edits made.
    added: String,
    /// Nodes that took another's place in the text, in the order of `new`.
    replaced: Vec<Replaced>,
    /// Collections with changed children and their depth, in the order of their first change.
    dirty: Vec<(Id, usize)>,
    /// The whole document was removed: nothing of it is written.
    gone: bool,
}

/// `new` stands where the text has `old`, at `depth` below the root.
#[derive(Clone, Copy, Debug)]
struct Replaced {
    new: Id,
    old: Id,
    depth: usize,
}

/// Decodes bytes to text: UTF-8, or UTF-16 with a byte order mark, as go-yaml does.
///
/// # Errors
/// When the bytes are neither, hold control characters, or are more than [`MAX_SIZE`].
pub fn decode(bytes: Vec<u8>) -> Result<(String, Encoding), Error> {
    if bytes.len() > MAX_SIZE {
        return Err(Error::new(0, "the input is larger than 1 GiB; split it"));
    }
    let (text, encoding) = match bytes.get(..2) {
        Some([0xFF, 0xFE]) => (utf16(&bytes, u16::from_le_bytes)?, Encoding::Utf16Le),
        Some([0xFE, 0xFF]) => (utf16(&bytes, u16::from_be_bytes)?, Encoding::Utf16Be),
        _ => match String::from_utf8(bytes) {
            Ok(text) => (text, Encoding::Utf8),
            Err(error) => return Err(Error::new(error.utf8_error().valid_up_to(), "the input is not UTF-8 text")),
        },
    };
    check_characters(&text)?;
    Ok((text, encoding))
}

/// How a stream's bytes encode its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, little endian, with a byte order mark.
    Utf16Le,
    /// UTF-16, big endian, with a byte order mark.
    Utf16Be,
}

impl Encoding {
    /// Whether kubectl and kustomize, which split bytes into lines and documents, read a text of so many documents in this
    /// encoding otherwise than it is meant, or not at all.
    #[must_use]
    pub fn is_ambiguous(self, text: &str, documents: usize) -> bool {
        // A byte of these could pass for a line feed, a carriage return or a dash.
        let misleading = || text.encode_utf16().any(|unit| matches!(unit >> 8, 0x0A | 0x0D | 0x2D));
        match self {
            Encoding::Utf8 => false,
            Encoding::Utf16Le => true, // they cut its last line feed in two
            Encoding::Utf16Be => documents > 1 || !text.ends_with('\n') || misleading(),
        }
    }

    /// The bytes of `text`, which keeps its byte order mark, in this encoding.
    #[must_use]
    pub fn encode(self, text: String) -> Vec<u8> {
        match self {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let bad = || Error::new(0, "the input is not well-formed UTF-16");
    if !rest.is_empty() {
        return Err(bad());
    }
    char::decode_utf16(pairs.iter().map(|&pair| unit(pair))).collect::<Result<_, _>>().map_err(|_| bad())
}

/// YAML allows no control characters but tab and line breaks.
fn check_characters(text: &str) -> Result<(), Error> {
    let bytes = text.as_bytes();
    let simple = |b: u8| matches!(b, 0x20..0x7F | b'\n' | b'\t' | b'\r');
    // The first loop has no branches and runs over nearly every stream whole.
    if bytes.iter().fold(true, |ok, &b| ok & simple(b)) {
        return Ok(());
    }
    let allowed = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{85}' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    };
    match text.char_indices().find(|&(_, c)| !allowed(c)) {
        None => Ok(()),
        Some((at, _)) => {
            Err(Error::new(at, "a control character is not allowed in YAML; write it as an escape in double quotes"))
        }
    }
}

/// Parses a stream into its documents. A stream of comments and blank lines has none.
///
/// The text must have come through [`decode`].
///
/// # Errors
/// When go-yaml v3 (so kustomize and kpt) would not read the text, or limits are passed.
pub fn parse(text: &Arc<String>) -> Result<Vec<Document>, Error> {
    parse::Parser::new(text).run()
}

/// The same scalar, free of the text it was read from.
fn owned<'a>(scalar: Scalar<'_>) -> Scalar<'a> {
    match scalar {
        Scalar::Str(text) => Scalar::Str(Cow::Owned(text.into_owned())),
        Scalar::Timestamp(text) => Scalar::Timestamp(text),
        Scalar::Null => Scalar::Null,
        Scalar::Bool(value) => Scalar::Bool(value),
        Scalar::Int(value) => Scalar::Int(value),
        Scalar::Float(value) => Scalar::Float(value),
        Scalar::Merge => Scalar::Merge,
    }
}

fn props_of(props: &[Props], id: Id) -> Option<&Props> {
    props.binary_search_by_key(&id, |p| p.node).ok().and_then(|i| props.get(i))
}

impl Document {
    /// The document's root value; null when it holds only comments.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { document: self, id: self.root }
    }

    /// Whether an edit changed it.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.gone || !self.dirty.is_empty() || !self.replaced.is_empty()
    }

    /// Whether an edit removed it: its text is not written, and [`Document::root`] still tells what it was.
    #[must_use]
    pub fn gone(&self) -> bool {
        self.gone
    }

    /// The bytes of the stream that belong to this document.
    #[must_use]
    pub fn span(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The whole text that the document's spans refer to.
    #[must_use]
    pub fn file(&self) -> &Arc<String> {
        &self.file
    }

    fn raw(&self, id: Id) -> Option<Raw> {
        if id == NONE { None } else { self.nodes.get(id as usize).copied() }
    }

    fn text(&self, start: u32, end: u32) -> &str {
        self.file.get(start as usize..end as usize).unwrap_or("")
    }

    fn resolve(&self, id: Id) -> Id {
        match self.raw(id) {
            Some(raw) if raw.kind == Kind::Alias => raw.child,
            _ => id,
        }
    }

    /// The text of a scalar's value.
    fn string(&self, id: Id) -> Cow<'_, str> {
        match self.raw(id) {
            Some(raw) if matches!(raw.style, Style::NewStr | Style::NewLiteral) => {
                Cow::Borrowed(self.added.get(raw.start as usize..raw.end as usize).unwrap_or(""))
            }
            Some(raw) => cook::decode(&self.file, raw),
            None => Cow::Borrowed(""),
        }
    }

    /// The scalar `id`, typed as go-yaml v3 types it.
    fn scalar(&self, id: Id) -> Scalar<'_> {
        let Some(raw) = self.raw(id) else { return Scalar::Null };
        let tagged = if raw.is(flag::PROPS) { props_of(&self.props, id).filter(|p| p.tag.1 > p.tag.0) } else { None };
        if let Some(props) = tagged {
            let tag = check::expand_tag(&self.handles, self.text(props.tag.0, props.tag.1));
            let text = self.string(id);
            let plain = raw.style == Style::Plain;
            return match tag.map(|tag| scalar::resolve_tagged(&tag, &text, plain).map(owned)) {
                Some(Ok(scalar)) => scalar,
                _ => Scalar::Str(Cow::Owned(text.into_owned())),
            };
        }
        match raw.style {
            Style::Plain if raw.is(flag::EMPTY) => Scalar::Null,
            Style::Plain | Style::NewLiteral => match self.string(id) {
                Cow::Borrowed(text) => scalar::resolve(text),
                Cow::Owned(text) => owned(scalar::resolve(&text)),
            },
            _ => Scalar::Str(self.string(id)),
        }
    }

    /// A mapping's entries with merge keys expanded, explicit keys first, each key once.
    fn entries(&self, map: Id) -> Vec<(Id, Id)> {
        let mut out: Vec<(Id, Id)> = Vec::new();
        let mut sources = vec![map];
        // What merged mappings are asked for: keys that are there, and mappings that were merged, which give nothing twice.
        let (mut keys, mut done): (HashSet<Cow<'_, str>>, HashSet<Id>) = (HashSet::new(), HashSet::new());
        while let Some(source) = sources.pop() {
            let source = self.resolve(source);
            let Some(raw) = self.raw(source) else { continue };
            if source != map {
                if !done.insert(source) {
                    continue;
                }
                if keys.is_empty() {
                    keys.extend(out.iter().map(|&(key, _)| self.key(key)));
                }
            }
            let mut merged = Vec::new();
            let mut next = raw.child;
            while let Some(key) = self.raw(next) {
                let value = key.next;
                if raw.kind == Kind::Seq {
                    if !key.is(flag::GONE) {
                        merged.push(next);
                    }
                    next = key.next;
                    continue;
                }
                if key.is(flag::GONE) {
                    next = self.raw(value).map_or(NONE, |v| v.next);
                    continue;
                }
                if raw.is(flag::MERGE) && check::is_merge(&self.file, &self.props, next, key) {
                    merged.push(value);
                } else if source == map || keys.insert(self.key(next)) {
                    out.push((next, value));
                }
                next = self.raw(value).map_or(NONE, |v| v.next);
            }
            sources.extend(merged.into_iter().rev());
        }
        out
    }

    fn has_string_keys(&self, map: Raw) -> bool {
        let mut next = map.child;
        while let Some(key) = self.raw(next) {
            if !matches!(self.scalar(self.resolve(next)), Scalar::Str(_) | Scalar::Merge) {
                return false;
            }
            next = self.raw(key.next).map_or(NONE, |value| value.next);
        }
        true
    }

    /// The text of a key, which may be an alias or base64 with the tag `!!binary`.
    fn key(&self, id: Id) -> Cow<'_, str> {
        let id = self.resolve(id);
        if self.raw(id).is_some_and(|raw| raw.is(flag::PROPS))
            && let Scalar::Str(text) = self.scalar(id)
        {
            return text;
        }
        self.string(id)
    }
}

/// A remembered node: a shortcut for documents without aliases, where edits keep collections in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeRef {
    id: Id,
    depth: usize,
}

impl NodeRef {
    /// Levels below the document's root.
    #[must_use]
    pub fn depth(self) -> usize {
        self.depth
    }
}

impl Document {
    /// The place of the root.
    #[must_use]
    pub fn place(&self) -> NodeRef {
        NodeRef { id: self.root, depth: 0 }
    }

    /// The node at `place`, whose pointer is `pointer`.
    #[must_use]
    pub fn node(&self, place: NodeRef, pointer: &str) -> Option<Node<'_>> {
        if self.has_alias { self.root().at_pointer(pointer) } else { Some(Node::at(self, place.id)) }
    }

    /// Applies an operation whose path starts at `place`, whose pointer is `pointer()`.
    ///
    /// # Errors
    /// As for [`Document::apply`].
    pub fn apply_at(
        &mut self,
        place: NodeRef,
        pointer: impl FnOnce() -> String,
        operation: Operation<'_>,
    ) -> Result<(), EditError> {
        if self.has_alias {
            let path = format!("{}{}", pointer(), operation.path);
            return self.apply(Operation { path: &path, ..operation });
        }
        self.apply_from(place.id, place.depth, operation)
    }
}

/// A place in a document: a value, seen through aliases and merge keys.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    document: &'a Document,
    id: Id,
}

/// The entries of a mapping.
struct Entries<'a> {
    document: &'a Document,
    list: std::vec::IntoIter<(Id, Id)>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Cow<'a, str>, Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.list.next()?;
        Some((self.document.key(key), Node::at(self.document, value)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.list.size_hint()
    }
}

impl<'a> Node<'a> {
    fn at(document: &'a Document, id: Id) -> Self {
        Self { document, id: document.resolve(id) }
    }

    fn raw(self) -> Option<Raw> {
        self.document.raw(self.id)
    }

    /// Scalar, mapping or sequence.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.raw().map_or(Kind::Scalar, |raw| raw.kind)
    }

    /// Whether it is null or absent.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Scalar && matches!(self.scalar(), Scalar::Null)
    }

    /// The value under `key` of a mapping.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        let map = self.raw().filter(|raw| raw.kind == Kind::Map)?;
        let document = self.document;
        let mut next = map.child;
        while let Some(raw) = document.raw(next) {
            if !raw.is(flag::GONE) && document.key_is(next, raw, key) {
                return Some(Node::at(document, raw.next));
            }
            next = document.raw(raw.next).map_or(NONE, |value| value.next);
        }
        if map.is(flag::MERGE) {
            return self.entries().find(|(k, _)| k == key).map(|(_, value)| value);
        }
        None
    }

    /// The value at the end of a path of keys.
    #[must_use]
    pub fn find(self, path: &[&str]) -> Option<Node<'a>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The value at a JSON Pointer.
    #[must_use]
    pub fn at_pointer(self, pointer: &str) -> Option<Node<'a>> {
        pointer::each(pointer).try_fold(self, |node, token| node.child(&token?))
    }

    /// The value under a key of a mapping, or at an index of a sequence.
    #[must_use]
    pub fn child(self, token: &str) -> Option<Node<'a>> {
        match self.kind() {
            Kind::Seq => self.items().nth(token.parse().ok()?),
            _ => self.get(token),
        }
    }

    /// Remembers this node, `depth` levels below the root.
    #[must_use]
    pub fn place(self, depth: usize) -> NodeRef {
        NodeRef { id: self.id, depth }
    }

    /// The entries of a mapping, merge keys expanded; nothing for other kinds.
    pub fn entries(self) -> impl Iterator<Item = (Cow<'a, str>, Node<'a>)> {
        let list = if self.kind() == Kind::Map { self.document.entries(self.id) } else { Vec::new() };
        Entries { document: self.document, list: list.into_iter() }
    }

    /// The items of a sequence; nothing for other kinds.
    pub fn items(self) -> impl Iterator<Item = Node<'a>> {
        let document = self.document;
        let mut next = self.raw().filter(|raw| raw.kind == Kind::Seq).map_or(NONE, |raw| raw.child);
        std::iter::from_fn(move || {
            loop {
                let raw = document.raw(next)?;
                let item = Node::at(document, next);
                next = raw.next;
                if !raw.is(flag::GONE) {
                    return Some(item);
                }
            }
        })
    }

    /// The typed value of a scalar; null for other kinds.
    #[must_use]
    pub fn scalar(self) -> Scalar<'a> {
        if self.kind() == Kind::Scalar { self.document.scalar(self.id) } else { Scalar::Null }
    }

    /// The text of a string scalar.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        match self.scalar() {
            Scalar::Str(text) => Some(text),
            Scalar::Merge => Some(Cow::Borrowed("<<")),
            _ => None,
        }
    }

    /// The value of a boolean scalar.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        if let Scalar::Bool(value) = self.scalar() { Some(value) } else { None }
    }

    /// The value of an integer scalar.
    #[must_use]
    pub fn as_int(self) -> Option<i128> {
        if let Scalar::Int(value) = self.scalar() { Some(value) } else { None }
    }

    /// The bytes of the stream that hold the value; `None` when an edit made it.
    #[must_use]
    pub fn span(self) -> Option<std::ops::Range<usize>> {
        let raw = self.raw().filter(|raw| !matches!(raw.style, Style::New | Style::NewStr | Style::NewLiteral))?;
        Some(raw.start as usize..raw.end as usize)
    }

    /// The value as it is written; `None` when an edit made it.
    #[must_use]
    pub fn source(self) -> Option<&'a str> {
        self.document.file.get(self.span()?)
    }

    /// The bytes that hold the key `key` of a mapping.
    #[must_use]
    pub fn key_span(self, key: &str) -> Option<std::ops::Range<usize>> {
        let mut next = self.raw().filter(|raw| raw.kind == Kind::Map)?.child;
        while let Some(raw) = self.document.raw(next) {
            if self.document.key_is(next, raw, key) {
                return Some(raw.start as usize..raw.end as usize);
            }
            next = self.document.raw(raw.next).map_or(NONE, |value| value.next);
        }
        None
    }

    /// Whether it is a mapping or sequence in block style.
    #[must_use]
    pub fn is_block(self) -> bool {
        self.raw().is_some_and(|raw| raw.style == Style::Block)
    }

    /// Whether the document has aliases: then an edit may write out a value elsewhere.
    #[must_use]
    pub fn has_aliases(self) -> bool {
        self.document.has_alias
    }

    /// The value as JSON on one line.
    #[must_use]
    pub fn json(self) -> String {
        view::write(self.document, self.id, view::Mode::Json)
    }

    /// The value in the typed notation that `krmor view --typed` prints.
    #[must_use]
    pub fn typed(self) -> String {
        view::write(self.document, self.id, view::Mode::Typed)
    }

    /// The value as a `serde_json` value; `None` when it is nested more than 120 levels deep.
    #[must_use]
    pub fn to_value(self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.json()).ok()
    }
}

impl Document {
    #[inline]
    fn key_is(&self, id: Id, raw: Raw, key: &str) -> bool {
        let written = match raw.style {
            Style::Plain => raw.start as usize..raw.end as usize,
            Style::Single | Style::Double => raw.start as usize + 1..(raw.end as usize).saturating_sub(1),
            _ => return self.key(id) == key,
        };
        if raw.kind == Kind::Alias || raw.is(flag::COOKED | flag::PROPS) {
            return self.key(id) == key;
        }
        written.len() == key.len() && self.file.as_bytes().get(written) == Some(key.as_bytes())
    }
}
