//! What other tools that harden manifests were seen to break, each as a test that krmor does not: Polaris 10.2 (`polaris
//! fix`), Kyverno 1.19 (`kyverno apply` with a policy that mutates), the functions of the kpt catalog.
//!
//! `tests/peers/manifests.yaml` is what they were given: workloads without hardening, with all that people write around it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::psa::ask;
use crate::common::{Done, Folder, krmor, pipe, run, text};
use krmor::pipeline::Outcome;
use krmor::yaml;
use serde_json::{Value, json};

/// What the manifests go through. A function that is to keep what is there, too, gets its row.
const FUNCTIONS: &[(&str, &str)] = &[("SecurityContext", "{}")];

fn pipeline(functions: &[(&str, &str)]) -> String {
    let entry = |(at, (kind, spec)): (usize, &(&str, &str))| format!("    f{at}: {{kind: {kind}, spec: {spec}}}\n");
    let entries: String = functions.iter().enumerate().map(entry).collect();
    format!("apiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nmetadata: {{name: peers}}\nspec:\n  functions:\n{entries}")
}

fn manifests() -> String {
    std::fs::read_to_string("tests/peers/manifests.yaml").unwrap()
}

/// The real program on a stream: its output, or what it says when it refuses.
fn harden(functions: &[(&str, &str)], input: &str) -> Result<String, String> {
    let folder = Folder::new(&format!("peers-{:?}", std::thread::current().id()));
    let config = folder.write("krmor.yaml", pipeline(functions));
    let out = pipe(krmor().args(["run", "--config"]).arg(&config).arg("-"), input.as_bytes());
    if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) }
}

/// The manifests as they come out.
fn hardened() -> String {
    harden(FUNCTIONS, &manifests()).unwrap_or_else(|error| panic!("{error}"))
}

fn security_context(spec: &str, input: &str) -> Result<String, String> {
    harden(&[("SecurityContext", spec)], input)
}

fn values(text: &str) -> Vec<Value> {
    let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap();
    documents.iter().map(|document| document.root().to_value().unwrap()).collect()
}

/// Every object, those of Lists too.
fn objects(text: &str) -> Vec<Value> {
    let flat = |object: Value| match object["items"].as_array() {
        Some(items) if object["kind"] == "List" => items.clone(),
        _ => vec![object],
    };
    values(text).into_iter().flat_map(flat).collect()
}

/// Where the pod of an object is. (krmor's own table is not asked: it might be wrong.)
fn pod_of(object: &Value) -> Option<Value> {
    let pointer = match object["kind"].as_str().unwrap() {
        "Pod" => "",
        "CronJob" => "/spec/jobTemplate/spec/template",
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "Rollout" => "/spec/template",
        _ => return None,
    };
    let template = object.pointer(pointer).unwrap();
    let mut metadata = template.get("metadata").cloned().unwrap_or_else(|| json!({}));
    metadata["name"] = object["metadata"]["name"].clone();
    Some(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}))
}

/// The names of the pods that an API server would not admit at `restricted`.
fn refused(text: &str) -> BTreeSet<String> {
    let pods: Vec<Value> = objects(text).iter().filter_map(pod_of).collect();
    let questions =
        ["v1.35", "latest"].into_iter().flat_map(|version| pods.iter().map(move |pod| ("restricted", version, pod)));
    let asked = questions.clone().map(|(_, _, pod)| pod["metadata"]["name"].as_str().unwrap().to_owned());
    let answers = ask(questions);
    let bad = asked.zip(answers).filter(|(_, answer)| !answer.violations.is_empty() || !answer.invalid.is_empty());
    bad.map(|(name, _)| name).collect()
}

/// Polaris: 0 of 5, it never sets a seccompProfile. Kyverno with its policy library: 0 of 5; with a policy made for it: 4 of 5.
#[test]
fn every_kind_passes_restricted() {
    let names = ["web", "db", "report", "import", "debug", "canary", "logs"].map(str::to_owned);
    assert_eq!(refused(&manifests()), BTreeSet::from(names), "the control: without krmor none is admitted");
    assert_eq!(refused(&hardened()), BTreeSet::new());
}

