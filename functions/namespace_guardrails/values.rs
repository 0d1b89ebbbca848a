//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use krmor_core::checked_text;
use krmor_core::suggest::suggest;

/// Names of quotas without a domain: core `standardQuotaResources`.
pub(super) const STANDARD: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];
/// Those without a domain that containers have, beside huge pages.
const OF_CONTAINERS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
pub(super) const HUGE_PAGES: &str = "hugepages-";
/// The newest version of the standard.
pub(super) const LATEST: &str = "latest";

checked_text! {
    /// What a quota limits, by the API's name: `requests.cpu`, `limits.memory`, `pods`, `count/deployments.apps`,
    /// `requests.nvidia.com/gpu`.
    // core `ValidateResourceQuotaResourceName`.
    QuotaName, check_quota,
    {"pattern" = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "maxLength" = 317}
}

checked_text! {
    /// A resource of containers: `cpu`, `memory`, `ephemeral-storage`, `hugepages-<size>`, `nvidia.com/gpu`.
    // core `validateContainerResourceName`.
    ResourceName, check_resource,
    {"pattern" = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "maxLength" = 317}
}

checked_text! {
    /// A version of the Pod Security Standards: `latest`, or `v1.35`.
    // pod-security-admission `api.ParseVersion`.
    StandardVersion, check_version, {"pattern" = "^(latest|v1\\.(0|[1-9][0-9]*))$"}
}

pub(super) fn check_quota(text: &str) -> Result<(), String> {
    let plain = text.strip_prefix("requests.").unwrap_or(text);
    if text.contains('/') {
        return check_qualified(text);
    }
    let is_known = STANDARD.contains(&text) || plain.strip_prefix(HUGE_PAGES).is_some_and(|size| !size.is_empty());
    match is_known {
        true => Ok(()),
        false => Err(format!(
            "`{text}` is nothing that a quota limits; {}",
            suggest(text, &STANDARD.map(str::to_owned), "name")
        )),
    }
}

pub(super) fn check_resource(text: &str) -> Result<(), String> {
    if text.contains('/') {
        return check_qualified(text);
    }
    let is_known = OF_CONTAINERS.contains(&text) || text.strip_prefix(HUGE_PAGES).is_some_and(|size| !size.is_empty());
    match is_known {
        true => Ok(()),
        false => Err(format!(
            "`{text}` is no resource of containers; {}",
            suggest(text, &OF_CONTAINERS.map(str::to_owned), "name")
        )),
    }
}

/// A name with a domain has the grammar of a label's key.
fn check_qualified(text: &str) -> Result<(), String> {
    let key = krmor_core::kube::LabelKey::try_from(text.to_owned());
    key.map(|_| ()).map_err(|_| {
        format!("`{text}` is no name of a resource; write a domain, a slash and a name, such as `nvidia.com/gpu`")
    })
}

fn check_version(text: &str) -> Result<(), String> {
    match text == LATEST || minor(text).is_some() {
        true => Ok(()),
        false => Err(format!("`{text}` is no version of the standard: write `latest`, or a version such as `v1.35`")),
    }
}

/// The number behind `v1.`.
pub(super) fn minor(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("v1.")?;
    let is_plain = digits == "0" || !digits.starts_with(['0', '+']);
    digits.parse().ok().filter(|_| is_plain)
}
