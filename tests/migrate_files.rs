//! Which files `krmor migrate` and `krmor run` write: none outside of what was named, all or none, and nothing is told before.

use crate::common::{Folder, krmor, text};
use crate::migrate_secrets::{ESO, build, find, migrated, read, refused, tree, web, with};
use std::process::Output;

const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  ingressClassName: nginx\n  rules:\n  - host: a.example.com\n    http:\n      paths:\n      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: cAnArY}\n";

fn ingress(folder: &Folder, more: &[&str]) -> Output {
    let mut command = krmor();
    command.current_dir(&folder.0).args(["migrate", "ingress", "--to", "gateway", "--gateway-class", "c", "app"]);
    command.args(more).output().unwrap()
}

#[test]
fn a_backend_that_is_a_name_outside_of_the_cluster_is_refused() {
    let service = |kind: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{type: {kind}, externalName: other.example.com, ports: [{{port: 80}}]}}\n"
        )
    };
    let external = tree("external", &[("all.yaml", &format!("{INGRESS}{}", service("ExternalName")))]);
    let out = ingress(&external, &[]);
    assert_eq!((out.status.code(), text(&out.stdout)), (Some(1), String::new()));
    let said = text(&out.stderr);
    assert!(
        said.contains("app/all.yaml:10: Ingress web: backend: the Service `web` is of type ExternalName"),
        "{said}"
    );
    assert!(said.contains("EndpointSlice"), "{said}");
    assert!(
        ingress(&tree("internal", &[("all.yaml", &format!("{INGRESS}{}", service("ClusterIP")))]), &[])
            .status
            .success()
    );
}

/// A link in the directory, to a file outside of it: what is there is nobody's to write.
#[cfg(unix)]
#[test]
fn links_out_of_the_directory_are_not_written_through() {
    use std::os::unix::fs::symlink;
    let linked = |name: &str, content: &str| {
        let folder = tree(name, &[("kustomization.yaml", "resources: [linked.yaml]\n")]);
        folder.write("outside.yaml", content);
        symlink(folder.0.join("outside.yaml"), folder.0.join("app/linked.yaml")).unwrap();
        folder
    };
    let folder = linked("linked-ingress", INGRESS);
    let out = ingress(&folder, &[]);
    assert_ne!(out.status.code(), Some(0), "{}", text(&out.stdout));
    assert_eq!((read(&folder, "../outside.yaml"), text(&out.stdout)), (INGRESS.to_owned(), String::new()));
    let folder = linked("linked-secret", SECRET);
    let said = refused(&folder, &with("secrets", &ESO, &[]), 1);
    assert!(said.contains("outside app"), "{said}");
    // `run --in-place`, and `-o` into a directory with such a link.
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: p}]}\n";
    let config = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nspec: {runAsUser: 10001}\n";
    let folder = linked("linked-pod", pod);
    folder.write("config.yaml", config);
    std::fs::remove_file(folder.0.join("app/kustomization.yaml")).unwrap();
    let run = |args: &[&str]| {
        krmor().current_dir(&folder.0).args(["run", "--config", "config.yaml"]).args(args).output().unwrap()
    };
    for args in [&["--in-place", "--report", "text", "app"][..], &["-o", "app", "app/linked.yaml"]] {
        let out = run(args);
        assert_eq!(out.status.code(), Some(2), "{args:?}: {}", text(&out.stderr));
        assert!(text(&out.stderr).contains("outside of what was named"), "{}", text(&out.stderr));
        assert!(!text(&out.stderr).contains("runAsUser"), "a change is told that was not made: {}", text(&out.stderr));
        assert_eq!(read(&folder, "../outside.yaml"), pod);
    }
    // A link that is named itself is followed, and stays a link; so is one to a file inside.
    assert!(run(&["--in-place", "app/linked.yaml"]).status.success());
    assert!(read(&folder, "../outside.yaml").contains("runAsUser"));
    assert!(folder.0.join("app/linked.yaml").is_symlink());
    folder.write("app/inside.txt", pod);
    std::fs::remove_file(folder.0.join("app/linked.yaml")).unwrap();
    symlink("inside.txt", folder.0.join("app/linked.yaml")).unwrap();
    let out = run(&["--in-place", "app"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(read(&folder, "inside.txt").contains("runAsUser"));
}

/// What could not be written is not on the screen as done.
#[test]
fn nothing_is_told_before_it_is_written() {
    // A second name of the file: writing it is refused, to root, too.
    let name = "app.yaml";
    let hard = |folder: &Folder| std::fs::hard_link(folder.0.join("app/app.yaml"), folder.0.join("second")).unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: p}]}\n";
    let folder = tree("told", &[(name, INGRESS)]);
    hard(&folder);
    let out = ingress(&folder, &[]);
    assert_eq!((out.status.code(), text(&out.stdout)), (Some(2), String::new()), "{}", text(&out.stderr));
    assert_eq!(read(&folder, name), INGRESS);
    let out = ingress(&folder, &["--report", "json"]);
    assert_eq!((out.status.code(), text(&out.stdout)), (Some(2), String::new()), "{}", text(&out.stderr));
    let folder = tree("told-run", &[(name, pod)]);
    hard(&folder);
    folder.write("config.yaml", "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nspec: {runAsUser: 10001}\n");
    let mut run = krmor();
    run.current_dir(&folder.0).args(["run", "--config", "config.yaml", "--in-place", "--report", "text", "app"]);
    let out = run.output().unwrap();
    assert_eq!(out.status.code(), Some(2), "{}", text(&out.stderr));
    assert!(!text(&out.stderr).contains("runAsUser"), "{}", text(&out.stderr));
}

