//! `krmor install`: what other tools find krmor by: plugin links, Helm's and Argo CD's plugins, completions of shells, manual
//! pages.

mod argocd;
mod helm;
#[cfg(feature = "wasm-runner")]
mod wasm;

use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::{Cli, Failure, Result, function, write_stdout};
use crate::config::API_VERSION;
use crate::schema;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Debug, clap::Subcommand)]
enum Tool {
    /// Lay the links of kustomize's legacy exec plugins: kustomize and kubectl then need `--enable-alpha-plugins` only.
    Kustomize {
        /// The plugin home; by default where kustomize itself looks.
        #[arg(long, value_name = "DIR")]
        home: Option<PathBuf>,
        /// Lay links that run this module in a sandbox: a file, oci:DIR@sha256:…, or REGISTRY/NAME@sha256:…; krmor.wasm,
        /// or, with --kind, any KRM function.
        #[cfg(feature = "wasm-runner")]
        #[arg(long, value_name = "MODULE")]
        wasm: Option<String>,
        /// The kind of config that the module is for.
        #[cfg(feature = "wasm-runner")]
        #[arg(long, value_name = "GROUP/VERSION/KIND", requires = "wasm")]
        kind: Option<String>,
    },
    /// Lay a plugin for Helm 4, a post-renderer: `helm template … --post-renderer krmor`.
    Helm(helm::Options),
    /// Print a kustomize Component that puts krmor beside Argo CD's repo-server, as a plugin.
    Argocd(argocd::Options),
    /// Print the completions of a shell, which its start-up file can read: `source <(krmor install completions bash)`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
        /// Write them into this directory, by the name that the shell looks for.
        #[arg(long, value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Print the manual page, or write those of all commands.
    Man {
        /// Write a page for each command into this directory, such as one `man1` of your MANPATH.
        #[arg(long, value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

pub(super) fn run(options: &Options) -> Result<u8> {
    match &options.tool {
        #[cfg(not(feature = "wasm-runner"))]
        Tool::Kustomize { home } => kustomize(home.as_deref()),
        #[cfg(feature = "wasm-runner")]
        Tool::Kustomize { home, wasm: None, .. } => kustomize(home.as_deref()),
        #[cfg(feature = "wasm-runner")]
        Tool::Kustomize { home, wasm: Some(module), kind } => wasm::install(home.as_deref(), module, kind.as_deref()),
        Tool::Helm(options) => helm::run(options),
        Tool::Argocd(options) => argocd::run(options),
        Tool::Completions { shell, directory } => completions(*shell, directory.as_deref()),
        Tool::Man { directory } => man(directory.as_deref()),
    }
}

fn completions(shell: clap_complete::Shell, directory: Option<&Path>) -> Result<u8> {
    let mut command = Cli::command();
    let Some(directory) = directory else {
        let mut out = Vec::new();
        clap_complete::generate(shell, &mut command, "krmor", &mut out);
        write_stdout(&out)?;
        return Ok(0);
    };
    let failed = |error: std::io::Error| Failure::io(&directory.display().to_string(), &error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    let path = clap_complete::generate_to(shell, &mut command, "krmor", directory).map_err(failed)?;
    write_stdout(format!("{}\n", path.display()).as_bytes())?;
    Ok(0)
}

fn man(directory: Option<&Path>) -> Result<u8> {
    let command = Cli::command().disable_help_subcommand(true); // it has no page
    let Some(directory) = directory else {
        let mut out = Vec::new();
        let page = clap_mangen::Man::new(command).render(&mut out);
        page.map_err(|error| Failure::io("the manual page", &error))?;
        write_stdout(&out)?;
        return Ok(0);
    };
    let failed = |error: std::io::Error| Failure::io(&directory.display().to_string(), &error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(command, directory).map_err(failed)?;
    write_stdout(format!("{}\n", directory.display()).as_bytes())?;
    Ok(0)
}

fn kustomize(home: Option<&Path>) -> Result<u8> {
    let home = plugin_home(home)?;
    let mut out = links(&home)?;
    out.push_str(&format!("KUSTOMIZE_PLUGIN_HOME={}\n", home.display()));
    write_stdout(out.as_bytes())?;
    Ok(0)
}

/// Lays this krmor's links in a plugin home; what was done.
pub(super) fn links(home: &Path) -> Result<String> {
    let target = own_path()?;
    let mut out = String::new();
    for kind in schema::kinds() {
        let link = link(home, API_VERSION, kind);
        // What made this link a module's.
        let arguments = function::file_beside(link.as_os_str());
        match std::fs::remove_file(&arguments) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::io(&arguments.display().to_string(), &error));
            }
            _ => {}
        }
        let done = lay(&link, &target).map_err(|error| Failure::io(&link.display().to_string(), &error))?;
        out.push_str(&format!("{} {done}\n", link.display()));
    }
    Ok(out)
}

/// The plugin home that was asked for, or where kustomize looks for one.
fn plugin_home(asked: Option<&Path>) -> Result<PathBuf> {
    match asked {
        Some(home) => std::path::absolute(home).map_err(|error| Failure::io(&home.display().to_string(), &error)),
        None => default_home()
            .ok_or_else(|| Failure::usage("no plugin home: set KUSTOMIZE_PLUGIN_HOME or HOME, or say --home DIR")),
    }
}

fn own_path() -> Result<PathBuf> {
    let path = std::env::current_exe().and_then(|path| path.canonicalize());
    path.map_err(|error| Failure::io("krmor's own path", &error))
}

/// Where kustomize looks for the plugin of a kind.
pub(super) fn link(home: &Path, api_version: &str, kind: &str) -> PathBuf {
    home.join(api_version).join(kind.to_lowercase()).join(kind)
}

/// Where kustomize looks for plugins.
pub(super) fn default_home() -> Option<PathBuf> {
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

#[cfg(unix)]
fn lay(link: &Path, target: &Path) -> std::io::Result<&'static str> {
    if std::fs::read_link(link).is_ok_and(|old| old == target) {
        return Ok("is in place");
    }
    if let Some(folder) = link.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A new link takes the old one's place at once, so that a build that runs meanwhile finds one or the other.
    let temporary = link.with_extension(format!("krmor-{}", std::process::id()));
    std::os::unix::fs::symlink(target, &temporary)?;
    std::fs::rename(&temporary, link)?;
    Ok("laid")
}

#[cfg(not(unix))]
fn lay(link: &Path, target: &Path) -> std::io::Result<&'static str> {
    if let Some(folder) = link.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(target, link)?;
    Ok("copied")
}
