//! What becomes of each annotation of an Ingress: the one table of it, and whose an annotation is.

/// What a Gateway can do with an annotation of ingress-nginx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Treatment {
    /// The Gateway API says the same.
    Carried,
    /// The Gateway API does not say it; nothing more is exposed without it. `--accept-loss` lets it go.
    Lost,
    /// Without it more would be exposed, or another thing would be served.
    Refused,
}

impl Treatment {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Carried => "carried",
            Self::Lost => "lost",
            Self::Refused => "refused",
        }
    }
}

/// One annotation of ingress-nginx, by its name behind `nginx.ingress.kubernetes.io/`.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) treatment: Treatment,
    /// How it is carried, why it is lost, or what to write instead.
    pub(super) says: &'static str,
    /// The annotation without which it does nothing.
    pub(super) needs: Option<&'static str>,
    /// `false` (or `off`) means that the feature is not wanted: nothing is lost then.
    pub(super) switch: bool,
}

pub(super) const PREFIX: &str = "nginx.ingress.kubernetes.io/";

const fn row(name: &'static str, treatment: Treatment, says: &'static str) -> Row {
    Row { name, treatment, says, needs: None, switch: false }
}

const fn carried(name: &'static str, says: &'static str) -> Row {
    row(name, Treatment::Carried, says)
}

const fn lost(name: &'static str, says: &'static str) -> Row {
    row(name, Treatment::Lost, says)
}

const fn refused(name: &'static str, says: &'static str) -> Row {
    row(name, Treatment::Refused, says)
}

impl Row {
    const fn of(self, needs: &'static str) -> Row {
        Row { needs: Some(needs), ..self }
    }

    const fn or_off(self) -> Row {
        Row { switch: true, ..self }
    }
}

const AUTH: &str = "requests would get in without authentication: write a policy of your Gateway's own (its docs: external or basic authentication) for the HTTPRoute, then remove the annotation";
const CLIENT_CERT: &str =
    "clients would get in without a certificate: set `spec.tls.frontend` of the Gateway, then remove the annotation";
const SOURCE: &str = "everybody would get in: write a policy of your Gateway's own, or limit sources at the load balancer, then remove the annotation";
const RATE: &str = "the backend would lose its protection: write a policy of your Gateway's own (its docs: rate limit), then remove the annotation";
const SNIPPET: &str = "the text is configuration of nginx, which may do anything: say it with filters or a policy of your Gateway's own, then remove the annotation";
const FIREWALL: &str =
    "requests would no longer pass the firewall: put one before the Gateway, then remove the annotation";
const CIPHERS: &str =
    "weaker ciphers might be taken: set `tls.options` of the Gateway's listener, then remove the annotation";
const FASTCGI: &str =
    "a Gateway does not speak FastCGI: put an HTTP server before the backend, then remove the annotation";
const TUNING: &str = "how nginx buffers and connects; your Gateway has settings of its own";
const AFFINITY: &str = "`sessionPersistence` of an HTTPRoute is experimental; Services and policies of your Gateway can keep clients at one pod";
const BALANCING: &str = "which pod gets a request; your Gateway has settings of its own";
const LOGS: &str = "logs and traces are settings of the Gateway";
const BACKEND_TLS: &str = "a BackendTLSPolicy says which certificate is right, not how TLS is spoken";
const RETRIES: &str = "`retry` of an HTTPRoute is experimental; your Gateway may have a policy";
const ERRORS: &str = "an HTTPRoute does not replace answers of the backend";
const COOKIES: &str = "an HTTPRoute does not change what is inside headers: let the backend write it";
const CANARY: &str = "headers, cookies and weights of the main Ingress's HTTPRoute";
const CORS: &str = "a CORS filter";

