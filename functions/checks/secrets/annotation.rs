//! `secrets/annotation`: secrets in the annotations of objects and pods, which whoever may read the object can read.

use super::super::final_stream::{FinalStream, scalar};
use super::super::findings::{Findings, Found};
use super::{Detector, lines, tokens};
use krmor_core::secret_names as names;
use krmor_core::stream::Object;
use krmor_yaml::{Node, escape_token};

/// What `kubectl apply` wrote: the whole object, with its data.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let detector = Detector::of(world);
    for object in world.stream.objects() {
        look(&detector, object, "", findings);
    }
    for here in world.pods.iter().filter(|here| !here.pod.is_bare()) {
        let Some(template) = &here.pod.template else { continue };
        look(&detector, here.object, template, findings);
    }
}

fn look(detector: &Detector<'_>, object: Object<'_>, at: &str, findings: &mut Findings<'_>) {
    let annotations = object.root().at_pointer(&format!("{at}/metadata/annotations"));
    for (key, value) in annotations.into_iter().flat_map(Node::entries) {
        let Some(text) = scalar(value) else { continue };
        let Some(why) = why(detector, &object, &key, &text) else { continue };
        findings.add(Found {
            object,
            container: None,
            pointer: format!("{at}/metadata/annotations/{}", escape_token(&key)),
            message: format!("the annotation `{key}` holds a secret in plain text: {why}"),
            name: key.into_owned(),
            remedy: "take it out".to_owned(),
        });
    }
}

fn why(detector: &Detector<'_>, object: &Object<'_>, key: &str, text: &str) -> Option<String> {
    if detector.is_allowed(key, text) {
        return None;
    }
    if let Some(what) = tokens::find(text) {
        return Some(format!("it holds {what}"));
    }
    if key == LAST_APPLIED {
        let has_data = object.kind() == "Secret" && object.group().is_empty() && text.contains("ata\":{\"");
        let pair = || lines::pairs(text).iter().find_map(|pair| detector.named(pair.name, pair.value));
        return has_data.then(|| "`kubectl apply` copied the Secret's data into it".to_owned()).or_else(pair);
    }
    // Controllers are told which Secret to take by annotations that end in `secret` or `key`.
    match names::promise(key.rsplit('/').next().unwrap_or(key)) {
        Some(names::Promise::Secret(_)) => detector.named(key, text),
        _ => detector.config.names.iter().any(|pattern| pattern.matches(key)).then(|| detector.named(key, text))?,
    }
}
