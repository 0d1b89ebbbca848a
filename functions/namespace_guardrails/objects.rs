//! The Namespace, the ResourceQuota and the LimitRange that a namespace is to have.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    LimitRange, LimitRangeItem, LimitRangeSpec, Namespace, NamespaceSpec, ResourceQuota, ResourceQuotaSpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use serde_json::Value;

use super::homes::{self, Home};
use super::levels;
use super::rules;
use super::spec::Spec;
use super::values::{QuotaName, ResourceName};
use krmor_core::manifest::{Manifest, Metadata};
use krmor_core::quantity::Quantity;
use krmor_core::reconcile::{Field, Item, Ownership, Wanted};
use krmor_core::report::{Report, Rule};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::text::few;
use krmor_yaml::Node;

/// What each namespace is to have; what cannot be is reported.
pub(super) fn wanted(spec: &Spec, stream: &Stream, report: &mut Report) -> Vec<Wanted> {
    let (homes, problems) = homes::of(spec, stream);
    report.record_once(problems);
    let mut wanted = Vec::new();
    let of_name = |kind: &str| -> BTreeMap<String, ObjectId> {
        let named = stream.named("", kind, spec.name()).filter(|object| !object.is_embedded());
        // The first of a namespace counts.
        let mut named: Vec<_> = named.map(|object| (homes::key(&object), object.id())).collect();
        named.reverse();
        named.into_iter().collect()
    };
    let (quotas, ranges) = (of_name("ResourceQuota"), of_name("LimitRange"));
    for (key, home) in &homes {
        if spec.pod_security.is_some() && home.namespace.is_empty() {
            no_namespace(home, stream, report);
        }
        let labels = spec.pod_security.as_ref().filter(|_| !home.namespace.is_empty());
        wanted.extend(labels.and_then(|labels| {
            let existing = namespace(stream, &home.namespace);
            let labels = levels::labels(labels, existing.as_ref(), report);
            let metadata = Metadata {
                labels: Some(labels).filter(|labels| !labels.is_empty()),
                name: Some(home.namespace.clone()),
                ..Metadata::default()
            };
            let mut object = Manifest::of::<Namespace>(metadata, NamespaceSpec::default()).to_value().ok()?;
            object.as_object_mut()?.shift_remove("spec");
            let existing = existing.map(|existing| existing.id());
            Some(want(existing, home, object, &rules::POD_SECURITY, "admission refuses pods below the level"))
        }));
        let metadata = || Metadata {
            name: Some(spec.name().to_owned()),
            namespace: Some(home.namespace.clone()).filter(|namespace| !namespace.is_empty()),
            ..Metadata::default()
        };
        if !spec.quota.is_empty() {
            let hard = Some(spec.quota.iter().map(QuotaName::entry).collect());
            let quota = ResourceQuotaSpec { hard, ..ResourceQuotaSpec::default() };
            let object = Manifest::of::<ResourceQuota>(metadata(), quota).to_value().ok();
            let reason = "the namespace cannot take more of the cluster";
            wanted.extend(object.map(|object| want(quotas.get(key).copied(), home, object, &rules::QUOTA, reason)));
        }
        if !spec.limit_range.is_empty() {
            let object = Manifest::of::<LimitRange>(metadata(), limits(spec)).to_value().ok().map(type_first);
            let reason = "each container has requests and limits within bounds";
            wanted
                .extend(object.map(|object| want(ranges.get(key).copied(), home, object, &rules::LIMIT_RANGE, reason)));
        }
    }
    wanted
}

/// The Namespace that is called so, rather than one that was.
fn namespace<'a>(stream: &'a Stream, name: &str) -> Option<Object<'a>> {
    let named = || stream.named("", "Namespace", name).filter(|object| !object.is_embedded());
    named().find(|object| object.name() == name).or_else(|| named().next())
}

fn want(existing: Option<ObjectId>, home: &Home, object: Value, rule: &'static Rule, reason: &'static str) -> Wanted {
    Wanted { existing, beside: home.beside, object, rule, reason: reason.into() }
}

fn no_namespace(home: &Home, stream: &Stream, report: &mut Report) {
    let Some(first) = stream.object(home.beside) else { return };
    let pods = krmor_core::facts::Facts::of(stream).numbered_pods();
    let mut silent: Vec<String> = pods
        .filter(|(.., object)| !object.is_embedded() && object.namespace().is_empty())
        .map(|(.., object)| object.reference().to_string())
        .collect();
    silent.dedup();
    let names = few(silent.len(), &mut silent.iter().cloned(), ", ");
    let message = format!("no namespace is written in {names}, so there is none to label");
    let remedy = "write `metadata.namespace`, let kustomize set it before krmor is called, or remove `podSecurity`";
    report.add(&rules::NO_NAMESPACE, first.at("/metadata"), message, remedy);
}

fn limits(spec: &Spec) -> LimitRangeSpec {
    let amounts = |amounts: &BTreeMap<ResourceName, Quantity>| {
        Some(amounts.iter().map(|(name, amount)| (name.as_str().to_owned(), written(amount))).collect())
            .filter(|amounts: &BTreeMap<_, _>| !amounts.is_empty())
    };
    let range = &spec.limit_range;
    let item = LimitRangeItem {
        default: amounts(&range.default),
        default_request: amounts(&range.default_request),
        max: amounts(&range.max),
        min: amounts(&range.min),
        type_: "Container".to_owned(),
        ..LimitRangeItem::default()
    };
    LimitRangeSpec { limits: vec![item] }
}

impl QuotaName {
    fn entry((name, amount): (&Self, &Quantity)) -> (String, Amount) {
        (name.as_str().to_owned(), written(amount))
    }
}

fn written(amount: &Quantity) -> Amount {
    Amount(amount.written().into_owned())
}

/// Lets an entry say first what it is about, as people write it: the type has the letters' order.
fn type_first(mut object: Value) -> Value {
    let entry = object.pointer_mut("/spec/limits/0").and_then(Value::as_object_mut);
    if let Some(entry) = entry
        && let Some(of) = entry.shift_remove("type")
    {
        entry.shift_insert(0, "type".to_owned(), of);
    }
    object
}

/// What the config says goes before what is there; an amount that is written otherwise is the same, and all else stays.
pub(super) struct ByConfig;

impl Ownership for ByConfig {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field {
        let amount = |value: &Value| Quantity::of(value).ok();
        match wanted {
            _ if pattern == "/metadata/labels" || pattern == "/metadata" || pattern.is_empty() => Field::Parts,
            // A label that is there has been judged.
            _ if pattern.starts_with("/metadata") => Field::Keep,
            Value::Object(_) | Value::Array(_) => Field::Parts,
            _ => match there.to_value().and_then(|there| amount(&there)) {
                Some(there) if Some(there.clone()) == amount(wanted) => Field::Keep,
                _ => Field::Set,
            },
        }
    }

    fn item(&self, _: &str, list: Node<'_>, _: &[Value], _: usize) -> Item {
        let of_containers = |item: Node<'_>| item.get("type").and_then(Node::as_str).as_deref() == Some("Container");
        Item::find(list, of_containers)
    }
}
