//! A pod as the kubelet runs it: init containers one after the other, then the containers; each probed, killed, started
//! again after a back-off. One second after the other, as fast as the machine goes.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::PodSpec;
use serde_json::Value;

use crate::ask::Answer;
use crate::cluster::Cluster;
use crate::container::{self, Runs};
use crate::http;
use crate::slot::{Role, Slot};
use crate::worker::Kind;

/// What happened, for tests that look at order and number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    Started,
    Ended(i32),
    /// Its startup or liveness probe failed for good.
    Killed(Kind),
    Asked(Kind, bool),
    /// It cannot be started, and why.
    Refused(String),
    Ready,
    Unready,
}

pub struct Pod {
    pub now: u64,
    /// Second, container, event.
    pub events: Vec<(u64, String, Event)>,
    restart_policy: String,
    spec: PodSpec,
    slots: Vec<Slot>,
    initialised: bool,
    failed: bool,
    /// Something changed: the kubelet looks at the pod.
    sync: bool,
    faults: BTreeMap<(String, u64), String>,
}

impl Pod {
    /// A pod of a workload.
    pub fn of(workload: &Value) -> Self {
        let spec: PodSpec = serde_json::from_value(workload["spec"]["template"]["spec"].clone()).unwrap();
        let init = spec.init_containers.clone().into_iter().flatten().map(|container| {
            let stays = container.restart_policy.as_deref() == Some("Always");
            (if stays { Role::Sidecar } else { Role::Init }, container)
        });
        let all = init.chain(spec.containers.clone().into_iter().map(|container| {
            assert!(
                container.restart_policy.is_none(),
                "this runner knows no containers with a restart rule of their own"
            );
            (Role::Main, container)
        }));
        Self {
            now: 0,
            events: Vec::new(),
            restart_policy: spec.restart_policy.clone().unwrap_or_else(|| "Always".to_owned()),
            slots: all.map(|(role, container)| Slot::new(role, container)).collect(),
            spec,
            initialised: false,
            failed: false,
            sync: false,
            faults: BTreeMap::new(),
        }
    }

    /// Has the given process of a container, counted from 1, go wrong; see `stand_in.rs`.
    pub fn fault(&mut self, container: &str, run: u64, fault: &str) {
        self.faults.insert((container.to_owned(), run), fault.to_owned());
    }

    pub fn run(&mut self, cluster: &Cluster, seconds: u64) {
        for _ in 0..seconds {
            self.second(cluster);
        }
    }

    /// Runs until something holds; panics when it does not within the given seconds.
    pub fn run_until(&mut self, cluster: &Cluster, within: u64, holds: impl Fn(&Self) -> bool) {
        let until = self.now + within;
        while !holds(self) {
            assert!(self.now < until, "not within {within} s:\n{self}");
            self.second(cluster);
        }
    }

    pub fn ready(&self) -> bool {
        self.initialised && self.slots.iter().filter(|slot| slot.role != Role::Init).all(Slot::ready)
    }

    pub fn initialised(&self) -> bool {
        self.initialised
    }

    pub fn restarts(&self) -> u64 {
        self.slots.iter().map(|slot| slot.runs.saturating_sub(1)).sum()
    }

    /// When an event befell a container.
    pub fn times(&self, container: &str, event: &Event) -> Vec<u64> {
        self.events.iter().filter(|(_, name, what)| name == container && what == event).map(|(at, ..)| *at).collect()
    }

    /// When a container was probed, with any result.
    pub fn asked(&self, container: &str, kind: Kind) -> Vec<u64> {
        let asks = |what: &Event| matches!(what, Event::Asked(asked, _) if *asked == kind);
        self.events.iter().filter(|(_, name, what)| name == container && asks(what)).map(|(at, ..)| *at).collect()
    }

    /// Puts a probe's question outside its turn, and awaits the answer.
    pub fn answer(&self, cluster: &Cluster, container: &str, kind: Kind) -> Answer {
        let slot = self.slots.iter().find(|slot| slot.container.name == container).unwrap();
        let (_, probe) = slot.workers.iter().find(|(worker, _)| worker.kind == kind).unwrap();
        slot.ask(&self.spec, cluster, probe).unwrap()
    }

    /// What a request by way of the Service gets from a container.
    pub fn get(&self, container: &str, port: u16, path: &str) -> Option<u16> {
        let slot = self.slots.iter().find(|slot| slot.container.name == container).unwrap();
        let port = slot.process.as_ref()?.0.ports.get(&port)?;
        http::get(*port, path, &[], Duration::from_secs(1)).ok().map(|response| response.status)
    }

    /// The containers that run: how they are to run, and what the kernel says of their processes by a key.
    pub fn running(&self) -> Vec<(Runs, impl Fn(&str) -> Vec<String>)> {
        let running = self.slots.iter().filter_map(|slot| {
            let (process, _) = slot.process.as_ref()?;
            Some((container::runs(&self.spec, &slot.container).unwrap(), |key: &str| process.status(key)))
        });
        running.collect()
    }

