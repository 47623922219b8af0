use std::time::Duration;

use carrot_types::realtime::CloseCode;

/// A change of a realtime listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RealtimeChange {
    /// A connection is open. The service may still reject the token or the channels.
    Connected,
    /// The replay of the connection is complete.
    CaughtUp,
    /// A connection ended or could not be opened; the listener reconnects.
    Down,
    /// Messages are missing.
    Gap,
    /// The service rejects the token or the channels, and the listener has ended.
    Rejected,
    /// The program closed the listener.
    Closed,
}

/// The report of a change of a realtime listener, with its counts since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RealtimeReport {
    /// The change.
    pub change: RealtimeChange,
    /// The number of consecutive failed connections.
    pub failures: u32,
    /// The HTTP status of a response without a connection, for [`Down`](RealtimeChange::Down) and
    /// [`Rejected`](RealtimeChange::Rejected).
    pub status: Option<u16>,
    /// The close code of the WebSocket, for [`Down`](RealtimeChange::Down) and
    /// [`Rejected`](RealtimeChange::Rejected).
    pub close_code: Option<CloseCode>,
    /// The number of attempted connections.
    pub connections: u64,
    /// The number of delivered messages.
    pub messages: u64,
    /// The number of delivered messages that were replayed.
    pub replayed: u64,
    /// The number of dropped duplicates.
    pub duplicates: u64,
    /// The number of messages delivered after newer ones of their channel.
    pub late: u64,
    /// The number of holes in the ids of the channels, including those filled later.
    pub holes: u64,
    /// The number of holes that were filled, by messages that came late or were requested again. A message inside a
    /// hole makes two of it.
    pub repaired: u64,
    /// The number of connections dropped to request missing messages again.
    pub rewinds: u64,
    /// The number of reported gaps.
    pub gaps: u64,
    /// The number of messages that could not be decoded.
    pub unreadable: u64,
    /// The delay of the last message behind the newest ping in whole seconds; `None` before both.
    pub lag: Option<Duration>,
}

impl RealtimeReport {
    /// Creates a report whose counts are zero. Set its fields for a test of an observer.
    #[must_use]
    pub fn new(change: RealtimeChange) -> Self {
        Self {
            change,
            failures: 0,
            status: None,
            close_code: None,
            connections: 0,
            messages: 0,
            replayed: 0,
            duplicates: 0,
            late: 0,
            holes: 0,
            repaired: 0,
            rewinds: 0,
            gaps: 0,
            unreadable: 0,
            lag: None,
        }
    }
}
