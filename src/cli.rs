//! The command line: one file per subcommand. Input, output and exit codes live here and nowhere else.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)] // the core's purity ends here

mod check;
mod compare;
mod diff;
mod discover;
mod doctor;
mod explain;
mod files;
mod function;
mod graph;
mod guard;
mod helm;
mod init;
mod input;
mod install;
mod list;
mod migrate;
mod page;
mod patch;
mod render;
mod report;
mod rows;
mod run;
mod schema;
mod terminal;
mod view;
#[cfg(feature = "wasm-runner")]
mod wasm;

pub use migrate::ingress_table;

use std::ffi::OsString;
#[cfg(feature = "wasm-runner")]
use std::io::IsTerminal;
use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::transport::{FOUND, Failure, INTERNAL, Result, USAGE};

/// KRM functions that harden Kubernetes manifests.
///
/// Without a subcommand krmor is the function: it reads a ResourceList (or, with --config, a bare stream) from
/// standard input and writes the result to standard output.
///
/// Exit codes: 0 ok; 1 changes (check, diff), findings, conflicts; 2 bad config, input or usage, or a target
/// that matches nothing; 3 input/output or internal errors.
#[derive(Debug, Parser)]
#[command(name = "krmor", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    function: function::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read manifests and write a config that fits them, with questions for what they do not say.
    Init(init::Options),
    /// Run a config over files, directories or standard input.
    Run(run::Options),
    /// Run what renders manifests, and harden what it prints: the pipe for those who have no shell.
    Render(render::Options),
    /// Show what a run would change, and why, line by line.
    Diff(diff::Options),
    /// Exit with 1 when a run would change anything: the proof that rendered output is hardened.
    Check(check::Options),
    /// Show what differs between two rendered streams, object by object.
    Compare(compare::Options),
    /// Apply a JSON Patch (RFC 6902) to a document and leave every other byte alone.
    Patch(patch::Options),
    /// Turn manifests in files into others that mean the same: all of them, or none.
    Migrate(migrate::Options),
    /// Print documents as JSON lines, read as kustomize reads them.
    View(view::Options),
    /// Draw who is there, who reaches whom, and what NetworkPolicies allow; or infer a config of them.
    Graph(graph::Options),
    /// List the functions, in the order they run.
    List(list::Options),
    /// Explain a kind of config, a field of it, or a rule.
    Explain(explain::Options),
    /// Print the rows of `podTemplates` that the schemas of CustomResourceDefinitions give.
    Rows(rows::Options),
    /// Print the JSON Schema of the configs, for editors.
    Schema(schema::Options),
    /// Find what keeps krmor from being called, or undoes what it does, each with the remedy.
    Doctor(doctor::Options),
    /// Install krmor for kustomize, Helm or Argo CD, completions for a shell, or manual pages.
    Install(install::Options),
    /// Run WASM KRM functions in a sandbox.
    #[cfg(feature = "wasm-runner")]
    Wasm(wasm::Options),
}

/// Where the config of a run is and what it runs over.
#[derive(Debug, clap::Args)]
struct Source {
    /// The function config: a Pipeline or the config of one function. By default `krmor.yaml` in the folder of the input, else
    /// the one that the kustomization there lists under `transformers:`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The function that a kpt-style ConfigMap config is for.
    #[arg(long, value_name = "KIND")]
    function: Option<String>,
    /// Files and directories (their *.yaml, *.yml and *.json files), or `-` for standard input, the default. At a terminal, by
    /// default, this folder, where it has a config.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Accept an input without any object.
    #[arg(long)]
    allow_empty: bool,
    /// Accept an input without any workload.
    #[arg(long)]
    allow_none: bool,
    /// The input is a part of the stream: targets, rows and exceptions that match nothing in it are right.
    #[arg(long)]
    partial: bool,
    /// Files and directories with CustomResourceDefinitions: their schemas say where the pods of their kinds are.
    #[arg(long, value_name = "PATH")]
    crds: Vec<PathBuf>,
    /// Where the files lie that a renderer names, for SARIF: the folder of the kustomization or of the chart. By default that
    /// of the config.
    #[arg(long, value_name = "DIR")]
    sources: Option<PathBuf>,
}

