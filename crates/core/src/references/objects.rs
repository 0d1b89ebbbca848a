//! Where objects of Kubernetes' own APIs, of the Gateway API and of OpenShift name others.

use super::{ANY, Base, CONFIG_MAP, CORE, Group, Row, SECRET, SERVICE, To, row};

const GATEWAY: &str = "gateway.networking.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const INGRESSES: &[&str] = &["networking.k8s.io", "extensions"];
const STORAGE_CLASS: To<'static> = To::Kind("storage.k8s.io", "StorageClass");

const fn of<'a>(groups: &'a [&'a str], kinds: &'a [&'a str], under: &'a str, rows: &'a [Row<'a>]) -> Group<'a> {
    Group { groups, kinds, under, rows }
}

const PATH: &str = "path `{path}` sends to";
const DEFAULT: &str = "the default backend sends to";
/// A Service behind an Ingress, as `networking.k8s.io/v1` has it, and as the versions before had it.
const BACKEND: &[Row<'static>] = &[
    row("/backend/service/name", SERVICE, PATH).parts(&["/port/name", "/port/number"]),
    row("/backend/serviceName", SERVICE, PATH).parts(&["/servicePort"]),
];

const LOGIN: &str = "an annotation takes its users from";
const CLIENTS: &str = "an annotation takes its clients' authority from";
const UPSTREAM: &str = "an annotation takes the upstream's certificate from";

const fn login(path: &str) -> Row<'_> {
    row(path, SECRET, LOGIN).at(Base::Before)
}

const CALLED: &str = "the API server calls";
const PULL: &str = "`imagePullSecrets` names";
const RULE: &str = "a rule names";
const PARAMETER: &str = "a parameter names";

const fn named<'a>(path: &'a str, resource: &'a str, kind: &'a str) -> Row<'a> {
    row(path, To::Resource(resource, kind), RULE).mentions()
}