/// Polaris re-indents lists and joins folded scalars. Kyverno loses comments, order and quotes, writes `0644` as 420, adds
/// `namespace: default`. The catalog's set-namespace re-indents lists, its starlark loses everything.
#[test]
fn every_line_stays_and_only_hardening_is_new() {
    let (before, after) = (manifests(), hardened());
    let hardening = [
        "securityContext:",
        "runAsNonRoot: true",
        "seccompProfile:",
        "type: RuntimeDefault",
        "allowPrivilegeEscalation: false",
        "capabilities:",
        "drop:",
        "- ALL",
    ];
    // The one container on a line of its own gets what it needs on that line.
    let flow = "      - {name: db, image: \"postgres:17\", env: [{name: PGDATA, value: /var/lib/postgresql/data}]}";
    let grown = flow.strip_suffix('}').unwrap().to_owned()
        + ", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}";
    let mut new = after.lines().peekable();
    for line in before.lines() {
        let wanted = if line == flow { grown.as_str() } else { line };
        while let Some(added) = new.next_if(|line| *line != wanted) {
            assert!(hardening.contains(&added.trim_start()), "an added line: {added:?}, before {line:?}");
        }
        assert_eq!(new.next(), Some(wanted), "{line:?} is gone");
    }
    assert_eq!(new.next(), None);
}

/// Polaris overwrites limits, `priorityClassName` and `replicas: 2`, adds `exec` to a probe with `httpGet` (which the API
/// refuses), deletes `NET_BIND_SERVICE`.
#[test]
fn what_is_set_is_kept_to_the_byte() {
    let after = hardened();
    for kept in [
        "  replicas: 2 # two are enough: see the load test\n",
        "      priorityClassName: shop-critical\n",
        "            requests: {cpu: 100m, memory: 64Mi}\n            limits:\n              cpu: \"2\" # bursts while it starts\n              memory: 1Gi\n",
        "          readinessProbe:\n            httpGet: {path: /ready, port: http}\n            periodSeconds: 5\n",
        "          livenessProbe:\n            httpGet:\n              path: /live\n              port: \"http\"\n            failureThreshold: 6\n",
        "                - NET_BIND_SERVICE # port 80\n",
        "            defaultMode: 0644 # octal\n",
        "defaultMode: 0o400}\n",
        "    description: >-\n      Serves the shop,\n      and nothing else.\n",
        "            - >\n              select count(*)\n              from orders\n",
        "          # not a comment of YAML's\n          psql -f /schema.sql   # nor this\n\n          echo \"done: yes\"\n",
        "{rollme: '0123', since: '2024-01-01'}\n",
        "              value: \"0100\"\n",
    ] {
        assert_eq!(manifests().matches(kept).count(), 1, "{kept}");
        assert_eq!(after.matches(kept).count(), 1, "{kept}");
    }
    for never in ["exec:", "namespace: default", "420", "creationTimestamp", "status:", "pullPolicy", "hostNetwork"] {
        assert!(!after.contains(never), "{never}");
    }
    for (before, after) in objects(&manifests()).iter().zip(objects(&after)) {
        let (before, after) = (pod_of(before), pod_of(&after));
        let Some((before, after)) = before.zip(after) else { continue };
        let containers = |pod: &Value| pod["spec"]["containers"].as_array().unwrap().clone();
        for (before, after) in containers(&before).iter().zip(containers(&after)) {
            for key in ["resources", "livenessProbe", "readinessProbe", "startupProbe", "ports", "env", "args"] {
                assert_eq!(before.get(key), after.get(key), "{key}");
            }
            let added = &before["securityContext"]["capabilities"]["add"];
            assert_eq!(added, &after["securityContext"]["capabilities"]["add"]);
        }
    }
}

/// Kyverno emits everything twice under two policies. Polaris writes another order of documents each time.
#[test]
fn documents_come_out_once_and_in_order() {
    let ids = |text: &str| -> Vec<String> {
        objects(text).iter().map(|object| format!("{} {}", object["kind"], object["metadata"])).collect()
    };
    let twice = [("SecurityContext", "{level: baseline}"), ("SecurityContext", "{}"), ("SecurityContext", "{}")];
    for after in [hardened(), harden(&twice, &manifests()).unwrap()] {
        assert_eq!(ids(&after), ids(&manifests()));
        assert_eq!(values(&after).len(), 8);
    }
    assert_eq!(harden(&twice, &manifests()).unwrap(), hardened(), "a second entry has nothing to do");
}

/// Polaris: 20 runs, 20 outputs.
#[test]
fn twenty_runs_give_one_output() {
    let outputs: BTreeSet<String> = (0..20).map(|_| hardened()).collect();
    assert_eq!(outputs.len(), 1);
}

