//! The table "What becomes of a field" in the README of `SecurityContext` is true: every value of every row is tried, in the
//! pod and in every kind of container that can have it.

use std::collections::BTreeSet;

use crate::common::{Done, run};
use krmor::pipeline::Outcome;
use krmor::report::{Class, Severity};
use krmor::yaml;
use serde_json::{Value, json};

const README: &str = "functions/security_context/README.md";

/// A row: the field's name, the spec that asks, and the values of the other cells.
struct Row {
    field: String,
    spec: Value,
    line: String,
    absent: String,
    stays: Vec<String>,
    conflict: Vec<String>,
    overridden: String,
}

/// The values of a cell: what stands in backticks before any explanation, or the words where there are no backticks.
fn values(cell: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, part) in cell.split('`').enumerate() {
        if at % 2 == 1 {
            out.push(part.to_owned());
        } else if part.contains(':') || part.contains("and") {
            break;
        }
    }
    if out.is_empty() { vec![cell.to_owned()] } else { out }
}

fn value(text: &str) -> Value {
    yaml::parse(&std::sync::Arc::new(text.to_owned())).unwrap()[0].root().to_value().unwrap()
}

fn rows() -> Vec<Row> {
    let readme = std::fs::read_to_string(README).unwrap();
    let table = readme.split_once("| field | asked by |").unwrap().1.split_once("\n\n").unwrap().0;
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [field, asked, absent, stays, conflict, overridden] = cells.as_slice() else { panic!("{line}") };
        let asked = values(asked).remove(0);
        let spec = match asked.as_str() {
            "baseline" | "restricted" => json!({"level": asked}),
            asked => value(&format!("{{level: baseline, {asked}}}")),
        };
        Row {
            field: values(field).remove(0),
            spec,
            line: line.to_owned(),
            absent: values(absent).remove(0),
            stays: values(stays).into_iter().filter(|value| value != "absent").collect(),
            conflict: values(conflict),
            overridden: values(overridden).remove(0),
        }
    };
    table.lines().skip(2).map(row).collect()
}

/// The pointers of a field, in the pod and its containers.
fn places(field: &str) -> Vec<String> {
    let security = |key: &str| format!("/securityContext/{key}");
    let (of_pod, of_containers) = match field {
        "hostNetwork" | "hostPID" | "hostIPC" | "hostUsers" | "automountServiceAccountToken" => {
            (Some(format!("/{field}")), vec![])
        }
        "volumes" => (Some("/volumes/0".to_owned()), vec![]),
        "hostPath" => (Some("/volumes/0/hostPath".to_owned()), vec![]),
        "fsGroup" | "sysctls" => (Some(security(field)), vec![]),
        "hostPort" => (None, vec!["/ports/0/hostPort".to_owned()]),
        "probeHost" => {
            let handlers =
                ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle/postStart", "lifecycle/preStop"];
            let hosts =
                handlers.iter().flat_map(|at| ["httpGet", "tcpSocket"].map(|kind| format!("/{at}/{kind}/host")));
            (None, hosts.collect())
        }
        "capabilities.add" | "capabilities.drop" => (None, vec![security(&field.replace('.', "/"))]),
        "privileged" | "allowPrivilegeEscalation" | "procMount" | "readOnlyRootFilesystem" => {
            (None, vec![security(field)])
        }
        "hostProcess" => (Some(security("windowsOptions/hostProcess")), vec![security("windowsOptions/hostProcess")]),
        field => (Some(security(field)), vec![security(field)]),
    };
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let of_lists = lists.iter().flat_map(|list| of_containers.iter().map(move |path| format!("/spec/{list}/0{path}")));
    of_pod.map(|path| format!("/spec{path}")).into_iter().chain(of_lists).collect()
}

/// A pod with every kind of container, and with `value` at `pointer`.
fn pod(pointer: Option<(&str, &str)>) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
        "initContainers": [{"name": "i"}], "containers": [{"name": "c"}], "ephemeralContainers": [{"name": "e"}],
    }});
    if let Some((pointer, text)) = pointer {
        let mut at = &mut pod;
        for token in pointer.split('/').skip(1) {
            at = match token.parse::<usize>() {
                Ok(index) => {
                    if at.is_null() {
                        *at = json!([{"name": "v"}]);
                    }
                    &mut at[index]
                }
                Err(_) => &mut at[token],
            };
        }
        match (value(text), at) {
            (Value::Object(new), Value::Object(old)) => old.extend(new),
            (new, at) => *at = new,
        }
    }
    pod
}

/// Runs a row's spec, with a way to settle conflicts.
fn harden(spec: &Value, conflicts: &str, pod: &Value) -> (Done, Value) {
    let mut spec = spec.clone();
    spec["conflicts"] = json!(conflicts);
    let done = run("SecurityContext", &spec, &pod.to_string());
    let after = value(&done.text);
    (done, after)
}

/// Whether what is at `pointer` is what a cell says.
fn is(pod: &Value, pointer: &str, cell: &str) -> bool {
    let there = pod.pointer(pointer);
    match (cell, value(cell)) {
        ("absent", _) => there.is_none(),
        // A volume has a name beside its source.
        (_, Value::Object(wanted)) => wanted.iter().all(|(key, value)| there.is_some_and(|there| there[key] == *value)),
        (_, wanted) => there == Some(&wanted),
    }
}

