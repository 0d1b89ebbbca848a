//! krmor as a function: bytes in, bytes out, an exit code. Every host (the command line, WASM) calls this one.
//!
//! A ResourceList carries its config and is answered by a ResourceList; a bare stream comes with a config of its own and
//! is answered by a bare stream. A failure has its message and its exit code; what is written before it is all that the
//! caller gets: the ResourceList with its items as they came, or nothing.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use crate::config::{self, GROUP};
use crate::excerpt::{self, ConfigSource};
pub use crate::failure::{FOUND, Failure, INTERNAL, Result, USAGE};
use crate::krm::{self, ResourceList};
use crate::pipeline::{Outcome, Pipeline};
use crate::report::{Report, Severity};
use crate::rules::AMBIGUOUS_YAML;
use crate::stream::Stream;
use crate::text;
use crate::workload::Row;
use crate::yaml::{self, Document, Encoding, Node};

/// A config that has been read, and its text for what turns out to be wrong with it while it runs.
#[derive(Debug)]
pub struct Config {
    pub(crate) pipeline: Pipeline,
    /// How errors call it.
    pub(crate) name: String,
    pub(crate) text: Arc<String>,
    /// Pointer of the config in the text.
    pub(crate) pointer: &'static str,
}

impl Config {
    /// Reads a config from bytes; `name` is how errors call it, `function` the kind that a kpt `ConfigMap` config is for.
    ///
    /// # Errors
    /// When it is not one config of ours.
    pub fn read(name: &str, bytes: Vec<u8>, function: Option<&str>) -> Result<Self> {
        let text = Arc::new(decode(name, bytes)?.0);
        let documents = yaml::parse(&text).map_err(|error| excerpt::yaml_error(name, &text, &error))?;
        let mut filled = documents.iter().filter(|document| !document.root().is_null());
        let Some(document) = filled.next() else {
            return Err(Failure::usage(format!("config {name}: it is empty")));
        };
        if filled.next().is_some() {
            return Err(Failure::usage(format!(
                "config {name}: it holds more than one document; put the functions into one Pipeline"
            )));
        }
        let pipeline = config::read(document.root(), function).map_err(|problems| {
            excerpt::config_problems(
                name,
                &text,
                &ConfigSource { root: document.root(), pointer: "", span: 0..text.len() },
                &problems,
            )
        })?;
        Ok(Self { pipeline, name: name.to_owned(), text, pointer: "" })
    }
}

/// How a function is called, apart from its input.
#[derive(Default)]
pub struct Options<'a> {
    /// The config, where the input is a bare stream; it counts for a ResourceList, too.
    pub config: Option<Result<Config>>,
    /// The function to run, where the config is a kpt-style ConfigMap or there is none.
    pub function: Option<&'a str>,
    /// Accept an input without any object.
    pub allow_empty: bool,
    /// Why a bare stream without any object is refused, whatever `allow_empty` says.
    pub never_empty: Option<String>,
    /// Accept an input without any workload.
    pub allow_none: bool,
    /// Change nothing: fail where a run would change anything.
    pub check: bool,
    /// What the schemas of kinds say of their pods.
    pub schemas: Vec<Row>,
    /// Is shown what was done, for a view of it, before the output of a run that succeeds is written.
    pub tell: Option<Tell<'a>>,
}

/// What looks at a stream and its report.
pub type Tell<'a> = &'a mut dyn FnMut(&Stream, &Report);

