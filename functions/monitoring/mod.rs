//! `Monitoring`: lets the Prometheus operator scrape workloads, by ServiceMonitors or PodMonitors.
//!
//! For each workload the port is found or added (`ports`), then the monitor that covers it is updated or a new one is
//! made (`monitor`), if it is given enough time (`times`).

mod known;
pub mod login;
mod monitor;
mod ports;
pub mod rules;
pub mod spec;
mod times;

use self::known::Known;
use self::spec::Monitor;
pub use self::spec::Spec;
use krmor_core::pods::Pod;
use krmor_core::report::{Place, Report};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::suggest::but_for_affixes;
use krmor_core::target::{self, Selected};
use krmor_core::text::few;

/// Gives what the spec targets its monitors.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    if spec.bearer_token_secret.is_some() {
        let message = "the operator has deprecated this field";
        let remedy = "write `authorization: {credentials: …}`, which does the same";
        report.add(&rules::DEPRECATED, Place::Config("/bearerTokenSecret".to_owned()), message, remedy);
    }
    let mut known = Known::of(stream, spec);
    let (selected_pods, problems) = target::pods(&spec.targets, &spec.exclude, stream);
    report.record_once(problems);
    for selected in selected_pods {
        let Some(workload) = stream.object(selected.pod.object) else { continue };
        // What ends is gone before it is scraped twice; who wants it all the same names it.
        if selected.pod.runs_to_completion(&workload) && spec.targets.is_empty() {
            continue;
        }
        match spec.monitor {
            Monitor::Service => by_service(spec, &selected, &mut known, stream, report),
            Monitor::Pod => by_pods(spec, &selected, &mut known, stream, report),
        }
    }
}

fn by_service(spec: &Spec, selected: &Selected, known: &mut Known<'_>, stream: &mut Stream, report: &mut Report) {
    let Some(service) = choose_service(spec, &selected.pod, known, stream, report) else { return };
    if !ports::of_service(spec, selected, service, stream, report) {
        return;
    }
    let Some(object) = stream.object(service) else { return };
    let has_labels =
        object.root().find(&["metadata", "labels"]).is_some_and(|labels| labels.entries().next().is_some());
    if !has_labels {
        let message = "the Service has no labels, and a ServiceMonitor selects by them";
        report.add(&rules::SERVICE_LABELS, object.at("/metadata"), message, "give it the workload's labels");
        return;
    }
    monitor::of_service(spec, &selected.pod, service, known, stream, report);
}

fn by_pods(spec: &Spec, selected: &Selected, known: &mut Known<'_>, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(selected.pod.object) else { return };
    if selected.pod.labels(&workload).is_none_or(|labels| labels.entries().next().is_none()) {
        let (pointer, remedy) =
            (selected.pod.template.as_ref().unwrap_or(&selected.pod.spec), "give the pod template labels");
        let message = "the pods have no labels, and a PodMonitor selects by them";
        report.add(&rules::POD_LABELS, workload.at(pointer), message, remedy);
        return;
    }
    if ports::of_pods(spec, selected, stream, report) {
        monitor::of_pods(spec, &selected.pod, known, stream, report);
    }
}

/// The Service to monitor: the one that is named, the only one, or the only one with the port.
fn choose_service(spec: &Spec, pod: &Pod, known: &Known<'_>, stream: &Stream, report: &mut Report) -> Option<ObjectId> {
    let workload = stream.object(pod.object)?;
    let (all, with_port) = known.senders(stream, pod);
    let objects = || all.iter().filter_map(|&id| stream.object(id));
    let name_of = |object: Object<'_>| format!("`{}`", object.name());
    if let Some(name) = &spec.service {
        if let Some(service) = objects().find(|service| service.is_named(name.as_str())) {
            return Some(service.id());
        }
        let others = few(all.len(), &mut objects().map(name_of), ", ");
        let names: Vec<String> = objects().map(|service| service.name().into_owned()).collect();
        let affixed = but_for_affixes(name.as_str(), names.iter().map(String::as_str));
        let message = format!("no Service `{}` sends to these pods", name.as_str());
        let remedy = match others.is_empty() {
            true => "let the Service's selector match the labels of the pod template".to_owned(),
            false => affixed.unwrap_or_else(|| format!("correct `service`: {others} does")),
        };
        report.add(&rules::NO_SERVICE, workload.at(""), message, remedy);
        return None;
    }
    match (with_port.as_slice(), all.as_slice()) {
        ([only], _) | ([], [only]) => Some(*only),
        ([], []) => {
            let message = "no Service sends to these pods, and a ServiceMonitor selects one";
            let remedy =
                "add a Service whose selector matches the pod template's labels, write `monitor: pod`, or exclude it";
            report.add(&rules::NO_SERVICE, workload.at(""), message, remedy);
            None
        }
        (several, _) => {
            let names = match several {
                [] => few(all.len(), &mut objects().map(name_of), ", "),
                several => {
                    few(several.len(), &mut several.iter().filter_map(|&id| stream.object(id)).map(name_of), ", ")
                }
            };
            let has = if several.is_empty() { "none has" } else { "several have" };
            let message = format!("the Services {names} send to these pods, and {has} a port `{}`", spec.port.as_str());
            report.add(&rules::WHICH_SERVICE, workload.at(""), message, "name one in `service`");
            None
        }
    }
}
