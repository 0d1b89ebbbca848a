//! Stock Helm 3 and 4: what they hand over, what they show of a failure, and what they keep to themselves.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::app::{self, Answer, CONFIG, Case, MESSAGE, SECRET};
use crate::common::{Folder, krmor, pipe, text, tool};

/// The version of a module that a `go.mod` pins.
pub fn pinned(file: &str, module: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines().map(|line| line.trim_start_matches("require").trim());
    let version = lines.find_map(|line| line.strip_prefix(module)?.split_whitespace().next().map(str::to_owned));
    version.unwrap_or_else(|| panic!("{file} does not pin {module}"))
}

pub struct Helm {
    pub program: PathBuf,
    pub version: String,
    pub major: String,
}

pub fn helm(major: &str) -> Helm {
    let version = pinned("tests/helm/go.mod", &format!("helm.sh/helm/v{major}"));
    Helm { program: tool(&format!("helm{major}")), version, major: major.to_owned() }
}

fn both() -> [Helm; 2] {
    ["3", "4"].map(helm)
}

impl Helm {
    /// A command that sees nothing of this machine's Helm.
    pub fn command(&self, folder: &Folder) -> Command {
        let mut command = Command::new(&self.program);
        for name in ["CACHE", "CONFIG", "DATA"] {
            command.env(format!("HELM_{name}_HOME"), folder.0.join("helm"));
        }
        command.env("HELM_PLUGINS", folder.0.join("plugins")).current_dir(&folder.0);
        command
    }

    /// Helm with krmor as its post-renderer.
    fn rendering(&self, folder: &Folder, arguments: &[&str], post_renderer: &[&str]) -> Command {
        folder.write("config.yaml", CONFIG);
        let mut command = self.command(folder);
        command.args(["template", "web", "chart"]).args(arguments);
        let program = match self.major.as_str() {
            "3" => env!("CARGO_BIN_EXE_krmor"),
            _ => {
                let out =
                    krmor().args(["install", "helm", "--directory"]).arg(folder.0.join("plugins")).output().unwrap();
                assert!(out.status.success(), "{}", text(&out.stderr));
                "krmor"
            }
        };
        command.args(["--post-renderer", program, "--post-renderer-args", "--config=config.yaml"]);
        command.args(post_renderer.iter().flat_map(|argument| ["--post-renderer-args", *argument]));
        command
    }

    /// The application through the post-renderer.
    pub fn post_rendered(&self, case: Case) -> Answer {
        let folder = Folder::new("helm");
        app::chart(&folder, case);
        if case != Case::Missing {
            return self.rendering(&folder, &[], &[]).output().unwrap().into();
        }
        let mut command = self.command(&folder);
        command.args(["template", "web", "chart", "--post-renderer", "krmor-is-not-there"]).output().unwrap().into()
    }

    /// The application through a pipe.
    fn piped(&self, folder: &Folder, arguments: &[&str], krmor_arguments: &[&str]) -> Output {
        let config = folder.write("config.yaml", CONFIG);
        let out = self.command(folder).args(["template", "web", "chart"]).args(arguments).output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        pipe(krmor().arg("--config").arg(config).args(krmor_arguments), &out.stdout)
    }
}

/// A chart with what charts have: hooks, a subchart, CRDs, notes, a test pod and a helper.
fn rich(folder: &Folder) {
    app::chart(folder, Case::Good);
    let pod = "spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}";
    folder.write("chart/templates/_helpers.tpl", "{{- define \"name\" -}}named{{- end -}}\n");
    folder.write("chart/templates/NOTES.txt", "Thank you.\n");
    folder.write(
        "chart/templates/hook.yaml",
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations: {{helm.sh/hook: pre-install}}\nspec:\n  \
             template:\n    {pod}\n"
        ),
    );
    folder.write(
        "chart/templates/tests/test.yaml",
        format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations: {{helm.sh/hook: test}}\n{pod}\n"),
    );
    folder.write("chart/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n");
    folder.write(
        "chart/charts/sub/templates/sub.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ include \"name\" . }}\nspec:\n  selector:\n    matchLabels: \
         {app: sub}\n  template:\n    metadata:\n      labels: {app: sub}\n    spec:\n      containers: [{name: sub, image: \
         'sub:1'}]\n",
    );
    folder.write(
        "chart/crds/crd.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things.example.com\nspec:\n  \
         group: example.com\n  names: {kind: Thing, plural: things}\n  scope: Namespaced\n  versions:\n    - name: v1\n      \
         served: true\n      storage: true\n      schema: {openAPIV3Schema: {type: object}}\n",
    );
}

