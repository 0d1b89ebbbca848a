//! New objects: where they stand, how they look, and what they must not do.

use std::sync::Arc;

use crate::common::{apps, cases};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use krmor::krm::ResourceList;
use krmor::report::{Class, Report, Why};
use krmor::stream::Stream;
use krmor::yaml;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn why() -> Why {
    Why { rule: &krmor::rules::CONFIG, reason: "a test wants it".into(), class: Class::Added }
}

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"list": "on"}})
}

fn stream(text: &str) -> Stream {
    Stream::parse(&Arc::new(text.to_owned())).unwrap()
}

/// Adds an object beside each of `beside`.
fn emitted(text: &str, beside: &[usize]) -> String {
    let (mut stream, mut report) = (stream(text), Report::default());
    for (number, object) in beside.iter().enumerate() {
        assert!(stream.emit(&mut report, *object, map(&format!("new-{number}")), why()).is_some());
    }
    stream.render()
}

const A: &str = "kind: A\nmetadata: {name: a}\n";
const B: &str = "kind: B\nmetadata: {name: b} # b\n";

fn new(number: usize) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: new-{number}\ndata:\n  list: \"on\"\n")
}

#[test]
fn they_stand_behind_what_they_serve() {
    let two = format!("# first\n{A}---\n{B}");
    assert_eq!(emitted(&two, &[0]), format!("# first\n{A}---\n{}---\n{B}", new(0)));
    assert_eq!(emitted(&two, &[1]), format!("{two}---\n{}", new(0)));
    assert_eq!(emitted(&two, &[1, 0, 1]), format!("# first\n{A}---\n{}---\n{B}---\n{}---\n{}", new(1), new(0), new(2)));
    // Beside a new object means beside what that one serves.
    assert_eq!(emitted(&two, &[0, 2]), format!("# first\n{A}---\n{}---\n{}---\n{B}", new(0), new(1)));
}

#[test]
fn what_surrounds_documents_stays_right() {
    let cases = [
        ("kind: A", format!("kind: A\n---\n{}", new(0))),
        ("kind: A\n...\n", format!("kind: A\n...\n---\n{}", new(0))),
        ("kind: A\n...\n# b\n---\nkind: B\n", format!("kind: A\n...\n---\n{}# b\n---\nkind: B\n", new(0))),
        (
            "kind: A\n...\n%YAML 1.1\n---\nkind: B\n",
            format!("kind: A\n...\n---\n{}...\n%YAML 1.1\n---\nkind: B\n", new(0)),
        ),
        (
            "kind: A\r\n---\r\nkind: B\r\n",
            format!("kind: A\r\n---\r\n{}---\r\nkind: B\r\n", new(0).replace('\n', "\r\n")),
        ),
        ("---\nkind: A\n# end\n", format!("---\nkind: A\n# end\n---\n{}", new(0))),
        ("{\"kind\": \"A\"}\n", format!("{{\"kind\": \"A\"}}\n---\n{}", new(0))),
    ];
    for (before, after) in cases {
        let out = emitted(before, &[0]);
        assert_eq!(out, after);
        let names = |text: &str| yaml::parse(&Arc::new(text.to_owned())).unwrap().len();
        assert_eq!(names(&out), names(before) + 1, "{out}");
    }
}

#[test]
fn the_layout_is_that_of_the_document_before() {
    let text = "kind: A\nspec:\n    list:\n      - a\n";
    let (mut stream, mut report) = (stream(text), Report::default());
    let object = json!({"kind": "M", "metadata": {"name": "m"}, "spec": {"list": [1, {"a": 1, "b": 2}]}});
    stream.emit(&mut report, 0, object, why()).unwrap();
    let wanted = "---\nkind: M\nmetadata:\n    name: m\nspec:\n    list:\n      - 1\n      - a: 1\n        b: 2\n";
    assert_eq!(stream.render(), format!("{text}{wanted}"));
}

#[test]
fn later_functions_change_them_as_any_other() {
    let (mut stream, mut report) = (stream(A), Report::default());
    let id = stream.emit(&mut report, 0, map("new-0"), why()).unwrap();
    stream.set(&mut report, id, "/metadata/labels", json!({"a": "b"}), why()).unwrap();
    stream.remove(&mut report, id, "/data", why()).unwrap();
    assert_eq!(
        stream.render(),
        format!("{A}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: new-0\n  labels:\n    a: b\n")
    );
    let [add, set, remove] = &report.changes[..] else { panic!("{:?}", report.changes) };
    assert_eq!((add.document, add.path.as_str(), add.after), (1, "", Some(0)));
    assert_eq!((set.document, set.path.as_str(), set.after), (1, "/metadata/labels", None));
    assert_eq!((remove.document, remove.path.as_str()), (1, "/data"));
}

#[test]
fn a_name_that_is_taken_is_an_error() {
    let taken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new-0, namespace: default}\n";
    let (mut stream, mut report) = (stream(&format!("{A}---\n{taken}")), Report::default());
    assert_eq!(stream.emit(&mut report, 0, map("new-0"), why()), None);
    assert_eq!(report.findings[0].rule.id, "name-taken");
    assert_eq!(report.findings[0].message, "ConfigMap new-0 is to be added for A a, and its name is taken");
    assert!(stream.emit(&mut report, 0, map("new-1"), why()).is_some());
    assert_eq!(stream.emit(&mut report, 0, map("new-1"), why()), None, "by a new one");
    let mut elsewhere = map("new-0");
    elsewhere["metadata"]["namespace"] = json!("other");
    assert!(stream.emit(&mut report, 0, elsewhere, why()).is_some());
}

