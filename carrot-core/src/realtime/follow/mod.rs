//! The open conversations of an app, kept up to date by the realtime service.

mod changes;
mod event;
mod follower;
mod held;
mod mirror;
mod reading;
mod retries;

use std::time::Duration;

use carrot_types::{AppId, InvalidValue, realtime::RealtimeChannel};

pub use self::{
    event::{FollowError, FollowEvent},
    follower::ConversationFollower,
};
use super::{Connector, Listen};
use crate::Client;

impl Client {
    /// Follows the open conversations of an app: a list that stays up to date, for a dashboard or a bot. Nothing is
    /// sent until the follower is polled.
    ///
    /// It lists the open conversations and listens to the realtime service at the same time. After that each change
    /// is an event, and costs no request. See [`ConversationFollower`] for its
    /// guarantees.
    ///
    /// Scope: `conversations-read`, and what the channels of the app need.
    ///
    /// ```
    /// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use carrot_core::{realtime::FollowEvent, types::AppId};
    ///
    /// let mut open = client.follow_conversations(AppId::new(100))?.start();
    /// while let Some(event) = open.next().await? {
    ///     match event {
    ///         FollowEvent::Ready => println!("{} open conversations", open.conversations().len()),
    ///         FollowEvent::Changed(conversation) => println!("{} changed", conversation.id),
    ///         other => println!("{other:?}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The id of the app is zero.
    pub fn follow_conversations(&self, app: AppId) -> Result<FollowConversations, InvalidValue> {
        let listen = self.listen([
            RealtimeChannel::Conversation(app),
            RealtimeChannel::ConversationReply(app),
            RealtimeChannel::ConversationAssigned(app),
            RealtimeChannel::ConversationClosed(app),
            RealtimeChannel::ConversationTagAdded(app),
            RealtimeChannel::ConversationTagDeleted(app),
            RealtimeChannel::ConversationRead(app),
        ])?;
        Ok(FollowConversations { listen })
    }
}

/// Builds a [`ConversationFollower`]. Created by [`Client::follow_conversations`].
#[derive(Debug)]
#[must_use = "call `start` to get the follower"]
pub struct FollowConversations {
    listen: Listen,
}

impl FollowConversations {
    /// Sets how the follower connects to the realtime service; see [`Listen::connector`].
    pub fn connector(mut self, connector: impl Connector) -> Self {
        self.listen = self.listen.connector(connector);
        self
    }

    /// Sets how long the service is expected to store messages; see [`Listen::retention`].
    pub fn retention(mut self, retention: Duration) -> Self {
        self.listen = self.listen.retention(retention);
        self
    }

    /// Creates the follower. Nothing is sent until it is polled.
    pub fn start(self) -> ConversationFollower {
        ConversationFollower::new(self.listen.start(), fastrand::u64(..))
    }
}
