//! What tells one content of a path from another.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

/// Length and hash of a content: of the bytes of a file, or of where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Mark {
    length: usize,
    hash: u64,
}

impl Mark {
    pub(in crate::cli) fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), hash: krmor_core::hash::fnv(bytes) }
    }

    /// Of a link to that.
    #[cfg(unix)]
    pub(super) fn of_link(target: &Path) -> Self {
        use std::os::unix::ffi::OsStrExt;
        // No file has it by chance: its length is none that its hash is of.
        let Self { length, hash } = Self::of(target.as_os_str().as_bytes());
        Self { length, hash: !hash }
    }

    /// What is at a path now.
    pub(super) fn at(path: &Path) -> io::Result<Option<Self>> {
        let meta = match path.symlink_metadata() {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        #[cfg(unix)]
        if meta.is_symlink() {
            return Ok(Some(Self::of_link(&std::fs::read_link(path)?)));
        }
        if !meta.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        Ok(Some(Self::of(&std::fs::read(path)?)))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:016x}", self.length, self.hash)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (length, hash) = text.split_once('.').ok_or(())?;
        Ok(Self { length: length.parse().map_err(drop)?, hash: u64::from_str_radix(hash, 16).map_err(drop)? })
    }
}
