//! The plugin home that kustomize uses, and krmor's links in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::{function, install};
use super::configs::Route;
use super::{Diagnosis, Place};
use crate::config::API_VERSION;
use crate::report::Severity::{self, Error, Info, Warning};
use crate::schema;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What kustomize makes of a plugin that it does not find, and of a link that leads nowhere.
const GO_PLUGIN: &str =
    "kustomize takes it for a missing plugin in Go, and says `expected file with Go object code at …`";

/// Where kustomize looks for plugins: the first of these that exists.
fn homes() -> Vec<(&'static str, PathBuf)> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = set("HOME").unwrap_or_else(|| PathBuf::from("~"));
    let mut homes = Vec::new();
    homes.extend(set("KUSTOMIZE_PLUGIN_HOME").map(|path| ("$KUSTOMIZE_PLUGIN_HOME", path)));
    homes.extend(set("XDG_CONFIG_HOME").map(|path| ("$XDG_CONFIG_HOME", path.join("kustomize/plugin"))));
    homes.push(("the default", home.join(".config/kustomize/plugin")));
    homes.push(("the old default", home.join("kustomize/plugin")));
    homes
}

pub(super) fn judge(calls: &[Route], diagnosis: &mut Diagnosis) {
    let own = std::env::current_exe().and_then(|path| path.canonicalize()).unwrap_or_default();
    diagnosis.fact("krmor", format!("{VERSION} {}", own.display()));
    path(&own, diagnosis);
    // Without a kustomization that needs a plugin home, the lack of one is no fault.
    let needed = calls.contains(&Route::Legacy);
    let grave = if needed { Error } else { Info };
    let homes = homes();
    let used = homes.iter().find(|(_, path)| path.exists());
    // $XDG_CONFIG_HOME is there for many programs: without a folder of kustomize it means nothing.
    let own_variable = homes.iter().find(|(name, _)| *name == "$KUSTOMIZE_PLUGIN_HOME");
    for (name, path) in own_variable.into_iter().filter(|(_, path)| !path.exists()) {
        let message = format!("{name} gives {}, which does not exist: kustomize passes over it", path.display());
        let severity = if needed { Warning } else { Info };
        diagnosis.add(severity, "plugin-home-missing", None, message, "create it, or unset the variable");
    }
    let Some((name, home)) = used else {
        let tried: Vec<String> = homes.iter().map(|(_, path)| path.display().to_string()).collect();
        let message = format!("there is no plugin home: kustomize looks for {}", tried.join(", "));
        return diagnosis.add(grave, "plugin-home-none", None, message, "krmor install kustomize");
    };
    diagnosis.fact("plugin home", format!("{} ({name})", home.display()));
    let place = || Place::path(home);
    if home.is_relative() {
        let message = format!("{name} is relative: kustomize looks for the plugin in the folder of each kustomization");
        diagnosis.add(grave, "plugin-home-relative", place(), message, "give it as an absolute path");
    }
    links(home, &homes, &own, grave, diagnosis);
}

fn link(home: &Path, kind: &str) -> PathBuf {
    install::link(home, API_VERSION, kind)
}

