//! The server that a counted process talks to.

use std::fs;

use tokio_rustls::rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};

/// Over plain HTTP/1.1, or over HTTP/2 with TLS.
#[derive(Debug)]
pub(super) struct Server {
    /// With the port.
    pub(super) host: String,
    /// The certificate, of a server with TLS.
    pub(super) certificate: Option<Vec<u8>>,
}

impl Server {
    /// `127.0.0.1:80`, or `localhost:443,/path/of/certificate.der`. It is there to the end of the process.
    pub(super) fn named(text: &str) -> &'static Self {
        let (host, certificate) = match text.split_once(',') {
            Some((host, path)) => (host, Some(fs::read(path).expect("a certificate"))),
            None => (text, None),
        };
        Box::leak(Box::new(Self {
            host: host.to_owned(),
            certificate,
        }))
    }

    pub(super) fn url(&self) -> String {
        let scheme = match self.certificate {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.host)
    }

    /// The settings of a program that trusts this server alone.
    pub(super) fn tls(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let certificate = self.certificate.clone().expect("a server with TLS");
        let added = roots.add(CertificateDer::from(certificate));
        added.expect("a certificate");
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}