/// Polaris puts the fields of a Rollout at the document's root, and skips a List. Kyverno reaches neither, and panics on a
/// List.
#[test]
fn a_rollout_and_a_list_are_reached_where_their_pods_are() {
    let after = objects(&hardened());
    let one = |name: &str| {
        after.iter().find(|object| object["metadata"]["name"] == name && object["kind"] != "ConfigMap").unwrap()
    };
    for (name, keys) in [
        ("canary", &["apiVersion", "kind", "metadata", "spec"][..]),
        ("logs", &["apiVersion", "kind", "metadata", "spec"]),
    ] {
        let object = one(name).as_object().unwrap();
        assert_eq!(object.keys().collect::<Vec<_>>(), keys, "{name}");
        assert_eq!(object["spec"].get("securityContext"), None, "{name}");
        assert_eq!(object["spec"]["template"].get("securityContext"), None, "{name}");
        assert_eq!(object["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"], true, "{name}");
    }
    for odd in ["items: []", "items:", "items: null", "metadata: {}", "items:\n- null", "items:\n- {}"] {
        let list = format!("apiVersion: v1\nkind: List\n{odd}\n");
        match harden(FUNCTIONS, &list) {
            Ok(out) => assert_eq!(out, list),
            Err(error) => assert!(error.contains("error") && !error.contains("panicked"), "{odd}: {error}"),
        }
    }
}

/// kube-linter drops a Pod whose name is a plain `ON`, which YAML 1.1 reads as a boolean; kube-score aborts.
#[test]
fn a_name_that_old_yaml_reads_as_a_boolean_is_no_way_out() {
    let input =
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: ON\nspec:\n  containers:\n  - name: on\n    image: x:1\n";
    let error = security_context("{}", input).unwrap_err();
    assert!(error.contains("[ambiguous-yaml]"), "{error}");
    let out = security_context(
        "{severities: {'valid/*': 'off'}}",
        &input.replace("ON", "'ON'").replace("name: on", "name: 'on'"),
    )
    .unwrap();
    assert!(out.contains("  name: 'ON'\n") && out.contains("  - name: 'on'\n"), "{out}");
    assert!(out.contains("runAsNonRoot: true") && out.contains("- ALL"), "{out}");
}

/// The states of a field of a container's security context: none, strict, weak.
type States = (&'static str, [Option<&'static str>; 3]);

const STATES: &[States] = &[
    ("privileged", [None, Some("{privileged: false}"), Some("{privileged: true}")]),
    (
        "allowPrivilegeEscalation",
        [None, Some("{allowPrivilegeEscalation: false}"), Some("{allowPrivilegeEscalation: true}")],
    ),
    ("runAsNonRoot", [None, Some("{runAsNonRoot: true}"), Some("{runAsNonRoot: false}")]),
    ("runAsUser", [None, Some("{runAsUser: 1000}"), Some("{runAsUser: 0}")]),
    (
        "seccompProfile",
        [
            None,
            Some("{seccompProfile: {type: Localhost, localhostProfile: p}}"),
            Some("{seccompProfile: {type: Unconfined}}"),
        ],
    ),
    (
        "capabilities.add",
        [None, Some("{capabilities: {add: [NET_BIND_SERVICE]}}"), Some("{capabilities: {add: [NET_ADMIN]}}")],
    ),
    ("procMount", [None, Some("{procMount: Default}"), Some("{procMount: Unmasked}")]),
    ("seLinuxOptions", [None, Some("{seLinuxOptions: {type: container_t}}"), Some("{seLinuxOptions: {type: spc_t}}")]),
];

/// A pod, who is in which state there, and the states to choose from.
type Case = (Value, Vec<(String, Option<&'static str>)>, &'static States);

/// A pod with a container in each list, in the state beside it, and its own state.
fn pod_with(containers: &[(&str, Option<&str>)], of_pod: Option<&str>) -> Value {
    let mut spec = json!({"containers": []});
    for (at, (list, state)) in containers.iter().enumerate() {
        let mut container = json!({"name": format!("c{at}"), "image": "x:1"});
        if let Some(state) = state {
            container["securityContext"] = values(state)[0].clone();
        }
        let list = match *list {
            "sidecars" => {
                container["restartPolicy"] = json!("Always");
                "initContainers"
            }
            list => list,
        };
        match spec[list].as_array_mut() {
            Some(there) => there.push(container),
            None => spec[list] = json!([container]),
        }
    }
    if let Some(state) = of_pod {
        spec["securityContext"] = values(state)[0].clone();
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
}

/// Who is in conflict: `the pod`, `container `c0``.
fn accused(done: &Done) -> BTreeSet<String> {
    done.errors().iter().map(|finding| finding.message.split(" sets ").next().unwrap().to_owned()).collect()
}

/// Everything that is set in `part` is set alike in `whole`.
fn includes(whole: &Value, part: &Value) -> bool {
    match part {
        Value::Object(map) => map.iter().all(|(key, value)| includes(&whole[key], value)),
        part => whole == part,
    }
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers", "ephemeralContainers"].into_iter().map(|list| &pod["spec"][list]);
    lists.filter_map(Value::as_array).flatten()
}

fn context_of<'a>(pod: &'a Value, name: &str) -> &'a Value {
    &containers(pod).find(|container| container["name"] == name).unwrap()["securityContext"]
}