fn links(home: &Path, homes: &[(&str, PathBuf)], own: &Path, grave: Severity, diagnosis: &mut Diagnosis) {
    let install = format!("krmor install kustomize --home {}", home.display());
    let is_there = |home: &Path, kind: &str| link(home, kind).symlink_metadata().is_ok();
    let absent: Vec<&str> = schema::kinds().filter(|kind| !is_there(home, kind)).collect();
    if !absent.is_empty() {
        let message = match absent.len() == schema::kinds().count() {
            true => "krmor is not in this plugin home".to_owned(),
            false => format!("this plugin home has no link for {}", absent.join(", ")),
        };
        let message = format!("{message}; {GO_PLUGIN}");
        let elsewhere =
            homes.iter().find(|(_, other)| other != home && absent.iter().all(|kind| is_there(other, kind)));
        let remedy = match elsewhere {
            Some((_, other)) => format!("{install} (what is in {} is not looked at)", other.display()),
            None => install.clone(),
        };
        diagnosis.add(grave, "plugin-missing", Place::path(home), message, remedy);
    }
    let mut known: Vec<(PathBuf, Option<String>)> = Vec::new();
    let mut copies: BTreeSet<PathBuf> = BTreeSet::new();
    for kind in schema::kinds().filter(|kind| is_there(home, kind)) {
        let link = link(home, kind);
        let place = || Place::path(&link);
        let Ok(target) = link.canonicalize() else {
            let points = std::fs::read_link(&link).unwrap_or_default();
            let message = format!("it points at {}, which is not there; {GO_PLUGIN}", points.display());
            diagnosis.add(grave, "plugin-dangling", place(), message, install.clone());
            continue;
        };
        if !is_executable(&target) {
            let message = format!("{} is not an executable file", target.display());
            diagnosis.add(grave, "plugin-not-executable", place(), message, format!("chmod +x, or {install}"));
            continue;
        }
        let module = function::file_beside(link.as_os_str());
        if module.is_file() && ask(&target, &["wasm", "--help"]).is_none() {
            let message = format!("{} says to run a module, which this krmor cannot", module.display());
            let remedy = format!("a krmor with the feature wasm-runner, or {install}");
            diagnosis.add(grave, "plugin-no-runner", place(), message, remedy);
            continue;
        }
        if target == own || copies.contains(&target) {
            continue;
        }
        // Many links lead to one copy in the home: it is judged once.
        let is_copy = home.canonicalize().is_ok_and(|home| target.starts_with(home));
        if is_copy {
            copies.insert(target.clone());
            if is_same(&target, own) {
                continue;
            }
        }
        let place = || Place::path(if is_copy { &target } else { &link });
        let install = if is_copy { format!("{install} --copy") } else { install.clone() };
        let found = known.iter().find(|(path, _)| *path == target).map(|(_, version)| version.clone());
        let version = found.unwrap_or_else(|| {
            let version = version_of(&target);
            known.push((target.clone(), version.clone()));
            version
        });
        match version {
            Some(version) if version == VERSION => {
                let message = match is_copy {
                    true => "it is another krmor of the same version".to_owned(),
                    false => format!("it points at another krmor of the same version, {}", target.display()),
                };
                diagnosis.add(Info, "plugin-other-binary", place(), message, install.clone());
            }
            Some(version) => {
                let message = match is_copy {
                    true => format!("it is krmor {version}; this is krmor {VERSION}"),
                    false => format!("it points at krmor {version} in {}; this is krmor {VERSION}", target.display()),
                };
                diagnosis.add(Warning, "plugin-version", place(), message, install.clone());
            }
            None => {
                let message = format!("{} does not answer --version as krmor does", target.display());
                diagnosis.add(grave, "plugin-not-krmor", place(), message, install.clone());
            }
        }
    }
}

/// Whether two files have the same bytes.
fn is_same(one: &Path, other: &Path) -> bool {
    let length = |path: &Path| std::fs::metadata(path).map(|meta| meta.len()).ok();
    length(one) == length(other) && std::fs::read(one).ok() == std::fs::read(other).ok()
}

/// Another krmor that a shell, or an `exec` annotation, would find first.
fn path(own: &Path, diagnosis: &mut Diagnosis) {
    let Some(first) = on_path("krmor") else { return };
    let real = first.canonicalize().unwrap_or_else(|_| first.clone());
    if real == own {
        return;
    }
    let place = Place::path(&first);
    let (severity, what) = match version_of(&first) {
        Some(version) if version == VERSION => (Info, format!("another krmor {version}")),
        Some(version) => (Warning, format!("krmor {version}, not this {VERSION},")),
        None => (Warning, "a krmor that does not answer --version".to_owned()),
    };
    let message = format!("{what} is first on the PATH");
    diagnosis.add(severity, "path-krmor", place, message, format!("put {} before it", own.display()));
}

/// The first executable of that name on the PATH.
pub(in crate::cli) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn version_of(krmor: &Path) -> Option<String> {
    let out = ask(krmor, &["--version"])?;
    out.trim().strip_prefix("krmor ").map(str::to_owned)
}

/// Standard output of a call that succeeds.
pub(super) fn ask(program: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(args).env_remove("KUSTOMIZE_PLUGIN_CONFIG_ROOT").stdin(Stdio::null()).stderr(Stdio::null());
    let out = command.output().ok().filter(|out| out.status.success())?;
    String::from_utf8(out.stdout).ok()
}

#[cfg(unix)]
pub(in crate::cli) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(in crate::cli) fn is_executable(file: &Path) -> bool {
    file.is_file()
}
