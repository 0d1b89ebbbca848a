//! Runs the cases in the functions' READMEs and keeps what is generated fresh. `UPDATE=1` writes what is missing or stale.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::common::cases::{self, Case, diff};
use krmor::config::Problem;
use krmor::functions::FUNCTIONS;
use krmor::pipeline::Outcome;
use krmor::report::{Place, Report, Severity};
use krmor::stream::Stream;
use krmor::yaml::{self, print};
use serde_json::{Value, json};

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// What a case gives: the diff (`None` when the run fails) and the short results.
fn run(case: &Case) -> (Option<String>, Value) {
    let place = format!("{}: {}", case.file.display(), case.title);
    let config = yaml::parse(&Arc::new(case.config.clone())).unwrap_or_else(|error| panic!("{place}: config: {error}"));
    let config = config.first().unwrap_or_else(|| panic!("{place}: the case has no config"));
    let pipeline = match krmor::config::read(config.root(), None) {
        Ok(pipeline) => pipeline,
        Err(problems) => {
            let result = |problem: &Problem| json!({"severity": "error", "rule": "config", "path": problem.path(), "message": problem.message, "remedy": problem.remedy});
            return (None, problems.iter().map(result).collect());
        }
    };
    let input = Arc::new(case.input.clone());
    let mut stream = Stream::parse(&input).unwrap_or_else(|error| panic!("{place}: input: {error}"));
    let mut report = Report::default();
    let outcome = pipeline.run(&mut stream, &mut report);
    let mut results = Vec::new();
    for finding in
        report.findings.iter().filter(|finding| finding.severity >= Severity::Warning || outcome == Outcome::Ok)
    {
        let object = finding.object().and_then(|id| stream.object(id)).map(|object| object.reference().to_string());
        let mut result = json!({"severity": finding.severity.name(), "rule": finding.rule.id});
        let map = result.as_object_mut().unwrap();
        if let Some(object) = object {
            map.insert("resource".to_owned(), json!(object));
        }
        if let Place::Config(pointer) = &finding.place {
            map.insert("path".to_owned(), json!(krmor::krm::field_path(&format!("/spec{pointer}"))));
        }
        if !finding.pointer().is_empty() {
            map.insert("path".to_owned(), json!(krmor::krm::field_path(finding.pointer())));
        }
        map.insert("message".to_owned(), json!(finding.message));
        if let Some(remedy) = &finding.remedy {
            map.insert("remedy".to_owned(), json!(remedy));
        }
        results.push(result);
    }
    let diff = (outcome == Outcome::Ok).then(|| diff(&case.input, &stream.render()));
    (diff, Value::Array(results))
}

/// Results one to a line, so that a change of one is a change of one line.
fn pretty(results: &Value) -> String {
    let items: Vec<String> = results.as_array().unwrap().iter().map(|item| format!("  {item}")).collect();
    if items.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", items.join(",\n")) }
}

#[test]
fn every_case_gives_what_it_says() {
    let mut stale = Vec::new();
    let mut count = 0;
    for path in cases::readmes() {
        let mut text = std::fs::read_to_string(&path).unwrap();
        for case in cases::cases(&path) {
            count += 1;
            let (diff, results) = run(&case);
            let results = pretty(&results);
            if diff == case.diff && results == case.results {
                continue;
            }
            if updating() {
                text = rewrite(&text, &case, diff.as_deref(), &results);
            } else {
                stale.push(format!(
                    "{}: {}\n--- diff\n{}--- results\n{results}",
                    path.display(),
                    case.title,
                    diff.unwrap_or_default()
                ));
            }
        }
        if updating() {
            std::fs::write(&path, text).unwrap();
        }
    }
    assert!(stale.is_empty(), "{} cases give something else (UPDATE=1 writes it):\n{}", stale.len(), stale.join("\n"));
    assert!(count >= FUNCTIONS.len() * 5, "only {count} cases");
    println!("{count} README cases");
}

/// Puts a case's blocks in, behind its input.
fn rewrite(text: &str, case: &Case, diff: Option<&str>, results: &str) -> String {
    let heading = format!("### Case: {}\n", case.title);
    let start = text.find(&heading).unwrap();
    let input = format!("```yaml input\n{}```\n", case.input);
    let from =
        start + text[start..].find(&input).unwrap_or_else(|| panic!("{}: no input block", case.title)) + input.len();
    // Everything up to the next heading that is one of the two generated blocks goes.
    let to = text[from..].find("\n#").map_or(text.len(), |at| from + at + 1);
    let mut rest = text[from..to].to_owned();
    for info in ["```diff\n", "```json results\n"] {
        if let Some(at) = rest.find(info) {
            let end = at + info.len() + rest[at + info.len()..].find("```").unwrap() + 4;
            rest.replace_range(at..end.min(rest.len()), "");
        }
    }
    let prose = rest.trim();
    let mut blocks = String::from("\n");
    if let Some(diff) = diff {
        blocks.push_str(&format!("```diff\n{diff}```\n\n"));
    }
    blocks.push_str(&format!("```json results\n{results}```\n"));
    if !prose.is_empty() {
        blocks.push_str(&format!("\n{prose}\n"));
    }
    if to < text.len() {
        blocks.push('\n');
    }
    format!("{}{blocks}{}", &text[..from], &text[to..])
}

#[test]
fn registry_folders_definitions_and_readmes_are_the_same() {
    let folders: BTreeSet<String> = cases::function_folders().into_iter().collect();
    let registered: BTreeSet<String> = FUNCTIONS.iter().map(|function| function.folder.to_owned()).collect();
    assert_eq!(folders, registered);
    for function in FUNCTIONS {
        let folder = Path::new("functions").join(function.folder);
        assert!(folder.join("mod.rs").is_file(), "{}", folder.display());
        assert!(cases::cases(&folder.join("README.md")).len() >= 5, "{}: too few cases", folder.display());
        let mut definition =
            String::from("# Generated from mod.rs by `UPDATE=1 cargo test --test fast readme_cases::`.\n");
        print::write_document(&mut definition, &function.definition(), print::Layout::default());
        let path = folder.join("definition.yaml");
        if updating() {
            std::fs::write(&path, &definition).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(there, definition, "{} is stale: UPDATE=1 writes it", path.display());
    }
    let order: Vec<_> = FUNCTIONS.iter().map(|function| (function.phase, function.kind)).collect();
    assert!(order.is_sorted(), "the registry is not in the order of phases");
}

/// Every field of every spec says what it is for.
#[test]
fn every_field_is_documented() {
    fn check(schema: &Value, path: &str, bare: &mut Vec<String>, count: &mut usize) {
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], json!(false), "{path} takes unknown fields");
            for (name, property) in properties {
                *count += 1;
                let path = format!("{path}.{name}");
                if property["description"].as_str().is_none_or(|text| text.len() < 10) {
                    bare.push(path.clone());
                }
                check(property, &path, bare, count);
            }
        }
        for inner in ["items", "additionalProperties"] {
            if schema[inner].is_object() {
                check(&schema[inner], path, bare, count);
            }
        }
        for group in ["anyOf", "oneOf", "allOf"] {
            for schema in schema[group].as_array().into_iter().flatten() {
                check(schema, path, bare, count);
            }
        }
    }
    let (mut bare, mut count) = (Vec::new(), 0);
    for function in FUNCTIONS {
        check(function.schema().as_value(), function.kind, &mut bare, &mut count);
    }
    assert!(bare.is_empty(), "fields without a description: {bare:?}");
    assert!(count >= FUNCTIONS.len() * 3, "only {count} fields were seen");
}
