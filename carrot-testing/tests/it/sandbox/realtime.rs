//! The realtime service of the sandbox, by its requests.

use std::collections::BTreeSet;

use bytes::Bytes;
use carrot_core::types::{
    AppId, UserId,
    realtime::{RealtimeChannel, RealtimeMessage, RealtimePayload},
};
use carrot_testing::Sandbox;
use http::{Request, Response};
use serde_json::json;

use super::common::post;

const APP: AppId = AppId::new(1000);

/// A poll of `path`, as far as it is there at once.
fn poll(sandbox: &Sandbox, path: &str, token: &str) -> Response<Bytes> {
    let request = Request::get(format!("/longpoll/{path}"))
        .header("authorization", format!("Token {token}"))
        .body(Bytes::new())
        .unwrap();
    sandbox.handle(&request)
}

/// Everything stored of a channel, which every message can be read from.
fn stored(sandbox: &Sandbox, channel: &str) -> Vec<RealtimeMessage> {
    let from = "?tag=0&time=Thu,%2001%20Jan%201970%2000:00:00%20GMT";
    let response = poll(sandbox, &format!("{channel}{from}"), sandbox.token());
    let body = std::str::from_utf8(response.body()).unwrap();
    let messages = RealtimeMessage::parse_all(body).into_iter();
    messages.map(|message| message.unwrap()).collect()
}

#[test]
fn everything_that_happens_is_sent() {
    let sandbox = Sandbox::new();
    let ok = |path: &str, body: &str| {
        post(&sandbox, path, body).data();
    };
    ok(
        "/v2/users/order-42/startconversation",
        "by_user_id=true&body=Where",
    );
    let user = sandbox.user_id("order-42").unwrap().get();
    let id = sandbox.conversations()[0].id.get();
    ok(&format!("/v2/users/{user}/sendmessage"), "body=Hello");
    ok(
        &format!("/v2/conversations/{id}/reply"),
        "body=Here&from_admin=501",
    );
    ok(
        &format!("/v2/conversations/{id}/reply"),
        "body=Secret&type=note&from_admin=501",
    );
    ok(
        &format!("/v2/conversations/{id}/settyping"),
        "body=He&from_admin=501",
    );
    ok(&format!("/v2/conversations/{id}/markread"), "");
    ok(
        &format!("/v2/conversations/{id}/assign"),
        "admin=502&from_admin=501",
    );
    ok(
        &format!("/v2/conversations/{id}/tag"),
        "tag=vip&from_admin=501",
    );
    ok(
        &format!("/v2/conversations/{id}/tag"),
        "tag=vip&action=delete&from_admin=501",
    );
    ok(&format!("/v2/conversations/{id}/close"), "from_admin=501");
    ok(&format!("/v2/users/{user}/setpresence"), "presence=online");
    ok(
        &format!("/v2/users/{user}/props"),
        "operations=%5B%7B%22op%22:%22update_or_create%22,%22key%22:%22plan%22,%22value%22:%22a%22%7D%5D",
    );
    ok(&format!("/v2/users/{user}/events"), "event=Order");

    let user = UserId::new(user);
    use RealtimeChannel as C;
    for (channel, count) in [
        (C::Conversation(APP), 2),
        (C::ConversationOfUser(APP, user), 2),
        (C::ConversationStartedByUser(APP), 1),
        // With the note and the parts that the system wrote.
        (C::ConversationReply(APP), 8),
        (C::ConversationReplyOfUser(APP, user), 3),
        (C::ConversationTyping(APP), 1),
        (C::ConversationTypingOfUser(APP, user), 1),
        (C::ConversationRead(APP), 1),
        (C::ConversationReadOfUser(APP, user), 1),
        (C::ConversationAssigned(APP), 1),
        (C::ConversationClosed(APP), 1),
        (C::ConversationTagAdded(APP), 1),
        (C::ConversationTagDeleted(APP), 1),
        (C::UserPresenceChanged(APP), 1),
        (C::UserPropsChanged(APP, user), 1),
        (C::Event(APP, user), 1),
    ] {
        let messages = stored(&sandbox, &channel.to_string());
        assert_eq!(messages.len(), count, "{channel}");
        for (message, id) in messages.iter().zip(1..) {
            assert_eq!((&message.channel, message.id), (&channel, Some(id)));
            assert!(!matches!(message.payload, RealtimePayload::Other(_)));
        }
    }
    let [typing] = &stored(&sandbox, &format!("conversation_typing.1000.{user}"))[..] else {
        panic!("one")
    };
    let RealtimePayload::ConversationTyping(typing) = &typing.payload else {
        panic!("typing")
    };
    assert_eq!(typing.body, None, "the user must not see it");
    for part in stored(&sandbox, &format!("conversation_reply.1000.{user}")) {
        let RealtimePayload::ConversationReply(part) = part.payload else {
            panic!("a part")
        };
        assert_ne!(part.body.as_deref(), Some("Secret"));
    }
}

