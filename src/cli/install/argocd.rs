//! `krmor install argocd`: a kustomize Component for an installation of Argo CD, with krmor as a plugin beside the repo-server.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::super::files::{self as writing, Written};
use super::{Result, write_stdout};

/// The sidecar, as a patch; its names are those of the plugin `central`.
const SIDECAR: &str = include_str!("../../../kustomization/argocd-cmp/repo-server.yaml");
/// What the plugins `central` and `helm` run over every application.
const CONFIG: &str = include_str!("../../../kustomization/argocd-cmp/krmor.yaml");

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Whose config runs; each plugin is a sidecar of its own.
    #[arg(long = "plugin", value_name = "PLUGIN", default_value = "central")]
    plugins: Vec<Plugin>,
    /// The sidecar's image, which `make argocd-cmp` prepares; by default `krmor-argocd` with this krmor's version.
    #[arg(
        long, value_name = "IMAGE", value_parser = image,
        default_value = concat!("krmor-argocd:", env!("CARGO_PKG_VERSION"))
    )]
    image: String,
    /// Write the Component into this directory instead: list it under `components:` of what installs Argo CD.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Plugin {
    /// The config of each repository: under `transformers:` of its kustomizations.
    Own,
    /// One config for all kustomizations, whatever they say themselves.
    Central,
    /// One config for all Helm charts.
    Helm,
}

impl Plugin {
    fn name(self) -> &'static str {
        match self {
            Plugin::Own => "own",
            Plugin::Central => "central",
            Plugin::Helm => "helm",
        }
    }

    /// The plugin's own file, as argocd-cmp-server reads it.
    fn file(self) -> &'static str {
        match self {
            Plugin::Own => include_str!("../../../kustomization/argocd-cmp/own.yaml"),
            Plugin::Central => include_str!("../../../kustomization/argocd-cmp/central.yaml"),
            Plugin::Helm => include_str!("../../../kustomization/argocd-cmp/helm.yaml"),
        }
    }
}

/// A reference of an image, of the characters that one may have: it becomes a line of YAML.
fn image(text: &str) -> std::result::Result<String, String> {
    let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "._/:@-".contains(letter);
    let is_name = text.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    if is_name && text.chars().all(is_sign) && !text.ends_with([':', '@', '/']) {
        return Ok(text.to_owned());
    }
    Err("write NAME:TAG or NAME@sha256:DIGEST, such as `registry.example.com/krmor-argocd:1.0`".to_owned())
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let files = files(options);
    let Some(directory) = &options.directory else {
        let mut text = String::new();
        for (name, file) in &files {
            text.push_str(&format!("---\n# {name}\n{file}"));
        }
        write_stdout(text.as_bytes())?;
        return Ok(0);
    };
    writing::folder(directory)?;
    writing::settle(&[directory])?;
    let mut out = String::new();
    let mut fresh = Vec::new();
    for (name, text) in files {
        let path = directory.join(&name);
        // The config is the platform team's from the first day on.
        let done = if name == "krmor.yaml" && path.exists() { "is yours" } else { state(&path, &text) };
        out.push_str(&format!("{} {done}\n", path.display()));
        if done == "written" {
            fresh.push(Written::bytes(path, text.into_bytes()));
        }
    }
    writing::write(fresh, std::slice::from_ref(directory))?;
    write_stdout(out.as_bytes())?;
    Ok(0)
}

fn state(path: &Path, text: &str) -> &'static str {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) { "is in place" } else { "written" }
}

/// The Component's files.
fn files(options: &Options) -> Vec<(String, String)> {
    let mut plugins: Vec<Plugin> = Vec::new();
    for &plugin in &options.plugins {
        if !plugins.contains(&plugin) {
            plugins.push(plugin);
        }
    }
    let mut kustomization = "# krmor beside Argo CD's repo-server; written by `krmor install argocd`.\n\
                             apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n\nconfigMapGenerator:\n"
        .to_owned();
    let mut patches = "\npatches:\n".to_owned();
    let mut files = Vec::new();
    for &plugin in &plugins {
        let name = format!("krmor-{}", plugin.name());
        let config = if plugin == Plugin::Own { "" } else { ", krmor.yaml" };
        kustomization.push_str(&format!("  - name: {name}\n    files: [plugin.yaml={name}.yaml{config}]\n"));
        patches.push_str(&format!("  - path: {name}-sidecar.yaml\n"));
        let sidecar = SIDECAR.replace("krmor-central", &name).replace("krmor-argocd:0.0.0", &options.image);
        files.push((format!("{name}.yaml"), plugin.file().to_owned()));
        files.push((format!("{name}-sidecar.yaml"), sidecar));
    }
    if plugins.iter().any(|&plugin| plugin != Plugin::Own) {
        files.insert(0, ("krmor.yaml".to_owned(), CONFIG.to_owned()));
    }
    files.insert(0, ("kustomization.yaml".to_owned(), kustomization + &patches));
    files
}
