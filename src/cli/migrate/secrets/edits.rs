//! Edits of a text: operations on its documents, and keys that are called otherwise.

use std::sync::Arc;

use serde_json::Value;

use crate::yaml::{self, Op, Operation};

/// One edit of a document. Pointers are those of the text as it was read, but for keys that are renamed.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// Puts a value in place of what is there, or adds it.
    Set(String, Value),
    /// Takes away what is there.
    Remove(String),
    /// Calls a key of the mapping at the pointer otherwise. The edits below it use the new name.
    Rename(String, &'static str, &'static str),
}

/// Edits with the number of the document that each is of.
pub(super) type Edits = Vec<(usize, Edit)>;

/// The text with the edits made.
///
/// # Errors
/// When an edit cannot be made: where, and why not. No value is in the message.
pub(super) fn edited(text: &Arc<String>, edits: &Edits) -> Result<String, String> {
    let parse = |text: &Arc<String>| yaml::parse(text).map_err(|error| error.message);
    let mut documents = parse(text)?;
    let mut renames = Vec::new();
    for (number, edit) in edits {
        if let Edit::Rename(pointer, from, to) = edit {
            let map = documents.get(*number).and_then(|document| document.root().at_pointer(pointer));
            let span = map.and_then(|map| map.key_span(from)).ok_or_else(|| format!("{pointer}/{from}: not there"))?;
            renames.push((span, *to));
        }
    }
    if !renames.is_empty() {
        renames.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        let mut new = text.to_string();
        for (span, to) in renames {
            new.replace_range(span, to);
        }
        documents = parse(&Arc::new(new))?;
    }
    for (number, edit) in edits {
        let Some(document) = documents.get_mut(*number) else { continue };
        let there = |pointer: &str| document.root().at_pointer(pointer).is_some();
        let operation = match edit {
            Edit::Rename(..) => continue,
            Edit::Set(pointer, value) if there(pointer) => Operation { op: Op::Replace, path: pointer, value },
            Edit::Set(pointer, value) => Operation { op: Op::Add, path: pointer, value },
            Edit::Remove(pointer) => Operation { op: Op::Remove, path: pointer, value: &Value::Null },
        };
        document.apply(operation).map_err(|error| error.to_string())?;
    }
    Ok(yaml::render(&documents))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_renamed_where_it_stands_and_its_values_are_replaced() {
        let text =
            "# head\nkind: Secret # a\ndata: # b\n  # c\n  a: eA== # d\n  b: |\n    eQ==\ntype: Opaque\n---\nx: 1\n";
        let edits = vec![
            (0, Edit::Rename(String::new(), "data", "stringData")),
            (0, Edit::Set("/stringData/a".into(), json!("<path:secret/data/s#a>"))),
            (0, Edit::Set("/stringData/b".into(), json!("<path:secret/data/s#b>"))),
        ];
        let wanted = "# head\nkind: Secret # a\nstringData: # b\n  # c\n  a: <path:secret/data/s#a> # d\n  b: <path:secret/data/s#b>\ntype: Opaque\n---\nx: 1\n";
        assert_eq!(edited(&Arc::new(text.into()), &edits).unwrap(), wanted);
    }
}
