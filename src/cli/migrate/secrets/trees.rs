//! Kustomizations: the outermost ones are rendered, and get the config that makes references.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::config::{self, Entry};
use super::edits::{Edit, Edits};
use super::found::{self, Placeholders};
use super::gather;
use super::objects::Values;
use super::proof::{self, Streams};
use super::render::{self, Kustomize, Plugins};
use super::sources::Plan;
use super::{Change, Finding, Migration, Options, Origin, To, new_texts, stop};
use crate::cli::doctor::tree::{File, Target, Tree, is_ours};
use crate::cli::{Failure, Result};
use crate::excerpt;
use crate::pipeline::Outcome;
use crate::report::Report;
use crate::stream::Stream;
use crate::transport::{self, Config};
use crate::yaml::{self, Node};

/// The fields of a kustomization that name what is inside it.
const INNER: &[&str] = &["resources", "bases", "components", "generators", "transformers", "validators"];

/// What is to be migrated.
pub(super) struct Sources<'a> {
    pub(super) tree: &'a Tree,
    pub(super) folder: &'a Path,
    pub(super) plan: Plan,
    /// The files with placeholders in place of values.
    pub(super) texts: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) origin: Origin,
    pub(super) options: &'a Options,
}

impl Sources<'_> {
    fn name(&self, path: &Path) -> String {
        named(self.tree, path, self.folder, &self.options.directory)
    }

    pub(super) fn changes(&self, texts: BTreeMap<PathBuf, Vec<u8>>) -> Result<Vec<Change>> {
        let mut out = Vec::new();
        for (path, after) in texts {
            let name = self.name(&path);
            let before = match std::fs::read(&path) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(Failure::io(&name, &error)),
            };
            if before.as_ref().is_some_and(|bytes| bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]))
            {
                return Err(Failure::usage(format!("{name}: it is UTF-16; write it as UTF-8")));
            }
            if before.as_ref() != Some(&after) {
                out.push(Change { path, name, before, after });
            }
        }
        Ok(out)
    }

    /// Whether a rendered Secret is one that the command line excludes. Prefixes, suffixes and hashes are around the name that
    /// the sources have: the longest that fits.
    fn is_excluded(&self, names: &BTreeSet<String>, rendered: &str) -> bool {
        let source = names.iter().filter(|name| rendered.contains(name.as_str())).max_by_key(|name| name.len());
        source.is_some_and(|source| self.options.exclude.contains(source))
    }

    pub(super) fn excluded(&self, rendered: &[String]) -> Vec<String> {
        let names = names(self.tree);
        rendered.iter().filter(|name| self.is_excluded(&names, name)).cloned().collect()
    }

    /// Values of this kind that stay although nothing excludes them.
    pub(super) fn left(&self, stream: &str, differences: &mut Vec<String>) -> Result<()> {
        let names = names(self.tree);
        for (title, name, keys) in found::plaintext(stream)? {
            if self.origin == Origin::Secrets && !self.is_excluded(&names, &name) {
                let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                differences.push(format!(
                    "{title} has values under {keys} that come from no file krmor can edit; say --exclude with its name"
                ));
            }
        }
        Ok(())
    }
}

/// The names that Secrets have in the sources.
fn names(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |node: Node<'_>, path: &[&str]| {
        names.extend(node.find(path).and_then(Node::as_str).filter(|name| !name.is_empty()).map(Cow::into_owned));
    };
    for file in tree.files() {
        for root in file.documents.iter().map(yaml::Document::root) {
            root.get("secretGenerator").into_iter().flat_map(Node::items).for_each(|entry| add(entry, &["name"]));
            for object in root.get("items").into_iter().flat_map(Node::items).chain([root]) {
                let kind = object.get("kind").and_then(Node::as_str).unwrap_or_default();
                if matches!(kind.as_ref(), "Secret" | "SealedSecret" | "SecretGenerator") {
                    add(object, &["metadata", "name"]);
                }
            }
        }
    }
    names
}

/// What messages call a file: by the directory as it was named.
pub(super) fn named(tree: &Tree, path: &Path, folder: &Path, directory: &Path) -> String {
    if let Ok(inside) = path.strip_prefix(folder) {
        let path = directory.join(inside);
        return path.strip_prefix("./").unwrap_or(&path).display().to_string();
    }
    let file = tree.files().find(|file| file.path == path);
    file.map_or_else(|| path.display().to_string(), |file| file.name.clone())
}

