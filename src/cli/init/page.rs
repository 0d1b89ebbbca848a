//! The config as it is written: entries with their comments, and which of their lines a person must answer.

use crate::config::{API_VERSION, PIPELINE, TODO};

/// Comments are broken here.
const WIDTH: usize = 110;

/// One line, with how deep it stands below the entry's `spec`.
enum Line {
    Text(usize, String),
    Comment(usize, String),
    /// What a person must say, behind whose question the lines with `TODO` stand.
    Question(usize, String),
}

/// What stands in an entry below `spec:`.
#[derive(Default)]
pub(super) struct Body {
    lines: Vec<Line>,
}

impl Body {
    pub(super) fn put(&mut self, depth: usize, text: impl Into<String>) {
        self.lines.push(Line::Text(depth, text.into()));
    }

    pub(super) fn say(&mut self, depth: usize, text: impl Into<String>) {
        self.lines.push(Line::Comment(depth, text.into()));
    }

    /// A question above lines that hold [`TODO`].
    pub(super) fn ask(&mut self, depth: usize, question: impl Into<String>) {
        self.lines.push(Line::Question(depth, question.into()));
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.lines.iter().any(|line| matches!(line, Line::Text(..)))
    }
}

/// One function of the pipeline.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// Comments above it.
    pub(super) about: Vec<String>,
    pub(super) body: Body,
    /// Only proposed: it stands in comments.
    pub(super) is_proposal: bool,
}

/// Something that a person must say.
pub(super) struct Question {
    pub(super) line: usize,
    pub(super) text: String,
}

/// The text of a config, and what it asks.
pub(super) struct Page {
    pub(super) text: String,
    pub(super) questions: Vec<Question>,
}

impl Page {
    /// Writes a config: what stands on top, then the entries.
    pub(super) fn of(head: &[String], name: &str, entries: &[Entry]) -> Self {
        let mut page = Self { text: String::new(), questions: Vec::new() };
        for line in head {
            page.line(line);
        }
        page.line(&format!("apiVersion: {API_VERSION}"));
        page.line(&format!("kind: {PIPELINE}"));
        page.line(&format!("metadata:\n  name: {name}\nspec:\n  functions:"));
        for entry in entries {
            page.entry(entry);
        }
        page
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn entry(&mut self, entry: &Entry) {
        for about in &entry.about {
            self.comment(4, "", about);
        }
        let mark = if entry.is_proposal { "# " } else { "" };
        let spec = if entry.body.is_empty() { "spec: {}" } else { "spec:" };
        for line in [format!("{}:", entry.name), format!("  kind: {}", entry.kind), format!("  {spec}")] {
            self.line(&format!("    {mark}{line}"));
        }
        let mut asked: Option<&str> = None;
        for line in &entry.body.lines {
            match line {
                Line::Text(depth, text) => {
                    let indent = " ".repeat(2 + depth * 2);
                    if let Some(question) = asked.take_if(|_| holds_todo(text) && !entry.is_proposal) {
                        let line = self.text.lines().count() + 1;
                        self.questions.push(Question { line, text: question.to_owned() });
                    }
                    self.line(&format!("    {mark}{indent}{text}"));
                }
                Line::Comment(depth, text) => self.comment(6 + depth * 2, mark, text),
                Line::Question(depth, text) => {
                    self.comment(6 + depth * 2, mark, &format!("{TODO}: {text}"));
                    asked = Some(text);
                }
            }
        }
    }

    /// A comment, broken into lines.
    fn comment(&mut self, indent: usize, mark: &str, text: &str) {
        let pad = " ".repeat(indent);
        let start = if mark.is_empty() {
            format!("{pad}# ")
        } else {
            format!("    {mark}{}# ", " ".repeat(indent.saturating_sub(4)))
        };
        let mut line = String::new();
        for word in crate::text::plain(text).split_whitespace() {
            if !line.is_empty() && start.len() + line.len() + word.len() >= WIDTH {
                self.line(&format!("{start}{line}"));
                line.clear();
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        self.line(&format!("{start}{line}"));
    }
}

/// Whether a line has the value that is to be filled in.
fn holds_todo(line: &str) -> bool {
    let code = line.split(" #").next().unwrap_or_default();
    code.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == TODO)
}

/// A text as a value of the config: in quotes where it could be read as something else.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::new();
    crate::yaml::print::write_scalar_string(&mut out, text, true, crate::yaml::print::Quoting::Yaml);
    out
}
