//! One container of a pod: its process, its probes, what they say of it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use k8s_openapi::api::core::v1::{Container, PodSpec, Probe};

use crate::ask::{Answer, ask};
use crate::cluster::{Cluster, expand};
use crate::common::copy;
use crate::process::Process;
use crate::worker::{BackOff, Kind, Numbers, Seen, Verdict, Worker};
use crate::{container, sandbox, stand_in};

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

    pub fn ask(&self, spec: &PodSpec, cluster: &Cluster, probe: &Probe) -> Result<Answer, String> {
        let (process, since) = self.process.as_ref().ok_or("it does not run")?;
        ask(probe, &self.container, process, |command| {
            self.launch(spec, cluster, Some(command), "").is_ok_and(|mut process| process.second(*since) == Some(0))
        })
    }

    /// Starts a process of the container: its own command, or another. What holds it back is an error.
    pub fn launch(
        &self,
        spec: &PodSpec,
        cluster: &Cluster,
        command: Option<&[String]>,
        fault: &str,
    ) -> Result<Process, String> {
        let image_name = self.container.image.as_deref().unwrap();
        let environment = cluster.environment(&self.container)?;
        let own = self.command(&environment);
        let words = command.unwrap_or(&own).iter().map(String::as_str);
        let mounts = cluster.volumes().mounts(spec, &self.container, cluster)?;
        let (names, folder) = (cluster.names_file(), &cluster.folder.0);
        if !sandbox::inside() {
            // Outside of a container, files of ConfigMaps and Secrets are below a folder that plays the root.
            let root = folder.join("roots").join(&self.container.name);
            for (source, path, _) in mounts.iter().filter(|(.., writable)| !writable) {
                copy(source, &root.join(path.trim_start_matches('/')));
            }
            let fixed = [image_name, fault, names.to_str().unwrap(), root.to_str().unwrap()];
            let words: Vec<&str> = fixed.into_iter().chain(words).collect();
            let mut own = Command::new(std::env::current_exe().unwrap());
            own.env_clear();
            return Ok(Process::start(own, &words, &environment, Stdio::null()));
        }
        let runs = container::runs(spec, &self.container)?;
        container::sysctls(spec);
        let image = stand_in::image(image_name).ok_or("no such image")?;
        let log = std::fs::File::create(cluster.log(&self.container.name)).unwrap();
        let words: Vec<&str> = [image_name, fault, "/cluster/names", "/"].into_iter().chain(words).collect();
        let command = container::command(&runs, &image, &mounts, folder);
        Ok(Process::start(command, &words, &environment, log.into()))
    }
}
