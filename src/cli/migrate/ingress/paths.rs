//! Paths: what ingress-nginx matches and rewrites, in the words of the Gateway API.

use regex_lite::Regex;
use serde_json::{Value, json};

use super::model::{PathRule, PathType};

/// A path of an HTTPRoute, and the filter of its rewrite.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matched {
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) rewrite: Option<Value>,
    /// Which of the losses of [`super::annotations::LOSSES`] it takes.
    pub(super) loss: Option<&'static str>,
}

fn matched(kind: &'static str, value: impl Into<String>) -> Matched {
    Matched { kind, value: value.into(), rewrite: None, loss: None }
}

/// The characters that make a path of ingress-nginx more than a text.
const SPECIAL: &[char] = &['\\', '^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|'];

/// Whether a text has something of a regular expression; a dot does not make one, though nginx takes it for any letter.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(SPECIAL)
}

/// What a path matches. `regex` says that its host is one where ingress-nginx takes all paths for regular expressions.
pub(super) fn matching(rule: &PathRule, regex: bool, rewrite: Option<&str>) -> Result<Matched, (String, String)> {
    // A target that is the path itself is no rewrite for ingress-nginx.
    let rewrite = rewrite.filter(|target| !target.is_empty() && *target != rule.path);
    let found = if regex { of_pattern(rule, rewrite) } else { Ok(plain(rule)) };
    found.and_then(|matched| if matched.kind == "RegularExpression" { Ok(matched) } else { sayable(matched) })
}

/// What the API server takes for an exact path or a prefix.
fn sayable(matched: Matched) -> Result<Matched, (String, String)> {
    let path = matched.value.as_str();
    let characters =
        Regex::new("^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$").is_ok_and(|regex| regex.is_match(path));
    let forbidden = ["//", "/./", "/../", "%2f", "%2F", "#"].iter().any(|part| path.contains(part));
    if characters
        && !forbidden
        && path.starts_with('/')
        && !path.ends_with("/..")
        && !path.ends_with("/.")
        && path.len() <= 1024
    {
        return Ok(matched);
    }
    Err((
        format!("the path `{path}` has what the Gateway API does not take, and nginx takes it letter by letter"),
        "if it is a regular expression, set the annotation nginx.ingress.kubernetes.io/use-regex to \"true\"; else write it with letters, digits, `/`, `%` and two digits, and simple punctuation".to_owned(),
    ))
}

/// A path of a host where all are regular expressions.
fn of_pattern(rule: &PathRule, rewrite: Option<&str>) -> Result<Matched, (String, String)> {
    let path = rule.path.trim_start_matches('^');
    match rewrite {
        None if path == "/" => Ok(matched("PathPrefix", "/")),
        None => expression(path),
        Some(target) => rewritten(path, target),
    }
}

fn plain(rule: &PathRule) -> Matched {
    match rule.kind {
        PathType::Exact => matched("Exact", &rule.path),
        PathType::Prefix => matched("PathPrefix", element(&rule.path)),
        PathType::Specific => {
            let loss = (rule.path != "/").then_some("path-element");
            Matched { loss, ..matched("PathPrefix", element(&rule.path)) }
        }
    }
}

/// A prefix without the slash at its end, which matches the same.
fn element(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    }
}

fn unsayable(path: &str, target: &str) -> (String, String) {
    (
        format!("the rewrite of `{path}` to `{target}` uses what was captured in a way that no HTTPRoute can say"),
        "write the path as `/x(/|$)(.*)` and the target as `/y/$2` (or `/$2`), which replaces a prefix, or a target without `$`, which replaces the whole path"
            .to_owned(),
    )
}

/// A regular expression of nginx, which matches from the start of the path on, as one that matches the whole path.
fn expression(path: &str) -> Result<Matched, (String, String)> {
    let refuse = |why: &str| {
        (
            format!("the path `{path}` {why}"),
            "write it without that, as several paths if need be; RE2, which most Gateways match by, is the measure"
                .to_owned(),
        )
    };
    if has_top_level_alternative(path) {
        return Err(refuse("has a `|` outside of parentheses, whose second half nginx looks for anywhere in the path"));
    }
    if Regex::new(&format!("(?i)^{path}")).is_err() {
        return Err(refuse("is no regular expression that RE2 knows"));
    }
    let value = match path.strip_suffix('$').filter(|rest| !rest.ends_with('\\')) {
        Some(rest) => format!("(?i){rest}"),
        None if path.ends_with(".*") && !path.ends_with("\\.*") || path.ends_with("(.*)") => format!("(?i){path}"),
        None => format!("(?i){path}.*"),
    };
    Ok(matched("RegularExpression", value))
}

