//! `secrets/plaintext-secret`: Secrets whose values stand in the stream. Base64 hides nothing; whoever can read the
//! rendered manifests, or the repository they come from, has them.

use super::super::final_stream::{FinalStream, scalar};
use super::super::findings::{Findings, Found};
use super::super::references::list;
use super::values;
use krmor_yaml::{Kind, Node};

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let allowed = &world.spec.secrets;
    for object in world.of_kind("", "Secret") {
        let mut keys = Vec::new();
        for field in ["data", "stringData"] {
            for (key, value) in object.root().get(field).into_iter().flat_map(Node::entries) {
                let Some(text) = scalar(value).filter(|_| value.kind() == Kind::Scalar) else { continue };
                let plain = if field == "data" { krmor_yaml::base64::decode_text(&text) } else { None };
                let plain = plain.unwrap_or_else(|| text.clone().into_owned());
                let is_allowed = allowed.allow_names.iter().any(|pattern| pattern.matches(&key))
                    || allowed.allow_values.iter().any(|pattern| pattern.matches(&plain));
                if !is_allowed && !is_none(&plain) && !is_none(&text) {
                    keys.push(key.into_owned());
                }
            }
        }
        if keys.is_empty() {
            continue;
        }
        let field = if object.root().get("data").is_some() { "/data" } else { "/stringData" };
        findings.add(Found {
            object,
            container: None,
            pointer: field.to_owned(),
            name: object.name().into_owned(),
            message: format!("the values of the Secret stand in the manifests: {}", list(&keys)),
            remedy: "let an operator bring it (`VaultSecrets`), or seal it".to_owned(),
        });
    }
}

/// What tools put in later, and what everybody may know: addresses, switches, certificates.
fn is_none(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("-----BEGIN CERTIFICATE") || values::is_harmless(text)
}
