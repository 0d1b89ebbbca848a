//! SARIF and JUnit: what CI and code scanning are told is what happened, at its place, and holds no secret.

use crate::common::{Folder, krmor, pipe, text};
use krmor::report::Severity;
use krmor::yaml;
use serde_json::{Value, json};

const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: harden}\nspec:\n  functions:\n    mine: {kind: SecurityContext, spec: {}}\n";
const WEB: &str = "# é\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: b\n    metadata: {labels: {app: web}}\n  selector: {matchLabels: {app: web}}\n";
const WEAK: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: weak\nspec:\n  hostNetwork: true\n  containers:\n  - {name: b, image: é, securityContext: {privileged: true}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"c<&\\\"\\e>\"}\n";

/// Exit code, standard output and standard error of a call in the folder.
fn call(folder: &Folder, args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let out = pipe(krmor().current_dir(&folder.0).args(args), stdin.as_bytes());
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(&format!("formats-{name}"));
    folder.write("config.yaml", CONFIG);
    folder.write("sub dir/web.yaml", WEB);
    folder.write("weak.yaml", WEAK);
    folder
}

fn sarif(folder: &Folder, paths: &[&str], stdin: &str, code: i32) -> Value {
    let args = [&["check", "--config", "config.yaml", "--format", "sarif"], paths].concat();
    let (found, out, err) = call(folder, &args, stdin);
    assert_eq!((found, err.as_str()), (Some(code), ""), "{out}");
    whole(serde_json::from_str(&out).unwrap())
}

/// The log, after checks of what the standard demands of every log that we write.
fn whole(log: Value) -> Value {
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("one run: {log}") };
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert_eq!((&driver["name"], &driver["version"]), (&json!("krmor"), &json!(env!("CARGO_PKG_VERSION"))));
    let rules = driver["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "a rule is described twice");
    rules.iter().for_each(descriptor);
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(result["ruleId"], ids[index]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        // A result that is no failure has no level (3.27.10).
        assert_eq!(result["kind"] == "fail", result["level"] != "none", "{result}");
        assert!(matches!(result["level"].as_str(), Some("none" | "note" | "warning" | "error")));
        // What code scanning refuses a log without: one place in a file of the repository, by a relative path, and a line.
        let [location] = result["locations"].as_array().unwrap().as_slice() else { panic!("one location: {result}") };
        let place = &location["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.is_empty() && !uri.starts_with('/') && !uri.contains(':') && !uri.contains(".."), "{result}");
        let region = &place["region"];
        assert!(region["startLine"].as_u64() > Some(0), "{result}");
        if !region["startColumn"].is_null() {
            assert!(region["startColumn"].as_u64() > Some(0), "{region}");
        }
        if !region["endColumn"].is_null() {
            assert!(region["endColumn"].as_u64() >= region["startColumn"].as_u64(), "{region}");
        }
    }
    let prints = fingerprints(&log);
    let unique: std::collections::BTreeSet<&String> = prints.iter().collect();
    assert_eq!(unique.len(), prints.len(), "two results would be one alert: {log:#}");
    assert_eq!(run["invocations"].as_array().map(Vec::len), Some(1));
    log
}

/// What makes each result the same as one of another run.
fn fingerprints(log: &Value) -> Vec<String> {
    let one = |result: &Value| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_owned();
    results(log).iter().map(one).collect()
}

/// A `reportingDescriptor` (3.49) tells all that the declaration of its rule says.
fn descriptor(descriptor: &Value) {
    let id = descriptor["id"].as_str().unwrap();
    let (kind, bare) = id.split_once('/').unwrap();
    let function = krmor::functions::by_kind(kind);
    let mut declared =
        function.iter().flat_map(|function| function.rules).copied().chain(krmor_core::validity::rules::shared());
    let rule = declared.find(|rule| rule.id == bare).unwrap_or_else(|| panic!("{id} is not declared"));
    let level = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut wanted = json!({
        "id": id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": format!("{}. {}", rule.summary, rule.help)},
        "help": {"text": rule.help},
        "helpUri": format!("https://krmor.dev/rules/{id}"),
        "defaultConfiguration": {"level": level},
    });
    if let Some(properties) = descriptor.get("properties") {
        // Code scanning reads the number from a string (GitHub: SARIF support, `security-severity`).
        let weight: f64 = properties["security-severity"].as_str().unwrap().parse().unwrap();
        assert!(weight > 0.0 && weight <= 10.0, "{descriptor}");
        assert_eq!(properties["tags"], json!(["security"]));
        wanted["properties"] = properties.clone();
    }
    assert_eq!(*descriptor, wanted);
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

/// `ruleId level uri:line:column` of each result.
fn lines(log: &Value) -> Vec<String> {
    let one = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        let at = &place["region"];
        let at = format!(":{}:{}", at["startLine"], at["startColumn"]);
        let uri = place["artifactLocation"]["uri"].as_str().unwrap_or("-");
        format!("{} {} {uri}{at}", result["ruleId"].as_str().unwrap(), result["level"].as_str().unwrap())
    };
    results(log).iter().map(one).collect()
}

#[test]
fn findings_are_shown_at_their_lines() {
    let folder = folder("findings");
    let log = sarif(&folder, &["weak.yaml"], "", 1);
    let found = lines(&log);
    assert_eq!(
        &found[..2],
        [
            "SecurityContext/conflict/privileged error weak.yaml:8:43",
            "SecurityContext/conflict/hostNamespaces error weak.yaml:6:3",
        ],
        "{log:#}"
    );
    let first = &results(&log)[0];
    assert_eq!(
        first["properties"],
        json!({"function": "mine", "document": 0, "pointer": "/spec/containers/0/securityContext/privileged"})
    );
    assert_eq!(
        first["locations"][0]["logicalLocations"],
        json!([{"name": "Pod weak", "fullyQualifiedName": "Pod weak:spec.containers[0].securityContext.privileged", "kind": "property"}])
    );
    assert!(first["message"]["text"].as_str().unwrap().contains("; change it, or allow it: exceptions: "));
}

#[test]
fn what_a_run_would_change_is_an_error_of_check_and_information_of_run() {
    let folder = folder("changes");
    let log = sarif(&folder, &["sub dir"], "", 1);
    let wanted = [
        "SecurityContext/image-user-unproven warning sub%20dir/web.yaml:7:5",
        "SecurityContext/run-as-non-root error sub%20dir/web.yaml:7:5",
        "SecurityContext/seccomp-profile error sub%20dir/web.yaml:7:5",
        "SecurityContext/no-privilege-escalation error sub%20dir/web.yaml:9:9",
        "SecurityContext/drop-capabilities error sub%20dir/web.yaml:9:9",
    ];
    assert_eq!(lines(&log), wanted);
    let message = &results(&log)[1]["message"]["text"];
    assert_eq!(
        message,
        "spec.template.spec.securityContext: {\"runAsNonRoot\":true} would be added: the kubelet refuses to start it as root"
    );
    let args = ["run", "--config", "config.yaml", "--report", "sarif", "sub dir"];
    let (code, out, err) = call(&folder, &args, "");
    assert_eq!(code, Some(0));
    assert!(out.contains("runAsNonRoot: true"));
    let log = whole(serde_json::from_str(&err).unwrap());
    assert_eq!(lines(&log).len(), wanted.len());
    assert!(results(&log)[1..].iter().all(|result| result["kind"] == "informational" && result["level"] == "none"));
    assert!(results(&log)[1]["message"]["text"].as_str().unwrap().contains(" was added: "));

    // Hardened: nothing fails.
    folder.write("hard.yaml", out);
    let log = sarif(&folder, &["hard.yaml"], "", 0);
    assert!(results(&log).iter().all(|result| result["level"] == "warning"), "{log:#}");
}

/// The descriptors of a log, by id.
fn described(log: &Value) -> Vec<(&str, &Value)> {
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    rules.iter().map(|rule| (rule["id"].as_str().unwrap(), rule)).collect()
}

#[test]
fn rules_are_described_with_their_weight() {
    let folder = folder("rules");
    let weight = |log: &Value, id: &str| {
        let all = described(log);
        let (_, rule) = *all.iter().find(|(known, _)| *known == id).unwrap_or_else(|| panic!("{id}: {log:#}"));
        (rule["defaultConfiguration"]["level"].clone(), rule["properties"]["security-severity"].clone())
    };
    // Each rule once, in the order in which it is first seen.
    let log = sarif(&folder, &["weak.yaml", "sub dir"], "", 1);
    let mut seen: Vec<&str> = Vec::new();
    for result in results(&log) {
        let id = result["ruleId"].as_str().unwrap();
        if !seen.contains(&id) {
            seen.push(id);
        }
    }
    assert_eq!(described(&log).iter().map(|(id, _)| *id).collect::<Vec<_>>(), seen);
    assert_eq!(weight(&log, "SecurityContext/conflict/privileged"), (json!("error"), json!("8.0")));
    assert_eq!(weight(&log, "SecurityContext/image-user-unproven"), (json!("warning"), json!("5.0")));

    // What the config makes of a rule is said by its results; the description stays that of the rule.
    let lenient = "spec: {severities: {conflict/privileged: warning}}";
    folder.write("config.yaml", CONFIG.replace("spec: {}", lenient));
    let log = sarif(&folder, &["weak.yaml"], "", 1);
    assert!(lines(&log)[0].starts_with("SecurityContext/conflict/privileged warning "), "{log:#}");
    assert_eq!(weight(&log, "SecurityContext/conflict/privileged"), (json!("error"), json!("8.0")));

    // Rules of secrets and of Pod Security weigh, those of what would not work do not.
    let checks = "apiVersion: krmor.dev/v1alpha1\nkind: Checks\nmetadata: {name: check}\nspec: {}\n";
    folder.write("config.yaml", checks);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  hostPID: true\n  containers:\n  - name: web\n    image: b\n    env:\n    - {name: DB_PASSWORD, value: Xk2vJq9wLz4T}\n    envFrom:\n    - configMapRef: {name: absent}\n";
    let log = sarif(&folder, &["-"], pod, 1);
    assert_eq!(weight(&log, "Checks/pod-security/hostNamespaces"), (json!("error"), json!("8.0")));
    assert_eq!(weight(&log, "Checks/secrets/env"), (json!("error"), json!("8.0")));
    assert_eq!(weight(&log, "Checks/references/config-map"), (json!("warning"), json!(null)));
}

#[test]
fn what_was_rendered_is_in_the_files_that_its_renderer_names() {
    let folder = folder("streams");
    // What nobody names a file of is in the config.
    let log = sarif(&folder, &["-"], WEAK, 1);
    assert!(lines(&log).iter().all(|line| line.ends_with(" config.yaml:1:null")), "{log:#}");
    assert_eq!(results(&log)[0]["locations"][0]["logicalLocations"][0]["name"], "Pod weak");
    let annotated = |annotation: &str| {
        WEAK.replacen("  name: weak\n", &format!("  name: x-weak-1\n  annotations:\n    {annotation}\n"), 1)
    };
    let place = |sources: &[&str], stream: &str| {
        let log = sarif(&folder, &[sources, &["-"]].concat(), stream, 1);
        lines(&log)[0].rsplit(' ').next().unwrap().trim_end_matches(":null").to_owned()
    };
    let origin = "config.kubernetes.io/origin: |\n      path: ../base/pod.yaml";
    let pod = WEAK.split("---\n").next().unwrap();
    // kustomize names files from the folder of the kustomization, which is the config's unless it is said.
    folder.write("apps/base/pod.yaml", format!("kind: Other\n---\n{pod}"));
    folder.write("apps/prod/kustomization.yaml", "resources: [../base]\n");
    folder.write("apps/prod/krmor.yaml", CONFIG);
    assert_eq!(place(&["--sources", "apps/prod"], &annotated(origin)), "apps/base/pod.yaml:3");
    assert_eq!(place(&[], &annotated(origin)), "config.yaml:1", "there is no such file from here");
    let args = ["check", "--config", "apps/prod/krmor.yaml", "--format", "sarif", "-"];
    let log = whole(serde_json::from_str(&call(&folder, &args, &annotated(origin)).1).unwrap());
    assert!(lines(&log)[0].contains(" apps/base/pod.yaml:3"), "{log:#}");
    // What lies in another repository is not in this one.
    let remote =
        "config.kubernetes.io/origin: |\n      path: pod.yaml\n      repo: https://example.com/x\n      ref: v1";
    assert_eq!(place(&["--sources", "apps/base"], &annotated(remote)), "config.yaml:1");
    // kpt names files of its package.
    let path = "config.kubernetes.io/path: base/pod.yaml";
    assert_eq!(place(&["--sources", "apps"], &annotated(path)), "apps/base/pod.yaml:3");
    // Helm names the chart before the path in it; a template is no YAML.
    folder.write("charts/web/templates/pod.yaml", "{{- if .Values.on }}\nkind: Pod\n{{- end }}\n");
    let source = format!("---\n# Source: shop/templates/pod.yaml\n{WEAK}");
    assert_eq!(place(&["--sources", "charts/web"], &source), "charts/web/templates/pod.yaml:1");
    let source = source.replace("shop/", "web/");
    assert_eq!(place(&["--sources", "charts"], &source), "charts/web/templates/pod.yaml:1");
    // A finding about the config is at its line.
    folder.write("config.yaml", CONFIG.replace("spec: {}}", "spec: {\n      targets: [{name: nothing}]}}"));
    let log = sarif(&folder, &["-"], WEAK, 2);
    assert_eq!(lines(&log), ["SecurityContext/unmatched-target error config.yaml:7:null"]);
}

#[test]
fn alerts_stay_the_same_when_lines_move() {
    let folder = folder("fingerprints");
    let before = sarif(&folder, &["weak.yaml"], "", 1);
    folder.write("weak.yaml", format!("# a\n# b\n{WEAK}"));
    let after = sarif(&folder, &["weak.yaml"], "", 1);
    assert_ne!(lines(&before), lines(&after));
    assert_eq!(fingerprints(&before), fingerprints(&after));
    // Two objects with the same faults are two alerts.
    let two = format!("{WEAK}---\n{}", WEAK.replace("name: weak", "name: other"));
    folder.write("weak.yaml", &two);
    let both = sarif(&folder, &["weak.yaml"], "", 1);
    assert!(fingerprints(&before).iter().all(|print| fingerprints(&both).contains(print)));
}

#[test]
fn a_path_that_is_absolute_becomes_relative() {
    let folder = folder("absolute");
    let whole = folder.0.join("sub dir/../weak.yaml");
    let log = sarif(&folder, &[whole.to_str().unwrap()], "", 1);
    assert!(lines(&log)[0].ends_with(" weak.yaml:8:43"), "{log:#}");
}

/// A run that comes to nothing still leaves a report that is whole, and that nobody takes for one without findings.
#[test]
fn reports_are_whole_on_every_exit_code() {
    let folder = folder("failures");
    folder.write("typo.yaml", CONFIG.replace("spec: {}", "spec: {levle: x, other: y}"));
    folder.write("broken.yaml", "a: [\n");
    folder.write("empty.yaml", "# nothing\n");
    folder.write("unmatched.yaml", CONFIG.replace("spec: {}", "spec: {targets: [{name: nothing}]}"));
    folder.write("hard.yaml", call(&folder, &["run", "--config", "config.yaml", "sub dir"], "").1);
    let cases: &[(&str, &str, i32, &str)] = &[
        ("config.yaml", "hard.yaml", 0, ""),
        ("config.yaml", "sub dir", 1, ""),
        ("config.yaml", "weak.yaml", 1, ""),
        ("unmatched.yaml", "weak.yaml", 2, "unmatched.yaml:6"),
        ("typo.yaml", "weak.yaml", 2, "typo.yaml:6"),
        ("config.yaml", "broken.yaml", 2, "broken.yaml:1"),
        ("config.yaml", "empty.yaml", 2, "config.yaml:1"),
        ("absent.yaml", "weak.yaml", 3, "absent.yaml:1"),
        ("config.yaml", "absent", 3, "config.yaml:1"),
    ];
    for (config, path, code, place) in cases {
        let name = format!("{config} {path}");
        let args = [
            "check",
            "--config",
            config,
            "--report",
            "sarif=out.sarif",
            "--report",
            "junit=out.xml",
            "--report",
            "json=out.json",
            "--report",
            "text=out.txt",
            path,
        ];
        let (found, out, err) = call(&folder, &args, "");
        assert_eq!(found, Some(*code), "{name}: {err}");
        assert!(!out.is_empty() || !err.is_empty(), "{name}: a person is told, too");
        let read = |file: &str| std::fs::read_to_string(folder.0.join(file)).unwrap();
        let log = whole(serde_json::from_str(&read("out.sarif")).unwrap());
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["exitCode"], json!(code), "{name}");
        let failed = !err.is_empty();
        assert_eq!(invocation["executionSuccessful"], json!(!failed), "{name}");
        assert_eq!(invocation["toolExecutionNotifications"].is_array(), failed, "{name}");
        let json: Value = serde_json::from_str(&read("out.json")).unwrap();
        let case = if failed {
            let suites = xml(&read("out.xml"));
            assert_eq!((&suites["errors"], &suites["failures"]), (&json!("1"), &json!("0")), "{name}");
            suites["children"][0]["children"][0].clone()
        } else {
            suite(&read("out.xml"))
        };
        if *code > 0 {
            assert!(!results(&log).is_empty(), "{name}: {log:#}");
            assert!(!json["results"].as_array().unwrap().is_empty(), "{name}");
            assert!(!case.is_null());
        }
        assert!(lines(&log).iter().all(|line| line.contains(place)), "{name}: {:?}", lines(&log));
        assert!(!read("out.txt").is_empty() && !read("out.txt").contains('\u{1b}'), "{name}");
        for file in ["out.sarif", "out.xml", "out.json", "out.txt"] {
            std::fs::remove_file(folder.0.join(file)).unwrap();
        }
        // The same on standard output, and on standard error of `run`.
        for format in ["sarif", "junit", "json"] {
            let (_, out, _) = call(&folder, &["check", "--config", config, "--format", format, path], "");
            let (_, _, err) = call(&folder, &["run", "--config", config, "--report", format, path], "");
            for report in [out, err] {
                match format {
                    "junit" => drop(xml(&report)),
                    "sarif" => drop(whole(serde_json::from_str(&report).unwrap())),
                    _ => drop(serde_json::from_str::<Value>(&report).unwrap()),
                }
            }
        }
    }
    // Two problems of a config are two results.
    let (_, out, _) = call(&folder, &["check", "--config", "typo.yaml", "--format", "sarif", "weak.yaml"], "");
    let log = whole(serde_json::from_str(&out).unwrap());
    assert_eq!(lines(&log).len(), 2, "{log:#}");
    assert!(lines(&log).iter().all(|line| line.starts_with("Pipeline/config error typo.yaml:6:")), "{log:#}");
    let (code, _, err) = call(&folder, &["check", "--config", "config.yaml", "--report", "sarif", "weak.yaml"], "");
    assert_eq!((code, err.as_str()), (Some(2), "error: --report of check names a file: --report sarif=FILE\n"));
    // A report that cannot be written is an error of its own.
    let (code, _, err) =
        call(&folder, &["check", "--config", "config.yaml", "--report", "sarif=no/x.sarif", "hard.yaml"], "");
    assert_eq!(code, Some(3), "{err}");
    // What was not written is not said to be.
    let args = ["run", "--config", "config.yaml", "--in-place", "--report", "sarif=out.sarif", "-"];
    assert_eq!(call(&folder, &args, WEB).0, Some(2));
    let log = whole(serde_json::from_str(&std::fs::read_to_string(folder.0.join("out.sarif")).unwrap()).unwrap());
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

// ---- JUnit ----

/// A reader of what we write: elements and attributes as JSON, entities resolved. Anything else fails.
fn xml(text: &str) -> Value {
    let rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    assert!(!rest.chars().any(|c| c.is_control() && c != '\n'), "a control character: {rest:?}");
    let mut stack: Vec<Value> = vec![json!({"children": []})];
    for part in rest.split('<').skip(1) {
        let (tag, content) = part.split_once('>').expect("a tag is closed");
        if let Some(name) = tag.strip_prefix('/') {
            let done = stack.pop().unwrap();
            assert_eq!(done["tag"], name);
            stack.last_mut().unwrap()["children"].as_array_mut().unwrap().push(done);
            assert!(content.trim().is_empty());
            continue;
        }
        let (tag, alone) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let mut pieces = tag.split('"');
        let (name, mut key) = pieces.next().unwrap().split_once(' ').unwrap_or((tag, ""));
        let mut element = json!({"tag": name, "text": unescape(content), "children": []});
        while let Some(value) = pieces.next() {
            element[key.trim().strip_suffix('=').expect("an attribute")] = json!(unescape(value));
            key = pieces.next().unwrap_or_default();
        }
        stack.push(element);
        if alone {
            let done = stack.pop().unwrap();
            stack.last_mut().unwrap()["children"].as_array_mut().unwrap().push(done);
        }
    }
    assert_eq!(stack.len(), 1, "an element is not closed");
    stack[0]["children"][0].clone()
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    for (number, part) in text.split('&').enumerate() {
        let Some((entity, rest)) = part.split_once(';').filter(|_| number > 0) else {
            assert_eq!(number, 0, "a bare &: {text}");
            out.push_str(part);
            continue;
        };
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#10" => '\n',
            other => panic!("&{other};"),
        });
        out.push_str(rest);
    }
    out
}

