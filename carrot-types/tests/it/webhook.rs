//! Webhooks: the samples, every error, and bodies that are truncated.

use base64::{Engine, prelude::BASE64_STANDARD};
use carrot_types::{
    Author, ConversationId, ConversationType, EventId, MessageId, Nullable, PartId, RandomId,
    Timestamp, UserId,
    webhook::{EventWebhook, Webhook, WebhookError, parse, parse_fields},
};
use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};

use crate::{assert_snapshot, mutations::Mutations};

mod bodies;
mod events;

const TOKEN: &str = "5d6b4b3e-7f0c-4a61-9d43-0a1b2c3d4e5f";
const EVENT: &str = include_str!("../samples_hooks/webhook_event.form");
const MESSAGE: &str = include_str!("../samples_hooks/webhook_message.form");
const CONVERSATION: &str = include_str!("../samples_hooks/webhook_conversation.form");
const OPERATOR: &str = include_str!("../samples_hooks/webhook_conversation_operator.form");
const CONVERSATION_2017: &str = include_str!("../samples_hooks/webhook_conversation_2017.form");
const OTHER: &str = include_str!("../samples_hooks/webhook_other.form");
const SAMPLES: [&str; 6] = [
    EVENT,
    MESSAGE,
    CONVERSATION,
    OPERATOR,
    CONVERSATION_2017,
    OTHER,
];

type Fields = Vec<(String, String)>;

fn read(body: &str) -> Webhook {
    parse(body.as_bytes(), TOKEN).expect(body)
}

fn rejected(body: &str) -> WebhookError {
    parse(body.as_bytes(), TOKEN).expect_err(body)
}

fn fields(form: &str) -> Fields {
    let pairs = form_urlencoded::parse(form.as_bytes());
    pairs.into_owned().collect()
}

fn form(fields: &Fields) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// The sample, with another text in one field, or without the field.
fn with(sample: &str, name: &str, text: Option<&str>) -> String {
    let mut fields = fields(sample);
    let at = fields.iter().position(|field| field.0 == name).unwrap();
    match text {
        Some(text) => text.clone_into(&mut fields[at].1),
        None => drop(fields.remove(at)),
    }
    form(&fields)
}

/// The members of a JSON object, repeated ones too.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyObject;
        impl<'de> serde::de::Visitor<'de> for AnyObject {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(AnyObject)
    }
}

/// The fields of a form as one JSON object, in which objects stand as such.
fn json_of(form: &str) -> Value {
    let fields = fields(form).into_iter().map(|(name, text)| {
        let object = serde_json::from_str(&text).ok().filter(Value::is_object);
        (name, object.unwrap_or_else(|| Value::from(text)))
    });
    Value::Object(fields.collect())
}

/// Tries odd values in the webhooks of every known kind: as the service sends them, as JSON, and in a queue.
pub(crate) fn mutate(mutations: &mut Mutations) {
    let write = |webhook: Webhook| json_of(&webhook.to_form(TOKEN));
    let as_form = |json: &str, _: bool| {
        let Members(members) = serde_json::from_str(json).ok()?;
        let fields = members.into_iter().map(|(name, json)| {
            let text = serde_json::from_str(json.get()).ok();
            (name, text.unwrap_or_else(|| json.get().to_owned()))
        });
        parse_fields(fields, TOKEN).ok().map(write)
    };
    let as_json = |json: &str, _: bool| parse(json.as_bytes(), TOKEN).ok().map(write);
    let stored = |json: &str, _: bool| {
        let webhook: Webhook = serde_json::from_str(json).ok()?;
        serde_json::to_value(webhook).ok()
    };
    for sample in [EVENT, MESSAGE, CONVERSATION, OPERATOR] {
        let (webhook, json) = (read(sample), json_of(sample).to_string());
        let kind = webhook.kind();
        mutations.try_all(&format!("form of {kind}"), &json, &as_form);
        mutations.try_all(&format!("JSON of {kind}"), &json, &as_json);
        let json = serde_json::to_string(&webhook).unwrap();
        mutations.try_all(&format!("stored {kind}"), &json, &stored);
    }
}

