use serde::{Serialize, Serializer, de::IgnoredAny};
use serde_json::Value;

use super::{
    ConversationAssignment, ConversationClosing, ConversationTagging, ConversationTyping, Ping,
    PresenceChange, RealtimeChannel, presence_changes::PresenceChanges,
};
use crate::{Conversation, ConversationPart, Empty, Event, JsonError, serde_util::json};

/// What a realtime message says; `message` in the API. The channel says which one it is.
///
/// Source: <https://developers.carrotquest.io/rts/channels>
#[derive(Clone, Debug, PartialEq)]
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
    /// The user read a conversation, for both channels. As it came: the shape is not documented.
    ConversationRead(Value),
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
    /// An event of the user happened: without the user, and of its type the id and the name only.
    Event(Box<Event>),
    /// A message of a channel that this version of the crate does not know, as it came.
    Other(Value),
}

impl RealtimePayload {
    pub(super) fn read(channel: &RealtimeChannel, json: &str) -> Result<Self, JsonError> {
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
            Self::ConversationRead(json) | Self::Other(json) => json.serialize(serializer),
        }
    }
}
