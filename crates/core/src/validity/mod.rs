//! What the API server refuses of the objects of Kubernetes' own kinds, said before it is asked.
//!
//! `types.txt` has the types of the API with what can be said of one field alone; `walk` goes through an object with it.
//! What holds between fields is in the other modules, each a list of hooks that the types name. The API server's own
//! validation code is the oracle of all of it: `tests/validity.rs` asks it about thousands of broken objects. Read at
//! Kubernetes v1.36.3, as a new object is created, with the feature gates as they are by default.
//!
//! Only what holds inside one object is judged: under kustomize, names are not final yet. Fields that are unknown are not
//! judged either: the API server itself drops them with a warning, and refuses them only when a client such as
//! `kubectl --validate=strict` asks it to; a newer server may know them.

mod cron;
mod format;
mod hooks;
mod kinds;
mod meta;
mod network;
mod network_policy;
mod pod;
mod resources;
pub mod rules;
mod security;
mod types;
mod walk;

use crate::report::{Finding, Rule};
use crate::stream::{Object, Stream};
use krmor_yaml::Node;

/// What the API server would refuse in the objects of a stream, each as an error. What other APIs
/// define is passed over.
#[must_use]
pub fn findings(stream: &Stream) -> Vec<Finding> {
    stream.objects().flat_map(|object| of_object(&object)).collect()
}

/// What the API server would refuse in one object.
#[must_use]
pub fn of_object(object: &Object<'_>) -> Vec<Finding> {
    let Some(root) = types::root(&object.api_version(), &object.kind()) else { return Vec::new() };
    // What is inside another object is read by that one's controller first, which may fill in parameters.
    if object.is_embedded() {
        return Vec::new();
    }
    let mut judge = Judge { object, claims: Vec::new(), findings: Vec::new() };
    if Judge::has_hook(root, "statefulSet") {
        let spec = object.root().get("spec").into_iter();
        let claims = spec.flat_map(|spec| items(spec, "", "volumeClaimTemplates"));
        let name = |claim: Node<'_>| claim.get("metadata").map(|meta| text(meta, "name")).unwrap_or_default();
        judge.claims = claims.map(|(_, claim)| name(claim)).collect();
    }
    judge.object(root, object.root(), &mut String::new());
    judge.findings
}

/// Collects what is wrong with one object.
struct Judge<'j> {
    object: &'j Object<'j>,
    /// Names of the claims that are made anew for each pod, which are volumes of it.
    claims: Vec<String>,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    /// Notes what the API server refuses at a pointer from the object's root.
    fn say(&mut self, rule: &'static Rule, pointer: &str, message: impl AsRef<str>, remedy: impl AsRef<str>) {
        self.note(rule, pointer, message.as_ref(), remedy.as_ref());
    }

    /// Once for all forms of texts: modules are small.
    #[inline(never)]
    fn note(&mut self, rule: &'static Rule, pointer: &str, message: &str, remedy: &str) {
        self.findings.push(Finding::new(rule, self.object.at(pointer), message, remedy));
    }

    /// Takes back what was said about and below a place.
    fn unsay(&mut self, pointer: &str, but: &'static Rule) {
        let place = format!("{}{pointer}", self.object.prefix());
        self.findings.retain(|finding| finding.rule == but || !is_within(finding.pointer(), &place));
    }
}

/// Whether a pointer is another one or leads below it.
fn is_within(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The value under a key; null is as good as none, as the API has it.
#[inline(never)]
fn get<'a>(node: Node<'a>, key: &str) -> Option<Node<'a>> {
    node.get(key).filter(|node| !node.is_null())
}

/// The text under a key; empty when there is none.
#[inline(never)]
fn text(node: Node<'_>, key: &str) -> String {
    node.get(key).and_then(Node::as_str).unwrap_or_default().into_owned()
}

/// The number under a key.
#[inline(never)]
fn number(node: Node<'_>, key: &str) -> Option<i128> {
    walk::whole(node.get(key)?)
}

/// Whether a key says `true`.
#[inline(never)]
fn is_true(node: Node<'_>, key: &str) -> bool {
    node.get(key).and_then(Node::as_bool) == Some(true)
}

/// The items of the list under a key, each with its pointer.
#[inline(never)]
fn items<'a>(node: Node<'a>, at: &str, key: &str) -> std::vec::IntoIter<(String, Node<'a>)> {
    let mut out = Vec::new();
    if let Some(list) = node.get(key) {
        for (number, item) in list.items().enumerate() {
            out.push((format!("{at}/{key}/{number}"), item));
        }
    }
    out.into_iter()
}

/// The pointer of what is at some keys below a place.
#[inline(never)]
fn below(at: &str, keys: &str) -> String {
    [at, "/", keys].concat()
}

/// Whether there is a list or mapping under a key with something in it.
#[inline(never)]
fn is_filled(node: Node<'_>, key: &str) -> bool {
    node.get(key).is_some_and(|node| node.items().next().is_some() || node.entries().next().is_some())
}
