//! Prints JSON values as YAML the way kyaml does: go-yaml v3's encoder with an indent of two and lists that are not set in
//! from their key, or in whatever [`Layout`] a file already has.
//!
//! It departs from go-yaml in a few places, mostly where that one's text would not be read back by every reader:
//! - whatever [`is_ambiguous`] is quoted: `=`, `yEs`, `1e400`, `2001-13-01` and more that go-yaml writes plain;
//! - a block scalar whose first line starts with a tab gets an indentation indicator (go-yaml cannot read its own);
//! - strings with U+2028 or U+2029, which are line breaks in YAML 1.1, are double-quoted and escape them;
//! - behind a byte order mark only what must be is escaped (go-yaml escapes every letter);
//! - floats keep a point or an exponent (`1.0`, `1e21` where Go prints `1`, `1e+21`), so that they stay floats;
//! - the keys `y` and `n` are plain (see [`write_key`]);
//! - with an indent other than two, indentation indicators are right (go-yaml's are not, inside lists).

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::scalar::is_ambiguous;

/// How a file is laid out; the default is kyaml's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout<'a> {
    /// Columns that a mapping is set in from the key that holds it; 0 counts as 1.
    pub indent: usize,
    /// Columns that a list is set in from its key: 0 for compact lists.
    pub list_indent: usize,
    /// Spaces behind the dash of an item; 0 counts as 1.
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
        Value::String(string) => {
            write_block_string(out, string, Parent { column: 0, content: layout.indent.max(1) }, layout);
        }
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
            let column = key_column + layout.indent.max(1);
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
            let parent = Parent { column: key_column, content: key_column + layout.indent.max(1) };
            write_node(out, value, parent, layout);
        }
    }
}

