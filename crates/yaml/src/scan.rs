//! Scanning of single tokens: where each scalar, property, comment and directive ends.

use super::Error;

type Result<T> = std::result::Result<T, Error>;

fn byte(bytes: &[u8], i: usize) -> u8 {
    bytes.get(i).copied().unwrap_or(0)
}

/// What breaks lines, as go-yaml has it.
pub(crate) const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Where the text starts behind byte order marks: go-yaml's reader takes one off, its scanner another.
pub(crate) fn text_start(text: &str) -> usize {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.len() - rest.strip_prefix('\u{feff}').unwrap_or(rest).len()
}

/// Length of the line break at `i`, or 0: LF, CR, CRLF, and (as go-yaml has it) NEL, LS and PS.
#[inline]
pub(crate) fn break_len(bytes: &[u8], i: usize) -> usize {
    match byte(bytes, i) {
        b'\n' => 1,
        b'\r' => 1 + usize::from(byte(bytes, i + 1) == b'\n'),
        0xC2 if byte(bytes, i + 1) == 0x85 => 2,
        0xE2 if byte(bytes, i + 1) == 0x80 && matches!(byte(bytes, i + 2), 0xA8 | 0xA9) => 3,
        _ => 0,
    }
}

pub(crate) fn is_blank(c: u8) -> bool {
    c == b' ' || c == b'\t'
}

/// Blank, line break, or the end of the text (which `0` stands for: NUL is refused beforehand).
#[inline]
pub(crate) fn is_blank_or_end(bytes: &[u8], i: usize) -> bool {
    match byte(bytes, i) {
        b' ' | b'\t' | b'\n' | b'\r' | 0 => true,
        0xC2 | 0xE2 => break_len(bytes, i) > 0,
        _ => false,
    }
}

pub(crate) fn skip_blanks(bytes: &[u8], mut i: usize) -> usize {
    while is_blank(byte(bytes, i)) {
        i += 1;
    }
    i
}

/// The end of the line that `i` is on, before its break.
pub(crate) fn line_end(bytes: &[u8], mut i: usize) -> usize {
    loop {
        let rest = bytes.get(i..).unwrap_or(&[]);
        let Some(n) = rest.iter().position(|&b| matches!(b, b'\n' | b'\r' | 0xC2 | 0xE2)) else {
            return bytes.len();
        };
        i += n;
        if break_len(bytes, i) > 0 {
            return i;
        }
        i += 1;
    }
}

/// `---` or `...` at the start of a line: its first byte.
pub(crate) fn document_marker(bytes: &[u8], i: usize) -> Option<u8> {
    let c = byte(bytes, i);
    let marker = (c == b'-' || c == b'.') && byte(bytes, i + 1) == c && byte(bytes, i + 2) == c;
    (marker && is_blank_or_end(bytes, i + 3)).then_some(c)
}

/// A scanned scalar.
pub(crate) struct Scanned {
    /// End of the content.
    pub(crate) end: usize,
    /// Where scanning goes on.
    pub(crate) next: usize,
    /// Start of the line that `next` is on, when it is not the line the scalar started on.
    pub(crate) line_start: Option<usize>,
    /// The value differs from the text (escapes, folded lines).
    pub(crate) cooked: bool,
}

/// What a byte means inside a plain scalar.
mod class {
    pub(super) const TEXT: u8 = 0;
    pub(super) const BLANK: u8 = 1;
    pub(super) const COLON: u8 = 2;
    pub(super) const FLOW: u8 = 3;
    pub(super) const WIDE: u8 = 4;
}

static CLASS: [u8; 256] = {
    let mut table = [class::TEXT; 256];
    let mut i = 0;
    while i < 256 {
        #[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)] // evaluated at compile time, in range
        {
            table[i] = match i as u8 {
                b' ' | b'\t' | b'\n' | b'\r' | 0 => class::BLANK,
                b':' => class::COLON,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' => class::FLOW,
                0xC2 | 0xE2 => class::WIDE,
                _ => class::TEXT,
            };
        }
        i += 1;
    }
    table
};

