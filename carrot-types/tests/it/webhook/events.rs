//! The webhook of an event: where its ids and its user stand.

use super::*;

fn event_of(fields: &[(&str, &str)]) -> EventWebhook {
    let fixed = [("type", "event"), ("token", TOKEN)];
    let fields: Fields = fixed
        .iter()
        .chain(fields)
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let Webhook::Event(event) = read(&form(&fields)) else {
        panic!("another kind");
    };
    let parsed = parse_fields(fields, TOKEN);
    assert_eq!(parsed, Ok(Webhook::Event(event.clone())));
    *event
}

#[test]
fn ids_are_taken_from_wherever_they_stand() {
    for fields in [
        // The sample of the vendor's page.
        &[
            ("user", "{}"),
            ("user_id", "7"),
            ("event_name", "Paid"),
            ("event", r#"{"id": 9}"#),
        ][..],
        &[
            ("user", r#"{"id": 7}"#),
            ("user_id", ""),
            ("event_name", "Paid"),
            ("event", "{}"),
            ("event_id", "9"),
        ],
        &[
            ("user_id", "7"),
            (
                "event",
                r#"{"type": {"id": 1, "name": "Paid"}, "props": {}}"#,
            ),
            ("event_id", "9"),
        ],
        &[
            ("user", "[]"),
            ("user_id", "7"),
            ("event", "Paid"),
            ("event_id", "9"),
        ],
        &[("user_id", "7"), ("event", r#""Paid""#), ("event_id", "9")],
    ] {
        let event = event_of(fields);
        assert_eq!(
            (event.user.id, event.user_id),
            (UserId::new(7), UserId::new(7))
        );
        assert_eq!(event.event_name, "Paid");
        assert_eq!(event.event_id, Some(EventId::new(9)), "{fields:?}");
        assert_eq!(Webhook::from(event).key().as_deref(), Some("event/9"));
    }
    let body = format!("type=event&token={TOKEN}&event_name=Paid&event=%7B%22id%22%3A9%7D");
    assert_eq!(rejected(&body).to_string(), "the webhook has no `user_id`");
}

#[test]
fn user_with_its_id_elsewhere_keeps_data() {
    let user = r#"{"props": {"$email": "a@b.c"}}"#;
    for fields in [
        &[("user", user), ("user_id", "7"), ("event_name", "Paid")][..],
        &[
            ("user", user),
            ("event_name", "Paid"),
            ("event", r#"{"id": 9, "user": 7}"#),
        ],
        &[
            ("user", user),
            ("user_id", "null"),
            (
                "event",
                r#"{"user": 7, "props": {}, "type": {"name": "Paid"}}"#,
            ),
            ("event_name", "Paid"),
        ],
    ] {
        let event = event_of(fields);
        let id = UserId::new(7);
        assert_eq!((event.user.id, event.user_id), (id, id), "{fields:?}");
        assert_eq!(event.user.email(), Some("a@b.c"), "{fields:?}");
    }
}

#[test]
fn empty_event_is_absent_and_digits_are_ids() {
    for nothing in ["[]", "{}", "null", " [] "] {
        let event = event_of(&[("user_id", "7"), ("event_name", "Paid"), ("event", nothing)]);
        assert_eq!((event.event, event.event_id), (None, None), "{nothing}");
    }
    let event = event_of(&[
        ("user_id", "7"),
        ("event_name", "Paid"),
        ("event", "61956879"),
    ]);
    assert_eq!(event.event_id, Some(EventId::new(61_956_879)));
    assert_eq!(
        Webhook::from(event).key().as_deref(),
        Some("event/61956879")
    );
}

#[test]
fn unreadable_optional_id_is_absent() {
    for text in ["None", "null", "{}", "abc", "-1", "18446744073709551616"] {
        let body = with(MESSAGE, "sending_id", Some(text));
        let Webhook::Message(message) = read(&body) else {
            panic!("a message");
        };
        assert_eq!(message.sending_id, None, "{text}");
        let Webhook::Event(event) = read(&with(EVENT, "event_id", Some(text))) else {
            panic!("an event");
        };
        assert_eq!(event.event_id, Some(EventId::new(61_956_879)), "{text}");
    }
    let body = format!(
        r#"{{"token": "{TOKEN}", "type": "message_webhook", "user_id": 7, "message_id": 3,
            "message_name": "Hi", "sending_id": {{}}, "event_id": null}}"#
    );
    let Webhook::Message(message) = read(&body) else {
        panic!("a message");
    };
    assert_eq!((message.sending_id, message.event_id), (None, None));
}

#[test]
fn events_without_an_id_keep_their_properties() {
    for body in [
        r#"{"props": {"a": 1}, "type": {"name": "Paid"}}"#,
        r#"{"a": 1}"#,
    ] {
        let event = event_of(&[("user_id", "7"), ("event_name", "Paid"), ("event", body)]);
        assert_eq!((&event.event, event.event_id), (&None, None));
        assert_eq!(event.props["a"], json!(1));
        let webhook = Webhook::from(event);
        assert_eq!(webhook.key(), None);
        assert_eq!(read(&webhook.to_form(TOKEN)), webhook);
    }
}
