//! Function configs: one function, a `Pipeline` of many, or kpt's `ConfigMap`.

mod todo;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::todo::TODO;
use krmor_core::config::ADD_QUOTES;
pub use krmor_core::config::{API_VERSION, GROUP, Problem, read_spec};
use krmor_core::references::{self, ReferenceRow};
use krmor_core::report::Severity;
use krmor_core::suggest::suggest;
use krmor_core::workload::PodTemplateRow;
use krmor_core::workload::Table;
use krmor_functions::FUNCTIONS;
use krmor_yaml::{self as yaml, Kind, Node};

use crate::pipeline::{Pipeline, Step};

/// The kind that runs many functions in one call.
pub const PIPELINE: &str = "Pipeline";
/// The key of a ConfigMap config that names its function; no spec has a field of that name.
const KIND_IN_DATA: &str = "function";
/// The annotation of a config that only checks: a run that would change anything fails.
pub const CHECK: &str = "krmor.dev/check";
/// The key of a ConfigMap config that says the same; no spec has a field of that name either.
const CHECK_IN_DATA: &str = "check";

/// The spec of a `Pipeline`: many functions in one call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PipelineSpec {
    /// The severity from which findings make the run fail: `error` (the default) or `warning`.
    #[serde(default)]
    pub fail_on: FailOn,
    /// Where pod templates live in kinds that krmor does not know, for all functions.
    #[serde(default)]
    pub pod_templates: Vec<PodTemplateRow>,
    /// Where kinds that krmor does not know name other objects, such as a Secret, for all functions.
    #[serde(default)]
    pub references: Vec<ReferenceRow>,
    /// Accept a stream without workloads, although functions for workloads are listed.
    #[serde(default)]
    pub allow_none: bool,
    /// The functions by a name of your choice, so that an overlay can patch one. The order is krmor's own.
    pub functions: BTreeMap<String, PipelineFunction>,
}

/// One function of a `Pipeline`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PipelineFunction {
    /// The function's kind, such as `SecurityContext`.
    pub kind: String,
    /// The function's spec; may be left out when all its fields may.
    #[serde(default)]
    pub spec: Value,
}

/// Which findings make a run fail.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailOn {
    /// Errors.
    #[default]
    Error,
    /// Errors and warnings.
    Warning,
}

/// A config that cannot be right, with all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Invalid(pub Vec<Problem>);

