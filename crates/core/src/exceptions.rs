//! Exceptions: what a person means although a rule refuses it, each with its reason. Every function takes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::Problem;
use crate::mask::is_letter;
use crate::report::Rule;
use crate::severities::RuleName;
use crate::stream::{Object, Stream};
use crate::target::{Matcher, Pattern, Selector};

/// Findings that are meant.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exception {
    /// Where; with `containers`, only what is about those containers.
    pub target: Selector,
    /// Which rules: ids, or `family/*`. Default: any. At least one of this and `fields` is given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub rules: Vec<RuleName>,
    /// What the finding is about, as regular expressions for the whole name: a field (`privileged`), a variable, a key, a
    /// port, an object. With `rules`, also the last key or the whole path of the field (`spec.replicas`). Default: anything.
    #[serde(default)]
    pub fields: Vec<FieldName>,
    /// Why; stands in the report.
    pub reason: Reason,
}

impl Exception {
    /// Whether it is for a rule, and for something of this name.
    #[must_use]
    pub fn covers(&self, rule: &Rule, names: &[&str]) -> bool {
        let of_rule = self.rules.is_empty() || self.rules.iter().any(|own| own.covers(rule.id));
        let is_meant = |field: &FieldName| names.iter().any(|name| field.matches(name));
        of_rule && (self.fields.is_empty() || self.fields.iter().any(is_meant))
    }
}

/// A regular expression for the whole name of what a finding is about.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct FieldName(Pattern);

impl FieldName {
    /// Whether it matches all of a name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.0.text() == name || self.0.matches(name)
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.text()
    }
}

impl TryFrom<String> for FieldName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty name is the name of nothing; take it out".to_owned());
        }
        let no = |error| format!("`{text}` is not a regular expression: {error}");
        Pattern::new(&text).map(Self).map_err(no)
    }
}

/// A reason, which must say something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("minLength" = 1))]
pub struct Reason(String);

impl Reason {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // Also not the `…` of the entry that a finding proposes.
        match text.chars().any(is_letter) {
            true => Ok(Self(text.trim().to_owned())),
            false => Err("say why: the reason stands in the report".to_owned()),
        }
    }
}

/// An exception that holds for an object.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its number in the spec.
    pub exception: usize,
    /// The containers that it is for, by number; `None` for the whole object.
    pub containers: Option<Vec<usize>>,
}

/// The exceptions of a spec, ready to be asked.
#[derive(Debug)]
pub struct Exceptions<'s> {
    all: &'s [Exception],
    matchers: Vec<Matcher>,
}

impl<'s> Exceptions<'s> {
    /// Reads the targets of a spec's exceptions.
    ///
    /// # Errors
    /// What of their selectors cannot be read, and exceptions for nothing in particular.
    pub fn of(all: &'s [Exception]) -> Result<Self, Vec<Problem>> {
        let (mut matchers, mut problems) = (Vec::new(), Vec::new());
        for (at, exception) in all.iter().enumerate() {
            match Matcher::new(&exception.target, &format!("/exceptions/{at}/target")) {
                Ok(matcher) => matchers.push(matcher),
                Err(mut found) => problems.append(&mut found),
            }
            if exception.rules.is_empty() && exception.fields.is_empty() {
                let message = format!("`{}` names neither rules nor fields", exception.target);
                problems.push(Problem::new(
                    &format!("/exceptions/{at}"),
                    message,
                    "name the `rules` or `fields` that it is for",
                ));
            }
        }
        if problems.is_empty() { Ok(Self { all, matchers }) } else { Err(problems) }
    }

    /// The exception of a number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&'s Exception> {
        self.all.get(number)
    }

    /// The object that the exception of a number would match with `previous: true`, where it matches none.
    #[must_use]
    pub fn matches_previous<'a>(&self, number: usize, stream: &'a Stream) -> Option<Object<'a>> {
        self.matchers.get(number)?.matches_previous(stream)
    }

    /// What to say of the exception of a number where it would match an object had that no prefix or suffix.
    #[must_use]
    pub fn affix_hint(&self, number: usize, stream: &Stream) -> Option<String> {
        self.matchers.get(number)?.affix_hint(stream.objects())
    }

    /// The exceptions that hold for an object with containers of these names.
    #[must_use]
    pub fn grants(&self, object: &Object<'_>, names: &[&str]) -> Vec<Grant> {
        let mut grants = Vec::new();
        for (exception, matcher) in self.matchers.iter().enumerate().filter(|(_, matcher)| matcher.matches(object)) {
            let numbered = names.iter().enumerate();
            let meant = numbered.filter(|(_, name)| matcher.matches_container(name)).map(|(at, _)| at);
            let containers: Option<Vec<usize>> = matcher.names_containers().then(|| meant.collect());
            if containers.as_ref().is_none_or(|containers| !containers.is_empty()) {
                grants.push(Grant { exception, containers });
            }
        }
        grants
    }
}
