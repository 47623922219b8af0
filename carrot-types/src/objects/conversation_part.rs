use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::property_map;
use crate::{
    Admin, Attachment, Author, ConversationRef, Direction, InboundEmailId, Moment, PartGroupId,
    PartId, PartType, PropertyMap, RandomId, ReplyType, SentVia, Timestamp, lenient,
};

/// A part of a conversation: a message, a note, or a record of something that happened.
///
/// Source: <https://developers.dashly.io/objects/conversationpart>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConversationPart {
    /// Its id.
    pub id: PartId,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When it was last edited. Documented as seconds; other moments of a part come as a date too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited: Option<Moment>,
    /// When it was deleted, such as with the data of its user. Documented as seconds; other objects
    /// have a date in a field of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Moment>,
    /// The conversation it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationRef>,
    /// The question it belongs to: the parts between two closings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_group: Option<PartGroupId>,
    /// The text, empty for parts without content. Messages of the site may hold HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The content of complex parts, such as pop-ups of the builder. Its shape depends on the type
    /// and is not documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_json: Option<Value>,
    /// Which side wrote. Deprecated by the vendor: `kind` says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// What it is; `type` in the API.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PartType>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Author>,
    /// The way in which it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_via: Option<SentVia>,
    /// More data.
    #[serde(
        default,
        deserialize_with = "property_map::read",
        skip_serializing_if = "PropertyMap::is_empty"
    )]
    pub meta_data: PropertyMap,
    /// The kind of answer that it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_type: Option<ReplyType>,
    /// What the user can do with it, such as buttons. The shape is not documented.
    #[serde(
        default,
        deserialize_with = "lenient::null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub actions: Vec<Value>,
    /// Its id in an external service. A number is read as its digits.
    #[serde(
        default,
        deserialize_with = "lenient::text_or_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub external_id: Option<String>,
    /// True when the user has read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// True for the first part of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<bool>,
    /// The e-mail that it came from; an empty text is read as none.
    #[serde(
        default,
        deserialize_with = "lenient::empty_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub inbound_email: Option<InboundEmailId>,
    /// The files in it.
    #[serde(
        default,
        deserialize_with = "lenient::null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub attachments: Vec<Attachment>,
    /// The number that the sender chose; an empty text is read as none.
    #[serde(
        default,
        deserialize_with = "lenient::empty_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub random_id: Option<RandomId>,
    /// The tag, of a part that says that a tag was added or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The operator who was assigned, of a part that says so, and `None` when nobody is assigned
    /// any more. Over the realtime channels and webhooks: the operator of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Admin>,
}

setters!(ConversationPart::new(id: PartId) {
    created: Timestamp,
    edited: Moment,
    removed: Moment,
    conversation: ConversationRef,
    part_group: PartGroupId,
    body: String,
    body_json: Value,
    direction: Direction,
    kind: PartType,
    from: Author,
    sent_via: SentVia,
    meta_data: PropertyMap,
    reply_type: ReplyType,
    actions: Vec<Value>,
    external_id: String,
    read: bool,
    first: bool,
    inbound_email: InboundEmailId,
    attachments: Vec<Attachment>,
    random_id: RandomId,
    tag: String,
    assignee: Admin,
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        AdminType, AttachmentId, ConversationId, UserId,
        objects::check::{numbers_keep_every_digit, reads, refused},
    };

    #[test]
    fn reads_the_samples() {
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
            .id(14709)
            .name("Alex")
            .avatar("https://files.dashly.app/avatars/1422020258978-15jb56g7.jpg")
            .kind(AdminType::Admin);
        assert_eq!(
            part,
            ConversationPart::new(PartId::new(7_936_880))
                .created(1_450_420_434)
                .conversation(ConversationId::new(7_179_725))
                .body("...")
                .read(true)
                .kind(PartType::ReplyAdmin)
                .sent_via(SentVia::AppChrome)
                .from(alex)
        );
    }

    #[test]
    fn reads_every_field_with_ids_as_strings() {
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
            .created(1_739_000_000)
            .removed(Timestamp::from_seconds(1_739_000_001))
            .conversation(ConversationId::new(2_155_668_332_815_057_077))
            .part_group(2_155_668_332_815_057_078)
            .body("<p>Hello</p>")
            .body_json(json!({"blocks": [{"type": "text"}]}))
            .direction(Direction::AdminToUser)
            .kind(PartType::Note)
            .from(UserId::new(2_155_668_332_815_057_079))
            .sent_via("")
            .meta_data([("source".to_owned(), json!("api"))])
            .reply_type(ReplyType::No)
            .actions([json!({"type": "button", "data": {}})])
            .external_id("m-1")
            .first(true)
            .inbound_email(77)
            .attachments([Attachment::new(AttachmentId::new(2134)).kind("file")])
            .random_id(RandomId::new(1_650_977_560).expect("fits"))
            .tag("sales")
            .assignee(Admin::new().id(7).kind(AdminType::Admin));
        assert_eq!(part, expected);
    }

    #[test]
    fn reads_null_lists_and_unknown_values() {
        let part: ConversationPart = reads(
            r#"{"id": 1, "actions": null, "attachments": null, "meta_data": null, "body_json": null,
                "from": null, "type": "hologram", "sent_via": "telepathy", "direction": "u2u"}"#,
            &[],
        );
        let expected = ConversationPart::new(PartId::new(1))
            .kind("hologram")
            .sent_via("telepathy")
            .direction("u2u");
        assert_eq!(part, expected);
    }

    #[test]
    fn doubtful_values_are_read_by_their_meaning() {
        let part: ConversationPart = reads(
            r#"{"id": 1, "edited": "2020-01-02T03:04:05", "external_id": 18446744073709551615,
                "inbound_email": "", "random_id": ""}"#,
            &["external_id", "inbound_email", "random_id"],
        );
        let edited = crate::DateTime::new("2020-01-02T03:04:05").expect("a date");
        let expected = ConversationPart::new(PartId::new(1))
            .edited(edited)
            .external_id("18446744073709551615");
        assert_eq!(part, expected);
        let nothing = r#"{"id": 1, "external_id": null, "inbound_email": null, "random_id": null}"#;
        let part: ConversationPart = reads(nothing, &[]);
        assert_eq!(part, ConversationPart::new(PartId::new(1)));
        for (field, value, rule) in [
            ("external_id", "[]", "a string, or a number"),
            ("inbound_email", r#"" ""#, "a string of digits"),
            ("inbound_email", "-1", "an id from 0"),
            ("inbound_email", "{}", "an integer"),
            ("random_id", r#""x""#, "the text of one"),
            ("random_id", "true", "an integer"),
        ] {
            let error = refused::<ConversationPart>(&format!(r#"{{"id": 1, "{field}": {value}}}"#));
            assert!(error.contains(rule), "{field}: {error}");
        }
        if !numbers_keep_every_digit() {
            let error = refused::<ConversationPart>(r#"{"id": 1, "external_id": 1e300}"#);
            assert!(error.contains("a string, or a number"), "{error}");
        }
    }

    #[test]
    fn a_broken_author_is_an_error_and_an_unknown_one_is_kept() {
        let json = r#"{"id": 1, "from": {"id": "x", "type": "message_sender"}}"#;
        assert!(refused::<ConversationPart>(json).contains("field `id`"));
        let part: ConversationPart =
            reads(r#"{"id": 1, "from": {"id": "x", "type": "alien"}}"#, &[]);
        let alien = json!({"id": "x", "type": "alien"});
        assert_eq!(part.from, Some(Author::Other(alien)));
    }
}
