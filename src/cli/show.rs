//! Errors for people: the source line, a caret, the place and the remedy.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Failure, USAGE};
use crate::config::Problem;
use crate::report::text::{line_of, mask_line};
use crate::yaml::{self, Node};

/// A config that is wrong. `name` is its file, or its kind and name where the file is a caller's temporary one.
pub(super) fn config_problem(name: &str, text: &str, root: Node<'_>, problem: &Problem) -> Failure {
    let mut place = None;
    let mut pointer = problem.pointer.as_str();
    // The nearest place that is written: a missing field has none of its own.
    loop {
        if let Some(span) = key_span(text, root, pointer) {
            place = Some(span);
            break;
        }
        match pointer.rfind('/') {
            Some(cut) => pointer = pointer.get(..cut).unwrap_or(""),
            None => break,
        }
    }
    let title = if problem.pointer.is_empty() {
        problem.message.clone()
    } else {
        format!("{}: {}", problem.path(), problem.message)
    };
    // Configs hold no secrets: their lines are shown as they are.
    report(name, text, place, &title, &problem.remedy, false)
}

/// The span of the key that a pointer's last token names; the value's own where that is a list's item.
fn key_span(text: &str, root: Node<'_>, pointer: &str) -> Option<std::ops::Range<usize>> {
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
pub(super) fn yaml_error(name: &str, text: &str, error: &yaml::Error) -> Failure {
    let end = text
        .get(error.offset..)
        .and_then(|rest| rest.chars().next())
        .map_or(error.offset, |c| error.offset + c.len_utf8());
    report(name, text, Some(error.offset.min(text.len())..end), &error.message, "", true)
}

fn report(
    name: &str,
    text: &str,
    span: Option<std::ops::Range<usize>>,
    title: &str,
    remedy: &str,
    mask: bool,
) -> Failure {
    let renderer = if cfg!(test) { Renderer::plain() } else { Renderer::styled() };
    let span = span.unwrap_or(0..0);
    let (line, column, source) = line_of(text, span.start);
    let source = if mask { mask_line(source) } else { source.to_owned() };
    let start = source.char_indices().nth(column).map_or(source.len(), |(at, _)| at);
    let width = span.len().min(source.len() - start);
    let end = source.char_indices().map(|(at, _)| at).find(|&at| at >= start + width).unwrap_or(source.len());
    let snippet = Snippet::source(source.as_str())
        .line_start(line)
        .path(name)
        .annotation(AnnotationKind::Primary.span(start..end));
    let mut group = Level::ERROR.primary_title(title).element(snippet);
    if !remedy.is_empty() {
        group = group.element(Level::HELP.message(remedy));
    }
    Failure::new(USAGE, format!("{}\n", renderer.render(&[group])))
}
