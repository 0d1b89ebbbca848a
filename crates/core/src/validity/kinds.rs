//! What the kinds that make pods demand of their pods, and of their own fields.

use super::hooks::repeated;
use super::walk::shown;
use super::{Judge, below, format, get, is_filled, is_true, items, number, rules, text};
use crate::labels::LabelSelector;
use krmor_yaml::{Kind, Node};

const TEMPLATE: &str = "/spec/template";

impl Judge<'_> {
    /// A workload whose pods run until they are told to end, and are found by `spec.selector`.
    pub(super) fn keeps_running(&mut self, root: Node<'_>) {
        self.object_name(root, "name", 253);
        self.running(root);
        let Some(spec) = root.get("spec") else { return };
        let Some(selector) = get(spec, "selector").filter(|selector| selector.kind() == Kind::Map) else { return };
        if !is_filled(selector, "matchLabels") && !is_filled(selector, "matchExpressions") {
            let message = "the selector asks for nothing, so it would select all pods";
            return self.say(&rules::SELECTOR, "/spec/selector", message, "let it ask for labels of the pod template");
        }
        self.selects(spec, LabelSelector::of(selector));
    }

    /// `` `selector` does not match template `labels` ``
    fn selects(&mut self, spec: Node<'_>, selector: Option<LabelSelector>) {
        let labels = spec.find(&["template", "metadata", "labels"]);
        // What cannot be read is told of where it stands.
        if selector.is_some_and(|selector| !selector.matches(labels)) {
            let message = "`spec.selector` does not select the pods of the template: their labels differ";
            let remedy = "let the labels of `spec.template.metadata` meet `spec.selector`";
            self.say(&rules::SELECTOR, "/spec/selector", message, remedy);
        }
    }

    fn running(&mut self, root: Node<'_>) {
        let Some(spec) = root.find(&["spec", "template", "spec"]) else { return };
        if matches!(text(spec, "restartPolicy").as_str(), "OnFailure" | "Never") {
            let message = "the pods of this kind are to run always, so the API takes `restartPolicy: Always` only";
            let place = format!("{TEMPLATE}/spec/restartPolicy");
            self.say(&rules::RESTART_POLICY, &place, message, "remove it");
        }
        if get(spec, "activeDeadlineSeconds").is_some() {
            let message = "the pods of this kind are to run always, so the API takes no `activeDeadlineSeconds`";
            self.say(&rules::CONFLICT, &format!("{TEMPLATE}/spec/activeDeadlineSeconds"), message, "remove it");
        }
    }

    pub(super) fn replication_controller(&mut self, root: Node<'_>) {
        self.object_name(root, "name", 253);
        self.running(root);
        let Some(spec) = root.get("spec") else { return };
        let labels = spec.find(&["template", "metadata", "labels"]).filter(|labels| labels.entries().next().is_some());
        if is_filled(spec, "selector") {
            self.selects(spec, Some(LabelSelector::of_labels(spec.get("selector"))));
        } else if labels.is_none() {
            let message = "there is no selector, and no label of the pod template that could be one";
            self.say(&rules::SELECTOR, "/spec", message, "set `spec.selector`");
        }
    }

    pub(super) fn deployment(&mut self, root: Node<'_>) {
        self.keeps_running(root);
        let Some(spec) = root.get("spec") else { return };
        let deadline = number(spec, "progressDeadlineSeconds").unwrap_or(600);
        if deadline >= 0 && deadline <= number(spec, "minReadySeconds").unwrap_or(0) {
            let message = "`progressDeadlineSeconds`, 600 where it is not set, must be greater than `minReadySeconds`";
            self.say(&rules::CONFLICT, "/spec/minReadySeconds", message, "raise `progressDeadlineSeconds`");
        }
        let Some(strategy) = spec.get("strategy") else { return };
        let at = "/spec/strategy/rollingUpdate";
        let Some(update) = get(strategy, "rollingUpdate") else { return };
        if text(strategy, "type") == "Recreate" {
            let message = "`rollingUpdate` stands beside `type: Recreate`, and the API takes one of them";
            let remedy = "remove it; a patch does so by setting it to null";
            return self.say(&rules::ONE_OF, at, message, remedy);
        }
        if amount(update, "maxUnavailable") == Some(0) && amount(update, "maxSurge") == Some(0) {
            let message = "`maxUnavailable` and `maxSurge` are both 0, so no pod could be replaced";
            self.say(&rules::CONFLICT, &below(at, "maxUnavailable"), message, "raise one of them");
        }
    }

    pub(super) fn daemon_set(&mut self, root: Node<'_>) {
        self.keeps_running(root);
        let Some(strategy) = root.find(&["spec", "updateStrategy"]) else { return };
        let Some(update) = get(strategy, "rollingUpdate") else { return };
        if text(strategy, "type") == "OnDelete" {
            return;
        }
        let at = "/spec/updateStrategy/rollingUpdate";
        let mut is_read = true;
        for key in ["maxUnavailable", "maxSurge"] {
            let Some(node) = get(update, key) else { continue };
            let fault = format::number_or_text("share", super::walk::whole(node), node.as_str().as_deref());
            if let Some(fault) = fault {
                is_read = false;
                self.say(&rules::VALUE, &format!("{at}/{key}"), format!("`{key}` {fault}"), "correct the value");
            }
        }
        let unavailable = amount(update, "maxUnavailable").unwrap_or(1);
        let surge = amount(update, "maxSurge").unwrap_or(0);
        if is_read && (unavailable == 0) == (surge == 0) {
            let message = "of `maxUnavailable`, 1 where it is not set, and `maxSurge` one must be 0 and the other not";
            self.say(&rules::CONFLICT, &below(at, "maxSurge"), message, "set one of them to 0");
        }
    }

    pub(super) fn stateful_set(&mut self, root: Node<'_>) {
        self.keeps_running(root);
        // The controller and not the object gives its pods these, so the API server does not look at them.
        for key in ["hostname", "subdomain"] {
            self.unsay(&format!("{TEMPLATE}/spec/{key}"), &rules::TYPE);
        }
        let volumes = root.find(&["spec", "template", "spec"]).into_iter();
        let hidden: Vec<String> = volumes
            .flat_map(|spec| items(spec, "/spec/template/spec", "volumes"))
            .filter(|(_, volume)| self.claims.contains(&text(*volume, "name")))
            .map(|(at, _)| at)
            .collect();
        // Claims of the same name stand in their place.
        for at in &hidden {
            self.unsay(at, &rules::TYPE);
        }
        for (number, name) in self.claims.clone().iter().enumerate() {
            if !format::is_label(name) {
                let message = format!(
                    "the claim `{}` is a volume too, so its name must be at most 63 of `a-z`, `0-9` and inner `-`",
                    shown(name)
                );
                let place = format!("/spec/volumeClaimTemplates/{number}/metadata");
                self.say(&rules::VALUE, &place, message, "rename the claim");
            }
        }
        let Some(strategy) = root.find(&["spec", "updateStrategy"]) else { return };
        let at = "/spec/updateStrategy/rollingUpdate";
        let Some(update) = get(strategy, "rollingUpdate") else { return };
        if text(strategy, "type") == "OnDelete" {
            let message = "`rollingUpdate` stands beside `type: OnDelete`, and the API takes one of them";
            self.say(&rules::ONE_OF, at, message, "remove it; a patch does so by setting it to null");
        } else if number(update, "partition").is_some_and(|partition| partition < 0) {
            self.say(&rules::VALUE, &below(at, "partition"), "`partition` is below 0", "write 0 or more");
        }
    }

    pub(super) fn job(&mut self, root: Node<'_>) {
        self.object_name(root, "name", 253);
        let Some(spec) = root.get("spec") else { return };
        let selector = get(spec, "selector").filter(|selector| selector.kind() == Kind::Map);
        if is_true(spec, "manualSelector") {
            match selector {
                None => {
                    let message = "`manualSelector: true` needs a `selector`";
                    self.say(&rules::SELECTOR, "/spec", message, "remove `manualSelector`");
                }
                Some(selector) => self.selects(spec, LabelSelector::of(selector)),
            }
        }
        let completions = number(spec, "completions").filter(|completions| *completions > 0);
        let name = text(root.get("metadata").unwrap_or(root), "name");
        if text(spec, "completionMode") == "Indexed"
            && let Some(completions) = completions.filter(|_| !name.is_empty())
            && !format::is_label(&format!("{name}-{}", completions - 1))
        {
            let message = "the name and the highest index together make no name for a pod: at most 63 of `a-z`, `0-9` and inner `-`";
            self.say(&rules::VALUE, "/metadata/name", message, "shorten the name");
        }
    }

    /// `validateJobSpec`
    pub(super) fn job_spec(&mut self, spec: Node<'_>, at: &str) {
        let pod = spec.find(&["template", "spec"]);
        let policy = pod.map(|pod| text(pod, "restartPolicy")).unwrap_or_default();
        let place = below(at, "template/spec");
        if pod.is_some() && matches!(policy.as_str(), "" | "Always") {
            let message = "the pods of a Job are to end, so the API requires `restartPolicy: OnFailure` or `Never`";
            self.say(&rules::RESTART_POLICY, &place, message, "set `restartPolicy: Never` or `OnFailure`");
        }
        if get(spec, "podFailurePolicy").is_some() {
            if policy == "OnFailure" {
                let message = "`podFailurePolicy` needs `restartPolicy: Never`";
                self.say(
                    &rules::RESTART_POLICY,
                    &below(&place, "restartPolicy"),
                    message,
                    "set `restartPolicy: Never`",
                );
            }
            if text(spec, "podReplacementPolicy") == "TerminatingOrFailed" {
                let message = "`podFailurePolicy` needs `podReplacementPolicy: Failed`";
                self.say(&rules::CONFLICT, &below(at, "podReplacementPolicy"), message, "set it to `Failed`");
            }
        }
        let is_indexed = text(spec, "completionMode") == "Indexed";
        for key in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
            if !is_indexed && get(spec, key).is_some() {
                let message = format!("`{key}` needs `completionMode: Indexed`");
                self.say(&rules::CONFLICT, &format!("{at}/{key}"), message, "set `completionMode: Indexed`");
            }
        }
        if get(spec, "maxFailedIndexes").is_some() && get(spec, "backoffLimitPerIndex").is_none() {
            let message = "`maxFailedIndexes` needs `backoffLimitPerIndex`";
            self.say(&rules::CONFLICT, &below(at, "maxFailedIndexes"), message, "set `backoffLimitPerIndex`");
        }
        if is_indexed {
            self.indexed(spec, at);
        }
        self.failure_policy(spec, at);
    }

    fn indexed(&mut self, spec: Node<'_>, at: &str) {
        let completions = number(spec, "completions");
        // Where both are missing, one completion is the default.
        if completions.is_none() && get(spec, "parallelism").is_some() {
            let message = "`completionMode: Indexed` needs `completions`";
            self.say(&rules::REQUIRED, at, message, "set `completions`");
        }
        let failed = number(spec, "maxFailedIndexes");
        if failed.zip(completions).is_some_and(|(failed, completions)| failed > completions) {
            let message = "`maxFailedIndexes` is more than `completions`";
            self.say(&rules::CONFLICT, &below(at, "maxFailedIndexes"), message, "lower it");
        }
        if number(spec, "parallelism").is_some_and(|parallelism| parallelism > 100_000) {
            let message = "`parallelism` of an indexed Job is at most 100000";
            self.say(&rules::VALUE, &below(at, "parallelism"), message, "lower it");
        }
    }

    fn failure_policy(&mut self, spec: Node<'_>, at: &str) {
        let Some(policy) = get(spec, "podFailurePolicy") else { return };
        let pod = spec.find(&["template", "spec"]);
        let names: Vec<String> = ["containers", "initContainers"]
            .iter()
            .flat_map(|list| pod.into_iter().flat_map(|pod| items(pod, "", list)))
            .map(|(_, container)| text(container, "name"))
            .collect();
        for (place, rule) in items(policy, &below(at, "podFailurePolicy"), "rules") {
            if text(rule, "action") == "FailIndex" && get(spec, "backoffLimitPerIndex").is_none() {
                let message = "`action: FailIndex` needs `backoffLimitPerIndex`";
                self.say(&rules::CONFLICT, &below(&place, "action"), message, "set `backoffLimitPerIndex`");
            }
            let Some(codes) = get(rule, "onExitCodes") else { continue };
            let place = below(&place, "onExitCodes");
            if get(codes, "containerName").is_some() && !names.contains(&text(codes, "containerName")) {
                let message = format!("the pod has no container `{}`", shown(&text(codes, "containerName")));
                self.say(&rules::REFERENCE, &below(&place, "containerName"), message, "correct the name");
            }
            let values: Vec<i128> =
                items(codes, &place, "values").map(|(_, value)| super::walk::whole(value).unwrap_or(0)).collect();
            if text(codes, "operator") == "In" && values.contains(&0) {
                let message = "0 is no failure, so it may not be among the `values` of `In`";
                self.say(&rules::VALUE, &below(&place, "values"), message, "remove it");
            }
            if !values.is_sorted_by(|first, second| first < second) {
                let message = "`values` must stand in order, each once";
                self.say(&rules::VALUE, &below(&place, "values"), message, "sort them");
            }
        }
    }

    /// `ValidateJobTemplateSpec`
    pub(super) fn job_template(&mut self, node: Node<'_>, at: &str) {
        let Some(spec) = node.get("spec") else { return };
        if get(spec, "selector").is_some() {
            let message = "the selector of a Job that a CronJob makes is made for it";
            self.say(&rules::SELECTOR, &below(at, "spec/selector"), message, "remove it");
        }
        if is_true(spec, "manualSelector") {
            let message = "a CronJob takes no `manualSelector: true`";
            self.say(&rules::SELECTOR, &below(at, "spec/manualSelector"), message, "remove it");
        }
    }

    pub(super) fn cron_job(&mut self, root: Node<'_>) {
        self.object_name(root, "name", 52);
    }

    /// `ValidatePersistentVolumeClaimSpec`
    pub(super) fn claim(&mut self, spec: Node<'_>, at: &str) {
        let modes: Vec<String> =
            items(spec, at, "accessModes").filter_map(|(_, mode)| Some(mode.as_str()?.into_owned())).collect();
        let single = modes.iter().filter(|mode| *mode == "ReadWriteOncePod").count();
        if single > 0 && single < modes.len() {
            let message = "`ReadWriteOncePod` stands beside other access modes";
            self.say(&rules::CONFLICT, &below(at, "accessModes"), message, "keep one of them");
        }
        let storage = spec.find(&["resources", "requests", "storage"]).filter(|storage| !storage.is_null());
        let Some(storage) = storage else {
            let message = "`resources.requests.storage` is missing, and the API requires it";
            return self.say(&rules::REQUIRED, at, message, "say how much storage is asked for");
        };
        let amount = storage.to_value().and_then(|value| crate::quantity::Quantity::of(&value).ok());
        if amount.is_some_and(|amount| amount.is_negative() || amount == crate::quantity::Quantity::zero()) {
            let message = "`resources.requests.storage` is not above zero";
            self.say(&rules::RESOURCES, &below(at, "resources/requests/storage"), message, "raise it");
        }
        for key in ["dataSource", "dataSourceRef"] {
            let Some(source) = get(spec, key) else { continue };
            let is_core = text(source, "apiGroup").is_empty() && text(source, "kind") != "PersistentVolumeClaim";
            if text(source, "name").is_empty() || text(source, "kind").is_empty() || is_core {
                let message =
                    format!("`{key}` needs `kind` and `name`, and `apiGroup` unless it is a PersistentVolumeClaim");
                self.say(&rules::REQUIRED, &format!("{at}/{key}"), message, "set them");
            }
        }
    }

    /// Constraints of a pod that say the same twice.
    pub(super) fn spreads(&mut self, spec: Node<'_>, at: &str) {
        let list = items(spec, at, "topologySpreadConstraints");
        let mut seen: Vec<(String, String)> =
            list.map(|(at, one)| (text(one, "topologyKey") + "|" + &text(one, "whenUnsatisfiable"), at)).collect();
        for place in repeated(&mut seen) {
            let message = "two constraints have the same `topologyKey` and `whenUnsatisfiable`";
            self.say(&rules::DUPLICATE, &place, message, "keep one of them");
        }
    }
}

/// A number, or a percentage as a number: what counts is whether it is 0.
fn amount(node: Node<'_>, key: &str) -> Option<u64> {
    let node = get(node, key)?;
    match super::walk::whole(node) {
        Some(number) => Some(u64::try_from(number.max(0)).unwrap_or(u64::MAX)),
        None => node.as_str().and_then(|text| format::percent(&text)),
    }
}
