//! The seam to the HTTP stack: implement [`HttpTransport`] to bring your own.
//!
//! A transport sends one request and collects one response. It does nothing else: the client above it
//! adds the token, decides what to retry, and reads the response. The duties of a transport:
//!
//! * a status code is data, never an error;
//! * redirects are returned, not followed; no cookie is kept; no header is added but what HTTP needs;
//! * no proxy is taken from the environment and nothing is compressed unless the user asked for it;
//! * the attempt ends within [`CallContext::timeout`], and the body within
//!   [`CallContext::max_body_bytes`] and without a rest longer than
//!   [`CallContext::body_idle_timeout`]; limits of its own are for requests without a context;
//! * every error says whether the request was sent: see [`Sent`];
//! * dropping the future cancels the request and frees what it held.

mod body;
mod context;
mod error;

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use self::error::one_line;
pub use self::{
    body::Body,
    context::CallContext,
    error::{Sent, TimeoutPhase, TransportError, TransportErrorKind},
};

/// Sends one HTTP request and collects its response.
///
/// See the [module](self) for the duties of an implementation. Put `#[async_trait]` above the `impl`:
/// without it the compiler says `E0195`, that the lifetimes do not match the declaration. The macro and
/// the types of the signature are re-exported, so that no version of them has to be kept in step:
/// [`carrot_core::async_trait`](crate::async_trait), [`carrot_core::http`](crate::http) and
/// [`carrot_core::bytes`](crate::bytes).
///
/// New methods of this trait always have a default, so an implementation stays valid.
///
/// ```
/// use carrot_core::{Body, HttpTransport, TransportError, async_trait, bytes::Bytes, http};
///
/// /// Responds to every request with the same empty success.
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
    /// Sends `request`, whose address is absolute, and collects the whole response.
    ///
    /// # Errors
    ///
    /// No response came, or only a part of one. A status code of any kind is a response.
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
