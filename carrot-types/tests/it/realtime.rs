//! Realtime: the samples of every channel, every error, paths and close codes.

mod bodies;

use std::{collections::BTreeSet, fs, path::Path};

use carrot_types::{
    AppId, Author, ConversationId, Nullable, Presence, Timestamp, UserId,
    realtime::{
        CloseCode, HOST_CARROT_QUEST, HOST_DASHLY, MAX_CHANNELS, RealtimeChannel, RealtimeError,
        RealtimeMessage, RealtimePayload, longpoll_path, websocket_path,
    },
};
use serde_json::{Value, json};

use crate::{assert_snapshot, mutations::Mutations};

const APP: AppId = AppId::new(100);

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples_hooks");
    fs::read_to_string(folder.join(format!("rts_{name}.json"))).unwrap()
}

fn read(name: &str) -> RealtimeMessage {
    RealtimeMessage::parse(&sample(name)).unwrap()
}

fn rejected(json: &str) -> RealtimeError {
    RealtimeMessage::parse(json).expect_err(json)
}

#[test]
fn what_is_read_is_written_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples_hooks");
    let mut patterns = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        let Some(name) = file.strip_prefix("rts_") else {
            continue;
        };
        let name = name.strip_suffix(".json").unwrap();
        let message = read(name);
        patterns.insert(message.channel.pattern());
        let written = serde_json::to_string(&message).unwrap();
        assert_eq!(RealtimeMessage::parse(&written), Ok(message));
        let [sample, written] =
            [&sample(name), &written].map(|json| serde_json::from_str::<Value>(json).unwrap());
        crate::same_json::assert_same(name, &sample, &written, &[]);
    }
    assert_eq!(
        patterns.len(),
        30,
        "a sample of every channel: {patterns:?}"
    );
}

/// Tries odd values in the payload of every channel, and in the envelope.
pub(crate) fn mutate(mutations: &mut Mutations) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples_hooks");
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        let Some(name) = file.strip_prefix("rts_") else {
            continue;
        };
        let json = sample(name.strip_suffix(".json").unwrap());
        let channel = RealtimeMessage::parse(&json).unwrap().channel;
        let whole: Value = serde_json::from_str(&json).unwrap();
        let name = format!("payload of {}", channel.pattern());
        mutations.try_all(&name, &whole["message"].to_string(), &|json, _| {
            let payload = RealtimePayload::parse(&channel, json).ok()?;
            serde_json::to_value(payload).ok()
        });
    }
    // With a payload of which anything is read.
    let json = r#"{"id": 7, "channel": "user_props_changed.1.2", "message": {}, "tag": "21",
        "time": "Sat, 14 Nov 2015 15:51:54 GMT"}"#;
    mutations.try_all("RealtimeMessage", json, &|json, _| {
        serde_json::to_value(RealtimeMessage::parse(json).ok()?).ok()
    });
}

#[test]
fn reads_the_envelope() {
    let message = read("ping");
    assert_eq!(message.id, Some(3282));
    assert_eq!(message.channel, RealtimeChannel::Ping);
    assert_eq!(message.tag.as_deref(), Some("21"));
    let time = "Sat, 14 Nov 2015 15:51:54 GMT";
    assert_eq!(message.time.as_deref(), Some(time));
    let RealtimePayload::Ping(ping) = message.payload else {
        panic!("a ping");
    };
    assert_eq!(
        ping.timestamp,
        Some(Timestamp::new(1_440_423_367, 24_315_000).unwrap())
    );

    let json = r#"{"id": "-2", "channel": "ping", "tag": 21, "message": {"timestamp": 1}}"#;
    let message = RealtimeMessage::parse(json).unwrap();
    assert_eq!(message.id, Some(-2));
    assert_eq!(message.tag.as_deref(), Some("21"));
    assert_eq!(message.time, None);
    let json = r#"{"id": null, "tag": null, "time": null, "channel": "ping", "message": {"timestamp": 1}}"#;
    let message = RealtimeMessage::parse(json).unwrap();
    assert_eq!((message.id, message.tag, message.time), (None, None, None));
}

