//! What Pod Security admission says about a pod: its violations, and the fields that it lacks. `Checks` asks.

use super::checks::{self, Check};
use super::fill::{self, Demands};
use super::judge::Judge;
use super::restricted::is_linux;
use super::spec::{Level, Spec};
use super::values::Version;
use super::view::{Place, View};
use crate::report::Report;
use crate::stream::Object;
use crate::target::Selected;

/// What stands before a check's id in the rules of `SecurityContext`.
const PREFIX: &str = "conflict/";

/// The checks behind the rules of `fill`.
const FILLED: &[(&str, &str)] = &[
    ("run-as-non-root", "runAsNonRoot"),
    ("no-privilege-escalation", "allowPrivilegeEscalation"),
    ("drop-capabilities", "capabilities_restricted"),
    ("seccomp-profile", "seccompProfile_restricted"),
];

/// One value that a check refuses, or one that it misses.
pub(crate) struct Refusal {
    /// The check's id in the standard's source.
    pub(crate) id: &'static str,
    /// Who refuses: `restricted v1.35`.
    pub(crate) authority: String,
    /// What is allowed.
    pub(crate) allows: &'static str,
    /// The container whose value it is; none for the pod's.
    pub(crate) container: Option<String>,
    /// Where it is written, or would be, from the object's root.
    pub(crate) pointer: String,
    /// What is the matter: ``container `web` sets `privileged: true` ``.
    pub(crate) what: String,
}

/// The ids of the standard's checks, in order.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    checks::standard().filter_map(|check| check.rule.strip_prefix(PREFIX))
}

/// What admission at a level and version refuses in the containers and the pod that are in scope.
pub(crate) fn audit(level: Level, version: Version, pod: &Selected, object: Object<'_>) -> Vec<Refusal> {
    let spec = Spec { level, version, ..Spec::default() };
    let Some(view) = View::of(pod, object) else { return Vec::new() };
    let mut refusals = Vec::new();
    for check in checks::of(&spec) {
        let mut violations = Vec::new();
        (check.find)(&view, &spec, &mut violations);
        // What `SecurityContext` finds beyond the standard: uid 0 before v1.23, annotations since v1.19.
        let early = check.rule == "conflict/runAsUser" && version.minor() < 23;
        let beyond =
            |pointer: &str| early || version.minor() >= 19 && pointer.contains("/annotations/") && check.is_seccomp();
        for violation in violations.into_iter().filter(|violation| !beyond(&violation.pointer)) {
            let verb = if violation.inherited { "inherits" } else { "sets" };
            let what = format!("{} {verb} `{}`", view.subject(violation.place), violation.says);
            refusals.extend(refusal(check, &spec, &view, violation.place, violation.pointer, what));
        }
    }
    missing(&spec, &view, &mut refusals);
    refusals
}

/// What `fill` would set, admission misses.
fn missing(spec: &Spec, view: &View<'_>, refusals: &mut Vec<Refusal>) {
    let demands = Demands::of(spec);
    let (mut report, mut edits) = (Report::default(), Vec::new());
    fill::fill(&demands, view, &mut Judge { spec, grants: &[], used: &mut [], report: &mut report, edits: &mut edits });
    for edit in edits {
        let id = FILLED.iter().find(|(rule, _)| *rule == edit.why.rule).map(|(_, id)| *id);
        let check = checks::of(spec).into_iter().find(|check| check.rule.strip_prefix(PREFIX) == id);
        if let Some(check) = check {
            let place = place_of(view, &edit.pointer);
            let what = format!("{} does not set `{}`", view.subject(place), shown(&edit.pointer, &edit.action));
            refusals.extend(refusal(check, spec, view, place, view.pointer(place, ""), what));
        }
    }
    // `fill` never writes a field of Linux into a Windows pod; before v1.25 admission wants it there.
    if fill::demands_the_impossible(&demands, view, spec) && is_linux(view, spec) {
        let check = checks::of(spec).into_iter().find(|check| check.rule == "conflict/allowPrivilegeEscalation");
        for ((place, _), check) in view.in_scope().zip(check.into_iter().cycle()) {
            let what = format!("{} does not set `allowPrivilegeEscalation: false`", view.subject(place));
            refusals.extend(refusal(check, spec, view, place, view.pointer(place, ""), what));
        }
    }
}

fn shown(pointer: &str, action: &crate::stream::Action) -> String {
    let key = pointer.rsplit_once("/securityContext/").map_or(pointer, |(_, key)| key).replace('/', ".");
    match action {
        crate::stream::Action::Set(value) => match value.get("type").unwrap_or(value) {
            serde_json::Value::String(kind) => format!("{key}.type: {kind}"),
            value => format!("{key}: {}", value.to_string().replace('"', "")),
        },
        _ => key,
    }
}

/// The container that a pointer leads into.
fn place_of(view: &View<'_>, pointer: &str) -> Place {
    let inside = |container: &str| pointer.strip_prefix(container).is_some_and(|rest| rest.starts_with('/'));
    let at = view.containers.iter().position(|container| inside(&container.pointer));
    at.map_or(Place::Pod, Place::Container)
}

fn refusal(
    check: &Check,
    spec: &Spec,
    view: &View<'_>,
    place: Place,
    pointer: String,
    what: String,
) -> Option<Refusal> {
    let container = view.container(place).map(|container| container.name.clone());
    let authority = check.authority(spec);
    Some(Refusal { id: check.rule.strip_prefix(PREFIX)?, authority, allows: check.allows, container, pointer, what })
}
