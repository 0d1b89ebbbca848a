//! Law 4: what the changes of a run do to the user's values, and above all to the security fields of pods.

use krmor::pods;
use krmor::report::{Change, Class};
use krmor::stream::Stream;
use krmor::strictness::{self, Difference, Level, Order};
use krmor::workload::Shape;
use krmor::yaml::Op;
use serde_json::{Value, json};

use super::parse;
use crate::common::Random;

/// A pod, what pods are made from, or containers: the document, the pointer, and what is there.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) document: usize,
    pub(super) pointer: String,
    pub(super) shape: Shape,
}

/// The pods of a stream.
pub(super) fn pods(stream: &Stream) -> Vec<Place> {
    let all = pods::pods(stream).0;
    let places = all.iter().filter_map(|pod| {
        let object = stream.object(pod.object)?;
        let pointer = format!("{}{}", object.prefix(), pod.template.as_ref().unwrap_or(&pod.spec));
        Some(Place { document: object.document(), pointer, shape: pod.shape })
    });
    places.collect()
}

/// What a config lets a run do.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked {
    /// To change explicit values of the user's.
    pub(super) overrides: bool,
    /// To leave uids and gids to OpenShift, which gives each namespace its own: the one case in which a value that is
    /// no weaker than the absent one goes.
    pub(super) openshift: bool,
}

impl Asked {
    pub(super) fn of(config: &Value) -> Self {
        let config = config.to_string();
        let asks = ["\"override\"", "\"overwrite\":true", "\"mode\":\"set\"", "\"convert\":", "\"autoscaling\":"];
        Self {
            overrides: asks.iter().any(|asked| config.contains(asked)),
            openshift: config.contains("\"profile\":\"openshift\"") && config.contains("\"conflicts\":\"override\""),
        }
    }
}

/// The documents of a stream while the changes of a run are made again.
struct Replay<'a> {
    values: Vec<Option<Value>>,
    pods: Vec<Place>,
    asked: Asked,
    broken: Vec<String>,
    change: Option<&'a Change>,
}

/// What of the law the changes break.
pub(super) fn broken(documents: Vec<Option<Value>>, pods: Vec<Place>, changes: &[Change], asked: Asked) -> Vec<String> {
    let mut replay = Replay { values: documents, pods, asked, broken: Vec::new(), change: None };
    let mut before: Vec<Option<Value>> = replay.pods.iter().map(|place| replay.pod(place)).collect();
    for change in changes {
        replay.change = Some(change);
        let gone = replay.make(change);
        for at in gone.into_iter().rev() {
            replay.pods.remove(at);
            before.remove(at);
        }
    }
    for (place, before) in replay.pods.clone().iter().zip(before) {
        let (Some(before), Some(after)) = (before, replay.pod(place)) else { continue };
        for one in strictness::differences(&before, &after) {
            replay.change = None;
            replay.check_weaker(&one);
        }
    }
    replay.broken
}

