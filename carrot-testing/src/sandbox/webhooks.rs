//! Webhooks: what the service would post to an address of the app's owner.
//!
//! Source: <https://developers.dashly.io/webhooks>

use std::fmt;

use carrot_core::types::{EventId, MessageId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Sandbox,
    state::{State, Word},
    view::{ConversationFields, UserFields, View},
};

/// The vendor says "several times over the next minutes"; these are the sandbox's numbers: the last
/// attempt is seven and a half minutes after the first.
const ATTEMPTS: u32 = 5;
#[cfg(feature = "server")]
const FIRST_PAUSE_MICROS: i64 = 30_000_000;

/// A webhook as it is kept: without the token, which is no part of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delivery {
    id: u64,
    kind: Word,
    fields: Vec<(Word, String)>,
    attempts: u32,
    delivered: bool,
    /// When the next attempt is due.
    due: i64,
}

impl Delivery {
    fn state(&self) -> DeliveryState {
        match (self.delivered, self.attempts) {
            (true, _) => DeliveryState::Delivered,
            (false, ATTEMPTS..) => DeliveryState::GivenUp,
            (false, _) => DeliveryState::Waiting,
        }
    }

    #[cfg(feature = "server")]
    fn is_due(&self, now: i64) -> bool {
        self.state() == DeliveryState::Waiting && self.due <= now
    }

    fn show(&self, token: &str) -> WebhookDelivery {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("type", &self.kind);
        form.extend_pairs(&self.fields);
        form.append_pair("token", token);
        WebhookDelivery {
            id: self.id,
            kind: self.kind.clone(),
            body: form.finish(),
            attempts: self.attempts,
            state: self.state(),
        }
    }
}

/// A webhook of the [`Sandbox`]: what it says, and how far its delivery is.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    id: u64,
    kind: Word,
    body: String,
    attempts: u32,
    state: DeliveryState,
}

/// How far the delivery of a webhook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryState {
    /// It was not sent yet, or failed and will be sent again.
    Waiting,
    /// The receiver answered with 200.
    Delivered,
    /// It failed five times and is not sent again.
    GivenUp,
}

impl WebhookDelivery {
    /// Its number: 1 for the first one, and one more for each.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The `type`: `event`, `message_webhook` or `conversation`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The body of the request, of content type `application/x-www-form-urlencoded`. It holds the
    /// [token](Sandbox::webhook_token) of webhooks.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// How many times it was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> DeliveryState {
        self.state
    }
}

/// Never shows the body, which holds the token.
impl fmt::Debug for WebhookDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookDelivery")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("attempts", &self.attempts)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Webhooks. The sandbox writes one for each event, by the names that
/// [`SandboxBuilder::webhook_events`](super::SandboxBuilder::webhook_events) chose, and one for each
/// message in a conversation; [`fire_webhook_message`](Sandbox::fire_webhook_message) makes the third
/// kind. A test takes them by hand, or with the feature `server` has them posted:
/// `Sandbox::deliver_webhooks_to`.
impl Sandbox {
    /// The token in every webhook.
    #[must_use]
    pub fn webhook_token(&self) -> &str {
        &self.0.settings.webhook_token
    }

    /// All webhooks, oldest first, delivered or not.
    #[must_use]
    pub fn webhooks(&self) -> Vec<WebhookDelivery> {
        let token = self.webhook_token();
        let state = self.state();
        state.webhooks.iter().map(|one| one.show(token)).collect()
    }

    /// Takes all webhooks out, oldest first: a test hands their bodies to its handler, and nothing
    /// delivers them again.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use carrot_core::types::webhook::{self, Webhook};
    /// use carrot_testing::Sandbox;
    ///
    /// let sandbox = Sandbox::new();
    /// let request = http::Request::post("/v2/users/order-42/events")
    ///     .header("authorization", format!("Token {}", sandbox.token()))
    ///     .body(Bytes::from("by_user_id=true&event=Order+placed"))?;
    /// assert_eq!(sandbox.handle(&request).status(), 200);
    ///
    /// let webhooks = sandbox.take_webhooks();
    /// let webhook = webhook::parse(webhooks[0].body().as_bytes(), sandbox.webhook_token())?;
    /// let Webhook::Event(webhook) = webhook else {
    ///     return Err("it is of an event".into());
    /// };
    /// assert_eq!(webhook.event_name, "Order placed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "they are no longer in the sandbox"]
    pub fn take_webhooks(&self) -> Vec<WebhookDelivery> {
        let webhooks = std::mem::take(&mut self.state().webhooks);
        let token = self.webhook_token();
        webhooks.iter().map(|one| one.show(token)).collect()
    }

