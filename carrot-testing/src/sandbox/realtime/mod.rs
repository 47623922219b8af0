//! The realtime service of the sandbox: the messages of what happens, stored for a while, over long polls and WebSockets.

mod fault;
pub(in crate::sandbox) mod feed;
pub(in crate::sandbox) mod hub;
pub(in crate::sandbox) mod opening;
pub(in crate::sandbox) mod poll;
pub(in crate::sandbox) mod socket;

use std::fmt;

use carrot_core::types::realtime::RealtimeChannel;
use serde_json::Value;

pub use self::fault::RealtimeFault;
use self::hub::Hub;

/// The realtime service of a [`Sandbox`](crate::Sandbox); see [`Sandbox::realtime`](crate::Sandbox::realtime).
#[derive(Clone)]
pub struct Realtime(Hub);

impl Realtime {
    pub(in crate::sandbox) fn new(hub: Hub) -> Self {
        Self(hub)
    }

    /// Sends a message over a channel, as if it had happened.
    pub fn publish(&self, channel: &RealtimeChannel, message: &Value) {
        let channel = channel.to_string();
        self.0.change(|state| state.publish(&channel, message));
    }

    /// Adds a fault. Each happens once, in the order of the injection.
    pub fn inject(&self, fault: RealtimeFault) {
        self.0.state().faults.push_back(fault);
    }

    /// Ends every open connection and poll, as when the network fails. Messages on their way are lost with it.
    pub fn cut(&self) {
        self.0.change(hub::State::cut);
    }

    /// Returns the number of injected faults that did not happen yet.
    #[must_use]
    pub fn waiting_faults(&self) -> usize {
        self.0.state().faults.len()
    }

    /// Deletes a channel with its stored messages. Its ids start again.
    pub fn forget_channel(&self, channel: &RealtimeChannel) {
        self.0.state().forget_channel(&channel.to_string());
    }

    /// Forgets all stored messages, as after the retention. Ids continue.
    pub fn forget_messages(&self) {
        self.0.state().forget_messages();
    }

    /// The channels that had a message, with the last id and the number of stored messages of each.
    #[cfg(feature = "server")]
    pub(in crate::sandbox) fn channels(&self) -> Vec<(String, i64, usize)> {
        self.0.state().channels()
    }

    /// Returns the number of open connections and polls.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.state().listeners()
    }
}

impl fmt::Debug for Realtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realtime")
            .field("listeners", &self.listeners())
            .field("waiting_faults", &self.waiting_faults())
            .finish_non_exhaustive()
    }
}
