//! What is judged: pods in every shape, wherever they stand, and what is said of the rest.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use krmor::report::{Report, Severity};
use krmor::stream::Stream;
use krmor::workload::{Row, Source, Table};
use krmor::{Outcome, Pipeline, yaml};
use serde_json::Value;

use crate::common::{Folder, krmor, pipe, text};

const HARDEN: &str = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: harden}\n";

struct Ran {
    outcome: Outcome,
    out: String,
    report: Report,
}

impl Ran {
    fn errors(&self) -> Vec<(&str, &str)> {
        let errors = self.report.findings.iter().filter(|found| found.severity == Severity::Error);
        errors.map(|found| (found.rule.id, found.pointer())).collect()
    }

    fn value(&self, document: usize) -> Value {
        yaml::parse(&Arc::new(self.out.clone())).unwrap()[document].root().to_value().unwrap()
    }
}

fn run(config: &str, stream: &str) -> Ran {
    let pipeline: Pipeline = config.parse().unwrap();
    let mut stream = Stream::parse(&Arc::new(stream.to_owned())).unwrap();
    let mut report = Report::default();
    let outcome = pipeline.run(&mut stream, &mut report);
    Ran { outcome, out: stream.render(), report }
}

fn pipeline(rows: &str) -> String {
    format!(
        "apiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nmetadata: {{name: p}}\nspec:\n  podTemplates:\n{rows}  functions: \
         {{harden: {{kind: SecurityContext}}}}\n"
    )
}

#[test]
fn every_shape_of_a_row_is_hardened() {
    let object = "apiVersion: example.com/v1\nkind: Backend\nmetadata: {name: b}\nspec:\n  pod:\n    containers: [{name: a, image: i}]\n  \
                  list: [{name: b, image: i, command: [c]}]\n  one: {image: i}\n  template: {metadata: {}, spec: {containers: [{name: c, image: i}]}}\n";
    let row =
        |path: &str, shape: &str| format!("  - {{group: example.com, kind: Backend, path: {path}, shape: {shape}}}\n");
    let rows = [
        row("spec.pod", "spec"),
        row("spec.list", "containers"),
        row("spec.one", "container"),
        row("spec.template", "template"),
    ];
    let ran = run(&pipeline(&rows.concat()), object);
    assert_eq!(ran.outcome, Outcome::Ok, "{:?}", ran.errors());
    let value = ran.value(0);
    assert_eq!(value["spec"]["pod"]["securityContext"]["runAsNonRoot"], true);
    // Without a pod around it, a container says all itself.
    for pointer in ["/spec/list/0", "/spec/one"] {
        let security = &value.pointer(pointer).unwrap()["securityContext"];
        assert_eq!(security["runAsNonRoot"], true, "{pointer}");
        assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault", "{pointer}");
        assert_eq!(security["allowPrivilegeEscalation"], false, "{pointer}");
    }
    assert_eq!(value["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"], true);
    // Without the rows nothing of it passes.
    let ran = run(HARDEN, object);
    assert_eq!(
        ran.errors(),
        [
            ("unknown-pod-template", "/spec/list"),
            ("unknown-pod-template", "/spec/pod"),
            ("unknown-pod-template", "/spec/template")
        ]
    );
    // Half of the rows hides nothing of the rest.
    assert_eq!(run(&pipeline(&rows[0]), object).errors().len(), 2);
}

#[test]
fn what_is_unsafe_is_an_error_in_any_object_and_the_row_of_the_remedy_settles_it() {
    let cases = [
        "hostNetwork: true",
        "hostPID: true",
        "deep: [{hostIPC: true}]",
        "volumes: [{name: a, hostPath: {path: /etc}}]",
        "securityContext: {privileged: true}",
        "securityContext: {runAsUser: 0}",
        "a: {b: {securityContext: {capabilities: {add: [SYS_ADMIN]}}}}",
        "podSecurityContext: {runAsUser: 0}",
        "runner: {container: {image: i, command: [a]}}",
        "steps: [{name: a, image: i}]",
        "sidecars: [{image: i}]",
        "extra: [{name: a, image: i, args: [b]}]",
        "initContainers: [{name: a, image: i}]",
        "extra: [{image: i, args: [b]}]",
        "containers: {web: {image: i}, side: {image: i}}",
        "jobs: {migrate: {image: i, command: [a]}}",
    ];
    for case in cases {
        let object = format!("apiVersion: example.com/v1\nkind: Backend\nmetadata: {{name: b}}\nspec: {{{case}}}\n");
        let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: i}]}\n";
        let ran = run(HARDEN, &format!("{object}{pod}"));
        assert!(matches!(ran.errors()[..], [("unknown-pod-template", _)]), "{case}: {:?}", ran.errors());
        // The last row that the remedy offers says that this makes no pods.
        let remedy = ran
            .report
            .findings
            .iter()
            .find_map(|found| found.remedy.clone().filter(|it| it.contains("ignore")))
            .unwrap();
        let row = remedy.split('`').rfind(|part| part.starts_with('{')).unwrap();
        let ignored = run(&pipeline(&format!("  - {row}\n")), &format!("{object}{pod}"));
        assert_eq!(ignored.errors(), [], "{case}");
    }
}

