//! The records of the service. All moments are microseconds since 1970.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// A fixed name of the service: known at compile time, or read from a snapshot.
pub(in crate::sandbox) type Word = Cow<'static, str>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct User {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) external: Option<String>,
    /// System properties but `$last_seen`, which is [`last_seen`](Self::last_seen).
    pub(in crate::sandbox) props: Map<String, Value>,
    pub(in crate::sandbox) custom: Map<String, Value>,
    pub(in crate::sandbox) last_seen: i64,
    pub(in crate::sandbox) presence: Option<Presence>,
    pub(in crate::sandbox) email: Option<EmailStatus>,
    pub(in crate::sandbox) tags: BTreeSet<String>,
    pub(in crate::sandbox) notes: Vec<Note>,
    // A snapshot has this only once, at the other end.
    #[serde(skip)]
    pub(in crate::sandbox) events: BTreeSet<u64>,
    #[serde(skip)]
    pub(in crate::sandbox) event_counts: BTreeMap<u64, EventCount>,
    /// By their last change.
    #[serde(skip)]
    pub(in crate::sandbox) conversations: BTreeSet<(i64, u64)>,
}

/// What an operator wrote down about a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Note {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) body: String,
    pub(in crate::sandbox) created: i64,
}

/// The last heartbeat of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Presence {
    pub(in crate::sandbox) state: Word,
    pub(in crate::sandbox) at: i64,
    pub(in crate::sandbox) session_started: i64,
    pub(in crate::sandbox) page: Option<String>,
    pub(in crate::sandbox) url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct EmailStatus {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) status: Word,
    pub(in crate::sandbox) updated: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sandbox) struct EventCount {
    pub(in crate::sandbox) first: i64,
    pub(in crate::sandbox) last: i64,
    pub(in crate::sandbox) count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Event {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) event_type: u64,
    pub(in crate::sandbox) user: u64,
    pub(in crate::sandbox) created: i64,
    pub(in crate::sandbox) props: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Conversation {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) user: u64,
    pub(in crate::sandbox) created: i64,
    /// The moment of the last change, different for all changes.
    pub(in crate::sandbox) updated: i64,
    pub(in crate::sandbox) kind: Word,
    pub(in crate::sandbox) message: Option<u64>,
    pub(in crate::sandbox) status: Option<Word>,
    pub(in crate::sandbox) replied: bool,
    pub(in crate::sandbox) closed: bool,
    pub(in crate::sandbox) delayed_until: Option<i64>,
    pub(in crate::sandbox) assignee: Option<u64>,
    pub(in crate::sandbox) assistant: Option<String>,
    pub(in crate::sandbox) channel: Option<u64>,
    pub(in crate::sandbox) recipient: Word,
    pub(in crate::sandbox) tags: Vec<String>,
    /// The question that is open now; `None` after a closing, until the next part opens another.
    pub(in crate::sandbox) group: Option<u64>,
    #[serde(skip)]
    pub(in crate::sandbox) parts: BTreeSet<u64>,
    pub(in crate::sandbox) part_last: Option<u64>,
    pub(in crate::sandbox) important_last: Option<u64>,
    pub(in crate::sandbox) reply_last: Option<u64>,
    pub(in crate::sandbox) last_admin: Option<Author>,
    pub(in crate::sandbox) last_user_reply: Option<i64>,
    pub(in crate::sandbox) has_user_reply: bool,
    pub(in crate::sandbox) replies: u64,
    pub(in crate::sandbox) admin_unread: u64,
    pub(in crate::sandbox) user_unread: u64,
    pub(in crate::sandbox) not_answered: u64,
}

/// What the list of conversations filters by, close together: it looks at all of them.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Facts {
    pub(in crate::sandbox) replied: bool,
    pub(in crate::sandbox) closed: bool,
    /// The last reply is not the user's.
    pub(in crate::sandbox) answered: bool,
    pub(in crate::sandbox) delayed_until: Option<i64>,
    pub(in crate::sandbox) assignee: Option<u64>,
    pub(in crate::sandbox) channel: Option<u64>,
    /// One of those that the list knows.
    pub(in crate::sandbox) assistant: Option<&'static str>,
    /// A bit for each tag; tags may share one.
    pub(in crate::sandbox) tags: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Part {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) conversation: u64,
    pub(in crate::sandbox) group: u64,
    pub(in crate::sandbox) created: i64,
    pub(in crate::sandbox) first: bool,
    pub(in crate::sandbox) read: bool,
    pub(in crate::sandbox) content: Draft,
}

/// What a part is made of, before it has an id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Draft {
    pub(in crate::sandbox) kind: Word,
    pub(in crate::sandbox) author: Author,
    pub(in crate::sandbox) sent_via: Word,
    pub(in crate::sandbox) body: String,
    pub(in crate::sandbox) body_json: Value,
    pub(in crate::sandbox) actions: Value,
    pub(in crate::sandbox) attachments: Vec<Attachment>,
    pub(in crate::sandbox) external_id: Option<String>,
    pub(in crate::sandbox) random_id: i64,
    pub(in crate::sandbox) tag: Option<String>,
    /// The operator on an `assigned` part; the inner `None` says that the assignment was removed.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub(in crate::sandbox) assignee: Option<Option<u64>>,
}

/// A field that is there, be it `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A typing signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Typing {
    pub(in crate::sandbox) conversation: u64,
    pub(in crate::sandbox) author: Author,
    pub(in crate::sandbox) body: Option<String>,
    pub(in crate::sandbox) at: i64,
}

/// The author of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sandbox) enum Author {
    User(u64),
    Admin(u64),
    DefaultAdmin,
    Bot(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Attachment {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) filename: String,
    pub(in crate::sandbox) mime_type: String,
    pub(in crate::sandbox) size: usize,
    #[serde(default)]
    pub(in crate::sandbox) is_voice: bool,
    pub(in crate::sandbox) created: i64,
}
