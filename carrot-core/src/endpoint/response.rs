//! Functions that decode the body of a response, for [`Endpoint::decode`](super::Endpoint::decode).

use std::fmt;

use carrot_types::{
    Empty, Envelope, Meta,
    json::{self, Object},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::config::start_of;

/// Whether the status in the envelope is that of a success. The vendor documents 200.
fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

/// The error of decoding a response.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The envelope contains a status outside of 200 to 299: an error from the service.
    #[error("the service returned {}", .0.status)]
    Service(Box<Meta>),
    /// The body cannot be decoded.
    #[error("`{path}`: {problem}")]
    Unreadable {
        /// The path in the body, such as `data.part_last.id`; `.` for the whole body.
        path: String,
        /// What was expected and what was found, without the value.
        problem: String,
    },
}

impl ResponseError {
    /// Creates an error for a body that cannot be decoded at `path`. `problem` must not contain the value.
    pub fn unreadable(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Unreadable {
            path: path.into(),
            problem: problem.into(),
        }
    }
}

/// Decodes the envelope and returns its `data`.
///
/// # Errors
///
/// See [`envelope`].
pub fn data<T: DeserializeOwned>(body: &[u8]) -> Result<T, ResponseError> {
    envelope(body).map(|envelope| envelope.data)
}

/// Decodes the envelope of a response without data. An empty body is accepted too, as is the JSON of nothing:
/// `null`, `{}`, `[]` and `""`.
///
/// # Errors
///
/// See [`envelope`].
pub fn empty(body: &[u8]) -> Result<Empty, ResponseError> {
    match json::trim(body) {
        b"" | b"null" | b"{}" | b"[]" | b"\"\"" => Ok(Empty::new()),
        body => optional(body).map(|envelope| envelope.data),
    }
}

/// Decodes the envelope of a write whose `data` has no required field. `data` of another form, such as
/// `[]` or `null`, or no `data`, is the default: the write was applied, so an error would invite a second
/// one.
pub(crate) fn optional<T: DeserializeOwned + Default>(
    body: &[u8],
) -> Result<Envelope<T>, ResponseError> {
    envelope(body).or_else(|error| match (&error, meta(body)) {
        (ResponseError::Unreadable { .. }, Some(meta)) if is_success(meta.status) => {
            let mut envelope = Envelope::ok(T::default());
            envelope.meta = meta;
            Ok(envelope)
        }
        _ => Err(error),
    })
}

/// Decodes the envelope, for responses with information in `meta`.
///
/// # Errors
///
/// The envelope contains a status outside of 200 to 299, or the body is not an envelope with a `T`.
pub fn envelope<T: DeserializeOwned>(body: &[u8]) -> Result<Envelope<T>, ResponseError> {
    let is_huge = body.len() > HUGE_BYTES;
    if is_huge && !starts_with_success(body) {
        if let Some(meta) = large_meta(body).filter(|meta| !is_success(meta.status)) {
            return Err(ResponseError::Service(Box::new(meta)));
        }
    }
    match json::<Envelope<T>>(body) {
        Ok(envelope) if is_success(envelope.meta.status) => Ok(envelope),
        Ok(envelope) => Err(ResponseError::Service(Box::new(envelope.meta))),
        Err(unreadable) if is_huge => Err(unreadable),
        // The `data` of an error is `{}`, which usually does not fit the type of a success.
        Err(unreadable) => match meta(body) {
            Some(meta) if !is_success(meta.status) => Err(ResponseError::Service(Box::new(meta))),
            _ => Err(unreadable),
        },
    }
}

/// Decodes only `meta`. Returns `None` if the body is not an envelope. Of a body larger than 64 KiB it
/// returns only the status, the error and its message, both cut.
#[must_use]
pub fn meta(body: &[u8]) -> Option<Meta> {
    /// An error may have no `data`.
    #[derive(Deserialize)]
    struct MetaOnly {
        meta: Meta,
    }
    if body.len() > MAX_ERROR_BYTES {
        return large_meta(body);
    }
    let Object(MetaOnly { meta }) = json::read(body).ok()?;
    Some(meta)
}

