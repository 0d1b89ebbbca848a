//! Gateways and their ListenerSets: which routes their listeners admit.
//!
//! What the stream does not say is neither: labels of a Namespace that is not there, the namespace of an object that
//! names none.

use std::borrow::Cow;

use super::Facts;
use crate::labels::LabelSelector;
use crate::stream::{Object, ObjectId};
use crate::values::integer;
use krmor_yaml::Node;

/// The API group.
pub const GATEWAY: &str = "gateway.networking.k8s.io";

/// A listener of a Gateway or ListenerSet.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The Gateway or ListenerSet.
    pub holder: ObjectId,
    /// Pointer of the listener, from the object's root.
    pub pointer: String,
    /// Its name; empty when it has none.
    pub name: String,
    /// Its port, if it has one.
    pub port: Option<i128>,
    /// `HTTP`, `HTTPS`, `TLS` and so on; empty when it has none.
    pub protocol: String,
    /// The host that it answers for; none for any.
    pub hostname: Option<String>,
    /// Whether TLS passes through it.
    pub passes_through: bool,
    /// The kinds of route that it names, of the Gateway API; none for those of its protocol.
    kinds: Option<Vec<String>>,
    /// Whose routes it takes.
    whose: Whose,
}

/// Objects of which namespaces are taken.
#[derive(Clone, Debug)]
enum Whose {
    /// Of none.
    None,
    Same,
    All,
    /// Of those with such labels; none when the API would refuse the selector.
    Selected(Option<LabelSelector>),
}

impl Whose {
    fn of(namespaces: Option<Node<'_>>, default: Self) -> Self {
        let from = namespaces.and_then(|one| one.get("from")?.as_str());
        match from.as_deref() {
            None => default,
            Some("All") => Self::All,
            Some("Same") => Self::Same,
            Some("Selector") => Self::Selected(namespaces.and_then(|one| LabelSelector::of(one.get("selector")?))),
            Some(_) => Self::None,
        }
    }
}

/// An answer to whether a route is admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is.
    Yes,
    /// The stream does not say; what it would have to.
    Unknown(String),
    /// It is not; why, as a clause behind the listener's name.
    No(String),
}

/// A route that wants to attach.
pub struct Guest<'a> {
    /// `HTTPRoute` or `TLSRoute`.
    pub kind: &'a str,
    /// What is in its namespace: itself, or what it will stand beside.
    pub beside: &'a Object<'a>,
    /// The host that is asked for; none for any.
    pub host: Option<&'a str>,
}

/// The listeners of a Gateway or ListenerSet.
pub(super) fn listeners(holder: &Object<'_>) -> Vec<Listener> {
    let list = holder.root().find(&["spec", "listeners"]).into_iter().flat_map(Node::items).enumerate();
    let read = |(at, one): (usize, Node<'_>)| {
        let text = |path: &[&str]| one.find(path).and_then(Node::as_str).map(Cow::into_owned);
        let kinds = one.find(&["allowedRoutes", "kinds"]).into_iter().flat_map(Node::items);
        let kinds = kinds.filter(|kind| kind.get("group").and_then(Node::as_str).is_none_or(|group| group == GATEWAY));
        let has_kinds = one.find(&["allowedRoutes", "kinds"]).is_some_and(|kinds| kinds.items().next().is_some());
        Listener {
            holder: holder.id(),
            pointer: format!("/spec/listeners/{at}"),
            name: text(&["name"]).unwrap_or_default(),
            port: one.get("port").and_then(integer),
            protocol: text(&["protocol"]).unwrap_or_default(),
            hostname: text(&["hostname"]).filter(|host| !host.is_empty()),
            passes_through: text(&["tls", "mode"]).as_deref() == Some("Passthrough"),
            kinds: has_kinds.then(|| kinds.filter_map(|kind| Some(kind.get("kind")?.as_str()?.into_owned())).collect()),
            whose: Whose::of(one.find(&["allowedRoutes", "namespaces"]), Whose::Same),
        }
    };
    list.map(read).collect()
}

