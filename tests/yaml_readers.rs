//! What kubectl, kustomize and kpt read differently is refused, and nothing else: each document goes through both readers.
//!
//! The readers are real (`tests/tools/goref`): go-yaml v3 and then JSON, as kustomize and kpt make it of their nodes, and the
//! splitter and reader of `k8s.io/apimachinery` with `sigs.k8s.io/yaml`, as kubectl and the API's other clients use them.

use std::process::Command;
use std::sync::Arc;

use crate::common::{Folder, Random, corpus, krmor, pipe, structures, text, tool};
use crate::yaml_oracle::{base64, mutate};
use krmor::yaml::{self, Document, Reason};
use serde_json::Value;

/// One reader's answer: a value for each document, or why there is none.
type Answer = Result<Vec<String>, String>;

/// A value in one form, whether a number is written as an integer or with a point.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(0.0) => "0".to_owned(),
            Some(float) if number.is_f64() && float.fract() == 0.0 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            let mut parts: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}

fn values<'a>(documents: impl Iterator<Item = &'a str>) -> Vec<String> {
    documents.map(|text| serde_json::from_str(text).map_or_else(|e| format!("{e}"), |v| canonical(&v))).collect()
}

fn ask(mode: &str, inputs: &[Vec<u8>]) -> Vec<Answer> {
    let batch: String = inputs.iter().enumerate().map(|(i, bytes)| format!("{i}\t{}\n", base64(bytes))).collect();
    let out = pipe(Command::new(tool("goref")).args(["-batch", mode]), batch.as_bytes());
    assert!(out.status.success(), "goref {mode}: {}", text(&out.stderr));
    let answers: Vec<Answer> = text(&out.stdout)
        .lines()
        .map(|line| {
            let parts: Vec<&str> = line.splitn(3, '\t').collect();
            let rest = parts.get(2).copied().unwrap_or("");
            match parts[1] {
                "OK" => Ok(values(rest.split('\u{1e}').filter(|part| !part.is_empty()))),
                _ => Err(rest.to_owned()),
            }
        })
        .collect();
    assert_eq!(answers.len(), inputs.len(), "one answer for each input");
    answers
}

/// What krmor reads, and why functions refuse it.
fn ours(bytes: &[u8]) -> Result<(Vec<String>, Vec<Reason>), String> {
    let (text, encoding) = yaml::decode(bytes.to_vec()).map_err(|error| error.to_string())?;
    let text = Arc::new(text);
    let documents = yaml::parse(&text).map_err(|error| error.to_string())?;
    if encoding.is_ambiguous(&text, documents.len()) {
        return Err("encoding".to_owned());
    }
    let json: Vec<String> =
        documents.iter().map(Document::root).filter(|root| !root.is_null()).map(|r| r.json()).collect();
    let reasons = documents.iter().flat_map(Document::ambiguities).map(|found| found.reason).collect();
    Ok((values(json.iter().map(String::as_str)), reasons))
}

#[derive(Default)]
struct Count {
    accepted: usize,
    refused: usize,
    wrong: Vec<String>,
}

