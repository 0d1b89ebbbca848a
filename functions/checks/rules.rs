//! The registry of rules, in the order in which they are reported. A rule is one entry here, one file, and cases in the
//! README that show what it finds and what it leaves alone.

use super::findings::Findings;
use super::world::World;
use super::{pod_security, pools, references, secrets};
use crate::security_context::audit;
use krmor_core::report::Severity;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// `family/rule`; `pod-security/*` stands for the checks of the standard.
    pub id: &'static str,
    /// What its findings are unless the spec says otherwise.
    pub severity: Severity,
    pub(super) check: Check,
}

type Check = fn(&World<'_>, &mut Findings<'_>);

const fn rule(id: &'static str, severity: Severity, check: Check) -> Rule {
    Rule { id, severity, check }
}

/// Every rule. What cannot work is an error; what may be settled outside of the stream is a warning.
#[rustfmt::skip] // a table reads best with one row on one line
pub static RULES: &[Rule] = {
    use Severity::{Error, Warning};
    &[
        rule("pod-security/*", Error, pod_security::check),
        rule("secrets/env", Error, secrets::env::check),
        rule("secrets/arguments", Error, secrets::arguments::check),
        rule("secrets/config-map", Error, secrets::config_map::check),
        rule("secrets/annotation", Error, secrets::annotation::check),
        rule("secrets/plaintext-secret", Warning, secrets::plaintext_secret::check),
        rule("references/config-map", Warning, references::config_map::check),
        rule("references/config-map-key", Error, references::config_map_key::check),
        rule("references/secret", Warning, references::secret::check),
        rule("references/secret-key", Error, references::secret_key::check),
        rule("references/service-account", Warning, references::service_account::check),
        rule("references/persistent-volume-claim", Warning, references::persistent_volume_claim::check),
        rule("references/volume", Error, references::volume::check),
        rule("references/service", Warning, references::service::check),
        rule("references/service-port", Error, references::service_port::check),
        rule("references/service-selector", Warning, references::service_selector::check),
        rule("references/target-port", Error, references::target_port::check),
        rule("references/route-port", Error, references::route_port::check),
        rule("references/scale-target", Warning, references::scale_target::check),
        rule("references/disruption-budget", Warning, references::disruption_budget::check),
        rule("references/service-monitor", Warning, references::service_monitor::check),
        rule("references/service-monitor-port", Error, references::service_monitor_port::check),
        rule("references/pod-monitor", Warning, references::pod_monitor::check),
        rule("references/pod-monitor-port", Error, references::pod_monitor_port::check),
        rule("references/role", Warning, references::role::check),
        rule("pools/connections", Error, pools::connections::check),
        rule("pools/unknown", Error, pools::unknown::check),
    ]
};

/// The id of every rule, those of the standard one by one.
pub fn ids() -> impl Iterator<Item = String> {
    RULES.iter().flat_map(|rule| match rule.id.strip_suffix('*') {
        Some(family) => audit::ids().map(|id| format!("{family}{id}")).collect(),
        None => vec![rule.id.to_owned()],
    })
}
