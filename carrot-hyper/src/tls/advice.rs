//! What to do about a failed TLS handshake.

use std::{error::Error as StdError, io};

use rustls::{CertificateError, Error as TlsError};

use crate::error::chain::find;

/// The error with what to do about it, as one text: only the innermost error of a chain is shown.
#[derive(Debug, thiserror::Error)]
#[error("{problem}; {advice}")]
struct Explained {
    problem: TlsError,
    advice: String,
}

/// Adds what to do, where something is known to help.
pub(crate) fn explained(error: io::Error, host: &str) -> Box<dyn StdError + Send + Sync> {
    let explained = find::<TlsError>(&error).and_then(|problem| {
        Some(Explained {
            problem: problem.clone(),
            advice: advice(problem, host)?,
        })
    });
    match explained {
        Some(explained) => explained.into(),
        None => error.into(),
    }
}

fn advice(problem: &TlsError, host: &str) -> Option<String> {
    let certificate = match problem {
        TlsError::InvalidCertificate(certificate) => certificate,
        TlsError::InvalidMessage(_) => {
            return Some(format!(
                "{host} does not speak TLS on this port: check the scheme and the port of the address"
            ));
        }
        _ => return None,
    };
    match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some(format!(
            "the certificate of {host} has expired: check the clock of this machine, then ask who runs \
             the server, or the proxy in front of it, to renew it"
        )),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Some(
            format!("the certificate of {host} is not valid yet: check the clock of this machine"),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some(format!(
                "the certificate is for another host than {host}: check the host of the address, and \
                 whether a proxy on the way responds in its place"
            ))
        }
        CertificateError::UnknownIssuer => Some(format!(
            "no trusted root has signed the certificate of {host}: where the server or a proxy on the way \
             has a certificate authority of its own, add its root with `add_root_certificate_pem`"
        )),
        other if is_ca_as_server(other) => Some(format!(
            "{host} shows the certificate of an authority as its own, most often a self-signed one, and \
             adding that as a root is not enough: give the server a certificate for {host} that is not an \
             authority (`basicConstraints=CA:FALSE`), and add the root that signed it with \
             `add_root_certificate_pem`"
        )),
        _ => None,
    }
}

/// webpki's name of it. rustls passes the error on without a variant of its own.
fn is_ca_as_server(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}
