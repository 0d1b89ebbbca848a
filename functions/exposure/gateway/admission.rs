//! Whether the Gateway or ListenerSet of the config admits the routes, where the stream has it.

use krmor_core::facts::gateways::{Admission, Guest, Listener};
use krmor_core::facts::references::Answer;
use krmor_core::facts::{Facts, Near};
use krmor_core::kube::ObjectName;
use krmor_core::report::{Place, Report};
use krmor_core::rules as common;
use krmor_core::stream::Object;
use krmor_core::text::few;
use krmor_core::values::integer;
use krmor_yaml::Node;

use super::World;
use crate::exposure::rules;
use crate::exposure::spec::{Termination, Tls};

/// A route, and the listener that it attaches to.
struct Attached<'a> {
    kind: &'static str,
    /// The field that names the listener, and the name.
    field: &'static str,
    section: Option<&'a str>,
    /// What the listener speaks: one of these.
    speaks: &'static [&'static str],
}

impl World<'_> {
    /// Whether requests are seen to come in; `None` when they are seen not to, which is reported.
    pub(super) fn is_admitted(&self, report: &mut Report) -> Option<bool> {
        let facts = Facts::of(self.stream);
        let namespace = self.gateway.namespace.as_ref().map(krmor_core::kube::NamespaceName::as_str);
        let name = self.gateway.name.as_str();
        let holder = facts.holder(self.gateway.kind.kind(), name, namespace, &self.serves);
        let tls = self.plan.spec.encryption();
        let Some(holder) = holder else {
            if tls.is_some_and(|tls| tls.termination != Termination::Passthrough) && self.gateway.listener_set.is_none()
            {
                self.say_certificate(report);
            }
            return Some(false);
        };
        if self.gateway.listener_set.is_some() {
            return self.takes_listeners(&holder, report);
        }
        let (kind, speaks): (_, &[_]) = match tls.map(|tls| tls.termination) {
            Some(Termination::Passthrough) => ("TLSRoute", &["TLS"]),
            Some(_) => ("HTTPRoute", &["HTTPS"]),
            None if self.gateway.section_name.is_some() => ("HTTPRoute", &["HTTP"]),
            None => ("HTTPRoute", &["HTTP", "HTTPS"]),
        };
        let text = |name: &Option<ObjectName>| name.as_ref().map(|name| name.as_str().to_owned());
        let (main, plain) = (text(&self.gateway.section_name), text(&self.gateway.http_section_name));
        let mut all = vec![Attached { kind, field: "sectionName", section: main.as_deref(), speaks }];
        if tls.is_some_and(Tls::redirects) {
            let (kind, field) = ("HTTPRoute", "httpSectionName");
            all.push(Attached { kind, field, section: plain.as_deref(), speaks: &["HTTP"] });
        }
        let answers: Vec<Option<bool>> = all.iter().map(|one| self.attaches(one, &holder, report)).collect();
        let answers: Vec<bool> = answers.into_iter().collect::<Option<_>>()?;
        if tls.is_some_and(|tls| tls.termination != Termination::Passthrough)
            && !self.has_certificate(&holder, main.as_deref())
        {
            self.say_certificate(report);
        }
        Some(answers.into_iter().all(|is_proven| is_proven))
    }

    fn say_certificate(&self, report: &mut Report) {
        let (kind, name) = (self.gateway.kind.kind(), self.gateway.name.as_str());
        let message = format!("TLS ends at the {kind} `{name}`: the certificate is that of its listener");
        report.add(&rules::CERTIFICATE, Place::Stream, message, "see that the listener has one for the host");
    }

    /// Whether a route is seen to attach; `None` when it is seen not to, which is reported.
    fn attaches(&self, route: &Attached<'_>, holder: &Object<'_>, report: &mut Report) -> Option<bool> {
        let facts = Facts::of(self.stream);
        let all: Vec<&Listener> = facts.routes().listeners(holder.id()).collect();
        let speaks = |one: &&Listener| route.speaks.contains(&one.protocol.as_str());
        let problem = match route.section {
            Some(name) => match all.iter().find(|one| one.name == name) {
                None => Some(format!("{} has no listener `{name}`", holder.reference())),
                Some(one) if !speaks(one) => {
                    let (holder, wanted) = (holder.reference(), route.speaks.join(" or "));
                    Some(format!("the listener `{name}` of {holder} is for {}, not for {wanted}", one.protocol))
                }
                Some(_) => None,
            },
            None if all.iter().any(speaks) => None,
            None => Some(format!("{} has no listener for {}", holder.reference(), route.speaks.join(" or "))),
        };
        if let Some(problem) = problem {
            let list = |one: &&Listener| format!("{} ({})", one.name, one.protocol);
            let remedy = match all.len() {
                0 => "add one".to_owned(),
                count => format!("its listeners are: {}", few(count, &mut all.iter().map(list), ", ")),
            };
            report.add(&common::CONFIG, Place::Config(format!("/gateway/{}", route.field)), problem, remedy);
            return None;
        }
        let near = |one: &&Listener| speaks(one) && route.section.is_none_or(|name| one.name == name);
        let mut near: Vec<&Listener> = all.into_iter().filter(near).collect();
        if let (Some(port), Some(existing)) =
            (self.port(holder).filter(|_| route.field == "sectionName"), self.existing)
        {
            near.retain(|one| one.port == Some(port));
            if near.is_empty() {
                let message = format!(
                    "{} has no listener for {} at the port {port}",
                    holder.reference(),
                    route.speaks.join(" or ")
                );
                let remedy = "correct the `port` of `parentRefs`, or the listeners of the Gateway";
                report.add(&rules::NOT_ADMITTED, existing.at("/spec/parentRefs"), message, remedy);
                return None;
            }
        }
        let hosts: Vec<Option<&str>> = match self.hosts.as_slice() {
            [] => vec![None],
            hosts => hosts.iter().map(|host| Some(host.as_str())).collect(),
        };
        let mut is_proven = true;
        for host in hosts {
            let guest = Guest { kind: route.kind, beside: &self.serves, host };
            let answers = near.iter().map(|one| (*one, facts.admits(one, &guest)));
            is_proven &= judge(route.kind, holder, host, &answers.collect::<Vec<_>>(), report)?;
        }
        Some(is_proven)
    }

    /// The port at which the route that is there attaches to a Gateway or ListenerSet, if it says so.
    fn port(&self, holder: &Object<'_>) -> Option<i128> {
        let parents = self.existing?.root().find(&["spec", "parentRefs"])?.items();
        let name =
            |parent: Node<'_>| parent.get("name").and_then(Node::as_str).is_some_and(|name| holder.is_named(&name));
        parents.into_iter().filter(|parent| name(*parent)).find_map(|parent| integer(parent.get("port")?))
    }

    /// Whether the stream has the certificates of the listeners, or asks cert-manager for them.
    fn has_certificate(&self, holder: &Object<'_>, section: Option<&str>) -> bool {
        if ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"]
            .iter()
            .any(|key| holder.annotation(key).is_some())
        {
            return true;
        }
        let facts = Facts::of(self.stream);
        let is_there = |listener: &Listener| {
            let under = format!("{}/tls/certificateRefs/", listener.pointer);
            let all = facts.references().of_object(holder.id()).filter(|one| one.pointer.starts_with(&under));
            let answers: Vec<bool> = all
                .map(|one| {
                    matches!(facts.follow(one, Near::Possible), Answer::Here(_))
                        || !facts.makers_of(one, Near::Possible).is_empty()
                })
                .collect();
            !answers.is_empty() && answers.into_iter().all(|is_there| is_there)
        };
        let listeners = facts.routes().listeners(holder.id());
        let mut ours = listeners.filter(|one| one.protocol == "HTTPS" && section.is_none_or(|name| one.name == name));
        ours.all(is_there)
    }

    /// Whether a Gateway is seen to take the ListenerSet that is made for it.
    fn takes_listeners(&self, gateway: &Object<'_>, report: &mut Report) -> Option<bool> {
        let facts = Facts::of(self.stream);
        let kind = "ListenerSet";
        let (why, is_refused) = match facts.takes_sets_of(gateway, &self.serves) {
            Admission::Yes => (None, false),
            Admission::Unknown(why) => (Some(why), false),
            Admission::No(why) => (Some(why), true),
        };
        let why = why.map(|why| why.rsplit_once(", which ").map_or(why.clone(), |(_, why)| why.to_owned()));
        let place = gateway.at("/spec/allowedListeners");
        match (why, is_refused) {
            (None, _) => {}
            (Some(why), true) => {
                let message = format!("{} does not admit the {kind}: it {why}", gateway.reference());
                let remedy = "let `allowedListeners` of the Gateway take the namespace, or leave `listenerSet` out";
                report.add(&rules::NOT_ADMITTED, place, message, remedy);
                return None;
            }
            (Some(why), false) => {
                let message = format!("whether {} admits the {kind} is not known: it {why}", gateway.reference());
                report.add(&rules::ADMISSION, place, message, "see that it does");
                return Some(false);
            }
        }
        // A listener of the Gateway goes before one of the same port and host, and decides what the port speaks.
        for listener in facts.routes().listeners(gateway.id()) {
            for (port, protocol) in self.ports() {
                let plain = |protocol: &str| protocol == "HTTP";
                let is_other = plain(&listener.protocol) != plain(protocol);
                let same_host = listener.hostname.as_ref().is_some_and(|host| self.hosts.contains(host));
                if listener.port == Some(i128::from(port)) && (is_other || same_host) {
                    let what = if is_other { "port" } else { "host and port" };
                    let message = format!(
                        "the listener `{}` of {} has the {what} already, and goes before one of a {kind}",
                        listener.name,
                        gateway.reference()
                    );
                    let remedy = "choose another port in `listenerSet`, or attach to that listener by `sectionName`";
                    report.add(&rules::NOT_ADMITTED, gateway.at(&listener.pointer), message, remedy);
                    return None;
                }
            }
        }
        Some(true)
    }
}

