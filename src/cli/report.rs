//! Reports for other tools: whole whatever the exit code, and at places that these find.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::ValueEnum;

use super::files::{self, Written};
use super::{Failure, Format, Result, Source};
use crate::excerpt;
use crate::report::{Finding, Report, ResourceRef};
use crate::stream::Stream;
use crate::text;
use crate::transport::Config;
use crate::views::{Files, junit, sarif};
use crate::yaml::{self, Node};

/// A report and where it goes: `sarif`, or `sarif=FILE`.
#[derive(Clone, Debug)]
pub(super) struct To {
    pub(super) format: Format,
    pub(super) file: Option<PathBuf>,
}

impl FromStr for To {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (format, file) = text.split_once('=').map_or((text, None), |(format, file)| (format, Some(file)));
        let format =
            Format::from_str(format, false).map_err(|_| "text, json, sarif or junit, and perhaps =FILE".to_owned())?;
        match file {
            Some("") => Err("there is no file behind `=`".to_owned()),
            file => Ok(Self { format, file: file.map(PathBuf::from) }),
        }
    }
}

/// What a run over a source has come to, for reports.
pub(super) struct Ended<'a> {
    pub(super) stream: &'a Stream,
    pub(super) report: &'a Report,
    pub(super) config: &'a Config,
    /// Whether the changes were made, or would be.
    pub(super) made: bool,
    pub(super) code: u8,
}

impl Format {
    /// The report for programs; `None` for people.
    pub(super) fn machine(self, source: &Source, ended: &Ended<'_>) -> Option<String> {
        let Ended { stream, report, config, made, code } = *ended;
        match self {
            Format::Text => None,
            Format::Json => Some(format!("{}\n", text::as_json(stream, report))),
            Format::Sarif => {
                let places = Places::new(source, Some(config));
                Some(format!("{}\n", sarif::sarif(stream, report, &config.pipeline, made, code, &places)))
            }
            Format::Junit => Some(junit::junit(stream, report, &config.pipeline, made)),
        }
    }

    /// The report of a run that came to none.
    pub(super) fn failed(self, source: &Source, failure: &Failure) -> Option<String> {
        match self {
            Format::Text => None,
            Format::Json => Some(format!("{}\n", serde_json::json!({"results": failure.results, "patches": []}))),
            Format::Sarif => Some(format!("{}\n", sarif::failed(failure, &Places::new(source, None)))),
            Format::Junit => Some(junit::failed(failure)),
        }
    }
}

/// Writes reports into their files: all of them, or none. A text is that for people.
pub(super) fn write(reports: &[To], each: impl Fn(Format) -> String) -> Result<()> {
    let named: Vec<PathBuf> = reports.iter().filter_map(|to| to.file.clone()).collect();
    let files = reports.iter().filter_map(|to| Some(Written::bytes(to.file.clone()?, each(to.format).into_bytes())));
    let files = files.collect();
    files::settle(&named.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    files::write(files, &named)
}

/// Where things lie, as seen from the working directory. Results are many and files few: each is looked for once.
struct Places<'a> {
    source: &'a Source,
    config: Option<&'a Config>,
    files: RefCell<HashMap<String, Option<String>>>,
    objects: RefCell<HashMap<String, Vec<Found>>>,
}

/// An object of a file.
struct Found {
    kind: String,
    name: String,
    line: usize,
}

impl<'a> Places<'a> {
    fn new(source: &'a Source, config: Option<&'a Config>) -> Self {
        Self { source, config, files: RefCell::default(), objects: RefCell::default() }
    }

    /// The config that was named or found.
    fn config_path(&self) -> PathBuf {
        let read = self.config.map(|config| PathBuf::from(&config.name));
        read.or_else(|| self.source.config.clone()).unwrap_or_else(|| PathBuf::from(super::init::CONFIG))
    }

    fn find(&self, file: &str) -> Option<String> {
        let file = Path::new(file);
        let config = self.config_path();
        let beside = config.parent().unwrap_or(Path::new(""));
        let root = self.source.sources.as_deref().unwrap_or(beside);
        // Helm writes the chart's name before the path in the chart.
        let in_chart: PathBuf = file.components().skip(1).collect();
        let tried = [root.join(file), root.join(in_chart), file.to_owned()];
        // A file of the input lies where it is said to.
        let plain = |path: &'a PathBuf| path.strip_prefix("./").unwrap_or(path);
        let named = self.source.paths.iter().any(|path| file.starts_with(path) || file.starts_with(plain(path)));
        let given = named || self.source.paths.iter().any(|path| path.as_os_str() == "." && file.is_relative());
        let found =
            tried.iter().skip(if given { 2 } else { 0 }).find(|path| path.is_file()).map(|path| relative(path))?;
        // What a manifest says of where it is from may be anywhere; a viewer resolves only what is below.
        let leads_out = || Path::new(&found).is_absolute() || found.starts_with("..");
        (named || !leads_out()).then_some(found)
    }
}

impl Files for Places<'_> {
    fn config(&self) -> String {
        relative(&self.config_path())
    }

    fn config_line(&self, finding: &Finding) -> usize {
        self.config.map_or(1, |config| excerpt::config_line(&config.text, config.pointer, finding))
    }

    fn source(&self, file: &str) -> Option<String> {
        let known = self.files.borrow().get(file).cloned();
        known.unwrap_or_else(|| {
            let found = self.find(file);
            self.files.borrow_mut().insert(file.to_owned(), found.clone());
            found
        })
    }

    fn line(&self, source: &str, object: &ResourceRef) -> usize {
        let mut objects = self.objects.borrow_mut();
        let found =
            objects.entry(source.to_owned()).or_insert_with(|| objects_of(Path::new(source)).unwrap_or_default());
        // A renderer may have put something before and behind the name.
        let is_it = |found: &&Found| found.kind == object.kind && object.name.contains(&found.name);
        found.iter().find(is_it).map_or(1, |found| found.line)
    }
}

/// The objects of a file; `None` where it is no YAML, as a template is not.
fn objects_of(file: &Path) -> Option<Vec<Found>> {
    let text = Arc::new(String::from_utf8(std::fs::read(file).ok()?).ok()?);
    let documents = yaml::parse(&text).ok()?;
    let mut lines = text::Lines::default();
    let found = documents.iter().filter_map(|document| {
        let root = document.root();
        let word = |path: &[&str]| root.find(path).and_then(Node::as_str).map(Cow::into_owned);
        let (kind, name) = (word(&["kind"])?, word(&["metadata", "name"]).filter(|name| !name.is_empty())?);
        Some(Found { kind, name, line: lines.number(&text, root.span()?.start) })
    });
    Some(found.collect())
}

/// A path from the working directory, if it lies below that: no `..` and no link stands in the way of who looks for it.
fn relative(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    let real = || Some(plain.canonicalize().ok()?.strip_prefix(here.canonicalize().ok()?).ok()?.to_owned());
    let below = plain.strip_prefix(&here).map(Path::to_owned).ok().or_else(real);
    below.unwrap_or_else(|| path.to_owned()).display().to_string()
}
