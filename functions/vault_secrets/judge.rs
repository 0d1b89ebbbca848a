//! What must hold in the final stream.

use super::auth::Method;
use super::leftovers;
use super::spec::{EngineVersion, Provider, Spec};
use crate::vault_secrets::rules;
use krmor_core::report::Report;
use krmor_core::stream::Stream;
use krmor_core::target::{self, Matcher};
use krmor_yaml::Node;

/// Reports what the agent cannot work with, and placeholders that are left.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    // What is wrong with targets and pods was said when the function ran.
    let selected = target::pods(&spec.targets, &spec.exclude, stream).0;
    let by_token = spec.auth.as_ref().and_then(super::auth::Auth::method);
    if spec.provider == Provider::AgentInjector && matches!(by_token, Some(Method::Kubernetes(_) | Method::Jwt(_))) {
        for one in &selected {
            let Some(object) = stream.object(one.pod.object) else { continue };
            let field = one.pod.spec_node(&object).and_then(|spec| spec.get("automountServiceAccountToken"));
            if field.and_then(Node::as_bool) == Some(false) {
                let message = "the Vault Agent logs in with the pod's token, which is not mounted";
                let remedy = "leave `automountServiceAccountToken` out for this pod, or take another provider";
                let pointer = format!("{}/automountServiceAccountToken", one.pod.spec);
                report.add(&rules::NO_TOKEN, object.at(&pointer), message, remedy);
            }
        }
    }
    let Some(convert) = spec.convert.as_ref().filter(|convert| convert.placeholders) else { return };
    let v1 = convert.engine == Some(EngineVersion::V1);
    let exclude: Vec<Matcher> =
        spec.exclude.iter().filter_map(|selector| Matcher::new(selector, "exclude").ok()).collect();
    for object in stream.objects() {
        let is_target = spec.targets.is_empty() || selected.iter().any(|one| one.pod.object == object.id());
        if is_target && !exclude.iter().any(|one| !one.names_containers() && one.matches(&object)) {
            leftovers::left_over(spec, &object, v1, report);
        }
    }
}
