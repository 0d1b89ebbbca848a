//! RFC 6902 operations on the tree. The text is not touched here: `splice` writes what changed.

use std::borrow::Cow;

use serde_json::Value;

use super::node::{Id, Kind, NONE, Props, Raw, Style, flag, offset};
use super::{Document, Node, Scalar, pointer};

/// Values nested deeper than this are not copied or compared.
const MAX_COPY_DEPTH: usize = 120;
const INNER_MARK: &str =
    "a byte order mark (U+FEFF) stands inside of this document: take it out, or write it as `\\uFEFF` in quotes";
const NO_POINTER: &str = "not a JSON Pointer: it must start with `/`, and `~` must be `~0` or `~1`";

/// What an [`Operation`] does; `move`, `copy` and `test` are made of these and of reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Inserts an item or sets a key.
    Add,
    /// Removes what is there.
    Remove,
    /// Replaces what is there.
    Replace,
}

impl Op {
    /// The name that RFC 6902 gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Remove => "remove",
            Op::Replace => "replace",
        }
    }
}

/// One edit of a document.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// What to do.
    pub op: Op,
    /// Where: a JSON Pointer.
    pub path: &'a str,
    /// The value to add or put in place; ignored by `Remove`.
    pub value: &'a Value,
}

/// Why an operation could not be applied. The document is unchanged in value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct EditError {
    /// The pointer of the operation.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
}

type Step<T> = Result<T, Cow<'static, str>>;

/// A child of a collection: `key` is `NONE` in sequences, `previous` the node linked before it.
struct Slot {
    previous: Id,
    key: Id,
    value: Id,
}

impl Document {
    /// Applies one operation. As in kustomize, adding under a null value makes it a mapping (or a list for `-`).
    ///
    /// # Errors
    /// When the path does not exist, or the edit cannot be made without changing another value.
    pub fn apply(&mut self, operation: Operation<'_>) -> Result<(), EditError> {
        self.apply_from(self.root, 0, operation)
    }

    /// As [`Document::apply`], with a path that starts at `base`, which is `depth` levels below the root.
    pub(crate) fn apply_from(&mut self, base: Id, depth: usize, operation: Operation<'_>) -> Result<(), EditError> {
        let error =
            |message: Cow<'static, str>| EditError { path: operation.path.to_owned(), message: message.into_owned() };
        if !operation.path.is_empty() && !operation.path.starts_with('/') {
            return Err(error(NO_POINTER.into()));
        }
        if !self.changed() && self.has_inner_mark() {
            return Err(error(INNER_MARK.into()));
        }
        self.try_apply(base, depth, operation).map_err(error)
    }

    /// Whether a byte order mark stands elsewhere than at the start of the file: what it means depends on where it stands.
    fn has_inner_mark(&self) -> bool {
        let text = self.file.get(self.start as usize..self.end as usize).unwrap_or("");
        let text = if self.start == 0 { text.trim_start_matches('\u{feff}') } else { text };
        text.contains('\u{feff}')
    }

    fn try_apply(&mut self, base: Id, depth: usize, operation: Operation<'_>) -> Step<()> {
        let Some((parents, last)) = operation.path.rsplit_once('/') else {
            return self.replace_root(base, operation);
        };
        let last = pointer::unescape(last).ok_or(NO_POINTER)?;
        let last = last.as_ref();
        let mut container = base;
        let mut path = vec![container];
        for token in pointer::each(parents) {
            container = self.descend(container, &token.ok_or(NO_POINTER)?, path.len() + depth)?;
            path.push(container);
        }
        container = self.own(container)?;
        if let Some(end) = path.last_mut() {
            *end = container;
        }
        let depth = depth + path.len();
        if self.has_alias {
            self.unshare(&path)?;
        }
        let raw = self.raw(container).ok_or("nothing is there")?;
        match raw.kind {
            Kind::Map => self.edit_map(container, depth, last, operation),
            Kind::Seq => self.edit_seq(container, depth, last, operation),
            _ => {
                // Null becomes a collection.
                let is_null = Node::at(self, container).is_null();
                if !is_null || operation.op != Op::Add {
                    return Err(format!("`{last}` cannot be looked up in a plain value").into());
                }
                let value = if last == "-" {
                    Value::Array(vec![operation.value.clone()])
                } else {
                    Value::Object([(last.to_owned(), operation.value.clone())].into_iter().collect())
                };
                self.substitute(container, depth, &value)
            }
        }
    }

