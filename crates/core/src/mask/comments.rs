//! What a view of a text may not show beside the values that it must not: comments, which may be old values, and lines of
//! files within texts.

use std::ops::Range;

use super::words::secret_from;
use super::{is_command, is_named_values, is_options, secret_spans};
use krmor_yaml::{Kind, Node};

/// [`secret_spans`], comments beside them, and lines of texts that assign a secret; in order. `text` is what the documents
/// with these roots were read from.
#[must_use]
pub fn hidden_spans<'d>(roots: impl IntoIterator<Item = Node<'d>>, text: &str) -> Vec<Range<usize>> {
    let mut open: Vec<Node<'d>> = roots.into_iter().collect();
    let mut out: Vec<Range<usize>> = open.iter().flat_map(|root| secret_spans(*root)).collect();
    let mut scalars: Vec<Range<usize>> = Vec::new();
    // Lists of variables and the like: whatever is said between them is about them.
    let mut regions: Vec<Range<usize>> = out.clone();
    while let Some(node) = open.pop() {
        open.extend(node.items());
        for (key, value) in node.entries() {
            if is_named_values(&key) || is_command(&key) || is_options(&key) {
                let start = node.key_span(&key).map(|span| span.start);
                regions.extend(value.span().map(|span| start.unwrap_or(span.start).min(span.start)..span.end));
            }
            open.push(value);
        }
        if node.kind() == Kind::Scalar {
            scalars.extend(node.span());
        }
    }
    scalars.sort_unstable_by_key(|span| (span.start, span.end));
    regions.sort_unstable_by_key(|span| (span.start, span.end));
    let (mut at, mut scalar, mut region, mut reach) = (0, 0, 0, 0);
    let mut in_region = false;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.trim_end_matches(['\n', '\r']).len());
        at += line.len();
        while let Some(next) = regions.get(region).filter(|next| next.start < end.max(start + 1)) {
            reach = reach.max(next.end);
            region += 1;
        }
        while scalars.get(scalar).is_some_and(|span| span.end <= start) {
            scalar += 1;
        }
        let near = scalars.get(scalar..).unwrap_or_default();
        let comment = comment_of(line, start, near);
        let is_comment_only = comment.is_some_and(|at| text.get(start..at).is_some_and(|head| head.trim().is_empty()));
        // Comments that follow a list are still about it.
        in_region = reach > start || in_region && (is_comment_only || line.trim().is_empty());
        let inside = near.first().is_some_and(|span| span.start < start && end <= span.end);
        match comment {
            Some(from) if in_region || says_value(text.get(from..end).unwrap_or("")) => {
                out.push(from + 1..end);
            }
            _ if inside => out.extend(secret_from(line.trim_end()).map(|from| start + from..end)),
            _ => {}
        }
    }
    out.retain(|span| !span.is_empty());
    out.sort_unstable_by_key(|span| (span.start, span.end));
    out
}

/// Where the comment of a line begins.
fn comment_of(line: &str, start: usize, near: &[Range<usize>]) -> Option<usize> {
    let in_scalar = |at: usize| {
        let before = near.partition_point(|span| span.start <= at).checked_sub(1);
        before.and_then(|before| near.get(before)).is_some_and(|span| at < span.end)
    };
    let is_blank = |at: usize| at == 0 || line.get(..at).is_some_and(|head| head.ends_with([' ', '\t', ',', '}', ']']));
    line.match_indices('#').map(|(at, _)| at).find(|at| is_blank(*at) && !in_scalar(start + at)).map(|at| start + at)
}

/// Whether a comment is a variable or an assignment that was taken out.
fn says_value(comment: &str) -> bool {
    let text = comment.trim_start_matches(['#', ' ', '-']);
    secret_from(text).is_some() || text.starts_with("value:") || text.contains(" value:") || text.contains("\"value\":")
}
