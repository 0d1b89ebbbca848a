//! From the fields of the spec to the probes that are wanted, each complete; or to all that cannot be right in them.

use crate::probes::rules;
use krmor_core::report::Rule;
use serde_json::{Map, Value, json};

use super::spec::{Fields, Handler, Probe};
use krmor_core::values::NonNegative;
use krmor_core::values::Positive;

/// The API's own defaults, which are ours: written out, so that nobody needs to know them.
const PERIOD: i32 = 10;
const TIMEOUT: i32 = 1;
const FAILURES: i32 = 3;
/// With `seconds`: a start is seen soon, and the last probe is sent not long before the time is over.
const STARTUP_PERIOD: i32 = 5;

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Restart when it fails.
    Liveness,
    /// No traffic while it fails.
    Readiness,
    /// The others wait for it.
    Startup,
}

impl Purpose {
    /// Its field in the spec.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Liveness => "liveness",
            Purpose::Readiness => "readiness",
            Purpose::Startup => "startup",
        }
    }

    /// Its field in a container.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Purpose::Liveness => "livenessProbe",
            Purpose::Readiness => "readinessProbe",
            Purpose::Startup => "startupProbe",
        }
    }

    /// The rule by which it is injected.
    #[must_use]
    pub fn rule(self) -> &'static Rule {
        match self {
            Purpose::Liveness => &rules::LIVENESS_PROBE,
            Purpose::Readiness => &rules::READINESS_PROBE,
            Purpose::Startup => &rules::STARTUP_PROBE,
        }
    }
}

/// A probe to inject.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it is for.
    pub purpose: Purpose,
    /// What it does; complete.
    pub handler: Handler,
    initial_delay: Option<i32>,
    /// `periodSeconds`.
    pub period: i32,
    /// `timeoutSeconds`.
    pub timeout: i32,
    /// `failureThreshold`.
    pub failures: i32,
    successes: i32,
    /// `terminationGracePeriodSeconds`.
    pub grace: Option<i32>,
}

impl Plan {
    /// The probe, with `port` as its port.
    #[must_use]
    pub fn probe(&self, port: &Value) -> Value {
        let mut out = Map::new();
        let (handler, value) = self.handler.entry(port);
        out.insert(handler.to_owned(), value);
        let timings = [
            ("initialDelaySeconds", self.initial_delay),
            ("periodSeconds", Some(self.period)),
            ("timeoutSeconds", Some(self.timeout)),
            ("failureThreshold", Some(self.failures)),
            ("successThreshold", (self.purpose == Purpose::Readiness).then_some(self.successes)),
            ("terminationGracePeriodSeconds", self.grace),
        ];
        out.extend(timings.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))));
        Value::Object(out)
    }

    /// What it is good for, as the report says it.
    #[must_use]
    pub fn reason(&self) -> String {
        let time = |count: i32| i64::from(self.period) * i64::from(count);
        match self.purpose {
            Purpose::Liveness => {
                format!("the kubelet restarts the container when it has failed for {} s", time(self.failures))
            }
            Purpose::Readiness => "the pod gets traffic only while the container can serve it".to_owned(),
            Purpose::Startup => {
                format!("the container has {} s to start before the other probes count", time(self.failures))
            }
        }
    }
}

