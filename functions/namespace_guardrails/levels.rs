//! The labels of Pod Security admission, and whether those that are there ask for less.

use std::collections::BTreeMap;

use super::rules;
use super::spec::{Level, PodSecurity};
use super::values::{LATEST, minor};
use krmor_core::report::{Finding, Report};
use krmor_core::stream::Object;
use krmor_core::target::exactly;
use krmor_yaml::escape_token;

const PREFIX: &str = "pod-security.kubernetes.io/";
const ENFORCE: &str = "enforce";
const VERSION: &str = "enforce-version";

/// The labels that a Namespace lacks. What it has stays; what asks for less than the config is reported.
pub(super) fn labels(asked: &PodSecurity, there: Option<&Object<'_>>, report: &mut Report) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let label = |name: &str| there.and_then(|there| there.label(&format!("{PREFIX}{name}")));
    let mut want = |name: &str, value: &str| drop(labels.insert(format!("{PREFIX}{name}"), value.to_owned()));
    for name in [ENFORCE, "warn", "audit"] {
        let wanted = asked.level.name();
        match label(name) {
            None => want(name, wanted),
            Some(own) if Level::of(&own).is_some_and(|own| own >= asked.level) => {}
            Some(own) => weaker(there, name, &own, wanted, report),
        }
    }
    let (enforced, wanted) = (label(ENFORCE), asked.version());
    match label(VERSION) {
        // A level without a version is that of the newest one.
        None if enforced.is_none() => want(VERSION, wanted),
        None => {}
        // Another level has been judged as a whole.
        Some(_) if enforced.is_some_and(|own| own != asked.level.name()) => {}
        // A version that the config leaves open may be any.
        Some(own) if rank(&own).is_some_and(|own| asked.version.is_none() || Some(own) >= rank(wanted)) => {}
        Some(own) => weaker(there, VERSION, &own, wanted, report),
    }
    labels
}

/// A newer version of the standard is at least as strict in what it knows.
fn rank(version: &str) -> Option<u32> {
    if version == LATEST { Some(u32::MAX) } else { minor(version) }
}

fn weaker(there: Option<&Object<'_>>, name: &str, own: &str, wanted: &str, report: &mut Report) {
    let Some(there) = there else { return };
    let message = format!("the label `{PREFIX}{name}` is `{own}`, and the config asks for `{wanted}`");
    let (target, rule) = (exactly(there, None), rules::WEAKER_LEVEL.id);
    let remedy = format!(
        "write `{wanted}` or remove the label, or allow it: exceptions: [{{target: {target}, rules: [{rule}], fields: \
         [{name}], reason: …}}]"
    );
    let place = there.at(&format!("/metadata/labels/{}", escape_token(&format!("{PREFIX}{name}"))));
    report.record(Finding::new(&rules::WEAKER_LEVEL, place, message, remedy).about(name));
}
