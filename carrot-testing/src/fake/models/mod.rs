//! The models of the story that the documentation of `fake` tells.

mod realtime;
mod shop;
mod webhook;

use carrot_core::{
    endpoint::Page,
    types::{
        ActionReceipt, Admin, AdminId, AdminType, AppId, Attachment, AttachmentId, Author, Channel,
        ChannelId, ChannelType, Conversation, ConversationId, ConversationPart, ConversationRef,
        Direction, EmailStatus, EmailStatusId, EmailSubscriptionStatus, Empty, Event, EventId,
        EventSummary, EventType, EventTypeId, ImportReport, MessageId, MessageSender, Note, NoteId,
        PartGroupId, PartId, PartType, Presence, PresenceDetails, PropertyMap, PropertyReport,
        ReplyReceipt, Segment, SegmentId, SenderId, SentMessage, SentVia, StartedConversation,
        Timestamp, User, UserId, UserTag, UserTagId,
    },
};
use serde_json::json;

pub use self::{realtime::*, shop::*, webhook::*};

const APP: AppId = AppId::new(100);
const USER: UserId = UserId::new(7);
const CONVERSATION: ConversationId = ConversationId::new(716);
/// 2023-05-24 10:25:42 UTC, in seconds.
const NOW: i64 = 1_684_923_942;

fn seconds_ago(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW - seconds)
}

/// The user 7, `order-42` by an external id, online, with a name, an e-mail address and a phone number.
#[must_use]
pub fn user() -> User {
    User::new(USER)
        .with_user_id("order-42")
        .with_app(APP)
        .with_presence(Presence::Online)
        .with_presence_details(presence_details())
        .with_name("Ada")
        .with_email("ada@example.com")
        .with_phone("+15550100")
}

/// The user is online and looks at the prices.
#[must_use]
pub fn presence_details() -> PresenceDetails {
    let details = [
        ("presence", "online"),
        ("page", "Prices"),
        ("url", "https://shop.example.com/prices"),
    ];
    details
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .into_iter()
        .collect::<PropertyMap>()
        .into()
}

/// The sender 31 of automatic messages.
#[must_use]
pub fn message_sender() -> MessageSender {
    MessageSender::new(SenderId::new(31))
        .with_name("Shop")
        .with_email_name("hello")
        .with_is_default(true)
}

/// The operator 12.
#[must_use]
pub fn admin() -> Admin {
    Admin::new()
        .with_id(AdminId::new(12))
        .with_name("Grace")
        .with_kind(AdminType::Admin)
}

/// A channel for e-mail.
#[must_use]
pub fn channel() -> Channel {
    Channel::new(ChannelId::new(31))
        .with_name("Support")
        .with_kind(ChannelType::Email)
}

/// The channels of an app: one.
#[must_use]
pub fn channels() -> Vec<Channel> {
    vec![channel()]
}

/// The conversation 716: open, unassigned, with the question of the user as its last part.
#[must_use]
pub fn conversation() -> Conversation {
    Conversation::new(CONVERSATION)
        .with_created(seconds_ago(60))
        .with_last_update(seconds_ago(60))
        .with_closed(false)
        .with_replied(true)
        .with_parts_count(1_u64)
        .with_reply_last_type(PartType::ReplyUser)
        .with_user(user())
        .with_part_last(part())
}

/// The question of the user.
#[must_use]
pub fn part() -> ConversationPart {
    ConversationPart::new(PartId::new(9001))
        .with_created(seconds_ago(60))
        .with_conversation(ConversationRef::Id(CONVERSATION))
        .with_body("Where is my order?")
        .with_direction(Direction::UserToAdmin)
        .with_kind(PartType::ReplyUser)
        .with_from(Author::User(USER))
        .with_sent_via(SentVia::WebUser)
        .with_first(true)
}

/// The reply of the operator.
#[must_use]
pub fn reply_part() -> ConversationPart {
    ConversationPart::new(PartId::new(9002))
        .with_created(seconds_ago(0))
        .with_conversation(ConversationRef::Id(CONVERSATION))
        .with_body("On its way")
        .with_direction(Direction::AdminToUser)
        .with_kind(PartType::ReplyAdmin)
        .with_from(Author::Admin(admin()))
        .with_sent_via(SentVia::Api)
}

/// A receipt for the reply of the operator.
#[must_use]
pub fn reply_receipt() -> ReplyReceipt {
    ReplyReceipt::new(reply_part())
}

/// A receipt for a change of the conversation, which left a part of the system.
#[must_use]
pub fn action_receipt() -> ActionReceipt {
    ActionReceipt::new()
        .with_part(PartId::new(9003))
        .with_part_group(PartGroupId::new(501))
}

/// A picture.
#[must_use]
pub fn attachment() -> Attachment {
    Attachment::new(AttachmentId::new(61))
        .with_filename("receipt.png")
        .with_mime_type("image/png")
        .with_size(1024_u64)
        .with_url("https://files.example.com/receipt.png")
}

/// The state of the e-mail subscription: confirmed.
#[must_use]
pub fn email_status() -> EmailStatus {
    EmailStatus::new(EmailStatusId::new(71))
        .with_app(APP)
        .with_status(EmailSubscriptionStatus::Confirmed)
}

