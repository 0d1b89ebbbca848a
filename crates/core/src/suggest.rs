//! "Did you mean": the word that a slip of the hand turned into another.

use strsim::osa_distance;

/// Words beyond this many are not looked at: messages must not take longer than what they are about.
const MOST_WORDS: usize = 2000;

/// How many letters make the difference between two words, if that few may be a slip: one, and one more for every six of
/// the longer word. Case does not count.
#[must_use]
pub fn distance(word: &str, other: &str) -> Option<usize> {
    let length = word.chars().count().max(other.chars().count());
    let most = 1 + length / 6;
    // Words whose lengths differ by more need no comparison.
    if word.len().abs_diff(other.len()) > 4 * most {
        return None;
    }
    let letters = osa_distance(&word.to_ascii_lowercase(), &other.to_ascii_lowercase());
    (letters <= most && letters < length).then_some(letters)
}

/// The word that is most like another, if one is; of several, the first in the order of the alphabet.
pub fn closest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = words.into_iter().take(MOST_WORDS).filter_map(|other| Some((distance(word, other)?, other)));
    near.min().map(|(_, other)| other)
}

/// The question itself; `what` is the name or value in quotes, or a phrase with it.
#[must_use]
pub fn did_you_mean(what: &str) -> String {
    format!("did you mean {what}?")
}

/// A question to put before another remedy: ``did you mean `x`? If not, ``; nothing where nothing is close.
pub fn or_else<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, words).map_or_else(String::new, |other| format!("{} If not, ", did_you_mean(&format!("`{other}`"))))
}

/// The question, or, where nothing is close, what there is.
#[must_use]
pub fn suggest(word: &str, names: &[String], what: &str) -> String {
    match closest(word, names.iter().map(String::as_str)) {
        Some(name) => did_you_mean(&format!("`{name}`")),
        None => format!("the {what}s are: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_hand_are_found() {
        let cases = [
            ("levle", "level", Some(1)),
            ("nam", "name", Some(1)),
            ("Securitycontext", "SecurityContext", Some(0)),
            ("SecurityContex", "SecurityContext", Some(1)),
            ("wbe", "web", Some(1)),
            ("a", "b", None),
            ("web", "shop", None),
            ("frontend", "backend", None),
            ("", "a", None),
            ("same", "same", Some(0)),
        ];
        for (word, other, wanted) in cases {
            assert_eq!(distance(word, other), wanted, "{word} {other}");
            assert_eq!(distance(other, word), wanted, "{other} {word}");
        }
    }

    #[test]
    fn the_closest_is_asked_for_or_all_are_listed() {
        let names = ["level".to_owned(), "targets".to_owned()];
        assert_eq!(suggest("levels", &names, "field"), "did you mean `level`?");
        assert_eq!(suggest("x", &names, "field"), "the fields are: level, targets");
        assert_eq!(or_else("target", ["targets"]), "did you mean `targets`? If not, ");
        assert_eq!(or_else("x", ["targets"]), "");
    }
}
