//! Conversations and what is done in them.

use carrot_core::types::{ChannelId, ConversationId, ConversationPart, Timestamp};
use carrot_testing::Sandbox;
use http::Method;
use serde_json::{Value, json};

use crate::common::{get, json_of, post, send, start, upload};

const OPERATOR: (&str, &str) = ("from_admin", "501");

fn path(id: u64, operation: &str) -> String {
    format!("/v2/conversations/{id}/{operation}")
}

fn model(part: &Value) -> ConversationPart {
    serde_json::from_value(part.clone()).unwrap()
}

fn kinds(sandbox: &Sandbox, id: u64) -> Vec<Value> {
    let parts = sandbox.parts(ConversationId::new(id));
    parts
        .iter()
        .map(|part| json_of(part)["type"].clone())
        .collect()
}

#[test]
fn a_conversation_begun_by_the_user() {
    let sandbox = Sandbox::new();
    let id = start(&sandbox, "order-42", "Where is it?");
    assert_eq!(id, 2_155_668_332_815_057_077);
    let user = json!({
        "id": 1_448_121_617_782_670_209_u64,
        "app": 1000,
        "user_id": "order-42",
        "presence": "offline",
        "removed": null,
        "map_url": null,
        "props": {"$last_seen": "2023-11-14T22:13:21"},
    });
    let part = json!({
        "id": 2_155_668_332_900_000_001_u64,
        "created": 1_700_000_001,
        "edited": null,
        "removed": null,
        "conversation": id,
        "part_group": 2_155_668_333_000_000_001_u64,
        "body": "Where is it?",
        "body_json": {},
        "direction": "u2a",
        "type": "reply_user",
        "from": 1_448_121_617_782_670_209_u64,
        "sent_via": "web_user",
        "meta_data": {},
        "reply_type": "no",
        "actions": null,
        "external_id": null,
        "read": false,
        "random_id": 0,
        "first": true,
    });
    let mut conversation = json!({
        "id": id,
        "created": 1_700_000_001,
        "replied": true,
        "delayed_until": null,
        "closed": false,
        "message": null,
        "type": "popup_chat",
        "reply_type": "text",
        "removed": null,
        "reply_last_type": "reply_user",
        "parts_count": 1,
        "assignee": null,
        "sended_time": 1_700_000_001,
        "admin_unread_count": 1,
        "user_unread_count": 0,
        "unread_parts_count": 0,
        "not_answered_admin_replies": 0,
        "replies_count": 1,
        "last_admin": null,
        "last_update": 1_700_000_001,
        "tags": [],
        "important": false,
        "external_service": null,
        "external_id": null,
        "last_user_reply_time": 1_700_000_001,
        "status": null,
        "assistant_type": null,
        "recipient_type": "web",
        "user": user,
        "channel": null,
        "part_last": part,
        "important_part_last": part,
        "reply_last": part,
    });
    let single = get(&sandbox, &format!("/v2/conversations/{id}"), "");
    assert_eq!(
        single.json,
        json!({"meta": {"status": 200}, "data": conversation})
    );

    conversation.as_object_mut().unwrap().remove("channel");
    let of_user = get(&sandbox, "/v2/users/order-42/conversations", "by_user_id=1");
    assert_eq!(
        of_user.json,
        json!({"meta": {"status": 200, "next_before_position": null}, "data": [conversation]})
    );
    // Without the switch, conversations that nobody has are not listed.
    let of_app = "/v2/apps/$self_app/conversations";
    assert_eq!(get(&sandbox, of_app, "").data(), &json!([]));
    assert_eq!(
        get(&sandbox, of_app, "include_not_assigned=true").data(),
        &json!([conversation])
    );
    assert_eq!(
        get(&sandbox, "/v2/conversations/7", "").error(),
        (400, "LookupError", "no such conversation")
    );
    let no_id = get(&sandbox, "/v2/conversations/x", "");
    assert_eq!(no_id.error().1, "ValidationError");
}

