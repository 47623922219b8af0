use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// The response to a call: the decoded value with the HTTP response.
///
/// Returned by [`Client::execute`](super::Client::execute). `Debug` shows only the status and the length
/// of the body, since the value, the headers and the body may contain personal data.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response<T> {
    /// The decoded output of the operation.
    pub value: T,
    /// The HTTP status. 2xx, unless an error of the service says that the work was done before; see [`Endpoint::already_done`](crate::Endpoint::already_done).
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