/// An event of the user, `Order paid`.
#[must_use]
pub fn event() -> Event {
    Event::new(EventId::new(81))
        .with_created(seconds_ago(3600))
        .with_event_type(event_type())
        .with_user(USER)
        .with_prop("sum", 4990)
}

/// The type of that event.
#[must_use]
pub fn event_type() -> EventType {
    EventType::new(EventTypeId::new(91))
        .with_name("Order paid")
        .with_visible(true)
        .with_active(true)
}

/// First, last and count of that event.
#[must_use]
pub fn event_summary() -> EventSummary {
    EventSummary::new()
        .with_event_type(event_type())
        .with_first(seconds_ago(7200))
        .with_last(seconds_ago(3600))
        .with_count(2_u64)
}

/// A note of the operator on the user.
#[must_use]
pub fn note() -> Note {
    Note::new(NoteId::new(101))
        .with_author(admin())
        .with_body("Prefers the phone")
        .with_created(seconds_ago(600))
        .with_app(APP)
        .with_user(USER)
}

/// A segment of users.
#[must_use]
pub fn segment() -> Segment {
    Segment::new(SegmentId::new(111))
        .with_name("Buyers")
        .with_app(APP)
}

/// A tag of users.
#[must_use]
pub fn user_tag() -> UserTag {
    UserTag::new(UserTagId::new(121))
        .with_app(APP)
        .with_name("vip")
}

/// A report that the name of the user was changed.
#[must_use]
pub fn property_report() -> PropertyReport {
    PropertyReport::new().with_affected(vec!["$name".to_owned()])
}

/// A report of an import of one row.
#[must_use]
pub fn import_report() -> ImportReport {
    ImportReport::new().with_updates_planned(1_u64)
}

/// The receipt for a message, which started conversation 716.
#[must_use]
pub fn sent_message() -> SentMessage {
    SentMessage::new(CONVERSATION, MessageId::new(2804))
}

/// The receipt for the start of conversation 716.
#[must_use]
pub fn started_conversation() -> StartedConversation {
    StartedConversation::new(CONVERSATION)
}

/// A page of leads: the user, and no more.
#[must_use]
pub fn leads_page() -> Page<User> {
    Page::new(vec![user()]).total(1)
}

/// A last page with the user.
#[must_use]
pub fn users_page() -> Page<User> {
    Page::new(vec![user()])
}

/// A last page with the conversation.
#[must_use]
pub fn conversations_page() -> Page<Conversation> {
    Page::new(vec![conversation()])
}

/// A last page with the reply of the operator and the question of the user.
#[must_use]
pub fn parts_page() -> Page<ConversationPart> {
    Page::new(vec![reply_part(), part()])
}

/// A last page with the event.
#[must_use]
pub fn events_page() -> Page<Event> {
    Page::new(vec![event()])
}

/// The output of operations without data.
#[must_use]
pub fn nothing() -> Empty {
    Empty::new()
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    /// Made from others, with a method of theirs; or read only.
    const OTHERWISE: [&str; 10] = [
        "Article",
        "CartAdded",
        "CartViewed",
        "CloseNumber",
        "PartAction",
        "PartMetaData",
        "ProductViewed",
        "RandomId",
        "RealtimeError",
        "Step",
    ];

    fn sources(folder: &str) -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let paths = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path());
        paths.filter(|path| path.is_file()).collect()
    }

    fn texts(folders: &[&str]) -> Vec<String> {
        let paths = folders.iter().flat_map(|folder| sources(folder));
        paths
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }

    const MODELS: [&str; 4] = [
        "../carrot-types/src/objects",
        "../carrot-types/src/webhook",
        "../carrot-types/src/realtime",
        "../carrot-types/src/events/ecommerce",
    ];

    /// The name of the struct that starts in this line.
    fn model(line: &str) -> Option<&str> {
        let rest = line.strip_prefix("pub struct ")?;
        rest.split(|c: char| !c.is_alphanumeric()).next()
    }

    #[test]
    fn every_model_has_a_function() {
        let functions = texts(&["src/fake/models"]).concat();
        let mut missing: Vec<String> = texts(&MODELS)
            .iter()
            .flat_map(|text| text.lines().filter_map(model))
            .filter(|name| !functions.contains(&format!(") -> {name} {{")))
            .map(str::to_owned)
            .collect();
        missing.sort();
        assert_eq!(missing, OTHERWISE);
    }

    #[test]
    fn every_field_of_a_model_has_a_setter() {
        let mut fields = 0;
        for text in texts(&MODELS[..3]) {
            let setters: String = text
                .replace("model!(", "setters!(")
                .split("setters!(")
                .skip(1)
                .collect();
            let mut model_now = "";
            for line in text.lines() {
                model_now = model(line).unwrap_or(model_now);
                let field = line
                    .strip_prefix("    pub ")
                    .and_then(|rest| rest.split_once(": "));
                let Some((field, _)) = field.filter(|(field, _)| !field.contains(['(', ' ']))
                else {
                    continue;
                };
                // They must fit each other, which `new` checks.
                if model_now == "RealtimeMessage" && ["channel", "payload"].contains(&field) {
                    continue;
                }
                fields += 1;
                assert!(
                    setters.contains(&format!("with_{field}({field}: "))
                        || setters.contains(&format!("=> with_{field}"))
                        || text.contains(&format!("pub fn with_{field}(self, ")),
                    "{model_now}.{field}"
                );
            }
        }
        assert!(fields > 100, "{fields}");
    }
}
