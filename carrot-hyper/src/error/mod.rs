//! From the errors of hyper, rustls and the operating system to [`TransportError`].
//!
//! The kind says what went wrong. Whether the request was sent is decided here and nowhere else, and
//! in doubt for `Maybe`: a call that writes must not be repeated because of a guess.

pub(crate) mod chain;

use std::{error::Error as StdError, io};

use carrot_core::{
    Sent, TransportError,
    transport::{TransportErrorKind as Kind, sources},
};

use self::chain::find;

/// No response came. `sent_nothing` says that the connection gave the request back untouched.
pub(crate) fn before_response(error: hyper::Error, sent_nothing: bool) -> TransportError {
    let unsent = sent_nothing || error.is_canceled() || was_not_processed(&error);
    let sent = if unsent { Sent::Never } else { Sent::Maybe };
    TransportError::new(kind_before_response(&error), sent).with_source(told(error))
}

/// The connection stands, and HTTP does not start on it.
pub(crate) fn in_handshake(error: hyper::Error) -> TransportError {
    TransportError::new(kind_before_response(&error), Sent::Never).with_source(told(error))
}

fn kind_before_response(error: &hyper::Error) -> Kind {
    match cause(error) {
        Cause::Cut => Kind::Reset,
        Cause::Tls => Kind::Tls,
        Cause::Nonsense => Kind::Protocol,
        Cause::Unknown => Kind::Other,
    }
}

/// The response started, and its body failed.
pub(crate) fn in_body(error: hyper::Error) -> TransportError {
    let kind = match cause(&error) {
        Cause::Cut => Kind::Truncated,
        Cause::Tls | Cause::Nonsense => Kind::Protocol,
        Cause::Unknown => Kind::Other,
    };
    TransportError::new(kind, Sent::Yes).with_source(told(error))
}

/// What is shown of an error: all, except for the text in a `GOAWAY`, which is the server's own and may quote a request.
fn told(error: hyper::Error) -> Box<dyn StdError + Send + Sync> {
    #[cfg(feature = "http2")]
    if let Some(reason) = find::<h2::Error>(&error)
        .filter(|error| error.is_go_away() && error.is_remote())
        .and_then(h2::Error::reason)
    {
        return Box::new(GoneAway(reason));
    }
    Box::new(error)
}

#[cfg(feature = "http2")]
#[derive(Debug, thiserror::Error)]
#[error("the server ended the HTTP/2 connection: {0}")]
struct GoneAway(h2::Reason);

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
            || error.is_timeout()
            || error.to_string() == DISPATCH_GONE;
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
        return error.is_remote().then(|| match error.reason() {
            // It says so to every request.
            Some(h2::Reason::HTTP_1_1_REQUIRED) => Cause::Nonsense,
            _ => Cause::Cut,
        });
    }
    let error = error.downcast_ref::<io::Error>()?;
    if tokio::runtime::is_rt_shutdown_err(error) {
        // The runtime of the connection ended, and somebody else waits for the response.
        return Some(Cause::Cut);
    }
    Some(match error.kind() {
        io::ErrorKind::Other if error.to_string() == FRAME_CUT => Cause::Cut,
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

/// What h2 reads frames with says this of a connection that was closed within one.
const FRAME_CUT: &str = "bytes remaining on stream";

/// hyper's name of the error of a connection whose task ended with its runtime. hyper has no question
/// for it, and counts it among the errors of its user.
const DISPATCH_GONE: &str = "dispatch task is gone";

/// RFC 9113, sections 6.8 and 8.7: a server that rejects a stream, or goes away and names an earlier
/// stream as its last, has not processed the request.
///
/// h2 gives the error of a `GOAWAY` only to the streams after the last one, and to those that are opened
/// on the connection after it.
#[cfg(feature = "http2")]
fn was_not_processed(error: &hyper::Error) -> bool {
    find::<h2::Error>(error).is_some_and(|error| {
        let rejected = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (rejected || error.is_go_away())
    })
}

#[cfg(not(feature = "http2"))]
fn was_not_processed(error: &hyper::Error) -> bool {
    let _ = find::<io::Error>(error);
    false
}

#[cfg(test)]
mod tests;
