//! The same fields as a bare derive reads them: what a program has that declares the structs by
//! hand for just the responses it has seen.
//!
//! It reads ids only as numbers, timestamps only as floats, and no value of an enum that it does not
//! know. `A` is the author of a part.
#![allow(dead_code)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(crate) struct Envelope<T> {
    meta: Meta,
    pub(crate) data: T,
}

/// The envelope of an error.
#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    meta: Meta,
}

#[derive(Debug, Deserialize)]
struct Meta {
    status: u16,
    error: Option<String>,
    error_message: Option<String>,
    error_fields: Option<Value>,
    next_before_position: Option<Value>,
    next_after_position: Option<Value>,
    next_after: Option<Value>,
    affected_props: Option<Vec<String>>,
    not_changed_props: Option<Vec<String>>,
    ignored_operations: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Conversation<A> {
    id: u64,
    created: Option<f64>,
    replied: Option<bool>,
    delayed_until: Option<f64>,
    closed: Option<bool>,
    message: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<ConversationType>,
    reply_type: Option<ReplyType>,
    removed: Option<f64>,
    reply_last_type: Option<PartType>,
    parts_count: Option<u64>,
    assignee: Option<Admin>,
    sended_time: Option<String>,
    admin_unread_count: Option<u64>,
    user_unread_count: Option<u64>,
    not_answered_admin_replies: Option<u64>,
    unread_parts_count: Option<u64>,
    replies_count: Option<u64>,
    last_admin: Option<Admin>,
    last_update: Option<f64>,
    #[serde(default)]
    tags: Vec<String>,
    important: Option<bool>,
    external_service: Option<String>,
    external_id: Option<String>,
    last_user_reply_time: Option<f64>,
    status: Option<DeliveryStatus>,
    assistant_type: Option<AssistantType>,
    recipient_type: Option<RecipientType>,
    user: Option<Box<User>>,
    channel: Option<Value>,
    part_last: Option<Box<Part<A>>>,
    important_part_last: Option<Box<Part<A>>>,
    reply_last: Option<Box<Part<A>>>,
    read: Option<bool>,
    clicked: Option<bool>,
    unsubscribed: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Part<A> {
    id: u64,
    created: Option<f64>,
    edited: Option<f64>,
    removed: Option<f64>,
    conversation: Option<u64>,
    part_group: Option<u64>,
    body: Option<String>,
    body_json: Option<Value>,
    direction: Option<Direction>,
    #[serde(rename = "type")]
    kind: Option<PartType>,
    from: Option<A>,
    sent_via: Option<SentVia>,
    #[serde(default)]
    meta_data: BTreeMap<String, Value>,
    reply_type: Option<ReplyType>,
    #[serde(default)]
    actions: Vec<Value>,
    external_id: Option<String>,
    read: Option<bool>,
    first: Option<bool>,
    inbound_email: Option<u64>,
    #[serde(default)]
    attachments: Vec<Value>,
    random_id: Option<u64>,
    tag: Option<String>,
    assignee: Option<Admin>,
}

/// An id or an operator, in the one way that a derive has for it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Author {
    User(u64),
    Admin(Admin),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Admin {
    id: Option<u64>,
    name: Option<String>,
    avatar: Option<String>,
    #[serde(rename = "type")]
    kind: Option<AdminType>,
    name_internal: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: u64,
    user_id: Option<String>,
    app: Option<u64>,
    removed: Option<String>,
    map_url: Option<String>,
    #[serde(default)]
    props: BTreeMap<String, Value>,
    #[serde(default)]
    props_custom: BTreeMap<String, Value>,
    #[serde(default)]
    props_events: BTreeMap<String, Value>,
    email_status: Option<Value>,
    presence: Option<Presence>,
    #[serde(default)]
    presence_details: BTreeMap<String, Value>,
    #[serde(default)]
    segments: Vec<Value>,
    #[serde(default)]
    notes: Vec<Value>,
    #[serde(default)]
    tags: Vec<Value>,
    #[serde(default)]
    events: BTreeMap<String, Value>,
    timezone_offset: Option<f64>,
}

macro_rules! enums {
    ($( $name:ident: $( $variant:ident )+; )+) => { $(
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum $name {
            $( $variant, )+
        }
    )+ };
}

enums! {
    AdminType: Admin Bot DefaultAdmin;
    AssistantType: Dialogflow YandexAi LeadBot RoutingBot FacebookBot TelegramBot WidgetBot;
    ConversationType: Email IncomingEmail PopupSmall PopupBig BlockPopupSmall BlockPopupBig PopupChat
        LeadBot RoutingBot Push SdkPush;
    DeliveryStatus: Created Rendered Sent Accepted Delivered Bounced Complained Dropped Error;
    PartType: ReplyUser ReplyAdmin AutoReply Note Article ChatBotAdmin ChatBotUser TagAdded TagDeleted
        AssigneeFilter Closed Opened FinalClosed Delayed ChannelChanged Vote Service ReplyDjangoUser;
    Presence: Online Idle Offline;
    RecipientType: All Web Sdk;
    ReplyType: Text Email Phone Push Button No;
    SentVia: WebUser WebPanel EmailUser EmailAdmin AppAndroid AppIos AppChrome AppDesktop MessageAuto
        MessageManual MessageChatBot Api Integrations System AutoReply;
}

#[derive(Debug, Deserialize)]
enum Direction {
    #[serde(rename = "a2u")]
    AdminToUser,
    #[serde(rename = "u2a")]
    UserToAdmin,
}
