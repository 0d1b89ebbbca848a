//! Random edits of real and tricky documents: the value becomes what RFC 6902 says, and no other line changes.
//!
//! `json-patch` says what the value must be.

use std::sync::Arc;

use krmor::yaml::{self, Document, Kind, Node, Op, Operation};
use serde_json::{Value, json};

use crate::common::{Random, corpus, given, structures};

#[path = "yaml/hostile.rs"]
mod hostile;

fn values() -> Vec<Value> {
    vec![
        json!(true),
        json!(8080),
        json!("text"),
        json!("yes"),
        json!("a: b # c"),
        json!("- x"),
        json!(""),
        json!("2024-01-01"),
        json!("two\nlines\n"),
        json!("no end\nof line"),
        json!("it's \"quoted\"\ttab"),
        json!(null),
        json!({}),
        json!([]),
        json!({"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}}),
        json!([{"name": "a", "value": "0777"}, {"name": "b"}]),
        json!([["x"], []]),
        json!(1.5),
    ]
}

fn parse(text: &str) -> Option<Vec<Document>> {
    let (text, _) = yaml::decode(text.as_bytes().to_vec()).ok()?;
    yaml::parse(&Arc::new(text)).ok()
}

/// Every pointer of a document, with the kind of value there and the lines it may change.
fn places(node: Node<'_>, path: String, out: &mut Vec<(String, Kind, usize)>) {
    if path.len() > 400 {
        return;
    }
    let count = match node.kind() {
        Kind::Map => node.entries().count(),
        _ => node.items().count(),
    };
    out.push((path.clone(), node.kind(), count));
    for (key, value) in node.entries() {
        places(value, format!("{path}/{}", yaml::escape_token(&key)), out);
    }
    for (i, value) in node.items().enumerate() {
        places(value, format!("{path}/{i}"), out);
    }
}

/// The lines of `old` that are not in `new`, as the first and the last one; `None` when lines were only added.
fn lost(old: &str, new: &str) -> Option<(usize, usize)> {
    let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let lines = |text| str::split(text, breaks).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    let (old, new) = (lines(old), lines(new));
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let end = old.len() - tail;
    (head < end).then_some((head, end))
}

/// Tries one edit. Ok(true) when it was applied, Err with the story when the result is wrong.
fn try_edit(text: &str, random: &mut Random, values: &[Value]) -> Result<bool, String> {
    let Some(mut documents) = parse(text) else { return Ok(false) };
    if documents.is_empty() {
        return Ok(false);
    }
    let at = random.below(documents.len());
    let mut all = Vec::new();
    places(documents[at].root(), String::new(), &mut all);
    let (path, kind, count) = random.pick(&all).clone();
    let value = random.pick(values).clone();
    let (op, path) = match (random.below(4), kind) {
        (0 | 1, Kind::Map) => (Op::Add, format!("{path}/krmor{}", random.below(3))),
        (0, Kind::Seq) => (Op::Add, format!("{path}/-")),
        (1, Kind::Seq) => (Op::Add, format!("{path}/{}", random.below(count + 1))),
        (2, _) if !path.is_empty() => (Op::Remove, path),
        _ => (Op::Replace, path),
    };
    let before: Vec<Option<Value>> = documents.iter().map(|d| d.root().to_value()).collect();
    let Some(mut wanted) = before[at].clone() else { return Ok(false) };
    let patch = json!([{"op": op.name(), "path": path, "value": value}]);
    let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
    if json_patch::patch(&mut wanted, &patch).is_err() {
        return Ok(false);
    }
    let story = |what: &str, out: &str| {
        format!("{what}\n{} {path:?} {value} in document {at}\n--- input\n{text}\n--- output\n{out}", op.name())
    };
    let aliases = documents[at].root().has_aliases();
    if let Err(error) = documents[at].apply(Operation { op, path: &path, value: &value }) {
        // Refusing is allowed where another value hangs on this one.
        return if aliases || ["merge key", "byte order mark"].iter().any(|why| error.message.contains(why)) {
            Ok(false)
        } else {
            Err(story(&format!("refused: {error}"), ""))
        };
    }
    if documents[at].root().to_value().as_ref() != Some(&wanted) {
        return Err(story("the tree has another value", &documents[at].root().json()));
    }
    let out = yaml::render(&documents);
    let Some(again) = parse(&out) else {
        let error = yaml::parse(&Arc::new(out.clone())).err();
        return Err(story(&format!("the output cannot be read: {error:?}"), &out));
    };
    if again.len() != documents.len() {
        return Err(story("the number of documents changed", &out));
    }
    for (i, document) in again.iter().enumerate() {
        let value = document.root().to_value();
        let right = if i == at { value.as_ref() == Some(&wanted) } else { value == before[i] };
        if !right {
            return Err(story(&format!("document {i} has another value: {}", document.root().json()), &out));
        }
    }
    if op == Op::Add && !aliases && documents[at].root().span().is_some() {
        let container = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let original = parse(text).unwrap_or_default();
        let node = original[at].root().at_pointer(container);
        let is_block = node.is_some_and(Node::is_block);
        let replaces =
            before[at].as_ref().and_then(|v| v.pointer(&path)).is_some() && op == Op::Add && kind == Kind::Map;
        let unterminated = !text.ends_with('\n');
        // An item put before the first one of `- - a` shares its line.
        let first = kind == Kind::Seq && path.ends_with("/0");
        if is_block && !first && !replaces && !unterminated && lost(text, &out).is_some() {
            return Err(story("an addition changed lines that were there", &out));
        }
    }
    Ok(true)
}

/// Several edits of one document before it is written: they must not get into each other's way.
fn try_edits(text: &str, random: &mut Random, values: &[Value]) -> Result<bool, String> {
    let Some(mut documents) = parse(text) else { return Ok(false) };
    if documents.is_empty() {
        return Ok(false);
    }
    let at = random.below(documents.len());
    let Some(mut wanted) = documents[at].root().to_value() else { return Ok(false) };
    let mut story = String::new();
    // Edits near one place meet more often than edits all over a document.
    let mut near = String::new();
    for _ in 0..2 + random.below(4) {
        let mut all = Vec::new();
        places(documents[at].root(), String::new(), &mut all);
        let close: Vec<_> = all.iter().filter(|(path, ..)| path.starts_with(&near)).cloned().collect();
        let (path, kind, count) = random.pick(if close.is_empty() { &all } else { &close }).clone();
        near = path.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
        let value = random.pick(values).clone();
        let (op, path) = match (random.below(3), kind) {
            (0, Kind::Map) => (Op::Add, format!("{path}/krmor{}", random.below(3))),
            (0, Kind::Seq) => (Op::Add, format!("{path}/{}", random.below(count + 1))),
            (1, _) if !path.is_empty() => (Op::Remove, path),
            _ if path.is_empty() => continue,
            _ => (Op::Replace, path),
        };
        let patch = json!([{"op": op.name(), "path": path, "value": value}]);
        let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
        let mut next = wanted.clone();
        if json_patch::patch(&mut next, &patch).is_err() {
            continue;
        }
        story.push_str(&format!("{} {path:?} {value}\n", op.name()));
        match documents[at].apply(Operation { op, path: &path, value: &value }) {
            Ok(()) => wanted = next,
            Err(error) if documents[at].root().has_aliases() || error.message.contains("merge key") => {}
            Err(error) if error.message.contains("byte order mark") => return Ok(false),
            Err(error) => return Err(format!("refused: {error}\n{story}--- input\n{text}")),
        }
    }
    let out = yaml::render(&documents);
    let tell = |what: &str| format!("{what}\n{story}in document {at}\n--- input\n{text}\n--- output\n{out}");
    let Some(again) = parse(&out) else { return Err(tell("the output cannot be read")) };
    let value = again.get(at).and_then(|document| document.root().to_value());
    if again.len() == documents.len() && value.as_ref() == Some(&wanted) {
        Ok(true)
    } else {
        Err(tell("another value"))
    }
}

fn run(files: &[(String, String)], edits: usize, seed: u64) {
    let mut random = Random(seed);
    let mut outcome = Outcome::default();
    for (name, text) in files {
        outcome.edit(name, text, edits, &mut random);
    }
    outcome.end(files.len());
}

#[derive(Default)]
struct Outcome {
    applied: usize,
    failures: Vec<String>,
}

impl Outcome {
    fn edit(&mut self, name: &str, text: &str, edits: usize, random: &mut Random) {
        let values = values();
        for _ in 0..edits {
            for tried in [try_edit(text, random, &values), try_edits(text, random, &values)] {
                match tried {
                    Ok(done) => self.applied += usize::from(done),
                    Err(story) => self.failures.push(format!("=== {name}\n{story}")),
                }
            }
        }
    }

    fn end(self, texts: usize) {
        let (applied, mut failures) = (self.applied, self.failures);
        println!("{applied} random edits of {texts} texts, {} wrong", failures.len());
        failures.sort_by_key(String::len);
        let mut seen = std::collections::BTreeSet::new();
        failures.retain(|story| seen.insert(story.lines().next().map(str::to_owned)));
        assert!(failures.is_empty(), "{}", failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n\n"));
        assert!(applied > texts / 2, "hardly any edit was applied: the test has no force");
    }
}

/// `HOSTILE_TEXTS=3000000 cargo test …` tries many more than the test does.
#[test]
fn of_hostile_texts() {
    let texts = std::env::var("HOSTILE_TEXTS").map_or(8_000, |count| count.parse().unwrap());
    let mut random = Random(0x0B57_AC1E);
    let mut outcome = Outcome::default();
    for number in 0..texts {
        let text = hostile::readable(&mut random);
        outcome.edit(&format!("text {number}"), &text, 6, &mut random);
    }
    outcome.end(texts);
}

#[test]
fn of_the_given_cases() {
    let mut files = Vec::new();
    for (name, bytes) in structures() {
        if let Ok(text) = String::from_utf8(bytes)
            && text.len() < 2000
            // Two keys with one meaning: no pointer tells them apart …
            && !matches!(name.as_str(), "anchor_key.yaml" | "dup_null.yaml" | "dup_num2.yaml")
            // … and a plain root before a directive would run on into it.
            && name != "d_directive_mid2.yaml"
        {
            files.push((name, text));
        }
    }
    for scenario in given("edit-scenarios.json").as_array().unwrap() {
        files.push((scenario["name"].to_string(), scenario["input"].as_str().unwrap().to_owned()));
    }
    run(&files, 60, 0x5EED);
}

#[test]
fn of_real_manifests() {
    let mut files = Vec::new();
    for path in corpus() {
        if let Ok(text) = std::fs::read_to_string(&path)
            && text.len() < 60_000
        {
            files.push((path.display().to_string(), text));
        }
    }
    run(&files, 3, 0xC0_FFEE);
}

/// The given scenarios through the command line, byte for byte.
#[test]
fn given_scenarios_are_exact() {
    let folder = crate::common::Folder::new("scenarios");
    let scenarios = given("edit-scenarios.json");
    for scenario in scenarios.as_array().unwrap() {
        let patch = folder.write("patch.json", scenario["patch"].to_string());
        let document = scenario["document"].to_string();
        let mut command = crate::common::krmor();
        command.args(["patch", "--document", &document, "--patch"]).arg(&patch).arg("-");
        let out = crate::common::pipe(&mut command, scenario["input"].as_str().unwrap().as_bytes());
        assert!(out.status.success(), "{}: {}", scenario["name"], crate::common::text(&out.stderr));
        assert_eq!(crate::common::text(&out.stdout), scenario["expected"].as_str().unwrap(), "{}", scenario["name"]);
    }
}
