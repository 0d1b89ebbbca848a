//! Goes through a value with its type.

use std::borrow::Cow;

use super::types::{self, Count, Field, Sort};
use super::{Judge, format, get, rules};
use crate::quantity::Quantity;
use krmor_yaml::{Kind, Node, Scalar};

/// A value in a message is shortened to this.
const MAX_SHOWN: usize = 60;
/// From here on a float is written with an exponent when kubectl makes JSON of it, which no number can be read from.
const MAX_FLOAT: f64 = 1e21;

impl Judge<'_> {
    /// Looks at a mapping of the type of that number; null has no fields.
    pub(super) fn object(&mut self, number: usize, node: Node<'_>, at: &mut String) {
        let Some(own) = types::get(number) else { return };
        if node.kind() != Kind::Map && !node.is_null() {
            return self.wrong_type(at, node, "a mapping");
        }
        for field in &own.fields {
            let length = at.len();
            match get(node, field.name) {
                None if field.required => self.missing(field, at),
                None => {}
                Some(value) => {
                    at.push('/');
                    at.push_str(field.name);
                    self.field(field, value, at);
                    at.truncate(length);
                }
            }
        }
        for (count, fields) in &own.unions {
            self.union(*count, fields, node, at);
        }
        for hook in &own.hooks {
            self.hook(hook, node, at);
        }
    }

    fn missing(&mut self, field: &Field, at: &str) {
        let message = format!("`{}` is missing, and the API requires it", field.name);
        self.say(&rules::REQUIRED, at, message, format!("set `{}`", field.name));
    }

    fn wrong_type(&mut self, at: &str, node: Node<'_>, wanted: &str) {
        let is = match node.kind() {
            Kind::Map => "a mapping",
            Kind::Seq => "a list",
            _ => match node.scalar() {
                Scalar::Bool(_) => "a boolean",
                Scalar::Int(_) => "a number",
                Scalar::Float(_) => "a number with a fraction or an exponent",
                _ => "a text",
            },
        };
        let message = format!("`{}` is {is}, and the API can only read {wanted} there", last(at));
        let remedy = match wanted {
            "a text" if node.kind() == Kind::Scalar => "put it in quotes".to_owned(),
            _ => format!("write {wanted}"),
        };
        self.say(&rules::TYPE, at, message, remedy);
    }

    fn field(&mut self, field: &Field, node: Node<'_>, at: &mut String) {
        if field.list {
            return self.list(field, node, at);
        }
        if field.forbidden && !node.as_str().is_some_and(|text| text.is_empty()) {
            let message = format!("`{}` may not be set here", field.name);
            return self.say(&rules::CONFLICT, at, message, format!("remove `{}`", field.name));
        }
        self.value(field, node, at);
        let is_empty = match field.sort {
            Sort::Text => node.as_str().is_some_and(|text| text.is_empty()),
            Sort::Int | Sort::Long => whole(node) == Some(0),
            _ => false,
        };
        if field.required && is_empty {
            let message = format!("`{}` is empty, and the API requires it", field.name);
            self.say(&rules::REQUIRED, at, message, format!("set `{}`", field.name));
        }
    }

    fn list(&mut self, field: &Field, node: Node<'_>, at: &mut String) {
        if node.kind() != Kind::Seq {
            return self.wrong_type(at, node, "a list");
        }
        let count = node.items().count();
        if field.forbidden && count > 0 {
            let message = format!("`{}` may not be set here", field.name);
            return self.say(&rules::CONFLICT, at, message, format!("remove `{}`", field.name));
        }
        if field.required && count == 0 {
            let message = format!("`{}` is empty, and the API requires an item", field.name);
            self.say(&rules::REQUIRED, at, message, "write one");
        }
        if let Some(longest) = field.longest.filter(|longest| count > *longest) {
            let message = format!("`{}` has {count} items, and the API takes {longest}", field.name);
            self.say(&rules::VALUE, at, message, "remove some");
        }
        let mut seen: Vec<(Cow<'_, str>, usize)> = Vec::new();
        for (number, item) in node.items().enumerate() {
            let length = at.len();
            at.push_str(&format!("/{number}"));
            match (field.sort, item.is_null()) {
                // A null in a list is an empty one of what the list holds.
                (Sort::Object(number), _) => self.object(number, item, at),
                (Sort::Text, true) if field.strict || field.values.is_some_and(|values| !values.starts_with('|')) => {
                    self.wrong_text(field, "", at);
                }
                (_, true) => {}
                _ => self.value(field, item, at),
            }
            at.truncate(length);
            if let Some(name) = field.unique.and_then(|key| item.get(key)?.as_str()).filter(|name| !name.is_empty()) {
                seen.push((name, number));
            }
        }
        // Sorted, so that thousands of items take no time; the later of two of one name is the one too many.
        seen.sort();
        for two in seen.windows(2) {
            if let [(first, _), (second, number)] = two
                && first == second
            {
                let key = field.unique.unwrap_or_default();
                let message = format!("two items of `{}` have the {key} `{}`", field.name, shown(second));
                self.say(&rules::DUPLICATE, &format!("{at}/{number}/{key}"), message, "rename or remove one of them");
            }
        }
    }

    fn value(&mut self, field: &Field, node: Node<'_>, at: &mut String) {
        match field.sort {
            Sort::Any => {}
            Sort::Object(number) => self.object(number, node, at),
            Sort::Text => match as_text(node) {
                Some(text) => self.text(field, &text, at),
                None => self.wrong_type(at, node, "a text"),
            },
            Sort::Bool => {
                if node.as_bool().is_none() {
                    self.wrong_type(at, node, "`true` or `false`");
                }
            }
            Sort::Int | Sort::Long => {
                let most = if field.sort == Sort::Int { i128::from(i32::MAX) } else { i128::from(i64::MAX) };
                match whole(node) {
                    None => self.wrong_type(at, node, "a whole number"),
                    Some(number) if number > most || number < -most - 1 => {
                        let message = format!("`{}: {number}` is beyond what the API can read there", last(at));
                        self.say(&rules::TYPE, at, message, "write a smaller number");
                    }
                    Some(number) => self.range(field, number, at),
                }
            }
            Sort::Quantity => self.quantity(field, node, at),
            Sort::NumberOrText => {
                let number = whole(node);
                let is_read = number.is_some_and(|number| i32::try_from(number).is_ok()) || node.as_str().is_some();
                if !is_read {
                    return self.wrong_type(at, node, "a whole number or a text");
                }
                let format = field.format.unwrap_or_default();
                if let Some(fault) = format::number_or_text(format, number, node.as_str().as_deref()) {
                    let written = number.map_or_else(|| text_of(node), |number| number.to_string());
                    let message = format!("`{}: {}` {fault}", last(at), shown(&written));
                    self.say(&rules::VALUE, at, message, "correct the value");
                }
            }
            Sort::Time => {
                if !node.as_str().is_some_and(|text| text.len() >= 20 && text.contains('T'))
                    && !matches!(node.scalar(), Scalar::Timestamp(_))
                {
                    self.wrong_type(at, node, "a time such as `2006-01-02T15:04:05Z`");
                }
            }
            Sort::Texts => self.texts(field, node, at),
            Sort::Quantities => {
                if node.kind() != Kind::Map {
                    return self.wrong_type(at, node, "a mapping");
                }
                for (key, value) in node.entries() {
                    let length = at.len();
                    at.push('/');
                    at.push_str(&krmor_yaml::escape_token(&key));
                    if !value.is_null() {
                        self.quantity(field, value, at);
                    }
                    at.truncate(length);
                }
            }
        }
    }

    fn range(&mut self, field: &Field, number: i128, at: &str) {
        let is_low = field.least.is_some_and(|least| number < least);
        if !is_low && field.most.is_none_or(|most| number <= most) || field.required && number == 0 {
            return;
        }
        let least = field.least.unwrap_or_default();
        let what = match field.most {
            Some(most) => format!("from {least} to {most}"),
            None => format!("{least} or more"),
        };
        let message = format!("`{}: {number}` is not {what}", last(at));
        self.say(&rules::VALUE, at, message, format!("write a number {what}"));
    }

    fn text(&mut self, field: &Field, text: &str, at: &str) {
        if text.is_empty() && (field.required || field.values.is_none() && !field.strict) {
            return;
        }
        self.wrong_text(field, text, at);
    }

    /// Says what is wrong with a text, if something is.
    fn wrong_text(&mut self, field: &Field, text: &str, at: &str) {
        let name = format::name_of(at);
        if let Some(values) = field.values.filter(|values| !values.split('|').any(|value| value == text)) {
            let values: Vec<String> =
                values.split('|').filter(|value| !value.is_empty()).map(|value| format!("`{value}`")).collect();
            let values = values.join(", ");
            let message = format!("`{name}: {}` is not one of {values}", shown(text));
            self.say(&rules::VALUE, at, message, format!("write one of {values}"));
        }
        if let Some(fault) = field.format.and_then(|format| format::fault(format, text)) {
            let message = format!("`{name}: {}` {fault}", shown(text));
            self.say(&rules::VALUE, at, message, "correct the value");
        }
    }

    fn texts(&mut self, field: &Field, node: Node<'_>, at: &mut String) {
        if node.kind() != Kind::Map {
            return self.wrong_type(at, node, "a mapping");
        }
        let mut size = 0;
        for (key, value) in node.entries() {
            let length = at.len();
            at.push('/');
            at.push_str(&krmor_yaml::escape_token(&key));
            let text = if value.is_null() { Some(Cow::Borrowed("")) } else { as_text(value) };
            match &text {
                None => self.wrong_type(at, value, "a text"),
                Some(text) => {
                    size += key.len() + text.len();
                    if let Some(fault) = format::entry(field.format.unwrap_or_default(), &key, text) {
                        self.say(&rules::VALUE, at, fault, "correct it");
                    }
                }
            }
            at.truncate(length);
        }
        if field.format == Some("keys") && size > 256 * 1024 {
            self.say(&rules::VALUE, at, "the annotations have more than 256 KiB together", "shorten them");
        }
    }

    fn quantity(&mut self, field: &Field, node: Node<'_>, at: &str) {
        let Some(value) = node.to_value().filter(|value| value.is_string() || value.is_number()) else {
            return self.wrong_type(at, node, "a quantity");
        };
        match Quantity::of(&value) {
            Ok(amount) => {
                let is_low = amount.is_negative() || field.least == Some(1) && amount == Quantity::zero();
                if field.least.is_some() && is_low {
                    let what = if field.least == Some(1) { "above zero" } else { "zero or more" };
                    let message = format!("`{}: {}` is not {what}", last(at), amount.written());
                    self.say(&rules::VALUE, at, message, format!("write an amount {what}"));
                }
            }
            Err(fault) if Quantity::is_surely_none(&value) => {
                self.say(&rules::TYPE, at, fault.to_string(), "write a quantity");
            }
            Err(_) => {}
        }
    }

    fn union(&mut self, count: Count, fields: &str, node: Node<'_>, at: &str) {
        let is_there = |name: &&str| match get(node, name) {
            // Empty texts and lists, and 0, are as good as none in the unions that have such fields.
            Some(value) => value.kind() == Kind::Map || !is_zero(value),
            None => false,
        };
        let found: Vec<&str> = fields.split('|').filter(is_there).collect();
        let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let all: Vec<&str> = fields.split('|').collect();
        match found.as_slice() {
            [] if count != Count::AtMostOne => {
                let message = format!("one of {} is required", quoted(&all));
                self.say(&rules::ONE_OF, at, message, "set one of them");
            }
            [_, second, ..] if count != Count::AtLeastOne => {
                let message = format!("{} stand together, and the API takes one of them", quoted(&found));
                let remedy = "keep one; a patch removes the other by setting it to null";
                self.say(&rules::ONE_OF, &format!("{at}/{second}"), message, remedy);
            }
            _ => {}
        }
    }
}