#[test]
fn a_reply_by_each_sender() {
    let sandbox = Sandbox::new();
    let id = start(&sandbox, "order-42", "Hi");
    let user = sandbox.user_id("order-42").unwrap().to_string();
    let avatar = "https://files.carrotquest.io/avatars/default-v2.png";
    let operator = json!({"id": 501, "name": "First operator", "avatar": avatar, "type": "admin"});
    let author = |kind: &str, name: &str| json!({"name": name, "avatar": avatar, "type": kind});
    let (user_id, of_user) = (
        json!(user.parse::<u64>().unwrap()),
        format!("from_user={user}"),
    );
    for (version, sender, kind, from) in [
        ("v2", "from_admin=501", "reply_admin", &operator),
        (
            "v2",
            "from_admin=default_admin",
            "reply_admin",
            &author("default_admin", "Support"),
        ),
        ("v2", "", "reply_admin", &author("bot", "Bot")),
        ("v1", "bot_name=Robo", "reply_admin", &author("bot", "Robo")),
        (
            "v2",
            "from_user=default_user&type=note",
            "reply_user",
            &user_id,
        ),
        ("v2", &of_user, "reply_user", &user_id),
        ("v1", "from_user=true", "reply_user", &user_id),
        ("v1", "from_user=0&from_admin=501", "reply_admin", &operator),
        ("v2", "from_admin=501&type=note", "note", &operator),
        ("v2", "from_admin=501&type=article", "article", &operator),
    ] {
        let parameters = format!("body=Hello&random_id=1650977560&{sender}");
        let path = format!("/{version}/conversations/{id}/reply");
        let answer = post(&sandbox, &path, &parameters);
        let part = answer.data();
        assert_eq!(part["type"], kind, "{sender:?}");
        assert_eq!(&part["from"], from);
        assert_eq!(part["body"], "Hello");
        assert_eq!(part["random_id"], 1_650_977_560);
        assert_eq!(
            sandbox.parts(ConversationId::new(id)).last(),
            Some(&model(part))
        );
    }
    for (version, parameters, name) in [
        ("v2", "", "ValidationError"),
        ("v1", "from_admin=501", "ValidationError"),
        ("v2", "body=x&from_user=true", "ValidationError"),
        ("v2", "body=x&from_user=7", "LookupError"),
        ("v2", "body=x&from_admin=7", "LookupError"),
        ("v2", "body=x&type=vote", "ValidationError"),
        ("v1", "body=x&type=article", "ValidationError"),
        ("v2", "body=x&random_id=x", "ValidationError"),
        ("v2", "body=x&body_json=[]", "ValidationError"),
    ] {
        let path = format!("/{version}/conversations/{id}/reply");
        post(&sandbox, &path, parameters).is(400, name);
    }
    let long = "x".repeat(65_537);
    let answer = post(&sandbox, &path(id, "reply"), &[OPERATOR, ("body", &long)]);
    assert_eq!(answer.error().1, "ReplyTooBig");
}

#[test]
fn auto_assign_makes_two_parts() {
    let sandbox = Sandbox::new();
    let id = start(&sandbox, "order-42", "Hi");
    let parameters = "from_admin=501&body=Mine&auto_assign=502&auto_assign_random_id=9";
    let answer = post(&sandbox, &path(id, "reply"), parameters);
    let parts = sandbox.parts(ConversationId::new(id));
    assert_eq!(
        kinds(&sandbox, id),
        ["reply_user", "assigned", "reply_admin"]
    );
    assert_eq!(model(&answer.json["assign_part"]), parts[1]);
    assert_eq!(model(&answer.json["data"]), parts[2]);
    assert_eq!(json_of(&parts[1])["assignee"]["id"], 502);
    assert_eq!(json_of(&parts[1])["random_id"], 9);
    assert_eq!(json_of(&parts[1])["body"], "");
    let again = post(&sandbox, &path(id, "reply"), parameters);
    assert_eq!(again.json.get("assign_part"), None);
    assert_eq!(sandbox.parts(ConversationId::new(id)).len(), 4);
}

