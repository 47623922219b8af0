use std::{borrow::Cow, time::Duration};

/// What the client tells the transport, and any decorator around it, about a request.
///
/// Its limits are those of the request: a transport's own are for requests without a context.
///
/// It is in the extensions of the request:
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
    /// Counts the attempts of one call, from 1.
    pub attempt: u32,
    /// The time left for this attempt; `None` for no limit.
    pub timeout: Option<Duration>,
    /// How long the body of the response may make no progress; `None` for no limit.
    pub body_idle_timeout: Option<Duration>,
    /// The largest body that the caller accepts, in bytes; `None` for no limit.
    pub max_body_bytes: Option<u64>,
}

impl CallContext {
    /// A first attempt with no limits.
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
}
