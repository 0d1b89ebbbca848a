//! Entries of `secretGenerator`: literals, files, and files of variables, read as kustomize reads them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::edits::Edit;
use super::sources::{At, Form, Group, Moved, Scanner, is_placeholder, text};
use super::trees;
use super::vault::Kv;
use crate::cli::doctor::Place;
use crate::text::line_of;
use crate::yaml::Node;

/// One entry, or the config of a `SecretGenerator`.
pub(super) fn generator<'a>(
    scanner: &mut Scanner<'a>,
    here: At<'a>,
    number: usize,
    entry: Node<'_>,
    pointer: &str,
    namespace: &str,
) -> Vec<Edit> {
    let file = here.file;
    let name = match text(entry, "name") {
        name if name.is_empty() => entry.get("metadata").map(|metadata| text(metadata, "name")).unwrap_or_default(),
        name => name,
    };
    if scanner.is_excluded(&name) || text(entry, "type") == "kubernetes.io/service-account-token" {
        return Vec::new();
    }
    let own = text(entry, "namespace");
    let namespace = if own.is_empty() { namespace } else { &own };
    let kv = scanner.kv(file.folder(), &name, namespace);
    let widest = scanner.widest(file.folder(), &name, namespace);
    let home = Home { name: &name, kv: &kv, widest: &widest };
    let literals = entry.get("literals").is_some_and(|list| list.items().next().is_some());
    if here.inline.is_none() {
        scanner.plan.groups.push(Group {
            file: file.path.clone(),
            document: number,
            pointer: format!("{pointer}/literals"),
            form: Form::Literals { there: literals },
            secret: name.clone(),
            kv: kv.clone(),
            place: file.place_of(entry),
        });
    }
    let mut edits = Vec::new();
    for (at, item) in entry.get("literals").into_iter().flat_map(Node::items).enumerate() {
        let Some((key, value)) = item.as_str().and_then(|text| {
            let (key, value) = text.split_once('=')?;
            Some((key.to_owned(), without_quotes(value).to_owned()))
        }) else {
            continue; // kustomize refuses it
        };
        if is_placeholder(&value, false) {
            continue;
        }
        edits.push(Edit::Set(format!("{pointer}/literals/{at}"), json!(format!("{key}={}", kv.placeholder(&key)))));
        scanner.hide(here, item);
        scanner.moved(home.moved(here.place(item), &key, value.into_bytes()));
    }
    for item in entry.get("files").into_iter().flat_map(Node::items) {
        let Some(text) = item.as_str() else { continue };
        let (key, path) = if let Some((key, path)) = text.split_once('=') {
            (key.to_owned(), path)
        } else {
            let name = Path::new(text.as_ref()).file_name().unwrap_or_default();
            (name.to_string_lossy().into_owned(), text.as_ref())
        };
        whole_file(scanner, here, item, path, &key, &home);
    }
    let variables = entry.get("envs").into_iter().flat_map(Node::items).chain(entry.get("env"));
    for item in variables {
        if let Some(path) = item.as_str() {
            variables_of(scanner, here, item, &path, &home);
        }
    }
    edits
}

/// The Secret that is generated: its name, where its values go, and where it stands.
struct Home<'a> {
    name: &'a str,
    kv: &'a Kv,
    widest: &'a str,
}

impl Home<'_> {
    fn moved(&self, place: Place, key: &str, value: Vec<u8>) -> Moved {
        let (secret, key, kv, widest) = (self.name.to_owned(), key.to_owned(), self.kv.clone(), self.widest.to_owned());
        Moved { place, secret, key, kv, value, encoded: false, others: false, widest }
    }
}

