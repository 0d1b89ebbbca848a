//! The command line as a person meets it: messages to the letter, exit codes, what is written and what is not.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::common::{Folder, krmor, pipe, text};
use serde_json::Value;

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.27
";

const HARDENED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
";

const PRIVILEGED: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: weak
  namespace: shop
spec:
  hostNetwork: true # measured
  containers:
  - name: app
    image: nginx:1.27
    securityContext:
      privileged: true
  - name: side
    image: nginx:1.27
    securityContext:
      runAsUser: 0
";

/// What settles the user of the image above: without it every run has a warning.
const SETTLED: &str = "spec: {images: [{name: nginx, user: 101}]}\n";

/// A config of the function alone.
fn config(spec: &str) -> String {
    format!("apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata:\n  name: harden\n{spec}")
}

/// What a call gave.
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Done {
    #[track_caller]
    fn gives(&self, code: i32, out: &str, err: &str) {
        assert_eq!(self.err, err, "standard error");
        assert_eq!(self.out, out, "standard output");
        assert_eq!(self.code, Some(code), "exit code");
    }

    #[track_caller]
    fn fails(&self, code: i32, err: &str) {
        self.gives(code, "", err);
    }
}

fn call(command: &mut Command, stdin: &[u8]) -> Done {
    let out = pipe(command, stdin);
    Done { code: out.status.code(), out: text(&out.stdout), err: text(&out.stderr) }
}

/// Runs krmor in the folder, so that messages name files as they were given.
fn run(folder: &Folder, args: &[&str], stdin: &str) -> Done {
    call(krmor().current_dir(&folder.0).args(args), stdin.as_bytes())
}

/// A folder with `config.yaml` (all defaults) and `web.yaml`.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(&format!("cli-{name}"));
    folder.write("config.yaml", config(SETTLED));
    folder.write("web.yaml", DEPLOYMENT);
    folder
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

// ---- configs ----

