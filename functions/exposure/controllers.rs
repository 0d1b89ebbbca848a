//! The programs behind Ingress classes: how each is told about TLS, and what none of their Ingresses can say.

use crate::exposure::rules;
use krmor_core::report::Place;
use krmor_core::rules as common;
use std::collections::BTreeMap;

use super::plan::Plan;
use super::spec::{Controller, PathType, Termination, Tls};
use krmor_core::report::Report;
use krmor_core::stream::{Object, Stream};
use krmor_yaml::{Node, escape_token};

/// How classes were chosen before `ingressClassName`.
pub(super) const CLASS: &str = "kubernetes.io/ingress.class";
type Annotations = BTreeMap<String, String>;

const NGINX: &str = "nginx.ingress.kubernetes.io";
const TRAEFIK_MIDDLEWARES: &str = "traefik.ingress.kubernetes.io/router.middlewares";
const TRAEFIK_SCHEME: &str = "traefik.ingress.kubernetes.io/service.serversscheme";

/// What controllers call the annotations by which an Ingress rewrites its paths, or takes them for expressions.
const REWRITES: [&str; 7] =
    ["rewrite-target", "use-regex", "path-rewrite", "rewrites", "rewrite", "strip-path", "backend-path-prefix"];

/// Whether a controller rewrites the paths of an Ingress, or takes them for expressions.
pub(super) fn rewrites(ingress: &Object<'_>) -> bool {
    let notes = ingress.root().find(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    let does = |key: &str| key.split_once('/').is_some_and(|(_, name)| REWRITES.contains(&name));
    notes.into_iter().any(|(key, value)| does(&key) && value.as_str().is_none_or(|value| value != "false"))
}

/// Whether ingress-nginx takes the paths of an Ingress for expressions; where it rewrites, it does.
pub(super) fn is_regex(ingress: &Object<'_>) -> bool {
    ingress.annotation(&format!("{NGINX}/use-regex")).is_some_and(|value| value == "true")
        || ingress.annotation(&format!("{NGINX}/rewrite-target")).is_some()
}

/// The class of an Ingress.
pub(super) struct Class {
    pub(super) name: Option<String>,
    /// What `ingressClassName` is to be; none where the annotation of before says the same.
    pub(super) to_write: Option<String>,
}

/// The class that the config and the Ingress that is there agree on; `None` when they do not, which is reported.
pub(super) fn class(plan: &Plan<'_>, existing: Option<&Object<'_>>, report: &mut Report) -> Option<Class> {
    let asked = plan.spec.ingress_class_name.as_ref().map(|class| class.as_str().to_owned());
    let noted = plan.spec.annotations.iter().find(|(key, _)| key.as_str() == CLASS).map(|(_, class)| class.clone());
    let wanted = asked.clone().or(noted);
    let Some(existing) = existing else { return Some(Class { name: wanted, to_write: asked }) };
    let field =
        existing.root().find(&["spec", "ingressClassName"]).and_then(Node::as_str).filter(|name| !name.is_empty());
    let note = existing.annotation(CLASS);
    let own = note.clone().or_else(|| field.clone());
    let annotation = format!("/metadata/annotations/{}", escape_token(CLASS));
    let place = if note.is_some() { annotation } else { "/spec/ingressClassName".to_owned() };
    let clash = match (&field, &note, &wanted) {
        // The API server refuses such an Ingress, and controllers read the one or the other.
        (Some(field), Some(note), _) if field != note => {
            Some(format!("`ingressClassName: {field}` stands beside the annotation `{CLASS}: {note}`"))
        }
        _ => wanted
            .as_ref()
            .filter(|wanted| own.as_ref().is_some_and(|own| own != *wanted))
            .map(|wanted| format!("it is already there and says otherwise: the config asks for `{wanted}`")),
    };
    if let Some(message) = clash {
        let remedy = "let both name one class; or, to expose the pods a second time, give the config another `name`";
        report.add(&rules::CONFLICT, existing.at(&place), message, remedy);
        return None;
    }
    let to_write = asked.filter(|_| note.is_none());
    Some(Class { name: own.map(std::borrow::Cow::into_owned).or(wanted), to_write })
}

/// The annotations by which the controller is told about expressions and TLS; `None` when it cannot be told, which is
/// reported.
pub(super) fn annotations(
    plan: &Plan<'_>,
    stream: &Stream,
    existing: Option<&Object<'_>>,
    class: Option<&str>,
    report: &mut Report,
) -> Option<Annotations> {
    let controller = controller(plan, stream, class);
    let mut none = Annotations::new();
    let expression = plan.spec.paths.iter().position(|rule| rule.path_type == PathType::RegularExpression);
    if let Some(at) = expression {
        none.extend(expressions(at, controller, existing, report)?);
    }
    let Some(tls) = plan.spec.encryption() else {
        warn_of_nginx(controller, class, (plan, existing), report);
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
    match controller {
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
            unsaid(field, unknown(class), remedy(tls))
        }
        None => {
            warn_of_nginx(controller, class, (plan, existing), report);
            Some(none)
        }
    }
}

/// Who a class called `nginx` may be.
const NGINXES: &str = "the class `nginx` may be that of ingress-nginx, which is retired since March 2026, or of the NGINX \
                       Ingress Controller of F5";

fn unknown(class: Option<&str>) -> String {
    match class {
        Some("nginx") => format!("{NGINXES}: they are told by other annotations"),
        Some(class) => format!("it is not known how the controller of the class `{class}` is told"),
        None => "it is not known how the controller of the default class is told".to_owned(),
    }
}

fn remedy(tls: &Tls) -> &'static str {
    match tls.redirects() {
        true => "set `ingressController:` to `nginx` (ingress-nginx), `traefik` or `other`, or set `redirect: false`",
        false => "set `ingressController:` to `nginx` (ingress-nginx), `traefik` or `other`",
    }
}