/// Which workloads of a text are hardened, and which are not.
fn workloads(text: &str) -> (Vec<String>, Vec<String>) {
    let objects = app::objects(text);
    let workloads =
        objects.iter().filter(|(_, object)| ["Deployment", "Job", "Pod"].iter().any(|kind| object["kind"] == **kind));
    let (well, not): (Vec<_>, Vec<_>) = workloads.partition(|(_, object)| app::hardened(object));
    let names =
        |list: Vec<(&String, &serde_json::Value)>| list.into_iter().map(|(name, _)| name.replace('"', "")).collect();
    (names(well), names(not))
}

#[test]
fn a_pipe_sees_hooks_subcharts_and_crds_in_both_helms() {
    for helm in both() {
        let folder = Folder::new("helm-rich");
        rich(&folder);
        let out = helm.piped(&folder, &["--include-crds"], &[]);
        assert!(out.status.success(), "{}", text(&out.stderr));
        let all = ["Deployment named", "Deployment web", "Job migrate", "Pod test"].map(str::to_owned).to_vec();
        assert_eq!(workloads(&text(&out.stdout)), (all, vec![]), "Helm {}", helm.version);
        assert!(text(&out.stdout).contains("kind: CustomResourceDefinition"));
    }
}

#[test]
fn helm_4_shows_hooks_to_a_post_renderer_and_helm_3_does_not_which_is_said() {
    for helm in both() {
        let folder = Folder::new("helm-hooks");
        rich(&folder);
        let out = helm.rendering(&folder, &["--include-crds"], &[]).output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        let (well, not) = workloads(&text(&out.stdout));
        assert!(text(&out.stdout).contains("kind: CustomResourceDefinition"));
        assert!(well.starts_with(&["Deployment named".to_owned(), "Deployment web".to_owned()]), "{well:?}");
        let hooks = ["Job migrate", "Pod test"].map(str::to_owned);
        let warning = text(&out.stderr);
        if helm.major == "3" {
            assert_eq!(not, hooks);
            assert!(warning.contains("Helm 3 shows no hooks to a post-renderer"), "{warning}");
            // Who asked for none is not told of them.
            let out = helm.rendering(&folder, &["--no-hooks"], &[]).output().unwrap();
            assert!(out.status.success() && !text(&out.stderr).contains("hooks"), "{}", text(&out.stderr));
        } else {
            assert_eq!((&well[2..], not), (&hooks[..], vec![]));
            assert!(!warning.contains("hooks"), "{warning}");
        }
    }
}

#[test]
fn output_dir_holds_hardened_files_or_the_run_fails() {
    for helm in both() {
        for allow in [&[][..], &["--allow-empty"]] {
            let folder = Folder::new("helm-files");
            rich(&folder);
            let out = helm.rendering(&folder, &["--output-dir", "out"], allow).output().unwrap();
            let files: String =
                ["web/templates/web.yaml", "web/templates/hook.yaml", "web/charts/sub/templates/sub.yaml"]
                    .map(|name| std::fs::read_to_string(folder.0.join("out").join(name)).unwrap_or_default())
                    .join("\n---\n");
            let message = text(&out.stderr);
            if helm.major == "3" {
                // Helm has written the files when it calls; what is left is to say so.
                assert!(!out.status.success(), "{message}");
                assert!(
                    message.contains("the files there are not hardened") && message.contains("| krmor --config"),
                    "{message}"
                );
                assert!(!message.contains("--allow-empty"), "{message}");
            } else {
                assert!(out.status.success(), "{message}");
                assert_eq!(workloads(&files).1, Vec::<String>::new());
                assert_eq!(workloads(&files).0.len(), 3, "{files}");
            }
        }
        // Through a pipe there is a list of files, which holds no objects.
        let folder = Folder::new("helm-list");
        rich(&folder);
        for allow in [&[][..], &["--allow-empty"]] {
            let out = helm.piped(&folder, &["--output-dir", "out"], allow);
            assert!(!out.status.success() && out.stdout.is_empty(), "{}{}", text(&out.stdout), text(&out.stderr));
        }
    }
}

