//! The objects as the service writes them.

use carrot_core::{ApiVersion, types::Timestamp};
use serde_json::{Map, Value, json};

use super::{
    date,
    request::Call,
    state::{Attachment, Author, Conversation, Event, Part, State, User},
};

const DEFAULT_AVATAR: &str = "https://files.carrotquest.io/avatars/default-v2.png";

/// Writes objects the way a request asked for them.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    version: ApiVersion,
    ids_as_text: bool,
}

/// Which optional fields of a user are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UserFields {
    pub(super) props: bool,
    pub(super) props_custom: bool,
    pub(super) props_events: bool,
    pub(super) presence_details: bool,
    pub(super) events: bool,
    pub(super) segments: bool,
    pub(super) notes: bool,
    pub(super) tags: bool,
    pub(super) email_status: bool,
    pub(super) timezone_offset: bool,
    /// Values of properties are written as texts.
    pub(super) props_as_text: bool,
}

/// Which optional fields of a conversation are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConversationFields {
    pub(super) user: bool,
    pub(super) channel: bool,
    pub(super) part_last: bool,
    pub(super) important_part_last: bool,
    pub(super) reply_last: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(state: &'a State, call: &Call) -> Self {
        Self {
            state,
            version: call.version,
            ids_as_text: call.parameters.is_set("id_as_string"),
        }
    }

    /// For a look from a test: generation 2, ids as numbers.
    pub(super) fn plain(state: &'a State) -> Self {
        Self {
            state,
            version: ApiVersion::V2,
            ids_as_text: false,
        }
    }

    pub(super) fn is_v1(&self) -> bool {
        self.version == ApiVersion::V1
    }

    pub(super) fn id(&self, id: u64) -> Value {
        if self.ids_as_text {
            id.to_string().into()
        } else {
            id.into()
        }
    }

    fn app(&self) -> Value {
        self.id(self.state.settings.app)
    }

    pub(super) fn user(&self, user: &User, fields: &UserFields) -> Value {
        let presence = user.presence_at(self.state.now());
        let mut json = json!({
            "id": self.id(user.id),
            "app": self.app(),
            "user_id": user.external,
            "presence": presence.map_or("offline", |presence| presence.state),
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
        set("notes", fields.notes, &|| json!([]));
        set("tags", fields.tags, &|| self.user_tags(user));
        set("email_status", fields.email_status, &|| {
            self.email_status(user)
        });
        set("timezone_offset", fields.timezone_offset, &|| Value::Null);
        json
    }

    fn user_tags(&self, user: &User) -> Value {
        let tag = |name: &String| {
            json!({
                "id": self.id(self.state.user_tags.get(name).copied().unwrap_or_default()),
                "app": self.app(),
                // The name is JSON inside the string, as the vendor documents.
                "name": Value::from(name.as_str()).to_string(),
                "removed": null,
            })
        };
        user.tags.iter().map(tag).collect()
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

    fn event_type(&self, id: u64) -> Value {
        json!({
            "id": self.id(id),
            "name": self.state.event_names.get(&id),
            "score": 0,
            "visible": true,
            "active": true,
        })
    }

    pub(super) fn event(&self, event: &Event, props_as_text: bool) -> Value {
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

    pub(super) fn admin(&self, id: u64) -> Value {
        let operators = &self.state.settings.operators;
        let name = operators
            .iter()
            .find(|operator| operator.id == id)
            .map(|operator| &operator.name);
        json!({"id": self.id(id), "name": name, "avatar": DEFAULT_AVATAR, "type": "admin"})
    }

    fn author(&self, author: &Author) -> Value {
        match author {
            Author::User(id) => self.id(*id),
            Author::Admin(id) => self.admin(*id),
            // Without an id, as in the vendor's samples.
            Author::DefaultAdmin => {
                json!({"name": "Support", "avatar": DEFAULT_AVATAR, "type": "default_admin"})
            }
            Author::Bot(name) => json!({"name": name, "avatar": DEFAULT_AVATAR, "type": "bot"}),
        }
    }

    pub(super) fn channels(&self) -> Value {
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

    fn channel(&self, id: u64) -> Value {
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

    pub(super) fn part(&self, part: &Part) -> Value {
        let content = &part.content;
        let mut json = json!({
            "id": self.id(part.id),
            "created": moment(part.created),
            "edited": null,
            "removed": null,
            "conversation": self.id(part.conversation),
            "part_group": self.id(part.group),
            "body": content.body,
            "body_json": content.body_json,
            "direction": if matches!(content.author, Author::User(_)) { "u2a" } else { "a2u" },
            "type": content.kind,
            "from": self.author(&content.author),
            "sent_via": content.sent_via,
            "meta_data": {},
            "reply_type": "no",
            "actions": content.actions,
            "external_id": content.external_id,
            "read": part.read,
            "random_id": content.random_id,
        });
        if part.first {
            json["first"] = true.into();
        }
        if !content.attachments.is_empty() {
            let attachments = content.attachments.iter();
            json["attachments"] = attachments.map(|file| self.attachment(file)).collect();
        }
        if let Some(tag) = &content.tag {
            json["tag"] = tag.as_str().into();
        }
        if let Some(assignee) = content.assignee {
            json["assignee"] = self.assignee(assignee);
        }
        json
    }

    fn attachment(&self, file: &Attachment) -> Value {
        let app = self.state.settings.app;
        json!({
            "id": self.id(file.id),
            "type": "file",
            "filename": file.filename,
            "mime_type": file.mime_type,
            "size": file.size,
            "url": format!("https://files.carrotquest.io/attachments/{app}/{}", file.id),
            "created": moment(file.created),
        })
    }

    fn assignee(&self, assignee: Option<u64>) -> Value {
        assignee.map_or(Value::Null, |id| self.admin(id))
    }

    pub(super) fn conversation(
        &self,
        conversation: &Conversation,
        fields: &ConversationFields,
    ) -> Value {
        let part = |id: Option<u64>| id.and_then(|id| self.state.parts.get(&id));
        let reply_last = part(conversation.reply_last);
        let mut json = json!({
            "id": self.id(conversation.id),
            "created": moment(conversation.created),
            "replied": conversation.replied,
            "delayed_until": conversation.delayed_until.map(moment),
            "closed": conversation.closed,
            "message": conversation.message.map(|id| self.id(id)),
            "type": conversation.kind,
            "reply_type": "text",
            "removed": null,
            "reply_last_type": reply_last.map(|part| part.content.kind),
            "parts_count": conversation.parts.len(),
            "assignee": self.assignee(conversation.assignee),
            "sended_time": moment(conversation.created),
            "admin_unread_count": conversation.admin_unread,
            "user_unread_count": conversation.user_unread,
            "unread_parts_count": conversation.user_unread,
            "not_answered_admin_replies": conversation.not_answered,
            "replies_count": conversation.replies,
            "last_admin": conversation.last_admin.as_ref().map(|author| self.author(author)),
            "last_update": conversation.updated.div_euclid(1_000_000),
            "tags": conversation.tags,
            "important": false,
            "external_service": null,
            "external_id": null,
            "last_user_reply_time": conversation.last_user_reply.map(moment),
            "status": conversation.status,
            "assistant_type": conversation.assistant,
            "recipient_type": conversation.recipient,
        });
        if self.is_v1() {
            json["read"] = (conversation.user_unread == 0).into();
            json["clicked"] = false.into();
            json["unsubscribed"] = false.into();
        }
        let user = self.state.users.get(&conversation.user);
        if let Some(user) = user.filter(|_| fields.user) {
            let props = UserFields {
                props: true,
                ..UserFields::default()
            };
            json["user"] = self.user(user, &props);
        }
        if fields.channel {
            let channel = conversation.channel.map(|id| self.channel(id));
            json["channel"] = channel.unwrap_or_default();
        }
        for (name, wanted, part) in [
            ("part_last", fields.part_last, part(conversation.part_last)),
            (
                "important_part_last",
                fields.important_part_last,
                part(conversation.important_last),
            ),
            ("reply_last", fields.reply_last, reply_last),
        ] {
            if wanted {
                json[name] = part.map_or(Value::Null, |part| self.part(part));
            }
        }
        json
    }
}

impl UserFields {
    /// Those that a request switches on; `first` and `others` are on or off unless it says otherwise.
    pub(super) fn read(call: &Call, defaults: Self) -> Self {
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

impl ConversationFields {
    pub(super) const LISTED: Self = Self {
        user: true,
        channel: false,
        part_last: true,
        important_part_last: true,
        reply_last: true,
    };

    pub(super) const SINGLE: Self = Self {
        channel: true,
        ..Self::LISTED
    };

    /// Those that a request switches on. Only the documented `include_` names count: `channel`
    /// without it is a filter.
    pub(super) fn read(call: &Call, defaults: Self) -> Self {
        let on = |name, default| {
            let name = format!("include_{name}");
            call.parameters.flag(&name).unwrap_or(default)
        };
        Self {
            user: on("user", defaults.user),
            channel: on("channel", defaults.channel),
            part_last: on("part_last", defaults.part_last),
            important_part_last: on("important_part_last", defaults.important_part_last),
            reply_last: on("reply_last", defaults.reply_last),
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

/// Seconds since 1970, whole where they are.
fn moment(micros: i64) -> Value {
    let seconds = micros.div_euclid(1_000_000);
    let nanoseconds = u32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    let moment = Timestamp::new(seconds, nanoseconds);
    json!(moment.unwrap_or(Timestamp::from_seconds(seconds)))
}

/// A value of a property as a text; a text stays as it is.
fn as_text(value: Value) -> Value {
    match value {
        Value::String(_) => value,
        other => other.to_string().into(),
    }
}
