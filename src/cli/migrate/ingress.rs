//! `krmor migrate ingress`: Ingresses in files become routes, in the files of bases and overlays, with nothing lost unsaid.

mod annotations;
mod canary;
mod certificates;
mod convert;
mod documents;
mod files;
mod hosts;
mod item;
mod kustomization;
mod layers;
mod listeners;
mod model;
mod names;
mod patch;
mod paths;
mod proof;
mod rules;
mod settings;
mod show;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Map, Value};

use self::annotations::{LOSSES, TABLE, Treatment};
use self::convert::{Authority, Target, Wants};
use self::files::Files;
use self::item::Item;
use self::layers::{Plan, Walk};
use self::model::{Ingress, text};
use self::proof::Proof;
use self::show::Outcome;
use self::write::Changes;
use super::{Failure, Form, Result};
use crate::cli::files::{self as writing, Content, Written};
use crate::cli::{FOUND, write_stdout};
use crate::report::Severity;
use krmor_core::suggest;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// What the Ingresses become.
    #[arg(long, value_name = "KIND")]
    to: To,
    /// The directory with the kustomizations or manifests.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Write Gateways of this class, one for the Ingresses of a namespace.
    #[arg(long, value_name = "NAME", conflicts_with = "gateway", required_unless_present = "gateway")]
    gateway_class: Option<String>,
    /// Attach to a Gateway that is there, and to its listener for HTTPS where one is named.
    #[arg(long, value_name = "NAMESPACE/NAME[:LISTENER]")]
    gateway: Option<String>,
    /// The listener of that Gateway for plain HTTP.
    #[arg(long, value_name = "NAME", requires = "gateway", conflicts_with = "listener_set")]
    http_section: Option<String>,
    /// Write a ListenerSet for that Gateway, with the hosts and certificates.
    #[arg(long, requires = "gateway")]
    listener_set: bool,
    /// Another class that ingress-nginx serves, beside `nginx`.
    #[arg(long, value_name = "NAME")]
    ingress_class: Vec<String>,
    /// Let go what is lost, by its name in the report; can be given several times.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    accept_loss: Vec<String>,
    /// Write `proxy-read-timeout` and `proxy-send-timeout` as timeouts of the whole request.
    #[arg(long)]
    request_timeouts: bool,
    /// Who signed the certificates of backends that speak TLS: `system`, or a ConfigMap with `ca.crt`.
    #[arg(long, value_name = "NAME")]
    backend_ca: Option<String>,
    /// Print the difference and write nothing; exit with 1 when there is one.
    #[arg(long)]
    dry_run: bool,
    /// The form of the report on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    report: Form,
}

/// What Ingresses can become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// The Gateway API.
    Gateway,
}

/// The controller whose Ingresses are understood.
const CONTROLLER: &str = "k8s.io/ingress-nginx";

pub(super) fn run(options: &Options) -> Result<u8> {
    let To::Gateway = options.to;
    check_names(&options.accept_loss)?;
    let wants = Wants { target: target(options)?, timeouts: options.request_timeouts, authority: authority(options) };
    writing::settle(&[&options.directory])?;
    let files = Files::read(&options.directory)?;
    let plan = Plan { wants, classes: classes(&files, &options.ingress_class) };
    let mut walk = Walk::new(&files, Some(&plan));
    walk.run()?;
    let mut outcome = Outcome::of(&walk, &options.accept_loss);
    let mut changes = Changes::new();
    if !outcome.fails() {
        changes = write::changes(&files, &walk.edits)?;
        let proof = prove(&walk, &plan, &files.changed(&changes))?;
        outcome.prove(proof);
    }
    let fails = outcome.fails();
    let written = !fails && !options.dry_run;
    outcome.list(&files, &changes, &walk.edits);
    let difference = if options.dry_run && !fails { show::difference(&files, &changes) } else { String::new() };
    if written {
        // Before anything is told: what could not be written is not told as done.
        let bytes = |(path, text): (&PathBuf, &Option<String>)| {
            let encoded = |text: &String| {
                files.get(path).map_or(text.clone().into_bytes(), |file| file.encoding.encode(text.clone()))
            };
            let content = text.as_ref().map_or(Content::Gone, |text| Content::Bytes(encoded(text)));
            let written = Written::new(path.clone(), content);
            match files.get(path) {
                Some(file) => written.instead_of(file.mark),
                None => written.first(),
            }
        };
        writing::write(changes.iter().map(bytes).collect(), std::slice::from_ref(&options.directory))?;
    }
    match options.report {
        Form::Json => write_stdout(format!("{}\n", outcome.json(written)).as_bytes())?,
        Form::Text if fails => return Err(Failure::new(FOUND, outcome.errors())),
        Form::Text => anstream_out(&format!("{difference}{}", outcome.text(written)))?,
    }
    if fails {
        return Ok(FOUND);
    }
    Ok(if options.dry_run && !changes.is_empty() { FOUND } else { 0 })
}

fn anstream_out(text: &str) -> Result<()> {
    use std::io::Write;
    anstream::stdout().lock().write_all(text.as_bytes()).map_err(|error| crate::cli::unseen(&error))
}

/// What becomes of each annotation of ingress-nginx, and what else may be lost: name, treatment, how or why.
#[must_use]
pub fn table() -> Vec<[&'static str; 3]> {
    let rows = TABLE.iter().map(|row| [row.name, row.treatment.name(), row.says]);
    rows.chain(LOSSES.iter().map(|(name, says)| [*name, "loss", *says])).collect()
}

