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
    let lines: Vec<String> = questions
        .into_iter()
        .map(|(level, version, pod)| json!({"level": level, "version": version, "pod": pod}).to_string())
        .collect();
    let out = pipe(&mut Command::new(tool("psa")), lines.join("\n").as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let answers: Vec<Answer> = text(&out.stdout).lines().map(answer).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

fn answer(line: &str) -> Answer {
    let line: Value = serde_json::from_str(line).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |key: &str| line[key].as_array().unwrap_or_else(|| panic!("{line}")).clone();
    Answer {
        invalid: list("invalid").iter().map(text).collect(),
        violations: list("violations").iter().map(|each| (text(&each["reason"]), text(&each["detail"]))).collect(),
    }
}
