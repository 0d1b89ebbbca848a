//! Who calls krmor besides kustomize and kpt: scripts, Makefiles, CI, plugins of Argo CD, post-renderers of Helm. They are
//! read as words, since each has a language of its own: what is found is a hint, and `--called-by` says what is not.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Diagnosis, Place};

/// Longer files are no scripts.
const MAX_FILE: u64 = 1 << 20;
/// So deep do scripts and pipelines lie.
const MAX_DEPTH: usize = 12;
/// Hidden folders in which CI has its pipelines.
const CI_FOLDERS: &[&str] =
    &[".buildkite", ".ci", ".circleci", ".gitea", ".github", ".gitlab", ".tekton", ".woodpecker"];
const NAMES: &[&str] = &["GNUmakefile", "Jenkinsfile", "Justfile", "Makefile", "justfile", "makefile", "package.json"];
const EXTENSIONS: &[&str] = &["bash", "groovy", "mk", "sh", "tf", "yaml", "yml"];

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
    folder: PathBuf,
    /// The config's path, as it is written.
    config: Vec<String>,
}

/// What the scripts below the directories call.
#[derive(Debug, Default)]
pub(super) struct Callers {
    calls: Vec<Call>,
    /// Where kustomize is called, and whether with --enable-exec.
    kustomize: Vec<(Place, bool)>,
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
            let list = crate::text::few(shown.len(), &mut shown.iter().cloned(), ", ");
            diagnosis.fact("called by", list);
        }
        callers
    }

    /// Whether somebody calls krmor with this config, or the person says so.
    pub(super) fn call(&self, config: &Path) -> bool {
        self.told.iter().any(|how| *how != How::Exec) || self.calls.iter().any(|call| call.names(config))
    }

    /// Whether exec functions are skipped, and where that is seen; `None` where every call that is known of runs them.
    pub(super) fn skip_exec(&self) -> Option<String> {
        if self.told.contains(&How::Exec) {
            return None;
        }
        match self.kustomize.iter().find(|(_, exec)| !exec) {
            Some((place, _)) => Some(format!("; so does what {place} calls")),
            None if self.kustomize.is_empty() => Some(String::new()),
            None => None,
        }
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
                if depth < MAX_DEPTH && !hidden && !matches!(name, "node_modules" | "target" | "vendor") {
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
        if !is_script || ["krmor", "KRMOR", "kustomize", "kubectl"].iter().all(|word| !text.contains(word)) {
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
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default();
        let place = |line: usize| Place { file: name.clone(), line: Some(line) };
        let lines: Vec<(usize, Vec<String>)> = logical_lines(&text);
        for (line, words) in &lines {
            if let Some(exec) = builds(words) {
                self.kustomize.push((place(*line), exec));
            }
        }
        // A plugin's command and its arguments stand on lines of their own.
        let words: Vec<(usize, &str)> =
            lines.iter().flat_map(|(line, words)| words.iter().map(|word| (*line, word.as_str()))).collect();
        if !words.iter().any(|(_, word)| is_krmor(word)) {
            return;
        }
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
                let config = config.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
                self.calls.push(Call { how, place: place(*line), folder: folder.clone(), config });
            }
        }
    }
}

impl Call {
    /// Whether this is the config's file: a part with a variable or a pattern stands for any, in front for many.
    fn names(&self, file: &Path) -> bool {
        let parts: Vec<String> =
            file.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let is_open = |part: &String| part.contains(['$', '*', '{', '(']);
        let same = |(part, pattern): (&String, &String)| is_open(pattern) || part == pattern;
        let from_end = parts.iter().rev().zip(self.config.iter().rev());
        if self.config.is_empty() || parts.len() < self.config.len() || !from_end.into_iter().all(same) {
            return false;
        }
        // Argo CD calls a plugin in the application's folder.
        if self.how == How::Cmp || self.config.first().is_some_and(is_open) {
            return true;
        }
        let base: PathBuf = parts.iter().take(parts.len() - self.config.len()).collect();
        self.folder.starts_with(base)
    }
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

/// Lines with those that `\` continues, from 1, as words; comments left out.
fn logical_lines(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut out: Vec<(usize, Vec<String>)> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with('#') || trimmed.starts_with("//") {
            continue;
        }
        let continued = trimmed.ends_with('\\');
        let commands = trimmed.trim_end_matches('\\').replace(['|', ';', '&'], " | ");
        let words = commands.split(|c: char| c.is_whitespace() || "\"'`,[]<>".contains(c));
        let words = words.filter(|word| !matches!(*word, "" | "-")).map(closed);
        match out.last_mut().filter(|_| open) {
            Some((_, line)) => line.extend(words),
            None => out.push((number + 1, words.collect())),
        }
        open = continued;
    }
    out
}

