//! `krmor init`: reads manifests and what lies beside them, and writes a config with what was read, and `TODO` where a person must
//! decide. Such a value makes every run fail until it is filled in.

mod beside;
mod entries;
pub(super) mod generators;
mod known;
mod page;
mod place;
mod seen;
mod sources;
mod wire;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use self::entries::Scene;
use self::page::{Page, Question};
use self::sources::Sources;
use super::files::{self, Written};
use super::{Failure, Result, schema, write_stdout};
use crate::config::{PIPELINE, TODO};
use crate::facts::Facts;
use crate::text::{many, plain};

/// The config's own name, which the other commands look for.
pub(super) const CONFIG: &str = "krmor.yaml";
/// The schema for editors; commands that read folders pass over hidden files.
const SCHEMA: &str = ".krmor-schema.json";

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // each is a flag
pub(super) struct Options {
    /// The folder of a kustomization or of manifests, or a file that was rendered.
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Add the config to the kustomization without asking.
    #[arg(long, conflicts_with = "no_wire")]
    yes: bool,
    /// Leave the kustomization as it is, and do not ask.
    #[arg(long)]
    no_wire: bool,
    /// Write the schema of the config beside it, and name it in the config's first line, so that editors complete fields.
    #[arg(long)]
    schema: bool,
    /// Print the config, and write nothing.
    #[arg(long, conflicts_with_all = ["yes", "no_wire", "schema"])]
    dry_run: bool,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let sources = Sources::read(&options.directory)?;
    let path = sources.shown.join(CONFIG);
    let shown = path.strip_prefix("./").unwrap_or(&path).to_owned();
    if !options.dry_run && path.symlink_metadata().is_ok() {
        return Err(Failure::usage(format!(
            "{}: it is there already, and krmor init overwrites nothing\n  fix: krmor diff {} shows what it does; to begin anew, \
             move it away",
            shown.display(),
            sources.shown.display()
        )));
    }
    let images = beside::search(&sources.folder);
    let facts = Facts::of(&sources.stream);
    let workloads = seen::workloads(facts, &sources, &images);
    if workloads.is_empty() {
        return Err(Failure::usage(format!(
            "{}: there are {}, and none runs pods, so there is nothing to harden\n  fix: name the folder that has the workloads",
            options.directory.display(),
            many(sources.stream.objects().count(), "object")
        )));
    }
    let scene = Scene::of(&sources, facts, &workloads);
    let page = Page::of(&head(options, &sources), &name(&sources), &entries::of(&scene));
    if options.dry_run {
        write_stdout(page.text.as_bytes())?;
        return Ok(0);
    }
    let mut fresh = vec![Written::bytes(path, page.text.clone().into_bytes()).first()];
    if options.schema {
        fresh.push(Written::bytes(sources.shown.join(SCHEMA), schema::text_of(PIPELINE).into_bytes()));
    }
    let wiring = Wiring::of(options, &sources)?;
    if let Wiring::Done(path, bytes) = &wiring {
        fresh.push(Written::bytes(path.clone(), bytes.clone()));
    }
    files::write(fresh, std::slice::from_ref(&sources.shown))?;
    let mut out = format!(
        "wrote {}: for {} in {}\n",
        shown.display(),
        many(workloads.len(), "workload"),
        many(sources.files, "file")
    );
    out.push_str(&wiring.told(&sources));
    for note in &sources.notes {
        out.push_str(&format!("note: {}\n", plain(note)));
    }
    out.push_str(&asked(&page.questions, &shown));
    out.push_str(&next(&sources, &page, &wiring));
    write_stdout(out.as_bytes())?;
    Ok(0)
}

