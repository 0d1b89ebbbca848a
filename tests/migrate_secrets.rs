//! `krmor migrate avp`, `sealed-secrets`, `secrets`: over trees as people have them, with stock kustomize; what is written,
//! what is refused, and that no value gets out on any way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use crate::common::{Folder, krmor, text, tool};
use krmor::yaml;
use serde_json::{Value, json};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}} # the shop\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: web\n        image: web:1\n";

/// The web application, reading Secrets by `envFrom`.
pub(crate) fn web(secrets: &[&str]) -> String {
    let from: String = secrets.iter().map(|name| format!("        - secretRef: {{name: {name}}}\n")).collect();
    format!("{WEB}        envFrom:\n{from}")
}

pub(crate) fn tree(name: &str, files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(&format!("migrate-{name}"));
    for (path, content) in files {
        folder.write(&format!("app/{path}"), content);
    }
    folder
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { drop(out.insert(path.clone(), std::fs::read(path).unwrap())) }
        }
    }
    out
}

fn command(folder: &Folder, args: &[&str]) -> Command {
    let mut command = krmor();
    command.current_dir(&folder.0).arg("migrate").args(args).arg("app");
    command.env("HOME", &folder.0).env_remove("KUSTOMIZE_PLUGIN_HOME").env_remove("XDG_CONFIG_HOME");
    command
}

/// Runs a migration; nothing that it says has a canary.
#[track_caller]
pub(crate) fn migrate(folder: &Folder, args: &[&str]) -> Output {
    let mut command = command(folder, args);
    let out = command.arg("--kustomize").arg(tool("kustomize")).output().unwrap();
    silent("standard output", &text(&out.stdout));
    silent("standard error", &text(&out.stderr));
    out
}

#[track_caller]
fn silent(what: &str, text: &str) {
    for shown in ["cAnArY", "Y0FuQXJZ", "NBbkFyWS", "jQW5Bcl"] {
        assert!(!text.contains(shown), "{what} tells a value:\n{text}");
    }
}

pub(crate) const ESO: [&str; 4] = ["--to", "external-secrets", "--store", "ClusterSecretStore/vault"];
pub(crate) const VSO: [&str; 4] = ["--to", "vso", "--auth-role", "shop"];

pub(crate) fn with<'a>(origin: &'a str, operator: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&[origin], operator, more].concat()
}

/// A migration that is made: what it says; and then nothing is left to migrate, and no file has a value.
#[track_caller]
pub(crate) fn migrated(folder: &Folder, args: &[&str]) -> String {
    let out = migrate(folder, args);
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    for (path, bytes) in files(&folder.0) {
        silent(&path.display().to_string(), &text(&bytes));
    }
    let before = files(&folder.0);
    let again = migrate(folder, args);
    assert_eq!((again.status.code(), text(&again.stdout)), (Some(0), "app: nothing to migrate\n".to_owned()));
    assert!(files(&folder.0) == before, "a second run writes");
    text(&out.stdout)
}

/// A migration that is refused: what it says; nothing is written.
#[track_caller]
pub(crate) fn refused(folder: &Folder, args: &[&str], code: i32) -> String {
    let before = files(&folder.0);
    let out = migrate(folder, args);
    assert_eq!(out.status.code(), Some(code), "{}{}", text(&out.stdout), text(&out.stderr));
    assert!(files(&folder.0) == before, "something was written");
    assert_eq!(text(&out.stdout), "");
    text(&out.stderr)
}

/// What stock kustomize, with this krmor as its plugin, makes of a kustomization.
#[track_caller]
pub(crate) fn build(folder: &Folder, root: &str) -> Vec<Value> {
    let home = folder.0.join("plugins");
    assert!(krmor().args(["install", "kustomize", "--home"]).arg(&home).output().unwrap().status.success());
    let mut kustomize = Command::new(tool("kustomize"));
    kustomize.args(["build", "--enable-alpha-plugins"]).arg(folder.0.join(root)).env("KUSTOMIZE_PLUGIN_HOME", &home);
    let out = kustomize.output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    std::fs::remove_dir_all(home).unwrap();
    objects(&text(&out.stdout))
}

fn objects(stream: &str) -> Vec<Value> {
    let documents = yaml::parse(&Arc::new(stream.to_owned())).unwrap();
    documents.iter().filter_map(|document| document.root().to_value()).filter(Value::is_object).collect()
}

pub(crate) fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found = objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} in {objects:#?}"))
}

/// The keys of an ExternalSecret, and where in Vault each is.
fn remote(secret: &Value) -> BTreeMap<String, String> {
    let item = |item: &Value| {
        let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        (text("/secretKey"), format!("{}#{}", text("/remoteRef/key"), text("/remoteRef/property")))
    };
    secret["spec"]["data"].as_array().unwrap().iter().map(item).collect()
}

fn map<const N: usize>(entries: [(&str, &str); N]) -> BTreeMap<String, String> {
    entries.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect()
}

pub(crate) fn read(folder: &Folder, path: &str) -> String {
    std::fs::read_to_string(folder.0.join("app").join(path)).unwrap()
}

const SECRET: &str = "# the database\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db # web reads it\ntype: Opaque\ndata:\n  password: Y0FuQXJZLXB3 # base64\n  # who\n  user: \"Y0FuQXJZLXVzZXI=\"\n";

/// Secrets in every form, in a base with two overlays that name things otherwise.
fn plain_app() -> Folder {
    let base = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n# what runs everywhere\nresources:\n  - web.yaml # the app\n  - secret.yaml\n\nsecretGenerator:\n  - name: session\n    literals:\n      - KEY=cAnArY-literal # rotate in spring\n      - \"OTHER='cAnArY quoted'\"\n  - name: tls\n    type: kubernetes.io/tls\n    files:\n      - certs/tls.crt\n      - tls.key=certs/key.pem\n  - name: env\n    envs: [prod.env] # of the platform\n";
    let web = web(&["env"])
        + "        env:\n        - name: PW # of the database\n          valueFrom: {secretKeyRef: {name: db, key: password}}\n        - name: SESSION\n          valueFrom: {secretKeyRef: {name: session, key: KEY}}\n      volumes:\n      - name: tls\n        secret: {secretName: tls}\n";
    let overlay = |name: &str| format!("namePrefix: {name}-\nnamespace: {name}\nresources:\n- ../../base\n");
    tree(
        "plain",
        &[
            ("base/kustomization.yaml", base),
            ("base/web.yaml", &web),
            ("base/secret.yaml", SECRET),
            ("base/certs/tls.crt", "-----BEGIN CERTIFICATE-----\ncAnArY-crt\n"),
            ("base/certs/key.pem", "cAnArY-key\n"),
            ("base/prod.env", "# variables of the app\nA=cAnArY-a\n\n  B=cAnArY=b \n"),
            ("overlays/dev/kustomization.yaml", &overlay("dev")),
            ("overlays/prod/kustomization.yaml", &overlay("prod")),
        ],
    )
}

