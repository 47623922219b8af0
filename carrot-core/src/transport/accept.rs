//! What every transport does, whatever its HTTP stack.

use std::{error::Error, io, iter};

use bytes::Bytes;
use http::{
    Method, Request,
    header::{CONTENT_LENGTH, HeaderValue},
};

use super::{Body, CallContext, Sent, TransportError, TransportErrorKind};

/// Opens a request for an HTTP stack: its limits, and the request with the bytes of its body and with the
/// `content-length` that many stacks leave out of an empty POST, PUT or PATCH.
///
/// Optional: for a transport that does not care about the differences. A request without a [`CallContext`] has no
/// limits.
///
/// # Errors
///
/// The address is not `http` or `https`: [`Rejected`](TransportErrorKind::Rejected) and [`Sent::Never`].
pub fn accept(request: Request<Body>) -> Result<(Request<Bytes>, CallContext), TransportError> {
    let context = request.extensions().get::<CallContext>().cloned();
    let context = context.unwrap_or_else(|| CallContext::new("", ""));
    if !matches!(request.uri().scheme_str(), Some("http" | "https")) {
        let error = TransportError::new(TransportErrorKind::Rejected, Sent::Never);
        return Err(error.with_source("not an address of http"));
    }
    let mut request = request.map(Body::into_bytes);
    let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    if expects_body || !request.body().is_empty() {
        let length = HeaderValue::from(request.body().len());
        request.headers_mut().insert(CONTENT_LENGTH, length);
    }
    Ok((request, context))
}

/// The body of a response as it comes in, up to [`CallContext::max_body_bytes`].
///
/// ```
/// use carrot_core::transport::{BodyCollector, CallContext};
///
/// let mut context = CallContext::new("users.get", "/v2/users/{id}");
/// context.max_body_bytes = Some(8);
/// let mut body = BodyCollector::new(&context, None)?;
/// body.push(b"four")?;
/// body.push(b"four")?;
/// assert!(body.push(b".").is_err());
/// assert!(BodyCollector::new(&context, Some(9)).is_err());
/// # Ok::<(), carrot_core::TransportError>(())
/// ```
#[derive(Debug)]
pub struct BodyCollector {
    bytes: Vec<u8>,
    limit: Option<u64>,
}

impl BodyCollector {
    /// Starts a body. `declared` is the length that the head of the response declares, or a lower bound of it;
    /// no memory is reserved for it.
    ///
    /// # Errors
    ///
    /// The declared length is above the cap: [`TooLarge`](TransportErrorKind::TooLarge) and [`Sent::Yes`].
    pub fn new(context: &CallContext, declared: Option<u64>) -> Result<Self, TransportError> {
        let body = Self {
            bytes: Vec::new(),
            limit: context.max_body_bytes,
        };
        body.check(declared.unwrap_or(0)).map(|()| body)
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    ///
    /// The body is longer than the cap, as in [`new`](Self::new). Close the connection, since the rest of the body
    /// is still to come.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.check(self.bytes.len() as u64 + bytes.len() as u64)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns the whole body.
    #[must_use]
    pub fn finish(self) -> Bytes {
        self.bytes.into()
    }

    fn check(&self, length: u64) -> Result<(), TransportError> {
        match self.limit {
            Some(limit) if length > limit => {
                let kind = TransportErrorKind::TooLarge { limit };
                Err(TransportError::new(kind, Sent::Yes).with_source("the body is too large"))
            }
            _ => Ok(()),
        }
    }
}

/// The error and all that lie beneath it, to find what a stack hides in its errors, such as a `rustls::Error`.
///
/// It goes into an [`io::Error`] too, whose `source` leaves out the error that it wraps.
pub fn sources<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        let io = error.downcast_ref::<io::Error>();
        match io.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, uri: &str, body: &'static str) -> Request<Body> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri.parse().expect(uri);
        request
    }

    #[test]
    fn length_is_exact_and_only_with_a_body() {
        for (method, body, length) in [
            (Method::GET, "", None),
            (Method::DELETE, "", None),
            (Method::DELETE, "four", Some("4")),
            (Method::POST, "", Some("0")),
            (Method::PUT, "four", Some("4")),
            (Method::PATCH, "", Some("0")),
        ] {
            let (request, context) = accept(request(method, "http://a/", body)).expect("http");
            let found = request.headers().get(CONTENT_LENGTH);
            assert_eq!(found.and_then(|value| value.to_str().ok()), length);
            assert_eq!(context, CallContext::new("", ""));
        }
        for uri in ["/path", "ftp://a/", "HTTPX://a/"] {
            let error = accept(request(Method::GET, uri, "")).expect_err(uri);
            assert_eq!(
                (error.kind(), error.sent()),
                (TransportErrorKind::Rejected, Sent::Never)
            );
        }
    }

    #[test]
    fn limits_of_the_request_are_found() {
        let mut request = request(Method::GET, "https://a/", "");
        let mut context = CallContext::new("users.get", "/");
        context.max_body_bytes = Some(0);
        request.extensions_mut().insert(context.clone());
        assert_eq!(accept(request).expect("https").1, context);
        let mut body = BodyCollector::new(&context, Some(0)).expect("no byte");
        let error = body.push(b"x").expect_err("a byte");
        let kind = TransportErrorKind::TooLarge { limit: 0 };
        assert_eq!((error.kind(), error.sent()), (kind, Sent::Yes));
        assert!(body.finish().is_empty());
    }

    #[test]
    fn wrapped_errors_are_found() {
        let inner = TransportError::new(TransportErrorKind::Dns, Sent::Never);
        let twice = io::Error::other(io::Error::other(inner));
        let outer = TransportError::in_doubt(twice);
        assert_eq!(sources(&outer).count(), 4);
        let last = sources(&outer).last().and_then(|last| last.downcast_ref());
        let kind = last.map(TransportError::kind);
        assert_eq!(kind, Some(TransportErrorKind::Dns));
    }
}
