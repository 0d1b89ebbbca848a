//! Where the custom resources of operators name others.

use super::{ANY, Base, CONFIG_MAP, CORE, Group, Row, SECRET, SERVICE, SERVICE_ACCOUNT, To, row};

const ESO: &[&str] = &["external-secrets.io"];
const VSO: &[&str] = &["secrets.hashicorp.com"];
const VSO_GROUP: &str = "secrets.hashicorp.com";
const ESO_GROUP: &str = "external-secrets.io";
const MONITORING: &[&str] = &["monitoring.coreos.com"];
const CERT_MANAGER: &[&str] = &["cert-manager.io"];
const TRAEFIK: &[&str] = &["traefik.io", "traefik.containo.us"];

const fn of<'a>(groups: &'a [&'a str], kinds: &'a [&'a str], under: &'a str, rows: &'a [Row<'a>]) -> Group<'a> {
    Group { groups, kinds, under, rows }
}

const SCRAPE: &str = "the monitor logs in by";
const TLS: &str = "the monitor's TLS takes";

/// One key of a Secret, which a field named `key` beside the name gives.
const fn login(path: &str) -> Row<'_> {
    row(path, SECRET, SCRAPE).parts(&["/key"])
}

/// How Prometheus logs in to what it scrapes.
#[rustfmt::skip]
const ENDPOINT: &[Row<'static>] = &[
    login("/basicAuth/username/name"),
    login("/basicAuth/password/name"),
    login("/authorization/credentials/name"),
    login("/bearerTokenSecret/name"),
    login("/oauth2/clientId/secret/name"),
    row("/oauth2/clientId/configMap/name", CONFIG_MAP, SCRAPE).parts(&["/key"]),
    login("/oauth2/clientSecret/name"),
    login("/proxyConnectHeader/*/*/name"),
    row("/tlsConfig/ca/secret/name", SECRET, TLS).parts(&["/key"]),
    row("/tlsConfig/ca/configMap/name", CONFIG_MAP, TLS).parts(&["/key"]),
    row("/tlsConfig/cert/secret/name", SECRET, TLS).parts(&["/key"]),
    row("/tlsConfig/cert/configMap/name", CONFIG_MAP, TLS).parts(&["/key"]),
    row("/tlsConfig/keySecret/name", SECRET, TLS).parts(&["/key"]),
];

const STORE: To<'static> = To::Among(ESO_GROUP, &["SecretStore"]);
const CLUSTER_STORE: To<'static> = To::OneOf(ESO_GROUP, &["ClusterSecretStore"]);
const STORE_SAYS: &str = "it fetches by";
const TEMPLATE: &str = "its template takes";

/// Under the spec of an ExternalSecret.
#[rustfmt::skip]
const EXTERNAL: &[Row<'static>] = &[
    row("/secretStoreRef/name", STORE, STORE_SAYS),
    row("/secretStoreRef/name", CLUSTER_STORE, STORE_SAYS).mentions().at(Base::Cluster),
    row("/data/*/sourceRef/storeRef/name", STORE, STORE_SAYS),
    row("/data/*/sourceRef/storeRef/name", CLUSTER_STORE, STORE_SAYS).mentions().at(Base::Cluster),
    row("/dataFrom/*/sourceRef/storeRef/name", STORE, STORE_SAYS),
    row("/dataFrom/*/sourceRef/storeRef/name", CLUSTER_STORE, STORE_SAYS).mentions().at(Base::Cluster),
    row("/dataFrom/*/sourceRef/generatorRef/name", To::Any, "it generates by"),
    row("/target/template/templateFrom/*/configMap/name", CONFIG_MAP, TEMPLATE).parts(&["/items/*/key"]),
    row("/target/template/templateFrom/*/secret/name", SECRET, TEMPLATE).parts(&["/items/*/key"]),
    row("/target/name", SECRET, "it makes").makes(),
];

const LOGS_IN: &str = "it logs in by";
const TRUSTS: &str = "it trusts";

