//! A client over any tower service of HTTP, such as the stack of layers that a company has.
//!
//! The errors of a service that nobody knows are in doubt: `ServiceTransport` takes a function that tells
//! those apart that it does know.

use std::{error::Error, fmt::Debug, time::Instant};

use carrot_core::{
    Body, HttpTransport, Sent, TransportError, async_trait,
    bytes::{Buf, Bytes},
    http::{Request, Response},
    transport::{BodyCollector, TimeoutPhase, TransportErrorKind::Other, accept},
};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;
use tower::{Service, ServiceExt};

/// The error of a service or of the body of its response.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Sends requests through clones of a service.
#[derive(Clone, Debug)]
pub struct ServiceTransport<S> {
    service: S,
    before: fn(BoxError) -> TransportError,
    in_the_body: fn(BoxError) -> TransportError,
}

impl<S> ServiceTransport<S> {
    /// Creates a transport. All errors are in doubt, and those of a body are after the response started.
    pub fn new(service: S) -> Self {
        let in_the_body = |error| TransportError::new(Other, Sent::Yes).with_source(error);
        Self {
            service,
            before: TransportError::in_doubt,
            in_the_body,
        }
    }

    /// Sets how the errors of the service, and those of a body, are told apart.
    #[must_use]
    pub fn with_errors(
        mut self,
        before: fn(BoxError) -> TransportError,
        in_the_body: fn(BoxError) -> TransportError,
    ) -> Self {
        (self.before, self.in_the_body) = (before, in_the_body);
        self
    }
}

#[async_trait]
impl<S, B> HttpTransport for ServiceTransport<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    S: Clone + Debug + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: HttpBody + Send + Unpin,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let (request, context) = accept(request)?;
        let start = Instant::now();
        let late = |phase| move |_| TransportError::timed_out(phase);
        let sent = self.service.clone().oneshot(request.map(Full::new));
        let sent = timeout(context.time_left(start.elapsed()), sent).await;
        let sent = sent.map_err(late(TimeoutPhase::Response))?;
        let response = sent.map_err(|error| (self.before)(error.into()))?;
        let (head, mut body) = response.into_parts();
        let mut collected = BodyCollector::new(&context, Some(body.size_hint().lower()))?;
        while let Some(frame) = timeout(context.body_time_left(start.elapsed()), body.frame())
            .await
            .map_err(late(TimeoutPhase::Body))?
        {
            let frame = frame.map_err(|error| (self.in_the_body)(error.into()))?;
            if let Ok(mut data) = frame.into_data() {
                collected.push(&data.copy_to_bytes(data.remaining()))?;
            }
        }
        Ok(Response::from_parts(head, collected.finish()))
    }
}
