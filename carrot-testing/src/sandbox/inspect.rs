//! What a test may look at without a request: no time passes and nothing is counted.

use carrot_core::types::{ConversationId, Timestamp, UserId};
use serde_json::Value;

use super::{
    Sandbox,
    view::{ConversationFields, UserFields, View},
};

const EVERYTHING: UserFields = UserFields {
    props: true,
    props_custom: true,
    props_events: true,
    presence_details: true,
    events: true,
    segments: true,
    notes: true,
    tags: true,
    email_status: true,
    timezone_offset: true,
    props_as_text: false,
};

/// All records are as generation 2 sends them, with every optional field.
impl Sandbox {
    /// Every user, oldest first, leads or not.
    #[must_use]
    pub fn users(&self) -> Vec<Value> {
        let state = self.state();
        let view = View::plain(&state);
        let users = state.users.values();
        users.map(|user| view.user(user, &EVERYTHING)).collect()
    }

    /// A user by the service's id.
    #[must_use]
    pub fn user(&self, id: impl Into<UserId>) -> Option<Value> {
        let state = self.state();
        let user = state.users.get(&id.into().get())?;
        Some(View::plain(&state).user(user, &EVERYTHING))
    }

    /// The service's id of the user with an own id.
    #[must_use]
    pub fn user_id(&self, external: &str) -> Option<UserId> {
        let state = self.state();
        state.by_external.get(external).copied().map(UserId::new)
    }

    /// The events of a user, oldest first.
    #[must_use]
    pub fn events(&self, user: impl Into<UserId>) -> Vec<Value> {
        let state = self.state();
        let view = View::plain(&state);
        let Some(user) = state.users.get(&user.into().get()) else {
            return Vec::new();
        };
        let events = user.events.iter().filter_map(|id| state.events.get(id));
        events.map(|event| view.event(event, false)).collect()
    }

    /// Every conversation, those with the oldest change first.
    #[must_use]
    pub fn conversations(&self) -> Vec<Value> {
        let state = self.state();
        let view = View::plain(&state);
        let recent = state.recent.iter();
        recent
            .filter_map(|(_, id)| state.conversations.get(id))
            .map(|conversation| view.conversation(conversation, &ConversationFields::SINGLE))
            .collect()
    }

    /// A conversation.
    #[must_use]
    pub fn conversation(&self, id: impl Into<ConversationId>) -> Option<Value> {
        let state = self.state();
        let conversation = state.conversations.get(&id.into().get())?;
        let fields = ConversationFields::SINGLE;
        Some(View::plain(&state).conversation(conversation, &fields))
    }

    /// The parts of a conversation, oldest first.
    #[must_use]
    pub fn parts(&self, conversation: impl Into<ConversationId>) -> Vec<Value> {
        let state = self.state();
        let view = View::plain(&state);
        let Some(conversation) = state.conversations.get(&conversation.into().get()) else {
            return Vec::new();
        };
        let parts = conversation.parts.iter();
        parts
            .filter_map(|id| state.parts.get(id))
            .map(|part| view.part(part))
            .collect()
    }

    /// How many requests came, refused ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state().requests
    }

    /// The time of the sandbox, in whole seconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.state().now().div_euclid(1_000_000))
    }
}
