//! `writablePaths`: size-limited emptyDirs in containers whose root filesystem is read-only.

use crate::security_context::rules;
use std::borrow::Cow;

use serde_json::json;

use super::fill::{Demands, is_read_only};
use super::judge::Judge;
use super::seed;
use super::spec::WritablePath;
use super::view::{ContainerView, Holder, View, value};
use krmor_core::report::{Class, Severity, Why};
use krmor_core::stream::{Action, Edit};
use krmor_yaml::Node;

/// The longest name that a volume may have.
const MAX_NAME: usize = 63;
/// Volumes whose mounts are read-only whatever they say.
const READ_ONLY: &[&str] = &["configMap", "downwardAPI", "image", "projected", "secret"];

/// Adds the volumes and mounts that are missing.
pub(super) fn writable_paths(demands: &Demands, view: &View<'_>, judge: &mut Judge<'_>) {
    let spec = judge.spec;
    if spec.writable_paths.is_empty() {
        return;
    }
    let mut names = Names::of(view);
    let mut seeded = Vec::new();
    for (place, container) in view.in_scope() {
        if !is_read_only(view, judge, place) || seed::seeds(container) {
            continue;
        }
        for path in &spec.writable_paths {
            match obstacle(view, container, path.path.as_str()) {
                None => {
                    if let Some(volume) = mount(view, judge, &mut names, place, path) {
                        fill_volume(demands, view, judge, place, path, &volume, &mut seeded);
                    }
                }
                Some(Obstacle::Writable) => {}
                Some(Obstacle::ReadOnly(at)) => {
                    let path = path.path.as_str();
                    let message =
                        format!("container `{}`: `{path}` stays read-only: its volume at `{at}` is", container.name);
                    let pointer = view.pointer(place, "/volumeMounts");
                    let remedy = "mount that volume elsewhere, or leave the path out for this container";
                    judge.report.add(&rules::WRITABLE_PATH, view.object.at(&pointer), message, remedy);
                }
            }
        }
    }
    judge.edits.extend(seeded.into_iter().map(|(_, edit)| edit));
}

/// Fills a volume with what the image has at its path where the spec says so, or warns where the volume hides it.
fn fill_volume(
    demands: &Demands,
    view: &View<'_>,
    judge: &mut Judge<'_>,
    place: Holder,
    path: &WritablePath,
    volume: &str,
    seeded: &mut Vec<(String, Edit)>,
) {
    let (subject, at) = (view.subject(place), path.path.as_str());
    let pointer = view.pointer(place, "/volumeMounts");
    if !path.seed {
        if seed::has_content(at) {
            let message = format!("{subject}: the empty volume at `{at}` hides what the image has there");
            let remedy =
                "add `seed: true` to the path, which copies it first, or take a directory that the image leaves empty";
            judge.report.add(&rules::WRITABLE_PATH, view.object.at(&pointer), message, remedy);
        }
        return;
    }
    if seeded.iter().any(|(other, _)| other == volume) {
        return;
    }
    let Some(edit) = seed::edit(demands, view, judge, place, path, volume) else { return };
    seeded.push((volume.to_owned(), edit));
    if path.command.is_none() {
        let message = format!("{subject}: an init container of its image copies `{at}` by the image's own `cp`");
        let remedy = "give the path a `command` if the image has none";
        let place = view.object.at(&pointer);
        judge.report.add_as(Severity::Info, &rules::WRITABLE_PATH, place, message, remedy);
    }
}

/// The names of volumes that the pod uses, and of those that are being added.
struct Names {
    taken: Vec<String>,
    added: Vec<String>,
}

