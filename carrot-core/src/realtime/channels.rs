use std::collections::HashMap;

use carrot_types::{
    InvalidValue,
    realtime::{RealtimeChannel, longpoll_path},
};

/// The checked channels of a listener, with `ping` last.
#[derive(Clone, Debug)]
pub(super) struct Channels {
    /// In the order of the path.
    all: Vec<RealtimeChannel>,
    places: HashMap<RealtimeChannel, usize>,
    /// The caller listens to `ping` too.
    pub(super) wants_pings: bool,
}

impl Channels {
    /// # Errors
    ///
    /// Those of [`longpoll_path`]; `ping` counts as one of the 50 channels.
    pub(super) fn new(
        channels: impl IntoIterator<Item = RealtimeChannel>,
    ) -> Result<Self, InvalidValue> {
        let given: Vec<RealtimeChannel> = channels.into_iter().collect();
        // Checks the channels of the caller: a duplicate `ping` is a mistake too.
        longpoll_path(&given)?;
        let mut all = given.clone();
        all.retain(|channel| *channel != RealtimeChannel::Ping);
        let wants_pings = all.len() < given.len();
        all.push(RealtimeChannel::Ping);
        longpoll_path(&all)?;
        let places = all.iter().cloned().zip(0..).collect();
        Ok(Self {
            all,
            places,
            wants_pings,
        })
    }

    pub(super) fn all(&self) -> &[RealtimeChannel] {
        &self.all
    }

    /// Returns all channels except `ping`.
    pub(super) fn counted(&self) -> &[RealtimeChannel] {
        &self.all[..self.all.len() - 1]
    }

    /// Returns the index of a channel in the path.
    pub(super) fn place(&self, channel: &RealtimeChannel) -> Option<usize> {
        self.places.get(channel).copied()
    }
}
