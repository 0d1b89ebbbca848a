//! The entry of a Pipeline that turns placeholders into references while kustomize renders: a new config, or one that is
//! there, completed.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::edits::Edit;
use super::{Finding, Options, To};
use crate::cli::doctor::tree::{File, Target, Tree, is_ours};
use crate::cli::{Failure, Result};
use crate::config::{API_VERSION, PIPELINE};
use crate::yaml::{self, Node};

const FUNCTION: &str = "VaultSecrets";

/// The spec of the function, as the command line has it.
pub(super) fn spec(options: &Options, exclude: &[String]) -> Value {
    let mut spec = Map::new();
    spec.insert("provider".into(), json!(options.to.name()));
    if let Some(address) = &options.address {
        spec.insert("connection".into(), json!({"address": address}));
    }
    let mut auth = Map::new();
    if let Some(existing) = &options.vault_auth {
        auth.insert("existing".into(), json!(existing));
    }
    if let Some(mount) = &options.auth_mount {
        auth.insert("mount".into(), json!(mount));
    }
    if let Some(role) = &options.auth_role {
        auth.insert("kubernetes".into(), json!({"role": role}));
    }
    if !auth.is_empty() {
        spec.insert("auth".into(), Value::Object(auth));
    }
    if let Some((kind, name)) = options.store.as_deref().and_then(|store| store.split_once('/')) {
        spec.insert("store".into(), json!({"name": name, "kind": kind}));
    }
    spec.insert("convert".into(), Value::Object(convert(options)));
    if !exclude.is_empty() {
        let one = |name: &String| json!({"kind": "Secret", "name": name.replace('.', "\\.")});
        spec.insert("exclude".into(), exclude.iter().map(one).collect());
    }
    Value::Object(spec)
}

/// Placeholders are references; a Secret with values stays what it is.
fn convert(options: &Options) -> Map<String, Value> {
    let mut convert = Map::new();
    convert.insert("secrets".into(), json!(false));
    if options.engine != 2 {
        convert.insert("engine".into(), json!(1));
    }
    if let Some(template) = &options.variable_secret {
        convert.insert("variableSecret".into(), json!(template));
    }
    convert
}

/// What the command line leaves to decide: an error now, and not a guess that runs.
pub(super) fn undecided(options: &Options) -> Result<()> {
    if let Some(store) = &options.store
        && !matches!(store.split_once('/'), Some(("SecretStore" | "ClusterSecretStore", name)) if !name.is_empty())
    {
        return Err(Failure::usage(format!("--store {store}: write SecretStore/NAME or ClusterSecretStore/NAME")));
    }
    let own_store = options.address.is_some() && options.auth_role.is_some();
    if options.to == To::ExternalSecrets && options.store.is_none() && !own_store {
        return Err(Failure::usage(
            "nothing says which store has the secrets: say --store ClusterSecretStore/NAME, or --address URL and \
             --auth-role ROLE for a SecretStore of its own",
        ));
    }
    Ok(())
}

/// The config as a file: what a person would have written.
pub(super) fn new_file(spec: &Value) -> Result<String> {
    let config = json!({
        "apiVersion": API_VERSION,
        "kind": PIPELINE,
        "metadata": {"name": "secrets"},
        "spec": {"functions": {"secrets": {"kind": FUNCTION, "spec": spec}}},
    });
    let document = yaml::new_document(&config, None).map_err(|error| Failure::internal(error.message))?;
    let head = "# Makes references of the placeholders <path:…> while kustomize renders.\n";
    Ok(format!("{head}{}", yaml::render(&[document])))
}

/// How the config of a kustomization comes to be.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// A new file, which is listed under `transformers:`.
    New(PathBuf),
    /// Edits of a file that is listed there; none when it has all that is needed.
    Completed(&'a File, Vec<Edit>),
}

