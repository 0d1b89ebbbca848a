//! The requirements of the examples: each has its one-line text in `covers.yaml` and a test named after it, and no test
//! names one that has no text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::apps::{covers, examples};
use regex_lite::Regex;

/// Where an id is shown: `fn aw_3_…` of the fast tests or of `tests/callers`, `def test_td_2_…` of an example's programs, a row of
/// `tests/kubelet` or a check of `tests/cluster`, as in `AW-3`.
fn shown_by_tests() -> BTreeMap<String, BTreeSet<String>> {
    let function = Regex::new(r"\b(?:fn |def test_)([a-z]{2})_(\d+)_").unwrap();
    let row = Regex::new(r#""[^"\n]*\b([A-Z]{2}-\d+)\b[^"\n]*""#).unwrap();
    let id = Regex::new(r"\b[A-Z]{2}-\d+\b").unwrap();
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |id: String, path: &Path| {
        shown.entry(id).or_default().insert(path.display().to_string());
    };
    let folders = ["tests", "examples/todo/tests", "examples/todo/backend/tests"];
    for path in folders.iter().flat_map(|folder| files(Path::new(folder))) {
        let text = std::fs::read_to_string(&path).unwrap();
        for found in function.captures_iter(&text) {
            add(format!("{}-{}", found[1].to_uppercase(), &found[2]), &path);
        }
        if path.starts_with("tests/kubelet/rows") {
            // A row that begins with `not` shows that the requirement is not met without our functions.
            for found in row.find_iter(&text).filter(|found| !found.as_str().starts_with("\"not ")) {
                id.find_iter(found.as_str()).for_each(|found| add(found.as_str().to_owned(), &path));
            }
        }
    }
    shown
}

/// The tests in a folder, and those directly below it.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir()
            && ["tests/callers", "tests/kubelet", "tests/kubelet/rows"].iter().any(|known| entry == Path::new(known))
        {
            found.extend(files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            found.push(entry);
        }
    }
    found
}

/// What is wrong with the requirements of one example.
fn problems(
    requirements: &BTreeMap<String, String>,
    checks: &BTreeMap<String, Vec<String>>,
    shown: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let mut out = Vec::new();
    let prefixes: BTreeSet<&str> = requirements.keys().filter_map(|id| id.split('-').next()).collect();
    let [prefix] = prefixes.iter().collect::<Vec<_>>()[..] else { return vec![format!("one prefix: {prefixes:?}")] };
    for number in 1..=requirements.len() {
        let id = format!("{prefix}-{number}");
        match requirements.get(&id) {
            None => out.push(format!("{id} has no text, and there are {} lines", requirements.len())),
            Some(text) if text.len() < 20 || text.contains('\n') => out.push(format!("{id}: {text:?} is no line")),
            Some(_) => {}
        }
    }
    let of_cluster: BTreeSet<&String> = checks.values().flatten().collect();
    for id in requirements.keys().filter(|id| !shown.contains_key(*id) && !of_cluster.contains(id)) {
        out.push(format!("{id} has no test"));
    }
    let own = |id: &&String| id.split('-').next() == Some(*prefix);
    let tested: BTreeSet<&String> = shown.keys().chain(of_cluster).collect();
    for id in tested.into_iter().filter(own).filter(|id| !requirements.contains_key(*id)) {
        out.push(format!("{id} has a test and no text"));
    }
    out
}

#[test]
fn every_requirement_has_a_text_and_a_test() {
    let shown = shown_by_tests();
    let mut seen = 0;
    for example in examples() {
        let (requirements, checks) = covers(&example);
        assert_eq!(problems(&requirements, &checks, &shown), [""; 0], "{example}");
        seen += requirements.len();
    }
    assert!(seen >= 25, "{seen}");
}

/// The check can fail: each of these is found.
#[test]
fn what_lacks_a_text_or_a_test_is_found() {
    let shown = shown_by_tests();
    let (requirements, checks) = covers("antwort");
    let with = |change: &dyn Fn(&mut BTreeMap<String, String>)| {
        let mut changed = requirements.clone();
        change(&mut changed);
        problems(&changed, &checks, &shown)
    };
    assert_eq!(with(&|_| {}), [""; 0]);
    let line = "What nobody has tested so far.".to_owned();
    assert_eq!(with(&|all| drop(all.insert("AW-11".into(), line.clone()))), ["AW-11 has no test"]);
    assert_eq!(with(&|all| drop(all.remove("AW-10"))), ["AW-10 has a test and no text"]);
    assert!(with(&|all| drop(all.remove("AW-3"))).iter().any(|problem| problem.starts_with("AW-3 has no text")));
    assert_eq!(with(&|all| drop(all.insert("AW-3".into(), "short".into()))), ["AW-3: \"short\" is no line"]);
    assert_eq!(with(&|all| drop(all.insert("RB-1".into(), line.clone()))).len(), 1);
}