fn junit(folder: &Folder, paths: &[&str], stdin: &str, code: i32) -> Value {
    let args = [&["check", "--config", "config.yaml", "--format", "junit"], paths].concat();
    let (found, out, err) = call(folder, &args, stdin);
    assert_eq!((found, err.as_str()), (Some(code), ""), "{out}");
    suite(&out)
}

/// The one suite, its counts checked.
fn suite(out: &str) -> Value {
    let suites = xml(out);
    assert_eq!((&suites["name"], &suites["children"].as_array().unwrap().len()), (&json!("krmor"), &1));
    let suite = suites["children"][0].clone();
    let cases = suite["children"].as_array().unwrap();
    let failed = cases.iter().filter(|case| case["children"][0]["tag"] == "failure").count();
    for element in [&suites, &suite] {
        assert_eq!(element["tests"], json!(cases.len().to_string()));
        assert_eq!(element["failures"], json!(failed.to_string()));
        assert_eq!(element["errors"], "0");
    }
    suite
}

#[test]
fn every_object_is_a_test_case() {
    let folder = folder("junit");
    let suite = junit(&folder, &["weak.yaml", "sub dir/web.yaml"], "", 1);
    assert_eq!(suite["name"], "Pipeline harden");
    let cases = suite["children"].as_array().unwrap();
    let names: Vec<&str> = cases.iter().map(|case| case["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names, ["Pod weak", "ConfigMap c<&\"\u{fffd}>", "Deployment shop/web"]);
    assert_eq!(cases[2]["file"], "sub dir/web.yaml");
    let failure = &cases[0]["children"][0];
    assert_eq!(failure["type"], "SecurityContext/conflict/privileged");
    assert!(failure["message"].as_str().unwrap().ends_with("(and 1 more)"), "{failure}");
    assert_eq!(failure["text"].as_str().unwrap().matches("error: Pod weak: ").count(), 2);
    assert_eq!(cases[0]["children"][1]["tag"], "system-out");
    assert_eq!(cases[1]["children"], json!([]), "nothing is said of an object that passes");

    // What a run would change fails the object.
    let suite = junit(&folder, &["sub dir/web.yaml"], "", 1);
    let failure = &suite["children"][0]["children"][0];
    assert_eq!(failure["text"].as_str().unwrap().matches(" would be added: ").count(), 4);
    // What a run has changed does not.
    let (code, out, err) = call(&folder, &["run", "--config", "config.yaml", "--report", "junit", "sub dir"], "");
    assert_eq!(code, Some(0));
    let made = self::suite(&err);
    assert_eq!(made["failures"], "0");
    assert_eq!(made["children"][0]["children"][0]["text"].as_str().unwrap().matches(" was added: ").count(), 4);
    // And then there is nothing left.
    let suite = junit(&folder, &["-"], &out, 0);
    assert_eq!((&suite["tests"], &suite["failures"]), (&json!("1"), &json!("0")));
}

