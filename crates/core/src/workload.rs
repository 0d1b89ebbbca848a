//! The one table of where pod templates live, and of what their kinds can do ([`Trait`], [`PodSelector`]).
//!
//! Names of workload kinds appear in this file only: functions ask [`crate::pods`] for pods.

mod built_in;
mod fields;
mod operators;
mod path;
mod schema;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::Problem;

use built_in::BUILT_IN;
pub use fields::Fields;
pub(crate) use fields::{CONTAINER_FIELDS, POD_FIELDS};
pub use path::Path;
pub(crate) use path::{Step, write as write_path};
pub use schema::row_of_crd;

/// What the pods of a kind do that those of others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trait {
    /// The pods end by themselves: no probes, no budgets.
    RunsToCompletion,
    /// The kind has the scale subresource, with the number of pods in `spec.replicas`.
    Scalable,
    /// `spec.strategy.type: Recreate` stops the old pods before it starts new ones.
    Recreate,
    /// A pod's successor has its name, and so starts only when it is gone.
    StableNames,
    /// The API refuses security fields at pod level.
    ContainerLevelOnly,
    /// One container serves: the sole one, or the one with `ports`. By default the API refuses probes of the others, and
    /// `terminationGracePeriodSeconds` in a liveness probe.
    OneServes,
}

/// How a kind says which pods are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PodSelector {
    /// It does not: the labels of the template are all there is.
    Unset,
    /// `spec.selector` is a label selector with `matchLabels` and `matchExpressions`.
    LabelSelector,
    /// `spec.selector` is a plain map of labels.
    Labels,
}

/// What says how many pods the objects of a kind have at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counts {
    /// Nothing that krmor knows: an operator decides.
    Unknown,
    /// The object is the pod.
    One,
    /// It has none: pods are copied from it by others.
    Nothing,
    /// `spec.replicas`, or what scales it; more while its pods are replaced, as the first of these has it that holds.
    Replicas(&'static [Surge]),
    /// `spec.replicas`, or what scales it; more while its pods are replaced, as the strategies of Argo Rollouts have it.
    Rollout,
    /// The nodes that it selects.
    Nodes(&'static [Surge]),
    /// `parallelism` and `completions`, which stand beside the template.
    Jobs,
    /// The same for each time that it starts; the field at this pointer says whether one start waits for the end of the other.
    Scheduled(&'static str),
    /// The same so often as `replicas` says, which stands beside what ends in this.
    Repeated(&'static str),
}

/// How many pods more there are while pods are replaced, as a number or as a share of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Surge {
    /// What the field at a pointer says, else this.
    Field(&'static str, &'static str),
    /// This, where the field at a pointer has a value, or is there at all.
    Where(&'static str, Option<&'static str>, &'static str),
}

/// Group and kind that a KEDA ScaledObject means when it does not say.
pub const DEFAULT_SCALED: (&str, &str) = ("apps", "Deployment");

/// The kind that stands for every kind of a group.
pub(crate) const ANY: &str = "*";

/// Why the objects of a kind are not searched for pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// They have none.
    NoPods,
    /// They are schemas of objects.
    Schema,
    /// They are patterns and rules for objects.
    Policy,
    /// They are values from which manifests are made elsewhere.
    Values,
    /// The config says so.
    Config,
}

impl Ignored {
    /// What the objects are, for a list of what was not judged; `None` where there was nothing to judge.
    #[must_use]
    pub fn not_judged(self) -> Option<&'static str> {
        match self {
            Ignored::NoPods | Ignored::Schema => None,
            Ignored::Policy => Some("rules about pods"),
            Ignored::Values => Some("values from which manifests are made later"),
            Ignored::Config => Some("`podTemplates` says that it makes no pods"),
        }
    }
}

/// What a row leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// A pod template: it holds `metadata` and `spec`.
    #[default]
    Template,
    /// The fields of a pod's spec themselves.
    Spec,
    /// A list of containers, without a pod around it.
    Containers,
    /// A single container.
    Container,
}

