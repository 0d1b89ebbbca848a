//! How names, paths, addresses and the like are written, by the words that `types.txt` has for them.
//!
//! A fault is the end of a sentence: "must be …". Most are functions of apimachinery's `util/validation`, by the name that
//! stands beside each.

use std::borrow::Cow;
use std::net::IpAddr;

use super::cron;
use super::walk::shown;
use crate::kube::{DataKey, PortName, check_label_value, check_selector_key};

/// What is wrong with a text that is to have a format.
pub(super) fn fault(format: &str, text: &str) -> Option<String> {
    let what = match format {
        // `IsDNS1123Label`
        "label" if !is_label(text) => "must be at most 63 of `a-z`, `0-9` and inner `-`",
        // `IsDNS1123Subdomain`
        "name" if !is_name(text) => {
            "must be at most 253 of `a-z`, `0-9`, `-` and `.`, with a letter or digit at both ends of each part"
        }
        // `NameIsDNSSubdomain` of what something is put behind.
        "prefix" if !is_name(&format!("{}a", text.strip_suffix('-').unwrap_or(text))) => {
            "must be at most 253 of `a-z`, `0-9`, `-` and `.`, with a letter or digit at both ends of each part"
        }
        "key" => return check_selector_key(text).err().map(|_| KEY.to_owned()),
        "labelValue" => return check_label_value(text).err().map(|_| LABEL_VALUE.to_owned()),
        "finalizer" if check_selector_key(text).is_err() => KEY,
        "finalizer" if !text.contains('/') && !matches!(text, "kubernetes" | "orphan" | "foregroundDeletion") => {
            "must have a domain and `/` before it"
        }
        "port" if !PortName::fits(text) => PORT,
        // `IsRelaxedEnvVarName`
        "env" if text.is_empty() || !text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') => {
            "must be printable ASCII without `=`"
        }
        "dataKey" if DataKey::check(text).is_err() => {
            "must be at most 253 letters, digits, `-`, `_` and `.`, and not start with `..`"
        }
        "ip" if !is_ip(text) => "must be an IP address",
        // `validatePathNoBacksteps`
        "up" if goes_up(text) => "must not contain `..`",
        // `validateLocalDescendingPath`
        "below" if text.starts_with('/') || goes_up(text) => "must be a relative path without `..`",
        // `ValidateLocalNonReservedPath`
        "file" if text.starts_with('/') || text.starts_with("..") || goes_up(text) => {
            "must be a relative path that does not start with `..` or contain it"
        }
        "absolute" if !text.starts_with('/') => "must be an absolute path",
        // `IsHTTPHeaderName`
        "header" if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => "must be letters, digits and `-`",
        "sysctl" if !is_sysctl(text) => {
            "must be parts of `a-z`, `0-9`, inner `-` and `_`, with `.` or `/` between them"
        }
        "search" if !is_search(text) => "must be a DNS name",
        // `ValidateCSIDriverName`
        "driver" if text.len() > 63 || !is_name(&text.to_ascii_lowercase()) => {
            "must be a DNS name of at most 63 characters"
        }
        // `IsPathSegmentName`
        "segment" if !is_segment(text) => "must not be `.` or `..`, or contain `/` or `%`",
        // `IsWildcardDNS1123Subdomain`
        "host" if !is_host(text) => "must be a DNS name in lower case, perhaps with `*.` before it",
        "iqn" if !["iqn", "eui", "naa"].iter().any(|prefix| text.starts_with(prefix)) => {
            "must start with `iqn`, `eui` or `naa`"
        }
        "zone" if !is_zone(text) => "must be a time zone such as `Europe/Berlin`",
        "cron" => return cron::fault(text),
        "envField" if !is_field(text, ENV_FIELDS) => {
            "must be one of `metadata.name`, `metadata.namespace`, `metadata.uid`, `spec.nodeName`, `spec.serviceAccountName`, \
             `status.hostIP`, `status.hostIPs`, `status.podIP`, `status.podIPs`, or `metadata.labels['KEY']` or \
             `metadata.annotations['KEY']`"
        }
        "volumeField" if !is_field(text, VOLUME_FIELDS) => {
            "must be one of `metadata.name`, `metadata.namespace`, `metadata.uid`, `metadata.labels`, `metadata.annotations`, or \
             `metadata.labels['KEY']` or `metadata.annotations['KEY']`"
        }
        "resourceField" if !is_resource_field(text) => {
            "must be `limits.` or `requests.` and `cpu`, `memory`, `ephemeral-storage` or `hugepages-SIZE`"
        }
        _ => return None,
    };
    Some(what.to_owned())
}

