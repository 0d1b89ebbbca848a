//! Every row of the table, and the rows of a config.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{ANY, CONTAINER, Group, POD, ReferenceRow, Row, Table, To, objects, operators};
use crate::facts::Facts;
use crate::stream::Stream;

/// The children of a mapping or list.
enum Step {
    Key(String),
    Item,
}

fn steps(pattern: &str) -> Vec<Step> {
    let step = |token: &str| match token.strip_prefix('*') {
        Some("") => Step::Item,
        Some(end) => Step::Key(format!("x{end}")),
        None => Step::Key(token.replace("~1", "/")),
    };
    pattern.split('/').skip(1).map(step).collect()
}

/// `value` where a pattern leads to.
fn at(pattern: &str, value: Value) -> Value {
    steps(pattern).into_iter().rev().fold(value, |inner, step| match step {
        Step::Key(key) => Value::Object(Map::from_iter([(key, inner)])),
        Step::Item => json!([inner]),
    })
}

/// An item that has a name where the row looks for one, and the group and kind that it is for.
fn item(row: &Row<'_>) -> (Value, String, String) {
    let (holder, last) = row.path.rsplit_once('/').unwrap();
    let mut inner = at(&format!("/{last}"), json!("named"));
    let (group, kind) = match row.to {
        To::Kind(group, kind) => (group, kind),
        To::Among(group, kinds) | To::OneOf(group, kinds) => (group, kinds[0]),
        To::Any => ("example.com", "Thing"),
        To::Resource(_, kind) => ("", kind),
    };
    if let Some(map) = inner.as_object_mut() {
        match row.to {
            To::OneOf(..) => drop(map.insert("kind".to_owned(), json!(kind))),
            To::Any => {
                map.extend([("kind".to_owned(), json!(kind)), ("apiVersion".to_owned(), json!("example.com/v1"))])
            }
            _ => {}
        }
    }
    let mut value = at(holder, inner);
    if let (To::Resource(resource, _), Some(map)) = (row.to, value.as_object_mut()) {
        map.insert("resources".to_owned(), json!([resource]));
    }
    (value, group.to_owned(), kind.strip_prefix("argo.").unwrap_or(kind).to_owned())
}

fn found(object: &Value, group: &str, kind: &str, what: &str) {
    let stream = Stream::parse(&Arc::new(object.to_string())).unwrap();
    let facts = Facts::of(&stream);
    let all = facts.references().all();
    let is_it =
        |one: &&crate::facts::references::Reference| one.name == "named" && one.group == group && one.kind == kind;
    let reference = all.iter().find(is_it).unwrap_or_else(|| panic!("{what}: {object}: {all:?}"));
    let there = stream.object(0).unwrap().root().at_pointer(&reference.pointer);
    assert_eq!(there.and_then(krmor_yaml::Node::as_str).as_deref(), Some("named"), "{what}");
    assert!(!reference.subject(facts).contains(['{', '}']), "{what}");
}

fn each(tables: &[&[Group<'static>]], mut check: impl FnMut(&Group<'static>, &Row<'static>)) {
    for group in tables.iter().flat_map(|table| table.iter()) {
        group.rows.iter().for_each(|row| check(group, row));
    }
}

#[test]
fn every_row_of_objects_finds_its_name() {
    each(&[objects::TABLE, operators::TABLE], |rows, row| {
        let (item, to_group, to_kind) = item(row);
        let group = if rows.groups == [ANY] { "example.com" } else { rows.groups[0] };
        for kind in rows.kinds {
            let kind = if *kind == ANY { "Any".to_owned() } else { kind.replace('*', "HTTP") };
            let mut object = at(rows.under, item.clone());
            let map = object.as_object_mut().unwrap();
            let api = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
            map.insert("apiVersion".to_owned(), json!(api));
            map.insert("kind".to_owned(), json!(kind));
            found(&object, &to_group, &to_kind, row.path);
        }
    });
}

#[test]
fn every_row_of_pods_finds_its_name() {
    let pod = |spec: &Value| {
        let mut spec = spec.clone();
        let map = spec.as_object_mut().unwrap();
        map.entry("containers").or_insert_with(|| json!([{"name": "main"}]));
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}})
    };
    each(&[POD], |rows, row| {
        let (item, group, kind) = item(row);
        found(&pod(&at(rows.under, item)), &group, &kind, row.path);
    });
    each(&[CONTAINER], |rows, row| {
        let (item, group, kind) = item(row);
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            found(&pod(&at(&format!("/{list}/*{}", rows.under), item.clone())), &group, &kind, row.path);
        }
    });
}

