//! The lenient layer: every optional field of every model is read here.
//!
//! The service, its versions and its clients disagree on the form of many fields, and a field that nobody
//! asked for must not cost a record. So a value of the wrong form is consumed and reads as absent; only a
//! syntax error ends the reading. Which forms a type accepts stands in its [`FromJson`].

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{self as serde_value, MapAccessDeserializer},
    },
};
use serde_json::Value;

use super::{digits::parse_digits, number};

/// Above this, a float may stand for another integer than the one that was sent.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A value of JSON that is neither a list nor an object, nor null.
#[derive(Debug)]
pub(crate) enum Scalar<'a> {
    Bool(bool),
    Whole(u64),
    Negative(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
    /// The number as serde_json hands it over where it keeps no digits; `None` where no 64-bit float has it.
    pub(crate) fn of_number(number: &str) -> Option<Scalar<'static>> {
        if let Ok(whole) = number.parse() {
            return Some(Scalar::Whole(whole));
        }
        if let Ok(negative @ ..=-1) = number.parse() {
            return Some(Scalar::Negative(negative));
        }
        let float = number.parse().ok().filter(|float: &f64| float.is_finite());
        float.map(Scalar::Float)
    }

    pub(crate) fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Bool(flag) => Scalar::Bool(flag),
            Self::Whole(number) => Scalar::Whole(number),
            Self::Negative(number) => Scalar::Negative(number),
            Self::Float(number) => Scalar::Float(number),
            Self::Text(text) => Scalar::Text(text.into_owned().into()),
        }
    }
}

/// A value that is read from JSON of several forms; `None` is a form that is not accepted.
pub(crate) trait FromJson: Sized {
    /// What an error says that a required value should have been.
    const EXPECTED: &'static str = "a value of another form";

    fn from_null() -> Option<Self> {
        None
    }

    fn from_scalar(_: Scalar<'_>) -> Option<Self> {
        None
    }

    fn from_whole(number: u64) -> Option<Self> {
        Self::from_scalar(Scalar::Whole(number))
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::from_scalar(Scalar::Text(text.into()))
    }

    /// A number that serde_json hands over as its text; see [`number`](super::number). It is read as the
    /// same number in any other form, so that the feature of another crate changes nothing.
    fn from_number(number: &str) -> Option<Self> {
        Self::from_scalar(Scalar::of_number(number)?)
    }

    /// An object that was read whole, for types that need one field of it.
    fn from_object(_: serde_json::Map<String, Value>) -> Option<Self> {
        None
    }

