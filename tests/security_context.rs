//! `SecurityContext`: every check and every fill as rows of a table: what a spec makes of a pod.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic
#![allow(clippy::too_many_lines, clippy::disallowed_methods)] // tables, and one read of the source

use std::collections::BTreeMap;
use std::sync::Arc;

use krmor::functions::security_context::{Spec, apply};
use krmor::report::{Class, Finding, Report, Severity};
use krmor::stream::Stream;
use krmor::yaml::{self, print};
use serde_json::{Value, json};

fn value(text: &str) -> Value {
    let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap();
    documents[0].root().to_value().unwrap()
}

fn spec(text: &str) -> Spec {
    serde_json::from_value(value(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn run(spec: &Spec, input: &str) -> (String, Report) {
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let mut report = Report::default();
    report.begin("SecurityContext");
    apply(spec, &mut stream, &mut report);
    (stream.render(), report)
}

/// Every scalar with its path; containers go by their names, and `securityContext` goes without saying.
fn leaves(value: &Value, path: &str, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let path = if key == "securityContext" { path.to_owned() } else { format!("{path}.{key}") };
                leaves(value, &path, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let containers = ["containers", "initContainers", "ephemeralContainers"];
            let is_containers = containers.iter().any(|list| path.ends_with(&format!(".{list}")));
            for (at, item) in items.iter().enumerate() {
                let path = match item["name"].as_str().filter(|_| is_containers) {
                    Some(name) => name.to_owned(),
                    None => format!("{path}.{at}"),
                };
                leaves(item, &path, out);
            }
        }
        Value::String(text) => {
            out.insert(path.to_owned(), text.clone());
        }
        value => {
            out.insert(path.to_owned(), value.to_string());
        }
    }
}

/// What differs: `+ path=new`, `- path=old`, `~ path=old→new`. `root` is the path that goes without saying.
fn differences(before: &str, after: &str, root: &str) -> Vec<String> {
    let read = |text: &str| {
        let mut out = BTreeMap::new();
        leaves(&value(text), "", &mut out);
        out
    };
    let (before, after) = (read(before), read(after));
    let short = |path: &str| path.strip_prefix(root).unwrap_or(path).to_owned();
    let mut out = Vec::new();
    for (path, new) in &after {
        match before.get(path) {
            None => out.push(format!("+ {}={new}", short(path))),
            Some(old) if old != new => out.push(format!("~ {}={old}→{new}", short(path))),
            Some(_) => {}
        }
    }
    out.extend(
        before
            .iter()
            .filter(|(path, _)| !after.contains_key(*path))
            .map(|(path, old)| format!("- {}={old}", short(path))),
    );
    out
}

/// `severity rule path`, the path as in [`leaves`]; the notes that every pod without a uid gets are left out.
fn told(finding: &Finding, input: &str) -> Option<String> {
    if finding.rule.id == "image-user-unproven" {
        return None;
    }
    let (mut node, mut path) = (&value(input), String::new());
    for token in yaml::pointer_tokens(finding.pointer()).unwrap() {
        let index = token.parse::<usize>().ok().filter(|_| node.is_array());
        node = index.map_or(&node[token.as_ref()], |at| &node[at]);
        match (index.is_some(), node["name"].as_str().filter(|_| path.ends_with("ontainers"))) {
            (true, Some(name)) => path = name.to_owned(),
            _ if token == "securityContext" => {}
            _ => path = format!("{path}.{token}"),
        }
    }
    let path = path.strip_prefix(".spec").unwrap_or(&path);
    Some(format!("{} {} {path}", finding.severity.name(), finding.rule.id).trim_end().to_owned())
}

/// What `restricted` adds to a pod (`std`) and to a container (`std name`).
fn expand(expected: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for line in expected {
        match line.split_once(' ') {
            None if *line == "std" => {
                out.extend(["+ .runAsNonRoot=true", "+ .seccompProfile.type=RuntimeDefault"].map(str::to_owned));
            }
            Some(("std", name)) => {
                out.extend([
                    format!("+ {name}.allowPrivilegeEscalation=false"),
                    format!("+ {name}.capabilities.drop.0=ALL"),
                ]);
            }
            _ => out.push((*line).to_owned()),
        }
    }
    out.sort();
    out
}

/// A pod in block style from one line of flow style.
fn pod(text: &str) -> String {
    let body = value(text);
    let (metadata, body) = match body.get("spec") {
        Some(spec) => (body["metadata"].clone(), spec.clone()),
        None => (json!({}), body),
    };
    let mut metadata = metadata;
    metadata["name"] = json!("p");
    let mut out = String::new();
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body});
    print::write_document(&mut out, &object, print::Layout::default());
    out
}

/// A row: what it shows, the spec, the pod, the differences and findings.
type Row<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

