use std::{
    fmt::Debug,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use carrot_types::realtime::{RealtimeError, RealtimeMessage};

use super::{ConnectRequest, Disconnected, Position};

/// A connection that is being opened. Dropping it cancels that.
pub type Connecting =
    Pin<Box<dyn Future<Output = Result<Box<dyn Connection>, Disconnected>> + Send>>;

/// Opens the connections of a [`Listener`](super::Listener), one at a time: [`LongPoll`](super::LongPoll), the
/// WebSocket of `carrot-hyper`, or your own.
///
/// A connector does not retry. The listener decides when to connect, from which position to read, and when to
/// stop.
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait Connector: Debug + Send + Sync + 'static {
    /// Opens a connection. The listener limits the time.
    fn connect(&self, request: ConnectRequest) -> Connecting;

    /// Returns true if the service responds to long polls of the client too. A listener whose connections end in
    /// their replay three times in a row then gets the missed messages by one [`LongPoll`](super::LongPoll), whose
    /// response is whole or nothing, and connects again. False by default.
    ///
    /// A rejection of that poll (400, 401, 403 or 404), as any other failure of it, is only a [`Down`](super::Down): the
    /// listener goes on with the connector, and polls again after three more connections that end in their replay.
    fn has_long_polls(&self) -> bool {
        false
    }
}

/// A connection of a [`Connector`]. Dropping it closes it at once.
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait Connection: Send {
    /// Polls for the next message or response. Not polled again after an error.
    ///
    /// Must not lose a message if the task stops polling in between.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Disconnected>>;

    /// Sends a probe, whose response [`poll_receive`](Self::poll_receive) returns as [`Received::Alive`]. Does
    /// nothing by default, for connections without probes.
    fn probe(&mut self) {}

    /// Closes the connection gracefully. The listener waits at most a second, then drops it.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let _ = context;
        Poll::Ready(())
    }
}

/// An input from a connection.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "a message is the usual case: a box would be an allocation for each"
)]
pub enum Received {
    /// One message of a stream.
    Message(Result<RealtimeMessage, RealtimeError>),
    /// A complete response: all messages after the position of the request.
    Batch {
        /// The messages, in any order.
        messages: Vec<Result<RealtimeMessage, RealtimeError>>,
        /// The position after them.
        position: Option<Position>,
        /// The date of the service.
        date: Option<SystemTime>,
    },
    /// The response to a probe.
    Alive,
}

impl<C: Connector + ?Sized> Connector for std::sync::Arc<C> {
    fn connect(&self, request: ConnectRequest) -> Connecting {
        (**self).connect(request)
    }

    fn has_long_polls(&self) -> bool {
        (**self).has_long_polls()
    }
}
