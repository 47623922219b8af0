use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AssistantType, ConversationPart, ConversationType, JsonError, Moment, Nullable, Timestamp,
    UserId, serde_util::json,
};

/// The webhook `conversation`: the user or an operator wrote in the chat.
///
/// The vendor's support switches it on; the admin panel has no switch.
/// In JSON the facts on the conversation stand beside those of the part, all in one object.
/// Source: <https://help.carrotquest.io/article/187>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConversationWebhook {
    /// The message. Its `assignee` is the operator of the conversation.
    #[serde(flatten)]
    pub part: ConversationPart,
    /// How the conversation stands.
    #[serde(flatten)]
    pub state: ConversationState,
}

impl ConversationWebhook {
    /// Creates a message, in a conversation of which nothing is known.
    #[must_use]
    pub fn new(part: ConversationPart) -> Self {
        Self {
            part,
            state: ConversationState::default(),
        }
    }

    /// Sets `part`.
    #[must_use = "a setter returns the changed value"]
    pub fn with_part(self, part: ConversationPart) -> Self {
        Self { part, ..self }
    }

    /// Sets `state`.
    #[must_use = "a setter returns the changed value"]
    pub fn with_state(self, state: ConversationState) -> Self {
        Self { state, ..self }
    }

    /// Reads the JSON of the field `conversation`, such as from a queue that a handler filled.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or not that of a conversation part with the facts on its conversation.
    pub fn from_json(json: &str) -> Result<Self, JsonError> {
        // Twice over the same text: what serde's `flatten` reads loses the path of an error.
        Ok(Self {
            part: json::read(json)?,
            state: json::read(json)?,
        })
    }
}

/// What the webhook of a message says about the conversation around it. The names in the API are
/// given where they are others.
///
/// Source: <https://help.carrotquest.io/article/187>
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationState {
    /// True when it is closed; `conversation_closed`.
    #[serde(
        rename = "conversation_closed",
        skip_serializing_if = "Option::is_none"
    )]
    pub closed: Option<bool>,
    /// Its tags; `conversation_tags`.
    #[serde(rename = "conversation_tags", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Put off until then; `conversation_delayed_until`. Documented as seconds; other moments of a
    /// conversation come as a date too.
    #[serde(
        rename = "conversation_delayed_until",
        skip_serializing_if = "Option::is_none"
    )]
    pub delayed_until: Option<Moment>,
    /// When it last changed; `conversation_last_update`.
    #[serde(
        rename = "conversation_last_update",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_update: Option<Timestamp>,
    /// True when the common list of the admin panel shows it; `conversation_replied`.
    #[serde(
        rename = "conversation_replied",
        skip_serializing_if = "Option::is_none"
    )]
    pub replied: Option<bool>,
    /// How many parts of the user no operator has read; `conversation_admin_unread_count`.
    #[serde(
        rename = "conversation_admin_unread_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub admin_unread_count: Option<u64>,
    /// When the user last wrote; `conversation_last_user_reply_time`. Seen as seconds; the object
    /// page has a date.
    #[serde(
        rename = "conversation_last_user_reply_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_user_reply_time: Option<Moment>,
    /// The kind of its first message; `conversation_type`.
    #[serde(rename = "conversation_type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ConversationType>,
    /// How many replies of operators the user has not replied to; `conversation_not_answered_admin_replies`.
    #[serde(
        rename = "conversation_not_answered_admin_replies",
        skip_serializing_if = "Option::is_none"
    )]
    pub not_answered_admin_replies: Option<u64>,
    /// The assistant that handles it; `conversation_assistant_type`.
    #[serde(
        rename = "conversation_assistant_type",
        skip_serializing_if = "Option::is_none"
    )]
    pub assistant_type: Option<AssistantType>,
    /// Its channel, as it came: seen as `null` only, and the shape is not documented.
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    pub channel: Nullable<Value>,
    /// Its user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

model!(ConversationState::new() {
    with_closed(closed: bool) = "conversation_closed",
    with_tags(tags: Vec<String>) = "conversation_tags",
    with_delayed_until(delayed_until: Moment) = "conversation_delayed_until",
    with_last_update(last_update: Timestamp) = "conversation_last_update",
    with_replied(replied: bool) = "conversation_replied",
    with_admin_unread_count(admin_unread_count: u64) = "conversation_admin_unread_count",
    with_last_user_reply_time(last_user_reply_time: Moment) = "conversation_last_user_reply_time",
    with_kind(kind: ConversationType) = "conversation_type",
    with_not_answered_admin_replies(not_answered_admin_replies: u64) = "conversation_not_answered_admin_replies",
    with_assistant_type(assistant_type: AssistantType) = "conversation_assistant_type",
    with_channel(channel: Nullable<Value>),
    with_user(user: UserId),
});
