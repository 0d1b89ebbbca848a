//! Temporary files: the new content beside the old one, which gets a second name until the end.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::entry::Entry;
use super::place::Planned;
use super::{Content, Mode, keep};

/// Makes the temporary files of an entry.
pub(super) fn stage(entry: &Entry, file: &Planned) -> io::Result<()> {
    match &file.content {
        Content::Bytes(bytes) => fresh(entry, bytes, file.mode)?,
        #[cfg(unix)]
        Content::Link(target) => std::os::unix::fs::symlink(target, entry.fresh())?,
        Content::Gone => {}
    }
    match entry.before {
        Some(_) => second(&entry.path, &entry.kept()),
        None => Ok(()),
    }
}

/// Puts them on the disk.
pub(super) fn sync(entry: &Entry) -> io::Result<()> {
    match entry.fresh().symlink_metadata() {
        Ok(meta) if meta.is_file() => File::open(entry.fresh()).or_else(|_| writable(&entry.fresh()))?.sync_all(),
        _ => Ok(()),
    }
}

fn writable(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

fn fresh(entry: &Entry, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let path = entry.fresh();
    let old = entry.before.is_some().then_some(entry.path.as_path());
    let mut file = keep::create(&path, if old.is_some() { Mode::AtMost(0o600) } else { mode })?;
    file.write_all(bytes)?;
    match old {
        Some(old) => keep::like(&file, old, matches!(mode, Mode::Executable)),
        None => Ok(()),
    }
}

/// Gives the old file a second name; where there can be none, a copy has it.
fn second(old: &Path, kept: &Path) -> io::Result<()> {
    if std::fs::hard_link(old, kept).is_ok() {
        return Ok(());
    }
    #[cfg(unix)]
    if old.is_symlink() {
        return std::os::unix::fs::symlink(std::fs::read_link(old)?, kept);
    }
    let bytes = std::fs::read(old)?;
    let mut file = keep::create(kept, Mode::AtMost(0o600))?;
    file.write_all(&bytes)?;
    keep::like(&file, old, false)?;
    file.sync_all()
}