#[test]
fn what_is_read_is_written_again() {
    for sample in SAMPLES {
        let webhook = read(sample);
        let written = webhook.to_form(TOKEN);
        assert_eq!(read(&written), webhook);

        let (mut sample, mut written) = (fields(sample), fields(&written));
        // Fields of one name keep their order.
        sample.sort_by(|one, two| one.0.cmp(&two.0));
        written.sort_by(|one, two| one.0.cmp(&two.0));
        assert_eq!(sample.len(), written.len());
        for ((name, sample), (of, written)) in sample.iter().zip(&written) {
            assert_eq!(name, of);
            let json = |text: &str| match serde_json::from_str(text) {
                Ok(json @ Value::Object(_)) => json,
                _ => Value::from(text),
            };
            crate::same_json::assert_same(name, &json(sample), &json(written), &[]);
        }
    }
}

#[test]
fn reads_an_event() {
    let Webhook::Event(event) = read(EVENT) else {
        panic!("an event");
    };
    assert_eq!(event.user_id, UserId::new(7_183_415));
    assert_eq!(event.user.name(), Some("Анна"));
    assert_eq!(event.event_name, "Order created");
    assert_eq!(event.event_id, Some(EventId::new(61_956_879)));
    assert_eq!(event.event.unwrap().id, EventId::new(61_956_879));
    assert_eq!(event.props["comment"], "50% + 1 = half");
    assert_eq!(read(EVENT).key().as_deref(), Some("event/61956879"));
}

#[test]
fn reads_a_message() {
    let Webhook::Message(message) = read(MESSAGE) else {
        panic!("a message");
    };
    assert_eq!(message.user_id, message.user.id);
    assert_eq!(message.event_id, message.event.map(|event| event.id));
    assert_eq!(message.message_id, MessageId::new(12931));
    assert_eq!(message.sending_id, Some(ConversationId::new(7_100_586)));
    assert_eq!(message.message_name.as_deref(), Some("Abandoned cart"));
    let key = read(MESSAGE).key();
    assert_eq!(key.as_deref(), Some("message_webhook/61956879/12931"));
}

#[test]
fn reads_a_part_with_text_ids() {
    let Webhook::Conversation(webhook) = read(CONVERSATION) else {
        panic!("a conversation");
    };
    let (part, state) = (webhook.part, webhook.state);
    let user = UserId::new(2_155_668_332_815_057_079);
    assert_eq!(part.id, PartId::new(2_155_668_332_815_057_076));
    assert_eq!(part.body.as_deref(), Some("Здравствуйте! 100% & done?"));
    assert_eq!(part.from, Some(Author::User(user)));
    assert_eq!(part.random_id.map(RandomId::get), Some(1_053_297_924));
    let assignee = part.assignee.into_value().unwrap();
    assert_eq!(assignee.name.as_deref(), Some("Alex"));
    assert_eq!(state.closed, Some(false));
    assert_eq!(state.tags, ["sales", "urgent"]);
    assert_eq!(state.delayed_until, None);
    let moment = Timestamp::from_seconds(1_739_000_000);
    assert_eq!(state.last_update, Some(moment));
    assert_eq!(state.last_user_reply_time, Some(moment.into()));
    assert_eq!(state.replied, Some(true));
    assert_eq!(state.admin_unread_count, Some(2));
    assert_eq!(state.not_answered_admin_replies, Some(0));
    assert_eq!(state.kind, Some(ConversationType::PopupChat));
    assert_eq!(state.assistant_type, None);
    assert_eq!(state.channel, Nullable::Null);
    assert_eq!(state.user, Some(user));
    let key = read(CONVERSATION).key();
    assert_eq!(key.as_deref(), Some("conversation/2155668332815057076"));
}