#[test]
fn counters_follow_the_replies() {
    let sandbox = Sandbox::new();
    let id = start(&sandbox, "order-42", "Hi");
    let counters = || {
        let one = json_of(sandbox.conversation(ConversationId::new(id)).unwrap());
        [
            "parts_count",
            "replies_count",
            "admin_unread_count",
            "user_unread_count",
            "not_answered_admin_replies",
        ]
        .map(|name| one[name].as_u64().unwrap())
    };
    let reply = |parameters: &str| {
        let parameters = format!("body=x&{parameters}");
        post(&sandbox, &path(id, "reply"), &parameters).data();
    };
    assert_eq!(counters(), [1, 1, 1, 0, 0]);
    reply("from_admin=501&type=note");
    assert_eq!(counters(), [2, 1, 1, 0, 0]);
    reply("from_admin=501");
    reply("from_admin=501");
    assert_eq!(counters(), [4, 3, 0, 2, 2]);
    let last = json_of(sandbox.conversation(ConversationId::new(id)).unwrap());
    assert_eq!(last["last_admin"]["id"], 501);
    assert_eq!(last["reply_last_type"], "reply_admin");

    let read = post(&sandbox, &path(id, "markread"), "");
    assert_eq!(read.json, json!({"data": {}, "meta": {"status": 200}}));
    assert_eq!(counters(), [4, 3, 0, 0, 2]);
    assert!(
        json_of(sandbox.parts(ConversationId::new(id)))[3]["read"]
            .as_bool()
            .unwrap()
    );
    reply("from_user=default_user");
    assert_eq!(counters(), [5, 4, 1, 0, 0]);
    let typing = post(&sandbox, &path(id, "settyping"), "body=I&from_user=true");
    assert_eq!(typing.json, json!({"data": {}, "meta": {"status": 200}}));
    assert_eq!(
        post(&sandbox, &path(id, "settyping"), "from_admin=501")
            .error()
            .2,
        "`body` is required"
    );
    assert_eq!(counters(), [5, 4, 1, 0, 0]);
}

#[test]
fn assigning_twice_says_nothing_the_second_time() {
    let sandbox = Sandbox::new();
    let id = start(&sandbox, "order-42", "Hi");
    let assign = |parameters: &str| post(&sandbox, &path(id, "assign"), parameters);
    let first = assign("from_admin=501&admin=502&random_id=3");
    let part = json_of(sandbox.parts(ConversationId::new(id)))[1].clone();
    assert_eq!(
        first.json,
        json!({"data": {"id": part["id"], "part_group": part["part_group"]}, "meta": {"status": 200}})
    );
    assert_eq!(
        (&part["type"], &part["random_id"]),
        (&json!("assigned"), &json!(3))
    );
    let again = assign("from_admin=default_admin&admin=502");
    assert_eq!(again.json, json!({"data": {}, "meta": {"status": 200}}));
    assert_eq!(
        json_of(sandbox.conversation(ConversationId::new(id)).unwrap())["assignee"]["id"],
        502
    );
    assert!(assign("from_admin=501").data()["id"].is_u64());
    assert_eq!(
        json_of(sandbox.conversation(ConversationId::new(id)).unwrap())["assignee"],
        Value::Null
    );
    assert_eq!(
        json_of(sandbox.parts(ConversationId::new(id)))[2]["assignee"],
        Value::Null
    );
    assert_eq!(
        assign("admin=502").error(),
        (400, "ValidationError", "`from_admin` is required")
    );
    assert_eq!(
        assign("from_admin=501&admin=9").error(),
        (400, "LookupError", "no such operator")
    );
    let v1 = post(
        &sandbox,
        &format!("/v1/conversations/{id}/assign"),
        "admin=501",
    );
    assert!(v1.data()["id"].is_u64());
}

