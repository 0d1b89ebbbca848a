//! What must hold for the probes of targeted containers in the final stream, whoever wrote them.

use super::plan::Purpose;
use super::{Spec, choose, ports, subject};
use crate::probes::rules;
use krmor_core::pods::Container;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::{Object, Stream};
use krmor_core::target;
use krmor_core::workload::Trait;
use krmor_yaml::Node;

/// Looks at the probes of what the spec targets.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    // What is wrong with the targets has been said.
    for selected in target::pods(&spec.targets, &spec.exclude, stream).0 {
        let Some(object) = stream.object(selected.pod.object) else { continue };
        for container in selected.containers(&object).iter().filter(|container| choose::may_have_probes(container)) {
            let Some(node) = container.node(&object) else { continue };
            // Knative gives names to ports that have none.
            if !selected.pod.has(Trait::OneServes) {
                dangling_names(&object, container, node, report);
            }
            shared_query(&object, container, node, report);
        }
    }
}

/// A probe whose port has a name that the container does not know always fails.
fn dangling_names(object: &Object<'_>, container: &Container, node: Node<'_>, report: &mut Report) {
    for key in [Purpose::Liveness, Purpose::Readiness, Purpose::Startup].map(Purpose::key) {
        for handler in ["httpGet", "tcpSocket"] {
            let Some(name) = node.find(&[key, handler, "port"]).and_then(Node::as_str) else { continue };
            let at = || object.at(&format!("{}/{key}/{handler}/port", container.pointer));
            if let Err(problem) = ports::named(node, &name) {
                let message =
                    format!("{}: its `{key}` cannot work: the container {}", subject(container), problem.message);
                report.add(&rules::PROBE_PORT, at(), message, problem.remedy);
            } else if let Some(protocol) = ports::other_protocol(node, &name) {
                let message = format!(
                    "{}: its `{key}` asks `{name}` by TCP, and the container has it as a port of {protocol}: it fails \
                     unless the program listens on the same number of TCP",
                    subject(container)
                );
                let remedy = "name a port of TCP, or probe with `exec`";
                report.add_as(Severity::Warning, &rules::PROBE_PORT, at(), message, remedy);
            }
        }
    }
}

/// A query usually asks for more than whether the program runs: a backend, a database. What makes a pod unready then
/// also restarts it, which mends nothing.
fn shared_query(object: &Object<'_>, container: &Container, node: Node<'_>, report: &mut Report) {
    let path = |purpose: Purpose| node.find(&[purpose.key(), "httpGet", "path"]).and_then(Node::as_str);
    let Some(asked) = path(Purpose::Readiness).filter(|path| path.contains('?')) else { return };
    let also = |purpose: Purpose| path(purpose).as_ref() == Some(&asked);
    let sharing = match (also(Purpose::Liveness), also(Purpose::Startup)) {
        (false, false) => return,
        (true, false) => "readiness and liveness",
        (false, true) => "readiness and startup",
        (true, true) => "readiness, liveness and startup",
    };
    // What the query says may be a credential.
    let shown = asked.split('?').next().unwrap_or_default();
    let message = format!(
        "{}: its {sharing} probes ask `{shown}` with the same query: when what that asks about fails, the container is \
         restarted, which mends nothing there",
        subject(container),
    );
    let remedy = "let liveness and startup ask a path that needs nothing but the program itself";
    report.add(&rules::SHARED_QUERY, object.at(&container.pointer), message, remedy);
}