/// The kustomization's config of ours, completed, or where a new one goes.
pub(super) fn entry<'a>(
    tree: &'a Tree,
    file: &'a File,
    spec: &Value,
    moves: bool,
) -> std::result::Result<Entry<'a>, Finding> {
    let finding = |node: Node<'_>, file: &File, message: String, remedy: &str| Finding {
        place: Some(file.place_of(node)),
        message,
        remedy: remedy.to_owned(),
    };
    let mut pipeline = None;
    for (entry, target) in tree.entries(file, "transformers") {
        let (config, is_file) = match &target {
            Target::File(config) => (*config, true),
            Target::Inline(documents) if documents.iter().any(|document| is_ours(document.root())) => (file, false),
            Target::Kustomization(inner) => (*inner, false),
            _ => continue,
        };
        if !is_file {
            let message = "a config of krmor may be here, which this command does not complete".to_owned();
            let remedy = "put it into a file of its own, and list that under `transformers:`";
            let inline = matches!(target, Target::Inline(_));
            let ours = inline || tree.entries(config, "resources").iter().any(|(_, target)| is_config(target));
            if ours {
                return Err(finding(entry, file, message, remedy));
            }
            continue;
        }
        let Some(root) = config.root().filter(|root| is_ours(*root)) else { continue };
        match root.get("kind").and_then(Node::as_str).as_deref() {
            Some(FUNCTION) => {
                return completed(config, root, "/spec", spec, moves)
                    .map_err(|(node, message, remedy)| finding(node, config, message, remedy));
            }
            Some(PIPELINE) => pipeline = pipeline.or(Some((config, root))),
            _ => {}
        }
    }
    let Some((config, root)) = pipeline else {
        let free = |name: &&str| !file.folder().join(name).exists();
        let name = ["krmor.yaml", "krmor-secrets.yaml"].into_iter().find(free);
        return match name {
            Some(name) => Ok(Entry::New(file.folder().join(name))),
            None => Err(Finding {
                place: Some(file.place(0)),
                message: "krmor.yaml and krmor-secrets.yaml are there, and not listed under `transformers:`".into(),
                remedy: "list the one that is a config of krmor, or remove it".into(),
            }),
        };
    };
    let functions = root.find(&["spec", "functions"]);
    let ours = functions
        .into_iter()
        .flat_map(Node::entries)
        .find(|(_, function)| function.get("kind").and_then(Node::as_str).is_some_and(|kind| kind == FUNCTION));
    let Some((name, _)) = ours else {
        let taken = |name: &&str| functions.is_none_or(|functions| functions.get(name).is_none());
        let name = ["secrets", "vault-secrets", "krmor-secrets"].into_iter().find(taken).unwrap_or("secrets");
        let function = json!({"kind": FUNCTION, "spec": spec});
        return Ok(Entry::Completed(config, vec![Edit::Set(format!("/spec/functions/{name}"), function)]));
    };
    let pointer = format!("/spec/functions/{}/spec", yaml::escape_token(&name));
    completed(config, root, &pointer, spec, moves)
        .map_err(|(node, message, remedy)| finding(node, config, message, remedy))
}

fn is_config(target: &Target<'_>) -> bool {
    matches!(target, Target::File(file) if file.documents.iter().any(|document| is_ours(document.root())))
}

type Refused<'a> = (Node<'a>, String, &'static str);

/// What a config of the function lacks for the conversion.
fn completed<'a>(
    config: &'a File,
    root: Node<'a>,
    pointer: &str,
    wanted: &Value,
    moves: bool,
) -> std::result::Result<Entry<'a>, Refused<'a>> {
    let there = root.at_pointer(pointer);
    let provider = there.and_then(|spec| spec.get("provider"));
    if let Some(node) = provider
        && node.as_str().as_deref() != wanted.get("provider").and_then(Value::as_str)
    {
        let message = "the config that is there has another provider than --to says".to_owned();
        return Err((node, message, "say that one with --to, or change `provider` here first"));
    }
    let Some(convert) = there.and_then(|spec| spec.get("convert")) else {
        let convert = wanted.get("convert").cloned().unwrap_or_default();
        return Ok(Entry::Completed(config, vec![Edit::Set(format!("{pointer}/convert"), convert)]));
    };
    if let Some(node) = convert.get("placeholders").filter(|node| node.as_bool() == Some(false)) {
        return Err((
            node,
            "the config that is there converts no placeholders".into(),
            "remove `placeholders: false` here",
        ));
    }
    if moves && convert.get("secrets").and_then(Node::as_bool) != Some(false) {
        let message = "the config that is there converts Secrets with values while kustomize renders: there is nothing \
                       to compare with";
        let remedy = "write `secrets: false` under `convert` here, and run this command again: then no values are left to convert";
        return Err((convert, message.into(), remedy));
    }
    let template = wanted.pointer("/convert/variableSecret");
    let edits = match (template, convert.get("variableSecret")) {
        (Some(template), None) => vec![Edit::Set(format!("{pointer}/convert/variableSecret"), template.clone())],
        (Some(template), Some(node)) if node.as_str().as_deref() != template.as_str() => {
            let message =
                "the config that is there has another `variableSecret` than --variable-secret says".to_owned();
            return Err((node, message, "say one of the two in both places"));
        }
        _ => Vec::new(),
    };
    Ok(Entry::Completed(config, edits))
}
