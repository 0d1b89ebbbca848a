//! Stock kpt: what passes is what native krmor gives, what fails stops the pipeline, and the package always survives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::calls::examples;
use crate::common::registry::Registry;
use crate::common::{Folder, copy, krmor, module, text, tool};
use crate::host::{Kpt, kpts};

/// The files of a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), std::fs::read_to_string(&path).unwrap())),
        }
    }
    found.into_iter().map(|(path, text)| (path.strip_prefix(folder).unwrap_or(&path).to_owned(), text)).collect()
}

/// A package, and temporary files of its own.
struct Package {
    folder: Folder,
}

impl Package {
    fn new(manifests: &str) -> Self {
        let folder = Folder::new("wasm-kpt");
        folder.write("package/app.yaml", manifests);
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.0.join("package")
    }

    fn files(&self) -> BTreeMap<PathBuf, String> {
        files(&self.path())
    }

    /// `kpt fn eval` with a config.
    fn eval(&self, kpt: &Kpt, exec: &str, config: &str, more: &[&str]) -> Output {
        let config = self.folder.write("config.yaml", config);
        let results = self.folder.0.join("results");
        std::fs::create_dir_all(&results).unwrap();
        let mut command = kpt.command(&self.folder.0);
        command.args(["fn", "eval"]).arg(self.path()).arg("--fn-config").arg(config).arg("--results-dir").arg(results);
        command.args(["--truncate-output=false", "--exec", exec]).args(more);
        if exec.ends_with(".wasm") {
            command.arg("--allow-alpha-wasm");
        }
        command.output().unwrap()
    }

    fn results(&self) -> String {
        std::fs::read_to_string(self.folder.0.join("results/results.yaml")).unwrap_or_default()
    }
}

fn native() -> String {
    krmor().get_program().to_string_lossy().into_owned()
}

fn wasm() -> String {
    module("krmor-kpt.wasm").display().to_string()
}

/// Results without what tells the two runs apart: how the function was called.
fn same(results: &str) -> String {
    let tells = |line: &&str| !["exec:", "execPath:", "stderr:"].iter().any(|key| line.contains(key));
    results.lines().filter(tells).collect::<Vec<_>>().join("\n")
}

const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: harden}\nspec: {}\n";
const APP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web # the shop's front door
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: \"nginx:1.27\" # bumped by the release job
";

/// Law 6 through kpt itself, over every overlay of the examples.
#[test]
fn kpt_gives_the_same_package_by_exec_and_by_wasm() {
    for kpt in kpts() {
        let mut count = 0;
        for example in examples() {
            let packages = [native(), wasm()].map(|exec| {
                let package = Package::new(&example.stream);
                let out = package.eval(&kpt, &exec, &example.config, &[]);
                assert!(out.status.success(), "{} {}: {}", kpt.version, example.name, text(&out.stderr));
                assert_ne!(package.files()[Path::new("app.yaml")], example.stream, "{}", example.name);
                package
            });
            let [exec, wasm] = &packages;
            assert_eq!(exec.files(), wasm.files(), "{} {}", kpt.version, example.name);
            assert!(!exec.results().is_empty());
            assert_eq!(same(&exec.results()), same(&wasm.results()), "{} {}", kpt.version, example.name);
            count += 1;
        }
        crate::row("kpt fn eval, exec and WASM", &kpt.version, count);
    }
}

/// Whatever goes wrong: kpt fails, says why, and no file of the package has changed.
#[test]
fn a_failing_function_leaves_the_package_alone() {
    let level = CONFIG.replace("{}", "{level: bseline}");
    let unmatched = CONFIG.replace("{}", "{targets: [{name: nope}]}");
    let privileged = format!("{APP}          securityContext: {{privileged: true}}\n");
    for kpt in kpts() {
        for (what, config, app, said) in [
            ("a wrong config", level.as_str(), APP, "`bseline` is not a value of this field"),
            ("a target that matches nothing", &unmatched, APP, "matches nothing"),
            ("a conflict", CONFIG, &privileged, "sets `privileged: true`"),
            (
                "a config of another group",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n",
                APP,
                "apiVersion is `v1`",
            ),
            ("an empty list", CONFIG, "# no objects\n", "has no items"),
        ] {
            for exec in [native(), wasm()] {
                let package = Package::new(app);
                let before = package.files();
                let out = package.eval(&kpt, &exec, config, &[]);
                let told = text(&out.stderr);
                assert!(!out.status.success(), "{} {exec}: {what} passed", kpt.version);
                assert!(told.contains(said), "{} {exec}: {what}: {told}", kpt.version);
                assert_eq!(package.files(), before, "{} {exec}: {what}", kpt.version);
            }
        }
    }
}

