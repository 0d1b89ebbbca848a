//! The documents of rules, as the declarations have them; and what their sources and cases say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use krmor::functions::{FUNCTIONS, Function};
use krmor::report::Rule;
use krmor_core::rules::RULES;
use krmor_core::validity::{self, rules::shared};
use serde_json::Value;

use super::cases::Case;

/// What `docs/rules.md` says before the rules about what the API server refuses.
const VALIDITY: &str = "At the end of every run, whatever its functions are, krmor looks at each object of Kubernetes' own kinds \
    in the stream: pods and all that makes them, Services, Ingresses, budgets and autoscalers. What the API server refuses is an \
    error; its own validation code is the judge of the tests. An exception or a severity of any function counts.";

const START: &str = "<!-- rules -->\n";
const END: &str = "<!-- /rules -->";

/// What stands between the markers of a document, by position.
fn section(text: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find(START)? + START.len();
    Some(start..start + text[start..].find(END)?)
}

/// Writes what belongs between the markers of a file, or, unless `update`, says that something else is there.
pub fn fill(path: &Path, wanted: &str, update: bool) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let range = section(&text).ok_or_else(|| format!("{} lacks {START}{END}", path.display()))?;
    if text[range.clone()] == *wanted {
        return Ok(());
    }
    if !update {
        return Err(format!("{} is stale; wanted between the markers:\n{wanted}", path.display()));
    }
    let text = format!("{}{wanted}{}", &text[..range.start], &text[range.end..]);
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The README of a function.
pub fn readme(function: &Function) -> PathBuf {
    Path::new("functions").join(function.folder).join("README.md")
}

/// The section `Rules` of a function's README.
pub fn of_readme(function: &Function) -> String {
    format!(
        "\n`krmor explain {}/{}` tells why, and what to do. So does [docs/rules.md](../../docs/rules.md),\n\
         which also has the rules of all functions.\n\n{}\n",
        function.kind,
        function.rules[0].id,
        table(function.rules)
    )
}

fn table(rules: &[&Rule]) -> String {
    let row =
        |rule: &&Rule| format!("| `{}` | {} | {} |\n", rule.id, rule.severity.name(), rule.summary.replace('|', "\\|"));
    format!("| rule | severity | says |\n| --- | --- | --- |\n{}", rules.iter().map(row).collect::<String>())
}

/// What `docs/rules.md` has between its markers: the rules of each function, then those that all have.
pub fn page() -> String {
    let entry = |rule: &&Rule| {
        format!("### `{}`\n\n{}. *{}*\n\n{}\n\n", rule.id, rule.summary, rule.severity.name(), wrapped(rule.help))
    };
    let mut out = String::from("\n");
    for function in FUNCTIONS {
        out.push_str(&format!("## {}\n\n{}.\n\n", function.kind, function.summary));
        out.extend(function.rules.iter().map(entry));
    }
    out.push_str("## All functions\n\n");
    out.extend(RULES.iter().map(entry));
    out.push_str("## What the API server refuses\n\n");
    out.push_str(&wrapped(VALIDITY));
    out.push_str("\n\n");
    out.extend(validity::rules::RULES.iter().map(entry));
    out
}

/// Paragraphs in lines of at most 125 characters, as our documents have them.
fn wrapped(text: &str) -> String {
    let paragraph = |text: &str| {
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let line = lines.last_mut().unwrap();
            match line.is_empty() {
                true => line.push_str(word),
                // A word that Markdown would take for an item or a heading does not begin a line.
                false
                    if line.chars().count() + 1 + word.chars().count() <= 125
                        || matches!(word, "-" | "+" | "*" | "#") =>
                {
                    line.push_str(&format!(" {word}"));
                }
                false => lines.push(word.to_owned()),
            }
        }
        lines.join("\n")
    };
    text.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}

/// Every declared rule with the name of its list.
pub fn declared() -> impl Iterator<Item = (&'static str, &'static Rule)> {
    let own = FUNCTIONS.iter().flat_map(|function| function.rules.iter().map(|rule| (function.kind, *rule)));
    own.chain(shared().map(|rule| ("all functions", rule)))
}

/// What is wrong with the texts of a rule.
pub fn faults(rule: &Rule) -> Vec<String> {
    let (id, summary, help) = (rule.id, rule.summary, rule.help);
    let is_capital = |text: &str| text.starts_with(|c: char| c.is_uppercase() || c == '`' || c == '$');
    let ends = |text: &str| text.ends_with(['.', '!', '?', ':', '`', ')']);
    let is_id = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    let checks = [
        (summary.trim().is_empty() || summary.contains("TODO"), "has no summary"),
        (help.trim().is_empty() || help.contains("TODO"), "has no help"),
        (summary.ends_with('.'), "has a summary with a full stop"),
        (summary.contains('\n') || summary.trim() != summary, "has a summary of more than one line"),
        (!is_capital(summary) && !summary.starts_with("krmor "), "has a summary without a capital"),
        (!ends(help), "has a help without an end"),
        (summary == help, "says one thing twice"),
        (!id.split('/').all(is_id), "has an id of other letters"),
        (summary.matches('`').count() % 2 == 1 || help.matches('`').count() % 2 == 1, "has an open backtick"),
    ];
    checks.iter().filter(|(wrong, _)| *wrong).map(|(_, what)| format!("`{id}` {what}")).collect()
}

/// The rules that results of a case may have: those of its config's functions, and those of all.
pub fn known_in(case: &Case) -> BTreeSet<&'static str> {
    let config = case.config();
    let steps = config["spec"]["functions"].as_object().into_iter().flat_map(|map| map.values());
    let kinds: Vec<&str> = std::iter::once(&config).chain(steps).filter_map(|one| one["kind"].as_str()).collect();
    let own = FUNCTIONS.iter().filter(|function| kinds.contains(&function.kind)).flat_map(|function| function.rules);
    own.copied().chain(shared()).map(|rule| rule.id).collect()
}

/// The rules that a case shows.
pub fn shown_in(case: &Case) -> Vec<String> {
    let results: Value = serde_json::from_str(&case.results).unwrap_or_default();
    let results = results.as_array().into_iter().flatten();
    results.filter_map(|result| result["rule"].as_str().map(str::to_owned)).collect()
}

/// The rules of a file that nothing below the folders uses, by the names of their declarations.
pub fn unused(declarations: &Path, folders: &[&str]) -> Vec<String> {
    let text = std::fs::read_to_string(declarations).unwrap();
    let (list, rest) = text.split_once("rules! {").unwrap().1.split_once("\n}\n").unwrap();
    let names: Vec<(&str, &str)> = list.lines().filter_map(|line| line.trim().split_once(" = \"")).collect();
    assert!(!names.is_empty(), "{} declares nothing", declarations.display());
    let mut sources = rest.to_owned();
    for folder in folders {
        read_sources(Path::new(folder), declarations, &mut sources);
    }
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let is_used = |name: &str| {
        sources.match_indices(name).any(|(at, _)| {
            let before = &sources[..at];
            (before.ends_with("::") || before.ends_with('&')) && !sources[at + name.len()..].starts_with(is_letter)
        })
    };
    // `of_check` looks those of the standard's checks up by their ids.
    let unused = names.into_iter().filter(|(name, id)| !id.starts_with("pod-security/") && !is_used(name));
    unused.map(|(name, _)| format!("{}: {name}", declarations.display())).collect()
}

fn read_sources(folder: &Path, but: &Path, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, but, out);
        } else if path.extension().is_some_and(|end| end == "rs") && path != but {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
