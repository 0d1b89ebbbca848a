//! What a JSON Schema says of a value, flattened: alternatives and parts as one list of types, values and fields.

use serde_json::Value;

/// Bounds of a value: the schema's keyword and how it is shown.
const BOUNDS: &[(&str, &str)] = &[
    ("default", "default"),
    ("format", "format"),
    ("pattern", "pattern"),
    ("minimum", "min"),
    ("exclusiveMinimum", "more than"),
    ("maximum", "max"),
    ("exclusiveMaximum", "less than"),
    ("minLength", "min length"),
    ("maxLength", "max length"),
    ("minItems", "min items"),
    ("maxItems", "max items"),
    ("uniqueItems", "unique items"),
    ("minProperties", "min entries"),
];

/// Formats that only say how a number is stored.
const STORAGE: &[&str] = &["int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "double", "float"];

/// A field of a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a Value,
    pub(super) required: bool,
}

#[derive(Debug, Default)]
pub(super) struct Shape<'a> {
    pub(super) description: &'a str,
    types: Vec<String>,
    /// The allowed values, with what each means.
    pub(super) values: Vec<(String, &'a str)>,
    /// Default, pattern, least and most, in words.
    pub(super) bounds: Vec<(&'static str, String)>,
    pub(super) fields: Vec<Field<'a>>,
    /// The schema of a list's items or of a mapping's values.
    pub(super) inner: Option<&'a Value>,
}

impl<'a> Shape<'a> {
    /// The shape of `schema`, whose references are into `root`.
    pub(super) fn of(schema: &'a Value, root: &'a Value) -> Self {
        let mut shape = Self::default();
        shape.take(schema, root, 0);
        shape
    }

    /// The type as `kubectl explain` writes it.
    pub(super) fn type_name(&self) -> String {
        if self.types.is_empty() { "any".to_owned() } else { self.types.join(" or ") }
    }

    /// The field `name` of the value itself, or of the items or values in it.
    pub(super) fn field(&self, name: &str, root: &'a Value) -> Option<Field<'a>> {
        self.all_fields(root).into_iter().find(|field| field.name == name)
    }

    /// The fields of the value itself, or of the items or values in it.
    pub(super) fn all_fields(&self, root: &'a Value) -> Vec<Field<'a>> {
        match self.inner {
            Some(inner) if self.fields.is_empty() => Shape::of(inner, root).all_fields(root),
            _ => self.fields.clone(),
        }
    }

    fn take(&mut self, schema: &'a Value, root: &'a Value, depth: usize) {
        if depth > 8 {
            return; // an alternative that refers to itself
        }
        let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
        if self.description.is_empty() {
            self.description = text("description");
        }
        if let Some(target) = text("$ref").strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
            self.take(target, root, depth + 1);
        }
        for group in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(group).and_then(Value::as_array).into_iter().flatten() {
                self.take(part, root, depth + 1);
            }
        }
        self.take_values(schema);
        self.take_bounds(schema);
        let required = |name: &str| {
            let names = schema.get("required").and_then(Value::as_array);
            names.is_some_and(|names| names.iter().any(|other| other == name))
        };
        for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if !self.fields.iter().any(|field| field.name == name) {
                self.fields.push(Field { name, schema, required: required(name) });
            }
        }
        let inner = ["items", "additionalProperties"].into_iter().find_map(|key| schema.get(key));
        if let Some(inner) = inner.filter(|inner| inner.is_object() || **inner == Value::Bool(true)) {
            self.inner = Some(inner);
        }
        self.take_types(schema, root, depth);
    }

    fn take_types(&mut self, schema: &'a Value, root: &'a Value, depth: usize) {
        let types = match schema.get("type") {
            Some(Value::String(name)) => vec![name.as_str()],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for name in types.into_iter().filter(|name| *name != "null") {
            let inner = |key: &str| {
                let inner = schema.get(key).filter(|inner| inner.is_object())?;
                let mut shape = Shape::default();
                shape.take(inner, root, depth + 1);
                Some(shape.type_name())
            };
            let shown = match name {
                "array" => format!("[]{}", inner("items").unwrap_or_else(|| "any".to_owned())),
                "object" => inner("additionalProperties").map_or(name.to_owned(), |of| format!("map[string]{of}")),
                name => name.to_owned(),
            };
            if !self.types.contains(&shown) {
                self.types.push(shown);
            }
        }
    }

    fn take_values(&mut self, schema: &'a Value) {
        let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let values: Vec<&Value> = listed.filter(|value| !value.is_null()).collect();
        let about = if values.len() == 1 { about } else { "" }; // what is said of many is said of the field
        for value in values {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if !self.values.iter().any(|(other, _)| *other == value) {
                self.values.push((value, about));
            }
        }
    }

    fn take_bounds(&mut self, schema: &'a Value) {
        for (key, name) in BOUNDS {
            let Some(value) = schema.get(*key) else { continue };
            let empty = match value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                Value::Object(entries) => entries.is_empty(),
                Value::String(text) => text.is_empty() || *key == "format" && STORAGE.contains(&text.as_str()),
                _ => false,
            };
            if !empty && !self.bounds.iter().any(|(other, _)| other == name) {
                self.bounds.push((name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            }
        }
    }
}