/// A plain scalar from `start`; `indent` is that of the enclosing block collection.
pub(crate) fn plain(bytes: &[u8], start: usize, line_start: usize, indent: i64, flow: bool) -> Result<Scanned> {
    let mut pos = start;
    let mut end = start;
    let mut line = line_start;
    let mut line_of_end = line_start;
    let mut cooked = false;
    loop {
        if pos == line && document_marker(bytes, pos).is_some() {
            break;
        }
        if byte(bytes, pos) == b'#' {
            break;
        }
        let chunk = pos;
        loop {
            let c = byte(bytes, pos);
            match CLASS.get(usize::from(c)).copied().unwrap_or(class::TEXT) {
                class::BLANK => break,
                class::COLON if is_blank_or_end(bytes, pos + 1) => break,
                class::FLOW if flow => break,
                class::WIDE if break_len(bytes, pos) > 0 => break,
                _ => {}
            }
            pos += 1;
        }
        if pos > chunk {
            // Lines before this one were folded into the value.
            cooked |= line != line_of_end;
            end = pos;
            line_of_end = line;
        }
        let c = byte(bytes, pos);
        if !(is_blank(c) || break_len(bytes, pos) > 0) {
            break;
        }
        // Blanks and breaks; the scalar goes on if the next line is indented enough.
        let mut broken = false;
        loop {
            let c = byte(bytes, pos);
            if is_blank(c) {
                if broken && c == b'\t' && column(pos, line) < indent + 1 {
                    return Err(Error::new(pos, "a tab cannot indent; use spaces"));
                }
                pos += 1;
                continue;
            }
            let n = break_len(bytes, pos);
            if n == 0 {
                break;
            }
            pos += n;
            line = pos;
            broken = true;
        }
        if !flow && column(pos, line) < indent + 1 {
            break;
        }
    }
    Ok(Scanned { end, next: pos, line_start: (line != line_start).then_some(line), cooked })
}

fn column(pos: usize, line_start: usize) -> i64 {
    i64::try_from(pos - line_start).unwrap_or(i64::MAX)
}

/// A quoted scalar whose opening quote is at `start`.
pub(crate) fn quoted(bytes: &[u8], start: usize, quote: u8) -> Result<Scanned> {
    let mut pos = start + 1;
    let mut line_start = None;
    let mut cooked = false;
    loop {
        if line_start == Some(pos) && document_marker(bytes, pos).is_some() {
            return Err(Error::new(start, "a quoted text is not closed before the next document"));
        }
        let c = byte(bytes, pos);
        match c {
            0 if pos >= bytes.len() => {
                return Err(Error::new(start, "a quoted text is not closed"));
            }
            _ if c == quote => {
                if quote == b'\'' && byte(bytes, pos + 1) == b'\'' {
                    cooked = true;
                    pos += 2;
                    continue;
                }
                pos += 1;
                return Ok(Scanned { end: pos, next: pos, line_start, cooked });
            }
            b'\\' if quote == b'"' => {
                cooked = true;
                let n = break_len(bytes, pos + 1);
                if n > 0 {
                    pos += 1 + n;
                    line_start = Some(pos);
                } else {
                    pos += escape_len(bytes, pos)?;
                }
            }
            b'\n' | b'\r' | 0xC2 | 0xE2 => {
                let n = break_len(bytes, pos);
                pos += n.max(1);
                if n > 0 {
                    cooked = true;
                    line_start = Some(pos);
                }
            }
            _ => pos += 1,
        }
    }
}

/// Length of the escape at the backslash `i`, checked.
fn escape_len(bytes: &[u8], i: usize) -> Result<usize> {
    match escape(bytes, i) {
        Some((_, n)) => Ok(n),
        None => {
            Err(Error::new(i, "unknown escape in a double-quoted text; use single quotes, or `\\\\` for a backslash"))
        }
    }
}

/// The character that the escape at the backslash `i` stands for, and the escape's length.
pub(crate) fn escape(bytes: &[u8], i: usize) -> Option<(char, usize)> {
    let simple = |c: char| Some((c, 2));
    match byte(bytes, i + 1) {
        b'0' => simple('\0'),
        b'a' => simple('\u{7}'),
        b'b' => simple('\u{8}'),
        b't' | b'\t' => simple('\t'),
        b'n' => simple('\n'),
        b'v' => simple('\u{b}'),
        b'f' => simple('\u{c}'),
        b'r' => simple('\r'),
        b'e' => simple('\u{1b}'),
        b' ' => simple(' '),
        b'"' => simple('"'),
        b'\'' => simple('\''),
        b'\\' => simple('\\'),
        b'N' => simple('\u{85}'),
        b'_' => simple('\u{a0}'),
        b'L' => simple('\u{2028}'),
        b'P' => simple('\u{2029}'),
        b'x' => hex(bytes, i, 2),
        b'u' => hex(bytes, i, 4),
        b'U' => hex(bytes, i, 8),
        _ => None,
    }
}

