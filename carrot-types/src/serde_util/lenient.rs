//! Readers for the places where the service sends more than one form.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};

use super::{
    digits::parse_digits,
    from_json::{FromJson, Scalar},
};

/// Reads a string without allocating where the target does not need it.
pub(crate) struct FromText<T>(PhantomData<T>);

impl<T> FromText<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T> DeserializeSeed<'de> for FromText<T>
where
    T: for<'a> From<&'a str>,
{
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T> Visitor<'_> for FromText<T>
where
    T: for<'a> From<&'a str>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }
}

/// Reads an id: a number, a string of digits, or an object that has it.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Id)
}

struct Id;

impl<'de> Visitor<'de> for Id {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id from 0 to 2^64-1, as a number or a string of digits")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        u64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        u64::from_scalar(Scalar::Float(number))
            .ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        parse_digits(text).ok_or_else(|| E::invalid_value(Unexpected::Other("string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<u64, A::Error> {
        match Value::deserialize(MapAccessDeserializer::new(map))? {
            Value::Object(object) => {
                id_of(&object).ok_or_else(|| A::Error::invalid_type(Unexpected::Map, &self))
            }
            // How a number comes with `arbitrary_precision`; see `FromJson::from_map`.
            number => u64::from_number(&number.to_string())
                .ok_or_else(|| A::Error::invalid_value(Unexpected::Other("floating point"), &self)),
        }
    }
}

/// The id of an object that stands in place of its id.
pub(crate) fn id_of(object: &Map<String, Value>) -> Option<u64> {
    match object.get("id")? {
        Value::Number(number) => u64::from_number(&number.to_string()),
        Value::String(text) => parse_digits(text),
        _ => None,
    }
}
