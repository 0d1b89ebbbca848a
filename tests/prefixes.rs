//! A kustomization on top of an example's overlay, with a prefix, a suffix and another namespace: it renders, every name of an
//! object follows, and `krmor check` on the result holds, or says that a name has a prefix and what to write.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::apps::{objects, overlays, render, try_build};
use crate::common::{Folder, copy, krmor, pipe, text};
use serde_json::Value;

/// Renders what stands on top of an overlay.
fn on_top(overlay: &Path, lines: &str, change: impl Fn(&Path)) -> Result<String, String> {
    let folder = Folder::new("prefixes");
    copy(overlay.parent().unwrap().parent().unwrap(), &folder.0.join("app"));
    change(&folder.0.join("app/overlays").join(overlay.file_name().unwrap()));
    let overlay = overlay.file_name().unwrap().to_str().unwrap();
    let header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    folder.write("app/top/kustomization.yaml", format!("{header}resources: [../overlays/{overlay}]\n{lines}"));
    render(folder.0.join("app/top").to_str().unwrap())
}

/// What names nothing but itself: fields of these keys are no names of objects, or not of objects of the stream.
fn is_own(path: &str) -> bool {
    let field = path.rsplit('/').next().unwrap_or_default();
    let keeps =
        ["labels", "matchLabels", "annotations", "selector", "ports", "containers", "initContainers", "volumes"];
    let parent = path.rsplit('/').find(|part| part.parse::<usize>().is_err() && *part != field).unwrap_or_default();
    keeps.contains(&parent) || parent == "volumeMounts" || parent == "volumeClaimTemplates" || path.contains("/matchLabels/")
        // A path in a Vault or a store, a role there, a name in a URL of outside; a container's class.
        || ["namespace", "role", "path", "key", "property", "mount", "image", "app.kubernetes.io~1name"].contains(&field)
}

/// Every text leaf of a value with its path.
fn leaves(value: &Value, path: &str, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{}", key.replace('/', "~1")), out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| leaves(value, &format!("{path}/{at}"), out));
        }
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        _ => {}
    }
}

/// Texts that still say the name that an object had, each with its place: `KIND PATH: TEXT`.
fn left_behind(plain: &[Value], renamed: &[Value]) -> BTreeSet<String> {
    let names: BTreeSet<&str> = plain.iter().filter_map(|object| object["metadata"]["name"].as_str()).collect();
    let now: BTreeSet<&str> = renamed.iter().filter_map(|object| object["metadata"]["name"].as_str()).collect();
    let gone: BTreeSet<&str> = names.difference(&now).copied().collect();
    let mut found = BTreeSet::new();
    for object in renamed {
        let mut all = Vec::new();
        leaves(object, "", &mut all);
        for (path, text) in all.into_iter().filter(|(path, _)| !is_own(path)) {
            let is_host = |name: &&str| {
                [":", "/", "."].iter().any(|end| text.contains(&format!("//{name}{end}")))
                    || text.ends_with(&format!("//{name}"))
            };
            if gone.contains(text.as_str()) || gone.iter().any(is_host) {
                found.insert(format!("{} {path}: {text}", object["kind"].as_str().unwrap()));
            }
        }
    }
    found
}

/// In a text nobody follows a name: these say so where they stand, or are no names.
const TEXTS: [&str; 16] = [
    "ConfigMap /data/AETHER_API_UPSTREAM: http://api",
    "ConfigMap /data/MLFLOW_TRACKING_URI: http://mlflow:5000",
    "ConfigMap /data/S3_ENDPOINT: http://minio:9000",
    r#"ExternalSecret /spec/target/template/data/DATABASE_URL: postgresql+asyncpg://aether:{{ index . "POSTGRES_PASSWORD" | urlquery | replace "+" "%20" }}@postgres:5432/aether"#,
    // The user and the database of PostgreSQL, and the host, are no namespace.
    "ConfigMap /data/WEBAUTHN_ORIGIN: https://aether.localhost",
    "ConfigMap /data/WEBAUTHN_ORIGIN: https://aether.example.com",
    "ConfigMap /data/WEBAUTHN_ORIGIN: https://aether.staging.example.com",
    "StatefulSet /spec/template/spec/containers/0/env/0/value: aether",
    "StatefulSet /spec/template/spec/containers/0/env/1/value: aether",
    // MLflow's program, and its file.
    "Deployment /spec/template/spec/containers/0/command/0: mlflow",
    "Deployment /spec/template/spec/containers/0/command/4: --backend-store-uri=sqlite:////mlflow/mlflow.db",
    // AETHER_ROLE.
    "Job /spec/template/spec/containers/0/env/0/value: api",
    "Deployment /spec/template/spec/containers/0/env/0/value: api",
    "Deployment /spec/template/spec/containers/0/env/0/value: scheduler",
    "Deployment /spec/template/spec/initContainers/0/env/0/value: api",
    "Deployment /spec/template/spec/initContainers/0/env/0/value: scheduler",
];

const TOPS: [&str; 4] = [
    "namePrefix: team-\n",
    "nameSuffix: -x\n",
    "namespace: elsewhere\n",
    "namePrefix: team-\nnameSuffix: -x\nnamespace: elsewhere\n",
];

