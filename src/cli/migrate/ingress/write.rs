//! The texts of the files after a migration: documents in the place of documents, entries in the place of entries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::documents::{joined, replace_documents};
use super::files::{File, Files};
use super::item::Source;
use super::kustomization::{JSON6902, MERGES, PATCHES};
use super::layers::{Edits, Entry};
use super::names::name_references;
use super::patch::Delta;
use crate::cli::{Failure, Result};
use crate::yaml::{self, Document, Kind, Op, Operation};

/// What a file becomes: a text, or nothing.
pub(super) type Changes = BTreeMap<PathBuf, Option<String>>;

/// The name of the file that objects get which only one kustomization has.
const RESOURCES: &str = "gateway-api";
/// The name of the file that tells kustomize where routes and listeners name other objects.
const NAMES: &str = "gateway-api-names.yaml";

/// An operation on a kustomization.
type Edit = (Op, String, Value);

/// All changes; an error is a place where two edits want different things.
pub(super) fn changes(files: &Files, edits: &Edits) -> Result<Changes> {
    let mut documents: BTreeMap<Source, Vec<Value>> = edits.documents.clone();
    let mut kustomizations: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    let mut changes = Changes::new();
    for (path, entries) in &edits.entries {
        let list = kustomizations.entry(path.clone()).or_default();
        replace_entries(files, entries, &mut documents, list)?;
    }
    for (path, deltas) in &edits.patches {
        let list = kustomizations.entry(path.clone()).or_default();
        let has = value_of(files, path).is_some_and(|own| own.get(PATCHES).is_some());
        let new: Vec<Value> = deltas.iter().map(inline).collect();
        append(list, PATCHES, has, new);
    }
    for (path, objects) in &edits.resources {
        let name = free_name(files, path, RESOURCES);
        let folder = path.parent().unwrap_or(Path::new(""));
        changes.insert(folder.join(&name), Some(joined(objects, None)?));
        let has = value_of(files, path).is_some_and(|own| own.get("resources").is_some());
        append(kustomizations.entry(path.clone()).or_default(), "resources", has, vec![json!(name)]);
    }
    for path in edits.names.iter().filter(|path| files.get(path).is_some()) {
        let folder = path.parent().unwrap_or(Path::new(""));
        let own = value_of(files, path).unwrap_or_default();
        changes.insert(folder.join(NAMES), Some(name_references()?));
        let there = own.get("configurations").and_then(Value::as_array);
        if !there.is_some_and(|list| list.contains(&json!(NAMES))) {
            append(
                kustomizations.entry(path.clone()).or_default(),
                "configurations",
                there.is_some(),
                vec![json!(NAMES)],
            );
        }
    }
    let mut by_file: BTreeMap<PathBuf, BTreeMap<usize, Vec<Value>>> = BTreeMap::new();
    for (source, values) in documents {
        by_file.entry(source.path).or_default().insert(source.document, values);
    }
    for (path, documents) in by_file {
        let Some(file) = files.get(&path) else { continue };
        changes.insert(path, replace_documents(file, &documents)?);
    }
    let removed: Vec<PathBuf> =
        changes.iter().filter(|(_, text)| text.is_none()).map(|(path, _)| path.clone()).collect();
    for path in files.kustomizations().map(Path::to_path_buf).collect::<Vec<_>>() {
        for (pointer, entry) in
            super::kustomization::entries(&value_of(files, &path).unwrap_or_default(), &["resources", "bases"])
        {
            if files.target(&path, &entry).is_some_and(|target| removed.contains(&target)) {
                kustomizations.entry(path.clone()).or_default().push((Op::Remove, pointer, Value::Null));
            }
        }
    }
    for (path, list) in kustomizations.into_iter().filter(|(_, list)| !list.is_empty()) {
        if let Some(file) = files.get(&path) {
            changes.insert(path, Some(edited(file, list)?));
        }
    }
    Ok(changes)
}

fn value_of(files: &Files, path: &Path) -> Option<Value> {
    files.get(path)?.root()?.to_value()
}

fn free_name(files: &Files, path: &Path, base: &str) -> String {
    let folder = path.parent().unwrap_or(Path::new(""));
    let names = (1..).map(|number| if number == 1 { format!("{base}.yaml") } else { format!("{base}-{number}.yaml") });
    let mut free = names.filter(|name| !folder.join(name).exists() && files.get(&folder.join(name)).is_none());
    free.next().unwrap_or_else(|| format!("{base}.yaml"))
}

