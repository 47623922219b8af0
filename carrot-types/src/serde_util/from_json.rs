//! The lenient layer: every optional field of every model is read here.
//!
//! The service, its versions and its clients disagree on the form of many fields, and a field that nobody
//! asked for must not cost a record. So a value of the wrong form is consumed and reads as absent; only a
//! syntax error ends the reading. Which forms a type accepts stands in its [`FromJson`].

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{self as serde_value, MapAccessDeserializer},
    },
};
use serde_json::Value;

use super::lenient::parse_digits;

/// Above this, a float may stand for another integer than the one that was sent.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A value that is read from JSON of several forms; `None` is a form that is not accepted.
pub(crate) trait FromJson: Sized {
    fn from_null() -> Option<Self> {
        None
    }

    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    fn from_u64(_: u64) -> Option<Self> {
        None
    }

    fn from_i64(number: i64) -> Option<Self> {
        u64::try_from(number).ok().and_then(Self::from_u64)
    }

    fn from_f64(_: f64) -> Option<Self> {
        None
    }

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    fn from_string(text: String) -> Option<Self> {
        Self::from_text(&text)
    }

    /// An object that was read whole, for types that need one field of it.
    fn from_object(_: serde_json::Map<String, Value>) -> Option<Self> {
        None
    }

    /// Must consume the list, also where it is not accepted.
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Must consume the object, also where it is not accepted.
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        // With its feature `arbitrary_precision`, which any crate of a program can switch on, serde_json
        // hands decimal numbers over as a map of its own, and only its own types can tell.
        Ok(match Value::deserialize(MapAccessDeserializer::new(map))? {
            Value::Number(number) => Self::from_text(&number.to_string()),
            Value::Object(object) => Self::from_object(object),
            _ => None,
        })
    }
}

/// Reads a `T`, or `None` where the value has another form.
pub(crate) struct Optional<T>(PhantomData<T>);

