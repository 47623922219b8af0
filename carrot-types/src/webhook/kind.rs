use serde::{Deserialize, Serialize};

use super::{
    ConversationWebhook, EventWebhook, MessageWebhook, WebhookError,
    form::{Form, Writer},
};

pub(super) const EVENT: &str = "event";
pub(super) const MESSAGE: &str = "message_webhook";
pub(super) const CONVERSATION: &str = "conversation";

/// A webhook, by its `type`.
///
/// It goes through serde, for a queue between a handler and the work: `{"event": {…}}`. The service sends a
/// form, which [`parse`](super::parse) reads.
///
/// Source: <https://developers.dashly.io/webhooks>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Webhook {
    /// `event`: an event happened that was chosen in the admin panel.
    Event(Box<EventWebhook>),
    /// `message_webhook`: an automatic message of kind "trigger webhook" was sent.
    Message(Box<MessageWebhook>),
    /// `conversation`: the user or an operator wrote in the chat.
    Conversation(Box<ConversationWebhook>),
    /// A kind that this version of the crate does not know, as it came.
    Other {
        /// The `type`.
        kind: String,
        /// Every field but `type` and `token`, in the order of the form.
        fields: Vec<(String, String)>,
    },
}

impl Webhook {
    /// The `type` in the API.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Event(_) => EVENT,
            Self::Message(_) => MESSAGE,
            Self::Conversation(_) => CONVERSATION,
            Self::Other { kind, .. } => kind,
        }
    }

    /// What tells this webhook from all others, and is the same when the service repeats it:
    /// the kind with the id of the event, of the event and the message, or of the conversation part.
    ///
    /// `None` where nothing tells a repetition from another event: for a kind that this version of the
    /// crate does not know, and for an event that came without an id.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        let id = match self {
            Self::Event(event) => event.event_id?.to_string(),
            // One event may trigger several messages.
            Self::Message(message) => match (message.event_id, message.sending_id) {
                (Some(event), _) => format!("{event}/{}", message.message_id),
                (None, Some(sending)) => format!("sending/{sending}/{}", message.message_id),
                (None, None) => return None,
            },
            Self::Conversation(conversation) => conversation.part.id.to_string(),
            Self::Other { .. } => return None,
        };
        Some(format!("{}/{id}", self.kind()))
    }

    /// Writes the body of the request as the service would send it, with `token`: for tests of a
    /// handler.
    ///
    /// [`parse`](super::parse) reads it back, where the token is not empty. A [`Webhook::Other`] must
    /// not have the `kind` of another variant nor a field `type` or `token`.
    ///
    /// ```
    /// use carrot_types::{Event, EventId, User, UserId, webhook::{self, EventWebhook, Webhook}};
    ///
    /// let user = User::new(UserId::new(7_183_415));
    /// let event = Event::new(EventId::new(61_956_879));
    /// let webhook = Webhook::from(EventWebhook::new(user, "Order created", event));
    /// let body = webhook.to_form("s3cret");
    /// assert_eq!(webhook::parse(body.as_bytes(), "s3cret"), Ok(webhook));
    /// ```
    #[must_use]
    pub fn to_form(&self, token: &str) -> String {
        let form = Writer::new(self.kind());
        let form = match self {
            Self::Event(event) => event.write(form),
            Self::Message(message) => message.write(form),
            Self::Conversation(conversation) => form.object(CONVERSATION, conversation),
            Self::Other { fields, .. } => fields
                .iter()
                .fold(form, |form, (name, text)| form.text(name, text)),
        };
        form.finish(token)
    }

    pub(super) fn from_form(mut form: Form) -> Result<Self, WebhookError> {
        let kind = form.kind()?;
        Ok(match kind.as_str() {
            EVENT => EventWebhook::read(form)?.into(),
            MESSAGE => MessageWebhook::read(form)?.into(),
            CONVERSATION => form
                .object_with(CONVERSATION, ConversationWebhook::from_json)?
                .into(),
            _ => Self::Other {
                kind,
                fields: form.rest(),
            },
        })
    }
}

impl From<EventWebhook> for Webhook {
    fn from(event: EventWebhook) -> Self {
        Self::Event(Box::new(event))
    }
}

impl From<MessageWebhook> for Webhook {
    fn from(message: MessageWebhook) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<ConversationWebhook> for Webhook {
    fn from(conversation: ConversationWebhook) -> Self {
        Self::Conversation(Box::new(conversation))
    }
}
