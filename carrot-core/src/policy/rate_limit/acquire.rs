use std::{error::Error, fmt, time::Duration};

/// What a limiter knows of the attempt that asks for a [`Permit`](super::Permit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcquireRequest {
    /// The stable name of the operation, such as `conversations.reply`.
    pub operation: &'static str,
    /// Counts the attempts of one call, from 1.
    pub attempt: u32,
    /// Who goes first when permits are scarce.
    pub priority: Priority,
    /// How long the caller can wait; `None` for as long as it takes. A limiter that knows that the
    /// permit comes later fails at once with [`AcquireError::TooLate`].
    pub patience: Option<Duration>,
    /// How long the permit can be held at most: the timeout of the attempt and some grace. After it a
    /// limiter may take the request for over; `None` where the attempt has no limit.
    pub lease: Option<Duration>,
}

impl AcquireRequest {
    /// Creates the request of a first attempt that waits as long as it takes.
    #[must_use]
    pub const fn new(operation: &'static str) -> Self {
        Self {
            operation,
            attempt: 1,
            priority: Priority::Interactive,
            patience: None,
            lease: None,
        }
    }
}

/// Who goes first when permits are scarce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// Somebody waits for it: a call of its own. The default of `Client::call`.
    #[default]
    Interactive,
    /// One of many: pages, items and `call_all`. Goes after interactive calls, and leaves them a
    /// reserve of the limit.
    Bulk,
}

/// The error of [`RateLimiter::acquire`](super::RateLimiter::acquire): no request may be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcquireError {
    /// The permit does not come within the patience of the caller.
    TooLate {
        /// The least time from now after which a permit can come, where it is known.
        earliest: Option<Duration>,
    },
    /// Too many wait already.
    QueueFull {
        /// How many wait.
        waiting: usize,
    },
    /// The store that the limiter is shared through failed, and the limiter is set to fail then.
    Store(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLate {
                earliest: Some(earliest),
            } => write!(
                f,
                "no permit in time: the next one is at least {} away",
                rounded(*earliest)
            ),
            Self::TooLate { earliest: None } => f.write_str("no permit in time"),
            Self::QueueFull { waiting } => {
                write!(f, "the queue is full: {waiting} attempts wait already")
            }
            Self::Store(source) => write!(f, "the store failed: {source}"),
        }
    }
}

impl Error for AcquireError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Store(source) => Some(&**source),
            _ => None,
        }
    }
}

/// A wait for people: tenths of a second are all that anybody acts on.
pub(crate) fn rounded(wait: Duration) -> String {
    let tenths = wait.as_millis().div_ceil(100);
    match (tenths / 10, tenths % 10) {
        (seconds, 0) => format!("{seconds} s"),
        (seconds, tenth) => format!("{seconds}.{tenth} s"),
    }
}
