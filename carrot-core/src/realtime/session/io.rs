//! What goes into a session, and what comes out.

use std::time::Duration;

use carrot_types::realtime::{RealtimeError, RealtimeMessage};

use crate::realtime::{Disconnected, Event, Position};

/// What the connection brought.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a message is the usual case: a box would be an allocation for each"
)]
pub(in crate::realtime) enum Input {
    /// It is open; nothing is proved by this.
    Open,
    Message(Result<RealtimeMessage, RealtimeError>),
    /// A whole response: all messages after a position, and the position behind them.
    Batch {
        messages: Vec<Result<RealtimeMessage, RealtimeError>>,
        position: Option<Position>,
        /// The service's time in seconds since 1970.
        now: Option<u64>,
    },
    /// A sign of life without content.
    Alive,
    Closed(Disconnected),
}

#[derive(Debug)]
pub(in crate::realtime) enum Action {
    /// Make a connection that reads on from here; no other one is open.
    Connect(Option<Position>),
    /// Make a long poll, as the connection that reads on from here.
    Poll(Option<Position>),
    /// Wait for an input, and for this moment.
    Wait(Option<Duration>),
    /// Ask the connection for a sign of life.
    Probe,
    /// Drop the connection, without waiting for it.
    Drop,
    Emit(Event),
    /// It has ended, with this.
    Stop(Disconnected),
    /// It has ended before.
    Stopped,
}

/// What is counted for reports.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::realtime) struct Counts {
    pub(in crate::realtime) connections: u64,
    pub(in crate::realtime) messages: u64,
    pub(in crate::realtime) replayed: u64,
    pub(in crate::realtime) duplicates: u64,
    pub(in crate::realtime) late: u64,
    pub(in crate::realtime) holes: u64,
    pub(in crate::realtime) repaired: u64,
    pub(in crate::realtime) rewinds: u64,
    pub(in crate::realtime) gaps: u64,
    pub(in crate::realtime) unreadable: u64,
    pub(in crate::realtime) lag: Option<Duration>,
}
