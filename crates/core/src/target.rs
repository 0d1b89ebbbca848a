//! Selectors: which objects, pods and containers a function is meant for, and which it leaves alone.

use crate::rules as common;
use std::borrow::Cow;
use std::sync::Arc;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::Problem;
use crate::facts::Facts;
use crate::labels::{Requirement, Values, parse_selector, text};
use crate::pods::{Container, Pod};
use crate::report::{Finding, Place};
use crate::stream::{self, Object, ObjectId, Stream};
use crate::suggest::{affixes, did_you_mean, distance};
use krmor_yaml::print::{self, Quoting};

/// A message lists at most this many containers.
const MAX_NAMES: usize = 8;

/// Selects objects as a kustomize `target` does, and containers in them. All that is given must match.
///
/// `group`, `version`, `kind`, `name`, `namespace` and `containers` are regular expressions that must match from the
/// first to the last character.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Selector {
    /// API group, such as `apps`; empty for the core group.
    pub group: Option<String>,
    /// API version without its group, such as `v1`.
    pub version: Option<String>,
    /// Kind. In a target also the one before an earlier kustomization changed it.
    pub kind: Option<String>,
    /// Name. In a target also the one before an earlier kustomization added a prefix or suffix.
    pub name: Option<String>,
    /// Namespace; an object without one is in `default`. In a target also the one before an earlier kustomization changed it.
    pub namespace: Option<String>,
    /// Labels of the object, in the grammar of `kubectl get --selector`: `app=web,tier in (a,b),!legacy`.
    pub label_selector: Option<String>,
    /// Annotations of the object, in the grammar of `labelSelector`.
    pub annotation_selector: Option<String>,
    /// Names of containers. In a target: only fields of these containers are written, none of their pod.
    /// In an exclude: these containers are left alone, and not the others.
    pub containers: Vec<String>,
    /// A target that matches nothing is an error, unless this is true.
    pub optional: bool,
    /// In an exclude or exception: whether `kind`, `name` and `namespace` also match what they were before an earlier
    /// kustomization. Off by default, since anybody who writes a manifest can write the annotations that tell.
    pub previous: bool,
}

/// A field of a selector that holds a regular expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Group,
    Version,
    Kind,
    Name,
    Namespace,
}

impl Field {
    fn key(self) -> &'static str {
        match self {
            Field::Group => "group",
            Field::Version => "version",
            Field::Kind => "kind",
            Field::Name => "name",
            Field::Namespace => "namespace",
        }
    }

    fn value<'a>(self, object: &Object<'a>) -> Cow<'a, str> {
        match self {
            Field::Group => Cow::Owned(object.group()),
            Field::Version => Cow::Owned(object.version()),
            Field::Kind => object.kind(),
            Field::Name => object.name(),
            Field::Namespace => object.namespace(),
        }
    }

    /// What it was before earlier kustomizations: kustomize keeps lists with commas between.
    fn previous<'a>(self, object: &Object<'a>) -> Option<Cow<'a, str>> {
        let key = match self {
            Field::Group | Field::Version => return None,
            Field::Kind => stream::PREVIOUS_KINDS,
            Field::Name => stream::PREVIOUS_NAMES,
            Field::Namespace => stream::PREVIOUS_NAMESPACES,
        };
        object.annotation(key)
    }

    fn matches(self, pattern: &Pattern, object: &Object<'_>, previous: bool) -> bool {
        let value = self.value(object);
        let was = || self.previous(object).is_some_and(|list| list.split(',').any(|old| pattern.matches(old)));
        pattern.matches(&value)
            || (self == Field::Namespace && value.is_empty() && pattern.matches("default"))
            || previous && was()
    }
}

impl Selector {
    fn patterns(&self) -> [(Field, Option<&String>); 5] {
        [
            (Field::Group, self.group.as_ref()),
            (Field::Version, self.version.as_ref()),
            (Field::Kind, self.kind.as_ref()),
            (Field::Name, self.name.as_ref()),
            (Field::Namespace, self.namespace.as_ref()),
        ]
    }
}

