//! The table of docs/conversions.md is true: every form of a placeholder runs through every provider, and its cell says what
//! came of it, to the letter, or why it was refused. `UPDATE=1` writes it.

use std::sync::Arc;

use crate::common::{Done, run};
use krmor::pipeline::Outcome;
use krmor::report::Severity;
use krmor::yaml;
use serde_json::{Value, json};

const PAGE: &str = "docs/conversions.md";

/// A form: how the page shows it, what else the config's `convert` says, and the manifest.
struct Row {
    form: String,
    convert: Value,
    input: String,
}

/// A Deployment that uses the Secret `s`, since the CSI driver makes no other.
const USER: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        envFrom: [{secretRef: {name: s}}]
";

fn row(form: &str, input: String) -> Row {
    Row { form: form.to_owned(), convert: json!({}), input }
}

/// A Secret with these fields, and its user.
fn secret(form: &str, fields: &str) -> Row {
    row(form, format!("{USER}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{fields}\n"))
}

/// The same with annotations of the plugin.
fn annotated(form: &str, annotations: &str, fields: &str) -> Row {
    let metadata = format!("metadata: {{name: s, annotations: {{{annotations}}}}}");
    row(form, format!("{USER}---\napiVersion: v1\nkind: Secret\n{metadata}\n{fields}\n"))
}

fn text(value: &str) -> String {
    format!("stringData:\n  k: {}", json!(value))
}

fn data(value: &str) -> String {
    format!("data:\n  k: {}", json!(value))
}

/// A Deployment with a container that has this.
fn container(fields: &str, annotations: &str) -> String {
    let lines = USER.replace("        envFrom: [{secretRef: {name: s}}]\n", fields);
    lines.replace("metadata: {name: web}", &format!("metadata: {{name: web, annotations: {{{annotations}}}}}"))
}

