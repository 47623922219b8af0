use std::future::pending;

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, HttpTransport, Sent, TransportError, transport::TransportErrorKind};
use http::{Request, Response};

/// Never answers and never fails: the deadline of the client must end every call.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NeverAnswers {}

impl NeverAnswers {
    /// A transport that takes requests and gives nothing back.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

#[async_trait]
impl HttpTransport for NeverAnswers {
    async fn send(&self, _request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        pending().await
    }
}

/// Fails every request in the same way.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysFails {
    kind: TransportErrorKind,
    sent: Sent,
}

impl AlwaysFails {
    /// A transport that fails so. `sent` says whether the request reached the service: a client
    /// repeats a write only after [`Sent::Never`].
    #[must_use]
    pub const fn with(kind: TransportErrorKind, sent: Sent) -> Self {
        Self { kind, sent }
    }
}

#[async_trait]
impl HttpTransport for AlwaysFails {
    async fn send(&self, _request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        Err(TransportError::new(self.kind, self.sent))
    }
}
