//! `krmor compare` and `krmor diff --format markdown`: what a change does to the rendered objects, for people and for a comment
//! on a pull request.

use crate::common::{Folder, krmor, pipe, text};

const CONFIG: &str = "apiVersion: krmor.dev/v1alpha1\nkind: SecurityContext\nmetadata: {name: harden}\nspec: {images: [{name: b, user: 101}]}\n";
const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: a, image: b}]}\n";

/// Exit code, standard output and standard error.
fn call(folder: &Folder, args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let out = pipe(krmor().current_dir(&folder.0).args(args), stdin.as_bytes());
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

fn compare(folder: &Folder, old: &str, new: &str, args: &[&str]) -> (Option<i32>, String, String) {
    folder.write("old.yaml", old);
    folder.write("new.yaml", new);
    call(folder, &[&["compare", "old.yaml", "new.yaml"], args].concat(), "")
}

#[test]
fn only_what_differs_in_meaning_is_told() {
    let folder = Folder::new("compare");
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{port: 80}]}\n";
    let old = format!("{POD}---\n{service}");
    // Another order, other quotes, comments, JSON and lists are no difference.
    let json = r#"{"kind": "Service", "apiVersion": "v1", "spec": {"ports": [{"port": 80}]}, "metadata": {"namespace": "shop", "name": "web"}}"#;
    let same = format!("# a comment\n{json}\n---\n{}", POD.replace("image: b", "image: \"b\""));
    assert_eq!(compare(&folder, &old, &same, &[]), (Some(0), "no difference in 2 objects\n".to_owned(), String::new()));
    let list = format!("apiVersion: v1\nkind: List\nitems: [{json}]\n---\n{POD}");
    assert_eq!(compare(&folder, &old, &list, &[]).0, Some(0));

    let new = format!("{}---\n{}", service.replace("80", "8080"), POD.replace("name: web", "name: api"));
    let wanted = "\
Pod shop/api: added
+ apiVersion: v1
+ kind: Pod
+ metadata:
+   name: api
+   namespace: shop
+ spec:
+   containers:
+   - image: b
+     name: a
Pod shop/web: removed
- apiVersion: v1
- kind: Pod
- metadata:
-   name: web
-   namespace: shop
- spec:
-   containers:
-   - image: b
-     name: a
Service shop/web: changed
    namespace: shop
  spec:
    ports:
-   - port: 80
+   - port: 8080
1 added, 1 removed, 1 changed, of 2 objects
";
    assert_eq!(compare(&folder, &old, &new, &[]), (Some(1), wanted.to_owned(), String::new()));
    // By a pipe.
    let (code, out, _) = call(&folder, &["compare", "old.yaml", "-"], &new);
    assert_eq!((code, out.as_str()), (Some(1), wanted));
}

/// kustomize calls generated ConfigMaps by their content: a new name is a change, and no removal.
#[test]
fn names_with_a_hash_are_followed() {
    let folder = Folder::new("compare-hash");
    let map = |hash: &str, value: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: app-{hash}}}\ndata: {{A: '{value}'}}\n")
    };
    let (_, out, _) = compare(&folder, &map("5f9gk2hb7t", "1"), &map("bbk8mh54cf", "2"), &[]);
    assert!(out.starts_with("ConfigMap app-5f9gk2hb7t: changed, now app-bbk8mh54cf\n"), "{out}");
    assert!(
        out.contains("-   A: \"1\"\n+   A: \"2\"\n") && out.ends_with("0 added, 0 removed, 1 changed, of 1 objects\n"),
        "{out}"
    );
    // Two of one stem may be any.
    let two = format!("{}---\n{}", map("bbk8mh54cf", "2"), map("ccccccccc2", "3"));
    let (_, out, _) = compare(&folder, &map("5f9gk2hb7t", "1"), &two, &[]);
    assert!(out.ends_with("2 added, 1 removed, 0 changed, of 2 objects\n"), "{out}");
}

