//! Argo CD's own argocd-cmp-server and argocd-repo-server with krmor's plugins: what an application gets, and what it is told.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::{self, Answer, CONFIG, Case, MESSAGE, SECRET};
use crate::common::{Folder, text, tool};
use crate::helm::pinned;
use crate::stand::{Differs, PROGRAMS, Plugin, Repo, commit, give, module, parameters, printed};
use crate::table::Row;

fn central() -> Value {
    json!({"plugin": {"name": "krmor-central"}})
}

fn manifests(answer: &Value) -> String {
    let list = answer["manifests"].as_array().cloned().unwrap_or_default();
    list.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join("\n---\n")
}

fn error(answer: &Value) -> String {
    answer["error"].as_str().unwrap_or_default().to_owned()
}

impl From<&Value> for Answer {
    fn from(answer: &Value) -> Self {
        Self { well: answer.get("error").is_none(), manifests: manifests(answer), message: error(answer) }
    }
}

/// The rows of the table: each plugin in a cmp-server of its own.
pub fn rows() -> Vec<Row> {
    let version = pinned("tests/argocd/go.mod", "github.com/argoproj/argo-cd/v3");
    let row = |plugin: &'static str, mode: &str| Row {
        caller: "Argo CD cmp-server".to_owned(),
        version: version.clone(),
        mode: format!("plugin `{plugin}`: {mode}"),
        skips: false,
        call: Box::new(move |case| asked(plugin, case)),
    };
    vec![
        row("own", "the repository's config"),
        row("central", "one config for all"),
        row("helm", "helm template, one config for all"),
    ]
}

fn asked(plugin: &str, case: Case) -> Answer {
    // A sidecar without krmor: its kustomize and helm are there.
    let without = Folder::new("without-krmor");
    let missing = case == Case::Missing;
    let differs = Differs { path: missing.then_some(without.0.as_path()), no_home: missing, ..Differs::default() };
    for name in ["kustomize", "helm"] {
        std::os::unix::fs::symlink(PROGRAMS.join("bin").join(name), without.0.join(name)).unwrap();
    }
    let server = Plugin::start(plugin, CONFIG, &differs);
    let folder = Folder::new("application");
    app::kustomization(&folder, case, (plugin == "own").then_some(CONFIG));
    app::chart(&folder, case);
    let path = if plugin == "helm" { "chart" } else { "app" };
    Answer::from(&server.ask(&folder.0, path, &[])[0])
}

/// An application of many Deployments.
fn large(folder: &Folder, path: &str, resources: usize) {
    let all: Vec<String> = (0..resources).map(|number| one(&format!("{path}-{number}"))).collect();
    folder.write(&format!("{path}/web.yaml"), all.join("---\n"));
    folder.write(&format!("{path}/kustomization.yaml"), "resources: [web.yaml]\n");
}

fn one(name: &str) -> String {
    app::manifests(Case::Good).split_once("---\n").unwrap().1.replace("name: web\n", &format!("name: {name}\n"))
}

#[test]
fn an_application_that_was_not_hardened_is_an_error() {
    let own = Plugin::start("own", CONFIG, &Differs::default());
    let central = Plugin::start("central", CONFIG, &Differs::default());
    let folder = Folder::new("not-hardened");
    folder.write("nothing/kustomization.yaml", "resources: [web.yaml]\n");
    folder.write("nothing/web.yaml", "# none\n");
    folder.write("broken/kustomization.yaml", "resources: [web.yaml]\n");
    folder.write("broken/web.yaml", "kind: [\n");
    app::kustomization(&folder, Case::Good, None);
    for (plugin, path, wanted) in [
        (&own, "app", "no krmor config has hardened"),
        (&own, "nothing", "rendered no objects"),
        (&central, "nothing", "rendered no objects"),
        (&central, "broken", "failed with exit status: 1; nothing was written"),
        (&own, "broken", "failed with exit status: 1; nothing was written"),
    ] {
        let answer = &plugin.ask(&folder.0, path, &[])[0];
        assert!(error(answer).contains(wanted) && manifests(answer).is_empty(), "{path}: {answer}");
    }
    // kustomize skips an exec function in silence, since the plugin enables none.
    app::kustomization(&folder, Case::Good, Some(&app::exec_config(&PROGRAMS.join("bin/krmor"))));
    let answer = &own.ask(&folder.0, "app", &[])[0];
    assert!(error(answer).contains("no krmor config has hardened"), "{answer}");
    let answer = &central.ask(&folder.0, "app", &[])[0];
    assert_eq!(app::objects(&manifests(answer)), app::expected());
    for plugin in [&own, &central] {
        assert_eq!(plugin.left(), (vec![], vec![]), "{}", plugin.server.text());
        assert!(!plugin.server.text().contains(SECRET));
    }
}

