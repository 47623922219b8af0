//! What every transport does, whatever its HTTP stack.

use std::io;

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

    /// Reads a body to its end from a reader that blocks, and returns the whole of it: in place of
    /// [`push`](Self::push) and [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// The body is longer than the cap, or reading it fails, of which `failed` makes the error.
    pub fn read(
        mut self,
        mut reader: impl io::Read,
        failed: impl FnOnce(io::Error) -> TransportError,
    ) -> Result<Bytes, TransportError> {
        let mut piece = [0; 16 * 1024];
        loop {
            match reader.read(&mut piece) {
                Ok(0) => return Ok(self.finish()),
                Ok(read) => self.push(piece.get(..read).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
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

    /// Is interrupted, gives two bytes, and then fails or ends.
    struct Uneven(u8, Option<io::ErrorKind>);

    impl io::Read for Uneven {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 | 3 => Err(io::ErrorKind::Interrupted.into()),
                2 => {
                    buffer[..2].copy_from_slice(b"ab");
                    Ok(2)
                }
                _ => self.1.map_or(Ok(0), |kind| Err(kind.into())),
            }
        }
    }

    #[test]
    fn blocking_body_is_read_to_its_end() {
        let body = |cap| {
            let mut context = CallContext::new("users.get", "/");
            context.max_body_bytes = Some(cap);
            BodyCollector::new(&context, None).expect("nothing is declared")
        };
        let failed = |error| TransportError::in_doubt(error);
        let whole = body(2).read(Uneven(0, None), failed);
        assert_eq!(whole.expect("two bytes"), "ab");
        let error = body(1).read(Uneven(0, None), failed).expect_err("a cap");
        assert_eq!(error.kind(), TransportErrorKind::TooLarge { limit: 1 });
        let cut = Uneven(0, Some(io::ErrorKind::UnexpectedEof));
        let error = body(2).read(cut, failed).expect_err("cut");
        assert_eq!(error.kind(), TransportErrorKind::Other);
    }
}
