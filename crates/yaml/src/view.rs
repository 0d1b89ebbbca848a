//! Writes a value as JSON, or in a typed notation that tells every resolved type apart. No recursion.

use std::collections::HashMap;

use super::node::{Id, Kind, NONE, flag};
use super::scalar::write_json_string;
use super::{Document, Scalar};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Json,
    /// `i1`, `f3ff8000000000000` (the bits), `fnan`, `T2001-01-01T00:00:00Z`; mappings sorted by their text.
    Typed,
}

struct Frame {
    /// A key (`NONE` in sequences) and its value.
    children: Vec<(Id, Id)>,
    next: usize,
    is_map: bool,
    /// A mapping with only string keys of its own: go-yaml makes merged keys strings too.
    string_keys: bool,
    start: usize,
    parts: Vec<usize>,
}

pub(crate) fn write(document: &Document, root: Id, mode: Mode) -> String {
    let mut out = String::new();
    let mut stack: Vec<Frame> = Vec::new();
    open(document, root, mode, &mut out, &mut stack);
    while let Some(frame) = stack.last_mut() {
        if let Some(&(key, value)) = frame.children.get(frame.next) {
            if frame.next > 0 {
                out.push(',');
            }
            frame.next += 1;
            frame.parts.push(out.len());
            if frame.is_map {
                match mode {
                    Mode::Json => write_json_string(&mut out, &document.key(key)),
                    Mode::Typed if frame.string_keys => {
                        write_json_string(&mut out, &document.key(key));
                    }
                    Mode::Typed => write_scalar(document, document.resolve(key), mode, &mut out),
                }
                out.push(':');
            }
            open(document, value, mode, &mut out, &mut stack);
        } else {
            let frame = stack.pop();
            if let Some(frame) = frame {
                if mode == Mode::Typed && frame.is_map {
                    sort(&mut out, &frame);
                }
                out.push(if frame.is_map { '}' } else { ']' });
            }
        }
    }
    out
}

fn open(document: &Document, id: Id, mode: Mode, out: &mut String, stack: &mut Vec<Frame>) {
    let id = document.resolve(id);
    let Some(raw) = document.raw(id) else {
        out.push_str("null");
        return;
    };
    let is_map = match raw.kind {
        Kind::Scalar | Kind::Alias => return write_scalar(document, id, mode, out),
        Kind::Map => true,
        Kind::Seq => false,
    };
    let children = if is_map {
        unique(document, document.entries(id))
    } else {
        let mut items = Vec::new();
        let mut next = raw.child;
        while let Some(item) = document.raw(next) {
            if !item.is(flag::GONE) {
                items.push((NONE, next));
            }
            next = item.next;
        }
        items
    };
    out.push(if is_map { '{' } else { '[' });
    let string_keys = mode == Mode::Typed && raw.is(flag::MERGE) && document.has_string_keys(raw);
    stack.push(Frame { children, next: 0, is_map, string_keys, start: out.len(), parts: Vec::new() });
}

/// Keys that are written differently but mean the same (`~` and `null`): the last one counts.
fn unique(document: &Document, entries: Vec<(Id, Id)>) -> Vec<(Id, Id)> {
    let odd = |&(key, _): &(Id, Id)| document.resolve(key) != key || !matches!(document.scalar(key), Scalar::Str(_));
    if !entries.iter().any(odd) {
        return entries;
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    let mut out: Vec<(Id, Id)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut key = String::new();
        write_scalar(document, document.resolve(entry.0), Mode::Typed, &mut key);
        if let Some(slot) = places.get(&key).and_then(|&place| out.get_mut(place)) {
            *slot = entry;
        } else {
            places.insert(key, out.len());
            out.push(entry);
        }
    }
    out
}

fn sort(out: &mut String, frame: &Frame) {
    let mut parts: Vec<String> = Vec::with_capacity(frame.parts.len());
    for (i, &start) in frame.parts.iter().enumerate() {
        let end = frame.parts.get(i + 1).map_or(out.len(), |next| next - 1);
        parts.push(out.get(start..end).unwrap_or("").to_owned());
    }
    parts.sort_unstable();
    out.truncate(frame.start);
    out.push_str(&parts.join(","));
}

fn write_scalar(document: &Document, id: Id, mode: Mode, out: &mut String) {
    match document.scalar(id) {
        Scalar::Null => out.push_str("null"),
        Scalar::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Scalar::Int(value) => {
            if mode == Mode::Typed {
                out.push('i');
            }
            out.push_str(&value.to_string());
        }
        Scalar::Float(value) => write_float(document, id, value, mode, out),
        Scalar::Timestamp(text) => {
            if mode == Mode::Typed {
                out.push('T');
                out.push_str(&text);
            } else {
                write_json_string(out, &text);
            }
        }
        Scalar::Merge => out.push_str("\"<<\""),
        Scalar::Str(text) => write_json_string(out, &text),
    }
}

fn write_float(document: &Document, id: Id, value: f64, mode: Mode, out: &mut String) {
    use std::fmt::Write;
    if mode == Mode::Typed {
        if value.is_nan() {
            out.push_str("fnan");
        } else {
            let _ = write!(out, "f{:016x}", value.to_bits());
        }
    } else if let Some(number) = serde_json::Number::from_f64(value) {
        out.push_str(&number.to_string());
    } else {
        // JSON has no infinity and no NaN.
        write_json_string(out, &document.string(id));
    }
}
