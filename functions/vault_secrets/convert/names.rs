//! Where the name that a converted Secret had before prefixes and suffixes still stands. While the Secret was in the stream,
//! kustomize corrected it in every field that its configuration knows; krmor corrects those that its own table knows.

use std::collections::{BTreeMap, HashSet};

use super::super::rules;
use krmor_core::facts::{Facts, Near};
use krmor_core::report::{Finding, Report};
use krmor_core::stream::{Edit, Object, ObjectId, Stream};
use krmor_yaml::{Kind, Node, escape_token};

/// Reports every text that may mean a Secret by its former name.
pub(super) fn left(removed: &[ObjectId], edits: &[(ObjectId, Edit)], stream: &Stream, report: &mut Report) {
    let mut former: BTreeMap<String, Vec<Object<'_>>> = BTreeMap::new();
    for secret in removed.iter().filter_map(|id| stream.object(*id)) {
        for name in secret.names().into_iter().filter(|name| *name != secret.name()) {
            former.entry(name).or_default().push(secret);
        }
    }
    if former.is_empty() {
        return;
    }
    // A custom resource may as well mean one of these by the name.
    let others: HashSet<String> = stream
        .objects()
        .filter(|object| object.kind() != "Secret")
        .flat_map(|object| object.names())
        .filter(|name| former.contains_key(name))
        .collect();
    let facts = Facts::of(stream);
    let edited: HashSet<(ObjectId, &str)> =
        edits.iter().map(|(object, edit)| (*object, edit.pointer.as_str())).collect();
    for object in stream.objects().filter(|object| !removed.contains(&object.id())) {
        let known: HashSet<&str> =
            facts.references().of_object(object.id()).map(|reference| reference.pointer.as_str()).collect();
        let is_known = |pointer: &str| edited.contains(&(object.id(), pointer)) || known.contains(pointer);
        for text in texts(&object) {
            let near = |name: &str| {
                let secrets = former.get(name)?;
                let near = secrets.iter().filter(|secret| Near::Possible.share(secret, &object));
                near.min_by_key(|secret| secret.name()).copied()
            };
            let Some(secret) = text.means(&others, near).filter(|_| !is_known(&text.pointer)) else { continue };
            let message = format!(
                "the Secret that is {} now may be meant by a name that it had before, and nothing would correct it",
                secret.name()
            );
            let remedy = "write the final name, or add the field to `references` of the Pipeline; where no Secret is meant, say so by an exception for this rule";
            report.record_once([Finding::new(&rules::LEFT_NAME, object.at(&text.pointer), message, remedy)]);
        }
    }
}

/// A text of an object, and what is said around it.
struct Text {
    pointer: String,
    content: String,
    /// Whether a field on the way, or the variable's name, speaks of a secret.
    says_secret: bool,
    /// Whether it is where custom resources name objects.
    is_name: bool,
}

impl Text {
    /// The Secret that is meant by its former name.
    fn means<'a>(&self, others: &HashSet<String>, near: impl Fn(&str) -> Option<Object<'a>>) -> Option<Object<'a>> {
        if self.says_secret || self.is_name {
            let name = self.content.rsplit_once('/').map_or(self.content.as_str(), |(_, name)| name);
            if let Some(secret) = near(name).filter(|_| self.says_secret || !others.contains(name)) {
                return Some(secret);
            }
        }
        let says = |line: &&str| line.to_ascii_lowercase().contains("secret");
        let words = |line: &'_ str| -> Vec<String> {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            line.split(|c: char| !is_part(c)).map(|word| word.trim_matches(['-', '.']).to_owned()).collect()
        };
        self.content.lines().filter(says).flat_map(words).filter(|word| !word.is_empty()).find_map(|word| near(&word))
    }
}

/// Kinds of Kubernetes' own have no other fields that name Secrets than those that are known.
fn is_built_in(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io") && group != "gateway.networking.k8s.io"
}

fn texts(object: &Object<'_>) -> Vec<Text> {
    let is_custom = !is_built_in(&object.group());
    let mut out = Vec::new();
    let mut open = vec![(object.root(), String::new(), false, false)];
    while let Some((node, pointer, says_secret, is_name)) = open.pop() {
        match node.kind() {
            Kind::Scalar | Kind::Alias => {
                if let Some(text) = node.as_str().filter(|text| !text.is_empty()) {
                    out.push(Text { pointer, content: text.into_owned(), says_secret, is_name });
                }
            }
            Kind::Seq => {
                let items = node.items().enumerate();
                open.extend(items.map(|(at, item)| (item, format!("{pointer}/{at}"), says_secret, is_name)));
            }
            Kind::Map => {
                // A variable's value is called as the variable is.
                let called = node.get("name").and_then(Node::as_str).filter(|_| node.get("value").is_some());
                let is_secrets =
                    |kind: Option<Node<'_>>| kind.and_then(Node::as_str).is_none_or(|kind| kind == "Secret");
                for (key, value) in node.entries().filter(|(key, _)| !is_passed_over(&pointer, key)) {
                    let speaks = |name: &str| name.to_ascii_lowercase().contains("secret");
                    let says = says_secret || speaks(&key) || key == "value" && called.as_deref().is_some_and(speaks);
                    let names = is_custom
                        && (key == "name" || key.ends_with("Name") || key.ends_with("Ref"))
                        && is_secrets(node.get("kind"))
                        && !pointer.is_empty();
                    open.push((value, format!("{pointer}/{}", escape_token(&key)), says, names));
                }
            }
        }
    }
    out
}

/// Labels, selectors, and what names the object itself or notes what kustomize has done name no Secret.
fn is_passed_over(pointer: &str, key: &str) -> bool {
    let is_own = matches!(key, "name" | "namespace" | "generateName") && pointer.ends_with("/metadata");
    let is_note = key.starts_with("internal.config.kubernetes.io/")
        || key.starts_with("config.kubernetes.io/")
        || key == "kubectl.kubernetes.io/last-applied-configuration";
    is_own || is_note || matches!(key, "labels" | "matchLabels" | "selector" | "status" | "apiVersion" | "kind")
}
