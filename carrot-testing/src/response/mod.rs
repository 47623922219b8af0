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

/// What a request is answered with: an answer of the service, an error of it, or none at all.
#[derive(Clone)]
#[must_use = "does nothing until it is given to a fake"]
pub struct CannedResponse(Kind);

#[derive(Clone)]
enum Kind {
    Response(Response<Bytes>),
    Error(ApiError),
    Failure(Arc<dyn Fn() -> TransportError + Send + Sync>),
    Never,
}

impl CannedResponse {
    /// An empty success: `data` is `{}`.
    pub fn ok() -> Self {
        Self::json(&json!(Envelope::ok(Empty::new())))
    }

    /// A success with this `data`.
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

    /// This answer, headers and all.
    pub fn response(response: Response<Bytes>) -> Self {
        Self(Kind::Response(response))
    }

    /// An error of the service.
    pub fn error(error: ApiError) -> Self {
        Self(Kind::Error(error))
    }

    /// A failure of the transport: no answer comes. `sent` says whether the request reached the
    /// service, and so whether a client may repeat a write.
    pub fn failure(kind: TransportErrorKind, sent: Sent) -> Self {
        Self::failure_with(move || TransportError::new(kind, sent))
    }

    /// A failure of the transport that a closure makes, with a source for example. It is called once
    /// for each request.
    pub fn failure_with(make: impl Fn() -> TransportError + Send + Sync + 'static) -> Self {
        Self(Kind::Failure(Arc::new(make)))
    }

    /// Neither answer nor failure ever comes: for deadlines.
    pub fn never() -> Self {
        Self(Kind::Never)
    }

    /// Gives the answer to a request of this API version.
    pub(crate) async fn give(self, version: ApiVersion) -> Result<Response<Bytes>, TransportError> {
        match self.0 {
            Kind::Response(response) => Ok(response),
            Kind::Error(error) => Ok(error.to_response(version)),
            Kind::Failure(make) => Err(make()),
            Kind::Never => pending().await,
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
        let response = match &self.0 {
            Kind::Response(response) => response.clone(),
            Kind::Error(error) => error.to_response(ApiVersion::V2),
            Kind::Failure(make) => {
                let error = make();
                return write!(f, "{}; {}", error.kind(), error.sent());
            }
            Kind::Never => return f.write_str("never answered"),
        };
        write!(f, "{}", response.status().as_u16())?;
        if response.status().is_success() {
            return Ok(());
        }
        let body: Option<Value> = serde_json::from_slice(response.body()).ok();
        match body
            .as_ref()
            .and_then(|body| body["meta"]["error"].as_str())
        {
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
