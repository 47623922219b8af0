use std::{fmt, ops::RangeInclusive, time::Duration};

use carrot_types::{
    Timestamp,
    realtime::{RealtimeChannel, RealtimeError, RealtimeMessage},
};

use super::Disconnected;

/// What a [`Listener`](super::Listener) tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A message of a channel. In a channel the messages come in the order of their ids, but those that are
    /// [late](Delivery::late). Between channels no order is promised.
    Message(Box<Delivery>),
    /// Messages are missing: read the objects again over the API, those that changed since [`Gap::since`].
    Gap(Gap),
    /// The replay of the connection is complete: from now on messages come as they happen. Comes after
    /// the start, and after each [`Down`](Self::Down).
    CaughtUp,
    /// There is no connection; the listener connects again by itself. No message is lost by this: what was
    /// missed comes when it is up again, or a [`Gap`](Self::Gap) says what does not come.
    Down(Down),
    /// Something came that cannot be read as a message. Nothing else is affected by it.
    Unreadable(RealtimeError),
}

/// A message, and how it came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// The message.
    pub message: RealtimeMessage,
    /// A newer message of the channel was delivered before this one.
    pub late: bool,
    /// It was stored by the service and came before [`Event::CaughtUp`].
    pub replayed: bool,
}

impl Delivery {
    /// A message that came as it happened. Set the fields to make another, as for a test of a handler.
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
    /// Everything up to this moment, a whole second of the service's time, was delivered. Changes since then
    /// may be missing; `None` where the moment is not known.
    pub since: Option<Timestamp>,
    /// Why.
    pub reason: GapReason,
}

impl Gap {
    /// A gap, as for a test of a handler.
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

/// Why messages are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapReason {
    /// Messages with these ids exist, and the service did not send them, even when it was asked again.
    Lost(RangeInclusive<i64>),
    /// The ids jump in a channel that has not proved that its ids have no holes: messages may be missing.
    Unknown(RangeInclusive<i64>),
    /// The ids of the channel started again, as after the service deleted it: messages between the last one
    /// and the new start may be missing.
    Reset,
    /// The listener was away for longer than the service is expected to store messages.
    Expired,
}

/// A connection that ended, or was not made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Down {
    /// Why.
    pub reason: Disconnected,
    /// The pause before the next connection.
    pub retry_in: Duration,
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
            "{}; connecting again in {:?}",
            self.reason, self.retry_in
        )
    }
}
