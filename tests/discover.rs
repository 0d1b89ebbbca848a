//! Which config a run takes when nobody names one, and what is said when the arguments are the wrong way round.

use crate::common::{Folder, krmor, pipe, text};

const CONFIG: &str =
    "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: NAME}\nspec: {runAsUser: 1000}\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: b}]}\n";

fn config(name: &str) -> String {
    CONFIG.replace("NAME", name)
}

/// Exit code, standard output and standard error.
fn call(folder: &Folder, args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let out = pipe(krmor().current_dir(&folder.0).args(args), stdin.as_bytes());
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// The config that each command takes, by its name in what it says.
#[track_caller]
fn takes(folder: &Folder, args: &[&str], stdin: &str, name: &str) {
    for command in ["diff", "check"] {
        let (code, out, err) = call(folder, &[&[command], args].concat(), stdin);
        assert_eq!(code, Some(1), "{command} {args:?}: {out}{err}");
        assert!(format!("{out}{err}").contains(&format!("SecurityContext {name}: ")), "{command} {args:?}: {out}{err}");
        assert!(!format!("{out}{err}").contains("config-as-input"), "{command} {args:?}: {out}{err}");
    }
    let (code, out, err) = call(folder, &[&["run"], args].concat(), stdin);
    assert_eq!(code, Some(0), "{args:?}: {err}");
    assert!(out.contains("runAsUser: 1000") && !out.contains("krmor.dev"), "{args:?}: {out}");
}

#[test]
fn a_named_config_goes_before_the_folders_own_and_that_before_the_kustomizations() {
    let folder = Folder::new("discover");
    folder.write("app/pod.yaml", POD);
    folder
        .write("app/kustomization.yaml", "resources: [pod.yaml]\ntransformers: [labels.yaml, ../shared/harden.yaml]\n");
    folder.write("app/labels.yaml", "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\n");
    folder.write("shared/harden.yaml", config("listed"));
    folder.write("named.yaml", config("named"));
    takes(&folder, &["app"], "", "listed");
    takes(&folder, &["app/pod.yaml"], "", "listed");
    let (_, _, err) = call(&folder, &["diff", "app"], "");
    let note = "note: app is a kustomization, and these are its files as they lie there, not patched and not renamed. What it renders: kustomize build --enable-alpha-plugins app\n";
    assert!(err.starts_with(note), "{err}");
    folder.write("app/krmor.yaml", config("own"));
    takes(&folder, &["app"], "", "own");
    takes(&folder, &["app/pod.yaml"], "", "own");
    takes(&folder, &["-c", "named.yaml", "app"], "", "named");
    takes(&folder, &["--config", "app/krmor.yaml", "app"], "", "own");
    // A pipe: the folder where one stands.
    folder.write("krmor.yaml", config("here"));
    takes(&folder, &[], POD, "here");
    takes(&folder, &["-"], POD, "here");
}

#[test]
fn what_is_not_there_or_not_one_is_said() {
    let folder = Folder::new("discover-none");
    folder.write("a/pod.yaml", POD);
    folder.write("b/pod.yaml", POD);
    let fails = |args: &[&str], wanted: &str| {
        for command in ["diff", "check", "run"] {
            let (code, out, err) = call(&folder, &[&[command], args].concat(), "");
            assert_eq!(
                (code, err.as_str()),
                (Some(2), wanted.replace("COMMAND", command).as_str()),
                "{command} {args:?}"
            );
            assert_eq!(out, "");
        }
    };
    fails(
        &["a", "b/pod.yaml"],
        "error: no config is named, and there is none in a, b: neither krmor.yaml nor an entry under `transformers:` of a kustomization\n  \
         fix: name one by --config FILE, or let krmor init write one\n",
    );
    folder.write("a/krmor.yaml", config("a"));
    folder.write("b/krmor.yaml", config("b"));
    fails(
        &["a", "b"],
        "error: there is more than one config: a/krmor.yaml, b/krmor.yaml\n  fix: name one by --config FILE\n",
    );
    // The wrong way round.
    fails(
        &["--config", "a/pod.yaml", "a/krmor.yaml"],
        "error: a/pod.yaml holds manifests, and a/krmor.yaml is a config: they are the wrong way round\n  fix: krmor COMMAND --config a/krmor.yaml a/pod.yaml\n",
    );
    fails(
        &["a/krmor.yaml"],
        "error: a/krmor.yaml is a config, and no manifest\n  fix: krmor COMMAND --config a/krmor.yaml PATH\n",
    );
    fails(
        &["a/krmor.yaml", "b/pod.yaml"],
        "error: a/krmor.yaml is a config, and no manifest\n  fix: krmor COMMAND --config a/krmor.yaml b/pod.yaml\n",
    );
}

/// `krmor diff | head`: whoever reads has enough.
#[test]
fn a_broken_pipe_of_a_view_is_silent() {
    let folder = Folder::new("discover-pipe");
    let pods: String =
        (0..3000).map(|number| format!("---\n{}", POD.replace("name: web", &format!("name: web-{number}")))).collect();
    folder.write("pods.yaml", pods);
    folder.write("krmor.yaml", config("here"));
    // The stream of `run` is no view: what is lost of it is told (`tests/files.rs`).
    for command in ["diff", "check", "view"] {
        let krmor = env!("CARGO_BIN_EXE_krmor");
        let script = format!("'{krmor}' {command} pods.yaml 2>err | head -n 1 >/dev/null; cat err");
        let out = std::process::Command::new("sh").current_dir(&folder.0).args(["-c", &script]).output().unwrap();
        let said = text(&out.stdout);
        assert!(!said.contains("error") && !said.contains("panic"), "{command}: {said}");
    }
}

#[test]
fn what_is_new_is_said_and_so_are_notes_and_warnings() {
    let folder = Folder::new("discover-new");
    let config = "apiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n  functions:\n    s: {kind: SecurityContext}\n    a: {kind: Availability, spec: {replicas: 2, budget: {}}}\n";
    folder.write("krmor.yaml", config);
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: a, image: b}]}\n";
    folder.write("web.yaml", deployment);
    let (code, out, err) = call(&folder, &["diff", "web.yaml"], "");
    assert_eq!(code, Some(1), "{err}");
    let new = out.split("PodDisruptionBudget web").nth(1).unwrap_or_else(|| panic!("{out}"));
    assert!(new.lines().next().unwrap().ends_with(" (new object)"), "{out}");
    assert!(new.lines().nth(1).unwrap().starts_with("# ") && new.lines().nth(2).unwrap().starts_with("+ "), "{out}");
    assert_eq!(out.matches("Deployment web web.yaml\n").count(), 1, "changes of two functions stand together: {out}");
    assert!(err.starts_with("warning: ") && err.ends_with(", 0 refused, 1 warning\n"), "{err}");
    // What is refused is counted, too.
    folder.write("weak.yaml", POD.replace("image: b", "image: b, securityContext: {privileged: true}"));
    let (code, out, err) = call(&folder, &["diff", "weak.yaml", "web.yaml"], "");
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.ends_with("judged 2 workloads with 2 containers; 0 changes, 1 refused, 2 warnings\n"), "{err}");
}
