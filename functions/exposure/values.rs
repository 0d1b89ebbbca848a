//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use schemars::JsonSchema;
use serde::Deserialize;

/// A path of requests, or a pattern of them: which of the two, its `pathType` says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = r"^[^\s\x00-\x1f\x7f]+$", "maxLength" = 1024))]
pub struct Path(String);

impl Path {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without its trailing slash, which means nothing in a prefix; empty for `/`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.trim_end_matches('/')
    }
}

impl Default for Path {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl Path {
    /// Why it is no plain path, as `Prefix` and `Exact` compare it.
    pub(super) fn fault(&self) -> Option<String> {
        let text = self.as_str();
        if !text.starts_with('/') {
            return Some(format!("`{text}` must start with `/`"));
        }
        let lower = text.to_ascii_lowercase();
        let segment = text.split('/').any(|part| matches!(part, "." | ".."));
        if segment || text.contains("//") || lower.contains("%2f") {
            return Some(format!("`{text}` must not contain `//`, `%2f` or the segments `.` and `..`"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-/._~!$&'()*+,;=:@%".contains(c);
        let other = text.chars().find(|c| !allowed(*c))?;
        Some(format!("`{text}` must not contain `{other}`: it is a path, no pattern and no query"))
    }
}

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err("the path must be a text without white space".to_owned());
        }
        match text.len() <= 1024 {
            true => Ok(Self(text)),
            false => Err("the path must have at most 1024 characters".to_owned()),
        }
    }
}
