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
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
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
