//! A span for every call and one for every attempt, with the feature `tracing`; nothing without it.
//!
//! A span holds what the report to an observer does: the name of the operation, numbers, statuses,
//! durations and the ending. It never holds an address, a parameter, a body or the token.

pub(super) use self::span::Span;

#[cfg(feature = "tracing")]
mod span {
    use std::{future::Future, time::Duration};

    use tracing::{
        Instrument,
        field::{Empty, debug},
    };

    use crate::client::{AttemptReport, Outcome};

    pub(in crate::client) struct Span(tracing::Span);

    impl Span {
        pub(in crate::client) fn of_call(operation: &'static str) -> Self {
            Self(tracing::info_span!(
                "carrot.call",
                operation,
                attempts = Empty,
                status = Empty,
                outcome = Empty,
            ))
        }

        pub(in crate::client) fn of_attempt(begun: &AttemptReport) -> Self {
            let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            Self(tracing::info_span!(
                "carrot.attempt",
                operation = begun.operation,
                attempt = begun.attempt,
                pause_ms = millis(begun.pause),
                waited_ms = millis(begun.waited),
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

        pub(in crate::client) fn attempts(&self, attempts: u32) {
            self.0.record("attempts", attempts);
        }

        pub(in crate::client) fn over(&self, status: Option<u16>, outcome: Outcome) {
            self.0.record("status", status);
            self.0.record("outcome", debug(outcome));
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod span {
    use std::future::Future;

    use crate::client::{AttemptReport, Outcome};

    pub(in crate::client) struct Span;

    impl Span {
        pub(in crate::client) fn of_call(_: &'static str) -> Self {
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

        pub(in crate::client) fn attempts(&self, _: u32) {}

        pub(in crate::client) fn over(&self, _: Option<u16>, _: Outcome) {}
    }
}