    fn replace_root(&mut self, base: Id, operation: Operation<'_>) -> Step<()> {
        if base != self.root {
            return Err("a whole list item cannot be replaced".into());
        }
        if operation.op == Op::Remove {
            self.gone = true;
            return Ok(());
        }
        self.substitute(base, 0, operation.value)
    }

    /// The child of `container` under `token`, made the document's own where an alias or merge key gave it.
    fn descend(&mut self, container: Id, token: &str, depth: usize) -> Step<Id> {
        let container = self.own(container)?;
        let raw = self.raw(container).ok_or("nothing is there")?;
        if raw.kind == Kind::Map {
            if let Some(slot) = self.explicit(container, token) {
                return self.own(slot.value);
            }
            let merged = Node { document: self, id: container }.get(token).map(|node| node.id);
            let source = merged.ok_or_else(|| format!("there is no `{token}`"))?;
            let copy = self.copy(source, 0)?;
            self.append_pair(container, token, copy, depth)?;
            return Ok(copy);
        }
        if raw.kind != Kind::Seq {
            return Err(format!("`{token}` cannot be looked up in a plain value").into());
        }
        let slot = self.item_at(container, token)?;
        self.own(slot.value)
    }

    fn item_at(&self, seq: Id, token: &str) -> Step<Slot> {
        let at = index(token)?;
        self.item(seq, at).ok_or_else(|| {
            let length = Node { document: self, id: seq }.items().count();
            format!("the list has {length} items; there is no item {at}").into()
        })
    }

    /// Replaces an alias by a copy of what it stands for; other nodes stay.
    fn own(&mut self, id: Id) -> Step<Id> {
        match self.raw(id) {
            Some(raw) if raw.kind == Kind::Alias => {
                let copy = self.copy(raw.child, 0)?;
                let depth = self.depth_of(id);
                self.put(id, copy, depth);
                Ok(copy)
            }
            _ => Ok(id),
        }
    }

    fn edit_map(&mut self, map: Id, depth: usize, key: &str, operation: Operation<'_>) -> Step<()> {
        match (operation.op, self.explicit(map, key)) {
            (Op::Remove, _) if self.is_merged(map, key) => {
                return Err("it comes from a merge key `<<`: write the mapping out, then remove it".into());
            }
            (Op::Remove, Some(slot)) => {
                self.release(slot.key)?;
                self.discard(slot.key);
                // Where the value was an alias of its own key, a copy stands there now.
                let value = self.raw(slot.key).map_or(slot.value, |key| key.next);
                self.release(value)?;
                self.discard(value);
                self.mark(map, depth);
            }
            (Op::Add | Op::Replace, Some(slot)) => self.substitute(slot.value, depth, operation.value)?,
            (Op::Replace, None) if !self.is_merged(map, key) => return Err(format!("there is no `{key}`").into()),
            (Op::Add | Op::Replace, None) => {
                let value = self.build(operation.value);
                self.append_pair(map, key, value, depth)?;
            }
            (Op::Remove, None) => return Err(format!("there is no `{key}`").into()),
        }
        Ok(())
    }

    fn edit_seq(&mut self, seq: Id, depth: usize, token: &str, operation: Operation<'_>) -> Step<()> {
        match operation.op {
            Op::Add => {
                let end = token == "-" || index(token)? == Node { document: self, id: seq }.items().count();
                let (previous, next) = if end {
                    (self.last_child(seq), NONE)
                } else {
                    let slot = self.item_at(seq, token)?;
                    (slot.previous, slot.value)
                };
                let value = self.build(operation.value);
                self.link(seq, previous, value);
                if let Some(raw) = self.nodes.get_mut(value as usize) {
                    raw.next = next;
                }
                self.mark(seq, depth);
            }
            Op::Replace | Op::Remove => {
                let slot = self.item_at(seq, token)?;
                if operation.op == Op::Replace {
                    return self.substitute(slot.value, depth, operation.value);
                }
                self.release(slot.value)?;
                self.discard(slot.value);
                self.mark(seq, depth);
            }
        }
        Ok(())
    }

    // ---- the tree ----

