//! The ScaledObject of a workload: KEDA makes the autoscaler from it, and scales to and from 0.

use std::borrow::Cow;

use k8s_openapi::api::autoscaling::v2::CrossVersionObjectReference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::autoscaling::reference;
use super::metrics::Need::{Optional, Required};
use super::metrics::{Field, Shape};
use super::spec::Autoscaling;
use crate::availability::rules;
use krmor_core::config::Problem;
use krmor_core::fields;
use krmor_core::manifest::{Manifest, Metadata};
use krmor_core::reconcile::{self, Field as Owner, Item, Ownership, Wanted};
use krmor_core::report::Report;
use krmor_core::stream::{Action, Object, ObjectId, Stream};
use krmor_core::values::{NonNegative, Positive};
use krmor_yaml::{Kind, Node};

/// A ScaledObject of KEDA.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Keda {
    /// What to scale by, beside `cpu` and `memory`, each as in `spec.triggers` of a ScaledObject: `type`, `metadata` with texts,
    /// and where they are needed `name`, `authenticationRef`, `metricType`, `useCachedMetrics`. Default: none.
    #[serde(default)]
    pub triggers: Vec<Trigger>,
    /// Seconds between two looks at the triggers, from 1. Default: KEDA's, 30.
    pub polling_interval: Option<Positive>,
    /// Seconds that every trigger is idle before KEDA scales to 0 or to `idleReplicas`, from 0. Default: KEDA's, 300.
    pub cooldown_period: Option<NonNegative>,
    /// Seconds that a new workload runs before KEDA scales it to 0 or to `idleReplicas`, from 0. Default: KEDA's, 0.
    pub initial_cooldown_period: Option<NonNegative>,
    /// Pods while every trigger is idle; below `minReplicas`. Default: `minReplicas`.
    pub idle_replicas: Option<NonNegative>,
    /// How many pods there are while a trigger cannot be read: `failureThreshold`, `replicas` and, where it is needed,
    /// `behavior`, as in `spec.fallback` of a ScaledObject. Default: as many as there are.
    pub fallback: Option<Fallback>,
}

/// A trigger as KEDA has it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(with = "Map<String, Value>")]
pub struct Trigger(Value);

impl TryFrom<Value> for Trigger {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        TRIGGER.read(&value, "").map(Self).map_err(|problem| problem.of("a trigger of KEDA"))
    }
}

impl Trigger {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A fallback as KEDA has it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(with = "Map<String, Value>")]
pub struct Fallback(Value);

impl TryFrom<Value> for Fallback {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        FALLBACK.read(&value, "").map(Self).map_err(|problem| problem.of("the fallback of KEDA"))
    }
}

const TRIGGER: Shape = Shape::Fields(&[
    Field("type", Required, &Shape::Text),
    Field("name", Optional, &Shape::Text),
    Field("metadata", Required, &Shape::Labels),
    Field(
        "authenticationRef",
        Optional,
        &Shape::Fields(&[
            Field("name", Required, &Shape::Text),
            Field("kind", Optional, &Shape::OneOf(&["TriggerAuthentication", "ClusterTriggerAuthentication"])),
        ]),
    ),
    Field("metricType", Optional, &Shape::OneOf(&["AverageValue", "Value", "Utilization"])),
    Field("useCachedMetrics", Optional, &Shape::Bool),
]);

const FALLBACK: Shape = Shape::Fields(&[
    Field("failureThreshold", Required, &Shape::Int),
    Field("replicas", Required, &Shape::Int),
    Field(
        "behavior",
        Optional,
        &Shape::OneOf(&["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"]),
    ),
]);

/// What it is made as; `tests/crds.rs` holds it against the operator's schema.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScaledObjectSpec {
    scale_target_ref: CrossVersionObjectReference,
    #[serde(skip_serializing_if = "Option::is_none")]
    polling_interval: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cooldown_period: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_cooldown_period: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_replica_count: Option<i32>,
    min_replica_count: i32,
    max_replica_count: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advanced: Option<Value>,
    triggers: Vec<Value>,
}