#[test]
fn closing_ends_the_question_and_the_user_opens_another() {
    let sandbox = Sandbox::new();
    let id = start(&sandbox, "order-42", "Hi");
    let closed = post(&sandbox, &path(id, "close"), "from_admin=default_admin");
    let part = json_of(sandbox.parts(ConversationId::new(id)))[1].clone();
    assert_eq!(
        closed.data(),
        &json!({"id": part["id"], "part_group": part["part_group"]})
    );
    assert_eq!(
        part["part_group"],
        json_of(sandbox.parts(ConversationId::new(id)))[0]["part_group"]
    );
    assert_eq!(post(&sandbox, &path(id, "close"), "").data(), &json!({}));
    assert_eq!(
        json_of(sandbox.conversation(ConversationId::new(id)).unwrap())["closed"],
        true
    );
    post(
        &sandbox,
        &path(id, "reply"),
        "from_user=default_user&body=And%3F",
    );
    assert_eq!(
        json_of(sandbox.conversation(ConversationId::new(id)).unwrap())["closed"],
        false
    );
    assert_ne!(
        json_of(sandbox.parts(ConversationId::new(id)))[2]["part_group"],
        part["part_group"]
    );
    assert_eq!(kinds(&sandbox, id), ["reply_user", "closed", "reply_user"]);
}

#[test]
fn tags_by_generation() {
    let sandbox = Sandbox::new();
    let id = start(&sandbox, "order-42", "Hi");
    let tag =
        |method: Method, parameters: &str| send(&sandbox, method, &path(id, "tag"), parameters);
    let sales = "from_admin=501&tag=sales";
    let part = |at: usize| {
        let part = &json_of(sandbox.parts(ConversationId::new(id)))[at];
        assert_eq!(part["tag"], "sales");
        json!({"id": part["id"], "part_group": part["part_group"]})
    };
    let added = tag(Method::POST, sales);
    assert_eq!(
        added.json,
        json!({"data": part(1), "meta": {"status": 200}})
    );
    assert_eq!(
        json_of(sandbox.conversation(ConversationId::new(id)).unwrap())["tags"],
        json!(["sales"])
    );
    let again = tag(Method::POST, sales);
    again.is(400, "ConversationTagAlreadyAssigned");
    assert_eq!(tag(Method::DELETE, sales).data(), &part(2));
    assert_eq!(
        tag(Method::DELETE, sales).error().1,
        "ConversationTagIsNotAssigned"
    );
    assert_eq!(tag(Method::POST, "tag=a,b").status, 200);
    assert_eq!(tag(Method::POST, "tag=a,b&action=delete").status, 200);
    for wrong in ["", &"x".repeat(256)] {
        assert_eq!(
            tag(Method::POST, &format!("tag={wrong}")).error().1,
            "ValidationError"
        );
    }
    assert_eq!(tag(Method::POST, "").error().2, "`tag` is required");

    let old = format!("/v1/conversations/{id}/tag");
    for action in ["add", "add", "delete", "delete"] {
        let answer = post(&sandbox, &old, &[("action", action), ("tag", "sales")]);
        assert_eq!(answer.json, json!({"data": {}, "meta": {"status": 200}}));
    }
    assert_eq!(
        kinds(&sandbox, id)[5..],
        ["tag_added", "tag_deleted"].map(Value::from)
    );
    let comma = [("action", "add"), ("tag", "a,b")];
    assert_eq!(
        post(&sandbox, &old, &comma).error().2,
        "`tag` must hold no comma"
    );
    assert_eq!(
        post(&sandbox, &old, "tag=a").error().2,
        "`action` is required"
    );
    let delete = send(&sandbox, Method::DELETE, &old, "tag=a");
    assert_eq!(delete.error().0, 405);
}

#[test]
fn a_manual_message_is_nobodys_work_until_it_is_answered() {
    let sandbox = Sandbox::new();
    start(&sandbox, "order-42", "Hi");
    let parameters = [("by_user_id", "true"), ("body", "Sale!")];
    let sent = post(&sandbox, "/v2/users/order-42/sendmessage", &parameters);
    let id = sent.data()["conversation"].as_u64().unwrap();
    assert_eq!(sent.data(), &json!({"conversation": id, "message": 12_001}));
    let one = json_of(sandbox.conversation(ConversationId::new(id)).unwrap());
    assert_eq!(
        (&one["message"], &one["replied"]),
        (&json!(12_001), &json!(false))
    );
    let listed = || {
        let answer = get(
            &sandbox,
            "/v2/apps/$self_app/conversations",
            "include_not_assigned=true",
        );
        answer.data().as_array().unwrap().len()
    };
    assert_eq!(listed(), 1);
    post(
        &sandbox,
        &path(id, "reply"),
        "from_user=default_user&body=%3F",
    );
    assert_eq!(listed(), 2);
    let email = [("by_user_id", "true"), ("body", "x"), ("type", "email")];
    assert_eq!(
        post(&sandbox, "/v2/users/order-42/sendmessage", &email)
            .error()
            .1,
        "ValidationError"
    );
    let by_id = format!(
        "/v1/users/{}/sendmessage",
        sandbox.user_id("order-42").unwrap()
    );
    assert_eq!(post(&sandbox, &by_id, &email).status, 200);
}