/// As YAML on one line, with the fields that are given.
impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut map = Map::new();
        let selectors = [
            ("labelSelector", self.label_selector.as_ref()),
            ("annotationSelector", self.annotation_selector.as_ref()),
        ];
        let patterns = self.patterns().into_iter().map(|(field, text)| (field.key(), text));
        for (key, text) in patterns.chain(selectors) {
            if let Some(text) = text {
                map.insert(key.to_owned(), Value::String(text.clone()));
            }
        }
        if !self.containers.is_empty() {
            map.insert("containers".to_owned(), self.containers.clone().into());
        }
        let mut out = String::new();
        print::write_flow(&mut out, &Value::Object(map), Quoting::Yaml);
        f.write_str(&out)
    }
}

/// `targets` and `exclude` of a spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// What to work on; everything when empty.
    pub targets: Vec<Selector>,
    /// What to leave alone, of that.
    pub exclude: Vec<Selector>,
}

impl Scope {
    /// Reads the regular expressions and selectors once for the whole stream.
    ///
    /// # Errors
    /// All that cannot be read, and excludes that are empty.
    pub fn compile(&self) -> Result<Compiled, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut all = |list: &[Selector], name: &str| -> Vec<Matcher> {
            let matchers =
                list.iter().enumerate().map(|(at, selector)| Matcher::new(selector, &format!("/{name}/{at}")));
            matchers.filter_map(|matcher| matcher.map_err(|mut found| problems.append(&mut found)).ok()).collect()
        };
        let (targets, exclude) = (all(&self.targets, "targets"), all(&self.exclude, "exclude"));
        // A target makes things stricter, whatever tells that it is meant; what loosens matches what the object is now.
        let targets = targets.into_iter().map(Matcher::with_previous).collect();
        let empty = exclude.iter().filter(|matcher| matcher.conditions() == 0 && !matcher.names_containers());
        problems.extend(
            empty.map(|empty| Problem::new(&empty.place, "it is empty and would exclude everything", "remove it")),
        );
        if problems.is_empty() { Ok(Compiled { targets, exclude }) } else { Err(problems) }
    }
}

/// The pods that `targets` and `exclude` of a spec choose, and what is wrong: pods that cannot be read, targets that select
/// nothing, selectors that cannot be read.
#[must_use]
pub fn pods(targets: &[Selector], exclude: &[Selector], stream: &Stream) -> (Vec<Selected>, Vec<Finding>) {
    let scope = Scope { targets: targets.to_vec(), exclude: exclude.to_vec() };
    match scope.compile() {
        Ok(scope) => {
            let facts = Facts::of(stream);
            let mut problems = facts.pod_problems().to_vec();
            let (selected, unmatched) = scope.select(stream, facts.pods().to_vec());
            problems.extend(unmatched);
            (selected, problems)
        }
        Err(problems) => (Vec::new(), problems.into_iter().map(Problem::into_finding).collect()),
    }
}

/// The pods, wholly, as if a target had selected them.
pub fn everything(pods: impl IntoIterator<Item = Pod>) -> impl Iterator<Item = Selected> {
    pods.into_iter().map(|pod| Selected { pod, whole_pod: true, only: Vec::new(), except: Vec::new() })
}

/// The target of an exception for one object, as YAML on one line: what is in it is a pattern that matches only that.
#[must_use]
pub fn exactly(object: &Object<'_>, container: Option<&str>) -> String {
    let mut parts = vec![format!("kind: {}", exact(&object.kind()))];
    // `generateName` shows as a prefix and `*`.
    match object.name().strip_suffix('*') {
        Some(prefix) => parts.push(format!("name: {}", flow(&format!("{}.*", escape(prefix))))),
        // No pattern says that there is no name: an object without one is given one first.
        None if object.name().is_empty() => parts.push("name: <its name>".to_owned()),
        None => parts.push(format!("name: {}", exact(&object.name()))),
    }
    if !object.namespace().is_empty() {
        parts.push(format!("namespace: {}", exact(&object.namespace())));
    }
    parts.extend(container.map(|name| format!("containers: [{}]", exact(name))));
    format!("{{{}}}", parts.join(", "))
}

