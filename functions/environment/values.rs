//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use schemars::JsonSchema;
use serde::Deserialize;

/// A text that a check has passed; its name in the API is the type's.
macro_rules! checked {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(extend("pattern" = $pattern))]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                $check(&text).map(|()| Self(text))
            }
        }
    };
}

checked! {
    /// A name that an environment variable, or the prefix of one, may have.
    EnvName, "^[ -<>-~]+$", check_env_name
}
checked! {
    /// A name that a ConfigMap or Secret may have: an RFC 1123 subdomain.
    ObjectName, "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", check_object_name
}
checked! {
    /// A key that a ConfigMap or Secret may have.
    DataKey, "^[-._a-zA-Z0-9]+$", check_data_key
}
checked! {
    /// A field of the pod that a variable may hold.
    FieldPath, "^(metadata|spec|status)\\..+$", check_field_path
}
checked! {
    /// A request or limit that a variable may hold.
    ResourcePath, "^(limits|requests)\\.(cpu|memory|ephemeral-storage|hugepages-.+)$", check_resource_path
}
checked! {
    /// The unit that a request or limit is counted in.
    Divisor, "^1(m|[kMGTPE]|[KMGTPE]i)?$", check_divisor
}

fn check_env_name(text: &str) -> Result<(), String> {
    // As of Kubernetes 1.32; a space is a printable character.
    match !text.is_empty() && text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'=') {
        true => Ok(()),
        false => Err(format!("`{}` is no name of a variable: printable ASCII without `=`", text.escape_default())),
    }
}

fn check_object_name(text: &str) -> Result<(), String> {
    let end = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let part = |part: &str| {
        let inner = |b: u8| b == b'-' || end(Some(b));
        end(part.bytes().next()) && end(part.bytes().last()) && part.bytes().all(inner)
    };
    match text.len() <= 253 && text.split('.').all(part) {
        true => Ok(()),
        false => {
            Err(format!("`{}` is no object's name: lower-case letters, digits, `-` and `.`", text.escape_default()))
        }
    }
}

/// Whether a ConfigMap or Secret may have the key.
pub(super) fn check_data_key(text: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fits = !text.is_empty() && text.len() <= 253 && text.bytes().all(allowed);
    match fits && text != "." && !text.starts_with("..") {
        true => Ok(()),
        false => Err(format!(
            "`{}` is no key of a ConfigMap or Secret: letters, digits, `-`, `_` and `.`",
            text.escape_default()
        )),
    }
}

fn check_field_path(text: &str) -> Result<(), String> {
    const FIELDS: [&str; 9] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let inside = |map: &str| text.strip_prefix(map)?.strip_suffix("']").filter(|key| !key.is_empty());
    let entry = inside("metadata.labels['").or_else(|| inside("metadata.annotations['"));
    match FIELDS.contains(&text) || entry.is_some() {
        true => Ok(()),
        false => Err(format!(
            "`{}` cannot become a variable; these can: {}, metadata.labels['KEY'], metadata.annotations['KEY']",
            text.escape_default(),
            FIELDS.join(", ")
        )),
    }
}

fn check_resource_path(text: &str) -> Result<(), String> {
    let resource = text.strip_prefix("limits.").or_else(|| text.strip_prefix("requests."));
    let known = resource.is_some_and(|name| {
        let pages = name.strip_prefix("hugepages-").is_some_and(|size| !size.is_empty());
        matches!(name, "cpu" | "memory" | "ephemeral-storage") || pages
    });
    match known {
        true => Ok(()),
        false => Err(format!(
            "`{}` cannot become a variable; write `limits.` or `requests.` and cpu, memory, ephemeral-storage or \
             hugepages-SIZE",
            text.escape_default()
        )),
    }
}

fn check_divisor(text: &str) -> Result<(), String> {
    let unit = text.strip_prefix('1').unwrap_or("no unit");
    match ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].contains(&unit) {
        true => Ok(()),
        false => Err(format!("`{}` is no divisor: write 1, 1m, 1k, 1M, 1G, 1Ki, 1Mi or 1Gi", text.escape_default())),
    }
}
