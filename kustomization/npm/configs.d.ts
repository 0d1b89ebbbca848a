// What krmor's configs take, field by field. Made from `krmor schema`: UPDATE=1 cargo test --test npm writes it.

export type Config =
  | Pipeline
  | Environment
  | VaultSecrets
  | Migration
  | Probes
  | Resources
  | SecurityContext
  | Availability
  | Exposure
  | Monitoring
  | NamespaceGuardrails
  | NetworkPolicies
  | Checks;

/**
 * Runs many functions in one call, in the order of their phases
 */
export interface Pipeline {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Pipeline";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec: PipelineSpec;
}
/**
 * The spec of a `Pipeline`: many functions in one call.
 */
export interface PipelineSpec {
  /**
   * The severity from which findings make the run fail: `error` (the default) or `warning`.
   */
  failOn?: "error" | "warning";
  /**
   * Where pod templates live in kinds that krmor does not know, for all functions.
   *
   * Items: A row of `podTemplates`: where one custom kind has its pods, or that it has none.
   *
   * Rows of the same group and kind add up; what they say replaces what krmor knows of that group and kind.
   */
  podTemplates?: {
    /**
     * API group without a version, such as `example.com`; empty or left out for the core group.
     */
    group?: string;
    /**
     * The kind, such as `Backend`; `*` stands for every kind of the group.
     */
    kind: string;
    /**
     * Where it is: keys with dots between them, such as `spec.template`. `[*]` stands for every item of a list
     * (`spec.jobs[*].template`), `*` for every value of a mapping (`spec.roles.*.template`), a lone `.` for the object
     * itself. A backslash before `.`, `[`, `*` or `\` makes it part of a key.
     */
    path?: string | null;
    /**
     * What is there: a pod `template` that holds `metadata` and `spec` (unless said), a pod's `spec`, a list of
     * `containers` without a pod around it, or a single `container`.
     */
    shape?: ("template" | "spec" | "containers" | "container") | null;
    /**
     * Says that what looks like a pod makes none: with `path` at that place, without it anywhere in the kind.
     */
    ignore?: boolean;
    /**
     * A row that leads to nothing in the stream is an error, unless this is true.
     */
    optional?: boolean;
  }[];
  /**
   * Where kinds that krmor does not know name other objects, such as a Secret, for all functions.
   *
   * Items: A row of `references`: where objects of one kind name those of another.
   */
  references?: {
    /**
     * API group, without a version, of the kind that has the field; empty or left out for the core group.
     */
    group?: string;
    /**
     * The kind that has the field, such as `Backend`; `*` stands for every kind of the group.
     */
    kind: string;
    /**
     * Where the name stands: keys with dots between them, as in `podTemplates`, such as `spec.tls[*].secretName`.
     */
    path: string;
    /**
     * What is named there.
     */
    to: {
      /**
       * API group without a version; empty or left out for the core group.
       */
      group?: string;
      /**
       * The kind, such as `Secret`.
       */
      kind: string;
    };
  }[];
  /**
   * Accept a stream without workloads, although functions for workloads are listed.
   */
  allowNone?: boolean;
  /**
   * The functions by a name of your choice, so that an overlay can patch one. The order is krmor's own.
   */
  functions: {
    [k: string]:
      | EnvironmentEntry
      | VaultSecretsEntry
      | MigrationEntry
      | ProbesEntry
      | ResourcesEntry
      | SecurityContextEntry
      | AvailabilityEntry
      | ExposureEntry
      | MonitoringEntry
      | NamespaceGuardrailsEntry
      | NetworkPoliciesEntry
      | ChecksEntry;
  };
}
/**
 * Gives containers their variables, and proves that those they need are there
 */
export interface EnvironmentEntry {
  kind: "Environment";
  spec?: EnvironmentSpec | null;
}
/**
 * Gives containers their environment variables, and proves that those they need are there.
 *
 * Works on main containers, and on any container that a target names. What is absent is filled; what is there stays
 * unless `overwrite` is true.
 */
