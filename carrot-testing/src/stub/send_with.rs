use std::{fmt, future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, HttpTransport, TransportError};
use http::{Request, Response};

type Exchange = Result<Response<Bytes>, TransportError>;
type Closure =
    dyn Fn(Request<Body>) -> Pin<Box<dyn Future<Output = Exchange> + Send>> + Send + Sync;

/// A transport that is an async closure, usually around another transport: it changes a request or a
/// response, waits, or fails. Clones share the closure.
///
/// ```
/// use carrot_core::{HttpTransport, Sent, TransportError, transport::TransportErrorKind};
/// use carrot_core::{conversations::Reply, types::ConversationId};
/// use carrot_testing::{CannedResponse, RecordingTransport, client, stub::SendWith};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let service = RecordingTransport::new().with_default(CannedResponse::ok());
/// let recorder = service.clone();
/// // The service reads every request, and no response arrives.
/// let transport = SendWith::new(move |request| {
///     let service = service.clone();
///     async move {
///         service.send(request).await?;
///         Err(TransportError::new(TransportErrorKind::Reset, Sent::Maybe))
///     }
/// });
/// let reply = Reply::new(ConversationId::new(716), "On its way");
/// let error = client(transport).call(reply).await.expect_err("no response");
/// assert!(error.may_have_been_applied());
/// assert_eq!(recorder.requests().len(), 1, "a reply is not sent twice");
/// # }
/// ```
#[derive(Clone)]
pub struct SendWith(Arc<Closure>);

impl SendWith {
    /// Creates a transport over a closure that sends one request.
    pub fn new<F>(send: impl Fn(Request<Body>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Exchange> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(send(request))))
    }
}

#[async_trait]
impl HttpTransport for SendWith {
    async fn send(&self, request: Request<Body>) -> Exchange {
        (self.0)(request).await
    }
}

impl fmt::Debug for SendWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendWith(..)")
    }
}
