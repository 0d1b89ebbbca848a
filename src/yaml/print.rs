//! Prints JSON values as YAML the way kyaml does: go-yaml v3's encoder with an indent of two and lists that are not set in
//! from their key, or in whatever [`Layout`] a file already has.
//!
//! It departs from go-yaml where that one's text would not be read back as the same value by every reader:
//! - whatever [`is_ambiguous`] is quoted: `=`, `yEs`, `1e400`, `2001-13-01` and more that go-yaml writes plain;
//! - a block scalar whose first line starts with a tab gets an indentation indicator (go-yaml cannot read its own);
//! - strings with U+2028 or U+2029, which are line breaks in YAML 1.1, are double-quoted and escape them;
//! - floats keep a point or an exponent (`1.0`, `1e21` where Go prints `1`, `1e+21`), so that they stay floats;
//! - with an indent other than two, indentation indicators are right (go-yaml's are not, inside lists).

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::scalar::is_ambiguous;

/// How a file is laid out; the default is kyaml's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout<'a> {
    /// Columns that a mapping is set in from the key that holds it, 1 or more.
    pub indent: usize,
    /// Columns that a list is set in from its key: 0 for compact lists.
    pub list_indent: usize,
    /// Spaces behind the dash of an item, 1 or more.
    pub dash_gap: usize,
    /// What ends a line: `"\n"` or `"\r\n"`.
    pub newline: &'a str,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Layout { indent: 2, list_indent: 0, dash_gap: 1, newline: "\n" }
    }
}

/// How strings, keys among them, are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// As little as possible.
    Yaml,
    /// Always with double quotes and the escapes of JSON.
    Json,
}

/// Writes `value` as a whole document at column 0, with a final line break.
pub fn write_document(out: &mut String, value: &Value, layout: Layout) {
    match value {
        Value::String(string) => write_block_string(out, string, Parent { column: 0, content: layout.indent }, layout),
        _ => write_node(out, value, Parent { column: 0, content: 0 }, layout),
    }
    out.push_str(layout.newline);
}

/// Writes the entries of a mapping, the first one where the caller stands, which is at `column`, the others on lines of
/// their own. No line break at the end; an empty mapping writes nothing.
pub fn write_pairs(out: &mut String, pairs: &Map<String, Value>, column: usize, layout: Layout) {
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            start_line(out, column, layout);
        }
        write_entry(out, key, value, column, layout);
    }
}

/// Writes one entry of a block mapping: `key: value` where the caller stands, which is at `column`. No line break at the
/// end, but one must follow, since a block scalar may end there.
///
/// Keys of several lines or of more than 128 bytes become `? key` and `: value` on lines of their own, as go-yaml has it.
pub fn write_entry(out: &mut String, key: &str, value: &Value, column: usize, layout: Layout) {
    if is_simple_key(key) {
        write_key(out, key, false, Quoting::Yaml);
        out.push(':');
        write_entry_value(out, value, column, layout);
        return;
    }
    let parent = Parent { column, content: column + 2 };
    out.push_str("? ");
    write_block_string(out, key, parent, layout);
    start_line(out, column, layout);
    out.push_str(": ");
    write_node(out, value, parent, layout);
}

/// Writes the value of an entry behind `key:`, which starts at `key_column`: ` scalar`, ` {}`, or a line break and a block.
/// No line break at the end, but one must follow, since a block scalar may end there.
pub fn write_entry_value(out: &mut String, value: &Value, key_column: usize, layout: Layout) {
    match value {
        Value::Object(pairs) if !pairs.is_empty() => {
            let column = key_column + layout.indent;
            start_line(out, column, layout);
            write_pairs(out, pairs, column, layout);
        }
        Value::Array(items) if !items.is_empty() => {
            let column = key_column + layout.list_indent;
            start_line(out, column, layout);
            write_items(out, items, column, layout);
        }
        _ => {
            out.push(' ');
            let parent = Parent { column: key_column, content: key_column + layout.indent };
            write_node(out, value, parent, layout);
        }
    }
}

