//! What a transport of this crate responds with.

mod api_error;

use std::{fmt, future::pending, sync::Arc};

use bytes::Bytes;
use carrot_core::{
    ApiVersion, Sent, TransportError,
    transport::TransportErrorKind,
    types::{Empty, Envelope},
};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

pub use self::api_error::ApiError;

/// What a request gets: a response of the service, an error of it, or nothing.
#[derive(Clone)]
#[must_use = "does nothing until it is given to a fake"]
pub struct CannedResponse(Kind);

#[derive(Clone)]
enum Kind {
    Response(Response<Bytes>),
    Error(ApiError),
    Failure(TransportErrorKind, Sent),
    FailureWith(Arc<dyn Fn() -> TransportError + Send + Sync>),
    Never,
}

/// What one request gets: a [`CannedResponse`] whose closure was called.
pub(crate) enum Given {
    Response(Response<Bytes>),
    Failure(TransportError),
    Never,
}

impl CannedResponse {
    /// Creates an empty success: `data` is `{}`.
    pub fn ok() -> Self {
        Self::json(&json!(Envelope::ok(Empty::new())))
    }

    /// Creates a success with this `data`.
    pub fn data(data: impl Into<Value>) -> Self {
        Self::json(&json!(Envelope::ok(data.into())))
    }

    /// Status 200 with this JSON as the whole body.
    pub fn json(body: &Value) -> Self {
        Self::bytes(StatusCode::OK, body.to_string())
    }

    /// This status with these bytes as the body; the content type is JSON all the same.
    pub fn bytes(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        Self::response(response)
    }

    /// This response, headers and all.
    pub fn response(response: Response<Bytes>) -> Self {
        Self(Kind::Response(response))
    }

    /// Creates an error of the service.
    pub fn error(error: ApiError) -> Self {
        Self(Kind::Error(error))
    }

    /// Creates a failure of the transport: no response comes. `sent` says whether the request reached the
    /// service, and so whether a client may repeat a write.
    pub fn failure(kind: TransportErrorKind, sent: Sent) -> Self {
        Self(Kind::Failure(kind, sent))
    }

    /// Creates a failure of the transport that a closure makes, with a source for example. It is called once
    /// for each request.
    pub fn failure_with(make: impl Fn() -> TransportError + Send + Sync + 'static) -> Self {
        Self(Kind::FailureWith(Arc::new(make)))
    }

    /// Neither response nor failure ever comes: for deadlines.
    pub fn never() -> Self {
        Self(Kind::Never)
    }

    /// Gives the response to a request of this API version.
    pub(crate) async fn give(self, version: ApiVersion) -> Result<Response<Bytes>, TransportError> {
        self.given(version).arrive().await
    }

    /// The response to a request of this API version. Calls the closure of a test where there is one.
    pub(crate) fn given(self, version: ApiVersion) -> Given {
        match self.0 {
            Kind::Response(response) => Given::Response(response),
            Kind::Error(error) => Given::Response(error.to_response(version)),
            Kind::Failure(kind, sent) => Given::Failure(TransportError::new(kind, sent)),
            Kind::FailureWith(make) => Given::Failure(make()),
            Kind::Never => Given::Never,
        }
    }
}

impl Given {
    pub(crate) async fn arrive(self) -> Result<Response<Bytes>, TransportError> {
        match self {
            Self::Response(response) => Ok(response),
            Self::Failure(error) => Err(error),
            Self::Never => pending().await,
        }
    }
}

impl From<ApiError> for CannedResponse {
    fn from(error: ApiError) -> Self {
        Self::error(error)
    }
}

/// In a few words: `200`, `no connection could be made; the request was not sent`.
impl fmt::Display for CannedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // It is called once for each request, and not for a text.
            Kind::FailureWith(_) => f.write_str("a failure that a closure makes"),
            _ => self.clone().given(ApiVersion::V2).fmt(f),
        }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let response = match self {
            Self::Response(response) => response,
            Self::Failure(error) => return write!(f, "{}; {}", error.kind(), error.sent()),
            Self::Never => return f.write_str("no response"),
        };
        write!(f, "{}", response.status().as_u16())?;
        if response.status().is_success() {
            return Ok(());
        }
        let body: Option<Value> = serde_json::from_slice(response.body()).ok();
        let name = body.as_ref();
        match name.and_then(|body| body["meta"]["error"].as_str()) {
            Some(error) => write!(f, " {error}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for CannedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CannedResponse({self})")
    }
}