    /// Reads a value that must be there.
    fn from_required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        required(deserializer, Self::EXPECTED)
    }

    /// Must consume the list, also where it is not accepted.
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Must consume the object, also where it is not accepted.
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(match Value::deserialize(MapAccessDeserializer::new(map))? {
            Value::Number(number) => Self::from_number(&number.to_string()),
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
        Ok(T::from_scalar(Scalar::Bool(flag)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<T>, E> {
        Ok(T::from_whole(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<T>, E> {
        let scalar = u64::try_from(number).map_or(Scalar::Negative(number), Scalar::Whole);
        Ok(T::from_scalar(scalar))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<T>, E> {
        Ok(T::from_scalar(Scalar::Float(number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        Ok(T::from_text(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Option<T>, E> {
        Ok(T::from_scalar(Scalar::Text(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        T::from_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::from_map(map)
    }
}

/// Reads a value that must be there.
pub(crate) struct Required<T>(PhantomData<T>);

impl<T> Required<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: FromJson> DeserializeSeed<'de> for Required<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::from_required(deserializer)
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

/// Reads the object of a [`number`] to its end, behind the name of its member. Returns the text of the number.
pub(crate) fn rest_of_number<'de, A: MapAccess<'de>>(
    object: &mut A,
) -> Result<Option<String>, A::Error> {
    let number = object.next_value_seed(Optional::new())?;
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(number)
}

impl FromJson for bool {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        let text = match scalar {
            Scalar::Bool(flag) => return Some(flag),
            Scalar::Whole(number @ 0..=1) => return Some(number == 1),
            Scalar::Text(text) => text,
            _ => return None,
        };
        let is = |one: &str| text.trim().eq_ignore_ascii_case(one);
        match text.trim() {
            "" | "0" => Some(false),
            "1" => Some(true),
            _ if is("false") => Some(false),
            _ => is("true").then_some(true),
        }
    }
}

impl FromJson for u64 {
    fn from_whole(number: u64) -> Option<Self> {
        Some(number)
    }

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Whole(number) => Some(number),
            Scalar::Float(number) => {
                let is_exact = number.fract() == 0.0 && (0.0..=MAX_EXACT).contains(&number);
                is_exact.then_some(number as Self)
            }
            Scalar::Text(text) => parse_digits(text.trim())
                .or_else(|| Self::from_scalar(Scalar::Float(plain_decimal(text.trim())?))),
            _ => None,
        }
    }
}

impl FromJson for i64 {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Whole(number) => number.try_into().ok(),
            Scalar::Negative(number) => Some(number),
            Scalar::Float(number) => {
                let is_exact = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
                is_exact.then_some(number as Self)
            }
            Scalar::Text(text) => (text.trim().parse().ok())
                .or_else(|| Self::from_scalar(Scalar::Float(plain_decimal(text.trim())?))),
            Scalar::Bool(_) => None,
        }
    }
}

impl FromJson for f64 {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Whole(number) => Some(number as Self),
            Scalar::Negative(number) => Some(number as Self),
            Scalar::Float(number) => Some(number),
            Scalar::Text(text) => {
                let number: Option<Self> = text.trim().parse().ok();
                number.filter(|number| number.is_finite())
            }
            Scalar::Bool(_) => None,
        }
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
    const EXPECTED: &'static str = "a text";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    /// With every digit of an integer that no other form could hold.
    fn from_number(number: &str) -> Option<Self> {
        let is_integer = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let scalar = Scalar::of_number(number).and_then(Self::from_scalar);
        scalar.or_else(|| Some(number).filter(is_integer).map(str::to_owned))
    }

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Bool(flag) => Some(flag.to_string()),
            Scalar::Whole(number) => Some(number.to_string()),
            Scalar::Negative(number) => Some(number.to_string()),
            Scalar::Float(number) => (number.abs() <= MAX_EXACT).then(|| number.to_string()),
            Scalar::Text(text) => Some(text.into_owned()),
        }
    }
}

impl FromJson for Value {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        Some(match scalar {
            Scalar::Bool(flag) => flag.into(),
            Scalar::Whole(number) => number.into(),
            Scalar::Negative(number) => number.into(),
            Scalar::Float(number) => number.into(),
            Scalar::Text(text) => text.into(),
        })
    }

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Self::deserialize(serde_value::SeqAccessDeserializer::new(list)).map(Some)
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        T::from_scalar(scalar).map(Self::new)
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_map(map)?.map(Self::new))
    }
}

/// A single item stands for a list of one; an item that cannot be read is left out.
impl<T: FromJson> FromJson for Vec<T> {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        if matches!(&scalar, Scalar::Text(text) if text.is_empty()) {
            return None;
        }
        T::from_scalar(scalar).map(|item| vec![item])
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
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Text(text) => serde_json::from_str(&text).ok(),
            _ => None,
        }
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        let members = Self::deserialize(MapAccessDeserializer::new(map))?;
        Ok((!members.contains_key(number::NAME)).then_some(members))
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
pub(crate) fn scalar<'de, T: Deserialize<'de>>(scalar: Scalar<'_>) -> Option<T> {
    fn read<'de, T, S>(value: S) -> Option<T>
    where
        T: Deserialize<'de>,
        S: IntoDeserializer<'de, serde_value::Error>,
    {
        T::deserialize(value.into_deserializer()).ok()
    }
    match scalar {
        Scalar::Bool(_) => None,
        Scalar::Whole(number) => read(number),
        Scalar::Negative(number) => read(number),
        Scalar::Float(number) => read(number),
        Scalar::Text(text) => (!text.is_empty()).then(|| read(text)).flatten(),
    }
}

/// Declares types whose `Deserialize` reads numbers and texts, and nothing from an empty text.
macro_rules! scalars {
    ($($scalar:ty),+ $(,)?) => { $(
        impl $crate::serde_util::from_json::FromJson for $scalar {
            fn from_scalar(
                scalar: $crate::serde_util::from_json::Scalar<'_>,
            ) -> Option<Self> {
                $crate::serde_util::from_json::scalar(scalar)
            }
        }
    )+ };
}
