//! The objects of the API and the responses of its operations, a file for each.

mod action_receipt;
mod admin;
mod article;
mod attachment;
mod author;
mod channel;
mod conversation;
mod conversation_part_values;
mod conversation_values;
mod email_status;
mod event;
mod event_summary;
mod event_type;
mod import_report;
mod message_sender;
mod note;
mod part_action;
mod part_meta_data;
mod presence;
mod property_report;
mod random_id;
mod reply_receipt;
mod segment;
mod sent_message;
mod started_conversation;
mod user;
mod user_tag;

pub use self::{
    action_receipt::ActionReceipt,
    admin::{Admin, AdminType},
    article::Article,
    attachment::{Attachment, AttachmentType},
    author::Author,
    channel::{Channel, ChannelType},
    conversation::{Conversation, ConversationPart, ConversationRef},
    conversation_part_values::{Direction, PartType, SentVia},
    conversation_values::{
        AssistantType, ConversationType, DeliveryStatus, RecipientType, ReplyType,
    },
    email_status::{EmailStatus, EmailSubscriptionStatus},
    event::Event,
    event_summary::EventSummary,
    event_type::EventType,
    import_report::ImportReport,
    message_sender::MessageSender,
    note::Note,
    part_action::{PartAction, PartActionType},
    part_meta_data::PartMetaData,
    presence::{Presence, PresenceDetails},
    property_report::PropertyReport,
    random_id::RandomId,
    reply_receipt::ReplyReceipt,
    segment::Segment,
    sent_message::SentMessage,
    started_conversation::StartedConversation,
    user::User,
    user_tag::UserTag,
};
