//! The errors of the service: their status, their name in each API version, and the response that carries
//! them.
//!
//! Source: <https://developers.carrotquest.io/webapi/exceptions>

use bytes::Bytes;
use carrot_core::{ApiVersion, types::ErrorCode};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

/// The most general error of each status, as v2 and v1 name it. Every other error has status 400.
static BY_STATUS: [(StatusCode, ErrorCode, ErrorCode); 6] = {
    use ErrorCode::*;
    [
        (StatusCode::BAD_REQUEST, BadRequest, BadRequest),
        (
            StatusCode::UNAUTHORIZED,
            NotAuthenticated,
            AuthenticationFailed,
        ),
        (
            StatusCode::FORBIDDEN,
            PermissionDeniedError,
            PermissionDenied,
        ),
        (StatusCode::NOT_FOUND, Error404, Error404),
        (
            StatusCode::METHOD_NOT_ALLOWED,
            MethodNotAllowed,
            MethodNotAllowed,
        ),
        (
            StatusCode::TOO_MANY_REQUESTS,
            TooManyRequests,
            TooManyRequests,
        ),
    ]
};

#[cfg(feature = "sandbox")]
pub(crate) fn of_status(status: StatusCode) -> Option<&'static ErrorCode> {
    let mut all = BY_STATUS.iter();
    all.find_map(|(of, code, _)| (*of == status).then_some(code))
}

pub(crate) fn status_of(code: &ErrorCode) -> StatusCode {
    let mut all = BY_STATUS.iter();
    all.find_map(|(status, of, in_v1)| (of == code || in_v1 == code).then_some(*status))
        .unwrap_or(StatusCode::BAD_REQUEST)
}

pub(crate) fn name_in(version: ApiVersion, code: &ErrorCode) -> &str {
    let mut all = BY_STATUS.iter();
    match all.find(|(_, of, _)| of == code) {
        Some((_, _, in_v1)) if version == ApiVersion::V1 => in_v1.as_str(),
        _ => code.as_str(),
    }
}

/// The envelope of an error.
pub(crate) fn error_response(
    status: StatusCode,
    name: &str,
    message: &str,
    fields: Option<Value>,
) -> Response<Bytes> {
    let mut meta = json!({
        "status": status.as_u16(),
        "error": name,
        "error_message": message,
    });
    if let Some(fields) = fields {
        meta["error_fields"] = fields;
    }
    response(status, &json!({"data": {}, "meta": meta}))
}

/// A response in JSON.
pub(crate) fn response(status: StatusCode, envelope: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(envelope.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
