//! Exposure, rule by rule: Services, ports and paths that are found or refused, and each provider's shapes.

use std::sync::Arc;

use crate::common::Random;
use crate::common::crds::Crds;
use krmor::pipeline::Outcome;
use krmor::report::{Class, Report};
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::{Value, json};

struct Done {
    outcome: Outcome,
    output: String,
    objects: Vec<Value>,
    report: Report,
}

impl Done {
    fn the(&self, kind: &str) -> &Value {
        let mut found = self.objects.iter().filter(|object| object["kind"] == kind);
        let object = found.next().unwrap_or_else(|| panic!("no {kind}: {:#?}", self.report.findings));
        assert!(found.next().is_none(), "more than one {kind}");
        object
    }

    fn errors(&self) -> Vec<String> {
        let errors = self.report.findings.iter().filter(|f| f.severity == krmor::report::Severity::Error);
        errors.map(|f| format!("{}: {}", f.rule.id, f.message)).collect()
    }
}

fn run(spec: &Value, input: &str) -> Done {
    let config =
        json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Exposure", "metadata": {"name": "a"}, "spec": spec});
    let config = yaml::parse(&Arc::new(crate::common::quiet(config).to_string())).unwrap();
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let mut report = Report::default();
    let outcome = match krmor::config::read(config[0].root(), None) {
        Ok(pipeline) => pipeline.run(&mut stream, &mut report),
        Err(problems) => {
            report = crate::common::refused(problems);
            Outcome::Usage
        }
    };
    let output = stream.render();
    let objects = yaml::parse(&Arc::new(output.clone())).unwrap().iter().filter_map(|d| d.root().to_value()).collect();
    Done { outcome, output, objects, report }
}

/// Runs, and again over the output: nothing may change.
fn good(spec: &Value, input: &str) -> Done {
    let done = run(spec, input);
    assert_eq!(done.outcome, Outcome::Ok, "{spec}: {:?}", done.errors());
    let again = run(spec, &done.output);
    assert_eq!((again.outcome, &again.output), (Outcome::Ok, &done.output), "{spec}: {:?}", again.errors());
    assert!(again.report.changes.is_empty());
    assert!(done.report.changes.iter().all(|change| change.why.class == Class::Added));
    done
}

fn refused(spec: &Value, input: &str, says: &str) {
    let done = run(spec, input);
    assert_ne!(done.outcome, Outcome::Ok, "{spec} passes:\n{}", done.output);
    assert!(done.errors().iter().any(|error| error.contains(says)), "{spec}: {:?}, not {says}", done.errors());
    let says = |finding: &krmor::report::Finding| krmor::krm::message(finding).into_owned();
    let twice: Vec<String> = done.report.findings.iter().map(says).collect();
    let mut once = twice.clone();
    once.dedup();
    assert_eq!(once, twice, "said twice");
}

fn problem(spec: &Value) -> String {
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Exposure", "spec": spec});
    let config = yaml::parse(&Arc::new(config.to_string())).unwrap();
    crate::common::told(&krmor::config::read(config[0].root(), None).unwrap_err())
}

fn workload(kind: &str, name: &str, app: &str, ports: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  labels: {{app: {app}, of: {name}}}\nspec:\n  \
         selector: {{matchLabels: {{app: {app}}}}}\n  template:\n    metadata: {{labels: {{app: {app}}}}}\n    spec:\n      \
         containers:\n      - {{name: main, image: 'a:1', ports: [{ports}]}}\n"
    )
}

fn service(name: &str, app: &str, ports: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {app}}}, ports: [{ports}]}}\n"
    )
}

fn stream(documents: &[String]) -> String {
    documents.join("---\n")
}

fn web() -> String {
    stream(&[
        workload("Deployment", "web", "web", "{name: http, containerPort: 8080}"),
        service("web", "web", "{name: http, port: 80, targetPort: http}"),
    ])
}

fn two() -> String {
    let api = workload("Deployment", "api", "api", "{name: http, containerPort: 8000}");
    let ui = workload("StatefulSet", "ui", "ui", "{containerPort: 3000}");
    stream(&[
        api,
        service("api", "api", "{port: 80, targetPort: http}"),
        ui,
        service("ui", "ui", "{port: 80, targetPort: 3000}"),
    ])
}

const PROVIDERS: [&str; 3] = ["route", "ingress", "httpRoute"];

/// Everything that any provider reads, so that `provider` is the only edit.
fn full(provider: &str) -> Value {
    json!({
        "provider": provider, "host": "app.example.com", "ingressClassName": "nginx", "ingressController": "nginx",
        "gateway": {"name": "public", "namespace": "gw", "sectionName": "https", "httpSectionName": "http"},
        "tls": {"issuer": {"kind": "ClusterIssuer", "name": "letsencrypt"}},
    })
}

fn with(mut spec: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec
}

#[test]
fn one_config_serves_three_providers_and_fits_their_schemas() {
    let crds = Crds::load();
    let paths = json!([{"path": "/", "service": "ui"}, {"path": "/api/", "service": "api"}, {"path": "/api/v1/docs", "service": "ui"}]);
    for provider in PROVIDERS {
        let whole = with(full(provider), &json!({"service": "api", "name": "edge"}));
        for spec in [whole, with(full(provider), &json!({"paths": paths}))] {
            let done = good(&spec, &two());
            let made = done.report.changes.len();
            let wanted = match (provider, spec.get("paths").is_some()) {
                ("route", true) => 3,
                ("httpRoute", _) => 2,
                _ => 1,
            };
            assert_eq!(made, wanted, "{spec}");
            for object in &done.objects {
                assert!(
                    crds.problems(object).is_none_or(|problems| problems.is_empty()),
                    "{object:#}: {:?}",
                    crds.problems(object)
                );
            }
        }
    }
}

#[test]
fn the_longest_path_stands_first_whatever_the_config_says() {
    let mut paths = vec![
        json!({"path": "/", "service": "ui"}),
        json!({"path": "/api/v1", "service": "api"}),
        json!({"path": "/api", "service": "ui"}),
        json!({"path": "/api", "pathType": "Exact", "service": "api"}),
    ];
    for _ in 0..paths.len() {
        paths.rotate_left(1);
        let done = good(&with(full("ingress"), &json!({"paths": paths, "name": "x"})), &two());
        let made = done.the("Ingress")["spec"]["rules"][0]["http"]["paths"].as_array().unwrap().clone();
        let order: Vec<String> = made
            .iter()
            .map(|p| format!("{} {}", p["path"].as_str().unwrap(), p["pathType"].as_str().unwrap()))
            .collect();
        assert_eq!(order, ["/api/v1 Prefix", "/api Exact", "/api Prefix", "/ Prefix"]);
        let done = good(&with(full("httpRoute"), &json!({"paths": paths, "name": "x"})), &two());
        let route = done.objects.iter().find(|o| o["kind"] == "HTTPRoute" && o["metadata"]["name"] == "x").unwrap();
        let order: Vec<&str> = route["spec"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["matches"][0]["path"]["value"].as_str().unwrap())
            .collect();
        assert_eq!(order, ["/api/v1", "/api", "/api", "/"]);
    }
}

#[test]
fn a_route_never_names_the_port_number_of_the_service() {
    let cases = [
        ("{name: http, containerPort: 8080}", "{name: front, port: 80, targetPort: http}", json!("front")),
        ("{name: http, containerPort: 8080}", "{name: front, port: 80, targetPort: 8080}", json!("front")),
        ("{name: http, containerPort: 8080}", "{port: 80, targetPort: http}", json!(8080)),
        ("{name: http, containerPort: 8080}", "{port: 80, targetPort: 8080}", json!(8080)),
        ("{containerPort: 80}", "{port: 80}", json!(80)),
        ("", "{port: 80, targetPort: 9000}", json!(9000)),
    ];
    for (container, port, wanted) in cases {
        let input = stream(&[workload("Deployment", "web", "web", container), service("web", "web", port)]);
        let done = good(&full("route"), &input);
        assert_eq!(done.the("Route")["spec"]["port"]["targetPort"], wanted, "{port}");
    }
    // Two workloads, two numbers for one name: the Service's port needs a name.
    let both = [
        workload("Deployment", "web", "web", "{name: http, containerPort: 8080}"),
        workload("Deployment", "web-2", "web", "{name: http, containerPort: 8081}"),
        service("web", "web", "{port: 80, targetPort: http}"),
    ];
    refused(&full("route"), &stream(&both), "port 80 has no name");
    good(&full("ingress"), &stream(&both));
}

