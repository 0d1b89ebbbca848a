//! What a migration's variables name as hosts, of the stream: its database, most likely.

use std::borrow::Cow;

use serde_json::Value;

use super::spec::Hook;
use super::waves::{Time, time};
use krmor_core::addresses;
use krmor_core::facts::references::in_pod_spec;
use krmor_core::facts::{self, Facts, Near, services};
use krmor_core::pods::Pod;
use krmor_core::stream::{Object, Stream};
use krmor_yaml::Node;

/// What answers behind the Services that are named as hosts, or else the Services: each with the time at which the last
/// of it is applied.
pub(super) fn named<'s>(
    stream: &'s Stream,
    pod: &Pod,
    workload: &Object<'_>,
    template: &Value,
    hook: Hook,
) -> Vec<(Object<'s>, Time)> {
    let hosts = hosts(stream, workload, template);
    let is_named = |service: &Object<'_>| {
        let of = |host: &String| {
            services::meant_by(host).into_iter().any(|(name, namespace)| {
                service.is_named(name)
                    && namespace.map_or_else(
                        || facts::share_namespace(service, workload),
                        |namespace| facts::in_namespace(service, namespace),
                    )
            })
        };
        services::is_service(service) && !services::selects(service, pod, workload) && hosts.iter().any(of)
    };
    let facts = Facts::of(stream);
    let (pods, selections) = (facts.pods(), facts.selections());
    let found = stream.of_kind("", "Service").filter(is_named).map(|service| {
        let selection = selections.of_object(service.id());
        let behind = selection.map_or(&[][..], |one| selections.pods(facts, one, Near::Certain));
        let behind = behind.iter().filter_map(|&at| stream.object(pods.get(at)?.object));
        let last = behind.map(|object| (object, time(&object, hook))).max_by_key(|(_, due)| *due);
        last.unwrap_or_else(|| (service, time(&service, hook)))
    });
    found.collect()
}

/// What looks like a host in the variables that are known.
fn hosts(stream: &Stream, workload: &Object<'_>, template: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let variables = template.pointer("/containers/0/env").and_then(Value::as_array).into_iter().flatten();
    for variable in variables {
        if let (Some(name), Some(value)) = (variable["name"].as_str(), variable["value"].as_str()) {
            out.extend(addresses::of(name, value).into_iter().map(|one| one.host));
        }
    }
    for reference in in_pod_spec(template) {
        if !matches!(reference.kind.as_str(), "ConfigMap" | "Secret") {
            continue;
        }
        let Some(there) = Facts::of(stream).named_in_pod(workload, &reference) else { continue };
        for key in ["data", "stringData"] {
            for (name, value) in there.root().get(key).into_iter().flat_map(Node::entries) {
                let value = value.as_str().unwrap_or(Cow::Borrowed(""));
                out.extend(addresses::of(&name, &value).into_iter().map(|one| one.host));
            }
        }
    }
    out
}