#[test]
fn a_wrong_config_is_shown_with_place_path_and_remedy() {
    let folder = folder("config");
    let pipeline = "apiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nspec:\n";
    let cases: &[(String, &str)] = &[
        (
            config("spec:\n  levle: baseline # why\n"),
            "\
error: spec.levle: unknown field `levle`
 --> bad.yaml:6:3
  |
6 |   levle: baseline # why
  |   ^^^^^
  |
  = help: did you mean `level`?
",
        ),
        (
            config("spec:\n  targets:\n  - kind: Deployment\n    nmae: web\n"),
            "\
error: spec.targets[0].nmae: unknown field `nmae`
 --> bad.yaml:8:5
  |
8 |     nmae: web
  |     ^^^^
  |
  = help: did you mean `name`?
",
        ),
        (
            config("spec:\n  readOnlyRootFilesystem: 'true'\n"),
            "\
error: spec.readOnlyRootFilesystem: expected a boolean, found a text
 --> bad.yaml:6:3
  |
6 |   readOnlyRootFilesystem: 'true'
  |   ^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: give a boolean; remove the quotes?
",
        ),
        (
            config("spec:\n  targets: {kind: Deployment}\n"),
            "\
error: spec.targets: expected a list, found a mapping
 --> bad.yaml:6:3
  |
6 |   targets: {kind: Deployment}
  |   ^^^^^^^
  |
  = help: give a list
",
        ),
        (
            config("spec:\n  level: restrcted\n"),
            "\
error: spec.level: `restrcted` is not a value of this field
 --> bad.yaml:6:3
  |
6 |   level: restrcted
  |   ^^^^^
  |
  = help: did you mean `restricted`?
",
        ),
        (
            format!("{pipeline}  failOn: never\n  functions: {{a: {{kind: SecurityContext}}}}\n"),
            "\
error: spec.failOn: `never` is not a value of this field
 --> bad.yaml:4:3
  |
4 |   failOn: never
  |   ^^^^^^
  |
  = help: the values are: error, warning
",
        ),
        (
            config("").replace("SecurityContext", "SecurtyContext"),
            "\
error: kind: unknown kind `SecurtyContext`
 --> bad.yaml:2:1
  |
2 | kind: SecurtyContext
  | ^^^^
  |
  = help: did you mean `SecurityContext`?
",
        ),
        (
            format!("{pipeline}  functions:\n    harden:\n      kind: SecurityContest\n"),
            "\
error: spec.functions.harden.kind: unknown kind `SecurityContest`
 --> bad.yaml:6:7
  |
6 |       kind: SecurityContest
  |       ^^^^
  |
  = help: did you mean `SecurityContext`?
",
        ),
        (
            format!(
                "{pipeline}  functions:\n    a.b/c:\n      kind: SecurityContext\n      spec:\n        Level: baseline\n"
            ),
            "\
error: spec.functions[a.b/c].spec.Level: unknown field `Level`
 --> bad.yaml:8:9
  |
8 |         Level: baseline
  |         ^^^^^
  |
  = help: did you mean `level`?
",
        ),
        (
            config("").replace("krmor.dev/v1alpha1", "krmor.dev/v1"),
            "\
error: apiVersion: apiVersion is `krmor.dev/v1`, not `krmor.dev/v1alpha1`
 --> bad.yaml:1:1
  |
1 | apiVersion: krmor.dev/v1
  | ^^^^^^^^^^
  |
  = help: set `apiVersion: krmor.dev/v1alpha1`
",
        ),
        (
            config("spec:\n  exceptions:\n  - target: {kind: Deployment}\n    fields: [privileged]\n"),
            "\
error: spec.exceptions[0]: the field `reason` is missing
 --> bad.yaml:7:5
  |
7 |   - target: {kind: Deployment}
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: add `reason:`
",
        ),
        (
            pipeline.to_owned(),
            "\
error: spec: the field `functions` is missing
 --> bad.yaml:3:1
  |
3 | spec:
  | ^^^^
  |
  = help: add `functions:`
",
        ),
        (
            format!("{pipeline}  functions: {{}}\n"),
            "\
error: spec.functions: the pipeline has no functions
 --> bad.yaml:4:3
  |
4 |   functions: {}
  |   ^^^^^^^^^
  |
  = help: add one under `spec.functions`
",
        ),
        (
            config("specs: {}\n"),
            "\
error: specs: unknown field `specs`
 --> bad.yaml:5:1
  |
5 | specs: {}
  | ^^^^^
  |
  = help: did you mean `spec`?
",
        ),
        (
            config("argsOneLiner: --level baseline\n"),
            "\
error: argsOneLiner: `argsOneLiner` is a kustomize feature that krmor does not read
 --> bad.yaml:5:1
  |
5 | argsOneLiner: --level baseline
  | ^^^^^^^^^^^^
  |
  = help: remove it and put the settings under `spec`
",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\ndata: {level: baseline}\n".to_owned(),
            "\
error: kind: a ConfigMap config does not say which function it is for
 --> bad.yaml:2:1
  |
2 | kind: ConfigMap
  | ^^^^
  |
  = help: name it by `--function KIND` or as `function` under `data`, or use a config of krmor.dev/v1alpha1
",
        ),
        (
            "- a list\n".to_owned(),
            "\
error: the function config is not a mapping
 --> bad.yaml:1:1
  |
1 | - * ****
  | ^
  |
  = help: start it with `apiVersion: krmor.dev/v1alpha1`
",
        ),
        (
            config("spec: [\n"),
            "\
error: this is never closed
 --> bad.yaml:5:7
  |
5 | spec: [
  |       ^
",
        ),
        (String::new(), "error: config bad.yaml: it is empty\n"),
        ("# nothing yet\n---\n".to_owned(), "error: config bad.yaml: it is empty\n"),
        (
            format!("{}---\n{}", config(""), config("")),
            "error: config bad.yaml: it holds more than one document; put the functions into one Pipeline\n",
        ),
    ];
    for (config, wanted) in cases {
        folder.write("bad.yaml", config);
        for command in ["run", "diff", "check"] {
            run(&folder, &[command, "--config", "bad.yaml", "web.yaml"], "").fails(2, wanted);
        }
        // As a function with a bare stream, the same.
        run(&folder, &["--config", "bad.yaml"], DEPLOYMENT).fails(2, wanted);
    }
}

#[test]
fn a_target_that_matches_nothing_is_a_usage_error_unless_it_is_optional() {
    let folder = folder("target");
    folder.write("typo.yaml", config("spec:\n  targets:\n  - kind: Deployment\n    name: wbe # why\n"));
    let wanted = "\
error: spec.targets[0]: `{kind: Deployment, name: wbe}` matches nothing
 --> typo.yaml:7:5
  |
7 |   - kind: Deployment
  |     ^^^^^^^^^^^^^^^^
  |
  = help: did you mean `name: web`? If not, correct the target, or set `optional: true` if it need not match
error: SecurityContext harden: 1 finding; nothing was written
";
    run(&folder, &["run", "--config", "typo.yaml", "web.yaml"], "").fails(2, wanted);
    let counted = "SecurityContext harden: judged 0 workloads with 0 containers; not judged: 1 (no function is for it); 0 changes, 1 refused, 0 warnings\n";
    run(&folder, &["diff", "--config", "typo.yaml", "web.yaml"], "").fails(2, &format!("{wanted}{counted}"));
    run(&folder, &["--config", "typo.yaml"], DEPLOYMENT).fails(2, wanted);
    let wanted = wanted
        .replace("error: SecurityContext", "SecurityContext")
        .replace("nothing was written", "a run would write nothing");
    run(&folder, &["check", "--config", "typo.yaml", "web.yaml"], "").gives(2, &wanted, "");

    folder.write("optional.yaml", config("spec:\n  targets:\n  - name: wbe\n    optional: true\n"));
    run(&folder, &["run", "--config", "optional.yaml", "web.yaml"], "").gives(0, DEPLOYMENT, "");

    folder.write("regex.yaml", config("spec:\n  targets:\n  - name: (web\n"));
    let wanted = "\
error: spec.targets[0].name: `(web` is not a regular expression: found open group without closing ')'
 --> regex.yaml:7:5
  |
7 |   - name: (web
  |     ^^^^
  |
  = help: correct the selector
";
    run(&folder, &["run", "--config", "regex.yaml", "web.yaml"], "").fails(2, wanted);

    let pipeline = "apiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nmetadata:\n  name: all\nspec:\n";
    let functions = "  functions:\n    a.b:\n      kind: SecurityContext\n      spec: {targets: [{kind: Job}]}\n";
    folder.write("pipeline.yaml", format!("{pipeline}{functions}"));
    let wanted = "\
error: spec.functions[a.b].spec.targets[0]: `{kind: Job}` matches nothing
 --> pipeline.yaml:9:24
  |
9 |       spec: {targets: [{kind: Job}]}
  |                        ^^^^^^^^^^^
  |
  = help: correct the target, or set `optional: true` if it need not match
error: Pipeline all: 1 finding; nothing was written
";
    run(&folder, &["run", "--config", "pipeline.yaml", "web.yaml"], "").fails(2, wanted);
    folder.write("pipeline.yaml", format!("{pipeline}  podTemplates:\n  - kind: Backend\n{functions}"));
    let wanted = "\
error: spec.podTemplates[0]: there is neither `path` nor `ignore: true`; write one of them
 --> pipeline.yaml:7:5
  |
7 |   - kind: Backend
  |     ^^^^^^^^^^^^^
  |
  = help: correct the row
";
    run(&folder, &["run", "--config", "pipeline.yaml", "web.yaml"], "").fails(2, wanted);
}

#[test]
fn every_conflict_is_listed_at_once() {
    let folder = folder("conflicts");
    folder.write("weak.yaml", PRIVILEGED);
    let wanted = "\
error: Pod shop/weak: spec.containers[0].securityContext.privileged: container `app` sets `privileged: true`; baseline v1.35 allows only `false`  [SecurityContext conflict/privileged]
  --> weak.yaml:12
     |
  12 |       privileged: true
     |                   ^^^^
  fix: change it, or allow it: exceptions: [{target: {kind: Pod, name: weak, namespace: shop, containers: [app]}, fields: [privileged], reason: …}]
error: Pod shop/weak: spec.hostNetwork: the pod sets `hostNetwork: true`; baseline v1.35 allows only `false`  [SecurityContext conflict/hostNamespaces]
  --> weak.yaml:7
    |
  7 |   hostNetwork: true # ********
    |                ^^^^
  fix: change it, or allow it: exceptions: [{target: {kind: Pod, name: weak, namespace: shop}, fields: [hostNetwork], reason: …}]
error: Pod shop/weak: spec.containers[1].securityContext.runAsUser: container `side` sets `runAsUser: 0`; restricted v1.35 allows no uid 0  [SecurityContext conflict/runAsUser]
  --> weak.yaml:16
     |
  16 |       runAsUser: 0
     |                  ^
  fix: change it, or allow it: exceptions: [{target: {kind: Pod, name: weak, namespace: shop, containers: [side]}, fields: [runAsUser], reason: …}]
error: SecurityContext harden: 3 findings; nothing was written
";
    run(&folder, &["run", "--config", "config.yaml", "weak.yaml"], "").fails(1, wanted);
    run(&folder, &["run", "--config", "config.yaml", "--report", "text", "weak.yaml"], "").fails(1, wanted);
    let counted = "SecurityContext harden: judged 1 workload with 2 containers; 0 changes, 3 refused, 0 warnings\n";
    run(&folder, &["diff", "--config", "config.yaml", "weak.yaml"], "").fails(1, &format!("{wanted}{counted}"));
    // What comes by a pipe has no lines that the person has seen.
    let of_file = |line: &&str| {
        !line.starts_with("  -->")
            && !line
                .split_once('|')
                .is_some_and(|(number, _)| number.trim().parse::<u8>().is_ok() || number.trim().is_empty())
    };
    let without: String = wanted.lines().filter(of_file).map(|line| format!("{line}\n")).collect();
    run(&folder, &["--config", "config.yaml"], PRIVILEGED).fails(1, &without);
    run(&folder, &["run", "--in-place", "--config", "config.yaml", "weak.yaml", "web.yaml"], "").fails(1, wanted);
    assert_eq!(std::fs::read_to_string(folder.0.join("weak.yaml")).unwrap(), PRIVILEGED);
    assert_eq!(std::fs::read_to_string(folder.0.join("web.yaml")).unwrap(), DEPLOYMENT);

    let done = run(&folder, &["run", "--config", "config.yaml", "--report", "json", "weak.yaml"], "");
    let report: Value = serde_json::from_str(&done.err).expect("JSON is all that standard error holds");
    let errors = report["results"].as_array().unwrap().iter().filter(|result| result["severity"] == "error");
    assert_eq!(errors.count(), 3);
    assert_eq!(report["patches"], serde_json::json!([]), "nothing was changed");
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""));

    let done = run(&folder, &["check", "--config", "config.yaml", "weak.yaml"], "");
    assert!(done.out.ends_with("\nSecurityContext harden: 3 findings; a run would write nothing\n"), "{}", done.out);
    assert_eq!((done.code, done.err.as_str()), (Some(1), ""));
}

// ---- input ----