impl Shape {
    /// As a config writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Shape::Template => "template",
            Shape::Spec => "spec",
            Shape::Containers => "containers",
            Shape::Container => "container",
        }
    }

    fn of_letter(letter: &str) -> Option<Self> {
        [Self::Template, Self::Spec, Self::Containers, Self::Container]
            .into_iter()
            .find(|shape| shape.letter() == letter)
    }

    /// As the table of operators writes it.
    fn letter(self) -> &'static str {
        match self {
            Shape::Template => "t",
            Shape::Spec => "s",
            Shape::Containers => "l",
            Shape::Container => "c",
        }
    }
}

/// A row of `podTemplates`: where one custom kind has its pods, or that it has none.
///
/// Rows of the same group and kind add up; what they say replaces what krmor knows of that group and kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodTemplateRow {
    /// API group without a version, such as `example.com`; empty or left out for the core group.
    #[serde(default)]
    pub group: String,
    /// The kind, such as `Backend`; `*` stands for every kind of the group.
    pub kind: String,
    /// Where it is: keys with dots between them, such as `spec.template`. `[*]` stands for every item of a list
    /// (`spec.jobs[*].template`), `*` for every value of a mapping (`spec.roles.*.template`), a lone `.` for the object
    /// itself. A backslash before `.`, `[`, `*` or `\` makes it part of a key.
    #[serde(default)]
    pub path: Option<String>,
    /// What is there: a pod `template` that holds `metadata` and `spec` (unless said), a pod's `spec`, a list of
    /// `containers` without a pod around it, or a single `container`.
    #[serde(default)]
    pub shape: Option<Shape>,
    /// Says that what looks like a pod makes none: with `path` at that place, without it anywhere in the kind.
    #[serde(default)]
    pub ignore: bool,
    /// A row that leads to nothing in the stream is an error, unless this is true.
    #[serde(default)]
    pub optional: bool,
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// krmor itself.
    BuiltIn,
    /// The schema of an operator in wide use.
    Operator,
    /// A CustomResourceDefinition of the stream, or one that was handed over with it.
    Schema,
    /// `podTemplates` of a config.
    Config,
}

/// One place where a kind has pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The way there.
    pub path: Path,
    /// What is there.
    pub shape: Shape,
    /// The fields that may be written there.
    pub fields: Fields,
    /// The config says that it is there: then it must be.
    pub is_stated: bool,
}

/// What is known of the objects of one group and kind, in any version.
#[derive(Clone, Debug)]
pub struct Row {
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// Kind, or `*` for every kind of the group.
    pub kind: Cow<'static, str>,
    /// Where the pods are.
    pub places: Vec<Place>,
    /// What looks like a pod there makes none.
    pub except: Vec<Path>,
    /// The objects make no pods, or none that krmor should touch.
    pub ignored: Option<Ignored>,
    /// What the pods do that others do not.
    pub traits: &'static [Trait],
    /// How the kind says which pods are its own.
    pub selector: PodSelector,
    /// Pointer of the list of claims that are made anew for each pod.
    pub claims: Option<&'static str>,
    /// What the Vault Secrets Operator calls the kind, if it can restart its pods.
    pub restarts: Option<&'static str>,
    /// What says how many pods there are at most.
    pub counts: Counts,
    /// Where the row comes from.
    pub source: Source,
    completed: bool,
}

impl Row {
    fn new(group: Cow<'static, str>, kind: Cow<'static, str>, places: Vec<Place>, source: Source) -> Self {
        Self {
            group,
            kind,
            places,
            except: Vec::new(),
            ignored: None,
            traits: &[],
            selector: PodSelector::Unset,
            claims: None,
            restarts: None,
            counts: Counts::Unknown,
            completed: matches!(source, Source::Operator | Source::Schema),
            source,
        }
    }

    fn has(&self, path: &Path) -> bool {
        self.places.iter().any(|place| place.path.pattern() == path.pattern())
    }

    /// Takes over the fields of places that it has, and the places that it has not.
    fn merge(&mut self, places: Vec<Place>) {
        for new in places {
            match self.places.iter_mut().find(|place| place.path.pattern() == new.path.pattern()) {
                Some(place) => place.fields = new.fields,
                None => self.places.push(new),
            }
        }
    }

    /// Whether an operator completes what is written, with containers and defaults of its own.
    pub(crate) fn is_completed(&self) -> bool {
        self.completed
    }

    fn matches(&self, group: &str, kind: &str) -> bool {
        (self.kind == kind || self.kind == ANY) && self.group == group
    }

