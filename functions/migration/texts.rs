//! A migration as it stands in the final stream, and the texts that its program reads: variables, arguments, files.

use std::borrow::Cow;

use super::loopback::Stands;
use super::program::{Jobs, Program};
use super::spec::{Form, Spec};
use krmor_core::facts;
use krmor_core::pods::Role;
use krmor_core::stream::{Object, Stream};
use krmor_yaml::Node;

/// Pointer of the containers of a Job.
pub(super) const OF_JOB: &str = "/spec/template/spec";

/// A migration of the final stream.
pub(super) struct Migration<'a> {
    pub(super) program: &'a Program,
    pub(super) workload: Object<'a>,
    /// The object that it stands in: the workload, or its Job.
    pub(super) holder: Object<'a>,
    pub(super) own: Reader<'a>,
}

/// A container with what its texts are found by.
pub(super) struct Reader<'a> {
    /// Whose namespace its ConfigMaps and Secrets are in.
    pub(super) workload: Object<'a>,
    /// Pointer of the container.
    pub(super) pointer: String,
    pub(super) container: Node<'a>,
    /// The spec of its pod.
    pub(super) pod: Node<'a>,
}

/// A text that the migration's program reads.
pub(super) struct Text<'a> {
    /// What it is, for messages: `` `DB_HOST` ``, `an argument`.
    pub(super) subject: String,
    /// Its name, for exceptions.
    pub(super) name: String,
    /// Where the migration names it.
    pub(super) pointer: String,
    pub(super) stands: Stands,
    /// The name of a variable, or the word before.
    pub(super) key: String,
    pub(super) content: Cow<'a, str>,
    pub(super) is_secret: bool,
}

impl<'a> Migration<'a> {
    pub(super) fn of(spec: &Spec, program: &'a Program, jobs: &Jobs, stream: &'a Stream) -> Option<Self> {
        let workload = stream.object(program.pod.object)?;
        let (holder, pointer, pod) = match spec.form {
            Form::InitContainer => {
                let is_it =
                    |one: &krmor_core::pods::Container| one.role == Role::Init && one.name == spec.name.as_str();
                let container = program.pod.containers(&workload).into_iter().find(is_it)?;
                (workload, container.pointer, program.pod.spec_node(&workload)?)
            }
            Form::Job => {
                let [job] = program.jobs(jobs, stream)[..] else { return None };
                let job = stream.object(job)?;
                let pod = job.root().at_pointer(OF_JOB)?;
                let is_it =
                    |one: Node<'_>| one.get("name").and_then(Node::as_str).as_deref() == Some(spec.name.as_str());
                let at = pod.get("containers")?.items().position(is_it)?;
                (job, format!("{OF_JOB}/containers/{at}"), pod)
            }
        };
        let container = holder.root().at_pointer(&pointer)?;
        Some(Self { program, workload, holder, own: Reader { workload, pointer, container, pod } })
    }
}

