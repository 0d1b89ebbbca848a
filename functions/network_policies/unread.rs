//! Ways in from outside that imply no edge, because krmor does not read their kind.

use super::rules;
use super::spec::Spec;
use krmor_core::facts::Facts;
use krmor_core::report::{Finding, Report};
use krmor_core::stream::Stream;
use krmor_core::target;

/// Names each of them, where anything gets a policy.
pub(super) fn unread(spec: &Spec, stream: &Stream, report: &mut Report) {
    let (selected, _) = target::pods(&spec.targets, &spec.exclude, stream);
    if selected.is_empty() {
        return;
    }
    for object in Facts::of(stream).unread_ways().into_iter().filter_map(|id| stream.object(id)) {
        let message = "requests from outside may come by it, and no edge follows from its kind";
        let remedy = "declare an edge from what brings them to the pods, and allow it by an exception with the reason";
        report.record_once(vec![Finding::new(&rules::UNREAD_WAY, object.at(""), message, remedy)]);
    }
}