#[test]
fn files_are_attached() {
    let sandbox = Sandbox::new();
    let path_of_user = "/v2/users/order-42/startconversation";
    let fields = [("by_user_id", "true"), ("filename", "bill.PDF")];
    let started = upload(
        &sandbox,
        path_of_user,
        &fields,
        &[("file", "x.pdf", "%PDF")],
    );
    let id = started.data()["id"].as_u64().unwrap();
    let files = [("attachment", "a.txt", "text")];
    let replied = upload(&sandbox, &path(id, "reply"), "from_admin=501", &files);
    let file = &replied.data()["attachments"][0];
    assert_eq!(
        file,
        &json!({
            "id": 2_155_668_335_000_000_002_u64, "type": "file", "filename": "a.txt",
            "mime_type": "text/plain", "size": 4, "created": 1_700_000_002,
            "url": "https://files.carrotquest.io/attachments/1000/2155668335000000002",
        })
    );
    assert_eq!(
        json_of(sandbox.parts(ConversationId::new(id)))[0]["attachments"][0]["filename"],
        "bill.PDF"
    );
    let unnamed = upload(
        &sandbox,
        path_of_user,
        &fields[..1],
        &[("file", "x.pdf", "")],
    );
    assert_eq!(
        unnamed.error().2,
        "`filename` is required together with `file`"
    );
    let program = upload(
        &sandbox,
        &path(id, "reply"),
        "",
        &[("attachment", "a.exe", "MZ")],
    );
    assert!(
        program
            .error()
            .2
            .starts_with("`attachment` must be one of the types")
    );
}

#[test]
fn every_action_leaves_its_system_part() {
    let sandbox = Sandbox::new();
    let id = start(&sandbox, "order-42", "Hi");
    post(&sandbox, &path(id, "assign"), "from_admin=501&admin=502").data();
    post(&sandbox, &path(id, "tag"), "from_admin=501&tag=sales").data();
    send(
        &sandbox,
        Method::DELETE,
        &path(id, "tag"),
        "from_admin=501&tag=sales",
    )
    .data();
    assert!(sandbox.snooze(
        ConversationId::new(id),
        Timestamp::from_seconds(1_800_000_000)
    ));
    assert!(sandbox.move_to_channel(ConversationId::new(id), Some(ChannelId::new(5))));
    post(&sandbox, &path(id, "close"), "from_admin=501").data();
    assert_eq!(
        kinds(&sandbox, id),
        [
            "reply_user",
            "assigned",
            "tag_added",
            "tag_deleted",
            "delayed",
            "channel_changed",
            "closed"
        ]
    );
    let one = sandbox.conversation(ConversationId::new(id)).unwrap();
    assert_eq!(one.closed, Some(true));
    assert_eq!(
        one.channel.map(|channel| channel.id),
        Some(ChannelId::new(5))
    );
    // The user sees none of them, and they are nobody's unread messages.
    assert_eq!(one.user_unread_count, Some(0));
    assert_eq!(one.admin_unread_count, Some(1));
}

