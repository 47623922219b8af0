use serde::{Deserialize, Serialize};

use crate::{
    Admin, AssistantType, Channel, ConversationId, ConversationPart, ConversationType,
    DeliveryStatus, MessageId, Moment, PartType, RecipientType, ReplyType, Timestamp, User,
    lenient,
};

/// A conversation between a user and the site, begun by either.
///
/// The service sends what was asked for, and the two API versions differ, so everything but the id
/// may be missing.
/// Source: <https://developers.carrotquest.io/objects/conversation>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// True when the common list of the admin panel shows it. In v1: when the user has
    /// answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replied: Option<bool>,
    /// Put off until then. Documented as seconds; other moments of a conversation come as a date too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delayed_until: Option<Moment>,
    /// True when it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<bool>,
    /// The manual, automatic or bot message that began it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The kind of its first message; `type` in the API.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ConversationType>,
    /// The kind of answer that its first message asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_type: Option<ReplyType>,
    /// When it was deleted. Documented as seconds; other objects have a date in a field of this
    /// name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Moment>,
    /// What the last reply is: of the user or of an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_last_type: Option<PartType>,
    /// How many parts it has. For the user the number may be smaller, since notes are hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts_count: Option<u64>,
    /// The operator it is assigned to; `None` when nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Admin>,
    /// When its first message was sent (spelt so by the vendor). The sources disagree on the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sended_time: Option<Moment>,
    /// How many parts of the user no operator has read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_unread_count: Option<u64>,
    /// How many parts of operators the user has not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_unread_count: Option<u64>,
    /// How many replies of operators have no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_answered_admin_replies: Option<u64>,
    /// The older name of `user_unread_count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread_parts_count: Option<u64>,
    /// How many replies the user and operators wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replies_count: Option<u64>,
    /// The last operator who took part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_admin: Option<Admin>,
    /// When it last changed; lists are sorted by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_update: Option<Timestamp>,
    /// Its tags.
    #[serde(
        default,
        deserialize_with = "lenient::null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tags: Vec<String>,
    /// True when it wants an urgent answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub important: Option<bool>,
    /// The messenger it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_service: Option<String>,
    /// Its id in that messenger. A number is read as its digits.
    #[serde(
        default,
        deserialize_with = "lenient::text_or_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub external_id: Option<String>,
    /// When the user last wrote. The sources disagree on the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_user_reply_time: Option<Moment>,
    /// How far the manual or automatic message that began it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<DeliveryStatus>,
    /// The assistant that handles it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_type: Option<AssistantType>,
    /// Where the receiver of its first message is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_type: Option<RecipientType>,
    /// The user; sent when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// Its channel; sent when asked for, and `None` when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Box<Channel>>,
    /// Its last part, system parts included; sent when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_last: Option<Box<ConversationPart>>,
    /// Its last important part; sent when asked for. What counts as important is not documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub important_part_last: Option<Box<ConversationPart>>,
    /// The last reply of the user or an operator; sent when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_last: Option<Box<ConversationPart>>,
    /// v1: the user has read the first message; always true when the user wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// v1: the user has followed a link in the first message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicked: Option<bool>,
    /// v1: the user has unsubscribed from this e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribed: Option<bool>,
}