#[test]
fn values_become_placeholders_where_they_stand_and_references_where_they_are_rendered() {
    let folder = plain_app();
    let said = migrated(&folder, &with("secrets", &ESO, &[]));
    assert_eq!(
        read(&folder, "base/secret.yaml"),
        "# the database\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db # web reads it\ntype: Opaque\nstringData:\n  password: <path:secret/data/base/db#password> # base64\n  # who\n  user: \"<path:secret/data/base/db#user>\"\n"
    );
    let kustomization = read(&folder, "base/kustomization.yaml");
    assert!(
        kustomization.contains("      - KEY=<path:secret/data/base/session#KEY> # rotate in spring\n"),
        "{kustomization}"
    );
    assert!(kustomization.contains("resources:\n  - web.yaml # the app\n  - secret.yaml\n\nsecretGenerator:\n"));
    assert_eq!(read(&folder, "base/certs/key.pem"), "<path:secret/data/base/tls#tls.key>");
    let variables = "# variables of the app\nA=<path:secret/data/base/env#A>\n\n  B=<path:secret/data/base/env#B>\n";
    assert_eq!(read(&folder, "base/prod.env"), variables);
    assert!(read(&folder, "overlays/prod/kustomization.yaml").ends_with("- ../../base\ntransformers:\n- krmor.yaml\n"));
    for overlay in ["dev", "prod"] {
        let objects = build(&folder, &format!("app/overlays/{overlay}"));
        assert!(objects.iter().all(|object| object["kind"] != "Secret"), "{objects:#?}");
        let tls = find(&objects, "ExternalSecret", &format!("{overlay}-tls"));
        let places = [("tls.crt", "secret/data/base/tls#tls.crt"), ("tls.key", "secret/data/base/tls#tls.key")];
        assert_eq!(remote(tls), map(places));
        assert_eq!(tls["spec"]["target"]["template"]["type"], "kubernetes.io/tls");
        let pod = &find(&objects, "Deployment", &format!("{overlay}-web"))["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        assert_eq!(container["envFrom"][0]["secretRef"]["name"], format!("{overlay}-env"));
        assert_eq!(container["env"][0]["valueFrom"]["secretKeyRef"]["name"], format!("{overlay}-db"));
        assert_eq!(pod["volumes"][0]["secret"]["secretName"], format!("{overlay}-tls"));
    }
    for line in [
        "changed: app/base/certs/key.pem\n",
        "written: app/overlays/dev/krmor.yaml\n",
        "proved: app/overlays/prod: 4 Secrets become references; of 1 other object 1 differ, in references to Secrets only: Deployment prod/prod-web\n",
        "vault kv patch -mount=secret base/db password=@FILE user=@FILE\n",
        "vault kv put -cas=0 -mount=secret base/env A=@FILE B=@FILE\n",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

#[test]
fn a_dry_run_writes_nothing_and_shows_no_value() {
    let folder = plain_app();
    let before = files(&folder.0);
    let out = migrate(&folder, &with("secrets", &VSO, &["--dry-run", "--path", "team/{name}", "--mount", "kv"]));
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(files(&folder.0) == before);
    let said = text(&out.stdout);
    for line in [
        "-  password: *** # ***\n",
        "+  password: <path:kv/data/team/db#password> # ***\n",
        "-A=***\n+A=<path:kv/data/team/env#A>\n",
        "+++ app/overlays/dev/krmor.yaml\n",
        "nothing was written: --dry-run\n",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("rotate in spring"), "a comment on a line with a value may be an old one:\n{said}");
    let out = migrate(&folder, &with("secrets", &VSO, &["--dry-run", "--report", "json"]));
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(report["written"], false);
    assert_eq!(report["keys"].as_array().unwrap().len(), 8);
    let key = json!({
        "secret": "db", "key": "password", "file": "app/base/secret.yaml", "line": 8,
        "vault": {"mount": "secret", "path": "base/db", "engine": 2}, "base64": false,
    });
    assert!(report["keys"].as_array().unwrap().contains(&key), "{report:#}");
    assert_eq!(report["proof"][0]["secrets"].as_array().unwrap().len(), 4);
}

/// The checklist is for a person, and so is a file of it.
#[test]
fn the_checklist_patches_and_replaces_nothing() {
    let folder = plain_app();
    migrated(&folder, &with("secrets", &ESO, &["--checklist", "vault.sh"]));
    let script = std::fs::read_to_string(folder.0.join("vault.sh")).unwrap();
    silent("the checklist", &script);
    assert!(Command::new("sh").args(["-n", "vault.sh"]).current_dir(&folder.0).status().unwrap().success());
    let commands: Vec<&str> = script.lines().filter(|line| line.starts_with("vault ")).collect();
    assert_eq!(commands.len(), 8);
    let careful = |line: &&str| line.contains(" patch ") || line.contains(" put -cas=0 ");
    assert!(commands.iter().all(careful), "{script}");
}

#[test]
fn an_engine_of_version_1_has_neither_patch_nor_check_and_set() {
    let folder = tree(
        "v1",
        &[("kustomization.yaml", "resources: [web.yaml, db.yaml]\n"), ("web.yaml", &web(&["db"])), ("db.yaml", SECRET)],
    );
    let said = migrated(&folder, &with("secrets", &VSO, &["--engine", "1", "--mount", "kv"]));
    assert!(said.contains("vault kv put -mount=kv db password=@FILE user=@FILE\n"), "{said}");
    assert!(said.contains("put replaces all keys"), "{said}");
    let objects = build(&folder, "app");
    let spec = &find(&objects, "VaultStaticSecret", "db")["spec"];
    assert_eq!((&spec["mount"], &spec["type"], &spec["path"]), (&json!("kv"), &json!("kv-v1"), &json!("db")));
}

/// Overlays that merge, replace and patch what a base has; a Component; a suffix.
fn merging_app() -> Folder {
    tree(
        "merge",
        &[
            (
                "base/kustomization.yaml",
                "resources: [web.yaml, secret.yaml]\nsecretGenerator:\n- name: gen\n  literals: [A=cAnArY-gen-a, B=cAnArY-gen-b]\n",
            ),
            ("base/web.yaml", &web(&["gen", "db"])),
            ("base/secret.yaml", SECRET),
            (
                "components/extra/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nsecretGenerator:\n- name: extra\n  literals: [X=cAnArY-extra]\n",
            ),
            (
                "overlays/dev/kustomization.yaml",
                "resources: [../../base]\nnamespace: dev\ncomponents: [../../components/extra]\n",
            ),
            (
                "overlays/prod/kustomization.yaml",
                "resources: [../../base]\nnameSuffix: -prod\nsecretGenerator:\n- name: gen\n  behavior: merge\n  literals: [B=cAnArY-prod-b, C=cAnArY-prod-c]\npatches:\n- path: db.yaml\n- target: {kind: Secret, name: db}\n  patch: |-\n    - op: replace # of production\n      path: /data/user\n      value: Y0FuQXJZLXByb2QtdXNlcg==\n- patch: |-\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: db}\n    stringData: {inline: cAnArY-inline} # x\n",
            ),
            (
                "overlays/prod/db.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata:\n  password: Y0FuQXJZLXByb2QtcHc=\n  more: Y0FuQXJZLW1vcmU=\n",
            ),
        ],
    )
}

#[test]
fn merges_and_patches_of_overlays_keep_their_meaning() {
    let folder = merging_app();
    migrated(&folder, &with("secrets", &ESO, &[]));
    let objects = build(&folder, "app/overlays/prod");
    let places = [
        ("A", "secret/data/base/gen#A"),
        ("B", "secret/data/overlays/prod/gen#B"),
        ("C", "secret/data/overlays/prod/gen#C"),
    ];
    assert_eq!(remote(find(&objects, "ExternalSecret", "gen-prod")), map(places));
    let places = [
        ("inline", "secret/data/overlays/prod/db#inline"),
        ("more", "secret/data/overlays/prod/db#more"),
        ("password", "secret/data/overlays/prod/db#password"),
        ("user", "secret/data/overlays/prod/db#user"),
    ];
    assert_eq!(remote(find(&objects, "ExternalSecret", "db-prod")), map(places));
    let objects = build(&folder, "app/overlays/dev");
    let places = [("password", "secret/data/base/db#password"), ("user", "secret/data/base/db#user")];
    assert_eq!(remote(find(&objects, "ExternalSecret", "db")), map(places));
    find(&objects, "ExternalSecret", "extra");
    let kustomization = read(&folder, "overlays/prod/kustomization.yaml");
    assert!(kustomization.contains("    - op: replace # of production\n      path: /data/user\n"), "{kustomization}");
}

/// The Vault Secrets Operator fetches one place: the overlay's then has all keys, with the values that the Secret had.
#[test]
fn an_overlay_that_changes_some_keys_gets_a_place_of_its_own_for_all() {
    let folder = merging_app();
    let said = migrated(&folder, &with("secrets", &VSO, &[]));
    for (overlay, name, path) in
        [("prod", "gen-prod", "overlays/prod/gen"), ("prod", "db-prod", "overlays/prod/db"), ("dev", "gen", "base/gen")]
    {
        let objects = build(&folder, &format!("app/overlays/{overlay}"));
        let spec = &find(&objects, "VaultStaticSecret", name)["spec"];
        assert_eq!((&spec["path"], &spec["mount"]), (&json!(path), &json!("secret")));
    }
    let kustomization = read(&folder, "overlays/prod/kustomization.yaml");
    assert!(kustomization.contains("A=<path:secret/data/overlays/prod/gen#A>"), "{kustomization}");
    assert!(said.contains("vault kv patch -mount=secret overlays/prod/gen A=@FILE B=@FILE C=@FILE\n"), "{said}");
    assert!(said.contains("vault kv patch -mount=secret base/gen A=@FILE B=@FILE\n"), "{said}");
}

#[test]
fn of_a_key_in_data_and_in_string_data_the_text_counts() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata:\n  A: Y0FuQXJZ\nstringData:\n  A: cAnArY-over\n";
    let folder = tree(
        "both",
        &[("kustomization.yaml", "resources: [web.yaml, db.yaml]\n"), ("web.yaml", &web(&["db"])), ("db.yaml", secret)],
    );
    migrated(&folder, &with("secrets", &ESO, &[]));
    assert_eq!(remote(find(&build(&folder, "app"), "ExternalSecret", "db")), map([("A", "secret/data/db#A")]));
}

/// What an overlay replaces need not be written for the base.
#[test]
fn the_checklist_has_what_is_rendered() {
    let folder = tree(
        "unused",
        &[
            (
                "base/kustomization.yaml",
                "resources: [web.yaml]\nsecretGenerator:\n- name: gen\n  literals: [A=cAnArY-a, B=cAnArY-b]\n",
            ),
            ("base/web.yaml", &web(&["gen"])),
            (
                "prod/kustomization.yaml",
                "resources: [../base]\nsecretGenerator:\n- name: gen\n  behavior: replace\n  literals: [B=cAnArY-c]\n",
            ),
        ],
    );
    let said = migrated(&folder, &with("secrets", &ESO, &[]));
    assert!(said.contains("# secret/base/gen: no Secret has these where it is rendered: A, B\n"), "{said}");
    assert!(
        said.contains("vault kv patch -mount=secret prod/gen B=@FILE\n") && !said.contains("base/gen A=@FILE"),
        "{said}"
    );
}

#[test]
fn an_overlay_around_its_base_has_its_own_place_too() {
    let folder = tree(
        "around",
        &[
            (
                "base/kustomization.yaml",
                "resources: [web.yaml]\nsecretGenerator:\n- name: gen\n  literals: [A=cAnArY-a, B=cAnArY-b]\n",
            ),
            ("base/web.yaml", &web(&["gen"])),
            (
                "kustomization.yaml",
                "resources: [base]\nsecretGenerator:\n- name: gen\n  behavior: merge\n  literals: [B=cAnArY-c]\n",
            ),
        ],
    );
    migrated(&folder, &with("secrets", &VSO, &[]));
    assert_eq!(find(&build(&folder, "app"), "VaultStaticSecret", "gen")["spec"]["path"], "gen");
    let kustomization = read(&folder, "kustomization.yaml");
    assert!(kustomization.contains("A=<path:secret/data/gen#A>"), "{kustomization}");
}

const SEALED: &str = "# made by kubeseal\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  creationTimestamp: null\n  name: db # the database\n  annotations:\n    sealedsecrets.bitnami.com/namespace-wide: \"true\"\n    argocd.argoproj.io/sync-wave: \"-1\"\nspec:\n  encryptedData:\n    password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq\n    user: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq\n  template:\n    metadata:\n      creationTimestamp: null\n      name: db\n      labels: {team: shop}\n    type: Opaque\n";

#[test]
fn sealed_secrets_become_the_secret_that_they_make() {
    let folder = tree(
        "sealed",
        &[
            ("kustomization.yaml", "namespace: shop\nresources: [web.yaml, sealed.yaml]\n"),
            ("web.yaml", &web(&["db"])),
            ("sealed.yaml", SEALED),
        ],
    );
    let said = migrated(&folder, &with("sealed-secrets", &VSO, &[]));
    assert!(said.contains("vault kv patch -mount=secret db password=@FILE user=@FILE\n"), "{said}");
    assert_eq!(
        read(&folder, "sealed.yaml"),
        "# made by kubeseal\napiVersion: v1\nkind: Secret\nmetadata:\n  creationTimestamp: null\n  name: db # the database\n  annotations:\n    argocd.argoproj.io/sync-wave: \"-1\"\n  labels:\n    team: shop\ntype: Opaque\nstringData:\n  password: <path:secret/data/db#password>\n  user: <path:secret/data/db#user>\n"
    );
    let objects = build(&folder, "app");
    assert_eq!(find(&objects, "VaultStaticSecret", "db")["spec"]["path"], "db");
    assert!(objects.iter().all(|object| object["kind"] != "Secret" && object["kind"] != "SealedSecret"));
}

#[test]
fn a_template_of_a_sealed_secret_keeps_its_text() {
    let sealed = SEALED.replace(
        "    type: Opaque\n",
        "    data:\n      dsn: \"postgres://{{ .user }}:{{ index . \\\"password\\\" }}@db/shop\"\n",
    );
    let folder = tree(
        "sealed-template",
        &[
            ("kustomization.yaml", "resources: [web.yaml, sealed.yaml]\n"),
            ("web.yaml", &web(&["db"])),
            ("sealed.yaml", &sealed),
        ],
    );
    migrated(&folder, &with("sealed-secrets", &ESO, &[]));
    let dsn = "  dsn: postgres://<path:secret/data/db#user>:<path:secret/data/db#password>@db/shop\n";
    assert!(read(&folder, "sealed.yaml").contains(dsn), "{}", read(&folder, "sealed.yaml"));
    let other = sealed.replace("{{ .user }}", "{{ .user | upper }}");
    folder.write("app/sealed.yaml", other);
    let said = refused(&folder, &with("sealed-secrets", &ESO, &[]), 1);
    assert!(
        said.contains("app/sealed.yaml:20: SealedSecret db: its template of `dsn` does more than name keys"),
        "{said}"
    );
}

/// An overlay's own seal is its own value; a patch that would no longer reach anything is not lost in silence.
#[test]
fn patches_of_sealed_secrets_keep_their_meaning_or_are_refused() {
    let patch = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db}\nspec:\n  encryptedData:\n    password: AgOTHERJSWKsealedagain\n";
    let files = |patches: &str| {
        let overlay = format!("resources: [../base]\n{patches}");
        tree(
            "sealed-patch",
            &[
                ("base/kustomization.yaml", "resources: [web.yaml, sealed.yaml]\n"),
                ("base/web.yaml", &web(&["db"])),
                ("base/sealed.yaml", SEALED),
                ("prod/kustomization.yaml", &overlay),
                ("prod/db.yaml", patch),
            ],
        )
    };
    let folder = files("patches:\n- path: db.yaml\n");
    migrated(&folder, &with("sealed-secrets", &ESO, &[]));
    let objects = build(&folder, "app/prod");
    let places = [("password", "secret/data/prod/db#password"), ("user", "secret/data/base/db#user")];
    assert_eq!(remote(find(&objects, "ExternalSecret", "db")), map(places));
    for patches in [
        "patches:\n- target: {kind: SealedSecret}\n  patch: '[{op: add, path: /metadata/labels, value: {a: b}}]'\n",
        "patches:\n- target: {name: db}\n  patch: '[{op: replace, path: /spec/encryptedData/user, value: AgTHIRD}]'\n",
    ] {
        let said = refused(&files(patches), &with("sealed-secrets", &ESO, &[]), 1);
        assert!(said.contains("app/prod/kustomization.yaml:3: a patch is for SealedSecrets"), "{said}");
    }
}

/// kubeseal writes JSON unless it is told otherwise.
#[test]
fn sealed_secrets_in_json_are_migrated() {
    let sealed = "{\n  \"kind\": \"SealedSecret\",\n  \"apiVersion\": \"bitnami.com/v1alpha1\",\n  \"metadata\": {\n    \"name\": \"db\",\n    \"creationTimestamp\": null\n  },\n  \"spec\": {\n    \"template\": {\n      \"metadata\": {\n        \"name\": \"db\",\n        \"creationTimestamp\": null\n      }\n    },\n    \"encryptedData\": {\n      \"foo\": \"AgBy3i4O\"\n    }\n  }\n}\n";
    let folder = tree(
        "sealed-json",
        &[("kustomization.yaml", "resources: [web.yaml, db.json]\n"), ("web.yaml", &web(&["db"])), ("db.json", sealed)],
    );
    migrated(&folder, &with("sealed-secrets", &VSO, &[]));
    let text = read(&folder, "db.json");
    let secret: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(
        (&secret["kind"], &secret["stringData"]["foo"]),
        (&json!("Secret"), &json!("<path:secret/data/db#foo>"))
    );
}

/// The controller knows no prefixes: what was never made under the name that pods have is not migrated in silence.
#[test]
fn a_sealed_secret_whose_name_a_prefix_changes_is_refused() {
    let folder = tree(
        "sealed-prefix",
        &[
            ("kustomization.yaml", "namePrefix: a-\nresources: [web.yaml, sealed.yaml]\n"),
            ("web.yaml", &web(&["db"])),
            ("sealed.yaml", SEALED),
        ],
    );
    let said = refused(&folder, &with("sealed-secrets", &ESO, &[]), 1);
    assert!(
        said.contains("Deployment a-web: /spec/template/spec/containers/0/envFrom/0/secretRef/name differs"),
        "{said}"
    );
}

/// argocd-vault-plugin: an annotated object, paths in text, a variable; comments and order stay.
fn avp_app() -> Folder {
    let web = web(&["db"])
        + "        env:\n        - name: TOKEN # of the partner\n          value: <path:secret/data/partner#token>\n";
    tree(
        "avp",
        &[
            ("base/kustomization.yaml", "resources:\n- web.yaml\n- secrets.yaml\n"),
            ("base/web.yaml", &web),
            (
                "base/secrets.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  annotations:\n    avp.kubernetes.io/path: secret/data/shop/db # of the team\ntype: Opaque\nstringData:\n  password: <password>\n  user: <user>\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: api}\nstringData:\n  token: <path:secret/data/shop/api#token>\n",
            ),
            ("overlays/prod/kustomization.yaml", "namePrefix: prod-\nnamespace: shop\nresources: [../../base]\n"),
        ],
    )
}

#[test]
fn placeholders_of_argocd_vault_plugin_stay_and_are_rendered_to_references() {
    for (operator, kind) in [(&ESO, "ExternalSecret"), (&VSO, "VaultStaticSecret")] {
        let folder = avp_app();
        let before = files(&folder.0.join("app/base"));
        let said = migrated(&folder, &with("avp", operator, &[]));
        assert!(files(&folder.0.join("app/base")) == before);
        assert!(said.contains("nothing is to be written to Vault"), "{said}");
        let objects = build(&folder, "app/overlays/prod");
        find(&objects, kind, "prod-db");
        find(&objects, kind, "prod-api");
        let container = &find(&objects, "Deployment", "prod-web")["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["env"][0]["valueFrom"]["secretKeyRef"], json!({"name": "secret.partner", "key": "token"}));
        assert_eq!(container["envFrom"][0]["secretRef"]["name"], "prod-db");
    }
}

/// Every way in which the plugin is used at once: texts around, base64, versions, several paths.
#[test]
fn every_form_of_placeholder_keeps_its_place() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: all\n  labels: {team: shop}\n  annotations:\n    avp.kubernetes.io/path: secret/data/shop/all\n    avp.kubernetes.io/secret-version: \"2\"\ntype: Opaque\nstringData:\n  by-key: <key>\n  url: postgres://<path:secret/data/shop/db#user>:<path:secret/data/shop/db#password>@db/shop\n  host: db\n  third: <path:secret/data/shop/other#k#3>\ndata:\n  raw: <path:secret/data/shop/db#keystore>\n  encoded: PHBhdGg6c2VjcmV0L2RhdGEvc2hvcC9kYiNwYXNzd29yZD4=\n";
    let folder = tree(
        "forms",
        &[
            ("kustomization.yaml", "namePrefix: a-\nresources: [web.yaml, all.yaml]\n"),
            ("web.yaml", &web(&["all"])),
            ("all.yaml", secret),
        ],
    );
    migrated(&folder, &with("avp", &ESO, &[]));
    assert_eq!(read(&folder, "all.yaml"), secret);
    let objects = build(&folder, "app");
    let made = find(&objects, "ExternalSecret", "a-all");
    let places: std::collections::BTreeSet<String> = remote(made).into_values().collect();
    for place in ["all#key", "db#user", "db#password", "db#keystore", "other#k"] {
        assert!(places.contains(&format!("secret/data/shop/{place}")), "{place} in {places:?}");
    }
    assert_eq!(made["spec"]["target"]["template"]["metadata"]["labels"]["team"], "shop");
    // One place only is what the other operator fetches.
    let said = refused(
        &tree(
            "forms-vso",
            &[
                ("kustomization.yaml", "resources: [web.yaml, all.yaml]\n"),
                ("web.yaml", &web(&["all"])),
                ("all.yaml", secret),
            ],
        ),
        &with("avp", &VSO, &[]),
        1,
    );
    assert!(said.contains("Secret all"), "{said}");
    // A value that its name calls a secret is no longer left in Git.
    let literal = secret.replace("  host: db\n", "  password: cAnArY-long-and-mixed\n");
    let folder = tree(
        "forms-literal",
        &[
            ("kustomization.yaml", "resources: [web.yaml, all.yaml]\n"),
            ("web.yaml", &web(&["all"])),
            ("all.yaml", &literal),
        ],
    );
    let said = refused(&folder, &with("avp", &ESO, &[]), 1);
    assert!(said.contains("krmor migrate secrets moves such values to Vault"), "{said}");
    let said = migrated(&folder, &with("secrets", &ESO, &[]));
    assert!(said.contains("password=@FILE"), "{said}");
}

#[test]
fn a_literal_beside_placeholders_is_written_beside_their_keys() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  password: <path:kv/data/shop/db#password>\n  user: cAnArY\n";
    let folder = tree(
        "beside",
        &[("kustomization.yaml", "resources: [web.yaml, db.yaml]\n"), ("web.yaml", &web(&["db"])), ("db.yaml", secret)],
    );
    let said = migrated(&folder, &with("secrets", &VSO, &[]));
    assert!(said.contains("# beside the keys that are there\nvault kv patch -mount=kv shop/db user=@FILE\n"), "{said}");
    assert!(!said.contains("kv put"), "{said}");
    assert_eq!(find(&build(&folder, "app"), "VaultStaticSecret", "db")["spec"]["path"], "shop/db");
}

