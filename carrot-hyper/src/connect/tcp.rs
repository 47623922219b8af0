//! From a host and port to a TCP connection.

use std::{error::Error as StdError, future::poll_fn, io, time::Duration};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::net::TcpStream;
use tower_service::Service;

use super::{
    failure::ConnectFailure,
    resolver::{Resolver, Unresolved},
};
use crate::error::chain::find;

/// Connects to the addresses of a name, one family after the other where the first is slow.
#[derive(Clone, Debug)]
pub(super) struct Tcp {
    connector: HttpConnector<Resolver>,
    limit: Option<Duration>,
}

impl Tcp {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        let mut connector = HttpConnector::new_with_resolver(Resolver::new());
        connector.enforce_http(false);
        connector.set_nodelay(true);
        // Shared out among the addresses of a name, so that a dead one does not use up all the time.
        connector.set_connect_timeout(limit);
        Self { connector, limit }
    }

    pub(super) async fn connect(&self, address: Uri) -> Result<TcpStream, ConnectFailure> {
        let mut connector = self.connector.clone();
        let failure = |error| failure(self.limit, error);
        poll_fn(|context| connector.poll_ready(context))
            .await
            .map_err(failure)?;
        let stream = connector.call(address).await.map_err(failure)?;
        Ok(stream.into_inner())
    }
}

fn failure(
    limit: Option<Duration>,
    error: impl StdError + Send + Sync + 'static,
) -> ConnectFailure {
    if find::<Unresolved>(&error).is_some() {
        return ConnectFailure::Dns(error.into());
    }
    match find::<io::Error>(&error).map(io::Error::kind) {
        Some(io::ErrorKind::TimedOut) => ConnectFailure::Timeout {
            limit: limit.unwrap_or_default(),
            through: String::new(),
        },
        _ => ConnectFailure::Tcp(error.into()),
    }
}
