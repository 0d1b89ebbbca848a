//! `krmor list`, `krmor explain` and `krmor schema`: what krmor tells of itself is what it does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{cases, krmor, text};
use krmor::functions::FUNCTIONS;
use krmor::{schema, yaml};
use serde_json::{Value, json};

/// Standard output of a call that succeeds.
#[track_caller]
fn out(args: &[&str]) -> String {
    let out = krmor().args(args).output().unwrap();
    assert_eq!((out.status.code(), text(&out.stderr).as_str()), (Some(0), ""), "{args:?}");
    text(&out.stdout)
}

/// Standard error of a call that is refused.
#[track_caller]
fn refused(args: &[&str]) -> String {
    let out = krmor().args(args).output().unwrap();
    assert_eq!((out.status.code(), text(&out.stdout).as_str()), (Some(2), ""), "{args:?}");
    text(&out.stderr)
}

// ---- list ----

#[test]
fn the_list_is_the_registry() {
    let listed = out(&["list"]);
    let mut lines = listed.lines();
    assert!(lines.next().unwrap().starts_with("KIND "));
    for function in FUNCTIONS {
        let line = lines.next().unwrap();
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some(function.kind));
        assert_eq!(words.next(), Some(function.phase.name()));
        assert!(line.ends_with(function.summary), "{line}");
    }
    assert_eq!(lines.next(), None);
    let json: Value = serde_json::from_str(&out(&["list", "--format", "json"])).unwrap();
    let kinds: Vec<&str> = json.as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, FUNCTIONS.iter().map(|function| function.kind).collect::<Vec<_>>());
    for one in json.as_array().unwrap() {
        assert!(Path::new(one["documentation"].as_str().unwrap()).is_file(), "{one}");
        assert!(one["phase"].is_string() && one["summary"].is_string() && one["apiVersion"] == "krmor.dev/v1alpha1");
    }
}

// ---- explain ----

#[test]
fn a_field_is_explained_with_type_bounds_and_description() {
    let head = "GROUP:      krmor.dev\nKIND:       SecurityContext\nVERSION:    v1alpha1\n\n";
    let wanted = format!(
        "{head}FIELD: writablePaths.sizeLimit <string> -required-\nPATTERN: ^[0-9]+(\\.[0-9]+)?([KMGTPE]i|[kMGTPE])?$\n\n\
         DESCRIPTION:\n    Most that the emptyDir may hold, as a quantity of bytes such as `64Mi`; the pod is evicted above\n    it.\n"
    );
    assert_eq!(out(&["explain", "SecurityContext.writablePaths.sizeLimit"]), wanted);
    // A path as messages write it is the same field.
    assert_eq!(out(&["explain", "SecurityContext.spec.writablePaths[0].sizeLimit"]), wanted);

    let user = out(&["explain", "SecurityContext.runAsUser"]);
    assert!(user.contains("FIELD: runAsUser <integer>\nMIN: 1\nMAX: 2147483647\n\nDESCRIPTION:\n"), "{user}");
    let level = out(&["explain", "SecurityContext.level"]);
    assert!(level.contains("ENUM:\n    baseline  Prevents known privilege escalations.\n    restricted  "), "{level}");
    let flag = out(&["explain", "SecurityContext.readOnlyRootFilesystem"]);
    assert!(flag.contains("<boolean>\nDEFAULT: false\n"), "{flag}");
    // Lists and what is in them are passed through.
    let item = out(&["explain", "SecurityContext.exceptions.target.containers"]);
    assert!(item.contains("FIELD: exceptions.target.containers <[]string>\n"), "{item}");
    let list = out(&["explain", "SecurityContext.writablePaths"]);
    assert!(list.contains("\nFIELDS:\n  path\t<string> -required-\n  pattern: ^/.\n    Absolute path"), "{list}");
}

