//! The connections that wait for their next request.
//!
//! A kept connection may be dead without this side knowing: a restarted server, a gateway that forgot
//! it. A write that goes out on one may have been applied, so nobody may repeat it. The pool keeps that
//! rare: connections are kept shorter than servers keep them, those that idled together are lent one at
//! a time until a response shows that they live, and one that brings no response takes the others with
//! it. After the first one that broke under its request none is kept for a while.

mod host;
mod hosts;
mod keeper;
mod lease;
mod settings;
mod trial;

use std::sync::Arc;

use tokio::task::yield_now;

use self::hosts::Hosts;
pub(crate) use self::{host::Host, hosts::Key, lease::Lease, settings::Settings};
use crate::connection::Connection;

#[derive(Debug)]
pub(crate) struct Pool {
    hosts: Hosts,
    settings: Settings,
}

impl Pool {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            hosts: Hosts::default(),
            settings,
        }
    }

    /// The state that all requests with this key share. Found once for a request.
    pub(crate) fn host(&self, key: Key) -> Arc<Host> {
        self.hosts.get(key)
    }

    /// A kept connection, where there is one to be trusted.
    pub(crate) async fn checkout(&self, host: &Arc<Host>) -> Option<Lease> {
        if !host.lock().has_idle() {
            return None;
        }
        // The runtime looks at its sockets, so that a connection closed meanwhile is known to be.
        yield_now().await;
        let (connection, probe) = host.lock().take()?;
        let host = Arc::clone(host);
        Some(Lease::kept(host, self.settings, connection, probe))
    }

    /// A connection that was just made.
    pub(crate) fn fresh(&self, host: &Arc<Host>, connection: Connection) -> Lease {
        Lease::fresh(Arc::clone(host), self.settings, connection)
    }
}
