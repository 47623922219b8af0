use super::{
    author,
    common::{find, receipt},
};
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::text::random_id,
    store::Store,
};

/// `POST /conversations/{id}/assign`
pub(in crate::sandbox) fn assign(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let id = find(store, call)?;
    let assignee = author::operator(store, call, "admin")?;
    let random_id = random_id(call, "random_id")?;
    if !call.is_v1() {
        call.parameters.required_text("from_admin")?;
    }
    let by = author::admin(store, call)?;
    Ok(match store.assign(id, assignee, by, random_id) {
        Some(part) => receipt(store, call, part),
        None => Response::empty(),
    })
}