/// Every annotation that ingress-nginx 1.15 reads, and those of 1.11 that protect something, by name.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    lost("affinity", AFFINITY),
    lost("affinity-canary-behavior", AFFINITY).of("affinity"),
    lost("affinity-mode", AFFINITY).of("affinity"),
    refused("allowlist-source-range", SOURCE),
    carried("app-root", "a rule for exactly `/` that redirects (302)"),
    refused("auth-always-set-cookie", AUTH).of("auth-url"),
    refused("auth-cache-duration", AUTH).of("auth-url"),
    refused("auth-cache-key", AUTH).of("auth-url"),
    refused("auth-keepalive", AUTH).of("auth-url"),
    refused("auth-keepalive-requests", AUTH).of("auth-url"),
    refused("auth-keepalive-share-vars", AUTH).of("auth-url"),
    refused("auth-keepalive-timeout", AUTH).of("auth-url"),
    refused("auth-method", AUTH).of("auth-url"),
    refused("auth-proxy-set-headers", AUTH).of("auth-url"),
    refused("auth-realm", AUTH).of("auth-type"),
    refused("auth-request-redirect", AUTH).of("auth-url"),
    refused("auth-response-headers", AUTH).of("auth-url"),
    refused("auth-secret", AUTH),
    refused("auth-secret-type", AUTH).of("auth-secret"),
    refused("auth-signin", AUTH).of("auth-url"),
    refused("auth-signin-redirect-param", AUTH).of("auth-url"),
    refused("auth-snippet", SNIPPET),
    refused("auth-tls-error-page", CLIENT_CERT).of("auth-tls-secret"),
    refused("auth-tls-match-cn", CLIENT_CERT),
    refused("auth-tls-pass-certificate-to-upstream", CLIENT_CERT).of("auth-tls-secret"),
    refused("auth-tls-secret", CLIENT_CERT),
    refused("auth-tls-verify-client", CLIENT_CERT).of("auth-tls-secret"),
    refused("auth-tls-verify-depth", CLIENT_CERT).of("auth-tls-secret"),
    refused("auth-type", AUTH),
    refused("auth-url", AUTH),
    carried("backend-protocol", "HTTPS: a BackendTLSPolicy; GRPC: a GRPCRoute; GRPCS: both; AUTO_HTTP and FCGI are refused"),
    carried("canary", CANARY).or_off(),
    carried("canary-by-cookie", CANARY).of("canary"),
    carried("canary-by-header", CANARY).of("canary"),
    carried("canary-by-header-pattern", CANARY).of("canary-by-header"),
    carried("canary-by-header-value", CANARY).of("canary-by-header"),
    carried("canary-weight", CANARY).of("canary"),
    carried("canary-weight-total", CANARY).of("canary-weight"),
    lost("client-body-buffer-size", TUNING),
    refused("configuration-snippet", SNIPPET),
    lost("connection-proxy-header", TUNING),
    carried("cors-allow-credentials", CORS).of("enable-cors"),
    carried("cors-allow-headers", CORS).of("enable-cors"),
    carried("cors-allow-methods", CORS).of("enable-cors"),
    carried("cors-allow-origin", "a CORS filter; an origin with a wildcard is refused, since a Gateway's wildcard matches more labels").of("enable-cors"),
    carried("cors-expose-headers", CORS).of("enable-cors"),
    carried("cors-max-age", CORS).of("enable-cors"),
    refused("custom-headers", "browsers may rely on them: set the headers of the ConfigMap in a ResponseHeaderModifier of the HTTPRoute, then remove the annotation"),
    lost("custom-http-errors", ERRORS),
    lost("default-backend", "a Gateway answers 503 where a Service has no pods"),
    refused("denylist-source-range", SOURCE),
    lost("disable-proxy-intercept-errors", ERRORS).or_off(),
    lost("enable-access-log", LOGS),
    carried("enable-cors", CORS).or_off(),
    lost("enable-global-auth", "authentication of the whole Gateway, and exceptions to it, are policies of your Gateway's own"),
    refused("enable-modsecurity", FIREWALL).or_off(),
    lost("enable-opentelemetry", LOGS).or_off(),
    refused("enable-owasp-core-rules", FIREWALL).or_off(),
    lost("enable-rewrite-log", LOGS).or_off(),
    refused("fastcgi-index", FASTCGI),
    refused("fastcgi-params-configmap", FASTCGI),
    carried("force-ssl-redirect", "an HTTPRoute that redirects plain HTTP (308); refused where the Ingress has no TLS for the host, since a redirect to a port that is not there helps nobody").or_off(),
    refused("from-to-www-redirect", "one of the two names would no longer be served: add an HTTPRoute for it with a RequestRedirect to the other, then remove the annotation").or_off(),
    refused("global-rate-limit", RATE),
    refused("global-rate-limit-ignored-cidrs", RATE).of("global-rate-limit"),
    refused("global-rate-limit-key", RATE).of("global-rate-limit"),
    refused("global-rate-limit-window", RATE).of("global-rate-limit"),
    lost("http2-push-preload", TUNING).or_off(),
    refused("limit-allowlist", RATE),
    refused("limit-burst-multiplier", RATE),
    refused("limit-connections", RATE),
    refused("limit-rate", RATE),
    refused("limit-rate-after", RATE),
    refused("limit-rpm", RATE),
    refused("limit-rps", RATE),
    refused("limit-whitelist", RATE),
    lost("load-balance", BALANCING),
    lost("mirror-host", "an HTTPRoute mirrors to Services only").of("mirror-target"),
    lost("mirror-request-body", "an HTTPRoute mirrors to Services only").of("mirror-target"),
    lost("mirror-target", "an HTTPRoute mirrors to Services only: add a RequestMirror filter to one that reaches the target"),
    refused("modsecurity-snippet", FIREWALL),
    refused("modsecurity-transaction-id", FIREWALL).of("enable-modsecurity"),
    lost("opentelemetry-operation-name", LOGS),
    lost("opentelemetry-trust-incoming-span", LOGS),
    lost("opentelemetry-trust-incoming-spans", LOGS),
    carried("permanent-redirect", "a RequestRedirect filter; the query of the request stays, which nginx drops"),
    carried("permanent-redirect-code", "the code of the redirect; other codes than 301, 302, 303, 307 and 308 are refused").of("permanent-redirect"),
    carried("preserve-trailing-slash", "a redirect of a Gateway keeps the slash; ingress-nginx drops it unless told"),
    lost("proxy-body-size", "your Gateway has a limit of its own, or none; `0` loses nothing"),
    lost("proxy-buffer-size", TUNING),
    lost("proxy-buffering", TUNING),
    lost("proxy-buffers-number", TUNING),
    lost("proxy-busy-buffers-size", TUNING),
    lost("proxy-connect-timeout", "an HTTPRoute has no timeout for connecting"),
    lost("proxy-cookie-domain", COOKIES),
    lost("proxy-cookie-path", COOKIES),
    lost("proxy-http-version", TUNING),
    lost("proxy-max-temp-file-size", TUNING),
    lost("proxy-next-upstream", RETRIES),
    lost("proxy-next-upstream-timeout", RETRIES),
    lost("proxy-next-upstream-tries", RETRIES),
    lost("proxy-read-timeout", "nginx's is the time between two reads, `timeouts.request` of an HTTPRoute that of the whole request: it ends streams; with --request-timeouts it is written there"),
    lost("proxy-redirect-from", COOKIES),
    lost("proxy-redirect-to", COOKIES),
    lost("proxy-request-buffering", TUNING),
    lost("proxy-send-timeout", "nginx's is the time between two writes; with --request-timeouts the longer of it and `proxy-read-timeout` is `timeouts.request`"),
    lost("proxy-ssl-ciphers", BACKEND_TLS),
    carried("proxy-ssl-name", "`validation.hostname` of the BackendTLSPolicy").of("backend-protocol"),
    lost("proxy-ssl-protocols", BACKEND_TLS),
    refused("proxy-ssl-secret", "the backend would not know the Gateway: set `spec.tls.backend.clientCertificateRef` of the Gateway, and --backend-ca here, then remove the annotation"),
    carried("proxy-ssl-server-name", "a BackendTLSPolicy always sends the name (SNI)"),
    carried("proxy-ssl-verify", "a BackendTLSPolicy always verifies"),
    lost("proxy-ssl-verify-depth", BACKEND_TLS),
    lost("relative-redirects", "a Gateway decides itself how redirects are written").or_off(),
    carried("rewrite-target", "a URLRewrite filter: a text replaces the whole path; `/x(/|$)(.*)` with `/y/$2` replaces a prefix; other uses of captures are refused"),
    refused("satisfy", AUTH),
    carried("server-alias", "more host names of the HTTPRoute; regular expressions are refused"),
    refused("server-snippet", SNIPPET),
    lost("service-upstream", "a Gateway may balance pods itself").or_off(),
    lost("session-cookie-change-on-failure", AFFINITY).of("affinity"),
    lost("session-cookie-conditional-samesite-none", AFFINITY).of("affinity"),
    lost("session-cookie-domain", AFFINITY).of("affinity"),
    lost("session-cookie-expires", AFFINITY).of("affinity"),
    lost("session-cookie-max-age", AFFINITY).of("affinity"),
    lost("session-cookie-name", AFFINITY).of("affinity"),
    lost("session-cookie-path", AFFINITY).of("affinity"),
    lost("session-cookie-samesite", AFFINITY).of("affinity"),
    lost("session-cookie-secure", AFFINITY).of("affinity"),
    refused("ssl-ciphers", CIPHERS),
    carried("ssl-passthrough", "a TLSRoute and a listener that passes TLS through; plain HTTP is lost (`plain-http`)").or_off(),
    refused("ssl-prefer-server-ciphers", CIPHERS).or_off(),
    carried("ssl-redirect", "an HTTPRoute that redirects plain HTTP (308), as ingress-nginx does for hosts with TLS unless told otherwise; `false`: the HTTPRoute answers both"),
    refused("stream-snippet", SNIPPET),
    carried("temporal-redirect", "a RequestRedirect filter; the query of the request stays, which nginx drops"),
    carried("temporal-redirect-code", "the code of the redirect; other codes than 301, 302, 303, 307 and 308 are refused").of("temporal-redirect"),
    lost("upstream-hash-by", BALANCING),
    lost("upstream-hash-by-subset", BALANCING).of("upstream-hash-by"),
    lost("upstream-hash-by-subset-size", BALANCING).of("upstream-hash-by"),
    carried("upstream-vhost", "`hostname` of a URLRewrite filter; variables and ports are refused"),
    lost("use-port-in-redirects", "a Gateway decides itself which port redirects have").or_off(),
    carried("use-regex", "paths of type RegularExpression, which a Gateway need not know: its docs say whether it does").or_off(),
    refused("whitelist-source-range", SOURCE),
    carried("x-forwarded-prefix", "a RequestHeaderModifier filter that sets `X-Forwarded-Prefix`").of("rewrite-target"),
];