/// kustomize takes one pair of quotes off a literal.
fn without_quotes(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// Reads a file that a generator names, if this migration may write it.
fn read(scanner: &mut Scanner<'_>, here: At<'_>, item: Node<'_>, path: &str) -> Option<(PathBuf, String, String)> {
    let place = here.place(item);
    let found = here.file.folder().join(path).canonicalize().and_then(|path| Ok((std::fs::read(&path)?, path)));
    let (bytes, path) = match found {
        Ok(found) => found,
        Err(error) => {
            scanner.problem(place, format!("{path}: {error}"), "correct the path, or who may read it");
            return None;
        }
    };
    if !path.starts_with(scanner.folder) {
        let message = format!("it is outside {}, where others may use it too", scanner.named.display());
        scanner.problem(place, message, "name the directory that holds all who use it");
        return None;
    }
    let name = trees::named(scanner.tree, &path, scanner.folder, scanner.named);
    let Ok(text) = String::from_utf8(bytes) else {
        let message = format!("{name} is no text, and a generator cannot say that Vault has its base64");
        let remedy = "write a Secret with `data` in its place, or say --exclude with the generator's name";
        scanner.problem(place, message, remedy);
        return None;
    };
    Some((path, name, text))
}

/// A file whose content is one value: its content becomes the placeholder.
fn whole_file(scanner: &mut Scanner<'_>, here: At<'_>, item: Node<'_>, path: &str, key: &str, home: &Home<'_>) {
    let Some((path, name, text)) = read(scanner, here, item, path) else { return };
    if is_placeholder(&text, false) {
        return;
    }
    let placeholder = home.kv.placeholder(key).into_bytes();
    if scanner.plan.contents.get(&path).is_some_and(|there| *there != placeholder) {
        let message = format!("{name} is the value of another key too");
        scanner.problem(here.place(item), message, "give each its own file");
        return;
    }
    scanner.plan.hidden.entry(path.clone()).or_default().push(0..text.len());
    scanner.plan.contents.insert(path, placeholder);
    let place = Place { file: name, line: Some(1) };
    scanner.moved(home.moved(place, key, text.into_bytes()));
}

/// A file of variables: each value becomes a placeholder, and its comments stay.
fn variables_of(scanner: &mut Scanner<'_>, here: At<'_>, item: Node<'_>, path: &str, home: &Home<'_>) {
    let Some((path, name, text)) = read(scanner, here, item, path) else { return };
    let mut out = String::with_capacity(text.len());
    let (mut from, mut hidden) = (0, Vec::new());
    for (key, range) in variables(&text) {
        let place = Place { file: name.clone(), line: Some(line_of(&text, range.start).0) };
        let value = text.get(range.clone()).unwrap_or("");
        let before = text.get(from..range.start).unwrap_or("");
        if !before.ends_with('=') {
            // A line of a value that has several is no name, and is not shown.
            let is_name =
                key.len() <= 40 && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            let what = if is_name { format!("`{key}`") } else { "a line".to_owned() };
            let message = format!("{what} has no value here: kustomize takes it from its own environment");
            scanner.problem(place, message, "write it out, or say --exclude with the generator's name");
            continue;
        }
        if is_placeholder(value, false) {
            continue;
        }
        out.push_str(before);
        out.push_str(&home.kv.placeholder(&key));
        from = range.end;
        hidden.push(range.clone());
        scanner.moved(home.moved(place, &key, value.as_bytes().to_vec()));
    }
    if hidden.is_empty() {
        return;
    }
    out.push_str(text.get(from..).unwrap_or(""));
    if scanner.plan.contents.get(&path).is_some_and(|there| there != out.as_bytes()) {
        let message = format!("{name} gives its values to another Secret too");
        scanner.problem(here.place(item), message, "give each its own file");
        return;
    }
    scanner.plan.hidden.entry(path.clone()).or_default().extend(hidden);
    scanner.plan.contents.insert(path, out.into_bytes());
}

/// The variables of a file, with the place of each value; as kustomize's loader splits lines.
fn variables(text: &str) -> Vec<(String, Range<usize>)> {
    let mut out = Vec::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = start + line.trim_end_matches('\n').trim_end_matches('\r').len();
        let mut at = start;
        start += line.len();
        if number == 0 && text.starts_with('\u{feff}') {
            at += '\u{feff}'.len_utf8();
        }
        let Some(body) = text.get(at..end) else { continue };
        at += body.len() - body.trim_start().len();
        let body = body.trim_start();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        match body.split_once('=') {
            Some((key, _)) => out.push((key.to_owned(), at + key.len() + 1..end)),
            None => out.push((body.to_owned(), end..end)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_as_kustomize_finds_them() {
        let text = "\u{feff}A=1\r\n# B=2\n\n  C=x=y \nD=\nE\nF='q'";
        let found: Vec<(String, &str)> = variables(text).into_iter().map(|(key, at)| (key, &text[at])).collect();
        let wanted = [("A", "1"), ("C", "x=y "), ("D", ""), ("E", ""), ("F", "'q'")];
        assert_eq!(found, wanted.map(|(key, value)| (key.to_owned(), value)));
    }

    #[test]
    fn a_literal_loses_one_pair_of_quotes() {
        for (text, value) in [("\"a\"", "a"), ("'a'", "a"), ("\"a", "\"a"), ("'\"a\"'", "\"a\""), ("", ""), ("'", "'")]
        {
            assert_eq!(without_quotes(text), value);
        }
    }
}
