use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, SeqAccess, Unexpected, Visitor},
};
use serde_json::Value;

use crate::PropertyDate;
use crate::{InvalidValue, serde_util::limit};

const FIELD: &str = "property value";

/// The value of a property: an integer, a text, a boolean, a date or a list of texts.
///
/// The limits of the service are checked when a value is made, so a value that exists can be sent.
/// The vendor documents no numbers with decimals: send them as text, in a smaller unit, or in an event as
/// a [`raw`](Self::raw) value. JSON has no dates, so a date is the text that it is written as: both are the same value, and
/// [`as_date`](Self::as_date) reads either. The service guesses the type of the texts in custom
/// properties (`"12345"` becomes a number) unless it is told not to.
///
/// `Deserialize` checks the same limits. Responses are not read into this type: what a service stores
/// is not always what it documents.
/// Source: <https://developers.dashly.io/props>
///
/// ```
/// use carrot_types::{PropertyDate, PropertyValue};
///
/// let seats = PropertyValue::from(12);
/// let plan = PropertyValue::text("business")?;
/// let trial_ends = PropertyValue::from(PropertyDate::new(2026, 1, 31)?);
/// let features = PropertyValue::list(["chat", "bots"])?;
/// assert_eq!(features.as_list(), Some(&["chat".to_owned(), "bots".to_owned()][..]));
/// assert_eq!(
///     PropertyValue::text("x".repeat(256)).unwrap_err().to_string(),
///     "`property value` must be at most 255 characters, got 256",
/// );
/// # Ok::<(), carrot_types::InvalidValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct PropertyValue(Repr);

/// Kept apart so that no value exists that was not checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
enum Repr {
    Integer(i64),
    Boolean(bool),
    Text(String),
    List(Vec<String>),
    Raw(Value),
}

impl PropertyValue {
    /// The greatest number of characters of a text, and of each text of a list: 255.
    pub const MAX_CHARACTERS: usize = 255;

    /// The greatest number of texts in a list: 30.
    pub const MAX_ITEMS: usize = 30;

    /// The greatest integer: 2^53. The least is the negative of it.
    pub const MAX_INTEGER: i64 = 1 << 53;

    /// Creates a text value. The service ignores operations with an empty one.
    ///
    /// # Errors
    ///
    /// It has more than 255 characters.
    pub fn text(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        limit::characters(FIELD, Self::MAX_CHARACTERS, &text)?;
        Ok(Self(Repr::Text(text)))
    }

    /// Creates an integer value.
    ///
    /// # Errors
    ///
    /// It is below -2^53 or above 2^53.
    pub fn integer(integer: i64) -> Result<Self, InvalidValue> {
        if !(-Self::MAX_INTEGER..=Self::MAX_INTEGER).contains(&integer) {
            return Err(InvalidValue::new(FIELD, INTEGER_RULE));
        }
        Ok(Self(Repr::Integer(integer)))
    }