#[test]
fn ports_exist_or_are_refused() {
    let http = "{name: http, containerPort: 8080}";
    let cases = [
        (http, "{name: http, port: 80, targetPort: http}", json!(null), ""),
        (http, "{name: a, port: 80, targetPort: http}, {name: http, port: 81, targetPort: 8080}", json!(null), ""),
        (
            http,
            "{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: 8080}",
            json!(null),
            "has several ports",
        ),
        (http, "{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: 8080}", json!("b"), ""),
        (http, "{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: 8080}", json!(80), ""),
        (http, "{name: a, port: 80, targetPort: http}, {name: u, port: 53, protocol: UDP}", json!(null), ""),
        (http, "{name: u, port: 53, protocol: UDP}", json!(null), "has no TCP port"),
        (http, "{name: u, port: 53, protocol: UDP}", json!("u"), "is for UDP"),
        (http, "{port: 80, targetPort: 8080}", json!(8080), "has no port `8080`"),
        (http, "{port: 80, targetPort: http}", json!("http"), "has no port `http`"),
        (http, "{port: 80, targetPort: web}", json!(null), "sends to the port `web`"),
        (http, "{port: 80, targetPort: 9999}", json!(null), "sends to the port `9999`"),
        (http, "{port: 80}", json!(null), "sends to the port `80`"),
        ("", "{port: 80, targetPort: 9999}", json!(null), ""),
        ("", "{port: 80, targetPort: web}", json!(null), "sends to the port `web`"),
        (http, "", json!(null), "has no ports"),
    ];
    for (container, ports, port, says) in cases {
        let input = stream(&[workload("Deployment", "web", "web", container), service("web", "web", ports)]);
        let spec = if port.is_null() { full("ingress") } else { with(full("ingress"), &json!({"port": port})) };
        if says.is_empty() {
            good(&spec, &input);
        } else {
            refused(&spec, &input, says);
        }
    }
}

#[test]
fn services_are_found_by_name_or_by_their_workloads() {
    let named = |name: &str| with(full("ingress"), &json!({"service": name}));
    refused(&full("ingress"), &two(), "have several: Service api, Service ui");
    refused(&named("apy"), &two(), "no Service `apy`");
    assert_eq!(good(&named("api"), &two()).the("Ingress")["metadata"]["labels"]["of"], "api");
    let target = json!({"targets": [{"kind": "StatefulSet"}]});
    assert_eq!(good(&with(full("ingress"), &target), &two()).the("Ingress")["metadata"]["name"], "ui");
    refused(&with(named("api"), &target), &two(), "no Service `api` sends to a targeted workload");
    refused(
        &with(full("ingress"), &json!({"exclude": [{"name": "api"}], "service": "api"})),
        &two(),
        "no Service `api`",
    );
    good(&with(full("ingress"), &json!({"exclude": [{"name": "api"}]})), &two());
    // A headless Service stands beside the one for clients.
    let headless =
        service("web-pods", "web", "{port: 80, targetPort: http}").replace("selector", "clusterIP: None, selector");
    good(&full("ingress"), &stream(&[web(), headless]));
    // A Job with the same labels is not what is exposed.
    let job = workload("Deployment", "a-job", "web", "").replace("apps/v1", "batch/v1").replace("Deployment", "Job");
    assert_eq!(good(&full("ingress"), &stream(&[job, web()])).the("Ingress")["metadata"]["name"], "web");
    // A Service whose pods are elsewhere can be named; it serves for the workload.
    let alone = service("web", "web", "{name: http, port: 80}");
    assert_eq!(good(&named("web"), &alone).the("Ingress")["metadata"]["name"], "web");
    refused(&full("ingress"), &alone, "no Service sends to a targeted workload");
    let two_spaces = web()
        + "---\n"
        + &web()
            .replace("name: web\n", "name: web\n  namespace: b\n")
            .replace("{name: web}", "{name: web, namespace: b}");
    refused(&named("web"), &two_spaces, "`web` can be Service web, Service b/web");
    let paths = json!({"paths": [{"service": "api"}, {"path": "/b", "service": "ui"}]});
    let apart =
        two().replace("{name: ui}", "{name: ui, namespace: b}").replace("name: ui\n", "name: ui\n  namespace: b\n");
    refused(&with(full("ingress"), &paths), &apart, "in two namespaces");
}

#[test]
fn what_a_provider_cannot_say_is_refused() {
    let tls = |more: Value| json!({"tls": more});
    let cases = [
        ("route", json!({"paths": [{"pathType": "Exact"}]}), "start of paths only"),
        ("route", json!({"host": "*.example.com"}), "cannot have the host"),
        ("httpRoute", json!({"gateway": null}), "needs the Gateway"),
        ("httpRoute", json!({"gateway": {"name": "a"}}), "both listeners by name"),
        (
            "httpRoute",
            json!({"gateway": {"name": "a", "sectionName": "b", "httpSectionName": "b"}}),
            "redirect to itself",
        ),
        (
            "httpRoute",
            json!({"host": null, "tls": {"termination": "passthrough"}}),
            "sees nothing of a request but its host",
        ),
        ("httpRoute", tls(json!({"termination": "reencrypt"})), "BackendTLSPolicy"),
        ("httpRoute", json!({"paths": [{"pathType": "ImplementationSpecific"}]}), "has no such type"),
        ("route", json!({"paths": [{"pathType": "RegularExpression"}]}), "start of paths only"),
        (
            "ingress",
            json!({"ingressClassName": "own", "ingressController": null}),
            "it is not known how the controller of the class `own`",
        ),
        ("ingress", json!({"ingressClassName": null, "ingressController": null}), "controller of the default class"),
        ("ingress", json!({"ingressController": null}), "ingress-nginx, which is retired since March 2026"),
        (
            "ingress",
            json!({"ingressClassName": "traefik", "ingressController": null}),
            "Traefik redirects by a Middleware",
        ),
        ("ingress", json!({"ingressController": "traefik", "tls": {"termination": "passthrough"}}), "IngressRouteTCP"),
        (
            "ingress",
            json!({"ingressController": "traefik", "tls": {"termination": "reencrypt", "redirect": false}}),
            "their Service is annotated",
        ),
        ("ingress", json!({"host": null}), "TLS needs the host"),
        ("ingress", json!({"annotations": {"nginx.ingress.kubernetes.io/ssl-redirect": "false"}}), "contradicts `tls`"),
    ];
    for (provider, more, says) in cases {
        refused(&with(full(provider), &more), &web(), says);
    }
    for provider in PROVIDERS {
        for (more, says) in [
            (tls(json!({"destinationCACertificate": "a"})), "makes no connection"),
            (tls(json!({"termination": "none", "redirect": true})), "is without"),
            (tls(json!({"termination": "none", "issuer": {"name": "a"}})), "is without"),
            (json!({"tls": {"termination": "passthrough"}, "paths": [{"path": "/a"}]}), "sees no paths"),
            (json!({"paths": [{"path": "/a"}, {"path": "/a/"}]}), "fits the same requests as `/a` of paths[0]"),
        ] {
            refused(&with(full(provider), &more), &web(), says);
        }
    }
    refused(
        &json!({"provider": "route", "tls": {}, "paths": [{}, {"path": "/a"}]}),
        &web(),
        "the router would make up another host",
    );
}