/// Names that nothing has would accept what nobody meant.
fn check_names(names: &[String]) -> Result<()> {
    let known: Vec<&str> = TABLE
        .iter()
        .filter(|row| row.treatment != Treatment::Refused)
        .map(|row| row.name)
        .chain(LOSSES.iter().map(|(name, _)| *name))
        .collect();
    // Annotations of others than ingress-nginx have whole keys.
    let Some(name) = names.iter().find(|name| !name.contains('/') && !known.contains(&name.as_str())) else {
        return Ok(());
    };
    if TABLE.iter().any(|row| row.name == name.as_str()) {
        return Err(Failure::usage(format!(
            "--accept-loss {name}: without it more would be exposed: it is refused, and the report says what to do"
        )));
    }
    let hint = suggest::closest(name, known)
        .map(|other| format!("; {}", suggest::did_you_mean(&format!("`{other}`"))))
        .unwrap_or_default();
    Err(Failure::usage(format!("--accept-loss {name}: nothing that can be lost has this name{hint}")))
}

fn target(options: &Options) -> Result<Target> {
    let Some(gateway) = &options.gateway else {
        return Ok(Target::Own { class: options.gateway_class.clone().unwrap_or_default() });
    };
    let (place, section) =
        gateway.split_once(':').map_or((gateway.as_str(), None), |(place, section)| (place, Some(section)));
    let Some((namespace, name)) =
        place.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty())
    else {
        return Err(Failure::usage(format!("--gateway {gateway}: write NAMESPACE/NAME or NAMESPACE/NAME:LISTENER")));
    };
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    if options.listener_set {
        if section.is_some() {
            return Err(Failure::usage(
                "--listener-set: the ListenerSet has listeners of its own; name none of the Gateway's",
            ));
        }
        return Ok(Target::ListenerSet { namespace, name });
    }
    Ok(Target::Existing {
        namespace,
        name,
        section: section.map(str::to_owned),
        http_section: options.http_section.clone(),
    })
}

fn authority(options: &Options) -> Option<Authority> {
    options.backend_ca.as_ref().map(|name| match name.as_str() {
        "system" => Authority::System,
        name => Authority::ConfigMap(name.to_owned()),
    })
}

/// The classes that ingress-nginx serves: by its own default, by IngressClasses among the manifests, and by what is told.
fn classes(files: &Files, told: &[String]) -> Vec<String> {
    let mut classes = vec!["nginx".to_owned()];
    classes.extend(told.iter().cloned());
    for (_, file) in files.iter() {
        for value in file.documents.iter().filter_map(|document| document.root().to_value()) {
            if text(&value, "/kind") == Some("IngressClass") && text(&value, "/spec/controller") == Some(CONTROLLER) {
                classes.extend(text(&value, "/metadata/name").map(str::to_owned));
            }
        }
    }
    classes
}

/// Renders the manifests as they will be, and compares them with what is meant and with what was.
fn prove(walk: &Walk<'_>, plan: &Plan, after: &Files) -> Result<BTreeMap<String, Proof>> {
    let mut again = Walk::new(after, None);
    again.run()?;
    let mut proofs = BTreeMap::new();
    for (path, state) in &walk.done {
        let ingresses: Vec<&Item> = state.items.iter().filter(|item| plan.means(item)).collect();
        if ingresses.is_empty() {
            continue;
        }
        let first = state.items.first().and_then(|item| walk.files.get(&item.source.path));
        let name = match walk.files.get(path) {
            Some(file) => file.name.clone(),
            None => first.map_or_else(String::new, |file| format!("files beside {}", file.name)),
        };
        let rendered = again.done.get(path).map(|state| state.items.as_slice()).unwrap_or_default();
        let new: Vec<Item> = rendered.iter().filter(|item| is_gateway_kind(item)).cloned().collect();
        let wanted: Vec<Value> =
            sorted(state.made.iter().chain(state.items.iter().filter(|item| is_gateway_kind(item))));
        if rendered.iter().any(|item| plan.means(item)) || sorted(new.iter()) != wanted {
            return Err(Failure::internal(format!(
                "{name}: what krmor would write does not give what it means to give; nothing was written"
            )));
        }
        let read = |item: &&Item| layers::read(&state.items, item);
        let ingresses: Vec<Ingress> = ingresses.iter().map(read).collect();
        proofs.insert(name, proof::compare(&ingresses, &new, &plan.wants.target));
    }
    Ok(proofs)
}

fn is_gateway_kind(item: &Item) -> bool {
    text(&item.value, "/apiVersion").is_some_and(|api| api.starts_with("gateway.networking.k8s.io/"))
}

/// Objects with the names, namespaces and labels that kustomizations give them.
fn sorted<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<Value> {
    let one = |item: &Item| {
        let mut value = item.value.clone();
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("name".to_owned(), Value::from(item.name()));
            if let Some(namespace) = item.namespace() {
                metadata.insert("namespace".to_owned(), Value::from(namespace));
            }
            let mut labels = metadata.get("labels").and_then(Value::as_object).cloned().unwrap_or_default();
            labels.extend(item.labels.clone());
            metadata.insert("labels".to_owned(), Value::Object(in_order(labels)));
        }
        value
    };
    let mut values: Vec<Value> = items.map(one).collect();
    let key = |value: &Value| {
        ["/kind", "/metadata/name", "/metadata/namespace"].map(|at| text(value, at).unwrap_or_default().to_owned())
    };
    values.sort_by_key(key);
    values
}

fn in_order(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect()
}

/// What is refused or lost counts as an error until it is accepted.
fn severity(treatment: Treatment, accepted: bool) -> Severity {
    match treatment {
        Treatment::Carried => Severity::Info,
        Treatment::Lost if accepted => Severity::Warning,
        Treatment::Lost | Treatment::Refused => Severity::Error,
    }
}
