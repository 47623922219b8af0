//! Users as they are kept.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{
    base::Store,
    records::{EventCount, Presence, User},
};
use crate::sandbox::rules::date;

/// A user without a heartbeat for two minutes is offline.
///
/// Source: <https://developers.dashly.io/presence>
const PRESENCE_MICROS: i64 = 120_000_000;

impl Store {
    pub(in crate::sandbox) fn add_user(&mut self, external: Option<String>) -> u64 {
        let id = self.ids.next_user();
        if let Some(external) = &external {
            self.by_external.insert(external.clone(), id);
        }
        let user = User {
            id,
            external,
            ..User::default()
        };
        self.users.insert(id, user);
        self.mark_seen(id);
        id
    }

    /// Gives a user an external id. One that is there already stays: it never changes.
    pub(in crate::sandbox) fn set_external_id(&mut self, id: u64, external: &str) {
        let named = self.change_user(id, |user| {
            let unnamed = user.external.is_none();
            if unnamed {
                user.external = Some(external.to_owned());
            }
            unnamed
        });
        if named == Some(true) {
            self.by_external.insert(external.to_owned(), id);
        }
    }

    /// The user did something just now.
    pub(in crate::sandbox) fn mark_seen(&mut self, id: u64) {
        let now = self.now();
        self.change_user(id, |user| user.last_seen = now);
    }

    /// Changes a user and keeps the list of leads right.
    pub(in crate::sandbox) fn change_user<T>(
        &mut self,
        id: u64,
        change: impl FnOnce(&mut User) -> T,
    ) -> Option<T> {
        let user = self.users.get_mut(&id)?;
        self.leads.remove(&(user.last_seen, id));
        let result = change(user);
        if user.is_lead() {
            self.leads.insert((user.last_seen, id));
        }
        self.columns.update(user);
        Some(result)
    }

    /// Adds tags to a user; a new one gets an id.
    pub(in crate::sandbox) fn tag_user(&mut self, id: u64, tags: &[String]) {
        for tag in tags {
            if !self.user_tags.contains_key(tag) {
                let tag_id = self.ids.next_tag();
                self.user_tags.insert(tag.clone(), tag_id);
            }
        }
        self.change_user(id, |user| user.tags.extend(tags.iter().cloned()));
    }
}

impl User {
    /// Whether the user is a lead: known by name, e-mail, phone or external id, or in a conversation. The
    /// sandbox knows no web push.
    ///
    /// Source: <https://developers.dashly.io/webapi/endpoints/apps/users/>
    pub(in crate::sandbox) fn is_lead(&self) -> bool {
        let known = ["$name", "$email", "$phone"];
        self.external.is_some()
            || !self.conversations.is_empty()
            || known.iter().any(|name| self.props.contains_key(*name))
    }

    /// The heartbeat, while the user is online or idle.
    pub(in crate::sandbox) fn presence_at(&self, now: i64) -> Option<&Presence> {
        let presence = self.presence.as_ref()?;
        (now.saturating_sub(presence.at) < PRESENCE_MICROS).then_some(presence)
    }

    /// A property by its name: of the system, custom, or counted from events.
    pub(in crate::sandbox) fn property(&self, name: &str) -> Option<Cow<'_, Value>> {
        if name == "$last_seen" {
            return Some(Cow::Owned(date_of(self.last_seen)));
        }
        if name == "$user_id" {
            return Some(Cow::Owned(self.external.as_deref()?.into()));
        }
        if let Some(rest) = name.strip_prefix("$event_") {
            let (event_type, statistic) = rest.split_once('_')?;
            let count = self.event_counts.get(&event_type.parse().ok()?)?;
            return Some(Cow::Owned(match statistic {
                "first" => date_of(count.first),
                "last" => date_of(count.last),
                "count" => count.count.into(),
                _ => return None,
            }));
        }
        let properties = if name.starts_with('$') {
            &self.props
        } else {
            &self.custom
        };
        properties.get(name).map(Cow::Borrowed)
    }

    /// The properties among which one of this name stands.
    pub(in crate::sandbox) fn properties_mut(&mut self, name: &str) -> &mut Map<String, Value> {
        if name.starts_with('$') {
            &mut self.props
        } else {
            &mut self.custom
        }
    }

    pub(in crate::sandbox) fn all_props(&self) -> Map<String, Value> {
        let mut props = self.props.clone();
        props.insert("$last_seen".to_owned(), date_of(self.last_seen));
        props
    }

    pub(in crate::sandbox) fn event_props(&self) -> Map<String, Value> {
        let mut props = Map::new();
        for (event_type, count) in &self.event_counts {
            let EventCount { first, last, count } = *count;
            props.insert(format!("$event_{event_type}_first"), date_of(first));
            props.insert(format!("$event_{event_type}_last"), date_of(last));
            props.insert(format!("$event_{event_type}_count"), count.into());
        }
        props
    }

    /// What is known of a user who is online or idle.
    pub(in crate::sandbox) fn presence_details(&self) -> Value {
        let mut details = Map::new();
        for name in [
            "$name",
            "$initial_referrer",
            "$country",
            "$city",
            "$region",
            "$sessions",
            "$last_reply",
            "$last_contect",
            "$avatar",
        ] {
            if let Some(value) = self.props.get(name) {
                details.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(presence) = &self.presence {
            details.insert("presence".into(), presence.state.as_ref().into());
            let started = presence.session_started.div_euclid(1_000_000);
            details.insert("session_started".into(), started.into());
            details.insert("page".into(), json!(presence.page));
            details.insert("url".into(), json!(presence.url));
        }
        details.into()
    }
}

fn date_of(micros: i64) -> Value {
    date::format(micros.div_euclid(1_000_000)).into()
}