/// Either both readers say the same and we accept and agree, or they differ, or one refuses, and we refuse.
fn compare(what: &str, inputs: &[Vec<u8>]) -> Count {
    let (kustomize, kubectl, strict) = (ask("json", inputs), ask("kubectl", inputs), ask("sigsstrict", inputs));
    let mut count = Count::default();
    for (i, bytes) in inputs.iter().enumerate() {
        let ours = ours(bytes);
        let refused = ours.as_ref().map_or(true, |(_, reasons)| !reasons.is_empty());
        // kustomize says aloud that it takes no keys but texts in a mapping inside: both answers are right, where the key
        // stays what is written.
        let keys = kustomize[i].as_ref().is_err_and(|error| error.contains("unsupported type: map[interface"));
        let agreed = match (&kustomize[i], &kubectl[i]) {
            (_, Ok(theirs)) if keys => Some(theirs),
            (Ok(a), Ok(b)) if a == b => Some(b),
            _ => None,
        };
        let excused = match &ours {
            _ if keys => true,
            // For v3 a text and a number can be one key: it depends on what Go decodes into.
            Ok((_, reasons)) if reasons.iter().all(|reason| *reason == Reason::Key) => text(bytes).contains("0o"),
            // The API server and other strict readers refuse a key that stands twice.
            Ok((_, reasons)) => reasons.contains(&Reason::Twice) && strict[i].is_err(),
            // See `deviation` in tests/yaml_oracle.rs; and markers at the end, and misplaced byte order marks.
            Err(error) => {
                error.contains("unknown anchor")
                    || error.contains("without a document")
                    || bytes.starts_with(b"\xef\xbb\xbf")
            }
        };
        let verdict = match (agreed, refused) {
            (Some(_), true) if !excused => "refused, and all agree",
            (None, false) => "accepted, and they differ",
            (Some(theirs), false) if ours.as_ref().is_ok_and(|(values, _)| values != theirs) => "read otherwise",
            (_, refused) => {
                if refused {
                    count.refused += 1
                } else {
                    count.accepted += 1
                }
                continue;
            }
        };
        let answers = format!("kustomize {:?}\n  kubectl {:?}\n  krmor {ours:?}", kustomize[i], kubectl[i]);
        count.wrong.push(format!("{verdict}: {:?}\n  {answers}", text(bytes).chars().take(300).collect::<String>()));
    }
    println!("{what}: {} accepted, {} refused", count.accepted, count.refused);
    let shown = count.wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(count.wrong.is_empty(), "{what}: {} of {} are wrong\n{shown}", count.wrong.len(), inputs.len());
    count
}

/// Scalars and keys in every place, and the documents of `tests/yaml/readers.txt`, which `@@` lines separate.
fn written() -> Vec<Vec<u8>> {
    let file = std::fs::read_to_string("tests/yaml/readers.txt").unwrap();
    let (scalars, documents) = file.split_once("\n@@@\n").unwrap();
    let mut out = Vec::new();
    for scalar in scalars.lines().filter(|line| !line.starts_with("# ")) {
        for text in [
            format!("k: {scalar}\n"),
            format!("{scalar}: v\n"),
            format!("a:\n  {scalar}: v\n"),
            format!("- {scalar}\n"),
            format!("a: [{scalar}]\n"),
            format!("a: {{{scalar}: 1}}\n"),
            format!("a: &c {scalar}\nb: *c\n"),
            format!("a: &c {scalar}\n*c : 1\n"),
            format!("c: &c {{a: 1}}\nd:\n  {scalar}: {{a: 2, b: 3}}\n  a: 1\n"),
            format!("d:\n  a: 1\n  {scalar}: {{a: 2, b: 3}}\n"),
        ] {
            out.push(text);
        }
    }
    out.extend(documents.split("\n@@\n").map(|text| format!("{text}\n")));
    // What an editor would change or not show is named.
    let names =
        [("␍", "\r"), ("␤", "\u{85}"), ("⏎", "\u{2028}"), ("␉", "\t"), ("␣", "\u{a0}"), ("◊", "\u{feff}"), ("␄\n", "")];
    out.into_iter().map(|text| names.iter().fold(text, |text, (name, c)| text.replace(name, c)).into_bytes()).collect()
}

#[test]
fn written_by_hand() {
    let count = compare("written by hand", &written());
    assert!(count.accepted > 300 && count.refused > 300, "the documents have no force");
}

#[test]
fn changed_at_random() {
    let mut random = Random(0xD1FF);
    let mut pool: Vec<Vec<u8>> = structures().into_iter().map(|(_, bytes)| bytes).filter(|b| b.len() < 1500).collect();
    let written = written();
    pool.extend(written.iter().cloned());
    pool.extend(written);
    pool.retain(|bytes| !bytes.starts_with(b"\xff\xfe") && !bytes.starts_with(b"\xfe\xff"));
    let inputs: Vec<Vec<u8>> = (0..12_000)
        .map(|_| {
            let base: &Vec<u8> = random.pick(&pool);
            mutate(base, &mut random)
        })
        .collect();
    let count = compare("changed at random", &inputs);
    assert!(count.accepted > 2000, "nearly all were refused");
}

