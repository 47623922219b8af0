//! The errors of the service: their status, their name in each API version, and the response that carries
//! them.
//!
//! Source: <https://developers.carrotquest.io/webapi/exceptions>

use bytes::Bytes;
use carrot_core::{ApiVersion, types::ErrorCode};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

/// An error that the service documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Validation,
    BadRequest,
    Lookup,
    NotAuthenticated,
    PermissionDenied,
    UnknownAddress,
    MethodNotAllowed,
    TooManyRequests,
    ReplyTooBig,
    TagAlreadyAssigned,
    TagIsNotAssigned,
}

impl Reason {
    const ALL: [Self; 11] = [
        Self::BadRequest,
        Self::Validation,
        Self::Lookup,
        Self::NotAuthenticated,
        Self::PermissionDenied,
        Self::UnknownAddress,
        Self::MethodNotAllowed,
        Self::TooManyRequests,
        Self::ReplyTooBig,
        Self::TagAlreadyAssigned,
        Self::TagIsNotAssigned,
    ];

    /// The most general one with this status.
    pub(crate) fn of_status(status: StatusCode) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|reason| reason.status() == status)
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NotAuthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::UnknownAddress => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) fn name(self, version: ApiVersion) -> String {
        let is_v1 = version == ApiVersion::V1;
        let code = match self {
            Self::Validation => ErrorCode::ValidationError,
            Self::BadRequest => ErrorCode::BadRequest,
            Self::Lookup => ErrorCode::LookupError,
            Self::NotAuthenticated if is_v1 => ErrorCode::AuthenticationFailed,
            Self::NotAuthenticated => ErrorCode::NotAuthenticated,
            Self::PermissionDenied if is_v1 => ErrorCode::PermissionDenied,
            Self::PermissionDenied => ErrorCode::PermissionDeniedError,
            Self::UnknownAddress => ErrorCode::Error404,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::TooManyRequests => ErrorCode::TooManyRequests,
            Self::ReplyTooBig => ErrorCode::ReplyTooBig,
            Self::TagAlreadyAssigned => ErrorCode::ConversationTagAlreadyAssigned,
            Self::TagIsNotAssigned => ErrorCode::ConversationTagIsNotAssigned,
        };
        code.as_str().to_owned()
    }
}

/// The envelope of an error.
pub(crate) fn refusal(
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

/// A success with a body that was written before.
pub(crate) fn json(body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// A response in JSON.
pub(crate) fn response(status: StatusCode, envelope: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(envelope.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