fn append(list: &mut Vec<Edit>, field: &str, has: bool, values: Vec<Value>) {
    if values.is_empty() {
        return;
    }
    let added = list.iter().any(|(op, path, _)| *op == Op::Add && path.starts_with(&format!("/{field}")));
    match has || added {
        true => list.extend(values.into_iter().map(|value| (Op::Add, format!("/{field}/-"), value))),
        false => list.push((Op::Add, format!("/{field}"), Value::Array(values))),
    }
}

/// A patch of its own, written in the kustomization.
fn inline(delta: &Delta) -> Value {
    json!({"patch": text_of(&delta.merge())})
}

fn text_of(value: &Value) -> String {
    let mut out = String::new();
    yaml::print::write_document(&mut out, value, yaml::print::Layout::default());
    out.trim_end_matches('\n').to_owned()
}

/// Replaces patches of Ingresses by those of what they become.
fn replace_entries(
    files: &Files,
    entries: &[Entry],
    documents: &mut BTreeMap<Source, Vec<Value>>,
    list: &mut Vec<Edit>,
) -> Result<()> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    // From the end on: what is inserted or removed moves nothing that is still to be done.
    entries.sort_by_key(|entry| (entry.loaded.list, std::cmp::Reverse((entry.loaded.index, entry.loaded.document))));
    let mut late = Vec::new();
    for entries in entries.chunk_by(|a, b| (a.loaded.list, a.loaded.index) == (b.loaded.list, b.loaded.index)) {
        let Some(first) = entries.first() else { continue };
        let at = format!("/{}/{}", first.loaded.list, first.loaded.index);
        let mut after: Vec<Value> = Vec::new();
        let kept: Vec<&Delta> = entries.iter().filter(|entry| entry.kept).flat_map(|entry| &entry.deltas).collect();
        for delta in kept {
            after.push(beside(first.loaded.list, delta, &mut late));
        }
        let replaced: Vec<&&Entry> = entries.iter().filter(|entry| !entry.kept).collect();
        if !replaced.is_empty() {
            match (first.loaded.is_merge(), &first.loaded.file) {
                (true, Some(path)) => {
                    let targeted = first.loaded.unit.target.is_some();
                    for entry in &replaced {
                        let source = Source { path: path.clone(), document: entry.loaded.document };
                        put(documents, source, entry.deltas.iter().map(Delta::merge).collect(), files)?;
                    }
                    let left = files.get(path).is_some_and(|file| stays(file, path, documents));
                    match left {
                        false => list.push((Op::Remove, at.clone(), Value::Null)),
                        true if targeted => list.push((Op::Remove, format!("{at}/target"), Value::Null)),
                        true => {}
                    }
                }
                (true, None) => {
                    let mut deltas: Vec<&Delta> =
                        entries.iter().filter(|entry| !entry.kept).flat_map(|entry| &entry.deltas).collect();
                    deltas.reverse();
                    inline_merges(first, &deltas, &at, list, &mut after);
                }
                (false, file) => {
                    let mut deltas = replaced.iter().flat_map(|entry| &entry.deltas).peekable();
                    let reused = deltas.next_if(|delta| delta.after.is_some());
                    match (reused.and_then(|delta| Some((delta, delta.operations()?))), file) {
                        (None, file) => {
                            list.push((Op::Remove, at.clone(), Value::Null));
                            if let Some(path) = file {
                                put(
                                    documents,
                                    Source { path: path.clone(), document: first.loaded.document },
                                    Vec::new(),
                                    files,
                                )?;
                            }
                        }
                        (Some((delta, operations)), Some(path)) => {
                            put(
                                documents,
                                Source { path: path.clone(), document: first.loaded.document },
                                vec![operations],
                                files,
                            )?;
                            list.push((Op::Replace, format!("{at}/target"), delta.target()));
                        }
                        (Some((delta, operations)), None) => {
                            list.push((Op::Replace, format!("{at}/patch"), json!(text_of(&operations))));
                            list.push((Op::Replace, format!("{at}/target"), delta.target()));
                        }
                    }
                    for delta in deltas {
                        after.push(beside(first.loaded.list, delta, &mut late));
                    }
                }
            }
        }
        let gone = list.iter().any(|(op, path, _)| *op == Op::Remove && *path == at);
        let next = first.loaded.index + usize::from(!gone);
        after.retain(|value| !value.is_null());
        list.extend(after.into_iter().rev().map(|value| (Op::Add, format!("/{}/{next}", first.loaded.list), value)));
    }
    if !late.is_empty() {
        let has = list.iter().any(|(_, path, _)| path.starts_with("/patches/"));
        append(list, PATCHES, has, late);
    }
    Ok(())
}

