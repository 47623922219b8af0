//! Reads JSON, with errors that name the place and the problem and hold no value.

use std::marker::PhantomData;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Visitor},
    forward_to_deserialize_any,
};
use serde_json::error::Category;

use super::repair::repair;

/// JSON that cannot be read: the place, and the problem there.
///
/// It never holds a value that was found, which may be somebody's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {problem}")]
pub struct JsonError {
    path: String,
    problem: String,
}

impl JsonError {
    fn new(path: String, error: &serde_json::Error) -> Self {
        let problem = without_values(&error.to_string());
        let problem = match error.classify() {
            Category::Syntax | Category::Eof => format!("no valid JSON, {problem}"),
            _ => problem,
        };
        Self { path, problem }
    }

    /// The place, such as `part_last.id`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was expected there and what was found, without the value.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// The same error in a JSON document that holds this one at `name`.
    pub(crate) fn below(self, name: &str) -> Self {
        let path = match self.path.as_str() {
            "." => name.to_owned(),
            // Places in a list start with a bracket.
            path if path.starts_with('[') => format!("{name}{path}"),
            path => format!("{name}.{path}"),
        };
        Self { path, ..self }
    }
}

/// Reads JSON.
///
/// Invalid JSON that servers are known to send is read on a second pass, only after the first one
/// failed: a byte order mark, zero bytes at the end, a lone surrogate (read as U+FFFD), and `NaN`,
/// `Infinity` and `1e999` (read as `null`).
///
/// # Errors
///
/// It is not JSON, or not that of a `T`.
///
/// ```
/// use carrot_types::{Conversation, json};
///
/// let error = json::read::<Vec<Conversation>>(r#"[{"id": 1}, {"id": {}}]"#).unwrap_err();
/// assert_eq!(error.path(), "[1].id");
/// assert!(error.problem().starts_with("invalid type: map, expected an id"));
///
/// let marked: Conversation = json::read("\u{feff}{\"id\": 1, \"parts_count\": NaN}")?;
/// assert_eq!(marked.parts_count, None);
/// # Ok::<(), json::JsonError>(())
/// ```
pub fn read<T: DeserializeOwned>(json: &(impl AsRef<[u8]> + ?Sized)) -> Result<T, JsonError> {
    read_bytes(json.as_ref())
}

fn read_bytes<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
    // The whole is checked for UTF-8 at once: a reader of bytes checks every string by itself.
    match std::str::from_utf8(json).map(serde_json::from_str) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.classify() != Category::Syntax => read_again(json),
        _ => match repair(json) {
            Some(mended) => read_again(&mended),
            None => read_again(json),
        },
    }
}

/// Reads a `T` from a JSON object, and from nothing else.
///
/// A derived `Deserialize` reads a struct from an array too, field by field in their order, so that an array
/// in place of an object gives a record of mixed-up fields. Wrap the struct to reject the array.
///
/// ```
/// use carrot_types::json::{self, Object};
///
/// #[derive(serde::Deserialize)]
/// struct Size {
///     width: u32,
///     height: u32,
/// }
///
/// assert!(json::read::<Size>("[5, 7]").is_ok());
/// assert!(json::read::<Object<Size>>("[5, 7]").is_err());
/// let Object(Size { width, height }) = json::read(r#"{"width": 5, "height": 7}"#)?;
/// assert_eq!((width, height), (5, 7));
/// # Ok::<(), json::JsonError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
#[allow(clippy::exhaustive_structs)] // It is a wrapper for patterns.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(OnlyObjects(deserializer, PhantomData)).map(Self)
    }
}

struct OnlyObjects<'de, D>(D, PhantomData<&'de ()>);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for OnlyObjects<'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Implements `Deserialize` for a struct: reads the listed fields, which are all of them, from a JSON object
/// alone, as [`Object`] does. Attributes of serde stand at the fields.
#[doc(hidden)]
#[macro_export]
macro_rules! read_object {
    ($name:ident $(<$generic:ident>)? { $( $(#[$attribute:meta])* $field:ident : $type:ty ),+ $(,)? }) => {
        impl<'de $(, $generic: ::serde::Deserialize<'de>)?> ::serde::Deserialize<'de> for $name $(<$generic>)? {
            fn deserialize<__D: ::serde::Deserializer<'de>>(
                deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                #[derive(::serde::Deserialize)]
                #[serde(expecting = "an object")]
                struct $name $(<$generic>)? { $( $(#[$attribute])* $field: $type, )+ }
                let $crate::json::Object($name { $($field),+ }) =
                    ::serde::Deserialize::deserialize(deserializer)?;
                Ok(Self { $($field),+ })
            }
        }
    };
}

/// Reads with the path of an error. Keeping track of it costs more than the reading, so only what could not be
/// read otherwise pays for it.
fn read_again<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        // A question mark stands for a part of the path that had not started.
        let known = match path.strip_suffix('?') {
            Some("") => ".",
            Some(rest) => rest.strip_suffix('.').unwrap_or(&path),
            None => &path,
        };
        JsonError::new(known.to_owned(), error.inner())
    })?;
    // It is what follows the value that is wrong.
    let end = reader.end();
    end.map_err(|error| JsonError::new(".".to_owned(), &error))?;
    Ok(value)
}