#[test]
fn a_pipeline_that_is_there_is_completed_and_nothing_else_of_it_changes() {
    let config = "# hardens\napiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: harden}\nspec:\n  functions:\n    security: # first\n      kind: SecurityContext\n";
    let folder = tree(
        "pipeline",
        &[
            ("kustomization.yaml", "resources: [web.yaml, db.yaml]\ntransformers:\n  - harden.yaml\n"),
            ("web.yaml", &web(&["db"])),
            ("db.yaml", SECRET),
            ("harden.yaml", config),
        ],
    );
    migrated(&folder, &with("secrets", &ESO, &[]));
    let now = read(&folder, "harden.yaml");
    assert!(now.starts_with(config) && now.contains("    secrets:\n      kind: VaultSecrets\n"), "{now}");
    assert_eq!(read(&folder, "kustomization.yaml"), "resources: [web.yaml, db.yaml]\ntransformers:\n  - harden.yaml\n");
    let objects = build(&folder, "app");
    assert_eq!(
        find(&objects, "Deployment", "web")["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"],
        true
    );
    // Another type joins later, and the config does for it.
    let tls = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\ntype: kubernetes.io/basic-auth\nstringData: {password: cAnArY}\n";
    folder.write("app/login.yaml", tls);
    folder.write(
        "app/kustomization.yaml",
        "resources: [web.yaml, db.yaml, login.yaml]\ntransformers:\n  - harden.yaml\n",
    );
    migrated(&folder, &with("secrets", &ESO, &[]));
    assert_eq!(read(&folder, "harden.yaml"), now);
    // Another provider is another decision.
    folder.write("app/db.yaml", SECRET);
    let said = refused(&folder, &with("secrets", &VSO, &[]), 1);
    assert!(said.contains("app/harden.yaml:12: the config that is there has another provider"), "{said}");
}

