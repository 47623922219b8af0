//! A value changes only its own part of a request.

use carrot_core::{
    ApiVersion, Endpoint, Error, ErrorKind, apps,
    conversations::{self, Operator, Sender},
    endpoint::{Paging, Upload},
    types::{
        ConversationId, Cursor, EventName, EventProperties, Filter, InvalidValue, Presence,
        PropertyName, PropertyOperation, UserId, UserRef,
    },
    users,
};
use carrot_testing::RecordedRequest;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{
    ID, Watched, builder,
    canary::{E_MAIL, assert_error_hides_all, assert_hidden},
    canned,
};

fn client() -> Watched {
    crate::support::client(&canned([]), ApiVersion::V2)
}

const USER: UserId = UserId::new(1);

type Prepared = Result<RecordedRequest, String>;

fn prepare<E: Endpoint>(endpoint: Result<E, InvalidValue>) -> Prepared {
    prepare_in(ApiVersion::V2, endpoint)
}

/// Returns the request, or the rejected field.
fn prepare_in<E: Endpoint>(version: ApiVersion, endpoint: Result<E, InvalidValue>) -> Prepared {
    let client = crate::support::client(&canned([]), version);
    let endpoint = endpoint.map_err(|error| {
        assert_hidden("the rule", &format!("{error} {error:?}"));
        error.field().to_owned()
    })?;
    let request = client.prepare(&endpoint).map_err(|error: Error| {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_error_hides_all(&error);
        assert!(!error.to_string().contains("evil"), "{error}");
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
        error.invalid_value().expect("a field").field().to_owned()
    })?;
    Ok(RecordedRequest::from(request))
}

/// An input of a request that may contain untrusted text.
struct Input {
    name: &'static str,
    prepare: fn(&str) -> Prepared,
    /// The field that is rejected with a line break.
    line_break: Option<&'static str>,
    /// The field that is rejected with a NUL.
    nul: Option<&'static str>,
}

const fn input(
    name: &'static str,
    prepare: fn(&str) -> Prepared,
    line_break: Option<&'static str>,
    nul: Option<&'static str>,
) -> Input {
    Input {
        name,
        prepare,
        line_break,
        nul,
    }
}

/// An input of one line.
const fn line(name: &'static str, field: &'static str, prepare: fn(&str) -> Prepared) -> Input {
    input(name, prepare, Some(field), Some(field))
}

/// An input of several lines.
const fn text(name: &'static str, field: &'static str, prepare: fn(&str) -> Prepared) -> Input {
    input(name, prepare, None, Some(field))
}

/// An input in JSON, which escapes any character.
const fn in_json(name: &'static str, prepare: fn(&str) -> Prepared) -> Input {
    input(name, prepare, None, None)
}

fn reply(text: &str) -> conversations::Reply {
    conversations::Reply::new(ID, text)
}

fn presence() -> users::SetPresence {
    users::SetPresence::new(USER, Presence::Online)
}

fn event(name: &str) -> Result<EventName, InvalidValue> {
    EventName::new(name)
}

fn set(operation: Result<PropertyOperation, InvalidValue>) -> Prepared {
    prepare(operation.map(|operation| users::SetProps::new(USER).with(operation)))
}

const INPUTS: &[Input] = &[
    line("external id", "user", |v| {
        prepare(Ok(users::Get::new(UserRef::external(v))))
    }),
    text("reply: text", "body", |v| prepare(Ok(reply(v)))),
    line("reply: external_id", "external_id", |v| {
        prepare(Ok(reply("Hi").external_id(v)))
    }),
    line("reply: referrer", "referrer", |v| {
        prepare(Ok(reply("Hi").referrer(v)))
    }),
    line("reply: name of the bot", "bot_name", |v| {
        prepare_in(
            ApiVersion::V1,
            Ok(reply("Hi").sender(Sender::Bot(v.into()))),
        )
    }),
    line("reply: name of the file", "attachment_file_name", |v| {
        prepare(Ok(
            reply("Hi").attachment(Upload::new(format!("{v}.txt"), "text"))
        ))
    }),
    in_json("reply: body_json", |v| {
        prepare(Ok(reply("Hi").body_json(json!({"text": v}))))
    }),
    in_json("reply: action", |v| {
        prepare(Ok(reply("Hi").action(json!({"text": v}))))
    }),
    text("typing: text", "body", |v| {
        prepare(Ok(conversations::SetTyping::new(ID, v)))
    }),
    line("tag", "tag", |v| {
        prepare(Ok(conversations::AddTag::new(ID, v)))
    }),
    line("tag to remove", "tag", |v| {
        prepare(Ok(conversations::RemoveTag::new(ID, v)))
    }),
    line("close: name of the bot", "bot_name", |v| {
        prepare_in(
            ApiVersion::V1,
            Ok(conversations::Close::new(ID).by(Operator::Bot(v.into()))),
        )
    }),
    text("message", "body", |v| {
        prepare(Ok(users::SendMessage::new(USER, v)))
    }),
    text("conversation: text", "body", |v| {
        prepare(Ok(users::StartConversation::new(USER, v)))
    }),
    line("conversation: referrer", "referrer", |v| {
        prepare(Ok(users::StartConversation::new(USER, "Hi").referrer(v)))
    }),
    line("conversation: name of the file", "filename", |v| {
        let file = Upload::new(format!("{v}.txt"), "text");
        prepare(Ok(
            users::StartConversation::without_text(USER).attachment(file)
        ))
    }),
    line("presence: page", "current_page", |v| {
        prepare(Ok(presence().page(v)))
    }),
    line("presence: address", "current_url", |v| {
        prepare(Ok(presence().url(v)))
    }),
    line("presence: session", "session", |v| {
        prepare(Ok(presence().session(format!("{v:0<32}"))))
    }),
    line("name of an event", "event name", |v| {
        prepare(event(v).map(|name| users::TrackEvent::new(USER, name)))
    }),
    in_json("value of an event's property", |v| {
        prepare(EventProperties::new().with("name", v).map(|properties| {
            let name = event("Event").expect("a name");
            users::TrackEvent::new(USER, name).properties(properties)
        }))
    }),
    line("name of listed events", "event name", |v| {
        prepare(event(v).map(|name| users::Events::new(USER).named(name)))
    }),
    line("name of a property", "property name", |v| {
        set(PropertyName::custom(v).and_then(|name| PropertyOperation::update_or_create(name, 1)))
    }),
    in_json("value of a property", |v| {
        set(PropertyOperation::update_or_create("$name", v))
    }),
    line("tag of an import", "tags", |v| {
        prepare(Ok(users::Import::new("$user_id\n1\n").tag(v)))
    }),
    line("property to sort by", "property name", |v| {
        prepare(Ok(apps::Leads::new().sort_by(v)))
    }),
    in_json("value of a filter", |v| {
        prepare(Ok(
            apps::Leads::new().filter(Filter::text_contains("$name", v))
        ))
    }),
    line("tag of listed conversations", "tags", |v| {
        prepare(Ok(apps::Conversations::new().tag(v)))
    }),
];

