//! krmor as a function: ResourceList, bare stream, and kustomize's legacy exec plugin.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::input::Config;
use super::{Failure, Result, input, show, write_stdout};
use crate::config::{self, GROUP, PIPELINE};
use crate::functions::{self, Outcome};
use crate::krm::{self, ResourceList};
use crate::report::{Report, Severity, text};
use crate::stream::Stream;
use crate::yaml::{self, Encoding, Node};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The function config, where standard input is a bare stream.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The function to run, where the config is a kpt-style ConfigMap or there is none.
    #[arg(long, value_name = "KIND")]
    function: Option<String>,
    /// Accept an input without any object.
    #[arg(long)]
    allow_empty: bool,
}

/// The config file of a legacy plugin call, if this is one: kustomize runs `…/<kind>/<Kind> CONFIG_FILE`.
pub(super) fn legacy_config(args: &[OsString]) -> Option<PathBuf> {
    let name = args.first().map(Path::new)?.file_name()?.to_str()?;
    let called_by_kind = name == PIPELINE || functions::by_kind(name).is_some();
    let by_kustomize = std::env::var_os("KUSTOMIZE_PLUGIN_CONFIG_ROOT").is_some();
    let config = PathBuf::from(args.get(1)?);
    let ours = || std::fs::read_to_string(&config).is_ok_and(|text| text.contains(GROUP));
    ((called_by_kind || by_kustomize) && config.is_file() && ours()).then_some(config)
}

/// kustomize's legacy exec plugin: the config in a file, a bare stream on standard input.
pub(super) fn legacy(config: &Path, args: usize) -> Result<u8> {
    let bytes = std::fs::read(config).map_err(|error| Failure::io("the plugin's config", &error))?;
    // The file is kustomize's temporary one; its name would tell a person nothing.
    let name = config_name(&bytes);
    let config = input::config_from(&name, bytes, None)?;
    if args > 2 {
        return Err(Failure::usage(format!(
            "{name}: `argsOneLiner` and `argsFromFile` are not read; put the settings under `spec`"
        )));
    }
    let stdin = input::stdin()?;
    if stdin.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::usage(format!(
            "{name}: there are no objects to work on; a krmor config belongs under `transformers:`, not under `generators:`"
        )));
    }
    bare(&config, stdin, false)
}

fn config_name(bytes: &[u8]) -> String {
    let text = Arc::new(String::from_utf8_lossy(bytes).into_owned());
    let documents = yaml::parse(&text).unwrap_or_default();
    let title = documents.first().map(|document| {
        let text = |path: &[&str]| document.root().find(path).and_then(Node::as_str).unwrap_or_default().into_owned();
        format!("{} {}", text(&["kind"]), text(&["metadata", "name"])).trim().to_owned()
    });
    title.filter(|title| !title.is_empty()).unwrap_or_else(|| "function config".to_owned())
}

/// No subcommand: a ResourceList, or a bare stream with `--config`.
pub(super) fn run(options: &Options) -> Result<u8> {
    let bytes = input::stdin()?;
    let (text, encoding) = input::decode("standard input", bytes)?;
    let text = Arc::new(text);
    let documents = yaml::parse(&text).map_err(|error| show::yaml_error("standard input", &text, &error))?;
    if krm::is_resource_list(&documents) {
        return resource_list(&text, encoding, options);
    }
    let Some(config) = &options.config else {
        if documents.iter().all(|document| document.root().is_null()) {
            return Err(Failure::usage(
                "standard input is empty; krmor reads a ResourceList there, or, with --config FILE, a bare stream",
            ));
        }
        return Err(Failure::usage(
            "standard input is not a ResourceList; for a bare stream say which config to run: krmor --config FILE, or krmor run --config FILE -",
        ));
    };
    let config = input::config(config, options.function.as_deref())?;
    drop(documents);
    bare(&config, encoding.encode(Arc::unwrap_or_clone(text)), options.allow_empty)
}

/// A bare stream in, a bare stream out. A failing run writes nothing to standard output.
fn bare(config: &Config, bytes: Vec<u8>, allow_empty: bool) -> Result<u8> {
    let (text, encoding) = input::decode("standard input", bytes)?;
    let text = Arc::new(text);
    let mut stream = Stream::parse(&text).map_err(|error| show::yaml_error("standard input", &text, &error))?;
    if stream.objects().next().is_none() {
        if allow_empty {
            write_stdout(&encoding.encode(text.to_string()))?;
            return Ok(0);
        }
        return Err(Failure::usage("the input holds no objects; say --allow-empty if that is right"));
    }
    let mut report = Report::default();
    let outcome = config.pipeline.run(&mut stream, &mut report);
    if outcome != Outcome::Ok {
        return Err(failed(&stream, &report, config, outcome));
    }
    input::write_text(&text, &stream, 0..stream.documents().len(), encoding)?;
    std::mem::forget((stream, report)); // the process ends: freeing a large stream piece by piece would only take time
    Ok(0)
}

