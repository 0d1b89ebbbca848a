//! JSON Pointer (RFC 6901).

use std::borrow::Cow;

/// The unescaped tokens of a pointer; `None` when it is malformed.
#[must_use]
pub fn tokens(pointer: &str) -> Option<Vec<Cow<'_, str>>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    pointer.strip_prefix('/')?.split('/').map(unescape).collect()
}

/// The tokens of a pointer one by one, without a list of them; `None` for a malformed one.
pub(crate) fn each(pointer: &str) -> impl Iterator<Item = Option<Cow<'_, str>>> {
    // Before the first `/` there is nothing: it is skipped.
    pointer.split('/').skip(1).map(unescape)
}

/// A token with `~1` and `~0` read; `None` when another `~` stands in it.
#[must_use]
pub fn unescape(token: &str) -> Option<Cow<'_, str>> {
    if !token.bytes().any(|b| b == b'~') {
        return Some(Cow::Borrowed(token));
    }
    let mut out = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        match c {
            '~' => out.push(match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    Some(Cow::Owned(out))
}

/// Escapes a key for use as one token of a pointer.
#[must_use]
pub fn escape(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|b| matches!(b, b'~' | b'/')) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unescaped_once() {
        assert_eq!(tokens("/a~1b/m~0n/~01/"), Some(vec!["a/b".into(), "m~n".into(), "~1".into(), "".into()]));
        assert_eq!(tokens(""), Some(vec![]));
        assert_eq!(tokens("a"), None);
        assert_eq!(tokens("/~2"), None);
    }

    #[test]
    fn escaping_is_the_inverse() {
        for key in ["a", "a/b", "~", "~1", "/~/"] {
            let pointer = format!("/{}", escape(key));
            assert_eq!(tokens(&pointer), Some(vec![key.into()]));
        }
    }
}
