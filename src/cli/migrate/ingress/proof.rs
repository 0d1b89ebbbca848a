//! The proof: requests that ingress-nginx and a Gateway answer alike, each by its own rules, from the rendered objects.
//!
//! Nothing here uses the conversion: Ingresses are read as nginx routes, and routes as the Gateway API says.

mod gateway;
mod nginx;

use std::collections::{BTreeMap, BTreeSet};

use self::gateway::After;
use self::nginx::Before;
use super::convert::Target;
use super::item::Item;
use super::model::{Ingress, PathRule, PathType};

/// What a request gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Nothing,
    /// Services with their shares, the path and the host that they see.
    Backends {
        list: Vec<(String, i64, i64)>,
        path: String,
        host: Option<String>,
    },
    /// To the same address by HTTPS.
    Secure,
    Redirect {
        code: i64,
        to: String,
    },
}

impl Answer {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Backends { list, path, host } => {
                let one = |(name, port, weight): &(String, i64, i64)| format!("{name}:{port} (weight {weight})");
                let services = if let [(name, port, _)] = list.as_slice() {
                    format!("{name}:{port}")
                } else {
                    list.iter().map(one).collect::<Vec<_>>().join(", ")
                };
                let host = host.as_ref().map(|host| format!(", host {host}")).unwrap_or_default();
                format!("{services}, path {path}{host}")
            }
            Self::Secure => "a redirect to HTTPS".to_owned(),
            Self::Redirect { code, to } => format!("a redirect ({code}) to {to}"),
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) header: Option<(String, String)>,
}

impl Request {
    pub(super) fn shown(&self) -> String {
        let header = self.header.as_ref().map(|(name, value)| format!(" with {name}: {value}")).unwrap_or_default();
        format!("{}://{}{}{header}", if self.secure { "https" } else { "http" }, self.host, self.path)
    }
}

/// Whether a host that may have a wildcard covers another.
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(rest) => host.len() > rest.len() && host.ends_with(rest),
        None => pattern == host,
    }
}

/// How exactly a pattern names a host: exact ones first, longer ones first.
fn exactness(pattern: &str) -> (bool, usize) {
    (!pattern.starts_with('*'), pattern.len())
}

/// Requests that show each path of each host from all sides.
pub(super) fn requests(ingresses: &[Ingress]) -> BTreeSet<Request> {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::from([("other.invalid".to_owned(), BTreeSet::new())]);
    let mut headers: BTreeSet<Option<(String, String)>> = BTreeSet::from([None]);
    for ingress in ingresses {
        for rule in &ingress.rules {
            let aliases = ingress
                .nginx("server-alias")
                .unwrap_or_default()
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            let hosts = rule.host.as_deref().or(Some("other.invalid")).into_iter().chain(aliases);
            let around: BTreeSet<String> = rule.paths.iter().flat_map(around).collect();
            for host in hosts {
                paths.entry(host.replacen('*', "krmor-probe", 1)).or_default().extend(around.clone());
            }
        }
        let mut header = |name: &str, value: &str| headers.insert(Some((name.to_owned(), value.to_owned())));
        if let Some(name) = ingress.nginx("canary-by-header") {
            for value in ["always", "never", "other", ingress.nginx("canary-by-header-value").unwrap_or("other")] {
                header(name, value);
            }
        }
        if let Some(name) = ingress.nginx("canary-by-cookie") {
            for value in ["always", "never", "other"] {
                header("Cookie", &format!("a=b; {name}={value}; c=d"));
            }
        }
    }
    let mut out = BTreeSet::new();
    for (host, paths) in &mut paths {
        paths.extend(["/", "/krmor-probe"].map(str::to_owned));
        for path in paths.iter() {
            for header in &headers {
                for secure in [false, true] {
                    out.insert(Request { secure, host: host.clone(), path: path.clone(), header: header.clone() });
                }
            }
        }
    }
    out
}

/// A path, what is below it, and what only starts with the same letters.
fn around(path: &PathRule) -> Vec<String> {
    let is_special = |c: char| "\\^$*+?()[]{}|".contains(c);
    let start = path.path.trim_start_matches('^').split(is_special).next().unwrap_or("/");
    let bare = start.trim_end_matches('/');
    let mut paths: Vec<String> = ["", "/", "/x", "/x/y.z"].iter().map(|rest| format!("{bare}{rest}")).collect();
    if path.kind != PathType::Specific || path.path.contains(is_special) {
        paths.push(format!("{start}1x"));
    }
    paths.retain(|path| path.starts_with('/'));
    paths
}

/// Shares without those of nothing; one Service has all.
fn normal(list: Vec<(String, i64, i64)>) -> Vec<(String, i64, i64)> {
    let mut list: Vec<_> = list.into_iter().filter(|(_, _, weight)| *weight > 0).collect();
    if let [(_, _, weight)] = list.as_mut_slice() {
        *weight = 1;
    }
    list.sort();
    list
}

/// The result of a comparison.
#[derive(Debug, Default)]
pub(super) struct Proof {
    pub(super) requests: usize,
    pub(super) differences: Vec<String>,
}

/// Compares what nginx and the Gateway answer.
pub(super) fn compare(ingresses: &[Ingress], items: &[Item], target: &Target) -> Proof {
    let (before, after) = (Before { ingresses }, After { items, target });
    let mut proof = Proof::default();
    for request in requests(ingresses).into_iter().filter(|request| before.is_theirs(request)) {
        proof.requests += 1;
        let (old, new) = (before.answer(&request), after.answer(&request));
        let secure = Request { secure: true, ..request.clone() };
        // A redirect to where nothing is, either.
        let in_vain = match (&old, &new) {
            (Answer::Nothing, Answer::Secure) => after.answer(&secure) == Answer::Nothing,
            (Answer::Secure, Answer::Nothing) => before.answer(&secure) == Answer::Nothing,
            _ => false,
        };
        if old != new && !in_vain {
            proof.differences.push(format!("{}: {} before, {} after", request.shown(), old.shown(), new.shown()));
        }
    }
    proof
}
