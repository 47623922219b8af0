//! One request and its response, on a connection of the pool.

use std::{mem, pin::pin, sync::Arc};

use bytes::Bytes;
use carrot_core::{
    Body, Sent, TransportError,
    transport::{TimeoutPhase, TransportErrorKind},
};
use http::{HeaderValue, Method, Request, Response, Version, header::CONTENT_LENGTH};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};

use crate::{
    body,
    connection::Connection,
    deadline::{Deadline, Expired},
    encoding::Encoding,
    error,
    inner::Inner,
    limits::Limits,
    pool::{Host, Key, Lease},
    runtime,
    target::Target,
};

/// Everything is stored here once: the future of a call is moved into its box, and each copy of a
/// request in it is moved with it.
pub(crate) struct Attempt<'a> {
    transport: &'a Inner,
    target: &'a Target,
    host: Arc<Host>,
    limits: Limits,
    encoding: Encoding,
    /// Empty while a connection has it.
    request: Request<Full<Bytes>>,
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(
        transport: &'a Inner,
        target: &'a Target,
        request: Request<Body>,
    ) -> Result<Self, TransportError> {
        let host = transport.pool.host(Key {
            runtime: runtime::current()?,
            https: target.https,
            authority: target.authority.clone(),
        });
        check_version(&request)?;
        let limits = transport.limits.of_request(request.extensions().get());
        let mut request = request.map(|body| Full::new(body.into_bytes()));
        declare_empty_body(&mut request);
        let encoding = Encoding::ask(request.headers_mut(), transport.gzip);
        Ok(Self {
            transport,
            target,
            host,
            limits,
            encoding,
            request,
        })
    }

    pub(crate) async fn run(&mut self) -> Result<Response<Bytes>, TransportError> {
        let timer = pin!(None);
        let mut deadline = Deadline::new(self.limits.attempt_timeout, timer);
        let (mut lease, response) = self.head(&mut deadline).await?;
        lease.has_response();
        let (head, body) = response.into_parts();
        let collected = {
            let collecting = pin!(body::collect(
                lease.connection(),
                body,
                head.status,
                self.limits
            ));
            deadline.bound(collecting).await
        };
        let Some(body) = collected else {
            return Err(self.out_of_time(TimeoutPhase::Body));
        };
        let body = body?;
        lease.give_back(&head.headers);
        self.encoding
            .undo(Response::from_parts(head, body), self.limits.cap())
    }

    /// Sends the request and waits for the head of its response.
    async fn head(
        &mut self,
        deadline: &mut Deadline<'_>,
    ) -> Result<(Lease, Response<Incoming>), TransportError> {
        loop {
            let mut lease = match self.transport.pool.checkout(&self.host).await {
                Some(lease) => lease,
                None => {
                    runtime::check()?;
                    // Boxed: it is large, and rare beside requests on kept connections.
                    let mut connecting = Box::pin(self.connect());
                    match deadline.bound(connecting.as_mut()).await {
                        Some(lease) => lease?,
                        None => return Err(self.out_of_time(TimeoutPhase::Connect)),
                    }
                }
            };
            self.target.write_to(&mut self.request, lease.is_http1());
            let sent = {
                let sending = pin!(lease.send(mem::take(&mut self.request)));
                deadline.bound(sending).await
            };
            let Some(sent) = sent else {
                return Err(self.out_of_time(TimeoutPhase::Response));
            };
            match sent {
                Ok(response) => return Ok((lease, response)),
                Err(unanswered) => match unanswered.untouched {
                    // It cannot arrive twice: no byte of it was written.
                    Some(untouched) if !lease.is_fresh() => self.request = untouched,
                    untouched => {
                        lease.broke();
                        let error = unanswered.error;
                        return Err(error::before_response(error, untouched.is_some()));
                    }
                },
            }
        }
    }

    async fn connect(&self) -> Result<Lease, TransportError> {
        let connected = self
            .transport
            .connector
            .connect(&self.target.address)
            .await?;
        let connection = Connection::open(connected)
            .await
            .map_err(error::in_handshake)?;
        Ok(self.transport.pool.fresh(&self.host, connection))
    }

    fn out_of_time(&self, phase: TimeoutPhase) -> TransportError {
        let limit = self.limits.attempt_timeout.unwrap_or_default();
        TransportError::timed_out(phase).with_source(Expired::Attempt(limit))
    }
}

fn check_version(request: &Request<Body>) -> Result<(), TransportError> {
    match request.version() {
        Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2 => Ok(()),
        _ => Err(TransportError::new(TransportErrorKind::Other, Sent::Never)
            .with_source("this transport speaks HTTP/1.1 and HTTP/2")),
    }
}

/// RFC 9110, section 8.6: a method that expects a body declares an empty one. hyper does not,
/// and some servers reject such a request with 411.
fn declare_empty_body(request: &mut Request<Full<Bytes>>) {
    let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    if expects_body && request.body().is_end_stream() {
        request
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(HeaderValue::from_static("0"));
    }
}