impl Keda {
    /// What cannot be right, by what KEDA's webhook refuses.
    pub(super) fn find_problems(&self, scaling: &Autoscaling) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut says = |wrong: bool, field: &str, problem: String, remedy: &str| {
            if wrong {
                found.push(Problem::new(&format!("/{field}"), problem, remedy));
            }
        };
        let is_resource = |trigger: &Trigger| matches!(trigger.text("type"), "cpu" | "memory");
        let (lowest, outside) = (scaling.lowest(), self.triggers.iter().any(|trigger| !is_resource(trigger)));
        let problem =
            "by cpu and memory alone KEDA cannot scale from 0, since they say nothing without a pod".to_owned();
        says(
            lowest == 0 && !outside,
            "triggers",
            problem,
            "add a trigger of another type, or let `minReplicas` be at least 1",
        );
        let idle = self.idle_replicas.map(NonNegative::get);
        let problem = format!("it must be below `minReplicas`, which is {lowest}");
        says(idle.is_some_and(|idle| idle >= lowest), "idleReplicas", problem, "lower it, or raise `minReplicas`");
        let problem = "KEDA has a fallback for triggers other than cpu and memory only".to_owned();
        says(self.fallback.is_some() && !outside, "fallback", problem, "remove it");
        for (at, trigger) in self.triggers.iter().enumerate() {
            let (kind, name) = (trigger.text("type"), trigger.text("name"));
            let mut before = self.triggers.iter().take(at);
            let cached = trigger.0.get("useCachedMetrics") == Some(&Value::Bool(true));
            let problem = format!("KEDA does not cache the metric of a trigger of type {kind}");
            let never = matches!(kind, "cpu" | "memory" | "cron");
            says(cached && never, &format!("triggers/{at}/useCachedMetrics"), problem, "remove it");
            let twice = !name.is_empty() && before.clone().any(|other| other.text("name") == name);
            says(twice, &format!("triggers/{at}/name"), format!("`{name}` is there twice"), "rename one of the two");
            let short = match kind {
                "cpu" => scaling.cpu.is_some(),
                "memory" => scaling.memory.is_some(),
                _ => false,
            };
            let whole = trigger.0.pointer("/metadata/containerName").is_none();
            let again = before.any(|other| other == trigger) || (short && whole);
            says(again, &format!("triggers/{at}"), "the trigger is given twice".to_owned(), "remove one of the two");
            let utilization = trigger.text("metricType") == "Utilization" && !is_resource(trigger);
            let problem = "`Utilization` goes with cpu and memory only".to_owned();
            says(utilization, &format!("triggers/{at}/metricType"), problem, "write `AverageValue` or `Value`");
        }
        found
    }

    fn all_triggers(&self, scaling: &Autoscaling) -> Vec<Value> {
        let short = [("cpu", scaling.cpu), ("memory", scaling.memory)];
        let short = short.into_iter().filter_map(|(name, percent)| {
            let metadata = json!({"value": percent?.get().to_string()});
            Some(json!({"type": name, "metricType": "Utilization", "metadata": metadata}))
        });
        short.chain(self.triggers.iter().map(|trigger| trigger.0.clone())).collect()
    }

    /// Makes the ScaledObject, or brings the one that is there to what the config says.
    pub(super) fn bring(
        &self,
        scaling: &Autoscaling,
        target: ObjectId,
        existing: Option<ObjectId>,
        stream: &mut Stream,
        report: &mut Report,
    ) {
        let Some(object) = stream.object(target) else { return };
        let Some(whole) = self.whole(scaling, &object) else { return };
        let object = if existing.is_none() {
            whole
        } else {
            let mut spec = whole.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
            spec.shift_remove("scaleTargetRef");
            // Without the field one that is there scales from 0, which the config's default must not change.
            if scaling.min_replicas.is_none() {
                spec.shift_remove("minReplicaCount");
            }
            fields!({"spec": spec})
        };
        let reason = format!("scales between {} and {} pods", scaling.lowest(), scaling.max_replicas.get()).into();
        let wanted = Wanted { existing, beside: target, object, rule: &rules::AUTOSCALER, reason };
        reconcile::apply(stream, report, wanted, &Owners);
    }

    fn whole(&self, scaling: &Autoscaling, object: &Object<'_>) -> Option<Value> {
        let behavior = scaling.behavior.as_ref().map(|behavior| behavior.value().clone());
        // KEDA puts `keda-hpa-` before the name, which is a label's value then: at most 63 characters.
        let name = Some(object.name()).filter(|name| name.len() > 54 && name.len() <= 63);
        let config = fields!({"behavior": behavior, "name": name});
        let spec = ScaledObjectSpec {
            scale_target_ref: reference(object),
            polling_interval: self.polling_interval.map(Positive::get),
            cooldown_period: self.cooldown_period.map(NonNegative::get),
            initial_cooldown_period: self.initial_cooldown_period.map(NonNegative::get),
            idle_replica_count: self.idle_replicas.map(NonNegative::get),
            min_replica_count: scaling.lowest(),
            max_replica_count: scaling.max_replicas.get(),
            fallback: self.fallback.as_ref().map(|fallback| fallback.0.clone()),
            advanced: (config != json!({})).then(|| json!({"horizontalPodAutoscalerConfig": config})),
            triggers: self.all_triggers(scaling),
        };
        let metadata = Metadata::named_as(object);
        let manifest = Manifest { api_version: "keda.sh/v1alpha1", kind: "ScaledObject", metadata, spec };
        manifest.to_value().ok()
    }
}

