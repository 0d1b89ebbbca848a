//! Whether krmor is the last that objects meet: trees whose output is not hardened, as stock kustomize shows, and what doctor says
//! of each; and those in which what comes later undoes nothing.

use std::process::Command;

use super::{BINARY, CONFIG, POD, doctor, findings_of, said};
use crate::common::{Folder, krmor, text, tool};

const COMPONENT: &str = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
const LOOSE: &str = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\ntarget: {kind: Pod}\npatch: '[{\"op\": \"add\", \"path\": \"/spec/containers/0/securityContext/privileged\", \"value\": true}]'\n";
const PATCH: &str = "patches:\n- target: {kind: Pod}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/containers/0/securityContext/privileged\", \"value\": true}]'\n";

/// A patch that undoes nothing, but could.
const MILD: &str = "patches:\n- target: {kind: Pod}\n  patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {\"a\": \"b\"}}]'\n";

/// A name, files, the kustomization that is built, and what is found in them.
type Tree<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);

/// A tree of these files only, with a plugin home.
fn tree(name: &str, files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(&format!("doctor-road-{name}"));
    for (path, content) in files {
        folder.write(path, content);
    }
    let done = krmor().args(["install", "kustomize", "--home"]).arg(folder.0.join("home")).output().unwrap();
    assert!(done.status.success());
    std::fs::create_dir(folder.0.join("bin")).unwrap();
    folder
}

/// What stock kustomize prints, and whether each pod in it is hardened.
fn is_hardened(folder: &Folder, root: &str) -> bool {
    let mut command = Command::new(tool("kustomize"));
    command.current_dir(&folder.0).args(["build", "--enable-alpha-plugins", "--enable-helm", root]);
    command.env("KUSTOMIZE_PLUGIN_HOME", folder.0.join("home")).env_remove("XDG_CONFIG_HOME");
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let out = text(&out.stdout);
    let pods = out.matches("kind: Pod\n").count();
    assert!(pods > 0, "{out}");
    out.matches("runAsNonRoot: true").count() == pods && !out.contains("privileged: true")
}

