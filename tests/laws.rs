//! The laws that every function keeps (the numbers are those of the design), over every function of the registry, whole
//! pipelines, the README cases, the examples and generated inputs. A new function joins by its registry entry and README.

mod never_weaker;

use std::path::PathBuf;
use std::sync::Arc;

use crate::common::Random;
use crate::common::generated::workload;
use krmor::functions::FUNCTIONS;
use krmor::krm::{CALLER_ANNOTATIONS, ResourceList};
use krmor::pipeline::{Outcome, Pipeline};
use krmor::report::{Class, Report};
use krmor::stream::Stream;
use krmor::strictness;
use krmor::workload::Table;
use krmor::yaml::{self, Document, Operation};
use serde_json::{Value, json};

/// One thing to run: a config and a stream of documents.
struct Subject {
    name: String,
    config: Value,
    documents: Vec<String>,
}

impl Subject {
    fn input(&self) -> String {
        self.documents.join("---\n")
    }
}

fn to_value(text: &str) -> Value {
    parse(text).first().expect("a document").root().to_value().expect("not too deep")
}

fn parse(text: &str) -> Vec<Document> {
    yaml::parse(&Arc::new(text.to_owned())).unwrap_or_else(|error| panic!("not YAML: {error:?}\n{text}"))
}

fn pipeline(config: &Value) -> Option<Pipeline> {
    krmor::config::read(parse(&config.to_string()).first().unwrap().root(), None).ok()
}

/// Splits a stream into texts that can be put into another order.
fn split(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for document in parse(text) {
        let part = text[document.span()].to_owned();
        let part = part.strip_prefix("---\n").map_or(part.clone(), str::to_owned);
        out.push(if part.ends_with('\n') { part } else { format!("{part}\n") });
    }
    out
}

fn config(kind: &str, spec: Value) -> Value {
    json!({"apiVersion": "krmor.dev/v1alpha1", "kind": kind, "metadata": {"name": "laws"}, "spec": spec})
}

/// Every function with its default spec, and with each way to settle conflicts if it has any.
fn configs() -> Vec<(String, Value)> {
    let mut out = Vec::new();
    let mut all = serde_json::Map::new();
    for function in FUNCTIONS {
        if function.configure(&json!({})).is_err() {
            // It has required fields: its README cases have configs.
            let cases =
                crate::common::cases::cases(&std::path::Path::new("functions").join(function.folder).join("README.md"));
            let configs = cases.into_iter().map(|case| (case.title, to_value(&case.config)));
            out.extend(configs.filter(|(_, config)| pipeline(config).is_some()).take(10));
            continue;
        }
        out.push((function.kind.to_owned(), config(function.kind, json!({}))));
        if function.schema().as_value()["properties"].get("conflicts").is_some() {
            for way in ["override", "keep"] {
                out.push((format!("{} {way}", function.kind), config(function.kind, json!({"conflicts": way}))));
            }
            all.insert(function.folder.to_owned(), json!({"kind": function.kind, "spec": {"conflicts": "override"}}));
        } else {
            all.insert(function.folder.to_owned(), json!({"kind": function.kind}));
        }
    }
    out.push(("every function".to_owned(), config("Pipeline", json!({"functions": all}))));
    out
}

fn subjects() -> Vec<Subject> {
    let mut out = Vec::new();
    for case in crate::common::cases::all() {
        let name = format!("{}: {}", case.file.display(), case.title);
        out.push(Subject { name, config: to_value(&case.config), documents: split(&case.input) });
    }
    let mut streams: Vec<(String, Vec<String>)> = Vec::new();
    for example in crate::common::apps::kustomized() {
        let mut documents = Vec::new();
        let base = PathBuf::from(format!("examples/{example}/base"));
        let mut files: Vec<_> = std::fs::read_dir(&base).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "yaml")) {
            documents.extend(split(&std::fs::read_to_string(file).unwrap()));
        }
        streams.push((base.display().to_string(), documents));
    }
    for entry in std::fs::read_dir("tests/layouts").into_iter().flatten() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        // CRLF and byte order marks would not survive being joined with others.
        if !path.to_string_lossy().contains(".expected.")
            && !text.contains('\r')
            && !text.starts_with('\u{feff}')
            && !text.is_empty()
        {
            // Nor would documents with markers of their own (`--- # why`, `...`).
            let marked = |text: &str| text.starts_with("---") || text.contains("\n---") || text.contains("\n...");
            let plain = |text: &String| !marked(text) && parse(text).len() == 1;
            streams.push((path.display().to_string(), split(&text).into_iter().filter(plain).collect()));
        }
    }
    let mut random = Random(0x1A35);
    for number in 0..60 {
        let documents = (0..1 + random.below(5)).map(|_| workload(&mut random)).collect();
        streams.push((format!("generated {number}"), documents));
    }
    for (name, config) in configs() {
        for (stream, documents) in &streams {
            out.push(Subject {
                name: format!("{name} on {stream}"),
                config: config.clone(),
                documents: documents.clone(),
            });
        }
    }
    out
}