    /// Its places as lines of the table of operators.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let places = self
            .places
            .iter()
            .map(|Place { path, shape, fields, .. }| format!(" {} {path}{}", shape.letter(), fields.to_hex()));
        std::iter::once(format!("{} {}", self.group, self.kind)).chain(places)
    }

    /// The field that the kind lacks, so that nothing can be written at `pointer` of an object.
    #[must_use]
    pub fn lacks(&self, pointer: &str) -> Option<String> {
        if self.is_native() {
            return None;
        }
        self.places.iter().find_map(|place| {
            let rest = place.path.below(pointer)?;
            place.fields.lacks(place.shape, rest)
        })
    }

    /// Whether the API server itself checks these pods: kinds of Kubernetes' own.
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.source == Source::BuiltIn && matches!(self.group.as_ref(), "" | "apps" | "batch" | "extensions")
    }
}

/// Whether a kind is known to have pods.
pub(crate) fn has_pods(group: &str, kind: &str) -> bool {
    let own = BUILT_IN.iter().find(|line| line.group == group && line.kind == kind);
    own.map_or_else(|| operators::row(group, kind).is_some(), |line| line.ignored.is_none())
}

/// Whether objects may stand inside those of a kind: not inside Kubernetes' own, schemas, rules and values.
pub(crate) fn may_hold_objects(group: &str, kind: &str) -> bool {
    let own = BUILT_IN.iter().find(|line| line.group == group && (line.kind == kind || line.kind == ANY));
    kind == "Template" || own.is_none()
}

/// Where pods live. The default holds the kinds that krmor knows.
#[derive(Clone, Debug)]
pub struct Table {
    /// The first match counts: single kinds before `*`, and config before built-in.
    rows: Vec<Row>,
}

impl Default for Table {
    fn default() -> Self {
        let rows = BUILT_IN.iter().map(|line| Row {
            traits: line.traits,
            selector: line.selector,
            claims: line.claims,
            restarts: line.restarts,
            counts: line.counts,
            ignored: line.ignored,
            ..Row::new(
                Cow::Borrowed(line.group),
                Cow::Borrowed(line.kind),
                line.paths.iter().filter_map(|text| Path::built_in(text)).map(Place::template).collect(),
                Source::BuiltIn,
            )
        });
        let mut rows: Vec<Row> = rows.collect();
        rows.sort_by_key(|row| row.kind == ANY);
        Self { rows }
    }
}

impl Place {
    fn template(path: Path) -> Self {
        Self { path, shape: Shape::Template, fields: Fields::ALL, is_stated: false }
    }
}

impl Table {
    /// The built-in table with the rows of a config before it.
    ///
    /// # Errors
    /// When a row has no kind, says neither `path` nor `ignore`, contradicts another, or has a path that cannot be read.
    pub fn with_rows(rows: &[PodTemplateRow]) -> Result<Self, Problem> {
        let mut table = Self::default();
        let mut own: Vec<Row> = Vec::new();
        for (number, line) in rows.iter().enumerate() {
            let error = |what: &str| Problem::new(&format!("/podTemplates/{number}"), what, "correct the row");
            let path = line.check().map_err(|what| error(&what))?;
            let ignored = (line.ignore && path.is_none()).then_some(Ignored::Config);
            let same = |row: &Row| row.group == line.group && row.kind == line.kind;
            let at = own.iter().position(same).unwrap_or_else(|| {
                own.push(table.blank(line, ignored));
                own.len() - 1
            });
            let Some(row) = own.get_mut(at) else { continue };
            if row.ignored != ignored {
                let what = "one row ignores this kind wholly, another says more of it; keep one of them";
                return Err(error(what));
            }
            match path {
                Some(path) if line.ignore => row.except.push(path),
                Some(path) => {
                    row.places.push(Place {
                        path,
                        shape: line.shape.unwrap_or_default(),
                        fields: Fields::ALL,
                        is_stated: true,
                    });
                }
                None => {}
            }
        }
        for row in own.iter_mut().filter(|row| row.ignored.is_none()) {
            let Some(known) = table.exact(&row.group, &row.kind) else { continue };
            // To except one place is not to move the others, and operators have many places.
            if row.places.is_empty() || known.source == Source::Operator {
                let others = known.places.iter().filter(|place| !row.has(&place.path)).cloned();
                let others: Vec<Place> = others.collect();
                row.places.extend(others);
            }
        }
        table.add(own);
        Ok(table)
    }

