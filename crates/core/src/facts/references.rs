//! Which objects name which others, read by the table of [`crate::references`], and what the names lead to.

use std::ops::Range;

use serde_json::Value;

use super::makers::Maker;
use super::{Facts, Near, beside, choose, nearest};
use crate::kube::group_of;
use crate::pods::Pod;
use crate::references::{Base, CONTAINER, POD, Relation, Row, To, Tree, walk};
use crate::stream::{Object, ObjectId};

/// One object names another.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The object that has the name.
    pub object: ObjectId,
    /// The pod that has it, by its number, if it stands in one.
    pub pod: Option<usize>,
    /// The name of the container that has it, if one does.
    pub container: Option<String>,
    /// JSON Pointer of the text, from the object's root.
    pub pointer: String,
    /// What the object does with the other.
    pub relation: Relation,
    /// API group of the other.
    pub group: String,
    /// Kind of the other.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace that is named; else it is that of the object itself.
    pub namespace: Option<String>,
    /// Whether the other is in no namespace.
    pub cluster: bool,
    /// Whether it says that the other need not be there.
    pub optional: bool,
    /// Pointers, from the object's root, of what must be in the other: keys, or one port.
    pub parts: Vec<String>,
    /// How much of `pointer` leads to what holds it, for [`Reference::subject`].
    under: usize,
    subject: &'static str,
}

/// A name in a pod's spec that need not be in the stream.
#[derive(Clone, Debug)]
pub struct PodReference {
    /// JSON Pointer of the text, from the pod's spec.
    pub pointer: String,
    /// API group of what is named.
    pub group: String,
    /// Kind of what is named.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Whether what is named is in no namespace.
    pub cluster: bool,
}

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To one of these objects.
    Here(Vec<ObjectId>),
    /// Out of the stream, to what something in it makes, or to what every namespace or cluster has.
    Elsewhere,
    /// To nothing.
    Nowhere,
}

/// What every namespace or cluster has: kinds and names.
const WELL_KNOWN: &[(&str, &str)] = &[
    ("ServiceAccount", "default"),
    ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "openshift-service-ca.crt"),
    ("Service", "kubernetes"),
    ("ClusterRole", "admin"),
    ("ClusterRole", "cluster-admin"),
    ("ClusterRole", "edit"),
    ("ClusterRole", "view"),
];

/// Whether every namespace or cluster has an object of this kind and name.
#[must_use]
pub fn is_well_known(kind: &str, name: &str) -> bool {
    let is_role = matches!(kind, "Role" | "ClusterRole");
    WELL_KNOWN.iter().any(|(known, called)| *called == name && (*known == kind || is_role && *known == "ClusterRole"))
        || is_role && name.starts_with("system:")
}

/// Whether a text can be a name, or stand for a generated one (`app-*`); what cannot is a parameter that someone fills in
/// later.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_' | '*'))
}

impl Reference {
    /// Who refers, as a sentence's subject with its verb: ``volume `cfg` takes``.
    #[must_use]
    pub fn subject(&self, facts: Facts<'_>) -> String {
        let Some((before, rest)) = self.subject.split_once('{') else { return self.subject.to_owned() };
        let (field, behind) = rest.split_once('}').unwrap_or((rest, ""));
        let node = facts
            .stream
            .object(self.object)
            .and_then(|object| object.root().at_pointer(self.pointer.get(..self.under)?)?.get(field)?.as_str());
        let default = if field == "path" { "/" } else { "" };
        let container = self.container.as_deref().unwrap_or_default();
        let text = if field == "container" { container } else { node.as_deref().unwrap_or(default) };
        format!("{before}{text}{}", behind.replace("{container}", container))
    }

    /// What stands at the pointer when the other is called `name`: a text may hold a namespace, too.
    #[must_use]
    pub fn text(&self, facts: Facts<'_>, name: &str) -> String {
        let there =
            facts.stream.object(self.object).and_then(|object| object.root().at_pointer(&self.pointer)?.as_str());
        match there.as_deref().and_then(|text| text.strip_suffix(self.name.as_str())) {
            Some(before) => format!("{before}{name}"),
            None => name.to_owned(),
        }
    }