/// The form of what krmor tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The form of a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// For people at a terminal.
    Text,
    /// For a comment on a pull request.
    Markdown,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// KRM results and JSON Patches.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for CI: one test case per object.
    Junit,
}

/// Runs the command line; the exit code.
#[must_use]
pub fn main(args: Vec<OsString>) -> u8 {
    guard::guard();
    let helm = helm::Helm::calling(args.first().map(OsString::as_os_str));
    match dispatch(args, helm.as_ref()) {
        Ok(code) => code,
        Err(failure) => {
            let _ = anstream::stderr().write_all(failure.message.as_bytes());
            if let Some(helm) = helm {
                helm.tell_of_failure(&failure.message);
            }
            failure.code
        }
    }
}

fn dispatch(args: Vec<OsString>, helm: Option<&helm::Helm>) -> Result<u8> {
    let beside = function::beside(&args)?;
    if beside.is_none()
        && let Some(config) = function::legacy_config(&args)
    {
        return function::legacy(&config, args.len());
    }
    let called_as = function::called_as(&args);
    let args = beside.unwrap_or(args);
    #[cfg(not(feature = "wasm-runner"))]
    if args.get(1).is_some_and(|command| command == "wasm") {
        return Err(Failure::usage(
            "this krmor runs no WASM: it was built without the feature wasm-runner (cargo build --release --features wasm-runner)",
        ));
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return Ok(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    match cli.command {
        Some(Command::Init(options)) => init::run(&options),
        Some(Command::Run(options)) => run::run(&options),
        Some(Command::Render(options)) => render::run(&options),
        Some(Command::Diff(options)) => diff::run(&options),
        Some(Command::Check(options)) => check::run(&options),
        Some(Command::Compare(options)) => compare::run(&options),
        Some(Command::Patch(options)) => patch::run(&options),
        Some(Command::Migrate(options)) => migrate::run(&options),
        Some(Command::View(options)) => view::run(&options),
        Some(Command::Graph(options)) => graph::run(&options),
        Some(Command::List(options)) => list::run(&options),
        Some(Command::Explain(options)) => explain::run(&options),
        Some(Command::Rows(options)) => rows::run(&options),
        Some(Command::Schema(options)) => schema::run(&options),
        Some(Command::Doctor(options)) => doctor::run(&options),
        Some(Command::Install(options)) => install::run(&options),
        #[cfg(feature = "wasm-runner")]
        Some(Command::Wasm(options)) => wasm::run(&options),
        None => function::run(&cli.function, called_as.as_deref(), helm),
    }
}

/// Tells of a panic without repeating its message, which could hold a value of the input.
pub fn internal_error(place: &str) {
    let _ = writeln!(std::io::stderr(), "{}", crate::transport::internal_error(place));
}

fn help() -> String {
    Cli::command().render_help().to_string()
}

#[cfg(feature = "wasm-runner")]
fn write_stderr(bytes: &[u8]) {
    let mut stderr = std::io::stderr().lock();
    if stderr.is_terminal() {
        // What others' functions say must not move a person's cursor about.
        let shown = |byte: &u8| if *byte < 0x20 && !matches!(byte, b'\n' | b'\t') { b' ' } else { *byte };
        let _ = stderr.write_all(&bytes.iter().map(shown).collect::<Vec<u8>>());
    } else {
        let _ = stderr.write_all(bytes);
    }
}

/// Writes what people look at.
fn write_stdout(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| unseen(&error))
}

/// What people look at could not be shown. Who has seen enough of it (`| head`) need not be told.
fn unseen(error: &std::io::Error) -> Failure {
    let failure = Failure::io("standard output", error);
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure { message: String::new(), ..failure },
        _ => failure,
    }
}

/// Standard output, for what is lost if nobody gets it: the manifests.
fn output() -> Result<std::io::StdoutLock<'static>> {
    let out = std::io::stdout().lock();
    if guard::is_closed(&out) {
        let fix = "redirect it to a file or a pipe, or say `krmor check` where only the exit code is wanted";
        return Err(Failure::internal(format!("standard output is closed: the manifests would be lost\n  fix: {fix}")));
    }
    Ok(out)
}

/// Writes manifests.
fn write_output(bytes: &[u8]) -> Result<()> {
    let mut out = output()?;
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| Failure::io("standard output", &error))
}