#[track_caller]
fn judged(number: usize, trees: &[Tree<'_>], hardened: bool) {
    for (at, (name, files, root, wanted)) in trees.iter().enumerate() {
        let folder = tree(&format!("{number}-{at}"), files);
        assert_eq!(is_hardened(&folder, root), hardened, "{name}: stock kustomize");
        let mut command = doctor(&folder);
        command.arg("--strict");
        let (mut found, code, json) = findings_of(command, &folder);
        found.retain(|finding| finding != "info no-kustomize");
        assert_eq!(found, *wanted, "{name}: {json:#}");
        assert_eq!(code, Some(i32::from(!hardened)), "{name}: {json:#}");
    }
}

#[test]
fn what_comes_after_krmor_is_found() {
    let two = format!("{CONFIG}---\n{LOOSE}");
    let debug = format!("{COMPONENT}{PATCH}");
    let restricted = format!("{COMPONENT}transformers: [krmor.yaml]\n");
    let extra = POD.replace("name: web", "name: extra");
    let base = ("base/kustomization.yaml", "resources: [web.yaml]\ntransformers: [krmor.yaml]\n");
    let (web, config) = (("base/web.yaml", POD), ("base/krmor.yaml", CONFIG));
    let over = |more: &str| format!("resources: [base]\n{more}");
    judged(
        1,
        &[
            (
                "a Component that patches after the one that hardens",
                &[
                    ("web.yaml", POD),
                    ("kustomization.yaml", "resources: [web.yaml]\ncomponents: [restricted, debug]\n"),
                    ("restricted/kustomization.yaml", &restricted),
                    ("restricted/krmor.yaml", CONFIG),
                    ("debug/kustomization.yaml", &debug),
                ],
                ".",
                &["warning hardened-inside debug/kustomization.yaml:3"],
            ),
            (
                "a second document of the config's file",
                &[
                    ("web.yaml", POD),
                    ("kustomization.yaml", "resources: [web.yaml]\ntransformers: [krmor.yaml]\n"),
                    ("krmor.yaml", &two),
                ],
                ".",
                &["warning not-last kustomization.yaml:2"],
            ),
            (
                "a later one of the folder of configs",
                &[
                    ("web.yaml", POD),
                    ("kustomization.yaml", "resources: [web.yaml]\ntransformers:\n- t\n"),
                    ("t/kustomization.yaml", "resources: [krmor.yaml, zz.yaml]\n"),
                    ("t/krmor.yaml", CONFIG),
                    ("t/zz.yaml", LOOSE),
                ],
                ".",
                &["warning not-last kustomization.yaml:3"],
            ),
            (
                "pods beside a hardened base",
                &[
                    base,
                    web,
                    config,
                    ("kustomization.yaml", "resources:\n- base\n- extra.yaml\n"),
                    ("extra.yaml", &extra),
                ],
                ".",
                &["warning past-krmor kustomization.yaml:3"],
            ),
            (
                "another base beside it",
                &[
                    base,
                    web,
                    config,
                    ("kustomization.yaml", "resources: [base, other]\n"),
                    ("other/kustomization.yaml", &format!("resources:\n- extra.yaml\n{MILD}")),
                    ("other/extra.yaml", &extra),
                ],
                ".",
                &["warning past-krmor other/kustomization.yaml:2"],
            ),
            (
                "a patch over it",
                &[base, web, config, ("kustomization.yaml", &over(PATCH))],
                ".",
                &["warning hardened-inside kustomization.yaml:2"],
            ),
            (
                "a kustomization that never calls krmor",
                &[
                    base,
                    web,
                    config,
                    ("staging/kustomization.yaml", "resources: [web.yaml]\n"),
                    ("staging/web.yaml", POD),
                ],
                "staging",
                &["warning never-called staging/kustomization.yaml:1"],
            ),
            (
                "a Component that nobody lists",
                &[
                    ("web.yaml", POD),
                    ("kustomization.yaml", "resources: [web.yaml]\n"),
                    ("restricted/kustomization.yaml", &restricted),
                    ("restricted/krmor.yaml", CONFIG),
                ],
                ".",
                &["warning never-called kustomization.yaml:1"],
            ),
        ],
        false,
    );
}

#[test]
fn configs_that_their_folder_takes_out_or_sends_elsewhere_are_found() {
    let called = ("kustomization.yaml", "resources: [web.yaml]\ntransformers: [t]\n");
    let delete = "resources: [krmor.yaml]\npatches:\n- patch: |-\n    $patch: delete\n    apiVersion: krmor.dev/v1alpha1\n    kind: SecurityContext\n    metadata: {name: harden}\n";
    let elsewhere = format!(
        "resources: [krmor.yaml]\ncommonAnnotations: {{config.kubernetes.io/function: \"exec: {{path: {BINARY}}}\"}}\n"
    );
    let by_patch = format!(
        "resources: [krmor.yaml]\npatches:\n- target: {{kind: SecurityContext}}\n  patch: |-\n    kind: x\n    metadata: {{name: x, annotations: {{config.kubernetes.io/function: \"exec: {{path: {BINARY}}}\"}}}}\n"
    );
    judged(
        2,
        &[
            (
                "deleted by a patch",
                &[("web.yaml", POD), called, ("t/krmor.yaml", CONFIG), ("t/kustomization.yaml", delete)],
                ".",
                &["error config-deleted t/kustomization.yaml:3"],
            ),
            (
                "an annotation for all",
                &[("web.yaml", POD), called, ("t/krmor.yaml", CONFIG), ("t/kustomization.yaml", &elsewhere)],
                ".",
                &["error exec-skipped t/kustomization.yaml:2"],
            ),
            (
                "an annotation by a patch",
                &[("web.yaml", POD), called, ("t/krmor.yaml", CONFIG), ("t/kustomization.yaml", &by_patch)],
                ".",
                &["error exec-skipped t/kustomization.yaml:3"],
            ),
        ],
        false,
    );
}

/// krmor may be called by a link with the name of a kind, and its config be a ConfigMap.
#[test]
fn an_exec_function_is_known_by_where_its_link_leads() {
    for name in ["SecurityContext", "harden-it"] {
        let config = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: h\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {{path: ./{name}}}\ndata: {{level: restricted}}\n"
        );
        let files = [
            ("web.yaml", POD),
            ("fn.yaml", config.as_str()),
            ("kustomization.yaml", "resources: [web.yaml]\ntransformers: [fn.yaml]\n"),
        ];
        let folder = tree(&format!("link-{name}"), &files);
        std::os::unix::fs::symlink(BINARY, folder.0.join(name)).unwrap();
        assert!(!is_hardened(&folder, "."));
        let (found, ..) = findings_of(doctor(&folder), &folder);
        assert!(found.contains(&"error exec-skipped fn.yaml:6".to_owned()), "{found:?}");
    }
}

