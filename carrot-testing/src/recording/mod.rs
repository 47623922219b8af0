//! A transport that gives the answers it was told to give, and keeps the requests it got.
//!
//! It opens no port, waits for nothing and shares nothing with other transports, so tests run side by
//! side.

mod request;

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    Body, HttpTransport, Sent, TransportError,
    transport::TransportErrorKind,
    types::{Envelope, ErrorCode, Meta},
};
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

pub use self::request::RecordedRequest;

/// Gives queued answers in their order, and keeps every request. All clones are the same transport.
///
/// A request that finds the queue empty gets a [`TransportError`] that says which request came.
///
/// ```
/// use carrot_core::{AuthToken, Client, types::UserId, users};
/// use carrot_testing::{RecordingTransport, VirtualClock};
/// use http::StatusCode;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = RecordingTransport::new();
/// transport.answer_error(StatusCode::BAD_REQUEST, "LookupError", "no such user");
/// let token = AuthToken::new("app.1.secret")?;
/// let client = Client::builder(transport.clone(), VirtualClock::new(), token).build()?;
/// let error = client.call(users::Get::new(UserId::new(7))).await.unwrap_err();
/// assert!(error.is_not_found());
/// assert_eq!(transport.requests().len(), 1);
/// assert_eq!(transport.unused_answers(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct RecordingTransport(Arc<Mutex<Recording>>);

#[derive(Default)]
struct Recording {
    answers: VecDeque<Result<Response<Bytes>, TransportError>>,
    requests: Vec<RecordedRequest>,
}

impl RecordingTransport {
    /// A transport without answers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a success: `data` in an envelope of status 200.
    pub fn answer_ok(&self, data: impl Into<Value>) {
        self.answer_json(StatusCode::OK, &json!(Envelope::ok(data.into())));
    }

    /// Queues a refusal as the service words it: an envelope with this status, error name and
    /// message.
    pub fn answer_error(&self, status: StatusCode, code: impl Into<ErrorCode>, message: &str) {
        let mut meta = Meta::new(status.as_u16());
        meta.error = Some(code.into());
        meta.error_message = Some(message.to_owned());
        self.answer_json(status, &json!({"meta": meta, "data": {}}));
    }

    /// Queues an answer with this JSON as its whole body.
    pub fn answer_json(&self, status: StatusCode, body: &Value) {
        self.answer_bytes(status, body.to_string());
    }

    /// Queues an answer with this body, whatever it is; its content type is JSON all the same.
    pub fn answer_bytes(&self, status: StatusCode, body: impl Into<Bytes>) {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        self.answer(response);
    }

    /// Queues an answer, headers and all.
    pub fn answer(&self, response: Response<Bytes>) {
        self.recording().answers.push_back(Ok(response));
    }

    /// Queues a failure of the transport itself: no answer comes.
    pub fn fail(&self, error: TransportError) {
        self.recording().answers.push_back(Err(error));
    }

    /// How many answers nobody has fetched yet.
    #[must_use]
    pub fn unused_answers(&self) -> usize {
        self.recording().answers.len()
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.recording().requests.clone()
    }

    /// Every request so far, oldest first; the transport forgets them.
    #[must_use = "the requests are gone otherwise"]
    pub fn take_requests(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut self.recording().requests)
    }

    /// The newest request.
    #[must_use]
    pub fn last_request(&self) -> Option<RecordedRequest> {
        self.recording().requests.last().cloned()
    }
}

#[async_trait]
impl HttpTransport for RecordingTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let request = RecordedRequest::new(request);
        let came = request.in_words();
        let mut recording = self.recording();
        recording.requests.push(request);
        let answer = recording.answers.pop_front();
        answer.unwrap_or_else(|| {
            let text = format!("{came} came, and no answer was queued for it");
            Err(TransportError::new(TransportErrorKind::Rejected, Sent::Never).with_source(text))
        })
    }
}

impl fmt::Debug for RecordingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recording = self.recording();
        f.debug_struct("RecordingTransport")
            .field("requests", &recording.requests)
            .field("unused_answers", &recording.answers.len())
            .finish()
    }
}
