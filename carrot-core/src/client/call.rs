//! One call, through the layers from the outside in:
//!
//! 1. the deadline of the whole call;
//! 2. retry: which failed attempts are made again, and after which pause;
//! 3. rate limit: every attempt waits for its place;
//! 4. one attempt (`attempt.rs`): send, check, decode.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::Request;

use super::{
    AttemptReport, CallOptions, Outcome, Shared,
    attempt::{self, Attempted, Failed},
    request,
    watch::{AttemptWatch, CallWatch},
};
use crate::{
    Body, CallPhase, Endpoint, Error, Sent,
    policy::within,
    retry::{FailedAttempt, FailureKind, RetryPolicy},
    transport::CallContext,
};

pub(crate) async fn call<E: Endpoint>(
    shared: &Shared,
    options: &CallOptions,
    endpoint: &E,
    deadline: Option<Duration>,
    progress: &Mutex<Progress>,
) -> Result<E::Output, Error> {
    let began = shared.clock.now();
    let call = Call {
        shared,
        options,
        endpoint,
        deadline,
        ends_at: deadline.map(|limit| began.saturating_add(limit)),
        progress,
    };
    let watch = CallWatch::begin(shared, E::NAME, began, progress);
    let result = watch.span.around(call.within_deadline()).await;
    watch.over(Outcome::of(result.as_ref().err()));
    result
}

struct Call<'a, E> {
    shared: &'a Shared,
    options: &'a CallOptions,
    endpoint: &'a E,
    deadline: Option<Duration>,
    /// On the clock of the client.
    ends_at: Option<Duration>,
    /// What the deadline finds when it passes.
    progress: &'a Mutex<Progress>,
}

/// How far a call has come.
pub(crate) struct Progress {
    phase: CallPhase,
    pub(super) attempts: u32,
    /// Of the answer to the last attempt; `None` while it is under way.
    pub(super) status: Option<u16>,
    /// The most that is known of any attempt that is over.
    sent: Sent,
    /// Whether the service may have done what one of them asked.
    may_have_been_applied: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            phase: CallPhase::RateLimit,
            attempts: 0,
            status: None,
            sent: Sent::Never,
            may_have_been_applied: false,
        }
    }
}

impl Progress {
    /// Whether giving up the call now is as if it had never begun: no attempt is under way, and none
    /// that is over may have had an effect.
    pub(crate) fn nothing_happened(&self) -> bool {
        self.phase != CallPhase::Attempt && !self.may_have_been_applied
    }
}

/// Reads or changes the progress, without holding it over an await.
pub(crate) fn look<T>(progress: &Mutex<Progress>, look: impl FnOnce(&mut Progress) -> T) -> T {
    look(&mut progress.lock().unwrap_or_else(PoisonError::into_inner))
}