fn try_row(row: &Row, spec: &Value) -> usize {
    let Row { field, line, .. } = row;
    let mut tried = 1;
    let (done, after) = harden(spec, "fail", &pod(None));
    assert_eq!(done.outcome, Outcome::Ok, "{line}");
    let filled = places(field).iter().filter(|pointer| is(&after, pointer, &row.absent)).count();
    let wanted = match row.absent.as_str() {
        "absent" => places(field).len(),
        // Once in the pod, or in every container.
        _ if places(field)[0].starts_with("/spec/initContainers") => 3,
        _ => 1,
    };
    assert_eq!(filled, wanted, "{line}\n{after}");

    for pointer in places(field) {
        for text in &row.stays {
            for conflicts in ["fail", "override"] {
                tried += 1;
                let (done, after) = harden(spec, conflicts, &pod(Some((&pointer, text))));
                assert_eq!(done.outcome, Outcome::Ok, "{line}\n{pointer} {text} {:?}", done.report.findings);
                assert!(is(&after, &pointer, text), "{line}\n{pointer} {text}\n{after}");
            }
        }
        for text in row.conflict.iter().filter(|text| !text.starts_with("none")) {
            tried += 1;
            let before = pod(Some((&pointer, text)));
            let (done, _) = harden(spec, "fail", &before);
            let [error] = done.errors()[..] else { panic!("{line}\n{pointer} {text} {:#?}", done.report.findings) };
            assert!(error.pointer().starts_with(&pointer), "{line}\n{error:?}");
            // The name in the first column is the one that an exception needs.
            assert!(error.remedy.as_ref().unwrap().contains(&format!("fields: [{field}]")), "{line}\n{error:?}");
            let (done, after) = harden(spec, "keep", &before);
            // What the API refuses cannot be kept.
            let kept = if field == "procMount" {
                (Outcome::Findings, Severity::Error)
            } else {
                (Outcome::Ok, Severity::Warning)
            };
            assert_eq!((done.outcome, done.report.worst().unwrap()), kept, "{line}\n{:#?}", done.report.findings);
            assert!(is(&after, &pointer, text), "{line}\n{after}");
            let (done, after) = harden(spec, "override", &before);
            let refused = done.outcome != Outcome::Ok;
            assert_eq!(refused, row.overridden == "an error", "{line}\n{pointer} {text}");
            assert!(refused || is(&after, &pointer, &row.overridden), "{line}\n{pointer} {text}\n{after}");
            assert!(
                refused || done.report.changes.iter().any(|change| change.why.class == Class::Overridden),
                "{line}"
            );
        }
    }
    tried
}

#[test]
fn every_value_of_the_table_does_what_it_says() {
    let rows = rows();
    let mut tried = 0;
    for row in &rows {
        tried += try_row(row, &row.spec);
        let stricter = |other: &Row| other.field == row.field && other.spec["level"] == "restricted";
        if row.spec == json!({"level": "baseline"}) && row.field != "hostPath" && !rows.iter().any(stricter) {
            tried += try_row(row, &json!({"level": "restricted"}));
        }
    }
    assert!(rows.len() > 25 && tried > 300, "{} rows, {tried} values", rows.len());
}

#[test]
fn a_list_that_drops_too_little_is_raised() {
    let rows = rows();
    let row = rows.iter().find(|row| row.field == "capabilities.drop").unwrap();
    let [_, given, _, raised, _] = row.line.split("none: ").nth(1).unwrap().splitn(5, '`').collect::<Vec<_>>()[..]
    else {
        panic!("{}", row.line)
    };
    for pointer in places("capabilities.drop") {
        let (done, after) = harden(&row.spec, "fail", &pod(Some((&pointer, given))));
        assert!(done.outcome == Outcome::Ok && is(&after, &pointer, raised), "{after}");
        assert!(done.report.changes.iter().any(|change| change.why.class == Class::Raised && change.path == pointer));
    }
}

/// `override` takes only the part in conflict.
#[test]
fn what_is_allowed_stays_beside_what_is_overridden() {
    for (field, given, left) in [
        ("capabilities.add", "[NET_RAW, CHOWN]", "[CHOWN]"),
        ("seLinuxOptions", "{type: spc_t, level: s0}", "{level: s0}"),
        (
            "sysctls",
            "[{name: kernel.msgmax, value: \"1\"}, {name: net.ipv4.tcp_syncookies, value: \"1\"}]",
            "[{name: net.ipv4.tcp_syncookies, value: \"1\"}]",
        ),
    ] {
        for pointer in places(field) {
            let (done, after) = harden(&json!({"level": "baseline"}), "override", &pod(Some((&pointer, given))));
            assert_eq!(done.outcome, Outcome::Ok);
            assert_eq!(after.pointer(&pointer), Some(&value(left)), "{field}");
        }
    }
}

/// Every name that an exception can have is a row.
#[test]
fn no_field_is_missing() {
    let source = std::fs::read_to_string("functions/security_context/fields.rs").unwrap();
    let names = source.lines().filter_map(|line| line.trim().strip_suffix("\",")?.split_once(" = \""));
    let names: BTreeSet<String> = names.map(|(_, name)| name.to_owned()).collect();
    let rows: BTreeSet<String> = rows().into_iter().map(|row| row.field).collect();
    assert!(names.len() > 20);
    assert_eq!(names, rows);
}
