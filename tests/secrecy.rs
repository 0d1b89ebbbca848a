//! What a value is allowed to be told by follows from where it stands: in configs, manifests, errors and diffs alike. The key,
//! the line and what a field may be stay visible.

use crate::common::cases;
use crate::common::{Folder, krmor, text};
use krmor::yaml;
use serde_json::{Value, json};
use std::sync::Arc;

const CANARY: &str = "cAnArY-7f3";

fn said(folder: &Folder, args: &[&str]) -> String {
    let out = krmor().current_dir(&folder.0).args(args).output().unwrap();
    format!("{}{}", text(&out.stdout), text(&out.stderr))
}

#[track_caller]
fn silent(what: &str, said: &str) {
    assert!(!said.contains("cAnArY"), "{what} tells the secret:\n{said}");
}

/// What a config that is in error says, with the canary in it: the error is there, and not the value.
#[track_caller]
fn config_error(config: &str, shown: &[&str]) {
    let folder = Folder::new("secrecy-config");
    folder.write("config.yaml", config);
    folder.write(
        "in.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: p}]}\n",
    );
    for args in [
        &["run", "--config", "config.yaml", "in.yaml"][..],
        &["check", "--config", "config.yaml", "in.yaml"],
        &["diff", "--config", "config.yaml", "in.yaml"],
        &["check", "--config", "config.yaml", "--format", "json", "in.yaml"],
        &["check", "--config", "config.yaml", "--format", "sarif", "in.yaml"],
        &["check", "--config", "config.yaml", "--format", "junit", "in.yaml"],
        &["diff", "--config", "config.yaml", "--format", "markdown", "in.yaml"],
    ] {
        let said = said(&folder, args);
        silent(&format!("{args:?} of\n{config}"), &said);
        if args[0] == "run" {
            assert!(said.contains("error: "), "no error about\n{config}\n{said}");
            for shown in shown {
                assert!(said.contains(shown), "`{shown}` is not shown of\n{config}\n{said}");
            }
        }
    }
}

fn config(kind: &str, spec: &str) -> String {
    format!("apiVersion: krmor.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: c}}\nspec: {spec}")
}

#[test]
fn values_in_configs_are_not_told() {
    let environment = |spec: &str| config("Environment", spec);
    let c = CANARY;
    for (spec, shown) in [
        (format!("\n  env:\n    DB_PASSWORD: {{value: {c}}}\n"), &["DB_PASSWORD", "unknown field `value`"][..]),
        (format!("\n  env:\n    DB_PASSWORD:\n      value: {c}\n"), &["value: "]),
        (format!("\n  env: {{A: [{c}]}}\n"), &["env: {A: ["]),
        (format!("{{env: {{A: {{vlaue: {c}}}}}, overwrite: yess}}\n"), &["overwrite: yess", "vlaue"]),
        (format!("{{evn: {{A: {c}}}, overwrite: true}}\n"), &["unknown field `evn`", "overwrite: true"]),
        (format!("{{env: {{A: {c}}}, requierd: [A]}} # {c}\n"), &["requierd"]),
        (format!("\n  env: {{A: {c}}} # {c}\n  requierd: [A] # PASSWORD={c}\n"), &["requierd: "]),
        (format!("\n  env:\n    A: |-\n      {c}\n    B: [{c}]\n"), &["B: ["]),
        (format!("\n  env: {c}\n"), &["expected a mapping"]),
        (format!("\n  env: [{c}]\n"), &["expected a mapping"]),
        (format!("\n  required: {{A: {c}}}\n  optional: [{{A: 1}}]\n"), &["optional: [{A: *}]"]),
    ] {
        config_error(&environment(&spec), shown);
    }
    let migration = |spec: &str| config("Migration", spec);
    for spec in [
        format!("{{as: jobb, args: [migrate, --password={c}]}}\n"),
        format!("{{as: jobb, args: [migrate, {c}], command: [{c}]}}\n"),
        format!("\n  as: job\n  args: [migrate, --password={c}, 5]\n"),
        format!("\n  as: job\n  args: migrate --password={c}\n"),
        format!("\n  as: job\n  agrs: [migrate, --password={c}]\n  args: [x]\n"),
        format!("\n  args: [x]\n  env: [{{name: A, value: {c}, valeu: {c}}}]\n  as: jobb\n"),
        format!("\n  args: [x]\n  env: [{{name: 5, value: {c}}}]\n"),
    ] {
        config_error(&migration(&spec), &["-->"]);
    }
    for spec in [
        format!("{{liveness: {{exec: {{command: [check, {c}]}}, periodSecond: 5}}}}\n"),
        format!(
            "{{liveness: {{http: {{path: '/x?token={c}', port: 80, headers: [{{name: A, value: {c}}}]}}, periodSecond: 5}}}}\n"
        ),
        format!("{{liveness: {{http: {{path: /x, port: 80, headers: {{Authorization: {c}}}}}, periodSecond: 5}}}}\n"),
    ] {
        config_error(&config("Probes", &spec), &["periodSecond: 5"]);
    }
}

