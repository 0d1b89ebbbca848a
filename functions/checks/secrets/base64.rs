//! Decodes what the data of Secrets holds, to see whether it is a placeholder.

/// The text; none where it is no base64 of UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xFF).ok()?);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn decodes() {
        assert_eq!(super::decode("aHVudGVyMg==").as_deref(), Some("hunter2"));
        assert_eq!(super::decode("aHVudGVy\nMg==").as_deref(), Some("hunter2"));
        assert_eq!(super::decode("<path:a#b>"), None);
        assert_eq!(super::decode("").as_deref(), Some(""));
    }
}
