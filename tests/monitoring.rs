//! `Monitoring`: which endpoint of a monitor that is there is the spec's own, and what would be scraped twice.

use std::sync::Arc;

use krmor::report::{Report, Severity};
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::{Value, json};

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: x, ports: [{name: http, containerPort: 8080}, {name: prom, containerPort: 9090}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}, {name: metrics, port: 9000, targetPort: prom}]
";

fn monitor(kind: &str, name: &str, endpoints: &Value) -> String {
    let list = if kind == "PodMonitor" { "podMetricsEndpoints" } else { "endpoints" };
    let spec = json!({"selector": {"matchLabels": {"app": "web"}}, list: endpoints});
    json!({"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
        .to_string()
}

/// The endpoints of all monitors of the output, or the messages of the errors.
fn run(spec: &Value, monitors: &[String]) -> Result<Vec<Value>, Vec<String>> {
    let once = pass(spec, &format!("{WEB}---\n{}\n", monitors.join("\n---\n")))?;
    let twice = pass(spec, &once)?;
    assert_eq!(once, twice, "{spec}");
    let all = yaml::parse(&Arc::new(once)).unwrap();
    let values = all.iter().filter_map(|document| document.root().to_value());
    let lists = values.filter(|object| object["apiVersion"] == "monitoring.coreos.com/v1").map(|mut object| {
        let spec = object["spec"].take();
        spec.get("endpoints").or_else(|| spec.get("podMetricsEndpoints")).cloned().unwrap_or_default()
    });
    Ok(lists.collect())
}

fn pass(spec: &Value, input: &str) -> Result<String, Vec<String>> {
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Monitoring", "spec": spec}).to_string();
    let config = yaml::parse(&Arc::new(config)).unwrap();
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let mut report = Report::default();
    match krmor::config::read(config[0].root(), None) {
        Ok(pipeline) => drop(pipeline.run(&mut stream, &mut report)),
        Err(problems) => report = crate::common::refused(problems),
    }
    // What the API server would refuse of the workload is another matter.
    let own = report.findings.iter().filter(|finding| !finding.rule.id.starts_with("valid/"));
    let errors = own.filter(|finding| finding.severity == Severity::Error);
    let errors: Vec<String> =
        errors.map(|finding| format!("{}: {}", finding.rule.id, krmor::krm::message(finding))).collect();
    if errors.is_empty() { Ok(stream.render()) } else { Err(errors) }
}

#[test]
fn the_endpoint_of_the_port_and_path_is_updated() {
    let fast = |path: &str| json!({"port": "metrics", "path": path, "interval": "30s"});
    let cases = [
        // The only one at the port takes the spec's path.
        (json!([{"port": "metrics", "path": "/old"}]), fast("/new"), json!([fast("/new")])),
        // Of several, the one of the path; the others are other programs'.
        (
            json!([{"port": "metrics"}, {"port": "metrics", "path": "/federate"}]),
            fast("/federate"),
            json!([{"port": "metrics"}, fast("/federate")]),
        ),
        (
            json!([{"port": "metrics", "path": "/b"}, {"port": "metrics"}]),
            json!({"port": "metrics", "interval": "1m"}),
            json!([{"port": "metrics", "path": "/b"}, {"port": "metrics", "interval": "1m"}]),
        ),
        (
            json!([{"port": "metrics"}, {"port": "metrics", "path": "/a"}]),
            fast("/b"),
            json!([{"port": "metrics"}, {"port": "metrics", "path": "/a"}, fast("/b")]),
        ),
        // By what the port leads to, as the operator's `targetPort` has it.
        (json!([{"targetPort": 9090}]), json!({"port": "metrics"}), json!([{"targetPort": 9090}])),
        (json!([{"targetPort": "prom"}]), json!({"port": "metrics"}), json!([{"targetPort": "prom"}])),
        (json!([{"targetPort": 8080}]), json!({"port": "metrics"}), json!([{"targetPort": 8080}, {"port": "metrics"}])),
    ];
    for (there, spec, wanted) in cases {
        assert_eq!(run(&spec, &[monitor("ServiceMonitor", "m", &there)]), Ok(vec![wanted]), "{there} {spec}");
    }
    let (there, wanted) = (json!([{"portNumber": 9090}]), json!([{"portNumber": 9090, "interval": "1m"}]));
    let spec = json!({"port": "prom", "monitor": "pod", "interval": "1m"});
    assert_eq!(run(&spec, &[monitor("PodMonitor", "m", &there)]), Ok(vec![wanted]));
}

#[test]
fn nothing_is_scraped_twice() {
    let (service, pod) = (json!({"port": "metrics"}), json!({"port": "prom", "monitor": "pod"}));
    let of_service = |name, endpoint: Value| monitor("ServiceMonitor", name, &json!([endpoint]));
    let of_pods = |endpoint: Value| monitor("PodMonitor", "pods", &json!([endpoint]));
    let cases = [
        (&service, vec![of_pods(json!({"port": "prom"}))], true),
        (&service, vec![of_pods(json!({"portNumber": 9090}))], true),
        (&service, vec![of_pods(json!({"port": "http"}))], false),
        (&service, vec![of_pods(json!({"port": "prom", "path": "/other"}))], false),
        (&pod, vec![of_service("m", json!({"port": "metrics"}))], true),
        (&pod, vec![of_service("m", json!({"targetPort": 9090}))], true),
        (&pod, vec![of_service("m", json!({"port": "http"}))], false),
        (
            &service,
            vec![of_service("a", json!({"port": "metrics"})), of_service("b", json!({"targetPort": "prom"}))],
            true,
        ),
        (
            &service,
            vec![
                of_service("a", json!({"port": "metrics"})),
                of_service("b", json!({"port": "metrics", "path": "/other"})),
            ],
            false,
        ),
    ];
    for (spec, monitors, refused) in cases {
        let done = run(spec, &monitors);
        let says = done
            .as_ref()
            .err()
            .is_some_and(|errors| matches!(errors.as_slice(), [one] if one.starts_with("second-monitor")));
        assert_eq!(says, refused, "{spec} {monitors:?}: {done:?}");
        assert!(says || done.is_ok(), "{done:?}");
    }
}

#[test]
fn prometheus_logs_in_by_what_the_config_says() {
    let key = |name: &str, key: &str| json!({"name": name, "key": key});
    let basic = json!({"username": key("login", "user"), "password": key("login", "password")});
    let header = json!({"type": "Bearer", "credentials": key("token", "token")});
    let oauth = json!({
        "clientId": {"configMap": key("client", "id")}, "clientSecret": key("client", "secret"),
        "tokenUrl": "https://id.example.com/token", "scopes": ["metrics"],
    });
    let relabeling = json!([{"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}]);
    let dropping = json!([{"sourceLabels": ["__name__"], "regex": "go_.*", "action": "drop"}]);
    let fields = [
        json!({"basicAuth": basic}),
        json!({"authorization": header}),
        json!({"bearerTokenSecret": key("token", "token")}),
        json!({"oauth2": oauth}),
        json!({"relabelings": relabeling, "metricRelabelings": dropping}),
        json!({"scheme": "https", "tlsConfig": {"ca": {"secret": key("ca", "ca.crt")}, "serverName": "web"}}),
    ];
    let crds = crate::common::crds::Crds::load();
    for more in fields {
        for (monitor_kind, port) in [("service", "metrics"), ("pod", "prom")] {
            let mut spec = json!({"port": port, "monitor": monitor_kind});
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let made = run(&spec, &[]).unwrap();
            let [endpoint] = made[0].as_array().unwrap().as_slice() else { panic!("{made:?}") };
            for (field, value) in more.as_object().unwrap() {
                assert_eq!(endpoint[field], *value, "{spec}");
            }
            let output = pass(&spec, WEB).unwrap();
            for document in yaml::parse(&Arc::new(output)).unwrap() {
                let object = document.root().to_value().unwrap();
                assert!(
                    crds.problems(&object).is_none_or(|problems| problems.is_empty()),
                    "{:?}",
                    crds.problems(&object)
                );
            }
        }
    }
    // One that is there logs in in its own way.
    for (there, spec, says) in [
        (
            json!([{"port": "metrics", "authorization": header}]),
            json!({"port": "metrics", "basicAuth": basic}),
            "second-login",
        ),
        (
            json!([{"port": "metrics", "bearerTokenFile": "/var/run/token"}]),
            json!({"port": "metrics", "authorization": header}),
            "second-login",
        ),
        (
            json!([]),
            json!({"port": "metrics", "basicAuth": basic, "authorization": header}),
            "goes not with `basicAuth`",
        ),
        (
            json!([]),
            json!({"port": "metrics", "authorization": {"type": "Basic", "credentials": key("a", "b")}}),
            "Prometheus refuses `Basic` here",
        ),
        (json!([]), json!({"port": "metrics", "relabelings": [{"action": "replace"}]}), "needs `targetLabel`"),
        (
            json!([]),
            json!({"port": "metrics", "relabelings": [{"action": "hashmod", "targetLabel": "a"}]}),
            "`modulus` above 0",
        ),
        (json!([]), json!({"port": "metrics", "relabelings": [{"sourceLables": ["a"]}]}), "sourceLables"),
        (json!([]), json!({"port": "metrics", "scheme": "https", "tlsConfig": {"caCert": "a"}}), "knows no such field"),
        (
            json!([]),
            json!({"port": "prom", "monitor": "pod", "scheme": "https", "tlsConfig": {"caFile": "/ca"}}),
            "takes no files",
        ),
        (json!([]), json!({"port": "metrics", "instance": "team"}), "by `labels`"),
    ] {
        let monitors = if there == json!([]) { Vec::new() } else { vec![monitor("ServiceMonitor", "m", &there)] };
        let errors = run(&spec, &monitors).unwrap_err();
        assert!(errors.iter().any(|error| error.contains(says)), "{spec}: {errors:?}");
    }
}

#[test]
fn steps_of_the_user_stay_before_those_of_the_config() {
    let step = |label: &str| json!({"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": label});
    let spec = json!({"port": "metrics", "relabelings": [step("node"), step("machine")]});
    for (there, wanted) in [
        (json!([step("host")]), json!([step("host"), step("node"), step("machine")])),
        (json!([step("machine"), step("node")]), json!([step("machine"), step("node")])),
        (json!([]), json!([step("node"), step("machine")])),
    ] {
        let endpoint = json!([{"port": "metrics", "relabelings": there}]);
        let made = run(&spec, &[monitor("ServiceMonitor", "m", &endpoint)]).unwrap();
        assert_eq!(made[0][0]["relabelings"], wanted, "{there}");
    }
}

/// Two Prometheus instances may each read a monitor of the same port, when the config says so.
#[test]
fn two_instances_have_a_monitor_each() {
    let labelled = |name: &str, labels: Value| {
        let mut object: Value =
            serde_json::from_str(&monitor("ServiceMonitor", name, &json!([{"port": "metrics"}]))).unwrap();
        object["metadata"]["labels"] = labels;
        object.to_string()
    };
    let of = |instance: &str| json!({"port": "metrics", "labels": {"prometheus": instance}, "instance": instance});
    let platform = labelled("web", json!({"prometheus": "platform"}));
    // One for the instance that has none; the other's stays.
    assert_eq!(run(&of("team"), std::slice::from_ref(&platform)).unwrap().len(), 2);
    assert_eq!(run(&of("platform"), std::slice::from_ref(&platform)).unwrap().len(), 1);
    let team = labelled("web-team", json!({"prometheus": "team"}));
    assert_eq!(run(&of("team"), &[platform.clone(), team.clone()]).unwrap().len(), 2);
    // Two of one instance are two too many, and so are two of nobody knows whom.
    let twice = labelled("again", json!({"prometheus": "team"}));
    assert!(run(&of("team"), &[team.clone(), twice]).unwrap_err()[0].starts_with("second-monitor"));
    let errors = run(&json!({"port": "metrics"}), &[platform, team]).unwrap_err();
    assert!(errors[0].starts_with("second-monitor"), "{errors:?}");
}

/// A StatefulSet gives its pods names as labels, by which a Service selects one of them.
#[test]
fn a_service_of_one_pod_selects_pods() {
    let input = |selector: &str| {
        format!(
            "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec: {{containers: [{{name: db, image: x, ports: [{{name: metrics, containerPort: 9187}}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: db-0, labels: {{app: db}}}}
spec: {{selector: {{{selector}}}, ports: [{{name: metrics, port: 9187, targetPort: metrics}}]}}
"
        )
    };
    for (selector, selects) in [
        ("statefulset.kubernetes.io/pod-name: db-0", true),
        ("app: db, statefulset.kubernetes.io/pod-name: db-11", true),
        ("apps.kubernetes.io/pod-index: '0', app: db", true),
        ("statefulset.kubernetes.io/pod-name: other-0", false),
        ("statefulset.kubernetes.io/pod-name: db-a", false),
    ] {
        let done = pass(&json!({"port": "metrics"}), &input(selector));
        assert_eq!(done.is_ok(), selects, "{selector}: {done:?}");
        if let Ok(once) = done {
            assert_eq!(pass(&json!({"port": "metrics"}), &once).as_ref(), Ok(&once));
        }
    }
}

/// What is made covers what it was made for: a second run finds it, also where a selector misses its own labels.
#[test]
fn what_is_made_is_found_again() {
    let web = |selector: &str| WEB.replace("selector: {matchLabels: {app: web}}", &format!("selector: {selector}"));
    let selectors = [
        "{matchLabels: {app: other}}",
        "{matchExpressions: [{key: app, operator: In, values: [other]}]}",
        "{matchExpressions: [{key: app, operator: DoesNotExist}]}",
        "{matchLabels: {app: web, track: stable}}",
        "{}",
        "{matchLabels: {app: web}}",
    ];
    for selector in selectors {
        for spec in [json!({"port": "metrics"}), json!({"port": "prom", "monitor": "pod"})] {
            let once = pass(&spec, &web(selector)).unwrap_or_else(|errors| panic!("{selector} {spec}: {errors:?}"));
            assert_eq!(pass(&spec, &once).as_ref(), Ok(&once), "{selector} {spec}");
        }
    }
}

/// Names of Secrets in a monitor are references: `Checks` finds those that lead nowhere.
#[test]
fn secrets_of_a_monitor_are_known() {
    let key = |name: &str| json!({"name": name, "key": "password"});
    let functions = json!({
        "monitoring": {"kind": "Monitoring", "spec": {
            "port": "metrics", "basicAuth": {"username": key("there"), "password": key("nowhere")},
        }},
        "checks": {"kind": "Checks", "spec": {"severities": {"references/*": "error", "references/secret": "error"}}},
    });
    let config =
        json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Pipeline", "spec": {"functions": functions}}).to_string();
    let config = yaml::parse(&Arc::new(config)).unwrap();
    let pipeline = krmor::config::read(config[0].root(), None).unwrap();
    let secret =
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: there}\nstringData: {password: a-value-of-a-secret}\n";
    let mut stream = Stream::parse(&Arc::new(format!("{WEB}{secret}"))).unwrap();
    let mut report = Report::default();
    pipeline.run(&mut stream, &mut report);
    let found: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.rule.id == "references/secret")
        .map(|finding| krmor::krm::message(finding).into_owned())
        .collect();
    assert!(matches!(found.as_slice(), [one] if one.contains("nowhere")), "{found:?}");
}

/// The operator compares the time of a scrape with the time between two, wherever the two stand.
#[test]
fn a_scrape_ends_before_the_next_begins() {
    let there = |endpoint: Value| vec![monitor("ServiceMonitor", "m", &json!([endpoint]))];
    let prometheus = |interval: &str| {
        json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": "k8s"}, "spec": {"scrapeInterval": interval}}).to_string()
    };
    let cases: [(Value, Vec<String>, Option<&str>); 13] = [
        (json!({"scrapeTimeout": "30s"}), vec![], None),
        (json!({"scrapeTimeout": "31s"}), vec![], Some("than the 30s between")),
        (json!({"scrapeTimeout": "45s", "interval": "1m"}), vec![], None),
        (json!({"scrapeTimeout": "2m", "interval": "1m"}), vec![], Some("`interval: 1m`")),
        (
            json!({"scrapeTimeout": "20s"}),
            there(json!({"port": "metrics", "interval": "15s"})),
            Some("than the 15s between"),
        ),
        (json!({"scrapeTimeout": "20s"}), there(json!({"port": "metrics", "interval": "60s"})), None),
        (
            json!({"interval": "5s"}),
            there(json!({"port": "metrics", "scrapeTimeout": "10s"})),
            Some("`scrapeTimeout: 10s`"),
        ),
        (json!({"interval": "5s"}), there(json!({"port": "metrics"})), None),
        (
            json!({"interval": "5s", "scrapeTimeout": "5s"}),
            there(json!({"port": "metrics", "scrapeTimeout": "10s"})),
            None,
        ),
        // The endpoint of another path is another's.
        (
            json!({"scrapeTimeout": "20s", "path": "/a"}),
            there(json!({"port": "metrics", "path": "/a", "interval": "1m"})),
            None,
        ),
        (json!({"scrapeTimeout": "40s"}), vec![prometheus("1m")], None),
        (json!({"scrapeTimeout": "70s"}), vec![prometheus("1m")], Some("than the 1m between")),
        (
            json!({"scrapeTimeout": "20s"}),
            vec![prometheus("15s"), prometheus("1m").replace("k8s", "slow")],
            Some("than the 15s between"),
        ),
    ];
    for (more, others, says) in cases {
        let mut spec = json!({"port": "metrics", "targets": [{"kind": "Deployment"}]});
        more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
        let told = match pass(&spec, &format!("{WEB}---\n{}\n", others.join("\n---\n"))) {
            Ok(_) => String::new(),
            Err(errors) => errors.join("\n"),
        };
        assert_eq!(told.is_empty(), says.is_none(), "{spec}: {told}");
        assert!(told.contains(says.unwrap_or_default()), "{spec}: {told}");
    }
}

/// Steps that the operator refuses, as its `LabelConfigValidator` does, and those that it takes.
#[test]
fn steps_are_checked_as_the_operator_checks_them() {
    let told = |step: &Value| {
        let spec = json!({"port": "metrics", "relabelings": [step]});
        pass(&spec, WEB).err().map(|errors| errors.join("\n"))
    };
    for good in [
        json!({"targetLabel": "a"}),
        json!({"action": "replace", "targetLabel": "a_${1}_$2", "regex": "(.*)-(.*)", "replacement": "$1"}),
        json!({"action": "keep", "sourceLabels": ["a"], "regex": "b|c"}),
        json!({"action": "drop", "regex": "a", "sourceLabels": ["a"], "separator": "@"}),
        json!({"action": "hashmod", "targetLabel": "a", "modulus": 3}),
        json!({"action": "labelmap", "regex": "__meta_(.+)", "replacement": "x_$1"}),
        json!({"action": "labelmap", "regex": "__meta_(.+)"}),
        json!({"action": "labeldrop", "regex": "a|b"}),
        json!({"action": "labelkeep", "regex": "a", "separator": ";", "replacement": "$1"}),
        json!({"action": "lowercase", "sourceLabels": ["a"], "targetLabel": "a"}),
        json!({"action": "keepequal", "sourceLabels": ["a"], "targetLabel": "a", "regex": "(.*)"}),
    ] {
        assert_eq!(told(&good), None, "{good}");
    }
    for (bad, says) in [
        (json!({"action": "keep", "sourceLabels": ["a"], "regex": "(?!b)"}), "(?"),
        (json!({"action": "keep", "sourceLabels": ["a"], "regex": "(b"}), "parenthesis"),
        (json!({"action": "labeldrop", "regex": "*"}), "nothing before it"),
        (json!({"targetLabel": "a", "regex": "(a)\\1"}), "back-reference"),
        (json!({"action": "replace"}), "`targetLabel`"),
        (json!({"targetLabel": ""}), "`targetLabel`"),
        (json!({"targetLabel": "a-b"}), "`a-b` is no name"),
        (json!({"targetLabel": "1a"}), "`1a` is no name"),
        (json!({"targetLabel": "a${"}), "is no name"),
        (json!({"action": "hashmod", "targetLabel": "a"}), "`modulus`"),
        (json!({"action": "hashmod", "modulus": 3}), "`targetLabel`"),
        (json!({"action": "labelmap", "regex": "a", "replacement": "a-$1"}), "is no name"),
        (json!({"action": "labeldrop", "regex": "a", "sourceLabels": ["b"]}), "alone"),
        (json!({"action": "labeldrop", "regex": "a", "modulus": 2}), "alone"),
        (json!({"action": "labelkeep", "regex": "a", "separator": ","}), "alone"),
        (json!({"action": "labelkeep", "regex": "a", "replacement": "b"}), "alone"),
        (
            json!({"action": "uppercase", "sourceLabels": ["a"], "targetLabel": "a", "replacement": "b"}),
            "`replacement`",
        ),
        (json!({"action": "dropequal", "sourceLabels": ["a"], "targetLabel": "a", "regex": "b"}), "no other field"),
        (json!({"action": "keepequal", "sourceLabels": ["a"], "targetLabel": "a", "separator": ","}), "no other field"),
    ] {
        let told = told(&bad);
        assert!(told.as_deref().is_some_and(|told| told.contains(says)), "{bad}: {told:?}");
    }
}
