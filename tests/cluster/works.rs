//! Tier 2: applied for real, with kwok as kubelets: it rolls out, scales, survives a drain, and a second apply changes nothing.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::kube::{Cluster, Outcome, selector, until};
use crate::stand::{Stand, Table, name};

/// A stand that is applied.
pub struct Applied<'a> {
    cluster: &'a Cluster,
    stand: &'a Stand,
}

impl<'a> Applied<'a> {
    /// Applies as `make deploy` does and waits until every workload is there.
    pub fn new(cluster: &'a Cluster, stand: &'a Stand, level: Option<&str>) -> Outcome<Self> {
        for namespace in stand.namespaces() {
            cluster.namespace(&namespace, level)?;
        }
        let applied = Self::start(cluster, stand)?;
        cluster.settled(&stand.namespace, &stand.objects)?;
        Ok(applied)
    }

    /// Applies where the namespaces are there already, and waits for nothing.
    pub fn start(cluster: &'a Cluster, stand: &'a Stand) -> Outcome<Self> {
        let applied = Self::of(cluster, stand);
        applied.volumes()?;
        applied.apply()?;
        Ok(applied)
    }

    /// What somebody else applied.
    pub fn of(cluster: &'a Cluster, stand: &'a Stand) -> Self {
        Self { cluster, stand }
    }

    /// Removes everything that was applied.
    pub fn remove(self) -> Outcome<String> {
        for namespace in self.stand.namespaces() {
            self.cluster.remove(&namespace)?;
        }
        let volumes = format!("stand={}", self.stand.namespace);
        self.cluster
            .kubectl(&["delete", "persistentvolume", "-l", &volumes, "--timeout=60s"], "")
            .map(|_| String::new())
    }

    fn apply(&self) -> Outcome<String> {
        let args = ["apply", "--warnings-as-errors", "-f", "-"];
        self.cluster.kubectl_in(&self.stand.namespace, &args, &self.stand.text)
    }

    /// Nobody provisions volumes here: there is one for each claim, of the default class.
    pub fn volumes(&self) -> Outcome {
        let sets = self.stand.of_kind("StatefulSet");
        let templates: usize = sets.map(|set| set["spec"]["volumeClaimTemplates"].as_array().map_or(0, Vec::len)).sum();
        let count = self.stand.of_kind("PersistentVolumeClaim").count() + templates;
        let volume = |number: usize| {
            json!({
                "apiVersion": "v1", "kind": "PersistentVolume",
                "metadata": {"name": format!("{}-{number}", self.stand.namespace), "labels": {"stand": self.stand.namespace}},
                "spec": {
                    "capacity": {"storage": "1Ti"}, "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
                    "storageClassName": "standard", "hostPath": {"path": "/nowhere"},
                },
            })
        };
        let mut items: Vec<Value> = (0..count).map(volume).collect();
        items.push(json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "kubernetes.io/no-provisioner",
            "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        }));
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        self.cluster.kubectl(&["apply", "-f", "-"], &list.to_string()).map(drop)
    }

    /// The objects as the server has them, without what controllers write.
    fn live(&self) -> Outcome<Vec<Value>> {
        let answer =
            self.cluster.kubectl_in(&self.stand.namespace, &["get", "-o", "json", "-f", "-"], &self.stand.text)?;
        let mut answer: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        let mut objects = answer["items"].as_array_mut().map(std::mem::take).ok_or("no items")?;
        for object in &mut objects {
            object.as_object_mut().ok_or("no object")?.remove("status");
            for field in ["managedFields", "resourceVersion"] {
                object["metadata"].as_object_mut().ok_or("no metadata")?.remove(field);
            }
        }
        Ok(objects)
    }

    /// Applied twice by each way of applying, nothing changes: not what a Job runs, nor what an autoscaler decided. What
    /// kubectl prints is no proof: it says "configured" of every budget, since its patch repeats the selector each time.
    pub fn again(&self) -> Outcome<String> {
        let same = |what: &str, before: &[Value], after: &[Value]| match before.iter().zip(after).find(|(a, b)| a != b)
        {
            None if before.len() == after.len() => Ok(()),
            changed => Err(format!("{what} changes {}", changed.map_or("the number", |(object, _)| name(object)))),
        };
        let server_side = |force: &str| {
            let args = ["apply", "--server-side", force, "-f", "-"];
            self.cluster.kubectl_in(&self.stand.namespace, &args, &self.stand.text)
        };
        let first = self.live()?;
        self.apply()?;
        same("a second apply", &first, &self.live()?)?;
        // Who moves to server-side apply takes over fields that the server has filled or rewritten: lists as a whole, `1000m`.
        server_side("--force-conflicts")?;
        let second = self.live()?;
        server_side("--force-conflicts=false")?;
        same("a second server-side apply", &second, &self.live()?)?;
        // The first one takes the annotation of client-side apply away, which counts as a generation of some kinds.
        let lean = |objects: Vec<Value>| -> Vec<Value> {
            let lean = |mut object: Value| {
                let metadata = object["metadata"].as_object_mut().unwrap();
                metadata.remove("generation");
                if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
                }
                metadata.retain(|key, value| key != "annotations" || *value != json!({}));
                object
            };
            objects.into_iter().map(lean).collect()
        };
        same("a server-side apply", &lean(first), &lean(second))?;
        Ok(format!("{} objects", self.stand.objects.len()))
    }