/// Under the spec of a SecretStore: what it logs in with. Each provider has its own fields, and they are named alike.
#[rustfmt::skip]
const PROVIDER: &[Row<'static>] = &[
    row("/provider/*/auth/*ecretRef/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/auth/secretRef/*/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/auth/*/*ecretRef/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/auth/*/secretRef/*/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/auth/*/roleRef/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/auth/cert/clientCert/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/auth/cert/clientKey/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/auth/token/bearerToken/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/authSecretRef/*/name", SECRET, LOGS_IN).at(Base::Beside).parts(&["/key"]),
    row("/provider/*/auth/*erviceAccountRef/name", SERVICE_ACCOUNT, LOGS_IN).at(Base::Beside),
    row("/provider/*/auth/*/*erviceAccountRef/name", SERVICE_ACCOUNT, LOGS_IN).at(Base::Beside),
    row("/provider/*/auth/*/*/*erviceAccountRef/name", SERVICE_ACCOUNT, LOGS_IN).at(Base::Beside),
    row("/provider/*/auth/serviceAccount/name", SERVICE_ACCOUNT, LOGS_IN).at(Base::Beside),
    row("/provider/*/serviceAccountRef/name", SERVICE_ACCOUNT, LOGS_IN).at(Base::Beside),
    row("/provider/*/caProvider/name", To::OneOf(CORE, &["Secret", "ConfigMap"]), TRUSTS).at(Base::Beside).parts(&["/key"]),
];

/// What cluster-wide kinds name is in a namespace that the controller chooses, unless they say which.
#[rustfmt::skip]
const CLUSTER_PROVIDER: &[Row<'static>] = &[
    row("/provider/*/auth/*ecretRef/name", SECRET, LOGS_IN).at(Base::Beside).mentions(),
    row("/provider/*/auth/secretRef/*/name", SECRET, LOGS_IN).at(Base::Beside).mentions(),
    row("/provider/*/auth/*/*ecretRef/name", SECRET, LOGS_IN).at(Base::Beside).mentions(),
    row("/provider/*/auth/*/secretRef/*/name", SECRET, LOGS_IN).at(Base::Beside).mentions(),
    row("/provider/*/auth/*/*erviceAccountRef/name", SERVICE_ACCOUNT, LOGS_IN).at(Base::Beside).mentions(),
    row("/provider/*/caProvider/name", To::OneOf(CORE, &["Secret", "ConfigMap"]), TRUSTS).at(Base::Beside).mentions(),
];

/// What the Vault Secrets Operator restarts when a Secret has changed.
#[rustfmt::skip]
const RESTARTS: &[Row<'static>] = &[
    row("/vaultAuthRef", To::Kind(VSO_GROUP, "VaultAuth"), LOGS_IN).at(Base::Before),
    row("/hcpAuthRef", To::Kind(VSO_GROUP, "HCPAuth"), LOGS_IN).at(Base::Before),
    row("/destination/name", SECRET, "it makes").makes(),
    row("/destination/transformation/transformationRefs/*/name", To::Kind(VSO_GROUP, "SecretTransformation"), "it transforms by").at(Base::Beside),
    row("/rolloutRestartTargets/*/name", To::OneOf("apps", &["Deployment", "StatefulSet", "DaemonSet"]), "it restarts").mentions(),
    row("/rolloutRestartTargets/*/name", To::OneOf("argoproj.io", &["argo.Rollout"]), "it restarts").mentions(),
];

/// How a VaultAuth logs in. Its ServiceAccounts are those of the namespaces whose Secrets it is for.
#[rustfmt::skip]
const VAULT_AUTH: &[Row<'static>] = &[
    row("/vaultConnectionRef", To::Kind(VSO_GROUP, "VaultConnection"), "it connects by").at(Base::Before),
    row("/vaultAuthGlobalRef/name", To::Kind(VSO_GROUP, "VaultAuthGlobal"), "it takes its defaults from").at(Base::Beside),
    row("/*/secretRef", SECRET, LOGS_IN),
    row("/kubernetes/serviceAccount", SERVICE_ACCOUNT, LOGS_IN).mentions(),
    row("/jwt/serviceAccount", SERVICE_ACCOUNT, LOGS_IN).mentions(),
    row("/aws/irsaServiceAccount", SERVICE_ACCOUNT, LOGS_IN).mentions(),
    row("/gcp/workloadIdentityServiceAccount", SERVICE_ACCOUNT, LOGS_IN).mentions(),
];

const SENDS: &str = "a route sends to";

const ISSUED: &str = "it is issued by";
const ISSUES: &str = "it issues by";

