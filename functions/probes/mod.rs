//! `Probes`: gives containers the liveness, readiness and startup probes that the spec names.
//!
//! `spec` is read into `plan`s: complete probes. For each selected pod `choose` finds the containers that they are for,
//! `ports` their port there, and `existing` what the container has already; `judge` looks at the final stream.

mod choose;
mod existing;
mod judge;
pub mod plan;
mod ports;
pub mod rules;
pub mod spec;
pub mod values;

use krmor_core::report::Place;
use krmor_core::report::Rule;
use std::borrow::Cow;

use self::existing::Existing;
pub use self::judge::judge;
use self::plan::{Plan, Purpose};
use self::spec::Handler;
pub use self::spec::Spec;
use krmor_core::kube::ContainerPort;
use krmor_core::pods::{Container, Role};
use krmor_core::report::{Class, Report, Severity, Why};
use krmor_core::stream::{Action, Edit, Object, Stream};
use krmor_core::target::{self, Selected};
use krmor_core::workload::Trait;
use krmor_yaml::Node;

/// Injects the probes into what the spec targets.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    for plan in spec.plans.iter().filter(|plan| plan.timeout > plan.period) {
        let message = format!(
            "spec.{}: `timeoutSeconds: {}` is longer than `periodSeconds: {}`: a probe that hangs puts off the next",
            plan.purpose.name(),
            plan.timeout,
            plan.period
        );
        let remedy = "shorten the timeout, or lengthen the period";
        report.add(&rules::TIMEOUT_OVER_PERIOD, Place::Stream, message, remedy);
    }
    let (selected_pods, problems) = target::pods(&spec.targets, &spec.exclude, stream);
    report.record_once(problems);
    for selected in selected_pods {
        for edit in edits(spec, &selected, stream, report) {
            stream.apply(report, selected.pod.object, edit);
        }
    }
}

/// The edits of one pod; what stands against one is reported.
fn edits(spec: &Spec, selected: &Selected, stream: &Stream, report: &mut Report) -> Vec<Edit> {
    let Some(object) = stream.object(selected.pod.object) else { return Vec::new() };
    let mut edits = Vec::new();
    for container in choose::containers(spec, selected, &object, report) {
        let Some(node) = container.node(&object) else { continue };
        let before = edits.len();
        let mut place = Recipient { object: &object, container: &container, node, failed: Vec::new(), report };
        edits.extend(spec.plans.iter().filter_map(|plan| place.edit(plan, spec.overwrite, selected)));
        if edits.len() > before {
            serves(selected, &object, &container, node, report);
        }
    }
    edits
}

/// Says when a container is one whose probes the API refuses, unless its cluster was told otherwise.
fn serves(selected: &Selected, object: &Object<'_>, container: &Container, node: Node<'_>, report: &mut Report) {
    let several = || selected.pod.containers(object).iter().filter(|other| other.role == Role::Main).count() > 1;
    let no_ports = node.get("ports").is_none_or(|ports| ports.items().next().is_none());
    if selected.pod.has(Trait::OneServes) && no_ports && several() {
        let message =
            format!("{} does not serve, since it has no `ports`: the API refuses its probes", subject(container));
        let remedy = "name the container that serves, or turn `multi-container-probing` on in the cluster";
        report.add(&rules::DOES_NOT_SERVE, object.at(&container.pointer), message, remedy);
    }
}

/// A container that is to get probes.
struct Recipient<'a, 'r> {
    object: &'a Object<'a>,
    container: &'a Container,
    node: Node<'a>,
    /// Ports that it has not; probes often share one, which is said once.
    failed: Vec<&'a ContainerPort>,
    report: &'r mut Report,
}

impl<'a> Recipient<'a, '_> {
    /// The edit that gives it the probe, if it is to have it and can.
    fn edit(&mut self, plan: &'a Plan, overwrite: bool, selected: &Selected) -> Option<Edit> {
        let key = plan.purpose.key();
        let probe = self.node.get(key);
        let is_there = probe.is_some_and(|probe| !probe.is_null());
        // A port that cannot be is of no interest where the container keeps what it has.
        let port = match ports::resolve(self.node, &plan.handler) {
            Ok(port) => port,
            Err(_) if is_there && !overwrite => serde_json::Value::Null,
            Err(problem) => {
                let message = format!("{} {}", subject(self.container), problem.message);
                if !plan.handler.port().is_some_and(|port| self.failed.contains(&port)) {
                    self.add(Severity::Error, &rules::PROBE_PORT, "/ports", message, &problem.remedy);
                    self.failed.extend(plan.handler.port());
                }
                return None;
            }
        };
        let wanted = plan.probe(&port);
        let class = match Existing::of(probe, &wanted) {
            Existing::Absent => Class::Added,
            Existing::Same => return None,
            Existing::Other | Existing::Malformed(_) if overwrite => Class::Overridden,
            // Knative makes a TCP probe of a readiness probe without a handler.
            Existing::Malformed(_) if plan.purpose == Purpose::Readiness && selected.pod.has(Trait::OneServes) => {
                return None;
            }
            Existing::Malformed(what) => {
                let message = format!("{}: its `{key}` {what}; the API refuses it", subject(self.container));
                let remedy = "remove it, so that krmor fills it, or set `overwrite: true`";
                self.add(Severity::Error, &rules::MALFORMED_PROBE, &format!("/{key}"), message, remedy);
                return None;
            }
            Existing::Other => {
                let message = format!("{} keeps its own `{key}`", subject(self.container));
                self.add(Severity::Info, &rules::PROBE_KEPT, &format!("/{key}"), message, "");
                return None;
            }
        };
        if plan.grace.is_some() && plan.purpose == Purpose::Liveness && selected.pod.has(Trait::OneServes) {
            let message =
                format!("{}: the API takes no `terminationGracePeriodSeconds` in its `{key}`", subject(self.container));
            let remedy = "leave it out for this kind: by an `exclude` here, and a config of its own";
            self.add(Severity::Error, &rules::PROBE_GRACE_PERIOD, "", message, remedy);
            return None;
        }
        // The number that gRPC takes tells nothing of it later.
        let by_name = match &plan.handler {
            Handler::Grpc(_) => plan.handler.port().and_then(|port| match port {
                ContainerPort::Name(name) => ports::other_protocol(self.node, name),
                ContainerPort::Number(_) => None,
            }),
            _ => None,
        };
        if let Some(protocol) = by_name {
            let message = format!("{}: its `{key}` asks by TCP for a port of {protocol}", subject(self.container));
            let remedy = "name a port of TCP";
            self.add(Severity::Warning, &rules::PROBE_PORT, "/ports", message, remedy);
        }
        let why = Why { rule: plan.purpose.rule(), reason: Cow::Owned(plan.reason()), class };
        Some(Edit { pointer: format!("{}/{key}", self.container.pointer), action: Action::Set(wanted), why })
    }

    fn add(&mut self, severity: Severity, rule: &'static Rule, path: &str, message: String, remedy: &str) {
        let pointer = format!("{}{path}", self.container.pointer);
        self.report.add_as(severity, rule, self.object.at(&pointer), message, remedy);
    }
}

/// A container as a sentence's subject; Knative's need no name.
fn subject(container: &Container) -> String {
    match container.name.as_str() {
        "" => "the container".to_owned(),
        name => format!("container `{name}`"),
    }
}
