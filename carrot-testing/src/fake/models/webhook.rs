//! What the service posts: each of the same user, event and conversation.

use carrot_core::types::{
    ConversationType, MessageId,
    webhook::{ConversationState, ConversationWebhook, EventWebhook, MessageWebhook},
};

use super::{CONVERSATION, USER, event, part, seconds_ago, user};

/// The webhook of the event `Order paid`. With `Webhook::Event(Box::new(…)).to_form(token)` it is the body that
/// a handler gets.
#[must_use]
pub fn event_webhook() -> EventWebhook {
    EventWebhook::new(user(), "Order paid", event())
}

/// The webhook of a message, sent after the event, which started conversation 716.
#[must_use]
pub fn message_webhook() -> MessageWebhook {
    MessageWebhook::new(
        user(),
        event(),
        MessageId::new(2804),
        CONVERSATION,
        "Thanks",
    )
}

/// The webhook of the question of the user.
#[must_use]
pub fn conversation_webhook() -> ConversationWebhook {
    ConversationWebhook::new(part()).with_state(conversation_state())
}

/// What that webhook tells of the conversation: open, with the tag `delivery`.
#[must_use]
pub fn conversation_state() -> ConversationState {
    ConversationState::new()
        .with_closed(false)
        .with_tags(vec!["delivery".to_owned()])
        .with_last_update(seconds_ago(60))
        .with_replied(true)
        .with_kind(ConversationType::PopupChat)
        .with_user(USER)
}