#[test]
fn plain_manifests_get_the_objects_at_once() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1 # first\n  kind: ConfigMap\n  metadata: {name: c}\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: listed}\n  stringData: {a: cAnArY-a}\n";
    let folder = tree(
        "manifests",
        &[
            ("web.yaml", &format!("{}---\n{SECRET}", web(&["db", "listed"]))),
            ("list.yaml", list),
            ("notes.yaml", "just: notes\n"),
        ],
    );
    let out = migrate(&folder, &with("secrets", &ESO, &[]));
    assert!(out.status.success(), "{}", text(&out.stderr));
    let all: String = files(&folder.0.join("app")).values().map(|bytes| text(bytes) + "---\n").collect();
    silent("the files", &all);
    assert!(all.contains("metadata: {name: web, labels: {app: web}} # the shop\n") && all.contains("# first\n"));
    let objects = objects(&all);
    assert_eq!(remote(find(&objects, "ExternalSecret", "db"))["password"], "secret/data/db#password");
    find(&objects, "ExternalSecret", "listed");
    let again = migrate(&folder, &with("secrets", &ESO, &[]));
    assert_eq!(text(&again.stdout), "app: nothing to migrate\n");
}

/// What cannot be proved is not written, and says where and what to do.
#[test]
fn what_cannot_be_moved_is_refused_with_its_place() {
    let base = |resources: &str| format!("resources: [web.yaml, {resources}]\n");
    let web = web(&["db"]);
    let login = "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: s}\nspec: {provider: {vault: {server: 'https://vault', auth: {appRole: {path: approle, roleId: r, secretRef: {name: db, key: password}}}}}}\n";
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: &[Case<'_>] = &[
        (
            "sops",
            &[("kustomization.yaml", &base("db.yaml")), ("db.yaml", &format!("{SECRET}sops: {{}}\n"))],
            "app/db.yaml:2: Secret db is encrypted by SOPS",
        ),
        (
            "no-text",
            &[("kustomization.yaml", &base("db.yaml")), ("db.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  a: cAnArY\n  b: 12\n")],
            "app/db.yaml:6: Secret db: the value of `b` is no text",
        ),
        (
            "no-base64",
            &[("kustomization.yaml", &base("db.yaml")), ("db.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata:\n  a: cAnArY!\n")],
            "app/db.yaml:5: Secret db: the value of `a` under `data` is no base64",
        ),
        (
            "comment",
            &[("kustomization.yaml", &base("db.yaml")), ("db.yaml", &SECRET.replace("# who", "# was cAnArY-pw"))],
            "app/db.yaml:9: a comment repeats the value of `password` of db",
        ),
        (
            "anchor",
            &[("kustomization.yaml", &base("db.yaml")), ("db.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: db, annotations: {a: &x cAnArY-x}}\nstringData:\n  a: *x\n")],
            "app/db.yaml:3: another field repeats the value of `a` of db",
        ),
        (
            "applied",
            &[("kustomization.yaml", &base("db.yaml")), ("db.yaml", &SECRET.replace("type: Opaque", "  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"data\":{\"password\":\"Y0FuQXJZLXB3\"}}\ntype: Opaque"))],
            "app/db.yaml:8: another field repeats the value of `password` of db",
        ),
        (
            "tested",
            &[
                ("kustomization.yaml", "resources: [web.yaml, db.yaml]\npatches:\n- target: {kind: Secret, name: db}\n  patch: '[{op: test, path: /data/user, value: Y0FuQXJZLXVzZXI=}]'\n"),
                ("db.yaml", SECRET),
            ],
            "app/kustomization.yaml:4: a patch tests a value, which will be a placeholder",
        ),
        (
            "environment",
            &[("kustomization.yaml", "resources: [web.yaml]\nsecretGenerator:\n- name: db\n  envs: [db.env]\n"), ("db.env", "A=cAnArY\nHOME\n")],
            "app/db.env:2: `HOME` has no value here: kustomize takes it from its own environment",
        ),
        (
            "copied",
            &[
                ("kustomization.yaml", "resources: [web.yaml, db.yaml]\nreplacements:\n- source: {kind: Secret, name: db, fieldPath: stringData.a}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.labels.app]\n"),
                ("db.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {a: cAnArY}\n"),
            ],
            "Deployment web: metadata.labels.app: a placeholder of argocd-vault-plugin stands where",
        ),
        (
            "two-values",
            &[("kustomization.yaml", &base("db.yaml")), ("db.yaml", &format!("{SECRET}---\n{}", SECRET.replace("  name: db", "  namespace: b\n  name: db").replace("Y0FuQXJZLXB3", "Y0FuQXJZ")))],
            "`password` of secret/db would be two values: one is at app/db.yaml:8",
        ),
        (
            "whole-data",
            &[
                ("kustomization.yaml", "resources: [web.yaml, db.yaml]\npatches:\n- target: {kind: Secret, name: db}\n  patch: '[{op: replace, path: /data, value: {a: Y0FuQXJZ}}]'\n"),
                ("db.yaml", SECRET),
            ],
            "app/kustomization.yaml:4: a patch of Secret db replaces all of its keys at once",
        ),
        (
            "missing",
            &[("kustomization.yaml", "resources: [web.yaml, gone.yaml]\n")],
            "app/kustomization.yaml:1: it is not there, or cannot be read as text",
        ),
        (
            "broken",
            &[("kustomization.yaml", &base("db.yaml")), ("db.yaml", "kind: Secret\nstringData: {a: \"cAnArY\n")],
            "app/db.yaml:2: ",
        ),
        (
            "login",
            &[("kustomization.yaml", &base("db.yaml, store.yaml")), ("db.yaml", SECRET), ("store.yaml", login)],
            "Secret db: SecretStore s takes it to reach Vault",
        ),
    ];
    for (name, files, wanted) in cases {
        let mut files = files.to_vec();
        files.push(("web.yaml", &web));
        let folder = tree(name, &files);
        let said = refused(&folder, &with("secrets", &ESO, &[]), 1);
        assert!(said.contains(wanted), "{name}: {wanted}\n{said}");
    }
}

