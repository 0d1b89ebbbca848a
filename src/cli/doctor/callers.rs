//! Who calls krmor besides kustomize and kpt: scripts, Makefiles, CI, plugins of Argo CD, post-renderers of Helm. They are
//! read as words, since each has a language of its own: what is found is a hint, and `--called-by` says what is not.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::builds::{Build, builds};
use super::reach::{Reach, Start};
use super::tree::is_built;
use super::words::{is_krmor, logical_lines, parts};
use super::{Diagnosis, Place};
use crate::text::few;

/// Longer files are no scripts.
const MAX_FILE: u64 = 1 << 20;
/// So deep do scripts and pipelines lie.
const MAX_DEPTH: usize = 12;
/// Hidden folders in which CI has its pipelines.
pub(super) const CI_FOLDERS: &[&str] =
    &[".buildkite", ".ci", ".circleci", ".gitea", ".github", ".gitlab", ".tekton", ".woodpecker"];
const NAMES: &[&str] = &["GNUmakefile", "Jenkinsfile", "Justfile", "Makefile", "justfile", "makefile", "package.json"];
const EXTENSIONS: &[&str] = &["bash", "groovy", "mk", "sh", "tf", "yaml", "yml"];
/// What a file says that calls somebody who matters here.
const WORDS: &[&str] = &["krmor", "KRMOR", "kustomize", "KUSTOMIZE", "kubectl", "KUBECTL", "oc "];

/// How configs are called that no kustomization lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum How {
    /// `kustomize build … | krmor --config FILE`, in a script or in CI.
    Pipe,
    /// A config management plugin of Argo CD.
    Cmp,
    /// A post-renderer of Helm.
    Helm,
    /// kustomize, and every call of it has --enable-exec.
    Exec,
}

impl How {
    fn name(self) -> &'static str {
        match self {
            How::Pipe => "a pipe",
            How::Cmp => "an Argo CD plugin",
            How::Helm => "a Helm post-renderer",
            How::Exec => "kustomize --enable-exec",
        }
    }
}

/// A call of krmor with a config.
#[derive(Debug)]
struct Call {
    how: How,
    place: Place,
}

/// What the scripts below the directories call.
#[derive(Debug, Default)]
pub(super) struct Callers {
    calls: Vec<Call>,
    /// The configs that they name.
    configs: Reach,
    /// The folders that they build: in the same line, or else in the same script.
    builds: Reach,
    /// What some call hands to krmor is not seen.
    renders_unseen: bool,
    /// Where kustomize is called, and whether with --enable-exec.
    kustomize: Vec<(Place, bool)>,
    /// Some call lets kustomize read files above a kustomization.
    pub(super) reads_above: bool,
    told: Vec<How>,
}

impl Callers {
    pub(super) fn read(directories: &[PathBuf], told: &[How], diagnosis: &mut Diagnosis) -> Self {
        let mut callers = Self { told: told.to_vec(), ..Self::default() };
        for directory in directories {
            callers.walk(directory, 0);
        }
        if !callers.calls.is_empty() {
            let one = |call: &Call| format!("{} ({})", call.place, call.how.name());
            let mut shown: Vec<String> = callers.calls.iter().map(one).collect();
            shown.dedup();
            let list = few(shown.len(), &mut shown.iter().cloned(), ", ");
            diagnosis.fact("called by", list);
        }
        callers
    }

    /// Whether somebody calls krmor with this config, or the person says so.
    pub(super) fn call(&self, config: &Path) -> bool {
        self.is_told() || self.configs.holds(config)
    }

    /// Whether krmor gets what this folder's kustomization renders, as far as is seen.
    pub(super) fn pipe(&self, folder: &Path) -> bool {
        self.builds.holds(folder)
    }

    /// Whether krmor may get it: what some call renders is not seen, or the person says that one does.
    pub(super) fn may_pipe(&self, folder: &Path) -> bool {
        self.is_told() || self.pipe(folder) || self.renders_unseen
    }

    fn is_told(&self) -> bool {
        self.told.iter().any(|how| *how != How::Exec)
    }

    /// Whether the person says that every call of kustomize has --enable-exec.
    pub(super) fn run_exec(&self) -> bool {
        self.told.contains(&How::Exec)
    }

    /// The calls that are seen to skip exec functions, and those that are seen to run them.
    pub(super) fn exec(&self) -> (String, String) {
        let of = |wanted: bool| {
            let places: Vec<&Place> =
                self.kustomize.iter().filter(|(_, exec)| *exec == wanted).map(|(place, _)| place).collect();
            few(places.len(), &mut places.iter().map(ToString::to_string), ", ")
        };
        (of(false), of(true))
    }

