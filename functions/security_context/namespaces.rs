//! What the namespaces of the stream enforce by their labels: a pod below that is refused whatever the config says.

use super::audit::{self, Refusal};
use super::spec::{Level, Spec};
use super::values::Version;
use crate::security_context::rules;
use krmor_core::facts::Facts;
use krmor_core::facts::access::Enforced;
use krmor_core::report::{Finding, Place, Report, Severity};
use krmor_core::stream::{Object, Stream};
use krmor_core::target::{self, Selected};

/// Holds the final pods of what the spec targets against their namespaces. What the spec excludes admission sees, too.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    // What is wrong with the targets has been said.
    let (selected, _) = target::pods(&spec.targets, &[], stream);
    let facts = Facts::of(stream);
    let mut seen = Vec::new();
    for pod in target::everything(selected.into_iter().map(|one| one.pod)) {
        let Some(object) = stream.object(pod.pod.object) else { continue };
        let Some(enforced) = facts.enforced(&object) else { continue };
        let Some(namespace) = stream.object(enforced.namespace) else { continue };
        let is_new = !seen.contains(&enforced.namespace);
        if is_new {
            seen.push(enforced.namespace);
        }
        let level = match enforced.level.as_str() {
            "restricted" => Level::Restricted,
            "baseline" => Level::Baseline,
            _ => {
                if is_new {
                    report.record(without_check(&enforced, &namespace));
                }
                continue;
            }
        };
        if is_new && spec.level < level {
            report.record(asks_less(spec, &enforced, &namespace));
        }
        refused(level, &enforced, &pod, &object, report);
    }
}

/// A namespace in which admission lets everything pass, or whose label it does not know.
fn without_check(enforced: &Enforced, namespace: &Object<'_>) -> Finding {
    let place = namespace.at("/metadata/labels/pod-security.kubernetes.io~1enforce");
    let Enforced { level, .. } = enforced;
    let (severity, message, remedy) = match level.as_str() {
        "privileged" => (
            Severity::Info,
            format!("{} enforces `privileged`: admission refuses nothing there", namespace.reference()),
            "let it enforce `restricted` once all of its pods are hardened",
        ),
        _ => (
            Severity::Error,
            format!("{} enforces `{level}`, which is no level", namespace.reference()),
            "write `restricted`, `baseline` or `privileged`",
        ),
    };
    Finding::new(&rules::NAMESPACE_LEVEL, place, message, remedy).with_severity(severity)
}

fn asks_less(spec: &Spec, enforced: &Enforced, namespace: &Object<'_>) -> Finding {
    let (own, level) = (spec.level.name(), &enforced.level);
    let message = format!("the config asks for `{own}`, and {} enforces `{level}`", namespace.reference());
    let remedy = format!("set `level: {level}`");
    let place = Place::Config("/level".to_owned());
    Finding::new(&rules::NAMESPACE_LEVEL, place, message, remedy).with_severity(Severity::Warning)
}

/// Reports the checks that a pod does not pass, one finding for each place.
fn refused(level: Level, enforced: &Enforced, pod: &Selected, object: &Object<'_>, report: &mut Report) {
    // A newer standard than krmor knows is at least as strict as the newest that it knows.
    let version = Version::try_from(enforced.version.clone()).unwrap_or_else(|_| Version::newest());
    let mut told: Vec<(&str, String)> = Vec::new();
    for Refusal { id, pointer, what, .. } in audit::audit(level, version, pod, *object) {
        if told.iter().any(|(other, at)| *other == id && *at == pointer) {
            continue;
        }
        let message = format!("violates PodSecurity \"{}:{}\": {what} ({id})", enforced.level, enforced.version);
        let remedy = "harden the pod, or move it to a namespace that enforces less";
        report.add(&rules::NAMESPACE_LEVEL, object.at(&pointer), message, remedy);
        told.push((id, pointer));
    }
}