impl<'a> Reader<'a> {
    /// The texts that its program reads, as far as the stream has them.
    pub(super) fn texts(&self, stream: &'a Stream) -> Vec<Text<'a>> {
        let mut out = Vec::new();
        self.variables(stream, &mut out);
        for list in ["command", "args"] {
            let mut before = String::new();
            for (at, word) in self.container.get(list).into_iter().flat_map(Node::items).enumerate() {
                let Some(text) = word.as_str() else { continue };
                let key = std::mem::replace(&mut before, text.to_string());
                out.push(Text {
                    subject: "a word of its command".to_owned(),
                    name: list.to_owned(),
                    pointer: format!("{}/{list}/{at}", self.pointer),
                    stands: Stands::Word,
                    key: if key.starts_with('-') { key } else { String::new() },
                    content: text,
                    is_secret: false,
                });
            }
        }
        self.files(stream, &mut out);
        out
    }

    fn variables(&self, stream: &'a Stream, out: &mut Vec<Text<'a>>) {
        for (at, source) in self.container.get("envFrom").into_iter().flat_map(Node::items).enumerate() {
            let prefix = source.get("prefix").and_then(Node::as_str).unwrap_or_default();
            for (key, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                let Some(name) = source.find(&[key, "name"]).and_then(Node::as_str) else { continue };
                let pointer = format!("{}/envFrom/{at}/{key}/name", self.pointer);
                for (key, text) in self.content(stream, kind, &name) {
                    out.push(variable(format!("{prefix}{key}"), pointer.clone(), text, kind == "Secret"));
                }
            }
        }
        for (at, item) in self.container.get("env").into_iter().flat_map(Node::items).enumerate() {
            let Some(name) = item.get("name").and_then(Node::as_str) else { continue };
            // What stands in `env` takes the place of what `envFrom` gives.
            out.retain(|text| text.key != name);
            let pointer = format!("{}/env/{at}", self.pointer);
            if let Some(text) = item.get("value").and_then(Node::as_str) {
                out.push(variable(name.into_owned(), format!("{pointer}/value"), text, false));
                continue;
            }
            for (key, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
                let Some(source) = item.find(&["valueFrom", key]) else { continue };
                let (Some(of), Some(wanted)) =
                    (source.get("name").and_then(Node::as_str), source.get("key").and_then(Node::as_str))
                else {
                    continue;
                };
                let found = self.content(stream, kind, &of).into_iter().find(|(key, _)| *key == wanted);
                let pointer = format!("{pointer}/valueFrom/{key}");
                out.extend(found.map(|(_, text)| variable(name.to_string(), pointer, text, kind == "Secret")));
            }
        }
    }

    /// What is mounted of ConfigMaps and Secrets.
    fn files(&self, stream: &'a Stream, out: &mut Vec<Text<'a>>) {
        for (at, mount) in self.container.get("volumeMounts").into_iter().flat_map(Node::items).enumerate() {
            let Some(volume) = mount.get("name").and_then(Node::as_str).and_then(|name| self.volume(&name)) else {
                continue;
            };
            let of_projected = volume.find(&["projected", "sources"]).into_iter().flat_map(Node::items);
            for source in std::iter::once(volume).chain(of_projected) {
                for (path, kind) in [
                    (["configMap", "name"], "ConfigMap"),
                    (["secret", "secretName"], "Secret"),
                    (["secret", "name"], "Secret"),
                ] {
                    let Some(name) = source.find(&path).and_then(Node::as_str) else { continue };
                    for (key, text) in self.content(stream, kind, &name) {
                        out.push(Text {
                            subject: format!("the file `{key}` of {kind} {name}"),
                            name: key.into_owned(),
                            pointer: format!("{}/volumeMounts/{at}", self.pointer),
                            stands: Stands::File,
                            key: String::new(),
                            content: text,
                            is_secret: kind == "Secret",
                        });
                    }
                }
            }
        }
    }

    /// A volume of its pod.
    pub(super) fn volume(&self, name: &str) -> Option<Node<'a>> {
        let is_it = |volume: &Node<'_>| volume.get("name").and_then(Node::as_str).as_deref() == Some(name);
        self.pod.get("volumes")?.items().find(is_it)
    }

    fn content(&self, stream: &'a Stream, kind: &str, name: &str) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let Some(object) = facts::referent(stream, &self.workload, "", kind, name) else { return Vec::new() };
        let mut out = Vec::new();
        // What stands in `stringData` takes the place of what stands in `data`.
        let plain = object.root().get("stringData");
        for list in ["data", "stringData"] {
            for (key, value) in object.root().get(list).into_iter().flat_map(Node::entries) {
                let is_replaced = list == "data" && plain.is_some_and(|plain| plain.get(&key).is_some());
                let Some(text) = value.as_str().filter(|_| !is_replaced) else { continue };
                let text = match kind == "Secret" && list == "data" {
                    true => Cow::Owned(decoded(&text).unwrap_or_default()),
                    false => text,
                };
                out.push((key, text));
            }
        }
        out
    }
}

fn variable(name: String, pointer: String, text: Cow<'_, str>, is_secret: bool) -> Text<'_> {
    let subject = format!("`{name}`");
    Text { subject, name: name.clone(), pointer, stands: Stands::Variable, key: name, content: text, is_secret }
}

/// The text behind base64.
fn decoded(text: &str) -> Option<String> {
    let (mut out, mut bits, mut number) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        number = (number << 6 | u32::from(six)) & 0x00ff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(number >> bits & 0xff).unwrap_or_default());
        }
    }
    String::from_utf8(out).ok()
}