    /// Writes the webhook of an automatic message of kind "trigger webhook" that this event set off:
    /// the sandbox has no automatic messages of its own. False where there is no such event.
    pub fn fire_webhook_message(
        &self,
        event: impl Into<EventId>,
        message: impl Into<MessageId>,
        name: &str,
    ) -> bool {
        let (event, message) = (event.into().get(), message.into());
        let mut state = self.state();
        let Some(mut fields) = state.event_fields(event) else {
            return false;
        };
        // A sending has the id of a conversation. This one is in no list: nobody reads it in a chat.
        let sending = state.next_conversation();
        fields.push(("message_id".into(), message.to_string()));
        fields.push(("sending_id".into(), sending.to_string()));
        fields.push(("message_name".into(), name.to_owned()));
        state.tell("message_webhook", fields);
        true
    }
}

impl State {
    fn tell(&mut self, kind: &'static str, fields: Vec<(Word, String)>) {
        let delivery = Delivery {
            id: self.next_webhook(),
            kind: kind.into(),
            fields,
            attempts: 0,
            delivered: false,
            due: self.now(),
        };
        self.webhooks.push(delivery);
    }

    /// What webhooks say about an event; `None` where there is no such event, or no user to it.
    fn event_fields(&self, event: u64) -> Option<Vec<(Word, String)>> {
        let event = self.events.get(&event)?;
        let user = self.users.get(&event.user)?;
        let view = View::plain(self);
        let fields = UserFields {
            props: true,
            props_custom: true,
            tags: true,
            ..UserFields::default()
        };
        Some(vec![
            ("user".into(), view.user(user, &fields).to_string()),
            ("user_id".into(), user.id.to_string()),
            ("event".into(), view.event(event, false).to_string()),
            ("event_id".into(), event.id.to_string()),
        ])
    }

    pub(super) fn tell_of_event(&mut self, event: u64, name: &str) {
        let chosen = self.settings.webhook_events.as_ref();
        if chosen.is_some_and(|chosen| !chosen.contains(name)) {
            return;
        }
        if let Some(mut fields) = self.event_fields(event) {
            fields.insert(2, ("event_name".into(), name.to_owned()));
            self.tell("event", fields);
        }
    }

    pub(super) fn tell_of_message(&mut self, part: u64) {
        if let Some(message) = self.message(part) {
            let fields = vec![("conversation".into(), message.to_string())];
            self.tell("conversation", fields);
        }
    }

    /// A part and the facts on its conversation in one object, with ids as texts, as recorded from the
    /// service.
    fn message(&self, part: u64) -> Option<Value> {
        let part = self.parts.get(&part)?;
        let record = self.conversations.get(&part.conversation)?;
        let view = View::ids_as_text(self);
        let mut json = view.part(part);
        let fields = json.as_object_mut()?;
        fields.remove("first");
        fields.remove("read");
        let mut conversation = view.conversation(record, &ConversationFields::WITH_CHANNEL);
        for (name, of_conversation) in [
            ("conversation_delayed_until", "delayed_until"),
            ("conversation_last_update", "last_update"),
            ("conversation_closed", "closed"),
            ("conversation_replied", "replied"),
            ("conversation_tags", "tags"),
            ("conversation_admin_unread_count", "admin_unread_count"),
            ("conversation_last_user_reply_time", "last_user_reply_time"),
            ("conversation_type", "type"),
            (
                "conversation_not_answered_admin_replies",
                "not_answered_admin_replies",
            ),
            ("conversation_assistant_type", "assistant_type"),
            ("assignee", "assignee"),
            ("channel", "channel"),
        ] {
            fields.insert(name.to_owned(), conversation[of_conversation].take());
        }
        fields.insert("user".to_owned(), view.id(record.user));
        Some(json)
    }
}

#[cfg(feature = "server")]
impl Sandbox {
    /// The ids of what is due.
    pub(super) fn due_webhooks(&self) -> Vec<u64> {
        let state = self.state();
        let now = state.now();
        let due = state.webhooks.iter().filter(|one| one.is_due(now));
        due.map(|one| one.id).collect()
    }

    /// Takes a webhook as an attempt to deliver it, and gives its body; `None` where it is not due any
    /// more. That the attempt fails is what is written down, until [`attempted`](Self::attempted) says
    /// otherwise, so two who deliver at once do not send the same.
    pub(super) fn attempt_webhook(&self, id: u64) -> Option<String> {
        let token = self.webhook_token();
        let mut state = self.state();
        let now = state.now();
        let mut due = state.webhooks.iter_mut().filter(|one| one.is_due(now));
        let one = due.find(|one| one.id == id)?;
        one.due = now.saturating_add(FIRST_PAUSE_MICROS << one.attempts);
        one.attempts += 1;
        Some(one.show(token).body)
    }

    /// Notes how an attempt went, and shows the webhook; `None` where it was taken out meanwhile.
    pub(super) fn attempted(&self, id: u64, delivered: bool) -> Option<WebhookDelivery> {
        let token = self.webhook_token();
        let mut state = self.state();
        let one = state.webhooks.iter_mut().find(|one| one.id == id)?;
        one.delivered |= delivered;
        Some(one.show(token))
    }
}