#[test]
fn invalid_yaml_is_shown_with_its_place_and_without_its_content() {
    let folder = folder("invalid");
    let cases: &[(&str, &str)] = &[
        (
            "kind: Secret\nstringData:\n  password: \"hunter2\\q\" # hunter2\n",
            "\
error: unknown escape in a double-quoted text; use single quotes, or `\\\\` for a backslash
 --> in.yaml:3:21
  |
3 |   password: \"*******\\*\" # *******
  |                     ^
",
        ),
        (
            "kind: Secret\nstringData:\n  password: [hunter2\n",
            "\
error: this is never closed
 --> in.yaml:3:13
  |
3 |   password: [*******
  |             ^
",
        ),
        (
            "a: postgres://app:hunter2@db: x\n",
            "\
error: `: ` is not allowed here: quote the value, or check the indentation
 --> in.yaml:1:29
  |
1 | a: ********://***:*******@**: *
  |                             ^
",
        ),
        (
            "spec:\n\tcontainers: hunter2\n",
            "\
error: a tab cannot indent or start a value here; use spaces
 --> in.yaml:2:1
  |
2 |     **********: *******
  | ^^^^
",
        ),
        (
            "name: a\nkind: Pod\nname: hunter2\n",
            "\
error: the key `name` stands twice in this mapping; keep one
 --> in.yaml:3:1
  |
3 | name: *******
  | ^
",
        ),
        (
            "---\na: 1\n---\nkey: 'hunter2\n",
            "\
error: a quoted text is not closed
 --> in.yaml:4:6
  |
4 | key: '*******
  |      ^
",
        ),
    ];
    for (input, wanted) in cases {
        folder.write("in.yaml", input);
        for args in [&["run", "--config", "config.yaml", "in.yaml"][..], &["view", "in.yaml"][..]] {
            run(&folder, args, "").fails(2, wanted);
        }
        let wanted = wanted.replace("in.yaml", "standard input");
        run(&folder, &["run", "--config", "config.yaml"], input).fails(2, &wanted);
        run(&folder, &["--config", "config.yaml"], input).fails(2, &wanted);
    }
}

#[test]
fn encodings_are_kept_and_what_is_no_text_is_refused() {
    let folder = folder("encodings");
    let args = ["run", "--config", "config.yaml", "in.yaml"];
    let with_mark = |text: &str| format!("\u{feff}{text}");
    let utf16 =
        |text: &str, unit: fn(u16) -> [u8; 2]| with_mark(text).encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let comment = "# naïve 🔒\n";
    folder.write("in.yaml", utf16(&format!("{comment}{DEPLOYMENT}"), u16::to_be_bytes));
    let out = pipe(krmor().current_dir(&folder.0).args(args), b"");
    assert_eq!(out.stdout, utf16(&format!("{comment}{HARDENED}"), u16::to_be_bytes));
    assert_eq!(text(&out.stderr), "");
    // kubectl cannot read the other byte order.
    folder.write("in.yaml", utf16(DEPLOYMENT, u16::to_le_bytes));
    let wanted = "error: in.yaml: kubectl and kustomize do not read this UTF-16 text as it is meant; write it as UTF-8  [ambiguous-yaml]\n";
    run(&folder, &args, "").fails(2, wanted);
    folder.write("in.yaml", with_mark(DEPLOYMENT));
    run(&folder, &args, "").gives(0, &with_mark(HARDENED), "");

    folder.write("in.yaml", b"kind: Pod\nname: hunter2\xC3\x28\n");
    run(&folder, &args, "").fails(2, "error: in.yaml: the input is not UTF-8 text (at byte 23)\n");
    folder.write("in.yaml", b"\xFF\xFEa");
    run(&folder, &args, "").fails(2, "error: in.yaml: the input is not well-formed UTF-16 (at byte 0)\n");
    folder.write("in.yaml", b"name: hunter2\x07\n");
    let wanted = "error: in.yaml: a control character is not allowed in YAML; write it as an escape in double quotes (at byte 13)\n";
    run(&folder, &args, "").fails(2, wanted);
}

#[test]
fn empty_input_is_an_error_unless_it_is_allowed() {
    let folder = folder("empty");
    let wanted = "error: the input holds no objects; pass --allow-empty to accept this\n";
    for input in ["", "\n\n", "# only a comment\n---\n# another\n", "---\n...\n"] {
        folder.write("in.yaml", input);
        for command in ["run", "diff", "check"] {
            run(&folder, &[command, "--config", "config.yaml", "in.yaml"], "").fails(2, wanted);
            run(&folder, &[command, "--config", "config.yaml"], input).fails(2, wanted);
        }
        run(&folder, &["--config", "config.yaml"], input).fails(2, wanted);
        run(&folder, &["run", "--config", "config.yaml", "--allow-empty"], input).gives(0, input, "");
        run(&folder, &["--config", "config.yaml", "--allow-empty"], input).gives(0, input, "");
    }
    let judged = "SecurityContext harden: judged 0 workloads with 0 containers; 0 changes, 0 refused, 0 warnings\n";
    run(&folder, &["diff", "--config", "config.yaml", "--allow-empty"], "").gives(0, "", judged);
    let nothing = "SecurityContext harden: nothing to change in 0 objects; judged 0 workloads with 0 containers\n";
    run(&folder, &["check", "--config", "config.yaml", "--allow-empty"], "").gives(0, nothing, "");
    std::fs::create_dir(folder.0.join("none")).unwrap();
    run(&folder, &["run", "--config", "config.yaml", "none"], "").fails(2, wanted);

    let wanted =
        "error: standard input is empty; krmor reads a ResourceList there, or, with --config FILE, a bare stream\n";
    run(&folder, &[], "").fails(2, wanted);
    let wanted = "error: standard input is not a ResourceList; for a bare stream say which config to run: \
                  krmor --config FILE, or krmor run --config FILE -\n";
    run(&folder, &[], DEPLOYMENT).fails(2, wanted);
}

#[test]
fn files_that_cannot_be_read_are_input_errors() {
    let folder = folder("missing");
    let missing = |name: &str| format!("error: {name}: No such file or directory (os error 2)\n");
    for command in ["run", "diff", "check"] {
        run(&folder, &[command, "--config", "config.yaml", "web.yaml", "no.yaml"], "").fails(3, &missing("no.yaml"));
        run(&folder, &[command, "--config", "no.yaml", "web.yaml"], "").fails(3, &missing("config no.yaml"));
        run(&folder, &[command, "--config", ".", "web.yaml"], "")
            .fails(3, "error: config .: Is a directory (os error 21)\n");
    }
    run(&folder, &["view", "no.yaml"], "").fails(3, &missing("no.yaml"));
    run(&folder, &["patch", "--patch", "no.json", "web.yaml"], "").fails(3, &missing("no.json"));
    let twice = "error: `-` can be given once only\n";
    run(&folder, &["run", "--config", "config.yaml", "-", "-"], DEPLOYMENT).fails(2, twice);
}

#[test]
fn a_directory_stands_for_its_manifests_in_the_order_of_their_names() {
    let folder = folder("directory");
    let service = |name: &str| format!("kind: Service\nmetadata: {{name: {name}}}\n");
    folder.write("d/b.yml", service("b"));
    folder.write("d/a.yaml", service("a").trim_end());
    folder.write("d/c/d.json", "{\"kind\": \"Service\", \"metadata\": {\"name\": \"d\"}}\n");
    folder.write("d/.hidden.yaml", service("hidden"));
    folder.write("d/notes.txt", "not: [yaml");
    folder.write("config2.yaml", config("spec: {level: baseline}\n"));
    let wanted = format!(
        "{}---\n{}---\n{{\"kind\": \"Service\", \"metadata\": {{\"name\": \"d\"}}}}\n",
        service("a"),
        service("b")
    );
    run(&folder, &["run", "--config", "config2.yaml", "--allow-none", "d"], "").gives(0, &wanted, "");
    // Nothing was hardened, so nothing passes as hardened.
    let none = run(&folder, &["check", "--config", "config2.yaml", "d"], "");
    assert_eq!(none.code, Some(2), "{}", none.out);
}

// ---- output ----

#[test]
fn files_are_written_all_or_none() {
    let folder = folder("in-place");
    let args = ["run", "--config", "config.yaml", "--in-place"];
    let names = ["a.yaml", "b.yaml", "c.yaml"];
    let read = |name: &str| std::fs::read_to_string(folder.0.join(name)).unwrap();
    for name in names {
        folder.write(name, DEPLOYMENT);
    }
    let before = files(&folder.0);

    folder.write("b.yaml", "kind: [\n");
    assert_eq!(run(&folder, &[&args[..], &names[..]].concat(), "").code, Some(2));
    assert_eq!((read("a.yaml").as_str(), read("c.yaml").as_str()), (DEPLOYMENT, DEPLOYMENT));

    folder.write("b.yaml", PRIVILEGED);
    assert_eq!(run(&folder, &[&args[..], &names[..]].concat(), "").code, Some(1));
    assert_eq!((read("a.yaml").as_str(), read("c.yaml").as_str()), (DEPLOYMENT, DEPLOYMENT));

    // A name that leaves no room beside it is no obstacle.
    let long = format!("{}.yaml", "z".repeat(250));
    folder.write(&long, DEPLOYMENT);
    let wrote = format!("wrote a.yaml: 4 changes\nwrote {long}: 4 changes\n");
    run(&folder, &[&args[..], &["a.yaml", &long]].concat(), "").gives(0, &wrote, "");
    assert_eq!((read("a.yaml").as_str(), read(&long).as_str()), (HARDENED, HARDENED));
    std::fs::remove_file(folder.0.join(&long)).unwrap();
    folder.write("a.yaml", DEPLOYMENT);

    folder.write("b.yaml", DEPLOYMENT);
    let wrote = names.map(|name| format!("wrote {name}: 4 changes\n")).concat();
    run(&folder, &[&args[..], &names[..]].concat(), "").gives(0, &wrote, "");
    run(&folder, &[&args[..], &names[..]].concat(), "").gives(0, "nothing to change in 3 files\n", "");
    for name in names {
        assert_eq!(read(name), HARDENED);
    }
    assert_eq!(files(&folder.0), before, "no temporary file stays");
    run(&folder, &args, DEPLOYMENT).fails(2, "error: --in-place needs files, not standard input\n");
}

#[cfg(unix)]
#[test]
fn files_keep_what_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder("kept");
    let args = ["run", "--config", "config.yaml", "--in-place", "hard.yaml", "link.yaml", "service.yaml"];
    let service = "kind:   Service # odd\nmetadata: {name: x}";
    folder.write("hard.yaml", HARDENED);
    folder.write("service.yaml", service);
    let real = folder.write("real/web.yaml", DEPLOYMENT);
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/web.yaml", folder.0.join("link.yaml")).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in ["hard.yaml", "service.yaml", "real/web.yaml"] {
        std::fs::File::options().write(true).open(folder.0.join(name)).unwrap().set_modified(long_ago).unwrap();
    }
    run(&folder, &args, "").gives(0, "wrote link.yaml: 4 changes\n", "");
    let meta = |name: &str| std::fs::symlink_metadata(folder.0.join(name)).unwrap();
    assert_eq!(std::fs::read_to_string(folder.0.join("service.yaml")).unwrap(), service);
    assert_eq!(meta("hard.yaml").modified().unwrap(), long_ago, "an unchanged file is not written");
    assert_eq!(meta("service.yaml").modified().unwrap(), long_ago, "an unchanged file is not written");
    assert!(meta("link.yaml").is_symlink(), "a link stays a link");
    assert_eq!(std::fs::read_to_string(&real).unwrap(), HARDENED);
    assert_ne!(meta("real/web.yaml").modified().unwrap(), long_ago);
    assert_eq!(meta("real/web.yaml").permissions().mode() & 0o777, 0o640);
}

