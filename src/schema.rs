//! JSON Schemas of the configs, for editors and `krmor explain`, from the types that read the configs.
//!
//! The dialect is draft-07: the newest that every release of yaml-language-server, and so every editor, reads whole.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::config::{API_VERSION, PIPELINE, PipelineSpec};
use crate::functions::{self, FUNCTIONS, Function};

/// One line about `Pipeline`, as every function has one.
pub const PIPELINE_SUMMARY: &str = "Runs many functions in one call, in the order of their phases";

/// The dialect, as `$schema` names it.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The kinds of config: `Pipeline`, then every function in the order they run.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    std::iter::once(PIPELINE).chain(FUNCTIONS.iter().map(|function| function.kind))
}

/// The schema of a config of any kind.
#[must_use]
pub fn any() -> Value {
    let mut generator = generator();
    let mut definitions = Map::new();
    let configs: Vec<Value> = kinds().filter_map(|kind| config(kind, &mut generator, &mut definitions)).collect();
    let schema = json!({
        "$schema": DIALECT,
        "title": "A function config of krmor",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "oneOf": configs,
    });
    with_definitions(schema, definitions)
}

/// The schema of a config of one kind.
#[must_use]
pub fn of(kind: &str) -> Option<Value> {
    let mut definitions = Map::new();
    let config = config(kind, &mut generator(), &mut definitions)?;
    let mut schema = json!({"$schema": DIALECT});
    merge(&mut schema, config);
    Some(with_definitions(schema, definitions))
}

/// The schema of the spec of a kind, as its type has it: what `krmor explain` walks over.
#[must_use]
pub fn spec(kind: &str) -> Option<Value> {
    match functions::by_kind(kind) {
        Some(function) => Some(function.schema_by(&mut generator()).to_value()),
        None if kind == PIPELINE => Some(generator().root_schema_for::<PipelineSpec>().to_value()),
        None => None,
    }
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true).into_generator()
}

fn config(kind: &str, generator: &mut SchemaGenerator, definitions: &mut Map<String, Value>) -> Option<Value> {
    let function = functions::by_kind(kind);
    let spec = match function {
        Some(function) => spec_of(function, generator, definitions),
        None if kind == PIPELINE => pipeline(generator, definitions),
        None => return None,
    };
    let mut required = vec!["apiVersion", "kind"];
    required.extend(needs(&spec).then_some("spec"));
    Some(json!({
        "title": kind,
        "description": function.map_or(PIPELINE_SUMMARY, |function| function.summary),
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of the config's fields."},
            "kind": {"const": kind, "description": "What the config is for."},
            "metadata": {
                "type": "object",
                "description": "The config's own metadata; `name` shows in messages.",
                "properties": {"name": {"type": "string", "description": "The config's name."}},
            },
            "spec": spec,
        },
    }))
}

/// The spec of a pipeline, in which an entry of `functions` is judged by its kind.
fn pipeline(generator: &mut SchemaGenerator, definitions: &mut Map<String, Value>) -> Value {
    let mut spec = plain(generator.root_schema_for::<PipelineSpec>().to_value(), definitions);
    let entries: Vec<Value> = FUNCTIONS
        .iter()
        .map(|function| {
            let inner = spec_of(function, generator, definitions);
            let mut required = vec!["kind"];
            required.extend(needs(&inner).then_some("spec"));
            json!({
                "title": function.kind,
                "description": function.summary,
                "type": "object",
                "required": required,
                "additionalProperties": false,
                "properties": {"kind": {"const": function.kind, "description": function.summary}, "spec": inner},
            })
        })
        .collect();
    if let Some(Value::Object(map)) = spec.pointer_mut("/properties/functions") {
        map.insert("additionalProperties".to_owned(), json!({"oneOf": entries}));
        map.insert("minProperties".to_owned(), json!(1));
    }
    spec
}

fn spec_of(function: &Function, generator: &mut SchemaGenerator, definitions: &mut Map<String, Value>) -> Value {
    let mut spec = plain(function.schema_by(generator).to_value(), definitions);
    if !needs(&spec)
        && let Some(map) = spec.as_object_mut()
    {
        map.insert("type".to_owned(), json!(["object", "null"])); // `spec:` alone is read as all defaults
    }
    spec
}

/// A schema to stand inside another one; what it defines moves to the root, where references look.
fn plain(mut schema: Value, definitions: &mut Map<String, Value>) -> Value {
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("$schema");
        map.shift_remove("title");
        if let Some(Value::Object(found)) = map.shift_remove("definitions") {
            definitions.extend(found);
        }
    }
    schema
}

/// Whether a spec has a field that may not be left out.
fn needs(spec: &Value) -> bool {
    spec.get("required").and_then(Value::as_array).is_some_and(|required| !required.is_empty())
}

fn with_definitions(mut schema: Value, definitions: Map<String, Value>) -> Value {
    if let Some(map) = schema.as_object_mut().filter(|_| !definitions.is_empty()) {
        map.insert("definitions".to_owned(), Value::Object(definitions));
    }
    schema
}

fn merge(target: &mut Value, more: Value) {
    if let (Some(map), Value::Object(more)) = (target.as_object_mut(), more) {
        map.extend(more);
    }
}
