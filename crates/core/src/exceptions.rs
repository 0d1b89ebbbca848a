//! Exceptions: what a person means although a rule refuses it, each with its reason. Which hold for an object, and which
//! are not needed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::mask::is_letter;
use crate::report::{Report, Severity};
use crate::stream::Object;
use crate::target::{Matcher, Selector};

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

/// The exceptions of a spec, ready to be asked, and what came of them in this run.
#[derive(Debug, Default)]
pub struct Exceptions {
    matchers: Vec<Matcher>,
    matched: Vec<bool>,
    /// Those that something needs, by number.
    pub used: Vec<bool>,
}

impl Exceptions {
    /// Reads the targets of `spec.exceptions`.
    ///
    /// # Errors
    /// When a selector cannot be read; the text names the field.
    pub fn of<'s>(targets: impl IntoIterator<Item = &'s Selector>) -> Result<Self, String> {
        let matchers = targets.into_iter().enumerate();
        let matchers: Vec<Matcher> = matchers
            .map(|(at, target)| Matcher::new(target, &format!("exceptions[{at}].target")))
            .collect::<Result<_, _>>()?;
        let none = vec![false; matchers.len()];
        Ok(Self { matchers, matched: none.clone(), used: none })
    }

    /// The exceptions that hold for an object with containers of these names.
    pub fn grants(&mut self, object: &Object<'_>, names: &[&str]) -> Vec<Grant> {
        let mut grants = Vec::new();
        for (exception, (matcher, matched)) in self.matchers.iter().zip(&mut self.matched).enumerate() {
            if !matcher.matches(object) {
                continue;
            }
            let numbered = names.iter().enumerate();
            let meant = numbered.filter(|(_, name)| matcher.matches_container(name)).map(|(at, _)| at);
            let containers: Option<Vec<usize>> = matcher.names_containers().then(|| meant.collect());
            if containers.as_ref().is_none_or(|containers| !containers.is_empty()) {
                *matched = true;
                grants.push(Grant { exception, containers });
            }
        }
        grants
    }

    /// Says which exceptions are not needed: each would weaken what it matches one day. `unneeded` says why, of one that
    /// matches something.
    pub fn report_unused<'s>(
        &self,
        targets: impl IntoIterator<Item = &'s Selector>,
        unneeded: &str,
        report: &mut Report,
    ) {
        let fates = self.matched.iter().zip(&self.used);
        for (at, (target, (matched, used))) in targets.into_iter().zip(fates).enumerate() {
            let (severity, what) = match (matched, used) {
                (_, true) => continue,
                (true, false) => (Severity::Info, format!("is not needed: {unneeded}")),
                (false, _) if target.optional => continue,
                (false, _) => (Severity::Warning, "matches nothing".to_owned()),
            };
            let message = format!("exceptions[{at}] `{target}` {what}");
            report.find_in_stream(severity, "unused-exception", message, "remove it, or correct its target");
        }
    }
}