/// What is no config at all may be a Secret.
#[test]
fn a_manifest_that_is_given_as_a_config_is_not_told() {
    for (config, shown) in [
        (
            format!(
                "{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{{\"name\":\"s\"}},\"stringData\":{{\"A\":\"{CANARY}\"}}}}\n"
            ),
            "\"apiVersion\":\"v1\",\"kind\":\"Secret\"",
        ),
        (format!("{{kind: Secret, apiVersion: v1, data: {{A: {CANARY}}}}}\n"), "apiVersion: v1"),
        (format!("{{kind: SecretList, apiVersion: v1, items: [{{data: {{A: {CANARY}}}}}]}}\n"), "apiVersion: v1"),
        (format!("{{A: {CANARY}}}\n"), "kind"),
        (format!("[{CANARY}]\n"), "not a mapping"),
        (format!("{CANARY}\n"), "not a mapping"),
        (format!("{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{{\"A\":\"{CANARY}\"}}}}\n"), "ConfigMap"),
        (
            format!("{{apiVersion: v1, kind: ConfigMap, data: {{function: SecurityContext, levle: {CANARY}}}}}\n"),
            "levle",
        ),
        (
            format!(
                "apiVersion: v1\nkind: ConfigMap\ndata:\n  function: Environment\n  env: '{{A: {{value: {CANARY}}}}}'\n"
            ),
            "env: ",
        ),
        (format!("{{apiVersion: krmor.dev/v1, kind: Environment, spec: {{env: {{A: {CANARY}}}}}}}\n"), "krmor.dev/v1"),
        (
            format!("{{apiVersion: krmor.dev/v1alpha1, kind: Enviroment, spec: {{env: {{A: {CANARY}}}}}}}\n"),
            "Enviroment",
        ),
        (format!("{{apiVersion: krmor.dev/v1alpha1, kind: Environment, spce: {{env: {{A: {CANARY}}}}}}}\n"), "spce"),
        (format!("A: {CANARY}: {CANARY}\n"), "-->"),
    ] {
        config_error(&config, &[shown]);
    }
}

/// Errors are of use: what is harmless stays on the line.
#[test]
fn what_is_harmless_in_a_config_is_shown() {
    for (kind, spec, shown) in [
        (
            "SecurityContext",
            "{level: restrcted, runAsUser: 10001} # why\n",
            "spec: {level: restrcted, runAsUser: 10001} # why",
        ),
        ("Availability", "{budget: {maxUnavailble: 1}}\n", "spec: {budget: {maxUnavailble: 1}}"),
        ("Exposure", "{hosts: [{host: a.example.com, service: web, pots: 80}]}\n", "host: a.example.com, service: web"),
        (
            "Environment",
            "{env: {A: {secret: db, key: password, optinal: true}}}\n",
            "{A: {secret: db, key: password, optinal: ****}}",
        ),
        ("Resources", "{containers: [{name: web, requests: {cpu: 1x}}]}\n", "{name: web, requests: {cpu: 1x}}"),
    ] {
        let folder = Folder::new("secrecy-shown");
        folder.write("config.yaml", config(kind, spec));
        let said = said(&folder, &["run", "--config", "config.yaml", "config.yaml"]);
        assert!(said.contains(shown), "{said}");
    }
}

// ---- diffs ----

/// A diff of manifests whose every place is near a change: what of them is shown.
#[track_caller]
fn diff(manifest: &str) -> String {
    let folder = Folder::new("secrecy-diff");
    folder.write("config.yaml", config("SecurityContext", "{runAsUser: 10001}\n"));
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: p}]}\n";
    folder.write("in.yaml", format!("{manifest}{pod}"));
    folder.write("old.yaml", pod);
    let mut out = String::new();
    for args in [
        &["diff", "--config", "config.yaml", "in.yaml"][..],
        &["diff", "--config", "config.yaml", "--format", "markdown", "in.yaml"],
        &["run", "--config", "config.yaml", "--report", "text", "--output", "out", "in.yaml"],
        &["run", "--config", "config.yaml", "--report", "json", "--output", "out", "in.yaml"],
        &["check", "--config", "config.yaml", "--format", "sarif", "in.yaml"],
        &["compare", "old.yaml", "in.yaml"],
        &["compare", "in.yaml", "old.yaml"],
    ] {
        let said = said(&folder, args);
        silent(&format!("{args:?} of\n{manifest}"), &said);
        out.push_str(&said);
    }
    out
}

