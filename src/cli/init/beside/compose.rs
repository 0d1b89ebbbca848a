//! Compose files: services with their image, user, ports, health check, volumes and limits.

use std::path::{Path, PathBuf};

use super::{Health, Image, without_tag};
use crate::cli::init::place::{At, Told};
use crate::text::line_of;
use crate::yaml::{Document, Node};

/// A service, and the Dockerfile that its image is built by.
pub(super) struct Service {
    pub(super) image: Image,
    pub(super) dockerfile: Option<PathBuf>,
}

/// The services of a compose file; `file` is how comments name it, `folder` where it lies.
pub(super) fn read(documents: &[Document], text: &str, file: &str, folder: &Path) -> Vec<Service> {
    let Some(services) = documents.first().and_then(|document| document.root().get("services")) else {
        return Vec::new();
    };
    let at = |node: Node<'_>| At::new(file, node.span().map_or(0, |span| line_of(text, span.start).0));
    services.entries().map(|(name, service)| one(&name, service, folder, &at)).collect()
}

fn one(name: &str, service: Node<'_>, folder: &Path, at: &dyn Fn(Node<'_>) -> At) -> Service {
    let written = |path: &[&str]| service.find(path).and_then(|node| Some(Told::new(scalar(node)?, at(node))));
    let mut image = Image { at: at(service), names: vec![name.to_owned()], ..Image::default() };
    let build = service.get("build");
    image.names.extend(written(&["image"]).map(|image| without_tag(&image.value).to_owned()));
    image.user = written(&["user"]);
    for (node, is_open) in
        ["expose", "ports"].into_iter().zip([false, true]).filter_map(|(key, open)| Some((service.get(key)?, open)))
    {
        for item in node.items() {
            let text = item.get("target").and_then(scalar).or_else(|| scalar(item)).unwrap_or_default();
            // `127.0.0.1:8080:80/tcp`: the last number is the container's.
            let port = text.split('/').next().and_then(|text| text.rsplit(':').next()?.parse().ok());
            image.ports.extend(port.map(|port| Told::new(port, at(item))));
            image.published.extend(is_open.then(|| at(item)));
        }
    }
    image.health = service.find(&["healthcheck", "test"]).map(|test| {
        let words: Vec<String> = test.items().filter_map(scalar).chain(scalar(test)).collect();
        Told::new(Health::of(&words.join(" ")), at(test))
    });
    for item in service.get("volumes").into_iter().flat_map(Node::items) {
        let target = match item.get("target").and_then(scalar) {
            Some(target) => Some(target),
            None => scalar(item).and_then(|text| text.split(':').find(|part| part.starts_with('/')).map(str::to_owned)),
        };
        image.volumes.extend(target.map(|path| Told::new(path, at(item))));
    }
    for (field, from) in [("limits", "limits"), ("requests", "reservations")] {
        for (resource, key) in [("cpu", "cpus"), ("memory", "memory")] {
            let told = written(&["deploy", "resources", from, key]);
            let told = told.and_then(|told| Some(Told::new(quantity(resource, &told.value)?, told.at)));
            image.amounts.extend(told.map(|told| (field, resource, told)));
        }
    }
    let context = build.and_then(|build| scalar(build).or_else(|| build.get("context").and_then(scalar)));
    let own = build.and_then(|build| build.get("dockerfile").and_then(scalar));
    let dockerfile = context.map(|context| folder.join(context).join(own.as_deref().unwrap_or("Dockerfile")));
    Service { image, dockerfile }
}

fn scalar(node: Node<'_>) -> Option<String> {
    let text =
        node.as_str().map(std::borrow::Cow::into_owned).or_else(|| node.as_int().map(|number| number.to_string()));
    // A number with a fraction is as it is written.
    text.or_else(|| {
        node.source().filter(|_| node.entries().next().is_none() && node.items().next().is_none()).map(str::to_owned)
    })
}

/// An amount of compose as Kubernetes writes it; `None` for what is none, such as a variable.
fn quantity(resource: &str, text: &str) -> Option<String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(number.len()..)?.to_ascii_lowercase();
    number.parse::<f64>().ok()?;
    // Compose counts in powers of two, whatever the unit is called.
    let unit = match (resource, unit.as_str()) {
        ("cpu", "") | (_, "" | "b") => "",
        ("memory", "k" | "kb" | "kib") => "Ki",
        ("memory", "m" | "mb" | "mib") => "Mi",
        ("memory", "g" | "gb" | "gib") => "Gi",
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn services_tell_of_images() {
        let text = "\
services:
  api:
    build: {context: ./api, dockerfile: Dockerfile.prod}
    image: ghcr.io/example/shop-api:1.2
    user: \"1000\"
    ports: [\"127.0.0.1:8080:8000/tcp\"]
    expose: [9090]
    volumes: [\"data:/data:rw\", {type: tmpfs, target: /tmp}]
    healthcheck:
      test: [CMD, curl, -f, http://localhost:8000/health]
    deploy: {resources: {limits: {cpus: 0.5, memory: 512M}, reservations: {memory: \"${MEM}\"}}}
";
        let documents = crate::yaml::parse(&Arc::new(text.to_owned())).unwrap();
        let services = read(&documents, text, "compose.yaml", Path::new("/x"));
        let Service { image, dockerfile } = &services[0];
        let at = |line| At::new("compose.yaml", line);
        assert_eq!(dockerfile.as_deref(), Some(Path::new("/x/./api/Dockerfile.prod")));
        assert_eq!(image.names, ["api", "ghcr.io/example/shop-api"]);
        assert_eq!(image.user, Some(Told::new("1000".to_owned(), at(5))));
        assert_eq!(image.ports, [Told::new(9090, at(7)), Told::new(8000, at(6))]);
        assert_eq!(image.published, [at(6)]);
        assert_eq!(image.volumes, ["/data", "/tmp"].map(|path| Told::new(path.to_owned(), at(8))));
        assert_eq!(
            image.health,
            Some(Told::new(Health::Http { path: "/health".to_owned(), port: Some(8000) }, at(10)))
        );
        let amounts = [("limits", "cpu", "0.5"), ("limits", "memory", "512Mi")];
        assert_eq!(
            image.amounts,
            amounts.map(|(field, resource, text)| (field, resource, Told::new(text.to_owned(), at(11))))
        );
    }
}