/// The row of an annotation by its name behind the prefix.
pub(super) fn find(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// What may be lost beside annotations: the name to accept it by, and what it is.
pub(super) const LOSSES: &[(&str, &str)] = &[
    (
        "path-case",
        "a host with regular expressions or rewrites is matched by nginx without regard to case; a prefix of an HTTPRoute is not: `/API` is no longer served where `/api` is",
    ),
    (
        "path-element",
        "pathType ImplementationSpecific is matched by nginx letter by letter; a prefix of an HTTPRoute element by element: `/apix` is no longer served by `/api`",
    ),
    (
        "regex-order",
        "which of several regular expressions wins is for nginx the longest text, for a Gateway its own affair",
    ),
    ("plain-http", "with ssl-passthrough nginx answers on port 80 too; a TLSRoute does not"),
    (
        "unused-certificate",
        "no path is served for these hosts, so there is no listener for their certificate; cert-manager no longer makes it",
    ),
    (
        "certificate",
        "the listeners of a Gateway that is there already have to have the certificates: krmor does not see them",
    ),
];

/// Whose an annotation without the prefix of ingress-nginx is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The Ingress's class, said the old way.
    Class,
    /// cert-manager: goes to what has the listeners.
    Certificates,
    /// cert-manager's knobs for Ingresses only.
    IngressSolver,
    /// external-dns: where the name points to, which it reads at the Gateway.
    DnsTarget,
    /// external-dns: all else, which it reads at routes.
    Dns,
    /// What a tool wrote for itself.
    Leftover,
    /// Tools that look at every object: goes to all.
    Every,
    /// Another controller of Ingresses.
    Controller,
    /// Not known to be a controller's: goes to the routes.
    Other,
}

