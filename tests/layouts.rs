//! Manifests in the layouts that people really write: hardening adds lines and touches no other, but for those named here.
//!
//! `tests/layouts/<name>.yaml` becomes `<name>.expected.yaml`, byte for byte. `UPDATE=1` writes it: read every line of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{Folder, krmor, pipe, text};
use krmor::pipeline::Outcome;
use krmor::report::Report;
use krmor::stream::Stream;
use krmor::yaml::{self, Document};
use serde_json::{Value, json};
use similar::{DiffOp, TextDiff};

const CONFIG: &str = "\
apiVersion: krmor.dev/v1alpha1
kind: Pipeline
metadata:
  name: layouts
spec:
  functions:
    harden:
      kind: SecurityContext
";

/// Lines that the edit must grow: all that was on them is still there, in order.
const GROWN: &[(&str, &str)] = &[
    // A flow collection has no line of its own to add.
    (
        "byte-order-mark-flow.yaml",
        "\u{feff}{apiVersion: v1, kind: Pod, metadata: {name: byte-order-mark-flow}, spec: {containers: [{name: app, image: nginx}]}}",
    ),
    ("crlf.yaml", r#"        - {name: flow, image: "busybox:1.36"}"#),
    ("list.json", "\t\t\t\t\t\t\t\t\"securityContext\": {}"),
    ("workloads.yaml", r#"            - {name: dump, image: "postgres:16.4", args: [pg_dump, -Fc]} # the dump"#),
    (
        "workloads.yaml",
        "            - { name: upload, image: amazon/aws-cli:2.17.0, env: [ { name: BUCKET, value: dumps } ] }",
    ),
    (
        "workloads.yaml",
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"compact-json"},"spec":{"containers":[{"name":"app","image":"nginx:1.27"}]}}"#,
    ),
    ("workloads.yaml", "        securityContext: {}"),
    ("workloads.yaml", "        securityContext: {readOnlyRootFilesystem: true} # strict already"),
    ("workloads.yaml", "        {}"),
    ("workloads.yaml", "            {}"),
    (
        "workloads.yaml",
        r#"{apiVersion: v1, kind: Pod, metadata: {name: one-line}, spec: {containers: [{name: app, image: "nginx:1.27"}], dnsPolicy: Default}}"#,
    ),
    // The comma that another entry needs.
    ("list.json", "\t\t\t\t\t\t\t\t\t\"readOnlyRootFilesystem\": true"),
    ("list.json", "\t\t\t\t\t\t]"),
    ("workloads.yaml", r#"            "image": "nginx:1.27""#),
    ("workloads.yaml", "        ]"),
    ("workloads.yaml", r#"          image: "envoyproxy/envoy:v1.31.0""#),
];

/// Lines that cannot stay, and why.
const REPLACED: &[(&str, &str)] = &[
    // What the anchor gets is not for the alias, which is written out.
    ("workloads.yaml", "        - <<: *base"),
    // A null gives way to the mapping.
    ("workloads.yaml", "        securityContext: ~"),
];

fn layouts() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("tests/layouts").unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|path| !path.to_string_lossy().contains(".expected.")).collect();
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn values(documents: &[Document]) -> Vec<Value> {
    documents.iter().map(|document| document.root().to_value().unwrap()).collect()
}

fn parse(text: &str) -> Vec<Document> {
    yaml::parse(&Arc::new(text.to_owned())).unwrap()
}

/// The hardened text, and what the report says was done.
fn harden(before: &str) -> (String, Report) {
    let config = parse(CONFIG);
    let pipeline = krmor::config::read(config[0].root(), None).unwrap();
    let mut stream = Stream::parse(&Arc::new(before.to_owned())).unwrap();
    let mut report = Report::default();
    assert_eq!(pipeline.run(&mut stream, &mut report), Outcome::Ok, "{:#?}", report.findings);
    (stream.render(), report)
}

/// The letters of `part` occur in `whole`, in this order.
fn holds(whole: &str, part: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|wanted| rest.any(|c| c == wanted))
}

/// The file with the expected text: `crlf.yaml` has `crlf.expected.yaml`.
fn expected(path: &Path) -> PathBuf {
    path.with_extension(format!("expected.{}", path.extension().unwrap().to_string_lossy()))
}