fn rows() -> Vec<(&'static str, Vec<Row>)> {
    let whole = "<path:secret/data/app#k>";
    let v1 = |row: Row| Row { convert: json!({"engine": 1}), ..row };
    let env = |value: &str| format!("        env: [{{name: A, value: {}}}]\n", json!(value));
    let sealed = |template: &str| {
        format!(
            "{USER}---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: s}}\nspec:\n  encryptedData: {{k: AgB}}\n{template}"
        )
    };
    let with_sealed = |row: Row| Row { convert: json!({"sealedSecrets": true}), ..row };
    let placeholders = vec![
        secret("`k: <path:secret/data/app#k>`", &text(whole)),
        secret("`k: <path:secret/data/app#other>`", &text("<path:secret/data/app#other>")),
        secret("`k: <path:secret/data/app#k#2>`", &text("<path:secret/data/app#k#2>")),
        annotated(
            "`k: <other>` and `avp.kubernetes.io/path: secret/data/app`",
            "avp.kubernetes.io/path: secret/data/app",
            &text("<other>"),
        ),
        annotated(
            "the same and `avp.kubernetes.io/secret-version: \"2\"`",
            "avp.kubernetes.io/path: secret/data/app, avp.kubernetes.io/secret-version: \"2\"",
            &text("<other>"),
        ),
        annotated(
            "the same and `avp.kubernetes.io/kv-version: \"1\"`",
            "avp.kubernetes.io/path: secret/app, avp.kubernetes.io/kv-version: \"1\"",
            &text("<other>"),
        ),
        annotated(
            "`k: <other>` and an empty `avp.kubernetes.io/path`",
            "avp.kubernetes.io/path: \"\"",
            &text("<other>"),
        ),
        secret("`k: <other>` without the annotation: no placeholder", &text("<other>")),
        annotated(
            "`avp.kubernetes.io/ignore: \"true\"`: no placeholder",
            "avp.kubernetes.io/ignore: \"true\"",
            &text(whole),
        ),
        annotated(
            "`avp.kubernetes.io/remove-missing: \"true\"`, key and name the same",
            "avp.kubernetes.io/remove-missing: \"true\"",
            &text(whole),
        ),
        annotated(
            "`avp.kubernetes.io/remove-missing: \"true\"`, another key",
            "avp.kubernetes.io/remove-missing: \"true\"",
            &text("<path:secret/data/app#other>"),
        ),
        secret("in `data`, in base64, as kustomize's generator writes it", &data(&base64("<path:secret/data/app#k>"))),
        secret("in `data`, as it is", &data(whole)),
        secret("in `data`, with `\\| base64encode`", &data("<path:secret/data/app#k | base64encode>")),
        secret("in `data`, with text around", &data("YQ<path:secret/data/app#k>")),
        secret("base64 of a placeholder in `stringData`", &text(&base64(whole))),
        secret("`\\| base64encode`", &text("<path:secret/data/app#k | base64encode>")),
        secret("`\\| base64decode`", &text("<path:secret/data/app#k | base64decode>")),
        secret("`\\| sha256sum`", &text("<path:secret/data/app#k | sha256sum>")),
        secret("`\\| jsonPath {.db.user}`", &text("<path:secret/data/app#k | jsonPath {.db.user}>")),
        secret(
            "`\\| jsonPath {.user} \\| base64encode`",
            &text("<path:secret/data/app#k | jsonPath {.user} | base64encode>"),
        ),
        secret("`\\| jsonPath {.user}{':'}{.pass}`", &text("<path:secret/data/app#k | jsonPath {.user}{':'}{.pass}>")),
        secret(
            "`\\| jsonParse \\| jsonPath {.user}`",
            &text("<path:secret/data/app#k | jsonParse | jsonPath {.user}>"),
        ),
        secret("`\\| jsonParse`", &text("<path:secret/data/app#k | jsonParse>")),
        secret(
            "`\\| yamlParse \\| jsonPath {.user}`",
            &text("<path:secret/data/app#k | yamlParse | jsonPath {.user}>"),
        ),
        secret("`\\| indent 2`", &text("<path:secret/data/app#k | indent 2>")),
        secret("an unknown modifier", &text("<path:secret/data/app#k | upper>")),
        secret("text around: `x://<…#u>:<…#p>@db`", &text("x://<path:secret/data/app#u>:<path:secret/data/app#p>@db")),
        secret("a file of several lines", &text("user: <path:secret/data/app#u>\npass: <path:secret/data/app#p>\n")),
        secret("braces around: `{{<…#k>}}`", &text("{{<path:secret/data/app#k>}}")),
        secret("two paths in one value", &text("<path:secret/data/a#k>:<path:secret/data/b#k>")),
        secret("two paths in one Secret", "stringData: {a: '<path:secret/data/a#k>', b: '<path:secret/data/b#k>'}"),
        secret(
            "two versions of one path",
            "stringData: {a: '<path:secret/data/app#k#1>', b: '<path:secret/data/app#k#2>'}",
        ),
        secret("a text beside: `host: db`", "stringData: {host: db, k: '<path:secret/data/app#k>'}"),
        secret("a secret beside: `password: …`", "stringData: {password: not-real, k: '<path:secret/data/app#k>'}"),
        v1(secret("`<path:kv/app#k>`, and `engine: 1` in the config", &text("<path:kv/app#k>"))),
        secret("`<path:kv/app#k>`, and nothing says the version of the engine", &text("<path:kv/app#k>")),
        secret("`<path:secret/data/app#k#latest>`", &text("<path:secret/data/app#k#latest>")),
        secret("of Google Secret Manager", &text("<path:projects/1/secrets/app#k>")),
        secret("of AWS Secrets Manager, by its ARN", &text("<path:arn:aws:secretsmanager:eu:1:app#k>")),
        secret("of IBM Secrets Manager", &text("<path:ibmcloud/arbitrary/secrets/groups/1#k>")),
        secret("of 1Password Connect", &text("<path:vaults/a/items/b#k>")),
        secret("of Azure, Yandex, Keeper, Delinea, SOPS, Kubernetes", &text("<path:app#k>")),
    ];
    let elsewhere = vec![
        row("a variable: `value: <path:secret/data/app#k>`", container(&env(whole), "a: b")),
        row("a variable: `value: <k>`, and `avp.kubernetes.io/path`", container(&env("<k>"), "avp.kubernetes.io/path: secret/data/app")),
        row("a variable with text around or a modifier", container(&env("x<path:secret/data/app#k>"), "a: b")),
        row("an argument of a container", container("        args: ['--a=<path:secret/data/app#k>']\n", "a: b")),
        row("an annotation", container("", "a: '<path:secret/data/app#k | sha256sum>'")),
        row("a ConfigMap", format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: '{whole}'}}\n")),
        row(
            "a ConfigMap: `<k>`, and `avp.kubernetes.io/path`",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {avp.kubernetes.io/path: secret/data/app}}\ndata: {c.yaml: 'user: <k>'}\n".to_owned(),
        ),
        annotated("a label or annotation of the Secret", "a: <path:secret/data/app#k>", &text(whole)),
    ];
    let secrets = vec![
        secret("a value", &text("not-real")),
        secret("bytes that are no text", &data("/w==")),
        secret(
            "`type: kubernetes.io/basic-auth` with a placeholder",
            &format!("type: kubernetes.io/basic-auth\n{}", text(whole)),
        ),
        secret("`immutable: true`", &format!("immutable: true\n{}", text(whole))),
        row(
            "labels, annotations and a sync wave",
            format!(
                "{USER}---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  labels: {{argocd.argoproj.io/secret-type: repository}}\n  annotations: {{managed-by: team, argocd.argoproj.io/sync-wave: '-1'}}\n{}\n",
                text(whole),
            ),
        ),
        secret("encrypted by SOPS", &format!("sops: {{mac: x}}\n{}", text("ENC[AES256_GCM,data:eA==]"))),
        with_sealed(row("SealedSecret: a key", sealed(""))),
        with_sealed(row(
            "SealedSecret: `template.data` with values",
            sealed("  template: {data: {url: 'x://{{ .k }}@db'}}\n"),
        )),
        with_sealed(row(
            "SealedSecret: `template.data` with functions",
            sealed("  template: {data: {url: '{{ .k | upper }}'}}\n"),
        )),
    ];
    vec![
        ("## Placeholders of argocd-vault-plugin in Secrets", placeholders),
        ("## Placeholders elsewhere", elsewhere),
        ("## Secrets and SealedSecrets", secrets),
    ]
}

