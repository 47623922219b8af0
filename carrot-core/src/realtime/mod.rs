//! The realtime service: messages as they happen, without gaps.
//!
//! [`Client::listen`](crate::Client::listen) gives a [`Listener`]. What it promises:
//!
//! * **No message is lost in silence.** What the service stores is delivered, across lost connections and, with a
//!   [`Checkpoint`], across restarts of the program. What it does not give is reported as a [`Gap`], with the
//!   moment since when objects must be read again. A message that the service itself loses is noticed with the
//!   next message of its channel, by the ids.
//! * **No message comes twice** while one listener lives, or resumes from its last checkpoint. Messages
//!   without an id and a position are an exception: nothing tells them apart.
//! * **A rejection ends it**, also one that comes after the connection was accepted. Everything else is
//!   tried again, after pauses with full jitter from a quarter of a second to a minute. They get short again
//!   after a minute that went well, and not because a connection opened.
//! * **A dead connection is noticed** after 40 seconds without a ping, and a slow program is not taken for one.
//!
//! These hold for the server software that the vendor names, which was observed. That the service behaves like
//! it is assumed. So ids count only in channels whose ids proved to be consecutive, by eight steps; before that
//! a gap says that it is [not certain](GapReason::Unknown).
//!
//! How messages come is up to a [`Connector`]: [`LongPoll`] works over every
//! [`HttpTransport`](crate::HttpTransport), and `carrot-hyper` has a WebSocket.

mod backoff;
mod book;
mod channels;
mod checkpoint;
mod connector;
mod disconnected;
mod event;
mod listen;
mod listener;
mod long_poll;
mod position;
mod request;
mod seen;
mod session;
#[cfg(feature = "stream")]
mod stream;

pub use self::{
    checkpoint::Checkpoint,
    connector::{Connecting, Connection, Connector, Received},
    disconnected::{Disconnected, ListenError},
    event::{Delivery, Down, Event, Gap, GapReason},
    listen::Listen,
    listener::Listener,
    long_poll::LongPoll,
    position::Position,
    request::ConnectRequest,
};
