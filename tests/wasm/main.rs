//! One core, the same bytes: native krmor, `krmor.wasm` in node's WASI, `krmor-kpt.wasm` in kpt's script and in kpt itself.
//! `make test-wasm` builds the modules and runs this.

#![allow(unreachable_pub)] // what its files share is seen by none but them

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod host;
mod kpt;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Folder, text};
use host::{Answer, kpts, module, native, native_plugin, node};

/// Fails with the first calls that differ, and says how many do.
fn equal(host: &str, names: &[&str], native: &[Answer], there: &[Answer]) {
    assert_eq!(native.len(), there.len(), "{host}");
    let different: Vec<usize> = (0..native.len()).filter(|&n| native[n] != there[n]).collect();
    for &n in different.iter().take(3) {
        println!("--- {host}: {}\nnative: {:#?}\n{host}: {:#?}", names[n], native[n], there[n]);
    }
    assert!(different.is_empty(), "{host}: {} of {} calls differ", different.len(), native.len());
}

fn row(host: &str, version: &str, count: usize) {
    println!("| {host:<32} | {version:<16} | {count:>5} | yes   |");
}

#[test]
fn every_host_gives_the_same_bytes() {
    let calls = calls::all();
    assert!(calls.len() > 700, "only {} calls", calls.len());
    let folder = Folder::new("wasm");
    let version = Command::new("node").arg("--version").output().expect("node runs");
    let version = text(&version.stdout).trim().to_owned();
    println!("| host                             | version          | calls | equal |\n| --- | --- | --- | --- |");

    // Bare streams: the legacy plugin.
    let bare: Vec<&calls::Call> = calls.iter().filter(|call| call.config.contains("krmor.dev")).collect();
    let names: Vec<&str> = bare.iter().map(|call| call.name.as_str()).collect();
    let inputs: Vec<String> = bare.iter().map(|call| format!("{}{}", call.config, call.stream)).collect();
    let ours: Vec<Answer> = bare.iter().map(|call| native_plugin(&folder, &call.config, &call.stream)).collect();
    assert!(ours.iter().filter(|answer| answer.code == Some(0)).count() > 300, "hardly any succeeds");
    assert!(ours.iter().filter(|answer| answer.code != Some(0)).count() > 100, "hardly any fails");
    let arguments = |call: &calls::Call| vec!["--config-length".to_owned(), call.config.len().to_string()];
    let asked: Vec<_> = bare.iter().zip(&inputs).map(|(call, input)| (arguments(call), input.as_str())).collect();
    equal("WASI", &names, &ours, &node("wasi", &module("krmor.wasm"), None, &asked));
    row("node's WASI, bare streams", &version, asked.len());

    // ResourceLists.
    let lists: Vec<(&str, String)> = calls.iter().filter_map(|call| Some((call.name.as_str(), call.list()?))).collect();
    let names: Vec<&str> = lists.iter().map(|(name, _)| *name).collect();
    let ours: Vec<Answer> = lists.iter().map(|(_, list)| native(&[], list)).collect();
    let asked: Vec<_> = lists.iter().map(|(_, list)| (Vec::new(), list.as_str())).collect();
    equal("WASI", &names, &ours, &node("wasi", &module("krmor.wasm"), None, &asked));
    row("node's WASI, ResourceLists", &version, asked.len());
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

/// A native answer as kpt's script prints it; what is there instead of nothing is looked at in `kpt.rs`.
fn printed(native: &Answer) -> Answer {
    let stderr = native.stderr.trim_end().to_owned();
    let stdout = match native.stdout.is_empty() {
        true => format!("{}\n", quoted(&stderr)),
        false => format!("{}\n", native.stdout),
    };
    Answer { stdout, stderr, code: native.code }
}

fn quoted(message: &str) -> String {
    serde_json::Value::String(format!("function failed: {message}")).to_string()
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
    const BUDGET: u64 = 1_400_000;
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
