//! Placeholders that cannot become references: why, and what to do about it.

/// Why a placeholder cannot become a reference, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Refused {
    pub(in super::super) problem: &'static str,
    pub(in super::super) remedy: &'static str,
}

const fn refused(problem: &'static str, remedy: &'static str) -> Refused {
    Refused { problem, remedy }
}

const CORRECT: &str = "correct the placeholder: the plugin would refuse it too";
const OTHER_STORE: &str =
    "take its value out of that store by the External Secrets Operator's own provider, and exclude the object here";
pub(super) const NO_KEY: Refused = refused("a placeholder names no path and key", CORRECT);
pub(super) const OTHER_PATH: Refused = refused(
    "its path has blanks or signs that krmor does not write into a reference",
    "move the secret to a path of letters, digits, `-`, `_` and `.`, or exclude the object",
);
pub(super) const NO_PATH: Refused = refused(
    "a placeholder names a key alone, and the annotation `avp.kubernetes.io/path` is empty",
    "write the path into the annotation, or the placeholder as `<path:mount/data/path#key>`",
);
pub(super) const NO_NUMBER: Refused =
    refused("its version is no number", "write a number, or leave the version out for the newest");
pub(super) const NO_MOUNT: Refused = refused(
    "its path has one part: only the key-value engines of Vault are read, and Azure Key Vault, Yandex Lockbox, Keeper, Delinea, SOPS and Kubernetes have such paths",
    OTHER_STORE,
);
pub(super) const NO_DATA: Refused = refused(
    "its path has no `/data/`, which paths of the key-value engine's version 2 have",
    "where the engine is of version 1, say so by `engine: 1` under `convert`, or by the annotation `avp.kubernetes.io/kv-version: \"1\"`",
);
pub(super) const BAD_ENGINE: Refused =
    refused("the annotation `avp.kubernetes.io/kv-version` is neither 1 nor 2", "correct the annotation");
pub(super) const PLUGIN_KEY: Refused =
    refused("its key has quotes, braces or `\\`, which templates cannot name", "give the value another key in Vault");
pub(super) const MODIFIER: Refused =
    refused("a modifier is none of the plugin's, or has arguments that it does not take", CORRECT);
pub(super) const INDENT: Refused = refused(
    "`indent` also takes the blanks at the ends of each line, which no provider does",
    "write the indented text to Vault under a key of its own, and leave the modifier out",
);
pub(super) const PARSE: Refused = refused(
    "`jsonParse` makes something else than a text, and a Secret holds texts",
    "take single values out by `jsonPath`, or write them to Vault under keys of their own",
);
pub(super) const YAML: Refused = refused(
    "`yamlParse` has no equal in the providers' templates",
    "write the value to Vault as JSON, or its parts under keys of their own",
);
pub(super) const JSON_PATH: Refused = refused(
    "`jsonPath` is more than the fields that lead to one value, such as `{.db.user}`",
    "write a placeholder of its own for each value, each with its `jsonPath`",
);

/// Backends of the plugin that are not Vault, by how their paths begin.
pub(super) const BACKENDS: &[(&str, Refused)] = &[
    ("projects/", refused("its path is of Google Secret Manager", OTHER_STORE)),
    ("arn:", refused("its path is of AWS Secrets Manager", OTHER_STORE)),
    ("ibmcloud/", refused("its path is of IBM Secrets Manager", OTHER_STORE)),
    ("vaults/", refused("its path is of 1Password Connect", OTHER_STORE)),
];
