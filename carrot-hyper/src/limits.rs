use std::time::Duration;

use carrot_core::transport::CallContext;

/// What bounds an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) body_idle_timeout: Option<Duration>,
    pub(crate) max_body_bytes: u64,
}

impl Limits {
    /// The limits of the request where it carries some, these where it does not. A request with a
    /// limit above these means it: who raises a limit of the client must not have to know the
    /// transport's.
    pub(crate) fn overridden_by(self, context: Option<&CallContext>) -> Self {
        let Some(context) = context else {
            return self;
        };
        Self {
            attempt_timeout: context.timeout.or(self.attempt_timeout),
            body_idle_timeout: context.body_idle_timeout.or(self.body_idle_timeout),
            max_body_bytes: context.max_body_bytes.unwrap_or(self.max_body_bytes),
        }
    }
}
