//! Selectors: kustomize's matching, Kubernetes' grammar of selectors, single containers, and targets that match nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use std::sync::Arc;

use krmor::pods::pods;
use krmor::report::{Finding, Severity};
use krmor::stream::Stream;
use krmor::target::{Matcher, Scope, Selected, Selector};
use serde_json::{Value, json};

fn stream(text: &str) -> Stream {
    Stream::parse(&Arc::new(text.to_owned())).unwrap()
}

fn selector(value: &Value) -> Selector {
    serde_json::from_value(value.clone()).unwrap()
}

fn selectors(list: &Value) -> Vec<Selector> {
    list.as_array().unwrap().iter().map(selector).collect()
}

fn scope(targets: &Value, exclude: &Value) -> Scope {
    Scope { targets: selectors(targets), exclude: selectors(exclude) }
}

fn refused(target: &Value) -> String {
    Scope { targets: vec![selector(target)], exclude: Vec::new() }
        .compile()
        .map(drop)
        .map_err(|found| crate::common::told(&found))
        .unwrap_err()
}

fn select(stream: &Stream, targets: &Value, exclude: &Value) -> (Vec<Selected>, Vec<Finding>) {
    let (pods, mut problems) = pods(stream);
    let (selected, unmatched) = scope(targets, exclude).compile().unwrap().select(stream, pods);
    problems.extend(unmatched);
    (selected, problems)
}

/// `name: container …` for each selected pod, with a `+` behind the name when its own fields are in scope.
fn story(stream: &Stream, targets: &Value, exclude: &Value) -> Vec<String> {
    let (selected, findings) = select(stream, targets, exclude);
    assert!(findings.is_empty(), "{findings:?}");
    let tell = |one: &Selected| {
        let object = stream.object(one.pod.object).unwrap();
        let containers: Vec<String> = one.containers(&object).into_iter().map(|container| container.name).collect();
        assert!(containers.iter().all(|name| one.includes(name)));
        assert_eq!(one.is_partial(&object), containers.len() < one.pod.containers(&object).len());
        format!("{}{}: {}", object.name(), if one.whole_pod { "+" } else { "" }, containers.join(" "))
    };
    selected.iter().map(tell).collect()
}

fn matches(value: &Value, object: &str) -> bool {
    let stream = stream(object);
    Matcher::new(&selector(value), "target").unwrap().matches(&stream.object(0).unwrap())
}

/// What is the matter, and what to do: the one finding of a run.
fn complaint(stream: &Stream, targets: &Value) -> (String, String) {
    let mut findings = select(stream, targets, &json!([])).1;
    assert_eq!(findings.len(), 1, "{findings:?}");
    let finding = findings.remove(0);
    assert_eq!((finding.severity, finding.rule.id), (Severity::Error, "unmatched-target"));
    (finding.message, finding.remedy.unwrap())
}

