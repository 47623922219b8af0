use serde_json::json;

use super::*;
use crate::{
    AdminId, AdminType, ArticleId, AttachmentId, ChannelId, DateTime, InboundEmailId, MessageId,
    PartActionType, PartGroupId, PropertyMap, UserId,
    serde_util::check::{numbers_keep_every_digit, reads, rejected},
};

#[test]
fn reads_conversation_sample() {
    let conversation: Conversation = reads(
        r#"{
            "id": 7100586,
            "created": 1450342055,
            "user": {"id": 7722092, "app": 3, "user_id": "27384", "presence": "idle",
                "props": {"$last_seen": "2015-12-17T13:01:32", "$name": "Alex", "$email": "alex@example.com"}},
            "read": true,
            "replied": true,
            "clicked": false,
            "unsubscribed": false,
            "closed": false,
            "message": null,
            "type": "popup_chat",
            "reply_type": "text",
            "part_last": {"id": 7855356, "created": 1450345019, "conversation": 7100586, "body": "...",
                "type": "reply_user", "sent_via": "web_user", "from": 16588048},
            "parts_count": 13,
            "assignee": null,
            "unread_parts_count": 2,
            "last_admin": {"id": 24601, "name": "Maks",
                "avatar": "https://files.dashly.app/avatars/1446021235578-n653y667.jpg", "type": "admin"},
            "last_update": 1450345019,
            "tags": []
        }"#,
        &[],
    );
    assert_eq!(
        conversation.user.as_deref().and_then(User::name),
        Some("Alex")
    );
    let part = ConversationPart::new(PartId::new(7_855_356))
        .with_created(1_450_345_019)
        .with_conversation(ConversationId::new(7_100_586))
        .with_body("...")
        .with_kind(PartType::ReplyUser)
        .with_sent_via(SentVia::WebUser)
        .with_from(UserId::new(16_588_048));
    let admin = Admin::new()
        .with_id(AdminId::new(24601))
        .with_name("Maks")
        .with_avatar("https://files.dashly.app/avatars/1446021235578-n653y667.jpg")
        .with_kind(AdminType::Admin);
    let mut expected = Conversation::new(ConversationId::new(7_100_586))
        .with_created(1_450_342_055)
        .with_read(true)
        .with_replied(true)
        .with_clicked(false)
        .with_unsubscribed(false)
        .with_closed(false)
        .with_kind(ConversationType::PopupChat)
        .with_reply_type(ReplyType::Text)
        .with_part_last(part)
        .with_parts_count(13_u64)
        .with_unread_parts_count(2_u64)
        .with_last_admin(admin)
        .with_last_update(1_450_345_019)
        .with_assignee(Nullable::Null);
    expected.user.clone_from(&conversation.user);
    assert_eq!(conversation, expected);
}

#[test]
fn reads_newer_conversation_fields() {
    let conversation: Conversation = reads(
        r#"{
            "id": "1",
            "removed": "1450342055",
            "sended_time": "2015-12-17T13:01:32",
            "last_user_reply_time": 1450342055.25,
            "delayed_until": 1450342056,
            "message": "12931",
            "status": "delivered",
            "assistant_type": "lead_bot",
            "recipient_type": "web",
            "reply_last_type": "reply_admin",
            "tags": ["sales", "urgent"],
            "channel": {"id": 5, "name": "Test channel"}
        }"#,
        &["removed"],
    );
    let expected = Conversation::new(ConversationId::new(1))
        .with_removed(Timestamp::from_seconds(1_450_342_055))
        .with_sended_time(DateTime::new("2015-12-17T13:01:32").expect("a date"))
        .with_last_user_reply_time(Timestamp::new(1_450_342_055, 250_000_000).expect("a moment"))
        .with_delayed_until(Timestamp::from_seconds(1_450_342_056))
        .with_message(MessageId::new(12931))
        .with_status(DeliveryStatus::Delivered)
        .with_assistant_type(AssistantType::LeadBot)
        .with_recipient_type(RecipientType::Web)
        .with_reply_last_type(PartType::ReplyAdmin)
        .with_tags(["sales".to_owned(), "urgent".to_owned()])
        .with_channel(Channel::new(ChannelId::new(5)).with_name("Test channel"));
    assert_eq!(conversation, expected);
}