/// The findings that made a run fail, as a message with the exit code.
pub(super) fn failed(stream: &Stream, report: &Report, config: &Config, outcome: Outcome) -> Failure {
    let (mut message, count) = failing(stream, report, config);
    message.push_str(&format!("error: {}: {count}; nothing was written\n", config.pipeline.title));
    Failure::new(code(outcome), message)
}

/// The findings that make a run fail, and how many they are.
pub(super) fn failing(stream: &Stream, report: &Report, config: &Config) -> (String, String) {
    let fail_on = config.pipeline.fail_on;
    let findings: Vec<_> = report.findings.iter().filter(|finding| finding.severity >= fail_on).collect();
    let mut text = String::new();
    for part in findings.chunk_by(|a, b| a.document.is_some() == b.document.is_some()) {
        if part.iter().any(|finding| finding.document.is_some()) {
            text.push_str(&text::findings(stream, part.iter().copied()));
            continue;
        }
        for finding in part {
            let shown = show::config_finding(config, finding);
            text.push_str(&shown.unwrap_or_else(|| text::findings(stream, [*finding])));
        }
    }
    let noun = if findings.len() == 1 { "finding" } else { "findings" };
    (text, format!("{} {noun}", findings.len()))
}

pub(super) fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Findings => super::FOUND,
        Outcome::Usage => super::USAGE,
    }
}

/// A ResourceList in and out: success with the changed items, failure with the items as they came; both with results.
fn resource_list(text: &Arc<String>, encoding: Encoding, options: &Options) -> Result<u8> {
    let list = ResourceList::new(Arc::clone(text));
    let broken = |error: yaml::Error| show::yaml_error("standard input", text, &error);
    let document = list.document().map_err(broken)?;
    let root = document.root();
    let node = root.get("functionConfig").filter(|node| !node.is_null());
    let config = match (node, &options.config, &options.function) {
        (_, Some(config), function) => input::config(config, function.as_deref()),
        (Some(node), None, function) => {
            let (name, pointer) = (node_title(node), "/functionConfig");
            match config::read(node, function.as_deref()) {
                Ok(pipeline) => Ok(Config { pipeline, name, text: Arc::clone(text), pointer }),
                Err(problem) => {
                    let problem = config::Problem { pointer: format!("{pointer}{}", problem.pointer), ..problem };
                    Err(show::config_problem(&name, text, root, &problem, node.span().unwrap_or_default()))
                }
            }
        }
        (None, None, Some(kind)) => alone(kind),
        (None, None, None) => Err(Failure::usage(
            "the ResourceList has no functionConfig; give one, or name a function by --function KIND",
        )),
    };
    // The caller gets its items back: kpt would delete the package otherwise.
    let refused = |failure: Failure| {
        let out = list.render_refused(&failure.plain()).unwrap_or_else(|_| text.to_string());
        let _ = write_stdout(&encoding.encode(out));
        failure
    };
    let config = config.map_err(refused)?;
    let annotated =
        node.is_some_and(|node| node.find(&["metadata", "annotations", "config.kubernetes.io/path"]).is_some());
    let mut stream = Stream::of_items(document);
    if stream.objects().next().is_none() && !options.allow_empty {
        let mut message =
            format!("{}: the ResourceList has no items; say --allow-empty if that is right", config.pipeline.title);
        if annotated {
            message.push_str(
                "; kustomize hands over none when the config has the annotation config.kubernetes.io/path: remove it",
            );
        }
        return Err(refused(Failure::usage(message)));
    }
    if !options.allow_empty && stream.objects().all(|object| object.group() == GROUP) {
        // A generator gets its own config as the only item; what it hands back would pass for the hardened objects.
        let title = &config.pipeline.title;
        return Err(refused(Failure::usage(format!(
            "{title}: the only items are krmor's own configs; one belongs under `transformers:`, not under `generators:`"
        ))));
    }
    let mut report = Report::default();
    let outcome = config.pipeline.run(&mut stream, &mut report);
    let shape = |error: yaml::EditError| Failure::usage(format!("the ResourceList's {error}"));
    if outcome == Outcome::Ok {
        write_stdout(&encoding.encode(list.render(&mut stream, &report).map_err(shape)?))?;
        return Ok(0);
    }
    write_stdout(&encoding.encode(list.render_unchanged(&stream, &report).map_err(shape)?))?;
    Err(failed(&stream, &report, &config, outcome))
}

fn node_title(config: Node<'_>) -> String {
    let text = |path: &[&str]| config.find(path).and_then(Node::as_str).unwrap_or_default().into_owned();
    format!("{} {}", text(&["kind"]), text(&["metadata", "name"])).trim().to_owned()
}

/// A function with all its defaults.
fn alone(kind: &str) -> Result<Config> {
    let config = format!("apiVersion: {}\nkind: {kind}\n", config::API_VERSION);
    input::config_from("--function", config.into_bytes(), None)
}

/// Prints findings below the severity that fails, on standard error: only the file commands do.
pub(super) fn notes(stream: &Stream, report: &Report, from: Severity) {
    let findings = report.findings.iter().filter(|finding| finding.severity >= from);
    let _ = anstream::stderr().lock().write_all(text::findings(stream, findings).as_bytes());
}
