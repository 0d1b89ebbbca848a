//! Economy of messages: they grow no faster than the stream, say the same once, and hide only what may be a secret.

use crate::common::{krmor, pipe, text};

const BUDGETS: &str = "apiVersion: krmor.dev/v1alpha1\nkind: Availability\nspec: {budget: {maxUnavailable: 1}}\n";
const CHECKS: &str = "apiVersion: krmor.dev/v1alpha1\nkind: Checks\n";

/// The messages of a failing call with a config and a bare stream.
fn messages(name: &str, config: &str, stream: &str) -> String {
    let file = std::env::temp_dir().join(format!("krmor-messages-{name}-{}.yaml", std::process::id()));
    std::fs::write(&file, config).unwrap();
    let out = pipe(krmor().arg("--config").arg(&file), stream.as_bytes());
    std::fs::remove_file(&file).unwrap();
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
