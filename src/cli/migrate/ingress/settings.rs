//! The annotations of one Ingress, read: what they ask for, and what becomes of each.

mod values;

use std::collections::BTreeMap;

use serde_json::Value;

use self::values::is_host;
use super::annotations::{self, Owner, PREFIX, Treatment};
use super::model::Ingress;
use crate::values::go_bool;
use crate::yaml::escape_token;
use krmor_core::suggest;

/// What becomes of one thing that an Ingress says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// The number of the Ingress.
    pub(super) ingress: usize,
    /// Where it says that.
    pub(super) pointer: String,
    /// The annotation, or the name of the loss or rule.
    pub(super) name: String,
    pub(super) treatment: Treatment,
    /// How, or why.
    pub(super) says: String,
    /// The way out, where there is one of its own.
    pub(super) remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Protocol {
    #[default]
    Http,
    Https,
    Grpc,
    Grpcs,
}

impl Protocol {
    pub(super) fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Grpcs)
    }

    pub(super) fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::Grpcs)
    }
}

/// Which requests a canary takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Canary {
    pub(super) header: Option<String>,
    pub(super) value: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) cookie: Option<String>,
    /// Of so many requests.
    pub(super) weight: Option<(i64, i64)>,
}

/// What the annotations of an Ingress ask for.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is an annotation
pub(super) struct Settings {
    pub(super) rewrite: Option<String>,
    pub(super) regex: bool,
    pub(super) ssl_redirect: bool,
    pub(super) force_ssl: bool,
    pub(super) app_root: Option<String>,
    /// The filter that answers every request.
    pub(super) redirect: Option<Value>,
    pub(super) protocol: Protocol,
    pub(super) passthrough: bool,
    pub(super) canary: Option<Canary>,
    pub(super) cors: Option<Value>,
    pub(super) vhost: Option<String>,
    pub(super) prefix_header: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) timeout: Option<i64>,
    pub(super) backend_name: Option<String>,
    /// For routes, for what has the listeners, and for both.
    pub(super) route: BTreeMap<String, String>,
    pub(super) parent: BTreeMap<String, String>,
    pub(super) every: BTreeMap<String, String>,
}

/// Reads the annotations of an Ingress. A canary's other annotations are the main one's affair.
pub(super) fn read(number: usize, ingress: &Ingress, timeouts: bool, notes: &mut Vec<Note>) -> Settings {
    let mut reader = Reader { number, ingress, timeouts, notes, settings: Settings::default() };
    reader.settings.ssl_redirect = ingress.flag("ssl-redirect").unwrap_or(true);
    reader.settings.force_ssl = ingress.flag("force-ssl-redirect").unwrap_or(false);
    reader.settings.regex = ingress.flag("use-regex").unwrap_or(false);
    reader.settings.passthrough = ingress.flag("ssl-passthrough").unwrap_or(false);
    if ingress.flag("canary") == Some(true) {
        reader.settings.canary = Some(Canary::default());
    }
    for (key, value) in &ingress.annotations {
        match key.strip_prefix(PREFIX) {
            Some(name) => reader.nginx(name, value),
            None => reader.other(key, value),
        }
    }
    reader.settings
}

struct Reader<'a> {
    number: usize,
    ingress: &'a Ingress,
    timeouts: bool,
    notes: &'a mut Vec<Note>,
    settings: Settings,
}

