//! Labels and what selects by them: the grammar of `kubectl get --selector`, and the API's label selectors.

mod api;
mod given;
mod index;

pub use self::api::api_selector;
pub use self::given::Labels;
pub use self::index::{ByLabel, BySelector};

use std::borrow::Cow;

use self::given::{POD_INDEX, POD_NAME, ordinal};
use crate::kube::{check_label_value, check_selector_key};
use krmor_yaml::{Kind, Node};

/// One requirement of a label selector.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The key of the label.
    pub(crate) key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

impl Test {
    /// That of an operator of the API; `None` for one that it does not have.
    fn of(operator: &str, values: impl FnOnce() -> Vec<String>) -> Option<Self> {
        Some(match operator {
            "In" => Self::In(values()),
            "NotIn" => Self::NotIn(values()),
            "Exists" => Self::Exists,
            "DoesNotExist" => Self::Absent,
            _ => return None,
        })
    }
}

impl Requirement {
    pub(crate) fn met(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|text| text.parse::<i64>().ok());
        let among = |values: &[String]| value.is_some_and(|value| values.iter().any(|other| other == value));
        match &self.test {
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
            Test::In(values) => among(values),
            Test::NotIn(values) => !among(values),
            Test::Above(limit) => number().is_some_and(|number| number > *limit),
            Test::Below(limit) => number().is_some_and(|number| number < *limit),
        }
    }
}

/// Whether values by key meet every requirement.
pub fn all_met<'v>(requirements: &[Requirement], value: impl Fn(&str) -> Option<&'v str>) -> bool {
    requirements.iter().all(|requirement| requirement.met(value(&requirement.key)))
}

/// A label selector of an object: which pods, Services or namespaces it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabelSelector(Vec<Requirement>);

impl LabelSelector {
    /// Reads `matchLabels` and `matchExpressions`; what the API would refuse selects nothing, so it is `None`.
    #[must_use]
    pub fn of(node: Node<'_>) -> Option<Self> {
        if node.kind() != Kind::Map {
            return None;
        }
        let mut requirements = Self::of_labels(node.get("matchLabels")).0;
        for expression in node.get("matchExpressions").into_iter().flat_map(Node::items) {
            let key = expression.get("key")?.as_str()?.into_owned();
            let values = || expression.get("values").into_iter().flat_map(Node::items).map(text).map(Cow::into_owned);
            let test = Test::of(&expression.get("operator")?.as_str()?, || values().collect())?;
            requirements.push(Requirement { key, test });
        }
        Some(Self(requirements))
    }

    /// Reads a plain map of labels, as Services and ReplicationControllers have it.
    #[must_use]
    pub fn of_labels(node: Option<Node<'_>>) -> Self {
        let entries = node.into_iter().flat_map(Node::entries);
        Self(
            entries
                .map(|(key, value)| Requirement {
                    key: key.into_owned(),
                    test: Test::In(vec![text(value).into_owned()]),
                })
                .collect(),
        )
    }

    /// Whether it asks for nothing: most kinds then select everything, Services nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Labels of which it demands one, for each key that it demands a value of.
    fn demanded(&self) -> impl Iterator<Item = Vec<(String, String)>> {
        let of = |requirement: &Requirement| {
            let Test::In(values) = &requirement.test else { return None };
            let value = |value: &String| match requirement.key.as_str() {
                POD_NAME => ordinal(value).map_or(value.as_str(), |(owner, _)| owner).to_owned(),
                _ => value.clone(),
            };
            let is_known = requirement.key != POD_INDEX;
            is_known.then(|| values.iter().map(|one| (requirement.key.clone(), value(one))).collect())
        };
        self.0.iter().filter_map(of)
    }

    /// Itself, unless it asks for nothing.
    #[must_use]
    pub fn filled(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }

    /// Whether it selects what has these `labels`, a mapping or nothing.
    #[must_use]
    pub fn matches(&self, labels: Option<Node<'_>>) -> bool {
        self.selects(&labels.into())
    }