fn pod_with(container: &str, annotations: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  annotations:\n    note: shown\n{annotations}spec:\n  containers:\n  - name: web\n    image: web:1\n{container}"
    )
}

#[test]
fn diffs_hide_comments_beside_variables() {
    let c = CANARY;
    for container in [
        format!("    env:\n    - name: A\n      value: x # {c}\n"),
        format!("    env:\n    - {{name: A, value: x}} # {c}\n"),
        format!("    env: # {c}\n    - name: A # was {c}\n      value: x\n"),
        format!("    env:\n    # - name: B\n    #   value: {c}\n    - name: A\n      value: x\n"),
        format!("    env:\n    - name: A\n      value: x\n    # {c}\n    # - name: B\n\n    #   value: {c}\n"),
        format!("    # env: [{{name: A, value: {c}}}]\n    # DB_PASSWORD={c}\n"),
        format!("    args: [a] # {c}\n"),
        format!("    args:\n    - --password={c}\n    # - {c}\n"),
    ] {
        let said = diff(&pod_with(&container, ""));
        assert!(said.contains("note: shown") && said.contains("***"), "{said}");
    }
    // Other comments are the user's words.
    assert!(
        diff(&pod_with("    # why: the port is fixed\n    workingDir: /x # as in the image\n", ""))
            .contains("# as in the image")
    );
}

#[test]
fn diffs_hide_what_commands_hold() {
    let c = CANARY;
    for args in [
        format!("[-p{c}]"),
        format!("[mysql, -uroot, -p{c}, app]"),
        format!("[--pwd, {c}]"),
        format!("[--pwd={c}]"),
        format!("[-pwd, {c}]"),
        format!("[curl, -H, 'Authorization: Bearer {c}']"),
        format!("[curl, '-HAuthorization: Basic {c}']"),
        format!("[curl, -H, 'X-Api-Key: {c}']"),
        format!("[curl, -u, 'app:{c}']"),
        format!("[sh, -c, 'curl -u app:{c} http://x']"),
        format!("[sh, -c, 'curl -H \"Authorization: Bearer {c}\" http://x']"),
        format!("[sh, -c, 'mysql -uroot -p{c} app']"),
        format!("[sh, -c, 'mysqldump --pwd {c}']"),
        format!("[sh, -c, 'redis-cli -a {c} ping']"),
        format!("[redis-cli, -a, {c}, ping]"),
        format!("[sshpass, -p, {c}, ssh, x]"),
        format!("[--requirepass, {c}]"),
        format!("[--conn, 'Server=db;Password={c};Database=x']"),
    ] {
        diff(&pod_with(&format!("    args: {args}\n"), ""));
        diff(&pod_with(&format!("    command: {args}\n"), ""));
        diff(&pod_with(&format!("    lifecycle: {{preStop: {{exec: {{command: {args}}}}}}}\n"), ""));
    }
    let shown = diff(&pod_with("    args: [-port, '8080', -p8080, --path=/x, -profile=dev, -print0, --verbose]\n", ""));
    assert!(shown.contains("[-port, '8080', -p8080, --path=/x, -profile=dev, -print0, --verbose]"), "{shown}");
}

#[test]
fn diffs_hide_copies_of_objects_and_keys() {
    let c = CANARY;
    let copy = format!("'{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{{\"x\":\"{c}\"}}}}'");
    for key in [
        "kubectl.kubernetes.io/last-applied-configuration",
        "kapp.k14s.io/original",
        "kapp.k14s.io/original-diff",
        "example.com/last-applied",
        "objectset.rio.cattle.io/applied",
        "whoever.example.com/keeps-it",
    ] {
        diff(&pod_with("", &format!("    {key}: {copy}\n")));
    }
    diff(&pod_with("", &format!("    kapp.k14s.io/original: {c}\n    example.com/auth-token: {c}\n")));
    let route = |key: &str| {
        format!(
            "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {{name: r}}\nspec:\n  to: {{kind: Service, name: web}}\n  tls:\n    termination: edge\n    key: {key}\n"
        )
    };
    diff(&route(c));
    diff(&route(&format!("|\n      -----BEGIN PRIVATE KEY-----\n      {c}\n      -----END PRIVATE KEY-----")));
    for (kind, spec) in [
        ("example.com/v1\nkind: Database", format!("{{auth: {{password: {c}}}}}")),
        ("example.com/v1\nkind: Database", format!("{{adminPassword: {c}, tokens: [{c}]}}")),
        ("v1\nkind: ConfigMap", "{}".to_owned()),
    ] {
        diff(&format!("apiVersion: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n"));
    }
    diff(&format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n  DB_PASSWORD: {c}\n  app.conf: |\n    port = 80\n    password = {c}\n    url: http://a:{c}@b\n"
    ));
}