/// What stands above the config.
fn head(options: &Options, sources: &Sources) -> Vec<String> {
    let mut out = Vec::new();
    if options.schema {
        out.push(format!("# yaml-language-server: $schema={SCHEMA}"));
    }
    out.push(format!(
        "# What krmor init has read in {}. A comment says where each value comes from.",
        many(sources.files, "file")
    ));
    out.push(format!("# Each `{TODO}` waits for a person: until all are filled in, every run fails and names them."));
    out.push("# `krmor explain KIND --recursive` lists the fields of an entry.".to_owned());
    if !options.schema {
        out.push(format!(
            "# For completion in editors: krmor schema {PIPELINE} > {SCHEMA}, and above this text the line"
        ));
        out.push(format!("# `# yaml-language-server: $schema={SCHEMA}`."));
    }
    out.extend(sources.notes.iter().map(|note| format!("# Note: {}", plain(note).replace('\n', " "))));
    out
}

/// The name of the config: that of its folder, or of the folder above one that is called as all are.
fn name(sources: &Sources) -> String {
    let parts = sources.folder.components().rev().filter_map(|part| part.as_os_str().to_str());
    let mut plain = parts.filter(|part| !matches!(*part, "base" | "k8s" | "kubernetes" | "manifests" | "deploy"));
    let letters = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = plain.next().unwrap_or_default().chars().map(letters).collect();
    let name = name.trim_matches('-').chars().take(60).collect::<String>();
    if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.trim_end_matches('-').to_owned()
    } else {
        "harden".to_owned()
    }
}

/// What becomes of the kustomization.
enum Wiring {
    /// There is none.
    None,
    /// It lists the config already.
    There,
    /// It gets this content.
    Done(PathBuf, Vec<u8>),
    /// The person is told what to add.
    Told(String),
}

impl Wiring {
    fn of(options: &Options, sources: &Sources) -> Result<Self> {
        let Some(path) = &sources.kustomization else { return Ok(Self::None) };
        let shown = sources.shown.join(path.file_name().unwrap_or_default());
        let shown = shown.strip_prefix("./").unwrap_or(&shown).display().to_string();
        if options.no_wire {
            return Ok(Self::Told(shown));
        }
        let Some(bytes) = wire::wired(path, &shown, CONFIG)? else { return Ok(Self::There) };
        Ok(if options.yes || asks(&shown) { Self::Done(path.clone(), bytes) } else { Self::Told(shown) })
    }

    fn told(&self, sources: &Sources) -> String {
        match self {
            Self::None | Self::There => String::new(),
            Self::Done(path, _) => {
                let shown = sources.shown.join(path.file_name().unwrap_or_default());
                format!(
                    "wrote {}: lists it under `transformers:`\n",
                    shown.strip_prefix("./").unwrap_or(&shown).display()
                )
            }
            Self::Told(shown) => {
                format!("not changed: {shown}; so that kustomize calls krmor, add\n  transformers:\n  - {CONFIG}\n")
            }
        }
    }
}

/// Asks a person at a terminal; without one the answer is no.
fn asks(shown: &str) -> bool {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return false;
    }
    let _ = write!(
        std::io::stderr(),
        "List {CONFIG} under `transformers:` of {shown}, so that kustomize calls krmor? [Y/n] "
    );
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer).unwrap_or_default();
    read > 0 && matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes")
}

/// What a person must say, by file and line.
fn asked(questions: &[Question], shown: &Path) -> String {
    if questions.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{} for you:\n", many(questions.len(), "question"));
    for question in questions {
        out.push_str(&format!("  {}:{}: {}\n", shown.display(), question.line, plain(&question.text)));
    }
    out
}

/// The next command.
fn next(sources: &Sources, page: &Page, wiring: &Wiring) -> String {
    let folder = sources.shown.display();
    let first = if page.questions.is_empty() { String::new() } else { format!("fill in each `{TODO}`, then ") };
    let config = sources.shown.join(CONFIG);
    match (&sources.kustomization, wiring) {
        (None, _) => format!("\nNext: {first}krmor diff {folder}\n"),
        (_, Wiring::Told(_)) => {
            format!("\nNext: {first}kustomize build {folder} | krmor diff --config {} -\n", config.display())
        }
        _ => format!(
            "\nNext: {first}krmor diff {folder} (its files alone), and kustomize build --enable-alpha-plugins {folder}, when krmor is \
             installed for it: krmor install kustomize\n"
        ),
    }
}
