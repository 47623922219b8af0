/// What goes wrong with the realtime service, once; given to [`Realtime::inject`](super::Realtime::inject).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RealtimeFault {
    /// The next message is stored and reaches nobody who listens, as when a worker looks for stored messages
    /// just before it and subscribes just after.
    LostMessage,
    /// The next message reaches everybody twice.
    DeliveredTwice,
    /// In front of the next message comes a notice of the server software that is not JSON.
    BrokenMessage,
    /// The next message reaches everybody after the one behind it, as from two workers of the server. It is
    /// stored in its place.
    Reordered,
    /// The next connection ends after this many messages, or the next poll in the middle of its response.
    CutAfter(usize),
    /// The next WebSocket ends after this many bytes of its frames, or the next poll in the middle of its
    /// response.
    CutAfterByte(usize),
    /// The next poll is rejected with this status; the next WebSocket with close code 1008 after the
    /// handshake, as the older server software does.
    Rejected(u16),
    /// The next WebSocket is closed with this code after the handshake, such as 3401; the next poll is rejected
    /// with it as its status.
    Closed(u16),
    /// The next connection or poll reaches another host of the service, which has no stored messages. The ids of
    /// all channels start again.
    OtherHost,
    /// The next connection brings the error of the newer service with this status, and ends.
    ErrorMessage(u16),
    /// The next connection or poll brings nothing and does not end.
    Silence,
}

impl RealtimeFault {
    pub(super) fn is_of_connection(&self) -> bool {
        match self {
            Self::LostMessage | Self::DeliveredTwice | Self::BrokenMessage | Self::Reordered => {
                false
            }
            Self::CutAfter(_)
            | Self::CutAfterByte(_)
            | Self::Rejected(_)
            | Self::Closed(_)
            | Self::ErrorMessage(_)
            | Self::OtherHost
            | Self::Silence => true,
        }
    }
}
