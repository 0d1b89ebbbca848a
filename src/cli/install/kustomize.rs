//! `krmor install kustomize`: a plugin home for kustomize and kubectl.
//!
//! Links point at the krmor that was called, by the name it was called by: what a package manager puts behind that name
//! later is what runs. `--copy` puts the binary into the home, with relative links: the home can then go anywhere.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::doctor::plugins;
use super::super::{FOUND, Failure, Result, function, write_stdout};
use super::home::{self, Entry, Taken};
use crate::config::API_VERSION;
use crate::schema;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Where krmor lies in its own container image, from which only a copy gets out.
const IN_THE_IMAGE: &str = "/krmor";

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The plugin home; by default where kustomize itself looks.
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Put krmor itself into the plugin home, which can then be moved and copied; in krmor's own container image this is
    /// the default.
    #[arg(long)]
    copy: bool,
    /// Take out what `krmor install kustomize` has put there, and nothing else.
    #[arg(long, conflicts_with = "copy")]
    uninstall: bool,
    /// Write links that run this module in a sandbox: a file, oci:DIR@sha256:…, or REGISTRY/NAME@sha256:…; krmor.wasm,
    /// or, with --kind, any KRM function.
    #[cfg(feature = "wasm-runner")]
    #[arg(long, value_name = "MODULE", conflicts_with_all = ["copy", "uninstall"])]
    wasm: Option<String>,
    /// The kind of config that the module is for.
    #[cfg(feature = "wasm-runner")]
    #[arg(long, value_name = "GROUP/VERSION/KIND", requires = "wasm")]
    kind: Option<String>,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let home = plugin_home(options.home.as_deref())?;
    if options.uninstall {
        return uninstall(&home);
    }
    #[cfg(feature = "wasm-runner")]
    if let Some(module) = &options.wasm {
        return super::wasm::install(&home, module, options.kind.as_deref());
    }
    let own = own_path()?;
    let copy = options.copy || own == Path::new(IN_THE_IMAGE);
    let mut out = fill(&home, &own, copy)?;
    out.push_str(&format!("KUSTOMIZE_PLUGIN_HOME={}\n", home.display()));
    write_stdout(out.as_bytes())?;
    elsewhere(&home);
    Ok(0)
}

/// Lays this krmor's links in a plugin home.
pub(in crate::cli) fn links(home: &Path) -> Result<()> {
    fill(home, &own_path()?, false).map(|_| ())
}

/// Fills a home with links to `own`, or to a copy of it; what was done.
fn fill(home: &Path, own: &Path, copy: bool) -> Result<String> {
    let mut entries = Vec::new();
    let mut target = own.to_owned();
    if copy {
        let bytes = std::fs::read(own).map_err(|error| Failure::io(&own.display().to_string(), &error))?;
        // Each version has a file of its own: what runs while the links change finds its own.
        let name = format!("krmor-{VERSION}");
        entries.push(Entry::File { path: Path::new(API_VERSION).join(&name), bytes, executable: true });
        target = Path::new("..").join(name);
    }
    let places: Vec<PathBuf> = schema::kinds().map(|kind| home::place_of(API_VERSION, kind)).collect();
    entries.extend(places.iter().map(|place| Entry::Link { path: place.clone(), target: target.clone() }));
    // What made a link a module's.
    let arguments: Vec<PathBuf> = places.iter().map(|place| function::file_beside(place.as_os_str())).collect();
    let done = home::fill(home, &entries, &arguments)?;
    // Whatever a link leads to that cannot be run, kustomize takes for a plugin in Go that is missing.
    for place in &places {
        let link = home.join(place);
        if !plugins::is_executable(&link) {
            let message = format!("{}: what it leads to, {}, cannot be executed", link.display(), target.display());
            return Err(Failure::internal(message));
        }
    }
    let shown = entries.iter().zip(done).map(|(entry, done)| format!("{} {done}\n", home.join(entry.path()).display()));
    Ok(shown.collect())
}

