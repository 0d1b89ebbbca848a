//! Stock kustomize, kubectl and kpt run modules: by links in a plugin home, and as exec functions.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use krmor::yaml;
use serde_json::Value;

use crate::common::apps::overlays;
use crate::common::{Folder, krmor, krmor_with_runner, pipe, private_cache, text, tool, wasm_run};
use crate::{POD, fails, foreign, own, passes};

/// The environment of a person who has this plugin home, and the tests' common cache.
fn at(home: &Path, command: &mut Command) -> Output {
    // `krmor/wasm` in the user's folder for caches is the common one.
    let caches = home.join("caches");
    std::fs::create_dir_all(caches.join("krmor")).unwrap();
    let link = caches.join("krmor/wasm");
    if !link.exists() {
        copy_private(&private_cache(), &link);
    }
    command.env("KUSTOMIZE_PLUGIN_HOME", home).env("XDG_CACHE_HOME", caches).output().unwrap()
}

/// A folder that is a link would not be used.
fn copy_private(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

fn kustomize(home: &Path, folder: &Path, flags: &[&str]) -> Output {
    at(home, Command::new(tool("kustomize")).args(["build", "--enable-alpha-plugins"]).args(flags).arg(folder))
}

fn kubectl(home: &Path, folder: &Path) -> Output {
    at(home, Command::new(tool("kubectl")).args(["kustomize", "--enable-alpha-plugins"]).arg(folder))
}

fn install(home: &Path, arguments: &[&str]) -> String {
    passes(&at(home, krmor_with_runner().args(["install", "kustomize", "--home"]).arg(home).args(arguments)))
}

/// The examples are rendered by krmor.wasm as by krmor.
#[test]
fn every_example_is_the_same_with_a_plugin_home_of_modules() {
    let (native, wasm) = (Folder::new("home-native"), Folder::new("home-wasm"));
    let out = krmor().args(["install", "kustomize", "--home"]).arg(&native.0).output().unwrap();
    passes(&out);
    let said = install(&wasm.0, &["--wasm", own().to_str().unwrap()]);
    assert!(said.contains("krmor.dev/v1alpha1/pipeline/Pipeline laid"), "{said}");
    let again = install(&wasm.0, &["--wasm", own().to_str().unwrap()]);
    assert!(again.contains("Pipeline is in place"), "{again}");
    let mut count = 0;
    for overlay in overlays() {
        let ours = passes(&kustomize(&native.0, &overlay, &[]));
        assert_eq!(ours, passes(&kustomize(&wasm.0, &overlay, &[])), "{}", overlay.display());
        assert_eq!(passes(&kubectl(&native.0, &overlay)), passes(&kubectl(&wasm.0, &overlay)), "{}", overlay.display());
        count += 1;
    }
    assert!(count >= 6);

    // It really was the module.
    let modules: Vec<PathBuf> = std::fs::read_dir(wasm.0.join("krmor.dev/v1alpha1"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    let [module] = modules.as_slice() else { panic!("{modules:?}") };
    let good = std::fs::read(module).unwrap();
    std::fs::write(module, wat::parse_str("(module)").unwrap()).unwrap();
    let out = kustomize(&wasm.0, &overlays()[0], &[]);
    assert!(!out.status.success());
    assert!(text(&out.stderr).contains("nothing was run"), "{}", text(&out.stderr));
    std::fs::write(module, good).unwrap();

    // By a relative home, too; and what cannot be read is no reason to run natively.
    let relative = Path::new("target").join(wasm.0.file_name().unwrap());
    let _ = std::fs::remove_file(&relative);
    std::os::unix::fs::symlink(&wasm.0, &relative).unwrap();
    let arguments = wasm.0.join("krmor.dev/v1alpha1/securitycontext/SecurityContext.args");
    let config = wasm.write("config", "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: x}\n");
    let said = std::fs::read_to_string(&arguments).unwrap();
    let ask = || {
        let mut command = Command::new(relative.join("krmor.dev/v1alpha1/securitycontext/SecurityContext"));
        pipe(command.arg(&config).env("KUSTOMIZE_PLUGIN_CONFIG_ROOT", "/"), POD.as_bytes())
    };
    assert!(ask().status.success());
    std::fs::write(&arguments, said.replace("--digest=sha256:", "--digest=sha256:0")).unwrap();
    fails(&ask(), 2, "nothing was run");
    std::fs::remove_file(&arguments).unwrap();
    std::os::unix::fs::symlink("/nowhere", &arguments).unwrap();
    fails(&ask(), 3, "SecurityContext.args");
    std::fs::remove_file(&arguments).unwrap();
    std::fs::create_dir(&arguments).unwrap();
    fails(&ask(), 3, "SecurityContext.args");
    std::fs::remove_dir(&arguments).unwrap();
    std::fs::write(&arguments, said).unwrap();
    std::fs::remove_file(&relative).unwrap();

    // And back.
    install(&wasm.0, &[]);
    std::fs::remove_file(module).unwrap();
    assert_eq!(passes(&kustomize(&native.0, &overlays()[0], &[])), passes(&kustomize(&wasm.0, &overlays()[0], &[])));
}

const KUSTOMIZATION: &str = "resources: [pod.yaml]\ntransformers: [config.yaml]\n";

fn application(config: &str) -> Folder {
    let folder = Folder::new("runner-app");
    folder.write("kustomization.yaml", KUSTOMIZATION);
    folder.write("pod.yaml", POD);
    folder.write("config.yaml", config);
    folder
}

fn only(stream: &str) -> Value {
    let documents = yaml::parse(&Arc::new(stream.to_owned())).unwrap();
    assert_eq!(documents.len(), 1, "{stream}");
    documents[0].root().to_value().unwrap()
}

/// A ConfigMap is no plugin's kind: this is one's own, with the same `data`.
const ANNOTATE: &str = "apiVersion: example.com/v1\nkind: Annotate\nmetadata: {name: x}\ndata: {team: web}\n";

#[test]
fn a_foreign_function_runs_in_kustomize_and_kubectl_as_a_legacy_plugin() {
    let home = Folder::new("home-foreign");
    install(&home.0, &["--wasm", foreign().to_str().unwrap(), "--kind", "example.com/v1/Annotate"]);
    let app = application(ANNOTATE);
    for out in [kustomize(&home.0, &app.0, &[]), kubectl(&home.0, &app.0)] {
        let pod = only(&passes(&out));
        assert_eq!(pod["metadata"]["annotations"], serde_json::json!({"team": "web"}));
    }
    for (data, why) in [
        ("misbehave: lose", "gave no items"),
        ("misbehave: result", "a bad object"),
        ("misbehave: file", "/etc/passwd"),
    ] {
        let app = application(&ANNOTATE.replace("team: web", data));
        for out in [kustomize(&home.0, &app.0, &[]), kubectl(&home.0, &app.0)] {
            assert!(!out.status.success(), "{data}");
            assert_eq!(text(&out.stdout), "", "{data}");
            assert!(text(&out.stderr).contains(why), "{data}: {}", text(&out.stderr));
        }
    }
    let (wrong, module) = (Folder::new("home-wrong"), foreign());
    for kind in ["Annotate", "a/b/c/D", "a//D", "../x/D"] {
        let mut command = krmor_with_runner();
        command
            .args(["install", "kustomize", "--home"])
            .arg(&wrong.0)
            .arg("--wasm")
            .arg(&module)
            .args(["--kind", kind]);
        fails(&at(&wrong.0, &mut command), 2, "GROUP/VERSION/KIND");
    }
}

/// One that is not krmor's would take over every kind of krmor's.
#[test]
fn only_krmors_module_is_installed_for_krmors_kinds() {
    let home = Folder::new("home-checked");
    let echo = wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#).unwrap();
    let no_command = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
    let kpt = std::fs::read("target/wasm/krmor-kpt.wasm").unwrap();
    for (module, kind, why) in [
        (&echo, None, "it does not answer as this krmor does"),
        (&no_command, Some("example.com/v1/X"), "it has no _start"),
        (&kpt, None, "unknown import: `go::"),
        (&kpt, Some("example.com/v1/X"), "unknown import: `go::"),
    ] {
        let file = home.write("m.wasm", module);
        let mut command = krmor_with_runner();
        command.args(["install", "kustomize", "--home"]).arg(home.0.join("plugins")).arg("--wasm").arg(file);
        command.args(kind.iter().flat_map(|kind| ["--kind", kind]));
        fails(&at(&home.0, &mut command), 2, why);
        assert!(!home.0.join("plugins").exists(), "{why}: something was installed");
    }
}

/// The README's rows of commands that only this build has.
#[test]
fn the_readme_tells_the_truth_of_the_runner() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let rows: Vec<&str> =
        readme.lines().filter(|line| line.starts_with("| `krmor ") && line.contains("wasm-runner")).collect();
    assert!(rows.len() >= 2);
    for row in rows {
        for command in row.split('`').skip(1).step_by(2).filter(|code| code.starts_with("krmor ")) {
            let out = krmor_with_runner().args(command.split(' ').skip(1)).arg("--help").output().unwrap();
            assert!(out.status.success(), "{command}: {}", text(&out.stderr));
        }
    }
}

#[test]
fn modules_run_in_kustomize_as_exec_functions() {
    let home = Folder::new("home-exec");
    for (module, config, arguments) in [
        (foreign(), ANNOTATE.to_owned(), ""),
        (
            own(),
            "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: x}\nspec: {}\n".to_owned(),
            "",
        ),
        (
            own(),
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {level: restricted}\n".to_owned(),
            ", --function, SecurityContext",
        ),
    ] {
        let exec = format!(
            "metadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: {}\n        \
             args: [wasm, run, {}{arguments}]\n",
            krmor_with_runner().get_program().display(),
            module.display()
        );
        let app = application(&config.replace("metadata: {name: x}\n", &exec));
        let pod = only(&passes(&kustomize(&home.0, &app.0, &["--enable-exec"])));
        let changed = pod["metadata"]["annotations"]["team"] == "web"
            || pod["spec"]["securityContext"]["runAsNonRoot"] == Value::Bool(true);
        assert!(changed, "{pod}");
    }
}

#[test]
fn kpt_runs_modules_as_exec_functions() {
    let folder = Folder::new("runner-kpt");
    let pod =
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a # kept\nspec:\n  containers:\n  - name: a\n    image: 'b'\n";
    folder.write("package/pod.yaml", pod);
    let exec = format!(
        "{} wasm run {} --function SecurityContext",
        krmor_with_runner().get_program().display(),
        own().display()
    );
    let mut command = Command::new(tool("kpt"));
    command.args(["fn", "eval"]).arg(folder.0.join("package")).args(["--exec", &exec, "--", "level=restricted"]);
    let out = at(&folder.0, &mut command);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let done = std::fs::read_to_string(folder.0.join("package/pod.yaml")).unwrap();
    assert!(done.contains("name: a # kept\n") && done.contains("image: 'b'\n"), "{done}");
    assert!(done.contains("runAsNonRoot: true"), "{done}");
}

/// As the native plugin: what kustomize adds by `argsOneLiner` is refused.
#[test]
fn arguments_of_a_plugin_config_are_refused_by_our_module() {
    let folder = Folder::new("runner-more");
    let config = folder.write("config", "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nspec: {}\n");
    let mut command = wasm_run(&["--plugin", "config-length"]);
    fails(&pipe(command.arg(own()).arg(&config).arg("more"), POD.as_bytes()), 2, "unexpected argument `more`");
}

/// A krmor without the engine does not run natively what was to run in a sandbox.
#[test]
fn a_krmor_without_the_runner_refuses_a_link_to_a_module() {
    let home = Folder::new("home-refused");
    install(&home.0, &["--wasm", own().to_str().unwrap()]);
    let link = home.0.join("krmor.dev/v1alpha1/securitycontext/SecurityContext");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(krmor().get_program(), &link).unwrap();
    let config = home.write("config", "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: x}\n");
    let out = pipe(Command::new(&link).arg(config).env("KUSTOMIZE_PLUGIN_CONFIG_ROOT", "/"), POD.as_bytes());
    fails(&out, 2, "built without the feature wasm-runner");
}
