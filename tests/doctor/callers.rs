//! What calls krmor besides kustomize, what is seen to call it without krmor being run, and what is not looked at.

use super::{BINARY, CONFIG, annotated, doctor, findings_of, finds, finds_by, said, setup};
use crate::common::text;

#[test]
fn strict_fails_on_warnings() {
    let folder = setup("strict");
    let found = |strict: bool| {
        let mut command = doctor(&folder);
        command.args(strict.then_some("--strict"));
        let out = command.output().unwrap();
        (out.status.code(), text(&out.stdout))
    };
    assert_eq!(found(true).0, Some(0), "notes are none");
    folder.write("app/other.yaml", CONFIG);
    let ((lenient, _), (strict, shown)) = (found(false), found(true));
    assert_eq!((lenient, strict), (Some(0), Some(1)), "{shown}");
    assert!(shown.ends_with("\nnot healthy: 0 errors, 1 warning, 1 note\n"), "{shown}");
}

/// An exec function may be skipped whatever some calls say: those without the flag are named, each judged by itself.
#[test]
fn an_exec_function_that_may_be_skipped_is_an_error() {
    let folder = setup("exec");
    folder.write("app/krmor.yaml", annotated(&format!("exec: {{path: {BINARY}}}"), ""));
    let skipped = &["error exec-skipped app/krmor.yaml:6"][..];
    finds(&folder, skipped);
    let with = "kustomize build --enable-alpha-plugins --enable-exec app | kubectl apply -f -\n";
    let without = "kustomize build --enable-alpha-plugins app\n";
    let (yes, no) = ("the flag is seen in ", "so do the calls in ");
    for (path, content, wanted) in [
        ("deploy.sh", with.to_owned(), yes),
        (
            "deploy.sh",
            format!("#!/bin/sh\n# {without}kustomize build app \\\n  --enable-alpha-plugins \\\n  --enable-exec\n"),
            yes,
        ),
        (".github/workflows/deploy.yml", format!("jobs: {{a: {{steps: [{{run: '{}'}}]}}}}\n", with.trim()), yes),
        ("deploy.sh", format!("{with}{without}"), no),
        ("Makefile", format!("deploy:\n\t{without}"), no),
        (".gitlab-ci.yml", "deploy: {script: [kubectl apply -k app]}\n".to_owned(), no),
        ("deploy.sh", "kubectl kustomize --enable-alpha-plugins --enable-exec app\n".to_owned(), no),
        ("deploy.sh", format!("{} # TODO --enable-exec\n", without.trim()), no),
        ("deploy.sh", format!("{with}docker run example.com/kustomize:v5.8.2 build app\n"), no),
        ("deploy.sh", format!("{with}oc apply -k app\n"), no),
        ("deploy.sh", format!("{with}kubectl apply --kustomize=app\n"), no),
        (
            "skaffold.yaml",
            "apiVersion: skaffold/v4beta11\nkind: Config\nmanifests:\n  kustomize:\n    paths: [app]\n".to_owned(),
            no,
        ),
        (
            "skaffold.yaml",
            "apiVersion: skaffold/v4beta11\nkind: Config\nmanifests:\n  kustomize:\n    buildArgs: [--enable-exec]\n"
                .to_owned(),
            yes,
        ),
    ] {
        let file = folder.write(path, &content);
        let json = finds(&folder, skipped);
        let (message, _) = said(&json, "exec-skipped");
        assert!(message.contains(wanted), "{content}: {message}");
        std::fs::remove_file(file).unwrap();
    }
    let mut command = doctor(&folder);
    command.args(["--called-by", "exec"]);
    finds_by(command, &folder, &["warning exec-skipped app/krmor.yaml:6"]);
}

/// What is in other repositories is not fetched, and not passed over in silence.
#[test]
fn remote_bases_are_said_not_to_be_looked_at() {
    let folder = setup("remote");
    folder.write(
        "app/kustomization.yaml",
        "resources:\n- web.yaml\n- https://github.com/acme/base//deploy?ref=v1\n- github.com/acme/other/deploy\n- git@git.example.com:acme/third.git\ncomponents:\n- https://example.com/acme/hard.git//component?ref=main\ntransformers:\n- krmor.yaml\n",
    );
    let place = |line: usize| format!("info remote app/kustomization.yaml:{line}");
    let wanted = [place(3), place(4), place(5), place(7)];
    let json = finds(&folder, &wanted.each_ref().map(String::as_str));
    let (message, remedy) = said(&json, "remote");
    assert_eq!(
        message,
        "`resources` names https://github.com/acme/base//deploy?ref=v1, which is in another repository: it was not looked at"
    );
    assert!(remedy.contains("`krmor check`"));
}