#[test]
fn an_output_directory_takes_every_file_by_its_own_name() {
    let folder = folder("output");
    folder.write("a/web.yaml", DEPLOYMENT);
    folder.write("a/other.yaml", "kind: Service\n");
    folder.write("b/web.yaml", DEPLOYMENT);
    let args = ["run", "--config", "config.yaml", "-o", "out/deep"];
    run(&folder, &[&args[..], &["a", "b"]].concat(), "")
        .fails(2, "error: two input files would both become out/deep/web.yaml\n");
    assert!(!folder.0.join("out/deep/other.yaml").exists(), "nothing is written");
    run(&folder, &[&args[..], &["a"]].concat(), "").gives(0, "", "");
    assert_eq!(files(&folder.0.join("out/deep")), ["other.yaml", "web.yaml"]);
    assert_eq!(std::fs::read_to_string(folder.0.join("out/deep/web.yaml")).unwrap(), HARDENED);
    assert_eq!(std::fs::read_to_string(folder.0.join("a/web.yaml")).unwrap(), DEPLOYMENT);
    run(&folder, &args, DEPLOYMENT).gives(0, "", "");
    assert_eq!(std::fs::read_to_string(folder.0.join("out/deep/stream.yaml")).unwrap(), HARDENED);
    let done = run(&folder, &[&args[..], &["--in-place", "a"]].concat(), "");
    assert!(
        done.err.starts_with("error: the argument '--output <DIR>' cannot be used with '--in-place'\n"),
        "{}",
        done.err
    );
    assert_eq!(done.code, Some(2));
}

// ---- check, diff, view, patch ----