/// The last key of a pointer, as it is written; in a list, with its number.
fn last(at: &str) -> Cow<'_, str> {
    format::name_of(at)
}

/// A text as JSON has it: what YAML reads as a time is one too.
fn as_text(node: Node<'_>) -> Option<Cow<'_, str>> {
    match node.scalar() {
        Scalar::Str(text) if node.kind() == Kind::Scalar => Some(text),
        Scalar::Timestamp(text) => Some(Cow::Owned(text)),
        _ => None,
    }
}

fn text_of(node: Node<'_>) -> String {
    node.as_str().unwrap_or_default().into_owned()
}

/// A whole number, which may be written as a float: `1e3` reaches the API server as 1000.
#[allow(clippy::cast_possible_truncation)] // it has no fraction, and is in the range
pub(super) fn whole(node: Node<'_>) -> Option<i128> {
    match node.scalar() {
        Scalar::Int(number) => Some(number),
        Scalar::Float(number) if number.fract() == 0.0 && number.abs() < MAX_FLOAT => Some(number as i128),
        _ => None,
    }
}

/// Whether Go has the value for the one that stands for nothing.
fn is_zero(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Seq => node.items().next().is_none(),
        Kind::Map => false,
        _ => node.is_null() || whole(node) == Some(0) || node.as_str().is_some_and(|text| text.is_empty()),
    }
}

/// A text for a message: shortened, without control characters.
pub(super) fn shown(text: &str) -> String {
    let clean = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut out: String = text.chars().take(MAX_SHOWN).map(clean).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        out.push('…');
    }
    out
}