/// Mappings of keys, values and merges that are put together at random.
#[test]
fn made_of_merges_and_keys() {
    const KEYS: &[&str] = &["a", "b", "c", "\"a\"", "*k ", "1", "\"1\"", "!!binary YQ==", "yes", "&x b", "!!str a"];
    const VALUES: &[&str] = &["1", "2", "\"1\"", "{a: 1}", "{a: 2, b: 1}", "*one", "[1]", "~", "no", "2001-01-01"];
    const MERGES: &[&str] =
        &["*one", "*two", "[*one, *two]", "[*two, *one]", "{a: 1, c: 3}", "{<<: *one, b: 2}", "*three"];
    let mut random = Random(0x3E26E);
    let mut inputs = Vec::new();
    for _ in 0..6000 {
        let mut text = "k: &k a\none: &one {a: 1, b: 2}\ntwo: &two {b: 1, c: {a: 1}}\nthree: &three\n".to_owned();
        let mut lines = |indent: &str, text: &mut String| {
            for _ in 0..=random.below(4) {
                let line = if random.below(3) == 0 {
                    format!("{indent}<<: {}\n", random.pick(&MERGES[..MERGES.len() - usize::from(indent == "   ")]))
                } else {
                    format!("{indent}{}: {}\n", random.pick(KEYS), random.pick(VALUES))
                };
                text.push_str(&line);
            }
        };
        lines("   ", &mut text);
        text.push_str("d:\n");
        lines("  ", &mut text);
        inputs.push(text.into_bytes());
    }
    let count = compare("merges and keys", &inputs);
    assert!(count.accepted > 100, "nearly all were refused");
}

/// A text in UTF-16 is cut by readers that split bytes.
#[test]
fn encodings() {
    let encode =
        |text: &str, unit: fn(u16) -> [u8; 2]| format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect();
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    for text in ["a: 1\n", "a: 1", "a: 1\n---\nb: 2\n", "a: 1\r\nb: 2\r\n", "a: é\n", "---\na: 1\n"] {
        inputs.push(encode(text, u16::to_le_bytes));
        inputs.push(encode(text, u16::to_be_bytes));
        inputs.push(format!("\u{feff}{text}").into_bytes());
    }
    compare("encodings", &inputs);
}

#[test]
fn real_manifests() {
    let inputs: Vec<Vec<u8>> = corpus().into_iter().map(|path| std::fs::read(path).unwrap()).collect();
    let count = compare("real manifests", &inputs);
    assert!(count.accepted > 2000, "{} of {} were accepted", count.accepted, inputs.len());
}

const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata:\n  name: harden\n";

fn pod(security: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: web:1\n    securityContext:\n{security}"
    )
}

/// The exit code, standard output and standard error of a command in a folder with a config and a manifest.
fn call(name: &str, manifest: &[u8], args: &[&str]) -> (Option<i32>, String, String) {
    let folder = Folder::new(&format!("readers-{name}"));
    folder.write("krmor.yaml", CONFIG);
    folder.write("web.yaml", manifest);
    let out = krmor().args(args).current_dir(&folder.0).output().unwrap();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// What let a privileged pod through: one reading is judged, another one applied.
#[test]
fn no_privileged_pod_hides_in_what_readers_read_differently() {
    let merged = "      privileged: false\n      <<: {privileged: true}\n";
    let twice = "      !!binary cHJpdmlsZWdlZA==: true\n      privileged: false\n";
    let alias = "      &p privileged: false\n      *p : true\n";
    let word = "      privileged: on\n";
    let separator = format!("{}---\u{a0}\n{}", pod("      privileged: false\n"), pod("      privileged: true\n"));
    let carriage =
        format!("{}---\r{}", pod("      privileged: false\n"), pod("      privileged: true\n").replace('\n', "\r"));
    for (name, manifest) in [
        ("merged", pod(merged)),
        ("twice", pod(twice)),
        ("alias", pod(alias)),
        ("word", pod(word)),
        ("separator", separator),
        ("carriage", carriage),
    ] {
        for command in ["run", "check", "diff"] {
            let (code, out, err) = call(name, manifest.as_bytes(), &[command, "--config", "krmor.yaml", "web.yaml"]);
            assert!(code == Some(1) || code == Some(2), "{name} {command}: {code:?} {out}{err}");
            assert!(command != "run" || out.is_empty(), "{name}: {out}");
            if code == Some(1) {
                assert!(format!("{out}{err}").contains("ambiguous-yaml"), "{name} {command}: {out}{err}");
            }
        }
    }
}

#[test]
fn a_finding_says_where_and_how_to_write_it() {
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  annotations:\n    since: 2001-01-01\ndata:\n  a: yes\n  b: no\n  c: \"yes\"\n";
    let args = ["run", "--config", "krmor.yaml", "--allow-none", "web.yaml"];
    let (code, out, err) = call("where", manifest.as_bytes(), &args);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("ConfigMap web: data.a: web.yaml, line 8: kubectl reads a boolean"), "{err}");
    assert!(err.contains("; also at data.b  [ambiguous-yaml]"), "{err}");
    assert!(err.contains("fix: write `true` or `false`, or put the text in quotes"), "{err}");
    assert!(err.contains("metadata.annotations.since: web.yaml, line 6: "), "{err}");
}

