//! `examples/todo` as a person releases it: Helm installs, upgrades and rolls back on the real API server, with krmor as its
//! post-renderer, where the restricted standard is enforced.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::accepted;
use crate::common::{Folder, krmor, pipe, text, tool};
use crate::kube::{Cluster, Outcome, until};
use crate::stand::{Stand, Table, refused};
use crate::works::Applied;

/// What TD-4 gives each of install, upgrade and rollback.
const LIMIT: Duration = Duration::from_secs(60);
const UPGRADE: [&str; 2] = ["--set", "backend.replicas=2"];

/// Who releases it, and with which database.
#[derive(Clone, Copy)]
pub struct Way {
    helm: &'static str,
    name: &'static str,
    /// Its values, beside those of the chart.
    values: &'static [&'static str],
    /// The migration, as an ordinary Job or a hook.
    job: &'static str,
}

/// Helm 3 shows no hooks to a post-renderer, so there the migration is no hook.
pub const WAYS: [Way; 3] = [
    Way { helm: "helm4", name: "Helm 4", values: &[], job: "todo-migrate" },
    Way { helm: "helm4", name: "Helm 4 own database", values: &OWN, job: "todo-migrate" },
    Way { helm: "helm3", name: "Helm 3", values: &["migration.hook=false"], job: "todo-migrate-1" },
];
const OWN: [&str; 5] = [
    "postgres.enabled=true",
    "postgres.password=local-only",
    "prometheus.enabled=true",
    "grafana.enabled=true",
    "grafana.adminPassword=local-only",
];

impl Way {
    pub fn title(&self) -> String {
        format!("todo/{}", self.name)
    }

    /// The values as options, without those that contain a text.
    fn options(&self, without: &str) -> Vec<&'static str> {
        let values = self.values.iter().filter(|value| without.is_empty() || !value.contains(without));
        values.flat_map(|value| ["--set", value]).collect()
    }
}

struct Helm<'a> {
    program: PathBuf,
    cluster: &'a Cluster,
    namespace: String,
    folder: Folder,
    post_renderer: [String; 4],
}

fn path(name: &str) -> String {
    std::env::current_dir().unwrap().join("examples/todo").join(name).display().to_string()
}

impl<'a> Helm<'a> {
    fn new(cluster: &'a Cluster, program: &str, namespace: &str) -> Self {
        let folder = Folder::new("todo-helm");
        let krmor = if program == "helm3" {
            env!("CARGO_BIN_EXE_krmor").to_owned()
        } else {
            let installed =
                krmor().args(["install", "helm", "--directory"]).arg(folder.0.join("plugins")).output().unwrap();
            assert!(installed.status.success(), "{}", text(&installed.stderr));
            "krmor".to_owned()
        };
        let config = format!("--config={}", path("krmor.yaml"));
        let post_renderer = ["--post-renderer".to_owned(), krmor, "--post-renderer-args".to_owned(), config];
        Self { program: tool(program), cluster, namespace: namespace.to_owned(), folder, post_renderer }
    }

    fn run(&self, words: &[&str]) -> Outcome<String> {
        self.call(Command::new(&self.program), words)
    }

    /// `examples/todo/release`, which knows what each Helm needs.
    fn script(&self, words: &[&str]) -> Outcome<String> {
        let mut command = Command::new(path("release"));
        let programs = std::path::Path::new(env!("CARGO_BIN_EXE_krmor")).parent().unwrap();
        let search = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        command.env("HELM", &self.program).env("PATH", search);
        self.call(command, &[&["--wait", "--timeout", "60s"], words].concat())
    }

    fn call(&self, mut command: Command, words: &[&str]) -> Outcome<String> {
        for name in ["CACHE", "CONFIG", "DATA"] {
            command.env(format!("HELM_{name}_HOME"), self.folder.0.join("helm"));
        }
        command.env("HELM_PLUGINS", self.folder.0.join("plugins")).env("KUBECONFIG", self.cluster.kubeconfig());
        let out = command.args(words).args(["--namespace", &self.namespace]).output().unwrap();
        if out.status.success() {
            Ok(text(&out.stdout))
        } else {
            Err(format!("helm {}: {}", words.join(" "), text(&out.stderr).trim()))
        }
    }

    /// `helm install` or `helm upgrade` of the chart, hardened; how long it took.
    fn release(&self, command: &str, words: &[&str]) -> Outcome<Duration> {
        let chart = path("helm/todo");
        let post_renderer: Vec<&str> = self.post_renderer.iter().map(String::as_str).collect();
        self.timed(&[&[command, "todo", &chart, "--wait", "--timeout", "60s"], &post_renderer[..], words].concat())
    }

    fn timed(&self, words: &[&str]) -> Outcome<Duration> {
        let began = Instant::now();
        self.run(words)?;
        let took = began.elapsed();
        if took < LIMIT { Ok(took) } else { Err(format!("helm {} took {took:?}", words.join(" "))) }
    }

