//! A fake at work: it takes requests and responds to them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use carrot_core::{
    Body, Clock, Sent, TransportError, endpoint::Asked, transport::TransportErrorKind,
};
use http::{Request, Response};

use super::{
    explain,
    log::{Record, Reply, Unexpected, Wanted},
    record::RecordedCall,
};
use crate::{VirtualClock, recording::RecordedRequest, response::CannedResponse};

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
        let text = explain::in_one_line(&self.copy(), &unexpected);
        self.record().unexpected.push(unexpected);
        // No client repeats such a request: it would come as unexpected once more.
        TransportError::new(TransportErrorKind::Rejected, Sent::Never).with_source(text)
    }
}