#[test]
fn ways_out_are_taken() {
    for more in [
        json!({"ingressClassName": "own", "ingressController": "nginx"}),
        json!({"ingressClassName": "own", "ingressController": "other"}),
        json!({"ingressClassName": "own", "ingressController": null, "tls": {"redirect": false}}),
        json!({"ingressClassName": "traefik", "ingressController": null, "annotations": {"traefik.ingress.kubernetes.io/router.middlewares": "a-b@kubernetescrd"}}),
        json!({"ingressClassName": "traefik", "ingressController": null, "tls": {"redirect": false}}),
        json!({"host": null, "tls": {"termination": "none"}}),
        json!({"host": "*.example.com"}),
        json!({"tls": {"termination": "reencrypt"}}),
        json!({"tls": {"termination": "passthrough"}}),
    ] {
        good(&with(full("ingress"), &more), &web());
    }
    // The class's own object says which controller it is.
    let class = "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: own}\nspec: {controller: k8s.io/ingress-nginx}\n";
    good(&with(full("ingress"), &json!({"ingressClassName": "own", "ingressController": null})), &(web() + class));
    let spec = with(full("httpRoute"), &json!({"gateway": {"name": "a"}, "tls": {"redirect": false}}));
    assert_eq!(good(&spec, &web()).the("HTTPRoute")["spec"]["parentRefs"][0].get("sectionName"), None);
}

#[test]
fn terminations_of_routes() {
    for (tls, wanted) in [
        (json!({}), json!({"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"})),
        (json!({"redirect": false}), json!({"termination": "edge", "insecureEdgeTerminationPolicy": "None"})),
        (
            json!({"termination": "passthrough"}),
            json!({"termination": "passthrough", "insecureEdgeTerminationPolicy": "Redirect"}),
        ),
        (json!({"termination": "none"}), json!(null)),
    ] {
        let done = good(&with(full("route"), &json!({"tls": tls})), &web());
        assert_eq!(done.the("Route")["spec"].get("tls").cloned().unwrap_or_default(), wanted);
    }
}

fn route(name: &str, spec: &str) -> String {
    format!("---\napiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

#[test]
fn routes_that_are_there_are_completed_or_contradict() {
    let cases = [
        ("to: {name: web}", ""),
        ("host: app.example.com, to: {kind: Service, name: web, weight: 50}, port: {targetPort: 8080}", ""),
        ("path: /, to: {name: web}, tls: {termination: edge, insecureEdgeTerminationPolicy: None}", ""),
        ("to: {name: web}, tls: {termination: edge, insecureEdgeTerminationPolicy: Allow}", "asks for `Redirect`"),
        ("to: {name: web}, tls: {termination: passthrough}", "asks for `edge`"),
        ("to: {name: web}, host: other.example.com", "asks for `app.example.com`"),
        ("to: {name: web}, port: {targetPort: 80}", "asks for `http`"),
        ("to: {name: web}, port: {targetPort: other}", "asks for `http`"),
        // It keeps its path: none is added that nobody asked for.
        ("to: {name: web}, path: /other", ""),
        ("to: {name: none}, path: /other", ""),
    ];
    for (spec, says) in cases {
        let input = web() + &route("mine", spec);
        if says.is_empty() {
            let done = good(&full("route"), &input);
            let emitted = done.report.changes.iter().filter(|change| change.after.is_some()).count();
            assert_eq!(emitted, usize::from(spec.contains("none")), "{spec}");
        } else {
            refused(&full("route"), &input, says);
        }
    }
    let one = route("a", "to: {name: web}") + &route("b", "to: {name: web}");
    refused(&full("route"), &(web() + &one), "exposes the same pods");
    good(&with(full("route"), &json!({"name": "a", "host": "a.example.com"})), &(web() + &one));
    // Another Service of the same pods exposes the same pods.
    let twin = "---\n".to_owned() + &service("twin", "web", "{name: http, port: 80, targetPort: http}");
    let spec = with(full("route"), &json!({"service": "web"}));
    refused(&spec, &(web() + &twin + &route("b", "to: {name: twin}")), "asks for `web`");
}

fn ingress(name: &str, spec: &str) -> String {
    format!("---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

fn rule(host: &str, path: &str, kind: &str, service: &str, port: &str) -> String {
    format!(
        "{{host: {host}, http: {{paths: [{{path: {path}, pathType: {kind}, backend: {{service: {{name: {service}, port: {{{port}}}}}}}}}]}}}}"
    )
}

#[test]
fn ingresses_that_are_there_are_completed_or_contradict() {
    let host = "app.example.com";
    let rules = |rule: &str| format!("ingressClassName: nginx, rules: [{rule}]");
    let cases = [
        (rules(&rule(host, "/", "Prefix", "web", "number: 80")), ""),
        (rules(&rule(host, "/", "ImplementationSpecific", "web", "name: http")), ""),
        (rules(&rule(host, "/other", "Prefix", "web", "name: http")), ""),
        ("defaultBackend: {service: {name: web, port: {number: 80}}}".to_owned(), ""),
        (rules(&rule(host, "/", "Prefix", "web", "number: 81")), "{name: web, port: {name: http}}"),
        (rules(&rule("other.example.com", "/", "Prefix", "web", "number: 80")), "{host: app.example.com}"),
        (
            "ingressClassName: other, ".to_owned()
                + &format!("rules: [{}]", rule(host, "/", "Prefix", "web", "number: 80")),
            "asks for `nginx`",
        ),
        (
            rules(&rule(host, "/", "Prefix", "web", "number: 80"))
                + ", tls: [{hosts: [app.example.com], secretName: mine}]",
            "",
        ),
    ];
    for (spec, says) in cases {
        let input = web() + &ingress("mine", &spec);
        if says.is_empty() {
            let done = good(&full("ingress"), &input);
            let made = done.the("Ingress");
            assert_eq!(made["metadata"]["name"], "mine");
            assert_eq!(made["spec"]["tls"][0]["hosts"], json!([host]), "{spec}");
        } else {
            refused(&full("ingress"), &input, says);
        }
    }
    let mine = web()
        + &ingress(
            "mine",
            &(rules(&rule(host, "/", "Prefix", "web", "number: 80"))
                + ", tls: [{hosts: [app.example.com], secretName: mine}]"),
        );
    assert_eq!(good(&full("ingress"), &mine).the("Ingress")["spec"]["tls"][0]["secretName"], "mine");
    refused(&with(full("ingress"), &json!({"tls": {"secretName": "yours"}})), &mine, "asks for `yours`");
    // Without a host in the config, that of the Ingress counts.
    let spec = with(full("ingress"), &json!({"host": null}));
    assert_eq!(good(&spec, &mine).the("Ingress")["spec"]["rules"].as_array().unwrap().len(), 1);
    // Nothing of the user's goes, and no path is added that nobody asked for.
    let extra = rule(host, "/old", "Prefix", "web", "number: 80");
    for (more, paths) in [(json!({}), 1), (json!({"paths": [{"path": "/"}]}), 2)] {
        let done = good(&with(full("ingress"), &more), &(web() + &ingress("mine", &rules(&extra))));
        assert_eq!(done.the("Ingress")["spec"]["rules"][0]["http"]["paths"].as_array().unwrap().len(), paths);
    }
}

#[test]
fn paths_that_meet_are_shadowed() {
    let other = stream(&[
        workload("Deployment", "docs", "docs", "{name: http, containerPort: 8080}"),
        service("docs", "docs", "{name: http, port: 80, targetPort: http}"),
    ]);
    let spec = |path: &str| with(full("ingress"), &json!({"paths": [{"path": path, "service": "web"}]}));
    let cases = [
        ("/", "/", "Prefix", true),
        ("/docs", "/docs/", "Prefix", true),
        // What the controller makes of it, nobody knows here.
        ("/docs", "/docs", "ImplementationSpecific", false),
        ("/", "/docs", "Prefix", false),
        ("/docs", "/docs", "Exact", false),
        ("/docs", "/docsy", "Prefix", false),
    ];
    for (ours, theirs, kind, meets) in cases {
        for host in ["app.example.com", "docs.example.com"] {
            let there = format!("ingressClassName: nginx, rules: [{}]", rule(host, theirs, kind, "docs", "number: 80"));
            let input = stream(&[web(), other.clone()]) + &ingress("docs", &there);
            if meets && host == "app.example.com" {
                refused(&spec(ours), &input, "have an answer already, by Ingress docs");
            } else {
                good(&spec(ours), &input);
            }
        }
    }
    // Within one object of the user's.
    let rules = format!(
        "ingressClassName: nginx, rules: [{}, {}]",
        rule("app.example.com", "/", "Prefix", "web", "number: 80"),
        rule("app.example.com", "/", "Prefix", "docs", "number: 80")
    );
    let input = stream(&[web(), other]) + &ingress("web", &rules);
    refused(&spec("/"), &input, "by another entry of the same object");
}

/// A route without `sectionName` hears all listeners of its Gateway; without `namespace` the Gateway is in its own.
#[test]
fn routes_meet_at_the_listeners_that_both_hear() {
    let other = stream(&[
        workload("Deployment", "docs", "docs", "{name: http, containerPort: 8080}"),
        service("docs", "docs", "{name: http, port: 80, targetPort: http}"),
    ]);
    let spec = |gateway: Value| {
        json!({
            "provider": "httpRoute", "host": "app.example.com", "gateway": gateway, "paths": [{"path": "/", "service": "web"}],
        })
    };
    let at = |section: &str| match section {
        "" => json!({"name": "public", "namespace": "gw"}),
        section => json!({"name": "public", "namespace": "gw", "sectionName": section}),
    };
    let cases = [
        (at("https"), "{name: public, namespace: gw, sectionName: https}", true),
        (at("https"), "{name: public, namespace: gw}", true),
        (at(""), "{name: public, namespace: gw, sectionName: https}", true),
        (at(""), "{name: public, namespace: gw, port: 443}", true),
        (at("https"), "{name: public, namespace: gw, sectionName: http}", false),
        (at("https"), "{name: other, namespace: gw}", false),
        (at("https"), "{name: public}", false),
        (
            json!({"name": "public"}),
            "{group: gateway.networking.k8s.io, kind: Gateway, name: public, namespace: shop}",
            true,
        ),
        (json!({"name": "public"}), "{kind: Service, name: public}", false),
    ];
    for (gateway, parent, meets) in cases {
        let docs = format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: docs}}\nspec: \
             {{parentRefs: [{parent}], hostnames: [app.example.com], rules: [{{backendRefs: [{{name: docs, port: 80}}]}}]}}\n"
        );
        let input = (stream(&[web(), other.clone()]) + &docs)
            .replace("metadata: {name: ", "metadata: {namespace: shop, name: ")
            .replace("metadata:\n  name: ", "metadata:\n  namespace: shop\n  name: ");
        if meets {
            refused(&spec(gateway), &input, "have an answer already, by HTTPRoute shop/docs");
        } else {
            good(&spec(gateway), &input);
        }
    }
}

#[test]
fn two_configs_expose_pods_twice_by_name() {
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Pipeline", "spec": {"functions": {
        "public": {"kind": "Exposure", "spec": with(full("ingress"), &json!({"name": "public"}))},
        "internal": {"kind": "Exposure", "spec": with(full("httpRoute"), &json!({"name": "internal", "host": "web.internal"}))},
    }}});
    let config = yaml::parse(&Arc::new(config.to_string())).unwrap();
    let pipeline = krmor::config::read(config[0].root(), None).unwrap();
    let mut text = web();
    for round in 0..2 {
        let mut stream = Stream::parse(&Arc::new(text.clone())).unwrap();
        let mut report = Report::default();
        assert_eq!(pipeline.run(&mut stream, &mut report), Outcome::Ok, "{:#?}", report.findings);
        assert_eq!(report.changes.len(), if round == 0 { 3 } else { 0 });
        text = stream.render();
    }
}