/// Whose the fields of a ScaledObject are that is there: what the config names is the config's.
struct Owners;

impl Ownership for Owners {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Owner {
        match pattern {
            "/spec/triggers" if there.kind() != Kind::Seq => Owner::Keep,
            "" | "/spec" | "/spec/triggers" => Owner::Parts,
            _ if pattern.starts_with("/spec/advanced") && !pattern.ends_with("/policies") && wanted.is_object() => {
                Owner::Parts
            }
            "/spec/triggers/*" | "/spec/triggers/*/metadata" if wanted.is_object() => Owner::Parts,
            _ => Owner::Set,
        }
    }

    /// The trigger of the same name, else an equal one, else the only one of its type.
    fn item(&self, _: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let Some(own) = wanted.get(number) else { return Item::Keep };
        let of = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let text = |node: Node<'_>, key: &str| node.get(key).and_then(Node::as_str).map(Cow::into_owned);
        let (kind, name) = (of(own, "type"), of(own, "name"));
        let container = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let part = container(own.pointer("/metadata/containerName").and_then(Value::as_str));
        let is_like = |node: Node<'_>| {
            let there = node.find(&["metadata", "containerName"]).and_then(Node::as_str);
            text(node, "type") == kind && container(there.as_deref()) == part
        };
        if name.is_some()
            && let Item::At(at) = Item::find(list, |node| text(node, "name") == name)
        {
            return Item::At(at);
        }
        if let Item::At(at) = Item::find(list, |node| node.to_value().as_ref() == Some(own)) {
            return Item::At(at);
        }
        let alike = |value: &&Value| {
            let there = container(value.pointer("/metadata/containerName").and_then(Value::as_str));
            of(value, "type") == kind && there == part
        };
        let unnamed = |node: &Node<'_>| is_like(*node) && (name.is_none() || text(*node, "name").is_none());
        let only = wanted.iter().filter(alike).count() == 1 && list.items().filter(|node| is_like(*node)).count() == 1;
        match list.items().position(|node| unnamed(&node)) {
            Some(at) if only => Item::At(at),
            _ => Item::Absent,
        }
    }

    fn reason(&self, _: &str, _: &Action) -> Option<Cow<'static, str>> {
        Some("the config says so".into())
    }
}
