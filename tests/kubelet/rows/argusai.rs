//! Backend and frontend: ready, asked when their configs say, answering in time.

use std::time::Duration;

use super::{Place, Row, deliver, restarts_what_hangs};
use crate::cluster::Cluster;
use crate::pod::{Event, Pod};
use crate::worker::Kind;

/// What each overlay's Secret holds.
pub const VAULT: [(&str, &str); 2] =
    [("ENCRYPTION_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), ("JWT_SECRET_KEY", "k")];

/// Workload, container, ids, the delays of liveness and readiness.
const PROGRAMS: [(&str, &str, &str, u64, u64); 2] =
    [("argusai-backend", "backend", "AR-1", 15, 5), ("argusai-frontend", "frontend", "AR-2", 15, 15)];

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for place in Place::overlays("argusai") {
        rows.push(place.row("both get ready, health answers within 100 ms", "AR-4", health));
        rows.push(place.row("without its Secret the backend does not start; with it, it gets ready", "AR-1", secret));
        for (workload, container, id, liveness, readiness) in PROGRAMS {
            rows.push(place.row(&format!("the {container} is asked after its delays"), id, move |place| {
                let (cluster, mut pod) = pod(place, workload);
                pod.run(&cluster, 300);
                for (kind, delay) in [(Kind::Liveness, liveness), (Kind::Readiness, readiness)] {
                    let first = pod.asked(container, kind)[0] - pod.times(container, &Event::Started)[0];
                    // Not before, and with the first tick after it.
                    assert!((delay..=delay + 20).contains(&first), "{kind:?} after {first} s");
                }
                let period = pod.asked(container, Kind::Liveness).windows(2).all(|times| times[1] - times[0] == 20);
                assert!(period && pod.ready() && pod.restarts() == 0, "{pod}");
            }));
            rows.push(place.row(&format!("a {container} that hangs is restarted"), id, move |place| {
                let (cluster, pod) = pod(place, workload);
                restarts_what_hangs(&cluster, pod, container);
            }));
        }
    }
    rows
}

fn pod(place: &Place, workload: &str) -> (Cluster, Pod) {
    let (mut cluster, workload) = place.workload(workload);
    deliver(&mut cluster, &place.objects(), &VAULT);
    (cluster, Pod::of(&workload))
}

fn health(place: &Place) {
    for (workload, container, ..) in PROGRAMS {
        let (cluster, mut pod) = pod(place, workload);
        pod.run_until(&cluster, 60, Pod::ready);
        assert_eq!(pod.restarts(), 0);
        // The best of some: the machine may be busy with other tests.
        let answers = std::iter::repeat_with(|| pod.answer(&cluster, container, Kind::Readiness)).take(20);
        let best = answers.filter(|answer| answer.success).map(|answer| answer.took).min().unwrap();
        assert!(best <= Duration::from_millis(100), "{container}: {best:?}");
    }
}

fn secret(place: &Place) {
    let (mut cluster, mut pod) = pod(place, "argusai-backend");
    let secrets = std::mem::take(&mut cluster.secrets);
    pod.run(&cluster, 120);
    let refused = |event: &Event| matches!(event, Event::Refused(message) if message.starts_with("secret \"argusai"));
    assert!(pod.events.len() > 10 && pod.events.iter().all(|(.., event)| refused(event)), "{pod}");
    assert!(!pod.ready());
    cluster.secrets = secrets;
    pod.run_until(&cluster, 60, Pod::ready);
    assert_eq!(pod.restarts(), 0);
}