#[test]
fn conversation_reads_null_lists_and_unknown_values() {
    let json =
        r#"{"id": 1, "tags": null, "type": "smoke_signal", "reply_type": "nod", "status": "lost"}"#;
    let conversation: Conversation = reads(json, &[]);
    let expected = Conversation::new(ConversationId::new(1))
        .with_kind("smoke_signal")
        .with_reply_type("nod")
        .with_status("lost");
    assert_eq!(conversation, expected);
}

#[test]
fn conversation_reads_times_in_both_forms() {
    let json = r#"{"id": 1, "delayed_until": "2015-12-17T13:01:32+03:00", "external_id": 5417}"#;
    let conversation: Conversation = reads(json, &["external_id"]);
    let expected = Conversation::new(ConversationId::new(1))
        .with_delayed_until(DateTime::new("2015-12-17T13:01:32+03:00").expect("a date"))
        .with_external_id("5417");
    assert_eq!(conversation, expected);
}

#[test]
fn only_the_id_of_a_conversation_is_required() {
    let json =
        r#"{"id": 1, "part_last": {"id": 2, "from": {"id": [], "type": "admin"}}, "message": "x"}"#;
    let conversation: Conversation = serde_json::from_str(json).expect("survives");
    let from = Admin::new().with_kind(AdminType::Admin);
    let part = ConversationPart::new(PartId::new(2)).with_from(from);
    let expected = Conversation::new(ConversationId::new(1)).with_part_last(part);
    assert_eq!(conversation, expected);
    for json in [r#"{"id": null}"#, r#"{"id": {}}"#, r#"{"id": "x"}"#] {
        assert!(rejected::<Conversation>(json).contains("an id"), "{json}");
    }
    assert!(rejected::<Conversation>("{}").contains("missing field `id`"));
    assert!(rejected::<Conversation>("[1]").contains("expected an object"));
}

#[test]
fn part_may_hold_whole_conversation() {
    let json = r#"{"id": 1, "reply_last": {"id": 2, "from": 3, "conversation": {"id": 1, "closed": true}}}"#;
    let conversation: Conversation = reads(json, &[]);
    let part = conversation.reply_last.expect("is there");
    assert_eq!(part.from, Some(Author::User(UserId::new(3))));
    let whole = Conversation::new(ConversationId::new(1)).with_closed(true);
    assert_eq!(part.conversation, Some(ConversationRef::from(whole)));
}

#[test]
fn reads_part_samples() {
    let part: ConversationPart = reads(
        r#"{
            "id": 7936880,
            "created": 1450420434,
            "conversation": 7179725,
            "body": "...",
            "read": true,
            "type": "reply_admin",
            "sent_via": "app_chrome",
            "from": {"id": 14709, "name": "Alex",
                "avatar": "https://files.dashly.app/avatars/1422020258978-15jb56g7.jpg", "type": "admin"}
        }"#,
        &[],
    );
    let alex = Admin::new()
        .with_id(AdminId::new(14709))
        .with_name("Alex")
        .with_avatar("https://files.dashly.app/avatars/1422020258978-15jb56g7.jpg")
        .with_kind(AdminType::Admin);
    assert_eq!(
        part,
        ConversationPart::new(PartId::new(7_936_880))
            .with_created(1_450_420_434)
            .with_conversation(ConversationId::new(7_179_725))
            .with_body("...")
            .with_read(true)
            .with_kind(PartType::ReplyAdmin)
            .with_sent_via(SentVia::AppChrome)
            .with_from(alex)
    );
}

