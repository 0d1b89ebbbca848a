//! The placeholders of argocd-vault-plugin, as the plugin's own expressions find them: `<path:secret/data/app#key>`, with
//! `#version` and modifiers behind, and, in an object with the annotation `avp.kubernetes.io/path`, `<key>`.

mod refusals;

use std::ops::Range;

pub(super) use self::refusals::Refused;
use self::refusals::{
    BACKENDS, BAD_ENGINE, INDENT, JSON_PATH, MODIFIER, NO_DATA, NO_KEY, NO_MOUNT, NO_NUMBER, NO_PATH, OTHER_PATH,
    PARSE, PLUGIN_KEY, YAML,
};
use super::source::KvSource;
use super::template::{Piece, Step, Value};
use super::values::{VaultPath, is_vault_key};
use krmor_core::stream::Object;
use krmor_core::values::go_bool;

const PATH: &str = "avp.kubernetes.io/path";
const VERSION: &str = "avp.kubernetes.io/secret-version";
const ENGINE: &str = "avp.kubernetes.io/kv-version";
const IGNORE: &str = "avp.kubernetes.io/ignore";
const REMOVE_MISSING: &str = "avp.kubernetes.io/remove-missing";

/// How the plugin reads one object.
pub(super) struct Reader {
    /// `avp.kubernetes.io/path`: with it, also empty, `<key>` is a placeholder too.
    path: Option<String>,
    version: Option<String>,
    /// `avp.kubernetes.io/kv-version`.
    engine: Option<String>,
    /// Whether the config says that the engine is of version 1.
    v1: bool,
    ignored: bool,
    /// `avp.kubernetes.io/remove-missing`: keys whose value is not in Vault are left out.
    pub(super) removes_missing: bool,
}

impl Reader {
    pub(super) fn of(object: &Object<'_>, v1: bool) -> Self {
        let text = |key: &str| object.annotation(key).map(std::borrow::Cow::into_owned);
        let is = |key: &str| text(key).and_then(|text| go_bool(&text)) == Some(true);
        Self {
            path: text(PATH),
            version: text(VERSION),
            engine: text(ENGINE),
            v1,
            ignored: is(IGNORE),
            removes_missing: is(REMOVE_MISSING),
        }
    }

    /// Whether a text has a placeholder in it.
    pub(super) fn finds(&self, text: &str) -> bool {
        !self.ignored && self.next(text, 0).is_some()
    }

    /// The text with what its placeholders stand for; `None` when there are none.
    pub(super) fn read(&self, text: &str) -> Result<Option<Vec<Piece>>, Refused> {
        if !self.finds(text) {
            return Ok(None);
        }
        let (mut pieces, mut from) = (Vec::new(), 0);
        let plain = |range: Range<usize>, pieces: &mut Vec<Piece>| {
            let text = text.get(range).filter(|text| !text.is_empty());
            pieces.extend(text.map(|text| Piece::Text(text.to_owned())));
        };
        while let Some(found) = self.next(text, from) {
            plain(from..found.start, &mut pieces);
            pieces.push(Piece::Value(self.placeholder(text.get(found.clone()).unwrap_or_default())?));
            from = found.end;
        }
        plain(from..text.len(), &mut pieces);
        Ok(Some(pieces))
    }

    /// The next placeholder behind a place, with its angle brackets.
    fn next(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let start = if self.path.is_some() { "<" } else { "<path:" };
        let mut at = from;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find(start)).map(|found| at + found) {
            let rest = text.get(found + start.len()..).unwrap_or_default();
            let length = if self.path.is_some() { generic(rest) } else { inline(rest) };
            if let Some(length) = length {
                return Some(found..found + start.len() + length);
            }
            at = found + 1;
        }
        None
    }

    fn placeholder(&self, text: &str) -> Result<Value, Refused> {
        let mut parts = text.trim_matches(['<', '>']).split('|');
        let place = parts.next().unwrap_or_default().trim_matches(' ');
        let (source, key) = match inline_parts(place) {
            Some((path, key, version)) => (self.source(path, version)?, key.trim()),
            None => match self.path.as_deref() {
                None => return Err(NO_KEY),
                Some("") => return Err(NO_PATH),
                Some(path) => (self.source(path, self.version.as_deref())?, place),
            },
        };
        if key.is_empty() || key.contains(['<', '>', '\n']) {
            return Err(NO_KEY);
        }
        if !is_vault_key(key) {
            return Err(PLUGIN_KEY);
        }
        let parts: Vec<&str> = parts.collect();
        // `jsonPath` parses the text by itself.
        let is_path = |at: usize| parts.get(at).is_some_and(|part| part.split_whitespace().next() == Some("jsonPath"));
        let is_idle = |at: usize| parts.get(at).is_some_and(|part| part.trim() == "jsonParse") && is_path(at + 1);
        let steps = parts.iter().enumerate().filter(|(at, _)| !is_idle(*at));
        let steps = steps.map(|(_, part)| step(part)).collect::<Result<_, _>>()?;
        Ok(Value { key: key.to_owned(), from: Some(source), steps })
    }

    fn source(&self, path: &str, version: Option<&str>) -> Result<KvSource, Refused> {
        if let Some((_, refused)) = BACKENDS.iter().find(|(start, _)| path.starts_with(start)) {
            return Err(*refused);
        }
        let path = path.trim_matches('/');
        let v2 = match self.engine.as_deref() {
            Some("1") => false,
            Some("2") => true,
            Some(_) => return Err(BAD_ENGINE),
            None => !self.v1,
        };
        let Some(first) = path.split_once('/') else { return Err(NO_MOUNT) };
        let (mount, rest) = if v2 { path.split_once("/data/").ok_or(NO_DATA)? } else { first };
        let fits = |text: &str| VaultPath::try_from(text.to_owned()).is_ok();
        if !fits(mount) || !fits(rest) {
            return Err(OTHER_PATH);
        }
        // Version 0 is the newest, and version 1 of the engine has none.
        let version = match version.filter(|version| v2 && !version.is_empty()).map(str::parse::<u32>) {
            None => None,
            Some(number) => Some(number.map_err(|_| NO_NUMBER)?).filter(|number| *number != 0),
        };
        Ok(KvSource { mount: mount.to_owned(), path: rest.to_owned(), v2, version })
    }
}

