use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::{RealtimeChannel, RealtimePayload, payload::Source};
use crate::{
    InvalidValue, JsonError,
    json::{self, Object},
    serde_util::{
        from_json::{self, FromJson, ReadField},
        repair::{is_blank, object_length},
    },
};

/// The most errors of a body, since looking for the end of a broken message takes time, and each error memory.
const MAX_ERRORS: usize = 100;

/// A message of the realtime service.
///
/// Whether the newer service keeps this envelope is not documented; everything but the channel and
/// the payload may be missing.
/// Source: <https://developers.dashly.io/rts/>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RealtimeMessage {
    /// The number of the message. In the server software that the vendor names it counts the messages of a
    /// channel from 1 without holes; below 0 it marks a notice of the server itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The channel it came over.
    pub channel: RealtimeChannel,
    /// What it says; `message` in the API.
    #[serde(rename = "message")]
    pub payload: RealtimePayload,
    /// Tells apart the messages of one second, over all channels. With `time` it is a position to resume
    /// from, but not that of the last message read: see the [module](super).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// When it was sent, as an HTTP date, kept byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl RealtimeMessage {
    /// Creates a message without a number, a tag and a time.
    ///
    /// # Errors
    ///
    /// Messages of `channel` do not say such a thing.
    pub fn new(channel: RealtimeChannel, payload: RealtimePayload) -> Result<Self, InvalidValue> {
        if !payload.fits(&channel) {
            return Err(InvalidValue::new(
                "message",
                format!("must be a payload of the channel `{}`", channel.pattern()),
            ));
        }
        Ok(Self {
            id: None,
            channel,
            payload,
            tag: None,
            time: None,
        })
    }

    /// Reads a text message of the connection: the envelope, then the payload by the channel.
    ///
    /// # Errors
    ///
    /// * The text is the error of the service, which has no channel: see
    ///   [`rejected_with`](RealtimeError::rejected_with).
    /// * The text is not an envelope, or its `message` is not what the channel brings. The error names the
    ///   channel and the place.
    pub fn parse(json: &str) -> Result<Self, RealtimeError> {
        match serde_json::from_str(json) {
            Ok(InOrder(message)) => Ok(message),
            // Again, in any order and with the place of an error.
            Err(_) => Self::parse_twice(json),
        }
    }

    /// Reads the envelope, and then the payload.
    pub(super) fn parse_twice(json: &str) -> Result<Self, RealtimeError> {
        let envelope: Envelope = json::read(json).map_err(|error| RealtimeError {
            channel: None,
            rejected_with: json::read(json)
                .ok()
                .and_then(|Object(rejection): Object<Rejection>| rejection.status()),
            error,
        })?;
        let channel = envelope.channel;
        let payload =
            RealtimePayload::parse(&channel, envelope.message.0.get()).map_err(|error| {
                RealtimeError {
                    channel: Some(channel.pattern()),
                    rejected_with: None,
                    error: error.below("message"),
                }
            })?;
        Ok(Self {
            id: envelope.id,
            channel,
            payload,
            tag: envelope.tag,
            time: envelope.time,
        })
    }

    /// Reads the body of a long poll: messages one after the other, on lines of their own or without
    /// anything between them.
    ///
    /// Text that is not JSON yields one error, up to the end of its object or, where it has none, of its line;
    /// reading continues after it. After 100 errors the rest is read as one message.
    pub fn parse_all(body: &str) -> Vec<Result<Self, RealtimeError>> {
        // A byte order mark and zero bytes are between messages too: each message may be a response of its own.
        let (mut messages, mut failed) = (Vec::new(), 0);
        let mut rest = body.trim_start_matches(is_blank);
        while !rest.is_empty() {
            let (message, after) = match object_length(rest.as_bytes()) {
                // Looking for the end of each is not worth it any more.
                _ if failed == MAX_ERRORS => (rest, ""),
                Some(length) => rest.split_at(length),
                None => rest.split_once('\n').unwrap_or((rest, "")),
            };
            let message = Self::parse(message);
            failed += usize::from(message.is_err());
            messages.push(message);
            rest = after.trim_start_matches(is_blank);
        }
        messages
    }
}

setters!(RealtimeMessage {
    with_id(id: i64),
    with_tag(tag: String),
    with_time(time: String),
});