#[test]
fn warnings_fail_where_the_config_says_so_and_the_config_has_a_case_of_its_own() {
    let folder = folder("junit-config");
    let keep = CONFIG.replace("spec: {}", "spec: {conflicts: keep, severities: {valid/*: off}}");
    folder.write("config.yaml", &keep);
    let web = "apiVersion: v1\nkind: Pod\nmetadata: {name: weak}\nspec: {hostIPC: true, containers: []}\n";
    let suite = junit(&folder, &["-"], web, 0);
    assert_eq!((&suite["failures"], &suite["children"][0]["children"][0]["tag"]), (&json!("0"), &json!("system-out")));
    folder.write("config.yaml", keep.replace("spec:\n", "spec:\n  failOn: warning\n"));
    let suite = junit(&folder, &["-"], web, 1);
    let failure = suite["children"][0]["children"][0]["text"].as_str().unwrap();
    assert!(failure.contains("warning: Pod weak: spec.hostIPC: "), "{failure}");

    folder.write("config.yaml", CONFIG.replace("spec: {}", "spec: {targets: [{name: nothing}]}"));
    let suite = junit(&folder, &["-"], web, 2);
    assert_eq!(suite["children"][0]["name"], "Pipeline harden");
    assert_eq!(suite["children"][0]["children"][0]["type"], "SecurityContext/unmatched-target");
}

