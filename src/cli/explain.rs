//! `krmor explain`: a kind of config, or one field of it, as `kubectl explain` shows kinds of the API; and rules.

mod rules;
mod shape;

use serde_json::{Value, json};

use self::shape::{Field, Shape};
use super::schema::unknown_kind;
use super::{Failure, Result, write_stdout};
use crate::config::{API_VERSION, PIPELINE};
use crate::functions::{FUNCTIONS, by_kind};
use crate::schema;
use crate::yaml::print::{Layout, write_document};
use krmor_core::suggest::suggest;

/// Columns of a line of prose.
const WIDTH: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// A kind, and a field by its path: `SecurityContext.writablePaths.sizeLimit`. Or a rule: `Checks/secrets/env`,
    /// `unmatched-target`, a family `Checks/secrets/*`; `rules` lists all.
    #[arg(value_name = "KIND[.FIELD]|RULE")]
    what: String,
    /// Show the fields of fields, by name and type only.
    #[arg(long)]
    recursive: bool,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    if let Some(out) = rules::explain(&options.what)? {
        write_stdout(out.as_bytes())?;
        return Ok(0);
    }
    let (kind, path) = options.what.split_once('.').unwrap_or((&options.what, ""));
    let root = schema::spec(kind).ok_or_else(|| unknown_kind(kind))?;
    let mut field = Field { name: kind, schema: &root, required: false };
    let mut place = kind.to_owned();
    for (at, token) in path.split('.').enumerate() {
        // Messages write `spec.targets[0].name`: the place of a list's item, or of the spec, may be said.
        let name = token.split('[').next().unwrap_or_default();
        let shape = Shape::of(field.schema, &root);
        match shape.field(name, &root) {
            Some(found) => field = found,
            None if name.is_empty() || at == 0 && name == "spec" => continue,
            None => return Err(unknown_field(&place, name, &shape, &root)),
        }
        place = format!("{place}.{name}");
    }
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    let mut out = format!("GROUP:      {group}\nKIND:       {kind}\nVERSION:    {version}\n\n");
    let shape = Shape::of(field.schema, &root);
    let is_field = place != kind;
    if is_field {
        let path = place.get(kind.len() + 1..).unwrap_or_default();
        let required = if field.required { " -required-" } else { "" };
        out.push_str(&format!("FIELD: {path} <{}>{required}\n", shape.type_name()));
        for (name, value) in &shape.bounds {
            out.push_str(&format!("{}: {value}\n", name.to_uppercase()));
        }
        if !shape.values.is_empty() {
            out.push_str("ENUM:\n");
        }
        for (value, about) in &shape.values {
            let about =
                if about.is_empty() || *about == shape.description { String::new() } else { format!("  {about}") };
            out.push_str(format!("    {value}{about}").trim_end());
            out.push('\n');
        }
        out.push('\n');
    }
    let fallback = by_kind(kind).map_or(schema::PIPELINE_SUMMARY, |function| function.summary);
    let about = if shape.description.is_empty() && !is_field { fallback } else { shape.description };
    out.push_str(&format!("DESCRIPTION:\n{}\n", wrapped(about, 4)));
    if kind == PIPELINE && field.name == "spec" {
        out.push_str(&wrapped(&format!("Its fields: {}", explained("krmor explain ")), 4));
        out.push('\n');
    }
    let fields = shape.all_fields(&root);
    if !fields.is_empty() {
        out.push_str("FIELDS:\n");
        match options.recursive {
            true => tree(&fields, &root, 1, &mut out),
            false => fields.iter().for_each(|field| out.push_str(&entry(field, &root))),
        }
        out.push_str(if options.recursive { "\n" } else { "" });
    }
    if !is_field {
        out.push_str(&documentation(kind));
    }
    write_stdout(format!("{}\n", out.trim_end()).as_bytes())?;
    Ok(0)
}

