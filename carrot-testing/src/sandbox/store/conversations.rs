//! How conversations grow.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    base::{Notice, Store},
    records::{Attachment, Author, Conversation, Draft, Facts, Part, Word},
};
use crate::sandbox::rules::attachment::File;

/// The assistants that the list of conversations filters by.
pub(in crate::sandbox) const ASSISTANTS: [&str; 7] = [
    "dialogflow",
    "yandex_ai",
    "lead_bot",
    "routing_bot",
    "facebook_bot",
    "telegram_bot",
    "widget_bot",
];

impl Draft {
    /// A part without content.
    pub(in crate::sandbox) fn new(kind: impl Into<Word>, author: Author) -> Self {
        let sent_via = if matches!(author, Author::User(_)) {
            "web_user"
        } else {
            "api"
        };
        Self {
            kind: kind.into(),
            author,
            sent_via: sent_via.into(),
            body: String::new(),
            body_json: json!({}),
            actions: Value::Null,
            attachments: Vec::new(),
            external_id: None,
            random_id: 0,
            tag: None,
            assignee: None,
        }
    }

    pub(in crate::sandbox) fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    pub(in crate::sandbox) fn random_id(mut self, random_id: i64) -> Self {
        self.random_id = random_id;
        self
    }
}

impl Facts {
    /// The bits of tags: none for none.
    pub(in crate::sandbox) fn bits(tags: &[String]) -> u64 {
        tags.iter().fold(0, |bits, tag| {
            let bytes = tag.bytes();
            let hash = bytes.fold(0_u32, |hash, byte| {
                hash.wrapping_mul(31).wrapping_add(byte.into())
            });
            bits | 1 << (hash % 64)
        })
    }
}

/// What a part is to the counters of its conversation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    ByUser,
    ToUser,
    /// Notes and system parts, which the user does not see.
    Internal,
}

impl Role {
    fn of(kind: &str) -> Self {
        match kind {
            "reply_user" => Self::ByUser,
            "reply_admin" | "auto_reply" | "article" => Self::ToUser,
            _ => Self::Internal,
        }
    }
}

impl Store {
    /// A conversation without parts. One that a message starts stays out of the common list until the
    /// user replies.
    pub(in crate::sandbox) fn start_conversation(
        &mut self,
        user: u64,
        kind: &'static str,
        message: Option<u64>,
    ) -> u64 {
        let id = self.ids.next_conversation();
        let updated = self.time.stamp();
        let conversation = Conversation {
            id,
            user,
            created: self.now(),
            updated,
            kind: kind.into(),
            message,
            status: message.map(|_| "sent".into()),
            replied: false,
            closed: false,
            delayed_until: None,
            assignee: None,
            assistant: None,
            channel: None,
            recipient: "web".into(),
            tags: Vec::new(),
            group: None,
            parts: BTreeSet::new(),
            part_last: None,
            important_last: None,
            reply_last: None,
            last_admin: None,
            last_user_reply: None,
            has_user_reply: false,
            replies: 0,
            admin_unread: 0,
            user_unread: 0,
            not_answered: 0,
        };
        self.conversations.insert(id, conversation);
        self.change_user(user, |user| user.conversations.insert((updated, id)));
        self.note_facts(id);
        self.notices.push(Notice::Started(id));
        id
    }

    /// Adds a part, brings everything that depends on it up to date, and tells the webhooks of it
    /// where it is a message. Returns the id of the part, or 0 where there is no such conversation.
    pub(in crate::sandbox) fn append(&mut self, conversation: u64, content: Draft) -> u64 {
        let is_message = Role::of(&content.kind) != Role::Internal;
        let part = self.append_unheard(conversation, content);
        self.notices.push(match is_message {
            true => Notice::Message(part),
            false => Notice::System(part),
        });
        part
    }

