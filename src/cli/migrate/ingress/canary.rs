//! Canaries: rules of the main Ingress's route.

use serde_json::{Value, json};

use super::convert::Context;
use super::model::Backend;
use super::rules::reference;
use super::settings::Canary;

/// A canary whose paths no other Ingress has gets no requests from ingress-nginx.
pub(super) fn canary_has_main(context: &mut Context<'_>, number: usize) {
    let Some(ingress) = context.ingresses.get(number) else { return };
    let mut missing = Vec::new();
    let mut second = Vec::new();
    for rule in &ingress.rules {
        for path in &rule.paths {
            let others = context.ingresses.iter().zip(&context.settings);
            let mut mains = others.filter(|(_, settings)| settings.canary.is_none());
            let has = mains.any(|(main, _)| {
                main.effective == ingress.effective
                    && main
                        .rules
                        .iter()
                        .any(|own| own.host == rule.host && own.paths.iter().any(|own| own.path == path.path))
            });
            if !has {
                missing.push(path.clone());
            }
            let earlier = context.ingresses.iter().zip(&context.settings).take(number);
            let mut canaries = earlier.filter(|(_, settings)| settings.canary.is_some());
            let same = canaries.any(|(other, _)| {
                other.effective == ingress.effective
                    && other
                        .rules
                        .iter()
                        .any(|own| own.host == rule.host && own.paths.iter().any(|own| own.path == path.path))
            });
            if same {
                second.push(path.clone());
            }
        }
    }
    for path in second {
        let says =
            format!("another canary has the path `{}` of this host, and ingress-nginx takes one only", path.path);
        context.refuse(number, &path.pointer, "canary", says, "remove one of them");
    }
    for path in missing {
        let says = format!("no Ingress of these manifests is the main one for `{}`", path.path);
        let way = "put the canary beside the Ingress that it is for, with the same host and path; or remove it: it gets no requests";
        context.refuse(number, &path.pointer, "canary", says, way);
    }
}

/// Header before cookie before weight, as ingress-nginx has it.
pub(super) fn with_canary(
    canary: &Canary,
    backend: &Backend,
    main: &dyn Fn(i64) -> Value,
    make: &dyn Fn(Vec<Value>, Vec<Value>) -> Value,
) -> Vec<Value> {
    let mut rules = Vec::new();
    // A rule that holds requests back from the canary is only needed where another one would take them.
    let later = |cookie: bool| cookie && canary.cookie.is_some() || canary.weight.is_some_and(|(weight, _)| weight > 0);
    let header = |name: &str, kind: &str, value: &str| vec![json!({"name": name, "type": kind, "value": value})];
    if let Some(name) = &canary.header {
        match (&canary.value, &canary.pattern) {
            (Some(value), _) => rules.push(make(header(name, "Exact", value), vec![reference(backend, 1)])),
            (None, Some(pattern)) => {
                // nginx looks for the pattern anywhere in the header.
                let pattern = format!(".*({pattern}).*");
                rules.push(make(header(name, "RegularExpression", &pattern), vec![reference(backend, 1)]));
            }
            (None, None) => {
                rules.push(make(header(name, "Exact", "always"), vec![reference(backend, 1)]));
                if later(true) {
                    rules.push(make(header(name, "Exact", "never"), vec![main(1)]));
                }
            }
        }
    }
    if let Some(name) = &canary.cookie {
        let cookie = |value: &str| header("Cookie", "RegularExpression", &format!("(.*;\\s*)?{name}={value}(;.*)?"));
        rules.push(make(cookie("always"), vec![reference(backend, 1)]));
        if later(false) {
            rules.push(make(cookie("never"), vec![main(1)]));
        }
    }
    match canary.weight.filter(|(weight, _)| *weight > 0) {
        Some((weight, total)) => rules.push(make(Vec::new(), vec![main(total - weight), reference(backend, weight)])),
        None => rules.push(make(Vec::new(), vec![main(1)])),
    }
    rules
}
