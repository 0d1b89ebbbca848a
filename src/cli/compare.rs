//! `krmor compare`: what differs between two rendered streams, object by object. What a change of manifests or of a config
//! does to the output is seen where both have been rendered; order, comments and quotes are no difference.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::page::{self, Section};
use super::{FOUND, Failure, Result, Shape, files, input, write_stdout};
use crate::mask::mask;
use crate::report::field_path;
use crate::text::{few, plain};
use crate::yaml::{escape_token, print};

/// Lines of context around a difference.
const CONTEXT: usize = 3;
/// As many letters as kustomize puts behind the names of generated ConfigMaps and Secrets.
const HASH: usize = 10;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The stream as it was: a file, a directory, or `-` for standard input.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The stream as it is now: a file, a directory, or `-` for standard input.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Accept that one of them holds no objects.
    #[arg(long)]
    allow_empty: bool,
    /// The form of what is printed.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Shape,
    /// So many characters has the Markdown at most.
    #[arg(long, value_name = "NUMBER", default_value_t = page::COMMENT)]
    max_size: usize,
}

/// Group, kind, namespace and name.
type Id = (String, String, String, String);

pub(super) fn run(options: &Options) -> Result<u8> {
    let compared = compared(options);
    if let (Shape::Markdown, Err(failure)) = (options.format, &compared) {
        let message = anstream::adapter::strip_str(&failure.message).to_string();
        write_stdout(page::failed(&message, options.max_size).as_bytes())?;
    }
    let (sections, verdict) = compared?;
    match options.format {
        Shape::Markdown => {
            write_stdout(page::page("Rendered objects", &verdict, &sections, options.max_size).as_bytes())?;
        }
        Shape::Text => {
            let mut out = anstream::stdout().lock();
            let written = sections.iter().try_for_each(|section| out.write_all(text(section).as_bytes()));
            written.and_then(|()| writeln!(out, "{verdict}")).map_err(|error| super::unseen(&error))?;
        }
    }
    Ok(if sections.is_empty() { 0 } else { FOUND })
}

fn compared(options: &Options) -> Result<(Vec<Section>, String)> {
    if [&options.old, &options.new].iter().all(|path| path.as_os_str() == "-") {
        return Err(Failure::usage("`-` can be given once only"));
    }
    files::settle(&[&options.old, &options.new])?;
    let (old, new) = (objects(&options.old, options.allow_empty)?, objects(&options.new, options.allow_empty)?);
    let pairs = renamed(&old, &new);
    let mut sections = Vec::new();
    let (mut added, mut removed, mut changed) = (0, 0, 0);
    let ids: BTreeSet<&Id> = old.keys().chain(new.keys()).collect();
    for id in ids {
        if pairs.values().any(|later| later == id) {
            continue; // shown with what it was called before
        }
        let later = pairs.get(id).unwrap_or(id);
        let (before, after) = (old.get(id), new.get(later));
        let what = match (before, after) {
            (Some(before), Some(after)) if before == after && later == id => continue,
            (Some(_), Some(_)) if later != id => {
                changed += 1;
                format!("changed, now {}", later.3)
            }
            (Some(_), Some(_)) => {
                changed += 1;
                "changed".to_owned()
            }
            (Some(_), None) => {
                removed += 1;
                "removed".to_owned()
            }
            _ => {
                added += 1;
                "added".to_owned()
            }
        };
        sections.push(section(id, &what, before, after));
    }
    let verdict = match sections.is_empty() {
        true => format!("no difference in {} objects", new.len()),
        false => format!("{added} added, {removed} removed, {changed} changed, of {} objects", new.len()),
    };
    Ok((sections, verdict))
}

/// The objects of a stream.
fn objects(path: &PathBuf, allow_empty: bool) -> Result<BTreeMap<Id, Value>> {
    let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let stream = input::read(std::slice::from_ref(path), true)?.stream;
    let mut out = BTreeMap::new();
    for object in stream.objects() {
        let Some(value) = object.root().to_value() else {
            return Err(Failure::usage(format!("{name}: {} is nested too deep", object.reference())));
        };
        let id =
            (object.group(), object.kind().into_owned(), object.namespace().into_owned(), object.name().into_owned());
        if out.insert(id, value).is_some() {
            return Err(Failure::usage(format!("{name}: {} is there twice", object.reference())));
        }
    }
    if out.is_empty() && !allow_empty {
        return Err(Failure::usage(format!("{name}: it holds no objects; pass --allow-empty to accept this")));
    }
    Ok(out)
}

