use serde_json::{Value, json};

use super::base::View;
use crate::sandbox::store::Conversation;

impl View<'_> {
    pub(in crate::sandbox) fn channels(&self) -> Vec<Value> {
        let operators: Vec<Value> = self
            .store
            .app
            .operators
            .iter()
            .map(|operator| self.admin(operator.id))
            .collect();
        let channels = &self.store.app.channels;
        let channel = |id: u64, priority: usize| {
            let inside = |conversation: &&Conversation| {
                conversation.channel == Some(id) && !conversation.closed && conversation.replied
            };
            let open: Vec<&Conversation> = self
                .store
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

    pub(in crate::sandbox) fn channel(&self, id: u64) -> Value {
        let channels = &self.store.app.channels;
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