#[test]
fn items_of_a_resource_list_get_theirs_beside_them() {
    let item = |name: &str, index: usize| {
        format!(
            "- kind: A\n  metadata:\n    name: {name}\n    annotations:\n      config.kubernetes.io/path: a.yaml\n      config.kubernetes.io/index: '{index}'\n"
        )
    };
    let text = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{}{}- kind: C\n  metadata: {{name: c}}\n",
        item("a", 0),
        item("b", 4)
    );
    let list = ResourceList::new(yaml::parse(&Arc::new(text)).unwrap()).unwrap();
    let (mut stream, mut report) = (list.stream(), Report::default());
    for (number, beside) in [0, 2, 0, 1].into_iter().enumerate() {
        stream.emit(&mut report, beside, map(&format!("new-{number}")), why()).unwrap();
    }
    assert_eq!(
        report.changes.iter().map(|c| (c.document, c.after)).collect::<Vec<_>>(),
        [(3, Some(0)), (4, Some(2)), (5, Some(0)), (6, Some(1))]
    );
    let out = krmor::krm::render_list(&mut stream, &report).unwrap();
    let out = yaml::parse(&Arc::new(out)).unwrap()[0].root().to_value().unwrap();
    let items = out["items"].as_array().unwrap();
    let names: Vec<_> = items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "new-0", "new-2", "b", "new-3", "c", "new-1"]);
    let place = |at: usize| {
        let notes = &items[at]["metadata"]["annotations"];
        (notes["config.kubernetes.io/path"].as_str(), notes["config.kubernetes.io/index"].as_str())
    };
    assert_eq!(
        [place(1), place(2), place(4), place(6)],
        [(Some("a.yaml"), Some("5")), (Some("a.yaml"), Some("6")), (Some("a.yaml"), Some("7")), (None, None)]
    );
    assert_eq!(out["results"][0]["tags"]["after"], json!("0"));
}

#[test]
fn a_json_file_has_no_room() {
    let text = Arc::new("{\"kind\": \"A\", \"metadata\": {\"name\": \"a\"}}\n".to_owned());
    let documents = yaml::parse(&text).unwrap();
    let mut stream = Stream::of_documents(documents, |number| Some((Arc::from("a.json"), number)));
    let mut report = Report::default();
    assert_eq!(stream.emit(&mut report, 0, map("new"), why()), None);
    assert_eq!(report.findings[0].rule.id, "json-file");
}

#[test]
fn both_kinds_of_annotations_get_one_index() {
    let note = |group: &str, index: u8| format!("      {group}/path: a.yaml\n      {group}/index: '{index}'\n");
    let item = |name: &str, notes: &str| format!("- kind: A\n  metadata:\n    name: {name}\n    annotations:\n{notes}");
    let (new, old) = ("internal.config.kubernetes.io", "config.kubernetes.io");
    let first = item("a", &format!("{}{}", note(new, 0), note(old, 0)));
    let text = format!("kind: List\nitems:\n{first}{}", item("b", &note(new, 1)));
    let mut stream = Stream::parse(&Arc::new(text)).unwrap();
    let id = stream.emit(&mut Report::default(), 0, map("new"), why()).unwrap();
    let object = stream.object(id).unwrap();
    for group in [new, old] {
        assert_eq!(object.annotation(&format!("{group}/index")).as_deref(), Some("2"), "{group}");
    }
}

#[test]
fn what_is_named_after_a_workload_without_a_name_is_refused() {
    let nameless = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: web-}\n";
    for name in ["", "web-*"] {
        let (mut stream, mut report) = (stream(nameless), Report::default());
        assert_eq!(stream.emit(&mut report, 0, map(name), why()), None);
        assert_eq!(report.findings[0].rule.id, "no-name");
        assert_eq!(stream.render(), nameless);
    }
}

/// What the API has of an object, when that is all of it.
fn whole<T: DeserializeOwned + Serialize>(object: &Value) {
    let typed: T = serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{error}: {object:#}"));
    assert_eq!(serde_json::to_value(typed).unwrap(), *object);
}

/// The frame of new objects, and the spec of Jobs, are krmor's own types: the API's take all that they write.
#[test]
fn built_in_kinds_have_the_shape_of_the_api() {
    let mut seen = [0; 4];
    for case in cases::all() {
        let given = apps::objects(case.input.clone());
        for object in apps::objects(case.output().unwrap_or_default()).iter().filter(|object| !given.contains(object)) {
            let (at, check): (_, fn(&Value)) = match object["kind"].as_str().unwrap_or_default() {
                "Job" => (0, whole::<Job>),
                "HorizontalPodAutoscaler" => (1, whole::<HorizontalPodAutoscaler>),
                "PodDisruptionBudget" => (2, whole::<PodDisruptionBudget>),
                "Ingress" => (3, whole::<Ingress>),
                _ => continue,
            };
            check(object);
            seen[at] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}
