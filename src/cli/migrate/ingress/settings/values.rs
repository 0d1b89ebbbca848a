//! Annotations whose values say more than yes or no.

use serde_json::{Value, json};

use super::Reader;
use crate::cli::migrate::ingress::annotations::{PREFIX, Treatment};

impl Reader<'_> {
    pub(super) fn app_root(&mut self, path: &str) -> bool {
        if !path.starts_with('/') || path.contains(['$', '?', '#']) {
            self.refuse(
                "app-root",
                "only a plain path can be said",
                "write one that starts with `/`, without variables and query",
            );
            return false;
        }
        self.settings.app_root = Some(path.to_owned());
        true
    }

    pub(super) fn timeout(&mut self, name: &str, value: &str) -> bool {
        let Some(seconds) =
            value.trim_end_matches('s').parse::<i64>().ok().filter(|seconds| (1..100_000).contains(seconds))
        else {
            self.refuse(name, "not a number of seconds", "write one between 1 and 99999");
            return false;
        };
        self.settings.timeout = Some(self.settings.timeout.map_or(seconds, |other| other.max(seconds)));
        let key = format!("{PREFIX}{name}");
        self.note(&key, Treatment::Carried, "`timeouts.request`, which also ends streams that last longer", None);
        false
    }

    /// A redirect of every request to an address.
    pub(super) fn redirect(&mut self, name: &str, address: &str, code_name: &str, default: i64) -> bool {
        let code = self.ingress.nginx(code_name).map_or(Some(default), |code| code.trim().parse().ok());
        let Some(code) = code.filter(|code| [301, 302, 303, 307, 308].contains(code)) else {
            self.refuse(code_name, "an HTTPRoute redirects with 301, 302, 303, 307 or 308 only", "write one of these");
            return false;
        };
        let Some(filter) = redirect_filter(address, code) else {
            self.refuse(
                name,
                "the address is more than an HTTPRoute can say",
                "write `https://host/path`, or `https://host$request_uri` to keep the path, without other variables and without a query",
            );
            return false;
        };
        self.settings.redirect = Some(filter);
        true
    }

    pub(super) fn cors(&mut self) -> bool {
        let list = |name: &str, default: &str| -> Vec<String> {
            let text = self.ingress.nginx(name).unwrap_or(default);
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let origins = list("cors-allow-origin", "*");
        let any = origins.iter().any(|origin| origin == "*");
        let mut cors = serde_json::Map::new();
        cors.insert("allowOrigins".to_owned(), if any { json!(["*"]) } else { json!(origins) });
        // Browsers take no credentials for an origin that is written as `*`, whatever nginx says beside it.
        let credentials = self.ingress.flag("cors-allow-credentials").unwrap_or(true);
        if credentials && !any {
            cors.insert("allowCredentials".to_owned(), json!(true));
        }
        cors.insert(
            "allowMethods".to_owned(),
            json!(list("cors-allow-methods", "GET, PUT, POST, DELETE, PATCH, OPTIONS")),
        );
        let headers = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";
        cors.insert("allowHeaders".to_owned(), json!(list("cors-allow-headers", headers)));
        let exposed = list("cors-expose-headers", "");
        if !exposed.is_empty() {
            cors.insert("exposeHeaders".to_owned(), json!(exposed));
        }
        let age = self.ingress.nginx("cors-max-age").unwrap_or("1728000").trim().parse::<i64>();
        if !any && origins.iter().any(|origin| origin.contains('*')) {
            self.refuse(
                "cors-allow-origin",
                "a wildcard of nginx is one label, one of a Gateway any number",
                "list the origins",
            );
            return false;
        }
        if origins
            .iter()
            .any(|origin| origin != "*" && !origin.starts_with("http://") && !origin.starts_with("https://"))
        {
            self.refuse("cors-allow-origin", "an origin has a scheme and a host", "write `https://host`");
            return false;
        }
        let Some(age) = age.ok().filter(|age| *age > 0) else {
            self.refuse("cors-max-age", "not a number of seconds that an HTTPRoute takes", "write one above 0");
            return false;
        };
        cors.insert("maxAge".to_owned(), json!(age));
        self.settings.cors = Some(json!({"type": "CORS", "cors": cors}));
        true
    }

    pub(super) fn canary(&mut self, name: &str, value: &str) -> bool {
        let total = self.ingress.nginx("canary-weight-total").map_or(Ok(100), |total| total.trim().parse::<i64>());
        let Some(canary) = self.settings.canary.as_mut() else { return true };
        let text = Some(value.to_owned());
        match name {
            "canary-by-header" => canary.header = text,
            "canary-by-header-value" => canary.value = text,
            "canary-by-header-pattern" => canary.pattern = text,
            "canary-by-cookie" => canary.cookie = text,
            "canary-weight" => match (value.parse::<i64>(), total) {
                (Ok(weight), Ok(total)) if 0 <= weight && weight <= total && (1..=1_000_000).contains(&total) => {
                    canary.weight = Some((weight, total));
                }
                _ => {
                    self.refuse(name, "not a number between 0 and the total weight", "write one");
                    return false;
                }
            },
            _ => {}
        }
        true
    }
}

/// Whether a text is a host name; what a tool fills in later (`${DOMAIN}`) is none here.
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// A redirect to `scheme://host[:port][/path]`, or to the path of the request there.
fn redirect_filter(address: &str, code: i64) -> Option<Value> {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) if matches!(scheme, "http" | "https") => (Some(scheme), rest),
        _ => address.strip_prefix("$scheme://").map(|rest| (None, rest))?,
    };
    let (rest, keeps) = match rest.strip_suffix("$request_uri").or_else(|| rest.strip_suffix("$uri")) {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if path.contains(['$', '?', '#']) || (keeps && !path.is_empty()) {
        return None;
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|port| *port > 0)?)),
        None => (authority, None),
    };
    if host != "$host" && !is_host(host) {
        return None;
    }
    let mut redirect = serde_json::Map::new();
    if let Some(scheme) = scheme {
        redirect.insert("scheme".to_owned(), json!(scheme));
    }
    if host != "$host" {
        redirect.insert("hostname".to_owned(), json!(host));
    }
    if let Some(port) = port {
        redirect.insert("port".to_owned(), json!(port));
    }
    if !keeps {
        let path = if path.is_empty() { "/" } else { path };
        redirect.insert("path".to_owned(), json!({"type": "ReplaceFullPath", "replaceFullPath": path}));
    }
    redirect.insert("statusCode".to_owned(), json!(code));
    Some(json!({"type": "RequestRedirect", "requestRedirect": redirect}))
}
