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
}
