use carrot_core::types::{self, AdminId, ChannelId, Timestamp};
use serde_json::Map;

use super::model::{SeedConversation, Sender};
use crate::sandbox::{
    settings::Seeds,
    store::{Author, Draft, Note, Presence, Store},
};

fn micros(moment: Timestamp) -> i64 {
    let micros = i64::from(moment.nanoseconds() / 1000);
    moment
        .seconds()
        .saturating_mul(1_000_000)
        .saturating_add(micros)
}

/// Adds the records of the start.
pub(in crate::sandbox) fn seed(store: &mut Store, seeds: &Seeds) {
    for name in &seeds.event_types {
        store.event_type(name);
    }
    for seed in &seeds.users {
        let id = store.add_user(seed.external.clone());
        let (system, custom): (Map<_, _>, Map<_, _>) = seed
            .props
            .clone()
            .into_iter()
            .partition(|(name, _)| name.starts_with('$'));
        store.tag_user(id, &seed.tags);
        store.change_user(id, |user| {
            user.props = system;
            user.custom = custom;
        });
        store.follow_email(id, false);
        for body in &seed.notes {
            note(store, id, body);
        }
        if let Some(presence) = &seed.presence {
            seed_presence(store, id, presence);
        }
        for event in &seed.events {
            let created = event.created.map(micros);
            let props = event.props.clone().into_iter().collect();
            store.add_event(id, &event.name, created, props);
        }
    }
    for seed in &seeds.conversations {
        if let Some(user) = store.by_external.get(&seed.user).copied() {
            seed_conversation(store, user, seed);
        }
    }
}

fn note(store: &mut Store, user: u64, body: &str) {
    let note = Note {
        id: store.ids.next_note(),
        body: body.to_owned(),
        created: store.now(),
    };
    store.change_user(user, |user| user.notes.push(note));
}

fn seed_presence(store: &mut Store, user: u64, presence: &types::Presence) {
    if *presence == types::Presence::Offline {
        return;
    }
    let now = store.now();
    let presence = Presence {
        state: presence.as_str().to_owned().into(),
        at: now,
        session_started: now,
        page: None,
        url: None,
    };
    store.change_user(user, |user| user.presence = Some(presence));
    store.seen_online.insert(user);
}

fn seed_conversation(store: &mut Store, user: u64, seed: &SeedConversation) {
    let id = store.start_conversation(user, "popup_chat", None);
    for part in &seed.parts {
        let author = match part.from {
            Sender::User => Author::User(user),
            Sender::DefaultAdmin => Author::DefaultAdmin,
            Sender::Bot => Author::Bot("Bot".to_owned()),
            Sender::Operator(id) => Author::Admin(id.get()),
        };
        let kind = match part.from {
            Sender::User => "reply_user",
            _ => part.kind.unwrap_or_default().name(),
        };
        store.append_unheard(id, Draft::new(kind, author).body(&part.body));
    }
    if let Some(conversation) = store.conversations.get_mut(&id) {
        conversation.channel = seed.channel.map(ChannelId::get);
        conversation.assignee = seed.assignee.map(AdminId::get);
        conversation.tags.clone_from(&seed.tags);
        conversation.closed = seed.closed;
        if seed.closed {
            conversation.group = None;
        }
    }
    store.note_facts(id);
}