#[test]
fn parameters_are_announced_and_taken_and_turn_nothing_off() {
    let central = Plugin::start("central", CONFIG, &Differs::default());
    let folder = Folder::new("parameters");
    app::kustomization(&folder, Case::Good, None);
    std::fs::create_dir_all(folder.0.join("overlay")).unwrap();
    folder.write("overlay/kustomization.yaml", "resources: [../app]\nnamePrefix: pre-\n");
    let announced = parameters(&central, &folder.0);
    assert_eq!(announced[0]["name"], "overlay");
    let answer = &central.ask(&folder.0, ".", &["--env=PARAM_OVERLAY=overlay"])[0];
    assert!(manifests(answer).contains("pre-web") && manifests(answer).contains("runAsNonRoot"), "{answer}");
    let answer = &central.ask(&folder.0, "app", &["--env=PARAM_OVERLAY=--enable-helm"])[0];
    assert!(error(answer).contains("begins with `-`"), "{answer}");

    let helm = Plugin::start("helm", CONFIG, &Differs::default());
    let names: Vec<Value> =
        parameters(&helm, &folder.0).as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["release-name", "values-files", "set"]);
    app::chart(&folder, Case::Good);
    let hook = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{ .Release.Name }}-{{ .Values.suffix }}\n  namespace: {{ \
                .Release.Namespace }}\n  annotations: {helm.sh/hook: pre-install}\nspec:\n  template:\n    spec: \
                {restartPolicy: Never, containers: [{name: a, image: 'a:1', env: [{name: A, value: {{ .Values.a }}}]}]}\n";
    folder.write("chart/templates/hook.yaml", hook);
    folder.write("chart/values.yaml", "suffix: default\na: default\n");
    folder.write("chart/other.yaml", "suffix: other\n");
    let more = ["--env=PARAM_VALUES_FILES_0=other.yaml", "--env=PARAM_SET_0=a=set"];
    let answer = &helm.ask(&folder.0, "chart", &more)[0];
    let objects = app::objects(&manifests(answer));
    let job = objects.get("\"Job\" \"web-other\"").unwrap_or_else(|| panic!("{answer}"));
    assert!(app::hardened(job) && job["metadata"]["namespace"] == "shop", "{job}");
    assert_eq!(job["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"], "set");
}

#[test]
fn what_the_deadline_kills_leaves_nothing_behind() {
    // A plugin of kustomize that hangs: by then kustomize has written a file for it.
    let slow = ("example.com/v1/slow/Slow", "#!/bin/sh\nsleep 300\n");
    let path = format!("{}:/usr/bin:/bin", PROGRAMS.join("bin").display());
    let differs = Differs { kustomize_plugin: Some(slow), path: Some(Path::new(&path)), ..Differs::default() };
    let central = Plugin::start("central", CONFIG, &differs);
    let folder = Folder::new("slow");
    app::kustomization(&folder, Case::Good, Some("apiVersion: example.com/v1\nkind: Slow\nmetadata: {name: slow}\n"));
    let start = Instant::now();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| central.ask(&folder.0, "app", &["--timeout=10s"]));
        // Before the deadline they are there: what is looked for can be found.
        let seen = std::iter::repeat_with(|| {
            std::thread::sleep(Duration::from_millis(100));
            central.left_now()
        });
        let seen = seen
            .take(90)
            .any(|(files, processes)| !files.is_empty() && processes.iter().any(|one| one.contains("sleep")));
        let answer = &call.join().unwrap()[0];
        assert!(!error(answer).is_empty(), "{answer}");
        assert!(seen, "the call was not seen to run: {}", central.server.text());
    });
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(central.left(), (vec![], vec![]));
    // And the next call is as good as the first.
    app::kustomization(&folder, Case::Good, None);
    let answer = &central.ask(&folder.0, "app", &[])[0];
    assert_eq!(app::objects(&manifests(answer)), app::expected());
}

