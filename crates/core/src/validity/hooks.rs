//! The hooks that `types.txt` names, and those that look at one small type each.

use super::types;
use super::walk::shown;
use super::{Judge, below, get, is_filled, is_true, items, rules, text};
use crate::quantity::Quantity;
use krmor_yaml::Node;

impl Judge<'_> {
    /// Runs the hook of that name on a value.
    pub(super) fn hook(&mut self, name: &str, node: Node<'_>, at: &str) {
        match name {
            "meta" => self.meta(node, at),
            "pod" => self.pod(node, at, true),
            "template" => self.pod(node, at, false),
            "replicationController" => self.replication_controller(node),
            "deployment" => self.deployment(node),
            "replicaSet" => self.keeps_running(node),
            "daemonSet" => self.daemon_set(node),
            "statefulSet" => self.stateful_set(node),
            "job" => self.job(node),
            "jobSpec" => self.job_spec(node, at),
            "jobTemplate" => self.job_template(node, at),
            "cronJob" => self.cron_job(node),
            "budget" => self.object_name(node, "segment", usize::MAX),
            "podTemplate" | "networkPolicy" => self.object_name(node, "name", 253),
            "target" => self.target(node, at),
            "service" => self.service(node),
            "ingress" => self.ingress(node),
            "path" => self.ingress_path(node, at),
            "policyPort" => self.policy_port(node, at),
            "policyPeer" => self.policy_peer(node, at),
            "ipBlock" => self.ip_block(node, at),
            "replicas" => self.autoscaler(node, at),
            "metric" => self.metric(node, at),
            "claim" => self.claim(node, at),
            "env" => self.env(node, at),
            "mount" => self.mount(node, at),
            "divisor" => self.divisor(node, at),
            "projected" => self.projected(node, at),
            "seccomp" => self.local_profile(node, at, false),
            "appArmor" => self.local_profile(node, at, true),
            "windows" => self.windows_options(node, at),
            "toleration" => self.toleration(node, at),
            "requirement" => self.requirement(node, at),
            "nodeField" => self.node_field(node, at),
            "spread" => self.spread(node, at),
            "affinity" => self.label_keys(node, at),
            _ => {}
        }
    }

    /// `validateEnvVarValueFrom`
    fn env(&mut self, node: Node<'_>, at: &str) {
        let has_value = node.get("value").and_then(Node::as_str).is_some_and(|value| !value.is_empty());
        if has_value && get(node, "valueFrom").is_some() {
            let message = format!("variable `{}` has both `value` and `valueFrom`", shown(&text(node, "name")));
            let remedy = "keep one; a patch removes the other by setting it to null";
            self.say(&rules::ONE_OF, &below(at, "valueFrom"), message, remedy);
        }
    }

    /// What `ValidateVolumeMounts` says of one mount alone.
    fn mount(&mut self, node: Node<'_>, at: &str) {
        if !text(node, "subPath").is_empty() && !text(node, "subPathExpr").is_empty() {
            let message = "`subPath` and `subPathExpr` stand together, and the API takes one of them";
            self.say(&rules::ONE_OF, &below(at, "subPathExpr"), message, "keep one of them");
        }
        if matches!(text(node, "recursiveReadOnly").as_str(), "Enabled" | "IfPossible") {
            let place = below(at, "recursiveReadOnly");
            if !is_true(node, "readOnly") {
                let message = "`recursiveReadOnly` needs `readOnly: true`";
                self.say(&rules::CONFLICT, &place, message, "set `readOnly: true`");
            }
            if !matches!(text(node, "mountPropagation").as_str(), "" | "None") {
                let message = "`recursiveReadOnly` stands beside `mountPropagation`";
                self.say(&rules::CONFLICT, &place, message, "remove `mountPropagation`");
            }
        }
    }

    /// `validateContainerResourceDivisor`
    fn divisor(&mut self, node: Node<'_>, at: &str) {
        let divisor = get(node, "divisor").and_then(Node::to_value).and_then(|value| Quantity::of(&value).ok());
        let Some(divisor) = divisor.filter(|divisor| *divisor != Quantity::zero()) else { return };
        let resource = text(node, "resource");
        let units: &[&str] = match resource.split_once('.').map(|(_, name)| name) {
            Some("cpu") => &["1m", "1"],
            Some("memory" | "ephemeral-storage") => UNITS,
            Some(name) if name.starts_with("hugepages-") => UNITS,
            _ => return,
        };
        if !units.contains(&divisor.to_string().as_str()) {
            let message = format!("`divisor: {}` is not one of {}", divisor.written(), units.join(", "));
            self.say(&rules::VALUE, &below(at, "divisor"), message, "write one of them");
        }
    }

    /// The paths that the sources of a projected volume write to: `validateProjectionSources`.
    fn projected(&mut self, node: Node<'_>, at: &str) {
        let mut seen: Vec<(String, String)> = Vec::new();
        for (source_at, source) in items(node, at, "sources") {
            for kind in ["secret", "configMap", "downwardAPI"] {
                let Some(of) = get(source, kind) else { continue };
                let here = format!("{source_at}/{kind}");
                seen.extend(items(of, &here, "items").map(|(at, item)| (text(item, "path"), at)));
            }
        }
        seen.retain(|(path, _)| !path.is_empty());
        for at in repeated(&mut seen) {
            let message = "two sources of the volume write to the same path";
            self.say(&rules::DUPLICATE, &below(&at, "path"), message, "give one of them another path");
        }
    }

    /// `validateSeccompProfileField`, `ValidateAppArmorProfileField`
    fn local_profile(&mut self, node: Node<'_>, at: &str, is_strict: bool) {
        let profile = get(node, "localhostProfile");
        let path = text(node, "localhostProfile");
        let place = below(at, "localhostProfile");
        match text(node, "type").as_str() {
            "Localhost" if profile.is_none() || is_strict && path.trim().is_empty() => {
                let message = "`type: Localhost` needs `localhostProfile`";
                self.say(&rules::REQUIRED, at, message, "set `localhostProfile`");
            }
            "Localhost" if is_strict && path.trim() != path => {
                self.say(&rules::VALUE, &place, "`localhostProfile` has space around it", "remove the space");
            }
            "Localhost" if !is_strict && (path.starts_with('/') || super::format::goes_up(&path)) => {
                let message = "`localhostProfile` must be a relative path without `..`";
                self.say(&rules::VALUE, &place, message, "write a path below the kubelet's folder of profiles");
            }
            "Localhost" | "" => {}
            other if profile.is_some() => {
                let message = format!("`localhostProfile` stands beside `type: {}`", shown(other));
                self.say(&rules::CONFLICT, &place, message, "remove it, or set `type: Localhost`");
            }
            _ => {}
        }
    }

    /// `ValidateTolerations`
    fn toleration(&mut self, node: Node<'_>, at: &str) {
        let (operator, value) = (text(node, "operator"), text(node, "value"));
        let place = below(at, "operator");
        if text(node, "key").is_empty() && operator != "Exists" {
            let message = "a toleration without `key` must have `operator: Exists`, which means all taints";
            self.say(&rules::CONFLICT, at, message, "set `key`, or `operator: Exists`");
        }
        if get(node, "tolerationSeconds").is_some() && text(node, "effect") != "NoExecute" {
            let message = "`tolerationSeconds` needs `effect: NoExecute`";
            self.say(&rules::CONFLICT, &below(at, "tolerationSeconds"), message, "set `effect: NoExecute`");
        }
        match operator.as_str() {
            "" | "Equal" => {
                if let Some(fault) = super::format::fault("labelValue", &value) {
                    let message = format!("`value: {}` {fault}", shown(&value));
                    self.say(&rules::VALUE, &below(at, "value"), message, "correct the value");
                }
            }
            "Exists" if !value.is_empty() => {
                let message = "`value` stands beside `operator: Exists`";
                self.say(&rules::CONFLICT, &below(at, "value"), message, "remove `value`");
            }
            // Behind a feature gate that newer servers may open.
            "Exists" | "Lt" | "Gt" => {}
            other => {
                let message = format!("`operator: {}` is not one of `Equal`, `Exists`", shown(other));
                self.say(&rules::VALUE, &place, message, "write one of them");
            }
        }
    }

    /// `ValidateLabelSelectorRequirement`, `ValidateNodeSelectorRequirement`
    fn requirement(&mut self, node: Node<'_>, at: &str) {
        let count = node.get("values").map_or(0, |values| values.items().count());
        let operator = text(node, "operator");
        let what = match operator.as_str() {
            "In" | "NotIn" if count == 0 => "needs `values`",
            "Exists" | "DoesNotExist" if count > 0 => "takes no `values`",
            "Gt" | "Lt" if count != 1 => "needs exactly one of `values`",
            _ => return,
        };
        let message = format!("`operator: {operator}` {what}");
        self.say(&rules::VALUE, &below(at, "operator"), message, "correct `values` or the operator");
    }

    /// `ValidateNodeFieldSelectorRequirement`
    fn node_field(&mut self, node: Node<'_>, at: &str) {
        if node.get("values").map_or(0, |values| values.items().count()) != 1 {
            let message = "a field of nodes is compared with exactly one of `values`";
            self.say(&rules::VALUE, at, message, "write one value");
        }
    }

    /// What `validateTopologySpreadConstraints` says of one constraint alone.
    fn spread(&mut self, node: Node<'_>, at: &str) {
        if get(node, "minDomains").is_some() && text(node, "whenUnsatisfiable") == "ScheduleAnyway" {
            let message = "`minDomains` needs `whenUnsatisfiable: DoNotSchedule`";
            self.say(&rules::CONFLICT, &below(at, "minDomains"), message, "remove `minDomains`");
        }
        self.label_keys(node, at);
    }

    /// `ValidateMatchLabelKeysAndMismatchLabelKeys`
    fn label_keys(&mut self, node: Node<'_>, at: &str) {
        for list in ["matchLabelKeys", "mismatchLabelKeys"] {
            if is_filled(node, list) && get(node, "labelSelector").is_none() {
                let message = format!("`{list}` needs `labelSelector`");
                self.say(&rules::CONFLICT, &format!("{at}/{list}"), message, "set `labelSelector`");
            }
        }
        let other: Vec<_> = items(node, at, "mismatchLabelKeys").filter_map(|(_, key)| key.as_str()).collect();
        let both =
            items(node, at, "matchLabelKeys").find(|(_, key)| key.as_str().is_some_and(|key| other.contains(&key)));
        if let Some((place, _)) = both {
            let message = "a key is in `matchLabelKeys` and in `mismatchLabelKeys`";
            self.say(&rules::CONFLICT, &place, message, "remove it from one of them");
        }
    }

    /// The hooks of the type that the object itself has.
    pub(super) fn has_hook(number: usize, hook: &str) -> bool {
        types::get(number).is_some_and(|own| own.hooks.contains(&hook))
    }
}

const UNITS: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// The places of what was there before, by name: all but the first of each.
pub(super) fn repeated(named: &mut [(String, String)]) -> Vec<String> {
    // Stable, so that the first in the object stays the first.
    named.sort_by(|(first, _), (second, _)| first.cmp(second));
    let mut out = Vec::new();
    for two in named.windows(2) {
        if let [(first, _), (second, at)] = two
            && first == second
        {
            out.push(at.clone());
        }
    }
    out
}
