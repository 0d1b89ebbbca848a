//! The runnable cases of the functions' READMEs: config, input, expected diff, expected results.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use krmor::pipeline::Outcome;
use krmor::report::Report;
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::Value;

/// One `### Case: …` of a README.
#[derive(Clone, Debug, Default)]
pub struct Case {
    pub file: PathBuf,
    pub title: String,
    pub config: String,
    pub input: String,
    /// `None`: the run fails, nothing is written.
    pub diff: Option<String>,
    pub results: String,
}

impl Case {
    /// The config as a value.
    pub fn config(&self) -> Value {
        parse(&self.config).root().to_value().unwrap()
    }

    /// What comes out; `None` when the config or the run fails.
    pub fn output(&self) -> Option<String> {
        let pipeline = krmor::config::read(parse(&self.config).root(), None).ok()?;
        let mut stream = Stream::parse(&Arc::new(self.input.clone())).unwrap();
        (pipeline.run(&mut stream, &mut Report::default()) == Outcome::Ok).then(|| stream.render())
    }
}

fn parse(config: &str) -> yaml::Document {
    yaml::parse(&Arc::new(config.to_owned())).unwrap().remove(0)
}

/// Every README below `functions/`.
pub fn readmes() -> Vec<PathBuf> {
    function_folders().into_iter().map(|folder| Path::new("functions").join(folder).join("README.md")).collect()
}

/// The folders of the functions, by name.
pub fn function_folders() -> Vec<String> {
    let entries = std::fs::read_dir("functions").unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The cases of one README.
pub fn cases(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut out: Vec<Case> = Vec::new();
    let mut block: Option<(String, String)> = None;
    for line in text.lines() {
        match &mut block {
            Some((info, content)) if line == "```" => {
                let case = out.last_mut();
                if let Some(case) = case {
                    match info.as_str() {
                        "yaml config" => case.config.clone_from(content),
                        "yaml input" => case.input.clone_from(content),
                        "diff" => case.diff = Some(content.clone()),
                        "json results" => case.results.clone_from(content),
                        _ => {}
                    }
                }
                block = None;
            }
            Some((_, content)) => {
                content.push_str(line);
                content.push('\n');
            }
            None => {
                if let Some(title) = line.strip_prefix("### Case: ") {
                    out.push(Case { file: path.to_owned(), title: title.to_owned(), ..Case::default() });
                } else if line.starts_with('#') && !line.starts_with("####") {
                    // Another heading: blocks below it belong to no case.
                    if out.last().is_some_and(|case| !case.config.is_empty()) {
                        out.push(Case::default());
                    }
                } else if let Some(info) = line.strip_prefix("```") {
                    block = Some((info.to_owned(), String::new()));
                }
            }
        }
    }
    out.retain(|case| !case.title.is_empty());
    out
}

/// Every case of every function.
pub fn all() -> Vec<Case> {
    readmes().iter().flat_map(|path| cases(path)).collect()
}

/// A unified diff without file headers.
pub fn diff(before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let diff = similar::TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(3).to_string();
    text.lines()
        .map(|line| if line.trim_end().is_empty() { "" } else { line.trim_end() })
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}