fn has_top_level_alternative(path: &str) -> bool {
    let (mut depth, mut class, mut escaped) = (0_usize, false, false);
    for c in path.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class => depth = depth.saturating_sub(1),
            '|' if !class && depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// A path whose requests are rewritten: a text for the whole, or one prefix for another.
fn rewritten(path: &str, target: &str) -> Result<Matched, (String, String)> {
    // Without a group every capture is empty.
    let bare = if path.contains('(') { target.to_owned() } else { without_captures(target) };
    let target = bare.as_str();
    // An address makes a redirect of it, and a query is none of a path.
    if !target.starts_with('/') || target.contains('?') {
        return Err(unsayable(path, target));
    }
    if !target.contains('$') {
        let filter = json!({"type": "ReplaceFullPath", "replaceFullPath": target});
        let rewrite = Some(filter);
        // nginx matches what starts with the letters of the path, and rewrites all of it.
        return match path {
            "/" => Ok(Matched { rewrite, ..matched("PathPrefix", "/") }),
            _ => Ok(Matched { rewrite, ..expression(path)? }),
        };
    }
    let prefix = |suffixes: &[&str]| {
        let found = suffixes.iter().find_map(|suffix| path.strip_suffix(suffix));
        found.filter(|prefix| !is_pattern(prefix))
    };
    if let (Some(start), Some(to)) = (prefix(&["(/|$)(.*)", "(/|$)(.*)$", "(/|$)(.+)?"]), target.strip_suffix("$2")) {
        return replaced(path, start, to, target);
    }
    if let (Some(start), Some(to)) = (prefix(&["(.*)", "(.*)$"]), target.strip_suffix("$1")) {
        if start == to && !is_pattern(to) {
            // What is matched stays as it is.
            return if start == "/" { Ok(matched("PathPrefix", "/")) } else { expression(path) };
        }
        if start == "/" {
            return replaced(path, "", to, target);
        }
    }
    if let (Some(start), Some(to)) = (prefix(&["/?(.*)"]), target.strip_suffix("$1"))
        && start.is_empty()
    {
        return replaced(path, "", to, target);
    }
    Err(unsayable(path, target))
}

/// A target without `$1` to `$9`.
fn without_captures(target: &str) -> String {
    (1..10).fold(target.to_owned(), |text, number| text.replace(&format!("${number}"), ""))
}

/// `start` and what follows a slash becomes `to` and the same.
fn replaced(path: &str, start: &str, to: &str, target: &str) -> Result<Matched, (String, String)> {
    if !to.ends_with('/') || to.contains('$') || !to.starts_with('/') {
        return Err(unsayable(path, target));
    }
    let start = if start.is_empty() { "/" } else { element(start) };
    let loss = start.chars().any(char::is_alphabetic).then_some("path-case");
    if start == to {
        return Ok(Matched { loss, ..matched("PathPrefix", start) });
    }
    let filter = json!({"type": "ReplacePrefixMatch", "replacePrefixMatch": to});
    Ok(Matched { rewrite: Some(filter), loss, ..matched("PathPrefix", start) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::migrate::ingress::model::Backend;

    fn of(path: &str, target: Option<&str>) -> Result<(&'static str, String, Option<String>), String> {
        let backend = Backend { service: "a".to_owned(), port: 1 };
        let rule = PathRule { path: path.to_owned(), kind: PathType::Specific, backend, pointer: String::new() };
        let one = matching(&rule, true, target).map_err(|(message, _)| message)?;
        let replaced = one.rewrite.map(|filter| {
            ["replacePrefixMatch", "replaceFullPath"].iter().find_map(|key| filter[*key].as_str()).unwrap().to_owned()
        });
        Ok((one.kind, one.value, replaced))
    }

    #[test]
    fn rewrites_are_said_exactly_or_not_at_all() {
        let ok = |kind, value: &str, to: Option<&str>| Ok((kind, value.to_owned(), to.map(str::to_owned)));
        assert_eq!(of("/api(/|$)(.*)", Some("/$2")), ok("PathPrefix", "/api", Some("/")));
        assert_eq!(of("/api(/|$)(.*)", Some("/v1/$2")), ok("PathPrefix", "/api", Some("/v1/")));
        assert_eq!(of("/(.*)", Some("/$1")), ok("PathPrefix", "/", None));
        assert_eq!(of("/(.*)", Some("/app/$1")), ok("PathPrefix", "/", Some("/app/")));
        assert_eq!(of("/api/(.*)", Some("/api/$1")), ok("RegularExpression", "(?i)/api/(.*)", None));
        assert_eq!(of("/api", Some("/")), ok("RegularExpression", "(?i)/api.*", Some("/")));
        assert_eq!(of("/", Some("/x")), ok("PathPrefix", "/", Some("/x")));
        for (path, target) in [
            ("/x", "https://b/"),
            ("/x", "/y?z=1"),
            ("/x", "$1"),
            ("/api/(.*)", "/$1"),
            ("/a/(.*)/b/(.*)", "/$2/$1"),
            ("/api(/|$)(.*)", "/v1$2"),
        ] {
            assert!(of(path, Some(target)).is_err(), "{path} {target}");
        }
    }

    #[test]
    fn a_path_is_one_that_the_api_takes() {
        for path in ["/a[0-9]", "/a//b", "/a/../b", "/a%2fb", "/a b", "a"] {
            let backend = Backend { service: "a".to_owned(), port: 1 };
            let rule = PathRule { path: path.to_owned(), kind: PathType::Prefix, backend, pointer: String::new() };
            assert!(matching(&rule, false, None).is_err(), "{path}");
        }
    }

    #[test]
    fn expressions_match_the_whole_path() {
        let value = |path: &str| of(path, None).map(|(_, value, _)| value);
        assert_eq!(value("/api/v[0-9]+"), Ok("(?i)/api/v[0-9]+.*".to_owned()));
        assert_eq!(value("/a$"), Ok("(?i)/a".to_owned()));
        assert_eq!(value("^/a/.*"), Ok("(?i)/a/.*".to_owned()));
        for path in ["/a|/b", "/a(?=b)", "/(a"] {
            assert!(value(path).is_err(), "{path}");
        }
    }
}
