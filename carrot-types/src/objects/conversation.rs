//! A conversation and its parts: one file, since each holds the other.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::MapAccess};
use serde_json::Value;

use crate::{
    Admin, Article, AssistantType, Attachment, Author, Channel, ConversationId, ConversationType,
    DeliveryStatus, Direction, InboundEmailId, MessageId, Moment, Nullable, PartAction,
    PartGroupId, PartId, PartMetaData, PartType, RandomId, RecipientType, ReplyType, SentVia,
    Timestamp, User,
    serde_util::{
        from_json::{self, FromJson, Scalar},
        object,
    },
};

/// A conversation between a user and the site, started by either.
///
/// The service sends what was asked for, and the two API versions differ, so everything but the id
/// may be missing.
/// Source: <https://developers.carrotquest.io/objects/conversation>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// When it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// True when the common list of the admin panel shows it. In v1: when the user has
    /// replied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replied: Option<bool>,
    /// Put off until then. Documented as seconds; other moments of a conversation come as a date too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delayed_until: Option<Moment>,
    /// True when it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<bool>,
    /// The manual, automatic or bot message that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The kind of its first message; `type` in the API.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ConversationType>,
    /// The kind of reply that its first message asks for.
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
    /// The operator it is assigned to; `null` where it is unassigned.
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    pub assignee: Nullable<Admin>,
    /// When its first message was sent (spelt so by the vendor). The sources disagree on the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sended_time: Option<Moment>,
    /// How many parts of the user no operator has read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_unread_count: Option<u64>,
    /// How many parts of operators the user has not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_unread_count: Option<u64>,
    /// How many replies of operators the user has not replied to.
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// True when it needs an urgent reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub important: Option<bool>,
    /// The messenger it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_service: Option<String>,
    /// Its id in that messenger. A number is read as its digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// When the user last wrote. The sources disagree on the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_user_reply_time: Option<Moment>,
    /// How far the manual or automatic message that started it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<DeliveryStatus>,
    /// The assistant that handles it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_type: Option<AssistantType>,
    /// Where the receiver of its first message is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_type: Option<RecipientType>,
    /// The pages on which the chat shows it, as they came. Over the realtime channels; observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending_filters: Option<Value>,
    /// The same under another name, which the vendor's own chat reads too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_sending_filters: Option<Value>,
    /// The user; sent when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// Its channel; sent when asked for, and `null` where it has no channel.
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    pub channel: Nullable<Box<Channel>>,
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

model!(Conversation::new(id: ConversationId => with_id) {
    with_created(created: Timestamp),
    with_replied(replied: bool),
    with_delayed_until(delayed_until: Moment),
    with_closed(closed: bool),
    with_message(message: MessageId),
    with_kind(kind: ConversationType) = "type",
    with_reply_type(reply_type: ReplyType),
    with_removed(removed: Moment),
    with_reply_last_type(reply_last_type: PartType),
    with_parts_count(parts_count: u64),
    with_assignee(assignee: Nullable<Admin>),
    with_sended_time(sended_time: Moment),
    with_admin_unread_count(admin_unread_count: u64),
    with_user_unread_count(user_unread_count: u64),
    with_not_answered_admin_replies(not_answered_admin_replies: u64),
    with_unread_parts_count(unread_parts_count: u64),
    with_replies_count(replies_count: u64),
    with_last_admin(last_admin: Admin),
    with_last_update(last_update: Timestamp),
    with_tags(tags: Vec<String>),
    with_important(important: bool),
    with_external_service(external_service: String),
    with_external_id(external_id: String),
    with_last_user_reply_time(last_user_reply_time: Moment),
    with_status(status: DeliveryStatus),
    with_assistant_type(assistant_type: AssistantType),
    with_recipient_type(recipient_type: RecipientType),
    with_sending_filters(sending_filters: Value),
    with_conversation_sending_filters(conversation_sending_filters: Value),
    with_user(user: Box<User>),
    with_channel(channel: Nullable<Box<Channel>>),
    with_part_last(part_last: Box<ConversationPart>),
    with_important_part_last(important_part_last: Box<ConversationPart>),
    with_reply_last(reply_last: Box<ConversationPart>),
    with_read(read: bool),
    with_clicked(clicked: bool),
    with_unsubscribed(unsubscribed: bool),
});

