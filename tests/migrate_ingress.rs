//! `krmor migrate ingress`: what Ingresses become, in files, and that it does the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::apps::objects;
use crate::common::crds::Crds;
use crate::common::{Folder, krmor, text, tool};
use serde_json::Value;

/// The trees of a file, each with its files.
fn trees() -> Vec<(String, Vec<(String, String)>)> {
    let all = std::fs::read_to_string("tests/migrate/trees.txt").unwrap();
    let trees = all.split("\n## ").skip(1).map(|tree| {
        let (title, rest) = tree.split_once('\n').unwrap();
        let files = rest.split("== ").skip(1).map(|file| {
            let (name, text) = file.split_once('\n').unwrap();
            (name.to_owned(), format!("{}\n", text.trim_end()))
        });
        (title.to_owned(), files.collect())
    });
    trees.collect()
}

fn folder(files: &[(String, String)]) -> Folder {
    let folder = Folder::new("migrate");
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

fn tree(files: &[(&str, &str)]) -> Folder {
    folder(&files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<Vec<_>>())
}

/// Runs the migration in a folder, whose files are then `./…`.
fn migrate(folder: &Path, args: &[&str]) -> Output {
    let mut command = krmor();
    command.current_dir(folder).args(["migrate", "ingress", "--to", "gateway", "."]).args(args).output().unwrap()
}

fn to_class(folder: &Path, more: &[&str]) -> Output {
    migrate(folder, &[&["--gateway-class", "envoy"], more].concat())
}

fn succeeded(out: &Output) -> String {
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

/// What a run says that refuses, having written nothing.
fn refused(out: &Output) -> String {
    assert_eq!(out.status.code(), Some(1), "{}{}", text(&out.stdout), text(&out.stderr));
    assert_eq!(text(&out.stdout), "");
    text(&out.stderr)
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, out: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, out);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                out.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(folder, folder, &mut out);
    out
}

/// What stock kustomize makes of a directory.
fn kustomize(directory: &Path) -> Vec<Value> {
    let out = Command::new(tool("kustomize")).arg("build").arg(directory).output().unwrap();
    assert!(out.status.success(), "{}: {}", directory.display(), text(&out.stderr));
    objects(text(&out.stdout))
}

fn is_of_gateways(object: &Value) -> bool {
    object["apiVersion"].as_str().unwrap().starts_with("gateway.networking.k8s.io/")
}

fn by_name(mut objects: Vec<Value>) -> Vec<Value> {
    objects.sort_by_key(|object| format!("{} {} {}", object["kind"], object["metadata"]["namespace"], object["metadata"]["name"]));
    objects
}

/// The law of the migration: to migrate and render is to render and migrate. Stock kustomize renders both.
#[test]
fn to_migrate_and_render_is_to_render_and_migrate() {
    let crds = Crds::load();
    for (title, tree) in trees() {
        let migrated = folder(&tree);
        let before = folder(&tree);
        let said = succeeded(&to_class(&migrated.0, &[]));
        assert!(said.contains("proof: "), "{title}: {said}");
        let mut seen = 0;
        for (name, _) in tree.iter().filter(|(name, _)| name.ends_with("kustomization.yaml")) {
            let directory = Path::new(name).parent().unwrap();
            if tree.iter().any(|(other, text)| other == name && text.contains("kind: Component")) {
                continue;
            }
            let after = kustomize(&migrated.0.join(directory));
            assert!(!after.iter().any(|object| object["kind"] == "Ingress"), "{title}: {name}");
            for object in &after {
                assert_eq!(crds.problems(object).unwrap_or_default(), Vec::<String>::new(), "{title}: {name}: {object:#}");
            }
            let rendered = kustomize(&before.0.join(directory));
            let others = |objects: &[Value]| by_name(objects.iter().filter(|one| one["kind"] != "Ingress" && !is_of_gateways(one)).cloned().collect());
            assert_eq!(others(&after), others(&rendered), "{title}: {name}: other objects changed");
            // Each base has a Gateway of its own, which the rendered Ingresses do not show any more.
            if title.contains("two bases") || title.contains("suffix") || name.contains("some/") {
                continue;
            }
            let flat = Folder::new("flat");
            let joined: Vec<String> = rendered.iter().map(ToString::to_string).collect();
            flat.write("all.yaml", joined.join("\n---\n"));
            succeeded(&to_class(&flat.0, &[]));
            let wanted = objects(std::fs::read_to_string(flat.0.join("all.yaml")).unwrap());
            let of_gateways = |objects: Vec<Value>| by_name(objects.into_iter().filter(is_of_gateways).collect());
            let (after, wanted) = (of_gateways(after), of_gateways(wanted));
            for (own, other) in after.iter().zip(&wanted) {
                let mut own = own.clone();
                if title.contains("label stays") {
                    // The patch is for the Gateway too, which no annotation of the Ingress reaches.
                    own["metadata"].as_object_mut().unwrap().remove("annotations");
                    let mut other = other.clone();
                    other["metadata"].as_object_mut().unwrap().remove("annotations");
                    assert_eq!(own, other, "{title}: {name}");
                } else {
                    assert_eq!(&own, other, "{title}: {name}");
                }
            }
            assert_eq!(after.len(), wanted.len(), "{title}: {name}");
            seen += 1;
        }
        println!("{title}: {seen}");
        // A second run finds nothing.
        let done = files(&migrated.0);
        assert_eq!(succeeded(&to_class(&migrated.0, &[])), "there is nothing to migrate\n", "{title}");
        assert_eq!(files(&migrated.0), done, "{title}");
    }
}
