use serde_json::json;

use crate::sandbox::{
    rules::call::Call,
    rules::parameters::digits,
    rules::response::{Failure, Response},
    store::Store,
    view::View,
};

/// The conversation that the path names.
pub(super) fn find(store: &Store, call: &Call) -> Result<u64, Failure> {
    let id = digits(call.target()).filter(|id| *id > 0);
    let id = id.ok_or_else(|| Failure::validation("id", "must be an id from 1 to 2^64-1"))?;
    let known = store.conversations.contains_key(&id);
    known
        .then_some(id)
        .ok_or_else(|| Failure::lookup("conversation"))
}

/// The response to a change that added a system part.
pub(super) fn receipt(store: &Store, call: &Call, part: u64) -> Response {
    let view = View::new(store, call);
    let group = store.parts.get(&part).map(|part| view.id(part.group));
    Response::new(json!({"id": view.id(part), "part_group": group}))
}
