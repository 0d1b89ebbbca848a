//! Reading configs, streams and files.

use std::io::{IsTerminal, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, INTERNAL, Result, Source, discover};
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
        let mut out = std::io::stdout().lock();
        transport::write_text(&file.text, &self.stream, file.documents.clone(), file.encoding, &mut out)
    }

    pub(super) fn changed(&self, file: &File) -> bool {
        self.stream.changed(&file.documents)
    }
}

/// Reads the config at `path`.
pub(super) fn config(path: &Path, function: Option<&str>) -> Result<Config> {
    let name = path.display().to_string();
    let size = std::fs::metadata(path).map_err(|error| Failure::io(&format!("config {name}"), &error))?.len();
    if size > MAX_CONFIG {
        return Err(Failure::usage(format!("config {name}: larger than 16 MiB")));
    }
    let bytes = std::fs::read(path).map_err(|error| Failure::io(&format!("config {name}"), &error))?;
    Config::read(&name, bytes, function)
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
    let mut config = config(&found.config, source.function.as_deref())?;
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
    for path in paths {
        collect(path, true, &mut files)?;
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
    let own = config.and_then(|path| path.canonicalize().ok());
    for path in given {
        let from = paths.len();
        collect(path, true, &mut paths)?;
        if path.is_dir() && config.is_some() {
            // Also that of a folder, where another one is named.
            let is_config = |path: &PathBuf| path.canonicalize().ok() == own || discover::is_own_config(path);
            let rest = paths.split_off(from);
            let rest = rest.into_iter().filter(|path| !is_config(path));
            paths.extend(rest.map(|path| path.strip_prefix("./").map(Path::to_owned).unwrap_or(path)));
        }
    }
    if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::usage("`-` can be given once only"));
    }
    let (mut files, mut documents, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let from_stdin = path.as_os_str() == "-";
        let name = if from_stdin { "standard input".to_owned() } else { path.display().to_string() };
        let bytes =
            if from_stdin { stdin()? } else { std::fs::read(&path).map_err(|error| Failure::io(&name, &error))? };
        let (text, encoding) = decode(&name, bytes)?;
        let text = Arc::new(text);
        let parsed = yaml::parse(&text).map_err(|error| excerpt::yaml_error(&name, &text, &error))?;
        transport::check_encoding(&name, encoding, &text, parsed.len())?;
        let start = documents.len();
        let shown: Option<Arc<str>> = (!from_stdin).then(|| Arc::from(name.as_str()));
        names.extend((0..parsed.len()).map(|number| shown.clone().map(|name| (name, number))));
        documents.extend(parsed);
        files.push(File { path: (!from_stdin).then_some(path), text, encoding, documents: start..documents.len() });
    }
    names.extend(more.iter().map(|_| None));
    documents.extend(more);
    let stream = Stream::of_documents(documents, |number| names.get(number).cloned().flatten());
    transport::holds_objects(&stream, (!allow_empty).then_some(transport::NO_OBJECTS))?;
    Ok(Input { stream, files, given: given.to_vec() })
}

/// The files that a path stands for, in the order of their names.
pub(super) fn collect(path: &Path, named: bool, out: &mut Vec<PathBuf>) -> Result<()> {
    if path.as_os_str() == "-" || path.is_file() {
        let wanted =
            path.extension().is_some_and(|extension| matches!(extension.to_str(), Some("yaml" | "yml" | "json")));
        if named || wanted {
            out.push(path.to_owned());
        }
        return Ok(());
    }
    let list = |error: std::io::Error| Failure::io(&path.display().to_string(), &error);
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(list)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .map_err(list)?;
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'));
        // Links could lead round in a circle.
        let link = entry.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        if !(hidden || link && entry.is_dir()) {
            collect(&entry, false, out)?;
        }
    }
    Ok(())
}

/// What becomes of a file: its new content, or nothing.
pub(super) type Written = (PathBuf, Option<Vec<u8>>);

