//! Methods that read the state without a request: no time passes and nothing is counted.

use std::collections::BTreeSet;

use carrot_core::types::{
    Admin, AdminId, AdminType, Author, Channel, ChannelId, Conversation, ConversationId,
    ConversationPart, Event, EventId, EventType, EventTypeId, ImportReport, MessageId, PartId,
    SentMessage, Timestamp, User, UserId, UserTag, UserTagId,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    service::Sandbox,
    store::{Part, Store, User as UserRecord},
    view::{ConversationFields, UserFields, View},
};

const EVERYTHING: UserFields = UserFields {
    props: true,
    props_custom: true,
    props_events: true,
    presence_details: true,
    events: true,
    segments: true,
    notes: true,
    tags: true,
    email_status: true,
    timezone_offset: true,
    props_as_text: false,
};

/// Somebody typed in a conversation: a request to `settyping`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Typing {
    /// The conversation.
    pub conversation: ConversationId,
    /// The author: the user, an operator, or a bot.
    pub author: Author,
    /// What stood in the field; v1 need not say.
    pub body: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A record as the models hold it. They take all that the sandbox writes, which a property test holds
/// it to; were it otherwise, the record would be there with its id alone.
fn read<T: DeserializeOwned>(json: Value, by_id: impl FnOnce() -> T) -> T {
    serde_json::from_value(json).unwrap_or_else(|_| by_id())
}

fn user(view: &View<'_>, id: u64, record: &UserRecord) -> User {
    read(view.user(record, &EVERYTHING), || {
        User::new(UserId::new(id))
    })
}

fn conversation(view: &View<'_>, id: u64) -> Option<Conversation> {
    let record = view.store.conversations.get(&id)?;
    let json = view.conversation(record, &ConversationFields::SINGLE);
    let by_id = || Conversation::new(ConversationId::new(id));
    Some(read(json, by_id))
}

fn part(view: &View<'_>, part: &Part) -> ConversationPart {
    let by_id = || ConversationPart::new(PartId::new(part.id));
    read(view.part(part), by_id)
}

