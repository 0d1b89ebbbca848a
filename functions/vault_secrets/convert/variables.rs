//! Variables whose value is a placeholder: they get a Secret that is named after its place in Vault.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::dress::Dress;
use super::super::placeholders::{Reader, Refused};
use super::super::rules;
use super::super::spec::{Convert, EngineVersion, Spec};
use super::super::template::{Template, Value};
use super::super::want::{self, Source, User, Want};
use super::{Conversion, maker_of};
use krmor_core::facts::makers::Maker;
use krmor_core::kube::{DataKey, ObjectName};
use krmor_core::report::{Class, Finding, Report, Why};
use krmor_core::stream::{Action, Edit, Stream};
use krmor_yaml::Node;

/// Converts the variables of a pod.
pub(super) fn of(
    spec: &Spec,
    convert: &Convert,
    user: &User,
    stream: &Stream,
    report: &mut Report,
    out: &mut Conversion,
) {
    const PART: Refused = Refused {
        problem: "a variable takes one value as it is, without text around it or modifiers",
        remedy: "move it into a Secret, and let the variable take it by `valueFrom`",
    };
    const NAME_IT: &str = "name it otherwise by `variableSecret` under `convert`, such as `{workload}.{path}`";
    let pod = &user.selected.pod;
    let Some(object) = stream.object(pod.object) else { return };
    let pattern = convert.variable_secret.clone().unwrap_or_default();
    let reader = Reader::of(&object, convert.engine == Some(EngineVersion::V1));
    for container in user.selected.containers(&object) {
        let Some(env) = container.node(&object).and_then(|node| node.get("env")) else { continue };
        for (at, item) in env.items().enumerate() {
            let Some(text) = item.get("value").and_then(Node::as_str) else { continue };
            let pointer = format!("{}/env/{at}", container.pointer);
            let one = |pieces| match Template(pieces).only() {
                Some(Value { key, from: Some(from), steps }) if steps.is_empty() && DataKey::check(key).is_ok() => {
                    Ok((key.clone(), from.clone()))
                }
                _ => Err(PART),
            };
            let (key, source) = match reader.read(&text).and_then(|found| found.map(one).transpose()) {
                Ok(None) => continue,
                Ok(Some(found)) => found,
                Err(Refused { problem, remedy }) => {
                    let variable = item.get("name").and_then(Node::as_str).unwrap_or_default();
                    let message = format!("the variable `{variable}`: {problem}");
                    report.add(&rules::PLACEHOLDER, object.at(&format!("{pointer}/value")), message, remedy);
                    continue;
                }
            };
            let name = pattern.name(&source, &object.name());
            if ObjectName::try_from(name.clone()).is_err() {
                let message = format!("the Secret for {} would be called `{name}`, which is no name", source.title());
                report.add(&rules::VARIABLE_SECRET, object.at(&format!("{pointer}/value")), message, NAME_IT);
                continue;
            }
            let expected = |maker: &Maker| {
                let is_own = |id| stream.object(id).is_some_and(|object| spec.provider.has(&object));
                maker.object.is_none_or(|id| out.removed.contains(&id) || is_own(id))
            };
            if let Some(maker) = maker_of(&object, &name, expected, stream) {
                let message = format!(
                    "the Secret for {} would be called `{name}`, which {} makes already",
                    source.title(),
                    maker.title
                );
                let finding =
                    Finding::new(&rules::VARIABLE_SECRET, object.at(&format!("{pointer}/value")), message, NAME_IT);
                report.record_once([finding]);
                continue;
            }
            let owner = out.owners.get(&source).and_then(|owners| stream.object(*owners.first()?));
            if let Some(owner) = owner {
                let message = format!(
                    "its placeholder reads {}, where the values of {} would be written",
                    source.title(),
                    owner.reference()
                );
                let remedy = "give the Secret another path, by `path` of `convert` or by an entry under `secrets`";
                report.add(&rules::ONE_PLACE, object.at(&format!("{pointer}/value")), message, remedy);
                continue;
            }
            let reason = "the value is in Vault, and argocd-vault-plugin need not fill it in";
            let why = || Why { rule: &rules::PLACEHOLDER, reason: reason.into(), class: Class::Overridden };
            let reference = json!({"secretKeyRef": {"name": name, "key": key}});
            let added = Why { class: Class::Added, ..why() };
            let set = Edit { pointer: format!("{pointer}/valueFrom"), action: Action::Set(reference), why: added };
            let remove = Edit { pointer: format!("{pointer}/value"), action: Action::Remove, why: why() };
            out.edits.extend([(object.id(), set), (object.id(), remove)]);
            out.mounts.push((name.clone(), object.id()));
            out.wants.push(Want {
                namespace: object.namespace().into_owned(),
                name,
                source: Source::Kv(source),
                // A key that is not in Vault fails.
                keys: Some(Vec::new()),
                templates: BTreeMap::from([(key.clone(), Template::of_key(&key))]),
                dress: Dress::default(),
                annotations: serde_json::Map::new(),
                transformation_refs: Vec::new(),
                replaces: false,
                of_variable: true,
                synced: true,
                beside: object.id(),
                labels: want::shared_labels(std::iter::once(object)),
                restarts: want::restart(pod, &object).into_iter().collect(),
                service_accounts: BTreeSet::from([want::service_account(pod, &object)]),
            });
        }
    }
}
