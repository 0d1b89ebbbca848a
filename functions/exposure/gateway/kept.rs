//! How a route that is there is compared.

use krmor_core::facts::gateways::{GATEWAY, hosts_meet};
use krmor_core::facts::routes;
use krmor_core::reconcile::{Field, Item, Ownership, Refusal};
use krmor_core::report::Report;
use krmor_core::values::integer;
use krmor_yaml::Node;
use serde_json::Value;

use super::{ParentRef, World};
use crate::exposure::backends::Backend;
use crate::exposure::object;
use crate::exposure::rules;

pub(super) struct Kept<'a> {
    pub(super) world: &'a World<'a>,
    /// What the route is to attach to.
    pub(super) parents: &'a [ParentRef],
}

impl World<'_> {
    /// Whether a name is that of an object, now or before earlier kustomizations.
    pub(super) fn names(&self, kind: &str, group: &str, text: &str, wanted: &str) -> bool {
        let mut named = self.stream.named(group, kind, wanted);
        text == wanted || named.any(|object| object.is_named(text))
    }

    /// Whether the route that is there sends to the Services already, by whatever paths: none is added then. That it sends
    /// to another port only is reported.
    pub(super) fn leads(&self, report: &mut Report) -> Option<bool> {
        let Some(existing) = self.existing else { return Some(false) };
        let rules: Vec<Node<'_>> = existing.root().find(&["spec", "rules"]).into_iter().flat_map(Node::items).collect();
        let sends = |backend: &Backend| {
            // What only some requests for a path reach, or none, is not reached by the path.
            let whole = rules.iter().filter(|rule| routes::serves_a_path(**rule));
            let refs = whole.filter_map(|rule| rule.get("backendRefs")).flat_map(Node::items);
            let ours = refs.filter(|one| !routes::is_weightless(*one)).filter(|one| {
                let name = one.get("name").and_then(Node::as_str).unwrap_or_default();
                self.names("Service", "", &name, &backend.name)
            });
            ours.map(|one| one.get("port").and_then(integer) == Some(backend.port.port)).collect::<Vec<_>>()
        };
        let sent: Vec<bool> = self.plan.backends.iter().flat_map(sends).collect();
        if !sent.is_empty() && !sent.contains(&true) {
            let Some(backend) = self.plan.backends.first() else { return Some(false) };
            let message =
                format!("none of its rules sends to the port {} of Service {}", backend.port.port, backend.name);
            let remedy = "name the port that is meant by `port:`, or the path to add by `paths:`";
            report.add(&rules::CONFLICT, existing.at("/spec/rules"), message, remedy);
            return None;
        }
        Some(!sent.is_empty())
    }
}

impl Kept<'_> {
    /// Whether an item of the list at `pattern` is about the same thing as the wanted one.
    fn is_same(&self, pattern: &str, item: Node<'_>, wanted: &Value) -> bool {
        let text = |path: &[&str]| item.find(path).and_then(Node::as_str).unwrap_or_default();
        let asked = |pointer: &str| wanted.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        match pattern {
            "/spec/parentRefs" => {
                let (section, kind) = (text(&["sectionName"]), text(&["kind"]));
                let kind = if kind.is_empty() { "Gateway" } else { &*kind };
                kind == asked("/kind")
                    && self.world.names(kind, GATEWAY, &text(&["name"]), asked("/name"))
                    && (section.is_empty() || asked("/sectionName").is_empty() || section == asked("/sectionName"))
            }
            "/spec/rules" => {
                let (kind, value) = (asked("/matches/0/path/type"), asked("/matches/0/path/value"));
                let matches: Vec<Node<'_>> = item.get("matches").into_iter().flat_map(Node::items).collect();
                let plain = |path: &str| match kind {
                    "PathPrefix" => path.trim_end_matches('/').to_owned(),
                    _ => path.to_owned(),
                };
                let fits = |node: Node<'_>| {
                    let own = |key, default: &'static str| {
                        node.find(&["path", key]).and_then(Node::as_str).unwrap_or(default.into())
                    };
                    own("type", "PathPrefix") == kind && plain(&own("value", "/")) == plain(value)
                };
                match (matches.is_empty(), kind) {
                    // A TLSRoute has one rule, without matches.
                    (_, "") => true,
                    (true, _) => kind == "PathPrefix" && value == "/",
                    (false, _) => matches.into_iter().any(|one| routes::is_for_all(one) && fits(one)),
                }
            }
            "/spec/rules/*/backendRefs" => self.world.names("Service", "", &text(&["name"]), asked("/name")),
            "/spec/rules/*/filters" => text(&["type"]) == asked("/type"),
            _ => item.as_str().is_some_and(|text| *wanted == *text),
        }
    }

    /// Where a host is among those of the route: a wildcard that it falls under will do.
    fn host(list: Node<'_>, wanted: &Value, all: &[Value]) -> Item {
        let covers = |host: &Value| {
            let host = host.as_str().unwrap_or_default();
            list.items()
                .filter_map(Node::as_str)
                .any(|own| own == host || own.starts_with("*.") && hosts_meet(&own, host))
        };
        match (covers(wanted), all.iter().any(covers)) {
            (true, _) => Item::Keep,
            // A further one of several that the config names.
            (false, true) => Item::Absent,
            (false, false) => Item::Refuse,
        }
    }
}

impl Ownership for Kept<'_> {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field {
        let text = there.as_str().unwrap_or_default();
        let wanted = wanted.as_str().unwrap_or_default();
        match pattern {
            "/spec/parentRefs/*/name" => Field::keep_if(
                self.parents.iter().any(|parent| self.world.names(parent.kind, GATEWAY, &text, &parent.name)),
            ),
            "/spec/rules/*/backendRefs/*/name" => Field::keep_if(self.world.names("Service", "", &text, wanted)),
            "/spec/rules/*/backendRefs/*/weight" => Field::keep_if(integer(there) != Some(0)),
            "/spec/rules/*/matches" | "/spec/rules/*/filters/*/requestRedirect/statusCode" => Field::Keep,
            "/spec/hostnames" if self.world.plan.spec.hosts().is_empty() => Field::Keep,
            _ => Field::Parts,
        }
    }

    fn item(&self, pattern: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let one = wanted.get(number).unwrap_or(&Value::Null);
        if pattern == "/spec/hostnames" {
            return Self::host(list, one, wanted);
        }
        match Item::find(list, |item| self.is_same(pattern, item, one)) {
            // Of several listeners that are made, each is attached to.
            Item::Absent if pattern == "/spec/parentRefs" && wanted.len() > 1 => Item::Absent,
            Item::Absent if pattern != "/spec/rules" && list.items().next().is_some() => Item::Refuse,
            // The API takes no backend beside a redirect.
            Item::At(at)
                if pattern == "/spec/rules"
                    && one.get("backendRefs").is_some()
                    && list.items().nth(at).is_some_and(routes::redirects) =>
            {
                Item::Refuse
            }
            found => found,
        }
    }

    fn refusal(&self, wanted: &Value) -> Option<Refusal> {
        Some(object::refusal(wanted))
    }
}
