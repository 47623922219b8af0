use std::fmt;

/// The kind of an [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client rejects the request because a field breaks a rule. Nothing was sent.
    InvalidRequest,
    /// There is no response; see [`Error::transport`](crate::Error::transport).
    Transport,
    /// The deadline of the whole call passed.
    Deadline,
    /// The rate limiter failed: its queue is full, or its store failed; see the source.
    RateLimit,
    /// The service returned an error; see [`Error::status`](crate::Error::status) and
    /// [`Error::code`](crate::Error::code).
    Service,
    /// The response cannot be decoded; see [`Error::path`](crate::Error::path).
    Unreadable,
    /// A listing returned the same cursor twice, or 100 pages in a row without a new record, and would not
    /// end.
    RepeatedCursor,
    /// A page of a listing with records has no cursor, not even `null`, or the cursor of the other API
    /// version. There may be more records.
    MissingCursor,
    /// A listing by offset changed while it was read, so that records may be missing: read it again.
    ListMoved,
}

impl ErrorKind {
    /// Returns a stable label for metrics, such as `service` or `repeated_cursor`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Transport => "transport",
            Self::Deadline => "deadline",
            Self::RateLimit => "rate_limit",
            Self::Service => "service",
            Self::Unreadable => "unreadable",
            Self::RepeatedCursor => "repeated_cursor",
            Self::MissingCursor => "missing_cursor",
            Self::ListMoved => "list_moved",
        }
    }
}

/// The phase of a call in which its deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallPhase {
    /// Waiting for a permit of the rate limiter.
    RateLimit,
    /// Sending the request and waiting for the response.
    Attempt,
    /// Waiting in the pause before the next attempt.
    Pause,
}

impl fmt::Display for CallPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RateLimit => "waiting for the rate limit",
            Self::Attempt => "waiting for the response",
            Self::Pause => "waiting before the next attempt",
        })
    }
}
