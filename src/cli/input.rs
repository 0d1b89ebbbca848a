//! Reading configs, streams and files.

use std::collections::HashMap;
use std::io::{IsTerminal, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{self, Mark};
use super::{Failure, Result, Source, discover};
use crate::excerpt;
use crate::pipeline::Outcome;
use crate::report::Report;
use crate::stream::Stream;
use crate::transport::{self, Config, decode};
use crate::workload::{Row, row_of_crd};
use crate::yaml::{self, Document, Encoding};

/// Longest config that is read.
const MAX_CONFIG: u64 = 16 << 20;

/// One input file and which of the stream's documents are from it.
#[derive(Debug)]
pub(super) struct File {
    /// `None` for standard input.
    pub(super) path: Option<PathBuf>,
    pub(super) text: Arc<String>,
    /// What was read.
    pub(super) mark: Mark,
    encoding: Encoding,
    pub(super) documents: Range<usize>,
}

/// What a run works on.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) stream: Stream,
    pub(super) files: Vec<File>,
    /// The files and directories that it was read from, as they were named.
    pub(super) given: Vec<PathBuf>,
}

impl Input {
    /// The bytes of a file with the stream's changes in it.
    pub(super) fn render(&self, file: &File) -> Vec<u8> {
        let mut text = String::new();
        match self.changed(file) {
            true => self.stream.render_to(file.documents.clone(), |part| text.push_str(part)),
            false => text.push_str(&file.text),
        }
        file.encoding.encode(text)
    }

    /// Writes a file with the stream's changes in it to standard output.
    pub(super) fn write(&self, file: &File) -> Result<()> {
        let mut out = super::output()?;
        transport::write_text(&file.text, &self.stream, file.documents.clone(), file.encoding, &mut out)
    }

    pub(super) fn changed(&self, file: &File) -> bool {
        self.stream.changed(&file.documents)
    }
}

/// Reads the config at `path`, which may be a pipe.
pub(super) fn config(path: &Path, function: Option<&str>) -> Result<Config> {
    files::settle(&[path])?;
    let name = path.display().to_string();
    let failed = |error: std::io::Error| Failure::io(&format!("config {name}"), &error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_CONFIG) {
        return Err(Failure::usage(format!("config {name}: larger than 16 MiB")));
    }
    Config::read(&name, bytes, function)
}

/// Refuses to read the config and the manifests from the same standard input.
pub(super) fn apart(config: &Path, paths: &[PathBuf]) -> Result<()> {
    let is_stdin =
        |path: &Path| ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path.as_os_str() == *name);
    match is_stdin(config) && paths.iter().any(|path| is_stdin(path)) {
        true => Err(Failure::usage(
            "the config and the manifests cannot both come from standard input; put one of them into a file",
        )),
        false => Ok(()),
    }
}

/// All of standard input.
pub(super) fn stdin() -> Result<Vec<u8>> {
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        return Err(Failure::usage(format!("nothing is piped in\n\n{}", super::help())));
    }
    let mut bytes = Vec::new();
    stdin.read_to_end(&mut bytes).map_err(|error| Failure::io("standard input", &error))?;
    Ok(bytes)
}

/// Reads the config and the input of a source and runs one over the other.
pub(super) fn run(source: &Source) -> Result<(Config, Input, Report, Outcome)> {
    let found = discover::find(source)?;
    apart(&found.config, &found.paths)?;
    let config = config(&found.config, source.function.as_deref());
    // As in a pipe: what is wrong with the text of standard input is told before what is wrong with the config.
    let is_piped = found.paths.iter().all(|path| path.as_os_str() == "-");
    if is_piped && config.is_err() {
        drop(read_without(&found.paths, true, Some(&found.config), Vec::new())?);
    }
    let mut config = config?;
    config.pipeline.learn(schemas(&source.crds)?, source.allow_none);
    let mut input = read_without(&found.paths, source.allow_empty, Some(&found.config), found.generated)?;
    let mut report = Report::default();
    config.pipeline.partial = source.partial;
    let outcome = config.pipeline.run(&mut input.stream, &mut report);
    Ok((config, input, report, outcome))
}

/// What the CustomResourceDefinitions of files and directories say of their kinds.
pub(super) fn schemas(paths: &[PathBuf]) -> Result<Vec<Row>> {
    let mut files = Vec::new();
    files::settle(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    for path in paths {
        collect(path, &mut files)?;
    }
    let mut rows = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let bytes = std::fs::read(&path).map_err(|error| Failure::io(&name, &error))?;
        let (text, _) = decode(&name, bytes)?;
        let text = Arc::new(text);
        let documents = yaml::parse(&text).map_err(|error| excerpt::yaml_error(&name, &text, &error))?;
        rows.extend(documents.iter().filter_map(|document| row_of_crd(document.root())));
    }
    Ok(rows)
}

