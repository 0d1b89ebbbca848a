//! One core, the same bytes: native krmor, the container image, `krmor.wasm` in our runner and in node's WASI,
//! `krmor-kpt.wasm` in kpt's script and in kpt itself, the npm package in node and in Chromium. `make test-wasm` builds what
//! this needs and runs it.

#![allow(unreachable_pub)] // what its files share is seen by none but them

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod host;
mod kpt;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Folder, module, text};
use host::{
    Answer, filter, image, kpts, native, native_package, native_plugin, node, package, plugin, runner, runner_plugin,
};
use serde_json::Value;

/// Fails with the first calls that differ, and says how many do.
fn equal(host: &str, names: &[&str], native: &[Answer], there: &[Answer]) {
    assert_eq!(native.len(), there.len(), "{host}");
    let different: Vec<usize> = (0..native.len()).filter(|&n| native[n] != there[n]).collect();
    for &n in different.iter().take(3) {
        println!("--- {host}: {}\nnative: {:#?}\n{host}: {:#?}", names[n], native[n], there[n]);
    }
    assert!(different.is_empty(), "{host}: {} of {} calls differ", different.len(), native.len());
}

/// Calls that succeed and calls that fail must both be looked at.
fn some_of_each(answers: &[Answer]) {
    let (well, failed): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.code == Some(0));
    assert!(well.len() > 300 && failed.len() > 100, "{} succeed, {} fail", well.len(), failed.len());
}

fn row(host: &str, version: &str, count: usize) {
    println!("| {host:<42} | {version:<16} | {count:>5} | yes   |");
}

fn head() {
    println!(
        "| host                                       | version          | calls | equal |\n| --- | --- | --- | --- |"
    );
}

fn version(command: &str) -> String {
    let out = Command::new(command).arg("--version").output().unwrap_or_else(|error| panic!("{command}: {error}"));
    text(&out.stdout).trim().to_owned()
}

#[test]
fn every_host_gives_the_same_bytes() {
    let calls = calls::all();
    assert!(calls.len() > 700, "only {} calls", calls.len());
    let folder = Folder::new("wasm");
    let version = version("node");
    head();

    // Bare streams: the legacy plugin.
    let bare: Vec<&calls::Call> = calls.iter().filter(|call| call.config.contains("krmor.dev")).collect();
    let names: Vec<&str> = bare.iter().map(|call| call.name.as_str()).collect();
    let inputs: Vec<String> = bare.iter().map(|call| format!("{}{}", call.config, call.stream)).collect();
    let ours: Vec<Answer> = bare.iter().map(|call| native_plugin(&folder, &call.config, &call.stream)).collect();
    some_of_each(&ours);
    let arguments = |call: &calls::Call| vec!["--config-length".to_owned(), call.config.len().to_string()];
    let asked: Vec<_> = bare.iter().zip(&inputs).map(|(call, input)| (arguments(call), input.as_str())).collect();
    equal("WASI", &names, &ours, &node("wasi", &module("krmor.wasm"), None, &asked));
    row("node's WASI, bare streams", &version, asked.len());
    let ask = |call: &&calls::Call| runner_plugin(&folder, &call.config, &call.stream);
    equal("runner", &names, &ours, &bare.iter().map(ask).collect::<Vec<_>>());
    row("krmor wasm run, bare streams", env!("CARGO_PKG_VERSION"), asked.len());
    let ask = |call: &&calls::Call| plugin(Command::new(image()), &folder, &call.config, &call.stream);
    equal("image", &names, &ours, &bare.iter().map(ask).collect::<Vec<_>>());
    row("the image's program, bare streams", env!("CARGO_PKG_VERSION"), asked.len());

    // ResourceLists.
    let lists: Vec<(&str, String)> = calls.iter().filter_map(|call| Some((call.name.as_str(), call.list()?))).collect();
    let names: Vec<&str> = lists.iter().map(|(name, _)| *name).collect();
    let ours: Vec<Answer> = lists.iter().map(|(_, list)| native(&[], list)).collect();
    let asked: Vec<_> = lists.iter().map(|(_, list)| (Vec::new(), list.as_str())).collect();
    equal("WASI", &names, &ours, &node("wasi", &module("krmor.wasm"), None, &asked));
    row("node's WASI, ResourceLists", &version, asked.len());
    let there: Vec<Answer> = lists.iter().map(|(_, list)| runner(list)).collect();
    equal("runner", &names, &ours, &there);
    row("krmor wasm run, ResourceLists", env!("CARGO_PKG_VERSION"), asked.len());
    let there: Vec<Answer> = lists.iter().map(|(_, list)| filter(Command::new(image()), &[], list)).collect();
    equal("image", &names, &ours, &there);
    row("the image's program, ResourceLists", env!("CARGO_PKG_VERSION"), asked.len());
    for kpt in kpts() {
        let script = kpt.script(&folder);
        let there = node("kpt", &module("krmor-kpt.wasm"), Some(&script), &asked);
        // The script prints by `console`, which ends the line once more; standard error ends with the message.
        let ours: Vec<Answer> = ours.iter().map(printed).collect();
        let there: Vec<Answer> =
            there.into_iter().map(|it| Answer { stderr: it.stderr.trim_end().to_owned(), ..it }).collect();
        equal("kpt's script", &names, &ours, &there);
        row("kpt's script in node", &kpt.version, asked.len());
    }
}

