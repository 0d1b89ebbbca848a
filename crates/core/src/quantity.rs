//! Quantities of the Kubernetes API: `500m`, `1.5Gi`, `1e3`.
//!
//! Grammar, rounding and canonical form are those of `k8s.io/apimachinery/pkg/api/resource`, which `tests/quantity.rs`
//! asks about each of thousands of texts. Two differences: a number must have a digit (Go reads `m` as 0), and what is
//! beyond 1.7e29, which no resource is, is refused.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::values::json_text;

/// The smallest amount is a billionth: finer ones are rounded up to it.
const ONE: i128 = 1_000_000_000;
/// Where the API caps quantities with a binary unit.
const BINARY_MAX: i128 = i64::MAX as i128 * ONE;
/// Units by powers of ten, each with its power.
const DECIMAL: [(&str, i64); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
/// Units by powers of 1024, from the first power on.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// A message shows at most this much of what was written.
const MAX_SHOWN: usize = 40;

/// How a quantity is written in its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Decimal,
    Binary,
    Exponent,
}

/// Why a text is no quantity; says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoQuantity(String);

/// An amount of a resource. Equal amounts are equal, however they are written; [`fmt::Display`] gives the canonical form.
#[derive(Clone, Debug)]
pub struct Quantity {
    nanos: i128,
    format: Format,
    /// As the user wrote it; empty when it has been computed.
    written: Box<str>,
}

impl Quantity {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self::computed(0, Format::Decimal)
    }

    fn computed(nanos: i128, format: Format) -> Self {
        Self { nanos, format, written: Box::default() }
    }

    /// Reads a text. As in the API, space around it does not count.
    ///
    /// # Errors
    /// When it is no quantity, or beyond all resources.
    pub fn parse(text: &str) -> Result<Self, NoQuantity> {
        let text = text.trim();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at_checked(end).unwrap_or((unsigned, ""));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mut digits: Vec<u32> = whole.chars().chain(fraction.chars()).filter_map(|c| c.to_digit(10)).collect();
        let Some((mut format, power, powers_of_1024)) = unit(suffix) else { return Err(unreadable(text, suffix)) };
        if digits.is_empty() || fraction.contains('.') {
            return Err(unreadable(text, suffix));
        }
        (0..powers_of_1024).for_each(|_| times_1024(&mut digits));
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let Some(mut nanos) = scaled(&digits, power.saturating_sub(places).saturating_add(9)) else {
            return Err(NoQuantity(format!("`{}` is more than any resource can be", shown(text))));
        };
        if format == Format::Binary {
            nanos = nanos.min(BINARY_MAX);
            if 0 < nanos && nanos < ONE {
                format = Format::Decimal;
            }
        }
        let nanos = if text.starts_with('-') { -nanos } else { nanos };
        Ok(Self { nanos, format, written: text.into() })
    }

    /// Takes what a manifest or a config holds: a text, or a number, which the API takes too.
    ///
    /// # Errors
    /// When it is neither, or no quantity.
    pub fn of(value: &Value) -> Result<Self, NoQuantity> {
        let text = match value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) => Cow::Owned(number.to_string().trim_end_matches(".0").to_owned()),
            other => return Err(unreadable(&json_text(other), "")),
        };
        Self::parse(&text)
    }

    /// As the user wrote it; the canonical form when it has been computed.
    #[must_use]
    pub fn written(&self) -> Cow<'_, str> {
        if self.written.is_empty() { Cow::Owned(self.to_string()) } else { Cow::Borrowed(&self.written) }
    }

    /// Whether a value is no quantity for the API server either, which has room for more than is read here.
    #[must_use]
    pub fn is_surely_none(value: &Value) -> bool {
        let Value::String(text) = value else { return false };
        let text = text.trim();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let digits = unsigned.bytes().filter(u8::is_ascii_digit).count();
        // It reads `m` as 0, and holds what is beyond its numbers.
        let is_unit = unit(unsigned.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')).is_some();
        text.is_empty() || !(is_unit && (digits == 0 || digits > 20 || unsigned.contains(['e', 'E'])))
    }

    /// In thousandths, rounded up, as the API server does with requests and limits before it compares them.
    #[must_use]
    pub fn millis(&self) -> i128 {
        self.nanos.div_euclid(ONE / 1000) + i128::from(self.nanos.rem_euclid(ONE / 1000) > 0)
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    /// Whether it has no fraction.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.nanos % ONE == 0
    }

    /// Whether it is so many times `unit`, which is more than nothing.
    #[must_use]
    pub fn is_multiple_of(&self, unit: &Self) -> bool {
        unit.nanos > 0 && self.nanos % unit.nanos == 0
    }

    /// So many times itself; held at the largest quantity.
    #[must_use]
    pub fn times(&self, factor: u32) -> Self {
        Self::computed(self.nanos.saturating_mul(i128::from(factor)), self.format)
    }

    /// That many hundredths of it, rounded up (away from zero) to a billionth.
    #[must_use]
    pub fn percent(&self, percent: u32) -> Self {
        Self::computed(divide_up(self.nanos.saturating_mul(i128::from(percent)), 100), self.format)
    }
}

