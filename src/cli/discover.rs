//! Finds the config of a run that nobody has named: `krmor.yaml` in the folder of the manifests, else the one that the
//! kustomization there lists under `transformers:`. It also tells who has taken the two for each other.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::doctor::tree::{is_kustomization, is_ours};
use super::init::{CONFIG, generators};
use super::{Failure, Result, Source, function};
use crate::yaml::{self, Document, Kind, Node};

/// Larger files are not looked into.
const MAX_FILE: u64 = 16 << 20;

/// Where the config of a run is, and what it runs over.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) config: PathBuf,
    pub(super) paths: Vec<PathBuf>,
    /// What the kustomizations of the folders generate: there to be judged, and in no file.
    pub(super) generated: Vec<Document>,
}

/// The config and the input of a source.
pub(super) fn find(source: &Source) -> Result<Found> {
    let paths = match source.paths.as_slice() {
        // Nobody pipes anything in: the folder is meant where it can be.
        [] if std::io::stdin().is_terminal() && found_in(Path::new("."))?.is_some() => vec![PathBuf::from(".")],
        [] => vec![PathBuf::from("-")],
        given => given.to_vec(),
    };
    if let Some(config) = &source.config {
        swapped(config, &paths)?;
        return Ok(Found { config: config.clone(), paths, generated: Vec::new() });
    }
    only_configs(&paths)?;
    let config = discovered(&paths)?;
    let kustomizations = paths.iter().filter(|path| path.is_dir()).filter_map(|folder| kustomization_of(folder));
    let mut generated = Vec::new();
    for kustomization in kustomizations {
        note(&kustomization, &config)?;
        let folder = kustomization.parent().unwrap_or(Path::new(""));
        for document in documents(&kustomization).unwrap_or_default() {
            let made = generators::read(document.root(), folder);
            generated.extend(made.iter().filter_map(|made| yaml::new_document(&made.object(), None).ok()));
        }
    }
    Ok(Found { config, paths, generated })
}

/// What kustomize patches and renames is not in its files.
fn note(kustomization: &Path, config: &Path) -> Result<()> {
    let folder = kustomization.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.display();
    let render = match listed(kustomization)?.is_empty() {
        true => format!("kustomize build {folder} | {} -", call(config)),
        false => format!("kustomize build --enable-alpha-plugins {folder}"),
    };
    function::warn(&format!(
        "note: {folder} is a kustomization, and these are its files as they lie there, not patched and not renamed. What it renders: {render}\n"
    ));
    Ok(())
}

fn discovered(paths: &[PathBuf]) -> Result<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in paths {
        let folder = match path.parent() {
            _ if path.as_os_str() == "-" => PathBuf::from("."),
            _ if path.is_dir() => path.clone(),
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if folders.contains(&folder) {
            continue;
        }
        if let Some(config) = found_in(&folder)?
            && !found.contains(&config)
        {
            found.push(config);
        }
        folders.push(folder);
    }
    let names = |list: &[PathBuf]| list.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::usage(format!(
            "no config is named, and there is none in {}: neither {CONFIG} nor an entry under `transformers:` of a kustomization\n  \
             fix: name one by --config FILE, or let krmor init write one",
            names(&folders)
        ))),
        many => Err(Failure::usage(format!(
            "there is more than one config: {}\n  fix: name one by --config FILE",
            names(many)
        ))),
    }
}