/// A pattern that matches a text and no other, as YAML on one line.
#[must_use]
pub fn exact(text: &str) -> String {
    flow(&escape(text))
}

fn escape(text: &str) -> String {
    let escape = |c: char| if "\\.+*?()|[]{}^$".contains(c) { format!("\\{c}") } else { c.to_string() };
    text.chars().map(escape).collect()
}

fn flow(text: &str) -> String {
    let mut out = String::new();
    print::write_flow(&mut out, &text.into(), Quoting::Yaml);
    out
}

/// A regular expression that must match from the first to the last character.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Without special characters: compared as it is.
    Literal(String),
    /// Any other.
    Regex {
        /// As it is written.
        text: String,
        /// Ready to be asked.
        regex: Regex,
    },
}

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(text: &str) -> Result<Self, regex_lite::Error> {
        if !text.contains(['\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$']) {
            return Ok(Pattern::Literal(text.to_owned()));
        }
        // Compiled by itself first: `)(` must not become right by what is put around it.
        Regex::new(text)?;
        Ok(Pattern::Regex { text: text.to_owned(), regex: Regex::new(&format!("^(?:{text})$"))? })
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Literal(literal) => literal == text,
            Pattern::Regex { regex, .. } => regex.is_match(text),
        }
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Pattern::Literal(text) | Pattern::Regex { text, .. } => text,
        }
    }

    /// The prefix and the suffix around a part of a name that matches.
    fn affixes<'n>(&self, name: &'n str) -> Option<(&'n str, &'n str)> {
        affixes(name, |part| self.matches(part)).or_else(|| match self {
            // Without a separator on one side; within a word it is chance.
            Pattern::Literal(text) if text.len() > 1 && name != text => {
                let suffix = name.strip_prefix(text.as_str()).map(|suffix| ("", suffix));
                suffix.or_else(|| name.strip_suffix(text.as_str()).map(|prefix| (prefix, "")))
            }
            _ => None,
        })
    }

    /// As a part of another expression.
    fn grouped(&self) -> Cow<'_, str> {
        match self {
            Pattern::Regex { text, .. } if text.contains('|') => Cow::Owned(format!("({text})")),
            Pattern::Literal(text) | Pattern::Regex { text, .. } => Cow::Borrowed(text),
        }
    }
}

/// A selector that is ready to be asked.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// Where it stands in the spec: a JSON Pointer.
    place: String,
    selector: Selector,
    fields: Vec<(Field, Pattern)>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
    containers: Arc<[Pattern]>,
    /// Whether it also matches what objects were before an earlier kustomization.
    previous: bool,
}