/// `read` of v1 is that of the first message, and true where the user began.
#[test]
fn the_first_message_of_a_conversation_is_read_or_not() {
    let sandbox = Sandbox::new();
    let read = |id: u64| {
        let answer = get(&sandbox, &format!("/v1/conversations/{id}"), "");
        answer.data()["read"].clone()
    };
    let reply = |id: u64| post(&sandbox, &path(id, "reply"), "from_admin=501&body=Hm");
    let begun_by_user = start(&sandbox, "order-42", "Hi");
    assert_eq!(read(begun_by_user), true);
    reply(begun_by_user).data();
    assert_eq!(read(begun_by_user), true);

    let own = [("by_user_id", "1"), ("body", "Sale")];
    let message = post(&sandbox, "/v2/users/order-42/sendmessage", &own);
    let begun_by_message = message.data()["conversation"].as_u64().unwrap();
    assert_eq!(read(begun_by_message), false);
    post(&sandbox, &path(begun_by_message, "markread"), "").data();
    assert_eq!(read(begun_by_message), true);
    reply(begun_by_message).data();
    assert_eq!(read(begun_by_message), true);
}

#[test]
fn the_list_of_the_app_is_filtered() {
    let sandbox = Sandbox::new();
    let [a, b, c] = ["a", "b", "c"].map(|user| start(&sandbox, user, "Hi"));
    post(&sandbox, &path(a, "assign"), "from_admin=501&admin=501").data();
    post(&sandbox, &path(b, "assign"), "from_admin=501&admin=502").data();
    post(&sandbox, &path(a, "reply"), "from_admin=501&body=Hi").data();
    for tag in ["x", "y"] {
        post(&sandbox, &path(a, "tag"), &[("tag", tag)]).data();
    }
    post(&sandbox, &path(b, "tag"), "tag=x").data();
    post(&sandbox, &path(b, "close"), "from_admin=501").data();
    sandbox.snooze(ConversationId::new(c), 2_000_000_000_i64);
    sandbox.move_to_channel(ConversationId::new(c), Some(ChannelId::new(5)));
    sandbox.set_assistant(ConversationId::new(c), Some("lead_bot"));
    let all = ("include_not_assigned", "1");
    for (parameters, expected) in [
        ("", &[b, a][..]),
        ("include_not_assigned=1", &[c, b, a]),
        ("include_not_assigned=1&closed=true", &[b]),
        ("include_not_assigned=1&closed=FALSE", &[c, a]),
        ("include_not_assigned=1&answered=true", &[a]),
        ("include_not_assigned=1&answered=0", &[c, b]),
        ("include_not_assigned=1&delayed=1", &[c]),
        ("include_not_assigned=1&delayed=", &[b, a]),
        ("assigned=502", &[b]),
        ("assigned=502&include_not_assigned=1", &[c, b]),
        ("assigned=0&include_not_assigned=1", &[c]),
        ("assigned=0", &[]),
        ("tags=x", &[b, a]),
        ("tags=x,y", &[a]),
        ("tags=[%22x%22,+%22y%22]", &[a]),
        ("include_no_tags=1&include_not_assigned=1", &[c]),
        ("channel=5&include_not_assigned=1", &[c]),
        ("channel=0&include_not_assigned=1", &[b, a]),
        ("assistant_type=lead_bot&include_not_assigned=1", &[c]),
    ] {
        let answer = get(&sandbox, "/v2/apps/$self_app/conversations", parameters);
        let listed = answer.data().as_array().unwrap().iter();
        let ids: Vec<u64> = listed.map(|one| one["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, expected, "{parameters:?}");
    }
    let both = [("tags", "x"), ("include_no_tags", "1")];
    let answer = get(&sandbox, "/v2/apps/1000/conversations", &both);
    assert_eq!(
        answer.error().2,
        "`include_no_tags` can be used only without `tags`"
    );
    let answer = get(
        &sandbox,
        "/v1/apps/1000/conversations",
        &[both[0], both[1], all],
    );
    assert_eq!(answer.data().as_array().unwrap().len(), 3);

    let channels = get(&sandbox, "/v2/apps/$self_app/channels", "");
    let channel = &channels.data()[0];
    assert_eq!(
        (&channel["id"], &channel["not_assigned_count"]),
        (&json!(5), &json!(1))
    );
    assert_eq!(channel["operators"].as_array().unwrap().len(), 2);
}
