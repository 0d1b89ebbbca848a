//! The kubelet itself, rule by rule: answers are given, time is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use serde_json::{Value, json};

use crate::ask::{fetch, number};
use crate::cluster::{Cluster, expand};
use crate::http;
use crate::pod::{Event, Pod};
use crate::worker::{BackOff, Kind, Numbers, Seen, Verdict, Worker};

pub const ALL: &[(&str, fn())] = &[
    ("a probe's numbers have the API's defaults", defaults),
    ("a verdict falls with as many like answers in a row as its threshold says", thresholds),
    ("before its first answer a container is live, not ready, and not known to have started", first_verdicts),
    ("nothing is asked before the delay, counted from the container's start", delays),
    ("before startup has succeeded nothing else is asked, after it startup is not", gate),
    ("what is to be killed is asked no more, and its successor is judged anew", successor),
    ("an answer that takes longer than a period delays the next question", slow_answers),
    ("back-off: none, then 10 s, doubled up to 300 s; forgotten after 10 min", back_off),
    ("a port by name, by number, by number in quotes", ports),
    ("redirects: followed within the pod up to ten, to another host a success", redirects),
    ("environment: sources in their order, then single variables; what is missing holds it back", environment),
    ("init containers in order, a sidecar stays, restartPolicy Never ends it", init_containers),
    ("exec and tcpSocket", exec_and_tcp),
];

/// Rules of containers, which need namespaces.
pub const CONTAINED: &[(&str, fn())] = &[
    ("starts: a port below 1024 is root's, or the capability's, unless a sysctl gives it to all", low_ports),
    ("starts: a read-only root filesystem has no place to write but volumes", read_only),
    ("starts: a new disk is root's until fsGroup gives it to a group", disks),
    ("starts: a Secret is mounted read-only, and a missing one holds the pod back", secrets),
];

fn probe(of: Value) -> Numbers {
    Numbers::of(&serde_json::from_value::<Probe>(of).unwrap())
}

const RUNNING: Seen = Seen { run: 1, running_since: Some(0), started: true };

fn defaults() {
    let all = |numbers: Numbers| {
        (numbers.initial_delay, numbers.period, numbers.timeout, numbers.successes, numbers.failures)
    };
    assert_eq!(all(probe(json!({}))), (0, 10, 1, 1, 3));
    let given = json!({"initialDelaySeconds": 4, "periodSeconds": 5, "timeoutSeconds": 2, "successThreshold": 6, "failureThreshold": 7});
    assert_eq!(all(probe(given)), (4, 5, 2, 6, 7));
}

/// Gives a worker answers, one each period (`+` success, `-` failure); its verdicts after each.
fn verdicts(worker: &mut Worker, seen: Seen, answers: &str) -> String {
    let mut out = String::new();
    for answer in answers.chars() {
        let now = worker.due();
        if worker.wants(now, seen) {
            worker.answered(now, 0, answer == '+');
            worker.settle(now);
        }
        out.push(match worker.verdict(seen.run) {
            Some(Verdict::Success) => '+',
            Some(Verdict::Failure) => '-',
            Some(Verdict::Unknown) => '?',
            None => ' ',
        });
    }
    out
}

fn thresholds() {
    for (kind, successes, failures, answers, expected) in [
        (Kind::Readiness, 1, 3, "+--+---+--+", "++++++-++++"),
        (Kind::Readiness, 1, 1, "+-+-", "+-+-"),
        (Kind::Readiness, 3, 2, "++-+++-+--", "-----++++-"),
        (Kind::Liveness, 1, 3, "+--+--+---", "+++++++++-"),
        (Kind::Liveness, 1, 1, "-", "-"),
        (Kind::Startup, 1, 3, "--+", "??+"),
        (Kind::Startup, 1, 3, "---", "??-"),
        (Kind::Startup, 1, 1, "+", "+"),
    ] {
        let numbers = Numbers { successes, failures, ..probe(json!({})) };
        let seen = Seen { started: kind != Kind::Startup, ..RUNNING };
        let got = verdicts(&mut Worker::new(kind, numbers, 0), seen, answers);
        assert_eq!(got, expected, "{kind:?} {answers}");
    }
}

