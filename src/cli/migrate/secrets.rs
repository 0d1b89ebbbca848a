//! `krmor migrate avp|sealed-secrets|secrets`: sources without values, which render to the same objects with references.
//!
//! In kustomizations a value becomes a placeholder `<path:…#key>` where it stands, and a `VaultSecrets` of the outermost
//! kustomization makes the operator's objects of placeholders while kustomize renders: names, hashes, merges and patches
//! stay kustomize's. Plain manifests, which nothing renders, get the operator's objects at once. All of it is proved before
//! a file is written ([`proof`]); all files are written, or none.

mod config;
mod documents;
mod edits;
mod found;
mod gather;
mod generators;
mod leftovers;
mod manifests;
mod objects;
mod proof;
mod render;
mod sealed;
mod sources;
mod trees;
mod vault;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::json;

use self::edits::{Edits, edited};
use self::proof::Proof;
use self::sources::{Paths, Plan, Scanner};
use self::vault::Checklist;
use super::super::doctor::Place;
use super::super::doctor::tree::{Tree, is_kustomization};
use super::super::files::{self, Mark, Written};
use super::super::{FOUND, Failure, Form, Result, input, write_stdout};
use crate::krm;
use crate::text::plain;
use crate::transport::Config;

/// What sources have that is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Placeholders of argocd-vault-plugin.
    Avp,
    /// Bitnami's SealedSecrets.
    SealedSecrets,
    /// Values.
    Secrets,
}

/// Who brings the values then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum To {
    /// The External Secrets Operator.
    ExternalSecrets,
    /// HashiCorp's Vault Secrets Operator.
    Vso,
}

impl To {
    fn name(self) -> &'static str {
        match self {
            To::ExternalSecrets => "external-secrets",
            To::Vso => "vso",
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The operator that is to bring the values from Vault.
    #[arg(long, value_name = "OPERATOR")]
    to: To,
    /// The directory of all kustomizations that use the Secrets, bases and overlays; or of plain manifests.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Path at which the key-value engine for new secrets is mounted.
    #[arg(long, value_name = "PATH", default_value = "secret")]
    mount: String,
    /// Version of that engine: 1 or 2.
    #[arg(long, value_name = "VERSION", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    engine: u8,
    /// Path of a new secret below the mount: {folder} is the folder, below DIR, of the file with the values, {name} the
    /// Secret's name there, {namespace} its namespace.
    #[arg(long, value_name = "TEMPLATE", default_value = "{folder}/{name}")]
    path: String,
    /// external-secrets: the store that is there: SecretStore/NAME or ClusterSecretStore/NAME.
    #[arg(long, value_name = "KIND/NAME", conflicts_with_all = ["address", "auth_role", "auth_mount", "vault_auth"])]
    store: Option<String>,
    /// Address of Vault. With external-secrets and --auth-role, a SecretStore is made of it; with vso, a VaultConnection.
    #[arg(long, value_name = "URL")]
    address: Option<String>,
    /// Role of Vault's kubernetes method to log in with. Without it and --vault-auth, vso uses the operator's default.
    #[arg(long, value_name = "ROLE")]
    auth_role: Option<String>,
    /// Path at which that method is mounted, where it is not `kubernetes`.
    #[arg(long, value_name = "PATH", requires = "auth_role")]
    auth_mount: Option<String>,
    /// vso: a VaultAuth that is there: NAME or NAMESPACE/NAME.
    #[arg(long, value_name = "NAME", conflicts_with = "auth_role")]
    vault_auth: Option<String>,
    /// Name of the Secret that variables with placeholders get: {mount} and {path} of Vault, {version}, {workload}.
    #[arg(long, value_name = "TEMPLATE")]
    variable_secret: Option<String>,
    /// A Secret, SealedSecret or generator to leave alone, by its name in the sources. Can be given more than once.
    #[arg(long, value_name = "NAME")]
    exclude: Vec<String>,
    /// Write nothing; show what would be written, without values.
    #[arg(long)]
    dry_run: bool,
    /// The form of what is said on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    report: Form,
    /// Write the commands that write keys to Vault into this file, too.
    #[arg(long, value_name = "FILE")]
    checklist: Option<PathBuf>,
    /// The kustomize, or kubectl, that renders for the proof. By default the one on the PATH.
    #[arg(long, value_name = "PATH")]
    kustomize: Option<PathBuf>,
    /// A further option for it, such as --enable-helm. Can be given more than once.
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    build_option: Vec<String>,
}

/// What is in the way, or worth knowing.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) place: Option<Place>,
    pub(super) message: String,
    pub(super) remedy: String,
}

