//! Label selectors of the Kubernetes API, as objects of the stream hold them.

use std::borrow::Cow;

use crate::yaml::{Kind, Node};

/// A scalar's text; numbers and booleans that should have been quoted count as their text, as in kustomize.
pub(super) fn text(node: Node<'_>) -> Option<Cow<'_, str>> {
    match node.as_str() {
        Some(text) => Some(text),
        None if node.is_null() || node.kind() != Kind::Scalar => None,
        None => Some(Cow::Owned(node.json())),
    }
}

/// Whether a plain map of labels selects `labels`.
pub(super) fn map_selects(map: Node<'_>, labels: Option<Node<'_>>) -> bool {
    map.entries().all(|(key, wanted)| {
        let there = labels.and_then(|labels| labels.get(&key)).and_then(text);
        there.unwrap_or_default() == text(wanted).unwrap_or_default() && labels.is_some_and(|l| l.get(&key).is_some())
    })
}

/// Whether a label selector (`matchLabels`, `matchExpressions`) selects `labels`; one that cannot be read selects
/// everything, since the API refuses it.
pub(super) fn selects(selector: Node<'_>, labels: Option<Node<'_>>) -> bool {
    let expressions = selector.get("matchExpressions").into_iter().flat_map(Node::items);
    let by_labels = selector.get("matchLabels").is_none_or(|map| map_selects(map, labels));
    by_labels && expressions.into_iter().all(|expression| meets(expression, labels))
}

fn meets(expression: Node<'_>, labels: Option<Node<'_>>) -> bool {
    let word = |key: &str| expression.get(key).and_then(text);
    let (Some(key), Some(operator)) = (word("key"), word("operator")) else { return true };
    let value = labels.and_then(|labels| labels.get(&key)).map(|node| text(node).unwrap_or_default());
    let among = |value: &str| {
        let values = expression.get("values").into_iter().flat_map(Node::items);
        values.filter_map(text).any(|other| other == value)
    };
    match operator.as_ref() {
        "In" => value.is_some_and(|value| among(&value)),
        "NotIn" => value.is_none_or(|value| !among(&value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => true,
    }
}
