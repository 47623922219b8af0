use serde::{Deserialize, Deserializer, Serialize};

use super::{
    ConversationWebhook, EventWebhook, MessageWebhook, WebhookError,
    form::{Form, Writer},
};
use crate::json::Object;

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
    #[serde(deserialize_with = "read_other")]
    Other {
        /// The `type`.
        kind: String,
        /// Every field but `type` and `token`, in the order of the form.
        fields: Vec<(String, String)>,
    },
}

impl Webhook {
    /// Returns the `type` in the API.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Event(_) => EVENT,
            Self::Message(_) => MESSAGE,
            Self::Conversation(_) => CONVERSATION,
            Self::Other { kind, .. } => kind,
        }
    }

    /// Returns the key by which to tell a repetition: the same where the service repeats this webhook.
    /// `None` for a kind that this version of the crate does not know.
    ///
    /// It is the kind with the id of the event, of the event and the message, or of the conversation part. For
    /// an event or a message that came without such an id, it is a hash of the content: see
    /// [`has_exact_key`](Self::has_exact_key).
    #[must_use]
    pub fn key(&self) -> Option<String> {
        let kind = self.kind();
        self.exact_id()
            .map(|id| format!("{kind}/{id}"))
            .or_else(|| Some(format!("{kind}/content/{:032x}", self.content()?)))
    }

    /// Returns false where [`key`](Self::key) is a hash of the content: of the user, the name of the event
    /// or the id of the message, the properties of the event, and its time where it is there. Two equal
    /// events of one user have the same key then, so remember it for some minutes only, in which the
    /// service repeats a request, or take the risk to do the work twice and ignore such keys.
    #[must_use]
    pub fn has_exact_key(&self) -> bool {
        self.exact_id().is_some()
    }

    fn exact_id(&self) -> Option<String> {
        match self {
            Self::Event(event) => event.event_id.map(|id| id.to_string()),
            // One event may trigger several messages.
            Self::Message(message) => match (message.event_id, message.sending_id) {
                (Some(event), _) => Some(format!("{event}/{}", message.message_id)),
                (None, Some(sending)) => Some(format!("sending/{sending}/{}", message.message_id)),
                (None, None) => None,
            },
            Self::Conversation(conversation) => Some(conversation.part.id.to_string()),
            Self::Other { .. } => None,
        }
    }

    /// The hash of what happened. The data of the user is not in it: it may change between two repetitions.
    fn content(&self) -> Option<u128> {
        let (name, user, event, props) = match self {
            Self::Event(hook) => (
                hook.event_name.clone(),
                hook.user_id,
                &hook.event,
                &hook.props,
            ),
            Self::Message(hook) => {
                let name = hook.message_id.to_string();
                (name, hook.user_id, &hook.event, &hook.props)
            }
            Self::Conversation(_) | Self::Other { .. } => return None,
        };
        let created = event.as_ref().and_then(|event| event.created);
        let content = serde_json::to_vec(&(name, user, created, props)).ok()?;
        Some(hash(&content))
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

/// FNV-1a of 128 bits, which is the same in every version of the crate and on every machine.
fn hash(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    })
}

/// The kind and the fields of [`Webhook::Other`].
type OtherParts = (String, Vec<(String, String)>);

fn read_other<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OtherParts, D::Error> {
    #[derive(Deserialize)]
    struct Other {
        kind: String,
        fields: Vec<(String, String)>,
    }
    let Object(Other { kind, fields }) = Object::deserialize(deserializer)?;
    Ok((kind, fields))
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
