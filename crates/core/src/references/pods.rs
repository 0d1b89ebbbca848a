//! Where pods name objects, from a pod's spec; the workload table knows where the pods are.

use super::{Base, CONFIG_MAP, CORE, Group, Row, SECRET, SERVICE_ACCOUNT, To, row};

const VOLUME: &str = "volume `{name}` takes";
const VARIABLE: &str = "variable `{name}` of container `{container}` takes";
const ALL: &str = "`envFrom` of container `{container}` takes";

const fn pod<'a>(under: &'a str, rows: &'a [Row<'a>]) -> Group<'a> {
    Group { groups: &[], kinds: &[], under, rows }
}

/// Under a pod's spec, its containers aside.
pub(crate) const POD: &[Group<'static>] = &[
    pod(
        "",
        &[
            row("/serviceAccountName", SERVICE_ACCOUNT, "the pod runs as"),
            row("/serviceAccount", SERVICE_ACCOUNT, "the pod runs as"),
            row("/imagePullSecrets/*/name", SECRET, "`imagePullSecrets` names"),
            row("/priorityClassName", To::Kind("scheduling.k8s.io", "PriorityClass"), "the pod has")
                .mentions()
                .at(Base::Cluster),
            row("/runtimeClassName", To::Kind("node.k8s.io", "RuntimeClass"), "the pod has")
                .mentions()
                .at(Base::Cluster),
            row(
                "/resourceClaims/*/resourceClaimTemplateName",
                To::Kind("resource.k8s.io", "ResourceClaimTemplate"),
                "the pod claims",
            ),
            row("/resourceClaims/*/resourceClaimName", To::Kind("resource.k8s.io", "ResourceClaim"), "the pod claims"),
        ],
    ),
    pod(
        "/volumes/*",
        &[
            row("/configMap/name", CONFIG_MAP, VOLUME).parts(&["/items/*/key"]),
            row("/secret/secretName", SECRET, VOLUME).parts(&["/items/*/key"]),
            row("/projected/sources/*/configMap/name", CONFIG_MAP, VOLUME).parts(&["/items/*/key"]),
            row("/projected/sources/*/secret/name", SECRET, VOLUME).parts(&["/items/*/key"]),
            row("/persistentVolumeClaim/claimName", To::Kind(CORE, "PersistentVolumeClaim"), VOLUME),
            row(
                "/ephemeral/volumeClaimTemplate/spec/storageClassName",
                To::Kind("storage.k8s.io", "StorageClass"),
                VOLUME,
            )
            .mentions()
            .at(Base::Cluster),
            row("/azureFile/secretName", SECRET, VOLUME),
            row("/cephfs/secretRef/name", SECRET, VOLUME),
            row("/csi/nodePublishSecretRef/name", SECRET, VOLUME),
            row(
                "/csi/volumeAttributes/secretProviderClass",
                To::Kind("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
                VOLUME,
            ),
            row("/flexVolume/secretRef/name", SECRET, VOLUME),
            row("/iscsi/secretRef/name", SECRET, VOLUME),
            row("/rbd/secretRef/name", SECRET, VOLUME),
            row("/scaleIO/secretRef/name", SECRET, VOLUME),
            row("/storageos/secretRef/name", SECRET, VOLUME),
        ],
    ),
];

/// Under a container.
pub(crate) const CONTAINER: &[Group<'static>] = &[
    pod(
        "/env/*",
        &[
            row("/valueFrom/configMapKeyRef/name", CONFIG_MAP, VARIABLE).parts(&["/key"]),
            row("/valueFrom/secretKeyRef/name", SECRET, VARIABLE).parts(&["/key"]),
        ],
    ),
    pod("/envFrom/*", &[row("/configMapRef/name", CONFIG_MAP, ALL), row("/secretRef/name", SECRET, ALL)]),
];
