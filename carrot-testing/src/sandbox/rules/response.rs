//! The responses of the service: the envelope of a success, and errors.

use std::borrow::Cow;

use bytes::Bytes;
use carrot_core::{ApiVersion, types::ErrorCode};
use http::StatusCode;
use serde_json::{Map, Value, json};

pub(in crate::sandbox) use crate::service_error::error_response;
use crate::service_error::{name_in, response, status_of};

/// A success: `data`, and what stands in `meta` beside the status.
#[derive(Debug)]
pub(in crate::sandbox) struct Response {
    data: Value,
    meta: Map<String, Value>,
    beside: Option<(&'static str, Value)>,
}

impl Response {
    pub(in crate::sandbox) fn new(data: Value) -> Self {
        Self {
            data,
            meta: Map::new(),
            beside: None,
        }
    }

    /// `{}`: done, and nothing to say.
    pub(in crate::sandbox) fn empty() -> Self {
        Self::new(json!({}))
    }

    pub(in crate::sandbox) fn meta(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.meta.insert(name.to_owned(), value.into());
        self
    }

    /// A field of the envelope beside `data` and `meta`.
    pub(in crate::sandbox) fn beside(mut self, name: &'static str, value: Value) -> Self {
        self.beside = Some((name, value));
        self
    }

    pub(in crate::sandbox) fn into_response(mut self) -> http::Response<Bytes> {
        self.meta.insert("status".into(), 200.into());
        let mut envelope = json!({"data": self.data, "meta": self.meta});
        if let Some((name, value)) = self.beside {
            envelope[name] = value;
        }
        response(StatusCode::OK, &envelope)
    }
}

/// An error of the service. The message names the parameter and the rule, and never holds a value.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Failure {
    code: ErrorCode,
    message: Cow<'static, str>,
    fields: Option<Value>,
}

impl Failure {
    pub(in crate::sandbox) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: None,
        }
    }

    /// A parameter that breaks a rule; `rule` goes on after its name, as in "must be an id".
    pub(in crate::sandbox) fn validation(parameter: &str, rule: &str) -> Self {
        Self {
            code: ErrorCode::ValidationError,
            message: format!("`{parameter}` {rule}").into(),
            fields: Some(json!({ parameter: rule })),
        }
    }

    pub(in crate::sandbox) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// No object of this kind has the id that was given.
    pub(in crate::sandbox) fn lookup(object: &str) -> Self {
        Self::new(ErrorCode::LookupError, format!("no such {object}"))
    }

    pub(in crate::sandbox) fn lacks_scope(scope: &str) -> Self {
        let message = format!("the token lacks the scope `{scope}`");
        Self::new(ErrorCode::PermissionDeniedError, message)
    }

    pub(in crate::sandbox) fn unknown_address() -> Self {
        Self::new(ErrorCode::Error404, "there is nothing at this address")
    }

    pub(in crate::sandbox) fn into_response(self, version: ApiVersion) -> http::Response<Bytes> {
        let name = name_in(version, &self.code);
        error_response(status_of(&self.code), name, &self.message, self.fields)
    }
}
