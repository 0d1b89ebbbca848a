//! Where the certificate of an Ingress or of a ListenerSet comes from.

use krmor_core::facts::{Facts, Near};
use krmor_core::report::Report;
use krmor_core::stream::{Object, Stream};

use super::rules;
use super::spec::{IssuerKind, Tls};

/// How cert-manager is told which issuer signs the certificate.
pub(super) fn issuer(tls: &Tls) -> Option<(String, String)> {
    let issuer = tls.issuer.as_ref()?;
    let key = match issuer.kind {
        IssuerKind::ClusterIssuer => "cert-manager.io/cluster-issuer",
        IssuerKind::Issuer => "cert-manager.io/issuer",
    };
    Some((key.to_owned(), issuer.name.as_str().to_owned()))
}

/// The Secret that has it.
pub(super) fn secret(tls: &Tls, name: &str) -> String {
    tls.secret_name.as_ref().map_or(format!("{name}-tls"), |name| name.as_str().to_owned())
}

/// Says that nothing in the stream makes the Secret.
pub(super) fn find(serves: &Object<'_>, stream: &Stream, secret: &str, report: &mut Report) {
    let facts = Facts::of(stream);
    let is_made =
        || facts.makers().making("Secret", secret).any(|maker| maker.is_near(facts, serves, None, Near::Possible));
    let is_there = stream.named("", "Secret", secret).any(|object| Near::Possible.share(&object, serves));
    if !is_there && !is_made() {
        let message = format!("the certificate is to be in the Secret `{secret}`, which nothing of the stream makes");
        report.add(&rules::CERTIFICATE, serves.at(""), message, "add `tls.issuer`, or see that it is there");
    }
}