/// A module that is none, or that traps while it runs (as a panic does): kpt fails, the package survives.
#[test]
fn a_broken_module_leaves_the_package_alone() {
    let whole = std::fs::read(wasm()).unwrap();
    for kpt in kpts() {
        for (what, bytes) in [("cut", &whole[..whole.len() / 2]), ("empty", &[][..]), ("trapping", &TRAPPING[..])] {
            let package = Package::new(APP);
            let before = package.files();
            let broken = package.folder.write("broken.wasm", bytes);
            let out = package.eval(&kpt, &broken.display().to_string(), CONFIG, &[]);
            assert!(!out.status.success(), "{}: a module that is {what} passed", kpt.version);
            assert_eq!(package.files(), before, "{} {what}", kpt.version);
        }
    }
}

/// `(module (memory (export "mem") 1) (func (export "run") (param i32 i32) unreachable) …)`: the other exports are there.
const TRAPPING: [u8; 81] = [
    0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, // the magic number, version 1
    1, 13, 3, 0x60, 2, 0x7F, 0x7F, 0, 0x60, 0, 0, 0x60, 0, 1, 0x7F, // types: (i32 i32), (), () -> i32
    3, 4, 3, 0, 1, 2, // three functions
    5, 3, 1, 0, 1, // one page of memory
    7, 30, 4, 3, b'm', b'e', b'm', 2, 0, 3, b'r', b'u', b'n', 0, 0, // exports
    6, b'r', b'e', b's', b'u', b'm', b'e', 0, 1, 5, b'g', b'e', b't', b's', b'p', 0, 2, 10, 13, 3, 3, 0, 0, 0x0B, 3, 0,
    0, 0x0B, 3, 0, 0, 0x0B, // three times `unreachable`
];

/// A large package: the module's memory grows many times while it works, and the bytes are native krmor's.
#[test]
fn large_input_grows_the_memory() {
    let text = "0123456789".repeat(150);
    let map =
        |number| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{number}\ndata:\n  text: {text}\n---\n");
    let app: String = (0..3000).map(map).chain([APP.to_owned()]).collect();
    for kpt in kpts() {
        let packages = [native(), wasm()].map(|exec| {
            let package = Package::new(&app);
            let out = package.eval(&kpt, &exec, CONFIG, &[]);
            assert!(out.status.success(), "{}: {}", kpt.version, crate::common::text(&out.stderr));
            assert_ne!(package.files()[Path::new("app.yaml")], app);
            package.files()
        });
        assert!(packages[0] == packages[1], "{}: other bytes", kpt.version);
    }
}

/// A copy of `kustomization/kpt`, with its pipeline's function called as a test can.
fn package(function: &str) -> Package {
    let folder = Folder::new("wasm-package");
    copy(Path::new("kustomization/kpt"), &folder.0.join("package"));
    let file = folder.0.join("package/Kptfile");
    let kptfile = std::fs::read_to_string(&file).unwrap();
    let called = kptfile.replace("exec: krmor", function);
    assert_ne!(kptfile, called);
    std::fs::write(file, called).unwrap();
    Package { folder }
}

fn render(package: &Package, kpt: &Kpt, flags: &[&str]) -> Output {
    let results = package.folder.0.join("results");
    std::fs::create_dir_all(&results).unwrap();
    let mut command = kpt.command(&package.folder.0);
    command.args(["fn", "render"]).arg(package.path()).args(flags).arg("--truncate-output=false");
    command.arg("--results-dir").arg(results).output().unwrap()
}

/// The lines that are in `after` and not in `before`, and the other way round.
fn changed(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let diff = similar::TextDiff::from_lines(before, after);
    let of = |tag| {
        let lines = diff.iter_all_changes().filter(move |change| change.tag() == tag);
        lines.map(|change| change.value().trim_end().to_owned()).collect()
    };
    (of(similar::ChangeTag::Insert), of(similar::ChangeTag::Delete))
}

