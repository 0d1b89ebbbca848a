//! Where in a key-value engine of Vault a secret is.

/// A secret of a key-value engine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KvSource {
    pub(super) mount: String,
    pub(super) path: String,
    pub(super) v2: bool,
    pub(super) version: Option<u32>,
}

impl KvSource {
    /// The path of Vault's HTTP API.
    pub(super) fn api_path(&self) -> String {
        format!("{}/{}{}", self.mount, if self.v2 { "data/" } else { "" }, self.path)
    }

    /// The same with the version as Vault's HTTP API takes it.
    pub(super) fn api_address(&self) -> String {
        let version = self.version.map_or_else(String::new, |version| format!("?version={version}"));
        format!("{}{version}", self.api_path())
    }

    /// How messages name it: versions of one path are told apart.
    pub(super) fn title(&self) -> String {
        let version = self.version.map_or_else(String::new, |version| format!(" (version {version})"));
        format!("`{}`{version}", self.api_path())
    }
}