/// Merge patches that are written in the kustomization.
fn inline_merges(first: &Entry, deltas: &[&Delta], at: &str, list: &mut Vec<Edit>, after: &mut Vec<Value>) {
    let mut values = deltas.iter().map(|delta| text_of(&delta.merge()));
    let place = if first.loaded.list == MERGES { at.to_owned() } else { format!("{at}/patch") };
    match values.next() {
        None => list.push((Op::Remove, at.to_owned(), Value::Null)),
        Some(text) => {
            list.push((Op::Replace, place, json!(text)));
            if first.loaded.unit.target.is_some() {
                list.push((Op::Remove, format!("{at}/target"), Value::Null));
            }
        }
    }
    after.extend(values.map(|text| if first.loaded.list == MERGES { json!(text) } else { json!({"patch": text}) }));
}

/// A new entry beside one of a list.
fn beside(list: &str, delta: &Delta, late: &mut Vec<Value>) -> Value {
    match (list, delta.operations()) {
        (MERGES, _) => json!(text_of(&delta.merge())),
        (JSON6902, Some(operations)) => json!({"target": delta.target(), "patch": text_of(&operations)}),
        // No JSON Patch takes an object away.
        (JSON6902, None) => {
            late.push(inline(delta));
            Value::Null
        }
        (_, Some(operations)) if list == PATCHES => json!({"target": delta.target(), "patch": text_of(&operations)}),
        _ => inline(delta),
    }
}

fn put(documents: &mut BTreeMap<Source, Vec<Value>>, source: Source, values: Vec<Value>, files: &Files) -> Result<()> {
    match documents.get(&source) {
        Some(there) if *there != values => {
            let name = files.name(&source.path);
            Err(Failure::usage(format!(
                "{name}: several kustomizations use this patch, and each needs another one instead; nothing was written\n  fix: give each a copy of its own"
            )))
        }
        _ => {
            documents.insert(source, values);
            Ok(())
        }
    }
}

/// Whether something is left of a file.
fn stays(file: &File, path: &Path, documents: &BTreeMap<Source, Vec<Value>>) -> bool {
    let left = |number: usize, document: &Document| match documents
        .get(&Source { path: path.to_path_buf(), document: number })
    {
        Some(values) => !values.is_empty(),
        None => !document.root().is_null(),
    };
    file.documents.iter().enumerate().any(|(number, document)| left(number, document))
}

/// A kustomization after operations on it.
fn edited(file: &File, edits: Vec<Edit>) -> Result<String> {
    let mut documents = file.documents.clone();
    let Some(document) = documents.iter_mut().find(|document| !document.root().is_null()) else {
        return Ok(file.text.to_string());
    };
    let failed = |error: yaml::EditError| Failure::usage(format!("{}: {error}", file.name));
    // Entries of a list go from the last to the first, so that none moves before its turn.
    let (removed, other): (Vec<Edit>, Vec<Edit>) = edits.into_iter().partition(|(op, path, _)| {
        *op == Op::Remove && path.matches('/').count() == 2 && !path.starts_with("/patches")
    });
    let mut removed = removed;
    removed.sort_by_key(|(_, path, _)| {
        std::cmp::Reverse(path.rsplit('/').next().and_then(|number| number.parse::<usize>().ok()))
    });
    for (op, path, value) in other.iter().chain(&removed) {
        document.apply(Operation { op: *op, path, value }).map_err(failed)?;
    }
    // kustomize takes no empty list of patches for granted; a person would not leave one either.
    for field in [MERGES, PATCHES, JSON6902, "resources", "bases"] {
        let empty =
            document.root().get(field).is_some_and(|node| node.kind() == Kind::Seq && node.items().next().is_none());
        let emptied = other
            .iter()
            .chain(&removed)
            .any(|(op, path, _)| *op == Op::Remove && path.starts_with(&format!("/{field}/")));
        if empty && emptied {
            let path = format!("/{field}");
            document.apply(Operation { op: Op::Remove, path: &path, value: &Value::Null }).map_err(failed)?;
        }
    }
    Ok(yaml::render(&documents))
}
