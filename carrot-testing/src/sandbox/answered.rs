use std::fmt;

use http::{Method, StatusCode};

/// A request that was answered, without anything that is secret or somebody's: for a log. It is shown
/// as `GET /v2/users/{id} 200`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered {
    /// The HTTP method.
    pub method: Method,
    /// The path with `{id}` in the place of an id, and without the query. A request to an address
    /// that the service does not have is `(unknown address)`, one that cannot be read
    /// `(unreadable request)`.
    pub path: String,
    /// The status of the answer.
    pub status: StatusCode,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            path,
            status,
        } = self;
        write!(f, "{method} {path} {}", status.as_u16())
    }
}
