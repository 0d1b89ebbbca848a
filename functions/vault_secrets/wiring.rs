//! How containers get a Kubernetes Secret: `envFrom`, `env`, volumes.

use crate::vault_secrets::rules;
use krmor_core::report::Rule;
use serde_json::Value;

use super::csi;
use super::made::says;
use super::spec::{Provider, Secret, Spec, Wiring};
use super::values::AbsolutePath;
use super::want::User;
use krmor_core::fields;
use krmor_core::pods::Container;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object};
use krmor_yaml::Node;

/// The edits that give a pod's containers the secrets.
pub(super) fn edits(spec: &Spec, user: &User, object: &Object<'_>, report: &mut Report) -> Vec<Edit> {
    let mut wiring = Wires { spec, user, object, report, edits: Vec::new() };
    for secret in &spec.secrets {
        wiring.secret(secret);
    }
    wiring.edits
}

/// The directory in which a container finds a secret.
pub(super) fn mount_path(secret: &Secret) -> String {
    let default = || format!("/vault/secrets/{}", secret.name.as_str());
    secret.mount_path.as_ref().map(AbsolutePath::as_str).map_or_else(default, str::to_owned)
}

struct Wires<'a, 'r> {
    spec: &'a Spec,
    user: &'a User,
    object: &'a Object<'a>,
    report: &'r mut Report,
    edits: Vec<Edit>,
}

impl Wires<'_, '_> {
    fn secret(&mut self, secret: &Secret) {
        let name = secret.name.as_str();
        let is_csi = self.spec.provider == Provider::Csi;
        let containers = &self.user.containers;
        if is_csi && secret.wiring() != Wiring::None {
            // The driver makes the Secret when a pod mounts the volume.
            let volume = csi_volume(name);
            self.mount(name, &volume, "/csi/volumeAttributes/secretProviderClass", &mount_path(secret), containers);
        }
        for container in containers {
            match secret.wiring() {
                Wiring::EnvFrom => self.env_from(container, name),
                Wiring::Env => self.env(container, secret),
                Wiring::Files | Wiring::None => {}
            }
        }
        if secret.is_files() && !is_csi {
            let volume = fields!({"name": volume_name(name), "secret": fields!({"secretName": name})});
            self.mount(name, &volume, "/secret/secretName", &mount_path(secret), containers);
        }
    }

    fn push(&mut self, pointer: String, action: Action, rule: &'static Rule, class: Class) {
        let reason = match *rule == rules::SECRET_ENV {
            true => "the program reads its secrets from variables",
            false => "the program reads its secrets from files",
        };
        self.edits.push(Edit { pointer, action, why: Why { rule, reason: reason.into(), class } });
    }

    fn env_from(&mut self, container: &Container, name: &str) {
        let Some(node) = container.node(self.object) else { return };
        let list = node.get("envFrom");
        if !list.into_iter().flat_map(Node::items).any(|item| says(item, &["secretRef", "name"], name)) {
            let item = fields!({"secretRef": fields!({"name": name})});
            self.push(format!("{}/envFrom", container.pointer), Action::Append(item), &rules::SECRET_ENV, Class::Added);
        }
    }

    fn env(&mut self, container: &Container, secret: &Secret) {
        let Some(node) = container.node(self.object) else { return };
        let pointer = format!("{}/env", container.pointer);
        for key in secret.names() {
            let reference = fields!({"secretKeyRef": fields!({"name": secret.name.as_str(), "key": key})});
            let mut items = node.get("env").into_iter().flat_map(Node::items).enumerate();
            let Some((at, item)) = items.find(|(_, item)| says(*item, &["name"], key)) else {
                let item = fields!({"name": key, "valueFrom": reference});
                self.push(pointer.clone(), Action::Append(item), &rules::SECRET_ENV, Class::Added);
                continue;
            };
            let from = item.find(&["valueFrom", "secretKeyRef"]);
            let is_same =
                from.is_some_and(|from| says(from, &["name"], secret.name.as_str()) && says(from, &["key"], key));
            if is_same {
                continue;
            }
            if self.spec.overwrite {
                let item = fields!({"name": key, "valueFrom": reference});
                self.push(format!("{pointer}/{at}"), Action::Set(item), &rules::SECRET_ENV, Class::Overridden);
                continue;
            }
            let message = format!("container `{}` has a variable `{key}` of its own", container.name);
            let remedy = "remove the variable, so that it comes from Vault, or set `overwrite: true`";
            self.report.add(&rules::ENV_DIFFERS, self.object.at(&format!("{pointer}/{at}")), message, remedy);
        }
    }