impl Finding {
    fn line(&self) -> String {
        let place = match &self.place {
            Some(Place { file, line: Some(line) }) => format!("{file}:{line}: "),
            Some(Place { file, line: None }) => format!("{file}: "),
            None => String::new(),
        };
        plain(&format!("{place}{}", self.message)).into_owned()
    }
}

/// A file as it is and as it is to be.
#[derive(Debug)]
struct Change {
    path: PathBuf,
    /// As messages name it.
    name: String,
    /// `None` where it is new.
    before: Option<Vec<u8>>,
    after: Vec<u8>,
}

/// All that a migration does.
#[derive(Debug, Default)]
struct Migration {
    changes: Vec<Change>,
    proofs: Vec<Proof>,
    /// Placeholders that Secrets have where they are rendered.
    used: BTreeSet<String>,
}

pub(super) fn run(origin: Origin, options: &Options) -> Result<u8> {
    let failure = match migrate(origin, options) {
        Err(failure) if options.report == Form::Json => failure,
        done => return done,
    };
    let told =
        json!({"directory": options.directory.display().to_string(), "written": false, "findings": failure.results});
    write_stdout(format!("{told}\n").as_bytes())?;
    Err(Failure { message: String::new(), ..failure })
}

fn migrate(origin: Origin, options: &Options) -> Result<u8> {
    config::undecided(options)?;
    // What is wrong with an option is said before anything is read.
    let spec = config::spec(options, &[]);
    Config::read("of these options", config::new_file(&spec)?.into_bytes(), None)?;
    files::settle(&[&options.directory])?;
    let mut tree = Tree::read(std::slice::from_ref(&options.directory))?;
    let rendered = tree.kustomizations().any(|file| file.listed);
    if !rendered {
        let mut paths = Vec::new();
        input::collect(&options.directory, &mut paths)?;
        for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
            if !tree.add(path, true) {
                tree.unread.push(path.clone());
            }
        }
    }
    let notes = unread(&tree, rendered)?;
    let named = options.directory.display().to_string();
    let folder = options.directory.canonicalize().map_err(|error| Failure::io(&named, &error))?;
    let mut scanner = Scanner {
        tree: &tree,
        folder: &folder,
        named: &options.directory,
        origin,
        paths: Paths { mount: &options.mount, template: &options.path, v2: options.engine == 2 },
        exclude: &options.exclude,
        readable: true,
        plan: Plan::default(),
        seen: BTreeSet::new(),
        keys: BTreeMap::new(),
    };
    if rendered {
        scanner.kustomizations();
    } else {
        scanner.manifests();
    }
    let mut plan = scanner.plan;
    plan.notes.extend(notes);
    plan.problems.extend(paths_problem(&plan));
    stop(&plan.problems)?;
    let texts = new_texts(&tree, &plan.edits, &plan.contents)?;
    let left = leftovers::leftovers(&tree, &texts, &plan, &folder, &options.directory);
    stop(&left)?;
    let mut what = trees::Sources { tree: &tree, folder: &folder, plan, texts, origin, options };
    let migration = if rendered { trees::kustomizations(&mut what)? } else { manifests::manifests(&what)? };
    let plan = what.plan;
    let Some(migration) = migration else {
        let told = match options.report {
            Form::Text => format!("{named}: nothing to migrate\n"),
            Form::Json => format!("{}\n", view::nothing(&named)),
        };
        write_stdout(told.as_bytes())?;
        return Ok(0);
    };
    let mut checklist = Checklist::default();
    for moved in &plan.moved {
        match migration.used.contains(&moved.kv.placeholder(&moved.key)) {
            true => checklist.add(&moved.kv, &moved.key, moved.encoded, moved.others),
            false => checklist.unused(&moved.kv, &moved.key),
        }
    }
    view::proved(&migration.proofs)?;
    let shown = view::Shown { options, plan: &plan, migration: &migration, checklist: &checklist };
    let told = match options.report {
        Form::Text => shown.text(),
        Form::Json => format!("{}\n", shown.json()),
    };
    if !options.dry_run {
        let mut files: Vec<Written> = Vec::new();
        for change in &migration.changes {
            let written = Written::bytes(change.path.clone(), change.after.clone());
            files.push(match &change.before {
                Some(before) => written.instead_of(Mark::of(before)),
                None => written.first(),
            });
        }
        let mut within = vec![options.directory.clone()];
        if let Some(path) = &options.checklist {
            files.push(Written::bytes(path.clone(), checklist.script().into_bytes()));
            // Its folder: it may not be there yet.
            let folder = path.canonicalize().unwrap_or_else(|_| path.clone());
            let folder = folder.parent().filter(|folder| !folder.as_os_str().is_empty());
            within.push(folder.map_or_else(|| PathBuf::from("."), Path::to_path_buf));
        }
        files::write(files, &within)?;
    }
    write_stdout(told.as_bytes())?;
    Ok(0)
}

