//! What pods find in their cluster: ConfigMaps, Secrets, names of other programs. From the first two the kubelet makes
//! a container's environment (`makeEnvironmentVariables`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVarSource, Secret};
use serde_json::Value;

use crate::common::Folder;
use crate::container::Volumes;

type Data = BTreeMap<String, String>;

pub struct Cluster {
    pub config_maps: BTreeMap<String, Data>,
    pub secrets: BTreeMap<String, Data>,
    /// Goes with the cluster; holds the file of names, and what programs store.
    pub folder: Folder,
}

impl Cluster {
    /// With the ConfigMaps and Secrets of a stream.
    pub fn of(objects: &[Value]) -> Self {
        let mut cluster =
            Self { config_maps: BTreeMap::new(), secrets: BTreeMap::new(), folder: Folder::new("kubelet") };
        for object in objects {
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            if object["kind"] == "ConfigMap" {
                let read: ConfigMap = serde_json::from_value(object.clone()).unwrap();
                cluster.config_maps.insert(name, read.data.unwrap_or_default());
            } else if object["kind"] == "Secret" {
                // kustomize breaks long data into lines, and the API reads over that.
                let mut object = object.clone();
                for (_, value) in object["data"].as_object_mut().into_iter().flatten() {
                    *value = value.as_str().unwrap().replace('\n', "").into();
                }
                let read: Secret = serde_json::from_value(object).unwrap();
                let text = |(key, value): (String, k8s_openapi::ByteString)| (key, String::from_utf8(value.0).unwrap());
                let data = read.data.unwrap_or_default().into_iter().map(text);
                cluster.secrets.insert(name, data.chain(read.string_data.unwrap_or_default()).collect());
            }
        }
        cluster.names(&[]);
        cluster
    }

    /// The volumes of the pod that runs here: there is one at a time.
    pub fn volumes(&self) -> Volumes {
        Volumes::of(self.folder.0.join("volumes"))
    }

    /// Where a container's last process says why it ends.
    pub fn log(&self, container: &str) -> PathBuf {
        self.folder.0.join(format!("{container}.log"))
    }

    /// The file that plays the cluster's DNS.
    pub fn names_file(&self) -> PathBuf {
        self.folder.0.join("names")
    }

    /// Which programs can be reached: `host:port` as other programs say it, and the port on this machine.
    pub fn names(&self, names: &[(&str, u16)]) {
        let lines: String = names.iter().map(|(name, port)| format!("{name} {port}\n")).collect();
        // Programs read it while it is written: it is replaced, never half there.
        let new = self.folder.write("names.new", lines);
        std::fs::rename(new, self.names_file()).unwrap();
    }

    /// The environment of a container, or what holds it in `CreateContainerConfigError`.
    pub fn environment(&self, container: &Container) -> Result<Data, String> {
        let mut out = Data::new();
        for source in container.env_from.iter().flatten() {
            let prefix = source.prefix.as_deref().unwrap_or_default();
            let (kind, name, optional, found) = match (&source.config_map_ref, &source.secret_ref) {
                (Some(map), _) => ("configmap", &map.name, map.optional, self.config_maps.get(&map.name)),
                (_, Some(secret)) => ("secret", &secret.name, secret.optional, self.secrets.get(&secret.name)),
                _ => continue,
            };
            match found {
                Some(data) => out.extend(data.iter().map(|(key, value)| (format!("{prefix}{key}"), value.clone()))),
                None if optional == Some(true) => {}
                None => return Err(format!("{kind} \"{name}\" not found")),
            }
        }
        for variable in container.env.iter().flatten() {
            let value = match (variable.value.as_deref().unwrap_or_default(), &variable.value_from) {
                ("", Some(source)) => match self.value_of(source)? {
                    Some(value) => value,
                    None => continue,
                },
                (value, _) => expand(value, &out),
            };
            out.insert(variable.name.clone(), value);
        }
        Ok(out)
    }

    fn value_of(&self, source: &EnvVarSource) -> Result<Option<String>, String> {
        let (kind, name, key, optional, found) = match (&source.config_map_key_ref, &source.secret_key_ref) {
            (Some(of), _) => ("configmap", &of.name, &of.key, of.optional, self.config_maps.get(&of.name)),
            (_, Some(of)) => ("secret", &of.name, &of.key, of.optional, self.secrets.get(&of.name)),
            _ => panic!("this runner has no downward API and no files for environments"),
        };
        match found.map(|data| data.get(key)) {
            Some(Some(value)) => Ok(Some(value.clone())),
            _ if optional == Some(true) => Ok(None),
            Some(None) => Err(format!("couldn't find key {key} in {kind} {name}")),
            None => Err(format!("{kind} \"{name}\" not found")),
        }
    }
}

/// `$(NAME)` becomes the value of a variable before it, `$$` a dollar; anything else stays (`expansion.Expand`).
pub fn expand(text: &str, variables: &Data) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            match variables.get(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out + rest
}