#[test]
fn what_undoes_nothing_is_fine() {
    let base = ("base/kustomization.yaml", "resources: [web.yaml]\ntransformers: [krmor.yaml]\n");
    let (web, config) = (("base/web.yaml", POD), ("base/krmor.yaml", CONFIG));
    let restricted = format!("{COMPONENT}transformers: [krmor.yaml]\n");
    let other = format!("{COMPONENT}{MILD}");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";
    judged(
        3,
        &[
            (
                "names, labels, annotations and ConfigMaps over a base",
                &[
                    base,
                    web,
                    config,
                    ("c.yaml", map),
                    (
                        "kustomization.yaml",
                        "resources: [base, c.yaml]\nnamespace: x\nnamePrefix: a-\nnameSuffix: -b\nlabels: [{pairs: {a: b}}]\ncommonAnnotations: {a: b}\nconfigMapGenerator: [{name: d, literals: [a=b]}]\npatches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \"path\": \"/data/x\", \"value\": \"y\"}]'}]\n",
                    ),
                ],
                ".",
                &[],
            ),
            (
                "labels by a transformer in a file",
                &[
                    ("web.yaml", POD),
                    ("krmor.yaml", CONFIG),
                    (
                        "l.yaml",
                        "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n",
                    ),
                    ("kustomization.yaml", "resources: [web.yaml]\ntransformers: [krmor.yaml, l.yaml]\n"),
                ],
                ".",
                &[],
            ),
            (
                "images are a note",
                &[base, web, config, ("kustomization.yaml", "resources: [base]\nimages: [{name: b, newTag: \"1\"}]\n")],
                ".",
                &["info hardened-inside kustomization.yaml:2"],
            ),
            (
                "a Component that patches before the one that hardens",
                &[
                    ("web.yaml", POD),
                    ("kustomization.yaml", "resources: [web.yaml]\ncomponents: [other, restricted]\n"),
                    ("restricted/kustomization.yaml", &restricted),
                    ("restricted/krmor.yaml", CONFIG),
                    ("other/kustomization.yaml", &other),
                ],
                ".",
                &[],
            ),
            (
                "one that hardens again, outermost",
                &[
                    base,
                    web,
                    config,
                    ("krmor.yaml", CONFIG),
                    ("kustomization.yaml", &format!("resources: [base]\n{MILD}transformers: [krmor.yaml]\n")),
                ],
                ".",
                &[],
            ),
            (
                "a kustomization without pods",
                &[base, web, config, ("crds/kustomization.yaml", "resources: [c.yaml]\n"), ("crds/c.yaml", map)],
                "base",
                &[],
            ),
        ],
        true,
    );
}

/// Labels that lower the Pod Security level of a namespace are no harmless ones.
#[test]
fn labels_that_turn_something_off_are_found() {
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\ntransformers: [krmor.yaml]\n"),
        ("base/web.yaml", POD),
        ("base/krmor.yaml", CONFIG),
        (
            "kustomization.yaml",
            "resources: [base]\nlabels:\n- pairs: {pod-security.kubernetes.io/enforce: privileged}\n",
        ),
    ];
    let (found, ..) = findings_of(doctor(&tree("labels", &files)), &tree("labels", &files));
    assert!(found.contains(&"warning hardened-inside kustomization.yaml:2".to_owned()), "{found:?}");
}

/// Where a pipe hardens what a kustomization renders, what lies inside is no matter.
#[test]
fn a_pipe_hardens_what_it_renders_and_nothing_else() {
    let files = [
        ("prod/kustomization.yaml", "resources: [web.yaml]\ntransformers: [krmor.yaml]\n"),
        ("prod/web.yaml", POD),
        ("prod/krmor.yaml", CONFIG),
        ("staging/kustomization.yaml", "resources: [web.yaml]\n"),
        ("staging/web.yaml", POD),
    ];
    for (script, healthy) in [
        ("kustomize build staging | krmor --config prod/krmor.yaml\n", true),
        ("for o in *; do kustomize build $o | krmor --config prod/krmor.yaml; done\n", true),
        ("kustomize build prod | krmor --config prod/krmor.yaml\n", false),
        ("kustomize build staging\n", false),
    ] {
        let folder = tree("pipe", &files);
        folder.write("render.sh", script);
        let (found, ..) = findings_of(doctor(&folder), &folder);
        let said = found.contains(&"warning never-called staging/kustomization.yaml:1".to_owned());
        assert_eq!(said, !healthy, "{script}: {found:?}");
    }
}

/// What is not looked at is said, and is no health where it could be built.
#[test]
fn skipped_folders_are_said() {
    let files = [
        ("target/kustomization.yaml", "resources: [web.yaml]\ngenerators: [krmor.yaml]\n"),
        ("target/web.yaml", POD),
        ("target/krmor.yaml", CONFIG),
    ];
    let folder = tree("target", &files);
    let (found, ..) = findings_of(doctor(&folder), &folder);
    assert!(found.contains(&"error under-generators target/kustomization.yaml:2".to_owned()), "{found:?}");
    // Now it is cargo's.
    folder.write("Cargo.toml", "");
    std::fs::create_dir(folder.0.join(".cache")).unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.0.join("link")).unwrap();
    let (found, _, json) = findings_of(doctor(&folder), &folder);
    assert_eq!(found[0], "warning skipped target/kustomization.yaml", "{json:#}");
    assert_eq!(json["facts"]["not looked at"], "2 folders (hidden, built, or links): .cache, target");
    assert_eq!(said(&json, "skipped").1, "run `krmor doctor target`, too");
}