/// The kustomizations below the directory that no other one lists.
fn outermost(tree: &Tree) -> Vec<&File> {
    let mut inner = BTreeSet::new();
    for file in tree.kustomizations() {
        for (_, target) in INNER.iter().flat_map(|field| tree.entries(file, field)) {
            if let Target::Kustomization(found) = target {
                inner.insert(found.path.clone());
            }
        }
    }
    let is_component = |file: &File| {
        file.root().and_then(|root| root.get("kind")).is_some_and(|kind| kind.as_str().as_deref() == Some("Component"))
    };
    let outer = |file: &&File| file.listed && !inner.contains(&file.path) && !is_component(file);
    tree.kustomizations().filter(outer).collect()
}

/// What one kustomization renders to without krmor: as it is, and with placeholders in place of values.
struct Raw {
    before: String,
    after: String,
    found: Placeholders,
}

/// How kustomizations are rendered, where they lie and in copies.
struct Renderer {
    kustomize: Kustomize,
    common: PathBuf,
    /// What the person most likely has to say to kustomize too, when it fails.
    hint: Option<&'static str>,
}

impl Renderer {
    fn build(&self, root: &File, copy: Option<&Path>, plugins: Plugins) -> Result<String> {
        let folder = root.folder();
        let copied = copy.map(|copy| copy.join(folder.strip_prefix(&self.common).unwrap_or(folder)));
        self.kustomize.build(copied.as_deref().unwrap_or(folder), &shown(root), plugins, self.hint)
    }

    fn raw(&self, sources: &mut Sources<'_>, roots: &[&File]) -> Result<Vec<Raw>> {
        let build = |root: &&File, copy: Option<&Path>| self.build(root, copy, Plugins::Idle);
        let before = roots.iter().map(|root| build(root, None)).collect::<Result<Vec<_>>>()?;
        let mut after = before.clone();
        for round in ["sources", "gathered"] {
            if sources.texts.is_empty() {
                break;
            }
            let copy = self.kustomize.copy(round, sources.tree, sources.folder, &self.common, &sources.texts)?;
            after = roots.iter().map(|root| build(root, Some(&copy))).collect::<Result<Vec<_>>>()?;
            let last = round == "gathered" || sources.options.to != To::Vso;
            if last || !gather::gather(sources, roots, &before, &after)? {
                break;
            }
        }
        let raw = |(before, after): (String, String)| {
            let found = found::placeholders(&after)?;
            Ok(Raw { before, after, found })
        };
        before.into_iter().zip(after).map(raw).collect()
    }
}

/// An option of kustomize that a tree needs and nobody has given.
fn hint(tree: &Tree, options: &Options) -> Option<&'static str> {
    let charts = ["helmCharts", "helmChartInflationGenerator"];
    let has_charts = |root: Node<'_>| {
        let kind = root.get("kind").and_then(Node::as_str);
        charts.iter().any(|field| root.get(field).is_some()) || kind.as_deref() == Some("HelmChartInflationGenerator")
    };
    let is_asked = options.build_option.iter().any(|option| option.starts_with("--enable-helm"));
    let any = tree.files().flat_map(|file| &file.documents).any(|document| has_charts(document.root()));
    let inline =
        tree.kustomizations().flat_map(|file| tree.entries(file, "generators")).any(|(_, target)| match target {
            Target::Inline(documents) => documents.iter().any(|document| has_charts(document.root())),
            _ => false,
        });
    ((any || inline) && !is_asked)
        .then_some("a kustomization has Helm charts: say --build-option --enable-helm, with helm on the PATH")
}

/// How messages call a kustomization: by its folder.
fn shown(file: &File) -> String {
    let name = Path::new(&file.name).parent().unwrap_or(Path::new("")).display().to_string();
    if name.is_empty() { ".".to_owned() } else { name }
}

/// Migrates kustomizations; `None` when there is nothing to migrate.
pub(super) fn kustomizations(sources: &mut Sources<'_>) -> Result<Option<Migration>> {
    let Sources { tree, folder, options, .. } = *sources;
    let roots = outermost(tree);
    if roots.is_empty() {
        return Err(Failure::usage(
            "there is no kustomization that is built by itself: name the directory of those that are",
        ));
    }
    let kustomize = Kustomize::find(options.kustomize.as_deref(), &options.build_option)?;
    let renderer = Renderer { kustomize, common: render::common(tree, folder), hint: hint(tree, options) };
    let raw = renderer.raw(sources, &roots)?;
    let Entries { edits, contents, configs } = entries(sources, &roots, &raw)?;
    let finished = new_texts(tree, &edits, &contents)?;
    let changes = sources.changes(finished.clone())?;
    if changes.is_empty() {
        return Ok(None);
    }
    let values = Values::of(&sources.plan.moved);
    let migrated = renderer.kustomize.copy("migrated", tree, folder, &renderer.common, &finished)?;
    let has_krmor = tree.files().any(|file| file.documents.iter().any(|document| is_ours(document.root())));
    let mut proofs = Vec::new();
    for ((root, raw), config) in roots.iter().zip(&raw).zip(&configs) {
        let before = match has_krmor {
            true => renderer.build(root, None, Plugins::Running)?,
            false => raw.before.clone(),
        };
        let after = renderer.build(root, Some(&migrated), Plugins::Running).or_else(|failure| {
            let Some((path, text)) = config else { return Err(failure) };
            findings(&sources.name(path), text, &raw.after, sources.origin)?;
            Err(failure)
        })?;
        let streams = Streams { raw_before: &raw.before, raw_after: &raw.after, before: &before, after: &after };
        let mut proof = proof::prove(&shown(root), &streams, &values)?;
        sources.left(&after, &mut proof.differences)?;
        proofs.push(proof);
    }
    let used = raw.into_iter().flat_map(|raw| raw.found.texts).collect();
    Ok(Some(Migration { changes, proofs, used }))
}

