//! The table: each row is a stock tool, which really ran.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::app::{self, Answer, CONFIG, Case, MESSAGE, SECRET};
use crate::argocd;
use crate::common::{Folder, engine, krmor, text, tool};
use crate::helm::{helm, pinned};

/// A caller of krmor.
pub struct Row {
    pub caller: String,
    pub version: String,
    pub mode: String,
    /// What is known to go on, un-hardened and in silence, when krmor is not called. It is said in the documents.
    pub skips: bool,
    pub call: Box<dyn Fn(Case) -> Answer>,
}

fn row(caller: &str, version: &str, mode: &str, call: impl Fn(Case) -> Answer + 'static) -> Row {
    Row { caller: caller.into(), version: version.into(), mode: mode.into(), skips: false, call: Box::new(call) }
}

/// A plugin home: krmor's links, or nothing.
fn home(folder: &Folder, case: Case) -> PathBuf {
    let home = folder.0.join("home");
    std::fs::create_dir_all(&home).unwrap();
    if case != Case::Missing {
        let out = krmor().args(["install", "kustomize", "--home"]).arg(&home).output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
    }
    home
}

/// krmor, or a program that is not there.
fn program(folder: &Folder, case: Case) -> PathBuf {
    match case {
        Case::Missing => folder.0.join("not-there"),
        _ => PathBuf::from(env!("CARGO_BIN_EXE_krmor")),
    }
}

fn legacy(program: &Path, command: &'static str) -> impl Fn(Case) -> Answer + use<> {
    let program = program.to_owned();
    move |case| {
        let folder = Folder::new("legacy");
        app::kustomization(&folder, case, Some(CONFIG));
        let mut run = Command::new(&program);
        run.env("KUSTOMIZE_PLUGIN_HOME", home(&folder, case)).args([command, "--enable-alpha-plugins"]);
        run.arg(folder.0.join("app")).output().unwrap().into()
    }
}

fn exec(program_of: &Path, flags: &'static [&'static str]) -> impl Fn(Case) -> Answer + use<> {
    let kustomize = program_of.to_owned();
    move |case| {
        let folder = Folder::new("exec");
        app::kustomization(&folder, case, Some(&app::exec_config(&program(&folder, case))));
        Command::new(&kustomize).arg("build").args(flags).arg(folder.0.join("app")).output().unwrap().into()
    }
}

/// The image as kustomize's KRM function.
fn container(kustomize: &Path, image: &str) -> impl Fn(Case) -> Answer + use<> {
    let (kustomize, image) = (kustomize.to_owned(), image.to_owned());
    move |case| {
        let folder = Folder::new("container");
        let image = if case == Case::Missing { "localhost/krmor:not-there" } else { &image };
        app::kustomization(&folder, case, Some(&app::function_config(&format!("container: {{image: {image}}}"))));
        let mut build = Command::new(&kustomize);
        build.args(["build", "--enable-alpha-plugins"]).arg(folder.0.join("app")).output().unwrap().into()
    }
}

/// Tools that change the package's files.
fn in_place(
    tool: &Path,
    arguments: &'static [&'static str],
    declare: fn(&Folder, &Path),
) -> impl Fn(Case) -> Answer + use<> {
    let tool = tool.to_owned();
    move |case| {
        let folder = Folder::new("package");
        let file = folder.write("app/web.yaml", app::manifests(case));
        declare(&folder, &program(&folder, case));
        let out = Command::new(&tool).args(arguments).current_dir(folder.0.join("app")).output().unwrap();
        let manifests = std::fs::read_to_string(file).unwrap();
        let changed = manifests != app::manifests(case);
        let message = format!("{}{}", text(&out.stdout), text(&out.stderr));
        // A package whose files stay as they were has been handed nothing.
        Answer { well: out.status.success(), manifests: if changed { manifests } else { String::new() }, message }
    }
}

fn kptfile(folder: &Folder, krmor: &Path) {
    kpt_function(folder, &format!("exec: {}", krmor.display()));
}

/// To a name without a folder kpt adds its own registry.
const IN_KPT: &str = "localhost/krmor:callers";

fn kpt_container(folder: &Folder, krmor: &Path) {
    let image = if krmor.exists() { IN_KPT } else { "localhost/krmor:not-there" };
    kpt_function(folder, &format!("image: {image}"));
}

fn kpt_function(folder: &Folder, how: &str) {
    folder.write("app/krmor.yaml", CONFIG.replace("  name: harden\n", LOCAL));
    folder.write(
        "app/Kptfile",
        format!(
            "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {{name: app}}\npipeline:\n  mutators:\n    - {how}\n      \
             configPath: krmor.yaml\n"
        ),
    );
}

const LOCAL: &str = "  name: harden\n  annotations:\n    config.kubernetes.io/local-config: \"true\"\n";

fn functions(folder: &Folder, krmor: &Path) {
    folder.write(
        "app/krmor.yaml",
        app::exec_config(krmor).replace("  annotations:\n", &LOCAL["  name: harden\n".len()..]),
    );
}

fn shell(script: impl Fn(&str) -> String + 'static) -> impl Fn(Case) -> Answer {
    move |case| {
        let folder = Folder::new("pipe");
        app::kustomization(&folder, case, None);
        app::chart(&folder, case);
        folder.write("config.yaml", CONFIG);
        let program = program(&folder, case);
        // Bash's pipefail: a shell without it hides that the renderer failed, but krmor refuses the empty stream.
        let script = format!("set -o pipefail; {}", script(&program.display().to_string()));
        Command::new("bash").args(["-c", &script]).current_dir(&folder.0).output().unwrap().into()
    }
}