#[test]
fn secrets_are_not_told_but_that_they_differ() {
    let folder = Folder::new("compare-secrets");
    let stream = |value: &str| {
        let pod = POD.replace(
            "image: b",
            &format!("image: b, env: [{{name: TOKEN, value: {value}}}], args: [--password={value}]"),
        );
        format!("{pod}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: {value}, b: same}}\n")
    };
    for format in ["text", "markdown"] {
        let (code, out, err) = compare(&folder, &stream("cAnArY-1"), &stream("cAnArY-2"), &["--format", format]);
        assert_eq!((code, err.as_str()), (Some(1), ""));
        assert!(!out.contains("cAnArY"), "{out}");
        for path in ["stringData.a", "env", "args"] {
            assert!(out.contains(path), "{path}: {out}");
        }
        assert!(
            out.contains("Values that may be secret differ, and are not shown: stringData.a")
                && !out.contains("stringData.b"),
            "{out}"
        );
        // What comes and goes is masked as well, also in what cannot be read.
        let (_, out, _) = compare(&folder, POD, &stream("cAnArY-2"), &["--format", format]);
        assert!(out.contains("Secret s: added") && !out.contains("cAnArY"), "{out}");
        let (code, out, err) =
            compare(&folder, &stream("cAnArY-1"), "kind: Secret\nstringData: {a: 'cAnArY-2\n", &["--format", format]);
        assert_eq!(code, Some(2));
        assert!(!out.contains("cAnArY") && !err.contains("cAnArY"), "{out}{err}");
    }
}

#[test]
fn streams_that_cannot_be_compared_are_refused() {
    let folder = Folder::new("compare-refused");
    for (old, new, wanted) in [
        (POD, "# nothing\n", "error: new.yaml: it holds no objects; pass --allow-empty to accept this\n"),
        (&format!("{POD}---\n{POD}"), POD, "error: old.yaml: Pod shop/web is there twice\n"),
    ] {
        let (code, out, err) = compare(&folder, old, new, &[]);
        assert_eq!((code, out.as_str(), err.as_str()), (Some(2), "", wanted));
        let (code, out, err) = compare(&folder, old, new, &["--format", "markdown"]);
        assert_eq!((code, err.as_str()), (Some(2), wanted));
        assert!(out.starts_with("<!-- krmor -->\n### krmor failed\n") && out.contains(wanted.trim()), "{out}");
    }
    assert_eq!(call(&folder, &["compare", "-", "-"], POD).0, Some(2));
    assert_eq!(call(&folder, &["compare", "absent.yaml", "-"], POD).0, Some(3));
}

#[test]
fn a_comment_says_what_a_config_changes() {
    let folder = Folder::new("diff-markdown");
    folder.write("config.yaml", CONFIG);
    folder.write("web.yaml", POD);
    let args = ["diff", "--config", "config.yaml", "--format", "markdown", "web.yaml"];
    let (code, out, _) = call(&folder, &args, "");
    assert_eq!(code, Some(1));
    assert!(
        out.starts_with("<!-- krmor -->\n### What krmor would change\n\nSecurityContext harden: judged 1 workload"),
        "{out}"
    );
    assert!(out.contains("<details><summary>Pod shop/web web.yaml (+"), "{out}");
    assert!(out.contains("```diff\n@@ line ") && out.contains("# run-as-non-root: "), "{out}");
    assert!(!out.contains('\u{1b}') && out.ends_with("</details>\n"), "{out}");
    // A run that fails says so in the comment.
    folder.write("web.yaml", POD.replace("image: b", "image: b, securityContext: {privileged: true}"));
    let (code, out, err) = call(&folder, &args, "");
    assert_eq!(code, Some(1));
    assert!(out.starts_with("<!-- krmor -->\n### krmor failed\n") && out.contains("conflict/privileged"), "{out}");
    assert!(err.contains("conflict/privileged"));
}

/// GitHub takes 65,536 characters.
#[test]
fn a_comment_is_never_too_long_and_says_what_it_lacks() {
    let folder = Folder::new("compare-long");
    let many = |image: &str| {
        let pod = |number: usize| {
            POD.replace("name: web", &format!("name: web-{number}")).replace("image: b", &format!("image: {image}"))
        };
        (0..600).map(pod).collect::<Vec<_>>().join("---\n")
    };
    let (code, out, _) = compare(&folder, &many("b"), &many("c"), &["--format", "markdown"]);
    assert_eq!(code, Some(1));
    assert!(out.chars().count() <= 65_536 && out.len() > 50_000, "{}", out.len());
    assert!(
        out.contains("Left out, since a comment has at most 65536 characters: Pod shop/web-"),
        "{}",
        &out[out.len() - 400..]
    );
    assert!(out.contains("0 added, 0 removed, 600 changed, of 600 objects"));
    let (_, out, _) = compare(&folder, &many("b"), &many("c"), &["--format", "markdown", "--max-size", "5000"]);
    assert!(out.len() <= 5_000 && out.contains(" more. Run the same command"), "{out}");
}
