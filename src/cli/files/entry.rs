//! One path of a journal: its temporary file, the old one that is kept until the end, and the way forth and back. Each step
//! can be taken again after a stop.

use std::io;
use std::path::{Path, PathBuf};

use super::journal::State;
use super::mark::Mark;

/// What becomes of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The journal's name for itself.
    pub(super) id: String,
    pub(super) number: usize,
    pub(super) path: PathBuf,
    /// What is there before; `None` is nothing.
    pub(super) before: Option<Mark>,
    /// What is there afterwards.
    pub(super) after: Option<Mark>,
}

/// What a step has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Done,
    Already,
    /// Something else is at the path, which is not lost.
    Changed,
}

impl Entry {
    /// The new content.
    pub(super) fn fresh(&self) -> PathBuf {
        self.path.with_file_name(format!(".krmor-{}-{}.new", self.id, self.number))
    }

    /// The old one.
    pub(super) fn kept(&self) -> PathBuf {
        self.path.with_file_name(format!(".krmor-{}-{}.old", self.id, self.number))
    }

    /// Gives the new content its name, or takes the old one away.
    pub(super) fn complete(&self) -> io::Result<Step> {
        let fresh = self.fresh();
        if self.after.is_some() && !exists(&fresh) {
            return Ok(Step::Already);
        }
        let now = Mark::at(&self.path)?;
        if now != self.before {
            let step = if now == self.after { Step::Already } else { Step::Changed };
            return Ok(step);
        }
        match self.after {
            Some(_) => std::fs::rename(&fresh, &self.path)?,
            None => remove(&self.path)?,
        }
        Ok(Step::Done)
    }

    /// Brings back what was there, and takes the temporary files away.
    pub(super) fn undo(&self, state: State) -> io::Result<()> {
        let (fresh, kept) = (self.fresh(), self.kept());
        if state != State::Staged && Mark::at(&self.path)? == self.after && self.after != self.before {
            match self.before {
                Some(_) => std::fs::rename(&kept, &self.path)?,
                None => remove(&self.path)?,
            }
        }
        remove(&fresh)?;
        remove(&kept)
    }

    /// Takes the temporary files away. What cannot be removed is for the next krmor.
    pub(super) fn forget(&self) {
        let _ = remove(&self.fresh());
        let _ = remove(&self.kept());
    }

    pub(super) fn has_litter(&self) -> bool {
        exists(&self.fresh()) || exists(&self.kept())
    }
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        // A file system that cannot be written to says so also of what is not there.
        Err(error) if exists(path) => Err(error),
        _ => Ok(()),
    }
}
