//! Metrics and behavior of autoscaling/v2 as configs hold them, checked against the shape that the API takes.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use krmor_core::quantity::Quantity;
use krmor_core::values::Positive;

/// A metric as the API has it in `spec.metrics` of an autoscaler.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(with = "serde_json::Map<String, Value>")]
pub struct Metric(Value);

impl Metric {
    pub(super) fn value(&self) -> &Value {
        &self.0
    }

    /// The value with its fields in the order of the API's, which new objects have.
    pub(super) fn in_order(&self) -> Value {
        METRIC.read(&self.0, "").unwrap_or_else(|_| self.0.clone())
    }

    pub(super) fn utilization(resource: &str, percent: Positive) -> Self {
        let target = json!({"type": "Utilization", "averageUtilization": percent.get()});
        Self(json!({"type": "Resource", "resource": {"name": resource, "target": target}}))
    }
}

impl TryFrom<Value> for Metric {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let value = METRIC.read(&value, "").map_err(|problem| problem.of("a metric of autoscaling/v2"))?;
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        let Some((_, field)) = SOURCES.iter().find(|(name, _)| *name == kind) else {
            return Err("`type` must be Resource, ContainerResource, Pods, Object or External".to_owned());
        };
        let given = value.as_object().is_some_and(|map| map.len() == 2 && map.contains_key(*field));
        if given { Ok(Self(value)) } else { Err(format!("`type: {kind}` goes with `{field}`, and with nothing else")) }
    }
}

/// `spec.behavior` of an autoscaler, as the API has it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(with = "serde_json::Map<String, Value>")]
pub struct Behavior(Value);

impl Behavior {
    pub(super) fn value(&self) -> &Value {
        &self.0
    }
}

impl TryFrom<Value> for Behavior {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        BEHAVIOR.read(&value, "").map(Self).map_err(|problem| problem.of("the behavior of autoscaling/v2"))
    }
}

/// Each type of a metric, and the field that goes with it.
const SOURCES: [(&str, &str); 5] = [
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
    ("Pods", "pods"),
    ("Object", "object"),
    ("External", "external"),
];

