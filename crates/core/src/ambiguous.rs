//! What the readers of manifests read differently: nothing may be judged by one reading and applied by another.

use std::collections::HashMap;

use crate::report::{Finding, Place, field_path};
use crate::rules::AMBIGUOUS_YAML;
use crate::stream::{MAX_DEPTH, ObjectId, Stream};
use crate::text::Lines;
use krmor_yaml::{Ambiguity, Document, Reason};

/// So many places of one kind in one object are named.
const NAMED: usize = 10;

/// A finding for each object and each way in which its text is ambiguous.
#[must_use]
pub fn findings(stream: &Stream) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut objects = None;
    let mut lines = Lines::default();
    for (number, document) in stream.documents().iter().enumerate() {
        let found = document.ambiguities();
        if found.is_empty() {
            continue;
        }
        let objects: &HashMap<_, _> = objects.get_or_insert_with(|| stream.by_pointer());
        // Those of one object and kind, in the order of the first.
        let mut groups: Vec<(Option<ObjectId>, Reason, Vec<Ambiguity>)> = Vec::new();
        let mut known: HashMap<(Option<ObjectId>, Reason), usize> = HashMap::new();
        for ambiguity in found {
            let object = owner(objects, number, &ambiguity.pointer);
            // A ResourceList is an envelope: its own fields are read by functions only.
            if object.is_none() && stream.is_list() {
                continue;
            }
            let at = *known.entry((object, ambiguity.reason)).or_insert(groups.len());
            match groups.get_mut(at) {
                Some((_, _, group)) => group.push(ambiguity),
                None => groups.push((object, ambiguity.reason, vec![ambiguity])),
            }
        }
        for (object, reason, group) in groups {
            out.extend(finding(stream, document, object, reason, &group, &mut lines));
        }
    }
    out
}

/// The object that holds a place of a document, or is all of it.
fn owner(objects: &HashMap<(usize, &str), ObjectId>, document: usize, pointer: &str) -> Option<ObjectId> {
    // No deeper than the items of lists are looked for.
    let ends = pointer.match_indices('/').map(|(at, _)| at).chain([pointer.len()]).take(2 * MAX_DEPTH + 4);
    ends.filter_map(|end| objects.get(&(document, pointer.get(..end)?)).copied()).last()
}

fn finding<'a>(
    stream: &Stream,
    document: &'a Document,
    object: Option<ObjectId>,
    reason: Reason,
    group: &[Ambiguity],
    lines: &mut Lines<'a>,
) -> Option<Finding> {
    let (first, rest) = group.split_first()?;
    let (what, remedy) = reason.texts();
    let object = object.and_then(|id| stream.object(id));
    let mut line = |found: &Ambiguity| lines.number(document.file(), found.span.start);
    let file = object.as_ref().filter(|object| object.is_from_file()).and_then(|object| object.reference().file);
    let mut message = match file {
        Some(file) => format!("{file}, line {}: {what}", line(first)),
        None if stream.is_list() => what.to_owned(),
        None => format!("line {}: {what}", line(first)),
    };
    if !rest.is_empty() {
        let name = |found: &Ambiguity| match found.pointer.as_str() {
            "" => format!("line {}", line(found)),
            pointer => field_path(object.as_ref().and_then(|object| object.relative(pointer)).unwrap_or(pointer)),
        };
        let names: Vec<String> = rest.iter().take(NAMED).map(name).collect();
        message += &format!("; also at {}", names.join(", "));
        if rest.len() > NAMED {
            message += &format!(" and {} more places", rest.len() - NAMED);
        }
    }
    let place = match &object {
        Some(object) => object.at(object.relative(&first.pointer).unwrap_or("")),
        None => Place::Stream,
    };
    Some(Finding::new(&AMBIGUOUS_YAML, place, message, remedy))
}
