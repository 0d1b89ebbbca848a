//! What each provider can say of a converted key.

use super::spec::Provider;
use super::template::{Step, Template};

/// Why a provider cannot make a key of this, and what to do about it.
pub(super) fn refusal(provider: Provider, template: &Template) -> Option<(&'static str, &'static str)> {
    const REMEDY: &str = "write the whole value to Vault under one key, or take `provider: vso` or `external-secrets`";
    if provider != Provider::Csi {
        return None;
    }
    let Some(value) = template.only() else {
        let problem = match template.values().next() {
            None => "the CSI driver brings values of Vault only, and this is a text of the manifest",
            Some(_) => "the CSI driver brings values as they are, and this one has text around them",
        };
        return Some((problem, REMEDY));
    };
    match value.steps.as_slice() {
        [] | [Step::Decode] => None,
        _ => Some((
            "the CSI driver brings values as they are or decoded from base64, and a modifier asks for more",
            REMEDY,
        )),
    }
}
