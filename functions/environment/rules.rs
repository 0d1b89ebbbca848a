//! The rules of `Environment`.

krmor_core::rules! {
    ENV = "env", Info,
        "krmor gives a container a variable that the config names",
        "The change comes from `env` of the config. A variable that the manifest sets stays, unless `overwrite: true` lets the config win.";
    ENV_FROM = "env-from", Info,
        "krmor gives a container all keys of a ConfigMap or Secret as variables",
        "The change comes from `envFrom` of the config. An item for the same object and prefix that the manifest has is not repeated.";
    DUPLICATE_KEY = "duplicate-key", Error,
        "Two items of `envFrom` give a container the same variable",
        "Kubernetes takes the later item and says nothing, so a change of the order changes the value. Take the key out of one of the two, or give one item a `prefix`.";
    DUPLICATE_VARIABLE = "duplicate-variable", Error,
        "A container has the same variable twice in `env`",
        "Kubernetes takes the last one, and server-side apply refuses both, because `name` is the key of the list. Keep one.";
    ENV_OVER_ENV_FROM = "env-over-env-from", Info,
        "A variable of `env` hides the one of the same name that `envFrom` gives",
        "Kubernetes prefers `env`, so the key of the ConfigMap or Secret has no effect in this container. Nothing needs to be done if that is meant.";
    MISSING_KEY = "missing-key", Error,
        "A variable refers to a key that its ConfigMap or Secret does not have",
        "The container does not start (`CreateContainerConfigError`). Add the key, correct its name, or set `optional: true` on the reference.";
    OPTIONAL_KEY = "optional-key", Info,
        "A container runs without a variable that the config lists as optional",
        "Nothing gives the variable, and `optional` of the config says that this is allowed. The finding tells what the program runs without.";
    REQUIRED_KEY = "required-key", Error,
        "A container does not get a variable that the config requires, or gets it empty",
        "`required` of the config names what the program cannot do without. Give the variable by `env` or `envFrom`, or give it a value where it comes from. If it comes from an object that is not in the stream, list that object and its keys under `external`.";
    UNDEFINED_REFERENCE = "undefined-reference", Warning,
        "A value refers by `$(NAME)` to a variable that is not defined before it",
        "The kubelet leaves such a reference in the value as text. Define the variable earlier in the list, correct the name, or write `$$(NAME)` where text is meant.";
    UNFOLLOWED_NAME = "unfollowed-name", Warning,
        "A manifest names a Secret by the name that it had before kustomize changed it",
        "Only the object that makes the Secret is in the stream, and kustomize does not follow such names without a nameReference configuration. The pod would wait for a Secret that does not come. Add a configuration from `kustomization/configurations/`, or write the final name.";
    UNKNOWN_SOURCE = "unknown-source", Error,
        "The config names a ConfigMap or Secret that nothing in the stream provides",
        "A pod that refers to an object that is not there does not start. Add the object, correct the name, or list it under `external` if it comes from elsewhere.";
    UNPROVEN_KEY = "unproven-key", Info,
        "The stream does not tell whether a required variable is there",
        "The variable may come from a Secret whose keys are known only in the cluster, such as one that an operator makes. See that the key is there, or list the keys under `external`, which makes the proof complete.";
    KEPT_VARIABLE = "kept-variable", Warning,
        "A container sets a variable, or its `optional`, otherwise than the config, and keeps it",
        "What the manifest says stays. Remove it there or in the config, or let the config win by `overwrite: true`.";
    MALFORMED_ENV = "malformed-env", Error,
        "The field `env` or `envFrom` of a container is not a list",
        "krmor cannot add variables to it, and the API server would refuse it. Write it as a list of items.";
}
