//! The TLS side of a server. Its cryptography is that of the features `aws-lc-rs` and `ring`, so that the
//! kit brings no second one into a program whose own stack must choose.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use rustls::{
    ALL_VERSIONS, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// Which certificate a server shows, all for `localhost` and the addresses of this machine where the
/// name does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// By the authority that the transport trusts.
    Trusted,
    Expired,
    OtherHost,
    UnknownIssuer,
    SelfSigned,
}

impl Certificate {
    fn pem(self) -> &'static [u8] {
        match self {
            Self::Trusted => include_bytes!("../certificates/localhost.pem"),
            Self::Expired => include_bytes!("../certificates/expired.pem"),
            Self::OtherHost => include_bytes!("../certificates/other_host.pem"),
            Self::UnknownIssuer => include_bytes!("../certificates/unknown_issuer.pem"),
            Self::SelfSigned => include_bytes!("../certificates/self_signed.pem"),
        }
    }
}

/// How a server speaks TLS.
#[derive(Clone, Debug)]
pub(crate) struct Tls(Arc<ServerConfig>);

impl Tls {
    pub(crate) fn new(certificate: Certificate) -> io::Result<Self> {
        Self::with(certificate, ALL_VERSIONS, &[])
    }

    pub(crate) fn with(
        certificate: Certificate,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &[&str],
    ) -> io::Result<Self> {
        let provider = provider().ok_or(io::ErrorKind::Unsupported)?;
        let pem = certificate.pem();
        let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let key = PrivateKeyDer::from_pem_slice(pem);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(
                chain.map_err(io::Error::other)?,
                key.map_err(io::Error::other)?,
            )
            .map_err(io::Error::other)?;
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self(Arc::new(config)))
    }

    /// Shakes hands.
    pub(super) fn accept(&self, tcp: Arc<TcpStream>) -> io::Result<TlsStream> {
        let connection = ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, Socket(tcp));
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(TlsStream(stream))
    }
}

/// The cryptography that is compiled in.
pub(crate) fn provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "aws-lc-rs")]
    let provider = Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    let provider = Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let provider = None;
    provider
}

/// A socket that its connection shares.
#[derive(Debug)]
struct Socket(Arc<TcpStream>);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

#[derive(Debug)]
pub(crate) struct TlsStream(StreamOwned<ServerConnection, Socket>);

impl TlsStream {
    /// What the client calls the server in its hello.
    pub(crate) fn server_name(&self) -> Option<&str> {
        self.0.conn.server_name()
    }

    /// What both chose to speak.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        self.0.conn.alpn_protocol()
    }

    pub(crate) fn goodbye(&mut self) -> io::Result<()> {
        self.0.conn.send_close_notify();
        self.0.flush()
    }

    /// Sends a fatal alert: that of a session whose client breaks the protocol.
    pub(crate) fn alert(&mut self) -> io::Result<()> {
        const NO_RECORD: [u8; 6] = [99, 3, 3, 0, 1, 0];
        self.0.conn.read_tls(&mut &NO_RECORD[..])?;
        // Its error is the point: it queues the alert.
        let _ = self.0.conn.process_new_packets();
        while self.0.conn.wants_write() {
            self.0.conn.write_tls(&mut self.0.sock)?;
        }
        Ok(())
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            // A client that leaves without a goodbye is gone all the same.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            read => read,
        }
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
