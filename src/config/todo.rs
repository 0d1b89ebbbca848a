//! What a config leaves to a person: a value that is the word `TODO` is refused by its name, wherever it stands. `krmor init`
//! writes it where it must not guess.

use krmor_yaml::{self as yaml, Kind, Node};

use super::{API_VERSION, PIPELINE, Problem};

/// The value that stands for one that a person must decide.
pub const TODO: &str = "TODO";

/// All that is still to be decided, by pointers from the config's root.
pub(super) fn problems(config: Node<'_>) -> Vec<Problem> {
    // Of other kinds no message may show anything: they may be manifests.
    let is_ours = config.get("apiVersion").and_then(Node::as_str).is_some_and(|version| version == API_VERSION);
    let Some(spec) = config.get("spec").filter(|_| is_ours) else { return Vec::new() };
    let kind = config.get("kind").and_then(Node::as_str).unwrap_or_default();
    let mut found = Vec::new();
    match spec.get("functions").filter(|_| kind == PIPELINE) {
        Some(functions) => {
            for (name, entry) in functions.entries() {
                let kind = entry.get("kind").and_then(Node::as_str).unwrap_or_default();
                let at = format!("/spec/functions/{}/spec", yaml::escape_token(&name));
                if let Some(spec) = entry.get("spec") {
                    search(spec, &at, &kind, &mut found);
                }
            }
        }
        None => search(spec, "/spec", &kind, &mut found),
    }
    found
}

/// Whether a problem only follows from one that is known: it is about the same place, or about what holds it.
pub(super) fn follows(problem: &Problem, open: &[Problem]) -> bool {
    let around =
        |whole: &str, part: &str| part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    open.iter().any(|known| around(&problem.pointer, &known.pointer) || around(&known.pointer, &problem.pointer))
}

fn search(node: Node<'_>, at: &str, path: &str, found: &mut Vec<Problem>) {
    match node.kind() {
        Kind::Map => {
            for (key, value) in node.entries() {
                search(value, &format!("{at}/{}", yaml::escape_token(&key)), &format!("{path}.{key}"), found);
            }
        }
        Kind::Seq => {
            for (number, item) in node.items().enumerate() {
                search(item, &format!("{at}/{number}"), path, found);
            }
        }
        Kind::Scalar if node.as_str().is_some_and(|text| text == TODO) => {
            let field = path.split('.').take(2).collect::<Vec<_>>().join(".");
            let remedy =
                format!("write the value in its place, or take the entry out; see `krmor explain {field} --recursive`");
            found.push(Problem::new(at, "it is still `TODO`: a person must decide", remedy));
        }
        Kind::Scalar | Kind::Alias => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::Pipeline;

    fn told(config: &str) -> Vec<String> {
        let problems = config.parse::<Pipeline>().map(drop).unwrap_err().0;
        problems.iter().map(|one| format!("{}: {}", one.path(), one.message)).collect()
    }

    #[test]
    fn every_todo_is_said_once_and_so_is_what_else_is_wrong() {
        let config = "\
apiVersion: krmor.dev/v1alpha1
kind: Pipeline
metadata: {name: x}
spec:
  functions:
    security:
      kind: SecurityContext
      spec: {runAsUser: TODO, exceptions: [{target: {name: TODO}, fields: [privileged], reason: TODO}], levl: restricted}
    resources:
      kind: Resources
      spec: {requests: {cpu: TODO}}
    environment:
      kind: Environment
      spec: {env: {MODE: 'TODO: later'}}
";
        let open = "it is still `TODO`: a person must decide";
        assert_eq!(
            told(config),
            [
                format!("spec.functions.security.spec.runAsUser: {open}"),
                format!("spec.functions.security.spec.exceptions[0].target.name: {open}"),
                format!("spec.functions.security.spec.exceptions[0].reason: {open}"),
                format!("spec.functions.resources.spec.requests.cpu: {open}"),
                "spec.functions.security.spec.levl: unknown field `levl`".to_owned(),
            ]
        );
    }

    #[test]
    fn what_is_no_config_of_ours_is_not_searched() {
        let told = told("apiVersion: v1\nkind: Secret\nspec: {password: TODO}\n");
        assert!(told.iter().all(|line| !line.contains("TODO")), "{told:?}");
    }
}
