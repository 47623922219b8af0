//! The encoding of the body of a response, and its removal.

use bytes::Bytes;
use carrot_core::{Sent, TransportError, transport::TransportErrorKind};
use http::{
    HeaderMap, Response,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING},
};

/// Whether and how the response to a request may be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// It was not asked for.
    Plain,
    /// This transport asked for gzip.
    #[cfg(feature = "gzip")]
    Gzip,
    /// The request itself names encodings: who set the header reads the response.
    OfRequest,
}

impl Encoding {
    /// Settles what the request asks for, and adds the header where this transport asks.
    pub(crate) fn ask(headers: &mut HeaderMap, gzip: bool) -> Self {
        if headers.contains_key(ACCEPT_ENCODING) {
            return Self::OfRequest;
        }
        #[cfg(feature = "gzip")]
        if gzip {
            headers.insert(ACCEPT_ENCODING, http::HeaderValue::from_static("gzip"));
            return Self::Gzip;
        }
        let _ = gzip;
        Self::Plain
    }

    /// Undoes the encoding of a body.
    ///
    /// A success in an encoding that was not asked for is an error: nobody could read it. A failure
    /// is returned as it came, since its status is what matters.
    pub(crate) fn undo(
        self,
        response: Response<Bytes>,
        limit: u64,
    ) -> Result<Response<Bytes>, TransportError> {
        let encodings = encodings(response.headers());
        if encodings.is_empty() || response.body().is_empty() || self == Self::OfRequest {
            return Ok(response);
        }
        #[cfg(feature = "gzip")]
        if self == Self::Gzip && matches!(&*encodings, [only] if only == "gzip" || only == "x-gzip")
        {
            return gzip::decoded(response, limit);
        }
        let _ = limit;
        if response.status().is_success() {
            return Err(protocol(
                "the body is compressed, as `content-encoding` says, and nobody asked for that; where something \
                 on the way compresses, let the builder ask for it with `gzip` (feature `gzip`)",
            ));
        }
        Ok(response)
    }
}

/// The encodings of a body, in small letters; none when it is as it is.
fn encodings(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect()
}

fn protocol(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, Sent::Yes).with_source(source)
}

#[cfg(feature = "gzip")]
mod gzip {
    use std::io::{ErrorKind, Read};

    use bytes::Bytes;
    use carrot_core::{Sent, TransportError, transport::TransportErrorKind};
    use flate2::bufread::MultiGzDecoder;
    use http::{
        Response,
        header::{CONTENT_ENCODING, CONTENT_LENGTH},
    };

    use super::protocol;

    /// Decodes up to the limit and one byte, whatever the body would grow to.
    pub(super) fn decoded(
        response: Response<Bytes>,
        limit: u64,
    ) -> Result<Response<Bytes>, TransportError> {
        let (mut head, body) = response.into_parts();
        let mut decoded = Vec::new();
        MultiGzDecoder::new(&*body)
            .take(limit.saturating_add(1))
            .read_to_end(&mut decoded)
            .map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => {
                    TransportError::new(TransportErrorKind::Truncated, Sent::Yes).with_source(error)
                }
                _ => protocol(error),
            })?;
        if decoded.len() as u64 > limit {
            return Err(TransportError::new(
                TransportErrorKind::TooLarge { limit },
                Sent::Yes,
            ));
        }
        // They speak of the body as it came.
        head.headers.remove(CONTENT_ENCODING);
        head.headers.remove(CONTENT_LENGTH);
        Ok(Response::from_parts(head, decoded.into()))
    }
}