fn check(rows: &[Row<'_>]) {
    let mut wrong = Vec::new();
    for (what, config, input, expected) in rows {
        let (spec, input) = (spec(config), pod(input));
        let (output, report) = run(&spec, &input);
        let mut seen = differences(&input, &output, ".spec");
        seen.extend(report.findings.iter().filter_map(|finding| told(finding, &input)));
        seen.sort();
        if seen != expand(expected) {
            wrong.push(format!("{what}\n  expected {:#?}\n  seen {seen:#?}", expand(expected)));
        }
        assert_eq!(run(&spec, &input).0, output, "{what}: not deterministic");
        let (again, second) = run(&spec, &output);
        assert_eq!(again, output, "{what}: not idempotent");
        assert!(second.changes.is_empty(), "{what}: a second run reports changes");
    }
    assert!(wrong.is_empty(), "{} of {} rows\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn what_is_absent_is_filled_and_what_is_strict_stays() {
    check(&[
        ("a bare pod", "{}", "{containers: [{name: a}]}", &["std", "std a"]),
        (
            "every kind of container",
            "{}",
            "{initContainers: [{name: i}, {name: s, restartPolicy: Always}], containers: [{name: a}], ephemeralContainers: [{name: e}]}",
            &["std", "std i", "std s", "std a", "std e"],
        ),
        (
            "a hardened pod is left alone",
            "{}",
            "{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}",
            &[],
        ),
        (
            "null is absent",
            "{}",
            "{securityContext: null, containers: [{name: a, securityContext: {allowPrivilegeEscalation: null, capabilities: null}}]}",
            &[
                "std",
                "~ a.allowPrivilegeEscalation=null→false",
                "+ a.capabilities.drop.0=ALL",
                "- a.capabilities=null",
                "- =null",
            ],
        ),
        (
            "an empty security context",
            "{}",
            "{securityContext: {}, containers: [{name: a, securityContext: {}}]}",
            &["std", "std a", "- ={}", "- a={}"],
        ),
        (
            "every container says it: the pod need not",
            "{}",
            "{initContainers: [{name: i, securityContext: {runAsNonRoot: true, seccompProfile: {type: Localhost, localhostProfile: p}}}], containers: [{name: a, securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}}]}",
            &["std i", "std a"],
        ),
        (
            "one container says it: the pod covers the other",
            "{}",
            "{containers: [{name: a, securityContext: {runAsNonRoot: true}}, {name: b}]}",
            &["std", "std a", "std b"],
        ),
        (
            "a profile of the user's stays",
            "{}",
            "{securityContext: {seccompProfile: {type: Localhost, localhostProfile: p}}, containers: [{name: a}]}",
            &["+ .runAsNonRoot=true", "std a"],
        ),
        (
            "NET_BIND_SERVICE stays",
            "{}",
            "{containers: [{name: a, securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}}]}",
            &["std", "std a"],
        ),
        (
            "a drop list without ALL is raised to exactly ALL",
            "{}",
            "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [NET_RAW, CHOWN]}}}]}",
            &["std", "~ a.capabilities.drop.0=NET_RAW→ALL", "- a.capabilities.drop.1=CHOWN"],
        ),
        (
            "`all` is not ALL",
            "{}",
            "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [all]}}}]}",
            &["std", "~ a.capabilities.drop.0=all→ALL"],
        ),
        (
            "a drop list with ALL stays",
            "{}",
            "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [NET_RAW, ALL]}}}]}",
            &["std"],
        ),
        ("baseline adds nothing", "{level: baseline}", "{containers: [{name: a}]}", &[]),
        (
            "baseline adds named fields",
            "{level: baseline, runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, seccompProfile: {type: RuntimeDefault}, readOnlyRootFilesystem: true, automountServiceAccountToken: false}",
            "{containers: [{name: a}]}",
            &[
                "+ .runAsUser=1000",
                "+ .runAsGroup=2000",
                "+ .fsGroup=3000",
                "+ .seccompProfile.type=RuntimeDefault",
                "+ a.readOnlyRootFilesystem=true",
                "+ .automountServiceAccountToken=false",
            ],
        ),
        (
            "named fields only where absent",
            "{runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, readOnlyRootFilesystem: true, automountServiceAccountToken: false}",
            "{automountServiceAccountToken: false, securityContext: {runAsUser: 5, fsGroup: 6}, containers: [{name: a, securityContext: {runAsGroup: 7, readOnlyRootFilesystem: true}}]}",
            &["std", "std a"],
        ),
        (
            "a Localhost profile is filled whole",
            "{seccompProfile: {type: Localhost, localhostProfile: profiles/a.json}}",
            "{containers: [{name: a}]}",
            &[
                "+ .runAsNonRoot=true",
                "+ .seccompProfile.type=Localhost",
                "+ .seccompProfile.localhostProfile=profiles/a.json",
                "std a",
            ],
        ),
        (
            "false and true that ask for nothing",
            "{readOnlyRootFilesystem: false, automountServiceAccountToken: true}",
            "{automountServiceAccountToken: true, containers: [{name: a, securityContext: {readOnlyRootFilesystem: false}}]}",
            &["std", "std a"],
        ),
        (
            "users of its own: root is no matter since v1.35",
            "{}",
            "{hostUsers: false, securityContext: {runAsUser: 0}, containers: [{name: a, securityContext: {runAsNonRoot: false}}]}",
            &["+ .seccompProfile.type=RuntimeDefault", "std a"],
        ),
        (
            "Vault's injector needs the token",
            "{automountServiceAccountToken: false}",
            "{metadata: {annotations: {vault.hashicorp.com/agent-inject: 'true'}}, spec: {containers: [{name: a}]}}",
            &["std", "std a", "info automount-token"],
        ),
        (
            "and so an explicit true is right",
            "{automountServiceAccountToken: false}",
            "{metadata: {annotations: {vault.hashicorp.com/agent-inject: 'true'}}, spec: {automountServiceAccountToken: true, containers: [{name: a}]}}",
            &["std", "std a"],
        ),
        (
            "an injector that is off, or has a token of its own, does not",
            "{automountServiceAccountToken: false}",
            "{metadata: {annotations: {vault.hashicorp.com/agent-inject: 'true', vault.hashicorp.com/agent-service-account-token-volume-name: t}}, spec: {containers: [{name: a}]}}",
            &["std", "std a", "+ .automountServiceAccountToken=false"],
        ),
        (
            "an old annotation is the user's profile",
            "{}",
            "{metadata: {annotations: {seccomp.security.alpha.kubernetes.io/pod: localhost/p}}, spec: {containers: [{name: a}]}}",
            &[
                "+ .runAsNonRoot=true",
                "+ .seccompProfile.type=Localhost",
                "+ .seccompProfile.localhostProfile=p",
                "std a",
            ],
        ),
    ]);
}

/// For every check: a pod that breaks it, where, and what `override` makes of it.
const CONFLICTS: &[(&str, &str, &str, &str, &[&str])] = &[
    (
        "baseline",
        "privileged",
        "{containers: [{name: a, securityContext: {privileged: true}}]}",
        "a.privileged",
        &["~ a.privileged=true→false"],
    ),
    (
        "baseline",
        "privileged",
        "{initContainers: [{name: i, securityContext: {privileged: 'yes'}}], containers: [{name: a}]}",
        "i.privileged",
        &["~ i.privileged=yes→false"],
    ),
    (
        "baseline",
        "windowsHostProcess",
        "{securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a}]}",
        ".windowsOptions.hostProcess",
        &["~ .windowsOptions.hostProcess=true→false"],
    ),
    (
        "baseline",
        "windowsHostProcess",
        "{containers: [{name: a, securityContext: {windowsOptions: {hostProcess: true}}}]}",
        "a.windowsOptions.hostProcess",
        &["~ a.windowsOptions.hostProcess=true→false"],
    ),
    (
        "baseline",
        "hostNamespaces",
        "{hostNetwork: true, containers: [{name: a}]}",
        ".hostNetwork",
        &["~ .hostNetwork=true→false"],
    ),
    ("baseline", "hostNamespaces", "{hostPID: true, containers: [{name: a}]}", ".hostPID", &["~ .hostPID=true→false"]),
    ("baseline", "hostNamespaces", "{hostIPC: true, containers: [{name: a}]}", ".hostIPC", &["~ .hostIPC=true→false"]),
    (
        "baseline",
        "hostPorts",
        "{containers: [{name: a, ports: [{containerPort: 1, hostPort: 0}, {containerPort: 2, hostPort: 2}]}]}",
        "a.ports.1.hostPort",
        &["- a.ports.1.hostPort=2"],
    ),
    (
        "baseline",
        "hostPathVolumes",
        "{volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a}]}",
        ".volumes.0.hostPath",
        &[],
    ),
    (
        "restricted",
        "restrictedVolumes",
        "{volumes: [{name: e}, {name: v, nfs: {server: s, path: /}}], containers: [{name: a}]}",
        ".volumes.1.nfs",
        &[],
    ),
    (
        "restricted",
        "restrictedVolumes",
        "{volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a}]}",
        ".volumes.0.hostPath",
        &[],
    ),
    (
        "baseline",
        "capabilities_baseline",
        "{containers: [{name: a, securityContext: {capabilities: {add: [CHOWN, NET_RAW, KILL]}}}]}",
        "a.capabilities.add",
        &["~ a.capabilities.add.1=NET_RAW→KILL", "- a.capabilities.add.2=KILL"],
    ),
    (
        "baseline",
        "capabilities_baseline",
        "{containers: [{name: a, securityContext: {capabilities: {add: [CAP_CHOWN]}}}]}",
        "a.capabilities.add",
        &["~ a.capabilities.add.0=CAP_CHOWN→CHOWN"],
    ),
    (
        "baseline",
        "capabilities_baseline",
        "{containers: [{name: a, securityContext: {capabilities: {add: [chown]}}}]}",
        "a.capabilities.add",
        &["- a.capabilities.add.0=chown", "+ a.capabilities={}"],
    ),
    (
        "restricted",
        "capabilities_restricted",
        "{containers: [{name: a, securityContext: {capabilities: {add: [SYS_TIME, CAP_NET_BIND_SERVICE, CHOWN]}}}]}",
        "a.capabilities.add",
        &[
            "~ a.capabilities.add.0=SYS_TIME→NET_BIND_SERVICE",
            "- a.capabilities.add.1=CAP_NET_BIND_SERVICE",
            "- a.capabilities.add.2=CHOWN",
        ],
    ),
    (
        "restricted",
        "allowPrivilegeEscalation",
        "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: true}}]}",
        "a.allowPrivilegeEscalation",
        &["~ a.allowPrivilegeEscalation=true→false"],
    ),
    (
        "restricted",
        "runAsUser",
        "{securityContext: {runAsUser: 0}, containers: [{name: a}]}",
        ".runAsUser",
        &["- .runAsUser=0"],
    ),
    (
        "restricted",
        "runAsUser",
        "{containers: [{name: a, securityContext: {runAsUser: 0x0}}]}",
        "a.runAsUser",
        &["- a.runAsUser=0"],
    ),
    (
        "restricted",
        "runAsNonRoot",
        "{securityContext: {runAsNonRoot: false}, containers: [{name: a}]}",
        ".runAsNonRoot",
        &["~ .runAsNonRoot=false→true"],
    ),
    (
        "restricted",
        "runAsNonRoot",
        "{securityContext: {runAsNonRoot: true}, containers: [{name: a, securityContext: {runAsNonRoot: false}}]}",
        "a.runAsNonRoot",
        &["~ a.runAsNonRoot=false→true"],
    ),
    (
        "baseline",
        "seccompProfile_baseline",
        "{securityContext: {seccompProfile: {type: Unconfined}}, containers: [{name: a}]}",
        ".seccompProfile",
        &["~ .seccompProfile.type=Unconfined→RuntimeDefault"],
    ),
    (
        "baseline",
        "seccompProfile_baseline",
        "{metadata: {annotations: {seccomp.security.alpha.kubernetes.io/pod: unconfined, x: y}}, spec: {containers: [{name: a}]}}",
        ".metadata.annotations.seccomp.security.alpha.kubernetes.io/pod",
        &["- .metadata.annotations.seccomp.security.alpha.kubernetes.io/pod=unconfined"],
    ),
    (
        "restricted",
        "seccompProfile_restricted",
        "{containers: [{name: a, securityContext: {seccompProfile: {type: Unconfined}}}]}",
        "a.seccompProfile",
        &["~ a.seccompProfile.type=Unconfined→RuntimeDefault"],
    ),
    (
        "restricted",
        "seccompProfile_restricted",
        "{metadata: {annotations: {container.seccomp.security.alpha.kubernetes.io/a: unconfined, x: y}}, spec: {containers: [{name: a}]}}",
        ".metadata.annotations.container.seccomp.security.alpha.kubernetes.io/a",
        &["- .metadata.annotations.container.seccomp.security.alpha.kubernetes.io/a=unconfined"],
    ),
    (
        "baseline, userNamespaces: true",
        "hostUsers",
        "{hostUsers: true, containers: [{name: a}]}",
        ".hostUsers",
        &["~ .hostUsers=true→false"],
    ),
    (
        "baseline",
        "appArmorProfile",
        "{securityContext: {appArmorProfile: {type: Unconfined}, fsGroup: 1}, containers: [{name: a}]}",
        ".appArmorProfile",
        &["- .appArmorProfile.type=Unconfined"],
    ),
    (
        "baseline",
        "appArmorProfile",
        "{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined, container.apparmor.security.beta.kubernetes.io/b: localhost/x}}, spec: {containers: [{name: a}]}}",
        ".metadata.annotations.container.apparmor.security.beta.kubernetes.io/a",
        &["- .metadata.annotations.container.apparmor.security.beta.kubernetes.io/a=unconfined"],
    ),
    (
        "baseline",
        "seLinuxOptions",
        "{securityContext: {seLinuxOptions: {type: spc_t, level: s0}}, containers: [{name: a}]}",
        ".seLinuxOptions",
        &["- .seLinuxOptions.type=spc_t"],
    ),
    (
        "baseline",
        "seLinuxOptions",
        "{containers: [{name: a, securityContext: {seLinuxOptions: {user: u, role: r}, privileged: false}}]}",
        "a.seLinuxOptions",
        &["- a.seLinuxOptions.role=r", "- a.seLinuxOptions.user=u"],
    ),
    (
        "baseline",
        "procMount",
        "{containers: [{name: a, securityContext: {procMount: Unmasked}}]}",
        "a.procMount",
        &["~ a.procMount=Unmasked→Default"],
    ),
    (
        "restricted",
        "procMount_restricted",
        "{hostUsers: false, containers: [{name: a, securityContext: {procMount: Unmasked}}]}",
        "a.procMount",
        &["~ a.procMount=Unmasked→Default"],
    ),
    (
        "baseline",
        "sysctls",
        "{securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}, {name: net.ipv4.tcp_rmem, value: '2'}, {name: x.y, value: '3'}]}, containers: [{name: a}]}",
        ".sysctls",
        &[
            "~ .sysctls.0.name=kernel.msgmax→net.ipv4.tcp_rmem",
            "~ .sysctls.0.value=1→2",
            "- .sysctls.1.name=net.ipv4.tcp_rmem",
            "- .sysctls.1.value=2",
            "- .sysctls.2.name=x.y",
            "- .sysctls.2.value=3",
        ],
    ),
    (
        "baseline",
        "hostProbesAndHostLifecycle",
        "{containers: [{name: a, livenessProbe: {httpGet: {port: 1, host: h}}}]}",
        "a.livenessProbe.httpGet.host",
        &["- a.livenessProbe.httpGet.host=h"],
    ),
    (
        "baseline",
        "hostProbesAndHostLifecycle",
        "{containers: [{name: a, lifecycle: {preStop: {tcpSocket: {port: 1, host: 127.0.0.1}}}}]}",
        "a.lifecycle.preStop.tcpSocket.host",
        &["- a.lifecycle.preStop.tcpSocket.host=127.0.0.1"],
    ),
    (
        "baseline, profile: openshift",
        "openshift",
        "{securityContext: {fsGroup: 1000, runAsNonRoot: true}, containers: [{name: a}]}",
        ".fsGroup",
        &["- .fsGroup=1000"],
    ),
    (
        "restricted, profile: openshift",
        "openshift",
        "{containers: [{name: a, securityContext: {runAsUser: 1000}}]}",
        "a.runAsUser",
        &["- a.runAsUser=1000"],
    ),
    (
        "baseline, runAsUser: 1000",
        "runAsUser",
        "{containers: [{name: a, securityContext: {runAsUser: 0}}]}",
        "a.runAsUser",
        &["~ a.runAsUser=0→1000"],
    ),
    (
        "baseline, runAsGroup: 1000",
        "runAsGroup",
        "{securityContext: {runAsGroup: 0}, containers: [{name: a}]}",
        ".runAsGroup",
        &["~ .runAsGroup=0→1000"],
    ),
    (
        "baseline, fsGroup: 1000",
        "fsGroup",
        "{securityContext: {fsGroup: 0}, containers: [{name: a}]}",
        ".fsGroup",
        &["~ .fsGroup=0→1000"],
    ),
    (
        "baseline, readOnlyRootFilesystem: true",
        "readOnlyRootFilesystem",
        "{containers: [{name: a, securityContext: {readOnlyRootFilesystem: false}}]}",
        "a.readOnlyRootFilesystem",
        &["~ a.readOnlyRootFilesystem=false→true"],
    ),
    (
        "baseline, automountServiceAccountToken: false",
        "automountServiceAccountToken",
        "{automountServiceAccountToken: true, containers: [{name: a}]}",
        ".automountServiceAccountToken",
        &["~ .automountServiceAccountToken=true→false"],
    ),
];

/// The lines of the differences that are about the values in conflict, not about what else is filled.
fn about_conflict(before: &str, after: &str) -> Vec<String> {
    let fills = [
        ".runAsNonRoot=true",
        ".runAsUser=1000",
        "seccompProfile.type=RuntimeDefault",
        "allowPrivilegeEscalation=false",
        "capabilities.drop.0=ALL",
        ".runAsGroup=1000",
        ".fsGroup=1000",
        "={}",
    ];
    let is_fill = |line: &String| {
        line.starts_with("+ ") && fills.iter().any(|fill| line.ends_with(fill)) && line != "+ a.capabilities={}"
    };
    let mut lines = differences(before, after, ".spec");
    lines.retain(|line| !is_fill(line));
    lines.sort();
    lines
}

#[test]
fn every_check_fails_is_overridden_or_kept() {
    for (config, id, input, path, expected) in CONFLICTS {
        let input = pod(input);
        let rule = format!("conflict/{id}");
        let with = |conflicts: &str| spec(&format!("{{level: {config}, conflicts: {conflicts}}}"));

        let (_, report) = run(&with("fail"), &input);
        let found: Vec<_> = report.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert_eq!(found.len(), 1, "{config} {id}: {found:#?}");
        assert_eq!(found[0].rule.id, rule, "{input}");
        assert_eq!(told(found[0], &input).unwrap(), format!("error {rule} {path}"), "{input}");
        // The remedy is an exception that can be used once it has a reason.
        let remedy = found[0].remedy.as_ref().unwrap();
        let entries = remedy.split_once("exceptions: ").unwrap_or_else(|| panic!("{remedy}")).1;
        let entries = entries.replace("reason: …", "reason: meant");
        let allowed = spec(&format!("{{level: {config}, exceptions: {entries}}}"));
        let (output, mut report) = run(&allowed, &input);
        report.findings.retain(|finding| finding.rule.id != "image-user-unproven");
        assert_ne!(report.worst(), Some(Severity::Warning), "{:#?}", report.findings);
        let excused = ["procMount", "procMount_restricted"].contains(id);
        assert!(report.worst() == Some(Severity::Info) || excused, "{config} {id}: {:#?}", report.findings);
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.rule.id == "exception" && finding.message.ends_with(": meant"))
        );
        let changed = about_conflict(&input, &output);
        assert_eq!(changed, Vec::<String>::new(), "{config} {id}: an exception changes the value");

        let (output, report) = run(&with("override"), &input);
        if expected.is_empty() {
            assert_eq!(report.worst(), Some(Severity::Error), "{id}: volumes are never removed");
        } else {
            assert_ne!(report.worst(), Some(Severity::Error), "{id}: {:#?}", report.findings);
            assert!(
                report.changes.iter().any(|change| change.why.rule.id == rule && change.why.class == Class::Overridden)
            );
            let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
            expected.sort();
            assert_eq!(about_conflict(&input, &output), expected, "{config} {id}: {output}");
        }
        assert_eq!(run(&with("override"), &output).0, output, "{id}: not idempotent");

        let (output, mut report) = run(&with("keep"), &input);
        report.findings.retain(|finding| finding.rule.id != "image-user-unproven");
        let warnings = report.findings.iter().filter(|finding| finding.severity == Severity::Warning);
        assert_eq!(warnings.map(|finding| finding.rule.id.to_owned()).collect::<Vec<_>>(), std::slice::from_ref(&rule));
        assert_eq!(about_conflict(&input, &output), Vec::<String>::new(), "{config} {id}: keep changes the value");
        assert_eq!(run(&with("keep"), &output).0, output, "{id}: not idempotent");
    }
}

