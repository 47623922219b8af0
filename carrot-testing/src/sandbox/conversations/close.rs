use super::{author, find, random_id, receipt};
use crate::sandbox::{
    request::Call,
    response::{Failure, Response},
    state::{Draft, State},
};

/// `POST /conversations/{id}/close`
pub(in crate::sandbox) fn close(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let id = find(state, call)?;
    let random_id = random_id(call, "random_id")?;
    let by = author::admin(state, call)?;
    let is_closed = |state: &State| state.conversations.get(&id).is_some_and(|one| one.closed);
    if is_closed(state) {
        return Ok(Response::empty());
    }
    let part = state.append(id, Draft::new("closed", by).random_id(random_id));
    if let Some(conversation) = state.conversations.get_mut(&id) {
        conversation.closed = true;
        conversation.group = None;
    }
    state.note_facts(id);
    Ok(receipt(state, call, part))
}
