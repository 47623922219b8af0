//! Reading an object of the API from a JSON object, and from nothing else.

use std::fmt;

use serde::{
    Deserializer,
    de::{Error, MapAccess, Visitor},
};

/// A model whose fields are read by the macro `model!`.
pub(crate) trait Object: Sized {
    /// The fields that were read so far. Read in place, since each layer of a parser moves what a visitor
    /// returns, and large models have a thousand bytes.
    type Draft: Default;

    /// Reads the fields. `NESTED` is an optional field of another object: there, what cannot be read is consumed,
    /// and false says that no object was there; elsewhere it is an error, raised where the value stands, so that
    /// the path of the error is right. A nested number that comes as an object is left in `number`; see
    /// [`number`](super::number).
    fn read<'de, A: MapAccess<'de>, const NESTED: bool>(
        object: A,
        draft: &mut Self::Draft,
        number: &mut Option<String>,
    ) -> Result<bool, A::Error>;

    /// Fails only where a nested object lacks a required field.
    fn finish<E: Error>(draft: Self::Draft) -> Result<Self, E>;
}

pub(crate) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Object,
{
    let mut draft = T::Draft::default();
    deserializer.deserialize_map(ObjectVisitor::<T>(&mut draft))?;
    T::finish(draft)
}

/// Reads an optional field of another object; `None` where it cannot be read.
pub(crate) fn nested<'de, A, T>(
    object: A,
    number: &mut Option<String>,
) -> Result<Option<T>, A::Error>
where
    A: MapAccess<'de>,
    T: Object,
{
    let mut draft = T::Draft::default();
    Ok(match T::read::<A, true>(object, &mut draft, number)? {
        true => T::finish::<A::Error>(draft).ok(),
        false => None,
    })
}

struct ObjectVisitor<'a, T: Object>(&'a mut T::Draft);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<'_, T> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<bool, A::Error> {
        T::read::<A, false>(object, self.0, &mut None)
    }
}
