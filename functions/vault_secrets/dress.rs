//! What a converted Secret has beside its keys: labels, annotations, type, `immutable`. What gives the Secret its meaning
//! goes to the Secret that is made; what tells a tool how to apply an object goes to the object that makes it.

use serde_json::{Map, Value};

use super::rules;
use super::spec::Provider;
use super::template::escaped;
use krmor_core::fields;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::Object;
use krmor_yaml::{Kind, Node, escape_token};

/// What the Secret itself has.
#[derive(Clone, Debug, Default)]
pub(super) struct Dress {
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    pub(super) secret_type: Option<String>,
    pub(super) immutable: bool,
    /// Whether it stood in the stream: then it has these labels and annotations, and no others.
    stood: bool,
}

/// Notes of tools and of krmor's own kind: they say nothing of the Secret. kubectl's repeats its values.
const NOTES: &[&str] = &[
    "avp.kubernetes.io/",
    "config.k8s.io/",
    "config.kubernetes.io/",
    "internal.config.kubernetes.io/",
    "internal.kpt.dev/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.config.k8s.io/",
    "postrenderer.helm.sh/",
    "sealedsecrets.bitnami.com/",
];

/// Annotations for those who apply an object: the order, hooks, pruning.
const APPLIERS: &[&str] = &[
    "argocd.argoproj.io/compare-options",
    "argocd.argoproj.io/hook",
    "argocd.argoproj.io/hook-delete-policy",
    "argocd.argoproj.io/sync-options",
    "argocd.argoproj.io/sync-wave",
    "argocd.argoproj.io/tracking-id",
    "config.kubernetes.io/depends-on",
    "helm.sh/hook",
    "helm.sh/hook-delete-policy",
    "helm.sh/hook-weight",
    "helm.sh/resource-policy",
];

/// The same, by the group of their key: Flux and kapp.
const APPLIERS_GROUPS: &[&str] = &["kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "kapp.k14s.io/"];

/// Labels that the Vault Secrets Operator gives to each Secret that it makes, whatever is wanted.
const OWNED_BY_VSO: &[&str] =
    &["app.kubernetes.io/component", "app.kubernetes.io/managed-by", "app.kubernetes.io/name"];

/// Fields of metadata that the server writes, or that are kept otherwise.
const OTHER_METADATA: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
];

impl Dress {
    /// That of a Secret which the config declares.
    pub(super) fn of_type(secret_type: Option<String>) -> Self {
        Self { secret_type, ..Self::default() }
    }

    /// What stands in `metadata` of the Secret, and in `node` beside it.
    fn read(metadata: Option<Node<'_>>, node: Option<Node<'_>>) -> Self {
        let texts = |key: &str| -> Map<String, Value> {
            let entries = metadata.and_then(|metadata| metadata.get(key)).into_iter().flat_map(Node::entries);
            let text = |(key, value): (std::borrow::Cow<'_, str>, Node<'_>)| {
                Some((key.into_owned(), Value::String(value.as_str()?.into_owned())))
            };
            entries.filter_map(text).collect()
        };
        let of_secret = |key: &str| !is_note(key) && !is_for_appliers(key);
        let secret_type =
            node.and_then(|node| node.get("type")).and_then(Node::as_str).map(std::borrow::Cow::into_owned);
        Self {
            labels: texts("labels").into_iter().filter(|(key, _)| !is_note(key)).collect(),
            annotations: texts("annotations").into_iter().filter(|(key, _)| of_secret(key)).collect(),
            secret_type: secret_type.filter(|kind| kind != "Opaque" && !kind.is_empty()),
            immutable: node.and_then(|node| node.get("immutable")).and_then(Node::as_bool) == Some(true),
            stood: true,
        }
    }

    /// What a Secret of the stream has, if its provider can say all of it; what it cannot is reported.
    pub(super) fn of(object: &Object<'_>, provider: Provider, report: &mut Report) -> Option<Self> {
        let root = object.root();
        Self::read(root.get("metadata"), Some(root)).kept(object, "", provider, report)
    }

    /// What the Secret of a SealedSecret has.
    pub(super) fn of_sealed(object: &Object<'_>, provider: Provider, report: &mut Report) -> Option<Self> {
        let template = object.root().find(&["spec", "template"]);
        let metadata = template.and_then(|template| template.get("metadata"));
        Self::read(metadata, template).kept(object, "/spec/template", provider, report)
    }

