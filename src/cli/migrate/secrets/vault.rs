//! Where values are to be in Vault, and how a person writes them there.

use std::collections::{BTreeMap, BTreeSet};

/// A secret of a key-value engine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kv {
    pub(super) mount: String,
    pub(super) path: String,
    pub(super) v2: bool,
}

impl Kv {
    /// What stands for a key of it in a source: argocd-vault-plugin's form, which `VaultSecrets` makes a reference of.
    pub(super) fn placeholder(&self, key: &str) -> String {
        format!("<path:{}/{}{}#{key}>", self.mount, if self.v2 { "data/" } else { "" }, self.path)
    }

    /// The secrets that the placeholders in a text name.
    pub(super) fn in_text(text: &str) -> impl Iterator<Item = Self> {
        text.split("<path:").skip(1).filter_map(|rest| Self::of_path(rest.split(['#', '>']).next()?))
    }

    /// The secret at a path of Vault's API.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let path = path.trim().trim_matches('/');
        let (mount, path, v2) = match path.split_once("/data/") {
            Some((mount, path)) => (mount, path, true),
            None => path.split_once('/').map(|(mount, path)| (mount, path, false))?,
        };
        Some(Self { mount: mount.to_owned(), path: path.to_owned(), v2 })
    }

    /// As people name it.
    pub(super) fn shown(&self) -> String {
        format!("{}/{}", self.mount, self.path)
    }
}

/// A word as a shell takes it for one.
fn word(text: &str) -> String {
    match text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/=@".contains(c)) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// A key that must be written to Vault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) name: String,
    /// Its value is no text: Vault has its base64.
    pub(super) encoded: bool,
}

/// The keys to write, by the secret that they are of; and whether keys that stand there already are known of.
#[derive(Debug, Default)]
pub(super) struct Checklist {
    keys: BTreeMap<Kv, (BTreeSet<Key>, bool)>,
    unused: BTreeMap<Kv, BTreeSet<String>>,
}

impl Checklist {
    pub(super) fn add(&mut self, kv: &Kv, name: &str, encoded: bool, others: bool) {
        let (keys, there) = self.keys.entry(kv.clone()).or_default();
        keys.insert(Key { name: name.to_owned(), encoded });
        *there |= others;
    }

    /// A key that no Secret has where it is rendered, as when an overlay replaces it.
    pub(super) fn unused(&mut self, kv: &Kv, name: &str) {
        self.unused.entry(kv.clone()).or_default().insert(name.to_owned());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Kv, &BTreeSet<Key>)> {
        self.keys.iter().map(|(kv, (keys, _))| (kv, keys))
    }

    /// The commands for one secret, each with what it is for.
    pub(super) fn commands(kv: &Kv, keys: &BTreeSet<Key>, others: bool) -> Vec<(&'static str, String)> {
        // The file holds the value and nothing behind it: what `@FILE` reads is written as it stands.
        let words: Vec<String> = keys.iter().map(|key| word(&format!("{}=@FILE", key.name))).collect();
        let place = format!("{} {}", word(&format!("-mount={}", kv.mount)), word(&kv.path));
        let command = |verb: &str| format!("vault kv {verb} {place} {}", words.join(" "));
        match (kv.v2, others) {
            (true, true) => vec![("beside the keys that are there", command("patch"))],
            (true, false) => vec![
                ("where something is there already: it keeps its other keys", command("patch")),
                ("where nothing is there yet: -cas=0 refuses to replace what is", command("put -cas=0")),
            ],
            // Version 1 knows neither patch nor check-and-set.
            (false, _) => vec![(
                "only when `vault kv get` finds nothing there: put replaces all keys of an engine of version 1, so \
                 name those too that are there",
                command("put"),
            )],
        }
    }

    /// All of it as a shell script that a person completes.
    pub(super) fn script(&self) -> String {
        let mut out = String::from(
            "# Write these keys to Vault before the migrated sources are applied. FILE stands for a file that holds the\n\
             # value and no line end behind it; KEY=- reads standard input. Values that stood in Git are known to all who\n\
             # could read it: write new ones.\n",
        );
        for (kv, (keys, others)) in &self.keys {
            out.push_str(&format!("\n# {}\n", kv.shown()));
            let encoded: Vec<&str> = keys.iter().filter(|key| key.encoded).map(|key| key.name.as_str()).collect();
            if !encoded.is_empty() {
                out.push_str(&format!("# no text, so FILE holds its base64: {}\n", encoded.join(", ")));
            }
            for (when, command) in Self::commands(kv, keys, *others) {
                out.push_str(&format!("# {when}\n{command}\n"));
            }
        }
        for (kv, names) in &self.unused {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            out.push_str(&format!(
                "\n# {}: no Secret has these where it is rendered: {}\n",
                kv.shown(),
                names.join(", ")
            ));
        }
        out
    }

    /// Whether other keys are known to stand beside those of a secret.
    pub(super) fn has_others(&self, kv: &Kv) -> bool {
        self.keys.get(kv).is_some_and(|(_, others)| *others)
    }
}