fn first_verdicts() {
    for (kind, verdict) in
        [(Kind::Startup, Verdict::Unknown), (Kind::Readiness, Verdict::Failure), (Kind::Liveness, Verdict::Success)]
    {
        let mut worker = Worker::new(kind, probe(json!({"initialDelaySeconds": 60})), 0);
        assert!(!worker.wants(0, Seen { run: 0, running_since: None, started: false }));
        assert_eq!(worker.verdict(1), None);
        assert!(!worker.wants(10, RUNNING));
        assert_eq!(worker.verdict(1), Some(verdict), "{kind:?}");
        // What has ended fails all of them.
        worker.wants(20, Seen { running_since: None, ..RUNNING });
        assert_eq!(worker.verdict(1), Some(Verdict::Failure), "{kind:?}");
    }
}

fn delays() {
    let numbers = probe(json!({"initialDelaySeconds": 15, "periodSeconds": 4}));
    let mut worker = Worker::new(Kind::Liveness, numbers, 0);
    // The container began at 3; ticks are the pod's: 0, 4, 8 …
    let seen = Seen { running_since: Some(3), ..RUNNING };
    let first = (4..100).find(|now| worker.wants(*now, seen));
    assert_eq!(first, Some(20));
    // One that is to be asked at once is not asked before its delay either.
    let mut worker = Worker::new(Kind::Readiness, numbers, 0);
    worker.trigger(5);
    assert!(!worker.wants(5, seen));
    worker.trigger(18);
    assert!(worker.wants(18, seen));
    worker.answered(18, 0, false);
    worker.settle(18);
    assert_eq!((19..100).find(|now| worker.wants(*now, seen)), Some(22), "and from then each period");
}

fn gate() {
    for (kind, started, asked) in [
        (Kind::Startup, false, true),
        (Kind::Startup, true, false),
        (Kind::Readiness, false, false),
        (Kind::Readiness, true, true),
        (Kind::Liveness, false, false),
        (Kind::Liveness, true, true),
    ] {
        let seen = Seen { started, ..RUNNING };
        assert_eq!(Worker::new(kind, probe(json!({})), 0).wants(0, seen), asked, "{kind:?} started: {started}");
    }
}

fn successor() {
    let second = Seen { run: 2, ..RUNNING };
    let mut worker = Worker::new(Kind::Liveness, probe(json!({})), 0);
    assert_eq!(verdicts(&mut worker, RUNNING, "---+++"), "++----", "on hold: nothing mends it");
    assert_eq!(verdicts(&mut worker, second, "--+---"), "+++++-", "three anew");
    // Readiness is never on hold.
    let mut worker = Worker::new(Kind::Readiness, probe(json!({})), 0);
    assert_eq!(verdicts(&mut worker, RUNNING, "+---+"), "+++-+");
    assert_eq!(verdicts(&mut worker, Seen { running_since: None, ..RUNNING }, "+"), "-");
    assert_eq!(verdicts(&mut worker, second, "-+"), "-+", "the successor's own success counts");
    // The kubelet's count survives a process that ended by itself: one more failure is the third.
    let mut worker = Worker::new(Kind::Liveness, probe(json!({})), 0);
    assert_eq!(verdicts(&mut worker, RUNNING, "--"), "++");
    assert_eq!(verdicts(&mut worker, second, "-"), "-");
}

fn slow_answers() {
    let mut worker = Worker::new(Kind::Readiness, probe(json!({"periodSeconds": 5, "timeoutSeconds": 12})), 0);
    assert!(worker.wants(0, RUNNING));
    worker.answered(0, 12, true);
    assert!(!worker.settle(11), "it is still awaited");
    assert!(!worker.wants(11, RUNNING));
    assert!(worker.settle(12));
    assert!(worker.wants(12, RUNNING), "the ticks that passed are one");
    worker.answered(12, 0, true);
    worker.settle(12);
    assert_eq!((13..100).find(|now| worker.wants(*now, RUNNING)), Some(15), "the ticks stay where they were");
}