/// What a value of the API looks like. k8s-openapi's types take a misspelt field for none and a missing one for empty.
pub(super) enum Shape {
    Text,
    Bool,
    OneOf(&'static [&'static str]),
    Int,
    Quantity,
    Labels,
    List(&'static Shape),
    /// Fields in the order in which they are written.
    Fields(&'static [Field]),
}

pub(super) struct Field(pub(super) &'static str, pub(super) Need, pub(super) &'static Shape);

#[derive(PartialEq)]
pub(super) enum Need {
    Required,
    Optional,
}
use Need::{Optional, Required};

const METRIC: Shape = Shape::Fields(&[
    Field(
        "containerResource",
        Optional,
        &Shape::Fields(&[
            Field("container", Required, &Shape::Text),
            Field("name", Required, &Shape::Text),
            Field("target", Required, &TARGET),
        ]),
    ),
    Field("external", Optional, &MEASURED),
    Field(
        "object",
        Optional,
        &Shape::Fields(&[
            Field(
                "describedObject",
                Required,
                &Shape::Fields(&[
                    Field("apiVersion", Optional, &Shape::Text),
                    Field("kind", Required, &Shape::Text),
                    Field("name", Required, &Shape::Text),
                ]),
            ),
            Field("metric", Required, &IDENTIFIER),
            Field("target", Required, &TARGET),
        ]),
    ),
    Field("pods", Optional, &MEASURED),
    Field(
        "resource",
        Optional,
        &Shape::Fields(&[Field("name", Required, &Shape::Text), Field("target", Required, &TARGET)]),
    ),
    Field("type", Required, &Shape::Text),
]);

const MEASURED: Shape = Shape::Fields(&[Field("metric", Required, &IDENTIFIER), Field("target", Required, &TARGET)]);

const TARGET: Shape = Shape::Fields(&[
    Field("averageUtilization", Optional, &Shape::Int),
    Field("averageValue", Optional, &Shape::Quantity),
    Field("type", Required, &Shape::OneOf(&["Utilization", "Value", "AverageValue"])),
    Field("value", Optional, &Shape::Quantity),
]);

const IDENTIFIER: Shape = Shape::Fields(&[
    Field("name", Required, &Shape::Text),
    Field(
        "selector",
        Optional,
        &Shape::Fields(&[
            Field(
                "matchExpressions",
                Optional,
                &Shape::List(&Shape::Fields(&[
                    Field("key", Required, &Shape::Text),
                    Field("operator", Required, &Shape::OneOf(&["In", "NotIn", "Exists", "DoesNotExist"])),
                    Field("values", Optional, &Shape::List(&Shape::Text)),
                ])),
            ),
            Field("matchLabels", Optional, &Shape::Labels),
        ]),
    ),
]);

const BEHAVIOR: Shape = Shape::Fields(&[Field("scaleDown", Optional, &RULES), Field("scaleUp", Optional, &RULES)]);

const RULES: Shape = Shape::Fields(&[
    Field(
        "policies",
        Optional,
        &Shape::List(&Shape::Fields(&[
            Field("periodSeconds", Required, &Shape::Int),
            Field("type", Required, &Shape::OneOf(&["Pods", "Percent"])),
            Field("value", Required, &Shape::Int),
        ])),
    ),
    Field("selectPolicy", Optional, &Shape::OneOf(&["Max", "Min", "Disabled"])),
    Field("stabilizationWindowSeconds", Optional, &Shape::Int),
    Field("tolerance", Optional, &Shape::Quantity),
]);

/// What does not fit a shape, and where.
pub(super) enum Misfit {
    /// A field that there is not.
    Surplus(String),
    /// A place, and what it must be.
    Not(String, String),
}

impl Misfit {
    pub(super) fn of(self, what: &str) -> String {
        match self {
            Self::Surplus(place) => format!("`{place}` is no field of {what}"),
            Self::Not(place, wanted) if place.is_empty() => format!("{what} is {wanted}"),
            Self::Not(place, wanted) => format!("`{place}` of {what} must be {wanted}"),
        }
    }
}

impl Shape {
    /// The value in the order of the API's fields, quantities as texts, without what is null.
    pub(super) fn read(&self, value: &Value, place: &str) -> Result<Value, Misfit> {
        let not = |wanted: &str| Err(Misfit::Not(place.to_owned(), wanted.to_owned()));
        let below = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        match (self, value) {
            (Self::Text, Value::String(_)) | (Self::Bool, Value::Bool(_)) => Ok(value.clone()),
            (Self::Text, _) => not("a text"),
            (Self::Bool, _) => not("`true` or `false`"),
            (Self::OneOf(names), _) => match value.as_str().filter(|text| names.contains(text)) {
                Some(_) => Ok(value.clone()),
                None => not(&format!("one of {}", names.join(", "))),
            },
            (Self::Int, _) => match value.as_i64().filter(|number| i32::try_from(*number).is_ok()) {
                Some(_) => Ok(value.clone()),
                None => not("a whole number"),
            },
            (Self::Quantity, _) => match Quantity::of(value) {
                Ok(quantity) => Ok(quantity.written().into()),
                Err(_) => not("a quantity, such as `500m` or `10`"),
            },
            (Self::Labels, Value::Object(map)) => match map.iter().find(|(_, value)| !value.is_string()) {
                None => Ok(value.clone()),
                Some((key, _)) => Err(Misfit::Not(below(key), "a text".to_owned())),
            },
            (Self::List(item), Value::Array(items)) => {
                let read = |(at, value): (usize, &Value)| item.read(value, &below(&at.to_string()));
                items.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            (Self::List(_), _) => not("a list"),
            (Self::Fields(fields), Value::Object(map)) => {
                if let Some(key) = map.keys().find(|key| !fields.iter().any(|field| field.0 == *key)) {
                    return Err(Misfit::Surplus(below(key)));
                }
                let mut out = Map::new();
                for Field(name, need, shape) in *fields {
                    match map.get(*name).filter(|value| !value.is_null()) {
                        Some(value) => drop(out.insert((*name).to_owned(), shape.read(value, &below(name))?)),
                        None if *need == Required => return Err(Misfit::Not(below(name), "given".to_owned())),
                        None => {}
                    }
                }
                Ok(Value::Object(out))
            }
            (Self::Labels | Self::Fields(_), _) => not("a mapping"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscalerBehavior, MetricSpec};
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;

    /// A value with all that a shape has.
    fn full(shape: &Shape) -> Value {
        match shape {
            Shape::Text => json!("a"),
            Shape::Bool => json!(true),
            Shape::OneOf(names) => json!(names.first()),
            Shape::Int => json!(1),
            Shape::Quantity => json!(10),
            Shape::Labels => json!({"a": "b"}),
            Shape::List(item) => json!([full(item)]),
            Shape::Fields(fields) => {
                Value::Object(fields.iter().map(|Field(name, _, shape)| ((*name).to_owned(), full(shape))).collect())
            }
        }
    }

    /// The names under which a type of k8s-openapi looks for fields: it is told of all, in its own order.
    fn agrees<T: DeserializeOwned + Serialize>(shape: &Shape) {
        let ours = shape.read(&full(shape), "").unwrap_or_else(|problem| panic!("{}", problem.of("it")));
        let theirs = serde_json::to_value(serde_json::from_value::<T>(ours.clone()).unwrap()).unwrap();
        assert_eq!(ours.to_string(), theirs.to_string());
    }

    #[test]
    fn every_field_is_one_of_the_api_and_in_its_order() {
        agrees::<MetricSpec>(&METRIC);
        agrees::<HorizontalPodAutoscalerBehavior>(&BEHAVIOR);
    }

    #[test]
    fn every_field_of_the_api_is_known() {
        // Debug prints what there is, set or not.
        let fields = |debug: String| -> BTreeSet<String> {
            let words = debug.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            let names = words.filter_map(|word| word.strip_suffix(':')).filter(|name| !name.is_empty());
            names.map(|name| name.replace('_', "").to_lowercase()).collect()
        };
        let names = |shape: &Shape| -> BTreeSet<String> {
            let text = full(shape).to_string();
            let quoted = text.split('"').collect::<Vec<_>>();
            let keys = quoted.windows(2).filter(|pair| pair[1].starts_with(':'));
            keys.map(|pair| pair[0].to_lowercase()).filter(|name| name != "a").collect()
        };
        let metric: MetricSpec = serde_json::from_value(full(&METRIC)).unwrap();
        assert_eq!(fields(format!("{metric:?}")), names(&METRIC));
        let behavior: HorizontalPodAutoscalerBehavior = serde_json::from_value(full(&BEHAVIOR)).unwrap();
        assert_eq!(fields(format!("{behavior:?}")), names(&BEHAVIOR));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let resource = |target: Value| json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        let cases = [
            (json!("cpu"), "a metric of autoscaling/v2 is a mapping"),
            (json!({"type": "Resource"}), "`type: Resource` goes with `resource`, and with nothing else"),
            (json!({"type": "CPU"}), "`type` must be Resource, ContainerResource, Pods, Object or External"),
            (
                json!({"type": "Resource", "resource": {}}),
                "`resource.name` of a metric of autoscaling/v2 must be given",
            ),
            (resource(json!({"typ": 1})), "`resource.target.typ` is no field of a metric of autoscaling/v2"),
            (
                resource(json!({"type": "Percent"})),
                "`resource.target.type` of a metric of autoscaling/v2 must be one of Utilization, Value, AverageValue",
            ),
            (
                resource(json!({"type": "Value", "averageUtilization": "70"})),
                "`resource.target.averageUtilization` of a metric of autoscaling/v2 must be a whole number",
            ),
            (
                resource(json!({"type": "Value", "value": "10 apples"})),
                "`resource.target.value` of a metric of autoscaling/v2 must be a quantity, such as `500m` or `10`",
            ),
            (
                json!({"type": "Pods", "pods": {"metric": {"name": "m", "selector": {"matchLabels": {"a": 1}}}}}),
                "`pods.metric.selector.matchLabels.a` of a metric of autoscaling/v2 must be a text",
            ),
        ];
        for (value, wanted) in cases {
            assert_eq!(Metric::try_from(value).unwrap_err(), wanted);
        }
        let policies = json!({"scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 1e3}]}});
        let wanted = "`scaleDown.policies.0.periodSeconds` of the behavior of autoscaling/v2 must be a whole number";
        assert_eq!(Behavior::try_from(policies).unwrap_err(), wanted);
        // Null is as good as absent, and numbers are quantities.
        let read = Metric::try_from(resource(json!({"value": 10, "type": "Value", "averageValue": null}))).unwrap();
        assert_eq!(read.value().pointer("/resource/target").unwrap().to_string(), r#"{"type":"Value","value":"10"}"#);
    }
}
