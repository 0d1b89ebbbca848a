//! Every file of a person that krmor writes is written here: all files of a call, or none, whatever ends it.
//!
//! New contents go into temporary files beside the old ones, under a journal that names them. Then the journal says that
//! they are whole, and they take their names. A krmor that is killed leaves the journal: the next one that is called for
//! that tree finishes what was said to be whole, and undoes what was not (`recover`).

mod entry;
mod journal;
mod keep;
mod mark;
mod place;
mod recover;
mod stage;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) use self::mark::Mark;
pub(super) use self::recover::settle;

use self::entry::{Entry, Step};
use self::journal::{Group, State};
use self::place::Plan;
use super::{Failure, INTERNAL, Result};

/// What becomes of a path.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Bytes(Vec<u8>),
    /// A symbolic link to that.
    #[cfg(unix)]
    Link(PathBuf),
    Gone,
}

/// What has to be at a path, or nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Any,
    Absent,
    Was(Mark),
}

/// Who may read what was not there before; what was keeps what it had.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Usual,
    /// Nobody more than may read a file of this mode.
    AtMost(u32),
    /// Also who may run it.
    Executable,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    path: PathBuf,
    content: Content,
    before: Before,
    mode: Mode,
}

impl Written {
    pub(super) fn new(path: PathBuf, content: Content) -> Self {
        Self { path, content, before: Before::Any, mode: Mode::Usual }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn bytes(path: PathBuf, bytes: Vec<u8>) -> Self {
        Self::new(path, Content::Bytes(bytes))
    }

    /// It is made from what was read there: whatever someone else has written meanwhile is not lost.
    pub(super) fn instead_of(self, read: Mark) -> Self {
        Self { before: Before::Was(read), ..self }
    }

    /// Nothing was there.
    pub(super) fn first(self) -> Self {
        Self { before: Before::Absent, ..self }
    }

    /// It is made from that file: who may not read that may not read this.
    pub(super) fn private_as(self, file: &Path) -> Self {
        let mode = keep::mode(file).map_or(self.mode, Mode::AtMost);
        Self { mode, ..self }
    }

    pub(super) fn executable(self) -> Self {
        Self { mode: Mode::Executable, ..self }
    }
}

/// Writes or removes every file, or none.
///
/// `within` are the files and directories that the caller named: nothing else is written, wherever links lead to.
pub(super) fn write(files: Vec<Written>, within: &[PathBuf]) -> Result<()> {
    let (direct, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| place::is_device(&file.path));
    let plan = place::plan(files, within)?;
    if !plan.files.is_empty() {
        transaction(plan)?;
    }
    for file in direct {
        let (Content::Bytes(bytes), Before::Any) = (&file.content, file.before) else {
            let message = format!("{}: it is no regular file; nothing was written to it", file.path.display());
            return Err(Failure::usage(message));
        };
        let written = std::fs::OpenOptions::new().write(true).open(&file.path);
        let written = written.and_then(|mut open| open.write_all(bytes));
        written.map_err(|error| Failure::io(&file.path.display().to_string(), &error))?;
    }
    Ok(())
}

/// Makes a folder and those above it.
pub(super) fn folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|error| Failure::io(&path.display().to_string(), &error))
}

fn transaction(mut plan: Plan) -> Result<()> {
    let mut group = Group::hold(&plan.homes)?;
    if let Err(failure) = plan.look().and_then(|()| group.begin(&plan)) {
        group.remove();
        return Err(failure);
    }
    let entries: Vec<Entry> = group.entries().cloned().collect();
    let none = |group: Group, path: &Path, error: &std::io::Error| {
        let left = undo(&entries, State::Staged);
        if left.is_empty() {
            group.remove();
        }
        Failure::new(INTERNAL, format!("error: {}: {error}; nothing was written\n", path.display()))
    };
    for (entry, file) in entries.iter().zip(&plan.files) {
        if let Err(error) = stage::stage(entry, file) {
            return Err(none(group, &file.shown, &error));
        }
    }
    for (entry, file) in entries.iter().zip(&plan.files) {
        if let Err(error) = stage::sync(entry) {
            return Err(none(group, &file.shown, &error));
        }
    }
    drop(plan.files.into_iter().map(|file| file.content));
    sync_folders(&entries);
    if let Err(error) = group.say(State::Committed) {
        let home = group.home().to_owned();
        return Err(none(group, &home, &error));
    }
    for entry in &entries {
        let error = match entry.complete() {
            Ok(Step::Done | Step::Already) => continue,
            Ok(Step::Changed) => std::io::Error::other("it has changed meanwhile"),
            Err(error) => error,
        };
        let said = group.say(State::Undone);
        let left = undo(&entries, State::Undone);
        let rest = match left.as_slice() {
            [] => "nothing was written".to_owned(),
            left => format!("written: {}", left.join(", ")),
        };
        if said.is_ok() && left.is_empty() {
            sync_folders(&entries);
            group.remove();
        }
        return Err(Failure::new(INTERNAL, format!("error: {}: {error}; {rest}\n", entry.path.display())));
    }
    sync_folders(&entries);
    entries.iter().for_each(Entry::forget);
    group.remove();
    Ok(())
}

/// Undoes what was done; the paths where that failed.
fn undo(entries: &[Entry], state: State) -> Vec<String> {
    let failed = entries.iter().filter(|entry| entry.undo(state).is_err());
    failed.map(|entry| entry.path.display().to_string()).collect()
}

fn sync_folders(entries: &[Entry]) {
    let folders: BTreeSet<&Path> = entries.iter().filter_map(|entry| entry.path.parent()).collect();
    folders.into_iter().for_each(sync_folder);
}

/// Makes that the names in a folder are on the disk. Not every file system can: what was written is whole all the same.
fn sync_folder(folder: &Path) {
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests;