fn back_off() {
    let mut back_off = BackOff::default();
    let (mut now, mut waits) = (0, Vec::new());
    for _ in 0..8 {
        let ended = now;
        now += (0..).find(|wait| back_off.allows(ended, ended + wait)).unwrap();
        waits.push(now - ended);
    }
    assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
    assert!(!back_off.allows(now + 600, now + 600), "600 s after the last start it still holds");
    assert!(back_off.allows(now + 601, now + 601));
    assert!(!back_off.allows(now + 602, now + 611) && back_off.allows(now + 602, now + 612), "10 s again");
}

fn ports() {
    let container = json!({"name": "c", "ports": [{"name": "http", "containerPort": 8080}]});
    let container: Container = serde_json::from_value(container).unwrap();
    for (port, expected) in [
        (json!("http"), Ok(8080)),
        (json!(9), Ok(9)),
        (json!("9"), Ok(9)),
        (json!("https"), Err("port https not found".to_owned())),
        (json!(0), Err("invalid port number: 0".to_owned())),
        (json!(70000), Err("invalid port number: 70000".to_owned())),
    ] {
        assert_eq!(number(&serde_json::from_value(port).unwrap(), &container), expected);
    }
}

fn redirects() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = http::head(&mut stream, None).unwrap();
            let to = |path: &str| format!("Location: {path}\r\n");
            let (status, headers) = match head.split(' ').nth(1).unwrap() {
                "/ok" => (204, String::new()),
                "/header" => (if head.contains("X-Who: probe\r\n") { 200 } else { 400 }, String::new()),
                "/agent" => (if head.contains("User-Agent: kube-probe/") { 200 } else { 400 }, String::new()),
                "/here" => (302, to("/ok")),
                "/absolute" => (301, to(&format!("http://127.0.0.1:{port}/ok"))),
                "/to-bad" => (307, to("/bad")),
                "/elsewhere" => (302, to("http://login.example.com/")),
                "/for-ever" => (302, to("/for-ever")),
                "/not-modified" => (304, String::new()),
                "/bad" => (400, String::new()),
                _ => (500, String::new()),
            };
            http::answer(&mut stream, status, &headers).unwrap();
        }
    });
    for (path, success) in [
        ("/ok", Some(true)),
        ("ok", Some(true)),
        ("/header", Some(true)),
        ("/agent", Some(true)),
        ("/here", Some(true)),
        ("/absolute", Some(true)),
        ("/to-bad", Some(false)),
        ("/elsewhere", Some(true)),
        ("/not-modified", Some(true)),
        ("/bad", Some(false)),
        ("/error", Some(false)),
        ("/for-ever", None),
    ] {
        let get = json!({"path": path, "port": 1, "httpHeaders": [{"name": "X-Who", "value": "probe"}]});
        let get: HTTPGetAction = serde_json::from_value(get).unwrap();
        assert_eq!(fetch(&get, port, Duration::from_secs(5)).ok(), success, "{path}");
    }
}

fn environment() {
    let mut cluster = Cluster::of(&[
        json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"X": "map", "Y": "map"}}),
        json!({"kind": "Secret", "metadata": {"name": "b"}, "data": {"Y": "c2VjcmV0"}, "stringData": {"Z": "plain"}}),
    ]);
    let of = |cluster: &Cluster, container: Value| {
        cluster.environment(&serde_json::from_value::<Container>(container).unwrap())
    };
    let container = json!({
        "name": "c",
        "envFrom": [
            {"configMapRef": {"name": "a"}}, {"secretRef": {"name": "b"}}, {"prefix": "P_", "configMapRef": {"name": "a"}},
            {"secretRef": {"name": "none", "optional": true}},
        ],
        "env": [
            {"name": "X", "value": "own"},
            {"name": "URL", "value": "$(X)/$(Y)/$(NONE)/$$(X)"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "b", "key": "Z"}}},
            {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "none", "optional": true}}},
        ],
    });
    let expected = [
        ("KEY", "plain"),
        ("P_X", "map"),
        ("P_Y", "map"),
        ("URL", "own/secret/$(NONE)/$(X)"),
        ("X", "own"),
        ("Y", "secret"),
        ("Z", "plain"),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(of(&cluster, container.clone()).unwrap(), expected);
    cluster.secrets.clear();
    assert_eq!(of(&cluster, container).unwrap_err(), "secret \"b\" not found");
    let missing =
        json!({"name": "c", "env": [{"name": "K", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "k"}}}]});
    assert_eq!(of(&cluster, missing).unwrap_err(), "couldn't find key k in configmap a");
    for (text, expected) in [("a$", "a$"), ("$(open", "$(open"), ("$x", "$x"), ("$$$$", "$$")] {
        assert_eq!(expand(text, &BTreeMap::new()), expected);
    }
}

