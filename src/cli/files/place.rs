//! Where files lie that are to be written: each once, none outside of what was named, none that is more than a file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::mark::Mark;
use super::{Before, Content, Failure, Mode, Result, Written, keep};

/// A file that is to be written, where its path leads.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) real: PathBuf,
    /// As the caller named it.
    pub(super) shown: PathBuf,
    pub(super) content: Content,
    pub(super) meant: Before,
    pub(super) before: Option<Mark>,
    pub(super) mode: Mode,
    /// Which of the homes it is in.
    pub(super) home: usize,
}

/// What is to be written, and the folders that get a journal: those that were named, but none inside another.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) homes: Vec<PathBuf>,
    pub(super) files: Vec<Planned>,
}

pub(super) fn plan(files: Vec<Written>, within: &[PathBuf]) -> Result<Plan> {
    let roots: Vec<PathBuf> = within.iter().map(|root| real_path(root, true)).collect();
    let mut homes: Vec<PathBuf> = Vec::new();
    let mut planned: Vec<Planned> = Vec::new();
    let mut seen: HashSet<PathBuf> = HashSet::new();
    let mut wanted: Vec<(PathBuf, Written, PathBuf)> = Vec::new();
    for file in files {
        let real = real_path(&file.path, matches!(file.content, Content::Bytes(_)));
        let root = roots.iter().filter(|root| real.starts_with(root)).min_by_key(|root| root.as_os_str().len());
        let Some(root) = root else { return Err(outside(&file.path, &real)) };
        let home = if root.is_dir() { root.as_path() } else { root.parent().unwrap_or(root) };
        // Two contents of one file would take turns.
        if !seen.insert(real.clone()) {
            let shown = file.path.display();
            let message = format!("{shown}: another file that is written leads to it too; nothing was written");
            return Err(Failure::usage(message));
        }
        homes.push(home.to_owned());
        wanted.push((real, file, home.to_owned()));
    }
    homes.sort();
    homes.dedup();
    let all = homes.clone();
    homes.retain(|home| !all.iter().any(|other| other != home && home.starts_with(other)));
    for (real, file, home) in wanted {
        let home = homes.iter().position(|one| home.starts_with(one)).unwrap_or_default();
        let Written { path: shown, content, mode, before: meant } = file;
        planned.push(Planned { real, shown, content, meant, before: None, mode, home });
    }
    // A journal tells of its own files only: they stand in the order of the homes.
    planned.sort_by_key(|file| file.home);
    Ok(Plan { homes, files: planned })
}

impl Plan {
    /// Looks at what is there, once nobody else writes there.
    pub(super) fn look(&mut self) -> Result<()> {
        for file in &mut self.files {
            file.before = before(file)?;
        }
        Ok(())
    }
}

/// What is at the path, if it may be written over.
fn before(file: &Planned) -> Result<Option<Mark>> {
    let (shown, real) = (file.shown.display(), &file.real);
    if let (Some(names), Content::Bytes(_)) = (keep::names(real).filter(|names| *names > 1), &file.content) {
        return Err(Failure::usage(format!(
            "{shown}: the file has {names} names (hard links), and writing it would part them; nothing was written\n  fix: \
             give this name a file of its own: cp -p {shown} {shown}.own && mv {shown}.own {shown}"
        )));
    }
    let failed = |error: std::io::Error| Failure::internal(format!("{shown}: {error}; nothing was written"));
    let now = Mark::at(real).map_err(failed)?;
    let as_meant = match file.meant {
        Before::Any => true,
        Before::Absent => now.is_none(),
        Before::Was(mark) => now == Some(mark),
    };
    // A new file in its place would get round what its mode says.
    if let (true, Before::Was(_)) = (as_meant, file.meant) {
        std::fs::OpenOptions::new().append(true).open(real).map_err(failed)?;
    }
    match as_meant {
        true => Ok(now),
        false => Err(Failure::internal(format!(
            "{shown}: it has changed meanwhile; nothing was written\n  fix: run the command again"
        ))),
    }
}

fn outside(path: &Path, real: &Path) -> Failure {
    Failure::usage(format!(
        "{}: it is, or leads to, {}, which is outside of what was named; nothing was written\n  fix: put a file of its \
         own in the place of the link, or name the directory that holds both",
        path.display(),
        real.display()
    ))
}

/// Whether a path leads to a pipe, a terminal or the like, which has no name to take.
pub(super) fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// Where a path leads. A link stays a link, if it is to be followed: what it points to is written. What is not there yet is
/// where its folder is.
pub(super) fn real_path(path: &Path, follow: bool) -> PathBuf {
    if follow && let Ok(real) = path.canonicalize() {
        return real;
    }
    // A link that leads to nothing would be written through.
    let target = std::fs::read_link(path).ok().filter(|_| follow);
    let target = target.map(|target| path.parent().unwrap_or(Path::new("")).join(target));
    let path = target.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
