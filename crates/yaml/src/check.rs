//! What go-yaml v3 checks while decoding: unique keys, scalar keys, merge values, tags, alias expansion.

use std::borrow::Cow;
use std::collections::HashMap;

use super::node::{Id, Kind, NONE, Props, Raw, Style, flag};
use super::{Document, Error, cook, scalar};

type Result<T> = std::result::Result<T, Error>;

/// Up to this many keys are compared pair by pair; more go through a table.
const SMALL: usize = 12;

/// Expanded nodes beyond which the share of aliases is judged.
const FREE_NODES: u64 = 400_000;

/// Checks the keys of the finished mapping `map`: scalars only, each once; merge values are mappings.
pub(crate) fn keys(text: &str, nodes: &mut [Raw], props: &[Props], map: Id) -> Result<()> {
    let raw = |id: Id| nodes.get(id as usize).copied();
    let mut seen: Vec<(Cow<'_, str>, u32)> = Vec::new();
    let mut aliases: Vec<(&str, u32)> = Vec::new();
    let mut plain: [(&str, u32); SMALL] = [("", 0); SMALL];
    let mut count = 0;
    let mut merge = false;
    let mut next = raw(map).map_or(NONE, |m| m.child);
    while let Some(key) = raw(next).filter(|_| next != NONE) {
        let value = key.next;
        let resolved = if key.kind == Kind::Alias { raw(key.child).unwrap_or(key) } else { key };
        if resolved.kind != Kind::Scalar {
            let message = "a mapping or list cannot be a key; if this is a template `{{ … }}`, quote it";
            return Err(Error::new(key.start as usize, message));
        }
        if key.kind == Kind::Alias {
            // go-yaml compares the names.
            aliases.push((cook::uncooked(text, key), key.start));
        } else {
            if is_merge(text, props, next, key) {
                merge = true;
                check_merge(nodes, value)?;
            }
            if key.is(flag::COOKED) || count >= SMALL || !seen.is_empty() {
                if seen.is_empty() {
                    seen.extend(plain.iter().take(count).map(|&(k, at)| (Cow::Borrowed(k), at)));
                }
                seen.push((cook::decode(text, key), key.start));
            } else {
                let word = cook::uncooked(text, key);
                if plain.iter().take(count).any(|&(other, _)| other == word) {
                    return Err(duplicate(word, key.start));
                }
                if let Some(slot) = plain.get_mut(count) {
                    *slot = (word, key.start);
                }
                count += 1;
            }
        }
        next = raw(value).map_or(NONE, |v| v.next);
    }
    if !seen.is_empty() {
        let mut table = HashMap::with_capacity(seen.len());
        for (word, at) in seen {
            if let Some(word) = table.insert(word.clone(), at).map(|_| word) {
                return Err(duplicate(&word, at));
            }
        }
    }
    aliases.sort_unstable();
    for pair in aliases.windows(2) {
        if let [(first, _), (second, at)] = *pair
            && first == second
        {
            return Err(duplicate(second, at));
        }
    }
    if merge && let Some(map) = nodes.get_mut(map as usize) {
        map.flags |= flag::MERGE;
    }
    Ok(())
}

fn duplicate(key: &str, at: u32) -> Error {
    // A long key is cut: it may be a value that lost its line break.
    let shown: String = key.chars().take(60).collect();
    Error::new(at as usize, &format!("the key `{shown}` stands twice in this mapping; keep one"))
}

/// A plain `<<`, or any that is tagged `!!merge`.
pub(crate) fn is_merge(text: &str, props: &[Props], id: Id, key: Raw) -> bool {
    let plain = key.style == Style::Plain;
    // Quoted it merges by its tag only.
    if key.kind != Kind::Scalar || !plain && !key.is(flag::PROPS) || cook::decode(text, key) != "<<" {
        return false;
    }
    if !key.is(flag::PROPS) {
        return true;
    }
    // Searched from the end: while parsing they are not in order yet, and a key's are among the latest.
    match props.iter().rev().find(|p| p.node == id) {
        Some(p) if p.tag.1 > p.tag.0 => {
            let tag = text.get(p.tag.0 as usize..p.tag.1 as usize).unwrap_or("");
            plain && tag == "!" || scalar::tag_name(tag).is_ok_and(|name| name == "!!merge")
        }
        _ => plain,
    }
}

fn check_merge(nodes: &[Raw], value: Id) -> Result<()> {
    let raw = |id: Id| nodes.get(id as usize).copied();
    let resolve = |node: Raw| if node.kind == Kind::Alias { raw(node.child).unwrap_or(node) } else { node };
    let Some(node) = raw(value) else { return Ok(()) };
    let bad = || Error::new(node.start as usize, "`<<` needs a mapping, an alias of one, or a list of these");
    match node.kind {
        Kind::Map => Ok(()),
        Kind::Alias if resolve(node).kind == Kind::Map => Ok(()),
        Kind::Seq => {
            let mut next = node.child;
            while next != NONE {
                let Some(item) = raw(next) else { break };
                if resolve(item).kind != Kind::Map {
                    return Err(bad());
                }
                next = item.next;
            }
            Ok(())
        }
        _ => Err(bad()),
    }
}

/// Checks that a tagged scalar can be read as its tag says.
pub(crate) fn tag(text: &str, node: Raw, tag: &str, at: usize) -> Result<()> {
    let value = cook::decode(text, node);
    match scalar::resolve_tagged(tag, &value, node.style == Style::Plain) {
        Ok(_) => Ok(()),
        Err(message) => Err(Error::new(at, &message)),
    }
}

/// A tag with its handle replaced: `!!x` stays, `!e!x` becomes `!<…x>`. `None` when the handle is unknown.
pub(crate) fn expand_tag<'a>(handles: &[(String, String)], tag: &'a str) -> Option<Cow<'a, str>> {
    if tag.starts_with("!<") || tag == "!" {
        return Some(Cow::Borrowed(tag));
    }
    let name_end = |rest: &str| rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let cut = match tag.get(1..).and_then(name_end) {
        Some(i) if tag.as_bytes().get(i + 1) == Some(&b'!') => i + 2,
        _ => 1,
    };
    let (handle, suffix) = tag.split_at_checked(cut)?;
    match handles.iter().find(|(known, _)| known == handle) {
        Some((_, prefix)) => Some(Cow::Owned(format!("!<{prefix}{suffix}>"))),
        None if handle == "!" && suffix.contains('!') => Some(Cow::Owned(format!("!<{tag}>"))),
        None => matches!(handle, "!" | "!!").then_some(Cow::Borrowed(tag)),
    }
}

