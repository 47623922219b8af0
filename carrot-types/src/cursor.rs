use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error as _},
    ser::Error as _,
};
use serde_json::value::RawValue;

use crate::{InvalidValue, json::Object, serde_util::digits::parse_digits};

/// The place in a listing where the next page starts: opaque, and sent back byte for byte.
///
/// It can be stored (`Serialize`) and used in another process to go on from the same place, in the
/// same operation with the same settings.
/// Source: <https://developers.dashly.io/webapi/pagination>
///
/// ```
/// use carrot_types::Cursor;
///
/// let cursor = Cursor::position("[1684739969.358085, 1160406004324630614]")?;
/// let stored = serde_json::to_string(&cursor)?;
/// assert_eq!(serde_json::from_str::<Cursor>(&stored)?, cursor);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Cursor {
    kind: CursorKind,
    value: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<u64>,
}

/// Which scheme of pagination a [`Cursor`] belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CursorKind {
    /// v2: a JSON array, sent as `paginate_position`.
    Position,
    /// v1: a number or string, sent as `after`.
    After,
    /// A count of records to skip, sent as `offset`. Only the list of leads pages this way.
    Offset,
}

impl Cursor {
    /// Creates a cursor of v2 from the JSON array that the service sent.
    ///
    /// # Errors
    ///
    /// `json` is not JSON array.
    pub fn position(json: impl Into<Box<str>>) -> Result<Self, InvalidValue> {
        Self::checked(CursorKind::Position, json.into())
    }

    /// Creates a cursor of v1 from the text that the service sent: digits, or the text of a string.
    ///
    /// # Errors
    ///
    /// `text` is empty.
    pub fn after(text: impl Into<Box<str>>) -> Result<Self, InvalidValue> {
        Self::checked(CursorKind::After, text.into())
    }

    /// Creates a cursor that skips `records` records.
    #[must_use]
    pub fn offset(records: u64) -> Self {
        Self {
            kind: CursorKind::Offset,
            value: records.to_string().into(),
            anchor: None,
        }
    }

    /// Sets the id of the record in front of this place, for a list that moves: whoever continues here
    /// sees by it whether the list still stands where it stood.
    #[must_use = "a setter returns the changed value"]
    pub fn after_record(mut self, id: u64) -> Self {
        self.anchor = Some(id);
        self
    }

    /// Returns the id of the record in front of this place, if it is known.
    #[must_use]
    pub fn anchor(&self) -> Option<u64> {
        self.anchor
    }

    fn checked(kind: CursorKind, value: Box<str>) -> Result<Self, InvalidValue> {
        let rule = match kind {
            CursorKind::Position if serde_json::from_str::<Vec<&RawValue>>(&value).is_err() => {
                "of kind `position` must be a JSON array"
            }
            CursorKind::After if value.is_empty() => "of kind `after` must not be empty",
            CursorKind::Offset if parse_digits(&value).is_none() => {
                "of kind `offset` must be a number in decimal digits"
            }
            _ => {
                return Ok(Self {
                    kind,
                    value,
                    anchor: None,
                });
            }
        };
        Err(InvalidValue::new("cursor", rule))
    }

    /// Returns the scheme of pagination it belongs to.
    #[must_use]
    pub fn kind(&self) -> CursorKind {
        self.kind
    }

    /// Returns the value of the request parameter, byte for byte as the service sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(expecting = "a stored cursor")]
        struct Stored {
            kind: CursorKind,
            value: Box<str>,
            #[serde(default)]
            anchor: Option<u64>,
        }
        let Object(stored) = Object::<Stored>::deserialize(deserializer)?;
        let mut cursor = Self::checked(stored.kind, stored.value).map_err(D::Error::custom)?;
        cursor.anchor = stored.anchor;
        Ok(cursor)
    }
}

/// What a response says about the page after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NextCursor {
    /// The response has no such field.
    #[default]
    Absent,
    /// The field is `null`: there are no more pages in this direction.
    End,
    /// The next page starts here.
    At(Cursor),
    /// The field is not a cursor, such as `{}`; the JSON as it came. A listing rejects it, since taking it for the
    /// end would lose the other pages.
    Malformed(Box<str>),
}

impl NextCursor {
    /// Returns the cursor, where there is one.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        match self {
            Self::At(cursor) => Some(cursor),
            Self::Absent | Self::End | Self::Malformed(_) => None,
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// Writes the JSON that the service sends.
    pub(crate) fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::Malformed(json) = self {
            let raw: &RawValue = serde_json::from_str(json).map_err(S::Error::custom)?;
            return raw.serialize(serializer);
        }
        let Some(cursor) = self.cursor() else {
            return serializer.serialize_none();
        };
        let text = cursor.as_str();
        // Every other `after` came as a string.
        let is_same = |raw: &&RawValue| {
            cursor.kind() != CursorKind::After
                || raw.get() == text
                    && text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        };
        match serde_json::from_str::<&RawValue>(text).ok().filter(is_same) {
            Some(raw) => raw.serialize(serializer),
            None => serializer.serialize_str(text),
        }
    }
}

