//! Generated manifests.

use super::Random;

/// A workload with some of the fields that functions look at, weak and strict, in one of several layouts.
pub fn workload(random: &mut Random) -> String {
    let maybe = |random: &mut Random, text: &str| if random.below(3) == 0 { text.to_owned() } else { String::new() };
    let context = |random: &mut Random, indent: &str| {
        let mut out = String::new();
        for field in [
            "runAsNonRoot: true",
            "runAsUser: 1000",
            "readOnlyRootFilesystem: true # strict",
            "allowPrivilegeEscalation: false",
            "privileged: false",
            "seccompProfile: {type: Localhost, localhostProfile: a.json}",
            "runAsUser: 0",
            "privileged: true",
        ] {
            let weak = matches!(field, "runAsUser: 0" | "privileged: true");
            if random.below(if weak { 14 } else { 4 }) == 0 && !out.contains(field.split(':').next().unwrap()) {
                out.push_str(&format!("{indent}  {field}\n"));
            }
        }
        if out.is_empty() { String::new() } else { format!("{indent}securityContext:\n{out}") }
    };
    let pod = |random: &mut Random, pad: &str| {
        let mut out = format!("{pad}spec:\n");
        out.push_str(&maybe(random, &format!("{pad}  automountServiceAccountToken: true\n")));
        out.push_str(&maybe(
            random,
            &format!("{pad}  # about volumes\n{pad}  volumes:\n{pad}  - name: data\n{pad}    emptyDir: {{}}\n"),
        ));
        if random.below(3) == 0 {
            out.push_str(&format!("{pad}  initContainers:\n{pad}    - name: init\n{pad}      image: busybox:1\n"));
            out.push_str(&maybe(random, &format!("{pad}      restartPolicy: Always\n")));
        }
        out.push_str(&format!("{pad}  containers: # the app\n"));
        for name in ["app", "side"].iter().take(1 + random.below(2)) {
            if random.below(6) == 0 {
                out.push_str(&format!("{pad}  - {{name: {name}, image: \"nginx:1\"}}\n"));
            } else {
                out.push_str(&format!("{pad}  - name: {name}\n{pad}    image: nginx:1   # pinned\n"));
                out.push_str(&maybe(
                    random,
                    &format!("{pad}    ports:\n{pad}    - containerPort: 8080\n{pad}      name: http\n"),
                ));
                out.push_str(&context(random, &format!("{pad}    ")));
                let resources =
                    *random.pick(&["{}", "{requests: {cpu: 50m}}", "{limits: {memory: 1Gi, cpu: 2}} # fixed", ""]);
                out.push_str(&maybe(random, &format!("{pad}    resources: {resources}\n")));
            }
        }
        out.push_str(&maybe(random, &format!("{pad}  securityContext: {{runAsNonRoot: true}}\n")));
        out
    };
    let name = format!("w{}", random.below(1000));
    let kind = *random.pick(&[
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "Pod",
        "Service",
        "ConfigMap",
        "List",
    ]);
    match kind {
        "Pod" => format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n{}", pod(random, "")),
        "Service" => {
            format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  ports: [{{port: 80}}]\n")
        }
        "ConfigMap" => format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: |\n    x: y # not a comment\n"
        ),
        "List" => format!(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {name}\n{}- apiVersion: v1\n  kind: Service\n  metadata: {{name: {name}}}\n",
            pod(random, "  ")
        ),
        "CronJob" => format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: {name}\nspec:\n  jobTemplate:\n    spec:\n      template:\n{}  schedule: '0 * * * *'\n",
            pod(random, "        ")
        ),
        "Job" => format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\nspec:\n  template:\n{}",
            pod(random, "    ")
        ),
        _ => format!(
            "# {name}\napiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata:\n      labels: {{a: b}}\n{}",
            pod(random, "    ")
        ),
    }
}