#[rustfmt::skip] // a table reads best with one row on one line
pub(super) const TABLE: &[Group<'static>] = &[
    of(INGRESSES, &["Ingress"], "/spec", &[
        row("/defaultBackend/service/name", SERVICE, DEFAULT).parts(&["/port/name", "/port/number"]),
        row("/defaultBackend/serviceName", SERVICE, DEFAULT).parts(&["/servicePort"]),
        row("/backend/service/name", SERVICE, DEFAULT).parts(&["/port/name", "/port/number"]),
        row("/backend/serviceName", SERVICE, DEFAULT).parts(&["/servicePort"]),
    ]),
    of(INGRESSES, &["Ingress"], "/spec/rules/*/http/paths/*", BACKEND),
    of(INGRESSES, &["Ingress"], "", &[
        row("/spec/tls/*/secretName", SECRET, "`tls` takes"),
        row("/spec/ingressClassName", To::Kind("networking.k8s.io", "IngressClass"), "it is of").mentions().at(Base::Cluster),
    ]),
    of(INGRESSES, &["Ingress"], "/metadata/annotations", &[
        login("/ingress.kubernetes.io~1auth-secret"),
        login("/nginx.ingress.kubernetes.io~1auth-secret"),
        login("/traefik.ingress.kubernetes.io~1auth-secret"),
        login("/haproxy.org~1auth-secret"),
        login("/haproxy-ingress.github.io~1auth-secret"),
        login("/nginx.org~1basic-auth-secret"),
        login("/nginx.com~1jwt-key"),
        row("/nginx.ingress.kubernetes.io~1auth-tls-secret", SECRET, CLIENTS).at(Base::Before),
        row("/haproxy-ingress.github.io~1auth-tls-secret", SECRET, CLIENTS).at(Base::Before),
        row("/nginx.ingress.kubernetes.io~1proxy-ssl-secret", SECRET, UPSTREAM).at(Base::Before),
        row("/haproxy-ingress.github.io~1secure-crt-secret", SECRET, UPSTREAM).at(Base::Before),
        row("/nginx.ingress.kubernetes.io~1fastcgi-params-configmap", CONFIG_MAP, "an annotation takes its parameters from").at(Base::Before),
        row("/nginx.ingress.kubernetes.io~1auth-proxy-set-headers", CONFIG_MAP, "an annotation takes its headers from").at(Base::Before),
        row("/nginx.ingress.kubernetes.io~1custom-headers", CONFIG_MAP, "an annotation takes its headers from").at(Base::Before),
        row("/nginx.ingress.kubernetes.io~1default-backend", SERVICE, DEFAULT),
        row("/cert-manager.io~1issuer", To::Kind("cert-manager.io", "Issuer"), "it is certified by"),
        row("/cert-manager.io~1cluster-issuer", To::Kind("cert-manager.io", "ClusterIssuer"), "it is certified by").mentions().at(Base::Cluster),
    ]),
    of(&["route.openshift.io"], &["Route"], "/spec", &[
        row("/to/name", To::Among(CORE, &["Service"]), "the Route sends to"),
        row("/alternateBackends/*/name", To::Among(CORE, &["Service"]), "the Route sends to"),
        row("/tls/externalCertificate/name", SECRET, "the Route takes its certificate from"),
    ]),
    of(&[GATEWAY], &["Gateway"], "/spec", &[
        row("/listeners/*/tls/certificateRefs/*/name", To::Among(CORE, &["Secret"]), "`certificateRefs` names").at(Base::Beside),
        row("/listeners/*/tls/frontendValidation/caCertificateRefs/*/name", To::Among(CORE, &["ConfigMap", "Secret"]), "`caCertificateRefs` names").at(Base::Beside),
        row("/gatewayClassName", To::Kind(GATEWAY, "GatewayClass"), "it is of").mentions().at(Base::Cluster),
    ]),
    of(&[GATEWAY], &["ListenerSet"], "/spec", &[
        row("/listeners/*/tls/certificateRefs/*/name", To::Among(CORE, &["Secret"]), "`certificateRefs` names").at(Base::Beside),
        row("/parentRef/name", To::Among(GATEWAY, &["Gateway"]), "`parentRef` names").at(Base::Beside),
    ]),
    // HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute.
    of(&[GATEWAY], &["*Route"], "/spec/rules/*", &[
        row("/backendRefs/*/name", To::Among(CORE, &["Service"]), "`backendRefs` names").at(Base::Beside).parts(&["/port"]),
        row("/filters/*/requestMirror/backendRef/name", To::Among(CORE, &["Service"]), "`requestMirror` names").at(Base::Beside).parts(&["/port"]),
    ]),
    of(&[GATEWAY], &["*Route"], "/spec", &[
        row("/parentRefs/*/name", To::Among(GATEWAY, &["Gateway", "ListenerSet"]), "`parentRefs` names").at(Base::Beside),
    ]),
    of(&[GATEWAY], &["BackendTLSPolicy"], "/spec", &[
        row("/targetRefs/*/name", To::OneOf(CORE, &["Service"]), "`targetRefs` names"),
        row("/validation/caCertificateRefs/*/name", To::OneOf(CORE, &["ConfigMap", "Secret"]), "`caCertificateRefs` names"),
    ]),
    of(&["autoscaling"], &["HorizontalPodAutoscaler"], "", &[row("/spec/scaleTargetRef/name", To::Any, "it scales").scales()]),
    of(&["autoscaling.k8s.io"], &["VerticalPodAutoscaler"], "", &[row("/spec/targetRef/name", To::Any, "it scales").scales()]),
    of(&[RBAC], &["RoleBinding"], "", &[row("/roleRef/name", To::OneOf(RBAC, &["Role"]), "`roleRef` names")]),
    of(&[RBAC], &["RoleBinding", "ClusterRoleBinding"], "", &[
        row("/roleRef/name", To::OneOf(RBAC, &["ClusterRole"]), "`roleRef` names").at(Base::Cluster),
        row("/subjects/*/name", To::OneOf(CORE, &["ServiceAccount"]), "a subject is").at(Base::Beside),
    ]),
    of(&[RBAC], &["Role", "ClusterRole"], "/rules/*", &[
        named("/resourceNames/*", "configmaps", "ConfigMap"),
        named("/resourceNames/*", "secrets", "Secret"),
        named("/resourceNames/*", "persistentvolumes", "PersistentVolume").at(Base::Cluster),
    ]),
    of(&[CORE], &["ServiceAccount"], "", &[
        row("/imagePullSecrets/*/name", SECRET, PULL),
        row("/secrets/*/name", SECRET, "`secrets` names").mentions(),
    ]),
    of(&["admissionregistration.k8s.io"], &[ANY], "/webhooks/*", &[
        row("/clientConfig/service/name", SERVICE, CALLED).at(Base::Beside).parts(&["/port"]),
    ]),
    of(&["apiregistration.k8s.io"], &["APIService"], "", &[
        row("/spec/service/name", SERVICE, CALLED).at(Base::Beside).parts(&["/port"]),
    ]),
    of(&["apiextensions.k8s.io"], &["CustomResourceDefinition"], "/spec/conversion/webhook", &[
        row("/clientConfig/service/name", SERVICE, CALLED).at(Base::Beside).parts(&["/port"]),
    ]),
    of(&[CORE], &["PersistentVolumeClaim"], "", &[
        row("/spec/volumeName", To::Kind(CORE, "PersistentVolume"), "it binds").at(Base::Cluster),
        row("/spec/storageClassName", STORAGE_CLASS, "it is of").mentions().at(Base::Cluster),
    ]),
    of(&[CORE], &["PersistentVolume"], "/spec", &[
        row("/storageClassName", STORAGE_CLASS, "it is of").mentions().at(Base::Cluster),
        row("/claimRef/name", To::Among(CORE, &["PersistentVolumeClaim"]), "it is for").mentions().at(Base::Beside),
        row("/azureFile/secretName", SECRET, "the volume takes").mentions(),
        row("/*/*ecretRef/name", SECRET, "the volume takes").mentions().at(Base::Beside),
    ]),
    // A StatefulSet's, and those of the kinds that do as it does.
    of(&[ANY], &["StatefulSet", "CloneSet"], "/spec", &[
        row("/volumeClaimTemplates/*/spec/storageClassName", STORAGE_CLASS, "its claims are of").mentions().at(Base::Cluster),
    ]),
    of(&["storage.k8s.io"], &["StorageClass"], "/parameters", &[
        row("/secretName", SECRET, PARAMETER).mentions(),
        row("/adminSecretName", SECRET, PARAMETER).mentions(),
        row("/userSecretName", SECRET, PARAMETER).mentions(),
        row("/secretRef", SECRET, PARAMETER).mentions(),
    ]),
    of(&[CORE], &["Node"], "", &[row("/spec/configSource/configMap/name", CONFIG_MAP, "the node takes").mentions().at(Base::Beside)]),
];