/// Controllers of Ingresses, by the start of their annotations.
#[rustfmt::skip]
const CONTROLLERS: &[&str] = &[
    "alb.ingress.kubernetes.io/", "appgw.ingress.kubernetes.io/", "cloud.google.com/", "ingress.appscode.com/", "ingress.cilium.io/",
    "ingress.gcp.kubernetes.io/", "ingress.kubernetes.io/", "getambassador.io/", "haproxy-ingress.github.io/", "haproxy.org/", "haproxy.com/",
    "ingress.citrix.com/", "konghq.com/", "k8s.apisix.apache.org/", "kubernetes.io/ingress.", "networking.gke.io/", "nginx.com/", "nginx.org/",
    "appprotect.f5.com/", "projectcontour.io/", "route.openshift.io/", "traefik.ingress.kubernetes.io/", "zalando.org/", "higress.io/",
    "mse.ingress.kubernetes.io/", "nginx.ingress.", "istio.io/", "service.beta.kubernetes.io/", "ingress.pomerium.io/", "edge.skipper/",
];

/// Tools that read their annotations at every object.
#[rustfmt::skip]
const TOOLS: &[&str] = &[
    "argocd.argoproj.io/", "helm.sh/", "meta.helm.sh/", "kustomize.toolkit.fluxcd.io/", "config.kubernetes.io/", "app.kubernetes.io/",
    "kpt.dev/", "reloader.stakater.com/", "fluxcd.io/", "argocd-image-updater.argoproj.io/", "config.k8s.io/", "internal.config.kubernetes.io/",
];