    /// The entry of `map` that is written out under `key`.
    fn explicit(&self, map: Id, key: &str) -> Option<Slot> {
        let mut previous = NONE;
        let mut next = self.raw(map)?.child;
        while let Some(raw) = self.raw(next) {
            if !raw.is(flag::GONE) && self.key_is(next, raw, key) {
                return Some(Slot { previous, key: next, value: raw.next });
            }
            previous = raw.next;
            next = self.raw(previous).map_or(NONE, |value| value.next);
        }
        None
    }

    /// Whether a merge key of `map` gives `key`, too.
    fn is_merged(&self, map: Id, key: &str) -> bool {
        let Some(raw) = self.raw(map).filter(|raw| raw.is(flag::MERGE)) else { return false };
        let mut next = raw.child;
        while let Some(raw) = self.raw(next) {
            let value = raw.next;
            if !raw.is(flag::GONE) && super::check::is_merge(&self.file, &self.props, next, raw) {
                let source = Node::at(self, value);
                if source.get(key).is_some() || source.items().any(|item| item.get(key).is_some()) {
                    return true;
                }
            }
            next = self.raw(value).map_or(NONE, |value| value.next);
        }
        false
    }

    fn item(&self, seq: Id, at: usize) -> Option<Slot> {
        let mut previous = NONE;
        let mut next = self.raw(seq)?.child;
        let mut index = 0;
        while let Some(raw) = self.raw(next) {
            if !raw.is(flag::GONE) {
                if index == at {
                    return Some(Slot { previous, key: NONE, value: next });
                }
                index += 1;
            }
            previous = next;
            next = raw.next;
        }
        None
    }

    fn last_child(&self, collection: Id) -> Id {
        let mut last = NONE;
        let mut next = self.raw(collection).map_or(NONE, |raw| raw.child);
        while let Some(raw) = self.raw(next) {
            last = next;
            next = raw.next;
        }
        last
    }

    fn link(&mut self, collection: Id, previous: Id, child: Id) {
        let (at, is_first) = if previous == NONE { (collection, true) } else { (previous, false) };
        if let Some(raw) = self.nodes.get_mut(at as usize) {
            if is_first {
                raw.child = child;
            } else {
                raw.next = child;
            }
        }
    }

    fn append_pair(&mut self, map: Id, key: &str, value: Id, depth: usize) -> Step<()> {
        let key = self.new_scalar(Style::NewStr, key);
        if self.is_bare_pair(map) {
            // It is written anew, without the anchors in it.
            self.release(map)?;
        }
        let last = self.last_child(map);
        self.link(map, last, key);
        if let Some(raw) = self.nodes.get_mut(key as usize) {
            raw.next = value;
        }
        self.mark(map, depth);
        Ok(())
    }

    /// Whether the mapping is one entry of a list, `[a: 1]`, which has no braces.
    fn is_bare_pair(&self, map: Id) -> bool {
        self.raw(map).is_some_and(|raw| {
            raw.style == Style::Flow && self.file.as_bytes().get(raw.start as usize).is_some_and(|b| *b != b'{')
        })
    }

    /// Puts `value` in the place of the node `old`.
    fn substitute(&mut self, old: Id, depth: usize, value: &Value) -> Step<()> {
        self.release(old)?;
        let new = self.build(value);
        self.put(old, new, depth);
        Ok(())
    }

    fn put(&mut self, old: Id, new: Id, depth: usize) {
        let Some(was) = self.raw(old) else { return };
        if let Some(raw) = self.nodes.get_mut(new as usize) {
            raw.next = was.next;
            raw.lead = was.lead;
            raw.flags |= was.flags & flag::EXPLICIT;
        }
        if self.root == old {
            self.root = new;
        } else if let Some(from) = self.linked_from(old)
            && let Some(raw) = self.nodes.get_mut(from as usize)
        {
            if raw.next == old {
                raw.next = new;
            } else {
                raw.child = new;
            }
        }
        self.discard(old);
        if let Some(raw) = self.nodes.get_mut(old as usize) {
            raw.next = NONE; // it is linked nowhere any more
        }
        let before = self.replaced.binary_search_by_key(&old, |entry| entry.new);
        if let Ok(at) = before {
            let entry = self.replaced.remove(at);
            self.replaced.push(super::Replaced { new, ..entry });
        } else if !is_new(was) {
            // One deeper than its collection: what it holds comes before what is added behind it.
            self.replaced.push(super::Replaced { new, old, depth: depth + 1 });
        }
    }

