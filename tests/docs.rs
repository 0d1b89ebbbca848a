//! README and CONTRIBUTING are true: every path they name exists, every command runs, what they show is real.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::common::{Folder, cases, copy, krmor, rules, text, tool};
use krmor::functions::FUNCTIONS;
use krmor::yaml;

const DOCS: &[&str] = &["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// Whether a path is one of the repository. What commands make, below these folders, and what a machine has, by an absolute
/// path, need not be there when `make test` runs.
fn is_in_repository(path: &str) -> bool {
    !["/", "~", ".tools/", "target/"].iter().any(|start| path.starts_with(start))
}

/// A fenced block: what stands behind the fence, and the lines in it.
pub(crate) struct Block {
    pub(crate) info: String,
    pub(crate) text: String,
}

/// The blocks of a document, and its prose.
pub(crate) fn read(name: &str) -> (Vec<Block>, String) {
    let (mut blocks, mut prose) = (Vec::new(), String::new());
    let mut open: Option<Block> = None;
    for line in std::fs::read_to_string(name).unwrap().lines() {
        match &mut open {
            None => match line.trim_start().strip_prefix("```") {
                Some(info) => open = Some(Block { info: info.to_owned(), text: String::new() }),
                None => prose.push_str(&format!("{line}\n")),
            },
            Some(_) if line.trim_start() == "```" => blocks.extend(open.take()),
            Some(block) => block.text.push_str(&format!("{line}\n")),
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    (blocks, prose)
}

/// What stands between backticks.
fn code(prose: &str) -> Vec<&str> {
    prose.split('`').skip(1).step_by(2).collect()
}

/// Every file of the checkout that git has or could have.
fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), ".git" | ".tools" | "target") {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

#[test]
fn every_path_exists() {
    let mut all = Vec::new();
    files(Path::new("."), &mut all);
    let is_name = |word: &str| word.chars().all(|c| c.is_alphanumeric() || "._-/<>*".contains(c));
    let is_file = |word: &str| [".rs", ".md", ".yaml", ".toml", ".json"].iter().any(|end| word.ends_with(end));
    let mut count = 0;
    for doc in DOCS {
        let (_, prose) = read(doc);
        let links = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("https://")) {
            count += 1;
            assert!(Path::new(link).exists(), "{doc}: {link} does not exist");
        }
        for word in code(&prose).into_iter().filter(|word| is_name(word) && (word.contains('/') || is_file(word))) {
            let first = word.split('/').next().unwrap();
            if !is_in_repository(word) || first.contains('.') && !first.starts_with('.') && !is_file(first) {
                continue; // the latter: an API group, an annotation
            }
            if FUNCTIONS.iter().any(|function| function.kind == first) {
                continue; // a rule, or a family of rules
            }
            count += 1;
            if !word.contains('/') {
                // A bare name stands for the files that are called so; the README's example writes its own.
                let named = |path: &&PathBuf| {
                    let name = path.file_name().unwrap().to_string_lossy();
                    word.strip_prefix('*').map_or(name == *word, |end| name.ends_with(end))
                };
                let examples = ["web.yaml", "harden.yaml"];
                assert!(examples.contains(&word) || all.iter().any(|path| named(&path)), "{doc}: there is no {word}");
                continue;
            }
            for function in FUNCTIONS {
                let path = word.replace("<name>", function.folder);
                assert!(Path::new(&path).exists(), "{doc}: {path} does not exist");
            }
        }
    }
    assert!(count > 30, "only {count} paths were seen");
}

#[test]
fn every_command_and_flag_of_the_tables_exists() {
    let (_, prose) = read("README.md");
    let mut count = 0;
    // Another build has the others: `tests/runner/` looks at them.
    let ours = |line: &&str| line.starts_with("| `krmor ") && !line.contains("wasm-runner");
    for row in prose.lines().filter(ours) {
        let words = code(row);
        let command: Vec<&str> = words[0].split(' ').skip(1).collect();
        let out = krmor().args(&command).arg("--help").output().unwrap();
        assert!(out.status.success(), "{row}");
        let help = text(&out.stdout);
        for flag in words[1..].iter().flat_map(|word| word.split(' ')).filter(|word| word.starts_with('-')) {
            count += 1;
            assert!(
                help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")),
                "{row}: no {flag}\n{help}"
            );
        }
    }
    assert!(count >= 6, "only {count} flags were seen");
    let help = text(&krmor().arg("--help").output().unwrap().stdout);
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    for command in commands.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        assert!(prose.contains(&format!("| `krmor {command}")), "README.md does not have `krmor {command}`");
    }
}

/// The README's table of functions is the registry's; `UPDATE=1` writes it.
#[test]
fn the_table_of_functions_is_the_registry() {
    let row = |function: &krmor::functions::Function| {
        format!("| [`{}`](functions/{}/README.md) | {} |\n", function.kind, function.folder, function.summary)
    };
    let wanted = FUNCTIONS.iter().map(row).collect::<Vec<_>>().concat();
    let readme = std::fs::read_to_string("README.md").unwrap();
    let start = readme.find("| kind | does |\n| --- | --- |\n").unwrap() + "| kind | does |\n| --- | --- |\n".len();
    let end = start + readme[start..].find("\n\n").unwrap() + 1;
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write("README.md", format!("{}{wanted}{}", &readme[..start], &readme[end..])).unwrap();
    } else {
        assert_eq!(&readme[start..end], wanted, "README.md is stale: UPDATE=1 cargo test --test fast docs:: writes it");
    }
}

