//! The fields of a webhook, between the form and the kinds.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{WebhookError, token};
use crate::{
    InvalidValue, JsonError,
    serde_util::{
        from_json::{self, FromJson},
        json,
    },
};

const TOKEN: &str = "token";
const TYPE: &str = "type";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An id, or the error of one that cannot be read, if the field is there.
type MaybeId<T> = Option<Result<T, InvalidValue>>;

/// The fields of a form whose token was right, without the token.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn open(body: &[u8], expected: &str) -> Result<Self, WebhookError> {
        if expected.is_empty() {
            return Err(WebhookError::NoExpectedToken);
        }
        // Some servers and most test tools end a body with a line break, some start it with a mark.
        let body = json::trim(body);
        if body.starts_with(b"{") || body.starts_with(b"[") {
            match json::read::<Map<String, Value>>(body) {
                Ok(fields) => {
                    return Self::of_fields(fields.into_iter().filter_map(text_of), expected);
                }
                // No form either: a truncated or malformed body, which says nothing of its sender.
                Err(error) if token_of(body).is_none() => {
                    let field = "body";
                    return Err(WebhookError::InvalidJson { field, error });
                }
                Err(_) => {}
            }
        }
        let decoded = match token_of(body) {
            Some(_) => None,
            None => base64(body),
        };
        let body = decoded.as_deref().map_or(body, json::trim);
        let received = token_of(body).ok_or(WebhookError::MissingToken)?;
        if !token::same(expected, &received) {
            return Err(WebhookError::WrongToken);
        }
        check_encoding(body)?;
        let mut form = Self(form_urlencoded::parse(body).into_owned().collect());
        form.take(TOKEN)?;
        Ok(form)
    }

    /// The fields as a framework parsed them.
    pub(super) fn of_fields(
        fields: impl Iterator<Item = (String, String)>,
        expected: &str,
    ) -> Result<Self, WebhookError> {
        if expected.is_empty() {
            return Err(WebhookError::NoExpectedToken);
        }
        let mut form = Self(fields.collect());
        let received = form.0.iter().find(|(name, _)| name == TOKEN);
        let (_, received) = received.ok_or(WebhookError::MissingToken)?;
        if !token::same(expected, received) {
            return Err(WebhookError::WrongToken);
        }
        form.take(TOKEN)?;
        Ok(form)
    }

    pub(super) fn kind(&mut self) -> Result<String, WebhookError> {
        self.take(TYPE)?.ok_or(WebhookError::MissingType)
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<String, WebhookError> {
        self.take(field)?
            .ok_or(WebhookError::MissingField { field })
    }

    /// An id without which the webhook is of no use.
    pub(super) fn id<T: FromJson>(&mut self, field: &'static str) -> Result<T, WebhookError> {
        self.strict_id(field)?
            .ok_or(WebhookError::MissingField { field })?
            .map_err(WebhookError::InvalidField)
    }

    /// An id that may stand elsewhere too: missing, or the error of one that cannot be read.
    pub(super) fn strict_id<T: FromJson>(
        &mut self,
        field: &'static str,
    ) -> Result<MaybeId<T>, WebhookError> {
        let text = self.optional_text(field)?;
        Ok(text.filter(|text| !is_nothing(text)).map(|text| {
            let rule = "must be a number from 1 to 2^64-1 in decimal digits";
            id_of(&text).ok_or_else(|| InvalidValue::new(field, rule))
        }))
    }

    /// An id that may be missing; one that cannot be read is missing.
    pub(super) fn optional_id<T: FromJson>(
        &mut self,
        field: &'static str,
    ) -> Result<Option<T>, WebhookError> {
        Ok(self.take(field)?.and_then(|text| id_of(&text)))
    }

    /// A text that may be missing or empty.
    pub(super) fn optional_text(
        &mut self,
        field: &'static str,
    ) -> Result<Option<String>, WebhookError> {
        Ok(self.take(field)?.filter(|text| !text.is_empty()))
    }

    /// The JSON of an object that may be missing or empty.
    pub(super) fn optional_json(
        &mut self,
        field: &'static str,
    ) -> Result<Option<String>, WebhookError> {
        let text = self.optional_text(field)?;
        Ok(text.map(unquoted).filter(|text| !is_nothing(text)))
    }

    /// An object that is read from its JSON in a way of its own.
    pub(super) fn object_with<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&str) -> Result<T, JsonError>,
    ) -> Result<T, WebhookError> {
        let json = unquoted(self.text(field)?);
        read(&json).map_err(|error| WebhookError::InvalidJson { field, error })
    }

    /// What was not taken, in the order of the form.
    pub(super) fn rest(self) -> Vec<(String, String)> {
        self.0
    }

    pub(super) fn take(&mut self, field: &'static str) -> Result<Option<String>, WebhookError> {
        let mut found: Option<String> = None;
        let mut differs = false;
        self.0.retain(|(name, text)| {
            if name == field {
                differs |= found.as_ref().is_some_and(|found| found != text);
                found.get_or_insert_with(|| text.clone());
            }
            name != field
        });
        match differs {
            true => Err(WebhookError::RepeatedField { field }),
            false => Ok(found),
        }
    }
}

