use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IgnoredAny, MapAccess},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use crate::{
    NextCursor,
    cursor::CursorField,
    read_object,
    serde_util::{
        from_json::{self, ReadField},
        lenient::FromText,
        object::{self, Object},
    },
};

/// The envelope of every response: facts about the response, and its data.
///
/// Source: <https://developers.dashly.io/webapi/>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Envelope<T> {
    /// Status, error and cursors.
    pub meta: Meta,
    /// The data: an object or an array, `{}` for errors and for responses without content.
    pub data: T,
}

impl<T> Envelope<T> {
    /// Creates an envelope of status 200 around `data`.
    pub fn ok(data: T) -> Self {
        Self {
            meta: Meta::new(200),
            data,
        }
    }
}

/// The facts about a response.
///
/// Source: <https://developers.dashly.io/webapi/>
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Meta {
    /// The HTTP status once more: 200 to 299 is success, anything else an error.
    pub status: u16,
    /// The name of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorCode>,
    /// The error in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Which arguments of the request were wrong, with [`ErrorCode::ValidationError`]. The vendor
    /// does not document the shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_fields: Option<Value>,
    /// v2: where the page of older (smaller) records starts.
    #[serde(
        serialize_with = "NextCursor::write",
        skip_serializing_if = "NextCursor::is_absent"
    )]
    pub next_before_position: NextCursor,
    /// v2: where the page of newer (greater) records starts.
    #[serde(
        serialize_with = "NextCursor::write",
        skip_serializing_if = "NextCursor::is_absent"
    )]
    pub next_after_position: NextCursor,
    /// v1: where the next page starts.
    #[serde(
        serialize_with = "NextCursor::write",
        skip_serializing_if = "NextCursor::is_absent"
    )]
    pub next_after: NextCursor,
    /// Response to setting properties: the properties that were changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affected_props: Option<Vec<String>>,
    /// Response to setting properties, v2: the properties that were not written; see
    /// [`PropertyReport::not_changed`](crate::PropertyReport::not_changed).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_changed_props: Option<Vec<String>>,
    /// Response to setting properties: the operations that were not applied, each with a `reason`.
    /// The vendor does not document the exact keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored_operations: Option<Vec<Value>>,
    /// The fields that this version of the crate does not know, as they came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

read_object!(Envelope<T> {
    meta: Meta,
    data: T,
});

/// An odd value of anything but the status is absent: it decorates the response, also that to a write that was
/// applied.
impl Object for Meta {
    /// The status, which is required, and the rest.
    type Draft = (Option<u16>, Self);

    fn read<'de, A: MapAccess<'de>, const NESTED: bool>(
        mut object: A,
        (status, meta): &mut Self::Draft,
        _: &mut Option<String>,
    ) -> Result<bool, A::Error> {
        while let Some(key) = object.next_key_seed(FromText::new())? {
            match key {
                // Two of them: nobody knows which one counts.
                MetaKey::Status if status.is_some() => {
                    return Err(A::Error::duplicate_field("status"));
                }
                MetaKey::Status => *status = Some(object.next_value::<Status>()?.0),
                MetaKey::Error => meta.error = object.next_value_seed(ReadField::new())?,
                MetaKey::ErrorMessage => {
                    meta.error_message = object
                        .next_value_seed(ReadField::<Option<Value>>::new())?
                        .map(text_of);
                }
                MetaKey::ErrorFields => {
                    meta.error_fields = object.next_value_seed(ReadField::new())?;
                }
                MetaKey::NextBeforePosition => {
                    meta.next_before_position = object.next_value_seed(CursorField::Position)?;
                }
                MetaKey::NextAfterPosition => {
                    meta.next_after_position = object.next_value_seed(CursorField::Position)?;
                }
                MetaKey::NextAfter => {
                    meta.next_after = object.next_value_seed(CursorField::After)?;
                }
                MetaKey::AffectedProps => {
                    meta.affected_props = object.next_value_seed(ReadField::new())?;
                }
                MetaKey::NotChangedProps => {
                    meta.not_changed_props = object.next_value_seed(ReadField::new())?;
                }
                MetaKey::IgnoredOperations => {
                    meta.ignored_operations = object.next_value_seed(ReadField::new())?;
                }
                MetaKey::Other(name) => {
                    meta.other.insert(name, object.next_value()?);
                }
            }
        }
        match status {
            Some(_) => Ok(true),
            None => Err(A::Error::missing_field("status")),
        }
    }

