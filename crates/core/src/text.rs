//! The report for people: every change with its reason, every finding with its remedy.

use std::borrow::Cow;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::krm::{field_path, message, results};
use crate::mask::{MASK, addresses, is_letter, mask, private_spans, starred};
use crate::report::{Change, Finding, Report, Severity};
use crate::stream::{Object, Stream};
use crate::values::json_text;
use krmor_yaml::{Document, Op};

/// Longest value that a line shows whole.
const MAX_VALUE: usize = 60;
/// Most characters of a source line that an excerpt shows.
const MAX_EXCERPT: usize = 160;

/// Changes and findings, grouped by object.
#[must_use]
pub fn report(stream: &Stream, report: &Report) -> String {
    let mut out = findings(stream, &report.findings);
    let mut current = None;
    for change in &report.changes {
        if current != Some(change.object) {
            current = Some(change.object);
            let _ = writeln!(out, "{}", plain(&title(stream, change)));
        }
        let _ = writeln!(out, "  {}", plain(&self::change(stream, change)));
    }
    out
}

/// Findings, one after the other; many that say the same are one, with its first places.
#[must_use]
pub fn findings<'a>(stream: &Stream, findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let all: Vec<&Finding> = findings.into_iter().collect();
    let mut out = String::new();
    let mut source = Source::default();
    for group in groups(stream, &all) {
        let mut group = group.into_iter().filter_map(|at| all.get(at).copied());
        let Some(first) = group.next() else { continue };
        finding(stream, first, &group.collect::<Vec<_>>(), &mut source, &mut out);
    }
    out
}

/// Every finding, one after the other: what a program reads must not have to be counted.
#[must_use]
pub fn every_finding<'a>(stream: &Stream, findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let mut out = String::new();
    let mut source = Source::default();
    for finding in findings {
        self::finding(stream, finding, &[], &mut source, &mut out);
    }
    out
}

/// The numbers of findings that say the same in more than a few places, together: one message for many objects, or one
/// but for the names in it for many places of an object. All others stand alone.
fn groups(stream: &Stream, findings: &[&Finding]) -> Vec<Vec<usize>> {
    const FEW: usize = 3;
    let mut alone: Vec<usize> = (0..findings.len()).collect();
    let mut out: Vec<Vec<usize>> = Vec::new();
    for in_one_object in [false, true] {
        let key = |at: usize| Some((shape(stream, findings.get(at)?, in_one_object), at));
        let mut keyed: Vec<(u64, usize)> = alone.iter().filter_map(|&at| key(at)).collect();
        keyed.sort_unstable();
        alone.clear();
        for same in keyed.chunk_by(|a, b| a.0 == b.0) {
            let numbers = same.iter().map(|(_, at)| *at);
            if same.len() > FEW { out.push(numbers.collect()) } else { alone.extend(numbers) }
        }
    }
    out.extend(alone.into_iter().map(|at| vec![at]));
    out.sort_unstable();
    out
}

