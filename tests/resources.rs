//! `Resources`: what a spec makes of a container, as rows of tables.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::too_many_lines)] // tables; a test may panic

use std::sync::Arc;

use krmor::functions::resources::{Spec, apply};
use krmor::functions::security_context::values::Size;
use krmor::krm;
use krmor::report::{Class, Report, Severity};
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::{Value, json};

fn value(text: &str) -> Value {
    yaml::parse(&Arc::new(text.to_owned())).unwrap()[0].root().to_value().unwrap()
}

fn spec(text: &str) -> Spec {
    serde_json::from_value(value(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn run(spec: &Spec, input: &str) -> (String, Report) {
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let mut report = Report::default();
    report.begin("Resources");
    apply(spec, &mut stream, &mut report);
    (stream.render(), report)
}

/// `+ path=value` for what was added, `~ path=value` for what gave way, `severity rule path` for what was found; paths
/// start at the pod's spec, and `resources` goes without saying.
fn told(report: &Report) -> Vec<String> {
    let short = |path: &str| {
        path.trim_start_matches("/spec/").replace("/resources", "").replace("containers/0/", "").replace("~1", "/")
    };
    let changes = report.changes.iter().map(|change| {
        let mark = if change.why.class == Class::Added { '+' } else { '~' };
        let (mut value, mut path) = (&change.value, short(&change.path));
        while let Some((key, inner)) = value.as_object().and_then(|map| map.iter().next()) {
            path = format!("{path}/{key}").replace("/resources", "");
            value = inner;
        }
        let path = path.replace("containers/0/", "");
        assert!(value.is_string(), "{path}: {value} is written as a text");
        format!("{mark} {path}={}", value.as_str().unwrap())
    });
    let findings = report.findings.iter().map(|finding| {
        format!("{} {} {}", finding.severity.name(), finding.rule.id, short(finding.pointer())).trim_end().to_owned()
    });
    changes.chain(findings).collect()
}

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n")
}

fn one(resources: &str) -> String {
    pod(&format!("{{containers: [{{name: web, image: i, resources: {resources}}}]}}"))
}

/// Runs rows of spec, input and what is told; and again over what came out.
fn hold(rows: &[(&str, String, &[&str])]) {
    for (text, input, expected) in rows {
        let spec = spec(text);
        let (output, report) = run(&spec, input);
        assert_eq!(told(&report), *expected, "{text}\n{input}");
        if report.worst() == Some(Severity::Error) {
            continue;
        }
        let (again, report) = run(&spec, &output);
        assert_eq!(again, output, "{text}\n{input}");
        assert!(report.changes.is_empty(), "{text}\n{input}");
    }
}

#[test]
fn fill_adds_what_is_absent_and_keeps_the_rest() {
    let both = "{requests: {memory: 128Mi, cpu: 100m}, limits: {memory: 256Mi}}";
    let all: &[&str] = &["+ requests/memory=128Mi", "+ requests/cpu=100m", "+ limits/memory=256Mi"];
    hold(&[
        (both, one("{}"), all),
        (both, one("null"), all),
        (both, one("{requests: null, limits: {}}"), all),
        (both, one("{requests: {cpu: null}, limits: {memory: null}}"), all),
        (both, one("{claims: [{name: gpu}]}"), all),
        (both, one("{requests: {cpu: 1}}"), &["+ requests/memory=128Mi", "+ limits/memory=256Mi"]),
        // A limit counts for an absent request: what is Guaranteed stays so.
        (both, one("{limits: {memory: 1Gi, cpu: 1}}"), &["info requests limits/memory", "info requests limits/cpu"]),
        (both, one("{limits: {memory: 128Mi, cpu: 0.1}}"), &[]),
        (
            both,
            one("{limits: {cpu: 1}, requests: {cpu: null}}"),
            &["+ requests/memory=128Mi", "+ limits/memory=256Mi", "info requests limits/cpu"],
        ),
        (both, one("{requests: {cpu: '0.1', memory: 134217728}, limits: {memory: 268435456}}"), &[]),
        // Not what the spec names.
        (both, one("{requests: {ephemeral-storage: 1Gi, memory: 1, cpu: 2}, limits: {memory: 2}}"), &[]),
    ]);
}

#[test]
fn set_replaces_what_differs_as_an_amount() {
    let both = "{mode: set, requests: {cpu: 1, memory: 1Gi}, limits: {memory: 2Gi}}";
    hold(&[
        (both, one("{}"), &["+ requests/cpu=1", "+ requests/memory=1Gi", "+ limits/memory=2Gi"]),
        (both, one("{requests: {cpu: 1000m, memory: 1024Mi}, limits: {memory: 2147483648}}"), &[]),
        (
            both,
            one("{requests: {cpu: 1e0, memory: 1G}, limits: {memory: 2G}}"),
            &["~ requests/memory=1Gi", "~ limits/memory=2Gi"],
        ),
        (
            both,
            one("{requests: {cpu: 4, memory: 9Gi}, limits: {memory: 9Gi, cpu: 4}}"),
            &["~ requests/cpu=1", "~ requests/memory=1Gi", "~ limits/memory=2Gi"],
        ),
        (
            both,
            one("{requests: {cpu: lots, memory: [1]}, limits: {memory: -1}}"),
            &["~ requests/cpu=1", "~ requests/memory=1Gi", "~ limits/memory=2Gi"],
        ),
        // A limit that stays, below or above.
        (
            both,
            one("{requests: {cpu: 100m, memory: 1Gi}, limits: {cpu: 500m, memory: 2Gi}}"),
            &["error request-above-limit limits/cpu"],
        ),
        (both, one("{requests: {cpu: 100m, memory: 1Gi}, limits: {cpu: 1500m, memory: 2Gi}}"), &["~ requests/cpu=1"]),
        ("{mode: set, requests: {cpu: 100m}}", one("{limits: {cpu: 1}}"), &["+ requests/cpu=100m"]),
    ]);
}

#[test]
fn a_limit_caps_requests_when_it_is_told_to() {
    let fill = "{limitsCap: true, requests: {cpu: 250m}}";
    let set = "{mode: set, limitsCap: true, requests: {cpu: 250m}}";
    let both = "{mode: set, limitsCap: true, requests: {cpu: 250m}, limits: {cpu: 1}}";
    hold(&[
        (fill, one("{limits: {cpu: 100m}}"), &["info requests limits/cpu"]),
        (fill, one("{limits: {cpu: 1}}"), &["info requests limits/cpu"]),
        (fill, one("{}"), &["+ requests/cpu=250m"]),
        (set, one("{limits: {cpu: 100m}}"), &["+ requests/cpu=100m", "info requests limits/cpu"]),
        (set, one("{limits: {cpu: 100m}, requests: {cpu: 50m}}"), &["~ requests/cpu=100m", "info requests limits/cpu"]),
        (set, one("{limits: {cpu: 1}}"), &["+ requests/cpu=250m"]),
        // A limit that gives way caps nothing.
        (both, one("{limits: {cpu: 100m}}"), &["+ requests/cpu=250m", "~ limits/cpu=1"]),
        // Nor does it lower what the manifest itself requests.
        (fill, one("{limits: {cpu: 100m}, requests: {cpu: 200m}}"), &["error request-above-limit limits/cpu"]),
    ]);
}

#[test]
fn requests_are_at_most_the_limits() {
    hold(&[
        ("{requests: {cpu: 250m}}", one("{limits: {cpu: 100m}}"), &["error request-above-limit limits/cpu"]),
        ("{requests: {cpu: 250m}}", one("{limits: {cpu: 0.25}}"), &[]),
        ("{requests: {memory: 1Gi}}", one("{limits: {memory: 1G}}"), &["error request-above-limit limits/memory"]),
        ("{limits: {memory: 1Gi}}", one("{requests: {memory: 2Gi}}"), &["error request-above-limit requests/memory"]),
        ("{limits: {memory: 2Gi}}", one("{requests: {memory: 2147483648}}"), &["+ limits/memory=2Gi"]),
        // Both are the manifest's: the API refuses them all the same.
        (
            "{requests: {cpu: 1m}}",
            one("{requests: {memory: 2Gi}, limits: {memory: 1Gi}}"),
            &["error request-above-limit limits/memory"],
        ),
    ]);
}

#[test]
fn devices_and_huge_pages_are_not_overcommitted() {
    hold(&[
        ("{limits: {nvidia.com/gpu: 1}}", one("{}"), &["+ limits/nvidia.com/gpu=1"]),
        (
            "{limits: {nvidia.com/gpu: 1}, requests: {nvidia.com/gpu: 1000m}}",
            one("{}"),
            &["+ requests/nvidia.com/gpu=1000m", "+ limits/nvidia.com/gpu=1"],
        ),
        ("{limits: {nvidia.com/gpu: 1}}", one("{requests: {nvidia.com/gpu: 1}}"), &["+ limits/nvidia.com/gpu=1"]),
        (
            "{limits: {nvidia.com/gpu: 2}}",
            one("{requests: {nvidia.com/gpu: 1}}"),
            &["error no-overcommit requests/nvidia.com/gpu"],
        ),
        (
            "{mode: set, limits: {nvidia.com/gpu: 2}}",
            one("{requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 1}}"),
            &["error no-overcommit requests/nvidia.com/gpu"],
        ),
        (
            "{requests: {cpu: 1}}",
            one("{requests: {nvidia.com/gpu: 1}}"),
            &["error no-overcommit requests/nvidia.com/gpu"],
        ),
        ("{requests: {cpu: 1}}", one("{limits: {nvidia.com/gpu: 0.5}}"), &["error invalid limits/nvidia.com/gpu"]),
        // Those of `kubernetes.io` are Kubernetes' own, and overcommit.
        ("{requests: {cpu: 1}}", one("{requests: {x.kubernetes.io/y: 1.5}}"), &["+ requests/cpu=1"]),
        ("{limits: {hugepages-2Mi: 4Mi}}", one("{}"), &["error huge-pages containers/0"]),
        ("{limits: {hugepages-2Mi: 4Mi}}", one("{requests: {memory: 1Gi}}"), &["+ limits/hugepages-2Mi=4Mi"]),
        ("{limits: {hugepages-2Mi: 4Mi, cpu: 1}}", one("{}"), &["+ limits/hugepages-2Mi=4Mi", "+ limits/cpu=1"]),
        ("{requests: {cpu: 1}}", one("{limits: {hugepages-1Gi: 1536Mi}}"), &["error invalid limits/hugepages-1Gi"]),
    ]);
}

#[test]
fn values_of_the_manifest_that_are_wrong() {
    let asks = "{requests: {cpu: 100m}}";
    hold(&[
        (asks, one("{requests: {cpu: lots}}"), &["error invalid requests/cpu"]),
        (asks, one("{requests: {cpu: ''}}"), &["error invalid requests/cpu"]),
        (asks, one("{requests: {cpu: true}}"), &["error invalid requests/cpu"]),
        (asks, one("{requests: {cpu: {a: b}}}"), &["error invalid requests/cpu"]),
        (asks, one("{requests: {cpu: -1}}"), &["error invalid requests/cpu"]),
        (asks, one("{requests: {cpu: 1}, limits: {memory: 1GB}}"), &["error invalid limits/memory"]),
        (asks, one("{requests: {cpu: 1}, limits: {gpu: 1}}"), &["error invalid limits/gpu"]),
        (asks, one("{requests: {cpu: 1}, limits: {pods: 1}}"), &["error invalid limits/pods"]),
        (asks, one("{requests: {cpu: 1}, limits: {requests.a.b/c: 1}}"), &["error invalid limits/requests.a.b/c"]),
        // Quirks that the API takes.
        (asks, one("{requests: {cpu: ' 1 '}}"), &[]),
        (asks, one("{requests: {cpu: 0}}"), &[]),
        (asks, one("{requests: {cpu: 0.5m}}"), &["warning unusual requests/cpu"]),
        (asks, one("{requests: {cpu: 1}, limits: {memory: 100m}}"), &["warning unusual limits/memory"]),
        (
            asks,
            one("{requests: {cpu: 1}, limits: {ephemeral-storage: 0.1Gi}}"),
            &["warning unusual limits/ephemeral-storage"],
        ),
        // What holds the values is of another type: the setters refuse.
        (asks, one("[]"), &["error requests requests/cpu"]),
        (asks, one("{requests: text}"), &["error requests requests/cpu"]),
    ]);
}

#[test]
fn every_container_but_ephemeral_ones() {
    let containers = "{initContainers: [{name: i, image: i}, {name: s, image: i, restartPolicy: Always}], containers: [{name: web, image: i}, {name: two, image: i}], ephemeralContainers: [{name: e, image: i}]}";
    hold(&[
        (
            "{requests: {cpu: 1}}",
            pod(containers),
            &[
                "+ initContainers/0/requests/cpu=1",
                "+ initContainers/1/requests/cpu=1",
                "+ requests/cpu=1",
                "+ containers/1/requests/cpu=1",
            ],
        ),
        ("{requests: {cpu: 1}, targets: [{containers: [s]}]}", pod(containers), &["+ initContainers/1/requests/cpu=1"]),
        ("{requests: {cpu: 1}, exclude: [{containers: ['i|s|two']}]}", pod(containers), &["+ requests/cpu=1"]),
        ("{containers: [{name: two, requests: {cpu: 2}}]}", pod(containers), &["+ containers/1/requests/cpu=2"]),
        (
            "{requests: {cpu: 1}, containers: [{name: '.', requests: {cpu: null}}, {name: t.*, requests: {cpu: 2}}]}",
            pod(containers),
            &["+ requests/cpu=1", "+ containers/1/requests/cpu=2"],
        ),
        ("{containers: [{name: e, requests: {cpu: 2}}]}", pod(containers), &["error unmatched-target"]),
        ("{containers: [{name: t, requests: {cpu: 2}}]}", pod(containers), &["error unmatched-target"]),
        ("{containers: [{name: t, requests: {cpu: 2}, optional: true}]}", pod(containers), &[]),
        (
            "{containers: [{name: .*, requests: {cpu: 2}}, {name: web, requests: {cpu: 2}}], targets: [{containers: [web]}]}",
            pod(containers),
            &["+ requests/cpu=2", "error unmatched-target"],
        ),
        // No pod, no verdict.
        ("{containers: [{name: t, requests: {cpu: 2}}], targets: [{name: b, optional: true}]}", pod(containers), &[]),
        ("{requests: {cpu: 2}, targets: [{name: b}]}", pod(containers), &["error unmatched-target"]),
    ]);
}

#[test]
fn the_pods_own_resources_bound_its_containers() {
    let input = |own: &str, web: &str, init: &str| {
        pod(&format!(
            "{{resources: {own}, initContainers: {init}, containers: [{{name: web, image: i, resources: {web}}}, {{name: two, image: i}}]}}"
        ))
    };
    let asks = "{requests: {cpu: 100m}, targets: [{containers: [web, two, s, j]}]}";
    let both: &[&str] = &["+ requests/cpu=100m", "+ containers/1/requests/cpu=100m"];
    let sidecar = "[{name: s, image: i, restartPolicy: Always}]";
    let late = "[{name: j, image: i, resources: {requests: {cpu: 200m}}}, {name: s, image: i, restartPolicy: Always}]";
    let early = "[{name: s, image: i, restartPolicy: Always}, {name: j, image: i, resources: {requests: {cpu: 300m}}}]";
    let with = |init: &'static str| [&[init], both].concat();
    let first = with("+ initContainers/0/requests/cpu=100m");
    let second = with("+ initContainers/1/requests/cpu=100m");
    hold(&[
        (asks, input("{requests: {cpu: 200m}}", "{}", "[]"), both),
        (
            asks,
            input("{requests: {cpu: 199m}}", "{}", "[]"),
            &[both, &["error pod-resources resources/requests/cpu"]].concat(),
        ),
        (
            asks,
            input("{limits: {cpu: 199m}}", "{}", "[]"),
            &[both, &["error pod-resources resources/limits/cpu"]].concat(),
        ),
        (
            asks,
            input("{requests: {cpu: 100m, memory: 1}, limits: {cpu: 1}}", "{}", "[]"),
            &[both, &["error pod-resources resources/requests/cpu"]].concat(),
        ),
        // A limit without a request counts as one.
        (
            asks,
            input("{requests: {cpu: 1, memory: 1Gi}}", "{limits: {memory: 2Gi}}", "[]"),
            &[both, &["error pod-resources resources/requests/memory"]].concat(),
        ),
        (
            asks,
            input("{limits: {memory: 1Gi}}", "{limits: {memory: 2Gi}, requests: {memory: 1}}", "[]"),
            &[both, &["error pod-resources resources/limits/memory"]].concat(),
        ),
        (asks, input("{requests: {cpu: 300m}}", "{}", sidecar), &first),
        (
            asks,
            input("{requests: {cpu: 299m}}", "{}", sidecar),
            &[&first[..], &["error pod-resources resources/requests/cpu"]].concat(),
        ),
        // An init container before the sidecar runs alone; one behind it, beside it.
        (asks, input("{requests: {cpu: 300m}}", "{}", late), &second),
        (asks, input("{requests: {cpu: 400m}}", "{}", early), &first),
        (
            asks,
            input("{requests: {cpu: 399m}}", "{}", early),
            &[&first[..], &["error pod-resources resources/requests/cpu"]].concat(),
        ),
        (
            asks,
            input("{requests: {cpu: lots}}", "{}", "[]"),
            &[both, &["error invalid resources/requests/cpu"]].concat(),
        ),
        (asks, input("null", "{}", "[]"), both),
    ]);
}

#[test]
fn a_spec_is_read_strictly() {
    for (text, says) in [
        ("{}", "asks for nothing"),
        ("{requests: {}, limits: {cpu: null}}", "asks for nothing"),
        ("{mode: clamp, requests: {cpu: 1}}", "unknown variant `clamp`"),
        ("{request: {cpu: 1}}", "unknown field `request`"),
        ("{requests: [cpu]}", "expected a map"),
        ("{requests: {cpu: lots}}", "`lots` is no quantity"),
        ("{requests: {cpu: [1]}}", "`[1]` is no quantity"),
        ("{requests: {cpu: -1}}", "is negative"),
        ("{requests: {cpu: 0.5m}}", "finer than `1m`"),
        ("{requests: {cpu: 0.0005}}", "finer than `1m`"),
        ("{limits: {memory: 100m}}", "was `100M` or `100Mi` meant"),
        ("{limits: {memory: 1000m}}", "was `1000M` or `1000Mi` meant"),
        ("{limits: {memory: 0.1Gi}}", "no whole number of bytes"),
        ("{limits: {ephemeral-storage: 1.5}}", "no whole number of bytes"),
        ("{limits: {nvidia.com/gpu: 0.5}}", "no whole number"),
        ("{limits: {hugepages-2Mi: 3Mi}}", "no multiple"),
        ("{limits: {hugepages-: 3Mi}}", "size of a page"),
        ("{limits: {hugepages-big: 3Mi}}", "size of a page"),
        ("{limits: {gpu: 1}}", "`gpu` is no resource of containers"),
        ("{limits: {CPU: 1}}", "`CPU` is no resource of containers"),
        ("{limits: {storage: 1Gi}}", "`storage` is no resource of containers"),
        ("{limits: {/gpu: 1}}", "write a domain"),
        ("{limits: {a.b/c/d: 1}}", "write a domain"),
        ("{limits: {A.b/c: 1}}", "write a domain"),
        ("{limits: {requests.nvidia.com/gpu: 1}}", "write a domain"),
        ("{containers: [{requests: {cpu: 1}}]}", "missing field `name`"),
        ("{containers: [{name: '', requests: {cpu: 1}}]}", "the name is empty"),
        ("{containers: [{name: '(', requests: {cpu: 1}}]}", "not a regular expression"),
    ] {
        let error = serde_json::from_value::<Spec>(value(text)).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
    for text in [
        "{requests: {cpu: 0}}",
        "{limits: {memory: 0.5Ki}}",
        "{limits: {memory: 1e3}}",
        "{limits: {a.b/c: '2'}}",
        "{limits: {kubernetes.io/x: 1.5}}",
    ] {
        spec(text);
    }
}

#[test]
fn a_spec_that_contradicts_itself_changes_nothing() {
    let container = one("{}");
    for (text, count, says) in [
        (
            "{requests: {cpu: 2}, limits: {cpu: 1000m}}",
            1,
            "spec.requests.cpu: `cpu: 2` is above the limit `cpu: 1000m` of spec.limits.cpu",
        ),
        ("{requests: {a.b/c: 1}}", 1, "needs an equal limit"),
        ("{requests: {a.b/c: 1}, limits: {a.b/c: 2}}", 1, "must equal"),
        (
            "{requests: {memory: 1Gi}, limits: {memory: 2Gi}, containers: [{name: web, limits: {memory: 512Mi}}]}",
            1,
            "spec.requests.memory: `memory: 1Gi` is above the limit `memory: 512Mi` of spec.containers[0].limits.memory",
        ),
        (
            "{requests: {memory: 1Gi}, limits: {memory: 2Gi}, containers: [{name: web, requests: {memory: 4Gi}, limits: {memory: null}}, {name: x, optional: true}]}",
            1,
            "spec.containers[1]: the entry changes nothing",
        ),
        (
            "{requests: {cpu: 2, memory: 2Gi}, limits: {cpu: 1, memory: 1Gi}, containers: [{name: web, requests: {cpu: 3}}]}",
            3,
            "spec.containers[0].requests.cpu",
        ),
    ] {
        let done = crate::common::run("Resources", &value(text), &container);
        let found: Vec<_> =
            done.report.findings.iter().map(|finding| (finding.rule.id, krm::message(finding))).collect();
        assert_eq!((done.text.as_str(), found.len()), (container.as_str(), count), "{text}: {found:?}");
        assert!(found.iter().any(|(rule, message)| message.contains(says) && *rule == "config"), "{text}: {found:?}");
    }
}

#[test]
fn a_container_with_an_error_is_not_touched_and_all_errors_are_told() {
    let input = pod(
        "{containers: [{name: web, image: i, resources: {limits: {cpu: 1m, memory: 1Ki}}}, {name: two, image: i, resources: {requests: {cpu: x}}}]}",
    );
    let (_, report) = run(&spec("{requests: {cpu: 1, memory: 1Mi}}"), &input);
    assert_eq!(
        told(&report),
        [
            "error request-above-limit limits/cpu",
            "error request-above-limit limits/memory",
            "error invalid containers/1/requests/cpu"
        ]
    );
}

#[test]
fn a_remedy_settles_what_it_is_for() {
    for (mode, asks, there, remedy) in [
        (
            "fill",
            "{requests: {cpu: 250m}}",
            "{limits: {cpu: 100m}}",
            "raise the limit, let `limitsCap: true` take it, or ask for something else of this container: spec.containers: [{name: web, requests: {cpu: 100m}}]",
        ),
        (
            "fill",
            "{limits: {cpu: 250m}}",
            "{requests: {cpu: 1}}",
            "lower the request, or ask for something else of this container: spec.containers: [{name: web, limits: {cpu: 1}}]",
        ),
        (
            "fill",
            "{limits: {a.b/c: 2}}",
            "{requests: {a.b/c: 1}}",
            "raise the request, or ask for something else of this container: spec.containers: [{name: web, limits: {a.b/c: 1}}]",
        ),
        (
            "fill",
            "{containers: [{name: w.*, requests: {cpu: 250m}}]}",
            "{limits: {cpu: 100m}}",
            "raise the limit, let `limitsCap: true` take it, or lower spec.containers[0].requests.cpu",
        ),
        ("set", "{requests: {cpu: 250m}}", "{limits: {cpu: 100m}}", "name the limit in the spec, too"),
        ("set", "{limits: {cpu: 250m}}", "{requests: {cpu: 1}}", "name the request in the spec, too"),
        (
            "fill",
            "{requests: {memory: 1}}",
            "{requests: {cpu: 2}, limits: {cpu: 1}}",
            "lower the request or raise the limit",
        ),
    ] {
        let mut asked = value(asks);
        asked["mode"] = json!(mode);
        let (_, report) = run(&serde_json::from_value(asked.clone()).unwrap(), &one(there));
        assert_eq!(report.findings[0].remedy.as_deref(), Some(remedy));
        // The entry that it offers does settle it.
        if let Some((_, entries)) = remedy.split_once("spec.containers: ") {
            asked["containers"] = value(entries);
            let (_, report) = run(&serde_json::from_value(asked).unwrap(), &one(there));
            assert!(report.findings.is_empty(), "{:?}", report.findings);
        }
    }
}

#[test]
fn sizes_of_volumes_are_positive_whole_bytes() {
    for text in ["1", "64Mi", "1.5Gi", "0.5Ki", "1e6", "1G"] {
        assert_eq!(Size::try_from(text.to_owned()).unwrap().as_str(), text);
    }
    for text in ["0", "-1", "1.5", "100m", "1000m", "0.1Gi", "64MB", "", "lots"] {
        let error = Size::try_from(text.to_owned()).unwrap_err();
        assert!(error.contains(&format!("`{text}` is no size in bytes")), "{error}");
    }
}
