//! The rules of `Exposure`.

krmor_core::rules! {
    ADMISSION = "admission", Info,
        "The stream does not say whether the Gateway admits the route",
        "A listener admits routes by their namespace or its labels, and the stream does not have them. Requests do not come in when it does not. See that it does, or add the Namespace to the stream.";
    EXPOSED = "exposed", Info,
        "krmor adds a route or an Ingress and what belongs to it, or adds what an existing one lacks",
        "The change is what the config asks for, by `provider`, `host`, `paths` and `tls`. Fields that an existing object has are not changed.";
    CERTIFICATE = "certificate", Info,
        "The certificate for the host comes from outside of the stream",
        "Depending on the provider, it is in a Secret that nothing in the stream makes, at the listener of the Gateway, or at the router of OpenShift. See that it covers the host. For an Ingress or a ListenerSet, `tls.issuer` lets cert-manager make it.";
    CONFLICT = "conflict", Error,
        "An existing object says something else than the config",
        "krmor completes an object that already exposes the pods, and does not change what it says. Change the object or the config. To expose the pods a second time, give the config another `name`.";
    CONTROLLER = "controller", Info,
        "krmor does not know how the ingress controller handles TLS",
        "With `ingressController: other` no annotations for redirects or for TLS to the pods are written. See that `annotations` of the config, or the settings of the controller, do what `tls` asks for.";
    EXTERNAL_NAME = "external-name", Error,
        "The Service to be exposed has the type ExternalName",
        "Requests would leave the cluster instead of reaching pods, which lets a DNS name decide what your host serves. Give the Service a selector, or expose another one.";
    NOT_ADMITTED = "not-admitted", Error,
        "The Gateway does not admit the route, or the ListenerSet",
        "The Gateway of the stream has a listener for another host, or takes routes of other namespaces or kinds (`hostname`, `allowedRoutes`, `allowedListeners`), so no request would reach the pods. Let a listener admit the route, or name another host or Gateway.";
    PASSTHROUGH = "passthrough", Info,
        "TLS passthrough needs a flag of ingress-nginx",
        "ingress-nginx reads the annotation `ssl-passthrough` only when it runs with `--enable-ssl-passthrough`; otherwise TLS ends at the controller. See that the flag is set.";
    PLAIN_HTTP = "plain-http", Warning,
        "The config exposes a workload without TLS",
        "Anyone on the way can read and change what is sent. Add `tls: {}`, or write `tls: {termination: none}` to say that plain HTTP is meant.";
    PORT_MISSING = "port-missing", Error,
        "A Service sends to a port that no container behind it has",
        "Requests would fail, because nothing answers at that port. Correct `targetPort` of the Service, or declare the port in the container.";
    PORT_UNNAMED = "port-unnamed", Error,
        "A Route needs the name of a Service's port, and the port has none",
        "A Route names a port by the Service's name for it, or by its number in the pods, and here the stream tells neither. Give the port of the Service a name.";
    RETIRED = "retired-controller", Warning,
        "The Ingress class is called like that of ingress-nginx, which is retired",
        "ingress-nginx is retired since March 2026 and gets no security fixes. The NGINX Ingress Controller of F5 has a class of the same name and other annotations, so krmor does not guess. Name the controller by `ingressController`, or use `provider: httpRoute`.";
    SECOND = "second", Error,
        "A second object exposes the same pods",
        "krmor does not guess which one is meant, and does not add another. Remove one of the two, or give the config a `name`, which says that the pods are to be exposed twice.";
    SHADOWED = "shadowed", Error,
        "Two objects or entries answer for the same host and path",
        "The router sends each request to one of them, so the other is never asked. Remove one, or give it another path or host.";
    UNVERIFIED_BACKEND = "unverified-backend", Warning,
        "The ingress-nginx controller does not verify the certificates of the pods",
        "The connection from the controller to the pods is encrypted, but whoever can take over that connection is not noticed. Add the annotations `nginx.ingress.kubernetes.io/proxy-ssl-verify: \"on\"` and `proxy-ssl-secret`, by `annotations` of the config.";
}
