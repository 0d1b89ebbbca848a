//! From the text of a scalar to its value: line folding, escapes, block scalars.

use std::borrow::Cow;

use super::node::{Raw, Style, flag};
use super::scan::{self, Chomp, break_len, is_blank};

/// The text of a scalar whose value is written as it is.
pub(crate) fn uncooked(text: &str, node: Raw) -> &str {
    let (start, end) = (node.start as usize, node.end as usize);
    let span = match node.style {
        Style::Single | Style::Double => start + 1..end.saturating_sub(1),
        _ => start..end,
    };
    text.get(span).unwrap_or("")
}

/// The value of a scalar as a string, whatever its type.
pub(crate) fn decode(text: &str, node: Raw) -> Cow<'_, str> {
    if !node.is(flag::COOKED) {
        return Cow::Borrowed(uncooked(text, node));
    }
    let span = text.get(node.start as usize..node.end as usize).unwrap_or("");
    Cow::Owned(match node.style {
        Style::Literal | Style::Folded => block(span, node.child as usize, node.style == Style::Folded),
        Style::Double | Style::Single => quoted(uncooked(text, node), node.style == Style::Double),
        _ => folded_lines(span),
    })
}

/// One line break, as the value has it: NEL counts as LF, LS and PS stay.
fn push_break(out: &mut String, text: &str, at: usize, len: usize) {
    if len == 3 {
        out.push_str(text.get(at..at + len).unwrap_or("\n"));
    } else {
        out.push('\n');
    }
}

/// Blank space from `i` on up to the next text: appends what it folds to, returns where the text starts.
fn fold(out: &mut String, text: &str, mut i: usize) -> usize {
    let bytes = text.as_bytes();
    let start = i;
    let mut breaks = 0;
    let mut first = (0, 0);
    let mut later = String::new();
    loop {
        while bytes.get(i).copied().is_some_and(is_blank) {
            i += 1;
        }
        let n = break_len(bytes, i);
        if n == 0 {
            break;
        }
        if breaks == 0 {
            first = (i, n);
        } else {
            push_break(&mut later, text, i, n);
        }
        breaks += 1;
        i += n;
    }
    if breaks == 0 {
        out.push_str(text.get(start..i).unwrap_or(""));
    } else if first.1 == 3 {
        push_break(out, text, first.0, first.1);
        out.push_str(&later);
    } else if later.is_empty() {
        out.push(' ');
    } else {
        out.push_str(&later);
    }
    i
}

fn folded_lines(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let mut run = 0;
    while let Some(&c) = bytes.get(i) {
        if is_blank(c) || break_len(bytes, i) > 0 {
            out.push_str(text.get(run..i).unwrap_or(""));
            i = fold(&mut out, text, i);
            run = i;
        } else {
            i += 1;
        }
    }
    out.push_str(text.get(run..).unwrap_or(""));
    out
}

fn quoted(text: &str, double: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let mut run = 0;
    while let Some(&c) = bytes.get(i) {
        if c == b'\\' && double {
            out.push_str(text.get(run..i).unwrap_or(""));
            let n = break_len(bytes, i + 1);
            if n > 0 {
                // An escaped break joins; blank lines behind it still count.
                i += 1 + n;
                let mut rest = String::new();
                loop {
                    i = scan::skip_blanks(bytes, i);
                    let n = break_len(bytes, i);
                    if n == 0 {
                        break;
                    }
                    push_break(&mut rest, text, i, n);
                    i += n;
                }
                out.push_str(&rest);
            } else if let Some((c, n)) = scan::escape(bytes, i) {
                out.push(c);
                i += n;
            } else {
                i += 1; // refused by the scanner; not reached
            }
            run = i;
        } else if c == b'\'' && !double {
            out.push_str(text.get(run..=i).unwrap_or(""));
            i += 2;
            run = i;
        } else if is_blank(c) || break_len(bytes, i) > 0 {
            out.push_str(text.get(run..i).unwrap_or(""));
            i = fold(&mut out, text, i);
            run = i;
        } else {
            i += 1;
        }
    }
    out.push_str(text.get(run..).unwrap_or(""));
    out
}

/// A block scalar, header included, whose content is indented by `indent` columns.
fn block(text: &str, indent: usize, folded: bool) -> String {
    let bytes = text.as_bytes();
    let Ok(header) = scan::header(bytes, 0) else { return String::new() };
    let mut out = String::with_capacity(text.len());
    let mut i = header.end + break_len(bytes, header.end);
    // The break after the last line, and the blank lines since.
    let mut leading = String::new();
    let mut trailing = String::new();
    let mut was_blank = false;
    loop {
        let mut line = i;
        loop {
            let mut column = 0;
            while column < indent && bytes.get(line).copied() == Some(b' ') {
                line += 1;
                column += 1;
            }
            let n = break_len(bytes, line);
            if n == 0 {
                break;
            }
            push_break(&mut trailing, text, line, n);
            line += n;
        }
        if line >= bytes.len() {
            break;
        }
        let starts_blank = bytes.get(line).copied().is_some_and(is_blank);
        if folded && leading.starts_with('\n') && !was_blank && !starts_blank {
            if trailing.is_empty() {
                out.push(' ');
            }
        } else {
            out.push_str(&leading);
        }
        leading.clear();
        out.push_str(&trailing);
        trailing.clear();
        was_blank = starts_blank;
        let end = scan::line_end(bytes, line);
        out.push_str(text.get(line..end).unwrap_or(""));
        let n = break_len(bytes, end);
        if n > 0 {
            push_break(&mut leading, text, end, n);
        }
        i = end + n;
        if n == 0 {
            break;
        }
    }
    if header.chomp != Chomp::Strip {
        out.push_str(&leading);
    }
    if header.chomp == Chomp::Keep {
        out.push_str(&trailing);
    }
    out
}
