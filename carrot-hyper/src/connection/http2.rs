//! HTTP/2: one connection for many requests, driven by a task of its own.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::unanswered::Unanswered;
use crate::connect::Stream;

/// One connection carries everything: without pings, requests would go on to wait on one that is dead.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct Http2 {
    sender: SendRequest<Full<Bytes>>,
    /// One for every clone: that of the pool, and one for each request under way.
    users: Arc<()>,
}

impl Http2 {
    pub(super) async fn open(stream: Box<dyn Stream>) -> hyper::Result<Self> {
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(stream))
            .await?;
        // Its errors reach the requests.
        tokio::spawn(async move { drop(driver.await) });
        Ok(Self {
            sender,
            users: Arc::default(),
        })
    }

    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let response = self.sender.try_send_request(request);
        response.await.map_err(Unanswered::from)
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Whether only the pool holds it.
    pub(super) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.users) <= 1
    }
}