/// Which field of a response a [`NextCursor`] stands in.
#[derive(Clone, Copy)]
pub(crate) enum CursorField {
    /// `next_before_position` and `next_after_position`.
    Position,
    /// `next_after`.
    After,
}

/// Whether a text may be a position: a list of something, with nothing around it.
fn is_position(text: &str) -> bool {
    text.starts_with('[')
        && text.ends_with(']')
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// Reads the cursor by its form, as each version of the API may send that of the other. What is not a cursor is
/// kept and not an error: it decorates the response to a write, and only a listing needs it.
impl<'de> DeserializeSeed<'de> for CursorField {
    type Value = NextCursor;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<NextCursor, D::Error> {
        // Read as raw text: a float or a big number would lose digits on the way through a `Value`.
        let Some(raw) = Option::<Box<RawValue>>::deserialize(deserializer)? else {
            return Ok(NextCursor::End);
        };
        let json = raw.get();
        let cursor = match (json.as_bytes().first(), self) {
            // Clients of the service loop until it is empty.
            (_, Self::After) if json == "\"\"" => return Ok(NextCursor::End),
            (Some(b'['), _) if is_position(json) => Cursor::position(json).ok(),
            (Some(b'"'), field) => serde_json::from_str::<String>(json).ok().and_then(|text| {
                let position = match field {
                    Self::Position if is_position(&text) => Cursor::position(text.as_str()).ok(),
                    Self::Position | Self::After => None,
                };
                position.or_else(|| Cursor::after(text).ok())
            }),
            (Some(b'-' | b'0'..=b'9'), _) => Cursor::after(json).ok(),
            _ => None,
        };
        Ok(cursor.map_or_else(|| NextCursor::Malformed(json.into()), NextCursor::At))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Meta, NextCursor};

    use super::*;

    fn read(field: &str, json: &str) -> NextCursor {
        let json = format!(r#"{{"status": 200, "{field}": {json}}}"#);
        let meta: Meta = serde_json::from_str(&json).expect(&json);
        meta.next_after_position.clone().cursor().map_or_else(
            || match meta.next_after_position {
                NextCursor::Absent => meta.next_after,
                other => other,
            },
            |cursor| NextCursor::At(cursor.clone()),
        )
    }

    #[test]
    fn a_cursor_is_read_by_its_form() {
        let position =
            || NextCursor::At(Cursor::position("[1684739969.358085, 7]").expect("sound"));
        let after = || NextCursor::At(Cursor::after("1447339319.900966").expect("sound"));
        for field in ["next_after_position", "next_after"] {
            assert_eq!(read(field, "[1684739969.358085, 7]"), position());
            assert_eq!(read(field, "1447339319.900966"), after());
            assert_eq!(read(field, r#""1447339319.900966""#), after());
            assert_eq!(read(field, "null"), NextCursor::End);
            for json in ["{}", "[]", "[[]]", "true", r#"{"id": 1}"#] {
                let read = read(field, json);
                assert_eq!(read, NextCursor::Malformed(json.into()), "{field}");
            }
        }
        let text = r#""[1684739969.358085, 7]""#;
        assert_eq!(read("next_after_position", text), position());
        let empty = NextCursor::Malformed("\"\"".into());
        assert_eq!(read("next_after_position", "\"\""), empty);
        assert_eq!(read("next_after", "\"\""), NextCursor::End);
    }

    #[test]
    fn torn_cursor_is_an_error() {
        let stored = serde_json::to_string(&Cursor::offset(50).after_record(7)).expect("JSON");
        for end in 0..stored.len() {
            assert!(
                serde_json::from_str::<Cursor>(&stored[..end]).is_err(),
                "{end}"
            );
        }
        let error = serde_json::from_str::<Cursor>("null").expect_err("no cursor");
        assert!(
            error.to_string().contains("expected a stored cursor"),
            "{error}"
        );
    }

    fn written_and_read(cursor: &Cursor) -> NextCursor {
        let mut meta = Meta::new(200);
        meta.next_after = NextCursor::At(cursor.clone());
        let json = serde_json::to_string(&meta).expect("is written");
        let meta: Meta = serde_json::from_str(&json).expect("is read");
        meta.next_after
    }

    #[test]
    fn text_that_looks_like_json_stays_text() {
        for text in [
            "2   ",
            " 2",
            "null",
            "\"x\"",
            "[1]",
            "true",
            "1447339319.900966",
            "x",
            "\\",
        ] {
            let cursor = Cursor::after(text).expect(text);
            assert_eq!(written_and_read(&cursor), NextCursor::At(cursor), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_text_survives_a_response(text in "[ \"0-9a-z.,\\[\\]{}\\\\]{1,6}|.{1,20}") {
            let cursor = Cursor::after(text)?;
            prop_assert_eq!(written_and_read(&cursor), NextCursor::At(cursor));
        }
    }
}
