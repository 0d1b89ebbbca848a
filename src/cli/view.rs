//! `krmor view`: documents as kustomize reads them, one line each.

use std::path::PathBuf;
use std::sync::Arc;

use super::files;
use super::{Failure, Result, input, write_stdout};
use crate::excerpt;
use crate::transport::decode;
use crate::yaml;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Tell every type apart: `i1`, `f…` (the bits of a float), `T…` (a timestamp); mappings are sorted.
    #[arg(long)]
    typed: bool,
    /// Files, or `-` for standard input.
    #[arg(value_name = "PATH", default_value = "-")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    files::settle(&options.paths.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let mut out = String::new();
    for path in &options.paths {
        let from_stdin = path.as_os_str() == "-";
        let name = if from_stdin { "standard input".to_owned() } else { path.display().to_string() };
        let bytes = if from_stdin {
            input::stdin()?
        } else {
            std::fs::read(path).map_err(|error| Failure::io(&name, &error))?
        };
        let (text, _) = decode(&name, bytes)?;
        let text = Arc::new(text);
        for document in yaml::parse(&text).map_err(|error| excerpt::yaml_error(&name, &text, &error))? {
            let root = document.root();
            out.push_str(&if options.typed { root.typed() } else { root.json() });
            out.push('\n');
        }
    }
    write_stdout(out.as_bytes())?;
    Ok(0)
}
