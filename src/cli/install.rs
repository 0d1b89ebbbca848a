//! `krmor install`: what other tools find krmor by: plugin links, Helm's and Argo CD's plugins, completions of shells, manual
//! pages.

mod argocd;
mod helm;
mod home;
mod kustomize;
#[cfg(feature = "wasm-runner")]
mod wasm;

use std::path::{Path, PathBuf};

use clap::CommandFactory;

pub(super) use self::home::link;
pub(super) use self::kustomize::{default_home, links};
use super::{Cli, Failure, Result, write_stdout};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Debug, clap::Subcommand)]
enum Tool {
    /// Make a plugin home for kustomize: kustomize and kubectl then need `--enable-alpha-plugins` only.
    Kustomize(kustomize::Options),
    /// Write a plugin for Helm 4, a post-renderer: `helm template … --post-renderer krmor`.
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
        Tool::Kustomize(options) => kustomize::run(options),
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