impl<T> Optional<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: FromJson> DeserializeSeed<'de> for Optional<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: FromJson> Visitor<'de> for Optional<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(T::from_null())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Option<T>, E> {
        Ok(T::from_bool(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<T>, E> {
        Ok(T::from_u64(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<T>, E> {
        Ok(T::from_i64(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<T>, E> {
        Ok(T::from_f64(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        Ok(T::from_text(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Option<T>, E> {
        Ok(T::from_string(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        T::from_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::from_map(map)
    }
}

/// Reads a value that must be there; the error names what was expected.
pub(crate) fn required<'de, D, T>(deserializer: D, expected: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromJson,
{
    Optional::new()
        .deserialize(deserializer)?
        .ok_or_else(|| D::Error::custom(format_args!("expected {expected}")))
}

/// The type of a field: an `Option`, or a collection that is empty where nothing can be read.
pub(crate) trait Field: Default {
    type Content: FromJson;

    fn of(content: Option<Self::Content>) -> Self;
}

impl<T: FromJson> Field for Option<T> {
    type Content = T;

    fn of(content: Option<T>) -> Self {
        content
    }
}

impl<T: FromJson> Field for Vec<T> {
    type Content = Self;

    fn of(content: Option<Self>) -> Self {
        content.unwrap_or_default()
    }
}

impl<K: Ord, V> Field for BTreeMap<K, V>
where
    Self: FromJson,
{
    type Content = Self;

    fn of(content: Option<Self>) -> Self {
        content.unwrap_or_default()
    }
}

/// Reads a field of a model.
pub(crate) struct ReadField<F>(PhantomData<F>);

impl<F> ReadField<F> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, F: Field> DeserializeSeed<'de> for ReadField<F> {
    type Value = F;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<F, D::Error> {
        Optional::new().deserialize(deserializer).map(F::of)
    }
}

/// Reads a value that was read as JSON before.
pub(crate) fn value<T: FromJson>(value: &Value) -> Option<T> {
    Optional::new().deserialize(value).ok().flatten()
}

/// For `#[serde(deserialize_with)]`, where a derive reads the object.
pub(crate) fn field<'de, D: Deserializer<'de>, F: Field>(deserializer: D) -> Result<F, D::Error> {
    ReadField::new().deserialize(deserializer)
}

impl FromJson for bool {
    fn from_bool(flag: bool) -> Option<Self> {
        Some(flag)
    }

    fn from_u64(number: u64) -> Option<Self> {
        (number <= 1).then_some(number == 1)
    }

    fn from_text(text: &str) -> Option<Self> {
        let is = |one: &str| text.eq_ignore_ascii_case(one);
        match text {
            "" | "0" => Some(false),
            "1" => Some(true),
            _ if is("false") => Some(false),
            _ => is("true").then_some(true),
        }
    }
}

impl FromJson for u64 {
    fn from_u64(number: u64) -> Option<Self> {
        Some(number)
    }

    fn from_f64(number: f64) -> Option<Self> {
        let is_exact = number.fract() == 0.0 && (0.0..=MAX_EXACT).contains(&number);
        is_exact.then_some(number as Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        parse_digits(text).or_else(|| Self::from_f64(plain_decimal(text)?))
    }
}

impl FromJson for i64 {
    fn from_u64(number: u64) -> Option<Self> {
        number.try_into().ok()
    }

    fn from_i64(number: i64) -> Option<Self> {
        Some(number)
    }

    fn from_f64(number: f64) -> Option<Self> {
        let is_exact = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
        is_exact.then_some(number as Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        let number = text.parse().ok();
        number.or_else(|| Self::from_f64(plain_decimal(text)?))
    }
}

impl FromJson for f64 {
    fn from_u64(number: u64) -> Option<Self> {
        Some(number as Self)
    }

    fn from_i64(number: i64) -> Option<Self> {
        Some(number as Self)
    }

    fn from_f64(number: f64) -> Option<Self> {
        Some(number)
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.is_finite())
    }
}

/// A decimal number without an exponent, such as `3.0`.
fn plain_decimal(text: &str) -> Option<f64> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
    is_plain.then(|| text.parse().ok()).flatten()
}

/// A number or a boolean is its text: ids of other systems come in all three forms.
impl FromJson for String {
    fn from_bool(flag: bool) -> Option<Self> {
        Some(flag.to_string())
    }

    fn from_u64(number: u64) -> Option<Self> {
        Some(number.to_string())
    }

    fn from_i64(number: i64) -> Option<Self> {
        Some(number.to_string())
    }

    fn from_f64(number: f64) -> Option<Self> {
        (number.abs() <= MAX_EXACT).then(|| number.to_string())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn from_string(text: String) -> Option<Self> {
        Some(text)
    }
}

impl FromJson for Value {
    fn from_bool(flag: bool) -> Option<Self> {
        Some(flag.into())
    }

    fn from_u64(number: u64) -> Option<Self> {
        Some(number.into())
    }

    fn from_i64(number: i64) -> Option<Self> {
        Some(number.into())
    }

    fn from_f64(number: f64) -> Option<Self> {
        Some(number.into())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }

    fn from_string(text: String) -> Option<Self> {
        Some(text.into())
    }

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Self::deserialize(serde_value::SeqAccessDeserializer::new(list)).map(Some)
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn from_bool(flag: bool) -> Option<Self> {
        T::from_bool(flag).map(Self::new)
    }

    fn from_u64(number: u64) -> Option<Self> {
        T::from_u64(number).map(Self::new)
    }

    fn from_text(text: &str) -> Option<Self> {
        T::from_text(text).map(Self::new)
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_map(map)?.map(Self::new))
    }
}

/// A single item stands for a list of one; an item that cannot be read is left out.
impl<T: FromJson> FromJson for Vec<T> {
    fn from_bool(flag: bool) -> Option<Self> {
        T::from_bool(flag).map(|item| vec![item])
    }

    fn from_u64(number: u64) -> Option<Self> {
        T::from_u64(number).map(|item| vec![item])
    }

    fn from_f64(number: f64) -> Option<Self> {
        T::from_f64(number).map(|item| vec![item])
    }

    fn from_text(text: &str) -> Option<Self> {
        let text = Some(text).filter(|text| !text.is_empty())?;
        T::from_text(text).map(|item| vec![item])
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut items = Self::new();
        while let Some(item) = list.next_element_seed(Optional::new())? {
            items.extend(item);
        }
        Ok(Some(items))
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_map(map)?.map(|item| vec![item]))
    }
}

/// Text that is JSON of an object is read as that object: some clients encode twice.
impl FromJson for BTreeMap<String, Value> {
    fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

impl FromJson for BTreeMap<u64, String> {
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut entries = Self::new();
        while let Some(key) = map.next_key::<String>()? {
            let text = map.next_value_seed(Optional::<String>::new())?;
            entries.extend(parse_digits(&key).zip(text));
        }
        Ok(Some(entries))
    }
}

/// Reads a scalar by the type's own `Deserialize`.
pub(crate) fn scalar<'de, T, S>(value: S) -> Option<T>
where
    T: Deserialize<'de>,
    S: IntoDeserializer<'de, serde_value::Error>,
{
    T::deserialize(value.into_deserializer()).ok()
}

/// Declares types whose `Deserialize` reads numbers and texts, and nothing from an empty text.
macro_rules! scalars {
    ($($scalar:ty),+ $(,)?) => { $(
        impl $crate::serde_util::from_json::FromJson for $scalar {
            fn from_u64(number: u64) -> Option<Self> {
                $crate::serde_util::from_json::scalar(number)
            }

            fn from_i64(number: i64) -> Option<Self> {
                $crate::serde_util::from_json::scalar(number)
            }

            fn from_f64(number: f64) -> Option<Self> {
                $crate::serde_util::from_json::scalar(number)
            }

            fn from_text(text: &str) -> Option<Self> {
                (!text.is_empty()).then(|| $crate::serde_util::from_json::scalar(text)).flatten()
            }
        }
    )+ };
}
