//! `exceptions` and `severities` mean the same in every function; what a config has wrong is said at once.

use std::path::Path;

use krmor::config::Problem;
use krmor::functions::{FUNCTIONS, Function};
use krmor::report::Severity;
use krmor::yaml;
use krmor::{Outcome, Pipeline, Report};
use serde_json::{Value, json};

use crate::common::cases;

fn read(config: &Value) -> Result<Pipeline, Vec<Problem>> {
    let documents = yaml::parse(&std::sync::Arc::new(config.to_string())).unwrap();
    krmor::config::read(documents[0].root(), None)
}

/// A config of a function that can be read: that of a case in its README.
fn config(function: &Function) -> Value {
    let readme = Path::new("functions").join(function.folder).join("README.md");
    let configs = cases::cases(&readme).into_iter().filter_map(|case| {
        let documents = yaml::parse(&std::sync::Arc::new(case.config)).ok()?;
        documents.first()?.root().to_value()
    });
    let mut fitting = configs.filter(|config| config["kind"] == function.kind && read(config).is_ok());
    fitting.next().unwrap_or_else(|| panic!("{} has no case with a config that can be read", function.kind))
}

fn with(mut config: Value, field: &str, value: Value) -> Value {
    config["spec"].as_object_mut().unwrap().insert(field.to_owned(), value);
    config
}

#[test]
fn every_function_takes_its_own_rules_and_no_others() {
    for function in FUNCTIONS {
        let base = config(function);
        for rule in function.rules {
            let exception = json!([{"target": {}, "rules": [rule.id], "reason": "a test"}]);
            let both = with(with(base.clone(), "severities", json!({rule.id: "warning"})), "exceptions", exception);
            assert!(read(&both).is_ok(), "{} {}: {:?}", function.kind, rule.id, read(&both).unwrap_err());
        }
        // What makes a config or an input unusable stays an error.
        for rule in ["no-such-rule", "unmatched-target", "malformed-pod", "unknown-pod-template", "config"] {
            let exception = json!([{"target": {}, "rules": [rule], "reason": "a test"}]);
            let both = with(with(base.clone(), "severities", json!({rule: "off"})), "exceptions", exception);
            let pointers: Vec<String> = read(&both).unwrap_err().into_iter().map(|problem| problem.pointer).collect();
            assert_eq!(pointers, ["/spec/exceptions/0/rules/0".to_owned(), format!("/spec/severities/{rule}")]);
        }
        let nothing = with(base, "exceptions", json!([{"target": {}, "reason": "a test"}]));
        assert_eq!(read(&nothing).unwrap_err()[0].pointer, "/spec/exceptions/0", "{}", function.kind);
    }
}

/// An exception allows nothing to an object that only says it was called so.
#[test]
fn exceptions_match_what_objects_are_called_now() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: evil, annotations: {internal.config.kubernetes.io/previousNames: agent}}\nspec: {containers: [{name: a, image: a, securityContext: {privileged: true}}]}\n";
    let run = |previous: bool| {
        let target = json!({"name": "agent", "previous": previous});
        let exceptions = json!([{"target": target, "fields": ["privileged"], "reason": "node agent"}]);
        let config =
            json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "SecurityContext", "spec": {"exceptions": exceptions}});
        let mut stream = krmor::parse(pod).unwrap();
        let mut report = Report::default();
        (read(&config).unwrap().run(&mut stream, &mut report), report)
    };
    let (outcome, report) = run(false);
    assert_eq!(outcome, Outcome::Findings);
    let unused = report.findings.iter().find(|finding| finding.rule.id == "unused-exception").unwrap();
    assert!(unused.message.contains("`previous: true` would match it"), "{}", unused.message);
    assert_eq!(run(true).0, Outcome::Ok);
}

const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: a, image: a:1, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}
  - {name: b, image: b:1, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}
";

