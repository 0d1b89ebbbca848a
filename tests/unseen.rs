//! Nothing that could make a pod dangerous is passed over in silence. `tests/corpus/scan.py`, which knows nothing of kinds and
//! shares no code with krmor, names every such place in the manifests of `tests/corpus/unseen`; at each, or above it in the
//! same document, `SecurityContext` at `restricted` must have an error, or the place is in a class that krmor does not judge.
//! The other way round, an error about a pod that nobody can see is a false alarm, and is listed.
//!
//! `-- --nocapture` prints the tables. `UNSEEN_ALSO=FOLDER` takes the manifests of a folder too, such as clones of operators.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // a test may panic, and reads files

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use krmor::report::{Report, Severity};
use krmor::stream::Stream;
use krmor::{Pipeline, yaml};
use serde::Deserialize;

use crate::common;

const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1
kind: Pipeline
metadata: {name: unseen}
spec: {functions: {harden: {kind: SecurityContext, spec: {level: restricted}}}}
";

/// A line of the scanner: a dangerous place, or, with `pod`, an object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    file: PathBuf,
    document: usize,
    /// `GROUP/KIND` of the document's own object; none of these where the document is no object.
    root: Option<String>,
    kind: Option<String>,
    api_version: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    local: bool,
    #[serde(default)]
    object: String,
    #[serde(default)]
    pointer: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    pod: bool,
}

impl Line {
    /// `GROUP/KIND` of the innermost object.
    fn inner(&self) -> Option<String> {
        let api = self.api_version.as_deref()?;
        let group = api.split_once('/').map_or("", |(group, _)| group);
        Some(format!("{group}/{}", self.kind.as_deref()?))
    }

    /// Why krmor does not judge it, if it does not.
    fn class(&self) -> Option<&'static str> {
        let (Some(root), Some(inner)) = (&self.root, self.inner()) else {
            return Some("no object: values, patches, data");
        };
        if self.local {
            return Some("local-config: reaches no cluster");
        }
        [root.as_str(), &inner].into_iter().find_map(|name| {
            let (group, kind) = name.split_once('/')?;
            Some(match (group, kind) {
                ("apiextensions.k8s.io", _) => "schemas of custom resources",
                ("kyverno.io" | "policies.kyverno.io", _) => "patterns of policies",
                (group, _) if group.ends_with(".gatekeeper.sh") => "patterns of policies",
                ("admissionregistration.k8s.io", _) => "patterns of policies",
                ("helm.toolkit.fluxcd.io", "HelmRelease")
                | ("argoproj.io", "Application" | "ApplicationSet")
                | ("helm.cattle.io", _) => "values of charts",
                ("policy" | "extensions", "PodSecurityPolicy")
                | ("security.openshift.io" | "", "SecurityContextConstraints")
                | ("rbac.authorization.k8s.io" | "authorization.openshift.io", _) => "allows things, and runs none",
                ("", "PersistentVolume") => "a volume that claims are bound to: no pod",
                _ => return None,
            })
        })
    }
}

