use serde_json::{Value, json};

use super::View;
use crate::sandbox::state::Conversation;

impl View<'_> {
    pub(in crate::sandbox) fn channels(&self) -> Vec<Value> {
        let operators: Vec<Value> = self
            .state
            .settings
            .operators
            .iter()
            .map(|operator| self.admin(operator.id))
            .collect();
        let channels = &self.state.settings.channels;
        let channel = |id: u64, priority: usize| {
            let inside = |conversation: &&Conversation| {
                conversation.channel == Some(id) && !conversation.closed && conversation.replied
            };
            let open: Vec<&Conversation> = self
                .state
                .conversations
                .values()
                .filter(|conversation| inside(conversation))
                .collect();
            let mut json = self.channel(id);
            let count = |fits: &dyn Fn(&Conversation) -> bool| {
                open.iter()
                    .filter(|conversation| fits(conversation))
                    .count()
            };
            json["operators"] = operators.clone().into();
            json["not_assigned_count"] = count(&|one| one.assignee.is_none()).into();
            json["not_read_count"] = count(&|one| one.admin_unread > 0).into();
            json["priority"] = priority.into();
            json["auto_set"] = false.into();
            json["auto_set_settings"] = json!({});
            json
        };
        let numbered = channels.iter().enumerate();
        numbered.map(|(at, one)| channel(one.id, at + 1)).collect()
    }

    pub(super) fn channel(&self, id: u64) -> Value {
        let channels = &self.state.settings.channels;
        let name = channels
            .iter()
            .find(|channel| channel.id == id)
            .map(|channel| &channel.name);
        json!({
            "id": self.id(id),
            "name": name,
            "avatar": "",
            "type": "manual",
            "droppable": true,
            "read_permission": true,
        })
    }
}
