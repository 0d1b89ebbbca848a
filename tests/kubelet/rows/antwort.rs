//! The gateway: readiness sees the backend, liveness does not, startup has its own budget.

use serde_json::{Value, json};

use super::{Place, Row, restarts_what_hangs, server};
use crate::cluster::Cluster;
use crate::pod::{Event, Pod};
use crate::worker::{Kind, Numbers};

const IT: &str = "antwort";

pub fn rows() -> Vec<Row> {
    let rows = |place: Place| {
        [
            place.row("ready with a backend, unready and never restarted without one", "AW-10", backend),
            place.row("without the backend's URL it is held back, and never restarted", "AW-10", no_url),
            place.row("an empty URL ends the program, which is started ever more rarely", "not AW-10", empty_url),
            place.row("were liveness to look at the backend, it would be restarted", "AW-10", naive),
            place.row("a slow start within the budget is left alone, one beyond is killed", "AW-2", startup),
            place.row("a gateway that hangs is taken out, then restarted", "AW-2", |place| {
                let (cluster, gateway, _) = with_backend(place);
                let pod = Pod::of(&gateway);
                restarts_what_hangs(&cluster, pod, IT);
            }),
        ]
    };
    Place::overlays("antwort").into_iter().flat_map(rows).collect()
}

/// The gateway, in a cluster with its backend; and the backend's `host:port`.
pub fn with_backend(place: &Place) -> (Cluster, Value, String) {
    let (cluster, gateway) = place.workload(IT);
    let mut urls = cluster.config_maps.values().filter_map(|data| data.get("ANTWORT_BACKEND_URL"));
    let name = urls.next().unwrap().strip_prefix("http://").unwrap().to_owned();
    cluster.names(&[(&name, server(200))]);
    (cluster, gateway, name)
}

/// Nothing changes for so many seconds.
fn stays_unready(pod: &mut Pod, cluster: &Cluster, seconds: u64) {
    let before = pod.events.len();
    pod.run(cluster, seconds);
    let changes = pod.events[before..].iter().filter(|(_, _, event)| !matches!(event, Event::Asked(..)));
    assert_eq!(changes.collect::<Vec<_>>(), Vec::<&(u64, String, Event)>::new());
    assert!(!pod.ready());
}

fn backend(place: &Place) {
    let (cluster, gateway, name) = with_backend(place);
    let well = server(200);
    let mut pod = Pod::of(&gateway);
    pod.run_until(&cluster, 60, Pod::ready);
    // No such name; nothing listens; it fails; it takes requests and never answers (each probe of it really waits).
    for (down, seconds) in [(None, 600), (Some(1), 600), (Some(server(503)), 600), (Some(server(0)), 15)] {
        let names = down.map(|port| (name.as_str(), port));
        cluster.names(names.as_slice());
        pod.run_until(&cluster, 60, |pod| !pod.ready());
        stays_unready(&mut pod, &cluster, seconds);
        cluster.names(&[(&name, well)]);
        pod.run_until(&cluster, 60, Pod::ready);
    }
    assert_eq!(pod.restarts(), 0);
    assert!(pod.times(IT, &Event::Asked(Kind::Liveness, true)).len() > 100, "liveness was asked all the time");
    assert_eq!(pod.times(IT, &Event::Asked(Kind::Liveness, false)), Vec::<u64>::new());
}

/// Somebody takes the setting away in the cluster, past the check while rendering. The program would exit; the kubelet does
/// not start it, since the pod names the key.
fn no_url(place: &Place) {
    let (mut cluster, gateway, _) = with_backend(place);
    let kept = cluster.config_maps.clone();
    for data in cluster.config_maps.values_mut() {
        data.remove("ANTWORT_BACKEND_URL");
    }
    let mut pod = Pod::of(&gateway);
    pod.run(&cluster, 600);
    let refused = |event: &Event| matches!(event, Event::Refused(why) if why.contains("key ANTWORT_BACKEND_URL"));
    assert!(!pod.events.is_empty() && pod.events.iter().all(|(.., event)| refused(event)), "{pod}");
    assert!(!pod.ready() && pod.restarts() == 0);
    cluster.config_maps = kept;
    pod.run_until(&cluster, 60, Pod::ready);
    assert_eq!(pod.restarts(), 0);
}

/// What nobody can hold back: a value that is there, and empty. `Environment` refuses it while rendering.
fn empty_url(place: &Place) {
    let (mut cluster, gateway, _) = with_backend(place);
    for data in cluster.config_maps.values_mut() {
        data.insert("ANTWORT_BACKEND_URL".to_owned(), String::new());
    }
    let mut pod = Pod::of(&gateway);
    pod.run(&cluster, 600);
    assert!(!pod.ready() && pod.restarts() >= 3, "{pod}");
}

/// The runner can fail: this is what the separate paths are for.
fn naive(place: &Place) {
    let (cluster, mut gateway, _) = with_backend(place);
    let container = &mut gateway["spec"]["template"]["spec"]["containers"][0];
    container["livenessProbe"]["httpGet"]["path"] = json!("/healthz?check=backend");
    let mut pod = Pod::of(&gateway);
    pod.run_until(&cluster, 60, Pod::ready);
    cluster.names(&[]);
    pod.run(&cluster, 900);
    assert!(!pod.ready());
    assert!(pod.restarts() >= 3, "{}", pod.restarts());
}

fn startup(place: &Place) {
    let (cluster, gateway, _) = with_backend(place);
    let container = &gateway["spec"]["template"]["spec"]["containers"][0];
    let numbers = Numbers::of(&serde_json::from_value(container["startupProbe"].clone()).unwrap());
    let budget = numbers.initial_delay + numbers.failures * numbers.period;

    let mut slow = Pod::of(&gateway);
    slow.fault(IT, 1, &format!("starts-after={}", budget - numbers.period));
    slow.run_until(&cluster, budget + 30, Pod::ready);
    assert_eq!(slow.restarts(), 0);
    // Nobody else asked before it had started.
    let started = slow.times(IT, &Event::Asked(Kind::Startup, true));
    assert_eq!(started.len(), 1, "and it was not asked again");
    for kind in [Kind::Liveness, Kind::Readiness] {
        let first = slow.asked(IT, kind).first().copied();
        assert!(first.is_none_or(|first| first >= started[0]), "{kind:?} at {first:?}, started at {started:?}");
    }

    let mut never = Pod::of(&gateway);
    never.fault(IT, 1, &format!("starts-after={}", budget + numbers.period));
    never.run_until(&cluster, budget + 10, |pod| pod.restarts() > 0);
    assert_eq!(never.times(IT, &Event::Killed(Kind::Startup)), [budget]);
    assert_eq!(never.asked(IT, Kind::Startup).len(), usize::try_from(numbers.failures).unwrap());
    assert!(never.asked(IT, Kind::Liveness).is_empty(), "liveness had no part in it");
    // The next one starts in time.
    never.run_until(&cluster, 60, Pod::ready);
    assert_eq!(never.restarts(), 1);
}
