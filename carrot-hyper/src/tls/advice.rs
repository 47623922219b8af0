//! What to do about a failed TLS handshake.

use std::{error::Error as StdError, io};

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::error::chain::find;

/// The error with what to do about it, as one text: only the innermost error of a chain is shown.
#[derive(Debug, thiserror::Error)]
#[error("{problem}; {advice}")]
struct Explained {
    problem: TlsError,
    advice: String,
}

/// Adds what to do. An error beneath TLS, such as of a connection that was closed, is given back.
pub(crate) fn explained(
    error: io::Error,
    host: &str,
) -> Result<Box<dyn StdError + Send + Sync>, io::Error> {
    let Some(problem) = find::<TlsError>(&error) else {
        return Err(error);
    };
    Ok(match advice(problem, host) {
        Some(advice) => Box::new(Explained {
            problem: problem.clone(),
            advice,
        }),
        None => error.into(),
    })
}

fn advice(problem: &TlsError, host: &str) -> Option<String> {
    let certificate = match problem {
        TlsError::InvalidCertificate(certificate) => certificate,
        TlsError::InvalidMessage(_) => {
            return Some(format!(
                "{host} does not speak TLS on this port: check the scheme and the port of the address"
            ));
        }
        TlsError::AlertReceived(alert) => return of_alert(*alert, host),
        TlsError::PeerIncompatible(_) => return Some(incompatible(host)),
        _ => return None,
    };
    Some(match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
            "the certificate of {host} has expired: check the clock of this machine, then ask who runs \
             the server, or the proxy in front of it, to renew it"
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of {host} is not valid yet: check the clock of this machine")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "the certificate is for another host than {host}: check the host of the address, and \
                 whether a proxy on the way responds in its place"
            )
        }
        CertificateError::UnknownIssuer => format!(
            "no trusted root has signed the certificate of {host}: where the server or a proxy on the way \
             has a certificate authority of its own, add its root with `add_root_certificate_pem`"
        ),
        other if is_ca_as_server(other) => format!(
            "{host} shows the certificate of an authority as its own, most often a self-signed one, and \
             adding that as a root is not enough: give the server a certificate for {host} that is not an \
             authority (`basicConstraints=CA:FALSE`), and add the root that signed it with \
             `add_root_certificate_pem`"
        ),
        _ => format!(
            "the certificate of {host} cannot be accepted: ask who runs the server, or the proxy in front of \
             it, for another"
        ),
    })
}

/// What the server says of the handshake.
fn of_alert(alert: AlertDescription, host: &str) -> Option<String> {
    match alert {
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity => Some(incompatible(host)),
        AlertDescription::UnrecognisedName => Some(format!(
            "the server has no host {host}: check the host of the address"
        )),
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::AccessDenied => Some(format!(
            "{host} asks for a certificate of the client, which this transport does not send: ask who runs \
             the server, or the proxy in front of it"
        )),
        _ => None,
    }
}

fn incompatible(host: &str) -> String {
    format!(
        "{host} and this client have no version or cipher of TLS in common: the server, or the proxy in \
         front of it, must support TLS 1.2 or 1.3, and ask for no certificate of the client"
    )
}

/// webpki's name of it. rustls passes the error on without a variant of its own.
fn is_ca_as_server(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}
