//! Whether a Job comes in time: behind what it needs, before its program. Looked at in the final stream.

use crate::migration::rules;
use krmor_core::report::Place;
use krmor_core::rules as common;
use serde_json::Value;

use super::hosts::{self, How, Named};
use super::metadata;
use super::spec::DATABASE;
use super::spec::{Hook, Spec};
use super::texts::Migration;
use super::waves::{Time, time};
use krmor_core::facts::references::{PodReference, in_pod_spec};
use krmor_core::facts::selections::By;
use krmor_core::facts::{self, Facts, Near};
use krmor_core::labels::LabelSelector;
use krmor_core::pods::Pod;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target::Matcher;
use krmor_core::workload::PodSelector;
use krmor_yaml::{Node, escape_token};

const POD: &str = "/spec/template/spec";
const METADATA: &str = "/spec/template/metadata";
/// The way out where the migration does not need what it names.
const EXTERNAL: &str =
    "; if the migration can do without it, name its database in `job.database` or write `externalDatabase: true`";

pub(super) fn judge(
    spec: &Spec,
    migration: &Migration<'_>,
    followers: &[ObjectId],
    selectors: &[(ObjectId, LabelSelector)],
    stream: &Stream,
    report: &mut Report,
) {
    let (workload, job) = (migration.workload, migration.holder);
    selected(&job, selectors, stream, report);
    let template = job.root().at_pointer(POD).and_then(Node::to_value).unwrap_or_default();
    let hook = spec.job().hook;
    let look = Look { hook, workload, job, own: time(&job, hook), stream };
    if hook == Hook::None {
        return look.outside(&template, report);
    }
    look.program(&workload, "the program", report);
    for follower in followers.iter().filter_map(|id| stream.object(*id)) {
        look.program(&follower, "what follows it", report);
    }
    look.namespace(report);
    for reference in in_pod_spec(&template) {
        look.need(&reference, &format!("{POD}{}", reference.pointer), report);
    }
    for (key, kind, name) in metadata::objects(job.root().at_pointer(METADATA)) {
        let pointer = format!("{METADATA}/annotations/{}", escape_token(key));
        let (group, kind, cluster) = (String::new(), kind.to_owned(), false);
        look.need(&PodReference { pointer: String::new(), group, kind, name, cluster }, &pointer, report);
    }
    look.database(spec, migration, report);
}

/// The Job's pods must not be taken for the program's.
fn selected(job: &Object<'_>, selectors: &[(ObjectId, LabelSelector)], stream: &Stream, report: &mut Report) {
    let labels = job.root().find(&["spec", "template", "metadata", "labels"]);
    let mut say = |object: &Object<'_>, what: &str| {
        let message = format!("{} selects the Job's pods too, and {what}", object.reference());
        let remedy = "let its selector ask for a label that only the program's pods have";
        report.add(&rules::SELECTED_BY, job.at("/spec/template/metadata/labels"), message, remedy);
    };
    let facts = Facts::of(stream);
    let services = facts.selections().over(stream, By::Service, job, &labels.into(), Near::Certain);
    for service in services.into_iter().filter_map(|id| stream.object(id)) {
        say(&service, "would send them requests");
    }
    for (owner, selector) in selectors {
        let Some(object) = stream.object(*owner).filter(|_| selector.matches(labels)) else { continue };
        if facts::share_namespace(&object, job) {
            say(&object, "would count them as its own");
        }
    }
}

/// The selectors by which workloads know their pods, those that select everything aside.
pub(super) fn selectors(stream: &Stream) -> Vec<(ObjectId, LabelSelector)> {
    let of_pod = |pod: &Pod| {
        let object = stream.object(pod.object)?;
        let node = object.root().find(&["spec", "selector"]);
        let selector = match pod.selector {
            PodSelector::Unset => None,
            PodSelector::LabelSelector => node.and_then(LabelSelector::of),
            PodSelector::Labels => Some(LabelSelector::of_labels(node)),
        };
        selector.filter(|selector| !selector.is_empty()).map(|selector| (pod.object, selector))
    };
    Facts::of(stream).pods().iter().filter_map(of_pod).collect()
}

