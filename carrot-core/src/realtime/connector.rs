use std::{
    fmt::Debug,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use carrot_types::realtime::{RealtimeError, RealtimeMessage};

use super::{ConnectRequest, Disconnected, Position};

/// A connection that is being made. Dropping it stops that.
pub type Connecting =
    Pin<Box<dyn Future<Output = Result<Box<dyn Connection>, Disconnected>> + Send>>;

/// Makes the connections of a [`Listener`](super::Listener), one at a time: [`LongPoll`](super::LongPoll), the
/// WebSocket of `carrot-hyper`, or one of your own.
///
/// A connector decides nothing: the listener above it decides when to connect, from where to read, and when
/// to stop. It retries nothing.
///
/// New methods come with a default body only.
pub trait Connector: Debug + Send + Sync + 'static {
    /// Makes a connection. The listener bounds the time.
    fn connect(&self, request: ConnectRequest) -> Connecting;
}

/// A connection of a [`Connector`]. Dropping it ends it at once.
///
/// New methods come with a default body only.
pub trait Connection: Send {
    /// The next thing that comes. After an error it is not polled again.
    ///
    /// It must lose nothing when the task stops polling in between.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Disconnected>>;

    /// Asks for a sign of life, which [`poll_receive`](Self::poll_receive) returns as
    /// [`Received::Alive`]. Does nothing by default, for connections that know no such thing.
    fn probe(&mut self) {}

    /// Ends the connection politely. The listener waits a second at most, and drops it then.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let _ = context;
        Poll::Ready(())
    }
}

/// What comes over a connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Received {
    /// One message of a stream.
    Message(Result<RealtimeMessage, RealtimeError>),
    /// A response that is complete in itself: everything from the position of its request on.
    Batch {
        /// The messages, in any order.
        messages: Vec<Result<RealtimeMessage, RealtimeError>>,
        /// The position behind them.
        position: Option<Position>,
        /// The date of the service.
        date: Option<SystemTime>,
    },
    /// A sign of life without content.
    Alive,
}

impl<C: Connector + ?Sized> Connector for std::sync::Arc<C> {
    fn connect(&self, request: ConnectRequest) -> Connecting {
        (**self).connect(request)
    }
}
