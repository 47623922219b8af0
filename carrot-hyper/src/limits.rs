use std::time::Duration;

use carrot_core::transport::CallContext;

/// What bounds an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) body_idle_timeout: Option<Duration>,
    pub(crate) max_body_bytes: Option<u64>,
}

impl Limits {
    /// The limits of the request where it carries a context, these where it does not. The two are not
    /// mixed: who raises a limit of the client must not have to know the transport's.
    pub(crate) fn of_request(self, context: Option<&CallContext>) -> Self {
        match context {
            Some(context) => Self {
                attempt_timeout: context.timeout,
                body_idle_timeout: context.body_idle_timeout,
                max_body_bytes: context.max_body_bytes,
            },
            None => self,
        }
    }

    /// The cap on a body.
    pub(crate) fn cap(&self) -> u64 {
        self.max_body_bytes.unwrap_or(u64::MAX)
    }
}
