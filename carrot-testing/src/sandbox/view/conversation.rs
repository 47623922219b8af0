use serde_json::{Value, json};

use super::{
    base::{View, exact_moment, moment},
    user::UserFields,
};
use crate::sandbox::{
    rules::call::Call,
    store::{Attachment, Author, Conversation, Part},
};

/// The values of `sent_via` that the page of v1 lists.
///
/// Source: <https://developers.dashly.io/objects/conversationpart/>
const SENT_VIA_OF_V1: [&str; 9] = [
    "web_user",
    "web_panel",
    "email_user",
    "email_admin",
    "app_android",
    "app_chrome",
    "app_desktop",
    "message_auto",
    "message_manual",
];

/// Which optional fields of a conversation are written.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct ConversationFields {
    pub(in crate::sandbox) user: bool,
    pub(in crate::sandbox) channel: bool,
    pub(in crate::sandbox) part_last: bool,
    pub(in crate::sandbox) important_part_last: bool,
    pub(in crate::sandbox) reply_last: bool,
}

impl ConversationFields {
    pub(in crate::sandbox) const LISTED: Self = Self {
        user: true,
        channel: false,
        part_last: true,
        important_part_last: true,
        reply_last: true,
    };

    const NONE: Self = Self {
        user: false,
        channel: false,
        part_last: false,
        important_part_last: false,
        reply_last: false,
    };

    pub(in crate::sandbox) const WITH_CHANNEL: Self = Self {
        channel: true,
        ..Self::NONE
    };

    pub(in crate::sandbox) const SINGLE: Self = Self {
        channel: true,
        ..Self::LISTED
    };

    /// Those that a request switches on. Only the documented `include_` names count: `channel`
    /// without it is a filter.
    pub(in crate::sandbox) fn read(call: &Call, defaults: Self) -> Self {
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

impl View<'_> {
    pub(in crate::sandbox) fn part(&self, part: &Part) -> Value {
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
        // v1 has no name for what a token wrote, and documents that the field may be missing.
        if self.is_v1() && !SENT_VIA_OF_V1.contains(&&*content.sent_via) {
            if let Some(fields) = json.as_object_mut() {
                fields.remove("sent_via");
            }
        }
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

    /// A part in a response, with the whole conversation where the request asked for it.
    pub(in crate::sandbox) fn part_of(&self, call: &Call, part: &Part) -> Value {
        let mut json = self.part(part);
        let conversation = self.store.conversations.get(&part.conversation);
        if let Some(conversation) =
            conversation.filter(|_| call.parameters.is_set("include_conversation"))
        {
            json["conversation"] = self.conversation(conversation, &ConversationFields::NONE);
        }
        json
    }

    fn attachment(&self, file: &Attachment) -> Value {
        let app = self.store.app.id;
        json!({
            "id": self.id(file.id),
            "type": if file.is_voice { "voice" } else { "file" },
            "filename": file.filename,
            "mime_type": file.mime_type,
            "size": file.size,
            "url": format!("https://files.carrotquest.io/attachments/{app}/{}", file.id),
            "created": exact_moment(file.created),
        })
    }

    fn assignee(&self, assignee: Option<u64>) -> Value {
        assignee.map_or(Value::Null, |id| self.admin(id))
    }

    pub(in crate::sandbox) fn conversation(
        &self,
        conversation: &Conversation,
        fields: &ConversationFields,
    ) -> Value {
        let part = |id: Option<u64>| id.and_then(|id| self.store.parts.get(&id));
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
            "reply_last_type": reply_last.map(|part| &part.content.kind),
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
            // Of the first message; the author of the conversation has read it.
            let first = part(conversation.parts.first().copied());
            let is_read = |part: &Part| part.read || matches!(part.content.author, Author::User(_));
            json["read"] = first.is_some_and(is_read).into();
            json["clicked"] = false.into();
            json["unsubscribed"] = false.into();
        }
        let user = self.store.users.get(&conversation.user);
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
