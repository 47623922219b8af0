//! What the sandbox remembers.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
};

use carrot_core::types::ImportReport;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{columns::Columns, fault::Fault, settings::Settings, time::Time, webhooks::Delivery};

/// One of the service's own words: known here, or read from a snapshot.
pub(super) type Word = Cow<'static, str>;

/// Everything that requests change. Ids are counted from one place each, so they are the same in every
/// run.
#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) time: Time,
    pub(super) ids: Ids,
    pub(super) users: BTreeMap<u64, User>,
    pub(super) by_external: HashMap<String, u64>,
    /// Users that are leads, by their `$last_seen`.
    pub(super) leads: BTreeSet<(i64, u64)>,
    pub(super) columns: Columns,
    /// Users that ever were online; whether they still are depends on the time.
    pub(super) seen_online: BTreeSet<u64>,
    pub(super) user_tags: BTreeMap<String, u64>,
    pub(super) event_types: BTreeMap<String, u64>,
    pub(super) event_names: HashMap<u64, String>,
    pub(super) events: HashMap<u64, Event>,
    pub(super) conversations: HashMap<u64, Conversation>,
    /// All conversations by their last change.
    pub(super) recent: BTreeMap<(i64, u64), Facts>,
    pub(super) parts: HashMap<u64, Part>,
    pub(super) requests: u64,
    /// When the requests of the last minute came.
    pub(super) minute: VecDeque<i64>,
    /// What the next requests are refused with.
    pub(super) faults: VecDeque<Fault>,
    pub(super) webhooks: Vec<Delivery>,
    pub(super) typing: Vec<Typing>,
    pub(super) imports: Vec<ImportReport>,
}

/// The ids given last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ids {
    user: u64,
    conversation: u64,
    part: u64,
    group: u64,
    event: u64,
    event_type: u64,
    message: u64,
    attachment: u64,
    tag: u64,
    email_status: u64,
    webhook: u64,
    note: u64,
}

impl Ids {
    /// Most ids are beyond 2^53, as real ones are: a reader that takes them for floats is found out.
    const START: Self = Self {
        user: 1_448_121_617_782_670_208,
        conversation: 2_155_668_332_815_057_076,
        part: 2_155_668_332_900_000_000,
        group: 2_155_668_333_000_000_000,
        event: 2_155_668_334_000_000_000,
        event_type: 5_000,
        message: 12_000,
        attachment: 2_155_668_335_000_000_000,
        tag: 15_131_000,
        email_status: 900,
        webhook: 0,
        note: 16,
    };
}

macro_rules! next_ids {
    ($($method:ident: $field:ident),+ $(,)?) => { $(
        pub(super) fn $method(&mut self) -> u64 {
            // A snapshot that somebody wrote may begin anywhere.
            self.ids.$field = self.ids.$field.saturating_add(1);
            self.ids.$field
        }
    )+ };
}

impl State {
    pub(super) fn new(settings: Settings) -> Self {
        let mut state = Self::empty(settings);
        state.seed();
        state
    }

    /// Without what is there from the beginning.
    pub(super) fn empty(settings: Settings) -> Self {
        Self {
            time: settings.time(),
            settings,
            ids: Ids::START,
            users: BTreeMap::new(),
            by_external: HashMap::new(),
            leads: BTreeSet::new(),
            columns: Columns::default(),
            seen_online: BTreeSet::new(),
            user_tags: BTreeMap::new(),
            event_types: BTreeMap::new(),
            event_names: HashMap::new(),
            events: HashMap::new(),
            conversations: HashMap::new(),
            recent: BTreeMap::new(),
            parts: HashMap::new(),
            requests: 0,
            minute: VecDeque::new(),
            faults: VecDeque::new(),
            webhooks: Vec::new(),
            typing: Vec::new(),
            imports: Vec::new(),
        }
    }

    next_ids! {
        next_user: user,
        next_conversation: conversation,
        next_part: part,
        next_group: group,
        next_event: event,
        next_event_type: event_type,
        next_message: message,
        next_attachment: attachment,
        next_tag: tag,
        next_email_status: email_status,
        next_webhook: webhook,
        next_note: note,
    }

