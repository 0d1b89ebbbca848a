//! Timestamps as go-yaml v3 reads them from plain scalars, printed the way Go's `time.RFC3339Nano` does.

use std::fmt::Write as _;

/// Reads `text` as a timestamp and gives it in RFC 3339 form with nanoseconds, or `None` when go-yaml v3 takes it for something else.
///
/// Accepted are `2001-1-2`, `2001-1-2 3:4:5.6` (no zone, taken for UTC) and `2001-1-2T3:4:5.6Z` or `…+05:30` (zone required).
pub(super) fn parse(text: &str) -> Option<String> {
    let mut rest = Cursor(text.as_bytes());
    let (year, month, day) = rest.date()?;
    if day == 0 || day > days_in(year, month)? {
        return None;
    }
    let mut out = format!("{year:04}-{month:02}-{day:02}T");
    let zoned = match rest.next() {
        None => {
            out.push_str("00:00:00Z");
            return Some(out);
        }
        Some(b'T' | b't') => true,
        Some(b' ') => {
            rest.skip(|b| b == b' ');
            false
        }
        Some(_) => return None,
    };
    let (hour, minute, second) = rest.time()?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Writing to a String cannot fail.
    let _ = write!(out, "{hour:02}:{minute:02}:{second:02}");
    push_fraction(&mut out, rest.fraction());
    if zoned {
        push_zone(&mut out, rest.zone()?);
    } else {
        out.push('Z');
    }
    rest.0.is_empty().then_some(out)
}

/// True when `text` has the shape of a YAML 1.1 timestamp: wider than [`parse`], since other readers take a zone after a
/// space, do without seconds of two digits, or fail on a date that is none.
pub(super) fn looks_like(text: &str) -> bool {
    let mut rest = Cursor(text.as_bytes());
    if rest.date().is_none() {
        return false;
    }
    match rest.next() {
        None => return true,
        Some(b'T' | b't') => {}
        Some(b' ' | b'\t') => rest.skip(|b| b == b' ' || b == b'\t'),
        Some(_) => return false,
    }
    rest.time().is_some() && rest.0.iter().all(|b| b.is_ascii_digit() || b".,:+-Zz \t".contains(b))
}

/// Only the shortest form of a fraction is printed, and none at all when it is zero.
fn push_fraction(out: &mut String, digits: &[u8]) {
    // Go keeps nanoseconds and cuts the rest off, without rounding.
    let nanoseconds = digits.get(..9).unwrap_or(digits);
    let Some(last) = nanoseconds.iter().rposition(|&b| b != b'0') else {
        return;
    };
    out.push('.');
    out.extend(nanoseconds.iter().take(last + 1).map(|&b| char::from(b)));
}

fn push_zone(out: &mut String, minutes: i32) {
    if minutes == 0 {
        out.push('Z');
        return;
    }
    out.push(if minutes < 0 { '-' } else { '+' });
    let minutes = minutes.unsigned_abs();
    // Writing to a String cannot fail.
    let _ = write!(out, "{:02}:{:02}", minutes / 60, minutes % 60);
}

