//! `Debug` of a payload, which ends up in logs.

use std::fmt;

use serde_json::Value;

use super::RealtimePayload;

impl fmt::Debug for RealtimePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, content): (_, &dyn fmt::Debug) = match self {
            Self::UserPropsChanged => return f.write_str("UserPropsChanged"),
            Self::Other(json) => ("Other", &Shape(json)),
            Self::Ping(content) => ("Ping", content),
            Self::UserPresenceChanged(content) => ("UserPresenceChanged", content),
            Self::Conversation(content) => ("Conversation", content),
            Self::ConversationStartedByUser(content) => ("ConversationStartedByUser", content),
            Self::ConversationReply(content) => ("ConversationReply", content),
            Self::ConversationTyping(content) => ("ConversationTyping", content),
            Self::ConversationRead(content) => ("ConversationRead", content),
            Self::ConversationAssigned(content) => ("ConversationAssigned", content),
            Self::ConversationClosed(content) => ("ConversationClosed", content),
            Self::ConversationTagAdded(content) => ("ConversationTagAdded", content),
            Self::ConversationTagDeleted(content) => ("ConversationTagDeleted", content),
            Self::ConversationPartsBatch(content) => ("ConversationPartsBatch", content),
            Self::MessageConversationStarted(content) => ("MessageConversationStarted", content),
            Self::ConversationReplyChanged(content) => ("ConversationReplyChanged", content),
            Self::ConversationNotify(content) => ("ConversationNotify", content),
            Self::ChatBotConversationFinished(content) => ("ChatBotConversationFinished", content),
            Self::AppOnlineChanged(content) => ("AppOnlineChanged", content),
            Self::UserMergeFinished(content) => ("UserMergeFinished", content),
            Self::UsersRemoved(content) => ("UsersRemoved", content),
            Self::UserBan(content) => ("UserBan", content),
            Self::RunScript(content) => ("RunScript", content),
            Self::Event(content) => ("Event", content),
        };
        f.debug_tuple(name).field(content).finish()
    }
}

/// JSON without its values: nobody knows which of them are secrets, such as the token of a user.
struct Shape<'a>(&'a Value);

impl fmt::Debug for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(_) => f.write_str("(boolean)"),
            Value::Number(_) => f.write_str("(number)"),
            Value::String(_) => f.write_str("(text)"),
            Value::Array(items) => f.debug_list().entries(items.iter().map(Shape)).finish(),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name, Shape(value)));
                f.debug_map().entries(members).finish()
            }
        }
    }
}
