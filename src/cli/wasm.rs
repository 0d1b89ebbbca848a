//! `krmor wasm`: runs any WASM KRM function, ours or not, for callers that can only run programs: stock kustomize and
//! kubectl by both of their routes, kpt, pipes.
//!
//! A module gets its arguments and standard input, and gives standard output, standard error and an exit code. What it
//! answers is looked at before it is passed on: nothing may be lost because a function failed in silence.

#[cfg(not(unix))]
compile_error!("the feature wasm-runner needs a Unix: whose the compiled modules are is asked of the file system");

mod answer;
mod cache;
mod engine;
mod reference;
mod registry;
mod wasi;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use self::cache::Cache;
use self::engine::{Code, Limits};
use self::reference::Reference;
use super::{Failure, Result, input, write_stderr, write_stdout};
use crate::transport;

/// Longest file of allowed digests.
const MAX_ALLOWED: u64 = 16 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a module: standard input to standard output, without files, network, environment or clock.
    Run(Run),
    /// Compile a module into the cache, so that its first run is as fast as the others.
    Compile(Module),
}

#[derive(Debug, clap::Args)]
struct Run {
    #[command(flatten)]
    module: Module,
    /// Seconds that the module may take; compiling it, once, does not count.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
    /// MiB of memory that the module may have, and of each of its two outputs.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=4096))]
    memory: u32,
    /// Be kustomize's legacy plugin: the first ARG is the file of the config, standard input is a bare stream.
    #[arg(long, value_name = "FORM")]
    plugin: Option<Plugin>,
    /// Accept that the function leaves no object.
    #[arg(long)]
    allow_empty: bool,
    /// What the module is given as its arguments.
    #[arg(value_name = "ARG", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// A module, and what is asked of it before it runs.
#[derive(Debug, clap::Args)]
pub(super) struct Module {
    /// The module: a file; in an OCI layout, oci:DIR@sha256:…; in a registry, REGISTRY/NAME@sha256:….
    #[arg(value_name = "MODULE")]
    pub(super) place: String,
    /// The module must have this digest: `sha256:` and what sha256sum prints.
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// Only modules or images whose digest is in this file may run, which is as sha256sum prints it.
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
    /// Units of fuel that the module may use, about one for an instruction: a limit that is the same on every machine.
    #[arg(long, value_name = "UNITS")]
    fuel: Option<u64>,
    /// Where compiled modules are kept: a folder that only you can look into [default: ~/.cache/krmor/wasm].
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    cache: Option<PathBuf>,
    /// Keep nothing, and compile in haste.
    #[arg(long)]
    no_cache: bool,
}

/// What a module is given in the place of a plugin's config file and bare stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Plugin {
    /// A ResourceList, as every KRM function takes it.
    ResourceList,
    /// The config and right behind it the stream, and the config's length as --config-length: krmor's own module.
    ConfigLength,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    match &options.command {
        Command::Run(run) => filter(run),
        Command::Compile(module) => {
            let (code, cache) = module.get()?;
            let Some(cache) = cache else {
                return Err(Failure::usage("there is no folder to keep it in: --cache DIR"));
            };
            let compiled = engine::compile(&code, module.fuel, Some(&cache))?;
            if cache.load(compiled.engine(), &code.digest).is_none() {
                return Err(Failure::internal(format!("{}: it could not be kept", code.name)));
            }
            write_stdout(format!("{} {}\n", code.digest, code.name).as_bytes())?;
            Ok(0)
        }
    }
}

fn filter(run: &Run) -> Result<u8> {
    let (code, cache) = run.module.get()?;
    let limits = run.module.limits(run.timeout, run.memory);
    let call = |arguments: &[String], stdin: Vec<u8>| {
        let arguments = std::iter::once("krmor".to_owned()).chain(arguments.iter().cloned()).collect();
        let answer = engine::run(engine::Call { code: &code, arguments, stdin, limits, cache: cache.as_ref() })?;
        write_stderr(&answer.stderr);
        Ok(answer)
    };
    let Some(form) = run.plugin else {
        let stdin = input::stdin()?;
        let list = answer::is_list(&stdin);
        let answer = call(&run.arguments, stdin.clone())?;
        let code = match answer.code {
            0 if list => answer::list(&code.name, &stdin, &answer.stdout, run.allow_empty)?,
            0 => answer::any(&code.name, &stdin, &answer.stdout, run.allow_empty).map(|()| 0)?,
            code => exit(code),
        };
        // Who sends a ResourceList finds the results of a failure in the answer; a failing stream has none.
        if code == 0 || list {
            write_stdout(&answer.accepted())?;
        }
        return Ok(code);
    };
    let Some((config, arguments)) = run.arguments.split_first() else {
        return Err(Failure::usage("--plugin: kustomize gives the config's file as an argument, and there is none"));
    };
    let config = std::fs::read(config).map_err(|error| Failure::io("the plugin's config", &error))?;
    let stream = input::stdin()?;
    let out = match form {
        Plugin::ConfigLength => {
            let flags = ["--config-length".to_owned(), config.len().to_string()];
            let answer = call(&[&flags, arguments].concat(), [config.as_slice(), &stream].concat())?;
            if answer.code != 0 {
                return Ok(exit(answer.code));
            }
            answer::any(&code.name, &stream, &answer.stdout, run.allow_empty)?;
            answer.accepted()
        }
        Plugin::ResourceList => {
            let list = answer::to_list(config, stream)?;
            let answer = call(arguments, list.clone())?;
            if answer.code != 0 {
                answer::tell(&code.name, &answer.stdout);
                return Ok(exit(answer.code));
            }
            let code = answer::list(&code.name, &list, &answer.stdout, run.allow_empty)?;
            if code != 0 {
                return Ok(code);
            }
            answer::to_stream(&answer.stdout)?
        }
    };
    write_stdout(&out)?;
    Ok(0)
}

