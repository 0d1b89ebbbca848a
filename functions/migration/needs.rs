//! Whether a migration needs what only another container of the pod gives: a port of the loopback address, as a database
//! proxy opens it, or a socket or file in a volume that they share.

use super::loopback::{self, Mention};
use super::spec::{Form, Spec};
use super::texts::Migration;
use crate::migration::rules;
use krmor_core::pods::{Container, Role};
use krmor_core::report::{Finding, Report, Severity};
use krmor_core::stream::Stream;
use krmor_core::texts::{Stands, Text};
use krmor_yaml::Node;

/// What is needed.
enum Need {
    Port(Mention),
    /// Something in the volume of this name.
    Volume(String, Kind),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Socket,
    File,
}

/// Another container of the program's pod.
struct Giver<'a> {
    container: Container,
    node: Node<'a>,
    when: When,
}

/// When it runs, as the migration sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// When the migration runs.
    Beside,
    /// Before, and it has ended.
    Ended,
    /// It could run beside, and does not: a native sidecar that comes too late, or that the Job does not have.
    NotYet,
    /// Never: it starts when every init container has ended.
    Never,
}

/// Says what the migration needs and does not have.
pub(super) fn judge(spec: &Spec, migration: &Migration<'_>, stream: &Stream, report: &mut Report) {
    let texts = migration.own.texts(stream);
    let givers = givers(spec, migration);
    let shared = Shared::all(migration, &givers);
    let mut said: Vec<(String, String)> = Vec::new();
    for text in &texts {
        for need in needs(text, &texts, &shared) {
            let Some((who, finding)) = lacking(spec, migration, &givers, text, &need) else { continue };
            // Once for each name and giver.
            if !said.contains(&(text.name.clone(), who.clone())) {
                said.push((text.name.clone(), who));
                report.record(finding);
            }
        }
    }
}

fn givers<'a>(spec: &Spec, migration: &Migration<'a>) -> Vec<Giver<'a>> {
    let program = migration.program;
    let containers = program.pod.containers(&migration.workload);
    let own = containers.iter().position(|one| one.role == Role::Init && one.name == spec.name.as_str());
    let given = |name: &str| {
        let list = migration.own.pod.get("initContainers").into_iter().flat_map(Node::items);
        list.into_iter().any(|one| one.get("name").and_then(Node::as_str).as_deref() == Some(name))
    };
    let mut out = Vec::new();
    for (at, container) in containers.into_iter().enumerate() {
        let is_own =
            container.pointer == program.main.pointer || Some(at) == own.filter(|_| spec.form == Form::InitContainer);
        let Some(node) = container.node(&migration.workload).filter(|_| !is_own) else { continue };
        let comes_before = match spec.form {
            Form::InitContainer => own.is_some_and(|own| at < own),
            Form::Job => given(&container.name),
        };
        let when = match (container.role, comes_before) {
            (Role::Main, _) => When::Never,
            (Role::Sidecar, true) => When::Beside,
            (Role::Sidecar, false) => When::NotYet,
            (Role::Init, true) => When::Ended,
            (Role::Ephemeral, _) | (Role::Init, false) => continue,
        };
        out.push(Giver { container, node, when });
    }
    out
}

/// A volume that starts empty and that other containers mount, too.
struct Shared {
    volume: String,
    /// Where the migration mounts it.
    path: String,
    reads_only: bool,
}

