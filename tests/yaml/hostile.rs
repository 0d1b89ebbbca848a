//! Texts as hostile as YAML allows: comments, blanks, tabs, folds, quotes, block scalars, flow collections, anchors and rare
//! line breaks, wherever they may stand and where they may not. Most of them cannot be read; the others are a test.

use krmor::yaml::{self, Node};

use crate::common::Random;

const PLAIN: &[&str] = &[
    "a",
    "b c",
    "1",
    "null",
    "~",
    "true",
    "x:y",
    "a#b",
    "-1",
    "2024-01-01",
    "é",
    "<<",
    "=",
    "0x1",
    "a-b",
    "http://x/y?z=1",
];
const KEYS: &[&str] =
    &["a", "b", "c", "k 1", "\"q\"", "'s'", "1", "null", "true", "é", "\"t\\tx\"", "''", "x-y", "2024-01-01"];
const QUOTED: &[&str] = &[
    "\"\"",
    "''",
    "\"a\"",
    "'b'",
    "\"a\\nb\"",
    "'it''s'",
    "\"a\\\n  b\"",
    "\"x # y\"",
    "'a\n\n  b'",
    "\"é\"",
    "\"- x\"",
];
const COMMENTS: &[&str] = &["# c", "#", "#d: e", "# |", "# - x"];
const LINES: &[&str] = &["text", "a: b", "# no comment", "- x", "t\tb", "x ", "é"];
/// What a random byte more may be.
const STRAY: &[char] = &[' ', '\t', '\n', ':', '-', ',', '#', '?', '\u{85}', '\u{2028}', '\u{feff}', '"', '|'];

/// A text that can be read, whose pointers each name one place.
pub(super) fn readable(random: &mut Random) -> String {
    loop {
        let text = text(random);
        let read = yaml::parse(&std::sync::Arc::new(text.clone()));
        if read.is_ok_and(|documents| documents.iter().all(|document| is_distinct(document.root()))) {
            return text;
        }
    }
}

/// No mapping has two keys of one meaning.
fn is_distinct(node: Node<'_>) -> bool {
    let value = node.to_value();
    value.is_none_or(|value| value.as_object().is_none_or(|object| object.len() == node.entries().count()))
        && node.entries().all(|(_, value)| is_distinct(value))
        && node.items().all(is_distinct)
}

fn text(random: &mut Random) -> String {
    let newline = *random.pick(&["\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\r"]);
    let mut writer = Writer { out: String::new(), random, newline, anchors: 0 };
    let documents = 1 + usize::from(writer.once_in(6));
    for number in 0..documents {
        if number > 0 || writer.once_in(5) {
            writer.out.push_str("---");
            writer.sometimes(5, " # d");
            writer.out.push_str(newline);
        }
        writer.anchors = 0;
        let indent = if writer.once_in(8) { writer.random.below(4) } else { 0 };
        writer.between(indent);
        let depth = 1 + writer.random.below(3);
        match writer.random.below(8) {
            0 | 1 => writer.list(indent, depth, false),
            2 => {
                writer.flow(3);
                writer.end();
            }
            3 if documents == 1 => {
                writer.one_of(QUOTED);
                writer.end();
            }
            _ => writer.mapping(indent, depth, false),
        }
        if writer.once_in(10) {
            writer.out.push_str("...");
            writer.out.push_str(newline);
        }
    }
    writer.between(0);
    if writer.once_in(8) {
        writer.out.truncate(writer.out.trim_end().len());
    }
    if writer.once_in(4) {
        writer.stray();
    }
    writer.out
}

struct Writer<'r> {
    out: String,
    random: &'r mut Random,
    newline: &'static str,
    /// Anchors `n1`, `n2`, … that the document has so far.
    anchors: usize,
}

