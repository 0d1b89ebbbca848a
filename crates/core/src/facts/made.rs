//! Pods that controllers make of objects without a template of them in the stream, in the object's own namespace: clusters of
//! operators, proxies of Gateways, the solvers of ACME.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Facts;
use crate::stream::{Object, ObjectId};
use krmor_yaml::Node;

/// Pods that somebody else makes.
#[derive(Clone, Debug)]
pub struct Made {
    /// The object of which, or for which, they are made.
    pub object: ObjectId,
    /// What says so, from its root.
    pub pointer: String,
    /// Whose pods they are: `the pods that its operator makes of it`.
    pub what: Cow<'static, str>,
    /// A label by which they can be selected, where it is known.
    pub label: Option<(&'static str, String)>,
    /// Whom they need: `their clients and one another`.
    pub needs: &'static str,
}

/// Labels that operators give the pods of an object, with its name as their value.
#[rustfmt::skip] // a table reads best with one row on one line
const LABELS: &[(&str, &str, &str)] = &[
    // spilo's `cluster_name_label`, by default
    ("acid.zalan.do", "postgresql", "cluster-name"),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", "elasticsearch.k8s.elastic.co/cluster-name"),
    ("k8s.mariadb.com", "MariaDB", "app.kubernetes.io/instance"),
    ("kafka.strimzi.io", "Kafka", STRIMZI),
    ("kafka.strimzi.io", "KafkaBridge", STRIMZI),
    ("kafka.strimzi.io", "KafkaConnect", STRIMZI),
    ("kafka.strimzi.io", "KafkaMirrorMaker2", STRIMZI),
    ("kibana.k8s.elastic.co", "Kibana", "kibana.k8s.elastic.co/name"),
    ("minio.min.io", "Tenant", "v1.min.io/tenant"),
    ("mysql.oracle.com", "InnoDBCluster", "mysql.oracle.com/cluster"),
    ("postgres-operator.crunchydata.com", "PostgresCluster", "postgres-operator.crunchydata.com/cluster"),
    ("postgresql.cnpg.io", "Cluster", "cnpg.io/cluster"),
    ("postgresql.cnpg.io", "Pooler", "cnpg.io/poolerName"),
    ("psmdb.percona.com", "PerconaServerMongoDB", "app.kubernetes.io/instance"),
    ("pxc.percona.com", "PerconaXtraDBCluster", "app.kubernetes.io/instance"),
    ("rabbitmq.com", "RabbitmqCluster", "app.kubernetes.io/name"),
];

/// Strimzi's label, which a pool of nodes has as well.
const STRIMZI: &str = "strimzi.io/cluster";

/// Who makes the proxies of a Gateway where the Gateway is: the name of their class unless a GatewayClass says otherwise, what
/// that says, and what people call them.
const GATEWAYS: [(&str, &str, &str); 4] = [
    ("istio", "istio.io/gateway-controller", "Istio"),
    ("istio-waypoint", "istio.io/mesh-controller", "Istio"),
    ("kgateway", "kgateway.dev/kgateway", "kgateway"),
    ("nginx", "gateway.nginx.org/nginx-gateway-controller", "NGINX Gateway Fabric"),
];
const GATEWAY_API: &str = "gateway.networking.k8s.io";
/// The label that an implementation gives what it makes for a Gateway (GEP-1762).
const OF_GATEWAY: &str = "gateway.networking.k8s.io/gateway-name";

const CERT_MANAGER: &str = "cert-manager.io";
/// What makes cert-manager ask for a certificate, by group and kind.
const SHIMS: [(&str, &str); 4] = [
    ("networking.k8s.io", "Ingress"),
    (GATEWAY_API, "Gateway"),
    (GATEWAY_API, "ListenerSet"),
    ("gateway.networking.x-k8s.io", "XListenerSet"),
];
/// cert-manager's label for the pods that answer a challenge, and its value.
const SOLVER: (&str, &str) = ("acme.cert-manager.io/http01-solver", "true");

impl Facts<'_> {
    /// All such pods, in the stream's order.
    #[must_use]
    pub fn made_by_others(self) -> Vec<Made> {
        let mut found: Vec<Made> =
            self.stream.objects().filter(|object| !object.is_embedded()).filter_map(|one| self.made_of(&one)).collect();
        self.solvers(&mut found);
        found.sort_by_key(|made| made.object);
        // Of several that one label is for, the first stands for all: a cluster, and the pools of its nodes.
        let mut told = BTreeSet::new();
        found.retain(|made| {
            let namespace = self.stream.object(made.object).map(|object| object.namespace().into_owned());
            made.label.clone().is_none_or(|label| told.insert((namespace, label)))
        });
        found
    }