#[test]
fn a_chart_that_renders_nothing_is_an_error() {
    for helm in both() {
        let folder = Folder::new("helm-empty");
        folder.write("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
        folder.write("chart/templates/web.yaml", "{{ if .Values.enabled }}\nkind: Pod\n{{ end }}\n");
        let out = helm.rendering(&folder, &[], &[]).output().unwrap();
        let message = text(&out.stderr);
        assert!(!out.status.success() && message.contains("Helm handed over no manifests"), "{message}");
        assert!(!message.contains("--allow-empty"), "{message}");
        // Helm 4 itself refuses nothing; a Helm 3 release without manifests may be meant.
        let out = helm.rendering(&folder, &[], &["--allow-empty"]).output().unwrap();
        assert_eq!(out.status.success(), helm.major == "3", "{}", text(&out.stderr));
    }
}

#[test]
fn the_message_of_a_failure_is_seen_wherever_standard_error_goes() {
    for helm in both() {
        let folder = Folder::new("helm-refused");
        app::chart(&folder, Case::Refused);
        let rendering = || helm.rendering(&folder, &[], &[]);
        let path = folder.0.join("log");
        let mut logs = vec![("a pipe", text(&rendering().output().unwrap().stderr))];
        let mut to_file = |name, before: &str, append: bool, stdout: bool| {
            std::fs::write(&path, before).unwrap();
            let file = File::options().append(append).write(true).truncate(!append).open(&path).unwrap();
            let mut command = rendering();
            if stdout {
                command.stdout(file.try_clone().unwrap());
            }
            assert!(!command.stderr(file).status().unwrap().success(), "{name}");
            logs.push((name, std::fs::read_to_string(&path).unwrap()));
        };
        to_file("a file", "", false, false);
        to_file("a file for both", "", false, true);
        to_file("the end of a file", "before\n", true, false);
        // A terminal of its own, which `script` makes.
        let line = format!("{:?}", rendering()).replace('"', "'");
        let shown = Command::new("script").args(["-qec", &line, "/dev/null"]).current_dir(&folder.0).output();
        if let Ok(out) = shown {
            logs.push(("a terminal", text(&out.stdout)));
        }
        for (name, log) in logs {
            assert!(log.contains(MESSAGE), "Helm {}, {name}: the message is not in\n{log}", helm.version);
            assert!(log.contains("Error: "), "Helm {}, {name}: Helm's own is not in\n{log}", helm.version);
            assert!(log.contains("nothing was written"), "Helm {}, {name}: the end is not in\n{log}", helm.version);
            assert!(!log.contains(SECRET) && !log.contains('\0'), "Helm {}, {name}:\n{log}", helm.version);
            assert!(name != "the end of a file" || log.starts_with("before\n"), "{log}");
        }
    }
}

#[test]
fn the_plugin_is_laid_once_and_helm_3_cannot_read_it() {
    let folder = Folder::new("helm-plugin");
    let install = || {
        let mut command = krmor();
        command.args(["install", "helm"]).env("HELM_PLUGINS", folder.0.join("plugins"));
        let out = command.output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        text(&out.stdout)
    };
    let first = install();
    assert!(first.contains("krmor/krmor laid") && first.contains("plugin.yaml written"), "{first}");
    let again = install();
    assert!(again.contains("krmor/krmor is in place") && again.contains("plugin.yaml is in place"), "{again}");
    let listed = helm("4").command(&folder).args(["plugin", "list"]).output().unwrap();
    assert!(text(&listed.stdout).contains(env!("CARGO_PKG_VERSION")), "{}", text(&listed.stdout));
    app::chart(&folder, Case::Good);
    // Which the command and the document say: a release is rendered all the same.
    assert!(first.contains("give it a HELM_PLUGINS of its own"), "{first}");
    let out = helm("3").command(&folder).args(["template", "web", "chart"]).output().unwrap();
    assert!(out.status.success() && text(&out.stderr).contains("failed to load plugins"), "{}", text(&out.stderr));
}