#[test]
fn no_check_goes_without_a_row() {
    let rules = krmor::functions::security_context::rules::RULES;
    let ids: Vec<&str> = rules.iter().filter_map(|rule| rule.id.strip_prefix("conflict/")).collect();
    assert!(ids.len() > 20, "{ids:?}");
    for id in ids {
        assert!(CONFLICTS.iter().any(|(_, covered, ..)| *covered == id), "no row for {id}");
    }
}

#[test]
fn all_conflicts_are_told_at_once() {
    check(&[
        (
            "in every kind of container, both orders",
            "{}",
            "{initContainers: [{name: i, securityContext: {privileged: true}}], containers: [{name: a, securityContext: {allowPrivilegeEscalation: true}}, {name: b, securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: false}}], ephemeralContainers: [{name: e, securityContext: {runAsUser: 0}}]}",
            &[
                "error conflict/privileged i.privileged",
                "error conflict/allowPrivilegeEscalation a.allowPrivilegeEscalation",
                "error conflict/runAsNonRoot b.runAsNonRoot",
                "error conflict/runAsUser e.runAsUser",
                "+ .seccompProfile.type=RuntimeDefault",
                "+ a.runAsNonRoot=true",
                "+ i.runAsNonRoot=true",
                "+ a.capabilities.drop.0=ALL",
                "+ b.capabilities.drop.0=ALL",
                "+ i.capabilities.drop.0=ALL",
                "std e",
            ],
        ),
        (
            "a strict container first, a weak one second",
            "{conflicts: override}",
            "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: false}}, {name: b, securityContext: {allowPrivilegeEscalation: true}}]}",
            &[
                "std",
                "~ b.allowPrivilegeEscalation=true→false",
                "+ a.capabilities.drop.0=ALL",
                "+ b.capabilities.drop.0=ALL",
            ],
        ),
        (
            "a weak container first, a strict one second",
            "{conflicts: override}",
            "{containers: [{name: b, securityContext: {allowPrivilegeEscalation: true}}, {name: a, securityContext: {allowPrivilegeEscalation: false}}]}",
            &[
                "std",
                "~ b.allowPrivilegeEscalation=true→false",
                "+ a.capabilities.drop.0=ALL",
                "+ b.capabilities.drop.0=ALL",
            ],
        ),
        (
            "privileged, and what follows from it, at once",
            "{}",
            "{hostNetwork: true, containers: [{name: a, ports: [{containerPort: 1, hostPort: 1}], securityContext: {privileged: true, allowPrivilegeEscalation: true}}]}",
            &[
                "error conflict/hostNamespaces .hostNetwork",
                "error conflict/hostPorts a.ports.0.hostPort",
                "error conflict/privileged a.privileged",
                "error conflict/allowPrivilegeEscalation a.allowPrivilegeEscalation",
                "std",
                "+ a.capabilities.drop.0=ALL",
            ],
        ),
    ]);
}

#[test]
fn versions_of_the_standard() {
    let slow_start = "{securityContext: {sysctls: [{name: net.ipv4.tcp_slow_start_after_idle, value: '0'}]}, containers: [{name: a}]}";
    let engine = "{containers: [{name: a, securityContext: {seLinuxOptions: {type: container_engine_t}}}]}";
    let host = "{containers: [{name: a, readinessProbe: {httpGet: {port: 1, host: h}}}]}";
    let own_users = "{hostUsers: false, containers: [{name: a, securityContext: {runAsUser: 0}}]}";
    let unmasked = "{hostUsers: false, containers: [{name: a, securityContext: {procMount: Unmasked}}]}";
    let windows = "{os: {name: windows}, containers: [{name: a}]}";
    check(&[
        ("v1.7 demands runAsNonRoot", "{version: v1.7}", "{containers: [{name: a}]}", &["+ .runAsNonRoot=true"]),
        (
            "v1.8 demands no escalation",
            "{version: v1.8}",
            "{containers: [{name: a}]}",
            &["+ .runAsNonRoot=true", "+ a.allowPrivilegeEscalation=false"],
        ),
        (
            "v1.19 demands seccomp",
            "{version: v1.19}",
            "{containers: [{name: a}]}",
            &["std", "+ a.allowPrivilegeEscalation=false"],
        ),
        ("v1.22 demands dropped capabilities", "{version: v1.22}", "{containers: [{name: a}]}", &["std", "std a"]),
        (
            "v1.21 allows the default set",
            "{version: v1.21}",
            "{containers: [{name: a, securityContext: {capabilities: {add: [CHOWN]}}}]}",
            &["std", "+ a.allowPrivilegeEscalation=false"],
        ),
        (
            "v1.18 looks at annotations only",
            "{version: v1.18, level: baseline}",
            "{securityContext: {seccompProfile: {type: Unconfined}}, containers: [{name: a}]}",
            &[],
        ),
        (
            "v1.36 does not know the sysctl",
            "{version: v1.36, level: baseline}",
            slow_start,
            &["error conflict/sysctls .sysctls"],
        ),
        ("v1.37 does", "{version: v1.37, level: baseline}", slow_start, &[]),
        ("latest is v1.37", "{version: latest, level: baseline}", slow_start, &[]),
        (
            "v1.30 does not know the type",
            "{version: v1.30, level: baseline}",
            engine,
            &["error conflict/seLinuxOptions a.seLinuxOptions"],
        ),
        ("v1.31 does", "{version: v1.31, level: baseline}", engine, &[]),
        ("v1.33 does not look at hosts of probes", "{version: v1.33, level: baseline}", host, &[]),
        (
            "v1.34 does",
            "{version: v1.34, level: baseline}",
            host,
            &["error conflict/hostProbesAndHostLifecycle a.readinessProbe.httpGet.host"],
        ),
        (
            "v1.34 does not trust users of its own",
            "{version: v1.34}",
            own_users,
            &["error conflict/runAsUser a.runAsUser", "+ .seccompProfile.type=RuntimeDefault", "std a"],
        ),
        ("v1.35 does", "{version: v1.35}", own_users, &["+ .seccompProfile.type=RuntimeDefault", "std a"]),
        (
            "v1.34 forbids unmasked /proc",
            "{version: v1.34, level: baseline}",
            unmasked,
            &["error conflict/procMount a.procMount"],
        ),
        ("v1.35 allows it at baseline with users of its own", "{version: v1.35, level: baseline}", unmasked, &[]),
        (
            "v1.24 demands of Windows what it cannot have",
            "{version: v1.24}",
            windows,
            &["error windows-version", "+ .runAsNonRoot=true"],
        ),
        ("v1.25 does not", "{version: v1.25}", windows, &["+ .runAsNonRoot=true"]),
    ]);
}