/// Output, message and exit code, and what is told besides: native krmor's `--report json` and the list's results.
#[test]
fn the_npm_package_gives_the_same_bytes() {
    let got = Command::new("tests/npm/get").status().expect("tests/npm/get runs");
    assert!(got.success());
    let calls = calls::all();
    let folder = Folder::new("npm");
    let lists: Vec<_> = calls.iter().filter_map(|call| Some((call.name.as_str(), call.list()?))).collect();
    let bare = calls.iter().map(|call| (call.name.as_str(), Some(call.config.as_str()), call.stream.as_str()));
    let bare: Vec<_> = bare.collect();
    let lists: Vec<_> = lists.iter().map(|(name, list)| (*name, None, list.as_str())).collect();
    head();
    for (what, asked) in [("bare streams", bare), ("ResourceLists", lists)] {
        let names: Vec<&str> = asked.iter().map(|(name, ..)| *name).collect();
        let ours: Vec<Answer> =
            asked.iter().map(|(_, config, stream)| native_package(&folder, *config, stream)).collect();
        some_of_each(&ours);
        let calls: Vec<_> = asked
            .iter()
            .map(|(_, config, stream)| (config.iter().map(ToString::to_string).collect(), *stream))
            .collect();
        for (host, place, version) in [
            ("npm", "node", version("node")),
            ("chromium", "Chromium", version("/usr/bin/chromium").replace("Chromium ", "")),
        ] {
            let version = version.split(' ').next().unwrap();
            let there = node(host, &package(), None, &calls);
            let same: Vec<Answer> = ours.iter().zip(&there).map(|(ours, there)| comparable(ours, there)).collect();
            equal(host, &names, &same, &there);
            there.iter().for_each(as_declared);
            row(&format!("the npm package in {place}, {what}"), version, calls.len());
        }
    }
}

/// Results and patches are what `index.d.ts` of the package declares, no more and no less.
fn as_declared(answer: &Answer) {
    let has = |value: &Value, needs: &[&str], may: &[&str]| {
        let fields: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let declared = needs.iter().all(|field| fields.contains(field))
            && fields.iter().all(|field| needs.contains(field) || may.contains(field));
        assert!(declared, "{value}");
    };
    let one_of =
        |value: &Value, words: &[&str]| assert!(value.as_str().is_some_and(|it| words.contains(&it)), "{value}");
    for result in answer.results.as_array().unwrap() {
        has(result, &["message", "severity"], &["resourceRef", "field", "file", "tags"]);
        one_of(&result["severity"], &["error", "warning", "info"]);
        let part = |name: &str| result.get(name).cloned();
        part("resourceRef").iter().for_each(|it| has(it, &["apiVersion", "kind", "name"], &["namespace"]));
        part("field").iter().for_each(|it| has(it, &["path"], &["currentValue", "proposedValue"]));
        part("file").iter().for_each(|it| has(it, &["path", "index"], &[]));
        let Some(tags) = part("tags") else { continue };
        if tags.get("class").is_none() {
            has(&tags, &["rule", "pointer"], &["function"]);
            continue;
        }
        has(&tags, &["function", "rule", "pointer", "class", "op"], &["after"]);
        one_of(&tags["class"], &["added", "raised", "updated", "overridden"]);
        one_of(&tags["op"], &["add", "remove", "replace"]);
    }
    for patch in answer.patches.as_array().into_iter().flatten() {
        let removes = patch["op"] == "remove";
        has(patch, &["document", "op", "path"], if removes { &[] } else { &["value", "after"] });
        assert!(removes || patch.get("value").is_some(), "{patch}");
        one_of(&patch["op"], &["add", "remove", "replace"]);
    }
}