impl Replay<'_> {
    fn pod(&self, place: &Place) -> Option<Value> {
        let value = self.values.get(place.document)?.as_ref()?.pointer(&place.pointer).cloned()?;
        Some(match place.shape {
            Shape::Template => value,
            Shape::Spec => json!({"spec": value}),
            Shape::Containers => json!({"spec": {"containers": value}}),
            Shape::Container => json!({"spec": {"containers": [value]}}),
        })
    }

    fn breaks(&mut self, problem: &str) {
        let change = self.change.map_or("the whole run".to_owned(), |change| {
            format!("{} {} {} ({})", change.op.name(), change.path, change.value, change.why.class.name())
        });
        self.broken.push(format!("{change}: {problem}"));
    }

    fn check_weaker(&mut self, one: &Difference) {
        let left_to_openshift = ["/securityContext/runAsUser", "/securityContext/runAsGroup"].contains(&one.path);
        if one.order == Order::Weaker && !(self.asked.openshift && left_to_openshift) {
            self.breaks(&format!("weakens {} of {}", one.path, one.container.as_deref().unwrap_or("the pod")));
        }
    }

    /// Makes a change: the numbers of the pods that are gone with it.
    fn make(&mut self, change: &Change) -> Vec<usize> {
        let class = change.why.class;
        if change.after.is_some() {
            if class != Class::Added {
                self.breaks("a new object is added");
            }
            self.values.push(Some(change.value.clone()));
            return Vec::new();
        }
        let there = self.values[change.document].as_ref().and_then(|value| value.pointer(&change.path)).cloned();
        let into_list =
            change.op == Op::Add && change.path.rsplit('/').next().is_some_and(|t| t.parse::<usize>().is_ok());
        let there = there.filter(|value| !value.is_null() && !into_list);
        if change.previous.as_deref().filter(|value| !value.is_null()) != there.as_ref() {
            self.breaks("something else was there before");
        }
        match class {
            Class::Added if there.is_some() => self.breaks("was there, but counts as added"),
            // An overridden value may be one that a container inherits, and does no more.
            Class::Raised | Class::Updated if there.is_none() => self.breaks("was not there"),
            Class::Overridden if !self.asked.overrides => self.breaks("was overridden unasked"),
            _ => {}
        }
        if change.takes_object() {
            return self.take(change);
        }
        let near = |place: &&Place| {
            place.document == change.document
                && (place.pointer.starts_with(&change.path) || change.path.starts_with(&place.pointer))
        };
        let near: Vec<Place> = self.pods.iter().filter(near).cloned().collect();
        let before: Vec<Option<Value>> = near.iter().map(|place| self.pod(place)).collect();
        let patch = json!([{"op": change.op.name(), "path": change.path, "value": change.value}]);
        let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
        json_patch::patch(self.values[change.document].as_mut().unwrap(), &patch).unwrap();
        let mut differences = Vec::new();
        for (place, before) in near.iter().zip(before) {
            let (Some(before), Some(after)) = (before, self.pod(place)) else { continue };
            differences.extend(strictness::differences(&before, &after));
        }
        for one in &differences {
            self.check_weaker(one);
        }
        if class == Class::Raised
            && (differences.is_empty() || differences.iter().any(|it| it.order != Order::Stricter))
        {
            self.breaks("counts as raised, and is not stricter");
        }
        Vec::new()
    }

    /// Takes an object out: a document, or an item of a `List`, behind which the others move up.
    fn take(&mut self, change: &Change) -> Vec<usize> {
        let of_document = |place: &Place| place.document == change.document;
        if change.path.is_empty() {
            self.values[change.document] = None;
            return (0..self.pods.len()).filter(|at| of_document(&self.pods[*at])).collect();
        }
        let (list, at) = change.path.rsplit_once('/').unwrap();
        let at: usize = at.parse().unwrap();
        let items = self.values[change.document].as_mut().unwrap().pointer_mut(list).unwrap();
        items.as_array_mut().unwrap().remove(at);
        let mut gone = Vec::new();
        for (number, place) in self.pods.iter_mut().enumerate() {
            let Some(rest) = place.pointer.strip_prefix(&format!("{list}/")) else { continue };
            let (own, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let own: usize = own.parse().unwrap();
            match own.cmp(&at) {
                _ if place.document != change.document => {}
                std::cmp::Ordering::Equal => gone.push(number),
                std::cmp::Ordering::Greater => place.pointer = format!("{list}/{}{rest}", own - 1),
                std::cmp::Ordering::Less => {}
            }
        }
        gone
    }
}

/// Values of each security field, weak and strict ones.
const SAMPLES: &[(&str, &[&str])] = &[
    ("/securityContext/privileged", &["true", "false"]),
    ("/securityContext/allowPrivilegeEscalation", &["true", "false"]),
    ("/securityContext/capabilities/add", &["[NET_BIND_SERVICE]", "[CHOWN]", "[CAP_SYS_ADMIN, KILL]", "[ALL]", "[]"]),
    ("/securityContext/capabilities/drop", &["[ALL]", "[KILL]", "[NET_RAW, ALL]", "[]"]),
    ("/securityContext/runAsNonRoot", &["true", "false"]),
    ("/securityContext/runAsUser", &["0", "1000", "2000"]),
    ("/securityContext/runAsGroup", &["0", "1000"]),
    ("/securityContext/fsGroup", &["0", "1000"]),
    ("/securityContext/supplementalGroups", &["[0]", "[5, 6]"]),
    ("/securityContext/supplementalGroupsPolicy", &["Merge", "Strict"]),
    ("/securityContext/seccompProfile", &["{type: Unconfined}", "{type: RuntimeDefault}", LOCAL]),
    ("/securityContext/appArmorProfile", &["{type: Unconfined}", "{type: RuntimeDefault}", LOCAL]),
    ("/securityContext/seLinuxOptions", &["{type: spc_t}", "{type: container_t}", "{level: s0}", "{user: u, role: r}"]),
    ("/securityContext/procMount", &["Default", "Unmasked"]),
    (
        "/securityContext/sysctls",
        &["[{name: kernel.msgmax, value: '1'}]", "[{name: net.ipv4.tcp_syncookies, value: '1'}]"],
    ),
    ("/securityContext/windowsOptions/hostProcess", &["false", "true"]),
    ("/securityContext/readOnlyRootFilesystem", &["true", "false"]),
    ("/hostNetwork", &["true", "false"]),
    ("/hostPID", &["true", "false"]),
    ("/hostIPC", &["true", "false"]),
    ("/hostUsers", &["true", "false"]),
    ("/shareProcessNamespace", &["true", "false"]),
    ("/automountServiceAccountToken", &["true", "false"]),
    (
        "/volumes",
        &["[{name: a, emptyDir: {}}]", "[{name: b, hostPath: {path: /}}]", "[{name: c, nfs: {server: s, path: /}}]"],
    ),
    ("/ports", &["[{containerPort: 80, name: http}]", "[{containerPort: 81, hostPort: 81}]"]),
];