// ---- secrets ----

/// Every place that may hold a secret holds the canary, in streams that pass, change and fail.
#[test]
fn no_secret_gets_out() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations: {last: hunter2}\nstringData:\n  url: postgres://app:hunter2@db/x # hunter2\n  key: |\n    hunter2\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  volumes:\n  - name: v\n    flexVolume: {driver: cifs, options: {password: hunter2}}\n  containers:\n  - name: app\n    image: b\n    args: [\"--db=postgres://app:hunter2@db/x\"]\n    env:\n    - name: A\n      value: hunter2\n    - {name: B, value: \"hunter2\"} # hunter2\n    securityContext: {privileged: true} # hunter2\n";
    let folder = Folder::new("formats-canary");
    let mut seen = 0;
    for spec in [
        "{}",
        "{conflicts: override, exceptions: [{target: {}, fields: [volumes], reason: x}]}",
        "{conflicts: keep}",
        "{targets: [{name: no}]}",
        "{levle: 1}",
    ] {
        folder.write("config.yaml", CONFIG.replace("spec: {}", &format!("spec: {spec}")));
        let list = |text: &str| text.lines().map(|line| format!("  {line}\n")).collect::<String>();
        for stream in [
            format!("{secret}---\n{pod}"),
            format!("kind: List\napiVersion: v1\nitems:\n-{}-{}", &list(secret)[1..], &list(pod)[1..]),
            format!("{}\n", yaml::parse(&std::sync::Arc::new(pod.to_owned())).unwrap()[0].root().json()),
        ] {
            folder.write("in.yaml", &stream);
            for format in ["sarif", "junit", "json"] {
                for path in ["-", "in.yaml"] {
                    let config = ["--config", "config.yaml"];
                    let (_, out, err) =
                        call(&folder, &[&["check", "--format", format, path], &config[..]].concat(), &stream);
                    assert!(!out.contains("hunter2") && !err.contains("hunter2"), "check {format} {spec}: {out}{err}");
                    let (code, _, err) =
                        call(&folder, &[&["run", "--report", format, path], &config[..]].concat(), &stream);
                    assert!(!err.contains("hunter2"), "run {format} {spec}: {err}");
                    seen += usize::from(code == Some(0)) + usize::from(out.contains("privileged"));
                }
            }
        }
    }
    assert!(seen > 30, "only {seen} reports say something: the test has no force");
}