#[test]
fn values_check_themselves() {
    for (more, says) in [
        (json!({"host": "App.example.com"}), "in lower case: `app.example.com`"),
        (json!({"host": "https://app.example.com"}), "a host alone"),
        (json!({"host": "10.0.0.1"}), "no provider takes an IP address"),
        (json!({"host": "a_b.example.com"}), "is not a host name"),
        (json!({"host": "app.*.example.com"}), "is not a host name"),
        (json!({"paths": [{"path": "api"}]}), "must start with `/`"),
        (json!({"paths": [{"path": "/a//b"}]}), "must not contain `//`"),
        (json!({"paths": [{"path": "/a/../b"}]}), "must not contain `//`"),
        (json!({"paths": [{"path": "/api(/|$)(.*)"}]}), "must not contain `|`"),
        (json!({"paths": [{"path": "/a?b=c"}]}), "must not contain `?`"),
        (json!({"port": "8080"}), "remove the quotes"),
        (json!({"port": 0}), "from 1 to 65535"),
        (json!({"provider": "gateway"}), "is not a value of this field"),
        (json!({"tls": {"terminaton": "edge"}}), "unknown field `terminaton`"),
    ] {
        let says_it = problem(&with(full("route"), &more));
        assert!(says_it.contains(says), "{more}: {says_it}");
    }
}

#[test]
fn names_have_the_limits_of_what_they_name() {
    let eighty = "a".repeat(80);
    for provider in ["ingress", "httpRoute", "route"] {
        let done = good(&with(full(provider), &json!({"name": eighty})), &web());
        assert!(done.objects.iter().any(|object| object["metadata"]["name"] == eighty.as_str()), "{provider}");
    }
    for (more, says) in [
        (json!({"name": "a".repeat(254)}), "is not an object name: it has 254 characters; write at most 253"),
        (json!({"service": eighty}), "is not a Service name: it has 80 characters; write at most 63"),
        (json!({"service": "a.b"}), "is not a Service name: it has `.`"),
        (json!({"gateway": {"name": "g", "namespace": eighty}}), "is not a namespace name: it has 80 characters"),
        (json!({"annotations": {"a b": ""}}), "`a b` is not an annotation key: it has ` `"),
    ] {
        let says_it = problem(&with(full("route"), &more));
        assert!(says_it.contains(says), "{more}: {says_it}");
    }
}

/// A Service may call a port by 63 characters, an Ingress by 15 (`validateIngressBackend` of Kubernetes).
#[test]
fn an_ingress_names_no_port_that_the_api_would_refuse() {
    let port = |name: &str| {
        let pods = workload("Deployment", "web", "web", "{containerPort: 8080}");
        let input = stream(&[pods, service("web", "web", &format!("{{name: {name}, port: 80, targetPort: 8080}}"))]);
        let done = good(&json!({"provider": "ingress", "host": "app.example.com", "port": name}), &input);
        done.the("Ingress")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"].clone()
    };
    assert_eq!(port("http"), json!({"name": "http"}));
    for name in ["public-http-of-the-shop", "a--b"] {
        assert_eq!(port(name), json!({"number": 80}), "{name}");
    }
}

/// The pointers of everything in a value.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (token, value) in below {
        let pointer = format!("{at}/{token}");
        pointers(value, &pointer, out);
        out.push(pointer);
    }
}

