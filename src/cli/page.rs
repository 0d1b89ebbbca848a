//! What changes object by object, as Markdown for a comment on a pull request: never longer than such a comment may be, and it
//! says what was left out.

use crate::text::{few, plain};

/// How many characters GitHub takes in a comment; GitLab takes more. Bytes are counted, of which there are never fewer.
pub(super) const COMMENT: usize = 65_536;
/// What says that something was left out has room.
const RESERVE: usize = 1_500;

/// What is told of one object.
pub(super) struct Section {
    /// Kind, namespace and name, and what happened to it.
    pub(super) title: String,
    /// Lines that begin with `+`, `-` or a space.
    pub(super) diff: String,
    /// Sentences below it.
    pub(super) notes: Vec<String>,
}

/// The page: a heading, a sentence, then the objects as far as there is room for them. Its first line, which nobody sees, lets
/// a tool find the comment that it wrote before.
pub(super) fn page(heading: &str, verdict: &str, sections: &[Section], limit: usize) -> String {
    let mut out = format!("<!-- krmor -->\n### {}\n\n{}\n", inline(heading), inline(verdict));
    let mut left: Vec<String> = Vec::new();
    for section in sections {
        let shown = self::section(section);
        if out.len() + shown.len() + RESERVE > limit {
            left.push(section.title.chars().take(120).collect());
        } else {
            out.push_str(&shown);
        }
    }
    if !left.is_empty() {
        let names = few(left.len(), &mut left.iter().map(|name| inline(name)), ", ");
        out.push_str(&format!(
            "\nLeft out, since a comment has at most {limit} characters: {names}. Run the same command without \
             `--format markdown` to see them.\n"
        ));
    }
    out
}

/// The page of a run that failed.
pub(super) fn failed(message: &str, limit: usize) -> String {
    let mut shown: String = String::new();
    for line in message.lines() {
        if shown.len() + line.len() + RESERVE > limit {
            shown.push_str("… and more\n");
            break;
        }
        shown.push_str(&format!("{line}\n"));
    }
    let fence = fence(&shown);
    format!("<!-- krmor -->\n### krmor failed\n\nNothing was rendered.\n\n{fence}text\n{shown}{fence}\n")
}

fn section(section: &Section) -> String {
    let count = |sign: char| section.diff.lines().filter(|line| line.starts_with(sign)).count();
    let (added, removed) = (count('+'), count('-'));
    let mut out = format!("\n<details><summary>{} (+{added} −{removed})</summary>\n\n", inline(&section.title));
    if !section.diff.is_empty() {
        let fence = fence(&section.diff);
        out.push_str(&format!("{fence}diff\n{}{fence}\n\n", plain(&section.diff)));
    }
    for note in &section.notes {
        out.push_str(&format!("{}\n\n", inline(note)));
    }
    out.push_str("</details>\n");
    out
}

/// A fence that nothing in the text closes.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

/// A text that is only a text: names in manifests may hold anything.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '@' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(title: &str, diff: &str) -> Section {
        Section { title: title.to_owned(), diff: diff.to_owned(), notes: Vec::new() }
    }

    #[test]
    fn nothing_breaks_out_of_the_page() {
        let page = page("h", "v", &[some("</summary>@all `x`", "+ ```\n+ ````\n")], COMMENT);
        assert!(page.contains("&lt;/summary&gt;\\@all \\`x\\`"), "{page}");
        assert!(page.contains("\n`````diff\n+ ```\n+ ````\n`````\n"), "{page}");
    }

    #[test]
    fn a_page_is_never_too_long_and_says_what_it_lacks() {
        let long = "+ é\n".repeat(2_000);
        let sections: Vec<Section> = (0..100)
            .map(|number| some(&format!("ConfigMap {number}"), if number % 2 == 0 { &long } else { "+ a\n" }))
            .collect();
        let page = page("h", "v", &sections, 30_000);
        assert!(page.len() <= 30_000, "{}", page.len());
        assert!(page.contains("<summary>ConfigMap 1 (+1 −0)"), "what is short is shown behind what is too long");
        assert!(page.contains("Left out, since a comment has at most 30000 characters: ConfigMap "), "{page}");
        let failed = failed(&"x\n".repeat(100_000), 30_000);
        assert!(failed.len() <= 30_000 && failed.contains("… and more"));
    }
}
