//! What runs at the same time as a migration: a second run of it, and workloads that do not wait for it.

use std::collections::{BTreeSet, HashMap};

use super::MIGRATION;
use super::spec::{Form, Hook, Spec};
use super::texts::Migration;
use super::waves::time;
use crate::migration::rules;
use krmor_core::facts::Facts;
use krmor_core::pods::{Pod, Role};
use krmor_core::report::{Finding, Report, Severity};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::texts::{Reader, Stands, Text};
use krmor_core::values::integer;
use krmor_yaml::Node;

/// What tells programs of one database: parts of texts, and names of Secrets. Never shown.
type Databases = BTreeSet<String>;

/// Says which migrations may run twice at once, and who does not wait for them.
pub(super) fn judge(
    spec: &Spec,
    migrations: &[Migration<'_>],
    followers: &[ObjectId],
    stream: &Stream,
    report: &mut Report,
) {
    let known: Vec<Known> = migrations.iter().map(|migration| Known::of(migration, stream)).collect();
    if !spec.locks {
        twice(spec, migrations, &known, stream, report);
    }
    // Without a hook, `unordered: true` has said that nothing waits.
    if spec.form == Form::InitContainer || spec.job().hook != Hook::None {
        beside(spec, migrations, &known, followers, stream, report);
    }
}

/// What a migration has in common with others.
struct Known {
    images: BTreeSet<String>,
    databases: Databases,
}

impl Known {
    fn of(migration: &Migration<'_>, stream: &Stream) -> Self {
        let main = migration.program.main.node(&migration.workload);
        let images = [main, Some(migration.own.container)].into_iter().flatten().filter_map(repository).collect();
        Self { images, databases: databases(&migration.own, stream) }
    }
}

/// A migration that several pods run at once.
fn twice(spec: &Spec, migrations: &[Migration<'_>], known: &[Known], stream: &Stream, report: &mut Report) {
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    for (at, (migration, known)) in migrations.iter().zip(known).enumerate() {
        let image = repository(migration.own.container).unwrap_or_default();
        let mut first = None;
        let unknown = [String::new()];
        let marks: Vec<&String> = known.databases.iter().collect();
        for mark in if marks.is_empty() { unknown.iter().collect() } else { marks } {
            let earlier = *seen.entry((image.clone(), mark.clone())).or_insert(at);
            first = first.or((earlier != at).then_some(earlier));
        }
        let other = first.and_then(|first| migrations.get(first)).map(|other| other.workload.reference().to_string());
        let who = match spec.form {
            Form::InitContainer => several_pods(&migration.program.pod, &migration.workload, stream)
                .or_else(|| Some(format!("{} has the same migration", other?))),
            Form::Job => other.map(|other| format!("{other} has a Job for the same migration")),
        };
        let Some(who) = who else { continue };
        let message = format!("{who}: several pods migrate at once, so the migration must take a lock");
        let remedy = match spec.form {
            Form::InitContainer => {
                "let the program take one, as an advisory lock of the database, and write `locks: true`; or write `as: job`"
            }
            Form::Job => "name one of the two in `targets` and the other one in `followers`; or write `locks: true`",
        };
        report.add(&rules::CONCURRENT_MIGRATIONS, migration.holder.at(&migration.own.pointer), message, remedy);
    }
}

/// Why a workload may start several pods at once.
fn several_pods(pod: &Pod, workload: &Object<'_>, stream: &Stream) -> Option<String> {
    let scalers = Facts::of(stream).scalers();
    if let Some(scaler) = scalers.of_pods(pod.object).first().and_then(|scaler| stream.object(scaler.object)) {
        return Some(format!("{} scales the workload", scaler.reference()));
    }
    let runner = scalers.runner(pod.object).and_then(|runner| stream.object(runner.object));
    let number = |object: &Object<'_>, path: &[&str]| object.root().find(path).and_then(integer);
    if pod.scalable() {
        let (who, counted) = match runner {
            Some(runner) => (format!("{}, which runs the workload's pods,", runner.reference()), runner),
            None => ("the workload".to_owned(), *workload),
        };
        let replicas = number(&counted, &["spec", "replicas"])?;
        return (replicas > 1).then(|| format!("{who} has {replicas} replicas"));
    }
    if pod.runs_to_completion(workload) {
        // Of a Job, or of the template of one.
        let job = pod.template.as_deref().and_then(|template| template.strip_suffix("/template"));
        let job = job.and_then(|pointer| workload.root().at_pointer(pointer));
        let pods = job.and_then(|job| job.get("parallelism")).and_then(integer)?;
        return (pods > 1).then(|| format!("{pods} pods of the workload run at once"));
    }
    (!pod.is_bare()).then(|| "a workload of this kind may have several pods".to_owned())
}

/// Workloads with the same image or database that start before the migration has ended.
fn beside(
    spec: &Spec,
    migrations: &[Migration<'_>],
    known: &[Known],
    followers: &[ObjectId],
    stream: &Stream,
    report: &mut Report,
) {
    let mut by_mark: HashMap<&str, usize> = HashMap::new();
    for (at, known) in known.iter().enumerate().rev() {
        let marks = known.images.iter().chain(known.databases.iter().filter(|mark| !mark.starts_with(FROM)));
        by_mark.extend(marks.map(|mark| (mark.as_str(), at)));
    }
    if by_mark.is_empty() {
        return;
    }
    let with_own: BTreeSet<String> = stream.of_kind("batch", "Job").filter_map(|job| own_of(&job)).collect();
    let mut done: BTreeSet<ObjectId> = migrations.iter().map(|one| one.workload.id()).collect();
    done.extend(followers);
    for pod in Facts::of(stream).pods() {
        let Some(object) = stream.object(pod.object).filter(|_| !done.contains(&pod.object)) else { continue };
        if object.annotation(MIGRATION).is_some() || object.names().iter().any(|name| with_own.contains(name)) {
            continue;
        }
        let Some((at, is_image)) = relation(pod, &object, &by_mark, known, stream) else { continue };
        let Some(migration) = migrations.get(at) else { continue };
        let hook = spec.job().hook;
        let is_before = spec.form == Form::InitContainer || time(&object, hook) <= time(&migration.holder, hook);
        if !is_before {
            continue;
        }
        done.insert(pod.object);
        let what = if is_image { "image" } else { "database" };
        let message = format!(
            "{} has the {what} of {}, and starts before {} has ended",
            object.reference(),
            migration.workload.reference(),
            match spec.form {
                Form::InitContainer => "its migration".to_owned(),
                Form::Job => migration.holder.reference().to_string(),
            }
        );
        let remedy = match spec.form {
            Form::InitContainer => {
                "name it in `targets` too, with a migration that takes a lock; or write `as: job` and name it in `followers`"
            }
            Form::Job => "name it in `followers`, so that it waits for the same Job",
        };
        let is_sure = is_image && !pod.runs_to_completion(&object);
        let severity = if is_sure { Severity::Warning } else { Severity::Info };
        report.record(Finding::new(&rules::STARTS_BEFORE, object.at(""), message, remedy).with_severity(severity));
    }
}

/// The workload that a Job of krmor's is for.
fn own_of(job: &Object<'_>) -> Option<String> {
    let note = job.annotation(MIGRATION)?;
    let (of, _) = note.rsplit_once('/')?;
    Some(of.rsplit('/').next().unwrap_or(of).to_owned())
}

/// The migration of which a pod has the image, or else the database.
fn relation(
    pod: &Pod,
    object: &Object<'_>,
    by_mark: &HashMap<&str, usize>,
    known: &[Known],
    stream: &Stream,
) -> Option<(usize, bool)> {
    let spec = pod.spec_node(object).filter(|_| pod.has_spec())?;
    let containers = pod.containers(object);
    let of_role = |role: Role| containers.iter().filter(move |one| one.role == role).filter_map(|one| one.node(object));
    let prepares: BTreeSet<String> = of_role(Role::Init).filter_map(repository).collect();
    let mut by_database = None;
    for container in containers.iter().filter(|one| one.role == Role::Main) {
        let Some(node) = container.node(object) else { continue };
        let image = repository(node);
        // It prepares what it needs by itself.
        if image.as_ref().is_some_and(|image| prepares.contains(image)) {
            return None;
        }
        let reader = Reader { workload: *object, pointer: container.pointer.clone(), container: node, pod: spec };
        let same_image = image.and_then(|image| by_mark.get(image.as_str()).copied());
        let own = databases(&reader, stream);
        if let Some(at) = same_image {
            let theirs = known.get(at).map(|known| &known.databases)?;
            if own.is_empty() || theirs.is_empty() || !own.is_disjoint(theirs) {
                return Some((at, true));
            }
        }
        by_database = by_database.or_else(|| own.iter().find_map(|mark| by_mark.get(mark.as_str()).copied()));
    }
    by_database.map(|at| (at, false)).filter(|_| !pod.runs_to_completion(object))
}

/// The image of a container without tag and digest, marked as one.
fn repository(container: Node<'_>) -> Option<String> {
    let image = container.get("image").and_then(Node::as_str).filter(|image| !image.is_empty())?;
    let name = image.split('@').next().unwrap_or_default();
    let end = name.rfind(':').filter(|colon| name.rfind('/').is_none_or(|slash| slash < *colon)).unwrap_or(name.len());
    name.get(..end).map(|name| format!("image {name}"))
}

/// Words in names of variables that are about a database.
const DATABASE: [&str; 10] =
    ["DATABASE", "DB", "POSTGRES", "POSTGRESQL", "MYSQL", "MARIADB", "MONGO", "MONGODB", "SQL", "JDBC"];
const FROM: &str = "from ";

/// What tells the databases of a container.
fn databases(reader: &Reader<'_>, stream: &Stream) -> Databases {
    let namespace = reader.workload.namespace();
    let mut out = Databases::new();
    for item in reader.container.get("env").into_iter().flat_map(Node::items) {
        let Some(name) = item.get("name").and_then(Node::as_str).filter(|name| is_address(name)) else { continue };
        for key in ["secretKeyRef", "configMapKeyRef"] {
            let part = |part: &str| item.find(&["valueFrom", key, part]).and_then(Node::as_str);
            if let (Some(of), Some(part)) = (part("name"), part("key")) {
                out.insert(format!("{key} {namespace}/{of}/{part} {name}"));
            }
        }
    }
    for source in reader.container.get("envFrom").into_iter().flat_map(Node::items) {
        for key in ["secretRef", "configMapRef"] {
            out.extend(
                source.find(&[key, "name"]).and_then(Node::as_str).map(|of| format!("{FROM}{key} {namespace}/{of}")),
            );
        }
    }
    let texts = reader.texts(stream);
    for text in texts.iter().filter(|text| text.stands == Stands::Variable && is_address(&text.key)) {
        out.insert(format!("to {namespace}/{}", place(text, &texts)));
    }
    out
}

/// Whether a variable tells where a database is.
fn is_address(name: &str) -> bool {
    let words: Vec<String> = name.split(['_', '-', '.']).map(str::to_ascii_uppercase).collect();
    let ends = |word: &str| words.last().is_some_and(|last| last.ends_with(word));
    let is_place = ["URL", "URI", "DSN", "HOST", "SERVER", "ADDRESS", "ADDR", "ENDPOINT"].iter().any(|word| ends(word));
    name == "PGHOST" || ends("DSN") || (is_place && words.iter().any(|word| DATABASE.contains(&word.as_str())))
}

/// The server and the database of a text, without who logs in and how.
fn place(text: &Text<'_>, all: &[Text<'_>]) -> String {
    let plain = text.content.trim();
    if let Some((_, rest)) = plain.split_once("://") {
        let rest = rest.split('?').next().unwrap_or_default();
        return rest.rsplit('@').next().unwrap_or_default().to_owned();
    }
    // `DB_HOST` goes with `DB_NAME`.
    let stem = text.key.rfind('_').map_or("PG", |at| text.key.get(..=at).unwrap_or_default());
    let is_name = |other: &&Text<'_>| {
        let rest = other.key.strip_prefix(stem).unwrap_or_default();
        ["NAME", "DATABASE", "DBNAME"].iter().any(|name| rest.eq_ignore_ascii_case(name))
    };
    let name = all.iter().find(is_name).map_or("", |other| other.content.trim());
    format!("{plain}/{name}")
}