#[test]
fn harmless_objects_of_unknown_kinds_pass() {
    for case in [
        "hostNetwork: false",
        "image: i",
        "replicas: 3",
        "securityContext: {runAsUser: 1000}",
        "capabilities: {add: [x]}",
        "containers: [a, b]",
        "containers: []",
        "tolerations: [{key: a}]",
    ] {
        let object =
            format!("apiVersion: example.com/v1\nkind: Backend\nmetadata: {{name: b}}\nspec: {{{case}}}\n---\n");
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: i}]}\n";
        let ran = run(HARDEN, &format!("{object}{pod}"));
        assert_eq!(ran.errors().len(), usize::from(case.starts_with("capabilities")), "{case}: {:?}", ran.errors());
    }
}

#[test]
fn objects_inside_objects_are_hardened_in_place() {
    let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {a: b}}, \
                      template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: i}]}}}}";
    for (object, pointer) in [
        (format!("apiVersion: v1\nkind: List\nitems:\n- {deployment}\n"), "/items/0"),
        (
            format!(
                "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {{name: t}}\nobjects:\n- {deployment}\n"
            ),
            "/objects/0",
        ),
        (
            format!(
                "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nmetadata: {{name: t}}\nspec:\n  workload:\n    manifests:\n    - {deployment}\n"
            ),
            "/spec/workload/manifests/0",
        ),
        (
            format!(
                "apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\nmetadata: {{name: t}}\nspec:\n  forProvider:\n    manifest: {deployment}\n"
            ),
            "/spec/forProvider/manifest",
        ),
        (format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\nitems:\n- {deployment}\n"), "/items/0"),
    ] {
        let ran = run(HARDEN, &object);
        assert_eq!(ran.errors(), [], "{object}");
        let inner = ran.value(0).pointer(pointer).unwrap().clone();
        assert_eq!(inner["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"], true, "{object}");
        assert!(ran.report.changes.iter().all(|change| change.path.starts_with(pointer)), "{object}");
        let privileged = object.replace("image: i", "image: i, securityContext: {privileged: true}");
        assert_eq!(run(HARDEN, &privileged).errors().len(), 1, "{privileged}");
    }
    // A new object would not be where the workload is.
    let available = "apiVersion: krmor.dev/v1alpha1\nkind: Availability\nmetadata: {name: a}\nspec: {budget: {}}\n";
    let work = format!("apiVersion: example.com/v1\nkind: Work\nmetadata: {{name: t}}\nspec: [{deployment}]\n")
        .replace("spec: {selector", "spec: {replicas: 2, selector");
    assert_eq!(run(available, &work).errors(), [("embedded", "/spec/0")]);
}

#[test]
fn what_reaches_no_cluster_is_passed_over() {
    let local = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {config.kubernetes.io/local-config: 'true'}}\nspec: {hostPID: true, containers: [{name: a, image: i}]}\n---\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: a, image: i}]}\n";
    // kubectl and Helm do not know the annotation: a pod must not leave itself out.
    let ran = run(HARDEN, &format!("{local}{pod}"));
    assert_eq!(ran.errors(), [("local-workload", "")]);
    // In a ResourceList, which kpt and kustomize write, it is only said.
    let item = |text: &str| text.trim_end_matches("---\n").trim_end().replace('\n', "\n  ");
    let list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {}\n- {}\n",
        item(local),
        item(pod)
    );
    let config = HARDEN.trim_end().replace('\n', "\n  ");
    let out = pipe(&mut krmor(), format!("{list}functionConfig:\n  {config}\n").as_bytes());
    let (hardened, said) = (text(&out.stdout), text(&out.stderr));
    assert!(out.status.success() && hardened.contains(&item(local)), "{said}\n{hardened}");
    let told = hardened.lines().position(|line| line.contains("passes over workloads: Pod p")).unwrap();
    assert_eq!(hardened.lines().nth(told + 1), Some("  severity: warning"), "{hardened}");
    // Nothing else passes it over.
    let shown = local.replace("'true'", "'yes'");
    assert_eq!(run(HARDEN, &format!("{shown}{pod}")).errors().len(), 1);
    // krmor's own configs are for krmor, not for a cluster.
    assert_eq!(run(HARDEN, &format!("{HARDEN}---\n{pod}")).errors(), [("config-as-input", "")]);
}

