//! What the realtime service tells of the same story.

use carrot_core::types::{
    Presence,
    realtime::{
        ConversationAssignment, ConversationClosing, ConversationTagging, ConversationTyping, Ping,
        PresenceChange, RealtimeChannel, RealtimeMessage, RealtimePayload,
    },
};

use super::{APP, CONVERSATION, USER, admin, part, presence_details, seconds_ago};
use crate::fail;

/// The question of the user, on the channel of all replies. To make another, give a payload and a
/// channel that fit to `RealtimeMessage::new`.
#[must_use]
pub fn realtime_message() -> RealtimeMessage {
    let channel = RealtimeChannel::ConversationReply(APP);
    let payload = RealtimePayload::ConversationReply(Box::new(part()));
    match RealtimeMessage::new(channel, payload) {
        Ok(message) => message.with_id(1),
        Err(error) => fail(&error.to_string()),
    }
}

/// A sign of life.
#[must_use]
pub fn ping() -> Ping {
    Ping::new(seconds_ago(0))
}

/// The user came online.
#[must_use]
pub fn presence_change() -> PresenceChange {
    PresenceChange::new(USER)
        .with_presence(Presence::Online)
        .with_presence_details(presence_details())
}

/// The operator writes a reply.
#[must_use]
pub fn conversation_typing() -> ConversationTyping {
    ConversationTyping::new(CONVERSATION)
        .with_admin(admin())
        .with_body("On its")
}

/// The operator took the conversation.
#[must_use]
pub fn conversation_assignment() -> ConversationAssignment {
    ConversationAssignment::new(CONVERSATION)
        .with_admin(admin())
        .with_assignee(admin())
}

/// The operator closed the conversation.
#[must_use]
pub fn conversation_closing() -> ConversationClosing {
    ConversationClosing::new(CONVERSATION).with_admin(admin())
}

/// The operator put the tag `delivery` on the conversation, or took it off: the channel says which.
#[must_use]
pub fn conversation_tagging() -> ConversationTagging {
    ConversationTagging::new(CONVERSATION, "delivery".to_owned()).with_admin(admin())
}