struct Done {
    outcome: Outcome,
    output: String,
    report: Report,
    /// Where the pipeline looks for pods.
    workloads: Table,
}

fn run(pipeline: &Pipeline, input: &str) -> Done {
    let text = Arc::new(input.to_owned());
    let mut stream = Stream::parse(&text).expect("it is YAML");
    let mut report = Report::default();
    let outcome = pipeline.run(&mut stream, &mut report);
    let output = if stream.documents().is_empty() { input.to_owned() } else { stream.render() };
    Done { outcome, output, report, workloads: stream.workloads().clone() }
}

/// Calls `law` with every subject whose run succeeds.
fn for_all(mut law: impl FnMut(&Subject, &Pipeline, &str, &Done)) {
    let (mut kept, mut failed) = (0, 0);
    for subject in subjects() {
        let Some(pipeline) = pipeline(&subject.config) else { continue };
        let input = subject.input();
        let done = run(&pipeline, &input);
        if done.outcome == Outcome::Ok {
            kept += 1;
            law(&subject, &pipeline, &input, &done);
        } else {
            failed += 1;
        }
    }
    println!("{kept} subjects ({failed} more were refused)");
    assert!(kept > 100, "only {kept} subjects ran: the law has no force");
}

fn show(done: &Done) -> String {
    done.report.changes.iter().map(|c| format!("{} {} {} {}\n", c.document, c.op.name(), c.path, c.value)).collect()
}

#[test]
fn law_1_a_second_run_changes_nothing() {
    for_all(|subject, pipeline, _, done| {
        let again = run(pipeline, &done.output);
        assert_eq!(again.output, done.output, "{}\n{}", subject.name, show(&again));
        assert!(again.report.changes.is_empty(), "{}\n{}", subject.name, show(&again));
        assert_eq!(again.outcome, Outcome::Ok, "{}: its own output is refused", subject.name);
    });
}

#[test]
fn law_2_without_a_match_the_output_is_the_input() {
    let mut tried = 0;
    for subject in subjects() {
        let mut config = subject.config.clone();
        let nothing = json!([{"name": "no-object-has-this-name", "optional": true}]);
        let specs: Vec<&mut Value> = if config["kind"] == "Pipeline" {
            config["spec"]["functions"].as_object_mut().unwrap().values_mut().map(|f| &mut f["spec"]).collect()
        } else {
            vec![&mut config["spec"]]
        };
        for spec in specs {
            if spec.is_null() {
                *spec = json!({});
            }
            spec["targets"] = nothing.clone();
        }
        let Some(pipeline) = pipeline(&config) else { continue };
        tried += 1;
        let done = run(&pipeline, &subject.input());
        assert_eq!(done.output, subject.input(), "{}", subject.name);
        assert!(done.report.changes.is_empty(), "{}", subject.name);
    }
    assert!(tried > 100, "only {tried} subjects");
}

