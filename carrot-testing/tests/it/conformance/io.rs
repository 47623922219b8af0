//! The connections of the reference: TCP, and TLS over it.

use std::{io, sync::Arc};

use carrot_core::{
    Sent::{Maybe, Never},
    TransportError,
    transport::TransportErrorKind::{Connect, Dns, Other, Reset, Tls},
};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;

use super::breaks::{Break, Mutant};

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Io for T {}

/// A connection, and what was read ahead of what was used.
pub(crate) struct Conn {
    pub(crate) io: Box<dyn Io>,
    pub(crate) ahead: Vec<u8>,
    pub(crate) kept: bool,
    pub(crate) http2: bool,
    pub(crate) cut_is_end: bool,
    /// For the mutant that writes where it must not.
    pub(crate) socket: Option<std::net::TcpStream>,
}

impl Conn {
    /// Reads more; false at the end of the connection.
    pub(crate) async fn more(&mut self) -> io::Result<bool> {
        // Without room it is read in small pieces.
        self.ahead.reserve(1 << 16);
        match self.io.read_buf(&mut self.ahead).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.cut_is_end => {
                Ok(false)
            }
            read => Ok(read? > 0),
        }
    }
}

pub(crate) async fn open(
    of: &Mutant,
    https: bool,
    host: &str,
    port: u16,
) -> Result<Conn, TransportError> {
    let unsent = match of.is(Break::UnsentAsMaybe) {
        true => Maybe,
        false => Never,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = lookup_host((bare, port))
        .await
        .map_err(|error| TransportError::new(Dns, unsent).with_source(error))?;
    let mut last = io::Error::other("no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(tcp) => return secure(of, https, bare, tcp).await,
            Err(error) => last = error,
        }
    }
    Err(TransportError::new(Connect, unsent).with_source(last))
}

async fn secure(
    of: &Mutant,
    https: bool,
    host: &str,
    tcp: TcpStream,
) -> Result<Conn, TransportError> {
    tcp.set_nodelay(true).unwrap();
    let socket = socket2::SockRef::from(&tcp)
        .try_clone()
        .ok()
        .map(Into::into);
    let mut conn = Conn {
        io: Box::new(tokio::io::empty()),
        ahead: Vec::new(),
        kept: false,
        http2: false,
        cut_is_end: of.is(Break::CutIsEnd),
        socket,
    };
    if !https {
        conn.io = Box::new(tcp);
        return Ok(conn);
    }
    let sent = match of.is(Break::TlsAsMaybe) {
        true => Maybe,
        false => Never,
    };
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| TransportError::new(Other, Never).with_source(error))?;
    if of.is(Break::RejectsAddresses) && matches!(name, ServerName::IpAddress(_)) {
        return Err(TransportError::new(Tls, Never).with_source("no name"));
    }
    match TlsConnector::from(Arc::clone(&of.tls))
        .connect(name, tcp)
        .await
    {
        Ok(tls) => {
            conn.http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
            conn.io = Box::new(tls);
            Ok(conn)
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(TransportError::new(Tls, sent).with_source(error))
        }
        Err(error) => Err(TransportError::new(Connect, sent).with_source(error)),
    }
}

pub(crate) fn lost(error: io::Error) -> TransportError {
    TransportError::new(Reset, Maybe).with_source(error)
}

pub(crate) fn tls(breaks: Break, root: &str, http2: bool) -> Arc<ClientConfig> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(root.as_bytes()).unwrap();
    if breaks == Break::IgnoresAddedRoot {
        let other = include_bytes!("../../../src/conformance/certificates/self_signed.pem");
        roots
            .add(CertificateDer::from_pem_slice(other).unwrap())
            .unwrap();
    } else {
        roots.add(der).unwrap();
    }
    let versions: &[_] = match breaks {
        Break::OnlyTls13 => &[&TLS13],
        _ => &[&TLS12, &TLS13],
    };
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Lenient { verifier, breaks }))
        .with_no_client_auth();
    config.enable_sni = breaks != Break::NoServerName;
    let offered = match breaks {
        Break::NeverHttp2 => false,
        Break::AlwaysHttp2 => true,
        _ => http2,
    };
    if offered {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Arc::new(config)
}

/// Checks a certificate, and lets pass what its mutant lets pass.
#[derive(Debug)]
struct Lenient {
    verifier: Arc<WebPkiServerVerifier>,
    breaks: Break,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use rustls::CertificateError as Bad;
        let verified = self
            .verifier
            .verify_server_cert(end_entity, intermediates, name, ocsp, now);
        match (self.breaks, &verified) {
            (Break::AcceptsAnyCertificate, _)
            | (
                Break::SkipsHostName,
                Err(rustls::Error::InvalidCertificate(
                    Bad::NotValidForName | Bad::NotValidForNameContext { .. },
                )),
            )
            | (
                Break::SkipsExpiry,
                Err(rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. })),
            ) => Ok(ServerCertVerified::assertion()),
            _ => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
