use std::{sync::Arc, time::Duration};

use crate::RetryPolicy;

const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BODY_BYTES: u64 = 16 * 1024 * 1024;

/// The timeouts, limits and retry policy of the calls of a [`Client`](crate::Client).
///
/// [`ClientBuilder::options`](crate::ClientBuilder::options) sets them for all calls of a client,
/// [`Client::with_options`](crate::Client::with_options) for some.
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is passed to a client"]
pub struct CallOptions {
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) body_idle_timeout: Option<Duration>,
    pub(crate) max_body_bytes: u64,
    pub(crate) retry: Option<Arc<dyn RetryPolicy>>,
}

impl CallOptions {
    /// Creates the default options: 30 seconds for a call, 10 seconds for an attempt, 16 MiB for a
    /// response body, the idle timeout of the transport and the retry policy of the client.
    pub fn new() -> Self {
        Self {
            call_timeout: Some(CALL_TIMEOUT),
            attempt_timeout: Some(ATTEMPT_TIMEOUT),
            body_idle_timeout: None,
            max_body_bytes: MAX_BODY_BYTES,
            retry: None,
        }
    }

    /// Sets the time for a whole call with all waits and retries. 30 seconds by default, `None` for no
    /// limit.
    pub fn call_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.call_timeout = limit.into();
        self
    }

    /// Sets the time for one attempt: connecting, sending and reading the whole response. 10 seconds by
    /// default. With `None` the timeout of the call applies, and without that the transport's own.
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.attempt_timeout = limit.into();
        self
    }

    /// Sets how long the response body may make no progress. The transport's own timeout by default,
    /// [`Duration::MAX`] for no limit.
    pub fn body_idle_timeout(mut self, limit: Duration) -> Self {
        self.body_idle_timeout = Some(limit);
        self
    }

    /// Sets the maximum size of a response body in bytes. 16 MiB by default.
    pub fn max_body_bytes(mut self, limit: u64) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// Sets the retry policy. The policy of the client by default.
    pub fn retry(mut self, policy: impl RetryPolicy) -> Self {
        self.retry = Some(Arc::new(policy));
        self
    }
}

impl Default for CallOptions {
    fn default() -> Self {
        Self::new()
    }
}
