//! The realtime service: messages as they happen, without gaps.
//!
//! [`Client::listen`](crate::Client::listen) returns a [`Listener`]. Its guarantees:
//!
//! * **No message is lost silently.** The listener delivers every message that the service stores, across lost
//!   connections and, with a [`Checkpoint`], across restarts of the program. A message that the service does not
//!   deliver is reported as a [`Gap`], with the time since which objects must be read again. The ids of a
//!   channel reveal a message that the service lost, once the next message of the channel arrives.
//! * **No message is delivered twice** by one listener, or by one that resumes from its last checkpoint, except
//!   messages without an id and a position, which cannot be distinguished.
//! * **A rejection ends the listener**, even after the connection was accepted. After any other failure it
//!   reconnects, after pauses with full jitter from a quarter of a second to a minute. The pauses start short
//!   again after a connection has worked for a minute, not as soon as it opens.
//! * **A replay that breaks off does not go on for ever.** After three in a row the listener gets the missed messages
//!   by one long poll, where the [`Connector`] [allows](Connector::has_long_polls) it. A rejection of that poll is a
//!   [`Down`], and does not end the listener: only a rejection of the connector does.
//! * **A dead connection is detected** after 40 seconds without a ping. A slow program is not mistaken for one.
//!
//! These guarantees were tested with the server software that the vendor names; the service is assumed to behave
//! like it. Missing ids count only in channels whose ids proved to be consecutive, by eight steps; before that
//! the reason of a gap is [not certain](GapReason::Unknown). A channel that the service deletes, whose ids then happen
//! to continue where the listener stood, looks as if nothing was missing.
//!
//! [`Client::follow_conversations`](crate::Client::follow_conversations) keeps the open conversations of an app up
//! to date with it.
//!
//! A [`Connector`] makes the connections: [`LongPoll`] works over every
//! [`HttpTransport`](crate::HttpTransport), and `carrot-hyper` has a WebSocket.

mod backoff;
mod book;
mod channels;
mod checkpoint;
mod connector;
mod disconnected;
mod event;
mod follow;
mod listen;
mod listener;
mod long_poll;
mod position;
mod request;
mod seen;
mod session;
#[cfg(feature = "stream")]
mod stream;
mod trace;

pub use self::{
    checkpoint::Checkpoint,
    connector::{Connecting, Connection, Connector, Received},
    disconnected::{Disconnected, ListenError},
    event::{Delivery, Down, Event, Gap, GapReason},
    follow::{ConversationFollower, FollowConversations, FollowError, FollowEvent},
    listen::Listen,
    listener::Listener,
    long_poll::LongPoll,
    position::Position,
    request::ConnectRequest,
};