/// A part of a conversation: a message, a note, or a record of something that happened.
///
/// Source: <https://developers.dashly.io/objects/conversationpart>
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// and is not documented; [`article`](Self::article) reads that of an article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_json: Option<Value>,
    /// Which side wrote. Deprecated by the vendor: `kind` says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// What it is; `type` in the API.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PartType>,
    /// The author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Author>,
    /// The way in which it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_via: Option<SentVia>,
    /// What became of it: a vote, a choice in a bot.
    #[serde(skip_serializing_if = "PartMetaData::is_empty")]
    pub meta_data: PartMetaData,
    /// The kind of reply that it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_type: Option<ReplyType>,
    /// What the user can do with it, such as buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<PartAction>,
    /// Its id in an external service. A number is read as its digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// True when the user has read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// True for the first part of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<bool>,
    /// The e-mail that it came from; an empty text is read as none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound_email: Option<InboundEmailId>,
    /// The files in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The number that the sender chose; an empty text is read as none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_id: Option<RandomId>,
    /// The tag, of a part that says that a tag was added or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The operator who was assigned, of a part that says so, and `null` where the conversation is
    /// unassigned. Over the realtime channels and webhooks: the operator of the conversation.
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    pub assignee: Nullable<Admin>,
}

model!(ConversationPart::new(id: PartId => with_id) {
    with_created(created: Timestamp),
    with_edited(edited: Moment),
    with_removed(removed: Moment),
    with_conversation(conversation: ConversationRef),
    with_part_group(part_group: PartGroupId),
    with_body(body: String),
    with_body_json(body_json: Value),
    with_direction(direction: Direction),
    with_kind(kind: PartType) = "type",
    with_from(from: Author),
    with_sent_via(sent_via: SentVia),
    with_meta_data(meta_data: PartMetaData),
    with_reply_type(reply_type: ReplyType),
    with_actions(actions: Vec<PartAction>),
    with_external_id(external_id: String),
    with_read(read: bool),
    with_first(first: bool),
    with_inbound_email(inbound_email: InboundEmailId),
    with_attachments(attachments: Vec<Attachment>),
    with_random_id(random_id: RandomId),
    with_tag(tag: String),
    with_assignee(assignee: Nullable<Admin>),
});

impl ConversationPart {
    /// Returns the author; `from` in the API.
    #[must_use]
    pub fn author(&self) -> Option<&Author> {
        self.from.as_ref()
    }

    /// Returns what was said, as HTML. What a user chose or typed in a bot stands in `meta_data`, and the
    /// body of such a part is empty; of a vote without a body, it is the comment.
    #[must_use]
    pub fn said(&self) -> Option<Cow<'_, str>> {
        let body = self.body.as_deref().filter(|body| !body.is_empty());
        let is_vote = self.kind == Some(PartType::Vote);
        let comment = || self.meta_data.comment().filter(|_| is_vote);
        body.map(Cow::Borrowed)
            .or_else(|| self.meta_data.chosen_text())
            .or_else(|| comment().map(Cow::Borrowed))
    }

    /// Returns what was said, as plain text; see [`plain_text`](crate::plain_text).
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.said().map(|html| crate::plain_text(&html))
    }

    /// Returns when it was said: of a choice in a bot when the user chose, otherwise when the part was created.
    #[must_use]
    pub fn said_at(&self) -> Option<Timestamp> {
        self.meta_data.chosen_at().or(self.created)
    }

    /// Returns the action that the user chose, one of `actions`.
    #[must_use]
    pub fn chosen_action(&self) -> Option<&PartAction> {
        let id = self.meta_data.chosen_action_id()?;
        let is_it = |action: &&PartAction| action.id().as_ref() == Some(&id);
        self.actions.iter().find(is_it)
    }

    /// Returns the article of the knowledge base in `body_json`, of a part of the type
    /// [`Article`](PartType::Article).
    #[must_use]
    pub fn article(&self) -> Option<Article> {
        let is_article = self.kind == Some(PartType::Article);
        Article::in_body_json(self.body_json.as_ref().filter(|_| is_article)?)
    }
}

/// The conversation that a part belongs to: its id, or all of it where the request asked for that.
///
/// Source: <https://developers.dashly.io/objects/conversationpart>
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConversationRef {
    /// The id.
    Id(ConversationId),
    /// The whole conversation.
    Whole(Box<Conversation>),
}

impl ConversationRef {
    /// Returns the id, whichever form came.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        match self {
            Self::Id(id) => *id,
            Self::Whole(conversation) => conversation.id,
        }
    }
}

impl From<ConversationId> for ConversationRef {
    fn from(id: ConversationId) -> Self {
        Self::Id(id)
    }
}

impl From<Conversation> for ConversationRef {
    fn from(conversation: Conversation) -> Self {
        Self::Whole(Box::new(conversation))
    }
}

impl Serialize for ConversationRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => id.serialize(serializer),
            Self::Whole(conversation) => conversation.serialize(serializer),
        }
    }
}

impl FromJson for ConversationRef {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        ConversationId::from_scalar(scalar).map(Self::Id)
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        let mut number = None;
        let read: Option<Conversation> = object::nested(map, &mut number)?;
        Ok((read.map(Self::from)).or_else(|| Self::from_number(&number?)))
    }

    fn from_required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for ConversationRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_json::required(
            deserializer,
            "a conversation as an object, or an id from 0 to 2^64-1",
        )
    }
}

#[cfg(test)]
mod tests;