    /// Adds a volume, unless the pod has one with the same at `is`, and its mounts.
    fn mount(&mut self, name: &str, volume: &Value, is: &str, path: &str, containers: &[Container]) {
        let pod = &self.user.selected.pod;
        let Some(spec) = pod.spec_node(self.object) else { return };
        let text = |node: Node<'_>, pointer: &str| {
            node.at_pointer(pointer).and_then(Node::as_str).map(std::borrow::Cow::into_owned)
        };
        let wanted = volume.pointer(is).and_then(Value::as_str).map(str::to_owned);
        let own = volume.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let volumes: Vec<Node<'_>> = spec.get("volumes").into_iter().flat_map(Node::items).collect();
        let there = volumes.iter().find(|node| text(**node, is) == wanted);
        let volume_name = there.and_then(|node| text(*node, "/name")).unwrap_or(own);
        let pointer = format!("{}/volumes", pod.spec);
        if there.is_none() {
            if let Some(at) = volumes.iter().position(|node| says(*node, &["name"], &volume_name)) {
                let message = format!("the volume `{volume_name}` is something else, and Secret {name} needs the name");
                let at = format!("{pointer}/{at}");
                return self.report.add(&rules::VOLUME_TAKEN, self.object.at(&at), message, "rename that volume");
            }
            self.push(pointer, Action::Append(volume.clone()), &rules::SECRET_FILES, Class::Added);
        }
        for container in containers {
            let mounts: Vec<Node<'_>> = container
                .node(self.object)
                .and_then(|node| node.get("volumeMounts"))
                .into_iter()
                .flat_map(Node::items)
                .collect();
            if mounts.iter().any(|mount| says(*mount, &["name"], &volume_name)) {
                continue;
            }
            let pointer = format!("{}/volumeMounts", container.pointer);
            let same = |mount: &Node<'_>| {
                mount.get("mountPath").and_then(Node::as_str).is_some_and(|there| there.trim_end_matches('/') == path)
            };
            if let Some(at) = mounts.iter().position(same) {
                let message = format!("container `{}` has something else at `{path}`", container.name);
                let remedy = "give the secret another `mountPath`";
                self.report.add(&rules::MOUNT_TAKEN, self.object.at(&format!("{pointer}/{at}")), message, remedy);
                continue;
            }
            let mount = fields!({"name": volume_name.as_str(), "mountPath": path, "readOnly": true});
            self.push(pointer, Action::Append(mount), &rules::SECRET_FILES, Class::Added);
        }
    }
}

fn volume_name(name: &str) -> String {
    let name: String = format!("vault-{}", name.replace('.', "-")).chars().take(63).collect();
    name.trim_end_matches('-').to_owned()
}

/// The volume by which the driver fetches a secret.
pub(super) fn csi_volume(name: &str) -> Value {
    let attributes = fields!({"secretProviderClass": name});
    let source = fields!({"driver": csi::DRIVER, "readOnly": true, "volumeAttributes": attributes});
    fields!({"name": volume_name(name), "csi": source})
}

/// The edits that mount a converted Secret's volume into the containers that use it.
pub(super) fn csi_edits(spec: &Spec, user: &User, object: &Object<'_>, name: &str, report: &mut Report) -> Vec<Edit> {
    let mut wires = Wires { spec, user, object, report, edits: Vec::new() };
    let path = format!("/vault/secrets/{name}");
    wires.mount(name, &csi_volume(name), "/csi/volumeAttributes/secretProviderClass", &path, &user.containers);
    wires.edits
}
