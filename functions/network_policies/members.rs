//! Workloads of the stream that a peer selects: a connection with the peer is one with them, and their policies are told.

use std::rc::Rc;

use k8s_openapi::api::networking::v1::NetworkPolicyPeer;

use super::peers;
use super::rules;
use super::spec::Peer;
use super::topology::{Ends, Link, Side, World};
use super::values::{Protocol, Span};
use krmor_core::facts;
use krmor_core::labels::LabelSelector;
use krmor_core::report::{Finding, Place, Report};
use krmor_core::stream::{Object, ObjectId};
use krmor_core::text::few;

/// The workloads of a peer by their numbers, and those of which nobody can tell.
#[derive(Default)]
pub(super) struct Members {
    sure: Vec<usize>,
    unsure: Vec<usize>,
}

impl Members {
    pub(super) fn is_empty(&self) -> bool {
        self.sure.is_empty()
    }
}

impl<'a> World<'a> {
    /// The workloads that a peer selects; `beside` is in the namespace that pods without one of their own are in.
    pub(super) fn members(&self, peer: &'a Peer, beside: Option<&Object<'_>>) -> Rc<Members> {
        // What is in no namespace of its own is looked for near each object; the others are the same for all.
        let near = beside.filter(|_| is_near(peer)).map(|object| object.namespace().into_owned());
        let key = (std::ptr::from_ref(peer), near);
        if let Some(found) = self.known.borrow().get(&key) {
            return found.clone();
        }
        let mut found = Members::default();
        for item in peers::items(peer) {
            self.select(&item, beside, peer.controller.is_none(), &mut found);
        }
        let found = Rc::new(found);
        self.known.borrow_mut().insert(key, found.clone());
        found
    }

    /// Adds the workloads that an item of a policy selects. A person who names namespaces by labels alone may mean them.
    fn select(&self, item: &NetworkPolicyPeer, beside: Option<&Object<'_>>, is_written: bool, found: &mut Members) {
        if item.ip_block.is_some() {
            return;
        }
        let read = |selector| LabelSelector::of_api(selector);
        let namespaces = item.namespace_selector.as_ref().and_then(read);
        let pods = item.pod_selector.as_ref().and_then(read);
        let by_name = |one: &LabelSelector| one.keys().all(|key| key == facts::access::NAMESPACE_NAME);
        let is_said = pods.as_ref().is_some_and(|pods| !pods.is_empty())
            || is_written && namespaces.as_ref().is_some_and(|one| !by_name(one));
        for (number, one) in
            self.workloads.iter().enumerate().filter(|(_, one)| one.is_target && !one.uses_host_network)
        {
            if pods.as_ref().is_some_and(|pods| !pods.selects(&one.pod.all_labels(&one.object))) {
                continue;
            }
            let is_there = match (&namespaces, beside) {
                (Some(selector), _) => self.facts.selects_namespace(selector, &one.object),
                (None, Some(beside)) => Some(facts::share_namespace(beside, &one.object)),
                // Beside another peer it stands for such pods wherever they are.
                (None, None) => Some(true),
            };
            match is_there {
                Some(true) => found.sure.push(number),
                None if is_said => found.unsure.push(number),
                _ => {}
            }
        }
    }

    /// The other ends of connections with peers that select workloads of the stream, and of DNS.
    pub(super) fn other_ends(&self, links: &[Link<'a>], report: &mut Report) -> Vec<Link<'a>> {
        let mut out = Vec::new();
        for link in links {
            let object = |side: Side<'a>| match side {
                Side::Workload(number) => self.workloads.get(number).map(|one| one.object),
                Side::Peer(_) => None,
            };
            if let Side::Peer(peer) = link.from {
                let members = self.members(peer, object(link.to).as_ref());
                self.say_unsure(peer, &members, report);
                let of = |&number: &usize| Link { from: Side::Workload(number), ends: Ends::First, ..link.clone() };
                out.extend(members.sure.iter().map(of));
            }
            if let Side::Peer(peer) = link.to {
                let members = self.members(peer, object(link.from).as_ref());
                self.say_unsure(peer, &members, report);
                let of = |&number: &usize| Link { to: Side::Workload(number), ends: Ends::Second, ..link.clone() };
                out.extend(members.sure.iter().map(of));
            }
        }
        self.ask(&mut out);
        out
    }

    /// A DNS server of the stream is asked by every workload.
    fn ask(&self, out: &mut Vec<Link<'a>>) {
        for server in &self.spec.dns {
            let (item, port) = peers::dns(*server);
            let ports = [Protocol::Udp, Protocol::Tcp].map(|protocol| Span::one(protocol, port));
            let mut servers = Members::default();
            self.select(&item, None, false, &mut servers);
            for &to in &servers.sure {
                let clients = self.workloads.iter().enumerate().filter(|(number, one)| one.is_target && *number != to);
                let of = |(number, _)| Link {
                    from: Side::Workload(number),
                    to: Side::Workload(to),
                    ports: ports.to_vec(),
                    ends: Ends::Second,
                };
                out.extend(clients.map(of));
            }
        }
    }

    fn say_unsure(&self, peer: &Peer, members: &Members, report: &mut Report) {
        let mut named = self.spec.peers.iter().filter(|(_, own)| std::ptr::eq(*own, peer));
        let Some((name, _)) = named.next().filter(|_| !members.unsure.is_empty()) else { return };
        let ids: Vec<ObjectId> =
            members.unsure.iter().filter_map(|&at| Some(self.workloads.get(at)?.object.id())).collect();
        let mut shown = ids.iter().filter_map(|&id| Some(self.stream.object(id)?.reference().to_string()));
        let message = format!(
            "whether it selects the pods of {} is not known, and so whether their policies allow the connections with it",
            few(ids.len(), &mut shown, ", ")
        );
        let remedy = "add the Namespace with its labels to the stream, or write `metadata.namespace`; if the peer is one of \
                      these, name the workload in the edge";
        let place = Place::Config(format!("/peers/{}", name.as_str()));
        report.record_once(vec![Finding::new(&rules::PEER_UNSURE, place, message, remedy)]);
    }
}

/// Whether a peer is pods near the workload that connects with it.
fn is_near(peer: &Peer) -> bool {
    peer.namespace.is_none()
        && peer.namespace_selector.is_none()
        && peer.controller.is_none()
        && peer.ip_blocks.is_empty()
}
