//! The rules that every function shares, and no config can turn down.

use crate::report::Rule;

rules! {
    CONFIG = "config", Error,
        "The config cannot be right, or does not fit the stream",
        "A function config is read strictly: a field that is unknown, of the wrong type, or in contradiction to another one stops the run before anything is changed. Correct the field that the message names; `krmor explain KIND` lists the fields.";
    UNMATCHED_TARGET = "unmatched-target", Error,
        "A target of the config matches nothing in the stream",
        "A target that matches nothing is most often a typo, and what it should harden would pass untouched. Correct it, or say `optional: true` where it is right that it may match nothing.";
    MALFORMED_POD = "malformed-pod", Error,
        "A pod or pod template is not shaped as the API has it",
        "krmor cannot harden what it cannot read, and the API server would refuse it. Write the pod's fields as the Kubernetes API has them; a row of `podTemplates` that leads to the wrong place is corrected in the config.";
    UNKNOWN_POD_TEMPLATE = "unknown-pod-template", Error,
        "An object of a kind that krmor does not know holds what looks like a pod template",
        "Nothing may pass as hardened that no function has looked at. Add the row that the message proposes to `podTemplates`, so that the pods there are hardened, or the row with `ignore: true` where no pods are made from it.";
    NO_NAME = "no-name", Error,
        "An object has no fixed name, and another one is to be named after it",
        "With `generateName` the name is known only when the object is created, so nothing can be named after it or refer to it. Give the object `metadata.name`, or exclude it from the function.";
    NAME_TAKEN = "name-taken", Error,
        "A name that krmor would give is taken already",
        "Two objects of one kind, name and namespace would overwrite each other when they are applied; two containers of one name are refused by the API. Rename the one that is there, or give the new one another name in the config.";
    JSON_FILE = "json-file", Error,
        "A new object belongs into a JSON file, which holds one object only",
        "krmor puts a new object behind the workload that it serves. A JSON file has no room for a second object: write it as YAML.";
    UNUSED_EXCEPTION = "unused-exception", Warning,
        "An exception matches nothing, or nothing that it matches needs it",
        "An exception that is not needed would silently allow what somebody adds later. Remove it, or correct its target.";
    EXCEPTION = "exception", Info,
        "An exception of the config allows what a rule refuses",
        "The finding is kept in the report with the reason that the config gives.";
}

impl Rule {
    /// Whether its findings mean that the config or the input is wrong, rather than what the stream says.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        *self == CONFIG || *self == UNMATCHED_TARGET
    }
}