#[test]
fn user_namespaces_when_asked() {
    let asked = "{userNamespaces: true}";
    let with_pid =
        "{exceptions: [{target: {}, fields: [hostPID, hostNetwork], reason: node agent}], userNamespaces: true}";
    let one = |pod: &str| format!("{{{pod}, containers: [{{name: a, securityContext: {{runAsUser: 0}}}}]}}");
    let std_of_own: &[&str] = &["+ .seccompProfile.type=RuntimeDefault", "std a"];
    check(&[
        ("not unasked", "{}", "{containers: [{name: a}]}", &["std", "std a"]),
        (
            "users of its own allow root from v1.35 on",
            asked,
            &one("restartPolicy: Always"),
            &[std_of_own, &["+ .hostUsers=false"]].concat(),
        ),
        ("as those that are there", asked, &one("hostUsers: false"), std_of_own),
        (
            "but not before",
            "{userNamespaces: true, version: v1.34}",
            &one("restartPolicy: Always"),
            &[std_of_own, &["+ .hostUsers=false", "error conflict/runAsUser a.runAsUser"]].concat(),
        ),
        (
            "an exception keeps the node's users",
            "{userNamespaces: true, exceptions: [{target: {}, fields: [hostUsers], reason: mounts}]}",
            "{containers: [{name: a}]}",
            &["info exception", "std", "std a"],
        ),
        ("Windows has none", asked, "{os: {name: windows}, containers: [{name: a}]}", &["+ .runAsNonRoot=true"]),
        (
            "one container cannot have its own",
            "{userNamespaces: true, targets: [{containers: [a]}]}",
            "{containers: [{name: a}]}",
            &["+ a.runAsNonRoot=true", "+ a.seccompProfile.type=RuntimeDefault", "std a"],
        ),
        (
            "the API refuses them beside the node's namespaces",
            with_pid,
            "{hostPID: true, hostNetwork: true, containers: [{name: a}]}",
            &[
                "info exception .hostPID",
                "info exception .hostNetwork",
                "error invalid .hostPID",
                "error invalid .hostNetwork",
                "+ .hostUsers=false",
                "+ .seccompProfile.type=RuntimeDefault",
                "std a",
            ],
        ),
        (
            "whoever wrote them; the host's network is a matter of a feature gate",
            "{exceptions: [{target: {}, fields: [hostPID, hostNetwork], reason: node agent}]}",
            "{hostUsers: false, hostPID: true, hostNetwork: true, containers: [{name: a}]}",
            &[
                "info exception .hostPID",
                "info exception .hostNetwork",
                "error invalid .hostPID",
                "+ .seccompProfile.type=RuntimeDefault",
                "std a",
            ],
        ),
        (
            "and beside raw block volumes",
            asked,
            "{containers: [{name: a, volumeDevices: [{name: d, devicePath: /dev/x}]}]}",
            &["error invalid a.volumeDevices", "+ .hostUsers=false", "+ .seccompProfile.type=RuntimeDefault", "std a"],
        ),
    ]);
}

#[test]
fn what_is_known_of_images_settles_their_users() {
    let rules = |images: &str, pod: &str| {
        let (_, report) = run(&spec(&format!("{{images: [{images}]}}")), &self::pod(pod));
        let found = report.findings.iter().filter(|finding| finding.rule.id.starts_with("image-user"));
        found.map(|finding| format!("{} {}", finding.severity.name(), finding.rule.id)).collect::<Vec<_>>()
    };
    let web = "{containers: [{name: a, image: 'example.com/web:1@sha256:ab'}]}";
    for (images, wanted) in [
        ("", vec!["warning image-user-unproven"]),
        ("{name: example.com/other, user: 1}", vec!["warning image-user-unproven"]),
        ("{name: example.com/web, user: 1000}", vec![]),
        ("{name: 'example.com/web:1', user: '1000:1000'}", vec![]),
        ("{name: example.com/web, user: 0}", vec!["error image-user"]),
        ("{name: example.com/web, user: root}", vec!["error image-user"]),
        ("{name: example.com/web, user: '0:0'}", vec!["error image-user"]),
        ("{name: example.com/web, user: ''}", vec!["error image-user"]),
        ("{name: example.com/web, user: nginx}", vec!["error image-user"]),
        ("{name: 'example.com/web:1', user: 7}, {name: example.com/web, user: 0}", vec![]),
    ] {
        assert_eq!(rules(images, web), wanted, "{images}");
    }
    let root = "{name: example.com/web, user: 0}";
    let settled = "{securityContext: {runAsUser: 7}, containers: [{name: a, image: 'example.com/web:1'}]}";
    assert!(rules(root, settled).is_empty(), "a uid of the manifest counts more");
    let of_two = "{containers: [{name: a, image: 'example.com/web:1'}, {name: b, image: x}]}";
    assert_eq!(rules(root, of_two), ["error image-user", "warning image-user-unproven"]);
    let windows = "{os: {name: windows}, containers: [{name: a, image: 'example.com/web:1'}]}";
    assert!(rules("{name: example.com/web, user: ContainerUser}", windows).is_empty());
    assert_eq!(rules("{name: example.com/web, user: containeradministrator}", windows), ["error image-user"]);
}

#[test]
fn a_token_with_rights_is_a_warning() {
    let run = |account: &str, binding: &str| {
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b", "namespace": "shop"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}, "subjects": [value(binding)]});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": value(account)});
        let (_, report) = run(&spec("{automountServiceAccountToken: false}"), &format!("{pod}\n---\n{binding}\n"));
        report
            .findings
            .iter()
            .any(|finding| finding.rule.id == "token-with-rights" && finding.severity == Severity::Warning)
    };
    let web = "{serviceAccountName: web, containers: [{name: a}]}";
    let default = "{containers: [{name: a}]}";
    for (account, subject, wanted) in [
        (web, "{kind: ServiceAccount, name: web, namespace: shop}", true),
        (web, "{kind: ServiceAccount, name: web}", true),
        (web, "{kind: ServiceAccount, name: web, namespace: other}", false),
        (web, "{kind: ServiceAccount, name: default, namespace: shop}", false),
        (default, "{kind: ServiceAccount, name: default, namespace: shop}", true),
        ("{serviceAccount: web, containers: [{name: a}]}", "{kind: ServiceAccount, name: web, namespace: shop}", true),
        (web, "{kind: Group, name: 'system:serviceaccounts:shop'}", true),
        (web, "{kind: Group, name: 'system:serviceaccounts'}", true),
        (web, "{kind: Group, name: 'system:serviceaccounts:other'}", false),
        (web, "{kind: User, name: 'system:serviceaccount:shop:web'}", true),
        // Nothing is taken from a pod that says so itself.
        (
            "{serviceAccountName: web, automountServiceAccountToken: false, containers: [{name: a}]}",
            "{kind: ServiceAccount, name: web, namespace: shop}",
            false,
        ),
    ] {
        assert_eq!(run(account, subject), wanted, "{account} {subject}");
    }
}

#[test]
fn namespaces_of_the_stream_enforce_their_level() {
    let told = |config: &str, labels: &str, pod: &str| {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": value(labels)}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": value(pod)});
        let config =
            json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "SecurityContext", "spec": value(config)}).to_string();
        let documents = yaml::parse(&Arc::new(config)).unwrap();
        let pipeline = krmor::config::read(documents[0].root(), None).unwrap();
        let mut stream = Stream::parse(&Arc::new(format!("{namespace}\n---\n{pod}\n"))).unwrap();
        let mut report = Report::default();
        pipeline.run(&mut stream, &mut report);
        let found = report.findings.iter().filter(|finding| finding.rule.id == "namespace-level");
        found.map(|finding| format!("{} {}", finding.severity.name(), finding.message)).collect::<Vec<_>>()
    };
    let (enforce, version) = ("pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version");
    let of = |level: &str| format!("{{{enforce}: {level}}}");
    let lean = "{containers: [{name: a}]}";
    let privileged = "{containers: [{name: a, securityContext: {privileged: true}}]}";
    let allowed = "{exceptions: [{target: {}, fields: [privileged], reason: agent}]}";
    assert!(told("{}", &of("restricted"), lean).is_empty());
    assert!(told("{}", "{}", privileged).is_empty());
    assert!(told("{}", "{pod-security.kubernetes.io/warn: restricted}", privileged).is_empty());
    // What an exception allows admission refuses all the same.
    let found = told(allowed, &of("baseline"), privileged);
    assert_eq!(
        found,
        ["error violates PodSecurity \"baseline:latest\": container `a` sets `privileged: true` (privileged)"]
    );
    let both = "{exceptions: [{target: {}, fields: [privileged], reason: agent}, {target: {}, rules: [namespace-level], reason: exempt}]}";
    assert!(told(both, &of("baseline"), privileged).is_empty());
    // What is excluded, too.
    assert!(!told("{exclude: [{name: p}]}", &of("restricted"), lean).is_empty());
    // Less than the label says.
    let found = told("{level: baseline}", &of("restricted"), lean);
    assert_eq!(found.iter().filter(|line| line.starts_with("error")).count(), 4, "{found:?}");
    assert_eq!(found.iter().filter(|line| line.starts_with("warning the config asks for `baseline`")).count(), 1);
    // The version counts: v1.18 demands no seccomp profile.
    let early = told("{level: baseline}", &format!("{{{enforce}: restricted, {version}: v1.18}}"), lean);
    assert_eq!(early.iter().filter(|line| line.starts_with("error")).count(), 2, "{early:?}");
    let later = told("{level: baseline}", &format!("{{{enforce}: restricted, {version}: v1.99}}"), lean);
    assert_eq!(later.iter().filter(|line| line.starts_with("error")).count(), 4, "{later:?}");
    assert_eq!(told("{}", &of("privileged"), lean).len(), 1);
    assert!(told("{}", &of("privileged"), lean)[0].starts_with("info "));
    assert!(told("{}", &of("strict"), lean)[0].starts_with("error "));
}