fn uninstall(home: &Path) -> Result<u8> {
    let Some(taken) = home::empty(home)? else {
        let left: Vec<&str> =
            schema::kinds().filter(|kind| home::link(home, API_VERSION, kind).symlink_metadata().is_ok()).collect();
        let (code, what) = match left.is_empty() {
            true => (0, "krmor has put nothing here".to_owned()),
            false => (
                FOUND,
                format!("there are plugins for {}, and no record that krmor has put them here", left.join(", ")),
            ),
        };
        write_stdout(format!("{}: {what}\n", home.display()).as_bytes())?;
        return Ok(code);
    };
    let shown = taken.iter().map(|(path, taken)| match taken {
        Taken::Removed => format!("{} removed\n", path.display()),
        Taken::Kept => format!("{} kept: it is not what krmor put there\n", path.display()),
    });
    write_stdout(shown.collect::<String>().as_bytes())?;
    Ok(0)
}

/// The plugin home that was asked for, or where kustomize looks for one. It is absolute: kustomize would look for another one
/// in the folder of each kustomization.
pub(super) fn plugin_home(asked: Option<&Path>) -> Result<PathBuf> {
    let Some(home) = asked else {
        let home = default_home()
            .ok_or_else(|| Failure::usage("no plugin home: set KUSTOMIZE_PLUGIN_HOME or HOME, or say --home DIR"))?;
        if home.is_relative() {
            let whole = std::path::absolute(&home).unwrap_or_default();
            return Err(Failure::usage(format!(
                "the plugin home {} is relative, and kustomize looks for it in the folder of each kustomization; set \
                 KUSTOMIZE_PLUGIN_HOME={}",
                home.display(),
                whole.display()
            )));
        }
        return Ok(home);
    };
    if home.starts_with("~") {
        return Err(Failure::usage(format!(
            "--home {}: write $HOME for ~, which the shell has left as it is",
            home.display()
        )));
    }
    std::path::absolute(home).map_err(|error| Failure::io(&home.display().to_string(), &error))
}

/// Says where kustomize will look, when that is not the home.
fn elsewhere(home: &Path) {
    let Some(used) = std::env::var_os("KUSTOMIZE_PLUGIN_HOME").filter(|used| !used.is_empty()).map(PathBuf::from)
    else {
        return;
    };
    if used == home || used.is_absolute() && used.canonicalize().ok() == home.canonicalize().ok() {
        return;
    }
    let mut stderr = anstream::stderr();
    let _ = writeln!(
        stderr,
        "warning: KUSTOMIZE_PLUGIN_HOME is {}: kustomize looks there, and not in {}",
        used.display(),
        home.display()
    );
}

/// This krmor, as an absolute path.
pub(super) fn own_path() -> Result<PathBuf> {
    let real = std::env::current_exe().and_then(|path| path.canonicalize());
    let is_own = |path: &PathBuf| match &real {
        Ok(real) => path.canonicalize().is_ok_and(|path| path == *real),
        Err(_) => path.is_file(), // without /proc
    };
    let args: Vec<OsString> = std::env::args_os().collect();
    let called = args.first().filter(|_| function::called_as(&args).is_none()).and_then(|name| by_name(name.as_ref()));
    match called.filter(is_own) {
        Some(called) => Ok(called),
        None => real.map_err(|error| Failure::io("krmor's own path", &error)),
    }
}

/// The absolute path that a program was called by.
fn by_name(name: &Path) -> Option<PathBuf> {
    match name.components().count() {
        1 if name.is_relative() => plugins::on_path(name.to_str()?).and_then(|path| std::path::absolute(path).ok()),
        _ => std::path::absolute(name).ok(),
    }
}

/// Where kustomize looks for plugins.
pub(in crate::cli) fn default_home() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(home) = set("KUSTOMIZE_PLUGIN_HOME") {
        return Some(home);
    }
    if let Some(config) = set("XDG_CONFIG_HOME") {
        return Some(config.join("kustomize/plugin"));
    }
    let home = set("HOME")?;
    let old = home.join("kustomize/plugin");
    let usual = home.join(".config/kustomize/plugin");
    Some(if old.is_dir() && !usual.is_dir() { old } else { usual })
}