// ---- every place ----

/// Whether an error may tell what stands there: a name, a word that a field may have, a number, a place.
fn may_be_told(path: &[String]) -> bool {
    let is_private = |key: &str| {
        matches!(
            key,
            "env"
                | "args"
                | "command"
                | "exec"
                | "headers"
                | "annotations"
                | "value"
                | "literals"
                | "template"
                | "templates"
        )
    };
    !path.iter().any(|key| is_private(key))
}

fn scalars(value: &Value, path: &[String], out: &mut Vec<Vec<String>>) {
    let below = |key: String| [path, &[key]].concat();
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| scalars(value, &below(key.clone()), out)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| scalars(value, &below(at.to_string()), out))
        }
        _ => out.push(path.to_vec()),
    }
}

fn pointer(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", yaml::escape_token(key))).collect()
}

/// A canary in each scalar of each case's config, as an unknown field beside it, on its line and on the next, and in a
/// value of another type.
#[test]
fn no_scalar_of_a_config_is_told_that_may_be_a_secret() {
    let (mut tried, mut told) = (0, 0);
    for case in cases::all() {
        let documents = yaml::parse(&Arc::new(case.config.clone())).unwrap();
        let Some(config) = documents[0].root().to_value() else { continue };
        let mut paths = Vec::new();
        scalars(&config["spec"], &["spec".to_owned()], &mut paths);
        for path in paths {
            let parent = pointer(&path[..path.len() - 1]);
            let mut planted = config.clone();
            let reference = matches!(
                path.last().map(String::as_str),
                Some("secret" | "configMap" | "key" | "field" | "name" | "resource" | "container" | "divisor")
            ) || planted.pointer(&pointer(&path)).is_some_and(Value::is_boolean);
            *planted.pointer_mut(&pointer(&path)).unwrap() = json!(CANARY);
            let mut broken = Vec::new();
            for (key, value) in
                [("unknwon", json!("x")), ("exceptons", json!([CANARY])), ("valeu", json!({"a": {"b": CANARY}}))]
            {
                let mut config = planted.clone();
                if let Some(Value::Object(map)) = config.pointer_mut(&parent) {
                    // Among variables also a value; elsewhere the mapping may be one whose keys are the user's.
                    let among = path.iter().any(|key| key == "env");
                    map.insert(key.to_owned(), if among { value.clone() } else { json!("x") });
                    broken.push(config);
                }
                let mut config = planted.clone();
                config["spec"][key] = value;
                broken.push(config);
            }
            for wrong in [json!([CANARY]), json!({"x": CANARY}), json!([[CANARY]])] {
                let mut config = config.clone();
                *config.pointer_mut(&pointer(&path)).unwrap() = wrong;
                broken.push(config);
            }
            for config in broken {
                let block = yaml::render(&[yaml::new_document(&config, None).unwrap()]);
                for written in [block, format!("{config}\n")] {
                    let documents = yaml::parse(&Arc::new(written.clone())).unwrap();
                    if krmor::config::read(documents[0].root(), None).is_ok() {
                        continue;
                    }
                    tried += 1;
                    let failure = krmor::transport::Config::read("config.yaml", written.clone().into_bytes(), None)
                        .err()
                        .unwrap();
                    let said = format!("{}{}", failure.message, serde_json::to_string(&failure.results).unwrap());
                    let harmless = may_be_told(&path) || reference;
                    if !harmless {
                        silent(
                            &format!("{}: {}: {} in\n{written}", case.file.display(), case.title, pointer(&path)),
                            &said,
                        );
                    } else if said.contains("cAnArY") {
                        told += 1;
                    }
                }
            }
        }
    }
    eprintln!("{tried} configs in error; {told} tell a name or a word that stands where it may be told");
    assert!(tried > 5000, "only {tried}: the test has no force");
}
