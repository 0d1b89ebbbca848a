//! `krmor explain RULE`: what a rule says, why, and how a config changes it.

use super::super::schema::unknown_kind;
use super::super::{Failure, Result};
use super::wrapped;
use crate::config::PIPELINE;
use crate::functions::{FUNCTIONS, Function};
use crate::report::{Rule, Severity};
use crate::schema;
use krmor_core::rules;
use krmor_core::suggest::{closest, did_you_mean};
use krmor_core::validity;

/// A rule, and the function that has it; none where every function does.
#[derive(Clone, Copy)]
struct Declared {
    function: Option<&'static Function>,
    rule: &'static Rule,
}

impl Declared {
    /// Its id as SARIF and this command write it.
    fn name(self) -> String {
        match self.function {
            Some(function) => format!("{}/{}", function.kind, self.rule.id),
            None => self.rule.id.to_owned(),
        }
    }
}

/// What is said of the rule, the family or the list that a word asks for; `None` where it asks for a kind or a field.
pub(super) fn explain(what: &str) -> Result<Option<String>> {
    if what == "rules" {
        return Ok(Some(list(&all())));
    }
    let kind = what.split(['/', '.']).next().unwrap_or_default();
    let is_kind = schema::kinds().any(|known| known == kind);
    let (kind, id) = match what.split_once('/') {
        Some((kind, id)) if is_kind => (Some(kind), id),
        Some(_) if kind.starts_with(char::is_uppercase) => return Err(unknown_kind(kind)),
        None if is_kind || schema::kinds().any(|known| known.eq_ignore_ascii_case(kind)) => return Ok(None),
        _ => (None, what),
    };
    let scope: Vec<Declared> = all().into_iter().filter(|declared| holds_in(*declared, kind)).collect();
    if let Some(family) = id.strip_suffix('*').filter(|family| family.is_empty() || family.ends_with('/')) {
        let found: Vec<Declared> = scope
            .iter()
            .filter(|declared| declared.rule.id.starts_with(family))
            .filter(|declared| {
                declared.function.is_some() || !family.is_empty() || kind.is_none_or(|kind| kind == PIPELINE)
            })
            .copied()
            .collect();
        return if found.is_empty() { Err(unknown(what, id, kind, &scope)) } else { Ok(Some(list(&found))) };
    }
    let found: Vec<String> = scope.iter().filter(|declared| declared.rule.id == id).map(|one| entry(*one)).collect();
    match found.is_empty() {
        false => Ok(Some(found.join("\n"))),
        // Kinds begin with a capital, ids never do.
        true if kind.is_none() && what.starts_with(char::is_uppercase) => Ok(None),
        true => Err(unknown(what, id, kind, &scope)),
    }
}

/// Every rule: those of each function, then those that all share.
fn all() -> Vec<Declared> {
    let own = FUNCTIONS
        .iter()
        .flat_map(|function| function.rules.iter().map(move |rule| Declared { function: Some(function), rule }));
    own.chain(validity::rules::shared().map(|rule| Declared { function: None, rule })).collect()
}

/// Whether results of a kind may have the rule; without a kind, of any. Those of a pipeline itself have shared ones.
fn holds_in(declared: Declared, kind: Option<&str>) -> bool {
    declared.function.is_none_or(|function| kind.is_none_or(|kind| function.kind == kind))
}

/// One rule with all that its declaration says.
fn entry(declared: Declared) -> String {
    let Rule { id, summary, severity, help } = declared.rule;
    let also = |function: &&Function| {
        function.rules.contains(&declared.rule) && declared.function.is_some_and(|own| own.kind != function.kind)
    };
    let others: Vec<&str> = FUNCTIONS.iter().filter(also).map(|function| function.kind).collect();
    let function = match (declared.function, others.is_empty()) {
        (None, _) => "all".to_owned(),
        (Some(function), true) => function.kind.to_owned(),
        (Some(function), false) => format!("{} (also, with a text of its own: {})", function.kind, others.join(", ")),
    };
    let change = match declared.function {
        None if rules::RULES.contains(&declared.rule) => wrapped("It cannot be changed.", 4),
        function => format!(
            "    In the spec of {}, for all findings (error, warning, info, off):\n\n        \
             severities: {{{id}: {}}}\n\n    or for some objects:\n\n        \
             exceptions:\n        - target: {{kind: Deployment, name: web}}\n          rules: [{id}]\n          \
             reason: why it is meant\n",
            function.map_or("any function", |function| function.kind),
            other(*severity)
        ),
    };
    format!(
        "RULE:      {}\nSEVERITY:  {}\nFUNCTION:  {function}\n\nSUMMARY:\n{}\nDESCRIPTION:\n{}\nCHANGE:\n{change}",
        declared.name(),
        severity.name(),
        wrapped(summary, 4),
        wrapped(help, 4),
    )
}

/// The severity that somebody most likely wants instead.
fn other(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "warning",
        Severity::Warning => "error",
        Severity::Info => "off",
    }
}

/// A line for each rule.
fn list(rules: &[Declared]) -> String {
    let head = ["RULE".to_owned(), "SEVERITY".to_owned(), "SAYS".to_owned()];
    let row = |one: &Declared| [one.name(), one.rule.severity.name().to_owned(), one.rule.summary.to_owned()];
    let rows: Vec<[String; 3]> = std::iter::once(head).chain(rules.iter().map(row)).collect();
    let width = rows.iter().map(|[name, ..]| name.len()).max().unwrap_or(0);
    let lines: Vec<String> =
        rows.iter().map(|[name, severity, summary]| format!("{name:<width$}  {severity:<8}  {summary}\n")).collect();
    lines.concat()
}

/// A rule that there is not, with the nearest: as it was asked for, with the kind or without.
fn unknown(what: &str, id: &str, kind: Option<&str>, scope: &[Declared]) -> Failure {
    let prefix = kind.map_or_else(String::new, |kind| format!("{kind}/"));
    let ids = || scope.iter().map(|declared| declared.rule.id);
    let family = format!("{}/", id.trim_end_matches(['*', '/']));
    let near = if ids().any(|known| known.starts_with(&family)) {
        Some(format!("{family}*"))
    } else {
        let families = ids().filter_map(|known| known.rsplit_once('/')).map(|(family, _)| format!("{family}/*"));
        let families: Vec<String> = families.collect();
        closest(id, ids().chain(families.iter().map(String::as_str))).map(str::to_owned)
    };
    // Someone who leaves the kind out, or takes the wrong one, knows the id.
    let elsewhere = || all().into_iter().find(|declared| declared.rule.id == id).map(Declared::name);
    let list = kind.map_or_else(|| "rules".to_owned(), |kind| format!("'{kind}/*'"));
    let hint = match near.map(|near| format!("{prefix}{near}")).or_else(elsewhere) {
        Some(near) => did_you_mean(&format!("`{near}`")),
        None => format!("`krmor explain {list}` lists them"),
    };
    Failure::usage(format!("there is no rule `{what}`; {hint}"))
}
