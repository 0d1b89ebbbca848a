//! NetworkPolicies.

use std::net::IpAddr;

use super::network::is_range;
use super::walk::{shown, whole};
use super::{Judge, below, get, items, number, rules, text};
use krmor_yaml::Node;

impl Judge<'_> {
    /// `ValidateNetworkPolicyPort`, but for what is said of `port` alone.
    pub(super) fn policy_port(&mut self, node: Node<'_>, at: &str) {
        let Some(end) = number(node, "endPort") else { return };
        let place = below(at, "endPort");
        match get(node, "port").map(whole) {
            None => {
                let message = "`endPort` needs `port`, where the range begins";
                self.say(&rules::CONFLICT, &place, message, "set `port`, or remove `endPort`");
            }
            Some(None) => {
                let message = "`endPort` stands beside the name of a port, and the API takes a number there";
                self.say(&rules::CONFLICT, &place, message, "write the number of the port, or remove `endPort`");
            }
            Some(Some(first)) if end < first || !(1..=65535).contains(&end) => {
                let message = format!("`endPort: {end}` must be a port number from `port` on");
                self.say(&rules::VALUE, &place, message, "correct the range");
            }
            Some(Some(_)) => {}
        }
    }

    /// `ValidateNetworkPolicyPeer`
    pub(super) fn policy_peer(&mut self, node: Node<'_>, at: &str) {
        let selector = ["podSelector", "namespaceSelector"].into_iter().find(|key| get(node, key).is_some());
        if let Some(selector) = selector.filter(|_| get(node, "ipBlock").is_some()) {
            let message = format!("`ipBlock` and `{selector}` stand together, and the API takes one of them");
            self.say(&rules::ONE_OF, &below(at, "ipBlock"), message, "write two peers");
        }
    }

    /// `ValidateIPBlock`
    pub(super) fn ip_block(&mut self, node: Node<'_>, at: &str) {
        let cidr = text(node, "cidr");
        if cidr.is_empty() {
            return;
        }
        let bad = |text: &str| format!("`{}` must be addresses such as `10.0.0.0/8`", shown(text));
        let is_read = is_range(&cidr);
        if !is_read {
            self.say(&rules::VALUE, &below(at, "cidr"), bad(&cidr), "correct it");
        }
        for (place, item) in items(node, at, "except") {
            let except = item.as_str().unwrap_or_default();
            if !is_range(&except) {
                self.say(&rules::VALUE, &place, bad(&except), "correct it");
            } else if is_read && is_within(&except, &cidr) == Some(false) {
                let message =
                    format!("`{}` is no part of `{}`, of which it is to be left out", shown(&except), shown(&cidr));
                self.say(&rules::VALUE, &place, message, "correct one of the two");
            }
        }
    }
}

/// Whether a range is a part of another one and not all of it; none where that is not to be read.
fn is_within(inner: &str, outer: &str) -> Option<bool> {
    let ((first, bits), (start, fewer)) = (range(inner)?, range(outer)?);
    let (first, start, length) = match (first, start) {
        (IpAddr::V4(first), IpAddr::V4(start)) => (u128::from(first.to_bits()), u128::from(start.to_bits()), 32),
        (IpAddr::V6(first), IpAddr::V6(start)) => (first.to_bits(), start.to_bits(), 128),
        _ => return Some(false),
    };
    // A shift by the whole length is none.
    let is_same = (first ^ start).checked_shr(length - fewer).unwrap_or(0) == 0;
    Some(is_same && bits > fewer)
}

/// The address and the bits of a range. Addresses of IPv4 that are written as IPv6 are for the API to read.
fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/')?;
    let bare = |part: &str| {
        let rest = part.trim_start_matches('0');
        if rest.is_empty() { "0".to_owned() } else { rest.to_owned() }
    };
    let address: IpAddr = match address.contains(':') {
        true => address.parse().ok()?,
        false => address.split('.').map(bare).collect::<Vec<_>>().join(".").parse().ok()?,
    };
    let is_mapped = matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some());
    Some((address, bits.parse().ok()?)).filter(|_| !is_mapped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_smaller_and_inside() {
        for (inner, outer, wanted) in [
            ("10.1.0.0/16", "10.0.0.0/8", Some(true)),
            ("10.0.0.0/8", "10.0.0.0/8", Some(false)),
            ("11.0.0.0/8", "10.0.0.0/8", Some(false)),
            ("11.0.0.0/8", "0.0.0.0/0", Some(true)),
            ("0.0.0.0/0", "10.0.0.0/8", Some(false)),
            ("010.1.0.0/16", "10.0.0.0/8", Some(true)),
            ("10.0.0.7/32", "10.0.0.0/8", Some(true)),
            ("fd00:1::/32", "fd00::/8", Some(true)),
            ("fd00::/8", "::/0", Some(true)),
            ("fe00::/8", "fd00::/8", Some(false)),
            ("10.0.0.0/8", "::/0", Some(false)),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8", None),
        ] {
            assert_eq!(is_within(inner, outer), wanted, "{inner} in {outer}");
        }
    }
}
