//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use krmor_core::quantity::Quantity;

/// The newest minor version that the tables of checks know (k8s.io/pod-security-admission v0.37.2).
const NEWEST: u32 = 37;

/// A version of the standard: its minor number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^(latest|v1\\.[0-9]+)$"))]
pub struct Version(u32);

impl Version {
    /// The newest that the tables of checks know.
    #[must_use]
    pub fn newest() -> Self {
        Self(NEWEST)
    }

    /// The minor number: 35 in v1.35.
    #[must_use]
    pub fn minor(self) -> u32 {
        self.0
    }
}

impl Default for Version {
    fn default() -> Self {
        Self(35)
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "latest" {
            return Ok(Self(NEWEST));
        }
        let digits = text.strip_prefix("v1.").filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(minor) if minor <= NEWEST => Ok(Self(minor)),
            _ => Err(format!(
                "`{text}` is no version of the standard that krmor knows: write `v1.0` to `v1.{NEWEST}` or `latest`"
            )),
        }
    }
}

/// A uid or gid that is not root's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 1, "maximum" = 2_147_483_647))]
pub struct NonRootId(i32);

impl NonRootId {
    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i64> for NonRootId {
    type Error = String;

    fn try_from(id: i64) -> Result<Self, String> {
        let id = i32::try_from(id).ok().filter(|id| *id > 0);
        id.map(Self).ok_or_else(|| "the id must be from 1 to 2147483647; 0 is root".to_owned())
    }
}

/// An absolute path that can be mounted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^/."))]
pub struct MountPath(String);

impl MountPath {
    /// The path without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MountPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let path = text.trim_end_matches('/');
        let Some(inner) = path.strip_prefix('/') else {
            return Err(format!("`{text}` must be an absolute path below `/`"));
        };
        if path.contains(':') || inner.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(format!("`{text}` must not contain `:`, `//`, `.` or `..`"));
        }
        let system = matches!(inner.split('/').next(), Some("proc" | "sys")) || inner == "dev";
        match system {
            true => Err(format!("`{text}` belongs to the kernel and cannot be a volume")),
            false => Ok(Self(path.to_owned())),
        }
    }
}

/// A positive number of bytes as a Kubernetes quantity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[0-9]+(\\.[0-9]+)?([KMGTPE]i|[kMGTPE])?$"))]
pub struct Size(String);

impl Size {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let size = Quantity::parse(&text).ok().filter(|size| *size > Quantity::zero() && size.is_whole());
        match size.filter(|size| !size.written().ends_with(['n', 'u', 'm'])) {
            Some(size) => Ok(Self(size.written().into_owned())),
            None => Err(format!("`{text}` is no size in bytes: write a positive number with a unit, such as `64Mi`")),
        }
    }
}

/// The user that an image names: its `USER`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(with = "ImageUserSchema")]
pub enum ImageUser {
    /// By its number, which the kubelet can compare with 0.
    Id(i64),
    /// By its name, which it cannot.
    Name(String),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)] // only its schema counts
enum ImageUserSchema {
    Id(i64),
    Name(String),
}

impl ImageUser {
    /// Whether it is root's, on Linux; an image without `USER` has root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        match self {
            Self::Id(id) => *id == 0,
            Self::Name(name) => matches!(name.as_str(), "" | "root"),
        }
    }
}

impl std::fmt::Display for ImageUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl TryFrom<Value> for ImageUser {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let wrong = || "expected the `USER` of the image: its uid, or its name".to_owned();
        match value {
            Value::Number(number) => number.as_i64().filter(|id| *id >= 0).map(Self::Id).ok_or_else(wrong),
            // A Dockerfile may give a group, too: `USER 1000:1000`.
            Value::String(text) => {
                let user = text.split(':').next().unwrap_or_default().trim();
                Ok(user.parse().ok().filter(|id| *id >= 0).map_or_else(|| Self::Name(user.to_owned()), Self::Id))
            }
            _ => Err(wrong()),
        }
    }
}
