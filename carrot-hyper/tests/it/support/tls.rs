//! An authority of the tests' own, and servers with certificates from it.

use std::sync::{Arc, LazyLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::{ALL_VERSIONS, ServerConfig, SupportedProtocolVersion, crypto::CryptoProvider};
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// The authority that the tests trust.
pub(crate) static CA: LazyLock<Authority> = LazyLock::new(|| Authority::new("trusted"));

type Versions<'v> = &'v [&'static SupportedProtocolVersion];

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// Serves as this host.
    pub(crate) fn acceptor(&self, host: &str, alpn: &[&str]) -> TlsAcceptor {
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        self.acceptor_with(&params, alpn, ALL_VERSIONS)
    }

    /// Serves with the certificate of the authority itself, for its name.
    pub(crate) fn own_acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.0.key().serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(ALL_VERSIONS)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.0.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Serves as this host, with a certificate whose time is over.
    pub(crate) fn expired_acceptor(&self, host: &str) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.acceptor_with(&params, &[], ALL_VERSIONS)
    }

    /// Serves as this host, and speaks only this version.
    pub(crate) fn acceptor_of(
        &self,
        host: &str,
        version: &'static SupportedProtocolVersion,
    ) -> TlsAcceptor {
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        self.acceptor_with(&params, &[], &[version])
    }

    fn acceptor_with(
        &self,
        params: &CertificateParams,
        alpn: &[&str],
        versions: Versions<'_>,
    ) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

#[cfg(feature = "aws-lc-rs")]
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(not(feature = "aws-lc-rs"))]
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