/// Refuses documents whose aliases expand to far more than is written, by go-yaml's own measure.
pub(crate) fn aliases(document: &Document) -> Result<()> {
    let mut total: u64 = 0;
    let mut through_alias: u64 = 0;
    // What remains to be visited: a node, the alias depth it is at, whether its siblings follow.
    let mut stack = vec![(document.root, 0u32)];
    while let Some((id, depth)) = stack.pop() {
        let Some(node) = document.raw(id) else { continue };
        total += 1;
        through_alias += u64::from(depth > 0);
        #[allow(clippy::cast_precision_loss)] // a ratio; the exact value does not matter
        let share = through_alias as f64 / total as f64;
        if through_alias > 100 && total > 1000 && share > allowed_share(total) {
            return Err(Error::new(
                document.start as usize,
                "aliases expand to far more than is written; write the values out",
            ));
        }
        match node.kind {
            Kind::Scalar => {}
            Kind::Alias => stack.push((node.child, depth + 1)),
            Kind::Map | Kind::Seq => {
                let first = stack.len();
                let mut next = node.child;
                while next != NONE {
                    stack.push((next, depth));
                    next = document.raw(next).map_or(NONE, |n| n.next);
                }
                if let Some(children) = stack.get_mut(first..) {
                    children.reverse();
                }
            }
        }
    }
    Ok(())
}

fn allowed_share(total: u64) -> f64 {
    const MANY: u64 = 4_000_000;
    if total <= FREE_NODES {
        0.99
    } else if total >= MANY {
        0.10
    } else {
        #[allow(clippy::cast_precision_loss)]
        let position = (total - FREE_NODES) as f64 / (MANY - FREE_NODES) as f64;
        0.99 - 0.89 * position
    }
}