/// Writes one item of a block list, `- …`, where the caller stands, which is at `dash_column`. A collection in it starts
/// right behind the dash: `- a: 1`, `- - a`. No line break at the end, but one must follow, since a block scalar may end there.
pub fn write_item(out: &mut String, value: &Value, dash_column: usize, layout: Layout) {
    out.push('-');
    let gap = layout.dash_gap.max(1);
    push_spaces(out, gap);
    let parent = Parent { column: dash_column, content: dash_column + 1 + gap };
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
///
/// The keys `y` and `n` stay plain, against the rule for values: kustomize, kpt and YAML 1.2 read them as strings, and
/// files hold them so (coordinates, counts); `yes`, `no`, `on` and `off` are quoted.
pub fn write_key(out: &mut String, key: &str, in_flow: bool, quoting: Quoting) {
    if quoting == Quoting::Yaml && matches!(key, "y" | "Y" | "n" | "N") {
        out.push_str(key);
    } else {
        write_scalar_string(out, key, in_flow, quoting);
    }
}

/// Writes a string on one line: plain, single-quoted or double-quoted. `in_flow` says that it stands inside of brackets,
/// where more characters have a meaning.
pub fn write_scalar_string(out: &mut String, string: &str, in_flow: bool, quoting: Quoting) {
    // Most keys and values are words that mean nothing else: `false` is the longest one that does.
    if quoting == Quoting::Yaml && string.len() > 5 && string.bytes().all(|b| b.is_ascii_alphabetic()) {
        return out.push_str(string);
    }
    if quoting == Quoting::Json || is_ambiguous(string) || string.chars().any(|c| needs_escape(c) || c == '\t') {
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
        Value::Object(pairs) if !pairs.is_empty() => {
            write_pairs(out, pairs, parent.content, layout);
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scalar::{Scalar, resolve};
    use super::*;

    fn document(value: &Value, layout: Layout) -> String {
        let mut out = String::new();
        write_document(&mut out, value, layout);
        out
    }

    fn inline(string: &str, in_flow: bool, quoting: Quoting) -> String {
        let mut out = String::new();
        write_scalar_string(&mut out, string, in_flow, quoting);
        out
    }

    /// Checks the styles that go-yaml chooses for `string`, in block and in flow context.
    fn check_styles(string: &str, block: &str, flow: &str) {
        assert_eq!(inline(string, false, Quoting::Yaml), block);
        assert_eq!(inline(string, true, Quoting::Yaml), flow);
        let mut out = String::new();
        write_entry(&mut out, string, &json!(string), 0, Layout::default());
        let mark = if is_simple_key(string) { "" } else { "? " };
        let colon = if is_simple_key(string) { ": " } else { "\n: " };
        let key = if string == "y" { "y" } else { block }; // see `write_key`
        assert_eq!(out, format!("{mark}{key}{colon}{block}"));
    }

    #[test]
    fn strings_of_one_line_are_those_of_kyaml() {
        let plain =
            ["a", "a b", "é", "a#b", "-a", "--", "a-", "$(A)", "a'b", "a\"b", "a\\b", "/x", "10.0.0.1", "100m", "80%"];
        for string in plain {
            check_styles(string, string, string);
            assert!(matches!(resolve(string), Scalar::Str(_)), "{string}");
        }
        let plain_in_block = ["a:b", "?a", ":a", "http://x/y?z=1", "a, b", "1:60", "a :b", "a]", "a}"];
        for string in plain_in_block {
            check_styles(string, string, &format!("'{string}'"));
        }
        let single = [
            "{{ .X }}", "-", "- a", "?", "? a", ":", "a:", "a: b", "#a", "a #b", "*a", "&a", "!a", "|", "> a", "%a",
            "@a", "`a", "'a'", "\"a\"", "[a]", "{a}", ",a", "--- a", "---", "...", "...a", " a", "a ", " ", "it's: x",
        ];
        for string in single {
            let quoted = format!("'{}'", string.replace('\'', "''"));
            check_styles(string, &quoted, &quoted);
        }
        let double = ["", "1", "true", "yes", "y", "null", "~", "0o17", "2001-01-01", "1:30", "<<"];
        for string in double {
            let quoted = format!("\"{string}\"");
            check_styles(string, &quoted, &quoted);
        }
        let escaped = [
            ("\t", "\"\\t\""),
            ("a\tb", "\"a\\tb\""),
            ("a\rb", "\"a\\rb\""),
            ("\u{0}\u{7}\u{8}\u{b}\u{c}\u{1b}\u{1f}", "\"\\0\\a\\b\\v\\f\\e\\x1F\""),
            ("\u{7f}\u{80}\u{85}\u{a0}", "\"\\x7F\\x80\\N\u{a0}\""),
            ("\"\\\u{1}", "\"\\\"\\\\\\x01\""),
            ("\u{feff}", "\"\\uFEFF\""),
            ("￾", "\"\\uFFFE\""),
            ("😀", "\"\\U0001F600\""),
        ];
        for (string, quoted) in escaped {
            check_styles(string, quoted, quoted);
        }
    }

    #[test]
    fn strings_of_many_lines_are_those_of_kyaml() {
        // The string, as an item of a list, in flow context.
        let cases = [
            ("a\nb", "|-\n  a\n  b\n", "\"a\\nb\""),
            ("a\nb\n", "|\n  a\n  b\n", "\"a\\nb\\n\""),
            ("a\n\n", "|+\n  a\n\n", "\"a\\n\\n\""),
            ("a\n\n\nb\n\n", "|+\n  a\n\n\n  b\n\n", "\"a\\n\\n\\nb\\n\\n\""),
            ("\n", "|2+\n\n", "\"\\n\""),
            ("\n\n", "|2+\n\n\n", "\"\\n\\n\""),
            ("\na", "|2-\n\n  a\n", "\"\\na\""),
            (" a\nb", "|2-\n   a\n  b\n", "\" a\\nb\""),
            ("  a\n b\n", "|2\n    a\n   b\n", "\"  a\\n b\\n\""),
            ("\n a", "|2-\n\n   a\n", "\"\\n a\""),
            ("a\n b", "|-\n  a\n   b\n", "\"a\\n b\""),
            ("a\n\tb", "|-\n  a\n  \tb\n", "\"a\\n\\tb\""),
            ("a\tb\nc", "|-\n  a\tb\n  c\n", "\"a\\tb\\nc\""),
            ("a\nb\t", "|-\n  a\n  b\t\n", "\"a\\nb\\t\""),
            ("# a\nb", "|-\n  # a\n  b\n", "\"# a\\nb\""),
            ("- a\n---\nb", "|-\n  - a\n  ---\n  b\n", "\"- a\\n---\\nb\""),
            ("...\n", "|\n  ...\n", "\"...\\n\""),
            ("é\nb\n", "|\n  é\n  b\n", "\"é\\nb\\n\""),
            ("a: b\nc: d\n", "|\n  a: b\n  c: d\n", "\"a: b\\nc: d\\n\""),
            ("'\n\"", "|-\n  '\n  \"\n", "\"'\\n\\\"\""),
            ("a \nb", "\"a \\nb\"\n", "\"a \\nb\""),
            ("a\n ", "\"a\\n \"\n", "\"a\\n \""),
            ("a\nb ", "\"a\\nb \"\n", "\"a\\nb \""),
            (" \na", "\" \\na\"\n", "\" \\na\""),
            ("a\r\nb", "\"a\\r\\nb\"\n", "\"a\\r\\nb\""),
            ("a\n😀", "\"a\\n\\U0001F600\"\n", "\"a\\n\\U0001F600\""),
            ("a\u{7f}\nb", "\"a\\x7F\\nb\"\n", "\"a\\x7F\\nb\""),
        ];
        for (string, item, flow) in cases {
            assert_eq!(document(&json!([string]), Layout::default()), format!("- {item}"));
            assert_eq!(inline(string, true, Quoting::Yaml), flow);
        }
    }

    #[test]
    fn documents_are_those_of_kyaml() {
        let cases = [
            (
                json!({"a": 1, "b": {"c": [1, "2", {"d": null, "e": true}], "f": {}, "g": []}}),
                "a: 1\nb:\n  c:\n  - 1\n  - \"2\"\n  - d: null\n    e: true\n  f: {}\n  g: []\n",
            ),
            (
                json!({"spec": {"containers": [{"name": "app", "args": ["-c", "a: b"], "ports": [{"containerPort": 80}]}, {"name": "x"}]}}),
                "spec:\n  containers:\n  - name: app\n    args:\n    - -c\n    - 'a: b'\n    ports:\n    - containerPort: 80\n  - name: x\n",
            ),
            (json!([]), "[]\n"),
            (json!({}), "{}\n"),
            (json!([[1, [2, []]], [{"a": [3]}]]), "- - 1\n  - - 2\n    - []\n- - a:\n    - 3\n"),
            (json!([{"a": {"b": 1}, "c": 2}, {}]), "- a:\n    b: 1\n  c: 2\n- {}\n"),
            (json!("x"), "x\n"),
            (json!("yes"), "\"yes\"\n"),
            (json!("a\nb\n"), "|\n  a\n  b\n"),
            (json!(" a\nb"), "|2-\n   a\n  b\n"),
            (json!(null), "null\n"),
            (json!(-5), "-5\n"),
            (json!(u64::MAX), "18446744073709551615\n"),
            (
                json!({"": "", "true": "y", "1": 1, "a b": 2, "- x": 3, "y": 4}),
                "\"\": \"\"\n\"true\": \"y\"\n\"1\": 1\na b: 2\n'- x': 3\ny: 4\n",
            ),
            (
                json!({"a": "x\n\n", "b": ["y\n\n", {"z": " q\nr"}], "c": 1}),
                "a: |+\n  x\n\nb:\n- |+\n  y\n\n- z: |2-\n     q\n    r\nc: 1\n",
            ),
            (json!({"a\nb": 1, "c": {"d\n": {"e": 1}}}), "? |-\n  a\n  b\n: 1\nc:\n  ? |\n    d\n  : e: 1\n"),
        ];
        for (value, expected) in cases {
            assert_eq!(document(&value, Layout::default()), expected);
        }
    }

    #[test]
    fn flow_style_is_that_of_go_yaml_or_json() {
        let cases = [
            (
                json!({"a": 1, "b": ["x", {"c": null}], "d": {}, "e": []}),
                "{a: 1, b: [x, {c: null}], d: {}, e: []}",
                "{\"a\": 1, \"b\": [\"x\", {\"c\": null}], \"d\": {}, \"e\": []}",
            ),
            (
                json!([["a, b"], ["a:b"], ["1"], ["a\nb"]]),
                "[['a, b'], ['a:b'], [\"1\"], [\"a\\nb\"]]",
                "[[\"a, b\"], [\"a:b\"], [\"1\"], [\"a\\nb\"]]",
            ),
            (json!({"a\nb": 1}), "{? \"a\\nb\" : 1}", "{\"a\\nb\": 1}"),
            (json!({"": "", "x?": "{"}), "{\"\": \"\", 'x?': '{'}", "{\"\": \"\", \"x?\": \"{\"}"),
            (json!([]), "[]", "[]"),
        ];
        for (value, yaml, json) in cases {
            let mut out = String::new();
            write_flow(&mut out, &value, Quoting::Yaml);
            assert_eq!(out, yaml);
            out.clear();
            write_flow(&mut out, &value, Quoting::Json);
            assert_eq!(out, json);
            assert_eq!(serde_json::from_str::<Value>(&out).ok(), Some(value));
        }
    }

    #[test]
    fn more_is_quoted_than_go_yaml_quotes() {
        let cases = [
            ("=", "\"=\""),
            ("yEs", "\"yEs\""),
            ("1e400", "\"1e400\""),
            ("2001-13-01", "\"2001-13-01\""),
            ("2001-12-14 21:59:43 +5", "\"2001-12-14 21:59:43 +5\""),
            ("a\u{2028}b", "\"a\\Lb\""),
            ("\u{2029}", "\"\\P\""),
            ("\u{feff}a", "\"\\uFEFFa\""),
        ];
        for (string, expected) in cases {
            assert_eq!(inline(string, false, Quoting::Yaml), expected);
            assert_eq!(inline(string, true, Quoting::Yaml), expected);
        }
        let tab = document(&json!({"k": "\tindent\nb"}), Layout::default());
        assert_eq!(tab, "k: |2-\n  \tindent\n  b\n");
        let separator = document(&json!({"k": "a\nb\u{2028}"}), Layout::default());
        assert_eq!(separator, "k: \"a\\nb\\L\"\n");
    }

    #[test]
    fn numbers_keep_their_type() {
        let cases = [
            (json!(0), "0"),
            (json!(i64::MIN), "-9223372036854775808"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!(1.0), "1.0"),
            (json!(-0.0), "-0.0"),
            (json!(1.5), "1.5"),
            (json!(100_000.0), "100000.0"),
            (json!(1e-7), "1e-7"),
            (json!(5e-324), "5e-324"),
        ];
        for (value, expected) in cases {
            let mut out = String::new();
            write_scalar(&mut out, &value, false, Quoting::Yaml);
            assert_eq!(out, expected);
        }
        for float in [1e16, 1e21, -2.5e300, f64::MAX, f64::MIN_POSITIVE, 0.1 + 0.2] {
            let mut out = String::new();
            write_scalar(&mut out, &json!(float), true, Quoting::Json);
            assert_eq!(resolve(&out), Scalar::Float(float), "{out}");
        }
    }

    #[test]
    fn json_quoting_escapes_what_yaml_cannot_hold() {
        let cases = [
            ("", r#""""#),
            ("a", r#""a""#),
            ("it's \"x\" \\ /", r#""it's \"x\" \\ /""#),
            ("\u{8}\t\n\u{c}\r", r#""\b\t\n\f\r""#),
            ("\0\u{7}\u{1b}", r#""\u0000\u0007\u001b""#),
            ("\u{7f}\u{85}\u{9f}", r#""\u007f\u0085\u009f""#),
            ("\u{2028}\u{feff}\u{fffe}", r#""\u2028\ufeff\ufffe""#),
            ("é😀", r#""é😀""#),
        ];
        for (string, expected) in cases {
            assert_eq!(inline(string, false, Quoting::Json), expected);
            assert_eq!(inline(string, true, Quoting::Json), expected);
            assert_eq!(serde_json::from_str(expected).ok(), Some(json!(string)));
        }
    }

    #[test]
    fn long_keys_are_explicit() {
        let (short, long) = ("k".repeat(128), "k".repeat(129));
        let value = json!({ (short.as_str()): [], (long.as_str()): { "a": 1, "b": [1, { "c": "x\ny" }] }, "z": 2 });
        let expected = format!("{short}: []\n? {long}\n: a: 1\n  b:\n  - 1\n  - c: |-\n      x\n      y\nz: 2\n");
        assert_eq!(document(&value, Layout::default()), expected);
        let mut out = String::new();
        write_flow(&mut out, &json!({ (long.as_str()): 1 }), Quoting::Yaml);
        assert_eq!(out, format!("{{? {long} : 1}}"));
        out.clear();
        write_flow(&mut out, &json!({ (long.as_str()): 1 }), Quoting::Json);
        assert_eq!(out, format!("{{\"{long}\": 1}}"));
    }

    #[test]
    fn the_layout_is_kept() {
        let value = json!({"a": {"b": [{"c": 1, "d": [2]}, [3, 4], " x\ny\n"]}, "e": " f\n"});
        let layout = |indent, list_indent, dash_gap| Layout { indent, list_indent, dash_gap, newline: "\n" };
        let cases = [
            (
                layout(2, 0, 1),
                "a:\n  b:\n  - c: 1\n    d:\n    - 2\n  - - 3\n    - 4\n  - |2\n     x\n    y\ne: |2\n   f\n",
            ),
            (
                layout(2, 2, 1),
                "a:\n  b:\n    - c: 1\n      d:\n        - 2\n    - - 3\n      - 4\n    - |2\n       x\n      y\ne: |2\n   f\n",
            ),
            (
                layout(4, 0, 1),
                "a:\n    b:\n    - c: 1\n      d:\n      - 2\n    - - 3\n      - 4\n    - |2\n       x\n      y\ne: |4\n     f\n",
            ),
            (
                layout(4, 4, 3),
                "a:\n    b:\n        -   c: 1\n            d:\n                -   2\n        -   -   3\n            -   4\n        -   |4\n             x\n            y\ne: |4\n     f\n",
            ),
            (
                layout(1, 1, 1),
                "a:\n b:\n  - c: 1\n    d:\n     - 2\n  - - 3\n    - 4\n  - |2\n     x\n    y\ne: |1\n  f\n",
            ),
            (
                layout(12, 0, 1),
                "a:\n            b:\n            - c: 1\n              d:\n              - 2\n            - - 3\n              - 4\n            - |2\n               x\n              y\ne: \" f\\n\"\n",
            ),
        ];
        for (layout, expected) in cases {
            assert_eq!(document(&value, layout), expected, "{layout:?}");
        }
        let windows = Layout { newline: "\r\n", ..Layout::default() };
        assert_eq!(
            document(&json!({"a": [1, "x\n\ny\n\n"], "b": {"c": 2}}), windows),
            "a:\r\n- 1\r\n- |+\r\n  x\r\n\r\n  y\r\n\r\nb:\r\n  c: 2\r\n"
        );
    }

    #[test]
    fn parts_start_where_the_caller_stands() {
        let value = json!({"a": [1], "b": "x\ny"});
        let mut out = String::from("      key:");
        write_entry_value(&mut out, &value, 6, Layout::default());
        assert_eq!(out, "      key:\n        a:\n        - 1\n        b: |-\n          x\n          y");
        for (value, expected) in
            [(json!("x"), "key: x"), (json!({}), "key: {}"), (json!([]), "key: []"), (json!(null), "key: null")]
        {
            let mut out = String::from("key:");
            write_entry_value(&mut out, &value, 0, Layout::default());
            assert_eq!(out, expected);
        }
        let mut out = String::from("    ");
        write_item(&mut out, &value, 4, Layout::default());
        assert_eq!(out, "    - a:\n      - 1\n      b: |-\n        x\n        y");
        let mut out = String::from("  ");
        write_entry(&mut out, "on", &value, 2, Layout::default());
        assert_eq!(out, "  \"on\":\n    a:\n    - 1\n    b: |-\n      x\n      y");
        let mut out = String::from("  ");
        let pairs = Map::from_iter([("a".to_owned(), json!(1)), ("b".to_owned(), json!([2]))]);
        write_pairs(&mut out, &pairs, 2, Layout::default());
        assert_eq!(out, "  a: 1\n  b:\n  - 2");
        let mut out = String::from("{x: 1, ");
        write_flow_entry(&mut out, "y", &json!("a,b"), Quoting::Yaml);
        assert_eq!(out, "{x: 1, y: 'a,b'");
        let mut out = String::new();
        write_key(&mut out, "a:b", true, Quoting::Yaml);
        assert_eq!(out, "'a:b'");
    }
}
