//! How the Secrets are called that variables with placeholders get.

use super::source::KvSource;
use super::values::slug;
use krmor_core::checked_text;
use krmor_core::kube::ObjectName;

checked_text! {
    /// How Secrets are called that variables get: a name with parts to fill in.
    SecretPattern, check_pattern, {"pattern" = r"^[-a-z0-9.]*(\{(mount|path|version|workload)\}[-a-z0-9.]*)+$"}
}

/// What can be filled in.
const PARTS: [&str; 4] = ["{mount}", "{path}", "{version}", "{workload}"];

fn check_pattern(text: &str) -> Result<(), String> {
    let plain = PARTS.iter().fold(text.to_owned(), |text, part| text.replace(part, "0"));
    let has_part = PARTS.iter().any(|part| text.contains(part));
    match has_part && ObjectName::try_from(plain).is_ok() {
        true => Ok(()),
        false => Err(format!(
            "`{text}` is no pattern of names: write lower-case letters, digits, `-` and `.` around {}",
            PARTS.map(|part| format!("`{part}`")).join(", ")
        )),
    }
}

impl Default for SecretPattern {
    fn default() -> Self {
        Self("{mount}.{path}{version}".to_owned())
    }
}

impl SecretPattern {
    /// The name for a place in Vault and a workload. Parts of the path stand with a `.` between, so that `a/b-c` and `a-b/c`
    /// have two names.
    pub(super) fn name(&self, source: &KvSource, workload: &str) -> String {
        let dotted = |path: &str| path.split('/').filter_map(slug).collect::<Vec<_>>().join(".");
        let version = source.version.map_or_else(String::new, |version| format!("-v{version}"));
        let name = self.as_str().replace("{mount}", &dotted(&source.mount)).replace("{path}", &dotted(&source.path));
        name.replace("{version}", &version).replace("{workload}", workload)
    }
}
