//! What several test files need: pinned tools, temporary folders, seeded randomness.
#![allow(dead_code, unreachable_pub)] // each test file uses a part

pub mod apps;
pub mod cases;
pub mod crds;
pub mod engine;
pub mod generated;
pub mod pods;
pub mod psa;
pub mod registry;
pub mod rules;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use krmor::config::Problem;
use krmor::pipeline::{Outcome, Pipeline};
use krmor::report::{Finding, Report, ResourceRef, Severity};
use krmor::stream::Stream;
use krmor::views::Files;
use krmor::yaml;
use serde_json::{Value, json};

/// The path of a pinned tool, built on first use; see `tests/tools/get`.
pub fn tool(name: &str) -> PathBuf {
    let out =
        Command::new("tests/tools/get").arg(name).stderr(Stdio::inherit()).output().expect("tests/tools/get runs");
    assert!(out.status.success(), "the tool {name} is missing and could not be built: run tests/tools/get {name}");
    PathBuf::from(String::from_utf8(out.stdout).unwrap().trim())
}

/// The krmor under test.
pub fn krmor() -> Command {
    Command::new(env!("CARGO_BIN_EXE_krmor"))
}

/// What `make TARGET` has made.
pub fn made(path: &str, target: &str) -> PathBuf {
    Path::new(path).canonicalize().unwrap_or_else(|_| panic!("{path} is missing: run `make {target}`"))
}

/// krmor with the engine that runs WASM.
pub fn krmor_with_runner() -> Command {
    Command::new(made("target/runner/krmor", "runner"))
}

/// A module that `make wasm` has built.
pub fn module(name: &str) -> PathBuf {
    made(&format!("target/wasm/{name}"), "wasm")
}

/// `krmor wasm run`, with some flags; the module and its arguments are to follow.
pub fn wasm_run(flags: &[&str]) -> Command {
    let mut command = krmor_with_runner();
    command.args(["wasm", "run", "--cache"]).arg(private_cache()).args(flags);
    command
}

/// One cache of compiled modules for all tests.
pub fn private_cache() -> PathBuf {
    let path = std::env::current_dir().unwrap().join("target/runner-cache");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    path
}

/// What a function made of a text.
pub struct Done {
    pub outcome: Outcome,
    pub text: String,
    pub report: Report,
}

impl Done {
    pub fn errors(&self) -> Vec<&Finding> {
        self.report.findings.iter().filter(|finding| finding.severity == Severity::Error).collect()
    }
}

thread_local! {
    /// Configs that have been read: tests ask for the same ones tens of thousands of times.
    static PIPELINES: RefCell<HashMap<String, Rc<Pipeline>>> = RefCell::default();
}

/// What is wrong with a config, as findings of a run.
pub fn refused(problems: Vec<Problem>) -> Report {
    let mut report = Report::default();
    for problem in problems {
        let pointer = problem.pointer.strip_prefix("/spec").unwrap_or(&problem.pointer).to_owned();
        report.record(Problem { pointer, ..problem }.into_finding());
    }
    report
}

/// All that is wrong with a config, on one line.
pub fn told(problems: &[Problem]) -> String {
    let one = |problem: &Problem| format!("{}: {}", problem.path(), problem.message);
    problems.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn pipeline(kind: &str, spec: &Value) -> Result<Rc<Pipeline>, Vec<Problem>> {
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": kind, "metadata": {"name": "test"}, "spec": spec});
    let config = config.to_string();
    if let Some(known) = PIPELINES.with_borrow(|pipelines| pipelines.get(&config).map(Rc::clone)) {
        return Ok(known);
    }
    let documents = yaml::parse(&Arc::new(config.clone())).unwrap();
    let read = Rc::new(krmor::config::read(documents[0].root(), None)?);
    PIPELINES.with_borrow_mut(|pipelines| pipelines.insert(config, Rc::clone(&read)));
    Ok(read)
}

/// A config that leaves out what the API server would say, unless it says otherwise itself. Tests of a function are about
/// that function, and their objects are short; `tests/validity.rs` is about the rest.
pub fn quiet(mut config: Value) -> Value {
    let own = match config["kind"].as_str() {
        Some("Pipeline") => {
            config["spec"]["functions"].as_object_mut().and_then(|map| map.values_mut().next()?.get_mut("spec"))
        }
        _ => config.get_mut("spec"),
    };
    if let Some(own) = own.and_then(Value::as_object_mut) {
        let severities = own.entry("severities").or_insert_with(|| json!({}));
        if let Some(severities) = severities.as_object_mut() {
            severities.entry("valid/*").or_insert(json!("off"));
        }
    }
    config
}

/// Runs one function in this process, without what the API server would say.
pub fn run(kind: &str, spec: &Value, text: &str) -> Done {
    run_whole(kind, &quiet(json!({"kind": kind, "spec": spec}))["spec"], text)
}

/// Runs one function in this process, and says what the API server refuses, as krmor does.
pub fn run_whole(kind: &str, spec: &Value, text: &str) -> Done {
    let mut stream = Stream::parse(&Arc::new(text.to_owned())).unwrap();
    let mut report = Report::default();
    let pipeline = match pipeline(kind, spec) {
        Ok(pipeline) => pipeline,
        Err(problems) => return Done { outcome: Outcome::Usage, text: text.to_owned(), report: refused(problems) },
    };
    let outcome = pipeline.run(&mut stream, &mut report);
    Done { outcome, text: stream.render(), report }
}

/// Runs a command with `stdin`.
pub fn pipe(command: &mut Command, stdin: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut input = child.stdin.take().unwrap();
    let bytes = stdin.to_owned();
    let writer = std::thread::spawn(move || {
        let _ = input.write_all(&bytes); // the command may end before it has read all
    });
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    out
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// No files: results are in the config.
pub struct Nowhere;

impl Files for Nowhere {
    fn config(&self) -> String {
        "krmor.yaml".to_owned()
    }

    fn config_line(&self, _: &Finding) -> usize {
        1
    }

    fn source(&self, _: &str) -> Option<String> {
        None
    }

    fn line(&self, _: &str, _: &ResourceRef) -> usize {
        1
    }
}

/// A folder that goes when the test ends.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        // Tests of one process run side by side.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("krmor-test-{name}-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Copies a folder, for tests that change files.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A small, seeded generator, so that a failure can be repeated.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The manifests of a list of public Go modules.
pub fn public(list: &str) -> Vec<PathBuf> {
    let out =
        Command::new("tests/corpus/get").arg(list).stderr(Stdio::inherit()).output().expect("tests/corpus/get runs");
    assert!(out.status.success(), "the corpus is missing and could not be downloaded: run tests/corpus/get {list}");
    text(&out.stdout).lines().map(PathBuf::from).collect()
}

/// The manifests of large public Go modules, as `tests/corpus/get` lists them.
pub fn corpus() -> Vec<PathBuf> {
    let paths = public("modules");
    assert!(paths.len() > 2000, "the corpus holds only {} files", paths.len());
    paths
}

/// The given structures: file name and bytes.
pub fn structures() -> Vec<(String, Vec<u8>)> {
    let given = given("structures.latin1.json");
    let byte = |c: char| u8::try_from(u32::from(c)).unwrap();
    given
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, text)| (name.clone(), text.as_str().unwrap().chars().map(byte).collect()))
        .collect()
}

pub fn given(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(format!("tests/yaml/{name}")).unwrap()).unwrap()
}
