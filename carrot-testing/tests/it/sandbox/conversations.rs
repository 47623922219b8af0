//! Conversations and what is done in them.

use carrot_core::types::{ChannelId, ConversationId, ConversationPart, SentVia, Timestamp};
use http::Method;
use serde_json::{Value, json};

use super::common::{Session, json_of};

const OF_APP: &str = "/v2/apps/$self_app/conversations";

fn path(id: ConversationId, operation: &str) -> String {
    format!("/v2/conversations/{id}/{operation}")
}

fn model(part: &Value) -> ConversationPart {
    serde_json::from_value(part.clone()).unwrap()
}

impl Session {
    fn see_conversation(&self, id: ConversationId) {
        self.see("conversation", self.sandbox.conversation(id));
    }

    /// The types of its parts, with what else names says of each.
    fn see_parts(&self, id: ConversationId, names: &[&str]) {
        for part in json_of(self.parts(id)).as_array().unwrap() {
            let more: Vec<_> = names.iter().map(|name| &part[*name]).collect();
            self.see("part", (&part["id"], &part["type"], more));
        }
    }
}

#[test]
fn a_conversation_started_by_the_user() {
    let api = Session::new();
    let id = api.start("order-42", "Where is it?");
    api.get(&format!("/v2/conversations/{id}"), "");
    api.get("/v2/users/order-42/conversations", "by_user_id=1");
    // Without the switch, conversations that nobody has are not listed.
    assert_eq!(api.get(OF_APP, "").data(), &json!([]));
    api.get(OF_APP, "include_not_assigned=true");
    api.get("/v2/conversations/7", "");
    api.get("/v2/conversations/x", "");
    api.assert("conversation_of_user");
}

#[test]
fn a_reply_by_each_sender() {
    let api = Session::new();
    let id = api.start("order-42", "Hi");
    let of_user = format!("from_user={}", api.user_id("order-42").unwrap());
    for (version, sender) in [
        ("v2", "from_admin=501"),
        ("v2", "from_admin=default_admin"),
        ("v2", ""),
        ("v1", "bot_name=Robo"),
        ("v2", "from_user=default_user&type=note"),
        ("v2", &of_user),
        ("v1", "from_user=true"),
        ("v1", "from_user=0&from_admin=501"),
        ("v2", "from_admin=501&type=note"),
        ("v2", "from_admin=501&type=article"),
    ] {
        let path = format!("/{version}/conversations/{id}/reply");
        let form = format!("body=Hello&random_id=1650977560&{sender}");
        let response = api.post(&path, &form);
        let mut stored = api.parts(id).last().cloned().unwrap();
        // v1 does not document `api`.
        if version == "v1" && stored.sent_via == Some(SentVia::Api) {
            stored.sent_via = None;
        }
        assert_eq!(stored, model(response.data()));
    }
    for (version, form, name) in [
        ("v2", "", "ValidationError"),
        ("v1", "from_admin=501", "ValidationError"),
        ("v2", "body=x&from_user=true", "ValidationError"),
        ("v2", "body=x&from_user=7", "LookupError"),
        ("v2", "body=x&from_admin=7", "LookupError"),
        ("v2", "body=x&type=vote", "ValidationError"),
        ("v1", "body=x&type=article", "ValidationError"),
        ("v2", "body=x&random_id=x", "ValidationError"),
        ("v2", "body=x&body_json=[]", "ValidationError"),
        ("v2", &format!("body={}", "x".repeat(65_537)), "ReplyTooBig"),
    ] {
        let path = format!("/{version}/conversations/{id}/reply");
        api.post(&path, form).is(400, name);
    }
    api.assert("replies");
}

#[test]
fn auto_assign_makes_two_parts() {
    let api = Session::new();
    let id = api.start("order-42", "Hi");
    let form = "from_admin=501&body=Mine&auto_assign=502&auto_assign_random_id=9";
    let response = api.post(&path(id, "reply"), form);
    let parts = api.parts(id);
    assert_eq!(model(&response.json["assign_part"]), parts[1]);
    assert_eq!(model(&response.json["data"]), parts[2]);
    let again = api.post(&path(id, "reply"), form);
    assert_eq!(again.json.get("assign_part"), None);
    api.see_parts(id, &["assignee", "random_id", "body"]);
    api.assert("auto_assign");
}