/// What findings of one group have in common, as a hash.
fn shape(stream: &Stream, finding: &Finding, in_one_object: bool) -> u64 {
    let mut hasher = DefaultHasher::new();
    (finding.severity, &finding.function, finding.rule.id).hash(&mut hasher);
    if in_one_object {
        // Names, values and numbers stand between backticks.
        let parts = finding.message.split('`').step_by(2).collect::<Vec<_>>();
        (finding.object(), parts, &finding.remedy).hash(&mut hasher);
    } else {
        let object = finding.object().and_then(|id| stream.object(id));
        let own = object.map(|object| object.reference().to_string()).filter(|own| finding.message.contains(own));
        match own {
            Some(own) => finding.message.replace(&own, "").hash(&mut hasher),
            None => finding.message.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// `1 container`, `2 containers`.
#[must_use]
pub fn many(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The names of `number` things in a message, none too many: a list that grew with the stream would make all messages
/// together grow with its square. The iterator is asked only for what is shown.
pub fn few(number: usize, names: &mut dyn Iterator<Item = String>, separator: &str) -> String {
    const MOST: usize = 6;
    if number <= MOST {
        return names.collect::<Vec<_>>().join(separator);
    }
    let shown: Vec<String> = names.take(MOST / 2).collect();
    format!("{} and {} more", shown.join(", "), number - shown.len())
}

/// A text without control characters: a name in a manifest may hold any, by an escape, and a terminal would obey them.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    // Those that turn the direction of writing make a line read as what it is not.
    let obeyed =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect())
}

fn title(stream: &Stream, change: &Change) -> String {
    let reference = stream.object(change.object).map(|object| object.reference()).unwrap_or_default();
    match &reference.file {
        Some(file) => format!("{reference} ({file})"),
        None => reference.to_string(),
    }
}

/// One change on one line: what, where, and why.
#[must_use]
pub fn change(stream: &Stream, change: &Change) -> String {
    let kind = stream.object(change.object).map(|object| object.kind().into_owned()).unwrap_or_default();
    let path = field_path(&change.path);
    let what = match change.op {
        Op::Remove if change.takes_object() => "object removed".to_owned(),
        Op::Remove => format!("{path} removed"),
        _ if change.after.is_some() => "new object".to_owned(),
        _ => format!("{path}: {}", short(&mask(&kind, &change.path, &change.value))),
    };
    format!("{:<10} {what}  ({}: {})", change.why.class.name(), change.why.rule.id, change.why.reason)
}

/// A change as a sentence of what was done, or of what a run would still have to do.
pub fn proposal(stream: &Stream, change: &Change, made: bool) -> String {
    let kind = stream.object(change.object).map(|object| object.kind().into_owned()).unwrap_or_default();
    let path = field_path(&change.path);
    let verb = if change.op == Op::Remove { "removed" } else { change.why.class.name() };
    let what = match change.op {
        Op::Remove if change.takes_object() => "the object".to_owned(),
        Op::Remove => path,
        _ => format!("{path}: {}", short(&mask(&kind, &change.path, &change.value))),
    };
    let tense = if made { "was" } else { "would be" };
    plain(&format!("{what} {tense} {verb}: {}", change.why.reason)).into_owned()
}

fn short(value: &Value) -> String {
    let text = json_text(value);
    if text.chars().count() <= MAX_VALUE {
        return text;
    }
    let cut: String = text.chars().take(MAX_VALUE - 1).collect();
    format!("{cut}…")
}

/// One finding: severity, resource, path, message, rule and remedy, with the source line where there is one; `others` say
/// the same of other places.
fn finding<'a>(stream: &'a Stream, finding: &Finding, others: &[&Finding], source: &mut Source<'a>, out: &mut String) {
    let object = finding.object().and_then(|id| stream.object(id));
    let mut head = format!("{}: ", finding.severity.name());
    if let Some(object) = &object {
        let _ = write!(head, "{}: ", object.reference());
    }
    let pointer = finding.pointer();
    if !pointer.is_empty() {
        let _ = write!(head, "{}: ", field_path(pointer));
    }
    let from = format!("{} {}", finding.function, finding.rule.id);
    let _ = writeln!(out, "{}  [{}]", plain(&format!("{head}{}", message(finding))), from.trim());
    if let Some(object) = &object {
        let relative = pointer.get(object.prefix().len()..).unwrap_or("");
        place(stream, object, relative, finding.severity == Severity::Error, source, out);
    }
    if !others.is_empty() {
        let other_place = |other: &&Finding| {
            let object = other.object().filter(|id| Some(*id) != finding.object()).and_then(|id| stream.object(id));
            let path = Some(field_path(other.pointer())).filter(|path| !path.is_empty());
            let parts = object.map(|object| object.reference().to_string()).into_iter().chain(path);
            parts.collect::<Vec<_>>().join(": ")
        };
        let _ = writeln!(out, "  also: {}", plain(&few(others.len(), &mut others.iter().map(other_place), ", ")));
    }
    for (i, line) in finding.remedy.iter().flat_map(|remedy| remedy.lines()).enumerate() {
        let _ = writeln!(out, "  {} {}", if i == 0 { "fix:" } else { "    " }, plain(line));
    }
    if others.iter().any(|other| other.remedy != finding.remedy) {
        out.push_str("       and likewise for the others: JSON and KRM results have the fix of each\n");
    }
}

/// The file, the line if it is known, and what is written there. What came by a pipe or was rendered has lines that nobody sees.
fn place<'a>(
    stream: &'a Stream,
    object: &Object<'_>,
    pointer: &str,
    shows_line: bool,
    source: &mut Source<'a>,
    out: &mut String,
) {
    let Some(file) = object.reference().file else { return };
    let text = stream.source(object.id()).filter(|_| object.is_from_file());
    // What is missing belongs to what is there of it.
    let parents = std::iter::successors(Some(pointer), |part| part.rfind('/').and_then(|at| part.get(..at)));
    let near = parents.into_iter().find_map(|part| Some((part, object.root().at_pointer(part)?.span()?)));
    let (Some(text), Some((part, span))) = (text, near) else {
        let _ = writeln!(out, "  --> {}", plain(&file));
        return;
    };
    let number = source.lines.number(text, span.start);
    let _ = writeln!(out, "  --> {}:{number}", plain(&file));
    if shows_line && part == pointer && !pointer.is_empty() {
        let (column, line) = line_at(text, span.start);
        let [above, line, caret] = marked(number, column, &source.shown(text, span.start, line), span.len());
        let _ = writeln!(out, "  {above}\n  {line}\n  {caret}");
    }
}