    /// Puts rows before those of the same kinds that are there.
    fn add(&mut self, rows: Vec<Row>) {
        self.rows.splice(0..0, rows);
        self.rows.sort_by_key(|row| row.kind == ANY);
    }

    /// Adds what the schema of a kind says, unless the config has said it: where its pods are, and which fields there are.
    pub fn add_schema(&mut self, mut row: Row) {
        let Some(known) = self.exact(&row.group, &row.kind).cloned() else { return self.add(vec![row]) };
        match known.source {
            Source::BuiltIn if known.is_native() || known.ignored.is_some() => return,
            // What is known stands; the schema adds the other places, and which fields there are.
            Source::BuiltIn | Source::Config => {
                let new = std::mem::replace(&mut row, known);
                if row.ignored.is_none() {
                    row.merge(new.places);
                }
            }
            Source::Operator | Source::Schema => {
                (row.traits, row.selector) = (known.traits, known.selector);
                (row.claims, row.restarts, row.counts) = (known.claims, known.restarts, known.counts);
            }
        }
        self.rows.retain(|other| !(other.group == row.group && other.kind == row.kind));
        self.add(vec![row]);
    }

    /// A config's row without places: what the known row of the same kind says else still holds.
    fn blank(&self, line: &PodTemplateRow, ignored: Option<Ignored>) -> Row {
        let known = self.exact(&line.group, &line.kind);
        let new = Row::new(Cow::Owned(line.group.clone()), Cow::Owned(line.kind.clone()), Vec::new(), Source::Config);
        Row {
            ignored,
            traits: known.map_or(&[], |known| known.traits),
            selector: known.map_or(PodSelector::Unset, |known| known.selector),
            claims: known.and_then(|known| known.claims),
            restarts: known.and_then(|known| known.restarts),
            counts: known.map_or(Counts::Unknown, |known| known.counts),
            completed: known.is_some_and(|known| known.completed),
            ..new
        }
    }

    fn exact(&self, group: &str, kind: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.group == group && row.kind == kind).or_else(|| operators::row(group, kind))
    }

    /// The row of a group and kind.
    #[must_use]
    pub fn row(&self, group: &str, kind: &str) -> Option<&Row> {
        let own = self.rows.iter().find(|row| row.matches(group, kind));
        own.filter(|row| row.kind != ANY || row.source == Source::Config)
            .or_else(|| operators::row(group, kind))
            .or(own)
    }

    /// The rows of krmor itself, of schemas in the stream, and of the config, in the order in which they are tried.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows of operators in wide use, which are tried last.
    #[must_use]
    pub fn operators() -> &'static [Row] {
        operators::all()
    }
}

impl PodTemplateRow {
    fn check(&self) -> Result<Option<Path>, String> {
        if self.kind.is_empty() {
            return Err("`kind` is empty; name the kind, or `*` for every kind of the group".to_owned());
        }
        if let Some((group, _)) = self.group.split_once('/') {
            return Err(format!("`group: {}` holds a version; write `group: {group}`", self.group));
        }
        if self.path.is_none() && !self.ignore {
            return Err("there is neither `path` nor `ignore: true`; write one of them".to_owned());
        }
        if self.ignore && self.shape.is_some() {
            return Err("`shape` says what to harden, and `ignore: true` that nothing is; keep one of them".to_owned());
        }
        self.path.as_deref().map(Path::parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_path_can_be_read() {
        let table = Table::default();
        for line in BUILT_IN {
            let row = table.exact(line.group, line.kind).unwrap();
            assert_eq!(line.paths.len(), row.places.len(), "{}/{}", line.group, line.kind);
        }
    }

    #[test]
    fn no_built_in_row_stands_in_the_shadow_of_another() {
        let table = Table::default();
        for row in table.rows() {
            let found = table.row(&row.group, &row.kind).map(std::ptr::from_ref);
            assert_eq!(found, Some(std::ptr::from_ref(row)), "{}/{}", row.group, row.kind);
        }
    }
}
