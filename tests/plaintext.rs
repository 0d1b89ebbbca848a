//! RB-6: no file of the examples and Components holds a secret in plain text. Three searches must agree: for Secrets with
//! values and literals of generators, by `git grep` for assignments to names that sound like a secret, and by the rules
//! `secrets/*` of `Checks`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::common::{Folder, copy, run, text};
use krmor::yaml;
use serde_json::{Value, json};

const FOLDERS: [&str; 2] = ["examples", "kustomization"];

/// Values that protect nothing: the overlays for a laptop, of argusai and aether, say so. And as data has them.
const PLACEHOLDERS: [&str; 6] = [
    "local-only",
    "bG9jYWwtb25seQ==",
    "bG9jYWwtb25seS1sb2NhbC1vbmx5LWxvY2FsLW9ubHk=",
    "Ykc5allXd3RiMjVzZVMxc2IyTmhiQzF2Ym14NUxXeHZZMkZzTFc5dWJIaz0=",
    "postgresql+asyncpg://aether:local-only@postgres:5432/aether",
    "cG9zdGdyZXNxbCthc3luY3BnOi8vYWV0aGVyOmxvY2FsLW9ubHlAcG9zdGdyZXM6NTQzMi9hZXRoZXI=",
];

/// `NAME=value`, `NAME: value`, `"name": "value"` with a name that sounds like a secret, and names of keys in camel case.
const ASSIGNMENT: &str = r#"([A-Z0-9_]*(PASSW|PWD|TOKEN|SECRET|CREDENTIAL|_KEY|APIKEY|_DSN)[A-Z0-9_]*|([a-z]+[._-])*(passw(or)?d|token|secret|api[._-]?key|access[._-]?key|secret[._-]?key|private[._-]?key)|[a-z]+(Password|Token|ApiKey|PrivateKey))["']?( *=|: )"#;

/// What git's own search finds: `path:line`. Also files that git does not have yet: they may be the next to be committed.
fn git_grep(root: &Path, arguments: &[&str]) -> Vec<String> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["grep", "--no-index", "-I"]).args(arguments).arg("--").args(FOLDERS);
    // Types, which have no values; they are made of the schemas.
    let out = git.arg(":!*.d.ts");
    let out = out.output().expect("git runs");
    assert!(matches!(out.status.code(), Some(0 | 1)), "{}", text(&out.stderr));
    text(&out.stdout).lines().map(str::to_owned).collect()
}

/// Whether what is assigned cannot be the secret itself: nothing, a switch, a reference, a list or map, a placeholder.
fn is_reference(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'', ',']);
    matches!(value, "" | "true" | "false" | "null" | "|" | ">" | "|-" | ">-")
        || value.starts_with(['$', '<', '[', '{', '*', '&'])
        // kustomize breaks long data into lines.
        || PLACEHOLDERS.contains(&value.replace('\n', "").as_str())
}

/// Each plaintext secret below `root`: by what it was found, and where.
fn plaintext(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in git_grep(root, &["-l", "-e", ""]) {
        if !path.ends_with(".yaml") && !path.ends_with(".yml") && !path.ends_with(".json") {
            continue;
        }
        // Helm's templates are no YAML, and what is in them is searched below.
        if path.contains("/templates/") {
            continue;
        }
        let content = std::fs::read_to_string(root.join(&path)).unwrap();
        let documents = yaml::parse(&Arc::new(content.clone())).unwrap_or_else(|error| panic!("{path}: {error}"));
        for object in documents.iter().filter_map(|document| document.root().to_value()) {
            found.extend(values_of(&object).map(|place| format!("object {path}: {place}")));
        }
        // A report repeats, masked, what the manifests beside it hold. Values of Secrets have been looked at above.
        if !path.ends_with("results.yaml") {
            let done = run("Checks", &json!({"podSecurity": {"level": "privileged"}}), &content);
            let rules = done.report.findings.iter().map(|finding| (finding.rule.id, finding.pointer()));
            let secrets = rules.filter(|(rule, _)| rule.starts_with("secrets/") && *rule != "secrets/plaintext-secret");
            found.extend(secrets.map(|(rule, place)| format!("{rule} {path}: {place}")));
        }
    }
    for line in git_grep(root, &["-nE", "-e", ASSIGNMENT]) {
        let mut parts = line.splitn(3, ':');
        let (path, number, content) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let code = content.split(" #").next().unwrap_or_default();
        let value = code.find(['=', ':']).map_or("", |at| &code[at + 1..]);
        if !code.trim_start().starts_with('#') && !is_reference(value) {
            found.push(format!("grep {path}:{number}"));
        }
    }
    found
}