/// A ResourceList, or, where the options hold a config, a bare stream. Gives what a person should read beside the output: the
/// warnings about a bare stream, which has no results to carry them.
///
/// # Errors
/// When nothing was done. For a ResourceList that could be read, `out` has it with the reason among its results.
pub fn run(input: Vec<u8>, options: Options<'_>, out: &mut dyn Write) -> Result<String> {
    let (text, encoding) = decode("standard input", input)?;
    let text = Arc::new(text);
    let documents = yaml::parse(&text).map_err(|error| excerpt::yaml_error("standard input", &text, &error))?;
    if krm::is_resource_list(&documents) {
        return resource_list(&text, documents, encoding, options, out).map(|()| String::new());
    }
    let Some(config) = options.config else {
        if documents.iter().all(|document| document.root().is_null()) {
            return Err(Failure::usage(
                "standard input is empty; krmor reads a ResourceList there, or, with --config FILE, a bare stream",
            ));
        }
        return Err(Failure::usage(
            "standard input is not a ResourceList; for a bare stream say which config to run: krmor --config FILE, or krmor run --config FILE -",
        ));
    };
    drop(documents);
    let input = encoding.encode(Arc::unwrap_or_clone(text));
    let mut config = config?;
    config.pipeline.learn(options.schemas, options.allow_none);
    config.pipeline.check |= options.check;
    let never = options.never_empty.as_deref();
    let empty = never.or((!options.allow_empty).then_some(NO_OBJECTS));
    bare(&config, input, Origin { name: "standard input", empty }, options.tell, out)
}

/// kustomize's legacy plugin: the bytes of the config's file, and a bare stream. Gives the warnings about it.
///
/// # Errors
/// When nothing was done; then `out` has nothing.
pub fn plugin(config: Vec<u8>, more_arguments: bool, input: Vec<u8>, out: &mut dyn Write) -> Result<String> {
    // The file is kustomize's temporary one; its name would tell a person nothing.
    let name = config_name(&config);
    let config = Config::read(&name, config, None)?;
    if more_arguments {
        return Err(Failure::usage(format!(
            "{name}: `argsOneLiner` and `argsFromFile` are not read; put the settings under `spec`"
        )));
    }
    if input.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::usage(format!(
            "{name}: there are no objects to work on; a krmor config belongs under `transformers:`, not under `generators:`"
        )));
    }
    bare(&config, input, Origin { name: "standard input", empty: Some(NO_OBJECTS) }, None, out)
}

fn config_name(bytes: &[u8]) -> String {
    let text = Arc::new(String::from_utf8_lossy(bytes).into_owned());
    let documents = yaml::parse(&text).unwrap_or_default();
    let title = documents.first().map(|document| node_title(document.root()));
    title.filter(|title| !title.is_empty()).unwrap_or_else(|| "function config".to_owned())
}

/// Said of an input without objects, which may be right.
pub(crate) const NO_OBJECTS: &str = "the input holds no objects; pass --allow-empty to accept this";

/// Refuses a stream without objects, for the reason `empty`; where there is none it may be empty, but hold no other text.
pub(crate) fn holds_objects(stream: &Stream, empty: Option<&str>) -> Result<()> {
    if stream.objects().next().is_some() {
        return Ok(());
    }
    if stream.documents().iter().any(|document| !document.root().is_null()) {
        return Err(Failure::usage(
            "the input holds text, but no objects; `helm template --output-dir` prints names of files instead of manifests",
        ));
    }
    empty.map_or(Ok(()), |why| Err(Failure::usage(why)))
}

/// Where a bare stream comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// How errors call it.
    pub(crate) name: &'a str,
    /// Why it is refused when it holds no objects; `None` accepts it.
    pub(crate) empty: Option<&'a str>,
}

impl Origin<'_> {
    /// Reads the stream, and refuses one without objects where that cannot be right.
    fn read(self, input: Vec<u8>) -> Result<(Arc<String>, Encoding, Stream)> {
        let (text, encoding) = decode(self.name, input)?;
        let text = Arc::new(text);
        let stream = Stream::parse(&text).map_err(|error| excerpt::yaml_error(self.name, &text, &error))?;
        check_encoding(self.name, encoding, &text, stream.documents().len())?;
        holds_objects(&stream, self.empty)?;
        Ok((text, encoding, stream))
    }

    /// Sees that a stream can be read and holds objects where it must.
    #[cfg(feature = "cli")]
    pub(crate) fn check(self, input: &[u8]) -> Result<()> {
        self.read(input.to_vec()).map(drop)
    }
}

