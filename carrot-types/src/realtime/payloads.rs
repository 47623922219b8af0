//! The payloads that are no object of the API.

use serde::Serialize;

use crate::{Admin, ConversationId, Nullable, Presence, PresenceDetails, Timestamp, UserId};

/// A sign of life.
///
/// Source: <https://developers.carrotquest.io/rts/channels/ping>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ping {
    /// The time at the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
}

model!(Ping::new() {
    with_timestamp(timestamp: Timestamp),
});

/// A user came, fell idle or went. The state may be the one that it was before.
///
/// Source: <https://developers.carrotquest.io/rts/channels/user_presence_changed>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PresenceChange {
    /// The user.
    pub user: UserId,
    /// The new state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// More on that; only while online or idle.
    #[serde(skip_serializing_if = "PresenceDetails::is_empty")]
    pub presence_details: PresenceDetails,
}

model!(PresenceChange::new(user: UserId => with_user) {
    with_presence(presence: Presence),
    with_presence_details(presence_details: PresenceDetails),
});

/// Somebody types in a conversation: the user or an operator, one of the two. Show it for ten seconds.
///
/// Source: <https://developers.dashly.io/rts/channels/conversation_typing>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationTyping {
    /// The conversation.
    pub conversation: ConversationId,
    /// The operator, when it is one who types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,
    /// The user, when it is the user who types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The text typed so far; never over the channel of one user, who must not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// For how many seconds to show it; 10 where it is absent. Observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
}

model!(ConversationTyping::new(conversation: ConversationId => with_conversation) {
    with_admin(admin: Admin),
    with_user(user: UserId),
    with_body(body: String),
    with_duration(duration: u64),
});

/// A conversation was assigned to an operator, or to nobody any more.
///
/// Source: <https://developers.carrotquest.io/rts/channels/conversation_assigned>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationAssignment {
    /// The conversation.
    pub conversation: ConversationId,
    /// The author of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,
    /// The new assignee; `null` where the conversation is unassigned.
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    pub assignee: Nullable<Admin>,
}

model!(ConversationAssignment::new(conversation: ConversationId => with_conversation) {
    with_admin(admin: Admin),
    with_assignee(assignee: Nullable<Admin>),
});

/// A conversation was closed.
///
/// Source: <https://developers.carrotquest.io/rts/channels/conversation_closed>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationClosing {
    /// The conversation.
    pub conversation: ConversationId,
    /// The author of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,
}

model!(ConversationClosing::new(conversation: ConversationId => with_conversation) { with_admin(admin: Admin) });

/// A tag was added to a conversation, or removed from it.
///
/// Source: <https://developers.carrotquest.io/rts/channels/conversation_tag_added>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationTagging {
    /// The conversation.
    pub conversation: ConversationId,
    /// The tag.
    pub tag: String,
    /// The author of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,
}

model!(ConversationTagging::new(conversation: ConversationId => with_conversation, tag: String => with_tag) { with_admin(admin: Admin) });
