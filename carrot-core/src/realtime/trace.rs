//! A span for every connection of a listener, with the feature `tracing`; nothing without it.
//!
//! It contains the same as the report to an observer, as it is at the end of the connection: patterns of channels,
//! numbers, statuses. It never contains a URL, an id, a message or the token.

pub(super) use self::span::Span;

#[cfg(feature = "tracing")]
mod span {
    use carrot_types::realtime::RealtimeChannel;
    use tracing::field::{Empty, debug};

    use crate::client::{RealtimeChange, RealtimeReport};

    pub(in crate::realtime) struct Span(tracing::Span);

    impl Span {
        pub(in crate::realtime) fn of_connection(channels: &[RealtimeChannel]) -> Self {
            let channels: Vec<&str> = channels.iter().map(RealtimeChannel::pattern).collect();
            Self(tracing::info_span!(
                "carrot.listen",
                channels = channels.join(" "),
                connection = Empty,
                failures = Empty,
                status = Empty,
                close_code = Empty,
                messages = Empty,
                replayed = Empty,
                duplicates = Empty,
                late = Empty,
                holes = Empty,
                repaired = Empty,
                rewinds = Empty,
                gaps = Empty,
                unreadable = Empty,
                lag_seconds = Empty,
                outcome = Empty,
            ))
        }

        pub(in crate::realtime) fn gap(&self, report: &RealtimeReport) {
            tracing::warn!(parent: &self.0, gaps = report.gaps, "messages are missing");
        }

        /// `change` is `None` for a connection that is dropped to request missing messages.
        pub(in crate::realtime) fn end(
            self,
            report: &RealtimeReport,
            change: Option<RealtimeChange>,
        ) {
            let span = self.0;
            span.record("connection", report.connections);
            span.record("failures", report.failures);
            span.record("status", report.status);
            span.record("close_code", report.close_code.map(|code| code.get()));
            span.record("messages", report.messages);
            span.record("replayed", report.replayed);
            span.record("duplicates", report.duplicates);
            span.record("late", report.late);
            span.record("holes", report.holes);
            span.record("repaired", report.repaired);
            span.record("rewinds", report.rewinds);
            span.record("gaps", report.gaps);
            span.record("unreadable", report.unreadable);
            span.record("lag_seconds", report.lag.map(|lag| lag.as_secs()));
            match change {
                Some(change) => span.record("outcome", debug(change)),
                None => span.record("outcome", "Rewind"),
            };
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod span {
    use carrot_types::realtime::RealtimeChannel;

    use crate::client::{RealtimeChange, RealtimeReport};

    pub(in crate::realtime) struct Span;

    impl Span {
        pub(in crate::realtime) fn of_connection(_: &[RealtimeChannel]) -> Self {
            Self
        }

        pub(in crate::realtime) fn gap(&self, _: &RealtimeReport) {}

        pub(in crate::realtime) fn end(self, _: &RealtimeReport, _: Option<RealtimeChange>) {}
    }
}