    pub(super) fn now(&self) -> i64 {
        self.time.now()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) external: Option<String>,
    /// System properties but `$last_seen`, which is [`last_seen`](Self::last_seen).
    pub(super) props: Map<String, Value>,
    pub(super) custom: Map<String, Value>,
    pub(super) last_seen: i64,
    pub(super) presence: Option<Presence>,
    pub(super) email: Option<EmailStatus>,
    pub(super) tags: BTreeSet<String>,
    pub(super) notes: Vec<Note>,
    // A snapshot has this only once, at the other end.
    #[serde(skip)]
    pub(super) events: BTreeSet<u64>,
    #[serde(skip)]
    pub(super) event_counts: BTreeMap<u64, EventCount>,
    /// By their last change.
    #[serde(skip)]
    pub(super) conversations: BTreeSet<(i64, u64)>,
}

/// What an operator wrote down about a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub(super) id: u64,
    pub(super) body: String,
    pub(super) created: i64,
}

/// The last heartbeat of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Presence {
    pub(super) state: Word,
    pub(super) at: i64,
    pub(super) session_started: i64,
    pub(super) page: Option<String>,
    pub(super) url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailStatus {
    pub(super) id: u64,
    pub(super) status: Word,
    pub(super) updated: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EventCount {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) event_type: u64,
    pub(super) user: u64,
    pub(super) created: i64,
    pub(super) props: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conversation {
    pub(super) id: u64,
    pub(super) user: u64,
    pub(super) created: i64,
    /// The moment of the last change, different for all changes.
    pub(super) updated: i64,
    pub(super) kind: Word,
    pub(super) message: Option<u64>,
    pub(super) status: Option<Word>,
    pub(super) replied: bool,
    pub(super) closed: bool,
    pub(super) delayed_until: Option<i64>,
    pub(super) assignee: Option<u64>,
    pub(super) assistant: Option<String>,
    pub(super) channel: Option<u64>,
    pub(super) recipient: Word,
    pub(super) tags: Vec<String>,
    /// The question that is open now; `None` after a closing, until the next part begins another.
    pub(super) group: Option<u64>,
    #[serde(skip)]
    pub(super) parts: BTreeSet<u64>,
    pub(super) part_last: Option<u64>,
    pub(super) important_last: Option<u64>,
    pub(super) reply_last: Option<u64>,
    pub(super) last_admin: Option<Author>,
    pub(super) last_user_reply: Option<i64>,
    pub(super) has_user_reply: bool,
    pub(super) replies: u64,
    pub(super) admin_unread: u64,
    pub(super) user_unread: u64,
    pub(super) not_answered: u64,
}

/// What the list of conversations filters by, close together: it looks at all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) replied: bool,
    pub(super) closed: bool,
    /// The last reply is not the user's.
    pub(super) answered: bool,
    pub(super) delayed_until: Option<i64>,
    pub(super) assignee: Option<u64>,
    pub(super) channel: Option<u64>,
    /// One of those that the list knows.
    pub(super) assistant: Option<&'static str>,
    /// A bit for each tag; tags may share one.
    pub(super) tags: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) id: u64,
    pub(super) conversation: u64,
    pub(super) group: u64,
    pub(super) created: i64,
    pub(super) first: bool,
    pub(super) read: bool,
    pub(super) content: Draft,
}

/// What a part is made of, before it has an id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    pub(super) kind: Word,
    pub(super) author: Author,
    pub(super) sent_via: Word,
    pub(super) body: String,
    pub(super) body_json: Value,
    pub(super) actions: Value,
    pub(super) attachments: Vec<Attachment>,
    pub(super) external_id: Option<String>,
    pub(super) random_id: i64,
    pub(super) tag: Option<String>,
    /// The operator on an `assigned` part; the inner `None` says that the assignment was removed.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) assignee: Option<Option<u64>>,
}

/// A field that is there, be it `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Somebody typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typing {
    pub(super) conversation: u64,
    pub(super) author: Author,
    pub(super) body: Option<String>,
    pub(super) at: i64,
}

/// Who a part is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Author {
    User(u64),
    Admin(u64),
    DefaultAdmin,
    Bot(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attachment {
    pub(super) id: u64,
    pub(super) filename: String,
    pub(super) mime_type: String,
    pub(super) size: usize,
    pub(super) created: i64,
}
