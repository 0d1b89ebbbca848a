//! Base64 in the standard alphabet, as Go's `encoding/base64` reads it: `!!binary` scalars, and the data of Secrets.

/// Decodes padded base64; like Go, it skips line breaks and does not look at unused bits.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let data = symbols.strip_suffix(b"==").or_else(|| symbols.strip_suffix(b"=")).unwrap_or(&symbols);
    let mut bytes = Vec::with_capacity(data.len() / 4 * 3 + 2);
    for group in data.chunks(4) {
        let mut bits = 0_u32;
        for &symbol in group {
            let value = match symbol {
                b'A'..=b'Z' => symbol - b'A',
                b'a'..=b'z' => symbol - b'a' + 26,
                b'0'..=b'9' => symbol - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        let padding = 4 - group.len();
        let [_, decoded @ ..] = (bits << (6 * padding)).to_be_bytes();
        bytes.extend(decoded.iter().take(3 - padding));
    }
    Some(bytes)
}

/// The base64 of some bytes, with padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let symbol = SYMBOLS.get((bits >> (18 - 6 * at) & 63) as usize).filter(|_| at <= group.len());
            out.push(symbol.map_or('=', |symbol| char::from(*symbol)));
        }
    }
    out
}

/// The text that base64 stands for; none where it is not base64, or not of UTF-8. White space and missing padding, which
/// people leave in templates, do not hide the text.
#[must_use]
pub fn decode_text(base64: &str) -> Option<String> {
    let mut symbols: String = base64.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    while !symbols.len().is_multiple_of(4) {
        symbols.push('=');
    }
    String::from_utf8(decode(&symbols)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for bytes in [&b""[..], b"h", b"hi", b"hel", b"hello!", b"\xff\xef\x00", b"\xff"] {
            assert_eq!(decode(&encode(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(encode(b"\xff\xef"), "/+8=");
    }

    #[test]
    fn bytes_are_decoded_as_go_decodes_them() {
        let cases: [(&str, Option<&[u8]>); 9] = [
            ("", Some(b"")),
            ("aGk=", Some(b"hi")),
            ("aA==", Some(b"h")),
            ("aGVs\nbG8h\r\n", Some(b"hello!")),
            ("/+8=", Some(b"\xff\xef")),
            ("aGk", None),
            ("a===", None),
            ("=aGk", None),
            ("aG k", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(decode(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn texts_are_found_in_sloppy_base64() {
        let cases = [
            ("aHVudGVyMg==", Some("hunter2")),
            ("aHVudGVyMg", Some("hunter2")),
            (" aHVu\n dGVy\tMg== ", Some("hunter2")),
            ("PHBhdGg6eC95I3o+", Some("<path:x/y#z>")),
            ("", Some("")),
            ("<path:a#b>", None),
            ("not base64!", None),
            ("/+8=", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(decode_text(text).as_deref(), wanted, "{text}");
        }
    }
}