    fn kept(mut self, object: &Object<'_>, base: &str, provider: Provider, report: &mut Report) -> Option<Self> {
        let mut fits = true;
        let metadata = object.root().at_pointer(&format!("{base}/metadata"));
        for (field, value) in metadata.into_iter().flat_map(Node::entries) {
            let is_empty = value.is_null()
                || value.kind() != Kind::Scalar && value.entries().next().is_none() && value.items().next().is_none();
            if !OTHER_METADATA.contains(&&*field) && !is_empty {
                let message = format!("the Secret that is made would lack its `{field}`");
                let at = object.at(&format!("{base}/metadata/{}", escape_token(&field)));
                report.add(&rules::NOT_KEPT, at, message, "remove it, or exclude the Secret");
                fits = false;
            }
        }
        if self.immutable && provider != Provider::ExternalSecrets {
            let message = format!("it is immutable, which `{}` cannot make a Secret", provider.name());
            let remedy = "remove `immutable` and delete the Secret in the cluster once, exclude it here, or take `provider: external-secrets`";
            report.add(&rules::NOT_KEPT, object.at(&format!("{base}/immutable")), message, remedy);
            fits = false;
        }
        if provider == Provider::Vso {
            let lost: Vec<String> =
                self.labels.keys().filter(|key| OWNED_BY_VSO.contains(&key.as_str())).cloned().collect();
            if let Some(first) = lost.first() {
                let names: Vec<String> = lost.iter().map(|key| format!("`{key}`")).collect();
                let message = format!(
                    "the operator gives each Secret that it makes its own {}, in place of those that stand here",
                    names.join(" and ")
                );
                let remedy = "see that nothing selects the Secret by it, or remove the label";
                let at = object.at(&format!("{base}/metadata/labels/{}", escape_token(first)));
                report.add_as(Severity::Warning, &rules::NOT_KEPT, at, message, remedy);
            }
            self.labels.retain(|key, _| !OWNED_BY_VSO.contains(&key.as_str()));
        }
        fits.then_some(self)
    }

    /// Takes over what is not said yet.
    pub(super) fn merge(&mut self, other: Dress) {
        for (own, more) in [(&mut self.labels, other.labels), (&mut self.annotations, other.annotations)] {
            for (key, value) in more {
                own.entry(key).or_insert(value);
            }
        }
        self.secret_type = self.secret_type.take().or(other.secret_type);
        self.immutable |= other.immutable;
        self.stood |= other.stood;
    }

    /// Labels and annotations as fields of two names; none that are empty.
    pub(super) fn texts(&self) -> [Option<Map<String, Value>>; 2] {
        [&self.labels, &self.annotations].map(|map| Some(map).filter(|map| !map.is_empty()).cloned())
    }

    /// The metadata of a template of the External Secrets Operator, which reads the values as templates. Without a template
    /// the operator would copy those of its own object.
    pub(super) fn template_metadata(&self) -> Option<Value> {
        let plain = |map: Map<String, Value>| -> Map<String, Value> {
            map.into_iter().map(|(key, value)| (key, escaped(value.as_str().unwrap_or_default()).into())).collect()
        };
        let [labels, annotations] = self.texts().map(|map| map.map(plain));
        self.stood.then(|| fields!({"labels": labels, "annotations": annotations}))
    }
}

/// What the object that makes a Secret has for those who apply it.
pub(super) fn for_appliers(object: &Object<'_>) -> Map<String, Value> {
    let all = object.root().find(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    let text = |(key, value): (std::borrow::Cow<'_, str>, Node<'_>)| {
        Some((key.into_owned(), Value::String(value.as_str()?.into_owned()))).filter(|(key, _)| is_for_appliers(key))
    };
    all.filter_map(text).collect()
}

fn is_note(key: &str) -> bool {
    NOTES.iter().any(|note| key.starts_with(note)) && !APPLIERS.contains(&key)
}

fn is_for_appliers(key: &str) -> bool {
    APPLIERS.contains(&key) || APPLIERS_GROUPS.iter().any(|group| key.starts_with(group))
}