/// Anything may stand anywhere in what is looked at: an error or an answer, no panic; an answer is the last word.
#[test]
fn malformed_objects_do_no_harm() {
    let seed = web()
        + &ingress("web", &format!("rules: [{}]", rule("app.example.com", "/", "Prefix", "web", "number: 80")))
        + &route("web", "to: {name: web}, port: {targetPort: 8080}")
        + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\nspec: {parentRefs: [{name: public, namespace: gw}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n"
        + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: public, namespace: gw}\nspec: {listeners: [{name: http, protocol: HTTP}, {name: https, protocol: HTTPS}]}\n";
    let seed: Vec<Value> =
        yaml::parse(&Arc::new(seed)).unwrap().iter().filter_map(|document| document.root().to_value()).collect();
    let junk = [
        json!(null),
        json!([]),
        json!({}),
        json!("x"),
        json!(""),
        json!(0),
        json!(-1),
        json!(true),
        json!([null]),
        json!({"a": [{}]}),
    ];
    let mut random = Random(0xE4B0);
    let mut answered = 0;
    for round in 0..3000 {
        let mut objects = seed.clone();
        for _ in 0..1 + random.below(3) {
            let number = random.below(objects.len());
            let mut all = Vec::new();
            pointers(&objects[number], "", &mut all);
            if let Some(value) = all.get(random.below(all.len())).and_then(|at| objects[number].pointer_mut(at)) {
                *value = random.pick(&junk).clone();
            }
        }
        let text = objects.iter().map(|object| format!("{object}\n")).collect::<Vec<_>>().join("---\n");
        // With a name, so that the objects of other providers are no second ones.
        let name = if round % 2 == 0 { "web" } else { "other" };
        let spec = with(full(PROVIDERS[round % 3]), &json!({"service": "web", "name": name}));
        let done = run(&spec, &text);
        if done.outcome == Outcome::Ok {
            answered += 1;
            let again = run(&spec, &done.output);
            assert_eq!((again.outcome, &again.output), (Outcome::Ok, &done.output), "{text}\n{:?}", again.errors());
        }
    }
    println!("{answered} streams were exposed");
    assert!(answered > 300, "{answered}");
}

fn ingress_of(name: &str, annotations: &Value, service: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"rules": [{"host": "a.example.com", "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"name": "http"}}}},
        ]}}]},
    })
}

const TWO_TRACKS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: x}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: new}
spec: {selector: {app: web, track: new}, ports: [{name: http, port: 80}]}
";

#[test]
fn a_canary_and_another_class_shadow_nothing() {
    let plain =
        json!({"provider": "ingress", "host": "a.example.com", "tls": {"termination": "none"}, "service": "web"});
    let mut named = plain.clone();
    named["name"] = json!("web");
    let class = |class: &str| json!({"kubernetes.io/ingress.class": class});
    let canary = |on: &str| json!({"nginx.ingress.kubernetes.io/canary": on});
    let cases = [
        (&plain, [("web", json!({}), "web"), ("new", canary("true"), "new")], true),
        (&plain, [("web", json!({}), "web"), ("new", canary("true"), "web")], true),
        (&plain, [("web", json!({}), "web"), ("new", canary("false"), "new")], false),
        (&named, [("web", class("public"), "web"), ("new", class("private"), "web")], true),
        (&named, [("web", class("public"), "web"), ("new", class("public"), "web")], false),
    ];
    for (spec, ingresses, passes) in cases {
        let ingresses = ingresses.map(|(name, notes, to)| ingress_of(name, &notes, to).to_string()).join("\n---\n");
        let input = format!("{TWO_TRACKS}---\n{ingresses}\n");
        if passes {
            good(spec, &input);
        } else {
            refused(spec, &input, "shadowed");
        }
    }
}

#[test]
fn a_rule_without_matches_answers_everything() {
    let route = |name: &str, rule: Value| {
        let spec = json!({"parentRefs": [{"name": "gw"}], "hostnames": ["a.example.com"], "rules": [rule]});
        let object = json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name}, "spec": spec,
        });
        object.to_string()
    };
    let spec = json!({
        "provider": "httpRoute", "host": "a.example.com", "gateway": {"name": "gw"}, "tls": {"termination": "none"},
        "service": "web",
    });
    let to = |name: &str| json!([{"name": name, "port": 80}]);
    let all = route("other", json!({"backendRefs": to("elsewhere")}));
    refused(&spec, &format!("{TWO_TRACKS}---\n{all}\n"), "shadowed");
    let some = json!({"matches": [{"path": {"type": "PathPrefix", "value": "/x"}}], "backendRefs": to("elsewhere")});
    good(&spec, &format!("{TWO_TRACKS}---\n{}\n", route("other", some)));
}

/// An Ingress of the user's, with a rule for the host that leads to `web`, and these entries of `tls`.
fn with_tls(entries: &Value, notes: &Value) -> String {
    let mut object = ingress_of("mine", notes, "web");
    object["spec"]["tls"] = entries.clone();
    object["spec"]["rules"][0]["host"] = json!("app.example.com");
    web() + &format!("---\n{object}\n")
}

/// A host that an entry covers gets no second one: by its name, by a wildcard of one label, or by an entry for all hosts.
#[test]
fn a_covered_host_needs_no_entry() {
    let host = |host: &str| json!([{"hosts": [host], "secretName": "there"}]);
    let cases = [
        (host("app.example.com"), 1),
        (host("*.example.com"), 1),
        (host("*.com"), 2),
        (host("example.com"), 2),
        (host("*.app.example.com"), 2),
        (json!([{"secretName": "there"}]), 1),
        (json!([{}]), 1),
        (json!([{"hosts": [], "secretName": "there"}]), 1),
        (json!([{"hosts": ["*.example.com"]}]), 1),
        (json!([{"hosts": ["other.example.com", "*.example.com"], "secretName": "there"}]), 1),
        (json!([]), 1),
    ];
    for (entries, wanted) in cases {
        let spec = with(full("ingress"), &json!({"tls": {}}));
        let done = good(&spec, &with_tls(&entries, &json!({})));
        let tls = done.the("Ingress")["spec"]["tls"].as_array().unwrap().clone();
        assert_eq!(tls.len(), wanted, "{entries}: {tls:?}");
        assert_eq!(json!(&tls[..entries.as_array().unwrap().len()]), entries, "what is there changed");
        let says = done.report.findings.iter().any(|finding| finding.rule.id == "certificate");
        assert_eq!(says, tls.len() > entries.as_array().unwrap().len(), "{entries}");
    }
    // cert-manager would issue the Secret of a wildcard anew, which somebody else makes.
    let wide = with_tls(&host("*.example.com"), &json!({}));
    let done = good(&full("ingress"), &wide);
    assert_eq!(done.the("Ingress")["metadata"]["annotations"].get("cert-manager.io/cluster-issuer"), None);
    let two = with(full("ingress"), &json!({"host": null, "hosts": ["app.example.com", "app.example.net"]}));
    refused(&two, &wide, "would issue the certificate of this entry too");
    good(&with(two, &json!({"tls": {}})), &wide);
    refused(&with(full("ingress"), &json!({"tls": {"secretName": "mine"}})), &wide, "asks for `mine`");
}

#[test]
fn two_names_of_a_class_agree() {
    const OLD: &str = "kubernetes.io/ingress.class";
    let there = |noted: Option<&str>, field: Option<&str>| {
        let notes = noted.map_or(json!({}), |class| json!({OLD: class}));
        let mut object = ingress_of("mine", &notes, "web");
        object["spec"]["rules"][0]["host"] = json!("app.example.com");
        if let Some(class) = field {
            object["spec"]["ingressClassName"] = json!(class);
        }
        web() + &format!("---\n{object}\n")
    };
    let cases = [
        (Some("nginx"), None, true),
        (None, Some("nginx"), true),
        (Some("nginx"), Some("nginx"), true),
        (Some("other"), None, false),
        (Some("nginx"), Some("other"), false),
        (Some("other"), Some("nginx"), false),
        (None, Some("other"), false),
    ];
    for (noted, field, passes) in cases {
        if passes {
            let done = good(&full("ingress"), &there(noted, field));
            let class = done.the("Ingress")["spec"].get("ingressClassName").cloned();
            assert_eq!(class, field.map(|class| json!(class)), "{noted:?} {field:?}");
        } else {
            refused(&full("ingress"), &there(noted, field), "conflict");
        }
    }
    refused(&with(full("ingress"), &json!({"annotations": {OLD: "other"}})), &web(), "it names another class");
    let noted = with(full("ingress"), &json!({"ingressClassName": null, "annotations": {OLD: "nginx"}}));
    good(&noted, &there(Some("nginx"), None));
    refused(&noted, &there(None, Some("other")), "conflict");
}