/// `kustomization/kpt`: rendered by exec and by an image of the module in a registry, tagged and pinned.
#[test]
fn the_package_is_hardened_in_place() {
    let registry = Registry::start();
    // kpt pushes to a repository that there is.
    let seed = Folder::new("wasm-seed");
    let tar = seed.write("seed.tar", [0; 1024]);
    let mut crane = Command::new(tool("crane"));
    crane.args(["append", "--new_tag", &format!("{}/krmor:seed", registry.address), "--new_layer"]).arg(tar);
    let out = crane.output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    for kpt in kpts() {
        let image = format!("{}/krmor:{}", registry.address, kpt.version);
        let folder = Folder::new("wasm-push");
        let mut push = kpt.command(&folder.0);
        let out = push.args(["alpha", "wasm", "push", &wasm(), &image]).output().unwrap();
        assert!(out.status.success(), "{}: {}", kpt.version, text(&out.stderr));
        let out = Command::new(tool("crane")).args(["digest", &image]).output().unwrap();
        let pinned = format!("{}/krmor@{}", registry.address, text(&out.stdout).trim());

        let mut rendered: Vec<BTreeMap<PathBuf, String>> = Vec::new();
        for (function, flags) in [
            (format!("exec: {}", native()), &["--allow-exec"][..]),
            (format!("exec: {}", wasm()), &["--allow-exec", "--allow-alpha-wasm"]),
            (format!("image: {image}"), &["--allow-alpha-wasm"]),
            (format!("image: {pinned}"), &["--allow-alpha-wasm"]),
        ] {
            let package = package(&function);
            let before = package.files();
            let out = render(&package, &kpt, flags);
            assert!(out.status.success(), "{} {function}: {}{}", kpt.version, text(&out.stdout), text(&out.stderr));
            let mut after = package.files();
            assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{function}");
            assert!(package.results().contains("rule: run-as-non-root"), "{function}: {}", package.results());
            for (path, text) in &after {
                let (added, removed) = changed(&before[path], text);
                match path.to_str() {
                    Some("app.yaml") => {
                        assert!(!added.is_empty(), "{function}: nothing was hardened");
                        assert_eq!(removed, [""; 0], "{} {function}: {path:?}", kpt.version);
                    }
                    _ => assert_eq!(text, &before[path], "{} {function}: {path:?}", kpt.version),
                }
            }
            after.remove(Path::new("Kptfile")); // says how it was called
            rendered.push(after);

            // A second run finds nothing to do.
            let after = package.files();
            assert!(render(&package, &kpt, flags).status.success());
            assert_eq!(package.files(), after, "{} {function}", kpt.version);
        }
        assert!(rendered.windows(2).all(|pair| pair[0] == pair[1]), "{}: the routes differ", kpt.version);
    }
}

/// An error stops the pipeline: what stands behind krmor does not run, and no file changes.
#[test]
fn an_error_stops_the_pipeline() {
    for kpt in kpts() {
        for (function, flags) in [
            (format!("exec: {}", native()), &["--allow-exec"][..]),
            (format!("exec: {}", wasm()), &["--allow-exec", "--allow-alpha-wasm"][..]),
        ] {
            let package = package(&function);
            let app = package.path().join("app.yaml");
            let text_of = std::fs::read_to_string(&app).unwrap();
            let image = text_of.lines().find(|line| line.contains("image:")).unwrap();
            let indent = " ".repeat(image.len() - image.trim_start().len());
            let weak = text_of.replacen(image, &format!("{image}\n{indent}securityContext: {{privileged: true}}"), 1);
            std::fs::write(&app, weak).unwrap();
            let before = package.files();
            let out = render(&package, &kpt, flags);
            assert!(!out.status.success(), "{} {function} passed", kpt.version);
            assert!(text(&out.stderr).contains("privileged"), "{}", text(&out.stderr));
            let mut after = package.files();
            // A newer kpt notes in the Kptfile that the pipeline failed.
            let kptfile = Path::new("Kptfile");
            let noted = after.insert(kptfile.to_owned(), before[kptfile].clone()).unwrap();
            assert!(noted.contains("exec: "), "{noted}");
            assert_eq!(after, before, "{} {function}", kpt.version);
            assert!(package.results().contains("conflict/privileged"), "{}", package.results());
        }
    }
}

/// Each function alone, with kpt's ConfigMap: by an argument of an exec function, by a name, and by `function=`.
#[test]
fn a_function_runs_alone_with_a_config_map() {
    for kpt in kpts() {
        let link = Folder::new("wasm-link");
        let named = link.0.join("SecurityContext");
        std::os::unix::fs::symlink(native(), &named).unwrap();
        let mut packages = Vec::new();
        for (exec, data) in [
            (format!("{} --function SecurityContext", native()), vec!["level=baseline", "runAsUser=1000"]),
            (named.display().to_string(), vec!["level=baseline", "runAsUser=1000"]),
            (native(), vec!["function=SecurityContext", "level=baseline", "runAsUser=1000"]),
            (wasm(), vec!["function=SecurityContext", "level=baseline", "runAsUser=1000"]),
        ] {
            let package = Package::new(APP);
            let mut command = kpt.command(&package.folder.0);
            command.args(["fn", "eval"]).arg(package.path()).args(["--exec", &exec]);
            command.args(exec.ends_with(".wasm").then_some("--allow-alpha-wasm")).arg("--").args(data);
            let out = command.output().unwrap();
            assert!(out.status.success(), "{} {exec}: {}", kpt.version, text(&out.stderr));
            assert!(package.files()[Path::new("app.yaml")].contains("runAsUser: 1000"), "{exec}");
            packages.push(package.files());
        }
        assert!(packages.windows(2).all(|pair| pair[0] == pair[1]), "{}: the routes differ", kpt.version);
    }
}