/// Objects that are called by the hash of their content, before and after.
fn renamed(old: &BTreeMap<Id, Value>, new: &BTreeMap<Id, Value>) -> BTreeMap<Id, Id> {
    let gone = old.keys().filter(|id| !new.contains_key(*id));
    let mut by_stem: BTreeMap<Id, Vec<&Id>> = BTreeMap::new();
    for id in new.keys().filter(|id| !old.contains_key(*id)) {
        if let Some(stem) = stem(id) {
            by_stem.entry(stem).or_default().push(id);
        }
    }
    let mut taken: BTreeMap<Id, Vec<&Id>> = BTreeMap::new();
    for id in gone {
        if let Some(stem) = stem(id) {
            taken.entry(stem).or_default().push(id);
        }
    }
    let single = |(stem, ids): (Id, Vec<&Id>)| match (ids.as_slice(), by_stem.get(&stem).map(Vec::as_slice)) {
        ([before], Some([after])) => Some(((*before).clone(), (*after).clone())),
        _ => None,
    };
    taken.into_iter().filter_map(single).collect()
}

/// The id without the hash, if there is one.
fn stem((group, kind, namespace, name): &Id) -> Option<Id> {
    let (stem, hash) = name.rsplit_once('-')?;
    let is_hash = hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    is_hash.then(|| (group.clone(), kind.clone(), namespace.clone(), stem.to_owned()))
}

fn section(id: &Id, what: &str, before: Option<&Value>, after: Option<&Value>) -> Section {
    let (_, kind, namespace, name) = id;
    let of = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    let shown = |value: Option<&Value>| {
        let mut out = String::new();
        if let Some(value) = value {
            print::write_document(&mut out, &sorted(&mask(kind, "", value)), print::Layout::default());
        }
        out
    };
    let mut hidden = Vec::new();
    if let (Some(before), Some(after)) = (before, after) {
        differ(before, after, &mask(kind, "", before), &mask(kind, "", after), "", &mut hidden);
    }
    let mut notes = Vec::new();
    if !hidden.is_empty() {
        let names = few(hidden.len(), &mut hidden.iter().map(|pointer| field_path(pointer)), ", ");
        notes.push(format!("Values that may be secret differ, and are not shown: {names}"));
    }
    Section { title: format!("{kind} {of}{name}: {what}"), diff: lines(&shown(before), &shown(after)), notes }
}

/// With the keys of mappings in order, so that their order is no difference.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries: BTreeMap<&String, &Value> = map.iter().collect();
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Where values differ of which the same is shown.
fn differ(before: &Value, after: &Value, shown: &Value, now: &Value, at: &str, out: &mut Vec<String>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, before) in before {
                let (Some(after), Some(shown), Some(now)) = (after.get(key), shown.get(key), now.get(key)) else {
                    continue;
                };
                differ(before, after, shown, now, &format!("{at}/{}", escape_token(key)), out);
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (number, (before, after)) in before.iter().zip(after).enumerate() {
                let (Some(shown), Some(now)) = (shown.get(number), now.get(number)) else { continue };
                differ(before, after, shown, now, &format!("{at}/{number}"), out);
            }
        }
        _ if shown == now => out.push(at.to_owned()),
        _ => {}
    }
}

/// The lines that differ, with those around them.
fn lines(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut out = String::new();
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            out.push_str("  …\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            out.push_str(&format!("{sign} {}\n", change.value().trim_end_matches('\n')));
        }
    }
    out
}

fn text(section: &Section) -> String {
    let colour = |line: &str| match line.as_bytes().first() {
        Some(b'+') => format!("\x1b[32m{line}\x1b[0m\n"),
        Some(b'-') => format!("\x1b[31m{line}\x1b[0m\n"),
        _ => format!("{line}\n"),
    };
    let mut out = format!("\x1b[1m{}\x1b[0m\n", plain(&section.title));
    out.extend(plain(&section.diff).lines().map(colour));
    out.extend(section.notes.iter().map(|note| format!("  {}\n", plain(note))));
    out
}