/// The probes that the fields ask for, or all their problems.
pub(super) fn all(fields: &Fields) -> Result<Vec<Plan>, String> {
    let mut problems = Vec::new();
    let defaults = fields.defaults.clone().unwrap_or_default();
    let shared = handler("defaults", &defaults, &mut problems);
    if defaults.seconds.is_some() {
        problems.push("`defaults.seconds`: only `startup` has `seconds`".to_owned());
    }
    let named = [
        (Purpose::Liveness, &fields.liveness),
        (Purpose::Readiness, &fields.readiness),
        (Purpose::Startup, &fields.startup),
    ];
    let mut plans: Vec<Plan> = Vec::new();
    for (purpose, probe) in named.into_iter().filter_map(|(purpose, probe)| Some((purpose, probe.as_ref()?))) {
        check(purpose, probe, &mut problems);
        let own = handler(purpose.name(), probe, &mut problems);
        // What says that the program runs also says that it has started.
        let of_liveness = plans.iter().find(|plan| plan.purpose == Purpose::Liveness && purpose == Purpose::Startup);
        let of_liveness = of_liveness.map(|plan| &plan.handler);
        let base = shared.clone().map(|shared| shared.over(of_liveness)).or_else(|| of_liveness.cloned());
        match own.map(|own| own.over(base.as_ref())).or(base) {
            Some(handler) => {
                problems.extend(handler.missing().iter().map(|field| {
                    let place = format!("{}.{}.{field}", purpose.name(), handler.name());
                    format!("`{place}` is missing: give it there or in `defaults`")
                }));
                plans.push(plan(purpose, handler, probe, &defaults));
            }
            // Two handlers have been said already.
            None if probe.handlers().is_empty() && defaults.handlers().is_empty() => problems.push(format!(
                "`{}` has no handler: give one of `http`, `tcp`, `grpc`, `exec` there or in `defaults`",
                purpose.name()
            )),
            None => {}
        }
    }
    if named.iter().all(|(_, probe)| probe.is_none()) {
        problems.push("no probe is named: give at least one of `liveness`, `readiness`, `startup`".to_owned());
    }
    if problems.is_empty() { Ok(plans) } else { Err(problems.join("; ")) }
}

/// The handler of a part of the spec; more than one is a problem.
fn handler(place: &str, probe: &Probe, problems: &mut Vec<String>) -> Option<Handler> {
    let mut handlers = probe.handlers();
    if handlers.len() > 1 {
        let names: Vec<String> = handlers.iter().map(|handler| format!("`{}`", handler.name())).collect();
        problems.push(format!("`{place}` has more than one handler ({}): keep one", names.join(", ")));
        return None;
    }
    handlers.pop()
}

/// What the API takes for some purposes only.
fn check(purpose: Purpose, probe: &Probe, problems: &mut Vec<String>) {
    let name = purpose.name();
    let successes = probe.success_threshold.map_or(1, Positive::get);
    if purpose != Purpose::Readiness && successes != 1 {
        problems.push(format!("`{name}.successThreshold` must be 1, or left out: only `readiness` may have another"));
    }
    if purpose == Purpose::Readiness && probe.termination_grace_period_seconds.is_some() {
        let why = "has no use: a failed readiness probe ends no container";
        problems.push(format!("`{name}.terminationGracePeriodSeconds` {why}"));
    }
    if purpose != Purpose::Startup && probe.seconds.is_some() {
        problems.push(format!("`{name}.seconds`: only `startup` has `seconds`"));
    }
    if probe.seconds.is_some() && probe.failure_threshold.is_some() {
        problems.push(format!("`{name}` has `seconds` and `failureThreshold`, which follows from it: keep one"));
    }
}

fn plan(purpose: Purpose, handler: Handler, probe: &Probe, defaults: &Probe) -> Plan {
    let either = |own: Option<Positive>, shared: Option<Positive>| own.or(shared).map(Positive::get);
    let period = either(probe.period_seconds, defaults.period_seconds);
    let failures = either(probe.failure_threshold, defaults.failure_threshold).unwrap_or(FAILURES);
    let grace = either(probe.termination_grace_period_seconds, defaults.termination_grace_period_seconds);
    let (period, failures) = match probe.seconds {
        None => (period.unwrap_or(PERIOD), failures),
        Some(seconds) => {
            let period = period.unwrap_or(STARTUP_PERIOD);
            (period, failures_in(seconds.get(), period))
        }
    };
    Plan {
        purpose,
        handler,
        initial_delay: probe.initial_delay_seconds.or(defaults.initial_delay_seconds).map(NonNegative::get),
        period,
        timeout: either(probe.timeout_seconds, defaults.timeout_seconds).unwrap_or(TIMEOUT),
        failures,
        successes: either(probe.success_threshold, defaults.success_threshold).unwrap_or(1),
        grace: grace.filter(|_| purpose != Purpose::Readiness),
    }
}

/// How many probes fill `seconds`. The first is sent at once: a single one would be no time at all.
fn failures_in(seconds: i32, period: i32) -> i32 {
    let whole = seconds / period;
    let rest = i32::from(seconds % period > 0);
    (whole + rest).max(2)
}
