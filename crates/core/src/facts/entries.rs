//! By what requests from outside of the cluster come to pods: the routes of every controller, and what is open by itself,
//! a Service with a load balancer or a port of every node.
//!
//! `routes` has those that `Exposure` makes; a NetworkPolicy must know all of them.

use super::gateways::GATEWAY;
use super::routes::{actions, is_of_mesh};
use super::services::{self, Target, is_service};
use super::{Facts, nearest, referent};
use crate::references::{Relation, walk};
use crate::stream::{Object, ObjectId};
use crate::values::integer;
use krmor_yaml::Node;

/// Groups, and their kinds whose controllers send requests from outside to Services.
const CONTROLLED: &[(&[&str], &[&str])] = &[
    (&["networking.k8s.io", "extensions"], &["Ingress"]),
    (&[GATEWAY], &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"]),
    (&[OPENSHIFT], &["Route"]),
    (&["traefik.io", "traefik.containo.us"], &["IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "TraefikService"]),
    (&["projectcontour.io"], &["HTTPProxy"]),
    (&[ISTIO], &["VirtualService"]),
    (&["configuration.konghq.com"], &["TCPIngress", "UDPIngress"]),
    (&["k8s.nginx.org"], &["VirtualServer", "VirtualServerRoute", "TransportServer"]),
    (&["apisix.apache.org"], &["ApisixRoute"]),
    (&["zalando.org"], &["RouteGroup"]),
    (&["getambassador.io"], &["Mapping", "TCPMapping"]),
    (&["elbv2.k8s.aws"], &["TargetGroupBinding"]),
];
/// Groups, and their kinds by which requests may come from outside too, and which nobody here reads; `*` is for every kind.
const UNREAD: &[(&str, &[&str])] = &[
    ("alb.networking.azure.io", &["*"]),
    ("gateway.envoyproxy.io", &["EnvoyExtensionPolicy", "SecurityPolicy", "Backend"]),
    ("gateway.solo.io", &["VirtualService", "RouteTable"]),
    ("gloo.solo.io", &["Upstream"]),
    ("http.keda.sh", &["HTTPScaledObject"]),
    ("ingress.k8s.ngrok.com", &["*"]),
    ("ingress.v1.haproxy.org", &["TCP"]),
    ("ingress.v3.haproxy.org", &["TCP"]),
    ("net.gke.io", &["ServiceExport"]),
    ("networking.cfargotunnel.com", &["TunnelBinding"]),
    ("networking.gke.io", &["MultiClusterIngress", "MultiClusterService"]),
    ("ngrok.k8s.ngrok.com", &["*"]),
    ("serving.knative.dev", &["Service", "Configuration", "DomainMapping"]),
    ("tailscale.com", &["ProxyGroup", "Connector"]),
];
/// How kinds end that bring requests, in the groups whose other kinds are read.
const ROUTES: [&str; 7] = ["Route", "RouteTCP", "RouteUDP", "Ingress", "Mapping", "VirtualServer", "HTTPProxy"];
/// Has Tailscale bring requests to a Service.
const TAILSCALE: &str = "tailscale.com/expose";
const OPENSHIFT: &str = "route.openshift.io";
const ISTIO: &str = "networking.istio.io";

/// Where such kinds name Services by a host: patterns of what has it, and the key of the host.
const BY_HOST: &[(&str, &str, &str)] = &[
    (ISTIO, "/spec/http/*/route/*/destination", "host"),
    (ISTIO, "/spec/http/*/mirror", "host"),
    (ISTIO, "/spec/http/*/mirrors/*/destination", "host"),
    (ISTIO, "/spec/tcp/*/route/*/destination", "host"),
    (ISTIO, "/spec/tls/*/route/*/destination", "host"),
    ("getambassador.io", "/spec", "service"),
];

/// Requests from outside come to a Service by an object.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The object.
    pub object: ObjectId,
    /// Where it names the Service, from its root.
    pub pointer: String,
    /// The Service whose pods get them.
    pub service: ObjectId,
    /// The port that it names; none for all.
    pub port: Option<Target>,
    /// Whether a number may be that of the pods, too.
    pub of_pods: bool,
}

impl Entry {
    /// Whether requests come by a port of the Service, which has this number in the pods.
    #[must_use]
    pub fn is_by(&self, port: &services::Port, of_pod: i128) -> bool {
        match &self.port {
            None => true,
            Some(Target::Number(number)) => port.port == *number || self.of_pods && of_pod == *number,
            Some(wanted @ Target::Name(name)) => port.name == *name || self.of_pods && port.target == *wanted,
        }
    }
}

/// A Service, or a workload, that is open to the outside by itself.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The Service or workload.
    pub object: ObjectId,
    /// What opens it, from its root.
    pub pointer: String,
    /// What opens it, as a clause behind its name.
    pub why: String,
    /// The port of the pods that is open; none for those that the Service sends to.
    pub port: Option<(i128, String)>,
}

impl<'a> Facts<'a> {
    /// Every way by which a controller brings requests from outside to a Service of the stream, in the stream's order.
    #[must_use]
    pub fn entries(self) -> Vec<Entry> {
        let mut out = Vec::new();
        for object in self.stream.objects().filter(|object| brings(object)) {
            self.by_name(&object, &mut out);
            self.by_host(&object, &mut out);
            for (name, port) in actions(&object) {
                let service = referent(self.stream, &object, "", "Service", &name);
                self.enter(&object, "/metadata/annotations", service, port, &mut out);
            }
        }
        out
    }

    /// What the table of references knows.
    fn by_name(self, object: &Object<'a>, out: &mut Vec<Entry>) {
        let is_it = |relation: Relation| matches!(relation, Relation::Needs | Relation::Mentions);
        let of_services = self.references().of_object(object.id()).filter(|one| one.is_to("Service"));
        for reference in of_services.filter(|one| is_it(one.relation)) {
            let around = reference.pointer.rsplit_once('/').map_or("", |(around, _)| around);
            let around = object.root().at_pointer(around);
            let port = ["port", "servicePort"].iter().find_map(|key| target(around?.get(key)?));
            let of_route = || target(object.root().find(&["spec", "port", "targetPort"])?);
            let port = if object.group() == OPENSHIFT { of_route() } else { port };
            self.enter(object, &reference.pointer, self.referent_of(reference), port, out);
        }
    }

    fn by_host(self, object: &Object<'a>, out: &mut Vec<Entry>) {
        let group = object.group();
        for (_, pattern, key) in BY_HOST.iter().filter(|(own, ..)| *own == group) {
            for (pointer, holder) in walk(object.root(), pattern) {
                let Some(text) = holder.get(key).and_then(Node::as_str) else { continue };
                // A Mapping has all in one text, perhaps with a scheme before it.
                let host = text.rsplit_once("://").map_or(&*text, |(_, host)| host);
                let (host, behind) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
                let port = match behind {
                    Some(port) => port.parse().ok().map(Target::Number),
                    None => holder.get("port").and_then(target),
                };
                let pointer = format!("{pointer}/{key}");
                self.enter(object, &pointer, self.service_of_host(host, object), port, out);
            }
        }
    }

    fn enter(
        self,
        object: &Object<'a>,
        pointer: &str,
        service: Option<Object<'a>>,
        port: Option<Target>,
        out: &mut Vec<Entry>,
    ) {
        let Some(service) = service.map(|service| self.behind_name(service)) else { return };
        let of_pods = object.group() == OPENSHIFT;
        out.push(Entry { object: object.id(), pointer: pointer.to_owned(), service: service.id(), port, of_pods });
    }

    /// The Service of the stream that a host names, as pods near an object read it: `web`, `web.shop`, `web.shop.svc.…`.
    #[must_use]
    pub fn service_of_host(self, host: &str, beside: &Object<'_>) -> Option<Object<'a>> {
        let mut parts = host.trim_end_matches('.').split('.');
        let (name, namespace) = (parts.next()?, parts.next());
        if parts.next().is_some_and(|third| third != "svc") {
            return None;
        }
        match namespace {
            None => referent(self.stream, beside, "", "Service", name),
            Some(namespace) => nearest(self.stream.named("", "Service", name), namespace).into_iter().next(),
        }
    }

    /// The Service that another stands for by its `externalName`, else itself.
    fn behind_name(self, service: Object<'a>) -> Object<'a> {
        let mut service = service;
        // More than that is a circle, or as good as one.
        for _ in 0..4 {
            let is_name =
                service.root().find(&["spec", "type"]).and_then(Node::as_str).as_deref() == Some("ExternalName");
            let host = service.root().find(&["spec", "externalName"]).and_then(Node::as_str).filter(|_| is_name);
            let Some(next) = host.and_then(|host| self.service_of_host(&host, &service)) else { break };
            service = next;
        }
        service
    }

    /// Objects by which requests may come from outside, of kinds that are not read, in the stream's order.
    #[must_use]
    pub fn unread_ways(self) -> Vec<ObjectId> {
        let is_it = |object: &Object<'_>| !object.is_embedded() && is_unread(&object.group(), &object.kind());
        self.stream.objects().filter(is_it).map(|object| object.id()).collect()
    }

    /// What is open to the outside by itself, in the stream's order.
    #[must_use]
    pub fn openings(self) -> Vec<Opening> {
        let mut out: Vec<Opening> = Vec::new();
        for service in self.stream.of_kind("", "Service").filter(is_service) {
            let spec = service.root().get("spec");
            let kind = spec.and_then(|spec| spec.get("type")?.as_str()).unwrap_or_default();
            let has_addresses = spec.and_then(|spec| spec.get("externalIPs")?.items().next()).is_some();
            let (pointer, why) = match &*kind {
                "LoadBalancer" | "NodePort" => ("/spec/type", format!("its type is {kind}")),
                _ if has_addresses => ("/spec/externalIPs", "it has external addresses".to_owned()),
                _ if service.annotation(TAILSCALE).is_some_and(|value| value == "true") => {
                    ("/metadata/annotations/tailscale.com~1expose", "Tailscale exposes it".to_owned())
                }
                _ => continue,
            };
            out.push(Opening { object: service.id(), pointer: pointer.to_owned(), why, port: None });
        }
        for export in self.stream.of_kind("multicluster.x-k8s.io", "ServiceExport") {
            if let Some(service) = referent(self.stream, &export, "", "Service", &export.name()) {
                let why = format!("{} offers it to other clusters", export.reference());
                out.push(Opening { object: service.id(), pointer: String::new(), why, port: None });
            }
        }
        for (_, pod, object) in self.numbered_pods() {
            for container in pod.containers(&object) {
                let ports = container.node(&object).and_then(|node| node.get("ports"));
                for (at, port) in ports.into_iter().flat_map(Node::items).enumerate() {
                    let number = |key: &str| port.get(key).and_then(integer).filter(|number| *number > 0);
                    let (Some(host), Some(own)) = (number("hostPort"), number("containerPort")) else { continue };
                    let protocol = port.get("protocol").and_then(Node::as_str).unwrap_or("TCP".into()).into_owned();
                    let pointer = format!("{}/ports/{at}/hostPort", container.pointer);
                    let why = format!("container `{}` has the port {host} of its node", container.name);
                    out.push(Opening { object: object.id(), pointer, why, port: Some((own, protocol)) });
                }
            }
        }
        out
    }
}

fn is_unread(group: &str, kind: &str) -> bool {
    let is_listed = UNREAD.iter().any(|(own, kinds)| *own == group && (kinds.contains(&kind) || kinds.contains(&"*")));
    let mut read = CONTROLLED.iter().filter(|(groups, _)| groups.contains(&group));
    is_listed || read.any(|(_, kinds)| !kinds.contains(&kind) && ROUTES.iter().any(|end| kind.ends_with(end)))
}

/// Whether an object lets a controller bring requests from outside.
fn brings(object: &Object<'_>) -> bool {
    let (group, kind) = (object.group(), object.kind());
    let is_it = CONTROLLED.iter().any(|(groups, kinds)| groups.contains(&&*group) && kinds.contains(&&*kind));
    is_it && !is_of_mesh(object) && !(group == ISTIO && is_inside(object))
}

/// Whether a VirtualService of Istio is for the mesh only.
fn is_inside(object: &Object<'_>) -> bool {
    let gateways = object.root().find(&["spec", "gateways"]).into_iter().flat_map(Node::items);
    gateways.filter_map(Node::as_str).all(|gateway| gateway == "mesh")
}

/// A port by its number or name, or by a mapping with one of the two.
fn target(node: Node<'_>) -> Option<Target> {
    let node = ["number", "name"].iter().find_map(|key| node.get(key).filter(|one| !one.is_null())).unwrap_or(node);
    match integer(node) {
        Some(number) => Some(Target::Number(number)),
        None => node.as_str().map(|text| text.parse().map_or_else(|_| Target::Name(text.into_owned()), Target::Number)),
    }
}
