//! Durations as operators of custom resources take them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::checked_text;

checked_text! {
    /// A duration in whole seconds, minutes or hours, above zero: `30s`, `5m`, `1h`.
    // What the Vault Secrets Operator (`^([0-9]+(\.[0-9]+)?(s|m|h))$`), External Secrets and the Vault Agent (Go's
    // `time.ParseDuration`) all read alike.
    OperatorDuration, check_operator_duration, {"pattern" = "^0{0,8}[1-9][0-9]{0,8}(s|m|h)$", "maxLength" = 10}
}

fn check_operator_duration(text: &str) -> Result<(), String> {
    let number = text.strip_suffix(['s', 'm', 'h']).unwrap_or_default();
    let is_whole = !number.is_empty() && number.len() <= 9 && number.bytes().all(|b| b.is_ascii_digit());
    match is_whole && number.bytes().any(|b| b != b'0') {
        true => Ok(()),
        false => Err(format!("`{text}` is not a duration: write `30s`, `5m` or `1h`")),
    }
}

/// A duration as Prometheus writes it, above zero: `30s`, `1m30s`, `500ms`.
// The pattern of `Duration` in the Prometheus operator's CRDs, which `ParseDuration` of prometheus/common reads.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"))]
pub struct PrometheusDuration {
    text: String,
    millis: u64,
}

impl PrometheusDuration {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// In milliseconds.
    #[must_use]
    pub fn millis(&self) -> u64 {
        self.millis
    }
}

/// The units in the order in which they may stand, with their milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

impl TryFrom<String> for PrometheusDuration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match millis(&text) {
            Some(millis) if millis > 0 => Ok(Self { text, millis }),
            _ => Err(format!("`{text}` is not a duration of Prometheus: write `30s`, `1m30s` or `500ms`")),
        }
    }
}

fn millis(text: &str) -> Option<u64> {
    let (mut rest, mut total, mut units) = (text, 0u64, UNITS.iter());
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, behind) = tail.split_at(end);
        let (_, each) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*each)?)?;
        rest = behind;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::super::samples::texts;
    use super::*;

    #[test]
    fn operators_take_whole_numbers_of_one_unit() {
        texts::<OperatorDuration>(
            &["30s", "5m", "1h", "05m", "999999999s"],
            &["", "s", "30", "1.5h", "0s", "00m", "1d", "1h30m", "-1s", "1000000000s", "500ms"],
        );
    }

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        let cases = [
            ("30s", Some(30_000)),
            ("1m30s", Some(90_000)),
            ("500ms", Some(500)),
            ("1h5ms", Some(3_600_005)),
            ("30s1m", None),
            ("1m1m", None),
            ("30", None),
            ("s", None),
            ("1.5m", None),
            ("-1s", None),
            ("99999999999999999999y", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(millis(text), wanted, "{text}");
        }
        texts::<PrometheusDuration>(&["30s", "1m30s", "500ms", "1h5ms"], &["30s1m", "1m1m", "30", "s", "1.5m", "-1s"]);
        assert!(PrometheusDuration::try_from("0s".to_owned()).is_err());
        assert!(PrometheusDuration::try_from(String::new()).is_err());
    }
}
