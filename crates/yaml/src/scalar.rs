//! What a scalar means, as go-yaml v3 (the reader inside kustomize and kpt) understands it: types of plain scalars, explicit
//! tags, and which strings other readers would take for something else.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{base64, timestamp};

/// A scalar with its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'a> {
    /// `~`, `null` or nothing at all.
    Null,
    /// `true` or `false`; `yes`, `on` and the like are strings.
    Bool(bool),
    /// A whole number between the least `i64` and the greatest `u64`.
    Int(i128),
    /// Any other number that an `f64` can hold, infinities and NaN included.
    Float(f64),
    /// A date or a point in time, in RFC 3339 form with as many digits of the second as count.
    Timestamp(String),
    /// `<<`: merges what it holds when it is the key of a mapping; anywhere else it is the string `<<`.
    Merge,
    /// A string.
    Str(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    fn text(text: &'a str) -> Self {
        Scalar::Str(Cow::Borrowed(text))
    }

    /// The short tag of the type.
    fn tag(&self) -> &'static str {
        match self {
            Scalar::Null => "!!null",
            Scalar::Bool(_) => "!!bool",
            Scalar::Int(_) => "!!int",
            Scalar::Float(_) => "!!float",
            Scalar::Timestamp(_) => "!!timestamp",
            Scalar::Merge => "!!merge",
            Scalar::Str(_) => "!!str",
        }
    }
}

/// Resolves the text of a plain scalar that has no tag.
#[must_use]
pub fn resolve(text: &str) -> Scalar<'_> {
    // Most scalars are words, and their first byte is enough to know it.
    let Some(first) = text.as_bytes().first() else {
        return Scalar::Null;
    };
    match first {
        b'0'..=b'9' if text.as_bytes().get(4) == Some(&b'-') => match timestamp::parse(text) {
            Some(time) => Scalar::Timestamp(time),
            None => number(text).unwrap_or(Scalar::text(text)),
        },
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text).unwrap_or(Scalar::text(text)),
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'<' => word(text),
        _ => Scalar::text(text),
    }
}

/// Resolves a scalar that has the explicit tag `tag`, as written (`!!int`, `!`, `!<tag:yaml.org,2002:int>`); a named handle
/// of a `%TAG` directive must be expanded already. `plain` says that the scalar is not quoted.
///
/// # Errors
/// Where go-yaml v3 fails: the text is not of the type that the tag names, or the tag is malformed.
pub fn resolve_tagged<'a>(tag: &str, text: &'a str, plain: bool) -> Result<Scalar<'a>, String> {
    let name = tag_name(tag)?;
    let found = match name.as_ref() {
        "!" if plain => return Ok(resolve(text)),
        "!!binary" => return binary(text),
        "!!merge" if text == "<<" => return Ok(Scalar::Merge),
        // A typed tag reads quoted text too.
        "!!null" | "!!bool" | "!!int" | "!!float" | "!!timestamp" => resolve(text),
        _ => return Ok(Scalar::text(text)),
    };
    match (name.as_ref(), found) {
        ("!!float", Scalar::Int(int)) if i64::try_from(int).is_ok() => {
            #[expect(clippy::cast_precision_loss, reason = "Go rounds in the same way")]
            let float = int as f64;
            Ok(Scalar::Float(float))
        }
        (name, found) if name == found.tag() => Ok(found),
        // The text itself is not repeated: it may be secret.
        (name, found) => Err(format!("a {} value cannot be read as {name}; correct the tag", found.tag())),
    }
}

/// True when a plain `text` would be read as anything but this string by go-yaml v3, by YAML 1.1 readers (go-yaml v2 and
/// `sigs.k8s.io/yaml`, hence the API server) or by those of the YAML 1.2 core schema: it must be quoted.
///
/// It goes by shape, so a number too great for any type counts, and ignores the case of words, as some readers do.
#[must_use]
pub fn is_ambiguous(text: &str) -> bool {
    const WORDS: [&str; 11] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "="];
    if text.is_empty() || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return true;
    }
    !matches!(resolve(text), Scalar::Str(_))
        || timestamp::looks_like(text)
        || text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) && {
            let digits = without_underscores(text);
            let (_, unsigned) = split_sign(&digits);
            is_integer(unsigned) || is_float(&digits) || is_sexagesimal(unsigned) || is_infinity(unsigned)
        }
}