    /// Whether it is to an object of the core group of this kind.
    #[must_use]
    pub fn is_to(&self, kind: &str) -> bool {
        self.kind == kind && self.group.is_empty()
    }
}

/// Every reference of a stream.
#[derive(Debug, Default)]
pub struct References {
    /// Those of pods, then those of other fields; each in the stream's order.
    all: Vec<Reference>,
    of_pods: usize,
}

impl References {
    pub(super) fn of(facts: Facts<'_>) -> Self {
        let mut out = Self::default();
        for (number, pod, object) in facts.numbered_pods() {
            of_pod(number, pod, &object, &mut out.all);
        }
        out.of_pods = out.all.len();
        for object in facts.stream.objects() {
            let mut reader = Reader::of(&object, &mut out.all);
            facts.stream.references().of(&object.group(), &object.kind(), |under, rows| {
                reader.read(object.root(), "", under, rows);
            });
        }
        out
    }

    /// Every one of them: those of pods, then those of other fields.
    #[must_use]
    pub fn all(&self) -> &[Reference] {
        &self.all
    }

    /// Those that an object has, in its pods and elsewhere.
    pub fn of_object(&self, object: ObjectId) -> impl Iterator<Item = &Reference> {
        let (pods, others) = self.all.split_at_checked(self.of_pods).unwrap_or_default();
        let range = |list: &[Reference]| -> Range<usize> {
            let first = list.partition_point(|reference| reference.object < object);
            first..list.partition_point(|reference| reference.object <= object)
        };
        let of = |list: &'_ [Reference]| range(list);
        let (first, second) = (of(pods), of(others));
        pods.get(first).unwrap_or_default().iter().chain(others.get(second).unwrap_or_default())
    }

    /// Those that a pod has, by its number.
    pub fn of_pod(&self, number: usize) -> impl Iterator<Item = &Reference> {
        let pods = self.all.get(..self.of_pods).unwrap_or_default();
        let first = pods.partition_point(|reference| reference.pod < Some(number));
        pods.get(first..).unwrap_or_default().iter().take_while(move |reference| reference.pod == Some(number))
    }
}

/// The names in a pod's spec that is a value.
#[must_use]
pub fn in_pod_spec(spec: &Value) -> Vec<PodReference> {
    let mut all = Vec::new();
    let mut reader = Reader { object: 0, pod: None, container: None, out: &mut all };
    for group in POD {
        reader.read(spec, "", group.under, group.rows);
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for (pointer, container) in walk(spec, &format!("/{list}/*")) {
            for group in CONTAINER {
                reader.read(container, &pointer, group.under, group.rows);
            }
        }
    }
    let plain =
        |Reference { pointer, group, kind, name, cluster, .. }| PodReference { pointer, group, kind, name, cluster };
    all.into_iter().map(plain).collect()
}

fn of_pod(number: usize, pod: &Pod, object: &Object<'_>, out: &mut Vec<Reference>) {
    let Some(spec) = pod.spec_node(object) else { return };
    let mut reader = Reader { object: object.id(), pod: Some(number), container: None, out };
    for group in POD {
        reader.read(spec, &pod.spec, group.under, group.rows);
    }
    for container in pod.containers(object) {
        let Some(node) = container.node(object) else { continue };
        reader.container = Some(container.name);
        for group in CONTAINER {
            reader.read(node, &container.pointer, group.under, group.rows);
        }
    }
    // Kinds with claims of their own for each pod name the Service that gives the pods their hosts.
    if pod.claims.is_some() {
        reader.container = None;
        let row = Row {
            path: "/spec/serviceName",
            to: To::Kind("", "Service"),
            relation: Relation::Needs,
            place: Base::Own,
            parts: &[],
            subject: "`serviceName` names",
        };
        reader.read(object.root(), "", "", &[row]);
    }
}

