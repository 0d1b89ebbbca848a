//! Sets of ports, as NetworkPolicies allow them.

use std::collections::BTreeSet;
use std::fmt;

use crate::functions::network_policies::values::{Protocol, Span};
use crate::values::integer;
use crate::yaml::Node;

/// All protocols that there are.
const PROTOCOLS: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

/// A set of ports; names are those that only pods outside of the stream could explain.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ports {
    /// In order; no two of them touch.
    spans: Vec<Span>,
    names: BTreeSet<String>,
}

impl Ports {
    pub(super) fn all() -> Self {
        Self::of(PROTOCOLS.map(|protocol| Span { protocol, first: 1, last: u16::MAX }))
    }

    pub(super) fn of(spans: impl IntoIterator<Item = Span>) -> Self {
        let mut spans: Vec<Span> = spans.into_iter().collect();
        spans.sort_unstable();
        let mut merged: Vec<Span> = Vec::new();
        for span in spans {
            match merged.last_mut() {
                Some(last) if last.protocol == span.protocol && span.first <= last.last.saturating_add(1) => {
                    last.last = last.last.max(span.last);
                }
                _ => merged.push(span),
            }
        }
        Self { spans: merged, names: BTreeSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.names.is_empty()
    }

    pub(super) fn or(&mut self, other: &Self) {
        let names = std::mem::take(&mut self.names);
        *self = Self::of(self.spans.iter().chain(&other.spans).copied());
        self.names = names.into_iter().chain(other.names.iter().cloned()).collect();
    }

    /// What is in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        let pairs = self.spans.iter().flat_map(|a| other.spans.iter().map(move |b| (a, b)));
        let common = pairs.filter(|(a, b)| a.protocol == b.protocol).map(|(a, b)| Span {
            protocol: a.protocol,
            first: a.first.max(b.first),
            last: a.last.min(b.last),
        });
        Self::of(common.filter(|span| span.first <= span.last))
    }

    /// What is in it beside some ports.
    pub(super) fn without(&self, gone: &[Span]) -> Self {
        let spans = self.spans.iter().filter(|span| !gone.contains(span)).copied().collect();
        Self { spans, names: self.names.clone() }
    }

    /// Whether any of it is more than a single port.
    pub(super) fn has_ranges(&self) -> bool {
        self.spans.iter().any(|span| span.first < span.last)
    }

    pub(super) fn has(&self, port: Span) -> bool {
        let is_in = |span: &Span| span.protocol == port.protocol && span.first <= port.first && port.last <= span.last;
        self.spans.iter().any(is_in)
    }

    /// Whether these are the ports of DNS, and no others.
    pub(super) fn is_dns(&self) -> bool {
        let is_it = |span: &Span| span.first == span.last && matches!(span.first, 53 | 5353);
        !self.spans.is_empty() && self.names.is_empty() && self.spans.iter().all(is_it)
    }

    /// The ports as texts, in order.
    pub(super) fn texts(&self) -> Vec<String> {
        if *self == Self::all() {
            return vec!["every port".to_owned()];
        }
        self.spans.iter().map(Span::to_string).chain(self.names.iter().cloned()).collect()
    }
}

/// `80, 443`, `every port`, cut where they are many.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.texts();
        f.write_str(&crate::text::few(texts.len(), &mut texts.into_iter(), ", "))
    }
}

/// A port that a rule names: numbers, or the name of a port of the pods that are reached.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Span(Span),
    Name(Protocol, String),
}

/// The ports of a rule; none for all. What the API refuses is an error, which says what.
pub(super) fn wanted(rule: Node<'_>) -> Result<Option<Vec<Wanted>>, String> {
    let items: Vec<Node<'_>> = rule.get("ports").into_iter().flat_map(Node::items).collect();
    if items.is_empty() {
        return Ok(None);
    }
    items.into_iter().map(port).collect::<Result<_, _>>().map(Some)
}

fn port(item: Node<'_>) -> Result<Wanted, String> {
    let given = |key: &str| item.get(key).filter(|node| !node.is_null());
    let protocol = match given("protocol") {
        None => Protocol::Tcp,
        Some(node) => {
            node.as_str().and_then(|name| Protocol::of(&name)).ok_or("a protocol that the API does not know")?
        }
    };
    let number = |node: Node<'_>| integer(node).and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0);
    let Some(node) = given("port") else { return Ok(Wanted::Span(Span { protocol, first: 1, last: u16::MAX })) };
    if integer(node).is_none() {
        let name = node.as_str().ok_or("a port that is neither a number nor a name")?;
        return Ok(Wanted::Name(protocol, name.into_owned()));
    }
    let first = number(node).ok_or("a number that is no port")?;
    let last = given("endPort").map_or(Some(first), number).filter(|last| *last >= first);
    Ok(Wanted::Span(Span { protocol, first, last: last.ok_or("an `endPort` that the API refuses")? }))
}

/// The ports that are meant at pods with these ports; names that they do not have mean none.
pub(super) fn at_pods(wanted: Option<&[Wanted]>, own: &[(String, Span)]) -> Ports {
    let Some(wanted) = wanted else { return Ports::all() };
    Ports::of(wanted.iter().flat_map(|one| match one {
        Wanted::Span(span) => vec![*span],
        Wanted::Name(protocol, name) => {
            let named = own.iter().filter(|(own, span)| own == name && span.protocol == *protocol);
            named.map(|(_, span)| *span).collect()
        }
    }))
}

/// The ports that are meant at pods that nobody knows.
pub(super) fn outside(wanted: Option<&[Wanted]>) -> Ports {
    let Some(wanted) = wanted else { return Ports::all() };
    let mut ports = at_pods(Some(wanted), &[]);
    let names = wanted.iter().filter_map(|one| if let Wanted::Name(_, name) = one { Some(name.clone()) } else { None });
    ports.names = names.collect();
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(list: &[(Protocol, u16, u16)]) -> Ports {
        Ports::of(list.iter().map(|&(protocol, first, last)| Span { protocol, first, last }))
    }

    #[test]
    fn sets_of_ports() {
        use Protocol::{Tcp, Udp};
        let mut some = ports(&[(Tcp, 80, 80), (Tcp, 81, 90), (Udp, 53, 53)]);
        assert_eq!(some.to_string(), "80-90, 53/UDP");
        assert_eq!(some.and(&ports(&[(Tcp, 85, 100), (Udp, 80, 90)])).to_string(), "85-90");
        assert_eq!(some.and(&Ports::all()), some);
        assert!(some.has(Span::one(Tcp, 84)) && !some.has(Span::one(Udp, 84)) && !some.has(Span::one(Tcp, 91)));
        some.or(&Ports::all());
        assert_eq!(some, Ports::all());
        assert_eq!(some.to_string(), "every port");
        assert!(ports(&[(Tcp, 53, 53), (Udp, 53, 53)]).is_dns() && !ports(&[(Tcp, 53, 54)]).is_dns());
        assert!(!Ports::default().is_dns() && Ports::default().is_empty() && !Ports::all().is_dns());
        assert_eq!(ports(&[(Udp, 1, 65535)]).to_string(), "every UDP port");
        assert_eq!(ports(&[(Tcp, 65535, 65535), (Tcp, 65530, 65535)]).to_string(), "65530-65535");
    }
}