/// Checks that the request line and each header are one line.
fn assert_sound(place: &str, sent: &RecordedRequest) {
    let shown = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_graphic);
    let uri = sent.uri().to_string();
    assert!(shown(uri.as_bytes()), "{place}: {uri}");
    assert_eq!(
        sent.uri().host(),
        client().prepare(&presence()).unwrap().uri().host()
    );
    for (name, value) in sent.headers() {
        let value = value.as_bytes();
        let printable = |byte: &u8| (b' '..=b'~').contains(byte);
        assert!(value.iter().all(printable), "{place}: {name}");
    }
    assert!(sent.headers().get("evil").is_none());
    match sent.header("content-type") {
        Some("application/x-www-form-urlencoded") => assert!(shown(sent.body()), "{place}"),
        Some(multipart) => {
            let boundary = multipart
                .strip_prefix("multipart/form-data; boundary=")
                .expect("a multipart form");
            let body = std::str::from_utf8(sent.body()).expect("text");
            for part in body.split(&format!("--{boundary}")).skip(1) {
                let (head, _) = part.split_once("\r\n\r\n").unwrap_or((part, ""));
                assert!(!head.to_lowercase().contains("\nevil"), "{place}: {head}");
            }
        }
        None => assert!(sent.body().is_empty(), "{place}"),
    }
}

#[test]
fn control_characters_are_rejected_or_escaped() {
    let mut wrong = Vec::new();
    for place in INPUTS {
        if let Err(field) = (place.prepare)("plain") {
            wrong.push(format!("{}: {field}", place.name));
        }
        for (character, rejected) in [
            ('\r', place.line_break),
            ('\n', place.line_break),
            ('\0', place.nul),
        ] {
            for value in [
                format!("a{character}evil: 1"),
                format!("a{character}\nevil: 1\r\n\r\nGET /evil HTTP/1.1"),
                format!("{character}evil"),
                format!("evil{character}"),
                format!("{E_MAIL}{character}evil"),
            ] {
                let rejected = match character {
                    // The second value has line breaks too.
                    '\0' if value.contains('\n') => rejected.or(place.line_break),
                    _ => rejected,
                };
                let context = format!("{}: {value:?}", place.name);
                match (rejected, (place.prepare)(&value)) {
                    (Some(field), Err(rejected)) if rejected == field => {}
                    (None, Ok(sent)) => assert_sound(&context, &sent),
                    (expected, found) => wrong.push(format!("{context}: {expected:?}, {found:?}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #[test]
    fn any_text_stays_in_its_field(value: String) {
        for place in INPUTS {
            if let Ok(sent) = (place.prepare)(&value) {
                assert_sound(place.name, &sent);
            }
        }
    }
}

#[test]
fn greatest_id_is_sent_in_full() {
    let greatest = "18446744073709551615"
        .parse::<ConversationId>()
        .expect("2^64-1");
    let sent = prepare(Ok(conversations::Get::new(greatest))).expect("a request");
    assert_eq!(
        sent.segments().last().expect("an id"),
        "18446744073709551615"
    );
    for id in [
        "18446744073709551616",
        "-1",
        "+1",
        "1e3",
        "0x1",
        " 1",
        "1 ",
        "",
        "١",
    ] {
        assert!(id.parse::<ConversationId>().is_err(), "{id}");
    }
}

#[test]
fn untrusted_cursor_is_data() {
    for cursor in ["1\r\nevil: 1", "1&evil=1", "1#evil", "1\0"] {
        if let Ok(cursor) = Cursor::after(cursor) {
            let page = Paging::new().starting_at(cursor);
            match prepare(Ok(conversations::Parts::new(ID).page(page))) {
                Ok(sent) => assert_sound("cursor", &sent),
                Err(field) => assert!(!field.is_empty()),
            }
        }
    }
}

#[test]
fn user_agent_with_line_break_is_rejected() {
    for agent in [
        "shop\r\nevil: 1",
        "shop\nevil: 1",
        "shop\revil",
        "shop\0evil",
        "shop\r\n\r\nGET /evil HTTP/1.1",
        "shop\u{7f}",
        "магазин",
    ] {
        let error = builder(&canned([])).user_agent(agent).build();
        let error = error.expect_err(agent);
        assert_eq!(error.field(), "user agent");
        assert!(!error.to_string().contains("evil"), "{error}");
    }
}
