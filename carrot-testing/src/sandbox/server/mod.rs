//! The sandbox on a port.

mod access;
mod clock;
mod console;
mod context;
mod log;
#[cfg(not(feature = "websocket"))]
mod no_upgrade;
mod respond;
#[cfg(feature = "websocket")]
mod upgrade;

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use carrot_core::BaseUrl;
use tokio::{sync::watch, time};

pub(in crate::sandbox) use self::clock::today;
#[cfg(not(feature = "websocket"))]
use self::no_upgrade as upgrade;
use self::{access::OPEN, context::Context, respond::respond};
use super::service::Sandbox;
pub(in crate::sandbox) use crate::port::MachineClock;
use crate::port::{Listening, Port};

/// How long requests under way may take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A [`Sandbox`] that listens on a port; made by [`Sandbox::serve`] and [`Sandbox::serve_on`].
///
/// When it is dropped it accepts no more connections; requests that came in still get their response.
#[must_use = "the server stops when this is dropped"]
pub struct SandboxServer {
    sandbox: Sandbox,
    context: Arc<Context>,
    listening: Listening,
    /// Dropping it ends the WebSockets.
    sockets: watch::Sender<()>,
}

impl SandboxServer {
    /// Returns the address in front of every path, for `base_url` of a client.
    #[must_use]
    pub fn base_url(&self) -> BaseUrl {
        self.listening.base_url().clone()
    }

    /// Returns the same address as a text, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> String {
        self.listening.base_url().to_string()
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// Stops the server, and waits for the requests under way: 10 s at most, then they are cut. WebSockets get the
    /// close code 1001.
    pub async fn stop(self) {
        self.sockets.send_replace(());
        drop(self.context);
        self.listening.stop().await;
        // Each has a receiver.
        let _ = time::timeout(STOP_TIMEOUT, self.sockets.closed()).await;
    }

    /// Returns a link that shows the state of the sandbox in a browser: users, conversations, requests with their
    /// responses, and webhooks. It opens once, and the browser that opened it sees the page from then on. Each
    /// call makes another link.
    ///
    /// # Errors
    ///
    /// The machine gives no random bytes.
    pub fn page_link(&self) -> io::Result<String> {
        let key = self.context.access.key()?;
        Ok(format!("{}{OPEN}?key={key}", self.url()))
    }

    /// Returns the sandbox behind the server.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl fmt::Debug for SandboxServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxServer")
            .field("url", &self.url())
            .field("sandbox", &self.sandbox)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Listens on a free port of 127.0.0.1, in the tokio runtime that this is called in.
    ///
    /// # Errors
    ///
    /// The machine gives no port.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime with I/O and time.
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    pub async fn serve(&self) -> io::Result<SandboxServer> {
        self.serve_on((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Listens on an address of this machine; port 0 stands for any free port. Every client that reaches
    /// an address outside of the loopback reaches the sandbox, in plain HTTP.
    ///
    /// # Errors
    ///
    /// The address is not of this machine, the port is taken, or the machine gives none.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime with I/O and time.
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    pub async fn serve_on(&self, address: SocketAddr) -> io::Result<SandboxServer> {
        let port = Port::bind(address).await?;
        let (sockets, ends) = watch::channel(());
        let context = Arc::new(Context::new(self.clone(), port.address(), ends));
        let shared = Arc::clone(&context);
        let respond = move |request| respond(Arc::clone(&shared), request);
        Ok(SandboxServer {
            sandbox: self.clone(),
            context,
            listening: port.serve(respond, STOP_TIMEOUT),
            sockets,
        })
    }
}
