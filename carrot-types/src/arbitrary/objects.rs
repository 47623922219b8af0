//! The objects of the API.

use proptest::{collection::btree_map, collection::vec, option, prelude::*};
use serde_json::Value;

use super::values::{
    date_time, id, json, moment, nullable, open_enum, property_map, random_id, text, timestamp,
};
use crate::{
    Admin, AdminType, AssistantType, Attachment, AttachmentType, Author, Channel, ChannelType,
    Conversation, ConversationPart, ConversationRef, ConversationType, DeliveryStatus, Direction,
    EmailStatus, EmailSubscriptionStatus, Event, EventSummary, EventType, MessageSender, Note,
    PartAction, PartMetaData, PartType, Presence, PresenceDetails, RecipientType, ReplyType,
    Segment, SentVia, User, UserTag,
};

/// Any operator with at least one field.
pub fn admin() -> BoxedStrategy<Admin> {
    let any = with_fields!(Just(Admin::new()), {
        id: option::of(id()),
        name: option::of(text()),
        avatar: option::of(text()),
        kind: option::of(open_enum(AdminType::KNOWN)),
        name_internal: option::of(text()),
    });
    // An empty object reads as no operator.
    any.prop_filter("an empty operator", |admin| *admin != Admin::new())
        .boxed()
}

/// Any sender of automatic messages.
pub fn message_sender() -> BoxedStrategy<MessageSender> {
    with_fields!(id().prop_map(MessageSender::new), {
        name: option::of(text()),
        email_name: option::of(text()),
        is_default: any::<Option<bool>>(),
        is_removed: any::<Option<bool>>(),
        is_bot: any::<Option<bool>>(),
        avatar: option::of(text()),
    })
}

/// Any author: a user, an operator of a known type, a sender, or an object of an unknown type.
pub fn author() -> BoxedStrategy<Author> {
    prop_oneof![
        id().prop_map(Author::User),
        admin().prop_map(|mut admin| {
            // An author of a type that is not known is not an operator.
            admin.kind = admin
                .kind
                .filter(|kind| !matches!(kind, AdminType::Other(_)));
            if admin == Admin::new() {
                admin.kind = Some(AdminType::DefaultAdmin);
            }
            Author::Admin(admin)
        }),
        message_sender().prop_map(Author::Sender),
        unknown_author().prop_map(Author::Other),
    ]
    .boxed()
}

fn unknown_author() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        text(),
        proptest::sample::select(&["id", "name", "is_default", "avatar", "is_bot"][..])
            .prop_map(str::to_owned),
    ];
    let value = prop_oneof![4 => json(), 1 => Just(Value::Null)];
    (btree_map(name, value, 0..5), text()).prop_map(|(mut fields, kind)| {
        fields.insert("type".to_owned(), Value::from(format!("x-{kind}")));
        Value::Object(fields.into_iter().collect())
    })
}

/// Any file.
pub fn attachment() -> BoxedStrategy<Attachment> {
    with_fields!(id().prop_map(Attachment::new), {
        kind: option::of(open_enum(AttachmentType::KNOWN)),
        filename: option::of(text()),
        mime_type: option::of(text()),
        size: any::<Option<u64>>(),
        url: option::of(text()),
        created: option::of(timestamp()),
    })
}

/// Any channel.
pub fn channel() -> BoxedStrategy<Channel> {
    with_fields!(id().prop_map(Channel::new), {
        name: option::of(text()),
        avatar: option::of(text()),
        kind: option::of(open_enum(ChannelType::KNOWN)),
        droppable: any::<Option<bool>>(),
        operators: vec(admin(), 0..3),
        not_assigned_count: any::<Option<u64>>(),
        not_read_count: any::<Option<u64>>(),
        read_permission: any::<Option<bool>>(),
        priority: any::<Option<i64>>(),
        auto_set: any::<Option<bool>>(),
        auto_set_settings: property_map(),
    })
}

/// Any state of an e-mail address.
pub fn email_status() -> BoxedStrategy<EmailStatus> {
    with_fields!(id().prop_map(EmailStatus::new), {
        app: option::of(id()),
        status: option::of(open_enum(EmailSubscriptionStatus::KNOWN)),
        updated: option::of(date_time()),
    })
}

/// Any event type.
pub fn event_type() -> BoxedStrategy<EventType> {
    with_fields!(id().prop_map(EventType::new), {
        name: option::of(text()),
        score: any::<Option<i64>>(),
        visible: any::<Option<bool>>(),
        active: any::<Option<bool>>(),
    })
}

/// Any event.
pub fn event() -> BoxedStrategy<Event> {
    with_fields!(id().prop_map(Event::new), {
        created: option::of(timestamp()),
        event_type: option::of(event_type()),
        user: option::of(id()),
        props: property_map(),
    })
}

/// Any summary of events of one type.
pub fn event_summary() -> BoxedStrategy<EventSummary> {
    with_fields!(Just(EventSummary::new()), {
        event_type: option::of(event_type()),
        first: option::of(timestamp()),
        last: option::of(timestamp()),
        count: any::<Option<u64>>(),
    })
}