impl Names {
    fn of(view: &View<'_>) -> Self {
        let of_volumes = view.spec.get("volumes").into_iter().flat_map(Node::items);
        // A claim template takes the place of a volume of the same name; some kinds keep theirs where only mounts tell.
        let keys = ["volumeMounts", "volumeDevices"];
        let lists = view.containers.iter().flat_map(|container| keys.map(|key| container.fields.get(key)));
        let of_mounts = lists.flatten().flat_map(Node::items);
        let claims = view.pod.claims.and_then(|pointer| view.object.root().at_pointer(pointer));
        let of_claims = claims.into_iter().flat_map(Node::items).filter_map(|claim| claim.get("metadata"));
        let items = of_volumes.chain(of_mounts).chain(of_claims);
        Self {
            taken: items.filter_map(|item| item.get("name")?.as_str().map(Cow::into_owned)).collect(),
            added: Vec::new(),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.taken.iter().chain(&self.added).any(|taken| taken == name)
    }

    /// A free name for a container's volume at `path`: `/var/cache` of `web` is `var-cache-web`.
    fn free(&self, path: &str, container: &str) -> String {
        let mut base = String::new();
        for c in path.chars().chain(['/']).chain(container.chars()) {
            match c.to_ascii_lowercase() {
                c if c.is_ascii_alphanumeric() => base.push(c),
                _ if !base.is_empty() && !base.ends_with('-') => base.push('-'),
                _ => {}
            }
        }
        let mut number = 1;
        loop {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let cut = base.get(..MAX_NAME - suffix.len()).unwrap_or(&base).trim_end_matches('-');
            let name = [cut, &suffix].concat();
            if !self.has(&name) {
                return name;
            }
            number += 1;
        }
    }
}

/// What already is where a path should be writable.
enum Obstacle {
    Writable,
    /// At this path.
    ReadOnly(String),
}

/// The container's innermost mount that holds `path`.
fn obstacle(view: &View<'_>, container: &ContainerView<'_>, path: &str) -> Option<Obstacle> {
    let list = |key| container.fields.get(key).into_iter().flat_map(Node::items);
    let text = |item: Node<'_>, key: &str| item.get(key).and_then(Node::as_str).map(Cow::into_owned);
    if list("volumeDevices").any(|device| text(device, "devicePath").as_deref() == Some(path)) {
        return Some(Obstacle::ReadOnly(path.to_owned()));
    }
    let mounts = list("volumeMounts").filter_map(|mount| Some((text(mount, "mountPath")?, mount)));
    let holds = |at: &str| {
        path.strip_prefix(at.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (at, mount) = mounts.filter(|(at, _)| holds(at)).max_by_key(|(at, _)| at.trim_end_matches('/').len())?;
    let name = text(mount, "name").unwrap_or_default();
    let is_read_only = value(Some(mount), "readOnly").and_then(Node::as_bool) == Some(true)
        || volume(view, &name).is_some_and(|volume| READ_ONLY.iter().any(|kind| value(Some(volume), kind).is_some()));
    Some(if is_read_only { Obstacle::ReadOnly(at) } else { Obstacle::Writable })
}

fn volume<'a>(view: &View<'a>, name: &str) -> Option<Node<'a>> {
    let volumes = view.spec.get("volumes").into_iter().flat_map(Node::items);
    volumes.into_iter().find(|volume| volume.get("name").and_then(Node::as_str).as_deref() == Some(name))
}

/// Mounts the volume of a path; its name, if it is mounted.
fn mount(
    view: &View<'_>,
    judge: &mut Judge<'_>,
    names: &mut Names,
    place: Holder,
    path: &WritablePath,
) -> Option<String> {
    let container = view.container(place)?;
    if let Some(why) = seed::obstacle(view, judge, place).filter(|_| path.seed) {
        let message = format!(
            "container `{}`: `{}` stays read-only and is not filled: {why}",
            container.name,
            path.path.as_str()
        );
        let remedy = "leave the path out for this container, or fill a volume by an init container of your own";
        let pointer = view.pointer(place, "/volumeMounts");
        judge.report.add(&rules::WRITABLE_PATH, view.object.at(&pointer), message, remedy);
        return None;
    }
    let name = match &path.name {
        None => names.free(path.path.as_str(), &container.name),
        Some(name) => name.as_str().to_owned(),
    };
    // A volume of a given name may be there; then it must be what would be added.
    let is_empty_dir = volume(view, &name).is_some_and(|volume| value(Some(volume), "emptyDir").is_some());
    if names.taken.contains(&name) && !is_empty_dir {
        let message = format!("the volume `{name}` for `{}` exists and is no emptyDir", path.path.as_str());
        let pointer = view.pointer(Holder::Pod, "/volumes");
        let remedy = "give the writable path another name, or none";
        judge.report.add_as(Severity::Error, &rules::WRITABLE_PATH, view.object.at(&pointer), message, remedy);
        return None;
    }
    let reason = format!("`{}` stays writable under the read-only root filesystem", path.path.as_str());
    let why = Why { rule: &rules::WRITABLE_PATH, reason: Cow::Owned(reason), class: Class::Added };
    if !names.has(&name) {
        let volume = json!({"name": name, "emptyDir": {"sizeLimit": path.size_limit.as_str()}});
        let pointer = view.pointer(Holder::Pod, "/volumes");
        judge.edits.push(Edit { pointer, action: Action::Append(volume), why: why.clone() });
        names.added.push(name.clone());
    }
    let mount = json!({"name": name, "mountPath": path.path.as_str()});
    let pointer = view.pointer(place, "/volumeMounts");
    judge.edits.push(Edit { pointer, action: Action::Append(mount), why });
    Some(name)
}