/// What cannot be read is an error where it could have values, and else is said.
fn unread(tree: &Tree, rendered: bool) -> Result<Vec<Finding>> {
    let mut notes = Vec::new();
    for path in &tree.unread {
        let name = path.display().to_string();
        std::fs::File::open(path).map_err(|error| Failure::io(&name, &error))?;
        let message = "it is no text of up to 16 MiB, and was not looked through".to_owned();
        if !rendered || is_kustomization(path) {
            return Err(Failure::usage(format!("{name}: {message}; split it, or take it out")));
        }
        let remedy = "see that it has no values".to_owned();
        notes.push(Finding { place: Some(Place { file: name, line: None }), message, remedy });
    }
    Ok(notes)
}

/// Ends the command when something is in the way.
fn stop(problems: &[Finding]) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let one = |problem: &Finding| format!("error: {}\n  fix: {}\n", problem.line(), plain(&problem.remedy));
    let mut message: String = problems.iter().map(one).collect();
    let noun = if problems.len() == 1 { "problem" } else { "problems" };
    message.push_str(&format!("error: {} {noun}; nothing was written\n", problems.len()));
    let results =
        problems.iter().map(|problem| krm::refusal(&format!("{}; {}", problem.line(), problem.remedy))).collect();
    Err(Failure { results, ..Failure::new(FOUND, message) })
}

/// Paths that Vault or a placeholder could not have.
fn paths_problem(plan: &Plan) -> Option<Finding> {
    let bad = |text: &str| {
        text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'`\\#<>$%?*{}".contains(c))
    };
    // What stands beside placeholders goes where they lead.
    let moved = plan.moved.iter().filter(|moved| !moved.others).find(|moved| {
        let kv = &moved.kv;
        bad(&kv.path)
            || bad(&kv.mount)
            || !kv.v2 && format!("/{}/", kv.shown()).contains("/data/")
            || kv.mount.contains("/data/")
    })?;
    Some(Finding {
        place: Some(moved.place.clone()),
        message: format!("`{}` is no path of Vault that a placeholder can name", moved.kv.shown()),
        remedy: "say another --path or --mount; {folder}, {name} and {namespace} are filled in".to_owned(),
    })
}

/// The files with the edits made, by their paths.
fn new_texts(
    tree: &Tree,
    edits: &BTreeMap<PathBuf, Edits>,
    contents: &BTreeMap<PathBuf, Vec<u8>>,
) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut texts = contents.clone();
    for file in tree.files() {
        let Some(edits) = edits.get(&file.path) else { continue };
        let text = edited(&file.text, edits).map_err(|message| {
            Failure::new(FOUND, format!("error: {}: {}; nothing was written\n", file.name, plain(&message)))
        })?;
        texts.insert(file.path.clone(), text.into_bytes());
    }
    Ok(texts)
}
