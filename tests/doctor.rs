//! `krmor doctor` on really broken setups; and, for what it says of stock kustomize, the stock kustomize that does it.
#![cfg(unix)] // links and executable bits

mod callers;
mod refused;
mod road;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use crate::common::{Folder, krmor, text, tool};
use krmor::schema;
use serde_json::Value;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: b}]}\n";
const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata:\n  name: harden\n";
const LISTED: &str = "resources: [web.yaml]\ntransformers:\n- krmor.yaml\n";
const BINARY: &str = env!("CARGO_BIN_EXE_krmor");

/// A setup in which all is well: a plugin home, and an application `app` that calls krmor.
fn setup(name: &str) -> Folder {
    let folder = Folder::new(&format!("doctor-{name}"));
    folder.write("app/web.yaml", POD);
    folder.write("app/krmor.yaml", CONFIG);
    folder.write("app/kustomization.yaml", LISTED);
    let home = folder.0.join("home");
    let done = krmor().args(["install", "kustomize", "--home"]).arg(&home).output().unwrap();
    assert!(done.status.success());
    std::fs::create_dir(folder.0.join("bin")).unwrap();
    folder
}

/// A program of the folder's `bin` that prints `answer`.
fn program(folder: &Folder, path: &str, answer: &str) {
    let file = folder.write(path, format!("#!/bin/sh\nprintf '%s\\n' '{answer}'\n"));
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o755)).unwrap();
}

fn doctor(folder: &Folder) -> Command {
    let mut command = krmor();
    command.current_dir(&folder.0).arg("doctor");
    command.env("PATH", folder.0.join("bin")).env("HOME", folder.0.join("nobody"));
    command.env("KUSTOMIZE_PLUGIN_HOME", folder.0.join("home")).env_remove("XDG_CONFIG_HOME");
    command
}

/// The findings as `severity rule place`, with a place as the folder has it; and the exit code.
fn findings_of(mut command: Command, folder: &Folder) -> (Vec<String>, Option<i32>, Value) {
    let out = command.args(["--format", "json"]).output().unwrap();
    assert_eq!(text(&out.stderr), "");
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    let here = format!("{}/", folder.0.canonicalize().unwrap().display());
    let one = |finding: &Value| {
        let part = |key: &str| finding[key].as_str().unwrap_or_default().replace(&here, "");
        for key in ["message", "remedy"] {
            assert!(!part(key).is_empty(), "no {key}: {finding}");
        }
        let line = finding["line"].as_u64().map_or(String::new(), |line| format!(":{line}"));
        format!("{} {} {}{line}", part("severity"), part("rule"), part("file")).trim_end().to_owned()
    };
    let found: Vec<String> = json["findings"].as_array().unwrap().iter().map(one).collect();
    let strict = command.get_args().any(|arg| arg == "--strict");
    let errors = found.iter().any(|finding| finding.starts_with("error") || strict && finding.starts_with("warning"));
    assert_eq!(out.status.code(), Some(i32::from(errors)));
    assert_eq!(json["healthy"], !errors);
    (found, out.status.code(), json)
}

/// What is found, but for the note that there is no kustomize on the PATH.
#[track_caller]
fn finds(folder: &Folder, wanted: &[&str]) -> Value {
    finds_by(doctor(folder), folder, wanted)
}

#[track_caller]
fn finds_by(command: Command, folder: &Folder, wanted: &[&str]) -> Value {
    let (mut found, _, json) = findings_of(command, folder);
    found.retain(|finding| finding != "info no-kustomize");
    assert_eq!(found, wanted, "{json:#}");
    json
}

