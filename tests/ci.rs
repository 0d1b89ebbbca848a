//! CI by what the repository ships: the shell of the action's steps runs as a runner would run it, pre-commit really runs its
//! hooks, and the snippets of `docs/ci.md` are executed.
#![cfg(unix)] // bash

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use crate::common::{Folder, krmor, text, tool};
use krmor::yaml;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_krmor");
const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata:\n  name: harden\nspec: {images: [{name: b, user: 101}]}\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: b}]}\n";

fn read(text: &str) -> Value {
    let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap();
    documents[0].root().to_value().unwrap()
}

#[track_caller]
fn ran(command: &mut Command) -> String {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {}{}", text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

/// A git repository with an application that kustomize renders through krmor.
fn repository(name: &str) -> Folder {
    let folder = Folder::new(&format!("ci-{name}"));
    folder.write("repo/app/web.yaml", POD);
    folder.write("repo/app/krmor.yaml", CONFIG);
    folder.write(
        "repo/app/kustomization.yaml",
        "resources: [web.yaml]\ntransformers: [krmor.yaml]\nbuildMetadata: [originAnnotations]\n",
    );
    folder.write("repo/.gitignore", "krmor-reports/\n");
    git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
    commit(&folder);
    std::fs::create_dir(folder.0.join("bin")).unwrap();
    std::os::unix::fs::symlink(BINARY, folder.0.join("bin/krmor")).unwrap();
    for name in ["kustomize", "kubectl"] {
        std::os::unix::fs::symlink(tool(name), folder.0.join("bin").join(name)).unwrap();
    }
    folder
}

fn git(folder: &Folder, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder.0.join("repo")).args(["-c", "user.name=a", "-c", "user.email=a@example.com"]);
    ran(command.args(args).env("GIT_CONFIG_GLOBAL", "/dev/null"))
}

fn commit(folder: &Folder) -> String {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--allow-empty", "--message", "x"]);
    git(folder, &["rev-parse", "HEAD"]).trim().to_owned()
}

fn path(folder: &Folder) -> String {
    format!("{}:{}", folder.0.join("bin").display(), std::env::var("PATH").unwrap())
}

/// What steps have put in front of the `PATH`.
fn added(file: &Path) -> String {
    let folders = std::fs::read_to_string(file).unwrap_or_default();
    folders.lines().rev().map(|folder| format!("{folder}:")).collect()
}

/// What the steps of the action did.
struct Ran {
    steps: Vec<(String, Output)>,
    outputs: Vec<(String, String)>,
    folder: PathBuf,
}

impl Ran {
    /// The names of the steps that ran, and whether each passed.
    fn passed(&self) -> Vec<bool> {
        self.steps.iter().map(|(_, out)| out.status.success()).collect()
    }

    fn last(&self) -> String {
        self.steps
            .last()
            .map_or(String::new(), |(name, out)| format!("{name}: {}{}", text(&out.stdout), text(&out.stderr)))
    }

    /// Whether the action names a report.
    fn names(&self, output: &str) -> bool {
        self.outputs.iter().any(|(name, _)| name == output)
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }
}

