//! Values that files would still have beside the placeholders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Finding;
use super::sources::Plan;
use super::trees;
use crate::cli::doctor::Place;
use crate::cli::doctor::tree::Tree;
use crate::text::line_of;
use crate::yaml::{self, Node, base64};

/// Values that would stay in the files that are written: in comments, and under anchors.
pub(super) fn leftovers(
    tree: &Tree,
    texts: &BTreeMap<PathBuf, Vec<u8>>,
    plan: &Plan,
    folder: &Path,
    named: &Path,
) -> Vec<Finding> {
    let mut values: Vec<(String, &str, &str)> = Vec::new();
    for moved in &plan.moved {
        let bytes = &moved.value;
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        let lines = text.lines().map(str::trim).chain([text.trim()]).filter(|line| line.len() >= 4);
        let encoded = base64::encode(bytes);
        let all = lines.map(str::to_owned).chain(Some(encoded).filter(|encoded| encoded.len() >= 8));
        values.extend(all.map(|text| (text, moved.secret.as_str(), moved.key.as_str())));
    }
    let mut found = Vec::new();
    for (path, bytes) in texts {
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        let file = tree.files().find(|file| file.path == *path);
        let name = trees::named(tree, path, folder, named);
        let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap_or_default();
        // What an alias repeats may stand anywhere; what a Secret says may repeat its values, as kubectl's annotation does.
        let is_secret = |root: Node<'_>| {
            root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind == "Secret" || kind.ends_with("List"))
        };
        let aliased = file.is_some_and(|file| file.documents.iter().any(|document| document.root().has_aliases()));
        let whole = |at: usize| {
            let behind = documents.partition_point(|document| document.span().start <= at);
            let document = documents.get(behind.saturating_sub(1));
            aliased || document.is_some_and(|document| is_secret(document.root()))
        };
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let start = if line.trim_start().starts_with('#') { Some(0) } else { line.find(" #") };
            let (code, comment) = line.split_at_checked(start.unwrap_or(line.len())).unwrap_or((line, ""));
            let repeated = |part: &str, least: usize| {
                values.iter().find(|(value, ..)| value.len() >= least && part.contains(value.as_str()))
            };
            let code = code.split_once(':').filter(|_| whole(offset)).map_or("", |(_, value)| value);
            let hit = repeated(comment, 4).map(|hit| (hit, "a comment"));
            let hit = hit.or_else(|| repeated(&without_placeholders(code), 6).map(|hit| (hit, "another field")));
            if let Some(((_, secret, key), what)) = hit {
                let place = Place { file: name.clone(), line: Some(line_of(text, offset).0) };
                found.push(Finding {
                    place: Some(place),
                    message: format!("{what} repeats the value of `{key}` of {secret}"),
                    remedy: "take it out".to_owned(),
                });
            }
            offset += line.len();
        }
    }
    found
}

fn without_placeholders(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("<path:") {
        out.push_str(before);
        rest = after.split_once('>').map_or("", |(_, behind)| behind);
    }
    out + rest
}
