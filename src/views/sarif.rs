//! The report as SARIF 2.1.0 (OASIS), which code scanning and editors show. Values are masked as in every view.

use serde::Serialize;

use super::rule_id;
use crate::krm::{advice, field_path};
use crate::pipeline::Pipeline;
use crate::report::{Report, Rule, Severity};
use crate::stream::{Object, ObjectId, Stream};
use crate::text::{Lines, line_at, plain, proposal};
use crate::yaml::{self, Kind, Node, Op};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Descriptor>,
}

/// A `reportingDescriptor` of the standard: what the declaration of a rule says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: String,
    short_description: Message,
    full_description: Message,
    help: Message,
    help_uri: String,
    default_configuration: Configuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Weight>,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

/// What code scanning sorts by: 0.1 to 10.0, as CVSS has it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Weight {
    security_severity: &'static str,
    tags: [&'static str; 1],
}

#[derive(Serialize)]
struct Message {
    text: String,
}

impl Message {
    fn new(text: &str) -> Self {
        Self { text: plain(text).into_owned() }
    }
}

/// A `result` of the standard.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    rule_id: String,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Properties<'a> {
    function: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<usize>,
    pointer: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical>,
    logical_locations: [Logical; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

/// Lines and columns from 1, in characters.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

/// The report as one SARIF log. `made` says that the changes were made; else they are what a run would still have to do.
#[must_use]
pub fn sarif(stream: &Stream, report: &Report, pipeline: &Pipeline, made: bool) -> String {
    let mut view = View { stream, rules: Vec::new(), lines: Lines::default() };
    let mut results = Vec::new();
    for finding in &report.findings {
        let id = rule_id(pipeline, &finding.function, finding.rule);
        results.push(Entry {
            rule_index: view.rule(&id, finding.rule),
            rule_id: id,
            kind: "fail",
            level: level(finding.severity),
            message: Message::new(&advice(finding)),
            locations: view.place(finding.object(), finding.pointer(), false),
            properties: Properties {
                function: &finding.function,
                document: finding.document(),
                pointer: finding.pointer(),
            },
        });
    }
    for change in &report.changes {
        let id = rule_id(pipeline, &change.function, change.why.rule);
        results.push(Entry {
            rule_index: view.rule(&id, change.why.rule),
            rule_id: id,
            // What was done is no failure, and then the standard wants no level.
            kind: if made { "informational" } else { "fail" },
            level: if made { "none" } else { "error" },
            message: Message::new(&proposal(stream, change, made)),
            locations: view.place(Some(change.object), &change.path, change.op == Op::Remove),
            properties: Properties {
                function: &change.function,
                document: Some(change.document),
                pointer: &change.path,
            },
        });
    }
    let driver = Driver { name: "krmor", version: env!("CARGO_PKG_VERSION"), rules: view.rules };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results }],
    };
    serde_json::to_string_pretty(&log).unwrap_or_default()
}

/// Whether a rule is about what an attacker could use; others are about what would not work.
fn is_about_security(id: &str) -> bool {
    ["SecurityContext/", "VaultSecrets/", "Checks/pod-security/", "Checks/secrets/"]
        .iter()
        .any(|start| id.starts_with(start))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

struct View<'a> {
    stream: &'a Stream,
    rules: Vec<Descriptor>,
    lines: Lines<'a>,
}

impl View<'_> {
    /// The index of a rule, which is described when it is first seen.
    fn rule(&mut self, id: &str, rule: &Rule) -> usize {
        if let Some(at) = self.rules.iter().position(|known| known.id == id) {
            return at;
        }
        self.rules.push(Descriptor {
            id: id.to_owned(),
            short_description: Message::new(rule.summary),
            full_description: Message::new(&format!("{}. {}", rule.summary, rule.help)),
            help: Message::new(rule.help),
            help_uri: format!("https://krmor.dev/rules/{id}"),
            default_configuration: Configuration { level: level(rule.severity) },
            properties: is_about_security(id).then_some(Weight {
                security_severity: match rule.severity {
                    Severity::Error => "8.0",
                    Severity::Warning => "5.0",
                    Severity::Info => "2.0",
                },
                tags: ["security"],
            }),
        });
        self.rules.len() - 1
    }

    fn place(&mut self, object: Option<ObjectId>, pointer: &str, gone: bool) -> Vec<Location> {
        let Some(object) = object.and_then(|id| self.stream.object(id)) else { return Vec::new() };
        let reference = object.reference();
        let path = field_path(pointer);
        let name = plain(&reference.to_string()).into_owned();
        let logical = Logical {
            fully_qualified_name: if path.is_empty() {
                name.clone()
            } else {
                plain(&format!("{name}:{path}")).into_owned()
            },
            kind: if path.is_empty() { "object" } else { "property" },
            name,
        };
        let physical_location = reference.file.map(|file| Physical {
            artifact_location: Artifact { uri: uri(&file) },
            // On standard input the file is the caller's, and our lines are not its lines.
            region: if object.is_from_file() { self.region(&object, pointer, gone) } else { None },
        });
        vec![Location { physical_location, logical_locations: [logical] }]
    }

    /// Where the value is, or the nearest one around it that is written.
    fn region(&mut self, object: &Object<'_>, pointer: &str, gone: bool) -> Option<Region> {
        let text = self.stream.source(object.id())?;
        let mut pointer = pointer.get(object.prefix().len()..).unwrap_or_default();
        if gone {
            pointer = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        let span = loop {
            match written(object.root(), pointer) {
                Some(span) => break span,
                None if pointer.is_empty() => return None,
                None => pointer = pointer.rsplit_once('/').map_or("", |(parent, _)| parent),
            }
        };
        let start = span.start;
        let (column, line) = line_at(text, start);
        let rest = line.chars().count().saturating_sub(column);
        let width = text.get(span).map_or(0, |part| part.chars().take_while(|c| !matches!(c, '\n' | '\r')).count());
        Some(Region {
            start_line: self.lines.number(text, start),
            start_column: column + 1,
            end_column: column + 1 + width.min(rest),
        })
    }
}

/// The key of the value at `pointer`, or the value itself where it has none of its own; `None` where an edit made it.
fn written(root: Node<'_>, pointer: &str) -> Option<std::ops::Range<usize>> {
    let value = root.at_pointer(pointer)?.span()?;
    let Some((parent, token)) = pointer.rsplit_once('/') else { return Some(value) };
    let parent = root.at_pointer(parent).filter(|parent| parent.kind() == Kind::Map);
    parent.and_then(|parent| parent.key_span(&yaml::unescape_token(token)?)).or(Some(value))
}

/// A path as a URI: relative ones stay so, and the viewer says to what.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("a b/ü.yaml"), "a%20b/%C3%BC.yaml");
        assert_eq!(uri("/etc/x.yaml"), "file:///etc/x.yaml");
        assert_eq!(uri("..\\x:y"), "../x%3Ay");
    }
}