    /// So many pods of the backend are ready, and no more are there.
    fn replicas(&self, wanted: i64) -> Outcome {
        until(20, || {
            let live = self.cluster.get(&["deployment", "todo-backend", "-n", &self.namespace])?;
            let all = [&live["spec"]["replicas"], &live["status"]["readyReplicas"], &live["status"]["replicas"]];
            if all.iter().all(|count| count.as_i64() == Some(wanted)) {
                Ok(())
            } else {
                Err(format!("wanted, ready and all pods of the backend are {all:?} instead of {wanted}"))
            }
        })
    }

    /// An upgrade that no node can hold; what the scheduler says of it.
    fn insufficient(&self) -> Outcome<String> {
        let big =
            ["--reuse-values", "--set", "backend.resources.requests.memory=1Ti,backend.resources.limits.memory=1Ti"];
        let said = match self.release("upgrade", &[&big[..], &["--timeout", "6s"]].concat()) {
            Ok(_) => return Err("it passes".to_owned()),
            Err(said) => said,
        };
        let events = self.cluster.kubectl(&["get", "events", "-n", &self.namespace], "")?;
        let line = events.lines().find(|line| line.contains("Insufficient memory")).ok_or(said)?;
        let live = self.cluster.get(&["deployment", "todo-backend", "-n", &self.namespace])?;
        if live["status"]["readyReplicas"].as_i64() < Some(1) {
            return Err(format!("no pod is left: {}", live["status"]));
        }
        Ok(line.split_once("0/").map_or(String::new(), |(_, rest)| format!("0/{rest}")))
    }

    fn migrated(&self, job: &str) -> Outcome {
        until(20, || {
            let job = self.cluster.get(&["job", job, "-n", &self.namespace])?;
            if job["status"]["succeeded"] == 1 { Ok(()) } else { Err(format!("the migration: {}", job["status"])) }
        })
    }
}

/// Every check of one way.
pub fn release(cluster: &Cluster, way: &Way, table: &Table) -> Result<(), libtest_mimic::Failed> {
    // What it renders to, in the namespace where it will be.
    let namespace = format!("todo-{}", way.name.to_lowercase().replace(' ', "-"));
    let helm = Helm::new(cluster, way.helm, &namespace);
    let plain = helm.run(&[&["template", "todo", &path("helm/todo")], &way.options("")[..]].concat());
    let plain = plain.unwrap_or_else(|error| panic!("{error}"));
    let out = pipe(krmor().args(["--config", &path("krmor.yaml")]), plain.as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let stand = Stand::rendered("todo", way.name, text(&out.stdout));
    let lean = Stand::rendered("todo", way.name, plain);

    let mut tier = table.tier(&stand, "1");
    tier.check("accepted", "accepted in a restricted namespace, 0 warnings", || accepted::overlay(cluster, &stand));
    tier.check("", "not hardened: refused in a restricted namespace", || {
        refused(accepted::overlay(cluster, &lean), "would violate PodSecurity")
    });
    tier.end()?;

    let mut tier = table.tier(&stand, "2");
    let applied = Applied::of(cluster, &stand);
    let own = way.values.contains(&"postgres.enabled=true");
    let seconds = |took: Duration| format!("{:.1} s", took.as_secs_f32());
    let mut there = false;
    tier.check("release", "helm install, every pod ready, the schema migrated", || {
        applied.volumes()?;
        if !own {
            let address = "--from-literal=DATABASE_URL=postgresql://todo:local-only@db.example.com:5432/todo";
            cluster.kubectl(&["create", "secret", "generic", "todo-database", address, "-n", &namespace], "")?;
        }
        let took = helm.release("install", &way.options(""))?;
        helm.replicas(1)?;
        helm.migrated(way.job)?;
        there = true;
        Ok(seconds(took))
    });
    if there {
        tier.check("release", "helm upgrade --set backend.replicas=2", || {
            // The chart's own database keeps its password without being told again.
            let took = helm.release("upgrade", &[&UPGRADE[..], &way.options("local-only")].concat())?;
            helm.replicas(2)?;
            Ok(seconds(took))
        });
        // What the scheduler says does not depend on Helm.
        if way.values.is_empty() {
            tier.check("insufficient", "an upgrade that no node can hold says so, and the old pods stay", || {
                helm.insufficient()
            });
        }
        tier.check("release", "helm rollback todo 1", || {
            let took = helm.timed(&["rollback", "todo", "1", "--wait", "--timeout", "60s"])?;
            helm.replicas(1)?;
            let status = helm.run(&["status", "todo"])?;
            if status.contains("STATUS: deployed") { Ok(seconds(took)) } else { Err(status) }
        });
        if !own {
            tier.check("release", "examples/todo/release upgrades it, whichever Helm there is", || {
                helm.script(&way.options("migration"))?;
                helm.replicas(1)?;
                Ok(String::new())
            });
        }
        tier.check("removed", "helm uninstall", || helm.run(&["uninstall", "todo", "--wait"]).map(|_| String::new()));
    }
    tier.check("", "it can be removed", || applied.remove());
    tier.end()
}
