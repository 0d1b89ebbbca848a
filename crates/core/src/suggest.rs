//! "Did you mean": the word that a slip of the hand turned into another.

use strsim::osa_distance;

/// Words of a fitting length beyond this many are not compared: a hint must not take longer than what it is about.
const MOST_WORDS: usize = 1000;

/// How many letters make the difference between two words, if that few may be a slip: one, and one more for every ten of
/// the longer word, since of variables such as `DB_HOST` and `DB_PORT` neither is the other misspelt. Case and the kind of
/// separator do not count.
#[must_use]
pub fn distance(word: &str, other: &str) -> Option<usize> {
    let length = word.chars().count().max(other.chars().count());
    let letters = osa_distance(&plain(word), &plain(other));
    (letters <= most(length) && letters < length).then_some(letters)
}

fn most(length: usize) -> usize {
    1 + length / 10
}

fn plain(word: &str) -> String {
    word.to_ascii_lowercase().replace(['-', '.'], "_")
}

/// The other word that is most like one, if one is; of several, the first in the order of the alphabet.
pub fn closest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Letters beyond ASCII have up to four bytes.
    let fits = |other: &&str| other.len().abs_diff(word.len()) <= 4 * most(word.len().max(other.len()));
    let others = words.into_iter().filter(fits).filter(|other| *other != word);
    others.take(MOST_WORDS).filter_map(|other| Some((distance(word, other)?, other))).min().map(|(_, other)| other)
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

/// As many separators of a name are looked at from its beginning, and from its end.
const MOST_SEPARATORS: usize = 16;

/// The prefix and the suffix that a name has around a part for which `is` holds, each up to a separator as kustomize's are by
/// custom; of several parts, the longest.
pub fn affixes(name: &str, is: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let separators = || name.match_indices(['-', '.']).map(|(at, _)| at);
    let ends: Vec<usize> = [name.len()].into_iter().chain(name.rmatch_indices(['-', '.']).map(|(at, _)| at)).collect();
    let starts = [0].into_iter().chain(separators().map(|at| at + 1)).take(MOST_SEPARATORS);
    let parts = starts.flat_map(|start| ends.iter().take(MOST_SEPARATORS).map(move |end| (start, *end)));
    let fits = |&(start, end): &(usize, usize)| {
        start < end && end - start < name.len() && name.get(start..end).is_some_and(&is)
    };
    let (start, end) = parts.filter(fits).max_by_key(|(start, end)| end - start)?;
    Some((name.get(..start)?, name.get(end..)?))
}

/// What to say of an object that is called as a config says but for a prefix or a suffix: what is printed by kustomize does not
/// tell the name before. Nothing where none of the names is so.
pub fn but_for_affixes<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let other = names.into_iter().take(MOST_WORDS).find(|name| affixes(name, |part| part == word).is_some())?;
    Some(format!(
        "`{other}` is `{word}` with a prefix or suffix, which krmor sees through only while kustomize renders: to check what is \
         rendered, write `{other}`"
    ))
}

/// The question, or, where nothing is close, what there is.
#[must_use]
pub fn suggest(word: &str, names: &[String], what: &str) -> String {
    // `warn` is short for `warning`.
    let mut longer = names.iter().filter(|name| word.len() >= 3 && name.starts_with(word));
    let short_for = longer.next().filter(|_| longer.next().is_none());
    match closest(word, names.iter().map(String::as_str)).or(short_for.map(String::as_str)) {
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
            ("DB_HOST", "DB_PORT", None),
            ("ReadOnlyRootFilesytsem", "readOnlyRootFilesystem", Some(1)),
            ("", "a", None),
            ("app-db", "app.db", Some(0)),
            ("same", "same", Some(0)),
        ];
        for (word, other, wanted) in cases {
            assert_eq!(distance(word, other), wanted, "{word} {other}");
            assert_eq!(distance(other, word), wanted, "{other} {word}");
        }
    }

    #[test]
    fn prefixes_and_suffixes_end_at_separators() {
        for (name, part, wanted) in [
            ("team-api", "api", Some(("team-", ""))),
            ("api-x", "api", Some(("", "-x"))),
            ("team-api-x", "api", Some(("team-", "-x"))),
            ("a-b-web-api-x-y", "web-api", Some(("a-b-", "-x-y"))),
            ("api", "api", None),
            ("therapist", "api", None),
            ("team-apis", "api", None),
            ("eu.api.x", "api", Some(("eu.", ".x"))),
            ("api-api", "api", Some(("", "-api"))),
            ("ä-api", "api", Some(("ä-", ""))),
            ("--", "", None),
            ("", "api", None),
        ] {
            assert_eq!(affixes(name, |text| text == part).is_some(), wanted.is_some(), "{name} {part}");
            if name != "api-api" {
                assert_eq!(affixes(name, |text| text == part), wanted, "{name} {part}");
            }
        }
        let long = "a-".repeat(100_000);
        assert_eq!(affixes(&long, |text| text == "b"), None);
    }

    #[test]
    fn the_closest_is_asked_for_or_all_are_listed() {
        let names = ["level".to_owned(), "targets".to_owned()];
        assert_eq!(suggest("levels", &names, "field"), "did you mean `level`?");
        assert_eq!(suggest("tar", &names, "field"), "did you mean `targets`?");
        assert_eq!(suggest("x", &names, "field"), "the fields are: level, targets");
        assert_eq!(or_else("target", ["targets"]), "did you mean `targets`? If not, ");
        assert_eq!(or_else("x", ["targets"]), "");
    }
}
