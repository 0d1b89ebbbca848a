//! What a file keeps when its content changes: mode, owner, extended attributes. What cannot be kept is an error: who may read
//! a file, and what a system knows of it, is not for krmor to change.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::Mode;

/// Makes a file that is not there yet; it is at no moment wider than that.
pub(super) fn create(path: &Path, mode: Mode) -> io::Result<File> {
    let mut open = OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        open.mode(match mode {
            Mode::Usual => 0o666,
            Mode::AtMost(mode) => mode & 0o666,
            Mode::Executable => 0o777,
        });
    }
    #[cfg(not(unix))]
    let _ = mode;
    open.open(path)
}

/// Who may do what with a file.
#[cfg(unix)]
pub(super) fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|meta| meta.mode() & 0o7777)
}

#[cfg(not(unix))]
pub(super) fn mode(_: &Path) -> Option<u32> {
    None
}

/// How many names a file has.
#[cfg(unix)]
pub(super) fn names(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    path.symlink_metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.nlink())
}

#[cfg(not(unix))]
pub(super) fn names(_: &Path) -> Option<u64> {
    None
}

/// Gives a new file what the old one has.
#[cfg(unix)]
pub(super) fn like(file: &File, old: &Path, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let (meta, own) = (old.symlink_metadata()?, file.metadata()?);
    if meta.is_symlink() {
        return Ok(()); // a link has nothing to keep
    }
    let (uid, gid) = (meta.uid(), meta.gid());
    if (uid, gid) != (own.uid(), own.gid()) {
        let other = |now: u32, wanted: u32| (now != wanted).then_some(wanted);
        fchown(file, other(own.uid(), uid), other(own.gid(), gid)).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!(
                    "it is of owner {uid} and group {gid}, which this user cannot give to its new content ({error})"
                ),
            )
        })?;
    }
    attributes(file, old)?;
    // Last: a change of the owner takes bits away, and no one else may read it before.
    let run = if executable { (meta.mode() & 0o444) >> 2 } else { 0 };
    file.set_permissions(std::fs::Permissions::from_mode(meta.mode() & 0o7777 | run))
}

#[cfg(not(unix))]
pub(super) fn like(file: &File, old: &Path, _: bool) -> io::Result<()> {
    file.set_permissions(old.metadata()?.permissions())
}

/// Extended attributes: access lists, labels, and what programs keep there.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn attributes(file: &File, old: &Path) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr, lgetxattr, llistxattr};
    let there = names_of(|buffer| llistxattr(old, buffer))?;
    for name in &there {
        let value = filled(|buffer| lgetxattr(old, name.as_slice(), buffer))?;
        let own = filled(|buffer| rustix::fs::fgetxattr(file, name.as_slice(), buffer));
        if own.is_ok_and(|own| own == value) {
            continue;
        }
        fsetxattr(file, name.as_slice(), &value, XattrFlags::empty()).map_err(|error| {
            let name = String::from_utf8_lossy(name);
            let error = io::Error::from(error);
            io::Error::new(error.kind(), format!("its attribute {name} cannot be kept ({error})"))
        })?;
    }
    // What its folder gave to the new file would let in whom the old one kept out.
    for name in names_of(|buffer| rustix::fs::flistxattr(file, buffer))? {
        if !there.contains(&name) && name.starts_with(b"system.posix_acl") {
            fremovexattr(file, name.as_slice())?;
        }
    }
    Ok(())
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android", target_vendor = "apple"))))]
fn attributes(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Names that end with a NUL each; none where the file system has no attributes.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn names_of(list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> io::Result<Vec<Vec<u8>>> {
    let names = match filled(list) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Vec::new(),
        names => names?,
    };
    Ok(names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

/// What a call writes into a buffer that is large enough.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn filled(get: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; 256];
    loop {
        match get(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(rustix::io::Errno::RANGE) if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 4, 0),
            Err(error) => return Err(error.into()),
        }
    }
}