/// The largest body whose error fields are kept, since a tree of JSON values takes many times the memory
/// of its text.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The longest text of the service that an error keeps, in bytes.
pub(crate) const MAX_TEXT: usize = 32 * 1024;

/// How much is read of a text of a larger error: more than an error keeps, also if all of it is escaped.
const MAX_START: usize = 8 * MAX_TEXT;

/// A body that takes so much memory as an error that it is read for its status first.
const HUGE_BYTES: usize = 1024 * 1024;

/// Whether the body starts with the `meta` of a success, as those of the service do: then its status needs no
/// pass over all of it.
fn starts_with_success(body: &[u8]) -> bool {
    struct First<'a>(&'a mut bool);

    #[derive(Deserialize)]
    struct Head {
        status: u16,
    }

    impl<'de> Visitor<'de> for First<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an envelope")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut envelope: A) -> Result<(), A::Error> {
            if envelope.next_key::<&str>()? == Some("meta") {
                let Object(head) = envelope.next_value::<Object<Head>>()?;
                *self.0 = is_success(head.status);
            }
            Ok(())
        }
    }

    let mut is_success = false;
    // What comes after is not read, which the parser reports as an error.
    let _ = serde_json::Deserializer::from_slice(body).deserialize_map(First(&mut is_success));
    is_success
}

/// Decodes the `meta` of a large body: the start of its texts, and no error fields.
fn large_meta(body: &[u8]) -> Option<Meta> {
    #[derive(Deserialize)]
    struct Large {
        meta: Object<Head>,
    }
    #[derive(Deserialize)]
    struct Head {
        status: Start,
        error: Option<Start>,
        error_message: Option<Start>,
    }
    let Object(Large { meta: Object(head) }) = json::read(body).ok()?;
    let kept = serde_json::json!({
        "status": head.status.0,
        "error": head.error.map(|start| start.0),
        "error_message": head.error_message.map(|start| start.0),
    });
    json::read(&kept.to_string()).ok()
}

/// The start of a value that may be as long as the body: of a text, or else of the JSON.
struct Start(Value);

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let is_text = json.starts_with('"');
        // Longer than what is kept: a token that this cuts is cut away again, with all of it in sight.
        let start = start_of(json, MAX_START);
        if start.len() == json.len() {
            return Ok(Self(json::read(json).unwrap_or_default()));
        }
        let text = match is_text {
            // The end may cut an escape, of two surrogates at most.
            true => (0..12).find_map(|cut| {
                let start = start.get(..start.len() - cut)?;
                json::read(&format!("{start}\"")).ok()
            }),
            false => Some(start.to_owned()),
        };
        Ok(Self(text.into()))
    }
}

/// Decodes JSON without an envelope.
///
/// # Errors
///
/// The body is not the JSON of a `T`. The error contains the path.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ResponseError> {
    json::read(body).map_err(|error| match body {
        b"" => ResponseError::unreadable(error.path(), "the body is empty"),
        _ => ResponseError::unreadable(error.path(), error.problem()),
    })
}

