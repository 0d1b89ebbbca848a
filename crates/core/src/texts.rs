//! The texts that a container's program reads, as far as the stream has them: variables, words of its command, mounted files.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::addresses::{self, Address};
use crate::facts::{self, Facts, Near};
use crate::stream::{Object, Stream};
use krmor_yaml::{Node, base64};

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// As the value of a variable, or of a key that becomes one.
    Variable,
    /// As a word of a command line.
    Word,
    /// In a file.
    File,
}

/// The key of a ConfigMap or Secret that holds a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The key.
    pub key: String,
}

/// A text that a program reads.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    /// What it is, for messages: `` `DB_HOST` ``, `a word of its command`.
    pub subject: String,
    /// Its name, for exceptions.
    pub name: String,
    /// Where the container names it: a JSON Pointer from the object's root.
    pub pointer: String,
    /// Where it stands.
    pub stands: Stands,
    /// The name of a variable, or the word before.
    pub key: String,
    /// The text; of a Secret too, so it is in no message.
    pub content: Cow<'a, str>,
    /// Whether a part of it is from a Secret.
    pub is_secret: bool,
    /// What holds it, if that is no container.
    pub origin: Option<Origin>,
}

impl Text<'_> {
    /// Whether it is read by lines: a file, or a file or script in a variable or word.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.stands == Stands::File || self.content.trim_end().contains('\n')
    }

    /// Every address in it, in its order.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        match self.is_file() {
            true => addresses::in_file(&self.name, &self.content),
            false => addresses::of(&self.key, &self.content),
        }
    }

    /// Whether one of its addresses is listened at, or only compared with.
    #[must_use]
    pub fn only_compares(&self, address: &Address) -> bool {
        addresses::is_only_compared(&self.key) || addresses::is_only_compared(&address.key)
    }
}

/// A container with what its texts are found by.
pub struct Reader<'a> {
    /// Whose namespace its ConfigMaps and Secrets are in.
    pub workload: Object<'a>,
    /// Pointer of the container.
    pub pointer: String,
    /// The container.
    pub container: Node<'a>,
    /// The spec of its pod.
    pub pod: Node<'a>,
}

impl<'a> Reader<'a> {
    /// The texts that its program reads, as far as the stream has them.
    #[must_use]
    pub fn texts(&self, stream: &'a Stream) -> Vec<Text<'a>> {
        let mut out = Vec::new();
        let at = self.variables(stream, &mut out);
        for list in ["command", "args"] {
            let mut before = String::new();
            for (number, word) in self.container.get(list).into_iter().flat_map(Node::items).enumerate() {
                let Some(text) = word.as_str() else { continue };
                let key = std::mem::replace(&mut before, text.to_string());
                let (content, is_secret) = expanded(text, &at, &out);
                out.push(Text {
                    subject: "a word of its command".to_owned(),
                    name: list.to_owned(),
                    pointer: format!("{}/{list}/{number}", self.pointer),
                    stands: Stands::Word,
                    key: if key.starts_with('-') { key } else { String::new() },
                    content,
                    is_secret,
                    origin: None,
                });
            }
        }
        self.files(stream, &at, &mut out);
        out
    }

    /// Adds the variables; where each stands among the texts, by its name.
    fn variables(&self, stream: &'a Stream, out: &mut Vec<Text<'a>>) -> BTreeMap<String, usize> {
        let mut at = BTreeMap::new();
        // Of a name that comes more than once the last counts, and `env` before `envFrom`.
        let put = |text: Text<'a>, out: &mut Vec<Text<'a>>, at: &mut BTreeMap<String, usize>| {
            let place = *at.entry(text.key.clone()).or_insert(out.len());
            match out.get_mut(place) {
                Some(there) => *there = text,
                None => out.push(text),
            }
        };
        for (number, source) in self.container.get("envFrom").into_iter().flat_map(Node::items).enumerate() {
            let prefix = source.get("prefix").and_then(Node::as_str).unwrap_or_default();
            for (key, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                let Some(name) = source.find(&[key, "name"]).and_then(Node::as_str) else { continue };
                let pointer = format!("{}/envFrom/{number}/{key}/name", self.pointer);
                for (key, text) in self.content(stream, kind, &name) {
                    let origin = Origin { kind, name: name.to_string(), key: key.to_string() };
                    put(variable(format!("{prefix}{key}"), pointer.clone(), text, Some(origin)), out, &mut at);
                }
            }
        }
        'items: for (number, item) in self.container.get("env").into_iter().flat_map(Node::items).enumerate() {
            let Some(name) = item.get("name").and_then(Node::as_str) else { continue };
            let mut is_left_out = false;
            let pointer = format!("{}/env/{number}", self.pointer);
            if let Some(text) = item.get("value").and_then(Node::as_str) {
                let (content, is_secret) = expanded(text, &at, out);
                let text = variable(name.into_owned(), format!("{pointer}/value"), content, None);
                put(Text { is_secret, ..text }, out, &mut at);
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
                if let Some((key, text)) = found {
                    let origin = Origin { kind, name: of.to_string(), key: key.to_string() };
                    put(variable(name.to_string(), pointer, text, Some(origin)), out, &mut at);
                    continue 'items;
                }
                is_left_out |= source.get("optional").and_then(Node::as_bool) == Some(true);
            }
            // What nobody can tell hides what `envFrom` gives; what may miss does not, where it misses.
            if !is_left_out && let Some(hidden) = at.remove(name.as_ref()).and_then(|at| out.get_mut(at)) {
                hidden.content = Cow::Borrowed("");
            }
        }
        at
    }

