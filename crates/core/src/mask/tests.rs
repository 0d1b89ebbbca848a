use std::sync::Arc;

use serde_json::json;

use super::*;

#[test]
fn secrets_are_masked_at_every_depth() {
    let cases = [
        ("Secret", "/data", json!({"k": "hush"}), json!({"k": "***"})),
        ("Secret", "/stringData/k", json!("hush"), json!("***")),
        (
            "Secret",
            "",
            json!({"data": {"k": "hush"}, "type": "Opaque"}),
            json!({"data": {"k": "***"}, "type": "Opaque"}),
        ),
        ("Pod", "/spec/containers/0/env/0/value", json!("hush"), json!("***")),
        (
            "Pod",
            "/spec/containers/0/env/0",
            json!({"name": "A", "value": "hush"}),
            json!({"name": "A", "value": "***"}),
        ),
        (
            "Pod",
            "/spec/containers/0/env",
            json!([{"name": "A", "value": "hush"}]),
            json!([{"name": "A", "value": "***"}]),
        ),
        (
            "Pod",
            "/spec",
            json!({"containers": [{"env": [{"name": "A", "value": "hush"}]}]}),
            json!({"containers": [{"env": [{"name": "A", "value": "***"}]}]}),
        ),
        (
            "Pod",
            "/spec/containers/0/livenessProbe",
            json!({"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "hush"}]}}),
            json!({"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "***"}]}}),
        ),
        ("Pod", "/spec/containers/0/livenessProbe/httpGet/httpHeaders/0/value", json!("hush"), json!("***")),
        (
            "Pod",
            "/metadata/annotations",
            json!({LAST_APPLIED: "hush", "a": "b"}),
            json!({LAST_APPLIED: "***", "a": "b"}),
        ),
        (
            "Pod",
            "/spec/volumes/0",
            json!({"flexVolume": {"options": {"password": "hush", "share": "a"}}}),
            json!({"flexVolume": {"options": {"password": "***", "share": "a"}}}),
        ),
        ("Pod", "/spec/runAsUser", json!(5), json!(5)),
        ("ConfigMap", "/data/k", json!("shown"), json!("shown")),
        // Text around what a template fills in stood in a Secret.
        (
            "ExternalSecret",
            "",
            json!({"spec": {"target": {"template": {"data": {"a": "hush", "b": "x{{ .k }}", "c": "{{ .k }}"}}}}}),
            json!({"spec": {"target": {"template": {"data": {"a": "***", "b": "***{{ .k }}", "c": "{{ .k }}"}}}}}),
        ),
        (
            "VaultStaticSecret",
            "/spec/destination/transformation/templates",
            json!({"a": {"text": "{{ .k }}@hush"}, "b": {"text": "{{ .a }}{{ .b }}"}}),
            json!({"a": {"text": "{{ .k }}***"}, "b": {"text": "{{ .a }}{{ .b }}"}}),
        ),
        ("VaultStaticSecret", "/spec/destination/transformation/templates/a/text", json!("hush"), json!("***")),
        (
            "VaultStaticSecret",
            "/spec/destination",
            json!({"annotations": {"a": "hush"}}),
            json!({"annotations": {"a": "***"}}),
        ),
        (
            "ExternalSecret",
            "/spec/target/template",
            json!({"metadata": {"annotations": {"a": "hush"}, "labels": {"a": "b"}}}),
            json!({"metadata": {"annotations": {"a": "***"}, "labels": {"a": "b"}}}),
        ),
        (
            "SecretProviderClass",
            "/spec/secretObjects",
            json!([{"annotations": {"a": "hush"}}]),
            json!([{"annotations": {"a": "***"}}]),
        ),
        (
            "Deployment",
            "/spec/template",
            json!({"metadata": {"annotations": {"a": "b"}}}),
            json!({"metadata": {"annotations": {"a": "b"}}}),
        ),
    ];
    for (kind, pointer, value, wanted) in cases {
        assert_eq!(mask(kind, pointer, &value), wanted, "{kind} {pointer}");
    }
}

#[test]
fn secrets_are_found_in_every_layout() {
    let cases = [
        "kind: Secret\nmetadata: {annotations: {last: hush}}\ndata:\n  # hush\n  k: hush # hush\n  l: |\n    hush\n",
        "{\"kind\":\"Secret\",\"stringData\":{\"k\":\"hush\"}}",
        "kind: Secret\nx: &x hush\ny: {z: *x}\nstringData: {k: *x}\n",
        "kind: SecretList\nitems:\n- data: {k: hush}\n",
        "kind: List\nitems:\n- kind: List\n  items:\n  - kind: Secret\n    data: {k: hush}\n",
        "kind: ResourceList\nitems:\n- kind: Secret\n  data: {k: hush}\n",
        "kind: Pod\nspec:\n  containers:\n  - env:\n    - {name: A, value: hush}\n    - name: B\n      value: >-\n        hush\n\n        hush\n",
        "kind: Pod\nspec: {initContainers: [{env: [{value: \"hush\", name: A}]}]}",
        "kind: Pod\nspec:\n  containers:\n  - readinessProbe:\n      httpGet:\n        httpHeaders:\n        - name: Authorization\n          value: hush\n",
        "kind: Pod\nspec:\n  containers:\n  - args:\n    - --password=hush\n    - --token\n    - 'hush'\n    - |\n      export TOKEN=hush\n",
        "kind: Pod\nspec: {containers: [{livenessProbe: {httpGet: {path: \"/a?t=hush\"}, exec: {command: [--key-password=hush]}}}]}",
        "kind: Pod\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      hush\n",
        "kind: Pod\nspec: {volumes: [{flexVolume: {options: {password: hush}}}]}",
        "kind: Pod\nx: &x hush\nspec:\n  containers:\n  - env:\n    - value: *x\n",
    ];
    for case in cases {
        let documents = yaml::parse(&Arc::new(case.to_owned())).unwrap();
        let root = documents.first().unwrap().root();
        let mut text = case.to_owned();
        for span in secret_spans(root).into_iter().rev() {
            let blank = "#".repeat(span.len());
            text.replace_range(span, &blank);
        }
        let rest = text.split('\n').filter(|line| !line.contains('#')).collect::<String>();
        assert!(!rest.contains("hush"), "{case}\n{text}");
    }
    let shown =
        "kind: ConfigMap\ndata: {value: shown}\n---\nkind: Pod\nspec: {containers: [{name: env, args: [value]}]}\n";
    for document in yaml::parse(&Arc::new(shown.to_owned())).unwrap() {
        assert!(secret_spans(document.root()).is_empty());
    }
}

#[test]
fn addresses_lose_their_passwords() {
    let text = "- --db=postgres://app:p@ss@db:5432/x?y=z\n- http://host:80/a:b@c\n- x://u:p@h y://u@h z://";
    let wanted = "- --db=postgres://app:***@db:5432/x?y=z\n- http://host:80/a:b@c\n- x://u:***@h y://u@h z://";
    assert_eq!(addresses(text), wanted);
}

#[test]
fn words_of_commands_that_are_secrets_are_masked() {
    let cases = [
        (json!(["app", "--password=hush", "-v"]), json!(["app", "--password=***", "-v"])),
        (json!(["--api-token", "hush", "--verbose"]), json!(["--api-token", "***", "--verbose"])),
        (json!(["--password", "--verbose"]), json!(["--password", "--verbose"])),
        (json!(["DB_PASSWORD=hush"]), json!(["DB_PASSWORD=***"])),
        (json!(["--password=$(DB_PASSWORD)", "--token=${T}"]), json!(["--password=$(DB_PASSWORD)", "--token=${T}"])),
        (json!(["--password=$ecret"]), json!(["--password=***"])),
        (json!(["--db=postgres://a:hush@db/x"]), json!(["--db=postgres://a:***@db/x"])),
        (json!(["sh", "-c", "export TOKEN='hu sh'; run"]), json!(["sh", "-c", "export TOKEN=***"])),
        (json!(["sh", "-c", "run --password hush --x"]), json!(["sh", "-c", "run --password ***"])),
        (json!(["mc login \"$ROOT_PASSWORD\""]), json!(["mc login \"$ROOT_PASSWORD\""])),
        (json!(["--max-tokens=5", "--level=debug", 5]), json!(["--max-tokens=5", "--level=debug", 5])),
    ];
    for (words, wanted) in cases {
        assert_eq!(mask("Pod", "/spec/containers/0/args", &words), wanted);
        let probe = json!({"exec": {"command": words}});
        assert_eq!(mask("Pod", "/spec/containers/0/livenessProbe", &probe), json!({"exec": {"command": wanted}}));
    }
}

#[test]
fn queries_of_probes_are_masked() {
    let (path, shown) = (json!("/health?token=hush"), json!("/health?***"));
    assert_eq!(mask("Pod", "/spec/containers/0/livenessProbe/httpGet/path", &path), shown);
    let get = |path: &Value| json!({"livenessProbe": {"httpGet": {"path": path, "port": 80}}});
    assert_eq!(mask("Pod", "/spec/containers/0", &get(&path)), get(&shown));
    assert_eq!(mask("Pod", "/spec/containers/0", &get(&json!("/health"))), get(&json!("/health")));
}