#[test]
fn the_repo_server_gives_what_the_plugin_gives_or_says_why_not() {
    let sockets = Folder::new("sockets");
    let plugin = Plugin::start("central", CONFIG, &Differs { sockets: Some(&sockets.0), ..Differs::default() });
    let repo = Repo::start(&sockets.0, &[]);
    let folder = Folder::new("repository");
    app::kustomization(&folder, Case::Good, None);
    let ask = |path: &str, source: &Value, more: &[&str]| repo.ask(&folder.0, path, source, more).remove(0);
    for (name, text) in
        [("escape", "plugin: null\nkustomize: {namePrefix: x-}\n"), ("plain", "directory: {recurse: true}\n")]
    {
        folder.write(&format!("{name}/web.yaml"), app::manifests(Case::Good));
        folder.write(&format!("{name}/kustomization.yaml"), "resources: [web.yaml]\n");
        folder.write(&format!("{name}/.argocd-source.yaml"), text);
    }
    folder.write("refused/web.yaml", app::manifests(Case::Refused));
    folder.write("refused/kustomization.yaml", "resources: [web.yaml]\n");
    commit(&folder.0);

    let answer = ask("app", &central(), &[]);
    let kinds: Vec<Value> = objects(&answer).values().map(|one| one["kind"].clone()).collect();
    assert_eq!((kinds, answer["sourceType"].as_str()), (vec![json!("Deployment"), json!("Secret")], Some("Plugin")));
    assert!(objects(&answer).values().any(app::hardened), "{answer}");
    let answer = ask("refused", &central(), &[]);
    assert!(error(&answer).contains(MESSAGE) && error(&answer).contains("nothing was written"), "{answer}");
    assert!(!error(&answer).contains(SECRET) && manifests(&answer).is_empty(), "{answer}");
    // No file of the repository takes the plugin away that the Application names.
    for path in ["escape", "plain"] {
        let answer = ask(path, &central(), &[]);
        assert!(error(&answer).contains("multiple application sources defined"), "{path}: {answer}");
    }

    // The answer is kept: another config shows after a hard refresh.
    std::fs::write(plugin.folder.0.join("config/krmor.yaml"), CONFIG.replace("10001", "10002")).unwrap();
    assert!(manifests(&ask("app", &central(), &[])).contains("10001"));
    assert!(manifests(&ask("app", &central(), &["--no-cache"])).contains("10002"));

    // Without the sidecar an application that names it fails; one that names none is rendered by Argo CD itself.
    drop(plugin);
    let answer = ask("app", &central(), &["--no-cache"]);
    assert!(error(&answer).contains("could not find cmp-server plugin"), "{answer}");
    let answer = ask("app", &json!({}), &["--no-cache"]);
    assert_eq!(
        (answer["sourceType"].as_str(), objects(&answer).values().any(app::hardened)),
        (Some("Kustomize"), false)
    );
    assert!(!repo.server.text().contains(SECRET), "the repo-server's log tells a secret");
}

fn objects(answer: &Value) -> BTreeMap<String, Value> {
    app::objects(&manifests(answer))
}

#[test]
fn build_options_call_krmor_from_the_repo_servers_own_kustomize() {
    let (home, empty) = (Folder::new("home"), Folder::new("no-home"));
    printed(&["install", "kustomize", "--home", home.0.to_str().unwrap()]);
    give(&home.0);
    let folder = Folder::new("build-options");
    app::kustomization(&folder, Case::Good, Some(CONFIG));
    commit(&folder.0);
    let sockets = Folder::new("no-sockets");
    for (home, hardened) in [(&home, true), (&empty, false)] {
        let repo = Repo::start(&sockets.0, &[("KUSTOMIZE_PLUGIN_HOME", home.0.to_str().unwrap())]);
        let answer = repo.ask(&folder.0, "app", &json!({}), &["--build-options=--enable-alpha-plugins"]).remove(0);
        assert_eq!(objects(&answer).values().any(app::hardened), hardened, "{answer}");
        // What is not there fails, and so does what is not switched on.
        assert_eq!(error(&answer).is_empty(), hardened, "{answer}");
        let answer = repo.ask(&folder.0, "app", &json!({}), &["--no-cache"]).remove(0);
        assert!(!error(&answer).is_empty() && manifests(&answer).is_empty(), "{answer}");
    }
}

