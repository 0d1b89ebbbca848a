//! A picture as a Mermaid flowchart.

use super::scene::{Item, Role, Scene, Style};
use super::topology::Topology;

/// Colours of boxes that can be read on light and dark pages: class, fill, border, text.
const CLASSES: [(&str, &str, &str, &str); 5] = [
    ("entry", "#e8f0fe", "#1f5fd1", "#12326b"),
    ("service", "#e3f5f2", "#0b7468", "#063f39"),
    ("program", "#efecfc", "#5140c4", "#2a2168"),
    ("store", "#fdf3e2", "#97550a", "#532f06"),
    ("peer", "#eef1f6", "#55607a", "#2c3344"),
];

/// The picture; what holds as a whole and what could not be read stands in comments.
pub(super) fn mermaid(scene: &Scene, topology: &Topology<'_>) -> String {
    let mut out = "flowchart LR\n".to_owned();
    for line in scene.facts.iter().chain(&topology.notes) {
        // A comment that begins with a brace would be a directive.
        out.push_str(&format!("  %% {}\n", line.replace(['{', '}', '%'], " ")));
    }
    for (at, item) in scene.items.iter().enumerate() {
        let (open, close) = shape(item);
        let title = [escaped(&item.kind), escaped(&item.name)].into_iter().filter(|text| !text.is_empty());
        let label: Vec<String> = title.chain(item.lines.iter().map(|line| escaped(line))).collect();
        out.push_str(&format!("  n{at}{open}\"{}\"{close}:::{}\n", label.join("<br/>"), item.role.words().0));
    }
    for arrow in &scene.arrows {
        let inlet = arrow.inlet.and_then(|at| scene.items.get(arrow.to)?.inlets.get(at)).map(|words| escaped(words));
        let label = inlet.filter(|text| !text.is_empty()).map(|text| format!("|\"{text}\"|")).unwrap_or_default();
        let line = match arrow.style {
            Style::Sends => "-->",
            Style::Allowed => "==>",
            Style::Named => "-.->",
            Style::Denied => "-.-x",
        };
        out.push_str(&format!("  n{} {line}{label} n{}\n", arrow.from, arrow.to));
    }
    for (class, fill, border, text) in CLASSES {
        if scene.items.iter().any(|item| item.role.words().0 == class) {
            out.push_str(&format!("  classDef {class} fill:{fill},stroke:{border},color:{text}\n"));
        }
    }
    out
}

fn shape(item: &Item) -> (&'static str, &'static str) {
    match item.role {
        Role::Entry => ("{{", "}}"),
        Role::Service => ("([", "])"),
        Role::Program => ("[", "]"),
        Role::Store => ("[(", ")]"),
        Role::Peer => ("[/", "/]"),
    }
}

/// A text for a label in quotes: whatever Mermaid, Markdown or HTML could take for something else is written by its number.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let is_plain = c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | ',' | ':' | '=' | '(' | ')' | '–' | '…');
        match c {
            _ if is_plain => out.push(c),
            // Between other letters a point is a point; else it could be the number of a list.
            '.' if !out.ends_with(|c: char| c.is_ascii_digit()) => out.push(c),
            '\u{fffe}' | '\u{ffff}' | '\0'..='\u{1f}' => out.push('\u{fffd}'),
            c => out.push_str(&format!("#{};", u32::from(c))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_label_means_anything() {
        assert_eq!(escaped("shop/api"), "shop/api");
        assert_eq!(escaped("a\"b];end"), "a#34;b#93;#59;end");
        assert_eq!(escaped("<b>&amp;"), "#60;b#62;#38;amp#59;");
        assert_eq!(escaped("1. x"), "1#46; x");
        assert_eq!(escaped("`#`"), "#96;#35;#96;");
        assert_eq!(escaped("größe 日本 \u{1}"), "größe 日本 \u{fffd}");
    }
}
