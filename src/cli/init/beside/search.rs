//! Where the files that tell of images are looked for: in the folder, in those above it up to the repository's root, and in the
//! folders directly below these.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Image, compose, dockerfile, oci};
use crate::cli::init::place::seen_from;
use crate::yaml;

/// More files than this are no neighbourhood.
const MOST: usize = 4_000;
/// Larger ones are data.
const MAX_FILE: u64 = 1 << 20;
/// How many folders up the repository's root may be.
const UP: usize = 4;

/// All images that files around `folder`, an absolute path, tell of.
pub(in crate::cli::init) fn search(folder: &Path) -> Vec<Image> {
    let mut files = BTreeSet::new();
    walk(folder, 2, &mut files);
    let root = folder.ancestors().take(UP + 1).find(|above| above.join(".git").exists());
    for above in folder.ancestors().skip(1).take(UP) {
        match root {
            Some(root) if above.starts_with(root) => walk(above, 1, &mut files),
            Some(_) => break,
            // Nobody knows how far the project goes: the files right beside it.
            None => {
                walk(above, 0, &mut files);
                break;
            }
        }
    }
    read(folder, &files)
}

fn walk(folder: &Path, depth: usize, out: &mut BTreeSet<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        if out.len() >= MOST || name.starts_with('.') || is_link {
            continue;
        }
        if path.is_dir() {
            if path.join("oci-layout").is_file() {
                out.insert(path.join("oci-layout"));
            } else if depth > 0 && !matches!(name, "node_modules" | "target" | "vendor" | "blobs") {
                walk(&path, depth - 1, out);
            }
        } else if is_dockerfile(name) || is_compose(name) || is_json(&path) || name == "oci-layout" {
            out.insert(path);
        }
    }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn is_dockerfile(name: &str) -> bool {
    let starts =
        ["Dockerfile", "Containerfile"].iter().any(|start| name == *start || name.starts_with(&format!("{start}.")));
    (starts || name.ends_with(".Dockerfile")) && !name.ends_with(".dockerignore")
}

pub(in crate::cli::init) fn is_compose(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or_default();
    ["compose", "docker-compose"].iter().any(|start| stem == *start || stem.starts_with(&format!("{start}.")))
}

fn read(folder: &Path, files: &BTreeSet<PathBuf>) -> Vec<Image> {
    let text = |path: &Path| {
        let is_small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_FILE);
        is_small.then(|| std::fs::read_to_string(path).ok()).flatten()
    };
    let name_of = |path: &Path| path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let mut built: BTreeMap<PathBuf, Image> = BTreeMap::new();
    let mut out = Vec::new();
    for path in files.iter().filter(|path| is_dockerfile(&name_of(path))) {
        if let Some(text) = text(path) {
            built.insert(path.clone(), dockerfile::read(&text, &seen_from(folder, path)));
        }
    }
    for path in files.iter().filter(|path| is_compose(&name_of(path))) {
        let Some(text) = text(path).map(Arc::new) else { continue };
        let (file, beside) = (seen_from(folder, path), path.parent().unwrap_or(Path::new("/")));
        for mut service in compose::read(&yaml::parse(&text).unwrap_or_default(), &text, &file, beside) {
            let own = service.dockerfile.and_then(|path| path.canonicalize().ok());
            if let Some(dockerfile) = own.and_then(|path| built.get(&path)) {
                service.image.complete(dockerfile);
            }
            out.push(service.image);
        }
    }
    out.extend(built.into_values());
    for path in files {
        let file = seen_from(folder, path);
        if path.ends_with("oci-layout") {
            out.extend(oci::layout(path.parent().unwrap_or(Path::new("/")), &file));
        } else if is_json(path) {
            let value = text(path).and_then(|text| serde_json::from_str(&text).ok());
            out.extend(value.iter().flat_map(|value| oci::config(value, &file)));
        }
    }
    out
}