/// A text message of the connection that cannot be read.
///
/// It never holds a value that was found, which may be somebody's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RealtimeError {
    channel: Option<&'static str>,
    rejected_with: Option<u64>,
    #[source]
    error: JsonError,
}

impl RealtimeError {
    /// Returns the HTTP status with which the service rejects the connection, where the text says so: with
    /// 401 or 403, connecting again with the same token and channels fails again.
    #[must_use]
    pub fn rejected_with(&self) -> Option<u16> {
        self.rejected_with?.try_into().ok()
    }

    /// Returns true when the text ends within the message, as that of a response that was cut.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.error.is_incomplete()
    }

    /// Returns the channel with its ids left open, such as `conversation.{app_id}`, where the envelope could
    /// be read.
    #[must_use]
    pub fn channel(&self) -> Option<&'static str> {
        self.channel
    }

    /// Returns the place, such as `message.admin.id`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        self.error.path()
    }

    /// Returns what was expected there and what was found, without the value.
    #[must_use]
    pub fn problem(&self) -> &str {
        self.error.problem()
    }
}

impl fmt::Display for RealtimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.rejected_with {
            return write!(
                f,
                "the realtime service rejects the connection with status {status}"
            );
        }
        f.write_str("a realtime message ")?;
        if let Some(channel) = self.channel {
            write!(f, "of channel `{channel}` ")?;
        }
        write!(f, "cannot be read at {}", self.error)
    }
}

/// A message whose channel comes before its payload, as the service writes it: read in one pass.
struct InOrder(RealtimeMessage);

impl<'de> Deserialize<'de> for InOrder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrderVisitor)
    }
}

struct InOrderVisitor;

impl<'de> Visitor<'de> for InOrderVisitor {
    type Value = InOrder;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message in order")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<InOrder, A::Error> {
        let (mut id, mut tag, mut time) = (None, None, None);
        let (mut channel, mut payload) = (None, None);
        while let Some(key) = object.next_key::<&str>()? {
            match (key, &channel) {
                ("id", _) => id = object.next_value_seed(ReadField::new())?,
                ("tag", _) => tag = object.next_value_seed(ReadField::new())?,
                ("time", _) => time = object.next_value_seed(ReadField::new())?,
                ("channel", None) => channel = Some(object.next_value()?),
                ("message", Some(channel)) if payload.is_none() => {
                    payload = Some(object.next_value_seed(PayloadOf(channel))?);
                }
                ("channel" | "message", _) => return Err(A::Error::custom("out of order")),
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        let (Some(channel), Some(payload)) = (channel, payload) else {
            return Err(A::Error::custom("not whole"));
        };
        Ok(InOrder(RealtimeMessage {
            id,
            channel,
            payload,
            tag,
            time,
        }))
    }
}

struct PayloadOf<'a>(&'a RealtimeChannel);

impl<'de> DeserializeSeed<'de> for PayloadOf<'_> {
    type Value = RealtimePayload;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        RealtimePayload::read(self.0, Of(deserializer, PhantomData))
    }
}

/// A deserializer as a source.
struct Of<'de, D>(D, PhantomData<&'de ()>);

impl<'de, D: Deserializer<'de>> Source for Of<'de, D> {
    type Error = D::Error;

    fn read<T: DeserializeOwned>(self) -> Result<T, D::Error> {
        T::deserialize(self.0)
    }
}

struct Envelope {
    channel: RealtimeChannel,
    message: Raw,
    id: Option<i64>,
    tag: Option<String>,
    time: Option<String>,
}

reader!(Envelope(channel: RealtimeChannel, message: Raw) {
    id: i64,
    tag: String,
    time: String,
});

/// The payload, which the channel tells how to read.
struct Raw(Box<RawValue>);

impl FromJson for Raw {
    fn from_required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(deserializer).map(Self)
    }
}

/// The error of the service: `{"error": {"status": 401}}`, observed in the vendor's own client. Assumed: the name
/// that the status has in the reason of a close code.
#[derive(Deserialize)]
struct Rejection {
    error: Value,
}

impl Rejection {
    fn status(&self) -> Option<u64> {
        let named = ["status", "http_status"]
            .iter()
            .find_map(|name| self.error.get(name));
        from_json::value(named?)
    }
}
