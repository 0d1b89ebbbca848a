//! Renders kustomizations by a stock kustomize: as they are, and as they would be, in a private copy.
//!
//! A plugin home of its own says what krmor's configs do there: run this krmor, or hand the objects on as they came.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::doctor::plugins;
use crate::cli::doctor::tree::{self, Tree};
use crate::cli::install;
use crate::cli::{FOUND, Failure, Result};
use crate::config::{API_VERSION, GROUP};
use crate::schema;

/// A kustomize, and the plugin homes for it.
pub(super) struct Kustomize {
    program: PathBuf,
    arguments: Vec<String>,
    scratch: Scratch,
}

/// What krmor's configs do while kustomize renders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugins {
    /// Nothing: what they would change can be compared.
    Idle,
    /// What they say.
    Running,
}

/// A private folder that goes when the command ends.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    fn new() -> Result<Self> {
        let nanos =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let path = std::env::temp_dir().join(format!("krmor-migrate-{}-{nanos}", std::process::id()));
        let failed = |error: std::io::Error| Failure::io(&path.display().to_string(), &error);
        private(&path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        Ok(Self(path))
    }
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}

impl Kustomize {
    /// The one that was named, or the one on the PATH, or kubectl's.
    pub(super) fn find(named: Option<&Path>, options: &[String]) -> Result<Self> {
        let program = match named {
            Some(path) => Some(path.to_owned()),
            None => plugins::on_path("kustomize").or_else(|| plugins::on_path("kubectl")),
        };
        let Some(program) = program else {
            return Err(Failure::usage(
                "the proof needs a kustomize: none is on the PATH, nor kubectl; say --kustomize PATH",
            ));
        };
        let is_kubectl = program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("kubectl"));
        let mut arguments = vec![if is_kubectl { "kustomize" } else { "build" }.to_owned()];
        arguments.push("--enable-alpha-plugins".to_owned());
        arguments.extend(options.iter().cloned());
        let scratch = Scratch::new()?;
        homes(&scratch.0)?;
        Ok(Self { program, arguments, scratch })
    }

    /// What a kustomization renders to.
    pub(super) fn build(
        &self,
        folder: &Path,
        shown: &str,
        plugins: Plugins,
        hint: Option<&'static str>,
    ) -> Result<String> {
        let home = self.scratch.0.join(if plugins == Plugins::Idle { "idle" } else { "running" });
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(folder).env("KUSTOMIZE_PLUGIN_HOME", home).stdin(Stdio::null());
        let out = command.output().map_err(|error| Failure::io(&self.program.display().to_string(), &error))?;
        let text = String::from_utf8(out.stdout).ok().filter(|_| out.status.success());
        text.ok_or_else(|| {
            // Its own messages quote what they are about.
            let program = self.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let arguments = self.arguments.join(" ");
            let other = || format!("run `{program} {arguments} {shown}` yourself, and say by --build-option what it lacks");
            let hint = hint.map_or_else(other, str::to_owned);
            Failure::new(
                FOUND,
                format!(
                    "error: {program} {arguments} fails for {shown}, and its message may hold values, so it is not shown; nothing was \
                     written\n  fix: {hint}\n"
                ),
            )
        })
    }

    /// A private copy of the tree, with other texts for some files. Its root stands for `common`.
    pub(super) fn copy(
        &self,
        name: &str,
        tree: &Tree,
        folder: &Path,
        common: &Path,
        texts: &BTreeMap<PathBuf, Vec<u8>>,
    ) -> Result<PathBuf> {
        let target = self.scratch.0.join(name);
        copy_folder(folder, common, &target, texts)?;
        let outside = |path: &PathBuf| !path.starts_with(folder) && path.starts_with(common);
        for file in tree.kustomizations() {
            let referred = tree::referred(file).into_iter().filter_map(|path| path.canonicalize().ok());
            for path in std::iter::once(file.path.clone()).chain(referred).filter(outside) {
                if path.is_file() {
                    copy_file(&path, common, &target, texts)?;
                }
            }
        }
        for (path, bytes) in texts {
            write(&target.join(path.strip_prefix(common).unwrap_or(path)), bytes)?;
        }
        Ok(target)
    }
}

/// The innermost folder that holds all that the tree refers to.
pub(super) fn common(tree: &Tree, folder: &Path) -> PathBuf {
    let mut common = folder.to_owned();
    for file in tree.kustomizations() {
        let referred = tree::referred(file).into_iter().filter_map(|path| path.canonicalize().ok());
        for path in referred.chain([file.path.clone()]) {
            while !path.starts_with(&common) && common.pop() {}
        }
    }
    common
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: std::io::Error| Failure::io("the private copy", &error);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(path, bytes).map_err(failed)
}

fn copy_file(path: &Path, common: &Path, target: &Path, texts: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    if texts.contains_key(path) {
        return Ok(()); // what it holds may not even be copied
    }
    let bytes = std::fs::read(path).map_err(|error| Failure::io(&path.display().to_string(), &error))?;
    write(&target.join(path.strip_prefix(common).unwrap_or(path)), &bytes)
}

fn copy_folder(from: &Path, common: &Path, target: &Path, texts: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let failed = |error: std::io::Error| Failure::io(&from.display().to_string(), &error);
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name == ".git" || name == "node_modules" {
            continue;
        }
        let Ok(real) = path.canonicalize() else { continue };
        if path.is_dir() {
            // A link inside would be copied where it leads; one that leads outside could go round in a circle.
            if !path.is_symlink() {
                copy_folder(&path, common, target, texts)?;
            }
        } else if !real.is_file() {
            // A pipe or a socket has nothing to copy.
        } else if !texts.contains_key(&real) {
            let bytes = std::fs::read(&path).map_err(|error| Failure::io(&path.display().to_string(), &error))?;
            write(&target.join(path.strip_prefix(common).unwrap_or(&path)), &bytes)?;
        } else if let Some(bytes) = texts.get(&real) {
            write(&target.join(path.strip_prefix(common).unwrap_or(&path)), bytes)?;
        }
    }
    Ok(())
}

/// Two plugin homes with what a person's own one has, but for krmor: it runs in one and is idle in the other.
fn homes(scratch: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Failure::io("the private plugin home", &error);
    for name in ["idle", "running"] {
        let home = scratch.join(name);
        std::fs::create_dir(&home).map_err(failed)?;
        let own = install::default_home().and_then(|home| std::fs::read_dir(home).ok());
        for entry in own.into_iter().flatten().flatten().filter(|entry| entry.file_name() != GROUP) {
            link(&entry.path(), &home.join(entry.file_name())).map_err(failed)?;
        }
        if name == "running" {
            install::links(&home)?;
            continue;
        }
        for kind in schema::kinds() {
            idle(&install::link(&home, API_VERSION, kind)).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(unix)]
fn idle(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, "#!/bin/sh\nexec cat\n")?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn idle(_: &Path) -> std::io::Result<()> {
    Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "kustomize's plugins need Unix"))
}
