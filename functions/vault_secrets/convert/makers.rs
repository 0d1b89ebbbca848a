//! Secrets that are not converted: what the provider needs to reach Vault, what is encrypted, and what something else makes.

use std::collections::HashMap;

use super::super::placeholders::Reader;
use super::super::rules;
use super::super::spec::{Convert, EngineVersion, Spec};
use super::contents::{entries, has_placeholders, text};
use krmor_core::facts::makers::Maker;
use krmor_core::facts::unlocks::{Unlock, unlocks};
use krmor_core::facts::{Facts, Near};
use krmor_core::kube::ObjectName;
use krmor_core::report::{Finding, Report};
use krmor_core::stream::{Object, Stream};

/// What takes Secrets to reach Vault.
pub(super) struct Logins {
    /// By the name that they have for the Secret.
    of_stream: HashMap<String, Vec<Unlock>>,
    /// Fields of the config, and the names that they have.
    of_config: Vec<(&'static str, String)>,
}

impl Logins {
    /// Who takes the Secret, as the subject of a sentence.
    fn of(&self, secret: &Object<'_>) -> Option<String> {
        let names = secret.names();
        let takers = names.iter().filter_map(|name| self.of_stream.get(name)).flatten();
        let in_stream = takers.filter(|unlock| unlock.takes(secret)).map(|unlock| unlock.title.clone()).min();
        let in_config = || self.of_config.iter().find(|(_, name)| secret.is_named(name));
        in_stream.or_else(|| Some(format!("`{}` of the config", in_config()?.0)))
    }
}

pub(super) fn logins(spec: &Spec, stream: &Stream) -> Logins {
    let auth = spec.auth.as_ref();
    let of_config = [
        ("connection.caSecret", spec.connection.as_ref().and_then(|it| it.ca_secret.as_ref())),
        ("auth.appRole.secret", auth.and_then(|it| it.app_role.as_ref()).map(|it| &it.secret)),
        ("auth.jwt.secret", auth.and_then(|it| it.jwt.as_ref()).and_then(|it| it.secret.as_ref())),
        ("auth.aws.secret", auth.and_then(|it| it.aws.as_ref()).and_then(|it| it.secret.as_ref())),
    ];
    let name = |(field, name): (&'static str, Option<&ObjectName>)| Some((field, name?.as_str().to_owned()));
    let mut of_stream: HashMap<String, Vec<Unlock>> = HashMap::new();
    for unlock in unlocks(Facts::of(stream)) {
        of_stream.entry(unlock.name.clone()).or_default().push(unlock);
    }
    Logins { of_stream, of_config: of_config.into_iter().filter_map(name).collect() }
}

/// Whether a Secret stays in the stream, which is said.
pub(super) fn stays(logins: &Logins, convert: &Convert, secret: &Object<'_>, report: &mut Report) -> bool {
    let reader = Reader::of(secret, convert.engine == Some(EngineVersion::V1));
    if let Some(who) = logins.of(secret) {
        if has_placeholders(&reader, secret) {
            let message = format!("{who} takes it to reach Vault, so its placeholders cannot be filled in from there");
            let remedy = "bring its values into the cluster by another way, and exclude it here";
            report.add(&rules::PLACEHOLDER, secret.at(""), message, remedy);
        } else if secret.kind() == "Secret" {
            let message = format!("{who} takes it to reach Vault: it stays in the stream, with its values");
            let remedy = "bring it into the cluster by another way, such as a SealedSecret, or exclude it here";
            report.add(&rules::LOGIN_SECRET, secret.at(""), message, remedy);
        }
        return true;
    }
    let is_sops = secret.kind() == "Secret"
        && (secret.root().get("sops").is_some()
            || entries(secret).any(|(_, value, _)| text(value).starts_with("ENC[AES256_GCM,")));
    if is_sops {
        let message = "SOPS has encrypted its values, so what stands here is not what the cluster gets";
        let remedy = "let krmor run on what is decrypted, or exclude it here";
        report.add(&rules::ENCRYPTED, secret.at(""), message, remedy);
        return true;
    }
    false
}

/// What makes a Secret of this name already, where `from` is, but for those that are `expected`.
pub(super) fn maker_of<'s>(
    from: &Object<'_>,
    name: &str,
    expected: impl Fn(&Maker) -> bool,
    stream: &'s Stream,
) -> Option<&'s Maker> {
    let facts = Facts::of(stream);
    let near =
        |maker: &&Maker| maker.name == name && maker.is_near(facts, from, None, Near::Certain) && !expected(maker);
    facts.makers().named("Secret", name).filter(near).min_by_key(|maker| maker.title.as_str())
}

/// Whether there is such a maker; this is said.
pub(in super::super) fn two_makers(
    from: &Object<'_>,
    name: &str,
    expected: impl Fn(&Maker) -> bool,
    stream: &Stream,
    report: &mut Report,
) -> bool {
    let Some(maker) = maker_of(from, name, expected, stream) else { return false };
    let message = format!("{} makes Secret {name} already, and one Secret has one maker", maker.title);
    let remedy = "remove one of the two, or exclude it here";
    report.record_once([Finding::new(&rules::TWO_MAKERS, from.at(""), message, remedy)]);
    true
}
