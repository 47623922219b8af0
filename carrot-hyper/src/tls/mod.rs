//! TLS 1.2 or newer. The cryptography provider is always passed explicitly: rustls panics where it has to
//! choose between two that are compiled in.

pub(crate) mod advice;
pub(crate) mod roots;

use std::sync::{Arc, OnceLock};

use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
    client::WantsClientCert,
    crypto::CryptoProvider,
    version::{TLS12, TLS13},
};
use rustls_pki_types::CertificateDer;

use crate::BuildError;

/// The root certificates that a transport trusts, beside those that its builder adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsRoots {
    /// The platform's root certificates. Needs the feature `platform-verifier`.
    Platform,
    /// Mozilla's root certificates, compiled into the program. Needs the feature `webpki-roots`.
    Bundled,
    /// The added certificates alone.
    OnlyAdded,
}

/// The TLS settings of a transport.
///
/// Reading the platform's certificates takes milliseconds, so it waits until a connection needs them:
/// a test suite over plain `http` never does. Everything that can be checked without is checked at
/// once.
#[derive(Debug)]
pub(crate) struct Tls {
    roots: Option<TlsRoots>,
    added: Vec<CertificateDer<'static>>,
    http2: bool,
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    pub(crate) fn new(
        roots: Option<TlsRoots>,
        added: Vec<CertificateDer<'static>>,
        http2: bool,
    ) -> Result<Self, BuildError> {
        let tls = Self {
            roots,
            added,
            http2,
            config: OnceLock::new(),
        };
        provider()?;
        let platform = matches!(roots, None | Some(TlsRoots::Platform));
        if !(platform && cfg!(feature = "platform-verifier")) {
            tls.check()?;
        }
        Ok(tls)
    }

    /// Reads the roots if that did not happen yet.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        self.config(true).map(drop).map_err(tls)
    }

    /// Where `http2` is false, HTTP/2 is not offered, whatever the settings say.
    pub(crate) fn config(&self, http2: bool) -> Result<Arc<ClientConfig>, String> {
        let config = self.read_once()?;
        if http2 || config.alpn_protocols.is_empty() {
            return Ok(config);
        }
        let mut config = ClientConfig::clone(&config);
        config.alpn_protocols.clear();
        Ok(Arc::new(config))
    }

    fn read_once(&self) -> Result<Arc<ClientConfig>, String> {
        self.config
            .get_or_init(|| {
                self.read().map(Arc::new).map_err(|error| match error {
                    // Only the problem: `Tls` is said where it is shown.
                    BuildError::Tls(problem) => problem.to_string(),
                    other => other.to_string(),
                })
            })
            .clone()
    }

    fn read(&self) -> Result<ClientConfig, BuildError> {
        let verify = |roots| match roots {
            TlsRoots::Platform => platform(builder()?, &self.added),
            TlsRoots::Bundled => bundled(builder()?, self.store()?),
            TlsRoots::OnlyAdded => only(builder()?, self.store()?),
        };
        let config = match self.roots {
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
        if self.http2 {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        Ok(config)
    }

    fn store(&self) -> Result<RootCertStore, BuildError> {
        let mut store = RootCertStore::empty();
        for certificate in &self.added {
            store.add(certificate.clone()).map_err(tls)?;
        }
        Ok(store)
    }
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
        "the platform's root certificates need the feature `platform-verifier` of carrot-hyper",
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
        "the bundled root certificates need the feature `webpki-roots` of carrot-hyper",
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
