//! The rules of `Migration`.

krmor_core::rules! {
    POLICY_WITHOUT_JOB = "policy-without-job", Warning,
        "A policy knows the program's pods by their labels, and not those of the migration's Job",
        "The pods of a Job have labels of their own, so that no Service sends to them. A NetworkPolicy that lets the program reach its database, a SecurityGroupPolicy or a SidecarSet by the program's labels is not for them. Give them a label by `job.podLabels` and let the policy select by that; the function NetworkPolicies does so for the edges that it knows. Where the migration needs none of it, write an exception.";
    SAME_STREAM = "same-stream", Error,
        "A migration that runs as a hook needs an object that is applied after it",
        "Hooks of Helm and `PreSync` hooks of Argo CD run before the rest of the stream is applied. On the first install the Job would wait for the object, and later it would read an old one. Take the hook `argocd-sync` or `as: initContainer`, or bring the object from another stream.";
    AGENT_INIT_FIRST = "agent-init-first", Warning,
        "The agent of Vault starts after the migration that needs its files",
        "The annotation `vault.hashicorp.com/agent-init-first` says another thing than `true`, so the injector puts its init container last. Set the annotation to `\"true\"`. Where it is absent, krmor adds it.";
    CLAIM_NOT_SHARED = "claim-not-shared", Error,
        "The Job of a migration mounts a claim that one node can mount",
        "The pods of the program hold the claim, so the Job may stay pending. Leave the volume out of `volumes`, or write `as: initContainer`.";
    CLAIM_UNKNOWN = "claim-unknown", Warning,
        "The Job of a migration mounts a claim that is not in the stream",
        "Unless several nodes can mount the claim, the Job waits while a pod of the program has it. Leave the volume out of `volumes`, or write `as: initContainer`.";
    CONCURRENT_MIGRATIONS = "concurrent-migrations", Warning,
        "Several pods can run the migration at the same time",
        "As an init container the migration runs in each pod that starts, and two workloads with one database run it twice. Let the program take a lock, such as an advisory lock of the database, and say so by `locks: true`; or write `as: job`, which runs it once, with the other workloads in `followers`.";
    INIT_FILES = "init-files", Error,
        "The Job of a migration mounts a volume that an init container of the program's pod fills, and does not have the container",
        "The volume starts empty in each pod, so the migration would lack the files. Name the init container in `initContainers`, and the Job gets it too; leave the volume out of `volumes`; or write `as: initContainer`. Where the migration reads none of the files, write an exception with the name of the volume in `fields`.";
    MESH_SIDECAR = "mesh-sidecar", Warning,
        "A mesh puts a sidecar into the pod of the migration's Job",
        "The label or annotation of the program's pods that asks for it is taken over, since the database may be reached by the mesh only. An ordinary sidecar keeps the Job from ending; a native one ends with it. See which the mesh has, or switch it off for the Job by `job.podLabels` or `job.podAnnotations`.";
    MIGRATION = "migration", Info,
        "krmor adds the migration's init container or Job, or brings it up to date",
        "Image, variables and mounts follow the program's container at each run. Other fields that the migration has stay.";
    NO_CONTAINER = "no-container", Error,
        "A pod has no main container of the name that `container` gives",
        "krmor takes the image and settings of the migration from that container. Correct `container` in the config, or choose other targets.";
    NO_IMAGE = "no-image", Error,
        "The container of the program has no image for the migration to run",
        "The migration runs with the program's own image. Name the image in the container.";
    NO_INIT_CONTAINERS = "no-init-containers", Error,
        "A Knative Service takes no init containers by default",
        "The webhook of Knative would refuse the object. Write `as: job`, or exclude the Service from this function.";
    NEEDS_CONTAINER = "needs-container", Error,
        "A migration needs what only another container of the pod gives, and that is not there when it runs",
        "A variable, an argument or a setting of the migration names the loopback address, or a socket or file in a volume that another container fills, as a database proxy does. Ordinary containers start behind every init container, and a Job has none of them. Make it a native sidecar, by `initContainers` with `restartPolicy: Always`, before the migration, and name it in `sidecars` for a Job; or give the migration another address by `env`. Where it can do without, write an exception with the name of the variable in `fields`. HTTP addresses are a warning, since a migration seldom needs them.";
    NO_SIDECAR = "no-sidecar", Error,
        "A pod has no native sidecar of a name in `sidecars`",
        "Only an init container with `restartPolicy: Always` runs beside a migration and lets a Job end. Correct the name, or move the container to `initContainers` with that policy.";
    NOT_TAKEN = "not-taken", Warning,
        "The pod of a migration's Job lacks something that the program's pods have",
        "The README of the function has a table of what the Job takes over. What the migration may need, and krmor does not take over by itself, is said: the namespaces of the node, scheduling gates, labels and annotations of injectors that krmor does not know, a file with all labels. Write it in `job.podLabels` or `job.podAnnotations`, write `as: initContainer`, or, where the migration can do without, an exception. An annotation that names a container which the Job does not have is an error.";
    NO_VOLUME = "no-volume", Error,
        "The Job of a migration needs a volume that it cannot have",
        "The program's container mounts a volume that the pod does not declare, or a claim that a StatefulSet makes for each pod. List in `volumes` what the migration needs, or write `as: initContainer`.";
    OUTERMOST = "outermost", Info,
        "The name of a Job covers its content as krmor sees it",
        "With `hook: none` the name ends in a hash. An outer kustomization that changes the image or the settings later would change a Job under the same name, which the API server refuses. Run krmor in the outermost kustomization.";
    SECOND_JOB = "second-job", Error,
        "A workload has two Jobs for one migration",
        "krmor knows its Jobs by the annotation `krmor.dev/migration` and cannot tell which one to update. Remove one of the two.";
    SELECTED_BY = "selected-by", Error,
        "Another object selects the pods of the migration's Job",
        "A Service would send requests to the migration, and a workload or budget would count its pods. Let the selector ask for a label that only the program's pods have.";
    STARTS_BEFORE = "starts-before", Warning,
        "A workload with the image or the database of a migrated program does not wait for the migration",
        "Its new version starts on the old schema, as the worker of a web application that has the migration. With a hook of Argo CD or Helm, name it in `followers`, so that it waits for the same Job. With `as: initContainer`, name it in `targets`, and let the migration take a lock. Where it works with both schemas, write an exception. Where only the database is the same, the rule is an info.";
    SYNC_WAVE = "sync-wave", Info,
        "krmor sets the sync wave of an object, so that Argo CD applies it in order",
        "Argo CD applies the migration first, then the program. Objects that already have the annotation `argocd.argoproj.io/sync-wave` keep it.";
    WAVE_ORDER = "wave-order", Error,
        "The sync waves do not apply the migration at the right time",
        "The program must come in a later wave than its migration, and what the migration needs must come before it. Give the workload a higher wave, give the other object a lower one, or change `job.wave`.";
    WHICH_CONTAINER = "which-container", Error,
        "A pod has several main containers, and the config does not say which one has the migration",
        "krmor takes the image and settings of the migration from one container and does not guess. Name it in `container`.";
}
