//! `secrets/config-map`: secrets in the data of ConfigMaps: under a key of their own, or within a file.

use super::super::final_stream::{FinalStream, scalar};
use super::super::findings::{Findings, Found};
use super::{Detector, lines, tokens};
use krmor_yaml::{Node, escape_token};

/// Files of programs and prose: an assignment there is no setting.
const CODE: &[&str] = &[
    "cel", "css", "go", "graphql", "html", "java", "jq", "js", "lua", "md", "pl", "proto", "py", "rb", "rego", "sh",
    "sql", "star", "svg", "tmpl", "tpl", "ts", "txt",
];

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let detector = Detector::of(world);
    for object in world.of_kind("", "ConfigMap") {
        for (key, value) in object.root().get("data").into_iter().flat_map(Node::entries) {
            let Some(text) = scalar(value) else { continue };
            let Some((line, name, why)) = look(&detector, &key, &text) else { continue };
            let place = line.map_or_else(String::new, |line| format!(", line {line}, as `{name}`"));
            findings.add(Found {
                object,
                container: None,
                pointer: format!("/data/{}", escape_token(&key)),
                message: format!("the ConfigMap holds a secret under `{key}`{place}: {why}"),
                name,
                remedy: "move it to a Secret".to_owned(),
            });
        }
    }
}

/// The first secret under a key: its line where it is within a file, its name, and why it must be one.
fn look(detector: &Detector<'_>, key: &str, text: &str) -> Option<(Option<usize>, String, String)> {
    if !text.trim().contains('\n') {
        if let Some(why) = detector.detect(key, text.trim()) {
            return Some((None, key.to_owned(), why));
        }
    } else if let Some(what) = tokens::find(text).filter(|_| !detector.is_allowed(key, text)) {
        return Some((None, key.to_owned(), format!("it holds {what}")));
    }
    let is_code = text.starts_with("#!") || key.rsplit_once('.').is_some_and(|(_, end)| CODE.contains(&end));
    let pairs = if is_code { Vec::new() } else { lines::pairs(text) };
    pairs.iter().find_map(|pair| {
        let why = detector.named(pair.name, pair.value)?;
        Some((Some(pair.line), pair.name.to_owned(), why))
    })
}
