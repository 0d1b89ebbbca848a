//! Sees that what logs in to Vault is there: one object, or two, for all secrets of a namespace.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::auth::{Auth, Method};
use super::spec::{Provider, Spec};
use super::template::Template;
use super::want::{Source, Want};
use super::{external_secrets, made, rules, vso};
use krmor_core::report::Report;
use krmor_core::stream::Stream;

const WAVE: &str = "argocd.argoproj.io/sync-wave";

/// Sees that what logs in is there, once in each namespace.
pub(super) fn ensure(spec: &Spec, wants: &[Want], stream: &mut Stream, report: &mut Report) {
    let mut done = Vec::new();
    for want in wants.iter().filter(|_| spec.provider != Provider::Csi) {
        let namespace = if want.namespace == "default" { "" } else { want.namespace.as_str() };
        if done.contains(&namespace) {
            continue;
        }
        done.push(namespace);
        let here: Vec<&Want> = wants.iter().filter(|other| other.namespace == want.namespace).collect();
        let mut shared = Want { annotations: wave(&here), ..want.clone() };
        for other in &here {
            shared.labels.retain(|label, value| other.labels.get(label) == Some(value));
        }
        let method = spec.auth.as_ref().and_then(Auth::method);
        let (chosen, of_pods) = method.map_or((None, false), Method::service_account);
        let mut accounts: Vec<&str> = here.iter().flat_map(|want| &want.service_accounts).map(String::as_str).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let account = chosen.map(krmor_core::kube::ObjectName::as_str).or_else(|| match (of_pods, accounts.first()) {
            (true, None) => Some("default"),
            (true, Some(first)) => Some(first),
            (false, _) => None,
        });
        if chosen.is_none() && of_pods && accounts.len() > 1 {
            let Some(object) = stream.object(want.beside) else { continue };
            let mut names = accounts.iter().map(|name| format!("`{name}`"));
            let names = krmor_core::text::few(accounts.len(), &mut names, " and ");
            let message = format!("the pods with secrets run as {names}, and one ServiceAccount logs in");
            let remedy = "name it in `auth`, under `serviceAccount`, or give each its own config with `targets`";
            report.add(&rules::SERVICE_ACCOUNT, object.at(""), message, remedy);
            continue;
        }
        let objects = match spec.provider {
            Provider::Vso => vso::login(spec, &shared, account),
            _ => external_secrets::login(spec, &shared, account).into_iter().collect(),
        };
        if !objects.is_empty() && !fits(spec, &here, stream, report) {
            continue;
        }
        for object in objects {
            made::ensure(stream, report, &shared, object, &rules::VAULT_AUTH, spec.overwrite);
        }
    }
}

/// The wave of what logs in: no later than the first Secret.
fn wave(wants: &[&Want]) -> Map<String, Value> {
    let wave = |want: &&Want| want.annotations.get(WAVE).and_then(Value::as_str)?.parse::<i64>().ok();
    let first = wants.iter().filter_map(wave).min().filter(|first| *first < 0);
    first.map(|first| (WAVE.to_owned(), first.to_string().into())).into_iter().collect()
}

/// Whether one login can serve all of them; why not is reported.
fn fits(spec: &Spec, wants: &[&Want], stream: &Stream, report: &mut Report) -> bool {
    let mut fits = true;
    for want in wants {
        let hook =
            want.annotations.keys().find(|key| matches!(key.as_str(), "argocd.argoproj.io/hook" | "helm.sh/hook"));
        let Some((hook, object)) = hook.zip(stream.object(want.beside)) else { continue };
        let message = format!("`{hook}` applies it before or after all else, and so not with the object that logs in");
        let remedy = "apply the login by itself and name it, by `auth.existing` or `store`, or remove the hook";
        report.add(&rules::NOT_KEPT, object.at(""), message, remedy);
        fits = false;
    }
    let sources = wants.iter().flat_map(|want| {
        let own = match &want.source {
            Source::Kv(own) => Some(own),
            Source::Dynamic(_) | Source::Pki(_) => None,
        };
        own.into_iter()
            .chain(want.templates.values().flat_map(Template::values).filter_map(|value| value.from.as_ref()))
    });
    let engines: BTreeSet<bool> = sources.map(|source| source.v2).collect();
    let first = wants.first().and_then(|want| stream.object(want.beside));
    if let Some(object) = first.filter(|_| spec.provider == Provider::ExternalSecrets && engines.len() > 1) {
        let message = "a SecretStore reads one version of the key-value engine, and secrets of both are asked for";
        let remedy = "give each version a config of its own with `targets` or `exclude`, and its `auth` a `name`";
        report.add(&rules::SEVERAL_PATHS, object.at(""), message, remedy);
        fits = false;
    }
    fits
}