/// Says that a class is called like that of a retired controller, where nothing depends on which one it is.
fn warn_of_nginx(
    controller: Option<Controller>,
    class: Option<&str>,
    (plan, existing): (&Plan<'_>, Option<&Object<'_>>),
    report: &mut Report,
) {
    if controller.is_none() && class == Some("nginx") {
        let note = || format!("/metadata/annotations/{}", escape_token(CLASS));
        let place = match existing.filter(|_| plan.spec.ingress_class_name.is_none()) {
            Some(object) if object.annotation(CLASS).is_some() => object.at(&note()),
            Some(object) => object.at("/spec/ingressClassName"),
            None => Place::Config("/ingressClassName".to_owned()),
        };
        let remedy = "name the controller by `ingressController:`, or use `provider: httpRoute`";
        report.add(&rules::RETIRED, place, NGINXES, remedy);
    }
}

/// How a controller is told that paths are expressions; `None` when it cannot be told.
fn expressions(
    at: usize,
    controller: Option<Controller>,
    existing: Option<&Object<'_>>,
    report: &mut Report,
) -> Option<Annotations> {
    if controller != Some(Controller::Nginx) {
        let what = "an Ingress does not say that a path is an expression, and only ingress-nginx is known to be told";
        let remedy = "write `ImplementationSpecific`, which the controller reads in its way, or set \
                      `ingressController: nginx`";
        report.add(&common::CONFIG, Place::Config(format!("/paths/{at}/pathType")), what, remedy);
        return None;
    }
    if let Some(existing) = existing.filter(|existing| !is_regex(existing)) {
        let message = format!("with `{NGINX}/use-regex` all its paths would become expressions");
        let remedy = "add the annotation to this Ingress by hand, or give the config another `name`";
        report.add(&rules::CONFLICT, existing.at("/metadata/annotations"), message, remedy);
        return None;
    }
    Some(Annotations::from([(format!("{NGINX}/use-regex"), "true".to_owned())]))
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
            (Some("k8s.io/ingress-nginx"), _) => Some(Controller::Nginx),
            (Some("traefik.io/ingress-controller"), _) | (None, "traefik") => Some(Controller::Traefik),
            _ => None,
        }
    })
}
