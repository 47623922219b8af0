//! A span for every call and every attempt, with the feature `tracing`; nothing without it.
//!
//! A span contains the same as the report to an observer: the name of the operation, numbers, statuses,
//! durations and the outcome. It never contains a URL, a parameter, a body or the token.
//!
//! `tracing` is a feature because it adds three crates, and the code without it is twenty lines.

pub(super) use self::span::Span;

#[cfg(feature = "tracing")]
mod span {
    use std::{future::Future, time::Duration};

    use tracing::{
        Instrument,
        field::{Empty, debug},
    };

    use crate::client::{AttemptReport, CallReport, Outcome};

    #[derive(Clone)]
    pub(in crate::client) struct Span(tracing::Span);

    impl Span {
        pub(in crate::client) fn of_call(report: &CallReport) -> Self {
            Self(tracing::info_span!(
                "carrot.call",
                operation = report.operation,
                attempts = Empty,
                status = Empty,
                outcome = Empty,
            ))
        }

        pub(in crate::client) fn of_attempt(report: &AttemptReport) -> Self {
            let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            Self(tracing::info_span!(
                "carrot.attempt",
                operation = report.operation,
                attempt = report.attempt,
                pause_ms = millis(report.pause),
                waited_ms = millis(report.waited),
                status = Empty,
                outcome = Empty,
            ))
        }

        pub(in crate::client) fn around<F: Future>(
            &self,
            work: F,
        ) -> impl Future<Output = F::Output> {
            work.instrument(self.0.clone())
        }

        pub(in crate::client) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
            self.0.in_scope(work)
        }

        pub(in crate::client) fn attempts(&self, attempts: u32) {
            self.0.record("attempts", attempts);
        }

        pub(in crate::client) fn end(&self, status: Option<u16>, outcome: Outcome) {
            self.0.record("status", status);
            self.0.record("outcome", debug(outcome));
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod span {
    use std::future::Future;

    use crate::client::{AttemptReport, CallReport, Outcome};

    #[derive(Clone)]
    pub(in crate::client) struct Span;

    impl Span {
        pub(in crate::client) fn of_call(_: &CallReport) -> Self {
            Self
        }

        pub(in crate::client) fn of_attempt(_: &AttemptReport) -> Self {
            Self
        }

        pub(in crate::client) fn around<F: Future>(
            &self,
            work: F,
        ) -> impl Future<Output = F::Output> {
            work
        }

        pub(in crate::client) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
            work()
        }

        pub(in crate::client) fn attempts(&self, _: u32) {}

        pub(in crate::client) fn end(&self, _: Option<u16>, _: Outcome) {}
    }
}
