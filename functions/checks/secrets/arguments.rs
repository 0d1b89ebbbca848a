//! `secrets/arguments`: secrets on the command line of containers, their hooks and probes: `--password=…`, `--token …`,
//! and assignments in shell scripts. Whoever may list processes can read them.

use super::super::final_stream::{FinalStream, PodHere};
use super::super::findings::{Findings, Found};
use super::{Detector, lines, tokens};
use krmor_core::pods::Container;
use krmor_yaml::Node;

/// Where a container's commands stand.
const COMMANDS: &[&str] = &[
    "command",
    "args",
    "livenessProbe/exec/command",
    "readinessProbe/exec/command",
    "startupProbe/exec/command",
    "lifecycle/postStart/exec/command",
    "lifecycle/preStop/exec/command",
];

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let detector = Detector::of(world);
    for here in &world.pods {
        for container in &here.containers {
            for path in COMMANDS {
                look(&detector, here, container, path, findings);
            }
        }
    }
}

fn look(detector: &Detector<'_>, here: &PodHere<'_>, container: &Container, path: &str, findings: &mut Findings<'_>) {
    let node = container.node(&here.object).and_then(|node| node.at_pointer(&format!("/{path}")));
    let words: Vec<Option<_>> = node.into_iter().flat_map(Node::items).map(Node::as_str).collect();
    let mut flag: Option<String> = None;
    for (at, word) in words.iter().enumerate() {
        let Some(word) = word else { continue };
        let found = argument(detector, word, flag.take(), &mut flag);
        let Some((name, why)) = found else { continue };
        findings.add(Found {
            object: here.object,
            container: Some(container.name.clone()),
            pointer: format!("{}/{path}/{at}", container.pointer),
            message: format!("container `{}` is given a secret on its command line as `{name}`: {why}", container.name),
            name,
            remedy: "let the program read it from a file or a variable of a Secret".to_owned(),
        });
    }
}

/// What an argument gives away, and why it must be; `before` is the flag that it may be the value of.
fn argument(
    detector: &Detector<'_>,
    word: &str,
    before: Option<String>,
    next: &mut Option<String>,
) -> Option<(String, String)> {
    let is_script = word.contains(char::is_whitespace);
    let named = |name: &str, value: &str| Some((name.to_owned(), detector.detect(name, value)?));
    if word.starts_with('-') && !is_script {
        let name = word.trim_start_matches('-');
        if let Some((name, value)) = name.split_once('=') {
            return named(name, value);
        }
        *next = Some(name.to_owned());
        return None;
    }
    if let Some(found) = before.and_then(|name| named(&name, word)) {
        return Some(found);
    }
    if let Some((name, value)) = word.split_once('=').filter(|_| !is_script) {
        return named(name, value);
    }
    if let Some(what) = tokens::find(word).filter(|_| !detector.is_allowed("", word)) {
        return Some(("argument".to_owned(), format!("it holds {what}")));
    }
    let lines = word.lines().filter(|line| !line.trim_start().starts_with('#'));
    let parts = lines.flat_map(|line| line.split([' ', '\t', ';', '&', '|', '(', ')'])).filter(|_| is_script);
    let mut flags = None;
    for part in parts {
        let before: Option<String> = flags.take();
        let name = part.trim_start_matches('-');
        let found = match (name.split_once('='), before) {
            (Some((name, value)), _) => lines::single(1, name, value).and_then(|pair| named(pair.name, pair.value)),
            (None, Some(before)) => lines::single(1, &before, part).and_then(|pair| named(pair.name, pair.value)),
            (None, None) => {
                flags = (part.starts_with("--") && !name.is_empty()).then(|| name.to_owned());
                None
            }
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