#[test]
fn writable_paths_are_filled_first_when_asked() {
    let seed =
        "{readOnlyRootFilesystem: true, runAsUser: 7, writablePaths: [{path: /etc/nginx, sizeLimit: 1Mi, seed: true}]}";
    let made = |config: &str, pod: &str| {
        let input = self::pod(pod);
        let (output, report) = run(&spec(config), &input);
        let (again, second) = run(&spec(config), &output);
        assert_eq!(again, output, "{config} {pod}: not idempotent");
        assert!(second.changes.is_empty());
        (value(&output), report)
    };
    let (object, report) = made(
        seed,
        "{containers: [{name: a, image: 'nginx:1', resources: {limits: {memory: 1Gi}, claims: [{name: x}]}}]}",
    );
    let init = &object["spec"]["initContainers"][0];
    assert_eq!(init["name"], json!("seed-etc-nginx-a"));
    assert_eq!((&init["image"], &init["resources"]), (&json!("nginx:1"), &json!({"limits": {"memory": "1Gi"}})));
    assert_eq!(init["command"], json!(["cp", "-R", "/etc/nginx/.", "/krmor-seed/"]));
    assert_eq!(init["volumeMounts"], json!([{"name": "etc-nginx-a", "mountPath": "/krmor-seed"}]));
    assert_eq!(
        init["securityContext"],
        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true})
    );
    let writable = |report: &Report| {
        let found = report.findings.iter().filter(|finding| finding.rule.id == "writable-path");
        found.map(|finding| finding.severity.name()).collect::<Vec<_>>()
    };
    assert_eq!(writable(&report), ["info"], "that the image must have `cp`");

    // A command of one's own; the containers' own users; one volume is filled once.
    let (object, report) = made(
        "{readOnlyRootFilesystem: true, writablePaths: [{path: /srv/data, sizeLimit: 1Mi, seed: true, name: data, command: [/copy, /srv/data]}]}",
        "{containers: [{name: a, image: x, securityContext: {runAsUser: 9}}, {name: b, image: y}]}",
    );
    let init = object["spec"]["initContainers"].as_array().unwrap();
    assert_eq!(init.len(), 1);
    assert_eq!(
        (&init[0]["command"], &init[0]["securityContext"]["runAsUser"]),
        (&json!(["/copy", "/srv/data"]), &json!(9))
    );
    assert!(writable(&report).is_empty());

    // Container fields only: the init container says what the pod does not.
    let (object, _) = made(
        "{readOnlyRootFilesystem: true, writablePaths: [{path: /etc/x, sizeLimit: 1Mi, seed: true}], targets: [{containers: [a]}]}",
        "{containers: [{name: a, image: x}, {name: b, image: y}]}",
    );
    let security = &object["spec"]["initContainers"][0]["securityContext"];
    assert_eq!(
        (&security["runAsNonRoot"], &security["seccompProfile"]["type"]),
        (&json!(true), &json!("RuntimeDefault"))
    );

    // What cannot be filled stays as it is, and is told: init containers, what runs as root alone.
    let (object, report) = made(
        seed,
        "{initContainers: [{name: i, image: x}], containers: [{name: a, image: y, volumeMounts: [{name: v, mountPath: /etc/nginx}]}]}",
    );
    assert_eq!(object["spec"]["initContainers"].as_array().unwrap().len(), 1);
    assert!(object["spec"]["initContainers"][0].get("volumeMounts").is_none());
    assert_eq!(writable(&report), ["warning"]);
    let root = "{readOnlyRootFilesystem: true, writablePaths: [{path: /etc/x, sizeLimit: 1Mi, seed: true}], exceptions: [{target: {containers: [a]}, fields: [runAsUser], reason: binds}]}";
    let (object, report) = made(
        root,
        "{containers: [{name: a, image: x, securityContext: {runAsUser: 0}}, {name: b, image: y, volumeMounts: [{name: v, mountPath: /etc}]}]}",
    );
    assert!(object["spec"].get("initContainers").is_none());
    assert_eq!(writable(&report), ["warning"]);
    let whole = root.replace("containers: [a]", "");
    let (object, _) = made(&whole, "{containers: [{name: a, image: x, securityContext: {runAsUser: 0}}]}");
    assert_eq!(object["spec"]["initContainers"][0]["securityContext"]["runAsUser"], json!(0));

    // An empty volume where images have files.
    for (path, warns) in [
        ("/usr/share/nginx/html", true),
        ("/etc/nginx", true),
        ("/etc/nginx/conf.d", true),
        ("/var/www/html", true),
        ("/app", true),
        ("/app/tmp", false),
        ("/tmp", false),
        ("/var/cache/nginx", false),
        ("/etcetera", false),
    ] {
        let config = format!("{{readOnlyRootFilesystem: true, writablePaths: [{{path: {path}, sizeLimit: 1Mi}}]}}");
        let (_, report) = made(&config, "{containers: [{name: a, image: x}]}");
        assert_eq!(writable(&report), if warns { vec!["warning"] } else { vec![] }, "{path}");
    }
}

/// Integers as the API decodes them: kubectl writes YAML's floats as JSON, where `1.00066e+09` is 1000660000.
#[test]
fn integers_are_read_as_the_api_reads_them() {
    let of = |uid: &str| format!("{{securityContext: {{runAsUser: {uid}}}, containers: [{{name: a}}]}}");
    for uid in ["1.00066e+09", "1.0", "10_0", "0x10", "2147483647"] {
        check(&[(uid, "{}", &of(uid), &["std", "std a"])]);
    }
    for root in ["0", "0.0", "0e5", "-0.0", "0x0"] {
        let filled = &["error conflict/runAsUser .runAsUser", "+ .seccompProfile.type=RuntimeDefault", "std a"];
        check(&[(root, "{}", &of(root), filled)]);
    }
    // No integers: the API decodes neither a text nor a fraction.
    for none in ["'1000'", "1.5", "true", "1e40"] {
        let refused = "error conflict/runAsUser .runAsUser";
        check(&[(none, "{}", &of(none), &[refused, "std", "std a"])]);
    }
    let port = "{containers: [{name: a, ports: [{containerPort: 80, hostPort: 0.0}]}]}";
    check(&[("a port that is none", "{}", port, &["std", "std a"])]);
}

/// A conflict whose severity the config turns down stays, and then what the API refuses beside it must still be told.
#[test]
fn what_is_invalid_beside_a_conflict_turned_down_is_still_an_error() {
    let privileged = "{containers: [{name: a, securityContext: {privileged: true, allowPrivilegeEscalation: false}}]}";
    let root = "{securityContext: {runAsNonRoot: true, runAsUser: 0}, containers: [{name: a}]}";
    for setting in ["'off'", "info", "warning"] {
        let severities = format!("{{severities: {{'conflict/*': {setting}}}}}");
        for (pod, pointer) in [(privileged, "a.allowPrivilegeEscalation"), (root, "a")] {
            let (_, report) = run(&spec(&severities), &self::pod(pod));
            let invalid = report.findings.iter().filter(|finding| finding.rule.id == "invalid");
            let invalid: Vec<_> = invalid.map(|finding| finding.severity).collect();
            assert_eq!(invalid, [Severity::Error], "{setting} {pointer}");
        }
    }
    // The conflict alone is what the config wants turned down.
    let (_, report) = run(
        &spec("{severities: {'conflict/*': 'off'}}"),
        &pod("{containers: [{name: a, securityContext: {privileged: true}}]}"),
    );
    assert!(report.findings.iter().all(|finding| finding.severity != Severity::Error));
}

