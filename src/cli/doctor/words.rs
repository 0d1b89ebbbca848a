//! Scripts and pipelines as words: each has a language of its own, and what is found is a hint.

/// Lines with those that `\` continues, from 1, as words; comments left out. What a list of YAML spreads over lines, such as the
/// command of a container and its arguments, is one line.
pub(super) fn logical_lines(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut out: Vec<(usize, Vec<String>)> = Vec::new();
    let (mut open, mut in_list) = (false, false);
    for (number, line) in text.lines().enumerate() {
        let trimmed = without_comment(line.trim());
        if trimmed.is_empty() || trimmed.starts_with("//") {
            continue;
        }
        let continued = trimmed.ends_with('\\');
        let commands = trimmed.trim_end_matches('\\').replace(['|', ';', '&'], " | ");
        let words = commands.split(|c: char| c.is_whitespace() || "\"'`,[]<>".contains(c));
        let words: Vec<String> = words.filter(|word| !matches!(*word, "" | "-")).map(closed).collect();
        let is_item = trimmed.starts_with("- ") && words.len() == 1;
        let is_args = |last: &[String]| {
            words.first().is_some_and(|word| word == "args:") && last.iter().any(|word| word == "command:")
        };
        match out.last_mut().filter(|(_, last)| open || in_list && is_item || is_args(last)) {
            Some((_, last)) => last.extend(words),
            None => out.push((number + 1, words)),
        }
        (open, in_list) = (continued, is_item || trimmed.ends_with(':'));
    }
    out
}

/// A line up to its comment. A `#` between two quotes is none.
fn without_comment(line: &str) -> &str {
    let (mut before, mut quote) = (' ', None);
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => {
                // An apostrophe opens nothing.
                let rest = line.get(at + 1..).unwrap_or_default();
                quote = rest.contains(c).then_some(c);
            }
            None if c == '#' && before.is_whitespace() => return line.get(..at).unwrap_or(line).trim_end(),
            Some(_) | None => {}
        }
        before = c;
    }
    line
}

/// A word without the brackets that are around more than it.
fn closed(word: &str) -> String {
    let mut word = word;
    while word.ends_with(')') && word.matches(')').count() > word.matches('(').count() {
        word = word.strip_suffix(')').unwrap_or(word);
    }
    let inside = word.rfind("$(").and_then(|at| word.get(at + 2..)).filter(|rest| !rest.contains(')'));
    let word = inside.unwrap_or(word);
    // A subshell.
    let word = word.strip_prefix('(').filter(|rest| !rest.is_empty() && !rest.contains(')')).unwrap_or(word);
    word.to_owned()
}

/// Whether a word calls krmor.
pub(super) fn is_krmor(word: &str) -> bool {
    let last = word.rsplit('/').next().unwrap_or(word);
    let name = last.split([':', '@']).next().unwrap_or(last);
    matches!(name, "krmor" | "krmor-check" | "krmor-run") || is_variable(word, "krmor")
}

/// Whether a word is a variable that is named after a program.
pub(super) fn is_variable(word: &str, program: &str) -> bool {
    word.starts_with('$') && word.to_ascii_lowercase().contains(program) && !word.contains('/')
}

/// The parts of a path as it is written; what leads upwards at its beginning is left out.
pub(super) fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        logical_lines(line).into_iter().flat_map(|(_, words)| words).collect()
    }

    #[test]
    fn words_lose_what_is_around_them() {
        assert_eq!(words("x=$(krmor --config $(ENV)/a.yaml)"), ["krmor", "--config", "$(ENV)/a.yaml"]);
        assert_eq!(words("(cd app && krmor)"), ["cd", "app", "|", "|", "krmor"]);
        assert_eq!(words("args: [--config, 'a b.yaml']"), ["args:", "--config", "a", "b.yaml"]);
        assert_eq!(logical_lines("command:\n- krmor\n- --config\n- a.yaml").len(), 1);
        assert_eq!(logical_lines("command: [kustomize]\nargs: [build, app]").len(), 1);
        for (word, wanted) in [
            ("krmor", true),
            ("/opt/krmor", true),
            ("ghcr.io/x/krmor:1", true),
            ("$KRMOR", true),
            ("$(KRMOR)", true),
            ("krmor.yaml", false),
            ("$overlay/krmor.yaml", false),
            ("krmor.dev/v1alpha1", false),
        ] {
            assert_eq!(is_krmor(word), wanted, "{word}");
        }
    }

    #[test]
    fn comments_are_no_words() {
        for (line, wanted) in [
            ("a b # c", &["a", "b"][..]),
            ("# a", &[]),
            ("echo '# a' b", &["echo", "#", "a", "b"]),
            ("echo don't # a", &["echo", "don", "t"]),
            ("a#b", &["a#b"]),
        ] {
            assert_eq!(words(line), wanted, "{line}");
        }
    }
}
