use std::{net::SocketAddr, sync::Arc};

use carrot_core::Clock;
use tokio::sync::watch;

use super::{access::Access, log::Log};
use crate::{port::MachineClock, sandbox::service::Sandbox};

/// What all requests on a port share.
pub(super) struct Context {
    pub(super) sandbox: Sandbox,
    pub(super) address: SocketAddr,
    pub(super) access: Access,
    pub(super) log: Log,
    /// Changes when the server stops: WebSockets end then.
    pub(super) ends: watch::Receiver<()>,
}

impl Context {
    pub(super) fn new(sandbox: Sandbox, address: SocketAddr, ends: watch::Receiver<()>) -> Self {
        Self {
            access: Access::new(address.port()),
            log: Log::new(&sandbox),
            sandbox,
            address,
            ends,
        }
    }

    /// The clock of those who wait on the port.
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        match &self.sandbox.settings().clock {
            Some(clock) => Arc::clone(clock),
            None => Arc::new(MachineClock::new()),
        }
    }
}
