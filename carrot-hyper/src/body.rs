//! Collecting the body of an answer under a cap, as long as it comes.

use bytes::{Bytes, BytesMut};
use carrot_core::{
    Sent, TransportError,
    transport::{TimeoutPhase, TransportErrorKind},
};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::{
    deadline::{Expired, from_now, until},
    error,
    hyper_transport::Limits,
};

/// Reads the whole body. A declared length over the cap fails before anything is read; a body of
/// unknown length fails with the first byte too many. Every piece that comes gives it new time.
///
/// Dropping a body that is not read to its end keeps its connection out of the pool.
pub(crate) async fn collect(mut body: Incoming, limits: Limits) -> Result<Bytes, TransportError> {
    let cap = limits.max_body_bytes;
    if body.size_hint().lower() > cap {
        return Err(too_large(cap));
    }
    let mut collected = BytesMut::new();
    while let Some(frame) = next(body.frame(), limits).await? {
        // Trailers say nothing that the service uses.
        let Ok(data) = frame.map_err(error::in_body)?.into_data() else {
            continue;
        };
        if (collected.len() as u64).saturating_add(data.len() as u64) > cap {
            return Err(too_large(cap));
        }
        if collected.is_empty() && body.is_end_stream() {
            // The usual answer comes in one piece, which needs no copy.
            return Ok(data);
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

async fn next<T>(piece: impl Future<Output = T>, limits: Limits) -> Result<T, TransportError> {
    let limit = limits.body_idle_timeout;
    until(from_now(limit), piece).await.ok_or_else(|| {
        TransportError::new(TransportErrorKind::Timeout(TimeoutPhase::Body), Sent::Yes)
            .with_source(Expired::IdleBody(limit.unwrap_or_default()))
    })
}

fn too_large(limit: u64) -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge { limit }, Sent::Yes)
}