#[test]
fn a_kind_is_explained_with_its_fields_documentation_and_an_example() {
    for kind in schema::kinds() {
        let shown = out(&["explain", kind]);
        assert!(shown.contains(&format!("\nKIND:       {kind}\n")), "{shown}");
        assert!(shown.contains("\nFIELDS:\n  "), "{shown}");
        let place = shown.split("\nDOCUMENTATION:\n    ").nth(1).unwrap().lines().next().unwrap();
        assert!(Path::new(place).is_file(), "{kind}: {place}");
        let example = shown.split("\nEXAMPLE:\n").nth(1).unwrap();
        let example: String = example.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap())).collect();
        let documents = yaml::parse(&Arc::new(example.clone())).unwrap();
        krmor::config::read(documents[0].root(), None)
            .unwrap_or_else(|error| panic!("{kind}: {}\n{example}", crate::common::told(&error)));
    }
    let pipeline = out(&["explain", "Pipeline"]);
    for line in ["  failOn\t<string>\n  enum: error, warning\n", "  functions\t<map[string]object> -required-\n"] {
        assert!(pipeline.contains(line), "{pipeline}");
    }
    let rows = out(&["explain", "Pipeline.podTemplates"]);
    assert!(
        rows.contains("FIELD: podTemplates <[]object>") && rows.contains("\n  ignore\t<boolean>\n  default: false\n")
    );
    let spec = out(&["explain", "Pipeline.functions.spec"]);
    assert!(spec.contains("`krmor explain SecurityContext`"), "{spec}");
}

/// Every field of every spec can be asked for, by the path that `--recursive` shows.
#[test]
fn every_field_can_be_explained() {
    let mut count = 0;
    for kind in schema::kinds() {
        let tree = out(&["explain", kind, "--recursive"]);
        let mut path: Vec<&str> = Vec::new();
        let fields = tree.split("\nFIELDS:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        for line in fields.lines() {
            let depth = (line.len() - line.trim_start().len()) / 2;
            let (name, kind_of_value) = line.trim_start().split_once('\t').unwrap();
            path.truncate(depth - 1);
            path.push(name);
            let what = format!("{kind}.{}", path.join("."));
            let shown = out(&["explain", &what]);
            let head = format!("FIELD: {} {kind_of_value}\n", path.join("."));
            assert!(shown.contains(&head), "{what}: {head}\n{shown}");
            let about = shown.split("DESCRIPTION:\n").nth(1).unwrap();
            assert!(about.starts_with("    ") && about.len() > 10, "{what} is not described\n{shown}");
            count += 1;
        }
    }
    assert!(count > 30, "only {count} fields");
}

#[test]
fn what_is_not_there_is_a_usage_error_with_the_nearest() {
    for (what, message) in [
        ("Securitycontext", "error: there is no kind `Securitycontext`; did you mean `SecurityContext`?\n"),
        ("Pipelin.functions", "error: there is no kind `Pipelin`; did you mean `Pipeline`?\n"),
        ("SecurityContext.levle", "error: SecurityContext has no field `levle`; did you mean `level`?\n"),
        (
            "SecurityContext.writablePaths.size",
            "error: SecurityContext.writablePaths has no field `size`; did you mean `sizeLimit`?\n",
        ),
        (
            "SecurityContext.writablePaths.quota",
            "error: SecurityContext.writablePaths has no field `quota`; the fields are: path, sizeLimit, name, seed, command\n",
        ),
        (
            "SecurityContext.targets[0].nam.x",
            "error: SecurityContext.targets has no field `nam`; did you mean `name`?\n",
        ),
        ("SecurityContext.level.x", "error: SecurityContext.level <string> has no fields, so no `x`\n"),
    ] {
        assert_eq!(refused(&["explain", what]), message);
    }
}

// ---- explain a rule ----

/// A part of what is said of a rule.
fn part<'a>(shown: &'a str, title: &str) -> &'a str {
    shown.split_once(&format!("\n{title}:\n")).unwrap_or_else(|| panic!("no {title}: {shown}")).1
}

#[test]
fn a_rule_is_explained_from_its_declaration() {
    let shown = out(&["explain", "SecurityContext/conflict/privileged"]);
    let head = "RULE:      SecurityContext/conflict/privileged\nSEVERITY:  error\nFUNCTION:  SecurityContext\n\nSUMMARY:\n    ";
    assert!(shown.starts_with(head), "{shown}");
    let change = "CHANGE:\n    In the spec of SecurityContext, for all findings (error, warning, info, off):\n\n        \
         severities: {conflict/privileged: warning}\n\n    or for some objects:\n\n        \
         exceptions:\n        - target: {kind: Deployment, name: web}\n          rules: [conflict/privileged]\n          \
         reason: why it is meant\n";
    assert!(shown.ends_with(change), "{shown}");
    assert_eq!(out(&["explain", "conflict/privileged"]), shown);
}