/// A further path beside rewrite rules would be another one than it says.
#[test]
fn an_ingress_that_rewrites_keeps_its_paths() {
    let rewrites = [
        json!({"nginx.ingress.kubernetes.io/rewrite-target": "/$2"}),
        json!({"nginx.ingress.kubernetes.io/use-regex": "true"}),
        json!({"haproxy.org/path-rewrite": "/api/(.*) /\\1"}),
        json!({"konghq.com/strip-path": "true"}),
    ];
    for notes in rewrites {
        let mut object = ingress_of("mine", &notes, "web");
        object["spec"]["rules"][0]["host"] = json!("app.example.com");
        object["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/api(/|$)(.*)");
        object["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = json!("ImplementationSpecific");
        let input = web() + &format!("---\n{object}\n");
        let done = good(&full("ingress"), &input);
        assert_eq!(done.the("Ingress")["spec"]["rules"], object["spec"]["rules"], "{notes}");
        refused(
            &with(full("ingress"), &json!({"paths": [{"path": "/"}]})),
            &input,
            "another path would not mean there",
        );
        let two = json!({"host": null, "hosts": ["app.example.com", "www.example.com"]});
        refused(&with(full("ingress"), &two), &input, "another path would not mean there");
        let same = json!({"paths": [{"path": "/api(/|$)(.*)", "pathType": "ImplementationSpecific"}]});
        good(&with(full("ingress"), &same), &input);
        good(&with(full("ingress"), &json!({"name": "own", "host": "own.example.com"})), &input);
    }
}

#[test]
fn actions_of_the_aws_controller_are_no_services() {
    let action = |kind: &str| json!({"type": kind}).to_string();
    let path = |service: &str, port: &str, path: &str| json!({"path": path, "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"name": port}}}});
    let object = |name: &str, group: Option<&str>, paths: Value| {
        let mut notes = json!({"alb.ingress.kubernetes.io/actions.ssl-redirect": action("redirect")});
        if let Some(group) = group {
            notes["alb.ingress.kubernetes.io/group.name"] = json!(group);
        }
        let spec = json!({"ingressClassName": "alb", "rules": [{"host": "app.example.com", "http": {"paths": paths}}]});
        let metadata = json!({"name": name, "annotations": notes});
        format!(
            "---\n{}\n",
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec})
        )
    };
    let spec = json!({"provider": "ingress", "host": "app.example.com", "tls": {"termination": "none"}});
    let mine = json!([path("ssl-redirect", "use-annotation", "/"), path("web", "http", "/")]);
    let done = good(&spec, &(web() + &object("mine", None, mine.clone())));
    assert!(done.report.changes.is_empty());
    // Two Ingresses have two load balancers, unless they are of one group.
    let named = with(spec.clone(), &json!({"name": "mine"}));
    let two = |group| web() + &object("mine", group, mine.clone()) + &object("other", group, mine.clone());
    good(&named, &two(None));
    refused(&named, &two(Some("shop")), "shadowed");
    // An action that forwards exposes the Services that it names.
    let forward = json!({"type": "forward", "forwardConfig": {"targetGroups": [{"serviceName": "web", "servicePort": "http", "weight": 1}]}});
    let mut forwards: Value = serde_json::from_str(
        object("mine", None, json!([path("split", "use-annotation", "/")])).trim_start_matches("---\n"),
    )
    .unwrap();
    forwards["metadata"]["annotations"]["alb.ingress.kubernetes.io/actions.split"] = json!(forward.to_string());
    let route = json!({"provider": "route", "host": "app.example.com", "tls": {}});
    refused(&route, &format!("{}---\n{forwards}\n", web()), "it already exposes the pods");
}

/// Of several that expose the pods, the one that answers for the host of the config is meant.
#[test]
fn a_host_says_which_of_several_is_meant() {
    let of = |kind: Value, name: &str, host: &str| match kind.as_str() {
        Some("ingress") => {
            let mut object = ingress_of(name, &json!({}), "web");
            object["spec"]["rules"][0]["host"] = json!(host);
            format!("---\n{object}\n")
        }
        Some("route") => {
            route(name, &format!("host: {host}, to: {{kind: Service, name: web}}, port: {{targetPort: http}}"))
        }
        _ => format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: {name}}}\nspec: {{parentRefs: \
             [{{name: public, namespace: gw, sectionName: https}}], hostnames: [{host}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}\n"
        ),
    };
    for provider in PROVIDERS {
        let input = |second: &str| {
            web() + &of(json!(provider), "inside", "app.internal") + &of(json!(provider), "outside", second)
        };
        let done = good(&full(provider), &input("app.example.com"));
        assert!(done.output.contains("app.internal"), "{provider}");
        let changed = |name: &str| done.objects.iter().any(|object| object["metadata"]["name"] == name);
        assert!(changed("inside") && changed("outside"));
        assert!(!run(&full(provider), &input("www.internal")).errors().is_empty(), "{provider}");
    }
}

/// A certificate that the controller keeps elsewhere needs no Secret.
#[test]
fn a_certificate_by_annotation_needs_no_entry() {
    for key in ["alb.ingress.kubernetes.io/certificate-arn", "networking.gke.io/managed-certificates"] {
        let spec = with(full("ingress"), &json!({"tls": {}, "annotations": {key: "mine"}}));
        let done = good(&spec, &web());
        assert_eq!(done.the("Ingress")["spec"].get("tls"), None, "{key}");
        let there = with_tls(&json!([]), &json!({key: "mine"}));
        let done = good(&with(full("ingress"), &json!({"tls": {}})), &there);
        assert_eq!(done.the("Ingress")["spec"]["tls"], json!([]), "{key}");
        // Who names a Secret gets it.
        let named = with(spec, &json!({"tls": {"secretName": "mine"}}));
        assert_eq!(good(&named, &web()).the("Ingress")["spec"]["tls"][0]["secretName"], "mine");
    }
}

fn gateway(listeners: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: public, namespace: gw}}\nspec: {{gatewayClassName: a, listeners: [{listeners}]}}\n"
    )
}

/// The stream in the namespace `shop`, with labels for it.
fn shop(more: &str) -> String {
    let moved = web()
        .replace("metadata: {name: ", "metadata: {namespace: shop, name: ")
        .replace("metadata:\n  name: ", "metadata:\n  namespace: shop\n  name: ");
    moved + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: web}}\n" + more
}

#[test]
fn a_route_reaches_pods_only_through_a_gateway_that_admits_it() {
    let https = |more: &str| {
        gateway(&format!(
            "{{name: https, port: 443, protocol: HTTPS{more}}}, {{name: http, port: 80, protocol: HTTP, allowedRoutes: {{namespaces: {{from: All}}}}}}"
        ))
    };
    let from = |text: &str| format!(", allowedRoutes: {{namespaces: {{{text}}}}}");
    let cases = [
        (https(""), "its own namespace `gw` only, not of `shop`"),
        (https(&from("from: Same")), "its own namespace `gw` only"),
        (https(&from("from: All")), ""),
        (https(&from("from: Selector, selector: {matchLabels: {team: web}}")), ""),
        (https(&from("from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}")), ""),
        (
            https(&from("from: Selector, selector: {matchLabels: {team: api}}")),
            "labels that the namespace `shop` does not have",
        ),
        (https(", allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}"), "takes GRPCRoute only"),
        (https(&(", hostname: '*.example.net'".to_owned() + &from("from: All"))), "is for `*.example.net`"),
        (https(&(", hostname: '*.example.com'".to_owned() + &from("from: All"))), ""),
        (gateway("{name: http, port: 80, protocol: HTTP}"), "has no listener `https`"),
    ];
    for (gateway, says) in cases {
        let input = shop(&gateway);
        if says.is_empty() {
            let done = good(&full("httpRoute"), &input);
            assert!(done.report.changes.iter().all(|change| !change.why.reason.contains("once")));
        } else {
            refused(&full("httpRoute"), &input, says);
        }
    }
    // Of several hosts, each must be let in; of several listeners, one will do.
    let hosts = json!({"host": null, "hosts": ["app.example.com", "app.example.net"]});
    let com = https(&(", hostname: '*.example.com'".to_owned() + &from("from: All")));
    refused(&with(full("httpRoute"), &hosts), &shop(&com), "for `app.example.net`");
    let any =
        with(full("httpRoute"), &json!({"gateway": {"name": "public", "namespace": "gw"}, "tls": {"redirect": false}}));
    good(&any, &shop(&com));
    // A route that is there may name a port, which a listener must have.
    let ports = |port: u16| {
        let spec = format!(
            "parentRefs: [{{name: public, namespace: gw, port: {port}}}], hostnames: [app.example.com], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]"
        );
        let route = format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web, namespace: shop}}\nspec: {{{spec}}}\n"
        );
        shop(&com) + &route
    };
    good(&any, &ports(443));
    refused(&any, &ports(8443), "no listener for HTTPS at the port 8443");
    // What the stream does not say is said.
    let labels = https(&from("from: Selector, selector: {matchLabels: {team: web}}"));
    let unknown =
        shop(&labels).replace("kind: Namespace\nmetadata: {name: shop,", "kind: Namespace\nmetadata: {name: other,");
    let done = good(&full("httpRoute"), &unknown);
    assert!(done.report.findings.iter().any(|finding| finding.rule.id == "admission"));
    let done = good(&full("httpRoute"), &shop(""));
    assert!(done.report.changes.iter().any(|change| change.why.reason.ends_with("once Gateway `public` admits it")));
}

