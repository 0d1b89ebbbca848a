//! One object of a stream, and what it says of itself.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Location, ObjectId};
use crate::kube::group_of;
use crate::report::{Place, ResourceRef};
use krmor_yaml::Node;

/// One Kubernetes object of the stream, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    pub(super) id: ObjectId,
    pub(super) location: &'a Location,
    pub(super) root: Node<'a>,
    /// The text of its YAML document.
    pub(super) text: &'a str,
}

impl<'a> Object<'a> {
    /// Its index in the stream.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// Number of its document.
    #[must_use]
    pub fn document(&self) -> usize {
        self.location.document
    }

    /// Its pointer within its document: empty, or `/items/3` in a `List`.
    #[must_use]
    pub fn prefix(&self) -> &'a str {
        &self.location.prefix
    }

    /// Whether it stands inside an object which is no list, such as a `ManifestWork`.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.location.embedded
    }

    /// Whether it was read from a file, whose lines are then known.
    #[must_use]
    pub fn is_from_file(&self) -> bool {
        self.location.file.is_some()
    }

    /// Its content.
    #[must_use]
    pub fn root(&self) -> Node<'a> {
        self.root
    }

    /// The part of a pointer from its YAML document's root that leads on from the object.
    pub(crate) fn relative<'p>(&self, pointer: &'p str) -> Option<&'p str> {
        pointer.strip_prefix(self.location.inside.as_str())
    }

    /// A place in it, for findings: `pointer` is from the object's root.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Place {
        let pointer = format!("{}{pointer}", self.prefix());
        Place::Object { object: self.id, document: self.document(), pointer }
    }

    fn field(&self, path: &[&str]) -> Cow<'a, str> {
        self.root.find(path).and_then(Node::as_str).unwrap_or_default()
    }

    /// `apiVersion`; empty when there is none.
    #[must_use]
    pub fn api_version(&self) -> Cow<'a, str> {
        match (&self.location.implied, self.root.get("apiVersion")) {
            (Some((_, implied)), None) => Cow::Borrowed(implied),
            _ => self.field(&["apiVersion"]),
        }
    }

    /// `kind`; empty when there is none.
    #[must_use]
    pub fn kind(&self) -> Cow<'a, str> {
        match (&self.location.implied, self.root.get("kind")) {
            (Some((implied, _)), None) => Cow::Borrowed(implied),
            _ => self.field(&["kind"]),
        }
    }

    /// The API group: empty for the core group.
    #[must_use]
    pub fn group(&self) -> String {
        group_of(&self.api_version()).to_owned()
    }

    /// The API version without its group.
    #[must_use]
    pub fn version(&self) -> String {
        let api_version = self.api_version();
        api_version.split_once('/').map_or_else(|| api_version.to_string(), |(_, version)| version.to_owned())
    }

    /// `metadata.name`, or `metadata.generateName` followed by `*`.
    #[must_use]
    pub fn name(&self) -> Cow<'a, str> {
        let name = self.field(&["metadata", "name"]);
        if !name.is_empty() {
            return name;
        }
        match self.field(&["metadata", "generateName"]) {
            prefix if prefix.is_empty() => prefix,
            prefix => Cow::Owned(format!("{prefix}*")),
        }
    }

    /// `metadata.namespace`; empty when there is none.
    #[must_use]
    pub fn namespace(&self) -> Cow<'a, str> {
        self.field(&["metadata", "namespace"])
    }

    /// An annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<Cow<'a, str>> {
        self.root.find(&["metadata", "annotations", key]).and_then(Node::as_str)
    }

    /// A label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<Cow<'a, str>> {
        self.root.find(&["metadata", "labels", key]).and_then(Node::as_str)
    }

    /// The file that a renderer says it is from. It does not change, and every report of the object asks for it.
    fn origin(&self) -> Option<String> {
        self.location.origin.0.get_or_init(|| self.read_origin()).clone()
    }

    /// The file that a renderer says it is from: kustomize by `originAnnotations`, Helm by `# Source:` or an annotation.
    fn read_origin(&self) -> Option<String> {
        if let Some(origin) = self.annotation("config.kubernetes.io/origin") {
            let documents = krmor_yaml::parse(&Arc::new(origin.into_owned())).ok()?;
            let root = documents.first()?.root();
            let text = |key: &str| root.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
            // What a generator made has the file of the generator.
            let file = text("path").or_else(|| text("configuredIn"))?;
            return Some(match (text("repo"), text("ref")) {
                (Some(repo), Some(at)) => format!("{repo}//{file}?ref={at}"),
                (Some(repo), None) => format!("{repo}//{file}"),
                (None, _) => file.into_owned(),
            });
        }
        let head = self.text.lines().take_while(|line| line.is_empty() || line.starts_with(['#', '-']));
        let source = head.filter_map(|line| line.strip_prefix("# Source: ")).map(|file| file.trim().to_owned()).next();
        source.or_else(|| self.annotation("postrenderer.helm.sh/postrender-filename").map(Cow::into_owned))
    }

    /// How reports name it.
    #[must_use]
    pub fn reference(&self) -> ResourceRef {
        let either = |new: &str, old: &str| self.annotation(new).or_else(|| self.annotation(old)).map(Cow::into_owned);
        let (file, index) = match &self.location.file {
            Some((file, number)) => (Some(file.to_string()), u64::try_from(*number).ok()),
            None => (
                either("internal.config.kubernetes.io/path", "config.kubernetes.io/path").or_else(|| self.origin()),
                either("internal.config.kubernetes.io/index", "config.kubernetes.io/index")
                    .and_then(|text| text.parse().ok()),
            ),
        };
        ResourceRef {
            api_version: self.api_version().into_owned(),
            kind: self.kind().into_owned(),
            name: self.name().into_owned(),
            namespace: self.namespace().into_owned(),
            file,
            index,
        }
    }
}