fn lines(problems: &[Problem]) -> String {
    let line = |problem: &Problem| match problem.path() {
        path if path.is_empty() => problem.message.clone(),
        path => format!("{path}: {}", problem.message),
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Reads a function config from YAML.
impl FromStr for Pipeline {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let broken = |error: yaml::Error| Invalid(vec![Problem::new("", error.message, "")]);
        let documents = yaml::parse(&Arc::new(text.to_owned())).map_err(broken)?;
        let mut filled = documents.iter().map(yaml::Document::root).filter(|root| !root.is_null());
        match (filled.next(), filled.next()) {
            (Some(config), None) => read(config, None).map_err(Invalid),
            (None, _) => Err(Invalid(vec![Problem::new("", "the config is empty", "")])),
            _ => Err(Invalid(vec![Problem::new(
                "",
                "there is more than one document",
                "put the functions into one Pipeline",
            )])),
        }
    }
}

/// Reads a function config.
///
/// `function` names the kind that a kpt `ConfigMap` config is for.
///
/// # Errors
/// When it is no config of ours, or a field is wrong.
pub fn read(config: Node<'_>, function: Option<&str>) -> Result<Pipeline, Vec<Problem>> {
    let mut open = todo::problems(config);
    let read = read_whole(config, function).map_err(|mut problems| {
        problems.retain(|problem| !todo::follows(problem, &open));
        problems
    });
    let mut pipeline = match read {
        Ok(pipeline) if open.is_empty() => pipeline,
        read => {
            open.extend(read.err().unwrap_or_default());
            return Err(open);
        }
    };
    pipeline.check = only_checks(config)?;
    Ok(pipeline)
}

/// Whether a config says that nothing may be changed: a validator's, whose caller drops what it changes.
fn only_checks(config: Node<'_>) -> Result<bool, Vec<Problem>> {
    let in_data = config.find(&["data", CHECK_IN_DATA]).map(|node| (node, format!("/data/{CHECK_IN_DATA}")));
    let in_data = in_data.filter(|_| config.get("kind").and_then(Node::as_str).is_some_and(|kind| kind == "ConfigMap"));
    let annotation = config.find(&["metadata", "annotations", CHECK]);
    let annotation = annotation.map(|node| (node, format!("/metadata/annotations/{}", yaml::escape_token(CHECK))));
    let mut check = false;
    for (node, pointer) in annotation.into_iter().chain(in_data) {
        match (node.as_str().as_deref(), node.as_bool()) {
            (Some("true"), _) | (_, Some(true)) => check = true,
            (Some("false"), _) | (_, Some(false)) => {}
            _ => return Err(vec![Problem::new(&pointer, "it is neither `true` nor `false`", "write `\"true\"`")]),
        }
    }
    Ok(check)
}

fn read_whole(config: Node<'_>, function: Option<&str>) -> Result<Pipeline, Vec<Problem>> {
    if config.kind() != Kind::Map {
        let remedy = format!("start it with `apiVersion: {API_VERSION}`");
        return Err(vec![Problem::new("", "the function config is not a mapping", remedy)]);
    }
    let text = |key: &str| config.get(key).and_then(Node::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let name = config.find(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
    if kind == "ConfigMap" && api_version == "v1" {
        return read_config_map(config, function, &name);
    }
    let mut problems = Vec::new();
    for (key, value) in [("apiVersion", &api_version), ("kind", &kind)] {
        if value.is_empty() {
            let remedy =
                if key == "kind" { "add `kind:`".to_owned() } else { format!("add `apiVersion: {API_VERSION}`") };
            problems.push(Problem::new("", format!("the field `{key}` is missing"), remedy));
        }
    }
    if !api_version.is_empty() && api_version != API_VERSION {
        let message = format!("apiVersion is `{api_version}`, not `{API_VERSION}`");
        problems.push(Problem::new("/apiVersion", message, format!("set `apiVersion: {API_VERSION}`")));
    }
    if !problems.is_empty() {
        // It may be no config at all, but a manifest with values that no message may show.
        return Err(problems);
    }
    let known = ["apiVersion", "kind", "metadata", "spec"].map(str::to_owned);
    for (key, _) in config.entries().filter(|(key, _)| !known.iter().any(|other| other == key)) {
        let pointer = format!("/{}", yaml::escape_token(&key));
        problems.push(match key.as_ref() {
            "argsOneLiner" | "argsFromFile" => {
                let message = format!("`{key}` is a kustomize feature that krmor does not read");
                Problem::new(&pointer, message, "remove it and put the settings under `spec`")
            }
            _ => Problem::new(&pointer, format!("unknown field `{key}`"), suggest(&key, &known, "field")),
        });
    }
    let title = format!("{kind} {name}").trim_end().to_owned();
    let Some(spec) = config.get("spec").map_or(Some(Value::Null), Node::to_value) else {
        problems.push(Problem::new("/spec", "the spec is nested too deep", ""));
        return Err(problems);
    };
    let function = krmor_functions::by_kind(&kind);
    let read = match function {
        _ if kind == PIPELINE => read_pipeline(&spec, title.clone()).map(Ok),
        Some(function) => function.configure(&spec).map(|run| Err((function, run))),
        None if kind.is_empty() => Err(Vec::new()),
        None => {
            problems.push(unknown_kind(&kind));
            Err(Vec::new())
        }
    };
    let read = read.map_err(|found| problems.extend(found.into_iter().map(|problem| problem.below("/spec"))));
    let (Ok(read), true) = (read, problems.is_empty()) else { return Err(problems) };
    let (function, run) = match read {
        Ok(pipeline) => return Ok(pipeline),
        Err(alone) => alone,
    };
    let steps = vec![Step { name: function.kind.to_owned(), function, run }];
    Ok(Pipeline { steps, ..alone(title) })
}

fn unknown_kind(kind: &str) -> Problem {
    let mut kinds: Vec<String> = FUNCTIONS.iter().map(|function| function.kind.to_owned()).collect();
    kinds.push(PIPELINE.to_owned());
    Problem::new("/kind", format!("unknown kind `{kind}`"), suggest(kind, &kinds, "kind"))
}

fn read_pipeline(spec: &Value, title: String) -> Result<Pipeline, Vec<Problem>> {
    let (spec, mut problems) = read_spec::<PipelineSpec>(spec);
    let Some(spec) = spec else { return Err(problems) };
    if spec.functions.is_empty() && problems.is_empty() {
        problems.push(Problem::new("/functions", "the pipeline has no functions", "add one under `spec.functions`"));
    }
    let workloads = Table::with_rows(&spec.pod_templates).unwrap_or_else(|problem| {
        problems.push(problem);
        Table::default()
    });
    let references = references::Table::with_rows(&spec.references).unwrap_or_else(|problem| {
        problems.push(problem);
        references::Table::default()
    });
    let mut steps = Vec::new();
    for (name, entry) in &spec.functions {
        let at = format!("/functions/{}", yaml::escape_token(name));
        let Some(function) = krmor_functions::by_kind(&entry.kind) else {
            problems.push(unknown_kind(&entry.kind).below(&at));
            continue;
        };
        match function.configure(&entry.spec) {
            Ok(run) => steps.push(Step { name: name.clone(), function, run }),
            Err(found) => problems.extend(found.into_iter().map(|problem| problem.below(&format!("{at}/spec")))),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    steps.sort_by(|a, b| (a.function.phase, &a.name).cmp(&(b.function.phase, &b.name)));
    let fail_on = match spec.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
    };
    let (pod_templates, allow_none) = (spec.pod_templates, spec.allow_none);
    Ok(Pipeline {
        title,
        fail_on,
        pod_templates,
        workloads,
        references,
        allow_none,
        partial: false,
        check: false,
        steps,
    })
}

/// kpt's `ConfigMap` config: `data` holds the scalar fields of one function's spec, and, where the caller cannot name it
/// otherwise (a container, WASM), its kind as `function`.
fn read_config_map(config: Node<'_>, function: Option<&str>, name: &str) -> Result<Pipeline, Vec<Problem>> {
    let data = || config.get("data").into_iter().flat_map(Node::entries);
    let data = || data().filter(|(key, _)| key != KIND_IN_DATA && key != CHECK_IN_DATA);
    let kind = match (function, config.find(&["data", KIND_IN_DATA]).and_then(Node::as_str)) {
        (Some(function), Some(kind)) if function != kind => {
            let message = format!("`{kind}` is not `{function}`, which krmor was called for");
            return Err(vec![Problem::new("/data/function", message, "leave it out, or name the same function")]);
        }
        (Some(function), _) => function.to_owned(),
        (None, Some(kind)) => kind.into_owned(),
        (None, None) => {
            let remedy =
                format!("name it by `--function KIND` or as `function` under `data`, or use a config of {API_VERSION}");
            return Err(vec![Problem::new(
                "/kind",
                "a ConfigMap config does not say which function it is for",
                remedy,
            )]);
        }
    };
    let Some(function) = krmor_functions::by_kind(&kind) else { return Err(vec![unknown_kind(&kind)]) };
    let (mut spec, mut problems) = (Map::new(), Vec::new());
    for (key, value) in data() {
        match datum(value) {
            Ok(value) => drop(spec.insert(key.into_owned(), value)),
            Err((message, remedy)) => {
                problems.push(Problem::new(&format!("/data/{}", yaml::escape_token(&key)), message, remedy));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let below = |mut problem: Problem| {
        // All of them are quoted; a text that looks like something else needs quotes of its own.
        problem.remedy = problem.remedy.replace(ADD_QUOTES, " with quotes in the quotes: `'\"…\"'`");
        problem.below("/data")
    };
    let run =
        function.configure(&Value::Object(spec)).map_err(|found| found.into_iter().map(below).collect::<Vec<_>>())?;
    let steps = vec![Step { name: function.kind.to_owned(), function, run }];
    Ok(Pipeline { steps, ..alone(format!("ConfigMap {name}").trim_end().to_owned()) })
}

/// What a value of a ConfigMap config stands for. It is a text, which is read as YAML; a number or a boolean without quotes
/// is taken for the same where no reader could take it for another one.
fn datum(value: Node<'_>) -> Result<Value, (String, String)> {
    let written = value.source().unwrap_or_default();
    match value.as_str() {
        Some(text) if text == written && yaml::is_ambiguous(&text) => {}
        Some(text) => {
            let document =
                yaml::parse(&Arc::new(text.to_string())).ok().and_then(|documents| documents.into_iter().next());
            let value = document.and_then(|document| document.root().to_value());
            return Ok(value.unwrap_or_else(|| Value::String(text.into_owned())));
        }
        None if value.is_null() => {
            return Err(("it has no value".to_owned(), "give it one, or leave the key out".to_owned()));
        }
        None if value.kind() != Kind::Scalar => {
            let message = "the values of a ConfigMap are texts, and this is none".to_owned();
            return Err((message, "write it as a text: in quotes, or as a block below `|`".to_owned()));
        }
        None => {
            let read = value.to_value().filter(|value| yaml::json_text(value) == written);
            if let Some(value) = read {
                return Ok(value);
            }
        }
    }
    let message = format!("`{written}` without quotes is not the same for every reader of YAML");
    Err((message, format!("quote it: `\"{written}\"`")))
}

/// What runs one function, but the function.
fn alone(title: String) -> Pipeline {
    let (workloads, references) = (Table::default(), references::Table::default());
    let (pod_templates, steps) = (Vec::new(), Vec::new());
    Pipeline {
        title,
        fail_on: Severity::Error,
        pod_templates,
        workloads,
        references,
        allow_none: false,
        partial: false,
        check: false,
        steps,
    }
}
