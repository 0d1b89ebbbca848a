//! Errors for people: the source line, a caret, the place and the remedy.

use std::ops::Range;
use std::sync::Arc;

use crate::config::{GROUP, PIPELINE, Problem};
use crate::failure::{Failure, FilePlace, USAGE};
use crate::krm::{self, field_path};
use crate::mask::{self, config_spans, holds_secret, starred};
use crate::report::{self, Finding};
use crate::text::{line_of, marked, mask_line, plain};
use crate::yaml::{self, Document, Kind, Node};

/// How the message about a field begins that there is not.
const UNKNOWN_FIELD: &str = "unknown field `";

/// Where a config lies.
pub(crate) struct ConfigSource<'a> {
    /// Root of the document that holds it.
    pub(crate) root: Node<'a>,
    /// Its pointer there.
    pub(crate) pointer: &'static str,
    /// Its bytes in the text.
    pub(crate) span: Range<usize>,
}

/// A config that is wrong, with all that is wrong with it. `name` is its file, or its kind and name where the file is a
/// caller's temporary one.
pub(crate) fn config_problems(name: &str, text: &str, place: &ConfigSource<'_>, problems: &[Problem]) -> Failure {
    let whole = |problem: &Problem| problem.clone().below(place.pointer);
    let problems: Vec<Problem> = problems.iter().map(whole).collect();
    let spans = hidden(place, &problems);
    let shown = problems.iter().map(|problem| config_problem(name, text, place, problem, &spans));
    let mut message: String = shown.collect();
    if problems.len() > 1 {
        message += &format!("error: {name}: {} problems in the config; nothing was written\n", problems.len());
    }
    let results = problems.iter().map(krm::config_result).collect();
    let at = |problem: &Problem| {
        let span = nearest(text, place.root, &problem.pointer).unwrap_or(place.span.start..place.span.start);
        file_place(name, text, span.start)
    };
    let places = problems.iter().map(at).collect();
    Failure { results, places, ..Failure::new(USAGE, message) }
}

/// `spans` are what the text hides.
fn config_problem(
    name: &str,
    text: &str,
    config: &ConfigSource<'_>,
    problem: &Problem,
    spans: &[Range<usize>],
) -> String {
    let place = nearest(text, config.root, &problem.pointer);
    let path = field_path(&problem.pointer);
    let title = if path.is_empty() { problem.message.clone() } else { format!("{path}: {}", problem.message) };
    let at = place.as_ref().map_or(0, |span| span.start);
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |start| start + 1);
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
    // What shares a line with the config may be anything.
    let before = text.get(start..config.span.start).unwrap_or("").trim();
    let behind = text.get(config.span.end..end).unwrap_or("").trim();
    let alone = place.is_some() && before.is_empty() && (behind.is_empty() || behind.starts_with('#'));
    let hide = |line: &str| match alone {
        true => {
            let near = spans.get(spans.partition_point(|span| span.end <= start)..).unwrap_or_default();
            // Beside what is hidden a comment is, too.
            let hides = near.first().is_some_and(|span| span.start < end);
            let comment = line.find(" #").filter(|at| hides || holds_secret(line.get(*at..).unwrap_or("")));
            starred(line, start, near, comment.unwrap_or(line.len()))
        }
        false => mask_line(line),
    };
    excerpt(name, text, place, &title, &problem.remedy, hide)
}

/// What the text of a config hides, in the light of all that is wrong with it: their pointers are the text's.
fn hidden(config: &ConfigSource<'_>, problems: &[Problem]) -> Vec<Range<usize>> {
    let Some(node) = config.root.at_pointer(config.pointer) else { return Vec::new() };
    let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let what = match kind.as_ref() {
        "ConfigMap" if api_version == "v1" => mask::Config::ConfigMap,
        _ if api_version.split('/').next() == Some(GROUP) => mask::Config::Own,
        _ => mask::Config::Foreign,
    };
    let (mut unknown, mut misplaced): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for problem in problems {
        let Some(pointer) = problem.pointer.strip_prefix(config.pointer).filter(|pointer| !pointer.is_empty()) else {
            continue;
        };
        let is_scalar = node.at_pointer(pointer).is_none_or(|node| node.kind() == Kind::Scalar);
        // A misspelt field that was to be a harmless one.
        let meant = problem.remedy.strip_prefix("did you mean `").and_then(|rest| rest.split('`').next());
        let is_harmless = meant.is_some_and(|field| !mask::is_private_field(field));
        if problem.message.starts_with(UNKNOWN_FIELD) && !(is_scalar && is_harmless) {
            unknown.push(pointer);
        } else if problem.message.starts_with("expected ") && !is_scalar {
            misplaced.push(pointer);
        }
    }
    config_spans(node, what, &unknown, &misplaced)
}

/// The nearest place to a pointer that is written: a missing field has none of its own.
fn nearest(text: &str, root: Node<'_>, pointer: &str) -> Option<Range<usize>> {
    let mut around = std::iter::successors(Some(pointer), |part| part.rfind('/').and_then(|cut| part.get(..cut)));
    around.find_map(|pointer| key_span(text, root, pointer))
}

