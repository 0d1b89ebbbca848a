//! Paths from an object to its pod templates, as `podTemplates` writes them.

use std::fmt;

use krmor_yaml::{Kind, Node, escape_token};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Key(String),
    /// Every item of a list; written `[*]`.
    Items,
    /// Every value of a mapping; written `*`.
    Values,
}

/// A path from an object to its pod templates, as in [`super::PodTemplateRow::path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    segments: Vec<Segment>,
    /// The JSON Pointer, for paths to one place.
    pointer: Option<String>,
    /// There need not be a template.
    optional: bool,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// When it is empty, has an empty part, or has brackets that are not `[*]`.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text, true)
    }

    /// A path of the built-in table: without a final `?` the template must be there.
    pub(super) fn built_in(text: &str) -> Option<Self> {
        match text.strip_suffix('?') {
            Some(path) => Self::read(path, true).ok(),
            None => Self::read(text, false).ok(),
        }
    }

    fn read(text: &str, optional: bool) -> Result<Self, String> {
        let error = |what: &str| Err(format!("`path: {text}` {what}"));
        if text.is_empty() {
            return Err("`path` is empty; write `.` if the object itself is the pod".to_owned());
        }
        if text.starts_with('/') {
            return error("is a pointer; write keys with dots between them, such as `spec.template`");
        }
        let mut segments = Vec::new();
        let mut rest = if text == "." { "" } else { text };
        while !rest.is_empty() {
            let (key, length) = key(rest);
            match (rest.get(..length), key) {
                (Some("*"), _) => segments.push(Segment::Values),
                (_, key) if !key.is_empty() => segments.push(Segment::Key(key)),
                _ => return error("has an empty part; write one key between two dots"),
            }
            rest = rest.get(length..).unwrap_or("");
            while let Some(behind) = rest.strip_prefix("[*]") {
                segments.push(Segment::Items);
                rest = behind;
            }
            rest = match rest.strip_prefix('.') {
                Some("") => return error("ends with a dot; take it off"),
                Some(behind) => behind,
                None if rest.is_empty() => rest,
                None => {
                    return error("has brackets that are not `[*]`; a template in a list is meant for every item");
                }
            };
        }
        let mut pointer = Some(String::new());
        for segment in &segments {
            pointer = match (pointer, segment) {
                (Some(pointer), Segment::Key(key)) => Some(format!("{pointer}/{}", escape_token(key))),
                _ => None,
            };
        }
        Ok(Self { segments, pointer, optional })
    }

    /// The path as the pattern of a JSON Pointer: `*` stands for every item of a list or value of a mapping.
    pub(crate) fn pattern(&self) -> String {
        let token = |segment: &Segment| match segment {
            Segment::Key(key) => format!("/{}", escape_token(key)),
            Segment::Items | Segment::Values => "/*".to_owned(),
        };
        self.segments.iter().map(token).collect()
    }

    /// What of `pointer` is below a place that the path leads to: empty for the place itself.
    pub(crate) fn below<'p>(&self, pointer: &'p str) -> Option<&'p str> {
        let mut rest = pointer;
        for segment in &self.segments {
            let behind = rest.strip_prefix('/')?;
            let length = behind.find('/').unwrap_or(behind.len());
            let token = behind.get(..length)?;
            let fits = match segment {
                Segment::Key(key) => *token == *escape_token(key),
                Segment::Items => token.parse::<usize>().is_ok(),
                Segment::Values => true,
            };
            if !fits {
                return None;
            }
            rest = behind.get(length..)?;
        }
        Some(rest)
    }

    /// The pointer and the value of each template under `root`; `None` where one should be and is not.
    pub(crate) fn find<'a>(&self, root: Node<'a>) -> Vec<(String, Option<Node<'a>>)> {
        if let Some(pointer) = &self.pointer {
            let node = self.segments.iter().try_fold(root, |node, segment| match segment {
                Segment::Key(key) => node.get(key),
                _ => None,
            });
            return self.hit(pointer.clone(), node).into_iter().collect();
        }
        let mut out = Vec::new();
        // Taken from the end, so the branches of a list go in back to front.
        let mut open = vec![(String::new(), root, self.segments.as_slice())];
        while let Some((pointer, node, segments)) = open.pop() {
            let Some((segment, rest)) = segments.split_first() else {
                out.extend(self.hit(pointer, Some(node)));
                continue;
            };
            let first = open.len();
            match (segment, node.kind()) {
                (Segment::Items, Kind::Seq) => {
                    open.extend(node.items().enumerate().map(|(at, item)| (format!("{pointer}/{at}"), item, rest)));
                }
                (Segment::Values, Kind::Map) => open.extend(
                    node.entries().map(|(key, value)| (format!("{pointer}/{}", escape_token(&key)), value, rest)),
                ),
                (Segment::Items | Segment::Values, _) if node.is_null() => {}
                (Segment::Items | Segment::Values, _) => out.extend(self.hit(pointer, None)),
                (Segment::Key(key), _) => {
                    let next = format!("{pointer}/{}", escape_token(key));
                    match node.get(key) {
                        Some(value) => open.push((next, value, rest)),
                        // A list that is left out holds no templates.
                        None if matches!(rest.first(), Some(Segment::Items | Segment::Values)) => {}
                        None => out.extend(self.hit(next, None)),
                    }
                }
            }
            if let Some(branches) = open.get_mut(first..) {
                branches.reverse();
            }
        }
        out
    }

    fn hit<'a>(&self, pointer: String, node: Option<Node<'a>>) -> Option<(String, Option<Node<'a>>)> {
        let node = node.filter(|node| !node.is_null());
        (node.is_some() || !self.optional).then_some((pointer, node))
    }
}

