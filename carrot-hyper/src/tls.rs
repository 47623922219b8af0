//! TLS 1.2 or newer. The provider of cryptography is always passed by hand: rustls panics when it is
//! to choose between two that are compiled in.

use std::sync::Arc;

use carrot_core::types::InvalidValue;
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
    client::WantsClientCert,
    crypto::CryptoProvider,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::BuildError;

/// Whose certificates are trusted, beside those that the builder adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsRoots {
    /// Whom the operating system trusts. Needs the feature `platform-verifier`.
    Platform,
    /// Whom Mozilla trusts, from a list within the program. Needs the feature `webpki-roots`.
    Bundled,
    /// Nobody but those added.
    OnlyAdded,
}

pub(crate) fn config(
    roots: Option<TlsRoots>,
    added: &[CertificateDer<'static>],
    http2: bool,
) -> Result<ClientConfig, BuildError> {
    // Checked here, so that a certificate that cannot be a root is refused alike on every platform.
    let added_only = store(added)?;
    let verify = |roots| match roots {
        TlsRoots::Platform => platform(builder()?, added),
        TlsRoots::Bundled => bundled(builder()?, added_only.clone()),
        TlsRoots::OnlyAdded => only(builder()?, added_only.clone()),
    };
    let config = match roots {
        Some(roots) => verify(roots)?,
        None if cfg!(feature = "platform-verifier") => match verify(TlsRoots::Platform) {
            // An image without certificates: that is what the list within the program is for.
            Err(_) if cfg!(feature = "webpki-roots") => verify(TlsRoots::Bundled)?,
            verified => verified?,
        },
        None if cfg!(feature = "webpki-roots") => verify(TlsRoots::Bundled)?,
        None => verify(TlsRoots::OnlyAdded)?,
    };
    let mut config = config.with_no_client_auth();
    if http2 {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Ok(config)
}

/// Reads all certificates of a PEM file.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidValue> {
    let invalid = || InvalidValue::new(FIELD, "must hold one or more PEM certificates");
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| invalid())?;
    match certificates.is_empty() {
        true => Err(invalid()),
        false => Ok(certificates),
    }
}

const FIELD: &str = "root certificate";

fn store(added: &[CertificateDer<'static>]) -> Result<RootCertStore, InvalidValue> {
    let mut store = RootCertStore::empty();
    for certificate in added {
        store
            .add(certificate.clone())
            .map_err(|_| InvalidValue::new(FIELD, "must be an X.509 certificate"))?;
    }
    Ok(store)
}

type WithVerifier = ConfigBuilder<ClientConfig, WantsClientCert>;

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, BuildError> {
    ClientConfig::builder_with_provider(provider()?)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(tls)
}

#[cfg(feature = "aws-lc-rs")]
fn provider() -> Result<Arc<CryptoProvider>, BuildError> {
    Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn provider() -> Result<Arc<CryptoProvider>, BuildError> {
    Ok(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
fn provider() -> Result<Arc<CryptoProvider>, BuildError> {
    Err(tls(
        "no cryptography is compiled in; turn on the feature `aws-lc-rs` or `ring` of carrot-hyper",
    ))
}

#[cfg(feature = "platform-verifier")]
fn platform(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    added: &[CertificateDer<'static>],
) -> Result<WithVerifier, BuildError> {
    use rustls_platform_verifier::Verifier;

    let provider = Arc::clone(builder.crypto_provider());
    #[cfg(not(target_os = "android"))]
    let verifier = Verifier::new_with_extra_roots(added.iter().cloned(), provider);
    #[cfg(target_os = "android")]
    let verifier = match added.is_empty() {
        true => Verifier::new(provider),
        false => {
            return Err(tls(
                "Android trusts no certificates beside its own; choose other `TlsRoots`",
            ));
        }
    };
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier.map_err(tls)?)))
}

#[cfg(not(feature = "platform-verifier"))]
fn platform(
    _: ConfigBuilder<ClientConfig, WantsVerifier>,
    _: &[CertificateDer<'static>],
) -> Result<WithVerifier, BuildError> {
    Err(tls(
        "the trust of the platform needs the feature `platform-verifier` of carrot-hyper",
    ))
}

#[cfg(feature = "webpki-roots")]
fn bundled(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    mut store: RootCertStore,
) -> Result<WithVerifier, BuildError> {
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    only(builder, store)
}

#[cfg(not(feature = "webpki-roots"))]
fn bundled(
    _: ConfigBuilder<ClientConfig, WantsVerifier>,
    _: RootCertStore,
) -> Result<WithVerifier, BuildError> {
    Err(tls(
        "the list of roots needs the feature `webpki-roots` of carrot-hyper",
    ))
}

fn only(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    store: RootCertStore,
) -> Result<WithVerifier, BuildError> {
    if store.is_empty() {
        return Err(tls(
            "no root certificate is trusted; turn on the feature `platform-verifier` or \
             `webpki-roots` of carrot-hyper, or add a root certificate",
        ));
    }
    Ok(builder.with_root_certificates(store))
}

fn tls(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BuildError {
    BuildError::Tls(error.into())
}