    /// The same, for what gets labels beside those that are written.
    #[must_use]
    pub fn selects(&self, labels: &Labels<'_>) -> bool {
        self.0.iter().all(|requirement| match labels.is_given(requirement) {
            Some(met) => met,
            None => {
                requirement.met(labels.written.and_then(|labels| labels.get(&requirement.key)).map(text).as_deref())
            }
        })
    }

    /// The same, where a function knows the labels.
    #[must_use]
    pub fn matches_by<'v>(&self, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> bool {
        self.0.iter().all(|requirement| requirement.met(value(&requirement.key).as_deref()))
    }

    /// The keys of the labels that it asks for.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|requirement| requirement.key.as_str())
    }
}

/// The labels of a mapping: each key and value.
pub fn pairs(map: Node<'_>) -> impl Iterator<Item = (String, String)> {
    map.entries().map(|(key, value)| (key.into_owned(), text(value).into_owned()))
}

/// A label's value; numbers and booleans that should have been quoted count as their text, as in kustomize.
pub(crate) fn text(node: Node<'_>) -> Cow<'_, str> {
    match node.as_str() {
        Some(text) => text,
        None if node.is_null() || node.kind() != Kind::Scalar => Cow::Borrowed(""),
        None => Cow::Owned(node.json()),
    }
}

/// What values a selector may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Values of labels: at most 63 letters, digits, `-`, `_`, `.`.
    Labels,
    /// Values of annotations.
    Any,
}

/// Parses a selector as `labels.Parse` of Kubernetes does; an empty one has no requirements.
///
/// # Errors
/// When it is none; the text says what was expected.
pub fn parse_selector(text: &str, values: Values) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { tokens: tokens(text), at: 0 };
    let mut out = Vec::new();
    if parser.tokens.is_empty() {
        return Ok(out);
    }
    loop {
        let requirement = parser.requirement()?;
        check_selector_key(&requirement.key)?;
        if let (Values::Labels, Test::In(list) | Test::NotIn(list)) = (values, &requirement.test) {
            list.iter().try_for_each(|value| check_label_value(value))?;
        }
        out.push(requirement);
        match parser.next() {
            None => return Ok(out),
            Some(",") => {}
            Some(other) => return Err(format!("expected `,` or the end, found `{other}`")),
        }
    }
}

fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            return out;
        }
        let length = match rest.as_bytes() {
            [b'=' | b'!', b'=', ..] => 2,
            [b'=' | b'!' | b'(' | b')' | b',' | b'<' | b'>', ..] => 1,
            _ => rest.find(['=', '!', '(', ')', ',', '<', '>', ' ', '\t', '\r', '\n']).unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at(length);
        out.push(token);
        rest = behind;
    }
}

struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// A key or a value; `in` and `notin` are words like others there.
    fn word(&mut self, what: &str) -> Result<&'a str, String> {
        match self.next() {
            Some(token) if is_word(token) => Ok(token),
            other => Err(format!("expected {what}, found {}", shown(other))),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let absent = self.peek() == Some("!");
        if absent {
            self.at += 1;
        }
        let key = self.word("a key")?.to_owned();
        let test = if absent {
            Test::Absent
        } else if matches!(self.peek(), None | Some(",")) {
            Test::Exists
        } else {
            match self.next() {
                Some("=" | "==") => Test::In(vec![self.value()?]),
                Some("!=") => Test::NotIn(vec![self.value()?]),
                Some("in") => Test::In(self.list()?),
                Some("notin") => Test::NotIn(self.list()?),
                Some(">") => Test::Above(self.number()?),
                Some("<") => Test::Below(self.number()?),
                other => {
                    return Err(format!("expected `=`, `!=`, `in` or `notin` behind `{key}`, found {}", shown(other)));
                }
            }
        };
        Ok(Requirement { key, test })
    }

    fn value(&mut self) -> Result<String, String> {
        match self.peek() {
            None | Some(",") => Ok(String::new()),
            Some(_) => self.word("a value").map(str::to_owned),
        }
    }

    fn number(&mut self) -> Result<i64, String> {
        let text = self.value()?;
        text.parse().map_err(|_| format!("`<` and `>` compare whole numbers, and `{text}` is none"))
    }

    /// `(a, b)`; a value that is left out is the empty one.
    fn list(&mut self) -> Result<Vec<String>, String> {
        match self.next() {
            Some("(") => {}
            other => {
                return Err(format!("expected `(` behind `in` or `notin`, found {}", shown(other)));
            }
        }
        let mut out = Vec::new();
        loop {
            match self.peek() {
                Some("," | ")") => out.push(String::new()),
                _ => out.push(self.word("a value")?.to_owned()),
            }
            match self.next() {
                Some(",") => {}
                Some(")") => return Ok(out),
                other => return Err(format!("expected `,` or `)`, found {}", shown(other))),
            }
        }
    }
}