impl Writer<'_> {
    fn once_in(&mut self, times: usize) -> bool {
        self.random.below(times) == 0
    }

    fn one_of(&mut self, texts: &[&str]) {
        let text = *self.random.pick(texts);
        self.out.push_str(text);
    }

    fn sometimes(&mut self, times: usize, text: &str) {
        if self.once_in(times) {
            self.out.push_str(text);
        }
    }

    fn pad(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    fn pad_up_to(&mut self, columns: usize) {
        let columns = self.random.below(columns);
        self.pad(columns);
    }

    /// The end of a line, behind a value.
    fn end(&mut self) {
        if self.once_in(6) {
            self.one_of(&[" ", "  ", "\t", " \t"]);
            if self.once_in(2) {
                self.one_of(COMMENTS);
            }
        }
        self.out.push_str(self.newline);
        self.sometimes(400, "\u{85}");
    }

    /// Blank lines and comments before a line at `indent`.
    fn between(&mut self, indent: usize) {
        while self.once_in(6) {
            match self.random.below(6) {
                0 => {}
                1 => self.pad_up_to(8),
                2 => self.comment(indent),
                3 => {
                    let column = self.random.below(8);
                    self.comment(column);
                }
                4 => self.one_of(&["\t", "  \t", " \t "]),
                _ => self.comment(indent + 2),
            }
            self.out.push_str(self.newline);
        }
    }

    fn comment(&mut self, column: usize) {
        self.pad(column);
        self.one_of(COMMENTS);
    }

    fn anchor(&mut self) {
        self.anchors += 1;
        self.out.push_str(&format!("&n{} ", self.anchors));
    }

    fn alias(&mut self) {
        let number = 1 + self.random.below(self.anchors);
        self.out.push_str(&format!("*n{number} "));
    }

    fn properties(&mut self) {
        if self.once_in(14) {
            match self.random.below(4) {
                0 | 1 => self.anchor(),
                2 => self.out.push_str("!!str "),
                _ => self.out.push_str("!t "),
            }
        }
    }

    /// What may stand between the parts of a flow collection.
    fn space(&mut self) {
        match self.random.below(14) {
            0..=4 => {}
            5..=9 => self.out.push(' '),
            10 => self.out.push_str("  "),
            11 => self.out.push('\t'),
            kind => {
                self.out.push_str(if kind == 12 { "" } else { " # f" });
                self.out.push_str(self.newline);
                let column = 1 + self.random.below(8);
                self.pad(column);
            }
        }
    }

    fn flow(&mut self, depth: usize) {
        match self.random.below(if depth == 0 { 5 } else { 9 }) {
            0 | 1 => self.one_of(PLAIN),
            2 => self.one_of(QUOTED),
            3 => self.one_of(KEYS),
            4 if self.anchors > 0 && self.once_in(2) => self.alias(),
            4 => self.sometimes(2, "-"),
            5 | 6 => self.flow_list(depth - 1),
            _ => self.flow_mapping(depth - 1),
        }
    }

    fn flow_list(&mut self, depth: usize) {
        self.properties();
        self.out.push('[');
        let count = self.random.below(4);
        for number in 0..count {
            self.space();
            match self.random.below(8) {
                0 => {
                    self.one_of(KEYS);
                    self.space();
                    self.out.push_str(": ");
                    self.flow(depth);
                }
                1 => {
                    self.out.push_str("? ");
                    self.one_of(KEYS);
                    if self.once_in(2) {
                        self.out.push_str(" : ");
                        self.flow(depth);
                    }
                }
                _ => self.flow(depth),
            }
            self.comma(number + 1 == count);
        }
        self.space();
        self.out.push(']');
    }

    fn flow_mapping(&mut self, depth: usize) {
        self.properties();
        self.out.push('{');
        let count = self.random.below(4);
        for number in 0..count {
            self.space();
            self.sometimes(8, "? ");
            self.one_of(KEYS);
            match self.random.below(8) {
                0 => {}
                1 => self.out.push(':'),
                2 => {
                    self.space();
                    self.out.push(':');
                    self.flow(depth);
                }
                3 => {
                    self.out.push(':');
                    self.flow(depth);
                }
                _ => {
                    self.out.push_str(": ");
                    self.space();
                    self.flow(depth);
                }
            }
            self.comma(number + 1 == count);
        }
        self.space();
        self.out.push('}');
    }

    fn comma(&mut self, is_last: bool) {
        self.space();
        if !is_last || self.once_in(4) {
            self.out.push(',');
        }
    }

    fn block_scalar(&mut self, indent: usize) {
        self.one_of(&["|", ">"]);
        let digit = if self.once_in(4) { 1 + self.random.below(3) } else { 0 };
        let chomping = *self.random.pick(&["", "", "-", "+", "+"]);
        let digits = if digit > 0 { digit.to_string() } else { String::new() };
        let (first, second) = if self.once_in(2) { (chomping, digits.as_str()) } else { (digits.as_str(), chomping) };
        self.out.push_str(first);
        self.out.push_str(second);
        self.sometimes(6, " # c");
        self.out.push_str(self.newline);
        let column = if digit > 0 { indent.saturating_sub(2) + digit } else { indent };
        for _ in 0..self.random.below(4) {
            match self.random.below(6) {
                0 => {}
                1 => self.pad_up_to(indent + 3),
                _ => {
                    self.pad(column);
                    self.sometimes(6, "  ");
                    self.one_of(LINES);
                }
            }
            self.out.push_str(self.newline);
        }
    }

    /// What follows `key:` or a dash at `indent`, up to the end of its last line.
    fn value(&mut self, indent: usize, depth: usize, in_list: bool) {
        match self.random.below(if depth == 0 { 8 } else { 14 }) {
            0 => self.end(),
            1 | 2 => {
                self.out.push(' ');
                self.sometimes(8, "  ");
                self.properties();
                self.one_of(PLAIN);
                if self.once_in(10) {
                    self.out.push_str(self.newline);
                    let newline = self.newline;
                    self.sometimes(3, newline);
                    self.pad(indent + 2);
                    self.out.push_str("more");
                }
                self.end();
            }
            3 => {
                self.out.push(' ');
                self.properties();
                self.one_of(QUOTED);
                self.sometimes(12, "# c");
                self.end();
            }
            4 => self.flow_value(),
            5 => {
                self.out.push(' ');
                self.properties();
                self.block_scalar(indent + 2);
            }
            6 => {
                if self.anchors > 0 {
                    self.out.push(' ');
                    self.alias();
                }
                self.end();
            }
            7 => {
                self.end();
                self.between(indent);
                self.pad(indent + 1 + usize::from(in_list));
                self.one_of(PLAIN);
                self.end();
            }
            kind @ 8..=12 => {
                if self.once_in(8) {
                    self.out.push(' ');
                    self.properties();
                }
                self.end();
                let deeper = indent + 1 + self.random.below(4);
                match kind {
                    8..=10 => self.mapping(deeper, depth - 1, false),
                    _ if in_list => self.list(indent + 2, depth - 1, false),
                    _ => self.list(deeper - 1, depth - 1, false),
                }
            }
            _ if in_list => {
                let gap = 1 + self.random.below(3);
                self.pad(gap);
                match self.once_in(2) {
                    true => self.mapping(indent + 1 + gap, depth - 1, true),
                    false => self.list(indent + 1 + gap, depth - 1, true),
                }
            }
            _ => self.flow_value(),
        }
    }

    fn flow_value(&mut self) {
        self.out.push(' ');
        self.flow(2);
        self.end();
    }

    fn mapping(&mut self, indent: usize, depth: usize, is_inline: bool) {
        for number in 0..1 + self.random.below(4) {
            if number > 0 || !is_inline {
                self.between(indent);
                self.pad(indent);
            }
            if self.once_in(9) {
                self.out.push_str("? ");
                if self.once_in(4) {
                    self.block_scalar(indent + 2);
                } else {
                    self.sometimes(4, " ");
                    self.one_of(KEYS);
                    self.end();
                }
                if self.once_in(4) {
                    continue;
                }
                self.between(indent);
                self.pad(indent);
                self.out.push(':');
                self.value(indent, depth, true);
                continue;
            }
            if self.once_in(30) {
                self.anchor();
            }
            self.one_of(KEYS);
            if self.once_in(12) {
                self.one_of(&[" ", "  ", "\t"]);
            }
            self.out.push(':');
            self.value(indent, depth, false);
        }
    }

    fn list(&mut self, indent: usize, depth: usize, is_inline: bool) {
        for number in 0..1 + self.random.below(4) {
            if number > 0 || !is_inline {
                self.between(indent);
                self.pad(indent);
            }
            self.out.push('-');
            self.value(indent, depth, true);
        }
    }

    /// A character more or less, anywhere.
    fn stray(&mut self) {
        let mut chars: Vec<char> = self.out.chars().collect();
        for _ in 0..1 + self.random.below(2) {
            if chars.is_empty() {
                return;
            }
            let at = self.random.below(chars.len());
            match self.random.below(3) {
                0 => drop(chars.remove(at)),
                1 => chars.insert(at, *self.random.pick(STRAY)),
                _ => chars.insert(at, chars[self.random.below(chars.len())]),
            }
        }
        self.out = chars.into_iter().collect();
    }
}
