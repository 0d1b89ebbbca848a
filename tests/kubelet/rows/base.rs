//! The same programs without our functions: what the rows of the overlays show is not there, so they can fail.

use super::{Place, Row, argusai, hangs_unseen};
use crate::pod::{Event, Pod};

pub fn rows() -> Vec<Row> {
    let [aether, antwort, argus, reactbin] = ["aether", "antwort", "argusai", "reactbin"].map(Place::base);
    let mut rows = vec![
        aether.row("unhardened, an API without its database stays ready", "not AE-4", |place| {
            let (mut cluster, api) = place.workload("api");
            let database = super::aether::database(&cluster);
            super::aether::deliver(&mut cluster, &place.objects(), &database);
            let mut pod = Pod::of(&api);
            pod.run_until(&cluster, 60, Pod::ready);
            std::fs::remove_dir(cluster.folder.0.join("db")).unwrap();
            pod.run(&cluster, 600);
            assert_eq!(pod.get("api", 8000, "/api/v1/ready"), Some(503));
            assert!(pod.ready(), "it is given requests that it cannot answer");
        }),
        aether.row("unhardened, a UI that hangs stays ready for ever", "not AE-6", |place| {
            let (cluster, ui) = place.workload("ui");
            hangs_unseen(&cluster, Pod::of(&ui), "nginx", 8080, "/healthz");
        }),
        antwort.row("unhardened, ready without a backend", "not AW-10", |place| {
            let (cluster, gateway, _) = super::antwort::with_backend(place);
            cluster.names(&[]);
            let mut pod = Pod::of(&gateway);
            pod.run(&cluster, 600);
            assert_eq!(pod.get("antwort", 8080, "/healthz?check=backend"), Some(503));
            assert!(pod.ready(), "it is given requests that it cannot answer");
        }),
        antwort.row("unhardened, a gateway that hangs stays ready for ever", "not AW-2", |place| {
            let (cluster, gateway, _) = super::antwort::with_backend(place);
            hangs_unseen(&cluster, Pod::of(&gateway), "antwort", 8080, "/healthz");
        }),
        reactbin.row("unhardened, the API is ready on a database without a schema", "not RB-3", |place| {
            let (mut cluster, api) = place.workload("api");
            // As somebody without Vault would: the address is in the ConfigMap.
            let database = format!("file://{}", cluster.folder.0.join("schema").display());
            for data in cluster.config_maps.values_mut() {
                data.insert("DATABASE_URL".to_owned(), database.clone());
            }
            let mut pod = Pod::of(&api);
            pod.run(&cluster, 600);
            assert_eq!(pod.get("api", 8000, "/api/v1/health"), Some(503));
            assert!(pod.ready() && pod.restarts() == 0);
        }),
        reactbin.row("unhardened, without its Secret the API ends at once, over and over", "not RB-6", |place| {
            let (cluster, api) = place.workload("api");
            let mut pod = Pod::of(&api);
            pod.run(&cluster, 600);
            assert!(!pod.times("api", &Event::Started).is_empty(), "nothing holds it back");
            assert!(pod.restarts() >= 5 && !pod.ready(), "{}", pod.restarts());
        }),
        reactbin.row("unhardened, a UI that hangs stays ready for ever", "not RB-2", |place| {
            let (cluster, ui) = place.workload("ui");
            hangs_unseen(&cluster, Pod::of(&ui), "nginx", 8080, "/");
        }),
    ];
    for (workload, container, port, path, ids) in [
        ("argusai-backend", "backend", 8000, "/api/v1/system/health", "not AR-1, not AR-4"),
        ("argusai-frontend", "frontend", 3000, "/", "not AR-2, not AR-4"),
    ] {
        let what = format!("unhardened, a {container} that hangs stays ready for ever");
        rows.push(argus.row(&what, ids, move |place| {
            let (mut cluster, deployment) = place.workload(workload);
            let vault = argusai::VAULT.map(|(key, value)| (key.to_owned(), value.to_owned()));
            cluster.secrets.insert("argusai".to_owned(), vault.into());
            hangs_unseen(&cluster, Pod::of(&deployment), container, port, path);
        }));
    }
    rows
}
