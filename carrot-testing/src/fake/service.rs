//! A fake at work: it takes requests and responds to them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use carrot_core::{
    Body, Clock, Sent, TransportError, endpoint::RequestView, transport::TransportErrorKind,
};
use http::{Request, Response};

use super::{
    explain,
    log::{Record, Reply, Unexpected, Wanted},
    matcher::said,
    record::RecordedCall,
};
use crate::{
    VirtualClock,
    recording::RecordedRequest,
    response::{CannedResponse, Given},
};

/// What a client reads that outlives the fake.
const TOO_LATE: &str = "the fake was dropped before this call, so nothing responds and nothing is \
                        checked: keep a clone of it until the code under test is done";

pub(super) struct State {
    record: Mutex<Record>,
    pub(super) clock: VirtualClock,
    /// The response to unexpected calls, where those are not failures.
    pub(super) default: Option<CannedResponse>,
}

impl State {
    pub(super) fn new(clock: VirtualClock, default: Option<CannedResponse>) -> Self {
        Self {
            record: Mutex::default(),
            clock,
            default,
        }
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of the record. Texts are made from this copy and not under the lock, since they run
    /// the checks of the test, which may read the fake.
    pub(super) fn copy(&self) -> Record {
        self.record().clone()
    }

    /// Responds to a request. Nothing is locked while the code of a test runs: it may ask the fake.
    pub(super) async fn respond(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Bytes>, TransportError> {
        self.prepare(request)?.arrive().await
    }

    fn prepare(&self, request: Request<Body>) -> Result<Given, TransportError> {
        let mut call = RecordedCall::new(RecordedRequest::from(request), self.clock.now());
        let wanted: Vec<Arc<Wanted>> = {
            let record = self.record();
            let expected = record.expected.iter();
            expected.map(|one| Arc::clone(&one.wanted)).collect()
        };
        let asked = wanted.iter().enumerate();
        let matching: Vec<usize> = asked
            .filter_map(|(at, wanted)| wanted.ask(&mut call).then_some(at))
            .collect();
        let known = wanted.len();
        let panicked = wanted.iter().enumerate();
        let mut panicked = panicked.filter_map(|(at, one)| Some((at, one.panicked(&call)?)));
        if let Some((at, problem)) = panicked.next() {
            let (number, _) = self.record().take(&call, &[], known);
            return Err(self.reject(number, known, &matching, self.problem_at(at, &problem)));
        }

        let version = call.version();
        let (number, reply) = self.record().take(&call, &matching, known);
        let Some((at, reply)) = reply else {
            let Some(response) = self.default.clone() else {
                return Err(self.reject(number, known, &matching, String::new()));
            };
            let given = response.given(version);
            self.record().tell_outcome(number, given.to_string());
            return Ok(given);
        };
        // Also a typed reply runs the code of a test, where it serializes a type of its own.
        let given = catch_unwind(AssertUnwindSafe(|| match reply {
            Reply::Fixed(response) => Ok(response.given(version)),
            Reply::Computed(compute) => Ok(compute(&call).given(version)),
            Reply::Typed(write) => write(&RequestView::new(version, call.params()))
                .map(|body| CannedResponse::json(&body).given(version))
                .map_err(|error| format!("the reply does not serialize: {error}")),
        }));
        let given = given.unwrap_or_else(|panic| {
            let problem = format!("the closure of its reply panicked: {}", said(&*panic));
            Err(self.problem_at(at, &problem))
        });
        match given {
            Ok(given) => {
                self.record().tell_outcome(number, given.to_string());
                Ok(given)
            }
            Err(because) => Err(self.reject(number, known, &matching, because)),
        }
    }

    /// A problem of an expectation, with its place.
    fn problem_at(&self, at: usize, problem: &str) -> String {
        let record = self.record();
        match record.expected.get(at) {
            Some(expected) => format!("of the expectation at {}, {problem}", expected.written_at),
            None => problem.to_owned(),
        }
    }

    /// Records that a call got no response, and builds the error for the client.
    fn reject(
        &self,
        call: usize,
        known: usize,
        matching: &[usize],
        because: String,
    ) -> TransportError {
        let mut record = self.record();
        record.tell_outcome(call, "not expected".to_owned());
        let unexpected = Unexpected {
            call,
            known,
            spent: matching.to_vec(),
            because: (!because.is_empty()).then_some(because),
        };
        let text = match record.is_over {
            true => TOO_LATE.to_owned(),
            false => explain::in_one_line(&record, &unexpected),
        };
        record.unexpected.push(unexpected);
        // No client repeats such a request: it would come as unexpected once more.
        TransportError::new(TransportErrorKind::Rejected, Sent::Never).with_source(text)
    }
}
