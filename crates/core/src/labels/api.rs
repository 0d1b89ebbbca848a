//! Label selectors in the API's own type, as objects that are made have them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector as ApiSelector, LabelSelectorRequirement};
use serde_json::Value;

use super::{LabelSelector, Requirement, Test};

/// Reads a selector; `None` for what the API would refuse, which must never become one that selects everything.
#[must_use]
pub fn api_selector(selector: &Value) -> Option<ApiSelector> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let label = |(key, value): (&String, &Value)| Some((key.clone(), text(value)?));
    let requirement = |one: &Value| {
        let values = optional(one, "values", |values| values.as_array()?.iter().map(text).collect()).ok()?;
        Some(LabelSelectorRequirement { key: text(one.get("key")?)?, operator: text(one.get("operator")?)?, values })
    };
    Some(ApiSelector {
        match_labels: optional(selector, "matchLabels", |labels| labels.as_object()?.iter().map(label).collect())
            .ok()?,
        match_expressions: optional(selector, "matchExpressions", |list| {
            list.as_array()?.iter().map(requirement).collect()
        })
        .ok()?,
    })
}

/// Reads a field that may be left out; an error when it cannot be read.
fn optional<T>(of: &Value, key: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, ()> {
    let given = of.get(key).filter(|value| !value.is_null());
    given.map(|value| read(value).ok_or(())).transpose()
}

impl LabelSelector {
    /// What the API's type demands; `None` for what the API would refuse.
    #[must_use]
    pub fn of_api(selector: &ApiSelector) -> Option<Self> {
        let labels = selector.match_labels.iter().flatten();
        let labels = labels.map(|(key, value)| (key.clone(), Some(Test::In(vec![value.clone()]))));
        let demands = selector.match_expressions.iter().flatten().map(|one| {
            let values = one.values.clone().unwrap_or_default();
            (one.key.clone(), Test::of(&one.operator, || values))
        });
        let all = labels.chain(demands).map(|(key, test)| Some(Requirement { key, test: test? }));
        all.collect::<Option<_>>().map(Self)
    }
}
