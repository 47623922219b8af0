use std::collections::{BTreeMap, HashSet, VecDeque};

use carrot_core::types::ImportReport;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    service::Sandbox,
    settings::Settings,
    store::{Channel, Conversation, Event, Ids, Operator, Part, Store, Typing, User, is_exhausted},
    webhooks::record::Record as WebhookRecord,
};

/// Everything that happened in a [`Sandbox`], for another run: its records, its time, the ids it gave
/// last, its operators and channels, its webhooks. Faults belong to the test and are not in it.
///
/// It is written as plain JSON, and two sandboxes that got the same requests write the same. It holds
/// no token; app, rights, limits and the pace of the time stay those of the sandbox that takes it.
/// The format may change with the version of the crate; reading a snapshot in another format is an
/// error.
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
    #[serde(deserialize_with = "countable")]
    requests: u64,
    #[serde(deserialize_with = "usable")]
    ids: Ids,
    #[serde(deserialize_with = "distinct")]
    operators: Vec<Operator>,
    #[serde(deserialize_with = "distinct")]
    channels: Vec<Channel>,
    user_tags: BTreeMap<String, u64>,
    event_types: BTreeMap<String, u64>,
    #[serde(deserialize_with = "distinct")]
    users: Vec<User>,
    #[serde(deserialize_with = "distinct")]
    events: Vec<Event>,
    #[serde(deserialize_with = "distinct")]
    conversations: Vec<Conversation>,
    #[serde(deserialize_with = "distinct")]
    parts: Vec<Part>,
    minute: VecDeque<i64>,
    nonces: BTreeMap<String, String>,
    webhooks: Vec<WebhookRecord>,
    typing: Vec<Typing>,
    imports: Vec<ImportReport>,
}

fn countable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let count = u64::deserialize(deserializer)?;
    match is_exhausted(count) {
        false => Ok(count),
        true => Err(at_its_end("requests")),
    }
}

/// Rejects a counter of ids that is at its end: it would give one id twice.
fn usable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ids, D::Error> {
    let ids = Ids::deserialize(deserializer)?;
    match ids.exhausted() {
        None => Ok(ids),
        Some(name) => Err(at_its_end(&format!("ids.{name}"))),
    }
}

fn at_its_end<E: de::Error>(counter: &str) -> E {
    E::custom(format!("the counter `{counter}` is at its end"))
}

trait Record {
    const LIST: &'static str;

    fn id(&self) -> u64;
}

macro_rules! records {
    ($($list:ident: $record:ident),+ $(,)?) => { $( impl Record for $record {
        const LIST: &'static str = stringify!($list);

        fn id(&self) -> u64 {
            self.id
        }
    } )+ };
}

records! {
    operators: Operator,
    channels: Channel,
    users: User,
    events: Event,
    conversations: Conversation,
    parts: Part,
}

/// Rejects two records with one id.
fn distinct<'de, D: Deserializer<'de>, T: Record + Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let records = Vec::<T>::deserialize(deserializer)?;
    let mut seen = HashSet::new();
    match records.iter().position(|record| !seen.insert(record.id())) {
        None => Ok(records),
        Some(at) => Err(de::Error::custom(format!(
            "`{}[{at}]` has the id of an earlier one",
            T::LIST
        ))),
    }
}

impl Sandbox {
    /// Returns everything that happened so far.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let service = self.service();
        service.store.snapshot(service.webhooks.records.clone())
    }

    /// Goes on where a snapshot was taken, and forgets everything else. Given the same settings, the
    /// responses, the ids and the moments from here on are those that the other sandbox would give.
    pub fn restore(&self, snapshot: &Snapshot) {
        let store = Store::resume(self.settings(), snapshot);
        let mut service = self.service();
        service.store = store;
        service.webhooks.records.clone_from(&snapshot.webhooks);
    }
}

impl Store {
    fn snapshot(&self, webhooks: Vec<WebhookRecord>) -> Snapshot {
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
            operators: self.app.operators.clone(),
            channels: self.app.channels.clone(),
            user_tags: self.user_tags.clone(),
            event_types: self.event_types.clone(),
            users,
            events,
            conversations,
            parts,
            minute: self.minute.clone(),
            nonces: self.nonces.clone(),
            webhooks,
            typing: self.typing.clone(),
            imports: self.imports.clone(),
        }
    }

    /// The indexes are not in a snapshot; they are made again.
    fn resume(settings: &Settings, snapshot: &Snapshot) -> Self {
        let mut state = Self::empty(settings.app.clone(), settings.time());
        state.time.resume(snapshot.now, snapshot.last_stamp);
        state.requests = snapshot.requests;
        state.ids = snapshot.ids;
        state.app.operators.clone_from(&snapshot.operators);
        state.app.channels.clone_from(&snapshot.channels);
        state.user_tags.clone_from(&snapshot.user_tags);
        state.event_types.clone_from(&snapshot.event_types);
        let types = snapshot.event_types.iter();
        state.event_names = types.map(|(name, id)| (*id, name.clone())).collect();
        state.minute.clone_from(&snapshot.minute);
        state.nonces.clone_from(&snapshot.nonces);
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