impl Listener {
    /// Whether a kind of route goes with its protocol, and is not left out of its `allowedRoutes`.
    fn takes(&self, kind: &str) -> Admission {
        let fits = match self.protocol.as_str() {
            "HTTP" | "HTTPS" => matches!(kind, "HTTPRoute" | "GRPCRoute"),
            "TLS" => matches!(kind, "TLSRoute" | "TCPRoute"),
            "TCP" => kind == "TCPRoute",
            "UDP" => kind == "UDPRoute",
            _ => true,
        };
        if !fits {
            return Admission::No(format!("is for {}", self.protocol));
        }
        if kind == "TLSRoute" && self.protocol == "TLS" && !self.passes_through {
            return Admission::No("ends TLS itself (`tls.mode`)".to_owned());
        }
        match &self.kinds {
            Some(kinds) if !kinds.iter().any(|own| own == kind) => {
                Admission::No(format!("takes {} only", kinds.join(", ")))
            }
            _ => Admission::Yes,
        }
    }
}

/// Whether requests for the host of a route can reach a listener: a wildcard stands for any number of labels here.
#[must_use]
pub fn hosts_meet(listener: &str, route: &str) -> bool {
    let (listener, route) = (listener.to_ascii_lowercase(), route.to_ascii_lowercase());
    let below = |wild: &str, host: &str| {
        wild.strip_prefix('*').is_some_and(|end| host.strip_prefix('*').unwrap_or(host).ends_with(end))
    };
    listener == route || below(&listener, &route) || below(&route, &listener)
}