#[test]
fn law_3_the_reported_patches_are_the_whole_difference() {
    let mut operations = 0;
    for_all(|subject, _, input, done| {
        let mut documents = parse(input);
        let mut values: Vec<Option<Value>> = documents.iter().map(|d| d.root().to_value()).collect();
        let mut after = Vec::new();
        for change in &done.report.changes {
            operations += 1;
            if let Some(number) = change.after {
                assert_eq!((change.document, change.path.as_str()), (documents.len(), ""), "{}", subject.name);
                documents.push(yaml::new_document(&change.value, documents.get(number)).unwrap());
                values.push(Some(change.value.clone()));
                after.push(number);
                continue;
            }
            let operation = Operation { op: change.op, path: &change.path, value: &change.value };
            documents[change.document].apply(operation).unwrap_or_else(|error| panic!("{}: {error}", subject.name));
            if change.op == yaml::Op::Remove && change.path.is_empty() {
                values[change.document] = None; // no patch within a document takes it out of the stream
                continue;
            }
            // The same patch by an implementation that knows nothing of ours.
            let patch = json!([{"op": change.op.name(), "path": change.path, "value": change.value}]);
            let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
            json_patch::patch(values[change.document].as_mut().unwrap(), &patch)
                .unwrap_or_else(|error| panic!("{}: {error}", subject.name));
        }
        let (old, new) = documents.split_at(documents.len() - after.len());
        let mut placed: Vec<(usize, &Document)> = after.iter().copied().zip(new).collect();
        placed.sort_by_key(|(number, _)| *number);
        let mut replayed = String::new();
        yaml::render_with(old, &placed, |part| replayed.push_str(part));
        let replayed = if documents.is_empty() { input.to_owned() } else { replayed };
        assert_eq!(replayed, done.output, "{}", subject.name);
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|&n| n.checked_sub(old.len()).map_or((n, 0), |new| (after[new], n)));
        let gone = |n: &usize| documents[*n].gone();
        let wanted: Vec<Option<Value>> = order.iter().filter(|n| !gone(n)).map(|&n| values[n].clone()).collect();
        let got: Vec<Option<Value>> = parse(&done.output).iter().map(|d| d.root().to_value()).collect();
        assert_eq!(got, wanted, "{}", subject.name);
    });
    assert!(operations > 500, "only {operations} operations");
}

#[test]
fn law_4_nothing_of_the_users_is_weakened() {
    for_all(|subject, _, input, done| {
        let documents = parse(input).iter().map(|document| document.root().to_value()).collect();
        let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
        stream.set_workloads(done.workloads.clone());
        let asked = never_weaker::Asked::of(&subject.config);
        let broken = never_weaker::broken(documents, never_weaker::pods(&stream), &done.report.changes, asked);
        assert!(broken.is_empty(), "{}:\n{}", subject.name, broken.join("\n"));
    });
}

/// The same on pods in which every security field stands, under every way to settle conflicts.
#[test]
fn law_4_holds_for_every_security_field() {
    let mut specs = Vec::new();
    for conflicts in ["fail", "override", "keep"] {
        for level in ["baseline", "restricted"] {
            specs.push(json!({"conflicts": conflicts, "level": level}));
            specs.push(json!({"conflicts": conflicts, "level": level, "readOnlyRootFilesystem": true,
                "automountServiceAccountToken": false, "runAsUser": 3000, "runAsGroup": 3000, "fsGroup": 3000}));
            specs.push(json!({"conflicts": conflicts, "level": level, "profile": "openshift"}));
            let fields = ["runAsUser", "capabilities.add", "volumes", "hostPath", "probeHost", "privileged"];
            let exception = json!([{"target": {"kind": "Pod"}, "fields": fields, "reason": "a test"}]);
            specs.push(json!({"conflicts": conflicts, "level": level, "exceptions": exception}));
        }
    }
    let pipelines: Vec<(Value, Pipeline)> = specs
        .into_iter()
        .map(|spec| crate::common::quiet(config("SecurityContext", spec)))
        .map(|config| (config.clone(), pipeline(&config).unwrap_or_else(|| panic!("{config}"))))
        .collect();
    let mut random = Random(0x4A4);
    let (mut run_through, mut raised, mut differing) = (0, 0, std::collections::BTreeSet::new());
    for number in 0..3000 {
        let pod = never_weaker::pod(&mut random, &format!("p{number}"));
        let (config, pipeline) = &pipelines[number % pipelines.len()];
        let input = pod.to_string();
        let done = run(pipeline, &input);
        if done.outcome != Outcome::Ok {
            continue;
        }
        run_through += 1;
        let stream = Stream::parse(&Arc::new(input.clone())).unwrap();
        let asked = never_weaker::Asked::of(config);
        let changes = &done.report.changes;
        let broken = never_weaker::broken(vec![Some(pod.clone())], never_weaker::pods(&stream), changes, asked);
        assert!(broken.is_empty(), "{config}\n{input}\n{}", broken.join("\n"));
        raised += changes.iter().filter(|change| change.why.class == Class::Raised).count();
        differing.extend(strictness::differences(&pod, &to_value(&done.output)).into_iter().map(|it| it.path));
    }
    println!("{run_through} pods, {raised} values raised, these fields changed: {differing:?}");
    assert!(run_through > 500 && raised > 20 && differing.len() > 20, "{run_through} {raised} {differing:?}");
}