/// The rest of a placeholder behind `<`, as `(?mU)<(.*)>` finds it.
fn generic(rest: &str) -> Option<usize> {
    let line = rest.split('\n').next().unwrap_or_default();
    line.find('>').map(|end| end + 1)
}

/// The rest of a placeholder behind `<path:`, as `(?mU)<path:([^#]+)#([^#]+)(?:#([^#]+))?>` finds it.
fn inline(rest: &str) -> Option<usize> {
    let after = |from: usize, marks: &[char]| {
        let first = rest.get(from..)?.chars().next()?;
        let start = from + first.len_utf8();
        (first != '#').then_some(())?;
        rest.get(start..)?.find(marks).map(|found| start + found)
    };
    let key = after(0, &['#'])? + 1;
    let end = after(key, &['#', '>'])?;
    // With a version behind.
    let end = if rest.get(end..)?.starts_with('#') { after(end + 1, &['#', '>'])? } else { end };
    rest.get(end..)?.starts_with('>').then_some(end + 1)
}

/// Path, key and version of `path:mount/data/path#key#version`.
fn inline_parts(place: &str) -> Option<(&str, &str, Option<&str>)> {
    let (path, rest) = place.get(place.find("path:")? + "path:".len()..)?.split_once('#')?;
    let (key, version) = rest.split_once('#').map_or((rest, None), |(key, version)| (key, Some(version)));
    (!path.is_empty() && !key.is_empty()).then_some((path, key, version))
}

fn step(text: &str) -> Result<Step, Refused> {
    let mut words = text.split_whitespace();
    let (name, arguments) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>());
    match (name, arguments.as_slice()) {
        ("base64encode", []) => Ok(Step::Encode),
        ("base64decode", []) => Ok(Step::Decode),
        ("sha256sum", _) => Ok(Step::Sha256),
        ("jsonPath", [path]) => fields(path).map(Step::Json).ok_or(JSON_PATH),
        ("jsonPath", [_, ..]) => Err(JSON_PATH),
        ("indent", _) => Err(INDENT),
        ("jsonParse", _) => Err(PARSE),
        ("yamlParse", _) => Err(YAML),
        _ => Err(MODIFIER),
    }
}

