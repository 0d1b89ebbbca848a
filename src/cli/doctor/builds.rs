//! The calls in scripts that build a kustomization: each is judged by itself.

use super::words::is_variable;

/// kustomize's flags with a value in the next word.
const VALUED: &[&str] =
    &["--load-restrictor", "-o", "--output", "-e", "--env", "--mount", "--network-name", "--helm-command"];
/// What kubectl and oc take `-k` for, where it is no kustomization.
const OTHER_VERBS: &[&str] = &["exec", "run", "debug", "login", "cp", "config", "proxy", "plugin"];

/// One call that builds kustomizations.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Build {
    /// It runs exec functions.
    pub(super) exec: bool,
    /// The folders, as they are written.
    pub(super) paths: Vec<String>,
}

/// The builds of a line's commands.
pub(super) fn builds(words: &[String]) -> Vec<Build> {
    words
        .split(|word| word == "|")
        .filter_map(|command| by_kustomize(command).or_else(|| by_kubectl(command)))
        .collect()
}

fn by_kustomize(command: &[String]) -> Option<Build> {
    let at = command.iter().position(|word| is_program(word, "kustomize") || is_variable(word, "kustomize"))?;
    let mut rest = command.iter().skip(at + 1).map(String::as_str).filter(|word| *word != "\\");
    // Another program's option, such as `- name: kustomize`, is not followed by the command.
    let verb = rest.by_ref().find(|word| !word.starts_with('-') && !word.ends_with(':'))?;
    if !matches!(verb, "build" | "b") {
        return None;
    }
    let mut paths = Vec::new();
    let mut is_value = false;
    for word in rest.take_while(|word| !word.starts_with('#')) {
        if !is_value && !word.starts_with('-') && !word.ends_with(':') && !word.starts_with("2>") {
            paths.push(word.to_owned());
        }
        is_value = VALUED.contains(&word);
    }
    // The flag may stand before the command, too; what follows a `#` is a comment.
    let said = command.iter().take_while(|word| !word.starts_with('#'));
    let exec = said.filter(|word| matches!(word.as_str(), "--enable-exec" | "--enable-exec=true")).count() > 0;
    if paths.is_empty() {
        paths.push(".".to_owned());
    }
    Some(Build { exec, paths })
}

/// kubectl and oc run no exec function.
fn by_kubectl(command: &[String]) -> Option<Build> {
    let is_client = |word: &String| {
        ["kubectl", "oc"].iter().any(|name| is_program(word, name)) || is_variable(word, "kubectl") || word == "$OC"
    };
    let at = command.iter().position(is_client)?;
    let rest: Vec<&str> = command.iter().skip(at + 1).map(String::as_str).collect();
    let verb = rest.iter().find(|word| !word.starts_with('-'));
    let mut paths = Vec::new();
    if verb == Some(&"kustomize") {
        let after = rest.iter().skip_while(|word| **word != "kustomize").skip(1);
        paths.extend(after.filter(|word| !word.starts_with('-')).map(|word| (*word).to_owned()));
    } else {
        if verb.is_some_and(|verb| OTHER_VERBS.contains(verb)) {
            return None;
        }
        let at = rest
            .iter()
            .position(|word| word.starts_with("--kustomize") || word.starts_with("-k") || word.starts_with("-Rk"))?;
        let word = rest.get(at).copied().unwrap_or_default();
        let joined = word.strip_prefix("--kustomize").or_else(|| word.strip_prefix("-k")).unwrap_or_default();
        let joined = joined.strip_prefix('=').unwrap_or(joined);
        let path = if joined.is_empty() { rest.get(at + 1).copied().unwrap_or(".") } else { joined };
        paths.push(path.to_owned());
    }
    Some(Build { exec: false, paths })
}

/// Whether a word calls a program, also one with a version in its name, or an image of it.
fn is_program(word: &str, program: &str) -> bool {
    let last = word.rsplit('/').next().unwrap_or(word);
    let name = last.split([':', '@']).next().unwrap_or(last);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name.strip_prefix(program).is_some_and(|rest| {
        let rest = rest.trim_start_matches(['-', '_', '.']);
        let rest = rest.strip_prefix('v').unwrap_or(rest);
        rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit())
    }) && !last.ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::super::words::logical_lines;
    use super::*;

    #[test]
    fn calls_of_kustomize_are_told_from_words() {
        for (line, wanted) in [
            ("kustomize build --enable-alpha-plugins app", &[(false, "app")][..]),
            (
                "  - run: kustomize build --enable-alpha-plugins --enable-exec app | kubectl apply -f -",
                &[(true, "app")],
            ),
            ("\"$KUSTOMIZE\" build app \\\n  --enable-exec", &[(true, "app")]),
            ("kubectl kustomize --enable-alpha-plugins --enable-exec app", &[(false, "app")]),
            ("out=$(kubectl apply -k app)", &[(false, "app")]),
            ("kubectl apply -kapp", &[(false, "app")]),
            ("kubectl apply --kustomize=app", &[(false, "app")]),
            ("oc apply -k app", &[(false, "app")]),
            ("kustomize b app", &[(false, "app")]),
            ("kustomize-v5 build app", &[(false, "app")]),
            ("docker run -v \"$PWD:/w\" registry.k8s.io/kustomize/kustomize:v5.8.2 build app", &[(false, "app")]),
            ("kustomize build --enable-alpha-plugins . # TODO --enable-exec", &[(false, ".")]),
            ("kustomize build --load-restrictor LoadRestrictionsNone app", &[(false, "app")]),
            ("command: [kustomize]\nargs: [build, app]", &[(false, "app")]),
            ("command:\n- kustomize\n- build\n- app", &[(false, "app")]),
            ("# kustomize build app", &[]),
            ("docker build .", &[]),
            ("kustomize version", &[]),
            ("kubectl exec web -- curl -k https://localhost", &[]),
            ("kubectl get pods", &[]),
            ("kustomize build --enable-exec a; kustomize build b", &[(true, "a"), (false, "b")]),
        ] {
            let lines = logical_lines(line);
            let found: Vec<Build> = lines.iter().flat_map(|(_, words)| builds(words)).collect();
            let wanted: Vec<Build> =
                wanted.iter().map(|(exec, path)| Build { exec: *exec, paths: vec![(*path).to_owned()] }).collect();
            assert_eq!(found, wanted, "{line}");
        }
    }
}
