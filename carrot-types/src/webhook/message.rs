use serde::Serialize;

use super::{
    WebhookError,
    event::{Found, read_user, write_event},
    form::{Form, Writer},
};
use crate::{ConversationId, Event, EventId, MessageId, PropertyMap, User, UserId};

/// The webhook `message_webhook`: an event triggered an automatic message of kind "trigger webhook".
///
/// Each id is taken from wherever it stands: the field of its own, or the object.
/// Source: <https://developers.dashly.io/webhooks>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MessageWebhook {
    /// The user that the message is for. Where the service sends an empty object, it has the id only.
    pub user: User,
    /// The id of the user, which stands in a field of its own too.
    pub user_id: UserId,
    /// The event that triggered the message; read as in [`EventWebhook`](super::EventWebhook).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// The id of the event, which stands in a field of its own too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// The properties of the event.
    #[serde(skip_serializing_if = "PropertyMap::is_empty")]
    pub props: PropertyMap,
    /// The automatic message.
    pub message_id: MessageId,
    /// The sending of the message to this user, which is a conversation. The service sends it empty, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_id: Option<ConversationId>,
    /// The name of the message in the admin panel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_name: Option<String>,
}

reader!(MessageWebhook(user: User, user_id: UserId, message_id: MessageId) {
    event: Event,
    event_id: EventId,
    props: PropertyMap,
    sending_id: ConversationId,
    message_name: String,
});

setters!(MessageWebhook {
    with_user(user: User),
    with_user_id(user_id: UserId),
    with_event(event: Event),
    with_event_id(event_id: EventId),
    with_props(props: PropertyMap),
    with_message_id(message_id: MessageId),
    with_sending_id(sending_id: ConversationId),
    with_message_name(message_name: String),
});

impl MessageWebhook {
    /// Creates a webhook with the ids of `user` and `event`, and with the properties of `event`.
    pub fn new(
        user: User,
        event: Event,
        message_id: MessageId,
        sending_id: ConversationId,
        message_name: impl Into<String>,
    ) -> Self {
        Self {
            user_id: user.id,
            event_id: Some(event.id),
            user,
            props: event.props.clone(),
            event: Some(event),
            message_id,
            sending_id: Some(sending_id),
            message_name: Some(message_name.into()),
        }
    }

    pub(super) fn read(mut form: Form) -> Result<Self, WebhookError> {
        let found = Found::read(&mut form)?;
        let (user, user_id) = read_user(&mut form, &found)?;
        Ok(Self {
            user,
            user_id,
            event: found.event,
            event_id: found.id,
            props: found.props,
            message_id: form.id("message_id")?,
            sending_id: form.optional_id("sending_id")?,
            message_name: form.take("message_name")?,
        })
    }

    pub(super) fn write(&self, form: Writer) -> Writer {
        let form = form.object("user", &self.user).id("user_id", self.user_id);
        write_event(form, self.event.as_ref(), &self.props)
            .optional_id("event_id", self.event_id)
            .id("message_id", self.message_id)
            .optional_id("sending_id", self.sending_id)
            .optional_text("message_name", self.message_name.as_deref())
    }
}
