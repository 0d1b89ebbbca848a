//! krmor through stock kustomize and kubectl, on every example. `UPDATE=1` writes the expected files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use crate::common::apps::overlays;
use crate::common::{Folder, copy, krmor, pipe, text, tool};
use krmor::report::Report;
use krmor::stream::Stream;
use krmor::yaml::{self, print};
use serde_json::Value;

/// A plugin home with krmor's links in it.
fn plugin_home(name: &str) -> Folder {
    let home = Folder::new(name);
    let out = krmor().args(["install", "kustomize", "--home"]).arg(&home.0).output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    home
}

fn build(mut command: Command, home: &Path, overlay: &Path, flags: &[&str]) -> Output {
    command.arg(overlay).arg("--enable-alpha-plugins").args(flags).env("KUSTOMIZE_PLUGIN_HOME", home).output().unwrap()
}

fn kustomize() -> Command {
    let mut command = Command::new(tool("kustomize"));
    command.arg("build");
    command
}

fn kubectl() -> Command {
    let mut command = Command::new(tool("kubectl"));
    command.arg("kustomize");
    command
}

fn succeeded(out: &Output) -> String {
    assert!(out.status.success(), "{}", text(&out.stderr));
    text(&out.stdout)
}

fn objects(stream: &str) -> Vec<Value> {
    let documents = yaml::parse(&Arc::new(stream.to_owned())).unwrap();
    let mut out: Vec<Value> = documents.iter().filter_map(|d| d.root().to_value()).collect();
    // By what names them: their texts differ in the order of keys.
    let id = |object: &Value| {
        ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"]
            .map(|at| object.pointer(at).cloned().unwrap_or_default().to_string())
    };
    out.sort_by_key(id);
    out
}

fn expect(path: &Path, content: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, content).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(there, content, "{} differs: UPDATE=1 writes it", path.display());
}

/// A copy of an example whose overlays can be changed.
fn copied(overlay: &Path, folder: &Folder) -> PathBuf {
    let example = overlay.parent().unwrap().parent().unwrap();
    let target = folder.0.join(example.file_name().unwrap());
    copy(example, &target);
    target.join("overlays").join(overlay.file_name().unwrap())
}

/// The overlay's objects before krmor sees them.
fn unhardened(overlay: &Path) -> String {
    let folder = Folder::new(&format!("bare-{}", overlay.file_name().unwrap().to_string_lossy()));
    let overlay = copied(overlay, &folder);
    let file = overlay.join("kustomization.yaml");
    let kustomization = std::fs::read_to_string(&file).unwrap();
    let cut = kustomization.replace("transformers:\n  - krmor.yaml\n", "");
    assert_ne!(cut, kustomization, "{}: no transformers entry to remove", file.display());
    std::fs::write(&file, cut).unwrap();
    succeeded(&build(kustomize(), Path::new("/nowhere"), &overlay, &[]))
}

#[test]
fn every_overlay_gives_what_it_is_expected_to() {
    let home = plugin_home("expected");
    for overlay in overlays() {
        let out = succeeded(&build(kustomize(), &home.0, &overlay, &[]));
        expect(&overlay.join("expected.yaml"), &out);
        // What was done and why, as a caller that keeps results would see it.
        let config = std::fs::read_to_string(overlay.join("krmor.yaml")).unwrap();
        let config = yaml::parse(&Arc::new(config)).unwrap();
        let pipeline = krmor::config::read(config.first().unwrap().root(), None).unwrap();
        let mut stream = Stream::parse(&Arc::new(unhardened(&overlay))).unwrap();
        let mut report = Report::default();
        pipeline.run(&mut stream, &mut report);
        assert_eq!(objects(&stream.render()), objects(&out), "{}: not what kustomize gives", overlay.display());
        let mut results = String::from(
            "# What krmor reports for this overlay; written by `UPDATE=1 cargo test --test fast kustomize::`.\n",
        );
        print::write_document(
            &mut results,
            &Value::Array(krmor::krm::results(&stream, &report)),
            print::Layout::default(),
        );
        expect(&overlay.join("results.yaml"), &results);
    }
}

#[test]
fn kubectl_gives_the_same_objects() {
    let home = plugin_home("kubectl");
    for overlay in overlays() {
        let ours = succeeded(&build(kustomize(), &home.0, &overlay, &[]));
        let theirs = succeeded(&build(kubectl(), &home.0, &overlay, &[]));
        assert_eq!(objects(&theirs), objects(&ours), "{}", overlay.display());
    }
}