/// Twenty applications of two hundred resources at once: through the repo-server, and to plugins that may use one core each, as
/// replicas of the repo-server on nodes of their own would. `cargo test --test callers twenty -- --nocapture` prints it.
#[test]
fn twenty_applications_at_once() {
    const COUNT: usize = 20;
    const RESOURCES: usize = 200;
    let folder = Folder::new("twenty");
    for number in 0..COUNT {
        large(&folder, &format!("app-{number}"), RESOURCES);
    }
    commit(&folder.0);
    let whole = |answers: &[Value]| {
        for answer in answers {
            let objects = objects(answer);
            assert_eq!(objects.len(), RESOURCES, "{answer}");
            assert!(objects.values().all(app::hardened));
        }
    };
    let count = format!("--count={COUNT}");
    let flags = [count.as_str(), "--timeout=10m"];
    println!(
        "| {COUNT} applications of {RESOURCES} resources at once | seconds | seconds of a core |\n| --- | --- | --- |"
    );

    let sockets = Folder::new("sockets");
    let plugin = Plugin::start("central", CONFIG, &Differs { sockets: Some(&sockets.0), ..Differs::default() });
    let repo = Repo::start(&sockets.0, &[]);
    for name in ["repo-server and cmp-server", "the same, from the cache"] {
        let before = repo.server.cores_used() + plugin.server.cores_used();
        let start = Instant::now();
        let answers = repo.ask(&folder.0, "app-%d", &central(), &flags);
        let used = repo.server.cores_used() + plugin.server.cores_used() - before;
        println!("| {name} | {:.1} | {used:.1} |", start.elapsed().as_secs_f64());
        whole(&answers);
    }
    assert_eq!(plugin.left(), (vec![], vec![]));
    drop((repo, plugin));

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let on =
        |core: &'static str| Plugin::start("central", CONFIG, &Differs { cores: Some(core), ..Differs::default() });
    let first = on("0");
    let start = Instant::now();
    whole(&first.ask(&folder.0, "app-%d", &flags));
    let used = first.server.cores_used();
    println!("| one cmp-server on one core | {:.1} | {used:.1} |", start.elapsed().as_secs_f64());
    if cores < 2 {
        println!("| two cmp-servers: this machine has one core | | |");
        return;
    }
    let second = on("1");
    let start = Instant::now();
    let half = format!("--count={}", COUNT / 2);
    let half = [half.as_str(), "--timeout=10m"];
    std::thread::scope(|scope| {
        let other = scope.spawn(|| second.ask(&folder.0, "app-1%d", &half));
        whole(&first.ask(&folder.0, "app-%d", &half));
        whole(&other.join().unwrap());
    });
    let used = first.server.cores_used() + second.server.cores_used() - used;
    println!("| two cmp-servers on a core each | {:.1} | {used:.1} |", start.elapsed().as_secs_f64());
}

/// What `krmor install argocd` writes, over Argo CD's own manifests, by stock kustomize.
#[test]
fn the_component_fits_argo_cds_own_manifests() {
    let folder = Folder::new("component");
    let component = folder.0.join("krmor");
    let install = ["install", "argocd", "--plugin", "own", "--plugin", "central", "--plugin", "helm", "--image"];
    let install =
        [&install[..], &["registry.example.com/krmor-argocd:1", "--directory", component.to_str().unwrap()]].concat();
    let told = printed(&install);
    assert!(told.contains("krmor-central.yaml written"), "{told}");
    std::fs::write(component.join("krmor.yaml"), CONFIG).unwrap();
    let again = printed(&install);
    assert!(again.contains("krmor.yaml is yours") && !again.contains("written"), "{again}");

    let deployment = module().join("manifests/base/repo-server/argocd-repo-server-deployment.yaml");
    let deployment = std::fs::read_to_string(deployment).unwrap();
    folder.write("deployment.yaml", deployment);
    folder.write("kustomization.yaml", "namespace: argocd\nresources: [deployment.yaml]\ncomponents: [krmor]\n");
    let out = std::process::Command::new(tool("kustomize")).arg("build").arg(&folder.0).output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let objects = app::objects(&text(&out.stdout));
    let pod = &objects.values().find(|one| one["kind"] == "Deployment").unwrap()["spec"]["template"]["spec"];
    let list = |list: &str, key: &str| -> Vec<Value> {
        pod[list].as_array().unwrap().iter().map(|one| one[key].clone()).collect()
    };
    let names = list("containers", "name");
    for plugin in ["own", "central", "helm"] {
        let name = format!("krmor-{plugin}");
        let at = names.iter().position(|one| one == &json!(name)).unwrap_or_else(|| panic!("{names:?}"));
        let container = &pod["containers"][at];
        assert_eq!(container["image"], "registry.example.com/krmor-argocd:1");
        // Every volume is there, and the config's has the plugin's file under a name that changes with it.
        for mount in container["volumeMounts"].as_array().unwrap() {
            let volumes: Vec<&Value> =
                pod["volumes"].as_array().unwrap().iter().filter(|one| one["name"] == mount["name"]).collect();
            assert_eq!(volumes.len(), 1, "{mount}");
            if mount["mountPath"] == "/home/argocd/cmp-server/config" {
                let map = volumes[0]["configMap"]["name"].as_str().unwrap();
                assert!(map.starts_with(&format!("{name}-")), "{map}");
                let data = &objects.values().find(|one| one["metadata"]["name"] == map).unwrap()["data"];
                assert_eq!(data.get("krmor.yaml").is_some(), plugin != "own");
                assert!(data["plugin.yaml"].as_str().unwrap().contains(&format!("name: {name}\n")));
            }
        }
        assert!(list("volumes", "name").contains(&json!(format!("{name}-tmp"))));
    }
}