impl Matcher {
    /// Reads a selector that stands at `place` of a spec, a JSON Pointer such as `/exceptions/0/target`.
    ///
    /// # Errors
    /// All of its regular expressions and selectors that cannot be read.
    pub fn new(selector: &Selector, place: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut wrong = |key: &str, message: String| {
            problems.push(Problem::new(&format!("{place}/{key}"), message, "correct the selector"));
        };
        let no_expression =
            |text: &str, error: regex_lite::Error| format!("`{text}` is not a regular expression: {error}");
        let mut fields = Vec::new();
        for (field, text) in selector.patterns() {
            let Some(text) = text else { continue };
            let key = field.key();
            if text.is_empty() && !matches!(field, Field::Group | Field::Namespace) {
                wrong(key, format!("it is empty; leave it out to match every {key}"));
                continue;
            }
            match Pattern::new(text) {
                Ok(pattern) => fields.push((field, pattern)),
                Err(error) => wrong(key, no_expression(text, error)),
            }
        }
        let mut requirements = |key: &str, text: Option<&String>, values: Values| {
            let text = text.map_or("", String::as_str);
            parse_selector(text, values).unwrap_or_else(|error| {
                wrong(key, format!("`{text}`: {error}"));
                Vec::new()
            })
        };
        let labels = requirements("labelSelector", selector.label_selector.as_ref(), Values::Labels);
        let annotations = requirements("annotationSelector", selector.annotation_selector.as_ref(), Values::Any);
        let mut containers = Vec::new();
        for (at, text) in selector.containers.iter().enumerate() {
            match Pattern::new(text) {
                Ok(pattern) => containers.push(pattern),
                Err(error) => wrong(&format!("containers/{at}"), no_expression(text, error)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (place, selector, containers) = (place.to_owned(), selector.clone(), containers.into());
        let previous = selector.previous;
        Ok(Self { place, selector, fields, labels, annotations, containers, previous })
    }

    /// Also matches what objects were before an earlier kustomization: right where a match makes things stricter.
    #[must_use]
    pub fn with_previous(self) -> Self {
        Self { previous: true, ..self }
    }

    /// The first object of a stream that it would match with `previous: true`, where it matches none.
    #[must_use]
    pub fn matches_previous<'a>(&self, stream: &'a Stream) -> Option<Object<'a>> {
        if self.previous || stream.objects().any(|object| self.matches(&object)) {
            return None;
        }
        let other = self.clone().with_previous();
        stream.objects().find(|object| other.matches(object))
    }

    /// Whether it selects the object, its containers aside.
    #[must_use]
    pub fn matches(&self, object: &Object<'_>) -> bool {
        self.fields.iter().all(|(field, pattern)| field.matches(pattern, object, self.previous))
            && all_met(&self.labels, object, "labels")
            && all_met(&self.annotations, object, "annotations")
    }

    /// How many conditions it puts on an object: with none it matches all.
    #[must_use]
    pub fn conditions(&self) -> usize {
        self.fields.len() + usize::from(!self.labels.is_empty()) + usize::from(!self.annotations.is_empty())
    }

    /// Whether it is about single containers.
    #[must_use]
    pub fn names_containers(&self) -> bool {
        !self.containers.is_empty()
    }

    /// Whether it selects the container of that name in an object that it matches.
    #[must_use]
    pub fn matches_container(&self, name: &str) -> bool {
        self.containers.is_empty() || any_matches(&self.containers, name)
    }
}

/// Whether the labels or annotations of an object meet all requirements.
fn all_met(requirements: &[Requirement], object: &Object<'_>, map: &str) -> bool {
    if requirements.is_empty() {
        return true;
    }
    let map = object.root().find(&["metadata", map]);
    requirements.iter().all(|requirement| {
        let value = map.and_then(|map| map.get(&requirement.key)).map(text);
        requirement.met(value.as_deref())
    })
}

fn any_matches(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(text))
}

/// A [`Scope`] that is ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    targets: Vec<Matcher>,
    exclude: Vec<Matcher>,
}

/// A pod in scope, wholly or in part.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The pod.
    pub pod: Pod,
    /// Whether its own fields may be written; otherwise only those of containers that a target names.
    pub whole_pod: bool,
    /// What targets name.
    only: Vec<Arc<[Pattern]>>,
    except: Vec<Arc<[Pattern]>>,
}

impl Selected {
    /// Whether the container of that name is in scope.
    #[must_use]
    pub fn includes(&self, container: &str) -> bool {
        let named = |list: &[Arc<[Pattern]>]| list.iter().any(|patterns| any_matches(patterns, container));
        (self.whole_pod || named(&self.only)) && !named(&self.except)
    }

    /// Whether a target names the container, for functions that work on some roles only unless told.
    #[must_use]
    pub fn names(&self, container: &str) -> bool {
        self.includes(container) && self.only.iter().any(|patterns| any_matches(patterns, container))
    }

    /// The containers in scope.
    #[must_use]
    pub fn containers(&self, object: &Object<'_>) -> Vec<Container> {
        let mut containers = self.pod.containers(object);
        containers.retain(|container| self.includes(&container.name));
        containers
    }

