//! The control plane that `tests/cluster/up` starts, and what the tests ask of it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{pipe, text, tool};

/// `Err` says what went wrong, for a person.
pub type Outcome<T = ()> = Result<T, String>;

pub struct Cluster {
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    /// Namespaces that are there, and the level that they enforce.
    namespaces: Mutex<BTreeMap<String, Option<String>>>,
}

impl Cluster {
    /// Starts what is not running yet.
    pub fn up(more: &[&str]) -> Self {
        let out = Command::new("tests/cluster/up").args(more).stderr(Stdio::inherit()).output().expect("it starts");
        assert!(out.status.success(), "the cluster does not start: run tests/cluster/up");
        let kubeconfig = PathBuf::from(text(&out.stdout).trim());
        Self { kubectl: tool("kubectl"), kubeconfig, namespaces: Mutex::default() }
    }

    /// How programs other than kubectl find it.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A file that `tests/cluster/up` made.
    pub fn file(&self, name: &str) -> Outcome<String> {
        std::fs::read_to_string(self.kubeconfig.with_file_name(name)).map_err(|error| format!("{name}: {error}"))
    }

    /// Runs kubectl: what it prints, or what it says on standard error.
    pub fn kubectl(&self, args: &[&str], stdin: &str) -> Outcome<String> {
        self.run(&self.kubeconfig, args, stdin)
    }

    /// Likewise, for a person whose current namespace it is: objects that say another one go there.
    pub fn kubectl_in(&self, namespace: &str, args: &[&str], stdin: &str) -> Outcome<String> {
        let mut config: String = std::fs::read_to_string(&self.kubeconfig).unwrap();
        config = config.replace("user: admin}", &format!("user: admin, namespace: {namespace}}}"));
        let path = self.kubeconfig.with_file_name(format!("kubeconfig-{namespace}"));
        std::fs::write(&path, config).unwrap();
        self.run(&path, args, stdin)
    }

    fn run(&self, kubeconfig: &Path, args: &[&str], stdin: &str) -> Outcome<String> {
        let mut command = Command::new(&self.kubectl);
        command.arg("--kubeconfig").arg(kubeconfig).args(args).env("KUBECTL_APPLYSET", "true");
        let out = pipe(&mut command, stdin.as_bytes());
        if out.status.success() {
            Ok(text(&out.stdout))
        } else {
            Err(format!("kubectl {}: {}", args.join(" "), text(&out.stderr).trim()))
        }
    }

    /// The answer of `kubectl get … -o json`.
    pub fn get(&self, args: &[&str]) -> Outcome<Value> {
        let answer = self.kubectl(&[&["get", "-o", "json"], args].concat(), "")?;
        serde_json::from_str(&answer).map_err(|error| error.to_string())
    }

    /// Makes a namespace, or changes it, so that it enforces a level of the Pod Security Standards; `None` enforces nothing.
    pub fn namespace(&self, name: &str, level: Option<&str>) -> Outcome {
        let level = level.map(str::to_owned);
        if self.namespaces.lock().unwrap().get(name) == Some(&level) {
            return Ok(());
        }
        let mut labels = json!({"krmor-test": "true"});
        if let Some(level) = &level {
            for mode in ["enforce", "warn", "audit"] {
                labels[format!("pod-security.kubernetes.io/{mode}")] = json!(level);
            }
        }
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        let manager = "--field-manager=krmor-test-namespaces";
        self.kubectl(&["apply", "--server-side", manager, "-f", "-"], &object.to_string())?;
        // The default ServiceAccount comes a moment later; pods cannot be made without it.
        until(20, || self.kubectl(&["get", "serviceaccount", "default", "-n", name], "").map(drop))?;
        self.namespaces.lock().unwrap().insert(name.to_owned(), level);
        Ok(())
    }

    /// Removes a namespace and everything in it.
    pub fn remove(&self, namespace: &str) -> Outcome {
        self.namespaces.lock().unwrap().remove(namespace);
        self.kubectl(&["delete", "namespace", namespace, "--timeout=90s"], "").map(drop)
    }

