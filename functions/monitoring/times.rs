//! The time that a scrape may take, against the time between two scrapes: what the operator compares.

use super::known::GROUP;
use super::rules;
use super::spec::Spec;
use krmor_core::kube::PrometheusDuration;
use krmor_core::report::{Finding, Place, Report};
use krmor_core::stream::{Object, Stream};
use krmor_yaml::Node;

/// What the operator's Prometheus has where it does not say.
const DEFAULT: &str = "30s";

/// The time between two scrapes where an endpoint says none.
#[derive(Clone)]
pub(super) struct Interval {
    time: Option<PrometheusDuration>,
    /// Whose it is, as a clause.
    whose: String,
}

impl Interval {
    /// That of the Prometheus of the stream with the shortest one, else the operator's.
    pub(super) fn of(stream: &Stream) -> Self {
        let all = ["Prometheus", "PrometheusAgent"].into_iter().flat_map(|kind| stream.of_kind(GROUP, kind));
        let each = all.filter_map(|object| Some((time(object.root(), "/spec/scrapeInterval")?, object)));
        match each.min_by_key(|(time, _)| time.millis()) {
            Some((time, object)) => Self { time: Some(time), whose: format!("{} has", object.reference()) },
            None => Self {
                time: PrometheusDuration::try_from(DEFAULT.to_owned()).ok(),
                whose: "Prometheus has unless somebody says otherwise".to_owned(),
            },
        }
    }
}

fn time(node: Node<'_>, pointer: &str) -> Option<PrometheusDuration> {
    PrometheusDuration::try_from(node.at_pointer(pointer)?.as_str()?.into_owned()).ok()
}

/// Whether the endpoint will have time enough, with what the config says and what stands there; if not, that is reported.
pub(super) fn fit(spec: &Spec, there: Option<&(Object<'_>, String)>, usual: &Interval, report: &mut Report) -> bool {
    let own = |field: &str| {
        let (object, pointer) = there?;
        Some((object, format!("{pointer}/{field}")))
            .and_then(|(object, at)| Some((time(object.root(), &at)?, object.at(&at))))
    };
    let (timeout, place) = match (&spec.scrape_timeout, own("scrapeTimeout")) {
        (Some(timeout), _) => (timeout.clone(), Place::Config("/scrapeTimeout".to_owned())),
        (None, Some(found)) => found,
        (None, None) => return true,
    };
    let (interval, whose) = match (&spec.interval, own("interval")) {
        (Some(interval), _) => (interval.clone(), "the config asks for".to_owned()),
        (None, Some((interval, _))) => (interval, "the monitor has".to_owned()),
        (None, None) => match &usual.time {
            Some(time) => (time.clone(), usual.whose.clone()),
            None => return true,
        },
    };
    if timeout.millis() <= interval.millis() {
        return true;
    }
    let message = format!(
        "`scrapeTimeout: {}` is longer than the {} between two scrapes that {whose}: the operator leaves such a monitor out",
        timeout.as_str(),
        interval.as_str()
    );
    let remedy = "shorten it, or write a longer `interval`";
    report.record_once(vec![Finding::new(&rules::SCRAPE_TIMEOUT, place, message, remedy)]);
    false
}
