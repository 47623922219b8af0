//! The records as the JSON of the service.

mod base;
mod channel;
mod conversation;
mod user;

pub(super) use self::{base::View, conversation::ConversationFields, user::UserFields};