#[test]
fn check_says_whether_a_run_would_change_anything() {
    let folder = folder("check");
    folder.write("config.yaml", config(""));
    let place = "  --> web.yaml:12\n";
    let wanted = "\
warning: Deployment web: spec.template.spec: no uid is set: web will not start if the image's user is root or a name  [SecurityContext image-user-unproven]
  --> web.yaml:12
  fix: set `runAsUser`, or a numeric USER in the image, and say it in `images` of the config
";
    let changes = "\
Deployment web (web.yaml)
  added      spec.template.spec.securityContext: {\"runAsNonRoot\":true}  (run-as-non-root: the kubelet refuses to start it as root)
  added      spec.template.spec.securityContext.seccompProfile: {\"type\":\"RuntimeDefault\"}  (seccomp-profile: system calls outside the profile are refused)
  added      spec.template.spec.containers[0].securityContext: {\"allowPrivilegeEscalation\":false}  (no-privilege-escalation: blocks setuid privilege gains)
  added      spec.template.spec.containers[0].securityContext.capabilities: {\"drop\":[\"ALL\"]}  (drop-capabilities: no Linux capability but those added by name)
";
    let verdict = "SecurityContext harden: a run would make 4 changes; judged 1 workload with 1 container\n";
    run(&folder, &["check", "--config", "config.yaml", "web.yaml"], "").gives(
        1,
        &format!("{wanted}{changes}{verdict}"),
        "",
    );
    run(&folder, &["run", "--config", "config.yaml", "--report", "text", "web.yaml"], "").gives(
        0,
        HARDENED,
        &format!("{wanted}{changes}"),
    );
    let done = run(&folder, &["check", "--config", "config.yaml"], HARDENED);
    let wanted = wanted.replace(place, "");
    done.gives(
        0,
        &format!("{wanted}SecurityContext harden: nothing to change in 1 object; judged 1 workload with 1 container\n"),
        "",
    );

    let done = run(&folder, &["check", "--config", "config.yaml", "--format", "json", "web.yaml"], "");
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["patches"].as_array().unwrap().len(), 4);
    assert_eq!(report["results"][1]["tags"]["rule"], "run-as-non-root");
    assert_eq!((done.code, done.err.as_str()), (Some(1), ""));
    let done = run(&folder, &["run", "--config", "config.yaml", "--report", "json", "web.yaml"], "");
    assert_eq!(serde_json::from_str::<Value>(&done.err).unwrap(), report);
    assert_eq!((done.code, done.out.as_str()), (Some(0), HARDENED));
}

#[test]
fn diff_shows_the_reason_once_above_each_change() {
    let folder = folder("diff");
    let args = ["diff", "--config", "config.yaml"];
    let wanted = "\
Deployment web web.yaml
@@ line 12 @@
        containers:
        - name: web
          image: nginx:1.27
# no-privilege-escalation: blocks setuid privilege gains
+         securityContext:
+           allowPrivilegeEscalation: false
# drop-capabilities: no Linux capability but those added by name
+           capabilities:
+             drop:
+             - ALL
# run-as-non-root: the kubelet refuses to start it as root
+       securityContext:
+         runAsNonRoot: true
# seccomp-profile: system calls outside the profile are refused
+         seccompProfile:
+           type: RuntimeDefault
";
    let judged = |end: &str| {
        format!("SecurityContext harden: judged 1 workload with 1 container; {end}, 0 refused, 0 warnings\n")
    };
    run(&folder, &[&args[..], &["web.yaml"]].concat(), "").gives(1, wanted, &judged("4 changes"));
    run(&folder, &args, HARDENED).gives(0, "", &judged("0 changes"));
    let summary = "Deployment web web.yaml: 4 changes: drop-capabilities, no-privilege-escalation, run-as-non-root, seccomp-profile\n";
    run(&folder, &[&args[..], &["--summary", "web.yaml"]].concat(), "").gives(1, summary, &judged("4 changes"));
    // Colours are for terminals, unless somebody says otherwise.
    let coloured = run(&folder, &[&args[..], &["--color", "always", "web.yaml"]].concat(), "").out;
    assert!(coloured.contains("\u{1b}[32m+         securityContext:\u{1b}[0m\n"), "{coloured}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), wanted);

    // Two objects of one document, a value that gives way, a first and a last line.
    folder.write("override.yaml", config("spec:\n  level: baseline\n  conflicts: override\n"));
    let list = "\
apiVersion: v1
kind: List
items:
- spec:
    hostPID: true
    hostIPC: false
    containers: [{name: a, image: a}]
  kind: Pod
  apiVersion: v1
  metadata:
    name: first
- apiVersion: v1
  kind: Pod
  metadata:
    name: second
  spec:
    containers: [{name: b, image: b}]
    hostNetwork: true
";
    let wanted = "\
Pod first
@@ line 2 @@
  kind: List
  items:
  - spec:
# conflict/hostNamespaces: baseline v1.35 allows only `false`
-     hostPID: true
+     hostPID: false
      hostIPC: false
      containers: [{name: a, image: a}]
    kind: Pod
Pod second
@@ line 15 @@
      name: second
    spec:
      containers: [{name: b, image: b}]
# conflict/hostNamespaces: baseline v1.35 allows only `false`
-     hostNetwork: true
+     hostNetwork: false
";
    let judged = "SecurityContext harden: judged 2 workloads with 2 containers; 2 changes, 0 refused, 0 warnings\n";
    run(&folder, &["diff", "--config", "override.yaml"], list).gives(1, wanted, judged);
}

#[test]
fn view_prints_documents_as_kustomize_reads_them() {
    let folder = folder("view");
    let stream = "a: 0x10 # sixteen\nb: on\n---\n- 1.50\n- 2024-01-01\n- ~\n---\n# nothing\n";
    run(&folder, &["view"], stream).gives(
        0,
        "{\"a\":16,\"b\":\"on\"}\n[1.5,\"2024-01-01T00:00:00Z\",null]\nnull\n",
        "",
    );
    let done = run(&folder, &["view", "--typed", "-"], stream);
    assert!(done.out.starts_with("{\"a\":i16,\"b\":\"on\"}\n[f"), "{}", done.out);
    assert_eq!(done.code, Some(0));
}

#[test]
fn patch_changes_what_it_says_and_explains_what_it_cannot() {
    let folder = folder("patch");
    let stream = "# settings\na: 1   # one\nlist: [x, y]\n---\nsecret: hunter2\n";
    folder.write("in.yaml", stream);
    let patch = |patch: &str, rest: &[&str]| {
        folder.write("p.json", patch);
        run(&folder, &[&["patch", "--patch", "p.json", "in.yaml"], rest].concat(), "")
    };
    let changed = stream.replace("a: 1 ", "a: 2 ").replace("[x, y]", "[x, w, y]");
    let edit = r#"[{"op":"replace","path":"/a","value":2},{"op":"add","path":"/list/1","value":"w"}]"#;
    patch(edit, &[]).gives(0, &changed, "");
    patch("- {op: replace, path: /a, value: 2}\n- {op: add, path: /list/1, value: w}\n", &[]).gives(0, &changed, "");
    patch(r#"[{"op":"test","path":"/secret","value":"hunter2"}]"#, &["--document", "1"]).gives(0, stream, "");

    let refused: &[(&str, &[&str], &str)] = &[
        (
            r#"[{"op":"add","path":"/list/3","value":1}]"#,
            &[],
            "in.yaml, document 0: operation 0: /list/3: the list has 2 items; there is no item 3",
        ),
        (
            r#"[{"op":"remove","path":"/list/2"}]"#,
            &[],
            "in.yaml, document 0: operation 0: /list/2: the list has 2 items; there is no item 2",
        ),
        (
            r#"[{"op":"add","path":"/list/01","value":1}]"#,
            &[],
            "in.yaml, document 0: operation 0: /list/01: `01` is not an index of a list",
        ),
        (
            r#"[{"op":"add","path":"/b","value":1},{"op":"remove","path":"/c"}]"#,
            &[],
            "in.yaml, document 0: operation 1: /c: there is no `c`",
        ),
        (
            r#"[{"op":"add","path":"/a/b","value":1}]"#,
            &[],
            "in.yaml, document 0: operation 0: /a/b: `b` cannot be looked up in a plain value",
        ),
        (r#"[{"op":"copy","from":"/x","path":"/y"}]"#, &[], "in.yaml, document 0: operation 0: /x: there is nothing"),
        (
            r#"[{"op":"move","from":"/list","path":"/list/0"}]"#,
            &[],
            "in.yaml, document 0: operation 0: /list cannot move into itself",
        ),
        (
            r#"[{"op":"test","path":"/secret","value":"hunter3"}]"#,
            &["--document", "1"],
            "in.yaml, document 1: operation 0: /secret: the value is not the one tested for",
        ),
        (
            r#"[{"op":"test","path":"/a","value":1}]"#,
            &["--document", "2"],
            "in.yaml: there is no document 2; the last one is 1",
        ),
        (
            r#"[{"op":"add","path":"a","value":1}]"#,
            &[],
            "p.json: not a JSON Patch: json pointer failed to parse; does not start with a slash ('/') and is not empty (at [0])",
        ),
        (r#"[{"op":"add","path":"/a"}]"#, &[], "p.json: not a JSON Patch: missing field `value` (at [0])"),
        (
            r#"[{"op":"put","path":"/a"}]"#,
            &[],
            "p.json: not a JSON Patch: unknown variant `put`, expected one of `add`, `remove`, `replace`, `move`, `copy`, `test` (at [0].op)",
        ),
        ("hunter2\n", &[], "p.json: not a JSON Patch: invalid type: string, expected a sequence"),
        ("", &[], "p.json: not a JSON Patch: invalid type: null, expected a sequence"),
    ];
    for (text, rest, wanted) in refused {
        patch(text, rest).fails(2, &format!("error: {wanted}\n"));
        patch(text, &[rest, &["--in-place"][..]].concat()).fails(2, &format!("error: {wanted}\n"));
    }
    assert_eq!(std::fs::read_to_string(folder.0.join("in.yaml")).unwrap(), stream);
    patch(edit, &["--in-place"]).gives(0, "", "");
    assert_eq!(std::fs::read_to_string(folder.0.join("in.yaml")).unwrap(), changed);
    let done = run(&folder, &["patch", "--patch", "p.json", "--in-place"], stream);
    done.fails(2, "error: --in-place needs a file, not standard input\n");
    let done = run(&folder, &["patch", "--patch", "p.json"], "");
    done.fails(2, "error: standard input: there is no document 0; it has none\n");
}

// ---- the function ----

const ITEMS: &str = "\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- apiVersion: v1
  kind: Pod # a comment
  metadata:
    name: z
    annotations:
      config.kubernetes.io/path: 'z.yaml'
      config.kubernetes.io/index: '2'
      internal.config.kubernetes.io/id: '7'
      custom.example.com/x: \"kept\"
  spec:
    containers:
    - name: app
      image: nginx:1.27
- apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: a
";

fn with_config(items: &str, config: &str) -> String {
    let indented: String = config.lines().map(|line| format!("  {line}\n")).collect();
    format!("{items}functionConfig:\n{indented}")
}

#[test]
fn a_resource_list_comes_back_with_results() {
    let folder = folder("list");
    let list = with_config(ITEMS, &config(""));
    let done = run(&folder, &[], &list);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "success keeps standard error empty");
    let (items, results) = done.out.split_once("results:\n").expect("results");
    let hardened = list.replace(
        "      image: nginx:1.27\n",
        "      image: nginx:1.27
      securityContext:
        allowPrivilegeEscalation: false
        capabilities:
          drop:
          - ALL
    securityContext:
      runAsNonRoot: true
      seccompProfile:
        type: RuntimeDefault\n",
    );
    assert_eq!(items, hardened, "order, annotations and comments stay");
    let first = "\
- message: the kubelet refuses to start it as root
  severity: info
  resourceRef:
    apiVersion: v1
    kind: Pod
    name: z
  file:
    path: z.yaml
    index: 2
  field:
    path: spec.securityContext
    proposedValue:
      runAsNonRoot: true
  tags:
    function: SecurityContext
    rule: run-as-non-root
    class: added
    op: add
    pointer: /spec/securityContext
";
    assert!(results.contains(first), "{results}");
    let again = run(&folder, &[], items);
    assert!(!again.out.contains("proposedValue"), "the second run changes nothing");
}

#[test]
fn a_failing_resource_list_comes_back_as_it_was() {
    let folder = folder("list-fails");
    let weak = ITEMS.replace("    containers:\n", "    hostPID: true\n    containers:\n");
    let list = with_config(&weak, &config(""));
    let done = run(&folder, &[], &list);
    let (items, results) = done.out.split_once("results:\n").expect("results");
    assert_eq!(items, list);
    assert!(
        results.contains("  severity: error\n") && results.contains("    rule: conflict/hostNamespaces\n"),
        "{results}"
    );
    assert!(!results.contains("proposedValue"), "no change is reported that is not in the output: {results}");
    assert!(done.err.starts_with("error: Pod z: spec.hostPID: the pod sets `hostPID: true`;"), "{}", done.err);
    assert!(done.err.ends_with("error: SecurityContext harden: 1 finding; nothing was written\n"), "{}", done.err);
    assert_eq!(done.code, Some(1));
}

#[test]
fn a_resource_list_without_a_right_config_comes_back_with_the_reason() {
    let folder = folder("list-config");
    let result = |message: &str| format!("results:\n- message: {message}\n  severity: error\n");
    let typo = with_config(ITEMS, &config("spec:\n  levle: baseline\n"));
    let wanted = "\
error: functionConfig.spec.levle: unknown field `levle`
  --> SecurityContext harden:27:5
   |
27 |     levle: baseline
   |     ^^^^^
   |
   = help: did you mean `level`?
";
    let why = "'functionConfig.spec.levle: unknown field `levle`; did you mean `level`?'";
    let tags = "  tags:\n    rule: config\n    pointer: /functionConfig/spec/levle\n";
    run(&folder, &[], &typo).gives(2, &format!("{typo}{}{tags}", result(why)), wanted);

    let none = "the ResourceList has no functionConfig; give one, or name a function by --function KIND";
    run(&folder, &[], ITEMS).gives(2, &format!("{ITEMS}{}", result(none)), &format!("error: {none}\n"));
    let null = format!("{ITEMS}functionConfig:\n");
    run(&folder, &[], &null).gives(2, &format!("{null}{}", result(none)), &format!("error: {none}\n"));

    let empty = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n";
    let list = with_config(empty, &config(""));
    let why = "SecurityContext harden: the ResourceList has no items; pass --allow-empty to accept this";
    run(&folder, &[], &list).gives(2, &format!("{list}{}", result(&format!("'{why}'"))), &format!("error: {why}\n"));
    run(&folder, &["--allow-empty"], &list).gives(0, &list, "");
    let with_path =
        list.replace("name: harden\n", "name: harden\n    annotations: {config.kubernetes.io/path: x.yaml}\n");
    let done = run(&folder, &[], &with_path);
    let hint = "; kustomize hands over none when the config has the annotation config.kubernetes.io/path: remove it\n";
    assert!(done.err.ends_with(hint), "{}", done.err);

    // As kustomize calls a generator: with nothing but its own config.
    let own = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: krmor.dev/v1alpha1\n  kind: SecurityContext\n";
    let done = run(&folder, &[], &with_config(own, &config("")));
    assert!(done.err.ends_with("one belongs under `transformers:`, not under `generators:`\n"), "{}", done.err);
    assert_eq!(done.code, Some(2));

    // One line for all: the config's place is shown, what stands beside it is not.
    let compact = r#"{"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList","items":[{"kind":"Secret","data":{"k":"hunter2"}}],"functionConfig":{"apiVersion":"krmor.dev/v1alpha1","kind":"Frob"}}"#;
    let done = run(&folder, &[], compact);
    assert!(done.err.starts_with("error: functionConfig.kind: unknown kind `Frob`\n"), "{}", done.err);
    assert!(!done.err.contains("hunter2"), "{}", done.err);
    assert_eq!(done.code, Some(2));
}

#[test]
fn a_resource_list_that_is_not_alone_is_refused() {
    let folder = folder("list-alone");
    let list = format!("{}---\nkind: Pod\n", with_config(ITEMS, &config("")));
    let done = run(&folder, &[], &list);
    assert!(
        done.err.starts_with("error: a ResourceList must be the only document\n  --> standard input:26:"),
        "{}",
        done.err
    );
    assert_eq!((done.code, done.out.as_str()), (Some(2), ""));
}

#[test]
fn a_config_map_configures_the_function_that_is_named() {
    let folder = folder("config-map");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fn\ndata:\n  level: baseline\n  runAsUser: '1000'\n";
    let list = with_config(ITEMS, map);
    let done = run(&folder, &["--function", "SecurityContext"], &list);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert!(done.out.contains("    securityContext:\n      runAsUser: 1000\n"), "{}", done.out);
    let done = run(&folder, &["--function", "SecurityContex"], &list);
    assert!(
        done.err.contains("unknown kind `SecurityContex`") && done.err.contains("did you mean `SecurityContext`?"),
        "{}",
        done.err
    );
    assert_eq!(done.code, Some(2));
    let done = run(&folder, &[], &list);
    assert!(
        done.err.starts_with("error: functionConfig.kind: a ConfigMap config does not say which function it is for\n"),
        "{}",
        done.err
    );
    // A container or a module has no arguments in kpt.
    let named = with_config(ITEMS, &map.replace("\ndata:", "\ndata:\n  function: SecurityContext"));
    let done = run(&folder, &[], &named);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{named}");
    let done = run(&folder, &["--function", "Checks"], &named);
    assert!(done.err.contains("`SecurityContext` is not `Checks`"), "{}", done.err);
    let wrong = with_config(ITEMS, &map.replace("baseline", "bseline"));
    let done = run(&folder, &["--function", "SecurityContext"], &wrong);
    assert!(
        done.err.starts_with(
            "error: functionConfig.data.level: `bseline` is not a value of this field\n  --> ConfigMap fn:"
        ),
        "{}",
        done.err
    );
    // A number or a boolean without quotes, where no reader takes it for another one.
    let done = run(&folder, &["--function", "SecurityContext"], &with_config(ITEMS, &map.replace("'1000'", "1000")));
    assert!(done.out.contains("    securityContext:\n      runAsUser: 1000\n"), "{}{}", done.out, done.err);
    for (value, message, remedy) in [
        ("01000", "`01000` without quotes is not the same for every reader of YAML", "quote it: `\"01000\"`"),
        ("1_000", "`1_000` without quotes is not the same for every reader of YAML", "quote it: `\"1_000\"`"),
        ("yes", "`yes` without quotes is not the same for every reader of YAML", "quote it: `\"yes\"`"),
        ("2024-01-01", "`2024-01-01` without quotes is not the same for every reader", "quote it: `\"2024-01-01\"`"),
        ("", "it has no value", "give it one, or leave the key out"),
        ("~", "it has no value", "give it one, or leave the key out"),
        ("[1]", "the values of a ConfigMap are texts, and this is none", "write it as a text"),
        ("'a'", "expected a whole number, found a text", "give a whole number\n"),
    ] {
        let list = with_config(ITEMS, &map.replace("'1000'", value));
        let done = run(&folder, &["--function", "SecurityContext"], &list);
        assert_eq!(done.code, Some(2), "{value}: {}", done.out);
        assert!(done.err.starts_with(&format!("error: functionConfig.data.runAsUser: {message}")), "{}", done.err);
        assert!(done.err.contains(&format!("= help: {remedy}")), "{}", done.err);
        assert!(!done.err.contains("remove the quotes"), "{}", done.err);
    }
    // Without a config, a function with all its defaults.
    let done = run(&folder, &["--function", "SecurityContext"], ITEMS);
    assert!(done.out.contains("runAsNonRoot: true"), "{}", done.out);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
}

/// A validator of kpt: its changes are dropped, so that what it would change is an error.
#[test]
fn a_config_that_only_checks_changes_nothing_and_fails_where_a_run_would() {
    let folder = folder("only-checks");
    let settled = config(SETTLED).replace("metadata:\n", "metadata:\n  annotations: {krmor.dev/check: \"true\"}\n");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fn}\ndata: {function: SecurityContext, check: \"true\", runAsUser: \"1000\"}\n";
    let plain = with_config(ITEMS, &config(SETTLED));
    for (name, args, list) in [
        ("a flag", &["--check"][..], plain.clone()),
        ("an annotation", &[], with_config(ITEMS, &settled)),
        ("a ConfigMap", &[], with_config(ITEMS, map)),
    ] {
        let done = run(&folder, args, &list);
        assert_eq!(done.code, Some(1), "{name}: {}", done.err);
        assert!(done.err.contains("would be added") && done.err.contains("would-change"), "{name}: {}", done.err);
        // The items come back as they came, with what is wrong as results.
        assert!(
            !done.out.contains("runAsNonRoot: true\n") && done.out.contains("severity: error"),
            "{name}: {}",
            done.out
        );
        // What the same config has hardened passes, and is handed back as it came.
        let mutator = match name {
            "a ConfigMap" => with_config(ITEMS, &map.replace("check: \"true\", ", "")),
            _ => plain.clone(),
        };
        let hard = run(&folder, &[], &mutator).out;
        let items = hard.split("functionConfig:").next().unwrap();
        let again = list.replace(ITEMS, items);
        let done = run(&folder, args, &again);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{name}: {again}");
        assert!(done.out.contains("runAsNonRoot: true"), "{name}");
    }
    // A bare stream, too; then there is nothing on standard output.
    let done = run(&folder, &["--check", "--config", "config.yaml"], DEPLOYMENT);
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{}", done.err);
    run(&folder, &["--check", "--config", "config.yaml"], HARDENED).gives(0, HARDENED, "");
    let wrong = with_config(ITEMS, &settled.replace("check: \"true\"", "check: maybe"));
    let done = run(&folder, &[], &wrong);
    assert!(done.err.contains("it is neither `true` nor `false`"), "{}", done.err);
}

#[cfg(unix)]
#[test]
fn kustomize_calls_a_plugin_by_its_name_or_by_the_environment() {
    let folder = folder("legacy");
    let link = folder.0.join("Pipeline");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_krmor"), &link).unwrap();
    folder.write("typo.yaml", config("spec:\n  levle: x\n"));
    folder.write("tmp-123", config(SETTLED));
    let by_name = |args: &[&str], stdin: &str| {
        call(
            Command::new(&link).current_dir(&folder.0).env_remove("KUSTOMIZE_PLUGIN_CONFIG_ROOT").args(args),
            stdin.as_bytes(),
        )
    };
    let by_environment = |args: &[&str], stdin: &str| {
        let mut command = krmor();
        call(
            command.current_dir(&folder.0).env("KUSTOMIZE_PLUGIN_CONFIG_ROOT", "/somewhere").args(args),
            stdin.as_bytes(),
        )
    };
    for plugin in [&by_name as &dyn Fn(&[&str], &str) -> Done, &by_environment] {
        plugin(&["tmp-123"], DEPLOYMENT).gives(0, HARDENED, "");
        let wanted = "\
error: spec.levle: unknown field `levle`
 --> SecurityContext harden:6:3
  |
6 |   levle: x
  |   ^^^^^
  |
  = help: did you mean `level`?
";
        plugin(&["typo.yaml"], DEPLOYMENT).fails(2, wanted);
        let wanted = "error: SecurityContext harden: there are no objects to work on; a krmor config belongs under \
                      `transformers:`, not under `generators:`\n";
        plugin(&["tmp-123"], "").fails(2, wanted);
        plugin(&["tmp-123"], "\n").fails(2, wanted);
        let wanted = "error: SecurityContext harden: `argsOneLiner` and `argsFromFile` are not read; put the settings under `spec`\n";
        plugin(&["tmp-123", "one", "two"], DEPLOYMENT).fails(2, wanted);
        let done = plugin(&["tmp-123"], PRIVILEGED);
        assert!(done.err.ends_with("error: SecurityContext harden: 3 findings; nothing was written\n"), "{}", done.err);
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
        // Other subcommands are not in its way.
        plugin(&["check", "--config", "config.yaml"], HARDENED).gives(
            0,
            "\
SecurityContext harden: nothing to change in 1 object; judged 1 workload with 1 container
",
            "",
        );
    }
}

#[cfg(unix)]
#[test]
fn install_lays_links_that_kustomize_finds() {
    let folder = folder("install");
    let target = std::fs::canonicalize(env!("CARGO_BIN_EXE_krmor")).unwrap();
    let home = std::fs::canonicalize(&folder.0).unwrap().join("a/plugins");
    let kinds = std::iter::once("Pipeline").chain(krmor::functions::FUNCTIONS.iter().map(|function| function.kind));
    let link = |kind: &str| home.join("krmor.dev/v1alpha1").join(kind.to_lowercase()).join(kind);
    let links: Vec<_> = kinds.map(link).collect();
    let pipeline = &links[0];
    let wanted = |done: &str| {
        let laid: String = links.iter().map(|link| format!("{} {done}\n", link.display())).collect();
        format!("{laid}KUSTOMIZE_PLUGIN_HOME={}\n", home.display())
    };
    let install = || run(&folder, &["install", "kustomize", "--home", "a/plugins"], "");
    install().gives(0, &wanted("laid"), "");
    for link in &links {
        assert_eq!(std::fs::read_link(link).unwrap(), target, "absolute, so that it holds from anywhere");
    }
    install().gives(0, &wanted("is in place"), "");
    std::fs::remove_file(pipeline).unwrap();
    std::os::unix::fs::symlink("/somewhere/else", pipeline).unwrap();
    assert!(install().out.starts_with(&format!("{} laid\n", pipeline.display())));
    assert_eq!(std::fs::read_link(pipeline).unwrap(), target, "an old link is replaced");
    assert_eq!(files(pipeline.parent().unwrap()), ["Pipeline"], "no temporary link stays");
    // Without --home, where kustomize itself looks first.
    let mut command = krmor();
    command.current_dir(&folder.0).args(["install", "kustomize"]).env("KUSTOMIZE_PLUGIN_HOME", home.as_os_str());
    assert_eq!(call(&mut command, b"").out, wanted("is in place"));
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = folder("help");
    let version = format!("krmor {}\n", env!("CARGO_PKG_VERSION"));
    run(&folder, &["--version"], "").gives(0, &version, "");
    for args in
        [&["--help"][..], &["-h"], &["help"], &["run", "--help"], &["help", "patch"], &["install", "kustomize", "-h"]]
    {
        let done = run(&folder, args, "");
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{args:?}");
        assert!(done.out.contains("Usage: krmor"), "{args:?}: {}", done.out);
    }
    let help = run(&folder, &["--help"], "").out;
    for word in ["Exit codes: 0 ok; 1 ", "run ", "diff ", "check ", "patch ", "view ", "install "] {
        assert!(help.contains(word), "{word}: {help}");
    }
    for args in
        [&["frob"][..], &["run"], &["run", "--config", "config.yaml", "--report", "xml"], &["install"], &["--frob"]]
    {
        let done = run(&folder, args, "");
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(!done.err.is_empty(), "{args:?}");
    }
}

// ---- secrets ----

const CANARY: &str = "hunter2";

/// Workloads and Secrets that hold the canary wherever a secret may be.
fn secrets() -> Vec<(&'static str, String)> {
    let streams = [
        (
            "block",
            "\
apiVersion: v1
kind: Secret
metadata:
  name: s
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {\"stringData\":{\"password\":\"hunter2\"}}
data:
  # was hunter2
  password: hunter2
stringData:
  url: postgres://app:hunter2@db:5432/app # hunter2
  key: |
    -----BEGIN KEY-----
    hunter2
    -----END KEY-----
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: app
        image: nginx:1.27
        args: [\"--db=postgres://app:hunter2@db:5432/app\"]
        env:
        - name: A
          value: hunter2
        - value: \"hunter2\"
          name: B
        - {name: C, value: hunter2}
        - name: D
          value: |
            hunter2
            hunter2
      initContainers:
      - name: init
        image: nginx:1.27
        env:
        - name: A
          value: >-
            hunter2

            hunter2
",
        ),
        (
            "list",
            "\
kind: List
apiVersion: v1
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: before}
  stringData: {password: hunter2}
- {apiVersion: v1, kind: Pod, metadata: {name: flow}, spec: {containers: [{name: app, image: a, env: [{name: A, value: hunter2}]}]}}
- apiVersion: v1
  kind: Secret
  metadata: {name: after}
  data:
    password: hunter2
",
        ),
        (
            "json",
            r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Secret","data":{"password":"hunter2"}},{"apiVersion":"v1","kind":"Pod","metadata":{"name":"compact"},"spec":{"containers":[{"name":"app","image":"a","env":[{"name":"A","value":"hunter2"}]}]}}]}
"#,
        ),
    ];
    streams.map(|(name, text)| (name, text.to_owned())).into()
}

#[test]
fn no_secret_of_a_volume_is_in_the_message_about_it() {
    let folder = folder("canary-volume");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers: []\n  volumes:\n  - name: v\n    \
               flexVolume: {driver: cifs, options: {password: hunter2}}\n";
    for args in [&["run"][..], &["diff"], &["check", "--format", "json"]] {
        let done = run(&folder, &[args, &["--config", "config.yaml"]].concat(), pod);
        assert_eq!(done.code, Some(1));
        silent("the conflict", &(done.out + &done.err));
    }
}

#[track_caller]
fn silent(what: &str, text: &str) {
    assert!(!text.contains(CANARY), "{what} tells the secret:\n{text}");
}

#[test]
fn no_secret_leaves_but_in_the_manifest_itself() {
    let folder = folder("canary");
    folder.write(
        "override.yaml",
        config("spec:\n  conflicts: override\n  runAsUser: 1000\n  severities: {valid/*: off}\n"),
    );
    folder.write("unmatched.yaml", config("spec:\n  targets:\n  - name: nothing\n"));
    folder.write("typo.yaml", config("spec:\n  levle: x\n"));
    for (name, stream) in secrets() {
        // A weak value next to the secrets makes the run fail, or override it.
        let weak = stream
            .replace(
                "        image: nginx:1.27\n",
                "        image: nginx:1.27\n        securityContext: {privileged: true}\n",
            )
            .replace("image: a, env", "image: a, securityContext: {privileged: true}, env")
            .replace(r#""image":"a","#, r#""image":"a","securityContext":{"privileged":true},"#);
        assert_ne!(weak, stream);
        for stream in [&stream, &weak] {
            for config in ["config.yaml", "override.yaml", "unmatched.yaml", "typo.yaml"] {
                let what = format!("{name} {config}");
                for report in ["text", "json"] {
                    let done = run(&folder, &["run", "--config", config, "--report", report], stream);
                    silent(&format!("{what} run --report {report}"), &done.err);
                    let done = run(&folder, &["check", "--config", config, "--format", report], stream);
                    silent(&format!("{what} check --format {report}"), &(done.out + &done.err));
                }
                let done = run(&folder, &["diff", "--config", config], stream);
                silent(&format!("{what} diff"), &(done.out + &done.err));
                let done = run(&folder, &["--config", config], stream);
                silent(&format!("{what} function"), &done.err);
                assert!(done.code == Some(0) || done.out.is_empty(), "{what}: a failing bare stream has no output");
            }
        }
        let done = run(&folder, &["diff", "--config", "override.yaml"], &weak);
        assert!(done.code == Some(1) && done.out.contains("***"), "the diff has force: {}", done.out);
    }
}

#[test]
fn no_secret_is_in_the_results_of_a_resource_list() {
    let folder = folder("canary-list");
    for (name, stream) in secrets() {
        for (level, code) in [("", 0), ("    hostPID: true\n", 1)] {
            let item = |document: &str| {
                let lines: String = document.lines().map(|line| format!("  {line}\n")).collect();
                format!("- {}", lines.trim_start())
            };
            let items: String = stream.split("\n---\n").map(item).collect();
            let weak =
                format!("- apiVersion: v1\n  kind: Pod\n  metadata: {{name: x}}\n  spec:\n{level}    containers: []\n");
            let head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n";
            let list = with_config(&format!("{head}{items}{weak}"), &config("spec:\n  severities: {valid/*: off}\n"));
            let done = run(&folder, &[], &list);
            assert_eq!(done.code, Some(code), "{name}: {}", done.err);
            silent(name, &done.err);
            silent(name, done.out.split_once("\nresults:\n").expect("results").1);
        }
    }
}

#[test]
fn no_secret_is_in_the_message_about_a_broken_stream() {
    let folder = folder("canary-broken");
    let lines = [
        "password: \"hunter2\\q\"",
        "password: [hunter2",
        "password: {hunter2",
        "password: 'hunter2",
        "password: \"hunter2",
        "password: hunter2: x",
        "password: @hunter2",
        "password: `hunter2",
        "password: %hunter2",
        "password: - hunter2",
        "password: ? hunter2",
        "password: ]hunter2",
        "password: }hunter2",
        "password: ,hunter2",
        "password: |hunter2",
        "password: >9 hunter2",
        "password: & hunter2: x",
        "password: &hunter2 &x y",
        "password: *hunter2",
        "password: &hunter2 [*hunter2]",
        "password: !hunter2! x",
        "password: !hunter2!x y",
        "password: !!int hunter2",
        "password: !!float \"hunter2\"",
        "password: !!bool hunter2",
        "password: !!binary hunter2",
        "password: !!map hunter2",
        "password: \"a\" hunter2",
        "password: 'a' hunter2",
        "password: \"\\x0hunter2\"",
        "password: \"\\ud800hunter2\"",
        "password: hunter2\n password: hunter2",
        "hunter2",
        "- hunter2",
        "password:hunter2",
        "postgres://app:hunter2@db: x",
        "\tpassword: hunter2",
        "password: \"a\n\thunter2\": b",
        "password: hunter2\u{7}",
        "password: hunter2\n  more: hunter2",
        "? [hunter2\n: x",
        "{password: hunter2",
    ];
    let mut refused = 0;
    for line in lines {
        for stream in [
            format!("kind: Secret\nstringData:\n  {line}\n"),
            format!("{line}\n"),
            format!("kind: Secret\nmetadata:\n  name: x\n{line}\nspec: 1\n"),
        ] {
            for args in [
                &["run", "--config", "config.yaml"][..],
                &["--config", "config.yaml"],
                &["check", "--config", "config.yaml"],
                &["view"],
                &["patch", "--patch", "config.yaml"],
                &[],
            ] {
                let done = run(&folder, args, &stream);
                silent(&format!("{args:?} on {stream:?}"), &done.err);
                refused += usize::from(done.code == Some(2));
            }
            // A patch, and a config, that are the wrong file.
            folder.write("wrong.yaml", &stream);
            silent(line, &run(&folder, &["patch", "--patch", "wrong.yaml"], DEPLOYMENT).err);
            silent(line, &run(&folder, &["run", "--config", "wrong.yaml"], DEPLOYMENT).err);
        }
    }
    assert!(refused > 400, "only {refused} calls were refused: the test has no force");
}

#[test]
fn names_cannot_write_to_the_terminal() {
    let folder = folder("escapes");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\e[2Jb\"}\nspec:\n  hostPID: true\n  containers: [{name: \"c\\e]0;x\\a\", image: a}]\n";
    for args in [&["run"][..], &["diff"], &["check"], &["run", "--report", "text"]] {
        let args = [args, &["--config", "config.yaml"]].concat();
        let done = run(&folder, &args, pod);
        let shown = done.out + &done.err;
        assert!(!shown.contains(['\u{1b}', '\u{7}']), "{args:?}: {shown:?}");
        assert!(shown.contains('\u{fffd}'), "{args:?}: {shown:?}");
    }
}
