use std::fmt;

use http::{Method, StatusCode};

/// A request and the status of its response, without secrets and personal data: for a log. It displays
/// as `GET /v2/users/{id} 200`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServedRequest {
    /// The HTTP method.
    pub method: Method,
    /// The path with `{id}` in the place of an id, and without the query. An unknown path is
    /// `(unknown address)`, a request that cannot be parsed `(unreadable request)`.
    pub path: String,
    /// The status of the response.
    pub status: StatusCode,
}

impl fmt::Display for ServedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            path,
            status,
        } = self;
        write!(f, "{method} {path} {}", status.as_u16())
    }
}