fn hex(bytes: &[u8], i: usize, digits: usize) -> Option<(char, usize)> {
    let text = std::str::from_utf8(bytes.get(i + 2..i + 2 + digits)?).ok()?;
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let c = char::from_u32(u32::from_str_radix(text, 16).ok()?)?;
    Some((c, 2 + digits))
}

/// The end of an anchor's or alias's name, whose `&` or `*` is at `start`.
pub(crate) fn anchor(bytes: &[u8], start: usize) -> Result<usize> {
    let mut end = start + 1;
    while is_name(byte(bytes, end)) {
        end += 1;
    }
    let c = byte(bytes, end);
    let ended = is_blank_or_end(bytes, end) || matches!(c, b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
    if end == start + 1 || !ended {
        return Err(Error::new(
            start,
            "expected a name of letters, digits, `-` or `_` after `&` or `*`; quote the text if it is one",
        ));
    }
    Ok(end)
}

fn is_name(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c == b'-'
}

/// The end of a tag whose `!` is at `start`.
pub(crate) fn tag(bytes: &[u8], start: usize) -> Result<usize> {
    let bad = |at: usize| Error::new(at, "this tag is malformed; quote the text if it is not meant as a tag");
    let mut end;
    if byte(bytes, start + 1) == b'<' {
        end = uri(bytes, start + 2).map_err(bad)?;
        if byte(bytes, end) != b'>' || end == start + 2 {
            return Err(bad(end));
        }
        end += 1;
    } else {
        // `!!suffix`, `!handle!suffix`, `!suffix` or `!`
        let mut handle = start + 1;
        while is_name(byte(bytes, handle)) {
            handle += 1;
        }
        if byte(bytes, handle) == b'!' {
            end = uri(bytes, handle + 1).map_err(bad)?;
            if end == handle + 1 {
                return Err(bad(end));
            }
        } else {
            end = uri(bytes, start + 1).map_err(bad)?;
        }
    }
    if is_blank_or_end(bytes, end) { Ok(end) } else { Err(bad(end)) }
}

fn uri(bytes: &[u8], mut i: usize) -> std::result::Result<usize, usize> {
    loop {
        let c = byte(bytes, i);
        if c == b'%' {
            // Percent-escapes must make well-formed UTF-8, as the oracle demands.
            let mut octets = Vec::new();
            let mut j = i;
            while byte(bytes, j) == b'%' {
                let digits = bytes.get(j + 1..j + 3).filter(|d| d.iter().all(u8::is_ascii_hexdigit)).ok_or(j)?;
                let text = std::str::from_utf8(digits).map_err(|_| j)?;
                octets.push(u8::from_str_radix(text, 16).map_err(|_| j)?);
                j += 3;
            }
            if std::str::from_utf8(&octets).is_err() {
                return Err(i);
            }
            i = j;
            continue;
        }
        let listed = matches!(
            c,
            b';' | b'/'
                | b'?'
                | b':'
                | b'@'
                | b'&'
                | b'='
                | b'+'
                | b'$'
                | b'.'
                | b'!'
                | b'~'
                | b'*'
                | b'\''
                | b'('
                | b')'
                | b','
                | b'['
                | b']'
        );
        if !(is_name(c) || listed) {
            return Ok(i);
        }
        i += 1;
    }
}

/// A scanned block scalar.
pub(crate) struct Block {
    /// End of the scalar: behind the break of its last line of content, kept blank lines included.
    pub(crate) end: usize,
    pub(crate) next: usize,
    pub(crate) line_start: usize,
    /// Columns that the content is indented by.
    pub(crate) indent: usize,
}

/// The header of a block scalar: explicit indentation, chomping, and where its line ends.
pub(crate) struct Header {
    pub(crate) digit: usize,
    pub(crate) chomp: Chomp,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chomp {
    Clip,
    Strip,
    Keep,
}

pub(crate) fn header(bytes: &[u8], start: usize) -> Result<Header> {
    let mut pos = start + 1;
    let (mut digit, mut chomp) = (None, None);
    loop {
        match byte(bytes, pos) {
            b'+' if chomp.is_none() => chomp = Some(Chomp::Keep),
            b'-' if chomp.is_none() => chomp = Some(Chomp::Strip),
            c @ b'0'..=b'9' if digit.is_none() => {
                if c == b'0' {
                    return Err(Error::new(pos, "the indentation indicator of a block text cannot be 0"));
                }
                digit = Some(usize::from(c - b'0'));
            }
            _ => break,
        }
        pos += 1;
    }
    pos = skip_blanks(bytes, pos);
    if byte(bytes, pos) == b'#' {
        pos = line_end(bytes, pos);
    }
    if pos < bytes.len() && break_len(bytes, pos) == 0 {
        return Err(Error::new(
            pos,
            "only a comment may follow `|` or `>` on its line; quote the text if it starts with one",
        ));
    }
    Ok(Header { digit: digit.unwrap_or(0), chomp: chomp.unwrap_or(Chomp::Clip), end: pos })
}

/// A block scalar whose indicator is at `start`, inside a collection indented by `parent`.
pub(crate) fn block_scalar(bytes: &[u8], start: usize, parent: i64) -> Result<Block> {
    let header = header(bytes, start)?;
    let mut pos = header.end + break_len(bytes, header.end);
    let base = usize::try_from(parent.max(0)).unwrap_or(0);
    let mut indent = if header.digit > 0 { base + header.digit } else { 0 };
    let detect = header.digit == 0;
    let mut line_start = pos;
    let mut end = header.end;
    let mut widest = 0;
    loop {
        // Blank lines, and the indentation of the next line of content.
        loop {
            while (indent == 0 || pos - line_start < indent) && byte(bytes, pos) == b' ' {
                pos += 1;
            }
            let column = pos - line_start;
            widest = widest.max(column);
            if (indent == 0 || column < indent) && byte(bytes, pos) == b'\t' {
                return Err(Error::new(pos, "a tab cannot indent a block text; use spaces"));
            }
            let n = break_len(bytes, pos);
            if n == 0 {
                break;
            }
            pos += n;
            line_start = pos;
        }
        if detect && indent == 0 {
            indent = widest.max(usize::try_from(parent + 1).unwrap_or(0)).max(1);
        }
        if pos - line_start != indent || pos >= bytes.len() {
            break;
        }
        let stop = line_end(bytes, pos);
        pos = stop + break_len(bytes, stop);
        end = pos;
        line_start = pos;
    }
    if header.chomp == Chomp::Keep {
        end = end.max(line_start);
    }
    Ok(Block { end, next: pos, line_start, indent })
}

/// Skips the directives from `start` on, checking them; gives the position of the line behind and the tag handles.
pub(crate) fn directives(bytes: &[u8], start: usize) -> Result<(usize, Vec<(String, String)>)> {
    let mut pos = start;
    let mut handles: Vec<(String, String)> = Vec::new();
    let mut version = false;
    while byte(bytes, pos) == b'%' {
        let end = line_end(bytes, pos);
        let line = std::str::from_utf8(bytes.get(pos + 1..end).unwrap_or(&[])).unwrap_or("");
        let line = line.split_once(" #").map_or(line, |(before, _)| before);
        if line.starts_with([' ', '\t']) {
            return Err(Error::new(pos, "the directive's name must follow `%` at once"));
        }
        let mut words = line.split([' ', '\t']).filter(|w| !w.is_empty());
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("YAML"), Some("1.1"), None, _) if !version => version = true,
            (Some("YAML"), Some("1.1"), None, _) => return Err(Error::new(pos, "a second %YAML directive")),
            (Some("YAML"), ..) => {
                return Err(Error::new(pos, "only `%YAML 1.1` is read; leave the directive out"));
            }
            (Some("TAG"), Some(handle), Some(prefix), None) if is_handle(handle) => {
                if uri(prefix.as_bytes(), 0) != Ok(prefix.len()) {
                    return Err(Error::new(pos, "the prefix of this %TAG directive is not a URI"));
                }
                if handles.iter().any(|(h, _)| h == handle) {
                    return Err(Error::new(pos, "a second %TAG directive for this handle"));
                }
                handles.push((handle.to_owned(), prefix.to_owned()));
            }
            _ => return Err(Error::new(pos, "unknown directive; only %YAML and %TAG are read")),
        }
        // Directives may be followed by blank and comment lines.
        pos = end + break_len(bytes, end);
        loop {
            let content = skip_blanks(bytes, pos);
            let stop = if byte(bytes, content) == b'#' { line_end(bytes, content) } else { content };
            let n = break_len(bytes, stop);
            if n == 0 {
                break;
            }
            pos = stop + n;
        }
    }
    Ok((pos, handles))
}

fn is_handle(handle: &str) -> bool {
    handle == "!"
        || handle.len() >= 2
            && handle.starts_with('!')
            && handle.ends_with('!')
            && handle.get(1..handle.len() - 1).is_some_and(|name| name.bytes().all(is_name))
}
