//! The API behind its migration, with the Secret that Vault gives; and the UI.

use super::{Place, Row, deliver, restarts_what_hangs};
use crate::cluster::Cluster;
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