/// Takes the values out of a message of serde: `invalid type: string "Alex", expected u64` becomes
/// `invalid type: string, expected u64`.
fn without_values(message: &str) -> String {
    let value = message.find(['"', '`']);
    let expected = message.rfind(", expected");
    match (value, expected) {
        (Some(value), Some(expected)) if value < expected => {
            format!("{}{}", message[..value].trim_end(), &message[expected..])
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::{Conversation, ConversationId, JsonError};

    use super::*;

    fn rejected<T: DeserializeOwned>(json: &str) -> JsonError {
        match read::<T>(json) {
            Ok(_) => panic!("was read: {json}"),
            Err(error) => error,
        }
    }

    #[test]
    fn errors_name_the_place_only() {
        for (json, path, problem) in [
            (
                r#"{"id": "Al\", expected a lot"}"#,
                "id",
                "invalid value: string, expected an id",
            ),
            (r#"{"tags": []}"#, ".", "missing field `id`"),
            (
                r#"{"id": 1"#,
                ".",
                "no valid JSON, EOF while parsing an object",
            ),
            (r#"{"id": 1} {"#, ".", "no valid JSON, trailing characters"),
            ("", ".", "no valid JSON, EOF while parsing a value"),
        ] {
            let error = rejected::<Conversation>(json);
            assert_eq!(error.path(), path, "{json}");
            assert!(error.problem().starts_with(problem), "{error}");
            assert!(error.problem().contains("at line 1 column"), "{error}");
            let text = error.to_string();
            assert!(!text.contains("Al\"") && !text.contains("34567"), "{text}");
        }
        for (json, path, problem) in [
            (
                r#"[{"a": 34567}]"#,
                "[0].a",
                "invalid type: integer, expected a string",
            ),
            (
                r#"[{"a": true}]"#,
                "[0].a",
                "invalid type: boolean, expected a string",
            ),
        ] {
            let error = rejected::<Vec<BTreeMap<String, String>>>(json);
            assert_eq!(error.path(), path, "{json}");
            assert!(error.problem().starts_with(problem), "{error}");
            let text = error.to_string();
            assert!(!text.contains("34567") && !text.contains("true"), "{text}");
        }
        let error = rejected::<Vec<bool>>(r#"["Al\", expected a lot"]"#);
        let problem = "invalid type: string, expected a boolean";
        assert!(error.problem().starts_with(problem), "{error}");
    }

    #[test]
    fn text_outside_utf8_is_an_error_only_where_it_is_read() {
        let read = |json: &[u8]| read::<Vec<Conversation>>(json);
        for json in [
            b"[{\"id\": 1, \"unknown\": \"\xff\"}]".as_slice(),
            b"[{\"id\": 1, \"unknown\": \"\xff\", \"parts_count\": NaN}]",
        ] {
            assert_eq!(
                read(json),
                Ok(vec![Conversation::new(ConversationId::new(1))])
            );
        }
        let error = read(b"[{\"id\": 1, \"tags\": [\"\xff\"]}]").expect_err("no text");
        assert_eq!(error.path(), "[0].tags[0]");
        let problem = "no valid JSON, invalid unicode code point at line 1";
        assert!(error.problem().starts_with(problem), "{error}");
        let error = read(b"[{\"id\": 1, \"unknown\": \"\xff\"}]]").expect_err("more");
        assert_eq!(error.path(), ".");
    }

    #[test]
    fn places_count_from_the_document() {
        let below = |json: &str| rejected::<Vec<Conversation>>(json).below("message");
        assert_eq!(below("1").path(), "message");
        assert_eq!(below(r#"[{"id": []}]"#).path(), "message[0].id");
        let error = rejected::<Conversation>(r#"{"id": []}"#).below("message");
        assert_eq!(error.path(), "message.id");
    }
}