fn base64(text: &str) -> String {
    const SYMBOLS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let bits = bytes.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - bytes.len()));
        let symbol =
            |at: usize| if at <= bytes.len() { SYMBOLS[(bits >> (18 - 6 * at)) as usize & 63] as char } else { '=' };
        (0..4).map(symbol).collect::<String>()
    };
    text.as_bytes().chunks(3).map(group).collect()
}

const PROVIDERS: [&str; 4] = ["vso", "external-secrets", "csi", "agent-injector"];

fn spec(provider: &str, convert: &Value) -> Value {
    match provider {
        "external-secrets" => json!({"provider": provider, "store": {"name": "vault"}, "convert": convert}),
        _ => json!({"provider": provider, "auth": {"kubernetes": {"role": "app"}}, "convert": convert}),
    }
}

fn objects(text: &str) -> Vec<Value> {
    let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap();
    documents.iter().filter_map(|document| document.root().to_value()).collect()
}

/// What a cell says.
fn cell(provider: &str, row: &Row) -> String {
    let spec = spec(provider, &row.convert);
    let done = run("VaultSecrets", &spec, &row.input);
    if done.outcome != Outcome::Ok {
        let errors = done.report.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let said: Vec<&str> = errors.map(|finding| finding.message.as_str()).collect();
        assert!(!said.is_empty(), "{}: {provider}: fails and says nothing", row.form);
        let remedies = done.report.findings.iter().all(|finding| finding.remedy.as_deref() != Some(""));
        assert!(remedies, "{}: {provider}: no way out is said", row.form);
        return format!("refused: {}", said.join("; "));
    }
    let again = run("VaultSecrets", &spec, &done.text);
    assert_eq!((again.outcome, &again.text), (Outcome::Ok, &done.text), "{}: {provider}: a second run", row.form);
    let made = made(provider, &done);
    let rest = done.report.findings.iter().filter(|finding| finding.rule.id == "write-to-vault").map(|finding| {
        let command = finding.message.split_once(": ").unwrap().1;
        format!("write `{command}`")
    });
    let lines: Vec<String> = made.into_iter().chain(rest).collect();
    assert!(!lines.is_empty(), "{}: {provider}: nothing came of it:\n{}", row.form, done.text);
    format!("kept: {}", lines.join("; "))
}