#[test]
fn windows_pods_get_no_field_of_linux() {
    check(&[
        (
            "runAsNonRoot and the token are all",
            "{runAsUser: 1, runAsGroup: 1, fsGroup: 1, seccompProfile: {type: RuntimeDefault}, readOnlyRootFilesystem: true, writablePaths: [{path: /tmp, sizeLimit: 1Mi}], automountServiceAccountToken: false}",
            "{os: {name: windows}, containers: [{name: a}]}",
            &["+ .runAsNonRoot=true", "+ .automountServiceAccountToken=false"],
        ),
        (
            "a selector alone does not tell the API",
            "{}",
            "{nodeSelector: {kubernetes.io/os: windows}, containers: [{name: a}]}",
            &["error windows-os .nodeSelector", "std", "std a"],
        ),
        (
            "so does a required affinity",
            "{}",
            "{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: x, operator: Exists}, {key: kubernetes.io/os, operator: In, values: [windows]}]}, {matchExpressions: [{key: beta.kubernetes.io/os, operator: NotIn, values: [linux]}]}]}}}, containers: [{name: a}]}",
            &["error windows-os .affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution", "std", "std a"],
        ),
        (
            "an affinity that may end on Linux says nothing",
            "{}",
            "{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/os, operator: In, values: [windows]}]}, {matchExpressions: [{key: zone, operator: Exists}]}]}}}, containers: [{name: a}]}",
            &["std", "std a"],
        ),
        (
            "nor does a preference",
            "{}",
            "{affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: kubernetes.io/os, operator: In, values: [windows]}]}}]}}, containers: [{name: a}]}",
            &["std", "std a"],
        ),
        (
            "baseline adds nothing, so nothing of Linux",
            "{level: baseline, exceptions: [{target: {}, fields: [hostNetwork, hostPort], reason: node agent}]}",
            "{nodeSelector: {kubernetes.io/os: windows}, hostNetwork: true, containers: [{name: a, ports: [{containerPort: 1, hostPort: 1}]}]}",
            &["info exception .hostNetwork", "info exception a.ports.0.hostPort"],
        ),
        (
            "unless it is told to",
            "{level: baseline, seccompProfile: {type: RuntimeDefault}}",
            "{nodeSelector: {kubernetes.io/os: windows}, containers: [{name: a}]}",
            &["error windows-os .nodeSelector", "+ .seccompProfile.type=RuntimeDefault"],
        ),
        (
            "a selector that agrees",
            "{}",
            "{os: {name: windows}, nodeSelector: {kubernetes.io/os: windows}, containers: [{name: a}]}",
            &["+ .runAsNonRoot=true"],
        ),
        (
            "what the API refuses is told",
            "{}",
            "{os: {name: windows}, hostUsers: true, securityContext: {fsGroup: 1}, containers: [{name: a, securityContext: {capabilities: {drop: [ALL]}}}]}",
            &[
                "error windows-field .fsGroup",
                "error windows-field .hostUsers",
                "error windows-field a.capabilities",
                "+ .runAsNonRoot=true",
            ],
        ),
        (
            "an empty list is absent",
            "{}",
            "{os: {name: windows}, securityContext: {sysctls: []}, containers: [{name: a}]}",
            &["+ .runAsNonRoot=true"],
        ),
        (
            "HostProcess cannot stay for one container of two",
            "{conflicts: override, exceptions: [{target: {containers: [a]}, fields: [hostProcess], reason: node agent}]}",
            "{os: {name: windows}, hostNetwork: true, securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a}, {name: b, securityContext: {windowsOptions: {hostProcess: true}}}]}",
            &[
                "info exception .windowsOptions.hostProcess",
                "error invalid .windowsOptions.hostProcess",
                "~ b.windowsOptions.hostProcess=true→false",
                "+ .runAsNonRoot=true",
            ],
        ),
        (
            "nor without the host's network",
            "{conflicts: override, exclude: [{containers: [a]}]}",
            "{os: {name: windows}, hostNetwork: true, containers: [{name: a, securityContext: {windowsOptions: {hostProcess: true}}}, {name: b}]}",
            &["error invalid a.windowsOptions.hostProcess", "~ .hostNetwork=true→false", "+ b.runAsNonRoot=true"],
        ),
        (
            "HostProcess is baseline's matter, and needs the host's network",
            "{exceptions: [{target: {}, fields: [hostProcess], reason: node agent}]}",
            "{os: {name: windows}, hostNetwork: true, securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a}]}",
            &["info exception .windowsOptions.hostProcess", "+ .runAsNonRoot=true"],
        ),
    ]);
}

#[test]
fn exceptions_and_what_follows_from_them() {
    let root = "{target: {containers: [r]}, fields: [runAsUser], reason: binds a raw socket}";
    check(&[
        (
            "privileged may escalate",
            "{exceptions: [{target: {name: p}, fields: [privileged], reason: node agent}]}",
            "{containers: [{name: a, securityContext: {privileged: true, allowPrivilegeEscalation: true}}, {name: b}]}",
            &["info exception a.privileged", "std", "+ a.capabilities.drop.0=ALL", "std b"],
        ),
        (
            "so may CAP_SYS_ADMIN",
            "{exceptions: [{target: {containers: [a]}, fields: [capabilities.add], reason: mounts}]}",
            "{containers: [{name: a, securityContext: {capabilities: {add: [CAP_SYS_ADMIN]}}}]}",
            &["info exception a.capabilities.add", "std", "+ a.capabilities.drop.0=ALL"],
        ),
        (
            "the API refuses that spelling only: what MetalLB's speaker ships is accepted, and gets what `restricted` demands",
            "{exceptions: [{target: {containers: [a, b, c]}, fields: [capabilities.add], reason: mounts}]}",
            "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {add: [SYS_ADMIN]}}}, {name: b, securityContext: {capabilities: {add: [ALL]}}}, {name: c, securityContext: {capabilities: {add: [cap_sys_admin]}}}]}",
            &[
                "info exception a.capabilities.add",
                "info exception b.capabilities.add",
                "info exception c.capabilities.add",
                "std",
                "+ a.capabilities.drop.0=ALL",
                "std b",
                "std c",
            ],
        ),
        (
            "which it refuses beside false",
            "{exceptions: [{target: {containers: [a]}, fields: [capabilities.add], reason: mounts}]}",
            "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {add: [CAP_SYS_ADMIN]}}}]}",
            &[
                "error invalid a.allowPrivilegeEscalation",
                "info exception a.capabilities.add",
                "std",
                "+ a.capabilities.drop.0=ALL",
            ],
        ),
        (
            "plain SYS_ADMIN excuses no escalation",
            "{exceptions: [{target: {containers: [a]}, fields: [capabilities.add], reason: mounts}]}",
            "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: true, capabilities: {add: [SYS_ADMIN]}}}]}",
            &[
                "error conflict/allowPrivilegeEscalation a.allowPrivilegeEscalation",
                "info exception a.capabilities.add",
                "std",
                "+ a.capabilities.drop.0=ALL",
            ],
        ),
        (
            "and says so",
            "{exceptions: [{target: {containers: [a]}, fields: [capabilities.add], reason: mounts}]}",
            "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: true, capabilities: {add: [CAP_SYS_ADMIN]}}}]}",
            &["info exception a.capabilities.add", "std", "+ a.capabilities.drop.0=ALL"],
        ),
        (
            "NET_ADMIN may not",
            "{exceptions: [{target: {containers: [a]}, fields: [capabilities.add], reason: routes}]}",
            "{containers: [{name: a, securityContext: {capabilities: {add: [NET_ADMIN]}}}]}",
            &["info exception a.capabilities.add", "std", "std a"],
        ),
        (
            "root in one container: the others say non-root themselves",
            &format!("{{exceptions: [{root}]}}"),
            "{containers: [{name: r, securityContext: {runAsUser: 0}}, {name: a}]}",
            &[
                "info exception r.runAsUser",
                "+ .seccompProfile.type=RuntimeDefault",
                "+ a.runAsNonRoot=true",
                "std r",
                "std a",
            ],
        ),
        (
            "root inherited by one container: the pod's value stays, the others are in conflict",
            &format!("{{exceptions: [{root}]}}"),
            "{securityContext: {runAsUser: 0}, containers: [{name: r}, {name: a}]}",
            &[
                "info exception .runAsUser",
                "error conflict/runAsUser .runAsUser",
                "+ .seccompProfile.type=RuntimeDefault",
                "std r",
                "std a",
            ],
        ),
        (
            "and are overridden one by one",
            &format!("{{conflicts: override, runAsUser: 1000, exceptions: [{root}]}}"),
            "{securityContext: {runAsUser: 0}, containers: [{name: r}, {name: a}]}",
            &[
                "info exception .runAsUser",
                "+ a.runAsUser=1000",
                "+ a.runAsNonRoot=true",
                "+ .seccompProfile.type=RuntimeDefault",
                "std r",
                "std a",
            ],
        ),
        (
            "root for the whole pod, which says it need not be root",
            "{exceptions: [{target: {kind: Pod}, fields: [runAsUser], reason: legacy}]}",
            "{securityContext: {runAsUser: 0, runAsNonRoot: false}, containers: [{name: a}]}",
            &["info exception .runAsUser", "+ .seccompProfile.type=RuntimeDefault", "std a"],
        ),
        (
            "root that can never start",
            "{exceptions: [{target: {kind: Pod}, fields: [runAsUser], reason: legacy}]}",
            "{securityContext: {runAsUser: 0, runAsNonRoot: true}, containers: [{name: a}]}",
            &["info exception .runAsUser", "error invalid a", "+ .seccompProfile.type=RuntimeDefault", "std a"],
        ),
        (
            "what the API would refuse",
            "{exceptions: [{target: {kind: Pod}, fields: [privileged, procMount], reason: legacy}]}",
            "{containers: [{name: a, securityContext: {privileged: true, allowPrivilegeEscalation: false, procMount: Unmasked}}]}",
            &[
                "info exception a.privileged",
                "info exception a.procMount",
                "error invalid a.allowPrivilegeEscalation",
                "error invalid a.procMount",
                "std",
                "+ a.capabilities.drop.0=ALL",
            ],
        ),
        (
            "an exception from what would be filled",
            "{readOnlyRootFilesystem: true, exceptions: [{target: {containers: [a]}, fields: [runAsNonRoot, capabilities.drop, readOnlyRootFilesystem, seccompProfile, allowPrivilegeEscalation], reason: root image}]}",
            "{containers: [{name: a}, {name: b}]}",
            &[
                "info exception a",
                "info exception a",
                "info exception a",
                "info exception a",
                "info exception a",
                "std b",
                "+ b.runAsNonRoot=true",
                "+ b.seccompProfile.type=RuntimeDefault",
                "+ b.readOnlyRootFilesystem=true",
            ],
        ),
        (
            "the host's network, and the ports on it",
            "{exceptions: [{target: {kind: Pod}, fields: [hostNetwork], reason: ingress}]}",
            "{hostNetwork: true, containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}]}",
            &["info exception .hostNetwork", "std", "std a"],
        ),
        (
            "a volume",
            "{exceptions: [{target: {kind: Pod}, fields: [hostPath], reason: logs}]}",
            "{volumes: [{name: l, hostPath: {path: /var/log}}, {name: n, nfs: {server: s, path: /}}], containers: [{name: a}]}",
            &["info exception .volumes.0.hostPath", "error conflict/restrictedVolumes .volumes.1.nfs", "std", "std a"],
        ),
        (
            "kept values do not get what contradicts them",
            "{conflicts: keep}",
            "{containers: [{name: a, securityContext: {privileged: true, runAsUser: 0}}, {name: b}]}",
            &[
                "warning conflict/privileged a.privileged",
                "warning conflict/runAsUser a.runAsUser",
                "+ .seccompProfile.type=RuntimeDefault",
                "+ b.runAsNonRoot=true",
                "+ a.capabilities.drop.0=ALL",
                "std b",
            ],
        ),
        (
            "OpenShift's own ids",
            "{profile: openshift, conflicts: override}",
            "{securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}, containers: [{name: a, securityContext: {runAsUser: 0}}]}",
            &["- .runAsUser=1000", "- .runAsGroup=1000", "- .fsGroup=1000", "- a.runAsUser=0", "std", "std a"],
        ),
        (
            "what is overridden says what the annotation beside it says",
            "{conflicts: override}",
            "{metadata: {annotations: {container.seccomp.security.alpha.kubernetes.io/a: localhost/p}}, spec: {securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, securityContext: {seccompProfile: {type: Unconfined}}}]}}",
            &["~ a.seccompProfile.type=Unconfined→Localhost", "+ a.seccompProfile.localhostProfile=p", "std a"],
        ),
        (
            "an annotation that stays keeps the field out",
            "{exceptions: [{target: {kind: Pod}, fields: [seccompProfile], reason: debugger}]}",
            "{metadata: {annotations: {seccomp.security.alpha.kubernetes.io/pod: unconfined}}, spec: {containers: [{name: a}]}}",
            &[
                "info exception .metadata.annotations.seccomp.security.alpha.kubernetes.io/pod",
                "+ .runAsNonRoot=true",
                "std a",
            ],
        ),
    ]);
}

