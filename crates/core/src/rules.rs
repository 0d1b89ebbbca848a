//! The rules that every function shares, and no config can turn down.

use crate::report::Rule;

rules! {
    CONFIG = "config", Error,
        "The config cannot be right, or does not fit the stream",
        "A function config is read strictly: a field that is unknown, of the wrong type, or in contradiction to another one stops the run before anything is changed. Correct the field that the message names; `krmor explain KIND` lists the fields.";
    UNREADABLE = "unreadable", Error,
        "The config or the input cannot be read, or the output cannot be written",
        "A report of a run that came to nothing has this instead of findings, so that nobody takes it for the report of a run that found nothing. Correct what the message names.";
    AMBIGUOUS_YAML = "ambiguous-yaml", Error,
        "Readers such as kubectl and kustomize do not read the same in the text",
        "What one reader takes for a text, a key or a document can be another one for the next: what was judged would not be what is applied. Write it in the way that the finding proposes, which all of them read alike.";
    UNMATCHED_TARGET = "unmatched-target", Error,
        "A target of the config matches nothing in the stream",
        "A target that matches nothing is most often a typo, and what it should harden would pass untouched. Correct it, or say `optional: true` where it is right that it may match nothing. An exclude is told of where it matches nothing but would match what an object was called before an earlier kustomization: write the present name, or `previous: true`.";
    NO_WORKLOADS = "no-workloads", Error,
        "A function is for workloads, and the stream has none",
        "A stream without any workload is most often another one than was meant: a lone Service, a kustomization.yaml, the config itself. Nothing in it was hardened, so nothing may pass as hardened. Say `--allow-none`, or `allowNone: true` in the Pipeline, where it is right.";
    CONFIG_AS_INPUT = "config-as-input", Error,
        "A config of krmor is among the objects",
        "No cluster knows the kind, so applying it would fail, and a config that is an object is likely not in force. Leave it out of the input, or annotate it with `config.kubernetes.io/local-config: \"true\"`, which kustomize and kpt hand to no cluster.";
    NO_OBJECT = "no-object", Error,
        "A document is a list where an object is wanted",
        "No tool applies a document that is a list, and no function looks into it, so nothing in it may pass as hardened. Write each item as a document of its own, or as an item of a `List`.";
    LOCAL_WORKLOAD = "local-workload", Error,
        "A workload is passed over, because it is annotated as local configuration",
        "kustomize and kpt hand objects with `config.kubernetes.io/local-config: \"true\"` to no cluster, so krmor passes them over; in a ResourceList, which only they write, this is a warning. kubectl and Helm do not know the annotation: they would run the workload as it is, so a chart could leave itself out. Take the annotation off a workload that is to run, and leave one that is not out of the input.";
    MALFORMED_POD = "malformed-pod", Error,
        "A pod or pod template is not shaped as the API has it",
        "krmor cannot harden what it cannot read, and the API server would refuse it. Write the pod's fields as the Kubernetes API has them; a row of `podTemplates` that leads to the wrong place is corrected in the config.";
    UNMATCHED_ROW = "unmatched-row", Error,
        "A row of `podTemplates` leads to nothing in the stream",
        "A row with a wrong kind or path is most often a typo, and the pods that it should find would pass unseen. Correct it, or say `optional: true` where it is right that it may lead to nothing.";
    UNKNOWN_POD_TEMPLATE = "unknown-pod-template", Error,
        "An object holds what only pods and containers have, where krmor knows of none",
        "Nothing may pass as hardened that no function has looked at. Add the row that the message proposes to `podTemplates`, so that the pods there are hardened, or the row with `ignore: true` where no pods are made from it.";
    POD_LIKE = "pod-like", Info,
        "An object has fields that pods have, and is none that krmor knows",
        "Operators make pods from such objects, and harden them or not by their own rules. Nothing here is unsafe by itself; a row of `podTemplates` lets krmor judge it.";
    NO_FIELD = "no-field", Error,
        "The kind has no such field, so it cannot be written",
        "The schema of the kind does not have the field that a function wants to write: the API server would refuse it or throw it away, and the pod would stay as it was. Exclude the object, name the field in an exception, or use a version of the operator that has the field.";
    NO_NAME = "no-name", Error,
        "An object has no fixed name, and another one is to be named after it",
        "With `generateName` the name is known only when the object is created, so nothing can be named after it or refer to it. Give the object `metadata.name`, or exclude it from the function.";
    EMBEDDED = "embedded", Error,
        "A new object is needed beside one that stands inside another object",
        "Objects inside a `ManifestWork`, a Crossplane `Object` and the like reach another cluster: an object that krmor added to the stream would not be there with them. Exclude the object from the function, or write the new object there by hand.";
    NAME_TAKEN = "name-taken", Error,
        "A name that krmor would give is taken already",
        "Two objects of one kind, name and namespace would overwrite each other when they are applied; two containers of one name are refused by the API. Rename the one that is there, or give the new one another name in the config.";
    JSON_FILE = "json-file", Error,
        "A new object belongs into a JSON file, which holds one object only",
        "krmor puts a new object behind the workload that it serves. A JSON file has no room for a second object: write it as YAML.";
    WOULD_CHANGE = "would-change", Error,
        "A run would change something, and the config only checks",
        "The config is a validator's: `--check`, the annotation `krmor.dev/check: \"true\"`, or `check: \"true\"` in the data of a ConfigMap. Its caller drops what a validator changes, so what is not hardened yet is an error. Run the same config as a mutator before the validators.";
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
        *self == CONFIG || *self == UNMATCHED_TARGET || *self == UNMATCHED_ROW || *self == NO_WORKLOADS
    }
}