#[test]
fn a_binary_value_keeps_its_bytes_or_is_refused() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata:\n  keystore: /u/++w==\n  text: Y0FuQXJZ\n";
    let folder = tree(
        "binary",
        &[("kustomization.yaml", "resources: [web.yaml, db.yaml]\n"), ("web.yaml", &web(&["db"])), ("db.yaml", secret)],
    );
    let said = migrated(&folder, &with("secrets", &ESO, &[]));
    assert!(said.contains("# no text, so FILE holds its base64: keystore\n"), "{said}");
    let text = read(&folder, "db.yaml");
    assert!(text.contains("  keystore: <path:secret/data/db#keystore>\n"), "{text}");
    let objects = build(&folder, "app");
    let data = find(&objects, "ExternalSecret", "db")["spec"]["data"].as_array().unwrap().clone();
    let keystore = data.iter().find(|item| item["remoteRef"]["property"] == "keystore").unwrap();
    assert_eq!(keystore["remoteRef"]["decodingStrategy"], "Base64", "{data:#?}");

    let folder = tree("binary-file", &[("kustomization.yaml", "secretGenerator:\n- name: db\n  files: [ks]\n")]);
    folder.write("app/ks", b"\xfe\xed\xfe\xed");
    let said = refused(&folder, &with("secrets", &ESO, &[]), 1);
    assert!(said.contains("app/kustomization.yaml:3: app/ks is no text"), "{said}");
    assert_eq!(migrate(&folder, &with("secrets", &ESO, &["--exclude", "db"])).status.code(), Some(0));
}