#[test]
fn a_generator_that_is_written_into_the_kustomization_is_migrated() {
    let generators = "resources: [web.yaml]\ngenerators:\n- |-\n  apiVersion: builtin\n  kind: SecretGenerator\n  metadata: {name: db}\n  literals: [password=cAnArY]\n";
    let folder = tree("inline", &[("kustomization.yaml", generators), ("web.yaml", &web(&["db"]))]);
    migrated(&folder, &with("secrets", &ESO, &[]));
    assert!(read(&folder, "kustomization.yaml").contains("password=<path:secret/data/db#password>"));
    find(&build(&folder, "app"), "ExternalSecret", "db");
    // A generator alone.
    let alone = "secretGenerator:\n- {name: db, literals: [password=cAnArY]}\n";
    let folder = tree("alone", &[("kustomization.yaml", alone)]);
    migrated(&folder, &with("secrets", &ESO, &[]));
    find(&build(&folder, "app"), "ExternalSecret", "db");
}

#[test]
fn refusals_of_secrets_say_what_to_do_next() {
    let literals =
        |list: &str| format!("resources: [web.yaml]\nsecretGenerator:\n- {{name: db, literals: [{list}]}}\n");
    let said = |name: &str, files: &[(&str, &str)]| {
        let folder = tree(name, &[files, &[("web.yaml", &web(&["db"]))]].concat());
        refused(&folder, &with("secrets", &ESO, &[]), 1)
    };
    // A key that no cluster takes.
    for key in ["a b", "a;b", "a/b"] {
        let told = said("keys", &[("kustomization.yaml", &literals(&format!("'{key}=cAnArY'")))]);
        assert!(told.contains("app/kustomization.yaml:3: a key of Secret db is none that Kubernetes takes"), "{told}");
    }
    let told = said(
        "keys-document",
        &[
            ("kustomization.yaml", "resources: [web.yaml, db.yaml]\n"),
            ("db.yaml", &SECRET.replace("password", "'pass word'")),
        ],
    );
    assert!(told.contains("is none that Kubernetes takes"), "{told}");
    // One Secret twice in one folder: no --path helps.
    let twice = said(
        "twice",
        &[
            ("kustomization.yaml", "resources: [web.yaml, db.yaml]\npatches: [{path: patch.yaml}]\n"),
            ("db.yaml", SECRET),
            ("patch.yaml", &SECRET.replace("cAnArY", "cAnArY-2")),
        ],
    );
    assert!(twice.contains("into a folder of its own") && !twice.contains("say --path \""), "{twice}");
    // Two namespaces: it does.
    let apart = said(
        "apart",
        &[
            ("kustomization.yaml", "resources: [web.yaml, db.yaml]\n"),
            (
                "db.yaml",
                &format!(
                    "{SECRET}---\n{}",
                    SECRET.replace("{name: db}", "{name: db, namespace: b}").replace("cAnArY", "cAnArY-2")
                ),
            ),
        ],
    );
    assert!(apart.contains("say --path \"{folder}/{namespace}/{name}\""), "{apart}");
    // Charts need an option.
    let charts = said(
        "charts",
        &[(
            "kustomization.yaml",
            "resources: [web.yaml]\nhelmCharts:\n- {name: c, repo: 'https://example.invalid', version: 1.0.0}\nsecretGenerator:\n- {name: db, literals: [a=cAnArY]}\n",
        )],
    );
    assert!(charts.contains("say --build-option --enable-helm"), "{charts}");
    let broken = said(
        "no-charts",
        &[(
            "kustomization.yaml",
            "resources: [web.yaml]\nnonsense: 1\nsecretGenerator:\n- {name: db, literals: [a=cAnArY]}\n",
        )],
    );
    assert!(broken.contains("yourself, and say by --build-option"), "{broken}");
}

/// A value that is spread over the lines of a file of variables is not shown in a message.
#[test]
fn a_line_of_a_value_is_not_taken_for_a_name() {
    let folder = tree(
        "lines",
        &[
            ("kustomization.yaml", "resources: [web.yaml]\nsecretGenerator:\n- name: db\n  envs: [db.env]\n"),
            ("db.env", "KEY=-----BEGIN\nMIIEcAnArYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nMIIEcAnArY/+w==\n"),
            ("web.yaml", &web(&["db"])),
        ],
    );
    refused(&folder, &with("secrets", &ESO, &[]), 1);
}

/// Where the name of the Secret that a variable gets is taken, the person names it.
#[test]
fn the_secret_of_a_variable_can_be_named() {
    let pod = web(&[]).replace("        envFrom:\n", "")
        + "        env:\n        - {name: TOKEN, value: '<path:secret/data/partner#token>'}\n";
    let taken = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: secret.partner}\nspec: {encryptedData: {k: x}}\n";
    let folder = tree(
        "named",
        &[("kustomization.yaml", "resources: [web.yaml, taken.yaml]\n"), ("web.yaml", &pod), ("taken.yaml", taken)],
    );
    let said = refused(&folder, &with("avp", &ESO, &[]), 1);
    assert!(said.contains("SealedSecret secret.partner makes already") && said.contains("--variable-secret"), "{said}");
    migrated(&folder, &with("avp", &ESO, &["--variable-secret", "{workload}-{path}"]));
    find(&build(&folder, "app"), "ExternalSecret", "web-partner");
}