/// Appends `text` as a JSON string, escaped exactly as Go's `encoding/json` does with `SetEscapeHTML(false)`.
pub fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn word(text: &str) -> Scalar<'_> {
    match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        "<<" => Scalar::Merge,
        _ => Scalar::text(text),
    }
}

fn number(text: &str) -> Option<Scalar<'static>> {
    // Ports, replicas and the like need none of what follows.
    let is_short = text.len() < 19 && (text.len() == 1 || !text.starts_with('0'));
    if is_short && text.bytes().all(|b| b.is_ascii_digit()) {
        let int = text.bytes().fold(0, |int, b| int * 10 + u64::from(b - b'0'));
        return Some(Scalar::Int(i128::from(int)));
    }
    // Quantities, versions and names that start like a number end here.
    let is_numeric = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'+' | b'-' | b'.' | b'_' | b'x' | b'X' | b'o' | b'O');
    if !text.bytes().all(is_numeric) {
        return infinity_or_nan(text);
    }
    // Behind a leading point, underscores must stand between digits; everywhere else go-yaml strips them.
    if text.starts_with('.') && !separates_digits(text) {
        return None;
    }
    let digits = without_underscores(text);
    if let Some(int) = integer(&digits) {
        return Some(Scalar::Int(int));
    }
    if !is_float(&digits) {
        return None;
    }
    // Go reports a number beyond the greatest float as an error, and it stays a string.
    let float: f64 = digits.parse().ok()?;
    float.is_finite().then_some(Scalar::Float(float))
}

fn infinity_or_nan(text: &str) -> Option<Scalar<'static>> {
    let float = match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => f64::INFINITY,
        "-.inf" | "-.Inf" | "-.INF" => f64::NEG_INFINITY,
        ".nan" | ".NaN" | ".NAN" => f64::NAN,
        _ => return None,
    };
    Some(Scalar::Float(float))
}

/// True when each underscore of `text`, which starts with a point, has a digit on either side.
fn separates_digits(text: &str) -> bool {
    let mut windows = text.as_bytes().windows(3);
    !text.ends_with('_')
        && windows.all(|window| match window {
            [before, b'_', after] => before.is_ascii_digit() && after.is_ascii_digit(),
            _ => true,
        })
}

/// go-yaml strips underscores wherever they stand.
fn without_underscores(text: &str) -> Cow<'_, str> {
    if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) }
}

fn split_sign(text: &str) -> (Option<char>, &str) {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    (text.chars().next().filter(|_| unsigned.len() < text.len()), unsigned)
}

/// The radix that a prefix names, and the digits behind it.
fn split_radix(unsigned: &str) -> (u32, &str) {
    let prefixed = |prefix: &str| {
        let (head, digits) = unsigned.split_at_checked(2)?;
        head.eq_ignore_ascii_case(prefix).then_some(digits)
    };
    if let Some(digits) = prefixed("0x") {
        (16, digits)
    } else if let Some(digits) = prefixed("0o") {
        (8, digits)
    } else if let Some(digits) = prefixed("0b") {
        (2, digits)
    } else if unsigned.len() > 1 && unsigned.starts_with('0') {
        (8, unsigned)
    } else {
        (10, unsigned)
    }
}