/// Whose an annotation is.
pub(super) fn owner(key: &str) -> Owner {
    let is = |prefix: &str| key.starts_with(prefix);
    match key {
        "kubernetes.io/ingress.class" => Owner::Class,
        "kubernetes.io/tls-acme" => Owner::Certificates,
        "kubectl.kubernetes.io/last-applied-configuration" | "field.cattle.io/publicEndpoints" => Owner::Leftover,
        "external-dns.alpha.kubernetes.io/target" => Owner::DnsTarget,
        "acme.cert-manager.io/http01-edit-in-place"
        | "acme.cert-manager.io/http01-ingress-class"
        | "acme.cert-manager.io/http01-ingress-ingressclassname" => Owner::IngressSolver,
        _ if is("cert-manager.io/") || is("acme.cert-manager.io/") => Owner::Certificates,
        _ if is("external-dns.alpha.kubernetes.io/") || is("external-dns.kubernetes.io/") => Owner::Dns,
        _ if TOOLS.iter().any(|tool| is(tool)) => Owner::Every,
        _ if CONTROLLERS.iter().any(|controller| is(controller)) => Owner::Controller,
        _ => Owner::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_what_they_need_is_there() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} stands before {}", pair[0].name, pair[1].name);
        }
        for row in TABLE {
            assert!(row.needs.is_none_or(|needs| find(needs).is_some()), "{} needs what is no annotation", row.name);
            let way_out = row.treatment != Treatment::Refused || row.says.contains("then remove the annotation");
            assert!(way_out, "{} is refused without a way out", row.name);
        }
    }

    #[test]
    fn each_annotation_has_an_owner() {
        assert_eq!(owner("cert-manager.io/cluster-issuer"), Owner::Certificates);
        assert_eq!(owner("nginx.org/rewrites"), Owner::Controller);
        assert_eq!(owner("example.com/team"), Owner::Other);
    }
}
