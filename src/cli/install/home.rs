//! A plugin home: what krmor puts there, and the record of it by which it is taken out again.
//!
//! The record names no folder of the machine but what links point at, so a home can be moved and copied with it. It is
//! written before what it tells of, and what is no longer as it tells is left alone: whatever interrupts an installation,
//! `--uninstall` takes out all that was made and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::doctor::plugins;
use super::super::{Failure, Result};
use crate::config::GROUP;

/// The record, in the folder of our group.
const RECORD: &str = "installed.json";

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

    fn write(&self, home: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        put(&record_of(home), text.as_bytes(), false)
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
    if before.as_ref() != Some(&record) {
        let written = record.write(home);
        // A home that is right without a record stays right where nobody can write one.
        if !right.iter().all(|right| *right) || !gone.is_empty() {
            written?;
        }
    }
    for path in gone {
        let path = home.join(path);
        std::fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
    }
    let mut done = Vec::new();
    for (entry, right) in entries.iter().zip(right) {
        let path = home.join(entry.path());
        done.push(match entry {
            _ if right => "is in place",
            Entry::File { bytes, executable, .. } => {
                put(&path, bytes, *executable)?;
                "written"
            }
            Entry::Link { target, .. } => {
                lay(&path, target).map_err(|error| failed(&path, &error))?;
                "laid"
            }
        });
    }
    Ok(done)
}

/// What became of a path when everything was taken out.
pub(super) enum Taken {
    Removed,
    /// It is not what krmor has made.
    Kept,
}

/// Takes out what the record tells of, as far as it is still that; `None` without a record.
pub(super) fn empty(home: &Path) -> Result<Option<Vec<(PathBuf, Taken)>>> {
    let Some(record) = Record::read(home)? else { return Ok(None) };
    let mut out = Vec::new();
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
                std::fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
                out.push((path, Taken::Removed));
            }
            Err(error) if is_absent(&error) => {}
            _ => out.push((path, Taken::Kept)),
        }
    }
    let path = record_of(home);
    std::fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
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

/// Writes a file that takes its name at once: a build that runs meanwhile finds the old one or the new one.
fn put(path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
    let temporary = temporary(path);
    let write = || {
        std::fs::create_dir_all(path.parent().unwrap_or(path))?;
        std::fs::write(&temporary, bytes)?;
        if executable {
            make_executable(&temporary)?;
        }
        std::fs::rename(&temporary, path)
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        failed(path, &error)
    })
}

fn temporary(path: &Path) -> PathBuf {
    path.with_extension(format!("krmor-{}", std::process::id()))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn lay(path: &Path, target: &Path) -> std::io::Result<()> {
    let temporary = temporary(path);
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    std::os::unix::fs::symlink(target, &temporary)?;
    std::fs::rename(&temporary, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

#[cfg(not(unix))]
pub(super) fn lay(path: &Path, target: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    std::fs::copy(folder.join(target), path).map(|_| ())
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            "; name a plugin home that can be written to by --home DIR"
        }
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
