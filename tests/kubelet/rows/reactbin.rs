//! The API behind its migration, with the Secret that Vault gives; and the UI.

use serde_json::Value;

use super::{Place, Row, deliver, restarts_what_hangs};
use crate::cluster::Cluster;
use crate::common::apps::named;
use crate::pod::{Event, Pod};
use crate::worker::Kind;

pub fn rows() -> Vec<Row> {
    let rows = |place: Place| {
        [
            place.row("the migration comes first, then the API gets ready", "RB-3", migration),
            place.row("a failing migration keeps the pod in init, and is tried again", "RB-3", failing),
            place.row("nothing starts before Vault's Secret is there", "RB-6", secret),
            place.row("an API that hangs is restarted, and not migrated again", "RB-2, RB-3", |place| {
                let (cluster, pod) = api(place);
                let pod = restarts_what_hangs(&cluster, pod, "api");
                assert_eq!(pod.times("migrate", &Event::Started).len(), 1, "{pod}");
            }),
            place.row("from outside the API's docs are a 404", "RB-4, RB-5", docs),
            place.row("a UI that hangs is restarted", "RB-2", |place| {
                let (cluster, ui) = place.workload("ui");
                restarts_what_hangs(&cluster, Pod::of(&ui), "nginx");
            }),
        ]
    };
    Place::overlays("reactbin").into_iter().flat_map(rows).collect()
}

/// The API's pod, in a cluster whose vault has what it needs; its database is a file in `db`.
fn api(place: &Place) -> (Cluster, Pod) {
    let (mut cluster, api) = place.workload("api");
    std::fs::create_dir(cluster.folder.0.join("db")).unwrap();
    let database = format!("file://{}", cluster.folder.0.join("db/schema").display());
    deliver(&mut cluster, &place.objects(), &[("DATABASE_URL", &database), ("SECRET_KEY", "k")]);
    // Image and environment of the migration are the API's; the stand-in has only one program of that image.
    let pod = &api["spec"]["template"]["spec"];
    let (init, container) = (&pod["initContainers"][0], &pod["containers"][0]);
    assert_eq!((&init["name"], &container["name"]), (&"migrate".into(), &"api".into()));
    assert_eq!(init["image"], container["image"], "tags and all");
    assert_eq!(init["envFrom"], container["envFrom"]);
    (cluster, Pod::of(&api))
}

fn migration(place: &Place) {
    let (cluster, mut pod) = api(place);
    pod.run_until(&cluster, 60, Pod::ready);
    pod.run(&cluster, 300);
    let done = pod.times("migrate", &Event::Ended(0));
    assert_eq!((done.len(), pod.restarts()), (1, 0), "{pod}");
    assert!(pod.times("api", &Event::Started)[0] >= done[0]);
    assert!(pod.ready());
    for kind in [Kind::Liveness, Kind::Readiness] {
        assert!(pod.times("api", &Event::Asked(kind, true)).len() > 20, "{kind:?}");
    }
}

fn failing(place: &Place) {
    let (cluster, mut pod) = api(place);
    std::fs::remove_dir(cluster.folder.0.join("db")).unwrap();
    pod.run(&cluster, 900);
    assert!(!pod.initialised() && !pod.ready());
    assert!(pod.times("api", &Event::Started).is_empty(), "the API never ran");
    assert!(pod.asked("api", Kind::Startup).is_empty(), "nor was it asked");
    // Again and again, and ever more rarely: it takes 3 s, and the waits are 0, 10, 20, 40 … 300 s.
    assert_eq!(pod.times("migrate", &Event::Started), [0, 3, 16, 39, 82, 165, 328, 631]);
    // The database is back: nobody has to do anything.
    std::fs::create_dir(cluster.folder.0.join("db")).unwrap();
    pod.run_until(&cluster, 600, Pod::ready);
    assert_eq!(pod.times("migrate", &Event::Ended(0)).len(), 1);
    assert_eq!(pod.times("api", &Event::Started).len(), 1);
}

fn secret(place: &Place) {
    let (mut cluster, mut pod) = api(place);
    let secrets = std::mem::take(&mut cluster.secrets);
    pod.run(&cluster, 120);
    assert!(pod.events.iter().all(|(_, name, event)| name == "migrate" && matches!(event, Event::Refused(_))));
    assert!(!pod.events.is_empty());
    cluster.secrets = secrets;
    pod.run_until(&cluster, 60, Pod::ready);
    assert_eq!(pod.restarts(), 0);
}

/// What a request by way of the Ingress gets: of the longest path that fits, as controllers choose.
fn docs(place: &Place) {
    let objects = place.objects();
    let ingress = objects.iter().find(|object| object["kind"] == "Ingress").unwrap();
    let (mut cluster, mut api) = api(place);
    let mut ui = Pod::of(named(&objects, "Deployment", "ui"));
    api.run_until(&cluster, 60, Pod::ready);
    ui.run_until(&cluster, 60, Pod::ready);
    let get = |pod: &Pod, name: &str, path: &str| {
        if name == "api" { pod.get("api", 8000, path) } else { ui.get("nginx", 8080, path) }
    };
    let from_outside = |api: &Pod, path: &str| {
        let rules = ingress["spec"]["rules"][0]["http"]["paths"].as_array().unwrap();
        let fits = |rule: &&Value| {
            let prefix = rule["path"].as_str().unwrap().trim_end_matches('/');
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let rule = rules.iter().filter(fits).max_by_key(|rule| rule["path"].as_str().unwrap().len()).unwrap();
        get(api, rule["backend"]["service"]["name"].as_str().unwrap(), path)
    };
    for (path, status) in [
        ("/", 200),
        ("/p/abc", 200),
        ("/documents", 200),
        ("/api/v1/health", 200),
        ("/api/nothing", 404),
        ("/docs", 404),
        ("/docs/oauth2-redirect", 404),
        ("/redoc", 404),
        ("/openapi.json", 404),
    ] {
        assert_eq!(from_outside(&api, path), Some(status), "{path}");
    }
    assert_eq!(ui.get("nginx", 8080, "/docs"), Some(200), "that is why they are routed to the API");
    // With its docs the API would answer: the setting counts.
    for data in cluster.config_maps.values_mut() {
        data.insert("API_DOCS_ENABLED".to_owned(), "true".to_owned());
    }
    let mut open = Pod::of(named(&objects, "Deployment", "api"));
    open.run_until(&cluster, 60, Pod::ready);
    assert_eq!(from_outside(&open, "/docs"), Some(200));
}
