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
            Self::Der(der) if der.starts_with(b"-----BEGIN") => {
                return Err(invalid(
                    "must be DER, and is PEM: use `add_root_certificate_pem`",
                ));
            }
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

/// Reads all certificates of a PEM bundle; keys and requests between them are passed over.
///
/// Each entry is read alone: the parser would pass over one whose first line has anything before it, such
/// as a byte order mark, spaces, or the end of the entry before.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidValue> {
    const START: &str = "-----BEGIN ";
    if pem.contains(&0) {
        return Err(invalid(match pem {
            [0x30, ..] => "must be PEM, and is DER: use `add_root_certificate_der`",
            _ => "must be PEM in UTF-8, and is in UTF-16 or binary; save the file as UTF-8",
        }));
    }
    // Comments may be in any encoding.
    let pem = String::from_utf8_lossy(pem);
    let mut certificates = Vec::new();
    for entry in pem.split(START).skip(1) {
        let unusable = |problem: &str| {
            invalid(format!(
                "must hold PEM certificates, and number {} cannot be read: {problem}",
                certificates.len() + 1
            ))
        };
        match entry.split("-----").next() {
            Some("CERTIFICATE") => {}
            Some(kind @ ("TRUSTED CERTIFICATE" | "X509 CERTIFICATE" | "PKCS7")) => {
                let problem = format!("it is a `{kind}`; convert it to a `CERTIFICATE`");
                return Err(unusable(&problem));
            }
            _ => continue,
        }
        let lines: Vec<&str> = entry.lines().map(str::trim).collect();
        let entry = format!("{START}{}", lines.join("\n"));
        let certificate = CertificateDer::from_pem_slice(entry.as_bytes());
        certificates.push(certificate.map_err(|error| unusable(&problem(&error)))?);
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
        pem::Error::IllegalSectionStart { .. } => {
            "its `-----BEGIN` line is broken: each line must end with a line break".into()
        }
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
