#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod serde_util;

mod cursor;
mod envelope;
mod events;
mod filters;
mod html;
mod id;
mod invalid_value;
mod nullable;
mod objects;
mod properties;
mod time;
mod user_ref;

#[cfg(any(test, feature = "proptest"))]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod arbitrary;
pub mod realtime;
pub mod system;
pub mod webhook;

#[doc(inline)]
pub use crate::{events::ecommerce, serde_util::json};

pub use crate::{
    cursor::{Cursor, CursorKind, NextCursor},
    envelope::{Empty, Envelope, ErrorCode, Meta},
    events::{EventName, EventProperties, TypedEvent},
    filters::{Condition, DateUnit, Filter, FilterLogic, Filters, OtherCondition, TimeAgo},
    html::plain_text,
    id::{
        AdminId, AppId, ArticleId, AttachmentId, ChannelId, ConversationId, EmailStatusId, EventId,
        EventTypeId, InboundEmailId, MessageId, NoteId, PartGroupId, PartId, SegmentId, SenderId,
        UserId, UserTagId,
    },
    invalid_value::InvalidValue,
    nullable::Nullable,
    objects::*,
    properties::{
        EventStat, PropertyMap, PropertyName, PropertyOperation, PropertyOperationKind,
        PropertyValue,
    },
    serde_util::{json::JsonError, macros::OtherValue},
    time::{DateTime, Moment, PropertyDate, Timestamp},
    user_ref::UserRef,
};

/// The page of the package, as a test of its snippets.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
