//! What was not looked at, so that nobody takes it for healthy.

use super::callers::CI_FOLDERS;
use super::tree::{Tree, kustomization_of};
use super::{Diagnosis, Place};
use crate::report::Severity::{Error, Warning};
use crate::text::few;

pub(super) fn judge(tree: &Tree, diagnosis: &mut Diagnosis) {
    let name = |path: &std::path::Path| path.strip_prefix("./").unwrap_or(path).display().to_string();
    let mut skipped = Vec::new();
    for path in &tree.skipped {
        let last = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // git's own folder holds no sources, and CI's are looked through for scripts.
        if last == ".git" || CI_FOLDERS.contains(&last) {
            continue;
        }
        // A link may lead to what was looked at by another way.
        let kustomization = kustomization_of(path);
        if kustomization.as_deref().is_some_and(|file| tree.file(file).is_some()) {
            continue;
        }
        skipped.push(name(path));
        if let Some(file) = kustomization {
            let message = "this folder has a kustomization and was not looked at: it is hidden, built, or a link";
            let place = Place { file: name(&file), line: None };
            diagnosis.add(Warning, "skipped", place, message, format!("run `krmor doctor {}`, too", name(path)));
        }
    }
    if !skipped.is_empty() {
        let noun = if skipped.len() == 1 { "folder" } else { "folders" };
        let names = few(skipped.len(), &mut skipped.iter().cloned(), ", ");
        diagnosis.fact("not looked at", format!("{} {noun} (hidden, built, or links): {names}", skipped.len()));
    }
    for path in tree.unread.iter().filter(|path| super::tree::is_kustomization(path) || path.ends_with("Kptfile")) {
        // Two names may lead to one file.
        if tree.file(path).is_none() {
            let place = Place { file: name(path), line: None };
            let message = "this is no UTF-8 text of up to 16 MiB: it cannot be read, and kustomize cannot build it";
            diagnosis.add(Error, "unreadable", place, message, "write it as UTF-8");
        }
    }
}
