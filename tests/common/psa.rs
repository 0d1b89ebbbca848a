//! The API server's own answer about pods: `tests/psa/`, built by `tests/tools/get psa`.

use std::process::Command;

use serde_json::{Value, json};

use super::{pipe, text, tool};

/// What an API server says about a pod in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Why validation refuses it.
    pub invalid: Vec<String>,
    /// Why Pod Security admission forbids it: reason and detail.
    pub violations: Vec<(String, String)>,
}

/// Asks about pods, each with the level and the version of the standard that its namespace enforces.
pub fn ask<'a>(questions: impl IntoIterator<Item = (&'a str, &'a str, &'a Value)>) -> Vec<Answer> {
    let lines = questions.into_iter().map(|(level, version, pod)| {
        json!({"pod": pod, "namespaces": [{"level": level, "version": version}]}).to_string()
    });
    answers(lines.collect()).into_iter().flatten().collect()
}

/// Asks about each pod in each namespace, given by level and version; the answers of a pod stand together.
pub fn ask_everywhere(pods: &[Value], namespaces: &[(&str, String)]) -> Vec<Vec<Answer>> {
    let namespaces: Vec<Value> =
        namespaces.iter().map(|(level, version)| json!({"level": level, "version": version})).collect();
    answers(pods.iter().map(|pod| json!({"pod": pod, "namespaces": namespaces}).to_string()).collect())
}

/// Why the API server refuses each of some objects of Kubernetes' own kinds: field, type and message of each error.
pub fn refusals(objects: &[Value]) -> Vec<Vec<(String, String, String)>> {
    let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
    let out = pipe(Command::new(tool("psa")).arg("objects"), lines.join("\n").as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let told: Vec<Value> = text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), lines.len());
    let part = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let one = |one: &Value| (part(one, "field"), part(one, "type"), part(one, "message"));
    told.iter().map(|list| list.as_array().unwrap().iter().map(one).collect()).collect()
}

fn answers(lines: Vec<String>) -> Vec<Vec<Answer>> {
    let out = pipe(&mut Command::new(tool("psa")), lines.join("\n").as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let answers: Vec<_> = text(&out.stdout).lines().map(answer).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

fn answer(line: &str) -> Vec<Answer> {
    let line: Value = serde_json::from_str(line).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().unwrap_or_else(|| panic!("{line}")).clone();
    let invalid: Vec<String> = list(&line["invalid"]).iter().map(text).collect();
    let violation = |each: &Value| (text(&each["reason"]), text(&each["detail"]));
    let of_namespaces = list(&line["violations"]);
    let violations = of_namespaces.iter().map(|found| list(found).iter().map(violation).collect());
    violations.map(|violations| Answer { invalid: invalid.clone(), violations }).collect()
}
