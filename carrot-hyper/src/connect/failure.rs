use std::{error::Error as StdError, io, time::Duration};

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
    #[error("the connection ended in the TLS handshake: {0}")]
    Handshake(io::Error),
    #[error("not connected within {limit:?}{through} (`connect_timeout` allows more)")]
    Timeout {
        limit: Duration,
        /// Which proxy, where there is one.
        through: String,
    },
    #[error("the way through the proxy failed")]
    Proxy(#[source] ProxyFailure),
}

/// Why a proxy opens no tunnel. It names the proxy by host and port, never its credentials.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyFailure {
    #[error("the proxy {proxy} asks for credentials (status 407); {advice}")]
    Credentials { proxy: String, advice: &'static str },
    #[error("the proxy {proxy} rejects the connection (status {status}); ask its administrator")]
    Rejected { proxy: String, status: u16 },
    #[error("the proxy {proxy} cannot reach the server (status {status})")]
    Unreachable { proxy: String, status: u16 },
    #[error("the proxy {proxy} opens no tunnel: {problem}")]
    Broken { proxy: String, problem: String },
    #[error("no TLS session with the proxy {proxy} could be made: {problem}")]
    Tls { proxy: String, problem: String },
    #[error(
        "the proxy {proxy} does not speak HTTP: {problem}; check the scheme and the port of its address"
    )]
    Protocol { proxy: String, problem: String },
    #[error("the proxy {proxy} has no address: {problem}")]
    Dns { proxy: String, problem: String },
}

impl From<ConnectFailure> for TransportError {
    fn from(failure: ConnectFailure) -> Self {
        let kind = match &failure {
            ConnectFailure::Dns(_) => Kind::Dns,
            ConnectFailure::Tcp(_) | ConnectFailure::Handshake(_) => Kind::Connect,
            ConnectFailure::Tls(_) => Kind::Tls,
            ConnectFailure::Timeout { .. } => Kind::Timeout(TimeoutPhase::Connect),
            // What the proxy decided, it decides again.
            ConnectFailure::Proxy(
                ProxyFailure::Credentials { .. } | ProxyFailure::Rejected { .. },
            ) => Kind::Rejected,
            ConnectFailure::Proxy(ProxyFailure::Dns { .. }) => Kind::Dns,
            ConnectFailure::Proxy(ProxyFailure::Tls { .. }) => Kind::Tls,
            ConnectFailure::Proxy(ProxyFailure::Protocol { .. }) => Kind::Protocol,
            ConnectFailure::Proxy(_) => Kind::Connect,
        };
        Self::new(kind, Sent::Never).with_source(failure)
    }
}