/// Runs the steps of the action in the repository, as a runner does: each expression is replaced, a step whose condition does
/// not hold is left out, and the first failure ends it.
fn action(folder: &Folder, inputs: &[(&str, &str)]) -> Ran {
    let action = read(&std::fs::read_to_string("action.yml").unwrap());
    assert_eq!(action["runs"]["using"], "composite");
    let temp = folder.0.join("temp");
    let _ = std::fs::remove_dir_all(&temp);
    std::fs::create_dir(&temp).unwrap();
    for (name, _) in inputs {
        assert!(action["inputs"][name].is_object(), "there is no input {name}");
    }
    let input = |name: &str| {
        let given = inputs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        given.unwrap_or_else(|| action["inputs"][name]["default"].as_str().expect(name).to_owned())
    };
    let mut outputs: Vec<(String, String)> = Vec::new();
    let mut environment: Vec<(String, String)> = Vec::new();
    let lines = |file: &Path| -> Vec<(String, String)> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines()
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    };
    let (mut steps, mut has_failed) = (Vec::new(), false);
    for step in action["runs"]["steps"].as_array().unwrap() {
        let name = step["name"].as_str().unwrap().to_owned();
        let value = |expression: &str| -> String {
            let Some(inner) = expression.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
                return expression.to_owned();
            };
            match inner.split('.').collect::<Vec<_>>().as_slice() {
                ["inputs", name] => input(name),
                ["github", "action_path"] => std::env::current_dir().unwrap().display().to_string(),
                ["steps", _, "outputs", name] => {
                    outputs.iter().find(|(key, _)| key == name).map_or(String::new(), |(_, value)| value.clone())
                }
                _ => panic!("{name}: {expression}"),
            }
        };
        if let Some(condition) = step["if"].as_str() {
            let inner = condition.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")).unwrap();
            let always = inner.strip_prefix("always() && ");
            if has_failed && always.is_none() {
                continue;
            }
            let inner = always.unwrap_or(inner);
            let (left, right) = inner.split_once(['=', '!']).unwrap();
            let wanted = right.trim_start_matches('=').trim().trim_matches('\'');
            let holds = (value(&format!("${{{{ {} }}}}", left.trim())) == wanted) == inner.contains("==");
            if !holds {
                continue;
            }
        } else if has_failed {
            continue;
        }
        assert_eq!(step["shell"], "bash", "{name}");
        let script = step["run"].as_str().unwrap();
        // An expression in a script is how a branch's name becomes a command.
        assert!(!script.contains("${{"), "{name}");
        let mut command = Command::new("bash");
        command.current_dir(folder.0.join("repo")).args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command
            .env("PATH", format!("{}{}", added(&temp.join("GITHUB_PATH")), path(folder)))
            .env("RUNNER_TEMP", &temp)
            .env("HOME", &temp)
            .env_remove("KUSTOMIZE_PLUGIN_HOME");
        for file in ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"] {
            command.env(file, temp.join(file));
        }
        command.envs(environment.iter().cloned());
        for (key, expression) in step["env"].as_object().unwrap() {
            command.env(key, value(expression.as_str().unwrap()));
        }
        let out = command.output().unwrap();
        (outputs, environment) = (lines(&temp.join("GITHUB_OUTPUT")), lines(&temp.join("GITHUB_ENV")));
        has_failed |= !out.status.success();
        steps.push((name, out));
    }
    Ran { steps, outputs, folder: folder.0.join("repo/krmor-reports") }
}