#[test]
fn what_is_not_looked_through_is_said_or_refused() {
    let folder = plain_app();
    folder.write("app/base/old.yaml", SECRET);
    let out = migrate(&folder, &with("secrets", &ESO, &["--dry-run"]));
    let wanted = "note: app/base/old.yaml:1: no kustomization lists this Secret, which stays as it is; list it, or take the file out\n";
    assert!(text(&out.stdout).contains(wanted), "{}", text(&out.stdout));
    folder.write("app/base/big.yaml", b"\xff\xfe\xff");
    let out = migrate(&folder, &with("secrets", &ESO, &["--dry-run"]));
    assert!(text(&out.stdout).contains("app/base/big.yaml: it is no text"), "{}", text(&out.stdout));
    folder.write("app/overlays/dev/kustomization.yaml", b"\xff\xfe\xff");
    let said = refused(&folder, &with("secrets", &ESO, &[]), 2);
    assert!(said.contains("app/overlays/dev/kustomization.yaml: it is no text"), "{said}");
    // A link to nothing cannot be read, whoever asks.
    std::fs::remove_file(folder.0.join("app/overlays/dev/kustomization.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.0.join("app/overlays/dev/kustomization.yaml")).unwrap();
    let out = migrate(&folder, &with("secrets", &ESO, &[]));
    assert_eq!(out.status.code(), Some(3), "{}", text(&out.stderr));
}

#[test]
fn json_manifests_are_migrated_and_json_reports_tell_failures() {
    let secret = r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"a": "cAnArY"}}"#;
    let folder = tree(
        "json",
        &[("kustomization.yaml", "resources: [web.yaml, db.json]\n"), ("web.yaml", &web(&["db"])), ("db.json", secret)],
    );
    let out = migrate(&folder, &with("secrets", &ESO, &["--report", "json"]));
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((report["written"].as_bool(), report["keys"][0]["key"].as_str()), (Some(true), Some("a")), "{report:#}");
    assert_eq!(read(&folder, "db.json"), secret.replace("cAnArY", "<path:secret/data/db#a>"));
    folder.write("app/db.json", secret.replace("\"cAnArY\"", "12"));
    let out = migrate(&folder, &with("secrets", &ESO, &["--report", "json"]));
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((report["written"].as_bool(), out.status.code()), (Some(false), Some(1)));
    assert!(report["findings"][0]["message"].as_str().unwrap().contains("the value of `a` is no text"), "{report:#}");
    assert_eq!(text(&out.stderr), "");
    // Without a kustomization the object takes the Secret's place, for which a JSON file has no room.
    let folder = tree("plain-json", &[("web.yaml", &web(&["db"])), ("db.json", secret)]);
    let said = refused(&folder, &with("secrets", &ESO, &[]), 1);
    assert!(said.contains("write the file as YAML"), "{said}");
}

