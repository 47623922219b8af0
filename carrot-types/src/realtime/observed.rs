//! The payloads that no page of the vendor documents: they are read by the vendor's own clients.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{ConversationId, ConversationPart, ConversationRef, RandomId, UserId};

/// The user read a conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationReading {
    /// The conversation; `id` in the API.
    #[serde(rename = "id")]
    pub conversation: ConversationId,
}

model!(ConversationReading::new(conversation: ConversationId => with_conversation = "id") {});

/// Parts that were added to one conversation, also those that started it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationParts {
    /// The parts; one that cannot be read is left out.
    pub parts: Vec<ConversationPart>,
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationRef>,
    /// The number that the sender chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_id: Option<RandomId>,
}

model!(ConversationParts::new() {
    with_parts(parts: Vec<ConversationPart>),
    with_conversation(conversation: ConversationRef),
    with_random_id(random_id: RandomId),
});

/// What the chat of a user must do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationNotice {
    /// What it is, such as `popup_close`; `notify_type` in the API.
    #[serde(rename = "notify_type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The conversation; `conversation_id` in the API.
    #[serde(rename = "conversation_id", skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
}

model!(ConversationNotice::new() {
    with_kind(kind: String) = "notify_type",
    with_conversation(conversation: ConversationId) = "conversation_id",
});

/// A bot finished a conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationFinish {
    /// The conversation.
    pub conversation: ConversationRef,
}

model!(ConversationFinish::new(conversation: ConversationRef => with_conversation) {});

/// Whether operators of the site are online.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AppPresence {
    /// `online` or `offline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<crate::Presence>,
}

model!(AppPresence::new() {
    with_status(status: crate::Presence),
});

/// A user became another one.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UserMerge {
    /// The user that stays; `new` in the API.
    #[serde(rename = "new")]
    pub user: UserId,
    /// The token of that user: a secret, which `Debug` leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_auth_token: Option<String>,
}

model!(UserMerge::new(user: UserId => with_user = "new") {
    with_new_auth_token(new_auth_token: String),
});

impl fmt::Debug for UserMerge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserMerge")
            .field("user", &self.user)
            .field(
                "new_auth_token",
                &self.new_auth_token.as_ref().map(|_| "(redacted)"),
            )
            .finish()
    }
}

/// Users who were deleted, with all of their data.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UsersRemoval {
    /// The users.
    pub ids: Vec<UserId>,
}

model!(UsersRemoval::new() {
    with_ids(ids: Vec<UserId>),
});

/// Whether a user is banned.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UserBan {
    /// The user; `user_id` in the API.
    #[serde(rename = "user_id")]
    pub user: UserId,
    /// True when the user was banned; `value` in the API.
    #[serde(rename = "value", skip_serializing_if = "Option::is_none")]
    pub is_banned: Option<bool>,
}

model!(UserBan::new(user: UserId => with_user = "user_id") {
    with_is_banned(is_banned: bool) = "value",
});

/// A script for the page of a user. **Never run it**: it comes from whoever can write to the channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Script {
    /// JavaScript.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The pages that it is for, as they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_filters: Option<Value>,
}

model!(Script::new() {
    with_code(code: String),
    with_sending_filters(sending_filters: Value),
});
