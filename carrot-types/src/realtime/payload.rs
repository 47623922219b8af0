use serde::{Serialize, Serializer, de::IgnoredAny};
use serde_json::Value;

use super::{
    AppPresence, ConversationAssignment, ConversationClosing, ConversationFinish,
    ConversationNotice, ConversationParts, ConversationReading, ConversationTagging,
    ConversationTyping, Ping, PresenceChange, RealtimeChannel, Script, UserBan, UserMerge,
    UsersRemoval, presence_changes::PresenceChanges,
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
        Ok(match channel {
            RealtimeChannel::Ping => Self::Ping(json::read(json)?),
            RealtimeChannel::UserPresenceChanged(_) => {
                let PresenceChanges(changes) = json::read(json)?;
                Self::UserPresenceChanged(changes)
            }
            RealtimeChannel::Conversation(_) | RealtimeChannel::ConversationOfUser(..) => {
                Self::Conversation(json::read(json)?)
            }
            RealtimeChannel::ConversationStartedByUser(_) => {
                Self::ConversationStartedByUser(json::read(json)?)
            }
            RealtimeChannel::ConversationReply(_)
            | RealtimeChannel::ConversationReplyOfUser(..) => {
                Self::ConversationReply(json::read(json)?)
            }
            RealtimeChannel::ConversationTyping(_)
            | RealtimeChannel::ConversationTypingOfUser(..) => {
                Self::ConversationTyping(json::read(json)?)
            }
            RealtimeChannel::ConversationRead(_) | RealtimeChannel::ConversationReadOfUser(..) => {
                Self::ConversationRead(json::read(json)?)
            }
            RealtimeChannel::ConversationAssigned(_) => {
                Self::ConversationAssigned(json::read(json)?)
            }
            RealtimeChannel::ConversationClosed(_) => Self::ConversationClosed(json::read(json)?),
            RealtimeChannel::ConversationTagAdded(_) => {
                Self::ConversationTagAdded(json::read(json)?)
            }
            RealtimeChannel::ConversationTagDeleted(_) => {
                Self::ConversationTagDeleted(json::read(json)?)
            }
            RealtimeChannel::UserPropsChanged(..) => {
                let _: IgnoredAny = json::read(json)?;
                Self::UserPropsChanged
            }
            RealtimeChannel::ConversationPartsBatch(_)
            | RealtimeChannel::ConversationPartsBatchOfUser(..) => {
                Self::ConversationPartsBatch(json::read(json)?)
            }
            RealtimeChannel::MessageConversationStarted(..) => {
                Self::MessageConversationStarted(json::read(json)?)
            }
            RealtimeChannel::ConversationReplyChanged(..) => {
                Self::ConversationReplyChanged(json::read(json)?)
            }
            RealtimeChannel::ConversationNotify(..) => Self::ConversationNotify(json::read(json)?),
            RealtimeChannel::ChatBotConversationFinished(..) => {
                Self::ChatBotConversationFinished(json::read(json)?)
            }
            RealtimeChannel::UserMergeFinished(..) => Self::UserMergeFinished(json::read(json)?),
            RealtimeChannel::UserBan(..) => Self::UserBan(json::read(json)?),
            RealtimeChannel::RunScript(..) => Self::RunScript(json::read(json)?),
            RealtimeChannel::AppOnlineChanged(..) => Self::AppOnlineChanged(json::read(json)?),
            RealtimeChannel::UsersRemoved(_) | RealtimeChannel::UsersRemovedOfUser(..) => {
                Self::UsersRemoved(json::read(json)?)
            }
            RealtimeChannel::Event(..) => Self::Event(json::read(json)?),
            RealtimeChannel::Other(_) => Self::Other(json::read(json)?),
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