impl Reader<'_> {
    fn note(&mut self, key: &str, treatment: Treatment, says: impl Into<String>, remedy: Option<&str>) {
        let pointer = format!("/metadata/annotations/{}", escape_token(key));
        let name = key.strip_prefix(PREFIX).unwrap_or(key).to_owned();
        let (says, remedy) = (says.into(), remedy.map(str::to_owned));
        self.notes.push(Note { ingress: self.number, pointer, name, treatment, says, remedy });
    }

    fn refuse(&mut self, name: &str, says: impl Into<String>, remedy: &str) {
        self.note(&format!("{PREFIX}{name}"), Treatment::Refused, says, Some(remedy));
    }

    fn other(&mut self, key: &str, value: &str) {
        let gateway = "goes to what has the listeners";
        let (treatment, says) = match annotations::owner(key) {
            Owner::Class => (Treatment::Carried, "the Gateway takes the place of the class"),
            Owner::Leftover => (Treatment::Carried, "a tool wrote it about the Ingress: nothing needs it"),
            Owner::Certificates => {
                self.settings.parent.insert(key.to_owned(), value.to_owned());
                (Treatment::Carried, "cert-manager reads it at a Gateway too, once its Gateway API support is on")
            }
            Owner::IngressSolver => (
                Treatment::Lost,
                "it is for Ingresses only: the issuer needs a solver `http01.gatewayHTTPRoute` or `dns01`",
            ),
            Owner::DnsTarget => {
                self.settings.parent.insert(key.to_owned(), value.to_owned());
                (Treatment::Carried, gateway)
            }
            Owner::Dns => {
                self.settings.route.insert(key.to_owned(), value.to_owned());
                (Treatment::Carried, "goes to the routes: external-dns needs the source `gateway-httproute`")
            }
            Owner::Every => {
                self.settings.every.insert(key.to_owned(), value.to_owned());
                (Treatment::Carried, "goes to every object that is made of the Ingress")
            }
            Owner::Controller => {
                let says = "it is for another controller than ingress-nginx, which krmor does not know by heart";
                let way = "say what it does in the Gateway API or in a policy of your Gateway's own, then remove it";
                return self.note(key, Treatment::Refused, says, Some(way));
            }
            Owner::Other => {
                self.settings.route.insert(key.to_owned(), value.to_owned());
                (Treatment::Carried, "goes to the routes; what reads it has to look there")
            }
        };
        self.note(key, treatment, says, None);
    }

    fn nginx(&mut self, name: &str, value: &str) {
        let key = format!("{PREFIX}{name}");
        let Some(row) = annotations::find(name) else {
            let hint = suggest::closest(name, annotations::TABLE.iter().map(|row| row.name));
            let way = hint.map_or_else(
                || "ingress-nginx 1.15 does not read it: remove it".to_owned(),
                |other| {
                    format!(
                        "{} If not, remove it: ingress-nginx 1.15 does not read it",
                        suggest::did_you_mean(&format!("`{other}`"))
                    )
                },
            );
            return self.note(&key, Treatment::Refused, "no annotation of ingress-nginx has this name", Some(&way));
        };
        let is_canary = self.settings.canary.is_some();
        if is_canary && !name.starts_with("canary") && row.treatment != Treatment::Lost {
            return self.note(
                &key,
                Treatment::Carried,
                "ingress-nginx does not read it at a canary: the main Ingress's counts",
                None,
            );
        }
        if let Some(needs) = row.needs.filter(|needs| !self.is_set(needs)) {
            return self.note(&key, Treatment::Carried, format!("does nothing without `{needs}`"), None);
        }
        if row.switch && (go_bool(value) == Some(false) || value == "off") {
            return self.note(&key, Treatment::Carried, "off: there is nothing to carry", None);
        }
        if !self.understood(name, value) {
            return;
        }
        self.note(&key, row.treatment, row.says, None);
    }

    /// Whether an annotation is there and not switched off.
    fn is_set(&self, name: &str) -> bool {
        let is_switch = annotations::find(name).is_some_and(|row| row.switch);
        self.ingress.nginx(name).is_some_and(|value| !is_switch || go_bool(value) == Some(true))
    }

    /// Takes over what an annotation says; false where that was noted already.
    fn understood(&mut self, name: &str, value: &str) -> bool {
        let key = format!("{PREFIX}{name}");
        let trimmed = value.trim();
        match name {
            "ssl-redirect" | "force-ssl-redirect" | "use-regex" | "ssl-passthrough" | "canary" | "enable-cors"
                if go_bool(value).is_none() =>
            {
                self.refuse(
                    name,
                    "the value is no boolean: ingress-nginx takes its default then",
                    "write \"true\" or \"false\"",
                );
                return false;
            }
            "rewrite-target" => self.settings.rewrite = Some(value.to_owned()),
            "app-root" => return self.app_root(trimmed),
            "permanent-redirect" => return self.redirect(name, trimmed, "permanent-redirect-code", 301),
            "temporal-redirect" if self.ingress.nginx("permanent-redirect").is_none() => {
                return self.redirect(name, trimmed, "temporal-redirect-code", 302);
            }
            "backend-protocol" => match trimmed.to_ascii_uppercase().as_str() {
                "HTTP" => {}
                "HTTPS" => self.settings.protocol = Protocol::Https,
                "GRPC" => self.settings.protocol = Protocol::Grpc,
                "GRPCS" => self.settings.protocol = Protocol::Grpcs,
                "FCGI" => {
                    self.refuse(name, "a Gateway does not speak FastCGI", "put an HTTP server before the backend");
                    return false;
                }
                _ => {
                    self.refuse(
                        name,
                        "only HTTP, HTTPS, GRPC and GRPCS can be said",
                        "write the one that the backend speaks",
                    );
                    return false;
                }
            },
            "proxy-ssl-name" => self.settings.backend_name = Some(trimmed.to_owned()),
            "proxy-ssl-verify" if trimmed != "on" => {
                let says = "a BackendTLSPolicy always verifies: stricter than now, see --backend-ca";
                self.note(&key, Treatment::Carried, says, None);
                return false;
            }
            "proxy-body-size" if matches!(trimmed, "0" | "0m" | "0k") => {
                self.note(&key, Treatment::Carried, "no limit: there is nothing to carry", None);
                return false;
            }
            "proxy-read-timeout" | "proxy-send-timeout" if self.timeouts => return self.timeout(name, trimmed),
            "upstream-vhost" => {
                if !is_host(trimmed) {
                    self.refuse(
                        name,
                        "only a plain host name can be said",
                        "write one without variables and port, or none",
                    );
                    return false;
                }
                self.settings.vhost = Some(trimmed.to_owned());
            }
            "x-forwarded-prefix" => {
                if value.contains('$') {
                    self.refuse(name, "a Gateway knows no variables", "write a text without `$`");
                    return false;
                }
                self.settings.prefix_header = Some(value.to_owned());
            }
            "server-alias" => {
                let names: Vec<String> = trimmed.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
                if names.iter().any(|name| !is_host(name.strip_prefix("*.").unwrap_or(name))) {
                    self.refuse(
                        name,
                        "a host name of an HTTPRoute is no regular expression",
                        "write the names one by one",
                    );
                    return false;
                }
                self.settings.aliases = names;
            }
            "enable-cors" => return self.cors(),
            _ if name.starts_with("canary-") => return self.canary(name, trimmed),
            _ => {}
        }
        true
    }
}