fn is_word(token: &str) -> bool {
    !matches!(token, "=" | "==" | "!=" | "!" | "(" | ")" | "," | "<" | ">")
}

fn shown(token: Option<&str>) -> String {
    token.map_or_else(|| "the end".to_owned(), |token| format!("`{token}`"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// `POD_NAME` and `POD_INDEX` are given by the StatefulSet controller, so no template has them.
    #[test]
    fn pods_of_a_stateful_set_have_names_and_numbers() {
        let cases = [
            ("{statefulset.kubernetes.io/pod-name: db-0}", true),
            ("{statefulset.kubernetes.io/pod-name: db-12, a: b}", true),
            ("{statefulset.kubernetes.io/pod-name: db-0, a: c}", false),
            ("{statefulset.kubernetes.io/pod-name: db}", false),
            ("{statefulset.kubernetes.io/pod-name: db-x}", false),
            ("{statefulset.kubernetes.io/pod-name: other-0}", false),
            ("{apps.kubernetes.io/pod-index: '3'}", true),
            ("{apps.kubernetes.io/pod-index: first}", false),
        ];
        let written = krmor_yaml::parse(&Arc::new("{a: b}".to_owned())).unwrap().remove(0);
        let labels = Labels::numbered(Some(written.root()), Cow::Borrowed("db"));
        let mut index = ByLabel::default();
        index.add(7, &labels, &[String::new()]);
        for (selector, wanted) in cases {
            let text = krmor_yaml::parse(&Arc::new(selector.to_owned())).unwrap().remove(0);
            let selector_of = LabelSelector::of_labels(Some(text.root()));
            assert_eq!(selector_of.selects(&labels), wanted, "{selector}");
            assert!(!wanted || index.near(&selector_of, None) == [7], "{selector}");
            assert!(!selector_of.matches(Some(written.root())), "{selector}");
        }
    }

    #[test]
    fn selectors_of_objects_match_as_the_api_has_it() {
        let matches = |selector: &str, labels: &str| {
            let selector = krmor_yaml::parse(&Arc::new(selector.to_owned())).unwrap().remove(0);
            let labels = krmor_yaml::parse(&Arc::new(labels.to_owned())).unwrap().remove(0);
            LabelSelector::of(selector.root()).map(|selector| selector.matches(Some(labels.root())))
        };
        let cases = [
            ("{matchLabels: {a: b}}", Some(true)),
            ("{matchLabels: {a: b, c: '1'}}", Some(true)),
            ("{matchLabels: {a: c}}", Some(false)),
            ("{matchLabels: {x: b}}", Some(false)),
            ("{}", Some(true)),
            ("{matchExpressions: [{key: a, operator: In, values: [b, c]}]}", Some(true)),
            ("{matchExpressions: [{key: a, operator: NotIn, values: [b, c]}]}", Some(false)),
            ("{matchExpressions: [{key: x, operator: NotIn, values: [b]}]}", Some(true)),
            ("{matchExpressions: [{key: a, operator: Exists}]}", Some(true)),
            ("{matchExpressions: [{key: a, operator: DoesNotExist}]}", Some(false)),
            ("{matchLabels: {a: b}, matchExpressions: [{key: x, operator: Exists}]}", Some(false)),
            ("{matchExpressions: [{key: a, operator: Near}]}", None),
            ("[]", None),
        ];
        for (selector, wanted) in cases {
            assert_eq!(matches(selector, "{a: b, c: 1}"), wanted, "{selector}");
        }
    }
}