#[test]
fn the_action_renders_and_proves() {
    let folder = repository("action");
    let base = git(&folder, &["rev-parse", "HEAD"]).trim().to_owned();
    let done = action(&folder, &[("path", "app"), ("config", "app/krmor.yaml")]);
    assert_eq!(done.passed(), [true, true, true], "{}", done.last());
    let sarif: Value = serde_json::from_str(&done.file("krmor.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(0), "{sarif:#}");
    assert!(done.file("krmor.xml").contains("failures=\"0\"") && done.file("krmor.md").is_empty());

    // A pull request: the comment says what changes.
    folder.write("repo/app/web.yaml", POD.replace("image: b", "image: 'b:2'"));
    commit(&folder);
    let done = action(&folder, &[("path", "app"), ("config", "app/krmor.yaml"), ("base", &base)]);
    assert_eq!(done.passed(), [true, true, true, true], "{}", done.last());
    let comment = done.file("krmor.md");
    assert!(
        comment.contains("Pod web: changed") && comment.contains("- image: b\n") && comment.contains("- image: b:2\n"),
        "{comment}"
    );
    let summary = std::fs::read_to_string(folder.0.join("temp/GITHUB_STEP_SUMMARY")).unwrap();
    assert_eq!(summary, comment);
    assert_eq!(git(&folder, &["worktree", "list"]).lines().count(), 1, "the base's checkout is gone");
    assert_eq!(git(&folder, &["status", "--porcelain"]), "");

    // By a command of the person's own: kustomize is not asked, and a pipe that breaks fails.
    let render = "kustomize build --enable-alpha-plugins app | cat";
    let done = action(&folder, &[("path", "app"), ("config", "app/krmor.yaml"), ("render", render)]);
    assert_eq!(done.passed(), [true, true, true], "{}", done.last());
    let done =
        action(&folder, &[("path", "app"), ("config", "app/krmor.yaml"), ("render", "false | cat app/web.yaml")]);
    assert_eq!(done.passed(), [true, true, false], "{}", done.last());
}

/// What the action is told is used as a person means it: a krmor of their own also in pipes, a path from the root, manifests
/// without a kustomization, and a folder that the base does not have.
#[test]
fn the_action_takes_what_people_say() {
    let folder = repository("action-inputs");
    let base = git(&folder, &["rev-parse", "HEAD"]).trim().to_owned();
    std::fs::rename(folder.0.join("bin/krmor"), folder.0.join("own-krmor")).unwrap();
    let own = folder.0.join("own-krmor").display().to_string();
    let run = |more: &[(&str, &str)]| {
        action(
            &folder,
            &[&[("config", "app/krmor.yaml"), ("krmor", own.as_str()), ("base", base.as_str())], more].concat(),
        )
    };
    let render = "kustomize build --enable-alpha-plugins app | krmor --config app/krmor.yaml";
    let done = run(&[("path", "app"), ("render", render)]);
    assert_eq!(done.passed(), [true; 4], "{}", done.last());

    folder.write("repo/app/web.yaml", POD.replace("image: b", "image: 'b:2'"));
    commit(&folder);
    let whole = folder.0.join("repo/app").display().to_string();
    let done = run(&[("path", &whole)]);
    assert_eq!(done.passed(), [true; 4], "{}", done.last());
    assert!(done.file("krmor.md").contains("Pod web: changed"), "{}", done.file("krmor.md"));
    let outside = folder.0.display().to_string();
    for path in ["..", "../x", outside.as_str()] {
        let done = run(&[("path", path)]);
        assert!(
            !done.passed()[0] && text(&done.steps[0].1.stdout).contains("path must be in"),
            "{path}: {:?}",
            done.steps[0]
        );
    }

    // A folder that is new, first of manifests and then a kustomization.
    let hardened = ran(krmor()
        .args(["run", "--config"])
        .arg(folder.0.join("repo/app/krmor.yaml"))
        .arg(folder.0.join("repo/app/web.yaml")));
    folder.write("repo/new/web.yaml", hardened);
    commit(&folder);
    let done = run(&[("path", "new")]);
    assert_eq!(done.passed(), [true; 4], "{}", done.last());
    assert!(done.file("krmor.md").contains("Pod web: added"), "{}", done.file("krmor.md"));
    folder.write("repo/new/kustomization.yaml", "resources: [web.yaml]\n");
    commit(&folder);
    let done = run(&[("path", "new")]);
    assert_eq!(done.passed(), [true; 4], "{}", done.last());
    assert!(done.names("sarif") && done.names("junit") && done.names("comment"));

    // Only reports that are there are named, and a check that fails does not keep the comment back.
    let done = run(&[("path", "app"), ("render", "false")]);
    assert!(!done.names("sarif") && !done.names("comment"), "{:?}", done.outputs);
    folder.write("repo/app/web.yaml", POD.replace("image: b", "image: 'b:3'"));
    folder.write("repo/app/kustomization.yaml", "resources: [web.yaml]\n");
    commit(&folder);
    let done = run(&[("path", "app"), ("doctor", "false")]);
    assert_eq!(done.passed(), [true, false, true], "{}", done.last());
    assert!(done.names("sarif") && done.names("comment"));
}

#[test]
fn the_action_fails_where_something_is_not_hardened_and_leaves_whole_reports() {
    let folder = repository("action-fails");
    // krmor is not called: doctor sees nothing wrong with a kustomization that a pipe may harden, and the proof fails.
    folder.write("repo/app/kustomization.yaml", "resources: [web.yaml]\nbuildMetadata: [originAnnotations]\n");
    let inputs = [("path", "app"), ("config", "app/krmor.yaml")];
    let done = action(&folder, &inputs);
    assert_eq!(done.passed(), [true, true, false], "{}", done.last());
    let sarif: Value = serde_json::from_str(&done.file("krmor.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "app/web.yaml", "{result:#}");
    }
    assert!(done.file("krmor.xml").contains("<failure "));
    // A config that is wrong: the reports are there, and say so.
    let broken = CONFIG.replace("spec:", "sepc:");
    folder.write("repo/check.yaml", &broken);
    let done = action(&folder, &[("path", "app"), ("config", "check.yaml")]);
    assert_eq!(done.passed(), [true, true, false], "{}", done.last());
    let sarif: Value = serde_json::from_str(&done.file("krmor.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "Pipeline/config", "{sarif:#}");
    assert!(done.file("krmor.xml").contains("<error "));
    // Manifests that nobody renders.
    let done = action(&folder, &[("path", "app/web.yaml"), ("config", "app/krmor.yaml")]);
    assert_eq!(done.passed(), [true, true, false], "{}", done.last());
    ran(krmor().current_dir(folder.0.join("repo")).args([
        "run",
        "--config",
        "app/krmor.yaml",
        "--in-place",
        "app/web.yaml",
    ]));
    let done = action(&folder, &[("path", "app/web.yaml"), ("config", "app/krmor.yaml")]);
    assert_eq!(done.passed(), [true, true, true], "{}", done.last());
    // What doctor finds stops it, unless it is not asked.
    folder.write("repo/app/kustomization.yaml", "resources: [web.yaml]\ngenerators: [krmor.yaml]\n");
    assert_eq!(action(&folder, &inputs).passed(), [true, false]);
    let done = action(&folder, &[inputs[0], inputs[1], ("doctor", "false")]);
    assert_eq!(done.passed(), [true, false], "{}", done.last());
    assert!(done.last().contains("belongs under `transformers:`"), "{}", done.last());
    // A name that is a command is a name.
    let done = action(&folder, &[("path", "$(touch owned)"), ("config", "app/krmor.yaml"), ("doctor", "false")]);
    assert_eq!(done.passed(), [true, false]);
    assert!(!folder.0.join("repo/owned").exists());
}

/// The real pre-commit with the hooks that the repository ships.
#[test]
fn pre_commit_runs_the_hooks() {
    let folder = repository("pre-commit");
    // Hooks come from a repository of their own.
    let hooks = Folder::new("ci-hooks");
    std::fs::create_dir(hooks.0.join("repo")).unwrap();
    std::fs::copy(".pre-commit-hooks.yaml", hooks.0.join("repo/.pre-commit-hooks.yaml")).unwrap();
    git(&hooks, &["init", "--quiet"]);
    let at = commit(&hooks);
    let config = snippet("yaml", ".pre-commit-config.yaml")
        .replace("https://github.com/OWNER/krmor", hooks.0.join("repo").to_str().unwrap())
        .replace("rev: v0.1.0", &format!("rev: {at}"));
    assert!(config.contains(&at), "{config}");
    folder.write("repo/.pre-commit-config.yaml", config);
    folder.write("repo/krmor.yaml", CONFIG);
    folder.write("repo/manifests/web.yaml", POD);
    commit(&folder);
    let home = folder.0.join("plugins");
    ran(krmor().args(["install", "kustomize", "--home"]).arg(&home));
    let run_on = |hook: &str, files: &[&str]| {
        let mut command = Command::new(std::fs::canonicalize("tests/tools/pre-commit").unwrap());
        command.current_dir(folder.0.join("repo")).args(["run", "--verbose", hook]).args(files);
        command
            .env("PATH", path(&folder))
            .env("PRE_COMMIT_HOME", folder.0.join("cache"))
            .env("KUSTOMIZE_PLUGIN_HOME", &home);
        let out = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
        (out.status.success(), text(&out.stdout) + &text(&out.stderr))
    };
    let run = |hook: &str| run_on(hook, &["--all-files"]);
    let (passed, said) = run("krmor-doctor");
    assert!(passed && said.contains("healthy"), "{said}");
    // It judges scripts and pipelines, too, whatever their names are.
    for name in ["render.sh", "Makefile", "Jenkinsfile", "web.json", "deploy"] {
        folder.write(&format!("repo/{name}"), "");
        let (passed, said) = run_on("krmor-doctor", &["--files", name]);
        assert!(passed && said.contains("healthy"), "{name}: {said}");
    }
    let (passed, said) = run("krmor-check");
    assert!(!passed && said.contains("a run would make "), "{said}");
    // It hardens in place, and fails so that the person looks at it and adds it.
    let (passed, said) = run("krmor-run");
    assert!(!passed && said.contains("files were modified by this hook"), "{said}");
    for hook in ["krmor-run", "krmor-check"] {
        let (passed, said) = run(hook);
        assert!(passed, "{hook}: {said}");
    }
    folder.write("repo/manifests/web.yaml", POD.replace("image: b", "image: b, securityContext: {privileged: true}"));
    let (passed, said) = run("krmor-check");
    assert!(!passed && said.contains("conflict/privileged"), "{said}");
    folder.write("repo/app/kustomization.yaml", "resources: [web.yaml]\ngenerators: [krmor.yaml]\n");
    let (passed, said) = run("krmor-doctor");
    assert!(!passed && said.contains("[under-generators]"), "{said}");
}

/// A block of `docs/ci.md`, by the file that its first line names.
fn snippet(language: &str, name: &str) -> String {
    let page = std::fs::read_to_string("docs/ci.md").unwrap();
    let start = format!("```{language}\n# {name}\n");
    let from = page.find(&start).unwrap_or_else(|| panic!("docs/ci.md has no {name}")) + start.len();
    page[from..].split("```").next().unwrap().to_owned()
}

#[test]
fn the_gitlab_job_runs() {
    let folder = repository("gitlab");
    let job = read(&snippet("yaml", ".gitlab-ci.yml"))["krmor"].clone();
    let mut script = String::new();
    for line in job["script"].as_array().unwrap() {
        script.push_str(&format!("{}\n", line.as_str().unwrap()));
    }
    let run_script = |script: &str| {
        let mut command = Command::new("bash");
        command.current_dir(folder.0.join("repo")).args(["-eo", "pipefail", "-c", script]);
        command
            .env("PATH", path(&folder))
            .env("CI_PROJECT_DIR", folder.0.join("repo"))
            .env_remove("KUSTOMIZE_PLUGIN_HOME");
        for (key, value) in job["variables"].as_object().unwrap() {
            let value = value.as_str().unwrap().replace("$CI_PROJECT_DIR", folder.0.join("repo").to_str().unwrap());
            command.env(key, value);
        }
        command.output().unwrap()
    };
    let run = || run_script(&script);
    let out = run();
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    let report = job["artifacts"]["reports"]["junit"].as_str().unwrap();
    let junit = || std::fs::read_to_string(folder.0.join("repo").join(report)).unwrap();
    assert!(junit().contains("failures=\"0\""));
    assert_eq!(job["artifacts"]["when"], "always", "a report of a failure is the one that is wanted");
    // A build that fails hands over an empty stream: an error, and a report that says so.
    folder.write("repo/app/web.yaml", POD.replace("image: b", "image: b, securityContext: {privileged: true}"));
    assert!(!run().status.success());
    assert!(junit().contains("<error ") && junit().contains("the input holds no objects"), "{}", junit());
    // What was rendered by another config than the one that is checked.
    folder.write("repo/app/web.yaml", POD);
    folder.write("repo/app/less.yaml", CONFIG.replace("spec: {", "spec: {level: baseline, "));
    folder.write("repo/app/kustomization.yaml", "resources: [web.yaml]\ntransformers: [less.yaml]\n");
    let script = script.replace("krmor doctor --strict", "krmor doctor --strict --called-by pipe");
    let out = run_script(&script);
    assert!(!out.status.success());
    assert!(junit().contains("<failure "), "{}{}", text(&out.stdout), text(&out.stderr));
}

/// The workflow calls the action with inputs that it has.
#[test]
fn the_workflow_fits_the_action() {
    let action = read(&std::fs::read_to_string("action.yml").unwrap());
    let workflow = read(&snippet("yaml", ".github/workflows/krmor.yaml"));
    let steps = workflow["jobs"]["krmor"]["steps"].as_array().unwrap().clone();
    let step = steps.iter().find(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("/krmor@"))).unwrap();
    let id = step["id"].as_str().unwrap();
    for (name, _) in step["with"].as_object().unwrap() {
        assert!(action["inputs"][name].is_object(), "{name}");
    }
    let text = snippet("yaml", ".github/workflows/krmor.yaml");
    let used: Vec<&str> = text.split(&format!("steps.{id}.outputs.")).skip(1).collect();
    assert!(!used.is_empty());
    for rest in used {
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
        assert!(action["outputs"][name].is_object(), "{name}");
    }
}
