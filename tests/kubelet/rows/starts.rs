//! Every container of every overlay starts as its pod says: with its user and groups, a root filesystem that is read-only
//! where it says so, its volumes, no capabilities. And it does not start without what the pod gives it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::{Place, Row, aether, argusai, deliver, server};
use crate::cluster::Cluster;
use crate::common::apps::overlays;
use crate::container::Runs;
use crate::pod::{Event, Pod};
use crate::stand_in::{User, image};

/// A workload of an example, by the first letters of its name where the rest is a hash.
struct Program {
    example: &'static str,
    name: &'static str,
    ids: &'static str,
    /// The mounts without which it does not start.
    mounts: &'static [&'static str],
    /// Whether it does not start where `fsGroup` gives it no right to its disk.
    group: bool,
}

const fn program(
    example: &'static str,
    name: &'static str,
    ids: &'static str,
    mounts: &'static [&'static str],
    group: bool,
) -> Program {
    Program { example, name, ids, mounts, group }
}

const PROGRAMS: [Program; 13] = [
    program("aether", "api", "AE-4", &["/tmp"], false),
    program("aether", "scheduler", "AE-5", &["/tmp"], false),
    program("aether", "ui", "AE-6", &["/usr/share/nginx/html", "/etc/nginx/conf.d", "/var/cache/nginx", "/run"], false),
    program("aether", "postgres", "AE-7", &["/var/lib/postgresql/data", "/var/run/postgresql", "/tmp"], true),
    program("aether", "mlflow", "AE-8", &["/mlflow", "/tmp"], true),
    program("aether", "api-migrate", "AE-12", &["/tmp"], false),
    program("antwort", "antwort", "AW-4", &[], false),
    program("argusai", "argusai-backend", "AR-1", &[], true),
    program("argusai", "argusai-frontend", "AR-2", &[], false),
    program("reactbin", "api", "RB-3, RB-9", &["/tmp"], false),
    program("reactbin", "ui", "RB-9", &["/tmp", "/var/cache/nginx"], false),
    program("reactbin", "minio", "RB-7, RB-9", &["/data"], true),
    program("reactbin", "minio-make-bucket-", "RB-8, RB-9", &["/tmp"], false),
];

impl Program {
    fn is(&self, object: &Value) -> bool {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let is_hashed = self.name.ends_with('-');
        object["spec"]["template"].is_object()
            && if is_hashed { name.starts_with(self.name) } else { name == self.name }
    }
}

pub fn rows() -> Vec<Row> {
    let mut rows = vec![Row {
        name: "every workload of every overlay of every example has its `starts` row".to_owned(),
        contained: false,
        check: Box::new(complete),
    }];
    for program in &PROGRAMS {
        let has_it = |place: &Place| place.objects().iter().any(|object| program.is(object));
        for place in Place::overlays(program.example).into_iter().filter(has_it) {
            let name = program.name.trim_end_matches('-');
            let row = |what: &str, check: fn(&Place, &Program)| {
                place.row(&format!("{name} {what}"), program.ids, move |place| check(place, program)).contained()
            };
            rows.push(row("starts as its pod says", starts));
            rows.push(row("does not start without what its pod gives it", does_not));
        }
    }
    rows
}

/// An example that joins has to say how its programs start.
fn complete() {
    for overlay in overlays() {
        let [example, _, name] = [2, 1, 0].map(|up| overlay.ancestors().nth(up).unwrap().file_name().unwrap());
        let place = Place { example: example.to_str().unwrap().to_owned().leak(), name: name.to_str().unwrap().into() };
        for object in place.objects().iter().filter(|object| object["spec"]["template"]["spec"].is_object()) {
            let known = PROGRAMS.iter().any(|program| program.example == place.example && program.is(object));
            assert!(known, "{}: rows/starts.rs has no line for {}", overlay.display(), object["metadata"]["name"]);
        }
    }
}

/// The workload, and a cluster with all that it needs, which nothing has run in yet.
fn world(place: &Place, program: &Program) -> (Cluster, Value) {
    let objects = place.objects();
    let mut workload = objects.iter().find(|object| program.is(object)).expect("the workload").clone();
    let mut cluster = Cluster::of(&objects);
    let mut names = Vec::new();
    match program.example {
        "antwort" => {
            let mut urls = cluster.config_maps.values().filter_map(|data| data.get("ANTWORT_BACKEND_URL"));
            names.push((urls.next().unwrap().strip_prefix("http://").unwrap().to_owned(), server(200)));
        }
        "argusai" => deliver(&mut cluster, &objects, &argusai::VAULT),
        "aether" => {
            aether::deliver(&mut cluster, &objects, "file:///cluster/db/schema");
            for_all(&cluster.folder.0.join("db"));
        }
        _ => {
            let folder = cluster.folder.0.join("db");
            std::fs::create_dir(&folder).unwrap();
            for_all(&folder);
            let of_api = [("DATABASE_URL", "file:///cluster/db/schema"), ("SECRET_KEY", "k")];
            let of_minio = [("MINIO_ROOT_USER", "root"), ("MINIO_ROOT_PASSWORD", "k")];
            deliver(&mut cluster, &objects, &[of_api, of_minio].concat());
            names.push(("minio:9000".to_owned(), server(200)));
        }
    }
    cluster.names(&names.iter().map(|(name, port)| (name.as_str(), *port)).collect::<Vec<_>>());
    if place.name == "openshift" {
        restricted_v2(&mut workload["spec"]["template"]["spec"]["securityContext"]);
    }
    (cluster, workload)
}

