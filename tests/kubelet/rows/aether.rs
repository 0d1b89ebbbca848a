//! The API and the scheduler with their database and their Secrets, the migration before them, and the UI.

use serde_json::Value;

use super::{Place, Row, named, restarts_what_hangs};
use crate::cluster::Cluster;
use crate::pod::{Event, Pod};
use crate::worker::Kind;

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for place in Place::overlays("aether") {
        for (program, id) in [("api", "AE-4"), ("scheduler", "AE-5")] {
            rows.push(place.row(
                &format!("without its database the {program} is not ready, and not restarted"),
                id,
                move |place| {
                    without_database(place, program);
                },
            ));
            rows.push(place.row(&format!("the {program} is restarted when it hangs"), id, move |place| {
                let (cluster, pod) = pod(place, program);
                restarts_what_hangs(&cluster, pod, program);
            }));
            rows.push(place.row(
                &format!("the {program} does not start before its Secret is there"),
                "AE-3",
                move |place| {
                    without_secret(place, program);
                },
            ));
        }
        rows.push(place.row("the migration runs before the program, or in a Job that ends", "AE-12", migration));
        rows.push(place.row(
            "the UI starts behind copies of what its image has, and is restarted when it hangs",
            "AE-6",
            ui,
        ));
    }
    rows
}

/// The file that plays the database, for programs that are in no container.
pub fn database(cluster: &Cluster) -> String {
    format!("file://{}", cluster.folder.0.join("db/schema").display())
}

/// Makes the Secrets that the operator would make, or puts other values into those of the stream; the database is a file.
pub fn deliver(cluster: &mut Cluster, objects: &[Value], database: &str) {
    std::fs::create_dir(cluster.folder.0.join("db")).unwrap();
    let vault = [
        ("DATABASE_URL", database),
        ("JWT_SECRET", "j"),
        ("LLM_API_KEY", "l"),
        ("HA_TOKEN", "h"),
        ("POSTGRES_PASSWORD", "p"),
    ];
    super::deliver(cluster, objects, &vault);
    let data = vault.map(|(key, value)| (key.to_owned(), value.to_owned()));
    for name in secrets(objects) {
        cluster.secrets.insert(name, data.clone().into());
    }
}

/// The Secrets of the programs, by the names that they ask for.
fn secrets(objects: &[Value]) -> impl Iterator<Item = String> {
    let sources = &named(objects, "Deployment", "api")["spec"]["template"]["spec"]["containers"][0]["envFrom"];
    let needed = sources.as_array().into_iter().flatten().filter(|source| source["secretRef"]["optional"] != true);
    needed.filter_map(|source| source["secretRef"]["name"].as_str().map(str::to_owned))
}

fn pod(place: &Place, program: &str) -> (Cluster, Pod) {
    let (mut cluster, workload) = place.workload(program);
    let database = database(&cluster);
    deliver(&mut cluster, &place.objects(), &database);
    (cluster, Pod::of(&workload))
}

fn without_database(place: &Place, program: &str) {
    let (cluster, mut pod) = pod(place, program);
    pod.run_until(&cluster, 60, Pod::ready);
    std::fs::remove_dir_all(cluster.folder.0.join("db")).unwrap();
    pod.run_until(&cluster, 30, |pod| !pod.ready());
    pod.run(&cluster, 600);
    assert!(!pod.ready() && pod.restarts() == 0, "no restart mends a database: {pod}");
    std::fs::create_dir(cluster.folder.0.join("db")).unwrap();
    pod.run_until(&cluster, 30, Pod::ready);
}

fn without_secret(place: &Place, program: &str) {
    let (mut cluster, mut pod) = pod(place, program);
    let there = std::mem::take(&mut cluster.secrets);
    pod.run(&cluster, 120);
    assert!(pod.events.len() > 10 && pod.events.iter().all(|(.., event)| matches!(event, Event::Refused(_))), "{pod}");
    cluster.secrets = there;
    pod.run_until(&cluster, 60, Pod::ready);
    assert_eq!(pod.restarts(), 0);
}

fn migration(place: &Place) {
    let objects = place.objects();
    if let Some(job) = objects.iter().find(|object| object["kind"] == "Job") {
        let mut cluster = Cluster::of(&objects);
        let database = database(&cluster);
        deliver(&mut cluster, &objects, &database);
        let mut pod = Pod::of(job);
        pod.run(&cluster, 60);
        assert_eq!(pod.times("migrate", &Event::Ended(0)), [3], "{pod}");
        assert_eq!(std::fs::read_to_string(cluster.folder.0.join("db/schema")).unwrap(), "head");
        return;
    }
    for program in ["api", "scheduler"] {
        let (cluster, mut pod) = pod(place, program);
        pod.run_until(&cluster, 60, Pod::ready);
        let done = pod.times("migrate", &Event::Ended(0));
        assert!(done.len() == 1 && pod.times(program, &Event::Started)[0] >= done[0], "{pod}");
    }
}

fn ui(place: &Place) {
    let (cluster, ui) = place.workload("ui");
    let pod = restarts_what_hangs(&cluster, Pod::of(&ui), "nginx");
    let first = pod.times("nginx", &Event::Started)[0];
    let init = ui["spec"]["template"]["spec"]["initContainers"].as_array().unwrap();
    assert_eq!(init.len(), 2, "the web root and conf.d");
    for container in init {
        let ended = pod.times(container["name"].as_str().unwrap(), &Event::Ended(0));
        assert!(ended.len() == 1 && ended[0] <= first, "{pod}");
    }
    assert!(!pod.asked("nginx", Kind::Readiness).is_empty());
}
