//! Reading an object of the API from a JSON object, and from nothing else.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{Error, MapAccess, Visitor},
};

/// A model whose fields are read by the macro `model!`.
pub(crate) trait Object: Sized {
    /// Reads the fields. `NESTED` is an optional field of another object: there, what cannot be read is
    /// `None` and the object is consumed; elsewhere it is an error, raised where the value stands, so that
    /// the path of the error is right. A nested number that comes as an object is left in `number`; see
    /// [`number`](super::number).
    fn read<'de, A: MapAccess<'de>, const NESTED: bool>(
        object: A,
        number: &mut Option<String>,
    ) -> Result<Option<Self>, A::Error>;
}

pub(crate) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Object,
{
    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::read::<A, false>(object, &mut None)?
            .ok_or_else(|| A::Error::custom("expected an object"))
    }
}