#[test]
fn a_position_is_exclusive_and_needs_its_tag() {
    let sandbox = Sandbox::builder()
        .time_step(std::time::Duration::ZERO)
        .build();
    let realtime = sandbox.realtime();
    let channel = RealtimeChannel::from("a.1000");
    for number in 1..=3 {
        realtime.publish(&channel, &json!(number));
    }
    let all = stored(&sandbox, "a.1000");
    let tags: Vec<_> = all
        .iter()
        .map(|message| message.tag.as_deref().unwrap())
        .collect();
    assert_eq!(tags, ["1", "2", "3"]);
    let time = all[0].time.as_deref().unwrap().replace(' ', "%20");
    let ids = |query: &str| -> BTreeSet<i64> {
        let response = poll(
            &sandbox,
            &format!("a.1000?time={time}{query}"),
            sandbox.token(),
        );
        let body = std::str::from_utf8(response.body()).unwrap();
        let messages = RealtimeMessage::parse_all(body).into_iter();
        messages
            .map(|message| message.unwrap().id.unwrap())
            .collect()
    };
    assert_eq!(ids("&tag=1"), BTreeSet::from([2, 3]));
    assert!(ids("").is_empty(), "the rest of the second is skipped");
    let response = poll(&sandbox, "a.1000", sandbox.token());
    assert_eq!(response.status(), 304);
    assert_eq!(response.headers()["etag"], "W/0");
    assert_eq!(
        response.headers()["last-modified"],
        all[0].time.as_deref().unwrap()
    );
}

#[test]
fn what_may_not_listen_is_rejected() {
    let sandbox = Sandbox::new();
    for (path, token, status) in [
        ("a.1000", "wrong", 401),
        ("a.2", sandbox.token(), 403),
        ("a.2/b.1000", sandbox.token(), 304),
        ("", sandbox.token(), 400),
    ] {
        let response = poll(&sandbox, path, token);
        assert_eq!(response.status(), status, "{path}");
        assert!(response.body().is_empty());
    }
    let many = vec!["a.1000"; 51].join("/");
    assert_eq!(poll(&sandbox, &many, sandbox.token()).status(), 400);
}

#[test]
fn messages_are_stored_for_a_while() {
    let minute = std::time::Duration::from_secs(60);
    let sandbox = Sandbox::builder().realtime_retention(minute, 3).build();
    let realtime = sandbox.realtime();
    let channel = RealtimeChannel::from("a.1000");
    for number in 1..=5 {
        realtime.publish(&channel, &json!(number));
    }
    let ids = || -> Vec<_> {
        stored(&sandbox, "a.1000")
            .iter()
            .map(|one| one.id.unwrap())
            .collect()
    };
    assert_eq!(ids(), [3, 4, 5]);
    sandbox.advance(minute * 2);
    assert!(ids().is_empty());
    realtime.publish(&channel, &json!(6));
    assert_eq!(ids(), [6], "ids continue");
    realtime.forget_channel(&channel);
    realtime.publish(&channel, &json!(7));
    assert_eq!(ids(), [1]);
}
