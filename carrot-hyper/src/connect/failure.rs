use std::{error::Error as StdError, time::Duration};

use carrot_core::{
    Sent, TransportError,
    transport::{TimeoutPhase, TransportErrorKind as Kind},
};

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// The step of connecting that failed. No request is sent before all are done.
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
    #[error("the way through the proxy failed")]
    Proxy(#[source] ProxyFailure),
}

/// Why a proxy opens no tunnel. It names the proxy by host and port, never its credentials.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyFailure {
    #[error(
        "the proxy {proxy} asks for credentials (status 407); put them into its address, \
         `http://user:password@host:port`"
    )]
    Credentials { proxy: String },
    #[error("the proxy {proxy} rejects the connection (status {status}); ask its administrator")]
    Rejected { proxy: String, status: u16 },
    #[error("the proxy {proxy} cannot reach the server (status {status})")]
    Unreachable { proxy: String, status: u16 },
    #[error("the proxy {proxy} opens no tunnel: {problem}")]
    Broken { proxy: String, problem: String },
    #[error("the proxy {proxy} has no address: {problem}")]
    Dns { proxy: String, problem: String },
    #[error("no TLS session with the proxy {proxy} could be made: {problem}")]
    Tls { proxy: String, problem: String },
    #[error(
        "the proxy {proxy} does not speak `{scheme}`: only `http` and `https` proxies are used"
    )]
    Scheme { proxy: String, scheme: String },
}

impl From<ConnectFailure> for TransportError {
    fn from(failure: ConnectFailure) -> Self {
        let kind = match &failure {
            ConnectFailure::Dns(_) => Kind::Dns,
            ConnectFailure::Tcp(_) => Kind::Connect,
            ConnectFailure::Tls(_) => Kind::Tls,
            ConnectFailure::Timeout(_) => Kind::Timeout(TimeoutPhase::Connect),
            // What the proxy decided, it decides again.
            ConnectFailure::Proxy(
                ProxyFailure::Credentials { .. }
                | ProxyFailure::Rejected { .. }
                | ProxyFailure::Scheme { .. },
            ) => Kind::Rejected,
            ConnectFailure::Proxy(ProxyFailure::Dns { .. }) => Kind::Dns,
            ConnectFailure::Proxy(ProxyFailure::Tls { .. }) => Kind::Tls,
            ConnectFailure::Proxy(_) => Kind::Connect,
        };
        Self::new(kind, Sent::Never).with_source(failure)
    }
}
