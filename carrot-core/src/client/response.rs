use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// The response to a call: the decoded value with the HTTP response it came in.
///
/// Returned by [`Client::execute`](super::Client::execute). `Debug` shows the status and the length of
/// the body; the value, the headers and the body may hold people's data.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response<T> {
    /// The decoded output of the operation.
    pub value: T,
    /// The HTTP status: 2xx, except where an earlier attempt had been applied and the last one only
    /// confirmed it, as [`Endpoint::already_done`](crate::Endpoint::already_done) says.
    pub status: StatusCode,
    /// The HTTP headers.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: Bytes,
}

impl<T> Response<T> {
    pub(super) fn new(value: T, received: http::Response<Bytes>) -> Self {
        let (parts, body) = received.into_parts();
        Self {
            value,
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

impl<T> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
