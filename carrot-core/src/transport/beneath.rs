//! What an error of the library or the system beneath a transport means.

use std::{error::Error, io, iter};

use super::{Sent, TimeoutPhase, TransportErrorKind};

/// The error and all that lie beneath it, to find what a stack hides in its errors, such as a `rustls::Error`.
///
/// It goes into an [`io::Error`] too, whose `source` leaves out the error that it wraps.
pub fn sources<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        let io = error.downcast_ref::<io::Error>();
        match io.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The kind of an error of a socket in a phase of the attempt, and whether the request was sent.
///
/// `Connect` is for a stack that connects by itself. Where connecting and the exchange are one, say `Response`:
/// only a rejected connection and a name without an address mean then that the request was not sent. That holds for
/// a stack that tries once: one that connects again after it lost the request says so of its second try.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// use carrot_core::{Sent, transport::{TimeoutPhase, TransportErrorKind, of_io}};
///
/// let no_listener = Error::from(ErrorKind::ConnectionRefused);
/// assert_eq!(of_io(TimeoutPhase::Response, &no_listener), (TransportErrorKind::Connect, Sent::Never));
/// let closed = Error::from(ErrorKind::UnexpectedEof);
/// assert_eq!(of_io(TimeoutPhase::Response, &closed), (TransportErrorKind::Reset, Sent::Maybe));
/// assert_eq!(of_io(TimeoutPhase::Body, &closed), (TransportErrorKind::Truncated, Sent::Yes));
/// ```
#[must_use]
pub fn of_io(phase: TimeoutPhase, error: &io::Error) -> (TransportErrorKind, Sent) {
    use TimeoutPhase::{Body, Connect, Response};
    use io::ErrorKind::{ConnectionRefused, InvalidData, InvalidInput, TimedOut, WouldBlock};
    let kind = match (phase, error.kind()) {
        (Connect | Response, _) if has_no_address(error) => {
            return (TransportErrorKind::Dns, Sent::Never);
        }
        (Response, ConnectionRefused) => return (TransportErrorKind::Connect, Sent::Never),
        // What a limit on a blocking socket ends with.
        (_, TimedOut | WouldBlock) => TransportErrorKind::Timeout(phase),
        (Connect, InvalidData) => TransportErrorKind::Tls,
        (Connect, _) => TransportErrorKind::Connect,
        (_, InvalidData | InvalidInput) => TransportErrorKind::Protocol,
        (Response, _) => TransportErrorKind::Reset,
        (Body, _) => TransportErrorKind::Truncated,
    };
    (kind, phase.sent())
}

/// The standard library has no kind for a name that cannot be resolved.
fn has_no_address(error: &io::Error) -> bool {
    // WSAHOST_NOT_FOUND to WSANO_DATA.
    let of_windows = cfg!(windows)
        && error
            .raw_os_error()
            .is_some_and(|code| (11_001..=11_004).contains(&code));
    of_windows || error.to_string().starts_with("failed to lookup address")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportError;

    #[test]
    fn phase_decides_what_a_socket_error_means() {
        use TimeoutPhase::{Body as InBody, Connect, Response};
        use TransportErrorKind as Kind;
        use io::ErrorKind as Io;
        let no_name =
            || io::Error::other("failed to lookup address information: Name or service not known");
        for (phase, error, expected) in [
            (Connect, no_name(), (Kind::Dns, Sent::Never)),
            (Response, no_name(), (Kind::Dns, Sent::Never)),
            (
                Connect,
                Io::HostUnreachable.into(),
                (Kind::Connect, Sent::Never),
            ),
            (Connect, Io::InvalidData.into(), (Kind::Tls, Sent::Never)),
            (
                Connect,
                Io::TimedOut.into(),
                (Kind::Timeout(Connect), Sent::Never),
            ),
            (
                Response,
                Io::ConnectionRefused.into(),
                (Kind::Connect, Sent::Never),
            ),
            // It may be about a packet of the exchange.
            (
                Response,
                Io::HostUnreachable.into(),
                (Kind::Reset, Sent::Maybe),
            ),
            (
                Response,
                Io::ConnectionReset.into(),
                (Kind::Reset, Sent::Maybe),
            ),
            (
                Response,
                Io::WouldBlock.into(),
                (Kind::Timeout(Response), Sent::Maybe),
            ),
            (
                Response,
                Io::InvalidData.into(),
                (Kind::Protocol, Sent::Maybe),
            ),
            (
                InBody,
                Io::TimedOut.into(),
                (Kind::Timeout(InBody), Sent::Yes),
            ),
            (InBody, Io::InvalidInput.into(), (Kind::Protocol, Sent::Yes)),
            (
                InBody,
                Io::ConnectionRefused.into(),
                (Kind::Truncated, Sent::Yes),
            ),
            (InBody, no_name(), (Kind::Truncated, Sent::Yes)),
        ] {
            assert_eq!(of_io(phase, &error), expected, "{phase:?}: {error:?}");
        }
    }

    #[test]
    fn wrapped_errors_are_found() {
        let inner = TransportError::new(TransportErrorKind::Dns, Sent::Never);
        let twice = io::Error::other(io::Error::other(inner));
        let outer = TransportError::in_doubt(twice);
        assert_eq!(sources(&outer).count(), 4);
        let last = sources(&outer).last().and_then(|last| last.downcast_ref());
        let kind = last.map(TransportError::kind);
        assert_eq!(kind, Some(TransportErrorKind::Dns));
    }
}
