//! Collecting the body of a response under a cap, as long as it makes progress.

use std::future::poll_fn;

use bytes::{Bytes, BytesMut};
use carrot_core::{
    Sent, TransportError,
    transport::{TimeoutPhase, TransportErrorKind},
};
use http::StatusCode;
use hyper::body::{Body, Incoming};
use tokio::task::coop::consume_budget;

use crate::{
    connection::Connection,
    deadline::{Expired, timeout},
    error,
    limits::Limits,
};

/// Reads the whole body. A declared length over the cap fails before anything is read; a body of
/// unknown length fails with the first byte too many. Every piece restarts the idle timeout.
///
/// The body of a rejection (4xx) that is cut is what came of it: the status says that nothing was done, and a
/// server that rejects a request early may lose the rest with its reset.
///
/// A connection whose body is not read to its end takes no other request.
pub(crate) async fn collect(
    connection: &mut Connection,
    mut body: Incoming,
    status: StatusCode,
    limits: Limits,
) -> Result<Bytes, TransportError> {
    let cap = limits.cap();
    if body.size_hint().lower() > cap {
        return Err(too_large(cap));
    }
    let mut collected = BytesMut::new();
    loop {
        // However many pieces are there already, others get their turn, and so does the timer of the attempt.
        consume_budget().await;
        let limit = limits.body_idle_timeout;
        let frame = poll_fn(|context| connection.poll_frame(context, &mut body));
        let frame = timeout(limit, frame).await.ok_or_else(|| {
            TransportError::timed_out(TimeoutPhase::Body)
                .with_source(Expired::IdleBody(limit.unwrap_or_default()))
        })?;
        let Some(frame) = frame else {
            return Ok(collected.freeze());
        };
        // Trailers say nothing that the service uses.
        let data = match frame.map_err(error::in_body) {
            Ok(frame) => frame.into_data(),
            Err(error)
                if status.is_client_error() && error.kind() == TransportErrorKind::Truncated =>
            {
                return Ok(collected.freeze());
            }
            Err(error) => return Err(error),
        };
        let Ok(data) = data else {
            continue;
        };
        if (collected.len() as u64).saturating_add(data.len() as u64) > cap {
            return Err(too_large(cap));
        }
        if collected.is_empty() && body.is_end_stream() {
            // The usual response comes in one piece, which needs no copy.
            return Ok(data);
        }
        collected.extend_from_slice(&data);
    }
}

fn too_large(limit: u64) -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge { limit }, Sent::Yes)
}