    fn finish<E: serde::de::Error>((status, meta): Self::Draft) -> Result<Self, E> {
        let status = status.ok_or_else(|| E::missing_field("status"))?;
        Ok(Self { status, ..meta })
    }
}

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object::deserialize(deserializer)
    }
}

/// The name of a field: only one that is kept is copied.
enum MetaKey {
    Status,
    Error,
    ErrorMessage,
    ErrorFields,
    NextBeforePosition,
    NextAfterPosition,
    NextAfter,
    AffectedProps,
    NotChangedProps,
    IgnoredOperations,
    Other(String),
}

impl From<&str> for MetaKey {
    fn from(name: &str) -> Self {
        match name {
            "status" => Self::Status,
            "error" => Self::Error,
            "error_message" => Self::ErrorMessage,
            "error_fields" => Self::ErrorFields,
            "next_before_position" => Self::NextBeforePosition,
            "next_after_position" => Self::NextAfterPosition,
            "next_after" => Self::NextAfter,
            "affected_props" => Self::AffectedProps,
            "not_changed_props" => Self::NotChangedProps,
            "ignored_operations" => Self::IgnoredOperations,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Reads a number, or the text of one.
struct Status(u16);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let status: u64 = from_json::required(deserializer, "an HTTP status")?;
        let status = status.try_into().map(Self);
        status.map_err(|_| D::Error::custom("expected an HTTP status"))
    }
}

/// A text, and anything else as the text of its JSON: what the service says must not be lost.
fn text_of(message: Value) -> String {
    match message {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

impl Meta {
    /// Creates the facts of a response with this status and nothing else.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

open_enum! {
    /// The name of an error of the service, as in `meta.error`.
    ///
    /// The two API versions of the API use different names for the same thing
    /// (`NotAuthenticated` and `AuthenticationFailed`); which name a v1 call returns
    /// today is not documented, so treat them alike.
    /// Source: <https://developers.carrotquest.io/webapi/exceptions>
    pub enum ErrorCode {
        /// An argument failed validation; details in `meta.error_fields`. HTTP 400.
        ValidationError = "ValidationError",
        /// The request is malformed. HTTP 400.
        BadRequest = "BadRequest",
        /// An id in the parameters names no object. HTTP 400.
        LookupError = "LookupError",
        /// The token is wrong, expired or missing. HTTP 401.
        NotAuthenticated = "NotAuthenticated",
        /// The token is wrong or missing: the name on older pages.
        AuthenticationFailed = "AuthenticationFailed",
        /// The token lacks the rights. HTTP 403.
        PermissionDeniedError = "PermissionDeniedError",
        /// The object belongs to another app: the name on older pages.
        PermissionDenied = "PermissionDenied",
        /// Unknown address or object. HTTP 404; the vendor's page is cut at this row.
        Error404 = "Error404",
        /// The HTTP method is not allowed here; on older pages.
        MethodNotAllowed = "MethodNotAllowed",
        /// More than 60 requests in a minute with one key. HTTP 429.
        TooManyRequests = "TooManyRequests",
        /// The text of a message is too long; the limit is not documented. HTTP 400.
        ReplyTooBig = "ReplyTooBig",
        /// The conversation has this tag already; v2 only. HTTP 400.
        ConversationTagAlreadyAssigned = "ConversationTagAlreadyAssigned",
        /// The conversation does not have this tag; v2 only. HTTP 400.
        ConversationTagIsNotAssigned = "ConversationTagIsNotAssigned",
        /// The service does not take files of this type. Observed in the vendor's client.
        FileTypeError = "FileTypeError",
        /// The file is too big. Observed in the vendor's client.
        FileSizeError = "FileSizeError",
        /// The user is banned. Observed in the vendor's client.
        UserBannedError = "UserBannedError",
        /// An app of this name exists; seen on obsolete pages only. HTTP 400.
        AppNameDuplicate = "AppNameDuplicate",
    }
}

/// A response without content.
///
/// The service sends `{}`; anything else is accepted and not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Empty {}

impl Empty {
    /// Creates the empty response.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

impl Serialize for Empty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for Empty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self {})
    }
}
