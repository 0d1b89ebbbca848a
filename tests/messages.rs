//! Economy of messages: they grow no faster than the stream, say the same once, and hide only what may be a secret.

use crate::common::{Folder, krmor, pipe, text};

const BUDGETS: &str = "apiVersion: krmor.dev/v1alpha1\nkind: Availability\nspec: {budget: {maxUnavailable: 1}}\n";
const CHECKS: &str = "apiVersion: krmor.dev/v1alpha1\nkind: Checks\n";

/// The messages of a failing call with a config and a file.
fn messages(name: &str, config: &str, stream: &str) -> String {
    let folder = Folder::new(name);
    let (config, stream) = (folder.write("config.yaml", config), folder.write("stream.yaml", stream));
    let out = krmor().arg("run").arg("--config").args([config, stream]).output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    text(&out.stderr)
}

/// Workloads with equal labels, a Service and a budget of each.
fn equal_labels(number: usize) -> String {
    let one = |at| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web-{at}, labels: {{app: web}}}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: 'web:1', ports: [{{name: http, containerPort: 80}}]}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web-{at}, labels: {{app: web}}}}\nspec: {{selector: {{app: web}}, ports: [{{name: http, port: 80}}]}}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web-{at}}}\nspec: {{maxUnavailable: 0, selector: {{matchLabels: {{app: web}}}}}}\n"
        )
    };
    (0..number).map(one).collect()
}

#[test]
fn messages_of_many_workloads_with_equal_labels_stay_short() {
    let monitoring = "apiVersion: krmor.dev/v1alpha1\nkind: Monitoring\nspec: {port: http}\n";
    for (name, config) in [("budgets", BUDGETS), ("monitoring", monitoring)] {
        let told = messages(name, config, &equal_labels(300));
        assert!(told.len() < 3000 && told.contains(" and 297 more"), "{told}");
    }
    let told = messages("thousands", BUDGETS, &equal_labels(3000));
    assert!(told.len() < 3000 && told.contains(" and 2997 more"), "{told}");
}

#[test]
fn many_equal_places_of_one_pod_are_one_finding() {
    let volume = |at| format!("  - {{name: v{at}, hostPath: {{path: /data/{at}}}}}\n");
    let volumes: String = (0..13).map(volume).collect();
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers: [{{name: web, image: 'web:1'}}]\n  volumes:\n{volumes}"
    );
    let told = messages("volumes", "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\n", &pod);
    assert_eq!(told.matches("  fix: ").count(), 1, "{told}");
    assert!(told.contains("{name: v0, hostPath: {path: /data/0}}") && told.contains(" and 9 more"), "{told}");
}

#[test]
fn excerpts_hide_only_what_may_be_a_secret() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: web, image: 'web:1', args: [hush-1], env: [{name: A, value: hush-2}], securityContext: {privileged: true}} # hush-3\n";
    let told = messages("excerpts", CHECKS, pod);
    assert!(told.contains("{name: web, image: 'web:1', args: [****-*], env: [{name: A, value: ****-*}]"), "{told}");
    assert!(told.contains("securityContext: {privileged: true}} # ****-*") && !told.contains("hush"), "{told}");
}

/// What a renderer says of where an object is from; the lines of what it rendered are not those of that file.
#[test]
fn a_rendered_object_is_named_by_the_file_it_is_from() {
    let pod = |annotations: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, annotations: {{{annotations}}}}}\nspec: {{hostPID: true, containers: [{{name: a, image: i, securityContext: {{runAsUser: 1}}}}]}}\n"
        )
    };
    let origin = |fields: &str| pod(&format!("config.kubernetes.io/origin: \"{fields}\""));
    let folder = Folder::new("origins");
    let config = folder.write("config.yaml", "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\n");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}", pod("").trim_end().replace('\n', "\n  "));
    for (stream, file) in [
        (format!("---\n# Source: todo/templates/web.yaml\n{}", pod("")), "todo/templates/web.yaml"),
        (format!("# a comment\n---\n# Source: a b.yaml  \n\n# another\n{}", pod("")), "a b.yaml"),
        (format!("---\n# Source: todo/templates/list.yaml\n{list}\n"), "todo/templates/list.yaml"),
        (pod("postrenderer.helm.sh/postrender-filename: todo/web.yaml"), "todo/web.yaml"),
        (origin("path: ../base/web.yaml\\n"), "../base/web.yaml"),
        (origin("configuredIn: ../kustomization.yaml\\nconfiguredBy: {kind: X}\\n"), "../kustomization.yaml"),
        (origin("path: a.yaml\\nrepo: https://example.com/x\\nref: v1\\n"), "https://example.com/x//a.yaml?ref=v1"),
        (pod("internal.config.kubernetes.io/path: pkg/web.yaml"), "pkg/web.yaml"),
    ] {
        let out = pipe(krmor().arg("--config").arg(&config), stream.as_bytes());
        let told = text(&out.stderr);
        assert!(out.stdout.is_empty() && told.contains(&format!("\n  --> {file}\n")), "{file}: {told}");
    }
    for stream in
        [pod("a: '# Source: b'"), format!("{}# Source: behind.yaml\n", pod("")), origin("path: [1]"), origin("[")]
    {
        let told = text(&pipe(krmor().arg("--config").arg(&config), stream.as_bytes()).stderr);
        assert!(told.contains("conflict/hostNamespaces") && !told.contains("-->"), "{told}");
    }
}

/// A bare stream has no results that could carry a warning; a ResourceList has.
#[test]
fn warnings_of_a_bare_stream_are_on_standard_error() {
    let folder = Folder::new("warnings");
    let config = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: harden}\n";
    let file = folder.write("config.yaml", config);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: i}]}\n";
    let list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {}\nfunctionConfig:\n  {}\n",
        pod.trim_end().replace('\n', "\n  "),
        config.trim_end().replace('\n', "\n  ")
    );
    let warned = |out: &std::process::Output| {
        assert!(out.status.success(), "{}", text(&out.stderr));
        text(&out.stderr).contains("warning: Pod a: spec: no uid is set")
    };
    let bare = pipe(krmor().arg("--config").arg(&file), pod.as_bytes());
    assert!(warned(&bare));
    let legacy = pipe(krmor().arg(&file).env("KUSTOMIZE_PLUGIN_CONFIG_ROOT", "/"), pod.as_bytes());
    assert!(warned(&legacy));
    assert_eq!(bare.stdout, legacy.stdout);
    let list = pipe(&mut krmor(), list.as_bytes());
    assert!(list.status.success() && list.stderr.is_empty(), "{}", text(&list.stderr));
    assert!(text(&list.stdout).contains("image-user-unproven"));
}
