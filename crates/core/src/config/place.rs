//! Reads a value into a type; an error says where in the value it is.
//!
//! As `serde_path_to_error` does, in one pass and without wrapping every visitor once more: WASM modules carry each.

use std::fmt;

use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde_json::{Value, map};

use crate::suggest::suggest;
use krmor_yaml as yaml;

/// What is wrong, and the pointer to it. In a box, since every reader of a type passes it on.
#[derive(Debug)]
pub(super) struct Error(Box<Fault>);

#[derive(Debug, Default)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) remedy: String,
    pub(super) pointer: String,
    /// The field of the mapping at `pointer` that is not there and must be.
    pub(super) missing: Option<&'static str>,
    /// It is the word of a type about a value that could be read.
    pub(super) is_judgement: bool,
    /// The field that is there and must not be: `pointer` leads to it, or to its mapping.
    unknown: Option<String>,
}

impl Error {
    pub(super) fn into_fault(self) -> Fault {
        let mut place = *self.0;
        if let Some(field) = place.unknown.take() {
            let token = format!("/{}", yaml::escape_token(&field));
            if !place.pointer.ends_with(&token) {
                place.pointer.push_str(&token);
            }
        }
        place
    }

    fn below(mut self, token: &str) -> Self {
        self.0.pointer.insert_str(0, &format!("/{}", yaml::escape_token(token)));
        self
    }

    fn new(message: String, remedy: String) -> Self {
        Self(Box::new(Fault { message, remedy, ..Fault::default() }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

/// What a remedy ends in where quotes would make a value right.
pub const ADD_QUOTES: &str = "; add quotes?";

/// Words of our own for serde's errors: what is wrong, and what was probably meant. The value itself is not repeated.
impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let mut error = Self::new(message.to_string(), String::new());
        error.0.is_judgement = true;
        error
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let expected = match expected.as_str() {
            "i64" | "u64" | "u32" | "i32" => "a whole number",
            "a string" => "a text",
            "a sequence" => "a list",
            "a map" => "a mapping",
            expected if expected.starts_with("struct ") => "a mapping",
            expected => expected,
        };
        let hint = match (found, expected) {
            (Unexpected::Str("true" | "false"), "a boolean") => "; remove the quotes?",
            (Unexpected::Str(text), "a whole number") if text.parse::<i128>().is_ok() => "; remove the quotes?",
            (Unexpected::Str(_), _) => "",
            (_, "a text") => ADD_QUOTES,
            _ => "",
        };
        let found = name(found);
        Self::new(format!("expected {expected}, found {found}"), format!("give {expected}{hint}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match found {
            Unexpected::Unsigned(number) => Self::custom(format_args!("the number {number} is too large")),
            Unexpected::Signed(number) => Self::custom(format_args!("the number {number} is too small")),
            _ => Self::invalid_type(found, expected),
        }
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("`{word}` is not a value of this field"), suggest(word, &owned(known), "value"))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let mut error = Self::new(format!("unknown field `{field}`"), suggest(field, &owned(known), "field"));
        error.0.unknown = Some(field.to_owned());
        error
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::new(format!("the field `{field}` is missing"), format!("add `{field}:`"));
        error.0.missing = Some(field);
        error
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What people call a type.
fn name(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a whole number",
        Unexpected::Float(_) => "a number with a fraction",
        Unexpected::Str(_) => "a text",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a mapping",
        _ => "another type",
    }
}

/// Reads a value.
pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(At(value))
}

#[derive(Clone, Copy)]
struct At<'de>(&'de Value);

impl<'de> At<'de> {
    /// That the value is of another type.
    fn wrong(self, expected: &dyn Expected) -> Error {
        let found = match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => Unexpected::Unsigned(value),
                (None, Some(value)) => Unexpected::Signed(value),
                (None, None) => Unexpected::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(found, expected)
    }

    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.as_number().map(|number| (number.as_u64(), number.as_i64(), number.as_f64())) {
            Some((Some(value), _, _)) => visitor.visit_u64(value),
            Some((None, Some(value), _)) => visitor.visit_i64(value),
            Some((None, None, Some(value))) => visitor.visit_f64(value),
            _ => Err(self.wrong(&visitor)),
        }
    }
}

/// Each method asks for its own type and no other: a visitor that could be given any would have code for each.
impl<'de> Deserializer<'de> for At<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(_) => self.number(visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items { items: items.iter(), index: 0 }),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(map) => visitor.visit_map(Entries { entries: map.iter(), value: None }),
            _ => Err(self.wrong(&visitor)),
        }
    }

    /// From a mapping only: a list of values, which serde would take too, is nothing that a person means.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(Variant { name, value: None }),
            Value::Object(map) => {
                let mut entries = map.iter();
                match (entries.next(), entries.next()) {
                    (Some((name, value)), None) => visitor.visit_enum(Variant { name, value: Some(At(value)) }),
                    _ => Err(Error::invalid_value(Unexpected::Map, &"map with a single key")),
                }
            }
            _ => Err(self.wrong(&"string or map")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Value>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(At(item)).map(Some).map_err(|error| error.below(&index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'de> {
    entries: map::Iter<'de>,
    value: Option<(&'de str, At<'de>)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some((key, At(value)));
        let text: StrDeserializer<'de, Error> = key.as_str().into_deserializer();
        seed.deserialize(text).map(Some).map_err(|error| error.below(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, value)) = self.value.take() else { return Err(Error::custom("a value without a key")) };
        seed.deserialize(value).map_err(|error| error.below(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

struct Variant<'de> {
    name: &'de str,
    value: Option<At<'de>>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'de>), Error> {
        let name: StrDeserializer<'de, Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.value)))
    }
}

/// What a variant holds.
struct Content<'de>(Option<At<'de>>);

impl<'de> Content<'de> {
    fn value(self, wanted: &'static str) -> Result<At<'de>, Error> {
        self.0.ok_or_else(|| Error::invalid_type(Unexpected::UnitVariant, &wanted))
    }
}

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.0.map_or(Ok(()), serde::Deserialize::deserialize)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.value("newtype variant")?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.value("tuple variant")?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.value("struct variant")?.deserialize_map(visitor)
    }
}