impl Shared {
    fn all(migration: &Migration<'_>, givers: &[Giver<'_>]) -> Vec<Self> {
        let mut out = Vec::new();
        for mount in migration.own.container.get("volumeMounts").into_iter().flat_map(Node::items) {
            let text = |key: &str| mount.get(key).and_then(Node::as_str);
            let (Some(name), Some(path)) = (text("name"), text("mountPath")) else { continue };
            let is_empty = |volume: Node<'_>| ["emptyDir", "ephemeral"].iter().any(|key| volume.get(key).is_some());
            let others = givers.iter().any(|giver| writes(giver.node, &name));
            if migration.own.volume(&name).is_some_and(is_empty) && others {
                let reads_only = mount.get("readOnly").and_then(Node::as_bool) == Some(true);
                let path = path.trim_end_matches('/').to_owned();
                out.push(Self { volume: name.into_owned(), path, reads_only });
            }
        }
        out.retain(|shared| !shared.path.is_empty());
        out
    }

    /// Whether a text names something in it that another container must have made.
    fn named_by(&self, text: &Text<'_>) -> Option<Kind> {
        let plain = text.content.replace("%2F", "/").replace("%2f", "/");
        let found = plain.match_indices(&self.path).find_map(|(at, _)| {
            let (before, after) = (plain.get(..at)?, plain.get(at + self.path.len()..)?);
            let ends = after.chars().next().is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
            let begins = before
                .chars()
                .next_back()
                .is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '/' | '.'));
            (ends && begins)
                .then(|| (before, after.split([' ', '"', '\'', '\n', '?', '&', ';', ',']).next().unwrap_or_default()))
        });
        let (before, after) = found?;
        let before = before.to_ascii_lowercase();
        let word = before.rsplit([' ', '\n', ',']).next().unwrap_or_default();
        let named = |key: &str| {
            let key = key.to_ascii_lowercase();
            key.ends_with("host") || key.contains("sock")
        };
        let is_whole = before.trim().is_empty();
        let is_socket = after.contains(".sock")
            || after.contains(".s.")
            || word.contains("unix")
            || word.contains("://")
            || named(word.trim_end_matches(['=', ':', '"', '\'']))
            || (is_whole && named(&text.key));
        match (is_socket, self.reads_only) {
            (true, _) => Some(Kind::Socket),
            (false, true) => Some(Kind::File),
            // The program's own place to write.
            (false, false) => None,
        }
    }
}

/// Whether a container mounts a volume to write.
fn writes(container: Node<'_>, volume: &str) -> bool {
    container.get("volumeMounts").into_iter().flat_map(Node::items).any(|mount| {
        mount.get("name").and_then(Node::as_str).as_deref() == Some(volume)
            && mount.get("readOnly").and_then(Node::as_bool) != Some(true)
    })
}

fn needs(text: &Text<'_>, all: &[Text<'_>], shared: &[Shared]) -> Vec<Need> {
    let mut out = Vec::new();
    if let Some(mut found) = loopback::mention(text.stands, &text.key, &text.content) {
        if found.port.is_none() && text.stands == Stands::Variable {
            // `DB_HOST` goes with `DB_PORT`.
            let cut = text.key.rfind(['_', '.', '-']).map_or("", |at| text.key.get(..=at).unwrap_or_default());
            let is_port = |other: &&Text<'_>| {
                let rest = other.key.strip_prefix(cut).unwrap_or_default();
                rest.eq_ignore_ascii_case("port") || (text.key == "PGHOST" && other.key == "PGPORT")
            };
            found.port = all.iter().find(is_port).and_then(|other| other.content.trim().parse().ok());
        }
        out.push(Need::Port(found));
    }
    for one in shared {
        out.extend(one.named_by(text).map(|kind| Need::Volume(one.volume.clone(), kind)));
    }
    out
}

