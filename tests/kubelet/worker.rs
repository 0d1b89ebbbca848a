//! One probe of one container, as the kubelet's worker keeps it (`pkg/kubelet/prober/worker.go`): a state machine that
//! is told the time and the answers, and asks nobody. Time is in whole seconds, as every number of a probe is.

use k8s_openapi::api::core::v1::Probe;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Startup,
    Readiness,
    Liveness,
}

/// What the kubelet holds to be true of a container; `Unknown` until a startup probe has come to a verdict.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    Success,
    Failure,
    Unknown,
}

/// The numbers of a probe.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    pub initial_delay: u64,
    pub period: u64,
    pub timeout: u64,
    pub successes: u64,
    pub failures: u64,
}

impl Numbers {
    /// With the API's defaults (`SetDefaults_Probe`): a zero counts as unset.
    pub fn of(probe: &Probe) -> Self {
        let number = |value: Option<i32>, default: u64| match value {
            None | Some(0) => default,
            Some(value) => u64::try_from(value).unwrap(),
        };
        Self {
            initial_delay: number(probe.initial_delay_seconds, 0),
            period: number(probe.period_seconds, 10),
            timeout: number(probe.timeout_seconds, 1),
            successes: number(probe.success_threshold, 1),
            failures: number(probe.failure_threshold, 3),
        }
    }
}

/// What a worker sees of its container.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Which process of the container it is, from 1; 0: none was made yet.
    pub run: u64,
    pub running_since: Option<u64>,
    /// The startup probe has succeeded, or there is none.
    pub started: bool,
}

#[derive(Debug)]
pub struct Worker {
    pub kind: Kind,
    pub numbers: Numbers,
    /// The process that the verdict is of.
    run: u64,
    verdict: Verdict,
    last: Option<bool>,
    /// How many answers in a row were like the last one.
    in_a_row: u64,
    /// A verdict fell that restarts the container, or the startup's: nothing is asked until there is a new process.
    on_hold: bool,
    /// The ticker ticks each period from here.
    ticks_from: u64,
    next: u64,
    busy_until: u64,
    pending: Option<(u64, bool)>,
}

impl Worker {
    /// Workers begin with their pod, not with their container: the ticks are the pod's.
    pub fn new(kind: Kind, numbers: Numbers, now: u64) -> Self {
        Self {
            kind,
            numbers,
            run: 0,
            verdict: Verdict::Unknown,
            last: None,
            in_a_row: 0,
            on_hold: false,
            ticks_from: now,
            next: now,
            busy_until: now,
            pending: None,
        }
    }

    /// The verdict on a process; `None` while the worker has not looked at it.
    pub fn verdict(&self, run: u64) -> Option<Verdict> {
        (self.run == run && run > 0).then_some(self.verdict)
    }

    /// A container that has started and is not ready is asked at once, and then each period from now
    /// (`UpdatePodStatus`, `manualTriggerCh`).
    pub fn trigger(&mut self, now: u64) {
        self.next = now.max(self.busy_until);
        self.ticks_from = self.next;
    }

    /// When it looks at its container next.
    pub fn due(&self) -> u64 {
        self.next
    }

    /// Whether the container is asked now.
    pub fn wants(&mut self, now: u64, seen: Seen) -> bool {
        if self.pending.is_some() || now < self.next {
            return false;
        }
        let ticks = (now - self.ticks_from) / self.numbers.period + 1;
        self.next = self.ticks_from + ticks * self.numbers.period;
        if seen.run == 0 {
            return false;
        }
        if seen.run != self.run {
            // The count in `in_a_row` stays, as the kubelet's does: it begins anew only where a verdict put it on hold.
            self.run = seen.run;
            self.verdict = match self.kind {
                Kind::Startup => Verdict::Unknown,
                Kind::Readiness => Verdict::Failure,
                Kind::Liveness => Verdict::Success,
            };
            self.on_hold = false;
        }
        if self.on_hold {
            return false;
        }
        let Some(since) = seen.running_since else {
            self.verdict = Verdict::Failure;
            return false;
        };
        // Nothing else is asked before the startup probe has succeeded, and that one never after.
        now - since >= self.numbers.initial_delay && seen.started != (self.kind == Kind::Startup)
    }

    /// The answer to a question that was put now. Ticks that pass while it is awaited become one.
    pub fn answered(&mut self, now: u64, took: u64, success: bool) {
        self.busy_until = now + took;
        self.next = self.next.max(self.busy_until);
        self.pending = Some((self.busy_until, success));
    }

    /// Counts an answer whose time has come. Whether the verdict changed.
    pub fn settle(&mut self, now: u64) -> bool {
        let Some((_, success)) = self.pending.take_if(|(at, _)| *at <= now) else { return false };
        if self.last == Some(success) {
            self.in_a_row += 1;
        } else {
            self.last = Some(success);
            self.in_a_row = 1;
        }
        let threshold = if success { self.numbers.successes } else { self.numbers.failures };
        if self.in_a_row < threshold {
            return false;
        }
        let verdict = if success { Verdict::Success } else { Verdict::Failure };
        let changed = self.verdict != verdict;
        self.verdict = verdict;
        if self.kind == Kind::Startup || (self.kind == Kind::Liveness && !success) {
            self.on_hold = true;
            self.in_a_row = 0;
        }
        changed
    }
}

/// How long a container that ended waits before it is started again (`doBackOff`, `flowcontrol.Backoff`): not at all,
/// then 10 s, doubled up to five minutes, from the end of the process before.
#[derive(Debug, Default)]
pub struct BackOff {
    /// The wait, and when it was last lengthened.
    entry: Option<(u64, u64)>,
}

impl BackOff {
    const FIRST: u64 = 10;
    const LONGEST: u64 = 300;

    /// Whether a container that ended at `ended` may start now; if so, the next wait is longer.
    pub fn allows(&mut self, ended: u64, now: u64) -> bool {
        // What ran for long enough begins anew.
        let entry = self.entry.filter(|(_, since)| ended.saturating_sub(*since) <= 2 * Self::LONGEST);
        if entry.is_some_and(|(wait, _)| now - ended < wait) {
            return false;
        }
        let wait = entry.map_or(Self::FIRST, |(wait, _)| (wait * 2).min(Self::LONGEST));
        self.entry = Some((wait, now));
        true
    }
}
