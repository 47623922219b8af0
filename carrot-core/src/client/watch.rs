//! Tells the observer and the span of every call and attempt how it ended, also where it is dropped.

use std::{sync::Mutex, thread, time::Duration};

use super::{
    AttemptReport, CallReport, Outcome, Shared,
    call::{Progress, look},
    trace::Span,
};

/// A call under way. It is cut off, unless [`over`](Self::over) says otherwise.
pub(super) struct CallWatch<'a> {
    shared: &'a Shared,
    began: Duration,
    progress: &'a Mutex<Progress>,
    report: CallReport,
    pub(super) span: Span,
}

impl<'a> CallWatch<'a> {
    pub(super) fn begin(
        shared: &'a Shared,
        operation: &'static str,
        began: Duration,
        progress: &'a Mutex<Progress>,
    ) -> Self {
        Self {
            shared,
            began,
            progress,
            report: CallReport::new(operation),
            span: Span::of_call(operation),
        }
    }

    pub(super) fn over(mut self, outcome: Outcome) {
        self.report.outcome = outcome;
    }
}

/// An observer that panics while its thread panics already would abort the program, so what is dropped
/// then is not told of. What comes to an end then, such as a call that a destructor makes, is.
fn is_lost_in_panic(outcome: Outcome) -> bool {
    outcome == Outcome::Cancelled && thread::panicking()
}

impl Drop for CallWatch<'_> {
    fn drop(&mut self) {
        if is_lost_in_panic(self.report.outcome) {
            return;
        }
        let report = &mut self.report;
        (report.attempts, report.status) = look(self.progress, |now| (now.attempts, now.status));
        self.span.attempts(report.attempts);
        self.span.over(report.status, report.outcome);
        if let Some(observer) = &self.shared.observer {
            report.took = self.shared.clock.now().saturating_sub(self.began);
            observer.call(report);
        }
    }
}

/// An attempt under way. It is cut off, unless [`over`](Self::over) says otherwise.
pub(super) struct AttemptWatch<'a> {
    shared: &'a Shared,
    began: Duration,
    report: AttemptReport,
    pub(super) span: Span,
}

impl<'a> AttemptWatch<'a> {
    pub(super) fn begin(shared: &'a Shared, began: Duration, report: AttemptReport) -> Self {
        Self {
            shared,
            began,
            span: Span::of_attempt(&report),
            report,
        }
    }

    pub(super) fn over(mut self, status: Option<u16>, outcome: Outcome) {
        self.report.status = status;
        self.report.outcome = outcome;
    }
}

impl Drop for AttemptWatch<'_> {
    fn drop(&mut self) {
        if is_lost_in_panic(self.report.outcome) {
            return;
        }
        self.span.over(self.report.status, self.report.outcome);
        if let Some(observer) = &self.shared.observer {
            self.report.took = self.shared.clock.now().saturating_sub(self.began);
            observer.attempt(&self.report);
        }
    }
}
