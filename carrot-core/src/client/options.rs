use std::{sync::Arc, time::Duration};

use crate::RetryPolicy;

const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BODY_BYTES: u64 = 16 * 1024 * 1024;

/// Limits of the calls made through a [`Client`](crate::Client).
///
/// Set for all calls with [`ClientBuilder::options`](crate::ClientBuilder::options), for some with
/// [`Client::with_options`](crate::Client::with_options).
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to a client"]
pub struct CallOptions {
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) body_idle_timeout: Option<Duration>,
    pub(crate) max_body_bytes: u64,
    pub(crate) retry: Option<Arc<dyn RetryPolicy>>,
}

impl CallOptions {
    /// 30 seconds for a call, 10 for an attempt, 16 MiB for a body; how long a body may stand still is
    /// left to the transport.
    pub fn new() -> Self {
        Self {
            call_timeout: Some(CALL_TIMEOUT),
            attempt_timeout: Some(ATTEMPT_TIMEOUT),
            body_idle_timeout: None,
            max_body_bytes: MAX_BODY_BYTES,
            retry: None,
        }
    }

    /// The time for a whole call, everything included; `None` for no limit.
    pub fn call_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.call_timeout = limit.into();
        self
    }

    /// The time for one attempt: connecting, sending, and reading the whole answer; `None` for no
    /// limit but the time for the call, and where there is none either, the transport's own.
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.attempt_timeout = limit.into();
        self
    }

    /// How long the body of an answer may make no progress, where it should be another time than the
    /// transport's own; [`Duration::MAX`] for no limit.
    pub fn body_idle_timeout(mut self, limit: Duration) -> Self {
        self.body_idle_timeout = Some(limit);
        self
    }

    /// The largest body of an answer, in bytes.
    pub fn max_body_bytes(mut self, limit: u64) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// Another policy of retries than that of the client.
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
