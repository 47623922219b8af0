//! HTTP/1.1: one request at a time, and the call itself drives the connection.
//!
//! There is no task beside the call, so what lies in the socket is read by the very poll that would
//! otherwise say that the time is out, and dropping the call closes the connection.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Body as _, Frame, Incoming},
    client::conn::http1::{self, Connection, SendRequest},
};
use hyper_util::rt::TokioIo;

use super::{
    early::{Broken, Early},
    unanswered::Unanswered,
};
use crate::connect::Stream;

type Driver = Connection<TokioIo<Early<Box<dyn Stream>>>, Full<Bytes>>;

pub(crate) struct Http1 {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once the connection is over. What it left unanswered fails when it is dropped.
    driver: Option<Driver>,
    broken: Broken,
}

impl Http1 {
    pub(super) async fn open(stream: Box<dyn Stream>) -> hyper::Result<Self> {
        let (stream, broken) = Early::new(stream);
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self {
            sender,
            driver: Some(driver),
            broken,
        })
    }

    /// Reads and writes what can be. Ready when the connection is over.
    pub(super) fn drive(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(driver) = &mut self.driver {
            if Pin::new(driver).poll(context).is_ready() {
                self.driver = None;
            }
        }
        match self.driver {
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }
    }

    /// Not an `async fn`: the request is hyper's at once, and the future holds no copy of it.
    pub(super) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, Unanswered>> {
        let response = self.sender.try_send_request(request);
        let driver = &mut self.driver;
        async move {
            let mut response = pin!(response);
            let response = poll_fn(|context| {
                if let Some(running) = driver {
                    if Pin::new(running).poll(context).is_ready() {
                        *driver = None;
                    }
                }
                response.as_mut().poll(context)
            });
            response.await.map_err(Unanswered::from)
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
        body: &mut Incoming,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let _ = self.drive(context);
        Pin::new(body).poll_frame(context)
    }

    /// Whether another request can be sent, as far as is known without waiting.
    pub(super) fn is_ready(&mut self, context: &mut Context<'_>) -> bool {
        self.drive(context).is_pending()
            && !self.broken.get()
            && matches!(self.sender.poll_ready(context), Poll::Ready(Ok(())))
    }
}
