//! Objects that leave the stream: what goes with them, and what stays as it was.

use std::sync::Arc;

use krmor::krm::{self, ResourceList};
use krmor::report::{Class, Report, Why};
use krmor::stream::Stream;
use krmor::text;
use krmor::yaml;
use serde_json::{Value, json};

fn why() -> Why {
    Why { rule: &krmor::rules::CONFIG, reason: "a test wants it".into(), class: Class::Raised }
}

fn stream(text: &str) -> Stream {
    Stream::parse(&Arc::new(text.to_owned())).unwrap()
}

fn without(text: &str, gone: &[usize]) -> String {
    let (mut stream, mut report) = (stream(text), Report::default());
    for object in gone {
        stream.remove_object(&mut report, *object, why()).unwrap();
    }
    stream.render()
}

#[test]
fn a_document_goes_with_its_marker_and_comments() {
    let (a, b, c) = ("# a\nkind: A\n", "---\n# b\nkind: B # b\n# end of b\n", "---\nkind: C\n");
    let all = format!("{a}{b}{c}");
    assert_eq!(without(&all, &[1]), format!("{a}{c}"));
    assert_eq!(without(&all, &[2]), format!("{a}{b}"));
    assert_eq!(without(&all, &[0]), format!("{b}{c}"));
    assert_eq!(without(&all, &[0, 1]), c);
    assert_eq!(without(&all, &[2, 0]), b);
    assert_eq!(without(&all, &[0, 1, 2]), "");
    assert_eq!(without("kind: A\n---\nkind: B", &[1]), "kind: A\n");
    assert_eq!(without("{\"kind\": \"A\"}\n---\n{\"kind\": \"B\"}\n", &[0]), "---\n{\"kind\": \"B\"}\n");
    assert_eq!(without("kind: A\r\n---\r\nkind: B\r\n---\r\nkind: C\r\n", &[1]), "kind: A\r\n---\r\nkind: C\r\n");
}

#[test]
fn what_is_left_is_still_the_same_documents() {
    let texts = [
        "kind: A\n...\n%YAML 1.1\n---\nkind: B\n...\n%YAML 1.1\n---\nkind: C\n",
        "kind: A\n... # a\n# b\n---\nkind: B\n... # b\n# c\n---\nkind: C\n",
        "kind: A\n---\nkind: B\n...\n---\nkind: C\n",
        "\u{feff}kind: A\n---\nkind: B\n---\nkind: C\n",
        "--- {kind: A}\n--- {kind: B}\n--- {kind: C}\n",
        "kind: A\n...\n%YAML 1.1\n--- {kind: B}\n---\nkind: C",
    ];
    let kinds = |text: &str| -> Vec<String> {
        let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        documents.iter().map(|document| document.root().get("kind").unwrap().as_str().unwrap().into_owned()).collect()
    };
    for text in texts {
        for gone in 0..7usize {
            let gone: Vec<usize> = (0..3).filter(|at| gone & 1 << at != 0).collect();
            let out = without(text, &gone);
            let wanted: Vec<&str> = ["A", "B", "C"]
                .into_iter()
                .enumerate()
                .filter(|(at, _)| !gone.contains(at))
                .map(|(_, kind)| kind)
                .collect();
            assert_eq!(kinds(&out), wanted, "{text:?} without {gone:?}: {out:?}");
            // And with a new one in the place of each.
            let (mut stream, mut report) = (stream(text), Report::default());
            for at in &gone {
                let new = json!({"kind": format!("N{at}"), "metadata": {"name": "n"}});
                stream.emit(&mut report, *at, new, why()).unwrap();
                stream.remove_object(&mut report, *at, why()).unwrap();
            }
            let wanted: Vec<String> = ["A", "B", "C"]
                .into_iter()
                .enumerate()
                .map(|(at, kind)| if gone.contains(&at) { format!("N{at}") } else { kind.to_owned() })
                .collect();
            assert_eq!(kinds(&stream.render()), wanted, "{text:?} with new ones for {gone:?}");
        }
    }
}

