//! Values of more than one function's spec, which check themselves while they are read.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use krmor_yaml::{Node, Scalar};

/// A number from 0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 0, "maximum" = 2_147_483_647))]
pub struct NonNegative(i32);

impl NonNegative {
    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i64> for NonNegative {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let number = i32::try_from(number).ok().filter(|number| *number >= 0);
        number.map(Self).ok_or_else(|| "the number must be from 0 to 2147483647".to_owned())
    }
}

/// A number from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 1, "maximum" = 2_147_483_647))]
pub struct Positive(i32);

impl Positive {
    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i64> for Positive {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let number = i32::try_from(number).ok().filter(|number| *number > 0);
        number.map(Self).ok_or_else(|| "the number must be from 1 to 2147483647".to_owned())
    }
}

/// The words of a command line; the first is not blank. They are in no message: arguments may be credentials.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>")]
#[schemars(extend("minItems" = 1))]
pub struct Command(Vec<String>);

impl Command {
    /// As it stands in a container or a probe.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.0.iter().map(|word| Value::String(word.clone())).collect()
    }
}

impl TryFrom<Vec<String>> for Command {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        match words.first().is_some_and(|word| !word.trim().is_empty()) {
            true => Ok(Self(words)),
            false => Err("the list is empty, or begins with an empty word; remove the line or fill it".to_owned()),
        }
    }
}

pub use krmor_yaml::json_text;

/// Reads a field that may be left out but not be empty: `liveness:` alone must not pass for no liveness probe.
///
/// # Errors
/// Those of the value, and that it is null.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let value = Option::<T>::deserialize(deserializer)?;
    value.map(Some).ok_or_else(|| de::Error::custom("nothing is given here: write `{}`, or remove the line"))
}

/// The largest whole number up to which every one is a float of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number as the API reads it: clients write YAML's floats as JSON before it does, so that `1.00066e+09` is 1000660000.
/// A text is none.
#[must_use]
pub fn integer(node: Node<'_>) -> Option<i128> {
    match node.scalar() {
        Scalar::Int(number) => Some(number),
        Scalar::Float(number) => whole(number),
        _ => None,
    }
}

/// As [`integer`], of a value.
#[must_use]
pub fn integer_of(value: &Value) -> Option<i128> {
    let Value::Number(number) = value else { return None };
    let whole_number = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    whole_number.or_else(|| whole(number.as_f64()?))
}

/// A boolean in a text, as Go's `strconv.ParseBool` reads it; controllers read those in annotations so.
#[must_use]
pub fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The whole number that a float is.
fn whole(number: f64) -> Option<i128> {
    #[allow(clippy::cast_possible_truncation)]
    let whole = number as i128;
    (number.abs() <= EXACT && number.fract().abs() < f64::EPSILON).then_some(whole)
}
