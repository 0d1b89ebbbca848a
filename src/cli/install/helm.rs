//! `krmor install helm`: the plugin that is Helm 4's post-renderer.

use std::path::{Path, PathBuf};

use super::super::files::{self, Written};
use super::kustomize::own_path;
use super::{Failure, Result, home, write_stdout};

/// The plugin as Helm reads it.
const PLUGIN: &str = include_str!("../../../kustomization/helm/plugin.yaml");

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The folder of Helm's plugins; by default where Helm itself looks.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let directory = match &options.directory {
        Some(directory) => directory.clone(),
        None => default_directory().ok_or_else(|| {
            Failure::usage("no folder of Helm's plugins: set HELM_PLUGINS or HOME, or say --directory DIR")
        })?,
    };
    let failed = |path: &Path| {
        let name = path.display().to_string();
        move |error: std::io::Error| Failure::io(&name, &error)
    };
    let directory = std::path::absolute(&directory).map_err(failed(&directory))?;
    let plugin = directory.join("krmor");
    files::folder(&plugin)?;
    files::settle(&[&plugin])?;
    let mut fresh = Vec::new();
    let (program, file) = (plugin.join("krmor"), plugin.join("plugin.yaml"));
    let own = own_path()?;
    let done = if std::fs::read_link(&program).is_ok_and(|old| old == own) {
        "is in place"
    } else {
        fresh.push(home::link_to(&program, &own)?);
        "laid"
    };
    let text = plugin_file();
    let written = if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
        "is in place"
    } else {
        fresh.push(Written::bytes(file.clone(), text.into_bytes()));
        "written"
    };
    files::write(fresh, std::slice::from_ref(&plugin))?;
    let out = format!(
        "{} {done}\n{} {written}\nHELM_PLUGINS={}\n\
         Helm 4: helm template NAME CHART --post-renderer krmor --post-renderer-args --config=FILE\n\
         Helm 3 cannot read plugins of Helm 4, and loads none from a folder that holds one: give it a HELM_PLUGINS of its own, \
         and pipe: helm template NAME CHART | krmor --config FILE\n",
        program.display(),
        file.display(),
        directory.display(),
    );
    write_stdout(out.as_bytes())?;
    Ok(0)
}

fn plugin_file() -> String {
    PLUGIN.replace("version: 0.0.0", &format!("version: {}", env!("CARGO_PKG_VERSION")))
}

/// Where Helm looks for plugins.
fn default_directory() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(plugins) = std::env::var_os("HELM_PLUGINS") {
        return std::env::split_paths(&plugins).find(|path| !path.as_os_str().is_empty());
    }
    let data = set("HELM_DATA_HOME").or_else(|| set("XDG_DATA_HOME").map(|data| data.join("helm")));
    let home = || {
        let below = match std::env::consts::OS {
            "macos" => "Library/helm",
            _ => ".local/share/helm",
        };
        set("HOME").map(|home| home.join(below))
    };
    data.or_else(home).map(|data| data.join("plugins"))
}
