//! A bound port, and the server behind it until it is stopped or dropped.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use carrot_core::BaseUrl;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time};

use super::{Cut, accept::accept};

/// A port that accepts no connection yet.
pub(crate) struct Port {
    listener: TcpListener,
    address: SocketAddr,
    base_url: BaseUrl,
}

impl Port {
    /// Takes an address of this machine; port 0 stands for any free port.
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let base_url = format!("http://{address}").parse();
        let base_url = base_url.map_err(io::Error::other)?;
        // A runtime without time is found out here, not when the first pause is due.
        drop(time::sleep(Duration::ZERO));
        Ok(Self {
            listener,
            address,
            base_url,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts connections from now on. Requests under way have this time when the server stops.
    pub(crate) fn serve<F>(
        self,
        respond: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        stop_timeout: Duration,
    ) -> Listening
    where
        F: Future<Output = Result<Response<Full<Bytes>>, Cut>> + Send + 'static,
    {
        let (running, stopped) = oneshot::channel();
        Listening {
            address: self.address,
            base_url: self.base_url,
            running,
            accepting: tokio::spawn(accept(respond, self.listener, stopped, stop_timeout)),
        }
    }
}

/// A server on a port. When it is dropped it accepts no more connections.
pub(crate) struct Listening {
    address: SocketAddr,
    base_url: BaseUrl,
    /// Dropping it is the signal to stop.
    running: oneshot::Sender<Infallible>,
    accepting: JoinHandle<()>,
}

impl Listening {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    pub(crate) async fn stop(self) {
        drop(self.running);
        // An error is the end of the runtime, and no response is sent then.
        let _ = self.accepting.await;
    }
}
