//! The rules about what the API server refuses. Every function has them: one look at the final stream finds them.

use crate::report::Rule;

rules! {
    TYPE = "valid/type", Error,
        "A field holds a value of another type than the API has there",
        "The API server cannot read the object, so it refuses all of it. Often quotes are missing around a number or `true` that is to be text, or stand around a number. Write the value as the type that the message names.";
    REQUIRED = "valid/required", Error,
        "A field is missing, or empty, that the API requires",
        "The API server refuses the object. Fill the field in.";
    ONE_OF = "valid/one-of", Error,
        "Fields of which the API takes one stand together, or none of them is there",
        "A variable has `value` or `valueFrom`, a probe one handler, a volume one source. A patch that merges into what is there often leaves the old one beside the new one: let it set the old one to null.";
    VALUE = "valid/value", Error,
        "A field has a value that the API does not take there",
        "The value is not among those that the field can have, out of its range, or not written as such names are. The API server refuses the object. Correct the value as the message says.";
    DUPLICATE = "valid/duplicate", Error,
        "Two items of a list have the same name, path or port",
        "The API server refuses the object. Rename one of the two, or remove it.";
    REFERENCE = "valid/reference", Error,
        "A part of a pod names another part that the pod does not have",
        "A mount names a volume, a container of the pod, or a claim that is not there, so the API server refuses the object. Add what is missing, or correct the name.";
    SELECTOR = "valid/selector", Error,
        "A selector is empty, cannot be read, or does not select the pods of its own object",
        "The API server refuses a workload whose `spec.selector` does not match the labels of its pod template. Let both say the same.";
    RESTART_POLICY = "valid/restart-policy", Error,
        "The restart policy of a pod is none that its kind can have",
        "Jobs need `OnFailure` or `Never`, all kinds that keep pods running need `Always`. Correct `restartPolicy`.";
    RESOURCES = "valid/resources", Error,
        "Requests and limits that the API does not take",
        "Examples are a request above its limit, an amount below zero, an unknown name without a domain, and huge pages without cpu or memory. The API server refuses the object. Correct the amount or the name.";
    SECURITY_CONTEXT = "valid/security-context", Error,
        "Security settings of a pod contradict each other",
        "Examples are `allowPrivilegeEscalation: false` beside `privileged: true`, and a field of Linux in a pod for Windows. The API server refuses the object. Change one of the two.";
    CONFLICT = "valid/conflict", Error,
        "Two fields stand together that the API does not take together, or one stands where it may not",
        "Examples are a probe in an init container, a host port other than the port under `hostNetwork`, and a toleration with seconds whose effect is not `NoExecute`. The API server refuses the object. Remove or change one of the two.";
}

/// The rules that every function has: those that no config can turn down, and these.
pub fn shared() -> impl Iterator<Item = &'static Rule> {
    crate::rules::RULES.iter().chain(RULES).copied()
}