    /// Those of `containers` that targets name by an expression which names none that `fits`.
    pub fn named_in_vain<'c>(
        &self,
        containers: &'c [Container],
        fits: impl Fn(&Container) -> bool,
    ) -> Vec<&'c Container> {
        let names_one = |pattern: &&Pattern| containers.iter().any(|one| fits(one) && pattern.matches(&one.name));
        let vain: Vec<&Pattern> =
            self.only.iter().flat_map(|patterns| patterns.iter()).filter(|pattern| !names_one(pattern)).collect();
        containers.iter().filter(|one| vain.iter().any(|pattern| pattern.matches(&one.name))).collect()
    }

    /// Whether a container of the pod is out of scope: then fields of the pod that its containers inherit reach too far.
    #[must_use]
    pub fn is_partial(&self, object: &Object<'_>) -> bool {
        (!self.whole_pod || !self.except.is_empty())
            && self.pod.containers(object).iter().any(|container| !self.includes(&container.name))
    }
}

impl Compiled {
    /// The pods in scope, and the targets that select none and are not optional.
    #[must_use]
    pub fn select(&self, stream: &Stream, pods: Vec<Pod>) -> (Vec<Selected>, Vec<Finding>) {
        let mut matched = vec![false; self.targets.len()];
        let mut out = Vec::with_capacity(pods.len());
        let mut candidates = Vec::new();
        for pod in pods {
            let Some(object) = stream.object(pod.object) else {
                continue;
            };
            if matched.contains(&false) && candidates.last() != Some(&pod.object) {
                candidates.push(pod.object);
            }
            out.extend(self.one(&object, pod, &mut matched));
        }
        let mut problems = self.unmatched(stream, &matched, &Over::Pods(candidates));
        problems.extend(self.renamed(stream));
        (out, problems)
    }

    fn one(&self, object: &Object<'_>, pod: Pod, matched: &mut [bool]) -> Option<Selected> {
        let mut selected = Selected { pod, whole_pod: self.targets.is_empty(), only: Vec::new(), except: Vec::new() };
        for (target, matched) in self.targets.iter().zip(matched) {
            if !target.matches(object) {
                continue;
            }
            if !target.names_containers() {
                *matched = true;
                selected.whole_pod = true;
            } else if selected.pod.containers(object).iter().any(|container| target.matches_container(&container.name))
            {
                *matched = true;
                selected.only.push(Arc::clone(&target.containers));
            }
        }
        if !selected.whole_pod && selected.only.is_empty() {
            return None;
        }
        for exclude in self.exclude.iter().filter(|exclude| exclude.matches(object)) {
            if !exclude.names_containers() {
                return None;
            }
            selected.except.push(Arc::clone(&exclude.containers));
        }
        let empty = !selected.whole_pod && !selected.except.is_empty() && selected.containers(object).is_empty();
        (!empty).then_some(selected)
    }

    /// Those of `objects` that are in scope, for functions that work on whole objects: a target that names containers
    /// selects none, an exclude that does so leaves out none. Unmatched targets as by [`Compiled::select`].
    #[must_use]
    pub fn select_objects(
        &self,
        stream: &Stream,
        objects: impl IntoIterator<Item = ObjectId>,
    ) -> (Vec<ObjectId>, Vec<Finding>) {
        let mut matched = vec![false; self.targets.len()];
        let candidates: Vec<ObjectId> = objects.into_iter().collect();
        let all = candidates.iter().filter_map(|&id| stream.object(id));
        let out = all.filter(|object| self.whole(object, &mut matched)).map(|object| object.id()).collect();
        let mut problems = self.unmatched(stream, &matched, &Over::Objects(candidates));
        problems.extend(self.renamed(stream));
        (out, problems)
    }

    /// Whether the whole object is in scope.
    fn whole(&self, object: &Object<'_>, matched: &mut [bool]) -> bool {
        let mut wanted = self.targets.is_empty();
        for (target, matched) in self.targets.iter().zip(matched) {
            if !target.names_containers() && target.matches(object) {
                *matched = true;
                wanted = true;
            }
        }
        wanted && !self.exclude.iter().any(|exclude| !exclude.names_containers() && exclude.matches(object))
    }

