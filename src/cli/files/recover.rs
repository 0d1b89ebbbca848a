//! What a krmor that was stopped has left: the next one finishes it, or undoes it, and says so.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::entry::{Entry, Step};
use super::journal::{self, Open, State};
use super::{Failure, Result, place, sync_folders};

/// Settles what was left in these trees, in the folders above them, and in those of these files.
pub(in crate::cli) fn settle(paths: &[&Path]) -> Result<()> {
    let mut homes = BTreeSet::new();
    for path in paths.iter().filter(|path| path.as_os_str() != "-" && !place::is_device(path)) {
        for real in [place::real_path(path, true), place::real_path(path, false)] {
            let above = real.ancestors().filter(|folder| folder.join(journal::NAME).symlink_metadata().is_ok());
            homes.extend(above.map(Path::to_path_buf));
            if real.is_dir() {
                below(&real, &mut homes);
            }
        }
    }
    homes.iter().try_for_each(|home| settle_home(home))
}

/// The folders in a tree that have a journal. What cannot be read is for whoever reads the tree to say.
fn below(folder: &Path, homes: &mut BTreeSet<PathBuf>) {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name == journal::NAME {
                homes.insert(folder.clone());
            }
            let hidden = name.as_encoded_bytes().starts_with(b".");
            if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
        }
    }
}

fn settle_home(home: &Path) -> Result<()> {
    let Some(open) = Open::find(home)? else { return Ok(()) };
    let Some(master) = open.journal.master.clone() else { return finish(open) };
    let id = open.journal.id.clone();
    drop(open);
    // The journal with the state goes last: where it is gone, all had been done.
    if let Some(first) = Open::find(&master)?.filter(|first| first.journal.id == id && first.journal.master.is_none()) {
        finish(first)?;
    }
    match Open::find(home)?.filter(|open| open.journal.id == id) {
        Some(left) => close(left, State::Undone, &mut Told::default()),
        None => Ok(()),
    }
}

/// What was done about the files of a journal.
#[derive(Default)]
struct Told {
    files: usize,
    done: usize,
    changed: Vec<String>,
}

fn finish(first: Open) -> Result<()> {
    let state = first.journal.state;
    let mut told = Told::default();
    let home = first.home.clone();
    for other in &first.journal.homes {
        if let Some(part) = Open::find(other)?.filter(|part| part.journal.id == first.journal.id) {
            close(part, state, &mut told)?;
        }
    }
    close(first, state, &mut told)?;
    told.tell(&home, state);
    Ok(())
}

/// Finishes or undoes what one journal tells of, and takes it away.
fn close(open: Open, state: State, told: &mut Told) -> Result<()> {
    told.files += open.journal.entries.len();
    for entry in open.journal.entries.iter().filter(|entry| is_inside(entry, &open.home)) {
        let failed = |error: std::io::Error| {
            Failure::internal(format!(
                "{}: {error}; a krmor that wrote files in {} was stopped, and what it left cannot be brought to an end\n  \
                 fix: see that the folder can be written to, and run krmor again",
                entry.path.display(),
                open.home.display()
            ))
        };
        if state == State::Committed {
            match entry.complete().map_err(failed)? {
                Step::Done => told.done += 1,
                Step::Already => {}
                Step::Changed => told.changed.push(entry.path.display().to_string()),
            }
        } else {
            told.done += usize::from(entry.has_litter());
            entry.undo(state).map_err(failed)?;
        }
    }
    sync_folders(&open.journal.entries);
    open.journal.entries.iter().filter(|entry| is_inside(entry, &open.home)).for_each(Entry::forget);
    let home = open.home.display().to_string();
    open.remove().map_err(|error| Failure::io(&home, &error))
}

/// Whether an entry's folder is in that of the journal, wherever links lead to.
fn is_inside(entry: &Entry, home: &Path) -> bool {
    let folder = entry.path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.is_some_and(|folder| home.canonicalize().is_ok_and(|home| folder.starts_with(home)))
}

impl Told {
    fn tell(&self, home: &Path, state: State) {
        let files = |number: usize| format!("{number} {}", if number == 1 { "file" } else { "files" });
        let what = match state {
            State::Committed => {
                format!("finished; {} of {} had still to be written", self.done, files(self.files))
            }
            State::Staged => format!("undone; none of {} had been written", files(self.files)),
            State::Undone => format!("undone; the {} are as they were", files(self.files)),
        };
        let mut text = format!("note: a krmor that wrote files in {} was stopped: it is {what}\n", home.display());
        for path in &self.changed {
            text.push_str(&format!(
                "warning: {path}: it has been changed since then and stays as it is\n  fix: run that command again\n"
            ));
        }
        tell(&text);
    }
}

pub(super) fn tell(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes()); // with standard error gone there is nobody to tell
}
