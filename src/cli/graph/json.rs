//! The topology for programs. `docs/graph.md` says what each field holds.

use serde_json::{Map, Value, json};

use super::topology::{Called, End, Topology};
use crate::facts::services::Target;

/// Numbers of ends as ids: an object's kind, namespace and name, or the number of a peer.
struct Ids {
    workloads: Vec<String>,
    services: Vec<String>,
    entries: Vec<String>,
    peers: Vec<String>,
}

impl Ids {
    fn of(topology: &Topology<'_>) -> Self {
        let mut seen = std::collections::HashMap::new();
        let mut id = |called: &Called| {
            let plain = format!("{}/{}/{}", called.kind, called.namespace, called.name);
            let number = seen.entry(plain.clone()).and_modify(|number| *number += 1).or_insert(1);
            if *number == 1 { plain } else { format!("{plain}#{number}") }
        };
        Self {
            workloads: topology.workloads.iter().map(|one| id(&one.called)).collect(),
            services: topology.services.iter().map(|one| id(&one.called)).collect(),
            entries: topology.entries.iter().map(|one| id(&one.called)).collect(),
            peers: (1..=topology.peers.len()).map(|number| format!("peer/{number}")).collect(),
        }
    }

    fn get(&self, end: End) -> Value {
        let id = match end {
            End::Workload(at) => self.workloads.get(at),
            End::Service(at) => self.services.get(at),
            End::Entry(at) => self.entries.get(at),
            End::Peer(at) => self.peers.get(at),
        };
        json!(id)
    }
}

fn object(called: &Called, id: &Value) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("id".into(), id.clone());
    out.insert("kind".into(), json!(called.kind));
    out.insert("namespace".into(), json!(called.namespace));
    out.insert("name".into(), json!(called.name));
    out
}

fn with(mut object: Map<String, Value>, more: Value) -> Value {
    if let Value::Object(more) = more {
        object.extend(more);
    }
    Value::Object(object)
}

pub(super) fn json(topology: &Topology<'_>) -> Value {
    let ids = Ids::of(topology);
    let title = |called: &Called| called.title();
    let namespaces = topology.namespaces.iter().map(|(name, one)| {
        let denied = [("Ingress", one.denies_ingress), ("Egress", one.denies_egress)];
        let denied: Vec<&str> = denied.into_iter().filter(|(_, denied)| *denied).map(|(name, _)| name).collect();
        json!({"name": name, "policies": one.has_policies, "defaultDeny": denied})
    });
    let workloads = topology.workloads.iter().enumerate().map(|(at, one)| {
        let policies: Vec<_> = one.policies.iter().filter_map(|policy| topology.policies.get(*policy)).collect();
        let restricted = |into: bool| policies.iter().any(|policy| policy.isolates(into)) && !one.uses_host_network;
        let ports = one.ports.iter().map(|(name, span)| json!({"name": name, "port": span.first, "protocol": span.protocol.name()}));
        let more = json!({
            "keepsData": one.keeps_data,
            "replicas": {
                "text": one.count.text, "min": one.count.min, "max": one.count.max, "by": one.count.by.as_ref().map(title),
            },
            "disruption": {
                "text": one.down.text, "budgets": one.down.budgets.iter().map(title).collect::<Vec<_>>(),
                "maxUnavailable": one.down.max_unavailable, "minAvailable": one.down.min_available,
            },
            "ports": ports.collect::<Vec<_>>(),
            "hostNetwork": one.uses_host_network,
            "policies": policies.iter().map(|policy| policy.called.title()).collect::<Vec<_>>(),
            "restricted": {"ingress": restricted(true), "egress": restricted(false)},
        });
        with(object(&one.called, &ids.get(End::Workload(at))), more)
    });
    let services = topology.services.iter().enumerate().map(|(at, one)| {
        let port = |port: &super::topology::ServicePort| {
            let target = match &port.target {
                Target::Number(number) => json!(i64::try_from(*number).unwrap_or_default()),
                Target::Name(name) => json!(name),
            };
            json!({"name": port.name, "port": port.own.first, "protocol": port.own.protocol.name(), "targetPort": target})
        };
        let more = json!({
            "type": one.sort, "headless": one.is_headless, "ports": one.ports.iter().map(port).collect::<Vec<_>>(),
            "to": one.targets.iter().map(|end| ids.get(*end)).collect::<Vec<_>>(),
        });
        with(object(&one.called, &ids.get(End::Service(at))), more)
    });
    let entries = topology.entries.iter().enumerate().map(|(at, one)| {
        let to = one.to.iter().map(|(end, port)| {
            let service = if let End::Service(at) = end { topology.services.get(*at) } else { None };
            let port =
                service.zip(*port).and_then(|(service, port)| service.ports.get(port)).map(|port| port.own.first);
            json!({"id": ids.get(*end), "port": port})
        });
        with(object(&one.called, &ids.get(End::Entry(at))), json!({"hosts": one.hosts, "to": to.collect::<Vec<_>>()}))
    });
    let peers = topology.peers.iter().enumerate().map(|(at, one)| {
        json!({"id": ids.get(End::Peer(at)), "type": one.sort.name(), "name": one.name, "lines": one.lines, "workloads": one.members})
    });
    let allowed = topology.allowed.iter().map(|((from, to), one)| {
        let policies = one.policies.iter().filter_map(|policy| topology.policies.get(*policy));
        json!({
            "from": ids.get(*from), "to": ids.get(*to), "ports": one.ports.texts(),
            "policies": policies.map(|policy| policy.called.title()).collect::<Vec<_>>(),
        })
    });
    let uses = topology.uses.iter().map(|one| {
        json!({
            "from": ids.get(End::Workload(one.from)), "to": ids.get(End::Workload(one.to)),
            "service": ids.get(End::Service(one.service)), "port": one.port.to_string(), "namedIn": one.by, "verdict": one.verdict.name(),
        })
    });
    json!({
        "namespaces": namespaces.collect::<Vec<_>>(),
        "entryPoints": entries.collect::<Vec<_>>(),
        "services": services.collect::<Vec<_>>(),
        "workloads": workloads.collect::<Vec<_>>(),
        "peers": peers.collect::<Vec<_>>(),
        "allowed": allowed.collect::<Vec<_>>(),
        "named": uses.collect::<Vec<_>>(),
        "notes": topology.notes,
    })
}