const LOCAL: &str = "{type: Localhost, localhostProfile: own}";

/// A pod in which every security field may stand, where it may, with any of its values.
pub(super) fn pod(random: &mut Random, name: &str) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": {}},
        "spec": {"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}],
            "initContainers": [{"name": "c", "image": "i"}]},
    });
    let places = ["/spec", "/spec/containers/0", "/spec/containers/1", "/spec/initContainers/0"];
    for field in strictness::FIELDS {
        let samples = SAMPLES.iter().find(|(path, _)| *path == field.path);
        let samples = samples.map_or(["host.example", ""].as_slice(), |(_, samples)| samples);
        for place in places {
            let fits = match field.level {
                Level::Pod => place == "/spec",
                Level::Container => place != "/spec",
                Level::Both => true,
            };
            // Sidecars and init containers have no probes; what is refused in most pods stands in few.
            let is_probe = field.path.contains("Probe/") || field.path.starts_with("/lifecycle/");
            if !fits || is_probe && place.contains("init") || random.below(if is_probe { 30 } else { 8 }) > 0 {
                continue;
            }
            let value = parse(random.pick::<&str>(samples))
                .first()
                .map_or(json!(""), |sample| sample.root().to_value().unwrap());
            put(&mut pod, &format!("{place}{}", field.path), value);
        }
    }
    for container in ["a", "b"] {
        if random.below(8) == 0 {
            let key = format!("container.apparmor.security.beta.kubernetes.io/{container}");
            pod["metadata"]["annotations"][key] =
                json!(random.pick(&["runtime/default", "unconfined", "localhost/own"]));
        }
    }
    pod
}

fn put(value: &mut Value, pointer: &str, new: Value) {
    let mut at = value;
    for token in pointer.split('/').skip(1) {
        at = match at.is_array() {
            true => &mut at[token.parse::<usize>().unwrap()],
            false => &mut at[token],
        };
    }
    *at = new;
}

mod tests {
    use std::sync::Arc;

    use super::*;
    use krmor::report::{Rule, Severity, Why};

    static RULE: Rule = Rule { id: "made-up", summary: "", severity: Severity::Info, help: "" };

    const STRICT: &str = r#"
apiVersion: v1
kind: Pod
metadata:
  name: strict
  annotations: {container.apparmor.security.beta.kubernetes.io/b: runtime/default}
spec:
  automountServiceAccountToken: false
  hostUsers: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    seccompProfile: {type: RuntimeDefault}
    supplementalGroupsPolicy: Strict
  volumes: [{name: data, emptyDir: {}}]
  containers:
  - name: a
    image: a
    ports: [{containerPort: 80}]
    livenessProbe: {httpGet: {port: 80}}
    securityContext:
      privileged: false
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]}
      appArmorProfile: {type: RuntimeDefault}
  - {name: b, image: b}
