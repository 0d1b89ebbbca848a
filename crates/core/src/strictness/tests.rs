//! Every row of the lattice in both directions, and what takes effect in containers.

use super::*;
use serde_json::json;

/// Each row from its weakest value to its strictest, those of one inner list being incomparable.
fn chains() -> Vec<(&'static str, Vec<Vec<Value>>)> {
    let local = |name: &str| json!({"type": "Localhost", "localhostProfile": name});
    vec![
        ("/securityContext/privileged", vec![vec![json!(true)], vec![json!(false)]]),
        ("/securityContext/allowPrivilegeEscalation", vec![vec![json!(true)], vec![json!(false)]]),
        (
            "/securityContext/capabilities/add",
            vec![
                vec![json!(["ALL", "KILL"])],
                vec![json!(["CAP_KILL", "CHOWN"])],
                vec![json!(["KILL"])],
                vec![json!(null)],
            ],
        ),
        (
            "/securityContext/capabilities/drop",
            vec![vec![json!([])], vec![json!(["KILL"]), json!(["CHOWN"])], vec![json!(["ALL"])]],
        ),
        ("/securityContext/runAsNonRoot", vec![vec![json!(null)], vec![json!(true)]]),
        ("/securityContext/runAsUser", vec![vec![json!(0)], vec![json!(null)], vec![json!(1), json!(1000)]]),
        ("/securityContext/runAsGroup", vec![vec![json!(0)], vec![json!(null)], vec![json!(1), json!(1000)]]),
        ("/securityContext/fsGroup", vec![vec![json!(0)], vec![json!(null), json!(1), json!(2)]]),
        (
            "/securityContext/supplementalGroups",
            vec![vec![json!([1, 0])], vec![json!([0]), json!([1])], vec![json!(null)]],
        ),
        ("/securityContext/supplementalGroupsPolicy", vec![vec![json!("Merge")], vec![json!("Strict")]]),
        (
            "/securityContext/seccompProfile",
            vec![
                vec![json!({"type": "Unconfined"})],
                vec![json!(null)],
                vec![json!({"type": "RuntimeDefault"}), local("a"), local("b")],
            ],
        ),
        (
            "/securityContext/appArmorProfile",
            vec![vec![json!({"type": "Unconfined"})], vec![json!(null)], vec![json!({"type": "RuntimeDefault"})]],
        ),
        (
            "/securityContext/appArmorProfile",
            vec![vec![json!({"type": "Unconfined"})], vec![local("a"), local("b"), json!(null)]],
        ),
        (
            "/securityContext/seLinuxOptions",
            vec![vec![json!({"type": "spc_t"}), json!({"user": "u"})], vec![json!(null)]],
        ),
        ("/securityContext/seLinuxOptions", vec![vec![json!({"level": "s0"}), json!(null), json!({"level": "s1"})]]),
        ("/securityContext/procMount", vec![vec![json!("Unmasked")], vec![json!("Default")]]),
        ("/securityContext/sysctls", vec![vec![json!([{"name": "kernel.msgmax", "value": "1"}])], vec![json!(null)]]),
        ("/securityContext/windowsOptions/hostProcess", vec![vec![json!(true)], vec![json!(null)]]),
        ("/securityContext/readOnlyRootFilesystem", vec![vec![json!(null)], vec![json!(true)]]),
        ("/hostNetwork", vec![vec![json!(true)], vec![json!(null)]]),
        ("/hostPID", vec![vec![json!(true)], vec![json!(null)]]),
        ("/hostIPC", vec![vec![json!(true)], vec![json!(null)]]),
        ("/hostUsers", vec![vec![json!(null)], vec![json!(false)]]),
        ("/shareProcessNamespace", vec![vec![json!(true)], vec![json!(null)]]),
        ("/automountServiceAccountToken", vec![vec![json!(true)], vec![json!(null)], vec![json!(false)]]),
        (
            "/volumes",
            vec![
                vec![json!([{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "nfs": {}}])],
                vec![json!([{"name": "a", "hostPath": {"path": "/"}}]), json!([{"name": "b", "nfs": {}}])],
                vec![json!([{"name": "c", "emptyDir": {}}])],
            ],
        ),
        (
            "/ports",
            vec![
                vec![json!([{"hostPort": 80, "containerPort": 80}]), json!([{"hostPort": 81, "containerPort": 81}])],
                vec![json!([{"hostPort": 0, "containerPort": 80}])],
            ],
        ),
        ("/livenessProbe/httpGet/host", vec![vec![json!("a"), json!("b")], vec![json!("")]]),
    ]
}

#[test]
fn every_field_has_an_order_in_both_directions() {
    for (path, chain) in chains() {
        let order = |old: &Value, new: &Value| compare(path, old, new).unwrap();
        for (weak, values) in chain.iter().enumerate() {
            for old in values {
                assert_eq!(order(old, old), Order::Same, "{path} {old}");
                for new in values.iter().filter(|new| *new != old) {
                    assert_eq!(order(old, new), Order::Incomparable, "{path} {old} {new}");
                }
                for new in chain[weak + 1..].iter().flatten() {
                    assert_eq!(order(old, new), Order::Stricter, "{path} {old} {new}");
                    assert_eq!(order(new, old), Order::Weaker, "{path} {new} {old}");
                }
            }
        }
    }
    let tried: Vec<&str> = chains().into_iter().map(|(path, _)| path).collect();
    let untried = FIELDS.iter().filter(|field| !tried.contains(&field.path) && !field.path.ends_with("/host"));
    assert_eq!(untried.map(|field| field.path).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn containers_are_compared_by_what_takes_effect() {
    let pod = |pod: Value, container: Value| json!({"spec": {"securityContext": pod, "containers": [{"name": "a", "securityContext": container}]}});
    let orders = |old: Value, new: Value| -> Vec<(&str, Order)> {
        differences(&old, &new).into_iter().map(|it| (it.path, it.order)).collect()
    };
    let (strict, weak) = (json!({"runAsNonRoot": true}), json!({"runAsNonRoot": false}));
    assert_eq!(orders(pod(strict.clone(), json!({})), pod(json!({}), strict.clone())), []);
    let field = "/securityContext/runAsNonRoot";
    assert_eq!(orders(pod(weak.clone(), json!({})), pod(weak.clone(), strict.clone())), [(field, Order::Stricter)]);
    assert_eq!(orders(pod(strict.clone(), json!({})), pod(strict.clone(), weak)), [(field, Order::Weaker)]);
    assert_eq!(orders(pod(strict.clone(), json!({})), json!({"spec": {"containers": [{"name": "b"}]}})), []);
}

#[test]
fn an_annotation_of_app_armor_is_a_containers_own_value() {
    let pod = |annotation: Value| {
        let key = "container.apparmor.security.beta.kubernetes.io/a";
        json!({"metadata": {"annotations": {key: annotation}}, "spec": {"containers": [{"name": "a"}]}})
    };
    let order = |old, new| differences(&pod(old), &pod(new)).first().map(|it| it.order);
    assert_eq!(order(json!("unconfined"), json!("runtime/default")), Some(Order::Stricter));
    assert_eq!(order(json!("runtime/default"), json!(null)), Some(Order::Weaker));
    assert_eq!(order(json!("localhost/a"), json!("localhost/b")), Some(Order::Incomparable));
}
