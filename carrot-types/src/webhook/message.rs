use super::{
    WebhookError,
    event::read_event,
    form::{Form, Writer},
};
use crate::{ConversationId, Event, EventId, MessageId, User, UserId};

/// The webhook `message_webhook`: an event set off an automatic message of kind "trigger webhook".
///
/// Source: <https://developers.dashly.io/webhooks>
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MessageWebhook {
    /// Whom the message is for.
    pub user: User,
    /// The id of the user, which stands in a field of its own too.
    pub user_id: UserId,
    /// The event that set the message off; read as in [`EventWebhook`](super::EventWebhook).
    pub event: Event,
    /// The id of the event, which stands in a field of its own too.
    pub event_id: EventId,
    /// The automatic message.
    pub message_id: MessageId,
    /// The sending of the message to this user, which is a conversation.
    pub sending_id: ConversationId,
    /// The name of the message in the admin panel.
    pub message_name: String,
}

setters!(MessageWebhook {
    with_user(user: User),
    with_user_id(user_id: UserId),
    with_event(event: Event),
    with_event_id(event_id: EventId),
    with_message_id(message_id: MessageId),
    with_sending_id(sending_id: ConversationId),
    with_message_name(message_name: String),
});

impl MessageWebhook {
    /// A webhook with the ids of `user` and `event`.
    pub fn new(
        user: User,
        event: Event,
        message_id: MessageId,
        sending_id: ConversationId,
        message_name: impl Into<String>,
    ) -> Self {
        Self {
            user_id: user.id,
            event_id: event.id,
            user,
            event,
            message_id,
            sending_id,
            message_name: message_name.into(),
        }
    }

    pub(super) fn read(mut form: Form) -> Result<Self, WebhookError> {
        let event_id = form.id("event_id")?;
        Ok(Self {
            user_id: form.id("user_id")?,
            message_id: form.id("message_id")?,
            sending_id: form.id("sending_id")?,
            message_name: form.text("message_name")?,
            user: form.object("user")?,
            event: form.object_with("event", |json| read_event(json, event_id))?,
            event_id,
        })
    }

    pub(super) fn write(&self, form: Writer) -> Writer {
        form.object("user", &self.user)
            .id("user_id", self.user_id)
            .object("event", &self.event)
            .id("event_id", self.event_id)
            .id("message_id", self.message_id)
            .id("sending_id", self.sending_id)
            .text("message_name", &self.message_name)
    }
}