    /// Waits until every workload and Job of the objects is done rolling out.
    pub fn settled(&self, namespace: &str, objects: &[Value]) -> Outcome {
        for object in objects {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or(namespace);
            match object["kind"].as_str().unwrap_or_default() {
                kind @ ("Deployment" | "StatefulSet" | "DaemonSet") => {
                    let what = format!("{}/{name}", kind.to_lowercase());
                    self.kubectl(&["rollout", "status", &what, "-n", namespace, "--timeout=60s"], "")?;
                }
                "Job" => {
                    let what = format!("job/{name}");
                    let done = "--for=condition=complete";
                    self.kubectl(&["wait", &what, done, "-n", namespace, "--timeout=60s"], "")?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Follows the pods that a selector selects.
    pub fn watch(&self, namespace: &str, selector: &str) -> Watch {
        let mut child = Command::new(&self.kubectl)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(["get", "pods", "-n", namespace, "-l", selector, "--watch", "--output-watch-events", "-o", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("kubectl starts");
        let pods = Arc::<Mutex<Pods>>::default();
        let output = child.stdout.take().unwrap();
        let seen = Arc::clone(&pods);
        let reader = std::thread::spawn(move || follow(output, &seen));
        Watch { child, pods, reader: Some(reader) }
    }
}

/// Tries until it succeeds; the last error when the seconds are over.
pub fn until<T>(seconds: u64, mut attempt: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > end => return Err(format!("after {seconds} s still: {error}")),
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}

/// A label selector of an object, as kubectl writes it.
pub fn selector(value: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let labels = value["matchLabels"].as_object().into_iter().flatten();
    let mut parts: Vec<String> = labels.map(|(key, value)| format!("{key}={}", text(value))).collect();
    for expression in value["matchExpressions"].as_array().into_iter().flatten() {
        let key = text(&expression["key"]);
        let values: Vec<String> = expression["values"].as_array().into_iter().flatten().map(text).collect();
        parts.push(match expression["operator"].as_str() {
            Some("Exists") => key,
            Some("DoesNotExist") => format!("!{key}"),
            Some("NotIn") => format!("{key} notin ({})", values.join(",")),
            _ => format!("{key} in ({})", values.join(",")),
        });
    }
    parts.join(",")
}

/// What a watch has seen: how many pods there are and were.
#[derive(Default)]
struct Pods {
    /// By name: ready?
    alive: BTreeMap<String, bool>,
    least_ready: usize,
    most_alive: usize,
}

impl Pods {
    fn ready(&self) -> usize {
        self.alive.values().filter(|ready| **ready).count()
    }

    fn take(&mut self, event: &Value) {
        let pod = &event["object"];
        let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        if event["type"] == "DELETED" || ended {
            self.alive.remove(&name);
        } else {
            let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            let ready = conditions.filter(|c| c["type"] == "Ready").any(|c| c["status"] == "True");
            // A pod that is going away serves no longer, but it is there until it is gone.
            self.alive.insert(name, ready && pod["metadata"].get("deletionTimestamp").is_none());
        }
        self.least_ready = self.least_ready.min(self.ready());
        self.most_alive = self.most_alive.max(self.alive.len());
    }
}

fn follow(output: impl Read, seen: &Mutex<Pods>) {
    for event in serde_json::Deserializer::from_reader(output).into_iter::<Value>() {
        let Ok(event) = event else { return };
        seen.lock().unwrap().take(&event);
    }
}

/// Pods as they come and go; ends with the value.
pub struct Watch {
    child: Child,
    pods: Arc<Mutex<Pods>>,
    reader: Option<JoinHandle<()>>,
}

impl Watch {
    /// Waits until so many pods are there and ready, and begins to count from there.
    pub fn begin(&self, ready: usize) -> Outcome {
        until(30, || {
            let mut pods = self.pods.lock().unwrap();
            let now = (pods.alive.len(), pods.ready());
            if now != (ready, ready) {
                return Err(format!("{} pods, {} of them ready, instead of {ready}", now.0, now.1));
            }
            (pods.least_ready, pods.most_alive) = (ready, ready);
            Ok(())
        })
    }

    pub fn ready(&self) -> usize {
        self.pods.lock().unwrap().ready()
    }

    /// The fewest pods that were ready at once.
    pub fn least_ready(&self) -> usize {
        self.pods.lock().unwrap().least_ready
    }

    /// The most pods that were there at once.
    pub fn most_alive(&self) -> usize {
        self.pods.lock().unwrap().most_alive
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