#[test]
fn every_layout_becomes_what_a_careful_person_would_write() {
    let mut stale = Vec::new();
    for path in layouts() {
        let after = harden(&std::fs::read_to_string(&path).unwrap()).0;
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(expected(&path), &after).unwrap();
        }
        let there = std::fs::read_to_string(expected(&path)).unwrap_or_default();
        if there != after {
            stale.push(format!("{}\n{}", path.display(), crate::common::cases::diff(&there, &after)));
        }
    }
    assert!(
        stale.is_empty(),
        "{} layouts become something else (UPDATE=1 writes it):\n{}",
        stale.len(),
        stale.join("\n")
    );
    assert!(layouts().len() >= 8, "only {} files", layouts().len());
    let workloads = parse(&std::fs::read_to_string("tests/layouts/workloads.yaml").unwrap());
    assert!(workloads.len() >= 25, "only {} documents", workloads.len());
}

#[test]
fn lines_are_only_added_but_for_those_named() {
    let mut seen = Vec::new();
    for path in layouts() {
        let before = std::fs::read_to_string(&path).unwrap();
        let after = harden(&before).0;
        let is_crlf = before.contains("\r\n");
        assert_eq!(
            after.matches("\r\n").count(),
            if is_crlf { after.matches('\n').count() } else { 0 },
            "{}: mixed line ends",
            path.display()
        );
        let lines = |text| -> Vec<&str> { str::split(text, '\n').map(|line| line.trim_end_matches('\r')).collect() };
        let (old, new) = (lines(&before), lines(&after));
        for op in TextDiff::from_slices(&old, &new).ops() {
            if matches!(op, DiffOp::Equal { .. } | DiffOp::Insert { .. }) {
                continue;
            }
            let instead = new[op.new_range()].join("\n");
            for &line in &old[op.old_range()] {
                let entry = (name(&path), line.to_owned());
                let is_in =
                    |list: &[(&str, &str)]| list.iter().any(|(file, text)| *file == entry.0 && *text == entry.1);
                let story = format!("{}:\n- {line}\n+ {instead}", path.display());
                assert!(is_in(GROWN) || is_in(REPLACED), "a line changed in {story}");
                assert!(is_in(REPLACED) || holds(&instead, line), "a line lost letters in {story}");
                seen.push(entry);
            }
        }
    }
    let listed = GROWN.iter().chain(REPLACED).map(|(file, line)| ((*file).to_owned(), (*line).to_owned()));
    let stale: Vec<_> = listed.filter(|entry| !seen.contains(entry)).collect();
    assert!(stale.is_empty(), "these lines do not change any more: {stale:#?}");
}

#[test]
fn the_reported_patches_say_all_that_was_done() {
    for path in layouts() {
        let before = std::fs::read_to_string(&path).unwrap();
        let (after, report) = harden(&before);
        let mut wanted = values(&parse(&before));
        for change in &report.changes {
            let operation = json!([{"op": change.op.name(), "path": change.path, "value": change.value}]);
            let patch: json_patch::Patch = serde_json::from_value(operation).unwrap();
            json_patch::patch(&mut wanted[change.document], &patch).unwrap();
        }
        assert_eq!(values(&parse(&after)), wanted, "{}", path.display());
        assert!(!report.changes.is_empty(), "{}", path.display());
    }
}

#[test]
fn a_second_run_changes_nothing() {
    for path in layouts() {
        let once = harden(&std::fs::read_to_string(&path).unwrap()).0;
        let (twice, report) = harden(&once);
        assert_eq!(twice, once, "{}", path.display());
        assert!(report.changes.is_empty(), "{}: {:#?}", path.display(), report.changes);
    }
}

/// The same bytes come out of the command line, and out of `krmor patch` when it is given what the report says.
#[test]
fn run_and_patch_write_the_same_bytes() {
    let folder = Folder::new("layouts");
    let config = folder.write("config.yaml", CONFIG);
    for path in layouts() {
        let before = std::fs::read(&path).unwrap();
        let out = pipe(krmor().args(["run", "--report", "json", "--config"]).arg(&config).arg("-"), &before);
        assert!(out.status.success(), "{}: {}", path.display(), text(&out.stderr));
        let wanted = harden(&text(&before)).0;
        assert_eq!(text(&out.stdout), wanted, "{}", path.display());
        let report: Value = serde_json::from_slice(&out.stderr).unwrap();
        let mut patches: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for operation in report["patches"].as_array().unwrap() {
            patches.entry(operation["document"].to_string()).or_default().push(operation.clone());
        }
        let mut patched = before;
        for (document, operations) in patches {
            let patch = folder.write("patch.json", Value::Array(operations).to_string());
            let out = pipe(krmor().args(["patch", "--document", &document, "--patch"]).arg(&patch).arg("-"), &patched);
            assert!(out.status.success(), "{}, document {document}: {}", path.display(), text(&out.stderr));
            patched = out.stdout;
        }
        assert_eq!(text(&patched), wanted, "{}", path.display());
    }
}