#[test]
fn an_item_of_a_list_goes_and_the_others_are_found() {
    let item = |name: &str| format!("- kind: Secret\n  metadata: {{name: {name}}} # {name}\n");
    let text = format!("kind: List\nitems:\n{}{}{}", item("a"), item("b"), item("c"));
    let (mut stream, mut report) = (stream(&text), Report::default());
    stream.remove_object(&mut report, 0, why()).unwrap();
    stream.set(&mut report, 2, "/type", json!("Opaque"), why()).unwrap();
    stream.remove_object(&mut report, 1, why()).unwrap();
    stream.set(&mut report, 2, "/immutable", json!(true), why()).unwrap();
    assert_eq!(stream.render(), format!("kind: List\nitems:\n{}  type: Opaque\n  immutable: true\n", item("c")));
    let paths: Vec<_> = report.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["/items/0", "/items/1/type", "/items/0", "/items/0/immutable"]);
    assert_eq!(stream.objects().map(|object| object.name().into_owned()).collect::<Vec<_>>(), ["c"]);
    // Reports still name what is gone.
    let names = |id| stream.object(id).unwrap().name().into_owned();
    assert_eq!([names(0), names(1), names(2)], ["a", "b", "c"]);
}

#[test]
fn items_of_a_resource_list_go_when_it_is_written() {
    let item = |name: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"k": "aHVzaA=="}});
    let nested = json!({"apiVersion": "v1", "kind": "List", "items": [item("x"), item("y")]});
    let items = json!([item("a"), nested, item("b"), item("c")]);
    let list = json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items});
    let list = ResourceList::new(yaml::parse(&Arc::new(list.to_string())).unwrap()).unwrap();
    let (mut stream, mut report) = (list.stream(), Report::default());
    // Objects: a, x, y, b, c.
    let new = json!({"apiVersion": "v1", "kind": "New", "metadata": {"name": "n"}});
    stream.emit(&mut report, 3, new, why()).unwrap();
    for gone in [0, 1, 3, 4] {
        stream.remove_object(&mut report, gone, why()).unwrap();
    }
    let numbers: Vec<_> = report.changes.iter().map(|change| (change.document, change.path.as_str())).collect();
    assert_eq!(numbers, [(4, ""), (0, ""), (1, "/items/0"), (2, ""), (3, "")]);
    let out = krmor::krm::render_list(&mut stream, &report).unwrap();
    assert!(!out.split("results").nth(1).unwrap().contains("aHVzaA=="), "{out}");
    let out = yaml::parse(&Arc::new(out)).unwrap()[0].root().to_value().unwrap();
    let name = |item: &Value| item["metadata"]["name"].as_str().unwrap_or("list").to_owned();
    assert_eq!(out["items"].as_array().unwrap().iter().map(name).collect::<Vec<_>>(), ["list", "n"]);
    assert_eq!(out["items"][0]["items"].as_array().unwrap().iter().map(name).collect::<Vec<_>>(), ["y"]);
    assert_eq!(out["results"][1]["resourceRef"]["name"], json!("a"));
}

#[test]
fn no_view_shows_what_a_removed_secret_held() {
    let secret =
        "kind: Secret\nmetadata:\n  name: a\n  annotations: {last: hush}\ndata: {k: hush}\nstringData:\n  l: hush\n";
    for input in [secret.to_owned(), format!("kind: List\nitems:\n- {}\n", secret.trim_end().replace('\n', "\n  "))] {
        let (mut stream, mut report) = (stream(&input), Report::default());
        stream.remove_object(&mut report, 0, why()).unwrap();
        let views = [
            text::report(&stream, &report),
            text::as_json(&stream, &report).to_string(),
            Value::Array(krm::results(&stream, &report)).to_string(),
        ];
        for view in views {
            assert!(!view.contains("hush"), "{view}");
        }
        assert!(text::report(&stream, &report).contains("object removed"), "{}", text::report(&stream, &report));
    }
}

#[test]
fn what_was_removed_is_not_removed_again() {
    let (mut stream, mut report) = (stream("kind: A\n---\nkind: B\n"), Report::default());
    stream.remove_object(&mut report, 0, why()).unwrap();
    stream.remove_object(&mut report, 0, why()).unwrap();
    assert_eq!(report.changes.len(), 1);
    assert!(stream.changed(&(0..1)) && !stream.changed(&(1..2)));
}
