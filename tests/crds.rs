//! Custom resources that krmor makes are what their operators' own schemas ask for, in every README case of every function.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::cases;
use common::crds::Crds;
use krmor::functions::Outcome;
use krmor::report::Report;
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::{Value, json};

fn parse(text: &str) -> Vec<Value> {
    yaml::parse(&Arc::new(text.to_owned())).unwrap().iter().filter_map(|d| d.root().to_value()).collect()
}

#[test]
fn what_functions_make_fits_the_operators_schemas() {
    let crds = Crds::load();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases::all() {
        let config = yaml::parse(&Arc::new(case.config.clone())).unwrap();
        let Ok(pipeline) = krmor::config::read(config[0].root(), None) else { continue };
        let mut stream = Stream::parse(&Arc::new(case.input.clone())).unwrap();
        if pipeline.run(&mut stream, &mut Report::default()) != Outcome::Ok {
            continue;
        }
        for object in parse(&stream.render()) {
            if let Some(problems) = crds.problems(&object) {
                assert!(problems.is_empty(), "{}: {}: {problems:#?}\n{object:#}", case.file.display(), case.title);
                *seen.entry(object["kind"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
    }
    println!("{seen:?}");
    let vault = ["VaultConnection", "VaultAuth", "VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"];
    let others = ["HTTPRoute", "PodMonitor", "Route", "ServiceMonitor"];
    for kind in vault.into_iter().chain(others).chain(["SecretStore", "ExternalSecret", "SecretProviderClass"]) {
        assert!(seen.contains_key(kind), "no case makes a {kind}");
    }
}

/// The schemas have teeth: what an API server would refuse, or drop in silence, is found.
#[test]
fn what_does_not_fit_is_found() {
    let crds = Crds::load();
    let good = json!({
        "apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": {"name": "a"},
        "spec": {"host": "a.example.com", "to": {"kind": "Service", "name": "a"}, "port": {"targetPort": "http"}},
    });
    assert_eq!(crds.problems(&good), Some(Vec::new()));
    assert_eq!(crds.problems(&json!({"apiVersion": "v1", "kind": "Service"})), None);
    let cases = [
        ("/spec/hots", json!("a")),
        ("/spec/to/wieght", json!(1)),
        ("/spec/to/kind", json!("Deployment")),
        ("/spec/to/weight", json!("100")),
        ("/spec/to/weight", json!(257)),
        ("/spec/port/targetPort", json!(0)),
        ("/spec/port/targetPort", json!(true)),
        ("/spec/path", json!("a")),
        ("/spec/host", json!("a b")),
        ("/spec/tls", json!({"insecureEdgeTerminationPolicy": "Redirect"})),
        ("/spec/tls", json!({"termination": "edge", "destinationCACertificate": "a"})),
        ("/spec", json!({"to": {"kind": "Service", "name": "a"}, "path": "/a", "tls": {"termination": "passthrough"}})),
        ("/data", json!({})),
    ];
    for (pointer, value) in cases {
        let mut bad = good.clone();
        let patch = json!([{"op": "add", "path": pointer, "value": value}]);
        json_patch::patch(&mut bad, &serde_json::from_value::<json_patch::Patch>(patch).unwrap()).unwrap();
        assert!(crds.problems(&bad).is_some_and(|problems| !problems.is_empty()), "{pointer}: {value} passes");
    }
}
