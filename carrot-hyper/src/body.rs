//! Collecting the body of an answer under a cap.

use bytes::{Bytes, BytesMut};
use carrot_core::{Sent, TransportError, transport::TransportErrorKind};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::error;

/// Reads the whole body. A declared length over the cap fails before anything is read; a body of
/// unknown length fails with the first byte too many.
pub(crate) async fn collect(mut body: Incoming, limit: u64) -> Result<Bytes, TransportError> {
    if body.size_hint().lower() > limit {
        return Err(too_large(limit));
    }
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers say nothing that the service uses.
        let Ok(data) = frame.map_err(error::in_body)?.into_data() else {
            continue;
        };
        if (collected.len() as u64).saturating_add(data.len() as u64) > limit {
            return Err(too_large(limit));
        }
        if collected.is_empty() && body.is_end_stream() {
            // The usual answer comes in one piece, which needs no copy.
            return Ok(data);
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

fn too_large(limit: u64) -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge { limit }, Sent::Yes)
}
