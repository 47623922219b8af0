//! A fake at work: it takes requests and responds to them.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use bytes::Bytes;
use carrot_core::{
    Body, Clock, Sent, TransportError, endpoint::RequestView, transport::TransportErrorKind,
};
use http::{Request, Response};

use super::{
    explain,
    log::{Awaited, Record, Reply, Step, Unexpected, Wanted},
    record::RecordedCall,
};
use crate::{
    VirtualClock,
    recording::RecordedRequest,
    response::{CannedResponse, Given},
    said,
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

    /// Responds to a request.
    pub(super) async fn respond(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Bytes>, TransportError> {
        self.give(request, &self.clock).await?.arrive().await
    }

    /// Decides about a request, and waits where its reply takes time on this clock. Nothing is locked while
    /// the code of a test runs: it may ask the fake.
    pub(super) async fn give(
        &self,
        request: Request<Body>,
        clock: &dyn Clock,
    ) -> Result<Given, TransportError> {
        let call = RecordedCall::new(RecordedRequest::from(request), self.clock.now());
        let version = call.version();
        let (came, step) = self.take(call)?;
        let Some(step) = step else {
            let default = self.default.clone().unwrap_or_else(CannedResponse::ok);
            return self.end(&came, Ok(default.given(version)));
        };
        let is_slow = !step.delay.is_zero() || matches!(step.reply, Reply::Awaited(_));
        if is_slow {
            self.record()
                .tell_outcome(came.number, "no response yet".to_owned());
        }
        let made = came.make(&step.reply);
        let made = match made {
            Ok(Made::Awaited(future)) => guarded(future).await.map(|one| one.given(version)),
            Ok(Made::Given(given)) => Ok(given),
            Err(problem) => Err(problem),
        };
        if !step.delay.is_zero() {
            clock.sleep(step.delay).await;
        }
        self.end(&came, made)
    }

    /// Writes a request down, and takes its reply: `None` for that of a lenient fake.
    fn take(&self, mut call: RecordedCall) -> Result<(Came, Option<Step>), TransportError> {
        let wanted: Vec<Arc<Wanted>> = {
            let record = self.record();
            let expected = record.expected.iter();
            expected.map(|one| Arc::clone(&one.wanted)).collect()
        };
        let asked = wanted.iter().enumerate();
        let matching: Vec<usize> = asked
            .filter_map(|(at, wanted)| wanted.ask(&mut call).then_some(at))
            .collect();
        let panicked = wanted.iter().enumerate();
        let mut panicked = panicked.filter_map(|(at, one)| Some((at, one.panicked(&call)?)));
        let panicked = panicked.next();
        let taken = match &panicked {
            Some(_) => &[][..],
            None => &matching,
        };
        let (number, step) = self.record().take(&call, taken, wanted.len());
        let (at, step) = step.map_or((0, None), |(at, step)| (at, Some(step)));
        let came = Came {
            call,
            number,
            known: wanted.len(),
            matching,
            at,
        };
        if let Some((at, problem)) = panicked {
            return Err(self.reject(&came, self.problem_at(at, &problem)));
        }
        match step.is_some() || self.default.is_some() {
            true => Ok((came, step)),
            false => Err(self.reject(&came, String::new())),
        }
    }

    /// Records what a request got.
    fn end(&self, came: &Came, made: Result<Given, String>) -> Result<Given, TransportError> {
        match made {
            Ok(given) => {
                self.record().tell_outcome(came.number, given.to_string());
                Ok(given)
            }
            Err(problem) => Err(self.reject(came, self.problem_at(came.at, &problem))),
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
    fn reject(&self, came: &Came, because: String) -> TransportError {
        let mut record = self.record();
        record.tell_outcome(came.number, "not expected".to_owned());
        let unexpected = Unexpected {
            call: came.number,
            known: came.known,
            spent: came.matching.clone(),
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

/// A request that came.
struct Came {
    call: RecordedCall,
    /// The number of the call, from 0.
    number: usize,
    /// How many expectations there were.
    known: usize,
    /// Those that it matches.
    matching: Vec<usize>,
    /// The one whose reply it gets.
    at: usize,
}

/// A reply whose closure was called.
enum Made {
    Given(Given),
    Awaited(Awaited),
}

impl Came {
    /// Runs what a reply is made of. The error is a problem of its expectation.
    fn make(&self, reply: &Reply) -> Result<Made, String> {
        let call = &self.call;
        let version = call.version();
        let write = |body| Made::Given(CannedResponse::json(&body).given(version));
        // Also a typed reply runs the code of a test, where it serializes a type of its own.
        let made = catch_unwind(AssertUnwindSafe(|| match reply {
            Reply::Fixed(response) => Ok(Made::Given(response.clone().given(version))),
            Reply::Computed(compute) => Ok(Made::Given(compute(call).given(version))),
            Reply::Awaited(compute) => Ok(Made::Awaited(compute(call.clone()))),
            Reply::Pages(listing) => listing.page(call).map(write),
            Reply::Typed(typed) => typed(&RequestView::new(version, call.params()))
                .map(write)
                .map_err(|error| format!("the reply does not serialize: {error}")),
        }));
        made.unwrap_or_else(|panic| Err(panicked(&*panic)))
    }
}

/// Waits for a future of the test. Its panic is a problem of the expectation.
async fn guarded(mut future: Awaited) -> Result<CannedResponse, String> {
    poll_fn(move |context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panicked(&*panic))),
        }
    })
    .await
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    format!("the closure of its reply panicked: {}", said(panic))
}
