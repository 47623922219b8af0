//! A transport that gives queued responses and keeps the requests.
//!
//! It opens no port and shares nothing with other transports, so tests run in parallel.

mod request;
mod secrets;

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, HttpTransport, Sent, TransportError, transport::TransportErrorKind};
use http::{Request, Response};

pub use self::request::RecordedRequest;
pub(crate) use self::secrets::Secrets;
use crate::{fail, response::CannedResponse};

/// Gives queued responses in their order, and keeps every request. All clones are the same transport.
///
/// A request that finds the queue empty gets the [default](Self::with_default); without one, a
/// [`TransportError`] that says which request came.
///
/// ```
/// use carrot_core::{AuthToken, Client, types::UserId, users};
/// use carrot_testing::{ApiError, RecordingTransport, VirtualClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = RecordingTransport::new();
/// transport.respond(ApiError::lookup_error());
/// let token = AuthToken::new("app.1.secret")?;
/// let client = Client::builder(transport.clone(), VirtualClock::new(), token).build()?;
/// let error = client.call(users::Get::new(UserId::new(7))).await.unwrap_err();
/// assert!(error.is_not_found());
/// assert_eq!(transport.requests().len(), 1);
/// assert_eq!(transport.unused_responses(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct RecordingTransport(Arc<Mutex<Recording>>);

#[derive(Default)]
struct Recording {
    queue: VecDeque<Next>,
    default: Option<CannedResponse>,
    requests: Vec<RecordedRequest>,
    cancelled: usize,
}

enum Next {
    Canned(CannedResponse),
    Failure(TransportError),
}

/// Counts a request that is dropped before its response.
struct InFlight<'a>(&'a RecordingTransport, bool);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.recording().cancelled += 1;
        }
    }
}

impl RecordingTransport {
    /// Creates a transport without responses.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a transport that gives these responses, one to each request.
    pub fn responding<R: Into<CannedResponse>>(responses: impl IntoIterator<Item = R>) -> Self {
        let transport = Self::new();
        responses.into_iter().for_each(|one| transport.respond(one));
        transport
    }

    /// Gives this response, again and again, to every request that finds the queue empty.
    #[must_use]
    pub fn with_default(self, response: impl Into<CannedResponse>) -> Self {
        self.recording().default = Some(response.into());
        self
    }

    /// Queues a response.
    pub fn respond(&self, response: impl Into<CannedResponse>) {
        let next = Next::Canned(response.into());
        self.recording().queue.push_back(next);
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a failure of the transport: no response comes.
    pub fn fail(&self, error: TransportError) {
        self.recording().queue.push_back(Next::Failure(error));
    }

    /// Returns how many queued responses were not given.
    #[must_use]
    pub fn unused_responses(&self) -> usize {
        self.recording().queue.len()
    }

    /// Returns how many requests were dropped before their response.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        self.recording().cancelled
    }

    /// Returns every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.recording().requests.clone()
    }

    /// Returns every request so far, oldest first, and forgets them.
    #[must_use = "the requests are gone otherwise"]
    pub fn take_requests(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut self.recording().requests)
    }

    /// Returns the only request.
    ///
    /// # Panics
    ///
    /// No such request came, or more than one; a repeated attempt counts.
    #[must_use]
    #[track_caller]
    pub fn single(&self) -> RecordedRequest {
        let mut requests = self.requests();
        match (requests.pop(), requests.len()) {
            (Some(request), 0) => request,
            (None, _) => fail("one request should come, and none did"),
            (Some(_), before) => fail(&format!("one request should come, and {} did", before + 1)),
        }
    }

    /// Returns the newest request.
    #[must_use]
    pub fn last_request(&self) -> Option<RecordedRequest> {
        self.recording().requests.last().cloned()
    }
}

#[async_trait]
impl HttpTransport for RecordingTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let request = RecordedRequest::from(request);
        let (came, version) = (request.in_words(), request.version());
        let (next, default) = {
            let mut recording = self.recording();
            recording.requests.push(request);
            (recording.queue.pop_front(), recording.default.clone())
        };
        match next.or(default.map(Next::Canned)) {
            Some(Next::Canned(response)) => {
                let mut in_flight = InFlight(self, true);
                let response = response.give(version).await;
                in_flight.1 = false;
                response
            }
            Some(Next::Failure(error)) => Err(error),
            None => {
                let text = format!("{came} came, and no response was queued for it");
                let kind = TransportErrorKind::Rejected;
                Err(TransportError::new(kind, Sent::Never).with_source(text))
            }
        }
    }
}

impl fmt::Debug for RecordingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recording = self.recording();
        f.debug_struct("RecordingTransport")
            .field("requests", &recording.requests)
            .field("unused_responses", &recording.queue.len())
            .finish()
    }
}
