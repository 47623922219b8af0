//! Reads JSON, with errors that name the place and the problem and hold no value.

use std::{borrow::Cow, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Visitor},
    forward_to_deserialize_any,
};
use serde_json::error::Category;

use super::{
    place,
    repair::{self, repair},
};

/// JSON that cannot be read: the place, and the problem there.
///
/// It never holds a value that was found, which may be somebody's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {problem}")]
pub struct JsonError {
    path: String,
    problem: String,
    is_incomplete: bool,
}

impl JsonError {
    fn new(path: String, error: &serde_json::Error) -> Self {
        let problem = without_values(&error.to_string());
        let problem = match error.classify() {
            Category::Syntax | Category::Eof => format!("no valid JSON, {problem}"),
            _ => problem,
        };
        let is_incomplete = error.classify() == Category::Eof;
        Self {
            path,
            problem,
            is_incomplete,
        }
    }

    /// The text ends within the JSON.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// Returns the place, such as `part_last.id`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what was expected there and what was found, without the value.
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
/// failed: white space of any kind, byte order marks and zero bytes around the JSON; control characters in
/// strings, such as a line break; a lone surrogate or bytes that are not UTF-8 (read as U+FFFD); and `NaN`,
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

/// Returns a body without white space, byte order marks and zero bytes around it.
#[doc(hidden)]
#[must_use]
pub fn trim(body: &[u8]) -> &[u8] {
    repair::trim(body)
}

fn read_bytes<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
    let json = until_no_json(json);
    // The whole is checked for UTF-8 at once: a reader of bytes checks every string by itself.
    let text = match std::str::from_utf8(json) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(json),
    };
    let error = match serde_json::from_str(&text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if error.classify() == Category::Syntax {
        let mended = repair(text.as_bytes()).and_then(|mended| String::from_utf8(mended).ok());
        if let Some(mended) = mended {
            return serde_json::from_str(&mended).map_err(|error| located::<T>(&mended, &error));
        }
    }
    Err(located::<T>(&text, &error))
}

/// Cuts what does not start like JSON, such as a page or an archive, behind its first character: the rest
/// may be long, and the error is the same.
fn until_no_json(json: &[u8]) -> &[u8] {
    match repair::trim_start(json).split_first() {
        // As in `repair`, and the names of JSON.
        Some((b'{' | b'[' | b'"' | b'-' | b'+' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', _))
        | None => json,
        Some((_, rest)) => &json[..json.len() - rest.len()],
    }
}

fn located<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> JsonError {
    JsonError::new(place::path::<T>(text, error), error)
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

    use serde::de::Error as _;

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
    fn text_outside_utf8_is_replaced() {
        let read = |json: &[u8]| read::<Vec<Conversation>>(json);
        for json in [
            b"[{\"id\": 1, \"unknown\": \"\xff\", \"tags\": [\"a\xd0\"]}]".as_slice(),
            b"[{\"id\": 1, \"parts_count\": NaN, \"tags\": [\"a\xd0\"]}]",
        ] {
            let conversation = Conversation::new(ConversationId::new(1));
            let expected = conversation.with_tags(["a\u{fffd}".to_owned()]);
            assert_eq!(read(json), Ok(vec![expected]));
        }
        let error = read(b"[{\"id\": 1}, {\"id\": \"\xff\"}]").expect_err("no id");
        assert_eq!(error.path(), "[1].id");
        assert!(read(b"[{\"id\": 1}]\xff").is_err());
    }

    #[test]
    fn invalid_json_has_its_place() {
        for (json, path) in [
            (r#"[{"id": 1"#, "[0]"),
            (r#"[{"id": 1,"#, "[0]"),
            (r#"[{"id": 1, "tags"#, "[0]"),
            (r#"[{"id": 1, "tags""#, "[0]"),
            (r#"[{"id": 1, "tags":"#, "[0].tags"),
            (r#"[{"id": 1, "tags": [nul"#, "[0].tags[0]"),
            (r#"[{"id": 1, "tags": ["a""#, "[0].tags"),
            (r#"[{"id": 1, "tags": ["a", "\"#, "[0].tags[1]"),
            (r#"[{"id": 1, "tags": ["a", ]}]"#, "[0].tags"),
            (r#"[{"id": 1, "tags": ["a", x]}]"#, "[0].tags[1]"),
            (r#"[{"id": 1, "tags": ["a" "b"]}]"#, "[0].tags"),
            (r#"[{"id": 1 "tags": []}]"#, "[0]"),
            (r#"[{"id": 1}, {"id" 2}]"#, "[1]"),
            (r#"[{"id": 1}, {"id": 0x2}]"#, "[1]"),
            (r#"[{"id": 1}, {"id": 2.}]"#, "[1].id"),
            ("[\n{\"id\": 1},\n{\"id\": 2,\n}]", "[1]"),
            ("[{\"id\": 1, \"body \u{1f600}\": \"\\x\"}]", "[0].(hidden)"),
            // Names that may be somebody's data, or forge a line of a log.
            (r#"[{"alex@example.com": x"#, "[0].(hidden)"),
            (r#"[{"x\n2026 ERROR all is lost": x"#, "[0].(hidden)"),
            (r#"[{"id": 1}]]"#, "."),
        ] {
            assert_eq!(rejected::<Vec<Conversation>>(json).path(), path, "{json}");
        }
        let deep = format!(r#"[{{"id": 1, "x": {}"#, "[".repeat(1000));
        let error = rejected::<Vec<Conversation>>(&deep);
        assert_eq!(error.path(), format!("[0].x{}", "[0]".repeat(6)));
    }

    /// A value that is read whole before it is rejected.
    #[derive(Debug)]
    struct Odd;

    impl<'de> Deserialize<'de> for Odd {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = serde_json::Value::deserialize(deserializer)?;
            match &value["odd"] {
                serde_json::Value::Null => Ok(Self),
                text => Err(D::Error::custom(text.as_str().unwrap_or_default())),
            }
        }
    }

    #[test]
    fn a_rejected_value_has_its_place() {
        for (json, path) in [
            (r#"{"a": [{"odd": "x"}]}"#, "a[0]"),
            ("{\"a\": [{\"odd\": \"x\"}\n ]\n }", "a[0]"),
            (r#"{"a": [{}, {"odd": "x"}, {}], "b": []}"#, "a[1]"),
            (
                r#"{"a": [{}], "b": [{"c": {}, "odd": "x" , "d": [[]]} ] }"#,
                "b[0]",
            ),
            (
                r#"{"a": [{}, {"odd": "of a text at line 1 column 2"}]}"#,
                "a[1]",
            ),
            (
                r#"{"a": [{}, {"odd": "of a text at line 9 column 9"}], "b": []}"#,
                "a[1]",
            ),
            (r#"{"a": [{}], "a \u0062": {}}"#, "(hidden)"),
            (r#"{"a": [{}], "": 5}"#, "."),
        ] {
            let error = rejected::<BTreeMap<String, Vec<Odd>>>(json);
            assert_eq!(error.path(), path, "{json}");
        }
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