fn on_path(name: &str, arguments: &[&str]) -> Option<String> {
    let out = Command::new(name).args(arguments).output().ok().filter(|out| out.status.success())?;
    text(&out.stdout)
        .split_whitespace()
        .find(|word| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

fn rows() -> Vec<Row> {
    const BOTH: &[&str] = &["--enable-alpha-plugins", "--enable-exec"];
    let mut rows = Vec::new();
    let kustomize = tool("kustomize");
    let newest = pinned("tests/tools/kustomize/go.mod", "sigs.k8s.io/kustomize/kustomize/v5");
    let shown = kustomize.display().to_string();
    let build = format!("{shown} build app");
    rows.push(row("pipe", &newest, "kustomize build, piped into krmor", {
        let build = build.clone();
        shell(move |krmor| format!("{build} | {krmor} --config config.yaml"))
    }));
    rows.push(row("krmor render", &newest, "-- kustomize build", {
        shell(move |krmor| format!("{krmor} render --config config.yaml -- {build}"))
    }));
    let mut all = vec![(newest.clone(), kustomize.clone())];
    all.extend(
        ["5.4.3", "5.0.3", "4.5.7"].map(|version| (format!("v{version}"), tool(&format!("kustomize-{version}")))),
    );
    for (version, kustomize) in &all {
        rows.push(row("kustomize", version, "legacy plugin, --enable-alpha-plugins", legacy(kustomize, "build")));
        rows.push(row("kustomize", version, "KRM exec, --enable-exec too", exec(kustomize, BOTH)));
    }
    let forgotten = exec(&kustomize, &["--enable-alpha-plugins"]);
    rows.push(Row { skips: true, ..row("kustomize", &newest, "KRM exec, --enable-exec forgotten", forgotten) });
    rows.push(row("kustomize fn run", &newest, "--enable-exec, in place", {
        in_place(&kustomize, &["fn", "run", "--enable-exec", "."], functions)
    }));
    let kubectl = pinned("tests/tools/kubectl/go.mod", "k8s.io/kubectl").replace("v0.", "v1.");
    rows.push(row("kubectl kustomize", &kubectl, "legacy plugin", legacy(&tool("kubectl"), "kustomize")));
    if let Some(version) = on_path("kubectl", &["version", "--client"]) {
        rows.push(row(
            "kubectl kustomize",
            &version,
            "legacy plugin (from the PATH)",
            legacy(Path::new("kubectl"), "kustomize"),
        ));
    }
    let kpt = pinned("tests/tools/kpt/go.mod", "github.com/GoogleContainerTools/kpt");
    const RENDER: &[&str] = &["fn", "render", ".", "--allow-exec"];
    rows.push(row("kpt fn render", &kpt, "exec, in place", in_place(&tool("kpt"), RENDER, kptfile)));
    if let Some(version) = on_path("kpt", &["version"]) {
        rows.push(row(
            "kpt fn render",
            &version,
            "exec, in place (from the PATH)",
            in_place(Path::new("kpt"), RENDER, kptfile),
        ));
    }
    if let Some(image) = engine::load(Path::new("target/image")) {
        let tagged = Command::new("docker").args(["tag", &image, IN_KPT]).status().unwrap();
        assert!(tagged.success());
        rows.push(row("kustomize", &newest, "container of the image", container(&kustomize, &image)));
        const RENDER: &[&str] = &["fn", "render", ".", "--image-pull-policy", "never"];
        rows.push(row("kpt fn render", &kpt, "container of the image, in place", {
            in_place(&tool("kpt"), RENDER, kpt_container)
        }));
    }
    for major in ["3", "4"] {
        let helm = helm(major);
        let template = format!("{} template web chart", helm.program.display());
        rows.push(row(
            "Helm",
            &helm.version,
            "helm template, piped into krmor",
            shell(move |krmor| format!("{template} | {krmor} --config config.yaml")),
        ));
        let version = helm.version.clone();
        rows.push(row("Helm", &version, "post-renderer", move |case| helm.post_rendered(case)));
    }
    rows.extend(argocd::rows());
    rows
}

#[test]
fn every_caller_gives_the_same_objects_or_stops() {
    let expected = app::expected();
    let mut wrong = Vec::new();
    println!(
        "| caller | version | mode | same objects | a failure stops it | its message is seen | nothing skipped in silence |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for Row { caller, version, mode, skips, call } in rows() {
        let good = call(Case::Good);
        let refused = call(Case::Refused);
        let missing = call(Case::Missing);
        // A row that is known to skip is never hardened at all.
        let same = good.well && app::objects(&good.manifests) == expected;
        let stops = !refused.well && app::objects(&refused.manifests).is_empty();
        let message = refused.message.contains(MESSAGE);
        let loud = !missing.well && app::objects(&missing.manifests).is_empty();
        let yes = |flag: bool| if flag { "yes" } else { "**no**" };
        println!(
            "| {caller} | {version} | {mode} | {} | {} | {} | {} |",
            yes(same),
            yes(stops),
            yes(message),
            yes(loud)
        );
        if [same, stops, message, loud] != [!skips; 4] {
            wrong.push(format!("{caller} {version}, {mode}:\n{good:#?}\n{refused:#?}\n{missing:#?}"));
        }
        // What a tool hands on holds the values of its Secrets; what it says must not.
        for answer in [&good, &refused, &missing] {
            assert!(!answer.message.contains(SECRET), "{caller} {version}, {mode} tells a secret: {}", answer.message);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
