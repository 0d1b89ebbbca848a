//! The Vault Agent Injector: annotations of the pod, and, for variables, a command that reads them first.

use crate::vault_secrets::rules;
use serde_json::{Map, Value, json};

use super::auth::{Connection, Method};
use super::spec::{Pki, Secret, Spec, Wiring};
use super::template::{self, Functions, Template};
use super::values::{AbsolutePath, Address, VaultPath};
use super::want::{Source, User};
use krmor_core::fields;
use krmor_core::kube::{ObjectName, OperatorDuration};
use krmor_core::pods::{Container, Role};
use krmor_core::reconcile::{self, Context, Field, Ownership, Refusal};
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object};
use krmor_yaml::{Kind, Node};

const PREFIX: &str = "vault.hashicorp.com/";
const FOLDER: &str = "/vault/secrets";

/// The edits that let the injector work on a pod.
pub(super) fn edits(spec: &Spec, user: &User, object: &Object<'_>, report: &mut Report) -> Vec<Edit> {
    let pod = &user.selected.pod;
    let wanted =
        annotations(spec, user, object).into_iter().map(|(key, value)| (format!("{PREFIX}{key}"), value.into()));
    let wanted = fields!({"annotations": wanted.collect::<Map<String, Value>>()});
    let by = Context {
        rule: &rules::AGENT,
        reason: "tells the Vault Agent what to fetch".into(),
        owners: &Annotations { overwrite: spec.overwrite, init_first: spec.init_first.is_some() },
    };
    let mut edits = reconcile::compare(object, &pod.metadata_pointer(), &wanted, &by, report);
    let files: Vec<String> = spec.secrets.iter().filter(|secret| is_env(secret)).map(env_file).collect();
    for container in user.containers.iter().filter(|_| !files.is_empty()) {
        edits.extend(command(container, object, &files, report));
    }
    edits
}

/// Whose the pod's annotations are.
struct Annotations {
    overwrite: bool,
    /// Whether the config says when the agent starts.
    init_first: bool,
}

impl Ownership for Annotations {
    fn field(&self, pattern: &str, _: Node<'_>, _: &Value) -> Field {
        match pattern {
            "" | "/annotations" => Field::Parts,
            // A mesh may need to be there before the agent.
            _ if pattern.ends_with("~1agent-init-first") && !self.init_first => Field::Keep,
            _ if self.overwrite => Field::Override,
            _ => Field::Refuse,
        }
    }

    fn refusal(&self, _: &Value) -> Option<Refusal> {
        let message = "the pod's annotation says something else than the config".to_owned();
        let remedy = "correct one of the two, or set `overwrite: true`";
        Some(Refusal { rule: &rules::DIFFERS, message, remedy })
    }
}

fn is_env(secret: &Secret) -> bool {
    matches!(secret.wiring(), Wiring::Env | Wiring::EnvFrom)
}

fn env_file(secret: &Secret) -> String {
    format!("{FOLDER}/{}", secret.name.as_str())
}

