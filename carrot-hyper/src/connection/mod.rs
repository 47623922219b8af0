//! A connection to a server, whichever version of HTTP it speaks.

mod early;
mod http1;
#[cfg(feature = "http2")]
mod http2;
mod unanswered;

use std::{
    fmt,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Frame, Incoming};

pub(crate) use self::unanswered::Unanswered;
use crate::connect::Connected;

pub(crate) enum Connection {
    Http1(Box<http1::Http1>),
    #[cfg(feature = "http2")]
    Http2(http2::Http2),
}

impl Connection {
    pub(crate) async fn open(connected: Connected) -> hyper::Result<Self> {
        #[cfg(feature = "http2")]
        if connected.http2 {
            return Ok(Self::Http2(http2::Http2::open(connected.stream).await?));
        }
        Ok(Self::Http1(Box::new(
            http1::Http1::open(connected.stream).await?,
        )))
    }

    /// The connection itself stays for others where it serves many.
    pub(crate) fn shared(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => Some(Self::Http2(connection.clone())),
        }
    }

    pub(crate) fn is_http1(&self) -> bool {
        matches!(self, Self::Http1(_))
    }

    /// Sends a request and waits for the head of its response.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Unanswered> {
        match self {
            Self::Http1(connection) => connection.send(request).await,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.send(request).await,
        }
    }

    /// The next piece of the body of the response.
    pub(crate) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
        body: &mut Incoming,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match self {
            Self::Http1(connection) => connection.poll_frame(context, body),
            #[cfg(feature = "http2")]
            Self::Http2(_) => hyper::body::Body::poll_frame(std::pin::Pin::new(body), context),
        }
    }

    /// Whether another request can be sent, as far as is known without waiting.
    ///
    /// The context is that of the task to wake when a connection without a request is closed.
    pub(crate) fn is_ready(&mut self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Http1(connection) => connection.is_ready(context),
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.is_ready(),
        }
    }

    /// Whether no request is under way on it, apart from the caller's own.
    pub(crate) fn is_unused(&self) -> bool {
        match self {
            Self::Http1(_) => true,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.is_unused(),
        }
    }

    /// Looks after a connection without a request. Ready when it is over.
    pub(crate) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Http1(connection) => connection.drive(context),
            #[cfg(feature = "http2")]
            Self::Http2(connection) => match connection.is_ready() {
                true => Poll::Pending,
                false => Poll::Ready(()),
            },
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}
