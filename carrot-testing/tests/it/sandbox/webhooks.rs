//! Webhooks of the sandbox, read with the reader of the types.

use carrot_core::types::{
    Author, EventId, MessageId,
    webhook::{self, Webhook},
};
use carrot_testing::{
    Sandbox,
    sandbox::{DeliveryState, WebhookDelivery},
};

use super::common::{assert_snapshot, post, start};

fn read(sandbox: &Sandbox, delivery: &WebhookDelivery) -> Webhook {
    assert_eq!(delivery.attempts(), 0);
    assert_eq!(delivery.state(), DeliveryState::Waiting);
    let webhook = webhook::parse(delivery.body().as_bytes(), sandbox.webhook_token()).unwrap();
    assert_eq!(webhook.kind(), delivery.kind());
    webhook
}

fn track(sandbox: &Sandbox, event: &str) -> u64 {
    let fields = [
        ("by_user_id", "true"),
        ("event", event),
        ("params", r#"{"sum": "50% & more"}"#),
    ];
    let response = post(sandbox, "/v2/users/order-42/events", &fields);
    response.data()["id"].as_u64().unwrap()
}

#[test]
fn an_event_is_told() {
    let sandbox = Sandbox::new();
    let id = track(&sandbox, "Order placed");
    let webhooks = sandbox.webhooks();
    assert_eq!(webhooks.len(), 1);
    let Webhook::Event(event) = read(&sandbox, &webhooks[0]) else {
        panic!("an event");
    };
    assert_eq!(event.event_name, "Order placed");
    assert_eq!(event.event_id, Some(EventId::new(id)));
    assert_eq!(event.event.as_ref().map(|event| event.id), event.event_id);
    assert_eq!(event.props["sum"], serde_json::json!("50% & more"));
    assert_eq!(Some(event.user_id), sandbox.user_id("order-42"));
    assert_eq!(event.user.id, event.user_id);
    assert_eq!(event.user.user_id.as_deref(), Some("order-42"));
}

#[test]
fn only_the_chosen_events_are_told() {
    let sandbox = Sandbox::builder().webhook_events(["Order placed"]).build();
    track(&sandbox, "Looked around");
    assert!(sandbox.webhooks().is_empty());
    track(&sandbox, "Order placed");
    assert_eq!(sandbox.webhooks().len(), 1);
    let none = Sandbox::builder().webhook_events::<&str>([]).build();
    track(&none, "Order placed");
    assert!(none.webhooks().is_empty());
}

#[test]
fn only_messages_are_delivered() {
    let sandbox = Sandbox::builder().webhook_token("of the panel").build();
    let conversation = start(&sandbox, "order-42", "Where is it?");
    let path = |rest: &str| format!("/v2/conversations/{conversation}/{rest}");
    post(&sandbox, &path("tag"), "tag=delivery&from_admin=501").data();
    post(&sandbox, &path("reply"), "body=Courier&type=note").data();
    post(&sandbox, &path("assign"), "admin=501&from_admin=501").data();
    let reply = [("body", "Soon"), ("from_admin", "501"), ("random_id", "5")];
    let reply = post(&sandbox, &path("reply"), &reply).data()["id"].clone();
    post(&sandbox, &path("close"), "").data();

    let webhooks = sandbox.webhooks();
    assert_eq!(
        webhooks.iter().map(WebhookDelivery::id).collect::<Vec<_>>(),
        [1, 2]
    );
    let [question, response] = [0, 1].map(|at| match read(&sandbox, &webhooks[at]) {
        Webhook::Conversation(webhook) => *webhook,
        other => panic!("{other:?}"),
    });
    let user = sandbox.user_id("order-42").unwrap();
    assert_eq!(question.part.from, Some(Author::User(user)));
    assert_eq!(question.part.body.as_deref(), Some("Where is it?"));
    assert_eq!(question.state.user, Some(user));
    assert_eq!(question.state.replied, Some(true));
    assert_eq!(question.state.admin_unread_count, Some(1));
    assert!(question.part.assignee.is_null());
    assert_eq!(response.part.id.get(), reply);
    assert_eq!(response.part.random_id.map(|id| id.get()), Some(5));
    assert_eq!(response.part.from.unwrap().name(), Some("First operator"));
    assert_eq!(
        response.part.assignee.value().unwrap().name.as_deref(),
        Some("First operator")
    );
    assert_eq!(response.state.tags, ["delivery"]);
    assert_eq!(response.state.closed, Some(false));
    assert_eq!(response.state.not_answered_admin_replies, Some(1));
    assert_eq!(response.state.user, Some(user));
}

/// The fields of the request that was recorded from the service in 2025.
#[test]
fn webhook_messages_have_text_ids() {
    let sandbox = Sandbox::new();
    start(&sandbox, "order-42", "Hi");
    let body = sandbox.take_webhooks().remove(0).body().to_owned();
    let mut form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    form.sort();
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["conversation", "token", "type"]);
    let json: serde_json::Value = serde_json::from_str(&form[0].1).unwrap();
    assert_snapshot("webhook_message", &format!("{json:#}\n"));
    // They are taken once.
    assert!(sandbox.webhooks().is_empty() && sandbox.take_webhooks().is_empty());
}

#[test]
fn a_webhook_message_is_fired_by_hand() {
    let sandbox = Sandbox::new();
    let event = track(&sandbox, "Cart left");
    assert!(!sandbox.fire_webhook_message(EventId::new(1), MessageId::new(12_931), "Nothing"));
    assert!(sandbox.fire_webhook_message(
        EventId::new(event),
        MessageId::new(12_931),
        "Abandoned cart"
    ));
    let webhooks = sandbox.webhooks();
    assert_eq!(webhooks.len(), 2);
    let Webhook::Message(message) = read(&sandbox, &webhooks[1]) else {
        panic!("a message");
    };
    assert_eq!(message.message_id, MessageId::new(12_931));
    assert_eq!(message.message_name.as_deref(), Some("Abandoned cart"));
    assert_eq!(message.event_id, Some(EventId::new(event)));
    assert!(!webhooks[1].body().contains("event_name"));
    // The sending is not a conversation that an operator reads.
    assert!(sandbox.conversation(message.sending_id.unwrap()).is_none());
}

#[test]
fn a_delivery_is_shown_without_its_body() {
    let sandbox = Sandbox::builder().webhook_token("canary").build();
    start(&sandbox, "order-42", "canary");
    let shown = format!("{:?} {sandbox:?}", sandbox.webhooks());
    assert!(!shown.contains("canary"), "{shown}");
}
