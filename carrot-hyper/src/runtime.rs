//! The tokio runtime that a request is sent on.

use std::{panic::catch_unwind, time::Duration};

use carrot_core::{Sent, TransportError, transport::TransportErrorKind};
use tokio::{
    runtime::{Handle, Id},
    time::Sleep,
};

/// What is missing where a request was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    #[error(
        "there is no tokio runtime here; call it in a function under `#[tokio::main]` or in \
         `Runtime::block_on`"
    )]
    Runtime,
    #[error(
        "the tokio runtime has no timer; build it with `enable_all()`, or with `enable_time()` beside \
         `enable_io()`"
    )]
    Timer,
    #[error(
        "the tokio runtime has no I/O driver; build it with `enable_all()`, or with `enable_io()` \
         beside `enable_time()`"
    )]
    Io,
}

impl From<Missing> for TransportError {
    fn from(missing: Missing) -> Self {
        Self::new(TransportErrorKind::Rejected, Sent::Never).with_source(missing)
    }
}

/// The runtime that polls this.
pub(crate) fn current() -> Result<Id, Missing> {
    match Handle::try_current() {
        Ok(runtime) => Ok(runtime.id()),
        Err(_) => Err(Missing::Runtime),
    }
}

/// A timer of the current runtime, where it has any.
pub(crate) fn sleep(duration: Duration) -> Option<Sleep> {
    Handle::try_current().ok()?;
    catch_unwind(|| tokio::time::sleep(duration)).ok()
}

/// Makes sure that the current runtime has what a connection needs.
///
/// tokio does not tell: it panics when what is missing is used. So both are used once, where the
/// panic is caught. That costs a registered socket, so the caller remembers a runtime that passed.
pub(crate) fn check() -> Result<(), Missing> {
    if sleep(Duration::ZERO).is_none() {
        return Err(Missing::Timer);
    }
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).and_then(|socket| {
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    // Out of sockets: connecting says so.
    let Ok(socket) = socket else {
        return Ok(());
    };
    catch_unwind(move || drop(tokio::net::UdpSocket::from_std(socket))).map_err(|_| Missing::Io)
}