/// What a suffix stands for: the format, the power of ten and the power of 1024.
fn unit(suffix: &str) -> Option<(Format, i64, usize)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(unit, _)| *unit == suffix) {
        return Some((Format::Decimal, *power, 0));
    }
    if let Some(at) = BINARY.iter().position(|unit| *unit == suffix) {
        return Some((Format::Binary, 0, at + 1));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Format::Exponent, exponent, 0))
}

fn times_1024(digits: &mut Vec<u32>) {
    let mut carry = 0;
    for digit in digits.iter_mut().rev() {
        let product = *digit * 1024 + carry;
        (*digit, carry) = (product % 10, product / 10);
    }
    while carry > 0 {
        digits.insert(0, carry % 10);
        carry /= 10;
    }
}

/// Digits times a power of ten, rounded up; nothing when it is too large.
fn scaled(digits: &[u32], power: i64) -> Option<i128> {
    if digits.iter().all(|digit| *digit == 0) {
        return Some(0);
    }
    let cut = usize::try_from(power.min(0).unsigned_abs()).unwrap_or(usize::MAX);
    let (kept, lost) = digits.split_at_checked(digits.len().saturating_sub(cut))?;
    let ten = |sum: i128, digit: &u32| sum.checked_mul(10)?.checked_add(i128::from(*digit));
    let number = kept.iter().try_fold(0, ten)? + i128::from(lost.iter().any(|digit| *digit != 0));
    number.checked_mul(10_i128.checked_pow(u32::try_from(power.max(0)).ok()?)?)
}