    fn made_of(self, object: &Object<'_>) -> Option<Made> {
        let (group, kind, name) = (object.group(), object.kind(), object.name());
        if group == GATEWAY_API && kind == "Gateway" {
            return self.proxies(object);
        }
        self.operated(object)?;
        let label = LABELS.iter().find(|(own, of, _)| *own == group && *of == kind);
        let label = label.map(|(_, _, key)| (*key, name.into_owned()));
        let of_pool = || object.label(STRIMZI).filter(|_| kind == "KafkaNodePool");
        Some(Made {
            object: object.id(),
            pointer: String::new(),
            what: "the pods that its operator makes of it".into(),
            label: label.or_else(|| Some((STRIMZI, of_pool()?.into_owned()))),
            needs: "their clients, one another, their operator, and what they ask themselves",
        })
    }

    fn proxies(self, gateway: &Object<'_>) -> Option<Made> {
        let class = gateway.root().find(&["spec", "gatewayClassName"])?;
        let class = class.as_str()?;
        let of_class = self.stream.named(GATEWAY_API, "GatewayClass", &class).next();
        let controller = of_class.and_then(|one| one.root().find(&["spec", "controllerName"])?.as_str());
        let row = GATEWAYS.iter().find(|(usual, own, _)| match &controller {
            Some(controller) => own == controller,
            None => *usual == class,
        });
        let (_, _, who) = row?;
        // A Gateway that names its address is that of a Service which somebody has deployed.
        let addresses = gateway.root().find(&["spec", "addresses"]).into_iter().flat_map(Node::items);
        let is_host = |one: Node<'_>| one.get("type").and_then(Node::as_str).is_some_and(|kind| kind == "Hostname");
        let mut addresses = addresses.filter(|one| is_host(*one));
        if *who == "Istio" && addresses.next().is_some() {
            return None;
        }
        Some(Made {
            object: gateway.id(),
            pointer: "/spec/gatewayClassName".to_owned(),
            what: format!("the proxies that {who} makes for it").into(),
            label: Some((OF_GATEWAY, gateway.name().into_owned())),
            needs: "clients, the pods behind its routes, and their control plane",
        })
    }

    /// The solvers of challenges by HTTP: in the namespace of an Issuer, and of whatever asks a ClusterIssuer; one stands for
    /// all of its namespace.
    fn solvers(self, found: &mut Vec<Made>) {
        let mut told = BTreeSet::new();
        let mut add = |object: &Object<'_>, pointer: String| {
            if told.insert(object.namespace().into_owned()) {
                found.push(Made {
                    object: object.id(),
                    pointer,
                    what: "the solvers that cert-manager makes for challenges by HTTP".into(),
                    label: Some((SOLVER.0, SOLVER.1.to_owned())),
                    needs: "the ingress controller, at their port 8089",
                });
            }
        };
        for issuer in self.stream.of_kind(CERT_MANAGER, "Issuer") {
            if let Some(at) = by_http(&issuer) {
                add(&issuer, format!("/spec/acme/solvers/{at}/http01"));
            }
        }
        let clusters: Vec<Object<'_>> =
            self.stream.of_kind(CERT_MANAGER, "ClusterIssuer").filter(|issuer| by_http(issuer).is_some()).collect();
        if clusters.is_empty() {
            return;
        }
        let is_one = |name: &str| clusters.iter().any(|issuer| issuer.is_named(name));
        for certificate in self.stream.of_kind(CERT_MANAGER, "Certificate") {
            let text = |field| certificate.root().find(&["spec", "issuerRef", field]).and_then(Node::as_str);
            if text("kind").is_some_and(|kind| kind == "ClusterIssuer")
                && text("name").is_some_and(|name| is_one(&name))
            {
                add(&certificate, "/spec/issuerRef".to_owned());
            }
        }
        for (group, kind) in SHIMS {
            for object in self.stream.of_kind(group, kind) {
                if object.annotation("cert-manager.io/cluster-issuer").is_some_and(|name| is_one(&name)) {
                    add(&object, "/metadata/annotations/cert-manager.io~1cluster-issuer".to_owned());
                }
            }
        }
    }
}

/// Which solver of an issuer answers by HTTP.
fn by_http(issuer: &Object<'_>) -> Option<usize> {
    let mut solvers = issuer.root().find(&["spec", "acme", "solvers"])?.items();
    solvers.position(|solver| solver.get("http01").is_some_and(|http| !http.is_null()))
}
