//! Keys of labels, annotations and data, and names of variables.

use super::checked_text;
use super::grammar::{Grammar, is_alphanumeric, is_key_character, is_lower, is_lower_dash_or_dot, refusal};

checked_text! {
    /// The name of an environment variable, or a prefix of one: printable ASCII without `=`.
    // apimachinery `util/validation.IsRelaxedEnvVarName`, the rule from Kubernetes 1.32 on (1.30 behind the gate
    // RelaxedEnvironmentVariableValidation); before, `IsEnvVarName`: `[-._a-zA-Z][-._a-zA-Z0-9]*`. A space is printable.
    EnvName, check_env_name, {"pattern" = "^[ -<>-~]+$"}
}

checked_text! {
    /// A key of a ConfigMap or Secret: at most 253 letters, digits, `-`, `_` and `.`; neither `.` nor with `..` before it.
    // apimachinery `util/validation.IsConfigMapKey`.
    DataKey, check_data_key, {"pattern" = Self::PATTERN, "maxLength" = 253}
}

checked_text! {
    /// The key of a label: at most 63 characters, and perhaps a DNS name of at most 253 and a `/` before them.
    // apimachinery `api/validate/content.IsLabelKey`.
    LabelKey, check_label_key,
    {
        "pattern" = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$",
        "maxLength" = 317,
    }
}

checked_text! {
    /// The key of an annotation: that of a label, in which the case of the DNS name does not count.
    // apimachinery `api/validation.ValidateAnnotations`.
    AnnotationKey, check_annotation_key,
    {
        "pattern" = r"^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$",
        "maxLength" = 317,
    }
}

checked_text! {
    /// The value of a label: empty, or at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
    // apimachinery `api/validate/content.IsLabelValue`.
    LabelValue, check_label_value,
    {"pattern" = "^([A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?)?$", "maxLength" = 63}
}

const ENV: Grammar = Grammar {
    noun: "a variable name",
    rule: "printable ASCII without `=`",
    longest: usize::MAX,
    has: |b| matches!(b, b' '..=b'~') && b != b'=',
    ends: |_| true,
    dotted: false,
};

const DATA: Grammar = Grammar {
    noun: "a key of a ConfigMap or Secret",
    rule: "at most 253 letters, digits, `-`, `_` and `.`",
    longest: 253,
    has: is_key_character,
    ends: |_| true,
    dotted: false,
};

const KEY: Grammar = Grammar {
    noun: "a label key",
    rule: "at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends; before them, if need be, a DNS name \
           and `/`",
    longest: 63,
    has: is_key_character,
    ends: is_alphanumeric,
    dotted: false,
};

const VALUE: Grammar = Grammar {
    noun: "a label value",
    rule: "nothing, or at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
    ..KEY
};

const PREFIX: Grammar =
    Grammar { noun: "", rule: "", longest: 253, has: is_lower_dash_or_dot, ends: is_lower, dotted: true };

fn check_env_name(text: &str) -> Result<(), String> {
    ENV.check(text)
}

fn check_data_key(text: &str) -> Result<(), String> {
    DATA.check(text)?;
    let fault = match text {
        "." => "`.` is the folder itself in a volume",
        _ if text.starts_with("..") => "it starts with `..`",
        _ => return Ok(()),
    };
    Err(refusal(text, DATA.noun, fault, DATA.rule))
}

impl LabelKey {
    /// The label that tells nodes apart.
    #[must_use]
    pub fn hostname() -> Self {
        Self("kubernetes.io/hostname".to_owned())
    }
}

impl DataKey {
    /// The pattern of its schema.
    pub const PATTERN: &str = r"^([-_a-zA-Z0-9]|\.[-_a-zA-Z0-9])[-._a-zA-Z0-9]*$";

    /// Says what is wrong with a text that is to be a key.
    ///
    /// # Errors
    /// That it is not one, and why.
    pub fn check(text: &str) -> Result<(), String> {
        check_data_key(text)
    }
}

fn check_label_key(text: &str) -> Result<(), String> {
    check_key(text, text, KEY.noun)
}

/// Checks a key in a selector of labels or annotations.
pub(crate) fn check_selector_key(text: &str) -> Result<(), String> {
    check_key(text, text, "a key of a label or annotation")
}

fn check_annotation_key(text: &str) -> Result<(), String> {
    check_key(text, &text.to_ascii_lowercase(), "an annotation key")
}

/// Checks `key`, which stands for what was written.
fn check_key(written: &str, key: &str, noun: &str) -> Result<(), String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let fault = prefix.and_then(|prefix| PREFIX.fault(prefix)).map(|fault| format!("before the `/`, {fault}"));
    match fault.or_else(|| KEY.fault(name)) {
        None => Ok(()),
        Some(fault) => Err(refusal(written, noun, &fault, KEY.rule)),
    }
}

pub(crate) fn check_label_value(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { VALUE.check(text) }
}

#[cfg(test)]
mod tests {
    use super::super::samples::texts;
    use super::*;

    #[test]
    fn variables_are_called_as_the_api_has_it() {
        texts::<EnvName>(
            &["A", "a b", "1", "-", "a.b", "~", "!\"#$%&'()*+,/:;<>?@[\\]^_`{|}"],
            &["", "A=B", "ä", "a\tb", "\u{7f}"],
        );
    }

    #[test]
    fn keys_of_data_can_be_files() {
        let (longest, longer) = ("k".repeat(253), "k".repeat(254));
        let good = ["a", "A.b_c-d", ".env", "-", "_", "a..b", "a.", &longest];
        texts::<DataKey>(&good, &["", ".", "..", "..a", "a b", "a/b", "ä", &longer]);
    }

    #[test]
    fn keys_of_labels_may_have_a_prefix() {
        let (longest, longer) = ("k".repeat(63), "k".repeat(64));
        let prefixed = format!("{}/{longest}", "p".repeat(253));
        let good = ["a", "A_b.c-d", "app.kubernetes.io/name", "a/B", &longest, &prefixed];
        let bad = ["", "/a", "a/", "a/b/c", "-a", "a-", "a b", "a../b", "a_b/c", "-a/b", &longer];
        texts::<LabelKey>(&good, &bad);
        texts::<AnnotationKey>(&good, &bad);
        texts::<LabelKey>(&[], &["Example.com/a"]);
        texts::<AnnotationKey>(&["Example.com/a"], &[]);
        // The pattern cannot limit the prefix alone.
        let message = LabelKey::try_from(format!("{}/a", "p".repeat(254))).unwrap_err();
        assert!(message.contains("before the `/`, it has 254 characters"), "{message}");
    }

    #[test]
    fn values_of_labels_may_be_empty() {
        let (longest, longer) = ("v".repeat(63), "v".repeat(64));
        texts::<LabelValue>(&["", "a", "A_b.c", "1", &longest], &["-a", "a.", "a b", "a/b", &longer]);
    }
}
