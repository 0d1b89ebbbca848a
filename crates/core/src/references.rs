//! The one table of where objects name others: the fields that kustomize's own name references follow, those of our
//! `kustomization/configurations/`, those of the operators in wide use, and those that a config adds.
//!
//! The table knows fields only. [`crate::facts`] reads the names that stand there and finds what they lead to.

mod objects;
mod operators;
mod pods;
mod walk;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::pods::{CONTAINER, POD};
pub(crate) use self::walk::{Tree, walk};
use crate::config::Problem;
use crate::workload::Path;

/// What an object does with the one that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// It does not work until the other is there.
    Needs,
    /// It sets the number of the other's pods, or runs them in its place.
    Scales,
    /// The other comes into being by it: the name is one to keep in step, never one that is missing.
    Makes,
    /// It names the other, which need not be there, or may be in a namespace that nobody knows.
    Mentions,
}

/// Where the object is that a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// In the namespace of the object that names it.
    Own,
    /// In the namespace that a field `namespace` beside the name gives, else in the object's own.
    Beside,
    /// In the namespace that stands before a `/` in the text, else in the object's own.
    Before,
    /// In no namespace.
    Cluster,
}

/// What kind of object a name is for: API group and kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// This kind.
    Kind(&'a str, &'a str),
    /// The kind that `kind` (or `type`) beside the name gives, if it is one of these; the first when it gives none. A
    /// `group` beside it must be this one.
    Among(&'a str, &'a [&'a str]),
    /// As before, but `kind` must be given.
    OneOf(&'a str, &'a [&'a str]),
    /// Whatever kind `apiVersion` and `kind` beside the name give; nothing when one of the two is left out.
    Any,
    /// This kind of the core group, if `resources` of the rule that holds the name lists this resource.
    Resource(&'a str, &'a str),
}

/// One field that names an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// Pattern of a JSON Pointer, from what the rows of a [`Group`] are under: `*` stands for every item of a list or
    /// value of a mapping, `*Ref` for every key that ends so.
    pub(crate) path: &'a str,
    pub(crate) to: To<'a>,
    pub(crate) relation: Relation,
    pub(crate) place: Base,
    /// Patterns, from the mapping that holds the name, of what the object must hold: keys, or one port.
    pub(crate) parts: &'a [&'a str],
    /// Who refers, as a sentence's subject with its verb; `{name}` or `{path}` is that field of what the rows are under,
    /// `{container}` the container's name.
    pub(crate) subject: &'static str,
}

const fn row<'a>(path: &'a str, to: To<'a>, subject: &'static str) -> Row<'a> {
    Row { path, to, relation: Relation::Needs, place: Base::Own, parts: &[], subject }
}

impl<'a> Row<'a> {
    const fn parts(self, parts: &'a [&'a str]) -> Self {
        Self { parts, ..self }
    }

    const fn makes(self) -> Self {
        Self { relation: Relation::Makes, ..self }
    }

    const fn mentions(self) -> Self {
        Self { relation: Relation::Mentions, ..self }
    }

    const fn scales(self) -> Self {
        Self { relation: Relation::Scales, ..self }
    }

    const fn at(self, place: Base) -> Self {
        Self { place, ..self }
    }
}

/// Rows that objects of some kinds share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group<'a> {
    groups: &'a [&'a str],
    /// `*` stands for every kind of the group, `*Route` for those that end so.
    kinds: &'a [&'a str],
    /// Pattern of what the rows are under; empty for the object itself.
    pub(crate) under: &'a str,
    pub(crate) rows: &'a [Row<'a>],
}

impl Group<'_> {
    fn matches(&self, group: &str, kind: &str) -> bool {
        let fits = |pattern: &&str| match pattern.strip_prefix('*') {
            Some(end) => kind.ends_with(end),
            None => *pattern == kind,
        };
        self.kinds.iter().any(fits) && (self.groups.contains(&group) || self.groups == [ANY])
    }
}

/// The group that stands for all.
const ANY: &str = "*";

const CORE: &str = "";
const CONFIG_MAP: To<'static> = To::Kind(CORE, "ConfigMap");
const SECRET: To<'static> = To::Kind(CORE, "Secret");
const SERVICE: To<'static> = To::Kind(CORE, "Service");
const SERVICE_ACCOUNT: To<'static> = To::Kind(CORE, "ServiceAccount");

/// A row of `references`: where objects of one kind name those of another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReferenceRow {
    /// API group, without a version, of the kind that has the field; empty or left out for the core group.
    #[serde(default)]
    pub group: String,
    /// The kind that has the field, such as `Backend`; `*` stands for every kind of the group.
    pub kind: String,
    /// Where the name stands: keys with dots between them, as in `podTemplates`, such as `spec.tls[*].secretName`.
    pub path: String,
    /// What is named there.
    pub to: ReferenceTarget,
}

/// The kind of object that a row of `references` is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReferenceTarget {
    /// API group without a version; empty or left out for the core group.
    #[serde(default)]
    pub group: String,
    /// The kind, such as `Secret`.
    pub kind: String,
}

/// A row of a config, its path as a pattern.
#[derive(Clone, Debug)]
struct Own {
    row: ReferenceRow,
    pattern: String,
}

/// Where objects name others. The default holds what krmor knows.
#[derive(Clone, Debug, Default)]
pub struct Table {
    own: Vec<Own>,
}

impl Table {
    /// The built-in table with the rows of a config behind it.
    ///
    /// # Errors
    /// When a row has no kind or a path that cannot be read.
    pub fn with_rows(rows: &[ReferenceRow]) -> Result<Self, Problem> {
        let read = |(number, row): (usize, &ReferenceRow)| {
            let error = |what: &str| Problem::new(&format!("/references/{number}"), what, "correct the row");
            for (field, kind) in [("kind", &row.kind), ("to.kind", &row.to.kind)] {
                if kind.is_empty() {
                    return Err(error(&format!("`{field}` is empty; name the kind")));
                }
            }
            let pattern = Path::parse(&row.path).map_err(|what| error(&what))?.pattern();
            Ok(Own { row: row.clone(), pattern })
        };
        Ok(Self { own: rows.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }

    /// Hands out the rows of a kind of object: what they are under, and the rows.
    pub(crate) fn of(&self, group: &str, kind: &str, mut each: impl FnMut(&str, &[Row<'_>])) {
        let built_in = objects::TABLE.iter().chain(operators::TABLE);
        built_in.filter(|rows| rows.matches(group, kind)).for_each(|rows| each(rows.under, rows.rows));
        for Own { row, pattern } in &self.own {
            let fits = row.group == group && (row.kind == kind || row.kind == ANY);
            if fits {
                each("", &[self::row(pattern, To::Kind(&row.to.group, &row.to.kind), "it names")]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
