//! A client over any tower service of HTTP, such as the stack of layers that a company has.
//!
//! The errors of a service that nobody knows are in doubt: `ServiceTransport` takes a function that tells
//! those apart that it does know.

use std::{
    error::Error,
    fmt,
    time::{Duration, Instant},
};

use carrot_core::{
    Body, HttpTransport, Sent, TransportError, async_trait,
    bytes::{Buf, Bytes},
    http::{Method, Request, Response, header::CONTENT_LENGTH, header::HeaderValue},
    transport::{
        CallContext, TimeoutPhase,
        TransportErrorKind::{Other, Rejected, Timeout, TooLarge},
    },
};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;
use tower::{Service, ServiceExt};

/// The error of a service or of the body of its response.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Sends requests through clones of a service.
#[derive(Clone)]
pub struct ServiceTransport<S> {
    service: S,
    before: fn(BoxError) -> TransportError,
    in_the_body: fn(BoxError) -> TransportError,
}

impl<S> fmt::Debug for ServiceTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceTransport")
    }
}

impl<S> ServiceTransport<S> {
    /// Creates a transport. All errors are in doubt, and those of a body are after the response started.
    pub fn new(service: S) -> Self {
        Self {
            service,
            before: TransportError::in_doubt,
            in_the_body: |error| TransportError::new(Other, Sent::Yes).with_source(error),
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

fn late(phase: TimeoutPhase, sent: Sent) -> TransportError {
    TransportError::new(Timeout(phase), sent).with_source("no time is left")
}

#[async_trait]
impl<S, B> HttpTransport for ServiceTransport<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: HttpBody + Send + Unpin,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let context = request.extensions().get::<CallContext>().cloned();
        let context = context.unwrap_or_else(|| CallContext::new("", ""));
        if request
            .uri()
            .scheme_str()
            .is_none_or(|scheme| !scheme.starts_with("http"))
        {
            return Err(
                TransportError::new(Rejected, Sent::Never).with_source("not an address of http")
            );
        }
        let start = Instant::now();
        let left = || {
            context
                .timeout
                .map_or(Duration::MAX, |limit| limit.saturating_sub(start.elapsed()))
        };
        let mut request = request.map(|body| Full::new(body.into_bytes()));
        let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
        if expects_body {
            let length = HttpBody::size_hint(request.body()).exact().unwrap_or(0);
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let sent = timeout(left(), self.service.clone().oneshot(request)).await;
        let response = sent
            .map_err(|_| late(TimeoutPhase::Response, Sent::Maybe))?
            .map_err(|error| (self.before)(error.into()))?;
        let (head, mut body) = response.into_parts();
        let mut length = body.size_hint().lower();
        let mut collected = Vec::new();
        loop {
            if let Some(limit) = context.max_body_bytes.filter(|limit| length > *limit) {
                return Err(
                    TransportError::new(TooLarge { limit }, Sent::Yes).with_source("too large")
                );
            }
            let patience = context
                .body_idle_timeout
                .unwrap_or(Duration::MAX)
                .min(left());
            let frame = timeout(patience, body.frame()).await;
            match frame.map_err(|_| late(TimeoutPhase::Body, Sent::Yes))? {
                None => return Ok(Response::from_parts(head, collected.into())),
                Some(Err(error)) => return Err((self.in_the_body)(error.into())),
                Some(Ok(frame)) => {
                    if let Ok(mut data) = frame.into_data() {
                        collected.extend_from_slice(&data.copy_to_bytes(data.remaining()));
                    }
                }
            }
            length = collected.len() as u64;
        }
    }
}