/// Writes one item of a block list, `- …`, where the caller stands, which is at `dash_column`. A collection in it starts
/// right behind the dash: `- a: 1`, `- - a`. No line break at the end, but one must follow, since a block scalar may end there.
pub fn write_item(out: &mut String, value: &Value, dash_column: usize, layout: Layout) {
    out.push('-');
    push_spaces(out, layout.dash_gap);
    let parent = Parent { column: dash_column, content: dash_column + 1 + layout.dash_gap };
    write_node(out, value, parent, layout);
}

/// Writes `value` on one line in flow style: `{a: 1, b: [x, y]}`, or `{"a": 1, "b": ["x", "y"]}` as JSON.
pub fn write_flow(out: &mut String, value: &Value, quoting: Quoting) {
    match value {
        Value::Object(pairs) => {
            out.push('{');
            for (index, (key, value)) in pairs.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_flow_entry(out, key, value, quoting);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_flow(out, item, quoting);
            }
            out.push(']');
        }
        _ => write_scalar(out, value, true, quoting),
    }
}

/// Writes one entry of a flow mapping, `key: value`.
///
/// go-yaml cannot read keys of more than 1024 characters in a flow mapping that is to be JSON.
pub fn write_flow_entry(out: &mut String, key: &str, value: &Value, quoting: Quoting) {
    if quoting == Quoting::Json || is_simple_key(key) {
        write_key(out, key, true, quoting);
        out.push_str(": ");
    } else {
        out.push_str("? ");
        write_key(out, key, true, quoting);
        out.push_str(" : ");
    }
    write_flow(out, value, quoting);
}

/// Writes `value` on one line: a scalar by the rules of its place (`in_flow`: inside of brackets), a collection in flow style.
pub fn write_scalar(out: &mut String, value: &Value, in_flow: bool, quoting: Quoting) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "{number}");
        }
        Value::String(string) => write_scalar_string(out, string, in_flow, quoting),
        Value::Array(_) | Value::Object(_) => write_flow(out, value, quoting),
    }
}

/// Writes a key on one line, without the colon. It may hold 1024 characters at most, or no reader takes it for a key:
/// [`write_entry`] and [`write_flow_entry`] know what to do with long ones.
pub fn write_key(out: &mut String, key: &str, in_flow: bool, quoting: Quoting) {
    write_scalar_string(out, key, in_flow, quoting);
}

/// Writes a string on one line: plain, single-quoted or double-quoted. `in_flow` says that it stands inside of brackets,
/// where more characters have a meaning.
pub fn write_scalar_string(out: &mut String, string: &str, in_flow: bool, quoting: Quoting) {
    if quoting == Quoting::Json {
        write_double_quoted(out, string, quoting);
    } else if is_ambiguous(string) || string.chars().any(|c| needs_escape(c) || c == '\t') {
        write_double_quoted(out, string, quoting);
    } else if is_plain(string, in_flow) {
        out.push_str(string);
    } else {
        out.push('\'');
        out.push_str(&string.replace('\'', "''"));
        out.push('\'');
    }
}

/// What a node hangs on.
#[derive(Clone, Copy)]
struct Parent {
    /// The column of its key or dash, from which indentation indicators count.
    column: usize,
    /// The column where the lines of a block scalar and the entries of a collection behind a dash start.
    content: usize,
}

/// Writes `value` right where the caller stands, behind a dash or at the start of a document.
fn write_node(out: &mut String, value: &Value, parent: Parent, layout: Layout) {
    match value {
        Value::Object(pairs) if !pairs.is_empty() => write_pairs(out, pairs, parent.content, layout),
        Value::Array(items) if !items.is_empty() => write_items(out, items, parent.content, layout),
        Value::String(string) => write_block_string(out, string, parent, layout),
        _ => write_scalar(out, value, false, Quoting::Yaml),
    }
}

fn write_items(out: &mut String, items: &[Value], column: usize, layout: Layout) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            start_line(out, column, layout);
        }
        write_item(out, item, column, layout);
    }
}

