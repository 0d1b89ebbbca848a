//! The rules of `NetworkPolicies`.

krmor_core::rules! {
    AMBIGUOUS_END = "ambiguous-end", Error,
        "An edge names an end by a name that several workloads have",
        "Each of them would get the edge, which may be more than is meant. Where both ends of an edge have one bearer in each namespace, or under each prefix that kustomize has given, those of one place belong together. Else write which one is meant: `Kind/name`, `namespace/name` or `namespace/Kind/name`; if all are, list them.";
    POLICY = "policy", Info,
        "krmor adds a NetworkPolicy, or brings its own up to date",
        "The NetworkPolicy of a workload allows the declared edges, the edges that other objects imply, and DNS, and nothing else. Both ends of an edge are written: what may leave the one workload and what may reach the other.";
    CUT_OFF = "cut-off", Warning,
        "Pods have no edges of their own, and the namespace denies what is not declared",
        "The NetworkPolicy `default-deny` is for every pod of the namespace: those of a workload that `targets` or `exclude` leave out, and those that others make there, such as an operator's database, the proxies of a Gateway, or the solvers of cert-manager, can connect to nobody. Let a workload have its edges; write a NetworkPolicy for pods that others make, by the labels that these have; or set `defaultDeny: false`.";
    DEFAULT_DENY = "default-deny", Info,
        "krmor adds a NetworkPolicy that allows no pod of the namespace anything",
        "NetworkPolicies add up, so this one only takes effect for pods that no other policy selects: what is deployed into the namespace later cannot connect until somebody declares it. `defaultDeny: false` leaves it out.";
    EXPOSED_CLOSED = "exposed-closed", Warning,
        "A workload is exposed, and no edge lets the requests in",
        "A Service of type LoadBalancer or NodePort, an external address or a port of the node brings requests from outside of the cluster, and the NetworkPolicy refuses them. Declare the addresses of the clients as the peer `clients`; where the Service does not say `externalTrafficPolicy: Local`, the requests have the address of a node, so name those too. `implied: {clients: []}` says that nobody shall come in. A route whose port leads to no port of the pods is said here too: correct the port.";
    FOREIGN_POLICY = "foreign-policy", Error,
        "A NetworkPolicy has the name that krmor's needs, and is not krmor's",
        "krmor does not change what a person wrote. Rename the policy, or remove it and declare what it allows under `edges`.";
    HOST_NETWORK = "host-network", Warning,
        "A pod uses the network of its node, where NetworkPolicies do not hold",
        "Most network plugins do not apply policies to such pods, and see their traffic as the node's. Take `hostNetwork` away. Where that cannot be, declare the nodes as a peer with `ipBlocks`, and exclude the workload.";
    HOST_NETWORK_END = "host-network-end", Error,
        "An end of an edge uses the network of its node, which no selector of pods matches",
        "Declare the addresses of the nodes as a peer with `ipBlocks`, and name that peer in the edge.";
    NO_EDGE = "no-edge", Warning,
        "Nothing may reach a workload, and it may reach nothing but DNS",
        "No edge names the workload and no other object implies one. Declare its edges, or say by an exception that it needs none.";
    NO_LABELS = "no-labels", Error,
        "Nothing tells the pods of a workload from others",
        "A NetworkPolicy selects pods by their labels, and the pods of this workload have none that krmor knows. Give the pod template labels, or exclude the workload.";
    NO_PEER = "no-peer", Error,
        "An object implies an edge, and the config does not say from whom or to whom",
        "An Ingress or a route of any controller means requests from the ingress controller, a monitor means scrapes by Prometheus, the Vault agent means requests to Vault, and a webhook means requests from the API server. Declare who that is under `peers`, by the name that the message says, name it under `implied`, or write an empty list there if the edge is not wanted.";
    NO_PORT = "no-port", Error,
        "An edge names a port that the pods do not have",
        "A NetworkPolicy is about the ports of pods, not of Services. Name a port of the containers or of a Service that sends to them, or declare the port in the container.";
    OTHER_KIND = "other-kind", Warning,
        "A policy of another kind decides, too, which connections pass",
        "Network plugins and service meshes have policies of their own: CiliumNetworkPolicy, Calico's GlobalNetworkPolicy, AdminNetworkPolicy, AuthorizationPolicy and others. They may allow more than the declared edges, or refuse some of them, and krmor does not read them. See that they agree with the edges, and allow the finding by an exception.";
    OTHER_POLICY = "other-policy", Warning,
        "Another NetworkPolicy selects the pods too, and may allow more than is declared",
        "NetworkPolicies add up. Declare what the other policy allows under `edges`, and remove it.";
    OUTSIDE_EDGE = "outside-edge", Warning,
        "Neither end of an edge is a workload of the stream",
        "A NetworkPolicy of this stream can only be for its own workloads, so nothing is written for an edge between two peers. Name the workload that is meant, or remove the edge.";
    PEER_UNSURE = "peer-unsure", Warning,
        "The stream does not say whether a peer selects a workload of it",
        "Where a peer selects workloads of the stream, their policies need the other end of each edge with it. A peer is told by labels of a namespace that the stream does not have, or the workload does not say its namespace. Add the Namespace, write `metadata.namespace`, or name the workload in the edge.";
    SCRAPE_CLOSED = "scrape-closed", Warning,
        "A monitor fetches from a port that its pods do not have, so no edge lets Prometheus in",
        "A ServiceMonitor's `port` is the name of a Service's port; `targetPort`, and in a PodMonitor `port` and `portNumber`, are the name or number of a TCP port that a container declares, and Prometheus finds no other. Correct the port, or declare it. Where relabelings write the address, declare the edge.";
    SHARED_LABELS = "shared-labels", Error,
        "The selector of a workload selects the pods of another one too",
        "Each of the two would get the edges of the other. Give their pods a label with different values, and select by it.";
    STALE_POLICY = "stale-policy", Warning,
        "A NetworkPolicy that krmor wrote once allows what is declared nowhere",
        "It has krmor's annotation, and krmor would not write it now: its workload is gone, or another policy is for the same pods. NetworkPolicies add up, so what it allows stays allowed. krmor deletes none: remove it from the files, and delete it in the cluster.";
    TWO_NAMESPACES = "two-namespaces", Error,
        "An edge leads from one namespace to another, and one of the two is not known",
        "A NetworkPolicy names the namespace of its peer. Write the namespace into both workloads, or let kustomize set it before krmor is called.";
    UNKNOWN_END = "unknown-end", Error,
        "An edge names neither a workload of the stream nor a peer",
        "What a typo leaves out would be refused its connections. Correct the name, or declare it under `peers`.";
    UNREAD_WAY = "unread-way", Warning,
        "An object may bring requests from outside, and krmor does not read its kind",
        "Knative Services, Gloo, KEDA's HTTP add-on, ngrok, Cloudflare tunnels, multi-cluster Ingresses and others send requests to pods, and no edge follows from them. Declare an edge from their proxies to the pods, and allow the finding by an exception.";
}