    /// The objects and the pods in scope, for functions that look at both. Unmatched targets as by [`Compiled::select`].
    #[must_use]
    pub fn select_all(&self, stream: &Stream, pods: Vec<Pod>) -> (Vec<ObjectId>, Vec<Selected>, Vec<Finding>) {
        let mut matched = vec![false; self.targets.len()];
        let carriers: Vec<ObjectId> = pods.iter().map(|pod| pod.object).collect();
        let find = |pod: Pod, matched: &mut [bool]| self.one(&stream.object(pod.object)?, pod, matched);
        let selected = pods.into_iter().filter_map(|pod| find(pod, &mut matched)).collect();
        let objects: Vec<_> = stream.objects().filter(|object| self.whole(object, &mut matched)).collect();
        // Targets that name containers were meant for pods, the others for anything.
        let but = |of_pods: bool| -> Vec<bool> {
            let each = self.targets.iter().zip(&matched);
            each.map(|(target, matched)| *matched || target.names_containers() != of_pods).collect()
        };
        let mut problems = self.unmatched(stream, &but(true), &Over::Pods(carriers));
        let everything = stream.objects().map(|object| object.id()).collect();
        problems.extend(self.unmatched(stream, &but(false), &Over::Objects(everything)));
        problems.extend(self.renamed(stream));
        (objects.iter().map(Object::id).collect(), selected, problems)
    }

    fn unmatched(&self, stream: &Stream, matched: &[bool], over: &Over) -> Vec<Finding> {
        let unmatched = self.targets.iter().zip(matched).filter(|(_, matched)| !**matched);
        let required = unmatched.filter(|(target, _)| !target.selector.optional);
        let finding = |(target, _): (&Matcher, &bool)| {
            let message = format!("`{}` matches nothing", target.selector);
            let hint = target.hint(stream, over).map_or_else(String::new, |hint| match hint.strip_suffix('?') {
                Some(_) => format!("{hint} If not, "),
                None => format!("{hint}; "),
            });
            let remedy = format!("{hint}correct the target, or set `optional: true` if it need not match");
            Finding::new(&common::UNMATCHED_TARGET, Place::Config(target.place.clone()), message, remedy)
        };
        required.map(finding).collect()
    }

    /// The excludes that match nothing but would match what an object was called before.
    fn renamed<'a>(&'a self, stream: &'a Stream) -> impl Iterator<Item = Finding> + 'a {
        self.exclude.iter().filter(|exclude| !exclude.selector.optional).filter_map(|exclude| {
            let object = exclude.matches_previous(stream)?;
            let message =
                format!("`{}` excludes nothing: {} was called so before", exclude.selector, object.reference());
            let remedy = "name what it is now, or set `previous: true`, which trusts the annotations that tell";
            Some(Finding::new(&common::UNMATCHED_TARGET, Place::Config(exclude.place.clone()), message, remedy))
        })
    }
}

/// What a function chooses from.
enum Over {
    Pods(Vec<ObjectId>),
    Objects(Vec<ObjectId>),
}

/// How near an object comes to a selector.
struct Near<'a> {
    object: Object<'a>,
    /// The conditions that do not hold.
    misses: Vec<&'static str>,
    /// The missed field whose value is most like what was asked for, and how many letters make the difference.
    alike: Option<(Field, String, usize)>,
}

impl Near<'_> {
    fn rank(&self) -> (usize, usize) {
        (self.misses.len(), self.alike.as_ref().map_or(usize::MAX, |(.., letters)| *letters))
    }
}

