use std::{error::Error, fmt, time::Duration};

/// Describes the attempt that needs a [`Permit`](super::Permit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcquireRequest {
    /// The stable name of the operation, such as `conversations.reply`.
    pub operation: &'static str,
    /// The number of the attempt within its call, from 1.
    pub attempt: u32,
    /// The priority among the attempts that wait for a permit.
    pub priority: Priority,
    /// How long the caller can wait; `None` means without limit. A limiter that knows that no permit
    /// is free within this time fails at once with [`AcquireError::TooLate`].
    pub patience: Option<Duration>,
    /// The longest time that the caller holds the permit: the timeout of the attempt and a margin. After
    /// it a limiter treats the request as ended, until it learns of the end. `None` if the attempt has no
    /// timeout: the limiters of this crate assume five minutes then, and a day at most.
    pub lease: Option<Duration>,
}

impl AcquireRequest {
    /// Creates the request of a first, interactive attempt that waits without limit.
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

/// The priority of an attempt that waits for a permit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// A single call, whose caller waits for the response. The default of `Client::call`.
    #[default]
    Interactive,
    /// One of many calls: pages, items and `call_all`. Comes after interactive calls, and leaves a
    /// part of the limit to them.
    Bulk,
}

/// The error of [`RateLimiter::acquire`](super::RateLimiter::acquire). The request must not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcquireError {
    /// No permit is free within [`AcquireRequest::patience`].
    TooLate {
        /// The least time until a permit can be free, if it is known.
        earliest: Option<Duration>,
    },
    /// Too many attempts wait already.
    QueueFull {
        /// The number of waiting attempts.
        waiting: usize,
    },
    /// The shared store of the limiter failed, and the limiter is configured to fail then.
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

/// Formats a wait for an error text, in tenths of a second.
pub(crate) fn rounded(wait: Duration) -> String {
    let tenths = wait.as_millis().div_ceil(100);
    match (tenths / 10, tenths % 10) {
        (seconds, 0) => format!("{seconds} s"),
        (seconds, tenth) => format!("{seconds}.{tenth} s"),
    }
}
