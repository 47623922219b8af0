//! The seam to the HTTP stack: implement [`HttpTransport`] to bring your own.
//!
//! A transport sends one request and collects one answer. It does nothing else: the client above it
//! adds the token, decides what to repeat, and reads the answer. What a transport owes its caller:
//!
//! * a status code is data, never an error;
//! * redirects are returned, not followed; no cookie is kept; no header is added but what HTTP needs;
//! * no proxy is taken from the environment and nothing is compressed unless the user asked for it;
//! * the attempt ends within [`CallContext::timeout`], and the body within
//!   [`CallContext::max_body_bytes`] and without a rest longer than
//!   [`CallContext::body_idle_timeout`]; limits of its own are for requests that carry none;
//! * every error says whether the request was sent: see [`Sent`];
//! * dropping the future cancels the request and frees what it held.

mod body;
mod context;
mod error;

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

pub use self::{
    body::Body,
    context::CallContext,
    error::{Sent, TimeoutPhase, TransportError, TransportErrorKind},
};

/// Sends one HTTP request and collects its answer.
///
/// See the [module](self) for what an implementation owes its caller.
///
/// ```
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use carrot_core::{Body, HttpTransport, TransportError};
///
/// /// Answers every request with the same empty success.
/// #[derive(Debug)]
/// struct AlwaysFine;
///
/// #[async_trait]
/// impl HttpTransport for AlwaysFine {
///     async fn send(
///         &self,
///         _request: http::Request<Body>,
///     ) -> Result<http::Response<Bytes>, TransportError> {
///         Ok(http::Response::new(Bytes::from_static(br#"{"meta": {"status": 200}, "data": {}}"#)))
///     }
/// }
/// ```
#[async_trait]
pub trait HttpTransport: Debug + Send + Sync + 'static {
    /// Sends `request`, whose address is absolute, and collects the whole answer.
    ///
    /// # Errors
    ///
    /// No answer came, or only a part of one. A status code of any kind is an answer.
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError>;
}

#[async_trait]
impl<T: HttpTransport + ?Sized> HttpTransport for Arc<T> {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        (**self).send(request).await
    }
}

#[async_trait]
impl<T: HttpTransport + ?Sized> HttpTransport for Box<T> {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        (**self).send(request).await
    }
}