/// Writes a string in block context: strings of several lines become literal block scalars where that is possible.
fn write_block_string(out: &mut String, string: &str, parent: Parent, layout: Layout) {
    let indent = parent.content - parent.column;
    // Without the indicator, a reader takes the indentation from the first line that is not empty.
    let indicated = string.starts_with([' ', '\t', '\n']);
    if !is_literal(string) || (indicated && indent > 9) {
        write_scalar_string(out, string, false, Quoting::Yaml);
        return;
    }
    out.push('|');
    if indicated {
        // Writing to a String cannot fail.
        let _ = write!(out, "{indent}");
    }
    let body = match string.strip_suffix('\n') {
        None => {
            out.push('-');
            string
        }
        Some(body) => {
            // One line break at the end is the rule and needs no indicator.
            if body.is_empty() || body.ends_with('\n') {
                out.push('+');
            }
            body
        }
    };
    for line in body.split('\n') {
        out.push_str(layout.newline);
        if !line.is_empty() {
            push_spaces(out, parent.content);
            out.push_str(line);
        }
    }
}

/// True when a literal block scalar can hold `string` and go-yaml would choose one.
fn is_literal(string: &str) -> bool {
    string.contains('\n')
        && !string.contains(" \n")
        && !string.ends_with(' ')
        && !string.chars().any(|c| c != '\n' && needs_escape(c))
}

/// True when `string` may stand without quotes, as far as characters with a meaning go.
fn is_plain(string: &str, in_flow: bool) -> bool {
    if string.is_empty()
        || string.starts_with(|c| "#,[]{}&*!|>'\"%@` ".contains(c))
        || string.ends_with([' ', ':'])
        || ["---", "..."].iter().any(|marker| string.starts_with(marker))
        || ["-", "?"].contains(&string)
        || ["- ", "? "].iter().any(|indicator| string.starts_with(indicator))
        || string.contains(": ")
        || string.contains(" #")
    {
        return false;
    }
    !(in_flow && string.contains([',', '?', '[', ']', '{', '}', ':']))
}

/// True when go-yaml writes `key: value`, not `? key` and `: value`.
fn is_simple_key(key: &str) -> bool {
    key.len() <= 128 && !key.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// True when `c` may only be written as an escape: go-yaml rejects it raw, takes it for a line break, or (beyond U+FFFF)
/// escapes it itself.
fn needs_escape(c: char) -> bool {
    !matches!(c, '\t' | ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn write_double_quoted(out: &mut String, string: &str, quoting: Quoting) {
    out.push('"');
    for c in string.chars() {
        let code = u32::from(c);
        // Writing to a String cannot fail.
        let _ = match (quoting, c) {
            (_, '"') => out.write_str("\\\""),
            (_, '\\') => out.write_str("\\\\"),
            (_, '\u{8}') => out.write_str("\\b"),
            (_, '\t') => out.write_str("\\t"),
            (_, '\n') => out.write_str("\\n"),
            (_, '\u{c}') => out.write_str("\\f"),
            (_, '\r') => out.write_str("\\r"),
            _ if !needs_escape(c) => out.write_char(c),
            (Quoting::Json, ..='\u{ffff}') => write!(out, "\\u{code:04x}"),
            // JSON has no escape for these, and readers of YAML take them as they are.
            (Quoting::Json, _) => out.write_char(c),
            (Quoting::Yaml, '\0') => out.write_str("\\0"),
            (Quoting::Yaml, '\u{7}') => out.write_str("\\a"),
            (Quoting::Yaml, '\u{b}') => out.write_str("\\v"),
            (Quoting::Yaml, '\u{1b}') => out.write_str("\\e"),
            (Quoting::Yaml, '\u{85}') => out.write_str("\\N"),
            (Quoting::Yaml, '\u{2028}') => out.write_str("\\L"),
            (Quoting::Yaml, '\u{2029}') => out.write_str("\\P"),
            (Quoting::Yaml, ..='\u{ff}') => write!(out, "\\x{code:02X}"),
            (Quoting::Yaml, ..='\u{ffff}') => write!(out, "\\u{code:04X}"),
            (Quoting::Yaml, _) => write!(out, "\\U{code:08X}"),
        };
    }
    out.push('"');
}

fn start_line(out: &mut String, column: usize, layout: Layout) {
    out.push_str(layout.newline);
    push_spaces(out, column);
}

fn push_spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}
