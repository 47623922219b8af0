//! One call, with its layers from the outside in:
//!
//! 1. the deadline, which bounds every wait of the call: for a permit, for a response, in a pause;
//! 2. retry: decides which failed attempts are repeated, and after which pause;
//! 3. rate limit: every attempt takes a permit;
//! 4. one attempt (`attempt.rs`): send, check, decode.

use std::{pin::pin, time::Duration};

use http::{Method, Request};

use super::{
    Activity, AttemptReport, CallOptions, CallReport, Outcome, Response, Shared,
    attempt::{self, Failed},
    request,
    watch::Watch,
};
use crate::{
    Body, CallPhase, Endpoint, Error, Sent,
    error::PermitWait,
    policy::timeout,
    rate_limit::{AcquireError, AcquireRequest, Permit, PermitOutcome},
    retry::{FailedAttempt, FailureKind, RetryPolicy},
    transport::CallContext,
};

pub(super) async fn execute<E: Endpoint>(
    shared: &Shared,
    options: &CallOptions,
    endpoint: &E,
    activity: &Activity,
) -> Result<Response<E::Output>, Error> {
    let started = shared.clock.now();
    let mut call = Call {
        shared,
        options,
        endpoint,
        ends_at: options
            .call_timeout
            .map(|limit| started.saturating_add(limit)),
        sent: Sent::Never,
        may_have_been_applied: false,
        is_write: true,
        failures: Vec::new(),
        activity,
        watch: Watch::start(shared, CallReport::new(E::NAME), started),
    };
    let span = call.watch.span.clone();
    let result = span.around(pin!(call.run(started))).await;
    let result = result.map_err(|error| error.with_is_write(call.is_write));
    call.watch.finish(Outcome::of(result.as_ref().err()));
    result
}

struct Call<'a, E> {
    shared: &'a Shared,
    options: &'a CallOptions,
    endpoint: &'a E,
    /// The deadline, on the clock of the client.
    ends_at: Option<Duration>,
    /// Whether a finished attempt was sent.
    sent: Sent,
    /// Whether the service may have applied a finished attempt.
    may_have_been_applied: bool,
    is_write: bool,
    /// The kinds of the failures so far.
    failures: Vec<FailureKind>,
    activity: &'a Activity,
    watch: Watch<'a, CallReport>,
}