/// The exit code of a module that has failed, as a process has it.
fn exit(code: u32) -> u8 {
    u8::try_from(code).ok().filter(|code| *code != 0).unwrap_or(1)
}

impl Module {
    /// The module at a place, without any more conditions.
    pub(super) fn at(place: &str) -> Self {
        Self { place: place.to_owned(), digest: None, allow: None, fuel: None, cache: None, no_cache: false }
    }

    /// The module's bytes, once it is known to be the one that may run.
    pub(super) fn get(&self) -> Result<(Code, Option<Cache>)> {
        let cache = match self.no_cache {
            true => None,
            false => Cache::open(self.cache.as_deref())?,
        };
        let reference = Reference::read(&self.place)?;
        let pinned = reference.pinned();
        let bytes = reference.get(cache.as_ref())?;
        let digest = reference::digest(&bytes);
        let name = &self.place;
        if let Some(asked) = &self.digest
            && *asked != digest
        {
            return Err(Failure::usage(format!("{name}: its digest is {digest}, not {asked}; nothing was run")));
        }
        if let Some(path) = &self.allow {
            let allowed = allowed(path)?;
            if !allowed.iter().any(|allowed| *allowed == digest || pinned == Some(allowed)) {
                let path = path.display();
                return Err(Failure::usage(format!("{name}: {digest} is not in {path}; nothing was run")));
            }
        }
        Ok((Code { name: name.clone(), bytes, digest }, cache))
    }

    fn limits(&self, timeout: u32, memory: u32) -> Limits {
        let memory = usize::try_from(memory).unwrap_or(usize::MAX >> 20) << 20;
        Limits { timeout: Duration::from_secs(timeout.into()), memory, fuel: self.fuel }
    }
}

/// The digests of a file in the form of sha256sum.
fn allowed(path: &std::path::Path) -> Result<Vec<String>> {
    let name = path.display();
    let text = String::from_utf8(reference::file(path, MAX_ALLOWED)?);
    let text = text.map_err(|_| Failure::usage(format!("{name}: not a text")))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let digests = lines.map(|(number, line)| {
        let digest = line.split_whitespace().next().unwrap_or_default();
        let digest = if digest.starts_with("sha256:") { digest.to_owned() } else { format!("sha256:{digest}") };
        match reference::is_digest(&digest) {
            true => Ok(digest),
            false => Err(Failure::usage(format!("{name}: line {} does not begin with a SHA-256 digest", number + 1))),
        }
    });
    digests.collect()
}

/// Compiles a module for all later runs, where that can be kept, and sees that it can start. One that is to stand for krmor
/// itself must answer as this krmor does.
pub(super) fn prepare(code: &Code, cache: Option<&Cache>, own: bool) -> Result<()> {
    engine::startable(code, cache)?;
    if !own {
        return Ok(());
    }
    let config = b"apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: probe}\n".to_vec();
    let stream =
        b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n".to_vec();
    let arguments = ["krmor", "--config-length", &config.len().to_string()].map(str::to_owned).to_vec();
    let stdin = [config.as_slice(), &stream].concat();
    let limits = Module::at(&code.name).limits(60, 1024);
    let answer = engine::run(engine::Call { code, arguments, stdin, limits, cache });
    let mut ours = Vec::new();
    transport::plugin(config, false, stream, &mut ours)?;
    if answer.is_ok_and(|answer| answer.code == 0 && answer.stdout == ours) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{}: it does not answer as this krmor does; a function of others is installed with --kind GROUP/VERSION/KIND",
        code.name
    )))
}
