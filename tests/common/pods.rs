//! Pods with values around what the Pod Security Standards allow: each value for itself, and many at random.

use serde_json::{Map, Value, json};

use super::Random;

const CAPABILITIES: &[&str] = &[
    "ALL",
    "NET_BIND_SERVICE",
    "NET_BIND_SERVICE",
    "CAP_NET_BIND_SERVICE",
    "NET_RAW",
    "CHOWN",
    "CAP_CHOWN",
    "KILL",
    "MKNOD",
    "SYS_ADMIN",
    "SYS_CHROOT",
    "chown",
];

const SYSCTLS: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
    "net.core.somaxconn",
    "kernel.msgmax",
];

/// Sources of volumes: every type of the API, and none.
fn volume_sources() -> Vec<Value> {
    vec![
        json!({}),
        json!({"emptyDir": {}}),
        json!({"configMap": {"name": "c"}}),
        json!({"secret": {"secretName": "s"}}),
        json!({"projected": {"sources": []}}),
        json!({"downwardAPI": {"items": []}}),
        json!({"csi": {"driver": "d.example.com"}}),
        json!({"persistentVolumeClaim": {"claimName": "c"}}),
        json!({"ephemeral": {"volumeClaimTemplate": {"spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        }}}}),
        json!({"image": {"reference": "example.com/data:1"}}),
        json!({"hostPath": {"path": "/var/log"}}),
        json!({"hostPath": null}),
        json!({"gcePersistentDisk": {"pdName": "p"}}),
        json!({"awsElasticBlockStore": {"volumeID": "v"}}),
        json!({"gitRepo": {"repository": "r"}}),
        json!({"nfs": {"server": "s", "path": "/p"}}),
        json!({"iscsi": {"targetPortal": "10.0.0.1:1", "iqn": "iqn.2001-04.com.example:a", "lun": 0}}),
        json!({"glusterfs": {"endpoints": "e", "path": "p"}}),
        json!({"rbd": {"monitors": ["m"], "image": "i"}}),
        json!({"flexVolume": {"driver": "d/d"}}),
        json!({"cinder": {"volumeID": "v"}}),
        json!({"cephfs": {"monitors": ["m"]}}),
        json!({"flocker": {"datasetName": "d"}}),
        json!({"fc": {"wwids": ["w"]}}),
        json!({"azureFile": {"secretName": "s", "shareName": "s"}}),
        json!({"azureDisk": {"diskName": "d", "diskURI": "https://d.example.com/d"}}),
        json!({"vsphereVolume": {"volumePath": "p"}}),
        json!({"quobyte": {"registry": "r:1", "volume": "v"}}),
        json!({"portworxVolume": {"volumeID": "v"}}),
        json!({"scaleIO": {"gateway": "g", "system": "s", "secretRef": {"name": "s"}, "volumeName": "v"}}),
        json!({"storageos": {"volumeName": "v"}}),
    ]
}

/// A field, how rarely a random pod has it, and its values.
type Field = (&'static str, usize, Vec<Value>);

fn flags() -> Vec<Value> {
    vec![json!(false), json!(true), json!(true), Value::Null]
}

fn profiles() -> Vec<Value> {
    vec![
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Localhost", "localhostProfile": "p"}),
        json!({"type": "Unconfined"}),
        Value::Null,
    ]
}

/// Fields of security contexts that pods and containers both have.
fn of_both() -> Vec<Field> {
    let se_linux: Vec<Value> =
        ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t"]
            .iter()
            .map(|kind| json!({"type": kind}))
            .chain(
                ["user", "role", "level"]
                    .iter()
                    .flat_map(|key| [json!({*key: "s0"}), json!({*key: "", "type": "container_t"})]),
            )
            .collect();
    vec![
        ("runAsNonRoot", 4, flags()),
        ("runAsUser", 4, vec![json!(0), json!(1000), json!(65534), Value::Null]),
        ("runAsGroup", 12, vec![json!(0), json!(1000)]),
        ("seccompProfile", 4, profiles()),
        ("appArmorProfile", 12, profiles()),
        ("seLinuxOptions", 8, se_linux),
    ]
}

/// Fields of security contexts that containers have for themselves.
fn of_containers() -> Vec<Field> {
    let capabilities = CAPABILITIES.iter().flat_map(|name| [json!({"add": [name]}), json!({"drop": [name]})]);
    vec![
        ("privileged", 8, flags()),
        ("allowPrivilegeEscalation", 3, flags()),
        ("procMount", 10, vec![json!("Default"), json!("Unmasked")]),
        ("readOnlyRootFilesystem", 6, flags()),
        ("capabilities", 20, capabilities.collect()),
    ]
}

/// The one field of security contexts for Windows.
fn for_windows() -> Field {
    let values =
        vec![json!({}), json!({"hostProcess": false}), json!({"hostProcess": true}), json!({"runAsUserName": "u"})];
    ("windowsOptions", 25, values)
}

fn handlers() -> Vec<Value> {
    let hosts = [None, Some(json!("")), Some(json!("127.0.0.1")), Some(Value::Null)];
    let action = |host: &Option<Value>| match host {
        Some(host) => json!({"port": 80, "host": host}),
        None => json!({"port": 80}),
    };
    let of = |kind: &'static str| hosts.iter().map(move |host| json!({kind: action(host)}));
    of("httpGet").chain(of("tcpSocket")).chain([json!({"exec": {"command": ["true"]}})]).collect()
}

/// Fields of containers that are about the network.
fn of_network() -> Vec<Field> {
    let hooks = |hook: &str| handlers().into_iter().map(|handler| json!({hook: handler})).collect::<Vec<_>>();
    let ports = [
        json!([{"containerPort": 80}]),
        json!([{"containerPort": 80, "hostPort": 0}]),
        json!([{"containerPort": 80, "hostPort": 80}]),
    ];
    vec![
        ("ports", 5, ports.to_vec()),
        ("livenessProbe", 12, handlers()),
        ("readinessProbe", 12, handlers()),
        ("startupProbe", 12, handlers()),
        ("lifecycle", 12, [hooks("postStart"), hooks("preStop")].concat()),
    ]
}

/// Fields of pods.
fn of_pods() -> Vec<Field> {
    let flags = || vec![json!(true), json!(false)];
    vec![("hostNetwork", 12, flags()), ("hostPID", 12, flags()), ("hostIPC", 12, flags()), ("hostUsers", 8, flags())]
}

/// The annotations that came before fields, for a container, or for the pod.
fn annotations(container: Option<&str>) -> Vec<(String, Vec<Value>)> {
    let app_armor = ["", "runtime/default", "localhost/p", "unconfined"].map(Value::from).to_vec();
    let seccomp = ["runtime/default", "docker/default", "localhost/p", "unconfined"].map(Value::from).to_vec();
    match container {
        None => vec![("seccomp.security.alpha.kubernetes.io/pod".to_owned(), seccomp)],
        Some(name) => vec![
            (format!("container.apparmor.security.beta.kubernetes.io/{name}"), app_armor),
            (format!("container.seccomp.security.alpha.kubernetes.io/{name}"), seccomp),
        ],
    }
}

fn pod(metadata: &Value, spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// A pod for every value, alone in an otherwise empty pod that has every kind of container.
pub fn singles() -> Vec<Value> {
    let empty = |name: &str| json!({"name": name, "image": "example.com/image:1"});
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let mut base = pod(&json!({"name": "p"}), &json!({}));
    for list in lists {
        base["spec"][list] = json!([empty(&list[..1])]);
    }
    let mut out = vec![base.clone()];
    let mut with = |change: &dyn Fn(&mut Value)| {
        let mut pod = base.clone();
        change(&mut pod);
        // The standard knows Windows by what security contexts say.
        if pod["spec"].to_string().contains("securityContext") {
            let mut windows = pod.clone();
            windows["spec"]["os"] = json!({"name": "windows"});
            out.push(windows);
        }
        out.push(pod);
    };
    for (key, _, values) in of_pods() {
        values.iter().for_each(|value| with(&|pod| pod["spec"][key] = value.clone()));
    }
    for (key, _, values) in [of_both(), vec![for_windows()]].concat() {
        values.iter().for_each(|value| with(&|pod| pod["spec"]["securityContext"] = json!({key: value})));
    }
    for name in SYSCTLS {
        with(&|pod| pod["spec"]["securityContext"] = json!({"sysctls": [{"name": name, "value": "1"}]}));
    }
    for source in volume_sources() {
        with(&|pod| {
            pod["spec"]["volumes"] = json!([source]);
            pod["spec"]["volumes"][0]["name"] = json!("v");
        });
    }
    for (key, values) in annotations(None) {
        values.iter().for_each(|value| with(&|pod| pod["metadata"]["annotations"] = json!({&key: value})));
    }
    for list in lists {
        for (key, _, values) in [of_both(), of_containers(), vec![for_windows()]].concat() {
            values.iter().for_each(|value| with(&|pod| pod["spec"][list][0]["securityContext"] = json!({key: value})));
        }
        for (key, _, values) in of_network() {
            values.iter().for_each(|value| with(&|pod| pod["spec"][list][0][key] = value.clone()));
        }
        for (key, values) in annotations(Some(&list[..1])) {
            values.iter().for_each(|value| with(&|pod| pod["metadata"]["annotations"] = json!({&key: value})));
        }
    }
    // Users of its own relax some checks.
    for list in lists {
        for (key, value) in [("runAsUser", json!(0)), ("runAsNonRoot", json!(false)), ("procMount", json!("Unmasked"))]
        {
            with(&|pod| {
                pod["spec"]["hostUsers"] = json!(false);
                pod["spec"][list][0]["securityContext"] = json!({key: value});
            });
        }
    }
    out
}

/// Some of the fields, each with one of its values.
fn some(random: &mut Random, fields: Vec<Field>) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, often, values) in fields {
        if random.below(often) == 0 {
            out.insert(key.to_owned(), random.pick(&values).clone());
        }
    }
    out
}

fn capabilities(random: &mut Random) -> Value {
    let mut out = Map::new();
    for key in ["add", "drop"] {
        if random.below(2) == 0 {
            let count = 1 + random.below(3);
            out.insert(key.to_owned(), (0..count).map(|_| json!(random.pick(CAPABILITIES))).collect());
        }
    }
    Value::Object(out)
}

/// What a container has beside its name. `lean`: nothing that only Linux has.
fn container(random: &mut Random, list: &str, lean: bool) -> Map<String, Value> {
    let mut context = some(random, vec![for_windows()]);
    if !lean {
        context.extend(some(random, [of_both(), of_containers()].concat()));
        if random.below(3) == 0 {
            context.insert("capabilities".to_owned(), capabilities(random));
        }
    }
    let mut out = Map::new();
    if !context.is_empty() || random.below(5) == 0 {
        out.insert("securityContext".to_owned(), Value::Object(context));
    }
    let is_sidecar = list == "initContainers" && random.below(2) == 0;
    if is_sidecar {
        out.insert("restartPolicy".to_owned(), json!("Always"));
    }
    if list == "containers" || is_sidecar {
        out.extend(some(random, of_network()));
    }
    out
}

/// A pod with some of the fields that the standard looks at.
pub fn any(random: &mut Random) -> Value {
    let windows = random.below(25) == 0;
    // Some Windows pods have fields that only Linux has: the API server refuses them.
    let lean = windows && random.below(4) != 0;
    let mut spec = some(random, of_pods());
    if windows {
        spec.insert("os".to_owned(), json!({"name": "windows"}));
    }
    if lean {
        spec.remove("hostUsers");
    }
    let mut metadata = json!({"name": "p"});
    let mut annotated = Map::new();
    let is_annotated = random.below(6) == 0;
    let mut annotate = |random: &mut Random, container: Option<&str>| {
        for (key, values) in annotations(container).into_iter().filter(|_| is_annotated) {
            if random.below(5) == 0 {
                annotated.insert(key, random.pick(&values).clone());
            }
        }
    };
    annotate(random, None);
    for (list, least, more) in [("initContainers", 0, 3), ("containers", 1, 2), ("ephemeralContainers", 0, 2)] {
        let mut containers = Vec::new();
        for number in 0..least + random.below(more) {
            let name = format!("{}{number}", &list[..1]);
            annotate(random, Some(&name));
            let mut fields = container(random, list, lean);
            fields.insert("name".to_owned(), json!(name));
            fields.insert("image".to_owned(), json!("example.com/image:1"));
            containers.push(fields);
        }
        if !containers.is_empty() {
            spec.insert(list.to_owned(), json!(containers));
        }
    }
    if !annotated.is_empty() {
        metadata["annotations"] = Value::Object(annotated);
    }
    let mut context = some(random, vec![for_windows()]);
    if !lean {
        context.extend(some(random, of_both()));
        if random.below(6) == 0 {
            let mut sysctls: Vec<&str> = (0..random.below(4)).map(|_| *random.pick(SYSCTLS)).collect();
            sysctls.sort_unstable();
            sysctls.dedup();
            let item = |name: &str| json!({"name": name, "value": "1"});
            context.insert("sysctls".to_owned(), sysctls.into_iter().map(item).collect());
        }
    }
    if !context.is_empty() || random.below(4) == 0 {
        spec.insert("securityContext".to_owned(), Value::Object(context));
    }
    if random.below(6) == 0 {
        let mut volumes = Vec::new();
        for number in 0..1 + random.below(2) {
            let mut volume = random.pick(&volume_sources()).clone();
            volume["name"] = json!(format!("v{number}"));
            volumes.push(volume);
        }
        spec.insert("volumes".to_owned(), json!(volumes));
    }
    pod(&metadata, &Value::Object(spec))
}
