use serde_json::{Map, Value};

use super::{
    base::Store,
    records::{Event, EventCount},
};

impl Store {
    /// Adds an event without telling the webhooks.
    pub(in crate::sandbox) fn add_event(
        &mut self,
        user: u64,
        name: &str,
        created: Option<i64>,
        props: Map<String, Value>,
    ) -> u64 {
        let id = self.ids.next_event();
        let created = created.unwrap_or_else(|| self.now());
        let event_type = self.event_type(name);
        let event = Event {
            id,
            event_type,
            user,
            created,
            props: props.into(),
        };
        self.insert_event(event);
        id
    }

    /// The type of this name; a new one gets an id.
    pub(in crate::sandbox) fn event_type(&mut self, name: &str) -> u64 {
        if let Some(event_type) = self.event_types.get(name) {
            return *event_type;
        }
        let event_type = self.ids.next_event_type();
        self.event_types.insert(name.to_owned(), event_type);
        self.event_names.insert(event_type, name.to_owned());
        event_type
    }

    /// Puts an event where it belongs, and counts it.
    pub(in crate::sandbox) fn insert_event(&mut self, event: Event) {
        if let Some(user) = self.users.get_mut(&event.user) {
            user.events.insert(event.id);
            let created = event.created;
            let count = user.event_counts.entry(event.event_type);
            let count = count.or_insert(EventCount {
                first: created,
                last: created,
                count: 0,
            });
            count.first = count.first.min(created);
            count.last = count.last.max(created);
            count.count += 1;
            self.columns.update(user);
        }
        self.events.insert(event.id, event);
    }
}
