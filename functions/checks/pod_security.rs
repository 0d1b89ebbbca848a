//! `pod-security/*`: what Pod Security admission would say to a pod, by the table of checks of `SecurityContext`; one
//! finding for each check and pod.

use super::final_stream::FinalStream;
use super::findings::{Findings, Found};
use super::rules;
use crate::security_context::audit::{self, Refusal};

pub(super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let asked = world.spec.pod_security;
    let Some(level) = asked.level.level() else { return };
    for selected in &world.selected {
        let Some(object) = world.stream.object(selected.pod.object) else { continue };
        let refusals = audit::audit(level, asked.version, selected, object);
        let found = |refusal: &'_ Refusal| Found {
            object,
            container: refusal.container.clone(),
            pointer: refusal.pointer.clone(),
            name: String::new(),
            message: refusal.what.clone(),
            remedy: if refusal.allows.is_some() { "change it" } else { "set it, as `SecurityContext` does" }.to_owned(),
        };
        for id in audit::ids() {
            let Some(rule) = rules::of_check(id) else { continue };
            findings.begin(rule);
            let mut of_check: Vec<&Refusal> = refusals.iter().filter(|refusal| refusal.id == id).collect();
            of_check.retain(|refusal| findings.counts(&found(refusal)));
            let Some((first, others)) = of_check.split_first() else { continue };
            let whats = |missing: bool| -> Vec<&str> {
                of_check.iter().filter(|one| one.allows.is_none() == missing).map(|one| one.what.as_str()).collect()
            };
            let wrong = of_check
                .iter()
                .find_map(|one| one.allows)
                .map(|allows| format!("{}; {} allows {allows}", whats(false).join(", "), first.authority));
            let missing = whats(true);
            let missing =
                (!missing.is_empty()).then(|| format!("{}; {} demands it", missing.join(", "), first.authority));
            let message = wrong.into_iter().chain(missing).collect::<Vec<_>>().join(". ");
            let same = others.iter().all(|refusal| refusal.container == first.container);
            let found = found(first);
            findings.say(Found { message, container: found.container.filter(|_| same), ..found });
        }
    }
}
