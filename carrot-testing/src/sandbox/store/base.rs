use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use carrot_core::types::ImportReport;

use super::{
    app::App,
    columns::Columns,
    ids::Ids,
    records::{Conversation, Event, Facts, Part, Typing, User},
    time::Time,
};

/// Something that happened, for webhooks and the realtime service.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) enum Notice {
    Event(u64),
    /// A part that the user wrote or sees.
    Message(u64),
    /// Another part.
    System(u64),
    /// A conversation started.
    Started(u64),
    /// The user read a conversation.
    Read(u64),
    /// The place in the list of those who typed.
    Typing(usize),
    Presence(u64),
    Props(u64),
}

/// Everything that requests change. Ids are counted up, so they are the same in every run.
#[derive(Debug)]
pub(in crate::sandbox) struct Store {
    pub(in crate::sandbox) app: App,
    pub(in crate::sandbox) time: Time,
    pub(in crate::sandbox) ids: Ids,
    pub(in crate::sandbox) users: BTreeMap<u64, User>,
    pub(in crate::sandbox) by_external: HashMap<String, u64>,
    /// Users that are leads, by their `$last_seen`.
    pub(in crate::sandbox) leads: BTreeSet<(i64, u64)>,
    pub(in crate::sandbox) columns: Columns,
    /// Users that ever were online; whether they still are depends on the time.
    pub(in crate::sandbox) seen_online: BTreeSet<u64>,
    pub(in crate::sandbox) user_tags: BTreeMap<String, u64>,
    pub(in crate::sandbox) event_types: BTreeMap<String, u64>,
    pub(in crate::sandbox) event_names: HashMap<u64, String>,
    pub(in crate::sandbox) events: HashMap<u64, Event>,
    pub(in crate::sandbox) conversations: HashMap<u64, Conversation>,
    /// All conversations by their last change.
    pub(in crate::sandbox) recent: BTreeMap<(i64, u64), Facts>,
    pub(in crate::sandbox) parts: HashMap<u64, Part>,
    pub(in crate::sandbox) requests: u64,
    /// When the requests of the last minute came.
    pub(in crate::sandbox) minute: VecDeque<i64>,
    /// What happened and was not reported yet.
    pub(in crate::sandbox) notices: Vec<Notice>,
    /// The responses to requests with a `_nonce`, where repeated ones are dropped.
    pub(in crate::sandbox) nonces: BTreeMap<String, String>,
    pub(in crate::sandbox) typing: Vec<Typing>,
    pub(in crate::sandbox) imports: Vec<ImportReport>,
}

impl Store {
    pub(in crate::sandbox) fn empty(app: App, time: Time) -> Self {
        Self {
            time,
            app,
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
            notices: Vec::new(),
            nonces: BTreeMap::new(),
            typing: Vec::new(),
            imports: Vec::new(),
        }
    }

    pub(in crate::sandbox) fn now(&self) -> i64 {
        self.time.now()
    }
}
