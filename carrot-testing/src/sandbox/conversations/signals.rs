//! What leaves no part: reading and typing.

use super::{author, check_body, find};
use crate::sandbox::{
    request::Call,
    response::{Failure, Response},
    state::{State, Typing},
};

/// `POST /conversations/{id}/markread`
pub(in crate::sandbox) fn mark_read(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let id = find(state, call)?;
    state.mark_read(id);
    Ok(Response::empty())
}

/// `POST /conversations/{id}/settyping`. Only the realtime service shows who types, so here a test sees
/// it and no request.
pub(in crate::sandbox) fn set_typing(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let id = find(state, call)?;
    let body = match call.parameters.text("body") {
        None if !call.is_v1() => return Err(Failure::validation("body", "is required")),
        body => body.map(check_body).transpose()?,
    };
    let conversation = state.conversations.get(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let author = author::typist(state, call, conversation)?;
    state.typing.push(Typing {
        conversation: id,
        author,
        body: body.map(str::to_owned),
        at: state.now(),
    });
    Ok(Response::empty())
}