#[test]
fn counters_follow_the_replies() {
    let api = Session::new();
    let id = api.start("order-42", "Hi");
    let counters = || {
        let one = json_of(api.conversation(id).unwrap());
        [
            "parts_count",
            "replies_count",
            "admin_unread_count",
            "user_unread_count",
            "not_answered_admin_replies",
        ]
        .map(|name| one[name].as_u64().unwrap())
    };
    let reply = |form: &str| {
        api.post(&path(id, "reply"), &format!("body=x&{form}"))
            .data();
    };
    assert_eq!(counters(), [1, 1, 1, 0, 0]);
    reply("from_admin=501&type=note");
    assert_eq!(counters(), [2, 1, 1, 0, 0]);
    reply("from_admin=501");
    reply("from_admin=501");
    assert_eq!(counters(), [4, 3, 0, 2, 2]);
    let last = json_of(api.conversation(id).unwrap());
    assert_eq!(last["last_admin"]["id"], 501);
    assert_eq!(last["reply_last_type"], "reply_admin");

    api.post(&path(id, "markread"), "");
    assert_eq!(counters(), [4, 3, 0, 0, 2]);
    assert!(json_of(api.parts(id))[3]["read"].as_bool().unwrap());
    reply("from_user=default_user");
    assert_eq!(counters(), [5, 4, 1, 0, 0]);
    api.post(&path(id, "settyping"), "body=I&from_user=true");
    api.post(&path(id, "settyping"), "from_admin=501");
    assert_eq!(counters(), [5, 4, 1, 0, 0]);
    api.assert("counters");
}

#[test]
fn assigning_twice_says_nothing_the_second_time() {
    let api = Session::new();
    let id = api.start("order-42", "Hi");
    let assignee = || json_of(api.conversation(id).unwrap())["assignee"].clone();
    let assign = |form: &str| api.post(&path(id, "assign"), form);
    assign("from_admin=501&admin=502&random_id=3");
    let again = assign("from_admin=default_admin&admin=502");
    assert_eq!(again.json, json!({"data": {}, "meta": {"status": 200}}));
    assert_eq!(assignee()["id"], 502);
    assign("from_admin=501");
    assert_eq!(assignee(), Value::Null);
    assign("admin=502");
    assign("from_admin=501&admin=9");
    api.post(&format!("/v1/conversations/{id}/assign"), "admin=501");
    api.see_parts(id, &["part_group", "random_id", "assignee"]);
    api.assert("assign");
}

#[test]
fn a_closed_conversation_is_reopened_by_the_user() {
    let api = Session::new();
    let id = api.start("order-42", "Hi");
    let is_closed = || api.conversation(id).unwrap().closed;
    api.post(&path(id, "close"), "from_admin=default_admin");
    assert_eq!(api.post(&path(id, "close"), "").data(), &json!({}));
    assert_eq!(is_closed(), Some(true));
    api.post(&path(id, "reply"), "from_user=default_user&body=And?");
    assert_eq!(is_closed(), Some(false));
    api.see_parts(id, &["part_group"]);
    api.assert("close");
}

#[test]
fn tags_by_version() {
    let api = Session::new();
    let id = api.start("order-42", "Hi");
    let tag = |method: Method, form: &str| api.send(method, &path(id, "tag"), form);
    let sales = "from_admin=501&tag=sales";
    tag(Method::POST, sales).data();
    let tags = json_of(api.conversation(id).unwrap())["tags"].clone();
    assert_eq!(tags, json!(["sales"]));
    tag(Method::POST, sales).is(400, "ConversationTagAlreadyAssigned");
    tag(Method::DELETE, sales).data();
    tag(Method::DELETE, sales).is(400, "ConversationTagIsNotAssigned");
    tag(Method::POST, "tag=a,b").data();
    tag(Method::POST, "tag=a,b&action=delete").data();
    let long = format!("tag={}", "x".repeat(256));
    for wrong in ["tag=", &long, ""] {
        tag(Method::POST, wrong).is(400, "ValidationError");
    }
    let old = format!("/v1/conversations/{id}/tag");
    for action in ["add", "add", "delete", "delete"] {
        api.post(&old, &[("action", action), ("tag", "sales")]);
    }
    api.post(&old, "action=add&tag=a,b");
    api.post(&old, "tag=a");
    api.send(Method::DELETE, &old, "tag=a");
    api.see_parts(id, &["part_group", "tag"]);
    api.assert("tags");
}

#[test]
fn manual_message_is_listed_after_the_reply() {
    let api = Session::new();
    api.start("order-42", "Hi");
    let send = "/v2/users/order-42/sendmessage";
    let sent = api.post(send, "by_user_id=true&body=Sale!");
    let id = ConversationId::new(sent.data()["conversation"].as_u64().unwrap());
    api.see_conversation(id);
    let listed = || {
        let response = api.get(OF_APP, "include_not_assigned=true");
        response.data().as_array().unwrap().len()
    };
    assert_eq!(listed(), 1);
    api.post(&path(id, "reply"), "from_user=default_user&body=?");
    assert_eq!(listed(), 2);
    api.post(send, "by_user_id=true&body=x&type=email");
    let by_id = format!("/v1/users/{}/sendmessage", api.user_id("order-42").unwrap());
    api.post(&by_id, "by_user_id=true&body=x&type=email");
    api.assert("manual_message");
}