/// The keys under which a Secret, or a kustomization that makes one, has values.
fn values_of(object: &Value) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let is_value = |value: &Value| !value.as_str().is_some_and(is_reference);
    if object["kind"] == "Secret" {
        for field in ["data", "stringData"] {
            let entries = object[field].as_object().into_iter().flatten().filter(|(_, value)| is_value(value));
            found.extend(entries.map(|(key, _)| format!("{field}.{key}")));
        }
    }
    for item in object["items"].as_array().into_iter().flatten() {
        found.extend(values_of(item));
    }
    for generator in object["secretGenerator"].as_array().into_iter().flatten() {
        let literals = generator["literals"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let with_value = literals.filter(|one| one.split_once('=').is_none_or(|(_, value)| !is_reference(value)));
        found.extend(with_value.map(|one| format!("secretGenerator {}", one.split('=').next().unwrap_or_default())));
        // What stands in a file of its own is a secret in the repository all the same.
        let files = ["files", "envs", "env"].into_iter().filter(|key| !generator[key].is_null());
        found.extend(files.map(|key| format!("secretGenerator {key}")));
    }
    found.into_iter()
}

#[test]
fn no_committed_file_holds_a_secret() {
    assert_eq!(plaintext(Path::new(".")), [""; 0]);
    assert!(git_grep(Path::new("."), &["-l", "-e", ""]).len() > 30, "the search looks at the files");
}

/// The search finds what it is there for, each in an example as it is.
#[test]
fn what_is_planted_is_found() {
    let env = |variable: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n    - name: c\n      image: i\n      {variable}\n"
        )
    };
    let secret = |data: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{data}\n");
    let generator = |what: &str| format!("secretGenerator:\n  - name: s\n    {what}\n");
    let cases = [
        ("base/new.yaml", secret("stringData: {url: hunter2}"), "object"),
        ("base/new.yaml", secret("data: {anything: aHVudGVyMg==}"), "object"),
        ("base/new.json", secret("data: {anything: aHVudGVyMg==}"), "object"),
        (
            "base/new.yaml",
            format!("kind: List\nitems:\n- {}", secret("data: {a: aA==}").replace('\n', "\n  ")),
            "object",
        ),
        ("overlays/mine/kustomization.yaml", generator("literals: [TOKEN=hunter2]"), "object"),
        ("overlays/mine/kustomization.yaml", generator("literals: [innocent=hunter2]"), "object"),
        ("overlays/mine/kustomization.yaml", generator("envs: [production.env]"), "object"),
        ("overlays/mine/production.env", "DB_PASSWORD=hunter2\n".to_owned(), "grep"),
        ("overlays/mine/production.env", "STRIPE_API_KEY = \"hunter2\"\n".to_owned(), "grep"),
        ("overlays/mine/values.json", "{\"smtp\": {\n\"smtpPassword\": \"hunter2\"}}\n".to_owned(), "grep"),
        ("base/config.toml", "[db]\npassword = \"hunter2\"\n".to_owned(), "grep"),
        ("base/new.yaml", env("env: [{name: DB_PASSWORD, value: hunter2}]"), "secrets/env"),
        ("base/new.yaml", env("args: [--db, \"postgres://app:hunter2@db/x\"]"), "secrets/arguments"),
        ("base/new.yaml", env("args: [--password=hunter2]"), "secrets/arguments"),
        (
            "base/new.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  app.ini: |\n    db_password = hunter2\n"
                .to_owned(),
            "secrets/config-map",
        ),
    ];
    for (path, content, wanted) in cases {
        let folder = Folder::new("plaintext");
        copy("examples/reactbin".as_ref(), &folder.0.join("examples/reactbin"));
        copy("kustomization".as_ref(), &folder.0.join("kustomization"));
        assert_eq!(plaintext(&folder.0), [""; 0]);
        folder.write(&format!("examples/reactbin/{path}"), &content);
        let found = plaintext(&folder.0);
        assert!(
            found.iter().any(|one| one.starts_with(wanted) && one.contains(path)),
            "{wanted} in {found:?}\n{content}"
        );
        assert!(found.iter().all(|one| !one.contains("hunter2")), "a value is told: {found:?}");
    }
}
