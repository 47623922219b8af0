//! What the service answers with: the envelope, and its errors by generation.

use std::borrow::Cow;

use bytes::Bytes;
use carrot_core::ApiVersion;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};

/// A success: `data`, and what stands in `meta` beside the status.
#[derive(Debug)]
pub(super) struct Answer {
    data: Value,
    meta: Map<String, Value>,
    beside: Option<(&'static str, Value)>,
}

impl Answer {
    pub(super) fn new(data: Value) -> Self {
        Self {
            data,
            meta: Map::new(),
            beside: None,
        }
    }

    /// `{}`: done, and nothing to say.
    pub(super) fn empty() -> Self {
        Self::new(json!({}))
    }

    pub(super) fn meta(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.meta.insert(name.to_owned(), value.into());
        self
    }

    /// A field of the envelope beside `data` and `meta`.
    pub(super) fn beside(mut self, name: &'static str, value: Value) -> Self {
        self.beside = Some((name, value));
        self
    }

    pub(super) fn into_response(mut self) -> Response<Bytes> {
        self.meta.insert("status".into(), 200.into());
        let mut envelope = json!({"data": self.data, "meta": self.meta});
        if let Some((name, value)) = self.beside {
            envelope[name] = value;
        }
        response(StatusCode::OK, &envelope)
    }
}

/// A refusal. The message names the parameter and the rule, and never holds a value.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    reason: Reason,
    message: Cow<'static, str>,
    fields: Option<Value>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
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
    pub(super) fn of_status(status: StatusCode) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|reason| reason.status() == status)
    }

    /// The one with this name, in any generation.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|reason| {
            let mut versions = ApiVersion::ALL.into_iter();
            versions.any(|version| reason.name(version) == name)
        })
    }

    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::NotAuthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::UnknownAddress => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn name(self, version: ApiVersion) -> &'static str {
        let old = version == ApiVersion::V1;
        match self {
            Self::Validation => "ValidationError",
            Self::BadRequest => "BadRequest",
            Self::Lookup => "LookupError",
            Self::NotAuthenticated if old => "AuthenticationFailed",
            Self::NotAuthenticated => "NotAuthenticated",
            Self::PermissionDenied if old => "PermissionDenied",
            Self::PermissionDenied => "PermissionDeniedError",
            Self::UnknownAddress => "Error404",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::TooManyRequests => "TooManyRequests",
            Self::ReplyTooBig => "ReplyTooBig",
            Self::TagAlreadyAssigned => "ConversationTagAlreadyAssigned",
            Self::TagIsNotAssigned => "ConversationTagIsNotAssigned",
        }
    }
}

impl Failure {
    pub(super) fn new(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            message: message.into(),
            fields: None,
        }
    }

    /// A parameter that breaks a rule; `rule` goes on after its name, as in "must be an id".
    pub(super) fn validation(parameter: &str, rule: &str) -> Self {
        Self {
            reason: Reason::Validation,
            message: format!("`{parameter}` {rule}").into(),
            fields: Some(json!({ parameter: rule })),
        }
    }

    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::BadRequest, message)
    }

    /// No object of this kind has the id that was given.
    pub(super) fn lookup(object: &str) -> Self {
        Self::new(Reason::Lookup, format!("no such {object}"))
    }

    pub(super) fn into_response(self, version: ApiVersion) -> Response<Bytes> {
        let (status, name) = (self.reason.status(), self.reason.name(version));
        refusal(status, name, &self.message, self.fields)
    }
}

/// The envelope of an error.
pub(super) fn refusal(
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

fn response(status: StatusCode, envelope: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(envelope.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
