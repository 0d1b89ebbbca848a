//! The report as SARIF 2.1.0 (OASIS), which code scanning and editors show. Values are masked as in every view.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use krmor_core::hash::Fnv;
use krmor_core::rules;

use super::{Files, rule_id};
use crate::config::PIPELINE;
use crate::failure::Failure;
use crate::krm::{advice, field_path};
use crate::pipeline::Pipeline;
use crate::report::{Place, Report, Rule, Severity};
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
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<Entry<'a>>,
}

/// How the run ended: a log of results alone would not tell a failed run from a clean one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
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
    locations: [Location; 1],
    partial_fingerprints: Fingerprints,
    properties: Properties<'a>,
}

/// What makes a result the same as one of an earlier run, wherever its line has moved to. GitHub takes it for the alert's
/// identity, beside the rule and the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints {
    primary_location_line_hash: String,
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
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[Logical; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

impl Region {
    fn line(start_line: usize) -> Self {
        Self { start_line, start_column: None, end_column: None }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

/// The report as one SARIF log. `made` says that the changes were made; else they are what a run would still have to do.
/// Every result has a file and a line, without which code scanning refuses the log: those of the object's file, else those that
/// its renderer tells, else those of the config.
#[must_use]
pub fn sarif(stream: &Stream, report: &Report, pipeline: &Pipeline, made: bool, code: u8, files: &dyn Files) -> String {
    let mut view = View { stream, files, rules: Vec::new(), lines: Lines::default(), seen: HashMap::new() };
    let mut results = Vec::new();
    for finding in &report.findings {
        let id = rule_id(pipeline, &finding.function, finding.rule);
        let location = match &finding.place {
            Place::Config(_) => view.in_config(files.config_line(finding)),
            _ => view.place(finding.object(), finding.pointer(), false),
        };
        let message = Message::new(&advice(finding));
        results.push(Entry {
            rule_index: view.rule(&id, finding.rule),
            kind: "fail",
            level: level(finding.severity),
            partial_fingerprints: view.fingerprint(&id, finding.object(), finding.pointer(), &message.text),
            message,
            locations: [location],
            properties: Properties {
                function: &finding.function,
                document: finding.document(),
                pointer: finding.pointer(),
            },
            rule_id: id,
        });
    }
    for change in &report.changes {
        let id = rule_id(pipeline, &change.function, change.why.rule);
        let location = view.place(Some(change.object), &change.path, change.op == Op::Remove);
        results.push(Entry {
            rule_index: view.rule(&id, change.why.rule),
            // What was done is no failure, and then the standard wants no level.
            kind: if made { "informational" } else { "fail" },
            level: if made { "none" } else { "error" },
            message: Message::new(&proposal(stream, change, made)),
            locations: [location],
            partial_fingerprints: view.fingerprint(&id, Some(change.object), &change.path, ""),
            properties: Properties {
                function: &change.function,
                document: Some(change.document),
                pointer: &change.path,
            },
            rule_id: id,
        });
    }
    let invocation =
        Invocation { execution_successful: true, exit_code: code, tool_execution_notifications: Vec::new() };
    log(view.rules, invocation, results)
}

/// A run that came to no report, as one SARIF log: what was wrong with its config or input is a result at its place, and all
/// of it a notification.
#[must_use]
pub fn failed(failure: &Failure, files: &dyn Files) -> String {
    let Ok(stream) = Stream::parse(&Arc::default()) else { return String::new() };
    let mut view = View { stream: &stream, files, rules: Vec::new(), lines: Lines::default(), seen: HashMap::new() };
    let (mut results, mut notifications) = (Vec::new(), Vec::new());
    for (number, result) in failure.results.iter().enumerate() {
        let text = |key: &str| result.pointer(key).and_then(Value::as_str).unwrap_or_default();
        let (message, pointer) = (text("/message"), text("/tags/pointer"));
        let rule = if text("/tags/rule") == rules::CONFIG.id { &rules::CONFIG } else { &rules::UNREADABLE };
        let id = format!("{PIPELINE}/{}", rule.id);
        let place = failure.places.get(number);
        let location = match place.and_then(|place| Some((place, files.source(&place.file)?))) {
            Some((place, uri)) => Location {
                physical_location: Physical {
                    artifact_location: Artifact { uri: self::uri(&uri) },
                    region: Region { start_column: Some(place.column), ..Region::line(place.line) },
                },
                logical_locations: None,
            },
            None => view.in_config(1),
        };
        results.push(Entry {
            rule_index: view.rule(&id, rule),
            kind: "fail",
            level: level(Severity::Error),
            message: Message::new(message),
            locations: [location],
            partial_fingerprints: view.fingerprint(&id, None, pointer, message),
            properties: Properties { function: "", document: None, pointer },
            rule_id: id,
        });
        notifications.push(Notification { level: level(Severity::Error), message: Message::new(message) });
    }
    let invocation = Invocation {
        execution_successful: false,
        exit_code: failure.code,
        tool_execution_notifications: notifications,
    };
    log(view.rules, invocation, results)
}

fn log(rules: Vec<Descriptor>, invocation: Invocation, results: Vec<Entry<'_>>) -> String {
    let driver = Driver { name: "krmor", version: env!("CARGO_PKG_VERSION"), rules };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run { tool: Tool { driver }, invocations: [invocation], column_kind: "unicodeCodePoints", results }],
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
    files: &'a dyn Files,
    rules: Vec<Descriptor>,
    lines: Lines<'a>,
    /// How often a fingerprint was given.
    seen: HashMap<u64, usize>,
}

impl View<'_> {
    /// It stays when lines move, and when what the message tells of a value changes.
    fn fingerprint(&mut self, rule: &str, object: Option<ObjectId>, pointer: &str, message: &str) -> Fingerprints {
        let object = object.and_then(|id| self.stream.object(id)).map(|object| object.reference());
        let mut hash = Fnv::default();
        for part in [rule, pointer] {
            hash.bytes(part.as_bytes());
            hash.bytes(b"\n");
        }
        match object {
            Some(object) => hash.bytes(format!("{} {object}", object.api_version).as_bytes()),
            None => hash.bytes(message.as_bytes()),
        }
        let number = self.seen.entry(hash.0).or_insert(0);
        *number += 1;
        Fingerprints { primary_location_line_hash: format!("{:016x}:{number}", hash.0) }
    }

    fn in_config(&self, line: usize) -> Location {
        let artifact_location = Artifact { uri: uri(&self.files.config()) };
        Location {
            physical_location: Physical { artifact_location, region: Region::line(line) },
            logical_locations: None,
        }
    }

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

    fn place(&mut self, object: Option<ObjectId>, pointer: &str, gone: bool) -> Location {
        let Some(object) = object.and_then(|id| self.stream.object(id)) else { return self.in_config(1) };
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
        let file = reference.file.as_deref().and_then(|file| self.files.source(file));
        let physical_location = match file {
            Some(file) => {
                // On standard input the file is the caller's, and our lines are not its lines.
                let region = if object.is_from_file() { self.region(&object, pointer, gone) } else { None };
                let region = region.unwrap_or_else(|| Region::line(self.files.line(&file, &reference)));
                Physical { artifact_location: Artifact { uri: uri(&file) }, region }
            }
            None => self.in_config(1).physical_location,
        };
        Location { physical_location, logical_locations: Some([logical]) }
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
            start_column: Some(column + 1),
            end_column: Some(column + 1 + width.min(rest)),
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