/// Configs that pipes, plugins and post-renderers call are known by those who call them; others need a word.
#[test]
fn callers_other_than_kustomize_are_known() {
    let cmp = |command: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata: {{name: krmor}}\nspec:\n  generate:\n    command: {command}\n"
        )
    };
    let cases: &[(&str, &str, String, bool)] = &[
        (
            "a pipe",
            "render.sh",
            "kustomize build app | krmor --config app/hard.yaml | kubectl apply -f -\n".into(),
            true,
        ),
        ("continued", "render.sh", "kustomize build app |\\\n  krmor \\\n  --config=app/hard.yaml\n".into(), true),
        ("from its folder", "app/render.sh", "kustomize build . | krmor --config ./hard.yaml\n".into(), true),
        (
            "a variable",
            "Makefile",
            "render:\n\t$(KUSTOMIZE) build $(APP) | $(KRMOR) --config $(APP)/hard.yaml\n".into(),
            true,
        ),
        ("a pattern", "render.sh", "for o in *; do \"$KRMOR\" check --config \"$o/hard.yaml\" -; done\n".into(), true),
        (
            "CI",
            ".github/workflows/ci.yaml",
            "jobs:\n  a:\n    steps:\n    - run: helm template . | krmor --config app/hard.yaml\n".into(),
            true,
        ),
        (
            "GitLab",
            ".gitlab-ci.yml",
            "a:\n  script:\n  - kustomize build app | krmor --config app/hard.yaml\n".into(),
            true,
        ),
        ("Argo CD", "argo/plugin.yaml", cmp("[krmor, --config, hard.yaml]"), true),
        (
            "Argo CD's list",
            "argo/plugin.yaml",
            cmp("\n    - sh\n    - -c\n    - kustomize build . | krmor --config hard.yaml"),
            true,
        ),
        (
            "Helm",
            "deploy.sh",
            "helm upgrade a chart --post-renderer krmor --post-renderer-args --config=app/hard.yaml\n".into(),
            true,
        ),
        (
            "helmfile",
            "helmfile.yaml",
            "releases:\n- name: a\n  postRenderer: krmor\n  postRendererArgs: [--config, app/hard.yaml]\n".into(),
            true,
        ),
        ("a container", "render.sh", "docker run -i example.com/krmor:1 --config app/hard.yaml\n".into(), true),
        (
            "our action",
            ".github/workflows/krmor.yaml",
            "jobs:\n  a:\n    steps:\n    - uses: acme/krmor@v1\n      with:\n        path: app\n        config: app/hard.yaml\n".into(),
            true,
        ),
        (
            "pre-commit",
            ".pre-commit-config.yaml",
            "repos:\n- repo: https://example.com/krmor-hooks\n  hooks:\n  - id: krmor-check\n    args: [--config, app/hard.yaml]\n".into(),
            true,
        ),
        ("gone into", "render.sh", "cd app && kustomize build . | krmor --config hard.yaml\n".into(), true),
        ("gone into before", "render.sh", "set -e\ncd app\nkustomize build . |\n  krmor --config hard.yaml\n".into(), true),
        ("by make", "Makefile", "all:\n\tcd app; kustomize build . | krmor --config=hard.yaml\n".into(), true),
        (
            "a working directory",
            ".github/workflows/a.yaml",
            "jobs:\n  a:\n    defaults: {run: {working-directory: app}}\n    steps:\n    - run: kustomize build . | krmor --config hard.yaml\n".into(),
            true,
        ),
        ("gone elsewhere", "render.sh", "cd over && kustomize build . | krmor --config hard.yaml\n".into(), false),
        ("another config", "render.sh", "kustomize build app | krmor --config app/other.yaml\n".into(), false),
        ("another folder", "render.sh", "kustomize build app | krmor --config over/hard.yaml\n".into(), false),
        ("another program", "render.sh", "kustomize build app | other --config app/hard.yaml\n".into(), false),
        ("a comment", "render.sh", "# krmor --config app/hard.yaml\n".into(), false),
        ("prose", "README.md", "krmor --config app/hard.yaml\n".into(), false),
    ];
    for (number, (name, path, content, known)) in cases.iter().enumerate() {
        let folder = setup(&format!("callers-{number}"));
        folder.write("app/hard.yaml", CONFIG);
        folder.write(path, content);
        let unreferenced = ["warning unreferenced app/hard.yaml:1"];
        let wanted: &[&str] = if *known { &[] } else { &unreferenced };
        let (mut found, _, json) = findings_of(doctor(&folder), &folder);
        found.retain(|finding| finding != "info no-kustomize");
        assert_eq!(found, wanted, "{name}: {json:#}");
        if *known {
            let told = json["facts"]["called by"].as_str().unwrap_or_default();
            assert!(told.contains(path), "{name}: {told}");
            // It is read, as those that kustomize calls.
            folder.write("app/hard.yaml", format!("{CONFIG}spec: {{levle: x}}\n"));
            finds(&folder, &["error config app/hard.yaml:5"]);
        }
    }
    // What nobody sees can be said.
    let folder = setup("called-by");
    folder.write("app/hard.yaml", CONFIG);
    let json = finds(&folder, &["warning unreferenced app/hard.yaml:1"]);
    let (message, remedy) = said(&json, "unreferenced");
    assert!(message.contains("is seen to call the config SecurityContext harden"), "{message}");
    assert!(remedy.contains("--called-by pipe, cmp or helm"), "{remedy}");
    for how in ["pipe", "cmp", "helm"] {
        let mut command = doctor(&folder);
        command.args(["--strict", "--called-by", how]);
        finds_by(command, &folder, &[]);
    }
}
