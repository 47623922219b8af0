//! From the errors of hyper, rustls and the operating system to [`TransportError`].
//!
//! The kind says what went wrong. Whether the request was sent is decided here and nowhere else, and
//! in doubt for `Maybe`: a call that writes must not be repeated because of a guess.

use std::{error::Error as StdError, io, iter};

use carrot_core::{
    Sent, TransportError,
    transport::{TimeoutPhase, TransportErrorKind as Kind},
};
use hyper_util::client::legacy;

use crate::connector::ConnectFailure;

/// No answer began. `dispatched` is false when the request was never given to a connection.
pub(crate) fn before_answer(error: legacy::Error, dispatched: bool) -> TransportError {
    // A request goes to a second connection only when the first did not begin it, so a failure to
    // connect means that it was not sent at all.
    let unsent =
        !dispatched || error.is_connect() || is_canceled(&error) || is_refused_stream(&error);
    let sent = if unsent { Sent::Never } else { Sent::Maybe };
    let kind = match find::<ConnectFailure>(&error) {
        Some(ConnectFailure::Dns(_)) => Kind::Dns,
        Some(ConnectFailure::Tcp(_)) => Kind::Connect,
        Some(ConnectFailure::Tls(_)) => Kind::Tls,
        Some(ConnectFailure::Timeout(_)) => Kind::Timeout(TimeoutPhase::Connect),
        None if error.is_connect() => Kind::Connect,
        None => match cause(&error) {
            Cause::Cut => Kind::Reset,
            Cause::Tls => Kind::Tls,
            Cause::Nonsense => Kind::Protocol,
            Cause::Unknown => Kind::Other,
        },
    };
    TransportError::new(kind, sent).with_source(error)
}

/// The answer began, and its body failed.
pub(crate) fn in_body(error: hyper::Error) -> TransportError {
    let kind = match cause(&error) {
        Cause::Cut => Kind::Truncated,
        Cause::Tls | Cause::Nonsense => Kind::Protocol,
        Cause::Unknown => Kind::Other,
    };
    TransportError::new(kind, Sent::Yes).with_source(error)
}

/// What a connection that stood died of.
#[derive(Clone, Copy)]
enum Cause {
    /// It was closed or reset.
    Cut,
    /// TLS broke: an alert, a record that does not decrypt.
    Tls,
    /// The other side does not speak HTTP, or speaks it wrongly.
    Nonsense,
    Unknown,
}

/// The innermost error knows best: hyper's own are wrapped around those of the system.
fn cause(error: &(dyn StdError + 'static)) -> Cause {
    sources(error)
        .filter_map(cause_of_one)
        .last()
        .unwrap_or(Cause::Unknown)
}

fn cause_of_one(error: &(dyn StdError + 'static)) -> Option<Cause> {
    if error.is::<rustls::Error>() {
        return Some(Cause::Tls);
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        // A timeout here is that of HTTP/2 keep-alive: the other side is gone.
        let cut = error.is_incomplete_message()
            || error.is_canceled()
            || error.is_closed()
            || error.is_timeout();
        return Some(match cut {
            true => Cause::Cut,
            false if error.is_user() => Cause::Unknown,
            // It does not parse, or came unasked. Where an error of the system or of HTTP/2 lies
            // beneath, that one has the last word.
            false => Cause::Nonsense,
        });
    }
    #[cfg(feature = "http2")]
    if let Some(error) = error.downcast_ref::<h2::Error>() {
        // What this side ends, it ends because the other broke a rule, as hyper's error above says.
        return error.is_remote().then_some(Cause::Cut);
    }
    Some(match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Cause::Nonsense,
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::NotConnected
        | io::ErrorKind::TimedOut
        | io::ErrorKind::UnexpectedEof => Cause::Cut,
        _ => Cause::Unknown,
    })
}

/// hyper cancels a request only when it has not begun to write it.
fn is_canceled(error: &legacy::Error) -> bool {
    find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled)
}

/// RFC 9113, section 8.7: a stream that the server refuses was not processed at all.
#[cfg(feature = "http2")]
fn is_refused_stream(error: &legacy::Error) -> bool {
    find::<h2::Error>(error).is_some_and(|error| {
        error.is_reset() && error.is_remote() && error.reason() == Some(h2::Reason::REFUSED_STREAM)
    })
}

#[cfg(not(feature = "http2"))]
fn is_refused_stream(_: &legacy::Error) -> bool {
    false
}

/// The outermost error of this type, the error itself included.
pub(crate) fn find<'e, E: StdError + 'static>(
    error: &'e (dyn StdError + 'static),
) -> Option<&'e E> {
    sources(error).find_map(|source| source.downcast_ref())
}

/// The error and all that lie beneath it.
fn sources<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    iter::successors(Some(error), |&error| {
        // `source` of an I/O error leaves out the error that it wraps.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref());
        match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests;
