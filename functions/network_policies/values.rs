//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use std::fmt;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use krmor_core::kube::{NamespaceName, PortName, PortNumber, ServicePortName};

/// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[0-9a-fA-F:.]+/[0-9]{1,3}$"))]
pub struct Cidr {
    text: String,
    #[schemars(skip)]
    bits: u128,
    #[schemars(skip)]
    length: u32,
    #[schemars(skip)]
    is_v6: bool,
}

impl Cidr {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether all addresses of another range are among these, and not all of these in it.
    #[must_use]
    pub fn has_inside(&self, other: &Self) -> bool {
        self.is_v6 == other.is_v6
            && other.length > self.length
            && other.bits & mask(self.length, self.is_v6) == self.bits
    }
}

/// The bits that a length fixes, at the top of 128, or of the lower 32 for IPv4.
fn mask(length: u32, is_v6: bool) -> u128 {
    let width = if is_v6 { 128 } else { 32 };
    let all = if is_v6 { u128::MAX } else { u128::from(u32::MAX) };
    match width - length {
        128 => 0,
        free => all >> free << free,
    }
}

impl TryFrom<String> for Cidr {
    type Error = String;

    // networking `ValidateIPBlock`: a range whose address has no bits behind its length.
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no range of addresses: write it as `10.0.0.0/8` or `2001:db8::/32`");
        let (address, length) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let is_canonical = length == "0" || !length.starts_with(['0', '+']);
        let length: u32 = length.parse().ok().filter(|_| is_canonical).ok_or_else(wrong)?;
        let (bits, is_v6) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), false),
            IpAddr::V6(address) => (u128::from(address), true),
        };
        if length > if is_v6 { 128 } else { 32 } {
            return Err(wrong());
        }
        let first = bits & mask(length, is_v6);
        if first != bits {
            let first = match u32::try_from(first) {
                Ok(first) if !is_v6 => IpAddr::V4(first.into()),
                _ => IpAddr::V6(first.into()),
            };
            return Err(format!("`{text}` names an address inside its range; the range is `{first}/{length}`"));
        }
        Ok(Self { text, bits, length, is_v6 })
    }
}

/// A range of ports of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The protocol.
    pub protocol: Protocol,
    /// The first port.
    pub first: u16,
    /// The last port, which belongs to it.
    pub last: u16,
}

impl Span {
    /// A range of one port.
    #[must_use]
    pub fn one(protocol: Protocol, port: u16) -> Self {
        Self { protocol, first: port, last: port }
    }
}

/// `5432`, `8000-8010`, `53/UDP`, `every TCP port`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, first, last } = *self;
        match (first, last) {
            (0..=1, u16::MAX) => return write!(f, "every {} port", protocol.name()),
            _ if first == last => write!(f, "{first}")?,
            _ => write!(f, "{first}-{last}")?,
        }
        if protocol == Protocol::Tcp { Ok(()) } else { write!(f, "/{}", protocol.name()) }
    }
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// As the API writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
        }
    }

    /// The protocol of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].into_iter().find(|one| one.name() == name)
    }
}

/// A port of an edge: `5432`, `8000-8010`, `53/UDP`, the name of a port, or `any`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(extend(
    "anyOf" = [
        {"type": "integer", "minimum": 1, "maximum": 65535},
        {"type": "string", "pattern": "^[a-z0-9][-a-z0-9]*(/(TCP|UDP|SCTP))?$"},
    ],
    "x-kubernetes-int-or-string" = true
))]
pub enum Port {
    /// Every port of every protocol.
    Any,
    /// The ports from one number to another.
    Range(Protocol, u16, u16),
    /// The port of the pods, or of a Service that sends to them, that is called so.
    Name(String, Option<Protocol>),
}

impl TryFrom<Value> for Port {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let number = |number: i64| PortNumber::try_from(number).map(PortNumber::get);
        let text = match value {
            Value::Number(plain) => {
                let port = number(plain.as_i64().ok_or("a port number is a whole number from 1 to 65535")?)?;
                return Ok(Self::Range(Protocol::Tcp, port, port));
            }
            Value::String(text) => text,
            _ => return Err("expected a port: `5432`, `8000-8010`, `53/UDP`, the name of a port, or `any`".to_owned()),
        };
        let (port, protocol) = match text.split_once('/') {
            Some((port, protocol)) => {
                let known = Protocol::of(protocol);
                (port, Some(known.ok_or_else(|| format!("`{protocol}` is no protocol: write TCP, UDP or SCTP"))?))
            }
            None => (text.as_str(), None),
        };
        let tcp = protocol.unwrap_or(Protocol::Tcp);
        let read = |text: &str| text.parse::<i64>().ok();
        if let Some((first, last)) = port.split_once('-').and_then(|(first, last)| Some((read(first)?, read(last)?))) {
            let (first, last) = (number(first)?, number(last)?);
            return match first <= last {
                true => Ok(Self::Range(tcp, first, last)),
                false => Err(format!("`{text}` ends before it begins")),
            };
        }
        match read(port) {
            Some(port) if protocol.is_some() => number(port).map(|port| Self::Range(tcp, port, port)),
            Some(_) => Err(format!("`{text}` in quotes would be a name; remove the quotes")),
            None if text == "any" => Ok(Self::Any),
            None => {
                let is_port = PortName::fits(port) || ServicePortName::try_from(port.to_owned()).is_ok();
                match is_port {
                    true => Ok(Self::Name(port.to_owned(), protocol)),
                    false => Err(format!(
                        "`{text}` is no port: write `5432`, `8000-8010`, `53/UDP`, the name of a port, or `any`"
                    )),
                }
            }
        }
    }
}