/// The text that excerpts are taken from, and what of it is not shown.
#[derive(Default)]
struct Source<'a> {
    lines: Lines<'a>,
    text: &'a str,
    /// `None` where the text cannot be read.
    private: Option<Vec<Range<usize>>>,
}

impl<'a> Source<'a> {
    /// The line that holds a place of the text, with stars for the letters of what may be a secret: columns stay.
    fn shown(&mut self, text: &'a str, place: usize, line: &str) -> String {
        if !std::ptr::eq(self.text, text) {
            // The text is read anew: functions may have taken values out of the objects that it still has.
            let documents = krmor_yaml::parse(&Arc::new(text.to_owned())).ok();
            let spans = |documents: Vec<Document>| documents.iter().flat_map(|one| private_spans(one.root())).collect();
            self.private = documents.map(spans);
            if let Some(spans) = &mut self.private {
                spans.sort_unstable_by_key(|span| (span.start, span.end));
                // Spans lie within others; without these, the ends are in order, too.
                let mut end = 0;
                spans.retain(|span| {
                    let reaches_on = end < span.end;
                    end = end.max(span.end);
                    reaches_on
                });
            }
            self.text = text;
        }
        let before = text.get(..place).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        // An address may hold a password, a comment anything.
        let Some(spans) = self.private.as_ref().filter(|_| !line.contains("://")) else { return mask_line(line) };
        let from = spans.partition_point(|span| span.end <= start);
        let near = spans.get(from..).unwrap_or_default();
        let comment = line.find(" #").or(line.trim_start().starts_with('#').then_some(0)).unwrap_or(line.len());
        starred(line, start, near, comment)
    }
}

/// A line of a text with carets under `width` characters from `column` on, both counted from 0: what stands above it, the
/// line, what stands below. A line may be all of a JSON file: then what is around the place is shown.
#[must_use]
pub fn marked(number: usize, column: usize, source: &str, width: usize) -> [String; 3] {
    // How wide a tab is depends on where it stands.
    let tab = "    ";
    let expanded = |part: String| part.replace('\t', tab).chars().count();
    let width = expanded(source.chars().skip(column).take(width).collect()).max(1);
    let column = expanded(source.chars().take(column).collect());
    let source = plain(&source.replace('\t', tab)).into_owned();
    let length = source.chars().count();
    let skip =
        if column + width.min(MAX_EXCERPT / 2) > MAX_EXCERPT { column.saturating_sub(MAX_EXCERPT / 2) } else { 0 };
    let shown: String = source.chars().skip(skip).take(MAX_EXCERPT).collect();
    let (before, after) = (if skip > 0 { "…" } else { "" }, if length > skip + MAX_EXCERPT { "…" } else { "" });
    let column = column - skip + before.chars().count();
    let width = width.min(MAX_EXCERPT.saturating_sub(column)).max(1);
    let pad = " ".repeat(number.to_string().len());
    [
        format!("{pad} |"),
        format!("{number} | {before}{shown}{after}").trim_end().to_owned(),
        format!("{pad} | {}{}", " ".repeat(column), "^".repeat(width)),
    ]
}

/// Counts lines from where it last was: findings and changes are many, and mostly near each other.
#[derive(Debug, Default)]
pub struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    /// The number, from 1, of the line that holds the byte `offset` of `text`.
    pub fn number(&mut self, text: &'a str, offset: usize) -> usize {
        if !std::ptr::eq(self.text, text) {
            *self = Lines { text, offset: 0, line: 1 };
        }
        let breaks = |start: usize, end: usize| text.get(start..end).map_or(0, |part| part.matches('\n').count());
        self.line = (self.line + breaks(self.offset, offset)).saturating_sub(breaks(offset, self.offset));
        self.offset = offset;
        self.line
    }
}

/// Line number from 1, column from 0 in characters, and the line that holds the byte `offset`.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> (usize, usize, &str) {
    let (column, line) = line_at(text, offset);
    (Lines { text, offset: 0, line: 1 }.number(text, offset), column, line)
}

/// The line of a text that holds a byte offset, and the column of the offset in it, in characters from 0.
#[must_use]
pub fn line_at(text: &str, offset: usize) -> (usize, &str) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..).unwrap_or("").split(['\n', '\r']).next().unwrap_or("");
    (before.get(start..).map_or(0, |part| part.chars().count()), line)
}

/// A line of a manifest as an error may show it: the key stays, the letters of the value do not.
#[must_use]
pub fn mask_line(line: &str) -> String {
    let body = line.trim_start_matches([' ', '-', '?']);
    let indent = line.len() - body.len();
    let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "._/-\"'".contains(c));
    let key =
        body.split_once(':').filter(|(key, rest)| is_key(key) && (rest.is_empty() || rest.starts_with([' ', '\t'])));
    let shown = indent + key.map_or(0, |(key, _)| key.len() + 1);
    let (head, tail) = line.split_at_checked(shown).unwrap_or(("", line));
    let hidden: String = tail.chars().map(|c| if is_letter(c) { '*' } else { c }).collect();
    format!("{head}{hidden}")
}

