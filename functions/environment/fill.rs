//! Fills `env` and `envFrom`: what is absent is added, what is there stays unless the spec overwrites.

use crate::environment::rules;
use krmor_core::report::Rule;
use std::borrow::Cow;

use serde_json::Map;

use super::spec::Spec;
use super::view::{Source, View};
use super::wiring::{Wiring, env_ref, key_ref};
use krmor_core::facts::makers::Store;
use krmor_core::facts::provided::Providers;
use krmor_core::fields;
use krmor_core::manifest::put;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit};

/// What fills one container, and where edits and findings go.
pub(super) struct Filler<'a> {
    pub(super) spec: &'a Spec,
    pub(super) providers: &'a Providers<'a>,
    pub(super) view: &'a View<'a>,
    pub(super) report: &'a mut Report,
    pub(super) edits: Vec<Edit>,
}

impl Filler<'_> {
    /// Fills `envFrom`, then `env`, then `optional` of what was there.
    pub(super) fn fill(&mut self, wirings: &[(&str, Wiring)]) {
        let view = self.view;
        for field in &view.malformed {
            let message = format!("`{field}` of {} is not a list", view.name());
            let remedy = "write it as a list, as the Kubernetes API has it";
            self.report.add(&rules::MALFORMED_ENV, view.object.at(&view.at(&format!("/{field}"))), message, remedy);
        }
        if !view.malformed.is_empty() {
            return;
        }
        for entry in &self.spec.env_from {
            if let Some((store, name)) = entry.store() {
                let prefix = entry.prefix.as_ref().map_or("", |prefix| prefix.as_str());
                self.source(store, name, prefix, entry.optional);
            }
        }
        for (name, wiring) in wirings {
            self.variable(name, wiring);
        }
        for name in &self.spec.optional {
            self.may_miss(name.as_str());
        }
    }

    /// What a name of the spec is called now.
    fn called(&self, store: Store, name: &str) -> String {
        let provided = self.providers.meant(&self.view.object, store, name);
        provided.map_or_else(|| name.to_owned(), |provided| provided.name)
    }

    fn source(&mut self, store: Store, name: &str, prefix: &str, optional: Option<bool>) {
        let called = self.called(store, name);
        let is_it = |source: &&Source| {
            let same =
                source.provided.as_ref().map_or(source.name.as_str(), |provided| provided.name.as_str()) == called;
            source.store == store && source.prefix == prefix && same
        };
        if let Some(there) = self.view.sources.iter().find(is_it) {
            let pointer = format!("/envFrom/{}/{}/optional", there.at, env_ref(store));
            return self.optional(&there.title(), &pointer, there.optional, optional);
        }
        let mut item = Map::new();
        put(&mut item, "prefix", Some(prefix).filter(|prefix| !prefix.is_empty()).into());
        put(&mut item, env_ref(store), fields!({"name": called.as_str(), "optional": optional}));
        let reason = format!("the keys of {} {called} become variables", store.kind());
        self.edit("/envFrom", Action::Append(item.into()), &rules::ENV_FROM, Cow::Owned(reason), Class::Added);
    }

    fn variable(&mut self, name: &str, wiring: &Wiring) {
        let mut wiring = wiring.clone();
        if let Wiring::Key { store, name, .. } = &mut wiring {
            *name = self.called(*store, name);
        }
        let (field, value) = wiring.field();
        let Some(there) = self.view.variables.iter().rfind(|variable| variable.name == name) else {
            let mut item = Map::new();
            put(&mut item, "name", name.into());
            put(&mut item, field, value);
            let reason = "the spec gives this variable";
            return self.edit("/env", Action::Append(item.into()), &rules::ENV, Cow::Borrowed(reason), Class::Added);
        };
        let same = |_: Store, wanted: &str, other: &str| {
            wanted == other || there.provided.as_ref().is_some_and(|provided| provided.name == wanted)
        };
        if wiring.equals(&there.wiring, &self.view.container.name, same) {
            if let (Wiring::Key { store, optional: wanted, .. }, Wiring::Key { optional, .. }) =
                (&wiring, &there.wiring)
            {
                let pointer = format!("/env/{}/valueFrom/{}/optional", there.at, key_ref(*store));
                self.optional(&format!("`{name}`"), &pointer, *optional, *wanted);
            }
            return;
        }
        let pointer = format!("/env/{}", there.at);
        if !self.spec.overwrite {
            let message = format!("{} sets `{name}` otherwise than the spec, and keeps it", self.view.name());
            let remedy = "remove it there or here, or let the spec win by `overwrite: true`";
            let pointer = self.view.at(&pointer);
            return self.report.add(&rules::KEPT_VARIABLE, self.view.object.at(&pointer), message, remedy);
        }
        let reason = "`overwrite` lets the spec's value win";
        let other = if field == "value" { "valueFrom" } else { "value" };
        let item = self.view.container.node(&self.view.object).and_then(|node| node.at_pointer(&pointer));
        if item.is_some_and(|item| item.get(other).is_some()) {
            self.edit(
                &format!("{pointer}/{other}"),
                Action::Remove,
                &rules::ENV,
                Cow::Borrowed(reason),
                Class::Overridden,
            );
        }
        let class = if item.is_some_and(|item| item.get(field).is_some_and(|node| !node.is_null())) {
            Class::Overridden
        } else {
            Class::Added
        };
        self.edit(&format!("{pointer}/{field}"), Action::Set(value), &rules::ENV, Cow::Borrowed(reason), class);
    }

    /// Lets every reference of a variable to a key do without the key.
    fn may_miss(&mut self, name: &str) {
        if self.spec.env.keys().any(|given| given.as_str() == name) {
            return; // its own reference says so already
        }
        for variable in self.view.variables.iter().filter(|variable| variable.name == name) {
            if let Wiring::Key { store, optional, .. } = &variable.wiring {
                let pointer = format!("/env/{}/valueFrom/{}/optional", variable.at, key_ref(*store));
                self.optional(&format!("`{name}`"), &pointer, *optional, Some(true));
            }
        }
    }

    fn optional(&mut self, what: &str, pointer: &str, there: Option<bool>, wanted: Option<bool>) {
        let Some(wanted) = wanted.filter(|wanted| there.unwrap_or(false) != *wanted) else { return };
        let reason = match wanted {
            true => "the container starts without it",
            false => "the container does not start without it",
        };
        match there {
            None => self.edit(
                pointer,
                Action::Set(wanted.into()),
                &rules::OPTIONAL_KEY,
                Cow::Borrowed(reason),
                Class::Added,
            ),
            Some(_) if self.spec.overwrite => {
                self.edit(
                    pointer,
                    Action::Set(wanted.into()),
                    &rules::OPTIONAL_KEY,
                    Cow::Borrowed(reason),
                    Class::Overridden,
                );
            }
            Some(there) => {
                let message = format!("{} says `optional: {there}` of {what} and keeps it", self.view.name());
                let remedy = "correct it there or here, or let the spec win by `overwrite: true`";
                let pointer = self.view.at(pointer);
                self.report.add(&rules::KEPT_VARIABLE, self.view.object.at(&pointer), message, remedy);
            }
        }
    }

    fn edit(&mut self, pointer: &str, action: Action, rule: &'static Rule, reason: Cow<'static, str>, class: Class) {
        self.edits.push(Edit { pointer: self.view.at(pointer), action, why: Why { rule, reason, class } });
    }
}