/// Reads an id: digits, or JSON of an id in any form.
fn id_of<T: FromJson>(text: &str) -> Option<T> {
    let json: Option<Value> = serde_json::from_str(text).ok();
    let id = json.as_ref().and_then(from_json::value);
    id.or_else(|| T::from_text(text.trim()))
}

/// True for the forms in which senders write that there is no value.
pub(super) fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    ["", "null", "None", "{}", "[]"].contains(&text)
}

/// Takes the text out of a JSON string where it is an object: some senders encode twice.
fn unquoted(text: String) -> String {
    let is_quoted = text.trim_start().starts_with('"');
    let inner: Option<String> = is_quoted.then(|| json::read(&text).ok()).flatten();
    let object = inner.filter(|inner| inner.trim_start().starts_with('{'));
    object.unwrap_or(text)
}

/// Reads an object that may be empty, or lack what names it.
pub(super) fn read_nested<T: FromJson>(json: &str) -> Result<Option<T>, JsonError> {
    json::read(json).map(|Nested(object)| object)
}

struct Nested<T>(Option<T>);

impl<'de, T: FromJson> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_json::field(deserializer).map(Self)
    }
}

/// A field of a JSON body: objects may stand there as such, or as text, as in a form.
fn text_of((name, value): (String, Value)) -> Option<(String, String)> {
    match value {
        Value::Null => None,
        Value::String(text) => Some((name, text)),
        other => Some((name, other.to_string())),
    }
}

fn token_of(body: &[u8]) -> Option<String> {
    form_urlencoded::parse(body)
        .find(|(name, _)| name == TOKEN)
        .map(|(_, token)| token.into_owned())
}

fn base64(body: &[u8]) -> Option<Vec<u8>> {
    // Encoders break lines, and padding may have been left out.
    let text: Vec<u8> = body
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    BASE64.decode(text).ok()
}

/// Rejects what the reader of forms would silently replace.
fn check_encoding(body: &[u8]) -> Result<(), WebhookError> {
    for (at, _) in body.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        match body.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            Some(_) => return Err(WebhookError::InvalidPercentEncoding),
            None => return Err(WebhookError::Truncated),
        }
    }
    // Names and values are parted by ASCII, so they are UTF-8 exactly when the whole is.
    match percent_decode(body).decode_utf8() {
        Ok(_) => Ok(()),
        Err(error) if error.error_len().is_none() => Err(WebhookError::Truncated),
        Err(_) => Err(WebhookError::InvalidUtf8),
    }
}

/// Writes a form, with the token last: wherever it is truncated, the token is missing or wrong.
pub(super) struct Writer(form_urlencoded::Serializer<'static, String>);

impl Writer {
    pub(super) fn new(kind: &str) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair(TYPE, kind);
        Self(form)
    }

    pub(super) fn text(mut self, field: &str, text: &str) -> Self {
        self.0.append_pair(field, text);
        self
    }

    pub(super) fn id(self, field: &str, id: impl Into<u64>) -> Self {
        self.text(field, &id.into().to_string())
    }

    pub(super) fn optional_text(self, field: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(field, text),
            None => self,
        }
    }

    pub(super) fn optional_id(self, field: &str, id: Option<impl Into<u64>>) -> Self {
        match id {
            Some(id) => self.id(field, id),
            None => self,
        }
    }

    pub(super) fn object(self, field: &str, object: &impl Serialize) -> Self {
        // No model rejects to be written: their keys are strings or ids, and their writers have no
        // error of their own. Should one ever do, a reader names the field.
        let json = serde_json::to_string(object).unwrap_or_default();
        self.text(field, &json)
    }

    pub(super) fn finish(self, token: &str) -> String {
        self.text(TOKEN, token).0.finish()
    }
}
