//! What Pod Security admission says about a pod: its violations, and the fields that it lacks. `Checks` asks.

use super::checks::{self, Check};
use super::fill::{self, Demands};
use super::judge::Judge;
use super::restricted::WINDOWS_EXEMPT;
use super::spec::{Level, Spec};
use super::values::Version;
use super::view::{Holder, View};
use krmor_core::report::Report;
use krmor_core::stream::{Action, Edit, Object};
use krmor_core::target::Selected;
use krmor_core::values::integer;
use krmor_core::values::json_text;
use krmor_yaml::Node;

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
    /// What is allowed; none where a field is missing that must be there.
    pub(crate) allows: Option<&'static str>,
    /// The container whose value it is; none for the pod's.
    pub(crate) container: Option<String>,
    /// Where it is written, or would be, from the object's root.
    pub(crate) pointer: String,
    /// What is the matter: ``container `web` sets `privileged: true` ``.
    pub(crate) what: String,
}

/// The ids of the standard's checks, in order.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    checks::standard().filter_map(|check| check.rule.id.strip_prefix(PREFIX))
}

/// What admission at a level and version refuses in the containers and the pod that are in scope.
pub(crate) fn audit(level: Level, version: Version, pod: &Selected, object: Object<'_>) -> Vec<Refusal> {
    let spec = Spec { level, version, ..Spec::default() };
    let Some(mut view) = View::of(pod, object) else { return Vec::new() };
    // Admission did not know of Windows then.
    view.windows &= version.minor() >= WINDOWS_EXEMPT;
    let mut audit = Audit { spec: &spec, view: &view, refusals: Vec::new() };
    audit.violations();
    audit.missing();
    audit.defaults();
    audit.refusals
}

struct Audit<'a> {
    spec: &'a Spec,
    view: &'a View<'a>,
    refusals: Vec<Refusal>,
}

impl Audit<'_> {
    fn violations(&mut self) {
        let minor = self.spec.version.minor();
        for check in checks::of(self.spec) {
            let mut violations = Vec::new();
            (check.find)(self.view, self.spec, &mut violations);
            // What `SecurityContext` finds beyond the standard: uid 0 before v1.23, annotations since v1.19.
            let early = check.rule.id == "conflict/runAsUser" && minor < 23;
            let late = check.rule.id.starts_with("conflict/seccompProfile") && minor >= 19;
            violations.retain(|violation| !(early || late && violation.pointer.contains("/metadata/annotations/")));
            for violation in violations {
                let verb = if violation.inherited { "inherits" } else { "sets" };
                let what = format!("{} {verb} `{}`", self.view.subject(violation.place), violation.says);
                self.refuse(check, violation.place, violation.pointer, what, Some(check.allows));
            }
        }
    }

    /// What `fill` would set, admission misses.
    fn missing(&mut self) {
        let Self { spec, view, .. } = *self;
        let (mut report, mut edits) = (Report::default(), Vec::new());
        let mut judge = Judge { spec, grants: &[], report: &mut report, edits: &mut edits };
        fill::fill(&Demands::of(spec), view, &mut judge);
        for edit in edits {
            let id = FILLED.iter().find(|(rule, _)| *rule == edit.why.rule.id).map(|(_, id)| *id);
            let check = checks::of(spec).into_iter().find(|check| check.rule.id.strip_prefix(PREFIX) == id);
            let place = place_of(view, &edit.pointer);
            let what = format!("{} does not set `{}`", view.subject(place), shown(&edit));
            if let Some(check) = check {
                self.refuse(check, place, view.pointer(place, ""), what, None);
            }
        }
    }

    /// On the host's network the API gives each port its number as a host port before admission looks.
    fn defaults(&mut self) {
        let Self { spec, view, .. } = *self;
        let check = checks::of(spec).into_iter().find(|check| check.rule.id == "conflict/hostPorts");
        let on_host = view.spec.get("hostNetwork").and_then(Node::as_bool) == Some(true);
        let Some(check) = check.filter(|_| on_host) else { return };
        for (place, container) in view.in_scope().filter(|(_, container)| !container.pointer.contains("/ephemeral")) {
            for (at, port) in container.fields.get("ports").into_iter().flat_map(Node::items).enumerate() {
                let number = |key| port.get(key).and_then(integer).filter(|number| *number != 0);
                if let (Some(port), None) = (number("containerPort"), number("hostPort")) {
                    let what = format!("{} gets `hostPort: {port}` on the host's network", view.subject(place));
                    let pointer = view.pointer(place, &format!("/ports/{at}"));
                    self.refuse(check, place, pointer, what, Some(check.allows));
                }
            }
        }
    }

    fn refuse(&mut self, check: &Check, place: Holder, pointer: String, what: String, allows: Option<&'static str>) {
        let Some(id) = check.rule.id.strip_prefix(PREFIX) else { return };
        let container = self.view.container(place).map(|container| container.name.clone());
        let authority = check.authority(self.spec);
        self.refusals.push(Refusal { id, authority, allows, container, pointer, what });
    }
}

/// The field that an edit sets, as people write it.
fn shown(edit: &Edit) -> String {
    let key = edit.pointer.rsplit_once("/securityContext/").map_or(edit.pointer.as_str(), |(_, key)| key);
    let key = key.replace('/', ".");
    match &edit.action {
        Action::Set(value) if value.get("type").is_some() => key,
        Action::Set(value) => format!("{key}: {}", json_text(value).replace('"', "")),
        _ => key,
    }
}

/// The container that a pointer leads into.
fn place_of(view: &View<'_>, pointer: &str) -> Holder {
    let inside = |container: &str| pointer.strip_prefix(container).is_some_and(|rest| rest.starts_with('/'));
    let at = view.containers.iter().position(|container| inside(&container.pointer));
    at.map_or(Holder::Pod, Holder::Container)
}
