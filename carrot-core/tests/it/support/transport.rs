use std::{
    collections::VecDeque,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, HttpTransport, TransportError};

use super::Sent;

/// What a [`Recorder`] does with one request.
pub(crate) enum Answer {
    /// Answers with this status and body.
    Body(u16, Bytes),
    /// Answers so when it is polled a second time, to leave a moment for a test to step in.
    Late(u16, Bytes),
    /// Has no answer for this reason.
    Fails(TransportError),
    /// Never answers.
    Never,
}

impl Answer {
    /// A success with this body.
    pub(crate) fn ok(body: impl Into<Bytes>) -> Self {
        Self::Body(200, body.into())
    }

    /// An answer of this status with this body.
    pub(crate) fn status(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Body(status, body.into())
    }
}

/// A transport that records every request and answers from a list; after its end, with an empty
/// success.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<State>);

#[derive(Default)]
struct State {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Sent>>,
    dropped: AtomicUsize,
}

/// The answers may hold what a test hides in them, which is not the transport's to show.
impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State")
    }
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let recorder = Self::new();
        recorder
            .0
            .answers
            .lock()
            .expect("no panic held it")
            .extend(answers);
        recorder
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Sent> {
        self.0.requests.lock().expect("no panic held it").clone()
    }

    /// The only request so far.
    pub(crate) fn request(&self) -> Sent {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    /// How many requests were given up before their answer.
    pub(crate) fn dropped(&self) -> usize {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

/// Counts itself when it is dropped before the answer.
struct Pending<'a>(Option<&'a AtomicUsize>);

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(dropped) = self.0 {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl HttpTransport for Recorder {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let state = &*self.0;
        state
            .requests
            .lock()
            .expect("no panic held it")
            .push(Sent::new(request));
        let answer = state.answers.lock().expect("no panic held it").pop_front();
        let mut pending_answer = Pending(Some(&state.dropped));
        let (status, body) = match answer {
            None => (
                200,
                Bytes::from_static(br#"{"meta":{"status":200},"data":{}}"#),
            ),
            Some(Answer::Body(status, body)) => (status, body),
            Some(Answer::Late(status, body)) => {
                let mut polled = false;
                std::future::poll_fn(|_| match std::mem::replace(&mut polled, true) {
                    true => std::task::Poll::Ready(()),
                    false => std::task::Poll::Pending,
                })
                .await;
                (status, body)
            }
            Some(Answer::Fails(error)) => {
                pending_answer.0 = None;
                return Err(error);
            }
            Some(Answer::Never) => pending().await,
        };
        pending_answer.0 = None;
        let mut response = http::Response::new(body);
        *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
        Ok(response)
    }
}