export interface EnvironmentSpec {
  /**
   * Variables by name: a plain text is the value; a mapping says where the value comes from. The order is krmor's:
   * by name, but what another value refers to by `$(NAME)` goes before it. Default: none.
   */
  env?: {
    [k: string]:
      | string
      | {
          /**
           * Name of the ConfigMap that has the value, before or after kustomize's prefixes and suffixes.
           */
          configMap?: string | null;
          /**
           * Name of the Secret that has the value, before or after kustomize's prefixes and suffixes.
           */
          secret?: string | null;
          /**
           * Key in the ConfigMap or Secret. Default: the name of the variable.
           */
          key?: string | null;
          /**
           * Whether the container starts without the key. Default: `true` for names under the spec's `optional`, else
           * `false`.
           */
          optional?: boolean | null;
          /**
           * Field of the pod, such as `metadata.name`, `status.podIP` or `metadata.labels['app']`.
           */
          field?: string | null;
          /**
           * Request or limit of a container, such as `limits.memory`; without it, what the node can allocate.
           */
          resource?: string | null;
          /**
           * Name of the container whose `resource` is meant. Default: the variable's own.
           */
          container?: string | null;
          /**
           * Unit that `resource` is counted in, rounded up: `1m` or `1` for cpu, `1Mi` and the like for bytes. Default `1`.
           */
          divisor?: string | null;
        };
  };
  /**
   * ConfigMaps and Secrets all of whose keys become variables. Default: none.
   *
   * Items: A ConfigMap or Secret all of whose keys become variables: exactly one of the two.
   */
  envFrom?: {
    /**
     * Name of the ConfigMap, before or after kustomize's prefixes and suffixes.
     */
    configMap?: string | null;
    /**
     * Name of the Secret, before or after kustomize's prefixes and suffixes.
     */
    secret?: string | null;
    /**
     * Put before each key to make the variable's name. Default: nothing.
     */
    prefix?: string | null;
    /**
     * Whether the container starts without the ConfigMap or Secret. Default `false`.
     */
    optional?: boolean | null;
  }[];
  /**
   * Variables without which the program does not work: each must have a value that is not empty, from `env` or
   * `envFrom`, its own or the manifest's; otherwise the run fails. Default: none.
   *
   * Items: The name of an environment variable, or a prefix of one: printable ASCII without `=`.
   */
  required?: string[];
  /**
   * Variables that the program can do without: a reference to a key gets `optional: true` where it does not say.
   * Those that nothing gives are named in the report. Default: none.
   *
   * Items: The name of an environment variable, or a prefix of one: printable ASCII without `=`.
   */
  optional?: string[];
  /**
   * ConfigMaps and Secrets that come from outside the stream, and the keys of those that an operator makes from what
   * the stream does not show. Default: none.
   *
   * Items: A ConfigMap or Secret that the stream does not tell all about: exactly one of the two.
   */
  external?: {
    /**
     * Name of the ConfigMap, as the spec or the manifest refers to it.
     */
    configMap?: string | null;
    /**
     * Name of the Secret, as the spec or the manifest refers to it.
     */
    secret?: string | null;
    /**
     * All keys that it has. Default: not known, so that nothing about them is proven.
     */
    keys?: string[] | null;
  }[];
  /**
   * `true`: values of this spec replace those of the manifest. Default `false`: the manifest's stay, with a warning
   * where they differ.
   */
  overwrite?: boolean;
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads or containers to work on; each entry must match something unless `optional: true`. An entry with
   * `containers` reaches init containers and sidecars, too. Default: the main containers of all.
   */
  targets?: Target[];
  /**
   * Which workloads or containers to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Selects objects as a kustomize `target` does, and containers in them. All that is given must match.
 *
 * `group`, `version`, `kind`, `name`, `namespace` and `containers` are regular expressions that must match from the
 * first to the last character.
 */
export interface Target {
  /**
   * API group, such as `apps`; empty for the core group.
   */
  group?: string | null;
  /**
   * API version without its group, such as `v1`.
   */
  version?: string | null;
  /**
   * Kind. In a target also the one before an earlier kustomization changed it.
   */
  kind?: string | null;
  /**
   * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
   */
  name?: string | null;
  /**
   * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
   */
  namespace?: string | null;
  /**
   * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
   */
  labelSelector?: string | null;
  /**
   * Annotations of the object, in the grammar of `labelSelector`.
   */
  annotationSelector?: string | null;
  /**
   * Names of containers. In a target: only fields of these containers are written, none of their pod.
   * In an exclude: these containers are left alone, and not the others.
   */
  containers?: string[];
  /**
   * A target that matches nothing is an error, unless this is true.
   */
  optional?: boolean;
  /**
   * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
   * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
   */
  previous?: boolean;
}
/**
 * Gives workloads their secrets from Vault by reference, and turns values in manifests into references
 */
export interface VaultSecretsEntry {
  kind: "VaultSecrets";
  spec: VaultSecretsSpec;
}
/**
 * Gives workloads their secrets from Vault, by reference: no value is ever in a manifest.
 *
 * What is missing is added: the operator's objects, `env`, `envFrom`, volumes, annotations. Objects that are there
 * already are completed; a field of theirs that says something else is an error, unless `overwrite` is true.
 */
export interface VaultSecretsSpec {
  /**
   * Who brings the values: `vso` (Vault Secrets Operator), `external-secrets` (External Secrets Operator),
   * `agent-injector` (Vault Agent in each pod), `csi` (Secrets Store CSI driver with its Vault provider).
   */
  provider: "vso" | "external-secrets" | "agent-injector" | "csi";
  /**
   * Where Vault is. Default: what the provider itself was installed with.
   */
  connection?: {
    /**
     * URL of the server, such as `https://vault.vault.svc:8200`. `vso` makes a VaultConnection of it. Default: the
     * VaultConnection `name`, which is there already.
     */
    address?: string | null;
    /**
     * `vso` only: name of the VaultConnection. Default: the one of the VaultAuth.
     */
    name?: string | null;
    /**
     * Namespace of Vault Enterprise. Default: none.
     */
    vaultNamespace?: string | null;
    /**
     * Name of a Secret with the CA's certificate under `ca.crt`. Default: the system's CAs.
     */
    caSecret?: string | null;
    /**
     * Name that the server's certificate must have. `vso`, `agent-injector` only. Default: the address's host.
     */
    tlsServerName?: string | null;
    /**
     * `true` does not check the server's certificate. Default `false`.
     */
    skipTlsVerify?: boolean;
  } | null;
  /**
   * How to log in. Default: what the provider itself was installed with (`vso`, `csi`).
   */
  auth?: {
    /**
     * Name of the VaultAuth or SecretStore to make. Default: the role.
     */
    name?: string | null;
    /**
     * `vso` only: a VaultAuth that is there already, as `name` or `namespace/name`. None is made.
     */
    existing?: string | null;
    /**
     * `vso` only: a VaultAuthGlobal to take from what is not said here, as `name` or `namespace/name`.
     */
    global?: string | null;
    /**
     * Path at which the auth method is mounted. Default: `kubernetes`, `jwt`, `approle`, `aws`, `gcp`.
     */
    mount?: string | null;
    /**
     * Log in with the token of a ServiceAccount that Vault reviews in the cluster.
     */
    kubernetes?: {
      /**
       * Role of the auth method.
       */
      role: string;
      /**
       * ServiceAccount to log in as. Default: the one of the targeted pods. With `agent-injector` and `csi` it is always
       * the pod's.
       */
      serviceAccount?: string | null;
      /**
       * Audiences of the token. Default: the cluster's.
       */
      audiences?: string[];
    } | null;
    /**
     * Log in with the token of a ServiceAccount that Vault verifies by its key.
     */
    jwt?: {
      /**
       * Role of the auth method.
       */
      role: string;
      /**
       * ServiceAccount to log in as. Default: the one of the targeted pods.
       */
      serviceAccount?: string | null;
      /**
       * Name of a Secret with the token under `jwt`, in place of a ServiceAccount. Default: none.
       */
      secret?: string | null;
      /**
       * Audiences of the token. Default: the cluster's.
       */
      audiences?: string[];
    } | null;
    /**
     * Log in with a role id and a secret id.
     */
    appRole?: {
      /**
       * The role id, which is not secret.
       */
      roleId: string;
      /**
       * Name of the Secret with the secret id under `id`. It cannot come from Vault itself.
       */
      secret: string;
    } | null;
    /**
     * Log in with an identity of AWS.
     */
    aws?: {
      /**
       * Role of the auth method.
       */
      role: string;
      /**
       * Region of the signing endpoint, such as `eu-central-1`. Default: the provider's.
       */
      region?: string | null;
      /**
       * ServiceAccount with an IAM role (IRSA). Default: the identity of the operator's node.
       */
      serviceAccount?: string | null;
      /**
       * Name of a Secret with the keys `access_key_id` and `secret_access_key`. Default: none.
       */
      secret?: string | null;
    } | null;
    /**
     * Log in with an identity of Google Cloud.
     */
    gcp?: {
      /**
       * Role of the auth method.
       */
      role: string;
      /**
       * ServiceAccount with a workload identity. Default: none (`vso` needs it).
       */
      serviceAccount?: string | null;
      /**
       * Region of the cluster. Default: the operator's own.
       */
      region?: string | null;
      /**
       * Name of the cluster. Default: the operator's own.
       */
      cluster?: string | null;
      /**
       * Project of the cluster. Default: the operator's own.
       */
      project?: string | null;
    } | null;
  } | null;
  /**
   * The store of `external-secrets` that is there already. Default: a SecretStore is made from `connection` and `auth`.
   */
  store?: {
    /**
     * Name of the store.
     */
    name: string;
    /**
     * `SecretStore` (the default) or `ClusterSecretStore`.
     */
    kind?: "SecretStore" | "ClusterSecretStore";
  } | null;
  /**
   * The secrets that the targeted workloads get. Default: none.
   *
   * Items: One secret: exactly one of `kv`, `dynamic` and `pki` says where in Vault it is.
   */
  secrets?: {
    /**
     * Name of the Kubernetes Secret, and of the object that makes it. With `agent-injector`, of the file.
     */
    name: string;
    /**
     * A secret of a key-value engine.
     */
    kv?: {
      /**
       * Path of the secret below the mount, without `data/`: `team/app`.
       */
      path: string;
      /**
       * Path at which the engine is mounted. Default `secret`.
       */
      mount?: string | null;
      /**
       * Version of the engine: 1 or 2. Default 2.
       */
      engine?: 1 | 2 | null;
      /**
       * Version of the secret to stay at, with engine version 2. Default: the newest.
       */
      version?: number | null;
    } | null;
    /**
     * Credentials that Vault makes on demand: `vso`, `agent-injector`, `csi`.
     */
    dynamic?: {
      /**
       * Path at which the engine is mounted, such as `database`.
       */
      mount: string;
      /**
       * Path below the mount, such as `creds/app`.
       */
      path: string;
      /**
       * `vso` only: when to renew, in percent of the lease. 1 to 90. Default: the operator's, 67.
       */
      renewalPercent?: number | null;
      /**
       * `vso` only: whether the lease is revoked when the object goes. Default: the operator's, `false`.
       */
      revoke?: boolean | null;
    } | null;
    /**
     * A certificate that Vault issues: `vso`, `agent-injector`.
     */
    pki?: {
      /**
       * Path at which the engine is mounted. Default `pki`.
       */
      mount?: string | null;
      /**
       * The engine's role that issues.
       */
      role: string;
      /**
       * The certificate's common name.
       */
      commonName: string;
      /**
       * Further DNS names. Default: none.
       */
      altNames?: string[];
      /**
       * IP addresses. Default: none.
       */
      ipSans?: string[];
      /**
       * How long it is valid, such as `24h`. Default: the role's.
       */
      ttl?: string | null;
      /**
       * `vso` only: how long before its end it is renewed, such as `1h`. Default: the operator's.
       */
      expiryOffset?: string | null;
      /**
       * `vso` only: whether it is revoked when the object goes. Default: the operator's, `false`.
       */
      revoke?: boolean | null;
    } | null;
    /**
     * The keys to take: a list of names, or a mapping from the name in Kubernetes to the key in Vault. `csi` and
     * `as: env` need them. Default: all keys, by their own names.
     */
    keys?:
      | (
          | [string, ...string[]]
          | {
              [k: string]: string;
            }
        )
      | null;
    /**
     * Further keys, made of others: `${key}` stands for a key in Vault, `${key|urlquery}` for the same, escaped for a
     * URL; `$$` is a dollar sign. Not with `csi`. Default: none.
     */
    templates?: {
      /**
       * A text with keys of Vault in it.
       */
      [k: string]: string;
    };
    /**
     * How containers get it: `envFrom` (the default), `env` (one variable for each of `keys` and `templates`), `files`
     * (the default of `pki`), `none`.
     */
    as?: ("envFrom" | "env" | "files" | "none") | null;
    /**
     * `files` only: the directory. Default `/vault/secrets/` and the name; `/vault/secrets` with `agent-injector`.
     */
    mountPath?: string | null;
    /**
     * Type of the Kubernetes Secret. Default: `kubernetes.io/tls` for `pki`, else `Opaque`.
     */
    type?: string | null;
    /**
     * `vso` only: names of SecretTransformations to apply. Default: none.
     *
     * Items: The name of an object of most kinds, Ingress, Route, HTTPRoute, ServiceMonitor, Secret, ConfigMap, ServiceAccount and
     * PersistentVolumeClaim among them: a DNS-1123 subdomain, at most 253 characters.
     */
    transformationRefs?: string[];
  }[];
  /**
   * Turns what is in the manifests into references. Default: nothing is converted.
   *
   * A conversion keeps what a Secret means, or is an error that says what it would lose; no value is in any output. Kept:
   * the name, with all references to it; keys, `type`, labels and annotations (on the Secret that is made); sync waves, hooks
   * and the like (on the object that makes it); `immutable` (`external-secrets`); of placeholders the path, the key, the version,
   * base64 in `data`, the modifiers `base64encode`, `base64decode`, `sha256sum` and `jsonPath` of single fields, text around
   * and beside them. What is kept by which provider, form by form: docs/conversions.md. Never converted: Secrets that a
   * SecretStore, a VaultAuth, a VaultConnection or this config takes to reach Vault; tokens of ServiceAccounts; Secrets
   * that SOPS has encrypted; Secrets without values.
   */
  convert?: {
    /**
     * Whether Secrets with values are converted. Their keys must then be written to Vault: the report lists them.
     * Default `true`.
     */
    secrets?: boolean;
    /**
     * Whether placeholders of argocd-vault-plugin (`<path:secret/data/app#key>`, and `<key>` beside the annotation
     * `avp.kubernetes.io/path`) are converted, in Secrets and in variables of containers. Default `true`.
     */
    placeholders?: boolean;
    /**
     * Whether SealedSecrets are converted, by their keys: krmor cannot read their values, which must be written to Vault.
     * Default `false`.
     */
    sealedSecrets?: boolean;
    /**
     * Types of Secrets to convert. Default: `Opaque`, and any type where a value is a placeholder.
     */
    types?: string[];
    /**
     * Where the values of a converted Secret are to be in Vault, unless an entry of `secrets` has its name: `{name}`
     * and `{namespace}` stand for the Secret's own. Default `{name}`.
     */
    path?: string | null;
    /**
     * Path at which the key-value engine for them is mounted. Default `secret`.
     */
    mount?: string | null;
    /**
     * Version of that engine, and of the engine of placeholders that do not say it: 1 or 2. Default 2.
     */
    engine?: 1 | 2 | null;
    /**
     * Name of the Secret that variables with placeholders get, one for each place in Vault: `{mount}` and `{path}` stand for
     * the place, with `.` for `/`; `{version}` for `-v2` where the placeholder has a version; `{workload}` for the
     * workload's name. Default `{mount}.{path}{version}`. Two streams of one namespace that read the same place need two
     * names: write `{workload}` in it.
     */
    variableSecret?: string | null;
  } | null;
  /**
   * How often the operator looks for new values, as Go writes durations: `30s`, `5m`, `1h`. Default `5m`.
   */
  refreshAfter?: string | null;
  /**
   * `vso` only: whether the operator restarts Deployments, StatefulSets, DaemonSets and Argo Rollouts when a value
   * changes. Default `true`.
   */
  restart?: boolean | null;
  /**
   * `agent-injector` only: whether the agent runs before the other init containers, which then have the secrets
   * too. Default `true`.
   */
  initFirst?: boolean | null;
  /**
   * `true`: values of this spec replace those of the manifests. Default `false`: a different value is an error.
   */
  overwrite?: boolean;
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads or containers get the secrets; each entry must match something unless `optional: true`. With
   * targets, only those Secrets are converted that a targeted workload refers to. Default: the main containers of all.
   */
  targets?: Target[];
  /**
   * Which workloads, containers or plaintext Secrets to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Lets a program's migration run before it, as an init container or a Job, with its own image and settings
 */
export interface MigrationEntry {
  kind: "Migration";
  spec: MigrationSpec;
}
/**
 * Lets a program's migration run before the program: in an init container of its pods, or in a Job. Both have the
 * image, the variables, the mounts, the security context and the resources of the program's own container.
 */
export interface MigrationSpec {
  /**
   * `initContainer`: every pod migrates before its program starts. `job`: one Job for each workload; see `job`.
   */
  as: "initContainer" | "job";
  /**
   * Name of the main container to follow. Default: the only one that `targets` and `exclude` leave.
   */
  container?: string | null;
  /**
   * Name of the migration's container, and behind a `-` of the Job: at most 40 of `a-z`, `0-9` and inner `-`. Two
   * migrations of one workload need two names. Default `migrate`.
   */
  name?: string;
  /**
   * The program to run, in the place of the image's entrypoint: a list of words, no shell. Default: the image's
   * entrypoint, with `args`.
   *
   * @minItems 1
   */
  command?: [string, ...string[]] | null;
  /**
   * The arguments of the program: a list of words. Required without `command`.
   *
   * @minItems 1
   */
  args?: [string, ...string[]] | null;
  /**
   * Variables that only the migration has, on top of the container's or in the place of those of the same name.
   * Default: none.
   *
   * Items: A variable: its name and either a `value` or where it is from.
   */
  env?: {
    /**
     * Name of the variable.
     */
    name: string;
    /**
     * Its text; not for secrets. Default: empty.
     */
    value?: string | null;
    /**
     * Where it is from, as the API has it, such as `{secretKeyRef: {name: db-owner, key: url}}`. Default: none.
     */
    valueFrom?: {
      [k: string]: unknown;
    } | null;
  }[];
  /**
   * Image of the migration, where it is another than the program's: `registry/name:tag`, or by digest. Default: the
   * container's, which the migration follows.
   */
  image?: string | null;
  /**
   * Native sidecars of the pod (`initContainers` with `restartPolicy: Always`) that the migration needs, as a proxy to
   * its database: a Job gets them too, and an init container comes behind them. Default: none.
   */
  sidecars?: string[];
  /**
   * With `as: job`: init containers of the pod that the Job gets too, before the migration, as those that fill a volume
   * which it mounts. Default: none.
   */
  initContainers?: string[];
  /**
   * Names of the volumes that the migration mounts, of those that the container mounts. Default: all of them.
   */
  volumes?: string[] | null;
  /**
   * `true`: the migration takes a lock, as an advisory lock of the database, so that several may start at once.
   * Default `false`: where several may, that is said.
   */
  locks?: boolean;
  /**
   * Further workloads that start when the migration has ended, and have none of their own, as the workers of the
   * program. With a hook of Argo CD or Helm; each entry must match something unless `optional: true`. Default: none.
   *
   * Items: Selects objects as a kustomize `target` does, and containers in them. All that is given must match.
   *
   * `group`, `version`, `kind`, `name`, `namespace` and `containers` are regular expressions that must match from the
   * first to the last character.
   */
  followers?: {
    /**
     * API group, such as `apps`; empty for the core group.
     */
    group?: string | null;
    /**
     * API version without its group, such as `v1`.
     */
    version?: string | null;
    /**
     * Kind. In a target also the one before an earlier kustomization changed it.
     */
    kind?: string | null;
    /**
     * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
     */
    name?: string | null;
    /**
     * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
     */
    namespace?: string | null;
    /**
     * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
     */
    labelSelector?: string | null;
    /**
     * Annotations of the object, in the grammar of `labelSelector`.
     */
    annotationSelector?: string | null;
    /**
     * Names of containers. In a target: only fields of these containers are written, none of their pod.
     * In an exclude: these containers are left alone, and not the others.
     */
    containers?: string[];
    /**
     * A target that matches nothing is an error, unless this is true.
     */
    optional?: boolean;
    /**
     * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
     * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
     */
    previous?: boolean;
  }[];
  /**
   * With `as: job`: how the Job is started, and when.
   */
  job?: {
    /**
     * Who starts it. `argocd-presync`: Argo CD, before it applies anything. `argocd-sync`: Argo CD, in a wave between
     * what the migration needs and the program. `helm`: Helm 4, before it installs or upgrades anything. `none`
     * (the default): whoever applies the stream; a hash of the Job's content is then part of its name, since a Job
     * cannot be changed. That one asks for `unordered: true`.
     */
    hook?: "none" | "argocd-presync" | "argocd-sync" | "helm";
    /**
     * The Argo CD wave within the phase, or Helm's hook weight; a whole number. With `argocd-sync` the workload gets the
     * wave behind it, unless it has one. Default 1 with `argocd-sync`, else 0.
     */
    wave?: number | null;
    /**
     * With `helm`: the major version, `3` or `4`. Required there: Helm 3 takes hooks out before it calls a
     * post-renderer, so it never sees one that is made here.
     */
    helm?: 3 | 4 | null;
    /**
     * With `none`, and required there: says that it does no harm when the program starts beside the migration, since the
     * program waits for its schema or also works with the old one. Nothing orders the two. Default `false`.
     */
    unordered?: boolean;
    /**
     * The database, when it is in this stream: a workload, or what an operator makes one from. A hook that runs before
     * the stream is applied would wait for it in vain. Default: the Services that the migration's variables name as hosts.
     */
    database?: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Says that the database is not in this stream, whatever the variables name. Default `false`.
     */
    externalDatabase?: boolean;
    /**
     * Retries before the Job counts as failed, from 0 on. Default: the API's, 6.
     */
    backoffLimit?: number | null;
    /**
     * Seconds after which the Job is ended and counts as failed, from 0 on. Default: none.
     */
    activeDeadlineSeconds?: number | null;
    /**
     * With `none`: seconds after which a finished Job is deleted, from 0 on. The next apply then runs it again; not for
     * streams that Argo CD or another controller keeps applying. Default: none.
     */
    ttlSecondsAfterFinished?: number | null;
    /**
     * ServiceAccount of the Job. Default: the workload's.
     */
    serviceAccountName?: string | null;
    /**
     * Further labels of the Job's pods, by which policies, meshes and injectors know them. Default: none.
     */
    podLabels?: {
      /**
       * The value of a label: empty, or at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
       */
      [k: string]: string;
    };
    /**
     * Further annotations of the Job's pods. Default: none.
     */
    podAnnotations?: {
      /**
       * This interface was referenced by `undefined`'s JSON-Schema definition
       * via the `patternProperty` "^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*\/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$".
       */
      [k: string]: string;
    };
  };
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads have a migration; each entry must match something unless `optional: true`. With `containers`: the
   * container to follow. Default: the only workload of the stream, those that run to completion aside.
   */
  targets?: Target[];
  /**
   * Which workloads or containers to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Gives containers the liveness, readiness and startup probes that are named, and guesses none
 */
export interface ProbesEntry {
  kind: "Probes";
  spec?: ProbesSpec | null;
}
/**
 * Gives containers the probes that are named: `liveness`, `readiness`, `startup`; none is guessed. A probe that a
 * container has stays as it is, unless `overwrite`.
 */
export interface ProbesSpec {
  /**
   * What the probes below share: a handler and timings. Makes no probe by itself. Default: none.
   */
  defaults?: {
    /**
     * Succeeds when a GET request is answered with a status from 200 to 399.
     */
    http?: {
      /**
       * Path and query, such as `/healthz?full=1`. Required here or in `defaults`.
       */
      path?: string | null;
      /**
       * Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
       */
      port?: (number | string) | null;
      /**
       * `HTTP`, or `HTTPS` without a look at the certificate. Default: left out, which is `HTTP`.
       */
      scheme?: ("HTTP" | "HTTPS") | null;
      /**
       * Headers of the request, each name once. Replace those of `defaults` as a whole. Default: none.
       */
      headers?:
        | {
            /**
             * Name of the header: letters, digits and `-`.
             */
            name: string;
            /**
             * Its value, on one line.
             */
            value: string;
          }[]
        | null;
    };
    /**
     * Succeeds when the port accepts a connection.
     */
    tcp?: {
      /**
       * Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
       */
      port?: (number | string) | null;
    };
    /**
     * Succeeds when the gRPC health service answers `SERVING`.
     */
    grpc?: {
      /**
       * Number of the port, or the name that it has in the container's `ports`, which becomes the number: the API takes
       * no name here. Required here or in `defaults`.
       */
      port?: (number | string) | null;
      /**
       * The service to ask about. Default: none, which asks about the server as a whole.
       */
      service?: string | null;
    };
    /**
     * Succeeds when a command in the container exits with 0.
     */
    exec?: {
      /**
       * The program and its arguments, one item each; no shell reads them. Not merged with that of `defaults`.
       *
       * @minItems 1
       */
      command: [string, ...string[]];
    };
    /**
     * Seconds from the start of the container to the first probe, from 0 on. Default: none, as 0.
     */
    initialDelaySeconds?: number | null;
    /**
     * Seconds between two probes, from 1 on. Default 10, and 5 for `startup` with `seconds`.
     */
    periodSeconds?: number | null;
    /**
     * Seconds in which an answer must have come, from 1 on. Default 1.
     */
    timeoutSeconds?: number | null;
    /**
     * How many probes in a row must fail for the probe to count as failed, from 1 on. Default 3.
     */
    failureThreshold?: number | null;
    /**
     * `readiness` only: how many in a row must succeed after a failure, from 1 on. Default 1, the only value that the
     * API takes for the others; in `defaults` it is meant for readiness alone.
     */
    successThreshold?: number | null;
    /**
     * `liveness` and `startup` only: seconds that the container has to end when the probe has failed, from 1 on.
     * Default: those of the pod. In `defaults` it is not meant for readiness.
     */
    terminationGracePeriodSeconds?: number | null;
    /**
     * `startup` only, instead of a `failureThreshold`, also that of `defaults`: seconds that the container has to
     * start, from 1 on. Becomes the least `failureThreshold`, and at least 2, for which `periodSeconds` ×
     * `failureThreshold` is no less.
     */
    seconds?: number | null;
  };
  /**
   * The probe on whose failure the kubelet restarts the container; `{}` takes all from `defaults`. Default: none.
   */
  liveness?: {
    /**
     * Succeeds when a GET request is answered with a status from 200 to 399.
     */
    http?: {
      /**
       * Path and query, such as `/healthz?full=1`. Required here or in `defaults`.
       */
      path?: string | null;
      /**
       * Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
       */
      port?: (number | string) | null;
      /**
       * `HTTP`, or `HTTPS` without a look at the certificate. Default: left out, which is `HTTP`.
       */
      scheme?: ("HTTP" | "HTTPS") | null;
      /**
       * Headers of the request, each name once. Replace those of `defaults` as a whole. Default: none.
       */
      headers?:
        | {
            /**
             * Name of the header: letters, digits and `-`.
             */
            name: string;
            /**
             * Its value, on one line.
             */
            value: string;
          }[]
        | null;
    };
    /**
     * Succeeds when the port accepts a connection.
     */
    tcp?: {
      /**
       * Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
       */
      port?: (number | string) | null;
    };
    /**
     * Succeeds when the gRPC health service answers `SERVING`.
     */
    grpc?: {
      /**
       * Number of the port, or the name that it has in the container's `ports`, which becomes the number: the API takes
       * no name here. Required here or in `defaults`.
       */
      port?: (number | string) | null;
      /**
       * The service to ask about. Default: none, which asks about the server as a whole.
       */
      service?: string | null;
    };
    /**
     * Succeeds when a command in the container exits with 0.
     */
    exec?: {
      /**
       * The program and its arguments, one item each; no shell reads them. Not merged with that of `defaults`.
       *
       * @minItems 1
       */
      command: [string, ...string[]];
    };
    /**
     * Seconds from the start of the container to the first probe, from 0 on. Default: none, as 0.
     */
    initialDelaySeconds?: number | null;
    /**
     * Seconds between two probes, from 1 on. Default 10, and 5 for `startup` with `seconds`.
     */
    periodSeconds?: number | null;
    /**
     * Seconds in which an answer must have come, from 1 on. Default 1.
     */
    timeoutSeconds?: number | null;
    /**
     * How many probes in a row must fail for the probe to count as failed, from 1 on. Default 3.
     */
    failureThreshold?: number | null;
    /**
     * `readiness` only: how many in a row must succeed after a failure, from 1 on. Default 1, the only value that the
     * API takes for the others; in `defaults` it is meant for readiness alone.
     */
    successThreshold?: number | null;
    /**
     * `liveness` and `startup` only: seconds that the container has to end when the probe has failed, from 1 on.
     * Default: those of the pod. In `defaults` it is not meant for readiness.
     */
    terminationGracePeriodSeconds?: number | null;
    /**
     * `startup` only, instead of a `failureThreshold`, also that of `defaults`: seconds that the container has to
     * start, from 1 on. Becomes the least `failureThreshold`, and at least 2, for which `periodSeconds` ×
     * `failureThreshold` is no less.
     */
    seconds?: number | null;
  };
  /**
   * The probe on whose failure the pod gets no traffic; `{}` takes all from `defaults`. Default: none.
   */
  readiness?: {
    /**
     * Succeeds when a GET request is answered with a status from 200 to 399.
     */
    http?: {
      /**
       * Path and query, such as `/healthz?full=1`. Required here or in `defaults`.
       */
      path?: string | null;
      /**
       * Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
       */
      port?: (number | string) | null;
      /**
       * `HTTP`, or `HTTPS` without a look at the certificate. Default: left out, which is `HTTP`.
       */
      scheme?: ("HTTP" | "HTTPS") | null;
      /**
       * Headers of the request, each name once. Replace those of `defaults` as a whole. Default: none.
       */
      headers?:
        | {
            /**
             * Name of the header: letters, digits and `-`.
             */
            name: string;
            /**
             * Its value, on one line.
             */
            value: string;
          }[]
        | null;
    };
    /**
     * Succeeds when the port accepts a connection.
     */
    tcp?: {
      /**
       * Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
       */
      port?: (number | string) | null;
    };
    /**
     * Succeeds when the gRPC health service answers `SERVING`.
     */
    grpc?: {
      /**
       * Number of the port, or the name that it has in the container's `ports`, which becomes the number: the API takes
       * no name here. Required here or in `defaults`.
       */
      port?: (number | string) | null;
      /**
       * The service to ask about. Default: none, which asks about the server as a whole.
       */
      service?: string | null;
    };
    /**
     * Succeeds when a command in the container exits with 0.
     */
    exec?: {
      /**
       * The program and its arguments, one item each; no shell reads them. Not merged with that of `defaults`.
       *
       * @minItems 1
       */
      command: [string, ...string[]];
    };
    /**
     * Seconds from the start of the container to the first probe, from 0 on. Default: none, as 0.
     */
    initialDelaySeconds?: number | null;
    /**
     * Seconds between two probes, from 1 on. Default 10, and 5 for `startup` with `seconds`.
     */
    periodSeconds?: number | null;
    /**
     * Seconds in which an answer must have come, from 1 on. Default 1.
     */
    timeoutSeconds?: number | null;
    /**
     * How many probes in a row must fail for the probe to count as failed, from 1 on. Default 3.
     */
    failureThreshold?: number | null;
    /**
     * `readiness` only: how many in a row must succeed after a failure, from 1 on. Default 1, the only value that the
     * API takes for the others; in `defaults` it is meant for readiness alone.
     */
    successThreshold?: number | null;
    /**
     * `liveness` and `startup` only: seconds that the container has to end when the probe has failed, from 1 on.
     * Default: those of the pod. In `defaults` it is not meant for readiness.
     */
    terminationGracePeriodSeconds?: number | null;
    /**
     * `startup` only, instead of a `failureThreshold`, also that of `defaults`: seconds that the container has to
     * start, from 1 on. Becomes the least `failureThreshold`, and at least 2, for which `periodSeconds` ×
     * `failureThreshold` is no less.
     */
    seconds?: number | null;
  };
  /**
   * The probe that must succeed once before the others begin; `{}` takes all from `defaults`. It
   * takes handler fields that are still missing from `liveness`. Default: none.
   */
  startup?: {
    /**
     * Succeeds when a GET request is answered with a status from 200 to 399.
     */
    http?: {
      /**
       * Path and query, such as `/healthz?full=1`. Required here or in `defaults`.
       */
      path?: string | null;
      /**
       * Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
       */
      port?: (number | string) | null;
      /**
       * `HTTP`, or `HTTPS` without a look at the certificate. Default: left out, which is `HTTP`.
       */
      scheme?: ("HTTP" | "HTTPS") | null;
      /**
       * Headers of the request, each name once. Replace those of `defaults` as a whole. Default: none.
       */
      headers?:
        | {
            /**
             * Name of the header: letters, digits and `-`.
             */
            name: string;
            /**
             * Its value, on one line.
             */
            value: string;
          }[]
        | null;
    };
    /**
     * Succeeds when the port accepts a connection.
     */
    tcp?: {
      /**
       * Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
       */
      port?: (number | string) | null;
    };
    /**
     * Succeeds when the gRPC health service answers `SERVING`.
     */
    grpc?: {
      /**
       * Number of the port, or the name that it has in the container's `ports`, which becomes the number: the API takes
       * no name here. Required here or in `defaults`.
       */
      port?: (number | string) | null;
      /**
       * The service to ask about. Default: none, which asks about the server as a whole.
       */
      service?: string | null;
    };
    /**
     * Succeeds when a command in the container exits with 0.
     */
    exec?: {
      /**
       * The program and its arguments, one item each; no shell reads them. Not merged with that of `defaults`.
       *
       * @minItems 1
       */
      command: [string, ...string[]];
    };
    /**
     * Seconds from the start of the container to the first probe, from 0 on. Default: none, as 0.
     */
    initialDelaySeconds?: number | null;
    /**
     * Seconds between two probes, from 1 on. Default 10, and 5 for `startup` with `seconds`.
     */
    periodSeconds?: number | null;
    /**
     * Seconds in which an answer must have come, from 1 on. Default 1.
     */
    timeoutSeconds?: number | null;
    /**
     * How many probes in a row must fail for the probe to count as failed, from 1 on. Default 3.
     */
    failureThreshold?: number | null;
    /**
     * `readiness` only: how many in a row must succeed after a failure, from 1 on. Default 1, the only value that the
     * API takes for the others; in `defaults` it is meant for readiness alone.
     */
    successThreshold?: number | null;
    /**
     * `liveness` and `startup` only: seconds that the container has to end when the probe has failed, from 1 on.
     * Default: those of the pod. In `defaults` it is not meant for readiness.
     */
    terminationGracePeriodSeconds?: number | null;
    /**
     * `startup` only, instead of a `failureThreshold`, also that of `defaults`: seconds that the container has to
     * start, from 1 on. Becomes the least `failureThreshold`, and at least 2, for which `periodSeconds` ×
     * `failureThreshold` is no less.
     */
    seconds?: number | null;
  };
  /**
   * `true`: a probe that a container has gives way, wholly, to the one of the same purpose named here. Default
   * `false`: it stays.
   */
  overwrite?: boolean;
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads get the probes; each entry must match something unless `optional: true`. With `containers`: those
   * containers get them, native sidecars too; without: the sole main container, or the one of several that declares
   * the probes' port. Default: all workloads.
   */
  targets?: Target[];
  /**
   * Which workloads or containers to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Gives containers their requests and limits
 */
export interface ResourcesEntry {
  kind: "Resources";
  spec?: ResourcesSpec | null;
}
/**
 * Gives containers their requests and limits: main ones, native sidecars and init containers.
 *
 * Quantities are those of the Kubernetes API (`250m`, `0.5`, `128Mi`, `1e3`). At least one must be asked for.
 */
export interface ResourcesSpec {
  /**
   * What becomes of values that are there: `fill` (the default) keeps each and adds the absent ones, but no request
   * beside a limit, which counts for it; `set` replaces those that the spec names and that differ. Neither touches resources that the spec does not name.
   */
  mode?: "fill" | "set";
  /**
   * `true`: where a request of the spec is above a limit that stays, the container requests the limit. Default `false`:
   * that is an error which names both; nothing is clamped.
   */
  limitsCap?: boolean;
  /**
   * What the scheduler reserves for each container, by resource: `cpu` in cores (at least `1m`), `memory`,
   * `ephemeral-storage` and `hugepages-<size>` in bytes, devices such as `nvidia.com/gpu` in whole numbers. A null
   * asks for nothing. Default: none.
   */
  requests?: {
    [k: string]: string | number | null;
  };
  /**
   * What each container can have at most, by resource, in the units of `requests`. Without a request, Kubernetes
   * takes the limit for it. Default: none.
   */
  limits?: {
    [k: string]: string | number | null;
  };
  /**
   * Containers that need something else. The first entry whose name matches counts. Default: none.
   *
   * Items: What the containers of a name are asked to have.
   */
  containers?: {
    /**
     * Name of the containers: a regular expression that must match from the first to the last character.
     */
    name: string;
    /**
     * Requests in place of the spec's, resource by resource; a null drops the spec's. Default: the spec's.
     */
    requests?: {
      [k: string]: string | number | null;
    };
    /**
     * Limits in place of the spec's, resource by resource; a null drops the spec's. Default: the spec's.
     */
    limits?: {
      [k: string]: string | number | null;
    };
    /**
     * An entry that matches no container is an error, unless this is true. Default `false`.
     */
    optional?: boolean;
  }[];
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads or containers to work on; each entry must match something unless `optional: true`. Default: all.
   */
  targets?: Target[];
  /**
   * Which workloads or containers to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Hardens pods and containers to a level of the Pod Security Standards
 */
export interface SecurityContextEntry {
  kind: "SecurityContext";
  spec?: SecurityContextSpec | null;
}
/**
 * Hardens pods and containers to a level of the Pod Security Standards.
 *
 * Absent fields are filled where the effective value (container, else pod) is absent; stricter values stay; weaker
 * explicit ones are conflicts.
 */
export interface SecurityContextSpec {
  /**
   * Level of the Pod Security Standards: `restricted` (the default) adds what the standard demands and refuses what
   * it forbids; `baseline` refuses, and adds only the fields named in this spec.
   */
  level?: "baseline" | "restricted";
  /**
   * Version of the standard: `v1.0` to `v1.37`, or `latest`, which is the newest that this release of krmor knows.
   * Default `v1.35`: the oldest Kubernetes release in support, so that its result passes on all newer ones.
   */
  version?: string;
  /**
   * `openshift`: no fixed uid, gid or fsGroup, since its security context constraints assign them from the
   * namespace's range. Existing ones are conflicts; cannot be combined with `runAsUser`, `runAsGroup`, `fsGroup`.
   */
  profile?: "openshift" | null;
  /**
   * Users that images name, which krmor cannot see: each settles whether its containers start under `runAsNonRoot: true`
   * where no `runAsUser` is set. Default: none.
   *
   * Items: What is known of an image.
   */
  images?: {
    /**
     * Name of the image as containers have it, with its registry; a tag and a digest may be left out, and then any fits. The
     * first entry that fits counts.
     */
    name: string;
    /**
     * `USER` of the image: a uid such as 1000, or a name. Root, and a name, which the kubelet cannot prove not to be root's,
     * are conflicts under `runAsNonRoot: true`.
     */
    user: number | string;
  }[];
  /**
   * Uid that containers run as where none is set (`securityContext.runAsUser`): 1 to 2147483647. Default: left to
   * the image. An explicit 0 becomes a conflict at every level.
   */
  runAsUser?: number | null;
  /**
   * Primary gid where none is set (`securityContext.runAsGroup`): 1 to 2147483647. Default: left to the image.
   */
  runAsGroup?: number | null;
  /**
   * Gid that owns the pod's volumes where none is set (the pod's `securityContext.fsGroup`): 1 to 2147483647.
   * Default: none.
   */
  fsGroup?: number | null;
  /**
   * Seccomp profile where none is set (`securityContext.seccompProfile`). Default: `{type: RuntimeDefault}` at
   * `restricted` from v1.19, none at `baseline`.
   */
  seccompProfile?: {
    /**
     * `RuntimeDefault`, the container runtime's own profile, or `Localhost`, a file on the node.
     */
    type: "RuntimeDefault" | "Localhost";
    /**
     * The file, relative to the kubelet's seccomp directory; with `Localhost`, and only then. Must not contain `..`.
     */
    localhostProfile?: string | null;
  } | null;
  /**
   * `true`: containers get `securityContext.readOnlyRootFilesystem: true` where it is absent, and an explicit
   * `false` is a conflict. Default `false`: nothing is asked (no level of the standard does).
   */
  readOnlyRootFilesystem?: boolean;
  /**
   * Directories that stay writable in containers whose root filesystem is read-only: each becomes a size-limited
   * emptyDir. A container that already mounts something there keeps what it has. Default: none.
   *
   * Items: A directory that stays writable under a read-only root filesystem.
   */
  writablePaths?: {
    /**
     * Absolute path in the container, such as `/tmp`.
     */
    path: string;
    /**
     * Most that the emptyDir may hold, as a quantity of bytes such as `64Mi`; the pod is evicted above it.
     */
    sizeLimit: string;
    /**
     * Name of the volume; given, the containers of a pod share one emptyDir. Default: each container has its own,
     * named after the path and the container (`tmp-web`).
     */
    name?: string | null;
    /**
     * `true`: an init container of the same image fills the volume first with what the image has at the path. Only for main
     * containers. Default `false`: the volume is empty, and hides what the image has there.
     */
    seed?: boolean;
    /**
     * Command that fills the volume, which the init container has at `/krmor-seed`; with `seed: true` only. Default: the
     * image's own `cp`, which an image without a shell may not have.
     *
     * @minItems 1
     */
    command?: [string, ...string[]] | null;
  }[];
  /**
   * `false`: pods get `automountServiceAccountToken: false` where it is absent, and an explicit `true` is a
   * conflict; except where the Vault agent injector needs the token. Default, and `true`: nothing is asked.
   */
  automountServiceAccountToken?: boolean | null;
  /**
   * `true`: pods get `hostUsers: false` where it is absent, so that root in a container is nobody on the node, and an explicit
   * `true` is a conflict. For Kubernetes from v1.36 on; refused beside host namespaces and raw block volumes. Under a
   * `version` from v1.35 on, pods with users of their own may run as root inside. Default `false`: nothing is asked.
   */
  userNamespaces?: boolean;
  /**
   * What happens to explicit values weaker than asked: `fail` (the default) reports every one as an error,
   * `override` changes them, `keep` leaves them with a warning.
   */
  conflicts?: "fail" | "override" | "keep";
  /**
   * Weaker values and other findings that are meant, each with its reason. `fields` are then neither refused nor filled
   * there. Fields that could no longer hold follow: an allowed `privileged` or added `CAP_SYS_ADMIN` also allows privilege
   * escalation, an allowed `runAsUser: 0` root. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`conflict/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads or containers to harden; each entry must match something unless `optional: true`. Default: all.
   */
  targets?: Target[];
  /**
   * Which workloads or containers to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Autoscalers, disruption budgets, spread and rollout of workloads
 */
export interface AvailabilityEntry {
  kind: "Availability";
  spec?: AvailabilitySpec | null;
}
/**
 * How many pods a workload has, where they run, and how they are replaced and evicted.
 *
 * Works on every kind that has the scale subresource. Only what the spec names is made; what must hold for the objects
 * that are there is checked in any case.
 */
export interface AvailabilitySpec {
  /**
   * Fewest pods: fills an absent `spec.replicas` of a workload that no autoscaler scales; a higher one stays, a lower
   * one is a conflict. From 1; not with `autoscaling`. Default: nothing is asked.
   */
  replicas?: number | null;
  /**
   * A HorizontalPodAutoscaler (autoscaling/v2), or with `keda` a ScaledObject, for each workload. One that is there is
   * updated in the fields named here; `spec.replicas` of the workload is removed. Default: none.
   */
  autoscaling?: {
    /**
     * Fewest pods, from 1; with `keda` from 0. Default 2; an autoscaler that is there keeps its own.
     */
    minReplicas?: number | null;
    /**
     * Most pods; at least `minReplicas`.
     */
    maxReplicas: number;
    /**
     * Average use of cpu to aim at, in percent of the requests: every container must have one. Default: not looked at.
     */
    cpu?: number | null;
    /**
     * Average use of memory to aim at, in percent of the requests: every container must have one. Default: not looked at.
     */
    memory?: number | null;
    /**
     * Further metrics, each as in `spec.metrics` of the API (`type` and the field of that type). Not with `keda`, which has
     * `triggers`. Default: none.
     *
     * Items: A metric as the API has it in `spec.metrics` of an autoscaler.
     */
    metrics?: {
      [k: string]: unknown;
    }[];
    /**
     * `scaleUp` and `scaleDown` as in `spec.behavior` of the API. Default: the API's.
     */
    behavior?: {
      [k: string]: unknown;
    } | null;
    /**
     * Makes a ScaledObject of KEDA in the place of a HorizontalPodAutoscaler; `{}` has the triggers of `cpu` and `memory`.
     * Default: none.
     */
    keda?: {
      /**
       * What to scale by, beside `cpu` and `memory`, each as in `spec.triggers` of a ScaledObject: `type`, `metadata` with texts,
       * and where they are needed `name`, `authenticationRef`, `metricType`, `useCachedMetrics`. Default: none.
       *
       * Items: A trigger as KEDA has it.
       */
      triggers?: {
        [k: string]: unknown;
      }[];
      /**
       * Seconds between two looks at the triggers, from 1. Default: KEDA's, 30.
       */
      pollingInterval?: number | null;
      /**
       * Seconds that every trigger is idle before KEDA scales to 0 or to `idleReplicas`, from 0. Default: KEDA's, 300.
       */
      cooldownPeriod?: number | null;
      /**
       * Seconds that a new workload runs before KEDA scales it to 0 or to `idleReplicas`, from 0. Default: KEDA's, 0.
       */
      initialCooldownPeriod?: number | null;
      /**
       * Pods while every trigger is idle; below `minReplicas`. Default: `minReplicas`.
       */
      idleReplicas?: number | null;
      /**
       * How many pods there are while a trigger cannot be read: `failureThreshold`, `replicas` and, where it is needed,
       * `behavior`, as in `spec.fallback` of a ScaledObject. Default: as many as there are.
       */
      fallback?: {
        [k: string]: unknown;
      } | null;
    };
  } | null;
  /**
   * A PodDisruptionBudget (policy/v1) for each workload; `{}` takes the defaults. One that already covers the
   * workload's pods is updated in the fields named here. Default: none.
   */
  budget?: {
    /**
     * Most pods that may be down at once: a number, or a share of all such as `25%` (rounded up). Default 1, unless
     * `minAvailable` is given.
     */
    maxUnavailable?: (number | string) | null;
    /**
     * Fewest pods that must stay: a number, or a share of all such as `50%` (rounded up). Not with `maxUnavailable`.
     * Default: none.
     */
    minAvailable?: (number | string) | null;
    /**
     * Whether pods that are not ready may be evicted while the budget is used up: `AlwaysAllow` or `IfHealthyBudget`.
     * Default `AlwaysAllow`: else a crashing pod blocks the drain of its node.
     */
    unhealthyPodEvictionPolicy?: ("AlwaysAllow" | "IfHealthyBudget") | null;
  } | null;
  /**
   * Topology spread constraints of the pods, one for each `topologyKey`; a constraint with the same key stays as it
   * is. Default: none.
   *
   * Items: One topology spread constraint.
   */
  spread?: {
    /**
     * Label of the nodes between whose values pods are spread, such as `topology.kubernetes.io/zone` or
     * `kubernetes.io/hostname`.
     */
    topologyKey: string;
    /**
     * By how many pods two such groups of nodes may differ, from 1. Default 1.
     */
    maxSkew?: number | null;
    /**
     * `ScheduleAnyway` prefers an even spread, `DoNotSchedule` demands it. Default `ScheduleAnyway`.
     */
    whenUnsatisfiable?: "ScheduleAnyway" | "DoNotSchedule";
    /**
     * How many such groups of nodes there must be, from 1; with fewer of them, groups without a pod count as one more. With
     * `DoNotSchedule` only. Default: the API's, 1.
     */
    minDomains?: number | null;
    /**
     * Whether only nodes count that the pod's node selector and affinity allow: `Honor` or `Ignore`. Default: the API's,
     * `Honor`.
     */
    nodeAffinityPolicy?: ("Honor" | "Ignore") | null;
    /**
     * Whether nodes count whose taints the pod does not tolerate: `Ignore`, or not: `Honor`. Default: the API's, `Ignore`.
     */
    nodeTaintsPolicy?: ("Honor" | "Ignore") | null;
    /**
     * Labels of pods whose values pods must share to be counted together; none that the workload's selector has. Default:
     * what tells the pods of an update from the old ones, where the kind gives its pods such a label; `[]` for none.
     */
    matchLabelKeys?: string[] | null;
  }[];
  /**
   * Anti-affinity of a workload's pods among themselves; `{}` takes the defaults. Pods that have a `podAntiAffinity`
   * keep it. Default: none.
   */
  antiAffinity?: {
    /**
     * Label of the nodes; pods avoid nodes that share its value. Default `kubernetes.io/hostname`.
     */
    topologyKey?: string;
    /**
     * `true`: a pod that would share such a place stays pending. Default `false`: it is preferred not to.
     */
    required?: boolean;
  } | null;
  /**
   * `spec.strategy` of the kinds that have `RollingUpdate` and `Recreate` there (Deployments). Absent fields are
   * filled; other explicit values are conflicts. Default: `Recreate` where a rolling update would wait for ever for a
   * volume, else nothing.
   */
  strategy?: {
    /**
     * `RollingUpdate` replaces pods step by step, `Recreate` stops all before it starts new ones.
     */
    type: "RollingUpdate" | "Recreate";
    /**
     * Most pods above the wanted number during an update: a number, or a share such as `25%`. With `RollingUpdate`
     * only. Default: the API's, `25%`.
     */
    maxSurge?: (number | string) | null;
    /**
     * Most pods below the wanted number during an update: a number, or a share such as `25%`. With `RollingUpdate`
     * only. Default: the API's, `25%`.
     */
    maxUnavailable?: (number | string) | null;
  } | null;
  /**
   * `true`: there must never be two pods. `spec.replicas: 1` and, for Deployments, `Recreate` are filled; more
   * replicas or an autoscaler are refused. Not with `autoscaling`, nor with `replicas` above 1. Default `false`.
   */
  singleton?: boolean;
  /**
   * What claims that are not in the stream can do. Without an entry such a claim counts as one that a single pod
   * may use. Default: none.
   *
   * Items: What a claim that is not in the stream can do.
   */
  claims?: {
    /**
     * Name of the claim as pods write it: a regular expression that must match from the first to the last character.
     */
    name: string;
    /**
     * The claim's access mode: `ReadWriteOnce`, `ReadWriteOncePod`, `ReadOnlyMany` or `ReadWriteMany`.
     */
    accessMode: "ReadWriteOnce" | "ReadWriteOncePod" | "ReadOnlyMany" | "ReadWriteMany";
  }[];
  /**
   * What happens to explicit values of a workload that oppose the spec (fewer `replicas`, `replicas: 0` under an
   * autoscaler, another `strategy`): `fail` (the default) reports every one as an error, `override` changes them,
   * `keep` leaves them with a warning.
   */
  conflicts?: "fail" | "override" | "keep";
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads to work on; each entry must match a workload that can be scaled unless `optional: true`.
   * Default: all that can be scaled.
   */
  targets?: Target[];
  /**
   * Which workloads to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Makes programs reachable from outside: Gateway API, Ingress, OpenShift Routes
 */
export interface ExposureEntry {
  kind: "Exposure";
  spec: ExposureSpec;
}
/**
 * Makes programs reachable from outside: one config for the Gateway API, Ingresses and OpenShift Routes.
 *
 * Another `provider` needs no other edit: fields that only one provider reads may stay.
 */
export interface ExposureSpec {
  /**
   * What is made: `httpRoute` (a Gateway API HTTPRoute), `ingress` (an Ingress) or `route` (OpenShift Routes).
   */
  provider: "httpRoute" | "ingress" | "route";
  /**
   * Name of what is made. With it, only objects of that name count as already there, so that pods can be exposed
   * twice. Default: the name of the workload behind the first path.
   */
  name?: string | null;
  /**
   * Host that clients ask for, such as `app.example.com`; `*.example.com` for all below it, not for Routes. Default:
   * none; a Route then gets one from its router, an Ingress without TLS and an HTTPRoute take requests for any host.
   */
  host?: string | null;
  /**
   * Several hosts, all for the same paths, in place of `host`. Default: none.
   *
   * Items: A host name in lower case, perhaps with `*` for its first label: at most 253 characters, 63 between dots.
   */
  hosts?: string[];
  /**
   * Service behind the paths that name none, as its manifest names it: prefixes and suffixes of kustomize may be
   * left out. Default: the only Service of the targeted workloads.
   */
  service?: string | null;
  /**
   * Port for the paths that name none: a name or a number of the Service's `ports`. Default: the Service's only TCP
   * port, or of several the one called `http` (`https` when the connection to the pods is encrypted).
   */
  port?: (number | string) | null;
  /**
   * Which requests go where; the order does not matter, the longest path that fits wins. Default: all to `service`, or
   * the paths that an existing object has.
   *
   * Items: Where requests for a path go.
   */
  paths?: {
    /**
     * Path that requests start with, or that they are for: `/api`. A trailing slash means nothing in a `Prefix`.
     * Default `/`.
     */
    path?: string;
    /**
     * `Prefix` (the default) compares whole segments: `/api` fits `/api/v1` and not `/apis`. `Exact`: that path only,
     * not for Routes. `RegularExpression`: as the Gateway or ingress-nginx reads it, written out as it stands here.
     * `ImplementationSpecific`: as the controller of an Ingress reads it.
     */
    pathType?: "Exact" | "Prefix" | "RegularExpression" | "ImplementationSpecific";
    /**
     * Service for these requests. Default: the spec's `service`.
     */
    service?: string | null;
    /**
     * Port of that Service. Default: the spec's `port`.
     */
    port?: (number | string) | null;
  }[];
  /**
   * Encryption between clients and the pods. Default: none, with a warning; `{termination: none}` says it is meant.
   */
  tls?: {
    /**
     * Where it ends: `edge` (the default) at the router, `reencrypt` there, with another connection that is encrypted
     * to the pods, `passthrough` in the pods, `none` for plain HTTP.
     */
    termination?: "none" | "edge" | "passthrough" | "reencrypt";
    /**
     * `true` (the default): plain HTTP is redirected to HTTPS. `false`: nothing is asked of plain HTTP.
     */
    redirect?: boolean | null;
    /**
     * Secret with the certificate of an Ingress or of a ListenerSet. Default: the name of what is made and `-tls`.
     * Routes have their router's certificate, HTTPRoutes their Gateway's.
     */
    secretName?: string | null;
    /**
     * The issuer from which cert-manager gets the certificate of an Ingress or of a ListenerSet. Default: none, the
     * Secret is made elsewhere.
     */
    issuer?: {
      /**
       * Name of the issuer, such as `letsencrypt-prod`.
       */
      name: string;
      /**
       * `ClusterIssuer`, or `Issuer` (the default, as in cert-manager) for one of the same namespace.
       */
      kind?: "ClusterIssuer" | "Issuer";
    } | null;
    /**
     * How the pods prove who they are, with `reencrypt`. `provider: httpRoute` needs it then, for a BackendTLSPolicy.
     */
    backend?: {
      /**
       * Host that the certificate of the pods is for, such as `web.shop.svc`: the Gateway asks for it, and compares it.
       */
      hostname: string;
      /**
       * ConfigMap with the authorities that sign it, in PEM, under the key `ca.crt`. Default: the authorities that the
       * Gateway's system knows.
       */
      caConfigMap?: string | null;
    } | null;
    /**
     * Certificates, in PEM, that a Route's router trusts when it encrypts to the pods; with `reencrypt` only. Default:
     * OpenShift's own authority for Services.
     */
    destinationCACertificate?: string | null;
  } | null;
  /**
   * Class of the Ingress (`spec.ingressClassName`). Default: the cluster's default class. `provider: ingress` reads it.
   */
  ingressClassName?: string | null;
  /**
   * The program behind the class, which decides by which annotations TLS is asked for. Default: the one that an
   * IngressClass of the stream names. A class that is called `nginx` says nothing: two programs call theirs so.
   * `provider: ingress` reads it.
   */
  ingressController?: ("nginx" | "traefik" | "other") | null;
  /**
   * The Gateway that routes attach to. `provider: httpRoute` needs it, the others do not read it.
   */
  gateway?: {
    /**
     * `Gateway` (the default), or `ListenerSet` for one that is there and that routes attach to.
     */
    kind?: "Gateway" | "ListenerSet";
    /**
     * Name of the Gateway or ListenerSet.
     */
    name: string;
    /**
     * Its namespace. Default: that of the route.
     */
    namespace?: string | null;
    /**
     * The listener to attach to, by its name: the one for HTTPS when there is TLS. Default: all listeners.
     */
    sectionName?: string | null;
    /**
     * The listener for plain HTTP, by its name: what it gets is redirected. Needed for a redirect.
     */
    httpSectionName?: string | null;
    /**
     * Makes listeners for the hosts, in a ListenerSet beside the route: `{}` for the usual ports. The Gateway must allow it
     * by `allowedListeners`. Default: the Gateway has the listeners.
     */
    listenerSet?: {
      /**
       * Port for TLS. Default: 443.
       */
      port?: number | null;
      /**
       * Port for plain HTTP. Default: 80.
       */
      httpPort?: number | null;
    } | null;
  } | null;
  /**
   * Annotations of what is made. Default: those by which the provider is told about TLS.
   */
  annotations?: {
    [k: string]: string;
  };
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Whose Services are exposed; each entry must match something unless `optional: true`. Default: all workloads.
   */
  targets?: Target[];
  /**
   * Workloads that are not exposed. Default: none.
   */
  exclude?: Target[];
}
/**
 * Lets the Prometheus operator scrape workloads, by a ServiceMonitor or PodMonitor each
 */
export interface MonitoringEntry {
  kind: "Monitoring";
  spec: MonitoringSpec;
}
/**
 * Lets the Prometheus operator scrape workloads: a ServiceMonitor or PodMonitor for each.
 *
 * A monitor that is already in the stream for the same Service or pods is updated in the fields below; nothing is
 * emitted twice.
 */
export interface MonitoringSpec {
  /**
   * `service` (the default): a ServiceMonitor that selects the workload's Service. `pod`: a PodMonitor that selects
   * its pods, for workloads without a Service.
   */
  monitor?: "service" | "pod";
  /**
   * Name of the port with the metrics: of the Service (`service`) or of a container (`pod`).
   */
  port: string;
  /**
   * Name of the Service, now or before an earlier kustomization changed it, where several send to the workload.
   * Default: the one that has the port.
   */
  service?: string | null;
  /**
   * Adds the port where it is missing: to the container that `targets` names or to the only one, and, with
   * `service`, to the Service. A number from 1 to 65535. Default: a missing port is an error.
   */
  addPort?: number | null;
  /**
   * HTTP path of the metrics. Default: the operator's, `/metrics`.
   */
  path?: string | null;
  /**
   * Time between scrapes, as Prometheus writes durations: `30s`, `1m30s`. Default: the one of the Prometheus.
   */
  interval?: string | null;
  /**
   * When a scrape is given up; not longer than `interval`. Default: the one of the Prometheus.
   */
  scrapeTimeout?: string | null;
  /**
   * `http` or `https`. Default: the operator's, `http`.
   */
  scheme?: ("http" | "https") | null;
  /**
   * The endpoint's `tlsConfig`, as the operator has it, for `scheme: https`. Default: none.
   */
  tlsConfig?: {
    [k: string]: unknown;
  } | null;
  /**
   * Logs in by a user and a password of Secrets. Default: none.
   */
  basicAuth?: {
    /**
     * Where the user's name is.
     */
    username: {
      /**
       * Name of the Secret or ConfigMap.
       */
      name: string;
      /**
       * Key of the value in it.
       */
      key: string;
    };
    /**
     * Where the password is.
     */
    password: {
      /**
       * Name of the Secret or ConfigMap.
       */
      name: string;
      /**
       * Key of the value in it.
       */
      key: string;
    };
  } | null;
  /**
   * Logs in by the `Authorization` header, with a token of a Secret. Default: none.
   */
  authorization?: {
    /**
     * What stands before the credentials. Default: the operator's, `Bearer`.
     */
    type?: string | null;
    /**
     * Where the credentials are.
     */
    credentials: {
      /**
       * Name of the Secret or ConfigMap.
       */
      name: string;
      /**
       * Key of the value in it.
       */
      key: string;
    };
  } | null;
  /**
   * As `authorization` does; the operator has deprecated it. Default: none.
   */
  bearerTokenSecret?: {
    /**
     * Name of the Secret or ConfigMap.
     */
    name: string;
    /**
     * Key of the value in it.
     */
    key: string;
  } | null;
  /**
   * Logs in by a token that an OAuth 2.0 server gives. Default: none.
   */
  oauth2?: {
    /**
     * Where the client's id is.
     */
    clientId:
      | {
          /**
           * One key of a Secret or ConfigMap in the namespace of the monitor.
           */
          secret: {
            /**
             * Name of the Secret or ConfigMap.
             */
            name: string;
            /**
             * Key of the value in it.
             */
            key: string;
          };
        }
      | {
          /**
           * One key of a Secret or ConfigMap in the namespace of the monitor.
           */
          configMap: {
            /**
             * Name of the Secret or ConfigMap.
             */
            name: string;
            /**
             * Key of the value in it.
             */
            key: string;
          };
        };
    /**
     * Where the client's secret is.
     */
    clientSecret: {
      /**
       * Name of the Secret or ConfigMap.
       */
      name: string;
      /**
       * Key of the value in it.
       */
      key: string;
    };
    /**
     * URL of the server's tokens.
     */
    tokenUrl: string;
    /**
     * What is asked for. Default: nothing.
     */
    scopes?: string[];
    /**
     * Further parameters of the request. Default: none.
     */
    endpointParams?: {
      [k: string]: string;
    };
  } | null;
  /**
   * What is done to the labels of what is scraped, step by step, before; behind the steps that are there. Default:
   * nothing.
   *
   * Items: A step that changes labels, or drops what has them, as Prometheus has it.
   */
  relabelings?: {
    /**
     * Labels whose values are joined and compared. Default: none.
     */
    sourceLabels?: string[];
    /**
     * What stands between them. Default: `;`.
     */
    separator?: string | null;
    /**
     * The label that is set. Default: none.
     */
    targetLabel?: string | null;
    /**
     * Regular expression that the value is compared with. Default: one that fits all.
     */
    regex?: string | null;
    /**
     * What a hash is divided by, for `hashmod`. Default: none.
     */
    modulus?: number | null;
    /**
     * What the label is set to; `$1` is the first group of the expression. Default: `$1`.
     */
    replacement?: string | null;
    /**
     * What is done. Default: `replace`.
     */
    action?:
      | "replace"
      | "keep"
      | "drop"
      | "hashmod"
      | "labelmap"
      | "labeldrop"
      | "labelkeep"
      | "lowercase"
      | "uppercase"
      | "keepequal"
      | "dropequal"
      | null;
  }[];
  /**
   * What is done to the labels of the metrics, step by step, afterwards; behind the steps that are there. Default:
   * nothing.
   *
   * Items: A step that changes labels, or drops what has them, as Prometheus has it.
   */
  metricRelabelings?: {
    /**
     * Labels whose values are joined and compared. Default: none.
     */
    sourceLabels?: string[];
    /**
     * What stands between them. Default: `;`.
     */
    separator?: string | null;
    /**
     * The label that is set. Default: none.
     */
    targetLabel?: string | null;
    /**
     * Regular expression that the value is compared with. Default: one that fits all.
     */
    regex?: string | null;
    /**
     * What a hash is divided by, for `hashmod`. Default: none.
     */
    modulus?: number | null;
    /**
     * What the label is set to; `$1` is the first group of the expression. Default: `$1`.
     */
    replacement?: string | null;
    /**
     * What is done. Default: `replace`.
     */
    action?:
      | "replace"
      | "keep"
      | "drop"
      | "hashmod"
      | "labelmap"
      | "labeldrop"
      | "labelkeep"
      | "lowercase"
      | "uppercase"
      | "keepequal"
      | "dropequal"
      | null;
  }[];
  /**
   * Keep the labels that the metrics themselves carry where they clash. Default: the operator's, `false`.
   */
  honorLabels?: boolean | null;
  /**
   * Labels of the monitor, on top of the workload's: Prometheus selects monitors by them, such as `release: prometheus`.
   * Default: none.
   */
  labels?: {
    /**
     * The value of a label: empty, or at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
     */
    [k: string]: string;
  };
  /**
   * Name of the Prometheus that reads the monitors, where there are several: only monitors with all of `labels` are its
   * own, those of others may scrape the same, and what is made has this name behind the workload's. Default: there is
   * one.
   */
  instance?: string | null;
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads to monitor; each entry must match something unless `optional: true`. Default: all, but those
   * that run to completion.
   */
  targets?: Target[];
  /**
   * Which workloads to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Gives namespaces a Pod Security level, a quota and a LimitRange, and proves that the workloads fit
 */
export interface NamespaceGuardrailsEntry {
  kind: "NamespaceGuardrails";
  spec?: NamespaceGuardrailsSpec | null;
}
/**
 * Gives the namespaces of workloads a Pod Security level, a ResourceQuota and a LimitRange, and proves that the workloads fit.
 */
export interface NamespaceGuardrailsSpec {
  /**
   * What Pod Security admission enforces in the namespaces. Default: their Namespaces are left alone.
   */
  podSecurity?: {
    /**
     * The level that is enforced, and of which `warn` and `audit` tell.
     */
    level: "privileged" | "baseline" | "restricted";
    /**
     * The version of the standard that is enforced: `latest`, or one such as `v1.35`. Default: the one that a
     * Namespace has, else `latest`.
     */
    version?: string | null;
  } | null;
  /**
   * What the namespaces may have together, by the names of a ResourceQuota's `hard`: `requests.cpu: "8"`. Default: no
   * ResourceQuota is written.
   */
  quota?: {
    [k: string]: string | number;
  };
  /**
   * What containers may have, and get where they ask for nothing. Default: no LimitRange is written.
   */
  limitRange?: {
    /**
     * Limits of containers that have none. The API takes `max` where this is not given.
     */
    default?: {
      [k: string]: string | number;
    };
    /**
     * Requests of containers that have neither request nor limit. The API takes `default`, then `min`.
     */
    defaultRequest?: {
      [k: string]: string | number;
    };
    /**
     * The least that a container may request.
     */
    min?: {
      [k: string]: string | number;
    };
    /**
     * The highest limit that a container may have; it must have one.
     */
    max?: {
      [k: string]: string | number;
    };
  };
  /**
   * On how many nodes the pods run at most of which each node gets one. Needed where a quota counts such pods.
   */
  nodes?: number | null;
  /**
   * The name of the ResourceQuota and of the LimitRange. Default: `guardrails`.
   */
  name?: string | null;
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * The workloads whose namespaces are meant; each entry must match something unless `optional: true`. Default: all.
   */
  targets?: Target[];
  /**
   * Workloads whose namespaces are not meant, unless others are in them. Quotas count them all the same. Default: none.
   */
  exclude?: Target[];
}
/**
 * Lets workloads connect as declared, and not otherwise, by a NetworkPolicy each
 */
export interface NetworkPoliciesEntry {
  kind: "NetworkPolicies";
  spec?: NetworkPoliciesSpec | null;
}
/**
 * Lets workloads connect as declared, and not otherwise: a NetworkPolicy for each, and one that denies the rest.
 */
export interface NetworkPoliciesSpec {
  /**
   * Who may connect to whom. Both ends get their part of each. Default: none but those that other objects imply.
   *
   * Items: Connections that are allowed: from each of the first to each of the second.
   */
  edges?: {
    /**
     * Who connects: names of workloads, now or before kustomize changed them, or of peers. Where several workloads have the
     * name, those of one namespace belong together; else write `Kind/name`, `namespace/name` or `namespace/Kind/name`.
     *
     * @minItems 1
     *
     * Items: An end of an edge: the name of a peer or of a workload. Where several workloads have the name: `Kind/name`,
     * `namespace/name` or `namespace/Kind/name`.
     */
    from: [string, ...string[]];
    /**
     * To whom: names of workloads or of peers.
     *
     * @minItems 1
     *
     * Items: An end of an edge: the name of a peer or of a workload. Where several workloads have the name: `Kind/name`,
     * `namespace/name` or `namespace/Kind/name`.
     */
    to: [string, ...string[]];
    /**
     * Ports of the pods: numbers, ranges, names of the containers' or a Service's ports, or `any`. Default: all ports that
     * the containers declare; for a peer, its own `ports`.
     *
     * Items: A port of an edge: `5432`, `8000-8010`, `53/UDP`, the name of a port, or `any`.
     */
    ports?: (number | string)[];
  }[];
  /**
   * Who else there is, by a name for `edges`: pods outside of the stream, and ranges of addresses. Default: none.
   */
  peers?: {
    /**
     * Somebody outside of the stream: pods (by `namespace` or `namespaceSelector`, and `podSelector`), addresses (`ipBlocks`), or
     * the pods of a well-known `controller`.
     */
    [k: string]: {
      /**
       * The namespace of the pods, by its name.
       */
      namespace?: string | null;
      /**
       * The namespaces of the pods, by their labels.
       */
      namespaceSelector?: {
        /**
         * Labels that must be there, with these values.
         */
        matchLabels?: {
          /**
           * The value of a label: empty, or at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
           */
          [k: string]: string;
        };
        /**
         * Other demands.
         *
         * Items: A demand on a label.
         */
        matchExpressions?: {
          /**
           * The label.
           */
          key: string;
          /**
           * How it is compared.
           */
          operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
          /**
           * With what: `In` and `NotIn` need values, the others take none.
           *
           * Items: The value of a label: empty, or at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
           */
          values?: string[];
        }[];
      } | null;
      /**
       * The pods, by their labels. Default, with a namespace: all there. Without a namespace: the workload's own.
       */
      podSelector?: {
        /**
         * Labels that must be there, with these values.
         */
        matchLabels?: {
          /**
           * The value of a label: empty, or at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
           */
          [k: string]: string;
        };
        /**
         * Other demands.
         *
         * Items: A demand on a label.
         */
        matchExpressions?: {
          /**
           * The label.
           */
          key: string;
          /**
           * How it is compared.
           */
          operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
          /**
           * With what: `In` and `NotIn` need values, the others take none.
           *
           * Items: The value of a label: empty, or at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
           */
          values?: string[];
        }[];
      } | null;
      /**
       * Ranges of addresses outside of the cluster.
       *
       * Items: A range of addresses.
       */
      ipBlocks?: {
        /**
         * The range: `10.0.0.0/8`.
         */
        cidr: string;
        /**
         * Ranges inside it that are left out. Default: none.
         *
         * Items: A range of addresses: `10.0.0.0/8`, `2001:db8::/32`.
         */
        except?: string[];
      }[];
      /**
       * The pods of an ingress controller, in the namespace where its project installs it unless `namespace` says another.
       */
      controller?: ("ingress-nginx" | "traefik" | "openshift-router" | "contour" | "envoy-gateway" | "istio") | null;
      /**
       * Ports of edges to the peer that name none.
       *
       * Items: A port of an edge: `5432`, `8000-8010`, `53/UDP`, the name of a port, or `any`.
       */
      ports?: (number | string)[];
      /**
       * Not to be had: a NetworkPolicy knows addresses, and a name of DNS may get another one at any time.
       */
      hosts?: string[];
    };
  };
  /**
   * Which DNS servers every workload may ask. Default: `[kubernetes]`.
   *
   * Items: Servers for DNS, as clusters have them.
   */
  dns?: ("kubernetes" | "nodeLocal" | "openshift")[];
  /**
   * From whom and to whom the edges lead that other objects imply.
   */
  implied?: {
    /**
     * Who brings the requests of Ingresses, routes and the like, of whatever controller. Default: `[ingress]`.
     */
    routes?: string[] | null;
    /**
     * Who scrapes what ServiceMonitors and PodMonitors select. Default: `[prometheus]`.
     */
    monitors?: string[] | null;
    /**
     * Who answers the Vault agent of pods. Default: `[vault]`.
     */
    vault?: string[] | null;
    /**
     * Who calls webhooks of admission. Default: `[api-server]`.
     */
    webhooks?: string[] | null;
    /**
     * Who connects to Services of the types LoadBalancer and NodePort, to external addresses and to ports of nodes.
     * Default: `[clients]` where that peer is declared, else nobody, which is said.
     */
    clients?: string[] | null;
  };
  /**
   * Adds a NetworkPolicy to each namespace that allows nothing to pods without one of their own. Default: `true`.
   */
  defaultDeny?: boolean;
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
   * severities of the rules.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Which workloads get a NetworkPolicy; each entry must match something unless `optional: true`. Default: all.
   */
  targets?: Target[];
  /**
   * Which workloads get none; edges may name them all the same. Default: none.
   */
  exclude?: Target[];
}
/**
 * Finds refused pods, secrets in plain text, dangling references and pools that are too large
 */
export interface ChecksEntry {
  kind: "Checks";
  spec?: ChecksSpec | null;
}
/**
 * Looks at the final stream, after all other functions, and reports what is wrong with it. It changes nothing.
 */
export interface ChecksSpec {
  /**
   * The Pod Security level that every pod must pass. Default: `restricted`, version `v1.35`.
   */
  podSecurity?: {
    /**
     * Level of the Pod Security Standards: `restricted` (the default), `baseline`, or `privileged`, which allows
     * everything.
     */
    level?: "privileged" | "baseline" | "restricted";
    /**
     * Version of the standard: `v1.0` to `v1.37`, or `latest`. Default `v1.35`, as for `SecurityContext`.
     */
    version?: string;
  };
  /**
   * What counts as a secret in plain text, beside what krmor knows. Default: nothing more, nothing less.
   */
  secrets?: {
    /**
     * More names that hold secrets, as regular expressions that must match the whole name of an environment variable,
     * flag or key. Default: none.
     *
     * Items: A regular expression that must match from the first to the last character.
     */
    names?: string[];
    /**
     * Names that hold none although they sound so, as regular expressions for the whole name. Default: none.
     *
     * Items: A regular expression that must match from the first to the last character.
     */
    allowNames?: string[];
    /**
     * Values that are none, such as what your tool puts in later, as regular expressions for the whole value. Default:
     * none; placeholders such as `<…>`, `${…}` and `{{…}}` are known.
     *
     * Items: A regular expression that must match from the first to the last character.
     */
    allowValues?: string[];
  };
  /**
   * What references may lead to that is not in the stream. Default: what every cluster has.
   */
  references?: {
    /**
     * Objects that others bring: an operator, another repository, a person. Default: none.
     *
     * Items: Objects that are not in the stream and still there.
     */
    external?: {
      /**
       * Their kind, such as `Secret`.
       */
      kind: string;
      /**
       * Their name, as a regular expression for the whole name. Default: any.
       */
      name?: string | null;
      /**
       * Their namespace, as a regular expression for the whole of it. Default: any.
       */
      namespace?: string | null;
    }[];
  };
  /**
   * Databases, by a name of your choice so that an overlay can patch one, and who opens connections to each.
   * Default: none.
   */
  pools?: {
    /**
     * One database and the connections that pods may open to it.
     */
    [k: string]: {
      /**
       * The most connections that the database takes, as a whole number. Exactly one of this and `server` is given.
       */
      maxConnections?: number | null;
      /**
       * The database's own workload in the stream, whose settings say how many connections it takes.
       */
      server?: {
        /**
         * Its workload; must match exactly one.
         */
        target: {
          /**
           * API group, such as `apps`; empty for the core group.
           */
          group?: string | null;
          /**
           * API version without its group, such as `v1`.
           */
          version?: string | null;
          /**
           * Kind. In a target also the one before an earlier kustomization changed it.
           */
          kind?: string | null;
          /**
           * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
           */
          name?: string | null;
          /**
           * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
           */
          namespace?: string | null;
          /**
           * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
           */
          labelSelector?: string | null;
          /**
           * Annotations of the object, in the grammar of `labelSelector`.
           */
          annotationSelector?: string | null;
          /**
           * Names of containers. In a target: only fields of these containers are written, none of their pod.
           * In an exclude: these containers are left alone, and not the others.
           */
          containers?: string[];
          /**
           * A target that matches nothing is an error, unless this is true.
           */
          optional?: boolean;
          /**
           * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
           * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
           */
          previous?: boolean;
        };
        /**
         * Name of the environment variable that holds the number of connections. Default: the setting `max_connections` of
         * its command line (`-c max_connections=200`, `--max-connections=200`).
         */
        env?: string | null;
      } | null;
      /**
       * Connections kept for others: administrators, backups, migrations. Default 0.
       */
      reserve?: number;
      /**
       * Who opens connections, by a name of your choice.
       */
      clients: {
        /**
         * Workloads that open connections to a database, each pod as many.
         */
        [k: string]: {
          /**
           * The workloads; must match at least one.
           */
          target: {
            /**
             * API group, such as `apps`; empty for the core group.
             */
            group?: string | null;
            /**
             * API version without its group, such as `v1`.
             */
            version?: string | null;
            /**
             * Kind. In a target also the one before an earlier kustomization changed it.
             */
            kind?: string | null;
            /**
             * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
             */
            name?: string | null;
            /**
             * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
             */
            namespace?: string | null;
            /**
             * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
             */
            labelSelector?: string | null;
            /**
             * Annotations of the object, in the grammar of `labelSelector`.
             */
            annotationSelector?: string | null;
            /**
             * Names of containers. In a target: only fields of these containers are written, none of their pod.
             * In an exclude: these containers are left alone, and not the others.
             */
            containers?: string[];
            /**
             * A target that matches nothing is an error, unless this is true.
             */
            optional?: boolean;
            /**
             * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
             * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
             */
            previous?: boolean;
          };
          /**
           * Connections that a process keeps open: a whole number, or `{env: KEY}` to read it from the workload.
           */
          poolSize:
            | number
            | {
                /**
                 * Name of the environment variable: its value in the manifest, or that of the ConfigMap's key in the stream.
                 */
                env: string;
                /**
                 * What the program takes where the variable is not set, as a whole number. Default: unset is an error.
                 */
                default?: number | null;
              };
          /**
           * Connections that a process opens beyond its pool under load: a whole number, or `{env: KEY}`. Default 0.
           */
          overflow?:
            | number
            | {
                /**
                 * Name of the environment variable: its value in the manifest, or that of the ConfigMap's key in the stream.
                 */
                env: string;
                /**
                 * What the program takes where the variable is not set, as a whole number. Default: unset is an error.
                 */
                default?: number | null;
              };
          /**
           * Processes of a pod that have a pool each (workers): a whole number, or `{env: KEY}`. Default 1.
           */
          processes?:
            | number
            | {
                /**
                 * Name of the environment variable: its value in the manifest, or that of the ConfigMap's key in the stream.
                 */
                env: string;
                /**
                 * What the program takes where the variable is not set, as a whole number. Default: unset is an error.
                 */
                default?: number | null;
              };
          /**
           * The most pods there will be, as a whole number. Default: what its autoscaler says, else `spec.replicas`, else 1.
           */
          maxReplicas?: number | null;
        };
      };
    };
  };
  /**
   * Severity of single rules (`references/secret: error`) or of families (`secrets/*: warning`), or `off`; a single
   * rule overrides its family. Default: the severities of the README.
   */
  severities?: {
    /**
     * What becomes of a rule's findings.
     */
    [k: string]: "error" | "warning" | "info" | "off";
  };
  /**
   * Findings that are meant, each with its reason. Default: none.
   *
   * Items: Findings that are meant.
   */
  exceptions?: {
    /**
     * Where; with `containers`, only what is about those containers.
     */
    target: {
      /**
       * API group, such as `apps`; empty for the core group.
       */
      group?: string | null;
      /**
       * API version without its group, such as `v1`.
       */
      version?: string | null;
      /**
       * Kind. In a target also the one before an earlier kustomization changed it.
       */
      kind?: string | null;
      /**
       * Name. In a target also the one before an earlier kustomization added a prefix or suffix.
       */
      name?: string | null;
      /**
       * Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
       */
      namespace?: string | null;
      /**
       * Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
       */
      labelSelector?: string | null;
      /**
       * Annotations of the object, in the grammar of `labelSelector`.
       */
      annotationSelector?: string | null;
      /**
       * Names of containers. In a target: only fields of these containers are written, none of their pod.
       * In an exclude: these containers are left alone, and not the others.
       */
      containers?: string[];
      /**
       * A target that matches nothing is an error, unless this is true.
       */
      optional?: boolean;
      /**
       * In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
       * kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
       */
      previous?: boolean;
    };
    /**
     * Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
     */
    rules?: string[];
    /**
     * What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
     * port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
     *
     * Items: A regular expression for the whole name of what a finding is about.
     */
    fields?: string[];
    /**
     * Why; stands in the report.
     */
    reason: string;
  }[];
  /**
   * Objects or containers to look at; each entry must match something unless `optional: true`. Default: all. What
   * they refer to is looked for in the whole stream.
   */
  targets?: Target[];
  /**
   * Objects or containers to leave alone. Default: none.
   */
  exclude?: Target[];
}
/**
 * Gives containers their variables, and proves that those they need are there
 */
export interface Environment {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Environment";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec?: EnvironmentSpec | null;
}
/**
 * Gives workloads their secrets from Vault by reference, and turns values in manifests into references
 */
export interface VaultSecrets {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "VaultSecrets";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec: VaultSecretsSpec;
}
/**
 * Lets a program's migration run before it, as an init container or a Job, with its own image and settings
 */
export interface Migration {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Migration";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec: MigrationSpec;
}
/**
 * Gives containers the liveness, readiness and startup probes that are named, and guesses none
 */
export interface Probes {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Probes";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec?: ProbesSpec | null;
}
/**
 * Gives containers their requests and limits
 */
export interface Resources {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Resources";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec?: ResourcesSpec | null;
}
/**
 * Hardens pods and containers to a level of the Pod Security Standards
 */
export interface SecurityContext {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "SecurityContext";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec?: SecurityContextSpec | null;
}
/**
 * Autoscalers, disruption budgets, spread and rollout of workloads
 */
export interface Availability {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Availability";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec?: AvailabilitySpec | null;
}
/**
 * Makes programs reachable from outside: Gateway API, Ingress, OpenShift Routes
 */
export interface Exposure {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Exposure";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec: ExposureSpec;
}
/**
 * Lets the Prometheus operator scrape workloads, by a ServiceMonitor or PodMonitor each
 */
export interface Monitoring {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Monitoring";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec: MonitoringSpec;
}
/**
 * Gives namespaces a Pod Security level, a quota and a LimitRange, and proves that the workloads fit
 */
export interface NamespaceGuardrails {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "NamespaceGuardrails";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec?: NamespaceGuardrailsSpec | null;
}
/**
 * Lets workloads connect as declared, and not otherwise, by a NetworkPolicy each
 */
export interface NetworkPolicies {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "NetworkPolicies";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec?: NetworkPoliciesSpec | null;
}
/**
 * Finds refused pods, secrets in plain text, dangling references and pools that are too large
 */
export interface Checks {
  /**
   * The version of the config's fields.
   */
  apiVersion: "krmor.dev/v1alpha1";
  /**
   * What the config is for.
   */
  kind: "Checks";
  /**
   * The config's own metadata; `name` shows in messages.
   */
  metadata?: {
    /**
     * The config's name.
     */
    name?: string;
    [k: string]: unknown;
  };
  spec?: ChecksSpec | null;
}