fn days_in(year: u32, month: u32) -> Option<u32> {
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => return None,
    })
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) {
        while self.0.first().is_some_and(|&b| unwanted(b)) {
            self.next();
        }
    }

    /// A number of `min` to `max` digits, as many as there are.
    fn number(&mut self, min: usize, max: usize) -> Option<u32> {
        let digits = self.0.iter().take(max).take_while(|b| b.is_ascii_digit()).count();
        if digits < min {
            return None;
        }
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        Some(number.iter().fold(0, |sum, b| sum * 10 + u32::from(b - b'0')))
    }

    fn date(&mut self) -> Option<(u32, u32, u32)> {
        let year = self.number(4, 4)?;
        self.expect(b'-')?;
        let month = self.number(1, 2)?;
        self.expect(b'-')?;
        Some((year, month, self.number(1, 2)?))
    }

    fn time(&mut self) -> Option<(u32, u32, u32)> {
        let hour = self.number(1, 2)?;
        self.expect(b':')?;
        let minute = self.number(1, 2)?;
        self.expect(b':')?;
        Some((hour, minute, self.number(1, 2)?))
    }

    /// The digits behind a point or a comma, if there are any.
    fn fraction(&mut self) -> &'a [u8] {
        let Some((b'.' | b',', rest)) = self.0.split_first() else {
            return &[];
        };
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        match rest.split_at_checked(digits) {
            Some((fraction, rest)) if digits > 0 => {
                self.0 = rest;
                fraction
            }
            _ => &[],
        }
    }

    /// `Z` or `±hh:mm`, in minutes. Go lets 24 hours and 60 minutes pass.
    fn zone(&mut self) -> Option<i32> {
        let sign = match self.next()? {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(2, 2)?;
        self.expect(b':')?;
        let minutes = self.number(2, 2)?;
        if hours > 24 || minutes > 60 {
            return None;
        }
        Some(sign * i32::try_from(hours * 60 + minutes).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_those_of_go() {
        let cases = [
            ("2001-12-14", Some("2001-12-14T00:00:00Z")),
            ("2001-1-1", Some("2001-01-01T00:00:00Z")),
            ("2001-12-32", None),
            ("2001-13-01", None),
            ("2001-00-10", None),
            ("2001-01-00", None),
            ("2001-02-29", None),
            ("2000-02-29", Some("2000-02-29T00:00:00Z")),
            ("1900-02-29", None),
            ("2024-04-31", None),
            ("0000-01-01", Some("0000-01-01T00:00:00Z")),
            ("9999-12-31", Some("9999-12-31T00:00:00Z")),
            ("999-01-01", None),
            ("02001-01-01", None),
            ("2001-001-01", None),
            ("2001/12/14", None),
            ("2001-12-14x", None),
            ("2001-12-14 21:59:43", Some("2001-12-14T21:59:43Z")),
            ("2001-12-14  1:2:3", Some("2001-12-14T01:02:03Z")),
            ("2001-12-14\t1:2:3", None),
            ("2001-12-14 21:59:43.10", Some("2001-12-14T21:59:43.1Z")),
            ("2001-12-14 21:59:43,5", Some("2001-12-14T21:59:43.5Z")),
            ("2001-12-14 21:59:43.", None),
            ("2001-12-14 21:59:43Z", None),
            ("2001-12-14 21:59", None),
            ("2001-12-14T21:59:43", None),
            ("2001-12-14T21:59:43Z", Some("2001-12-14T21:59:43Z")),
            ("2001-12-14t21:59:43Z", Some("2001-12-14T21:59:43Z")),
            ("2001-12-14T21:59:43z", None),
            ("2001-12-14T1:2:3Z", Some("2001-12-14T01:02:03Z")),
            ("2001-12-14T001:02:03Z", None),
            ("2001-12-14T24:00:00Z", None),
            ("2001-12-14T23:60:00Z", None),
            ("2001-12-14T23:59:60Z", None),
            ("2001-12-14T21:59:43.000Z", Some("2001-12-14T21:59:43Z")),
            ("2001-12-14T21:59:43.123456789123Z", Some("2001-12-14T21:59:43.123456789Z")),
            ("2001-12-14T21:59:43.0000000009Z", Some("2001-12-14T21:59:43Z")),
            ("2001-12-14T21:59:43.5+05:30", Some("2001-12-14T21:59:43.5+05:30")),
            ("2001-12-14T21:59:43-05:00", Some("2001-12-14T21:59:43-05:00")),
            ("2001-12-14T21:59:43+00:00", Some("2001-12-14T21:59:43Z")),
            ("2001-12-14T21:59:43-00:00", Some("2001-12-14T21:59:43Z")),
            ("2001-12-14T21:59:43-00:01", Some("2001-12-14T21:59:43-00:01")),
            ("2001-12-14T21:59:43+24:00", Some("2001-12-14T21:59:43+24:00")),
            ("2001-12-14T21:59:43+24:60", Some("2001-12-14T21:59:43+25:00")),
            ("2001-12-14T21:59:43+25:00", None),
            ("2001-12-14T21:59:43+05:61", None),
            ("2001-12-14T21:59:43+0530", None),
            ("2001-12-14T21:59:43+5:30", None),
            ("2001-12-14T21:59:43 Z", None),
            ("2001-12-14T21:59:43.5Zx", None),
            ("2001-12-14 -1:2:3", None),
            ("2001-12-14 +1:2:3", None),
            ("2001-1-", None),
            ("2001-", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn shapes_of_timestamps_are_wider() {
        let shaped = [
            "2001-12-14",
            "2001-13-45",
            "2001-12-14 1:2:3 +5",
            "2001-12-14\t21:59:43 Z",
            "2001-12-14T21:59:43",
            "2001-12-14t25:61:61.5",
        ];
        for text in shaped {
            assert!(looks_like(text), "{text}");
        }
        for text in ["2001-12", "2001-12-14x", "2001-12-14-rc.1", "2001-12-14 note", "2001-12-14T21", "v2001-12-14"] {
            assert!(!looks_like(text), "{text}");
        }
    }
}
