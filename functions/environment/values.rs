//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use krmor_core::checked_text;
use krmor_core::kube::{AnnotationKey, LabelKey};

checked_text! {
    /// A field of the pod that a variable may hold.
    FieldPath, check_field_path, {"pattern" = "^(metadata|spec|status)\\..+$"}
}
checked_text! {
    /// A request or limit that a variable may hold.
    ResourcePath, check_resource_path, {"pattern" = "^(limits|requests)\\.(cpu|memory|ephemeral-storage|hugepages-.+)$"}
}
checked_text! {
    /// The unit that a request or limit is counted in.
    Divisor, check_divisor, {"pattern" = "^1(m|[kMGTPE]|[KMGTPE]i)?$"}
}

fn check_field_path(text: &str) -> Result<(), String> {
    const FIELDS: [&str; 9] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let inside = |map: &str| text.strip_prefix(map)?.strip_suffix("']").map(str::to_owned);
    if let Some(key) = inside("metadata.labels['") {
        return LabelKey::try_from(key).map(|_| ());
    }
    if let Some(key) = inside("metadata.annotations['") {
        return AnnotationKey::try_from(key).map(|_| ());
    }
    match FIELDS.contains(&text) {
        true => Ok(()),
        false => Err(format!(
            "`{}` cannot become a variable; these can: {}, metadata.labels['KEY'], metadata.annotations['KEY']",
            text.escape_default(),
            FIELDS.join(", ")
        )),
    }
}

fn check_resource_path(text: &str) -> Result<(), String> {
    let resource = text.strip_prefix("limits.").or_else(|| text.strip_prefix("requests."));
    let known = resource.is_some_and(|name| {
        let pages = name.strip_prefix("hugepages-").is_some_and(|size| !size.is_empty());
        matches!(name, "cpu" | "memory" | "ephemeral-storage") || pages
    });
    match known {
        true => Ok(()),
        false => Err(format!(
            "`{}` cannot become a variable; write `limits.` or `requests.` and cpu, memory, ephemeral-storage or \
             hugepages-SIZE",
            text.escape_default()
        )),
    }
}

fn check_divisor(text: &str) -> Result<(), String> {
    let unit = text.strip_prefix('1').unwrap_or("no unit");
    match ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].contains(&unit) {
        true => Ok(()),
        false => Err(format!("`{}` is no divisor: write 1, 1m, 1k, 1M, 1G, 1Ki, 1Mi or 1Gi", text.escape_default())),
    }
}