#[test]
fn a_listener_set_is_asked_as_a_gateway_is() {
    let set = |allowed: &str| {
        let parent =
            gateway("{name: http, port: 80, protocol: HTTP}").replace("listeners:", &format!("{allowed}listeners:"));
        parent
            + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: web, namespace: shop}\n\
               spec: {parentRef: {name: public, namespace: gw}, listeners: [{name: https, port: 443, protocol: HTTPS}]}\n"
    };
    let attached = with(
        full("httpRoute"),
        &json!({"gateway": {"kind": "ListenerSet", "name": "web", "sectionName": "https"}, "tls": {"redirect": false}}),
    );
    let allowed = "allowedListeners: {namespaces: {from: All}}, ";
    let done = good(&attached, &shop(&set(allowed)));
    assert_eq!(done.the("HTTPRoute")["spec"]["parentRefs"][0]["kind"], "ListenerSet");
    refused(&attached, &shop(&set("")), "which takes no ListenerSets");
    // One that is made needs the same.
    let made = with(full("httpRoute"), &json!({"gateway": {"name": "public", "namespace": "gw", "listenerSet": {}}}));
    refused(&made, &shop(&gateway("{name: https, port: 8443, protocol: HTTPS}")), "takes no ListenerSets");
    let listeners = |port: u16| {
        gateway(&format!("{{name: https, port: {port}, protocol: HTTPS, hostname: app.example.com}}"))
            .replace("listeners:", &format!("{allowed}listeners:"))
    };
    refused(&made, &shop(&listeners(443)), "has the host and port already");
    refused(&made, &shop(&listeners(80)), "has the port already");
    let done = good(&made, &shop(&listeners(8443)));
    assert!(Crds::load().problems(done.the("ListenerSet")).unwrap().is_empty());
    let listeners = done.the("ListenerSet")["spec"]["listeners"].as_array().unwrap().len();
    assert_eq!(listeners, 2, "one for HTTPS, one for what is redirected");
}

#[test]
fn tls_to_the_pods_by_the_gateway_api_fits_the_schemas() {
    let crds = Crds::load();
    let tls = |tls: Value| with(full("httpRoute"), &json!({"tls": tls, "service": "api", "name": "edge"}));
    let cases = [
        (tls(json!({"termination": "passthrough"})), vec!["TLSRoute", "HTTPRoute"]),
        (tls(json!({"termination": "passthrough", "redirect": false})), vec!["TLSRoute"]),
        (
            tls(json!({"termination": "reencrypt", "backend": {"hostname": "api.shop.svc"}})),
            vec!["HTTPRoute", "HTTPRoute", "BackendTLSPolicy"],
        ),
        (
            tls(json!({"termination": "reencrypt", "backend": {"hostname": "api.shop.svc", "caConfigMap": "ca"}})),
            vec!["HTTPRoute", "HTTPRoute", "BackendTLSPolicy"],
        ),
    ];
    for (spec, wanted) in cases {
        let done = good(&spec, &two());
        let made: Vec<&Value> = done.objects.iter().filter(|object| crds.problems(object).is_some()).collect();
        let mut kinds: Vec<&str> = made.iter().map(|object| object["kind"].as_str().unwrap()).collect();
        let mut wanted = wanted.clone();
        kinds.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(kinds, wanted, "{spec}");
        for object in made {
            assert_eq!(crds.problems(object), Some(Vec::new()), "{object:#}");
        }
    }
    // A policy that is there is the user's: it is completed, or it contradicts.
    let policy = |validation: &str| {
        two()
            + &format!(
                "---\napiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata: {{name: mine}}\nspec: {{targetRefs: [{{group: '', kind: Service, name: api}}], validation: {{{validation}}}}}\n"
            )
    };
    let spec =
        |ca: Value| tls(json!({"termination": "reencrypt", "backend": with(json!({"hostname": "api.shop.svc"}), &ca)}));
    good(
        &spec(json!({})),
        &policy("hostname: api.shop.svc, caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]"),
    );
    good(
        &spec(json!({"caConfigMap": "ca"})),
        &policy("hostname: api.shop.svc, caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]"),
    );
    refused(
        &spec(json!({})),
        &policy("hostname: other.shop.svc, wellKnownCACertificates: System"),
        "asks for `api.shop.svc`",
    );
    refused(
        &spec(json!({"caConfigMap": "ca"})),
        &policy("hostname: api.shop.svc, wellKnownCACertificates: System"),
        "conflict",
    );
}

#[test]
fn several_hosts_in_every_provider() {
    let hosts = json!(["a.example.com", "b.example.com", "*.example.net"]);
    for provider in PROVIDERS {
        let hosts = if provider == "route" { json!(["a.example.com", "b.example.com"]) } else { hosts.clone() };
        let spec = with(full(provider), &json!({"host": null, "hosts": hosts}));
        let done = good(&spec, &web());
        let count = hosts.as_array().unwrap().len();
        match provider {
            "ingress" => {
                let made = &done.the("Ingress")["spec"];
                assert_eq!(made["rules"].as_array().unwrap().len(), count);
                assert_eq!(made["tls"], json!([{"hosts": hosts, "secretName": "web-tls"}]));
            }
            "route" => {
                let names: Vec<_> =
                    done.objects.iter().filter(|it| it["kind"] == "Route").map(|it| &it["metadata"]["name"]).collect();
                assert_eq!(names, ["web", "web-b-example-com"]);
            }
            _ => assert!(
                done.objects.iter().filter(|it| it["kind"] == "HTTPRoute").all(|it| it["spec"]["hostnames"] == hosts)
            ),
        }
        // A further host is added to what is there, and nothing else.
        let first = good(&with(full(provider), &json!({"host": hosts[0]})), &web());
        let more = good(&spec, &first.output);
        let names = |done: &Done| done.objects.iter().map(|it| it["metadata"]["name"].to_string()).collect::<Vec<_>>();
        assert_eq!(names(&more).len(), names(&done).len(), "{provider}");
        // One that stands for others is none of these.
        let other = run(&with(full(provider), &json!({"host": "c.example.org"})), &first.output);
        assert!(other.errors().iter().any(|error| error.contains("c.example.org")), "{provider}: {:?}", other.errors());
    }
    for (more, says) in [
        (json!({"hosts": ["a.example.com"]}), "names several already"),
        (json!({"host": null, "hosts": ["a.example.com", "a.example.com"]}), "is named before"),
    ] {
        refused(&with(full("ingress"), &more), &web(), says);
    }
}

