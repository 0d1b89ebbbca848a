//! The hosts: native krmor, our own runner, the container image, node's WASI, kpt's own script in node, kpt itself, the npm
//! package in node and in Chromium.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use krmor::yaml;
use serde_json::{Value, json};

use crate::common::{Folder, krmor, made, module, pipe, text, tool, wasm_run};

/// What a host answers; `results` and `patches` are what the npm package gives besides, where they are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i64>,
    pub results: Value,
    pub patches: Value,
}

impl From<Output> for Answer {
    fn from(out: Output) -> Self {
        let code = out.status.code().map(i64::from);
        Self { stdout: text(&out.stdout), stderr: text(&out.stderr), code, ..Self::default() }
    }
}

/// The npm package that `make npm` has built.
pub fn package() -> PathBuf {
    made("target/npm/krmor_bg.wasm", "npm");
    made("target/npm", "npm")
}

/// Native krmor as a filter.
pub fn native(args: &[&str], stdin: &str) -> Answer {
    filter(krmor(), args, stdin)
}

/// A krmor as a filter.
pub fn filter(mut krmor: Command, args: &[&str], stdin: &str) -> Answer {
    pipe(krmor.args(args), stdin.as_bytes()).into()
}

/// Native krmor as kustomize's legacy plugin.
pub fn native_plugin(folder: &Folder, config: &str, stdin: &str) -> Answer {
    plugin(krmor(), folder, config, stdin)
}

/// A krmor as kustomize's legacy plugin.
pub fn plugin(mut krmor: Command, folder: &Folder, config: &str, stdin: &str) -> Answer {
    let file = folder.write("config", config);
    // kustomize passes on what this krmor does not take for its config, too; so does the test.
    pipe(krmor.arg(file).env("KUSTOMIZE_PLUGIN_CONFIG_ROOT", "/"), stdin.as_bytes()).into()
}

/// Our runner as a filter.
pub fn runner(stdin: &str) -> Answer {
    let mut command = wasm_run(&[]);
    command.arg(module("krmor.wasm"));
    filter(command, &[], stdin)
}

/// Our runner as kustomize's legacy plugin.
pub fn runner_plugin(folder: &Folder, config: &str, stdin: &str) -> Answer {
    let mut command = wasm_run(&["--plugin", "config-length"]);
    command.arg(module("krmor.wasm"));
    plugin(command, folder, config, stdin)
}

/// The program that `make image` has put into the image for this machine: it is static, so it runs here as it does there.
pub fn image() -> PathBuf {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    made(&format!("target/image-parts/{architecture}/krmor"), "image")
}

/// Native krmor as the npm package: a stream and a config, or a ResourceList. What it reports is what it tells as JSON, or
/// what stands in the list.
pub fn native_package(folder: &Folder, config: Option<&str>, stdin: &str) -> Answer {
    let in_folder =
        |args: &[&str]| -> Answer { pipe(krmor().current_dir(&folder.0).args(args), stdin.as_bytes()).into() };
    let Some(config) = config else {
        let answer = in_folder(&[]);
        let list = yaml::parse(&Arc::new(answer.stdout.clone())).unwrap();
        let results = list.first().and_then(|list| list.root().to_value()).map(|list| list["results"].clone());
        return Answer { results: results.unwrap_or_default(), ..answer };
    };
    folder.write("config", config);
    let answer = in_folder(&["--config", "config"]);
    let told = in_folder(&["run", "--config", "config", "--report", "json", "-"]).stderr;
    let told: Value = serde_json::from_str(&told).unwrap_or_default();
    let patches = if answer.code == Some(0) { told["patches"].clone() } else { Value::Null };
    // The package's results hold what a bare stream's warnings say on standard error.
    let stderr = if answer.code == Some(0) { String::new() } else { answer.stderr };
    Answer { results: told["results"].clone(), patches, stderr, ..answer }
}

/// Calls of a module in one node: see `hosts.mjs`.
pub fn node(host: &str, module: &Path, script: Option<&Path>, calls: &[(Vec<String>, &str)]) -> Vec<Answer> {
    let folder = Folder::new("wasm-node");
    let lines: String =
        calls.iter().map(|(args, stdin)| format!("{}\n", json!({"args": args, "stdin": stdin}))).collect();
    let file = folder.write("calls", lines);
    let ask = || {
        Command::new("node")
            .args(["--no-warnings", "tests/wasm/hosts.mjs", host])
            .arg(module)
            .arg(&file)
            .args(script)
            .env("TMPDIR", &folder.0)
            .stderr(Stdio::inherit())
            .output()
            .expect("node runs")
    };
    let mut out = ask();
    // Node 20 itself crashes now and then when another node runs beside it: about once in ten runs of these tests. A module
    // cannot end node by a signal, and what it answers is compared all the same.
    for _ in 0..2 {
        let Some(signal) = out.status.signal() else { break };
        println!("hosts.mjs {host}: node died by signal {signal}; once more");
        out = ask();
    }
    let answers = text(&out.stdout);
    assert!(out.status.success(), "hosts.mjs {host}: {} after {} answers", out.status, answers.lines().count());
    let answers = answers.lines().map(|line| {
        let answer: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| answer[key].as_str().unwrap().to_owned();
        let (results, patches) = (answer["results"].clone(), answer["patches"].clone());
        Answer { stdout: text("stdout"), stderr: text("stderr"), code: answer["code"].as_i64(), results, patches }
    });
    answers.collect()
}

/// A kpt: the pinned one, and a newer one on the PATH.
#[derive(Debug)]
pub struct Kpt {
    pub version: String,
    path: PathBuf,
}

/// Every kpt there is.
pub fn kpts() -> Vec<Kpt> {
    let mut found = vec![Kpt { version: "v1.0.0-beta.24".to_owned(), path: tool("kpt") }];
    if let Ok(out) = Command::new("kpt").arg("version").output()
        && out.status.success()
    {
        found.push(Kpt { version: format!("v{}", text(&out.stdout).trim()), path: "kpt".into() });
    }
    found
}

impl Kpt {
    /// kpt with temporary files of its own: it caches modules by reference there.
    pub fn command(&self, temporary: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command.env("TMPDIR", temporary).env("KPT_FN_WASM_RUNTIME", "nodejs").env("KPT_NO_PAGER_HELP", "1");
        command
    }

    /// The script that this kpt runs WASM with in node.
    pub fn script(&self, folder: &Folder) -> PathBuf {
        let temporary = folder.0.join(format!("script-{}", self.version));
        let package = temporary.join("package");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("a.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").unwrap();
        // Whatever becomes of the call, the script has been written before it.
        let mut command = self.command(&temporary);
        command.args(["fn", "eval"]).arg(&package).arg("--allow-alpha-wasm").arg("--exec");
        command.arg(module("krmor-kpt.wasm")).output().unwrap();
        let written = std::fs::read_dir(temporary.join("kpt-wasm-fn")).expect("kpt has written its script");
        let folder = written.map(|entry| entry.unwrap().path()).next().expect("a folder");
        folder.join("kpt-fn-wasm-glue-runner.js")
    }
}