/// The config of a folder.
fn found_in(folder: &Path) -> Result<Option<PathBuf>> {
    let own = plain(folder.join(CONFIG));
    if own.is_file() {
        return Ok(Some(own));
    }
    let Some(kustomization) = kustomization_of(folder) else { return Ok(None) };
    let found = listed(&kustomization)?;
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        many => Err(Failure::usage(format!(
            "{} lists more than one config: {}\n  fix: name one by --config FILE",
            kustomization.display(),
            many.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// The configs of ours that a kustomization lists.
fn listed(kustomization: &Path) -> Result<Vec<PathBuf>> {
    let folder = kustomization.parent().unwrap_or(Path::new(""));
    let documents = documents(kustomization).unwrap_or_default();
    let list = documents.first().and_then(|document| document.root().get("transformers"));
    let mut found = Vec::new();
    for entry in list.into_iter().flat_map(Node::items).filter_map(Node::as_str) {
        let path = plain(folder.join(entry.as_ref()));
        if path.is_file() && self::documents(&path).is_some_and(|all| all.iter().any(|one| is_ours(one.root()))) {
            found.push(path);
        } else if is_inline(&entry) {
            return Err(Failure::usage(format!(
                "{}: a config of krmor is written in it\n  fix: put it into a file of its own, {CONFIG}, and list that under `transformers:`",
                kustomization.display()
            )));
        }
    }
    Ok(found)
}

fn is_inline(entry: &str) -> bool {
    let documents = yaml::parse(&Arc::new(entry.to_owned())).unwrap_or_default();
    documents.iter().any(|document| document.root().kind() == Kind::Map && is_ours(document.root()))
}

fn kustomization_of(folder: &Path) -> Option<PathBuf> {
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    names.iter().map(|name| plain(folder.join(name))).find(|path| is_kustomization(path) && path.is_file())
}

/// A path as a person would write it.
fn plain(path: PathBuf) -> PathBuf {
    path.strip_prefix("./").map(Path::to_owned).unwrap_or(path)
}

/// The documents of a file that can be read.
fn documents(path: &Path) -> Option<Vec<Document>> {
    let small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_FILE);
    let bytes = small.then(|| std::fs::read(path).ok()).flatten()?;
    yaml::parse(&Arc::new(yaml::decode(bytes).ok()?.0)).ok()
}

/// Whether a file holds configs of ours and nothing else; `None` when it cannot be read.
fn is_config(path: &Path) -> Option<bool> {
    let documents = documents(path)?;
    let mut filled = documents.iter().filter(|document| !document.root().is_null()).peekable();
    Some(filled.peek().is_some() && filled.all(|document| is_ours(document.root())))
}

/// Whether a file is called as the config of its folder is, and is one.
pub(super) fn is_own_config(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == CONFIG) && is_config(path) == Some(true)
}

/// Whether a file holds objects of Kubernetes. A ConfigMap may be a config of kpt.
fn holds_manifests(path: &Path) -> bool {
    let kind =
        |document: &Document| document.root().get("kind").and_then(Node::as_str).map(std::borrow::Cow::into_owned);
    let is_manifest =
        |document: &Document| !is_ours(document.root()) && kind(document).is_some_and(|kind| kind != "ConfigMap");
    documents(path).is_some_and(|all| all.iter().any(is_manifest))
}

/// Refuses manifests in the place of the config where the config is in theirs.
fn swapped(config: &Path, paths: &[PathBuf]) -> Result<()> {
    let other = paths.iter().find(|path| path.is_file() && is_config(path) == Some(true));
    match other {
        Some(other) if holds_manifests(config) => Err(Failure::usage(format!(
            "{} holds manifests, and {} is a config: they are the wrong way round\n  fix: {} {}",
            config.display(),
            other.display(),
            call(other),
            config.display()
        ))),
        _ => Ok(()),
    }
}

/// Refuses a config in the place of manifests.
fn only_configs(paths: &[PathBuf]) -> Result<()> {
    let is_one = |path: &&PathBuf| path.is_file() && is_config(path) == Some(true);
    let Some(config) = paths.iter().find(is_one) else { return Ok(()) };
    let rest: Vec<String> =
        paths.iter().filter(|path| *path != config).map(|path| path.display().to_string()).collect();
    let rest = if rest.is_empty() { "PATH".to_owned() } else { rest.join(" ") };
    Err(Failure::usage(format!("{} is a config, and no manifest\n  fix: {} {rest}", config.display(), call(config))))
}

/// The call with a config, as the person made it.
fn call(config: &Path) -> String {
    let command = std::env::args().nth(1).filter(|word| matches!(word.as_str(), "run" | "check" | "diff"));
    format!("krmor {} --config {}", command.as_deref().unwrap_or("diff"), config.display())
}
