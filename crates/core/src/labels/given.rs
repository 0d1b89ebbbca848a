//! The labels of an object, and those that a StatefulSet gives its pods beside them.

use std::borrow::Cow;

use super::{Requirement, Test, pairs};
use krmor_yaml::Node;

/// The label with the name of a pod, which each pod of a StatefulSet has of its own, and the one with its number.
pub(super) const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
pub(super) const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The name of a StatefulSet and the number in the name of one of its pods.
pub(super) fn ordinal(pod: &str) -> Option<(&str, &str)> {
    pod.rsplit_once('-').filter(|(_, number)| is_number(number))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The labels of an object, or of the pods that it stands for.
#[derive(Clone, Debug, Default)]
pub struct Labels<'a> {
    pub(super) written: Option<Node<'a>>,
    /// The StatefulSet that gives each pod its number.
    owner: Option<Cow<'a, str>>,
}

impl<'a> From<Option<Node<'a>>> for Labels<'a> {
    fn from(written: Option<Node<'a>>) -> Self {
        Self { written, owner: None }
    }
}

impl<'a> Labels<'a> {
    /// Those of pods that a StatefulSet numbers.
    #[must_use]
    pub fn numbered(written: Option<Node<'a>>, owner: Cow<'a, str>) -> Self {
        Self { written, owner: Some(owner) }
    }

    /// Whether a requirement is met by some pod, where a StatefulSet gives the label; `None` where it does not.
    pub(super) fn is_given(&self, requirement: &Requirement) -> Option<bool> {
        let owner = self.owner.as_deref()?;
        let fits = |value: &String| match requirement.key.as_str() {
            POD_NAME => ordinal(value).is_some_and(|(own, _)| own == owner),
            _ => is_number(value),
        };
        let is_given = matches!(requirement.key.as_str(), POD_NAME | POD_INDEX);
        is_given.then(|| match &requirement.test {
            Test::In(values) => values.iter().any(fits),
            Test::Absent => false,
            Test::Exists | Test::NotIn(_) | Test::Above(_) | Test::Below(_) => true,
        })
    }

    /// Every label, as selectors demand it.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        let owner = self.owner.as_ref().map(|owner| (POD_NAME.to_owned(), owner.clone().into_owned()));
        self.written.into_iter().flat_map(pairs).chain(owner).collect()
    }
}
