//! Comments in files and scripts, as most formats write them: nothing that stands in one is a fact.

/// A text without its comments; `name` is that of its file.
#[must_use]
pub(super) fn without_comments(name: &str, text: &str) -> String {
    let text = without_blocks(text);
    let ends = |list: &[&str]| list.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let format = Format {
        is_sql: ends(&[".sql", ".lua", ".hs"]),
        is_ini: ends(&[".ini", ".cnf", ".cfg"]),
        is_properties: ends(&[".properties"]),
    };
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(format.code(line));
        out.push('\n');
    }
    out
}

/// What a file's name says of its comments.
struct Format {
    is_sql: bool,
    is_ini: bool,
    is_properties: bool,
}

impl Format {
    /// What of a line is in front of a comment.
    fn code<'t>(&self, line: &'t str) -> &'t str {
        let start = line.trim_start();
        let is_dashes = |text: &str| {
            text.strip_prefix("--").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '[', '-']))
        };
        let is_comment = start.starts_with(['#', ';'])
            || start.starts_with("//")
            || is_dashes(start)
            || start.starts_with('!') && self.is_properties;
        if is_comment {
            return "";
        }
        let (mut before, mut word) = (' ', ' ');
        let mut inside: Option<char> = None;
        for (at, c) in line.char_indices() {
            let rest = line.get(at..).unwrap_or_default();
            let is_start = before.is_whitespace();
            match inside {
                Some(quote) => {
                    if c == quote && before != '\\' {
                        inside = None;
                    }
                }
                // A quote that nothing closes is an apostrophe.
                None if matches!(c, '"' | '\'') && (is_start || "=:,([{".contains(before)) => {
                    inside = Some(c).filter(|_| rest.get(1..).is_some_and(|rest| rest.contains(c)));
                }
                None => {
                    let is_end = is_start && c == '#'
                        || (is_start || ";,{}".contains(before)) && rest.starts_with("//")
                        || is_start && is_dashes(rest) && (self.is_sql || matches!(word, ';' | ','))
                        || is_start && c == ';' && self.is_ini;
                    if is_end {
                        return line.get(..at).unwrap_or_default();
                    }
                }
            }
            before = c;
            if !c.is_whitespace() {
                word = c;
            }
        }
        line
    }
}

/// A text without `<!-- … -->` and `/* … */`. The stars of globs and of cron are none.
fn without_blocks(text: &str) -> String {
    let is_end = |at: &usize| {
        let next = text.get(at + 2..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '*' | '/'))
    };
    let ends: Vec<usize> = text.match_indices("*/").map(|(at, _)| at).filter(is_end).collect();
    let mut out = String::with_capacity(text.len());
    // How far the text is written or left out.
    let mut done = 0;
    for (at, sign) in text.match_indices(['<', '/']) {
        let Some(block) = text.get(at..).filter(|_| at >= done) else { continue };
        let end = if sign == "<" && block.starts_with("<!--") {
            Some(block.find("-->").map_or(text.len(), |end| at + end + 3))
        } else if block.starts_with("/*") && !block.starts_with("/*/") {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let is_open = at == done || before.is_none_or(|c| c.is_whitespace() || ";{}(),>".contains(c));
            let next = ends.partition_point(|end| *end < at + 2);
            ends.get(next).filter(|_| is_open).map(|end| end + 2)
        } else {
            None
        };
        let Some(end) = end else { continue };
        out.push_str(text.get(done..at).unwrap_or_default());
        // What stands on other lines stays there.
        let is_long = text.get(at..end).is_some_and(|comment| comment.contains('\n'));
        out.push(if is_long { '\n' } else { ' ' });
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_every_format() {
        for (name, text, wanted) in [
            ("a.conf", "a # b\n# c\n  ; d\n// e\nf // g", "a \n\n\n\nf "),
            ("a.conf", "url: http://x#y", "url: http://x#y"),
            ("a.conf", "k = \"a # b\" # c", "k = \"a # b\" "),
            ("a.conf", "don't # b", "don't "),
            ("a.conf", "k: 'it # is' x", "k: 'it # is' x"),
            ("a.xml", "<a/><!-- b\nc --><d/>", "<a/>\n<d/>"),
            ("a.xml", "<a/><!-- open", "<a/> "),
            ("a.js", "/* a */ b; /** c */ d", "  b;   d"),
            ("a.js", "a/* not */", "a/* not */"),
            ("Caddyfile", "handle /* {\n handle /x/* {", "handle /* {\n handle /x/* {"),
            ("a.cron", "get /* x\n*/5 * * * *", "get /* x\n*/5 * * * *"),
            ("a.sql", "-- a\nselect 1 -- b\n--", "\nselect 1 "),
            ("a.sh", "exec x -- y\nb; -- c\n--flag=1", "exec x -- y\nb; \n--flag=1"),
            ("a.ini", "a = b ; c", "a = b "),
            ("a.conf", "a = b ; c", "a = b ; c"),
            ("a.properties", "! a\nb=c", "\nb=c"),
        ] {
            assert_eq!(without_comments(name, text).trim_end_matches('\n'), wanted, "{name}: {text}");
        }
    }

    #[test]
    fn any_text_ends() {
        for text in ["<!--", "/*", "/**/", "/*/", "*/", "é/*é*/é", "é#", "'", "\"é", " --", "/* *"] {
            let _ = without_comments("é", text);
        }
        let _ = without_comments("", &" /*".repeat(20_000));
    }
}
