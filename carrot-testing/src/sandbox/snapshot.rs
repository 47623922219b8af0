use std::collections::{BTreeMap, VecDeque};

use carrot_core::types::ImportReport;
use serde::{Deserialize, Serialize};

use super::{
    Sandbox,
    fault::Fault,
    settings::{Channel, Operator, Settings},
    state::{Conversation, Event, Ids, Part, State, Typing, User},
    webhooks::Delivery,
};

/// Everything that happened in a [`Sandbox`], for another run: its records, its time, the ids it gave
/// last, its operators and channels, failures that are still to come, webhooks.
///
/// It is written as plain JSON, and two sandboxes that got the same requests write the same. It holds
/// no token; app, rights, limits and the pace of the time stay those of the sandbox that takes it.
/// The format may change with the version of the crate; a snapshot in another one is refused when it
/// is read.
///
/// ```
/// use carrot_testing::{Sandbox, sandbox::Snapshot};
///
/// let sandbox = Sandbox::new();
/// let json = serde_json::to_string(&sandbox.snapshot())?;
///
/// let again = Sandbox::new();
/// again.restore(&serde_json::from_str::<Snapshot>(&json)?);
/// assert_eq!(again.snapshot(), sandbox.snapshot());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Microseconds since 1970, as all moments in here.
    now: i64,
    last_stamp: i64,
    requests: u64,
    ids: Ids,
    operators: Vec<Operator>,
    channels: Vec<Channel>,
    user_tags: BTreeMap<String, u64>,
    event_types: BTreeMap<String, u64>,
    users: Vec<User>,
    events: Vec<Event>,
    conversations: Vec<Conversation>,
    parts: Vec<Part>,
    minute: VecDeque<i64>,
    faults: VecDeque<Fault>,
    webhooks: Vec<Delivery>,
    typing: Vec<Typing>,
    imports: Vec<ImportReport>,
}

impl Sandbox {
    /// Everything that happened so far.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.state().snapshot()
    }

    /// Goes on where a snapshot was taken, and forgets everything else. Given the same settings, the
    /// answers, the ids and the moments from here on are those that the other sandbox would give.
    pub fn restore(&self, snapshot: &Snapshot) {
        let state = State::resume(self.0.settings.clone(), snapshot);
        *self.state() = state;
    }
}

impl State {
    fn snapshot(&self) -> Snapshot {
        let mut events: Vec<Event> = self.events.values().cloned().collect();
        events.sort_unstable_by_key(|event| event.id);
        let mut conversations: Vec<Conversation> = self.conversations.values().cloned().collect();
        conversations.sort_unstable_by_key(|conversation| conversation.id);
        for conversation in &mut conversations {
            conversation.parts.clear();
        }
        let mut parts: Vec<Part> = self.parts.values().cloned().collect();
        parts.sort_unstable_by_key(|part| part.id);
        let mut users: Vec<User> = self.users.values().cloned().collect();
        for user in &mut users {
            user.events.clear();
            user.event_counts.clear();
            user.conversations.clear();
        }
        Snapshot {
            now: self.now(),
            last_stamp: self.time.last_stamp(),
            requests: self.requests,
            ids: self.ids,
            operators: self.settings.operators.clone(),
            channels: self.settings.channels.clone(),
            user_tags: self.user_tags.clone(),
            event_types: self.event_types.clone(),
            users,
            events,
            conversations,
            parts,
            minute: self.minute.clone(),
            faults: self.faults.clone(),
            webhooks: self.webhooks.clone(),
            typing: self.typing.clone(),
            imports: self.imports.clone(),
        }
    }

    /// The indexes are not in a snapshot; they are made again.
    fn resume(settings: Settings, snapshot: &Snapshot) -> Self {
        let mut state = Self::empty(settings);
        state.time.resume(snapshot.now, snapshot.last_stamp);
        state.requests = snapshot.requests;
        state.ids = snapshot.ids;
        state.settings.operators.clone_from(&snapshot.operators);
        state.settings.channels.clone_from(&snapshot.channels);
        state.user_tags.clone_from(&snapshot.user_tags);
        state.event_types.clone_from(&snapshot.event_types);
        let types = snapshot.event_types.iter();
        state.event_names = types.map(|(name, id)| (*id, name.clone())).collect();
        state.minute.clone_from(&snapshot.minute);
        state.faults.clone_from(&snapshot.faults);
        state.webhooks.clone_from(&snapshot.webhooks);
        state.typing.clone_from(&snapshot.typing);
        state.imports.clone_from(&snapshot.imports);
        for user in &snapshot.users {
            if let Some(external) = &user.external {
                state.by_external.insert(external.clone(), user.id);
            }
            if user.presence.is_some() {
                state.seen_online.insert(user.id);
            }
            state.users.insert(user.id, user.clone());
        }
        for event in &snapshot.events {
            state.insert_event(event.clone());
        }
        for conversation in &snapshot.conversations {
            let position = (conversation.updated, conversation.id);
            if let Some(user) = state.users.get_mut(&conversation.user) {
                user.conversations.insert(position);
            }
            let conversation = conversation.clone();
            state.conversations.insert(conversation.id, conversation);
        }
        for part in &snapshot.parts {
            if let Some(conversation) = state.conversations.get_mut(&part.conversation) {
                conversation.parts.insert(part.id);
            }
            state.parts.insert(part.id, part.clone());
        }
        for conversation in &snapshot.conversations {
            state.note_facts(conversation.id);
        }
        let users: Vec<u64> = state.users.keys().copied().collect();
        for user in users {
            // Brings the list of leads up to date.
            state.change_user(user, |_| {});
        }
        state
    }
}
