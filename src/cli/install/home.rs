//! A plugin home: what krmor puts there, and the record of it by which it is taken out again.
//!
//! The record names no folder of the machine but what links point at, so a home can be moved and copied with it. It is
//! written together with what it tells of, and what is no longer as it tells is left alone: whatever interrupts an
//! installation, `--uninstall` takes out all that was made and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::doctor::plugins;
use super::super::files::{self as writing, Content, Written};
use super::super::{Failure, Result};
use crate::config::GROUP;

/// The record, in the folder of our group.
const RECORD: &str = "installed.json";

/// What to do about a home that cannot be written to.
const HINT: &str = "; name a plugin home that can be written to by --home DIR";

/// What is to be at a path of the home, which is relative to it.
#[derive(Debug)]
pub(super) enum Entry {
    /// A file with these bytes.
    File { path: PathBuf, bytes: Vec<u8>, executable: bool },
    /// A link to that.
    Link { path: PathBuf, target: PathBuf },
}

impl Entry {
    pub(super) fn path(&self) -> &Path {
        match self {
            Entry::File { path, .. } | Entry::Link { path, .. } => path,
        }
    }
}

/// What krmor has made in a home, by paths in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// What the record is for, for whoever finds it.
    #[serde(default)]
    about: String,
    folders: BTreeSet<String>,
    /// Each with a hash of its bytes.
    files: BTreeMap<String, String>,
    /// Each with what it points at.
    links: BTreeMap<String, String>,
}

impl Record {
    fn read(home: &Path) -> Result<Option<Self>> {
        let path = record_of(home);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        };
        let read = serde_json::from_slice(&bytes);
        let broken = |_| {
            Failure::usage(format!(
                "{}: this is no record of krmor's; remove {} by hand and install again",
                path.display(),
                home.join(GROUP).display()
            ))
        };
        read.map(Some).map_err(broken)
    }

    fn file(&self, home: &Path) -> Written {
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        Written::bytes(record_of(home), text.into_bytes())
    }

    fn add(&mut self, entry: &Entry) {
        let path = text(entry.path());
        self.files.remove(&path);
        self.links.remove(&path);
        match entry {
            Entry::File { bytes, .. } => self.files.insert(path, hash(bytes)),
            Entry::Link { target, .. } => self.links.insert(path, text(target)),
        };
    }
}

/// Where kustomize looks for the plugin of a kind.
pub(in crate::cli) fn link(home: &Path, api_version: &str, kind: &str) -> PathBuf {
    home.join(place_of(api_version, kind))
}

/// The same, in a home.
pub(super) fn place_of(api_version: &str, kind: &str) -> PathBuf {
    Path::new(api_version).join(kind.to_lowercase()).join(kind)
}

/// Makes that these entries are in the home, and these paths are not; what was done for each entry. What is right already
/// is not written, so that a home that nobody can write to can be right.
pub(super) fn fill(home: &Path, entries: &[Entry], absent: &[PathBuf]) -> Result<Vec<&'static str>> {
    writing::settle(&[home])?;
    let before = Record::read(home)?;
    let mut record = before.clone().unwrap_or_default();
    "What `krmor install kustomize` has made here; `--uninstall` reads it.".clone_into(&mut record.about);
    let right: Vec<bool> = entries.iter().map(|entry| is_right(home, entry)).collect();
    let gone: Vec<&PathBuf> = absent.iter().filter(|path| home.join(path).symlink_metadata().is_ok()).collect();
    let own = Path::new(GROUP).join(RECORD);
    for path in entries.iter().map(Entry::path).chain([own.as_path()]) {
        record.folders.extend(missing_folders(home, path));
    }
    for entry in entries {
        record.add(entry);
    }
    for path in &gone {
        record.files.remove(&text(path));
    }
    let all_right = right.iter().all(|right| *right) && gone.is_empty();
    let mut files = Vec::new();
    if before.as_ref() != Some(&record) {
        files.push(record.file(home));
    }
    files.extend(gone.into_iter().map(|path| Written::new(home.join(path), Content::Gone)));
    let mut done = Vec::new();
    for (entry, right) in entries.iter().zip(right) {
        let path = home.join(entry.path());
        done.push(match entry {
            _ if right => "is in place",
            Entry::File { bytes, executable, .. } => {
                let file = Written::bytes(path, bytes.clone());
                files.push(if *executable { file.executable() } else { file });
                "written"
            }
            Entry::Link { target, .. } => {
                files.push(link_to(&path, target)?);
                "laid"
            }
        });
    }
    // A home that is right without a record stays right where nobody can write one.
    match write(home, files) {
        Err(failure) if !all_right => Err(failure),
        _ => Ok(done),
    }
}

