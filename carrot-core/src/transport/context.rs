use std::{borrow::Cow, time::Duration};

/// The name, attempt and limits of a request, for the transport and its decorators.
///
/// The client stores it in the extensions of the request. Its limits replace those of the transport, which
/// apply only to requests without a context.
///
/// ```
/// # use carrot_core::{Body, transport::CallContext};
/// fn label(request: &http::Request<Body>) -> &'static str {
///     request.extensions().get::<CallContext>().map_or("unknown", |call| call.operation)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallContext {
    /// The stable name of the operation, such as `conversations.reply`.
    pub operation: &'static str,
    /// The path with `{id}` in place of every id, such as `/v2/conversations/{id}/reply`.
    pub path_template: Cow<'static, str>,
    /// The number of the attempt within its call, from 1.
    pub attempt: u32,
    /// The time left for this attempt; `None` for no limit.
    pub timeout: Option<Duration>,
    /// How long the response body may make no progress; `None` for no limit.
    pub body_idle_timeout: Option<Duration>,
    /// The maximum size of the response body in bytes; `None` for no limit.
    pub max_body_bytes: Option<u64>,
}

impl CallContext {
    /// Creates the context of a first attempt without limits.
    pub fn new(operation: &'static str, path_template: impl Into<Cow<'static, str>>) -> Self {
        Self {
            operation,
            path_template: path_template.into(),
            attempt: 1,
            timeout: None,
            body_idle_timeout: None,
            max_body_bytes: None,
        }
    }

    /// Returns what is left of the [`timeout`](Self::timeout) of an attempt that runs for `elapsed` already;
    /// [`Duration::MAX`] for no limit.
    #[must_use]
    pub fn time_left(&self, elapsed: Duration) -> Duration {
        self.timeout
            .map_or(Duration::MAX, |limit| limit.saturating_sub(elapsed))
    }

    /// Returns how long an attempt that runs for `elapsed` already may wait for the next bytes of the body: the
    /// [`body_idle_timeout`](Self::body_idle_timeout), or the [`time_left`](Self::time_left) where it is shorter.
    #[must_use]
    pub fn body_time_left(&self, elapsed: Duration) -> Duration {
        let idle = self.body_idle_timeout.unwrap_or(Duration::MAX);
        idle.min(self.time_left(elapsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_limit_counts_in_the_body() {
        const SECOND: Duration = Duration::from_secs(1);
        let mut context = CallContext::new("users.get", "/");
        assert_eq!(context.time_left(SECOND), Duration::MAX);
        assert_eq!(context.body_time_left(SECOND), Duration::MAX);
        context.body_idle_timeout = Some(SECOND * 3);
        assert_eq!(context.time_left(SECOND), Duration::MAX);
        assert_eq!(context.body_time_left(SECOND), SECOND * 3);
        context.timeout = Some(SECOND * 5);
        assert_eq!(context.time_left(SECOND), SECOND * 4);
        for (elapsed, left) in [(1, 3), (3, 2), (5, 0), (9, 0)] {
            assert_eq!(context.body_time_left(SECOND * elapsed), SECOND * left);
        }
    }
}