#[test]
fn law_5_the_order_of_documents_changes_only_the_order() {
    let mut random = Random(0x0D3);
    for_all(|subject, pipeline, _, done| {
        let mut order: Vec<usize> = (0..subject.documents.len()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, random.below(i + 1));
        }
        let shuffled: Vec<String> = order.iter().map(|&i| subject.documents[i].clone()).collect();
        let other = run(pipeline, &shuffled.join("---\n"));
        assert_eq!(other.outcome, Outcome::Ok, "{}", subject.name);
        let mut here = split(&done.output);
        let mut there = split(&other.output);
        here.sort();
        there.sort();
        assert_eq!(here, there, "{}", subject.name);
    });
}

#[test]
fn law_7_the_same_input_gives_the_same_bytes() {
    for_all(|subject, pipeline, input, done| {
        for _ in 0..3 {
            let again = run(pipeline, input);
            assert_eq!((&again.output, show(&again)), (&done.output, show(done)), "{}", subject.name);
        }
    });
}

/// The objects and the results do not depend on the transport.
#[test]
fn a_resource_list_gives_what_the_bare_stream_gives() {
    for_all(|subject, pipeline, input, done| {
        let items: Vec<Value> = parse(input).iter().filter_map(|d| d.root().to_value()).collect();
        let list = json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items});
        let list = ResourceList::new(yaml::parse(&Arc::new(list.to_string())).unwrap()).unwrap();
        let mut stream = list.stream();
        let mut report = Report::default();
        assert_eq!(pipeline.run(&mut stream, &mut report), Outcome::Ok, "{}", subject.name);
        let rendered = krmor::krm::render_list(&mut stream, &report).unwrap();
        let rendered = yaml::parse(&Arc::new(rendered.clone()))
            .unwrap_or_else(|error| panic!("{}: {error:?}\n{rendered}", subject.name));
        let rendered = rendered.first().unwrap().root().to_value().unwrap();
        let wanted: Vec<Value> = parse(&done.output).iter().filter_map(|d| d.root().to_value()).collect();
        assert_eq!(rendered["items"].as_array().unwrap(), &wanted, "{}", subject.name);
        let results = rendered.get("results").and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(results, report.changes.len() + report.findings.len(), "{}", subject.name);
    });
}

