//! What a fake knows: what it expects, and what came.

use std::{
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use carrot_core::{
    Body, Clock, Sent, TransportError, endpoint::Asked, transport::TransportErrorKind,
};
use http::{Request, Response};
use serde_json::Value;

use super::{CannedResponse, RecordedCall, matcher::Matcher, report};
use crate::{VirtualClock, recording::RecordedRequest};

type Compute = Arc<dyn Fn(&RecordedCall) -> CannedResponse + Send + Sync>;
type Write = Arc<dyn Fn(&Asked<'_>) -> Result<Value, serde_json::Error> + Send + Sync>;

/// How an answer comes to be.
#[derive(Clone)]
pub(super) enum Reply {
    Fixed(CannedResponse),
    /// An output of the operation, written when it is known what was asked.
    Typed(Write),
    Computed(Compute),
}

/// One reply of a sequence, and how often it is given.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) reply: Reply,
    pub(super) at_least: u32,
    /// `None` for no limit.
    pub(super) at_most: Option<u32>,
    pub(super) given: u32,
}

impl Step {
    fn has_more(&self) -> bool {
        self.at_most.is_none_or(|limit| self.given < limit)
    }
}

/// What a request must be like.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) operation: &'static str,
    pub(super) matchers: Vec<Matcher>,
}

impl Wanted {
    pub(super) fn holds(&self, call: &RecordedCall) -> bool {
        call.operation() == self.operation && self.matchers.iter().all(|one| one.holds(call))
    }
}

#[derive(Clone)]
pub(super) struct Expected {
    pub(super) written_at: &'static Location<'static>,
    /// Shared, so that requests are compared without holding up the fake: a matcher may look at it.
    pub(super) wanted: Arc<Wanted>,
    pub(super) steps: Vec<Step>,
    /// The numbers of the calls that it answered.
    pub(super) answered: Vec<usize>,
}

impl Expected {
    fn has_more(&self) -> bool {
        self.steps.iter().any(Step::has_more)
    }
}

/// A call that nothing was expected for.
#[derive(Clone)]
pub(super) struct Unexpected {
    /// The number of the call, from 0.
    pub(super) call: usize,
    /// How many expectations there were when it came.
    pub(super) known: usize,
    /// What was fulfilled already when it came.
    pub(super) spent: Vec<usize>,
    /// Why, where it matched an expectation and could not be answered.
    pub(super) because: Option<String>,
}

#[derive(Clone, Default)]
pub(super) struct Record {
    pub(super) expected: Vec<Expected>,
    pub(super) calls: Vec<RecordedCall>,
    pub(super) unexpected: Vec<Unexpected>,
    /// A failure was told, and needs no telling again.
    pub(super) told: bool,
}

pub(super) struct State {
    record: Mutex<Record>,
    pub(super) clock: VirtualClock,
    /// The answer to what nobody expected, where that is no mistake.
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

    /// What is written down now. Texts are made from this copy and not under the lock, since they run
    /// the checks of the test, which may look at the fake.
    pub(super) fn copy(&self) -> Record {
        self.record().clone()
    }

    /// Answers a request. Nothing is locked while the code of a test runs: it may ask the fake.
    pub(super) async fn answer(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Bytes>, TransportError> {
        let call = RecordedCall::new(RecordedRequest::from(request), self.clock.now());
        let wanted: Vec<Arc<Wanted>> = {
            let record = self.record();
            let expected = record.expected.iter();
            expected.map(|one| Arc::clone(&one.wanted)).collect()
        };
        let matching: Vec<usize> = (0..wanted.len())
            .filter(|at| wanted.get(*at).is_some_and(|wanted| wanted.holds(&call)))
            .collect();

        let version = call.version();
        let (number, reply) = self.record().take(&call, &matching, wanted.len());
        let answer = match reply {
            Some(Reply::Fixed(answer)) => Ok(answer),
            Some(Reply::Computed(compute)) => Ok(compute(&call)),
            Some(Reply::Typed(write)) => write(&Asked::new(version, call.params()))
                .map(|body| CannedResponse::json(&body))
                .map_err(|error| format!("the reply does not serialize: {error}")),
            None => match &self.default {
                Some(answer) => Ok(answer.clone()),
                None => Err(String::new()),
            },
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(because) => return Err(self.refuse(number, wanted.len(), &matching, because)),
        };
        self.record().tell_outcome(number, answer.to_string());
        answer.give(version).await
    }

    /// Writes down that a call could not be answered, and tells the client.
    fn refuse(
        &self,
        call: usize,
        known: usize,
        matching: &[usize],
        because: String,
    ) -> TransportError {
        self.record().tell_outcome(call, "not expected".to_owned());
        let unexpected = Unexpected {
            call,
            known,
            spent: matching.to_vec(),
            because: (!because.is_empty()).then_some(because),
        };
        let text = report::in_one_line(&self.copy(), &unexpected);
        self.record().unexpected.push(unexpected);
        // No client repeats such a request: it would come as unexpected once more.
        TransportError::new(TransportErrorKind::Rejected, Sent::Never).with_source(text)
    }
}

impl Record {
    /// Writes a call down and takes the next reply of the first expectation that has one.
    fn take(
        &mut self,
        call: &RecordedCall,
        matching: &[usize],
        known: usize,
    ) -> (usize, Option<Reply>) {
        let number = self.calls.len();
        self.calls.push(call.clone());
        let reply = matching.iter().filter(|at| **at < known).find_map(|at| {
            let expected = self.expected.get_mut(*at)?;
            let step = expected.steps.iter_mut().find(|step| step.has_more())?;
            step.given = step.given.saturating_add(1);
            expected.answered.push(number);
            Some(step.reply.clone())
        });
        (number, reply)
    }

    fn tell_outcome(&mut self, call: usize, outcome: String) {
        if let Some(call) = self.calls.get_mut(call) {
            call.outcome = outcome;
        }
    }

    /// True when an expectation still waits for calls that must come, or cannot be answered.
    pub(super) fn is_unmet(expected: &Expected) -> bool {
        let waits = |step: &Step| step.given < step.at_least;
        expected.steps.is_empty() || expected.steps.iter().any(waits)
    }

    /// True when an expectation has no reply left.
    pub(super) fn is_spent(expected: &Expected) -> bool {
        !expected.has_more()
    }
}
