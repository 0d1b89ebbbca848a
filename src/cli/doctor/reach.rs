//! Which files and folders the paths in scripts can mean. A script may run in its own folder or in any above it, and go into
//! others; each question is one look-up, since there may be as many scripts as configs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// From where a script's paths may be meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    /// The script's own folder.
    pub(super) folder: PathBuf,
    /// Where the script goes itself: `cd`, `working-directory:`.
    pub(super) into: Vec<Vec<String>>,
    /// Argo CD calls a plugin in the application's folder.
    pub(super) anywhere: bool,
}

/// What some paths can mean.
#[derive(Debug, Default)]
pub(super) struct Reach {
    exact: BTreeSet<PathBuf>,
    /// Ends of paths, with a variable or a pattern in front.
    open: BTreeSet<Vec<String>>,
    /// The same with the variable further inside: from these folders only.
    inside: BTreeSet<(PathBuf, Vec<String>)>,
}

impl Reach {
    /// Adds a path as it is written, in parts.
    pub(super) fn add(&mut self, start: &Start, path: &[String]) {
        if start.anywhere {
            self.open.insert(path.to_vec());
            return;
        }
        let into = start.into.iter().map(|into| into.iter().chain(path).cloned().collect::<Vec<_>>());
        for path in into.chain([path.to_vec()]) {
            if path.first().is_some_and(|part| is_open(part)) {
                self.open.insert(path);
                continue;
            }
            let is_inside = path.iter().any(|part| is_open(part));
            for folder in start.folder.ancestors() {
                if is_inside {
                    self.inside.insert((folder.to_owned(), path.clone()));
                } else {
                    self.exact.insert(folder.join(path.iter().collect::<PathBuf>()));
                }
            }
        }
    }

    /// Whether one of them can mean this file or folder.
    pub(super) fn holds(&self, file: &Path) -> bool {
        self.exact.contains(file)
            || self.open.iter().any(|path| ends(file, path))
            || self.inside.iter().any(|(folder, path)| {
                file.strip_prefix(folder).is_ok_and(|rest| rest.components().count() == path.len() && ends(rest, path))
            })
    }
}

/// Whether a path ends so; a part with a variable or a pattern stands for any.
fn ends(file: &Path, path: &[String]) -> bool {
    let mut parts = file.components().rev();
    path.iter().rev().all(|wanted| {
        parts.next().is_some_and(|part| is_open(wanted) || part.as_os_str().to_str().is_some_and(|part| part == wanted))
    })
}

fn is_open(part: &str) -> bool {
    part.contains(['$', '*', '{', '('])
}
