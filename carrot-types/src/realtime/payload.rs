use serde::{
    Serialize, Serializer,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;

use super::{
    AppPresence, ConversationAssignment, ConversationClosing, ConversationFinish,
    ConversationNotice, ConversationParts, ConversationReading, ConversationTagging,
    ConversationTyping, Ping, PresenceChange, RealtimeChannel, Script, UserBan, UserMerge,
    UsersRemoval, lenient_payload::Lenient,
};
use crate::{Conversation, ConversationPart, Empty, Event, JsonError, serde_util::json};

/// What a realtime message says; `message` in the API. The channel says which one it is.
///
/// Source: <https://developers.carrotquest.io/rts/channels>
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum RealtimePayload {
    /// A sign of life.
    Ping(Ping),
    /// Users came, fell idle or went.
    UserPresenceChanged(Vec<PresenceChange>),
    /// A conversation started, for both channels; that of one user has less.
    Conversation(Box<Conversation>),
    /// A user started a conversation.
    ConversationStartedByUser(Box<Conversation>),
    /// A part was added to a conversation, for both channels. `assignee` is the operator of the
    /// conversation, which the channel of one user does not have; `random_id` tells parts of your own.
    ConversationReply(Box<ConversationPart>),
    /// Somebody types, for both channels.
    ConversationTyping(ConversationTyping),
    /// The user read a conversation, for both channels.
    ConversationRead(ConversationReading),
    /// A conversation was assigned, or is assigned to nobody any more.
    ConversationAssigned(ConversationAssignment),
    /// A conversation was closed.
    ConversationClosed(ConversationClosing),
    /// A tag was added to a conversation.
    ConversationTagAdded(ConversationTagging),
    /// A tag was removed from a conversation.
    ConversationTagDeleted(ConversationTagging),
    /// Properties of the user changed. Which ones is not said; ask for the user.
    UserPropsChanged,
    /// Parts were added to a conversation.
    ConversationPartsBatch(ConversationParts),
    /// A message started a conversation with the user.
    MessageConversationStarted(ConversationParts),
    /// A part was edited or deleted: the part as it is now.
    ConversationReplyChanged(Box<ConversationPart>),
    /// The chat of the user must show or hide something.
    ConversationNotify(ConversationNotice),
    /// A bot finished a conversation.
    ChatBotConversationFinished(ConversationFinish),
    /// The operators of the site went online or offline.
    AppOnlineChanged(AppPresence),
    /// The user became another one.
    UserMergeFinished(UserMerge),
    /// Users were deleted, for both channels.
    UsersRemoved(UsersRemoval),
    /// The user was banned, or is no longer.
    UserBan(UserBan),
    /// The page of the user must run a script.
    RunScript(Script),
    /// An event of the user happened: without the user, and of its type the id and the name only.
    Event(Box<Event>),
    /// A message of a channel that this version of the crate does not know, as it came. It may hold
    /// secrets, so `Debug` shows names and types, and no value.
    Other(Value),
}

/// What a payload is read from.
pub(super) trait Source {
    type Error;

    fn read<T: DeserializeOwned>(self) -> Result<T, Self::Error>;
}

impl Source for &str {
    type Error = JsonError;

    fn read<T: DeserializeOwned>(self) -> Result<T, JsonError> {
        json::read(self)
    }
}

impl RealtimePayload {
    /// Reads a bare payload, which stands in `message` of the envelope, as messages of `channel` have it.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or not that of such a payload; the error names the place.
    ///
    /// ```
    /// use carrot_types::{AppId, realtime::{RealtimeChannel, RealtimePayload}};
    ///
    /// let channel = RealtimeChannel::ConversationClosed(AppId::new(100));
    /// let payload = RealtimePayload::parse(&channel, r#"{"conversation": 7179725}"#)?;
    /// assert!(matches!(payload, RealtimePayload::ConversationClosed(_)));
    /// # Ok::<(), carrot_types::JsonError>(())
    /// ```
    pub fn parse(channel: &RealtimeChannel, json: &str) -> Result<Self, JsonError> {
        Self::read(channel, json)
    }

    pub(super) fn read<S: Source>(channel: &RealtimeChannel, source: S) -> Result<Self, S::Error> {
        Ok(match channel {
            RealtimeChannel::Ping => {
                let Lenient(ping) = source.read::<Lenient<Option<Ping>>>()?;
                Self::Ping(ping.unwrap_or_default())
            }
            RealtimeChannel::UserPresenceChanged(_) => {
                let Lenient(changes) = source.read()?;
                Self::UserPresenceChanged(changes)
            }
            RealtimeChannel::Conversation(_) | RealtimeChannel::ConversationOfUser(..) => {
                Self::Conversation(source.read()?)
            }
            RealtimeChannel::ConversationStartedByUser(_) => {
                Self::ConversationStartedByUser(source.read()?)
            }
            RealtimeChannel::ConversationReply(_)
            | RealtimeChannel::ConversationReplyOfUser(..) => {
                Self::ConversationReply(source.read()?)
            }
            RealtimeChannel::ConversationTyping(_)
            | RealtimeChannel::ConversationTypingOfUser(..) => {
                Self::ConversationTyping(source.read()?)
            }
            RealtimeChannel::ConversationRead(_) | RealtimeChannel::ConversationReadOfUser(..) => {
                Self::ConversationRead(source.read()?)
            }
            RealtimeChannel::ConversationAssigned(_) => Self::ConversationAssigned(source.read()?),
            RealtimeChannel::ConversationClosed(_) => Self::ConversationClosed(source.read()?),
            RealtimeChannel::ConversationTagAdded(_) => Self::ConversationTagAdded(source.read()?),
            RealtimeChannel::ConversationTagDeleted(_) => {
                Self::ConversationTagDeleted(source.read()?)
            }
            RealtimeChannel::UserPropsChanged(..) => {
                let _: IgnoredAny = source.read()?;
                Self::UserPropsChanged
            }
            RealtimeChannel::ConversationPartsBatch(_)
            | RealtimeChannel::ConversationPartsBatchOfUser(..) => {
                Self::ConversationPartsBatch(source.read()?)
            }
            RealtimeChannel::MessageConversationStarted(..) => {
                Self::MessageConversationStarted(source.read()?)
            }
            RealtimeChannel::ConversationReplyChanged(..) => {
                Self::ConversationReplyChanged(source.read()?)
            }
            RealtimeChannel::ConversationNotify(..) => Self::ConversationNotify(source.read()?),
            RealtimeChannel::ChatBotConversationFinished(..) => {
                Self::ChatBotConversationFinished(source.read()?)
            }
            RealtimeChannel::UserMergeFinished(..) => Self::UserMergeFinished(source.read()?),
            RealtimeChannel::UserBan(..) => Self::UserBan(source.read()?),
            RealtimeChannel::RunScript(..) => Self::RunScript(source.read()?),
            RealtimeChannel::AppOnlineChanged(..) => Self::AppOnlineChanged(source.read()?),
            RealtimeChannel::UsersRemoved(_) | RealtimeChannel::UsersRemovedOfUser(..) => {
                Self::UsersRemoved(source.read()?)
            }
            RealtimeChannel::Event(..) => Self::Event(source.read()?),
            RealtimeChannel::Other(_) => Self::Other(source.read()?),
        })
    }

    /// True when messages of the channel say this.
    pub(super) fn fits(&self, channel: &RealtimeChannel) -> bool {
        use RealtimeChannel as C;
        matches!(
            (self, channel),
            (Self::Ping(_), C::Ping)
                | (Self::UserPresenceChanged(_), C::UserPresenceChanged(_))
                | (
                    Self::Conversation(_),
                    C::Conversation(_) | C::ConversationOfUser(..)
                )
                | (
                    Self::ConversationStartedByUser(_),
                    C::ConversationStartedByUser(_)
                )
                | (
                    Self::ConversationReply(_),
                    C::ConversationReply(_) | C::ConversationReplyOfUser(..)
                )
                | (
                    Self::ConversationTyping(_),
                    C::ConversationTyping(_) | C::ConversationTypingOfUser(..)
                )
                | (
                    Self::ConversationRead(_),
                    C::ConversationRead(_) | C::ConversationReadOfUser(..)
                )
                | (Self::ConversationAssigned(_), C::ConversationAssigned(_))
                | (Self::ConversationClosed(_), C::ConversationClosed(_))
                | (Self::ConversationTagAdded(_), C::ConversationTagAdded(_))
                | (
                    Self::ConversationTagDeleted(_),
                    C::ConversationTagDeleted(_)
                )
                | (Self::UserPropsChanged, C::UserPropsChanged(..))
                | (
                    Self::ConversationPartsBatch(_),
                    C::ConversationPartsBatch(_) | C::ConversationPartsBatchOfUser(..)
                )
                | (
                    Self::MessageConversationStarted(_),
                    C::MessageConversationStarted(..)
                )
                | (
                    Self::ConversationReplyChanged(_),
                    C::ConversationReplyChanged(..)
                )
                | (Self::ConversationNotify(_), C::ConversationNotify(..))
                | (
                    Self::ChatBotConversationFinished(_),
                    C::ChatBotConversationFinished(..)
                )
                | (Self::UserMergeFinished(_), C::UserMergeFinished(..))
                | (Self::UserBan(_), C::UserBan(..))
                | (Self::RunScript(_), C::RunScript(..))
                | (Self::AppOnlineChanged(_), C::AppOnlineChanged(..))
                | (
                    Self::UsersRemoved(_),
                    C::UsersRemoved(_) | C::UsersRemovedOfUser(..)
                )
                | (Self::Event(_), C::Event(..))
                | (Self::Other(_), C::Other(_))
        )
    }
}

impl Serialize for RealtimePayload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ping(ping) => ping.serialize(serializer),
            Self::UserPresenceChanged(changes) => changes.serialize(serializer),
            Self::Conversation(conversation) | Self::ConversationStartedByUser(conversation) => {
                conversation.serialize(serializer)
            }
            Self::ConversationReply(part) => part.serialize(serializer),
            Self::ConversationTyping(typing) => typing.serialize(serializer),
            Self::ConversationAssigned(assignment) => assignment.serialize(serializer),
            Self::ConversationClosed(closing) => closing.serialize(serializer),
            Self::ConversationTagAdded(tagging) | Self::ConversationTagDeleted(tagging) => {
                tagging.serialize(serializer)
            }
            Self::UserPropsChanged => Empty::new().serialize(serializer),
            Self::Event(event) => event.serialize(serializer),
            Self::ConversationRead(reading) => reading.serialize(serializer),
            Self::ConversationPartsBatch(parts) | Self::MessageConversationStarted(parts) => {
                parts.serialize(serializer)
            }
            Self::ConversationReplyChanged(part) => part.serialize(serializer),
            Self::ConversationNotify(notice) => notice.serialize(serializer),
            Self::ChatBotConversationFinished(finish) => finish.serialize(serializer),
            Self::AppOnlineChanged(presence) => presence.serialize(serializer),
            Self::UserMergeFinished(merge) => merge.serialize(serializer),
            Self::UsersRemoved(removal) => removal.serialize(serializer),
            Self::UserBan(ban) => ban.serialize(serializer),
            Self::RunScript(script) => script.serialize(serializer),
            Self::Other(json) => json.serialize(serializer),
        }
    }
}
