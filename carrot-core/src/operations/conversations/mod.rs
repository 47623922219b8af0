//! Operations on conversations: parts, replies, tags and assignment.

#[macro_use]
mod action;

mod add_tag;
mod assign;
mod close;
mod get;
mod mark_read;
mod parts;
mod remove_tag;
mod reply;
mod sender;
mod set_typing;
mod unassign;

use http::Method;

pub use self::{
    add_tag::AddTag,
    assign::Assign,
    close::Close,
    get::Get,
    mark_read::MarkRead,
    parts::Parts,
    remove_tag::RemoveTag,
    reply::{Reply, ReplyKind},
    sender::{Operator, Sender},
    set_typing::SetTyping,
    unassign::Unassign,
};
use crate::{
    endpoint::{Path, RequestParts},
    types::{ConversationId, InvalidValue},
};

/// Creates a request below `/conversations/{id}`.
fn request_parts(
    method: Method,
    conversation: ConversationId,
    verb: Option<&'static str>,
) -> Result<RequestParts, InvalidValue> {
    let mut path = Path::new()
        .then("conversations")
        .id("conversation", conversation)?;
    if let Some(verb) = verb {
        path = path.then(verb);
    }
    Ok(RequestParts::new(method, path))
}