#[test]
fn every_overlay_survives_a_prefix_a_suffix_and_another_namespace() {
    for overlay in overlays() {
        let plain = objects(render(overlay.to_str().unwrap()).unwrap());
        for lines in TOPS {
            let place = format!("{} {lines:?}", overlay.display());
            let renamed = objects(on_top(&overlay, lines, |_| {}).unwrap_or_else(|error| panic!("{place}: {error}")));
            assert_eq!(plain.len(), renamed.len(), "{place}");
            for (before, after) in plain.iter().zip(&renamed) {
                assert_eq!(before["kind"], after["kind"], "{place}");
                let [old, new] = [before, after].map(|object| object["metadata"]["name"].as_str().unwrap());
                if before["kind"] != "Namespace" {
                    assert_eq!(new.starts_with("team-"), lines.contains("team-"), "{place}: {new}");
                    assert_eq!(new.contains("-x"), lines.contains("-x") || old.contains("-x"), "{place}: {new}");
                    assert!(!lines.contains("elsewhere") || after["metadata"]["namespace"] == "elsewhere", "{place}");
                }
            }
            let left: Vec<String> = left_behind(&plain, &renamed).into_iter().collect();
            let stated: Vec<&String> = left.iter().filter(|one| !TEXTS.contains(&one.as_str())).collect();
            assert_eq!(stated, Vec::<&String>::new(), "{place}");
        }
    }
}

/// The proof can fail: without the name references the Route dangles.
#[test]
fn without_the_name_references_names_are_left_behind() {
    for (overlay, left) in [
        ("examples/antwort/overlays/openshift", "Route /spec/to/name: antwort"),
        ("examples/argusai/overlays/production", "HTTPRoute /spec/rules/0/backendRefs/0/name: argusai-backend"),
        ("examples/reactbin/overlays/production", "VaultStaticSecret /spec/destination/name: reactbin-api"),
    ] {
        let overlay = Path::new(overlay);
        let plain = objects(render(overlay.to_str().unwrap()).unwrap());
        let renamed = on_top(overlay, TOPS[0], |overlay| {
            let path = overlay.join("kustomization.yaml");
            let own = std::fs::read_to_string(&path).unwrap();
            let cut = own.replace("configurations:\n  - namereference.yaml\n", "");
            assert_ne!(own, cut);
            std::fs::write(path, cut).unwrap();
        });
        let found = left_behind(&plain, &objects(renamed.unwrap()));
        assert!(found.contains(left), "{found:#?}");
    }
}

/// `krmor check` with the overlay's config on what the top renders.
#[test]
fn check_holds_or_says_that_names_have_a_prefix() {
    for overlay in overlays() {
        for lines in &TOPS[2..] {
            let rendered = on_top(&overlay, lines, |_| {}).unwrap();
            let mut check = krmor();
            check.arg("check").arg("--config").arg(overlay.join("krmor.yaml")).arg("-");
            let out = pipe(&mut check, rendered.as_bytes());
            let said = format!("{}{}", text(&out.stdout), text(&out.stderr));
            let place = format!("{} {lines:?}:\n{said}", overlay.display());
            // Configs that select by labels hold whatever the objects are called.
            let by_labels = overlay.starts_with("examples/antwort") || lines.starts_with("namespace");
            assert_eq!(out.status.success(), by_labels, "{place}");
            let errors: Vec<&str> = said.split("\nerror: ").skip(usize::from(!said.starts_with("error: "))).collect();
            for error in errors.iter().filter(|error| error.contains("matches nothing")) {
                assert!(error.contains("has a name with a prefix or suffix"), "{error}\nin {place}");
                assert!(error.contains("`labelSelector` matches before and after"), "{error}\nin {place}");
            }
        }
    }
}

/// What the message says to write holds, before and after.
#[test]
fn the_pattern_of_the_message_matches_before_and_after() {
    let overlay = Path::new("examples/argusai/overlays/local");
    let rendered = on_top(overlay, TOPS[3], |_| {}).unwrap();
    let config = std::fs::read_to_string(overlay.join("krmor.yaml")).unwrap();
    let folder = Folder::new("pattern");
    let check = |config: &str, stream: &str| {
        let path = folder.write("krmor.yaml", config);
        let out = pipe(krmor().arg("check").arg("--config").arg(path).arg("-"), stream.as_bytes());
        (out.status.success(), text(&out.stderr) + &text(&out.stdout))
    };
    let (passes, said) = check(&config, &rendered);
    assert!(!passes && said.contains("so does `name: '(team-)?argusai-backend(-x)?'`"), "{said}");
    let config = config.replace("name: argusai-backend}", "name: '(team-)?argusai-backend(-x)?'}");
    let config = config.replace("name: argusai-frontend}", "name: '(team-)?argusai-frontend(-x)?'}");
    for stream in [rendered, render(overlay.to_str().unwrap()).unwrap()] {
        let (passes, said) = check(&config, &stream);
        assert!(passes, "{said}");
    }
    assert!(try_build(overlay.to_str().unwrap()).is_ok());
}