fn annotations(spec: &Spec, user: &User, object: &Object<'_>) -> Vec<(String, String)> {
    let mut out = vec![("agent-inject".to_owned(), "true".to_owned())];
    let mut add = |key: &str, value: String| out.push((key.to_owned(), value));
    if let Some(auth) = &spec.auth {
        let (method, mount) = (auth.method(), auth.mount());
        if let Some(mount) = mount {
            add("auth-path", format!("auth/{mount}"));
        }
        match method {
            Some(Method::Kubernetes(it)) => add("role", it.role.clone()),
            Some(Method::Jwt(it)) => {
                add("auth-type", "jwt".to_owned());
                add("role", it.role.clone());
                add("auth-config-path", "/var/run/secrets/kubernetes.io/serviceaccount/token".to_owned());
            }
            Some(Method::AppRole(it)) => {
                add("auth-type", "approle".to_owned());
                // The agent's container has this Secret at `/vault/custom`.
                add("extra-secret", it.secret.as_str().to_owned());
                add("auth-config-role-id", it.role_id.clone());
                add("auth-config-secret-id-file-path", "/vault/custom/id".to_owned());
                add("auth-config-remove-secret-id-file-after-reading", "false".to_owned());
            }
            Some(Method::Aws(it)) => {
                add("auth-type", "aws".to_owned());
                add("auth-config-type", "iam".to_owned());
                add("auth-config-role", it.role.clone());
                it.region.iter().for_each(|region| add("auth-config-region", region.clone()));
            }
            Some(Method::Gcp(it)) => {
                add("auth-type", "gcp".to_owned());
                add("auth-config-type", "gce".to_owned());
                add("auth-config-role", it.role.clone());
            }
            None => {}
        }
    }
    for (key, value) in spec.connection.iter().flat_map(connection) {
        add(key, value);
    }
    // Init containers need their secrets before they start, and an agent that stays would keep a Job from ending.
    add("agent-init-first", spec.init_first.unwrap_or(true).to_string());
    if user.selected.pod.runs_to_completion(object) {
        add("agent-pre-populate-only", "true".to_owned());
    }
    let all = user.selected.pod.containers(object);
    let others = |one: &Container| one.role == Role::Main && !user.containers.contains(one);
    if all.iter().any(others) || user.containers.iter().any(|one| one.role != Role::Main) {
        let names: Vec<&str> = user.containers.iter().map(|one| one.name.as_str()).collect();
        add("agent-inject-containers", names.join(","));
    }
    for secret in &spec.secrets {
        for (key, value) in files(secret) {
            add(&key, value);
        }
    }
    out
}

