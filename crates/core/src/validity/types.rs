//! The types of the API, as `types.txt` writes them.
//!
//! A line is a type: its name, or apiVersion and kind for those that objects have; then words.
//!
//! | word | means |
//! | --- | --- |
//! | `=1a\|b`, `=?a\|b`, `=+a\|b` | exactly one of the fields is there, at most one, at least one |
//! | `^name` | the hook `name` looks at the value when its fields have been looked at |
//! | `field:TYPE` | a field; `!` before the type: it must be there, and be neither empty nor 0; `-`: it must not |
//!
//! | type | is |
//! | --- | --- |
//! | `s` | a text; `s(a\|b)`: one of these, where an empty one stands for being left out |
//! | `b`, `i`, `l`, `t`, `x` | a boolean, a number of 32 and of 64 bits, a time, anything; `i[0,9]`: from 0 to 9 |
//! | `q`, `n` | a quantity (`q[0]`: not below zero, `q[1]`: above it), a number or a text |
//! | `m`, `r` | a mapping of texts, of quantities |
//! | `*TYPE` | a list; `~key`: items differ in that key; `<9`: it has at most 9 |
//! | `Name` | the type of that name |
//!
//! `@format` behind a type is a check of [`super::format`]; after a single `@` an empty text is one that is left out.

use std::sync::OnceLock;

const TYPES: &str = include_str!("types.txt");

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Bool,
    Int,
    Long,
    Quantity,
    NumberOrText,
    Time,
    Texts,
    Quantities,
    Any,
    /// The number of the type.
    Object(usize),
}

/// How many of some fields are to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    One,
    AtMostOne,
    AtLeastOne,
}

/// A field of a type.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a mark of its word in the table
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) forbidden: bool,
    pub(super) list: bool,
    pub(super) sort: Sort,
    /// The values that it can have, with `|` between them.
    pub(super) values: Option<&'static str>,
    pub(super) least: Option<i128>,
    pub(super) most: Option<i128>,
    pub(super) format: Option<&'static str>,
    /// Whether an empty text is one that the format judges.
    pub(super) strict: bool,
    /// The key in which the items of the list differ.
    pub(super) unique: Option<&'static str>,
    /// How many items the list may have.
    pub(super) longest: Option<usize>,
}

/// A type of the API.
#[derive(Debug)]
pub(super) struct Type {
    name: &'static str,
    pub(super) unions: Vec<(Count, &'static str)>,
    pub(super) hooks: Vec<&'static str>,
    pub(super) fields: Vec<Field>,
}

/// The type of this number.
pub(super) fn get(number: usize) -> Option<&'static Type> {
    all().get(number)
}

/// The number of the type that objects of a kind have.
pub(super) fn root(api_version: &str, kind: &str) -> Option<usize> {
    let is_it = |one: &Type| one.name.split_once(':') == Some((api_version, kind));
    all().iter().take_while(|one| one.name.contains(':')).position(is_it)
}

fn all() -> &'static [Type] {
    static ALL: OnceLock<Vec<Type>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut names: Vec<(&str, usize)> =
            TYPES.lines().enumerate().map(|(number, line)| (line.split(' ').next().unwrap_or(line), number)).collect();
        names.sort_unstable();
        TYPES.lines().map(|line| read(line, &names)).collect()
    })
}

fn read(line: &'static str, names: &[(&str, usize)]) -> Type {
    let mut words = line.split(' ');
    let name = words.next().unwrap_or_default();
    let mut own = Type { name, unions: Vec::new(), hooks: Vec::new(), fields: Vec::new() };
    for word in words {
        if let Some(hook) = word.strip_prefix('^') {
            own.hooks.push(hook);
        } else if let Some((name, of)) = word.split_once(':') {
            own.fields.push(field(name, of, names));
        } else if let Some((count, fields)) = word.split_at_checked(2) {
            let count = match count {
                "=1" => Count::One,
                "=?" => Count::AtMostOne,
                _ => Count::AtLeastOne,
            };
            own.unions.push((count, fields));
        }
    }
    own
}

fn field(name: &'static str, of: &'static str, names: &[(&str, usize)]) -> Field {
    let (required, of) = of.strip_prefix('!').map_or((false, of), |rest| (true, rest));
    let (forbidden, of) = of.strip_prefix('-').map_or((false, of), |rest| (true, rest));
    let (list, of) = of.strip_prefix('*').map_or((false, of), |rest| (true, rest));
    let end = of.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(of.len());
    let (sort, rest) = of.split_at_checked(end).unwrap_or((of, ""));
    let sort = match sort {
        "s" => Sort::Text,
        "b" => Sort::Bool,
        "i" => Sort::Int,
        "l" => Sort::Long,
        "q" => Sort::Quantity,
        "n" => Sort::NumberOrText,
        "t" => Sort::Time,
        "m" => Sort::Texts,
        "r" => Sort::Quantities,
        name => match names.binary_search_by_key(&name, |(name, _)| name) {
            Ok(at) => names.get(at).map_or(Sort::Any, |(_, number)| Sort::Object(*number)),
            Err(_) => Sort::Any,
        },
    };
    let between = |open: char, close: char| {
        let (_, rest) = rest.split_once(open)?;
        rest.split_once(close).map(|(inside, _)| inside)
    };
    let after = |mark: char| {
        let (_, rest) = rest.split_once(mark)?;
        let rest = rest.trim_start_matches(mark);
        rest.split(['~', '<', '@']).next()
    };
    let (least, most) = between('[', ']').map_or((None, None), |range| {
        let (least, most) = range.split_once(',').unwrap_or((range, ""));
        (least.parse().ok(), most.parse().ok())
    });
    Field {
        name,
        required,
        forbidden,
        list,
        sort,
        values: between('(', ')'),
        least,
        most,
        format: after('@'),
        strict: rest.contains("@@"),
        unique: after('~'),
        longest: after('<').and_then(|number| number.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_is_there() {
        for one in all() {
            for field in &one.fields {
                let text = TYPES.lines().find(|line| line.starts_with(&format!("{} ", one.name))).unwrap();
                let word = text.split(' ').find(|word| word.starts_with(&format!("{}:", field.name))).unwrap();
                let is_any = word.split(':').nth(1).unwrap().trim_start_matches(['!', '-', '*']) == "x";
                assert_eq!(field.sort == Sort::Any, is_any, "{}: {word}", one.name);
            }
            for (_, fields) in &one.unions {
                for name in fields.split('|') {
                    assert!(one.fields.iter().any(|field| field.name == name), "{}: {name}", one.name);
                }
            }
        }
    }

    #[test]
    fn a_field_is_read_with_all_that_its_word_says() {
        let read = field("a", "!*s(|x|y)@@name~key<20", &[]);
        assert!(read.required && read.list && read.strict && !read.forbidden && read.sort == Sort::Text);
        assert_eq!((read.values, read.format, read.unique), (Some("|x|y"), Some("name"), Some("key")));
        assert_eq!(read.longest, Some(20));
        let read = field("a", "-l[1,]", &[]);
        assert!(read.forbidden && read.sort == Sort::Long);
        assert_eq!((read.least, read.most), (Some(1), None));
    }
}