#[rustfmt::skip] // a table reads best with one row on one line
pub(super) const TABLE: &[Group<'static>] = &[
    of(MONITORING, &["ServiceMonitor"], "/spec/endpoints/*", ENDPOINT),
    of(MONITORING, &["PodMonitor"], "/spec/podMetricsEndpoints/*", ENDPOINT),
    of(MONITORING, &["Probe", "ScrapeConfig"], "/spec", ENDPOINT),

    of(ESO, &["ExternalSecret"], "/spec", EXTERNAL),
    of(ESO, &["PushSecret"], "/spec", &[
        row("/selector/secret/name", SECRET, "it pushes"),
        row("/selector/generatorRef/name", To::Any, "it generates by"),
        row("/secretStoreRefs/*/name", STORE, "it pushes by"),
        row("/secretStoreRefs/*/name", CLUSTER_STORE, "it pushes by").mentions().at(Base::Cluster),
        row("/template/templateFrom/*/configMap/name", CONFIG_MAP, TEMPLATE).parts(&["/items/*/key"]),
        row("/template/templateFrom/*/secret/name", SECRET, TEMPLATE).parts(&["/items/*/key"]),
    ]),
    of(ESO, &["SecretStore"], "/spec", PROVIDER),
    of(ESO, &["ClusterSecretStore"], "/spec", CLUSTER_PROVIDER),

    of(VSO, &["VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret", "HCPVaultSecretsApp"], "/spec", RESTARTS),
    of(VSO, &["VaultAuth", "VaultAuthGlobal"], "/spec", VAULT_AUTH),
    of(VSO, &["VaultConnection"], "", &[row("/spec/caCertSecretRef", SECRET, TRUSTS)]),
    of(VSO, &["HCPAuth"], "", &[row("/spec/servicePrincipal/secretRef", SECRET, LOGS_IN)]),

    of(&["secrets-store.csi.x-k8s.io"], &["SecretProviderClass"], "", &[row("/spec/secretObjects/*/secretName", SECRET, "it makes").makes()]),

    of(CERT_MANAGER, &["Certificate", "CertificateRequest"], "/spec", &[
        row("/issuerRef/name", To::Among("cert-manager.io", &["Issuer"]), ISSUED),
        row("/issuerRef/name", To::OneOf("cert-manager.io", &["ClusterIssuer"]), ISSUED).mentions().at(Base::Cluster),
        row("/secretName", SECRET, "it makes").makes(),
        row("/keystores/*/passwordSecretRef/name", SECRET, "its keystore takes").parts(&["/key"]),
    ]),
    of(CERT_MANAGER, &["Issuer"], "/spec", &[
        row("/ca/secretName", SECRET, ISSUES),
        row("/acme/privateKeySecretRef/name", SECRET, "it makes").makes(),
        row("/acme/externalAccountBinding/keySecretRef/name", SECRET, ISSUES).parts(&["/key"]),
        row("/acme/solvers/*/dns01/*/*ecretRef/name", SECRET, ISSUES).parts(&["/key"]),
        row("/vault/auth/tokenSecretRef/name", SECRET, ISSUES).parts(&["/key"]),
        row("/vault/auth/*/secretRef/name", SECRET, ISSUES).parts(&["/key"]),
        row("/vault/auth/*/serviceAccountRef/name", SERVICE_ACCOUNT, ISSUES),
        row("/vault/caBundleSecretRef/name", SECRET, TRUSTS),
        row("/venafi/tpp/credentialsRef/name", SECRET, ISSUES),
        row("/venafi/cloud/apiTokenSecretRef/name", SECRET, ISSUES).parts(&["/key"]),
    ]),
    of(CERT_MANAGER, &["ClusterIssuer"], "/spec", &[
        row("/ca/secretName", SECRET, ISSUES).mentions(),
        row("/acme/privateKeySecretRef/name", SECRET, "it makes").makes(),
        row("/acme/solvers/*/dns01/*/*ecretRef/name", SECRET, ISSUES).mentions(),
        row("/vault/auth/*ecretRef/name", SECRET, ISSUES).mentions(),
    ]),

    of(&["keda.sh"], &["ScaledObject"], "", &[row("/spec/scaleTargetRef/name", To::Any, "it scales").scales()]),
    of(&["keda.sh"], &["ScaledObject", "ScaledJob"], "/spec/triggers/*", &[
        row("/authenticationRef/name", To::Among("keda.sh", &["TriggerAuthentication"]), LOGS_IN),
        row("/authenticationRef/name", To::OneOf("keda.sh", &["ClusterTriggerAuthentication"]), LOGS_IN).mentions().at(Base::Cluster),
    ]),
    of(&["keda.sh"], &["TriggerAuthentication"], "/spec", &[
        row("/secretTargetRef/*/name", SECRET, LOGS_IN).parts(&["/key"]),
        row("/configMapTargetRef/*/name", CONFIG_MAP, LOGS_IN).parts(&["/key"]),
    ]),

    of(&["argoproj.io"], &["Rollout"], "/spec", &[
        row("/workloadRef/name", To::Any, "it runs").scales(),
        row("/strategy/canary/stableService", SERVICE, "`strategy` names"),
        row("/strategy/canary/canaryService", SERVICE, "`strategy` names"),
        row("/strategy/blueGreen/activeService", SERVICE, "`strategy` names"),
        row("/strategy/blueGreen/previewService", SERVICE, "`strategy` names"),
    ]),

    of(TRAEFIK, &["Middleware"], "/spec", &[
        row("/basicAuth/secret", SECRET, "it takes its users from"),
        row("/digestAuth/secret", SECRET, "it takes its users from"),
        row("/forwardAuth/tls/*ecret", SECRET, "its TLS takes"),
    ]),
    of(TRAEFIK, &["IngressRoute", "IngressRouteTCP", "IngressRouteUDP"], "/spec", &[
        row("/tls/secretName", SECRET, "`tls` takes"),
        row("/routes/*/services/*/name", To::Among(CORE, &["Service"]), SENDS).at(Base::Beside),
    ]),
    of(TRAEFIK, &["TraefikService"], "/spec", &[
        row("/weighted/services/*/name", To::Among(CORE, &["Service"]), SENDS).at(Base::Beside),
        row("/mirroring/name", To::Among(CORE, &["Service"]), SENDS).at(Base::Beside),
        row("/mirroring/mirrors/*/name", To::Among(CORE, &["Service"]), SENDS).at(Base::Beside),
    ]),
    of(&["projectcontour.io"], &["HTTPProxy"], "/spec", &[
        row("/routes/*/services/*/name", SERVICE, SENDS),
        row("/tcpproxy/services/*/name", SERVICE, SENDS),
    ]),
    of(&["configuration.konghq.com"], &["TCPIngress", "UDPIngress"], "/spec", &[row("/rules/*/backend/serviceName", SERVICE, SENDS)]),
    of(&["k8s.nginx.org"], &["VirtualServer", "VirtualServerRoute", "TransportServer"], "/spec", &[
        row("/upstreams/*/service", SERVICE, SENDS).at(Base::Before),
        row("/upstreams/*/backup", SERVICE, SENDS).at(Base::Before).mentions(),
    ]),
    of(&["apisix.apache.org"], &["ApisixRoute"], "/spec", &[
        row("/http/*/backends/*/serviceName", SERVICE, SENDS),
        row("/stream/*/backend/serviceName", SERVICE, SENDS),
    ]),
    of(&["zalando.org"], &["RouteGroup"], "/spec", &[row("/backends/*/serviceName", SERVICE, SENDS)]),
    of(&["elbv2.k8s.aws"], &["TargetGroupBinding"], "/spec", &[row("/serviceRef/name", SERVICE, SENDS)]),

    of(&["postgresql.cnpg.io"], &["Cluster"], "/spec", &[
        row("/superuserSecret/name", SECRET, "the cluster takes"),
        row("/bootstrap/*/secret/name", SECRET, "the cluster takes"),
        row("/externalClusters/*/password/name", SECRET, "the cluster takes").parts(&["/key"]),
        row("/managed/roles/*/passwordSecret/name", SECRET, "the cluster takes"),
        row("/backup/barmanObjectStore/s3Credentials/*/name", SECRET, "the cluster takes").parts(&["/key"]),
    ]),

    // Crossplane, in every kind of its providers.
    of(&[ANY], &[ANY], "", &[row("/spec/writeConnectionSecretToRef/name", SECRET, "it makes").at(Base::Beside).makes()]),
];
