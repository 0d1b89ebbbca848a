//! Certificates: where listeners get them from, and what cannot be seen of a Gateway that is there.

use serde_json::{Value, json};

use super::annotations::Treatment;
use super::convert::{Context, Made, Target};
use super::hosts::Hosts;

/// Without a Secret the certificate is the controller's own, which only a Gateway that is there can have.
pub(super) fn certificates_are_known(context: &mut Context<'_>, hosts: &Hosts, number: usize) {
    let existing = matches!(context.wants.target, Target::Existing { .. });
    let mut problems = Vec::new();
    for host in hosts.list.iter().filter(|host| host.owners.first() == Some(&number)) {
        let name = host.name.as_deref().unwrap_or("any host");
        let settings = context.settings.get(number);
        if host.tls && host.secret.is_none() && !host.passthrough && !existing {
            let says = format!("`{name}` has the controller's default certificate, which a Gateway does not know");
            problems.push(("/spec/tls", "tls", says, "name the Secret: `secretName`; or attach to a Gateway that has the certificate: --gateway NAMESPACE/NAME"));
        }
        if settings.is_some_and(|settings| settings.force_ssl) && !host.tls && !host.passthrough {
            let says = format!(
                "`{name}` has no TLS here: a redirect to HTTPS would lead nowhere, or round in a circle behind a load balancer that ends TLS"
            );
            let at = "/metadata/annotations/nginx.ingress.kubernetes.io~1force-ssl-redirect";
            problems.push((
                at,
                "force-ssl-redirect",
                says,
                "add the host to `spec.tls`, or let the load balancer redirect and remove the annotation",
            ));
        }
    }
    for (pointer, name, says, remedy) in problems {
        context.refuse(number, pointer, name, says, remedy);
    }
    let plain =
        hosts.list.iter().enumerate().any(|(at, host)| {
            host.passthrough && host.owners.contains(&number) && !hosts.redirects(context, number, at)
        });
    if plain {
        context.lose(number, "/metadata/annotations/nginx.ingress.kubernetes.io~1ssl-passthrough", "plain-http");
    }
}

/// What cannot be seen of a Gateway that is there.
pub(super) fn existing(context: &mut Context<'_>, hosts: &Hosts) {
    let Target::Existing { section, http_section, .. } = context.wants.target.clone() else { return };
    let mut redirects = Vec::new();
    let mut secure = Vec::new();
    for (at, host) in hosts.list.iter().enumerate() {
        if host.tls || host.passthrough {
            secure.extend(host.owners.first().copied());
        }
        redirects.extend(host.owners.iter().copied().filter(|&number| hosts.redirects(context, number, at)));
    }
    redirects.dedup();
    for number in redirects.into_iter().filter(|_| section.is_none() || http_section.is_none()) {
        let says = "plain HTTP is redirected, so krmor has to know which listener of the Gateway is for it and which for HTTPS".to_owned();
        let way = "name them: --gateway NAMESPACE/NAME:HTTPS-LISTENER --http-section HTTP-LISTENER; or say ssl-redirect: \"false\"";
        context.refuse(number, "/spec/tls", "ssl-redirect", says, way);
    }
    for number in secure {
        context.lose(number, "/spec/tls", "certificate");
    }
    // Annotations for listeners have nowhere to go.
    for number in 0..context.ingresses.len() {
        let keys: Vec<String> =
            context.settings.get(number).map(|settings| settings.parent.keys().cloned().collect()).unwrap_or_default();
        for note in context.notes.iter_mut().filter(|note| note.ingress == number && keys.contains(&note.name)) {
            note.treatment = Treatment::Lost;
            "it belongs on what has the listeners: put it on the Gateway, or write a ListenerSet for it (--listener-set)".clone_into(&mut note.says);
        }
    }
}

/// A Gateway elsewhere may read the Secrets of an Ingress.
pub(super) fn grant(context: &mut Context<'_>, hosts: &Hosts, number: usize, namespace: &str) -> Vec<Made> {
    let secrets = hosts.list.iter().filter_map(|host| host.secret.as_ref().filter(|_| !host.passthrough));
    let mut secrets: Vec<&String> = secrets.filter(|(owner, _)| *owner == number).map(|(_, secret)| secret).collect();
    secrets.sort_unstable();
    secrets.dedup();
    if secrets.is_empty() || context.namespace(number) == Some(namespace) {
        return Vec::new();
    }
    let every = context.settings.get(number).into_iter().flat_map(|settings| &settings.every);
    let annotations = every.map(|(key, value)| (key.clone(), json!(value))).collect();
    let name =
        context.ingresses.get(number).map(|ingress| format!("{}-certificates", ingress.name)).unwrap_or_default();
    let metadata = context.metadata(number, &name, annotations);
    let from = json!([{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": namespace}]);
    let to: Vec<Value> = secrets.iter().map(|name| json!({"group": "", "kind": "Secret", "name": name})).collect();
    let spec = json!({"from": from, "to": to});
    let value = json!({"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant", "metadata": metadata, "spec": spec});
    vec![Made { ingress: number, value }]
}