    /// Pods under load make the autoscaler raise the replicas, an apply in between leaves them, and without load they go down.
    pub fn scales(&self, autoscaler: &Value) -> Outcome<String> {
        let spec = &autoscaler["spec"];
        let namespace = self.stand.namespace_of(autoscaler);
        let kind = spec["scaleTargetRef"]["kind"].as_str().unwrap_or_default();
        let target = format!("{}/{}", kind.to_lowercase(), spec["scaleTargetRef"]["name"].as_str().unwrap_or_default());
        let workload = self.cluster.get(&[&target, "-n", namespace])?;
        let pods = selector(&workload["spec"]["selector"]);
        let replicas = || {
            let workload = self.cluster.get(&[&target, "-n", namespace])?;
            workload["spec"]["replicas"].as_i64().ok_or_else(|| "no replicas".to_owned())
        };
        let load = |cpu: &str, memory: &str| {
            let (cpu, memory) =
                (format!("kwok.x-k8s.io/usage-cpu={cpu}"), format!("kwok.x-k8s.io/usage-memory={memory}"));
            let args = ["annotate", "pods", "--overwrite", "-n", namespace, "-l", &pods, &cpu, &memory];
            self.cluster.kubectl(&args, "").map(drop)
        };
        let low = spec["minReplicas"].as_i64().unwrap_or(1);
        let high = spec["maxReplicas"].as_i64().ok_or("no maxReplicas")?;
        let reach = |seconds: u64, wanted: i64, cpu: &str, memory: &str| {
            until(seconds, || {
                load(cpu, memory)?;
                let now = replicas()?;
                let conditions = || self.cluster.get(&["hpa", name(autoscaler), "-n", namespace]);
                if now == wanted {
                    Ok(())
                } else {
                    Err(format!("{now} replicas instead of {wanted}: {}", conditions()?["status"]))
                }
            })
        };
        reach(30, low, "1m", "1Mi")?;
        reach(90, high, "20", "64Gi")?;
        self.apply()?;
        let kept = replicas()?;
        if kept != high {
            return Err(format!("an apply sets the replicas back from {high} to {kept}"));
        }
        let slow = spec["behavior"]["scaleDown"].is_object();
        if !slow {
            reach(90, low, "1m", "1Mi")?;
        }
        self.cluster.settled(&self.stand.namespace, &[workload])?;
        let down = if slow { String::new() } else { format!(" → {low}") };
        Ok(format!("{low} → {high}, kept by an apply{down}"))
    }

