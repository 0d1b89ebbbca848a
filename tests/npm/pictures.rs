//! What `krmor graph` draws, in Chromium: light and dark, without a text outside of its box; and Mermaid reads what is for it.

use std::process::Command;

use crate::common::{Folder, krmor, pipe, text};
use crate::{get, succeeds};

/// The examples' renderings, an application with NetworkPolicies, one whose policies deny what it needs, and odd names.
fn streams() -> Vec<(String, Vec<&'static str>, String)> {
    let platform = std::fs::read_to_string("tests/graph/platform.yaml").unwrap();
    let deny = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: aether}\nspec: {podSelector: {matchLabels: {app: postgres}}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}\n";
    let odd: String = ["end", "a\\\"b]}", "größe 日本 \\u0001", "<b>&amp;`x`", "1. one", "a-name-that-is-much-longer-than-any-box-of-a-picture-would-want-to-be"]
        .iter()
        .map(|name| {
            format!(
                "---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: \"{name}\", namespace: \"{name}\"}}, spec: {{selector: {{matchLabels: {{app: \"{name}\"}}}}, \
                 template: {{metadata: {{labels: {{app: \"{name}\"}}}}, spec: {{containers: [{{name: c, image: i, env: [{{name: SELF, value: 'http://self:80'}}]}}]}}}}}}}}\n\
                 ---\n{{apiVersion: v1, kind: Service, metadata: {{name: self, namespace: \"{name}\"}}, spec: {{selector: {{app: \"{name}\"}}, ports: [{{name: \"{name}\", port: 80}}]}}}}\n"
            )
        })
        .collect();
    let many: String = (0..60)
        .map(|at| {
            format!(
                "---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: w{at}}}, spec: {{selector: {{matchLabels: {{app: w{at}}}}}, template: {{metadata: {{labels: {{app: w{at}}}}}, \
                 spec: {{containers: [{{name: c, image: i, env: [{{name: A, value: 'http://w{}'}}, {{name: B, value: 'http://w{}'}}]}}]}}}}}}}}\n\
                 ---\n{{apiVersion: v1, kind: Service, metadata: {{name: w{at}}}, spec: {{selector: {{app: w{at}}}, ports: [{{port: 80}}]}}}}\n",
                (at + 1) % 60,
                (at * 7 + 3) % 60
            )
        })
        .collect();
    let mut out = vec![
        ("platform".to_owned(), vec![], platform.clone()),
        ("policies".to_owned(), vec!["--config", "tests/graph/policies.yaml", "--title", "aether"], platform.clone()),
        ("denied".to_owned(), vec![], platform + deny),
        ("odd".to_owned(), vec![], odd),
        ("many".to_owned(), vec![], many),
        ("empty".to_owned(), vec![], "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: none}\n".to_owned()),
    ];
    for overlay in crate::common::apps::overlays() {
        let words: Vec<_> =
            overlay.components().skip(1).map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        out.push((words.join("-"), vec![], std::fs::read_to_string(overlay.join("expected.yaml")).unwrap()));
    }
    out
}

#[test]
fn topologies_are_drawn_well_in_a_browser() {
    get();
    let folder = Folder::new("pictures");
    for (name, more, stream) in streams() {
        for (format, end) in [("svg", "svg"), ("mermaid", "mmd")] {
            let flags: Vec<&str> =
                more.iter().copied().filter(|_| format == "svg" || !more.contains(&"--title")).collect();
            let out = pipe(krmor().args(["graph", "--format", format]).args(flags), stream.as_bytes());
            assert!(out.status.success(), "{name}: {}", text(&out.stderr));
            folder.write(&format!("{name}.{end}"), &out.stdout);
        }
    }
    println!("{}", succeeds(Command::new("node").arg("tests/npm/pictures.mjs").arg(&folder.0)));
}