/// All records are those that v2 sends, with every optional field: the models that a client
/// reads.
impl Sandbox {
    fn read<T>(&self, at: impl FnOnce(&View<'_>) -> T) -> T {
        let state: &Store = &self.service().store;
        at(&View::plain(state))
    }

    /// Returns every user, oldest first, leads or not: with properties, tags, notes, presence, the state of
    /// the e-mail address, and what is counted of their events.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.read(|view| {
            let users = view.store.users.iter();
            users.map(|(id, record)| user(view, *id, record)).collect()
        })
    }

    /// Returns a user by the service's id.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<User> {
        let id = id.get();
        self.read(|view| Some(user(view, id, view.store.users.get(&id)?)))
    }

    /// Returns the service's id of the user with an external id.
    #[must_use]
    pub fn user_id(&self, external: &str) -> Option<UserId> {
        let service = self.service();
        let state = &service.store;
        state.by_external.get(external).copied().map(UserId::new)
    }

    /// Returns the events of a user, oldest first.
    #[must_use]
    pub fn events(&self, user: UserId) -> Vec<Event> {
        let user = user.get();
        self.read(|view| {
            let user = view.store.users.get(&user);
            let events = user.into_iter().flat_map(|user| &user.events);
            events
                .filter_map(|id| view.store.events.get(id))
                .map(|event| {
                    let by_id = || Event::new(EventId::new(event.id));
                    read(view.event(event, false), by_id)
                })
                .collect()
        })
    }

    /// Returns the types that events had so far, by their names.
    #[must_use]
    pub fn event_types(&self) -> Vec<EventType> {
        self.read(|view| {
            let ids = view.store.event_types.values();
            ids.map(|id| {
                read(view.event_type(*id), || {
                    EventType::new(EventTypeId::new(*id))
                })
            })
            .collect()
        })
    }

    /// Returns the tags that users ever had, by their names.
    #[must_use]
    pub fn user_tags(&self) -> Vec<UserTag> {
        self.read(|view| {
            let tags = view.store.user_tags.iter();
            tags.map(|(name, id)| {
                let by_id = || UserTag::new(UserTagId::new(*id));
                read(view.user_tag(name), by_id)
            })
            .collect()
        })
    }

    /// Returns every conversation, those with the oldest change first.
    #[must_use]
    pub fn conversations(&self) -> Vec<Conversation> {
        self.read(|view| {
            let recent = view.store.recent.keys();
            recent
                .filter_map(|(_, id)| conversation(view, *id))
                .collect()
        })
    }

    /// Returns a conversation.
    #[must_use]
    pub fn conversation(&self, id: ConversationId) -> Option<Conversation> {
        self.read(|view| conversation(view, id.get()))
    }

    /// Returns the parts of a conversation, oldest first.
    #[must_use]
    pub fn parts(&self, conversation: ConversationId) -> Vec<ConversationPart> {
        let conversation = conversation.get();
        self.read(|view| {
            let conversation = view.store.conversations.get(&conversation);
            let parts = conversation.into_iter().flat_map(|one| &one.parts);
            parts
                .filter_map(|id| view.store.parts.get(id))
                .map(|record| part(view, record))
                .collect()
        })
    }

    /// Returns the messages that `sendmessage` sent, oldest first. Their texts are in the
    /// [parts](Self::parts) of the conversations that they started.
    #[must_use]
    pub fn messages(&self) -> Vec<SentMessage> {
        let service = self.service();
        let state = &service.store;
        let mut sent: Vec<(u64, u64)> = state
            .conversations
            .values()
            .filter_map(|one| Some((one.message?, one.id)))
            .collect();
        sent.sort_unstable();
        sent.into_iter()
            .map(|(message, conversation)| {
                SentMessage::new(ConversationId::new(conversation), MessageId::new(message))
            })
            .collect()
    }

    /// Returns the typing signals of all conversations, oldest first.
    #[must_use]
    pub fn typing(&self) -> Vec<Typing> {
        self.read(|view| {
            let typing = view.store.typing.iter();
            typing
                .map(|one| Typing {
                    conversation: ConversationId::new(one.conversation),
                    author: read(view.author(&one.author), || Author::Other(Value::Null)),
                    body: one.body.clone(),
                    at: Timestamp::from_seconds(one.at.div_euclid(1_000_000)),
                })
                .collect()
        })
    }

    /// Returns the reports of the imports, oldest first.
    #[must_use]
    pub fn imports(&self) -> Vec<ImportReport> {
        self.service().store.imports.clone()
    }

    /// Returns the operators.
    #[must_use]
    pub fn admins(&self) -> Vec<Admin> {
        self.read(|view| {
            let operators = view.store.app.operators.iter();
            operators
                .map(|one| {
                    let by_id = || {
                        Admin::new()
                            .with_id(AdminId::new(one.id))
                            .with_kind(AdminType::Admin)
                    };
                    read(view.admin(one.id), by_id)
                })
                .collect()
        })
    }

    /// Returns the channels, with what is counted of their conversations.
    #[must_use]
    pub fn channels(&self) -> Vec<Channel> {
        self.read(|view| {
            let ids = view.store.app.channels.iter().map(|one| one.id);
            let channels = view.channels().into_iter().zip(ids);
            channels
                .map(|(json, id)| read(json, || Channel::new(ChannelId::new(id))))
                .collect()
        })
    }

    /// Returns the scopes of the token, by the vendor's names.
    #[must_use]
    pub fn scopes(&self) -> BTreeSet<String> {
        self.service().store.app.scopes.clone()
    }

    /// Returns the number of requests received, rejected ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.service().store.requests
    }

    /// Returns the number of requests of the last minute that count against the
    /// [limit](crate::sandbox::SandboxBuilder::rate_limit); 0 without a limit.
    #[must_use]
    pub fn requests_in_minute(&self) -> usize {
        let mut service = self.service();
        let state = &mut service.store;
        state.forget_old_requests();
        state.minute.len()
    }

    /// Returns the time of the sandbox, in whole seconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.service().store.now().div_euclid(1_000_000))
    }
}
