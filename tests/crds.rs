//! Custom resources that krmor makes are what their operators' own schemas ask for, in every README case of every function.

use std::collections::BTreeMap;

use crate::common::apps::objects;
use crate::common::cases;
use crate::common::crds::Crds;
use serde_json::json;

#[test]
fn what_functions_make_fits_the_operators_schemas() {
    let crds = Crds::load();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases::all() {
        let Some(output) = case.output() else { continue };
        for object in objects(output) {
            if let Some(problems) = crds.problems(&object) {
                assert!(problems.is_empty(), "{}: {}: {problems:#?}\n{object:#}", case.file.display(), case.title);
                *seen.entry(object["kind"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
    }
    println!("{seen:?}");
    let vault = ["VaultConnection", "VaultAuth", "VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"];
    let others = [
        "BackendTLSPolicy",
        "HTTPRoute",
        "ListenerSet",
        "PodMonitor",
        "Route",
        "ScaledObject",
        "ServiceMonitor",
        "TLSRoute",
    ];
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