/// A workload of containers of the UI's image, which needs nothing.
fn workload(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["image"] = json!("reactbin-ui:1");
        }
    }
    json!({"spec": {"template": {"spec": spec}}})
}

fn started(pod: &Pod, container: &str) -> Vec<u64> {
    pod.times(container, &Event::Started)
}

fn init_containers() {
    let cluster = Cluster::of(&[]);
    let asks = json!({"httpGet": {"port": 8080, "path": "/"}, "periodSeconds": 1, "failureThreshold": 10});
    let mut pod = Pod::of(&workload(&json!({
        "initContainers": [
            {"name": "first", "command": ["true"]},
            {"name": "sidecar", "restartPolicy": "Always", "startupProbe": asks},
            {"name": "last", "command": ["true"]},
        ],
        "containers": [{"name": "main", "readinessProbe": asks}],
    })));
    pod.fault("sidecar", 1, "starts-after=5");
    pod.run_until(&cluster, 60, Pod::ready);
    let order = ["first", "sidecar", "last", "main"].map(|name| started(&pod, name)[0]);
    assert!(order.is_sorted() && order[2] >= order[1] + 5, "the last waits for the sidecar's start: {pod}");
    pod.run(&cluster, 100);
    assert!(pod.ready() && pod.restarts() == 0, "{pod}");

    for (policy, starts) in [("Never", 1), ("OnFailure", 3), ("Always", 3)] {
        let mut pod = Pod::of(&workload(&json!({
            "restartPolicy": policy,
            "initContainers": [{"name": "init", "command": ["false"]}],
            "containers": [{"name": "main"}],
        })));
        pod.run(&cluster, 30);
        assert_eq!(started(&pod, "init").len(), starts, "{policy}");
        assert!(started(&pod, "main").is_empty() && !pod.initialised(), "{policy}");
    }
}

fn exec_and_tcp() {
    let cluster = Cluster::of(&[]);
    for (handler, restarts) in [
        (json!({"exec": {"command": ["true"]}}), false),
        (json!({"exec": {"command": ["false"]}}), true),
        (json!({"tcpSocket": {"port": 8080}}), false),
        (json!({"tcpSocket": {"port": 8081}}), true),
        // A port that has no name is the kubelet's own error: no result, so no restart.
        (json!({"tcpSocket": {"port": "none"}}), false),
    ] {
        let mut pod = Pod::of(&workload(&json!({"containers": [{"name": "main", "livenessProbe": handler}]})));
        pod.run(&cluster, 60);
        assert_eq!(pod.restarts() > 0, restarts, "{handler}");
    }
    // A program that ends by itself: restarted, ever later.
    let mut pod = Pod::of(&workload(&json!({"containers": [{"name": "main"}]})));
    for run in 1..10 {
        pod.fault("main", run, "ends-after=2");
    }
    pod.run(&cluster, 60);
    assert_eq!(started(&pod, "main"), [0, 2, 14, 36]);
}

/// What became of a pod: nothing, or why it does not start.
fn why_not(cluster: &Cluster, spec: Value) -> String {
    let mut pod = Pod::of(&json!({"spec": {"template": {"spec": spec}}}));
    pod.run(cluster, 5);
    if pod.ready() {
        String::new()
    } else {
        std::fs::read_to_string(cluster.log("main")).unwrap_or_default() + &pod.to_string()
    }
}

