use std::time::Duration;

use bytes::Bytes;
use carrot_core::{ApiVersion, types::ErrorCode};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use crate::service_error::{error_response, name_in, status_of};

/// An error of the service: the status, and the name that the pinned API version gives the error.
///
/// Source: <https://developers.carrotquest.io/webapi/exceptions>
#[derive(Clone, Debug, PartialEq)]
#[must_use = "does nothing until it is given to a fake"]
pub struct ApiError {
    status: StatusCode,
    name: Name,
    message: String,
    fields: Option<Value>,
    retry_after: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
enum Name {
    /// One that the service documents.
    Of(ErrorCode),
    Any(String),
    /// The response is a page of the web server, not one of the service.
    None,
}

impl ApiError {
    fn with(status: StatusCode, name: Name, message: &str) -> Self {
        Self {
            status,
            name,
            message: message.to_owned(),
            fields: None,
            retry_after: None,
        }
    }

    fn of(code: ErrorCode, message: &str) -> Self {
        Self::with(status_of(&code), Name::Of(code), message)
    }

    /// An error of this name, the same in both API versions.
    pub fn named(status: StatusCode, name: impl Into<String>) -> Self {
        Self::with(status, Name::Any(name.into()), "")
    }

    /// The error of a name that the service documents; `None` for any other name.
    #[cfg(feature = "sandbox")]
    pub(crate) fn documented(name: &str) -> Option<Self> {
        let is_known = ErrorCode::KNOWN.contains(&name);
        is_known.then(|| Self::of(ErrorCode::from(name), "a fault of the test"))
    }

    /// 401: the token is wrong or expired. `NotAuthenticated`; `AuthenticationFailed` in
    /// v1.
    pub fn not_authenticated() -> Self {
        Self::of(ErrorCode::NotAuthenticated, "the token is wrong or expired")
    }

    /// 403: the token lacks a right. `PermissionDeniedError`; `PermissionDenied` in v1.
    pub fn permission_denied() -> Self {
        Self::of(ErrorCode::PermissionDeniedError, "the token lacks a right")
    }

    /// 400 `LookupError`: no object has an id that the parameters give.
    pub fn lookup_error() -> Self {
        Self::of(ErrorCode::LookupError, "no such object")
    }

    /// 400 `ValidationError`, with the arguments that failed (`error_fields`). Their shape is not
    /// documented; an object from names to rules is a guess: `json!({"body": "is required"})`.
    pub fn validation_error(fields: impl Into<Value>) -> Self {
        Self {
            fields: Some(fields.into()),
            ..Self::of(ErrorCode::ValidationError, "an argument breaks a rule")
        }
    }

    /// 400 `BadRequest`: an error in the parameters.
    pub fn bad_request() -> Self {
        Self::of(ErrorCode::BadRequest, "the parameters are wrong")
    }

    /// 404 `Error404`: no such address.
    pub fn not_found() -> Self {
        Self::of(ErrorCode::Error404, "no such address")
    }

    /// 429 `TooManyRequests`, with a `Retry-After` of whole seconds, rounded up; `None` for none.
    ///
    /// The vendor does not document the header, so code should be ready for both.
    /// Source: <https://developers.carrotquest.io/webapi/limits>
    pub fn rate_limited(retry_after: impl Into<Option<Duration>>) -> Self {
        Self {
            retry_after: retry_after.into(),
            ..Self::of(ErrorCode::TooManyRequests, "too many requests")
        }
    }

    /// 400 `ReplyTooBig`: the text of a message is too long.
    pub fn reply_too_big() -> Self {
        Self::of(ErrorCode::ReplyTooBig, "the text is too long")
    }

    /// 400 `ConversationTagAlreadyAssigned`: the conversation has the tag. v1 responds with
    /// a success instead.
    pub fn tag_already_assigned() -> Self {
        Self::of(
            ErrorCode::ConversationTagAlreadyAssigned,
            "the tag is there already",
        )
    }

    /// 400 `ConversationTagIsNotAssigned`: the conversation does not have the tag. v1
    /// responds with a success instead.
    pub fn tag_is_not_assigned() -> Self {
        Self::of(
            ErrorCode::ConversationTagIsNotAssigned,
            "the tag is not there",
        )
    }

    /// 500 with an HTML page, as a web server responds when the service breaks: the vendor documents
    /// no envelope for it.
    pub fn internal() -> Self {
        Self::with(
            StatusCode::INTERNAL_SERVER_ERROR,
            Name::None,
            "Internal Server Error",
        )
    }

    /// Sets what the service says in words.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Returns the response that carries the error in this API version.
    #[must_use]
    pub fn to_response(&self, version: ApiVersion) -> Response<Bytes> {
        let name = match &self.name {
            Name::Of(code) => Some(name_in(version, code)),
            Name::Any(name) => Some(name.as_str()),
            Name::None => None,
        };
        let mut response = match name {
            Some(name) => error_response(self.status, name, &self.message, self.fields.clone()),
            None => self.page(),
        };
        if let Some(pause) = self.retry_after {
            let started = u64::from(pause.subsec_nanos() > 0);
            let seconds = pause.as_secs().saturating_add(started);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    /// A page as a web server writes it.
    fn page(&self) -> Response<Bytes> {
        let page = format!("<html><body>{}</body></html>\n", self.message);
        let mut response = Response::new(Bytes::from(page));
        *response.status_mut() = self.status;
        let html = HeaderValue::from_static("text/html");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        response
    }
}