#[test]
fn part_reads_every_field_with_ids_as_strings() {
    let part: ConversationPart = reads(
        r#"{
            "id": "2155668332815057076",
            "created": 1739000000,
            "edited": null,
            "removed": 1739000001,
            "conversation": "2155668332815057077",
            "part_group": "2155668332815057078",
            "body": "<p>Hello</p>",
            "body_json": {"blocks": [{"type": "text"}]},
            "direction": "a2u",
            "type": "note",
            "from": "2155668332815057079",
            "sent_via": "",
            "meta_data": {"source": "api"},
            "reply_type": "no",
            "actions": [{"type": "button", "data": {}}],
            "external_id": "m-1",
            "first": true,
            "inbound_email": "77",
            "attachments": [{"id": "2134", "type": "file"}],
            "random_id": "1650977560",
            "tag": "sales",
            "assignee": {"id": "7", "type": "admin"}
        }"#,
        &[],
    );
    let expected = ConversationPart::new(PartId::new(2_155_668_332_815_057_076))
        .with_created(1_739_000_000)
        .with_removed(Timestamp::from_seconds(1_739_000_001))
        .with_conversation(ConversationId::new(2_155_668_332_815_057_077))
        .with_part_group(PartGroupId::new(2_155_668_332_815_057_078))
        .with_body("<p>Hello</p>")
        .with_body_json(json!({"blocks": [{"type": "text"}]}))
        .with_direction(Direction::AdminToUser)
        .with_kind(PartType::Note)
        .with_from(UserId::new(2_155_668_332_815_057_079))
        .with_sent_via("")
        .with_meta_data(PropertyMap::from([("source".to_owned(), json!("api"))]))
        .with_reply_type(ReplyType::No)
        .with_actions([PartAction::new(json!({"type": "button", "data": {}}))])
        .with_external_id("m-1")
        .with_first(true)
        .with_inbound_email(InboundEmailId::new(77))
        .with_attachments([Attachment::new(AttachmentId::new(2134)).with_kind("file")])
        .with_random_id(RandomId::new(1_650_977_560).expect("fits"))
        .with_tag("sales")
        .with_assignee(
            Admin::new()
                .with_id(AdminId::new(7))
                .with_kind(AdminType::Admin),
        );
    assert_eq!(part, expected);
}

#[test]
fn part_reads_null_lists_and_unknown_values() {
    let part: ConversationPart = reads(
        r#"{"id": 1, "actions": null, "attachments": null, "meta_data": null, "body_json": null,
            "from": null, "type": "hologram", "sent_via": "telepathy", "direction": "u2u"}"#,
        &[],
    );
    let expected = ConversationPart::new(PartId::new(1))
        .with_kind("hologram")
        .with_sent_via("telepathy")
        .with_direction("u2u");
    assert_eq!(part, expected);
}

