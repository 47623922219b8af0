use std::{fmt, ops::RangeInclusive, time::Duration};

use carrot_types::{
    Timestamp,
    realtime::{RealtimeChannel, RealtimeError, RealtimeMessage},
};

use super::Disconnected;
use crate::rate_limit::rounded;

/// An event of a [`Listener`](super::Listener).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A message of a channel. The messages of a channel are ordered by id, except those that are
    /// [late](Delivery::late). There is no order between channels.
    Message(Box<Delivery>),
    /// Messages are missing. Read the objects that changed since [`Gap::since`] again over the API.
    Gap(Gap),
    /// The replay of missed messages is complete; the next messages are live. After the start and after each
    /// [`Down`](Self::Down).
    CaughtUp,
    /// The connection is lost; the listener reconnects. No message is lost by this: missed messages are
    /// delivered after the reconnection, or reported as a [`Gap`](Self::Gap).
    Down(Down),
    /// A message that cannot be decoded. Other messages are not affected.
    Unreadable(RealtimeError),
}

/// A message and how it was delivered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// The message.
    pub message: RealtimeMessage,
    /// Whether a newer message of the channel was delivered before this one.
    pub late: bool,
    /// Whether it was replayed: stored by the service and delivered before [`Event::CaughtUp`].
    pub replayed: bool,
}

impl Delivery {
    /// Creates a live message. Set its fields for a test of a handler.
    #[must_use]
    pub fn new(message: RealtimeMessage) -> Self {
        Self {
            message,
            late: false,
            replayed: false,
        }
    }
}

impl From<RealtimeMessage> for Event {
    fn from(message: RealtimeMessage) -> Self {
        Self::Message(Box::new(Delivery::new(message)))
    }
}

/// Messages that the listener cannot deliver.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// The channels.
    pub channels: Vec<RealtimeChannel>,
    /// The time, in whole seconds of the service's clock, up to which everything was delivered. Changes since
    /// then may be missing. `None` if it is not known.
    pub since: Option<Timestamp>,
    /// The reason.
    pub reason: GapReason,
}

impl Gap {
    /// Creates a gap, for a test of a handler.
    #[must_use]
    pub fn new(
        channels: impl IntoIterator<Item = RealtimeChannel>,
        since: impl Into<Option<Timestamp>>,
        reason: GapReason,
    ) -> Self {
        Self {
            channels: channels.into_iter().collect(),
            since: since.into(),
            reason,
        }
    }
}

/// The reason of a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapReason {
    /// Messages with these ids exist, but the service did not send them, even on a second request.
    Lost(RangeInclusive<i64>),
    /// Ids are missing in a channel whose ids have not proved to be consecutive: messages may be missing.
    Unknown(RangeInclusive<i64>),
    /// The ids of the channel restarted, as after the service deleted it: messages before the restart may be
    /// missing.
    Reset,
    /// The listener was disconnected for longer than the service is expected to store messages.
    Expired,
    /// The listener was disconnected, or resumed from a checkpoint, and the service had not given it a position to
    /// continue from: messages of that time are missing.
    NoPosition,
}

/// A connection that ended or could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub struct Down {
    /// Why.
    pub reason: Disconnected,
    /// The pause before the next connection.
    pub retry_in: Duration,
}

impl Down {
    /// Creates a lost connection, for a test of a handler.
    #[must_use]
    pub fn new(reason: Disconnected, retry_in: Duration) -> Self {
        Self { reason, retry_in }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            GapReason::Lost(ids) => write!(f, "messages {}..={} are lost", ids.start(), ids.end())?,
            GapReason::Unknown(ids) => {
                write!(f, "messages {}..={} may be lost", ids.start(), ids.end())?;
            }
            GapReason::Reset => f.write_str("the ids of the channel started again")?,
            GapReason::Expired => f.write_str("the listener was away for too long")?,
            GapReason::NoPosition => {
                f.write_str("the listener had no position to continue from")?;
            }
        }
        // Names of channels hold the ids of users.
        for (at, channel) in self.channels.iter().enumerate() {
            f.write_str(if at == 0 { " in " } else { ", " })?;
            f.write_str(channel.pattern())?;
        }
        Ok(())
    }
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; connecting again in {}",
            self.reason,
            rounded(self.retry_in)
        )
    }
}