/// The message and the remedy of the one finding of a rule.
fn said<'a>(json: &'a Value, rule: &str) -> (&'a str, &'a str) {
    let finding = json["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == rule).unwrap();
    (finding["message"].as_str().unwrap(), finding["remedy"].as_str().unwrap())
}

/// A config that names its function by the annotation, with more annotations behind.
fn annotated(function: &str, more: &str) -> String {
    format!("{CONFIG}  annotations:\n    config.kubernetes.io/function: |\n      {function}\n{more}")
}

// ---- plugin homes ----

#[test]
fn a_healthy_setup_is_said_to_be() {
    let folder = setup("healthy");
    program(&folder, "bin/kustomize", "v5.8.2");
    let out = doctor(&folder).output().unwrap();
    let shown = text(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{shown}");
    assert!(shown.ends_with("\nhealthy\n"), "{shown}");
    for fact in ["kustomizations: 1\n", "calls of krmor: 1\n", "kustomize: 5.8.2 ", "($KUSTOMIZE_PLUGIN_HOME)\n"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
}

#[test]
fn the_examples_are_healthy() {
    let folder = setup("examples");
    let mut command = doctor(&folder);
    command.current_dir(".").args(["--strict", "examples"]);
    finds_by(command, &folder, &[]);
    let mut command = doctor(&folder);
    command.current_dir(".").args([
        "--strict",
        "kustomization/components",
        "kustomization/kpt",
        "kustomization/argocd-cmp",
    ]);
    finds_by(command, &folder, &[]);
}

/// Nobody is seen to call a config beside a chart: it is asked who does.
#[test]
fn a_config_without_any_kustomization_is_asked_for() {
    let folder = setup("chart");
    std::fs::remove_dir_all(folder.0.join("app")).unwrap();
    folder.write("chart/Chart.yaml", "apiVersion: v2\nname: x\nversion: 0.1.0\n");
    folder.write("krmor.yaml", CONFIG);
    finds(&folder, &["warning unreferenced krmor.yaml:1"]);
    folder.write("deploy.sh", "helm template chart | krmor --config krmor.yaml\n");
    finds(&folder, &[]);
}

#[test]
fn the_plugin_home_is_the_first_that_exists() {
    let folder = setup("homes");
    let mut command = doctor(&folder);
    command.env("KUSTOMIZE_PLUGIN_HOME", "/nowhere");
    let json = finds_by(command, &folder, &["error plugin-home-none", "warning plugin-home-missing"]);
    assert_eq!(
        said(&json, "plugin-home-missing").0,
        "$KUSTOMIZE_PLUGIN_HOME gives /nowhere, which does not exist: kustomize passes over it"
    );
    // As kustomize itself: the next one is used.
    let usual = folder.0.join("nobody/.config/kustomize");
    std::fs::create_dir_all(&usual).unwrap();
    symlink(folder.0.join("home"), usual.join("plugin")).unwrap();
    let mut command = doctor(&folder);
    command.env("KUSTOMIZE_PLUGIN_HOME", "/nowhere");
    let json = finds_by(command, &folder, &["warning plugin-home-missing"]);
    assert!(json["facts"]["plugin home"].as_str().unwrap().ends_with("(the default)"), "{json}");

    let mut command = doctor(&folder);
    command.env("KUSTOMIZE_PLUGIN_HOME", "home");
    finds_by(command, &folder, &["error plugin-home-relative home"]);

    // A home without krmor hides the one that has it.
    std::fs::create_dir(folder.0.join("empty")).unwrap();
    let mut command = doctor(&folder);
    command.env("KUSTOMIZE_PLUGIN_HOME", folder.0.join("empty"));
    let json = finds_by(command, &folder, &["error plugin-missing empty"]);
    let (message, remedy) = said(&json, "plugin-missing");
    assert!(message.starts_with("krmor is not in this plugin home; kustomize takes it for a missing plugin in Go"));
    assert!(remedy.starts_with("krmor install kustomize --home ") && remedy.contains(".config/kustomize/plugin"));
}

#[test]
fn without_a_kustomization_that_needs_it_a_missing_home_is_a_note() {
    let folder = setup("bare");
    folder.write("app/kustomization.yaml", "resources: [web.yaml]\n");
    std::fs::remove_file(folder.0.join("app/krmor.yaml")).unwrap();
    std::fs::remove_dir_all(folder.0.join("home")).unwrap();
    finds(&folder, &["info plugin-home-missing", "info plugin-home-none"]);
    // $XDG_CONFIG_HOME is set for many programs, and says nothing of kustomize.
    let mut command = doctor(&folder);
    command.env_remove("KUSTOMIZE_PLUGIN_HOME").env("XDG_CONFIG_HOME", folder.0.join("config")).arg("--strict");
    finds_by(command, &folder, &["info plugin-home-none"]);
}

#[test]
fn every_link_is_looked_at() {
    let folder = setup("links");
    let link = |kind: &str| format!("home/krmor.dev/v1alpha1/{}/{kind}", kind.to_lowercase());
    let (pipeline, context) = (link("Pipeline"), link("SecurityContext"));
    let lay = |at: &str, target: &Path| {
        let at = folder.0.join(at);
        std::fs::remove_file(&at).unwrap();
        symlink(target, at).unwrap();
    };
    lay(&pipeline, Path::new("/nowhere/krmor"));
    let json = finds(&folder, &[&format!("error plugin-dangling {pipeline}")]);
    assert!(
        said(&json, "plugin-dangling").0.starts_with("it points at /nowhere/krmor, which is not there; kustomize ")
    );

    std::fs::remove_file(folder.0.join(&pipeline)).unwrap();
    let json = finds(&folder, &["error plugin-missing home"]);
    assert!(said(&json, "plugin-missing").0.starts_with("this plugin home has no link for Pipeline; kustomize "));

    std::fs::copy(BINARY, folder.0.join(&pipeline)).unwrap();
    let module = folder.write(&format!("{pipeline}.args"), "wasm\nrun\nkrmor.wasm\n");
    let json = finds(&folder, &[&format!("error plugin-no-runner {pipeline}")]);
    assert!(said(&json, "plugin-no-runner").1.contains("wasm-runner"));
    std::fs::remove_file(module).unwrap();
    finds(&folder, &[]);
    std::fs::set_permissions(folder.0.join(&pipeline), PermissionsExt::from_mode(0o644)).unwrap();
    finds(&folder, &[&format!("error plugin-not-executable {pipeline}")]);

    program(&folder, "old/krmor", "krmor 0.0.1");
    lay(&pipeline, &folder.0.join("old/krmor"));
    let json = finds(&folder, &[&format!("warning plugin-version {pipeline}")]);
    assert!(said(&json, "plugin-version").0.starts_with("it points at krmor 0.0.1 in "), "{json}");

    program(&folder, "old/other", "hello");
    lay(&pipeline, Path::new(BINARY));
    lay(&context, &folder.0.join("old/other"));
    finds(&folder, &[&format!("error plugin-not-krmor {context}")]);

    // What doctor says to do is what helps.
    let (_, _, json) = findings_of(doctor(&folder), &folder);
    let remedy: Vec<&str> = said(&json, "plugin-not-krmor").1.split(' ').skip(1).collect();
    assert!(krmor().args(remedy).output().unwrap().status.success());
    finds(&folder, &[]);
    assert!(schema::kinds().all(|kind| folder.0.join(link(kind)).is_file()));
}

#[test]
fn another_krmor_on_the_path_is_found() {
    let folder = setup("path");
    program(&folder, "bin/krmor", "krmor 0.0.1");
    let json = finds(&folder, &["warning path-krmor bin/krmor"]);
    assert!(said(&json, "path-krmor").0.starts_with("krmor 0.0.1, not this "));
    std::fs::remove_file(folder.0.join("bin/krmor")).unwrap();
    symlink(BINARY, folder.0.join("bin/krmor")).unwrap();
    finds(&folder, &[]);
}

#[test]
fn old_tools_are_found() {
    let folder = setup("tools");
    let (found, ..) = findings_of(doctor(&folder), &folder);
    assert_eq!(found, ["info no-kustomize"]);
    for (answer, wanted) in [
        ("v5.8.2", &[][..]),
        ("{Version:kustomize/v4.5.7 GitCommit:56d8 BuildDate:2022-08-02}", &[]),
        ("{Version:kustomize/v4.4.1 GitCommit:b2d6 BuildDate:2021-11-11}", &["warning tool-version bin/kustomize"]),
        ("{Version:kustomize/v3.8.1 GitCommit:0b35 BuildDate:2020-07-16}", &["error tool-version bin/kustomize"]),
        ("what?", &["warning tool-version bin/kustomize"]),
    ] {
        program(&folder, "bin/kustomize", answer);
        finds(&folder, wanted);
    }
    program(&folder, "bin/kustomize", "v5.8.2");
    for (own, inside, wanted) in [
        ("v1.36.3", "v5.8.1", &[][..]),
        ("v1.26.0", "v4.5.7", &[]),
        ("v1.23.0", "v4.4.1", &["warning tool-version bin/kubectl"]),
        ("v1.20.0", "", &["error tool-version bin/kubectl"]),
    ] {
        let answer = format!(r#"{{"clientVersion":{{"gitVersion":"{own}"}},"kustomizeVersion":"{inside}"}}"#);
        program(&folder, "bin/kubectl", &answer);
        finds(&folder, wanted);
    }
    // The real ones are read, and recent enough.
    for name in ["kustomize", "kubectl"] {
        std::fs::remove_file(folder.0.join("bin").join(name)).unwrap();
        symlink(tool(name), folder.0.join("bin").join(name)).unwrap();
    }
    let json = finds(&folder, &[]);
    assert!(json["facts"]["kubectl"].as_str().unwrap().contains(" with kustomize 5."), "{json}");
}

// ---- kustomizations ----

/// A name, files, and what is found in them.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

/// Each setup is the healthy one with these files instead.
#[test]
fn broken_kustomizations_are_found() {
    let inline = "resources: [web.yaml]\ntransformers:\n- krmor.yaml\n- |-\n  apiVersion: krmor.dev/v1alpha1\n  kind: SecurityContext\n  metadata: {name: two}\n  argsOneLiner: x\n";
    let local = format!("{CONFIG}  annotations: {{config.kubernetes.io/local-config: \"true\"}}\n");
    let cases: &[Case<'_>] = &[
        (
            "generators",
            &[("app/kustomization.yaml", "resources: [web.yaml]\ngenerators:\n- krmor.yaml\n")],
            &["error under-generators app/kustomization.yaml:3"],
        ),
        (
            "validators",
            &[("app/kustomization.yaml", "resources: [web.yaml]\nvalidators:\n- krmor.yaml\n")],
            &["error under-validators app/kustomization.yaml:3"],
        ),
        (
            "resources",
            &[("app/kustomization.yaml", "resources:\n- web.yaml\n- krmor.yaml\n")],
            &["error under-resources app/kustomization.yaml:3"],
        ),
        (
            "a local config among the resources is no manifest",
            &[("app/kustomization.yaml", "resources: [krmor.yaml]\n"), ("app/krmor.yaml", &local)],
            &[],
        ),
        (
            "a wrong field",
            &[("app/krmor.yaml", &format!("{CONFIG}spec:\n  levle: x\n"))],
            &["error config app/krmor.yaml:6"],
        ),
        (
            "a wrong value",
            &[("app/krmor.yaml", &format!("{CONFIG}spec:\n  runAsUser: 5\n  targets:\n  - name: [x]\n"))],
            &["error config app/krmor.yaml:8"],
        ),
        (
            "a wrong version",
            &[("app/krmor.yaml", &CONFIG.replace("v1alpha1", "v1"))],
            &["error config app/krmor.yaml:1"],
        ),
        (
            "argsOneLiner",
            &[("app/krmor.yaml", &format!("{CONFIG}argsOneLiner: a b\n"))],
            &["error config app/krmor.yaml:5"],
        ),
        (
            "inline configs are read too",
            &[("app/kustomization.yaml", inline)],
            &["error config app/kustomization.yaml:4"],
        ),
        (
            "a config that nothing refers to",
            &[("app/sub/other.yaml", CONFIG)],
            &["warning unreferenced app/sub/other.yaml:1"],
        ),
        (
            "a second document is a config, too",
            &[("app/web.yaml", &format!("{POD}---\n{CONFIG}"))],
            &["error under-resources app/kustomization.yaml:1"],
        ),
        (
            "a missing file",
            &[("app/kustomization.yaml", "transformers: [krmor.yaml, no.yaml]\n")],
            &["error missing-file app/kustomization.yaml:1"],
        ),
        (
            "what is not YAML",
            &[("app/kustomization.yaml", "transformers: [krmor.yaml\n")],
            &["error yaml app/kustomization.yaml:1"],
        ),
        (
            "templates of charts are no concern",
            &[("chart/templates/x.yaml", "{{ if .x }}\na: {{ .b }}\n{{ end }}\n")],
            &[],
        ),
        (
            "a transformer that runs later",
            &[
                (
                    "app/kustomization.yaml",
                    "resources: [web.yaml]\ntransformers:\n- labels.yaml\n- krmor.yaml\n- more.yaml\n",
                ),
                ("app/labels.yaml", "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: a}\n"),
                ("app/more.yaml", "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: b}\n"),
            ],
            &["warning not-last app/kustomization.yaml:5"],
        ),
        (
            "inline ones run before files",
            &[(
                "app/kustomization.yaml",
                "transformers:\n- krmor.yaml\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: b}\n",
            )],
            &[],
        ),
        (
            "an outer kustomization that can undo",
            &[
                ("over/kustomization.yaml", "resources: [../app]\nimages: []\npatches:\n- path: p.yaml\n"),
                ("over/p.yaml", POD),
            ],
            &["warning hardened-inside over/kustomization.yaml:3"],
        ),
        (
            "through one that does nothing",
            &[
                ("mid/kustomization.yaml", "resources: [../app]\nnamePrefix: x-\n"),
                ("over/kustomization.yaml", "bases:\n- ../mid\nreplicas: [{name: web, count: 2}]\n"),
            ],
            &["warning hardened-inside over/kustomization.yaml:3"],
        ),
        (
            "a Component",
            &[
                (
                    "app/kustomization.yaml",
                    "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\ntransformers: [krmor.yaml]\n",
                ),
                ("over/kustomization.yaml", "components: [../app]\nimages: [{name: b, newTag: \"1\"}]\n"),
            ],
            &["info hardened-inside over/kustomization.yaml:2"],
        ),
        (
            "an outer one that hardens again",
            &[
                (
                    "over/kustomization.yaml",
                    "resources: [../app]\npatches: [{path: p.yaml}]\ntransformers: [krmor.yaml]\n",
                ),
                ("over/krmor.yaml", CONFIG),
                ("over/p.yaml", POD),
            ],
            &[],
        ),
        (
            "a kustomization of configs",
            &[
                ("app/kustomization.yaml", "resources: [web.yaml]\ntransformers: [configs]\n"),
                ("app/configs/kustomization.yaml", "resources: [krmor.yaml]\npatches:\n- path: patch.yaml\n"),
                ("app/configs/krmor.yaml", CONFIG),
                ("app/krmor.yaml", ""),
                ("app/configs/patch.yaml", &format!("{CONFIG}spec: {{runAsUser: 5}}\n")),
            ],
            &[],
        ),
        (
            "the same without --enable-alpha-plugins in Argo CD",
            &[(
                "argo/cm.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n  kustomize.buildOptions: --load-restrictor LoadRestrictionsNone\n",
            )],
            &["error argocd-build-options argo/cm.yaml:5"],
        ),
        (
            "Argo CD's operator",
            &[(
                "argo/cd.yaml",
                "apiVersion: argoproj.io/v1beta1\nkind: ArgoCD\nmetadata: {name: x}\nspec:\n  kustomizeBuildOptions: --enable-helm\n",
            )],
            &["error argocd-build-options argo/cd.yaml:5"],
        ),
        (
            "an Argo CD without options",
            &[("argo/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {}\n")],
            &["warning argocd-build-options argo/cm.yaml:1"],
        ),
        (
            "an Argo CD with the right ones",
            &[(
                "argo/cm.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n  kustomize.buildOptions: --enable-alpha-plugins --enable-helm\n",
            )],
            &[],
        ),
        (
            "kpt",
            &[
                (
                    "pkg/Kptfile",
                    "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: x}\npipeline:\n  mutators:\n  - image: example.com/krmor:v1.2.3\n    configPath: fn.yaml\n  - image: example.com/krmor\n    configPath: no.yaml\n  validators:\n  - image: example.com/krmor@sha256:0\n    configPath: fn.yaml\n  - image: example.com/other\n",
                ),
                ("pkg/fn.yaml", CONFIG),
            ],
            &[
                "error missing-file pkg/Kptfile:8",
                "error kpt-validator pkg/Kptfile:11",
                "warning image-tag pkg/Kptfile:8",
            ],
        ),
        (
            "kpt's selection, and what runs after krmor",
            &[
                (
                    "pkg/Kptfile",
                    "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: x}\npipeline:\n  mutators:\n  - exec: before\n  - exec: krmor\n    configPath: fn.yaml\n    selectors: [{kind: Deployment, name: two}]\n    exclude: [{kind: Pod}]\n  - image: example.com/set-labels:v1\n  - exec: ./undo.sh\n  - exec: krmor\n    configPath: fn.yaml\n    exclude: [{kind: ConfigMap}]\n",
                ),
                ("pkg/fn.yaml", CONFIG),
            ],
            &[
                "warning kpt-selection pkg/Kptfile:9",
                "warning kpt-selection pkg/Kptfile:10",
                "warning not-last pkg/Kptfile:12",
            ],
        ),
        (
            "a package of kpt around the one that is hardened",
            &[
                ("pkg/Kptfile", "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: x}\n"),
                ("pkg/web.yaml", POD),
                (
                    "pkg/sub/Kptfile",
                    "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: y}\npipeline:\n  mutators: [{exec: krmor, configPath: fn.yaml}]\n",
                ),
                ("pkg/sub/fn.yaml", CONFIG),
                ("pkg/sub/web.yaml", POD),
            ],
            &["warning never-called pkg/Kptfile:1"],
        ),
        (
            "a validator of kpt that only checks, by its ConfigMap",
            &[(
                "pkg/Kptfile",
                "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: x}\npipeline:\n  validators:\n  - exec: krmor\n    configMap: {function: SecurityContext, check: \"true\"}\n",
            )],
            &[],
        ),
        (
            "one that cannot be read does not hide other configs",
            &[("b/kustomization.yaml", "a: [\n"), ("app/other.yaml", CONFIG)],
            &["error yaml b/kustomization.yaml:1", "warning unreferenced app/other.yaml:1"],
        ),
        (
            "one that cannot be read may list the config that it names",
            &[("b/kustomization.yaml", "transformers: [hard.yaml\n"), ("b/hard.yaml", CONFIG)],
            &["error yaml b/kustomization.yaml:1"],
        ),
        (
            "a plugin of Argo CD that is discovered",
            &[(
                "argo/plugin.yaml",
                "apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata: {name: x}\nspec:\n  discover: {fileName: krmor.yaml}\n  generate: {command: [krmor, render, --, kustomize, build]}\n",
            )],
            &["warning argocd-discover argo/plugin.yaml:5"],
        ),
        (
            "validators of kpt that only check",
            &[
                (
                    "pkg/Kptfile",
                    "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: x}\npipeline:\n  validators:\n  - exec: krmor --check\n    configPath: fn.yaml\n  - image: example.com/krmor:v1\n    configPath: check.yaml\n  - exec: krmor\n    configPath: fn.yaml\n",
                ),
                ("pkg/fn.yaml", CONFIG),
                ("pkg/check.yaml", &format!("{CONFIG}  annotations: {{krmor.dev/check: \"true\"}}\n")),
            ],
            &["error kpt-validator pkg/Kptfile:10"],
        ),
    ];
    for (number, (name, files, wanted)) in cases.iter().enumerate() {
        let folder = setup(&format!("case-{number}"));
        for (path, content) in *files {
            folder.write(path, content);
        }
        let (mut found, _, json) = findings_of(doctor(&folder), &folder);
        found.retain(|finding| finding != "info no-kustomize");
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "{name}: {json:#}");
    }
}

#[test]
fn the_traps_of_the_krm_route_are_found() {
    let folder = setup("krm");
    let exec = |path: &str| annotated(&format!("exec: {{path: {path}}}"), "");
    folder.write("app/krmor.yaml", exec(BINARY));
    let json = finds(&folder, &["error exec-skipped app/krmor.yaml:6"]);
    let (message, remedy) = said(&json, "exec-skipped");
    assert!(message.contains("without --enable-exec kustomize skips it in silence"), "{message}");
    assert!(remedy.contains("`krmor install kustomize`") && remedy.contains("`krmor check`"), "{remedy}");

    folder.write("app/krmor.yaml", exec("./krmor"));
    finds(&folder, &["error exec-skipped app/krmor.yaml:6", "error exec-path app/krmor.yaml:6"]);
    symlink(BINARY, folder.0.join("app/krmor")).unwrap();
    finds(&folder, &["error exec-skipped app/krmor.yaml:6", "warning exec-path-relative app/krmor.yaml:6"]);
    folder.write("app/krmor.yaml", exec("krmor"));
    finds(&folder, &["error exec-skipped app/krmor.yaml:6", "error exec-path app/krmor.yaml:6"]);

    folder.write(
        "app/krmor.yaml",
        annotated(&format!("exec: {{path: {BINARY}}}"), "    config.kubernetes.io/path: sub/x.yaml\n"),
    );
    finds(&folder, &["error exec-skipped app/krmor.yaml:6", "error path-annotation app/krmor.yaml:8"]);
    folder.write(
        "app/krmor.yaml",
        annotated(&format!("exec: {{path: {BINARY}}}"), "    config.kubernetes.io/path: x.yaml\n"),
    );
    finds(&folder, &["error exec-skipped app/krmor.yaml:6"]);

    folder.write("app/krmor.yaml", annotated("container: {image: example.com/krmor}", ""));
    finds(&folder, &["warning image-tag app/krmor.yaml:6", "info container-docker app/krmor.yaml:6"]);
    folder.write("app/krmor.yaml", annotated("container: {image: \"example.com:5000/krmor:v1\"}", ""));
    finds(&folder, &["info container-docker app/krmor.yaml:6"]);
    folder.write("app/krmor.yaml", annotated("starlark: {path: krmor.star}", ""));
    finds(&folder, &["error no-function app/krmor.yaml:6"]);

    // Argo CD with plugins but without exec deploys what is not hardened.
    folder.write("app/krmor.yaml", exec(BINARY));
    folder.write("argo/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n  kustomize.buildOptions: --enable-alpha-plugins\n");
    let json = finds(&folder, &["error exec-skipped app/krmor.yaml:6", "error argocd-build-options argo/cm.yaml:5"]);
    assert!(said(&json, "argocd-build-options").0.contains("lacks --enable-exec"));
}

#[test]
fn the_text_names_place_rule_and_remedy() {
    let folder = setup("text");
    folder.write("app/kustomization.yaml", "resources: [web.yaml]\ngenerators:\n- krmor.yaml\n");
    program(&folder, "bin/kustomize", "v5.8.2");
    let out = doctor(&folder).arg("app").output().unwrap();
    let shown = text(&out.stdout);
    assert_eq!(out.status.code(), Some(1));
    let first = "error: app/kustomization.yaml:3: SecurityContext harden is under `generators:`, where it gets no objects: \
                 nothing is hardened  [under-generators]\n  fix: list it under `transformers:`\n";
    assert!(shown.starts_with(first), "{shown}");
    assert!(shown.ends_with("\nnot healthy: 1 error, 0 warnings, 0 notes\n"), "{shown}");
    let out = doctor(&folder).arg("no-such-folder").output().unwrap();
    assert_eq!(
        (out.status.code(), text(&out.stderr).as_str()),
        (Some(2), "error: no-such-folder is not a directory\n")
    );
}

// ---- what stock kustomize does ----

fn build(folder: &Folder, flags: &[&str]) -> Output {
    let mut command = Command::new(tool("kustomize"));
    command.current_dir(&folder.0).args(["build", "app", "--enable-alpha-plugins"]).args(flags);
    command.env("KUSTOMIZE_PLUGIN_HOME", folder.0.join("home")).env("HOME", folder.0.join("nobody"));
    command.env_remove("XDG_CONFIG_HOME").output().unwrap()
}

/// Standard output of a build that succeeds.
#[track_caller]
fn built(folder: &Folder, flags: &[&str]) -> String {
    let out = build(folder, flags);
    assert!(out.status.success(), "{}", text(&out.stderr));
    text(&out.stdout)
}

/// Standard error of a build that fails without output.
#[track_caller]
fn broken(folder: &Folder, flags: &[&str]) -> String {
    let out = build(folder, flags);
    assert!(!out.status.success() && out.stdout.is_empty(), "{}", text(&out.stdout));
    text(&out.stderr)
}

const HARD: &str = "runAsNonRoot: true";

#[test]
fn kustomize_skips_an_exec_function_in_silence() {
    let folder = setup("stock-exec");
    assert!(built(&folder, &[]).contains(HARD));
    folder.write("app/krmor.yaml", annotated(&format!("exec: {{path: {BINARY}}}"), ""));
    let out = build(&folder, &[]);
    assert!(out.status.success() && out.stderr.is_empty() && !text(&out.stdout).contains(HARD));
    assert!(built(&folder, &["--enable-exec"]).contains(HARD));
}

#[test]
fn kustomize_fails_every_validator() {
    let folder = setup("stock-validators");
    let hardened = built(&folder, &[]);
    folder.write("app/kustomization.yaml", "resources: [web.yaml]\nvalidators: [krmor.yaml]\n");
    let wanted = "validator shouldn't modify the resource map";
    assert!(broken(&folder, &[]).contains(wanted));
    // Also when krmor returns its input, byte for byte.
    folder.write("app/web.yaml", hardened);
    assert!(broken(&folder, &[]).contains(wanted));
}

#[test]
fn kustomize_hands_a_generator_no_objects() {
    let folder = setup("stock-generators");
    folder.write("app/kustomization.yaml", "resources: [web.yaml]\ngenerators: [krmor.yaml]\n");
    assert!(broken(&folder, &[]).contains("belongs under `transformers:`, not under `generators:`"));
    // By the KRM route even in silence.
    folder.write("app/krmor.yaml", annotated(&format!("exec: {{path: {BINARY}}}"), ""));
    assert!(!build(&folder, &["--enable-exec"]).stdout.windows(HARD.len()).any(|part| part == HARD.as_bytes()));
}

#[test]
fn kustomize_prints_a_config_among_the_resources() {
    let folder = setup("stock-resources");
    folder.write("app/kustomization.yaml", "resources: [web.yaml, krmor.yaml]\n");
    let out = built(&folder, &[]);
    assert!(out.contains("kind: SecurityContext\n") && !out.contains(HARD), "{out}");
    folder.write("app/krmor.yaml", format!("{CONFIG}  annotations: {{config.kubernetes.io/local-config: \"true\"}}\n"));
    assert!(!built(&folder, &[]).contains("kind: SecurityContext\n"));
}

#[test]
fn kustomize_hands_over_only_the_folder_of_a_path_annotation() {
    let folder = setup("stock-path");
    let exec = format!("exec: {{path: {BINARY}}}");
    for key in ["config.kubernetes.io/path", "internal.config.kubernetes.io/path"] {
        folder.write("app/krmor.yaml", annotated(&exec, &format!("    {key}: sub/x.yaml\n")));
        assert!(broken(&folder, &["--enable-exec"]).contains("the ResourceList has no items"), "{key}");
        for path in ["x.yaml", "functions/x.yaml"] {
            folder.write("app/krmor.yaml", annotated(&exec, &format!("    {key}: {path}\n")));
            assert!(built(&folder, &["--enable-exec"]).contains(HARD), "{key}: {path}");
        }
    }
}

#[test]
fn kustomize_looks_for_a_relative_exec_path_beside_the_kustomization() {
    let folder = setup("stock-relative");
    folder.write("app/krmor.yaml", annotated("exec: {path: ./krmor}", ""));
    symlink(BINARY, folder.0.join("krmor")).unwrap(); // in the working directory
    assert!(broken(&folder, &["--enable-exec"]).contains("no such file"));
    symlink(BINARY, folder.0.join("app/krmor")).unwrap();
    assert!(built(&folder, &["--enable-exec"]).contains(HARD));
    folder.write("app/krmor.yaml", annotated("exec: {path: krmor-is-not-there}", ""));
    assert!(broken(&folder, &["--enable-exec"]).contains("executable file not found in $PATH"));
}

#[test]
fn kustomize_passes_over_a_plugin_home_that_does_not_exist_and_cannot_use_a_relative_one() {
    let folder = setup("stock-homes");
    let call = |home: &str, base: &str| {
        let mut command = Command::new(tool("kustomize"));
        command.current_dir(&folder.0).args(["build", "app", "--enable-alpha-plugins"]);
        command.env("KUSTOMIZE_PLUGIN_HOME", home).env("HOME", folder.0.join(base)).env_remove("XDG_CONFIG_HOME");
        command.output().unwrap()
    };
    assert!(text(&call("/nowhere", "nobody").stderr).contains("unable to find plugin root"));
    std::fs::create_dir_all(folder.0.join("user/.config/kustomize")).unwrap();
    symlink(folder.0.join("home"), folder.0.join("user/.config/kustomize/plugin")).unwrap();
    assert!(text(&call("/nowhere", "user").stdout).contains(HARD));
    assert!(text(&call("home", "nobody").stderr).contains("no such file or directory"));
}

#[test]
fn kustomize_runs_later_transformers_and_outer_patches_over_what_krmor_made() {
    let folder = setup("stock-order");
    let patch = r#"[{"op": "remove", "path": "/spec/securityContext"}]"#;
    let target = "{kind: Pod}";
    let transformer = format!(
        "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: undo}}\npatch: '{patch}'\ntarget: {target}\n"
    );
    folder.write("app/undo.yaml", &transformer);
    folder.write("app/kustomization.yaml", "resources: [web.yaml]\ntransformers: [krmor.yaml, undo.yaml]\n");
    assert!(!built(&folder, &[]).contains(HARD));
    // An inline one runs first, wherever it stands.
    let indented: String = transformer.lines().map(|line| format!("  {line}\n")).collect();
    let undo = indented.replace(patch, r#"[{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]"#);
    folder.write("app/kustomization.yaml", format!("resources: [web.yaml]\ntransformers:\n- krmor.yaml\n- |-\n{undo}"));
    assert!(built(&folder, &[]).contains(HARD));
    // An outer kustomization patches what the inner one has hardened.
    folder.write("inner/web.yaml", POD);
    folder.write("inner/krmor.yaml", CONFIG);
    for (kind, field) in [("Kustomization", "resources"), ("Component", "components")] {
        let version = if kind == "Component" { "v1alpha1" } else { "v1beta1" };
        folder.write(
            "inner/kustomization.yaml",
            format!("apiVersion: kustomize.config.k8s.io/{version}\nkind: {kind}\nresources: [web.yaml]\ntransformers: [krmor.yaml]\n"),
        );
        folder.write("app/kustomization.yaml", format!("{field}: [../inner]\n"));
        assert!(built(&folder, &[]).contains(HARD), "{kind}");
        folder.write(
            "app/kustomization.yaml",
            format!("{field}: [../inner]\npatches:\n- patch: '{patch}'\n  target: {target}\n"),
        );
        assert!(!built(&folder, &[]).contains(HARD), "{kind}");
    }
}