impl Matcher {
    /// What the writer of a target that matches nothing may have meant.
    fn hint(&self, stream: &Stream, over: &Over) -> Option<String> {
        let (Over::Pods(candidates) | Over::Objects(candidates)) = over;
        let objects = candidates.iter().filter_map(|&id| stream.object(id));
        let best = objects.map(|object| self.near(object)).min_by_key(Near::rank);
        if let Some(near) = best.as_ref().filter(|near| near.misses.is_empty()) {
            return Some(match over {
                Over::Pods(_) => self.container_hint(stream, &near.object),
                Over::Objects(_) => "this function works on whole objects, where `containers` selects none".to_owned(),
            });
        }
        if let Some(other) = stream.objects().find(|object| self.matches(object)) {
            let what = if matches!(over, Over::Pods(_)) { "has no pods" } else { "is not what this function works on" };
            return Some(format!("{} {what}", other.reference()));
        }
        if let Some(hint) = self.affix_hint(candidates.iter().filter_map(|&id| stream.object(id))) {
            return Some(hint);
        }
        let given =
            self.fields.len() + usize::from(!self.labels.is_empty()) + usize::from(!self.annotations.is_empty());
        let near = best.filter(|near| near.misses.len() < given || near.alike.is_some())?;
        Some(match (near.misses.as_slice(), near.alike) {
            ([_], Some((field, value, _))) => did_you_mean(&format!("`{}: {value}`", field.key())),
            (misses, _) => {
                let fields: Vec<String> = misses.iter().map(|field| format!("`{field}`")).collect();
                let verb = if misses.len() == 1 { "does" } else { "do" };
                format!("the closest is {}, but {} {verb} not match", near.object.reference(), fields.join(" and "))
            }
        })
    }

    /// What to say where it would match an object had that no prefix or suffix, or another namespace beside: kustomize
    /// takes the annotations that tell it off what it prints.
    pub fn affix_hint<'a>(&self, objects: impl Iterator<Item = Object<'a>>) -> Option<String> {
        let pattern = self.fields.iter().find_map(|(field, pattern)| (*field == Field::Name).then_some(pattern))?;
        let names = [Field::Name.key(), Field::Namespace.key()];
        let is_it = |object: &Object<'a>| {
            let misses = self.near(*object).misses;
            misses.contains(&Field::Name.key()) && misses.iter().all(|miss| names.contains(miss))
        };
        let (object, (prefix, suffix)) = objects.filter(is_it).find_map(|object| {
            let name = object.name().into_owned();
            pattern.affixes(&name).map(|(prefix, suffix)| (object, (prefix.to_owned(), suffix.to_owned())))
        })?;
        let optional = |text: &str| if text.is_empty() { String::new() } else { format!("({})?", escape(text)) };
        let whole = format!("{}{}{}", optional(&prefix), pattern.grouped(), optional(&suffix));
        Some(format!(
            "{} has a name with a prefix or suffix, and the one before is known only while kustomize renders: a \
             `labelSelector` matches before and after, and so does `name: {}`",
            object.reference(),
            flow(&whole)
        ))
    }

    /// What the containers of an object are called that the target matches but for them.
    fn container_hint(&self, stream: &Stream, object: &Object<'_>) -> String {
        let pods = Facts::of(stream).pods().iter().filter(|pod| pod.object == object.id());
        let mut names: Vec<String> = pods.flat_map(|pod| pod.containers(object)).map(|one| one.name).collect();
        let pairs = names.iter().flat_map(|name| self.containers.iter().map(move |pattern| (pattern.text(), name)));
        let meant = pairs.filter_map(|(text, name)| Some((distance(text, name)?, name))).min();
        if let Some((_, name)) = meant {
            return did_you_mean(&format!("the container `{name}` of {}", object.reference()));
        }
        names.truncate(MAX_NAMES);
        format!("{} has other containers: `{}`", object.reference(), names.join("`, `"))
    }

    fn near<'a>(&self, object: Object<'a>) -> Near<'a> {
        let mut misses = Vec::new();
        let mut closest: Option<(Field, String, usize)> = None;
        for (field, pattern) in
            self.fields.iter().filter(|(field, pattern)| !field.matches(pattern, &object, self.previous))
        {
            misses.push(field.key());
            let value = field.value(&object);
            if let Some(letters) = distance(pattern.text(), &value)
                && closest.as_ref().is_none_or(|(.., other)| letters < *other)
            {
                closest = Some((*field, value.into_owned(), letters));
            }
        }
        if !all_met(&self.labels, &object, "labels") {
            misses.push("labelSelector");
        }
        if !all_met(&self.annotations, &object, "annotations") {
            misses.push("annotationSelector");
        }
        Near { object, misses, alike: closest }
    }
}