#[test]
fn rows_that_lead_to_nothing_are_errors_unless_optional() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: a, image: i}]}\n---\napiVersion: example.com/v1\nkind: Backend\nspec: {a: 1}\n";
    for (row, errors) in [
        ("{group: example.com, kind: Backend, path: spec.template}", 1),
        ("{group: example.com, kind: Bakend, path: spec.template}", 1),
        ("{group: example.org, kind: Backend, ignore: true}", 1),
        ("{group: example.com, kind: Backend, path: spec.template, optional: true}", 0),
        ("{group: example.com, kind: Backend, ignore: true}", 0),
    ] {
        let ran = run(&pipeline(&format!("  - {row}\n")), pod);
        assert_eq!(ran.errors().iter().filter(|(rule, _)| *rule == "unmatched-row").count(), errors, "{row}");
        assert_eq!(ran.outcome == Outcome::Usage, errors > 0, "{row}");
    }
}

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: runtimes.example.com}
spec:
  group: example.com
  names: {kind: Runtime}
  versions:
  - name: v1
    served: true
    schema:
      openAPIV3Schema:
        properties:
          spec:
            properties:
              image: {type: string}
              containers:
                items:
                  properties:
                    name: {type: string}
                    image: {type: string}
                    command: {type: array}
                    securityContext: {properties: {privileged: {type: boolean}, capabilities: {type: object, x-kubernetes-preserve-unknown-fields: true}, runAsNonRoot: {type: boolean}, allowPrivilegeEscalation: {type: boolean}, seccompProfile: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
              volumes: {type: array}
";

#[test]
fn schemas_say_where_pods_are_and_which_fields_there_are() {
    let object =
        "apiVersion: example.com/v1\nkind: Runtime\nmetadata: {name: r}\nspec: {containers: [{name: a, image: i}]}\n";
    // In the stream.
    let ran = run(HARDEN, &format!("{CRD}---\n{object}"));
    assert_eq!(ran.errors(), []);
    let value = ran.value(1);
    // The pod's level has no securityContext in the schema: the containers get it all.
    assert_eq!(value["spec"].get("securityContext"), None);
    assert_eq!(value["spec"]["containers"][0]["securityContext"]["runAsNonRoot"], true);
    assert_eq!(value["spec"]["containers"][0]["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    // A field that no level has is not written, and said.
    let without = CRD.replace("allowPrivilegeEscalation: {type: boolean}, ", "");
    let ran = run(HARDEN, &format!("{without}---\n{object}"));
    assert_eq!(ran.errors(), [("no-field", "/spec/containers/0/securityContext/allowPrivilegeEscalation")]);
    // Handed over beside it.
    let folder = Folder::new("crds");
    folder.write("config.yaml", HARDEN);
    folder.write("crds/runtime.yaml", CRD);
    let check = |args: &[&str]| pipe(krmor().current_dir(&folder.0).args(args), object.as_bytes());
    let out = check(&["--config", "config.yaml", "--crds", "crds"]);
    assert!(out.status.success() && text(&out.stdout).contains("runAsNonRoot: true"), "{}", text(&out.stderr));
    assert_eq!(check(&["--config", "config.yaml"]).status.code(), Some(1));
    let rows = check(&["rows", "crds"]);
    assert_eq!(
        text(&rows.stdout),
        "podTemplates:\n- group: example.com\n  kind: Runtime\n  path: spec\n  shape: spec\n"
    );
}

#[test]
fn check_says_how_much_was_judged() {
    let folder = Folder::new("judged");
    folder.write("config.yaml", HARDEN);
    let input = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n";
    let check = |args: &[&str], input: &str| {
        let out = pipe(
            krmor().current_dir(&folder.0).args(["check", "--config", "config.yaml"]).args(args),
            input.as_bytes(),
        );
        (out.status.code(), text(&out.stdout))
    };
    let (code, out) = check(&[], input);
    assert!(code == Some(2) && out.contains("no-workloads"), "{out}");
    let (code, out) = check(&["--allow-none"], input);
    assert!(code == Some(0) && out.contains("judged 0 workloads with 0 containers"), "{out}");
    let values = "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h}\nspec: {values: {hostNetwork: true}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: i}, {name: b, image: i}]}\n";
    let (_, out) = check(&[], &format!("{input}{values}"));
    assert!(
        out.contains("judged 1 workload with 2 containers; not judged: 1 (values from which manifests are made later)"),
        "{out}"
    );
    // A part of the files.
    folder.write("config.yaml", format!("{HARDEN}spec: {{targets: [{{name: web}}, {{name: p}}]}}\n"));
    assert_eq!(check(&[], values).0, Some(2));
    assert_eq!(check(&["--partial"], values).0, Some(1));
}

/// `docs/kinds.md` has a line for each place of the table; `UPDATE=1` writes them.
#[test]
fn the_page_of_kinds_is_the_table() {
    const BEGIN: &str = "<!-- kinds: written by UPDATE=1 cargo test --test fast judged:: -->\n";
    let table = Table::default();
    let mut rows: Vec<&Row> = table.rows().iter().chain(Table::operators()).collect();
    rows.retain(|row| std::ptr::eq(*row, table.row(&row.group, &row.kind).unwrap()) || row.kind == "*");
    rows.sort_by_key(|row| (row.source != Source::BuiltIn, row.group.clone(), row.kind.clone()));
    let mut lines =
        String::from("| group | kind | where | shape | row from | krmor |\n| --- | --- | --- | --- | --- | --- |\n");
    for row in rows {
        let source = if row.source == Source::BuiltIn { "krmor" } else { "the operator's schema" };
        let group = if row.group.is_empty() { "(core)" } else { &row.group };
        if let Some(ignored) = row.ignored {
            let does =
                ignored.not_judged().map_or("has no pods".to_owned(), |why| format!("lists it as not judged: {why}"));
            writeln!(lines, "| {group} | {} | | | {source} | {does} |", row.kind.replace('*', "any")).unwrap();
        }
        for place in &row.places {
            let path = place.path.to_string();
            writeln!(lines, "| {group} | {} | `{path}` | {} | {source} | hardens it |", row.kind, place.shape.name())
                .unwrap();
        }
    }
    let path = Path::new("docs/kinds.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, _) = page.split_once(BEGIN).unwrap();
    let wanted = format!("{head}{BEGIN}{lines}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, wanted).unwrap();
    } else {
        assert!(page == wanted, "docs/kinds.md is stale: UPDATE=1 cargo test --test fast judged:: writes it");
    }
}

/// Rows of a config add to those that krmor has of an operator's kind, and a row takes nothing out of sight.
#[test]
fn a_row_of_a_config_hides_nothing() {
    let spark = "apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nmetadata: {name: a}\nspec:\n  driver: {image: s, template: {spec: {containers: [{name: a, image: x}]}}}\n  executor: {image: s, securityContext: {allowPrivilegeEscalation: true}}\n";
    let row = "  - {group: sparkoperator.k8s.io, kind: SparkApplication, path: spec.driver.template}\n";
    assert_eq!(
        run(&pipeline(row), spark).errors(),
        [("conflict/allowPrivilegeEscalation", "/spec/executor/securityContext/allowPrivilegeEscalation")]
    );
    // Containers beside the fields of a pod's spec.
    let backend = "apiVersion: example.com/v1\nkind: Backend\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: i}]\n  sidecars: [{name: s, image: i}]\n  initContainer: {image: i}\n  podSpecPatch: '{}'\n";
    let row = "  - {group: example.com, kind: Backend, path: spec, shape: spec}\n";
    let mut pointers: Vec<String> =
        run(&pipeline(row), backend).errors().iter().map(|(_, at)| (*at).to_owned()).collect();
    pointers.sort();
    assert_eq!(pointers, ["/spec", "/spec/initContainer", "/spec/sidecars"]);
}

/// Argo's `resource.manifest`, the manifests of an add-on: a text that is a manifest is created as one.
#[test]
fn pods_in_texts_are_told() {
    let safe = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: a, image: i}]}\n";
    let object = |text: &str| {
        let text = serde_json::to_string(text).unwrap();
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: w}}\nspec:\n  templates:\n  - {{name: b, container: {{image: i}}}}\n  - {{name: a, resource: {{action: create, manifest: {text}}}}}\n{safe}"
        )
    };
    for makes_pods in [
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: i}]}",
        "# a job\n---\nkind: Job\nspec:\n  template:\n    spec:\n      containers:\n      - {name: a, image: i}\n",
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: {{x}}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n",
        r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"hostNetwork": true}}"#,
        "apiVersion: v1\nkind: ConfigMap\n---\nkind: Pod\nspec:\n  containers: [{name: a, image: i}]\n",
    ] {
        let ran = run(HARDEN, &object(makes_pods));
        assert_eq!(ran.errors(), [("unknown-pod-template", "/spec/templates/1/resource/manifest")], "{makes_pods}");
        let row =
            "  - {group: argoproj.io, kind: Workflow, path: 'spec.templates[*].resource.manifest', ignore: true}\n";
        let ran = run(&pipeline(row), &object(makes_pods));
        assert_eq!(ran.errors(), [], "{makes_pods}");
        assert!(ran.out.contains("drop"), "the other template is hardened: {}", ran.out);
    }
    for makes_none in
        ["apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n", "echo 'containers:'", "{", "", "spec: {containers: 3}"]
    {
        assert_eq!(run(HARDEN, &object(makes_none)).errors(), [], "{makes_none}");
    }
}

