//! The placeholders of argocd-vault-plugin: `<path:secret/data/app#key>`, with `#version` and modifiers behind, and, in an
//! object with the annotation `avp.kubernetes.io/path`, `<key>`.

use super::want::KvSource;

/// What a text says of placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There are none.
    Nothing,
    /// It is one, and nothing else.
    Whole(Placeholder),
    /// It has one in it that krmor cannot turn into a reference: why not.
    Part(&'static str),
}

/// One placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placeholder {
    pub(super) source: KvSource,
    pub(super) key: String,
}

/// Reads a text; `path` is what the object's annotation says.
pub(super) fn read(text: &str, path: Option<&str>) -> Found {
    let text = text.trim();
    if let Some(at) = text.find("<path:") {
        let whole = at == 0 && text.find('>') == Some(text.len() - 1);
        return match text.strip_prefix("<path:").and_then(|text| text.strip_suffix('>')).filter(|_| whole) {
            Some(inner) => inline(inner),
            None => Found::Part("it has other text around the placeholder"),
        };
    }
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    match (inner, path) {
        (Some(key), Some(path)) if !key.contains(['<', '>']) => match split(key) {
            Ok(key) => whole(path, key, None),
            Err(problem) => Found::Part(problem),
        },
        _ => Found::Nothing,
    }
}

/// The key of `key | base64encode`: a Secret's `data` is encoded anyway.
fn split(text: &str) -> Result<&str, &'static str> {
    match text.split_once('|') {
        None => Ok(text.trim()),
        Some((key, modifier)) if modifier.trim() == "base64encode" => Ok(key.trim()),
        Some(_) => Err("it changes the value on the way, which a reference cannot"),
    }
}

fn inline(inner: &str) -> Found {
    let inner = match split(inner) {
        Ok(inner) => inner,
        Err(problem) => return Found::Part(problem),
    };
    let mut parts = inner.split('#');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(path), Some(key), version, None) => whole(path, key, version),
        _ => Found::Part("it names no key"),
    }
}

fn whole(path: &str, key: &str, version: Option<&str>) -> Found {
    let version = match version.filter(|version| !version.is_empty()).map(str::parse::<u32>) {
        None => None,
        Some(Ok(number)) => Some(number),
        Some(Err(_)) => return Found::Part("its version is no number"),
    };
    let path = path.trim().trim_matches('/');
    let (mount, rest, v2) = match (path.split_once("/data/"), path.split_once('/')) {
        (Some((mount, rest)), _) => (mount, rest, true),
        (None, Some((mount, rest))) => (mount, rest, false),
        (None, None) => return Found::Part("its path has no mount"),
    };
    let fits = |text: &str| super::values::VaultPath::try_from(text.to_owned()).is_ok();
    if !fits(mount) || !fits(rest) || !super::values::is_vault_key(key) {
        return Found::Part("it names no path and key");
    }
    let source = KvSource { mount: mount.to_owned(), path: rest.to_owned(), v2, version };
    Found::Whole(Placeholder { source, key: key.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_read_as_the_plugin_reads_them() {
        let place = |mount: &str, path: &str, v2, version, key: &str| {
            let source = KvSource { mount: mount.to_owned(), path: path.to_owned(), v2, version };
            Found::Whole(Placeholder { source, key: key.to_owned() })
        };
        let cases = [
            ("<path:secret/data/app#pw>", None, place("secret", "app", true, None, "pw")),
            ("<path:team/kv/data/a/b#pw#3>", None, place("team/kv", "a/b", true, Some(3), "pw")),
            ("<path:kv/app#pw>", None, place("kv", "app", false, None, "pw")),
            ("<path:kv/app#pw | base64encode>", None, place("kv", "app", false, None, "pw")),
            ("<pw>", Some("secret/data/app"), place("secret", "app", true, None, "pw")),
            ("<pw>", None, Found::Nothing),
            ("plain", None, Found::Nothing),
            ("a <path:kv/app#pw>", None, Found::Part("it has other text around the placeholder")),
            ("<path:kv/app#pw><path:kv/app#pw>", None, Found::Part("it has other text around the placeholder")),
            (
                "<path:kv/app#pw | jsonPath {.a}>",
                None,
                Found::Part("it changes the value on the way, which a reference cannot"),
            ),
            ("<path:kv/app>", None, Found::Part("it names no key")),
            ("<path:app#pw>", None, Found::Part("its path has no mount")),
            ("<path:kv/app#pw#x>", None, Found::Part("its version is no number")),
        ];
        for (text, path, wanted) in cases {
            assert_eq!(read(text, path), wanted, "{text}");
        }
    }
}
