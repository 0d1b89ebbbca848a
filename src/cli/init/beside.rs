//! What lies beside the manifests and tells of their images: Dockerfiles, compose files, image configs.

mod compose;
mod dockerfile;
mod health;
mod oci;
mod search;

use super::place::{At, Told};

pub(super) use self::health::Health;
pub(super) use self::search::{is_compose, search};

/// What a file tells of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// What it may be called: an image without its tag, a service of compose, a folder.
    pub(super) names: Vec<String>,
    /// Where it is told of.
    pub(super) at: At,
    pub(super) user: Option<Told<String>>,
    pub(super) ports: Vec<Told<u16>>,
    pub(super) health: Option<Told<Health>>,
    pub(super) volumes: Vec<Told<String>>,
    /// Limits and requests of compose: the field of `Resources`, the resource and the quantity.
    pub(super) amounts: Vec<(&'static str, &'static str, Told<String>)>,
    /// Ports that compose opens to the outside.
    pub(super) published: Vec<At>,
}

impl Image {
    /// Takes over what it does not say itself.
    fn complete(&mut self, other: &Image) {
        self.names.extend(other.names.iter().cloned());
        self.user = self.user.take().or_else(|| other.user.clone());
        self.health = self.health.take().or_else(|| other.health.clone());
        self.ports.extend(other.ports.iter().cloned());
        self.volumes.extend(other.volumes.iter().cloned());
    }

    /// Whether it goes by the name of an image, of a container or of a workload.
    fn is(&self, image: &str, others: &[&str]) -> bool {
        let image = without_tag(image);
        let last = last_part(image);
        let named = |name: &String| name == image || name == last || last_part(name) == last;
        self.names.iter().any(|name| named(name) || others.contains(&name.as_str()))
    }
}

/// What the files tell of an image: of all that go by its name, the first that says something counts.
pub(super) fn of(images: &[Image], image: &str, others: &[&str]) -> Image {
    let mut out = Image::default();
    for one in images.iter().filter(|one| one.is(image, others)) {
        out.complete(one);
        out.amounts.extend(one.amounts.iter().cloned());
        out.published.extend(one.published.iter().cloned());
    }
    out
}

/// An image without tag and digest.
pub(super) fn without_tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
