//! The conversations, as far as they are known: what was read, and the changes since.

use std::collections::{BTreeMap, BTreeSet};

use carrot_types::{
    Conversation, ConversationId, PartType, Timestamp,
    realtime::{RealtimeMessage, RealtimePayload},
};

use super::held::Held;
use crate::realtime::Position;

#[derive(Debug, Default)]
pub(super) struct Mirror {
    held: BTreeMap<ConversationId, Held>,
    /// The greatest position of a message.
    pub(super) newest: Option<Position>,
    /// Conversations that must be read, with the position of the message that says so.
    pub(super) stale: BTreeMap<ConversationId, Option<Position>>,
}

/// What a message or a record changes for those who look.
#[derive(Debug, PartialEq)]
pub(super) enum Effect {
    None,
    Changed(Box<Conversation>),
    Removed(ConversationId),
    /// A conversation that the message does not name changed at this time.
    Unnamed(Option<Timestamp>),
}

fn is_open(conversation: &Conversation) -> bool {
    conversation.closed != Some(true)
}

/// A conversation that a message started is in no list before the user replies.
fn is_listed(conversation: &Conversation) -> bool {
    conversation.replied != Some(false) && conversation.removed.is_none()
}

impl Mirror {
    pub(super) fn open(&self) -> impl Iterator<Item = &Conversation> {
        self.held.values().filter_map(|held| held.view.as_deref())
    }

    pub(super) fn get(&self, id: ConversationId) -> Option<&Conversation> {
        self.held.get(&id)?.view.as_deref()
    }

    /// Takes a message. While `is_reading`, changes of other conversations are kept too: a response that is under
    /// way may have them as they were before.
    pub(super) fn message(&mut self, message: RealtimeMessage, is_reading: bool) -> Effect {
        let at = Position::of(&message);
        let is_newest = at >= self.newest;
        self.newest = self.newest.max(at);
        let Some(id) = conversation_of(&message.payload) else {
            return match message.payload {
                RealtimePayload::ConversationReply(_) => {
                    Effect::Unnamed(at.map(Position::timestamp))
                }
                _ => Effect::None,
            };
        };
        let Some(at) = at else {
            self.stale.insert(id, None);
            return Effect::None;
        };
        let held = self.held.entry(id).or_default();
        if held.has(at) {
            return Effect::None;
        }
        let before = held.view.clone();
        match message.payload {
            RealtimePayload::Conversation(record) => {
                // One that is known has changed since it started.
                if before.is_none() && is_listed(&record) && is_open(&record) {
                    match is_newest {
                        true => held.told(record, at),
                        // Messages of what happened to it meanwhile were not of a known one.
                        false => {
                            self.stale.insert(id, Some(at));
                        }
                    }
                }
            }
            payload => {
                if needs_reading(&payload, before.is_some()) {
                    self.stale.insert(id, Some(at));
                }
                held.changes.add(at, payload);
                if !held.settle() {
                    self.stale.insert(id, Some(at));
                }
            }
        }
        let effect = self.effect(id, before.as_deref());
        if !is_reading && self.stale.is_empty() && self.get(id).is_none() {
            self.held.remove(&id);
        }
        effect
    }

    /// Takes a conversation as it was read, by a request that was sent after the message at `floor` was received.
    pub(super) fn read(&mut self, record: Box<Conversation>, floor: Option<Position>) -> Effect {
        let id = record.id;
        self.was_read(id, floor);
        if !is_listed(&record) {
            return self.remove(id);
        }
        let held = self.held.entry(id).or_default();
        let before = held.view.clone();
        if held.read(record, floor) && !held.settle() {
            self.stale.insert(id, self.newest);
        }
        self.effect(id, before.as_deref())
    }

    /// A request that was sent after the message at `floor` has read the conversation.
    pub(super) fn was_read(&mut self, id: ConversationId, floor: Option<Position>) {
        if self.stale.get(&id).is_some_and(|at| *at <= floor) {
            self.stale.remove(&id);
        }
    }

    /// What became of a conversation. One that is closed is not shown any more.
    fn effect(&mut self, id: ConversationId, before: Option<&Conversation>) -> Effect {
        let Some(held) = self.held.get_mut(&id) else {
            return Effect::None;
        };
        let closed = held.view.take_if(|view| !is_open(view));
        let after = closed
            .filter(|_| before.is_some())
            .or_else(|| held.view.clone());
        match after {
            Some(after) if before != Some(&*after) => Effect::Changed(after),
            _ => Effect::None,
        }
    }

    /// Forgets a conversation that does not exist.
    pub(super) fn remove(&mut self, id: ConversationId) -> Effect {
        self.stale.remove(&id);
        match self.held.remove(&id) {
            Some(Held { view: Some(_), .. }) => Effect::Removed(id),
            _ => Effect::None,
        }
    }

    /// Has everything read that a list of all open conversations does not have.
    pub(super) fn listed(&mut self, listed: &BTreeSet<ConversationId>) {
        let open = self.held.iter().filter(|(_, held)| held.view.is_some());
        let other = open.filter(|(id, _)| !listed.contains(id));
        self.stale.extend(other.map(|(id, _)| (*id, self.newest)));
    }

    /// Forgets what is not open. Not while a response is under way: it may be older than what is forgotten.
    pub(super) fn forget(&mut self) {
        self.held.retain(|_, held| held.view.is_some());
    }
}

/// The conversation that a message changes.
fn conversation_of(payload: &RealtimePayload) -> Option<ConversationId> {
    Some(match payload {
        RealtimePayload::Conversation(conversation) => conversation.id,
        RealtimePayload::ConversationReply(part) => part.conversation.as_ref()?.id(),
        RealtimePayload::ConversationAssigned(change) => change.conversation,
        RealtimePayload::ConversationClosed(change) => change.conversation,
        RealtimePayload::ConversationTagAdded(change)
        | RealtimePayload::ConversationTagDeleted(change) => change.conversation,
        RealtimePayload::ConversationRead(reading) => reading.conversation,
        _ => return None,
    })
}

/// Whether the message does not tell what the conversation is now.
fn needs_reading(payload: &RealtimePayload, is_known: bool) -> bool {
    let RealtimePayload::ConversationReply(part) = payload else {
        return false;
    };
    match &part.kind {
        // A closed one that opens, or one that the user replies to for the first time.
        Some(PartType::ReplyUser | PartType::ReplyAdmin | PartType::Opened) => !is_known,
        // Until when, and to where, is not said.
        Some(PartType::Delayed | PartType::ChannelChanged) => is_known,
        // What messages of the site and bots write, many at once, opens nothing.
        Some(
            PartType::ReplyDjangoUser
            | PartType::AutoReply
            | PartType::Article
            | PartType::ChatBotAdmin
            | PartType::ChatBotUser
            | PartType::Note
            | PartType::TagAdded
            | PartType::TagDeleted
            | PartType::Assigned
            | PartType::Closed
            | PartType::FinalClosed
            | PartType::Vote
            | PartType::Service,
        ) => false,
        _ => true,
    }
}