    fn second(&mut self, cluster: &Cluster) {
        let (now, sync) = (self.now, std::mem::take(&mut self.sync));
        for at in 0..self.slots.len() {
            self.tell(at);
            self.probe(at, cluster, sync);
        }
        for at in 0..self.slots.len() {
            if let Some(kind) = self.slots[at].doomed() {
                let before = self.slots[at].end(now, 137);
                self.event(at, Event::Killed(kind));
                // The kubelet starts it in the same look at the pod, so its back-off counts from the process before.
                if self.restarts_after(at) {
                    self.start(at, before, cluster);
                }
            }
        }
        self.start_all(cluster);
        for at in 0..self.slots.len() {
            let ready = self.slots[at].role != Role::Init && self.slots[at].ready();
            if ready != self.slots[at].was_ready {
                self.slots[at].was_ready = ready;
                self.event(at, if ready { Event::Ready } else { Event::Unready });
            }
        }
        self.now += 1;
    }

    /// Tells a process the time and hears whether it has ended.
    fn tell(&mut self, at: usize) {
        let now = self.now;
        let Some((process, _)) = &mut self.slots[at].process else { return };
        if let Some(code) = process.second(now) {
            self.slots[at].end(now, code);
            self.event(at, Event::Ended(code));
        }
    }

    fn probe(&mut self, at: usize, cluster: &Cluster, sync: bool) {
        let now = self.now;
        let trigger = sync && self.slots[at].started() && !self.slots[at].ready();
        for index in 0..self.slots[at].workers.len() {
            // After each worker: the startup probe's success lets the others ask.
            let slot = &mut self.slots[at];
            let seen = slot.seen();
            let (worker, probe) = &mut slot.workers[index];
            self.sync |= worker.settle(now);
            if trigger && worker.kind == Kind::Readiness {
                worker.trigger(now);
            }
            if !worker.wants(now, seen) {
                continue;
            }
            let (kind, probe, timeout) = (worker.kind, probe.clone(), worker.numbers.timeout);
            // An error of the kubelet's own is thrown away.
            let Ok(answer) = slot.ask(&self.spec, cluster, &probe) else { continue };
            let worker = &mut slot.workers[index].0;
            worker.answered(now, if answer.timed_out { timeout } else { 0 }, answer.success);
            self.sync |= worker.settle(now);
            self.event(at, Event::Asked(kind, answer.success));
        }
    }

    /// Starts what is to run: init containers in their order, each when the one before has done its work; then the rest.
    fn start_all(&mut self, cluster: &Cluster) {
        for at in 0..self.slots.len() {
            let slot = &self.slots[at];
            let (role, ended) = (slot.role, slot.ended.map(|(at, _)| at));
            let may = slot.process.is_none() && !self.failed;
            match role {
                Role::Init if self.initialised || slot.succeeded() => {}
                Role::Init if may && slot.ended.is_some() && self.restart_policy == "Never" => self.failed = true,
                // It is restarted by `OnFailure` and `Always` alike.
                Role::Init => {
                    if may {
                        self.start(at, ended, cluster);
                    }
                    return;
                }
                Role::Sidecar => {
                    if may {
                        self.start(at, ended, cluster);
                    }
                    if !self.initialised && !self.slots[at].started() {
                        return;
                    }
                }
                Role::Main => {
                    self.initialised = !self.failed;
                    if may && self.restarts_after(at) {
                        self.start(at, ended, cluster);
                    }
                }
            }
        }
    }

    /// Whether the container's last end, if any, lets it start again.
    fn restarts_after(&self, at: usize) -> bool {
        let slot = &self.slots[at];
        let Some((_, code)) = slot.ended else { return true };
        slot.role == Role::Sidecar
            || match self.restart_policy.as_str() {
                "Always" => true,
                "OnFailure" => code != 0,
                _ => false,
            }
    }

    /// Starts a container, if it has its environment and no back-off holds it.
    fn start(&mut self, at: usize, ended: Option<u64>, cluster: &Cluster) {
        let now = self.now;
        let slot = &mut self.slots[at];
        if ended.is_some_and(|ended| !slot.back_off.allows(ended, now)) {
            return;
        }
        let fault = self.faults.get(&(slot.container.name.clone(), slot.runs + 1)).map_or("", String::as_str);
        let process = match slot.launch(&self.spec, cluster, None, fault) {
            Ok(process) => process,
            Err(message) => return self.event(at, Event::Refused(message)),
        };
        slot.runs += 1;
        slot.process = Some((process, now));
        self.event(at, Event::Started);
        self.tell(at);
    }

    fn event(&mut self, at: usize, event: Event) {
        // What a container is asked changes nothing by itself, nor does what is said of it.
        self.sync |= matches!(event, Event::Started | Event::Ended(_) | Event::Killed(_));
        self.events.push((self.now, self.slots[at].container.name.clone(), event));
    }
}

impl std::fmt::Display for Pod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.events.iter().try_for_each(|(at, container, event)| writeln!(f, "{at:>5} {container}: {event:?}"))
    }
}