/// Every rule can be asked for as SARIF names it, and what it says can be written into a config.
#[test]
fn every_rule_is_explained_and_can_be_changed_as_it_says() {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for function in FUNCTIONS {
        for rule in function.rules {
            let shown = out(&["explain", &format!("{}/{}", function.kind, rule.id)]);
            let about = part(&shown, "SUMMARY").split_once("\nDESCRIPTION:\n").unwrap();
            assert_eq!(words(about.0), words(rule.summary));
            assert_eq!(words(about.1.split_once("\nCHANGE:\n").unwrap().0), words(rule.help));
            assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
            let lines = part(&shown, "CHANGE").lines().filter_map(|line| line.strip_prefix("        "));
            let spec: String = lines.map(|line| format!("  {line}\n")).collect();
            // Only these fields of the spec: others that a function asks for may be missing.
            let spec = value(&format!("spec:\n{spec}"));
            let problems = function.configure(&spec["spec"]).err().unwrap_or_default();
            let wrong: Vec<String> = problems.iter().map(|problem| format!("{problem:?}")).collect();
            assert!(!wrong.iter().any(|one| one.contains("severities") || one.contains("exceptions")), "{wrong:?}");
        }
    }
}

/// A rule that all functions have is told of once, by any of their names.
#[test]
fn shared_rules_are_explained_once() {
    for rule in krmor_core::validity::rules::shared() {
        let shown = out(&["explain", rule.id]);
        let head = format!("RULE:      {}\nSEVERITY:  {}\nFUNCTION:  all\n", rule.id, rule.severity.name());
        assert!(shown.starts_with(&head), "{shown}");
        let change = part(&shown, "CHANGE");
        match krmor_core::rules::RULES.contains(&rule) {
            true => assert_eq!(change, "    It cannot be changed.\n"),
            false => assert!(change.starts_with("    In the spec of any function, for all findings"), "{shown}"),
        }
        for kind in FUNCTIONS.iter().map(|function| function.kind).chain(["Pipeline"]) {
            assert_eq!(out(&["explain", &format!("{kind}/{}", rule.id)]), shown);
        }
    }
}

/// An id that several functions have is told of as each of them has it.
#[test]
fn a_bare_id_is_that_of_every_function_that_has_it() {
    for function in FUNCTIONS {
        for rule in function.rules {
            let having: Vec<&str> =
                FUNCTIONS.iter().filter(|one| one.rules.contains(rule)).map(|one| one.kind).collect();
            if having.len() == 1 && *rule != function.rules[0] {
                continue;
            }
            let shown = out(&["explain", rule.id]);
            assert_eq!(shown.matches("RULE:      ").count(), having.len());
            assert!(having.iter().all(|kind| shown.contains(&format!("RULE:      {kind}/{}\n", rule.id))), "{shown}");
            let others = having.iter().filter(|kind| **kind != function.kind).copied().collect::<Vec<_>>().join(", ");
            assert_eq!(shown.contains(" (also, with a text of its own: "), !others.is_empty());
        }
    }
}

