//! Bitnami's SealedSecrets: only their controller can read the values, so the keys alone are converted.

use std::collections::BTreeMap;

use super::super::spec::{Convert, Secret, Spec};
use super::super::template::{Piece, Template, Value};
use super::super::{rules, serves};
use super::contents::{Contents, default_source};
use crate::vault_secrets::source::KvSource;
use krmor_core::report::Report;
use krmor_core::stream::Object;
use krmor_yaml::{Node, escape_token};

/// The keys of `encryptedData`, and those of `template.data`, which are templates over the values.
pub(super) fn contents(
    spec: &Spec,
    convert: &Convert,
    entry: Option<&Secret>,
    object: &Object<'_>,
    report: &mut Report,
) -> Option<Contents> {
    let root = object.root();
    let refuse = |report: &mut Report, pointer: &str, message: &str, remedy: &str| {
        report.add(&rules::NOT_KEPT, object.at(pointer), message, remedy);
    };
    if root.find(&["spec", "data"]).is_some_and(|data| !data.is_null()) {
        let message = "its values are sealed as a whole in `data`, so its keys are not known";
        refuse(report, "/spec/data", message, "seal it anew, which writes `encryptedData`, or exclude it");
        return None;
    }
    let texts = root.find(&["spec", "template", "data"]).into_iter().flat_map(Node::entries).collect::<Vec<_>>();
    let sealed: Vec<String> = root
        .find(&["spec", "encryptedData"])
        .into_iter()
        .flat_map(Node::entries)
        .map(|(key, _)| key.into_owned())
        .collect();
    let (mut templates, mut fits, mut hidden) = (BTreeMap::new(), true, Vec::new());
    for (name, text) in &texts {
        let pointer = format!("/spec/template/data/{}", escape_token(name));
        if text.is_null() {
            hidden.push(name.clone().into_owned());
            continue;
        }
        let template = text.as_str().and_then(|text| parse(&text, &sealed));
        let refusal = match &template {
            None => Some((
                "its template does more than take values by their keys",
                "write the whole text to Vault under this key, and take it out of `template.data`",
            )),
            Some(template) => serves::refusal(spec.provider, template),
        };
        if let Some((problem, remedy)) = refusal {
            refuse(report, &pointer, &format!("the key `{name}`: {problem}"), remedy);
            fits = false;
        }
        templates.extend(template.map(|template| (name.clone().into_owned(), template)));
    }
    let source =
        entry.and_then(|entry| entry.kv.as_ref()).map_or_else(|| default_source(convert, object), KvSource::of);
    let named = entry.and_then(|entry| entry.keys.as_ref());
    let in_vault = |name: &str| {
        let found = named.into_iter().flat_map(|keys| &keys.0).find(|(own, _)| own == name);
        found.map_or_else(|| name.to_owned(), |(_, key)| key.clone())
    };
    for value in templates.values_mut().flat_map(|template: &mut Template| &mut template.0) {
        if let Piece::Value(value) = value {
            value.key = in_vault(&value.key);
        }
    }
    let mut keys: Vec<(String, String)> = sealed
        .iter()
        .filter(|name| !templates.contains_key(*name) && !hidden.contains(name))
        .map(|name| (name.clone(), in_vault(name)))
        .collect();
    keys.extend(named.into_iter().flat_map(|keys| keys.0.clone()));
    keys.sort();
    keys.dedup();
    let written = sealed.iter().map(|name| (in_vault(name), false)).collect();
    fits.then_some(Contents { source, keys, templates, written, literals: Vec::new(), optional: false })
}

/// A template that takes values by their keys and does nothing else: `{{ .user }}`, `{{ index . "tls.crt" }}`.
fn parse(text: &str, sealed: &[String]) -> Option<Template> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, behind) = after.split_once("}}")?;
        let (mut before, mut behind, mut inside) = (before, behind, inside);
        // `{{-` and `-}}` take the blanks around.
        if let Some(trimmed) = inside.strip_prefix("- ") {
            (before, inside) = (before.trim_end(), trimmed);
        }
        if let Some(trimmed) = inside.strip_suffix(" -") {
            (behind, inside) = (behind.trim_start(), trimmed);
        }
        let inside = inside.trim();
        let named = inside.strip_prefix("index . \"").and_then(|rest| rest.strip_suffix('"'));
        let key = named.or_else(|| {
            let field = inside.strip_prefix('.')?;
            let fits = !field.is_empty() && field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            fits.then_some(field)
        })?;
        if !sealed.iter().any(|own| own == key) {
            return None;
        }
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Value(Value { key: key.to_owned(), from: None, steps: Vec::new() }));
        rest = behind;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
    Some(Template(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_take_values_are_read() {
        let sealed = ["user".to_owned(), "tls.crt".to_owned()];
        let text = |text: &str| Piece::Text(text.to_owned());
        let value = |key: &str| Piece::Value(Value { key: key.to_owned(), from: None, steps: Vec::new() });
        let cases = [
            ("plain", Some(vec![text("plain")])),
            ("", Some(vec![])),
            ("a {{ .user }} b", Some(vec![text("a "), value("user"), text(" b")])),
            // A dash takes the blanks beside it.
            ("a {{- .user -}} b", Some(vec![text("a"), value("user"), text("b")])),
            ("a {{- index . \"tls.crt\" -}}\n b", Some(vec![text("a"), value("tls.crt"), text("b")])),
            ("a {{- .user }} b", Some(vec![text("a"), value("user"), text(" b")])),
            ("{{index . \"tls.crt\"}}", Some(vec![value("tls.crt")])),
            ("{{ .user | upper }}", None),
            ("{{ .other }}", None),
            ("{{ range . }}", None),
            ("{{ .user", None),
        ];
        for (input, wanted) in cases {
            assert_eq!(parse(input, &sealed), wanted.map(Template), "{input}");
        }
    }
}
