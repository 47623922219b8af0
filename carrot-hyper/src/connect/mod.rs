//! Making a connection: the name, TCP, a proxy, TLS, all under one limit, and an error for each step.

mod exchange;
mod failure;
mod proxy;
mod proxy_address;
mod resolver;
mod stream;
mod tcp;
mod tunnel;

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use http::{Uri, uri::Scheme};
use rustls_pki_types::ServerName;
use tokio_rustls::{TlsConnector, client::TlsStream};

#[cfg(feature = "realtime")]
pub(crate) use self::exchange::{Exchanged, exchange};
pub(crate) use self::{
    failure::ConnectFailure,
    proxy::{Proxies, host_and_port},
    stream::{Connected, Stream},
};
use self::{failure::ProxyFailure, proxy::Chosen, tcp::Tcp};
use crate::{
    deadline::timeout,
    tls::{Tls, advice},
};

/// Connects by TCP or through a proxy, and by TLS for `https`.
pub(crate) struct Connector {
    tcp: Tcp,
    tls: Arc<Tls>,
    proxies: Option<Proxies>,
    limit: Option<Duration>,
}

impl Connector {
    pub(crate) fn new(tls: Arc<Tls>, proxies: Option<Proxies>, limit: Option<Duration>) -> Self {
        Self {
            tcp: Tcp::new(limit),
            tls,
            proxies,
            limit,
        }
    }

    /// The TLS settings, read where that did not happen yet.
    pub(crate) fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The connection may speak HTTP/2 where the settings offer it.
    pub(crate) async fn connect(&self, target: &Uri) -> Result<Connected, ConnectFailure> {
        self.connect_with(target, true).await
    }

    /// The connection speaks HTTP/1.1 alone.
    #[cfg(feature = "realtime")]
    pub(crate) async fn connect_http1(&self, target: &Uri) -> Result<Connected, ConnectFailure> {
        self.connect_with(target, false).await
    }

    async fn connect_with(&self, target: &Uri, http2: bool) -> Result<Connected, ConnectFailure> {
        let proxies = self.proxies.as_ref();
        let proxy = proxies.and_then(|proxies| proxies.for_target(target));
        let steps = pin!(self.steps(target, proxy.as_ref(), http2));
        let connected = timeout(self.limit, steps).await;
        connected.unwrap_or_else(|| {
            Err(ConnectFailure::Timeout {
                limit: self.limit.unwrap_or_default(),
                through: proxy.as_ref().map(through).unwrap_or_default(),
            })
        })
    }

    async fn steps(
        &self,
        target: &Uri,
        proxy: Option<&Chosen>,
        http2: bool,
    ) -> Result<Connected, ConnectFailure> {
        let stream: Box<dyn Stream> = match proxy {
            Some(proxy) => self.through(proxy, target).await?,
            None => Box::new(self.tcp.connect(target.clone()).await?),
        };
        if target.scheme() != Some(&Scheme::HTTPS) {
            return Ok(Connected {
                stream,
                http2: false,
            });
        }
        let stream = self.handshake(stream, target, http2).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Connected {
            stream: Box::new(stream),
            http2,
        })
    }

    async fn through(
        &self,
        proxy: &Chosen,
        target: &Uri,
    ) -> Result<Box<dyn Stream>, ConnectFailure> {
        let address = proxy.intercept.uri();
        let connected = self.tcp.connect(address.clone()).await;
        let tcp = connected.map_err(|failure| of_proxy(proxy, failure))?;
        let stream: Box<dyn Stream> = match proxy.https {
            true => {
                let tls = self.handshake(Box::new(tcp), address, false).await;
                Box::new(tls.map_err(|failure| of_proxy(proxy, failure))?)
            }
            false => Box::new(tcp),
        };
        let credentials = proxy.intercept.basic_auth();
        tunnel::open(stream, &proxy.name, &host_and_port(target), credentials)
            .await
            .map_err(ConnectFailure::Proxy)
    }

    async fn handshake(
        &self,
        stream: Box<dyn Stream>,
        address: &Uri,
        http2: bool,
    ) -> Result<TlsStream<Box<dyn Stream>>, ConnectFailure> {
        let host = address.host().unwrap_or_default();
        // The brackets of an IPv6 address belong to the URL.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|error| ConnectFailure::Tls(error.into()))?;
        let config = self
            .tls
            .config(http2)
            .map_err(|problem| ConnectFailure::Tls(problem.into()))?;
        TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| match advice::explained(error, host) {
                Ok(explained) => ConnectFailure::Tls(explained),
                Err(cut) => ConnectFailure::Handshake(cut),
            })
    }
}

/// An error of the proxy names the proxy: the server has not been asked yet.
fn of_proxy(proxy: &Chosen, failure: ConnectFailure) -> ConnectFailure {
    let name = proxy.name.clone();
    ConnectFailure::Proxy(match failure {
        ConnectFailure::Dns(error) => ProxyFailure::Dns {
            proxy: name,
            problem: root(&*error),
        },
        ConnectFailure::Tcp(error) => ProxyFailure::Broken {
            proxy: name,
            problem: root(&*error),
        },
        ConnectFailure::Tls(error) => ProxyFailure::Tls {
            proxy: name,
            problem: root(&*error),
        },
        ConnectFailure::Handshake(_) => ProxyFailure::Broken {
            proxy: name,
            problem: failure.to_string(),
        },
        ConnectFailure::Timeout { limit, .. } => {
            return ConnectFailure::Timeout {
                limit,
                through: through(proxy),
            };
        }
        other @ ConnectFailure::Proxy(_) => return other,
    })
}

fn through(proxy: &Chosen) -> String {
    format!(" through the proxy {}", proxy.name)
}

fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.last().map(ToString::to_string).unwrap_or_default()
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