"#;

    fn change(op: Op, path: &str, value: Value, class: Class, pod: &Value) -> Change {
        let previous = pod.pointer(path).filter(|_| op != Op::Add).cloned().map(Box::new);
        let why = Why { rule: &RULE, reason: "a test wants it".into(), class };
        let (path, function) = (path.to_owned(), Arc::from("test"));
        Change { document: 0, object: 0, op, after: None, path, value, previous, function, why }
    }

    fn broken_by(changes: impl FnOnce(&Value) -> Vec<Change>) -> Vec<String> {
        let stream = Stream::parse(&Arc::new(STRICT.to_owned())).unwrap();
        let pod = stream.object(0).unwrap().root().to_value().unwrap();
        let changes = changes(&pod);
        broken(vec![Some(pod)], pods(&stream), &changes, Asked { overrides: true, openshift: false })
    }

    /// Each change that makes a strict pod weaker is caught, whatever its class says.
    #[test]
    fn the_law_catches_every_weakening() {
        let of_a = "/spec/containers/0";
        let weak = [
            (Op::Replace, "/spec/containers/0/securityContext/privileged", json!(true)),
            (Op::Replace, "/spec/containers/0/securityContext/allowPrivilegeEscalation", json!(true)),
            (Op::Remove, "/spec/containers/0/securityContext/allowPrivilegeEscalation", Value::Null),
            (Op::Remove, "/spec/containers/0/securityContext/capabilities", Value::Null),
            (Op::Replace, "/spec/containers/0/securityContext/capabilities/drop", json!(["KILL"])),
            (Op::Add, "/spec/containers/0/securityContext/capabilities/add", json!(["NET_ADMIN"])),
            (Op::Replace, "/spec/containers/0/securityContext/readOnlyRootFilesystem", json!(false)),
            (Op::Replace, "/spec/containers/0/securityContext/appArmorProfile/type", json!("Unconfined")),
            (Op::Add, "/spec/containers/0/securityContext/runAsNonRoot", json!(false)),
            (Op::Add, "/spec/containers/0/securityContext/runAsUser", json!(0)),
            (Op::Add, "/spec/containers/1/securityContext", json!({"seccompProfile": {"type": "Unconfined"}})),
            (Op::Add, "/spec/containers/1/securityContext", json!({"procMount": "Unmasked"})),
            (Op::Add, "/spec/containers/1/securityContext", json!({"seLinuxOptions": {"type": "spc_t"}})),
            (Op::Add, "/spec/containers/1/securityContext", json!({"windowsOptions": {"hostProcess": true}})),
            (Op::Remove, "/spec/securityContext", Value::Null),
            (Op::Remove, "/spec/securityContext/runAsNonRoot", Value::Null),
            (Op::Remove, "/spec/securityContext/runAsUser", Value::Null),
            (Op::Remove, "/spec/securityContext/supplementalGroupsPolicy", Value::Null),
            (Op::Add, "/spec/securityContext/supplementalGroups", json!([0])),
            (Op::Add, "/spec/securityContext/fsGroup", json!(0)),
            (Op::Add, "/spec/securityContext/sysctls", json!([{"name": "kernel.msgmax", "value": "1"}])),
            (Op::Remove, "/spec/automountServiceAccountToken", Value::Null),
            (Op::Remove, "/spec/hostUsers", Value::Null),
            (Op::Add, "/spec/hostNetwork", json!(true)),
            (Op::Add, "/spec/hostPID", json!(true)),
            (Op::Add, "/spec/hostIPC", json!(true)),
            (Op::Add, "/spec/shareProcessNamespace", json!(true)),
            (Op::Add, "/spec/volumes/1", json!({"name": "host", "hostPath": {"path": "/"}})),
            (Op::Add, "/spec/volumes/0/nfs", json!({"server": "s", "path": "/"})),
            (Op::Add, "/spec/containers/0/ports/0/hostPort", json!(80)),
            (Op::Add, "/spec/containers/0/livenessProbe/httpGet/host", json!("10.0.0.1")),
            (Op::Add, "/spec/containers/1/lifecycle", json!({"preStop": {"tcpSocket": {"host": "h", "port": 1}}})),
            (Op::Remove, "/metadata/annotations", Value::Null),
        ];
        for (op, path, value) in weak {
            for class in [Class::Added, Class::Raised, Class::Updated, Class::Overridden] {
                let found = broken_by(|pod| vec![change(op, path, value.clone(), class, pod)]);
                let per_change = found.iter().any(|one| one.starts_with(op.name()) && one.contains("weakens"));
                let in_all = found.iter().any(|one| one.starts_with("the whole run: weakens"));
                assert!(per_change && in_all, "{} {path} {value}: {found:?}", op.name());
            }
        }
        let replaced = json!({"name": "a", "image": "a"});
        assert_ne!(broken_by(|pod| vec![change(Op::Replace, of_a, replaced, Class::Updated, pod)]), [""; 0]);
    }

    #[test]
    fn the_law_catches_wrong_classes_and_lets_right_ones_pass() {
        let label = || (Op::Replace, "/metadata/name", json!("other"));
        let name = |class| broken_by(|pod| vec![change(label().0, label().1, label().2, class, pod)]);
        assert_eq!(name(Class::Updated), [""; 0]);
        assert_eq!(name(Class::Overridden), [""; 0]);
        assert!(name(Class::Raised)[0].ends_with("counts as raised, and is not stricter"));
        assert!(name(Class::Added)[0].ends_with("was there, but counts as added"));
        let deadline = |class| broken_by(|pod| vec![change(Op::Add, "/spec/hostname", json!("h"), class, pod)]);
        assert_eq!(deadline(Class::Added), [""; 0]);
        assert!(deadline(Class::Updated)[0].ends_with("was not there"));
        // The pod's own value for each container that has none: the containers keep what they had.
        let moved = |pod: &Value| {
            let both = ["/spec/containers/0/securityContext/runAsUser", "/spec/containers/1/securityContext"];
            vec![
                change(Op::Add, both[0], json!(1000), Class::Added, pod),
                change(Op::Add, both[1], json!({"runAsUser": 1000}), Class::Added, pod),
                change(Op::Remove, "/spec/securityContext/runAsUser", Value::Null, Class::Updated, pod),
            ]
        };
        assert_eq!(broken_by(moved), [""; 0]);
    }
}