/// Writes or removes every file, or none: all new contents go to temporary files first, then take their names.
///
/// `within` are the files and directories that the caller named: nothing else is written, wherever links lead to.
pub(super) fn write_files(files: Vec<Written>, within: &[PathBuf]) -> Result<()> {
    let mut targets: Vec<Written> = Vec::new();
    let roots: Vec<PathBuf> = within.iter().map(|root| real_path(root)).collect();
    for (path, bytes) in files {
        let real = real_path(&path);
        if !roots.iter().any(|root| real.starts_with(root)) {
            let message = format!(
                "{}: it is, or leads to, {}, which is outside of what was named; nothing was written\n  fix: put a file of its \
                 own in the place of the link, or name the directory that holds both",
                path.display(),
                real.display()
            );
            return Err(Failure::usage(message));
        }
        // Two names of one file would take turns.
        if targets.iter().any(|(other, _)| *other == real) {
            let message =
                format!("{}: another file that is written leads to it too; nothing was written", path.display());
            return Err(Failure::usage(message));
        }
        targets.push((real, bytes));
    }
    let mut staged: Vec<(PathBuf, Option<PathBuf>)> = Vec::new();
    let undo = |staged: &[(PathBuf, Option<PathBuf>)]| {
        for temporary in staged.iter().filter_map(|(_, temporary)| temporary.as_ref()) {
            let _ = std::fs::remove_file(temporary);
        }
    };
    for (path, bytes) in targets {
        let Some(bytes) = bytes else {
            staged.push((path, None));
            continue;
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".krmor-{}", std::process::id()));
        let temporary = path.with_file_name(name);
        let permissions = std::fs::metadata(&path).ok().map(|meta| meta.permissions());
        staged.push((path.clone(), Some(temporary.clone())));
        let write = std::fs::write(&temporary, bytes).and_then(|()| match permissions {
            Some(permissions) => std::fs::set_permissions(&temporary, permissions),
            None => Ok(()),
        });
        if let Err(error) = write {
            undo(&staged);
            return Err(Failure::io(&path.display().to_string(), &error));
        }
    }
    let mut done: Vec<(&PathBuf, Option<Vec<u8>>)> = Vec::new();
    for (number, (path, temporary)) in staged.iter().enumerate() {
        let before = std::fs::read(path).ok();
        let change = match temporary {
            Some(temporary) => std::fs::rename(temporary, path),
            None => std::fs::remove_file(path),
        };
        let Err(error) = change else {
            done.push((path, before));
            continue;
        };
        undo(staged.get(number..).unwrap_or_default());
        // What has its new content gets the old one back.
        let restore = |(path, before): &(&PathBuf, Option<Vec<u8>>)| match before {
            Some(bytes) => std::fs::write(path, bytes),
            None => std::fs::remove_file(path),
        };
        let kept: Vec<String> =
            done.iter().filter(|file| restore(file).is_err()).map(|(path, _)| path.display().to_string()).collect();
        let rest =
            if kept.is_empty() { "nothing was written".to_owned() } else { format!("written: {}", kept.join(", ")) };
        return Err(Failure::new(INTERNAL, format!("error: {}: {error}; {rest}\n", path.display())));
    }
    Ok(())
}

/// Where a path leads. A link stays a link: what it points to is written. What is not there yet is where its folder is.
fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    // A link that leads to nothing would be written through.
    let target = std::fs::read_link(path).map(|target| path.parent().unwrap_or(Path::new("")).join(target));
    let path = target.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_one_file_cannot_be_written_none_is() {
        let folder = std::env::temp_dir().join(format!("krmor-write-files-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("taken/inside")).unwrap();
        std::fs::write(folder.join("old"), "old").unwrap();
        let files = ["old", "new", "taken"].map(|name| (folder.join(name), Some(b"written".to_vec())));
        let failure = write_files(files.to_vec(), std::slice::from_ref(&folder)).unwrap_err();
        assert!(failure.message.contains("nothing was written"), "{}", failure.message);
        let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(
            (names, std::fs::read(folder.join("old")).unwrap()),
            (vec!["old".into(), "taken".into()], b"old".to_vec())
        );
        // Nor is one removed.
        let files =
            [("old", None), ("taken", Some(b"written".to_vec()))].map(|(name, bytes)| (folder.join(name), bytes));
        assert!(write_files(files.to_vec(), std::slice::from_ref(&folder)).is_err());
        assert_eq!(std::fs::read(folder.join("old")).unwrap(), b"old");
        // Nothing outside is touched.
        let inside = [folder.join("taken")];
        for path in ["old", "taken/../old", "taken/inside/../../new"] {
            let failure = write_files(vec![(folder.join(path), Some(Vec::new()))], &inside).unwrap_err();
            assert!(failure.message.contains("outside of what was named"), "{}", failure.message);
        }
        #[cfg(unix)]
        for target in ["old", "none"] {
            let link = folder.join(format!("taken/to-{target}"));
            std::os::unix::fs::symlink(folder.join(target), &link).unwrap();
            let failure = write_files(vec![(link, Some(Vec::new()))], &inside).unwrap_err();
            assert!(failure.message.contains("outside of what was named"), "{}", failure.message);
        }
        assert_eq!(std::fs::read(folder.join("old")).unwrap(), b"old");
        assert!(!folder.join("none").exists());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
