use carrot_core::types::{EventId, MessageId};

#[cfg(feature = "server")]
use super::record::FIRST_PAUSE_MICROS;
use super::{delivery::WebhookDelivery, record::event_fields};
use crate::sandbox::service::{Sandbox, Service};

/// Webhooks. The sandbox writes one for each event, by the names that
/// [`SandboxBuilder::webhook_events`](crate::sandbox::SandboxBuilder::webhook_events) chose, and one for each
/// message in a conversation; [`fire_webhook_message`](Sandbox::fire_webhook_message) makes the third
/// kind. A test takes them by hand, or with the feature `server` has them posted:
/// `Sandbox::deliver_webhooks_to`.
impl Sandbox {
    /// Returns the token in every webhook.
    #[must_use]
    pub fn webhook_token(&self) -> &str {
        &self.settings().webhook_token
    }

    /// Returns all webhooks, oldest first, delivered or not.
    #[must_use]
    pub fn webhooks(&self) -> Vec<WebhookDelivery> {
        let token = self.webhook_token();
        let records = &self.service().webhooks.records;
        records.iter().map(|one| one.show(token)).collect()
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
        let webhooks = std::mem::take(&mut self.service().webhooks.records);
        let token = self.webhook_token();
        webhooks.iter().map(|one| one.show(token)).collect()
    }

    /// Writes the webhook of an automatic message of kind "trigger webhook" that this event set off:
    /// the sandbox has no automatic messages of its own. False where there is no such event.
    pub fn fire_webhook_message(&self, event: EventId, message: MessageId, name: &str) -> bool {
        let mut service = self.service();
        let Service {
            store, webhooks, ..
        } = &mut *service;
        let Some(mut fields) = event_fields(store, event.get()) else {
            return false;
        };
        // A sending has the id of a conversation. This one is in no list: nobody reads it in a chat.
        let sending = store.ids.next_conversation();
        fields.push(("message_id".into(), message.to_string()));
        fields.push(("sending_id".into(), sending.to_string()));
        fields.push(("message_name".into(), name.to_owned()));
        webhooks.push(store, "message_webhook", fields);
        true
    }
}

#[cfg(feature = "server")]
impl Sandbox {
    /// The ids of what is due.
    pub(in crate::sandbox) fn due_webhooks(&self) -> Vec<u64> {
        let service = self.service();
        let now = service.store.now();
        let due = service
            .webhooks
            .records
            .iter()
            .filter(|one| one.is_due(now));
        due.map(|one| one.id).collect()
    }

    /// Takes a webhook as an attempt to deliver it, and gives it; `None` where it is not due any
    /// more. That the attempt fails is what is written down, until [`attempted`](Self::attempted) says
    /// otherwise, so two who deliver at once do not send the same.
    pub(in crate::sandbox) fn attempt_webhook(&self, id: u64) -> Option<WebhookDelivery> {
        let token = self.webhook_token();
        let mut service = self.service();
        let now = service.store.now();
        let mut due = service
            .webhooks
            .records
            .iter_mut()
            .filter(|one| one.is_due(now));
        let one = due.find(|one| one.id == id)?;
        one.due = now.saturating_add(FIRST_PAUSE_MICROS << one.attempts);
        one.attempts += 1;
        Some(one.show(token))
    }

    /// Notes how an attempt went, and shows the webhook; `None` where it was taken out meanwhile.
    pub(in crate::sandbox) fn attempted(
        &self,
        id: u64,
        delivered: bool,
    ) -> Option<WebhookDelivery> {
        let token = self.webhook_token();
        let mut service = self.service();
        let one = service
            .webhooks
            .records
            .iter_mut()
            .find(|one| one.id == id)?;
        one.delivered |= delivered;
        let shown = one.show(token);
        service.webhooks.forget_delivered();
        Some(shown)
    }
}
