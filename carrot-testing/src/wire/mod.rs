//! Reading the requests of the service's clients: queries, forms, multipart bodies, JSON values as texts.

mod multipart;

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
#[cfg(feature = "sandbox")]
use percent_encoding::percent_decode;
use percent_encoding::percent_decode_str;
use serde_json::Value;

pub(crate) use self::multipart::{FilePart, Multipart};

/// Names and values, decoded, in the order of the request.
pub(crate) type Pairs = Vec<(String, String)>;

/// The pairs of a query or of a form body. What is not UTF-8 becomes a replacement character.
pub(crate) fn pairs(form: &[u8]) -> Pairs {
    form_urlencoded::parse(form)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Whether all names and values of a query or of a form body are UTF-8. What separates them is ASCII, so
/// the whole tells.
#[cfg(feature = "sandbox")]
pub(crate) fn is_text(form: &[u8]) -> bool {
    percent_decode(form).decode_utf8().is_ok()
}

/// A JSON value as a form has it: a text without quotation marks.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One segment of a path, decoded; `None` when it is not UTF-8.
pub(crate) fn segment(encoded: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(encoded).decode_utf8().ok()
}

/// The media type of a body, in lower case, without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next().unwrap_or_default();
    Some(media_type.trim().to_ascii_lowercase())
}

/// The whole `Content-Type`, where it is that of a multipart form.
pub(crate) fn multipart_type(headers: &HeaderMap) -> Option<&str> {
    (media_type(headers)? == "multipart/form-data")
        .then(|| headers.get(CONTENT_TYPE)?.to_str().ok())
        .flatten()
}