#[test]
fn a_config_adds_rows() {
    let rows: Vec<ReferenceRow> = serde_json::from_value(json!([
        {"group": "example.com", "kind": "Backend", "path": "spec.tls[*].secret", "to": {"kind": "Secret"}},
        {"group": "example.com", "kind": "*", "path": "spec.store", "to": {"group": "example.com", "kind": "Store"}},
    ]))
    .unwrap();
    let text = "{apiVersion: example.com/v1, kind: Backend, metadata: {name: a}, spec: {tls: [{secret: s}], store: d}}";
    let mut stream = Stream::parse(&Arc::new(text.to_owned())).unwrap();
    let names = |stream: &Stream| -> Vec<String> {
        let all = Facts::of(stream).references().all();
        all.iter().map(|one| format!("{} {} {}", one.pointer, one.kind, one.name)).collect()
    };
    assert_eq!(names(&stream), Vec::<String>::new());
    stream.set_references(Table::with_rows(&rows).unwrap());
    assert_eq!(names(&stream), ["/spec/tls/0/secret Secret s", "/spec/store Store d"]);
    let bad = ReferenceRow { path: "spec.tls[0]".to_owned(), ..rows[0].clone() };
    assert_eq!(Table::with_rows(&[rows[0].clone(), bad]).unwrap_err().pointer, "/references/1");
    let empty = ReferenceRow { kind: String::new(), ..rows[0].clone() };
    let problem = Table::with_rows(&[empty]).unwrap_err();
    assert_eq!(
        (problem.path().as_str(), problem.message.as_str()),
        ("references[0]", "`kind` is empty; name the kind")
    );
}

/// Whether a row's path is this one, which has no steps for the items of lists.
fn is_at(row: &[&str], path: &[&str]) -> bool {
    let Some((first, rest)) = row.split_first() else { return path.is_empty() };
    let next = path.split_first();
    match first.strip_prefix('*') {
        Some("") => is_at(rest, path) || next.is_some_and(|(_, path)| is_at(rest, path)),
        Some(end) => next.is_some_and(|(step, path)| step.ends_with(end) && is_at(rest, path)),
        None => next.is_some_and(|(step, path)| step == first && is_at(rest, path)),
    }
}

#[test]
fn kustomize_and_our_configurations_follow_no_name_that_the_table_does_not() {
    // Fields that kustomize follows by its own configuration, and those of `kustomization/configurations/`.
    let text = include_str!("../../../../kustomization/configurations/namereference.yaml");
    let documents = krmor_yaml::parse(&Arc::new(text.to_owned())).unwrap();
    let list = documents[0].root().get("nameReference").unwrap().to_value().unwrap();
    let mut missing = Vec::new();
    for to in list.as_array().unwrap() {
        for field in to["fieldSpecs"].as_array().unwrap() {
            let (Some(kind), path) = (field["kind"].as_str(), field["path"].as_str().unwrap()) else { continue };
            let group = field["group"].as_str().unwrap_or_default();
            let wanted = path.replace("\\/", "~1");
            let wanted: Vec<&str> = wanted.split('/').collect();
            let mut is_there = false;
            Table::default().of(group, kind, |under, rows| {
                is_there |= rows.iter().any(|row| {
                    let full = format!("{under}{}", row.path);
                    is_at(&full.split('/').skip(1).collect::<Vec<_>>(), &wanted)
                });
            });
            if !is_there {
                missing.push(format!("{kind} {path}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
