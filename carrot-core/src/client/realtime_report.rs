use std::time::Duration;

use carrot_types::realtime::CloseCode;

/// What changed with a listener of the realtime service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RealtimeChange {
    /// A connection is open. Whether the service takes the token and the channels is not known yet.
    Connected,
    /// The replay of the connection is complete.
    CaughtUp,
    /// A connection ended, or could not be made; another one follows.
    Down,
    /// Messages are missing.
    Gap,
    /// The service rejects the token or the channels, and the listener has ended.
    Rejected,
    /// The program closed the listener.
    Closed,
}

/// A change of a listener, with its numbers since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RealtimeReport {
    /// What changed.
    pub change: RealtimeChange,
    /// How many connections failed in a row.
    pub failures: u32,
    /// The HTTP status in place of a connection, for [`Down`](RealtimeChange::Down) and
    /// [`Rejected`](RealtimeChange::Rejected).
    pub status: Option<u16>,
    /// The close code of the WebSocket, for [`Down`](RealtimeChange::Down) and
    /// [`Rejected`](RealtimeChange::Rejected).
    pub close_code: Option<CloseCode>,
    /// Connections that were tried.
    pub connections: u64,
    /// Messages delivered.
    pub messages: u64,
    /// Messages delivered that came before the replay of their connection was complete.
    pub replayed: u64,
    /// Messages that came again, and were dropped.
    pub duplicates: u64,
    /// Messages delivered behind newer ones of their channel.
    pub late: u64,
    /// Jumps in the ids of a channel: messages that were missing at first.
    pub holes: u64,
    /// Connections dropped to ask for missing messages again.
    pub rewinds: u64,
    /// Gaps reported: messages that stay missing.
    pub gaps: u64,
    /// Texts that could not be read.
    pub unreadable: u64,
    /// How far the last message was behind the newest ping, in whole seconds; `None` before both came.
    pub lag: Option<Duration>,
}

impl RealtimeReport {
    /// A report with all numbers zero. Set the fields to make another, as for a test of an observer.
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
            rewinds: 0,
            gaps: 0,
            unreadable: 0,
            lag: None,
        }
    }
}