/// All edits and new files of a migration, and the config of each kustomization that needs one.
struct Entries {
    edits: BTreeMap<PathBuf, Edits>,
    contents: BTreeMap<PathBuf, Vec<u8>>,
    configs: Vec<Option<(PathBuf, String)>>,
}

/// Gives each kustomization with placeholders the config that makes references of them.
fn entries(sources: &Sources<'_>, roots: &[&File], raw: &[Raw]) -> Result<Entries> {
    let Sources { tree, plan, options, .. } = sources;
    let mut out = Entries { edits: plan.edits.clone(), contents: plan.contents.clone(), configs: Vec::new() };
    let mut problems: Vec<Finding> = Vec::new();
    for (root, Raw { found, .. }) in roots.iter().zip(raw) {
        if !found.any {
            out.configs.push(None);
            continue;
        }
        let spec = config::spec(options, &sources.excluded(&found.names));
        match config::entry(tree, root, &spec, !plan.moved.is_empty()) {
            Err(problem) => problems.push(problem),
            Ok(Entry::New(path)) => {
                let text = config::new_file(&spec)?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let list = root.root().and_then(|root| root.get("transformers"));
                let edit = match list.filter(|list| list.items().next().is_some()) {
                    Some(_) => Edit::Set("/transformers/-".into(), json!(name)),
                    None => Edit::Set("/transformers".into(), json!([name])),
                };
                out.edits.entry(root.path.clone()).or_default().push((0, edit));
                out.contents.insert(path.clone(), text.clone().into_bytes());
                out.configs.push(Some((path, text)));
            }
            Ok(Entry::Completed(file, added)) => {
                let own: Edits = added.into_iter().map(|edit| (0, edit)).collect();
                if !own.is_empty() && !file.path.starts_with(sources.folder) {
                    problems.push(Finding {
                        place: Some(file.place(0)),
                        message: format!("the config is outside {}, where others may use it too", options.directory.display()),
                        remedy: "name the directory that holds all who use it, or give this kustomization a config of its own"
                            .to_owned(),
                    });
                }
                let text = super::edited(&file.text, &own).map_err(Failure::internal)?;
                if !own.is_empty() {
                    out.edits.insert(file.path.clone(), own);
                }
                out.configs.push(Some((file.path.clone(), text)));
            }
        }
    }
    stop(&problems)?;
    Ok(out)
}

/// Runs the function alone over what sources with placeholders give, for what it says when kustomize fails: that would say it
/// among other things, which may hold values.
fn findings(name: &str, config: &str, stream: &str, origin: Origin) -> Result<()> {
    let mut config = Config::read(name, config.as_bytes().to_vec(), None)?;
    config.pipeline.steps.retain(|step| step.function.kind == "VaultSecrets");
    let broken = |error: yaml::Error| excerpt::yaml_error("the rendered stream", stream, &error);
    let mut stream = Stream::parse(&Arc::new(stream.to_owned())).map_err(broken)?;
    convert(&mut config, &mut stream, origin)
}

/// Runs a config, and tells what it finds.
pub(super) fn convert(config: &mut Config, stream: &mut Stream, origin: Origin) -> Result<()> {
    config.pipeline.learn(Vec::new(), true);
    let mut report = Report::default();
    let outcome = config.pipeline.run(stream, &mut report);
    if outcome == Outcome::Ok {
        return Ok(());
    }
    let mut failure = transport::failed(stream, &report, config, outcome);
    let found = |rules: &[&str]| report.findings.iter().any(|finding| rules.contains(&finding.rule.id));
    if origin == Origin::Avp && found(&["plaintext"]) {
        failure
            .message
            .push_str("note: krmor migrate secrets moves such values to Vault, beside the placeholders' keys\n");
    }
    if found(&["variable-secret"]) {
        failure.message.push_str("note: --variable-secret TEMPLATE writes `convert.variableSecret`\n");
    }
    Err(failure)
}
