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
        // An empty name beside the one that counts, and objects that were encoded twice.
        &[
            ("user_id", "7"),
            ("event_name", ""),
            ("event", "Paid"),
            ("event_id", "9"),
        ],
        &[
            ("user", r#""{\"id\": 7}""#),
            ("event_name", "Paid"),
            ("event", r#""{\"id\": 9}""#),
        ],
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
    // The name where nothing else of a type stands.
    for event in [
        r#"{"id": 9, "name": "Paid"}"#,
        r#"{"id": 9, "type": "Paid"}"#,
        r#"{"id": 9, "type": {"name": "Paid"}, "name": "x"}"#,
    ] {
        let event = event_of(&[("user_id", "7"), ("event", event)]);
        assert_eq!(event.event_name, "Paid");
        assert_eq!(event.event_id, Some(EventId::new(9)));
    }
    let named = event_of(&[("user_id", "7"), ("event", r#"{"name": "Paid"}"#)]);
    assert_eq!((named.event_name.as_str(), named.event_id), ("Paid", None));
    let beside = [
        ("user_id", "7"),
        ("event_name", ""),
        ("event", r#"{"id": 9, "type": "Paid"}"#),
    ];
    assert_eq!(event_of(&beside).event_name, "Paid");
    // The name of a person is not that of the event.
    let of_a_person = "%7B%22name%22%3A%22Ann%22%2C%22email%22%3A%22a%40b.c%22%7D";
    let body = format!("type=event&token={TOKEN}&user_id=7&event={of_a_person}");
    assert_eq!(
        rejected(&body).to_string(),
        "the webhook has no `event_name`"
    );
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
        assert!(!webhook.has_exact_key());
        assert_eq!(read(&webhook.to_form(TOKEN)), webhook);
    }
}

#[test]
fn members_of_an_event_without_props_are_properties() {
    for (event, id, props) in [
        (
            r#"{"id": 9, "created": 5, "amount": 3}"#,
            Some(9),
            json!({"amount": 3}),
        ),
        (
            r#"{"type": "Paid", "user": 7, "amount": 3}"#,
            None,
            json!({"amount": 3}),
        ),
        (
            r#"{"created": 5, "user": 8}"#,
            None,
            json!({"created": 5, "user": 8}),
        ),
        (
            r#"{"id": {"id": 9}, "props": {"amount": 3}, "amount": 4}"#,
            Some(9),
            json!({"amount": 3}),
        ),
    ] {
        let read = event_of(&[("user_id", "7"), ("event_name", "Paid"), ("event", event)]);
        assert_eq!(read.event_id.map(EventId::get), id, "{event}");
        assert_eq!(serde_json::to_value(&read.props).unwrap(), props, "{event}");
        if let Some(event) = read.event {
            assert_eq!(event.props, read.props);
        }
    }
}

#[test]
fn an_id_has_several_forms() {
    for id in [
        "7",
        " 7 ",
        "007",
        "\"7\"",
        "7.0",
        r#"{"id": 7}"#,
        r#"{"id": "7", "name": "x"}"#,
    ] {
        let event = event_of(&[("user_id", id), ("event_name", "Paid"), ("event_id", id)]);
        assert_eq!(
            (event.user_id, event.event_id),
            (UserId::new(7), Some(EventId::new(7))),
            "{id}"
        );
    }
    // An id that cannot be read stands elsewhere too.
    let event = event_of(&[("user", "7"), ("user_id", "x"), ("event_name", "Paid")]);
    assert_eq!(
        (event.user.id, event.user_id),
        (UserId::new(7), UserId::new(7))
    );
}

#[test]
fn events_without_id_have_keys_of_their_content() {
    let key = |fields: &[(&str, &str)]| {
        let webhook = Webhook::from(event_of(fields));
        assert!(!webhook.has_exact_key());
        webhook.key().unwrap()
    };
    let [user, name] = [("user_id", "7"), ("event_name", "Paid")];
    let first = key(&[user, name, ("event", r#"{"props": {"a": 1, "b": 2}}"#)]);
    // A value that must never change: keys are kept by programs.
    assert_eq!(first, "event/content/8ead207d55223266e9a953d5fff193fd");
    for same in [
        &[user, name, ("event", r#"{"props": {"b": 2, "a": 1}}"#)][..],
        &[
            name,
            ("user", r#"{"id": 7, "props": {"$name": "Ada"}}"#),
            ("event", r#"{"a": 1, "b": 2}"#),
        ],
    ] {
        assert_eq!(key(same), first, "{same:?}");
    }
    for other in [
        &[user, name][..],
        &[("user_id", "8"), name, ("event", r#"{"a": 1, "b": 2}"#)],
        &[
            user,
            ("event_name", "Seen"),
            ("event", r#"{"a": 1, "b": 2}"#),
        ],
        &[user, name, ("event", r#"{"a": 1, "b": 3}"#)],
    ] {
        assert_ne!(key(other), first, "{other:?}");
    }
    for sample in [EVENT, MESSAGE, CONVERSATION] {
        assert!(read(sample).has_exact_key());
    }
    let Webhook::Message(mut message) = read(MESSAGE) else {
        panic!("a message");
    };
    message.event_id = None;
    message.sending_id = None;
    let webhook = Webhook::Message(message);
    let key = webhook.key().unwrap();
    assert!(key.starts_with("message_webhook/content/") && !webhook.has_exact_key());
}