    /// What is mounted of ConfigMaps and Secrets: the keys that become files where the container can read them.
    fn files(&self, stream: &'a Stream, variables: &BTreeMap<String, usize>, out: &mut Vec<Text<'a>>) {
        for (at, mount) in self.container.get("volumeMounts").into_iter().flat_map(Node::items).enumerate() {
            let Some(volume) = mount.get("name").and_then(Node::as_str).and_then(|name| self.volume(&name)) else {
                continue;
            };
            let text = |key: &str| mount.get(key).and_then(Node::as_str).filter(|path| !path.is_empty());
            let part = match text("subPathExpr") {
                Some(path) => Some(expanded(path, variables, out).0),
                None => text("subPath"),
            };
            let of_projected = volume.find(&["projected", "sources"]).into_iter().flat_map(Node::items);
            for source in std::iter::once(volume).chain(of_projected) {
                for (path, kind) in [
                    (["configMap", "name"], "ConfigMap"),
                    (["secret", "secretName"], "Secret"),
                    (["secret", "name"], "Secret"),
                ] {
                    let Some(name) = source.find(&path).and_then(Node::as_str) else { continue };
                    let [of, _] = path;
                    let items = source.find(&[of, "items"]).filter(|items| items.items().next().is_some());
                    for (key, text) in self.content(stream, kind, &name) {
                        if !is_mounted(&key, items, part.as_deref()) {
                            continue;
                        }
                        out.push(Text {
                            subject: format!("the file `{key}` of {kind} {name}"),
                            name: key.to_string(),
                            pointer: format!("{}/volumeMounts/{at}", self.pointer),
                            stands: Stands::File,
                            key: String::new(),
                            content: text,
                            is_secret: kind == "Secret",
                            origin: Some(Origin { kind, name: name.to_string(), key: key.into_owned() }),
                        });
                    }
                }
            }
        }
    }