/// Each of `pods` is refused for those who are weak and for nobody else; overridden, it is admitted, and who was strict
/// keeps what is set.
fn judge(pods: &[Case]) {
    let mut out = Vec::new();
    for (pod, parts, (field, states)) in pods {
        let refused = run("SecurityContext", &json!({}), &pod.to_string());
        let weak: BTreeSet<String> = parts
            .iter()
            .filter(|(_, state)| *state == states[2])
            .map(|(who, _)| if who == "the pod" { who.clone() } else { format!("container `{who}`") })
            .collect();
        assert_eq!(accused(&refused), weak, "{field}: {pod}");
        let done = run("SecurityContext", &json!({"conflicts": "override"}), &pod.to_string());
        assert_eq!(done.outcome, Outcome::Ok, "{field}: {pod}");
        let after = values(&done.text).remove(0);
        for (who, state) in parts.iter().filter(|(_, state)| state.is_some() && *state == states[1]) {
            let context = if who == "the pod" { &after["spec"]["securityContext"] } else { context_of(&after, who) };
            assert!(includes(context, &values(state.unwrap())[0]), "{field} of {who}: {pod}\n{after}");
        }
        out.push(after);
    }
    let answers = ask(out.iter().map(|pod| ("restricted", "v1.35", pod)));
    for ((pod, ..), (after, answer)) in pods.iter().zip(out.iter().zip(answers)) {
        assert!(answer.violations.is_empty() && answer.invalid.is_empty(), "{answer:#?}\n{pod}\n{after}");
    }
}

/// Kyverno with a `- (name): "*"` anchor: the first container's state decides for all of them.
#[test]
fn every_container_is_judged_for_itself_in_every_order() {
    let lists = ["initContainers", "sidecars", "containers", "ephemeralContainers"];
    let mut pods = Vec::new();
    for states in STATES {
        for (first, second) in lists.iter().flat_map(|first| lists.iter().map(move |second| (*first, *second))) {
            for (one, two) in states.1.iter().flat_map(|one| states.1.iter().map(move |two| (*one, *two))) {
                // The third is the container that every pod has.
                let pod = pod_with(&[(first, one), (second, two), ("containers", None)], None);
                pods.push((pod, vec![("c0".to_owned(), one), ("c1".to_owned(), two)], states));
            }
        }
    }
    assert_eq!(pods.len(), 8 * 16 * 9);
    judge(&pods);
}

/// What the pod says holds for containers that say nothing, and those that do have the last word.
#[test]
fn containers_inherit_from_the_pod_and_override_it() {
    let inherited = ["runAsNonRoot", "runAsUser", "seccompProfile", "seLinuxOptions"];
    let mut pods = Vec::new();
    for states in STATES.iter().filter(|(field, _)| inherited.contains(field)) {
        for n in 0..27 {
            let [pod, one, two] = [n / 9, n / 3 % 3, n % 3].map(|state| states.1[state]);
            let parts = [("the pod", pod), ("c0", one), ("c1", two)].map(|(who, state)| (who.to_owned(), state));
            pods.push((pod_with(&[("containers", one), ("initContainers", two)], pod), parts.to_vec(), states));
        }
    }
    judge(&pods);
    for (before, parts, (field, states)) in
        pods.iter().filter(|(.., (field, _))| ["runAsNonRoot", "seccompProfile"].contains(field))
    {
        let done = run("SecurityContext", &json!({"conflicts": "override"}), &before.to_string());
        let after = values(&done.text).remove(0);
        let set = |who: &str| parts.iter().any(|(name, state)| name == who && state.is_some());
        for name in ["c0", "c1"] {
            // It stands once: in the pod, unless a container had its own.
            assert_eq!(
                context_of(&after, name).get(field).is_some(),
                set(name),
                "{field} of {name}: {before}\n{after}"
            );
        }
        let needed = set("the pod") || !set("c0") || !set("c1");
        assert_eq!(
            after["spec"]["securityContext"].get(field).is_some(),
            needed,
            "{field} {states:?}: {before}\n{after}"
        );
    }
}