#[test]
fn law_9_arbitrary_bytes_give_an_error_or_an_answer() {
    let pipelines: Vec<Pipeline> = configs().iter().filter_map(|(_, config)| pipeline(config)).collect();
    let mut random = Random(0xBAD);
    let (mut read, mut refused) = (0, 0);
    for round in 0..6000 {
        let mut bytes = match round % 3 {
            0 => (0..random.below(300)).map(|_| u8::try_from(random.below(256)).unwrap()).collect(),
            _ => (0..1 + random.below(3)).map(|_| workload(&mut random)).collect::<Vec<_>>().join("---\n").into_bytes(),
        };
        for _ in 0..random.below(6) {
            if bytes.is_empty() {
                break;
            }
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
                1 => drop(bytes.drain(at..(at + 1 + random.below(20)).min(bytes.len()))),
                2 => drop(
                    bytes.splice(
                        at..at,
                        random
                            .pick(&["- ", ": ", "\n", "{", "]", "&a ", "*a", "|\n", "null", "\"", "#", "[]", "{}"])
                            .bytes(),
                    ),
                ),
                _ => {
                    let piece = bytes[at..(at + 1 + random.below(30)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        let parsed = yaml::decode(bytes).and_then(|(text, _)| {
            let text = Arc::new(text);
            Stream::parse(&text).map(|stream| (text, stream))
        });
        let Ok((text, _)) = parsed else {
            refused += 1;
            continue;
        };
        read += 1;
        // A few of them each time; in the end every one has had its share of every kind of input.
        let stride = (pipelines.len() / 6).max(1);
        for pipeline in pipelines.iter().skip(round % stride).step_by(stride) {
            let done = run(pipeline, &text);
            if done.outcome == Outcome::Ok {
                assert!(
                    yaml::parse(&Arc::new(done.output.clone())).is_ok(),
                    "unreadable output of {text:?}:\n{}",
                    done.output
                );
            }
        }
    }
    println!("{read} inputs were read, {refused} refused");
    assert!(read > 500 && refused > 500, "{read} read, {refused} refused: the law has no force");
}

/// Inputs made to hurt: they end soon, in an error or an answer.
#[test]
fn law_9_hostile_inputs_end_soon() {
    let deep_flow = "[".repeat(200_000);
    let deep_block: String = (0..3000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    let wide: String = (0..200_000).map(|n| format!("k{n}: v\n")).collect();
    let aliases = format!("a: &a [x,x,x,x,x,x,x,x,x,x]\n{}", (b'b'..=b'z').map(|c| {
        let (this, last) = (c as char, (c - 1) as char);
        format!("{this}: &{this} [*{last},*{last},*{last},*{last},*{last},*{last},*{last},*{last},*{last},*{last}]\n")
    }).collect::<String>());
    let anchors: String = (0..50_000).map(|n| format!("k{n}: &a{n} v\n")).collect();
    let documents = "---\n".repeat(200_000);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n";
    let containers =
        format!("{pod}{}", (0..5000).map(|n| format!("  - name: c{n}\n    image: i\n")).collect::<String>());
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}", (0..3000).map(|n| {
        format!("- apiVersion: v1\n  kind: Pod\n  metadata: {{name: p{n}}}\n  spec:\n    containers:\n    - {{name: a, image: b}}\n")
    }).collect::<String>());
    // One of each function, and all of them together.
    let mut pipelines: Vec<Pipeline> = configs().iter().filter_map(|(_, config)| pipeline(config)).collect();
    let kinds = |pipeline: &Pipeline| pipeline.steps.iter().map(|step| step.function.kind).collect::<Vec<_>>();
    pipelines.dedup_by_key(|pipeline| kinds(pipeline));
    for (name, text) in [
        ("deep flow", deep_flow),
        ("deep block", deep_block),
        ("wide", wide),
        ("aliases", aliases),
        ("anchors", anchors),
        ("documents", documents),
        ("containers", containers),
        ("list", list),
    ] {
        let Ok(stream) = Stream::parse(&Arc::new(text.clone())) else { continue };
        drop(stream);
        for pipeline in &pipelines {
            let done = run(pipeline, &text);
            assert!(done.output.len() < text.len() * 20 + 1000, "{name}");
        }
    }
}

#[test]
fn law_10_annotations_of_callers_survive() {
    let foreign: Vec<String> =
        CALLER_ANNOTATIONS.iter().map(|prefix| format!("{prefix}law")).chain(["example.com/x".to_owned()]).collect();
    for_all(|subject, pipeline, input, _| {
        let mut documents = parse(input);
        for document in &mut documents {
            if document.root().get("metadata").is_some_and(|m| m.kind() == yaml::Kind::Map) {
                for (n, key) in foreign.iter().enumerate() {
                    let (op, value) = (yaml::Op::Add, json!(n.to_string()));
                    if n == 0 && document.root().find(&["metadata", "annotations"]).is_none() {
                        document.apply(Operation { op, path: "/metadata/annotations", value: &json!({}) }).unwrap();
                    }
                    let path = format!("/metadata/annotations/{}", yaml::escape_token(key));
                    document.apply(Operation { op, path: &path, value: &value }).unwrap();
                }
            }
        }
        if documents.is_empty() {
            return;
        }
        let done = run(pipeline, &yaml::render(&documents));
        let changes = done.report.changes.iter().filter(|change| change.after.is_some());
        let new: Vec<(&Value, &Value)> = changes.map(|it| (&it.value["kind"], &it.value["metadata"]["name"])).collect();
        for document in parse(&done.output) {
            let value = document.root().to_value().unwrap_or_default();
            if new.contains(&(&value["kind"], &value["metadata"]["name"])) {
                continue; // no caller has seen it yet
            }
            if let Some(annotations) = document.root().find(&["metadata", "annotations"]) {
                for (n, key) in foreign.iter().enumerate() {
                    let value = annotations.get(key).and_then(|v| v.as_str().map(std::borrow::Cow::into_owned));
                    assert_eq!(value, Some(n.to_string()), "{}: {key}", subject.name);
                }
            }
        }
    });
}
