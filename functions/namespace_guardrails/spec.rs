//! What a person may write in the spec.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::ranges;
use super::values::{LATEST, QuotaName, ResourceName, StandardVersion};
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::ObjectName;
use krmor_core::quantity::Quantity;
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::Selector;
use krmor_core::values::Positive;
use krmor_yaml::escape_token;

/// Gives the namespaces of workloads a Pod Security level, a ResourceQuota and a LimitRange, and proves that the workloads fit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// What Pod Security admission enforces in the namespaces. Default: their Namespaces are left alone.
    pub pod_security: Option<PodSecurity>,
    /// What the namespaces may have together, by the names of a ResourceQuota's `hard`: `requests.cpu: "8"`. Default: no
    /// ResourceQuota is written.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Quantity>")]
    pub quota: BTreeMap<QuotaName, Quantity>,
    /// What containers may have, and get where they ask for nothing. Default: no LimitRange is written.
    #[serde(default)]
    pub limit_range: LimitRange,
    /// On how many nodes the pods run at most of which each node gets one. Needed where a quota counts such pods.
    pub nodes: Option<Positive>,
    /// The name of the ResourceQuota and of the LimitRange. Default: `guardrails`.
    pub name: Option<ObjectName>,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// The workloads whose namespaces are meant; each entry must match something unless `optional: true`. Default: all.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Workloads whose namespaces are not meant, unless others are in them. Quotas count them all the same. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

/// The labels of Pod Security admission.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodSecurity {
    /// The level that is enforced, and of which `warn` and `audit` tell.
    pub level: Level,
    /// The version of the standard that is enforced: `latest`, or one such as `v1.35`. Default: the one that a
    /// Namespace has, else `latest`.
    pub version: Option<StandardVersion>,
}

impl PodSecurity {
    /// The version that is enforced.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version.as_ref().map_or(LATEST, StandardVersion::as_str)
    }
}

/// A level of the Pod Security Standards, the least strict one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Everything is allowed.
    Privileged,
    /// Prevents known privilege escalations.
    Baseline,
    /// Hardening best practice; includes baseline.
    Restricted,
}

impl Level {
    /// Its name in the standard.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }

    /// The level of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Level::Privileged, Level::Baseline, Level::Restricted].into_iter().find(|level| level.name() == name)
    }
}

/// A LimitRange's entry for containers, by resources: `min` ≤ `defaultRequest` ≤ `default` ≤ `max`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LimitRange {
    /// Limits of containers that have none. The API takes `max` where this is not given.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Quantity>")]
    pub default: BTreeMap<ResourceName, Quantity>,
    /// Requests of containers that have neither request nor limit. The API takes `default`, then `min`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Quantity>")]
    pub default_request: BTreeMap<ResourceName, Quantity>,
    /// The least that a container may request.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Quantity>")]
    pub min: BTreeMap<ResourceName, Quantity>,
    /// The highest limit that a container may have; it must have one.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Quantity>")]
    pub max: BTreeMap<ResourceName, Quantity>,
}

impl LimitRange {
    /// Its fields by the API's names.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &BTreeMap<ResourceName, Quantity>); 4] {
        [("default", &self.default), ("defaultRequest", &self.default_request), ("max", &self.max), ("min", &self.min)]
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().iter().all(|(_, amounts)| amounts.is_empty())
    }
}

function_spec!(Spec, find_problems);

impl Spec {
    /// The name of the ResourceQuota and of the LimitRange.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or("guardrails", ObjectName::as_str)
    }

    fn find_problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        for (name, amount) in &self.quota {
            let message = match super::quotas::fault(name.as_str(), amount) {
                Some(fault) => format!("`{}: {}` {fault}", name.as_str(), amount.written()),
                None => continue,
            };
            found.push(Problem::new(
                &format!("/quota/{}", escape_token(name.as_str())),
                message,
                "write an amount from 0",
            ));
        }
        for (field, amounts) in self.limit_range.fields() {
            for (name, amount) in amounts.iter().filter(|(_, amount)| amount.is_negative()) {
                let message = format!("`{}: {}` is negative", name.as_str(), amount.written());
                let pointer = format!("/limitRange/{field}/{}", escape_token(name.as_str()));
                found.push(Problem::new(&pointer, message, "write an amount from 0"));
            }
        }
        let range = ranges::Range::of_spec(&self.limit_range);
        for fault in range.faults() {
            let pointer = format!("/limitRange/{}/{}", fault.field, escape_token(&fault.resource));
            found.push(Problem::new(&pointer, fault.message, "lower the one, or raise the other"));
        }
        found
    }
}
