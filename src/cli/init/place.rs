//! Where something was read: a file as the config's comments name it, and a line.

use std::fmt;
use std::path::{Component, Path, PathBuf};

/// A file, relative to the folder of the config, and a line from 1; 0 for the file as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) file: String,
    pub(super) line: usize,
}

impl At {
    pub(super) fn new(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = crate::text::plain(&self.file).replace('\n', " ");
        if self.line == 0 { f.write_str(&file) } else { write!(f, "{file}:{}", self.line) }
    }
}

/// A value and where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told<T> {
    pub(super) value: T,
    pub(super) at: At,
}

impl<T> Told<T> {
    pub(super) fn new(value: T, at: At) -> Self {
        Self { value, at }
    }
}

/// A path as it is seen from a folder; both are absolute.
pub(super) fn seen_from(folder: &Path, path: &Path) -> String {
    let parts = |path: &Path| path.components().map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
    let (from, to) = (parts(folder), parts(path));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut out: PathBuf = from.iter().skip(common).map(|_| Component::ParentDir.as_os_str()).collect();
    out.extend(to.iter().skip(common));
    out.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_the_folder_of_the_config() {
        let seen = |path: &str| seen_from(Path::new("/a/b/base"), Path::new(path));
        assert_eq!(seen("/a/b/base/api.yaml"), "api.yaml");
        assert_eq!(seen("/a/b/Dockerfile"), "../Dockerfile");
        assert_eq!(seen("/a/other/x/Dockerfile"), "../../other/x/Dockerfile");
    }
}
