//! `secrets/*`: values in plain text that should stand in a Secret, or outside of the manifests altogether.
//!
//! `tokens` knows values that are secrets by their form, `secret_names` names that promise one, `values` what cannot be one
//! however its key is called, and `lines` reads files within ConfigMaps. No value gets into a message.

pub(super) mod annotation;
pub(super) mod arguments;
pub(super) mod config_map;
pub(super) mod env;
mod lines;
pub(super) mod plaintext_secret;
mod tokens;
mod values;

use std::collections::HashSet;

use super::final_stream::FinalStream;
use super::spec::Secrets;
use krmor_core::secret_names as names;

/// What is asked about names and values, ready for a stream.
pub(super) struct Detector<'w> {
    config: &'w Secrets,
    /// Names of objects: a value that is one of them refers to it.
    objects: HashSet<String>,
}

impl<'w> Detector<'w> {
    pub(super) fn of(world: &'w FinalStream<'_>) -> Self {
        let there = world.stream.objects().map(|object| object.name().into_owned());
        let named = world.facts.references().all().iter().map(|reference| reference.name.clone());
        Self { config: &world.spec.secrets, objects: there.chain(named).filter(|name| !name.is_empty()).collect() }
    }

    /// Why the value that stands under a name is a secret in plain text, if it is.
    pub(super) fn detect(&self, name: &str, value: &str) -> Option<String> {
        if self.is_allowed(name, value) {
            return None;
        }
        if let Some(what) = tokens::find(value) {
            return Some(format!("it holds {what}"));
        }
        self.named(name, value)
    }

    /// As [`Detector::detect`], by the name alone.
    pub(super) fn named(&self, name: &str, value: &str) -> Option<String> {
        if self.is_allowed(name, value) || values::is_harmless(value) || self.objects.contains(value) {
            return None;
        }
        if self.config.names.iter().any(|pattern| pattern.matches(name)) {
            return Some("the config says that its name stands for a secret".to_owned());
        }
        let said = |word: &str| format!("its name says `{word}`");
        match names::promise(name)? {
            names::Promise::Secret(word) => Some(said(word)),
            names::Promise::SecretOrName(word) => (!values::may_be_object_name(value)).then(|| said(word)),
            names::Promise::Perhaps(word) => {
                values::is_random(value).then(|| format!("{} and it looks random", said(word)))
            }
        }
    }

    pub(super) fn is_allowed(&self, name: &str, value: &str) -> bool {
        self.config.allow_names.iter().any(|pattern| pattern.matches(name))
            || self.config.allow_values.iter().any(|pattern| pattern.matches(value))
    }
}
