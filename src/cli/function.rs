//! krmor as a function: a filter of standard input, and kustomize's legacy exec plugin.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::helm::Helm;
use super::{Failure, Result, input, render};
use crate::config::{GROUP, PIPELINE};
use crate::functions;
use crate::report::{Report, Severity};
use crate::stream::Stream;
use crate::text;
use crate::transport;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The function config, where standard input is a bare stream.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The function to run, where the config is a kpt-style ConfigMap or there is none; a link to krmor that has the
    /// name of a function stands for it.
    #[arg(long, value_name = "KIND")]
    function: Option<String>,
    /// Change nothing, and fail where a run would change anything: for validators of kpt, whose changes are dropped.
    #[arg(long)]
    check: bool,
    /// Accept an input without any object.
    #[arg(long)]
    allow_empty: bool,
    /// Accept an input without any workload.
    #[arg(long)]
    allow_none: bool,
    /// Files and directories with CustomResourceDefinitions: their schemas say where the pods of their kinds are.
    #[arg(long, value_name = "PATH")]
    crds: Vec<PathBuf>,
}

/// The kind by which krmor was called, if there is one of that name.
pub(super) fn called_as(args: &[OsString]) -> Option<String> {
    let name = args.first().map(Path::new)?.file_name()?.to_str()?;
    (name == PIPELINE || functions::by_kind(name).is_some()).then(|| name.to_owned())
}

/// Where the arguments stand that a link to krmor has in front of those of its caller: `krmor install kustomize --wasm`
/// writes them.
pub(super) fn file_beside(program: &OsStr) -> PathBuf {
    let mut name = program.to_owned();
    name.push(".args");
    name.into()
}

/// All arguments, if there is such a file: one argument a line; `#` begins a comment.
pub(super) fn beside(args: &[OsString]) -> Result<Option<Vec<OsString>>> {
    let Some((program, rest)) = args.split_first() else { return Ok(None) };
    let file = file_beside(program);
    // By a name without a folder krmor was found on the PATH, not as a link in a plugin home.
    if Path::new(program).parent().is_none_or(|folder| folder.as_os_str().is_empty()) {
        return Ok(None);
    }
    // Only where there is nothing at all may krmor run by itself: what is there and cannot be read was to be a sandbox.
    if file.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&file).map_err(|error| Failure::io(&file.display().to_string(), &error))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(OsString::from);
    Ok(Some(std::iter::once(program.clone()).chain(lines).chain(rest.iter().cloned()).collect()))
}

/// The config file of a legacy plugin call, if this is one: kustomize runs `…/<kind>/<Kind> CONFIG_FILE`.
pub(super) fn legacy_config(args: &[OsString]) -> Option<PathBuf> {
    let by_kustomize = std::env::var_os("KUSTOMIZE_PLUGIN_CONFIG_ROOT").is_some();
    let config = PathBuf::from(args.get(1)?);
    let ours = || std::fs::read_to_string(&config).is_ok_and(|text| text.contains(GROUP));
    ((by_kustomize || called_as(args).is_some()) && config.is_file() && ours()).then_some(config)
}

/// kustomize's legacy exec plugin: the config in a file, a bare stream on standard input.
pub(super) fn legacy(config: &Path, args: usize) -> Result<u8> {
    let bytes = std::fs::read(config).map_err(|error| Failure::io("the plugin's config", &error))?;
    warn(&transport::plugin(bytes, args > 2, input::stdin()?, &mut super::output()?)?);
    render::mark();
    Ok(0)
}

/// No subcommand: a ResourceList, or a bare stream with `--config`. `called_as` is the kind that krmor was called by, `helm`
/// the Helm whose post-renderer it is.
pub(super) fn run(options: &Options, called_as: Option<&str>, helm: Option<&Helm>) -> Result<u8> {
    if let Some(config) = &options.config {
        input::apart(config, &[PathBuf::from("-")])?;
    }
    let bytes = input::stdin()?;
    let function = options.function.as_deref().or(called_as.filter(|kind| *kind != PIPELINE));
    let config = options.config.as_deref().map(|path| input::config(path, function));
    let schemas = input::schemas(&options.crds)?;
    let (allow_empty, allow_none, check) = (options.allow_empty, options.allow_none, options.check);
    let never_empty = helm.and_then(|helm| helm.never_empty(allow_empty));
    let options = transport::Options {
        config,
        function,
        allow_empty,
        never_empty,
        allow_none,
        check,
        schemas,
        ..transport::Options::default()
    };
    let warnings = transport::run(bytes, options, &mut super::output()?)?;
    warn(&warnings);
    if let Some(helm) = helm {
        helm.tell_of_success(&warnings);
    }
    render::mark();
    Ok(0)
}

/// Prints the findings that do not fail a run, on standard error.
pub(super) fn notes(stream: &Stream, report: &Report, from: Severity) {
    warn(&text::findings(stream, report.findings.iter().filter(|finding| finding.severity >= from)));
}

pub(super) fn warn(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes()); // with standard error gone there is nobody to tell
}