/// What is excluded stays a Secret, under whatever name it is rendered.
#[test]
fn excluded_secrets_stay() {
    let folder = plain_app();
    let out =
        migrate(&folder, &with("secrets", &ESO, &["--exclude", "tls", "--exclude", "env", "--exclude", "session"]));
    assert!(out.status.success(), "{}", text(&out.stderr));
    let kinds: Vec<_> = build(&folder, "app/overlays/dev").iter().map(|object| object["kind"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "Secret").count(), 3, "{kinds:?}");
    assert_eq!(read(&folder, "base/certs/key.pem"), "cAnArY-key\n");
    let folder = avp_app();
    let out = migrate(&folder, &with("avp", &ESO, &["--exclude", "api"]));
    assert!(out.status.success(), "{}", text(&out.stderr));
    find(&build(&folder, "app/overlays/prod"), "Secret", "prod-api");
}

/// A base that others may use is not changed from inside one overlay.
#[test]
fn values_outside_the_directory_are_refused() {
    let folder = plain_app();
    let mut command = krmor();
    command.current_dir(&folder.0).args(["migrate", "secrets"]).args(ESO).arg("app/overlays/prod");
    let before = files(&folder.0);
    let out = command.arg("--kustomize").arg(tool("kustomize")).output().unwrap();
    let said = text(&out.stderr);
    silent("standard error", &said);
    assert_eq!(out.status.code(), Some(1));
    assert!(said.contains("values stand outside app/overlays/prod, where others may use them too"), "{said}");
    assert!(files(&folder.0) == before);
}