/// Writes into a home, all or nothing. Folders that are of no use then are not left.
fn write(home: &Path, files: Vec<Written>) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let mut made = Vec::new();
    let folders = files.iter().filter_map(|file| file.path().parent());
    for folder in folders.chain([home]) {
        let missing = folder.ancestors().take_while(|folder| !folder.is_dir());
        made.extend(missing.map(Path::to_path_buf));
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    writing::write(files, &[home.to_owned()]).map_err(|mut failure| {
        made.sort();
        made.iter().rev().for_each(|folder| drop(std::fs::remove_dir(folder)));
        // As the system numbers what the kinds of errors in `failed` are.
        if ["(os error 13)", "(os error 30)"].iter().any(|error| failure.message.contains(error)) {
            failure.message = format!("{}{HINT}\n", failure.message.trim_end());
        }
        failure
    })
}

/// What became of a path when everything was taken out.
pub(super) enum Taken {
    Removed,
    /// It is not what krmor has made.
    Kept,
}

/// Takes out what the record tells of, as far as it is still that; `None` without a record.
pub(super) fn empty(home: &Path) -> Result<Option<Vec<(PathBuf, Taken)>>> {
    writing::settle(&[home])?;
    let Some(record) = Record::read(home)? else { return Ok(None) };
    let (mut out, mut gone) = (Vec::new(), Vec::new());
    let files = record.files.iter().map(|(path, hash)| (path, hash, false));
    for (relative, known, is_link) in files.chain(record.links.iter().map(|(path, target)| (path, target, true))) {
        let path = home.join(relative);
        // Whoever wrote the record: nothing outside of the home is touched.
        if !Path::new(relative).components().all(|part| matches!(part, Component::Normal(_))) {
            continue;
        }
        let found = match is_link {
            true => std::fs::read_link(&path).map(|target| text(&target)),
            false => std::fs::symlink_metadata(&path).and_then(|meta| {
                if meta.is_file() { std::fs::read(&path).map(|bytes| hash(&bytes)) } else { Ok(String::new()) }
            }),
        };
        match found {
            Ok(found) if found == *known => {
                gone.push(Written::new(path.clone(), Content::Gone));
                out.push((path, Taken::Removed));
            }
            Err(error) if is_absent(&error) => {}
            _ => out.push((path, Taken::Kept)),
        }
    }
    gone.push(Written::new(record_of(home), Content::Gone));
    write(home, gone)?;
    // The innermost first; what still holds something stays.
    for relative in record.folders.iter().rev().filter(|path| !path.contains("..") && !Path::new(path).is_absolute()) {
        let _ = std::fs::remove_dir(if relative == "." { home.to_owned() } else { home.join(relative) });
    }
    Ok(Some(out))
}

fn record_of(home: &Path) -> PathBuf {
    home.join(GROUP).join(RECORD)
}

fn is_right(home: &Path, entry: &Entry) -> bool {
    let path = home.join(entry.path());
    match entry {
        Entry::File { bytes, executable, .. } => {
            let meta = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file);
            let same_length = meta.is_some_and(|meta| usize::try_from(meta.len()) == Ok(bytes.len()));
            same_length
                && (!executable || plugins::is_executable(&path))
                && std::fs::read(&path).is_ok_and(|there| there == *bytes)
        }
        Entry::Link { target, .. } => std::fs::read_link(&path).is_ok_and(|there| there == *target),
    }
}

/// The folders down to a path of the home that are not there: `.` is the home itself.
fn missing_folders(home: &Path, path: &Path) -> Vec<String> {
    let folders = path.ancestors().skip(1);
    let missing = folders.filter(|folder| !home.join(folder).is_dir());
    missing.map(|folder| if folder.as_os_str().is_empty() { ".".to_owned() } else { text(folder) }).collect()
}

/// What makes a link at a path to a target; where there are none, a copy.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps)] // a copy may fail
pub(super) fn link_to(path: &Path, target: &Path) -> Result<Written> {
    Ok(Written::new(path.to_owned(), Content::Link(target.to_owned())))
}

#[cfg(not(unix))]
pub(super) fn link_to(path: &Path, target: &Path) -> Result<Written> {
    let from = path.parent().unwrap_or(path).join(target);
    let bytes = std::fs::read(&from).map_err(|error| failed(&from, &error))?;
    Ok(Written::bytes(path.to_owned(), bytes).executable())
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => HINT,
        _ => "",
    };
    Failure::internal(format!("{}: {error}{hint}", path.display()))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Tells a file that was changed from the one that was written.
fn hash(bytes: &[u8]) -> String {
    format!("{:016x}", krmor_core::hash::fnv(bytes))
}
