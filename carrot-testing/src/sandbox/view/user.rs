use serde_json::{Map, Value, json};

use super::base::{View, as_text, moment};
use crate::sandbox::{
    rules::call::Call,
    rules::date,
    store::{Event, User},
};

/// Which optional fields of a user are written.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sandbox) struct UserFields {
    pub(in crate::sandbox) props: bool,
    pub(in crate::sandbox) props_custom: bool,
    pub(in crate::sandbox) props_events: bool,
    pub(in crate::sandbox) presence_details: bool,
    pub(in crate::sandbox) events: bool,
    pub(in crate::sandbox) segments: bool,
    pub(in crate::sandbox) notes: bool,
    pub(in crate::sandbox) tags: bool,
    pub(in crate::sandbox) email_status: bool,
    pub(in crate::sandbox) timezone_offset: bool,
    /// Values of properties are written as texts.
    pub(in crate::sandbox) props_as_text: bool,
}

impl UserFields {
    /// Those that a request switches on, or does not switch off.
    pub(in crate::sandbox) fn read(call: &Call, defaults: Self) -> Self {
        let on = |name, default| switch(call, name, default);
        let props_as_text = call.parameters.flag("convert_props_types") == Some(false);
        Self {
            props: on("props", defaults.props),
            props_custom: on("props_custom", defaults.props_custom),
            props_events: on("props_events", defaults.props_events),
            presence_details: on("presence_details", defaults.presence_details),
            events: on("events", defaults.events),
            segments: on("segments", defaults.segments),
            notes: on("notes", defaults.notes),
            tags: on("tags", defaults.tags),
            email_status: on("email_status", defaults.email_status),
            timezone_offset: on("timezone_offset", defaults.timezone_offset),
            props_as_text,
        }
    }
}

/// The switch of an optional field: `include_` and its name, or the bare name in the older methods.
fn switch(call: &Call, name: &str, default: bool) -> bool {
    let parameters = &call.parameters;
    let included = parameters.flag(&format!("include_{name}"));
    included
        .or_else(|| parameters.flag(name))
        .unwrap_or(default)
}

impl View<'_> {
    pub(in crate::sandbox) fn user(&self, user: &User, fields: &UserFields) -> Value {
        let presence = user.presence_at(self.store.now());
        let mut json = json!({
            "id": self.id(user.id),
            "app": self.app(),
            "user_id": user.external,
            "presence": presence.map_or("offline", |presence| &*presence.state),
            "removed": null,
            "map_url": null,
        });
        let properties = |properties: Map<String, Value>| -> Value {
            if fields.props_as_text {
                properties
                    .into_iter()
                    .map(|(name, value)| (name, as_text(value)))
                    .collect()
            } else {
                properties.into()
            }
        };
        let mut set = |name: &str, wanted: bool, value: &dyn Fn() -> Value| {
            if wanted {
                json[name] = value();
            }
        };
        set("props", fields.props, &|| properties(user.all_props()));
        set("props_custom", fields.props_custom, &|| {
            properties(user.custom.clone())
        });
        set("props_events", fields.props_events, &|| {
            user.event_props().into()
        });
        let details = fields.presence_details && presence.is_some();
        set("presence_details", details, &|| user.presence_details());
        set("events", fields.events, &|| self.event_counts(user));
        set("segments", fields.segments, &|| json!([]));
        set("notes", fields.notes, &|| self.notes(user));
        set("tags", fields.tags, &|| self.user_tags(user));
        set("email_status", fields.email_status, &|| {
            self.email_status(user)
        });
        set("timezone_offset", fields.timezone_offset, &|| Value::Null);
        json
    }

    fn user_tags(&self, user: &User) -> Value {
        user.tags.iter().map(|name| self.user_tag(name)).collect()
    }

    pub(in crate::sandbox) fn user_tag(&self, name: &str) -> Value {
        json!({
            "id": self.id(self.store.user_tags.get(name).copied().unwrap_or_default()),
            "app": self.app(),
            // The name is JSON inside the string, as the vendor documents.
            "name": Value::from(name).to_string(),
            "removed": null,
        })
    }

    fn notes(&self, user: &User) -> Value {
        let notes = user.notes.iter().map(|note| {
            json!({
                "id": self.id(note.id),
                "author": null,
                "body": note.body,
                "created": moment(note.created),
                "app": self.app(),
                "user": self.id(user.id),
            })
        });
        notes.collect()
    }

    fn email_status(&self, user: &User) -> Value {
        let Some(email) = &user.email else {
            return Value::Null;
        };
        json!({
            "id": self.id(email.id),
            "app": self.app(),
            "status": email.status,
            "updated": format!("{}+00:00", date::format(email.updated.div_euclid(1_000_000))),
        })
    }

    fn event_counts(&self, user: &User) -> Value {
        let counts = user.event_counts.iter().map(|(event_type, count)| {
            let record = json!({
                "event_type": self.event_type(*event_type),
                "first": moment(count.first),
                "last": moment(count.last),
                "count": count.count,
            });
            (event_type.to_string(), record)
        });
        if self.is_v1() {
            counts.map(|(_, record)| record).collect()
        } else {
            Value::Object(counts.collect())
        }
    }

    pub(in crate::sandbox) fn event_type(&self, id: u64) -> Value {
        json!({
            "id": self.id(id),
            "name": self.store.event_names.get(&id),
            "score": 0,
            "visible": true,
            "active": true,
        })
    }

    pub(in crate::sandbox) fn event(&self, event: &Event, props_as_text: bool) -> Value {
        let mut props = event.props.clone();
        if let Some(props) = props.as_object_mut().filter(|_| props_as_text) {
            for value in props.values_mut() {
                *value = as_text(value.take());
            }
        }
        json!({
            "id": self.id(event.id),
            "created": moment(event.created),
            "type": self.event_type(event.event_type),
            "user": self.id(event.user),
            "props": props,
        })
    }
}