const KEY: &str =
    "must be at most 63 letters, digits, inner `-`, `_` and `.`, perhaps with a DNS name and `/` before them";
const LABEL_VALUE: &str = "must be empty, or at most 63 letters, digits, inner `-`, `_` and `.`";
const PORT: &str =
    "must be a port number from 1 to 65535, or a name of at most 15 of `a-z`, `0-9` and single inner `-` with a letter";
const ENV_FIELDS: &str = "metadata.name|metadata.namespace|metadata.uid|spec.nodeName|spec.host|spec.serviceAccountName|\
                          status.hostIP|status.hostIPs|status.podIP|status.podIPs";
const VOLUME_FIELDS: &str = "metadata.name|metadata.namespace|metadata.uid|metadata.labels|metadata.annotations";

/// What is wrong with a number or a text in a field that takes both.
pub(super) fn number_or_text(format: &str, number: Option<i128>, text: Option<&str>) -> Option<&'static str> {
    match (format, number, text) {
        // What stands for nothing gets the Service's own port.
        ("target", Some(0), _) | ("target", _, Some("")) => None,
        ("port" | "target", Some(number), _) if !(1..=65535).contains(&number) => Some(PORT),
        ("port" | "target", _, Some(text)) if !PortName::fits(text) => Some(PORT),
        // `ValidatePositiveIntOrPercent` and `IsNotMoreThan100Percent`
        ("share" | "surge", Some(number), _) if number < 0 => Some("must be 0 or more"),
        ("share" | "surge", _, Some(text)) => match percent(text) {
            None => Some("must be a number, or a percentage such as `25%`"),
            Some(share) if share > 100 && format == "share" => Some("must not be more than 100%"),
            Some(_) => None,
        },
        _ => None,
    }
}

/// The number of a percentage.
pub(super) fn percent(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('%')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // More digits than a number holds are more than any limit, too.
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// What is wrong with an entry of a mapping: a whole sentence, without the value, which may be a secret.
pub(super) fn entry(format: &str, key: &str, value: &str) -> Option<String> {
    let lower = key.to_ascii_lowercase();
    let (written, is_label) = match format {
        "labels" => (key, true),
        "keys" => (lower.as_str(), false),
        _ => return None,
    };
    if check_selector_key(written).is_err() {
        return Some(format!("the key `{}` {KEY}", shown(key)));
    }
    (is_label && check_label_value(value).is_err()).then(|| format!("the value of `{}` {LABEL_VALUE}", shown(key)))
}

/// The last key of a pointer, and the number behind it where it is a list's item: `args[1]`.
pub(super) fn name_of(at: &str) -> Cow<'_, str> {
    let (before, token) = at.rsplit_once('/').unwrap_or(("", at));
    match !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit()) {
        true => Cow::Owned(format!("{}[{token}]", before.rsplit('/').next().unwrap_or_default())),
        false => krmor_yaml::unescape_token(token).unwrap_or(Cow::Borrowed(token)),
    }
}

fn is_lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Whether a text consists of some characters, with letters or digits of lower case at both ends.
fn is_part(text: &str, has: fn(u8) -> bool) -> bool {
    let ends = [text.bytes().next(), text.bytes().last()];
    ends.iter().all(|b| b.is_some_and(is_lower)) && text.bytes().all(|b| is_lower(b) || has(b))
}

