//! One container of a pod: its process, its probes, what they say of it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Probe};

use crate::ask::{Answer, ask};
use crate::cluster::{Cluster, expand};
use crate::process::Process;
use crate::worker::{BackOff, Kind, Numbers, Seen, Verdict, Worker};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    Init,
    /// An init container that stays: `restartPolicy: Always`.
    Sidecar,
    Main,
}

/// One container.
pub struct Slot {
    pub container: Container,
    pub role: Role,
    pub process: Option<(Process, u64)>,
    /// When and how the last process ended.
    pub ended: Option<(u64, i32)>,
    pub runs: u64,
    pub workers: Vec<(Worker, Probe)>,
    pub back_off: BackOff,
    pub was_ready: bool,
}

impl Slot {
    pub fn new(role: Role, container: Container) -> Self {
        let probes = [
            (Kind::Startup, container.startup_probe.clone()),
            (Kind::Readiness, container.readiness_probe.clone()),
            (Kind::Liveness, container.liveness_probe.clone()),
        ];
        // The kubelet probes containers that stay, not init containers that end.
        let probes = probes.into_iter().filter(|_| role != Role::Init);
        let worker = |(kind, probe): (Kind, Option<Probe>)| {
            probe.map(|probe| (Worker::new(kind, Numbers::of(&probe), 0), probe))
        };
        Self {
            workers: probes.filter_map(worker).collect(),
            container,
            role,
            process: None,
            ended: None,
            runs: 0,
            back_off: BackOff::default(),
            was_ready: false,
        }
    }

    pub fn seen(&self) -> Seen {
        let running_since = self.process.as_ref().map(|(_, since)| *since);
        Seen { run: self.runs, running_since, started: self.started() }
    }

    fn verdict(&self, kind: Kind) -> Option<Option<Verdict>> {
        let worker = self.workers.iter().find(|(worker, _)| worker.kind == kind);
        worker.map(|(worker, _)| worker.verdict(self.runs))
    }

    /// It runs, and its startup probe has succeeded if it has one (`isContainerStarted`).
    pub fn started(&self) -> bool {
        let startup = self.verdict(Kind::Startup);
        self.process.is_some() && startup.is_none_or(|verdict| verdict == Some(Verdict::Success))
    }

    /// It has started, and its readiness probe has succeeded if it has one (`UpdatePodStatus`).
    pub fn ready(&self) -> bool {
        self.started() && self.verdict(Kind::Readiness).is_none_or(|verdict| verdict == Some(Verdict::Success))
    }

    /// The probe whose verdict ends it.
    pub fn doomed(&self) -> Option<Kind> {
        let fails = |kind: &Kind| self.verdict(*kind) == Some(Some(Verdict::Failure));
        self.process.as_ref().and([Kind::Startup, Kind::Liveness].into_iter().find(fails))
    }

    pub fn succeeded(&self) -> bool {
        self.process.is_none() && self.ended.is_some_and(|(_, code)| code == 0)
    }

    /// Ends its process; when the one before ended.
    pub fn end(&mut self, now: u64, code: i32) -> Option<u64> {
        if let Some((mut process, _)) = self.process.take() {
            process.kill();
        }
        self.ended.replace((now, code)).map(|(at, _)| at)
    }

    /// Command and arguments; none is the image's own program.
    pub fn command(&self, environment: &BTreeMap<String, String>) -> Vec<String> {
        let words = self.container.command.iter().chain(&self.container.args).flatten();
        words.map(|word| expand(word, environment)).collect()
    }

    pub fn ask(&self, cluster: &Cluster, probe: &Probe) -> Result<Answer, String> {
        let (process, since) = self.process.as_ref().ok_or("it does not run")?;
        let image = self.container.image.as_deref().unwrap();
        ask(probe, &self.container, process, |command| {
            let environment = cluster.environment(&self.container).unwrap_or_default();
            let mut process = Process::start(image, command, &environment, &cluster.names_file(), "");
            process.second(*since) == Some(0)
        })
    }
}
