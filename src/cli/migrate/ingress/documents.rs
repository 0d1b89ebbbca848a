//! Documents in the place of documents: every other byte of a file stays.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::files::File;
use crate::cli::{Failure, Result};
use crate::yaml::{self, Document, Kind, Node, Op, Operation, new_document};

fn broken(error: &yaml::Error) -> Failure {
    Failure::internal(format!("what krmor wrote cannot be read: {error}"))
}

/// Documents of a file as others; `None` when nothing is left.
pub(super) fn replace_documents(file: &File, changes: &BTreeMap<usize, Vec<Value>>) -> Result<Option<String>> {
    let text = file.text.as_str();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for (number, document) in file.documents.iter().enumerate() {
        let Some(values) = changes.get(&number).filter(|values| !values.is_empty()) else { continue };
        let Some(span) = document.root().span() else { continue };
        let end = end_of_line(text, span.end);
        out.push_str(text.get(from..span.start).unwrap_or(""));
        let mut new = comments(document.root(), text, span.start..end);
        new.push_str(joined(values, Some(document))?.trim_end_matches('\n'));
        out.push_str(&new.replace('\n', newline));
        if text.get(..end).is_some_and(|before| before.ends_with('\n')) {
            out.push_str(newline);
        }
        from = end;
    }
    out.push_str(text.get(from..).unwrap_or(""));
    let removed: Vec<usize> =
        changes.iter().filter(|(_, values)| values.is_empty()).map(|(number, _)| *number).collect();
    if removed.is_empty() {
        return Ok(Some(out));
    }
    let mut documents = yaml::parse(&Arc::new(out)).map_err(|error| broken(&error))?;
    // A document may have become several.
    let mut at = 0;
    for number in 0..file.documents.len() {
        if removed.contains(&number)
            && let Some(document) = documents.get_mut(at)
        {
            let gone = document.apply(Operation { op: Op::Remove, path: "", value: &Value::Null });
            gone.map_err(|error| Failure::internal(error.to_string()))?;
        }
        at += changes.get(&number).map_or(1, |values| values.len().max(1));
    }
    if documents.iter().all(|document| document.gone() || document.root().is_null()) {
        return Ok(None);
    }
    Ok(Some(yaml::render(&documents)))
}

/// Objects as documents, in the layout of another one.
pub(super) fn joined(values: &[Value], like: Option<&Document>) -> Result<String> {
    let texts = values.iter().map(|value| new_document(value, like).map(|document| document.file().to_string()));
    let texts = texts.collect::<std::result::Result<Vec<String>, _>>().map_err(|error| broken(&error))?;
    Ok(texts.join("---\n"))
}

/// The end of the line that a value ends on, where only a comment follows.
fn end_of_line(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or("");
    let line = rest.split(['\n', '\r']).next().unwrap_or("");
    let is_comment = line.trim_start().starts_with('#') && line.starts_with([' ', '\t']);
    if text.get(..end).is_some_and(|before| before.ends_with('\n')) || !(is_comment || line.trim().is_empty()) {
        return end;
    }
    end + line.len()
}

/// The comments within a value, one on a line: they stay, above what takes its place.
fn comments(root: Node<'_>, text: &str, part: std::ops::Range<usize>) -> String {
    let mut scalars = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match node.kind() {
            Kind::Map => {
                for (key, value) in node.entries() {
                    scalars.extend(node.key_span(&key));
                    open.push(value);
                }
            }
            Kind::Seq => open.extend(node.items()),
            _ => scalars.extend(node.span()),
        }
    }
    scalars.sort_unstable_by_key(|span| span.start);
    let mut out = String::new();
    let mut at = part.start;
    let mut next = 0;
    while at < part.end {
        while scalars.get(next).is_some_and(|span| span.end <= at) {
            next += 1;
        }
        if let Some(span) = scalars.get(next).filter(|span| span.contains(&at)) {
            at = span.end;
            continue;
        }
        let here = text.get(at..part.end).unwrap_or("");
        let starts = text.get(..at).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t', '\n', '\r']));
        if here.starts_with('#') && starts {
            let line = here.split(['\n', '\r']).next().unwrap_or("");
            out.push_str(line.trim_end());
            out.push('\n');
            at += line.len();
            continue;
        }
        at += here.chars().next().map_or(1, char::len_utf8);
    }
    out
}
