use std::{sync::Arc, time::Duration};

use crate::{RetryPolicy, rate_limit::Priority};

const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BODY_BYTES: u64 = 16 * 1024 * 1024;

/// The timeouts, limits and retry policy of the calls of a [`Client`](crate::Client).
///
/// [`ClientBuilder::options`](crate::ClientBuilder::options) sets them for all calls of a client,
/// [`Client::with_options`](crate::Client::with_options) for some. Every limit is an `Option`, and
/// `None` means no limit. The setters take the value with or without `Some`.
///
/// ```
/// use std::time::Duration;
///
/// use carrot_core::{Client, Error, client::CallOptions, types::{User, UserRef}, users};
///
/// /// Somebody looks at a page and waits: rather an error than more than two seconds.
/// async fn look_up(client: &Client, order: &str) -> Result<User, Error> {
///     let hurried = CallOptions::new().call_timeout(Duration::from_secs(2));
///     client.with_options(hurried).call(users::Get::new(UserRef::external(order))).await
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "does nothing until it is passed to a client"]
pub struct CallOptions {
    /// The time for a whole call with all waits and retries. 30 seconds by default.
    ///
    /// An attempt starts only with enough of it left: the time of the slowest response of the last minute or
    /// two, and a margin, but never more than `attempt_timeout` or nine tenths of this time. A call whose turn comes
    /// later fails at once with nothing sent, since its deadline would leave it uncertain.
    ///
    /// It does not apply to the calls of `pages`, `items` and `call_all`, which wait as long as needed.
    pub call_timeout: Option<Duration>,
    /// The time for one attempt: connecting, sending and reading the whole response. 10 seconds by
    /// default. It ends with the time of the call, if that is shorter.
    pub attempt_timeout: Option<Duration>,
    /// The longest wait of an attempt for the rate limit. `None` by default: the time of the call is the
    /// limit.
    ///
    /// A call that cannot get a permit within it fails at once with nothing sent;
    /// [`Error::retry_after`](crate::Error::retry_after) says when to try again.
    pub permit_timeout: Option<Duration>,
    /// How long the response body may make no progress. 5 seconds by default.
    pub body_idle_timeout: Option<Duration>,
    /// The maximum size of a response body in bytes. 16 MiB by default.
    pub max_body_bytes: Option<u64>,
    /// Which calls get a permit of the rate limit first. `None` by default: a call is
    /// [`Interactive`](Priority::Interactive), those of `pages`, `items` and `call_all` are
    /// [`Bulk`](Priority::Bulk).
    pub priority: Option<Priority>,
    /// The retry policy. `None` by default: the policy of the client.
    pub retry: Option<Arc<dyn RetryPolicy>>,
}

impl CallOptions {
    /// Creates the default options: 30 seconds for a call, 10 seconds for an attempt, 5 seconds for a
    /// stalled response body, 16 MiB for its size, and the retry policy of the client.
    pub fn new() -> Self {
        Self {
            call_timeout: Some(CALL_TIMEOUT),
            attempt_timeout: Some(ATTEMPT_TIMEOUT),
            permit_timeout: None,
            body_idle_timeout: Some(BODY_IDLE_TIMEOUT),
            max_body_bytes: Some(MAX_BODY_BYTES),
            priority: None,
            retry: None,
        }
    }

    /// Sets [`call_timeout`](Self#structfield.call_timeout).
    pub fn call_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.call_timeout = limit.into();
        self
    }

    /// Sets [`attempt_timeout`](Self#structfield.attempt_timeout).
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.attempt_timeout = limit.into();
        self
    }

    /// Sets [`permit_timeout`](Self#structfield.permit_timeout).
    pub fn permit_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.permit_timeout = limit.into();
        self
    }

    /// Sets [`body_idle_timeout`](Self#structfield.body_idle_timeout).
    pub fn body_idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.body_idle_timeout = limit.into();
        self
    }

    /// Sets [`max_body_bytes`](Self#structfield.max_body_bytes).
    pub fn max_body_bytes(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.max_body_bytes = limit.into();
        self
    }

    /// Sets [`priority`](Self#structfield.priority).
    pub fn priority(mut self, priority: impl Into<Option<Priority>>) -> Self {
        self.priority = priority.into();
        self
    }

    /// Sets [`retry`](Self#structfield.retry).
    pub fn retry(mut self, policy: impl RetryPolicy) -> Self {
        self.retry = Some(Arc::new(policy));
        self
    }

    /// Returns the options of the calls of a job: without a deadline, with the priority of bulk calls.
    pub(super) fn for_job(&self) -> Self {
        Self {
            call_timeout: None,
            priority: self.priority.or(Some(Priority::Bulk)),
            ..self.clone()
        }
    }
}

impl Default for CallOptions {
    fn default() -> Self {
        Self::new()
    }
}
