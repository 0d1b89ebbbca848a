//! What is tested: every overlay of every example, found by its folder; and what comes of it, as rows of one table.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::common::apps;
use crate::kube::Outcome;

/// A kustomization of an example, rendered by stock kustomize.
pub struct Stand {
    pub example: String,
    /// `base`, or the name of the overlay.
    pub overlay: String,
    pub text: String,
    pub objects: Vec<Value>,
    /// The namespace of objects that say none.
    pub namespace: String,
    /// The requirements of the example that a check shows, by the check's name.
    covers: Arc<BTreeMap<String, String>>,
}

/// An example: its overlays, and the base that they harden.
pub struct Example {
    pub base: Arc<Stand>,
    pub overlays: Vec<Arc<Stand>>,
}

/// Every example that kustomize renders, in the order of their names.
pub fn examples() -> Vec<Example> {
    let folders = |path: &str| {
        let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mut examples = Vec::new();
    for example in apps::kustomized() {
        let covers = Arc::new(covers(&example));
        let stand = |overlay: &str, path: String| Arc::new(Stand::new(&example, overlay, &path, &covers));
        let overlays = folders(&format!("examples/{example}/overlays"));
        examples.push(Example {
            base: stand("base", format!("examples/{example}/base")),
            overlays: overlays.iter().map(|name| stand(name, format!("examples/{example}/overlays/{name}"))).collect(),
        });
    }
    assert!(!examples.is_empty(), "there are no examples");
    examples
}

/// The ids that a check shows, by the check's name.
fn covers(example: &str) -> BTreeMap<String, String> {
    apps::covers(example).1.into_iter().map(|(check, ids)| (check, ids.join(" "))).collect()
}

impl Stand {
    fn new(example: &str, overlay: &str, path: &str, covers: &Arc<BTreeMap<String, String>>) -> Self {
        let text = apps::render(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self::of(example, overlay, text, Arc::clone(covers))
    }

    /// What something else than kustomize renders of an example.
    pub fn rendered(example: &str, overlay: &str, text: String) -> Self {
        Self::of(example, overlay, text, Arc::new(covers(example)))
    }

    /// The same example, rendered otherwise.
    pub fn variant(&self, overlay: &str, path: &str) -> Self {
        let text = apps::render(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self::of(&self.example, overlay, text, Arc::clone(&self.covers))
    }

    fn of(example: &str, overlay: &str, text: String, covers: Arc<BTreeMap<String, String>>) -> Self {
        let objects = apps::objects(text.clone());
        let namespace = format!("{example}-{overlay}").to_lowercase().replace(' ', "-");
        Self { example: example.to_owned(), overlay: overlay.to_owned(), text, objects, namespace, covers }
    }

    pub fn title(&self) -> String {
        format!("{}/{}", self.example, self.overlay)
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    pub fn namespace_of<'a>(&'a self, object: &'a Value) -> &'a str {
        object["metadata"]["namespace"].as_str().unwrap_or(&self.namespace)
    }

    /// Every namespace that its objects are in.
    pub fn namespaces(&self) -> Vec<String> {
        let mut names: Vec<String> = self.objects.iter().map(|object| self.namespace_of(object).to_owned()).collect();
        names.extend(self.of_kind("Namespace").map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()));
        names.sort();
        names.dedup();
        names
    }
}

pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

struct Row {
    stand: String,
    tier: &'static str,
    check: String,
    ids: String,
    result: Outcome<String>,
}

/// What has been tried so far.
#[derive(Default)]
pub struct Table(Mutex<Vec<Row>>);

impl Table {
    /// The rows of one stand and tier; the test fails if one of them does.
    pub fn tier<'a>(&'a self, stand: &'a Stand, tier: &'static str) -> Tier<'a> {
        Tier { table: self, title: stand.title(), covers: Some(&stand.covers), tier, failures: Vec::new() }
    }

    /// Rows that belong to no example.
    pub fn other<'a>(&'a self, title: &str, tier: &'static str) -> Tier<'a> {
        Tier { table: self, title: title.to_owned(), covers: None, tier, failures: Vec::new() }
    }

    pub fn add(&self, stand: &str, tier: &'static str, check: &str, ids: &str, result: Outcome<String>) {
        let (stand, check, ids) = (stand.to_owned(), check.to_owned(), ids.to_owned());
        self.0.lock().unwrap().push(Row { stand, tier, check, ids, result });
    }

    /// As Markdown, the failures' reasons below.
    pub fn print(&self) {
        let rows = self.0.lock().unwrap();
        println!("\n\n| example | tier | check | covers | result |\n| --- | --- | --- | --- | --- |");
        for Row { stand, tier, check, ids, result } in rows.iter() {
            let result = match result {
                Ok(detail) if detail.is_empty() => "pass".to_owned(),
                Ok(detail) => format!("pass: {detail}"),
                Err(_) => "**FAIL**".to_owned(),
            };
            println!("| {stand} | {tier} | {check} | {ids} | {result} |");
        }
        let failed = rows.iter().filter(|row| row.result.is_err()).count();
        println!("\n{} checks, {failed} failed.", rows.len());
    }
}

pub struct Tier<'a> {
    table: &'a Table,
    title: String,
    covers: Option<&'a BTreeMap<String, String>>,
    tier: &'static str,
    failures: Vec<String>,
}

impl Tier<'_> {
    /// Tries one thing; `id` is the check's name in `covers.yaml`. What it returns stands in the table.
    pub fn check(&mut self, id: &str, what: &str, attempt: impl FnOnce() -> Outcome<String>) {
        let result = catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            Err(text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default())
        });
        if let Err(error) = &result {
            self.failures.push(format!("{what}: {error}"));
        }
        let ids = self.covers.and_then(|covers| covers.get(id)).map_or("", String::as_str);
        self.table.add(&self.title, self.tier, what, ids, result);
    }

    pub fn end(self) -> Result<(), libtest_mimic::Failed> {
        if self.failures.is_empty() { Ok(()) } else { Err(self.failures.join("\n").into()) }
    }
}

/// Turns a check round: it must fail, and say why.
pub fn refused(result: Outcome<String>, why: &str) -> Outcome<String> {
    match result {
        Ok(detail) => Err(format!("it passes, although it should not: {detail}")),
        Err(error) if error.contains(why) => Ok(String::new()),
        Err(error) => Err(format!("it fails, but not for {why:?}: {error}")),
    }
}