/// A native answer with what only the package tells: the patches of a ResourceList, and why a call was refused that native
/// krmor refuses without a report.
fn comparable(native: &Answer, there: &Answer) -> Answer {
    let mut out = native.clone();
    if out.results.is_null() {
        let refused = native.code != Some(0);
        let told = there.results.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_told =
            |why: &Value| native.stderr.contains(why["message"].as_str().unwrap().split("; ").next().unwrap());
        let told_why = !told.is_empty() && told.iter().all(is_told);
        if told_why == refused && (refused || told.is_empty()) {
            out.results.clone_from(&there.results);
        }
    }
    if out.patches.is_null() && native.code == Some(0) {
        // Each change is a result, too.
        let changes = |result: &&Value| !result["tags"]["class"].is_null();
        let count = out.results.as_array().map_or(0, |results| results.iter().filter(changes).count());
        if there.patches.as_array().is_some_and(|patches| patches.len() == count) {
            out.patches.clone_from(&there.patches);
        }
    }
    out
}

/// A native answer as kpt's script prints it; what is there instead of nothing is looked at in `kpt.rs`.
fn printed(native: &Answer) -> Answer {
    let stderr = native.stderr.trim_end().to_owned();
    let stdout = match native.stdout.is_empty() {
        true => format!("{}\n", quoted(&stderr)),
        false => format!("{}\n", native.stdout),
    };
    Answer { stdout, stderr, code: native.code, ..Answer::default() }
}

fn quoted(message: &str) -> String {
    Value::String(format!("function failed: {message}")).to_string()
}

/// The arguments of `krmor.wasm` are checked as strictly as a config.
#[test]
fn the_command_refuses_what_it_does_not_know() {
    let pod = "apiVersion: v1\nkind: Pod\n";
    let refused: [&[&str]; 7] = [
        &["--config", "x.yaml"],
        &["run"],
        &["--config-length"],
        &["--config-length", "many"],
        &["--config-length", "99999"],
        &["--config-length=3", "--allow-empty"],
        &["--allow-empty=yes"],
    ];
    let calls: Vec<_> = refused.iter().map(|args| (args.iter().map(ToString::to_string).collect(), pod)).collect();
    for (args, answer) in refused.iter().zip(node("wasi", &module("krmor.wasm"), None, &calls)) {
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(answer.stderr.starts_with("error: "), "{args:?}: {}", answer.stderr);
    }
    let list = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: Pod\n  \
                metadata: {name: a}\n  spec: {containers: [{name: a, image: b}]}\n";
    let args = vec!["--function=SecurityContext".to_owned()];
    let there = node("wasi", &module("krmor.wasm"), None, &[(args, list)]);
    assert_eq!(there, [native(&["--function", "SecurityContext"], list)]);
    assert_eq!(there[0].code, Some(0));
}

/// An interpreter's start-up grows with the size of a module.
#[test]
fn the_modules_are_within_their_budget() {
    const BUDGET: u64 = 2_500_000;
    for name in ["krmor.wasm", "krmor-kpt.wasm"] {
        let size = std::fs::metadata(module(name)).unwrap().len();
        println!("{name}: {size} bytes of {BUDGET}");
        assert!(size <= BUDGET, "{name} has {size} bytes, more than {BUDGET}");
    }
}

/// `unsafe` is in few files, whose heads say what makes it sound.
#[test]
fn few_files_are_unsafe() {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && std::fs::read_to_string(&path).unwrap().contains("allow(unsafe_code)")
            {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("src"), &mut found);
    walk(Path::new("functions"), &mut found);
    found.sort();
    assert_eq!(found, [Path::new("src/cli/wasm/cache.rs"), Path::new("src/hosts/go_abi.rs")]);
}
