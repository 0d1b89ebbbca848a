//! `Probes`: which containers get which probes, what stays, and what is refused, as rows of tables.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use std::sync::Arc;

use krmor::functions::probes::{Spec, apply, judge};
use krmor::report::{Class, Report};
use krmor::stream::Stream;
use krmor::yaml::{self, print};
use serde_json::{Value, json};

fn value(text: &str) -> Value {
    yaml::parse(&Arc::new(text.to_owned())).unwrap()[0].root().to_value().unwrap()
}

fn spec(text: &str) -> Spec {
    serde_json::from_value(value(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is wrong with a config: its path and the message.
fn refusal(spec: &str) -> Option<String> {
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Probes", "spec": value(spec)});
    let documents = yaml::parse(&Arc::new(config.to_string())).unwrap();
    Some(crate::common::told(&krmor::config::read(documents[0].root(), None).err()?))
}

fn run(spec: &Spec, input: &str) -> (String, Report) {
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let mut report = Report::default();
    report.begin("Probes");
    apply(spec, &mut stream, &mut report);
    judge(spec, &stream, &mut report);
    (stream.render(), report)
}

/// An object in block style from what differs: `kind` (with its apiVersion), `meta`, `pod`.
fn object(text: &str) -> String {
    let short = value(text);
    let (api, kind) = short["kind"].as_str().unwrap_or("apps/v1 Deployment").split_once(' ').unwrap();
    let mut metadata = short.get("meta").cloned().unwrap_or_else(|| json!({}));
    metadata["name"] = json!("o");
    let template = json!({"spec": short["pod"]});
    let spec = match kind {
        "Pod" => short["pod"].clone(),
        "CronJob" => json!({"jobTemplate": {"spec": {"template": template}}}),
        _ => json!({"template": template}),
    };
    let mut out = String::new();
    let object = json!({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec});
    print::write_document(&mut out, &object, print::Layout::default());
    out
}

/// The name of the container at a pointer, and the rest of the pointer.
fn place(input: &Value, pointer: &str) -> String {
    let tokens: Vec<&str> = pointer.split('/').collect();
    let list = tokens.iter().position(|token| token.to_ascii_lowercase().ends_with("containers"));
    match list.filter(|at| at + 1 < tokens.len()) {
        None => "pod".to_owned(),
        Some(at) => {
            let container = input.pointer(&tokens[..at + 2].join("/")).unwrap();
            let rest = tokens[at + 2..].join(".");
            format!("{} {rest}", container["name"].as_str().unwrap_or("-")).trim_end().to_owned()
        }
    }
}

/// The probe as the API has it; what the API would refuse is a failure.
fn checked(purpose: &str, probe: &Value) -> String {
    let handlers: Vec<&str> =
        ["httpGet", "tcpSocket", "grpc", "exec"].into_iter().filter(|key| probe.get(key).is_some()).collect();
    assert_eq!(handlers.len(), 1, "{probe}");
    let handler = &probe[handlers[0]];
    let number = |key: &str| probe.get(key).map(|number| number.as_i64().unwrap());
    for key in ["periodSeconds", "timeoutSeconds", "failureThreshold"] {
        assert!(number(key).is_some_and(|number| number >= 1), "{key} is written out: {probe}");
    }
    match purpose {
        "readinessProbe" => {
            assert!(number("successThreshold").is_some_and(|number| number >= 1), "{probe}");
            assert_eq!(number("terminationGracePeriodSeconds"), None, "{probe}");
        }
        _ => assert!(number("successThreshold").is_none_or(|number| number == 1), "{probe}"),
    }
    assert!(handler.get("host").is_none(), "{probe}");
    let port = handler.get("port").map_or(String::new(), |port| format!(":{}", port.to_string().replace('"', "")));
    if handlers[0] == "grpc" {
        assert!(handler["port"].is_u64(), "{probe}");
    }
    format!("{}{port}{}", handlers[0], handler["path"].as_str().unwrap_or_default())
}

/// What a run does to an object: `+ web liveness httpGet:http/healthz` (`~`: overridden), and what it finds:
/// `error probe-port web ports`. A second run must change nothing.
fn told(config: &str, input: &str) -> Vec<String> {
    let (spec, input) = (spec(config), object(input));
    let (output, report) = run(&spec, &input);
    let before = value(&input);
    let mut out = Vec::new();
    for change in &report.changes {
        let sign = if change.why.class == Class::Overridden { "~" } else { "+" };
        let place = place(&before, &change.path);
        let (container, key) = place.split_once(' ').unwrap();
        out.push(format!("{sign} {container} {} {}", key.trim_end_matches("Probe"), checked(key, &change.value)));
    }
    for finding in &report.findings {
        out.push(format!("{} {} {}", finding.severity.name(), finding.rule.id, place(&before, finding.pointer())));
    }
    let (again, second) = run(&spec, &output);
    assert_eq!(again, output, "{config}: a second run changes something");
    assert!(second.changes.is_empty(), "{config}");
    out
}

fn check(rows: &[(&str, &str, &str, &[&str])]) {
    let mut wrong = Vec::new();
    for (what, spec, input, expected) in rows {
        let seen = told(spec, input);
        if seen != *expected {
            wrong.push(format!("{what}\n  expected {expected:#?}\n  saw {seen:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const READY: &str = "{readiness: {tcp: {port: http}}}";
const READY_8080: &str = "{readiness: {tcp: {port: 8080}}}";

#[test]
fn only_named_probes_are_injected() {
    let web = "{pod: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}}";
    check(&[
        ("readiness", READY, web, &["+ web readiness tcpSocket:http"]),
        ("liveness", "{liveness: {tcp: {port: http}}}", web, &["+ web liveness tcpSocket:http"]),
        ("startup", "{startup: {tcp: {port: http}}}", web, &["+ web startup tcpSocket:http"]),
        (
            "all, from defaults",
            "{defaults: {http: {path: /h, port: http}}, liveness: {}, readiness: {}, startup: {}}",
            web,
            &["+ web liveness httpGet:http/h", "+ web readiness httpGet:http/h", "+ web startup httpGet:http/h"],
        ),
        (
            "a path of its own",
            "{defaults: {http: {path: /h, port: http}}, liveness: {}, readiness: {http: {path: /r}}}",
            web,
            &["+ web liveness httpGet:http/h", "+ web readiness httpGet:http/r"],
        ),
        (
            "a port of its own",
            "{defaults: {http: {path: /h, port: http}}, readiness: {http: {port: 9000}}}",
            web,
            &["+ web readiness httpGet:9000/h"],
        ),
        (
            "another handler takes nothing from the shared one",
            "{defaults: {http: {path: /h, port: 9000}}, readiness: {exec: {command: [ok]}}}",
            web,
            &["+ web readiness exec"],
        ),
        (
            "startup asks as liveness does, not as readiness",
            "{liveness: {http: {path: /l, port: 1}}, readiness: {http: {path: /r, port: 1}}, startup: {seconds: 9}}",
            web,
            &["+ web liveness httpGet:1/l", "+ web readiness httpGet:1/r", "+ web startup httpGet:1/l"],
        ),
        (
            "what defaults leave out, startup takes from liveness",
            "{defaults: {http: {port: 1}}, liveness: {http: {path: /l}}, startup: {seconds: 9}}",
            web,
            &["+ web liveness httpGet:1/l", "+ web startup httpGet:1/l"],
        ),
        (
            "but what defaults say goes first",
            "{defaults: {http: {path: /d, port: 1}}, liveness: {http: {path: /l}}, startup: {seconds: 9}}",
            web,
            &["+ web liveness httpGet:1/l", "+ web startup httpGet:1/d"],
        ),
        (
            "and what startup says, before both",
            "{defaults: {tcp: {port: 1}}, liveness: {http: {path: /l, port: 2}}, startup: {tcp: {port: 3}}}",
            web,
            &["+ web liveness httpGet:2/l", "+ web startup tcpSocket:3"],
        ),
    ]);
}

#[test]
fn the_container_is_the_sole_one_or_the_one_with_the_port() {
    let two = |a: &str, b: &str| format!("{{pod: {{containers: [{{name: a{a}}}, {{name: b{b}}}]}}}}");
    let (http, other) = (", ports: [{name: http, containerPort: 8080}]", ", ports: [{name: admin, containerPort: 9}]");
    let (http_b, http_both) = (two(other, http), two(http, http));
    let udp = two(", ports: [{name: http, containerPort: 8080, protocol: UDP}]", http);
    let sidecar = "{pod: {initContainers: [{name: s, restartPolicy: Always, ports: [{containerPort: 8080}]}], containers: [{name: a}, {name: b}]}}";
    let own = "readinessProbe: {exec: {command: [x]}}";
    let both_own = two(&format!(", {own}"), &format!(", {own}"));
    let one_own = two(&format!(", {own}"), "");
    check(&[
        ("by name", READY, &http_b, &["+ b readiness tcpSocket:http"]),
        ("by number", READY_8080, &http_b, &["+ b readiness tcpSocket:8080"]),
        ("both declare it", READY, &http_both, &["error ambiguous-container pod"]),
        ("none does", READY, &two(other, other), &["error ambiguous-container pod"]),
        ("a port of UDP does not count", READY_8080, &udp, &["+ b readiness tcpSocket:8080"]),
        (
            "by the name of a port of UDP",
            READY,
            &two(", ports: [{name: http, containerPort: 8080, protocol: UDP}]", other),
            &["+ a readiness tcpSocket:http", "warning probe-port a readinessProbe.tcpSocket.port"],
        ),
        ("nor does a native sidecar", READY_8080, sidecar, &["error ambiguous-container pod"]),
        ("a command has no port", "{liveness: {exec: {command: [x]}}}", &http_b, &["error ambiguous-container pod"]),
        (
            "a command beside a probe with a port",
            "{liveness: {exec: {command: [x]}}, readiness: {tcp: {port: http}}}",
            &http_b,
            &["+ b liveness exec", "+ b readiness tcpSocket:http"],
        ),
        (
            "a number that need not be declared beside a name",
            "{liveness: {tcp: {port: 7}}, readiness: {tcp: {port: http}}}",
            &http_b,
            &["+ b liveness tcpSocket:7", "+ b readiness tcpSocket:http"],
        ),
        (
            "ports of two containers",
            "{liveness: {tcp: {port: admin}}, readiness: {tcp: {port: http}}}",
            &http_b,
            &["error ambiguous-container pod"],
        ),
        (
            "an exclude leaves one",
            "{exclude: [{containers: [a]}], readiness: {tcp: {port: 5}}}",
            &http_both,
            &["+ b readiness tcpSocket:5"],
        ),
        ("an exclude leaves none", "{exclude: [{containers: [a, b]}], readiness: {tcp: {port: 5}}}", &http_both, &[]),
        (
            "nothing to choose where all have theirs",
            READY_8080,
            &both_own,
            &["info probe-kept a readinessProbe", "info probe-kept b readinessProbe"],
        ),
        ("one has its own", READY_8080, &one_own, &["error ambiguous-container pod"]),
        (
            "overwrite needs to know",
            "{overwrite: true, readiness: {tcp: {port: 8080}}}",
            &both_own,
            &["error ambiguous-container pod"],
        ),
    ]);
}

#[test]
fn targets_name_containers() {
    let pod = "{pod: {initContainers: [{name: i}, {name: s, restartPolicy: Always}], containers: [{name: a}, {name: b}], \
               ephemeralContainers: [{name: e}]}}";
    let with = |targets: &str| format!("{{targets: {targets}, readiness: {{tcp: {{port: 8080}}}}}}");
    let row = |targets: &str, expected: &[&str]| assert_eq!(told(&with(targets), pod), expected, "{targets}");
    row("[{containers: [b]}]", &["+ b readiness tcpSocket:8080"]);
    row("[{containers: [a, b]}]", &["+ a readiness tcpSocket:8080", "+ b readiness tcpSocket:8080"]);
    row("[{containers: [s]}]", &["+ s readiness tcpSocket:8080"]);
    let all = ["+ s readiness tcpSocket:8080", "+ a readiness tcpSocket:8080", "+ b readiness tcpSocket:8080"];
    row("[{containers: ['.*']}]", &all);
    row("[{kind: Deployment}, {containers: [a]}]", &["+ a readiness tcpSocket:8080"]);
    row("[{containers: [i]}]", &["error no-probes-there i"]);
    row("[{containers: [e]}]", &["error no-probes-there e"]);
    row("[{containers: ['[ie]']}]", &["error no-probes-there i", "error no-probes-there e"]);
    row("[{containers: [a, i]}]", &["+ a readiness tcpSocket:8080", "error no-probes-there i"]);
    row("[{containers: [none]}]", &["error unmatched-target pod"]);
    row("[{name: none, optional: true}]", &[]);
}

#[test]
fn nothing_that_ends_gets_probes_but_its_sidecars() {
    let containers = "initContainers: [{name: s, restartPolicy: Always}], containers: [{name: a}]";
    let named = "{targets: [{containers: [s]}], readiness: {tcp: {port: 8080}}}";
    let all_named = "{targets: [{containers: [a, s]}], readiness: {tcp: {port: 8080}}}";
    let targeted = "{targets: [{name: o}], readiness: {tcp: {port: 8080}}}";
    for (kind, policy) in [
        ("batch/v1 Job", "Never"),
        ("batch/v1 CronJob", "OnFailure"),
        ("v1 Pod", "Never"),
        ("v1 Pod", "OnFailure"),
        ("apps.kruise.io/v1alpha1 BroadcastJob", "Never"),
    ] {
        let input = format!("{{kind: {kind}, pod: {{restartPolicy: {policy}, {containers}}}}}");
        assert_eq!(told(READY_8080, &input), [""; 0], "{kind}: nobody asked");
        assert_eq!(told(targeted, &input), ["info runs-to-completion pod"], "{kind}");
        assert_eq!(told(named, &input), ["+ s readiness tcpSocket:8080"], "{kind}");
        assert_eq!(told(all_named, &input), ["+ s readiness tcpSocket:8080", "info runs-to-completion pod"], "{kind}");
    }
    let hook = format!("{{kind: v1 Pod, meta: {{annotations: {{helm.sh/hook: test}}}}, pod: {{{containers}}}}}");
    assert_eq!(told(READY_8080, &hook), [""; 0]);
    assert_eq!(told(targeted, &hook), ["info helm-hook pod"]);
    assert_eq!(told(named, &hook), ["info helm-hook pod"]);
    for kind in ["v1 Pod", "apps/v1 StatefulSet", "apps/v1 DaemonSet", "argoproj.io/v1alpha1 Rollout"] {
        let input = format!("{{kind: {kind}, pod: {{restartPolicy: Always, {containers}}}}}");
        assert_eq!(told(READY_8080, &input), ["+ a readiness tcpSocket:8080"], "{kind}");
    }
}

#[test]
fn what_is_there_stays_unless_overwritten() {
    let with = |probe: &str| format!("{{pod: {{containers: [{{name: a, readinessProbe: {probe}}}]}}}}");
    let http = "readiness: {http: {path: /, port: 8080}}";
    let (keep, overwrite) = (format!("{{{http}}}"), format!("{{overwrite: true, {http}}}"));
    let added: &[&str] = &["+ a readiness httpGet:8080/"];
    let replaced: &[&str] = &["~ a readiness httpGet:8080/"];
    let kept: &[&str] = &["info probe-kept a readinessProbe"];
    let malformed: &[&str] = &["error malformed-probe a readinessProbe"];
    for (probe, by_default, overwritten) in [
        ("null", added, added),
        ("~", added, added),
        ("{httpGet: {port: 8080}}", &[], &[]),
        ("{httpGet: {path: /, port: 8080, scheme: HTTP}, periodSeconds: 10}", &[], &[]),
        ("{httpGet: {path: null, port: 8080}, timeoutSeconds: null, exec: null}", &[], &[]),
        ("{httpGet: {port: 8080, host: h}}", kept, replaced),
        ("{httpGet: {port: 8080, scheme: HTTPS}}", kept, replaced),
        ("{httpGet: {port: 8080}, periodSeconds: 11}", kept, replaced),
        ("{httpGet: {port: 8080}, initialDelaySeconds: 1}", kept, replaced),
        ("{httpGet: {port: 8080}, futureField: 1}", kept, replaced),
        ("{tcpSocket: {port: 8080}}", kept, replaced),
        ("{}", malformed, replaced),
        ("{periodSeconds: 5}", malformed, replaced),
        ("{httpGet: null}", malformed, replaced),
        ("{httpget: {port: 8080}}", malformed, replaced),
        ("{httpGet: [8080]}", malformed, replaced),
        ("{httpGet: {port: 8080}, tcpSocket: {port: 8080}}", malformed, replaced),
        ("[1]", malformed, replaced),
        ("yes", malformed, replaced),
        ("''", malformed, replaced),
    ] {
        assert_eq!(told(&keep, &with(probe)), by_default, "{probe}");
        assert_eq!(told(&overwrite, &with(probe)), overwritten, "{probe}, overwrite");
    }
    let grpc = "{readiness: {grpc: {port: g}}}";
    let there = "{pod: {containers: [{name: a, ports: [{name: g, containerPort: 7}], readinessProbe: {grpc: {port: 7, service: ''}}}]}}";
    assert_eq!(told(grpc, there), [""; 0], "the same, once the name is resolved");
    let liveness = "{overwrite: true, liveness: {tcp: {port: 1}}}";
    let both = "{pod: {containers: [{name: a, livenessProbe: {exec: {command: [x]}}, readinessProbe: {exec: {command: [x]}}}]}}";
    assert_eq!(told(liveness, both), ["~ a liveness tcpSocket:1"], "the other is not named");
}

#[test]
fn named_ports_are_ports_of_the_container() {
    let with = |ports: &str| format!("{{pod: {{containers: [{{name: a, ports: {ports}}}]}}}}");
    let grpc = "{readiness: {grpc: {port: http}}}";
    let failed: &[&str] = &["error probe-port a ports"];
    let grpc_of_udp: &[&str] = &["+ a readiness grpc:8080", "warning probe-port a ports"];
    // The kubelet looks a name up whatever its protocol; whether the program also listens by TCP nobody knows.
    let looked_up: &[&str] = &["+ a readiness tcpSocket:http", "warning probe-port a readinessProbe.tcpSocket.port"];
    for (ports, tcp, as_grpc) in [
        (
            "[{name: http, containerPort: 8080}]",
            &["+ a readiness tcpSocket:http"] as &[&str],
            &["+ a readiness grpc:8080"] as &[&str],
        ),
        (
            "[{name: http, containerPort: 8080, protocol: TCP}]",
            &["+ a readiness tcpSocket:http"],
            &["+ a readiness grpc:8080"],
        ),
        ("[{name: http, containerPort: 8080, protocol: UDP}]", looked_up, grpc_of_udp),
        ("[{name: http, containerPort: 8080, protocol: SCTP}]", looked_up, grpc_of_udp),
        ("[{name: http, containerPort: 1}, {name: http, containerPort: 2}]", failed, failed),
        ("[{name: http, containerPort: 1}, {name: http, containerPort: 1, protocol: UDP}]", failed, failed),
        ("[{name: http}]", failed, failed),
        ("[{name: http, containerPort: '8080'}]", failed, failed),
        ("[{name: http, containerPort: 70000}]", failed, failed),
        ("[{name: HTTP, containerPort: 1}]", failed, failed),
        ("[{containerPort: 8080}]", failed, failed),
        ("[]", failed, failed),
        ("null", failed, failed),
        ("http", failed, failed),
        ("[http, 3, null, [x]]", failed, failed),
    ] {
        assert_eq!(told(READY, &with(ports)), tcp, "{ports}");
        assert_eq!(told(grpc, &with(ports)), as_grpc, "{ports}, grpc");
        assert_eq!(told(READY_8080, &with(ports)), ["+ a readiness tcpSocket:8080"], "{ports}: a number needs none");
    }
    let three = "{defaults: {tcp: {port: http}}, liveness: {}, readiness: {}, startup: {tcp: {port: other}}}";
    let each_once = ["error probe-port a ports", "error probe-port a ports"];
    assert_eq!(told(three, &with("[]")), each_once, "each missing name is said once");
    let elsewhere = "{pod: {initContainers: [{name: s, restartPolicy: Always, ports: [{name: http, containerPort: 1}]}], containers: [{name: a}]}}";
    assert_eq!(told(READY, elsewhere), failed, "the sidecar's port is not the container's");
    let kept = "{pod: {containers: [{name: a, readinessProbe: {exec: {command: [x]}}}]}}";
    assert_eq!(told(READY, kept), ["info probe-kept a readinessProbe"], "no port is needed for what stays");
}

#[test]
fn timings_are_those_of_the_probe_then_of_defaults_then_of_the_api() {
    let probe = |config: &str, key: &str| {
        let (output, report) = run(&spec(config), &object("{pod: {containers: [{name: a}]}}"));
        assert!(report.changes.iter().any(|change| change.path.ends_with(key)), "{config}");
        value(&output)["spec"]["template"]["spec"]["containers"][0][key].clone()
    };
    let plain = "{defaults: {exec: {command: [x, '-y']}}, liveness: {}, readiness: {}, startup: {}}";
    let exec = json!({"command": ["x", "-y"]});
    let timings = json!({"exec": exec, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3});
    assert_eq!(probe(plain, "livenessProbe"), timings);
    assert_eq!(probe(plain, "startupProbe"), timings);
    let mut of_readiness = timings.clone();
    of_readiness["successThreshold"] = json!(1);
    assert_eq!(probe(plain, "readinessProbe"), of_readiness);

    let shared = "{defaults: {exec: {command: [x]}, initialDelaySeconds: 0, periodSeconds: 7, timeoutSeconds: 2, failureThreshold: 4, \
                  successThreshold: 5, terminationGracePeriodSeconds: 6}, liveness: {periodSeconds: 8}, readiness: {initialDelaySeconds: 9, \
                  successThreshold: 2}, startup: {seconds: 30, terminationGracePeriodSeconds: 1}}";
    let exec = json!({"command": ["x"]});
    assert_eq!(
        probe(shared, "livenessProbe"),
        json!({"exec": exec, "initialDelaySeconds": 0, "periodSeconds": 8, "timeoutSeconds": 2, "failureThreshold": 4,
               "terminationGracePeriodSeconds": 6})
    );
    assert_eq!(
        probe(shared, "readinessProbe"),
        json!({"exec": exec, "initialDelaySeconds": 9, "periodSeconds": 7, "timeoutSeconds": 2, "failureThreshold": 4,
               "successThreshold": 2})
    );
    assert_eq!(
        probe(shared, "startupProbe"),
        json!({"exec": exec, "initialDelaySeconds": 0, "periodSeconds": 7, "timeoutSeconds": 2, "failureThreshold": 5,
               "terminationGracePeriodSeconds": 1})
    );
}

#[test]
fn startup_seconds_are_never_cut_short() {
    for seconds in (1..200).chain([3600, 86_401, i64::from(i32::MAX)]) {
        for period in [None, Some(1), Some(2), Some(5), Some(7), Some(10), Some(60), Some(i64::from(i32::MAX))] {
            let mut startup = json!({"seconds": seconds, "tcp": {"port": 1}});
            if let Some(period) = period {
                startup["periodSeconds"] = json!(period);
            }
            let spec: Spec = serde_json::from_value(json!({"startup": startup})).unwrap();
            let plan = &spec.plans[0];
            let (times, period) = (i64::from(plan.failures), period.unwrap_or(5));
            assert_eq!(i64::from(plan.period), period);
            assert!(times >= 2 && times * period >= seconds, "{times} × {period} for {seconds}");
            assert!(times == 2 || (times - 1) * period < seconds, "{times} × {period} for {seconds} is too long");
        }
    }
}

#[test]
fn knative_takes_probes_where_it_serves() {
    let service = "serving.knative.dev/v1 Service";
    let input = |containers: &str| format!("{{kind: {service}, pod: {{containers: {containers}}}}}");
    let grace = "{liveness: {tcp: {port: 8080}, terminationGracePeriodSeconds: 5}}";
    let named = "{targets: [{containers: [b]}], readiness: {tcp: {port: 8080}}}";
    let two = "[{name: a, ports: [{containerPort: 8080}]}, {name: b}]";
    check(&[
        ("neither name nor port", READY_8080, &input("[{image: x}]"), &["+ - readiness tcpSocket:8080"]),
        ("the one that serves", READY_8080, &input(two), &["+ a readiness tcpSocket:8080"]),
        ("another", named, &input(two), &["+ b readiness tcpSocket:8080", "warning does-not-serve b"]),
        ("no grace period", grace, &input("[{image: x}]"), &["error probe-grace-period -"]),
        ("its own TCP probe", READY_8080, &input("[{image: x, readinessProbe: {successThreshold: 1}}]"), &[]),
        (
            "its own name of a port",
            "{liveness: {tcp: {port: 1}}}",
            &input("[{image: x, ports: [{containerPort: 1}], readinessProbe: {httpGet: {port: http}}}]"),
            &["+ - liveness tcpSocket:1"],
        ),
    ]);
}

#[test]
fn the_final_stream_is_judged_whoever_wrote_the_probes() {
    let pod = |probes: &str| {
        format!("{{pod: {{containers: [{{name: a, ports: [{{name: http, containerPort: 1}}], {probes}}}]}}}}")
    };
    let query = "{liveness: {http: {path: '/h?db=1', port: 1}}}";
    let http = |path: &str| format!("{{httpGet: {{path: '{path}', port: 1}}}}");
    let ready = |path: &str| pod(&format!("readinessProbe: {}", http(path)));
    let shared: &[&str] = &["+ a liveness httpGet:1/h?db=1", "warning shared-query a"];
    check(&[
        ("a query that both ask", query, &ready("/h?db=1"), shared),
        ("another query", query, &ready("/h?db=2"), &["+ a liveness httpGet:1/h?db=1"]),
        (
            "a path without a query",
            "{liveness: {http: {path: /h, port: 1}}}",
            &ready("/h"),
            &["+ a liveness httpGet:1/h"],
        ),
        (
            "the startup probe alone",
            "{defaults: {http: {path: '/h?db=1', port: 1}}, startup: {}, readiness: {}}",
            &pod("env: []"),
            &["+ a readiness httpGet:1/h?db=1", "+ a startup httpGet:1/h?db=1", "warning shared-query a"],
        ),
        (
            "a name that is unknown",
            READY,
            &pod("livenessProbe: {tcpSocket: {port: htttp}}"),
            &["+ a readiness tcpSocket:http", "error probe-port a livenessProbe.tcpSocket.port"],
        ),
        (
            "a number in quotes",
            READY,
            &pod("startupProbe: {httpGet: {port: '1'}}"),
            &["+ a readiness tcpSocket:http", "error probe-port a startupProbe.httpGet.port"],
        ),
        (
            "a container out of scope",
            "{targets: [{kind: StatefulSet, optional: true}], readiness: {tcp: {port: 1}}}",
            &pod("livenessProbe: {tcpSocket: {port: htttp}}"),
            &[],
        ),
    ]);
}

#[test]
fn a_timeout_over_the_period_is_a_warning() {
    let input = "{pod: {containers: [{name: a}]}}";
    let with = |timings: &str| told(&format!("{{liveness: {{tcp: {{port: 1}}, {timings}}}}}"), input);
    assert_eq!(with("periodSeconds: 5, timeoutSeconds: 5"), ["+ a liveness tcpSocket:1"]);
    let warned = ["+ a liveness tcpSocket:1", "warning timeout-over-period pod"];
    assert_eq!(with("periodSeconds: 5, timeoutSeconds: 6"), warned);
    assert_eq!(with("timeoutSeconds: 11"), warned, "the period is 10");
}

#[test]
fn a_spec_that_cannot_be_right_is_refused_with_its_place() {
    let long = "a".repeat(16);
    let rows = [
        ("{}", "spec: no probe is named"),
        ("{defaults: {tcp: {port: 1}}}", "spec: no probe is named"),
        ("{liveness: null}", "spec.liveness: nothing is given here"),
        ("{liveness: {http: null}}", "spec.liveness.http: nothing is given here"),
        ("{liveness: {}}", "spec: `liveness` has no handler"),
        ("{startup: {seconds: 5}}", "spec: `startup` has no handler"),
        ("{liveness: {tcp: {}}}", "spec: `liveness.tcp.port` is missing"),
        ("{liveness: {grpc: {service: a.B}}}", "spec: `liveness.grpc.port` is missing"),
        ("{liveness: {http: {port: 1}}}", "spec: `liveness.http.path` is missing"),
        (
            "{liveness: {http: {path: /, port: 1}, tcp: {port: 1}}}",
            "spec: `liveness` has more than one handler (`http`, `tcp`)",
        ),
        ("{defaults: {http: {port: 1}, tcp: {port: 1}}, liveness: {}}", "spec: `defaults` has more than one handler"),
        ("{defaults: {tcp: {port: 1}, seconds: 1}, liveness: {}}", "spec: `defaults.seconds`: only `startup`"),
        ("{readiness: {tcp: {port: 1}, seconds: 1}}", "spec: `readiness.seconds`: only `startup`"),
        ("{startup: {tcp: {port: 1}, seconds: 1, failureThreshold: 1}}", "spec: `startup` has `seconds` and"),
        ("{liveness: {tcp: {port: 1}, successThreshold: 2}}", "spec: `liveness.successThreshold` must be 1"),
        ("{startup: {tcp: {port: 1}, successThreshold: 2}}", "spec: `startup.successThreshold` must be 1"),
        (
            "{readiness: {tcp: {port: 1}, terminationGracePeriodSeconds: 1}}",
            "spec: `readiness.terminationGracePeriodSeconds`",
        ),
        (
            "{liveness: {tcp: {port: 1}, terminationGracePeriodSeconds: 0}}",
            "spec.liveness.terminationGracePeriodSeconds: the number",
        ),
        ("{liveness: {tcp: {port: 1}, periodSeconds: 0}}", "spec.liveness.periodSeconds: the number must be from 1"),
        (
            "{liveness: {tcp: {port: 1}, timeoutSeconds: 2147483648}}",
            "spec.liveness.timeoutSeconds: the number must be from 1",
        ),
        (
            "{liveness: {tcp: {port: 1}, failureThreshold: 1.5}}",
            "spec.liveness.failureThreshold: expected a whole number",
        ),
        (
            "{liveness: {tcp: {port: 1}, initialDelaySeconds: -1}}",
            "spec.liveness.initialDelaySeconds: the number must be from 0",
        ),
        ("{startup: {tcp: {port: 1}, seconds: 0}}", "spec.startup.seconds: the number must be from 1"),
        ("{liveness: {tcp: {port: 0}}}", "spec.liveness.tcp.port: 0 is not a port number"),
        ("{liveness: {tcp: {port: 65536}}}", "spec.liveness.tcp.port: 65536 is not a port number"),
        ("{liveness: {tcp: {port: -1}}}", "spec.liveness.tcp.port: -1 is not a port number"),
        ("{liveness: {tcp: {port: '80'}}}", "spec.liveness.tcp.port: `80` in quotes"),
        ("{liveness: {tcp: {port: Http}}}", "spec.liveness.tcp.port: `Http` is not a port name"),
        ("{liveness: {tcp: {port: a--b}}}", "spec.liveness.tcp.port: `a--b` is not a port name"),
        ("{liveness: {tcp: {port: -a}}}", "spec.liveness.tcp.port: `-a` is not a port name"),
        ("{liveness: {tcp: {port: 1-2}}}", "spec.liveness.tcp.port: `1-2` is not a port name"),
        ("{liveness: {tcp: {port: ''}}}", "spec.liveness.tcp.port: `` is not a port name"),
        ("{liveness: {tcp: {port: true}}}", "spec.liveness.tcp.port: expected the number or the name"),
        ("{liveness: {tcp: {port: 1, host: h}}}", "spec.liveness.tcp.host: probes go to the pod itself"),
        ("{liveness: {http: {path: /, port: 1, host: null}}}", "spec.liveness.http.host: probes go to the pod itself"),
        ("{liveness: {http: {path: healthz, port: 1}}}", "spec.liveness.http.path: `healthz` must be a path"),
        ("{liveness: {http: {path: 'http://x/y', port: 1}}}", "spec.liveness.http.path: `http://x/y` must be a path"),
        ("{liveness: {http: {path: //x/y, port: 1}}}", "spec.liveness.http.path: `//x/y` must be a path"),
        ("{liveness: {http: {path: '', port: 1}}}", "spec.liveness.http.path: `` must be a path"),
        ("{liveness: {http: {path: /a b, port: 1}}}", "spec.liveness.http.path: `/a b` has characters"),
        ("{liveness: {http: {path: '/a#b', port: 1}}}", "spec.liveness.http.path: `/a#b` has characters"),
        ("{liveness: {http: {path: /a%zz, port: 1}}}", "spec.liveness.http.path: `/a%zz` has characters"),
        ("{liveness: {http: {path: /100%, port: 1}}}", "spec.liveness.http.path: `/100%` has characters"),
        ("{liveness: {http: {path: /, port: 1, scheme: https}}}", "spec.liveness.http.scheme: `https` is not a value"),
        (
            "{liveness: {http: {headers: [{name: 'X Y', value: v}]}}}",
            "spec.liveness.http.headers[0].name: `X Y` is no name",
        ),
        (
            "{liveness: {http: {headers: [{name: X, value: 1}]}}}",
            "spec.liveness.http.headers[0].value: expected a text",
        ),
        ("{liveness: {http: {headers: [{name: X}]}}}", "spec.liveness.http.headers[0]: the field `value` is missing"),
        (
            "{liveness: {http: {headers: [{name: X, value: a}, {name: x, value: b}]}}}",
            "spec.liveness.http.headers: the header `x` is given twice",
        ),
        ("{liveness: {exec: {}}}", "spec.liveness.exec: the field `command` is missing"),
        (
            "{liveness: {exec: {command: []}}}",
            "spec.liveness.exec.command: the list is empty, or begins with an empty word",
        ),
        (
            "{liveness: {exec: {command: ['']}}}",
            "spec.liveness.exec.command: the list is empty, or begins with an empty word",
        ),
        ("{liveness: {exec: {command: ls}}}", "spec.liveness.exec.command: expected a list"),
        ("{liveness: {grpc: {port: 1, service: a b}}}", "spec.liveness.grpc.service: the name of a gRPC service"),
        ("{livenes: {}}", "spec.livenes: unknown field `livenes`"),
        ("{liveness: {httpGet: {}}}", "spec.liveness.httpGet: unknown field `httpGet`"),
    ];
    for (spec, expected) in rows {
        let seen = refusal(spec).unwrap_or_default();
        assert!(seen.starts_with(expected), "{spec}\n  expected {expected}\n  saw {seen}");
    }
    let too_long = refusal(&format!("{{liveness: {{tcp: {{port: {long}}}}}}}")).unwrap();
    assert!(too_long.contains("at most 15"), "{too_long}");
    for fine in [
        "{liveness: {tcp: {port: a}, successThreshold: 1}}",
        "{liveness: {http: {path: '/ä/%2F?a=b&c=%20', port: 65535, scheme: HTTPS, headers: []}}}",
        "{liveness: {grpc: {port: 1, service: ''}}}",
        "{liveness: {tcp: {port: 0x1F90}}}",
        "{startup: {tcp: {port: p-1}, seconds: 2147483647}, overwrite: false}",
    ] {
        assert_eq!(refusal(fine), None, "{fine}");
    }
}

/// A header and a command may hold credentials: nothing that is said repeats them.
#[test]
fn credentials_are_in_no_message() {
    let bad = "{liveness: {http: {headers: [{name: Authorization, value: \"s3cret\\n\"}]}}}";
    assert!(!refusal(bad).unwrap().contains("s3cret"));
    let twice = "{liveness: {http: {headers: [{name: A, value: s3cret}, {name: a, value: s3cret}]}}}";
    assert!(!refusal(twice).unwrap().contains("s3cret"));
    let kept = "{pod: {containers: [{name: a, livenessProbe: {exec: {command: [login, s3cret]}}, startupProbe: {exec: [s3cret]}}, {name: b}]}}";
    for config in [
        "{liveness: {exec: {command: [login, s3cret]}}}",
        "{targets: [{containers: [a]}], defaults: {exec: {command: [s3cret]}}, liveness: {}, startup: {}}",
    ] {
        let (_, report) = run(&spec(config), &object(kept));
        assert!(!report.findings.is_empty());
        for finding in &report.findings {
            let said = format!("{} {:?}", finding.message, finding.remedy);
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