    /// As [`append`](Self::append), for parts of the initial state.
    pub(in crate::sandbox) fn append_unheard(&mut self, conversation: u64, content: Draft) -> u64 {
        let now = self.now();
        self.touch(conversation);
        let Some(open_group) = self.conversations.get(&conversation).map(|one| one.group) else {
            return 0;
        };
        let group = open_group.unwrap_or_else(|| self.ids.next_group());
        let id = self.ids.next_part();
        let role = Role::of(&content.kind);
        if role == Role::ByUser {
            // The author of a part has read what came before.
            self.mark_read(conversation);
        }
        let Some(record) = self.conversations.get_mut(&conversation) else {
            return 0;
        };
        record.group = Some(group);
        record.part_last = Some(id);
        match role {
            Role::ByUser => {
                record.replied = true;
                record.closed = false;
                record.has_user_reply = true;
                record.last_user_reply = Some(now);
                record.admin_unread += 1;
                record.not_answered = 0;
            }
            Role::ToUser => {
                record.user_unread += 1;
                record.admin_unread = 0;
                record.not_answered += 1;
            }
            Role::Internal => {}
        }
        if role != Role::Internal {
            record.important_last = Some(id);
            record.reply_last = Some(id);
            record.replies += 1;
        }
        if !matches!(content.author, Author::User(_)) {
            record.last_admin = Some(content.author.clone());
        }
        let part = Part {
            id,
            conversation,
            group,
            created: now,
            first: record.parts.is_empty(),
            read: role == Role::Internal,
            content,
        };
        record.parts.insert(id);
        self.parts.insert(id, part);
        self.note_facts(conversation);
        id
    }

    /// Notes what the list filters by. Whatever changes a conversation ends with this.
    pub(in crate::sandbox) fn note_facts(&mut self, conversation: u64) {
        let Some(record) = self.conversations.get(&conversation) else {
            return;
        };
        let reply = record.reply_last.and_then(|id| self.parts.get(&id));
        let assistant = record.assistant.as_deref();
        let facts = Facts {
            replied: record.replied,
            closed: record.closed,
            answered: reply.is_some_and(|part| part.content.kind != "reply_user"),
            delayed_until: record.delayed_until,
            assignee: record.assignee,
            channel: record.channel,
            assistant: ASSISTANTS.into_iter().find(|one| Some(*one) == assistant),
            tags: Facts::bits(&record.tags),
        };
        self.recent.insert((record.updated, conversation), facts);
    }

    /// The conversation changed just now: it moves to the top of the lists.
    pub(in crate::sandbox) fn touch(&mut self, conversation: u64) {
        let updated = self.time.stamp();
        let Some(record) = self.conversations.get_mut(&conversation) else {
            return;
        };
        let before = std::mem::replace(&mut record.updated, updated);
        let user = record.user;
        self.recent.remove(&(before, conversation));
        self.note_facts(conversation);
        self.change_user(user, |user| {
            user.conversations.remove(&(before, conversation));
            user.conversations.insert((updated, conversation));
        });
    }

    /// The user has read everything.
    pub(in crate::sandbox) fn mark_read(&mut self, conversation: u64) {
        let Some(record) = self.conversations.get_mut(&conversation) else {
            return;
        };
        let unread = usize::try_from(std::mem::take(&mut record.user_unread)).unwrap_or(0);
        let parts = &mut self.parts;
        let mut left = unread;
        for id in record.parts.iter().rev() {
            if left == 0 {
                break;
            }
            if let Some(part) = parts.get_mut(id) {
                if Role::of(&part.content.kind) == Role::ToUser && !part.read {
                    part.read = true;
                    left -= 1;
                }
            }
        }
    }

    /// Changes the operator of a conversation and returns the part that tells of it; `None` when it
    /// was so already.
    pub(in crate::sandbox) fn assign(
        &mut self,
        conversation: u64,
        assignee: Option<u64>,
        by: Author,
        random_id: i64,
    ) -> Option<u64> {
        let record = self.conversations.get_mut(&conversation)?;
        if record.assignee == assignee {
            return None;
        }
        record.assignee = assignee;
        let mut draft = Draft::new("assigned", by).random_id(random_id);
        draft.assignee = Some(assignee);
        Some(self.append(conversation, draft))
    }
}

impl Store {
    pub(in crate::sandbox) fn attach(&mut self, file: File) -> Attachment {
        Attachment {
            id: self.ids.next_attachment(),
            filename: file.name,
            mime_type: file.mime_type,
            size: file.size,
            is_voice: file.is_voice,
            created: self.now(),
        }
    }
}
