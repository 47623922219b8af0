//! Root certificates as the user gives them.

use std::fmt;

use carrot_core::types::InvalidValue;
use rustls::RootCertStore;
use rustls_pki_types::{
    CertificateDer,
    pem::{self, PemObject},
};

const FIELD: &str = "root certificate";

/// A root certificate before it is read.
#[derive(Clone)]
pub(crate) enum Root {
    Pem(Vec<u8>),
    Der(Vec<u8>),
}

impl Root {
    /// All certificates in it, each known to be one.
    pub(crate) fn read(self) -> Result<Vec<CertificateDer<'static>>, InvalidValue> {
        let certificates = match self {
            Self::Pem(pem) => certificates(&pem)?,
            Self::Der(der) => vec![der.into()],
        };
        let number = certificates.len();
        for (index, certificate) in certificates.iter().enumerate() {
            // Checked here, so that what cannot be a root is rejected alike on every platform.
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| match number {
                    1 => invalid(format!("must be an X.509 certificate: {error}")),
                    _ => invalid(format!(
                        "must be X.509 certificates, and number {} of {number} in the PEM bundle is not: \
                         {error}",
                        index + 1
                    )),
                })?;
        }
        Ok(certificates)
    }
}

/// Reads all certificates of a PEM bundle; keys between them are passed over.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidValue> {
    if pem.starts_with(&[0xff, 0xfe]) || pem.starts_with(&[0xfe, 0xff]) {
        return Err(invalid(
            "must be PEM in UTF-8, and is in UTF-16; save the file as UTF-8",
        ));
    }
    // With the byte order mark that some editors write, the first certificate would not be seen.
    let pem = pem.strip_prefix(b"\xef\xbb\xbf").unwrap_or(pem);
    let mut certificates = Vec::new();
    for entry in CertificateDer::pem_slice_iter(pem) {
        certificates.push(entry.map_err(|error| {
            invalid(format!(
                "must hold PEM certificates, and number {} cannot be read: {}",
                certificates.len() + 1,
                problem(&error)
            ))
        })?);
    }
    match certificates.is_empty() {
        true => Err(invalid(
            "must hold one or more PEM certificates, each between `-----BEGIN CERTIFICATE-----` and \
             `-----END CERTIFICATE-----`",
        )),
        false => Ok(certificates),
    }
}

fn problem(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "its `-----END` line is missing".into(),
        pem::Error::IllegalSectionStart { .. } => "its `-----BEGIN` line is broken".into(),
        pem::Error::Base64Decode(_) => "it is not base64".into(),
        other => other.to_string(),
    }
}

fn invalid(rule: impl Into<std::borrow::Cow<'static, str>>) -> InvalidValue {
    InvalidValue::new(FIELD, rule)
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(bytes) => write!(f, "Pem({} bytes)", bytes.len()),
            Self::Der(bytes) => write!(f, "Der({} bytes)", bytes.len()),
        }
    }
}
