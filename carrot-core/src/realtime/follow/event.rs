use std::fmt;

use carrot_types::{Conversation, ConversationId, realtime::RealtimeError};

use crate::{
    Error,
    realtime::{Down, Gap, ListenError},
};

/// An event of a [`ConversationFollower`](super::ConversationFollower).
#[derive(Debug)]
#[non_exhaustive]
pub enum FollowEvent {
    /// The open conversations are listed. Once, before the first [`Changed`](Self::Changed).
    Ready,
    /// A conversation is new or changed: its state now. If it is closed, it is not among the
    /// [open ones](super::ConversationFollower::conversations) any more.
    ///
    /// After a new part its counts, such as `admin_unread_count`, are `None`, since no message of the realtime
    /// service has them. Read the conversation to get them.
    Changed(Box<Conversation>),
    /// A conversation was deleted, or is not shown to operators any more.
    Removed(ConversationId),
    /// Nothing is missing now. After the start, again after each [`Gap`](Self::Gap), [`Down`](Self::Down) and
    /// [`Unreadable`](Self::Unreadable), and after a list that a message without a conversation asked for.
    UpToDate,
    /// Messages of the realtime service are missing. The follower reads the conversations that changed since.
    Gap(Gap),
    /// The connection to the realtime service is lost; the follower reconnects.
    Down(Down),
    /// Conversations could not be read; the follower tries again after a pause of at most a minute, or after the
    /// time that the service asks for, up to a day. A conversation that fails alone delays no other; many that fail
    /// together wait two seconds for each of them where that is longer. After a failed list, and a status of 429,
    /// everything waits. With [`Error::record_index`], a listed conversation cannot be decoded and is left out.
    Failed(Error),
    /// A message of the realtime service cannot be decoded. After 10 seconds the follower lists the conversations
    /// that changed since, one list for all such messages of that time; later if a list or a pause is under way, and
    /// not before 10 seconds after the last list. A [`Gap`](Self::Gap) starts the list at once.
    Unreadable(RealtimeError),
}

/// The error that ends a follower: the service rejects the token, its scopes or the channels.
#[derive(Debug)]
#[non_exhaustive]
pub enum FollowError {
    /// The realtime service rejects the listener.
    Listen(ListenError),
    /// The API rejects the token, or it lacks the scope `conversations-read`.
    Read(Error),
}

impl fmt::Display for FollowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(error) => error.fmt(f),
            Self::Read(error) => write!(f, "conversations cannot be read: {error}"),
        }
    }
}

impl std::error::Error for FollowError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(error) => error.source(),
            Self::Read(error) => error.source(),
        }
    }
}