#[test]
fn reads_operator_parts_in_both_forms() {
    let Webhook::Conversation(operator) = read(OPERATOR) else {
        panic!("a conversation");
    };
    assert_eq!(operator.part.from.unwrap().name(), Some("Alex"));
    assert_eq!(
        operator.state.channel.into_value().unwrap()["name"],
        "Sales"
    );
    let Webhook::Conversation(older) = read(CONVERSATION_2017) else {
        panic!("a conversation");
    };
    assert_eq!(older.part.id, PartId::new(78_183_798));
    assert_eq!(older.state.user, None);
}

#[test]
fn an_unknown_kind_is_kept() {
    let fields = [
        ("user_id", "7183415"),
        ("score", "12"),
        ("list", "a"),
        ("list", "b"),
    ];
    let expected = Webhook::Other {
        kind: "lead_scored".into(),
        fields: fields.map(|(name, text)| (name.into(), text.into())).into(),
    };
    assert_eq!(read(OTHER), expected);
    assert_eq!(expected.kind(), "lead_scored");
    assert_eq!(expected.key(), None);
}

#[test]
fn the_properties_of_an_event_may_stand_alone() {
    let body = with(EVENT, "event", Some(r#"{"$amount": 5}"#));
    let Webhook::Event(event) = read(&body) else {
        panic!("an event");
    };
    assert_eq!(event.event.unwrap().id, EventId::new(61_956_879));
    assert_eq!(event.props["$amount"], json!(5));
}

#[test]
fn the_token_is_checked_before_everything_else() {
    for body in ["", "&&", "=", "type=event", "%%%", "\0", "dG9r", "Token=x"] {
        assert_eq!(rejected(body), WebhookError::MissingToken, "{body}");
    }
    for token in ["", "5d6b4b3e", "5D6B4B3E-7F0C-4A61-9D43-0A1B2C3D4E5F"] {
        for body in ["%ff%", "type=event&event=%7B", "type=nonsense"] {
            let body = format!("{body}&token={token}");
            assert_eq!(rejected(&body), WebhookError::WrongToken, "{body}");
        }
    }
    for body in [EVENT, "token=&type=event", ""] {
        let error = parse(body.as_bytes(), "").unwrap_err();
        assert_eq!(error, WebhookError::NoExpectedToken);
        assert!(!error.is_unauthorized() && error.field().is_none());
    }
    for error in [WebhookError::MissingToken, WebhookError::WrongToken] {
        assert!(error.is_unauthorized());
        assert_eq!(error.field(), Some("token"));
    }
}

#[test]
fn every_other_error_says_what_is_wrong() {
    let start = format!("token={TOKEN}");
    let mut told = String::new();
    for rest in [
        "",
        "&type=x&type=y",
        "&token=z&type=x",
        "&type=x&a=%4",
        "&type=x&a=%D0",
        "&type=x&a=%zz&b=c",
        "&type=x&a=%D0&b=c",
    ] {
        let error = rejected(&format!("{start}{rest}"));
        assert!(!error.is_unauthorized());
        told += &format!("token=…{rest}\n  {error}\n");
    }
    assert_snapshot("webhook_forms", &told);
}

#[test]
fn a_missing_field_is_named() {
    // The first of each are required, the others may be missing.
    let kinds: [(&str, &[&str], &[&str]); 3] = [
        (EVENT, &[], &["user", "user_id", "event", "event_id"]),
        (
            MESSAGE,
            &["message_id"],
            &[
                "user",
                "user_id",
                "event",
                "event_id",
                "sending_id",
                "message_name",
            ],
        ),
        (CONVERSATION, &["conversation"], &[]),
    ];
    for (sample, required, others) in kinds {
        for name in required {
            let error = rejected(&with(sample, name, None));
            assert_eq!(error.to_string(), format!("the webhook has no `{name}`"));
            assert_eq!(error.field(), Some(*name));
        }
        for name in others {
            for text in [None, Some("")] {
                read(&with(sample, name, text));
            }
            // The same text twice says the same.
            let twice = fields(sample)
                .into_iter()
                .find(|field| field.0 == *name)
                .unwrap();
            read(&format!("{sample}&{}", form(&vec![twice])));
        }
        for name in required.iter().chain(others) {
            let error = rejected(&format!("{sample}&{name}=1"));
            let message = format!("the webhook has more than one `{name}`");
            assert_eq!(error.to_string(), message);
            assert_eq!(error.field(), Some(*name));
        }
    }
    assert_eq!(
        rejected(&with(EVENT, "type", None)),
        WebhookError::MissingType
    );
}

#[test]
fn broken_fields_are_named_without_values() {
    let no_user = with(EVENT, "user", None);
    let no_user = with(&no_user, "event", None);
    for (sample, name) in [(&*no_user, "user_id"), (MESSAGE, "message_id")] {
        for text in ["abc", "-1", "1.5", "18446744073709551616"] {
            let error = rejected(&with(sample, name, Some(text)));
            let rule = "must be a number from 1 to 2^64-1 in decimal digits";
            assert_eq!(error.to_string(), format!("in the webhook `{name}` {rule}"));
            assert_eq!(error.field(), Some(name));
        }
    }
    let mut told = String::new();
    for (sample, name, text) in [
        (EVENT, "user", "secret"),
        (EVENT, "event", "[\"secret\""),
        (EVENT, "event", r#"{"id": 1"#),
        (
            CONVERSATION,
            "conversation",
            r#"{"id": {"secret": 1}, "body": "Hi"}"#,
        ),
        (
            CONVERSATION,
            "conversation",
            r#"{"conversation_closed": "secret", "user": "secret"}"#,
        ),
    ] {
        let error = rejected(&with(sample, name, Some(text)));
        assert_eq!(error.field(), Some(name));
        assert!(
            !format!("{error} {error:?}").contains("secret"),
            "{error:?}"
        );
        told += &format!("{name}: {text}\n  {error}\n");
    }
    assert_snapshot("webhook_fields", &told);
}

#[test]
fn errors_hold_nothing_of_the_body() {
    let secrets = [
        "Анна",
        "anna@example.com",
        "27384",
        "7183415",
        "Alex",
        TOKEN,
    ];
    for sample in SAMPLES {
        let mut bodies: Vec<String> = (0..sample.len()).map(|end| sample[..end].into()).collect();
        for (name, text) in fields(sample) {
            let start: String = text.chars().take(text.chars().count() / 2).collect();
            bodies.push(with(sample, &name, Some(&start)));
            bodies.push(with(sample, &name, Some(&format!("[{text}]"))));
            bodies.push(with(
                sample,
                &name,
                Some(&text.replace('{', "[").replace('}', "]")),
            ));
        }
        for body in bodies {
            let Err(error) = parse(body.as_bytes(), TOKEN) else {
                continue;
            };
            let text = format!("{error} {error:?}");
            for secret in secrets {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_body_is_read_or_rejected(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        token in ".{0,80}",
    ) {
        let _ = parse(&body, &token);
        let form = [b"token=x&type=conversation&conversation=".as_slice(), &body].concat();
        if let Err(error) = parse(&form, "x") {
            prop_assert!(!error.is_unauthorized());
        }
    }

    #[test]
    fn any_changed_sample_is_read_or_rejected(
        sample in prop::sample::select(&SAMPLES[..]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut body = sample.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Ok(webhook) = parse(&body, TOKEN) {
            prop_assert_eq!(parse(webhook.to_form(TOKEN).as_bytes(), TOKEN), Ok(webhook));
        }
    }
}

#[test]
fn every_kind_goes_through_serde() {
    for sample in [EVENT, MESSAGE, CONVERSATION, OTHER] {
        let webhook = read(sample);
        let json = serde_json::to_string(&webhook).unwrap();
        assert_eq!(serde_json::from_str::<Webhook>(&json).unwrap(), webhook);
    }
}
