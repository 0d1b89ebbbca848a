//! All keys of a Secret in one place of Vault, for an operator that fetches one.

use std::path::Path;

use serde_json::json;

use super::edits::Edit;
use super::found;
use super::new_texts;
use super::sources::{Form, Moved};
use super::trees::Sources;
use crate::cli::Result;
use crate::cli::doctor::tree::{File, Tree};
use crate::yaml::{self, base64};

/// The Vault Secrets Operator fetches a Secret from one place. Where an overlay gives some keys of a Secret and its base the
/// others, the overlay's place gets all of them, as kustomize gives them to the Secret. Whether something was added.
pub(super) fn gather(sources: &mut Sources<'_>, roots: &[&File], before: &[String], after: &[String]) -> Result<bool> {
    let mut added = false;
    for ((root, before), after) in roots.iter().zip(before).zip(after) {
        for secret in found::scattered(before, after)? {
            // Prefixes and suffixes are around the name that the sources have. What lies in a base is not the overlay's own.
            let own = sources.plan.groups.iter().filter(|group| {
                is_own(sources.tree, root, &group.file)
                    && secret.name.contains(&group.secret)
                    && secret.keys.iter().any(|(key, placeholder, _)| *placeholder == group.kv.placeholder(key))
            });
            let own: Vec<_> = own.collect();
            // Several groups of one place can each take keys: the last, which kustomize merges last, does.
            let Some(group) = own.last().filter(|group| own.iter().all(|other| other.kv == group.kv)) else { continue };
            let mut edits = Vec::new();
            let mut literals = Vec::new();
            let mut moved = Vec::new();
            for (key, placeholder, value) in &secret.keys {
                let wanted = group.kv.placeholder(key);
                // What was a placeholder before is somebody else's.
                if *placeholder == wanted || placeholder.as_bytes() == value.as_slice() {
                    continue;
                }
                let at = format!("{}/{}", group.pointer, yaml::escape_token(key));
                let encoded = std::str::from_utf8(value).is_err();
                match group.form {
                    Form::Data if encoded => edits.push(Edit::Set(at, json!(wanted))),
                    _ if encoded => continue, // only `data` has bytes
                    Form::Data => edits.push(Edit::Set(at, json!(base64::encode(wanted.as_bytes())))),
                    Form::StringData => edits.push(Edit::Set(at, json!(wanted))),
                    Form::Literals { there: true } => {
                        edits.push(Edit::Set(format!("{}/-", group.pointer), json!(format!("{key}={wanted}"))));
                    }
                    Form::Literals { there: false } => literals.push(json!(format!("{key}={wanted}"))),
                }
                moved.push(Moved {
                    place: group.place.clone(),
                    secret: group.secret.clone(),
                    key: key.clone(),
                    kv: group.kv.clone(),
                    value: value.clone(),
                    encoded,
                    others: false,
                    widest: String::new(),
                });
            }
            if !literals.is_empty() {
                edits.push(Edit::Set(group.pointer.clone(), json!(literals)));
            }
            added |= !moved.is_empty();
            let edits = edits.into_iter().map(|edit| (group.document, edit)).collect::<Vec<_>>();
            sources.plan.edits.entry(group.file.clone()).or_default().extend(edits);
            sources.plan.moved.extend(moved);
        }
    }
    if added {
        sources.texts = new_texts(sources.tree, &sources.plan.edits, &sources.plan.contents)?;
    }
    Ok(added)
}

/// Whether a file is of a kustomization, and of none in a folder below it.
fn is_own(tree: &Tree, root: &File, file: &Path) -> bool {
    let below = |other: &File| other.path != root.path && other.folder().starts_with(root.folder());
    file.starts_with(root.folder())
        && !tree.kustomizations().any(|other| below(other) && file.starts_with(other.folder()))
}
