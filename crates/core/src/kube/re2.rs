//! Regular expressions as Go reads them: whether Prometheus, and its operator, would take one.
//!
//! Go's `regexp/syntax` with the flags of Perl. Names of Unicode classes are not looked up.

use std::iter::Peekable;
use std::str::Chars;

/// Go's limits: how deep groups may stand, and how often, all together, an expression may be repeated.
const DEEPEST: usize = 1000;
const MOST: u64 = 1000;

/// The classes that may stand as `[:alpha:]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// What is wrong with an expression that is anchored, as Prometheus does it: `^(?s:…)$`.
#[must_use]
pub fn fault_of_anchored(text: &str) -> Option<&'static str> {
    let whole = format!("^(?s:{text})$");
    Parser { rest: whole.chars().peekable(), groups: vec![Group::default()] }.all().err()
}

/// What stands between two parentheses, as far as it is read.
#[derive(Default)]
struct Group {
    /// How often the last part is repeated at most, by counts in counts; none when nothing can be repeated here.
    last: Option<u64>,
    /// The most of the parts before.
    before: u64,
}

impl Group {
    fn part(&mut self, repeated: u64) {
        self.before = self.before.max(self.last.replace(repeated).unwrap_or(1));
    }

    fn most(&self) -> u64 {
        self.before.max(self.last.unwrap_or(1))
    }
}

struct Parser<'t> {
    rest: Peekable<Chars<'t>>,
    /// The open groups; the first is the whole.
    groups: Vec<Group>,
}

type Read<T = ()> = Result<T, &'static str>;

const ENDS: &str = "a parenthesis is not closed";
const ESCAPE: &str = "an escape is none that Go knows";
const RANGE: &str = "a class of characters has a range or a name that is none";
const PERL: &str = "what begins with `(?` is none that Go knows: it has no look-around and no back-references";