#[test]
fn part_reads_times_in_both_forms() {
    let part: ConversationPart = reads(
        r#"{"id": 1, "edited": "2020-01-02T03:04:05", "external_id": 18446744073709551615,
            "inbound_email": "", "random_id": ""}"#,
        &["external_id", "inbound_email", "random_id"],
    );
    let edited = crate::DateTime::new("2020-01-02T03:04:05").expect("a date");
    let expected = ConversationPart::new(PartId::new(1))
        .with_edited(edited)
        .with_external_id("18446744073709551615");
    assert_eq!(part, expected);
    let nothing = r#"{"id": 1, "external_id": null, "inbound_email": null, "random_id": null}"#;
    let part: ConversationPart = reads(nothing, &[]);
    assert_eq!(part, ConversationPart::new(PartId::new(1)));
    for (field, value) in [
        ("external_id", "[]"),
        ("inbound_email", r#"" ""#),
        ("inbound_email", "-1"),
        ("inbound_email", "{}"),
        ("random_id", r#""x""#),
        ("random_id", "true"),
    ] {
        let json = format!(r#"{{"id": 1, "{field}": {value}}}"#);
        let part: ConversationPart = serde_json::from_str(&json).expect(&json);
        assert_eq!(part, ConversationPart::new(PartId::new(1)), "{json}");
    }
    if !numbers_keep_every_digit() {
        // Another id would come out than the one that was sent.
        let part: ConversationPart =
            serde_json::from_str(r#"{"id": 1, "external_id": 1e300}"#).expect("survives");
        assert_eq!(part.external_id, None);
    }
}

#[test]
fn broken_and_unknown_authors_are_kept() {
    for kind in ["message_sender", "alien"] {
        let from = json!({"id": "x", "type": kind});
        let part: ConversationPart = reads(&json!({"id": 1, "from": from}).to_string(), &[]);
        assert_eq!(part.from, Some(Author::Other(from)));
    }
}

#[test]
fn reference_reads_id_and_whole_conversation() {
    for json in ["7179725", r#""7179725""#, r#"{"id": 7179725}"#] {
        let conversation: ConversationRef = serde_json::from_str(json).expect(json);
        assert_eq!(conversation.id(), ConversationId::new(7_179_725));
    }
    let whole: ConversationRef = reads(r#"{"id": "7", "closed": true}"#, &[]);
    let expected = Conversation::new(ConversationId::new(7)).with_closed(true);
    assert_eq!(whole, ConversationRef::from(expected));
}

#[test]
fn reference_rejects_other_values() {
    for json in ["-1", r#""x""#, "true", "[]", "{}"] {
        assert!(
            rejected::<ConversationRef>(json).contains("a conversation"),
            "{json}"
        );
    }
}

#[test]
fn part_tells_what_was_said_whatever_its_kind() {
    let reply: ConversationPart = reads(
        r#"{"id": 1, "created": 5, "body": "Hi<br>&amp; bye", "from": 7}"#,
        &[],
    );
    assert_eq!(reply.text().as_deref(), Some("Hi\n& bye"));
    assert_eq!(reply.said_at(), Some(Timestamp::from_seconds(5)));
    assert_eq!(reply.author(), Some(&Author::User(UserId::new(7))));
    let chosen: ConversationPart = reads(
        r#"{"id": 1, "created": 5, "type": "chat_bot_user", "body": "",
            "meta_data": {"answer_body": "Prices", "answer_time": 9}}"#,
        &[],
    );
    assert_eq!(chosen.text().as_deref(), Some("Prices"));
    assert_eq!(chosen.said_at(), Some(Timestamp::from_seconds(9)));
    assert_eq!(ConversationPart::new(PartId::new(1)).text(), None);
}

#[test]
fn unassigned_and_not_told_differ() {
    let unassigned: Conversation = reads(r#"{"id": 1, "assignee": null, "channel": null}"#, &[]);
    assert!(unassigned.assignee.is_null() && unassigned.channel.is_null());
    let written = serde_json::to_string(&unassigned).expect("encodes");
    assert_eq!(written, r#"{"id":1,"assignee":null,"channel":null}"#);
    for odd in ["{}", "[]", r#""""#, r#""x""#, "-1", r#"{"id": {}}"#] {
        let json = format!(r#"{{"id": 1, "assignee": {odd}, "channel": {odd}}}"#);
        let not_told: Conversation = serde_json::from_str(&json).expect(&json);
        assert!(not_told.channel.is_absent(), "{json}");
        // An operator whose id cannot be read is still an operator.
        let is_operator = odd.contains("id");
        assert_eq!(not_told.assignee.is_absent(), !is_operator, "{json}");
    }
    let by_id: Conversation = serde_json::from_str(r#"{"id": 1, "assignee": "7"}"#).expect("reads");
    let operator = Admin::new().with_id(AdminId::new(7));
    assert_eq!(by_id.assignee, Nullable::Value(operator.clone()));
    let set = Conversation::new(ConversationId::new(1)).with_assignee(operator);
    assert_eq!(set, by_id);
    let cleared = set.with_assignee(Nullable::Null);
    assert!(cleared.assignee.is_null() && cleared.channel.is_absent());
}

#[test]
fn vote_and_choice_in_a_bot_are_typed() {
    let vote: ConversationPart = reads(
        r#"{"id": 1, "meta_data": {"vote": "4", "comment": "Quick!", "replied": 1}}"#,
        &[],
    );
    let meta_data = &vote.meta_data;
    assert_eq!(
        (meta_data.vote(), meta_data.replied()),
        (Some(4), Some(true))
    );
    assert_eq!(meta_data.comment(), Some("Quick!"));
    assert_eq!(meta_data.bot_interrupted(), None);
    let bot: ConversationPart = reads(
        r#"{"id": 1, "actions": [
                {"id": "4", "type": "meet"},
                {"id": 5, "type": "button", "body": "Prices", "next_branch_id": 9,
                 "body_json": {"href": "https://example.com"}},
                {"id": 6, "type": "property_field", "key_name": "$email"}, 7],
            "meta_data": {"answer_action_id": "5", "answer_body": "Prices",
                          "bot_interrupted": true, "loading": false}}"#,
        &[],
    );
    assert_eq!(bot.actions.len(), 4);
    assert_eq!(bot.meta_data.bot_interrupted(), Some(true));
    let chosen = bot.chosen_action().expect("an action");
    assert_eq!(chosen.kind(), Some(PartActionType::Button));
    assert_eq!(chosen.body(), bot.said().as_deref());
    assert_eq!(chosen.href(), Some("https://example.com"));
    assert_eq!(chosen.next_branch().as_deref(), Some("9"));
    assert_eq!(bot.actions[2].property(), Some("$email"));
    assert_eq!(bot.meta_data.as_map()["loading"], false);
    let odd: ConversationPart = serde_json::from_str(
        r#"{"id": 1, "meta_data": {"vote": {}, "comment": 1, "answer_time": "x", "answer_action_id": []}}"#,
    )
    .expect("survives");
    let meta_data = &odd.meta_data;
    assert_eq!((meta_data.vote(), meta_data.comment()), (None, None));
    assert_eq!((meta_data.chosen_at(), odd.chosen_action()), (None, None));
    assert_eq!(meta_data.as_map()["comment"], 1);
}

#[test]
fn article_is_read_as_object_and_as_text() {
    let expected = Article::new(ArticleId::new(151))
        .with_category("8")
        .with_name("Delivery")
        .with_short_description("When it comes");
    let content = json!({"article": "151", "category": 8, "name": "Delivery",
        "short_description": "When it comes"});
    for body_json in [content.clone(), Value::String(content.to_string())] {
        let json = json!({"id": 1, "type": "article", "body_json": body_json});
        let part: ConversationPart = reads(&json.to_string(), &[]);
        assert_eq!(part.article(), Some(expected.clone()));
        let note = part.with_kind(PartType::Note);
        assert_eq!(note.article(), None);
    }
    for body_json in [
        json!({}),
        json!("x"),
        json!({"name": "Delivery"}),
        json!([151]),
    ] {
        let json = json!({"id": 1, "type": "article", "body_json": body_json});
        let part: ConversationPart = serde_json::from_value(json).expect("survives");
        assert_eq!(part.article(), None);
    }
}

#[test]
fn lists_are_not_read_by_position() {
    for json in ["[7100586]", "[7100586, 1450342055, true]", "[[]]"] {
        let error = rejected::<Conversation>(json);
        assert!(error.contains("expected an object"), "{error}");
    }
    let json = r#"{"id": 1, "user": [7], "part_last": [2, 3], "last_admin": [4], "assignee": [5]}"#;
    let conversation: Conversation = serde_json::from_str(json).expect("survives");
    assert_eq!(conversation, Conversation::new(ConversationId::new(1)));
}

#[test]
fn numbers_and_comments_of_votes_are_said() {
    for (json, said) in [
        (r#"{"id": 1, "meta_data": {"answer_body": 5}}"#, Some("5")),
        (r#"{"id": 1, "meta_data": {"answer_body": []}}"#, None),
        (
            r#"{"id": 1, "type": "vote", "body": "", "meta_data": {"vote": 5, "comment": "Quick!"}}"#,
            Some("Quick!"),
        ),
        (
            r#"{"id": 1, "type": "note", "meta_data": {"comment": "x"}}"#,
            None,
        ),
    ] {
        let part: ConversationPart = serde_json::from_str(json).unwrap();
        assert_eq!(part.said().as_deref(), said, "{json}");
        assert_eq!(part.text().as_deref(), said, "{json}");
    }
}
