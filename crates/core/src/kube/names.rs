//! Names of objects and of parts of a pod.

use super::checked_text;
use super::grammar::{Grammar, is_lower, is_lower_dash_or_dot, is_lower_or_dash, refusal};

/// A DNS-1123 subdomain. Its parts have no limit of their own: a name of 80 letters without a dot is right.
const SUBDOMAIN: Grammar = Grammar {
    noun: "an object name",
    rule: "at most 253 of `a-z`, `0-9`, `-` and `.`, each part between dots with a letter or digit at both ends",
    longest: 253,
    has: is_lower_dash_or_dot,
    ends: is_lower,
    dotted: true,
};

/// A DNS-1123 label with a noun of its own.
const fn label(noun: &'static str) -> Grammar {
    let rule = "at most 63 of `a-z`, `0-9` and inner `-`";
    Grammar { noun, rule, longest: 63, has: is_lower_or_dash, ends: is_lower, dotted: false }
}

checked_text! {
    /// The name of an object of most kinds, Ingress, Route, HTTPRoute, ServiceMonitor, Secret, ConfigMap, ServiceAccount and
    /// PersistentVolumeClaim among them: a DNS-1123 subdomain, at most 253 characters.
    // apimachinery `api/validation.NameIsDNSSubdomain`; custom resources have it too
    // (apiextensions-apiserver `registry/customresource.validator`). Names that the API limits further: StatefulSet
    // (`ValidateStatefulSetName`: a label, 63) and CronJob (`ValidateCronJobCreate`: 52).
    ObjectName, |text| SUBDOMAIN.check(text),
    {"pattern" = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "maxLength" = 253}
}

checked_text! {
    /// The name of an object, or `namespace/name` for one in another namespace.
    QualifiedObjectName, check_qualified,
    {
        "pattern" = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "maxLength" = 317,
    }
}

checked_text! {
    /// The name of a Service: a DNS label, at most 63 characters.
    // core `ValidateServiceCreate`: a DNS-1123 label from Kubernetes 1.36 on (gate RelaxedServiceNameValidation); before, a
    // DNS-1035 label, which starts with a letter. Specs name Services that are there already, so the wider one counts.
    ServiceName, |text| label("a Service name").check(text),
    {"pattern" = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength" = 63}
}

checked_text! {
    /// The name of a namespace: a DNS-1123 label, at most 63 characters.
    // apimachinery `api/validation.ValidateNamespaceName`; Gateway API `Namespace`.
    NamespaceName, |text| label("a namespace name").check(text),
    {"pattern" = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength" = 63}
}

checked_text! {
    /// The name of a volume of a pod: a DNS-1123 label, at most 63 characters.
    // core `ValidateVolumes`.
    VolumeName, |text| label("a volume name").check(text),
    {"pattern" = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength" = 63}
}

/// Checks a label of which `longest` characters are left, since something is put behind or before it.
///
/// # Errors
/// What is wrong with it; `noun` says what it is to be, `rule` what to write.
pub fn check_short_label(text: &str, longest: usize, noun: &'static str, rule: &'static str) -> Result<(), String> {
    Grammar { rule, longest, ..label(noun) }.check(text)
}

fn check_qualified(text: &str) -> Result<(), String> {
    let (namespace, name) = text.split_once('/').map_or((None, text), |(namespace, name)| (Some(namespace), name));
    let fault = namespace.and_then(|it| label("").fault(it)).map(|fault| format!("of the namespace, {fault}"));
    match fault.or_else(|| SUBDOMAIN.fault(name)) {
        None => Ok(()),
        Some(fault) => Err(refusal(text, "an object name", &fault, "`name` or `namespace/name`")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::texts;
    use super::*;

    const LABELS: [&str; 4] = ["a", "0", "a-b", "1a"];
    const NO_LABELS: [&str; 7] = ["", "-a", "a-", "A", "a_b", "a b", "ä"];

    #[test]
    fn names_of_objects_are_subdomains() {
        let (longest, longer) = ("a".repeat(253), "a".repeat(254));
        let eighty = "a".repeat(80);
        texts::<ObjectName>(&LABELS, &NO_LABELS);
        texts::<ObjectName>(
            &["a.b", "a--b.c", &eighty, &longest],
            &["a.", ".a", "a..b", "a.-b", "a-.b", &longer, "a/b"],
        );
    }

    #[test]
    fn labels_have_at_most_63_characters() {
        let (longest, longer) = ("a".repeat(63), "a".repeat(64));
        let more: Vec<&str> = NO_LABELS.into_iter().chain(["a.b", &longer]).collect();
        texts::<ServiceName>(&LABELS, &more);
        texts::<NamespaceName>(&LABELS, &more);
        texts::<VolumeName>(&LABELS, &more);
        texts::<VolumeName>(&[&longest], &[]);
    }

    #[test]
    fn a_namespace_may_stand_before_a_name() {
        let longest = format!("{}/{}", "n".repeat(63), "a".repeat(253));
        texts::<QualifiedObjectName>(
            &["a", "a.b", "ns/a.b", &longest],
            &["", "/a", "ns/", "a/b/c", "n.s/a", "-/a", "A/b"],
        );
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_what_is_right() {
        let refused = |text: &str| VolumeName::try_from(text.to_owned()).unwrap_err();
        let rule = "write at most 63 of `a-z`, `0-9` and inner `-`";
        for (text, fault) in [
            ("A_b", "it has `A`"),
            ("", "it is empty"),
            ("a-", "it must start and end with a letter or digit"),
            (&"a".repeat(64), "it has 64 characters"),
        ] {
            assert_eq!(refused(text), format!("`{text}` is not a volume name: {fault}; {rule}"));
        }
        assert!(refused("a\u{1b}").starts_with("`a\u{fffd}` is not a volume name: it has `\u{fffd}`; "));
    }
}