setters!(Conversation::new(id: ConversationId) {
    created: Timestamp,
    replied: bool,
    delayed_until: Moment,
    closed: bool,
    message: MessageId,
    kind: ConversationType,
    reply_type: ReplyType,
    removed: Moment,
    reply_last_type: PartType,
    parts_count: u64,
    assignee: Admin,
    sended_time: Moment,
    admin_unread_count: u64,
    user_unread_count: u64,
    not_answered_admin_replies: u64,
    unread_parts_count: u64,
    replies_count: u64,
    last_admin: Admin,
    last_update: Timestamp,
    tags: Vec<String>,
    important: bool,
    external_service: String,
    external_id: String,
    last_user_reply_time: Moment,
    status: DeliveryStatus,
    assistant_type: AssistantType,
    recipient_type: RecipientType,
    user: Box<User>,
    channel: Box<Channel>,
    part_last: Box<ConversationPart>,
    important_part_last: Box<ConversationPart>,
    reply_last: Box<ConversationPart>,
    read: bool,
    clicked: bool,
    unsubscribed: bool,
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AdminType, Author, ConversationRef, DateTime, PartId, SentVia, UserId,
        objects::check::{reads, refused},
    };

    #[test]
    fn reads_the_sample() {
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
            .created(1_450_345_019)
            .conversation(ConversationId::new(7_100_586))
            .body("...")
            .kind(PartType::ReplyUser)
            .sent_via(SentVia::WebUser)
            .from(UserId::new(16_588_048));
        let admin = Admin::new()
            .id(24601)
            .name("Maks")
            .avatar("https://files.dashly.app/avatars/1446021235578-n653y667.jpg")
            .kind(AdminType::Admin);
        let mut expected = Conversation::new(ConversationId::new(7_100_586))
            .created(1_450_342_055)
            .read(true)
            .replied(true)
            .clicked(false)
            .unsubscribed(false)
            .closed(false)
            .kind(ConversationType::PopupChat)
            .reply_type(ReplyType::Text)
            .part_last(part)
            .parts_count(13_u64)
            .unread_parts_count(2_u64)
            .last_admin(admin)
            .last_update(1_450_345_019);
        expected.user.clone_from(&conversation.user);
        assert_eq!(conversation, expected);
    }

    #[test]
    fn reads_the_newer_fields() {
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
            .removed(Timestamp::from_seconds(1_450_342_055))
            .sended_time(DateTime::new("2015-12-17T13:01:32").expect("a date"))
            .last_user_reply_time(Timestamp::new(1_450_342_055, 250_000_000).expect("a moment"))
            .delayed_until(Timestamp::from_seconds(1_450_342_056))
            .message(12931)
            .status(DeliveryStatus::Delivered)
            .assistant_type(AssistantType::LeadBot)
            .recipient_type(RecipientType::Web)
            .reply_last_type(PartType::ReplyAdmin)
            .tags(["sales".to_owned(), "urgent".to_owned()])
            .channel(Channel::new(5.into()).name("Test channel"));
        assert_eq!(conversation, expected);
    }

    #[test]
    fn reads_null_lists_and_unknown_values() {
        let json = r#"{"id": 1, "tags": null, "type": "smoke_signal", "reply_type": "nod", "status": "lost"}"#;
        let conversation: Conversation = reads(json, &[]);
        let expected = Conversation::new(ConversationId::new(1))
            .kind("smoke_signal")
            .reply_type("nod")
            .status("lost");
        assert_eq!(conversation, expected);
    }

    #[test]
    fn doubtful_values_are_read_by_their_meaning() {
        let json =
            r#"{"id": 1, "delayed_until": "2015-12-17T13:01:32+03:00", "external_id": 5417}"#;
        let conversation: Conversation = reads(json, &["external_id"]);
        let expected = Conversation::new(ConversationId::new(1))
            .delayed_until(DateTime::new("2015-12-17T13:01:32+03:00").expect("a date"))
            .external_id("5417");
        assert_eq!(conversation, expected);
    }

    #[test]
    fn a_broken_part_is_an_error() {
        let json = r#"{"id": 1, "part_last": {"id": 2, "from": {"id": [], "type": "admin"}}}"#;
        assert!(refused::<Conversation>(json).contains("field `id`"));
        assert!(refused::<Conversation>(r#"{"id": 1, "message": "x"}"#).contains("an id"));
        assert!(refused::<Conversation>(r#"{"id": null}"#).contains("an id"));
    }

    #[test]
    fn a_part_may_hold_its_whole_conversation() {
        let json = r#"{"id": 1, "reply_last": {"id": 2, "from": 3, "conversation": {"id": 1, "closed": true}}}"#;
        let conversation: Conversation = reads(json, &[]);
        let part = conversation.reply_last.expect("is there");
        assert_eq!(part.from, Some(Author::User(UserId::new(3))));
        let whole = Conversation::new(ConversationId::new(1)).closed(true);
        assert_eq!(part.conversation, Some(ConversationRef::from(whole)));
    }
}