/// Reads names by rows of the table.
struct Reader<'o> {
    object: ObjectId,
    pod: Option<usize>,
    container: Option<String>,
    out: &'o mut Vec<Reference>,
}

impl<'o> Reader<'o> {
    fn of(object: &Object<'_>, out: &'o mut Vec<Reference>) -> Self {
        Self { object: object.id(), pod: None, container: None, out }
    }

    /// Reads what is under a pattern of `node`, which is at the pointer `base`.
    fn read<T: Tree>(&mut self, node: T, base: &str, under: &str, rows: &[Row<'_>]) {
        for (at, item) in walk(node, under) {
            for row in rows {
                // The API takes the old field for none where the new one stands.
                if row.path == "/serviceAccount" && item.child("serviceAccountName").is_some() {
                    continue;
                }
                self.row(item, &format!("{base}{at}"), row);
            }
        }
    }

    fn row<T: Tree>(&mut self, item: T, base: &str, row: &Row<'_>) {
        let (holder, last) = row.path.rsplit_once('/').unwrap_or(("", row.path));
        for (at, holder) in walk(item, holder) {
            for (end, node) in walk(holder, &format!("/{last}")) {
                let Some(text) = node.text() else { continue };
                let (before, name) = match text.split_once('/').filter(|_| row.place == Base::Before) {
                    Some((before, name)) => (Some(before.to_owned()), name.to_owned()),
                    None => (None, text),
                };
                let Some((group, kind)) = kind(row.to, holder, item).filter(|_| !name.is_empty()) else { continue };
                let beside = || Some(holder.child("namespace")?.text()?).filter(|namespace| !namespace.is_empty());
                let namespace = if row.place == Base::Beside { beside() } else { before };
                let parts = row.parts.iter().flat_map(|part| walk(holder, part)).collect::<Vec<_>>();
                // The AWS controller reads such a backend from an annotation.
                if parts.iter().any(|(_, part)| part.text().as_deref() == Some("use-annotation")) {
                    continue;
                }
                self.out.push(Reference {
                    object: self.object,
                    pod: self.pod,
                    container: self.container.clone(),
                    pointer: format!("{base}{at}{end}"),
                    relation: row.relation,
                    group,
                    kind,
                    name,
                    namespace,
                    cluster: row.place == Base::Cluster,
                    optional: holder.child("optional").is_some_and(Tree::is_true),
                    parts: parts.into_iter().map(|(part, _)| format!("{base}{at}{part}")).collect(),
                    under: base.len(),
                    subject: row.subject,
                });
            }
        }
    }
}

/// The group and kind that a name in `holder` is for; `rule` is what the rows are under.
fn kind<T: Tree>(to: To<'_>, holder: T, rule: T) -> Option<(String, String)> {
    let text = |key: &str| holder.child(key).and_then(Tree::text).filter(|text| !text.is_empty());
    let given = || text("kind").or_else(|| text("type"));
    let is_group = |group: &str| text("group").is_none_or(|own| own == group);
    let known = |kinds: &[&str], kind: &str| {
        kinds.contains(&kind).then(|| kind.strip_prefix("argo.").unwrap_or(kind).to_owned())
    };
    let found = |group: &str, kind: String| Some((group.to_owned(), kind));
    match to {
        To::Kind(group, kind) => found(group, kind.to_owned()),
        To::Among(group, kinds) => {
            let kind = given().or_else(|| kinds.first().map(|kind| (*kind).to_owned()))?;
            found(group, known(kinds, &kind).filter(|_| is_group(group))?)
        }
        To::OneOf(group, kinds) => found(group, known(kinds, &given()?).filter(|_| is_group(group))?),
        To::Any => {
            let (kind, api_version) = (text("kind")?, text("apiVersion")?);
            found(group_of(&api_version), kind)
        }
        To::Resource(resource, kind) => {
            let lists = walk(rule, "/resources/*").into_iter().filter_map(|(_, one)| one.text());
            found("", kind.to_owned()).filter(|_| { lists }.any(|one| one == resource))
        }
    }
}

impl<'a> Facts<'a> {
    /// Whether an object may be where a reference looks.
    fn is_near(self, reference: &Reference, object: &Object<'_>, near: Near) -> bool {
        let from = || self.stream.object(reference.object);
        match &reference.namespace {
            _ if reference.cluster => true,
            Some(namespace) => near.within(object, namespace),
            None => from().is_some_and(|from| near.share(&from, object)),
        }
    }