fn divide_up(number: i128, by: i128) -> i128 {
    number / by + if number % by == 0 { 0 } else { number.signum() }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The error about a text, with the units that were perhaps meant: `128MB` reads as `128M` or `128Mi`.
fn unreadable(text: &str, suffix: &str) -> NoQuantity {
    let word = suffix.trim();
    let bare = word.strip_suffix(['b', 'B']).unwrap_or(word);
    let letter = bare.strip_suffix(['i', 'I']).unwrap_or(bare);
    let number = text.strip_suffix(suffix).filter(|number| number.ends_with(|c: char| c.is_ascii_digit()));
    let is_close = |unit: &&str| {
        *unit == word
            || unit.eq_ignore_ascii_case(bare) && !matches!(*unit, "n" | "u" | "m")
            || letter == bare && unit.strip_suffix('i').is_some_and(|unit| unit.eq_ignore_ascii_case(letter))
    };
    let units = DECIMAL.iter().map(|(unit, _)| *unit).chain(BINARY).filter(|unit| !unit.is_empty());
    let meant: Vec<String> = units.filter(is_close).map(|unit| format!("`{}{unit}`", number.unwrap_or(""))).collect();
    let remedy = match (number, meant.is_empty()) {
        (Some(_), false) => crate::suggest::did_you_mean(&meant.join(" or ")),
        _ => "write a number, with a unit or none, such as `500m`, `2` or `128Mi`".to_owned(),
    };
    NoQuantity(format!("`{}` is no quantity: {remedy}", shown(text)))
}

/// The canonical form, as the API prints it.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number = self.nanos;
        if number == 0 {
            return f.write_str("0");
        }
        if self.format == Format::Binary && self.is_whole() && number.abs() >= 1024 * ONE {
            number /= ONE;
            let mut unit = "";
            for larger in BINARY {
                if number % 1024 != 0 {
                    break;
                }
                (number, unit) = (number / 1024, larger);
            }
            return write!(f, "{number}{unit}");
        }
        let mut power = -9;
        while number % 10 == 0 && (power < 18 || self.format == Format::Exponent) {
            number /= 10;
            power += 1;
        }
        while power % 3 != 0 {
            number *= 10;
            power -= 1;
        }
        match DECIMAL.iter().find(|(_, other)| *other == power) {
            Some((unit, _)) if self.format != Format::Exponent => write!(f, "{number}{unit}"),
            _ if power == 0 => write!(f, "{number}"),
            _ => write!(f, "{number}e{power}"),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// The sum is written as the first that is not zero; held at the largest quantity.
impl Add for &Quantity {
    type Output = Quantity;

    fn add(self, other: &Quantity) -> Quantity {
        let format = if self.nanos == 0 { other.format } else { self.format };
        Quantity::computed(self.nanos.saturating_add(other.nanos), format)
    }
}

impl<'a> Sum<&'a Quantity> for Quantity {
    fn sum<I: Iterator<Item = &'a Quantity>>(all: I) -> Quantity {
        all.fold(Quantity::zero(), |sum, one| &sum + one)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$";
        json_schema!({"anyOf": [{"type": "string", "pattern": pattern}, {"type": "number"}]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn what_was_written_stays_and_amounts_compare() {
        let thousand = read(" 1000m ");
        assert_eq!((thousand.written().as_ref(), thousand.to_string().as_str()), ("1000m", "1"));
        assert_eq!(thousand, read("1"));
        assert!(read("1Gi") > read("1G") && read("-1") < read("0"));
        assert_eq!((&thousand + &read("1")).written(), "2");
    }

    #[test]
    fn sums_products_and_shares() {
        let all = ["1.5Gi", "512Mi", "0"].map(read);
        assert_eq!(all.iter().sum::<Quantity>().to_string(), "2Gi");
        assert_eq!(read("250m").times(8).to_string(), "2");
        assert_eq!(read("333m").percent(50).to_string(), "166500u");
        assert_eq!(read("1n").percent(1).to_string(), "1n", "rounded up");
        let most = Quantity::computed(i128::MAX, Format::Decimal);
        assert_eq!((&most + &most, most.times(9)), (most.clone(), most), "held, not wrapped");
    }

    #[test]
    fn numbers_are_quantities() {
        for (value, written) in [("1", "1"), ("0.5", "0.5"), ("1e3", "1000"), ("-2", "-2"), ("1e21", "1e+21")] {
            let value: Value = serde_json::from_str(value).unwrap();
            assert_eq!(Quantity::of(&value).unwrap().written(), written);
        }
        for value in ["null", "true", "[1]", "{\"a\": 1}"] {
            assert!(Quantity::of(&serde_json::from_str(value).unwrap()).is_err(), "{value}");
        }
    }

    #[test]
    fn an_error_says_what_was_perhaps_meant() {
        let usual = "write a number, with a unit or none, such as `500m`, `2` or `128Mi`";
        for (text, hint) in [
            ("128MB", "did you mean `128M` or `128Mi`?"),
            ("128mb", "did you mean `128M` or `128Mi`?"),
            ("128MiB", "did you mean `128Mi`?"),
            ("1gi", "did you mean `1Gi`?"),
            ("100K", "did you mean `100k` or `100Ki`?"),
            ("1 Gi", "did you mean `1Gi`?"),
            ("lots", usual),
            ("", usual),
            ("Mi", usual),
            (".", usual),
            ("1.2.3", usual),
            ("--1", usual),
            ("1e", "did you mean `1E` or `1Ei`?"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap_err().to_string(), format!("`{text}` is no quantity: {hint}"));
        }
        let large = Quantity::parse(&"9".repeat(200)).unwrap_err().to_string();
        assert_eq!(large, format!("`{}…` is more than any resource can be", "9".repeat(40)));
        for exponent in ["1e30", "1e2147483647", "1e9223372036854775807"] {
            assert!(Quantity::parse(exponent).is_err());
        }
        assert_eq!(read("0e9223372036854775807"), Quantity::zero());
        assert_eq!(read("1e-9223372036854775808").to_string(), "1e-9");
    }
}