/// The whole number that `text` (without underscores) is, if it fits an `i64` or, without a sign, a `u64`.
fn integer(text: &str) -> Option<i128> {
    let (mut sign, unsigned) = split_sign(text);
    let (radix, mut digits) = split_radix(unsigned);
    // An oddity of go-yaml's: the sign may stand behind a lower-case 0b or 0o as well.
    if sign.is_none() && (unsigned.starts_with("0b") || unsigned.starts_with("0o")) {
        (sign, digits) = split_sign(digits);
    }
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    match sign {
        None => Some(magnitude),
        Some('-') => Some(-magnitude).filter(|&int| int >= i128::from(i64::MIN)),
        Some(_) => Some(magnitude).filter(|&int| int <= i128::from(i64::MAX)),
    }
}

/// True when `text` (without underscores) has the shape of a decimal float, which whole numbers have too.
fn is_float(text: &str) -> bool {
    let (_, unsigned) = split_sign(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !(whole.is_empty() && fraction.is_empty())
        && digits(whole)
        && digits(fraction)
        && exponent.is_none_or(|exponent| {
            let (_, exponent) = split_sign(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

/// True when `unsigned` has the shape of an integer of any size in any notation.
fn is_integer(unsigned: &str) -> bool {
    let (radix, digits) = split_radix(unsigned);
    let digits = if radix < 10 { split_sign(digits).1 } else { digits };
    !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
}

/// True when `unsigned` is a number to the base of sixty, such as `1:30` or `1:30:00.5`.
fn is_sexagesimal(unsigned: &str) -> bool {
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let Some((first, rest)) = whole.split_once(':') else {
        return false;
    };
    !first.is_empty()
        && digits(first)
        && digits(fraction)
        && rest.split(':').all(|part| match part.as_bytes() {
            [unit] | [b'0'..=b'5', unit] => unit.is_ascii_digit(),
            _ => false,
        })
}

fn is_infinity(unsigned: &str) -> bool {
    unsigned.eq_ignore_ascii_case(".inf") || unsigned.eq_ignore_ascii_case(".nan")
}

const CORE: &str = "tag:yaml.org,2002:";

/// Whether a verbatim tag is written out in full.
pub(crate) fn is_core(tag: &str) -> bool {
    tag.strip_prefix("!<").is_some_and(|uri| percent_decoded(uri).is_ok_and(|uri| uri.starts_with(CORE)))
}

/// The tag without its notation: `!!int` for all of `!!int`, `!<tag:yaml.org,2002:int>` and `!!i%6Et`.
pub(crate) fn tag_name(tag: &str) -> Result<Cow<'_, str>, String> {
    let name = if let Some(uri) = tag.strip_prefix("!<").and_then(|tag| tag.strip_suffix('>')) {
        uri
    } else {
        let local = tag.strip_prefix('!').unwrap_or(tag);
        match local.split_once('!') {
            Some(("", "")) => return Err("did not find expected tag URI".to_owned()),
            None | Some(("", _)) => tag,
            Some(_) => return Err(format!("found undefined tag handle in {tag}")),
        }
    };
    let name = percent_decoded(name)?;
    Ok(match name.strip_prefix(CORE) {
        Some(kind) => Cow::Owned(format!("!!{kind}")),
        None => name,
    })
}

fn percent_decoded(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(if byte == b'%' {
            let octet = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            octet.ok_or("did not find URI escaped octet")?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| "found an incorrect UTF-8 octet in a tag".to_owned())
}

/// The bytes that base64 `text` stands for, as a string: Go's strings hold any bytes, and each one that is not UTF-8 turns
/// into U+FFFD as soon as it is printed.
fn binary(text: &str) -> Result<Scalar<'static>, String> {
    let bytes = base64::decode(text).ok_or("!!binary value contains invalid base64 data")?;
    let mut string = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        string.push_str(chunk.valid());
        string.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Ok(Scalar::Str(Cow::Owned(string)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The notation of the oracle (recipes/yaml).
    fn dump(scalar: &Scalar<'_>) -> String {
        match scalar {
            Scalar::Null => "null".to_owned(),
            Scalar::Bool(bool) => bool.to_string(),
            Scalar::Int(int) => format!("i{int}"),
            Scalar::Float(float) => format!("f{float:?}"),
            Scalar::Timestamp(time) => format!("T{time}"),
            Scalar::Merge => "<<".to_owned(),
            Scalar::Str(text) => {
                let mut out = String::new();
                write_json_string(&mut out, text);
                out
            }
        }
    }

    #[test]
    fn plain_scalars_have_the_types_of_go_yaml() {
        let cases = [
            ("~", "null"),
            ("null", "null"),
            ("Null", "null"),
            ("NULL", "null"),
            ("true", "true"),
            ("True", "true"),
            ("TRUE", "true"),
            ("False", "false"),
            ("0", "i0"),
            ("-0", "i0"),
            ("+0", "i0"),
            ("1", "i1"),
            ("-1", "i-1"),
            ("+1", "i1"),
            ("0444", "i292"),
            ("0777", "i511"),
            ("-0644", "i-420"),
            ("08", "f8.0"),
            ("08.5", "f8.5"),
            ("007_7", "i63"),
            ("0_8", "f8.0"),
            ("1_000", "i1000"),
            ("-1_0", "i-10"),
            ("+_8", "i8"),
            ("1_", "i1"),
            ("0x1F", "i31"),
            ("0X1f", "i31"),
            ("+0x10", "i16"),
            ("-0x10", "i-16"),
            ("0x_1f", "i31"),
            ("0o17", "i15"),
            ("0O17", "i15"),
            ("-0o17", "i-15"),
            ("0o-7", "i-7"),
            ("0b101", "i5"),
            ("0B11", "i3"),
            ("0b+1", "i1"),
            ("0b-1", "i-1"),
            ("9223372036854775807", "i9223372036854775807"),
            ("9223372036854775808", "i9223372036854775808"),
            ("-9223372036854775808", "i-9223372036854775808"),
            ("-9223372036854775809", "f-9.223372036854776e18"),
            ("+9223372036854775808", "f9.223372036854776e18"),
            ("18446744073709551615", "i18446744073709551615"),
            ("18446744073709551616", "f1.8446744073709552e19"),
            ("0xffffffffffffffff", "i18446744073709551615"),
            ("01777777777777777777777", "i18446744073709551615"),
            ("02000000000000000000000", "f2e21"),
            ("0.1", "f0.1"),
            (".1", "f0.1"),
            ("1.", "f1.0"),
            ("-.5", "f-0.5"),
            ("+.5", "f0.5"),
            ("1.10", "f1.1"),
            ("1e3", "f1000.0"),
            ("1E+3", "f1000.0"),
            ("1e-3", "f0.001"),
            ("1_0.5", "f10.5"),
            (".1_0", "f0.1"),
            ("-._1", "f-0.1"),
            ("1_e3", "f1000.0"),
            ("1e_3", "f1000.0"),
            ("0e0", "f0.0"),
            ("-0.0", "f-0.0"),
            ("1e308", "f1e308"),
            ("1e-400", "f0.0"),
            ("4.9e-324", "f5e-324"),
            ("9007199254740993.0", "f9007199254740992.0"),
            (".inf", "finf"),
            (".Inf", "finf"),
            (".INF", "finf"),
            ("-.inf", "f-inf"),
            ("+.INF", "finf"),
            (".nan", "fNaN"),
            (".NaN", "fNaN"),
            (".NAN", "fNaN"),
            ("2001-12-14", "T2001-12-14T00:00:00Z"),
            ("2001-1-1", "T2001-01-01T00:00:00Z"),
            ("", "null"),
            ("2001-12-14 21:59:43", "T2001-12-14T21:59:43Z"),
            ("2001-12-14T21:59:43.1Z", "T2001-12-14T21:59:43.1Z"),
            ("é", "\"é\""),
            ("<<", "<<"),
        ];
        for (text, expected) in cases {
            assert_eq!(dump(&resolve(text)), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_is_a_string() {
        let words = "nULL ~a tRUE yes on off y N _1 0x 0xG -0b-1 0x-1 0b2 0x10000000000000000 . 1e \
             1e+ .e5 .1_ ._1 1e400 -1e400 .iNF inf Infinity -.nan nan <<< = 1:30 190:20:30 \
             10.0.0.1 1.2.3 100m 128Mi 80% 5m30s v1 nginx -c --flag 1,000 2001-12 2001-02-30 \
             10000-01-01";
        let phrases = ["a b", "1 2", "true ", "- 1", "2001-12-14 21:59:43 Z", "+.nan", "0x1.8p1"];
        for text in words.split(' ').chain(phrases) {
            assert_eq!(resolve(text), Scalar::Str(Cow::Borrowed(text)));
        }
    }

    #[test]
    fn strings_are_borrowed() {
        for text in ["nginx", "100m", "10.0.0.1", "1_000Mi"] {
            assert!(matches!(resolve(text), Scalar::Str(Cow::Borrowed(_))), "{text}");
        }
    }

    #[test]
    fn tags_decide_as_in_go_yaml() {
        let cases = [
            ("!!str", "1", true, Ok("\"1\"")),
            ("!!str", "~", true, Ok("\"~\"")),
            ("!!str", "<<", true, Ok("\"<<\"")),
            ("!!int", "1", true, Ok("i1")),
            ("!!int", "0o17", true, Ok("i15")),
            ("!!int", "x", true, Err(())),
            ("!!int", "1.0", true, Err(())),
            ("!!int", "", true, Err(())),
            ("!!int", "08", true, Err(())),
            ("!!int", "18446744073709551615", true, Ok("i18446744073709551615")),
            ("!!float", "1", true, Ok("f1.0")),
            ("!!float", "-0", true, Ok("f0.0")),
            ("!!float", "1.5", true, Ok("f1.5")),
            ("!!float", "9223372036854775807", true, Ok("f9.223372036854776e18")),
            ("!!float", "9223372036854775808", true, Err(())),
            ("!!float", "1e400", true, Err(())),
            ("!!float", ".inf", true, Ok("finf")),
            ("!!bool", "true", true, Ok("true")),
            ("!!bool", "yes", true, Err(())),
            ("!!null", "~", true, Ok("null")),
            ("!!null", "", true, Ok("null")),
            ("!!null", "x", true, Err(())),
            ("!!timestamp", "2001-1-1", true, Ok("T2001-01-01T00:00:00Z")),
            ("!!timestamp", "x", true, Err(())),
            ("!!binary", "aGVsbG8=", true, Ok("\"hello\"")),
            ("!!binary", "aGVsbG8", true, Err(())),
            ("!!binary", "!!!", true, Err(())),
            ("!!binary", "!!!", false, Err(())),
            ("!!binary", "", true, Ok("\"\"")),
            ("!!binary", "AB==", true, Ok("\"\\u0000\"")),
            ("!!binary", "4pg=", true, Ok("\"��\"")),
            ("!!binary", "=AAA", true, Err(())),
            ("!!merge", "x", true, Ok("\"x\"")),
            ("!!seq", "x", true, Ok("\"x\"")),
            ("!!map", "1", true, Ok("\"1\"")),
            ("!!set", "1", true, Ok("\"1\"")),
            ("!", "1", true, Ok("i1")),
            ("!", "1", false, Ok("\"1\"")),
            ("!", "yes", true, Ok("\"yes\"")),
            ("!", "~", true, Ok("null")),
            ("!", "~", false, Ok("\"~\"")),
            ("!local", "1", true, Ok("\"1\"")),
            ("!!foo", "1", true, Ok("\"1\"")),
            ("!!Int", "x", true, Ok("\"x\"")),
            ("!<tag:yaml.org,2002:int>", "1", true, Ok("i1")),
            ("!<tag:yaml.org,2002:int>", "x", true, Err(())),
            ("!<!>", "1", true, Ok("i1")),
            ("!<!>", "1", false, Ok("\"1\"")),
            ("!<!!int>", "x", true, Err(())),
            ("!<foo>", "1", true, Ok("\"1\"")),
            ("!!i%6Et", "x", true, Err(())),
            ("!%21int", "7", true, Ok("i7")),
            ("!!i%6", "7", true, Err(())),
            ("!!%ff", "7", true, Err(())),
            ("!!", "7", true, Err(())),
            ("!a!b", "7", true, Err(())),
        ];
        for (tag, text, plain, expected) in cases {
            let found = resolve_tagged(tag, text, plain);
            let found = found.as_ref().map(dump).map_err(|_| ());
            assert_eq!(found.as_deref(), expected.as_ref().map(|text| *text), "{tag} {text} {plain}");
        }
    }

    #[test]
    fn the_merge_key_may_be_tagged() {
        for (tag, plain) in [("!", true), ("!!merge", true), ("!!merge", false), ("!<tag:yaml.org,2002:merge>", false)]
        {
            assert_eq!(resolve_tagged(tag, "<<", plain), Ok(Scalar::Merge), "{tag}");
        }
        for (tag, plain) in [("!", false), ("!!str", true), ("!local", true)] {
            assert_eq!(resolve_tagged(tag, "<<", plain), Ok(Scalar::text("<<")), "{tag}");
        }
    }

    #[test]
    fn errors_say_what_was_found() {
        let cases = [
            ("!!int", "x", "a !!str value cannot be read as !!int; correct the tag"),
            ("!<tag:yaml.org,2002:bool>", "1", "a !!int value cannot be read as !!bool; correct the tag"),
            ("!!binary", "!!!", "!!binary value contains invalid base64 data"),
            ("!a!b", "1", "found undefined tag handle in !a!b"),
        ];
        for (tag, text, message) in cases {
            assert_eq!(resolve_tagged(tag, text, true), Err(message.to_owned()));
        }
    }

    #[test]
    fn ambiguous_strings_are_known() {
        let ambiguous = "~ null NULL nULL true TRUE yes Yes YES no on On off OFF y Y n N = << 0 -1 +1 0444 08 1_000 0x1F 0o17 \
             0b101 0b+1 1. .5 1e3 1e400 -1E400 123456789012345678901234567890 0x10000000000000000 .inf -.Inf .NaN +.nan 1:30 \
             190:20:30 190:20:30.15 -1:30 2001-12-14 2001-1-1 2001-13-45 2001-12-14T21:59:43Z 2001-12-14T21:59:43 .1_";
        for text in ambiguous.split(' ').chain(["", "2001-12-14 21:59:43 +5", "2001-12-14\t21:59:43Z"]) {
            assert!(is_ambiguous(text), "{text}");
        }
        let clear = "a nginx yes1 nil none nullable 100m 128Mi 1.2.3 10.0.0.1 10.0.0.0/8 8080:80 1:60 a:1 ::1 v1 - -- -c --flag . .. \
             + 1e 0x 0xG 0b2 0o8 _1 1,000 5m30s 80% 2001-12 2001-12-14x 2001-12-14-rc.1 != == e3 .e3 inf nan";
        for text in clear.split(' ').chain(["a b", "2001-12-14 note", "1 2", "true "]) {
            assert!(!is_ambiguous(text), "{text}");
        }
    }

    #[test]
    fn json_strings_are_those_of_go() {
        let cases = [
            ("", r#""""#),
            ("a\"b\\c/d", r#""a\"b\\c/d""#),
            ("<&>'", r#""<&>'""#),
            ("\u{8}\t\n\u{c}\r", r#""\b\t\n\f\r""#),
            ("\0\u{7}\u{b}\u{1b}\u{1f}", r#""\u0000\u0007\u000b\u001b\u001f""#),
            ("\u{2027}\u{2028}\u{2029}\u{202a}", "\"\u{2027}\\u2028\\u2029\u{202a}\""),
            ("\u{7f}\u{80}\u{85}é\u{feff}😀", "\"\u{7f}\u{80}\u{85}é\u{feff}😀\""),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            write_json_string(&mut out, text);
            assert_eq!(out, expected);
        }
    }
}
