//! The programs behind Ingress classes: how each is told about TLS, and what none of their Ingresses can say.

use crate::exposure::rules;
use krmor_core::report::Place;
use krmor_core::rules as common;
use std::collections::BTreeMap;

use super::plan::Plan;
use super::spec::{Controller, Termination};
use krmor_core::report::Report;
use krmor_core::stream::{Object, Stream};

/// How classes were chosen before `ingressClassName`.
pub(super) const CLASS: &str = "kubernetes.io/ingress.class";
type Annotations = BTreeMap<String, String>;

const NGINX: &str = "nginx.ingress.kubernetes.io";
const TRAEFIK_MIDDLEWARES: &str = "traefik.ingress.kubernetes.io/router.middlewares";
const TRAEFIK_SCHEME: &str = "traefik.ingress.kubernetes.io/service.serversscheme";

/// The annotations by which the controller is told about TLS; `None` when it cannot be told, which is reported.
pub(super) fn annotations(
    plan: &Plan<'_>,
    stream: &Stream,
    existing: Option<&Object<'_>>,
    class: Option<&str>,
    report: &mut Report,
) -> Option<Annotations> {
    let none = Annotations::new();
    let Some(tls) = plan.spec.tls.as_ref().filter(|tls| tls.termination != Termination::None) else {
        return Some(none);
    };
    let on = |name: &str| (format!("{NGINX}/{name}"), "true".to_owned());
    let mut unsaid = |field: &str, problem: String, remedy: &str| {
        report.add(&common::CONFIG, Place::Config(format!("/tls/{field}")), problem, remedy);
        None
    };
    let annotated = |key: &str| {
        plan.spec.annotations.keys().any(|own| own.as_str() == key)
            || existing.is_some_and(|object| object.annotation(key).is_some())
    };
    match controller(plan, stream, class) {
        Some(Controller::Nginx) => {
            let mut out = none;
            match tls.termination {
                Termination::Passthrough => {
                    out.extend([on("ssl-passthrough")]);
                    let message = "ingress-nginx passes TLS through only when it runs with `--enable-ssl-passthrough`";
                    report.add(&rules::PASSTHROUGH, Place::Stream, message, "see that it does");
                }
                Termination::Reencrypt => {
                    out.insert(format!("{NGINX}/backend-protocol"), "HTTPS".to_owned());
                    if !annotated(&format!("{NGINX}/proxy-ssl-verify")) {
                        let message = "ingress-nginx does not check the certificates of the pods";
                        let remedy = format!("annotate `{NGINX}/proxy-ssl-verify: \"on\"` and its `proxy-ssl-secret`");
                        report.add(&rules::UNVERIFIED_BACKEND, Place::Stream, message, remedy);
                    }
                }
                Termination::Edge | Termination::None => {}
            }
            if tls.redirects() {
                // The second holds without a certificate too: while it is being issued, and when TLS passes through.
                out.extend([on("ssl-redirect"), on("force-ssl-redirect")]);
            }
            Some(out)
        }
        Some(Controller::Traefik) => {
            let schemes =
                |object: Object<'_>| object.annotation(TRAEFIK_SCHEME).is_some_and(|scheme| scheme == "https");
            match tls.termination {
                Termination::Passthrough => {
                    let what = "Traefik passes TLS through by an IngressRouteTCP, and not by an Ingress";
                    unsaid("termination", what.to_owned(), "write that, or set `termination: edge`")
                }
                Termination::Reencrypt if !plan.services().iter().all(|id| stream.object(*id).is_some_and(schemes)) => {
                    let what =
                        format!("Traefik encrypts to pods when their Service is annotated `{TRAEFIK_SCHEME}: https`");
                    unsaid("termination", what, "annotate the Service, or set `termination: edge`")
                }
                _ if tls.redirects() && !annotated(TRAEFIK_MIDDLEWARES) => {
                    let what = format!(
                        "Traefik redirects by a Middleware, which the annotation `{TRAEFIK_MIDDLEWARES}` names, or for all \
                         of an entry point, by its own settings"
                    );
                    unsaid("redirect", what, "add that to `annotations`, or set `redirect: false` and redirect there")
                }
                _ => Some(none),
            }
        }
        Some(Controller::Other) => {
            let message = "`ingressController: other`: what redirects plain HTTP and encrypts to pods is not known";
            let remedy = "see that `annotations`, or the controller's own settings, do what `tls` asks for";
            report.add(&rules::CONTROLLER, Place::Stream, message, remedy);
            Some(none)
        }
        None if tls.redirects() || tls.termination != Termination::Edge => {
            let field = if tls.redirects() { "redirect" } else { "termination" };
            let class = class.map_or("the default class".to_owned(), |class| format!("the class `{class}`"));
            let what = format!("it is not known how the controller of {class} is told");
            unsaid(field, what, "set `ingressController:` to `nginx`, `traefik` or `other`, or set `redirect: false`")
        }
        None => Some(none),
    }
}

/// The controller that the config names, else that of the class.
fn controller(plan: &Plan<'_>, stream: &Stream, class: Option<&str>) -> Option<Controller> {
    plan.spec.ingress_controller.or_else(|| {
        let class = class?;
        let is_it = |object: &Object<'_>| {
            object.kind() == "IngressClass" && object.group() == "networking.k8s.io" && object.name() == class
        };
        let object = stream.objects().find(is_it);
        let named = object.and_then(|object| object.root().find(&["spec", "controller"])?.as_str());
        match (named.as_deref(), class) {
            (Some("k8s.io/ingress-nginx"), _) | (None, "nginx") => Some(Controller::Nginx),
            (Some("traefik.io/ingress-controller"), _) | (None, "traefik") => Some(Controller::Traefik),
            _ => None,
        }
    })
}
