//! `VaultSecrets`: gives workloads their secrets from Vault by reference, and turns values in manifests into references.
//!
//! What is to be made is a `Want`, whatever the provider: declared in the spec, or found by `convert`. `vso`,
//! `external_secrets` and `csi` say what objects that takes, `made` adds or completes them; `wiring` and `agent` change
//! the pods.

mod agent;
pub mod auth;
mod convert;
mod csi;
mod dress;
mod external_secrets;
mod judge;
mod leftovers;
mod login;
mod made;
pub mod pattern;
mod placeholders;
mod problems;
pub mod rules;
mod serves;
mod source;
pub mod spec;
pub mod template;
pub mod values;
mod vso;
mod want;
mod wiring;

use std::collections::BTreeMap;

use self::convert::Conversion;
pub use self::judge::judge;
use self::spec::Provider;
pub use self::spec::Spec;
use self::want::{Source, User, Want};
use krmor_core::facts::Facts;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::Stream;
use krmor_core::target;

/// Gives what the spec targets its secrets.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let (selected, problems) = target::pods(&spec.targets, &spec.exclude, stream);
    report.record_once(problems);
    let users: Vec<User> = selected.into_iter().filter_map(|selected| User::of(selected, stream)).collect();
    if spec.provider == Provider::AgentInjector {
        for user in &users {
            let Some(object) = stream.object(user.selected.pod.object) else { continue };
            for edit in agent::edits(spec, user, &object, report) {
                stream.apply(report, user.selected.pod.object, edit);
            }
        }
        return;
    }
    let declared = want::declared(spec, &users, stream);
    let conversion = spec.convert.as_ref().map(|convert| convert::of(spec, convert, &users, stream, report));
    let Conversion { wants: converted, edits, removed, mounts, missing, .. } = conversion.unwrap_or_default();
    leftovers::plaintext(&declared, &removed, stream, report);
    leftovers::made_elsewhere(spec, &declared, stream, report);
    for (object, edit) in edits {
        stream.apply(report, object, edit);
    }
    let wants = merged(declared.into_iter().chain(converted), stream, report);
    login::ensure(spec, &wants, stream, report);
    for want in &wants {
        let (object, rule) = match spec.provider {
            Provider::Vso => (vso::secret(spec, want), &rules::VAULT_SECRET),
            Provider::ExternalSecrets => (external_secrets::secret(spec, want), &rules::EXTERNAL_SECRET),
            Provider::Csi | Provider::AgentInjector => (csi::secret(spec, want), &rules::SECRET_PROVIDER_CLASS),
        };
        made::ensure(stream, report, want, object, rule, spec.overwrite);
    }
    for user in &users {
        let Some(object) = stream.object(user.selected.pod.object) else { continue };
        for edit in wiring::edits(spec, user, &object, report) {
            stream.apply(report, user.selected.pod.object, edit);
        }
    }
    if spec.provider == Provider::Csi {
        mount(spec, &mounts, stream, report);
    }
    for id in removed {
        let why = Why {
            rule: &rules::PLAINTEXT,
            reason: "its values belong into Vault only".into(),
            class: Class::Overridden,
        };
        if let (Err(error), Some(object)) = (stream.remove_object(report, id, why), stream.object(id)) {
            let remedy = "give the Secret a document of its own";
            report.add(&rules::PLAINTEXT, object.at(""), error.message, remedy);
        }
    }
    leftovers::checklist(&missing, &wants, report);
}

/// One want for each Secret. Two that say different things of where it is are an error.
fn merged(all: impl Iterator<Item = Want>, stream: &Stream, report: &mut Report) -> Vec<Want> {
    let mut wants: BTreeMap<(String, String), Want> = BTreeMap::new();
    for want in all {
        let namespace = if want.namespace == "default" { String::new() } else { want.namespace.clone() };
        match wants.entry((namespace, want.name.clone())) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(want)),
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let there = entry.get_mut();
                match (&there.source, &want.source) {
                    (Source::Kv(a), Source::Kv(b)) if a != b => {
                        let Some(object) = stream.object(want.beside) else { continue };
                        let message = format!(
                            "Secret {} would come from two places in Vault: {} and {}",
                            want.name,
                            a.title(),
                            b.title()
                        );
                        let remedy = match there.of_variable || want.of_variable {
                            true => {
                                "let `variableSecret` under `convert` have `{mount}`, `{path}` and `{version}` in it"
                            }
                            false => "declare one of them under `secrets` by another name",
                        };
                        report.add(&rules::SEVERAL_PATHS, object.at(""), message, remedy);
                    }
                    (Source::Kv(_), Source::Kv(_)) if there.of_variable != want.of_variable => {
                        let (whole, single) = if there.of_variable { (&want, &*there) } else { (&*there, &want) };
                        let known = whole.names();
                        let single = single.names().unwrap_or_default();
                        let extra = single.into_iter().find(|key| known.as_ref().is_some_and(|all| !all.contains(key)));
                        if let Some((key, object)) = extra.and_then(|key| Some((key, stream.object(want.beside)?))) {
                            let message = format!(
                                "Secret {} would get the key `{key}` for a variable, and those who take all of the Secret \
                                 would get it too",
                                want.name
                            );
                            let remedy =
                                "give the Secrets of variables other names by `variableSecret` under `convert`";
                            report.add(&rules::EXTRA_KEY, object.at(""), message, remedy);
                        }
                        merge(there, want, stream);
                    }
                    (Source::Kv(_), Source::Kv(_)) => merge(there, want, stream),
                    _ => {}
                }
            }
        }
    }
    wants.into_values().collect()
}

/// Which of the objects the new one stands beside must not depend on the order of the stream.
fn merge(there: &mut Want, want: Want, stream: &Stream) {
    let key =
        |want: &Want| stream.object(want.beside).map(|object| (object.kind().into_owned(), object.name().into_owned()));
    if want.replaces && !there.replaces || want.replaces == there.replaces && key(&want) < key(there) {
        there.beside = want.beside;
        there.namespace.clone_from(&want.namespace);
    }
    there.labels.retain(|label, value| want.labels.get(label) == Some(value));
    there.merge(want);
}

/// Mounts the volumes of converted Secrets: the CSI driver makes them for pods that have one.
fn mount(spec: &Spec, mounts: &[(String, usize)], stream: &mut Stream, report: &mut Report) {
    let mut mounts: Vec<&(String, usize)> = mounts.iter().collect();
    mounts.sort_unstable();
    mounts.dedup();
    let pods = Facts::of(stream).pods().to_vec();
    for (name, id) in mounts {
        for selected in target::everything(pods.iter().filter(|pod| pod.object == *id).cloned()) {
            let Some(object) = stream.object(*id) else { continue };
            let volumes: Vec<_> = selected
                .pod
                .spec_node(&object)
                .and_then(|spec| spec.get("volumes"))
                .into_iter()
                .flat_map(krmor_yaml::Node::items)
                .collect();
            let mut containers = selected.pod.containers(&object);
            containers.retain(|one| one.node(&object).is_some_and(|node| leftovers::uses(node, &volumes, name)));
            let user = User { selected, containers };
            for edit in wiring::csi_edits(spec, &user, &object, name, report) {
                stream.apply(report, *id, edit);
            }
        }
    }
}
