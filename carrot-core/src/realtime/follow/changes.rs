//! What messages say of a conversation.

use std::collections::BTreeMap;

use carrot_types::{
    Admin, Author, Conversation, ConversationPart, Nullable, PartType, realtime::RealtimePayload,
};

use crate::realtime::Position;

type Change<T> = Option<(Position, T)>;

/// The last change of each kind. Channels come in no order, so each kind has a position of its own. All are absolute
/// values: applying one twice does no harm.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    assignee: Change<Nullable<Admin>>,
    closed: Change<bool>,
    tags: BTreeMap<String, (Position, bool)>,
    part: Change<Box<ConversationPart>>,
    reply: Change<Box<ConversationPart>>,
    /// The user has read everything.
    read: Change<()>,
}

fn set<T>(change: &mut Change<T>, at: Position, value: T) {
    if change.as_ref().is_none_or(|(before, _)| *before <= at) {
        *change = Some((at, value));
    }
}

impl Changes {
    pub(super) fn add(&mut self, at: Position, payload: RealtimePayload) {
        match payload {
            RealtimePayload::ConversationReply(part) => self.part(at, part),
            RealtimePayload::ConversationAssigned(change) => self.assigned(at, change.assignee),
            RealtimePayload::ConversationClosed(_) => set(&mut self.closed, at, true),
            RealtimePayload::ConversationTagAdded(change) => self.tagged(at, change.tag, true),
            RealtimePayload::ConversationTagDeleted(change) => self.tagged(at, change.tag, false),
            RealtimePayload::ConversationRead(_) => set(&mut self.read, at, ()),
            _ => {}
        }
    }

    fn assigned(&mut self, at: Position, assignee: Nullable<Admin>) {
        if assignee != Nullable::Absent {
            set(&mut self.assignee, at, assignee);
        }
    }

    fn tagged(&mut self, at: Position, tag: String, added: bool) {
        let before = self.tags.get(&tag);
        if before.is_none_or(|(before, _)| *before <= at) {
            self.tags.insert(tag, (at, added));
        }
    }

    fn part(&mut self, at: Position, part: Box<ConversationPart>) {
        // That of the conversation, in messages.
        self.assigned(at, part.assignee.clone());
        match (&part.kind, &part.tag) {
            // The service opens a closed conversation when the user writes.
            (Some(PartType::ReplyUser | PartType::Opened), _) => set(&mut self.closed, at, false),
            (Some(PartType::Closed | PartType::FinalClosed), _) => set(&mut self.closed, at, true),
            (Some(PartType::TagAdded), Some(tag)) => self.tagged(at, tag.clone(), true),
            (Some(PartType::TagDeleted), Some(tag)) => self.tagged(at, tag.clone(), false),
            _ => {}
        }
        if part.kind.as_ref().is_some_and(is_reply) {
            set(&mut self.reply, at, part.clone());
        }
        set(&mut self.part, at, part);
    }

    /// Takes out the changes at the positions that fit.
    pub(super) fn take(&mut self, fits: impl Fn(Position) -> bool) -> Self {
        let mut taken = self.clone();
        taken.retain(&fits);
        self.retain(|at| !fits(at));
        taken
    }

    pub(super) fn retain(&mut self, keep: impl Fn(Position) -> bool) {
        fn retain<T>(change: &mut Change<T>, keep: impl Fn(Position) -> bool) {
            change.take_if(|(at, _)| !keep(*at));
        }
        retain(&mut self.assignee, &keep);
        retain(&mut self.closed, &keep);
        retain(&mut self.part, &keep);
        retain(&mut self.reply, &keep);
        retain(&mut self.read, &keep);
        self.tags.retain(|_, (at, _)| keep(*at));
    }

    pub(super) fn apply(&self, to: &mut Conversation) {
        if let Some((_, assignee)) = &self.assignee {
            to.assignee.clone_from(assignee);
        }
        if let Some((_, closed)) = self.closed {
            to.closed = Some(closed);
        }
        for (tag, (_, added)) in &self.tags {
            match added {
                true if !to.tags.contains(tag) => to.tags.push(tag.clone()),
                true => {}
                false => to.tags.retain(|one| one != tag),
            }
        }
        if let Some((_, reply)) = &self.reply {
            if is_newer(reply, to.reply_last.as_deref()) {
                replied(to, reply);
            }
        }
        if let Some((_, part)) = &self.part {
            if is_newer(part, to.part_last.as_deref()) {
                added(to, part);
            }
        }
        let part_at = self.part.as_ref().map(|(at, _)| *at);
        if self
            .read
            .is_some_and(|(read_at, ())| part_at < Some(read_at))
        {
            to.user_unread_count = Some(0);
            to.unread_parts_count = Some(0);
        }
    }
}

/// Whether a part is what people write to each other.
fn is_reply(kind: &PartType) -> bool {
    matches!(
        kind,
        PartType::ReplyUser
            | PartType::ReplyAdmin
            | PartType::ReplyDjangoUser
            | PartType::AutoReply
            | PartType::Article
    )
}

/// Both are dated by the clock of the API.
fn is_newer(part: &ConversationPart, last: Option<&ConversationPart>) -> bool {
    last.is_none_or(|last| part.id != last.id && part.created >= last.created)
}

fn replied(to: &mut Conversation, reply: &ConversationPart) {
    to.reply_last = Some(Box::new(reply.clone()));
    to.reply_last_type.clone_from(&reply.kind);
    if reply.kind == Some(PartType::ReplyUser) {
        to.replied = Some(true);
        to.last_user_reply_time = reply.created.map(Into::into);
    }
}

fn added(to: &mut Conversation, part: &ConversationPart) {
    to.part_last = Some(Box::new(part.clone()));
    to.last_update = to.last_update.max(part.created);
    if let Some(Author::Admin(admin)) = &part.from {
        to.last_admin = Some(admin.clone());
    }
    // What the service counted is not known any more, nor which part it calls important.
    to.important_part_last = None;
    to.parts_count = None;
    to.replies_count = None;
    to.admin_unread_count = None;
    to.user_unread_count = None;
    to.unread_parts_count = None;
    to.not_answered_admin_replies = None;
}
