//! Making a connection: the name, TCP, TLS, all under one limit, and an error for each step.

use std::{
    error::Error as StdError,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use rustls::ClientConfig;
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

use crate::{
    error::find,
    resolver::{Resolver, Unresolved},
};

type BoxError = Box<dyn StdError + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, ConnectFailure>> + Send>>;

/// The step at which no connection came about. Nothing of a request is sent before all are done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectFailure {
    #[error("looking up the name failed")]
    Dns(#[source] BoxError),
    #[error("connecting failed")]
    Tcp(#[source] BoxError),
    #[error("the TLS handshake failed")]
    Tls(#[source] BoxError),
    #[error("not connected within {0:?} (`connect_timeout` allows more)")]
    Timeout(Duration),
}

/// Connects by TCP, and by TLS for `https`.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    https: HttpsConnector<TcpConnector>,
    limit: Duration,
}

impl Connector {
    pub(crate) fn new(tls: ClientConfig, limit: Duration) -> Self {
        let tcp = TcpConnector::new(limit);
        Self {
            https: HttpsConnector::from((tcp, tls)),
            limit,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = ConnectFailure;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        self.https.poll_ready(context).map_err(of_either_step)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let limit = self.limit;
        let connecting = self.https.call(address);
        Box::pin(async move {
            match timeout(limit, connecting).await {
                Ok(connected) => connected.map_err(of_either_step),
                Err(_) => Err(ConnectFailure::Timeout(limit)),
            }
        })
    }
}

/// What does not come from [`TcpConnector`] comes from the TLS above it.
fn of_either_step(error: BoxError) -> ConnectFailure {
    match error.downcast::<ConnectFailure>() {
        Ok(failure) => *failure,
        Err(error) => ConnectFailure::Tls(error),
    }
}

#[derive(Clone, Debug)]
struct TcpConnector {
    http: HttpConnector<Resolver>,
    limit: Duration,
}

impl TcpConnector {
    fn new(limit: Duration) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolver::new());
        http.enforce_http(false);
        http.set_nodelay(true);
        // Shared out among the addresses of a name, so that a dead one does not use up all the time.
        http.set_connect_timeout(Some(limit));
        Self { http, limit }
    }

    fn failure(limit: Duration, error: impl StdError + Send + Sync + 'static) -> ConnectFailure {
        if find::<Unresolved>(&error).is_some() {
            return ConnectFailure::Dns(error.into());
        }
        match find::<io::Error>(&error).map(io::Error::kind) {
            Some(io::ErrorKind::TimedOut) => ConnectFailure::Timeout(limit),
            _ => ConnectFailure::Tcp(error.into()),
        }
    }
}

impl Service<Uri> for TcpConnector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectFailure;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        let limit = self.limit;
        self.http
            .poll_ready(context)
            .map_err(|error| Self::failure(limit, error))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let limit = self.limit;
        let connecting = self.http.call(address);
        Box::pin(async move {
            connecting
                .await
                .map_err(|error| Self::failure(limit, error))
        })
    }
}