#[cfg(test)]
mod tests {
    use carrot_types::{ActionReceipt, ConversationId, ErrorCode};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        id: ConversationId,
        inner: Option<Inner>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        name: String,
        count: u8,
    }

    fn problem(body: &str) -> (String, String) {
        match data::<Outer>(body.as_bytes()).expect_err(body) {
            ResponseError::Unreadable { path, problem } => (path, problem),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn envelope_error_is_service_error() {
        for body in [
            r#"{"meta": {"status": 400, "error": "LookupError"}, "data": {}}"#,
            r#"{"data": [], "meta": {"status": 400, "error": "LookupError"}}"#,
            r#"{"meta": {"status": 400, "error": "LookupError"}}"#,
            r#"{"meta": {"status": 400, "error": "LookupError"}, "data": {"id": 1}}"#,
        ] {
            match data::<Outer>(body.as_bytes()) {
                Err(ResponseError::Service(meta)) => {
                    assert_eq!(meta.error, Some(ErrorCode::LookupError));
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn write_without_required_data_accepts_odd_data() {
        for data in ["null", "[]", "[1]", "\"\"", "\"ok\"", "1", "true", "{}"] {
            let body = format!(r#"{{"meta":{{"status":200}},"data":{data}}}"#);
            let read = optional::<ActionReceipt>(body.as_bytes()).expect(&body);
            assert_eq!(read.data, ActionReceipt::new(), "{body}");
            assert_eq!(empty(body.as_bytes()), Ok(Empty::new()), "{body}");
        }
        let body = br#"{"meta":{"status":200}}"#;
        assert_eq!(empty(body), Ok(Empty::new()));
        assert!(optional::<ActionReceipt>(body).is_ok());
        for body in ["", "[]", "{", r#"{"meta":{"status":200},"data":["#] {
            assert!(
                optional::<ActionReceipt>(body.as_bytes()).is_err(),
                "{body}"
            );
        }
        let body = br#"{"meta":{"status":400},"data":[]}"#;
        let error = optional::<ActionReceipt>(body).expect_err("an error of the service");
        assert!(matches!(error, ResponseError::Service(_)), "{error:?}");
    }

    #[test]
    fn every_status_of_success_is_one() {
        for status in ["200", "201", "\"202\"", "204", "299"] {
            let body = format!(r#"{{"meta":{{"status":{status}}},"data":{{"id":1}}}}"#);
            assert!(data::<Outer>(body.as_bytes()).is_ok(), "{body}");
            let odd = format!(r#"{{"meta":{{"status":{status}}},"data":[1]}}"#);
            assert!(optional::<ActionReceipt>(odd.as_bytes()).is_ok(), "{odd}");
        }
        for status in [0, 100, 199, 300, 400] {
            let body = format!(r#"{{"meta":{{"status":{status}}},"data":{{"id":1}}}}"#);
            let error = data::<Outer>(body.as_bytes()).expect_err(&body);
            assert!(matches!(error, ResponseError::Service(_)), "{error:?}");
        }
    }

    #[test]
    fn nothing_is_read_as_empty() {
        for body in [
            "",
            " \r\n",
            "\u{feff}",
            "\0",
            "null",
            "{}\n",
            "[]",
            "\"\"",
            "\u{feff}{}",
        ] {
            assert_eq!(empty(body.as_bytes()), Ok(Empty::new()), "{body:?}");
        }
        for body in ["OK", "<html></html>", "{", "1", "\"ok\"", "{\"id\":1}"] {
            assert!(empty(body.as_bytes()).is_err(), "{body:?}");
        }
    }

    #[test]
    fn large_error_keeps_only_its_text() {
        let fields = "[1],".repeat(100_000);
        let body = format!(
            r#"{{"meta":{{"status":400,"error":"BadRequest","error_message":"m","error_fields":[{fields}1]}},"data":{{}}}}"#
        );
        let meta = meta(body.as_bytes()).expect("the error");
        assert_eq!(
            (meta.status, meta.error),
            (400, Some(ErrorCode::BadRequest))
        );
        assert_eq!(meta.error_message.as_deref(), Some("m"));
        assert_eq!(meta.error_fields, None);
    }

    #[test]
    fn decode_error_contains_path_but_no_value() {
        let (path, text) = problem(
            r#"{"meta": {"status": 200}, "data": {"id": 1, "inner": {"name": "Al, expected", "count": "Alex"}}}"#,
        );
        assert_eq!(path, "data.inner.count");
        assert!(
            text.starts_with("invalid type: string, expected u8"),
            "{text}"
        );

        let (path, text) = problem(r#"{"meta": {"status": 200}, "data": {"id": -7}}"#);
        assert_eq!(path, "data.id");
        assert!(!text.contains("-7"), "{text}");

        let (path, text) = problem(r#"{"meta": {"status": 200}, "data": {}}"#);
        assert_eq!(path, "data");
        assert!(text.contains("missing field `id`"), "{text}");
    }

    #[test]
    fn body_without_envelope_is_unreadable() {
        assert_eq!(problem(""), (".".into(), "the body is empty".into()));
        for body in ["<html>", "{", "null", "[]", "{\"meta\": 1}", "\u{0}"] {
            problem(body);
        }
        let deep = format!(
            "{{\"meta\": {{\"status\": 200}}, \"data\": {}",
            "[".repeat(100_000)
        );
        problem(&deep);
        assert!(data::<Outer>(b"\xff\xfe").is_err());
    }
}