/// `IsDNS1123Label`
pub(super) fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_part(text, |b| b == b'-')
}

/// `IsDNS1123Subdomain`
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|part| is_part(part, |b| b == b'-'))
}

/// `IsPathSegmentName`
pub(super) fn is_segment(text: &str) -> bool {
    !matches!(text, "." | "..") && !text.contains(['/', '%'])
}

/// `ParseIPSloppy`: zeros before a number of IPv4 are nothing.
pub(super) fn is_ip(text: &str) -> bool {
    let strip = |part: &str| -> String {
        let rest = part.trim_start_matches('0');
        if rest.is_empty() && !part.is_empty() { "0".to_owned() } else { rest.to_owned() }
    };
    text.parse::<IpAddr>().is_ok()
        || !text.contains(':') && text.split('.').map(strip).collect::<Vec<_>>().join(".").parse::<IpAddr>().is_ok()
}

pub(super) fn goes_up(text: &str) -> bool {
    text.split('/').any(|part| part == "..")
}

fn is_sysctl(text: &str) -> bool {
    text.len() <= 253 && text.split(['.', '/']).all(|part| is_part(part, |b| matches!(b, b'-' | b'_')))
}

/// `IsDNS1123SubdomainWithUnderscore`, with a dot at its end or without; `.` is the root.
fn is_search(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let first = |b: u8| is_lower(b) || b == b'_';
    let is_part = |part: &str| {
        part.bytes().next().is_some_and(first)
            && part.bytes().last().is_some_and(is_lower)
            && part.bytes().all(|b| first(b) || b == b'-')
    };
    text == "." || name.len() <= 253 && name.split('.').all(is_part)
}

/// A host of an Ingress: a name, with `*` for its first label or without, and no address.
fn is_host(text: &str) -> bool {
    match text.strip_prefix("*.") {
        Some(rest) => text.len() <= 253 && is_name(rest),
        None => is_name(text) && !is_ip(text),
    }
}

/// `validateTimeZone`, as far as it goes without the list of all zones.
fn is_zone(text: &str) -> bool {
    let has = |b: u8| b.is_ascii_alphanumeric() && b != 0 || matches!(b, b'.' | b'-' | b'_' | b'+');
    let is_part = |part: &str| {
        !matches!(part, "." | "..") && !part.starts_with('-') && (1..=14).contains(&part.len()) && part.bytes().all(has)
    };
    text.split('/').all(is_part) && !text.eq_ignore_ascii_case("local")
}

/// `validateObjectFieldSelector`
fn is_field(text: &str, fields: &str) -> bool {
    let subscript = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix("']");
    if let Some(key) = subscript("metadata.labels['") {
        return check_selector_key(key).is_ok();
    }
    if let Some(key) = subscript("metadata.annotations['") {
        return check_selector_key(&key.to_ascii_lowercase()).is_ok();
    }
    fields.split('|').any(|field| field == text)
}

/// `validateContainerResourceFieldSelector`
fn is_resource_field(text: &str) -> bool {
    let rest = text.strip_prefix("limits.").or_else(|| text.strip_prefix("requests."));
    rest.is_some_and(|rest| matches!(rest, "cpu" | "memory" | "ephemeral-storage") || rest.starts_with("hugepages-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_api_server_reads_them() {
        for (text, good) in [
            ("10.0.0.1", true),
            ("010.000.0.1", true),
            ("::1", true),
            ("::ffff:1.2.3.4", true),
            ("10.0.0", false),
            ("10.0.0.256", false),
            ("1.2.3.4.5", false),
            ("", false),
            ("a.b.c.d", false),
            ("10.0.0.0/8", false),
        ] {
            assert_eq!(is_ip(text), good, "{text}");
        }
    }

    #[test]
    fn the_last_key_of_a_pointer_names_its_list() {
        assert_eq!(name_of("/spec/containers/0/args/1"), "args[1]");
        assert_eq!(name_of("/metadata/labels/a~1b"), "a/b");
        assert_eq!(name_of(""), "");
    }
}
