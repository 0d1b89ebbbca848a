//! What names and keys have in common: the characters that may stand in them, those at both ends, and a greatest length.

/// The rules for one sort of text.
pub(super) struct Grammar {
    /// What the text is to be, with its article: `a port name`.
    pub(super) noun: &'static str,
    /// What to write: ``at most 15 of `a-z` …``.
    pub(super) rule: &'static str,
    /// The greatest number of characters.
    pub(super) longest: usize,
    /// Which characters it may have; none is beyond ASCII.
    pub(super) has: fn(u8) -> bool,
    /// Which of them may stand at both ends, and, in what is `dotted`, on both sides of each dot.
    pub(super) ends: fn(u8) -> bool,
    /// Whether dots separate parts.
    pub(super) dotted: bool,
}

impl Grammar {
    /// Says what is wrong with a text, and what would be right.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        match self.fault(text) {
            None => Ok(()),
            Some(fault) => Err(refusal(text, self.noun, &fault, self.rule)),
        }
    }

    /// What is wrong with a text.
    pub(super) fn fault(&self, text: &str) -> Option<String> {
        if text.is_empty() {
            return Some("it is empty".to_owned());
        }
        let is_allowed = |c: char| u8::try_from(c).is_ok_and(|b| b.is_ascii() && (self.has)(b));
        if let Some(other) = text.chars().find(|c| !is_allowed(*c)) {
            return Some(format!("it has `{}`", printable(other)));
        }
        if text.len() > self.longest {
            return Some(format!("it has {} characters", text.len()));
        }
        let ends_well =
            |part: &str| [part.bytes().next(), part.bytes().last()].iter().all(|b| b.is_some_and(self.ends));
        match self.dotted {
            true if text.split('.').any(str::is_empty) => Some("a dot has nothing on one of its sides".to_owned()),
            true if !text.split('.').all(ends_well) => Some("a part of it starts or ends with `-`".to_owned()),
            false if !ends_well(text) => Some("it must start and end with a letter or digit".to_owned()),
            _ => None,
        }
    }
}

/// The sentence that refuses a text.
pub(super) fn refusal(text: &str, noun: &str, fault: &str, rule: &str) -> String {
    let text: String = text.chars().map(printable).collect();
    format!("`{text}` is not {noun}: {fault}; write {rule}")
}

fn printable(c: char) -> char {
    if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }
}

/// `a-z` and `0-9`.
pub(super) fn is_lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// `a-z`, `0-9` and `-`.
pub(super) fn is_lower_or_dash(b: u8) -> bool {
    is_lower(b) || b == b'-'
}

/// What names of objects consist of.
pub(super) fn is_lower_dash_or_dot(b: u8) -> bool {
    is_lower_or_dash(b) || b == b'.'
}

/// Letters and digits.
pub(super) fn is_alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

/// What keys and the values of labels consist of.
pub(super) fn is_key_character(b: u8) -> bool {
    is_alphanumeric(b) || matches!(b, b'-' | b'_' | b'.')
}