#[test]
fn patterns_pass_through_as_they_are_written() {
    let paths = |kind: &str| json!({"paths": [{"path": "/v[0-9]+/(users|items)", "pathType": kind}, {"path": "/"}]});
    let done = good(&with(full("httpRoute"), &paths("RegularExpression")), &web());
    let route = done.objects.iter().find(|it| it["metadata"]["name"] == "web" && it["kind"] == "HTTPRoute").unwrap();
    let path = json!({"type": "RegularExpression", "value": "/v[0-9]+/(users|items)"});
    assert_eq!(route["spec"]["rules"][0]["matches"][0]["path"], path);
    let first = |done: &Done| done.the("Ingress")["spec"]["rules"][0]["http"]["paths"][0].clone();
    let done = good(&with(full("ingress"), &paths("RegularExpression")), &web());
    assert_eq!(first(&done)["path"], "/v[0-9]+/(users|items)");
    assert_eq!(first(&done)["pathType"], "ImplementationSpecific");
    assert_eq!(done.the("Ingress")["metadata"]["annotations"]["nginx.ingress.kubernetes.io/use-regex"], "true");
    let done = good(&with(full("ingress"), &paths("ImplementationSpecific")), &web());
    assert_eq!(done.the("Ingress")["metadata"]["annotations"].get("nginx.ingress.kubernetes.io/use-regex"), None);
    let other = with(full("ingress"), &json!({"ingressController": "other"}));
    refused(&with(other.clone(), &paths("RegularExpression")), &web(), "only ingress-nginx is known to be told");
    good(&with(other, &paths("ImplementationSpecific")), &web());
    let beside = json!({"paths": [{"path": "/a.*", "pathType": "RegularExpression"}, {"path": "/api"}]});
    refused(&with(full("ingress"), &beside), &web(), "takes this path for an expression too");
    // Nothing is shadowed for certain where patterns are.
    let twice = json!({"paths": [{"path": "/a.*", "pathType": "RegularExpression"}, {"path": "/a.*", "pathType": "RegularExpression"}]});
    good(&with(full("httpRoute"), &twice), &web());
}

/// What only some requests for a path meet, or none, is not that path: the config's is added, or the conflict is said.
#[test]
fn what_only_some_requests_meet_serves_no_path() {
    let spec = json!({"provider": "httpRoute", "host": "app.example.com", "gateway": {"name": "gw"}, "tls": {"termination": "none"}});
    let route = |name: &str, rules: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: {name}}}\nspec:\n  parentRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: gw}}]\n  hostnames: [app.example.com]\n  rules:\n  {rules}\n"
        )
    };
    let to_web = "backendRefs: [{name: web, port: 80, group: '', kind: Service}]";
    let limited = ["headers: [{name: x-canary, value: '1'}]", "queryParams: [{name: beta, value: '1'}]", "method: GET"];
    for more in limited {
        for path in ["path: {type: PathPrefix, value: /}, ", ""] {
            let rules = format!("- {{matches: [{{{path}{more}}}], {to_web}}}");
            // The route of another name stays as it is; the one of this name gets the rule.
            let done = good(&spec, &stream(&[web(), route("canary", &rules)]));
            assert_eq!(done.objects.iter().filter(|one| one["kind"] == "HTTPRoute").count(), 2, "{}", done.output);
            let done = good(&spec, &stream(&[web(), route("web", &rules)]));
            let rules = done.the("HTTPRoute")["spec"]["rules"].as_array().unwrap().clone();
            assert_eq!(rules.len(), 2, "{}", done.output);
            assert_eq!(rules[1]["matches"], json!([{"path": {"type": "PathPrefix", "value": "/"}}]), "{}", done.output);
        }
        // One of several matches looks at the path alone.
        let rules = format!("- {{matches: [{{{more}}}, {{path: {{type: PathPrefix, value: /}}}}], {to_web}}}");
        let done = good(&spec, &stream(&[web(), route("other", &rules)]));
        assert_eq!(done.the("HTTPRoute")["spec"]["rules"].as_array().unwrap().len(), 1);
    }
    // A weight of 0 sends nothing.
    let other = "{name: other, port: 80, group: '', kind: Service, weight: 1}";
    let idle = format!(
        "- {{matches: [{{path: {{type: PathPrefix, value: /}}}}], backendRefs: [{{name: web, port: 80, group: '', kind: Service, weight: 0}}, {other}]}}"
    );
    refused(&with(spec.clone(), &json!({"name": "web"})), &stream(&[web(), route("web", &idle)]), "asks for `1`");
    // A redirect has no backend, and the API takes none beside it.
    let away = "- {matches: [{path: {type: PathPrefix, value: /}}], filters: [{type: RequestRedirect, requestRedirect: {hostname: x.example.com}}]}";
    refused(&with(spec.clone(), &json!({"name": "web"})), &stream(&[web(), route("web", away)]), "says otherwise");
    // A rewrite still leads to the pods.
    let rewritten = format!(
        "- {{matches: [{{path: {{type: PathPrefix, value: /}}}}], filters: [{{type: URLRewrite, urlRewrite: {{path: {{type: ReplacePrefixMatch, replacePrefixMatch: /a}}}}}}], {to_web}}}"
    );
    let done = good(&spec, &stream(&[web(), route("other", &rewritten)]));
    assert_eq!(done.the("HTTPRoute")["spec"]["rules"].as_array().unwrap().len(), 1);
    // A route of the mesh exposes nothing.
    let mesh = route("mesh", &format!("- {{{to_web}}}"))
        .replace("group: gateway.networking.k8s.io, kind: Gateway, name: gw", "group: '', kind: Service, name: web");
    let done = good(&spec, &stream(&[web(), mesh]));
    assert_eq!(done.objects.iter().filter(|one| one["kind"] == "HTTPRoute").count(), 2, "{}", done.output);
}

#[test]
fn an_ingress_of_some_requests_is_not_the_one() {
    let spec = json!({"provider": "ingress", "host": "app.example.com", "ingressController": "other", "tls": {"termination": "none"}});
    let ingress = |name: &str, note: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  annotations: {{{note}}}\nspec:\n  rules:\n  - {{host: app.example.com, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}\n"
        )
    };
    for note in [
        "nginx.ingress.kubernetes.io/canary: 'true', nginx.ingress.kubernetes.io/canary-by-header: x",
        "nginx.ingress.kubernetes.io/canary: 'true', nginx.ingress.kubernetes.io/canary-weight: '10'",
        "konghq.com/methods: 'GET'",
        "konghq.com/headers.x-beta: 'on'",
        "alb.ingress.kubernetes.io/conditions.web: '[]'",
    ] {
        let done = good(&spec, &stream(&[web(), ingress("some", note)]));
        assert_eq!(done.objects.iter().filter(|one| one["kind"] == "Ingress").count(), 2, "{note}: {}", done.output);
        if !note.starts_with("alb") {
            refused(
                &with(spec.clone(), &json!({"name": "some"})),
                &stream(&[web(), ingress("some", note)]),
                "only some of the requests",
            );
        }
    }
    let done = good(&spec, &stream(&[web(), ingress("all", "nginx.ingress.kubernetes.io/canary: 'false'")]));
    assert_eq!(done.objects.iter().filter(|one| one["kind"] == "Ingress").count(), 1, "{}", done.output);
}

#[test]
fn a_weight_of_nothing_reaches_nothing() {
    let spec = json!({"provider": "route", "host": "app.example.com", "tls": {}, "name": "web"});
    let route = |weight: u32| {
        format!(
            "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {{name: web}}\nspec: {{host: app.example.com, to: {{kind: Service, name: web, weight: {weight}}}, alternateBackends: [{{kind: Service, name: other, weight: 1}}], port: {{targetPort: http}}}}\n"
        )
    };
    good(&spec, &stream(&[web(), route(5)]));
    refused(&spec, &stream(&[web(), route(0)]), "asks for `100`");
}