impl Parser<'_> {
    fn all(mut self) -> Read {
        let mut was_repeat = false;
        while let Some(c) = self.rest.next() {
            let repeat = match c {
                '*' | '+' | '?' => Some((0, None)),
                '{' => self.count()?,
                _ => None,
            };
            if let Some((least, most)) = repeat {
                self.repeat(least, most, c == '{', was_repeat)?;
                was_repeat = true;
                continue;
            }
            was_repeat = false;
            match c {
                '(' if self.rest.next_if_eq(&'?').is_some() => self.perl()?,
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    if let Some(group) = self.groups.last_mut() {
                        *group = Group { before: group.most(), last: None };
                    }
                }
                '[' => {
                    self.class()?;
                    self.part(1);
                }
                '\\' => self.escape()?,
                _ => self.part(1),
            }
        }
        if self.groups.len() == 1 { Ok(()) } else { Err(ENDS) }
    }

    fn part(&mut self, repeated: u64) {
        self.groups.iter_mut().last().into_iter().for_each(|group| group.part(repeated));
    }

    fn open(&mut self) -> Read {
        self.groups.push(Group::default());
        if self.groups.len() > DEEPEST { Err("its groups stand too deep in one another") } else { Ok(()) }
    }

    fn close(&mut self) -> Read {
        let group = self.groups.pop().filter(|_| !self.groups.is_empty());
        self.part(group.ok_or("a parenthesis is closed that was not opened")?.most());
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,5}`; what is none of them is a brace.
    fn count(&mut self) -> Read<Option<(u64, Option<u64>)>> {
        let mut ahead = self.rest.clone();
        let mut number = || {
            let mut digits = String::new();
            while let Some(digit) = ahead.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            let is_number = !digits.is_empty() && (digits.len() == 1 || !digits.starts_with('0'));
            let end = ahead.next();
            (is_number.then(|| digits.parse().unwrap_or(u64::MAX)), digits.is_empty(), end)
        };
        let found = match number() {
            (Some(least), _, Some('}')) => Some((least, Some(least))),
            (Some(least), _, Some(',')) => match number() {
                (None, true, Some('}')) => Some((least, None)),
                (Some(most), _, Some('}')) => Some((least, Some(most))),
                _ => None,
            },
            _ => None,
        };
        let Some((least, most)) = found else {
            self.part(1);
            return Ok(None);
        };
        self.rest = ahead;
        match least > MOST || most.is_some_and(|most| most > MOST || most < least) {
            true => Err("a count is above 1000, or the second is below the first"),
            false => Ok(found),
        }
    }

    fn repeat(&mut self, least: u64, most: Option<u64>, is_counted: bool, was_repeat: bool) -> Read {
        self.rest.next_if_eq(&'?');
        if was_repeat {
            return Err("a repetition is repeated: put the first into a group");
        }
        let before = self.groups.last_mut().and_then(|group| group.last.as_mut());
        let before = before.ok_or("a repetition has nothing before it")?;
        if is_counted {
            *before = if most == Some(0) { 1 } else { before.saturating_mul(most.unwrap_or(least).max(1)) };
            if *before > MOST && (least >= 2 || most.is_some_and(|most| most >= 2)) {
                return Err("counts in counts come to more than 1000");
            }
        }
        Ok(())
    }

    /// Behind `(?`: a name, or flags.
    fn perl(&mut self) -> Read {
        let mut ahead = self.rest.clone();
        ahead.next_if_eq(&'P');
        if ahead.next_if_eq(&'<').is_some() {
            let mut is_named = false;
            loop {
                match ahead.next() {
                    Some('>') if is_named => break,
                    Some(c) if c == '_' || c.is_ascii_alphanumeric() => is_named = true,
                    _ => return Err(PERL),
                }
            }
            self.rest = ahead;
            return self.open();
        }
        let (mut is_off, mut has_flag) = (false, false);
        loop {
            match self.rest.next() {
                Some('i' | 'm' | 's' | 'U') => has_flag = true,
                Some('-') if !is_off => (is_off, has_flag) = (true, false),
                Some(':') if !is_off || has_flag => return self.open(),
                Some(')') if !is_off || has_flag => return Ok(()),
                _ => return Err(PERL),
            }
        }
    }

    /// Behind a backslash, outside of classes.
    fn escape(&mut self) -> Read {
        match self.rest.peek() {
            Some('A' | 'b' | 'B' | 'z') => {
                self.rest.next();
            }
            Some('Q') => {
                self.rest.next();
                let mut has_text = false;
                while let Some(c) = self.rest.next() {
                    if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                        break;
                    }
                    has_text = true;
                }
                if !has_text {
                    return Ok(());
                }
            }
            _ => {
                self.character()?;
            }
        }
        self.part(1);
        Ok(())
    }

    /// Behind a backslash: a character, or none for a class of them.
    fn character(&mut self) -> Read<Option<u32>> {
        let c = self.rest.next().ok_or("it ends in a backslash")?;
        match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Ok(None),
            'p' | 'P' => self.unicode().map(|()| None),
            '0'..='7' => {
                let is_octal = self.rest.peek().is_some_and(|next| matches!(next, '0'..='7'));
                if c != '0' && !is_octal {
                    return Err("it has a back-reference, which Go does not know");
                }
                let mut number = c.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let next = self.rest.next_if(|next| matches!(next, '0'..='7'));
                    let Some(digit) = next.and_then(|next| next.to_digit(8)) else { break };
                    number = number * 8 + digit;
                }
                Ok(Some(number))
            }
            'x' => self.hexadecimal().map(Some),
            'a' => Ok(Some(7)),
            'f' => Ok(Some(12)),
            'n' => Ok(Some(10)),
            'r' => Ok(Some(13)),
            't' => Ok(Some(9)),
            'v' => Ok(Some(11)),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(Some(u32::from(c))),
            _ => Err(ESCAPE),
        }
    }

    fn hexadecimal(&mut self) -> Read<u32> {
        let is_long = self.rest.next_if_eq(&'{').is_some();
        let (mut number, mut digits) = (0u32, 0);
        while let Some(digit) = self.rest.next_if(|next| next.is_ascii_hexdigit() && (is_long || digits < 2)) {
            number = number.saturating_mul(16).saturating_add(digit.to_digit(16).unwrap_or_default());
            digits += 1;
        }
        let is_whole = if is_long { digits > 0 && self.rest.next() == Some('}') } else { digits == 2 };
        if is_whole && number <= u32::from(char::MAX) { Ok(number) } else { Err(ESCAPE) }
    }

    /// Behind `\p`: a letter, or a name in braces.
    fn unicode(&mut self) -> Read {
        match self.rest.next() {
            Some('{') => loop {
                match self.rest.next() {
                    Some('}') => return Ok(()),
                    Some(_) => {}
                    None => return Err(RANGE),
                }
            },
            Some(_) => Ok(()),
            None => Err(RANGE),
        }
    }

    /// Behind `[`.
    fn class(&mut self) -> Read {
        self.rest.next_if_eq(&'^');
        let mut is_first = true;
        loop {
            match self.rest.next().ok_or("a bracket is not closed")? {
                ']' if !is_first => return Ok(()),
                '[' if self.rest.peek() == Some(&':') && self.posix()? => {}
                '\\' => {
                    if let Some(first) = self.character()? {
                        self.range(first)?;
                    }
                }
                c => self.range(u32::from(c))?,
            }
            is_first = false;
        }
    }

    /// Behind the first character of what may be a range in a class.
    fn range(&mut self, first: u32) -> Read {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || ahead.peek().is_none_or(|next| *next == ']') {
            return Ok(());
        }
        self.rest = ahead;
        let last = match self.rest.next() {
            Some('\\') => match self.rest.peek() {
                // A class is no end of a range.
                Some('d' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P') => return Err(ESCAPE),
                _ => self.character()?.unwrap_or_default(),
            },
            other => other.map(u32::from).unwrap_or_default(),
        };
        if last < first { Err(RANGE) } else { Ok(()) }
    }

    /// Behind a `[` with a colon behind it: a class by its name, or whether that is none at all.
    fn posix(&mut self) -> Read<bool> {
        let mut ahead = self.rest.clone();
        ahead.next();
        let mut name = String::new();
        while let Some(c) = ahead.next() {
            if c == ':' && ahead.peek() == Some(&']') {
                ahead.next();
                self.rest = ahead;
                let known = name.strip_prefix('^').unwrap_or(&name);
                return if POSIX.contains(&known) { Ok(true) } else { Err(RANGE) };
            }
            name.push(c);
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::fault_of_anchored;

    /// As Go's `regexp.Compile` answered them, anchored as Prometheus does it.
    #[test]
    fn expressions_are_read_as_go_reads_them() {
        for good in [
            "",
            "(.*)",
            "a|b",
            "a{2}",
            "a{2,}",
            "a{2,5}",
            "a{",
            "a{,5}",
            "a{01}",
            "{",
            "]",
            "}",
            "[]a]",
            "[^]a]",
            "[a-]",
            "[-a]",
            "[[:alpha:]_]",
            "[[:^digit:]]",
            "[[:x]",
            r"\d+\.\d+",
            r"\_",
            r"\-",
            r"\Q(\E",
            r"\x41",
            r"\x{1F600}",
            r"\012",
            r"\12",
            r"\pL",
            r"\p{Greek}",
            r"\p{^Greek}",
            r"[\d-z]",
            r"[\x00-\x1f]",
            "(?i)a",
            "(?i:a)",
            "(?-i)a",
            "(?P<n>a)",
            "(?<n>a)",
            "(?)",
            "a*?",
            "a??",
            "a{2}?",
            "()*",
            "(|a)*",
            "a(?i)*",
            "a)(b",
            "(?P<n>a)(?P<n>b)",
            r"\z\A\b\B",
            "(?:a{500}){2}",
            "é+",
            "__meta_kubernetes_pod_label_(.+)",
            "a{0}{",
            "(a{1000}){0}",
            r"\v\a",
            "[a-zA-Z0-9_]*",
        ] {
            assert_eq!(fault_of_anchored(good), None, "{good}");
        }
        for bad in [
            "(",
            ")",
            "a)",
            "[",
            "[a",
            "[]",
            "[^]",
            "*",
            "+a",
            "?",
            "a**",
            "a*+",
            "a{2}{3}",
            "a{2,1}",
            "a{1001}",
            "|*",
            "(*)",
            r"\",
            r"\1",
            r"\8",
            r"\q",
            r"\C",
            r"\x4",
            r"\x{}",
            r"\x{110000}",
            r"\p{Greek",
            "[b-a]",
            "[[:nope:]]",
            r"[\b]",
            r"[a-\d]",
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            "(?<!a)",
            "(?P<>a)",
            "(?P<a-b>c)",
            "(?P=n)",
            "(?x)a",
            "(?--i)",
            "(?i-)a",
            "(?#c)",
            "(?>a)",
            "(?:a{501}){2}",
            r"\k<n>",
            "a++",
            "(?P<n",
            "x{2}{2,3}",
            r"\Q(",
        ] {
            assert!(fault_of_anchored(bad).is_some(), "{bad}");
        }
    }
}
