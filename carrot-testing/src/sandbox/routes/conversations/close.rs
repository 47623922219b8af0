use super::{
    author,
    common::{find, receipt},
};
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::text::random_id,
    store::{Draft, Store},
};

/// `POST /conversations/{id}/close`
pub(in crate::sandbox) fn close(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let id = find(store, call)?;
    let random_id = random_id(call, "random_id")?;
    let by = author::admin(store, call)?;
    let is_closed = |store: &Store| store.conversations.get(&id).is_some_and(|one| one.closed);
    if is_closed(store) {
        return Ok(Response::empty());
    }
    let part = store.append(id, Draft::new("closed", by).random_id(random_id));
    if let Some(conversation) = store.conversations.get_mut(&id) {
        conversation.closed = true;
        conversation.group = None;
    }
    store.note_facts(id);
    Ok(receipt(store, call, part))
}