fn scan(files: &[PathBuf], objects: bool) -> Vec<Line> {
    let names: String = files.iter().map(|path| format!("{}\n", path.display())).collect();
    let mut command = Command::new("tests/corpus/scan.py");
    if objects {
        command.arg("--objects");
    }
    let out = common::pipe(command.arg("-"), names.as_bytes());
    assert!(out.status.success(), "{}", common::text(&out.stderr));
    common::text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whether a pointer is another or stands above it.
fn above(upper: &str, pointer: &str) -> bool {
    pointer.strip_prefix(upper).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An error of krmor: its document among those that are not empty, its place there, and its rule.
struct Error {
    document: usize,
    pointer: String,
    rule: &'static str,
}

impl Error {
    fn covers(&self, hit: &Line) -> bool {
        // A pod of which a field cannot be read is refused as a whole.
        let whole = (self.rule == "malformed-pod").then(|| self.pointer.rsplit_once('/').map(|(upper, _)| upper));
        let upper = whole.flatten().unwrap_or(&self.pointer);
        // A conflict is about one field: far above the place it is about something else.
        let steps = hit.pointer.matches('/').count().saturating_sub(upper.matches('/').count());
        self.document == hit.document
            && above(upper, &hit.pointer)
            && (steps <= 2 || !self.rule.starts_with("conflict/"))
    }
}

/// What krmor says of a file.
struct Said {
    errors: Vec<Error>,
    /// Document and place of whatever it changed or noted, at any severity.
    touched: Vec<(usize, String)>,
}

/// What krmor says of a file, or nothing if it refuses to read it, which nobody can miss.
fn said(pipeline: &Pipeline, path: &Path) -> Option<Said> {
    let (text, _) = yaml::decode(std::fs::read(path).unwrap()).ok()?;
    let mut stream = Stream::parse(&Arc::new(text)).ok()?;
    let mut numbers = HashMap::new();
    for (number, document) in stream.documents().iter().enumerate() {
        if document.root().to_value().is_some_and(|value| !value.is_null()) {
            numbers.insert(number, numbers.len());
        }
    }
    let mut report = Report::default();
    let _ = pipeline.run(&mut stream, &mut report);
    let of = |finding: &krmor::report::Finding| {
        let document = *numbers.get(&finding.document()?)?;
        (finding.severity == Severity::Error).then(|| Error {
            document,
            pointer: finding.pointer().to_owned(),
            rule: finding.rule.id,
        })
    };
    let errors = report.findings.iter().filter_map(of).collect();
    let noted = report.findings.iter().filter_map(|finding| Some((finding.document()?, finding.pointer())));
    let touched = report.changes.iter().map(|change| (change.document, change.path.as_str())).chain(noted);
    let touched = touched.filter_map(|(number, at)| Some((*numbers.get(&number)?, at.to_owned()))).collect();
    Some(Said { errors, touched })
}

fn short(path: &Path) -> String {
    let name = path.display().to_string();
    name.split_once("/pkg/mod/").map_or(name.clone(), |(_, rest)| rest.to_owned())
}

fn table(title: &str, rows: &BTreeMap<String, usize>) {
    println!("\n| {title} | count |\n| --- | --- |");
    for (name, count) in rows {
        println!("| {name} | {count} |");
    }
}

#[test]
fn nothing_dangerous_is_unseen() {
    let mut files = common::public("unseen");
    assert!(files.len() > 2000, "the corpus holds only {} files", files.len());
    if let Some(folder) = std::env::var_os("UNSEEN_ALSO") {
        let out = Command::new("find").arg(folder).args(["-type", "f", "-name", "*.y*ml"]).output().unwrap();
        files.extend(common::text(&out.stdout).lines().map(PathBuf::from));
    }
    let (hits, objects) = (scan(&files, false), scan(&files, true));
    // A scanner that sees nothing proves nothing.
    assert!(hits.len() > 400 && objects.len() > 3000, "{} places in {} objects", hits.len(), objects.len());

    let pipeline: Pipeline = CONFIG.parse().unwrap();
    let said: HashMap<&PathBuf, Option<Said>> = files.iter().map(|path| (path, said(&pipeline, path))).collect();

    let (mut covered, mut classes, mut kinds) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut unseen = Vec::new();
    for hit in &hits {
        let Some(Said { errors, .. }) = &said[&hit.file] else {
            *covered.entry("the file is refused".to_owned()).or_default() += 1;
            continue;
        };
        let at = errors.iter().filter(|error| error.covers(hit));
        if let Some(error) = at.max_by_key(|error| error.pointer.len()) {
            *covered.entry(error.rule.to_owned()).or_default() += 1;
        } else if let Some(class) = hit.class() {
            *classes.entry(class.to_owned()).or_default() += 1;
        } else {
            let kind = hit.inner().unwrap_or_default();
            let root =
                hit.root.as_ref().filter(|root| **root != kind).map_or(String::new(), |root| format!(" in {root}"));
            *kinds.entry(format!("{kind}{root}")).or_default() += 1;
            let Line { name, pointer, what, .. } = hit;
            unseen.push(format!("{kind}{root} {name}: {pointer}: {what} ({})", short(&hit.file)));
        }
    }
    unseen.sort();

    let dangerous: BTreeSet<(&PathBuf, usize, &str)> =
        hits.iter().map(|hit| (&hit.file, hit.document, hit.object.as_str())).collect();
    let mut alarms = Vec::new();
    for object in objects.iter().filter(|object| !object.pod) {
        let Some(Said { errors, .. }) = &said[&object.file] else { continue };
        // What stands in an inner object is that object's.
        let deepest = |pointer: &str| {
            let mine = objects.iter().filter(|other| other.file == object.file && other.document == object.document);
            mine.filter(|other| above(&other.object, pointer)).map(|other| other.object.len()).max()
        };
        for error in errors.iter().filter(|error| error.document == object.document) {
            let about_pods = error.rule == "unknown-pod-template" || error.rule.starts_with("unseen");
            if about_pods
                && above(&object.object, &error.pointer)
                && deepest(&error.pointer) == Some(object.object.len())
                && !dangerous.contains(&(&object.file, object.document, object.object.as_str()))
            {
                let (kind, Error { pointer, rule, .. }) = (object.inner().unwrap_or_default(), error);
                alarms.push(format!("{kind} {}: {rule} {pointer} ({})", object.name, short(&object.file)));
            }
        }
    }

    // What looks like a pod, and was neither hardened nor mentioned: not dangerous by what it says, but by what it leaves out.
    let mut silent: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for object in objects.iter().filter(|object| object.pod && object.class().is_none()) {
        let Some(Said { touched, .. }) = &said[&object.file] else { continue };
        let near = |at: &str| above(&object.object, at) || above(at, &object.object);
        if !touched.iter().any(|(document, at)| *document == object.document && near(at)) {
            let row = silent.entry(object.inner().unwrap_or_default()).or_default();
            row.0 += 1;
            row.1.push_str(&format!("\n  {} ({})", object.name, short(&object.file)));
        }
    }

    println!("{} files, {} objects, {} dangerous places", files.len(), objects.len(), hits.len());
    table("an error of the rule covers", &covered);
    table("not judged", &classes);
    table("UNSEEN", &kinds);
    println!("\n{}", unseen.join("\n"));
    println!("\nlooks like a pod, and is neither hardened nor mentioned:");
    for (kind, (count, which)) in &silent {
        println!("{kind} {count}{which}");
    }
    println!("\n{} alarms where nobody sees a pod\n{}", alarms.len(), alarms.join("\n"));
    assert!(unseen.is_empty(), "{} places are unseen", unseen.len());
}

/// The scanner sees what it is for, wherever it stands, and nothing else: else the test above proves little.
#[test]
fn the_scanner_sees() {
    let folder = common::Folder::new("unseen");
    let file = folder.write(
        "a.yaml",
        "# nothing\n---\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: example.com/v1\n  kind: A\n  metadata: {name: a}\n  \
         spec:\n    deep: [{privileged: true, runAsUser: 0, privileged2: true}]\n    a/b: {hostPID: true, hostIPC: false}\n    \
         volumes: [{name: v, hostPath: {path: /}}, {name: w, hostPath: w}]\n    capabilities: {add: [NET_BIND_SERVICE, SYS_ADMIN]}\n    \
         text: \"privileged: true\"\n    on: 2024-01-01\n    half: 0.5\n    1: {hostNetwork: true}\n    quoted: {privileged: \"true\", runAsUser: \"0\"}\n",
    );
    let hits = scan(std::slice::from_ref(&file), false);
    let seen: Vec<(&str, &str)> = hits.iter().map(|hit| (hit.pointer.as_str(), hit.what.as_str())).collect();
    let wanted = [
        ("/items/0/spec/1/hostNetwork", "hostNetwork: true"),
        ("/items/0/spec/a~1b/hostPID", "hostPID: true"),
        ("/items/0/spec/capabilities/add/1", "capability SYS_ADMIN"),
        ("/items/0/spec/deep/0/privileged", "privileged: true"),
        ("/items/0/spec/deep/0/runAsUser", "runAsUser: 0"),
        ("/items/0/spec/volumes/0/hostPath", "hostPath"),
    ];
    assert_eq!(seen.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(wanted));
    for hit in &hits {
        assert_eq!((hit.document, hit.object.as_str(), hit.name.as_str()), (0, "/items/0", "a"));
        assert_eq!((hit.root.as_deref(), hit.inner().as_deref()), (Some("/List"), Some("example.com/A")));
        assert_eq!(hit.class(), None);
    }
}