/// The ids of a list.
fn ids(args: &[&str]) -> Vec<String> {
    let listed = out(args);
    let mut lines = listed.lines();
    assert_eq!(lines.next().unwrap().split_whitespace().collect::<Vec<_>>(), ["RULE", "SEVERITY", "SAYS"]);
    lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn families_and_all_rules_are_listed() {
    let own = FUNCTIONS
        .iter()
        .flat_map(|function| function.rules.iter().map(move |rule| (format!("{}/{}", function.kind, rule.id), *rule)));
    let all: Vec<(String, &krmor::report::Rule)> =
        own.chain(krmor_core::validity::rules::shared().map(|rule| (rule.id.to_owned(), rule))).collect();
    let listed = out(&["explain", "rules"]);
    assert_eq!(listed.lines().count(), all.len() + 1);
    for (line, (name, rule)) in listed.lines().skip(1).zip(&all) {
        let rest = line.strip_prefix(name.as_str()).unwrap_or_else(|| panic!("{line}: not {name}")).trim_start();
        let says = rest.strip_prefix(rule.severity.name()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(says.trim_start(), rule.summary);
    }
    let with = |start: &str| -> Vec<String> {
        all.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with(start)).collect()
    };
    assert_eq!(ids(&["explain", "Checks/secrets/*"]), with("Checks/secrets/"));
    assert_eq!(ids(&["explain", "secrets/*"]), with("Checks/secrets/"));
    assert_eq!(ids(&["explain", "conflict/*"]), with("SecurityContext/conflict/"));
    assert_eq!(ids(&["explain", "Checks/*"]), with("Checks/"));
    let shared: Vec<&str> = krmor_core::validity::rules::shared().map(|rule| rule.id).collect();
    assert_eq!(ids(&["explain", "Pipeline/*"]), shared);
}

#[test]
fn a_rule_that_is_not_there_is_a_usage_error_with_the_nearest() {
    for (what, hint) in [
        ("conflict/privilegd", "did you mean `conflict/privileged`?"),
        ("SecurityContext/conflict/privilegd", "did you mean `SecurityContext/conflict/privileged`?"),
        ("unmatched-targt", "did you mean `unmatched-target`?"),
        ("Probes/unmatched-targt", "did you mean `Probes/unmatched-target`?"),
        ("Checks/secrets", "did you mean `Checks/secrets/*`?"),
        ("Checks/secret/*", "did you mean `Checks/secrets/*`?"),
        ("secrets", "did you mean `secrets/*`?"),
        ("Checks/conflict/privileged", "did you mean `SecurityContext/conflict/privileged`?"),
        ("Checks/nothing-like-it", "`krmor explain 'Checks/*'` lists them"),
        ("Checks/", "`krmor explain 'Checks/*'` lists them"),
        ("nothing-like-it", "`krmor explain rules` lists them"),
        ("x/*", "`krmor explain rules` lists them"),
        ("/", "`krmor explain rules` lists them"),
    ] {
        assert_eq!(refused(&["explain", what]), format!("error: there is no rule `{what}`; {hint}\n"));
    }
    assert_eq!(
        refused(&["explain", "Chekcs/secrets/env"]),
        "error: there is no kind `Chekcs`; did you mean `Checks`?\n"
    );
}

// ---- schema ----

/// A file's or a case's config as a value.
fn value(config: &str) -> Value {
    yaml::parse(&Arc::new(config.to_owned())).unwrap().first().and_then(|document| document.root().to_value()).unwrap()
}

/// Every config that the repository shows: the cases of READMEs, and the examples.
fn configs() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = cases::all()
        .into_iter()
        .map(|case| (format!("{}: {}", case.file.display(), case.title), case.config))
        .collect();
    let mut open = vec![PathBuf::from("examples")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.file_name().is_some_and(|name| name == "krmor.yaml") {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// What krmor reads, the schemas for editors accept: the one for all kinds, and the kind's own.
#[test]
fn every_config_that_is_read_fits_the_schema() {
    let any = jsonschema::draft7::new(&serde_json::from_str(&out(&["schema"])).unwrap()).unwrap();
    let (mut fit, mut examples) = (0, 0);
    for (name, config) in configs() {
        let documents = yaml::parse(&Arc::new(config.clone())).unwrap();
        if krmor::config::read(documents[0].root(), None).is_err() {
            continue;
        }
        let config = value(&config);
        if let Err(error) = any.validate(&config) {
            panic!("{name}: {error}");
        }
        let one = out(&["schema", config["kind"].as_str().unwrap()]);
        let one = jsonschema::draft7::new(&serde_json::from_str(&one).unwrap()).unwrap();
        if let Err(error) = one.validate(&config) {
            panic!("{name}, by its own kind: {error} at {}", error.instance_path());
        }
        fit += 1;
        examples += usize::from(name.starts_with("examples"));
    }
    assert!(fit > 15 && examples >= 2, "only {fit} configs, {examples} of examples");
}

#[test]
fn wrong_configs_do_not_fit_the_schema() {
    let any = jsonschema::draft7::new(&schema::any()).unwrap();
    let right = json!({
        "apiVersion": "krmor.dev/v1alpha1", "kind": "Pipeline", "metadata": {"name": "x", "labels": {"a": "b"}},
        "spec": {"functions": {"harden": {"kind": "SecurityContext", "spec": {"level": "baseline", "runAsUser": 5}}}},
    });
    assert!(any.is_valid(&right));
    let wrong = [
        ("/apiVersion", json!("krmor.dev/v1")),
        ("/kind", json!("Pipelin")),
        ("/kind", json!("SecurityContext")),
        ("/spec", json!({})),
        ("/spec", json!(null)),
        ("/spec/functions", json!({})),
        ("/spec/functions", json!([])),
        ("/spec/failOn", json!("never")),
        ("/spec/levle", json!(1)),
        ("/spec/functions/harden/kind", json!("SecurityContex")),
        ("/spec/functions/harden/spec/levle", json!("baseline")),
        ("/spec/functions/harden/spec/level", json!("strict")),
        ("/spec/functions/harden/spec/runAsUser", json!(0)),
        ("/spec/functions/harden/spec/runAsUser", json!("1000")),
        ("/spec/functions/harden/spec/targets", json!({"name": "x"})),
        ("/spec/functions/harden/spec/writablePaths", json!([{"path": "/tmp"}])),
        ("/spec/functions/harden/spec/writablePaths", json!([{"path": "tmp", "sizeLimit": "1Mi"}])),
        ("/spec/podTemplates", json!([{"group": "x"}])),
        ("/argsOneLiner", json!("x")),
    ];
    for (pointer, value) in wrong {
        let mut config = right.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        config.pointer_mut(parent).unwrap()[key] = value.clone();
        assert!(!any.is_valid(&config), "{pointer}: {value} is accepted");
    }
    // A spec whose fields may all be left out may be left out itself, and be empty.
    for spec in [json!({}), json!(null)] {
        let mut config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "SecurityContext"});
        assert!(any.is_valid(&config));
        config["spec"] = spec;
        assert!(any.is_valid(&config), "{config}");
    }
}

/// Draft-07, which every release of yaml-language-server reads; and references that lead somewhere.
#[test]
fn the_schemas_are_whole() {
    for kind in schema::kinds().map(Some).chain([None]) {
        let args: Vec<&str> = std::iter::once("schema").chain(kind).collect();
        let schema: Value = serde_json::from_str(&out(&args)).unwrap();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        jsonschema::draft7::meta::validate(&schema).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let mut open = vec![&schema];
        while let Some(node) = open.pop() {
            if let Some(target) = node["$ref"].as_str() {
                assert!(schema.pointer(&target[1..]).is_some(), "{kind:?}: {target} leads nowhere");
            }
            open.extend(node.as_object().into_iter().flat_map(|map| map.values()));
            open.extend(node.as_array().into_iter().flatten());
        }
    }
    assert!(refused(&["schema", "Probe"]).starts_with("error: there is no kind `Probe`; "));
}

#[test]
fn the_definition_is_the_one_in_the_functions_folder() {
    let mut all = Vec::new();
    for function in FUNCTIONS {
        let file = std::fs::read_to_string(format!("functions/{}/definition.yaml", function.folder)).unwrap();
        let (comment, definition) = file.split_once('\n').unwrap();
        assert!(comment.starts_with('#'));
        assert_eq!(out(&["schema", function.kind, "--definition"]), definition);
        all.push(definition.to_owned());
    }
    assert_eq!(out(&["schema", "--definition"]), all.join("---\n"));
    assert!(refused(&["schema", "Pipeline", "--definition"]).contains("no function of its own"));
}

// ---- completions and manual pages ----

#[test]
fn completions_and_manual_pages_know_every_command() {
    let help = out(&["--help"]);
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: Vec<&str> = commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 8, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = out(&["install", "completions", shell]);
        for word in commands.iter().copied().chain(["allow-empty", "format"]) {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    let folder = crate::common::Folder::new("man");
    let directory = folder.0.join("man1");
    out(&["install", "man", "--directory", directory.to_str().unwrap()]);
    for command in commands.iter().filter(|command| **command != "help") {
        let page = std::fs::read_to_string(directory.join(format!("krmor-{command}.1"))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH OPTIONS"), "{command}");
    }
    let page = out(&["install", "man"]);
    assert_eq!(page, std::fs::read_to_string(directory.join("krmor.1")).unwrap());
    assert!(page.contains("Exit codes: 0 ok"), "{page}");
    let written = out(&["install", "completions", "fish", "--directory", directory.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(written.trim()).unwrap(), out(&["install", "completions", "fish"]));
}

/// bash reads its script, and completes a command by it.
#[test]
fn bash_completes_by_the_script() {
    let folder = crate::common::Folder::new("bash");
    let script = folder.write("krmor.bash", out(&["install", "completions", "bash"]));
    let ask = "source \"$0\"; COMP_WORDS=(krmor exp); COMP_CWORD=1; _krmor krmor exp krmor; echo \"${COMPREPLY[@]}\"";
    let done = std::process::Command::new("bash").args(["-c", ask]).arg(script).output().unwrap();
    assert_eq!((text(&done.stdout).as_str(), text(&done.stderr).as_str()), ("explain\n", ""));
}