fn file_place(name: &str, text: &str, offset: usize) -> FilePlace {
    let (line, column, _) = line_of(text, offset);
    FilePlace { file: name.to_owned(), line, column: column + 1 }
}

/// The line of a finding about the config, in the text that holds the config at `at`; the first where it is not written.
#[cfg(feature = "cli")]
pub(crate) fn config_line(text: &Arc<String>, at: &str, finding: &Finding) -> usize {
    let line = || {
        let documents = yaml::parse(text).ok()?;
        let root = documents.iter().map(Document::root).find(|root| !root.is_null())?;
        let pointer = format!("{at}{}", config_pointer(root.at_pointer(at)?, finding)?);
        Some(line_of(text, nearest(text, root, &pointer)?.start).0)
    };
    line().unwrap_or(1)
}

/// The pointer of a finding about the config, from the config's root.
fn config_pointer(config: Node<'_>, finding: &Finding) -> Option<String> {
    let report::Place::Config(pointer) = &finding.place else { return None };
    Some(match config.get("kind").and_then(Node::as_str).as_deref() {
        Some(PIPELINE) if !finding.function.is_empty() => {
            format!("/spec/functions/{}/spec{pointer}", yaml::escape_token(&finding.function))
        }
        _ => format!("/spec{pointer}"),
    })
}

/// A finding about the config, shown at its place there; none where the place is not written.
pub(crate) fn config_finding(name: &str, text: &Arc<String>, at: &'static str, finding: &Finding) -> Option<String> {
    let documents = yaml::parse(text).ok()?;
    let root = documents.iter().map(Document::root).find(|root| !root.is_null())?;
    let node = root.at_pointer(at)?;
    let remedy = finding.remedy.clone().unwrap_or_default();
    let problem = Problem::new(&config_pointer(node, finding)?, finding.message.clone(), remedy);
    node.at_pointer(&problem.pointer)?;
    let span = if at.is_empty() { 0..text.len() } else { node.span()? };
    let place = ConfigSource { root, pointer: at, span };
    // Its path is the spec's, wherever the config lies.
    let shown = Problem { pointer: format!("{at}{}", problem.pointer), ..problem.clone() };
    let spans = hidden(&place, &[]);
    Some(config_problem(name, text, &place, &shown, &spans))
}

/// The span of the key that a pointer's last token names; the value's own where that is a list's item.
fn key_span(text: &str, root: Node<'_>, pointer: &str) -> Option<Range<usize>> {
    if pointer.is_empty() {
        return None;
    }
    let (parent, token) = pointer.rsplit_once('/')?;
    let parent = root.at_pointer(parent)?;
    let token = format!("/{token}");
    let token = yaml::pointer_tokens(&token)?.into_iter().next()?.into_owned();
    let value = root.at_pointer(pointer);
    parent.key_span(&token).or_else(|| value.and_then(Node::span)).filter(|span| span.end <= text.len())
}

/// A manifest that is not YAML.
pub(crate) fn yaml_error(name: &str, text: &str, error: &yaml::Error) -> Failure {
    let end = text
        .get(error.offset..)
        .and_then(|rest| rest.chars().next())
        .map_or(error.offset, |c| error.offset + c.len_utf8());
    let message = excerpt(name, text, Some(error.offset.min(text.len())..end), &error.message, "", mask_line);
    let line = plain(&error.message).lines().next().unwrap_or("").to_owned();
    let places = vec![file_place(name, text, error.offset.min(text.len()))];
    Failure { results: vec![krm::refusal(&line)], places, ..Failure::new(USAGE, message) }
}

fn excerpt(
    name: &str,
    text: &str,
    span: Option<Range<usize>>,
    title: &str,
    remedy: &str,
    hide: impl Fn(&str) -> String,
) -> String {
    let span = span.unwrap_or(0..0);
    let (line, column, source) = line_of(text, span.start);
    let width = text.get(span).map_or(0, |part| part.chars().count());
    let [above, shown, caret] = marked(line, column, &hide(source), width);
    let pad = above.trim_end_matches(" |");
    // Only a command line knows whether colours are wanted.
    let styled = cfg!(feature = "cli") && !cfg!(test);
    let (red, bold, reset) = if styled { ("\x1b[1;31m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
    let indented = |text: &str, by: usize| plain(text).replace('\n', &format!("\n{}", " ".repeat(by)));
    let mut message = format!("{red}error{reset}{bold}: {}{reset}\n", indented(title, "error: ".len()));
    for line in [format!("{pad}--> {}:{line}:{}", plain(name), column + 1), above.clone(), shown, caret] {
        message += &line;
        message.push('\n');
    }
    if !remedy.is_empty() {
        let head = format!("{pad} = help: ");
        message += &format!("{above}\n{head}{}\n", indented(remedy, head.len()));
    }
    message
}