/// The key at the start of `text`, and how many bytes it takes up.
fn key(text: &str) -> (String, usize) {
    let mut key = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '.' | '[' => return (key, at),
            '\\' => key.push(chars.next().map_or('\\', |(_, c)| c)),
            c => key.push(c),
        }
    }
    (key, text.len())
}

/// One step of a path as it is written.
#[derive(Clone, Debug)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    Item,
    Value,
}

/// The path that leads through `steps`, so that [`Path::parse`] reads it.
pub(crate) fn write<'a>(steps: impl Iterator<Item = Step<'a>>) -> String {
    let mut out = String::new();
    for step in steps {
        let key = match step {
            Step::Item => {
                out.push_str("[*]");
                continue;
            }
            Step::Value => None,
            Step::Key(key) => Some(key),
        };
        if !out.is_empty() {
            out.push('.');
        }
        match key {
            // No path can say an empty key.
            None | Some("") => out.push('*'),
            Some("*") => out.push_str("\\*"),
            Some(key) => {
                for c in key.chars() {
                    if matches!(c, '.' | '[' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
        }
    }
    if out.is_empty() { ".".to_owned() } else { out }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        if self.segments.is_empty() {
            return f.write_str(".");
        }
        for segment in &self.segments {
            match segment {
                Segment::Items => f.write_str("[*]")?,
                Segment::Values if first => f.write_str("*")?,
                Segment::Values => f.write_str(".*")?,
                Segment::Key(key) => {
                    let dot = if first { "" } else { "." };
                    write!(f, "{dot}{}", write(std::iter::once(Step::Key(key))))?;
                }
            }
            first = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_it_was_read() {
        for text in [
            ".",
            "template",
            "spec.template",
            "spec.jobs[*].template",
            "a[*][*].b",
            "spec.roles.*.template",
            "*",
            r"a\.b.c\[\*",
            r"\*.x",
        ] {
            let path = Path::parse(text).unwrap();
            let again = Path::parse(&path.to_string()).unwrap();
            assert_eq!(path, again, "{text}");
        }
        assert_eq!(Path::parse(r"a\.b/c.d").unwrap().pointer.as_deref(), Some("/a.b~1c/d"));
        assert_eq!(Path::parse(".").unwrap().pointer.as_deref(), Some(""));
        assert_eq!(Path::parse("a.*").unwrap().pointer, None);
    }

    #[test]
    fn a_path_that_cannot_be_read_says_why() {
        for (text, why) in [
            ("", "is empty"),
            ("/spec/template", "is a pointer"),
            ("spec..template", "has an empty part"),
            (".spec", "has an empty part"),
            ("[*]", "has an empty part"),
            ("spec.template.", "ends with a dot"),
            ("spec.jobs[0].template", "has brackets that are not `[*]`"),
            ("spec.jobs[*]template", "has brackets"),
            ("spec.jobs[", "has brackets"),
        ] {
            let error = Path::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