/// A word without the brackets that are around more than it.
fn closed(word: &str) -> String {
    let mut word = word;
    while word.ends_with(')') && word.matches(')').count() > word.matches('(').count() {
        word = word.strip_suffix(')').unwrap_or(word);
    }
    let inside = word.rfind("$(").and_then(|at| word.get(at + 2..)).filter(|rest| !rest.contains(')'));
    inside.unwrap_or(word).to_owned()
}

fn is_krmor(word: &str) -> bool {
    let last = word.rsplit('/').next().unwrap_or(word);
    let name = last.split([':', '@']).next().unwrap_or(last);
    matches!(name, "krmor" | "krmor-check" | "krmor-run")
        || word.starts_with('$') && word.to_ascii_lowercase().contains("krmor") && !word.contains('/')
}

/// Whether a line builds a kustomization, and then whether each time so that exec functions run. kubectl runs none.
fn builds(words: &[String]) -> Option<bool> {
    let each = words.split(|word| word == "|").filter_map(|command| {
        let has = |wanted: &str| command.iter().any(|word| word == wanted);
        let called = |name: &str| {
            command.iter().any(|word| {
                word.rsplit('/').next() == Some(name)
                    || word.starts_with('$') && word.to_ascii_lowercase().contains(name)
            })
        };
        let by_kubectl = called("kubectl") && (has("kustomize") || has("-k") || has("--kustomize"));
        (by_kubectl || called("kustomize") && has("build"))
            .then(|| !by_kubectl && (has("--enable-exec") || has("--enable-exec=true")))
    });
    each.reduce(|all, exec| all && exec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        logical_lines(line).into_iter().flat_map(|(_, words)| words).collect()
    }

    #[test]
    fn calls_of_kustomize_are_told_from_words() {
        for (line, wanted) in [
            ("kustomize build --enable-alpha-plugins app", Some(false)),
            ("  - run: kustomize build --enable-alpha-plugins --enable-exec app | kubectl apply -f -", Some(true)),
            ("\"$KUSTOMIZE\" build app \\\n  --enable-exec", Some(true)),
            ("kubectl kustomize --enable-alpha-plugins --enable-exec app", Some(false)),
            ("out=$(kubectl apply -k app)", Some(false)),
            ("# kustomize build app", None),
            ("docker build .", None),
            ("kustomize version", None),
            ("kustomize build --enable-exec a; kustomize build b", Some(false)),
        ] {
            assert_eq!(builds(&words(line)), wanted, "{line}");
        }
    }

    #[test]
    fn words_lose_what_is_around_them() {
        assert_eq!(words("x=$(krmor --config $(ENV)/a.yaml)"), ["krmor", "--config", "$(ENV)/a.yaml"]);
        assert_eq!(words("args: [--config, 'a b.yaml']"), ["args:", "--config", "a", "b.yaml"]);
        assert_eq!(words("- krmor\n- --config\n- a.yaml"), ["krmor", "--config", "a.yaml"]);
        for (word, wanted) in [
            ("krmor", true),
            ("/opt/krmor", true),
            ("ghcr.io/x/krmor:1", true),
            ("$KRMOR", true),
            ("$(KRMOR)", true),
            ("krmor.yaml", false),
            ("$overlay/krmor.yaml", false),
            ("krmor.dev/v1alpha1", false),
        ] {
            assert_eq!(is_krmor(word), wanted, "{word}");
        }
    }
}