const APPS: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}, annotations: {team: a/b}}
spec: {template: {spec: {initContainers: [{name: proxy, restartPolicy: Always}, {name: migrate}], containers: [{name: app}, {name: metrics}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: seed, namespace: shop, labels: {app: seed}}
spec: {template: {spec: {containers: [{name: app}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: lone}
spec: {containers: [{name: shell}]}
";

const WEB: &str = "web+: proxy migrate app metrics";
const SEED: &str = "seed+: app";
const LONE: &str = "lone+: shell";

#[test]
fn no_targets_mean_everything() {
    assert_eq!(story(&stream(APPS), &json!([]), &json!([])), [WEB, SEED, LONE]);
    assert_eq!(story(&stream(APPS), &json!([{}]), &json!([])), [WEB, SEED, LONE]);
}

#[test]
fn every_field_selects() {
    let stream = stream(APPS);
    let none = json!([]);
    for (target, wanted) in [
        (json!({"group": "apps"}), vec![WEB]),
        (json!({"group": ""}), vec![LONE]),
        (json!({"group": "apps|batch"}), vec![WEB, SEED]),
        (json!({"version": "v1"}), vec![WEB, SEED, LONE]),
        (json!({"version": "v1(alpha.*)?", "kind": "Job"}), vec![SEED]),
        (json!({"kind": "Deployment"}), vec![WEB]),
        (json!({"kind": "Dep.*|Pod"}), vec![WEB, LONE]),
        (json!({"name": "web"}), vec![WEB]),
        (json!({"name": "[ws]e.*"}), vec![WEB, SEED]),
        (json!({"namespace": "shop"}), vec![WEB, SEED]),
        (json!({"namespace": "default"}), vec![LONE]),
        (json!({"namespace": ""}), vec![LONE]),
        (json!({"namespace": "s.*", "name": "s.*"}), vec![SEED]),
        (json!({"labelSelector": "app=web"}), vec![WEB]),
        (json!({"labelSelector": "app in (web, seed), !tier"}), vec![SEED]),
        (json!({"annotationSelector": "team"}), vec![WEB]),
        (json!({"annotationSelector": "team=a/b"}), vec![WEB]),
        (json!({"annotationSelector": "!team", "labelSelector": "app"}), vec![SEED]),
    ] {
        assert_eq!(story(&stream, &json!([target]), &none), wanted, "{target}");
    }
}

#[test]
fn expressions_must_match_from_the_first_to_the_last_character() {
    let object = "kind: Deployment\nmetadata: {name: web-api}\n";
    for (name, wanted) in [
        ("web", false),
        ("api", false),
        ("web-api", true),
        ("web.*", true),
        (".*api", true),
        ("web|api", false),
        ("web|web-api", true),
        ("^web-api$", true),
        ("WEB-API", false),
        ("(?i)WEB-API", true),
        ("web-ap[^x]", true),
        (".", false),
        ("web-api.+", false),
    ] {
        assert_eq!(matches(&json!({"name": name}), object), wanted, "{name}");
    }
}

#[test]
fn earlier_names_namespaces_and_kinds_count() {
    let object = "apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: prod-eu-web
  namespace: live
  annotations:
    internal.config.kubernetes.io/previousNames: web,eu-web
    internal.config.kubernetes.io/previousNamespaces: default,staging
    internal.config.kubernetes.io/previousKinds: Deployment,Deployment
";
    for (target, wanted) in [
        (json!({"name": "web"}), true),
        (json!({"name": "eu-web"}), true),
        (json!({"name": "prod-eu-web"}), true),
        (json!({"name": "web,eu-web"}), false),
        (json!({"name": "eu"}), false),
        (json!({"namespace": "live"}), true),
        (json!({"namespace": "staging"}), true),
        (json!({"namespace": "default"}), true),
        (json!({"namespace": "other"}), false),
        (json!({"kind": "Deployment"}), true),
        (json!({"kind": "StatefulSet"}), true),
        (json!({"kind": "Job"}), false),
        (json!({"name": "web", "namespace": "staging", "kind": "Deployment", "group": "apps"}), true),
    ] {
        let of_targets = Matcher::new(&selector(&target), "target").unwrap().with_previous();
        assert_eq!(of_targets.matches(&stream(object).object(0).unwrap()), wanted, "{target}");
        let mut trusting = target.clone();
        trusting["previous"] = json!(true);
        assert_eq!(matches(&trusting, object), wanted, "{target}");
        let is_present = target
            .as_object()
            .unwrap()
            .values()
            .all(|text| ["prod-eu-web", "live", "StatefulSet", "apps"].contains(&text.as_str().unwrap()));
        assert_eq!(matches(&target, object), wanted && is_present, "{target}: what loosens does not trust annotations");
    }
}

/// Anybody who writes a manifest can write the annotations of earlier names: an exclude or exception does not trust them.
#[test]
fn excludes_match_what_objects_are_called_now() {
    let claims = |key: &str, value: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: evil\n  namespace: shop\n  annotations: {{internal.config.kubernetes.io/{key}: '{value}'}}\nspec: {{containers: [{{name: a}}]}}\n"
        )
    };
    for (key, value, exclude) in [
        ("previousNames", "node-agent", json!({"name": "node-agent"})),
        ("previousNames", "x,node-agent", json!({"name": "node-.*"})),
        ("previousNamespaces", "kube-system", json!({"namespace": "kube-system"})),
        ("previousKinds", "DaemonSet", json!({"kind": "DaemonSet"})),
        ("previousNames", "node-agent", json!({"name": "node-agent", "containers": ["a"]})),
    ] {
        let stream = stream(&claims(key, value));
        let (selected, findings) = select(&stream, &json!([]), &json!([exclude]));
        assert_eq!(selected.len(), 1, "{key}");
        let object = stream.object(0).unwrap();
        assert_eq!(selected[0].containers(&object).len(), 1, "{key}");
        let finding = &findings[0];
        assert_eq!(
            (findings.len(), finding.severity, finding.rule.id),
            (1, Severity::Error, "unmatched-target"),
            "{key}"
        );
        assert!(finding.remedy.as_deref().unwrap().contains("`previous: true`"), "{key}");
        let mut trusting = exclude.clone();
        trusting["previous"] = json!(true);
        let (selected, findings) = select(&stream, &json!([]), &json!([trusting]));
        let left = selected.iter().flat_map(|one| one.containers(&object)).count();
        assert_eq!((left, findings.len()), (0, 0), "{key}: the author of the config trusts them");
        let mut optional = exclude.clone();
        optional["optional"] = json!(true);
        assert_eq!(select(&stream, &json!([]), &json!([optional])).1.len(), 0, "{key}");
    }
    // An exclude that matches nothing at all has always been no error.
    assert_eq!(story(&stream(APPS), &json!([]), &json!([{"name": "other"}])), [WEB, SEED, LONE]);
}

#[test]
fn the_grammar_of_selectors_is_that_of_kubernetes() {
    // As `labels.Parse` of kustomize judges them: None is a syntax error.
    let cases: &[(&str, Option<bool>)] = &[
        ("", Some(true)),
        ("  ", Some(true)),
        ("app", Some(true)),
        ("!app", Some(false)),
        ("! nope", Some(true)),
        ("nope", Some(false)),
        ("app=web", Some(true)),
        ("app==web", Some(true)),
        ("app = web", Some(true)),
        ("app=api", Some(false)),
        ("app!=web", Some(false)),
        ("app!=api", Some(true)),
        ("nope!=web", Some(true)),
        ("nope=", Some(false)),
        ("blank=", Some(true)),
        ("blank", Some(true)),
        ("blank=,app", Some(true)),
        ("app in (web)", Some(true)),
        ("app in (api,web)", Some(true)),
        ("app in(api, web)", Some(true)),
        ("app in (api)", Some(false)),
        ("nope in (web)", Some(false)),
        ("app notin (web)", Some(false)),
        ("app notin (api, db)", Some(true)),
        ("nope notin (web)", Some(true)),
        ("blank in ()", Some(true)),
        ("blank in (,)", Some(true)),
        ("blank in (a,)", Some(true)),
        ("app in (,web)", Some(true)),
        ("app notin ()", Some(true)),
        ("in in (in, notin)", Some(true)),
        ("in=in", Some(true)),
        ("notin!=x", Some(true)),
        ("count>9", Some(true)),
        ("count > 10", Some(false)),
        ("count<11", Some(true)),
        ("app>1", Some(false)),
        ("nope<1", Some(false)),
        ("example.com/part=one", Some(true)),
        ("example.com/part in (two)", Some(false)),
        ("app=web,tier=front", Some(true)),
        ("app=web , tier!=back, !legacy ,count>1", Some(true)),
        ("app=web,tier=back", Some(false)),
        ("app\t=\nweb", Some(true)),
        ("app=web,", None),
        (",app", None),
        ("app,,tier", None),
        ("app web", None),
        ("app===web", None),
        ("app=web=x", None),
        ("app=!web", None),
        ("!app=web", None),
        ("!!app", None),
        ("app in web", None),
        ("app in (web", None),
        ("app in (web))", None),
        ("app in ((web))", None),
        ("app in (web api)", None),
        ("app in", None),
        ("app notin", None),
        ("(app)", None),
        ("=web", None),
        ("app>", None),
        ("app>x", None),
        ("app~web", None),
        ("-app", None),
        ("app-", None),
        ("a/b/c", None),
        ("/app", None),
        ("example.com/", None),
        ("Example.com/part", None),
        ("app=-web", None),
        ("app=a/b", None),
        ("app in (web,_x)", None),
        ("app=wéb", None),
        ("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd", None),
    ];
    let object = "kind: Deployment
metadata:
  labels: {app: web, tier: front, blank: '', in: in, count: '10', example.com/part: one}
";
    for (text, wanted) in cases {
        let stream = stream(object);
        let matcher = Matcher::new(&selector(&json!({"labelSelector": text})), "target");
        let found = matcher.ok().map(|matcher| matcher.matches(&stream.object(0).unwrap()));
        assert_eq!(found, *wanted, "{text:?}");
    }
}

#[test]
fn values_that_should_have_been_quoted_count_as_text() {
    let object = "kind: Deployment\nmetadata: {labels: {on: true, number: 7, nothing: }}\n";
    for text in ["on=true", "number=7", "number>6", "nothing=", "nothing"] {
        assert!(matches(&json!({"labelSelector": text}), object), "{text}");
    }
    // No labels at all, or something else in their place.
    for object in
        ["kind: Deployment\n", "kind: Deployment\nmetadata: {labels: [app]}\n", "kind: Deployment\nmetadata: text\n"]
    {
        assert!(!matches(&json!({"labelSelector": "app"}), object));
        assert!(matches(&json!({"labelSelector": "!app"}), object));
    }
}

#[test]
fn annotations_may_hold_what_labels_may_not() {
    let object = "kind: Deployment\nmetadata: {annotations: {url: 'https://x.example/y'}}\n";
    assert!(matches(&json!({"annotationSelector": "url=https://x.example/y"}), object));
    let error = refused(&json!({"labelSelector": "url=https://x.example/y"}));
    let refusal = "`https://x.example/y` is not a label value: it has `:`; write nothing, or at most 63 letters, digits, `-`, `_` \
                   and `.`, with a letter or digit at both ends";
    assert_eq!(error, format!("targets[0].labelSelector: `url=https://x.example/y`: {refusal}"));
}

#[test]
fn targets_add_up_and_excludes_take_away() {
    let stream = stream(APPS);
    let both = json!([{"kind": "Deployment"}, {"name": "seed"}]);
    assert_eq!(story(&stream, &both, &json!([])), [WEB, SEED]);
    assert_eq!(story(&stream, &both, &json!([{"labelSelector": "app=web"}])), [SEED]);
    assert_eq!(story(&stream, &json!([]), &json!([{"name": "seed"}, {"kind": "Pod"}])), [WEB]);
    // What an exclude takes was matched all the same, and an exclude need not match.
    assert_eq!(
        story(&stream, &json!([{"name": "seed"}]), &json!([{"name": "seed"}, {"name": "nobody"}])),
        Vec::<String>::new()
    );
}

#[test]
fn a_target_may_name_containers() {
    let stream = stream(APPS);
    let none = json!([]);
    let named = |containers: Value| json!([{"containers": containers}]);
    assert_eq!(story(&stream, &named(json!(["app"])), &none), ["web: app", "seed: app"]);
    assert_eq!(story(&stream, &named(json!(["m.*", "proxy"])), &none), ["web: proxy migrate metrics"]);
    // Names are anchored here too.
    assert_eq!(story(&stream, &json!([{"containers": ["met"], "optional": true}]), &none), Vec::<String>::new());
    // Two targets for one pod add up, and one for the whole pod is the stronger one.
    let two = json!([{"kind": "Deployment", "containers": ["app"]}, {"name": "web", "containers": ["proxy"]}]);
    assert_eq!(story(&stream, &two, &none), ["web: proxy app"]);
    let whole = json!([{"kind": "Deployment", "containers": ["app"]}, {"name": "web"}]);
    assert_eq!(story(&stream, &whole, &none), [WEB]);
}

#[test]
fn an_exclude_may_name_containers() {
    let stream = stream(APPS);
    let web = json!([{"name": "web"}]);
    assert_eq!(story(&stream, &web, &json!([{"containers": ["proxy"]}])), ["web+: migrate app metrics"]);
    assert_eq!(
        story(&stream, &web, &json!([{"containers": [".*r.*"]}, {"kind": "Deployment", "containers": ["app"]}])),
        ["web+: "]
    );
    assert_eq!(story(&stream, &web, &json!([{"kind": "Job", "containers": ["app"]}])), [WEB]);
    // Nothing is left of a pod of which only one container was meant.
    let app = json!([{"containers": ["app"]}]);
    assert_eq!(story(&stream, &app, &json!([{"kind": "Job", "containers": ["app"]}])), ["web: app"]);
}

#[test]
fn a_pod_is_partial_when_a_container_is_out_of_scope() {
    let stream = stream(APPS);
    let partial = |targets: Value, exclude: Value| {
        let selected = select(&stream, &targets, &exclude).0.remove(0);
        selected.is_partial(&stream.object(selected.pod.object).unwrap())
    };
    assert!(!partial(json!([]), json!([])));
    assert!(!partial(json!([]), json!([{"containers": ["nobody"]}])));
    assert!(partial(json!([]), json!([{"containers": ["app"]}])));
    assert!(partial(json!([{"containers": ["app"]}]), json!([])));
    assert!(!partial(json!([{"containers": [".*"]}]), json!([])));
}

#[test]
fn every_template_of_an_object_is_selected() {
    let stream = stream(
        "apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: train}
spec:
  replicatedJobs:
  - {name: a, template: {spec: {template: {spec: {containers: [{name: one}]}}}}}
  - {name: b, template: {spec: {template: {spec: {containers: [{name: two}]}}}}}
",
    );
    assert_eq!(story(&stream, &json!([{"name": "train"}]), &json!([])), ["train+: one", "train+: two"]);
    assert_eq!(story(&stream, &json!([{"containers": ["two"]}]), &json!([])), ["train: two"]);
    assert_eq!(story(&stream, &json!([]), &json!([{"name": "train"}])), Vec::<String>::new());
}

#[test]
fn a_target_that_matches_nothing_is_an_error_with_the_likely_remedy() {
    let stream = stream(APPS);
    let end = "correct the target, or set `optional: true` if it need not match";
    for (target, shown, hint) in [
        (json!({"name": "wbe"}), "{name: wbe}", "did you mean `name: web`? If not, "),
        (json!({"kind": "Deploymnet"}), "{kind: Deploymnet}", "did you mean `kind: Deployment`? If not, "),
        (
            json!({"kind": "Job", "namespace": "shpo"}),
            "{kind: Job, namespace: shpo}",
            "did you mean `namespace: shop`? If not, ",
        ),
        (json!({"name": "frontend"}), "{name: frontend}", ""),
        (
            json!({"kind": "Deployment", "name": "eb"}),
            "{kind: Deployment, name: eb}",
            "Deployment shop/web has a name with a prefix or suffix, and the one before is known only while kustomize renders: \
             a `labelSelector` matches before and after, and so does `name: '(w)?eb'`; ",
        ),
        (
            json!({"kind": "Deployment", "name": "frontend"}),
            "{kind: Deployment, name: frontend}",
            "the closest is Deployment shop/web, but `name` does not match; ",
        ),
        (
            json!({"group": "apps", "name": "wep", "labelSelector": "app=api"}),
            "{group: apps, name: wep, labelSelector: app=api}",
            "the closest is Deployment shop/web, but `name` and `labelSelector` do not match; ",
        ),
        (json!({"annotationSelector": "team=c"}), "{annotationSelector: team=c}", ""),
        (json!({"kind": "Service"}), "{kind: Service}", "Service web has no pods; "),
        (
            json!({"name": "web", "containers": ["ap"]}),
            "{name: web, containers: [ap]}",
            "did you mean the container `app` of Deployment shop/web? If not, ",
        ),
        (
            json!({"name": "web", "containers": ["sidecar"]}),
            "{name: web, containers: [sidecar]}",
            "Deployment shop/web has other containers: `proxy`, `migrate`, `app`, `metrics`; ",
        ),
        (
            json!({"kind": "Pod", "containers": ["shel"]}),
            "{kind: Pod, containers: [shel]}",
            "did you mean the container `shell` of Pod lone? If not, ",
        ),
    ] {
        let wanted = (format!("`{shown}` matches nothing"), format!("{hint}{end}"));
        assert_eq!(complaint(&stream, &json!([target])), wanted);
    }
}

#[test]
fn each_unmatched_target_is_named_unless_it_is_optional() {
    let stream = stream(APPS);
    let targets = json!([{"name": "web"}, {"name": "gone", "optional": true}, {"name": "lost"}]);
    let (selected, findings) = select(&stream, &targets, &json!([]));
    assert_eq!(selected.len(), 1);
    let messages: Vec<&str> = findings.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(messages, ["`{name: lost}` matches nothing"]);
    let (selected, findings) = select(&stream, &json!([{"name": "gone", "optional": true}]), &json!([]));
    assert!(selected.is_empty() && findings.is_empty(), "an optional target is still a target");
    // In a stream without pods, too.
    assert_eq!(
        complaint(&self::stream("kind: ConfigMap\napiVersion: v1\n"), &json!([{"name": "web"}])).0,
        "`{name: web}` matches nothing"
    );
}

#[test]
fn what_cannot_be_read_is_refused_by_its_field() {
    for (target, wanted) in [
        (json!({"name": "we(b"}), "targets[0].name: `we(b` is not a regular expression: "),
        (json!({"kind": "*"}), "targets[0].kind: `*` is not a regular expression: "),
        (json!({"name": "a)(b"}), "targets[0].name: `a)(b` is not a regular expression: "),
        (json!({"containers": ["ok", "[a"]}), "targets[0].containers[1]: `[a` is not a regular expression: "),
        (json!({"name": ""}), "targets[0].name: it is empty; leave it out to match every name"),
        (json!({"kind": ""}), "targets[0].kind: it is empty; leave it out to match every kind"),
        (
            json!({"labelSelector": "app in web"}),
            "targets[0].labelSelector: `app in web`: expected `(` behind `in` or `notin`, found `web`",
        ),
        (
            json!({"labelSelector": "app in (web"}),
            "targets[0].labelSelector: `app in (web`: expected `,` or `)`, found the end",
        ),
        (
            json!({"labelSelector": "app is web"}),
            "targets[0].labelSelector: `app is web`: expected `=`, `!=`, `in` or `notin` behind `app`, found `is`",
        ),
        (
            json!({"annotationSelector": "a=b c"}),
            "targets[0].annotationSelector: `a=b c`: expected `,` or the end, found `c`",
        ),
        (json!({"annotationSelector": "a=b,"}), "targets[0].annotationSelector: `a=b,`: expected a key, found the end"),
        (
            json!({"labelSelector": "a>b"}),
            "targets[0].labelSelector: `a>b`: `<` and `>` compare whole numbers, and `b` is none",
        ),
        (
            json!({"labelSelector": "a_=b"}),
            "targets[0].labelSelector: `a_=b`: `a_` is not a key of a label or annotation",
        ),
    ] {
        let error = refused(&target);
        assert!(error.starts_with(wanted), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn an_exclude_of_everything_by_mistake_is_refused() {
    for exclude in [json!({}), json!({"optional": true}), json!({"labelSelector": " "})] {
        let error = scope(&json!([]), &json!([{"name": "web"}, exclude])).compile().unwrap_err();
        assert_eq!(crate::common::told(&error), "exclude[1]: it is empty and would exclude everything");
    }
    assert_eq!(story(&stream(APPS), &json!([]), &json!([{"name": ".*"}])), Vec::<String>::new());
}

#[test]
fn whole_objects_are_selected_too() {
    let stream = stream(APPS);
    let chosen = |targets: Value, exclude: Value| {
        let all = stream.objects().map(|object| object.id());
        let (chosen, problems) = scope(&targets, &exclude).compile().unwrap().select_objects(&stream, all);
        (chosen, problems.into_iter().filter_map(|found| found.remedy).collect::<Vec<_>>())
    };
    assert_eq!(chosen(json!([]), json!([])), (vec![0, 1, 2, 3], vec![]));
    assert_eq!(chosen(json!([{"name": "web"}]), json!([{"kind": "Deployment"}])), (vec![2], vec![]));
    // Containers are nothing that a whole object can be selected by.
    assert_eq!(chosen(json!([]), json!([{"containers": ["app"]}])).0, [0, 1, 2, 3]);
    let (found, remedies) = chosen(json!([{"containers": ["app"]}]), json!([]));
    assert!(found.is_empty());
    assert!(
        remedies[0].starts_with("this function works on whole objects, where `containers` selects none; "),
        "{remedies:?}"
    );
    // A function may offer less than the stream holds.
    let scope = scope(&json!([{"kind": "Job"}]), &json!([])).compile().unwrap();
    let (chosen, problems) = scope.select_objects(&stream, [0, 2]);
    assert!(chosen.is_empty());
    let remedy = problems[0].remedy.as_deref().unwrap();
    assert!(remedy.starts_with("Job shop/seed is not what this function works on; "), "{remedy}");
}

#[test]
fn a_matcher_answers_for_exceptions() {
    let stream = stream(APPS);
    let object = stream.object(0).unwrap();
    let matcher =
        Matcher::new(&selector(&json!({"name": "web", "containers": ["app", "m.+"]})), "exceptions[0].target").unwrap();
    assert!(matcher.matches(&object) && matcher.names_containers());
    assert_eq!(
        ["app", "metrics", "m", "proxy", ""].map(|name| matcher.matches_container(name)),
        [true, true, false, false, false]
    );
    let whole = Matcher::new(&selector(&json!({"name": "web"})), "exceptions[1].target").unwrap();
    assert!(!whole.names_containers() && whole.matches_container("anything"));
    assert_eq!((whole.conditions(), Matcher::new(&Selector::default(), "").unwrap().conditions()), (1, 0));
    let error = Matcher::new(&selector(&json!({"name": "("})), "/exceptions/2/target").unwrap_err();
    assert_eq!(error[0].pointer, "/exceptions/2/target/name");
}

#[test]
fn selectors_are_read_strictly() {
    for (value, why) in [
        (json!({"lableSelector": "a"}), "unknown field `lableSelector`"),
        (json!({"label_selector": "a"}), "unknown field `label_selector`"),
        (json!({"name": 1}), "invalid type: integer `1`"),
        (json!({"containers": "app"}), "invalid type: string"),
        (json!({"optional": "yes"}), "invalid type: string"),
    ] {
        let error = serde_json::from_value::<Selector>(value).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert_eq!(selector(&json!({"name": null})), Selector::default());
}

#[test]
fn every_field_of_a_selector_is_described() {
    let schema = serde_json::to_value(schemars::schema_for!(Selector)).unwrap();
    assert_eq!(schema["additionalProperties"], json!(false));
    let fields = schema["properties"].as_object().unwrap();
    assert_eq!(fields.len(), 10);
    for (name, field) in fields {
        assert!(field["description"].is_string(), "{name}");
    }
}

#[test]
fn a_selector_is_shown_as_it_would_be_written() {
    let shown = |value: &Value| selector(value).to_string();
    assert_eq!(shown(&json!({})), "{}");
    assert_eq!(
        shown(
            &json!({"name": "a|b", "group": "", "labelSelector": "a in (b, c)", "containers": ["x", "[y]"], "optional": true})
        ),
        "{group: \"\", name: a|b, labelSelector: 'a in (b, c)', containers: [x, '[y]']}"
    );
}