/// One Job with what it is held against.
struct Look<'a> {
    hook: Hook,
    workload: Object<'a>,
    job: Object<'a>,
    own: Time,
    stream: &'a Stream,
}

/// What comes after the Job, or beside it, and is needed by it.
struct Late<'t> {
    severity: Severity,
    title: &'t str,
    due: Time,
    what: &'t str,
    /// Where the Job names it.
    pointer: &'t str,
    /// Another way out.
    more: &'t str,
}

impl Look<'_> {
    /// Who runs the hook, and when the rest of the stream is applied.
    fn runner(&self) -> &'static str {
        match self.hook {
            Hook::Helm => "which Helm applies when its pre-install hooks have ended",
            _ => "which Argo CD applies when the PreSync phase has ended",
        }
    }

    fn remedy(&self, what: &str) -> String {
        match self.hook {
            Hook::ArgocdSync => format!("give it a lower `argocd.argoproj.io/sync-wave`, or raise `job.wave`{what}"),
            Hook::Helm => format!("write `as: initContainer`{what}"),
            _ => format!("write `hook: argocd-sync` or `as: initContainer`{what}"),
        }
    }

    /// The program, and what follows it, come behind the Job.
    fn program(&self, workload: &Object<'_>, what: &str, report: &mut Report) {
        let due = time(workload, self.hook);
        if due <= self.own {
            let message = format!(
                "{what} is applied in wave {}, and its migration, {}, not before: in wave {}",
                due.wave,
                self.job.reference(),
                self.own.wave
            );
            let remedy = "give the workload a higher wave, or the migration a lower one in `job.wave`";
            report.add(&rules::WAVE_ORDER, workload.at("/metadata/annotations"), message, remedy);
        }
    }

    /// What the Job's pod names is there when the Job starts, or is not of this stream.
    fn need(&self, reference: &PodReference, pointer: &str, report: &mut Report) {
        let Some(provider) = Facts::of(self.stream).provider_in_pod(&self.workload, reference) else {
            return self.guessed(reference, pointer, report);
        };
        let due = time(&provider, self.hook);
        // Within a wave Argo CD applies these kinds before Jobs; Helm orders hooks of one weight by name.
        let in_time = if self.hook == Hook::Helm { due < self.own } else { due <= self.own };
        let made = if provider.kind() == reference.kind { "" } else { ", which makes its Secret," };
        let what = match reference.kind.as_str() {
            "ConfigMap" | "Secret" => "the Job would wait for it in vain at first, and read the old one later",
            _ => "the Job would wait for it in vain",
        };
        if !in_time {
            let title = format!("{}{made}", provider.reference());
            let (severity, what) = (Severity::Error, format!(": {what}"));
            self.late(&Late { severity, title: &title, due, what: &what, pointer, more: "" }, report);
        }
    }

    /// A Secret that the stream does not have may come from a server of the stream whose name it begins with.
    fn guessed(&self, reference: &PodReference, pointer: &str, report: &mut Report) {
        let is_it = |object: &Object<'_>| {
            hosts::is_server(object)
                && hosts::begins(&reference.name, object)
                && facts::share_namespace(object, &self.workload)
        };
        let is_secret = reference.kind == "Secret" && reference.group.is_empty();
        let Some(server) = self.stream.objects().find(is_it).filter(|_| is_secret) else { return };
        let due = time(&server, self.hook);
        let in_time = if self.hook == Hook::Helm { due < self.own } else { due <= self.own };
        if !in_time {
            let what = format!(", and its operator may make Secret {}, which the Job would wait for", reference.name);
            let title = server.reference().to_string();
            let severity = Severity::Warning;
            self.late(&Late { severity, title: &title, due, what: &what, pointer, more: EXTERNAL }, report);
        }
    }

    fn late(&self, late: &Late<'_>, report: &mut Report) {
        let Late { severity, title, due, what, pointer, more } = *late;
        let (rule, message) = match self.hook {
            Hook::ArgocdSync => (
                &rules::WAVE_ORDER,
                format!("the migration runs in wave {}, and {} comes in wave {}{what}", self.own.wave, title, due.wave),
            ),
            _ => (&rules::SAME_STREAM, format!("{title} is of this stream, {}{what}", self.runner())),
        };
        report.add_as(severity, rule, self.job.at(pointer), message, self.remedy(more));
    }

    /// The namespace is there before anything in it.
    fn namespace(&self, report: &mut Report) {
        let name = self.workload.namespace();
        let is_it = |object: &Object<'_>| {
            !name.is_empty() && object.kind() == "Namespace" && object.group().is_empty() && object.is_named(&name)
        };
        let Some(namespace) = self.stream.objects().find(is_it) else { return };
        let due = time(&namespace, self.hook);
        if due > self.own {
            let late = Late {
                severity: Severity::Error,
                title: &namespace.reference().to_string(),
                due,
                what: ": the Job's own namespace would be missing at first",
                pointer: "/metadata/namespace",
                more: "",
            };
            self.late(&late, report);
        }
    }

    /// The database is up when the Job starts: it is named, or found by the hosts in the Job's variables.
    fn database(&self, spec: &Spec, migration: &Migration<'_>, report: &mut Report) {
        let settings = spec.job();
        if settings.external_database {
            return;
        }
        let Some(selector) = settings.database else {
            for Named { object, due, how } in hosts::named(migration, self.stream, self.hook) {
                let (severity, what) = match how {
                    How::Itself => (Severity::Error, ", and the migration names it, or its Service, as a host"),
                    How::Made => {
                        (Severity::Error, ", and the migration names a Service that its operator makes as a host")
                    }
                    How::Maybe => (
                        Severity::Warning,
                        ", and the migration names a host that begins with its name: its operator may make it",
                    ),
                };
                self.up(severity, &object, due, what, EXTERNAL, report);
            }
            return;
        };
        let Ok(matcher) = Matcher::new(&selector, DATABASE) else { return };
        let matcher = matcher.with_previous();
        let own = [self.job.id(), self.workload.id()];
        let found: Vec<Object<'_>> =
            self.stream.objects().filter(|object| !own.contains(&object.id()) && matcher.matches(object)).collect();
        if found.is_empty() && !selector.optional {
            let message = format!("`{selector}` matches nothing");
            let hint = matcher.affix_hint(self.stream.objects()).map_or_else(String::new, |hint| format!("{hint}; "));
            let remedy = format!("{hint}correct it, or write `externalDatabase: true`");
            report.add(&common::UNMATCHED_TARGET, Place::Config(DATABASE.to_owned()), message, remedy);
        }
        if let Some((latest, due)) =
            found.into_iter().map(|object| (object, time(&object, self.hook))).max_by_key(|(_, due)| *due)
        {
            self.up(Severity::Error, &latest, due, ", and is the migration's database", "", report);
        }
    }

    /// A database is of use when it is up, not when it is applied: it needs a wave of its own before.
    fn up(&self, severity: Severity, object: &Object<'_>, due: Time, what: &str, more: &str, report: &mut Report) {
        if due >= self.own {
            let title = object.reference().to_string();
            self.late(&Late { severity, title: &title, due, what, pointer: POD, more }, report);
        }
    }

    /// Says what the name of a Job by content cannot cover.
    fn outside(&self, template: &Value, report: &mut Report) {
        let mut names: Vec<String> = Vec::new();
        for reference in in_pod_spec(template) {
            let counts = matches!(reference.kind.as_str(), "ConfigMap" | "Secret");
            if counts && Facts::of(self.stream).named_in_pod(&self.workload, &reference).is_none() {
                let name = format!("{} {}", reference.kind, reference.name);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let blind = match names.as_slice() {
            [] => String::new(),
            names => format!("; changes of {}, which the stream does not have, do not run it again", names.join(", ")),
        };
        let message = format!(
            "the name covers the Job as it is here: an outer kustomization that changes its image or settings would \
             change a Job that cannot be changed{blind}"
        );
        report.add(
            &rules::OUTERMOST,
            self.job.at("/metadata/name"),
            message,
            "run krmor in the outermost kustomization",
        );
    }
}
