use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    AppId, UserId,
    serde_util::{digits::parse_digits, from_json::FromJson, lenient, macros::OtherValue},
};

/// Declares the channels, each with its name and the ids that follow the name after dots.
macro_rules! channels {
    ($( $(#[$attribute:meta])* $variant:ident $(( $($id:ident: $kind:ty),+ ))? = $name:literal, $pattern:literal; )+) => {
        /// A stream of messages of the realtime service.
        ///
        /// Made from and written as its name, such as `conversation.100`. A name that this version of
        /// the crate does not know is kept; it is made with `From<&str>`.
        /// Source: <https://developers.carrotquest.io/rts/channels>
        ///
        /// ```
        /// use carrot_types::{AppId, UserId, realtime::RealtimeChannel};
        ///
        /// let channel = RealtimeChannel::ConversationOfUser(AppId::new(100), UserId::new(7));
        /// assert_eq!(channel.to_string(), "conversation.100.7");
        /// assert_eq!(RealtimeChannel::from("conversation.100.7"), channel);
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RealtimeChannel {
            $( $(#[$attribute])* $variant $(( $($kind),+ ))?, )+
            /// A channel that this version of the crate does not know.
            Other(OtherValue),
        }

        impl RealtimeChannel {
            /// Returns the name with the ids left open, such as `conversation.{app_id}`; `other` for a channel
            /// that this version of the crate does not know. Fit for logs and metrics.
            #[must_use]
            pub fn pattern(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $pattern, )+
                    Self::Other(_) => "other",
                }
            }

            /// The ids in the name.
            pub(super) fn ids(&self) -> Vec<u64> {
                match self {
                    $( Self::$variant $(( $($id),+ ))? => vec![$( $($id.get()),+ )?], )+
                    Self::Other(_) => Vec::new(),
                }
            }

            fn name(&self) -> &str {
                match self {
                    $( Self::$variant { .. } => $name, )+
                    Self::Other(other) => other.as_str(),
                }
            }

            fn known(name: &str, ids: &[u64]) -> Option<Self> {
                Some(match (name, ids) {
                    $( ($name, &[$( $($id),+ )?]) => Self::$variant $(( $(<$kind>::new($id)),+ ))?, )+
                    _ => return None,
                })
            }
        }
    };
}

channels! {
    /// A sign of life every ten seconds.
    Ping = "ping", "ping";
    /// Users came, fell idle or went.
    UserPresenceChanged(app: AppId) = "user_presence_changed", "user_presence_changed.{app_id}";
    /// Conversations started, by a user or by the site. One that the site started shows in the admin
    /// panel only after the user has replied.
    Conversation(app: AppId) = "conversation", "conversation.{app_id}";
    /// Conversations of a user started, as that user sees them: without the user, the assignee, the
    /// tags, and whether they are closed.
    ConversationOfUser(app: AppId, user: UserId) = "conversation", "conversation.{app_id}.{user_id}";
    /// Conversations started, by a user only. (The vendor's sample shows one that the site started.)
    ConversationStartedByUser(app: AppId) = "conversation_started_user", "conversation_started_user.{app_id}";
    /// Parts were added to conversations.
    ConversationReply(app: AppId) = "conversation_reply", "conversation_reply.{app_id}";
    /// Parts were added to conversations of a user, without the assignee. Parts that users do not
    /// see, such as notes, are likely left out; that is not documented.
    ConversationReplyOfUser(app: AppId, user: UserId) = "conversation_reply", "conversation_reply.{app_id}.{user_id}";
    /// Somebody types; show it for ten seconds.
    ConversationTyping(app: AppId) = "conversation_typing", "conversation_typing.{app_id}";
    /// Somebody types in a conversation of a user, without the text typed so far.
    ConversationTypingOfUser(app: AppId, user: UserId) = "conversation_typing", "conversation_typing.{app_id}.{user_id}";
    /// Users read conversations.
    ConversationRead(app: AppId) = "conversation_read", "conversation_read.{app_id}";
    /// A user read a conversation.
    ConversationReadOfUser(app: AppId, user: UserId) = "conversation_read", "conversation_read.{app_id}.{user_id}";
    /// Conversations were assigned to operators, or to nobody any more.
    ConversationAssigned(app: AppId) = "conversation_assigned", "conversation_assigned.{app_id}";
    /// Conversations were closed.
    ConversationClosed(app: AppId) = "conversation_closed", "conversation_closed.{app_id}";
    /// Tags were added to conversations.
    ConversationTagAdded(app: AppId) = "conversation_tag_added", "conversation_tag_added.{app_id}";
    /// Tags were removed from conversations.
    ConversationTagDeleted(app: AppId) = "conversation_tag_deleted", "conversation_tag_deleted.{app_id}";
    /// Properties of a user changed.
    UserPropsChanged(app: AppId, user: UserId) = "user_props_changed", "user_props_changed.{app_id}.{user_id}";
    /// Parts were added to conversations, several in one message. Assumed: only the channel of one user was
    /// seen.
    ConversationPartsBatch(app: AppId) = "conversation_parts_batch", "conversation_parts_batch.{app_id}";
    /// Parts were added to a conversation of a user, several in one message. The vendor's chat listens to
    /// this channel instead of `conversation_reply`. Observed.
    ConversationPartsBatchOfUser(app: AppId, user: UserId) = "conversation_parts_batch", "conversation_parts_batch.{app_id}.{user_id}";
    /// A message started a conversation with a user. Observed.
    MessageConversationStarted(app: AppId, user: UserId) = "message_conversation_started", "message_conversation_started.{app_id}.{user_id}";
    /// A part of a conversation of a user was edited or deleted. Observed.
    ConversationReplyChanged(app: AppId, user: UserId) = "conversation_reply_changed", "conversation_reply_changed.{app_id}.{user_id}";
    /// The chat of a user must show or hide something. Observed.
    ConversationNotify(app: AppId, user: UserId) = "conversation_notify", "conversation_notify.{app_id}.{user_id}";
    /// A bot finished a conversation with a user. Observed.
    ChatBotConversationFinished(app: AppId, user: UserId) = "chat_bot_conversation_finished", "chat_bot_conversation_finished.{app_id}.{user_id}";
    /// The operators of the site went online or offline. Observed.
    AppOnlineChanged(app: AppId) = "app_online_changed", "app_online_changed.{app_id}";
    /// A user became another one. Observed.
    UserMergeFinished(app: AppId, user: UserId) = "user_merge_finished", "user_merge_finished.{app_id}.{user_id}";
    /// Users were deleted. Observed.
    UsersRemoved(app: AppId) = "users_removed", "users_removed.{app_id}";
    /// A user was deleted. Observed.
    UsersRemovedOfUser(app: AppId, user: UserId) = "users_removed", "users_removed.{app_id}.{user_id}";
    /// A user was banned, or is no longer. Observed.
    UserBan(app: AppId, user: UserId) = "user_ban", "user_ban.{app_id}.{user_id}";
    /// The page of a user must run a script. Observed.
    RunScript(app: AppId, user: UserId) = "run_script", "run_script.{app_id}.{user_id}";
    /// Events of a user happened.
    Event(app: AppId, user: UserId) = "event", "event.{app_id}.{user_id}";
}

impl From<&str> for RealtimeChannel {
    fn from(text: &str) -> Self {
        let mut parts = text.split('.');
        let name = parts.next().unwrap_or_default();
        let known = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => Self::known(name, &[]),
            (Some(app), None, _) => id(app).and_then(|app| Self::known(name, &[app])),
            (Some(app), Some(user), None) => {
                let ids = id(app).zip(id(user));
                ids.and_then(|(app, user)| Self::known(name, &[app, user]))
            }
            _ => None,
        };
        known.unwrap_or_else(|| Self::Other(OtherValue::new(text)))
    }
}

/// An id with zeros before it would be written without them.
fn id(text: &str) -> Option<u64> {
    let is_padded = text.len() > 1 && text.starts_with('0');
    parse_digits(text).filter(|_| !is_padded)
}

impl fmt::Display for RealtimeChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.ids().iter().try_for_each(|id| write!(f, ".{id}"))
    }
}

impl Serialize for RealtimeChannel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromJson for RealtimeChannel {
    fn from_required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for RealtimeChannel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(lenient::FromText::new())
    }
}