fn connection(connection: &Connection) -> Vec<(&'static str, String)> {
    let text = |text: &str| text.to_owned();
    let all = [
        ("service", connection.address.as_ref().map(Address::as_str).map(text)),
        ("namespace", connection.vault_namespace.as_ref().map(VaultPath::as_str).map(text)),
        ("tls-secret", connection.ca_secret.as_ref().map(ObjectName::as_str).map(text)),
        ("ca-cert", connection.ca_secret.as_ref().map(|_| text("/vault/tls/ca.crt"))),
        ("tls-server-name", connection.tls_server_name.clone()),
        ("tls-skip-verify", connection.skip_tls_verify.then(|| text("true"))),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// The annotations for one secret.
fn files(secret: &Secret) -> Vec<(String, String)> {
    let name = secret.name.as_str();
    let Some(source) = Source::of(secret) else { return Vec::new() };
    let (path, data) = match &source {
        Source::Kv(kv) => (kv.api_address(), if kv.v2 { ".Data.data" } else { ".Data" }),
        Source::Dynamic(it) => (format!("{}/{}", it.mount.as_str(), it.path.as_str()), ".Data"),
        Source::Pki(pki) => return certificate(secret, pki),
    };
    let whole = |body: &str| format!("{{{{- with secret \"{path}\" -}}}}\n{body}{{{{- end -}}}}\n");
    if is_env(secret) {
        return file(secret, name, None, &path, &whole(&exports(secret, data)));
    }
    let text = |template: &Template| template.go(Functions::ConsulTemplate, |value| format!("index {data} \"{}\"", value.key));
    let keys = secret.keys.iter().flat_map(|keys| &keys.0);
    let keys = keys.map(|(name, key)| (name.clone(), text(&Template::of_key(key))));
    let templates = secret.templates.iter().map(|(name, template)| (name.clone(), text(template)));
    let one = |(key, text): (String, String)| {
        let body = format!("{{{{- with secret \"{path}\" -}}}}\n{text}\n{{{{- end -}}}}");
        file(secret, &format!("{name}-{key}"), Some(&key), &path, &body)
    };
    keys.chain(templates).flat_map(one).collect()
}

/// Lines that a shell reads: each value is quoted.
fn exports(secret: &Secret, data: &str) -> String {
    let quote = "replaceAll \"'\" \"'\\\"'\\\"'\"";
    let value = |value: &template::Value| match value.steps.is_empty() {
        true => format!("{{{{ index {data} \"{}\" | {quote} }}}}", value.key),
        // What is escaped for a URL has no quotes.
        false => value.go(Functions::ConsulTemplate, &format!("index {data} \"{}\"", value.key)),
    };
    let plain = |text: &str| text.replace('\'', "'\"'\"'");
    let mut out = String::new();
    match &secret.keys {
        None => out.push_str(&format!(
            "{{{{ range $key, $value := {data} }}}}export {{{{ $key }}}}='{{{{ $value | {quote} }}}}'\n{{{{ end }}}}"
        )),
        Some(keys) => {
            for (name, key) in &keys.0 {
                out.push_str(&format!("export {name}='{}'\n", Template::of_key(key).go_with(plain, value)));
            }
        }
    }
    for (name, template) in &secret.templates {
        out.push_str(&format!("export {name}='{}'\n", template.go_with(plain, value)));
    }
    out
}

/// A certificate with its key in one file: two files would be two certificates.
fn certificate(secret: &Secret, pki: &Pki) -> Vec<(String, String)> {
    let path = format!("{}/issue/{}", pki.mount.as_ref().map_or("pki", VaultPath::as_str), pki.role);
    let mut arguments = vec![format!("common_name={}", pki.common_name)];
    if !pki.alt_names.is_empty() {
        arguments.push(format!("alt_names={}", pki.alt_names.join(",")));
    }
    if !pki.ip_sans.is_empty() {
        arguments.push(format!("ip_sans={}", pki.ip_sans.join(",")));
    }
    arguments.extend(pki.ttl.as_ref().map(|ttl| format!("ttl={}", OperatorDuration::as_str(ttl))));
    let arguments: Vec<String> = arguments.iter().map(|argument| format!(" \"{argument}\"")).collect();
    let body = format!(
        "{{{{- with pkiCert \"{path}\"{} -}}}}\n{{{{ .Key }}}}\n{{{{ .Cert }}}}\n{{{{ .CA }}}}\n{{{{- end -}}}}",
        arguments.concat()
    );
    let name = secret.name.as_str();
    file(secret, name, Some(&format!("{name}.pem")), &path, &body)
}

fn file(secret: &Secret, unique: &str, name: Option<&str>, path: &str, template: &str) -> Vec<(String, String)> {
    let mut out = vec![(format!("agent-inject-secret-{unique}"), path.to_owned())];
    if let Some(name) = name {
        out.push((format!("agent-inject-file-{unique}"), name.to_owned()));
    }
    out.push((format!("agent-inject-template-{unique}"), template.to_owned()));
    let folder = secret.mount_path.as_ref().map(AbsolutePath::as_str);
    out.extend(folder.map(|folder| (format!("secret-volume-path-{unique}"), folder.to_owned())));
    out
}

/// The edit that lets a container read the files with variables before its program starts.
fn command(container: &Container, object: &Object<'_>, files: &[String], report: &mut Report) -> Option<Edit> {
    let node = container.node(object)?;
    let pointer = format!("{}/command", container.pointer);
    let old = node.get("command").filter(|command| command.kind() == Kind::Seq && command.items().next().is_some());
    let Some(old) = old.and_then(Node::to_value) else {
        let message =
            format!("container `{}` has no `command`, and what its image starts is not known here", container.name);
        let remedy = "write its `command`, so that a shell can read the variables before it, or take `as: files`";
        report.add(&rules::NO_COMMAND, object.at(&container.pointer), message, remedy);
        return None;
    };
    let words: Vec<&str> = old.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (mut sourced, program) = match words.as_slice() {
        ["/bin/sh", "-c", script, "--", program @ ..] if script.starts_with(". ") && script.ends_with(EXEC) => {
            (script.trim_end_matches(EXEC).split(" && ").map(str::to_owned).collect::<Vec<_>>(), program.to_vec())
        }
        program => (Vec::new(), program.to_vec()),
    };
    let before = sourced.len();
    for file in files.iter().map(|file| format!(". {file}")) {
        if !sourced.contains(&file) {
            sourced.push(file);
        }
    }
    if sourced.len() == before {
        return None;
    }
    let script = format!("{}{EXEC}", sourced.join(" && "));
    let mut command = vec!["/bin/sh", "-c", &script, "--"];
    command.extend(program);
    let reason = "a shell reads the variables that the agent wrote, then starts the program";
    let why = Why { rule: &rules::AGENT, reason: reason.into(), class: Class::Updated };
    Some(Edit { pointer, action: Action::Set(json!(command)), why })
}

const EXEC: &str = " && exec \"$@\"";
