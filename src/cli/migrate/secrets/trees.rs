//! The two kinds of sources: kustomizations, which are rendered, and plain manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::config::{self, Entry};
use super::edits::{Edit, Edits};
use super::proof::{self, Streams, Values};
use super::render::{self, Kustomize, Plugins};
use super::sources::{Form, Moved, Plan};
use super::{Change, Finding, Migration, Options, Origin, To, new_texts, stop};
use crate::cli::doctor::tree::{File, Target, Tree, is_ours};
use crate::cli::{Failure, Result};
use crate::excerpt;
use crate::yaml::{self, Node, base64};
use crate::pipeline::Outcome;
use crate::report::Report;
use crate::stream::Stream;
use crate::transport::{self, Config};

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

    fn changes(&self, texts: BTreeMap<PathBuf, Vec<u8>>) -> Result<Vec<Change>> {
        let mut out = Vec::new();
        for (path, after) in texts {
            let name = self.name(&path);
            let before = match std::fs::read(&path) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(Failure::io(&name, &error)),
            };
            if before.as_ref().is_some_and(|bytes| bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])) {
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

    fn excluded(&self, rendered: &[String]) -> Vec<String> {
        let names = names(self.tree);
        rendered.iter().filter(|name| self.is_excluded(&names, name)).cloned().collect()
    }

    /// Values of this kind that stay although nothing excludes them.
    fn left(&self, stream: &str, differences: &mut Vec<String>) -> Result<()> {
        let names = names(self.tree);
        for (title, name, keys) in proof::plaintext(stream)? {
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
        names.extend(node.find(path).and_then(Node::as_str).filter(|name| !name.is_empty()).map(|name| name.into_owned()));
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
    let is_component =
        |file: &File| file.root().and_then(|root| root.get("kind")).is_some_and(|kind| kind.as_str().as_deref() == Some("Component"));
    let outer = |file: &&File| file.listed && !inner.contains(&file.path) && !is_component(file);
    tree.kustomizations().filter(outer).collect()
}

/// Migrates kustomizations; `None` when there is nothing to migrate.
pub(super) fn kustomizations(sources: &mut Sources<'_>) -> Result<Option<Migration>> {
    let Sources { tree, folder, options, .. } = *sources;
    let roots = outermost(tree);
    if roots.is_empty() {
        return Err(Failure::usage("there is no kustomization that is built by itself: name the directory of those that are"));
    }
    let kustomize = Kustomize::find(options.kustomize.as_deref(), &options.build_option)?;
    let common = render::common(tree, folder);
    let at = |copy: &Path, file: &File| copy.join(file.folder().strip_prefix(&common).unwrap_or(file.folder()));
    let shown = |file: &File| {
        let name = Path::new(&file.name).parent().unwrap_or(Path::new("")).display().to_string();
        if name.is_empty() { ".".to_owned() } else { name }
    };
    let mut before = Vec::new();
    for root in &roots {
        before.push(kustomize.build(root.folder(), &shown(root), Plugins::Idle)?);
    }
    let mut after = Vec::new();
    for round in ["sources", "gathered"] {
        if sources.texts.is_empty() {
            after.clone_from(&before);
            break;
        }
        let copy = kustomize.copy(round, tree, folder, &common, &sources.texts)?;
        after.clear();
        for root in &roots {
            after.push(kustomize.build(&at(&copy, root), &shown(root), Plugins::Idle)?);
        }
        if round == "gathered" || options.to != To::Vso || !gather(sources, &roots, &before, &after)? {
            break;
        }
    }
    let (mut raw, mut types) = (Vec::new(), BTreeSet::new());
    for (before, after) in before.into_iter().zip(after) {
        let found = proof::placeholders(&after)?;
        types.extend(found.types.iter().cloned());
        raw.push((before, after, found));
    }
    let Sources { plan, .. } = &*sources;
    let mut edits = plan.edits.clone();
    let mut contents = plan.contents.clone();
    let mut problems: Vec<Finding> = Vec::new();
    let mut configs: Vec<Option<(PathBuf, String)>> = Vec::new();
    for (root, (.., found)) in roots.iter().zip(&raw) {
        if !found.any {
            configs.push(None);
            continue;
        }
        let spec = config::spec(options, &types, &sources.excluded(&found.names));
        match config::entry(tree, root, &spec, &types, !plan.moved.is_empty()) {
            Err(problem) => problems.push(problem),
            Ok(Entry::New(path)) => {
                let text = config::new_file(&spec)?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let list = root.root().and_then(|root| root.get("transformers")).filter(|list| list.items().next().is_some());
                let edit = match list {
                    Some(_) => Edit::Set("/transformers/-".into(), json!(name)),
                    None => Edit::Set("/transformers".into(), json!([name])),
                };
                edits.entry(root.path.clone()).or_default().push((0, edit));
                contents.insert(path.clone(), text.clone().into_bytes());
                configs.push(Some((path, text)));
            }
            Ok(Entry::Completed(file, added)) => {
                let own: Edits = added.into_iter().map(|edit| (0, edit)).collect();
                let text = super::edited(&file.text, &own).map_err(Failure::internal)?;
                if !own.is_empty() {
                    edits.insert(file.path.clone(), own);
                }
                configs.push(Some((file.path.clone(), text)));
            }
        }
    }
    stop(&problems)?;
    let finished = new_texts(tree, &edits, &contents)?;
    let changes = sources.changes(finished.clone())?;
    if changes.is_empty() {
        return Ok(None);
    }
    let values = Values::of(&plan.moved);
    let migrated = kustomize.copy("migrated", tree, folder, &common, &finished)?;
    let has_krmor = tree.files().any(|file| file.documents.iter().any(|document| is_ours(document.root())));
    let mut proofs = Vec::new();
    for ((root, (raw_before, raw_after, _)), config) in roots.iter().zip(&raw).zip(&configs) {
        let before = match has_krmor {
            true => kustomize.build(root.folder(), &shown(root), Plugins::Running)?,
            false => raw_before.clone(),
        };
        let after = kustomize.build(&at(&migrated, root), &shown(root), Plugins::Running).or_else(|failure| {
            let Some((path, text)) = config else { return Err(failure) };
            findings(&sources.name(path), text, raw_after)?;
            Err(failure)
        })?;
        let streams = Streams { raw_before, raw_after, before: &before, after: &after };
        let mut proof = proof::prove(&shown(root), &streams, &values)?;
        sources.left(&after, &mut proof.differences)?;
        proofs.push(proof);
    }
    Ok(Some(Migration { changes, proofs }))
}

/// The Vault Secrets Operator fetches a Secret from one place. Where an overlay gives some keys of a Secret and its base the
/// others, the overlay's place gets all of them, as kustomize gives them to the Secret. Whether something was added.
fn gather(sources: &mut Sources<'_>, roots: &[&File], before: &[String], after: &[String]) -> Result<bool> {
    let mut added = false;
    for ((root, before), after) in roots.iter().zip(before).zip(after) {
        for secret in proof::scattered(before, after)? {
            // Prefixes and suffixes are around the name that the sources have.
            let own = sources.plan.groups.iter().filter(|group| {
                group.file.starts_with(root.folder())
                    && secret.name.contains(&group.secret)
                    && secret.keys.iter().any(|(key, placeholder, _)| *placeholder == group.kv.placeholder(key))
            });
            let own: Vec<_> = own.collect();
            // Several groups of one place can each take keys: the last, which kustomize merges last, does.
            let Some(group) = own.last().filter(|group| own.iter().all(|other| other.kv == group.kv)) else { continue };
            let mut edits = Vec::new();
            let mut literals = Vec::new();
            let mut moved = Vec::new();
            for (key, placeholder, value) in &secret.keys {
                let wanted = group.kv.placeholder(key);
                // What was a placeholder before is somebody else's.
                if *placeholder == wanted || placeholder.as_bytes() == value.as_slice() {
                    continue;
                }
                let at = format!("{}/{}", group.pointer, yaml::escape_token(key));
                match group.form {
                    Form::Data => edits.push(Edit::Set(at, json!(base64::encode(wanted.as_bytes())))),
                    Form::StringData => edits.push(Edit::Set(at, json!(wanted))),
                    Form::Literals { there: true } => {
                        edits.push(Edit::Set(format!("{}/-", group.pointer), json!(format!("{key}={wanted}"))));
                    }
                    Form::Literals { there: false } => literals.push(json!(format!("{key}={wanted}"))),
                }
                moved.push(Moved {
                    place: group.place.clone(),
                    secret: group.secret.clone(),
                    key: key.clone(),
                    kv: group.kv.clone(),
                    value: Some(value.clone()),
                    encoded: false,
                    others: false,
                });
            }
            if !literals.is_empty() {
                edits.push(Edit::Set(group.pointer.clone(), json!(literals)));
            }
            added |= !moved.is_empty();
            let edits = edits.into_iter().map(|edit| (group.document, edit)).collect::<Vec<_>>();
            sources.plan.edits.entry(group.file.clone()).or_default().extend(edits);
            sources.plan.moved.extend(moved);
        }
    }
    if added {
        sources.texts = new_texts(sources.tree, &sources.plan.edits, &sources.plan.contents)?;
    }
    Ok(added)
}

/// Runs the function alone over what sources with placeholders give, for what it says when kustomize fails: that would say it
/// among other things, which may hold values.
fn findings(name: &str, config: &str, stream: &str) -> Result<()> {
    let mut config = Config::read(name, config.as_bytes().to_vec(), None)?;
    config.pipeline.steps.retain(|step| step.function.kind == "VaultSecrets");
    let broken = |error: yaml::Error| excerpt::yaml_error("the rendered stream", stream, &error);
    let mut stream = Stream::parse(&Arc::new(stream.to_owned())).map_err(broken)?;
    convert(&mut config, &mut stream)
}

fn convert(config: &mut Config, stream: &mut Stream) -> Result<()> {
    config.pipeline.learn(Vec::new(), true);
    let mut report = Report::default();
    match config.pipeline.run(stream, &mut report) {
        Outcome::Ok => Ok(()),
        outcome => Err(transport::failed(stream, &report, config, outcome)),
    }
}

/// Migrates plain manifests; `None` when there is nothing to migrate.
pub(super) fn manifests(sources: &Sources<'_>) -> Result<Option<Migration>> {
    let Sources { tree, plan, texts, options, .. } = sources;
    let is_object = |document: &yaml::Document| document.root().get("kind").is_some() && !is_ours(document.root());
    let files: Vec<&File> =
        tree.files().filter(|file| file.documents.iter().any(is_object)).collect();
    let text_of = |file: &File| match texts.get(&file.path) {
        Some(bytes) => Arc::new(String::from_utf8_lossy(bytes).into_owned()),
        None => Arc::clone(&file.text),
    };
    let join = |texts: Vec<String>| texts.join("\n---\n");
    let raw_before = join(files.iter().map(|file| file.text.to_string()).collect());
    let raw_after = join(files.iter().map(|file| text_of(file).to_string()).collect());
    let found = proof::placeholders(&raw_after)?;
    if !found.any {
        return Ok(None);
    }
    let config = config::new_file(&config::spec(options, &found.types, &sources.excluded(&found.names)))?;
    let mut config = Config::read("of these options", config.into_bytes(), None)?;
    config.pipeline.partial = true;
    let (mut documents, mut names, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
    for file in &files {
        let text = text_of(file);
        let parsed = yaml::parse(&text).map_err(|error| excerpt::yaml_error(&file.name, &text, &error))?;
        let start = documents.len();
        let name: Arc<str> = Arc::from(file.name.as_str());
        names.extend((0..parsed.len()).map(|number| Some((Arc::clone(&name), number))));
        documents.extend(parsed);
        ranges.push(start..documents.len());
    }
    let mut stream = Stream::of_documents(documents, |number| names.get(number).cloned().flatten());
    convert(&mut config, &mut stream)?;
    let mut finished = BTreeMap::new();
    for (file, range) in files.iter().zip(ranges) {
        let mut text = String::new();
        match stream.changed(&range) {
            true => stream.render_to(range, |part| text.push_str(part)),
            false => text.push_str(&text_of(file)),
        }
        finished.insert(file.path.clone(), text.into_bytes());
    }
    let after = join(finished.values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect());
    let changes = sources.changes(finished)?;
    if changes.is_empty() {
        return Ok(None);
    }
    let streams = Streams { raw_before: &raw_before, raw_after: &raw_after, before: &raw_before, after: &after };
    let mut proof =
        proof::prove(&options.directory.display().to_string(), &streams, &Values::of(&plan.moved))?;
    sources.left(&after, &mut proof.differences)?;
    Ok(Some(Migration { changes, proofs: vec![proof] }))
}
