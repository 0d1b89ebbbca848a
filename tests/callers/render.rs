//! `krmor render`: what renders may fail, print nothing, hang or be killed.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::app::{self, CONFIG, Case, MESSAGE, SECRET};
use crate::common::{Folder, krmor, text, tool};

fn render(folder: &Folder, arguments: &[&str]) -> Output {
    folder.write("config.yaml", CONFIG);
    let mut command = krmor();
    command.arg("render").args(arguments).current_dir(&folder.0).env("TMPDIR", temporary(folder));
    command.env("VALUE", "app").env("LIST_0", "a").env("LIST_1", "b").output().unwrap()
}

fn temporary(folder: &Folder) -> std::path::PathBuf {
    let path = folder.0.join("tmp");
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn is_empty(folder: &Folder) -> bool {
    std::fs::read_dir(temporary(folder)).unwrap().next().is_none()
}

fn refused(folder: &Folder, arguments: &[&str], wanted: &str) {
    let out = render(folder, arguments);
    let message = text(&out.stderr);
    assert!(!out.status.success() && out.stdout.is_empty(), "{arguments:?}: {}", text(&out.stdout));
    assert!(message.contains(wanted) && !message.contains(SECRET), "{arguments:?}: {message}");
    assert!(is_empty(folder), "{arguments:?} left something behind");
}

#[test]
fn what_is_rendered_is_hardened_or_refused() {
    let kustomize = tool("kustomize");
    let kustomize = kustomize.to_str().unwrap();
    let folder = Folder::new("render");
    app::kustomization(&folder, Case::Good, None);
    let config = ["--config", "config.yaml", "--"];
    let build = |path: &'static str| [&config[..], &[kustomize, "build", path]].concat();
    let out = render(&folder, &build("$(VALUE)"));
    assert!(out.status.success() && is_empty(&folder), "{}", text(&out.stderr));
    assert_eq!(app::objects(&text(&out.stdout)), app::expected());

    refused(&folder, &build("nowhere"), "build nowhere` failed with exit status: 1; nothing was written");
    refused(&folder, &build("$(NO_SUCH_VALUE)"), "the environment variable NO_SUCH_VALUE is not set");
    let shell = |script: &'static str| [&config[..], &["sh", "-c", script]].concat();
    // What a pipe lets through: half of the manifests, and then a failure.
    refused(&folder, &shell("cat app/web.yaml; echo broken >&2; exit 3"), "broken");
    refused(&folder, &shell("true"), "rendered no objects");
    refused(&folder, &shell("echo '# nothing'"), "rendered no objects");
    refused(&folder, &shell("echo 'wrote out/web.yaml'"), "holds text, but no objects");
    refused(&folder, &shell("cat app/web.yaml; kill -9 $$"), "failed with signal: 9");
    refused(&folder, &shell("echo 'a: [b'"), "rendered");
    refused(&folder, &[&config[..], &["no-such-program"]].concat(), "cannot run `no-such-program`");
    app::kustomization(&folder, Case::Refused, None);
    refused(&folder, &build("app"), MESSAGE);
    // Values of flags are not shown.
    refused(
        &folder,
        &[&config[..], &["false", &format!("--set=password={SECRET}")]].concat(),
        "`false --set=…` failed",
    );
}

#[test]
fn lists_become_flags() {
    let folder = Folder::new("render-lists");
    app::kustomization(&folder, Case::Good, None);
    let script = "[ \"$1 $2 $#\" = '--values=a --values=b 2' ] && cat app/web.yaml";
    let out = render(&folder, &["--config", "config.yaml", "--append=--values=LIST", "--", "sh", "-c", script, "sh"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    refused(&folder, &["--config", "config.yaml", "--append=values", "--", "true"], "--append takes FLAG=NAME");
}

/// What an application says is a path of its repository is one.
#[test]
fn paths_stay_below_the_working_directory() {
    let folder = Folder::new("render-inside");
    app::kustomization(&folder, Case::Good, None);
    folder.write("app/sub/values.yaml", "a: 1\n");
    folder.write("app/github.com/x/y/values.yaml", "a: 1\n");
    folder.write("app/a,b.yaml", "a: 1\n");
    folder.write("outside.yaml", "a: 1\n");
    std::os::unix::fs::symlink("../outside.yaml", folder.0.join("app/link.yaml")).unwrap();
    let render = |value: &str| {
        folder.write("config.yaml", CONFIG);
        let mut command = krmor();
        command.args([
            "render",
            "--config",
            "../config.yaml",
            "--inside=ONE",
            "--inside=LIST",
            "--append=--values=LIST",
        ]);
        command.args(["--", "sh", "-c", "echo \"$@\" >args; cat web.yaml", "sh", "$(ONE:-.)"]);
        command.current_dir(folder.0.join("app")).env("ONE", value).env("LIST_0", value).output().unwrap()
    };
    for value in ["sub/values.yaml", "sub/../sub", ".", "github.com/x/y"] {
        let out = render(value);
        assert!(out.status.success(), "{value}: {}", text(&out.stderr));
        let given = std::fs::read_to_string(folder.0.join("app/args")).unwrap();
        assert_eq!(given, format!("./{value} --values=./{value}\n"));
    }
    let absolute = folder.0.join("app/sub").display().to_string();
    for value in [
        "../outside.yaml",
        "/etc/passwd",
        "link.yaml",
        "http://169.254.169.254/latest",
        "a,b.yaml",
        "nothing.yaml",
        "github.com/kubernetes-sigs/kustomize",
        absolute.as_str(),
    ] {
        let out = render(value);
        let message = text(&out.stderr);
        assert!(!out.status.success() && out.stdout.is_empty(), "{value}");
        assert!(message.contains("must be a path below the working directory"), "{value}: {message}");
    }
}

#[test]
fn without_a_config_one_of_the_repository_must_have_run() {
    let kustomize = tool("kustomize");
    let folder = Folder::new("render-own");
    let home = folder.0.join("home");
    assert!(krmor().args(["install", "kustomize", "--home"]).arg(&home).output().unwrap().status.success());
    let build =
        ["--", "env", &format!("KUSTOMIZE_PLUGIN_HOME={}", home.display()), kustomize.to_str().unwrap(), "build"];
    let build: Vec<&str> = build.into_iter().chain(["--enable-alpha-plugins", "app"]).collect();
    app::kustomization(&folder, Case::Good, Some(CONFIG));
    let out = render(&folder, &build);
    assert!(out.status.success() && is_empty(&folder), "{}", text(&out.stderr));
    assert_eq!(app::objects(&text(&out.stdout)), app::expected());
    // No config; one that kustomize skips in silence, since exec functions are not enabled; one that refuses.
    app::kustomization(&folder, Case::Good, None);
    refused(&folder, &build, "no krmor config has hardened");
    app::kustomization(&folder, Case::Good, Some(&app::exec_config(env!("CARGO_BIN_EXE_krmor").as_ref())));
    refused(&folder, &build, "no krmor config has hardened");
    app::kustomization(&folder, Case::Refused, Some(CONFIG));
    refused(&folder, &build, MESSAGE);
}

#[test]
fn a_signal_takes_the_renderer_and_its_files_along() {
    let folder = Folder::new("render-signal");
    folder.write("config.yaml", CONFIG);
    let script = "echo half > \"$TMPDIR/plugin-config\"; echo $$ > pid; exec sleep 600";
    let mut command = krmor();
    command.args(["render", "--config", "config.yaml", "--", "sh", "-c", script]);
    command.current_dir(&folder.0).env("TMPDIR", temporary(&folder)).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    let pid = loop {
        match std::fs::read_to_string(folder.0.join("pid")) {
            Ok(pid) if pid.ends_with('\n') => break pid.trim().to_owned(),
            _ => assert!(Instant::now() < until, "it does not start"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(!is_empty(&folder));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15), "{status}");
    assert!(is_empty(&folder));
    assert!(!std::path::Path::new("/proc").join(&pid).exists(), "the renderer is still there");
}
