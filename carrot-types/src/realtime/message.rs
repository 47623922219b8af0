use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};
use serde_json::value::RawValue;

use super::{RealtimeChannel, RealtimePayload};
use crate::{InvalidValue, JsonError, serde_util::json};

/// A message of the realtime service.
///
/// Whether the newer service keeps this envelope is not documented; everything but the channel and
/// the payload may be missing.
/// Source: <https://developers.dashly.io/rts/>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RealtimeMessage {
    /// The number of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The channel it came over.
    pub channel: RealtimeChannel,
    /// What it says; `message` in the API.
    #[serde(rename = "message")]
    pub payload: RealtimePayload,
    /// Beside `time`, the place to go on from after a new connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// When it was sent, as an HTTP date, kept byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl RealtimeMessage {
    /// A message without a number, a tag and a time.
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
    /// The text is not an envelope, or its `message` is not what the channel brings. The error names the
    /// channel and the place.
    pub fn parse(json: &str) -> Result<Self, RealtimeError> {
        let envelope: Envelope = json::read(json).map_err(|error| RealtimeError {
            channel: None,
            error,
        })?;
        let channel = envelope.channel;
        let payload = RealtimePayload::read(&channel, envelope.message.get()).map_err(|error| {
            RealtimeError {
                channel: Some(channel.pattern()),
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
    #[source]
    error: JsonError,
}

impl RealtimeError {
    /// The channel with its ids left open, such as `conversation.{app_id}`, where the envelope could
    /// be read.
    #[must_use]
    pub fn channel(&self) -> Option<&'static str> {
        self.channel
    }

    /// The place, such as `message.admin.id`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        self.error.path()
    }

    /// What was expected there and what was found, without the value.
    #[must_use]
    pub fn problem(&self) -> &str {
        self.error.problem()
    }
}

impl fmt::Display for RealtimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a realtime message ")?;
        if let Some(channel) = self.channel {
            write!(f, "of channel `{channel}` ")?;
        }
        write!(f, "cannot be read at {}", self.error)
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "number")]
    id: Option<i64>,
    channel: RealtimeChannel,
    message: Box<RawValue>,
    #[serde(default, deserialize_with = "text")]
    tag: Option<String>,
    time: Option<String>,
}

/// Reads a number, or the text of one.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(NumberOrText::Number(number)) => Ok(Some(number)),
        Some(NumberOrText::Text(text)) => text.parse().map(Some).map_err(|_| {
            D::Error::invalid_value(
                Unexpected::Other("string"),
                &"a number from -2^63 to 2^63-1",
            )
        }),
    }
}

/// Reads a text, or a number as its digits.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(|value| match value {
        NumberOrText::Number(number) => number.to_string(),
        NumberOrText::Text(text) => text,
    }))
}

enum NumberOrText {
    Number(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for NumberOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrTextVisitor)
    }
}

struct NumberOrTextVisitor;

impl Visitor<'_> for NumberOrTextVisitor {
    type Value = NumberOrText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from -2^63 to 2^63-1, or a string")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<NumberOrText, E> {
        Ok(NumberOrText::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<NumberOrText, E> {
        i64::try_from(number)
            .map(NumberOrText::Number)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<NumberOrText, E> {
        Ok(NumberOrText::Text(text.to_owned()))
    }
}