    /// The node that `id` hangs on: a key, an item before it, or its collection. Most often it was read just before.
    fn linked_from(&self, id: Id) -> Option<Id> {
        let links = |&at: &Id| {
            self.raw(at)
                .is_some_and(|raw| raw.next == id || raw.child == id && matches!(raw.kind, Kind::Map | Kind::Seq))
        };
        let count = Id::try_from(self.nodes.len()).unwrap_or(Id::MAX);
        (0..id).rev().find(links).or_else(|| (id..count).find(links))
    }

    /// What the text has in the place of `new`.
    pub(super) fn replaced_by(&self, new: Id) -> Option<&super::Replaced> {
        self.replaced.binary_search_by_key(&new, |entry| entry.new).ok().and_then(|at| self.replaced.get(at))
    }

    /// The node that `id`, a node of the text, hangs on now.
    pub(super) fn holder(&self, id: Id, now: Id) -> Option<Id> {
        let links = |&at: &Id| self.raw(at).is_some_and(|raw| raw.next == id || raw.next == now);
        (0..id).rev().find(links)
    }

    /// Takes a subtree out of the tree; its nodes stay linked where the text still has them.
    fn discard(&mut self, id: Id) {
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            let Some(raw) = self.nodes.get_mut(id as usize) else { continue };
            raw.flags |= flag::GONE;
            if matches!(raw.kind, Kind::Map | Kind::Seq) {
                let mut next = raw.child;
                while let Some(child) = self.raw(next) {
                    stack.push(next);
                    next = child.next;
                }
            }
        }
    }

    fn mark(&mut self, collection: Id, depth: usize) {
        if let Some(raw) = self.nodes.get_mut(collection as usize)
            && !is_new(*raw)
            && raw.flags & flag::DIRTY == 0
        {
            raw.flags |= flag::DIRTY;
            self.dirty.push((collection, depth));
        }
    }

    // ---- aliases ----

    /// Gives each alias of a node on `path` a copy of its own, so that the edit reaches no other place.
    fn unshare(&mut self, path: &[Id]) -> Step<()> {
        let aliases: Vec<Id> = self.aliases_to(|target| path.contains(&target));
        aliases.into_iter().try_for_each(|alias| self.own(alias).map(|_| ()))
    }

    /// Before the subtree `id` goes: aliases elsewhere of anchors in it get copies.
    fn release(&mut self, id: Id) -> Step<()> {
        if !self.has_alias {
            return Ok(());
        }
        let mut inside = vec![id];
        let mut i = 0;
        while let Some(&node) = inside.get(i) {
            i += 1;
            if let Some(raw) = self.raw(node).filter(|raw| matches!(raw.kind, Kind::Map | Kind::Seq)) {
                let mut next = raw.child;
                while let Some(child) = self.raw(next) {
                    inside.push(next);
                    next = child.next;
                }
            }
        }
        inside.sort_unstable();
        let within = |id: &Id| inside.binary_search(id).is_ok();
        let aliases: Vec<Id> =
            self.aliases_to(|target| within(&target)).into_iter().filter(|alias| !within(alias)).collect();
        aliases.into_iter().try_for_each(|alias| self.own(alias).map(|_| ()))
    }

    fn aliases_to(&self, wanted: impl Fn(Id) -> bool) -> Vec<Id> {
        let ids = (0u32..).zip(&self.nodes);
        ids.filter(|(_, raw)| raw.kind == Kind::Alias && !raw.is(flag::GONE) && wanted(raw.child))
            .map(|(id, _)| id)
            .collect()
    }

    fn depth_of(&self, id: Id) -> usize {
        let mut depth = 0;
        let mut current = id;
        while let Some(parent) = self.parent(current) {
            depth += 1;
            current = parent;
        }
        depth
    }

    fn parent(&self, id: Id) -> Option<Id> {
        (0u32..)
            .zip(&self.nodes)
            .filter(|(_, raw)| matches!(raw.kind, Kind::Map | Kind::Seq))
            .map(|(parent, _)| parent)
            .find(|&parent| {
                let mut next = self.raw(parent).map_or(NONE, |raw| raw.child);
                while let Some(raw) = self.raw(next) {
                    if next == id {
                        return true;
                    }
                    next = raw.next;
                }
                false
            })
    }

    // ---- new nodes ----

    fn push(&mut self, kind: Kind, style: Style, start: usize, end: usize) -> Id {
        if self.nodes.len() == self.nodes.capacity() {
            self.nodes.reserve_exact(32); // doubling would waste more than edits ever add
        }
        let id = offset(self.nodes.len());
        self.nodes.push(Raw::new(kind, style, start, end));
        id
    }

    fn new_scalar(&mut self, style: Style, text: &str) -> Id {
        let start = self.added.len();
        self.added.push_str(text);
        self.push(Kind::Scalar, style, start, self.added.len())
    }

    /// Nodes for a JSON value. Recursion is bounded: `serde_json` reads no value nested deeper than 128.
    fn build(&mut self, value: &Value) -> Id {
        match value {
            Value::Null => self.new_scalar(Style::NewLiteral, "null"),
            Value::Bool(true) => self.new_scalar(Style::NewLiteral, "true"),
            Value::Bool(false) => self.new_scalar(Style::NewLiteral, "false"),
            Value::Number(number) => self.new_scalar(Style::NewLiteral, &number.to_string()),
            Value::String(text) => self.new_scalar(Style::NewStr, text),
            Value::Array(items) => {
                let children: Vec<Id> = items.iter().map(|item| self.build(item)).collect();
                self.collection(Kind::Seq, &children)
            }
            Value::Object(entries) => {
                let mut children = Vec::with_capacity(entries.len() * 2);
                for (key, value) in entries {
                    children.push(self.new_scalar(Style::NewStr, key));
                    children.push(self.build(value));
                }
                self.collection(Kind::Map, &children)
            }
        }
    }

    fn collection(&mut self, kind: Kind, children: &[Id]) -> Id {
        let id = self.push(kind, Style::New, 0, 0);
        let mut previous = NONE;
        for &child in children {
            self.link(id, previous, child);
            previous = child;
        }
        id
    }

    /// New nodes with the value of `id`, aliases and merge keys written out.
    fn copy(&mut self, id: Id, depth: usize) -> Step<Id> {
        if depth > MAX_COPY_DEPTH {
            return Err("the aliased value is nested too deep to be written out".into());
        }
        let id = self.resolve(id);
        let raw = self.raw(id).ok_or("nothing is there")?;
        match raw.kind {
            Kind::Map => {
                let mut children = Vec::new();
                for (key, value) in self.entries(id) {
                    let key = self.key(key).into_owned();
                    children.push(self.new_scalar(Style::NewStr, &key));
                    children.push(self.copy(value, depth + 1)?);
                }
                Ok(self.collection(Kind::Map, &children))
            }
            Kind::Seq => {
                let items: Vec<Id> = Node { document: self, id }.items().map(|item| item.id).collect();
                let children = items.into_iter().map(|item| self.copy(item, depth + 1)).collect::<Step<Vec<Id>>>()?;
                Ok(self.collection(Kind::Seq, &children))
            }
            _ => {
                let mut text = self.string(id).into_owned();
                let style = match self.scalar(id) {
                    Scalar::Str(value) => {
                        // Base64 loses its tag in the copy.
                        text = value.into_owned();
                        Style::NewStr
                    }
                    Scalar::Timestamp(time) => {
                        text = time;
                        Style::NewStr
                    }
                    Scalar::Null => return Ok(self.new_scalar(Style::NewLiteral, "null")),
                    _ => Style::NewLiteral,
                };
                Ok(self.new_scalar(style, &text))
            }
        }
    }

    pub(super) fn props(&self, id: Id) -> Option<&Props> {
        super::props_of(&self.props, id)
    }
}

pub(super) fn is_new(raw: Raw) -> bool {
    matches!(raw.style, Style::New | Style::NewStr | Style::NewLiteral)
}

fn index(token: &str) -> Step<usize> {
    let plain = token == "0" || !token.starts_with('0') && token.bytes().all(|b| b.is_ascii_digit());
    match token.parse() {
        Ok(at) if plain => Ok(at),
        _ => Err(format!("`{token}` is not an index of a list").into()),
    }
}