/// Says what the listeners answer a route for one host: one that admits it will do.
fn judge(
    kind: &str,
    holder: &Object<'_>,
    host: Option<&str>,
    answers: &[(&Listener, Admission)],
    report: &mut Report,
) -> Option<bool> {
    if answers.iter().any(|(_, answer)| *answer == Admission::Yes) {
        return Some(true);
    }
    let is_open = answers.iter().any(|(_, answer)| matches!(answer, Admission::Unknown(_)));
    let why = answers.iter().filter_map(|(listener, answer)| match answer {
        Admission::Unknown(why) => Some(format!("the listener `{}` {why}", listener.name)),
        Admission::No(why) if !is_open => Some(format!("the listener `{}` {why}", listener.name)),
        _ => None,
    });
    let why: Vec<String> = why.collect();
    let why = few(why.len(), &mut why.into_iter(), "; ");
    let place = match answers {
        [(only, _)] => holder.at(&only.pointer),
        _ => holder.at("/spec/listeners"),
    };
    let host = host.map_or(String::new(), |host| format!(" for `{host}`"));
    let holder = holder.reference();
    if is_open {
        let message = format!("whether {holder} admits the {kind}{host} is not known: {why}");
        report.add(&rules::ADMISSION, place, message, "see that it does");
        return Some(false);
    }
    let message = format!("{holder} does not admit the {kind}{host}: {why}");
    let remedy = "let a listener admit it by `hostname` and `allowedRoutes`, or name another host or Gateway";
    report.add(&rules::NOT_ADMITTED, place, message, remedy);
    None
}