/// The READMEs' tables of rules and `docs/rules.md` are the declarations; `UPDATE=1` writes them.
#[test]
fn the_tables_of_rules_are_the_declarations() {
    let update = std::env::var_os("UPDATE").is_some();
    let readmes = FUNCTIONS.iter().map(|function| (rules::readme(function), rules::of_readme(function)));
    let page = (PathBuf::from("docs/rules.md"), rules::page());
    let stale: Vec<String> =
        readmes.chain([page]).filter_map(|(path, wanted)| rules::fill(&path, &wanted, update).err()).collect();
    assert!(stale.is_empty(), "UPDATE=1 cargo test --test fast docs:: writes it:\n{}", stale.join("\n"));
}

#[test]
fn every_rule_says_what_it_means() {
    let faults = |(list, rule)| rules::faults(rule).into_iter().map(move |fault| format!("{list}: {fault}"));
    let faults: Vec<String> = rules::declared().flat_map(faults).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// A function has no rule twice, and none that all functions share.
#[test]
fn ids_of_rules_are_unique() {
    for function in FUNCTIONS {
        assert!(!function.rules.is_empty(), "{} declares no rules", function.kind);
        let mut ids: Vec<&str> =
            function.rules.iter().copied().chain(krmor_core::validity::rules::shared()).map(|rule| rule.id).collect();
        ids.sort_unstable();
        let twice: Vec<&str> = ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        assert!(twice.is_empty(), "{}: {twice:?}", function.kind);
    }
}

#[test]
fn every_rule_that_a_case_shows_is_declared() {
    let (mut count, mut unknown) = (0, Vec::new());
    for case in cases::all() {
        let known = rules::known_in(&case);
        for id in rules::shown_in(&case) {
            count += 1;
            if !known.contains(id.as_str()) {
                unknown.push(format!("{}: {}: {id}", case.file.display(), case.title));
            }
        }
    }
    assert!(unknown.is_empty(), "not declared:\n{}", unknown.join("\n"));
    assert!(count > 200, "only {count} results were seen");
}

#[test]
fn every_declared_rule_is_used() {
    let mut unused = rules::unused(Path::new("crates/core/src/rules.rs"), &["crates/core/src", "functions", "src"]);
    unused.extend(rules::unused(Path::new("crates/core/src/validity/rules.rs"), &["crates/core/src/validity"]));
    for function in FUNCTIONS {
        let folder = format!("functions/{}", function.folder);
        unused.extend(rules::unused(&Path::new(&folder).join("rules.rs"), &[&folder]));
    }
    assert!(unused.is_empty(), "nothing uses:\n{}", unused.join("\n"));
}

/// Runs every `sh` block of the README, in order and in one shell, in a folder that holds the README's `yaml` blocks under
/// the names in their first line. Blocks that call `make` are left out: the tests are a part of that.
#[test]
fn every_command_block_runs() {
    let folder = Folder::new("docs");
    let bin = folder.0.join("bin");
    std::fs::create_dir(&bin).unwrap();
    copy(Path::new("examples"), &folder.0.join("examples"));
    let (blocks, _) = read("README.md");
    for block in blocks.iter().filter(|block| block.info == "yaml") {
        let name =
            block.text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a yaml block names its file");
        folder.write(name, &block.text);
    }
    // The picture first, since later commands change the file.
    let diff = krmor().current_dir(&folder.0).args(["diff", "--config", "harden.yaml", "web.yaml"]).output().unwrap();
    let shown = blocks.iter().find(|block| block.info == "diff").expect("a diff block");
    assert_eq!(text(&diff.stdout), shown.text, "README.md shows another diff");

    let script: Vec<&str> = blocks
        .iter()
        .filter(|block| block.info == "sh")
        .map(|block| block.text.as_str())
        .filter(|text| !text.contains("make "))
        .collect();
    assert!(script.len() >= 4, "only {} blocks", script.len());
    for (name, path) in [
        ("krmor", PathBuf::from(env!("CARGO_BIN_EXE_krmor"))),
        ("kustomize", tool("kustomize")),
        ("kubectl", tool("kubectl")),
    ] {
        std::fs::write(bin.join(name), format!("#!/bin/sh\nexec '{}' \"$@\"\n", path.display())).unwrap();
        let done = Command::new("chmod").arg("+x").arg(bin.join(name)).status().unwrap();
        assert!(done.success());
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.current_dir(&folder.0).env("PATH", path).args(["-euxo", "pipefail", "-c", &script.join("\n")]);
    let out = shell.output().unwrap();
    assert!(out.status.success(), "{}\n{}", text(&out.stderr), text(&out.stdout));
    let stdout = text(&out.stdout);
    assert!(stdout.matches("runAsNonRoot: true").count() >= 3, "{stdout}");
    assert_eq!(stdout.matches(": nothing to change in ").count(), 2, "{stdout}");
}

#[test]
fn every_config_can_be_read() {
    let mut count = 0;
    for doc in DOCS {
        for block in read(doc).0.iter().filter(|block| block.info == "yaml" && block.text.contains("krmor.dev/")) {
            let documents = yaml::parse(&Arc::new(block.text.clone())).unwrap();
            krmor::config::read(documents[0].root(), None)
                .unwrap_or_else(|error| panic!("{doc}: {}", crate::common::told(&error)));
            count += 1;
        }
    }
    assert!(count > 0);
}

/// What a make target does is said in README or CONTRIBUTING only of targets that there are.
#[test]
fn every_make_target_exists() {
    let makefile = std::fs::read_to_string("Makefile").unwrap();
    for doc in DOCS {
        let text = std::fs::read_to_string(doc).unwrap();
        for target in text
            .split("make ")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next())
        {
            if text.contains(&format!("`make {target}`")) || text.contains(&format!("\nmake {target} ")) {
                assert!(makefile.contains(&format!("\n{target}:")), "{doc}: the Makefile has no {target}");
            }
        }
    }
}