#[test]
fn many_places_are_told_in_short() {
    let fields: String = (0..500).map(|i| format!("  k{i}: yes\n")).collect();
    let manifest = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n{fields}");
    let (_, _, err) = call("many", manifest.as_bytes(), &["run", "--config", "krmor.yaml", "web.yaml"]);
    assert!(err.contains("and 489 more places"), "{err}");
    assert_eq!(err.matches("[ambiguous-yaml]").count(), 1);
}

/// In a ResourceList too, whose own fields no other reader sees.
#[test]
fn the_items_of_a_resource_list_are_looked_at() {
    let list = |config: &str, item: &str| {
        format!(
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  apiVersion: krmor.dev/v1alpha1\n  kind: SecurityContext\n  metadata: {{name: harden, annotations: {{x: {config}}}}}\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {{name: web}}\n  data:\n    a: {item}\n"
        )
    };
    let out = pipe(krmor().arg("--allow-none"), list("\"yes\"", "yes").as_bytes());
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("rule: ambiguous-yaml"), "{}", text(&out.stdout));
    assert!(text(&out.stdout).contains("    a: yes\n"), "{}", text(&out.stdout));
    let out = pipe(krmor().arg("--allow-none"), list("yes", "\"yes\"").as_bytes());
    assert!(!text(&out.stdout).contains("ambiguous-yaml"), "{}", text(&out.stdout));
}

#[test]
fn a_text_in_utf_16_is_refused() {
    let bytes: Vec<u8> = "\u{feff}a: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (code, _, err) = call("utf16", &bytes, &["run", "--config", "krmor.yaml", "web.yaml"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("UTF-8") && err.contains("[ambiguous-yaml]"), "{err}");
}

/// `view` and `patch` are for a person who looks at the text: they work on any, and say one and the same.
#[test]
fn view_and_patch_work_on_it() {
    let manifest = "c: &c k\na: yes\n!!binary YWJj: 1\n*c : 2\nm:\n  x: 1\n  !!merge \"<<\": {x: 2, y: 3}\n";
    let (code, out, err) = call("view", manifest.as_bytes(), &["view", "web.yaml"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(out, "{\"c\":\"k\",\"a\":\"yes\",\"abc\":1,\"k\":2,\"m\":{\"x\":1,\"y\":3}}\n");
    let (_, out, _) = call("typed", manifest.as_bytes(), &["view", "--typed", "web.yaml"]);
    assert_eq!(out, "{\"a\":\"yes\",\"abc\":i1,\"c\":\"k\",\"k\":i2,\"m\":{\"x\":i1,\"y\":i3}}\n");
    let folder = Folder::new("readers-patch");
    folder.write("web.yaml", manifest);
    folder.write("patch.yaml", "[{op: replace, path: /abc, value: 5}]\n");
    let out = krmor().args(["patch", "--patch", "patch.yaml", "web.yaml"]).current_dir(&folder.0).output().unwrap();
    assert_eq!(text(&out.stdout), manifest.replace("YWJj: 1", "YWJj: 5"), "{}", text(&out.stderr));
}

/// Merges of merges and many places take time in proportion to the text.
#[test]
fn time_is_linear() {
    let many: String = (0..200_000).map(|i| format!("k{i}: yes\n")).collect();
    let words = "yes, ".repeat(50_000);
    let nested = format!("{}[{words}]{}\n", "{a: ".repeat(9000), "}".repeat(9000));
    let started = std::time::Instant::now();
    for text in [many, nested] {
        for document in yaml::parse(&Arc::new(text)).unwrap() {
            drop(document.ambiguities());
        }
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