fn for_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
}

/// What OpenShift's SecurityContextConstraints of that name set when the pod is made: ids of the namespace's range.
fn restricted_v2(context: &mut Value) {
    for id in ["runAsUser", "fsGroup"] {
        assert_eq!(context.get(id), None, "restricted-v2 refuses an id outside of the namespace's range");
        context[id] = json!(1_000_660_000);
    }
}

fn done(pod: &Pod, is_job: bool) -> bool {
    if is_job { pod.events.iter().any(|(.., event)| *event == Event::Ended(0)) } else { pod.ready() }
}

fn starts(place: &Place, program: &Program) {
    let (cluster, workload) = world(place, program);
    let is_job = workload["kind"] == "Job";
    let mut pod = Pod::of(&workload);
    pod.run_until(&cluster, 180, |pod| done(pod, is_job));
    assert_eq!(pod.restarts(), 0, "{pod}");
    let running = pod.running();
    assert_eq!(running.is_empty(), is_job, "{pod}");
    for (Runs { uid, gid, groups, no_new_privileges, no_capabilities, .. }, status) in running {
        assert!(uid != 0 && no_new_privileges && no_capabilities, "restricted");
        let number = |id: u32| id.to_string();
        assert!(status("Uid").iter().all(|id| *id == number(uid)), "{:?}", status("Uid"));
        assert!(status("Gid").iter().all(|id| *id == number(gid)), "{:?}", status("Gid"));
        assert_eq!(status("Groups"), groups.into_iter().map(number).collect::<Vec<_>>());
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(status(set), ["0000000000000000"], "{set}");
        }
        assert_eq!(status("NoNewPrivs"), ["1"]);
    }
}

/// Each of these changes keeps it from starting, for a reason that the kubelet or the program says.
fn does_not(place: &Place, program: &Program) {
    let set = |pod: &mut Value, uid: Option<u32>| {
        pod["securityContext"].as_object_mut().unwrap().remove("runAsUser");
        if let Some(uid) = uid {
            pod["securityContext"]["runAsUser"] = json!(uid);
        }
    };
    fails(place, program, |pod| set(pod, Some(0)), "container's runAsUser breaks non-root policy");
    let (_, workload) = world(place, program);
    let name = workload["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    match image(name).unwrap().user {
        User::Name(name, _) => fails(place, program, |pod| set(pod, None), &format!("non-numeric user ({name})")),
        User::Number(0) => fails(place, program, |pod| set(pod, None), "image will run as root"),
        User::Number(_) => {}
    }
    for path in program.mounts {
        fails(place, program, |pod| without_mount(pod, path), path);
        let says = if *path == "/data" { "Read-only file system" } else { "(os error 30)" };
        fails(place, program, |pod| without_mount(pod, path), says);
    }
    if program.group {
        let without = |pod: &mut Value| drop(pod["securityContext"].as_object_mut().unwrap().remove("fsGroup"));
        fails(place, program, without, "Permission denied");
    }
    if program.example == "antwort" {
        let without = |cluster: &mut Cluster| {
            cluster.config_maps.values_mut().for_each(|data| drop(data.remove("ANTWORT_BACKEND_URL")));
        };
        fails_in(place, program, without, |_| {}, "couldn't find key ANTWORT_BACKEND_URL");
        let empty = |cluster: &mut Cluster| {
            cluster
                .config_maps
                .values_mut()
                .for_each(|data| drop(data.insert("ANTWORT_BACKEND_URL".into(), String::new())));
        };
        fails_in(place, program, empty, |_| {}, "ANTWORT_BACKEND_URL is required");
    }
}

fn without_mount(pod: &mut Value, path: &str) {
    let mut removed = 0;
    for list in ["initContainers", "containers"] {
        for container in pod[list].as_array_mut().into_iter().flatten() {
            let mounts = container["volumeMounts"].as_array_mut().unwrap();
            let before = mounts.len();
            mounts.retain(|mount| mount["mountPath"] != path);
            removed += before - mounts.len();
        }
    }
    assert!(removed > 0, "nothing is mounted at {path}");
}

fn fails(place: &Place, program: &Program, change: impl Fn(&mut Value), says: &str) {
    fails_in(place, program, |_| {}, change, says);
}

fn fails_in(place: &Place, program: &Program, lack: impl Fn(&mut Cluster), change: impl Fn(&mut Value), says: &str) {
    let (mut cluster, mut workload) = world(place, program);
    lack(&mut cluster);
    change(&mut workload["spec"]["template"]["spec"]);
    let mut pod = Pod::of(&workload);
    pod.run(&cluster, 60);
    assert!(!done(&pod, workload["kind"] == "Job"), "it starts all the same: {says}\n{pod}");
    let names = ["initContainers", "containers"].map(|list| workload["spec"]["template"]["spec"][list].clone());
    let names = names.iter().flat_map(|list| list.as_array().into_iter().flatten());
    let logs = names.map(|container| std::fs::read_to_string(cluster.log(container["name"].as_str().unwrap())));
    let said: String = logs.map(Result::unwrap_or_default).chain([pod.to_string()]).collect();
    assert!(said.contains(says), "not for {says:?}:\n{said}");
}