#[test]
fn files_are_attached() {
    let api = Session::new();
    let start = "/v2/users/order-42/startconversation";
    let form = "by_user_id=true&filename=bill.PDF";
    let started = api.upload(start, form, &[("file", "x.pdf", "%PDF")]);
    let id = ConversationId::new(started.data()["id"].as_u64().unwrap());
    let reply = path(id, "reply");
    api.upload(&reply, "from_admin=501", &[("attachment", "a.txt", "text")]);
    api.upload(start, "by_user_id=true", &[("file", "x.pdf", "")]);
    api.upload(&reply, "", &[("attachment", "a.exe", "MZ")]);
    api.see_parts(id, &["attachments"]);
    api.assert("files");
}

#[test]
fn every_action_leaves_its_system_part() {
    let api = Session::new();
    let id = api.start("order-42", "Hi");
    api.post(&path(id, "assign"), "from_admin=501&admin=502");
    api.post(&path(id, "tag"), "from_admin=501&tag=sales");
    api.send(Method::DELETE, &path(id, "tag"), "from_admin=501&tag=sales");
    assert!(api.snooze(id, Timestamp::from_seconds(1_800_000_000)));
    assert!(api.move_to_channel(id, Some(ChannelId::new(5))));
    api.post(&path(id, "close"), "from_admin=501").data();
    api.see_parts(id, &[]);
    // The user sees none of them, and they are nobody's unread messages.
    let one = api.conversation(id).unwrap();
    assert_eq!(one.user_unread_count, Some(0));
    assert_eq!(one.admin_unread_count, Some(1));
    api.see_conversation(id);
    api.assert("system_parts");
}

/// `read` of v1 is that of the first message, and true where the user started.
#[test]
fn v1_tells_whether_the_first_message_is_read() {
    let api = Session::new();
    let read = |id: ConversationId| {
        let response = api.get(&format!("/v1/conversations/{id}"), "");
        response.data()["read"].clone()
    };
    let reply = |id: ConversationId| api.post(&path(id, "reply"), "from_admin=501&body=Hm");
    let started_by_user = api.start("order-42", "Hi");
    assert_eq!(read(started_by_user), true);
    reply(started_by_user).data();
    assert_eq!(read(started_by_user), true);

    let message = api.post("/v2/users/order-42/sendmessage", "by_user_id=1&body=Sale");
    let started_by_message = message.data()["conversation"].as_u64().unwrap();
    let started_by_message = ConversationId::new(started_by_message);
    assert_eq!(read(started_by_message), false);
    api.post(&path(started_by_message, "markread"), "").data();
    assert_eq!(read(started_by_message), true);
    reply(started_by_message).data();
    assert_eq!(read(started_by_message), true);
}

#[test]
fn the_list_of_the_app_is_filtered() {
    let api = Session::new();
    let [a, b, c] = ["a", "b", "c"].map(|user| api.start(user, "Hi"));
    for (id, operation, form) in [
        (a, "assign", "from_admin=501&admin=501"),
        (b, "assign", "from_admin=501&admin=502"),
        (a, "reply", "from_admin=501&body=Hi"),
        (a, "tag", "tag=x"),
        (a, "tag", "tag=y"),
        (b, "tag", "tag=x"),
        (b, "close", "from_admin=501"),
    ] {
        api.post(&path(id, operation), form).data();
    }
    api.snooze(c, 2_000_000_000_i64);
    api.move_to_channel(c, Some(ChannelId::new(5)));
    api.set_assistant(c, Some("lead_bot"));
    let all = "include_not_assigned=1";
    for (form, expected) in [
        ("", &[b, a][..]),
        (all, &[c, b, a]),
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
        ("tags=%5B%22x%22,+%22y%22%5D", &[a]),
        ("include_no_tags=1&include_not_assigned=1", &[c]),
        ("channel=5&include_not_assigned=1", &[c]),
        ("channel=0&include_not_assigned=1", &[b, a]),
        ("assistant_type=lead_bot&include_not_assigned=1", &[c]),
    ] {
        let response = api.get(OF_APP, form);
        let listed = response.data().as_array().unwrap().iter();
        let ids: Vec<_> = listed
            .map(|one| ConversationId::new(one["id"].as_u64().unwrap()))
            .collect();
        assert_eq!(ids, expected, "{form}");
    }
    let both = "tags=x&include_no_tags=1";
    let response = api.get("/v2/apps/1000/conversations", both);
    let text = "`include_no_tags` can be used only without `tags`";
    assert_eq!(response.error().2, text);
    let response = api.get("/v1/apps/1000/conversations", &format!("{both}&{all}"));
    assert_eq!(response.data().as_array().unwrap().len(), 3);

    let channels = api.get("/v2/apps/$self_app/channels", "");
    let channel = &channels.data()[0];
    let id = (&channel["id"], &channel["not_assigned_count"]);
    assert_eq!(id, (&json!(5), &json!(1)));
    assert_eq!(channel["operators"].as_array().unwrap().len(), 2);
}
