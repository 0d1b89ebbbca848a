//! Configs of images as `crane config`, `skopeo inspect --config`, `docker inspect` and OCI layouts have them.

use std::path::Path;

use serde_json::Value;

use super::{Health, Image, without_tag};
use crate::cli::init::place::{At, Told};

/// What a JSON file tells of images, if it is a config of one; `file` is how comments name it.
pub(super) fn config(value: &Value, file: &str) -> Vec<Image> {
    // `docker inspect` prints a list.
    let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let is_config = |one: &&Value| {
        ["config", "Config"].iter().any(|key| one.get(key).is_some_and(Value::is_object))
            && ["rootfs", "RootFS", "history"].iter().any(|key| one.get(key).is_some())
    };
    let stem = Path::new(file).file_name().and_then(|name| name.to_str()?.split('.').next()).unwrap_or_default();
    all.iter().filter(is_config).map(|one| of(one, vec![stem.to_owned()], file)).collect()
}

/// The images of an OCI layout.
pub(super) fn layout(folder: &Path, file: &str) -> Vec<Image> {
    let json = |path: &Path| -> Option<Value> { serde_json::from_slice(&std::fs::read(path).ok()?).ok() };
    let blob = |entry: &Value| {
        let (algorithm, hash) = entry.get("digest")?.as_str()?.split_once(':')?;
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_plain(algorithm) && is_plain(hash))
            .then(|| json(&folder.join("blobs").join(algorithm).join(hash)))
            .flatten()
    };
    let list = |value: &Value| value.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut out = Vec::new();
    for entry in json(&folder.join("index.json")).iter().flat_map(list) {
        let names = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
        let names = names.iter().filter_map(|key| entry.get("annotations")?.get(key)?.as_str());
        let names: Vec<String> = names.map(|name| without_tag(name).to_owned()).collect();
        let Some(manifest) = blob(&entry) else { continue };
        // An index of platforms: what they run as is the same.
        let inner = list(&manifest).first().and_then(blob);
        let config = inner.as_ref().unwrap_or(&manifest).get("config").and_then(blob);
        out.extend(config.map(|config| of(&config, names, file)));
    }
    out
}

fn of(value: &Value, mut names: Vec<String>, file: &str) -> Image {
    let config = value.get("config").or_else(|| value.get("Config")).unwrap_or(&Value::Null);
    let at = || At::new(file, 0);
    let keys = |key: &str| config.get(key).and_then(Value::as_object).into_iter().flat_map(|map| map.keys().cloned());
    let tags = value.get("RepoTags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    names.extend(tags.map(|tag| without_tag(tag).to_owned()));
    let title = config.get("Labels").and_then(|labels| labels.get("org.opencontainers.image.title")?.as_str());
    names.extend(title.map(str::to_owned));
    let test = config.get("Healthcheck").and_then(|health| health.get("Test")?.as_array());
    let command = test.map(|words| words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    let user = config.get("User").and_then(Value::as_str).filter(|user| !user.is_empty());
    Image {
        names,
        at: at(),
        user: user.map(|user| Told::new(user.to_owned(), at())),
        ports: keys("ExposedPorts")
            .filter_map(|key| key.split('/').next()?.parse().ok())
            .map(|port| Told::new(port, at()))
            .collect(),
        health: command.filter(|command| command != "NONE").map(|command| Told::new(Health::of(&command), at())),
        volumes: keys("Volumes").map(|path| Told::new(path, at())).collect(),
        ..Image::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_config_of_an_image_is_told_from_other_json() {
        let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {}, "config": {
            "User": "1001:0", "ExposedPorts": {"3000/tcp": {}}, "Volumes": {"/data": {}},
            "Healthcheck": {"Test": ["CMD-SHELL", "wget -qO- http://localhost:3000/up"]},
        }});
        let images = super::config(&config, "../ui.config.json");
        assert_eq!(images.len(), 1);
        let at = At::new("../ui.config.json", 0);
        assert_eq!(images[0].names, ["ui"]);
        assert_eq!(images[0].user, Some(Told::new("1001:0".to_owned(), at.clone())));
        assert_eq!(images[0].ports, [Told::new(3000, at.clone())]);
        assert_eq!(images[0].health.as_ref().unwrap().value, Health::Http { path: "/up".to_owned(), port: Some(3000) });
        assert_eq!(super::config(&json!({"config": {"User": "1"}, "name": "package"}), "package.json"), []);
    }
}