    fn walk(&mut self, directory: &Path, depth: usize) {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(meta) = path.symlink_metadata() else { continue };
            if meta.is_dir() {
                let hidden = name.starts_with('.') && !CI_FOLDERS.contains(&name);
                if depth < MAX_DEPTH && !hidden && !is_built(&path) {
                    self.walk(&path, depth + 1);
                }
            } else if meta.is_file() && meta.len() <= MAX_FILE && may_call(&path, name) {
                self.file(&path);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let Ok(text) = std::fs::read_to_string(path) else { return };
        let is_script = path.extension().is_some() || named(path) || text.starts_with("#!");
        if !is_script || WORDS.iter().all(|word| !text.contains(word)) {
            return;
        }
        let how = match () {
            () if text.contains("ConfigManagementPlugin") => How::Cmp,
            () if ["postrenderer/", "postRenderer", "post-renderer"].iter().any(|word| text.contains(word)) => {
                How::Helm
            }
            () => How::Pipe,
        };
        let name = path.strip_prefix("./").unwrap_or(path).display().to_string();
        let place = |line: usize| Place { file: name.clone(), line: Some(line) };
        let lines: Vec<(usize, Vec<String>)> = logical_lines(&text);
        // A plugin's command and its arguments stand on lines of their own.
        let words: Vec<(usize, &str)> =
            lines.iter().flat_map(|(line, words)| words.iter().map(|word| (*line, word.as_str()))).collect();
        self.reads_above |= words.iter().any(|(_, word)| word.ends_with("LoadRestrictionsNone"));
        let mut built: Vec<(usize, Build)> = Vec::new();
        for (line, words) in &lines {
            built.extend(builds(words).into_iter().map(|build| (*line, build)));
        }
        if text.contains("apiVersion: skaffold/") {
            // skaffold calls kustomize, with what stands under `buildArgs`.
            let exec = words.iter().any(|(_, word)| matches!(*word, "--enable-exec" | "--enable-exec=true"));
            let calls = words.iter().filter(|(_, word)| *word == "kustomize:");
            built.extend(calls.map(|(line, _)| (*line, Build { exec, paths: Vec::new() })));
        }
        self.kustomize.extend(built.iter().map(|(line, build)| (place(*line), build.exec)));
        if !words.iter().any(|(_, word)| is_krmor(word)) {
            return;
        }
        let start = Start {
            folder: path.parent().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default(),
            into: into(&words),
            anywhere: how == How::Cmp,
        };
        // An input of our action has the name of the flag.
        let by_action = words.iter().any(|(_, word)| *word == "uses:");
        for (at, (line, word)) in words.iter().enumerate() {
            let config = match word.strip_prefix("--config") {
                None if by_action && *word == "config:" => words.get(at + 1).map(|(_, word)| *word),
                Some("") => words.get(at + 1).map(|(_, word)| *word),
                Some(rest) => rest.strip_prefix('='),
                None => None,
            };
            if let Some(config) = config.filter(|config| !config.is_empty()) {
                let here = |build: &&(usize, Build)| build.0 == *line;
                let same = built.iter().any(|build| here(&build));
                let of_call = built.iter().filter(|build| !same || here(build));
                let mut builds: Vec<Vec<String>> =
                    of_call.flat_map(|(_, build)| &build.paths).map(|path| parts(path)).collect();
                if by_action {
                    let path = words.iter().position(|(_, word)| *word == "path:").and_then(|at| words.get(at + 1));
                    builds.extend(path.map(|(_, path)| parts(path)));
                }
                let mut path = parts(config);
                // A plugin's container has the file somewhere else.
                if how == How::Cmp && config.starts_with('/') {
                    path = path.pop().into_iter().collect();
                }
                self.configs.add(&start, &path);
                for path in &builds {
                    self.builds.add(&start, path);
                }
                // A hook of pre-commit judges files, and no rendering.
                self.renders_unseen |= builds.is_empty() && !name.ends_with(".pre-commit-config.yaml");
                self.calls.push(Call { how, place: place(*line) });
            }
        }
    }
}

/// The folders that a script goes into.
fn into(words: &[(usize, &str)]) -> Vec<Vec<String>> {
    let goes = |word: &str| {
        let word = word.trim_start_matches('{');
        matches!(word, "cd" | "pushd" | "dir(" | "working-directory:" | "working_directory:" | "workingDirectory:")
    };
    // A mapping may be closed behind the path.
    let path = |word: &str| parts(if word.contains('{') { word } else { word.trim_end_matches('}') });
    let pairs = words.iter().zip(words.iter().skip(1));
    pairs.filter(|((_, word), _)| goes(word)).map(|(_, (_, word))| path(word)).collect()
}

fn named(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| NAMES.contains(&name) || name.starts_with("Dockerfile"))
}

fn may_call(path: &Path, name: &str) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    named(path)
        || extension.is_none_or(|extension| EXTENSIONS.contains(&extension))
            && (!name.starts_with('.') || extension.is_some())
}