#[test]
fn a_ping_is_one_whatever_it_says() {
    for payload in [
        "null",
        "[]",
        "7",
        "true",
        r#""pong""#,
        "[1]",
        r#"{"at": {}}"#,
    ] {
        for json in [
            format!(r#"{{"channel": "ping", "id": 5, "message": {payload}}}"#),
            format!(r#"{{"message": {payload}, "id": 5, "channel": "ping"}}"#),
        ] {
            let message = RealtimeMessage::parse(&json).unwrap();
            assert_eq!(message.id, Some(5), "{json}");
            let payload = message.payload;
            assert!(matches!(payload, RealtimePayload::Ping(_)), "{payload:?}");
        }
    }
}

#[test]
fn reads_presence_in_both_forms() {
    let RealtimePayload::UserPresenceChanged(changes) = read("user_presence_changed").payload
    else {
        panic!("presence");
    };
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0].user, UserId::new(2_155_668_332_815_057_079));
    assert_eq!(changes[0].presence_details.page(), Some("Prices"));
    assert_eq!(changes[1].presence, Some(Presence::Offline));
    for empty in ["{}", "[]", "null"] {
        let json = format!(r#"{{"channel": "user_presence_changed.100", "message": {empty}}}"#);
        let message = RealtimeMessage::parse(&json).unwrap();
        let none = RealtimePayload::UserPresenceChanged(Vec::new());
        assert_eq!(message.payload, none);
    }
}

#[test]
fn reads_who_did_what() {
    let RealtimePayload::ConversationReply(part) = read("conversation_reply").payload else {
        panic!("a reply");
    };
    assert_eq!(part.from, Some(Author::User(UserId::new(3_181_982))));
    let assignee = part.assignee.into_value().unwrap();
    assert_eq!(assignee.name.as_deref(), Some("Maks"));

    let RealtimePayload::Conversation(conversation) = read("conversation_user").payload else {
        panic!("a conversation");
    };
    let Some(Author::Admin(nobody)) = conversation.part_last.unwrap().from else {
        panic!("the default sender");
    };
    assert_eq!(nobody.id, None);

    let RealtimePayload::ConversationTyping(typing) = read("conversation_typing_user").payload
    else {
        panic!("typing");
    };
    assert_eq!(typing.user, Some(UserId::new(3_181_982)));
    assert_eq!(typing.body.as_deref(), Some("Where is"));

    let RealtimePayload::ConversationAssigned(assignment) =
        read("conversation_assigned_nobody").payload
    else {
        panic!("an assignment");
    };
    assert_eq!(assignment.conversation, ConversationId::new(6_770_419));
    assert_eq!(assignment.assignee, Nullable::Null);
    let written = serde_json::to_value(&assignment).unwrap();
    assert_eq!(written["assignee"], Value::Null);
    assert!(written.as_object().unwrap().contains_key("assignee"));
}

#[test]
fn what_is_not_documented_is_kept_whole() {
    let RealtimePayload::ConversationRead(reading) = read("conversation_read").payload else {
        panic!("reading");
    };
    assert_eq!(reading.conversation, ConversationId::new(6_770_419));
    let message = read("other");
    assert_eq!(message.channel, RealtimeChannel::from("weather.100"));
    let sky = json!({"sky": ["blue", 1.5, null]});
    assert_eq!(message.payload, RealtimePayload::Other(sky));
}

/// What an error tells: never a value.
fn report_of(error: &RealtimeError) -> String {
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
    assert!(error.to_string().ends_with(error.problem()));
    format!("  {error}\n  at {}\n", error.path())
}

#[test]
fn errors_name_channel_and_place_only() {
    let mut told = String::new();
    for (channel, message) in [
        (
            "conversation.100.7",
            r#"{"id": "secret", "last_admin": {"id": 1}}"#,
        ),
        ("conversation_started_user.100", "\"secret\""),
        (
            "conversation_reply.100",
            r#"{"id": {"secret": 1}, "body": "Hi"}"#,
        ),
        ("conversation_typing.100", r#"{"user": 1}"#),
        ("conversation_assigned.100", r#"{"conversation": []}"#),
        ("conversation_closed.100", "[true]"),
        ("conversation_tag_added.100", r#"{"conversation": 1}"#),
        (
            "conversation_tag_deleted.100",
            r#"{"conversation": 1, "tag": {"secret": 7}}"#,
        ),
        ("event.100.7", r#"{"id": "secret", "props": {}}"#),
    ] {
        let json = format!(r#"{{"channel": "{channel}", "message": {message}}}"#);
        let error = rejected(&json);
        let pattern = RealtimeChannel::from(channel).pattern();
        assert_eq!(error.channel(), Some(pattern));
        told += &format!("{json}\n{}", report_of(&error));
    }
    for json in [
        "",
        "secret",
        "[]",
        r#"{"message": {}}"#,
        r#"{"channel": "ping"}"#,
        r#"{"channel": 5, "message": {}}"#,
    ] {
        let error = rejected(json);
        assert_eq!(error.channel(), None);
        told += &format!("{json}\n{}", report_of(&error));
    }
    assert_snapshot("realtime_errors", &told);
}

#[test]
fn misspelled_channels_are_unknown() {
    for name in [
        "",
        "ping.1",
        "Ping",
        "conversation",
        "conversation.",
        "conversation.0100",
        "conversation.+1",
        "conversation.1.2.3",
        "conversation.18446744073709551616",
        "user_props_changed.1",
        "event.1",
        "conversation_closed.1.2",
        "conversation.1 ",
    ] {
        let channel = RealtimeChannel::from(name);
        assert!(matches!(channel, RealtimeChannel::Other(_)), "{name}");
        assert_eq!(channel.to_string(), name);
        assert_eq!(channel.pattern(), "other");
    }
}

#[test]
fn a_payload_must_fit_its_channel() {
    let payload = RealtimePayload::UserPropsChanged;
    let channel = RealtimeChannel::UserPropsChanged(APP, UserId::new(7));
    let message = RealtimeMessage::new(channel, payload.clone()).unwrap();
    let message = message
        .with_id(5)
        .with_tag("21")
        .with_time("Sat, 14 Nov 2015 15:51:54 GMT");
    assert_eq!(
        serde_json::to_string(&message).unwrap(),
        r#"{"id":5,"channel":"user_props_changed.100.7","message":{},"tag":"21","time":"Sat, 14 Nov 2015 15:51:54 GMT"}"#
    );
    let error = RealtimeMessage::new(RealtimeChannel::ConversationRead(APP), payload).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`message` must be a payload of the channel `conversation_read.{app_id}`"
    );
}

#[test]
fn a_path_has_1_to_50_channels() {
    assert_eq!(MAX_CHANNELS, 50);
    let channels: Vec<_> = (100..151)
        .map(|app| RealtimeChannel::Conversation(AppId::new(app)))
        .collect();
    let path = websocket_path(&channels[..50]).unwrap();
    let polled = longpoll_path(&channels[..50]).unwrap();
    assert_eq!(
        polled.strip_prefix("/longpoll"),
        path.strip_prefix("/websocket")
    );
    let names = channels[..50].iter().map(|channel| format!("/{channel}"));
    assert_eq!(path, format!("/websocket{}", names.collect::<String>()));
    let error = websocket_path(&[channels[0].clone(), channels[0].clone()]).unwrap_err();
    assert_eq!(error.rule(), "must not repeat a channel");
    let error = websocket_path([&RealtimeChannel::from("weather.100.b3")]).unwrap_err();
    assert_eq!(error.rule(), "must not end with `.b` and digits");
    for (channels, message) in [
        (
            &channels[..],
            "`realtime channels` must be at most 50 channels, got 51",
        ),
        (&[], "`realtime channels` must not be empty"),
    ] {
        let error = websocket_path(channels).unwrap_err();
        assert_eq!(longpoll_path(channels), Err(error.clone()));
        assert_eq!(error.to_string(), message);
    }
    for host in [HOST_CARROT_QUEST, HOST_DASHLY] {
        assert!(host.starts_with("realtime-services."));
    }
}

#[test]
fn channels_cannot_change_the_path() {
    let unknown = RealtimeChannel::from("weather-2.100~a_b");
    let path = websocket_path([&RealtimeChannel::Ping, &unknown]).unwrap();
    assert_eq!(path, "/websocket/ping/weather-2.100~a_b");
    for name in [
        "", ".", "..", "a/b", "a?b", "a#b", "a%2f", "a b", "ж", "a\n",
    ] {
        let error = websocket_path([&RealtimeChannel::from(name)]).unwrap_err();
        assert_eq!(error.field(), "realtime channel");
        assert!(error.rule().starts_with("must be ASCII letters"), "{name}");
    }
    for channel in [
        RealtimeChannel::Conversation(AppId::new(0)),
        RealtimeChannel::Event(APP, UserId::new(0)),
    ] {
        let error = websocket_path([&channel]).unwrap_err();
        assert_eq!(error.rule(), "must not have an id of zero");
    }
}

#[test]
fn close_codes_say_whether_to_connect_again() {
    for (number, text, again) in [
        (1000, "1000 (the connection ended)", true),
        (1999, "1999 (the connection ended)", true),
        (3401, "3401 (the token was rejected)", false),
        (
            3403,
            "3403 (the token has no access to the channels)",
            false,
        ),
        (3500, "3500 (the service failed)", true),
        (502, "502 (the service is not available)", true),
        (503, "503 (the service is not available)", true),
        (3502, "3502 (the service is not available)", true),
        (3503, "3503 (the service is not available)", true),
        (4000, "4000 (unknown)", true),
    ] {
        let code = CloseCode::from(number);
        assert_eq!(code.to_string(), text);
        assert_eq!(code.should_reconnect(), again);
        assert_eq!(code.get(), number);
    }
}

#[test]
fn part_deleted_without_a_time_is_deleted() {
    let channel = RealtimeChannel::from("conversation_reply_changed.1.2");
    for (removed, is_removed) in [
        ("true", true),
        (r#""true""#, true),
        ("1786525200", true),
        (r#""2026-07-12T09:00:00""#, true),
        ("false", false),
        (r#""False""#, false),
        ("null", false),
        (r#""""#, false),
    ] {
        let json = format!(r#"{{"id": 8, "removed": {removed}}}"#);
        let payload = RealtimePayload::parse(&channel, &json).unwrap();
        let written = serde_json::to_string(&payload).unwrap();
        assert_eq!(
            RealtimePayload::parse(&channel, &written),
            Ok(payload.clone())
        );
        let RealtimePayload::ConversationReplyChanged(part) = payload else {
            panic!("a part");
        };
        assert_eq!(part.removed.is_some(), is_removed, "{json}");
    }
}

#[test]
fn odd_envelope_fields_read_as_absent() {
    for (field, value) in [
        ("id", r#""secret""#),
        ("id", "18446744073709551615"),
        ("time", "{}"),
    ] {
        let json =
            format!(r#"{{"{field}": {value}, "channel": "ping", "message": {{"timestamp": 1}}}}"#);
        let message = RealtimeMessage::parse(&json).expect(&json);
        assert_eq!((message.id, message.time), (None, None));
    }
}

#[test]
fn odd_members_of_a_payload_cost_no_others() {
    let read = |channel: &str, json: &str| {
        RealtimePayload::parse(&RealtimeChannel::from(channel), json).expect(json)
    };
    for (parts, ids) in [
        (
            r#"{"parts": [{"id": 8}, {"id": "x"}, null, {}, {"id": 9}]}"#,
            &[8, 9][..],
        ),
        (r#"{"parts": null}"#, &[]),
        (r#"{"parts": {}}"#, &[]),
        ("{}", &[]),
    ] {
        let RealtimePayload::ConversationPartsBatch(batch) =
            read("conversation_parts_batch.1.2", parts)
        else {
            panic!("parts");
        };
        let found: Vec<u64> = batch.parts.iter().map(|part| part.id.get()).collect();
        assert_eq!(found, ids, "{parts}");
    }
    for (changes, users) in [
        (
            r#"[{"user": 1}, {"user": "x"}, null, {"user": 2}]"#,
            &[1, 2][..],
        ),
        (r#"{"user": 1}"#, &[1]),
    ] {
        let RealtimePayload::UserPresenceChanged(read) = read("user_presence_changed.1", changes)
        else {
            panic!("presence");
        };
        let found: Vec<u64> = read.iter().map(|change| change.user.get()).collect();
        assert_eq!(found, users, "{changes}");
    }
    for ping in [r#"{"timestamp": "x"}"#, r#"{"timestamp": {}}"#, "{}"] {
        let RealtimePayload::Ping(ping) = read("ping", ping) else {
            panic!("a ping");
        };
        assert_eq!(ping.timestamp, None);
    }
}

#[test]
fn rejection_frames_tell_their_status() {
    let error = rejected(r#"{"error": {"status": 403, "code": "x"}}"#);
    assert_eq!(error.rejected_with(), Some(403));
    assert_eq!(
        error.to_string(),
        "the realtime service rejects the connection with status 403"
    );
    let text = rejected(r#"{"error": {"status": "403"}}"#);
    assert_eq!(text.rejected_with(), Some(403));
    let as_in_a_reason = rejected(r#"{"error": {"http_status": 401, "explain": "x"}}"#);
    assert_eq!(as_in_a_reason.rejected_with(), Some(401));
    let odd = rejected(r#"{"error": {"status": []}}"#);
    assert_eq!(odd.rejected_with(), None);
    assert_eq!(rejected(r#"{"error": 403}"#).rejected_with(), None);
}

#[test]
fn close_1008_is_final_unless_the_service_failed() {
    for (number, reason, retry) in [
        (401, "", false),
        (403, "", false),
        (1008, "", false),
        (1008, r#"{"http_status": 400, "explain": "x"}"#, false),
        (1008, r#"{"http_status": 403}"#, false),
        (1008, r#"{"http_status": 503}"#, true),
        (1008, r#"{"http_status": "503"}"#, true),
        (1008, r#"{"http_status": "403"}"#, false),
        (1008, r#"{"http_status": 429}"#, true),
        (1006, r#"{"http_status": 403}"#, true),
    ] {
        let code = CloseCode::with_reason(number, reason);
        assert_eq!(
            (code.get(), code.should_reconnect()),
            (number, retry),
            "{reason}"
        );
    }
}

#[test]
fn merge_tokens_never_show_in_debug() {
    let json = r#"{"channel": "user_merge_finished.1.2",
        "message": {"new": 3, "new_auth_token": "user.3.s3cret"}}"#;
    let message = RealtimeMessage::parse(json).unwrap();
    assert!(!format!("{message:?}").contains("s3cret"));
    let RealtimePayload::UserMergeFinished(merge) = message.payload else {
        panic!("another payload");
    };
    assert_eq!(merge.new_auth_token.as_deref(), Some("user.3.s3cret"));
}

#[test]
fn unknown_payloads_show_no_value_in_debug() {
    for channel in ["user_merge_finished.1", "weather.1"] {
        let json = format!(
            r#"{{"channel": "{channel}", "message": {{"new_auth_token": "s3cret",
                "list": [{{"token": "s3cret", "on": true, "n": 5}}, null, "{{\"token\": \"s3cret\"}}"]}}}}"#
        );
        let message = RealtimeMessage::parse(&json).unwrap();
        assert!(!format!("{message:?} {message:#?}").contains("s3cret"));
        assert_eq!(
            format!("{:?}", message.payload),
            r#"Other({"list": [{"n": (number), "on": (boolean), "token": (text)}, null, (text)], "new_auth_token": (text)})"#
        );
    }
    let none = RealtimePayload::UserPropsChanged;
    assert_eq!(format!("{none:?}"), "UserPropsChanged");
}

#[test]
fn observed_channels_have_typed_payloads() {
    for (channel, message) in [
        ("conversation_read.1", r#"{"id": 7}"#),
        (
            "conversation_typing.1",
            r#"{"conversation": 7, "duration": 20}"#,
        ),
        (
            "conversation_parts_batch.1",
            r#"{"conversation": 7, "parts": [{"id": 8}, {"id": 9}]}"#,
        ),
        (
            "conversation_parts_batch.1.2",
            r#"{"conversation": {"id": 7}, "parts": [{"id": 8}], "random_id": 9}"#,
        ),
        (
            "message_conversation_started.1.2",
            r#"{"parts": [{"id": 8}]}"#,
        ),
        ("conversation_reply_changed.1.2", r#"{"id": 8, "body": ""}"#),
        (
            "conversation_notify.1.2",
            r#"{"notify_type": "popup_close", "conversation_id": 7}"#,
        ),
        (
            "chat_bot_conversation_finished.1.2",
            r#"{"conversation": 7}"#,
        ),
        ("app_online_changed.1", r#"{"status": "online"}"#),
        ("users_removed.1", r#"{"ids": [2, 3]}"#),
        ("users_removed.1.2", r#"{"ids": [2]}"#),
        ("user_ban.1.2", r#"{"user_id": 2, "value": true}"#),
        ("run_script.1.2", r#"{"code": "alert(1)"}"#),
    ] {
        let channel = RealtimeChannel::from(channel);
        assert_ne!(channel.pattern(), "other");
        let payload = RealtimePayload::parse(&channel, message).expect(message);
        let written = serde_json::to_value(&payload).unwrap();
        let sample = serde_json::from_str(message).unwrap();
        crate::same_json::assert_same(message, &sample, &written, &[]);
    }
}
