//! Values of more than one function's spec, which check themselves while they are read.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

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

pub use krmor_yaml::json_text;

/// Reads a field that may be left out but not be empty: `liveness:` alone must not pass for no liveness probe.
///
/// # Errors
/// Those of the value, and that it is null.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let value = Option::<T>::deserialize(deserializer)?;
    value.map(Some).ok_or_else(|| de::Error::custom("nothing is given here: write `{}`, or remove the line"))
}