#[test]
fn single_containers() {
    let two = "{containers: [{name: a}, {name: b}]}";
    let own = ["+ a.runAsNonRoot=true", "+ a.seccompProfile.type=RuntimeDefault", "std a"];
    check(&[
        (
            "a target of one container",
            "{targets: [{containers: [a]}], fsGroup: 1, automountServiceAccountToken: false}",
            two,
            &own,
        ),
        ("an exclude of the other", "{exclude: [{containers: [b]}]}", two, &own),
        (
            "an exclude of one that has its own values",
            "{exclude: [{containers: [b]}]}",
            "{containers: [{name: a}, {name: b, securityContext: {runAsNonRoot: false, seccompProfile: {type: Unconfined}}}]}",
            &["std", "std a"],
        ),
        (
            "inherited weak values are the container's",
            "{targets: [{containers: [a]}]}",
            "{securityContext: {runAsNonRoot: false, seccompProfile: {type: Unconfined}}, containers: [{name: a}, {name: b}]}",
            &[
                "error conflict/runAsNonRoot .runAsNonRoot",
                "error conflict/seccompProfile_restricted .seccompProfile",
                "std a",
            ],
        ),
        (
            "and are overridden there",
            "{targets: [{containers: [a]}], conflicts: override}",
            "{hostNetwork: true, securityContext: {runAsNonRoot: false, seccompProfile: {type: Unconfined}}, containers: [{name: a}, {name: b}]}",
            &own,
        ),
        (
            "a removal that would uncover root is refused",
            "{targets: [{containers: [a]}], conflicts: override, profile: openshift}",
            "{securityContext: {runAsUser: 0}, containers: [{name: a, securityContext: {runAsUser: 1000}}]}",
            &[
                "error conflict/openshift a.runAsUser",
                "+ a.runAsNonRoot=true",
                "+ a.seccompProfile.type=RuntimeDefault",
                "std a",
            ],
        ),
        (
            "an overridden pod must not change an excluded container",
            "{exclude: [{containers: [b]}], conflicts: override}",
            "{securityContext: {runAsNonRoot: false}, containers: [{name: a}, {name: b}]}",
            &own,
        ),
    ]);
}

#[test]
fn writable_paths() {
    let tmp = "{readOnlyRootFilesystem: true, writablePaths: [{path: /tmp, sizeLimit: 64Mi}]}";
    let shared = "{readOnlyRootFilesystem: true, writablePaths: [{path: /tmp/, sizeLimit: 64Mi, name: scratch}]}";
    let volume = |at: usize, name: &str| {
        [format!("+ .volumes.{at}.name={name}"), format!("+ .volumes.{at}.emptyDir.sizeLimit=64Mi")]
    };
    let mount = |container: &str, at: usize, name: &str| {
        let base = format!("+ {container}.volumeMounts.{at}");
        [format!("{base}.name={name}"), format!("{base}.mountPath=/tmp")]
    };
    let rows: Vec<(&str, &str, &str, Vec<String>)> = vec![
        ("one container", tmp, "{containers: [{name: a}]}", [volume(0, "tmp-a"), mount("a", 0, "tmp-a")].concat()),
        (
            "each container has its own",
            tmp,
            "{containers: [{name: a}, {name: b}]}",
            [volume(0, "tmp-a"), mount("a", 0, "tmp-a"), volume(1, "tmp-b"), mount("b", 0, "tmp-b")].concat(),
        ),
        (
            "a name is shared",
            shared,
            "{containers: [{name: a}, {name: b}]}",
            [volume(0, "scratch"), mount("a", 0, "scratch"), mount("b", 0, "scratch")].concat(),
        ),
        (
            "a shared emptyDir that is there",
            shared,
            "{volumes: [{name: scratch, emptyDir: {}}], containers: [{name: a}]}",
            mount("a", 0, "scratch").to_vec(),
        ),
        (
            "a name that something else has",
            shared,
            "{volumes: [{name: scratch, configMap: {name: c}}], containers: [{name: a}]}",
            vec!["error writable-path .volumes".to_owned()],
        ),
        (
            "a claim template's name",
            tmp,
            "{containers: [{name: a, volumeMounts: [{name: tmp-a, mountPath: /data}]}]}",
            [volume(0, "tmp-a-2"), mount("a", 1, "tmp-a-2")].concat(),
        ),
        (
            "a mount at the path",
            tmp,
            "{volumes: [{name: v}], containers: [{name: a, volumeMounts: [{name: v, mountPath: /tmp/}]}]}",
            vec![],
        ),
        (
            "a mount below the path",
            tmp,
            "{volumes: [{name: v}], containers: [{name: a, volumeMounts: [{name: v, mountPath: /tmp/x}]}]}",
            [volume(1, "tmp-a"), mount("a", 1, "tmp-a")].concat(),
        ),
        (
            "a name that only starts alike",
            tmp,
            "{volumes: [{name: v}], containers: [{name: a, volumeMounts: [{name: v, mountPath: /tm}]}]}",
            [volume(1, "tmp-a"), mount("a", 1, "tmp-a")].concat(),
        ),
        (
            "a writable mount above",
            tmp,
            "{volumes: [{name: v, emptyDir: {}}], containers: [{name: a, volumeMounts: [{name: v, mountPath: /}]}]}",
            vec![],
        ),
        (
            "a read-only mount above",
            tmp,
            "{volumes: [{name: v, secret: {secretName: s}}], containers: [{name: a, volumeMounts: [{name: v, mountPath: /}]}]}",
            vec!["warning writable-path a.volumeMounts".to_owned()],
        ),
        (
            "only where the root is read-only",
            "{level: baseline, writablePaths: [{path: /tmp, sizeLimit: 64Mi}]}",
            "{containers: [{name: a}, {name: b, securityContext: {readOnlyRootFilesystem: true}}]}",
            [volume(0, "tmp-b"), mount("b", 0, "tmp-b")].concat(),
        ),
    ];
    for (what, config, input, mut expected) in rows {
        let (spec, input) = (spec(config), pod(input));
        let (output, report) = run(&spec, &input);
        let mut seen = differences(&input, &output, ".spec");
        seen.retain(|line| line.contains("olume"));
        seen.extend(report.findings.iter().filter_map(|finding| told(finding, &input)));
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected, "{what}");
        assert_eq!(run(&spec, &output).0, output, "{what}: not idempotent");
    }
    let (output, _) = run(
        &spec("{readOnlyRootFilesystem: true, writablePaths: [{path: /Var/_cache/a.b, sizeLimit: 1Gi}]}"),
        &pod(&format!("{{containers: [{{name: {}}}]}}", "x".repeat(63))),
    );
    let name = value(&output)["spec"]["volumes"][0]["name"].as_str().unwrap().to_owned();
    assert!(name.len() <= 63 && name.starts_with("var-cache-a-b-xx"), "{name}");
}

/// Where the pod is in the object makes no difference.
#[test]
fn every_carrier() {
    let container = "{name: a, image: i}";
    let rows = [
        (
            "Deployment",
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: x}}\nspec:\n  template:\n    spec:\n      containers:\n      - {container}\n"
            ),
            ".spec.template.spec",
        ),
        (
            "Rollout",
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: x}}\nspec:\n  template:\n    spec:\n      containers:\n      - {container}\n"
            ),
            ".spec.template.spec",
        ),
        (
            "CronJob",
            format!(
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: x}}\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - {container}\n"
            ),
            ".spec.jobTemplate.spec.template.spec",
        ),
        (
            "JobSet",
            format!(
                "apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata: {{name: x}}\nspec:\n  replicatedJobs:\n  - name: w\n    template:\n      spec:\n        template:\n          spec:\n            containers:\n            - {container}\n"
            ),
            ".spec.replicatedJobs.0.template.spec.template.spec",
        ),
        (
            "List",
            format!(
                "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {{name: x}}\n  spec:\n    containers:\n    - {container}\n"
            ),
            ".items.0.spec",
        ),
    ];
    for (kind, input, root) in rows {
        let (output, report) = run(&spec("{}"), &input);
        let mut seen = differences(&input, &output, root);
        seen.sort();
        let mut expected = expand(&["std", "std a"]);
        expected.sort();
        assert_eq!(seen, expected, "{kind}");
        assert_eq!(report.findings.len(), 1, "{kind}: {:#?}", report.findings);
        assert_eq!(run(&spec("{}"), &output).0, output, "{kind}");
    }
}