    /// A node with all the pods of a selector is drained; `promised` of them stay ready all the time. Of a single pod none
    /// can be: that it is let go, and is there again, is what shows then.
    pub fn drains(&self, namespace: &str, pods: &str, promised: usize) -> Outcome<String> {
        let ready = || {
            let list = self.cluster.get(&["pods", "-n", namespace, "-l", pods])?;
            Ok::<usize, String>(list["items"].as_array().map_or(0, Vec::len))
        };
        let count = ready()?;
        if count < 1 || count == 1 && promised > 0 {
            return Err(format!("{count} pods: a drain shows nothing"));
        }
        let watch = self.cluster.watch(namespace, pods);
        // All of them on one node: the worst case.
        self.cluster.kubectl(&["cordon", "fake-1"], "")?;
        let gathered = self.cluster.kubectl(&["delete", "pods", "-n", namespace, "-l", pods], "");
        let gathered = gathered.and_then(|_| watch.begin(count));
        self.cluster.kubectl(&["uncordon", "fake-1"], "")?;
        gathered?;
        // The budget's controller has seen them.
        std::thread::sleep(std::time::Duration::from_secs(1));
        watch.begin(count)?;
        let args = ["drain", "fake-0", "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s"];
        let drained = self.cluster.kubectl(&args, "");
        self.cluster.kubectl(&["uncordon", "fake-0"], "")?;
        drained?;
        let least = watch.least_ready();
        until(30, || if watch.ready() == count { Ok(()) } else { Err(format!("{} ready", watch.ready())) })?;
        if least < promised {
            return Err(format!("{least} of {count} pods were ready, {promised} are promised"));
        }
        Ok(format!("{least} of {count} pods stayed ready"))
    }

    /// What a budget promises holds through a drain.
    pub fn keeps(&self, budget: &Value) -> Outcome<String> {
        let namespace = self.stand.namespace_of(budget);
        let promised = until(30, || {
            let live = self.cluster.get(&["poddisruptionbudget", name(budget), "-n", namespace])?;
            let number = |field: &str| live["status"][field].as_u64().unwrap_or_default();
            let (healthy, desired) = (number("currentHealthy"), number("desiredHealthy"));
            // A budget that is never met again, or that allows nothing, blocks every drain.
            if number("disruptionsAllowed") == 0 {
                return Err(format!("{healthy} healthy, {desired} promised: no disruption is allowed"));
            }
            Ok(usize::try_from(desired).unwrap())
        })?;
        self.drains(namespace, &selector(&budget["spec"]["selector"]), promised)
    }

    /// A workload of which there may be one only stays the only one through a rollout.
    pub fn single(&self, workload: &Value) -> Outcome<String> {
        let namespace = self.stand.namespace_of(workload);
        let watch = self.cluster.watch(namespace, &selector(&workload["spec"]["selector"]));
        watch.begin(1)?;
        let kind = workload["kind"].as_str().unwrap_or_default().to_lowercase();
        let target = format!("{kind}/{}", name(workload));
        self.cluster.kubectl(&["rollout", "restart", &target, "-n", namespace], "")?;
        self.cluster.kubectl(&["rollout", "status", &target, "-n", namespace, "--timeout=60s"], "")?;
        match watch.most_alive() {
            1 => Ok(target),
            most => Err(format!("{target}: {most} pods at once")),
        }
    }

    /// Pruning removes what left the stream, and nothing else.
    pub fn prunes(&self) -> Outcome<String> {
        // What is in no namespace has no place in a set of objects that is itself in one.
        let namespaced: Vec<&Value> =
            self.stand.objects.iter().filter(|object| object["kind"] != "Namespace").collect();
        let apply = |objects: &[&Value]| {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            let namespace = self.stand.namespaces().remove(0);
            let args = ["apply", "--prune", "--applyset=configmaps/applied", "-n", &namespace, "-f", "-"];
            self.cluster.kubectl(&args, &list.to_string())
        };
        let pruned = |said: &str| said.lines().filter(|line| line.ends_with(" pruned")).count();
        for _ in 0..2 {
            let said = apply(&namespaced)?;
            if pruned(&said) != 0 {
                return Err(format!("an apply of the same stream prunes:\n{said}"));
            }
        }
        // Without the budgets and autoscalers, as if an overlay had dropped them.
        let lean = |object: &&&Value| {
            !matches!(object["kind"].as_str(), Some("PodDisruptionBudget" | "HorizontalPodAutoscaler" | "Ingress"))
        };
        let rest: Vec<&Value> = namespaced.iter().filter(lean).copied().collect();
        let said = apply(&rest)?;
        let gone = namespaced.len() - rest.len();
        if pruned(&said) != gone {
            return Err(format!("{} instead of {gone} objects are pruned:\n{said}", pruned(&said)));
        }
        Ok(format!("{gone} left the stream and were pruned"))
    }
}

