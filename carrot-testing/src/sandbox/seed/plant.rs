use std::sync::Arc;

use carrot_core::types::{self, AdminId, ChannelId, Timestamp};
use serde_json::Map;

use super::{SeedConversation, model::Sender};
use crate::sandbox::state::{Author, Draft, Note, Presence, State};

fn micros(moment: Timestamp) -> i64 {
    let micros = i64::from(moment.nanoseconds() / 1000);
    moment
        .seconds()
        .saturating_mul(1_000_000)
        .saturating_add(micros)
}

impl State {
    /// Puts in what is there from the beginning.
    pub(in crate::sandbox) fn seed(&mut self) {
        let seeds = Arc::clone(&self.settings.seeds);
        for name in &seeds.event_types {
            self.event_type(name);
        }
        for seed in &seeds.users {
            let id = self.add_user(seed.external.clone());
            let (system, custom): (Map<_, _>, Map<_, _>) = seed
                .props
                .clone()
                .into_iter()
                .partition(|(name, _)| name.starts_with('$'));
            self.tag_user(id, &seed.tags);
            self.change_user(id, |user| {
                user.props = system;
                user.custom = custom;
            });
            self.follow_email(id, false);
            for body in &seed.notes {
                self.note(id, body);
            }
            if let Some(presence) = &seed.presence {
                self.seed_presence(id, presence);
            }
            for event in &seed.events {
                let created = event.created.map(micros);
                let props = event.props.clone().into_iter().collect();
                self.add_event(id, &event.name, created, props);
            }
        }
        for seed in &seeds.conversations {
            if let Some(user) = self.by_external.get(&seed.user).copied() {
                self.seed_conversation(user, seed);
            }
        }
    }

    fn note(&mut self, user: u64, body: &str) {
        let note = Note {
            id: self.next_note(),
            body: body.to_owned(),
            created: self.now(),
        };
        self.change_user(user, |user| user.notes.push(note));
    }

    fn seed_presence(&mut self, user: u64, presence: &types::Presence) {
        if *presence == types::Presence::Offline {
            return;
        }
        let now = self.now();
        let presence = Presence {
            state: presence.as_str().to_owned().into(),
            at: now,
            session_started: now,
            page: None,
            url: None,
        };
        self.change_user(user, |user| user.presence = Some(presence));
        self.seen_online.insert(user);
    }

    fn seed_conversation(&mut self, user: u64, seed: &SeedConversation) {
        let id = self.begin_conversation(user, "popup_chat", None);
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
            self.append_unheard(id, Draft::new(kind, author).body(&part.body));
        }
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.channel = seed.channel.map(ChannelId::get);
            conversation.assignee = seed.assignee.map(AdminId::get);
            conversation.tags.clone_from(&seed.tags);
            conversation.closed = seed.closed;
            if seed.closed {
                conversation.group = None;
            }
        }
        self.note_facts(id);
    }
}
