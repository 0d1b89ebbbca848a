//! Builds that stock kustomize refuses, or reads otherwise than they look.

use std::process::Command;

use super::{CONFIG, POD, doctor, findings_of, setup};
use crate::common::tool;

const LISTED: &str = "resources: [web.yaml]\ntransformers: [krmor.yaml]\n";

/// A name, files, whether kustomize builds `app`, and what is found in them.
type Case<'a> = (&'a str, &'a [(&'a str, &'a [u8])], bool, &'a str);

#[test]
fn what_kustomize_refuses_is_found() {
    let cases: &[Case<'_>] = &[
        (
            "a circle",
            &[
                ("app/kustomization.yaml", b"resources: [../b, web.yaml]\ntransformers: [krmor.yaml]\n"),
                ("b/kustomization.yaml", b"resources: [../app]\n"),
            ],
            false,
            "error cycle b/kustomization.yaml:1",
        ),
        (
            "itself",
            &[("app/kustomization.yaml", b"resources: [., web.yaml]\ntransformers: [krmor.yaml]\n")],
            false,
            "error cycle app/kustomization.yaml:1",
        ),
        (
            "a missing resource",
            &[("app/kustomization.yaml", b"resources:\n- web.yaml\n- no.yaml\ntransformers: [krmor.yaml]\n")],
            false,
            "error missing-file app/kustomization.yaml:3",
        ),
        (
            "a missing patch",
            &[(
                "app/kustomization.yaml",
                b"resources: [web.yaml]\npatches:\n- path: no.yaml\ntransformers: [krmor.yaml]\n",
            )],
            false,
            "error missing-file app/kustomization.yaml:3",
        ),
        (
            "a mistyped field",
            &[("app/kustomization.yaml", b"resources: [web.yaml]\ntransformer: [krmor.yaml]\n")],
            false,
            "error unknown-field app/kustomization.yaml:2",
        ),
        (
            "a text where a list must be",
            &[("app/kustomization.yaml", b"resources: [web.yaml]\ntransformers: krmor.yaml\n")],
            false,
            "error no-list app/kustomization.yaml:2",
        ),
        (
            "a field for an anchor",
            &[("app/kustomization.yaml", b"x: &t [krmor.yaml]\nresources: [web.yaml]\ntransformers: *t\n")],
            false,
            "error unknown-field app/kustomization.yaml:1",
        ),
        (
            "two kustomizations",
            &[("app/kustomization.yml", LISTED.as_bytes())],
            false,
            "error two-kustomizations app/kustomization.yml:1",
        ),
        (
            "a config outside of the folder",
            &[
                ("app/kustomization.yaml", b"resources: [web.yaml]\ntransformers: [../platform/hard.yaml]\n"),
                ("platform/hard.yaml", CONFIG.as_bytes()),
            ],
            false,
            "error outside app/kustomization.yaml:2",
        ),
        (
            "what is no UTF-8",
            &[("app/kustomization.yaml", b"resources: [web.yaml]\ntransformers: [krmor.yaml]\n# \xff\n")],
            false,
            "error unreadable app/kustomization.yaml",
        ),
        (
            "a second document, which is passed over",
            &[("app/kustomization.yaml", b"resources: [web.yaml]\n---\ntransformers: [krmor.yaml]\n")],
            true,
            "error second-document app/kustomization.yaml:3",
        ),
        (
            "a key that stands twice, which kustomize builds",
            &[("app/kustomization.yaml", b"transformers: [krmor.yaml]\nresources: [web.yaml]\ntransformers: []\n")],
            true,
            "error yaml app/kustomization.yaml:3",
        ),
    ];
    for (number, (name, files, builds, wanted)) in cases.iter().enumerate() {
        let folder = setup(&format!("refused-{number}"));
        for (path, content) in *files {
            folder.write(path, content);
        }
        let mut command = Command::new(tool("kustomize"));
        command.current_dir(&folder.0).args(["build", "--enable-alpha-plugins", "app"]);
        command.env("KUSTOMIZE_PLUGIN_HOME", folder.0.join("home"));
        assert_eq!(command.output().unwrap().status.success(), *builds, "{name}: stock kustomize");
        let (found, _, json) = findings_of(doctor(&folder), &folder);
        assert!(found.iter().any(|finding| finding == wanted), "{name}: {found:?}");
        let claim = json.to_string().contains("kustomize cannot read it either");
        assert!(!claim || !builds, "{name}: {json:#}");
    }
}

/// What stock kustomize takes, doctor takes, too.
#[test]
fn what_kustomize_takes_is_taken() {
    for (number, content) in [
        "Resources: [web.yaml]\ntransformers: [krmor.yaml]\n",
        "resources: [web.yaml]\ncomponents:\ntransformers: [krmor.yaml]\n",
        "imageTags: [{name: b, newTag: \"1\"}]\nresources: [web.yaml]\ntransformers: [krmor.yaml]\n",
        "resources: [web.yaml]\npatchesStrategicMerge:\n- |-\n  apiVersion: v1\n  kind: Pod\n  metadata: {name: web, labels: {a: b}}\ntransformers: [krmor.yaml]\n",
    ]
    .into_iter()
    .enumerate()
    {
        let folder = setup(&format!("taken-{number}"));
        folder.write("app/kustomization.yaml", content);
        let mut command = Command::new(tool("kustomize"));
        command.current_dir(&folder.0).args(["build", "--enable-alpha-plugins", "app"]);
        command.env("KUSTOMIZE_PLUGIN_HOME", folder.0.join("home"));
        assert!(command.output().unwrap().status.success(), "{content}");
        let (mut found, ..) = findings_of(doctor(&folder), &folder);
        found.retain(|finding| finding != "info no-kustomize");
        assert!(found.is_empty(), "{content}: {found:?}");
    }
    // Files outside are read where a call says so.
    let folder = setup("taken-outside");
    folder.write("app/kustomization.yaml", "resources: [web.yaml]\ntransformers: [../platform/hard.yaml]\n");
    folder.write("platform/hard.yaml", CONFIG);
    std::fs::remove_file(folder.0.join("app/krmor.yaml")).unwrap();
    folder.write("app/web.yaml", POD);
    folder.write("b.sh", "kustomize build --enable-alpha-plugins --load-restrictor LoadRestrictionsNone app\n");
    let (mut found, ..) = findings_of(doctor(&folder), &folder);
    found.retain(|finding| finding != "info no-kustomize");
    assert!(found.is_empty(), "{found:?}");
}