impl<E: Endpoint> Call<'_, E> {
    fn progress<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        look(self.progress, change)
    }

    async fn within_deadline(&self) -> Result<E::Output, Error> {
        let request = request::build(self.shared, self.options, self.endpoint)?;
        within(&*self.shared.clock, self.deadline, self.run(request))
            .await
            .unwrap_or_else(|| Err(self.deadline_passed()))
    }

    async fn run(&self, request: Request<Body>) -> Result<E::Output, Error> {
        let mut pause = Duration::ZERO;
        loop {
            let failed = match self.attempt(request.clone(), pause).await {
                Ok(output) => {
                    self.shared.budget.succeeded();
                    return Ok(output);
                }
                Err(failed) => failed,
            };
            if let Some(output) = self.done_before(&failed) {
                return Ok(output);
            }
            pause = match self.pause(&failed) {
                Some(pause) => pause,
                None => return Err(self.given_up(failed.error)),
            };
            self.progress(|progress| {
                progress.phase = CallPhase::Pause;
                progress.sent = progress.sent.max(failed.error.sent());
                progress.may_have_been_applied |= failed.error.last_may_have_been_applied();
            });
            self.shared.clock.sleep(pause).await;
        }
    }

    /// Waits for a place and makes one attempt, after this pause.
    async fn attempt(
        &self,
        mut request: Request<Body>,
        pause: Duration,
    ) -> Result<E::Output, Failed> {
        self.in_time()?;
        let attempts = self.progress(|progress| {
            progress.phase = CallPhase::RateLimit;
            progress.attempts
        });
        let clock = &*self.shared.clock;
        let asked = clock.now();
        let rate_limit = &*self.shared.rate_limit;
        rate_limit
            .acquire()
            .await
            .map_err(|error| Error::rate_limiter::<E>(attempts, error))?;
        // Gives the place back also when the call is dropped in the middle.
        let _place = Place { rate_limit };
        self.in_time()?;

        let began = clock.now();
        let number = attempts + 1;
        self.progress(|progress| {
            progress.phase = CallPhase::Attempt;
            progress.attempts = number;
            progress.status = None;
        });

        let timeout = match (self.options.attempt_timeout, self.time_left()) {
            (Some(attempt), Some(left)) => Some(attempt.min(left)),
            (attempt, left) => attempt.or(left),
        };
        if let Some(context) = request.extensions_mut().get_mut::<CallContext>() {
            context.attempt = number;
            context.timeout = timeout;
        }
        let mut report = AttemptReport::new(E::NAME);
        report.attempt = number;
        report.pause = pause;
        report.waited = began.saturating_sub(asked);
        let watch = AttemptWatch::begin(self.shared, began, report);
        let work = attempt::attempt(self.shared, self.endpoint, request, number);
        let Attempted { status, result } = watch.span.around(work).await;
        self.progress(|progress| progress.status = status);
        if let Err(failed) = &result {
            if failed.error.is_rate_limited() {
                rate_limit.throttled(failed.retry_after);
            }
        }
        let error = result.as_ref().err().map(|failed| &failed.error);
        watch.over(status, Outcome::of(error));
        result
    }

    /// A repeated write that the service refuses because the first attempt had its effect.
    fn done_before(&self, failed: &Failed) -> Option<E::Output> {
        if !self.progress(|progress| progress.may_have_been_applied) {
            return None;
        }
        self.endpoint.already_done(failed.error.code()?)
    }

    /// The pause before the next attempt; `None` when there must be none, or the time is too short.
    fn pause(&self, failed: &Failed) -> Option<Duration> {
        let error = &failed.error;
        let safe = self.endpoint.is_idempotent();
        // The law, whatever the reasons for another attempt: a customer gets no message twice.
        if !safe && error.last_may_have_been_applied() {
            return None;
        }
        let kind = if error.is_rate_limited() {
            FailureKind::Throttled
        } else if error.is_transient() {
            FailureKind::Transient
        } else {
            return None;
        };
        let mut attempt = FailedAttempt::new(E::NAME, kind);
        attempt.attempt = self.progress(|progress| progress.attempts);
        attempt.retry_after = failed.retry_after;
        let policy: &dyn RetryPolicy = match &self.options.retry {
            Some(policy) => policy,
            None => &self.shared.retry,
        };
        let pause = policy.pause(&attempt)?;
        // A pause beyond the deadline would only hide what went wrong.
        if self.time_left().is_some_and(|left| pause >= left) {
            return None;
        }
        // What the service puts off, it expects back: only failures count against the budget.
        (kind == FailureKind::Throttled || self.shared.budget.take()).then_some(pause)
    }

    fn time_left(&self) -> Option<Duration> {
        self.ends_at
            .map(|end| end.saturating_sub(self.shared.clock.now()))
    }

    /// A wait may be overslept, by a machine that was suspended. An attempt begun then would be given
    /// up at once, and nobody would know what became of it.
    fn in_time(&self) -> Result<(), Error> {
        match self.time_left() {
            Some(Duration::ZERO) => Err(self.deadline_passed()),
            _ => Ok(()),
        }
    }

    fn deadline_passed(&self) -> Error {
        let sent = match self.progress(|progress| progress.phase) {
            CallPhase::Attempt => Sent::Maybe,
            _ => Sent::Never,
        };
        self.deadline_passed_with(sent)
    }

    /// `sent` is what is known of the attempt that was on its way.
    fn deadline_passed_with(&self, sent: Sent) -> Error {
        let limit = self.deadline.unwrap_or_default();
        let (attempts, phase) = self.progress(|progress| (progress.attempts, progress.phase));
        self.with_past(Error::deadline::<E>(attempts, limit, phase, sent))
    }

    /// The error of the last attempt. Where it had what was left of the call, the transport may notice
    /// first that the time is over, and it is the call's all the same.
    fn given_up(&self, error: Error) -> Error {
        match (error.transport(), self.time_left()) {
            (Some(cause), Some(Duration::ZERO)) if error.is_timeout() => {
                self.deadline_passed_with(cause.sent())
            }
            _ => self.with_past(error),
        }
    }

    /// Adds to the last error what is known of the attempts before.
    fn with_past(&self, error: Error) -> Error {
        self.progress(|progress| error.with_past(progress.sent, progress.may_have_been_applied))
    }
}

/// A place in the rate limit, given back when dropped.
struct Place<'a> {
    rate_limit: &'a dyn crate::RateLimiter,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.rate_limit.release();
    }
}