/// Reads files, directories or standard input, as one stream.
pub(super) fn read(given: &[PathBuf], allow_empty: bool) -> Result<Input> {
    read_without(given, allow_empty, None, Vec::new())
}

/// The same without the config, which may lie among the manifests, and with documents that are in no file.
fn read_without(given: &[PathBuf], allow_empty: bool, config: Option<&Path>, more: Vec<Document>) -> Result<Input> {
    let mut paths = Vec::new();
    files::settle(&given.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let own = config.and_then(|path| path.canonicalize().ok());
    for path in given {
        let from = paths.len();
        collect(path, &mut paths)?;
        if path.is_dir() && config.is_some() {
            // Also that of a folder, where another one is named.
            let is_config = |path: &PathBuf| path.canonicalize().ok() == own || discover::is_own_config(path);
            let rest = paths.split_off(from);
            let rest = rest.into_iter().filter(|path| !is_config(path));
            paths.extend(rest.map(|path| path.strip_prefix("./").map(Path::to_owned).unwrap_or(path)));
        }
    }
    let paths = once(paths);
    if given.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::usage("`-` can be given once only"));
    }
    let (mut files, mut documents, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let from_stdin = path.as_os_str() == "-";
        let name = if from_stdin { "standard input".to_owned() } else { path.display().to_string() };
        let bytes =
            if from_stdin { stdin()? } else { std::fs::read(&path).map_err(|error| Failure::io(&name, &error))? };
        let mark = Mark::of(&bytes);
        let (text, encoding) = decode(&name, bytes)?;
        let text = Arc::new(text);
        let parsed = yaml::parse(&text).map_err(|error| excerpt::yaml_error(&name, &text, &error))?;
        transport::check_encoding(&name, encoding, &text, parsed.len())?;
        let start = documents.len();
        let shown: Option<Arc<str>> = (!from_stdin).then(|| Arc::from(name.as_str()));
        names.extend((0..parsed.len()).map(|number| shown.clone().map(|name| (name, number))));
        documents.extend(parsed);
        files.push(File {
            path: (!from_stdin).then_some(path),
            text,
            mark,
            encoding,
            documents: start..documents.len(),
        });
    }
    names.extend(more.iter().map(|_| None));
    documents.extend(more);
    let stream = Stream::of_documents(documents, |number| names.get(number).cloned().flatten());
    transport::holds_objects(&stream, (!allow_empty).then_some(transport::NO_OBJECTS))?;
    Ok(Input { stream, files, given: given.to_vec() })
}

/// The files that a path stands for, in the order of their names.
pub(super) fn collect(path: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    if path.as_os_str() == "-" || !path.is_dir() {
        out.push(path.to_owned());
        return Ok(());
    }
    let root = path.canonicalize().map_err(|error| Failure::io(&path.display().to_string(), &error))?;
    walk(path, &root, out)
}

fn walk(folder: &Path, root: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    let list = |error: std::io::Error| Failure::io(&folder.display().to_string(), &error);
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(list)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .map_err(list)?;
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'));
        let link = entry.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        let extension = entry.extension().and_then(|extension| extension.to_str());
        if hidden {
        } else if entry.is_dir() {
            // Links could lead round in a circle.
            if !link {
                walk(&entry, root, out)?;
            }
        } else if matches!(extension, Some("yaml" | "yml" | "json")) {
            let name = entry.display();
            let real = entry.canonicalize().map_err(|error| Failure::io(&name.to_string(), &error))?;
            if !real.starts_with(root) {
                return Err(Failure::usage(format!(
                    "{name}: it is a link that leads to {}, which is outside of what was named; nothing was written\n  fix: put a \
                     file of its own in the place of the link, or name the file itself, too",
                    real.display()
                )));
            }
            if !real.is_file() {
                return Err(Failure::usage(format!("{name}: it is no regular file; take it out of the directory")));
            }
            out.push(entry);
        }
    }
    Ok(())
}

/// Each file once, whatever names it has: by its own, where that is among them.
fn once(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut first: HashMap<PathBuf, usize> = HashMap::new();
    let mut out: Vec<PathBuf> = Vec::new();
    for path in paths {
        let real = path.canonicalize().ok().filter(|real| real.is_file());
        let known = real.as_ref().and_then(|real| first.get(real)).and_then(|at| out.get_mut(*at));
        match known {
            Some(known) if known.is_symlink() && !path.is_symlink() => *known = path,
            Some(_) => {}
            None => {
                first.extend(real.map(|real| (real, out.len())));
                out.push(path);
            }
        }
    }
    out
}