/// An end of an edge: the name of a peer or of a workload. Where several workloads have the name: `Kind/name`,
/// `namespace/name` or `namespace/Kind/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend(
    "pattern" = "^(([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[A-Za-z][A-Za-z0-9]*/|[a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
))]
pub struct End(String);

/// What stands before the name of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before<'a> {
    /// Nothing: a peer, or a workload of any kind and namespace.
    Nothing,
    /// A kind or a namespace: a kind may be of small letters only.
    Either(&'a str),
    /// Namespace and kind.
    Both(&'a str, &'a str),
}

impl End {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the name, and the name.
    #[must_use]
    pub fn parts(&self) -> (Before<'_>, &str) {
        let Some((before, name)) = self.0.rsplit_once('/') else { return (Before::Nothing, self.as_str()) };
        match before.split_once('/') {
            Some((namespace, kind)) => (Before::Both(namespace, kind), name),
            None => (Before::Either(before), name),
        }
    }
}

impl TryFrom<String> for End {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let end = Self(text);
        let (before, name) = end.parts();
        let is_kind = |kind: &str| {
            kind.starts_with(|c: char| c.is_ascii_alphabetic()) && kind.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let is_namespace = |namespace: &str| NamespaceName::try_from(namespace.to_owned()).is_ok();
        let is_before = match before {
            Before::Nothing => true,
            Before::Either(before) => is_kind(before) || is_namespace(before),
            Before::Both(namespace, kind) => is_namespace(namespace) && is_kind(kind),
        };
        let is_name = krmor_core::kube::ObjectName::try_from(name.to_owned());
        match (is_before, is_name) {
            (true, Ok(_)) => Ok(end),
            (false, _) => {
                Err(format!("`{}` is neither a name, `Kind/name`, `namespace/name` nor `namespace/Kind/name`", end.0))
            }
            (_, Err(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_addresses() {
        for good in ["0.0.0.0/0", "10.0.0.0/8", "192.168.1.7/32", "::/0", "2001:db8::/32"] {
            assert_eq!(Cidr::try_from(good.to_owned()).unwrap().as_str(), good);
        }
        for (bad, says) in [
            ("10.1.2.3/8", "the range is `10.0.0.0/8`"),
            ("2001:db8::1/32", "the range is `2001:db8::/32`"),
            ("10.0.0.0", "no range"),
            ("10.0.0.0/33", "no range"),
            ("10.0.0.0/08", "no range"),
            ("example.com/32", "no range"),
            ("10.0.0.0/+8", "no range"),
        ] {
            let error = Cidr::try_from(bad.to_owned()).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
        let cidr = |text: &str| Cidr::try_from(text.to_owned()).unwrap();
        assert!(cidr("0.0.0.0/0").has_inside(&cidr("10.0.0.0/8")) && cidr("::/0").has_inside(&cidr("::1/128")));
        assert!(!cidr("10.0.0.0/8").has_inside(&cidr("11.0.0.0/16")) && !cidr("0.0.0.0/0").has_inside(&cidr("::/0")));
        assert!(!cidr("10.0.0.0/8").has_inside(&cidr("10.0.0.0/8")));
    }

    #[test]
    fn ends() {
        let end = |text: &str| End::try_from(text.to_owned());
        for (good, before) in [
            ("web", Before::Nothing),
            ("Deployment/web", Before::Either("Deployment")),
            ("eu/web", Before::Either("eu")),
            ("eu-1/web", Before::Either("eu-1")),
            ("KafkaMirrorMaker2/web", Before::Either("KafkaMirrorMaker2")),
            ("eu/Deployment/web", Before::Both("eu", "Deployment")),
        ] {
            assert_eq!(end(good).unwrap().parts(), (before, "web"), "{good}");
        }
        for bad in ["", "/web", "Eu-1/web", "Deployment/eu/web", "a/b/C/web", "eu/Deployment/Web"] {
            assert!(end(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ports() {
        let read = |value: Value| Port::try_from(value);
        assert_eq!(read(5432.into()), Ok(Port::Range(Protocol::Tcp, 5432, 5432)));
        assert_eq!(read("53/UDP".into()), Ok(Port::Range(Protocol::Udp, 53, 53)));
        assert_eq!(read("8000-8010".into()), Ok(Port::Range(Protocol::Tcp, 8000, 8010)));
        assert_eq!(read("8000-8010/SCTP".into()), Ok(Port::Range(Protocol::Sctp, 8000, 8010)));
        assert_eq!(read("http".into()), Ok(Port::Name("http".to_owned(), None)));
        assert_eq!(read("dns/UDP".into()), Ok(Port::Name("dns".to_owned(), Some(Protocol::Udp))));
        assert_eq!(read("any".into()), Ok(Port::Any));
        for bad in [
            Value::from("443"),
            0.into(),
            65536.into(),
            "9-8".into(),
            "1-70000".into(),
            "53/udp".into(),
            "a_b".into(),
            Value::Null,
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