/// The fields of `{.db.user}`.
fn fields(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('{')?.strip_suffix('}')?;
    let path = path.strip_prefix('$').unwrap_or(path).strip_prefix('.')?;
    let fits =
        |field: &str| !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    path.split('.').map(|field| fits(field).then(|| field.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(path: Option<&str>) -> Reader {
        Reader {
            path: path.map(str::to_owned),
            version: Some("4".to_owned()),
            engine: None,
            v1: false,
            ignored: false,
            removes_missing: false,
        }
    }

    fn value(mount: &str, path: &str, version: Option<u32>, key: &str, steps: &[Step]) -> Piece {
        let from = KvSource { mount: mount.to_owned(), path: path.to_owned(), v2: true, version };
        Piece::Value(Value { key: key.to_owned(), from: Some(from), steps: steps.to_vec() })
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn placeholders_are_found_as_the_plugin_finds_them() {
        let app = |key: &str| value("secret", "app", None, key, &[]);
        let cases = [
            ("<path:secret/data/app#pw>", vec![app("pw")]),
            ("<path:team/kv/data/a/b#pw#3>", vec![value("team/kv", "a/b", Some(3), "pw", &[])]),
            ("<path:secret/data/app#pw#0>", vec![app("pw")]),
            ("a<path:secret/data/app#pw>b\n", vec![text("a"), app("pw"), text("b\n")]),
            ("<path:secret/data/app#a><path:secret/data/app#b>", vec![app("a"), app("b")]),
            ("<path:secret/data/app# a b >", vec![app("a b")]),
            ("<x> <path:secret/data/app#a>", vec![text("<x> "), app("a")]),
            (
                "<path:secret/data/app#pw#2 | jsonPath {.a.b} | base64encode>",
                vec![value(
                    "secret",
                    "app",
                    Some(2),
                    "pw",
                    &[Step::Json(vec!["a".to_owned(), "b".to_owned()]), Step::Encode],
                )],
            ),
        ];
        for (input, wanted) in cases {
            assert_eq!(reader(None).read(input), Ok(Some(wanted)), "{input}");
        }
        let json = value("secret", "app", None, "pw", &[Step::Json(vec!["a".to_owned()])]);
        let parsed = "<path:secret/data/app#pw |jsonParse|  jsonPath  {.a} >";
        assert_eq!(reader(None).read(parsed), Ok(Some(vec![json])));
        for plain in ["plain", "<pw>", "<path:secret/data/app>", "<path:#a>", "<path:a#b", "<path:a#b#c#d>"] {
            assert_eq!(reader(None).read(plain), Ok(None), "{plain}");
        }
    }

    #[test]
    fn with_the_annotation_a_key_alone_is_one() {
        let app = |key: &str, steps: &[Step]| value("secret", "app", Some(4), key, steps);
        let cases = [
            ("<pw>", vec![app("pw", &[])]),
            (
                "user: <user>\npass: < pw >\n",
                vec![text("user: "), app("user", &[]), text("\npass: "), app("pw", &[]), text("\n")],
            ),
            ("<pw | base64encode>", vec![app("pw", &[Step::Encode])]),
            // What follows is left, as the plugin leaves it.
            ("<<pw>>", vec![app("pw", &[]), text(">")]),
            ("a < b\n<pw>", vec![text("a < b\n"), app("pw", &[])]),
            // The annotations say nothing of a placeholder with a path.
            ("<path:kv/data/x#k>", vec![value("kv", "x", None, "k", &[])]),
        ];
        for (input, wanted) in cases {
            assert_eq!(reader(Some("secret/data/app")).read(input), Ok(Some(wanted)), "{input}");
        }
        assert_eq!(reader(Some("")).read("<pw>"), Err(NO_PATH));
        assert_eq!(reader(Some("secret/data/app")).read("a < b <pw>"), Err(NO_KEY));
        assert_eq!(reader(Some("secret/data/app")).read("<>"), Err(NO_KEY));
    }

    #[test]
    fn what_cannot_be_a_reference_says_why() {
        let cases = [
            ("<path:app#pw>", NO_MOUNT),
            ("<path:kv/app#pw>", NO_DATA),
            ("<path:kv/data/app#pw#latest>", NO_NUMBER),
            ("<path:kv/data/app#pw | nothing>", MODIFIER),
            ("<path:kv/data/app#pw | base64encode x>", MODIFIER),
            ("<path:kv/data/app#pw | >", MODIFIER),
            ("<path:kv/data/app#pw | indent 3>", INDENT),
            ("<path:kv/data/app#pw | jsonParse>", PARSE),
            ("<path:kv/data/app#pw | yamlParse>", YAML),
            ("<path:kv/data/app#pw | jsonPath {.a}{':'}{.b}>", JSON_PATH),
            ("<path:kv/data/app#pw | jsonPath {.a[0]}>", JSON_PATH),
            ("<path:kv/data/app#p'w>", PLUGIN_KEY),
            ("<path:kv/da ta/app#pw>", NO_DATA),
            ("<path:kv/data/a b#pw>", OTHER_PATH),
            ("<path:a|b#pw>", NO_KEY),
        ];
        for (input, wanted) in cases {
            assert_eq!(reader(None).read(input), Err(wanted), "{input}");
        }
        for (start, wanted) in BACKENDS {
            assert_eq!(reader(None).read(&format!("<path:{start}1/secrets/app#pw>")), Err(*wanted));
        }
    }

    #[test]
    fn version_1_of_the_engine_is_said() {
        let v1 = KvSource { mount: "kv".to_owned(), path: "data/app".to_owned(), v2: false, version: None };
        let said = [
            Reader { v1: true, ..reader(None) },
            Reader { engine: Some("1".to_owned()), ..reader(None) },
            Reader { engine: Some("1".to_owned()), v1: true, ..reader(None) },
        ];
        for reader in said {
            let wanted = Piece::Value(Value { key: "k".to_owned(), from: Some(v1.clone()), steps: Vec::new() });
            assert_eq!(reader.read("<path:kv/data/app#k#7>"), Ok(Some(vec![wanted])), "versions are passed over");
        }
        let back = Reader { engine: Some("2".to_owned()), v1: true, ..reader(None) };
        assert_eq!(back.read("<path:kv/data/app#k>"), Ok(Some(vec![value("kv", "app", None, "k", &[])])));
        assert_eq!(Reader { engine: Some("3".to_owned()), ..reader(None) }.read("<path:kv/data/a#k>"), Err(BAD_ENGINE));
    }
}