impl<'a> Facts<'a> {
    /// The Gateway or ListenerSet of the stream that a route beside an object attaches to by these words.
    #[must_use]
    pub fn holder(self, kind: &str, name: &str, namespace: Option<&str>, beside: &Object<'_>) -> Option<Object<'a>> {
        let named = self.stream.named(GATEWAY, kind, name);
        let near = match namespace {
            Some(namespace) => super::nearest(named, namespace),
            None => super::beside(named, beside),
        };
        near.into_iter().next()
    }

    /// The Gateway of the stream that a ListenerSet adds its listeners to.
    #[must_use]
    pub fn gateway_of(self, set: &Object<'_>) -> Option<Object<'a>> {
        let parent = set.root().find(&["spec", "parentRef"])?;
        let text = |key: &str| parent.get(key).and_then(Node::as_str);
        self.holder("Gateway", &text("name")?, text("namespace").as_deref(), set)
    }

    /// Whether a listener admits a route.
    #[must_use]
    pub fn admits(self, listener: &Listener, guest: &Guest<'_>) -> Admission {
        let Some(holder) = self.stream.object(listener.holder) else { return Admission::Yes };
        let host = match (&listener.hostname, guest.host) {
            (Some(own), Some(host)) if !hosts_meet(own, host) => Admission::No(format!("is for `{own}`")),
            _ => Admission::Yes,
        };
        let answers = [
            listener.takes(guest.kind),
            host,
            self.is_among(&listener.whose, &holder, guest.beside, "routes"),
            self.admits_set(&holder),
        ];
        let rank = |answer: &Admission| match answer {
            Admission::No(_) => 0,
            Admission::Unknown(_) => 1,
            Admission::Yes => 2,
        };
        answers.into_iter().min_by_key(rank).unwrap_or(Admission::Yes)
    }

    /// Whether the Gateway of a ListenerSet takes it; what is no ListenerSet asks nobody.
    #[must_use]
    pub fn admits_set(self, holder: &Object<'_>) -> Admission {
        if holder.kind() != "ListenerSet" {
            return Admission::Yes;
        }
        let Some(gateway) = self.gateway_of(holder) else { return Admission::Yes };
        self.takes_sets_of(&gateway, holder)
    }

    /// Whether a Gateway takes ListenerSets of the namespace of an object.
    #[must_use]
    pub fn takes_sets_of(self, gateway: &Object<'_>, beside: &Object<'_>) -> Admission {
        let whose = Whose::of(gateway.root().find(&["spec", "allowedListeners", "namespaces"]), Whose::None);
        match self.is_among(&whose, gateway, beside, "ListenerSets") {
            Admission::No(why) => Admission::No(format!("belongs to {}, which {why}", gateway.reference())),
            other => other,
        }
    }

    /// Whether an object is in one of the namespaces that `holder` takes `what` of.
    fn is_among(self, whose: &Whose, holder: &Object<'_>, object: &Object<'_>, what: &str) -> Admission {
        let (here, there) = (object.namespace(), holder.namespace());
        match whose {
            Whose::All => Admission::Yes,
            Whose::None => Admission::No(format!("takes no {what}")),
            Whose::Same if super::share_namespace(holder, object) => Admission::Yes,
            Whose::Same if here.is_empty() || there.is_empty() => Admission::Unknown(format!(
                "takes {what} of its own namespace only, and the stream does not say which one that is"
            )),
            Whose::Same => Admission::No(format!("takes {what} of its own namespace `{there}` only, not of `{here}`")),
            Whose::Selected(None) => Admission::No(format!("takes {what} by a selector that the API refuses")),
            Whose::Selected(Some(_)) if here.is_empty() => Admission::Unknown(format!(
                "takes {what} by the labels of their namespace, which the stream does not name"
            )),
            Whose::Selected(Some(selector)) => match self.selects_namespace(selector, object) {
                Some(true) => Admission::Yes,
                Some(false) => {
                    Admission::No(format!("takes {what} by labels that the namespace `{here}` does not have"))
                }
                None => Admission::Unknown(format!(
                    "takes {what} by the labels of their namespace, and the Namespace `{here}` is not in the stream"
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Stream;
    use std::sync::Arc;

    #[test]
    fn wildcards_stand_for_any_number_of_labels() {
        let cases = [
            ("a.example.com", "a.example.com", true),
            ("A.example.com", "a.example.com", true),
            ("a.example.com", "b.example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.a.example.com", true),
            ("*.a.example.com", "*.example.com", true),
            ("a.example.com", "*.example.com", true),
            ("a.example.com", "*.com", true),
            ("a.example.com", "*.example.net", false),
            ("*.example.com", "aexample.com", false),
        ];
        for (listener, route, meet) in cases {
            assert_eq!(hosts_meet(listener, route), meet, "{listener} {route}");
        }
    }

    /// What a listener says, and the answer to a route of the namespace `shop`.
    #[test]
    fn a_listener_admits_by_namespace_kind_and_host() {
        let labels = |text: &str| format!("allowedRoutes: {{namespaces: {{from: Selector, selector: {{{text}}}}}}}");
        let cases = [
            (String::new(), 'n'),
            ("allowedRoutes: {namespaces: {from: Same}}".to_owned(), 'n'),
            ("allowedRoutes: {namespaces: {from: All}}".to_owned(), 'y'),
            (labels("matchLabels: {team: shop}"), 'y'),
            (labels("matchLabels: {team: other}"), 'n'),
            (labels("matchLabels: {kubernetes.io/metadata.name: shop}"), 'y'),
            (labels("matchExpressions: [{key: team, operator: Exists}]"), 'y'),
            (labels("matchExpressions: [{key: team, operator: Near}]"), 'n'),
            ("allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}".to_owned(), 'n'),
            ("allowedRoutes: {namespaces: {from: All}, kinds: [{kind: HTTPRoute}]}".to_owned(), 'y'),
            ("allowedRoutes: {namespaces: {from: All}, kinds: [{group: x.io, kind: HTTPRoute}]}".to_owned(), 'n'),
            ("hostname: '*.example.net', allowedRoutes: {namespaces: {from: All}}".to_owned(), 'n'),
        ];
        for (listener, wanted) in cases {
            assert_eq!(answer(&listener, "shop", true), wanted, "{listener}");
        }
        // Labels of a Namespace that is not there are unknown; its name is not.
        assert_eq!(answer(&labels("matchLabels: {team: shop}"), "shop", false), 'u');
        assert_eq!(answer(&labels("matchLabels: {kubernetes.io/metadata.name: shop}"), "shop", false), 'y');
        assert_eq!(answer(&labels("matchLabels: {kubernetes.io/metadata.name: web}"), "shop", false), 'n');
        assert_eq!(answer("", "", false), 'u');
        assert_eq!(answer("", "gw", false), 'y');
    }

    fn answer(listener: &str, namespace: &str, is_there: bool) -> char {
        let comma = if listener.is_empty() { "" } else { ", " };
        let mut text = format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: g, namespace: gw}}, spec: {{listeners: \
             [{{name: l, protocol: HTTP{comma}{listener}}}]}}}}\n---\n{{apiVersion: v1, kind: Service, metadata: {{name: s, namespace: '{namespace}'}}}}\n"
        );
        if is_there {
            text += "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}\n";
        }
        let stream = Stream::parse(&Arc::new(text)).unwrap();
        let facts = Facts::of(&stream);
        let (gateway, service) = (stream.object(0).unwrap(), stream.object(1).unwrap());
        let listener = facts.routes().listeners(gateway.id()).next().unwrap();
        let guest = Guest { kind: "HTTPRoute", beside: &service, host: Some("app.example.com") };
        match facts.admits(listener, &guest) {
            Admission::Yes => 'y',
            Admission::Unknown(_) => 'u',
            Admission::No(_) => 'n',
        }
    }
}