/// What is said of a need that nothing fulfils, and who could.
fn lacking(
    spec: &Spec,
    migration: &Migration<'_>,
    givers: &[Giver<'_>],
    text: &Text<'_>,
    need: &Need,
) -> Option<(String, Finding)> {
    let mut able: Vec<&Giver<'_>> = match need {
        Need::Volume(volume, _) => givers.iter().filter(|giver| writes(giver.node, volume)).collect(),
        Need::Port(_) => givers.iter().filter(|giver| giver.when != When::Ended).collect(),
    };
    if let Need::Port(Mention { port: Some(port), .. }) = need {
        // Who names the port has it; the program's own is no affair of another container.
        let main = migration.program.main.node(&migration.workload);
        let named: Vec<&Giver<'_>> = able.iter().copied().filter(|giver| names_port(giver.node, *port)).collect();
        match named.is_empty() {
            false => able = named,
            true if main.is_some_and(|main| declares_port(main, *port)) => return None,
            true => {}
        }
    }
    let is_file = matches!(need, Need::Volume(_, Kind::File));
    let fulfils = |giver: &&&Giver<'_>| giver.when == When::Beside || (is_file && giver.when == When::Ended);
    if able.iter().any(|giver| fulfils(&giver)) {
        return None;
    }
    let what = match need {
        Need::Port(Mention { port: Some(port), .. }) if !text.is_secret => {
            format!("port {port} of the loopback address")
        }
        Need::Port(_) => "the loopback address".to_owned(),
        Need::Volume(volume, Kind::Socket) => format!("a socket in volume `{volume}`"),
        Need::Volume(volume, Kind::File) => format!("a file in volume `{volume}`"),
    };
    let best = able.iter().find(|giver| giver.when == When::NotYet).or(able.first());
    let is_aside = matches!(need, Need::Port(Mention { is_aside: true, .. }));
    let on_node = migration.workload.root().at_pointer(&format!("{}/hostNetwork", migration.program.pod.spec));
    let (who, problem, remedy, severity) = match best {
        Some(giver) => {
            let name = giver.container.name.clone();
            let (problem, remedy) = match (giver.when, spec.form) {
                (When::NotYet, Form::InitContainer) => (
                    format!("which container `{name}` gives: it starts after the migration"),
                    format!("move `{name}` before the migration in `initContainers`"),
                ),
                (When::NotYet, Form::Job) => (
                    format!("which container `{name}` gives: the Job does not have it"),
                    format!("write `sidecars: [{name}]`"),
                ),
                (_, form) => {
                    let late = match form {
                        Form::InitContainer => "it starts when every init container has ended",
                        Form::Job => "the Job does not have it",
                    };
                    let carry = match form {
                        Form::InitContainer => "before the migration",
                        Form::Job => "and name it in `sidecars`",
                    };
                    (
                        format!("which only container `{name}` can give: {late}"),
                        format!(
                            "make `{name}` a native sidecar (in `initContainers`, with `restartPolicy: Always`) {carry}, or \
                             give the migration another address by `env`"
                        ),
                    )
                }
            };
            (name, problem, remedy, if is_aside { Severity::Warning } else { Severity::Error })
        }
        None if is_aside || matches!(need, Need::Volume(..)) => return None,
        None if on_node.and_then(Node::as_bool) == Some(true) => {
            if spec.form == Form::InitContainer {
                return None;
            }
            let problem =
                "which is the node's in the program's pod (`hostNetwork: true`), and the Job's own in the Job";
            let remedy = "give the migration another address by `env`, or write `as: initContainer`";
            (String::new(), problem.to_owned(), remedy.to_owned(), Severity::Error)
        }
        None => {
            let problem = "and no container of its pod gives it, as far as the stream tells";
            let remedy = "give the migration the address of its database by `env`; or write an exception if something \
                          adds a container to the pod later";
            (String::new(), problem.to_owned(), remedy.to_owned(), Severity::Warning)
        }
    };
    let message = format!("the migration needs {what} ({} names it), {problem}", text.subject);
    let finding = Finding::new(&rules::NEEDS_CONTAINER, migration.holder.at(&text.pointer), message, remedy);
    Some((who, finding.with_severity(severity).about(text.name.clone())))
}

fn declares_port(container: Node<'_>, port: u16) -> bool {
    let is_it = |item: Node<'_>| item.get("containerPort").and_then(krmor_core::values::integer) == Some(port.into());
    container.get("ports").into_iter().flat_map(Node::items).any(is_it)
}

/// Whether a container declares a port, or names it in its command or variables.
fn names_port(container: Node<'_>, port: u16) -> bool {
    let port_text = port.to_string();
    let has = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits == port_text);
    let words = ["command", "args"].into_iter().filter_map(|list| container.get(list)).flat_map(Node::items);
    let values = container.get("env").into_iter().flat_map(Node::items).filter_map(|item| item.get("value"));
    declares_port(container, port) || words.chain(values).filter_map(Node::as_str).any(|text| has(&text))
}