    /// A volume of its pod.
    #[must_use]
    pub fn volume(&self, name: &str) -> Option<Node<'a>> {
        let is_it = |volume: &Node<'_>| volume.get("name").and_then(Node::as_str).as_deref() == Some(name);
        self.pod.get("volumes")?.items().find(is_it)
    }

    /// What the templates of an operator say that makes a Secret: the texts around their placeholders.
    fn templates(&self, stream: &'a Stream, name: &str) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let facts = Facts::of(stream);
        let mut out = Vec::new();
        for maker in facts.makers().making("Secret", name) {
            let object = maker.object.and_then(|id| stream.object(id));
            let Some(object) = object.filter(|_| maker.is_near(facts, &self.workload, None, Near::Certain)) else {
                continue;
            };
            for (key, value) in templates(&object).into_iter().flat_map(Node::entries) {
                let text = value.as_str().or_else(|| value.get("text")?.as_str());
                out.extend(text.map(|text| (key, text)));
            }
        }
        out
    }

    fn content(&self, stream: &'a Stream, kind: &str, name: &str) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let Some(object) = facts::referent(stream, &self.workload, "", kind, name) else {
            return if kind == "Secret" { self.templates(stream, name) } else { Vec::new() };
        };
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

/// The templates of a Secret that an operator makes, by its keys.
fn templates<'a>(object: &Object<'a>) -> Option<Node<'a>> {
    let path: &[&str] = match (object.group().as_str(), &*object.kind()) {
        ("external-secrets.io", "ExternalSecret") => &["spec", "target", "template", "data"],
        ("external-secrets.io", "ClusterExternalSecret") => {
            &["spec", "externalSecretSpec", "target", "template", "data"]
        }
        ("secrets.hashicorp.com", _) => &["spec", "destination", "transformation", "templates"],
        ("bitnami.com", "SealedSecret") => &["spec", "template", "data"],
        _ => return None,
    };
    object.root().find(path)
}

/// Whether a key of a volume is a file that a mount shows: `items` choose the keys and name their files, and `part` is the
/// path within the volume that is mounted.
fn is_mounted(key: &str, items: Option<Node<'_>>, part: Option<&str>) -> bool {
    let is_in = |path: &str| {
        part.is_none_or(|part| {
            let (path, part) = (path.trim_start_matches("./"), part.trim_start_matches("./").trim_end_matches('/'));
            part == "." || path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let Some(items) = items else { return is_in(key) };
    let text = |item: Node<'_>, name: &str| Some(item.get(name)?.as_str()?.into_owned());
    items
        .items()
        .any(|item| text(item, "key").as_deref() == Some(key) && text(item, "path").is_some_and(|path| is_in(&path)))
}

/// The text behind base64.
fn decoded(text: &str) -> Option<String> {
    String::from_utf8(base64::decode(text)?).ok()
}

fn variable(name: String, pointer: String, content: Cow<'_, str>, origin: Option<Origin>) -> Text<'_> {
    let is_secret = origin.as_ref().is_some_and(|origin| origin.kind == "Secret");
    let subject = format!("`{name}`");
    Text { subject, name: name.clone(), pointer, stands: Stands::Variable, key: name, content, is_secret, origin }
}

/// How long a text may become by what is put into it: no address is longer, and variables that name each other would grow
/// without end.
const LONGEST: usize = 4096;

/// A text with `$(NAME)` replaced by the variables that are known, as the kubelet does it (`$$` is a dollar sign), and whether
/// one of them is secret.
fn expanded<'a>(text: Cow<'a, str>, at: &BTreeMap<String, usize>, all: &[Text<'a>]) -> (Cow<'a, str>, bool) {
    if !text.contains("$(") {
        return (text, false);
    }
    let (mut out, mut is_secret, mut rest) = (String::new(), false, &*text);
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(behind) = behind.strip_prefix('$') {
            out.push('$');
            rest = behind;
            continue;
        }
        let named = behind.strip_prefix('(').and_then(|inside| inside.split_once(')'));
        match named.and_then(|(name, after)| Some((all.get(*at.get(name)?)?, after))) {
            Some((found, _)) if out.len() + found.content.len() > LONGEST => {
                return (text, found.is_secret || is_secret);
            }
            Some((found, after)) => {
                out.push_str(&found.content);
                is_secret |= found.is_secret;
                rest = after;
            }
            None => {
                out.push('$');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    (Cow::Owned(out), is_secret)
}