/// Any note.
pub fn note() -> BoxedStrategy<Note> {
    with_fields!(id().prop_map(Note::new), {
        author: option::of(admin()),
        body: option::of(text()),
        created: option::of(timestamp()),
        app: option::of(id()),
        user: option::of(id()),
    })
}

/// Any segment; its filter is any JSON.
pub fn segment() -> BoxedStrategy<Segment> {
    with_fields!(id().prop_map(Segment::new), {
        name: option::of(text()),
        filters: option::of(json()),
        app: option::of(id()),
    })
}

/// Any tag on a user.
pub fn user_tag() -> BoxedStrategy<UserTag> {
    with_fields!(id().prop_map(UserTag::new), {
        app: option::of(id()),
        name: option::of(text()),
        removed: option::of(moment()),
    })
}

/// Any details of a presence.
pub fn presence_details() -> impl Strategy<Value = PresenceDetails> + Clone {
    property_map().prop_map(PresenceDetails::new)
}

/// Any user.
pub fn user() -> BoxedStrategy<User> {
    with_fields!(id().prop_map(User::new), {
        user_id: option::of(text()),
        app: option::of(id()),
        removed: option::of(moment()),
        map_url: option::of(text()),
        props: property_map(),
        props_custom: property_map(),
        props_events: property_map(),
        email_status: option::of(email_status()),
        presence: option::of(open_enum(Presence::KNOWN)),
        presence_details: presence_details(),
        segments: vec(segment(), 0..2),
        notes: vec(note(), 0..2),
        tags: vec(user_tag(), 0..2),
        events: btree_map(id(), event_summary(), 0..2),
        timezone_offset: any::<Option<f64>>(),
    })
}

/// Any part; a conversation in it has no parts of its own.
pub fn conversation_part() -> BoxedStrategy<ConversationPart> {
    with_fields!(id().prop_map(ConversationPart::new), {
        created: option::of(timestamp()),
        edited: option::of(moment()),
        removed: option::of(moment()),
        conversation: option::of(conversation_ref()),
        part_group: option::of(id()),
        body: option::of(text()),
        body_json: option::of(json()),
        direction: option::of(open_enum(Direction::KNOWN)),
        kind: option::of(open_enum(PartType::KNOWN)),
        from: option::of(author()),
        sent_via: option::of(open_enum(SentVia::KNOWN)),
        meta_data: property_map().prop_map(PartMetaData::new),
        reply_type: option::of(open_enum(ReplyType::KNOWN)),
        actions: vec(json().prop_map(PartAction::new), 0..2),
        external_id: option::of(text()),
        read: any::<Option<bool>>(),
        first: any::<Option<bool>>(),
        inbound_email: option::of(id()),
        attachments: vec(attachment(), 0..2),
        random_id: option::of(random_id()),
        tag: option::of(text()),
        assignee: nullable(admin()),
    })
}

/// Any conversation as a part names it: by its id, or whole but without parts.
pub fn conversation_ref() -> impl Strategy<Value = ConversationRef> + Clone {
    prop_oneof![
        4 => id().prop_map(ConversationRef::Id),
        1 => bare_conversation().prop_map(ConversationRef::from),
    ]
}

/// Any conversation.
pub fn conversation() -> BoxedStrategy<Conversation> {
    let part = || option::weighted(0.3, conversation_part().prop_map(Box::new));
    with_fields!(bare_conversation(), {
        part_last: part(),
        important_part_last: part(),
        reply_last: part(),
    })
}

fn bare_conversation() -> BoxedStrategy<Conversation> {
    with_fields!(id().prop_map(Conversation::new), {
        created: option::of(timestamp()),
        replied: any::<Option<bool>>(),
        delayed_until: option::of(moment()),
        closed: any::<Option<bool>>(),
        message: option::of(id()),
        kind: option::of(open_enum(ConversationType::KNOWN)),
        reply_type: option::of(open_enum(ReplyType::KNOWN)),
        removed: option::of(moment()),
        reply_last_type: option::of(open_enum(PartType::KNOWN)),
        parts_count: any::<Option<u64>>(),
        assignee: nullable(admin()),
        sended_time: option::of(moment()),
        admin_unread_count: any::<Option<u64>>(),
        user_unread_count: any::<Option<u64>>(),
        not_answered_admin_replies: any::<Option<u64>>(),
        unread_parts_count: any::<Option<u64>>(),
        replies_count: any::<Option<u64>>(),
        last_admin: option::of(admin()),
        last_update: option::of(timestamp()),
        tags: vec(text(), 0..3),
        important: any::<Option<bool>>(),
        external_service: option::of(text()),
        external_id: option::of(text()),
        last_user_reply_time: option::of(moment()),
        status: option::of(open_enum(DeliveryStatus::KNOWN)),
        assistant_type: option::of(open_enum(AssistantType::KNOWN)),
        recipient_type: option::of(open_enum(RecipientType::KNOWN)),
        sending_filters: option::of(json()),
        conversation_sending_filters: option::of(json()),
        user: option::of(user().prop_map(Box::new)),
        channel: nullable(channel().prop_map(Box::new)),
        read: any::<Option<bool>>(),
        clicked: any::<Option<bool>>(),
        unsubscribed: any::<Option<bool>>(),
    })
}
