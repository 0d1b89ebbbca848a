//! Random pods, with values around what the Pod Security Standards allow.

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

/// Puts one of `values` under `key`, once in `often` times.
fn maybe(random: &mut Random, often: usize, map: &mut Map<String, Value>, key: &str, values: &[Value]) {
    if random.below(often) == 0 {
        map.insert(key.to_owned(), random.pick(values).clone());
    }
}

/// What pods and containers both have.
fn security(random: &mut Random, windows: bool) -> Map<String, Value> {
    let mut out = Map::new();
    let flags = [json!(true), json!(true), json!(false), Value::Null];
    maybe(random, 4, &mut out, "runAsNonRoot", &flags);
    let process =
        [json!({}), json!({"hostProcess": false}), json!({"hostProcess": true}), json!({"runAsUserName": "u"})];
    maybe(random, if windows { 3 } else { 25 }, &mut out, "windowsOptions", &process);
    if windows {
        return out;
    }
    maybe(random, 4, &mut out, "runAsUser", &[json!(0), json!(1000), json!(65534), Value::Null]);
    maybe(random, 12, &mut out, "runAsGroup", &[json!(0), json!(1000)]);
    let profiles = [
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Localhost", "localhostProfile": "p"}),
        json!({"type": "Unconfined"}),
        Value::Null,
    ];
    maybe(random, 4, &mut out, "seccompProfile", &profiles);
    maybe(random, 12, &mut out, "appArmorProfile", &profiles);
    if random.below(8) == 0 {
        let mut options = Map::new();
        let types = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t"];
        maybe(random, 2, &mut options, "type", &types.map(Value::from));
        maybe(random, 5, &mut options, "user", &["", "u"].map(Value::from));
        maybe(random, 5, &mut options, "role", &["", "r"].map(Value::from));
        maybe(random, 3, &mut options, "level", &["s0"].map(Value::from));
        out.insert("seLinuxOptions".to_owned(), Value::Object(options));
    }
    out
}

fn capabilities(random: &mut Random) -> Value {
    let mut out = Map::new();
    for (key, often) in [("add", 2), ("drop", 2)] {
        if random.below(often) == 0 {
            let most = 1 + random.below(3);
            out.insert(key.to_owned(), (0..most).map(|_| json!(random.pick(CAPABILITIES))).collect());
        }
    }
    Value::Object(out)
}

fn handler(random: &mut Random) -> Value {
    let mut action = json!({"port": 80});
    if random.below(2) == 0 {
        action["host"] = random.pick(&[json!(""), json!("127.0.0.1"), Value::Null]).clone();
    }
    match random.below(4) {
        0 => json!({"tcpSocket": action}),
        1 => json!({"exec": {"command": ["true"]}}),
        _ => json!({"httpGet": action}),
    }
}

fn container(random: &mut Random, list: &str, name: &str, windows: bool) -> Value {
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(name));
    out.insert("image".to_owned(), json!("example.com/image:1"));
    let mut context = security(random, windows);
    if !windows {
        let flags = [json!(false), json!(false), json!(true), Value::Null];
        maybe(random, 8, &mut context, "privileged", &flags);
        maybe(random, 3, &mut context, "allowPrivilegeEscalation", &flags);
        maybe(random, 10, &mut context, "procMount", &[json!("Default"), json!("Unmasked")]);
        maybe(random, 6, &mut context, "readOnlyRootFilesystem", &flags);
        if random.below(3) == 0 {
            context.insert("capabilities".to_owned(), capabilities(random));
        }
    }
    if !context.is_empty() || random.below(5) == 0 {
        out.insert("securityContext".to_owned(), Value::Object(context));
    }
    let sidecar = list == "initContainers" && random.below(2) == 0;
    if sidecar {
        out.insert("restartPolicy".to_owned(), json!("Always"));
    }
    if list != "ephemeralContainers" && random.below(5) == 0 {
        let port = 1 + random.below(60000);
        let mut ports = json!([{"containerPort": port}]);
        if random.below(2) == 0 {
            ports[0]["hostPort"] = random.pick(&[json!(0), json!(port)]).clone();
        }
        out.insert("ports".to_owned(), ports);
    }
    if list == "containers" || sidecar {
        for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if random.below(12) == 0 {
                out.insert(key.to_owned(), handler(random));
            }
        }
        if random.below(12) == 0 {
            let hook = *random.pick(&["postStart", "preStop"]);
            out.insert("lifecycle".to_owned(), json!({hook: handler(random)}));
        }
    }
    Value::Object(out)
}

/// A pod with some of the fields that the standard looks at.
pub fn any(random: &mut Random) -> Value {
    let windows = random.below(25) == 0;
    let mut spec = Map::new();
    let mut names = Vec::new();
    // Some Windows pods have fields that only Linux has: the API server refuses them.
    let only_windows = windows && random.below(4) != 0;
    for (list, least, more) in [("initContainers", 0, 3), ("containers", 1, 2), ("ephemeralContainers", 0, 2)] {
        let count = least + random.below(more);
        let mut containers = Vec::new();
        for number in 0..count {
            let name = format!("{}{number}", &list[..1]);
            containers.push(container(random, list, &name, only_windows));
            names.push(name);
        }
        if count > 0 {
            spec.insert(list.to_owned(), json!(containers));
        }
    }
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        maybe(random, 12, &mut spec, key, &[json!(true), json!(false)]);
    }
    match windows {
        true => drop(spec.insert("os".to_owned(), json!({"name": "windows"}))),
        false => {
            maybe(random, 20, &mut spec, "os", &[json!({"name": "linux"})]);
            maybe(random, 8, &mut spec, "hostUsers", &[json!(false), json!(true)]);
        }
    }
    let mut context = security(random, only_windows);
    if !only_windows && random.below(6) == 0 {
        let mut sysctls: Vec<&str> = (0..random.below(4)).map(|_| *random.pick(SYSCTLS)).collect();
        sysctls.sort_unstable();
        sysctls.dedup();
        let item = |name: &str| json!({"name": name, "value": "1"});
        context.insert("sysctls".to_owned(), sysctls.into_iter().map(item).collect());
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
    let mut metadata = json!({"name": "p"});
    if random.below(6) == 0 {
        metadata["annotations"] = Value::Object(annotations(random, &names));
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// What named profiles before there were fields for them.
fn annotations(random: &mut Random, containers: &[String]) -> Map<String, Value> {
    let mut out = Map::new();
    let app_armor = ["", "runtime/default", "localhost/p", "unconfined"].map(Value::from);
    let seccomp = ["runtime/default", "docker/default", "localhost/p", "unconfined"].map(Value::from);
    for name in containers {
        let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
        maybe(random, 6, &mut out, &key, &app_armor);
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
        maybe(random, 6, &mut out, &key, &seccomp);
    }
    maybe(random, 4, &mut out, "seccomp.security.alpha.kubernetes.io/pod", &seccomp);
    out
}
