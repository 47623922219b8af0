//! A server on this machine that breaks the rules by plan, and records the requests. It listens on three ports: for
//! HTTP/1.1, for HTTP/2, and for the clients that share a limit, whose requests it counts.

mod http1;
mod http2;
mod record;
mod reply;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use carrot_examples::program::Failure;
use rcgen::CertifiedKey;
use rustls::{ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use self::record::Open;
pub(crate) use self::record::Shared;
use crate::{
    plan::Plan,
    secrets::{MARK, TOKEN},
};

/// How a call reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Direct,
    Proxied,
    Http2,
    /// With a limit that all these calls share.
    Limited,
}

impl Way {
    pub(crate) const ALL: [Self; 4] = [Self::Direct, Self::Proxied, Self::Http2, Self::Limited];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Proxied => "through a proxy",
            Self::Http2 => "over HTTP/2",
            Self::Limited => "with a shared limit",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Server {
    plain: SocketAddr,
    tls: SocketAddr,
    limited: SocketAddr,
    authority: CertificateDer<'static>,
    shared: Arc<Shared>,
    accepting: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(plan: Plan, calls: u32) -> Result<Self, Failure> {
        let shared = Arc::new(Shared::new(plan, calls));
        let (acceptor, authority) = certified()?;
        let mut accepting = JoinSet::new();
        let mut listen = async |serve| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            accepting.spawn(accept(listener, Arc::clone(&shared), serve));
            Ok::<_, io::Error>(address)
        };
        Ok(Self {
            plain: listen(Serve::Http1 { is_limited: false }).await?,
            tls: listen(Serve::Http2(acceptor)).await?,
            limited: listen(Serve::Http1 { is_limited: true }).await?,
            authority,
            shared,
            accepting,
        })
    }

    /// Where a proxy connects to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.plain
    }

    pub(crate) fn url(&self, way: Way) -> String {
        match way {
            Way::Direct | Way::Proxied => format!("http://{}", self.plain),
            Way::Http2 => format!("https://{}", self.tls),
            Way::Limited => format!("http://{}", self.limited),
        }
    }

    /// The certificate, which is its own authority.
    pub(crate) fn authority(&self) -> &[u8] {
        &self.authority
    }

    /// Takes no more connections. Those that are open end when the client closes them.
    pub(crate) async fn stop(mut self) -> Arc<Shared> {
        self.accepting.shutdown().await;
        self.shared
    }
}

/// Encrypts with a certificate of its own, for HTTP/2 alone.
fn certified() -> Result<(TlsAcceptor, CertificateDer<'static>), Failure> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([Ipv4Addr::LOCALHOST.to_string()])?;
    let certificate = cert.der().clone();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), certificate))
}

/// How the connections of a port are served.
#[derive(Clone)]
enum Serve {
    Http1 { is_limited: bool },
    Http2(TlsAcceptor),
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, serve: Serve) {
    loop {
        // An error here is that of one connection which is gone already.
        if let Ok((stream, _)) = listener.accept().await {
            let number = shared.connection();
            let open = Open::new(Arc::clone(&shared));
            let serve = serve.clone();
            tokio::spawn(async move {
                // However it ends, the connection is closed.
                let _ = connection(stream, &open.0, number, serve).await;
                drop(open);
            });
        }
    }
}

async fn connection(
    stream: TcpStream,
    shared: &Arc<Shared>,
    number: u64,
    serve: Serve,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if shared.plan().resets_unread(number) {
        return reset(&stream);
    }
    match serve {
        Serve::Http1 { is_limited } => http1::serve(stream, shared, is_limited).await,
        Serve::Http2(acceptor) => http2::serve(acceptor.accept(stream).await?, shared).await,
    }
}

/// Closes with a reset instead of a goodbye.
pub(crate) fn reset(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// The id in the path of a conversation, or of what follows it, says which call a request is of.
fn call_of_path(path: &str) -> Option<u32> {
    let rest = path.strip_prefix("/v2/conversations/")?;
    let id = rest.split_once('/').map_or(rest, |(id, _)| id);
    id.parse::<u32>().ok()?.checked_sub(1)
}

/// Whether it carries what a call of ours does: the token, and a write its text and the same number once more.
fn is_whole(head: &str, body: Option<&str>, call: u32) -> bool {
    let of_call = |body: &str| {
        let number = body
            .split('&')
            .find_map(|pair| pair.strip_prefix("random_id="));
        body.contains(MARK) && number.and_then(|number| number.parse().ok()) == Some(call + 1)
    };
    head.contains(TOKEN) && body.is_none_or(of_call)
}
