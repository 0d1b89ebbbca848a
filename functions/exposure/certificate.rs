//! Where the certificate of an Ingress or of a ListenerSet comes from.

use krmor_core::facts::{Facts, Near};
use krmor_core::report::Report;
use krmor_core::stream::{Object, Stream};

use super::rules;
use super::spec::{IssuerKind, Spec, Tls};

/// Annotations that give an Ingress a certificate which no Secret has: its controller keeps it elsewhere.
const ELSEWHERE: [&str; 6] = [
    "alb.ingress.kubernetes.io/certificate-arn",
    "networking.gke.io/managed-certificates",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/certmap",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "traefik.ingress.kubernetes.io/router.tls.certresolver",
];

/// Whether the config leaves the certificate to an annotation, of its own or of the Ingress that is there.
pub(super) fn is_elsewhere(spec: &Spec, tls: &Tls, existing: Option<&Object<'_>>) -> bool {
    let asked = spec.annotations.keys().any(|key| ELSEWHERE.contains(&key.as_str()));
    let there = || existing.is_some_and(|object| ELSEWHERE.iter().any(|key| object.annotation(key).is_some()));
    tls.secret_name.is_none() && tls.issuer.is_none() && (asked || there())
}

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
