use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::delivery::{DeliveryState, WebhookDelivery};
use crate::sandbox::{
    store::{Notice, Store, Word},
    view::{ConversationFields, UserFields, View},
};

/// The vendor says "several times over the next minutes"; these are the sandbox's numbers: the last
/// attempt is seven and a half minutes after the first.
const ATTEMPTS: u32 = 5;
#[cfg(feature = "server")]
pub(super) const FIRST_PAUSE_MICROS: i64 = 30_000_000;

/// A webhook as it is kept: without the token, which stays out of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Record {
    pub(super) id: u64,
    kind: Word,
    fields: Vec<(Word, String)>,
    pub(super) attempts: u32,
    pub(super) delivered: bool,
    /// When the next attempt is due.
    pub(super) due: i64,
}

impl Record {
    fn state(&self) -> DeliveryState {
        match (self.delivered, self.attempts) {
            (true, _) => DeliveryState::Delivered,
            (false, ATTEMPTS..) => DeliveryState::Abandoned,
            (false, _) => DeliveryState::Waiting,
        }
    }

    #[cfg(feature = "server")]
    pub(super) fn is_due(&self, now: i64) -> bool {
        self.state() == DeliveryState::Waiting && self.due <= now
    }

    pub(super) fn show(&self, token: &str) -> WebhookDelivery {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("type", &self.kind);
        form.extend_pairs(&self.fields);
        form.append_pair("token", token);
        WebhookDelivery::new(
            self.id,
            self.kind.clone(),
            form.finish(),
            self.attempts,
            self.state(),
        )
    }
}

/// How many delivered webhooks are kept.
#[cfg(feature = "server")]
const KEPT: usize = 1000;

/// The webhooks that were written, and for which events.
#[derive(Debug)]
pub(in crate::sandbox) struct Webhooks {
    /// `None` for all events.
    events: Option<BTreeSet<String>>,
    pub(in crate::sandbox) records: Vec<Record>,
}

impl Webhooks {
    pub(in crate::sandbox) fn new(events: Option<BTreeSet<String>>) -> Self {
        let records = Vec::new();
        Self { events, records }
    }

    /// Writes the webhooks of what happened.
    pub(in crate::sandbox) fn write(&mut self, store: &mut Store, notices: &[Notice]) {
        for notice in notices {
            match *notice {
                Notice::Event(event) => self.write_event(store, event),
                Notice::Message(part) => {
                    if let Some(message) = message(store, part) {
                        let fields = vec![("conversation".into(), message.to_string())];
                        self.push(store, "conversation", fields);
                    }
                }
                _ => {}
            }
        }
    }

    /// Leaves the newest of the delivered webhooks: a program that runs for days would fill the memory.
    #[cfg(feature = "server")]
    pub(super) fn forget_delivered(&mut self) {
        let delivered = self.records.iter().filter(|one| one.delivered).count();
        let mut surplus = delivered.saturating_sub(KEPT);
        self.records.retain(|one| {
            let goes = one.delivered && surplus > 0;
            surplus -= usize::from(goes);
            !goes
        });
    }

    fn write_event(&mut self, store: &mut Store, event: u64) {
        let record = store.events.get(&event);
        let name = record.and_then(|event| store.event_names.get(&event.event_type));
        let Some(name) = name.cloned() else { return };
        let chosen = self.events.as_ref();
        if chosen.is_some_and(|chosen| !chosen.contains(&name)) {
            return;
        }
        if let Some(mut fields) = event_fields(store, event) {
            fields.insert(2, ("event_name".into(), name));
            self.push(store, "event", fields);
        }
    }

    pub(super) fn push(
        &mut self,
        store: &mut Store,
        kind: &'static str,
        fields: Vec<(Word, String)>,
    ) {
        self.records.push(Record {
            id: store.ids.next_webhook(),
            kind: kind.into(),
            fields,
            attempts: 0,
            delivered: false,
            due: store.now(),
        });
    }
}

/// The fields of a webhook about an event; `None` for an unknown event, or one without a user.
pub(super) fn event_fields(store: &Store, event: u64) -> Option<Vec<(Word, String)>> {
    let event = store.events.get(&event)?;
    let user = store.users.get(&event.user)?;
    let view = View::plain(store);
    let fields = UserFields {
        props: true,
        props_custom: true,
        tags: true,
        ..UserFields::default()
    };
    Some(vec![
        ("user".into(), view.user(user, &fields).to_string()),
        ("user_id".into(), user.id.to_string()),
        ("event".into(), view.event(event, false).to_string()),
        ("event_id".into(), event.id.to_string()),
    ])
}

/// A part and the facts on its conversation in one object, with ids as texts, as recorded from the
/// service.
fn message(store: &Store, part: u64) -> Option<Value> {
    let part = store.parts.get(&part)?;
    let record = store.conversations.get(&part.conversation)?;
    let view = View::ids_as_text(store);
    let mut json = view.part(part);
    let fields = json.as_object_mut()?;
    fields.remove("first");
    fields.remove("read");
    let mut conversation = view.conversation(record, &ConversationFields::WITH_CHANNEL);
    for (name, of_conversation) in [
        ("conversation_delayed_until", "delayed_until"),
        ("conversation_last_update", "last_update"),
        ("conversation_closed", "closed"),
        ("conversation_replied", "replied"),
        ("conversation_tags", "tags"),
        ("conversation_admin_unread_count", "admin_unread_count"),
        ("conversation_last_user_reply_time", "last_user_reply_time"),
        ("conversation_type", "type"),
        (
            "conversation_not_answered_admin_replies",
            "not_answered_admin_replies",
        ),
        ("conversation_assistant_type", "assistant_type"),
        ("assignee", "assignee"),
        ("channel", "channel"),
    ] {
        fields.insert(name.to_owned(), conversation[of_conversation].take());
    }
    fields.insert("user".to_owned(), view.id(record.user));
    Some(json)
}
