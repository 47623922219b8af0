//! Reading the body of an answer, for [`Endpoint::decode`](super::Endpoint::decode).

use carrot_types::{Empty, Envelope, ErrorCode, Meta, json};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;

/// The status in the envelope of a success.
const SUCCESS: u16 = 200;

/// Why the body of an answer gives no value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The envelope carries a status that is not 200.
    #[error("the service refused the request with status {}", .0.status)]
    Refused(Box<Meta>),
    /// The body is not what the operation answers with.
    #[error("`{path}`: {problem}")]
    Unreadable {
        /// The place in the body, such as `data.part_last.id`; `.` for the body itself.
        path: String,
        /// What was expected there and what was found, without the value.
        problem: String,
    },
}

impl ResponseError {
    /// A body that cannot be read at `path`. The problem must not hold the value found there.
    pub fn unreadable(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Unreadable {
            path: path.into(),
            problem: problem.into(),
        }
    }
}

/// Opens the envelope and returns its `data`.
///
/// # Errors
///
/// See [`envelope`].
pub fn data<T: DeserializeOwned>(body: &[u8]) -> Result<T, ResponseError> {
    envelope(body).map(|envelope| envelope.data)
}

/// Opens the envelope of a response that says nothing but "done". No body at all means the same.
///
/// # Errors
///
/// See [`envelope`].
pub fn empty(body: &[u8]) -> Result<Empty, ResponseError> {
    match body.trim_ascii() {
        b"" => Ok(Empty::new()),
        body => data(body),
    }
}

/// Opens the envelope, for answers that say something in `meta`.
///
/// # Errors
///
/// The envelope carries a status that is not 200, or the body is no envelope around a `T`.
pub fn envelope<T: DeserializeOwned>(body: &[u8]) -> Result<Envelope<T>, ResponseError> {
    match json::<Envelope<T>>(body) {
        Ok(envelope) if envelope.meta.status == SUCCESS => Ok(envelope),
        Ok(envelope) => Err(ResponseError::Refused(Box::new(envelope.meta))),
        // An error's `data` is `{}`, which seldom fits the type of a success.
        Err(unreadable) => match meta(body) {
            Some(meta) if meta.status != SUCCESS => Err(ResponseError::Refused(Box::new(meta))),
            _ => Err(unreadable),
        },
    }
}

/// Reads `meta` and nothing else; `None` when the body is no envelope.
#[must_use]
pub fn meta(body: &[u8]) -> Option<Meta> {
    /// An error may come without any `data`.
    #[derive(Deserialize)]
    struct MetaOnly {
        meta: Meta,
        #[serde(default, rename = "data")]
        _data: IgnoredAny,
    }
    if body.len() > MAX_ERROR_BYTES {
        return large_meta(body);
    }
    match serde_json::from_slice::<MetaOnly>(body) {
        Ok(envelope) => Some(envelope.meta),
        Err(_) => error_in(body),
    }
}

/// The largest body of which the fields of an error are kept: a tree of values takes many times the
/// memory of its text.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Reads the `meta` of a large body, without the fields of its error.
fn large_meta(body: &[u8]) -> Option<Meta> {
    #[derive(Deserialize)]
    struct Large {
        meta: Head,
    }
    #[derive(Deserialize)]
    struct Head {
        status: u16,
        error: Option<ErrorCode>,
        error_message: Option<String>,
    }
    let Large { meta: head } = serde_json::from_slice(body).ok()?;
    let mut meta = Meta::new(head.status);
    meta.error = head.error;
    meta.error_message = head.error_message;
    Some(meta)
}

/// Reads the error of a `meta` that is not as documented: what the service says of an error is too
/// precious to be lost over the type of a field beside it.
fn error_in(body: &[u8]) -> Option<Meta> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let found = body.get("meta")?;
    let status = &found["status"];
    let status = status
        .as_u64()
        .or_else(|| status.as_str()?.parse().ok())
        .and_then(|status| u16::try_from(status).ok())?;
    let mut meta = Meta::new(status);
    meta.error = found["error"].as_str().map(ErrorCode::from);
    meta.error_message = match &found["error_message"] {
        Value::Null => None,
        Value::String(message) => Some(message.clone()),
        other => Some(other.to_string()),
    };
    meta.error_fields = found.get("error_fields").cloned();
    Some(meta)
}

/// Reads JSON as it is, without looking at the envelope.
///
/// # Errors
///
/// The body is no JSON, or not that of a `T`; the error names the path.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ResponseError> {
    json::read(body).map_err(|error| match body {
        b"" => ResponseError::unreadable(error.path(), "the body is empty"),
        _ => ResponseError::unreadable(error.path(), error.problem()),
    })
}

#[cfg(test)]
mod tests {
    use carrot_types::ConversationId;

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
    fn an_envelope_error_is_not_an_unreadable_body() {
        for body in [
            r#"{"meta": {"status": 400, "error": "LookupError"}, "data": {}}"#,
            r#"{"data": [], "meta": {"status": 400, "error": "LookupError"}}"#,
            r#"{"meta": {"status": 400, "error": "LookupError"}}"#,
            r#"{"meta": {"status": 400, "error": "LookupError"}, "data": {"id": 1}}"#,
        ] {
            match data::<Outer>(body.as_bytes()) {
                Err(ResponseError::Refused(meta)) => {
                    assert_eq!(meta.error, Some(ErrorCode::LookupError));
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn large_errors_keep_their_text_alone() {
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
    fn an_unreadable_body_names_the_path_only() {
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
    fn a_body_without_an_envelope_is_described() {
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