    /// Creates a list of texts.
    ///
    /// # Errors
    ///
    /// There are more than 30, or one has more than 255 characters.
    pub fn list<I>(items: I) -> Result<Self, InvalidValue>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let items: Vec<String> = items.into_iter().map(Into::into).collect();
        limit::at_most(FIELD, Self::MAX_ITEMS, "items", items.len())?;
        for item in &items {
            limit::characters(FIELD, Self::MAX_CHARACTERS, item).map_err(|error| {
                InvalidValue::new(FIELD, format!("has an item that {}", error.rule()))
            })?;
        }
        Ok(Self(Repr::List(items)))
    }

    /// Creates a value of any JSON, for a property of an event: a number with decimals, a list of numbers, a dictionary.
    ///
    /// The vendor documents none of them. Its own plugin sends decimals and lists of numbers, and other
    /// clients send dictionaries; what the service makes of them is not known. The value is not checked.
    /// An operation on a property of a user rejects it.
    ///
    /// ```
    /// use carrot_types::{EventProperties, PropertyOperation, PropertyValue};
    ///
    /// EventProperties::new().with("$order_amount", PropertyValue::raw(199.9))?;
    /// assert!(PropertyOperation::update_or_create("amount", PropertyValue::raw(199.9)).is_err());
    /// # Ok::<(), carrot_types::InvalidValue>(())
    /// ```
    pub fn raw(value: impl Into<Value>) -> Self {
        let value = value.into();
        // One that the vendor documents is the same value however it is made.
        Self::deserialize(&value).unwrap_or(Self(Repr::Raw(value)))
    }

    /// Reads a value of an event: what the vendor does not document is raw.
    pub(crate) fn of_event(value: Value) -> Result<Self, InvalidValue> {
        let is_text = |item: &Value| item.is_string();
        let is_raw = match &value {
            Value::Number(number) => !number.is_i64() && !number.is_u64(),
            Value::Array(items) => !items.iter().all(is_text),
            Value::Object(_) => true,
            Value::Null | Value::Bool(_) | Value::String(_) => false,
        };
        match is_raw {
            true => Ok(Self::raw(value)),
            false => Self::deserialize(value)
                .map_err(|error| InvalidValue::new(FIELD, error.to_string())),
        }
    }

    /// Returns the JSON, if the value is a [`raw`](Self::raw) one.
    #[must_use]
    pub fn as_raw(&self) -> Option<&Value> {
        match &self.0 {
            Repr::Raw(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the integer, if it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// Returns the boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.0 {
            Repr::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    /// Returns the text, if it is one or a date.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the date, if it is one or the text of one.
    #[must_use]
    pub fn as_date(&self) -> Option<PropertyDate> {
        self.as_text()?.parse().ok()
    }

    /// Returns the list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[String]> {
        match &self.0 {
            Repr::List(items) => Some(items),
            _ => None,
        }
    }
}

const INTEGER_RULE: &str =
    "must be an integer from -2^53 to 2^53 (-9007199254740992 to 9007199254740992)";

impl From<bool> for PropertyValue {
    fn from(boolean: bool) -> Self {
        Self(Repr::Boolean(boolean))
    }
}

impl From<PropertyDate> for PropertyValue {
    fn from(date: PropertyDate) -> Self {
        Self(Repr::Text(date.to_string()))
    }
}

macro_rules! from_small_integers {
    ($($integer:ty),+) => { $(
        impl From<$integer> for PropertyValue {
            fn from(integer: $integer) -> Self {
                Self(Repr::Integer(integer.into()))
            }
        }
    )+ };
}

from_small_integers!(i8, i16, i32, u8, u16, u32);

macro_rules! try_from_big_integers {
    ($($integer:ty),+) => { $(
        impl TryFrom<$integer> for PropertyValue {
            type Error = InvalidValue;

            fn try_from(integer: $integer) -> Result<Self, InvalidValue> {
                i64::try_from(integer)
                    .map_err(|_| InvalidValue::new(FIELD, INTEGER_RULE))
                    .and_then(Self::integer)
            }
        }
    )+ };
}

try_from_big_integers!(i64, u64, usize);

macro_rules! try_from_texts {
    ($([$($generics:tt)*] $from:ty => $make:ident),+ $(,)?) => { $(
        impl<$($generics)*> TryFrom<$from> for PropertyValue {
            type Error = InvalidValue;

            fn try_from(value: $from) -> Result<Self, InvalidValue> {
                Self::$make(value)
            }
        }
    )+ };
}

try_from_texts! {
    [] &str => text,
    [] &String => text,
    [] String => text,
    [T: Into<String>] Vec<T> => list,
    [T: Into<String>, const N: usize] [T; N] => list,
    [T: Clone + Into<String>] &[T] => slice,
    [T: Clone + Into<String>, const N: usize] &[T; N] => slice,
    [T: Clone + Into<String>] &Vec<T> => slice,
}

impl PropertyValue {
    fn slice<T: Clone + Into<String>>(items: &[T]) -> Result<Self, InvalidValue> {
        Self::list(items.iter().cloned())
    }
}

impl<'de> Deserialize<'de> for PropertyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = PropertyValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, a string, a boolean or a list of strings")
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<PropertyValue, E> {
        Ok(boolean.into())
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<PropertyValue, E> {
        integer.try_into().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<PropertyValue, E> {
        integer.try_into().map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<PropertyValue, E> {
        // The usual message would print the number.
        Err(E::invalid_type(
            Unexpected::Other("number with decimals"),
            &self,
        ))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PropertyValue, E> {
        text.try_into().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PropertyValue, A::Error> {
        let mut items = Vec::new();
        while let Some(Item(item)) = seq.next_element()? {
            items.push(item);
        }
        PropertyValue::list(items).map_err(A::Error::custom)
    }
}

/// An item of a list. A bare `String` would print what else it finds there.
struct Item(String);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match PropertyValue::deserialize(deserializer)?.0 {
            Repr::Text(item) => Ok(Self(item)),
            _ => Err(D::Error::custom("an item of a list must be a string")),
        }
    }
}