#[test]
fn what_a_person_must_decide_is_asked_for() {
    let folder = plain_app();
    for (args, wanted) in [
        (vec!["secrets", "--to", "external-secrets"], "--store ClusterSecretStore/NAME"),
        (
            vec!["secrets", "--to", "external-secrets", "--store", "vault"],
            "write SecretStore/NAME or ClusterSecretStore/NAME",
        ),
        (
            vec!["secrets", "--to", "vso", "--store", "SecretStore/vault"],
            "is read with `provider: external-secrets` only",
        ),
        (vec!["secrets", "--to", "vso", "--auth-role", "r", "--address", "vault"], "is not an address"),
        (vec!["secrets", "--to", "vault"], "invalid value 'vault'"),
    ] {
        let said = refused(&folder, &args, 2);
        assert!(said.contains(wanted), "{args:?}: {wanted}\n{said}");
    }
    let mut command = command(&folder, &with("secrets", &ESO, &[]));
    let out = command.env("PATH", "/nowhere").output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("say --kustomize PATH"), "{}", text(&out.stderr));
    let said = refused(&folder, &with("secrets", &ESO, &["--path", "{folder}/{nmae}"]), 1);
    assert!(said.contains("is no path of Vault"), "{said}");
}

/// kustomize quotes what it cannot read: its messages are not repeated.
#[test]
fn a_tree_that_kustomize_cannot_build_is_refused_without_its_message() {
    let patch =
        "patches:\n- target: {kind: Secret, name: db}\n  patch: '[{op: test, path: /metadata/name, value: cAnArY}]'\n";
    let folder = tree(
        "unbuilt",
        &[
            ("kustomization.yaml", &format!("resources: [web.yaml, db.yaml]\n{patch}")),
            ("web.yaml", &web(&["db"])),
            ("db.yaml", SECRET),
        ],
    );
    let said = refused(&folder, &with("secrets", &ESO, &[]), 1);
    assert!(said.contains("fails for app, and its message may hold values"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written_keeps_all_from_being_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = plain_app();
    let path = folder.0.join("app/overlays/prod/kustomization.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    if std::fs::OpenOptions::new().append(true).open(&path).is_ok() {
        // Root may write everything: a folder in the place of a new file is in its way, too.
        std::fs::create_dir_all(folder.0.join("vault.sh/inside")).unwrap();
        let said = refused(&folder, &with("secrets", &ESO, &["--checklist", "vault.sh"]), 3);
        assert!(said.contains("nothing was written"), "{said}");
        return;
    }
    let said = refused(&folder, &with("secrets", &ESO, &[]), 3);
    assert!(said.contains("app/overlays/prod/kustomization.yaml"), "{said}");
}

#[test]
fn no_private_copy_is_left() {
    let folder = plain_app();
    let temporary = Folder::new("migrate-tmp");
    for args in [with("secrets", &ESO, &["--dry-run"]), with("secrets", &ESO, &["--path", "{x}"])] {
        let mut command = command(&folder, &args);
        command.env("TMPDIR", &temporary.0).arg("--kustomize").arg(tool("kustomize")).output().unwrap();
        assert_eq!(files(&temporary.0).len(), 0);
    }
}

/// `docs/migrate-secrets.md`: its files, its commands in order and in one shell, and the diff that it shows.
#[test]
fn the_walk_through_runs() {
    let page = std::fs::read_to_string("docs/migrate-secrets.md").unwrap();
    let folder = Folder::new("migrate-docs");
    let bin = folder.0.join("bin");
    std::fs::create_dir(&bin).unwrap();
    for (name, path) in [("krmor", PathBuf::from(env!("CARGO_BIN_EXE_krmor"))), ("kustomize", tool("kustomize"))] {
        std::os::unix::fs::symlink(path, bin.join(name)).unwrap();
    }
    let blocks = |info: &str| -> Vec<String> {
        let start = format!("```{info}\n");
        page.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    for block in blocks("yaml") {
        folder.write(block.lines().next().unwrap().strip_prefix("# ").unwrap(), &block);
    }
    let script = blocks("sh");
    assert!(script.len() >= 5, "only {} blocks", script.len());
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.current_dir(&folder.0).env("PATH", path).env("HOME", &folder.0);
    let out = shell.args(["-euxo", "pipefail", "-c", &script.join("\n")]).output().unwrap();
    assert!(out.status.success(), "{}\n{}", text(&out.stderr), text(&out.stdout));
    for value in ["bm90LWEtcmVhbC1zZWNyZXQ=", "not-a-real-secret", "not-a-real-key"] {
        assert!(!text(&out.stdout).contains(value), "{}", text(&out.stdout));
        assert!(files(&folder.0.join("shop")).values().all(|bytes| !text(bytes).contains(value)), "{value} is left");
    }
    let shown = blocks("diff");
    assert!(
        !shown.is_empty() && shown.iter().all(|diff| text(&out.stdout).contains(diff.as_str())),
        "{}",
        text(&out.stdout)
    );
}

/// The plugin's own first example: a key alone in `data`, whose path an annotation names.
#[test]
fn a_key_alone_in_data_migrates() {
    for form in ["<password>", "<password | base64encode>"] {
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  annotations: {{avp.kubernetes.io/path: kv/data/app}}\ndata:\n  password: {form}\n"
        );
        let folder = tree(
            "key-alone",
            &[
                ("kustomization.yaml", "resources: [web.yaml, secret.yaml]\n"),
                ("web.yaml", &web(&["app"])),
                ("secret.yaml", &secret),
            ],
        );
        let out = migrate(&folder, &with("avp", &ESO, &[]));
        assert!(out.status.success(), "{form}: {}{}", text(&out.stdout), text(&out.stderr));
    }
}

/// A value that a transformer puts beside the placeholders is not migrated, and that is said.
#[test]
fn a_value_from_elsewhere_is_not_left_in_silence() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\nstringData: {k: cAnArY-b}\n";
    let patch = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\ntarget: {kind: Secret, name: app}\npatch: '[{\"op\": \"add\", \"path\": \"/stringData/z\", \"value\": \"cAnArY-z\"}]'\n";
    let folder = tree(
        "elsewhere",
        &[
            ("kustomization.yaml", "resources: [web.yaml, secret.yaml]\ntransformers: [p.yaml]\n"),
            ("web.yaml", &web(&["app"])),
            ("secret.yaml", secret),
            ("p.yaml", patch),
        ],
    );
    let before = files(&folder.0);
    let out = migrate(&folder, &with("secrets", &ESO, &[]));
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stdout));
    assert!(text(&out.stderr).contains("`z` is left in a file"), "{}", text(&out.stderr));
    assert_eq!(files(&folder.0), before, "nothing is written");
}
