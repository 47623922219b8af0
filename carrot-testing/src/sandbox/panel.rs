//! What operators do in the panel and no public method does.

use carrot_core::types::{ChannelId, ConversationId, Timestamp};

use super::{
    service::Sandbox,
    store::{Author, Draft},
};

/// Each of these is false where there is no such conversation or channel, and changes nothing then.
impl Sandbox {
    /// Snoozes a conversation until this time, which adds a part of type `delayed`. Returns `false` for an
    /// unknown conversation.
    pub fn snooze(&self, id: ConversationId, end: impl Into<Timestamp>) -> bool {
        let (id, end) = (id.get(), end.into());
        let mut service = self.service();
        let state = &mut service.store;
        let Some(conversation) = state.conversations.get_mut(&id) else {
            return false;
        };
        conversation.delayed_until = Some(end.seconds().saturating_mul(1_000_000));
        state.append(id, Draft::new("delayed", Author::DefaultAdmin));
        service.report();
        drop(service);
        self.announce();
        true
    }

    /// Moves a conversation to a channel or out of it, which leaves a part of type
    /// `channel_changed`.
    pub fn move_to_channel(&self, id: ConversationId, channel: Option<ChannelId>) -> bool {
        let (id, channel) = (id.get(), channel.map(ChannelId::get));
        let mut service = self.service();
        let state = &mut service.store;
        let channels = &state.app.channels;
        if channel.is_some_and(|channel| channels.iter().all(|one| one.id != channel)) {
            return false;
        }
        let Some(conversation) = state.conversations.get_mut(&id) else {
            return false;
        };
        conversation.channel = channel;
        state.append(id, Draft::new("channel_changed", Author::DefaultAdmin));
        service.report();
        drop(service);
        self.announce();
        true
    }

    /// Hands a conversation to an assistant, such as `lead_bot`, or takes it back.
    pub fn set_assistant(&self, id: ConversationId, assistant: Option<&str>) -> bool {
        let id = id.get();
        let mut service = self.service();
        let state = &mut service.store;
        let Some(conversation) = state.conversations.get_mut(&id) else {
            return false;
        };
        conversation.assistant = assistant.map(str::to_owned);
        state.note_facts(id);
        true
    }
}