/// Fail closed: no plugin, no output.
#[test]
fn without_the_plugin_the_build_fails() {
    let empty = Folder::new("no-plugins");
    for command in [kustomize(), kubectl()] {
        let out = build(command, &empty.0, &overlays()[0], &[]);
        assert!(!out.status.success());
        assert_eq!(text(&out.stdout), "");
    }
}

/// The KRM exec route: the same objects with `--enable-exec`; without it stock kustomize skips krmor in silence, and
/// `krmor check` is what finds out.
#[test]
fn the_exec_route_gives_the_same_objects_and_check_finds_the_silent_skip() {
    let home = plugin_home("exec");
    let krmor_path = env!("CARGO_BIN_EXE_krmor");
    for overlay in overlays() {
        let hardened = succeeded(&build(kustomize(), &home.0, &overlay, &[]));
        let folder = Folder::new(&format!("exec-{}", overlay.file_name().unwrap().to_string_lossy()));
        let copy = copied(&overlay, &folder);
        let file = copy.join("krmor.yaml");
        let config = std::fs::read_to_string(&file).unwrap();
        let annotation = format!(
            "metadata:\n  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: {krmor_path}\n"
        );
        std::fs::write(&file, config.replacen("metadata:\n", &annotation, 1)).unwrap();
        let out = build(kustomize(), Path::new("/nowhere"), &copy, &["--enable-exec"]);
        assert_eq!(text(&out.stderr), "", "a successful function says nothing");
        assert_eq!(objects(&succeeded(&out)), objects(&hardened), "{}", overlay.display());

        let skipped = succeeded(&build(kustomize(), Path::new("/nowhere"), &copy, &[]));
        assert_ne!(objects(&skipped), objects(&hardened), "stock kustomize no longer skips in silence: tell the docs");
        let check = |stream: &str| {
            pipe(krmor().args(["check", "--config"]).arg(overlay.join("krmor.yaml")).arg("-"), stream.as_bytes())
                .status
                .code()
        };
        assert_eq!((check(&skipped), check(&hardened)), (Some(1), Some(0)), "{}", overlay.display());
    }
}

/// A krmor error stops the build and reaches the user, with the config's own name.
#[test]
fn an_error_stops_the_build_and_is_shown() {
    let home = plugin_home("error");
    let folder = Folder::new("error-overlay");
    let copy = copied(Path::new("examples/antwort/overlays/dev"), &folder);
    let file = copy.join("krmor.yaml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("level: restricted", "levle: restricted")).unwrap();
    for command in [kustomize(), kubectl()] {
        let out = build(command, &home.0, &copy, &[]);
        assert!(!out.status.success());
        assert_eq!(text(&out.stdout), "");
        let message = text(&out.stderr);
        assert!(message.contains("Pipeline harden") && message.contains("did you mean `level`?"), "{message}");
    }
}

/// `kustomize fn run` hands over ConfigMaps as they are written: numbers and booleans without quotes, and validators.
#[test]
fn fn_run_takes_numbers_and_checks() {
    let folder = Folder::new("fn-run");
    let pod = "# kept\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: a, image: b} # here\n";
    folder.write("pkg/web.yaml", pod);
    let run = |data: &str| {
        let krmor = env!("CARGO_BIN_EXE_krmor");
        let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fn\n  annotations:\n    config.kubernetes.io/function: |\n";
        folder.write(
            "fn/fn.yaml",
            format!("{head}      exec: {{path: {krmor}}}\ndata:\n  function: SecurityContext\n{data}"),
        );
        let mut command = Command::new(tool("kustomize"));
        command.args(["fn", "run", "pkg", "--fn-path", "fn", "--enable-exec"]).current_dir(&folder.0);
        let out = command.output().unwrap();
        (out.status.success(), text(&out.stderr), std::fs::read_to_string(folder.0.join("pkg/web.yaml")).unwrap())
    };
    let data = "  runAsUser: 10001\n  userNamespaces: true\n";
    let (passed, said, after) = run(&format!("{data}  check: true\n"));
    assert!(!passed && said.contains("would be added"), "{said}");
    assert_eq!(after, pod, "a validator changes nothing");
    let (passed, said, hard) = run(data);
    assert!(passed, "{said}");
    assert!(
        hard.contains("runAsUser: 10001") && hard.contains("hostUsers: false") && hard.starts_with("# kept\n"),
        "{hard}"
    );
    let (passed, said, after) = run(&format!("{data}  check: true\n"));
    assert!(passed, "{said}");
    assert_eq!(after, hard);
    let (passed, said, after) = run("  runAsUser: 010001\n");
    assert!(!passed && said.contains("quote it: `\"010001\"`"), "{said}");
    assert_eq!(after, hard);
}
