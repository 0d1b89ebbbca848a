//! What HTTP requests are made of: hosts and paths.

use super::checked_text;
use super::grammar::{Grammar, is_lower, is_lower_dash_or_dot};

checked_text! {
    /// A host name in lower case, perhaps with `*` for its first label: at most 253 characters, 63 between dots.
    // networking `validateIngressRules` (`IsDNS1123Subdomain`, `IsWildcardDNS1123Subdomain`; no IP address), Gateway API
    // `Hostname`, both without a limit for labels; RFC 1035 section 2.3.4 has it, and OpenShift's routers enforce it.
    Host, check_host,
    {
        "pattern" = r"^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$",
        "maxLength" = 253,
    }
}

checked_text! {
    /// The path of an HTTP request, perhaps with its query: it starts with one `/`, and what a URL cannot hold is encoded.
    // Kubernetes takes any text (core `validateHTTPGetAction`); what the kubelet cannot parse it encodes once more, and asks
    // for another path.
    HttpPath, check_http_path, {"pattern" = r"^/(([^/%#\s\x00-\x1f\x7f-\x9f]|%[0-9A-Fa-f]{2})([^%#\s\x00-\x1f\x7f-\x9f]|%[0-9A-Fa-f]{2})*)?$"}
}

impl Host {
    /// Whether it stands for every host below a domain.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

const HOST: Grammar = Grammar {
    noun: "a host name",
    rule: "labels of `a-z`, `0-9` and inner `-`, with dots between them",
    longest: 253,
    has: is_lower_dash_or_dot,
    ends: is_lower,
    dotted: true,
};

fn check_host(text: &str) -> Result<(), String> {
    if text.contains('/') {
        return Err(format!("`{text}` must be a host alone, without scheme and path"));
    }
    if text.parse::<std::net::IpAddr>().is_ok() {
        return Err(format!("`{text}` must be a name: no provider takes an IP address"));
    }
    let lower = text.to_ascii_lowercase();
    if lower != text && check_host(&lower).is_ok() {
        return Err(format!("`{text}` must be in lower case: `{lower}`"));
    }
    if text.len() > HOST.longest {
        return Err(format!("`{text}` is not a host name: it has {} characters; write at most 253", text.len()));
    }
    if text.split('.').any(|label| label.len() > 63) {
        return Err(format!("`{text}` is not a host name: a label has more than 63 characters"));
    }
    HOST.check(text.strip_prefix("*.").unwrap_or(text))
}

fn check_http_path(text: &str) -> Result<(), String> {
    let mut escapes = text.split('%').skip(1);
    let encoded = escapes.all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
    if !text.starts_with('/') || text.starts_with("//") {
        Err(format!("`{text}` must be a path: start it with one `/`, without scheme and host"))
    } else if !encoded || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
        Err(format!("`{text}` has characters that a path has percent-encoded: white space, `#`, a lone `%`"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::texts;
    use super::*;

    #[test]
    fn hosts_are_names_of_dns() {
        let label = "a".repeat(63);
        let longest = [label.as_str(); 3].join(".") + "." + &"a".repeat(61);
        let (long_label, longer) = ("a".repeat(64), format!("{longest}a"));
        assert_eq!(longest.len(), 253);
        texts::<Host>(
            &["a", "app.example.com", "*.example.com", "xn--bcher-kva.de", &label, &longest],
            &[
                "",
                "*",
                "*.",
                "a.*.b",
                "*a.b",
                "a_b.c",
                "A.b",
                "a..b",
                ".a",
                "a.",
                "-a.b",
                "https://a.b",
                "a/b",
                "a:80",
                &long_label,
                &longer,
            ],
        );
        // A pattern that refuses what only looks like an address would not be readable.
        assert!(Host::try_from("10.0.0.1".to_owned()).is_err());
    }

    #[test]
    fn paths_are_encoded() {
        let good = ["/", "/healthz", "/a?b=c&d", "/a%20b", "/a//b", "/%2f", "/ä"];
        texts::<HttpPath>(&good, &["", "a", "//a", "/a b", "/a#b", "/%", "/%2", "/%zz", "/a\tb", "http://a/"]);
    }
}
