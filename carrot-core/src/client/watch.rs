//! Reports every call and attempt to the observer and its span, cancelled ones included.

use std::{thread, time::Duration};

use super::{AttemptReport, CallReport, Observer, Outcome, Shared, trace::Span};

/// The common part of the reports of calls and attempts.
pub(super) trait Report {
    fn span(&self) -> Span;
    fn record(&self, span: &Span);
    fn outcome(&mut self) -> &mut Outcome;
    fn took(&mut self) -> &mut Duration;
    fn notify(&self, observer: &dyn Observer);
}

/// A call or an attempt in flight. Reports it on drop, as cancelled unless [`finish`](Self::finish) was
/// called, so that a dropped future is reported too.
pub(super) struct Watch<'a, R: Report> {
    shared: &'a Shared,
    started: Duration,
    pub(super) report: R,
    pub(super) span: Span,
}

impl<'a, R: Report> Watch<'a, R> {
    pub(super) fn start(shared: &'a Shared, report: R, started: Duration) -> Self {
        Self {
            shared,
            started,
            span: report.span(),
            report,
        }
    }

    pub(super) fn finish(mut self, outcome: Outcome) {
        *self.report.outcome() = outcome;
    }
}

impl<R: Report> Drop for Watch<'_, R> {
    fn drop(&mut self) {
        // An observer that panics during a panic would abort the program, so calls dropped by a panic are
        // not reported. A call that a destructor makes and finishes meanwhile is.
        if *self.report.outcome() == Outcome::Cancelled && thread::panicking() {
            return;
        }
        self.report.record(&self.span);
        if let Some(observer) = &self.shared.observer {
            *self.report.took() = self.shared.clock.now().saturating_sub(self.started);
            self.report.notify(&**observer);
        }
    }
}

impl Report for CallReport {
    fn span(&self) -> Span {
        Span::of_call(self)
    }

    fn record(&self, span: &Span) {
        span.attempts(self.attempts);
        span.end(self.status, self.outcome);
    }

    fn outcome(&mut self) -> &mut Outcome {
        &mut self.outcome
    }

    fn took(&mut self) -> &mut Duration {
        &mut self.took
    }

    fn notify(&self, observer: &dyn Observer) {
        observer.call(self);
    }
}

impl Report for AttemptReport {
    fn span(&self) -> Span {
        Span::of_attempt(self)
    }

    fn record(&self, span: &Span) {
        span.end(self.status, self.outcome);
    }

    fn outcome(&mut self) -> &mut Outcome {
        &mut self.outcome
    }

    fn took(&mut self) -> &mut Duration {
        &mut self.took
    }

    fn notify(&self, observer: &dyn Observer) {
        observer.attempt(self);
    }
}