/// `text` with `***` on each line in place of what lies in `spans`, which are in order, and of passwords in addresses.
#[must_use]
pub fn mask_spans(text: &str, spans: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        let start = span.start.max(from);
        let Some(hidden) = text.get(start..span.end) else { continue };
        out.push_str(text.get(from..start).unwrap_or(""));
        for line in hidden.split_inclusive('\n') {
            let content = line.trim_start_matches([' ', '\t', ':']);
            let end = content.trim_end().len();
            out.push_str(line.get(..line.len() - content.len()).unwrap_or(""));
            out.push_str(if end > 0 { MASK } else { "" });
            out.push_str(content.get(end..).unwrap_or(""));
        }
        from = span.end.max(start);
    }
    out.push_str(text.get(from..).unwrap_or(""));
    addresses(&out).into_owned()
}

/// The report as JSON: results as KRM has them, and the changes as JSON Patches by document, values masked.
#[must_use]
pub fn as_json(stream: &Stream, report: &Report) -> Value {
    let mut patches: Vec<Value> = Vec::new();
    for change in &report.changes {
        let kind = stream.object(change.object).map(|object| object.kind().into_owned()).unwrap_or_default();
        let mut operation = json!({"document": change.document, "op": change.op.name(), "path": change.path});
        if let Some(map) = operation.as_object_mut() {
            map.extend(change.after.map(|after| ("after".to_owned(), json!(after))));
            if change.op != Op::Remove {
                map.insert("value".to_owned(), mask(&kind, &change.path, &change.value));
            }
        }
        patches.push(operation);
    }
    json!({"results": results(stream, report), "patches": patches})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_show_keys_and_hide_values() {
        assert_eq!(mask_line("  password: \"hunter2\\q\"  # x"), "  password: \"*******\\*\"  # *");
        assert_eq!(mask_line("  - name: app"), "  - name: ***");
        assert_eq!(mask_line("    c2VjcmV0: key"), "    c2VjcmV0: ***");
        assert_eq!(mask_line("    -----BEGIN KEY-----"), "    -----***** ***-----");
        assert_eq!(mask_line("http://user:pw@host"), "****://****:**@****");
        assert_eq!(mask_line("key:"), "key:");
        assert_eq!(mask_line("name: пароль – 密碼"), "name: ****** – **");
        assert_eq!(mask_line("пароль: a"), "******: *", "what is no ASCII may be anything");
    }

    #[test]
    fn carets_stand_under_what_is_meant() {
        let shown = |number, column, source: &str, width| marked(number, column, source, width).join("\n");
        assert_eq!(shown(7, 2, "a: bc", 2), "  |\n7 | a: bc\n  |   ^^");
        assert_eq!(shown(10, 1, "\ta\tb", 2), "   |\n10 |     a    b\n   |     ^^^^^");
        assert_eq!(shown(1, 0, "", 3), "  |\n1 |\n  | ^", "there is always one");
        assert_eq!(shown(1, 0, "\u{1b}\u{202e}x", 3), "  |\n1 | \u{fffd}\u{fffd}x\n  | ^^^");
        // All of a JSON file on one line: what is around the place.
        let long = format!("{}here{}", "a".repeat(1000), "b".repeat(1000));
        let [_, line, caret] = marked(1, 1000, &long, 4);
        let at = line.chars().position(|c| c == 'h').unwrap();
        assert!(line.contains('…') && line.ends_with('…') && line.chars().count() < 180, "{line}");
        assert_eq!(caret.chars().position(|c| c == '^'), Some(at));
        assert_eq!(caret.matches('^').count(), 4);
    }

    #[test]
    fn spans_are_hidden_line_by_line() {
        let hidden = |text: &str, span: Range<usize>| mask_spans(text, &[span]);
        assert_eq!(hidden("k: hush # why\n", 3..7), "k: *** # why\n");
        assert_eq!(hidden("k: |\r\n  a\r\n\r\n  b c\r\nz", 3..20), "k: ***\r\n  ***\r\n\r\n  ***\r\nz");
        assert_eq!(mask_spans("abcdef", &[0..4, 1..2, 3..5]), "******f");
    }

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\u{9b}c\n"), "a\u{fffd}[31mb\u{fffd}c\n");
    }

    #[test]
    fn lines_and_columns_count_characters() {
        assert_eq!(line_of("a\né: x\nb", 6), (2, 3, "é: x"));
        assert_eq!(line_of("a", 0), (1, 0, "a"));
    }
}