/// A bare stream in, a bare stream out, and the warnings about it. A failing run writes nothing.
pub(crate) fn bare(
    config: &Config,
    input: Vec<u8>,
    origin: Origin<'_>,
    tell: Option<Tell<'_>>,
    out: &mut dyn Write,
) -> Result<String> {
    let (text, encoding, mut stream) = origin.read(input)?;
    if stream.objects().next().is_none() {
        return write(out, &encoding.encode(text.to_string())).map(|()| String::new());
    }
    let mut report = Report::default();
    let outcome = config.pipeline.run(&mut stream, &mut report);
    if outcome != Outcome::Ok {
        return Err(failed(&stream, &report, config, outcome));
    }
    if let Some(tell) = tell {
        tell(&stream, &report);
    }
    write_text(&text, &stream, 0..stream.documents().len(), encoding, out)?;
    let warnings = text::findings(&stream, report.findings.iter().filter(|one| one.severity >= Severity::Warning));
    std::mem::forget((stream, report)); // the process ends: freeing a large stream piece by piece would only take time
    Ok(warnings)
}

/// A ResourceList in and out: success with the changed items, failure with the items as they came; both with results.
fn resource_list(
    text: &Arc<String>,
    documents: Vec<Document>,
    encoding: Encoding,
    options: Options<'_>,
    out: &mut dyn Write,
) -> Result<()> {
    let broken = |error: yaml::Error| excerpt::yaml_error("standard input", text, &error);
    let list = ResourceList::new(documents).map_err(broken)?;
    let root = list.root();
    let node = root.get("functionConfig").filter(|node| !node.is_null());
    let config = match (node, options.config, options.function) {
        (_, Some(config), _) => config,
        (Some(node), None, function) => {
            let (name, pointer) = (node_title(node), "/functionConfig");
            match config::read(node, function) {
                Ok(pipeline) => Ok(Config { pipeline, name, text: Arc::clone(text), pointer }),
                Err(problems) => {
                    let place = ConfigSource { root, pointer, span: node.span().unwrap_or_default() };
                    Err(excerpt::config_problems(&name, text, &place, &problems))
                }
            }
        }
        (None, None, Some(kind)) => alone(kind),
        (None, None, None) => Err(Failure::usage(
            "the ResourceList has no functionConfig; give one, or name a function by --function KIND",
        )),
    };
    // The caller gets its items back: kpt would delete the package otherwise.
    let refused = |list: ResourceList, failure: Failure, out: &mut dyn Write| {
        let answer = list.render_unchanged(failure.results.clone()).unwrap_or_else(|_| text.to_string());
        let _ = write(out, &encoding.encode(answer));
        failure
    };
    let annotated =
        node.is_some_and(|node| node.find(&["metadata", "annotations", "config.kubernetes.io/path"]).is_some());
    let mut config = match config {
        Ok(config) => config,
        Err(failure) => return Err(refused(list, failure, out)),
    };
    config.pipeline.learn(options.schemas, options.allow_none);
    config.pipeline.check |= options.check;
    let mut stream = list.stream();
    if stream.objects().next().is_none() && !options.allow_empty {
        let mut message =
            format!("{}: the ResourceList has no items; pass --allow-empty to accept this", config.pipeline.title);
        if annotated {
            message.push_str(
                "; kustomize hands over none when the config has the annotation config.kubernetes.io/path: remove it",
            );
        }
        return Err(refused(list, Failure::usage(message), out));
    }
    if !options.allow_empty && stream.objects().all(|object| object.group() == GROUP) {
        // A generator gets its own config as the only item; what it hands back would pass for the hardened objects.
        let title = &config.pipeline.title;
        let failure = Failure::usage(format!(
            "{title}: the only items are krmor's own configs; one belongs under `transformers:`, not under `generators:`"
        ));
        return Err(refused(list, failure, out));
    }
    let mut report = Report::default();
    let outcome = config.pipeline.run(&mut stream, &mut report);
    let shape = |error: yaml::EditError| Failure::usage(format!("the ResourceList's {error}"));
    if outcome == Outcome::Ok {
        if let Some(tell) = options.tell {
            tell(&stream, &report);
        }
        drop(list);
        return write(out, &encoding.encode(krm::render_list(&mut stream, &report).map_err(shape)?));
    }
    let failure = failed(&stream, &report, &config, outcome);
    write(out, &encoding.encode(list.render_unchanged(failure.results.clone()).map_err(shape)?))?;
    Err(failure)
}