impl<E: Endpoint> Call<'_, E> {
    /// The clock is read once for each stage, and handed on as `now`.
    async fn run(&mut self, mut now: Duration) -> Result<Response<E::Output>, Error> {
        let mut pause = Duration::ZERO;
        loop {
            // Built for each attempt: a retry is rarer than a call that keeps no copy for it.
            let (request, context) = request::build(self.shared, self.options, self.endpoint)
                .map_err(|error| self.with_past(error))?;
            self.is_write = request.method() != Method::GET;
            let failed = match self.attempt(request, context, pause, now).await {
                Ok(response) => {
                    self.shared.budget.succeeded();
                    return Ok(response);
                }
                Err(failed) => failed,
            };
            let failed = match self.done_before(failed) {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            pause = match self.pause(&failed.error) {
                Some(pause) => pause,
                None => return Err(self.last_error(failed.error)),
            };
            self.sent = self.sent.max(failed.error.sent());
            self.may_have_been_applied |= failed.error.last_may_have_been_applied();
            self.activity.set(self.may_have_been_applied);
            self.shared.clock.sleep(pause).await;
            now = self.shared.clock.now();
            self.check_deadline(CallPhase::Pause, now)?;
        }
    }

    /// Waits for a permit and makes one attempt. `pause` was the wait before it.
    async fn attempt(
        &mut self,
        mut request: Request<Body>,
        mut context: CallContext,
        pause: Duration,
        queued: Duration,
    ) -> Result<Response<E::Output>, Failed> {
        let clock = &*self.shared.clock;
        let number = self.watch.report.attempts + 1;
        let permit = self.permit(number, queued).await?;
        let mut permit = HeldPermit::new(permit);
        let mut started = clock.now();
        // A wait may last longer than planned, on a machine that was suspended. An attempt that starts
        // too late would be cancelled, with an unknown result. Meanwhile responses may have become slower.
        self.check_deadline(CallPhase::RateLimit, started)?;
        let least_useful = self.least_useful(started);
        if self.left(started).is_some_and(|left| left < least_useful) {
            let too_late = AcquireError::TooLate { earliest: None };
            return Err(self.no_time(too_late).into());
        }
        if self.activity.wait_at_gate().await {
            started = clock.now();
        }

        self.watch.report.attempts = number;
        self.watch.report.status = None;
        let left = self.left(started);
        context.attempt = number;
        context.timeout = shorter(self.options.attempt_timeout, left);
        let max_body_bytes = context.max_body_bytes;
        // One guard for both limits: a transport has to end by the first, and the call ends by the second.
        let transport = context
            .timeout
            .map(|limit| limit.saturating_add(attempt::GRACE));
        let is_last = left.is_some_and(|left| transport.is_none_or(|limit| left < limit));
        let limit = if is_last { left } else { transport };
        request.extensions_mut().insert(context);
        let mut report = AttemptReport::new(E::NAME);
        report.attempt = number;
        report.pause = pause;
        report.waited = started.saturating_sub(queued);
        let mut watch = Watch::start(self.shared, report, started);
        self.activity.set(true);
        permit.is_sent = true;
        let sending = self.shared.transport.send(request);
        let sent = timeout(clock, limit, watch.span.around(sending)).await;
        if sent.is_none() && is_last {
            self.learn(started, left, false);
            // The watch reports the attempt as cancelled.
            return Err(self.deadline_passed(CallPhase::Attempt, Sent::Maybe).into());
        }
        let result = watch.span.in_scope(|| {
            let received = attempt::received(self.shared, sent, max_body_bytes)
                .map_err(|error| Error::from_transport::<E>(number, error))?;
            attempt::read(self.shared, self.endpoint, received, number)
        });
        let status = match &result {
            Ok(response) => Some(response.status.as_u16()),
            Err(failed) => failed.status(),
        };
        self.watch.report.status = status;
        watch.report.status = status;
        let error = result.as_ref().err().map(|failed| &failed.error);
        self.learn(started, left, status.is_some());
        permit.complete(outcome_of(error, status));
        watch.finish(Outcome::of(error));
        result
    }

    /// Learns from an attempt how long a response takes. `left` was the time of the call that was left.
    fn learn(&self, started: Duration, left: Option<Duration>, has_response: bool) {
        let now = self.shared.clock.now();
        let took = now.saturating_sub(started);
        if has_response {
            self.shared.response_times.saw(took, now);
        } else if left.is_some_and(|left| took >= left) {
            // The deadline came first. Nothing tells how much longer it would have taken, and without this an
            // overloaded client would start every later attempt as late: leave the time of a whole one. Other
            // calls may have more time than this one has in all.
            let whole = self.options.attempt_timeout.unwrap_or(took * 2);
            let call = self.options.call_timeout.unwrap_or(whole);
            self.shared.response_times.saw(whole.min(call), now);
        }
    }

    /// Waits for the permit of an attempt.
    async fn permit(&self, number: u32, queued: Duration) -> Result<Permit, Error> {
        self.check_deadline(CallPhase::RateLimit, queued)?;
        let shared = self.shared;
        let acquiring = self.acquire_request(number, queued);
        let limit = shorter(self.left(queued), self.options.permit_timeout);
        let acquire = shared.rate_limit.acquire(&acquiring);
        let permit = match timeout(&*shared.clock, limit, acquire).await {
            Some(permit) => permit,
            None => {
                self.check_deadline(CallPhase::RateLimit, shared.clock.now())?;
                Err(AcquireError::TooLate { earliest: None })
            }
        };
        permit.map_err(|error| {
            let permit_timeout = self.options.permit_timeout;
            match permit_timeout.filter(|limit| Some(*limit) == acquiring.patience) {
                Some(limit) => self.no_permit(error, PermitWait::Limited(limit)),
                None => self.no_time(error),
            }
        })
    }

    /// Limits the wait for a permit so that the attempt can still finish. If no permit is free by then,
    /// the call fails at once, with nothing sent.
    fn acquire_request(&self, number: u32, now: Duration) -> AcquireRequest {
        let mut acquiring = AcquireRequest::new(E::NAME);
        acquiring.attempt = number;
        acquiring.priority = self.options.priority.unwrap_or_default();
        let left = self.left(now);
        let useful = left.map(|left| left.saturating_sub(self.least_useful(now)));
        acquiring.patience = shorter(useful, self.options.permit_timeout);
        let lease = self.options.attempt_timeout;
        acquiring.lease = lease.map(|timeout| timeout.saturating_add(attempt::GRACE * 2));
        acquiring
    }

    /// Turns the error of a write into a success if it shows that the work is done already: a job that runs
    /// again must not fail at what it finished.
    fn done_before(&self, failed: Failed) -> Result<Response<E::Output>, Failed> {
        let output = match failed.error.code() {
            Some(code) => self.endpoint.already_done(code),
            None => None,
        };
        match (output, failed.received) {
            (Some(output), Some(received)) => Ok(Response::new(output, *received)),
            (_, received) => Err(Failed { received, ..failed }),
        }
    }

    /// Returns the pause before the next attempt, or `None` if there must be no other attempt or the time
    /// is too short.
    fn pause(&mut self, error: &Error) -> Option<Duration> {
        // Invariant: a call that is not idempotent and may have been applied is never retried.
        if !self.endpoint.is_idempotent() && error.last_may_have_been_applied() {
            return None;
        }
        let kind = error.failure_kind()?;
        self.failures.push(kind);
        let of_kind = self.failures.iter().filter(|one| **one == kind).count();
        let mut attempt = FailedAttempt::new(E::NAME, kind);
        attempt.attempt = self.watch.report.attempts;
        attempt.of_kind = u32::try_from(of_kind).unwrap_or(u32::MAX);
        attempt.has_deadline = self.ends_at.is_some();
        attempt.retry_after = error.retry_after();
        let policy: &dyn RetryPolicy = match &self.options.retry {
            Some(policy) => policy,
            None => &self.shared.retry,
        };
        let pause = policy.pause(&attempt)?;
        // A pause that leaves no time for an attempt would only hide the cause of the failure.
        if !self.has_time_after(pause) {
            return None;
        }
        // The budget limits the traffic of retries with short pauses. After a 429 the service expects
        // the retry, and during an outage the pauses are long.
        (kind != FailureKind::Transient || self.shared.budget.take()).then_some(pause)
    }

    fn time_left(&self) -> Option<Duration> {
        self.left(self.shared.clock.now())
    }

    fn left(&self, now: Duration) -> Option<Duration> {
        self.ends_at.map(|end| end.saturating_sub(now))
    }

    /// Returns the least time that an attempt needs to be useful.
    fn least_useful(&self, now: Duration) -> Duration {
        match self.options.call_timeout {
            Some(limit) => {
                let times = &self.shared.response_times;
                times.least_useful(now, limit, self.options.attempt_timeout)
            }
            None => Duration::ZERO,
        }
    }

    /// Returns true if an attempt that starts after this wait can finish before the deadline.
    fn has_time_after(&self, wait: Duration) -> bool {
        let needed = wait.saturating_add(self.least_useful(self.shared.clock.now()));
        self.time_left()
            .is_none_or(|left| wait < left && needed <= left)
    }

    fn no_permit(&self, error: AcquireError, wait: PermitWait) -> Error {
        let attempts = self.watch.report.attempts;
        self.with_past(Error::rate_limiter::<E>(attempts, error, wait))
    }

    /// Returns the error of an attempt that would start too late to finish.
    fn no_time(&self, error: AcquireError) -> Error {
        self.no_permit(
            error,
            PermitWait::Left(self.time_left().unwrap_or_default()),
        )
    }

    fn check_deadline(&self, phase: CallPhase, now: Duration) -> Result<(), Error> {
        match self.left(now) {
            Some(Duration::ZERO) => Err(self.deadline_passed(phase, Sent::Never)),
            _ => Ok(()),
        }
    }

    /// `sent` tells whether the attempt in flight was sent.
    fn deadline_passed(&self, phase: CallPhase, sent: Sent) -> Error {
        let limit = self.options.call_timeout.unwrap_or_default();
        let attempts = self.watch.report.attempts;
        self.with_past(Error::deadline::<E>(attempts, limit, phase, sent))
    }

    /// Returns the error of the last attempt. If the deadline of the call limited the attempt, a timeout
    /// reported by the transport is the deadline of the call.
    fn last_error(&self, error: Error) -> Error {
        match (error.transport(), self.time_left()) {
            (Some(cause), Some(Duration::ZERO)) if error.is_timeout() => {
                self.deadline_passed(CallPhase::Attempt, cause.sent())
            }
            _ => self.with_past(error),
        }
    }

    /// Adds the state of the earlier attempts to the last error.
    fn with_past(&self, error: Error) -> Error {
        error.with_past(
            self.sent,
            self.may_have_been_applied,
            self.watch.report.status,
        )
    }
}

fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

/// A permit that is given back at once if it is dropped before its request was sent.
struct HeldPermit {
    permit: Option<Permit>,
    is_sent: bool,
}

impl HeldPermit {
    fn new(permit: Permit) -> Self {
        Self {
            permit: Some(permit),
            is_sent: false,
        }
    }

    fn complete(mut self, outcome: PermitOutcome) {
        if let Some(permit) = self.permit.take() {
            permit.complete(outcome);
        }
    }
}

impl Drop for HeldPermit {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take().filter(|_| !self.is_sent) {
            permit.complete(PermitOutcome::Unsent);
        }
    }
}

/// Returns the outcome of an attempt for the rate limiter.
fn outcome_of(error: Option<&Error>, status: Option<u16>) -> PermitOutcome {
    match error {
        Some(error) if error.is_rate_limited() => PermitOutcome::Throttled {
            retry_after: error.retry_after(),
        },
        Some(error) if error.sent() == Sent::Never => PermitOutcome::Unsent,
        _ if status.is_some() => PermitOutcome::Responded,
        _ => PermitOutcome::Unknown,
    }
}
