//! What a migration's texts name as hosts, of the stream: its database, most likely. A Service stands there, or an operator
//! makes it of an object that does.

use std::collections::BTreeSet;

use super::spec::Hook;
use super::texts::Migration;
use super::waves::{Time, time};
use krmor_core::addresses;
use krmor_core::facts::makers::Maker;
use krmor_core::facts::{self, Facts, Near, services};
use krmor_core::stream::{Object, Stream};
use krmor_core::texts::{Stands, Text};
use krmor_yaml::Node;

/// Options of clients of databases that take a host.
const OPTIONS: [&str; 2] = ["-h", "-H"];
/// Parts of the kinds of objects of which operators make servers.
const SERVERS: [&str; 22] = [
    "postgres",
    "mysql",
    "maria",
    "sql",
    "mongo",
    "redis",
    "valkey",
    "kafka",
    "rabbit",
    "nats",
    "cassandra",
    "scylla",
    "elastic",
    "opensearch",
    "clickhouse",
    "cockroach",
    "database",
    "db",
    "memcached",
    "neo4j",
    "etcd",
    "broker",
];

/// What answers behind a host of the stream.
pub(super) struct Named<'s> {
    pub(super) object: Object<'s>,
    /// The time at which the last of it is applied.
    pub(super) due: Time,
    pub(super) how: How,
}

/// How an object is behind a host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It is the Service, or has its pods.
    Itself,
    /// Its operator makes the Service.
    Made,
    /// It has the name with which the host begins, and a kind of which an operator may make a server.
    Maybe,
}

/// What answers behind the Services that are named as hosts, or else the Services.
pub(super) fn named<'s>(migration: &Migration<'_>, stream: &'s Stream, hook: Hook) -> Vec<Named<'s>> {
    let mut hosts = Vec::new();
    for text in migration.own.texts(stream) {
        of_text(&text, &mut hosts);
    }
    let places: Vec<Place> = hosts.iter().flat_map(|host| Place::all(host)).collect();
    let mut out: Vec<Named<'_>> = Vec::new();
    let mut open = places;
    // An alias leads to another host, which may be one of the stream.
    for _ in 0..3 {
        let found = behind(migration, stream, hook, &open);
        let alias = |named: &Named<'_>| {
            let host = named.object.root().find(&["spec", "externalName"]).and_then(Node::as_str)?;
            (named.how == How::Itself && services::is_service(&named.object)).then(|| host.into_owned())
        };
        let aliases: Vec<String> = found.iter().filter_map(alias).collect();
        out.extend(found);
        if aliases.is_empty() {
            break;
        }
        open = aliases.iter().flat_map(|host| Place::all(host)).collect();
    }
    let mut seen = BTreeSet::new();
    out.retain(|named| seen.insert(named.object.id()));
    out
}

/// A Service by its name, and the namespace where the host says one.
struct Place {
    name: String,
    namespace: Option<String>,
}

impl Place {
    /// What a host may mean.
    fn all(host: &str) -> Vec<Self> {
        let one = |(name, namespace): (&str, Option<&str>)| Self {
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
        };
        services::meant_by(host).into_iter().map(one).collect()
    }

    /// Whether an object is where the host looks.
    fn is_near(&self, object: &Object<'_>, workload: &Object<'_>) -> bool {
        match &self.namespace {
            None => facts::share_namespace(object, workload),
            Some(namespace) => facts::in_namespace(object, namespace),
        }
    }
}

fn behind<'s>(migration: &Migration<'_>, stream: &'s Stream, hook: Hook, places: &[Place]) -> Vec<Named<'s>> {
    let (pod, workload) = (&migration.program.pod, &migration.workload);
    let facts = Facts::of(stream);
    let (pods, selections) = (facts.pods(), facts.selections());
    let mut out = Vec::new();
    for place in places {
        let service = stream.of_kind("", "Service").find(|service| {
            services::is_service(service) && service.is_named(&place.name) && place.is_near(service, workload)
        });
        if let Some(service) = service {
            if services::selects(&service, pod, workload) {
                continue;
            }
            let selection = selections.of_object(service.id());
            let behind = selection.map_or(&[][..], |one| selections.pods(facts, one, Near::Certain));
            let behind = behind.iter().filter_map(|&at| stream.object(pods.get(at)?.object));
            let last = behind.map(|object| (object, time(&object, hook))).max_by_key(|(_, due)| *due);
            let (object, due) = last.unwrap_or_else(|| (service, time(&service, hook)));
            out.push(Named { object, due, how: How::Itself });
            continue;
        }
        let is_near = |maker: &&Maker| maker.is_near(facts, workload, place.namespace.as_deref(), Near::Certain);
        let maker = facts.makers().making("Service", &place.name).find(is_near);
        if let Some(object) = maker.and_then(|maker| stream.object(maker.object?)) {
            out.push(Named { object, due: time(&object, hook), how: How::Made });
            continue;
        }
        let is_it =
            |object: &Object<'_>| is_server(object) && begins(&place.name, object) && place.is_near(object, workload);
        out.extend(stream.objects().find(is_it).map(|object| Named {
            object,
            due: time(&object, hook),
            how: How::Maybe,
        }));
    }
    out
}

/// Whether a name is an object's, or begins with it.
pub(super) fn begins(name: &str, object: &Object<'_>) -> bool {
    object.names().iter().any(|own| {
        !own.is_empty() && name.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

/// Whether an operator may make a server of an object.
pub(super) fn is_server(object: &Object<'_>) -> bool {
    let group = object.group();
    let is_custom = group.contains('.') && !group.ends_with(".k8s.io");
    let kind = object.kind().to_ascii_lowercase();
    is_custom && SERVERS.iter().any(|word| kind.contains(word) || group.split(['.', '-']).any(|part| part == *word))
}

/// What looks like a host in a text.
fn of_text(text: &Text<'_>, out: &mut Vec<String>) {
    match text.stands {
        Stands::Variable => of_value(&text.key, &text.content, out),
        Stands::Word => {
            of_value(&text.key, &text.content, out);
            // A line of a shell.
            let mut before = "";
            for word in text.content.split(|c: char| c.is_whitespace() || "\"'`();|&".contains(c)) {
                let (key, value) =
                    word.split_once('=').filter(|(key, _)| !key.contains("://")).unwrap_or((before, word));
                of_value(key, value, out);
                before = if word.starts_with('-') { word } else { "" };
            }
        }
        Stands::File => {
            for line in text.content.lines() {
                let end = line.find(['=', ':']).filter(|at| !line.get(*at..).unwrap_or_default().starts_with("://"));
                let (key, value) = end.map_or(("", line), |at| {
                    (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default())
                });
                let plain =
                    |text: &str| text.trim_matches(|c: char| c.is_whitespace() || "\"',".contains(c)).to_owned();
                of_value(&plain(key), &plain(value), out);
            }
        }
    }
}

fn of_value(name: &str, value: &str, out: &mut Vec<String>) {
    let name = if OPTIONS.contains(&name) { "HOST" } else { name };
    out.extend(addresses::of(name, value).into_iter().map(|address| address.host));
}