fn node_title(config: Node<'_>) -> String {
    let text = |path: &[&str]| config.find(path).and_then(Node::as_str).unwrap_or_default().into_owned();
    format!("{} {}", text(&["kind"]), text(&["metadata", "name"])).trim().to_owned()
}

/// A function with all its defaults.
fn alone(kind: &str) -> Result<Config> {
    let config = format!("apiVersion: {}\nkind: {kind}\n", config::API_VERSION);
    Config::read("--function", config.into_bytes(), None)
}

/// The findings that made a run fail, as a message with the exit code.
pub(crate) fn failed(stream: &Stream, report: &Report, config: &Config, outcome: Outcome) -> Failure {
    let (mut message, count) = failing(stream, report, config);
    message.push_str(&format!("error: {}: {count}; nothing was written\n", config.pipeline.title));
    Failure { results: krm::findings(stream, report), ..Failure::new(code(outcome), message) }
}

/// The findings that make a run fail, and how many they are.
pub(crate) fn failing(stream: &Stream, report: &Report, config: &Config) -> (String, String) {
    let fail_on = config.pipeline.fail_on;
    let findings: Vec<_> = report.findings.iter().filter(|finding| finding.severity >= fail_on).collect();
    let mut text = String::new();
    for part in findings.chunk_by(|a, b| a.document().is_some() == b.document().is_some()) {
        if part.iter().any(|finding| finding.document().is_some()) {
            text.push_str(&text::findings(stream, part.iter().copied()));
            continue;
        }
        for finding in part {
            let shown = excerpt::config_finding(&config.name, &config.text, config.pointer, finding);
            text.push_str(&shown.unwrap_or_else(|| text::findings(stream, [*finding])));
        }
    }
    let noun = if findings.len() == 1 { "finding" } else { "findings" };
    (text, format!("{} {noun}", findings.len()))
}

pub(crate) fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Findings => FOUND,
        Outcome::Usage => USAGE,
    }
}

pub(crate) fn decode(name: &str, bytes: Vec<u8>) -> Result<(String, Encoding)> {
    yaml::decode(bytes).map_err(|error| Failure::usage(format!("{name}: {error} (at byte {})", error.offset)))
}

/// Refuses what other readers would split in other places: they split bytes, whatever these encode.
pub(crate) fn check_encoding(name: &str, encoding: Encoding, text: &str, documents: usize) -> Result<()> {
    if !encoding.is_ambiguous(text, documents) {
        return Ok(());
    }
    let rule = AMBIGUOUS_YAML.id;
    Err(Failure::usage(format!(
        "{name}: kubectl and kustomize do not read this UTF-16 text as it is meant; write it as UTF-8  [{rule}]"
    )))
}

fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| Failure::io("standard output", &error))
}

/// Writes a text, with the changes of the documents that it holds.
pub(crate) fn write_text(
    text: &str,
    stream: &Stream,
    documents: Range<usize>,
    encoding: Encoding,
    out: &mut dyn Write,
) -> Result<()> {
    if !stream.changed(&documents) {
        return write(out, &encoding.encode(text.to_owned()));
    }
    if encoding != Encoding::Utf8 {
        let mut text = String::new();
        stream.render_to(documents, |part| text.push_str(part));
        return write(out, &encoding.encode(text));
    }
    let mut out = std::io::BufWriter::with_capacity(1 << 16, out);
    let mut result = Ok(());
    stream.render_to(documents, |part| {
        if result.is_ok() {
            result = out.write_all(part.as_bytes());
        }
    });
    result.and_then(|()| out.flush()).map_err(|error| Failure::io("standard output", &error))
}

/// What is told of a panic: its message could hold a value of the input.
#[must_use]
pub fn internal_error(place: &str) -> String {
    format!("error: internal error at {place}; please report it with the input that shows it")
}