    /// Follows a reference. What is certainly in the same namespace goes before what only may be.
    #[must_use]
    pub fn follow(self, reference: &Reference, near: Near) -> Answer {
        let here = self.candidates(reference, near);
        if !here.is_empty() {
            return Answer::Here(here.iter().map(Object::id).collect());
        }
        let Reference { kind, name, namespace, .. } = reference;
        let is_made = || self.makers_of(reference, near).iter().any(|maker| maker.made.creates);
        let is_foreign = || namespace.as_ref().is_some_and(|namespace| !self.has_namespace(namespace));
        let elsewhere = name.is_empty() || !is_name(name) || is_well_known(kind, name) || is_made() || is_foreign();
        if elsewhere { Answer::Elsewhere } else { Answer::Nowhere }
    }

    fn candidates(self, reference: &Reference, near: Near) -> Vec<Object<'a>> {
        let Reference { group, kind, name, namespace, .. } = reference;
        let Some(from) = self.stream.object(reference.object) else { return Vec::new() };
        let named = || self.stream.named(group, kind, name);
        let certain = match namespace {
            _ if reference.cluster => named().collect(),
            Some(namespace) => nearest(named(), namespace),
            None => beside(named(), &from),
        };
        let mut here: Vec<_> = named().filter(|object| self.is_near(reference, object, near)).collect();
        if !certain.is_empty() {
            here = certain;
            if let Some(one) = choose(&from, &here, name) {
                here = vec![one];
            }
        }
        here
    }

    /// The one object that a reference certainly leads to.
    #[must_use]
    pub fn referent_of(self, reference: &Reference) -> Option<Object<'a>> {
        let from = self.stream.object(reference.object)?;
        let here = self.candidates(reference, Near::Certain);
        choose(&from, &here, &reference.name)
    }

    /// What makes the object that a reference leads to, or gives it keys; never that object itself.
    #[must_use]
    pub fn makers_of(self, reference: &Reference, near: Near) -> Vec<&'a Maker> {
        let Some(from) = self.stream.object(reference.object) else { return Vec::new() };
        let makers = self.makers().making(&reference.kind, &reference.name).filter(|_| reference.group.is_empty());
        makers.filter(|maker| maker.is_near(self, &from, reference.namespace.as_deref(), near)).collect()
    }

    /// The one object that a name in the pods of `from` leads to.
    #[must_use]
    pub fn named_in_pod(self, from: &Object<'_>, reference: &PodReference) -> Option<Object<'a>> {
        let PodReference { group, kind, name, cluster, .. } = reference;
        let named = self.stream.named(group, kind, name);
        let near = if *cluster { named.collect() } else { beside(named, from) };
        choose(from, &near, name)
    }

    /// The same, or what makes it.
    #[must_use]
    pub fn provider_in_pod(self, from: &Object<'_>, reference: &PodReference) -> Option<Object<'a>> {
        let PodReference { group, kind, name, .. } = reference;
        self.named_in_pod(from, reference).or_else(|| {
            let mut makers = self.makers().making(kind, name).filter(|_| group.is_empty());
            let maker = makers.find(|maker| maker.is_near(self, from, None, Near::Certain))?;
            self.stream.object(maker.object?)
        })
    }

    /// Whether any object is, or was before earlier kustomizations, in a namespace.
    #[must_use]
    pub fn has_namespace(self, namespace: &str) -> bool {
        self.namespaces().binary_search_by(|own| own.as_str().cmp(namespace)).is_ok()
    }
}
