//! One request over a connection of bytes, which its caller gets back with the response: to open a tunnel or a
//! WebSocket.

use std::{error::Error as StdError, future::poll_fn, pin::pin, task::Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;

use super::stream::Stream;

/// The largest head of a response.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The response, and the connection behind its head.
pub(crate) struct Exchanged {
    pub(crate) response: Response<Incoming>,
    pub(crate) stream: Box<dyn Stream>,
    /// What was read behind the head.
    pub(crate) read: Bytes,
}

/// Sends a request, and waits for the head of its response.
pub(crate) async fn exchange(
    stream: Box<dyn Stream>,
    request: Request<Empty<Bytes>>,
) -> Result<Exchanged, Box<dyn StdError + Send + Sync>> {
    let (mut sender, mut connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await?;
    let mut response = pin!(sender.send_request(request));
    let response = poll_fn(|context| {
        let over = connection.poll_without_shutdown(context);
        match (response.as_mut().poll(context), over) {
            (Poll::Ready(response), _) => Poll::Ready(response.map_err(Into::into)),
            (Poll::Pending, Poll::Ready(_)) => Poll::Ready(Err("it closed the connection".into())),
            (Poll::Pending, Poll::Pending) => Poll::Pending,
        }
    });
    let response: Result<_, Box<dyn StdError + Send + Sync>> = response.await;
    let response = response?;
    let parts = connection.into_parts();
    Ok(Exchanged {
        response,
        stream: parts.io.into_inner(),
        read: parts.read_buf,
    })
}
