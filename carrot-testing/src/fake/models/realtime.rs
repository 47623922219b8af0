//! What the realtime service tells of the same story.

use carrot_core::types::{
    Presence,
    realtime::{
        AppPresence, ConversationAssignment, ConversationClosing, ConversationFinish,
        ConversationNotice, ConversationParts, ConversationReading, ConversationTagging,
        ConversationTyping, Ping, PresenceChange, RealtimeChannel, RealtimeMessage,
        RealtimePayload, Script, UserBan, UserMerge, UsersRemoval,
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
    Ping::new().with_timestamp(seconds_ago(0))
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

/// The user read the conversation.
#[must_use]
pub fn conversation_reading() -> ConversationReading {
    ConversationReading::new(CONVERSATION)
}

/// The question of the user, in a batch of one.
#[must_use]
pub fn conversation_parts() -> ConversationParts {
    ConversationParts::new()
        .with_parts(vec![part()])
        .with_conversation(CONVERSATION)
}

/// A pop-up of the conversation is closed.
#[must_use]
pub fn conversation_notice() -> ConversationNotice {
    ConversationNotice::new()
        .with_kind("popup_close")
        .with_conversation(CONVERSATION)
}

/// A bot finished the conversation.
#[must_use]
pub fn conversation_finish() -> ConversationFinish {
    ConversationFinish::new(CONVERSATION.into())
}

/// Operators are online.
#[must_use]
pub fn app_presence() -> AppPresence {
    AppPresence::new().with_status(Presence::Online)
}

/// The user became another one.
#[must_use]
pub fn user_merge() -> UserMerge {
    UserMerge::new(USER).with_new_auth_token("user.1.a-token")
}

/// The user was deleted.
#[must_use]
pub fn users_removal() -> UsersRemoval {
    UsersRemoval::new().with_ids([USER])
}

/// The user was banned.
#[must_use]
pub fn user_ban() -> UserBan {
    UserBan::new(USER).with_is_banned(true)
}

/// A script for the page of the user.
#[must_use]
pub fn script() -> Script {
    Script::new().with_code("console.log('Hi')")
}
