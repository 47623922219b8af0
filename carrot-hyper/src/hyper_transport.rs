use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, HttpTransport, TransportError};
use http::{Request, Response};

use crate::{
    BuildError, attempt::Attempt, connect::Connector, inner::Inner, limits::Limits, pool::Pool,
    target::Target,
};

/// Sends requests with hyper, over TLS by rustls.
///
/// * Connections are kept for the next request on the same tokio runtime. Cloning is cheap; all clones
///   share them.
/// * A kept connection that turns out closed before a request is written to it is replaced in silence.
///   That is the only repetition: what may have been sent is sent once.
/// * Kept connections that idled are used one at a time until one has brought a response. One that
///   brings none closes the others, so connections that died together cost one request. Where the server
///   closed the first one instead of a second response, no connection of HTTP/1.1 to it is kept for a
///   minute.
/// * Redirects are returned and not followed. There are no cookies, no proxy unless
///   [`proxy`](crate::HyperTransportBuilder::proxy) or [`proxy_from_env`](crate::HyperTransportBuilder::proxy_from_env)
///   sets one, and no headers beside the request's own but `host` and, with a body or for a method that
///   expects one, `content-length`.
/// * Nothing is compressed, unless with the feature `gzip` and `HyperTransportBuilder::gzip`. A success
///   whose body is compressed all the same is an error of the kind `Protocol`; a response of another
///   status is returned as it came, for its status is what matters. So is a response with a status from
///   400 to 499 whose body the connection cuts, with what came of the body.
/// * HTTP/1.1. HTTP/2, where the server chooses it, with the feature `http2` and
///   `HyperTransportBuilder::http2`.
/// * Dropping the future closes the connection that it used; over HTTP/2, the stream.
///
/// Sending needs a tokio runtime with I/O and time. Without one, `send` returns an error of the kind
/// [`Rejected`](carrot_core::transport::TransportErrorKind::Rejected). Where the runtime lacks a part, the standard library
/// prints a panic that is caught here.
#[derive(Clone)]
pub struct HyperTransport {
    inner: Arc<Inner>,
}

impl HyperTransport {
    pub(crate) fn new(connector: Connector, pool: Pool, limits: Limits, gzip: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                connector,
                pool,
                limits,
                gzip,
            }),
        }
    }

    /// Reads the root certificates now, which otherwise happens when the first connection needs them.
    ///
    /// # Errors
    ///
    /// The root certificates cannot be read, or there are none.
    pub fn check_tls(&self) -> Result<(), BuildError> {
        self.inner.connector.tls().check()
    }

    /// A connection of its own, for the upgrade to another protocol.
    #[cfg(feature = "realtime")]
    pub(crate) async fn connect_http1(
        &self,
        target: &Target,
    ) -> Result<Box<dyn crate::connect::Stream>, TransportError> {
        crate::runtime::check()?;
        let connected = self.inner.connector.connect_http1(&target.address).await;
        Ok(connected?.stream)
    }
}

#[async_trait]
impl HttpTransport for HyperTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let target = Target::of(&request)?;
        let with_peer = |error: TransportError| error.with_peer(target.peer());
        let mut attempt = Attempt::new(&self.inner, &target, request).map_err(with_peer)?;
        attempt.run().await.map_err(with_peer)
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}