/// Of which there may be one pod only.
pub fn singles(stand: &Stand) -> Vec<&Value> {
    let one = |object: &&Value| object["spec"]["replicas"].as_i64().unwrap_or(1) == 1;
    let scaled = |object: &&Value| {
        let mut autoscalers = stand.of_kind("HorizontalPodAutoscaler");
        autoscalers.any(|autoscaler| autoscaler["spec"]["scaleTargetRef"]["name"] == object["metadata"]["name"])
    };
    let recreated = stand.of_kind("Deployment").filter(|object| object["spec"]["strategy"]["type"] == "Recreate");
    recreated.chain(stand.of_kind("StatefulSet")).filter(one).filter(|object| !scaled(object)).collect()
}

/// Every check of an overlay.
pub fn overlay(cluster: &Cluster, stand: &Stand, table: &Table) -> Result<(), libtest_mimic::Failed> {
    let mut tier = table.tier(stand, "2");
    let mut applied = None;
    tier.check("rollout", "applied, every workload rolls out, every Job completes", || {
        applied = Some(Applied::new(cluster, stand, Some("restricted"))?);
        Ok(format!("{} objects", stand.objects.len()))
    });
    if let Some(applied) = &applied {
        for autoscaler in stand.of_kind("HorizontalPodAutoscaler") {
            let what = format!("HorizontalPodAutoscaler {} scales by load", name(autoscaler));
            tier.check("autoscaler", &what, || applied.scales(autoscaler));
        }
        for budget in stand.of_kind("PodDisruptionBudget") {
            let what = format!("PodDisruptionBudget {} holds through a drain", name(budget));
            tier.check("drain", &what, || applied.keeps(budget));
        }
        for workload in singles(stand) {
            let what =
                format!("{} {} stays single through a rollout", workload["kind"].as_str().unwrap(), name(workload));
            tier.check("single", &what, || applied.single(workload));
        }
        tier.check("again", "a second apply changes nothing, client-side and server-side", || applied.again());
        tier.check("prune", "pruning removes what left the stream only", || applied.prunes());
    }
    let Some(applied) = applied else { return tier.end() };
    tier.check("removed", "it can be removed", || applied.remove());
    tier.end()
}

/// The same checks on the base, which nobody hardened, fail where they should: the harness can fail.
pub fn base(
    cluster: &Cluster,
    base: &Stand,
    overlays: &[Arc<Stand>],
    table: &Table,
) -> Result<(), libtest_mimic::Failed> {
    let mut tier = table.tier(base, "2");
    let mut applied = None;
    tier.check("", "applied where nothing is enforced", || {
        applied = Some(Applied::new(cluster, base, None)?);
        Ok(format!("{} objects", base.objects.len()))
    });
    let Some(applied) = applied else { return tier.end() };
    let hardened = |kind: &'static str| overlays.iter().flat_map(move |stand| stand.of_kind(kind));
    for budget in hardened("PodDisruptionBudget").take(1) {
        tier.check("", &format!("no budget: a drain takes every pod of {}", name(budget)), || {
            let workload = format!("deployment/{}", name(budget));
            let namespace = base.namespaces().remove(0);
            cluster.kubectl(&["scale", &workload, "--replicas=2", "-n", &namespace], "")?;
            cluster.settled(&base.namespace, &base.objects)?;
            let drained = applied.drains(&namespace, &selector(&budget["spec"]["selector"]), 1);
            crate::stand::refused(drained, "1 are promised")
        });
    }
    let single = overlays.iter().flat_map(|stand| singles(stand)).find(|object| object["kind"] == "Deployment");
    if let Some(single) = single {
        tier.check("", &format!("{} is doubled by a rollout", name(single)), || {
            let workload = base.of_kind("Deployment").find(|object| name(object) == name(single)).ok_or("not there")?;
            crate::stand::refused(applied.single(workload), "2 pods at once")
        });
    }
    tier.check("", "it can be removed", || applied.remove());
    tier.end()
}