#[test]
fn knative_takes_container_fields_only() {
    let input = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: x}\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        image: i\n";
    let (output, report) = run(&spec("{runAsUser: 1000, fsGroup: 1000, automountServiceAccountToken: false}"), input);
    let mut seen = differences(input, &output, ".spec.template.spec");
    seen.extend(report.findings.iter().map(|finding| format!("{} {}", finding.severity.name(), finding.rule.id)));
    seen.sort();
    let expected = [
        "+ .automountServiceAccountToken=false",
        "+ a.allowPrivilegeEscalation=false",
        "+ a.capabilities.drop.0=ALL",
        "+ a.runAsNonRoot=true",
        "+ a.runAsUser=1000",
        "+ a.seccompProfile.type=RuntimeDefault",
        "warning fs-group",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn the_image_user_is_told_where_nobody_set_one() {
    let rows = [
        ("{}", "{containers: [{name: a}, {name: b, securityContext: {runAsUser: 5}}, {name: c}]}", Some("a, c")),
        ("{}", "{securityContext: {runAsUser: 5}, containers: [{name: a}]}", None),
        ("{runAsUser: 5}", "{containers: [{name: a}]}", None),
        (
            "{runAsUser: 5, exceptions: [{target: {containers: [b]}, fields: [runAsUser], reason: r}]}",
            "{containers: [{name: a}, {name: b}]}",
            Some("b"),
        ),
        ("{profile: openshift}", "{containers: [{name: a}]}", None),
        ("{level: baseline}", "{containers: [{name: a}]}", None),
        ("{}", "{hostUsers: false, containers: [{name: a}]}", None),
        (
            "{}",
            "{os: {name: windows}, containers: [{name: a, securityContext: {windowsOptions: {runAsUserName: u}}}, {name: b}]}",
            Some("b"),
        ),
        (
            "{exceptions: [{target: {containers: [a]}, fields: [runAsNonRoot], reason: r}]}",
            "{containers: [{name: a}]}",
            None,
        ),
        ("{conflicts: override}", "{containers: [{name: a, securityContext: {runAsUser: 0}}]}", Some("a")),
    ];
    for (config, input, names) in rows {
        let (_, report) = run(&spec(config), &pod(input));
        let found: Vec<_> = report.findings.iter().filter(|finding| finding.rule.id == "image-user-unproven").collect();
        let seen: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
        let (unset, root) =
            if input.contains("windows") { ("user", "ContainerAdministrator") } else { ("uid", "root or a name") };
        let expected =
            names.map(|names| format!("no {unset} is set: {names} will not start if the image's user is {root}"));
        assert_eq!(seen, expected.iter().map(String::as_str).collect::<Vec<_>>(), "{config} {input}");
    }
}

#[test]
fn findings_name_value_standard_and_remedy() {
    let input = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {spec: {hostPID: true, containers: [{name: app, securityContext: {capabilities: {add: [NET_RAW, CHOWN]}}}]}}}\n";
    let (_, report) = run(&spec("{level: baseline, version: v1.31}"), input);
    let seen: Vec<_> =
        report.findings.iter().map(|finding| (finding.message.as_str(), finding.remedy.as_deref().unwrap())).collect();
    let expected = [
        (
            "the pod sets `hostPID: true`; baseline v1.31 allows only `false`",
            "change it, or allow it: exceptions: [{target: {kind: Deployment, name: web, namespace: shop}, fields: [hostPID], reason: …}]",
        ),
        (
            "container `app` sets `capabilities.add: [\"NET_RAW\"]`; baseline v1.31 allows only the default set without NET_RAW, in capitals and without `CAP_`",
            "change it, or allow it: exceptions: [{target: {kind: Deployment, name: web, namespace: shop, containers: [app]}, fields: [capabilities.add], reason: …}]",
        ),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn changes_name_rule_class_and_reason() {
    let input = pod("{containers: [{name: a, securityContext: {runAsNonRoot: false, capabilities: {drop: [KILL]}}}]}");
    let (_, report) = run(&spec("{conflicts: override}"), &input);
    let seen: Vec<_> =
        report.changes.iter().map(|change| (change.why.rule.id, change.why.class, change.path.as_str())).collect();
    let expected = [
        ("conflict/runAsNonRoot", Class::Overridden, "/spec/containers/0/securityContext/runAsNonRoot"),
        ("seccomp-profile", Class::Added, "/spec/securityContext"),
        ("no-privilege-escalation", Class::Added, "/spec/containers/0/securityContext/allowPrivilegeEscalation"),
        ("drop-capabilities", Class::Raised, "/spec/containers/0/securityContext/capabilities/drop"),
    ];
    assert_eq!(seen, expected);
    assert!(report.changes.iter().all(|change| !change.why.reason.is_empty()));
}

#[test]
fn what_cannot_be_edited_is_an_error_not_a_panic() {
    for (input, path) in [
        ("{securityContext: none, containers: [{name: a}]}", "/spec/securityContext/runAsNonRoot"),
        (
            "{containers: [{name: a, securityContext: []}]}",
            "/spec/containers/0/securityContext/allowPrivilegeEscalation",
        ),
    ] {
        let (_, report) = run(&spec("{}"), &pod(input));
        let errors: Vec<_> = report.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(errors.iter().any(|finding| finding.pointer() == path), "{input}: {errors:#?}");
    }
    for odd in [
        "{containers: [{}]}",
        "{containers: []}",
        "{containers: [{name: 5, ports: 3, livenessProbe: x, lifecycle: [1]}]}",
        "{volumes: {a: b}, nodeSelector: 7, os: windows, containers: [{name: a, volumeMounts: 4, securityContext: {capabilities: {add: 1, drop: 2}, seLinuxOptions: 1, windowsOptions: 2, runAsUser: x}}]}",
    ] {
        for conflicts in ["fail", "override", "keep"] {
            let spec = spec(&format!(
                "{{conflicts: {conflicts}, readOnlyRootFilesystem: true, writablePaths: [{{path: /a, sizeLimit: 1Mi}}]}}"
            ));
            let (output, _) = run(&spec, &pod(odd));
            assert_eq!(run(&spec, &output).0, output, "{odd} {conflicts}");
        }
    }
}

#[test]
fn configs_that_cannot_be_right() {
    for (config, problem) in [
        ("{level: privileged}", "unknown variant"),
        ("{version: '1.31'}", "no version of the standard"),
        ("{version: v1.38}", "no version of the standard"),
        ("{version: v1.+7}", "no version of the standard"),
        ("{runAsUser: 0}", "0 is root"),
        ("{fsGroup: 2147483648}", "from 1 to 2147483647"),
        ("{writablePaths: [{path: tmp, sizeLimit: 1Mi}]}", "absolute path"),
        ("{writablePaths: [{path: /, sizeLimit: 1Mi}]}", "absolute path"),
        ("{writablePaths: [{path: /a/../b, sizeLimit: 1Mi}]}", "must not contain"),
        ("{writablePaths: [{path: /proc/x, sizeLimit: 1Mi}]}", "belongs to the kernel"),
        ("{writablePaths: [{path: /tmp, sizeLimit: 64m}]}", "no size in bytes"),
        ("{writablePaths: [{path: /tmp, sizeLimit: 0Mi}]}", "no size in bytes"),
        ("{writablePaths: [{path: /tmp}]}", "missing field"),
        ("{images: [{name: a, user: -1}]}", "expected the `USER` of the image"),
        ("{images: [{name: a, user: [1]}]}", "expected the `USER` of the image"),
        ("{images: [{name: a}]}", "missing field"),
        ("{writablePaths: [{path: /tmp, sizeLimit: 1Mi, name: A_b}]}", "is not a volume name"),
        ("{exceptions: [{target: {}, fields: [privileged], reason: ' '}]}", "say why"),
        ("{exceptions: [{target: {}, fields: [privileged], reason: …}]}", "say why"),
        ("{exceptions: [{target: {}, fields: [privileged]}]}", "missing field"),
        ("{runasuser: 1}", "unknown field"),
    ] {
        let error = serde_json::from_value::<Spec>(value(config)).unwrap_err().to_string();
        assert!(error.contains(problem), "{config}: {error}");
    }
    for (config, problem) in [
        ("{profile: openshift, runAsUser: 1, fsGroup: 1}", "spec.runAsUser: cannot be combined"),
        ("{seccompProfile: {type: Localhost}}", "spec.seccompProfile: `type: Localhost` needs"),
        ("{seccompProfile: {type: RuntimeDefault, localhostProfile: p}}", "goes with `type: Localhost` only"),
        ("{seccompProfile: {type: Localhost, localhostProfile: ../p}}", "relative path without `..`"),
        (
            "{writablePaths: [{path: /a, sizeLimit: 1Mi}, {path: /a/, sizeLimit: 1Mi}]}",
            "spec.writablePaths[1]: the path is listed twice",
        ),
        (
            "{writablePaths: [{path: /a, sizeLimit: 1Mi, name: x}, {path: /b, sizeLimit: 1Mi, name: x}]}",
            "spec.writablePaths[1]: the name is listed twice",
        ),
        ("{targets: [{name: '('}]}", "spec.targets[0].name"),
        ("{images: [{name: ' ', user: 1}]}", "spec.images[0].name: the image has no name"),
        (
            "{writablePaths: [{path: /a, sizeLimit: 1Mi, command: [x]}]}",
            "spec.writablePaths[0].command: `command` goes with `seed: true` only",
        ),
        (
            "{exceptions: [{target: {}, fields: [priviledged], reason: r}]}",
            "spec.exceptions[0].fields[0]: `priviledged` is no field of this function",
        ),
        (
            "{exceptions: [{target: {labelSelector: '=='}, fields: [], reason: r}]}",
            "spec.exceptions[0].target.labelSelector",
        ),
    ] {
        let done = crate::common::run("SecurityContext", &value(config), &pod("{containers: [{name: a}]}"));
        let finding = &done.report.findings[0];
        assert_eq!((finding.severity, finding.rule.id), (Severity::Error, "config"), "{config}");
        let message = krmor::krm::message(finding);
        assert!(message.contains(problem), "{config}: {message}");
        assert_eq!(done.text, pod("{containers: [{name: a}]}"), "{config}");
    }
}

/// The policy of every function says it, so it takes a pipeline.
#[test]
fn exceptions_that_are_not_needed_are_said() {
    let spec = "{exceptions: [{target: {kind: Pod}, fields: [privileged], reason: x}, {target: {name: q}, fields: [privileged], reason: x}, {target: {name: r, optional: true}, fields: [privileged], reason: x}]}";
    let done = crate::common::run("SecurityContext", &value(spec), &pod("{containers: [{name: a}]}"));
    let unused = done.report.findings.iter().filter(|finding| finding.rule.id == "unused-exception");
    let unused: Vec<_> = unused.map(|finding| (finding.severity, krmor::krm::message(finding).into_owned())).collect();
    let expected = [
        (Severity::Info, "spec.exceptions[0]: `{kind: Pod}` is not needed: nothing there is refused that it allows"),
        (Severity::Warning, "spec.exceptions[1]: `{name: q}` matches nothing"),
    ];
    assert_eq!(unused, expected.map(|(severity, says)| (severity, says.to_owned())));
}
