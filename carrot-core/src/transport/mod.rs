//! The interface to an HTTP stack. Implement [`HttpTransport`] to use your own.
//!
//! A transport sends one request and collects one response. The client does the rest: it adds the token,
//! retries, and decodes the response.
//!
#![doc = include_str!("../../docs/transport.md")]

mod accept;
mod beneath;
mod body;
mod context;
mod error;

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use self::error::one_line;
pub use self::{
    accept::{BodyCollector, accept},
    beneath::{of_io, sources},
    body::Body,
    context::CallContext,
    error::{Sent, TimeoutPhase, TransportError, TransportErrorKind},
};

/// Sends one HTTP request and collects its response.
///
/// See the [module](self) for the rules of an implementation. Put `#[async_trait]` above the `impl`;
/// without it the compiler reports `E0195`, that the lifetimes do not match the declaration. This crate
/// re-exports the macro and the types of the signature, so that you do not need matching versions of
/// them: [`carrot_core::async_trait`](crate::async_trait), [`carrot_core::http`](crate::http) and
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
    /// Sends `request`, which has an absolute URL, and collects the whole response.
    ///
    /// # Errors
    ///
    /// There is no complete response. A response with any status code is not an error.
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