/// What a remedy says can be pasted, and allows nothing else.
#[test]
fn remedies_name_one_object_exactly() {
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{{name}}}\nspec: {{hostNetwork: true, containers: [{{name: a, image: i}}]}}\n"
        )
    };
    let stream = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}- {}",
        pod("name: a.b").replace('\n', "\n  ").trim_end().to_owned() + "\n",
        pod("name: axb").replace('\n', "\n  ")
    );
    let ran = run(HARDEN, &stream);
    let remedy =
        ran.report.findings.iter().find(|found| found.severity == Severity::Error).unwrap().remedy.clone().unwrap();
    let exception = remedy.split("exceptions: ").nth(1).unwrap().replace('…', "it must");
    let ran = run(&format!("{HARDEN}spec: {{exceptions: {exception}}}\n"), &stream);
    assert_eq!(ran.errors(), [("conflict/hostNamespaces", "/items/1/spec/hostNetwork")]);
}

#[test]
fn lists_that_are_none_and_deep_objects_are_looked_into() {
    let pod =
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostPID: true, containers: [{name: a, image: i}]}}";
    let safe = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: a, image: i}]}\n";
    let mut deep = pod.to_owned();
    for at in 0..12 {
        deep = format!(
            "{{apiVersion: template.openshift.io/v1, kind: Template, metadata: {{name: t{at}}}, objects: [{deep}]}}"
        );
    }
    for (object, rule) in [
        (deep, "conflict/hostNamespaces"),
        (format!("[{pod}]"), "no-object"),
        ("{apiVersion: foo.io/v1, kind: DenyList, metadata: {name: a}, spec: {hostPID: true}, items: []}".to_owned(), "unknown-pod-template"),
        (format!("{{apiVersion: template.openshift.io/v1, kind: Template, metadata: {{name: t}}, objects: [{}]}}", pod.replace("metadata: {name: a}", "metadata: {name: a, annotations: {config.kubernetes.io/local-config: 'true'}}")), "conflict/hostNamespaces"),
        ("{apiVersion: foo.io/v1, kind: Trial, metadata: {name: a}, spec: {trial: {apiVersion: batch/v1, kind: Job, spec: {template: {spec: {hostPID: true, restartPolicy: Never, containers: [{name: a, image: i}]}}}}}}".to_owned(), "conflict/hostNamespaces"),
    ] {
        let ran = run(HARDEN, &format!("{object}\n{safe}"));
        assert!(ran.errors().iter().any(|(id, _)| *id == rule), "{object}: {:?}", ran.errors());
    }
    // A reference to a workload is no workload.
    let scaler = "{apiVersion: foo.io/v1, kind: Scaler, metadata: {name: a}, spec: {target: {apiVersion: apps/v1, kind: Deployment, name: a}}}";
    assert_eq!(run(HARDEN, &format!("{scaler}\n{safe}")).errors(), []);
}
