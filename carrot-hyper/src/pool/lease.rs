use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{host::Host, keeper, settings::Settings, trial::Trial};
use crate::{
    connection::{Connection, Unanswered},
    runtime,
};

/// A connection that carries one request. Where it is not given back, it is closed.
pub(crate) struct Lease {
    host: Arc<Host>,
    settings: Settings,
    connection: Connection,
    fresh: bool,
    trial: Option<Trial>,
}

impl Lease {
    pub(super) fn fresh(host: Arc<Host>, settings: Settings, connection: Connection) -> Self {
        // One that serves many is there for the others at once.
        if let Some(shared) = connection.shared() {
            keeper::keep(&host, shared, settings.idle_timeout, settings);
        }
        Self {
            host,
            settings,
            connection,
            fresh: true,
            trial: None,
        }
    }

    pub(super) fn kept(
        host: Arc<Host>,
        settings: Settings,
        connection: Connection,
        probe: bool,
    ) -> Self {
        Self {
            trial: Some(Trial::new(Arc::clone(&host), probe)),
            host,
            settings,
            connection,
            fresh: false,
        }
    }

    /// Whether this is the first request on the connection.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    pub(crate) fn is_http1(&self) -> bool {
        self.connection.is_http1()
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Sends the request and waits for the head of its response.
    pub(crate) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, Unanswered>> {
        self.connection.send(request)
    }

    /// The head of the response came.
    pub(crate) fn has_response(&mut self) {
        if self.fresh && !self.connection.is_http1() {
            // The others use this very connection.
            self.host.lock().vouch(false);
        }
        if let Some(trial) = self.trial.take() {
            trial.passed();
        }
    }

    /// The connection ended with the request on it, and without a response.
    pub(crate) fn broke(&self) {
        if !self.fresh && self.connection.is_http1() {
            self.host.lock().broke();
        }
    }

    /// Keeps the connection for the next request, the body of the response having been read.
    pub(crate) fn give_back(self, headers: &HeaderMap) {
        let own = self.settings.idle_timeout;
        // A request that is on its way when the server closes is lost, so this side is earlier.
        let limit = server_timeout(headers).map_or(own, |server| {
            own.min(server.saturating_sub(Duration::from_secs(1)))
        });
        // A future may be polled on one runtime and then on another.
        let home = self.host.runtime();
        if runtime::current().is_ok_and(|runtime| runtime == home) {
            keeper::keep(&self.host, self.connection, limit, self.settings);
        }
    }
}

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// How long the server keeps an idle connection, as in `Keep-Alive: timeout=5, max=100`. One that takes
/// no more requests is not kept.
fn server_timeout(headers: &HeaderMap) -> Option<Duration> {
    let parameters = headers.get_all(KEEP_ALIVE).into_iter();
    parameters
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim().trim_matches('"').parse().ok()?;
            match name.trim().to_ascii_lowercase().as_str() {
                "timeout" => Some(Duration::from_secs(value)),
                "max" if value == 0 => Some(Duration::ZERO),
                _ => None,
            }
        })
        .min()
}