/// The findings over [`POD`] of a config for a function that knows nothing of exceptions itself.
fn found(more: Value) -> (Outcome, Vec<(Severity, String, String)>) {
    let mut spec = json!({"requests": {"memory": "64Mi"}});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let config =
        json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Resources", "metadata": {"name": "r"}, "spec": spec});
    let pipeline = read(&crate::common::quiet(config)).unwrap();
    let (mut stream, mut report) = (krmor::parse(POD).unwrap(), Report::default());
    let outcome = pipeline.run(&mut stream, &mut report);
    let tell = |finding: &krmor::report::Finding| {
        let container = finding.pointer().split('/').nth(3).unwrap_or_default().to_owned();
        (finding.severity, finding.rule.id.to_owned(), container)
    };
    (outcome, report.findings.iter().map(tell).collect())
}

#[test]
fn an_exception_covers_what_it_names_and_nothing_else() {
    let own = |number: &str| (Severity::Error, "request-above-limit".to_owned(), number.to_owned());
    let note = |number: &str| (Severity::Info, "exception".to_owned(), number.to_owned());
    assert_eq!(found(json!({})), (Outcome::Findings, vec![own("0"), own("1")]));
    let exception = |entry: Value| found(json!({"exceptions": [entry]}));
    let rule = "request-above-limit";
    let only_a = json!({"target": {"containers": ["a"]}, "rules": [rule], "reason": "a test"});
    assert_eq!(exception(only_a), (Outcome::Findings, vec![note("0"), own("1")]));
    let all = json!({"target": {"name": "p"}, "rules": [rule], "reason": "a test"});
    assert_eq!(exception(all), (Outcome::Ok, vec![note("0"), note("1")]));
    let by_path = json!({"target": {}, "rules": [rule], "fields": [".*limits\\.cpu"], "reason": "a test"});
    assert_eq!(exception(by_path), (Outcome::Ok, vec![note("0"), note("1")]));
    // A field alone is a name that the function has given, and this one gives none.
    let by_field = exception(json!({"target": {}, "fields": ["cpu"], "reason": "a test"}));
    let unused = (Severity::Info, "unused-exception".to_owned(), String::new());
    assert_eq!(by_field, (Outcome::Findings, vec![own("0"), own("1"), unused]));
    let elsewhere = exception(json!({"target": {"name": "q"}, "rules": [rule], "reason": "a test"}));
    assert_eq!(elsewhere.1[2], (Severity::Warning, "unused-exception".to_owned(), String::new()));
}

#[test]
fn severities_are_those_of_the_config() {
    let rules = |setting: &str| found(json!({"severities": {"request-above-limit": setting}}));
    assert_eq!(rules("off"), (Outcome::Ok, Vec::new()));
    let (outcome, findings) = rules("warning");
    assert_eq!((outcome, findings[0].0, findings.len()), (Outcome::Ok, Severity::Warning, 2));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let config = json!({
        "apiVersion": "krmor.dev/v1alpha1", "kind": "Pipeline", "metadata": {"name": "p"},
        "spec": {
            "failOn": "eror",
            "functions": {
                "a.b": {"kind": "SecurityContext", "spec": {"levle": "baseline", "severities": {"conflict/privilegd": "off"}}},
                "c": {"kind": "Resources", "spec": {"requests": {"cpu": 2}, "limits": {"cpu": 1}, "targets": [{"name": "("}]}},
                "d": {"kind": "Prbes"},
            },
        },
    });
    let problems = read(&config).unwrap_err();
    let pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    let expected = [
        "/spec/failOn",
        "/spec/functions/a.b/spec/levle",
        "/spec/functions/a.b/spec/severities/conflict~1privilegd",
        "/spec/functions/c/spec/targets/0/name",
        "/spec/functions/c/spec/requests/cpu",
        "/spec/functions/d/kind",
    ];
    assert_eq!(pointers, expected, "{problems:#?}");
}
