//! Compiled modules, kept: native code that this user's krmor has made, for this user's krmor.
//!
//! # The contract, and why this file may be `unsafe`
//!
//! To load a compiled module is to run native code: it must be what [`wasmtime::Engine::precompile_module`] of this
//! version gave for that very module. So:
//! - The folder is this user's and nobody else can look into it or write to it (0700), or it is not used.
//! - A file in it is opened without following a link, and then, by its open handle, must be a regular file of this user's
//!   that nobody else can write to.
//! - Its name is the SHA-256 of the module and of what the engine says of itself: version, target, settings.
//! - It appears by a rename, complete or not at all. The engine looks at its version and settings once more.
//!
//! Who can write there nevertheless is this user, who can run native code anyway.
#![allow(unsafe_code)]

use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;
use wasmtime::{Engine, Module};

use super::super::{Failure, Result};

/// How many compiled modules are kept: those go that were not used for longest.
const KEPT: usize = 32;
/// Nothing takes as long to write.
const STALE: Duration = Duration::from_secs(3600);

/// A folder of compiled modules.
#[derive(Debug)]
pub(in crate::cli) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The folder that was asked for, or that of the user; `None` where the user has none that can be written.
    ///
    /// # Errors
    /// When it is open to others, or, if it was asked for, cannot be had.
    pub(super) fn open(asked: Option<&Path>) -> Result<Option<Self>> {
        let Some(folder) = asked.map(Path::to_owned).or_else(default) else { return Ok(None) };
        match DirBuilder::new().recursive(true).mode(0o700).create(&folder) {
            Ok(()) => {}
            Err(error) if asked.is_some() => return Err(Failure::io(&folder.display().to_string(), &error)),
            Err(_) => return Ok(None),
        }
        let private =
            folder.symlink_metadata().is_ok_and(|meta| meta.is_dir() && own(&meta) && meta.mode() & 0o777 == 0o700);
        if !private {
            let folder = folder.display();
            return Err(Failure::usage(format!(
                "{folder} must be a folder that only you can look into, since what is in it is run: chmod 700 {folder}, \
                 name another by --cache, or say --no-cache"
            )));
        }
        Ok(Some(Self { folder }))
    }

    /// Where what the engine makes of a module is kept. `digest` is the module's.
    fn file(&self, engine: &Engine, digest: &str) -> PathBuf {
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        self.folder.join(format!("{}-{:016x}.cwasm", digest.trim_start_matches("sha256:"), settings.finish()))
    }

    /// The compiled module; `None` when it must be made.
    pub(super) fn load(&self, engine: &Engine, digest: &str) -> Option<Module> {
        let file = private(&self.file(engine, digest))?;
        // SAFETY: see the head of this file.
        unsafe { Module::deserialize_open_file(engine, file) }.ok()
    }

    /// Keeps a compiled module. What cannot be kept is made again the next time.
    pub(super) fn store(&self, engine: &Engine, digest: &str, module: &Module) {
        if let Ok(code) = module.serialize() {
            write(&self.file(engine, digest), &code);
            self.prune();
        }
    }

    /// What has been fetched by its digest before; it is the caller who compares the two.
    pub(super) fn blob(&self, digest: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        private(&self.fetched(digest))?.read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Keeps what was fetched by its digest.
    pub(super) fn keep(&self, digest: &str, bytes: &[u8]) {
        write(&self.fetched(digest), bytes);
        self.prune();
    }

    fn fetched(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{}.blob", digest.trim_start_matches("sha256:")))
    }

    /// Removes all but the newest, and what a krmor that was stopped has left half written.
    fn prune(&self) {
        let of = |extension: &str| {
            let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
            let files = entries.filter(|entry| entry.path().extension().is_some_and(|found| found == extension));
            let aged = files.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())));
            let mut files: Vec<_> = aged.collect();
            files.sort();
            files
        };
        // A module has a manifest and a layer, and perhaps an index.
        for (extension, kept) in [("cwasm", KEPT), ("blob", 3 * KEPT)] {
            let files = of(extension);
            for (_, file) in files.iter().take(files.len().saturating_sub(kept)) {
                let _ = std::fs::remove_file(file);
            }
        }
        for (_, file) in of("new").iter().filter(|(time, _)| time.elapsed().is_ok_and(|age| age > STALE)) {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// A file that only this user can have written.
fn private(path: &Path) -> Option<File> {
    let no_links = i32::try_from(OFlags::NOFOLLOW.bits()).ok()?;
    let file = OpenOptions::new().read(true).custom_flags(no_links).open(path).ok()?;
    let meta = file.metadata().ok()?;
    let trusted = meta.is_file() && own(&meta) && meta.mode() & 0o022 == 0;
    let _ = file.set_modified(SystemTime::now()); // it was used
    trusted.then_some(file)
}

/// Writes a file completely or not at all.
fn write(path: &Path, bytes: &[u8]) {
    // Random: containers that share a folder share process ids, too.
    let temporary = path.with_extension(format!("{:016x}.new", RandomState::new().build_hasher().finish()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
    let written = file.and_then(|mut out| out.write_all(bytes).and_then(|()| out.sync_all()));
    if written.is_err() || std::fs::rename(&temporary, path).is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
}

fn own(meta: &std::fs::Metadata) -> bool {
    meta.uid() == rustix::process::geteuid().as_raw()
}

fn default() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(caches.join("krmor/wasm"))
}