fn low_ports() {
    let pod = |uid: u32, capabilities: Value, sysctls: Value| {
        let env =
            json!([{"name": "ANTWORT_BACKEND_URL", "value": "http://x"}, {"name": "ANTWORT_PORT", "value": "80"}]);
        let own = json!({"runAsUser": uid, "capabilities": capabilities});
        why_not(
            &Cluster::of(&[]),
            json!({
                "securityContext": {"sysctls": sysctls},
                "containers": [{"name": "main", "image": "antwort:1", "env": env, "securityContext": own}],
            }),
        )
    };
    let all = json!({"drop": ["ALL"]});
    let sysctl = json!([{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]);
    for (uid, capabilities, sysctls, starts) in [
        (65532, json!({}), json!([]), false),
        (65532, all.clone(), json!([]), false),
        (0, json!({}), json!([]), true),
        (0, all.clone(), json!([]), false),
        (65532, all, sysctl, true),
    ] {
        let why = pod(uid, capabilities, sysctls);
        assert_eq!(why.is_empty(), starts, "{uid}: {why}");
        assert!(starts || why.contains("bind: port 80: Permission denied"), "{why}");
    }
}

fn read_only() {
    let pod = |read_only: bool, mounts: &[&str]| {
        let volumes: Vec<Value> = ["a", "b"].iter().map(|name| json!({"name": name, "emptyDir": {}})).collect();
        let mounts: Vec<Value> =
            mounts.iter().zip(["a", "b"]).map(|(path, name)| json!({"name": name, "mountPath": path})).collect();
        let own = json!({"readOnlyRootFilesystem": read_only});
        let container =
            json!({"name": "main", "image": "reactbin-ui:1", "securityContext": own, "volumeMounts": mounts});
        why_not(&Cluster::of(&[]), json!({"containers": [container], "volumes": volumes}))
    };
    assert_eq!(pod(false, &[]), "");
    assert_eq!(pod(true, &["/tmp", "/var/cache/nginx"]), "");
    for (mounts, path) in [(&["/tmp"][..], "/var/cache/nginx/client_temp/"), (&["/var/cache/nginx"], "/tmp/nginx.pid")]
    {
        assert!(pod(true, mounts).contains(&format!("{path}: Read-only file system")), "{mounts:?}");
    }
    assert!(pod(true, &[]).contains("Read-only file system"));
}

fn disks() {
    let pod = |context: Value| {
        let env = json!([{"name": "MINIO_ROOT_USER", "value": "u"}, {"name": "MINIO_ROOT_PASSWORD", "value": "p"}]);
        let container = json!({
            "name": "main", "image": "minio:1", "args": ["server", "/data"], "env": env,
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        });
        why_not(&Cluster::of(&[]), json!({"securityContext": context, "containers": [container]}))
    };
    for (context, starts) in [
        (json!({}), true),
        (json!({"runAsUser": 1000}), false),
        (json!({"runAsUser": 1000, "runAsGroup": 1000}), false),
        (json!({"runAsUser": 1000, "fsGroup": 1000}), true),
        (json!({"runAsUser": 1000, "fsGroup": 7, "supplementalGroups": [8]}), true),
        (json!({"runAsUser": 1000, "supplementalGroups": [7]}), false),
    ] {
        let why = pod(context.clone());
        assert_eq!(why.is_empty(), starts, "{context}: {why}");
        assert!(starts || why.contains("/data/.minio.sys/: Permission denied"), "{why}");
    }
}

fn secrets() {
    let pod = |cluster: &Cluster, path: &str, optional: bool| {
        let own = json!({"runAsUser": 65532});
        let volume = json!({"name": "dsn", "secret": {"secretName": "dsn", "optional": optional}});
        let env = json!([
            {"name": "ANTWORT_BACKEND_URL", "value": "http://x"}, {"name": "ANTWORT_STORAGE", "value": "postgres"},
            {"name": "ANTWORT_STORAGE_DSN_FILE", "value": path},
        ]);
        let mounts = json!([{"name": "dsn", "mountPath": "/run/secrets"}]);
        let container = json!({
            "name": "main", "image": "antwort:1", "env": env, "securityContext": own, "volumeMounts": mounts,
        });
        why_not(cluster, json!({"containers": [container], "volumes": [volume]}))
    };
    let secret = json!({"kind": "Secret", "metadata": {"name": "dsn"}, "stringData": {"dsn": "postgres://x"}});
    let with = Cluster::of(&[secret]);
    assert_eq!(pod(&with, "/run/secrets/dsn", false), "");
    assert!(pod(&with, "/run/secrets/other", false).contains("No such file"));
    let without = Cluster::of(&[]);
    assert!(pod(&without, "/run/secrets/dsn", false).contains("not found"));
    assert!(pod(&without, "/run/secrets/dsn", true).contains("No such file"));
}
