//! `/conversations/{id}` and below.

mod assign;
mod attachments;
mod author;
mod close;
mod get;
mod reply;
mod signals;
mod store;
mod tag;

pub(super) use self::{
    assign::assign,
    attachments::read_file,
    author::lacks_scope,
    close::close,
    get::{get, parts},
    reply::reply,
    signals::{mark_read, set_typing},
    tag::{add as add_tag, delete as delete_tag},
};
use super::{
    parameters::digits,
    request::Call,
    response::{Failure, Reason, Response},
    state::State,
    view::View,
};
use serde_json::json;

/// The vendor does not document the limit behind `ReplyTooBig`; this is the sandbox's.
pub(super) const MAX_BODY_CHARS: usize = 65_536;

/// The conversation that the path names.
fn find(state: &State, call: &Call) -> Result<u64, Failure> {
    let id = digits(call.target()).filter(|id| *id > 0);
    let id = id.ok_or_else(|| Failure::validation("id", "must be an id from 1 to 2^64-1"))?;
    let known = state.conversations.contains_key(&id);
    known
        .then_some(id)
        .ok_or_else(|| Failure::lookup("conversation"))
}

/// A correlation number: 32 bits, with or without a sign; 0 when absent.
pub(super) fn random_id(call: &Call, name: &str) -> Result<i64, Failure> {
    let limits = i64::from(i32::MIN)..=i64::from(u32::MAX);
    Ok(call.parameters.integer(name, limits)?.unwrap_or(0))
}

pub(super) fn check_body(body: &str) -> Result<&str, Failure> {
    if body.chars().count() > MAX_BODY_CHARS {
        let message = format!("`body` must have at most {MAX_BODY_CHARS} characters");
        return Err(Failure::new(Reason::ReplyTooBig, message));
    }
    Ok(body)
}

/// The answer to a change that made a system part.
fn receipt(state: &State, call: &Call, part: u64) -> Response {
    let view = View::new(state, call);
    let group = state.parts.get(&part).map(|part| view.id(part.group));
    Response::new(json!({"id": view.id(part), "part_group": group}))
}