/// What was made, in the provider's words.
fn made(provider: &str, done: &Done) -> Vec<String> {
    let mut out = Vec::new();
    for object in objects(&done.text) {
        let spec = &object["spec"];
        let before = out.len();
        match (provider, object["kind"].as_str().unwrap()) {
            ("vso", "VaultStaticSecret") => {
                let mut place = json!({"type": spec["type"], "path": format!("{}/{}", spec["mount"].as_str().unwrap(), spec["path"].as_str().unwrap())});
                copy(&mut place, spec, &["version"]);
                out.push(code(&flow(&place)));
                let transformation = &spec["destination"]["transformation"];
                for include in transformation["includes"].as_array().into_iter().flatten() {
                    out.push(format!("includes {}", code(include.as_str().unwrap())));
                }
                for (name, template) in transformation["templates"].as_object().into_iter().flatten() {
                    out.push(format!("`{name}` = {}", code(template["text"].as_str().unwrap())));
                }
                let mut rest = json!({});
                copy(&mut rest, &spec["destination"], &["type", "labels", "annotations"]);
                out.extend((rest != json!({})).then(|| format!("`destination` {}", code(&flow(&rest)))));
            }
            ("external-secrets", "ExternalSecret") => {
                for item in spec["data"].as_array().unwrap() {
                    let mut place = json!({});
                    copy(&mut place, &item["remoteRef"], &["key", "property", "version"]);
                    if item["remoteRef"]["decodingStrategy"] != "None" {
                        copy(&mut place, &item["remoteRef"], &["decodingStrategy"]);
                    }
                    out.push(format!("`{}` = {}", item["secretKey"].as_str().unwrap(), code(&flow(&place))));
                }
                let template = &spec["target"]["template"];
                for (name, text) in template["data"].as_object().into_iter().flatten() {
                    out.push(format!("template `{name}` = {}", code(text.as_str().unwrap())));
                }
                let mut rest = json!({});
                copy(&mut rest, template, &["type", "metadata"]);
                copy(&mut rest, &spec["target"], &["immutable"]);
                out.extend((rest != json!({})).then(|| format!("`target` {}", code(&flow(&rest)))));
            }
            ("csi", "SecretProviderClass") => {
                let objects = spec["parameters"]["objects"].as_str().unwrap();
                let list = yaml::parse(&Arc::new(objects.to_owned())).unwrap()[0].root().to_value().unwrap();
                for mut object in list.as_array().unwrap().clone() {
                    let name = object.as_object_mut().unwrap().remove("objectName").unwrap();
                    out.push(format!("`{}` = {}", name.as_str().unwrap(), code(&flow(&object))));
                }
                let mut rest = json!({});
                copy(&mut rest, &spec["secretObjects"][0], &["labels", "annotations"]);
                if spec["secretObjects"][0]["type"] != "Opaque" {
                    copy(&mut rest, &spec["secretObjects"][0], &["type"]);
                }
                out.extend((rest != json!({})).then(|| format!("`secretObjects` {}", code(&flow(&rest)))));
            }
            _ => continue,
        }
        let annotations = &object["metadata"]["annotations"];
        out.extend((!annotations.is_null()).then(|| format!("on the object itself {}", code(&flow(annotations)))));
        assert!(out.len() > before);
    }
    out
}

fn copy(into: &mut Value, from: &Value, keys: &[&str]) {
    for key in keys.iter().filter(|key| !from[**key].is_null()) {
        into[*key] = from[*key].clone();
    }
}

/// A mapping in one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::String(text) if text.bytes().any(|b| b.is_ascii_alphabetic()) => text.clone(),
        other => other.to_string(),
    }
}

/// Code in a cell of a table.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('\n', "⏎").replace('|', "\\|"))
}

#[test]
fn the_table_of_conversions_is_what_happens() {
    let mut tables = String::new();
    for (title, rows) in rows() {
        tables.push_str(&format!(
            "{title}\n\n| form | {} |\n| --- | --- | --- | --- | --- |\n",
            PROVIDERS.map(|name| format!("`{name}`")).join(" | ")
        ));
        for row in rows {
            let cells = PROVIDERS.map(|provider| cell(provider, &row));
            tables.push_str(&format!("| {} | {} |\n", row.form, cells.join(" | ")));
        }
        tables.push('\n');
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once("<!-- tables -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /tables -->").unwrap();
    let wanted = format!("{before}<!-- tables -->\n\n{tables}<!-- /tables -->{after}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, &wanted).unwrap();
    }
    assert!(page == wanted || std::env::var_os("UPDATE").is_some(), "{PAGE} is stale: UPDATE=1 writes it");
}