fn explained(prefix: &str) -> String {
    FUNCTIONS.iter().map(|function| format!("`{prefix}{}`", function.kind)).collect::<Vec<_>>().join(", ")
}

fn unknown_field(place: &str, name: &str, shape: &Shape<'_>, root: &Value) -> Failure {
    let names: Vec<String> = shape.all_fields(root).iter().map(|field| field.name.to_owned()).collect();
    if names.is_empty() {
        return Failure::usage(format!("{place} <{}> has no fields, so no `{name}`", shape.type_name()));
    }
    Failure::usage(format!("{place} has no field `{name}`; {}", suggest(name, &names, "field")))
}

/// One field with what is said of it.
fn entry(field: &Field<'_>, root: &Value) -> String {
    let shape = Shape::of(field.schema, root);
    let required = if field.required { " -required-" } else { "" };
    let mut out = format!("  {}\t<{}>{required}\n", field.name, shape.type_name());
    if !shape.values.is_empty() {
        let values: Vec<&str> = shape.values.iter().map(|(value, _)| value.as_str()).collect();
        out.push_str(&format!("  enum: {}\n", values.join(", ")));
    }
    for (name, value) in &shape.bounds {
        out.push_str(&format!("  {name}: {value}\n"));
    }
    out.push_str(&wrapped(shape.description, 4));
    out.push('\n');
    out
}

/// The names and types of fields, and of the fields in them.
fn tree(fields: &[Field<'_>], root: &Value, depth: usize, out: &mut String) {
    for field in fields {
        let shape = Shape::of(field.schema, root);
        let required = if field.required { " -required-" } else { "" };
        out.push_str(&format!("{}{}\t<{}>{required}\n", "  ".repeat(depth), field.name, shape.type_name()));
        if depth < 12 {
            tree(&shape.all_fields(root), root, depth + 1, out); // deeper there is only what refers to itself
        }
    }
}

/// Where a kind's documentation is, and a config to start from.
fn documentation(kind: &str) -> String {
    let (place, example) = match by_kind(kind) {
        Some(function) => (format!("functions/{}/README.md", function.folder), first_config(function.readme)),
        None => ("README.md".to_owned(), pipeline_of_all()),
    };
    let example: Vec<String> = example.lines().map(|line| format!("    {line}")).collect();
    format!("DOCUMENTATION:\n    {place}\n\nEXAMPLE:\n{}\n", example.join("\n"))
}

/// The config of a README's first case.
fn first_config(readme: &str) -> String {
    let block = readme.split("\n```yaml config\n").nth(1).and_then(|rest| rest.split("\n```").next());
    format!("{}\n", block.unwrap_or_default())
}

/// A pipeline of the first cases' configs.
fn pipeline_of_all() -> String {
    let mut entries = serde_json::Map::new();
    for function in FUNCTIONS {
        let documents = crate::yaml::parse(&first_config(function.readme).into()).unwrap_or_default();
        let config = documents.first().and_then(|document| document.root().to_value()).unwrap_or_default();
        let mut entry = json!({"kind": function.kind});
        if let (Some(map), Some(spec)) = (entry.as_object_mut(), config.get("spec")) {
            map.insert("spec".to_owned(), spec.clone());
        }
        entries.insert(function.folder.to_owned(), entry);
    }
    let config = json!({
        "apiVersion": API_VERSION,
        "kind": PIPELINE,
        "metadata": {"name": "harden"},
        "spec": {"functions": entries},
    });
    let mut out = String::new();
    write_document(&mut out, &config, Layout::default());
    out
}

/// Paragraphs broken into lines, each after `indent` spaces; a blank line ends them.
fn wrapped(text: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::new();
    for paragraph in text.split("\n\n") {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
                out.push_str(&format!("{pad}{line}\n"));
                line.clear();
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        out.push_str(&if line.is_empty() { String::new() } else { format!("{pad}{line}\n") });
    }
    out
}
