#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod macros;

mod cursor;
pub mod ecommerce;
mod envelope;
mod event;
mod filter;
mod id;
mod invalid;
pub mod json;
mod lenient;
mod limit;
mod objects;
mod property;
pub mod realtime;
#[cfg(any(test, feature = "proptest"))]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod strategies;
pub mod system;
mod timestamp;
mod user_ref;
pub mod webhook;
#[cfg(feature = "jiff")]
mod with_jiff;

pub use crate::{
    cursor::{Cursor, CursorKind, NextCursor},
    envelope::{Empty, Envelope, ErrorCode, Meta},
    event::{EventName, EventProperties, TypedEvent},
    filter::{Condition, DateUnit, Filter, FilterLogic, Filters, OtherCondition, TimeAgo},
    id::{
        AdminId, AppId, AttachmentId, ChannelId, ConversationId, EmailStatusId, EventId,
        EventTypeId, InboundEmailId, MessageId, NoteId, PartGroupId, PartId, SegmentId, SenderId,
        UserId, UserTagId,
    },
    invalid::InvalidValue,
    json::JsonError,
    objects::*,
    property::{
        EventStat, PropertyDate, PropertyName, PropertyOperation, PropertyOperationKind,
        PropertyValue,
    },
    timestamp::Timestamp,
    user_ref::UserRef,
};
