//! `krmor graph`: who is there, who reaches whom, and what NetworkPolicies allow; as a picture, for programs, or as a config that
//! allows what the manifests prove.

mod counts;
mod entries;
mod infer;
mod json;
mod layout;
mod letters;
mod levels;
mod mermaid;
mod policies;
mod ports;
mod scene;
mod svg;
mod topology;
mod uses;

use std::path::PathBuf;

use clap::ValueEnum;

use self::scene::Scene;
use self::topology::Topology;
use super::{Failure, Result, input, write_stdout};
use crate::pipeline::Outcome;
use crate::report::Report;
use crate::transport;
use crate::workload::Table;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// A config to run first: the topology is that of what it makes.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The function that a kpt-style ConfigMap config is for.
    #[arg(long, value_name = "KIND", requires = "config")]
    function: Option<String>,
    /// The form.
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    format: Form,
    /// What stands above the SVG. Default: the namespaces.
    #[arg(long, value_name = "TEXT", conflicts_with = "infer")]
    title: Option<String>,
    /// Print a config of NetworkPolicies with the edges that the manifests prove, and list what they do not prove.
    #[arg(long, conflicts_with = "format")]
    infer: bool,
    /// Files and directories (their *.yaml, *.yml and *.json files), or `-` for standard input.
    #[arg(value_name = "PATH", default_value = "-")]
    paths: Vec<PathBuf>,
    /// Accept an input without any object.
    #[arg(long)]
    allow_empty: bool,
    /// Files and directories with CustomResourceDefinitions: their schemas say where the pods of their kinds are.
    #[arg(long, value_name = "PATH")]
    crds: Vec<PathBuf>,
}

/// The form of a topology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A Mermaid flowchart.
    Mermaid,
    /// A picture, light and dark.
    Svg,
    /// For programs.
    Json,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let mut input = input::read(&options.paths, options.allow_empty)?;
    let schemas = input::schemas(&options.crds)?;
    if let Some(path) = &options.config {
        let mut config = input::config(path, options.function.as_deref())?;
        config.pipeline.learn(schemas, false);
        let mut report = Report::default();
        let outcome = config.pipeline.run(&mut input.stream, &mut report);
        if outcome != Outcome::Ok {
            return Err(transport::failed(&input.stream, &report, &config, outcome));
        }
    } else {
        let mut table = Table::default();
        schemas.into_iter().chain(input.stream.schemas()).for_each(|row| table.add_schema(row));
        input.stream.set_workloads(table);
    }
    let topology = Topology::of(&input.stream);
    let out = match (options.infer, options.format) {
        (true, _) => infer::infer(&topology, &input.stream.render()),
        (false, Form::Json) => {
            let text = serde_json::to_string_pretty(&json::json(&topology));
            text.map_err(|error| Failure::internal(error.to_string()))? + "\n"
        }
        (false, Form::Mermaid) => mermaid::mermaid(&Scene::of(&topology), &topology),
        (false, Form::Svg) => svg::svg(&Scene::of(&topology), &topology, &title(options, &topology)),
    };
    write_stdout(out.as_bytes())?;
    Ok(0)
}

fn title(options: &Options, topology: &Topology<'_>) -> String {
    options.title.clone().unwrap_or_else(|| {
        let names: Vec<String> = topology.namespaces.keys().filter(|name| !name.is_empty()).cloned().collect();
        match names.is_empty() {
            true => "Network topology".to_owned(),
            false => format!("Network topology of {}", crate::text::few(names.len(), &mut names.into_iter(), ", ")),
        }
    })
}
