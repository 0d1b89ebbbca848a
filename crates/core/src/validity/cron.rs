//! Schedules of CronJobs, as `ParseStandard` of robfig/cron v3 reads them.

use super::walk::shown;

const NAMES: [&str; 2] = ["jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", "sun|mon|tue|wed|thu|fri|sat"];

/// The five fields: what each is, its least and greatest number, and the names that stand for numbers from the least on.
const FIELDS: [(&str, u32, u32, Option<&str>); 5] = [
    ("minute", 0, 59, None),
    ("hour", 0, 23, None),
    ("day of the month", 1, 31, None),
    ("month", 1, 12, Some(NAMES[0])),
    ("day of the week", 0, 6, Some(NAMES[1])),
];

/// What is wrong with a schedule.
pub(super) fn fault(text: &str) -> Option<String> {
    if text.contains("TZ") {
        return Some("must not name a time zone: that is for `timeZone`".to_owned());
    }
    if let Some(word) = text.strip_prefix('@') {
        let is_known = matches!(word, "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly");
        // A duration that is none is rare, and left to the API server.
        let is_every = word.strip_prefix("every ").is_some_and(|rest| rest.contains(|c: char| c.is_ascii_digit()));
        return (!is_known && !is_every).then(|| "must be `@hourly` or the like, or five fields".to_owned());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() != FIELDS.len() {
        return Some(format!("has {} fields, and a schedule has 5", words.len()));
    }
    let is_good =
        |(word, field): &(&str, _)| word.split(',').filter(|part| !part.is_empty()).all(|part| range(part, *field));
    let wrong = words.iter().copied().zip(FIELDS).find(|pair| !is_good(pair));
    wrong.map(|(word, (name, least, most, _))| {
        format!("has `{}` for the {name}, which is from {least} to {most}", shown(word))
    })
}

/// Whether a part of a field can be read: `*`, `1`, `1-5`, `*/2`.
fn range(part: &str, (_, least, most, names): (&str, u32, u32, Option<&str>)) -> bool {
    let number = |text: &str| {
        let at = names.and_then(|names| names.split('|').position(|name| name.eq_ignore_ascii_case(text)));
        let at = at.and_then(|at| u32::try_from(at).ok()).map(|at| at + least);
        at.or_else(|| text.strip_prefix('+').unwrap_or(text).parse().ok())
    };
    let mut steps = part.split('/');
    let (Some(span), step, None) = (steps.next(), steps.next(), steps.next()) else { return false };
    let mut ends = span.split('-');
    let (first, second, third) = (ends.next().unwrap_or_default(), ends.next(), ends.next());
    let (low, high) = match (first, second) {
        ("*" | "?", _) => (Some(least), Some(most)),
        (first, None) => (number(first), if step.is_some() { Some(most) } else { number(first) }),
        (first, Some(second)) => (number(first), number(second)),
    };
    let is_step = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
    let is_span = matches!((low, high), (Some(low), Some(high)) if low >= least && high <= most && low <= high);
    is_step && is_span && (third.is_none() || matches!(first, "*" | "?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_the_api_server_reads_them() {
        for text in
            ["* * * * *", "*/5 0-3,5 1 JAN mon-fri", "@daily", "@every 1h", "0 0 ? * 0", "5/15 * * * *", "0,, * * * *"]
        {
            assert_eq!(fault(text), None, "{text}");
        }
        for text in [
            "* * * *",
            "60 * * * *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "@often",
            "a * * * *",
            "1-2-3 * * * *",
            "TZ=UTC * * * * *",
        ] {
            assert!(fault(text).is_some(), "{text}");
        }
    }
}
